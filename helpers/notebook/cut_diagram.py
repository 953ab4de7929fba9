"""A network's diagram with a cut through it: what lies before the cut, and what lies behind.

Notebook 07 calls it, where a head comes off and where fine-tuning begins.
"""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.drawings.shapes import line, text_width, write
from helpers.notebook import diagrams, plots

SCISSORS = "\N{BLACK SCISSORS}"


def show_cut(model: Any, *, before: str, above: str, below: str, title: str | None = None) -> None:
    """Show `diagrams.show_network(model, "blocks")` with a cut before the part whose box begins with `before`.

    `before` is the start of its first line ("global average"), and the box must be the first of its row.
    `above` and `below` are written beside the rows on either side of the cut; a line break in them is kept.
    `title` takes the place of the model's name. Raises ValueError where no row begins with such a box, or the first
    row does; for other models see `diagrams.show_network`.
    """
    figure, alt = draw_cut(model, before=before, above=above, below=below, title=title)
    plots.show(figure, alt=alt)


def draw_cut(
    model: Any, *, before: str, above: str, below: str, title: str | None = None
) -> tuple[Figure, str]:
    """The figure of `show_cut` and its alternative text."""
    figure, alt = diagrams.draw_network(model, "blocks", title=title)
    axis = figure.axes[0]
    width, height = figure.get_size_inches()
    boxes = {patch.get_bbox().bounds for patch in axis.patches if isinstance(patch, FancyBboxPatch)}
    left = min(x for x, *_ in boxes)
    starts = {
        y + tall: text.get_text()
        for text in sorted(axis.texts, key=lambda text: text.get_position()[1])
        for x, y, wide, tall in boxes
        if x == left and x < text.get_position()[0] < x + wide and y < text.get_position()[1] < y + tall
    }  # of each row its upper edge, and what its first box begins with
    cut = next((top for top, words in starts.items() if words.startswith(before)), None)
    if cut is None or cut == max(starts):
        raise ValueError(
            f"a cut must lie before the first box of a lower row, and none begins with {before!r}: they begin with "
            f"{', '.join(repr(words) for top, words in sorted(starts.items(), reverse=True)[1:]) or 'nothing'}."
        )
    end = min(y for _, y, *_ in boxes)
    words = [*above.split("\n"), *below.split("\n")]
    bar = max(x + wide for x, _, wide, _ in boxes) + 0.3
    wider = bar + 0.15 + max(text_width(text, bold=True) for text in words) + 0.15
    wider = max(wider, width)
    figure.set_size_inches(wider, height)
    axis.set_xlim(0, wider)
    level = cut + 0.1
    axis.plot([0.3, wider - 0.1], [level, level], color=plots.RED, linestyle="--", linewidth=1.8, zorder=6)
    write(axis, bar, level, SCISSORS, size=17, color=plots.RED, rotation=180, zorder=7)
    for low, high, text in ((level + 0.17, max(starts), above), (end, level - 0.17, below)):
        line(axis, [(bar, low), (bar, high)], color=plots.RED, width=2.2)
        write(axis, bar + 0.12, (low + high) / 2, text, ha="left", color=plots.RED, fontweight="bold")
    one, two = (" ".join(text.split()) for text in (above, below))
    return figure, f"{alt} A dashed line cuts it before {starts[cut]}: above it {one}, below it {two}."
