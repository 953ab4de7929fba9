"""Pooling from scratch against Keras on random shapes, and what it says to bad arguments."""

import keras
import numpy as np
import pytest

from helpers.from_scratch.pooling import KINDS, pool2d

LAYERS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
MAPS = np.arange(96.0).reshape(2, 4, 4, 3)


def keras_pool(maps, kind, **options):
    if kind == "min":
        return -keras_pool(-maps, "max", **options)
    return keras.ops.convert_to_numpy(LAYERS[kind](**options, dtype="float64")(maps))


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("kind", KINDS)
def test_it_equals_keras(kind, seed):
    rng = np.random.default_rng(seed)
    size = tuple(rng.integers(1, 5, size=2).tolist())
    maps = rng.normal(size=(2, *rng.integers(max(size), 13, size=2), rng.integers(1, 4)))
    strides = None if seed % 4 == 0 else tuple(rng.integers(1, 5, size=2).tolist())
    padding = str(rng.choice(["valid", "same"]))
    expected = keras_pool(maps, kind, pool_size=size, strides=strides, padding=padding)
    found = pool2d(maps, size, strides=strides, padding=padding, kind=kind)
    assert found.shape == expected.shape and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_padding_is_never_a_candidate():
    below_zero = np.full((1, 3, 3, 1), -5.0)
    for kind in KINDS:
        assert (pool2d(below_zero, 2, padding="same", kind=kind) == -5).all(), kind


def test_values_by_hand():
    window = np.array([[1.0, 3], [5, 7]])[None, :, :, None]
    assert [pool2d(window, kind=kind).item() for kind in KINDS] == [7, 4, 1]


def test_the_number_of_channels_stays():
    assert pool2d(np.ones((1, 2, 2, 3))).shape == (1, 1, 1, 3)
    assert pool2d(np.ones((5, 28, 28, 32))).shape == (5, 14, 14, 32)


def test_bytes_are_taken_and_a_nan_spreads():
    assert pool2d(np.full((1, 2, 2, 1), 255, np.uint8), kind="average").item() == 255
    assert pool2d(np.array([[True, False], [False, False]])[None, :, :, None]).item() == 1
    holed = MAPS.copy()
    holed[0, 0, 0, 0] = np.nan
    for kind in KINDS:
        assert np.isnan(pool2d(holed, kind=kind)).sum() == 1


BAD = [
    (lambda: pool2d(MAPS[0]), ValueError, r"axes \(images, height, width, channels\), so 4 of them, not 3"),
    (lambda: pool2d("maps"), TypeError, "not text"),
    (lambda: pool2d(MAPS[:0]), ValueError, "images is empty"),
    (lambda: pool2d(MAPS, 0), ValueError, "pool_size must be at least 1"),
    (lambda: pool2d(MAPS, 2.0), TypeError, "pool_size must be a whole number"),
    (lambda: pool2d(MAPS, (2, 2, 2)), ValueError, r"pool_size must be a whole number or a pair"),
    (lambda: pool2d(MAPS, 5), ValueError, "does not fit on a 4×4 image"),
    (lambda: pool2d(MAPS, 2, strides=0), ValueError, "strides must be at least 1"),
    (lambda: pool2d(MAPS, 2, padding="full"), ValueError, "unknown padding"),
    (lambda: pool2d(MAPS, 2, padding=1), ValueError, "unknown padding"),
    (
        lambda: pool2d(MAPS, 2, kind="mean"),
        ValueError,
        'unknown kind .mean.: choose "max", "average" or "min"',
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_arguments_are_refused_in_the_readers_words(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
