"""throughput: counts every image, takes the fastest pass, leaves the first pass out, and includes the work."""

import time

import numpy as np
import pytest

from helpers.training.timing import images_per_second, rounded


class Passes:
    """A dataset of one batch of `images`; its passes take the given seconds, one after another."""

    def __init__(self, *seconds, images=10, wrap=lambda batch: batch):
        self.seconds, self.images, self.wrap, self.started = list(seconds), images, wrap, 0

    def __iter__(self):
        pause = self.seconds[self.started]
        self.started += 1
        time.sleep(pause)
        yield self.wrap(np.zeros((self.images, 2, 2, 3)))


def test_the_fastest_pass_counts_and_the_first_does_not():
    passes = Passes(0.001, 0.1, 0.02, 0.1)
    rate = images_per_second(passes, repeats=3)
    assert passes.started == 4
    assert 300 < rate < 510, "10 images in 0.02 s; mean and median are far lower, the first pass far higher"


def test_without_warm_up_every_pass_counts():
    passes = Passes(0.02)
    assert 300 < images_per_second(passes, repeats=1, warm_up=False) < 510
    assert passes.started == 1


@pytest.mark.parametrize(
    "wrap",
    [lambda x: x, lambda x: (x, [1]), lambda x: [x], lambda x: {"images": x, "labels": [1]}],
    ids=["array", "pair", "list", "dict"],
)
def test_images_are_counted_in_every_kind_of_batch(wrap):
    assert 300 < images_per_second(Passes(0.02, wrap=wrap), repeats=1, warm_up=False) < 510


def test_all_batches_are_counted_and_work_is_done_on_each():
    import tensorflow as tf

    seen = []
    dataset = tf.data.Dataset.from_tensor_slices(np.zeros((20, 2, 2, 3), "float32")).batch(8)
    slow = images_per_second(
        dataset, repeats=1, warm_up=False, work=lambda batch: seen.append(len(batch)) or time.sleep(0.02)
    )
    assert seen == [8, 8, 4]
    assert slow < 20 / 0.06 + 1


def test_an_empty_dataset_and_a_wrong_count_are_refused():
    with pytest.raises(ValueError, match="no image"):
        images_per_second([], repeats=1)
    with pytest.raises(ValueError, match="at least 1"):
        images_per_second(Passes(0.0), repeats=0)


@pytest.mark.parametrize(
    ("rate", "text"), [(12_345.6, "12,000"), (987.0, "990"), (42.4, "42"), (3.2, "3"), (0, "0")]
)
def test_two_digits_are_enough(rate, text):
    assert rounded(rate) == text
