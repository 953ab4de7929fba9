"""Exercises and quizzes of notebook 00, start here: small ones, to show how they work."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_float,
    as_int,
    close,
    result_of,
)


def _examine_pixels(answer: Any) -> None:
    number = as_int(answer, what="The number of pixels")
    advice = {
        56: "56 is 28 + 28. Each of the 28 rows holds 28 pixels: how many are they together?",
        28: "28 is the number of pixels in one row, and there are 28 rows.",
        112: "112 is the way around the picture; the pixels fill all of it.",
        783: "783 is the last index when you count from 0; there is one pixel more.",
    }
    if number != 784:
        raise WrongAnswer(advice.get(number, f"{number} is not it: 28 rows of 28 pixels each."))


pixels = Exercise(
    name="pixels",
    examine=_examine_pixels,
    hints=("Count one row first, then all rows.", "Python can compute it: `28 * 28`."),
    solution_code="""
number = 28 * 28
nb00.pixels.check(number)
""",
    because="28 rows of 28 pixels are 784 numbers; notebook 01 hands exactly these to a network.",
)


def _examine_mend(function: Any) -> None:
    picture = np.array([[0, 100, 200], [50, 50, 80]], dtype=np.uint8)
    got = as_float(result_of(function, picture), what="The mean")
    advice = {
        480 / 2: "You divided by the number of rows: `len(picture)` and `shape[0]` count rows, not pixels.",
        480 / 3: "You divided by the number of columns; it takes the number of all pixels.",
        480.0: "That is the sum: it must be divided by the number of pixels.",
        480 / 255: "You divided by 255, the largest value; it takes the number of pixels.",
    }
    if not close(got, 80):
        known = [text for value, text in advice.items() if close(got, value)]
        raise WrongAnswer(known[0] if known else f"On a picture whose mean is 80 the function says {got:g}.")


mend = Exercise(
    name="mend",
    examine=_examine_mend,
    hints=(
        "`count` is not the name. An array of 28 rows and 28 columns knows that it holds 784 values.",
        "It is an attribute of four letters, without brackets: `picture.s...`",
    ),
    solution_code="""
def mended(picture):
    return picture.sum() / picture.size


nb00.mend.check(mended)
""",
    because="`size` is the number of values in an array; `picture.mean()` would have done all of it.",
)


quiz_1 = Quiz(
    question="A cell stops with forty lines of red text. Which do you read first?",
    choices={
        "a": ("the first", "The first line only says that a traceback follows."),
        "b": (
            "the last",
            "The last line names the kind of error and says what was wrong; then look upwards for your line.",
        ),
        "c": (
            "those in the middle",
            "The middle is often the inside of a library, where the error came out but was seldom made.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="You changed a number in a notebook, ran it, and one claim now shows ✗. What has happened?",
    choices={
        "a": (
            "What you changed made that sentence false, here and now",
            "A claim is measured anew in every run: that is how you find out what your change does.",
        ),
        "b": (
            "The notebook is broken",
            "Nothing is broken: the run goes on, and the line says what was measured.",
        ),
        "c": (
            "Your computer is too slow",
            "Claims measure accuracies and counts; a slow computer gets the same ones.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="A cell that worked an hour ago now says that a name is not defined. What do you try first?",
    choices={
        "a": (
            "Install the course again",
            "The packages are the same as an hour ago; the kernel's memory is not.",
        ),
        "b": ("Rewrite the cell", "The cell worked; what it relies on is missing in the kernel's memory."),
        "c": (
            "Restart the kernel and run all cells",
            "The kernel then has exactly what the cells say, from top to bottom, and nothing left over.",
        ),
    },
    answer="c",
)
