"""Notebook 03's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np
import pytest

from helpers.exercises import ____, nb03
from helpers.exercises.core import Exercise


def predicted_and_confidence(probabilities):
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


def any_answers(probabilities, labels, count):
    return np.argsort(predicted_and_confidence(probabilities)[1])[:count]


def surest(probabilities, labels, count):
    predicted, confidence = predicted_and_confidence(probabilities)
    right = np.flatnonzero(predicted == labels)
    return right[np.argsort(-confidence[right])][:count]


def among_right(probabilities, labels, count):
    predicted, confidence = predicted_and_confidence(probabilities)
    return np.argsort(confidence[predicted == labels])[:count]


def whole_list(probabilities, labels, count):
    predicted, confidence = predicted_and_confidence(probabilities)
    right = np.flatnonzero(predicted == labels)
    return right[np.argsort(confidence[right])]


def barely(probabilities, labels, count):
    return whole_list(probabilities, labels, count)[:count]


def fit(*arguments, **named):
    """A `train` whose call of fit is given by names: fit("x_train", "y_train", validation_data=("x_val", ...))."""

    def train(model, **known):
        def look_up(item):
            if isinstance(item, (list, tuple)):
                return type(item)(look_up(part) for part in item)
            return known.get(item, item) if isinstance(item, str) else item

        return model.fit(*map(look_up, arguments), **{key: look_up(item) for key, item in named.items()})

    return train


VALIDATION, TEST = ("x_val", "y_val"), ("x_test", "y_test")
WATCH = ["checkpoint"]


def middle_of_ink(image):
    rows, columns = np.nonzero(image)
    return (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2


def mass(image):
    rows, columns = np.indices(image.shape)
    return (rows * image).sum() / image.sum(), (columns * image).sum() / image.sum()


WRONG = [
    (nb03.one_hot, [lambda labels, classes: np.eye(classes)[labels].T], "exchanged"),
    (nb03.one_hot, [lambda labels, classes: np.eye(classes)[labels - 1]], "count from 0"),
    (nb03.one_hot, [lambda labels, classes: np.eye(10)[labels]], "the table must be"),
    (nb03.one_hot, [lambda labels, classes: np.zeros((len(labels), classes))], "single 1"),
    (nb03.one_hot, [lambda labels, classes: labels], "the table must be"),
    (nb03.one_hot, [lambda labels, classes: None], "returned nothing"),
    (nb03.one_hot, [np.eye(3)], "must be a function"),
    (nb03.parameters, [800, 51_264, 401_536, 1_290], "bias"),
    (nb03.parameters, [320, 51_264, 401_536, 1_290], "5×5"),
    (nb03.parameters, [832, 1_664, 401_536, 1_290], "32 channels"),
    (nb03.parameters, [832, 51_264, 128 * 14 * 14 * 64 + 128, 1_290], "28 → 14 → 7"),
    (nb03.parameters, [832, 51_264, 401_536, 650], "128 values"),
    (nb03.parameters, [832, 51_264, 401_536, "1290"], "text"),
    (nb03.parameters, [832, 51_264, 401_536, 7], "digit is not 7"),
    (nb03.dropout, [lambda values, keep, rate: values * keep], "must grow"),
    (nb03.dropout, [lambda values, keep, rate: values * keep / rate], "divide by the rate"),
    (nb03.dropout, [lambda values, keep, rate: values * ~keep / (1 - rate)], "drops those"),
    (nb03.dropout, [lambda values, keep, rate: values * keep * (1 - rate)], "yours shrink"),
    (nb03.dropout, [lambda values, keep, rate: values], "must become"),
    (nb03.dropout, [lambda values, keep, rate: values[keep] / (1 - rate)], "it must be 12"),
    (nb03.bug_lines, [[1, 3, 5, 7]], "4 of 5 found"),
    (nb03.bug_lines, [[]], "0 of 5 found"),
    (nb03.bug_lines, [[1, 2, 3, 5, 7, 8]], "Line 2 is fine"),
    (nb03.bug_lines, [[10]], "at the very end"),
    (nb03.bug_lines, [[11]], "no line 11"),
    (nb03.bug_lines, ["1, 3"], "as a list"),
    (nb03.bug_lines, [[1.5]], "whole number"),
    (
        nb03.fit_call,
        [fit("x_train", "y_train", validation_data=TEST, callbacks=WATCH)],
        "test set would choose",
    ),
    (nb03.fit_call, [fit("x_train", "y_train", callbacks=WATCH)], "no val_loss"),
    (nb03.fit_call, [fit("x_train", "y_train", validation_data=VALIDATION)], "takes no part"),
    (nb03.fit_call, [fit("x_test", "y_test", validation_data=VALIDATION, callbacks=WATCH)], "gets x_test"),
    (nb03.fit_call, [fit("x_train", "y_val", validation_data=VALIDATION, callbacks=WATCH)], "gets y_val"),
    (
        nb03.fit_call,
        [fit("x_train", "y_train", validation_data=("y_val", "x_val"), callbacks=WATCH)],
        "must be (x_val",
    ),
    (nb03.fit_call, [fit("x_train", "y_train", validation_data="x_val", callbacks=WATCH)], "pair"),
    (nb03.fit_call, [fit("x_train", "y_train", validation_split=0.1, callbacks=WATCH)], "hand over x_val"),
    (
        nb03.fit_call,
        [fit("x_train", "y_train", validation_data=VALIDATION, callback=WATCH)],
        "no argument named 'callback'. Did you mean callbacks?",
    ),
    (
        nb03.fit_call,
        [fit("x_train", "y_train", validation_data=VALIDATION, callbacks=WATCH, colour=1)],
        "no argument named 'colour'. Check its spelling.",
    ),
    (
        nb03.fit_call,
        [fit("x_train", "y_train", y="y_train", validation_data=VALIDATION, callbacks=WATCH)],
        "cannot work: multiple values for argument 'y'",
    ),
    (nb03.fit_call, [lambda model, **known: model.compile("adam")], "leave out model.compile"),
    (nb03.fit_call, [lambda model, **known: "history"], "must call model.fit"),
    (nb03.fit_call, [fit(validation_data=VALIDATION, callbacks=WATCH)], "training images"),
    (
        nb03.fit_call,
        [fit("x_train", "y_train", epoch=3, validation_data=VALIDATION, callbacks=WATCH)],
        "no argument named 'epoch'",
    ),
    (nb03.barely_right, [any_answers], "predicted wrongly"),
    (nb03.barely_right, [surest], "surest right answers"),
    (nb03.barely_right, [whole_list], "were asked for"),
    (
        nb03.barely_right,
        [lambda p, labels, count: p.max(axis=1)[barely(p, labels, count)]],
        "not probabilities",
    ),
    (
        nb03.barely_right,
        [lambda p, labels, count: barely(p, labels, count + 1)[1:]],
        "not the least sure ones",
    ),
    (nb03.centre_of_mass, [lambda image: mass(image)[::-1]], "exchanged"),
    (nb03.centre_of_mass, [lambda image: np.argwhere(image > 0).mean(axis=0)], "brighter pixels"),
    (nb03.centre_of_mass, [middle_of_ink], "not its centre of mass"),
    (nb03.centre_of_mass, [lambda image: (np.array(image.shape) - 1) / 2], "middle of the image"),
    (nb03.centre_of_mass, [lambda image: mass(image)[0]], "a pair"),
    (nb03.centre_of_mass, [lambda image: np.array(mass(image)) * image.sum()], "total brightness"),
    (nb03.centre_of_mass, [lambda image: np.array(mass(image)) + 1], "and yours is"),
]


@pytest.mark.parametrize(("exercise", "answers", "fragment"), WRONG)
def test_wrong_answers_are_refused_with_a_useful_message(exercise, answers, fragment):
    verdict = exercise.verdict(*answers)
    assert verdict.status == "wrong"
    assert fragment in verdict.message


def test_every_exercise_has_two_wrong_answers_here():
    exercises = [item for item in vars(nb03).values() if isinstance(item, Exercise)]
    for exercise in exercises:
        assert sum(exercise is other for other, _, _ in WRONG) >= 2, exercise.name


def hot_lists(labels, classes):
    return [[int(place == label) for place in range(classes)] for label in labels]


def hot_keras(labels, classes):
    import keras

    return keras.ops.one_hot(labels, classes)


RIGHT = [
    (nb03.one_hot, [hot_lists]),
    (nb03.one_hot, [hot_keras]),
    (nb03.one_hot, [lambda labels, classes: (labels[:, None] == np.arange(classes)).astype(int)]),
    (nb03.one_hot, [lambda labels, classes: labels[:, None] == np.arange(classes)]),
    (nb03.parameters, [np.int64(832), 51_264.0, np.array([401_536]), [1_290]]),
    (nb03.dropout, [lambda values, keep, rate: np.where(keep, values / (1 - rate), 0)]),
    (
        nb03.dropout,
        [lambda values, keep, rate: [v / (1 - rate) if k else 0 for v, k in zip(values, keep, strict=True)]],
    ),
    (nb03.bug_lines, [{8, 7, 5, 3, 1}]),
    (nb03.bug_lines, [(1, 3, 5, 7, 8)]),
    (nb03.bug_lines, [np.array([8, 1, 3, 5, 7, 7])]),
    (
        nb03.fit_call,
        [fit(x="x_train", y="y_train", epochs=3, validation_data=list(VALIDATION), callbacks=WATCH)],
    ),
    (nb03.fit_call, [fit("x_train", "y_train", 32, 12, validation_data=VALIDATION, callbacks="checkpoint")]),
    (
        nb03.fit_call,
        [
            fit(
                "x_train",
                "y_train",
                validation_data=(*VALIDATION, None),
                callbacks=WATCH,
                **{
                    "validation_batch_size": 500,
                    "sample_weight": None,
                    "validation_freq": 1,
                    "shuffle": True,
                    "validation_steps": None,
                    "initial_epoch": 0,
                    "steps_per_epoch": None,
                    "class_weight": None,
                },
            )
        ],
    ),
    (nb03.barely_right, [barely]),
    (nb03.barely_right, [lambda p, labels, count: barely(p, labels, count).tolist()]),
    (nb03.centre_of_mass, [mass]),
    (nb03.centre_of_mass, [lambda image: np.array(mass(image))]),
    (nb03.centre_of_mass, [lambda image: [np.float32(number) for number in mass(image)]]),
]


@pytest.mark.parametrize(("exercise", "answers"), RIGHT)
def test_other_right_forms_pass(exercise, answers):
    verdict = exercise.verdict(*answers)
    assert verdict.status == "correct", verdict.message


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb03.one_hot, [lambda labels, classes: ____]),
        (nb03.parameters, [832, ____, 401_536, ____]),
        (nb03.dropout, [lambda values, keep, rate: values * ____]),
        (nb03.bug_lines, [____]),
        (nb03.bug_lines, [[1, ____]]),
        (nb03.fit_call, [lambda model, checkpoint, **known: model.fit(____)]),
        (nb03.fit_call, [fit("x_train", "y_train", validation_data=(____, ____), callbacks=WATCH)]),
        (nb03.barely_right, [lambda probabilities, labels, count: ____]),
        (nb03.centre_of_mass, [lambda image: (____, ____)]),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"
