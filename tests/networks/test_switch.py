"""A switch passes its input on or gives zeros, and training leaves it alone."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.networks import switch


def network():
    inputs = keras.Input(shape=(3,))
    x = layers.Dense(units=3)(inputs)
    return keras.Model(inputs, layers.Add()([x, switch.Switch()(inputs)]))


def test_off_is_the_plain_network_and_on_adds_the_input():
    net, x = network(), np.arange(6, dtype="float32").reshape(2, 3)
    with_shortcut = keras.ops.convert_to_numpy(net(x))
    switch.set_all(net, on=False)
    plain = keras.ops.convert_to_numpy(net(x))
    np.testing.assert_allclose(with_shortcut - plain, x, atol=1e-6)
    switch.set_all(net, on=True)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(net(x)), with_shortcut)


def test_it_is_not_trained():
    assert len(network().trainable_variables) == 2


def test_a_network_without_switches_is_refused():
    inputs = keras.Input(shape=(3,))
    with pytest.raises(ValueError, match="no Switch"):
        switch.set_all(keras.Model(inputs, layers.Dense(units=1)(inputs)), on=True)
