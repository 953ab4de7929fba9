"""Notebook 04's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np
import pytest

from helpers.exercises import ____, nb04
from helpers.exercises.core import Exercise


def size(images, side, channels, each):
    return images * side * side * channels * each


def shares(labels, answers, classes):
    return np.array([np.mean(answers[labels == k] == k) for k in range(classes)])


def hits(labels, answers, classes):
    return np.bincount(labels[labels == answers], minlength=classes)


COUNTS = (672, 5_208, 10_416, 7_690)
WRONG = [
    (nb04.megabytes, [size], "these are bytes"),
    (nb04.megabytes, [lambda *a: size(*a) / 2**20], "not 1024"),
    (nb04.megabytes, [lambda *a: size(*a) / 1e9], "gigabytes"),
    (nb04.megabytes, [lambda n, side, c, each: n * side * c * each / 1e6], "side × side"),
    (nb04.megabytes, [lambda n, side, c, each: n * side * side * each / 1e6], "each channel"),
    (nb04.megabytes, [lambda n, side, c, each: n * side * side * c / 1e6], "bytes_each"),
    (nb04.megabytes, [lambda n, side, c, each: side * side * c * each / 1e6], "one picture"),
    (nb04.megabytes, [lambda *a: 7], "Multiply"),
    (nb04.megabytes, [153.6], "must be a function"),
    (nb04.per_class, [hits], "these are counts"),
    (nb04.per_class, [lambda y, a, n: hits(y, a, n) / len(y)], "number of all images"),
    (nb04.per_class, [lambda y, a, n: hits(y, a, n) / np.bincount(a, minlength=n)], "*answered*"),
    (nb04.per_class, [lambda y, a, n: 1 - shares(y, a, n)], "wrong answers"),
    (nb04.per_class, [lambda y, a, n: np.mean(y == a)], "must hold 3 numbers"),
    (nb04.per_class, [lambda y, a, n: np.zeros(n)], "so its share is"),
    (nb04.per_class, [lambda y, a, n: None], "returned nothing"),
    (nb04.parameters, [648, *COUNTS[1:]], "bias"),
    (nb04.parameters, [240, *COUNTS[1:]], "3 colour channels"),
    (nb04.parameters, [672, 672, *COUNTS[2:]], "24 channels"),
    (nb04.parameters, [672, 5_208, 5_208, 7_690], "48 filters"),
    (nb04.parameters, [*COUNTS[:3], 490], "4×4×48"),
    (nb04.parameters, [*COUNTS[:3], 10 * (8 * 8 * 48 + 1)], "three poolings"),
    (nb04.parameters, [*COUNTS[:3], 11], "Flatten gives"),
    (nb04.parameters, [5, *COUNTS[1:]], "channels in + 1 bias"),
    (nb04.parameters, ["672", *COUNTS[1:]], "text"),
    (nb04.early_stopping, [lambda epoch, best, p: epoch - best > p], "too long"),
    (nb04.early_stopping, [lambda epoch, best, p: epoch - best >= p - 1], "too early"),
    (nb04.early_stopping, [lambda epoch, best, p: epoch >= p], "not since the start"),
    (nb04.early_stopping, [lambda epoch, best, p: epoch > p], "not since the start"),
    (nb04.early_stopping, [lambda epoch, best, p: epoch - best < p], "should go on"),
    (nb04.early_stopping, [lambda epoch, best, p: epoch - best <= p], "should go on"),
    (nb04.early_stopping, [lambda epoch, best, p: False], "since the best one?"),
    (nb04.early_stopping, [lambda epoch, best, p: "yes"], "True or False"),
    (nb04.left_over, [lambda m, n: 1 - m**n], "the batches have"),
    (nb04.left_over, [lambda m, n: (1 - m) ** n], "not 1 - momentum"),
    (nb04.left_over, [lambda m, n: m * n], "a power"),
    (nb04.left_over, [lambda m, n: 1 - n * (1 - m)], "what is left"),
    (nb04.left_over, [lambda m, n: m], "one update only"),
    (nb04.left_over, [lambda m, n: m ** (n + 1)], "and after two"),
    (nb04.bug_lines, [[2, 3, 5, 8, 10]], "5 of 6 found"),
    (nb04.bug_lines, [[]], "0 of 6 found"),
    (nb04.bug_lines, [[2, 4]], "Line 4 is fine"),
    (nb04.bug_lines, [[13]], "no line 13"),
    (nb04.bug_lines, ["2, 3"], "as a list"),
    (nb04.bug_lines, [[2.5]], "whole number"),
]


@pytest.mark.parametrize(("exercise", "answers", "fragment"), WRONG)
def test_wrong_answers_are_refused_with_a_useful_message(exercise, answers, fragment):
    verdict = exercise.verdict(*answers)
    assert verdict.status == "wrong"
    assert fragment in verdict.message


def test_every_exercise_has_two_wrong_answers_here():
    exercises = [item for item in vars(nb04).values() if isinstance(item, Exercise)]
    for exercise in exercises:
        assert sum(exercise is other for other, _, _ in WRONG) >= 2, exercise.name


RIGHT = [
    (nb04.megabytes, [lambda *a: np.float32(size(*a) / 1e6)]),
    (nb04.megabytes, [lambda *a: [size(*a) / 1_000_000]]),
    (nb04.per_class, [shares]),
    (nb04.per_class, [lambda y, a, n: shares(y, a, n).tolist()]),
    (nb04.per_class, [lambda y, a, n: hits(y, a, n) / np.bincount(y, minlength=n)]),
    (nb04.parameters, [np.int64(672), 5_208.0, np.array([10_416]), [7_690]]),
    (nb04.early_stopping, [lambda epoch, best, p: epoch - best >= p]),
    (nb04.early_stopping, [lambda epoch, best, p: epoch == best + p]),
    (nb04.early_stopping, [lambda epoch, best, p: np.array(epoch - best) > p - 1]),
    (nb04.early_stopping, [lambda epoch, best, p: int(not epoch - best < p)]),
    (nb04.left_over, [lambda m, n: m**n]),
    (nb04.left_over, [lambda m, n: np.prod(np.full(n, m))]),
    (nb04.bug_lines, [{12, 10, 8, 5, 3, 2}]),
    (nb04.bug_lines, [np.array([2, 3, 5, 8, 10, 12, 12])]),
]


@pytest.mark.parametrize(("exercise", "answers"), RIGHT)
def test_other_right_forms_pass(exercise, answers):
    verdict = exercise.verdict(*answers)
    assert verdict.status == "correct", verdict.message


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb04.megabytes, [lambda *a: ____]),
        (nb04.per_class, [lambda *a: ____]),
        (nb04.parameters, [672, ____, 10_416, 7_690]),
        (nb04.early_stopping, [lambda *a: ____]),
        (nb04.left_over, [lambda *a: ____]),
        (nb04.bug_lines, [____]),
        (nb04.bug_lines, [[2, ____]]),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"


def test_the_script_with_bugs_has_the_bugs_that_it_says():
    """Keras refuses the misspelt argument; the list of line 12 is accepted, so only the test set is wrong there."""
    from helpers.notebook.quiet_keras import quiet_start

    with quiet_start():
        import keras
    with pytest.raises((TypeError, ValueError)):
        keras.Input(input_shap=(32, 32, 3))
    inputs = keras.Input(shape=(2,))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(inputs))
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    x, y = np.zeros((4, 2)), np.zeros(4, int)
    history = model.fit(x, y, validation_data=[x, y], verbose=0).history
    assert "val_loss" in history
