"""The still version of the live figure of convolution: an image, a kernel, and the feature map.

`helpers.widgets.live` shows it where nothing can run. What it is given has been checked there.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from helpers.drawings import value_grid
from helpers.from_scratch.convolution import correlate, output_shape, padding_amounts
from helpers.notebook import plots
from helpers.widgets.kernels import dilate

WRITTEN = 12  # images up to this many pixels high and wide get their values written on them
FRAMES = (plots.ORANGE, plots.SKY, plots.PURPLE)  # of the first, second and last place of the kernel
RIM = "black"  # around each frame, so that it shows on bright pixels too
RING = "#56708A"  # the tint of the zeros that padding adds


def draw(
    image: np.ndarray, kernel: np.ndarray, *, name: str, stride: int, padding: str, dilation: int
) -> tuple[Figure, str]:
    """Input, kernel and feature map; returns the figure, not yet shown, and its alt text.

    `image` is (height, width) from 0 to 1, `kernel` (size, size), and `name` what to call it.
    """
    size, slid = len(kernel), dilate(kernel, dilation)
    feature_map = correlate(image, slid, strides=stride, padding=padding)
    figure, axes = plots.new_figure(columns=3, width=8.8, height=3.7)
    axes[0].get_gridspec().set_width_ratios([1.3, 0.8, 1.2])
    _draw_input(axes[0], image, len(slid), stride, padding)
    limit = np.abs(kernel).max() or 1.0
    value_grid.draw(axes[1], kernel, colors="PuOr", low=-limit, high=limit, decimals=2)
    spread = f"\ndilation {dilation}" if dilation > 1 else ""
    axes[1].set_title(f"kernel: {name}\n{size} × {size}{spread}", fontsize=12)
    low, high, signed = color_range(feature_map)
    colors = "PuOr" if signed else "gray"
    written = max(feature_map.shape) <= WRITTEN
    value_grid.draw(axes[2], feature_map, low=low, high=high, colors=colors, written=written)
    rows, columns = feature_map.shape
    zero = "; white is 0" if signed else ""
    axes[2].set_title(f"feature map\n{rows} × {columns} values{zero}", fontsize=12)
    spread = f", dilation {dilation}" if dilation > 1 else ""
    alt = (
        f"Convolution: an image of {image.shape[0]} by {image.shape[1]} pixels, the {size} by {size} "
        f'kernel "{name}", and the feature map of {rows} by {columns} values at stride {stride}, '
        f"padding {padding}{spread}."
    )
    return figure, alt


def color_range(values: np.ndarray) -> tuple[float, float, bool]:
    """(lowest, highest, whether 0 is in the middle) of the colors for a feature map, as in convolution.js."""
    if (values >= -1e-9).all():
        return 0.0, max(float(values.max()), 1.0), False
    sizes = np.sort(np.abs(values), axis=None)
    limit = sizes[int(0.995 * (sizes.size - 1))] or 1.0  # or a few extremes would make the rest pale
    return -limit, limit, True


def _draw_input(axis: Axes, image: np.ndarray, reach: int, stride: int, padding: str) -> None:
    """The image in its tinted zeros, with the first two places of the kernel and the last."""
    zeros = [padding_amounts(side, reach, stride=stride, padding=padding) for side in image.shape]
    padded, inside = np.pad(image, zeros), np.pad(np.ones(image.shape), zeros)
    value_grid.draw(axis, padded, low=0, high=1, written=max(padded.shape) <= WRITTEN)
    axis.imshow(np.ma.masked_equal(inside, 1), cmap=ListedColormap([RING]), interpolation="nearest")
    rows, columns = output_shape(image.shape, (reach, reach), strides=stride, padding=padding)
    stamps = [(0, 0), (0, min(1, columns - 1)), (rows - 1, columns - 1)]
    insets = (0.0, min(0.4, reach / 5), 0.0)  # in pixels: the second frame must not hide the first
    for (row, column), color, line, inset in zip(stamps, FRAMES, ("-", "-", "--"), insets, strict=True):
        corner, side = (column * stride - 0.5 + inset, row * stride - 0.5 + inset), reach - 2 * inset
        axis.add_patch(
            Rectangle(
                corner,
                side,
                side,
                fill=False,
                edgecolor=color,
                linewidth=3,
                linestyle=line,
                path_effects=[Stroke(linewidth=5, foreground=RIM), Normal()],
            )
        )
    height, width = image.shape
    text = f"{height} × {width}"
    if padded.shape != image.shape:
        ring = "a ring of zeros" if np.min(zeros) else "added zeros"
        text += f", {padded.shape[0]} × {padded.shape[1]} with {ring}"
    axis.set_title(f"input; first, second, last place\n{text}", fontsize=12)
