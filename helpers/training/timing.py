"""How long things take, and images a second: of networks that train in turns, and of pipelines that deliver them.

    watch = timing.Stopwatch()
    with watch:
        work()
    watch.seconds

Notebooks 04 and 08 and the benchmarks call it.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from helpers.arguments import whole_number
from helpers.notebook.quiet_keras import keras, tf
from helpers.training.experiments import require_compiled

Clock = Callable[[], float]  # gives the time in seconds; only differences count


class Stopwatch:
    """Measures stretches of work: `with watch:`, as often as you like, or `start()` and `stop()`.

    `clock=time.process_time` counts the processor's seconds instead of those on the wall.
    """

    def __init__(self, clock: Clock = time.perf_counter) -> None:
        self.laps: list[float] = []  # seconds, one for each stretch
        self._clock = clock

    @property
    def seconds(self) -> float:
        """All stretches together."""
        return sum(self.laps)

    def start(self) -> None:
        self._began = self._clock()

    def stop(self) -> None:
        self.laps.append(self._clock() - self._began)

    def __enter__(self) -> "Stopwatch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def speeds(
    models: Mapping[str, tuple[keras.Model, int]],
    x: np.ndarray,
    y: np.ndarray,
    *,
    rounds: int = 15,
    most_rounds: int = 60,
    batches: int = 2,
    clock: Clock = time.perf_counter,
) -> dict[str, float]:
    """Images that each of several models trains on per second, measured in turns.

    `models` maps a name to a compiled model and its batch size. In each of the `rounds` every model trains on
    one batch that does not count (the first one compiles the training step, every one waits for its images) and
    on `batches` that do. The rate is all images over all seconds. Many short turns, so that a slow moment of the
    machine affects all models alike. Where it is busy, the rounds go on up to `most_rounds`, until the standard
    error of every model's share of a round is below 4 percent of the share. Weights and optimizers are put back,
    so nothing is learned. Raises ValueError for a model that is not compiled, and for too few images.
    """
    rounds = whole_number(rounds, "rounds", least=1)
    batches = whole_number(batches, "batches", least=1)
    for name, (model, batch_size) in models.items():
        require_compiled(model, what="training")
        if len(x) < (1 + batches) * batch_size:
            raise ValueError(
                f"{name!r} needs {1 + batches} batches of {batch_size} images, and there are {len(x)}."
            )
    # made once: from arrays, every call of `fit` would make a pipeline, which takes longer than the batches
    pipelines = [_first_batches(x, y, batch_size, 1 + batches) for _, batch_size in models.values()]
    trained = [model for model, _ in models.values()]
    turns: list[list[float]] = []  # seconds, a row for each round and a column for each model
    with _put_back(trained):
        while len(turns) < rounds or (len(turns) < most_rounds and _unsteady(turns)):
            turns.append([_turn(*pair, clock) for pair in zip(trained, pipelines, strict=True)])
    images = np.array([batches * batch_size for _, batch_size in models.values()])
    return dict(zip(models, (images / np.mean(turns, axis=0)).tolist(), strict=True))


def images_per_second(
    dataset: Any,
    *,
    repeats: int = 3,
    work: Callable[[Any], Any] | None = None,
    warm_up: bool = True,
    clock: Clock = time.perf_counter,
) -> float:
    """Images that one pass over a finite, batched `dataset` delivers per second of elapsed time.

    One pass goes before and is not counted: it fills caches and starts threads (`warm_up=False` leaves it out).
    Then the fastest of `repeats` passes counts: whatever else the machine does can only slow a pass down.
    `work` is called with every batch, in place of a training step. A batch is an array or tensor of images,
    or a tuple or a dict whose first entry is one. Raises ValueError for a dataset that gives no image at all.
    """
    repeats = whole_number(repeats, "repeats", least=1)
    if warm_up:
        _one_pass(dataset, work, clock)
    return max(_one_pass(dataset, work, clock) for _ in range(repeats))


def rounded(rate: float) -> str:
    """A rate with two significant digits and thousands separators: more of them would be noise."""
    digits = 0 if rate <= 0 else max(len(str(int(rate))) - 2, 0)
    return f"{round(rate, -digits):,.0f}"


def _first_batches(x: np.ndarray, y: np.ndarray, batch_size: int, count: int) -> tf.data.Dataset:
    used = count * batch_size
    return tf.data.Dataset.from_tensor_slices((x[:used], y[:used])).batch(batch_size)


def _turn(model: keras.Model, batches: tf.data.Dataset, clock: Clock) -> float:
    """Seconds of training on all batches but the first."""
    timer = _BatchTimer(clock)
    model.fit(batches, shuffle=False, verbose=0, callbacks=[timer])
    return sum(timer.watch.laps[1:])


class _BatchTimer(keras.callbacks.Callback):
    """A stopwatch that takes the time of every batch."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.watch = Stopwatch(clock)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.watch.start()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        float(logs["loss"])  # a GPU works on after the call has come back; asking for the loss waits for it
        self.watch.stop()


def _unsteady(turns: Sequence[Sequence[float]]) -> bool:
    """Whether some model's mean share of a round is not yet known to 4 percent (one standard error)."""
    shares = np.divide(turns, np.sum(turns, axis=1, keepdims=True))
    if len(shares) < 2:
        return True
    error = np.std(shares, axis=0, ddof=1) / np.sqrt(len(shares))
    return bool(np.any(error > 0.04 * np.mean(shares, axis=0)))


@contextlib.contextmanager
def _put_back(models: Sequence[keras.Model]) -> Iterator[None]:
    """Give the models and their optimizers the values they had before, whatever happens in between."""
    for model in models:
        model.optimizer.build(model.trainable_variables)
    variables = [variable for model in models for variable in (*model.variables, *model.optimizer.variables)]
    before = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def _one_pass(dataset: Any, work: Callable[[Any], Any] | None, clock: Clock) -> float:
    images = 0
    with Stopwatch(clock) as watch:
        for batch in dataset:
            images += len(_first(batch))
            if work is not None:
                work(batch)
    if images == 0:
        raise ValueError("the dataset gave no image, so there is nothing to measure.")
    return images / max(watch.seconds, 1e-9)


def _first(batch: Any) -> Any:
    while isinstance(batch, (tuple, list, dict)):
        batch = next(iter(batch.values() if isinstance(batch, dict) else batch))
    return batch
