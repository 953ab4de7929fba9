"""The masks of Emoji-10's objects: they cover the object, all of it, and nothing else."""

import numpy as np
import pytest

from helpers.data import datasets, emoji10


@pytest.fixture(scope="module")
def scenes():
    return emoji10.scenes(200, seed=2, size=64)[0], emoji10.scenes(200, seed=2, size=64, objects=False)[0]


def test_outside_the_mask_the_scene_is_its_background(scenes):
    images, without = scenes
    masks = emoji10.object_masks(images, without, least=1)
    assert masks.shape == images.shape[:3] and masks.dtype == bool
    assert np.array_equal(images[~masks], without[~masks])
    assert (images[masks] != without[masks]).any(axis=-1).all()


def test_the_object_covers_a_part_of_every_scene_but_not_all(scenes):
    area = emoji10.object_masks(*scenes).mean(axis=(1, 2))
    assert area.min() > 0.02 and area.max() < 0.95
    assert 0.2 < area.mean() < 0.6


def test_the_corners_are_nearly_always_background(scenes):
    masks = emoji10.object_masks(*scenes)
    corners = masks[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    middle = masks[:, 28:36, 28:36]
    assert corners.mean() < 0.2 and middle.mean() > 0.6


def test_a_larger_least_leaves_out_what_differs_less():
    scenes = np.full((1, 2, 2, 3), 100, np.uint8)
    without = scenes.copy()
    scenes[0, 0, 0, 1], scenes[0, 1, 1, 2], scenes[0, 0, 1, 0] = 108, 92, 107
    scenes[0, 1, 0, 1] = 95  # darker by 5: less than `least`, and no wrapping round in uint8
    mask = emoji10.object_masks(scenes, without)
    assert mask.tolist() == [[[True, False], [False, True]]]
    assert emoji10.object_masks(scenes, without, least=7).sum() == 3


def test_they_fit_the_test_set_that_the_lessons_use():
    data = datasets.load("emoji10")
    without = emoji10.scenes(len(data.x_test), seed=2, objects=False)[0]
    other = emoji10.scenes(len(data.x_test), seed=4, objects=False)[0]
    right = emoji10.object_masks(data.x_test, without).mean()
    assert right < 0.6 < emoji10.object_masks(data.x_test, other).mean()
    new_art = emoji10.scenes(len(data.x_new_art), seed=3, art="new", objects=False)[0]
    assert emoji10.object_masks(data.x_new_art, new_art).mean() < 0.6


def test_arrays_that_do_not_belong_together_are_refused(scenes):
    with pytest.raises(ValueError, match="two arrays of the same scenes"):
        emoji10.object_masks(scenes[0], scenes[1][:5])
    with pytest.raises(ValueError, match="unknown art"):
        emoji10.scenes(3, seed=0, art="old", objects=False)[0]
