"""Ready filters for a color image, and the flag of notebook 02: what the live figure of color begins with.

color.js has the same ones; a test compares them.
"""

from typing import Any

import numpy as np

_ONES, _NONE = np.ones((3, 3)), np.zeros((3, 3))
_SOBEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
_MIDDLE = np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]])
_KERNELS = {  # for red, green and blue, and the bias
    "red minus blue": (_ONES, _NONE, -_ONES, 1.0),
    "vertical edges": (_SOBEL, _SOBEL, _SOBEL, 0.0),
    "average": (_ONES / 27, _ONES / 27, _ONES / 27, 0.0),
    "green in the middle": (_NONE, _MIDDLE, _NONE, 0.0),
}
FILTERS = tuple(_KERNELS)


def make_filter(name: Any) -> tuple[np.ndarray, float]:
    """The weights (height, width, channels) = (3, 3, 3) and the bias of one of `FILTERS`.

    Raises ValueError for another name.
    """
    if name not in FILTERS:
        raise ValueError(f"unknown filter {name!r}: choose one of {', '.join(FILTERS)}.")
    *kernels, bias = _KERNELS[name]
    return np.stack(kernels, axis=-1), bias


def flag() -> np.ndarray:
    """The flag of notebook 02, (4, 9, 3) from 0 to 1: red on the left, blue on the right, white between them."""
    image = np.zeros((4, 9, 3))
    image[:, :6, 0] = image[:, 3:6, 1] = image[:, 3:, 2] = 1
    return image
