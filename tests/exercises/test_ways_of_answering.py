"""Every function that solves an exercise is right in whatever way it is written, and whatever it does to its arrays."""

import functools
import importlib

import numpy as np
import pytest

from helpers import paths
from helpers.exercises import nb02b, nb03, nb03b, nb05, nb09
from helpers.exercises.core import Exercise


class Caught(Exception):
    """Carries what a solution hands to `check`."""


class Catcher:
    """Stands in for an exercise while its solution runs."""

    def check(self, *answers):
        raise Caught(*answers)

    def __getattr__(self, name):
        return self


def solutions():
    """All exercises whose last answer is a function: (id, exercise, the answers of its solution)."""
    import keras

    for path in sorted(paths.ROOT.glob("notebooks/*.ipynb")):
        number = f"nb{path.stem.partition('_')[0]}"
        for name, item in vars(importlib.import_module(f"helpers.exercises.{number}")).items():
            if isinstance(item, Exercise):
                names = {"np": np, "keras": keras, "layers": keras.layers, number: Catcher()}
                try:
                    exec(compile(item.solution_code, "<solution>", "exec"), names)
                except Caught as caught:
                    if callable(caught.args[-1]) and not isinstance(caught.args[-1], keras.layers.Layer):
                        yield f"{number}.{name}", item, caught.args


FUNCTIONS = {name: (exercise, answers) for name, exercise, answers in solutions()}


def numeric(result):
    """The result as an array, if it is made of numbers; None for models, Keras' symbolic tensors, text, and arrays
    of several shapes."""
    import keras

    if isinstance(result, (keras.Model, keras.KerasTensor, str)):
        return None
    if isinstance(result, tuple) and len({np.shape(part) for part in result}) > 1:
        return None
    array = np.asarray(result)
    return array if array.dtype.kind in "iuf" else None


def changed(function, change, *, only_floats=False):
    """The function with its numeric results changed by `change`."""

    def dressed(*arguments, **named):
        result = function(*arguments, **named)
        array = numeric(result)
        return result if array is None or (only_floats and array.dtype.kind != "f") else change(array)

    return dressed


def destructive(function):
    """Uses up what it is given: every array is full of sevens afterwards, and every list is empty."""

    def dressed(*arguments, **named):
        result = function(*arguments, **named)
        array = numeric(result)
        kept = result if array is None else array.copy()
        for value in (*arguments, *named.values()):
            if isinstance(value, np.ndarray):
                value[...] = 7
            elif isinstance(value, list):
                value.clear()
        return kept

    return dressed


class Object:
    def __init__(self, function):
        self.function = function

    def __call__(self, *arguments, **named):
        return self.function(*arguments, **named)


def with_more_arguments(function):
    return lambda *arguments, shown=False, **named: function(*arguments, **named)


def talkative(function):
    def dressed(*arguments, **named):
        print("here I am")
        return function(*arguments, **named)

    return dressed


def tensor(array):
    import tensorflow as tf

    return tf.constant(array)


def results_of(exercise, answers):
    """What the solution's function gives to all that the exercise asks it."""
    seen = []
    spy = lambda *arguments, **named: seen.append(answers[-1](*arguments, **named)) or seen[-1]  # noqa: E731
    assert exercise.verdict(*answers[:-1], spy).status == "correct"
    return seen


@pytest.fixture(scope="module")
def with_numbers():
    """The functions whose results are made of numbers."""
    return {
        name: (exercise, answers)
        for name, (exercise, answers) in FUNCTIONS.items()
        if any(numeric(result) is not None for result in results_of(exercise, answers))
    }


def refusals(functions, way):
    """{name: message} of all functions that are refused when they are dressed in this way."""
    verdicts = {
        name: exercise.verdict(*answers[:-1], way(answers[-1]))
        for name, (exercise, answers) in functions.items()
    }
    return {name: verdict.message for name, verdict in verdicts.items() if verdict.status != "correct"}


def test_there_are_functions_to_try(with_numbers):
    assert len(FUNCTIONS) > len(with_numbers) > 20


@pytest.mark.parametrize(
    "way",
    [functools.partial, Object, with_more_arguments, talkative],
)
def test_a_right_function_is_right_in_whatever_form(way):
    assert not refusals(FUNCTIONS, way)


def test_a_right_function_may_use_up_what_it_is_given():
    assert not refusals(FUNCTIONS, destructive)


RESULTS = {
    "lists": lambda function: changed(function, np.ndarray.tolist),
    "tensors": lambda function: changed(function, tensor),
    "single precision": lambda function: changed(function, lambda a: a.astype(np.float32), only_floats=True),
    "half precision": lambda function: changed(function, lambda a: a.astype(np.float16), only_floats=True),
    "a view": lambda function: changed(function, lambda a: np.stack([a, a])[0]),
    "read only": lambda function: changed(function, lambda a: np.broadcast_to(a, a.shape)),
}  # fmt: skip


@pytest.mark.parametrize("way", RESULTS.values(), ids=RESULTS)
def test_a_right_result_is_right_in_whatever_form(with_numbers, way):
    assert not refusals(with_numbers, way)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda function: changed(function, lambda a: a * np.nan),
        lambda function: changed(function, lambda a: (value for value in np.ravel(a))),
        lambda function: lambda *arguments, **named: None,
        lambda function: lambda *arguments, **named: "text",
        lambda function: lambda *arguments, **named: {},
        lambda function: lambda *arguments, **named: function,
    ],
)
def test_nan_generators_nothing_and_text_are_refused_in_words(with_numbers, wrong):
    refused = refusals(with_numbers, wrong)
    assert set(refused) == set(with_numbers)
    for message in refused.values():
        assert "object at 0x" not in message and "Your code stopped" not in message, message


def dropout(values, keep, rate):
    values *= keep
    values /= 1 - rate
    return values


def batch_norm(maps, gamma, beta, epsilon=1e-3):
    maps -= maps.mean(axis=(0, 1, 2))
    maps /= np.sqrt((maps**2).mean(axis=(0, 1, 2)) + epsilon)
    maps *= gamma
    maps += beta
    return maps


def center_of_mass(image):
    image /= image.sum()
    rows, columns = np.indices(image.shape)
    return (rows * image).sum(), (columns * image).sum()


def heat_from(maps, gradients):
    maps *= gradients.mean(axis=(0, 1))
    return np.maximum(maps.sum(axis=-1), 0, out=maps[..., 0])


def min_pool(images):
    np.negative(images, out=images)
    count, height, width, channels = images.shape
    return -images.reshape(count, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


@pytest.mark.parametrize(
    ("exercise", "function"),
    [
        (nb03b.dropout, dropout),
        (nb05.batch_norm, batch_norm),
        (nb03.center_of_mass, center_of_mass),
        (nb09.heat_from, heat_from),
        (nb02b.min_pool, min_pool),
    ],
)
def test_a_function_may_work_in_place(exercise, function):
    assert exercise.verdict(function).status == "correct", exercise.verdict(function)
