"""Notebook 10b's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np

from helpers.exercises import ____, nb10b


def lost(destroyed):
    """The learner's function, with another amount of work that a failure destroys."""
    return lambda interval, cost, between: cost / interval + destroyed(interval, cost) / between


def buffered(out):
    """The learner's shuffle buffer, with another choice of what goes out."""

    def shuffled(stream, size, rng):
        buffer, gone = [], []
        for item in stream:
            if len(buffer) < size:
                buffer.append(item)
            else:
                place = rng.integers(size)
                gone.append(out(buffer, place, item))
                buffer[place] = item
        rng.shuffle(buffer)
        return gone + buffer

    return shuffled


def keeps_the_first(stream, size, rng):
    return [*stream[size:], *stream[:size]]


WRONG = [
    (nb10b.lost, lost(lambda interval, cost: interval), "right before the next checkpoint"),
    (nb10b.lost, lost(lambda interval, cost: cost), "writing is counted already"),
    (nb10b.lost, lost(lambda interval, cost: 0), "How many seconds of work"),
    (nb10b.lost, lambda interval, cost, between: None, "returned nothing"),
    (nb10b.lost, 3, "must be a function"),
    (nb10b.price, (405, 6_561), "began again from the first epoch"),
    (nb10b.price, (243, 6_561), "one round is missing"),
    (nb10b.price, (81, 6_561), "only the first round"),
    (nb10b.price, (300, 6_561), "how many recipes are left"),
    (nb10b.price, (297, 81), "that's one recipe"),
    (nb10b.price, (297.5, 6_561), "must be a whole number"),
    (nb10b.shuffled, buffered(lambda buffer, place, item: item), "some items come twice"),
    (nb10b.shuffled, buffered(lambda buffer, place, item: buffer[0]), "some items come twice"),
    (nb10b.shuffled, buffered(lambda buffer, place, item: -1), "isn't in the stream"),
    (nb10b.shuffled, buffered(lambda buffer, place, item: "a"), "is text"),
    (nb10b.shuffled, lambda stream, size, rng: list(stream), "in the order of the stream"),
    (nb10b.shuffled, keeps_the_first, "straight through"),
    (nb10b.shuffled, lambda stream, size, rng: list(stream)[::-1], "before it can be in the buffer"),
    (nb10b.shuffled, lambda stream, size, rng: 4, "must return a list"),
]

RIGHT = [
    (nb10b.lost, lost(lambda interval, cost: interval / 2)),
    (nb10b.lost, lambda interval, cost, between: np.float32(cost / interval + 0.5 * interval / between)),
    (nb10b.price, (297, 6_561)),
    (nb10b.price, (np.int64(297), 6_561.0)),
    (nb10b.shuffled, buffered(lambda buffer, place, item: buffer[place])),
]


def test_a_function_with_a_blank_left_is_not_answered():
    def half_done(interval, cost, between):
        return cost / interval + ____ / between

    assert nb10b.lost.verdict(half_done).status == "unanswered"
    assert nb10b.shuffled.verdict(buffered(lambda buffer, place, item: ____)).status == "unanswered"
    assert nb10b.price.verdict(____, ____).status == "unanswered"
