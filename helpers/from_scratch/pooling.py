"""Pooling from scratch in NumPy: the largest, the mean or the smallest value of every window.

Notebooks 02 and 02b call it. Pooling has no weights and treats every channel on its own, so the number
of channels stays. Keras has no min pooling; it is max pooling of the negative: min(x) = -max(-x).
"""

from typing import Any

import numpy as np

from helpers.arguments import check_padding, numbers, pair
from helpers.from_scratch.convolution import Pair, output_shape, pad

KINDS = ("max", "average", "min")


def pool2d(
    images: Any,
    pool_size: Pair = 2,
    *,
    strides: Pair | None = None,
    padding: str = "valid",
    kind: str = "max",
) -> np.ndarray:
    """What MaxPooling2D and AveragePooling2D compute, and min pooling, in float64.

    `images` is (images, height, width, channels); the result is (images, rows, columns, channels).
    `pool_size` and `strides` are whole numbers or pairs (down, right); without `strides` the windows stand
    side by side. With padding "same" what lies outside the image never counts: it is not a zero to take the
    maximum with, and the mean is over the pixels inside. A NaN spreads to every window that holds it.
    Raises ValueError for a wrong shape, size, stride, word or kind, TypeError for what is not a number.
    """
    images = numbers(images, "images", "images, height, width, channels")
    size = pair(pool_size, "pool_size")
    down, right = strides = size if strides is None else pair(strides, "strides")
    if kind not in KINDS:
        raise ValueError(f'unknown kind {kind!r}: choose "max", "average" or "min".')
    check_padding(padding, pixels=False)
    output_shape(images.shape[1:3], size, strides=strides, padding=padding)  # or it does not fit

    def windows(array: np.ndarray, fill: float) -> np.ndarray:
        padded = pad(array, size, strides=strides, padding=padding, fill=fill)
        return np.lib.stride_tricks.sliding_window_view(padded, size, axis=(1, 2))[:, ::down, ::right]

    if kind == "average":
        inside = np.ones((1, *images.shape[1:3], 1))
        return windows(images, 0.0).sum(axis=(-2, -1)) / windows(inside, 0.0).sum(axis=(-2, -1))
    sign = 1.0 if kind == "max" else -1.0
    return sign * windows(sign * images, -np.inf).max(axis=(-2, -1))
