"""From a map of numbers to a picture: scale it to 0 to 1, bring it to the image's size, lay it over the image.

Notebook 09 calls it; `explain` makes the maps. NumPy only, apart from the colors.
"""

from typing import Any

import matplotlib
import numpy as np

from helpers.arguments import as_numbers, pair, whole_number, worded


def as_heat_map(maps: Any, size: Any = None) -> np.ndarray:
    """Maps resized to (height, width) bilinearly and divided by their largest value; float32, 0 to 1.

    One map (rows, columns) or a batch of them, each scaled by itself, so that heat says where, not how much.
    Values below 0 count as 0, and a map without a value above 0 stays 0. `size` None keeps the size; places
    are taken to be the centers of equal cells. Raises ValueError for another shape, or values that are not
    finite numbers.
    """
    maps = _maps(maps)
    if size is not None:
        for axis, side in zip((-2, -1), pair(size, "size"), strict=True):
            maps = _resize(maps, side, axis)
    maps = np.maximum(maps, 0)
    largest = maps.max(axis=(-2, -1), keepdims=True)
    return np.divide(maps, largest, out=np.zeros_like(maps), where=largest > 0).astype("float32")


def per_pixel(drops: Any, size: Any, patch: int = 8, stride: int = 4) -> np.ndarray:
    """What `occlusion` gives for each place of its patch, (rows, columns), as (height, width) for `size`.

    A pixel has the mean of all patches that hid it, and 0 if none did; float32, in the unit of `drops`. `patch`
    and `stride` are those of `occlusion`. Raises ValueError where these do not belong together.
    """
    drops, (height, width) = _maps(drops), pair(size, "size")
    patch, stride = whole_number(patch, "patch", least=1), whole_number(stride, "stride", least=1)
    fitting = tuple((side - patch) // stride + 1 for side in (height, width))
    if drops.shape != fitting:
        raise ValueError(
            f"the map is {worded(drops.shape)}, and patches of {patch} pixels at steps of {stride} have "
            f"{worded(fitting)} places on an image of {height}×{width}: give occlusion's own patch and stride."
        )
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for (row, column), drop in np.ndenumerate(drops):
        hidden = (
            slice(row * stride, row * stride + patch), slice(column * stride, column * stride + patch)
        )  # fmt: skip
        total[hidden] += drop
        count[hidden] += 1
    return (total / np.maximum(count, 1)).astype("float32")


def overlay(image: Any, heat_map: Any, *, strength: float = 0.5, colors: str = "inferno") -> np.ndarray:
    """The picture under its heat map: (1 - strength) * image + strength * color, uint8 (height, width, 3).

    `image` is (height, width), (height, width, 1) or (height, width, 3) with values 0 to 255; `heat_map` is
    (height, width) with values 0 to 1, as `as_heat_map` gives it. `colors` is a color map of Matplotlib;
    "inferno", from black to light yellow, also reads well for the color-blind and in gray. Raises ValueError
    for other shapes or ranges.
    """
    picture, heat = as_numbers(image), _maps(heat_map)
    if picture.ndim == 2 or (picture.ndim == 3 and picture.shape[-1] == 1):
        picture = np.stack([picture.reshape(picture.shape[:2])] * 3, axis=-1)
    if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype.kind not in "uif" or picture.size == 0:
        found = f"{worded(np.shape(image))} of {picture.dtype}"
        raise ValueError(f"one image (height, width, 3) or a gray one is needed, not {found}.")
    rescaled = picture.dtype.kind == "f" and picture.any() and picture.max() <= 1
    if rescaled or not (picture.min() >= 0 and picture.max() <= 255):
        raise ValueError(
            f"the image must have values 0 to 255, and these go from {picture.min():.3g} to {picture.max():.3g}."
        )
    if heat.shape != picture.shape[:2]:
        raise ValueError(
            f"the heat map is {worded(heat.shape)} and the image {worded(picture.shape[:2])}: "
            "as_heat_map(map, image.shape[:2]) brings it to size."
        )
    if heat.min() < 0 or heat.max() > 1:
        raise ValueError(
            f"the heat map goes from {heat.min():.3g} to {heat.max():.3g}, not 0 to 1: scale it by as_heat_map."
        )
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be from 0 (image only) to 1 (map only), not {strength!r}.")
    if colors not in matplotlib.colormaps:
        raise ValueError(f'Matplotlib has no color map {colors!r}: choose "inferno", "magma" or "viridis".')
    color = 255 * matplotlib.colormaps[colors](heat.astype(float))[..., :3]
    return np.round((1 - strength) * picture + strength * color).astype("uint8")


def _maps(maps: Any) -> np.ndarray:
    """One map or a batch of them, checked."""
    array = as_numbers(maps)
    if array.ndim not in (2, 3) or array.dtype.kind not in "buif" or array.size == 0:
        raise ValueError(
            f"a map (rows, columns) or a batch of them is needed, not {worded(array.shape)} of {array.dtype}."
        )
    if not np.isfinite(array).all():
        raise ValueError("the map holds values that are not numbers (NaN) or infinite.")
    return array.astype("float64")


def _resize(maps: np.ndarray, side: int, axis: int) -> np.ndarray:
    """Bilinear interpolation along one axis; beyond the outermost centers the value stays."""
    length = maps.shape[axis]
    place = np.clip((np.arange(side) + 0.5) * length / side - 0.5, 0, length - 1)
    before = np.floor(place).astype(int)
    after = np.minimum(before + 1, length - 1)
    share = (place - before).reshape(-1, *[1] * (-axis - 1))
    return np.take(maps, before, axis) * (1 - share) + np.take(maps, after, axis) * share
