"""Every backward pass against finite differences and TensorFlow, on random shapes; and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.from_scratch import backprop, backward, batchnorm, convolution
from helpers.from_scratch.pooling import pool2d

SEEDS = range(3)


def both(forward, back, arguments, tensorflow):
    tried, theirs = backward.gaps(forward, back, arguments, tensorflow=tensorflow)
    assert tried < 1e-7 and theirs < 1e-12


@pytest.mark.parametrize("seed", SEEDS)
def test_dense(seed):
    rng = np.random.default_rng(seed)
    examples, inputs, units = rng.integers(1, 7, size=3)
    arguments = [rng.normal(size=shape) for shape in ((examples, inputs), (inputs, units), units)]
    both(lambda x, w, b: x @ w + b, backward.dense, arguments, lambda x, w, b: x @ w + b)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4, 2)])
def test_relu(shape):
    x = np.random.default_rng(0).normal(size=shape)
    both(lambda x: np.maximum(x, 0), backward.relu, [x], tf.nn.relu)
    np.testing.assert_array_equal(backward.relu([1.0, 1.0], [0.0, -0.0]), 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_softmax_cross_entropy(seed):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(6, 4)), rng.integers(0, 4, size=6)

    def theirs(x):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, x))

    both(
        lambda x: backprop.cross_entropy(x, labels),
        lambda arriving, x: arriving * backward.softmax_cross_entropy(x, labels),
        [logits],
        theirs,
    )
    np.testing.assert_allclose(backward.softmax_cross_entropy(logits, labels).sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("seed", SEEDS)
def test_conv2d(seed):
    rng = np.random.default_rng(seed)
    count, channels, filters, height, width = rng.integers(1, 4, size=5)
    down, across = rng.integers(0, 4, size=2)
    images = rng.normal(size=(count, height + down, width + across, channels))
    kernels = rng.normal(size=(height, width, channels, filters))
    both(convolution.conv2d, backward.conv2d, [images, kernels], lambda x, k: tf.nn.conv2d(x, k, 1, "VALID"))


@pytest.mark.parametrize("seed", SEEDS)
def test_pooling(seed):
    rng = np.random.default_rng(seed)
    count, rows, columns, channels = rng.integers(1, 4, size=4)
    maps = rng.normal(size=(count, 2 * rows, 2 * columns, channels))
    both(pool2d, backward.max_pool, [maps], lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"))
    both(
        lambda x: pool2d(x, kind="average"),
        lambda arriving, x: backward.average_pool(arriving),
        [maps],
        lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
    )
    np.testing.assert_array_equal(backward.join_windows(backward.split_windows(maps)), maps)


def test_of_equal_values_the_first_gets_it_all_as_in_tensorflow():
    maps = np.zeros((1, 2, 4, 1))
    maps[0, 1, 2:] = 5
    found = backward.max_pool(np.full((1, 1, 2, 1), 3.0), maps)
    assert found[0, :, :, 0].tolist() == [[3, 0, 0, 0], [0, 0, 3, 0]]
    theirs = backward.tape_gradients(
        lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), [maps], np.full((1, 1, 2, 1), 3.0)
    )
    np.testing.assert_array_equal(found, theirs[0])


def test_batch_norm_agrees_too():
    rng = np.random.default_rng(0)
    arguments = [rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=3)]

    def theirs(x, gamma, beta):
        mean, variance = tf.nn.moments(x, [0])
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, batchnorm.EPSILON)

    both(
        lambda *given: batchnorm.forward(*given)[0],
        lambda arriving, *given: tuple(batchnorm.backward(arriving, batchnorm.forward(*given)[1])),
        arguments,
        theirs,
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: backward.dense(np.ones((2, 3)), np.ones((2, 4)), np.ones((4, 5)), np.ones(5)),
            "must be equal",
        ),
        (
            lambda: backward.conv2d(np.ones((1, 3, 3, 1)), np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))),
            "equal",
        ),
        (lambda: backward.max_pool(np.ones((1, 2, 2, 1)), np.ones((1, 3, 4, 1))), "both must be even"),
        (lambda: backward.relu(np.ones(3), np.ones(2)), "must be equal"),
        (
            lambda: backward.gaps(
                np.sum, lambda arriving, x: arriving, [np.ones(3)], tensorflow=tf.reduce_sum
            ),
            "its argument",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_wrong_backward_pass_is_noticed():
    x = np.random.default_rng(0).normal(size=(3, 2))
    tried, theirs = backward.gaps(np.square, lambda arriving, x: arriving * x, [x], tensorflow=tf.square)
    assert tried > 0.1 and theirs > 0.1
