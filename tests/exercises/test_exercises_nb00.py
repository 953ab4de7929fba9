"""Notebook 00's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np

from helpers.exercises import ____, nb00

WRONG = [
    (nb00.pixels, 56, "28 + 28"),
    (nb00.pixels, 28, "in one row"),
    (nb00.pixels, 112, "around the image"),
    (nb00.pixels, 783, "count from 0"),
    (nb00.pixels, 1000, "28 rows of 28 pixels"),
    (nb00.pixels, "784", "Leave out the quotes"),
    (nb00.pixels, [28, 28], "must be one number, and yours holds 2"),
    (nb00.fix_it, lambda p: p.max(), "at which position"),
    (nb00.fix_it, lambda p: p.argmin(), "of the smallest"),
    (nb00.fix_it, lambda p: p.argmax() + 1, "counts positions from 0"),
    (nb00.fix_it, lambda p: p.sum(), "always 1"),
    (nb00.fix_it, lambda p: p.mean(), "always 0.1"),
    (nb00.fix_it, lambda p: p.size, "how many probabilities"),
    (nb00.fix_it, lambda p: 3, "your function says 3"),
    (nb00.fix_it, lambda p: 7, "when 2 is most likely your function says 7"),
    (nb00.fix_it, lambda p: p.argsort(), "yours holds 10"),
    (nb00.fix_it, lambda p: p.index(max(p)), "stopped with AttributeError"),
    (nb00.fix_it, lambda p: None, "returned nothing"),
    (nb00.fix_it, 7, "must be a function"),
]


FORMS = [784, 784.0, np.int64(784), np.array(784), [784], keras.ops.array(784)]
WAYS = [
    lambda p: p.argmax(),
    np.argmax,
    lambda p: int(p.argmax()),
    lambda p: list(p).index(max(p)),
    lambda p: p.argsort()[-1],
    lambda p: keras.ops.argmax(p),
]
RIGHT = [*((nb00.pixels, form) for form in FORMS), *((nb00.fix_it, way) for way in WAYS)]


def test_a_function_with_its_blank_is_not_answered():
    assert nb00.fix_it.verdict(lambda p: p.____()).status == "unanswered"
    assert nb00.pixels.verdict(____).status == "unanswered"
