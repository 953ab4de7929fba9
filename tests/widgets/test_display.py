"""helpers.widgets.display: a widget where someone sits, a still figure with the settings everywhere else."""

import json
import sys

import pytest

from helpers.notebook import plots
from helpers.widgets import display, modules

SETTINGS = {"size": 3, "kernel": [[1.5, 2]]}


def still():
    figure, _ = plots.new_figure(width=1, height=1)
    return figure, "A small empty figure for tests."


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(
        "IPython.display.display", lambda *things, **options: outputs.append((*things, options))
    )
    return outputs


def test_where_nobody_sits_there_is_one_still_figure_with_the_settings(shown, monkeypatch, capsys):
    monkeypatch.setenv("CNN_LIVE", "0")
    display.show("convolution", SETTINGS, still)
    ((data, options),) = shown
    assert set(data) == {"image/png", "text/plain", modules.MIME}
    assert json.loads(json.dumps(data[modules.MIME])) == {"figure": "convolution", "settings": SETTINGS}
    assert options["metadata"]["image/png"]["alt"] == "A small empty figure for tests."
    assert capsys.readouterr().out == display.NOTE + "\n"


def test_where_someone_sits_there_is_a_widget(shown, monkeypatch, capsys):
    monkeypatch.setenv("CNN_LIVE", "1")
    display.show("convolution", SETTINGS, lambda: pytest.fail("nothing still is drawn"))
    ((widget, _),) = shown
    own = {"settings", "labels"}
    assert own <= set(widget.keys)
    assert {name for name in widget.traits(sync=True) if not name.startswith("_")} - own == {
        "layout", "tabbable", "tooltip",
    }  # fmt: skip
    assert widget.settings == SETTINGS and widget.labels == modules.labels_of("convolution")
    state = widget.get_state()
    assert state["_esm"] == modules.source("convolution") and state["_css"] == modules.style()
    assert capsys.readouterr().out == ""


def test_two_figures_of_different_kinds_keep_their_own_code():
    from helpers.widgets.live_figure import LiveFigure

    first, second = LiveFigure("convolution", SETTINGS), LiveFigure("color", {})
    assert first.get_state()["_esm"] == modules.source("convolution")
    assert second.get_state()["_esm"] == modules.source("color")


def test_without_anywidget_the_still_figure_is_shown(shown, monkeypatch, capsys):
    monkeypatch.setenv("CNN_LIVE", "1")
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "helpers.widgets.live_figure", raising=False)
    display.show("convolution", SETTINGS, still)
    assert len(shown) == 1 and modules.MIME in shown[0][0]
    assert "need the package anywidget" in capsys.readouterr().out
