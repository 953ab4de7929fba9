"""What a trained network answers, and how often it is right.

The notebooks and `photo_classifier` call it.
"""

from typing import Any

import numpy as np

from helpers.arguments import whole_number
from helpers.notebook.quiet_keras import keras


def accuracy(model: keras.Model, x: np.ndarray, y: np.ndarray, *, batch_size: int = 500) -> float:
    """Share of the images whose most probable class is the label, with dropout off."""
    return float(np.mean(answers(model, x, batch_size=batch_size) == np.asarray(y)))


def answers(model: keras.Model, x: np.ndarray, *, batch_size: int = 500) -> np.ndarray:
    """The most probable class of every image, shape (images,). Calls the model directly: no compilation."""
    count = whole_number(batch_size, "batch_size", least=1)
    return np.argmax(in_batches(model, x, batch_size=count), axis=1)


def in_batches(model: Any, images: np.ndarray, *, batch_size: int = 32) -> np.ndarray:
    """The model's outputs for all images, in inference mode; called directly, so nothing is compiled."""
    starts = range(0, len(images), batch_size)
    parts = [model(images[start : start + batch_size], training=False) for start in starts]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
