"""The still version of the live figure of a network: a digit, how it is prepared, some maps, and the answer.

`helpers.widgets.live` shows it where nothing can run.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from helpers.arguments import worded
from helpers.digits import handwriting
from helpers.notebook import plots
from helpers.widgets import layer_plan

ACROSS = 8  # maps of each layer, at most
ROWS = 5  # layers with maps, at most


def draw(plan: dict[str, Any], strokes: handwriting.Strokes) -> tuple[Figure, str]:
    """Drawing, prepared image, maps and probabilities; returns the figure, not yet shown, and its alt text.

    `plan` is one of `layer_plan`, `strokes` a drawn digit on 280×280 pixels. Of each layer with maps the strongest are
    drawn; of many layers, some from first to last.
    """
    drawing = handwriting.rasterize(strokes)
    prepared = handwriting.prepare(drawing, dark_on_light=True)
    outputs = layer_plan.run(plan, prepared)
    shown = _chosen(plan["layers"])
    figure, axes = plots.new_figure(
        rows=1 + len(shown), columns=ACROSS, width=8.8, height=2.2 + 1.25 * len(shown)
    )
    grid = np.reshape(axes, (1 + len(shown), ACROSS))
    figure_grid = grid[0, 0].get_gridspec()
    figure_grid.set_height_ratios([2.2] + [1.0] * len(shown))
    for axis in grid[0]:
        axis.remove()
    _draw_top(figure, figure_grid, drawing, prepared, outputs[-1])
    for row, k in enumerate(shown):
        _draw_maps(grid[1 + row], plan["layers"][k], outputs[k])
    digit = int(outputs[-1].argmax())
    named = ", ".join(
        f"{plan['layers'][k]['name']} ({worded(tuple(plan['layers'][k]['shape']))})" for k in shown
    )
    alt = (
        f"A network reads a drawn digit: the drawing, the same digit prepared as 28 by 28 pixels, maps of the layers "
        f"{named or 'none'}, and ten bars; it reads {digit} with a probability of {outputs[-1][digit]:.0%}."
    )
    return figure, alt


def _chosen(layers: list[dict[str, Any]]) -> list[int]:
    """Which layers' maps are drawn: of those that make new maps, at most `ROWS`, the first and the last among them."""
    kinds = ("conv", "pool", "normalize", "activation")
    new = [k for k, layer in enumerate(layers) if layer["kind"] in kinds and len(layer["shape"]) == 3]
    return [new[i] for i in np.unique(np.linspace(0, len(new) - 1, min(ROWS, len(new))).round().astype(int))]


def _draw_top(
    figure: Figure, grid: Any, drawing: np.ndarray, prepared: np.ndarray, shares: np.ndarray
) -> None:
    pictures = ((grid[0, 0:2], drawing, "as drawn"), (grid[0, 2:4], prepared, "as the network sees it"))
    for place, picture, title in pictures:
        axis = figure.add_subplot(place)
        plots.draw_image(axis, picture)
        axis.spines[:].set(visible=True, color="gray", linewidth=0.8)
        axis.set_title(title, fontsize=11)
    axis = figure.add_subplot(grid[0, 5:8])
    best = int(shares.argmax())
    axis.barh(range(10), shares, color=[plots.ORANGE if digit == best else plots.BLUE for digit in range(10)])
    axis.set(xlim=(0, 1), yticks=range(10), xlabel="probability")
    axis.invert_yaxis()
    axis.tick_params(labelsize=9)
    axis.set_title(f"reads {best}, {shares[best]:.0%}", fontsize=11)


def _draw_maps(axes: np.ndarray, layer: dict[str, Any], output: np.ndarray) -> None:
    """The strongest maps of one layer in their order; gray from 0 to the layer's largest value, or PuOr around 0."""
    signed = bool(output.min() < 0)
    most = float(np.abs(output).max()) or 1.0
    strongest = np.sort(np.argsort(-np.abs(output).mean(axis=(0, 1)), kind="stable")[: len(axes)])
    for axis in axes:
        axis.set_axis_off()
    for axis, number in zip(axes, strongest, strict=False):
        colors = {"cmap": "PuOr", "vmin": -most} if signed else {"cmap": "gray", "vmin": 0}
        axis.imshow(output[..., number], **colors, vmax=most, interpolation="nearest")
    of = f"{len(strongest)} of {output.shape[-1]} maps" if output.shape[-1] > len(axes) else "its maps"
    axes[0].set_title(f"{layer['name']}, {worded(tuple(layer['shape']))}: {of}", fontsize=11, loc="left")
