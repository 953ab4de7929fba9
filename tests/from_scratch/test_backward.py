"""Every backward pass against finite differences and TensorFlow, on random shapes; and what is refused."""

import math

import numpy as np
import pytest
import tensorflow as tf

from helpers.from_scratch import backward, batchnorm
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


@pytest.mark.parametrize("seed", SEEDS)
def test_pooling(seed):
    rng = np.random.default_rng(seed)
    count, rows, columns, channels = rng.integers(1, 4, size=4)
    maps = rng.normal(size=(count, 2 * rows, 2 * columns, channels))
    both(
        lambda x: pool2d(x, kind="average"),
        lambda arriving, x: backward.average_pool(arriving),
        [maps],
        lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
    )
    np.testing.assert_array_equal(backward.join_windows(backward.split_windows(maps)), maps)


def test_a_window_is_split_row_by_row():
    maps = np.arange(8.0).reshape(1, 2, 4, 1)
    assert backward.split_windows(maps)[0, 0, :, 0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7]]


def test_softmax_of_huge_logits():
    logits = np.array([[1000.0, 0.0, -1000.0], [-1e5, -1e5, -1e5]])
    np.testing.assert_allclose(backward.softmax(logits), [[1, 0, 0], [1 / 3] * 3], atol=1e-12)
    some = np.random.default_rng(0).normal(scale=5, size=(6, 4))
    np.testing.assert_allclose(backward.softmax(some), tf.nn.softmax(some), rtol=1e-12)


def test_finite_differences():
    point = np.array([[1.0, -2.0], [3.0, 0.5]])
    before = point.copy()
    np.testing.assert_allclose(
        backward.finite_differences(lambda v: (v**3).sum(), point), 3 * point**2, rtol=1e-7
    )
    np.testing.assert_array_equal(point, before)
    assert backward.finite_differences(math.exp, 0.0) == pytest.approx(1.0)
    # the error of the central difference falls with the square of the step; that of a one-sided one does not
    errors = [abs(backward.finite_differences(math.exp, 1.0, step=s) - math.e) for s in (0.1, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)
    assert backward.finite_differences(lambda v: v[0], np.array([1, 2])).tolist() == pytest.approx([1, 0])


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
        (lambda: backward.split_windows(np.ones((1, 3, 4, 1))), "both must be even"),
        (lambda: backward.finite_differences(np.sum, [1.0], step=0), "step must be positive"),
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
