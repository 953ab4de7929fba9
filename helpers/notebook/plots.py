"""Figures: every one goes through `show`, which gives it its alt text and fonts for its letters.

The notebooks call these for what repeats; a figure that is a lesson's own point is drawn in the notebook.
"""

import base64
import html
import io
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib import rcsetup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from helpers.arguments import whole_number
from helpers.notebook import fonts

# Okabe and Ito's palette (2008): color-blind readers can tell the colors apart, and so can a projector's audience.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
COLORS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)

STYLE = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,  # inches; with less, the tops of titles are cut off
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": rcsetup.cycler(color=COLORS),
    "lines.linewidth": 2,
    "image.cmap": "gray",
}


def new_figure(
    *, rows: int = 1, columns: int = 1, width: float = 8, height: float = 3.2
) -> tuple[Figure, np.ndarray]:
    """A figure in the course's style and its axes as a flat array; width and height in inches.

    pyplot doesn't know it: JupyterLab answers widgets in a thread of its own, and pyplot, which keeps one list of
    figures for all threads, then mixes them up or closes one that is being drawn (jupyterlab issue 19719).
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, axes.ravel()


def show(
    figure: Figure, *, alt: str, colors: int | None = 256, extra: Mapping[str, Any] | None = None
) -> None:
    """Display `figure` once, as PNG with `alt` as its alternative text, and close it.

    `alt` says in a sentence what the picture shows; an empty one raises ValueError. `colors=None` keeps every
    color, for figures whose colors are values: a palette of 256 shifts the ends of a color scale. `extra` is what
    goes along in the same output, by its MIME type.
    """
    if len(alt.split()) < 4:
        raise ValueError(f"alt text must say in a sentence what the figure shows, not {alt!r}.")
    from IPython.display import display

    png = encoded_png(figure, colors=colors)
    data = {"image/png": png, "text/plain": f"[figure: {alt}]", **(extra or {})}
    display(data, raw=True, metadata={"image/png": {"alt": alt}})


def as_html(figure: Figure, *, alt: str) -> str:
    """`figure` as an <img> with its alternative text, for a widget's HTML; closes it."""
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{encoded_png(figure)}">'


def encoded_png(figure: Figure, *, colors: int | None = 256) -> str:
    """`figure` as a small PNG in base64; closes it."""
    with matplotlib.rc_context(STYLE):
        png = small_png(figure, colors=colors)
    if "matplotlib.pyplot" in sys.modules:  # a figure that a notebook made with it would be shown once more
        sys.modules["matplotlib.pyplot"].close(figure)
    return base64.b64encode(png).decode("ascii")


def small_png(figure: Figure, *, colors: int | None = 256) -> bytes:
    """`figure` as PNG with at most so many colors: half the size in a stored notebook. None keeps all."""
    buffer, small = io.BytesIO(), io.BytesIO()
    fonts.prepare(figure)
    figure.savefig(buffer, format="png", dpi=100)
    with Image.open(buffer) as drawn:
        reduced = drawn.convert("RGB")
        if colors is not None:
            reduced = reduced.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced.save(small, format="png", optimize=True)
    return small.getvalue()


def image_grid(
    images: np.ndarray | Sequence[np.ndarray],
    *,
    alt: str,
    titles: Sequence[str] | None = None,
    good: Sequence[bool] | None = None,
    columns: int = 8,
    cell: float = 1.0,
) -> None:
    """Show images of shape (height, width), (height, width, 1) or (height, width, 3) in rows.

    `titles` go above the images. `good` colors them: blue where True, orange-red where False, and
    adds ✗ to the false ones, since color alone does not reach every reader. `cell` is in inches.
    """
    if len(images) == 0:
        raise ValueError("there are no images to show.")
    rows = -(-len(images) // whole_number(columns, "columns", least=1))
    height = rows * (cell + (0.25 if titles is not None else 0))
    figure, axes = new_figure(rows=rows, columns=columns, width=columns * cell, height=height)
    for axis in axes:
        axis.axis("off")
    for index, image in enumerate(images):
        draw_image(axes[index], np.squeeze(np.asarray(image)))
        if titles is not None:
            wrong = good is not None and not good[index]
            color = "black" if good is None else (RED if wrong else BLUE)
            title = f"{titles[index]}{' ✗' if wrong else ''}"  # with parse_math, a name with two $ would be a formula
            axes[index].set_title(title, fontsize=9, color=color, pad=2, parse_math=False)
    show(figure, alt=alt)


def draw_image(axis: Axes, image: np.ndarray, *, low: float | None = None, high: float | None = None) -> None:
    """Draw one gray or color image without ticks; integers are taken as 0 to 255, floats span low to high."""
    if np.issubdtype(image.dtype, np.integer):
        low, high = 0, 255
    axis.imshow(image, vmin=low, vmax=high, interpolation="nearest", cmap="gray")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)


def learning_curves(histories: Mapping[str, Mapping[str, Sequence[float]]], *, alt: str) -> None:
    """Loss (left) and accuracy (right) over epochs; training solid, validation dashed.

    `histories` maps a model's name to its `History.history`.
    """
    figure, axes = new_figure(columns=2, height=3.2)
    for color, (name, history) in zip(COLORS, histories.items(), strict=False):
        epochs = np.arange(1, len(history["loss"]) + 1)
        for axis, metric in zip(axes, ("loss", "accuracy"), strict=True):
            axis.plot(epochs, history[metric], color=color, label=f"{name}, training")
            if f"val_{metric}" in history:
                axis.plot(epochs, history[f"val_{metric}"], "--", color=color, label=f"{name}, validation")
    for axis in axes:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set(xlabel="epoch", ylabel="loss (cross-entropy)")
    axes[1].set(xlabel="epoch", ylabel="accuracy")
    axes[1].legend(fontsize=9)
    show(figure, alt=alt)
