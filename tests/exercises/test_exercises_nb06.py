"""Notebook 06's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.exercises import ____, nb06


def conv(x, filters=4, kernel_size=3, **options):
    return layers.Conv2D(filters=filters, kernel_size=kernel_size, padding="same", **options)(x)


def relu(x):
    return layers.ReLU()(x)


def add(*both):
    return layers.Add()(list(both))


def bn(x):
    return layers.BatchNormalization()(x)


def branch(x):
    return conv(conv(x, activation="relu"))


def late_shortcut(x):
    y = conv(x, activation="relu")
    return add(relu(conv(y)), y)


def late_shortcut_relu_last(x):
    y = conv(x, activation="relu")
    return relu(add(conv(y), y))


def projection(x, filters, stride, always=False, **options):
    if stride == 1 and x.shape[-1] == filters and not always:
        return x
    return layers.Conv2D(**({"filters": filters, "kernel_size": 1, "strides": stride} | options))(x)


def pre(x, filters, *, second=lambda y: conv(relu(bn(y))), end=add):
    return end(x, second(conv(relu(bn(x)), filters)))


def added_too_late(x, filters):
    start = relu(bn(x))
    return add(start, conv(relu(bn(conv(start)))))


WRONG = [
    (nb06.blocks_per_stage, (36,), "A block has two convolutions"),
    (nb06.blocks_per_stage, (54,), "there are three stages"),
    (nb06.blocks_per_stage, (108,), "108 layers lie in blocks"),
    (nb06.blocks_per_stage, (9,), "would make 56 layers"),
    (nb06.blocks_per_stage, (110 / 6,), "must be a whole number"),
    (nb06.shortcut_for, (lambda x, filters, stride: x,), "gives 8×8×4; it must be 4×4×8"),
    (nb06.shortcut_for, (lambda x, f, s: projection(x, f, s, strides=1),), "gives 8×8×8; it must be 4×4×8"),
    (nb06.shortcut_for, (lambda x, f, s: projection(x, f, s, always=True),), "must be x itself"),
    (
        nb06.shortcut_for,
        (lambda x, f, s: projection(x, f, s, kernel_size=3, padding="same"),),
        "the kernel is 3×3; a projection is 1×1",
    ),
    (nb06.shortcut_for, (lambda x, f, s: projection(x, f, s, activation="relu"),), "no activation"),
    (
        nb06.shortcut_for,
        (
            lambda x, f, s: (
                x if (x.shape[-1], s) == (f, 1) else projection(layers.AveragePooling2D(s)(x), f, 1, True)
            ),
        ),
        "no pooling",
    ),
    (nb06.shortcut_for, (lambda x, f, s: layers.Conv2D(f, 1, strides=s),), "Is the layer called on x"),
    (nb06.shortcut_for, (lambda x, f, s: conv(conv(x, f, 1), f, 1, strides=s),), "needs one convolution"),
    (nb06.mend_the_block, (lambda x: relu(branch(x)),), "the shortcut is not added"),
    (nb06.mend_the_block, (late_shortcut,), "taken too late"),
    (nb06.mend_the_block, (late_shortcut_relu_last,), "taken too late"),
    (nb06.mend_the_block, (lambda x: add(relu(branch(x)), x),), "The ReLU stands before the addition"),
    (nb06.mend_the_block, (lambda x: relu(add(relu(branch(x)), x)),), "The ReLU stands before the addition"),
    (nb06.mend_the_block, (lambda x: add(branch(x), x),), "the ReLU after it is missing"),
    (nb06.mend_the_block, (lambda x: relu(add(conv(x), x)),), "yours holds 1"),
    (nb06.mend_the_block, (lambda x: relu(add(branch(x), x, x)),), "not relu(x + F(x))"),
    (nb06.mend_the_block, (lambda x: None,), "returned nothing"),
    (nb06.mend_the_block, (3,), "must be a function"),
    (nb06.variance_after, (24, 13), "not the same as 2 × 12"),
    (nb06.variance_after, (13, 13), "every addition doubles"),
    (nb06.variance_after, (2048, 13), "twelve doublings"),
    (nb06.variance_after, (5, 13), "bare_variance: 5 is not it"),
    (nb06.variance_after, (4096, 12), "the input's own variance"),
    (nb06.variance_after, (4096, 4096), "F(x) has variance 1 now"),
    (nb06.variance_after, (4096, 5), "Each block adds 1"),
    (nb06.variance_after, (4096, "13"), "Leave out the quotes"),
    (nb06.preactivation, (lambda x, f: pre(x, f, end=lambda x, y: y),), "now add x"),
    (nb06.preactivation, (lambda x, f: pre(x, f, end=lambda x, y: relu(add(x, y))),), "nothing does"),
    (
        nb06.preactivation,
        (lambda x, f: pre(x, f, second=lambda y: conv(bn(y))),),
        "The ReLU before the second",
    ),
    (nb06.preactivation, (lambda x, f: pre(x, f, second=lambda y: relu(bn(conv(y)))),), "belong in front"),
    (nb06.preactivation, (lambda x, f: pre(x, f, second=lambda y: conv(bn(relu(y)))),), "before the ReLU"),
    (nb06.preactivation, (lambda x, f: pre(x, f, second=lambda y: conv(relu(y))),), "has 1 BatchNorm"),
    (nb06.preactivation, (lambda x, f: pre(x, f, second=lambda y: y),), "yours holds 1"),
    (nb06.preactivation, (lambda x, f: pre(x, f, second=lambda y: conv(relu(bn(y)), 4, 1)),), "1×1; 3×3"),
    (nb06.preactivation, (added_too_late,), "must be x itself"),
    (nb06.preactivation, (lambda x, f: pre(x, f, end=lambda x, y: add(x, y, y)),), "step by step"),
    (
        nb06.preactivation,
        (lambda x, f: pre(x, f, second=lambda y: conv(relu(bn(y)), 8), end=lambda x, y: y),),
        "must keep 6×6×4",
    ),
]

RIGHT = [
    (nb06.blocks_per_stage, (18,)),
    (nb06.blocks_per_stage, (np.float64(18),)),
    (nb06.shortcut_for, (projection,)),
    (nb06.shortcut_for, (lambda x, f, s: projection(x, f, s, use_bias=False, padding="same"),)),
    (nb06.mend_the_block, (lambda x: relu(add(branch(x), x)),)),
    (nb06.mend_the_block, (lambda x: keras.ops.relu(x + branch(x)),)),
    (nb06.mend_the_block, (lambda x: layers.Activation("relu")(add(x, branch(x))),)),
    (nb06.variance_after, (4096, 13)),
    (nb06.variance_after, (2.0**12, [13])),
    (nb06.preactivation, (pre,)),
    (nb06.preactivation, (lambda x, f: x + conv(relu(bn(conv(relu(bn(x)), f, use_bias=False))), f),)),
]


@pytest.mark.parametrize(("exercise", "answers", "fragment"), WRONG)
def test_a_wrong_answer_is_refused_with_a_reason(exercise, answers, fragment):
    verdict = exercise.verdict(*answers)
    assert verdict.status == "wrong" and fragment in verdict.message, verdict


@pytest.mark.parametrize(("exercise", "answers"), RIGHT)
def test_every_right_form_is_accepted(exercise, answers):
    assert exercise.verdict(*answers).status == "correct", exercise.verdict(*answers)


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(x, filters=4, stride=1):
        return layers.Add()([x, ____])

    for exercise in (nb06.shortcut_for, nb06.mend_the_block, nb06.preactivation):
        assert exercise.verdict(half_done).status == "unanswered"
    assert nb06.variance_after.verdict(4096, ____).status == "unanswered"
