"""Experiments: trainings that are repeated with other seeds, and the work that a network costs.

Notebooks from 01 to 08 call these; the networks and recipes themselves are there, in plain Keras.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.notebook.quiet_keras import keras, layers


def multiply_adds(model: keras.Model) -> int:
    """Multiplications, each with its addition, that one image costs on its way through Conv2D and Dense layers.

    A filter does kernel height * width * channels in of them at every place of its output map, a dense unit one
    for every input. Biases, pooling, activations and BatchNormalization are left out: they are few. A training
    step costs about three times as much (forward, gradient of the inputs, gradient of the weights).
    Raises ValueError for any other layer with a kernel, and for a map of unknown size.
    """
    total = 0
    for layer in model.layers:
        if type(layer) is layers.Conv2D:
            _, height, width, _ = layer.output.shape
            if height is None or width is None:
                raise ValueError(f"the size of {layer.name}'s map is unknown: give the images a fixed size.")
            total += height * width * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, layers.Dense):
            places = int(np.prod(layer.output.shape[1:-1]))
            total += places * int(np.prod(layer.kernel.shape))
        elif hasattr(layer, "kernel") or isinstance(layer, keras.Model):
            raise ValueError(f"cannot count the work of layer {layer.name!r} ({type(layer).__name__}).")
    return total


@dataclass(frozen=True)
class Training:
    """One training: the history of `fit`, and the optimizer's updates."""

    history: dict[str, list[float]]
    updates: int


def train(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    *,
    seed: int,
    epochs: int,
    batch_size: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **options: Any,
) -> Training:
    """Train a compiled model from fresh weights made with `seed`.

    A second call of the same model starts over (`restart`) and needs no new compilation. `options` go to
    `fit`. Raises ValueError for a model that is not compiled.
    """
    require_compiled(model, what="training")
    restart(model, seed=seed)
    options = {"verbose": 0} | options
    options |= {"epochs": epochs, "batch_size": batch_size, "callbacks": list(callbacks)}
    history = model.fit(x=x, y=y, **options)
    return Training(history.history, int(model.optimizer.iterations))


def restart(model: keras.Model, *, seed: int) -> None:
    """Put a compiled model back to before its first training: fresh random weights, an optimizer at rest.

    The result is what `keras.utils.set_random_seed(seed)` and building the model again would give, but the
    compiled training step is kept, which saves a second or two for every run of a repeated experiment.
    The seed of dropout layers is not put back. Raises ValueError for a model that is not compiled.
    """
    require_compiled(model, what="restart")
    model.optimizer.build(model.trainable_variables)  # before the first step, or Keras traces that step twice
    keras.utils.set_random_seed(seed)
    model.set_weights(keras.models.clone_model(model).get_weights())
    for variable in model.optimizer.variables:
        if variable.name != "learning_rate":
            variable.assign(keras.ops.zeros_like(variable))


def require_compiled(model: keras.Model, *, what: str) -> None:
    """Raise ValueError that says what to do if `model` is not compiled; `what` is what needs it to be."""
    if getattr(model, "optimizer", None) is None:
        raise ValueError(f"{what} needs a compiled model: call model.compile(...) first.")
