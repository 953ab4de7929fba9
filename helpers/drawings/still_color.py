"""The still version of the live figure of color: three channels, two filters with a kernel for each, and two maps.

`helpers.widgets.live` shows it where nothing can run. What it is given has been checked there.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from helpers.drawings import value_grid
from helpers.from_scratch.convolution import conv2d, padding_amounts
from helpers.notebook import plots

CHANNELS = ("red", "green", "blue")
ZEROS = np.array([0x56, 0x70, 0x8A]) / 255  # the tint of the zeros that padding adds, as in the live figure


def draw(
    image: np.ndarray,
    filters: Sequence[tuple[str, np.ndarray, float]],
    *,
    stride: int,
    padding: str,
) -> tuple[Figure, str]:
    """Channels, kernels and maps; returns the figure, not yet shown, and its alt text.

    `image` is (height, width, 3) from 0 to 1, each of the two filters a name, weights (3, 3, 3) and a bias.
    """
    weights = np.stack([kernels for _, kernels, _ in filters], axis=-1)
    biases = np.array([bias for _, _, bias in filters])
    maps = conv2d(image[None], weights, biases, strides=stride, padding=padding)[0]
    figure, axes = plots.new_figure(rows=3, columns=4, width=8.8, height=5.4)
    axes[0].get_gridspec().set_width_ratios([1.5, 1, 1, 2])
    grid = axes.reshape(3, 4)
    for channel, name in enumerate(CHANNELS):
        _draw_plane(grid[channel, 0], image, channel, stride, padding)
        grid[channel, 0].set_title(f"channel: {name}", fontsize=12)
        for number, (called, kernels, _) in enumerate(filters):
            limit = 1.3 * np.abs(kernels).max() or 1.0
            axis = grid[channel, 1 + number]
            value_grid.draw(axis, kernels[..., channel], low=-limit, high=limit, colors="PuOr", decimals=2)
            if channel == 0:
                axis.set_title(f"filter {number + 1}\n{called}", fontsize=12)
    for number, (_, _, bias) in enumerate(filters):
        values, axis = maps[..., number], grid[number, 3]
        limit = 1.3 * np.abs(values).max() or 1.0
        value_grid.draw(axis, values, low=-limit, high=limit, colors="PuOr")
        signed = value_grid.short(bias, 2)
        axis.set_title(f"map of filter {number + 1}\nthree sums + bias of {signed}", fontsize=12)
    grid[2, 3].axis("off")
    called = " and ".join(f'"{name}"' for name, _, _ in filters)
    alt = (
        f"The red, green and blue channels of an image of {image.shape[0]} by {image.shape[1]} pixels, two filters, "
        f"{called}, with a 3 by 3 kernel for each channel, and the two feature maps of {maps.shape[0]} by "
        f"{maps.shape[1]} values that they make; the first value is {value_grid.short(maps[0, 0, 0], 2)} in one and "
        f"{value_grid.short(maps[0, 0, 1], 2)} in the other."
    )
    return figure, alt


def _draw_plane(axis: Axes, image: np.ndarray, channel: int, stride: int, padding: str) -> None:
    """One channel in its own color, with its added zeros and a frame around the first patch."""
    zeros = [padding_amounts(side, 3, stride=stride, padding=padding) for side in image.shape[:2]]
    plane = np.zeros((*image.shape[:2], 3))
    plane[..., channel] = image[..., channel]
    shape = [side + sum(added) for side, added in zip(image.shape[:2], zeros, strict=True)]
    padded = np.tile(ZEROS, (*shape, 1))
    (top, _), (left, _) = zeros
    padded[top : top + image.shape[0], left : left + image.shape[1]] = plane
    plots.draw_image(axis, padded)
    axis.spines[:].set(visible=True, color="gray", linewidth=0.8)
    rim = [Stroke(linewidth=5, foreground="black"), Normal()]
    frame = {"fill": False, "edgecolor": plots.ORANGE, "linewidth": 3, "path_effects": rim}
    axis.add_patch(Rectangle((-0.4, -0.4), 2.8, 2.8, **frame))
