"""Notebook 03b's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np
import pytest

from helpers.exercises import ____, nb03b


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


def precision(matrix):
    return np.diag(matrix) / matrix.sum(axis=0)


def recall(matrix):
    return np.diag(matrix) / matrix.sum(axis=1)


WRONG = [
    (nb03b.dropout, lambda values, keep, rate: values * keep, "have to grow"),
    (nb03b.dropout, lambda values, keep, rate: values * keep / rate, "divide by the rate"),
    (nb03b.dropout, lambda values, keep, rate: values * ~keep / (1 - rate), "you drop those"),
    (nb03b.dropout, lambda values, keep, rate: values * keep * (1 - rate), "yours shrink"),
    (nb03b.dropout, lambda values, keep, rate: values, "should become"),
    (nb03b.dropout, lambda values, keep, rate: values[keep] / (1 - rate), "it must be 12"),
    (nb03b.precision_and_recall, lambda matrix: (recall(matrix), precision(matrix)), "exchanged"),
    (nb03b.precision_and_recall, lambda matrix: (recall(matrix), recall(matrix)), "can't be the same"),
    (
        nb03b.precision_and_recall,
        lambda matrix: (precision(matrix), precision(matrix)),
        "can't be the same",
    ),
    (
        nb03b.precision_and_recall,
        lambda matrix: (np.diag(matrix) / matrix.sum(), np.diag(matrix) / matrix.sum()),
        "divide by all images",
    ),
    (
        nb03b.precision_and_recall,
        lambda matrix: (matrix.sum(axis=0) / matrix.sum(), matrix.sum(axis=1) / matrix.sum()),
        "right answers only",
    ),
    (nb03b.precision_and_recall, lambda matrix: (np.diag(matrix), np.diag(matrix)), "now divide"),
    (
        nb03b.precision_and_recall,
        lambda matrix: (matrix.sum(axis=0), matrix.sum(axis=1)),
        "divide the diagonal",
    ),
    (
        nb03b.precision_and_recall,
        lambda matrix: (precision(matrix).mean(), recall(matrix).mean()),
        "one for every class",
    ),
    (
        nb03b.precision_and_recall,
        lambda matrix: (precision(matrix), recall(matrix) / 2),
        "The recall of class 0",
    ),
    (
        nb03b.precision_and_recall,
        lambda matrix: (1 - precision(matrix), recall(matrix)),
        "The precision of class 0",
    ),
    (nb03b.barely_right, any_answers, "predicted wrongly"),
    (nb03b.barely_right, surest, "surest right answers"),
    (nb03b.barely_right, among_right, "Look them up in `right`"),
    (nb03b.barely_right, whole_list, "there should be 3"),
    (
        nb03b.barely_right,
        lambda p, labels, count: p.max(axis=1)[barely(p, labels, count)],
        "not probabilities",
    ),
    (
        nb03b.barely_right,
        lambda p, labels, count: barely(p, labels, count + 1)[1:],
        "not the least sure ones",
    ),
]


RIGHT = [
    (nb03b.dropout, lambda values, keep, rate: np.where(keep, values / (1 - rate), 0)),
    (
        nb03b.dropout,
        lambda values, keep, rate: [v / (1 - rate) if k else 0 for v, k in zip(values, keep, strict=True)],
    ),
    (nb03b.precision_and_recall, lambda matrix: np.stack([precision(matrix), recall(matrix)])),
    (nb03b.precision_and_recall, lambda matrix: [precision(matrix).tolist(), recall(matrix)]),
    (
        nb03b.precision_and_recall,
        lambda matrix: (matrix.diagonal() / sum(matrix), matrix.diagonal() / matrix.T.sum(axis=0)),
    ),
    (nb03b.barely_right, barely),
    (nb03b.barely_right, lambda p, labels, count: barely(p, labels, count).tolist()),
]


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb03b.dropout, [lambda values, keep, rate: values * ____]),
        (nb03b.precision_and_recall, [lambda matrix: (____, ____)]),
        (nb03b.precision_and_recall, [lambda matrix: (precision(matrix), ____)]),
        (nb03b.barely_right, [lambda probabilities, labels, count: ____]),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"
