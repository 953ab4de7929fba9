"""helpers/training/fresh_averages: plain means of the batches, and nothing else changes."""

import numpy as np
import pytest

from helpers.notebook.quiet_keras import keras, layers
from helpers.training.fresh_averages import measure_anew


def network() -> keras.Model:
    inputs = keras.Input((3,))
    x = layers.BatchNormalization(name="first")(inputs)
    x = layers.Dense(4)(x)
    return keras.Model(inputs, layers.BatchNormalization(momentum=0.5, name="second")(x))


def test_the_averages_are_the_plain_means_of_the_batches():
    keras.utils.set_random_seed(0)
    model, x = network(), np.random.default_rng(0).normal(3, 2, size=(60, 3)).astype("float32")
    measure_anew(model, x, batch_size=20)
    parts = x.reshape(3, 20, 3)
    layer = model.get_layer("first")
    np.testing.assert_allclose(layer.moving_mean, parts.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, parts.var(axis=1).mean(axis=0), rtol=1e-5)
    again = [weight.copy() for weight in model.get_weights()]
    measure_anew(model, x, batch_size=20)  # what was there before counts nothing
    for old, new in zip(again, model.get_weights(), strict=True):
        np.testing.assert_allclose(old, new, rtol=1e-5)


def test_only_the_averages_change():
    model = network()
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
    measure_anew(model, np.ones((5, 3), "float32"), batch_size=2)
    for old, new in zip(before, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(old, keras.ops.convert_to_numpy(new))
    assert [layer.momentum for layer in (model.get_layer("first"), model.get_layer("second"))] == [0.99, 0.5]


def test_a_network_without_batchnorm_stays_as_it_is():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(2)(inputs))
    before = model.get_weights()
    measure_anew(model, np.ones((4, 3)))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_images_nothing_can_be_measured():
    with pytest.raises(ValueError, match="no images"):
        measure_anew(network(), np.ones((0, 3)))
