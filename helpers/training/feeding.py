"""How images get to a network: how often a step runs, and who waits for whom.

    opened = feeding.Counter()
    images = files.map(opened.around(read))  # opened.count grows by one for every file that is read

    feeding.rehearse(lambda batches: batches.prefetch(1)).seconds

Notebook 08b calls these.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from helpers.arguments import whole_number
from helpers.notebook import plots
from helpers.notebook.quiet_keras import tf

Span = tuple[float, float]  # from and to, in seconds after the start
MARGIN = 1e-3  # seconds that a span is drawn shorter, so that neighbors can be told apart


class Counter:
    """Counts how often a step of a tf.data pipeline really runs, not how often it is written down."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()  # several elements may be worked on at once

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """The same step for `Dataset.map`, counted; its first argument must be a tensor."""

        def counted(first: Any, *others: Any) -> Any:
            noted = tf.numpy_function(self._note, [first], first.dtype, stateful=False)
            return step(tf.ensure_shape(noted, first.shape), *others)

        return counted

    def _note(self, value: Any) -> Any:
        with self._lock:
            self.count += 1
        return value


@dataclass(frozen=True)
class Rehearsal:
    """When each batch was read, and when the network trained on it."""

    reads: tuple[Span, ...]
    trainings: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        """From the start of the first read to the end of the last training."""
        return self.trainings[-1][1]

    def draw(self, axis: Axes, title: str) -> None:
        """Two rows of bars on `axis`, against seconds: the reads above, the trainings below."""
        for row, (spans, color) in enumerate(((self.reads, plots.ORANGE), (self.trainings, plots.BLUE))):
            bars = [(start, max(end - start - MARGIN, MARGIN)) for start, end in spans]
            axis.broken_barh(bars, (row - 0.35, 0.7), facecolors=color, edgecolor="white", linewidth=1)
            for number, (start, end) in enumerate(spans, start=1):
                axis.text((start + end) / 2, row, f"{number}", ha="center", va="center", fontsize=10,
                          color="black" if row == 0 else "white")  # fmt: skip
        axis.set(yticks=(0, 1), yticklabels=("disk reads", "network trains"), ylim=(1.5, -0.5), title=title)
        axis.title.set_fontsize(12)


def rehearse(
    steps: Callable[[Any], Any],
    *,
    batches: int = 6,
    reading: float = 0.05,
    training: float = 0.05,
    tries: int = 3,
) -> Rehearsal:
    """Play a slow disk and a busy network, and note when each is at work.

    Reading a batch and training on it are played by sleeping for so many seconds, as if a disk and a graphics card
    did them, so they need no processor. `steps` gets the dataset of batches and returns the one that the network
    asks, for example with a prefetch. Nothing runs ahead unless `steps` says so. The shortest of `tries` rehearsals
    counts, since whatever else the machine does can only make one longer.
    """
    whole_number(batches, "batches", least=1)
    played = [_once(steps, batches, reading, training) for _ in range(whole_number(tries, "tries", least=1))]
    return min(played, key=lambda one: one.seconds)


def _once(steps: Callable[[Any], Any], batches: int, reading: float, training: float) -> Rehearsal:
    reads: dict[int, Span] = {}
    start = [0.0]

    def read(number: np.ndarray) -> np.ndarray:
        began = time.perf_counter()
        time.sleep(reading)
        reads[int(number)] = (began - start[0], time.perf_counter() - start[0])
        return number

    def read_one(number: Any) -> Any:
        return tf.ensure_shape(tf.numpy_function(read, [number], tf.int64, stateful=False), ())

    pipe = steps(tf.data.Dataset.range(batches).map(read_one)).with_options(_as_written())
    trainings = []
    start[0] = time.perf_counter()
    for _ in pipe:
        began = time.perf_counter()
        time.sleep(training)
        trainings.append((began - start[0], time.perf_counter() - start[0]))
    first = min(began for began, _ in reads.values())  # TensorFlow needs a moment before the first read

    def from_first(spans: Any) -> tuple[Span, ...]:
        return tuple((began - first, ended - first) for began, ended in spans)

    return Rehearsal(from_first(reads[number] for number in sorted(reads)), from_first(trainings))


def _as_written() -> tf.data.Options:
    """Options that forbid TensorFlow to add steps of its own, such as a prefetch."""
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    options.threading.private_threadpool_size = 4  # threads that may wait at the same time
    return options
