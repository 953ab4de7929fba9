"""Backpropagation against pencil, finite differences and Keras; products of derivatives."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.from_scratch import backprop
from helpers.from_scratch.backprop import Layer

SIZES = [(3, 4), (4, 5, 3), (2, 6, 5, 4), (3, 4, 4, 4, 4, 2)]


def case(sizes, examples=7, seed=0):
    rng = np.random.default_rng([seed, *sizes])
    layers = [
        Layer(
            rng.normal(scale=math.sqrt(2 / inputs), size=(inputs, units)), rng.normal(scale=0.3, size=units)
        )
        for inputs, units in zip(sizes[:-1], sizes[1:], strict=True)
    ]
    return rng.normal(size=(examples, sizes[0])), layers, rng.integers(0, sizes[-1], size=examples)


def test_one_neuron_and_two_classes_by_hand():
    """x = 2, h = relu(3 * 2 + 1) = 7, logits (7, 0): p = sigmoid(7) for class 0, and class 1 is right."""
    layers = [Layer(np.array([[3.0]]), np.array([1.0])), Layer(np.array([[1.0, 0.0]]), np.zeros(2))]
    trace = backprop.forward([[2.0]], layers)
    np.testing.assert_array_equal(trace.logits, [[7.0, 0.0]])
    p = 1 / (1 + math.exp(-7))
    assert backprop.cross_entropy(trace.logits, [1]) == pytest.approx(-math.log(1 - p))
    gradients = backprop.backward(trace, [1])
    np.testing.assert_allclose(gradients.sums[1], [[p, -p]], rtol=1e-12)
    np.testing.assert_allclose(gradients.layers[1].weights, [[7 * p, -7 * p]], rtol=1e-12)
    np.testing.assert_allclose(gradients.layers[0].weights, [[2 * p]], rtol=1e-12)
    np.testing.assert_allclose(gradients.layers[0].biases, [p], rtol=1e-12)
    np.testing.assert_allclose(gradients.x, [[3 * p]], rtol=1e-12)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "linear"])
def test_backward_equals_finite_differences(sizes, activation):
    x, layers, labels = case(sizes)
    gradients = backprop.backward(backprop.forward(x, layers, activation=activation), labels)

    def loss(number, part, value):
        changed = list(layers)
        changed[number] = layers[number]._replace(**{part: value})
        return backprop.cross_entropy(backprop.forward(x, changed, activation=activation).logits, labels)

    for number, layer in enumerate(layers):
        for part in ("weights", "biases"):
            measured = backprop.finite_differences(
                lambda value, n=number, p=part: loss(n, p, value), getattr(layer, part)
            )
            np.testing.assert_allclose(getattr(gradients.layers[number], part), measured, atol=1e-8)
    measured = backprop.finite_differences(
        lambda v: backprop.cross_entropy(backprop.forward(v, layers, activation=activation).logits, labels), x
    )
    np.testing.assert_allclose(gradients.x, measured, atol=1e-8)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_forward_loss_and_gradients_equal_keras(activation):
    sizes = (5, 8, 6, 4)
    x, layers, labels = case(sizes, seed=3)
    inputs = keras.Input(shape=sizes[:1], dtype="float64")
    h = inputs
    for units in sizes[1:-1]:
        h = keras.layers.Dense(units, activation=activation, dtype="float64")(h)
    model = keras.Model(inputs, keras.layers.Dense(sizes[-1], dtype="float64")(h))
    model.set_weights([array for layer in layers for array in layer])
    with tf.GradientTape() as tape:
        logits = model(tf.constant(x))
        losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        loss = tf.reduce_mean(losses)
    expected = tape.gradient(loss, [v.value for v in model.trainable_variables])
    trace = backprop.forward(x, layers, activation=activation)
    np.testing.assert_allclose(trace.logits, logits, rtol=1e-10)
    assert backprop.cross_entropy(trace.logits, labels) == pytest.approx(float(loss), rel=1e-10)
    ours = [array for layer in backprop.backward(trace, labels).layers for array in layer]
    for mine, theirs in zip(ours, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-12)


def test_softmax_and_cross_entropy_of_huge_logits():
    logits = np.array([[1000.0, 0.0, -1000.0], [-1e5, -1e5, -1e5]])
    np.testing.assert_allclose(backprop.softmax(logits), [[1, 0, 0], [1 / 3] * 3], atol=1e-12)
    assert backprop.cross_entropy(logits, [1, 0]) == pytest.approx((1000 + math.log(3)) / 2)
    assert backprop.cross_entropy(np.zeros((4, 10)), [0, 3, 9, 9]) == pytest.approx(math.log(10))


def test_sigmoid_neither_overflows_nor_loses_small_values():
    with np.errstate(over="raise"):
        np.testing.assert_allclose(backprop.sigmoid([-800.0, -30.0, 0.0, 800.0]), [0, math.exp(-30), 0.5, 1])


def test_relu_has_slope_zero_at_zero_as_tensorflow():
    with tf.GradientTape() as tape:
        zero = tf.constant([0.0, -1.0, 2.0])
        tape.watch(zero)
        output = tf.nn.relu(zero)
    np.testing.assert_array_equal(tape.gradient(output, zero), backprop.ACTIVATIONS["relu"][1](zero.numpy()))


def test_finite_differences():
    point = np.array([[1.0, -2.0], [3.0, 0.5]])
    before = point.copy()
    np.testing.assert_allclose(
        backprop.finite_differences(lambda v: (v**3).sum(), point), 3 * point**2, rtol=1e-7
    )
    np.testing.assert_array_equal(point, before)
    assert backprop.finite_differences(math.exp, 0.0) == pytest.approx(1.0)
    # the error of the central difference falls with the square of the step; that of a one-sided one does not
    errors = [abs(backprop.finite_differences(math.exp, 1.0, step=s) - math.e) for s in (0.1, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)
    assert backprop.finite_differences(lambda v: v[0], np.array([1, 2])).tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize("activation", list(backprop.ACTIVATIONS))
def test_derivative_product_is_the_derivative_of_the_chain(activation):
    weights = [0.9, -1.3, 0.7, 2.0]
    function, _ = backprop.ACTIVATIONS[activation]

    def chain(x, depth):
        for weight in weights[:depth]:
            x = function(weight * x)
        return x

    products = backprop.derivative_product(0.8, weights, activation=activation)
    assert products.shape == (5,)
    for depth, product in enumerate(products):
        measured = backprop.finite_differences(lambda v, d=depth: chain(v, d), 0.8)
        assert product == pytest.approx(float(measured), abs=1e-9)


def test_sigmoids_product_vanishes_and_relus_does_not():
    ones = np.ones(10)
    assert 0 < backprop.derivative_product(0.5, ones, activation="sigmoid")[-1] < 0.25**10 < 1e-6
    np.testing.assert_array_equal(backprop.derivative_product(0.5, ones, activation="relu"), 1)
    np.testing.assert_array_equal(backprop.derivative_product(-0.5, ones, activation="relu")[1:], 0)
    assert backprop.derivative_product(0.5, 2 * ones, activation="relu")[-1] == 2**10  # or it explodes


ONE = [Layer(np.ones((2, 3)), np.zeros(3))]
TRACE = backprop.forward(np.ones((4, 2)), ONE)
BAD = [
    (lambda: backprop.forward(np.ones((4, 3)), ONE), "layer 1 has weights .* gets 3 inputs"),
    (lambda: backprop.forward(np.ones((4, 2)), [*ONE, *ONE]), "layer 2 has weights"),
    (lambda: backprop.forward(np.ones((4, 2)), [Layer(np.ones((2, 3)), np.zeros(2))]), "layer 1 .* 2 biases"),
    (lambda: backprop.forward(np.ones(2), ONE), "must have the axes"),
    (lambda: backprop.forward(np.ones((4, 2)), []), "layers is empty"),
    (lambda: backprop.forward(np.ones((4, 2)), ONE, activation="swish"), 'unknown activation .*"relu"'),
    (lambda: backprop.derivative_product(1, [1], activation="swish"), "unknown activation"),
    (lambda: backprop.backward(TRACE, [0, 1, 2]), "one whole number for each of 4 examples"),
    (lambda: backprop.backward(TRACE, [0, 1, 2, 3]), "whole numbers from 0 to 2"),
    (lambda: backprop.backward(TRACE, [0, 1, 2, -1]), "whole numbers from 0 to 2"),
    (lambda: backprop.cross_entropy(TRACE.logits, [0.0, 1, 2, 2]), "whole numbers from 0 to 2"),
    (lambda: backprop.cross_entropy(TRACE.logits, np.eye(4)), "one whole number for each"),
    (lambda: backprop.finite_differences(np.sum, [1.0], step=0), "step must be positive"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
