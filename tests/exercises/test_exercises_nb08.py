"""Notebook 08's checks: wrong answers get the message that helps, and every right form passes."""

import keras
import numpy as np
import pytest

from helpers.exercises import ____, nb08


def shifts(draw, cut=None, before=None):
    """A random_shift whose places come from draw(rng, most)."""

    def random_shift(images, most, rng):
        height, width = images.shape[1:]
        padded = np.pad(images, ((0, 0), (most, most), (most, most)))
        shifted = np.empty_like(images)
        once = before(rng, most) if before else None
        for number in range(len(images)):
            row, column = once or draw(rng, most)
            whole = padded[number] if cut is None else cut(padded, number)
            shifted[number] = whole[row : row + height, column : column + width]
        return shifted

    return random_shift


def pair(rng, most):
    return rng.integers(0, 2 * most + 1, size=2)


def rolled(images, most, rng):
    return np.stack([np.roll(one, rng.integers(-most, most + 1, size=2), axis=(0, 1)) for one in images])


def ask(answer, *, only=None, blur=False, unchanged=False, again=0):
    """An ask_often that makes of the collected answers what `answer` says."""

    def ask_often(predict, images, changes):
        if blur:
            return predict(np.mean([change(images) for change in changes], axis=0))
        versions = [change(images) for change in changes[:only]]
        if unchanged:
            versions[0] = images
        return answer([predict(version) for version in versions + versions[:again]])

    return ask_often


def running_mean(predict, images, changes):
    total = 0
    for change in changes:
        total = total + predict(change(images))
    return total / len(changes)


def mean(answers):
    return np.mean(answers, axis=0)


TURN, SHIFT, ZOOM = 15 / 360, 2 / 28, (-0.5, 0)

