"""Notebook 03's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np
import pytest

from helpers.exercises import ____, nb03


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
    (nb03.parameters, (800, 51_264, 401_536, 1_290), "bias"),
    (nb03.parameters, (320, 51_264, 401_536, 1_290), "5×5"),
    (nb03.parameters, (832, 1_664, 401_536, 1_290), "32 channels"),
    (nb03.parameters, (832, 51_264, 128 * 14 * 14 * 64 + 128, 1_290), "28 → 14 → 7"),
    (nb03.parameters, (832, 51_264, 401_536, 650), "128 values"),
    (nb03.parameters, (832, 51_264, 401_536, "1290"), "text"),
    (nb03.parameters, (832, 51_264, 401_536, 7), "digit is not 7"),
    (
        nb03.fit_call,
        fit("x_train", "y_train", validation_data=TEST, callbacks=WATCH),
        "test set would choose",
    ),
    (nb03.fit_call, fit("x_train", "y_train", callbacks=WATCH), "no val_loss"),
    (nb03.fit_call, fit("x_train", "y_train", validation_data=VALIDATION), "isn't used yet"),
    (nb03.fit_call, fit("x_test", "y_test", validation_data=VALIDATION, callbacks=WATCH), "gets x_test"),
    (nb03.fit_call, fit("x_train", "y_val", validation_data=VALIDATION, callbacks=WATCH), "gets y_val"),
    (
        nb03.fit_call,
        fit("x_train", "y_train", validation_data=("y_val", "x_val"), callbacks=WATCH),
        "should be (x_val",
    ),
    (nb03.fit_call, fit("x_train", "y_train", validation_data="x_val", callbacks=WATCH), "pair"),
    (
        nb03.fit_call,
        fit("x_train", "y_train", validation_split=0.1, callbacks=WATCH),
        "You already have x_val",
    ),
    (
        nb03.fit_call,
        fit("x_train", "y_train", validation_data=VALIDATION, callback=WATCH),
        "no argument named 'callback'. Did you mean callbacks?",
    ),
    (
        nb03.fit_call,
        fit("x_train", "y_train", validation_data=VALIDATION, callbacks=WATCH, colors=1),
        "no argument named 'colors'. Check its spelling.",
    ),
    (
        nb03.fit_call,
        fit("x_train", "y_train", y="y_train", validation_data=VALIDATION, callbacks=WATCH),
        "can't work: multiple values for argument 'y'",
    ),
    (nb03.fit_call, lambda model, **known: model.compile("adam"), "leave out model.compile"),
    (nb03.fit_call, lambda model, **known: "history", "should call model.fit"),
    (nb03.fit_call, fit(validation_data=VALIDATION, callbacks=WATCH), "training images"),
    (
        nb03.fit_call,
        fit("x_train", "y_train", epoch=3, validation_data=VALIDATION, callbacks=WATCH),
        "no argument named 'epoch'",
    ),
    (nb03.center_of_mass, lambda image: mass(image)[::-1], "swapped"),
    (nb03.center_of_mass, lambda image: np.argwhere(image > 0).mean(axis=0), "brighter pixels"),
    (nb03.center_of_mass, middle_of_ink, "not its center of mass"),
    (nb03.center_of_mass, lambda image: (np.array(image.shape) - 1) / 2, "middle of the image"),
    (nb03.center_of_mass, lambda image: mass(image)[0], "a pair"),
    (nb03.center_of_mass, lambda image: np.array(mass(image)) * image.sum(), "total brightness"),
    (nb03.center_of_mass, lambda image: np.array(mass(image)) + 1, "and yours is"),
]


RIGHT = [
    (nb03.parameters, (np.int64(832), 51_264.0, np.array([401_536]), [1_290])),
    (
        nb03.fit_call,
        fit(x="x_train", y="y_train", epochs=3, validation_data=list(VALIDATION), callbacks=WATCH),
    ),
    (nb03.fit_call, fit("x_train", "y_train", 32, 12, validation_data=VALIDATION, callbacks="checkpoint")),
    (
        nb03.fit_call,
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
        ),
    ),
    (nb03.center_of_mass, mass),
    (nb03.center_of_mass, lambda image: np.array(mass(image))),
    (nb03.center_of_mass, lambda image: [np.float32(number) for number in mass(image)]),
]


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb03.parameters, [832, ____, 401_536, ____]),
        (nb03.fit_call, [lambda model, checkpoint, **known: model.fit(____)]),
        (nb03.fit_call, [fit("x_train", "y_train", validation_data=(____, ____), callbacks=WATCH)]),
        (nb03.center_of_mass, [lambda image: (____, ____)]),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"
