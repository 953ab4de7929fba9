"""The share of the power that all images have in common: by pencil, and that it leaves a model as it was."""

import math

import keras
import numpy as np
import pytest
from keras import layers

from helpers.inside import common_share, diagnostics
from helpers.networks import builders


def images(count=4, side=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3)).astype("uint8")


def test_shares_by_pencil():
    assert common_share.of([[3.0, 1.0], [3.0, 1.0]]) == pytest.approx(1.0)  # the same for both
    assert common_share.of([[3.0, 0.0], [0.0, 3.0]]) == pytest.approx(0.5)  # 1/n: nothing in common
    assert common_share.of([[1.0, -2.0], [-1.0, 2.0]]) == 0.0  # the mean is 0
    assert common_share.of([[5.0], [7.0]]) == pytest.approx(36 / 37)  # mean 6, squares 25 and 49
    assert math.isnan(common_share.of(np.zeros((3, 2))))


def test_the_scale_does_not_matter_even_where_squares_are_tiny():
    values = np.array([[3.0, 1.0], [2.0, 5.0]])
    assert common_share.of(values * 1e-30) == pytest.approx(common_share.of(values))
    assert common_share.of((values * 1e-30).astype("float32")) == pytest.approx(common_share.of(values))


@pytest.mark.parametrize("values", [[[1.0, 2.0]], [1.0, 2.0], 3.0])
def test_one_image_has_nothing_to_compare_with(values):
    with pytest.raises(ValueError, match="at least two images"):
        common_share.of(values)


@pytest.mark.parametrize("batch_norm", [False, "before", "after"])
def test_a_deep_net_layer_by_layer(batch_norm):
    model = builders.vgg(input_shape=(16, 16, 3), width=0.05, batch_norm=batch_norm)
    shares = common_share.by_layer(model, images())
    assert list(shares) == [f"relu_{number}" for number in range(1, 11)]
    assert all(0.2 < share <= 1.0 for share in shares.values())


def test_relu_as_an_activation_counts_too_and_values_are_those_of_the_layer():
    inputs = keras.Input((2,))
    hidden = layers.Dense(2, activation="relu", name="hidden")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.set_weights([np.array([[1, -1], [1, 0]]), np.zeros(2), np.ones((2, 1)), np.zeros(1)])
    x = np.array([[1.0, 2.0], [2.0, 0.0]])  # hidden: (3, 0) and (2, 0)
    assert common_share.by_layer(model, x) == {"hidden": pytest.approx(2.5**2 / 6.5)}


def test_relu_layers_are_those_that_can_have_dead_units():
    """`ReLU` with a slope cuts nothing off; the function does, and so does ReLU6."""
    x = inputs = keras.Input((3,))
    for operation in (
        layers.ReLU(name="layer"), layers.ReLU(negative_slope=0.1, name="slope"), keras.ops.relu,
        layers.Activation("relu6", name="six"),
    ):  # fmt: skip
        x = operation(x)
    model = keras.Model(inputs, x)
    shares = common_share.by_layer(model, np.eye(3))
    assert list(shares) == list(diagnostics.dead_units(model, np.eye(3))) and len(shares) == 3


def test_training_uses_the_batch_and_leaves_the_moving_averages_alone():
    model = builders.vgg(input_shape=(16, 16, 3), width=0.05, batch_norm="before")
    before = [weight.numpy() for weight in model.weights]
    with_batch = common_share.by_layer(model, images())
    assert common_share.by_layer(model, images()) == with_batch
    assert common_share.by_layer(model, images(), training=False) != with_batch
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_words_for_what_does_not_fit():
    inputs = keras.Input((2,))
    with pytest.raises(ValueError, match="no ReLU layer"):
        common_share.by_layer(keras.Model(inputs, layers.Dense(1)(inputs)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="this model takes numbers"):
        common_share.by_layer(builders.vgg(input_shape=(16, 16, 3), width=0.05), np.ones((2, 8, 8, 3)))
