"""Emoji-10: color scenes in CIFAR-10's shape and classes, drawn on the fly from openly licensed emoji art.

`specs` calls `part`, and notebook 09 too; assets/emoji10/credits.csv says who made the pictures.

The same seed gives the same pixels everywhere: the random generator only draws integers, and everything
after it is integer arithmetic in fixed point. A name ending in 16 counts in units of 2**-16 of the scene's
side, so that a scene does not depend on the number of pixels it is drawn with.
"""

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from helpers.arguments import whole_number
from helpers.paths import ASSETS

ARTS = ("train", "new")
SIZES = (16, 224)
ART_FOLDER = ASSETS / "emoji10"

ONE = 1 << 16  # the side of a scene
BATCH = 128  # scenes drawn at once: small enough for the processor's cache

# What makes the task hard. Ranges are (least, most).
SPRITE_SIDE = (0.55, 1.0)  # of the scene's side
STRETCH = (0.85, 1.18)  # of the sprite's height
TILT = 25  # degrees, either way
OFFSET = 0.15  # of the scene's side, either way from the middle
SPRITE_GAIN = (0.9, 1.1)  # for red, green and blue apart
CONTRAST = (0.75, 1.1)
BRIGHTNESS = 25  # gray levels, either way
GRADIENT = 60  # gray levels by which the corners' colors differ from the scene's, either way
BLOTCHES = (0, 40)  # gray levels of the coarse noise
GRAIN = (0, 12)  # gray levels of the fine noise
CLUTTER = 1  # shapes behind the sprite
OCCLUDER_SIDE = (0.05, 0.15)  # of the scene's side, the shape before the sprite

# The seeds of the scenes that the course uses by name, and the art in them. `train`, `test` and `new_art` are what
# `datasets.load("emoji10")` has, the folders what `datasets.image_folder("emoji10")` writes. Stored results depend on
# the seeds.
PARTS = {
    "train": (1, "train"),
    "test": (2, "train"),
    "new_art": (3, "new"),
    "folder_train": (11, "train"),
    "folder_test": (12, "train"),
}

SINES = np.array([round(math.sin(math.radians(degree)) * 16384) for degree in range(451)], np.int64)


@dataclass(frozen=True)
class Art:
    """Emoji pictures: sprites (n, 64, 64, 4) uint8 RGBA, labels (n,) int64, and where each is from (n,)."""

    sprites: np.ndarray
    labels: np.ndarray
    styles: np.ndarray
    names: np.ndarray


