"""Notebook 04's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np
import pytest

from helpers.exercises import ____, nb04


def network(step=None, *, loop=True):
    """A `build` whose loop does `step(layers, x, token)`."""

    def build(tokens):
        import keras
        from keras import layers

        inputs = keras.Input(shape=(32, 32, 3))
        x = layers.Rescaling(1 / 255)(inputs)
        for token in tokens:
            x = step(layers, x, token) if loop else x
        x = layers.Flatten()(x)
        return keras.Model(inputs, layers.Dense(units=10, activation="softmax")(x))

    return build


def right(layers, x, token, *, size=3, padding="same", relu="relu", pool=2, more=0):
    if token == "max_pool":
        return layers.MaxPooling2D(pool_size=pool)(x)
    return layers.Conv2D(token + more, size, padding=padding, activation=relu)(x)


def with_mistake(**mistake):
    return network(lambda layers, x, token: right(layers, x, token, **mistake))


def two_steps(layers, x, token):
    """A convolution and its ReLU as two layers: the same network."""
    if token == "max_pool":
        return layers.MaxPool2D((2, 2))(x)
    return layers.ReLU()(layers.Convolution2D(token, (3, 3), padding="same")(x))


def covered(image, row, column, *, size=8, gray=128):
    copy = image.copy()
    copy[row : row + size, column : column + size] = gray
    return copy


def in_place(image, row, column):
    image[row : row + 8, column : column + 8] = 128
    return image


def copied_too_late(image, row, column):
    return in_place(image, row, column).copy()


WRONG = [
    (nb04.build, network(loop=False), "no convolution and no pooling"),
    (
        nb04.build,
        network(lambda layers, x, token: x if token == "max_pool" else right(layers, x, token)),
        "one for each token",
    ),
    (
        nb04.build,
        network(lambda layers, x, token: right(layers, x, 4 if token == 4 else 6)),
        "should be a max pooling",
    ),
    (nb04.build, network(lambda layers, x, token: layers.MaxPooling2D(1)(x)), "should be a convolution"),
    (nb04.build, with_mistake(pool=(2, 1)), "windows of 2×2"),
    (nb04.build, with_mistake(size=5), "3×3 kernels"),
    (nb04.build, with_mistake(padding="valid"), 'padding="same"'),
    (nb04.build, with_mistake(relu=None), 'activation="relu"'),
    (nb04.build, with_mistake(more=1), "4 filters"),
    (nb04.build, lambda tokens: None, "returned nothing"),
    (nb04.build, lambda tokens: 7, "must return a keras.Model"),
    (nb04.build, 7, "must be a function"),
    (nb04.heads, (61_440, 970), "add one bias"),
    (nb04.heads, (970, 970), "keeps every place"),
    (nb04.heads, (6_144, 970), "each of the 10 units"),
    (nb04.heads, (61_450, 61_450), "one number for each of the 96"),
    (nb04.heads, (61_450, 650), "8×8 numbers"),
    (nb04.heads, (61_450, 5), "add 1 for the bias"),
    (nb04.heads, (61_450, "970"), "text"),
    (nb04.cover, in_place, "on the image itself"),
    (nb04.cover, copied_too_late, "on the image itself"),
    (nb04.cover, lambda image, row, column: in_place(image, row, column + 1), "on the image itself"),
    (nb04.cover, lambda image, row, column: covered(image, column, row), "swapped"),
    (nb04.cover, lambda image, row, column: covered(image, row, column, size=7), "7×7"),
    (nb04.cover, lambda image, row, column: covered(image, row, column, gray=0), "should be 128"),
    (nb04.cover, lambda image, row, column: image.copy(), "nothing is covered"),
    (nb04.cover, lambda image, row, column: covered(image, row + 1, column), "upper left corner"),
    (nb04.cover, lambda image, row, column: covered(image, row, column)[:8], "should still be"),
    (nb04.cover, lambda image, row, column: None, "returned nothing"),
]


RIGHT = [
    (nb04.build, network(right)),
    (nb04.build, network(two_steps)),
    (nb04.heads, (np.int64(61_450), [970.0])),
    (nb04.cover, covered),
    (nb04.cover, lambda image, row, column: covered(image.astype(float), row, column)),
    (nb04.cover, lambda image, row, column: covered(image, row, column, gray=(128, 128, 128))),
]


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb04.build, [lambda tokens: ____]),
        (nb04.heads, [61_450, ____]),
        (nb04.cover, [lambda image, row, column: ____]),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"
