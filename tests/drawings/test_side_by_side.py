"""Images beside each other: each under its title, in rows if asked for."""

import numpy as np
import pytest

from helpers.drawings import side_by_side
from helpers.notebook import plots

IMAGES = {f"image {number}": np.full((20, 30, 3), 40 * number, np.uint8) for number in range(5)}


@pytest.fixture
def shown(monkeypatch):
    figures = []
    monkeypatch.setattr(plots, "show", lambda figure, **options: figures.append((figure, options)))
    return figures


def test_all_images_are_drawn_in_one_row_under_their_titles(shown):
    side_by_side.show(IMAGES, alt="Five gray images in a row.")
    ((figure, options),) = shown
    assert [axis.get_title() for axis in figure.axes] == list(IMAGES)
    assert options["alt"] == "Five gray images in a row."
    for axis, image in zip(figure.axes, IMAGES.values(), strict=True):
        assert (axis.images[0].get_array() == image).all()


def test_a_photograph_takes_little_room_unless_its_colors_matter(shown):
    side_by_side.show(IMAGES, alt="Five gray images in a row.")
    side_by_side.show(IMAGES, alt="Five gray images in a row.", colors=None)
    assert [options["colors"] for _, options in shown] == [side_by_side.COLORS, None]


def test_rows_that_are_not_full_end_in_empty_places(shown):
    side_by_side.show(IMAGES, alt="Five gray images in rows.", columns=3, width=6)
    ((figure, _),) = shown
    assert len(figure.axes) == 6 and not figure.axes[5].axison
    assert figure.get_size_inches()[0] == 6


def test_a_taller_image_gets_more_room(shown):
    side_by_side.show({"wide": np.zeros((10, 30, 3))}, alt="A wide image in black.")
    side_by_side.show({"tall": np.zeros((30, 10, 3))}, alt="A tall image in black.")
    (wide, _), (tall, _) = shown
    assert tall.get_size_inches()[1] > 2 * wide.get_size_inches()[1]


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="no images"):
        side_by_side.show({}, alt="Nothing at all to see here.")
