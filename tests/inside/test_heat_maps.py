"""Maps as pictures: scaling, resizing against Keras, occlusion spread over pixels, and the overlay."""

import keras
import matplotlib
import numpy as np
import pytest

from helpers.inside.heat_maps import as_heat_map, overlay, per_pixel


def test_a_map_is_scaled_by_its_largest_value_and_what_is_below_zero_counts_as_zero():
    heat = as_heat_map([[2, -3], [1, 4]])
    assert heat.dtype == np.float32
    np.testing.assert_array_equal(heat, [[0.5, 0], [0.25, 1]])


def test_each_map_of_a_batch_is_scaled_by_itself_and_a_map_of_zeros_stays_so():
    maps = np.stack([np.full((2, 3), 5.0), np.zeros((2, 3)), -np.ones((2, 3))])
    with np.errstate(all="raise"):
        heat = as_heat_map(maps, (4, 6))
    assert heat.shape == (3, 4, 6)
    assert (heat[0] == 1).all() and (heat[1:] == 0).all()


def test_bilinear_by_pencil():
    """Two cells over four pixels: centres at 0.5 and 2.5 of four, so a quarter and three quarters between."""
    np.testing.assert_allclose(as_heat_map([[0, 8]], (1, 4)), [[0, 0.25, 0.75, 1]], atol=1e-7)


@pytest.mark.parametrize("size", [(7, 5), (12, 20), (3, 4), (1, 1), (2, 9)])
def test_resizing_is_that_of_keras(size):
    maps = np.random.default_rng(0).random((2, 3, 4))
    expected = keras.ops.image.resize(maps[..., None].astype("float32"), size, interpolation="bilinear")
    expected = np.asarray(expected)[..., 0]
    expected = expected / expected.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(as_heat_map(maps, size), expected, atol=1e-6)
    np.testing.assert_allclose(as_heat_map(maps[1], size), expected[1], atol=1e-6)


def test_the_given_map_is_left_alone():
    given = np.array([[2.0, -1.0]], "float32")
    as_heat_map(given)
    np.testing.assert_array_equal(given, [[2, -1]])


def test_occlusion_per_pixel_by_pencil():
    """Patches of 2 at steps of 1 on a 2×4 image: three places; the inner columns are hidden by two of them."""
    found = per_pixel([[0.2, 0.6, -0.4]], (2, 4), patch=2, stride=1)
    np.testing.assert_allclose(found, [[0.2, 0.4, 0.1, -0.4]] * 2, atol=1e-7)


def test_pixels_that_no_patch_hid_have_zero():
    found = per_pixel(np.ones((1, 2)), (3, 5), patch=2, stride=2)
    np.testing.assert_array_equal(found, [[1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]])


def test_overlay_mixes_image_and_colour():
    image = np.random.default_rng(0).integers(0, 256, size=(3, 4, 3), dtype=np.uint8)
    heat = np.linspace(0, 1, 12).reshape(3, 4)
    colour = matplotlib.colormaps["inferno"](heat)[..., :3] * 255
    mixed = overlay(image, heat, strength=0.3)
    assert mixed.dtype == np.uint8 and mixed.shape == (3, 4, 3)
    np.testing.assert_allclose(mixed, 0.7 * image + 0.3 * colour, atol=0.5)
    np.testing.assert_array_equal(overlay(image, heat, strength=0), image)
    np.testing.assert_allclose(overlay(image, heat, strength=1), colour, atol=0.5)
    assert (overlay(image, heat, colors="magma") != overlay(image, heat)).any()


def test_a_float32_one_is_the_last_colour():
    """Matplotlib takes whole numbers for places in its table: a map of integers must still mean 0 to 1."""
    image = np.zeros((1, 2, 3), np.uint8)
    expected = overlay(image, [[0.0, 1.0]], strength=1)
    np.testing.assert_array_equal(overlay(image, [[0, 1]], strength=1), expected)
    assert expected[0, 1].min() > 150 and expected[0, 0].max() < 10


def test_grey_images_and_floats_are_taken():
    grey = np.random.default_rng(0).integers(0, 256, size=(3, 4), dtype=np.uint8)
    expected = overlay(np.stack([grey] * 3, axis=-1), np.zeros((3, 4)))
    for image in (grey, grey[..., None], grey.astype("float32")):
        np.testing.assert_array_equal(overlay(image, np.zeros((3, 4))), expected)


MAP, IMAGE = np.zeros((4, 5)), np.zeros((4, 5, 3), np.uint8)
BAD = [
    (lambda: as_heat_map(np.zeros(3)), ValueError, r"a map \(rows, columns\) .*, not 3 of float64"),
    (lambda: as_heat_map(np.zeros((2, 3, 4, 1))), ValueError, "not 2×3×4×1"),
    (lambda: as_heat_map(np.zeros((0, 3))), ValueError, "not 0×3"),
    (lambda: as_heat_map([["a"]]), ValueError, "a map"),
    (lambda: as_heat_map([[np.nan, 1]]), ValueError, "NaN"),
    (lambda: as_heat_map(MAP, (3, 0)), ValueError, "size must be at least 1"),
    (lambda: as_heat_map(MAP, (3, 4, 5)), ValueError, "size must be"),
    (lambda: as_heat_map(MAP, 2.5), TypeError, "size must be a whole number"),
    (lambda: per_pixel(MAP, (32, 32)), ValueError, "4×5, and patches of 8 .* steps of 4 have 7×7 places"),
    (lambda: per_pixel(MAP, (32, 32), patch=0), ValueError, "patch must be at least 1"),
    (lambda: overlay(IMAGE[0], MAP), ValueError, "heat map is 4×5 and the image 5×3"),
    (lambda: overlay(IMAGE[None], MAP), ValueError, r"one image .* not 1×4×5×3 of uint8"),
    (lambda: overlay(IMAGE[..., :2], MAP), ValueError, "not 4×5×2"),
    (lambda: overlay(np.full((4, 5, 3), 0.5), MAP), ValueError, "0 to 255, and these go from 0.5 to 0.5"),
    (lambda: overlay(np.full((4, 5, 3), 256), MAP), ValueError, "0 to 255"),
    (lambda: overlay(np.full((4, 5, 3), np.nan), MAP), ValueError, "0 to 255"),
    (lambda: overlay(IMAGE, MAP.T), ValueError, "5×4 and the image 4×5: as_heat_map"),
    (lambda: overlay(IMAGE, MAP[None]), ValueError, "1×4×5 and the image 4×5"),
    (lambda: overlay(IMAGE, MAP + 2), ValueError, "from 2 to 2, not 0 to 1: scale it by as_heat_map"),
    (lambda: overlay(IMAGE, MAP - 1), ValueError, "not 0 to 1"),
    (lambda: overlay(IMAGE, MAP, strength=1.5), ValueError, "strength must be from 0"),
    (lambda: overlay(IMAGE, MAP, colors="infernal"), ValueError, "no color map 'infernal'"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_what_makes_no_picture_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
