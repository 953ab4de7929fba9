"""helpers/drawings/interruptions: notebook 10b's figures, and what their alternative texts say."""

import numpy as np
import pytest

from helpers.drawings import interruptions
from helpers.notebook import plots
from helpers.training.attempts import Attempt


@pytest.fixture
def shown(monkeypatch):
    """Every figure with its alternative text, in place of showing it."""
    figures = []
    monkeypatch.setattr(plots, "show", lambda figure, *, alt: figures.append((figure, alt)))
    return figures


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_failures_are_told_for_one_card_a_hundred_and_all(shown):
    interruptions.time_between(cards=1_000, days=73, failures=200)
    ((figure, alt),) = shown
    assert texts(figure) == ["one: 1.0 years", "100: 1 weeks", "1,000: 9 hours"]
    assert "1,000: 9 hours" in alt


def test_a_timeline_marks_what_was_lost(shown):
    tries = [Attempt(0, "01", 0, 1, True), Attempt(1, "01", 1, 2, False), Attempt(1, "02", 4, 6, True)]
    interruptions.timeline(tries)
    ((figure, alt),) = shown
    assert sorted(texts(figure)) == ["", "0", "1", "1", "new workers start", "✗"], "the arrow has no words"
    assert alt.endswith("done again later: run 1.") and "2 processes" in alt


def test_without_a_pause_no_new_workers_are_announced(shown):
    interruptions.timeline(
        [Attempt(0, "01", 0, 4, True), Attempt(1, "02", 1, 2, False), Attempt(1, "03", 3, 6, True)]
    )
    ((figure, _),) = shown
    assert sorted(texts(figure)) == ["0", "1", "1", "✗"]


def test_differences_are_named_with_their_size(shown):
    interruptions.differences({"a": np.array([0, 0, 0.25, -0.5]), "b": np.zeros(4)}, after=2)
    ((figure, alt),) = shown
    assert "a: 0.500 at most; b: 0.000 at most" in alt
    assert [line.get_label() for line in figure.axes[0].lines][:2] == ["a", "b"]


def test_a_line_ends_where_its_recipe_was_dropped(shown):
    losses = np.array([[[2.0, 1.0], [9.0, 5.0], [2.5, 2.0]]])
    interruptions.halving(losses, (1, 3), [[np.arange(3), np.array([0]), np.array([0])]])
    ((figure, _),) = shown
    pale, lines = figure.axes[0].lines[:3], figure.axes[0].lines[3:]
    assert [len(line.get_xdata()) for line in pale] == [2, 2, 2], "to the end, dropped or not"
    lengths = [len(line.get_xdata()) for line in lines]
    assert lengths == [1, 1, 1, 2, 1], "three after the first round, one after the second, and the mark"
    assert max(line.get_ydata().max() for line in figure.axes[0].lines) == interruptions.WORSE_THAN_GUESSING


def test_memory_is_compared_with_the_start(shown):
    interruptions.memory(np.array([100.0, 101, 103]), np.array([10.0, 20, 30]))
    ((_, alt),) = shown
    assert "up to 30 MB" in alt and "ends at 3 MB" in alt


def test_every_stream_has_its_panel(shown):
    interruptions.orders({"one\n10%": np.arange(10), "two": np.arange(5), "three": np.arange(5)})
    ((figure, alt),) = shown
    assert [axis.get_title() for axis in figure.axes] == ["one\n10%", "two", "three", ""]
    assert "one 10%; two; three" in alt
