"""Notebook 06b's checks: wrong answers get the message that helps, and every right form passes."""

import math

import keras
import numpy as np
from keras import layers

from helpers.exercises import ____, nb06b


def counts(blocks, step=lambda c: np.append(c, 0) + np.append(0, c)):
    found = np.array([1])
    for _ in range(blocks):
        found = step(found)
    return found


def delete(network, name, keep=lambda layer, name: layer.name != name, build=keras.Model):
    x = network.input
    for layer in network.layers[1:]:
        if keep(layer, name):
            x = layer(x)
    return build(network.input, x)


def number_of(name):
    return int(name.removeprefix("block_"))


def conv(x, filters=4, kernel_size=3, **options):
    return layers.Conv2D(filters=filters, kernel_size=kernel_size, padding="same", **options)(x)


def relu(x):
    return layers.ReLU()(x)


def bn(x):
    return layers.BatchNormalization()(x)


def add(*both):
    return layers.Add()(list(both))


def pre(x, filters, *, second=lambda y: conv(relu(bn(y))), end=add):
    return end(x, second(conv(relu(bn(x)), filters)))


def added_too_late(x, filters):
    start = relu(bn(x))
    return add(start, conv(relu(bn(conv(start)))))


def forgotten_x(network, name):
    for layer in network.layers[1:]:
        if layer.name != name:
            x = layer(network.input)
    return keras.Model(network.input, x)


WRONG = [
    (nb06b.variance_after, (24, 13), "isn't the same as 2 × 12"),
    (nb06b.variance_after, (13, 13), "each block doubles it"),
    (nb06b.variance_after, (2048, 13), "twelve doublings"),
    (nb06b.variance_after, (8192, 13), "one doubling too many"),
    (nb06b.variance_after, (5, 13), "it isn't 5"),
    (nb06b.variance_after, (4096, 12), "don't forget the input"),
    (nb06b.variance_after, (4096, 4096), "every F(x) has variance 1"),
    (nb06b.variance_after, (4096, 5), "Each block adds 1"),
    (nb06b.variance_after, (4096, "13"), "Leave out the quotes"),
    (nb06b.count_paths, lambda blocks: 2**blocks, "you return a single number"),
    (nb06b.count_paths, lambda blocks: np.ones(blocks), "make room for one more length"),
    (
        nb06b.count_paths,
        lambda b: counts(b, lambda c: 2 * np.append(c, 0)),
        "all your paths have length 0",
    ),
    (nb06b.count_paths, lambda b: counts(b, lambda c: 2 * np.append(0, c)), "around a block keeps"),
    (nb06b.count_paths, lambda b: counts(b)[::-1] * 2, "it should be 2"),
    (nb06b.count_paths, lambda b: np.full(b + 1, 2**b / (b + 1)), "Follow a single path"),
    (nb06b.count_paths, lambda b: counts(b, lambda c: np.append(c, 0) + c), "Together there are 3 paths"),
    (nb06b.count_paths, lambda b: None, "returned nothing"),
    (nb06b.count_paths, np.array([1, 3, 3, 1]), "must be a function"),
    (nb06b.delete_block, lambda network, name: network, "the network you were given"),
    (nb06b.delete_block, lambda network, name: network.output, "not its last tensor"),
    (nb06b.delete_block, lambda network, name: name, "returns str"),
    (nb06b.delete_block, lambda n, name: delete(n, name, lambda *_: True), "all four blocks are still"),
    (
        nb06b.delete_block,
        lambda n, name: delete(n, name, lambda a, b: a.name == b),
        "the one to leave out",
    ),
    (
        nb06b.delete_block,
        lambda n, name: keras.Model(n.input, layers.Identity()(n.input)),
        "no block is left",
    ),
    (nb06b.delete_block, forgotten_x, "must be given x"),
    (
        nb06b.delete_block,
        lambda n, name: delete(n, name, lambda a, b: number_of(a.name) < number_of(b)),
        "from block_2 on is gone",
    ),
    (
        nb06b.delete_block,
        lambda n, name: delete(n, name, lambda a, b: number_of(a.name) > number_of(b)),
        "before block_2 is gone",
    ),
    (nb06b.delete_block, lambda n, name: delete(n, "block_3"), "differ from those"),
    (nb06b.preactivation, lambda x, f: pre(x, f, end=lambda x, y: y), "now add x"),
    (nb06b.preactivation, lambda x, f: pre(x, f, end=lambda x, y: relu(add(x, y))), "ReLU after the sum"),
    (
        nb06b.preactivation,
        lambda x, f: pre(x, f, second=lambda y: conv(bn(y))),
        "second convolution is missing",
    ),
    (nb06b.preactivation, lambda x, f: pre(x, f, second=lambda y: relu(bn(conv(y)))), "belong in front"),
    (nb06b.preactivation, lambda x, f: pre(x, f, second=lambda y: conv(bn(relu(y)))), "before the ReLU"),
    (
        nb06b.preactivation,
        lambda x, f: pre(x, f, second=lambda y: conv(relu(y))),
        "has 1 BatchNormalization layer,",
    ),
    (nb06b.preactivation, lambda x, f: pre(x, f, second=lambda y: y), "yours holds 1"),
    (
        nb06b.preactivation,
        lambda x, f: pre(x, f, second=lambda y: conv(relu(bn(y)), 4, 1)),
        "1×1; it should be 3×3",
    ),
    (nb06b.preactivation, added_too_late, "Add x itself"),
    (nb06b.preactivation, lambda x, f: pre(x, f, end=lambda x, y: add(x, y, y)), "step by step"),
    (nb06b.preactivation, lambda x, f: layers.Conv2D(f, 3), "Is the layer called on x"),
    (
        nb06b.preactivation,
        lambda x, f: pre(x, f, second=lambda y: conv(relu(bn(y)), 8), end=lambda x, y: y),
        "returns 6×6×8 for 6×6×4",
    ),
]

