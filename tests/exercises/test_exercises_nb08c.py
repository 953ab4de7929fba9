"""Notebook 08c's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np

from helpers.exercises import ____, nb08c


def whitened(covariance, change=lambda variances, turn: turn / np.sqrt(variances) @ turn.T):
    return change(*np.linalg.eigh(covariance))


def other_rotation(covariance):
    """A matrix that whitens, too, but is no known mistake."""
    return np.linalg.inv(np.linalg.cholesky(covariance)).T


def mixed(images, labels, partner, weights, share=lambda w: (w, 1 - w)):
    (own, other), (own_label, other_label) = share(weights[:, None, None, None]), share(weights[:, None])
    return own * images + other * images[partner], own_label * labels + other_label * labels[partner]


def only_images(images, labels, partner, weights):
    return mixed(images, labels, partner, weights)[0], labels


def cut(own, other, height, width, side, *, share=None):
    share = height * width / side**2 if share is None else share
    return (1 - share) * own + share * other


def shares(own, other):
    return lambda images, labels, partner, weights: mixed(
        images, labels, partner, weights, lambda w: (own(w), other(w))
    )


WRONG = [
    (nb08c.whitening_matrix, lambda c: whitened(c, lambda v, t: t / v @ t.T), "square root of the variance"),
    (nb08c.whitening_matrix, lambda c: whitened(c, lambda v, t: t * np.sqrt(v) @ t.T), "even more"),
    (nb08c.whitening_matrix, lambda c: c, "the covariance itself"),
    (nb08c.whitening_matrix, lambda c: whitened(c, lambda v, t: t @ t.T), "divide in between"),
    (nb08c.whitening_matrix, lambda c: whitened(c, lambda v, t: t / np.sqrt(v)), "now turn back"),
    (nb08c.whitening_matrix, lambda c: whitened(c, lambda v, t: t.T / np.sqrt(v) @ t), "have changed places"),
    (nb08c.whitening_matrix, lambda c: whitened(c, lambda v, t: t / np.sqrt(v) @ t), "turn.T"),
    (nb08c.whitening_matrix, other_rotation, "turns the image, too"),
    (nb08c.whitening_matrix, lambda c: np.ones_like(c), "isn't the identity"),
    (nb08c.whitening_matrix, lambda c: c[0], "must be 2×2"),
    (nb08c.mix_up, lambda x, y, p, w: x, "must return two things"),
    (nb08c.mix_up, lambda x, y, p, w: (x, y), "the images haven't changed"),
    (nb08c.mix_up, lambda x, y, p, w: (x[p], y[p]), "partners' images alone"),
    (nb08c.mix_up, only_images, "the labels haven't changed"),
    (nb08c.mix_up, shares(lambda w: 0.5, lambda w: 0.5), "use the weights"),
    (nb08c.mix_up, shares(lambda w: 1 - w, lambda w: w), "not to their partners"),
    (nb08c.mix_up, shares(lambda w: w, lambda w: 1), "the partner gets 1 minus the weight"),
    (nb08c.mix_up, shares(lambda w: 1, lambda w: 1 - w), "the image itself gets the weight"),
    (nb08c.mix_up, shares(lambda w: w, lambda w: 0), "the partners are missing"),
    (nb08c.mix_up, shares(lambda w: w**2, lambda w: 1 - w**2), "weight · own"),
    (nb08c.mix_up, lambda x, y, p, w: (x[0], y), "it must stay 4×3×3×3"),
    (nb08c.cutmix_label, lambda *a: cut(a[1], a[0], *a[2:]), "the two are swapped"),
    (nb08c.cutmix_label, lambda own, *a: own, "the image's own label"),
    (nb08c.cutmix_label, lambda own, other, *a: other, "the rectangle's label alone"),
    (nb08c.cutmix_label, lambda *a: cut(*a, share=0.5), "half and half"),
    (nb08c.cutmix_label, lambda a, b, h, w, s: a + h * w / s**2 * b, "must add up to 1"),
    (nb08c.cutmix_label, lambda a, b, h, w, s: cut(a, b, h, w, s, share=h / s), "the height only"),
    (nb08c.cutmix_label, lambda a, b, h, w, s: cut(a, b, h, w, s, share=w / s), "the width only"),
    (nb08c.cutmix_label, lambda a, b, h, w, s: s**2 * cut(a, b, h, w, s), "divide by side × side"),
    (nb08c.cutmix_label, lambda a, b, h, w, s: cut(a, b, h, w, s, share=0.01), "the other label's share"),
    (nb08c.translated, (18, (-0.3, 0.2), 0.125), "eighteen full turns"),
    (nb08c.translated, (0.1, (-0.3, 0.2), 0.125), "not 180"),
    (nb08c.translated, (0.18, (-0.3, 0.2), 0.125), "no percentage"),
    (nb08c.translated, (np.deg2rad(18), (-0.3, 0.2), 0.125), "radians"),
    (nb08c.translated, (0.07, (-0.3, 0.2), 0.125), "what share of 360 degrees"),
    (nb08c.translated, (0.05, (0.7, 1.2), 0.125), "counts from 0"),
    (nb08c.translated, (0.05, (-0.2, 0.3), 0.125), "the ends are swapped"),
    (nb08c.translated, (0.05, (-30, 20), 0.125), "percents"),
    (nb08c.translated, (0.05, 0.3, 0.125), "one pair of numbers"),
    (nb08c.translated, (0.05, ((-0.3, 0.2), (0.7, 1.2)), 0.125), "one pair of numbers"),
    (nb08c.translated, (0.05, ((0.7, 1.2), (0.7, 1.2)), 0.125), "counts from 0"),
    (nb08c.translated, (0.05, (-0.3, 0.3), 0.125), "subtract 1"),
    (nb08c.translated, (0.05, (-0.3, 0.2), 8), "eight times the width"),
    (nb08c.translated, (0.05, (-0.3, 0.2), 0.08), "not 100"),
    (nb08c.translated, (0.05, (-0.3, 0.2), 0.25), "one factor"),
    (nb08c.translated, (0.05, (-0.3, 0.2), 0.2), "what share of 64 pixels"),
    (nb08c.translated, (0.05, (-0.3, 0.2), (-0.1, 0.125)), "equally far"),
]

RIGHT = [
    (nb08c.whitening_matrix, whitened),
    (nb08c.whitening_matrix, lambda c: whitened(c, lambda v, t: t @ np.diag(v**-0.5) @ t.T)),
    (nb08c.mix_up, mixed),
    (nb08c.mix_up, lambda *a: list(mixed(*a))),
    (nb08c.cutmix_label, cut),
    (nb08c.translated, (0.05, (-0.3, 0.2), 0.125)),
    (nb08c.translated, (0.05, ((-0.3, 0.2), (-0.3, 0.2)), 0.125)),
    (nb08c.translated, ((-0.05, 0.05), [0.7 - 1, 1.2 - 1], [0.125])),
]


def test_a_function_with_a_blank_left_is_not_answered():
    assert nb08c.whitening_matrix.verdict(lambda covariance: ____).status == "unanswered"
    assert nb08c.mix_up.verdict(lambda x, y, p, w: (____, ____)).status == "unanswered"
    assert nb08c.translated.verdict(0.05, ____, 0.125).status == "unanswered"
