"""The recipes that are compared: each prepares the data, builds and trains exactly as it was published.

The published ones are written again from their settings (each names its source); ours is the recipe of
notebook 04b (uint8, early stride, BatchNorm, AdamW with warm-up and cosine) on nets of its own. A recipe gets
uint8 arrays and does its own rescaling, in the dtype its authors use: that is part of what it costs.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.notebook.quiet_keras import keras, layers, tf


@dataclass(frozen=True)
class Recipe:
    """`prepare` turns uint8 images and labels into what `build`'s compiled model is fed, for `epochs` epochs.

    `build` gets the number of steps in the whole training, which schedules need, and the uint8 training images,
    for layers that are computed from them. `validation` is the share of
    the training images that the authors hold back (it is then not trained on). `batches` turns what was prepared
    into what `fit` is given, for recipes that don't leave the batches to Keras; `seeds` says how often it is run.
    """

    source: str
    prepare: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]
    build: Callable[[int, np.ndarray], keras.Model]
    epochs: int
    batch_size: int
    validation: float = 0.0
    batches: Callable[[np.ndarray, np.ndarray, int], Any] | None = None
    seeds: int = 1


def as_float64(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`images / 255.0`, as most tutorials write it: eight bytes a number."""
    return images / 255.0, labels


def as_float32_one_hot(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 from 0 to 1, with a last axis for gray images, and one-hot labels."""
    images = images.astype("float32") / 255
    return images if images.ndim == 4 else images[..., None], keras.utils.to_categorical(labels, 10)


def as_uint8(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As they are; the model rescales."""
    return images if images.ndim == 4 else images[..., None], labels


def shuffled(
    images: np.ndarray, labels: np.ndarray, batch_size: int, *, flip: bool = False
) -> tf.data.Dataset:
    """Whole batches in a new order every epoch, mirrored at random with `flip`, without tf.data's tuner.

    That tuner has nothing to tune here, and when an epoch ends its thread often wakes up only after 2.6, 5.1 or
    10.2 seconds (TensorFlow 2.21), which `fit` waits for: up to half of a short training.
    """
    x, y = tf.constant(images), tf.constant(labels)
    order = tf.data.Dataset.range(len(images)).shuffle(len(images))  # of images, it would keep all once more
    order = order.batch(batch_size, drop_remainder=True)
    dataset = order.map(lambda i: (tf.gather(x, i), tf.gather(y, i)))
    if flip:
        dataset = dataset.map(lambda x, y: (tf.image.random_flip_left_right(x), y))
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options).prefetch(2)


def tensorflow_beginner(*_) -> keras.Model:
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


def keras_mnist(*_) -> keras.Model:
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


def whitening_filters(images: np.ndarray, *, kernel_size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Filters that turn the patches of `images` into uncorrelated numbers of about equal size, without training.

    `images` (N, height, width, channels) uint8; gives a kernel (kernel_size, kernel_size, channels, count) and a
    bias (count,) for images from 0 to 1: the `count` principal components of the patches, each divided by its
    standard deviation. Coates and Ng (2011) showed what whitened patches are worth; airbench (Jordan, 2024)
    uses them as a fixed first layer.
    """
    size, channels = kernel_size, images.shape[-1]
    if not 0 < count <= size * size * channels:
        raise ValueError(f"a patch of {size * size * channels} numbers has no {count} components.")
    patches = np.lib.stride_tricks.sliding_window_view(images[:2000], (size, size), axis=(1, 2))[:, ::3, ::3]
    patches = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * channels).astype("float32") / 255
    variances, components = np.linalg.eigh(np.cov(patches, rowvar=False))  # ascending
    kernel = components[:, ::-1][:, :count] / np.sqrt(variances[::-1][:count] + 0.01)  # not to blow up noise
    return kernel.reshape(size, size, channels, count), -patches.mean(axis=0) @ kernel


def fast_net(
    steps: int,
    images: np.ndarray,
    *,
    filters: tuple[int, ...],
    kernel_size: int = 4,
    peak_rate: float = 1.5e-2,
    warm_up: float = 0.2,
) -> keras.Model:
    """Ours: uint8 in; a fixed whitening layer and the first trained layer have a stride of 2; BatchNorm; AdamW.

    `filters` are the maps of each layer; the whitening layer's are half as many filters and their opposites. The
    second trained layer pools. The share `warm_up` of the `steps` raises the rate to `peak_rate`, then a cosine
    lowers it to zero.
    """
    images = images if images.ndim == 4 else images[..., None]
    inputs = keras.Input(shape=images.shape[1:], dtype="uint8")
    x = layers.Rescaling(scale=1 / 255)(inputs)
    whiten = layers.Conv2D(filters[0] // 2, kernel_size, strides=2, padding="same", trainable=False)
    x = whiten(x)
    whiten.set_weights(whitening_filters(images, kernel_size=kernel_size, count=filters[0] // 2))
    x = layers.Concatenate()([layers.ReLU()(x), layers.ReLU()(-x)])  # both signs carry news
    for number, width in enumerate(filters[1:]):
        x = layers.Conv2D(width, 3, strides=1 if number else 2, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(2)(x) if number == 1 else x  # before BatchNorm: a quarter of its work
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    model = keras.Model(inputs=inputs, outputs=layers.Dense(10, activation="softmax")(layers.Flatten()(x)))
    rising = max(1, round(steps * warm_up))
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=peak_rate,
        warmup_steps=rising,
        decay_steps=max(1, steps - rising),
    )
    optimizer = keras.optimizers.AdamW(learning_rate=schedule, weight_decay=0.01)
    optimizer.build(model.trainable_variables)  # or the first batch is traced twice
    model.compile(
        optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return model


def ours(
    filters: tuple[int, ...], epochs: int, *, batch_size: int = 256, flip: bool = False, seeds: int = 3
) -> Recipe:
    """Our recipe with a budget: the schedule ends when the epochs do."""
    return Recipe(
        "this course",
        as_uint8,
        functools.partial(fast_net, filters=filters),
        epochs,
        batch_size,
        batches=functools.partial(shuffled, flip=flip),
        seeds=seeds,
    )


TASKS = {
    "cifar10": {
        "TensorFlow's beginner CNN": Recipe(
            "TensorFlow tutorial 'Convolutional Neural Network (CNN)'",
            as_float64,
            tensorflow_beginner,
            10,
            32,
        ),
        "ours, three layers, 1 epoch": ours((48, 48, 64), 1),
        "ours, wider, 1 epoch": ours((48, 64, 128), 1),
        "ours, four layers, 4 epochs": ours((48, 64, 128, 128), 4, flip=True),
        "ours, four layers, 8 epochs": ours((48, 64, 128, 128), 8, flip=True, seeds=1),
    },
    "mnist": {
        "Keras' MNIST convnet": Recipe(
            "keras.io example 'Simple MNIST convnet'", as_float32_one_hot, keras_mnist, 15, 128, 0.1
        ),
        **{f"ours, {epochs} epochs": ours((16, 32, 64), epochs, batch_size=128) for epochs in (2, 4)},
    },
}
REFERENCE = {"cifar10": "TensorFlow's beginner CNN", "mnist": "Keras' MNIST convnet"}
