"""Filters as images: scale, order and what is refused."""

import numpy as np
import pytest

from helpers.drawings import filter_figure

FILTERS = np.random.default_rng(0).normal(size=(3, 3, 3, 10))
SIDE, STEP = 3 * filter_figure.ZOOM, 3 * filter_figure.ZOOM + filter_figure.GAP


def tile(image, number):
    top, left = STEP * (number // filter_figure.COLUMNS), STEP * (number % filter_figure.COLUMNS)
    return image[top : top + SIDE : filter_figure.ZOOM, left : left + SIDE : filter_figure.ZOOM]


def test_each_filter_is_drawn_on_its_own_scale():
    image = filter_figure.mosaic(FILTERS)
    for number in (0, 7, 8, 9):
        weights = FILTERS[..., number]
        np.testing.assert_allclose(tile(image, number), 0.5 + weights / np.abs(weights).max() / 2)
    assert image.min() >= 0 and image.max() <= 1 and (image[:SIDE, SIDE:STEP] == 1).all()


def test_a_dead_filter_is_gray():
    filters = FILTERS.copy()
    filters[..., 3] /= 1e5
    assert np.abs(tile(filter_figure.mosaic(filters), 3) - 0.5).max() < 0.01


def test_filters_need_three_channels():
    with pytest.raises(ValueError, match="rows, columns, 3, filters"):
        filter_figure.mosaic(FILTERS[:, :, :1])


def test_before_and_after_stand_side_by_side():
    titles = [axis.get_title() for axis in filter_figure.draw_filters(FILTERS, FILTERS).axes]
    assert titles == ["before training", "after training"]
