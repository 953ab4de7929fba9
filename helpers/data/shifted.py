"""Moved and turned copies of images, to measure how well a trained network copes with them.

Notebook 01 calls it. Nothing here is random: for training with random changes, Keras has layers.
"""

from numbers import Integral, Real

import numpy as np
from PIL import Image


def shift_images(images: np.ndarray, *, rows: int = 0, columns: int = 0) -> np.ndarray:
    """Copies of `images` moved down by `rows` and right by `columns` pixels (negative: up, left).

    `images` has shape (images, height, width) or (images, height, width, channels), any dtype; the
    result has the same shape and dtype. What leaves the frame is lost, and zeros come in behind.
    Raises ValueError for another shape, and for a shift that is not whole or leaves nothing in the frame.
    """
    images = _checked(images)
    for name, shift, side in (("rows", rows, images.shape[1]), ("columns", columns, images.shape[2])):
        if not isinstance(shift, Integral) or isinstance(shift, bool):
            raise ValueError(f"{name} must be a whole number of pixels, not {shift!r}.")
        if abs(shift) >= side:
            raise ValueError(f"{name}={shift} moves an image of {side} pixels out of its frame.")
    moved = np.zeros_like(images)
    target_rows, source_rows = _overlap(rows, images.shape[1])
    target_columns, source_columns = _overlap(columns, images.shape[2])
    moved[:, target_rows, target_columns] = images[:, source_rows, source_columns]
    return moved


def rotate_images(images: np.ndarray, *, degrees: float) -> np.ndarray:
    """Copies of `images` turned counter-clockwise about their center by `degrees`.

    `images` is uint8 of shape (images, height, width) or (images, height, width, 3); the result has the
    same shape. Values in between pixels are interpolated linearly, and corners that come in are black.
    Raises ValueError for another shape or dtype and for an angle that is not a finite number.
    """
    images = _checked(images)
    if images.dtype != np.uint8 or (images.ndim == 4 and images.shape[-1] != 3):
        found = f"{images.dtype} of shape {images.shape}"
        raise ValueError(f"rotate_images needs uint8 images, gray or with 3 channels, not {found}.")
    if not isinstance(degrees, Real) or isinstance(degrees, bool) or not np.isfinite(degrees):
        raise ValueError(f"degrees must be a finite number, not {degrees!r}.")
    turned = np.empty_like(images)
    for index, image in enumerate(images):
        turned[index] = Image.fromarray(image).rotate(float(degrees), resample=Image.Resampling.BILINEAR)
    return turned


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim not in (3, 4):
        hint = " For one image write image[np.newaxis]." if images.ndim == 2 else ""
        raise ValueError(
            f"images must have shape (images, height, width) or (images, height, width, channels), "
            f"not {images.shape}.{hint}"
        )
    return images


def _overlap(shift: int, side: int) -> tuple[slice, slice]:
    """Where the pixels land and where they come from, along one axis."""
    if shift >= 0:
        return slice(shift, side), slice(0, side - shift)
    return slice(0, side + shift), slice(-shift, side)
