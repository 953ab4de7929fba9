"""Notebook 07b's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
from keras import layers

from helpers.exercises import ____, nb07b

MENDED = (-1, 1 / 127.5 - 1)


def unfreeze(backbone, first, *, norm=layers.BatchNormalization, whole=True, before=False):
    backbone.trainable = whole
    reached = before
    for layer in backbone.layers:
        reached = reached or layer.name == first
        layer.trainable = reached and not isinstance(layer, norm)


def without_the_whole(backbone, first):
    names = [layer.name for layer in backbone.layers]
    for layer in backbone.layers[names.index(first) :]:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)


def by_index(backbone, first):
    names = [layer.name for layer in backbone.layers]
    start = names.index(first)
    backbone.trainable = True
    for layer in backbone.layers[:start]:
        layer.trainable = False
    for layer in backbone.layers[start:]:
        layer.trainable = "norm" not in layer.name
    return backbone


def only_first(backbone, first):
    unfreeze(backbone, first)
    for layer in backbone.layers:
        layer.trainable = layer.name == first and not isinstance(layer, layers.BatchNormalization)


WRONG = [
    (nb07b.mend_inputs, (0, MENDED[1], lambda x: x / 127.5 - 1), "lowest isn't 0"),
    (nb07b.mend_inputs, (-1, 1, lambda x: x / 127.5 - 1), "as they stand"),
    (nb07b.mend_inputs, (-1, -1, lambda x: x / 127.5 - 1), "three decimals"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x / 255 / 127.5 - 1), "still rescaled twice"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x / 255), "from 0 to 1"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x), "as they were"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x / 127.5), "move them down by 1"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x / 255 - 0.5), "half the contrast"),
    (nb07b.mend_inputs, (*MENDED, lambda x: 1 - x / 127.5), "dark into bright"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x * np.uint8(2) / 255 - 1), "goes past 255"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x[0] / 127.5 - 1), "The shape must stay"),
    (nb07b.mend_inputs, (*MENDED, lambda x: x / 100 - 1), "It must be -1 to 1"),
    (nb07b.unfreeze, lambda b, f: None, "as a whole is still frozen"),
    (nb07b.unfreeze, without_the_whole, "as a whole is still frozen"),
    (nb07b.unfreeze, lambda b, f: unfreeze(b, f, norm=layers.Dense), "BatchNorm must stay frozen"),
    (nb07b.unfreeze, lambda b, f: unfreeze(b, f, before=True), "it comes before"),
    (nb07b.unfreeze, only_first, "is still frozen"),
    (nb07b.unfreeze, ["conv_2"], "must be a function"),
]

RIGHT = [
    (nb07b.mend_inputs, (*MENDED, lambda x: x / 127.5 - 1)),
    (nb07b.mend_inputs, (-1.0, -0.992, lambda x: (x / 255 - 0.5) * 2)),
    (nb07b.mend_inputs, (*MENDED, lambda x: keras.ops.convert_to_tensor(x / 127.5 - 1))),
    (nb07b.mend_inputs, (*MENDED, layers.Rescaling(scale=1 / 127.5, offset=-1))),
    (nb07b.unfreeze, unfreeze),
    (nb07b.unfreeze, by_index),
]


def test_what_has_a_blank_left_is_not_answered():
    def half_done(backbone, first):
        for layer in backbone.layers:
            layer.trainable = ____

    assert nb07b.unfreeze.verdict(half_done).status == "unanswered"
    assert nb07b.mend_inputs.verdict(-1, -0.992, lambda images: ____).status == "unanswered"
