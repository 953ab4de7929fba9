"""Notebook 01's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
import pytest
from scipy import special

from helpers.exercises import ____, nb01


def _parameters(sizes):
    return sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def _weights(sizes):
    return sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def _probabilities(logits):
    return np.exp(logits) / np.exp(logits).sum()


WRONG = [
    (nb01.place_of, lambda index, *, width: (index % width, index // width), "swapped"),
    (nb01.place_of, lambda index, *, width: (index // 28, index % 28), "use the argument width"),
    (nb01.place_of, lambda index, *, width: (index / width, index % width), "use //"),
    (nb01.place_of, lambda index, *, width: index // width, "two numbers"),
    (nb01.place_of, lambda index, *, width: (index // width + 1, index % width + 1), "from 0"),
    (nb01.place_of, lambda index, *, width: (index // width, 0), "it should be (0, 27)"),
    (nb01.place_of, ((14, 17),), "must be a function"),
    (nb01.place_of, lambda index, *, width: None, "returned nothing"),
    (nb01.mlp_parameters, _weights, "weights alone"),
    (nb01.mlp_parameters, lambda sizes: _weights(sizes) + sum(sizes), "have no bias"),
    (nb01.mlp_parameters, lambda sizes: _weights(sizes) + sum(sizes[:-1]), "not to each of its inputs"),
    (nb01.mlp_parameters, lambda sizes: _weights(sizes) + len(sizes) - 1, "one bias for each layer"),
    (nb01.mlp_parameters, lambda sizes: (sizes[0] + 1) * sizes[1], "first layer alone"),
    (nb01.mlp_parameters, lambda sizes: 669_706, "it should be 9"),
    (nb01.mlp_parameters, 669_706, "must be a function"),
    (nb01.cross_entropy, lambda z, label: np.log(_probabilities(z)[label]), "one sign away"),
    (nb01.cross_entropy, lambda z, label: _probabilities(z)[label], "That's the probability"),
    (nb01.cross_entropy, lambda z, label: -np.log(np.exp(z)[label]), "minus the logit"),
    (nb01.cross_entropy, lambda z, label: -np.log10(_probabilities(z)[label]), "base 10"),
    (nb01.cross_entropy, lambda z, label: -np.log2(_probabilities(z)[label]), "base 2"),
    (nb01.cross_entropy, lambda z, label: -np.log(_probabilities(z).max()), "most probable class"),
    (nb01.cross_entropy, lambda z, label: -np.log(_probabilities(z)[0]), "class 0"),
    (nb01.cross_entropy, lambda z, label: -np.log(_probabilities(z)).sum(), "added up"),
    (nb01.cross_entropy, lambda z, label: -np.log(_probabilities(z)).mean(), "averaged"),
    (nb01.cross_entropy, lambda z, label: np.abs(z / z.sum())[label], "Softmax first"),
    (nb01.cross_entropy, lambda z, label: -np.log(_probabilities(z)), "must be one number"),
    (nb01.cross_entropy, 0.35, "must be a function"),
]


def _stable(logits, label):
    shifted = logits - logits.max()
    return np.log(np.exp(shifted).sum()) - shifted[label]


def _by_keras(logits, label):
    return keras.losses.sparse_categorical_crossentropy(
        np.array([label]), logits[np.newaxis], from_logits=True
    )


RIGHT = [
    (nb01.place_of, lambda index, *, width: divmod(index, width)),
    (nb01.place_of, lambda index, *, width: [index // width, index % width]),
    (nb01.place_of, lambda index, *, width: np.array([index // width, index % width])),
    (nb01.place_of, lambda index, *, width: np.unravel_index(index, (10_000, width))),
    (nb01.mlp_parameters, lambda sizes: np.int64(_parameters(sizes))),
    (nb01.mlp_parameters, lambda sizes: float(_parameters(sizes))),
    (nb01.mlp_parameters, lambda sizes: np.dot(np.array(sizes[:-1]) + 1, sizes[1:])),
    (nb01.cross_entropy, _stable),
    (nb01.cross_entropy, _by_keras),
    (nb01.cross_entropy, lambda z, label: special.logsumexp(z) - z[label]),
    (nb01.cross_entropy, lambda z, label: -np.log(_probabilities(np.asarray(z, np.float32))[label])),
]


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb01.place_of, (lambda index, *, width: ____,)),
        (nb01.mlp_parameters, (lambda sizes: ____,)),
        (nb01.cross_entropy, (lambda logits, label: ____,)),
        (nb01.cross_entropy, (lambda logits, label: -np.log(____),)),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"
