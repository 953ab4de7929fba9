"""Notebook 04b's checks: wrong answers get the message that helps, and every right form passes."""

import math

import keras
import numpy as np
import pytest
from keras import layers

from helpers.exercises import ____, nb04b
from helpers.training import fresh_averages


def fall(progress):
    return (progress - 0.1) / 0.9


def after(rule):
    """A schedule that rises as it should and then falls by `rule`."""
    return lambda progress: progress / 0.1 if progress < 0.1 else rule(progress)


def cosine(progress):
    return (1 + math.cos(math.pi * fall(progress))) / 2


def size(images, side, channels, each):
    return images * side * side * channels * each


def anew(momentum=lambda number: 1 - 1 / number, *, training=True, fit=False):
    def measure(network, images):
        norms = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
        for number, start in enumerate(range(0, len(images), 200), start=1):
            for norm in norms:
                norm.momentum = momentum(number)
            batch = images[start : start + 200]
            if fit:
                network.train_on_batch(batch, np.zeros((len(batch), 2)))
            else:
                network(batch, training=training)

    return measure


WRONG = [
    (nb04b.schedule, lambda p: p if p < 0.1 else cosine(p), "ten times as steep"),
    (nb04b.schedule, lambda p: 0.1 * p if p < 0.1 else cosine(p), "divide by 0.1"),
    (nb04b.schedule, after(lambda p: (1 + math.cos(math.pi * p)) / 2), "the fall begins at 0.1"),
    (nb04b.schedule, after(lambda p: (1 + math.cos(math.pi * (p - 0.1))) / 2), "divide by 0.9"),
    (nb04b.schedule, after(lambda p: math.cos(math.pi * fall(p))), "add 1, then halve"),
    (nb04b.schedule, after(lambda p: 1 + math.cos(math.pi * fall(p))), "halve it"),
    (nb04b.schedule, after(lambda p: math.cos(math.pi / 2 * fall(p))), "a quarter of a wave"),
    (nb04b.schedule, after(lambda p: 1 - fall(p)), "a straight line"),
    (nb04b.schedule, after(lambda p: (1 + math.cos(fall(p))) / 2), "π long"),
    (nb04b.schedule, lambda p: 3, "must be 0"),
    (nb04b.schedule, lambda p: None, "returned nothing"),
    (nb04b.measure_anew, anew(training=False), "only do in training mode"),
    (nb04b.measure_anew, anew(lambda number: 0.99), "nearly all of the old average"),
    (nb04b.measure_anew, anew(lambda number: 0.9), "a good part of the old average"),
    (nb04b.measure_anew, anew(lambda number: 1 / number), "wrong way around"),
    (nb04b.measure_anew, anew(lambda number: 0), "Only the last batch"),
    (nb04b.measure_anew, anew(lambda number: 0.5 * (number > 1)), "each must count a third"),
    (nb04b.measure_anew, anew(lambda number: 1 - 1 / (number + 1)), "as if it were a batch"),
    (nb04b.measure_anew, anew(lambda number: 0.7), "what share must the old average keep"),
    (nb04b.measure_anew, anew(fit=True), "The weights have changed"),
    (nb04b.measure_anew, 0.99, "must be a function"),
    (nb04b.megabytes, size, "these are bytes"),
    (nb04b.megabytes, lambda *a: size(*a) / 2**20, "not 1024"),
    (nb04b.megabytes, lambda *a: size(*a) / 1e9, "gigabytes"),
    (nb04b.megabytes, lambda n, side, c, each: n * side * c * each / 1e6, "side × side"),
    (nb04b.megabytes, lambda n, side, c, each: n * side * side * each / 1e6, "each channel"),
    (nb04b.megabytes, lambda n, side, c, each: n * side * side * c / 1e6, "bytes_each"),
    (nb04b.megabytes, lambda n, side, c, each: side * side * c * each / 1e6, "one image"),
    (nb04b.megabytes, lambda *a: 7, "Multiply"),
    (nb04b.megabytes, 153.6, "must be a function"),
    (nb04b.bug_lines, [2, 3, 5, 8, 10], "5 of 6 found"),
    (nb04b.bug_lines, [], "0 of 6 found"),
    (nb04b.bug_lines, [2, 4], "Line 4 is fine"),
    (nb04b.bug_lines, [13], "no line 13"),
    (nb04b.bug_lines, "2, 3", "as a list"),
    (nb04b.bug_lines, [2.5], "whole number"),
]

RIGHT = [
    (nb04b.schedule, after(cosine)),
    (nb04b.schedule, lambda p: np.float32(10 * p) if p < 0.1 else np.cos(np.pi / 2 * (p - 0.1) / 0.9) ** 2),
    (nb04b.measure_anew, anew()),
    (nb04b.measure_anew, lambda network, images: [anew()(network, images)]),
    (nb04b.measure_anew, fresh_averages.measure_anew),
    (nb04b.megabytes, lambda *a: np.float32(size(*a) / 1e6)),
    (nb04b.megabytes, lambda *a: [size(*a) / 1_000_000]),
    (nb04b.bug_lines, {12, 10, 8, 5, 3, 2}),
    (nb04b.bug_lines, np.array([2, 3, 5, 8, 10, 12, 12])),
]


def half_done(network, images):
    for layer in network.layers:
        layer.momentum = ____


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (nb04b.schedule, lambda progress: ____),
        (nb04b.measure_anew, half_done),
        (nb04b.megabytes, lambda *a: ____),
        (nb04b.bug_lines, ____),
        (nb04b.bug_lines, [2, ____]),
    ],
)
def test_blanks_are_not_answers(exercise, answer):
    assert exercise.verdict(answer).status == "unanswered"


def test_the_script_with_bugs_has_the_bugs_that_it_says():
    """Keras refuses the misspelt argument; the list of line 12 is accepted, so only the test set is wrong there."""
    with pytest.raises((TypeError, ValueError)):
        keras.Input(input_shap=(32, 32, 3))
    inputs = keras.Input(shape=(2,))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(inputs))
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    x, y = np.zeros((4, 2)), np.zeros(4, int)
    assert "val_loss" in model.fit(x, y, validation_data=[x, y], verbose=0).history
