"""helpers/drawings/task_timeline: a row for each worker, a bar for each task."""

from dataclasses import dataclass

import pytest

from helpers.drawings import task_timeline
from helpers.notebook import plots


@dataclass
class Done:
    worker: str
    began: float
    ended: float


RECORDS = [Done("b", 100, 102), Done("a", 100, 103), Done("b", 102, 104)]


def test_bars_lie_in_the_rows_of_their_workers_and_begin_at_zero():
    _, (axis,) = plots.new_figure()
    task_timeline.draw(axis, RECORDS, ["short", "long", "short"])
    bars = [(bar.get_x(), bar.get_width(), round(bar.get_y() + 0.33, 6)) for bar in axis.patches]
    assert bars == [(0, 2, 1), (0, 3, 0), (2, 2, 1)]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["short", "long"]
    colors = [bar.get_facecolor() for bar in axis.patches]
    assert colors[0] == colors[2] != colors[1]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["worker 1", "worker 2"]


def test_what_cannot_be_drawn_is_refused():
    _, (axis,) = plots.new_figure()
    with pytest.raises(ValueError, match="no tasks"):
        task_timeline.draw(axis, [], [])
    with pytest.raises(ValueError, match="7 kinds of tasks, and only 6 colors"):
        task_timeline.draw(axis, RECORDS[:1] * 7, list("abcdefg"))
