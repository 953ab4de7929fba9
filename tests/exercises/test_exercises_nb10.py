"""Notebook 10's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np

from helpers.exercises import ____, nb10


def ring(first):
    """The learner's ring, with another rule for the chunk that each device sends first in the second round."""

    def ring_sum(table):
        n = len(table)
        devices = np.arange(n)
        right = (devices + 1) % n
        for step in range(n - 1):
            chunk = (devices - step) % n
            table[right, chunk] = table[right, chunk] + table[devices, chunk]
        for step in range(n - 1):
            chunk = (first(devices) - step) % n
            table[right, chunk] = table[devices, chunk]
        return table

    return (ring_sum,)


WRONG = [
    (nb10.last_done, (43, 65), "one machine has to do all of it"),
    (nb10.last_done, (86, 65), "on a single machine"),
    (nb10.last_done, (65, 5), "one machine has to do all of it"),
    (nb10.last_done, (65, 9), "one run takes longer than that by itself"),
    (nb10.last_done, (70, 65), "give the long run a machine of its own"),
    (nb10.last_done, (65.5, 65), "must be a whole number"),
    (nb10.combine, lambda parts, counts: np.mean(parts, axis=0), "every part the same weight"),
    (nb10.combine, lambda parts, counts: np.sum(parts, axis=0), "not an average"),
    (
        nb10.combine,
        lambda parts, counts: sum(part * count for part, count in zip(parts, counts, strict=True)),
        "must still be divided",
    ),
    (nb10.combine, lambda parts, counts: parts[0], "multiply each part's gradient by its number of images"),
    (nb10.combine, lambda parts, counts: np.mean(parts), "the gradients' shape"),
    (nb10.combine, lambda parts, counts: None, "returned nothing"),
    (nb10.ring_sum, ring(lambda devices: devices), "With 2 devices, device 0 doesn't hold all the sums"),
    (nb10.ring_sum, ring(lambda devices: devices - 1), "With 3 devices, device 0 doesn't hold all the sums"),
    (nb10.ring_sum, ring(lambda devices: 1 + 0 * devices), "Which one is green in the third picture?"),
    (nb10.ring_sum, lambda table: table.sum(axis=0), "shape"),
    (nb10.ring_sum, 4, "must be a function"),
    (nb10.amdahl, (9, 10), "the 10 ms stay as they are"),
    (nb10.amdahl, (10, 10), "10 ms are still to come"),
    (nb10.amdahl, (20, 10), "how many times faster is that"),
    (nb10.amdahl, (4, 10), "That isn't 4"),
    (nb10.amdahl, (5, 9), "already 100/11"),
    (nb10.amdahl, (5, 100), "The 10 ms always remain"),
    (nb10.amdahl, (5, 20), "That isn't 20"),
]

RIGHT = [
    (nb10.last_done, (65, 65)),
    (nb10.last_done, (65.0, np.int64(65))),
    (nb10.combine, lambda parts, counts: np.average(parts, axis=0, weights=counts)),
    (nb10.combine, lambda parts, counts: np.tensordot(counts, np.array(parts), axes=1) / np.sum(counts)),
    (nb10.ring_sum, ring(lambda devices: devices + 1)),
    (nb10.ring_sum, lambda table: np.broadcast_to(table.sum(axis=0), table.shape)),
    (nb10.amdahl, (5, 10)),
    (nb10.amdahl, (100 / 20, 10.0)),
]


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(table):
        return (____ - table) % 2

    assert nb10.ring_sum.verdict(half_done).status == "unanswered"
    assert nb10.last_done.verdict(____, ____).status == "unanswered"
