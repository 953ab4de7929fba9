"""A few residual blocks, and all the ways through them, drawn side by side (notebook 06b).

The unraveled view is Veit, Wilber and Belongie's (2016).
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.arguments import whole_number
from helpers.notebook import plots

BOX = 0.6  # width of a branch; its neighbor begins 1 further on, or with shortcuts APART
APART = 1.5
COLORS = (plots.GREEN, plots.BLUE, plots.PURPLE, plots.RED, plots.ORANGE)
COUNTED = ("no", "one", "two", "three", "four")


def show(blocks: int = 3) -> None:
    """Show `blocks` residual blocks, 1 to 4, in a row, and beside them one line for each path, by length."""
    figure, alt = draw(blocks)
    plots.show(figure, alt=alt)


def draw(blocks: int = 3) -> tuple[Figure, str]:
    """The figure of `show` and its alternative text. Raises ValueError for fewer than one block or more than four."""
    blocks = whole_number(blocks, "blocks", least=1)
    if blocks > 4:
        raise ValueError(f"{blocks} blocks have {2**blocks} paths, too many to draw: choose 4 or fewer.")
    paths = sorted(np.ndindex(*[2] * blocks), key=lambda path: (sum(path), [-part for part in path]))
    figure, axes = plots.new_figure(columns=2, width=8.6, height=0.8 + 0.38 * len(paths))
    _blocks(axes[0], blocks, middle=(len(paths) - 1) / 2)
    for row, path in enumerate(paths):
        y = len(paths) - 1 - row
        _line(axes[1], y, path, COLORS[sum(path)], apart=1)
        axes[1].text(blocks + 0.35, y, f"{sum(path)}", ha="left", va="center", fontsize=10)
    axes[1].text(blocks + 0.4, len(paths) - 0.2, "length", ha="center", va="center", fontsize=10)
    axes[1].set_title("... and the ways through")
    for axis, right in zip(axes, (APART * blocks + 0.2, blocks + 0.8), strict=True):
        axis.set(xlim=(-0.7, right), ylim=(-0.7, len(paths) + 0.3))
        axis.axis("off")
    return figure, _alt(blocks, [sum(path) for path in paths])


def _alt(blocks: int, lengths: list[int]) -> str:
    through = ", ".join(f"{lengths.count(k)} through {COUNTED[k]}" for k in range(1, blocks + 1))
    return (
        f"Left: {COUNTED[blocks]} boxes in a row, the branches of residual blocks; over each runs a shortcut that "
        f"meets the branch at a plus. Right: the {len(lengths)} ways from left to right, a line for each: one around "
        f"all boxes, {through}."
    )


def _blocks(axis: Axes, blocks: int, middle: float) -> None:
    axis.set_title("residual blocks ..." if blocks > 1 else "a residual block ...")
    _line(axis, middle, [1] * blocks, COLORS[1], apart=APART)
    for number in range(blocks):
        left, right, top = APART * number - 0.25, APART * number + 0.9, middle + 1.1
        axis.plot([left, left, right, right], [middle, top, top, middle], color="black", linewidth=1.5)
        axis.plot(right, middle, "o", color="black", markersize=13)
        axis.text(
            right, middle - 0.02, "+", color="white", ha="center", va="center", fontsize=13, weight="bold"
        )


def _line(axis: Axes, y: float, through: list[int], color: str, *, apart: float) -> None:
    end = apart * (len(through) - 1) + 1.1
    axis.plot([-0.6, end], [y, y], color=color, linewidth=1.5, zorder=1)
    for number in np.flatnonzero(through):
        style = {"boxstyle": "round,pad=0,rounding_size=0.1", "facecolor": color, "edgecolor": color}
        axis.add_patch(FancyBboxPatch((number * apart, y - 0.28), BOX, 0.56, zorder=2, **style))
        name = f"F{'₁₂₃₄'[number]}"
        x = number * apart + BOX / 2
        axis.text(x, y, name, color="white", ha="center", va="center", fontsize=10)
