"""The recipes that are compared: each prepares the data, builds and trains exactly as it was published.

The published ones are written anew from their settings (the source stands with each); ours is the recipe of
notebook 04 (uint8, early stride, BatchNorm, AdamW with warm-up and cosine) on a net of its own. A recipe gets
uint8 arrays and does its own rescaling, in the dtype its authors use: that is part of what it costs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers import convnets, models
from helpers.training import keras  # loaded without TensorFlow's start-up notes

layers = keras.layers


@dataclass(frozen=True)
class Recipe:
    """`prepare` turns uint8 images and labels into what `build`'s compiled model is fed, for `epochs` epochs.

    `build` gets the number of steps in the whole training, which schedules need. `validation` is the share of
    the training images that the authors hold back (it is then not trained on).
    """

    source: str
    prepare: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]
    build: Callable[[int], keras.Model]
    epochs: int
    batch_size: int
    validation: float = 0.0


def as_float64(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`images / 255.0`, as most tutorials write it: eight bytes a number."""
    return images / 255.0, labels


def as_float32_one_hot(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 from 0 to 1, with a last axis for grey images, and one-hot labels."""
    images = images.astype("float32") / 255
    return images if images.ndim == 4 else images[..., None], keras.utils.to_categorical(labels, 10)


def as_uint8(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As they are; the model rescales."""
    return images if images.ndim == 4 else images[..., None], labels


def tensorflow_beginner(_: int) -> keras.Model:
    """Three convolutions of 32, 64 and 64 filters without padding, Dense 64, logits."""
    model = keras.Sequential(
        [
            keras.Input(shape=(32, 32, 3)),
            layers.Conv2D(filters=32, kernel_size=3, activation="relu"),
            layers.MaxPooling2D(pool_size=2),
            layers.Conv2D(filters=64, kernel_size=3, activation="relu"),
            layers.MaxPooling2D(pool_size=2),
            layers.Conv2D(filters=64, kernel_size=3, activation="relu"),
            layers.Flatten(),
            layers.Dense(units=64, activation="relu"),
            layers.Dense(units=10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


def without_rescaling(model: keras.Model) -> keras.Model:
    """The same network for images that were rescaled before it."""
    inputs = keras.Input(shape=model.input_shape[1:])
    x = inputs
    for layer in model.layers[1:]:
        if not isinstance(layer, layers.Rescaling):
            x = layer.__class__.from_config(layer.get_config())(x)
    return keras.Model(inputs=inputs, outputs=x)


def tutorial(make: Callable[[], keras.Model], optimizer: str) -> Callable[[int], keras.Model]:
    """A common tutorial's way with one of the course's nets: images rescaled outside, one-hot labels."""

    def build(_: int) -> keras.Model:
        model = without_rescaling(make())
        model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
        return model

    return build


def keras_mnist(_: int) -> keras.Model:
    """Two convolutions of 32 and 64 filters without padding, dropout of a half, softmax."""
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Conv2D(filters=32, kernel_size=3, activation="relu")(inputs)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Conv2D(filters=64, kernel_size=3, activation="relu")(x)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Dropout(rate=0.5)(layers.Flatten()(x))
    model = keras.Model(inputs=inputs, outputs=layers.Dense(units=10, activation="softmax")(x))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def fast_net(
    steps: int, *, input_shape: tuple[int, int, int], filters: tuple[int, ...], stride: int, peak_rate: float
) -> keras.Model:
    """Ours: uint8 in, a 4×4 convolution with a stride, then BatchNorm convolutions with pooling.

    AdamW with a tenth of the steps as warm-up to `peak_rate`, then a cosine to zero.
    """
    inputs = keras.Input(shape=input_shape, dtype="uint8")
    x = layers.Rescaling(scale=1 / 255)(inputs)
    for number, width in enumerate(filters):
        first = number == 0
        x = layers.Conv2D(
            filters=width,
            kernel_size=4 if first else 3,
            strides=stride if first else 1,
            padding="same",
            use_bias=False,
        )(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = x if first else layers.MaxPooling2D(pool_size=2)(x)
    outputs = layers.Dense(units=10, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs=inputs, outputs=outputs)
    warm_up = max(1, steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=peak_rate,
        warmup_steps=warm_up,
        decay_steps=max(1, steps - warm_up),
    )
    optimizer = keras.optimizers.AdamW(learning_rate=schedule, weight_decay=0.01)
    model.compile(
        optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return model


def fast_cifar10(steps: int) -> keras.Model:
    """Ours for 32×32×3."""
    return fast_net(steps, input_shape=(32, 32, 3), filters=(32, 48, 64), stride=2, peak_rate=5e-3)


def fast_mnist(steps: int) -> keras.Model:
    """Ours for 28×28×1."""
    return fast_net(steps, input_shape=(28, 28, 1), filters=(16, 32, 64), stride=2, peak_rate=5e-3)


def ours(build: Callable[[int], keras.Model], epochs: int) -> Recipe:
    """Our recipe with a budget: the schedule ends when the epochs do."""
    return Recipe("this course, the recipe of notebook 04", as_uint8, build, epochs, batch_size=128)


TASKS = {
    "cifar10": {
        "TensorFlow's beginner CNN": Recipe(
            "TensorFlow tutorial 'Convolutional Neural Network (CNN)'",
            as_float64,
            tensorflow_beginner,
            10,
            32,
        ),
        "three-layer tutorial": Recipe(
            "a common tutorial, its first 15 of 100 epochs",
            as_float32_one_hot,
            tutorial(convnets.cifar_cnn, "rmsprop"),
            15,
            32,
            0.1,
        ),
        "four-layer tutorial": Recipe(
            "a common tutorial", as_float32_one_hot, tutorial(convnets.four_layer_cnn, "adam"), 15, 32
        ),
        **{f"ours, {epochs} epochs": ours(fast_cifar10, epochs) for epochs in (2, 3, 4, 6, 12)},
    },
    "mnist": {
        "Keras' MNIST convnet": Recipe(
            "keras.io example 'Simple MNIST convnet'", as_float32_one_hot, keras_mnist, 15, 128, 0.1
        ),
        "MNIST tutorial": Recipe(
            "a common tutorial", as_float32_one_hot, tutorial(models.mnist_cnn, "rmsprop"), 12, 32
        ),
        **{f"ours, {epochs} epochs": ours(fast_mnist, epochs) for epochs in (1, 2, 3)},
    },
}
REFERENCE = {"cifar10": "TensorFlow's beginner CNN", "mnist": "Keras' MNIST convnet"}
