"""Notebook 09b's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np

from helpers.exercises import ____, nb09b


def share(heat, masks):
    return (heat * masks).sum(axis=(1, 2)) / heat.sum(axis=(1, 2))


def hottest(heat, count):
    return heat >= np.sort(heat, axis=None)[-count]


def by_order(heat, count):
    mask = np.zeros(heat.size, dtype=bool)
    mask[np.argsort(-heat.ravel())[:count]] = True
    return mask.reshape(heat.shape)


BUGS = [2, 5, 6, 8, 9]
WRONG = [
    (nb09b.share_on, lambda h, m: (h * m).sum(axis=(1, 2)), "divide it by all the heat"),
    (nb09b.share_on, lambda h, m: m.mean(axis=(1, 2)), "the heat is not used"),
    (nb09b.share_on, lambda h, m: 1 - share(h, m), "on the background"),
    (nb09b.share_on, lambda h, m: (h * m).sum(axis=(1, 2)) / m.sum(axis=(1, 2)), "by the thing's area"),
    (nb09b.share_on, lambda h, m: (h * m).mean(axis=(1, 2)), "by the number of pixels"),
    (nb09b.share_on, lambda h, m: share(h, m) / m.mean(axis=(1, 2)), "leave out the area"),
    (nb09b.share_on, lambda h, m: (h * m).sum(axis=(1, 2)) / h.sum(), "each has its own"),
    (nb09b.share_on, lambda h, m: (h * m).sum() / h.sum(), "Over which axes"),
    (nb09b.share_on, lambda h, m: share(h, m) ** 2, "The first image's heat"),
    (nb09b.hottest, lambda h, n: np.sort(h, axis=None)[-n:], "it returns numbers"),
    (nb09b.hottest, lambda h, n: hottest(-h, n), "the coldest cells"),
    (nb09b.hottest, lambda h, n: ~hottest(h, n), "the wrong way round"),
    (nb09b.hottest, lambda h, n: h > np.sort(h, axis=None)[-n], "there must be 3 True, and yours has 2"),
    (nb09b.hottest, lambda h, n: by_order(h, n).ravel(), "the mask must be 4×4"),
    (nb09b.hottest, lambda h, n: by_order(np.abs(h), n), "not the hottest ones"),
    (nb09b.hottest, lambda h, n: None, "returned nothing"),
    (nb09b.bug_lines, BUGS[1:], "know about whole objects"),
    (nb09b.bug_lines, [2, 6, 8, 9], "In which mode"),
    (nb09b.bug_lines, [2, 5, 8, 9], "almost vanishes"),
    (nb09b.bug_lines, [2, 5, 6, 9], "Over which axes"),
    (nb09b.bug_lines, BUGS[:-1], "speak against"),
    (nb09b.bug_lines, [*BUGS, 4], "Line 4 is right"),
    (nb09b.bug_lines, [10], "no line 10"),
    (nb09b.bug_lines, "2, 5", "as a list"),
    (nb09b.bug_lines, [2.5], "whole number"),
]

RIGHT = [
    (nb09b.share_on, share),
    (nb09b.share_on, lambda h, m: [one[mask].sum() / one.sum() for one, mask in zip(h, m, strict=True)]),
    (nb09b.hottest, hottest),
    (nb09b.hottest, by_order),
    (nb09b.hottest, lambda h, n: hottest(h, n).tolist()),
    (nb09b.bug_lines, BUGS),
    (nb09b.bug_lines, set(BUGS)),
    (nb09b.bug_lines, np.array(BUGS[::-1])),
]


def test_a_function_with_a_blank_left_is_not_answered():
    for exercise in (nb09b.share_on, nb09b.hottest):
        assert exercise.verdict(lambda *arguments: ____).status == "unanswered"
    assert nb09b.bug_lines.verdict([2, ____]).status == "unanswered"
