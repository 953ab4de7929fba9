"""Train one compiled network again and again on a few images, its random layers included.

Notebook 08 calls `train`. With a hundred images an epoch of `fit` is over in a step or two, and what `fit` does around
each step and each epoch takes longer than the step. Here TensorFlow takes all steps between two looks at once.
"""

import functools
from collections.abc import Callable

import numpy as np

from helpers.arguments import whole_number
from helpers.notebook.quiet_keras import keras, tf
from helpers.training import experiments
from helpers.training.evaluate import in_batches

RANDOM_STATE = "seed_generator_state"  # Keras' name for where a random layer is in its sequence of numbers


def train(
    network: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    *,
    seed: int,
    views: int,
    batch_size: int,
    looks: int = 1,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, list[float]]:
    """Train a compiled classifier from fresh weights until it has seen about `views` images; return its history.

    Weights, the order of the images and the numbers that random layers draw follow from `seed`, so the same call gives
    the same network. Each epoch takes the images `x` (n, height, width, channels) with labels `y` (n,) in a new order,
    in full batches; the few that don't fill one wait for another epoch. The loss is the mean cross-entropy of the
    network's probabilities.
    `looks` times, equally far apart, the history gets a value: "epoch" (epochs so far), "loss" and "accuracy" (means
    over the training images since the last look, as the random layers changed them), and with `validation`, images and
    labels, "val_loss" and "val_accuracy".
    Raises ValueError for a network that is not compiled, and for fewer images than a batch holds.
    """
    looks, batch_size = whole_number(looks, "looks", least=1), whole_number(batch_size, "batch_size", least=1)
    batches = len(x) // batch_size
    if not batches:
        raise ValueError(f"{len(x)} images don't fill a batch of {batch_size}.")
    epochs = max(looks, round(whole_number(views, "views", least=1) / (batches * batch_size)))
    restart(network, seed=seed)
    images, labels = tf.constant(x), tf.constant(np.asarray(y, dtype=np.int32))
    order, history = np.random.default_rng(seed), {}
    ends = [round(epochs * (look + 1) / looks) for look in range(looks)]
    for done, end in zip([0, *ends], ends, strict=False):
        rows = [order.permutation(len(x))[: batches * batch_size] for _ in range(end - done)]
        measured = _steps(network)(images, labels, np.reshape(rows, (-1, batch_size)).astype(np.int32))
        now = {"epoch": end, "loss": float(measured[0]), "accuracy": float(measured[1])}
        if validation is not None:
            now |= _judged(network, *validation)
        for name, value in now.items():
            history.setdefault(name, []).append(value)
    return history


def restart(network: keras.Model, *, seed: int) -> None:
    """`experiments.restart`, and the random layers begin a sequence of numbers that follows from `seed`.

    Raises ValueError for a network that is not compiled.
    """
    experiments.restart(network, seed=seed)
    states = [variable for variable in network.variables if variable.name == RANDOM_STATE]
    for number, state in enumerate(states):
        state.assign(np.array([seed * len(states) + number, 0]))


@functools.lru_cache(maxsize=16)
def _steps(network: keras.Model) -> Callable:
    """A function that trains on batches, given as rows of the images, and returns mean loss and accuracy."""

    @tf.function(reduce_retracing=True)
    def take(images: tf.Tensor, labels: tf.Tensor, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        losses, right = tf.constant(0.0), tf.constant(0.0)
        for rows in order:
            given, wanted = tf.gather(images, rows), tf.gather(labels, rows)
            with tf.GradientTape() as tape:
                probabilities = network(given, training=True)
                loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(wanted, probabilities))
            variables = network.trainable_variables
            network.optimizer.apply(tape.gradient(loss, [one.value for one in variables]), variables)
            answers = tf.argmax(probabilities, axis=1, output_type=tf.int32)
            losses += loss
            right += tf.reduce_mean(tf.cast(answers == wanted, tf.float32))
        steps = tf.cast(tf.shape(order)[0], tf.float32)
        return losses / steps, right / steps

    return take


def _judged(network: keras.Model, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    probabilities = in_batches(network, x, batch_size=500)
    true = np.clip(probabilities[np.arange(len(y)), y], 1e-7, None)
    right = probabilities.argmax(axis=1) == y
    return {"val_loss": float(-np.log(true).mean()), "val_accuracy": float(right.mean())}
