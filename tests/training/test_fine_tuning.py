"""Fine-tuning that starts over: the same start, the same steps, the same weights."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.training.fine_tuning import start_over

X = np.random.default_rng(0).normal(size=(24, 5)).astype("float32")
Y = np.arange(24) % 3


@pytest.fixture
def network():
    keras.utils.set_random_seed(7)
    net = keras.Sequential(
        [keras.Input((5,)), layers.BatchNormalization(), layers.Dense(3, activation="softmax")]
    )
    net.compile(keras.optimizers.Adam(0.5), "sparse_categorical_crossentropy")
    return net


def trained(net, start, *, seed=1, rate=0.01):
    start_over(net, start, seed=seed, rate=rate)
    net.fit(X, Y, batch_size=6, epochs=2, verbose=0)
    return net.get_weights()


def test_the_same_start_and_seed_repeat_a_training_to_the_last_digit(network):
    start = network.get_weights()
    first, other, again = (trained(network, start, seed=seed) for seed in (1, 2, 1))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(first, other, strict=True))


def test_the_optimizer_forgets_and_gets_its_rate(network):
    start = network.get_weights()
    trained(network, start)
    start_over(network, start, seed=0, rate=0.25)
    assert int(network.optimizer.iterations) == 0
    assert float(network.optimizer.learning_rate) == pytest.approx(0.25)
    for one, two in zip(network.get_weights(), start, strict=True):  # BatchNorm's averages, too
        np.testing.assert_array_equal(one, two)


def test_a_larger_rate_moves_the_weights_farther(network):
    start = network.get_weights()
    moved = [np.abs(trained(network, start, rate=rate)[-2] - start[-2]).max() for rate in (0.001, 0.1)]
    assert moved[1] > 10 * moved[0] > 0


def test_it_is_the_network_compiled_before(network):
    """No new compilation: what was frozen when it was compiled stays as it is."""
    network.layers[0].trainable = False
    network.compile("adam", "sparse_categorical_crossentropy")
    start = network.get_weights()
    after = trained(network, start)
    for one, two in zip(after[:4], start[:4], strict=True):
        np.testing.assert_array_equal(one, two)


def test_what_cannot_start_over(network):
    start = network.get_weights()
    with pytest.raises(ValueError, match="must be positive, not 0"):
        start_over(network, start, seed=0, rate=0)
    with pytest.raises(ValueError):
        start_over(network, start[:-1], seed=0, rate=0.1)
    never_compiled = keras.Sequential([keras.Input((5,)), layers.Dense(3)])
    with pytest.raises(ValueError, match="needs a compiled model"):
        start_over(never_compiled, never_compiled.get_weights(), seed=0, rate=0.1)
