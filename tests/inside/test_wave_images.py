"""Images made of waves: their parts against NumPy, and that painting really climbs."""

import numpy as np
import pytest

from helpers.inside import wave_images
from helpers.notebook.quiet_keras import keras, layers

RNG = np.random.default_rng(0)
PHOTOS = RNG.integers(0, 256, (3, 8, 8, 1)) + RNG.integers(-20, 21, (3, 8, 8, 3))
COLORS = wave_images.shared_colors(PHOTOS)


def climber(size=16):
    """A network whose two maps are the red channel and its negative."""
    network = keras.Sequential([keras.Input((size, size, 3)), layers.Conv2D(2, 1, use_bias=False)])
    network.layers[-1].set_weights([np.array([[[[1, -1], [0, 0], [0, 0]]]], "float32")])
    return network


def test_colors_are_the_axes_of_the_photos_and_the_longest_is_gray():
    gram = COLORS @ COLORS.T
    assert np.allclose(gram - np.diag(np.diag(gram)), 0, atol=1e-6)
    assert np.linalg.norm(COLORS[-1]) == pytest.approx(1)
    assert np.abs(COLORS[-1]) == pytest.approx(3**-0.5, abs=0.02)
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(PHOTOS.reshape(-1, 3).T)))
    assert np.linalg.norm(COLORS, axis=1) == pytest.approx(spread / spread.max(), rel=1e-5)


def test_a_single_image_has_no_batch_and_is_refused():
    with pytest.raises(ValueError, match="photographs"):
        wave_images.shared_colors(PHOTOS[0])


def test_one_wave_is_a_cosine_in_its_color():
    waves = np.zeros((1, 2, 3, 16, 9), "float32")
    waves[0, 0, 2, 0, 2] = 0.01
    gray = np.eye(3, dtype="float32")
    image = wave_images.drawn(waves, gray, fade=1, finest=100)[0].numpy()
    field = np.log(image / (1 - image))
    expected = (
        0.01 * 2 / 2 * np.cos(2 * np.pi * 2 * np.arange(16) / 16)
    )  # amplitude, both halves, 1 / frequency
    assert field[..., 2] == pytest.approx(np.tile(expected, (16, 1)), abs=1e-4)
    assert field[..., :2] == pytest.approx(0, abs=1e-6)


def test_long_waves_count_most():
    waves = wave_images.start(1, 32, seed=0)
    smooth, rough = (wave_images.drawn(waves, COLORS, fade=fade).numpy() for fade in (2, 0.2))
    assert np.abs(np.diff(smooth, axis=2)).mean() < np.abs(np.diff(rough, axis=2)).mean() / 3
    assert np.array_equal(waves, wave_images.start(1, 32, seed=0))
    assert not np.array_equal(waves, wave_images.start(1, 32, seed=1))


def test_moving_keeps_the_middle_near_and_no_motion_changes_nothing():
    image = np.zeros((2, 33, 33, 1), "float32")
    image[:, 15:18, 15:18] = 1
    shifted = wave_images.moved(image, np.random.default_rng(1)).numpy()
    row, column = np.argwhere(shifted[0, ..., 0] > 0.5).mean(axis=0)
    assert 0 < max(abs(row - 16), abs(column - 16)) < 10
    assert np.array_equal(shifted[0], shifted[1])
    assert wave_images.moved(image, np.random.default_rng(1), motion=0).numpy() == pytest.approx(image)


@pytest.mark.parametrize("waves", [True, False])
def test_each_picture_climbs_for_its_own_filter(waves):
    red, dark = wave_images.paint(climber(), [0, 1], colors=COLORS, steps=30, seed=0, waves=waves)
    assert red.shape == (16, 16, 3) and red.dtype == np.uint8
    assert red[..., 0].mean() > 160 and dark[..., 0].mean() < 95


def test_a_class_is_a_logit_and_the_same_seed_paints_the_same():
    network = keras.Sequential([climber(), layers.GlobalAveragePooling2D()])
    once, again = (wave_images.paint(network, [1], colors=COLORS, steps=5, seed=3) for _ in range(2))
    assert np.array_equal(once, again) and once[..., 0].mean() < 127


@pytest.mark.parametrize("wanted", [[], [2], [-1]])
def test_filters_that_are_not_there_are_refused(wanted):
    with pytest.raises(ValueError, match="from 0 to 1"):
        wave_images.paint(climber(), wanted, colors=COLORS, steps=1, seed=0)
