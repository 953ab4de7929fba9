"""The figures of notebook 01: what is written on them is what was computed."""

import numpy as np
import pytest
from scipy import special

from helpers.drawings import layer_figures


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_softmax_bars_carry_their_numbers():
    logits = np.array([2.0, 1.0, -1.0])
    figure, alt = layer_figures.draw_softmax(logits, ["3", "5", "8"])
    probabilities = special.softmax(logits)
    expected = np.concatenate([logits, np.exp(logits), probabilities, -np.log(probabilities)])
    assert texts(figure) == [f"{value:.2f}".replace("-", "−") for value in expected]
    assert "8: logit -1.00, probability 0.04, loss 3.35" in alt


@pytest.mark.parametrize(("logits", "names"), [([1.0], ["a"]), ([1.0, 2.0], ["a"]), (np.zeros(7), "abcdefg")])
def test_softmax_refuses_what_it_cannot_draw(logits, names):
    with pytest.raises(ValueError, match="2 to 6 logits"):
        layer_figures.draw_softmax(logits, names)


@pytest.mark.parametrize(
    ("way", "lines", "weights"),
    [("dense", 49, 49), ("locally connected", 21, 21), ("convolution", 21, 3)],
)
def test_connections_are_counted_as_the_lesson_says(way, lines, weights):
    pairs = layer_figures.connections(way)
    assert len(pairs) == len({pair[:2] for pair in pairs}) == lines
    assert len({weight for _, _, weight in pairs}) == weights
    assert {goal for _, goal, _ in pairs} == set(range(7))
    _, alt = layer_figures.draw_connections()
    assert f"{way}, {lines} lines with {weights} different weights" in alt


def test_a_convolution_is_a_local_layer_whose_weights_are_the_same_everywhere():
    values, kernel = np.arange(1.0, 8.0), np.array([2.0, -1.0, 0.5])
    padded = np.pad(values, 1)
    outputs = np.zeros(7)
    for source, goal, weight in layer_figures.connections("convolution"):
        outputs[goal] += kernel[weight] * padded[source + 1]
    assert np.allclose(outputs, np.correlate(padded, kernel, mode="valid"))


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="unknown way"):
        layer_figures.connections("sparse")


def test_the_figures_fit_the_page(monkeypatch):
    shown = []
    monkeypatch.setattr(layer_figures.plots, "show", lambda figure, *, alt: shown.append((figure, alt)))
    layer_figures.show_softmax([1.0, 0.0], ["a", "b"])
    layer_figures.show_connections()
    assert len(shown) == 2
    assert all(figure.get_size_inches()[0] <= 9 and len(alt.split()) > 4 for figure, alt in shown)
