"""Notebook 00's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
import pytest

from helpers.exercises import ____, nb00

WRONG = [
    (nb00.pixels, 56, "28 + 28"),
    (nb00.pixels, 28, "in one row"),
    (nb00.pixels, 112, "the way around"),
    (nb00.pixels, 783, "count from 0"),
    (nb00.pixels, 1000, "28 rows of 28 pixels"),
    (nb00.pixels, "784", "Leave out the quotes"),
    (nb00.pixels, [28, 28], "must be one number, and yours holds 2"),
    (nb00.mend, lambda picture: picture.sum() / len(picture), "number of rows"),
    (nb00.mend, lambda picture: picture.sum() / picture.shape[1], "number of columns"),
    (nb00.mend, lambda picture: picture.sum(), "That is the sum"),
    (nb00.mend, lambda picture: picture.sum() / 255, "the largest value"),
    (nb00.mend, lambda picture: picture.max(), "the function says 200"),
    (nb00.mend, lambda picture: picture.sum() / picture.count, "stopped with AttributeError"),
    (nb00.mend, lambda picture: None, "returned nothing"),
    (nb00.mend, 80, "must be a function"),
]


@pytest.mark.parametrize(("exercise", "answer", "message"), WRONG)
def test_a_wrong_answer_is_refused_with_a_useful_message(exercise, answer, message):
    verdict = exercise.verdict(answer)
    assert verdict.status == "wrong" and message in verdict.message


@pytest.mark.parametrize("answer", [784, 784.0, np.int64(784), np.array(784), [784], keras.ops.array(784)])
def test_every_form_of_the_right_number_passes(answer):
    assert nb00.pixels.verdict(answer).status == "correct"


@pytest.mark.parametrize(
    "function",
    [lambda p: p.sum() / p.size, lambda p: p.mean(), lambda p: np.mean(p), lambda p: keras.ops.mean(p * 1.0)],
)
def test_every_way_to_the_mean_passes(function):
    assert nb00.mend.verdict(function).status == "correct"


def test_a_function_with_its_blank_is_not_answered():
    assert nb00.mend.verdict(lambda picture: picture.sum() / picture.____).status == "unanswered"
    assert nb00.pixels.verdict(____).status == "unanswered"
