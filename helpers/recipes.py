"""Compare training recipes: repeat a training with several seeds, and weigh accuracy against work and speed.

Notebook 04 calls these for its experiments; what a recipe consists of stands there in plain Keras.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.arguments import whole_number
from helpers.course import quiet_start
from helpers.models import require_compiled, restart

with quiet_start():
    import keras
    import tensorflow as tf
    from keras import layers


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

    A second call of the same model begins anew (`models.restart`) and needs no new compilation. `options` go to
    `fit`. Raises ValueError for a model that is not compiled.
    """
    require_compiled(model, what="training")
    restart(model, seed=seed)
    options = {"verbose": 0} | options
    history = model.fit(x=x, y=y, epochs=epochs, batch_size=batch_size, callbacks=list(callbacks), **options)
    return Training(history.history, int(model.optimizer.iterations))


def speeds(
    models: Mapping[str, tuple[keras.Model, int]],
    x: np.ndarray,
    y: np.ndarray,
    *,
    rounds: int = 15,
    most_rounds: int = 60,
    batches: int = 2,
) -> dict[str, float]:
    """Images that each of several models trains on per second, measured in turns.

    `models` maps a name to a compiled model and its batch size. In each of the `rounds` every model trains on
    one batch that does not count (the first one compiles the training step, every one waits for its images) and
    on `batches` that do. The rate is all images over all seconds. Many short turns, so that a slow moment of the
    machine strikes all models alike. Where it is busy, the rounds go on up to `most_rounds`, until the standard
    error of every model's share of a round is below 4 percent of the share. Weights and optimizers are put back,
    so nothing is learned. Raises ValueError for a model that is not compiled, and for too few images.
    """
    rounds = whole_number(rounds, "rounds", least=1)
    batches = whole_number(batches, "batches", least=1)
    before, batched = {}, {}
    for name, (model, batch_size) in models.items():
        require_compiled(model, what="training")
        used = (1 + batches) * batch_size
        if len(x) < used:
            raise ValueError(
                f"{name!r} needs {1 + batches} batches of {batch_size} images, and there are {len(x)}."
            )
        # made once: from arrays, every call of `fit` would make a pipeline, which takes longer than the batches
        batched[name] = tf.data.Dataset.from_tensor_slices((x[:used], y[:used])).batch(batch_size)
        model.optimizer.build(model.trainable_variables)
        before[name] = [variable.numpy() for variable in _state(model)]
    turns: list[list[float]] = []  # seconds, a row for every round and a column for every model
    while len(turns) < rounds or (len(turns) < most_rounds and _unsteady(turns)):
        turns.append([])
        for name, (model, _) in models.items():
            timer = _BatchTimer()
            model.fit(batched[name], shuffle=False, verbose=0, callbacks=[timer])
            turns[-1].append(sum(timer.seconds[1:]))
    for name, (model, _) in models.items():
        for variable, value in zip(_state(model), before[name], strict=True):
            variable.assign(value)
    images = np.array([batches * batch_size for _, batch_size in models.values()])
    return dict(zip(models, (images / np.mean(turns, axis=0)).tolist(), strict=True))


def _unsteady(turns: Sequence[Sequence[float]]) -> bool:
    """Whether some model's mean share of a round is not yet known to 4 percent (one standard error)."""
    shares = np.divide(turns, np.sum(turns, axis=1, keepdims=True))
    if len(shares) < 2:
        return True
    error = np.std(shares, axis=0, ddof=1) / np.sqrt(len(shares))
    return bool(np.any(error > 0.04 * np.mean(shares, axis=0)))


def _state(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]


class _BatchTimer(keras.callbacks.Callback):
    """Seconds that every batch took."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        float(logs["loss"])  # a GPU works on after the call has come back; asking for the loss waits for it
        self.seconds.append(time.perf_counter() - self._start)


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


def per_class(labels: np.ndarray, answered: np.ndarray, *, classes: int) -> np.ndarray:
    """For every class from 0 the share of its images that were answered rightly, shape (classes,).

    Raises ValueError where labels and answers differ in shape, or a class has no image.
    """
    labels, answered = np.asarray(labels), np.asarray(answered)
    if labels.shape != answered.shape:
        raise ValueError(f"there must be one answer for each label: {answered.shape} and {labels.shape}.")
    members = np.bincount(labels, minlength=classes)
    if len(members) > classes or not members.all():
        raise ValueError(f"every class from 0 to {classes - 1}, and no other, must have images.")
    return np.bincount(labels[labels == answered], minlength=classes) / members


def weight_of_start(momentum: float, updates: int) -> float:
    """The weight that a moving average's first value still has after so many updates."""
    weight = 1.0
    for _ in range(whole_number(updates, "updates", least=0)):
        weight *= momentum  # each update keeps this share of what was there
    return weight
