"""Notebook 02's checks: wrong answers get the message that helps, and every right form passes."""

import math

import keras
import numpy as np
import pytest

from helpers.exercises import ____, nb02
from helpers.from_scratch.pooling import pool2d


def mended(image, kernel, stride, *, more=1, step=None, turn=False):
    kernel = kernel[::-1, ::-1] if turn else kernel
    height, width = kernel.shape
    rows, columns = ((n - k) // stride + more for n, k in zip(image.shape, kernel.shape, strict=True))
    output, step = np.zeros((rows, columns)), stride if step is None else step
    for row, column in np.ndindex(rows, columns):
        top, left = row * step, column * step
        output[row, column] = (image[top : top + height, left : left + width] * kernel).sum()
    return output


def conv_layer(filters=32, kernel_size=(3, 3), activation="relu", padding="same", strides=1):
    return keras.layers.Conv2D(filters, kernel_size, strides, padding, activation=activation)


IMAGE = np.arange(28 * 28).reshape(28, 28)

WRONG = [
    (nb02.stamp, 1, "sign is wrong"),
    (nb02.stamp, 7, "right column counts negative"),
    (nb02.stamp, 11, "sum of the patch"),
    (nb02.stamp, 5, "nine products"),
    (nb02.stamp, np.eye(3), "must be one number, and yours holds 9"),
    (nb02.stamp, "-1", "Leave out the quotes"),
    (nb02.horizontal_edges, [[-1, 0, 1]] * 3, "swap rows and columns"),
    (nb02.horizontal_edges, [[1, 1, 1], [0, 0, 0], [-1, -1, -1]], "turn the signs"),
    (nb02.horizontal_edges, [[0, 0, 0], [0, 0, 0], [1, 1, 1]], "must add up to 0"),
    (
        nb02.horizontal_edges,
        [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]],
        "also reacts where it gets brighter from left",
    ),
    (nb02.horizontal_edges, np.zeros((3, 3)), "all zeros"),
    (nb02.horizontal_edges, [[-1, -1], [0, 0], [1, 1]], "has shape 3×2; it must be 3×3"),
    (nb02.horizontal_edges, [[1, 2], [3]], "rows of equal length"),
    (nb02.mend_the_loop, lambda *a: mended(*a, more=0), "How many positions fit, the first one included?"),
    (nb02.mend_the_loop, lambda *a: mended(*a, step=1), "where does window 1 begin?"),
    (nb02.mend_the_loop, lambda *a: mended(*a, turn=True), "although the stride is 1"),
    (nb02.mend_the_loop, lambda *a: mended(*a) * np.nan, "although the stride is 1"),
    (nb02.mend_the_loop, lambda *a: None, "returned nothing"),
    (nb02.mend_the_loop, lambda image, kernel: 0, "stopped with TypeError"),
    (nb02.mend_the_loop, np.zeros((3, 3)), "must be a function"),
    (nb02.output_size, lambda n, k, s, p: (n + 2 * p - k) // s, "one too few"),
    (nb02.output_size, lambda n, k, s, p: (n + 2 * p - k) / s + 1, "round down"),
    (nb02.output_size, lambda n, k, s, p: (n + p - k) // s + 1, "p counts twice"),
    (nb02.output_size, lambda n, k, s, p: n, "and the kernel has"),
    (nb02.output_size, lambda n, k, s, p: (n, n), "must be one number"),
    (nb02.output_size, lambda n, k, s, p: str(n), "made of numbers"),
    (nb02.mend_the_layer, "keras.layers.Conv2D(10)", "without quotes"),
    (nb02.mend_the_layer, keras.layers.Dense(32), "not Dense"),
    (nb02.mend_the_layer, keras.layers.Conv2D, "A Conv2D layer is wanted"),
    (nb02.mend_the_layer, conv_layer(3, 32, strides=2), "still has 3 filters of 32×32"),
    (nb02.mend_the_layer, conv_layer(filters=3), "makes 3 maps, one per filter; 32 are wanted"),
    (nb02.mend_the_layer, conv_layer(kernel_size=32), "kernels of this layer are 32×32"),
    (nb02.mend_the_layer, conv_layer(strides=2), "the maps are at most 14×14"),
    (nb02.mend_the_layer, conv_layer(strides=(1, 3)), "the maps are at most 28×10"),
    (nb02.mend_the_layer, conv_layer(padding="valid"), "makes the maps 26×26"),
    (nb02.mend_the_layer, conv_layer(activation=None), 'activation "linear"'),
    (nb02.count_parameters, 1764, "one bias"),
    (nb02.count_parameters, 600, "the picture has three"),
    (nb02.count_parameters, 148, "there are 12"),
    (nb02.count_parameters, 12 * (64 * 64 * 3 + 1), "the size of the picture plays no part"),
    (nb02.count_parameters, 1000, "1,000 is not it"),
    (nb02.count_parameters, 1776.5, "must be a whole number"),
    (nb02.add_axes, IMAGE, "both missing"),
    (nb02.add_axes, IMAGE[None], "the channel axis, at the end, is missing"),
    (nb02.add_axes, IMAGE[..., None], "the axis of images, at the front, is missing"),
    (nb02.add_axes, IMAGE[None, None], "Keras wants them last"),
    (nb02.add_axes, IMAGE.T[None, :, :, None], "not the image's pixels in their order"),
    (nb02.add_axes, (1, 28, 28, 1), "The shape is 4"),
    (nb02.receptive_field, 11, "sum of the kernel sizes"),
    (nb02.receptive_field, 8, "if all strides were 1"),
    (nb02.receptive_field, 21, "not its own layer"),
    (nb02.receptive_field, 12, "count from the first layer"),
    (nb02.receptive_field, (17, 17), "must be one number"),
    (nb02.min_pool, lambda x: pool2d(x), "That is max pooling"),
    (nb02.min_pool, lambda x: pool2d(-x), "turn it back after the pooling"),
    (nb02.min_pool, lambda x: -pool2d(x), "turn it before, too"),
    (nb02.min_pool, lambda x: pool2d(x, kind="average"), "average pooling"),
    (nb02.min_pool, lambda x: x, "it must be"),
    (nb02.min_pool, lambda x: pool2d(x, kind="min") + 1, "not the smallest values"),
    (nb02.min_pool, keras.layers.MaxPooling2D(2), "That is max pooling"),
]

RIGHT = [
    (nb02.stamp, np.int64(-1)),
    (nb02.stamp, keras.ops.convert_to_tensor(-1.0)),
    (nb02.horizontal_edges, np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])),
    (nb02.horizontal_edges, keras.ops.convert_to_tensor([[0.0, -1, 0], [0, 0, 0], [0, 1, 0]])),
    (nb02.horizontal_edges, ((-0.1,) * 3, (0,) * 3, (0.1,) * 3)),
    (nb02.mend_the_loop, mended),
    (nb02.mend_the_loop, lambda *a: mended(*a).tolist()),
    (nb02.output_size, lambda n, k, s, p: (n + 2 * p - k) // s + 1),
    (nb02.output_size, lambda n, k, s, p: math.floor((n + 2 * p - k) / s) + 1),
    (nb02.output_size, lambda n, k, s, p: np.floor((n + 2 * p - k) / s + 1)),
    (nb02.mend_the_layer, conv_layer()),
    (nb02.mend_the_layer, conv_layer(kernel_size=3, strides=(1, 1), activation=keras.activations.relu)),
    (nb02.count_parameters, 1776),
    (nb02.count_parameters, np.float64(1776)),
    (nb02.add_axes, IMAGE.reshape(1, 28, 28, 1)),
    (nb02.add_axes, keras.ops.convert_to_tensor(IMAGE.reshape(1, 28, 28, 1))),
    (nb02.add_axes, (IMAGE[None, :, :, None]).tolist()),
    (nb02.receptive_field, 17),
    (nb02.receptive_field, [17]),
    (nb02.min_pool, lambda x: -keras.layers.MaxPooling2D(2)(-x)),
    (nb02.min_pool, lambda x: x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2, 3).min(axis=(2, 4))),
]


@pytest.mark.parametrize(("exercise", "answer", "fragment"), WRONG)
def test_a_wrong_answer_is_refused_with_a_reason(exercise, answer, fragment):
    verdict = exercise.verdict(answer)
    assert verdict.status == "wrong" and fragment in verdict.message


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_every_right_form_is_accepted(exercise, answer):
    assert exercise.verdict(answer).status == "correct", exercise.verdict(answer)


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(image, kernel, stride):
        rows = (image.shape[0] - kernel.shape[0]) // stride + 1
        return np.zeros((rows, ____))

    assert nb02.mend_the_loop.verdict(half_done).status == "unanswered"
    assert nb02.output_size.verdict(lambda n, k, s, p: ____ + 1).status == "unanswered"
    assert nb02.min_pool.verdict(lambda images: -____).status == "unanswered"
