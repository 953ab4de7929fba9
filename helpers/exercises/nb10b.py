"""Exercises and quizzes of notebook 10b, When workers die."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_float,
    as_int,
    check_counts,
    close,
    result_of,
)

# --- what a failure costs ----------------------------------------------------------------------


def _examine_lost(function: Any) -> None:
    for interval, cost, between in ((600, 30, 3_600), (60, 5, 10_000), (1_800, 20, 40_000)):
        found = as_float(result_of(function, interval, cost, between, what="lost"), what="What lost returns")
        writing = cost / interval
        if close(found, writing + interval / 2 / between):
            continue
        case = f"lost({interval}, {cost}, {between})"
        if close(found, writing + interval / between):
            raise WrongAnswer(
                f"{case}: this takes it that every failure comes right before the next checkpoint. It may come at any "
                "time between two of them."
            )
        if close(found, writing + cost / between):
            raise WrongAnswer(
                f"{case}: writing is counted already. What a failure destroys is the work since the last checkpoint."
            )
        raise WrongAnswer(
            f"{case} should be {writing + interval / 2 / between:.4f}, and yours is {found:.4f}. How many seconds of "
            "work does a failure destroy if it comes at any time between two checkpoints?"
        )


lost = Exercise(
    name="lost",
    examine=_examine_lost,
    hints=(
        "What was done since the last checkpoint is lost: nothing at best, and a whole interval at worst.",
        "On average it's half an interval.",
    ),
    solution_code="""
def lost(interval, cost, between):
    writing = cost / interval
    done_twice = interval / 2 / between
    return writing + done_twice


nb10b.lost.check(lost)
""",
    because="The first part falls with the interval and the second rises, so there's a best interval between them.",
)

# --- the price of halving ----------------------------------------------------------------------


def _examine_price(spent: Any, without: Any) -> None:
    again = "that would be the price if the recipes that stay began again from the first epoch"
    check_counts(
        [
            (
                "`spent`",
                spent,
                297,
                {
                    405: again,
                    81: "that's only the first round",
                    243: "one round is missing: there are five, with 81, 27, 9, 3, and 1 recipes",
                    324: "in each round, the recipes have some epochs behind them already",
                },
            ),
            (
                "`without`",
                without,
                6_561,
                {81: "that's one recipe; there are 81 of them", 162: "81 recipes with 81 epochs each"},
            ),
        ],
        otherwise="write down for each round how many recipes are left, and how many epochs each still needs to reach "
        "its total",
    )


price = Exercise(
    name="price",
    examine=_examine_price,
    hints=(
        "81 recipes have 1 epoch, 27 go on to 3, 9 to 9, 3 to 27, and 1 to 81.",
        "27 recipes that have 1 epoch behind them need 2 more each, which makes 54.",
    ),
    solution_code="""
spent, without = 81 * 1 + 27 * 2 + 9 * 6 + 3 * 18 + 1 * 54, 81 * 81
nb10b.price.check(spent, without)
""",
    because="Each of the later rounds costs 54 epochs, so it's 297 instead of 6,561: less than a twentieth.",
)

# --- a shuffle buffer --------------------------------------------------------------------------


def _examine_shuffled(function: Any) -> None:
    for count, size in ((12, 4), (30, 7), (5, 9)):
        given = list(range(count))
        made = result_of(function, list(given), size, np.random.default_rng(1), what="shuffled")
        if not np.iterable(made):
            raise WrongAnswer("shuffled must return a list: keep its last line.")
        found = [as_int(item, what="What shuffled puts out") for item in made]
        case = f"With {count} items and a buffer of {size}"
        if sorted(found) != given:
            twice = sorted({item for item in found if found.count(item) > 1})
            gone = sorted(set(given) - set(found))
            if set(found) - set(given) or (not twice and not gone):
                raise WrongAnswer(f"{case}, it puts out what isn't in the stream.")
            raise WrongAnswer(
                f"{case}, {'some items come twice' if twice else 'no item comes twice'}, and "
                f"{len(gone)} never come. Which item is about to be overwritten in the next line?"
            )
        if count > size and found[: count - size] == given[: count - size]:
            raise WrongAnswer(
                f"{case}, the items come in the order of the stream. Take the one at the random `place`."
            )
        if count > size and found[: count - size] == given[size:]:
            raise WrongAnswer(
                f"{case}, new items pass straight through, and the first ones wait for the end. Take one from the "
                "buffer."
            )
        if any(item > position + size for position, item in enumerate(found)):
            raise WrongAnswer(
                f"{case}, an item comes before it can be in the buffer. Hold only `size` items at a time."
            )


shuffled = Exercise(
    name="shuffled",
    examine=_examine_shuffled,
    hints=(
        "In the next line, the new item takes a place in the buffer. The item that's there has to go out first.",
        "It's at `place`.",
    ),
    solution_code="""
def shuffled(stream, size, rng):
    buffer, out = [], []
    for item in stream:
        if len(buffer) < size:
            buffer.append(item)  # fill the buffer first
        else:
            place = rng.integers(size)
            out.append(buffer[place])
            buffer[place] = item
    rng.shuffle(buffer)  # the stream has ended: mix what's left
    return out + buffer


nb10b.shuffled.check(shuffled)
""",
    because="An item can wait for a long time, but it can never come more than `size` places early: that's why a small "
    "buffer can't undo a sorted file.",
)

quiz_1 = Quiz(
    question="Weights, optimizer, and epoch are in the backup. So why do epochs 4 to 6 differ?",
    choices={
        "a": (
            "Numbers in a file are rounded",
            "The file holds every digit of every weight.",
        ),
        "b": (
            "Dropout draws other masks",
            "They come from a random generator, which started over in the resumed run.",
        ),
        "c": (
            "The learning rate began again at the top",
            "It follows from the optimizer's count of steps, and that's in the backup.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="Which recipe does successive halving drop, although it would have won?",
    choices={
        "a": (
            "one that starts slowly and ends well",
            "It looks bad when the first cut is made, and nobody sees its end.",
        ),
        "b": ("one that starts fast and ends badly", "It survives the first cut, and falls at a later one."),
        "c": ("one that diverges", "It wouldn't have won."),
    },
    answer="a",
)

quiz_3 = Quiz(
    question=(
        "A million photos of 1,000 classes, written class by class into shards, and a shuffle buffer of 10,000. What "
        "is the best remedy?"
    ),
    choices={
        "a": (
            "a buffer of 20,000",
            "That's still only 20 of the 1,000 classes at a time.",
        ),
        "b": (
            "a smaller batch",
            "Its images would come from the same few classes.",
        ),
        "c": (
            "shuffle the photos, then write the shards again",
            "Then any small part of any shard has all kinds of photos.",
        ),
    },
    answer="c",
)
