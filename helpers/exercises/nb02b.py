"""Exercises and quizzes of notebook 02b, Inside the layer."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_int,
    close,
    result_of,
    worded_shape,
)
from helpers.from_scratch.convolution import correlate
from helpers.from_scratch.pooling import pool2d


def _examine_fix_the_loop(function: Any) -> None:
    rng = np.random.default_rng(0)
    for stride in (1, 2, 3):
        for _ in range(5):
            image = rng.normal(size=rng.integers(5, 12, size=2))
            kernel = rng.normal(size=rng.integers(1, 5, size=2))
            expected = correlate(image, kernel, strides=stride)
            got = as_array(result_of(function, image, kernel, stride, what="fixed"), what="The feature map")
            case = f"a {worded_shape(image.shape)} image, a {worded_shape(kernel.shape)} kernel and stride {stride}"
            if got.shape != expected.shape:
                raise WrongAnswer(
                    f"For {case} your map is {worded_shape(got.shape)}, but it should be "
                    f"{worded_shape(expected.shape)}. How many positions fit if you count the first one too?"
                )
            if not close(got, expected):
                where = (
                    "the patches aren't where they should be: with this stride, at which pixel does patch 1 begin?"
                    if stride > 1
                    else "the values are off even though the stride is 1: look at the patch again."
                )
                raise WrongAnswer(f"For {case} the size is right, but {where}")


fix_the_loop = Exercise(
    name="fix_the_loop",
    examine=_examine_fix_the_loop,
    hints=(
        "Take an image of 5 and a kernel of 5: one position fits. What does the broken formula give?",
        "The patch for `row` begins at pixel row * stride.",
    ),
    solution_code="""
def fixed(image, kernel, stride):
    height, width = kernel.shape
    rows = (image.shape[0] - height) // stride + 1
    columns = (image.shape[1] - width) // stride + 1
    output = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            output[row, column] = (image[top : top + height, left : left + width] * kernel).sum()
    return output


nb02b.fix_the_loop.check(fixed)
""",
    because="There is one more position than steps, and every step is `stride` pixels long.",
)


def _examine_receptive_field(answer: Any) -> None:
    number = as_int(answer, what="The receptive field")
    advice = {
        3: "That's the last kernel, in values of the map before it. Count pixels of the image.",
        11: "That's the sum of the kernel sizes, but neighboring patches overlap, and strides spread them out.",
        8: "That would be right if every stride were 1.",
        21: "A stride spreads out the layers that come after it, not its own layer.",
        289: "That's the number of pixels in the square; we want its side.",
    }
    if number != 17:
        text = "go layer by layer and add (k - 1) × the strides before it, starting from 1."
        raise WrongAnswer(advice.get(number, f"It isn't {number}: {text}"))


receptive_field = Exercise(
    name="receptive_field",
    examine=_examine_receptive_field,
    hints=(
        "Start at 1. Each layer adds (k - 1) times the product of the strides of the layers before it.",
        "1, then + 2 × 1, + 2 × 2, + 1 × 2, and the last layer adds 2 × 4.",
    ),
    solution_code="""
side = 1 + 2 * 1 + 2 * 2 + 1 * 2 + 2 * 4
nb02b.receptive_field.check(side)
""",
    because="After the four layers it is 3, 7, 9 and finally 17 pixels wide.",
)


def _examine_min_pool(function: Any) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        images = rng.normal(size=(2, 2 * rng.integers(2, 5), 2 * rng.integers(2, 5), 3)).astype("float32")
        right = pool2d(images, 2, kind="min")
        got = as_array(result_of(function, images, what="min_pool"), what="The pooled maps")
        if got.shape != right.shape:
            raise WrongAnswer(
                f"For {worded_shape(images.shape)} images you get {worded_shape(got.shape)}, "
                f"but it should be {worded_shape(right.shape)}."
            )
        if close(got, right, atol=1e-5):
            continue
        likely = {
            "That's max pooling.": pool2d(images, 2),
            "Those are the right pixels with the wrong sign: flip it back after the pooling.": -right,
            "You flipped the sign after the pooling only: flip it before, too, to find the largest of -x.": (
                -pool2d(images, 2)
            ),
            "That's average pooling.": pool2d(images, 2, kind="average"),
        }
        for message, value in likely.items():
            if close(got, value, atol=1e-5):
                raise WrongAnswer(message)
        raise WrongAnswer("These aren't the smallest values of the 2×2 pooling windows.")


min_pool = Exercise(
    name="min_pool",
    examine=_examine_min_pool,
    hints=(
        "Which of 3, 8, 5 is the smallest? Which of -3, -8, -5 is the largest?",
        "Flip the sign, take the maximum, flip the sign back.",
    ),
    solution_code="""
def min_pool(images):
    return -keras.layers.MaxPooling2D(pool_size=2)(-images)


nb02b.min_pool.check(min_pool)
""",
    because="The smallest x is where -x is largest, so min(x) = -max(-x).",
)


quiz_1 = Quiz(
    question='Your images grow from 32×32 to 64×64 pixels. What happens to a Conv2D layer with "same" padding?',
    choices={
        "a": (
            "four times the parameters, four times the multiplications",
            "It's true for the multiplications. But a convolution has no weights of its own for each pixel.",
        ),
        "b": (
            "the same parameters, the same multiplications",
            "It's true for the parameters. But the kernels now have four times as many positions to visit.",
        ),
        "c": (
            "the same parameters, four times the multiplications",
            "The same filters visit four times as many positions.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question="Three 3×3 convolutions with stride 1 follow one another. What does a value of the last map see?",
    choices={
        "a": (
            "3×3 pixels",
            "It looks at 3×3 values of the map before it, but each of those has seen 5×5 pixels itself.",
        ),
        "b": ("7×7 pixels", "Each layer adds 2 pixels: 3, then 5, then 7."),
        "c": ("9×9 pixels", "Neighboring patches overlap, so each layer adds 2 pixels, not 3."),
    },
    answer="b",
)

quiz_3 = Quiz(
    question="In a photo of the night sky, each star is one bright pixel. What does 2×2 min pooling make of the stars?",
    choices={
        "a": (
            "they vanish",
            "Its window also has dark pixels, and the smallest value wins. Max pooling would keep the stars.",
        ),
        "b": (
            "they take up a larger part of the image",
            "That's what max pooling does: a single bright pixel fills its whole window.",
        ),
        "c": (
            "they get fainter, but stay",
            "That's average pooling: it spreads the light of a star over its window.",
        ),
    },
    answer="a",
)
