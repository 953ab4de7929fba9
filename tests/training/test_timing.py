"""A stopwatch on a clock that the tests move, and the fastest pass of a pipeline."""

import numpy as np
import pytest

from helpers.notebook.quiet_keras import tf
from helpers.training.timing import Stopwatch, images_per_second, rounded


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


# -------------------------------------------------------------------------------------- pipelines


class Passes:
    """A dataset of one batch of `images`; its passes take the given seconds, one after another."""

    def __init__(self, clock, *seconds, images=10, wrap=lambda batch: batch):
        self.clock, self.seconds, self.images, self.wrap, self.started = clock, seconds, images, wrap, 0

    def __iter__(self):
        self.clock.move(self.seconds[self.started])
        self.started += 1
        yield self.wrap(np.zeros((self.images, 2, 2, 3)))


def test_the_fastest_pass_counts_and_the_first_does_not():
    clock = Clock()
    passes = Passes(clock, 0.001, 4, 2, 5)
    assert images_per_second(passes, repeats=3, clock=clock) == 10 / 2
    assert passes.started == 4


def test_without_warm_up_every_pass_counts():
    clock = Clock()
    passes = Passes(clock, 2, 4)
    assert images_per_second(passes, repeats=2, warm_up=False, clock=clock) == 10 / 2
    assert passes.started == 2


@pytest.mark.parametrize(
    "wrap",
    [lambda x: x, lambda x: (x, [1]), lambda x: [x], lambda x: {"images": x, "labels": [1]}],
    ids=["array", "pair", "list", "dict"],
)
def test_images_are_counted_in_every_kind_of_batch(wrap):
    clock = Clock()
    assert images_per_second(Passes(clock, 2, wrap=wrap), repeats=1, warm_up=False, clock=clock) == 5


def test_all_batches_are_counted_and_work_is_done_on_each():
    clock, seen = Clock(), []
    dataset = tf.data.Dataset.from_tensor_slices(np.zeros((20, 2, 2, 3), "float32")).batch(8)

    def work(batch):
        seen.append(len(batch))
        clock.move(2)

    assert images_per_second(dataset, repeats=1, warm_up=False, work=work, clock=clock) == 20 / 6
    assert seen == [8, 8, 4]


def test_an_empty_dataset_and_a_wrong_count_are_refused():
    with pytest.raises(ValueError, match="no image"):
        images_per_second([], repeats=1)
    with pytest.raises(ValueError, match="at least 1"):
        images_per_second(Passes(Clock(), 0.0), repeats=0)


@pytest.mark.parametrize(
    ("rate", "text"), [(12_345.6, "12,000"), (987.0, "990"), (42.4, "42"), (3.2, "3"), (0, "0")]
)
def test_two_digits_are_enough(rate, text):
    assert rounded(rate) == text
