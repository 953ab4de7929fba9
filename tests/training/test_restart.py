"""A restarted network is as good as new: its weights, its averages, and its optimizer."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.networks import builders
from helpers.training.restart import loss_on, restart, train_afresh

X = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 3)).astype("uint8")
Y = np.arange(32) % 10


def network(optimizer="adam"):
    net = builders.residual_net(input_shape=(8, 8, 3), blocks=1, filters=(4, 8))
    net.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return net


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_same_seed_repeats_a_training_to_the_last_digit(optimizer):
    net, losses, weights = network(optimizer), [], []
    for seed in (3, 4, 3):
        restart(net, seed)
        losses.append(net.fit(X, Y, batch_size=8, epochs=2, verbose=0).history["loss"])
        weights.append(net.get_weights())
    assert losses[0] == losses[2] != losses[1]
    for one, other in zip(weights[0], weights[2], strict=True):
        np.testing.assert_array_equal(one, other)


def test_everything_is_as_in_a_new_network():
    net = network(keras.optimizers.Adam(learning_rate=0.01))
    net.fit(X, Y, verbose=0)
    restart(net, 0)
    assert int(net.optimizer.iterations) == 0 and float(net.optimizer.learning_rate) == pytest.approx(0.01)
    for layer in net.layers:
        if isinstance(layer, layers.BatchNormalization):
            for weight, value in zip(layer.get_weights(), (1, 0, 0, 1), strict=True):
                np.testing.assert_array_equal(weight, value)
        if isinstance(layer, layers.Conv2D):
            (kernel,) = layer.get_weights()
            wanted = np.sqrt(2 / np.prod(kernel.shape[:3]))  # He's rule
            assert 0.6 * wanted < kernel.std() < 1.4 * wanted, layer.name
        if isinstance(layer, layers.Dense):
            assert not layer.get_weights()[1].any()


def test_equal_shapes_get_different_weights():
    net = network()
    restart(net, 0)
    kernels = [net.get_layer(name).get_weights()[0] for name in ("s1b1_conv1", "s1b1_conv2")]
    assert kernels[0].shape == kernels[1].shape and not np.allclose(*kernels)


def test_training_afresh_counts_its_steps_and_repeats_itself():
    net, weights = network(), []
    for seed in (3, 4, 3):
        assert train_afresh(net, X, Y, seed=seed, batch_size=12, epochs=2) == 4
        assert int(net.optimizer.iterations) == 4
        weights.append(net.get_weights())
    for one, other in zip(weights[0], weights[2], strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(weights[0][0], weights[1][0])


def test_too_few_images_for_a_batch_are_refused():
    with pytest.raises(ValueError, match="don't fill a batch of 64"):
        train_afresh(network(), X, Y, seed=0, batch_size=64, epochs=1)


def test_the_loss_is_that_of_evaluate():
    net = network()
    restart(net, 1)
    wanted = net.evaluate(X, Y, verbose=0)
    assert loss_on(net, X, Y) == pytest.approx(wanted, rel=1e-4)
    assert loss_on(net, X, Y[:, None]) == pytest.approx(wanted, rel=1e-4)
