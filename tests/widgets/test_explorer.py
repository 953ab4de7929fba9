"""The convolution explorer: its kernels, its figure, and the widget with its controls moved from Python."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.from_scratch.convolution import correlate
from helpers.notebook import plots
from helpers.widgets import explorer

DIGIT = np.random.default_rng(0).integers(0, 256, size=(28, 28)).astype(np.uint8)
SMALL = np.arange(30.0).reshape(5, 6)


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    before = plt.get_fignums()
    yield
    assert plt.get_fignums() == before


@pytest.mark.parametrize("size", range(2, 10))
def test_kernels_do_what_their_names_say(size):
    kernels = {name: explorer.make_kernel(name, size) for name in explorer.KERNELS}
    assert all(kernel.shape == (size, size) for kernel in kernels.values())
    sums = {name: round(kernel.sum(), 9) for name, kernel in kernels.items()}
    assert sums == {name: 0 if "edges" in name or name == "outline" else 1 for name in explorer.KERNELS}
    rightwards = np.tile(np.arange(size), (size, 1))
    np.testing.assert_array_equal(kernels["vertical edges"], kernels["horizontal edges"].T)
    assert (kernels["vertical edges"] * rightwards).sum() > 0
    assert (kernels["horizontal edges"] * rightwards).sum() == 0
    middle = (size - 1) // 2
    np.testing.assert_array_equal(np.argwhere(kernels["identity"]), [[middle, middle]])


def test_edge_kernels_of_size_three_are_sobels():
    np.testing.assert_array_equal(
        explorer.make_kernel("vertical edges", 3), [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    )
    np.testing.assert_array_equal(
        explorer.make_kernel("outline", 3), [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
    )


SETTINGS = [(3, 1, "valid"), (2, 3, "same"), (5, 8, "same")]  # size, stride, padding


@pytest.mark.parametrize(
    ("image", "name", "setting"),
    [(SMALL, name, setting) for name in explorer.KERNELS for setting in SETTINGS]
    + [
        (image, "outline", setting)
        for image in (DIGIT, np.zeros((6, 6)), np.stack([DIGIT] * 3, axis=-1))
        for setting in SETTINGS
    ],
)
def test_draw_makes_a_figure_and_says_what_it_shows(image, name, setting):
    size, stride, padding = setting
    figure, alt = explorer.draw(image, name, size, stride=stride, padding=padding)
    gray = image.mean(axis=-1) if image.ndim == 3 else image
    rows, columns = correlate(gray, np.ones((size, size)), strides=stride, padding=padding).shape
    assert f"{rows} by {columns} values" in alt and name in alt
    drawn = figure.axes[2].images[0].get_array()
    assert drawn.shape == (rows, columns)
    plt.close(figure)


def test_the_map_that_is_drawn_is_the_correlation():
    figure, _ = explorer.draw(DIGIT, "vertical edges", 3, stride=2, padding="same")
    expected = correlate(DIGIT / 255, explorer.make_kernel("vertical edges", 3), strides=2, padding="same")
    np.testing.assert_allclose(figure.axes[2].images[0].get_array(), expected)
    plt.close(figure)


@pytest.mark.parametrize(
    ("size", "stride", "title", "ring"),
    [
        (3, 3, "28 × 28, 30 × 30 with a ring of zeros", 30**2 - 28**2),
        (3, 2, "28 × 28, 29 × 29 with added zeros", 29**2 - 28**2),
        (1, 1, "\n28 × 28", 0),
    ],
)
def test_added_zeros_are_tinted_and_counted(size, stride, title, ring):
    figure, _ = explorer.draw(DIGIT, "blur", size, stride=stride, padding="same")
    axis = figure.axes[0]
    assert axis.get_title().endswith(title)
    assert axis.images[1].get_array().count() == ring
    plt.close(figure)


def test_a_map_with_both_signs_says_that_gray_is_zero():
    for name, gray in [("outline", True), ("blur", False)]:
        figure, _ = explorer.draw(SMALL, name)
        assert ("gray is 0" in figure.axes[2].get_title()) == gray
        plt.close(figure)


def test_values_are_written_short():
    figure, (axis,) = plots.new_figure()
    explorer.draw_values(axis, np.array([[-0.094, -0.04, 3.0], [12.96, 1e3, -2.26]]), low=-1, high=1)
    assert [text.get_text() for text in axis.texts] == ["−0.1", "0", "3", "13", "1000", "−2.3"]
    explorer.draw_values(axis, np.array([[0.125]]), low=-1, high=1, decimals=2)
    assert axis.texts[-1].get_text() == "0.12"
    written = len(axis.texts)
    explorer.draw_values(axis, np.ones((2, 2)), low=0, high=1, written=False)
    assert len(axis.texts) == written
    plt.close(figure)


def test_the_formula_names_every_number():
    text = explorer.formula(DIGIT, 3, stride=3, padding="same")
    assert text.startswith("height: floor((28 + 2 − 3) / 3) + 1 = 10; width:")


def test_without_a_live_front_end_there_is_one_still_figure(monkeypatch, capsys):
    monkeypatch.setenv("CNN_LIVE", "0")
    shown = []
    monkeypatch.setattr(plots, "show", lambda figure, *, alt: (shown.append(alt), plt.close(figure)))
    explorer.show(image=DIGIT, kernel="blur", size=5, stride=2, padding="same")
    assert len(shown) == 1 and '"blur"' in shown[0]
    assert "has controls" in capsys.readouterr().out


def test_a_live_front_end_gets_the_controls(monkeypatch):
    monkeypatch.setenv("CNN_LIVE", "1")
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    explorer.show(image=DIGIT, size=5)
    (box,) = shown
    assert type(box).__name__ == "VBox"


def test_without_ipywidgets_the_still_figure_is_shown(monkeypatch, capsys):
    monkeypatch.setenv("CNN_LIVE", "1")
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    monkeypatch.setattr(plots, "show", lambda figure, *, alt: plt.close(figure))
    explorer.show(image=DIGIT)
    assert "need the package ipywidgets" in capsys.readouterr().out


def test_moving_the_controls_redraws_the_picture():
    live = explorer.build(DIGIT)
    pictures = {live.picture.value}
    for name, value in [
        ("size", 5),
        ("stride", 3),
        ("padding", "same"),
        ("name", "blur"),
        ("name", "identity"),
        ("size", 1),
    ]:
        live.controls[name].value = value
        assert live.picture.value not in pictures, (name, value)
        assert re.search(
            r'<img alt="Convolution explorer: [^"]+" src="data:image/png;base64,', live.picture.value
        )
        pictures.add(live.picture.value)
    assert "10 × 10" not in live.picture.value and "28 + 0 − 1" in live.picture.value


def test_every_setting_of_the_controls_gives_a_picture_or_a_message(monkeypatch):
    """The figures are made, not painted: that is slow, and test_moving_the_controls_redraws_the_picture sees it."""
    monkeypatch.setattr(plots, "as_html", lambda figure, *, alt: f'<img alt="{alt}">')
    live = explorer.build(SMALL)
    for padding, size in (("valid", explorer.LARGEST), ("same", 1)):  # too large, and too small for edges
        live.controls["padding"].value, live.controls["size"].value = padding, size
        for name in live.controls["name"].options:
            live.controls["name"].value = name
            assert ("<img" in live.picture.value) != ("This does not work" in live.picture.value)


def test_a_kernel_that_does_not_fit_is_explained_and_can_be_fixed():
    live = explorer.build(SMALL, kernel="blur", size=7)
    assert "a 7×7 kernel does not fit on a 5×6 image" in live.picture.value
    live.controls["padding"].value = "same"
    assert "<img" in live.picture.value
    live.controls["name"].value, live.controls["size"].value = "vertical edges", 1
    assert "needs a size of at least 2" in live.picture.value


BAD = [
    (
        lambda: explorer.make_kernel("gabor", 3),
        ValueError,
        "unknown kernel 'gabor': choose one of identity, blur",
    ),
    (lambda: explorer.make_kernel("blur", 0), ValueError, "the kernel size must be at least 1"),
    (lambda: explorer.make_kernel("blur", 2.5), TypeError, "whole number"),
    (lambda: explorer.make_kernel("vertical edges", 1), ValueError, "at least 2"),
    (lambda: explorer.draw(SMALL, "blur", 6), ValueError, "does not fit on a 5×6 image"),
    (lambda: explorer.draw(SMALL, "blur", 3, stride=0), ValueError, "strides must be at least 1"),
    (lambda: explorer.draw(np.ones(9), "blur"), ValueError, "image must have the axes"),
    (lambda: explorer.draw("cat.png", "blur"), TypeError, "not text"),
    (lambda: explorer.build(np.ones((2, 5, 5, 1))), ValueError, "image must have the axes"),
    (lambda: explorer.build(SMALL, kernel="gabor"), ValueError, "unknown kernel"),
    (lambda: explorer.build(SMALL, padding="full"), ValueError, "unknown padding"),
    (lambda: explorer.build(SMALL, stride=0), ValueError, "the stride must be at least 1"),
    (lambda: explorer.show(image=SMALL, kernel="gabor"), ValueError, "unknown kernel"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_arguments_are_refused_in_the_readers_words(call, kind, message, monkeypatch):
    monkeypatch.setenv("CNN_LIVE", "0")
    with pytest.raises(kind, match=message):
        call()


def test_a_start_beyond_the_sliders_widens_them():
    live = explorer.build(DIGIT, size=15, stride=10)
    assert (live.controls["size"].value, live.controls["stride"].value) == (15, 10)
