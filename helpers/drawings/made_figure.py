"""Large color images in rows, each with its title, and maps of shares below the images they belong to.

Notebook 09c calls it.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from helpers.arguments import whole_number
from helpers.drawings import heat_figure
from helpers.notebook import plots

COLORS = 64  # of a figure's palette: fewer make smaller files, and dithering hides the difference
FOR_AND_AGAINST = "PuOr_r"  # purple speaks against, orange for: the color-blind see both, and white is 0


def show(
    images: Sequence[np.ndarray], *, titles: Sequence[str], alt: str, columns: int = 4, cell: float = 1.72
) -> None:
    """Show each image with its title above it; `images` are (height, width, 3) uint8, `cell` is a side in inches.

    Raises ValueError if there are not as many titles as images.
    """
    heat_figure.show_photo(draw(images, titles=titles, columns=columns, cell=cell), alt=alt, colors=COLORS)


def draw(
    images: Sequence[np.ndarray], *, titles: Sequence[str], columns: int = 4, cell: float = 1.72
) -> Figure:
    """The figure of `show`."""
    if not 0 < len(images) == len(titles):
        raise ValueError(f"there are {len(images)} images and {len(titles)} titles.")
    columns = whole_number(columns, "columns", least=1)
    rows = -(-len(images) // columns)
    figure, axes = plots.new_figure(
        rows=rows, columns=columns, width=columns * cell, height=rows * (cell + 0.27)
    )
    for axis in axes[len(images) :]:
        axis.axis("off")
    for axis, image, title in zip(axes, images, titles, strict=False):
        axis.imshow(np.asarray(image), interpolation="bicubic")  # small images, drawn larger without blocks
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.set_title(title, fontsize=12, parse_math=False)
    return figure


def show_shares(
    images: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    *,
    titles: Sequence[str],
    below: Sequence[str],
    alt: str,
    ring: tuple[float, float, float, float] | None = None,
) -> None:
    """Show images in a row, and below each its map of numbers: orange above 0, purple below, white at 0.

    `images` are (height, width, 3) with values 0 to 255, `maps` (rows, columns), each divided by its own largest size
    (a map of zeros stays white). `ring`, as (x, y, width, height) in pixels of the images, is drawn around the same
    place of every image and map. Raises ValueError if the four sequences don't have the same length.
    """
    figure = draw_shares(images, maps, titles=titles, below=below, ring=ring)
    heat_figure.show_photo(figure, alt=alt, colors=COLORS)


def draw_shares(
    images: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    *,
    titles: Sequence[str],
    below: Sequence[str],
    ring: tuple[float, float, float, float] | None = None,
) -> Figure:
    """The figure of `show_shares`."""
    if len({len(images), len(maps), len(titles), len(below)}) != 1:
        raise ValueError("there must be as many images as maps, titles and titles below.")
    figure, axes = plots.new_figure(rows=2, columns=len(images), width=8, height=4.5)
    for axis, image, title in zip(axes, images, titles, strict=False):
        plots.draw_image(axis, np.asarray(image).round().astype("uint8"))
        _frame(axis)  # or a white image would not be seen
        axis.set_title(title, fontsize=11)
    for axis, one, title in zip(axes[len(images) :], maps, below, strict=True):
        largest = np.abs(one).max() or 1
        axis.imshow(one / largest, cmap=FOR_AND_AGAINST, vmin=-1, vmax=1, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        _frame(axis)
        axis.set_title(title, fontsize=11)
    if ring is not None:
        for k, axis in enumerate(axes):
            pixels = np.shape(images[k % len(images)])[0]
            unit = np.shape(maps[k - len(images)])[0] / pixels if k >= len(images) else 1
            x, y, width, height = unit * np.array(ring)
            axis.add_patch(Ellipse((x - 0.5, y - 0.5), width, height, fill=False, edgecolor="#777777"))
    scale = ScalarMappable(Normalize(-1, 1), FOR_AND_AGAINST)
    bar = figure.colorbar(
        scale, ax=list(axes[len(images) :]), aspect=20, fraction=0.05, pad=0.015, ticks=(-1, 0, 1)
    )
    bar.set_ticklabels(["against", "0", "for"], fontsize=11)
    return figure


def _frame(axis: Axes) -> None:
    axis.spines[:].set_visible(True)
    axis.spines[:].set_color("#bbbbbb")
