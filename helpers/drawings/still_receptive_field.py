"""The still version of the live figure of the receptive field: layers from the side, and the square on an image.

`helpers.widgets.live` shows it where nothing can run. What it is given has been checked there.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, Stroke

from helpers.notebook import plots
from helpers.widgets import field_layers

COLORS = (
    plots.BLUE,
    plots.ORANGE,
    plots.GREEN,
    plots.PURPLE,
    plots.SKY,
    plots.RED,
)  # one a layer, then again


def draw(plan: list[dict[str, Any]], image: np.ndarray | None) -> tuple[Figure, str]:
    """The side view, and `image`, if there is one, with the field of the middle value; and the alt text.

    `plan` is what `field_layers.read` gives, `image` (height, width) or (height, width, 3) from 0 to 1.
    """
    size, _ = field_layers.sizes(plan)[-1]
    height = 1.6 + 0.55 * len(plan)
    figure, axes = plots.new_figure(columns=1 if image is None else 2, width=8.8, height=max(height, 2.6))
    _draw_side(axes[0], plan)
    layers = "1 layer" if len(plan) == 1 else f"{len(plan)} layers"
    alt = (
        f"Side view of {layers}: one value at the top is linked to all values that it depends on, down to "
        f"{size} pixels in a row, so {size} by {size} in the image."
    )
    if image is not None:
        axes[0].get_gridspec().set_width_ratios([1.7, 1])
        fits = _draw_square(axes[1], image, plan)
        alt += " Beside it, a square around them on an image." if fits else " The image beside it is smaller."
    return figure, alt


def _draw_side(axis: Axes, plan: list[dict[str, Any]]) -> None:
    sizes, used = field_layers.sizes(plan), field_layers.inputs(plan)
    places = [np.array(indices) * jump + size / 2 for indices, (size, jump) in zip(used, sizes, strict=True)]
    for level, layer in enumerate(plan, start=1):
        below = {index: place for index, place in zip(used[level - 1], places[level - 1], strict=True)}
        lines = [
            [(place, level), (below[index * layer["stride"] + k * layer["dilation"]], level - 1)]
            for index, place in zip(used[level], places[level], strict=True)
            for k in range(layer["kernel"])
        ]
        axis.add_collection(LineCollection(lines, colors=COLORS[(level - 1) % len(COLORS)], linewidths=1))
    side = min(9.0, 400 / sizes[-1][0])  # points, so that neighbors hardly touch
    for level, row in enumerate(places):
        color = COLORS[(level - 1) % len(COLORS)] if level else "#222222"
        axis.plot(row, np.full(len(row), level), "s", color=color, markersize=side, markeredgewidth=0)
        name = _name(plan[level - 1]) if level else "pixels"
        axis.text(-0.02, level, name, transform=axis.get_yaxis_transform(), ha="right", va="center")
        axis.text(1.02, level, str(sizes[level][0]), transform=axis.get_yaxis_transform(), va="center")
    axis.text(1.02, len(plan) + 0.6, "field", transform=axis.get_yaxis_transform(), va="center")
    axis.set(xlim=(-0.5, sizes[-1][0] + 0.5), ylim=(-0.5, len(plan) + 0.8))
    axis.axis("off")


def _draw_square(axis: Axes, image: np.ndarray, plan: list[dict[str, Any]]) -> bool:
    """The image with the square of its middle value; False, and the image alone, where the field is larger."""
    size, jump = field_layers.sizes(plan)[-1]
    plots.draw_image(axis, image, low=0, high=1)
    if size > min(image.shape[:2]):
        axis.set_title(f"smaller than {size} × {size} pixels", fontsize=12)
        return False
    row, column = ((side - size) // jump // 2 * jump for side in image.shape[:2])
    rim = [Stroke(linewidth=5, foreground="black"), Normal()]
    frame = {"fill": False, "edgecolor": plots.ORANGE, "linewidth": 3, "path_effects": rim}
    axis.add_patch(Rectangle((column - 0.5, row - 0.5), size, size, **frame))
    axis.set_title(f"{size} × {size} pixels", fontsize=12)
    return True


def _name(layer: dict[str, Any]) -> str:
    """ "conv 3×3, stride 2": as the live figure calls it."""
    kernel, stride, dilation = layer["kernel"], layer["stride"], layer["dilation"]
    name = f"{layer['kind']} {kernel}×{kernel}"
    if stride > 1 and (layer["kind"] != "pool" or stride != kernel):
        name += f", stride {stride}"
    return name + (f", dilation {dilation}" if dilation > 1 else "")
