"""Notebook 05b's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np

from helpers.exercises import ____, nb05b
from helpers.from_scratch import backward


def dense(arriving, x, weights, biases, **changed):
    right = dict(
        zip(("to_x", "to_weights", "to_biases"), backward.dense(arriving, x, weights, biases), strict=True)
    )
    return tuple({**right, **{name: make(arriving, x, weights) for name, make in changed.items()}}.values())


def changed(**makes):
    return lambda *given: dense(*given, **makes)


def spread(arriving, share=0.25):
    return np.repeat(np.repeat(arriving, 2, axis=1), 2, axis=2) * share


def corner(arriving, share=1.0):
    result = np.zeros((len(arriving), 2 * arriving.shape[1], 2 * arriving.shape[2], arriving.shape[3]))
    result[:, ::2, ::2] = arriving * share
    return result


WRONG = [
    (nb05b.chain_rule, -24, "above 1 or below"),
    (nb05b.chain_rule, 1, "where the way back begins"),
    (nb05b.chain_rule, 2, "A square doubles it"),
    (nb05b.chain_rule, 4, "two more products"),
    (nb05b.chain_rule, 6, "own factor"),
    (nb05b.chain_rule, 8, "pass back to a?"),
    (nb05b.chain_rule, 12, "pass back to w1?"),
    (nb05b.chain_rule, 0, "is positive"),
    (nb05b.chain_rule, 9, "not the value"),
    (nb05b.chain_rule, 7.5, "It isn't 7.5"),
    (nb05b.chain_rule, 100, "It isn't 100"),
    (nb05b.chain_rule, "24", "Leave out the quotes"),
    (nb05b.dense_backward, lambda *given: dense(*given)[:2], "Return three gradients"),
    (nb05b.dense_backward, changed(to_x=lambda d, x, w: d), "only what arrives"),
    (
        nb05b.dense_backward,
        changed(to_biases=lambda d, x, w: d.mean(axis=0)),
        "gradients of all its uses add up",
    ),
    (nb05b.dense_backward, changed(to_biases=lambda d, x, w: d.sum(axis=1)), "over the units"),
    (nb05b.dense_backward, changed(to_biases=lambda d, x, w: d.sum()), "shaped like what it belongs to: 3"),
    (nb05b.dense_backward, changed(to_weights=lambda d, x, w: x.T @ d / len(x)), "don't take the mean"),
    (nb05b.dense_backward, changed(to_weights=lambda d, x, w: d.T @ x), "lies on its side"),
    (nb05b.dense_backward, changed(to_weights=lambda d, x, w: 2 * x.T @ d), "not the right values"),
    (nb05b.dense_backward, changed(to_x=lambda d, x, w: d @ w), "stopped with ValueError"),
    (
        nb05b.dense_backward,
        changed(to_x=lambda d, x, w: d @ w if len(w) == w.shape[1] else d @ w.T),
        "fits by luck",
    ),
    (nb05b.dense_backward, lambda *given: None, "returned nothing"),
    (nb05b.average_pool_backward, lambda d: spread(d, 1), "a quarter of the gradient"),
    (nb05b.average_pool_backward, lambda d: spread(d, 0.5), "Half is too much"),
    (nb05b.average_pool_backward, lambda d: spread(d, 1 / 16), "by 4 twice"),
    (nb05b.average_pool_backward, corner, "nobody wins"),
    (nb05b.average_pool_backward, lambda d: corner(d, 0.25), "not only one of them"),
    (nb05b.average_pool_backward, lambda d: d / 4, "twice as high"),
    (nb05b.average_pool_backward, lambda d: spread(d) + 1, "all four"),
]

RIGHT = [
    (nb05b.chain_rule, 24),
    (nb05b.chain_rule, np.array([24.0])),
    (nb05b.chain_rule, keras.ops.convert_to_tensor(24.0)),
    (nb05b.dense_backward, dense),
    (nb05b.dense_backward, lambda *given: list(dense(*given))),
    (
        nb05b.dense_backward,
        lambda d, x, w, b: (np.dot(d, w.T), np.einsum("ni,nu->iu", x, d), d.T.sum(axis=1)),
    ),
    (nb05b.average_pool_backward, spread),
    (nb05b.average_pool_backward, lambda d: np.kron(d, np.ones((1, 2, 2, 1))) / 4),
    (nb05b.average_pool_backward, backward.average_pool),
]


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(arriving, x, weights, biases):
        return arriving @ weights.T, ____, arriving.sum(axis=0)

    assert nb05b.dense_backward.verdict(half_done).status == "unanswered"
    assert nb05b.average_pool_backward.verdict(lambda arriving: ____ / 4).status == "unanswered"
