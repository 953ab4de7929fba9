"""Notebook 07's checks: wrong answers get the message that helps, and every right form passes."""

import warnings

import keras
import numpy as np
from keras import layers

from helpers.exercises import ____, nb07

TRAINED, ALL = 329_221, 3_742_245


def build(backbone, classes, *, frozen=True, mode=False, pool=layers.GlobalAveragePooling2D, last="softmax"):
    backbone.trainable = not frozen
    inputs = keras.Input(shape=backbone.input_shape[1:])
    x = backbone(inputs) if mode is None else backbone(inputs, training=mode)
    outputs = layers.Dense(units=classes, activation=last)(pool()(x))
    return keras.Model(inputs, outputs)


def with_hidden(backbone, classes):
    model = build(backbone, 7)
    return keras.Model(model.input, layers.Dense(classes, activation="softmax")(model.output))


def with_another_layer(backbone, classes):
    model = build(backbone, classes)
    again = layers.BatchNormalization()(model.output)
    return keras.Model(model.input, again)


def by_operations(backbone, classes):
    backbone.trainable = False
    inputs = keras.Input(shape=(6, 6, 3))
    pooled = keras.ops.mean(backbone(inputs, training=False), axis=(1, 2))
    outputs = keras.ops.softmax(layers.Dense(classes)(pooled))
    return keras.Model(inputs, outputs)


WRONG = [
    (nb07.count_the_head, (328_960, ALL), "each unit has a bias, too"),
    (nb07.count_the_head, (327_936, ALL), "the last one learns, too"),
    (nb07.count_the_head, (1_285, ALL), "the one before it learns, too"),
    (nb07.count_the_head, (16_057_861, ALL), "one number of each of the 1,280 maps"),
    (nb07.count_the_head, (3_413_024, ALL), "does *not* learn"),
    (nb07.count_the_head, (ALL, ALL), "the backbone is frozen"),
    (nb07.count_the_head, (TRAINED, TRAINED), "still there"),
    (nb07.count_the_head, (TRAINED, 5_023_245), "the old head's 1,281,000 are gone"),
    (nb07.count_the_head, (TRAINED, 12), "(inputs + 1) × units"),
    (nb07.count_the_head, (TRAINED, str(ALL)), "Leave out the quotes"),
    (nb07.build_on, lambda b, c: build(b, c, frozen=False), "isn't frozen"),
    (nb07.build_on, with_another_layer, "Only the dense layer's weights"),
    (nb07.build_on, lambda b, c: build(b, c, pool=layers.Flatten), "has 128 inputs"),
    (nb07.build_on, lambda b, c: build(b, c, pool=layers.GlobalMaxPooling2D), "takes the maximum"),
    (nb07.build_on, lambda b, c: build(b, c, last=None), 'needs activation="softmax"'),
    (nb07.build_on, lambda b, c: build(b, c, last="sigmoid"), "softmax, not sigmoid"),
    (nb07.build_on, lambda b, c: build(b, c, last="relu"), "aren't those of"),
    (nb07.build_on, lambda b, c: build(b, c + 1), "must be images×3, and yours is images×4"),
    (nb07.build_on, with_hidden, "yours has 2"),
    (nb07.build_on, lambda b, c: build(b, c).output, "must return a keras.Model"),
    (nb07.build_on, lambda b, c: None, "returned nothing"),
    (nb07.bug_lines, [4], "1 of 4 found"),
    (nb07.bug_lines, [1, 4, 12], "when does a changed `trainable`"),
    (nb07.bug_lines, [4, 5], "name only one"),
    (nb07.bug_lines, [5], "1 of 4 found"),
    (nb07.bug_lines, [6], "γ and β would still learn"),
    (nb07.bug_lines, [14], "from 1 to 13"),
    (nb07.bug_lines, "1, 4", "as a list"),
]

RIGHT = [
    (nb07.count_the_head, (TRAINED, ALL)),
    (nb07.count_the_head, (np.int64(TRAINED), [float(ALL)])),
    (nb07.build_on, build),
    (nb07.build_on, by_operations),
    (nb07.build_on, lambda b, c: build(b, c, mode=None)),
    (nb07.bug_lines, [1, 4, 12, 13]),
    (nb07.bug_lines, {13, 12, 4, 1}),
    (nb07.bug_lines, [1, 5, 12, 13]),
    (nb07.bug_lines, [13, 12, 5.0, 1]),
    (nb07.bug_lines, np.array([1, 4, 12, 13, 13])),
]


def test_what_has_a_blank_left_is_not_answered():
    def half_built(backbone, classes):
        inputs = keras.Input(shape=(6, 6, 3))
        return keras.Model(inputs, backbone(inputs, training=____))

    assert nb07.build_on.verdict(half_built).status == "unanswered"
    assert nb07.count_the_head.verdict(TRAINED, ____).status == "unanswered"
    assert nb07.bug_lines.verdict([1, ____]).status == "unanswered"


def test_the_script_with_bugs_does_what_the_messages_say():
    """Without a new compile, unfreezing changes nothing: fit goes on with the step that it has traced."""
    backbone = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    backbone.trainable = False
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(backbone(inputs)))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    x, y = np.ones((8, 4), np.float32), np.arange(8) % 2
    model.fit(x, y, verbose=0)
    before = backbone.get_weights()[0]
    backbone.trainable = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions of Keras warn here
        model.fit(x, y, verbose=0)
    assert (backbone.get_weights()[0] == before).all()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    assert (backbone.get_weights()[0] != before).any()
