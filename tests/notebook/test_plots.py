"""helpers.notebook.plots: figures carry their alt text, close themselves, and mark right and wrong twice."""

import base64
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


IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)
ALT = "Five small grey squares in a row."


def test_show_gives_png_and_alt_text_and_closes_the_figure(shown):
    figure, axes = plots.new_figure(columns=2)
    assert axes.shape == (2,)
    plots.show(figure, alt=ALT)
    ((data, options),) = shown
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert options["metadata"] == {"image/png": {"alt": ALT}} and ALT in data["text/plain"]
    assert plt.get_fignums() == []


def test_pyplot_does_not_know_the_figures(shown):
    # Widgets are answered in another thread, and pyplot's list of figures is shared by all threads.
    figure, _ = plots.new_figure()
    assert plt.get_fignums() == []
    mine = plt.figure()  # one that a notebook makes with pyplot is closed, or it would appear twice
    plots.show(mine, alt=ALT)
    plots.show(figure, alt=ALT)
    assert plt.get_fignums() == [] and len(shown) == 2


def test_the_same_figure_gives_the_same_bytes(shown):
    for _ in range(2):
        plots.image_grid(IMAGES, alt=ALT)
    assert shown[0][0]["image/png"] == shown[1][0]["image/png"]


@pytest.mark.parametrize("alt", ["", "figure", "a plot here"])
def test_alt_text_must_be_a_sentence(shown, alt):
    figure, _ = plots.new_figure()
    with pytest.raises(ValueError, match="alt text"):
        plots.show(figure, alt=alt)
    plt.close(figure)


@pytest.mark.parametrize("shape", [(5, 8, 8), (5, 8, 8, 1), (5, 8, 8, 3), (1, 8, 8)])
def test_grids_of_every_kind_of_image(shown, shape):
    plots.image_grid(np.zeros(shape, np.uint8), alt=ALT, columns=3)
    assert len(shown) == 1


def test_wrong_titles_are_marked_by_more_than_colour(shown, monkeypatch):
    kept = []
    monkeypatch.setattr(plots, "show", lambda figure, alt: kept.append(figure))
    plots.image_grid(IMAGES, titles=list("abcde"), good=[True, False, True, True, True], alt=ALT)
    titles = [axis.get_title() for axis in kept[0].axes]
    assert titles[:5] == ["a", "b ✗", "c", "d", "e"]
    plt.close(kept[0])


def test_curves_and_pixel_values_draw(shown):
    history = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.8], "val_loss": [1.1, 0.7], "val_accuracy": [0.4, 0.7]}
    plots.learning_curves({"MLP": history}, alt=ALT)
    plots.pixel_values(IMAGES[0], alt=ALT)
    plots.pixel_values(IMAGES[0] / 255, alt=ALT)
    assert len(shown) == 3


def test_a_figure_can_keep_its_colours():
    figure, axes = plots.new_figure(rows=1, columns=1, width=3, height=3)
    ramp = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    axes.flat[0].imshow(ramp, interpolation="nearest")
    colours = [
        len(Image.open(io.BytesIO(plots.small_png(figure, colours=limit))).convert("RGB").getcolors(10**6))
        for limit in (256, None)
    ]
    assert colours[0] <= 256 < 1000 < colours[1]
