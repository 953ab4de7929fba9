"""Notebook 08's drawing of an image on its way through random layers."""

import numpy as np
import pytest
from keras import layers

from helpers.drawings import random_layers

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def changes():
    return [layers.RandomTranslation((0.5, 0.5), (0.5, 0.5)), layers.RandomBrightness((0.2, 0.2))]


def test_each_layer_works_in_training_and_none_in_prediction():
    on = random_layers.stages(changes(), IMAGE, training=True)
    off = random_layers.stages(changes(), IMAGE, training=False)
    assert [len(on), len(off)] == [3, 3]
    assert np.array_equal(on[0], IMAGE)
    assert np.array_equal(on[1][6:, 6:], IMAGE[:6, :6])  # moved down and right by half
    assert (on[2] >= on[1]).all() and not np.array_equal(on[1], on[2])
    assert all(np.array_equal(image, IMAGE) for image in off)


def test_it_shows_a_row_for_each_pass_and_one_for_prediction():
    figure, alt = random_layers.draw(changes(), IMAGE, times=2)
    said = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert said.count("on") == 4 and said.count("off") == 2
    assert said.count("translation") == 3 and said.count("in prediction") == 1
    assert "translation, brightness" in alt
    assert sum(len(axis.images) for axis in figure.findobj(type(figure.axes[0]))) == 3 * 3


def test_the_layers_stay_as_they_are_and_the_figure_is_the_same_again():
    ours = [layers.RandomRotation(0.2, seed=4)]
    before = np.array(ours[0].generator.state)
    first, second = (random_layers.draw(ours, IMAGE)[0] for _ in range(2))
    assert np.array_equal(before, np.array(ours[0].generator.state))
    shown = [
        [image.get_array() for axis in figure.findobj(type(figure.axes[0])) for image in axis.images]
        for figure in (first, second)
    ]
    assert all(np.array_equal(one, other) for one, other in zip(*shown, strict=True))


@pytest.mark.parametrize(
    ("count", "shape", "message"),
    [(0, (8, 8, 3), "1 to 3"), (4, (8, 8, 3), "1 to 3"), (1, (8, 8), "must be")],
)
def test_what_cannot_be_drawn_is_refused(count, shape, message):
    with pytest.raises(ValueError, match=message):
        random_layers.draw([layers.RandomFlip()] * count, np.zeros(shape))
