"""Notebook 03c's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.exercises import ____, nb03c


def network(**changes):
    """A `build` for the table's network; `changes` replace settings of its layers, or put in others."""
    settings = {
        "shape": (28, 28, 1),
        "first": {"filters": 16, "kernel_size": 3, "activation": "relu"},
        "second": {"filters": 32, "kernel_size": 5, "padding": "same", "activation": "relu"},
        "pool": lambda: layers.MaxPooling2D(pool_size=2),
        "units": 50,
        "rate": 0.3,
        "middle": "relu",
        "last": "softmax",
        "before": [],
        "after": [],
    } | changes

    def build():
        inputs = keras.Input(shape=settings["shape"])
        steps = [
            *(make() for make in settings["before"]),
            layers.Conv2D(**settings["first"]),
            settings["pool"](),
            layers.Conv2D(**settings["second"]),
            settings["pool"](),
            layers.Flatten(),
            layers.Dense(settings["units"], activation=settings["middle"]),
            layers.Dropout(settings["rate"]),
            layers.Dense(10, activation=settings["last"]),
            *(make() for make in settings["after"]),
        ]
        x = inputs
        for step in steps:
            x = step(x)
        return keras.Model(inputs, x)

    return build


FIRST = {"filters": 16, "kernel_size": 3, "activation": "relu"}
SECOND = {"filters": 32, "kernel_size": 5, "padding": "same", "activation": "relu"}


