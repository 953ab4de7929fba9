"""Points on a flat map: as small photos with colored frames, as marks with a legend, or as clouds.

Notebook 09c calls it. Classes have a color and a mark each, since color alone does not reach every reader.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from helpers.drawings import heat_figure
from helpers.notebook import plots

MARKS = "o^sDvP"
FIELD = (590, 460)  # pixels across and down that the points of `draw_photos` spread over
MARGIN = 47  # pixels around them, for those that are pushed outward
THUMBNAIL = 32  # pixels of the figure
FRAMED = 39  # with the frame, and a little air


def show_photos(
    points: np.ndarray, images: np.ndarray, labels: np.ndarray, names: Sequence[str], *, alt: str
) -> None:
    """Show every image near its point, with a frame in its class's color, and a legend below.

    Images that would cover each other are pushed apart, by `apart`.

    `points` (n, 2), `images` (n, side, side, 3) uint8, `labels` (n,) counting in `names` (at most six).
    Raises ValueError where these don't fit together.
    """
    heat_figure.show_photo(draw_photos(points, images, labels, names), alt=alt, colors=64)


def draw_photos(points: np.ndarray, images: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Figure:
    """The figure of `show_photos`."""
    _check(points, labels, names)
    if len(images) != len(points):
        raise ValueError(f"there are {len(points)} points and {len(images)} images.")
    figure, (axis,) = plots.new_figure(width=7, height=6.3)
    every = max(1, -(-images.shape[1] // (2 * THUMBNAIL)))
    low, span = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-9)
    places = apart((points - low) / span * FIELD, FRAMED)
    axis.set(xlim=(-MARGIN, FIELD[0] + MARGIN), ylim=(-MARGIN, FIELD[1] + MARGIN))
    for point, image, label in zip(places, images, labels, strict=True):
        small = OffsetImage(image[::every, ::every], zoom=THUMBNAIL / len(image[::every]) * 0.72)
        frame = {"edgecolor": plots.COLORS[label], "linewidth": 3, "facecolor": plots.COLORS[label]}
        axis.add_artist(AnnotationBbox(small, point, pad=0.05, bboxprops=frame))
    _without_scale(axis)
    _legend(figure, names, marker=lambda k: "s")
    return figure


def apart(places: np.ndarray, side: float, *, rounds: int = 300) -> np.ndarray:
    """The places (n, 2), with those that are closer than `side` both across and down pushed apart step by step.

    Each pair is pushed along the axis on which it overlaps less. Places that have room stay where they are.
    """
    places = np.array(places, dtype="float64")
    for _ in range(rounds):
        gaps = places[:, np.newaxis] - places[np.newaxis]
        overlap = side - np.abs(gaps)
        close = (overlap > 1e-3).all(axis=-1) & ~np.eye(len(places), dtype=bool)
        if not close.any():
            break
        along = np.argmin(overlap, axis=-1)[..., np.newaxis] == np.arange(2)
        order = np.sign(np.arange(len(places))[:, np.newaxis] - np.arange(len(places)))[..., np.newaxis]
        way = np.where(gaps == 0, order, np.sign(gaps))
        places += (0.25 * way * overlap * along * close[..., np.newaxis]).sum(axis=1)
    return places


def show_marks(maps: Mapping[str, np.ndarray], labels: np.ndarray, names: Sequence[str], *, alt: str) -> None:
    """Show several maps of the same points, two in a row, each class with its own mark and color.

    `maps` gives for each title points (n, 2); labels and names as for `show_photos`.
    """
    plots.show(draw_marks(maps, labels, names), alt=alt)


def draw_marks(maps: Mapping[str, np.ndarray], labels: np.ndarray, names: Sequence[str]) -> Figure:
    """The figure of `show_marks`."""
    rows = -(-len(maps) // 2)
    figure, axes = plots.new_figure(rows=rows, columns=2, width=8, height=3.5 * rows + 0.4)
    for axis in axes[len(maps) :]:
        axis.axis("off")
    for axis, (title, points) in zip(axes, maps.items(), strict=False):
        _check(points, labels, names)
        for k in range(len(names)):
            axis.scatter(*points[labels == k].T, color=plots.COLORS[k], marker=MARKS[k], s=38)
        axis.set_title(title, fontsize=12)
        _without_scale(axis)
    _legend(figure, names, marker=lambda k: MARKS[k])
    return figure


def show_clouds(versions: Mapping[str, Sequence[np.ndarray]], *, alt: str) -> None:
    """Show the same clouds several times side by side: of each cloud (n, dimensions) the first two dimensions."""
    plots.show(draw_clouds(versions), alt=alt)


def draw_clouds(versions: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """The figure of `show_clouds`."""
    figure, axes = plots.new_figure(columns=len(versions), width=8, height=3.3)
    for axis, (title, clouds) in zip(axes, versions.items(), strict=True):
        for k, cloud in enumerate(clouds):
            axis.scatter(cloud[:, 0], cloud[:, 1], color=plots.COLORS[k], marker=MARKS[k], s=14)
        axis.set_title(title, fontsize=12)
        axis.set_aspect("equal", adjustable="datalim")
        _without_scale(axis)
    return figure


def _check(points: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> None:
    if points.shape != (len(labels), 2):
        raise ValueError(f"{len(labels)} points (n, 2) are needed, not {points.shape}.")
    if len(names) > len(MARKS) or not np.isin(labels, np.arange(len(names))).all():
        raise ValueError(f"labels must count in the names, at most {len(MARKS)} of them.")


def _without_scale(axis: Axes) -> None:
    """No numbers at the edges: on such maps they mean nothing. A frame all around."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("#bbbbbb")


def _legend(figure: Figure, names: Sequence[str], *, marker) -> None:
    style = {"linestyle": "", "markersize": 10}
    handles = [Line2D([], [], color=plots.COLORS[k], marker=marker(k), **style) for k in range(len(names))]
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=12, frameon=False)
