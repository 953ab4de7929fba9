"""The cut through a network's diagram lies where it is said to, and its words can be read."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.notebook import cut_diagram, plots


@pytest.fixture
def network():
    """More boxes than one row holds."""
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.Add()([x, layers.Conv2D(4, 3, padding="same")(x)])
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x), name="mine")


def first_words(network):
    """Of each row but the first, what its first box begins with, as the error message says it."""
    with pytest.raises(ValueError, match="they begin with") as caught:
        cut_diagram.draw_cut(network, before="nothing", above="one", below="two")
    return str(caught.value).split("they begin with ")[1].rstrip(".").replace("'", "").split(", ")


def test_the_cut_lies_just_above_the_row_that_it_is_asked_for(network):
    before = first_words(network)[-1]
    figure, alt = cut_diagram.draw_cut(network, before=before, above="stays", below="goes")
    (cut,) = (drawn for drawn in figure.axes[0].lines if drawn.get_linestyle() == "--")
    level = cut.get_ydata()[0]
    places = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    assert places[before] < level < places["input"]
    assert places["goes"] < level < places["stays"]
    assert places[cut_diagram.SCISSORS] == level
    assert f"cuts it before {before}: above it stays, below it goes" in alt


def test_the_words_beside_the_rows_are_inside_the_figure_and_on_nothing_else(network):
    figure, _ = cut_diagram.draw_cut(network, before=first_words(network)[0], above="a\nlong word", below="b")
    figure.set_dpi(100)
    figure.draw_without_rendering()
    width = figure.get_size_inches()[0] * 100
    assert width <= 900
    boxes = {text.get_text(): text.get_window_extent() for text in figure.axes[0].texts}
    drawn = max(box.x1 for words, box in boxes.items() if words not in ("a\nlong word", "b", "✂"))
    for words in ("a\nlong word", "b"):
        assert drawn < boxes[words].x0 and boxes[words].x1 < width


def test_before_the_first_row_there_is_nothing_to_cut_off(network):
    with pytest.raises(ValueError, match="a cut must lie before the first box of a lower row"):
        cut_diagram.draw_cut(network, before="input", above="one", below="two")


def test_the_model_is_only_read_and_the_figure_is_shown_with_its_words(network, monkeypatch):
    shown, before = [], network.get_weights()
    monkeypatch.setattr(plots, "show", lambda figure, *, alt: shown.append(alt))
    cut_diagram.show_cut(network, before=first_words(network)[0], above="one", below="two", title="Yours")
    assert shown[0].startswith("Diagram of Yours")
    assert all(np.array_equal(*pair) for pair in zip(before, network.get_weights(), strict=True))
