"""Fresh weights for a network that is compiled already, and a short training from there.

Notebook 06 trains one network several times; building and compiling it again would take longer than the training.
"""

import numpy as np

from helpers.arguments import whole_number
from helpers.notebook.quiet_keras import keras

INITIALIZERS = ("kernel_initializer", "bias_initializer", "beta_initializer", "gamma_initializer")
MOVING = ("moving_mean", "moving_variance")


def restart(network: keras.Model, seed: int) -> None:
    """Give `network` the weights of a new one, drawn with `seed`, and set its optimizer back to its first step.

    Dense, convolution and BatchNormalization layers get new weights, each from its own initializers; layers without
    these, as the switches of notebook 06, keep what they hold, which `experiments.restart` would set back. The
    optimizer must be one whose variables all start at 0 (SGD, RMSprop, Adam).
    The same seed gives the same weights. Keras' global seed is set to `seed` too, so the order of batches repeats.
    """
    keras.utils.set_random_seed(seed)
    for number, layer in enumerate(network.layers):
        for name in INITIALIZERS + tuple(f"{moving}_initializer" for moving in MOVING):
            initializer = getattr(layer, name, None)
            variable = getattr(layer, name.removesuffix("_initializer"), None)
            if initializer is None or variable is None:
                continue
            config = initializer.get_config()
            if "seed" in config:
                # one of its own for each layer: equal seeds and shapes would give equal weights
                config["seed"] = seed * len(network.layers) + number
            fresh = type(initializer).from_config(config)
            variable.assign(fresh(variable.shape, dtype=variable.dtype))
    if network.optimizer is not None:
        for variable in network.optimizer.variables:
            if not variable.path.endswith("learning_rate"):
                variable.assign(keras.ops.zeros(variable.shape, dtype=variable.dtype))


def train_afresh(
    network: keras.Model, x: np.ndarray, y: np.ndarray, *, seed: int, batch_size: int, epochs: int
) -> int:
    """Restart `network` with `seed`, train it for some epochs of full batches, and return the number of steps.

    Each epoch takes the images in a new order; the few that don't fill a batch wait for another epoch. This does
    what `fit` does, without the second or so that `fit` needs to get going.
    Raises ValueError where there are fewer images than a batch holds.
    """
    batch_size = whole_number(batch_size, "batch_size", least=1)
    epochs = whole_number(epochs, "epochs", least=1)
    if len(x) < batch_size:
        raise ValueError(f"{len(x)} images don't fill a batch of {batch_size}.")
    restart(network, seed)
    order = np.random.default_rng(seed)
    batches = len(x) // batch_size
    for _ in range(epochs):
        for batch in order.permutation(len(x))[: batches * batch_size].reshape(batches, batch_size):
            network.train_on_batch(x[batch], y[batch])
    return epochs * batches


def loss_on(network: keras.Model, x: np.ndarray, y: np.ndarray) -> float:
    """The mean cross-entropy of the network's probabilities for images `x` with classes `y`, as from `evaluate`.

    It takes all images at once, so they must be few.
    """
    probabilities = network.predict_on_batch(x)[np.arange(len(x)), np.asarray(y).ravel()]
    return float(-np.log(np.clip(probabilities, 1e-7, None)).mean())
