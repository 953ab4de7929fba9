"""When each worker was busy with which task: a row for a worker, a bar for a task.

Notebook 10 calls `draw` with the records of its tasks.
"""

from collections.abc import Sequence
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from helpers.notebook import plots


class Bar(Protocol):
    """What a task's record has: who did it, and from when to when, in seconds."""

    worker: str
    began: float
    ended: float


def draw(axis: Axes, records: Sequence[Bar], kinds: Sequence[str]) -> None:
    """Draw each record as a bar in the color of its kind; the time begins with the first task.

    `kinds` has a name for each record; the names become the legend, in the order in which they come. Raises ValueError
    if there are more kinds than colors, or no records.
    """
    if not records:
        raise ValueError("there are no tasks to draw.")
    names = list(dict.fromkeys(kinds))
    if len(names) > len(plots.COLORS):
        raise ValueError(f"there are {len(names)} kinds of tasks, and only {len(plots.COLORS)} colors.")
    rows = {name: row for row, name in enumerate(sorted({record.worker for record in records}))}
    start = min(record.began for record in records)
    for record, kind in zip(records, kinds, strict=True):
        axis.barh(
            rows[record.worker],
            record.ended - record.began,
            left=record.began - start,
            height=0.66,
            color=plots.COLORS[names.index(kind)],
            edgecolor="white",
            linewidth=1,
        )
    axis.set_yticks(range(len(rows)), [f"worker {row + 1}" for row in range(len(rows))])
    axis.set(ylim=(len(rows) - 0.5, -0.5), xlim=(0, None), xlabel="seconds after the first task began")
    handles = [Patch(color=plots.COLORS[place], label=name) for place, name in enumerate(names)]
    axis.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names), fontsize=10, frameon=False
    )  # fmt: skip