RIGHT = [
    (nb06b.variance_after, (4096, 13)),
    (nb06b.variance_after, (2.0**12, [13])),
    (nb06b.count_paths, counts),
    (nb06b.count_paths, lambda blocks: [math.comb(blocks, k) for k in range(blocks + 1)]),
    (nb06b.count_paths, lambda blocks: counts(blocks, lambda c: np.convolve(c, [1, 1]))),
    (nb06b.delete_block, delete),
    (nb06b.delete_block, lambda n, name: keras.Sequential([a for a in n.layers if a.name != name])),
    (nb06b.preactivation, pre),
    (nb06b.preactivation, lambda x, f: x + conv(relu(bn(conv(relu(bn(x)), f, use_bias=False))), f)),
]


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(x, filters=4):
        return layers.Add()([x, ____])

    def no_deletion(network, name):
        x = network.input
        for _ in network.layers[1:]:
            ____  # noqa: B018
        return keras.Model(network.input, x)

    assert nb06b.preactivation.verdict(half_done).status == "unanswered"
    assert nb06b.delete_block.verdict(no_deletion).status == "unanswered"
    assert nb06b.count_paths.verdict(lambda blocks: ____ + 1).status == "unanswered"
    assert nb06b.variance_after.verdict(4096, ____).status == "unanswered"


def test_the_network_whose_block_is_deleted_stays_as_it_was():
    inputs = keras.Input((4,))
    blocks = [keras.Sequential([keras.Input((4,)), layers.Dense(4)], name=f"block_{n}") for n in (1, 2)]
    network = keras.Model(inputs, blocks[1](blocks[0](inputs)))
    shorter = delete(network, "block_1")
    assert [layer.name for layer in network.layers[1:]] == ["block_1", "block_2"]
    assert [layer.name for layer in shorter.layers[1:]] == ["block_2"]
    assert shorter.trainable_variables[0] is network.trainable_variables[2]
