"""Turn a drawing or a photograph of one digit into a 28×28 image made the way MNIST's were made.

The notebook 03_mnist and the drawing pad call it. MNIST's recipe is that of LeCun, Bottou, Bengio and
Haffner (1998, section III.A): light ink on black, the digit fitted into a box of 20×20 pixels without
changing its proportions, and its centre of mass moved to the centre of 28×28.
"""

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from scipy import ndimage

from helpers.digits.ink import is_dark_on_light, isolate_ink, resized
from helpers.errors import DigitError
from helpers.paths import ASSETS

SIDE, BOX = 28, 20  # pixels: MNIST's image and the box its digits fit into
PEN = 0.14  # pen width as a share of the drawing's longer side: as thick and bright as MNIST's
THINNEST = 1.7  # strokes thinner than this many of the 20 pixels (a ball-pen) are thickened
WORK = 512  # pixels: larger pictures are reduced to this longer side first, which also averages their grain

Strokes = Sequence[Sequence[Sequence[float]]]


def prepare(image: Any, *, dark_on_light: bool | None = None) -> np.ndarray:
    """One digit as MNIST would show it: uint8, shape (28, 28), light ink on black.

    `image` is an array (height, width), (height, width, 3) or (height, width, 4) with values 0 to 255
    (or floats 0 to 1), a Pillow image, or the path of a picture. `dark_on_light` says whether the ink is
    darker than the paper; None finds out. Raises `DigitError`.
    """
    return steps(image, dark_on_light=dark_on_light)["centred"]


def steps(image: Any, *, dark_on_light: bool | None = None) -> dict[str, np.ndarray]:
    """The same with every stage: "grey", "ink", "cropped", "scaled", "centred", all uint8."""
    grey = to_grey(image)
    if dark_on_light is None:
        dark_on_light = is_dark_on_light(grey)
    ink = isolate_ink(grey, dark_on_light=dark_on_light)
    cropped = thicken(crop(ink))
    scaled = scale_to_box(cropped)
    stages = {
        "grey": grey,
        "ink": 255 * ink,
        "cropped": 255 * cropped,
        "scaled": scaled,
        "centred": centre(scaled),
    }
    return {name: np.round(stage).astype(np.uint8) for name, stage in stages.items()}


def load_photo(path: str | PathLike) -> np.ndarray:
    """A picture file as uint8, shape (height, width) or (height, width, 3), turned as the camera was held."""
    path = Path(path)
    try:
        with Image.open(path) as picture:
            return _array_of(ImageOps.exif_transpose(picture))
    except FileNotFoundError:
        raise DigitError(
            f"there is no file {path}. Is the name right, with its ending (.jpg, .png)?"
        ) from None
    except IsADirectoryError:
        raise DigitError(f"{path} is a folder. Give the name of a picture in it.") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = "unknown format" if type(error).__name__ == "UnidentifiedImageError" else str(error)
        raise DigitError(
            f"{path.name} is not a picture that can be read ({reason}). Save it as JPEG or PNG."
        ) from None


def rasterize(strokes: Strokes, *, size: int = 280, width: float | None = None) -> np.ndarray:
    """Draw strokes with a round black pen on white: uint8, shape (size, size).

    `strokes` is a list of lists of (x, y) in pixels, y downwards. Without `width` (pixels) the pen is
    `PEN` times the drawing's longer side, so a small drawing is not a blot. Raises `DigitError`.
    """
    lines = [_points(stroke) for stroke in strokes if len(stroke)]
    if not lines:
        raise DigitError("the drawing is empty: draw a digit first.")
    if width is None:
        every = np.concatenate(lines)
        width = PEN * max(np.ptp(every, axis=0).max(), 0.2 * size)
    canvas = Image.new("L", (2 * size, 2 * size), 255)  # drawn twice as large, then halved: soft edges
    pen = ImageDraw.Draw(canvas)
    for line in lines:
        pen.line([tuple(point) for point in 2 * line], fill=0, width=max(round(2 * width), 1))
        for x, y in 2 * line:
            pen.ellipse((x - width, y - width, x + width, y + width), fill=0)
    return np.asarray(canvas.reduce(2))


def examples() -> dict[str, dict[int, list]]:
    """Strokes of all ten digits in three hands, {"upright": {0: strokes, ...}, ...}, on 280×280 pixels."""
    text = (ASSETS / "strokes.json").read_text(encoding="utf-8")
    return {
        hand: {int(digit): strokes for digit, strokes in each.items()}
        for hand, each in json.loads(text).items()
    }


