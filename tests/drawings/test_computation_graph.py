"""Computation graphs: what they calculate, forward and back, and that the drawing says the same."""

import numpy as np
import pytest

from helpers.drawings import computation_graph as graph
from helpers.drawings.shapes import text_width


def neuron(x1=3.0, w1=2.0, x2=-1.0, w2=4.0, b=-1.0):
    nodes = graph.inputs(x1=x1, w1=w1, x2=x2, w2=w2, b=b)
    first, first_weight, second, second_weight, bias = nodes
    return nodes, (graph.relu(first * first_weight + second * second_weight + bias) - 3) ** 2


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_a_neuron_by_hand():
    nodes, loss = neuron()
    assert loss.value == 4
    back = graph.gradients(loss)
    assert [back[node] for node in nodes] == [-8, -12, -16, 4, -4]


@pytest.mark.parametrize("seed", range(5))
def test_gradients_equal_finite_differences(seed):
    values = np.random.default_rng(seed).normal(size=5)
    nodes, loss = neuron(*values)
    back = graph.gradients(loss)
    for place, node in enumerate(nodes):
        moved = np.eye(5)[place] * 1e-6
        slope = (neuron(*values + moved)[1].value - neuron(*values - moved)[1].value) / 2e-6
        assert back[node] == pytest.approx(slope, abs=1e-6)


def test_every_operation():
    a, b = graph.inputs(a=3, b=5)
    made = graph.maximum(a, b) * 2 + a * b - (a - b) + 1
    assert made.value == 10 + 15 + 2 + 1
    back = graph.gradients(made, 2)
    assert (back[a], back[b]) == (2 * (5 - 1), 2 * (2 + 3 + 1))
    assert (2 * a).value == 6 and (1 + a).label == "+ 1" and (a - 2).label == "− 2"


def test_a_number_that_is_used_twice_gets_both_gradients():
    (x,) = graph.inputs(x=3)
    assert graph.gradients(x * x)[x] == 6
    assert graph.gradients(x * 2 + x * 4)[x] == 6


def test_only_squares():
    (x,) = graph.inputs(x=3)
    with pytest.raises(ValueError, match="only the square"):
        x**3


def test_the_drawing_says_what_was_calculated():
    _, loss = neuron()
    figure, alt = graph.draw(loss)
    assert "−12" not in texts(figure) and "color" not in alt
    figure, alt = graph.draw(loss, backward=True)
    back = graph.gradients(loss)
    for node in graph.ordered(loss):
        assert node.label in texts(figure)
        assert graph.written(node.value) in texts(figure) and graph.written(back[node]) in texts(figure)
    assert "w₁ = 2: −12" in alt and "ReLU = 1 go into − 3 = −2" in alt


def test_the_rules_are_those_of_the_lesson():
    passed = {}
    for rule in graph.rules():
        back = graph.gradients(rule.output, rule.arriving)
        passed[rule.title] = [back[node] for node in graph.ordered(rule.output) if not node.parents]
    assert list(passed.values()) == [[2, 2], [10, 6], [0, 2], [2], [0], [12]]
    _, alt = graph.draw_rules()
    assert "a product swaps: × gets 2, and passes back 10 to a = 3 and 6 to b = 5" in alt


def test_no_box_lies_on_another_and_all_fits_the_page():
    outputs = [neuron()[1], *(rule.output for rule in graph.rules())]
    for output in outputs:
        places = list(graph._places(output).values())
        assert len(set(places)) == len(places)
        assert all(text_width(node.label, 11) < graph.BOX for node in graph.ordered(output))
        assert graph.draw(output, backward=True)[0].get_size_inches()[0] <= 9
    (x,) = graph.inputs(x=1)
    for _ in range(8):
        x = x * 2
    with pytest.raises(ValueError, match="at most 7"):
        graph.draw(x)


def test_show_gives_both_figures_their_alt_text(monkeypatch):
    shown = []
    monkeypatch.setattr(graph.plots, "show", lambda figure, *, alt: shown.append(alt))
    graph.show(neuron()[1], backward=True)
    graph.show_rules()
    assert [len(alt.split()) > 20 for alt in shown] == [True, True]
