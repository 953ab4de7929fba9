"""How long things take.

    watch = timing.Stopwatch()
    with watch:
        work()
    watch.seconds

The benchmarks call it.
"""

import time
from collections.abc import Callable

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
