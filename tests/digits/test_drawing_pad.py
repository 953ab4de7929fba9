"""The drawing pad as Python sees it, and whether the notebook's network can read what is drawn on it."""

import re

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.digits import drawing_pad, handwriting

THREE = handwriting.examples()["wide"][3]


def always(digit):
    return lambda images: np.tile(np.eye(10)[digit], (len(images), 1))


@pytest.mark.parametrize("place", ["as drawn", "small, in a corner"])
def test_drawn_digits_in_three_hands_are_read(network, place):
    images, labels = [], []
    for hand in handwriting.examples().values():
        for digit, strokes in hand.items():
            if place == "small, in a corner":
                strokes = [[(x / 3 + 5, y / 3 + 5) for x, y in stroke] for stroke in strokes]
            images.append(drawing_pad.read(strokes, always(0)).prepared)
            labels.append(digit)
    right = int((network(images).argmax(axis=1) == labels).sum())
    assert right >= 26, f"{right} of 30"


def test_a_reading_holds_what_was_drawn_and_what_the_model_saw():
    seen = []

    def predict(images):
        seen.append(images)
        return always(3)(images)

    reading = drawing_pad.read(THREE, predict)
    assert reading.drawing.shape == (280, 280)
    assert (seen[0].shape, seen[0].dtype) == ((1, 28, 28), np.uint8)
    np.testing.assert_array_equal(seen[0][0], reading.prepared)
    np.testing.assert_array_equal(reading.prepared, handwriting.prepare(handwriting.rasterize(THREE)))
    assert reading.probabilities.shape == (10,)
    assert str(reading) == "the network reads 3, 100% sure"


def test_the_pad_tells_python_of_every_change():
    heard = []
    pad = drawing_pad.DigitPad(on_change=heard.append)
    pad.strokes = THREE
    pad.strokes = [*THREE, [[10, 10], [20, 20]]]
    pad.strokes = []
    assert heard == [THREE, [*THREE, [[10, 10], [20, 20]]], []]


def test_a_pad_without_a_listener_keeps_its_strokes():
    pad = drawing_pad.DigitPad(size=140)
    pad.strokes = [[[1, 2], [3, 4]]]
    assert pad.strokes == [[[1, 2], [3, 4]]]
    assert pad.size == 140


def test_strokes_and_size_are_synchronised_with_the_browser():
    pad = drawing_pad.DigitPad()
    assert {"strokes", "size", "_esm", "_css"} <= set(pad.keys)


def test_two_pads_do_not_share_strokes():
    first, second = drawing_pad.DigitPad(), drawing_pad.DigitPad()
    first.strokes = THREE
    assert second.strokes == []


def test_the_live_pad_answers_every_stroke():
    box = drawing_pad.live_pad(always(7))
    pad, answer = box.children
    assert isinstance(box, ipywidgets.HBox)
    assert "drawing is empty" in answer.value
    pad.strokes = THREE
    assert re.match(
        r'<img alt="The network reads 7, 100% sure\." src="data:image/png;base64,\w+', answer.value
    )
    pad.strokes = []
    assert "drawing is empty" in answer.value
    assert "<img" not in answer.value


def test_a_smaller_live_pad_reads_the_same():
    seen = []

    def predict(images):
        seen.append(images[0])
        return always(3)(images)

    for size in (280, 140):
        pad = drawing_pad.live_pad(predict, size=size).children[0]
        pad.strokes = [[(x * size / 280, y * size / 280) for x, y in stroke] for stroke in THREE]
    assert np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("predict", "fragment"),
    [
        (lambda images: np.ones((1, 3)), "must return shape (1, 10)"),
        (lambda images: 1 / 0, "ZeroDivisionError"),
        (lambda images: undefined(images), "NameError"),  # noqa: F821
    ],
)
def test_a_failing_model_gives_a_message_and_no_stack(predict, fragment):
    pad, answer = drawing_pad.live_pad(predict).children
    pad.strokes = THREE
    assert "The network could not read this" in answer.value
    assert fragment in answer.value
    assert "Traceback" not in answer.value


@pytest.mark.parametrize("strokes", [[[1, 2, 3]], [[["a", "b"]]], [[[5000, 5000], [6000, 6000]]]])
def test_strange_strokes_give_a_message(strokes):
    message = drawing_pad.reading_html(strokes, always(0))
    assert message.startswith("<p>")
    assert "Traceback" not in message


def test_a_dot_and_a_single_stroke_can_be_read():
    for strokes in ([[[140, 140]]], [[[140, 40], [140, 240]]]):
        assert drawing_pad.read(strokes, always(1)).prepared.max() == 255


def test_messages_are_safe_to_show():
    def predict(images):
        raise ValueError("<script>")

    assert "<script>" not in drawing_pad.reading_html(THREE, predict)


def test_the_figure_has_two_or_three_panels():
    reading = drawing_pad.read(THREE, always(3))
    for with_drawing, panels in ((True, 3), (False, 2)):
        figure = drawing_pad.reading_figure(reading, with_drawing=with_drawing)
        assert len(figure.axes) == panels
        bars = figure.axes[-1].patches
        assert [bar.get_width() for bar in bars] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        plt.close(figure)


def test_an_example_is_shown_where_nobody_can_draw(monkeypatch):
    shown = []
    monkeypatch.setattr(drawing_pad.plots, "show", lambda figure, alt: shown.append((figure, alt)))
    drawing_pad.show_reading(THREE, always(3))
    ((figure, alt),) = shown
    assert "the network reads 3" in alt
    assert len(figure.axes) == 3
    plt.close(figure)


def test_showing_an_empty_drawing_prints_why(capsys):
    drawing_pad.show_reading([], always(3))
    assert "the drawing is empty" in capsys.readouterr().out


def test_the_script_minds_what_pads_often_get_wrong():
    for needed in (
        "setPointerCapture",
        "pointercancel",
        "devicePixelRatio",
        "getBoundingClientRect",
        "save_changes",
    ):
        assert needed in drawing_pad.ESM, needed
    assert "touch-action: none" in drawing_pad.CSS
    assert "export default { render }" in drawing_pad.ESM
