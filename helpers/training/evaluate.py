"""What a trained network answers, and how often it is right.

The notebooks and `photo_classifier` call it.
"""

import math
from typing import Any

import numpy as np

from helpers.arguments import whole_number
from helpers.notebook.quiet_keras import keras

VALUES = 2**19  # in a batch: thirteen photographs of 112 × 112, or more images of MNIST than anyone asks for


def accuracy(model: keras.Model, x: np.ndarray, y: np.ndarray, *, batch_size: int = 500) -> float:
    """Share of the images whose most probable class is the label, with dropout off."""
    return float(np.mean(answers(model, x, batch_size=batch_size) == np.asarray(y)))


def answers(model: keras.Model, x: np.ndarray, *, batch_size: int = 500) -> np.ndarray:
    """The most probable class of every image, shape (images,). Calls the model directly: no compilation."""
    count = whole_number(batch_size, "batch_size", least=1)
    return np.argmax(in_batches(model, x, batch_size=count), axis=1)


def in_batches(model: Any, images: np.ndarray, *, batch_size: int = 32) -> np.ndarray:
    """The model's outputs for all images, in inference mode; called directly, so nothing is compiled.

    A batch holds at most `batch_size` images and `VALUES` values: all of a network's maps stay in memory until its end.
    """
    step = min(batch_size, max(1, VALUES // max(1, math.prod(images.shape[1:]))))
    parts = [model(images[start : start + step], training=False) for start in range(0, len(images), step)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