def to_grey(image: Any) -> np.ndarray:
    """Any image `prepare` takes as grey uint8 of at most `WORK` pixels a side."""
    if isinstance(image, (str, PathLike)):
        image = load_photo(image)
    elif isinstance(image, Image.Image):
        image = _array_of(image)
    array = _check(np.asarray(image))
    if array.ndim == 3 and array.shape[2] == 4:
        array = _without_alpha(array)
    if array.ndim == 3:
        array = array @ np.array([0.299, 0.587, 0.114])  # brightness as the eye weighs it (ITU-R BT.601)
    picture = Image.fromarray(np.round(array).astype(np.uint8))
    picture.thumbnail((WORK, WORK), Image.Resampling.BOX)
    return np.asarray(picture)


def crop(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle that holds all ink above a tenth."""
    rows, columns = np.nonzero(ink > 0.1)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def thicken(ink: np.ndarray) -> np.ndarray:
    """Widen strokes that would fade when the longer side shrinks to 20 pixels; others stay as they are."""
    unit = max(ink.shape) / BOX
    strong = ink > 0.5
    depth = ndimage.distance_transform_edt(np.pad(strong, 1))[1:-1, 1:-1]
    width = 4 * depth[strong].mean() - 2  # a bar of even width w has mean depth (w + 2) / 4
    if width >= THINNEST * unit:
        return ink
    grow = (PEN * BOX * unit - width) / 2
    strong, ink = (np.pad(array, int(grow) + 1) for array in (strong, ink))
    return np.maximum(ink, np.clip(grow + 0.5 - ndimage.distance_transform_edt(~strong), 0, 1))


def scale_to_box(ink: np.ndarray) -> np.ndarray:
    """Shrink (or enlarge) so that the longer side is 20 pixels; proportions stay; values 0 to 255."""
    height, width = (max(round(BOX * side / max(ink.shape)), 1) for side in ink.shape)
    scaled = resized(ink, (height, width), Image.Resampling.BOX)
    return 255 * scaled / scaled.max()


def centre(scaled: np.ndarray) -> np.ndarray:
    """Place the digit on 28×28 so that its centre of mass lies on pixel (14, 14), to the nearest pixel."""
    height, width = scaled.shape
    row, column = ndimage.center_of_mass(scaled)
    top = int(np.clip(round(SIDE / 2 - row), 0, SIDE - height))
    left = int(np.clip(round(SIDE / 2 - column), 0, SIDE - width))
    image = np.zeros((SIDE, SIDE))
    image[top : top + height, left : left + width] = scaled
    return image


def _array_of(picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith("I"):  # 16 bits a pixel
        return (np.asarray(picture).astype(float) / 257).round().astype(np.uint8)
    clear = picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info
    return np.asarray(picture.convert("RGBA" if clear else "L" if picture.mode in ("1", "L") else "RGB"))


def _without_alpha(array: np.ndarray) -> np.ndarray:
    """Lay an RGBA image on white paper, or on black where what is drawn is light."""
    color, alpha = array[..., :3].astype(float), array[..., 3:] / 255
    drawn = np.sum(color * alpha) / max(3 * alpha.sum(), 1)
    return color * alpha + (255 if drawn < 128 else 0) * (1 - alpha)


def _check(array: np.ndarray) -> np.ndarray:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise DigitError(
            "one image is needed, of shape (height, width), (height, width, 3) or (height, width, 4), "
            f"not {array.shape}."
        )
    if array.dtype.kind not in "buif":
        raise DigitError(f"the image must hold numbers, not {array.dtype}.")
    kind, array = array.dtype.kind, array.astype(float)
    if not np.isfinite(array).all():
        raise DigitError("the image holds values that are not numbers (NaN or infinity).")
    if kind == "b" or (kind == "f" and array.max() <= 1):
        array = array * 255
    if array.min() < 0 or array.max() > 255:
        low, high = array.min(), array.max()
        raise DigitError(
            f"values must lie between 0 and 255 (or 0 and 1), and these go from {low:g} to {high:g}."
        )
    return array


def _points(stroke: Sequence[Sequence[float]]) -> np.ndarray:
    try:
        points = np.asarray(stroke, dtype=float)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise DigitError("a stroke must be a list of (x, y) pairs, in pixels.")
    return points
