"""Notebook 01's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
import pytest

from helpers.exercises import ____, nb01


def _network(*, shape=(28, 28), units=(512, 512, 10), activations=("relu", "relu", "softmax")):
    inputs = keras.Input(shape=shape)
    x = keras.layers.Flatten()(inputs)
    for size, activation in zip(units, activations, strict=True):
        x = keras.layers.Dense(units=size, activation=activation)(x)
    return keras.Model(inputs=inputs, outputs=x)


def _without_input():
    dense = keras.layers.Dense
    return keras.Sequential(
        [keras.layers.Flatten(), dense(512, "relu"), dense(512, "relu"), dense(10, "softmax")]
    )


def _parameters(sizes):
    return sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def _weights(sizes):
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def _answers(model, x):
    return np.argmax(model.predict(x, verbose=0), axis=1)


def _old_label(model, x_test, y_test):
    return np.mean(_answers(model, x_test) == Y_test)  # noqa: F821


def _in_place(image, *, columns):
    image[:, columns:] = image[:, : image.shape[1] - columns].copy()
    image[:, :columns] = 0
    return image


def _down(image, *, columns):
    return np.pad(image, ((columns, 0), (0, 0)))[: len(image)]


def _left(image, *, columns):
    return np.pad(image, ((0, 0), (0, columns)))[:, columns:]


WRONG = [
    (nb01.place_of, (lambda index, *, width: (index % width, index // width),), "swapped"),
    (nb01.place_of, (lambda index, *, width: (index // 28, index % 28),), "use the argument width"),
    (nb01.place_of, (lambda index, *, width: (index / width, index % width),), "// divides"),
    (nb01.place_of, (lambda index, *, width: index // width,), "two numbers"),
    (nb01.place_of, (lambda index, *, width: (index // width + 1, index % width + 1),), "from 0"),
    (nb01.place_of, (lambda index, *, width: (index // width, 0),), "it must be (0, 27)"),
    (nb01.place_of, ((14, 17),), "must be a function"),
    (nb01.place_of, (lambda index, *, width: None,), "returned nothing"),
    (nb01.mlp_parameters, (_weights,), "weights alone"),
    (nb01.mlp_parameters, (lambda sizes: _weights(sizes) + sum(sizes),), "have no bias"),
    (nb01.mlp_parameters, (lambda sizes: _weights(sizes) + sum(sizes[:-1]),), "not to each of its inputs"),
    (nb01.mlp_parameters, (lambda sizes: _weights(sizes) + len(sizes) - 1,), "one bias for each layer"),
    (nb01.mlp_parameters, (lambda sizes: (sizes[0] + 1) * sizes[1],), "first layer alone"),
    (nb01.mlp_parameters, (lambda sizes: 669_706,), "it must be 9"),
    (nb01.mlp_parameters, (669_706,), "must be a function"),
    (
        nb01.find_the_typos,
        (lambda: _network(activations=("relu", None, "softmax")),),
        "layer 2 has no activation",
    ),
    (nb01.find_the_typos, (lambda: _network(activations=("tanh", "relu", "softmax")),), '"tanh", not "relu"'),
    (
        nb01.find_the_typos,
        (lambda: _network(activations=("relu", "relu", "sigmoid")),),
        '"sigmoid", not "softmax"',
    ),
    (nb01.find_the_typos, (lambda: _network(units=(512, 256, 10)),), "yours have 512, 256, 10"),
    (nb01.find_the_typos, (lambda: _network(shape=(28, 28, 3)),), "digits have 28×28"),
    (nb01.find_the_typos, (_without_input,), "how large a picture is"),
    (nb01.find_the_typos, (lambda: keras.layers.Flatten(input_shpae=(28, 28)),), "input_shpae"),
    (nb01.find_the_typos, (lambda: "softmax",), "must return a Keras model"),
    (nb01.find_the_bug, (_old_label,), "capital letters"),
    (nb01.find_the_bug, (lambda m, x, y: np.mean(np.argmax(m.predict(x)) == y),), "without an axis"),
    (nb01.find_the_bug, (lambda m, x, y: np.mean(np.argmax(m.predict(x), axis=0) == y),), "along axis 1"),
    (nb01.find_the_bug, (lambda m, x, y: np.sum(_answers(m, x) == y),), "take the mean"),
    (nb01.find_the_bug, (lambda m, x, y: 100 * np.mean(_answers(m, x) == y),), "not per cent"),
    (nb01.find_the_bug, (lambda m, x, y: np.mean(_answers(m, x) != y),), "wrong answers"),
    (
        nb01.find_the_bug,
        (lambda m, x, y: np.mean(m.predict(x).max(axis=1) == y),),
        "one class for every image",
    ),
    (
        nb01.find_the_bug,
        (lambda m, x, y: np.mean(np.argmin(m.predict(x), axis=1) == np.roll(y, 1)),),
        "place of",
    ),
    (nb01.find_the_bug, (lambda m, x, y: _answers(m, x) == y,), "made of numbers"),
    (nb01.put_back, (lambda kernel, order: kernel[order],), "the other way round"),
    (nb01.put_back, (lambda kernel, order: kernel[:, np.argsort(order)],), "pick rows"),
    (nb01.put_back, (lambda kernel, order: kernel,), "unchanged"),
    (nb01.put_back, (lambda kernel, order: kernel[::-1],), "belongs to pixel order[i]"),
    (nb01.put_back, (lambda kernel, order: kernel.T,), "it must be 6×4"),
    (nb01.shift_right, (lambda image, *, columns: np.roll(image, columns, axis=1),), "np.roll"),
    (nb01.shift_right, (_left,), "to the left"),
    (nb01.shift_right, (_down,), "moved down"),
    (
        nb01.shift_right,
        (lambda image, *, columns: np.pad(image, ((0, 0), (columns, 0))),),
        "4×8; it must be 4×6",
    ),
    (nb01.shift_right, (lambda image, *, columns: image,), "did not move"),
    (nb01.shift_right, (lambda image, *, columns: np.zeros_like(image),), "zeros left of it"),
    (nb01.shift_right, (_in_place,), "Work on a copy"),
    (nb01.cost, (14_155_776, 2_432), "add one bias for each of the 512"),
    (nb01.cost, (4_719_104, 2_432), "three numbers per pixel"),
    (nb01.cost, (14_156_288, 2_400), "add one bias for each of the 32"),
    (nb01.cost, (14_156_288, 832), "all three colours"),
    (nb01.cost, (14_156_288, 96 * 96 * 76 * 32), "does not depend on the side"),
    (nb01.cost, (14_156_288, 7), "convolution is 7"),
    (nb01.cost, (7, 2_432), "dense is 7"),
    (nb01.cost, ("14,156,288", 2_432), "Leave out the quotes"),
]


@pytest.mark.parametrize(("exercise", "answers", "fragment"), WRONG)
def test_wrong_answers_are_refused_with_a_useful_message(exercise, answers, fragment):
    verdict = exercise.verdict(*answers)
    assert verdict.status == "wrong"
    assert fragment in verdict.message
    assert "Traceback" not in verdict.message


def test_every_exercise_has_two_wrong_answers_here():
    exercises = [value for value in vars(nb01).values() if isinstance(value, nb01.Exercise)]
    assert len(exercises) >= 4
    for exercise in exercises:
        assert sum(tried is exercise for tried, _, _ in WRONG) >= 2


def _empty_then_filled(kernel, order):
    restored = np.empty_like(kernel)
    restored[order] = kernel
    return restored


def _filled(image, *, columns):
    moved = np.zeros_like(image)
    moved[:, columns:] = image[:, : image.shape[1] - columns]
    return moved


def _filled_functional_mlp():
    inputs = keras.Input(shape=(28, 28))
    x = keras.layers.Rescaling(scale=1 / 255)(inputs)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(512, activation=keras.activations.relu)(x)
    x = keras.layers.Dense(512, activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb01.place_of, (lambda index, *, width: divmod(index, width),)),
        (nb01.place_of, (lambda index, *, width: [index // width, index % width],)),
        (nb01.place_of, (lambda index, *, width: np.array([index // width, index % width]),)),
        (nb01.place_of, (lambda index, *, width: np.unravel_index(index, (10_000, width)),)),
        (nb01.mlp_parameters, (lambda sizes: np.int64(_parameters(sizes)),)),
        (nb01.mlp_parameters, (lambda sizes: float(_parameters(sizes)),)),
        (nb01.mlp_parameters, (lambda sizes: np.dot(np.array(sizes[:-1]) + 1, sizes[1:]),)),
        (nb01.find_the_typos, (_filled_functional_mlp,)),
        (nb01.find_the_bug, (lambda m, x, y: float((_answers(m, x) == y).mean()),)),
        (
            nb01.find_the_bug,
            (lambda m, x, y: keras.ops.mean(keras.ops.cast(_answers(m, x) == y, "float32")),),
        ),
        (nb01.find_the_bug, (lambda m, x, y: np.mean(m(x).argmax(axis=-1) == y),)),
        (nb01.put_back, (_empty_then_filled,)),
        (nb01.put_back, (lambda kernel, order: kernel[np.argsort(order)].tolist(),)),
        (nb01.shift_right, (_filled,)),
        (
            nb01.shift_right,
            (lambda image, *, columns: _filled(image, columns=columns).astype(float).tolist(),),
        ),
        (nb01.cost, (np.int32(14_156_288), 2432.0)),
        (nb01.cost, (keras.ops.convert_to_tensor(14_156_288), [2432])),
    ],
)
def test_other_right_forms_pass(exercise, answers):
    verdict = exercise.verdict(*answers)
    assert verdict.status == "correct", verdict.message


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb01.place_of, (lambda index, *, width: ____,)),
        (nb01.mlp_parameters, (lambda sizes: ____,)),
        (nb01.find_the_typos, (lambda: ____,)),
        (nb01.find_the_bug, (lambda m, x, y: ____,)),
        (nb01.put_back, (lambda kernel, order: ____,)),
        (nb01.shift_right, (lambda image, *, columns: ____,)),
        (nb01.cost, (____, ____)),
        (nb01.cost, (14_156_288, ____)),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"
