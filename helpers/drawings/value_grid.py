"""A grid of values as colored cells, with the numbers written on them."""

import numpy as np
from matplotlib.axes import Axes


def draw(
    axis: Axes,
    values: np.ndarray,
    *,
    low: float,
    high: float,
    colors: str = "gray",
    decimals: int = 1,
    written: bool = True,
) -> None:
    """Draw `values` (height, width) as colored cells in a thin frame, with the numbers on them if `written`."""
    axis.imshow(values, cmap=colors, vmin=low, vmax=high, interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set(visible=True, color="gray", linewidth=0.8)
    size = min(14, 62 / max(values.shape))
    for (row, column), value in np.ndenumerate(values) if written else ():
        shade = (value - low) / ((high - low) or 1.0)
        dark = shade < 0.45 if colors == "gray" else abs(shade - 0.5) > 0.28
        color, text = "white" if dark else "black", short(value, decimals)
        axis.text(column, row, text, ha="center", va="center", color=color, fontsize=size)


def short(value: float, decimals: int) -> str:
    """The value with at most so many decimals, and a real minus sign: 3 for 3.0, 0 for −0.04."""
    rounded = round(float(value), decimals) + 0.0
    text = f"{rounded:.0f}" if rounded.is_integer() else f"{rounded:.{decimals}f}"
    return text.replace("-", "−")