@functools.cache
def load_art(art: str) -> Art:
    """The pictures behind the scenes: "train", or "new" for the style that is never trained on."""
    if art not in ARTS:
        raise ValueError(f"unknown art {art!r}: choose one of {', '.join(ARTS)}.")
    with np.load(ART_FOLDER / f"{art}_art.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in ("sprites", "labels", "styles", "names")}
    for array in arrays.values():
        array.flags.writeable = False
    return Art(**arrays)


def scenes(
    count: int, *, seed: int, art: str = "train", size: int = 32, objects: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` scenes: (images (count, size, size, 3) uint8, labels (count,) int64).

    The classes come in equal numbers (one more of some if `count` is not a multiple of ten), shuffled. Within a
    class every picture is equally likely, so a class of few pictures shows each of them often. The same
    seed shows the same scenes at any `size`, 16 to 224; sprites have 64 pixels a side and blur above that.
    With `objects=False` the same scenes come without their objects; everywhere else each pixel is the same.
    Raises ValueError or TypeError for a count below 1, a negative seed, an unknown art, or another size.
    """
    count, seed = whole_number(count, "count", least=1), whole_number(seed, "seed", least=0)
    size = whole_number(size, "size", least=SIZES[0])
    if size > SIZES[1]:
        raise ValueError(f"size must be at most {SIZES[1]}, not {size}.")
    pictures = load_art(art).labels
    starts, counts = np.searchsorted(pictures, range(10)), np.bincount(pictures, minlength=10)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count, dtype=np.int64) % 10)
    images = np.empty((count, size, size, 3), np.uint8)
    for start in range(0, count, BATCH):
        batch = labels[start : start + BATCH]
        chosen = starts[batch] + (rng.integers(0, ONE, len(batch)) * counts[batch] >> 16)
        canvas = _backgrounds(rng, len(batch), size)
        for _ in range(CLUTTER):
            _shape(rng, canvas, (0.08, 0.35), away=0.5)
        where = _placements(rng, len(batch))
        gain = _between(rng, SPRITE_GAIN, (len(batch), 1, 1, 3), unit=256)
        if objects:
            sprite = _sprites(art, chosen, size, where)
            canvas *= 255 - sprite[..., 3:]
            canvas //= 255
            canvas += np.minimum(sprite[..., :3] * gain >> 8, sprite[..., 3:])
        _shape(rng, canvas, OCCLUDER_SIDE, away=0.3)
        images[start : start + BATCH] = _exposed(rng, canvas)
    return images, labels


def part(name: str, count: int, *, size: int = 32, objects: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """`count` scenes of a part that the course uses by name (see PARTS): images and labels, as from `scenes`.

    `part("test", len(data.x_test), objects=False)` has the scenes of `datasets.load("emoji10").x_test` without their
    objects: the same number of scenes is needed for them to be the same ones. Raises ValueError for another name.
    """
    if name not in PARTS:
        raise ValueError(f"unknown part {name!r}: choose one of {', '.join(PARTS)}.")
    seed, art = PARTS[name]
    return scenes(count, seed=seed, art=art, size=size, objects=objects)


def object_masks(scenes: np.ndarray, without: np.ndarray, *, least: int = 8) -> np.ndarray:
    """True where the object is seen: where a scene differs from itself without its object.

    `without` are the same scenes drawn with `objects=False`, by `part` or `scenes`.
    A pixel counts if one of its channels differs by `least` gray levels or more, which leaves out the faintest
    part of soft edges. A part of the object that has the background's color does not count: it cannot be seen.
    Takes two arrays (scenes, height, width, 3) of uint8, gives (scenes, height, width) of bool. Raises ValueError
    where the two do not belong together.
    """
    if scenes.shape != without.shape or scenes.ndim != 4:
        raise ValueError(
            f"two arrays of the same scenes (scenes, height, width, 3) are needed, not {scenes.shape} "
            f"and {without.shape}."
        )
    difference = np.abs(scenes.astype(np.int16) - without.astype(np.int16))
    return (difference >= least).any(axis=-1)


def _between(
    rng: np.random.Generator, limits: tuple[float, float], shape: int | tuple[int, ...], *, unit: int = ONE
) -> np.ndarray:
    """Random int32 in [least, most], in multiples of 1/unit."""
    least, most = (round(limit * unit) for limit in limits)
    return rng.integers(least, most, shape, dtype=np.int32, endpoint=True)


def _centers(size: int) -> np.ndarray:
    """Where the pixels' centers lie, in units of 2**-16 of the side: (size,) int32."""
    return (np.arange(size, dtype=np.int32) * 2 + 1) * ONE // (2 * size)


def _smooth(grid: np.ndarray, size: int) -> np.ndarray:
    """A coarse grid (n, g, g, 3) int32 enlarged to (n, size, size, 3) by bilinear interpolation."""
    at = _centers(size) * (grid.shape[1] - 1) >> 8  # in units of 1/256 of a grid cell
    low, part = at >> 8, (at & 255).astype(np.int32)
    down = part[:, None, None]
    rows = grid[:, low] * (256 - down) + grid[:, low + 1] * down >> 8
    across = part[:, None]
    return rows[:, :, low] * (256 - across) + rows[:, :, low + 1] * across >> 8


def _backgrounds(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """A gradient between four corner colors, coarse noise and gray grain: (count, size, size, 3) int32."""
    base = rng.integers(0, 256, (count, 1, 1, 3), dtype=np.int32)
    grid = _smooth(base + _between(rng, (-GRADIENT, GRADIENT), (count, 2, 2, 3), unit=1), 6)
    strength = _between(rng, BLOTCHES, (count, 1, 1, 1), unit=1)
    grid += rng.integers(-256, 257, (count, 6, 6, 1), dtype=np.int32) * strength >> 8
    grid += rng.integers(-256, 257, (count, 6, 6, 3), dtype=np.int32) * strength >> 9
    grain = rng.integers(-128, 128, (count, 32, 32, 1), dtype=np.int32)
    grain = grain * _between(rng, GRAIN, (count, 1, 1, 1), unit=1) >> 7
    nearest = _centers(size) * 32 >> 16
    return _smooth(np.clip(grid, 0, 255), size) + grain[:, nearest[:, None], nearest]


def _shape(rng: np.random.Generator, canvas: np.ndarray, side: tuple[float, float], *, away: float) -> None:
    """Paint one filled ellipse or rectangle of a random color into every scene, in place."""
    count, size = canvas.shape[:2]
    middle = ONE // 2 + _between(rng, (-away, away), (2, count, 1))
    radii = _between(rng, side, (2, count, 1)) // 2
    colors = rng.integers(0, 256, (count, 3), dtype=np.int32)
    round_one = rng.integers(0, 2, (count, 1, 1), dtype=np.int32) == 1
    across, down = ((_centers(size) - middle[axis]) * 256 // radii[axis] for axis in range(2))
    inside = np.where(
        round_one,
        (across**2)[:, None, :] + (down**2)[:, :, None] <= 256**2,
        (abs(across) <= 226)[:, None, :] & (abs(down) <= 226)[:, :, None],
    )
    scene = np.nonzero(inside)[0]
    canvas[inside] = colors[scene]


class _Placements(NamedTuple):
    """Where and how the sprites are placed in their scenes, (n,) each; lengths in 2**-16 of the scene's side."""

    x: np.ndarray  # the middle, from the left
    y: np.ndarray  # the middle, from the top
    width: np.ndarray
    height: np.ndarray
    tilt: np.ndarray  # in degrees
    mirror: np.ndarray  # -1 if mirrored, else 1


def _placements(rng: np.random.Generator, count: int) -> _Placements:
    """Random placements of `count` sprites."""
    x, y = ONE // 2 + _between(rng, (-OFFSET, OFFSET), (2, count))
    width = _between(rng, SPRITE_SIDE, count)
    height = width * _between(rng, STRETCH, count, unit=256) >> 8
    tilt = rng.integers(-TILT, TILT + 1, count)
    return _Placements(x, y, width, height, tilt, mirror=rng.integers(0, 2, count) * 2 - 1)


def _sprites(art: str, chosen: np.ndarray, size: int, where: _Placements) -> np.ndarray:
    """The chosen sprites, turned and scaled into empty scenes: (n, size, size, 4) int32, premultiplied by alpha.

    Each is read from the smallest copy of its picture that loses no detail.
    """
    pyramid = _pyramid(art)
    pixels = where.width * size >> 16  # how wide the sprite comes out
    level = (10 * pyramid.sides[1:] >= 9 * pixels[:, None]).sum(axis=1)
    side = pyramid.sides[level]
    starts = pyramid.starts[level] + chosen * (side + 2) ** 2
    across, down = _on_the_sprite(where, side, size)
    return _interpolated(pyramid.texels, starts, side + 2, across, down)


def _on_the_sprite(where: _Placements, side: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of a scene lies on its sprite of `side` texels: across and down, (n, size, size) int32 each.

    In units of 1/256 of a texel; 0 is the middle of the first texel of the empty border. What lies off the sprite
    is moved onto the border.
    """
    dx, dy = _centers(size) - where.x[:, None], _centers(size) - where.y[:, None]
    sine, cosine = SINES[where.tilt % 360], SINES[where.tilt % 360 + 90]
    texels_across = (side << 16) // where.width * where.mirror  # in a scene's side
    texels_down = (side << 16) // where.height

    def along(texels: np.ndarray, distance: np.ndarray) -> np.ndarray:
        return (texels[:, None] * distance >> 22).astype(np.int32)

    across = along(texels_across * cosine, dx)[:, None, :] + along(texels_across * sine, dy)[:, :, None]
    down = along(-texels_down * sine, dx)[:, None, :] + along(texels_down * cosine, dy)[:, :, None]
    # Both count from the sprite's middle so far; texels have their centers half a texel in, the border is one wide.
    middle = (side << 7)[:, None, None].astype(np.int32) + 128
    last = ((side + 1) << 8)[:, None, None].astype(np.int32) - 1
    return np.clip(across + middle, 0, last), np.clip(down + middle, 0, last)


def _interpolated(
    texels: np.ndarray, starts: np.ndarray, row: np.ndarray, across: np.ndarray, down: np.ndarray
) -> np.ndarray:
    """Bilinear interpolation between four texels for every pixel: (n, size, size, 4) int32.

    `starts` is where each sprite begins in `texels`, `row` how many texels it has in a row; both (n,).
    """
    row = row[:, None, None].astype(np.int32)
    at = starts[:, None, None].astype(np.int32) + (down >> 8) * row + (across >> 8)
    right, low = (across & 255).astype(np.uint64), (down & 255).astype(np.uint64)
    upper = _mixed(texels[at], texels[at + 1], right)
    lower = _mixed(texels[at + row], texels[at + row + 1], right)
    return _mixed(upper, lower, low).view(np.uint16).reshape(*at.shape, 4).astype(np.int32)


def _mixed(one: np.ndarray, other: np.ndarray, part: np.ndarray) -> np.ndarray:
    """`part`/256 of the other texel and the rest of the one: all four channels at once, each in 16 of the 64 bits."""
    blend = one * (np.uint64(256) - part) + other * part
    return blend >> np.uint64(8) & np.uint64(0x00FF00FF00FF00FF)


class _Pyramid(NamedTuple):
    """Copies of every sprite at several sizes, each with an empty border of one texel.

    `texels` (n,) uint64 holds them all, one level after the other; a texel is red, green, blue (each times alpha)
    and alpha, in 16 bits each. `starts` and `sides`: where each level begins and how many texels a side it has.
    """

    texels: np.ndarray
    starts: np.ndarray
    sides: np.ndarray


@functools.cache
def _pyramid(art: str) -> _Pyramid:
    """The sprites of `art` at 64, 32, 16 and 8 texels a side."""
    rgba = load_art(art).sprites.astype(np.uint16)
    alpha = rgba[..., 3:]
    level = np.concatenate([(rgba[..., :3] * alpha + 127) // 255, alpha], axis=-1)
    texels, starts, sides = [], [], (64, 32, 16, 8)
    for side in sides:
        starts.append(sum(map(len, texels)))
        bordered = np.pad(level, ((0, 0), (1, 1), (1, 1), (0, 0)))
        texels.append(np.ascontiguousarray(bordered).view(np.uint64).ravel())
        blocks = level.reshape(len(level), side // 2, 2, side // 2, 2, 4)
        level = ((blocks.sum(axis=(2, 4), dtype=np.uint32) + 2) // 4).astype(np.uint16)
    return _Pyramid(np.concatenate(texels), np.array(starts, np.int64), np.array(sides, np.int64))


def _exposed(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Random contrast and brightness for each scene; uint8."""
    contrast = _between(rng, CONTRAST, (len(canvas), 1, 1, 1), unit=256)
    shift = _between(rng, (-BRIGHTNESS, BRIGHTNESS), (len(canvas), 1, 1, 1), unit=1)
    return np.clip(((canvas - 128) * contrast >> 8) + 128 + shift, 0, 255).astype(np.uint8)
