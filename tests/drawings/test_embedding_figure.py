"""Flat maps: every point is there, in its class's color and mark, with a legend."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnnotationBbox

from helpers.drawings import embedding_figure
from helpers.notebook import plots

POINTS = np.random.default_rng(0).normal(size=(7, 2))
LABELS = np.array([0, 1, 2, 0, 1, 2, 2])
NAMES = ("fish", "tool", "mill")
IMAGES = np.zeros((7, 128, 128, 3), np.uint8)


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_every_photo_stands_near_its_point_with_the_color_of_its_class():
    figure = embedding_figure.draw_photos(POINTS, IMAGES, LABELS, NAMES)
    boxes = [one for one in figure.axes[0].artists if isinstance(one, AnnotationBbox)]
    for found, wanted in zip(np.transpose([box.xy for box in boxes]), POINTS.T, strict=True):
        assert np.corrcoef(found, wanted)[0, 1] > 0.99
    assert [to_hex(box.patch.get_edgecolor()).upper() for box in boxes] == [plots.COLORS[k] for k in LABELS]
    assert legend(figure) == list(NAMES)


def test_no_photo_covers_another():
    crowd = np.vstack([POINTS[[0] * 5] + 0.01 * POINTS[:5], POINTS[5:]])
    figure = embedding_figure.draw_photos(crowd, IMAGES, LABELS, NAMES)
    places = np.array([box.xy for box in figure.axes[0].artists])
    gaps = np.abs(places[:, np.newaxis] - places[np.newaxis]).max(axis=-1)
    assert gaps[~np.eye(7, dtype=bool)].min() > embedding_figure.FRAMED - 0.1 > embedding_figure.THUMBNAIL


def test_what_overlaps_is_pushed_apart_and_the_rest_stays():
    places = np.array([[0.0, 0], [0, 0], [3, 8], [100, 100]])
    moved = embedding_figure.apart(places, 10)
    gaps = np.abs(moved[:, np.newaxis] - moved[np.newaxis]).max(axis=-1)
    assert gaps[~np.eye(4, dtype=bool)].min() > 9.9
    assert np.array_equal(moved[3], places[3]) and np.array_equal(places[0], [0, 0])


def test_marks_of_a_class_are_where_its_points_are_in_every_map():
    figure = embedding_figure.draw_marks({"one": POINTS, "two": -POINTS, "three": POINTS}, LABELS, NAMES)
    assert [axis.get_title() for axis in figure.axes] == ["one", "two", "three", ""]
    for k, cloud in enumerate(figure.axes[1].collections):
        assert np.array_equal(cloud.get_offsets(), -POINTS[k == LABELS])
    assert legend(figure) == list(NAMES)


def test_clouds_show_their_first_two_dimensions_on_one_scale():
    clouds = [np.arange(12).reshape(4, 3), np.ones((2, 3))]
    (axis,) = embedding_figure.draw_clouds({"truth": clouds}).axes
    assert np.array_equal(axis.collections[0].get_offsets(), clouds[0][:, :2])
    assert axis.get_aspect() == 1 and axis.get_title() == "truth"


@pytest.mark.parametrize(
    ("points", "labels", "images"),
    [(POINTS[:3], LABELS, IMAGES), (POINTS, LABELS + 1, IMAGES), (POINTS, LABELS, IMAGES[:3])],
)
def test_what_does_not_fit_together_is_refused(points, labels, images):
    with pytest.raises(ValueError, match="points|names"):
        embedding_figure.draw_photos(points, images, labels, NAMES)
