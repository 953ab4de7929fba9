"""Notebook 05's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import nbformat
import numpy as np
import pytest
from keras import layers

from helpers.exercises import ____, nb05
from helpers.paths import ROOT


def norm(x, gamma, beta, *, axis=0, ddof=0, epsilon=1e-3, outside=0.0, root=np.sqrt):
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, ddof=ddof, keepdims=True)
    return gamma * (x - mean) / (root(variance + epsilon) + outside) + beta


def block(
    x,
    *,
    filters=32,
    kernel_size=3,
    padding="same",
    use_bias=False,
    activation=None,
    order="nr",
    relu=layers.ReLU,
    strides=1,
):
    x = layers.Conv2D(
        filters, kernel_size, strides, padding=padding, use_bias=use_bias, activation=activation
    )(x)
    for letter in order:
        x = layers.BatchNormalization()(x) if letter == "n" else relu()(x)
    return x


WRONG = [
    (nb05.bn_parameters, (2_688, 1_344), "each of them gets four numbers"),
    (nb05.bn_parameters, (5_376, 5_376), "two running averages count as parameters too"),
    (nb05.bn_parameters, (5_888, 2_944), "two or three convolutions"),
    (nb05.bn_parameters, (40, 20), "each *filter*"),
    (nb05.bn_parameters, (7, 7), "add up the filters"),
    (nb05.bn_parameters, (10_752, 10_752), "running averages are not trained"),
    (nb05.bn_parameters, (10_752, 2_688), "a scale *and* a shift"),
    (nb05.bn_parameters, (10_752, 8_064), "two of the four numbers"),
    (nb05.bn_parameters, ("10752", 5_376), "Leave out the quotes"),
    (nb05.bn_parameters, (10_752.5, 5_376), "must be a whole number"),
    (nb05.chain_rule, -24, "above or below 1"),
    (nb05.chain_rule, 4, "four more factors"),
    (nb05.chain_rule, 12, "a = w1 * x"),
    (nb05.chain_rule, 8, "b = relu(w2 * a)"),
    (nb05.chain_rule, 0, "only where its sum is negative"),
    (nb05.chain_rule, 7.5, "7.5 is not it"),
    (nb05.chain_rule, 23.6, "23.6 is not it"),
    (nb05.chain_rule, 100, "100 is not it"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, root=lambda v: v), "divide by the variance"),
    (nb05.batch_norm, lambda x, g, b: norm(x, 1, 0), "Scale and shift are missing"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, 0), "The shift is missing"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, epsilon=0), "Epsilon is missing"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, epsilon=0, outside=1e-3), "belongs under the root"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, axis=1), "batch is axis 0"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, axis=(0, 1)), "each feature needs its own"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, ddof=1), "with n - 1"),
    (nb05.batch_norm, lambda x, g, b: g * x / np.sqrt(x.var(axis=0) + 1e-3) + b, "mean was not taken away"),
    (nb05.batch_norm, lambda x, g, b: x, "values are not"),
    (nb05.batch_norm, lambda x, g, b: x[0], "has shape"),
    (nb05.batch_norm, lambda x, g, b: None, "returned nothing"),
    (nb05.batch_norm, 3, "must be a function"),
    (nb05.moving_mean, 10 * 0.99**100, "still *missing*"),
    (nb05.moving_mean, 10, "a good third of the beginning"),
    (nb05.moving_mean, 0.1, "after one batch"),
    (nb05.moving_mean, 100, "never passes it"),
    (nb05.moving_mean, 5, "0.99**t of the beginning"),
    (nb05.mend_forward, lambda model, x: model(x, training=False), "behaves as when predicting"),
    (nb05.mend_forward, lambda model, x: model(x), "behaves as when predicting"),
    (nb05.mend_forward, lambda model, x: x, "not normalized"),
    (
        nb05.mend_forward,
        lambda model, x: (x - x.mean(axis=0)) / x.std(axis=0),
        "moving averages did not move",
    ),
    (nb05.mend_forward, lambda model, x: model(x[:3], training=True), "has shape"),
    (nb05.mend_block, lambda x: block(x, activation="relu", order="n"), "comes before BatchNorm"),
    (nb05.mend_block, lambda x: block(x, activation="relu", order="nr"), "comes before BatchNorm"),
    (nb05.mend_block, lambda x: block(x, order="rn"), "The order is convolution, ReLU, BatchNorm"),
    (nb05.mend_block, lambda x: block(x, order="n"), "The order is convolution, BatchNorm;"),
    (nb05.mend_block, lambda x: block(x, order="r"), "The order is convolution, ReLU;"),
    (nb05.mend_block, lambda x: block(x, use_bias=True), "still has a bias"),
    (nb05.mend_block, lambda x: block(x, filters=16), "makes 8×8×16"),
    (nb05.mend_block, lambda x: block(x, padding="valid"), "makes 6×6×32"),
    (nb05.mend_block, lambda x: block(x, kernel_size=5), "kernel of 5×5"),
    (nb05.mend_block, lambda x: block(block(x)), "has 2"),
    (nb05.mend_block, lambda x: layers.ReLU(), "call each layer on x"),
]

RIGHT = [
    (nb05.bn_parameters, (10_752, 5_376)),
    (nb05.bn_parameters, (np.int64(10_752), 5_376.0)),
    (nb05.chain_rule, 24),
    (nb05.chain_rule, np.array([24.0])),
    (nb05.chain_rule, keras.ops.convert_to_tensor(24.0)),
    (nb05.batch_norm, norm),
    (nb05.batch_norm, lambda x, gamma, beta: norm(x, gamma, beta).tolist()),
    (nb05.moving_mean, 6.34),
    (nb05.moving_mean, np.float32(10 * (1 - 0.99**100))),
    (nb05.mend_forward, lambda model, x: model(x, training=True)),
    (nb05.mend_forward, lambda model, x: model(keras.ops.convert_to_tensor(x), training=True)),
    (nb05.mend_block, block),
    (nb05.mend_block, lambda x: block(x, relu=lambda: layers.Activation("relu"))),
    (nb05.mend_block, lambda x: block(x, relu=lambda: keras.ops.relu)),
    (nb05.mend_block, lambda x: block(x, activation="linear")),
]


def answers_of(given):
    return given if isinstance(given, tuple) else (given,)


@pytest.mark.parametrize(("exercise", "answer", "message"), WRONG)
def test_a_wrong_answer_is_refused_with_the_message_that_helps(exercise, answer, message):
    verdict = exercise.verdict(*answers_of(answer))
    assert verdict.status == "wrong" and message in verdict.message, verdict.message


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_every_right_form_passes(exercise, answer):
    verdict = exercise.verdict(*answers_of(answer))
    assert verdict.status == "correct", verdict.message


def test_another_activation_layer_is_no_relu():
    verdict = nb05.mend_block.verdict(lambda x: block(x, relu=lambda: layers.Activation("tanh")))
    assert verdict.status == "wrong" and "The order is" in verdict.message


def test_the_mended_forward_pass_leaves_no_trace_between_checks():
    for _ in range(2):
        assert nb05.mend_forward.verdict(lambda model, x: model(x, training=True)).status == "correct"


@pytest.mark.parametrize("answers", [(____, 1), (1, ____)])
def test_half_an_answer_is_not_answered(answers):
    assert nb05.bn_parameters.verdict(*answers).status == "unanswered"


def test_the_batchnorm_cells_may_be_run_twice():
    class Lesson:
        false = []

        def claim(self, text, value, *, above=-np.inf, below=np.inf, form=""):
            if not above < value < below:
                self.false.append((text, value))

    notebook = nbformat.read(ROOT / "notebooks" / "05_vgg_and_batchnorm.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in notebook.cells}
    names = {"np": np, "keras": keras, "layers": layers, "rng": np.random.default_rng(0), "lesson": Lesson()}
    for cell in ("bn-training", "bn-inference", "bn-inference"):
        exec(compile(cells[cell], cell, "exec"), names)
    assert not names["lesson"].false
