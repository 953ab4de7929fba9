"""helpers.notebook.plots: figures carry their alt text, close themselves, and mark right and wrong twice."""

import base64
import html
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from helpers.notebook import plots


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: calls.append((data, options)))
    return calls


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are shown, not encoded."""
    figures = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: figures.append(figure))
    return figures


IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)
ALT = "Five small gray squares in a row."


def test_show_gives_png_and_alt_text_and_closes_the_figure(shown):
    figure, axes = plots.new_figure(columns=2, width=2, height=1)
    assert axes.shape == (2,)
    plots.show(figure, alt=ALT)
    ((data, options),) = shown
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert options["metadata"] == {"image/png": {"alt": ALT}} and ALT in data["text/plain"]


def test_as_html_carries_the_alt_text_safely():
    figure, _ = plots.new_figure(width=1, height=1)
    image = plots.as_html(figure, alt='a "quoted" < text')
    assert f'alt="{html.escape("""a "quoted" < text""")}"' in image and "data:image/png;base64,iVBOR" in image


def test_pyplot_does_not_know_the_figures(shown):
    # Widgets are answered in another thread, and pyplot's list of figures is shared by all threads.
    figure, _ = plots.new_figure(width=1, height=1)
    assert plt.get_fignums() == []
    mine = plt.figure(
        figsize=(1, 1)
    )  # one that a notebook makes with pyplot is closed, or it would appear twice
    plots.show(mine, alt=ALT)
    plots.show(figure, alt=ALT)
    assert plt.get_fignums() == [] and len(shown) == 2


def test_the_same_figure_gives_the_same_bytes(shown):
    for _ in range(2):
        plots.image_grid(IMAGES[:2], alt=ALT, columns=2)
    assert shown[0][0]["image/png"] == shown[1][0]["image/png"]


@pytest.mark.parametrize("alt", ["", "figure", "a plot here"])
def test_alt_text_must_be_a_sentence(shown, alt):
    figure, _ = plots.new_figure()
    with pytest.raises(ValueError, match="alt text"):
        plots.show(figure, alt=alt)


@pytest.mark.parametrize("shape", [(5, 8, 8), (5, 8, 8, 1), (5, 8, 8, 3), (1, 8, 8)])
def test_grids_of_every_kind_of_image(drawn, shape):
    plots.image_grid(np.zeros(shape, np.uint8), alt=ALT, columns=3)
    (figure,) = drawn
    assert [len(axis.images) for axis in figure.axes] == [1] * shape[0] + [0] * (-shape[0] % 3)
    assert all(not axis.axison for axis in figure.axes)


@pytest.mark.parametrize(
    ("images", "columns", "message"),
    [([], 3, "there are no images to show"), (np.zeros((2, 8, 8)), 0, "columns must be at least 1")],
)
def test_a_grid_of_nothing(images, columns, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images, alt=ALT, columns=columns)


def test_wrong_titles_are_marked_by_more_than_color(drawn):
    plots.image_grid(IMAGES, titles=list("abcde"), good=[True, False, True, True, True], alt=ALT)
    titles = [axis.get_title() for axis in drawn[0].axes]
    assert titles[:5] == ["a", "b ✗", "c", "d", "e"]
    assert [axis.title.get_color() for axis in drawn[0].axes[:2]] == [plots.BLUE, plots.RED]


def test_dollars_in_a_name_are_no_formula(drawn):
    plots.image_grid(IMAGES[:2], titles=["$5 and $10", "$\\frac"], alt=ALT, columns=2)
    plots.small_png(drawn[0])
    assert not any(axis.title.get_parse_math() for axis in drawn[0].axes)


def test_integers_span_0_to_255_and_floats_what_is_asked():
    _, (axis,) = plots.new_figure()
    plots.draw_image(axis, IMAGES[0] // 2)
    plots.draw_image(axis, IMAGES[0] / 255, low=-1, high=1)
    assert [image.get_clim() for image in axis.images] == [(0, 255), (-1, 1)]


def test_curves_show_training_solid_and_validation_dashed(drawn):
    history = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.8], "val_loss": [1.1, 0.7], "val_accuracy": [0.4, 0.7]}
    plots.learning_curves({"MLP": history, "CNN": {"loss": [2], "accuracy": [0.1]}}, alt=ALT)
    loss, accuracy = drawn[0].axes
    styles = [("MLP, training", "-"), ("MLP, validation", "--"), ("CNN, training", "-")]
    for axis, metric in ((loss, "loss"), (accuracy, "accuracy")):
        assert [(line.get_label(), line.get_linestyle()) for line in axis.lines] == styles
        assert list(axis.lines[0].get_ydata()) == history[metric]
        assert list(axis.lines[1].get_ydata()) == history[f"val_{metric}"]
        assert list(axis.lines[1].get_xdata()) == [1, 2]


def test_a_figure_can_keep_its_colors():
    figure, axes = plots.new_figure(rows=1, columns=1, width=3, height=3)
    ramp = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    axes.flat[0].imshow(ramp, interpolation="nearest")
    colors = [
        len(Image.open(io.BytesIO(plots.small_png(figure, colors=limit))).convert("RGB").getcolors(10**6))
        for limit in (256, None)
    ]
    assert colors[0] <= 256 < 1000 < colors[1]
