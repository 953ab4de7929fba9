"""Notebook 02b's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np

from helpers.exercises import ____, nb02b
from helpers.from_scratch.pooling import pool2d


def fixed(image, kernel, stride, *, more=1, step=None, flip=False):
    kernel = kernel[::-1, ::-1] if flip else kernel
    height, width = kernel.shape
    rows, columns = ((n - k) // stride + more for n, k in zip(image.shape, kernel.shape, strict=True))
    output, step = np.zeros((rows, columns)), stride if step is None else step
    for row, column in np.ndindex(rows, columns):
        top, left = row * step, column * step
        output[row, column] = (image[top : top + height, left : left + width] * kernel).sum()
    return output


WRONG = [
    (nb02b.fix_the_loop, lambda *a: fixed(*a, more=0), "How many positions fit if you count the first one"),
    (nb02b.fix_the_loop, lambda *a: fixed(*a, step=1), "at which pixel does patch 1 begin?"),
    (nb02b.fix_the_loop, lambda *a: fixed(*a, flip=True), "even though the stride is 1"),
    (nb02b.fix_the_loop, lambda *a: fixed(*a) * np.nan, "even though the stride is 1"),
    (nb02b.fix_the_loop, lambda *a: None, "returned nothing"),
    (nb02b.fix_the_loop, lambda image, kernel: 0, "stopped with TypeError"),
    (nb02b.fix_the_loop, np.zeros((3, 3)), "must be a function"),
    (nb02b.receptive_field, 3, "Count pixels of the image"),
    (nb02b.receptive_field, 11, "sum of the kernel sizes"),
    (nb02b.receptive_field, 8, "if every stride were 1"),
    (nb02b.receptive_field, 21, "not its own layer"),
    (nb02b.receptive_field, 289, "we want its side"),
    (nb02b.receptive_field, 12, "go layer by layer"),
    (nb02b.receptive_field, ((17, 17),), "must be one number"),
    (nb02b.min_pool, lambda x: pool2d(x), "That's max pooling"),
    (nb02b.min_pool, lambda x: pool2d(-x), "flip it back after the pooling"),
    (nb02b.min_pool, lambda x: -pool2d(x), "flip it before, too"),
    (nb02b.min_pool, lambda x: pool2d(x, kind="average"), "average pooling"),
    (nb02b.min_pool, lambda x: x, "it should be"),
    (nb02b.min_pool, lambda x: pool2d(x, kind="min") + 1, "aren't the smallest values"),
    (nb02b.min_pool, keras.layers.MaxPooling2D(2), "That's max pooling"),
]

RIGHT = [
    (nb02b.fix_the_loop, fixed),
    (nb02b.fix_the_loop, lambda *a: fixed(*a).tolist()),
    (nb02b.receptive_field, 17),
    (nb02b.receptive_field, [17]),
    (nb02b.min_pool, lambda x: -keras.layers.MaxPooling2D(2)(-x)),
    (
        nb02b.min_pool,
        lambda x: x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2, 3).min(axis=(2, 4)),
    ),
]


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(image, kernel, stride):
        rows = (image.shape[0] - kernel.shape[0]) // stride + 1
        return np.zeros((rows, ____))

    assert nb02b.fix_the_loop.verdict(half_done).status == "unanswered"
    assert nb02b.min_pool.verdict(lambda images: -____).status == "unanswered"
