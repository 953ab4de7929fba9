"""helpers.from_scratch.against_keras: it finds every difference, and none where there is none."""

import random

import numpy as np
import pytest

from helpers.from_scratch.against_keras import compare_with_keras, keras_conv2d
from helpers.from_scratch.convolution import conv2d, convolve, correlate


def relu_layer(images, kernels, biases, padding, stride):
    return np.maximum(conv2d(images, kernels, biases, strides=stride, padding=padding), 0)


def one_image(image, kernels, padding, stride):
    return conv2d(image[None], kernels, strides=stride, padding=padding)[0]


BOTH = {"paddings": ("valid", "same"), "strides": (1, 2, 3)}


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        (correlate, {}),
        (lambda image, kernel, padding: correlate(image, kernel, padding=padding), {"paddings": ("same",)}),
        (lambda image, kernel, stride: correlate(image, kernel, strides=stride), {"strides": (1, 2, 4)}),
        (one_image, {"takes": "channels", **BOTH}),
        (relu_layer, {"takes": "batch", **BOTH}),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_right_differs_by_rounding_alone(function, settings, seed, capsys):
    assert compare_with_keras(function, seed=seed, **settings) < 1e-12
    assert capsys.readouterr().out.startswith("20 random cases, largest difference from Keras: ")


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        (convolve, {}),
        (lambda image, kernel: correlate(image, kernel) * (1 + 1e-6), {}),
        (
            lambda *given, padding, stride: conv2d(*given, padding=padding, strides=stride),  # without ReLU
            {"takes": "batch", **BOTH},
        ),
        (
            lambda images, kernels, biases, **settings: relu_layer(images, kernels, 0 * biases, **settings),
            {"takes": "batch", **BOTH},
        ),
        (
            lambda image, kernel, padding, stride: correlate(
                image, kernel, strides=stride, padding=kernel.shape[0] // 2
            ),
            {"paddings": ("same",), "strides": (2,), "kernel_sizes": (3,)},  # as version 4 of the notebook
        ),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_wrong_is_found(function, settings, seed):
    assert compare_with_keras(function, seed=seed, **settings) > 1e-7


def test_every_setting_asked_for_occurs():
    seen = set()

    def note(image, kernel, padding, stride):
        seen.add((kernel.shape[0], padding, stride))
        return correlate(image, kernel, padding=padding, strides=stride)

    compare_with_keras(note, cases=60, kernel_sizes=(1, 3), **BOTH)
    assert seen == {
        (size, padding, stride) for size in (1, 3) for padding in ("valid", "same") for stride in (1, 2, 3)
    }


def test_a_result_of_another_shape_is_an_error_that_names_the_case():
    with pytest.raises(
        ValueError, match=r"with kernels \d×\d, padding same, stride 2 the function gives .*, and Keras"
    ):
        compare_with_keras(
            lambda image, kernel, padding, stride: image, paddings=("same",), strides=(2,), kernel_sizes=(3,)
        )


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="unknown takes='gray'"):
        compare_with_keras(correlate, takes="gray")
    with pytest.raises(ValueError, match="cases must be at least 1"):
        compare_with_keras(correlate, cases=0)


def test_the_layer_has_the_weights_it_was_given_and_draws_nothing_at_random():
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002 - the one that all share
    images, kernels = np.ones((1, 3, 3, 2)), np.ones((2, 2, 2, 1))
    assert keras_conv2d(images, kernels).tolist() == [[[[8.0], [8.0]], [[8.0], [8.0]]]]
    assert keras_conv2d(images, -kernels, np.ones(1), activation="relu").max() == 0
    assert keras_conv2d(images, kernels, np.ones(1), strides=2, padding="same").shape == (1, 2, 2, 1)
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
