"""A stopwatch on a clock that the tests move."""

from helpers.training.timing import Stopwatch


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += seconds


def test_a_stopwatch_adds_up_its_stretches():
    clock = Clock()
    watch = Stopwatch(clock)
    for seconds in (2, 3):
        clock.move(100)
        with watch:
            clock.move(seconds)
    watch.start()
    clock.move(4)
    watch.stop()
    assert watch.laps == [2, 3, 4] and watch.seconds == 9
    with Stopwatch() as real:
        pass
    assert 0 <= real.seconds < 60
