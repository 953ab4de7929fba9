"""Shapes, lines and text in inches, from which the course's diagrams are drawn.

`helpers.notebook.diagrams` and the modules that draw for it call these. Letters are at least 10 points where there is
room, so that a figure of `WIDTH` can be read on a projector, and on a phone turned sideways.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from helpers.notebook import plots

WIDTH = 8.4  # of a figure, at most: 840 pixels
SIZE = 11  # points
INK, FAINT, GRAY = "#222222", "#555555", "#888888"
Point = tuple[float, float]


def canvas(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure of one axis without frame, on which one unit is an inch."""
    figure, axes = plots.new_figure(width=width, height=height)
    figure.set_layout_engine("none")
    axis = axes[0]
    axis.set_position((0, 0, 1, 1))
    axis.set(xlim=(0, width), ylim=(0, height))
    axis.axis("off")
    return figure, axis


def write(axis: Axes, x: float, y: float, text: str, *, size: float = SIZE, **options: Any) -> None:
    """Text whose middle is at x, y; a $ in a layer's name is a $."""
    options = {"ha": "center", "va": "center", "color": INK, "parse_math": False} | options
    axis.text(x, y, text, fontsize=size, **options)


def write_title(axis: Axes, text: str) -> None:
    """A bold line at the top left."""
    top = axis.get_ylim()[1]
    write(axis, 0.15, top - 0.22, text, size=12.5, fontweight="bold", ha="left")


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """How wide a line is, in inches; letters beyond Latin ones count as squares."""
    plain = "".join(letter if ord(letter) < 0x250 or letter in "−×÷≈→" else "M" for letter in text)
    plain = plain.replace("$", "S").strip()
    if not plain:
        return 0.0
    font = FontProperties(weight="bold" if bold else "normal")
    return float(TextPath((0, 0), plain, size=size, prop=font).get_extents().x1) / 72


def tint(color: str, share: float) -> tuple[float, ...]:
    """A color mixed with white; share 1 is the color itself."""
    parts = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    return tuple(1 - share * (1 - part) for part in parts)


def arrow(axis: Axes, points: Sequence[Point], *, color: str = INK, width: float = 1.5) -> None:
    """A line with rounded corners through the points, with a head at its end."""
    line(axis, points, color=color, width=width, back=0.06)
    (x0, y0), (x1, y1) = points[-2:]
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    long, half = 0.12, 0.055
    corners = [
        (x1, y1),
        (x1 - long * dx - half * dy, y1 - long * dy + half * dx),
        (x1 - long * dx + half * dy, y1 - long * dy - half * dx),
    ]
    axis.add_patch(Polygon(corners, facecolor=color, edgecolor="none", zorder=4))


def line(
    axis: Axes, points: Sequence[Point], *, color: str = INK, width: float = 1.5, back: float = 0.0
) -> None:
    """A line with rounded corners that ends `back` before its last point."""
    path, codes = [points[0]], [Path.MOVETO]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        path += [_toward(here, before, 0.1), here, _toward(here, after, 0.1)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    path.append(_toward(points[-1], points[-2], back))
    codes.append(Path.LINETO)
    axis.add_patch(PathPatch(Path(path, codes), facecolor="none", edgecolor=color, linewidth=width, zorder=3))


def _toward(start: Point, goal: Point, distance: float) -> Point:
    length = math.hypot(goal[0] - start[0], goal[1] - start[1])
    share = min(distance, length / 2) / length if length else 0
    return start[0] + share * (goal[0] - start[0]), start[1] + share * (goal[1] - start[1])


def rounded(axis: Axes, x: float, y: float, width: float, height: float, color: str, **options: Any) -> None:
    """A box with round corners; x, y is its lower left corner."""
    options = {"facecolor": tint(color, 0.2), "edgecolor": color, "linewidth": 1.6, "zorder": 2} | options
    axis.add_patch(
        FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.08", **options)
    )


def written(value: float, decimals: int = 2) -> str:
    """A number with at most so many decimals and a true minus sign; the very large ones as powers of ten."""
    value = float(value)
    if abs(value) >= 1e5:
        return f"{value:.1e}".replace("-", "−")
    return f"{round(value, decimals) + 0.0:.{decimals}f}".rstrip("0").rstrip(".").replace("-", "−") or "0"