def without_dropout():
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.MaxPooling2D(2)(layers.Conv2D(**FIRST)(inputs))
    x = layers.Flatten()(layers.MaxPooling2D(2)(layers.Conv2D(**SECOND)(x)))
    x = layers.Dense(50, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def only_convolution():
    inputs = keras.Input(shape=(28, 28, 1))
    return keras.Model(inputs, layers.Conv2D(**FIRST)(inputs))


def in_a_row(start=True):
    def build():
        return keras.Sequential([
            *([keras.Input(shape=(28, 28, 1))] if start else []),
            layers.Rescaling(1 / 255), layers.Conv2D(16, 3), layers.ReLU(), layers.MaxPooling2D(),
            layers.Conv2D(32, 5, padding="same"), layers.Activation("relu"), layers.MaxPooling2D(),
            layers.Flatten(), layers.Dense(50), layers.ReLU(), layers.Dropout(0.3), layers.Dense(10), layers.Softmax(),
        ])  # fmt: skip

    return build


def by_operations():
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.MaxPooling2D(2)(keras.ops.relu(layers.Conv2D(16, 3)(inputs)))
    x = layers.MaxPooling2D(2)(keras.ops.relu(layers.Conv2D(32, 5, padding="same")(x)))
    x = layers.Dropout(0.3)(keras.ops.relu(layers.Dense(50)(layers.Flatten()(x))))
    return keras.Model(inputs, keras.ops.softmax(layers.Dense(10)(x)))


def stop(losses, patience, **mistake):
    return nb03c._stopped(losses, patience, **mistake)


def best_of_all(losses, patience):
    return stop(losses, patience)[0], int(np.argmin(losses)) + 1


def no_stop(losses, patience):
    return len(losses), stop(losses, patience)[1]


def table_of_ones(labels, classes):
    return np.ones((len(labels), classes)) / classes


WRONG = [
    (nb03c.one_hot, lambda labels, classes: np.eye(classes)[labels].T, "swapped"),
    (nb03c.one_hot, lambda labels, classes: np.eye(classes)[labels - 1], "count from 0"),
    (nb03c.one_hot, lambda labels, classes: np.eye(10)[labels], "the table must be"),
    (nb03c.one_hot, lambda labels, classes: np.zeros((len(labels), classes)), "single 1"),
    (nb03c.one_hot, table_of_ones, "single 1"),
    (nb03c.one_hot, lambda labels, classes: labels, "the table must be"),
    (nb03c.one_hot, lambda labels, classes: None, "returned nothing"),
    (nb03c.one_hot, np.eye(3), "must be a function"),
    (nb03c.from_table, network(first=FIRST | {"padding": "same"}), "makes the image smaller"),
    (nb03c.from_table, network(first=FIRST | {"filters": 8}), "number of filters"),
    (nb03c.from_table, network(first=FIRST | {"use_bias": False}), "should have 160 parameters"),
    (nb03c.from_table, network(second=SECOND | {"padding": "valid"}), "Here the size stays"),
    (
        nb03c.from_table,
        network(second=SECOND | {"kernel_size": 3}),
        "12,832 parameters for 32 filters are 401",
    ),
    (
        nb03c.from_table,
        network(pool=lambda: layers.AveragePooling2D(2)),
        "your network has average pooling",
    ),
    (nb03c.from_table, network(pool=lambda: layers.MaxPooling2D(2, padding="same")), "rounds down"),
    (nb03c.from_table, network(units=100), "one number for each of its units"),
    (nb03c.from_table, network(rate=0.4), "rate should be 0.3"),
    (nb03c.from_table, network(last=None), 'needs activation="softmax"'),
    (nb03c.from_table, network(last="sigmoid"), "not sigmoid"),
    (
        nb03c.from_table,
        network(first=FIRST | {"activation": None}, second=SECOND | {"activation": None}, middle=None),
        'need activation="relu"',
    ),
    (nb03c.from_table, network(middle="tanh"), "Now the activations"),
    (nb03c.from_table, network(shape=(28, 28, 3)), "28×28×3"),
    (nb03c.from_table, network(after=[lambda: layers.Dense(10)]), "goes on with dense"),
    (nb03c.from_table, network(before=[layers.BatchNormalization]), "BatchNormalization there"),
    (nb03c.from_table, without_dropout, "Row 7 of the table says dropout"),
    (nb03c.from_table, only_convolution, "ends too early: row 2"),
    (nb03c.from_table, in_a_row(start=False), "start with keras.Input"),
    (nb03c.from_table, lambda: layers.Dense(10), "must return a keras.Model"),
    (nb03c.from_table, lambda: None, "returned nothing"),
    (nb03c.stop_early, lambda losses, patience: stop(losses, patience)[::-1], "other order"),
    (
        nb03c.stop_early,
        lambda losses, patience: np.array(stop(losses, patience)) - 1,
        "from 0; count from 1",
    ),
    (
        nb03c.stop_early,
        lambda losses, patience: stop(losses, patience, resets=False),
        "starts again from 0",
    ),
    (nb03c.stop_early, lambda losses, patience: stop(losses, patience, late=1), "an epoch too late"),
    (nb03c.stop_early, lambda losses, patience: stop(losses, patience, ties=True), "only equals the best"),
    (nb03c.stop_early, lambda losses, patience: stop(losses, patience, previous=True), "best one so far"),
    (
        nb03c.stop_early,
        lambda losses, patience: (stop(losses, patience)[0],) * 2,
        "not the one where training",
    ),
    (nb03c.stop_early, best_of_all, "was never trained"),
    (nb03c.stop_early, no_stop, "runs through all"),
    (nb03c.stop_early, lambda losses, patience: stop(losses, patience)[0], "yours returns 1"),
    (nb03c.stop_early, lambda losses, patience: (1, 1), "and yours is (1, 1)"),
]


def hot_lists(labels, classes):
    return [[int(place == label) for place in range(classes)] for label in labels]


def hot_keras(labels, classes):
    return keras.ops.one_hot(labels, classes)


RIGHT = [
    (nb03c.one_hot, hot_lists),
    (nb03c.one_hot, hot_keras),
    (nb03c.one_hot, lambda labels, classes: (labels[:, None] == np.arange(classes)).astype(int)),
    (nb03c.one_hot, lambda labels, classes: labels[:, None] == np.arange(classes)),
    (nb03c.from_table, network()),
    (nb03c.from_table, network(before=[lambda: layers.Rescaling(1 / 255)])),
    (nb03c.from_table, in_a_row()),
    (nb03c.from_table, by_operations),
    (nb03c.stop_early, stop),
    (nb03c.stop_early, lambda losses, patience: list(stop(losses, patience))),
    (nb03c.stop_early, lambda losses, patience: np.array(stop(losses, patience), dtype="float32")),
]


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb03c.one_hot, [lambda labels, classes: ____]),
        (nb03c.from_table, [lambda: ____]),
        (nb03c.from_table, [lambda: keras.Model(____, ____)]),
        (nb03c.stop_early, [lambda losses, patience: (____, 3)]),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"


class Stand:
    """Stands in for a model that a callback may stop."""

    stop_training = False


@pytest.mark.parametrize("seed", range(20))
def test_early_stopping_by_hand_does_what_keras_does(seed):
    rng = np.random.default_rng(seed)
    losses, patience = rng.integers(1, 8, size=12) / 10, int(rng.integers(1, 4))
    model, stopping = Stand(), keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience)
    stopping.set_model(model)
    stopping.on_train_begin()
    for epoch, loss in enumerate(losses):
        stopping.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    assert (epoch + 1, stopping.best_epoch + 1) == nb03c._stopped(losses.tolist(), patience)
