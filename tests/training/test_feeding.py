"""What a pipeline really does: steps are counted when they run, and the rehearsal shows who waits."""

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from helpers.training import feeding

FAST = {"batches": 4, "reading": 0.03, "training": 0.03}


def numbers(pipe):
    return [int(number) for number in pipe.as_numpy_iterator()]


def test_a_step_is_counted_when_it_runs():
    squared = feeding.Counter()
    pipe = tf.data.Dataset.range(5).map(squared.around(lambda number: number**2))
    assert squared.count == 0
    assert numbers(pipe) == numbers(pipe) == [0, 1, 4, 9, 16]
    assert squared.count == 10


def test_behind_a_cache_it_runs_once():
    squared = feeding.Counter()
    pipe = tf.data.Dataset.range(5).map(squared.around(lambda number: number**2)).cache()
    assert numbers(pipe) == numbers(pipe)
    assert squared.count == 5


def test_further_arguments_and_shapes_are_kept():
    counter = feeding.Counter()
    images = np.zeros((3, 4, 5, 3), np.float32)
    pipe = tf.data.Dataset.from_tensor_slices((images, [7, 8, 9]))
    pipe = pipe.map(counter.around(lambda image, label: (image + 1, label)))
    assert pipe.element_spec[0].shape == (4, 5, 3)
    assert [int(label) for _, label in pipe] == [7, 8, 9] and counter.count == 3


def test_without_a_prefetch_disk_and_network_take_turns():
    played = feeding.rehearse(lambda batches: batches, **FAST)
    assert len(played.reads) == len(played.trainings) == 4 and played.reads[0][0] == 0
    for read, training, later in zip(played.reads, played.trainings, played.reads[1:], strict=False):
        assert read[1] <= training[0] and training[1] <= later[0]
    assert played.seconds >= 4 * 0.06


def test_with_a_prefetch_the_next_batch_is_read_meanwhile():
    played = feeding.rehearse(lambda batches: batches.prefetch(1), **FAST)
    assert any(
        read[0] < training[1] and training[0] < read[1]
        for training, read in zip(played.trainings, played.reads[1:], strict=False)
    )


def test_a_rehearsal_is_drawn_with_a_bar_for_each_span():
    axis = Figure().subplots()
    feeding.rehearse(lambda batches: batches, batches=3, reading=0.001, training=0.001).draw(axis, "in turn")
    assert [text.get_text() for text in axis.texts] == ["1", "2", "3"] * 2
    assert axis.get_title() == "in turn"
