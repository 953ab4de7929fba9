"""The filters of a first layer as tiny images, before and after training.

Notebook 09 calls `show`.
"""

import numpy as np
from matplotlib.figure import Figure

from helpers.notebook import plots

COLUMNS, ZOOM, GAP = 8, 4, 2  # filters in a row, pixels a side for a weight, pixels between filters
DEAD = 0.01  # a filter whose largest weight is smaller is drawn gray


def show(before: np.ndarray, after: np.ndarray) -> None:
    """Show two sets of filters (rows, columns, 3, filters), each filter on its own scale, those near 0 gray.

    Raises ValueError for filters without three channels.
    """
    plots.show(
        draw_filters(before, after),
        colors=None,
        alt=f"Twice {after.shape[-1]} small squares. Before training: colored static, much alike. After training: "
        "squares of nearly one color, such as green or orange, steps from one color or brightness to another in "
        "several directions, spots and stripes; some squares are plain gray.",
    )


def draw_filters(before: np.ndarray, after: np.ndarray) -> Figure:
    """The figure of `show`."""
    figure, axes = plots.new_figure(columns=2, width=8.8, height=2.6)
    figure.get_layout_engine().set(wspace=0.06)
    for axis, filters, title in zip(
        axes, (before, after), ("before training", "after training"), strict=True
    ):
        plots.draw_image(axis, mosaic(filters))
        axis.set_title(title, fontsize=13)
    return figure


def mosaic(filters: np.ndarray) -> np.ndarray:
    """Filters (rows, columns, 3, filters) as one image with values 0 to 1, on white.

    A weight of 0 is middle gray, and the largest absolute weight of each filter black or white in its channel.
    """
    if filters.ndim != 4 or filters.shape[2] != 3:
        raise ValueError(f"filters (rows, columns, 3, filters) are needed, not {filters.shape}.")
    height, width, _, count = filters.shape
    strongest = np.maximum(np.abs(filters).max(axis=(0, 1, 2)), DEAD)
    tiles = np.moveaxis(0.5 + filters / (2 * strongest), -1, 0).repeat(ZOOM, axis=1).repeat(ZOOM, axis=2)
    down, across = ZOOM * height + GAP, ZOOM * width + GAP
    image = np.ones((down * -(-count // COLUMNS) - GAP, across * COLUMNS - GAP, 3))
    for number, tile in enumerate(tiles):
        top, left = down * (number // COLUMNS), across * (number % COLUMNS)
        image[top : top + ZOOM * height, left : left + ZOOM * width] = tile
    return image
