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
        56: "56 is 28 + 28. There are 28 rows, and each of them holds 28 pixels.",
        28: "28 is the number of pixels in one row, and there are 28 rows.",
        112: "112 is the distance around the image, and the pixels fill all of it.",
        783: "783 is the last index when you count from 0. There is one pixel more.",
    }
    if number != 784:
        raise WrongAnswer(advice.get(number, f"{number} isn't it. There are 28 rows of 28 pixels each."))


pixels = Exercise(
    name="pixels",
    examine=_examine_pixels,
    hints=("Count one row first, then all the rows.", "Let Python do it: `28 * 28`."),
    solution_code="""
number = 28 * 28
nb00.pixels.check(number)
""",
    because="28 rows of 28 pixels are 784 numbers, and those numbers are all that the network gets.",
)


def _examine_fix_it(function: Any) -> None:
    probabilities = np.array([0.02, 0.05, 0.03, 0.04, 0.01, 0.06, 0.02, 0.7, 0.04, 0.03])
    got = as_float(result_of(function, probabilities), what="The digit")
    advice = {
        0.7: "That's the largest probability itself. You want to know at which position it stands.",
        4: "That's the position of the smallest probability.",
        8: "That's one too many: Python counts positions from 0, just like the digits.",
        1: "That's the sum of all ten probabilities, and it's always 1.",
        0.1: "That's the mean of the ten probabilities, and it's always 0.1.",
        10: "That's how many probabilities there are.",
    }
    if not close(got, 7):
        known = [text for value, text in advice.items() if close(got, value)]
        raise WrongAnswer(
            known[0] if known else f"When the network finds 7 most likely, your function says {got:g}."
        )
    other = as_float(result_of(function, probabilities[::-1]), what="The digit")
    if not close(other, 2):
        raise WrongAnswer(f"It's right for a 7, but when 2 is most likely your function says {other:g}.")


fix_it = Exercise(
    name="fix_it",
    examine=_examine_fix_it,
    hints=(
        "Arrays have methods for the largest value and for where it stands. You met one of them right after training.",
        "It's called the argument of the maximum, in short `arg` and `max`.",
    ),
    solution_code="""
def fixed(probabilities):
    return probabilities.argmax()


nb00.fix_it.check(fixed)
""",
    because="`argmax` is the position of the largest value, and here the position is the digit.",
)


quiz_1 = Quiz(
    question="A cell that worked an hour ago now says that a name is not defined. What do you try first?",
    choices={
        "a": (
            "Install the course again",
            "The packages haven't changed in that hour, but what the kernel remembers has.",
        ),
        "b": (
            "Rewrite the cell",
            "The cell is fine. Something it relies on is missing from the kernel's memory.",
        ),
        "c": (
            "Restart the kernel and run all cells",
            "Now the kernel knows exactly what the cells say, from top to bottom, and nothing else.",
        ),
    },
    answer="c",
)
