"""Images in rows, and maps of shares below images."""

import numpy as np
import pytest

from helpers.drawings import made_figure

IMAGES = [np.full((8, 8, 3), 40 * k, np.uint8) for k in range(5)]


def test_every_image_has_its_title_and_empty_places_stay_empty():
    figure = made_figure.draw(IMAGES, titles=list("ABCDE"), columns=3, cell=2)
    assert [axis.get_title() for axis in figure.axes] == [*"ABCDE", ""]
    assert [len(axis.images) for axis in figure.axes] == [1, 1, 1, 1, 1, 0]
    assert np.array_equal(figure.axes[3].images[0].get_array(), IMAGES[3])
    assert figure.get_figwidth() == 6


@pytest.mark.parametrize(("images", "titles"), [(IMAGES, ["A"]), ([], [])])
def test_each_image_needs_a_title(images, titles):
    with pytest.raises(ValueError, match="titles"):
        made_figure.draw(images, titles=titles)


def test_zero_stays_white_and_each_map_is_divided_by_its_largest_size():
    maps = [np.array([[-4.0, 2.0]]), np.array([[0.5, 0.0]]), np.zeros((1, 2))]
    figure = made_figure.draw_shares(
        [one.astype(float) for one in IMAGES[:3]], maps, titles=list("abc"), below=list("def")
    )
    drawn = [axis.images[0] for axis in figure.axes[3:6]]
    assert [one.get_array().tolist() for one in drawn] == [[[-1, 0.5]], [[1, 0]], [[0, 0]]]
    assert all(one.get_clim() == (-1, 1) for one in drawn)
    assert [axis.get_title() for axis in figure.axes[:6]] == list("abcdef")
    labels = [text.get_text() for text in figure.axes[6].get_yticklabels()]
    assert labels == ["against", "0", "for"]


def test_a_ring_lies_around_the_same_place_of_image_and_map():
    figure = made_figure.draw_shares(
        IMAGES[:1], [np.zeros((2, 2))], titles=["a"], below=["b"], ring=(4, 2, 4, 2)
    )
    rings = [axis.patches[0] for axis in figure.axes[:2]]
    assert [(*ring.center, ring.width, ring.height) for ring in rings] == [(3.5, 1.5, 4, 2), (0.5, 0, 1, 0.5)]


def test_maps_and_images_belong_together():
    with pytest.raises(ValueError, match="as many"):
        made_figure.draw_shares(IMAGES[:2], [np.zeros((1, 1))], titles=["a", "b"], below=["c", "d"])
