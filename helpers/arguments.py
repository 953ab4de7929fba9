"""Checks of what a function is given: whole numbers, pairs, arrays. Their messages say what to do.

All rooms call them.
"""

from typing import Any

import numpy as np

PADDINGS = ("valid", "same")


def as_numbers(value: Any, name: str = "the array") -> np.ndarray:
    """`value` as a NumPy array; float16, bfloat16 and float8 become float32, in which NumPy can calculate well.

    Raises ValueError for lists whose rows differ in length.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must have rows of equal length.") from None
    half = array.dtype.name in ("float16", "bfloat16") or array.dtype.name.startswith("float8")
    return array.astype(np.float32) if half else array


def numbers(value: Any, name: str, axes: str) -> np.ndarray:
    """`value` as a float64 array with the axes named, for example "height, width"; refuses all else."""
    array = as_numbers(value, name)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold real numbers, not {_kind(array)}.")
    if array.ndim != axes.count(",") + 1:
        found = f"{array.ndim} ({worded(array.shape)})" if array.ndim else "none (a single number)"
        raise ValueError(
            f"{name} must have the axes ({axes}), so {axes.count(',') + 1} of them, not {found}."
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {worded(array.shape)}.")
    return array.astype(np.float64)


def whole_number(value: Any, name: str, *, least: int) -> int:
    """`value` as an int, if it is a whole number of at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number of at least {least}, not {value!r}.")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}.")
    return int(value)


def pair(value: Any, name: str) -> tuple[int, int]:
    """A whole number, or two of them (down, right), as a pair; each at least 1."""
    both = (value, value) if not isinstance(value, (tuple, list)) else value
    if len(both) != 2:
        raise ValueError(f"{name} must be a whole number or a pair (down, right), not {value!r}.")
    return whole_number(both[0], name, least=1), whole_number(both[1], name, least=1)


def check_padding(padding: Any, *, pixels: bool = True) -> None:
    """Refuse a padding that is neither a known word nor, where `pixels` are allowed, a whole number of at least 0."""
    if isinstance(padding, str) and padding in PADDINGS:
        return
    if isinstance(padding, str) or not pixels:
        choices = '"valid", "same" or a number of pixels' if pixels else '"valid" or "same"'
        raise ValueError(f"unknown padding {padding!r}: choose {choices}.")
    whole_number(padding, "padding", least=0)


def worded(shape: tuple[int, ...]) -> str:
    """(3, 2) as "3×2"; () as "a single value"."""
    return "×".join(map(str, shape)) or "a single value"


def _kind(array: np.ndarray) -> str:
    return {"U": "text", "S": "text", "c": "complex numbers", "O": "objects"}.get(
        array.dtype.kind, str(array.dtype)
    )
