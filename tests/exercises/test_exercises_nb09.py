"""Notebook 09's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np

from helpers.exercises import ____, nb09


def watch(network, name, order=lambda maps, scores: [maps, scores]):
    return keras.Model(network.input, order(network.get_layer(name).output, network.output))


def heat(maps, gradients, *, weight=lambda g: g.mean(axis=(0, 1)), end=lambda total: np.maximum(total, 0)):
    return end((maps * weight(gradients)).sum(axis=-1))


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


WRONG = [
    (nb09.watch, lambda n, name: [n.get_layer(name).output, n.output], "Those are outputs"),
    (nb09.watch, lambda n, name: n.output, "Those are outputs"),
    (nb09.watch, lambda n, name: n.get_layer(name), "it returns Conv2D"),
    (nb09.watch, lambda n, name: keras.Model(n.input, n.get_layer(name).output), "has 1 output, not two"),
    (nb09.watch, lambda n, name: watch(n, name, lambda a, b: [a, a, b]), "has 3 outputs"),
    (nb09.watch, lambda n, name: watch(n, name, lambda a, b: [b, a]), "the layer's comes first"),
    (nb09.watch, lambda n, name: watch(n, "first"), 'For the layer "second"'),
    (
        nb09.watch,
        lambda n, name: keras.Model(n.input, [n.get_layer(name).input, n.output]),
        "first output is the layer's input",
    ),
    (nb09.watch, lambda n, name: watch(n, name, lambda a, b: [a, keras.ops.relu(a)]), "something else"),
    (nb09.watch, lambda n, name: keras.Model(n.input, n.get_layer(name)), "stopped with"),
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
    (nb09.iou, lambda a, b: (a & b).sum() / a.sum(), "the first area alone"),
    (nb09.iou, lambda a, b: (a & b).sum() / b.sum(), "the second area alone"),
    (nb09.iou, lambda a, b: (a & b).sum() / (a.sum() + b.sum()), "shared pixels twice"),
    (nb09.iou, lambda a, b: 2 * (a & b).sum() / (a.sum() + b.sum()), "the Dice score"),
    (nb09.iou, lambda a, b: (a & b).sum(), "divide them by"),
    (nb09.iou, lambda a, b: (a & b).mean(), "all pixels of the image"),
    (nb09.iou, lambda a, b: (a == b).mean(), "in neither area"),
    (nb09.iou, lambda a, b: (a | b).sum() / max((a & b).sum(), 1), "upside down"),
    (nb09.iou, lambda a, b: iou(a, b) ** 2, "So the result is 4 / 37"),
    (nb09.iou, lambda a, b: a & b, "You return a mask"),
]

RIGHT = [
    (nb09.watch, watch),
    (nb09.watch, lambda n, name: watch(n, name, lambda a, b: (a, b))),
    (nb09.watch, lambda n, name: keras.Model(n.input, [n.get_layer(name).output, n.outputs[0]])),
    (nb09.heat_from, heat),
    (nb09.heat_from, lambda m, g: np.einsum("hwk,k->hw", m, g.mean(axis=(0, 1))).clip(0)),
    (nb09.heat_from, lambda m, g: keras.ops.relu(keras.ops.sum(m * np.mean(g, axis=(0, 1)), axis=2))),
    (nb09.heat_from, lambda m, g: heat(m, g).tolist()),
    (nb09.iou, iou),
    (nb09.iou, lambda a, b: np.logical_and(a, b).sum() / np.logical_or(a, b).sum()),
    (nb09.iou, lambda a, b: (a & b).sum() / (a.sum() + b.sum() - (a & b).sum())),
]


def test_a_function_with_a_blank_left_is_not_answered():
    for exercise in (nb09.watch, nb09.heat_from, nb09.iou):
        assert exercise.verdict(lambda *arguments: ____).status == "unanswered"
    assert nb09.watch.verdict(lambda n, name: keras.Model(n.input, ____)).status == "unanswered"


def test_the_watched_network_runs_the_same_layers():
    inputs = keras.Input((4, 4, 3))
    x = keras.layers.Conv2D(2, 3, name="first")(inputs)
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    assert watch(network, "first").get_layer("first") is network.get_layer("first")
