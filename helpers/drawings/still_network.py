"""The still version of the live figure of a network: a digit, how it is prepared, some maps, and the answer.

`helpers.widgets.live` shows it where nothing can run.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
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
    figure, axes = plots.new_figure(rows=1 + len(shown), columns=3, width=8.8, height=2.5 + 1.3 * len(shown))
    grid = axes[0].get_gridspec()
    grid.set_height_ratios([2.2] + [1.0] * len(shown))
    _draw_top(axes[:3], drawing, prepared, outputs[-1])
    for row, k in enumerate(shown, start=1):
        for axis in axes[3 * row : 3 * row + 3]:
            axis.remove()
        _draw_maps(figure.add_subplot(grid[row, :]), plan["layers"][k], outputs[k])
    digit = int(outputs[-1].argmax())
    named = ", ".join(
        f"{plan['layers'][k]['name']} ({worded(tuple(plan['layers'][k]['shape']))})" for k in shown
    )
    alt = (
        "A network reads a drawn digit: the drawing, the same digit prepared as 28 by 28 pixels, "
        f"{f'maps of the layers {named}, ' if shown else ''}and ten bars; "
        f"it reads {digit} with a probability of {outputs[-1][digit]:.0%}."
    )
    return figure, alt


def _chosen(layers: list[dict[str, Any]]) -> list[int]:
    """Which layers' maps are drawn: of those that make new maps, at most `ROWS`, the first and the last among them."""
    kinds = ("conv", "pool", "normalize", "activation")
    new = [k for k, layer in enumerate(layers) if layer["kind"] in kinds and len(layer["shape"]) == 3]
    return [new[i] for i in np.unique(np.linspace(0, len(new) - 1, min(ROWS, len(new))).round().astype(int))]


def _draw_top(axes: Sequence[Axes], drawing: np.ndarray, prepared: np.ndarray, shares: np.ndarray) -> None:
    for axis, picture, title in (
        (axes[0], drawing, "as drawn"),
        (axes[1], prepared, "as the network sees it"),
    ):
        plots.draw_image(axis, picture)
        axis.spines[:].set(visible=True, color="gray", linewidth=0.8)
        axis.set_title(title, fontsize=11)
    best = int(shares.argmax())
    axes[2].barh(
        range(10), shares, color=[plots.ORANGE if digit == best else plots.BLUE for digit in range(10)]
    )
    axes[2].set(xlim=(0, 1), yticks=range(10), xlabel="probability", ylabel="digit")
    axes[2].invert_yaxis()
    axes[2].tick_params(labelsize=9)
    axes[2].set_title(f"reads {best}, {shares[best]:.0%} sure", fontsize=11)


def _draw_maps(axis: Axes, layer: dict[str, Any], output: np.ndarray) -> None:
    """The strongest maps of one layer in their order; gray from 0 to the layer's largest value, or PuOr around 0."""
    rows, columns, count = output.shape
    signed = bool(output.min() < 0)
    most = float(np.abs(output).max()) or 1.0
    strongest = np.sort(np.argsort(-np.abs(output).mean(axis=(0, 1)), kind="stable")[:ACROSS])
    gap = columns / 14
    for place, number in enumerate(strongest):
        left = place * (columns + gap)
        axis.imshow(
            output[..., number],
            cmap="PuOr" if signed else "gray",
            vmin=-most if signed else 0,
            vmax=most,
            interpolation="nearest",
            extent=(left, left + columns, rows, 0),
        )
    axis.set(xlim=(0, ACROSS * (columns + gap) - gap), ylim=(rows, 0))
    axis.set_axis_off()
    of = f"{len(strongest)} of {count} maps" if count > ACROSS else "all its maps"
    axis.set_title(f"{layer['name']}, {worded(tuple(layer['shape']))}: {of}", fontsize=11, loc="left")
