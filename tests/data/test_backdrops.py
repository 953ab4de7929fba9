"""Emoji-10's objects before other backdrops."""

import numpy as np
import pytest

from helpers.data import backdrops, emoji10
from helpers.data.specs import CIFAR10_CLASSES

IMAGES, LABELS, MASKS = backdrops.objects(40, seed=3)


def test_objects_are_the_scenes_of_emoji10_with_their_masks():
    scenes, labels = emoji10.scenes(40, seed=3)
    assert np.array_equal(IMAGES, scenes) and np.array_equal(LABELS, labels)
    assert MASKS.shape == (40, 32, 32) and MASKS.any(axis=(1, 2)).all() and not MASKS.all(axis=(1, 2)).any()


def test_only_what_is_outside_the_masks_is_painted_over():
    before = IMAGES.copy()
    home = backdrops.painted(IMAGES, MASKS, LABELS, seed=1)
    away = backdrops.painted(IMAGES, MASKS, (LABELS + 1) % 10, seed=1)
    assert home.dtype == np.uint8 and np.array_equal(IMAGES, before)
    assert np.array_equal(home[MASKS], IMAGES[MASKS]) and np.array_equal(away[MASKS], IMAGES[MASKS])
    assert (home[~MASKS] != away[~MASKS]).any(axis=-1).mean() > 0.95


def test_each_class_has_a_backdrop_near_its_color():
    assert list(backdrops.HOMES) == list(CIFAR10_CLASSES)
    home = backdrops.painted(IMAGES, MASKS, LABELS, seed=1)
    for image, mask, label in zip(home, MASKS, LABELS, strict=True):
        distances = np.abs(backdrops.COLORS - image[~mask].mean(axis=0)).sum(axis=1)
        assert distances.argmin() == label


def test_the_four_of_the_opening():
    four = backdrops.ship_and_horse()
    assert four.shape == (4, 32, 32, 3) and four.dtype == np.uint8
    nearest = [np.abs(backdrops.COLORS - image[:4].mean(axis=(0, 1))).sum(axis=1).argmin() for image in four]
    assert [CIFAR10_CLASSES[k] for k in nearest] == ["ship", "horse", "horse", "ship"]


def test_the_same_seed_paints_the_same():
    twice = [backdrops.painted(IMAGES, MASKS, LABELS, seed=4) for _ in range(2)]
    assert np.array_equal(*twice)
    assert not np.array_equal(twice[0], backdrops.painted(IMAGES, MASKS, LABELS, seed=5))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="fit together"):
        backdrops.painted(IMAGES, MASKS[:3], LABELS, seed=1)
    with pytest.raises(ValueError, match="classes from 0 to 9"):
        backdrops.painted(IMAGES, MASKS, LABELS + 1, seed=1)
