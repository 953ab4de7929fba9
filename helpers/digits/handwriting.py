"""Turn a drawing or a photograph of one digit into a 28×28 image made the way MNIST's were made.

The notebook 03_mnist and the drawing pad call it. MNIST's recipe is that of LeCun, Bottou, Bengio and
Haffner (1998, section III.A): light ink on black, the digit fitted into a box of 20×20 pixels without
changing its proportions, and its center of mass moved to the center of 28×28.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from helpers.digits.ink import is_dark_on_light, isolate_ink, resized
from helpers.digits.pictures import load_photo as load_photo  # a part of this module for its callers
from helpers.digits.pictures import to_gray
from helpers.digits.ruled_paper import MANY, remove_lines
from helpers.errors import DigitError
from helpers.paths import ASSETS

SIDE, BOX = 28, 20  # pixels: MNIST's image and the box its digits fit into
PEN = 0.14  # pen width as a share of the drawing's longer side: as thick and bright as MNIST's
THINNEST = 1.7  # strokes thinner than this many of the 20 pixels (a ball-pen) are thickened

Strokes = Sequence[Sequence[Sequence[float]]]


def prepare(image: Any, *, dark_on_light: bool | None = None) -> np.ndarray:
    """One digit as MNIST would show it: uint8, shape (28, 28), light ink on black.

    `image` is an array (height, width), (height, width, 3) or (height, width, 4) with values 0 to 255
    (or floats 0 to 1), a Pillow image, the path of a picture, its bytes, or an open file. `dark_on_light` says
    whether the ink is darker than the paper; None finds out. Printed lines on the paper are taken out.
    Raises `DigitError`.
    """
    return steps(image, dark_on_light=dark_on_light)["centred"]


def steps(image: Any, *, dark_on_light: bool | None = None) -> dict[str, np.ndarray]:
    """The same with every stage: "grey", "ink", "cropped", "scaled", "centred", all uint8."""
    gray = to_gray(image)
    if dark_on_light is None:
        dark_on_light = is_dark_on_light(gray)
    ink = _handwriting(gray, dark_on_light=dark_on_light)
    cropped = thicken(crop(ink))
    scaled = scale_to_box(cropped)
    stages = {
        "grey": gray,
        "ink": 255 * ink,
        "cropped": 255 * cropped,
        "scaled": scaled,
        "centred": center(scaled),
    }
    return {name: np.round(stage).astype(np.uint8) for name, stage in stages.items()}


def _handwriting(gray: np.ndarray, *, dark_on_light: bool) -> np.ndarray:
    """Ink from 0 to 1, without the lines that were printed on the paper."""
    cleaned, lines = remove_lines(gray, dark_on_light=dark_on_light)
    try:
        return isolate_ink(cleaned, dark_on_light=dark_on_light)
    except DigitError:
        if not lines:
            raise
        if lines < MANY:  # they were all there is, so they are the digit: a 1 from edge to edge
            return isolate_ink(gray, dark_on_light=dark_on_light)
        raise DigitError(
            f"the picture shows ruled or squared paper ({lines} lines), and no ink was found between them. Write "
            "with a thicker or darker pen, or on plain paper."
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


def center(scaled: np.ndarray) -> np.ndarray:
    """Place the digit on 28×28 so that its center of mass lies on pixel (14, 14), to the nearest pixel."""
    height, width = scaled.shape
    row, column = ndimage.center_of_mass(scaled)
    top = int(np.clip(round(SIDE / 2 - row), 0, SIDE - height))
    left = int(np.clip(round(SIDE / 2 - column), 0, SIDE - width))
    image = np.zeros((SIDE, SIDE))
    image[top : top + height, left : left + width] = scaled
    return image


def _points(stroke: Sequence[Sequence[float]]) -> np.ndarray:
    try:
        points = np.asarray(stroke, dtype=float)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise DigitError("a stroke must be a list of (x, y) pairs, in pixels.")
    return points
