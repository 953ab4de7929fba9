"""Shifts and turns: what lands where, on small pictures that can be checked by eye or by another formula."""

import numpy as np
import pytest

from helpers.data import shifted


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(1, 256, size=(3, 6, 8), dtype=np.uint8)


def test_a_small_shift_by_eye():
    image = np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)
    assert shifted.shift_images(image, columns=1).tolist() == [[[0, 1, 2], [0, 4, 5]]]
    assert shifted.shift_images(image, rows=-1).tolist() == [[[4, 5, 6], [0, 0, 0]]]
    assert shifted.shift_images(image, rows=1, columns=-2).tolist() == [[[0, 0, 0], [3, 0, 0]]]


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (2, 0), (-2, 3), (5, -7), (1, 7)])
def test_shift_equals_moving_pixel_by_pixel(images, rows, columns):
    expected = np.zeros_like(images)
    for (image, row, column), value in np.ndenumerate(images):
        if 0 <= row + rows < 6 and 0 <= column + columns < 8:
            expected[image, row + rows, column + columns] = value
    before = images.copy()
    moved = shifted.shift_images(images, rows=rows, columns=columns)
    np.testing.assert_array_equal(moved, expected)
    assert moved.dtype == images.dtype and moved is not images
    np.testing.assert_array_equal(images, before)


def test_shift_moves_all_channels_together(images):
    color = np.stack([images, images, images], axis=-1).astype(np.float32)
    moved = shifted.shift_images(color, rows=np.int64(2), columns=1)
    assert moved.dtype == np.float32
    for channel in range(3):
        np.testing.assert_array_equal(moved[..., channel], shifted.shift_images(images, rows=2, columns=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 1.0}, "rows must be a whole number"),
        ({"columns": True}, "columns must be a whole number"),
        ({"columns": 8}, "out of its frame"),
        ({"rows": -6}, "out of its frame"),
    ],
)
def test_shift_refuses_what_it_cannot_do(images, options, message):
    with pytest.raises(ValueError, match=message):
        shifted.shift_images(images, **options)


@pytest.mark.parametrize("turn", [shifted.rotate_images, shifted.shift_images])
def test_one_image_without_its_axis_is_refused_with_the_remedy(images, turn):
    options = {"degrees": 10} if turn is shifted.rotate_images else {"rows": 1}
    with pytest.raises(ValueError, match=r"image\[np.newaxis\]"):
        turn(images[0], **options)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3, -1])
def test_quarter_turns_are_exact_and_counter_clockwise(quarters):
    images = np.random.default_rng(0).integers(0, 256, size=(2, 7, 7), dtype=np.uint8)
    turned = shifted.rotate_images(images, degrees=90 * quarters)
    np.testing.assert_array_equal(turned, np.rot90(images, k=quarters, axes=(1, 2)))


def test_a_turn_keeps_shape_type_and_the_middle():
    disc = np.zeros((1, 21, 21), dtype=np.uint8)
    rows, columns = np.mgrid[-10:11, -10:11]
    disc[0][rows**2 + columns**2 <= 49] = 200
    turned = shifted.rotate_images(disc, degrees=33.0)
    assert turned.shape == disc.shape and turned.dtype == np.uint8
    inside = rows**2 + columns**2 <= 25
    assert np.all(turned[0][inside] == 200) and np.all(turned[0][rows**2 + columns**2 > 81] == 0)


def test_turning_there_and_back_gives_nearly_the_same_picture():
    rows, columns = np.mgrid[-14:14, -14:14]
    smooth = (255 * np.exp(-((rows - 3) ** 2 + columns**2) / 30)).astype(np.uint8)[np.newaxis]
    back = shifted.rotate_images(shifted.rotate_images(smooth, degrees=30), degrees=-30)
    assert np.abs(back.astype(int) - smooth).max() < 12
    assert np.abs(shifted.rotate_images(smooth, degrees=30).astype(int) - smooth).max() > 30


def test_color_images_turn_too():
    images = np.random.default_rng(0).integers(0, 256, size=(2, 7, 7, 3), dtype=np.uint8)
    turned = shifted.rotate_images(images, degrees=90)
    np.testing.assert_array_equal(turned, np.rot90(images, axes=(1, 2)))


@pytest.mark.parametrize(
    ("images", "degrees", "message"),
    [
        (np.zeros((1, 5, 5), dtype=np.float32), 10, "uint8"),
        (np.zeros((1, 5, 5, 4), dtype=np.uint8), 10, "3 channels"),
        (np.zeros((1, 5, 5), dtype=np.uint8), "10", "finite number"),
        (np.zeros((1, 5, 5), dtype=np.uint8), float("nan"), "finite number"),
    ],
)
def test_rotate_refuses_what_it_cannot_do(images, degrees, message):
    with pytest.raises(ValueError, match=message):
        shifted.rotate_images(images, degrees=degrees)
