"""Recipes as dots in a plane: what an image costs, and what the network knows after all of them.

Notebook 04b draws arrows from one recipe to its changes.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from helpers.notebook import plots

# A change looks the same in every figure, alone or added to others.
STYLES = {
    "base": ("black", "o"),
    "rate": (plots.BLUE, "s"),
    "schedule": (plots.ORANGE, "D"),
    "AdamW": (plots.GREEN, "^"),
    "BatchNorm": (plots.RED, "v"),
    "batches": (plots.PURPLE, "P"),
    "early stride": (plots.SKY, "X"),
    "a quarter": ("#777777", ">"),
}


def draw(axis: Axes, recipes: Mapping[str, np.ndarray], *, chain: bool = False) -> None:
    """Draw arrows from the first of `recipes` to each other one, or with `chain` from each to the next.

    `recipes` has an array for each name, with a row (cost, accuracy) for each seed; a name begins with a key of STYLES,
    or with "+ " and a key. Small marks are seeds, large ones their means, and the gray band is where the seeds of the
    first one lie. The names go into a legend on the right.
    """
    start, first = None, next(iter(recipes.values()))
    axis.axhspan(first[:, 1].min(), first[:, 1].max(), color="#dddddd", zorder=0)
    for name, runs in recipes.items():
        color, marker = next(
            style for begins, style in STYLES.items() if name.removeprefix("+ ").startswith(begins)
        )
        axis.scatter(*runs.T, s=16, alpha=0.6, linewidths=0, color=color, marker=marker)
        end = runs.mean(axis=0)
        if start is not None:
            arrow = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkB": 5}
            axis.annotate("", end, start, arrowprops=arrow)
        if start is None or chain:
            start = end
        axis.scatter(
            *end, s=75, zorder=3, label=name, edgecolors="white", linewidths=0.8, color=color, marker=marker
        )
    axis.set(xlabel="processor seconds per 1,000 images", ylabel="right answers (%)", xlim=(0, None))
    axis.legend(fontsize=11, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
