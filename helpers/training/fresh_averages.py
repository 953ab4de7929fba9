"""BatchNorm's averages measured anew, with every weight left as it is.

Notebook 04b and benchmarks/recipe_ladder.py call it: after a short training the moving averages are still young, or
describe a network that has moved on, and what a network with them answers says little about its weights.
"""

import numpy as np

from helpers.arguments import whole_number
from helpers.notebook.quiet_keras import keras, layers


def measure_anew(network: keras.Model, images: np.ndarray, *, batch_size: int = 200) -> None:
    """Set the mean and variance of each BatchNormalization layer to those of the batches of `images`, averaged.

    The batches pass in training mode, but nothing is trained. With a momentum of 1 - 1/k for batch number k, the
    moving average is the plain mean of all batches so far, and its start counts nothing. Dropout layers would drop
    values meanwhile. A network without BatchNorm stays as it is. Raises ValueError where there are no images.
    """
    batch_size = whole_number(batch_size, "batch_size", least=1)
    if len(images) == 0:
        raise ValueError("there are no images to measure with.")
    norms = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    if not norms:
        return
    momenta = [layer.momentum for layer in norms]
    try:
        for number, start in enumerate(range(0, len(images), batch_size), start=1):
            for layer in norms:
                layer.momentum = 1 - 1 / number
            network(images[start : start + batch_size], training=True)
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
