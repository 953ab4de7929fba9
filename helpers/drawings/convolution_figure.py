"""A convolution in steps, drawn: the image with its patch, the kernel, the products, the output that fills up.

`helpers.notebook.diagrams.draw_convolution` checks what it is given and calls `draw`. Lengths are in inches.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.drawings.shapes import (
    FAINT,
    GRAY,
    INK,
    WIDTH,
    Point,
    arrow,
    canvas,
    text_width,
    tint,
    write,
    written,
)
from helpers.from_scratch import convolution
from helpers.notebook import plots

CELLS = 8  # a side with more cells is drawn as a picture, without numbers
CELL, LEAST = 0.42, 0.3  # the largest cell, and the smallest that has room for a number
PICTURE = 1.5  # the side of an image or an output without numbers
SIGNS = {"×": 0.32, "=": 0.32, "sum": 1.0, "gap": 0.15}  # how wide they are
Window = tuple[int, int, int, int]  # row, column, height, width


def draw(
    image: np.ndarray,
    kernel: np.ndarray,
    output: np.ndarray,
    places: Sequence[tuple[int, int]],
    strides: tuple[int, int],
    padding: str | int,
) -> Figure:
    """A row for each of `places` (row, column) in the output (rows, columns) of a gray image and a kernel."""
    padded = convolution.pad(image[None, ..., None], kernel.shape, strides=strides, padding=padding)[
        0, ..., 0
    ]
    inner = _inner(image, kernel, strides, padding)
    cells = {"image": padded.shape, "×": None, "kernel": kernel.shape, "=": None, "products": kernel.shape}
    cells |= {"sum": None, "output": output.shape}
    pictures = {name for name, shape in cells.items() if shape and max(shape) > CELLS}
    for name in ("image", "output"):
        if _cell(cells, pictures) < LEAST:
            pictures.add(name)
    if "image" in pictures:  # then the patch stands beside it, with numbers
        cells = {"image": padded.shape, "gap": None, "patch": kernel.shape} | cells
    cell = _cell(cells, pictures)
    sides = {
        name: PICTURE / max(shape) if name in pictures else cell for name, shape in cells.items() if shape
    }
    widths = {name: _width(name, shape, sides, pictures) for name, shape in cells.items()}
    each = max(1.2, *(cells[name][0] * side for name, side in sides.items())) + 0.38
    figure, axis = canvas(each * len(places) + 0.42, sum(widths.values()) + 0.3)
    for number, place in enumerate(places):
        middle, x = each * (len(places) - number - 0.5) + 0.05, 0.15
        step = _Step(axis, padded, inner, kernel, output, place, strides, cell, pictures)
        for name, width in widths.items():
            step.draw(name, (x + width / 2, middle))
            if number == 0 and name in ("image", "patch", "kernel", "products", "output"):
                write(axis, x + width / 2, figure.get_figheight() - 0.22, name, fontweight="bold")
            x += width
    return figure


def _inner(
    image: np.ndarray, kernel: np.ndarray, strides: tuple[int, int], padding: str | int
) -> tuple[slice, slice]:
    """Where the image lies in its ring of zeros."""
    sides = zip(image.shape, kernel.shape, strides, strict=True)
    starts = [convolution.padding_amounts(n, k, stride=s, padding=padding)[0] for n, k, s in sides]
    rows, columns = (slice(start, start + n) for start, n in zip(starts, image.shape, strict=True))
    return rows, columns


def _cell(cells: dict[str, tuple[int, ...] | None], pictures: set[str]) -> float:
    """The side of a cell with which all tables fit into the figure."""
    columns = sum(shape[1] for name, shape in cells.items() if shape and name not in pictures)
    taken = 0.3 + len(pictures) * PICTURE + sum(SIGNS[name] for name, shape in cells.items() if shape is None)
    return min(CELL, (WIDTH - taken) / columns)


def _width(name: str, shape: tuple[int, ...] | None, sides: dict[str, float], pictures: set[str]) -> float:
    """A column's width; a small table's heading needs room too."""
    if shape is None:
        return SIGNS[name]
    return PICTURE if name in pictures else max(shape[1] * sides[name], text_width(name, bold=True) + 0.05)


class _Step:
    """One place of the kernel, and the tables that show what happens there."""

    def __init__(
        self,
        axis: Axes,
        padded: np.ndarray,
        inner: tuple[slice, slice],
        kernel: np.ndarray,
        output: np.ndarray,
        place: tuple[int, int],
        strides: tuple[int, int],
        cell: float,
        pictures: set[str],
    ) -> None:
        self.pictures = pictures
        self.axis, self.padded, self.kernel, self.output, self.cell = axis, padded, kernel, output, cell
        self.place, self.inner = place, inner
        row, column = (one * stride for one, stride in zip(place, strides, strict=True))
        self.window = (row, column, *kernel.shape)
        self.patch = padded[row : row + kernel.shape[0], column : column + kernel.shape[1]]

    def draw(self, name: str, center: Point) -> None:
        """Draw one column of the row: a table, or the sign between two."""
        x, y = center
        if name in ("×", "="):
            write(self.axis, x, y, name, size=16)
        elif name == "sum":
            write(self.axis, x, y + 0.2, f"sum: {written(self.output[self.place])}")
            arrow(self.axis, [(x - 0.4, y), (x + 0.4, y)])
        elif name != "gap":
            getattr(self, f"_{name}")(center)

    def _image(self, center: Point) -> None:
        limits = (self.padded[self.inner].min(), self.padded[self.inner].max())
        if "image" in self.pictures:
            _picture(self.axis, self.padded, center, limits, self.window)
            return
        real = np.zeros(self.padded.shape, bool)
        real[self.inner] = True
        _table(self.axis, self.padded, center, self.cell, real=real, shades=limits, window=self.window)

    def _patch(self, center: Point) -> None:
        limits = (self.padded[self.inner].min(), self.padded[self.inner].max())
        _table(self.axis, self.patch, center, self.cell, shades=limits)

    def _kernel(self, center: Point) -> None:
        _table(self.axis, self.kernel, center, self.cell, face=tint(plots.ORANGE, 0.18))

    def _products(self, center: Point) -> None:
        _table(self.axis, self.patch * self.kernel, center, self.cell)

    def _output(self, center: Point) -> None:
        known = np.full(self.output.size, np.nan)
        reached = self.place[0] * self.output.shape[1] + self.place[1] + 1
        known[:reached] = self.output.ravel()[:reached]
        known, window = known.reshape(self.output.shape), (*self.place, 1, 1)
        if "output" in self.pictures:
            _picture(self.axis, known, center, (self.output.min(), self.output.max()), window)
        else:
            _table(self.axis, known, center, self.cell, window=window)


def _picture(
    axis: Axes, values: np.ndarray, center: Point, limits: tuple[float, float], window: Window
) -> None:
    """Values as shades of gray, without numbers; what is not known yet is white."""
    side = PICTURE / max(values.shape)
    left, top = _corner(values, center, side)
    extent = (left, left + side * values.shape[1], top - side * values.shape[0], top)
    low, high = limits
    axis.imshow(
        values, cmap="gray", vmin=low, vmax=high, extent=extent, aspect="auto", interpolation="nearest"
    )
    outline = {"facecolor": "none", "edgecolor": GRAY, "linewidth": 0.9}
    axis.add_patch(Rectangle((left, extent[2]), extent[1] - left, top - extent[2], **outline))
    _frame(axis, (left, top), side, window)


def _table(
    axis: Axes,
    values: np.ndarray,
    center: Point,
    cell: float,
    *,
    real: np.ndarray | None = None,
    shades: tuple[float, float] | None = None,
    face: object = "white",
    window: Window | None = None,
) -> None:
    """Values written in cells: gray between `shades`, or all in the color `face`; those not `real` are padding."""
    left, top = _corner(values, center, cell)
    texts, size = _texts(values, cell)
    for (row, column), value in np.ndenumerate(values):
        color, ink, outline = face, INK, "-"
        if real is not None and not real[row, column]:
            ink, outline = FAINT, ":"
        elif shades:
            color, ink = _shade(value, *shades)
        x, y = left + column * cell, top - (row + 1) * cell
        look = {"edgecolor": GRAY, "linewidth": 0.9, "linestyle": outline, "zorder": 2}
        axis.add_patch(Rectangle((x, y), cell, cell, facecolor=color, **look))
        write(axis, x + cell / 2, y + cell / 2, texts[row][column], size=size, color=ink, zorder=3)
    if window:
        _frame(axis, (left, top), cell, window)


def _corner(values: np.ndarray, center: Point, side: float) -> Point:
    """The upper left corner of a table around `center`."""
    return center[0] - side * values.shape[1] / 2, center[1] + side * values.shape[0] / 2


def _frame(axis: Axes, corner: Point, side: float, window: Window) -> None:
    row, column, tall, wide = window
    low = (corner[0] + column * side, corner[1] - (row + tall) * side)
    look = {"facecolor": "none", "edgecolor": plots.RED, "linewidth": 3.2, "zorder": 5}
    axis.add_patch(Rectangle(low, wide * side, tall * side, **look))


def _shade(value: float, low: float, high: float) -> tuple[object, str]:
    """A gray from dark (not black, for the number on it) to white, and the color of the number."""
    light = 0.3 + 0.7 * (value - low) / (high - low) if high > low else 1.0
    return (light,) * 3, INK if light > 0.58 else "white"


def _texts(values: np.ndarray, cell: float) -> tuple[list[list[str]], float]:
    """The numbers as texts, with two decimals at most, fewer where two don't fit into a cell, and their size.

    Whole numbers stand only for large ones.
    """
    fewest = 0 if np.nanmax(np.abs(values)) >= 100 else 1
    for decimals in range(2, fewest - 1, -1):
        texts = [["" if np.isnan(value) else written(value, decimals) for value in row] for row in values]
        widest = max(text_width(text, 10.5) for row in texts for text in row)
        size = min(10.5, 10.5 * 0.84 * cell / widest) if widest else 10.5
        if size >= 8.5:
            break
    return texts, size
