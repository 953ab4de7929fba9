"""Notebook 05's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
import pytest

from helpers.exercises import ____, nb05

VGG_16 = [64, 64, "max_pool", 128, 128, "max_pool", 256, 256, 256, "max_pool"]
VGG_16 += [512, 512, 512, "max_pool", 512, 512, 512, "max_pool"]


def norm(x, gamma, beta, *, axis=(0, 1, 2), ddof=0, epsilon=1e-3, outside=0.0, root=np.sqrt):
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, ddof=ddof, keepdims=True)
    return gamma * (x - mean) / (root(variance + epsilon) + outside) + beta


WRONG = [
    (nb05.vgg_16, VGG_16[:-4], "one more group"),
    (nb05.vgg_16, VGG_16[:-1], "4 poolings"),
    (nb05.vgg_16, [*VGG_16[:2], *VGG_16[3:], "max_pool"], "after each group"),
    (nb05.vgg_16, [64, "max_pool", 128, "max_pool", 256, "max_pool", *[512, "max_pool"] * 2], "only once"),
    (nb05.vgg_16, [64, *VGG_16], "has 14 convolutions"),
    (nb05.vgg_16, [32, *VGG_16[1:]], "don't match the table"),
    (nb05.vgg_16, ["64", *VGG_16[1:]], 'the only word that `build` knows is "max_pool"'),
    (nb05.vgg_16, [[64, 64], *VGG_16[2:]], "one flat list"),
    (nb05.vgg_16, "64, 64, max_pool", "must be a list"),
    (nb05.vgg_16, 16, "must be a list"),
    (nb05.vgg_16, [], "0 poolings"),
    (nb05.bn_parameters, (2_688, 1_344), "each of them gets four numbers"),
    (nb05.bn_parameters, (5_376, 5_376), "two moving averages count as parameters too"),
    (nb05.bn_parameters, (3_840, 1_920), "two or three convolutions"),
    (nb05.bn_parameters, (40, 20), "each *channel*"),
    (nb05.bn_parameters, (10_792, 5_396), "dense layer has no BatchNorm"),
    (nb05.bn_parameters, (7, 7), "add up the channels"),
    (nb05.bn_parameters, (10_752, 10_752), "training doesn't learn them"),
    (nb05.bn_parameters, (10_752, 2_688), "a scale *and* a shift"),
    (nb05.bn_parameters, (10_752, 8_064), "two of each channel's four"),
    (nb05.bn_parameters, ("10752", 5_376), "Leave out the quotes"),
    (nb05.bn_parameters, (10_752.5, 5_376), "must be a whole number"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, root=lambda v: v), "divide by the variance"),
    (nb05.batch_norm, lambda x, g, b: norm(x, 1, 0), "Scale and shift are missing"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, 0), "The shift is missing"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, epsilon=0), "Epsilon is missing"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, epsilon=0, outside=1e-3), "under the square root"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, axis=0), "a mean for each place"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, axis=(1, 2)), "a mean for each image"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, axis=-1), "over the channels"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, axis=None), "each channel needs its own"),
    (nb05.batch_norm, lambda x, g, b: norm(x, g, b, ddof=1), "divides by n - 1"),
    (
        nb05.batch_norm,
        lambda x, g, b: g * x / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-3) + b,
        "didn't subtract the mean",
    ),
    (nb05.batch_norm, lambda x, g, b: g * (x - x.mean(axis=(0, 1, 2))) + b, "didn't divide"),
    (nb05.batch_norm, lambda x, g, b: x, "values aren't"),
    (nb05.batch_norm, lambda x, g, b: x[0], "has shape"),
    (nb05.batch_norm, lambda x, g, b: None, "returned nothing"),
    (nb05.batch_norm, 3, "must be a function"),
]

RIGHT = [
    (nb05.vgg_16, VGG_16),
    (nb05.vgg_16, (tuple(VGG_16),)),
    (nb05.vgg_16, [np.int64(token) if token != "max_pool" else token for token in VGG_16]),
    (nb05.bn_parameters, (10_752, 5_376)),
    (nb05.bn_parameters, (np.int64(10_752), 5_376.0)),
    (nb05.batch_norm, norm),
    (nb05.batch_norm, lambda x, gamma, beta: norm(x, gamma, beta).tolist()),
    (nb05.batch_norm, lambda x, gamma, beta: keras.ops.convert_to_tensor(norm(x, gamma, beta))),
]


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb05.bn_parameters, (____, 1)),
        (nb05.bn_parameters, (1, ____)),
        (nb05.vgg_16, (____,)),
        (nb05.vgg_16, ([64, ____],)),
    ],
)
def test_half_an_answer_is_not_answered(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"


def test_an_unfinished_function_is_not_answered():
    def batch_norm(maps, gamma, beta, epsilon=0.001):
        return ____

    assert nb05.batch_norm.verdict(batch_norm).status == "unanswered"
