"""Two figures about layers: scores becoming probabilities and losses, and who is joined to whom.

Notebook 01 calls the `show_…` functions. Each has a twin `draw_…` that returns the figure and its alternative text.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.arguments import numbers
from helpers.notebook import plots

PLACES, REACH = 7, 1  # inputs of the small layers, and how many neighbors a patch takes in on each side
STRIDE = 10  # through the colors, so that lines side by side differ; it shares no factor with 49 or 21
WAYS = ("dense", "locally connected", "convolution")


def show_softmax(logits: Sequence[float], names: Sequence[str]) -> None:
    """Show logits, what exp makes of them, the probabilities, and each one's cross-entropy as bars."""
    figure, alt = draw_softmax(logits, names)
    plots.show(figure, alt=alt)


def draw_softmax(logits: Sequence[float], names: Sequence[str]) -> tuple[Figure, str]:
    """The figure of `show_softmax` and its alternative text; 2 to 6 logits, each with a name."""
    scores = numbers(logits, "logits", "scores")
    if not 2 <= len(scores) <= 6 or len(names) != len(scores):
        raise ValueError(f"give 2 to 6 logits and a name for each, not {len(scores)} and {len(names)} names.")
    powers = np.exp(scores)
    probabilities = powers / powers.sum()
    panels = (
        ("logit", scores, plots.BLUE),
        ("exp(logit)", powers, plots.SKY),
        ("probability p", probabilities, plots.GREEN),
        ("loss −ln p", -np.log(probabilities), plots.RED),
    )
    figure, axes = plots.new_figure(columns=4, width=8.8, height=2.7)
    for axis, (title, values, color) in zip(axes, panels, strict=True):
        axis.bar(names, values, color=color, width=0.65)
        axis.axhline(0, color="0.3", linewidth=1)
        for place, value in enumerate(values):
            up = 1 if value >= 0 else -1
            axis.annotate(
                f"{value:.2f}".replace("-", "−"),
                (place, value),
                (0, 2 * up),
                textcoords="offset points",
                ha="center",
                va="bottom" if up > 0 else "top",
                fontsize=12,
            )
        axis.set_title(title, fontsize=13)
        axis.tick_params(axis="x", labelsize=13, length=0)
        axis.set_yticks([])
        axis.spines[["left", "bottom"]].set_visible(False)
        axis.margins(y=0.18)
    told = "; ".join(
        f"{name}: logit {score:.2f}, probability {p:.2f}, loss {-np.log(p):.2f}"
        for name, score, p in zip(names, scores, probabilities, strict=True)
    )
    return figure, f"Bars in four panels, from logits to probabilities and losses. {told}."


def show_connections() -> None:
    """Show three small layers side by side: dense, locally connected, and a convolution."""
    figure, alt = draw_connections()
    plots.show(figure, alt=alt)


def draw_connections() -> tuple[Figure, str]:
    """The figure of `show_connections` and its alternative text: seven inputs, seven outputs, patches of three."""
    figure, axes = plots.new_figure(columns=3, width=8.8, height=3.0)
    said = []
    for axis, way in zip(axes, WAYS, strict=True):
        pairs = connections(way)
        weights = len({weight for _, _, weight in pairs})
        _draw_layer(axis, way, pairs)
        axis.set_title(f"{way}\n{len(pairs)} lines, {weights} weights", fontsize=13)
        said.append(f"{way}, {len(pairs)} lines with {weights} different weights")
    alt = f"Three layers with seven inputs below and seven outputs above: {'; '.join(said)}."
    return figure, alt


def connections(way: str) -> list[tuple[int, int, int]]:
    """(input, output, weight) of every line of a layer that is one of `WAYS`; inputs −1 and 7 are padding.

    Lines with the same number share one weight. Raises ValueError for another way.
    """
    if way not in WAYS:
        raise ValueError(f"unknown way {way!r}: choose one of {', '.join(map(repr, WAYS))}.")
    outputs, patch = range(PLACES), range(-REACH, REACH + 1)
    if way == "dense":
        return [(source, goal, goal * PLACES + source) for goal in outputs for source in outputs]
    size = len(patch)
    return [
        (goal + step, goal, step + REACH + (goal * size if way == "locally connected" else 0))
        for goal in outputs
        for step in patch
    ]


def _draw_layer(axis: Axes, way: str, pairs: Sequence[tuple[int, int, int]]) -> None:
    shared = way == "convolution"
    looks = ((plots.BLUE, "-"), (plots.ORANGE, "--"), (plots.PURPLE, ":"))
    for source, goal, weight in pairs:
        color, style = (
            looks[weight]
            if shared
            else (colormaps["turbo"](weight * STRIDE % len(pairs) / (len(pairs) - 1)), "-")
        )
        width = 2.2 if shared else (0.9 if way == "dense" else 1.8)
        axis.plot([source, goal], [0, 1], style, color=color, linewidth=width, zorder=1)
    for source in sorted({source for source, _, _ in pairs}):
        padding = not 0 <= source < PLACES
        axis.plot(
            source,
            0,
            "o",
            markersize=15,
            markerfacecolor="white" if padding else plots.SKY,
            markeredgecolor="0.2",
        )
        if padding:
            axis.text(source, -0.01, "0", ha="center", va="center", fontsize=11)
    for goal in range(PLACES):
        axis.plot(goal, 1, "s", markersize=14, color=plots.GREEN, markeredgecolor="0.2")
    for height, name in ((0, "in"), (1, "out")):
        axis.text(-1.7, height, name, ha="right", va="center", fontsize=11)
    axis.set(xlim=(-2.6, PLACES + 0.6), ylim=(-0.2, 1.2))
    axis.axis("off")
