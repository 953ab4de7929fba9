"""The images that the live figures take: small ones, checked before anything is drawn."""

from typing import Any

import numpy as np

from helpers.arguments import numbers, worded

LARGEST = 64  # pixels a side: more would not be seen in a live figure, and would make a notebook heavy


def small_image(image: Any, name: str = "image") -> np.ndarray:
    """`image` as float64 from 0 to 1, of shape (height, width) or (height, width, 3).

    Takes uint8, or floats from 0 to 1, at most 64 pixels a side; (height, width, 1) becomes (height, width). Raises
    TypeError or ValueError, whose message says what to change.
    """
    given = np.asarray(image)
    axes = "height, width, channels" if given.ndim == 3 else "height, width"
    values = numbers(image, name, axes)
    if given.ndim == 3 and given.shape[2] not in (1, 3):
        raise ValueError(f"{name} is {worded(given.shape)}, and its last axis must hold 1 or 3 channels.")
    if max(given.shape[:2]) > LARGEST:
        raise ValueError(
            f"{name} is {worded(given.shape)}, and a live figure takes at most {LARGEST} pixels a side: cut out a "
            "part, image[100:128, 100:128], or take every fourth pixel, image[::4, ::4]."
        )
    if given.dtype == np.uint8:
        values = values / 255
    elif given.dtype.kind not in "fb":
        raise TypeError(f"{name} holds {given.dtype}: give uint8 from 0 to 255, or floats from 0 to 1.")
    if np.isnan(values).any():
        raise ValueError(f"{name} has values that are not numbers (NaN): np.nan_to_num makes them 0.")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"{name} goes from {values.min():.3g} to {values.max():.3g}, and floats must be from 0 to 1: divide by "
            "its largest value, or give uint8."
        )
    return values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values


def gray_image(image: Any, name: str = "image") -> np.ndarray:
    """`small_image` as (height, width): the mean of its channels."""
    values = small_image(image, name)
    return values.mean(axis=-1) if values.ndim == 3 else values
