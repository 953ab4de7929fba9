"""One training step that two devices share: two halves of a batch, two gradients, one average.

Notebook 10 calls `show`; `draw` returns the figure and its alternative text.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from helpers.arguments import whole_number
from helpers.drawings.shapes import FAINT, GRAY, INK, Point, arrow, canvas, line, rounded, tint, write
from helpers.notebook import plots

HEIGHT = 2.6  # of the figure, in inches
ROWS = (1.78, 0.62)  # heights of the two devices
MIDDLE = sum(ROWS) / 2
BATCH, HALF, NETWORK, GRADIENT, AVERAGE, NEW = 0.6, 1.85, 3.15, 4.45, 5.72, 7.5  # from left to right
TALL = 0.56


def show(batch: int = 64) -> None:
    """Show the step for a batch of so many images."""
    figure, alt = draw(batch)
    plots.show(figure, alt=alt)


def draw(batch: int = 64) -> tuple[Figure, str]:
    """The figure of `show` and its alternative text. Raises ValueError for a batch that can't be halved."""
    batch = whole_number(batch, "batch", least=2)
    if batch % 2:
        raise ValueError(f"batch must be even, so that two devices get the same, not {batch}.")
    figure, axis = canvas(HEIGHT)
    _box(axis, (BATCH, MIDDLE), f"batch:\n{batch} images", plots.ORANGE, wide=1.0)
    for number, row in enumerate(ROWS):
        write(axis, (HALF + GRADIENT) / 2, row + 0.46, f"device {number}", size=11, color=FAINT)
        arrow(
            axis,
            [(BATCH + 0.5, MIDDLE), (HALF - 0.75, MIDDLE), (HALF - 0.75, row), (HALF - 0.52, row)],
            color=GRAY,
        )
        _box(axis, (HALF, row), f"{batch // 2} images", plots.ORANGE, wide=1.0)
        arrow(axis, [(HALF + 0.5, row), (NETWORK - 0.52, row)], color=GRAY)
        _box(axis, (NETWORK, row), "weights w", plots.BLUE, wide=1.0)
        arrow(axis, [(NETWORK + 0.5, row), (GRADIENT - 0.52, row)], color=GRAY)
        _box(axis, (GRADIENT, row), f"gradient {number}", plots.PURPLE, wide=1.0)
        joint = (GRADIENT + AVERAGE) / 2 - 0.02
        arrow(axis, [(GRADIENT + 0.5, row), (joint, row), (joint, MIDDLE), (AVERAGE - 0.37, MIDDLE)], color=plots.RED,
              width=2.6)  # fmt: skip
        fork = AVERAGE + 0.46
        line(axis, [(AVERAGE + 0.36, MIDDLE), (fork, MIDDLE), (fork, row)], color=plots.RED, width=2.6)
        arrow(axis, [(fork, row), (NEW - 0.83, row)], color=plots.RED, width=2.6)
        _box(axis, (NEW, row), "weights\nw − rate × average", plots.BLUE, wide=1.62)
    axis.add_patch(
        Circle(
            (AVERAGE, MIDDLE),
            0.37,
            facecolor=tint(plots.RED, 0.25),
            edgecolor=plots.RED,
            linewidth=2,
            zorder=5,
        )
    )
    write(axis, AVERAGE, MIDDLE, "average", size=10.5, zorder=6)
    write(axis, AVERAGE, HEIGHT - 0.2, "here each waits for the other", size=11, color="#A84300")
    alt = (
        f"One step on two devices. A batch of {batch} images is split into halves of {batch // 2}. Each device "
        "computes a gradient from its half with the same weights w. The two gradients meet in an average, for which "
        "each device waits, and both then take the same step, so their new weights are the same again."
    )
    return figure, alt


def _box(axis: Axes, center: Point, text: str, color: str, *, wide: float) -> None:
    rounded(axis, center[0] - wide / 2, center[1] - TALL / 2, wide, TALL, color, zorder=5)
    write(axis, *center, text, size=10.5, zorder=6, color=INK, linespacing=1.1)
