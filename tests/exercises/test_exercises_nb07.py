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


def chosen(labels, count, seed, *, draw=None):
    rng = np.random.default_rng(seed)
    draw = draw or (lambda places: rng.choice(places, size=count, replace=False))
    return np.concatenate([draw(np.flatnonzero(labels == k)) for k in np.unique(labels)])


def with_repeats(labels, count, seed):
    rng = np.random.default_rng(seed)
    return chosen(labels, count, seed, draw=lambda places: rng.choice(places[:count], size=count))


def from_all(labels, count, seed):
    size = count * len(np.unique(labels))
    return np.random.default_rng(seed).choice(len(labels), size=size, replace=False)


MENDED = (-1, 1 / 127.5 - 1)

WRONG = [
    (nb07.count_the_head, (328_960, ALL), "each unit has a bias too"),
    (nb07.count_the_head, (327_936, ALL), "the last one learns too"),
    (nb07.count_the_head, (1_285, ALL), "the one before it learns too"),
    (nb07.count_the_head, (2_950_661, ALL), "one number for each of the 1,280 maps"),
    (nb07.count_the_head, (3_413_024, ALL), "does *not* learn"),
    (nb07.count_the_head, (ALL, ALL), "the backbone is frozen"),
    (nb07.count_the_head, (TRAINED, TRAINED), "still there"),
    (nb07.count_the_head, (TRAINED, 5_023_245), "the old classifier's 1,281,000 are gone"),
    (nb07.count_the_head, (TRAINED, 12), "(inputs + 1) × units"),
    (nb07.count_the_head, (TRAINED, str(ALL)), "Leave out the quotes"),
    (nb07.build_on, lambda b, c: build(b, c, frozen=False), "not frozen"),
    (nb07.build_on, with_another_layer, "Only the dense layer's weights"),
    (nb07.build_on, lambda b, c: build(b, c, pool=layers.Flatten), "has 128 inputs"),
    (nb07.build_on, lambda b, c: build(b, c, pool=layers.GlobalMaxPooling2D), "takes the maximum"),
    (nb07.build_on, lambda b, c: build(b, c, last=None), 'needs activation="softmax"'),
    (nb07.build_on, lambda b, c: build(b, c, last="sigmoid"), "softmax, not sigmoid"),
    (nb07.build_on, lambda b, c: build(b, c, last="relu"), "are not those of"),
    (nb07.build_on, lambda b, c: build(b, c + 1), "must be images×3, and yours is images×4"),
    (nb07.build_on, with_hidden, "yours has 2 dense layers"),
    (nb07.build_on, lambda b, c: build(b, c).output, "must return a keras.Model"),
    (nb07.build_on, lambda b, c: None, "returned nothing"),
    (nb07.choose, lambda labels, count, seed: np.arange(count), "of *every* class"),
    (nb07.choose, from_all, "Draw from each class by itself"),
    (nb07.choose, with_repeats, "replace=False"),
    (nb07.choose, lambda labels, count, seed: chosen(labels, count, seed)[:-1], "there must be 12 places"),
    (nb07.choose, lambda labels, count, seed: labels[chosen(labels, count, seed)], "you give labels back"),
    (nb07.choose, lambda labels, count, seed: chosen(labels, count, 0), "Another seed"),
    (nb07.choose, lambda labels, count, seed: chosen(labels, count, None), "the same seed"),
    (nb07.choose, lambda labels, count, seed: chosen(labels, count, seed) + 1000, "from 0 to 59"),
    (nb07.choose, [1, 2], "must be a function"),
    (nb07.mend_inputs, (0, MENDED[1], lambda x: x / 127.5 - 1), "lowest is not 0"),
    (nb07.mend_inputs, (-1, 1, lambda x: x / 127.5 - 1), "as they stand"),
    (nb07.mend_inputs, (-1, -1, lambda x: x / 127.5 - 1), "three decimals"),
    (nb07.mend_inputs, (*MENDED, lambda x: x / 255 / 127.5 - 1), "still rescaled twice"),
    (nb07.mend_inputs, (*MENDED, lambda x: x / 255), "from 0 to 1"),
    (nb07.mend_inputs, (*MENDED, lambda x: x), "as they were"),
    (nb07.mend_inputs, (*MENDED, lambda x: x / 127.5), "move them down by 1"),
    (nb07.mend_inputs, (*MENDED, lambda x: x / 255 - 0.5), "half the contrast"),
    (nb07.mend_inputs, (*MENDED, lambda x: 1 - x / 127.5), "dark into bright"),
    (nb07.mend_inputs, (*MENDED, lambda x: x * np.uint8(2) / 255 - 1), "goes past 255"),
    (nb07.mend_inputs, (*MENDED, lambda x: x[0] / 127.5 - 1), "The shape must stay"),
    (nb07.mend_inputs, (*MENDED, lambda x: x / 100 - 1), "it must be -1 to 1"),
    (nb07.bug_lines, [4], "1 of 4 found"),
    (nb07.bug_lines, [1, 4, 12], "when does a changed `trainable`"),
    (nb07.bug_lines, [5], "it is the right preprocessing"),
    (nb07.bug_lines, [6], "the backbone is frozen here"),
    (nb07.bug_lines, [14], "from 1 to 13"),
    (nb07.bug_lines, "1, 4", "as a list"),
]

RIGHT = [
    (nb07.count_the_head, (TRAINED, ALL)),
    (nb07.count_the_head, (np.int64(TRAINED), [float(ALL)])),
    (nb07.build_on, build),
    (nb07.build_on, by_operations),
    (nb07.build_on, lambda b, c: build(b, c, mode=None)),
    (nb07.choose, chosen),
    (nb07.choose, lambda labels, count, seed: list(chosen(labels, count, seed))),
    (nb07.choose, lambda labels, count, seed: chosen(labels, count, seed).reshape(-1, count)),
    (nb07.mend_inputs, (*MENDED, lambda x: x / 127.5 - 1)),
    (nb07.mend_inputs, (-1.0, -0.992, lambda x: (x / 255 - 0.5) * 2)),
    (nb07.mend_inputs, (*MENDED, lambda x: keras.ops.convert_to_tensor(x / 127.5 - 1))),
    (nb07.mend_inputs, (*MENDED, layers.Rescaling(scale=1 / 127.5, offset=-1))),
    (nb07.bug_lines, [1, 4, 12, 13]),
    (nb07.bug_lines, {13, 12, 4, 1}),
    (nb07.bug_lines, np.array([1, 4, 12, 13, 13])),
]


def test_what_has_a_blank_left_is_not_answered():
    def half_built(backbone, classes):
        inputs = keras.Input(shape=(6, 6, 3))
        return keras.Model(inputs, backbone(inputs, training=____))

    assert nb07.build_on.verdict(half_built).status == "unanswered"
    assert nb07.choose.verdict(lambda labels, count, seed: ____).status == "unanswered"
    assert nb07.mend_inputs.verdict(-1, -0.992, lambda images: ____).status == "unanswered"
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
