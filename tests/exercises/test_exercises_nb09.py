"""Notebook 09's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np

from helpers.exercises import ____, nb09


def heat(maps, gradients, *, weight=lambda g: g.mean(axis=(0, 1)), end=lambda total: np.maximum(total, 0)):
    return end((maps * weight(gradients)).sum(axis=-1))


def distances(points, query):
    return ((points - query) ** 2).sum(axis=1)


def share(heat, masks):
    return (heat * masks).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))


BUGS = [2, 5, 6, 8, 10]
WRONG = [
    (nb09.covered_pictures, 13, "in one row"),
    (nb09.covered_pictures, 196, "hangs over the edge"),
    (nb09.covered_pictures, 49, "a stride of 32"),
    (nb09.covered_pictures, 144, "count both ends"),
    (nb09.covered_pictures, 193**2, "a stride of 1"),
    (nb09.covered_pictures, 100, "and square them"),
    (nb09.covered_pictures, "169", "Leave out the quotes"),
    (nb09.heat_from, lambda m, g: heat(m, g, end=lambda total: total), "ends with a ReLU"),
    (nb09.heat_from, lambda m, g: heat(m, g, end=np.abs), "absolute value"),
    (nb09.heat_from, lambda m, g: heat(m, g, weight=lambda g: g.sum(axis=(0, 1))), "you took their sum"),
    (nb09.heat_from, lambda m, g: heat(m, g, weight=lambda g: g), "place by place"),
    (
        nb09.heat_from,
        lambda m, g: heat(m, g, weight=lambda g: g.mean(axis=-1, keepdims=True)),
        "average over the places",
    ),
    (
        nb09.heat_from,
        lambda m, g: np.maximum((m * g.mean(axis=(0, 1))).mean(axis=-1), 0),
        "you took their mean",
    ),
    (
        nb09.heat_from,
        lambda m, g: np.maximum(m * g.mean(axis=(0, 1)), 0).sum(axis=-1),
        "after the sum, not before",
    ),
    (
        nb09.heat_from,
        lambda m, g: heat(m, g, weight=lambda g: np.maximum(g.mean(axis=(0, 1)), 0)),
        "after the sum, not before",
    ),
    (nb09.heat_from, lambda m, g: m.sum(axis=-1), "without their weights"),
    (nb09.heat_from, lambda m, g: m * g.mean(axis=(0, 1)), "the heat must be 4×5"),
    (nb09.heat_from, lambda m, g: heat(m, g) * 2, "At row"),
    (nb09.heat_from, lambda m, g: None, "returned nothing"),
    (nb09.heat_from, 3, "must be a function"),
    (nb09.bug_lines, BUGS[1:], "know about whole objects"),
    (nb09.bug_lines, [2, 6, 8, 10], "In which mode"),
    (nb09.bug_lines, [2, 5, 8, 10], "almost vanishes"),
    (nb09.bug_lines, [2, 5, 6, 10], "Over which axes"),
    (nb09.bug_lines, BUGS[:-1], "speak against"),
    (nb09.bug_lines, [*BUGS, 4], "Line 4 is right"),
    (nb09.bug_lines, [11], "no line 11"),
    (nb09.bug_lines, "2, 5", "as a list"),
    (nb09.bug_lines, [2.5], "whole number"),
    (nb09.ranks, np.argsort, "this is argsort"),
    (nb09.ranks, lambda v: np.argsort(np.argsort(v)) + 1, "count from 0"),
    (nb09.ranks, lambda v: np.argsort(np.argsort(-v)), "0 is for the smallest"),
    (nb09.ranks, np.sort, "sorted values"),
    (nb09.ranks, lambda v: 2, "5 values have 5 ranks"),
    (nb09.ranks, lambda v: v * 0, "the ranks are"),
    (nb09.nearest, lambda p, q, n: np.argsort(-distances(p, q))[:n], "farthest"),
    (nb09.nearest, lambda p, q, n: np.sort(distances(p, q))[:n], "numbers of the rows"),
    (nb09.nearest, lambda p, q, n: np.sqrt(np.sort(distances(p, q)))[:n], "numbers of the rows"),
    (nb09.nearest, lambda p, q, n: np.argsort((p - q).sum(axis=1))[:n], "without squaring"),
    (nb09.nearest, lambda p, q, n: np.argsort((p**2).sum(axis=1))[:n], "nearest to 0"),
    (nb09.nearest, lambda p, q, n: np.argsort(p @ q)[:n], "a small product"),
    (nb09.nearest, lambda p, q, n: np.argsort(-(p @ q))[:n], "a long vector"),
    (nb09.nearest, lambda p, q, n: np.argsort(distances(p, q))[:n][::-1], "must come first"),
    (nb09.nearest, lambda p, q, n: np.argsort(distances(p, q)), "there must be 4 row number(s)"),
    (nb09.nearest, lambda p, q, n: np.zeros(n), "the rows are"),
    (nb09.share_on, lambda h, m: (h * m).sum(axis=(1, 2)), "divide it by all the heat"),
    (nb09.share_on, lambda h, m: m.mean(axis=(1, 2)), "the heat is not used"),
    (nb09.share_on, lambda h, m: 1 - share(h, m), "on the background"),
    (nb09.share_on, lambda h, m: (h * m).sum(axis=(1, 2)) / m.sum(axis=(1, 2)), "by the object's area"),
    (nb09.share_on, lambda h, m: (h * m).mean(axis=(1, 2)), "by the number of pixels"),
    (nb09.share_on, lambda h, m: share(h, m) / m.mean(axis=(1, 2)), "leave out the area"),
    (nb09.share_on, lambda h, m: (h * m).sum(axis=(1, 2)) / h.sum(), "each has its own"),
    (nb09.share_on, lambda h, m: (h * m).sum() / h.sum(), "Over which axes"),
    (nb09.share_on, lambda h, m: share(h, m) ** 2, "The first picture's heat"),
]

RIGHT = [
    (nb09.covered_pictures, 169),
    (nb09.covered_pictures, np.float64(169)),
    (nb09.heat_from, heat),
    (nb09.heat_from, lambda m, g: np.einsum("hwk,k->hw", m, g.mean(axis=(0, 1))).clip(0)),
    (nb09.heat_from, lambda m, g: keras.ops.relu(keras.ops.sum(m * np.mean(g, axis=(0, 1)), axis=2))),
    (nb09.heat_from, lambda m, g: heat(m, g).tolist()),
    (nb09.bug_lines, BUGS),
    (nb09.bug_lines, set(BUGS)),
    (nb09.bug_lines, np.array(BUGS[::-1])),
    (nb09.ranks, lambda v: [sum(other < value for other in v) for value in v]),
    (nb09.ranks, lambda v: np.argsort(np.argsort(v)).astype(float)),
    (nb09.nearest, lambda p, q, n: np.argsort(np.linalg.norm(p - q, axis=1))[:n]),
    (
        nb09.nearest,
        lambda p, q, n: sorted(
            range(len(p)), key=lambda k: sum((a - b) ** 2 for a, b in zip(p[k], q, strict=True))
        )[:n],
    ),
    (nb09.share_on, share),
    (nb09.share_on, lambda h, m: [one[mask].sum() / one.sum() for one, mask in zip(h, m, strict=True)]),
]


def test_a_function_with_a_blank_left_is_not_answered():
    for exercise in (nb09.heat_from, nb09.ranks, nb09.nearest, nb09.share_on):
        assert exercise.verdict(lambda *arguments: ____).status == "unanswered"
    assert nb09.bug_lines.verdict([2, ____]).status == "unanswered"
    assert nb09.covered_pictures.verdict(____).status == "unanswered"
