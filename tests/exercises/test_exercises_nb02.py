"""Notebook 02's checks: wrong answers get the message that helps, and every right form passes."""

import math

import keras
import numpy as np
from keras import layers

from helpers.exercises import ____, nb02


def network(
    first=(12, 5), second=(20, 3), padding=("same", "valid"), strides=(1, 2), pool=None,
    activations=("relu", "relu", "softmax"), units=10, channels=3, bias=True,
):  # fmt: skip
    """The network of the exercise small_cnn, with one thing or another changed."""

    def build():
        inputs = keras.Input(shape=(32, 32, channels))
        x = layers.Conv2D(
            *first, padding=padding[0], strides=strides[0], activation=activations[0], use_bias=bias
        )(inputs)
        x = (pool or layers.MaxPooling2D(2))(x)
        x = layers.Conv2D(*second, padding=padding[1], strides=strides[1], activation=activations[1])(x)
        x = layers.Flatten()(x)
        return keras.Model(inputs, layers.Dense(units, activation=activations[2])(x))

    return build


def with_activation_layers():
    inputs = keras.Input(shape=(32, 32, 3))
    x = layers.ReLU()(layers.Conv2D(12, (5, 5), padding="same")(inputs))
    x = layers.MaxPooling2D((2, 2), strides=2)(x)
    x = layers.Activation("relu")(layers.Conv2D(20, 3, strides=(2, 2))(x))
    outputs = layers.Softmax()(layers.Dense(10)(layers.Flatten()(x)))
    return keras.Model(inputs, outputs)


def without_its_last_layer():
    inputs = keras.Input(shape=(32, 32, 3))
    return keras.Model(inputs, layers.Flatten()(inputs))


def as_sequential():
    return keras.Sequential(
        [
            keras.Input(shape=(32, 32, 3)),
            layers.Conv2D(12, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(20, 3, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


WRONG = [
    (nb02.stamp, 1, "sign is wrong"),
    (nb02.stamp, 7, "right column counts as negative"),
    (nb02.stamp, 11, "sum of the patch"),
    (nb02.stamp, 5, "nine products"),
    (nb02.stamp, np.eye(3), "must be one number, and yours holds 9"),
    (nb02.stamp, "-1", "Leave out the quotes"),
    (nb02.horizontal_edges, [[-1, 0, 1]] * 3, "swap rows and columns"),
    (nb02.horizontal_edges, [[1, 1, 1], [0, 0, 0], [-1, -1, -1]], "flip the signs"),
    (nb02.horizontal_edges, [[0, 0, 0], [0, 0, 0], [1, 1, 1]], "must add up to 0"),
    (
        nb02.horizontal_edges,
        [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]],
        "also reacts where the patch gets brighter from left",
    ),
    (nb02.horizontal_edges, np.zeros((3, 3)), "all zeros"),
    (nb02.horizontal_edges, [[-1, -1], [0, 0], [1, 1]], "has shape 3×2; it must be 3×3"),
    (nb02.horizontal_edges, [[1, 2], [3]], "rows of equal length"),
    (nb02.output_size, lambda n, k, s, p: (n + 2 * p - k) // s, "one too few"),
    (nb02.output_size, lambda n, k, s, p: (n + 2 * p - k) / s + 1, "round down"),
    (nb02.output_size, lambda n, k, s, p: (n + p - k) // s + 1, "p counts twice"),
    (nb02.output_size, lambda n, k, s, p: n, "but the kernel fits in"),
    (nb02.output_size, lambda n, k, s, p: (n, n), "must be one number"),
    (nb02.output_size, lambda n, k, s, p: str(n), "made of numbers"),
    (nb02.small_cnn, "keras.Model()", "must be a function"),
    (nb02.small_cnn, lambda: layers.Dense(10), "must return a keras.Model, and yours returned a Dense"),
    (nb02.small_cnn, lambda: None, "returned nothing"),
    (nb02.small_cnn, network(channels=1), "must have the shape (32, 32, 3)"),
    (nb02.small_cnn, without_its_last_layer, "yours are Flatten"),
    (nb02.small_cnn, network(pool=layers.AveragePooling2D(2)), "yours are Conv2D, AveragePooling2D"),
    (nb02.small_cnn, network(first=(5, 12)), "the number of filters comes first"),
    (nb02.small_cnn, network(first=(12, 3)), "has 336 parameters; the table says 912"),
    (nb02.small_cnn, network(bias=False), "every filter has one"),
    (nb02.small_cnn, network(padding=("valid", "valid")), "gives 28×28×12"),
    (nb02.small_cnn, network(strides=(2, 2)), "which padding does that, with which stride?"),
    (nb02.small_cnn, network(pool=layers.MaxPooling2D(4)), "so its pooling windows are 2×2"),
    (nb02.small_cnn, network(padding=("same", "same")), "gives 8×8×20; the table says 7×7×20"),
    (nb02.small_cnn, network(second=(10, 3)), "makes 10 feature maps"),
    (nb02.small_cnn, network(strides=(1, 1)), "which padding and which stride give 7?"),
    (
        nb02.small_cnn,
        network(activations=(None, "relu", "softmax")),
        'Layer 1, Conv2D, needs activation="relu"',
    ),
    (
        nb02.small_cnn,
        network(activations=("relu", "relu", None)),
        'Layer 5, Dense, needs activation="softmax"',
    ),
    (nb02.small_cnn, network(units=9), "so it needs ten units"),
]

RIGHT = [
    (nb02.stamp, np.int64(-1)),
    (nb02.stamp, keras.ops.convert_to_tensor(-1.0)),
    (nb02.horizontal_edges, np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])),
    (nb02.horizontal_edges, keras.ops.convert_to_tensor([[0.0, -1, 0], [0, 0, 0], [0, 1, 0]])),
    (nb02.horizontal_edges, (((-0.1,) * 3, (0,) * 3, (0.1,) * 3),)),
    (nb02.output_size, lambda n, k, s, p: (n + 2 * p - k) // s + 1),
    (nb02.output_size, lambda n, k, s, p: math.floor((n + 2 * p - k) / s) + 1),
    (nb02.output_size, lambda n, k, s, p: np.floor((n + 2 * p - k) / s + 1)),
    (nb02.small_cnn, network()),
    (nb02.small_cnn, network()()),
    (nb02.small_cnn, with_activation_layers),
    (nb02.small_cnn, as_sequential),
]


def test_the_table_is_that_of_the_network():
    model = network()()
    found = [
        (type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in model.layers[1:]
    ]
    assert found == list(nb02._TABLE)


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done():
        inputs = keras.Input(shape=(32, 32, 3))
        return keras.Model(inputs, ____)

    assert nb02.small_cnn.verdict(half_done).status == "unanswered"
    assert nb02.output_size.verdict(lambda n, k, s, p: ____ + 1).status == "unanswered"
