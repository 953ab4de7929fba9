"""Notebook 05c's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np
import pytest

from helpers.exercises import ____, nb05c
from helpers.inside import common_share, full_width


def power(values):
    return np.mean(values**2)


def share(values):
    return power(values.mean(axis=0)) / power(values)


def ratio(before, after):
    return np.linalg.norm(after - before) / np.linalg.norm(before)


def he(shape, gain=2.0):
    return np.sqrt(gain / np.prod(shape[:3]))


WRONG = [
    (nb05c.share_in_common, lambda v: 1 / share(v), "stands on its head"),
    (nb05c.share_in_common, lambda v: 1 - share(v), "*not* have in common"),
    (nb05c.share_in_common, lambda v: power(v.mean(axis=0)), "divide it by the power"),
    (nb05c.share_in_common, lambda v: np.sum(v.mean(axis=0) ** 2) / np.sum(v**2), "Take means"),
    (nb05c.share_in_common, lambda v: v.mean(axis=0).mean() / v.mean(), "always 1"),
    (nb05c.share_in_common, lambda v: np.sqrt(share(v)), "no root"),
    (nb05c.share_in_common, lambda v: v.mean() ** 2 / power(v), "different at every place"),
    (nb05c.share_in_common, lambda v: v.mean(axis=0) ** 2 / power(v), "one number for the whole layer"),
    (
        nb05c.share_in_common,
        lambda v: power(v.mean(axis=tuple(range(1, v.ndim)))) / power(v),
        "mean within each image",
    ),
    (nb05c.share_in_common, lambda v: 0.5, "and yours is 0.500"),
    (nb05c.share_in_common, lambda v: None, "returned nothing"),
    (nb05c.share_in_common, 0.9, "must be a function"),
    (nb05c.update_ratio, lambda b, a: 1 / ratio(b, a), "stands on its head"),
    (nb05c.update_ratio, lambda b, a: np.linalg.norm(a - b), "divide it by how large"),
    (nb05c.update_ratio, lambda b, a: np.linalg.norm(a - b) / np.linalg.norm(a), "*before* the step"),
    (
        nb05c.update_ratio,
        lambda b, a: (np.linalg.norm(a) - np.linalg.norm(b)) / np.linalg.norm(b),
        "subtract first",
    ),
    (nb05c.update_ratio, lambda b, a: np.linalg.norm(a) / np.linalg.norm(b), "the *difference*"),
    (nb05c.update_ratio, lambda b, a: ratio(b, a) ** 2, "root of the sum of squares"),
    (nb05c.update_ratio, lambda b, a: np.mean(np.abs((a - b) / b)), "near 0 spoils"),
    (nb05c.update_ratio, lambda b, a: np.sum(a - b) / np.sum(b), "cancel"),
    (nb05c.update_ratio, lambda b, a: (a - b) / b, "must be one number"),
    (nb05c.he_std, lambda s: 2 / np.prod(s[:3]), "the variance"),
    (nb05c.he_std, lambda s: he(s, 1), "ReLU cuts away half"),
    (nb05c.he_std, lambda s: np.sqrt(2 / (s[0] * s[1] * s[3])), "*into* a sum"),
    (nb05c.he_std, lambda s: np.sqrt(2 / (s[0] * s[1] * (s[2] + s[3]))), "Glorot's"),
    (nb05c.he_std, lambda s: np.sqrt(2 / s[2]), "whole patch"),
    (nb05c.he_std, lambda s: np.sqrt(2 / (s[0] * s[1])), "all channels"),
    (nb05c.he_std, lambda s: he(s, 6), "uniform distribution"),
    (nb05c.he_std, lambda s: np.sqrt(2 / np.prod(s)), "a single filter"),
    (nb05c.he_std, lambda s: np.sqrt(2) / np.prod(s[:3]), "the whole fraction"),
    (nb05c.he_std, lambda s: 1 / he(s), "the smaller the weights"),
    (nb05c.he_std, lambda s: 0.1, "each sum has"),
]

RIGHT = [
    (nb05c.share_in_common, share),
    (nb05c.share_in_common, common_share.of),
    (nb05c.share_in_common, lambda v: float(np.sum(v.mean(axis=0) ** 2) * len(v) / np.sum(v**2))),
    (nb05c.share_in_common, lambda v: 1 - np.mean(v.var(axis=0)) / power(v)),
    (nb05c.share_in_common, lambda v: share(v.astype("float32"))),
    (nb05c.update_ratio, ratio),
    (nb05c.update_ratio, lambda b, a: np.sqrt(np.sum((a - b) ** 2) / np.sum(b**2))),
    (nb05c.update_ratio, lambda b, a: np.float32(ratio(b, a))),
    (nb05c.he_std, he),
    (nb05c.he_std, lambda s: (2 / (s[0] * s[1] * s[2])) ** 0.5),
    (nb05c.he_std, lambda s: np.float32(he(s))),
]


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (nb05c.share_in_common, lambda values: np.mean(____) / power(values)),
        (nb05c.update_ratio, lambda before, after: ____),
        (nb05c.he_std, lambda shape: np.sqrt(____)),
    ],
)
def test_blanks_are_not_answers(exercise, answer):
    assert exercise.verdict(answer).status == "unanswered"


def test_the_quiz_counts_the_stored_runs():
    """ "4 of our 8 seeds" and "1 of 10" are what was measured."""
    runs = full_width.load()["conditions"]
    learned = {
        name: [np.mean(losses[-3:]) < 2.25 for losses in runs[name]["loss_every_20_steps"]]
        for name in ("mean image subtracted", "plain")
    }
    assert (sum(learned["mean image subtracted"]), len(learned["mean image subtracted"])) == (4, 8)
    assert (sum(learned["plain"]), len(learned["plain"])) == (1, 10)
