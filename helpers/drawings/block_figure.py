"""A plain block, a residual one, and a residual one that changes the shape, side by side.

Notebook 06 calls `show`; `draw` returns the figure and its alternative text.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from helpers.arguments import whole_number, worded
from helpers.drawings.shapes import (
    FAINT,
    GRAY,
    INK,
    Point,
    arrow,
    canvas,
    line,
    rounded,
    tint,
    write,
)
from helpers.notebook import plots

HEIGHT = 6.9  # of the figure, in inches
BOX, TALL = 1.24, 0.42  # a layer's box
HEIGHTS = (4.75, 4.2, 3.65, 3.1, 2.55)  # of the five layers of a branch
START, SUM, LAST, END = 5.85, 1.78, 1.12, 0.36  # heights of the input, the sum, the last ReLU, and the output
COLOR = {"conv": plots.BLUE, "BatchNorm": plots.PURPLE, "ReLU": plots.RED}  # as in `network_figures`


def show(side: int = 16, filters: int = 16) -> None:
    """Show the blocks for an input of side × side × filters; the third halves the side and doubles the filters."""
    figure, alt = draw(side, filters)
    plots.show(figure, alt=alt)


def draw(side: int = 16, filters: int = 16) -> tuple[Figure, str]:
    """The figure of `show` and its alternative text. Raises ValueError for a side that is odd or below 2."""
    side, filters = whole_number(side, "side", least=2), whole_number(filters, "filters", least=1)
    if side % 2:
        raise ValueError(f"side must be even, so that the third block can halve it, not {side}.")
    same, smaller = (side, side, filters), (side // 2, side // 2, 2 * filters)
    figure, axis = canvas(HEIGHT)
    for x, middle, title, shape, shortcut in (  # `middle` is that of the block and its shortcut
        (0.95, 0.95, "plain block", same, None),
        (3.05, 3.35, "residual block", same, "x itself"),
        (5.93, 6.53, "residual block\nthat changes the shape", smaller, "projection"),
    ):
        write(axis, middle, HEIGHT - 0.4, title, size=13, fontweight="bold")
        _block(axis, x, same, shape, shortcut)
    alt = (
        "Three blocks from top to bottom. Each runs x through convolution 3×3, BatchNorm, ReLU, convolution 3×3 and "
        "BatchNorm, together called F. The plain block ends with a ReLU of F(x). In the residual block an arrow leads "
        "from x around all five layers to a plus sign, and the ReLU follows the sum x + F(x); "
        f"all shapes are {worded(same)}. In the third block the first convolution has stride 2, so F gives "
        f"{worded(smaller)}, and the arrow passes a convolution 1×1 with stride 2 and a BatchNorm, which give x that "
        "shape too."
    )
    return figure, alt


def _block(axis: Axes, x: float, before: Sequence[int], after: Sequence[int], shortcut: str | None) -> None:
    projection = shortcut == "projection"
    rounded(
        axis, x - 0.82, HEIGHTS[-1] - 0.31, 1.64, HEIGHTS[0] - HEIGHTS[-1] + 0.9, GRAY,
        facecolor="#F3F3F3", edgecolor="#BBBBBB", linewidth=1, zorder=1,
    )  # fmt: skip
    write(axis, x - 0.66, HEIGHTS[0] + 0.4, "F", size=15, fontweight="bold", color=FAINT, zorder=5)
    _shape(axis, x, START, "x", before)
    stride = ", stride 2" if projection else ""
    names = (f"conv 3×3{stride}", "BatchNorm", "ReLU", "conv 3×3", "BatchNorm")
    above = START - 0.2
    for name, height in zip(names, HEIGHTS, strict=True):
        _layer(axis, (x, height), name, above)
        above = height - TALL / 2
    if shortcut is None:
        _layer(axis, (x, LAST), "ReLU", above)
        write(axis, x + 0.12, (HEIGHTS[-1] + LAST) / 2 - 0.05, "F(x)", size=12, ha="left")
    else:
        arrow(axis, [(x, above), (x, SUM + 0.2)], color=GRAY)
        write(axis, x - 0.12, SUM + 0.36, "F(x)", size=12, ha="right")
        _plus(axis, (x, SUM))
        _layer(axis, (x, LAST), "ReLU", SUM - 0.2)
        total = "P(x) + F(x)" if projection else "x + F(x)"
        write(axis, x - 0.14, (SUM + LAST) / 2 + 0.02, total, size=12, ha="right")
        side = x + (1.63 if projection else 1.1)
        way = [(x, START - 0.36), (side, START - 0.36), (side, SUM), (x + 0.2, SUM)]
        if projection:
            middle = (HEIGHTS[1] + HEIGHTS[2]) / 2
            line(axis, [*way[:2], (side, middle)], color=plots.RED, width=2.6)
            arrow(axis, [(side, middle), *way[2:]], color=plots.RED, width=2.6)
            for name, height in (("conv 1×1, stride 2", middle + 0.28), ("BatchNorm", middle - 0.28)):
                _box(axis, (side, height), name)
        else:
            arrow(axis, way, color=plots.RED, width=2.6)
        label = f"shortcut:\n{shortcut}"
        at = (side, HEIGHTS[0] + 0.12) if projection else (side + 0.12, (HEIGHTS[1] + HEIGHTS[2]) / 2)
        write(axis, *at, label, size=12, color="#A84300", ha="left" if not projection else "center",
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5}, zorder=6)  # fmt: skip
    _shape(axis, x, END, "out", after)
    arrow(axis, [(x, LAST - TALL / 2), (x, END + 0.26)], color=GRAY)


def _shape(axis: Axes, x: float, y: float, name: str, shape: Sequence[int]) -> None:
    text = f"{name}: {worded(shape)}" if name == "x" else worded(shape)
    write(axis, x, y, text, size=12, fontweight="bold")


def _layer(axis: Axes, center: Point, name: str, above: float) -> None:
    arrow(axis, [(center[0], above), (center[0], center[1] + TALL / 2)], color=GRAY)
    _box(axis, center, name)


def _box(axis: Axes, center: Point, name: str) -> None:
    color = next(color for word, color in COLOR.items() if name.startswith(word))
    wide = 1.58 if "stride" in name else BOX
    rounded(axis, center[0] - wide / 2, center[1] - TALL / 2, wide, TALL, color, zorder=5)
    write(axis, *center, name, size=11, zorder=6)


def _plus(axis: Axes, center: Point) -> None:
    axis.add_patch(
        Circle(center, 0.2, facecolor=tint(plots.RED, 0.25), edgecolor=plots.RED, linewidth=2, zorder=5)
    )
    write(axis, center[0], center[1] - 0.01, "+", size=17, fontweight="bold", color=INK, zorder=6)
