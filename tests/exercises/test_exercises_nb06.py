"""Notebook 06's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
from keras import layers

from helpers.exercises import ____, nb06


def conv(x, filters, kernel_size=3, **options):
    return layers.Conv2D(filters=filters, kernel_size=kernel_size, padding="same", use_bias=False, **options)(
        x
    )


def bn(x):
    return layers.BatchNormalization()(x)


def relu(x):
    return layers.ReLU()(x)


def add(*both):
    return layers.Add()(list(both))


def projection(x, filters, stride, size=1):
    return bn(conv(x, filters, size, strides=stride))


def block(x, filters, stride, *, end=lambda s, y: relu(add(s, y)), project=projection, always=False):
    y = bn(conv(relu(bn(conv(x, filters, strides=stride))), filters))
    fits = x.shape == y.shape and not always
    return end(x if fits else project(x, filters, stride), y)


def with_change(**change):
    return (lambda x, filters, stride=1: block(x, filters, stride, **change),)


WRONG = [
    (nb06.do_nothing, np.zeros((3, 3)), "the image is gone"),
    (nb06.do_nothing, np.ones((3, 3)), "adds red, green, and blue up"),
    (nb06.do_nothing, [[0, 0, 0], [0, 1, 0], [0, 0, 0]], "already the middle place"),
    (nb06.do_nothing, np.eye(3)[::-1], "the colors change places"),
    (nb06.do_nothing, 2 * np.eye(3), "Filter 0 must take only channel 0"),
    (nb06.do_nothing, np.eye(4), "shape"),
    (nb06.residual_block, with_change(end=lambda s, y: relu(y)), "the shortcut isn't added"),
    (nb06.residual_block, with_change(end=add), "the ReLU after it is missing"),
    (nb06.residual_block, with_change(end=lambda s, y: add(s, relu(y))), "add first"),
    (nb06.residual_block, with_change(end=lambda s, y: relu(add(s, relu(y)))), "add first"),
    (nb06.residual_block, with_change(end=lambda s, y: relu(add(s, y, y))), "aren't ReLU(shortcut + F(x))"),
    (nb06.residual_block, with_change(always=True), "the shortcut must be x itself"),
    (
        nb06.residual_block,
        with_change(project=lambda x, f, s: projection(x, f, s, size=3)),
        "two of 3×3 are needed",
    ),
    (
        nb06.residual_block,
        with_change(project=lambda x, f, s: relu(projection(x, f, s))),
        "has a ReLU of its own",
    ),
    (nb06.residual_block, lambda x, f, stride=1: layers.ReLU(), "Is the layer called on its input"),
    (nb06.residual_block, lambda x, f, stride=1: block(x, f, 1), "gives 6×6×8; it must be 3×3×8"),
    (nb06.residual_block, lambda x, f, stride=1: None, "returned nothing"),
    (nb06.residual_block, 3, "must be a function"),
    (nb06.blocks_per_stage, 36, "A block has two convolutions"),
    (nb06.blocks_per_stage, 54, "there are three stages"),
    (nb06.blocks_per_stage, 108, "108 layers lie in blocks"),
    (nb06.blocks_per_stage, 9, "would make 56 layers"),
    (nb06.blocks_per_stage, 110 / 6, "must be a whole number"),
]

RIGHT = [
    (nb06.do_nothing, np.eye(3)),
    (nb06.do_nothing, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    (nb06.residual_block, with_change()),
    (nb06.residual_block, with_change(end=lambda s, y: keras.ops.relu(s + y))),
    (nb06.residual_block, with_change(project=lambda x, f, s: conv(x, f, 1, strides=s))),
    (nb06.blocks_per_stage, 18),
    (nb06.blocks_per_stage, np.float64(18)),
]


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(x, filters, stride=1):
        return layers.Add()([x, ____])

    assert nb06.residual_block.verdict(half_done).status == "unanswered"
    assert nb06.do_nothing.verdict(____).status == "unanswered"
