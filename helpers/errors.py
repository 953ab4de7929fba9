"""What can go wrong, by kind. Every message says what was found and what to do next.

All rooms and the tools raise these. Standard library only.
"""

from collections.abc import Sequence


class DataError(ValueError):
    """A data file is missing, broken or not what it should be."""


class DigitError(ValueError):
    """There is no digit to read in an image."""


class ClaimError(AssertionError):
    """A claim of the text does not hold for what was measured (raised only with CNN_STRICT=1)."""


def few(words: Sequence[str], most: int) -> str:
    """The first words of a list, for a message: "a, b, c and 4 more"."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
