"""How long things take, and how many images a second a pipeline delivers.

    watch = timing.Stopwatch()
    with watch:
        work()
    watch.seconds

Notebook 08 and the benchmarks call it.
"""

import time
from collections.abc import Callable
from typing import Any

from helpers.arguments import whole_number

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