WRONG = [
    (nb08.factors, (15, SHIFT, ZOOM), "fifteen full turns"),
    (nb08.factors, (15 / 180, SHIFT, ZOOM), "360 degrees, not 180"),
    (nb08.factors, (np.deg2rad(15), SHIFT, ZOOM), "radians"),
    (nb08.factors, (0.15, SHIFT, ZOOM), "isn't a percentage"),
    (nb08.factors, (0.3, SHIFT, ZOOM), "what share of 360"),
    (nb08.factors, ((0, TURN), SHIFT, ZOOM), "equally far"),
    (nb08.factors, (TURN, 2, ZOOM), "twice the whole image"),
    (nb08.factors, (TURN, 4 / 28, ZOOM), "adds the other side"),
    (nb08.factors, (TURN, 2 / 224, ZOOM), "a digit is 28"),
    (nb08.factors, (TURN, 0.02, ZOOM), "not 100"),
    (nb08.factors, (TURN, 0.5, ZOOM), "what share of 28"),
    (nb08.factors, (TURN, SHIFT, 0.5), "two numbers"),
    (nb08.factors, (TURN, SHIFT, (0, 0.5)), "have to be negative"),
    (nb08.factors, (TURN, SHIFT, (0, 1)), "have to be negative"),
    (nb08.factors, (TURN, SHIFT, (-1, 0)), "half of it is left"),
    (nb08.factors, (TURN, SHIFT, (1, 2)), "not from 1"),
    (nb08.factors, (TURN, SHIFT, (-0.5, 0.5)), "makes things smaller, too"),
    (nb08.factors, (TURN, SHIFT, (-0.2, 0)), "half of the side"),
    (nb08.factors, ("15/360", SHIFT, ZOOM), "not str"),
    (nb08.random_shift, lambda images, most, rng: images, "No image has moved"),
    (nb08.random_shift, shifts(None, before=lambda rng, most: (3, 1)), "All images moved alike"),
    (nb08.random_shift, shifts(lambda rng, most: [rng.integers(0, 2 * most + 1)] * 2), "one diagonal"),
    (nb08.random_shift, shifts(lambda rng, most: rng.integers(0, 2 * most, size=2)), "from 0 to 4"),
    (nb08.random_shift, shifts(lambda rng, most: rng.integers(most, 2 * most + 1, size=2)), "from 0 to 4"),
    (nb08.random_shift, shifts(lambda rng, most: (most, rng.integers(0, 2 * most + 1))), "row is always 2"),
    (nb08.random_shift, shifts(pair, cut=lambda padded, number: padded[0]), "a piece of image 0"),
    (nb08.random_shift, rolled, "isn't a piece"),
    (nb08.random_shift, lambda images, most, rng: images[:, :most, :most], "How many rows"),
    (nb08.random_shift, lambda images, most, rng: None, "returned nothing"),
    (nb08.random_shift, 3, "must be a function"),
    (nb08.ask_often, ask(mean, only=3), "only 3 of the changes"),
    (nb08.ask_often, ask(mean, blur=True), "would blur them"),
    (nb08.ask_often, ask(mean, unchanged=True), "unchanged images"),
    (nb08.ask_often, lambda predict, images, changes: predict(images), "none of the changes"),
    (nb08.ask_often, ask(mean, again=1), "should be called 4 times, and yours calls it 5"),
    (nb08.ask_often, ask(np.array), "one by one"),
    (nb08.ask_often, ask(lambda answers: np.sum(answers, axis=0)), "add up to 1"),
    (nb08.ask_often, ask(np.mean), "should have the shape 5×3"),
    (nb08.ask_often, ask(lambda answers: np.mean(answers, axis=1)), "over the images"),
    (nb08.ask_often, ask(lambda answers: np.mean(answers, axis=(0, 1))), "each image needs its own"),
    (nb08.ask_often, ask(lambda answers: np.mean(answers, axis=2)), "over the classes"),
    (nb08.ask_often, ask(lambda answers: mean(answers).argmax(axis=1)), "argmax can come later"),
    (nb08.ask_often, ask(lambda answers: np.max(answers, axis=0)), "the largest"),
    (nb08.ask_often, ask(lambda answers: np.median(answers, axis=0)), "the median"),
    (nb08.ask_often, ask(lambda answers: answers[-1]), "the last answer only"),
    (nb08.ask_often, ask(lambda answers: answers[0]), "the first answer only"),
    (nb08.ask_often, ask(lambda answers: mean(answers) ** 2), "the mean of the 4 answers"),
    (nb08.ask_often, lambda predict, images, changes: None, "returned nothing"),
    (nb08.ask_often, 0.5, "must be a function"),
]

RIGHT = [
    (nb08.factors, (0.0417, 0.0714, (-0.5, 0))),
    (nb08.factors, ((-TURN, TURN), (-SHIFT, SHIFT), [0, -0.5])),
    (nb08.factors, (np.float32(TURN), [SHIFT], np.array([-0.5, 0.0]))),
    (nb08.random_shift, shifts(pair)),
    (nb08.random_shift, shifts(lambda rng, most: (rng.integers(5), rng.integers(5)))),
    (nb08.random_shift, lambda images, most, rng: shifts(pair)(images, most, rng).tolist()),
    (nb08.ask_often, ask(mean)),
    (nb08.ask_often, running_mean),
    (nb08.ask_often, ask(lambda answers: sum(answers) / len(answers))),
    (nb08.ask_often, ask(lambda answers: keras.ops.mean(keras.ops.stack(answers), axis=0))),
]


@pytest.mark.parametrize(
    ("exercise", "answers"),
    [
        (nb08.factors, (TURN, ____, ZOOM)),
        (nb08.factors, (TURN, SHIFT, (____, 0))),
        (nb08.random_shift, (lambda images, most, rng: ____,)),
        (nb08.ask_often, (lambda predict, images, changes: ____,)),
    ],
)
def test_blanks_are_not_answers(exercise, answers):
    assert exercise.verdict(*answers).status == "unanswered"
