"""A network that reads digits, trained once for all tests of this room."""

from collections.abc import Callable

import numpy as np
import pytest

from helpers.data import datasets


@pytest.fixture(scope="session")
def network() -> Callable[[np.ndarray], np.ndarray]:
    """A small CNN after three epochs on the shipped sample: images (n, 28, 28) -> probabilities (n, 10)."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input(shape=(28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    data = datasets.load("mnist")
    model.fit(data.x_train[..., np.newaxis], data.y_train, batch_size=32, epochs=3, verbose=0)
    return lambda images: model.predict(np.asarray(images)[..., np.newaxis], verbose=0)
