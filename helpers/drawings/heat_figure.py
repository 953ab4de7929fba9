"""Images under their heat maps, with a color bar that says what the colors mean.

Notebooks 09 and 09b call it; `heat_maps` scales a map and brings it to the image's size.
"""

import base64
import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke
from PIL import Image

from helpers.arguments import whole_number
from helpers.inside import heat_maps
from helpers.notebook import plots

# "inferno" also reads well for the color-blind, and in gray. It's more opaque where it's hotter, so that the hottest is
# yellow on black, too.
_SHADES = matplotlib.colormaps["inferno"](np.linspace(0, 1, 256))
_SHADES[:, 3] = np.linspace(0.5, 0.78, 256)
COLORS = ListedColormap(_SHADES, name="heat")
# Drawn black and white, so 0 to 255 become softer grays, and heat looks alike on all of them.
LOW, HIGH = -60, 320


def show(
    images: Sequence[np.ndarray],
    maps: Sequence[Any],
    *,
    titles: Sequence[str],
    alt: str,
    columns: int = 4,
    cell: float = 2.0,
    row_labels: Sequence[str] = (),
) -> None:
    """Show each image in gray under its heat map, or in color where its map is None, with one color bar for all.

    `images` are (height, width, 3) uint8, `maps` (rows, columns) of any size; a map is divided by its own largest
    value, and what is below 0 counts as 0. `cell` is a side in inches. `row_labels` stand at the left of the rows.
    Raises ValueError if there are not as many maps and titles as images, or not as many labels as rows.
    """
    show_photo(draw(images, maps, titles=titles, columns=columns, cell=cell, row_labels=row_labels), alt=alt)


def draw(
    images: Sequence[np.ndarray],
    maps: Sequence[Any],
    *,
    titles: Sequence[str],
    columns: int = 4,
    cell: float = 2.0,
    row_labels: Sequence[str] = (),
) -> Figure:
    """The figure of `show`."""
    if not len(images) == len(maps) == len(titles):
        raise ValueError(f"there are {len(images)} images, {len(maps)} maps and {len(titles)} titles.")
    columns = whole_number(columns, "columns", least=1)
    rows = -(-len(images) // columns)
    if row_labels and len(row_labels) != rows:
        raise ValueError(f"there are {rows} rows and {len(row_labels)} row labels.")
    height = rows * (cell + 0.26)
    figure, axes = plots.new_figure(rows=rows, columns=columns, width=columns * cell + 0.75, height=height)
    for axis in axes[len(images) :]:
        axis.axis("off")
    for axis, image, one, title in zip(axes, images, maps, titles, strict=False):
        if one is None:
            plots.draw_image(axis, image)
        else:
            lay_over(axis, image, one)
        axis.set_title(title, fontsize=11, parse_math=False)
    for axis, label in zip(axes[::columns], row_labels, strict=False):
        axis.set_ylabel(label, fontsize=11)
    if any(one is not None for one in maps):
        add_bar(figure, axes)
    return figure


def lay_over(axis: Axes, image: np.ndarray, one: Any) -> None:
    """Draw an image in soft grays, and over it its heat map, stretched and divided by its largest value."""
    plots.draw_image(
        axis, image.mean(axis=-1) if image.ndim == 3 else image.astype(float), low=LOW, high=HIGH
    )
    heat = heat_maps.as_heat_map(one, image.shape[:2])
    axis.imshow(heat, cmap=COLORS, vmin=0, vmax=1, interpolation="nearest")


def add_bar(figure: Figure, axes: Sequence[Axes]) -> None:
    """A color bar at the right of `axes`, in the colors of `lay_over`."""
    scale = ScalarMappable(Normalize(0, 1), COLORS)
    slender = 10 * figure.get_figheight()  # about a tenth of an inch wide
    bar = figure.colorbar(scale, ax=list(axes), aspect=slender, fraction=0.05, pad=0.015, ticks=(0, 0.5, 1))
    bar.set_ticklabels(["0", "half", "most"], fontsize=10)
    bar.outline.set_visible(False)


def add_box(axis: Axes, mask: np.ndarray, color: str, *, dashed: bool = False) -> None:
    """A frame around the pixels of a mask (height, width) that are True. Raises ValueError if none is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise ValueError("the mask is empty, so there is nothing to draw a box around.")
    corner = (columns[0] - 0.5, rows[0] - 0.5)
    width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    style = {"edgecolor": color, "linewidth": 3, "linestyle": "--" if dashed else "-"}
    seam = [Stroke(linewidth=5, foreground="black", alpha=0.8), Normal()]  # seen on light heat, too
    axis.add_patch(Rectangle(corner, width, height, fill=False, path_effects=seam, **style))


def show_photo(figure: Figure, *, alt: str, colors: int = 128) -> None:
    """Like `plots.show`, for figures with photographs and soft heat in them, which need more shades than a palette has.

    Every pixel gets the color of the palette that makes up for its neighbors' errors (dithering), so that soft
    changes stay soft and the file stays small.
    """
    if len(alt.split()) < 4:
        raise ValueError(f"alt text must say in a sentence what the figure shows, not {alt!r}.")
    from IPython.display import display

    data = {
        "image/png": base64.b64encode(dithered_png(figure, colors)).decode(),
        "text/plain": f"[figure: {alt}]",
    }
    display(data, raw=True, metadata={"image/png": {"alt": alt}})


def dithered_png(figure: Figure, colors: int = 128) -> bytes:
    """`figure` as PNG with a palette of `colors`, dithered."""
    with matplotlib.rc_context(plots.STYLE):
        large = plots.small_png(figure, colors=None)
    with Image.open(io.BytesIO(large)) as drawn:
        image = drawn.convert("RGB")
    palette = image.quantize(colors, method=Image.Quantize.MAXCOVERAGE)
    reduced = image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    small = io.BytesIO()
    reduced.save(small, format="png", optimize=True)
    return small.getvalue()
