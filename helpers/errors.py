"""What can go wrong, by kind. Every message says what was found and what to do next."""


class DataError(ValueError):
    """A data file is missing, broken or not what it should be."""


class DigitError(ValueError):
    """There is no digit to read in an image."""


class ClaimError(AssertionError):
    """A claim of the text does not hold for what was measured (raised only with CNN_STRICT=1)."""
