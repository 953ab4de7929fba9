"""The still version of the live figure of BatchNorm: a batch's pre-activations before and after it.

`helpers.widgets.live` shows it where nothing can run. What it is given has been checked there.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.drawings import value_grid
from helpers.from_scratch import batchnorm
from helpers.notebook import plots

COLORS, MARKERS = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.PURPLE), "osD^"
SHADED = "#E8EEF4"  # where a ReLU lets values pass


def draw(values: np.ndarray, *, gamma: float, beta: float, training: bool) -> tuple[Figure, str]:
    """One row of dots for each unit, before and after; returns the figure, not yet shown, and its alt text.

    `values` is (images, units). In training the batch's own statistics are used, otherwise those of a layer that has
    seen no batch yet: mean 0 and variance 1.
    """
    units = values.shape[1]
    after = normalize(values, gamma=gamma, beta=beta, training=training)
    limit = max(8.0, 4 * np.ceil(np.abs([values, after]).max() / 4 + 0.1))
    figure, axes = plots.new_figure(columns=2, width=8.8, height=1.4 + 0.75 * units)
    named = {"before BatchNorm": values, "after BatchNorm": after}
    for axis, (name, numbers) in zip(axes, named.items(), strict=True):
        _draw_rows(axis, numbers, limit)
        axis.set_title(f"{name}\nfilled: a ReLU lets it pass", fontsize=12)
    kind = "the batch's own" if training else "a new layer's moving"
    means, deviations = (_worded(statistic) for statistic in (values.mean(axis=0), values.std(axis=0)))
    alt = (
        f"A row of dots for each unit ({units} in all), one dot for each image ({len(values)} in all), before and "
        f"after batch normalization with {kind} statistics. Before, mean: {means}; standard deviation: {deviations}. "
        f"After, mean: {_worded(after.mean(axis=0))}; standard deviation: {_worded(after.std(axis=0))}."
    )
    return figure, alt


def normalize(values: np.ndarray, *, gamma: float, beta: float, training: bool) -> np.ndarray:
    """`values` (images, units) after BatchNorm with the same scale and shift for all units."""
    units = values.shape[1]
    if training:
        return batchnorm.forward(values, np.full(units, gamma), np.full(units, beta))[0]
    return gamma * values / np.sqrt(1 + batchnorm.EPSILON) + beta


def _draw_rows(axis: Axes, values: np.ndarray, limit: float) -> None:
    images, units = values.shape
    axis.axvspan(0, limit, color=SHADED)
    axis.axvline(0, color="#555555", linewidth=1)
    spread = 0.4 * (np.arange(images) * 0.618034 % 1 - 0.5) if images > 4 else np.zeros(images)
    for unit in range(units):
        color, places = COLORS[unit % len(COLORS)], unit + spread
        for passes, face in ((values[:, unit] > 0, color), (values[:, unit] <= 0, "white")):
            look = {"color": color, "markerfacecolor": face, "markersize": 6, "linestyle": "none"}
            axis.plot(values[passes, unit], places[passes], MARKERS[unit % len(MARKERS)], **look)
        mean, deviation = values[:, unit].mean(), values[:, unit].std()
        text = f"mean {value_grid.short(mean, 2)}, deviation {value_grid.short(deviation, 2)}"
        axis.text(-limit, unit - 0.38, text, fontsize=11, va="center")
    axis.set(xlim=(-limit, limit), ylim=(units - 0.6, -0.6), yticks=[])
    axis.spines["left"].set_visible(False)


def _worded(values: np.ndarray) -> str:
    texts = [value_grid.short(value, 2) for value in values]
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
