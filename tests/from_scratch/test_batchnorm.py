"""Batch normalization against Keras, against finite differences, and on the batches that break it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.from_scratch import batchnorm
from helpers.from_scratch.backward import finite_differences

SHAPES = [(2, 3), (9, 1), (32, 5), (1, 4, 4, 2), (6, 3, 5, 4), (4, 1, 1, 3)]


def case(shape, seed=0):
    rng = np.random.default_rng([seed, *shape])
    x = rng.normal(loc=2, scale=3, size=shape)
    return x, rng.normal(size=shape[-1]), rng.normal(size=shape[-1])


def keras_layer(x, gamma, beta, *, dtype="float64", **options):
    layer = keras.layers.BatchNormalization(dtype=dtype, **options)
    layer.build(x.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    return layer


def test_two_values_by_hand():
    """Values 1 and 3: mean 2, variance 1; with epsilon 3 the divisor is 2, so -1/2 and 1/2."""
    output, _ = batchnorm.forward([[1.0], [3.0]], [10.0], [7.0], epsilon=3.0)
    np.testing.assert_allclose(output, [[2.0], [12.0]], rtol=1e-12)
    mean, variance = batchnorm.statistics([[1.0], [3.0]])
    assert (mean, variance) == (2.0, 1.0)  # biased: the unbiased one is 2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-4)])
def test_output_and_gradients_equal_keras(shape, dtype, tolerance):
    x, gamma, beta = case(shape)
    upstream = np.random.default_rng(1).normal(size=shape)
    layer = keras_layer(x, gamma, beta, dtype=dtype)
    with tf.GradientTape() as tape:
        inputs = tf.constant(x, dtype=dtype)
        tape.watch(inputs)
        expected = layer(inputs, training=True)
        total = tf.reduce_sum(expected * tf.constant(upstream, dtype=dtype))
    expected_gradients = tape.gradient(total, [inputs, layer.gamma.value, layer.beta.value])

    output, cache = batchnorm.forward(x, gamma, beta)
    assert output.shape == shape and output.dtype == np.float64
    np.testing.assert_allclose(output, expected, rtol=tolerance, atol=tolerance)
    for ours, theirs in zip(batchnorm.backward(upstream, cache), expected_gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=20 * tolerance)


def test_the_default_is_that_of_keras():
    assert keras.layers.BatchNormalization().epsilon == batchnorm.EPSILON


@pytest.mark.parametrize("shape", [(5, 3), (3, 2, 2, 2)])
def test_backward_equals_finite_differences(shape):
    x, gamma, beta = case(shape)
    upstream = np.random.default_rng(2).normal(size=shape)
    gradients = batchnorm.backward(upstream, batchnorm.forward(x, gamma, beta)[1])

    def total(x=x, gamma=gamma, beta=beta):
        return (batchnorm.forward(x, gamma, beta)[0] * upstream).sum()

    np.testing.assert_allclose(gradients.x, finite_differences(lambda v: total(x=v), x), atol=1e-7)
    np.testing.assert_allclose(
        gradients.gamma, finite_differences(lambda v: total(gamma=v), gamma), atol=1e-7
    )
    np.testing.assert_allclose(gradients.beta, finite_differences(lambda v: total(beta=v), beta), atol=1e-7)


def test_gradient_sums_to_zero_and_is_at_right_angles_to_the_values():
    x, gamma, beta = case((50, 4))
    _, cache = batchnorm.forward(x, gamma, beta, epsilon=1e-12)
    dx = batchnorm.backward(np.random.default_rng(3).normal(size=x.shape), cache).x
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((dx * cache.normalized).sum(axis=0), 0, atol=1e-9)


def test_output_has_the_mean_beta_and_the_spread_gamma_whatever_comes_in():
    x, gamma, beta = case((40, 6))
    output, _ = batchnorm.forward(1000 * x - 500, gamma, beta)
    np.testing.assert_allclose(output.mean(axis=0), beta, atol=1e-10)
    np.testing.assert_allclose(output.std(axis=0), abs(gamma), rtol=1e-6)


def test_a_batch_of_one_vector_and_a_constant_channel_come_out_as_beta():
    x, gamma, beta = case((1, 4))
    output, cache = batchnorm.forward(x, gamma, beta)
    np.testing.assert_array_equal(output, beta[None])
    np.testing.assert_array_equal(batchnorm.backward(np.ones((1, 4)), cache).x, 0)  # nothing flows back
    x, gamma, beta = case((5, 2, 2, 3))
    x[..., 1] = 0.25
    output, cache = batchnorm.forward(x, gamma, beta)
    np.testing.assert_array_equal(output[..., 1], beta[1])
    assert output[..., 0].std() > 0.1
    assert np.isfinite(batchnorm.backward(x, cache).x).all()


def test_arguments_are_left_as_they_were():
    x, gamma, beta = case((3, 2))
    before = x.copy()
    _, cache = batchnorm.forward(x, gamma, beta)
    batchnorm.backward(x, cache)
    np.testing.assert_array_equal(x, before)


CACHE = batchnorm.forward(np.ones((4, 2)), [1, 1], [0, 0])[1]
X = np.ones((4, 2))
BAD = [
    (lambda: batchnorm.forward(np.ones(3), [1], [0]), ValueError, "x must be .* 2 or 4 axes, not 1"),
    (lambda: batchnorm.forward(np.ones((2, 3, 4)), [1] * 4, [0] * 4), ValueError, "not 3"),
    (lambda: batchnorm.forward(np.ones((0, 2)), [1, 1], [0, 0]), ValueError, "x is empty"),
    (lambda: batchnorm.forward([[1, 2], [3]], [1, 1], [0, 0]), ValueError, "rows of equal length"),
    (lambda: batchnorm.forward(X, [1], [0, 0]), ValueError, r"gamma has 1 value\(s\) and x has 2"),
    (lambda: batchnorm.forward(X, [1, 1], [0] * 3), ValueError, "beta has 3"),
    (lambda: batchnorm.forward(X, ["a", "b"], [0, 0]), TypeError, "gamma must hold real numbers, not text"),
    (lambda: batchnorm.forward(X, [1, 1], [0, 0], epsilon=0), ValueError, "epsilon must be positive"),
    (lambda: batchnorm.backward(np.ones((5, 2)), CACHE), ValueError, r"gradient has shape \(5, 2\)"),
    (lambda: batchnorm.backward(np.ones(2), CACHE), ValueError, "gradient must be"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_wrong_arguments_are_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
