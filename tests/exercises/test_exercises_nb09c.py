"""Notebook 09c's checks: wrong answers get the message that helps, and every right form passes."""

import numpy as np

from helpers.exercises import ____, nb09c


def rms(gradient):
    return np.sqrt(np.mean(gradient**2))


def uphill(image, gradient, levels):
    return np.clip(image + levels * gradient / rms(gradient), 0, 255)


def adversarial(photo, gradient, levels):
    return np.clip(photo + levels * np.sign(gradient), 0, 255).astype("uint8")


def integrated(image, baseline, gradient_at, steps, along=None, mean=np.mean):
    along = (np.arange(steps) + 0.5) / steps if along is None else along
    way = baseline + along[:, None, None, None] * (image - baseline)
    return (image - baseline) * mean(gradient_at(way), axis=0)


def one_by_one(image, baseline, gradient_at, steps):
    total = 0
    for step in range(1, steps + 1):
        total = total + gradient_at((baseline + step / steps * (image - baseline))[np.newaxis])[0]
    return (image - baseline) * total / steps


def no_clip(photo, gradient, levels):
    return photo + levels * np.sign(gradient)


WRONG = [
    (nb09c.uphill, lambda i, g, n: i + n * g / rms(g), "np.clip keeps them inside"),
    (nb09c.uphill, lambda i, g, n: uphill(i, -g, n), "you go downhill"),
    (nb09c.uphill, lambda i, g, n: np.clip(i + n * g, 0, 255), "own size is still in it"),
    (nb09c.uphill, lambda i, g, n: uphill(i, g, 1), "left out `levels`"),
    (nb09c.uphill, lambda i, g, n: np.clip(i + n * g / g.std(), 0, 255), "std subtracts the mean"),
    (nb09c.uphill, lambda i, g, n: np.clip(i + n * g / np.mean(g**2), 0, 255), "still to be taken"),
    (nb09c.uphill, lambda i, g, n: np.clip(i + n * np.sign(g), 0, 255), "only the sign"),
    (nb09c.uphill, lambda i, g, n: n * g / rms(g), "the step alone"),
    (nb09c.uphill, lambda i, g, n: uphill(i, g, 3 * n), "root mean square is"),
    (nb09c.uphill, lambda i, g, n: uphill(i, g, n).mean(), "has shape"),
    (nb09c.adversarial, no_clip, "np.clip keeps them inside"),
    (
        nb09c.adversarial,
        lambda p, g, n: (p + n * np.sign(g).astype("int8").astype("uint8")).astype("uint8"),
        "wraps around",
    ),
    (nb09c.adversarial, lambda p, g, n: adversarial(p, -g, n), "you go downhill"),
    (nb09c.adversarial, lambda p, g, n: np.clip(p + n * g, 0, 255), "take its sign"),
    (nb09c.adversarial, lambda p, g, n: np.clip(p + n * g, 0, 255).astype("uint8"), "rounding swallows"),
    (nb09c.adversarial, lambda p, g, n: adversarial(p, g, n).astype(float), "uint8 again"),
    (nb09c.adversarial, lambda p, g, n: adversarial(p, g, 3 * n), "should move by 2"),
    (nb09c.adversarial, lambda p, g, n: None, "returned nothing"),
    (nb09c.integrated, lambda i, b, f, n: (i - b) * f(i[None])[0], "at the image alone"),
    (nb09c.integrated, lambda i, b, f, n: (i - b) * f(b[None])[0], "at the baseline alone"),
    (nb09c.integrated, lambda i, b, f, n: integrated(i, b, f, n) / (i - b), "still to be multiplied"),
    (
        nb09c.integrated,
        lambda i, b, f, n: integrated(i, b, f, n) / (i - b) * i,
        "multiply by image - baseline",
    ),
    (nb09c.integrated, lambda i, b, f, n: -integrated(i, b, f, n), "turned around"),
    (nb09c.integrated, lambda i, b, f, n: integrated(i, b, f, n, mean=np.sum), "take their mean"),
    (nb09c.integrated, lambda i, b, f, n: integrated(i, 0 * b, f, n), "begins at black"),
    (nb09c.integrated, lambda i, b, f, n: integrated(i, b, f, n).sum(), "Over which axis"),
    (nb09c.integrated, lambda i, b, f, n: (i - b) * f(i), "image[np.newaxis]"),
    (
        nb09c.integrated,
        lambda i, b, f, n: integrated(i, b, f, n, along=np.linspace(0, 0.5, n)),
        "equal steps",
    ),
]

RIGHT = [
    (nb09c.uphill, uphill),
    (nb09c.uphill, lambda i, g, n: np.minimum(255, np.maximum(0, i + n * g / np.mean(g**2) ** 0.5))),
    (nb09c.uphill, lambda i, g, n: uphill(i, g, n).astype("float32")),
    (nb09c.adversarial, adversarial),
    (
        nb09c.adversarial,
        lambda p, g, n: np.clip(p.astype(int) + n * np.sign(g).astype(int), 0, 255).astype("uint8"),
    ),
    (nb09c.integrated, integrated),
    (nb09c.integrated, one_by_one),
    (nb09c.integrated, lambda i, b, f, n: integrated(i, b, f, n, along=np.linspace(0, 1, n))),
    (nb09c.integrated, lambda i, b, f, n: integrated(i, b, f, n, along=np.linspace(0, 1, n + 1))),
]


def test_a_function_with_a_blank_left_is_not_answered():
    for exercise in (nb09c.uphill, nb09c.adversarial, nb09c.integrated):
        assert exercise.verdict(lambda *arguments: ____).status == "unanswered"
