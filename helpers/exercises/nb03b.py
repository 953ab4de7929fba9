"""Exercises and quizzes of notebook 03b_judging_honestly, on the frame in `core`."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    agrees,
    as_array,
    close,
    refuse_mistakes,
    result_of,
)

# --- dropout by hand -------------------------------------------------------------------------------


def _examine_dropout(function: Any) -> None:
    rng = np.random.default_rng(4)
    for rate in (0.5, 0.25, 0.8):
        values, keep = rng.normal(size=12), rng.random(12) >= rate
        keep[:2] = True, False
        found = as_array(
            result_of(function, values, keep, rate, what="dropout"), what="dropout's result", shape=(12,)
        )
        right = np.where(keep, values / (1 - rate), 0)
        if close(found, right):
            continue
        grow = "the others have to grow, so that the next layer's sum stays the same on average"
        turned = "keep is True where a value stays, and you drop those"
        by_rate = (
            f"you divide by the rate, but with rate {rate} a share of {1 - rate:g} stays, so divide by that"
        )
        mistakes = (
            (np.where(keep, values, 0), f"the values that are switched off are 0, but {grow}"),
            (np.where(keep, values * (1 - rate), 0), "the values that stay have to grow, and yours shrink"),
            (np.where(keep, values / rate, 0), by_rate),
            (np.where(keep, 0, values / (1 - rate)), turned),
            (np.where(keep, 0, values), turned),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        spot = int(np.flatnonzero(~agrees(found, right))[0])
        state = "kept" if keep[spot] else "dropped"
        raise WrongAnswer(
            f"With rate {rate}, the {state} value {values[spot]:.3f} should become {right[spot]:.3f}, "
            f"and yours becomes {found[spot]:.3f}."
        )


dropout = Exercise(
    name="dropout",
    examine=_examine_dropout,
    hints=(
        "In a product, True counts as 1 and False as 0, so `values * keep` switches off what has to go.",
        "With rate 0.8 only 20 of 100 values stay, so each has to stand for 5, which is 1 / (1 - 0.8).",
    ),
    solution_code="""
def dropout(values, keep, rate):
    return values * keep / (1 - rate)


nb03b.dropout.check(dropout)
""",
    because=(
        "That's what keras.layers.Dropout does during training, with a new random keep for every image "
        "of every batch."
    ),
)

# --- precision and recall --------------------------------------------------------------------------


def _examine_precision_and_recall(function: Any) -> None:
    rng = np.random.default_rng(8)
    for classes in (3, 10, 5):
        matrix = rng.integers(0, 9, size=(classes, classes)) + np.diag(rng.integers(9, 30, size=classes))
        found = as_array(
            result_of(function, matrix, what="precision_and_recall"), what="precision_and_recall's result"
        )
        if found.shape != (2, classes):
            raise WrongAnswer(
                f"For {classes} classes, return two arrays of {classes} numbers each, one for every class. "
                "Sum along one axis only."
            )
        hits, rows, columns = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
        precision, recall = hits / columns, hits / rows
        if close(found, (precision, recall)):
            continue
        alike = "precision and recall can't be the same: one divides by the columns, the other by the rows"
        mistakes = (
            ((recall, precision), (
                "the two are exchanged. Answers are in the columns, so precision divides by the columns' sums, "
                "which is sum(axis=0)"
            )),
            ((precision, precision), alike),
            ((recall, recall), alike),
            ((columns / matrix.sum(), rows / matrix.sum()), "count the right answers only: the diagonal"),
            ((hits / matrix.sum(), hits / matrix.sum()), (
                "you divide by all images; precision divides by everything that got this answer, recall by "
                "everything that truly is of this class"
            )),
            ((hits, hits), "those are the right answers; now divide by the sums of the columns and of the rows"),
            ((columns, rows), "those are the sums; divide the diagonal by them"),
        )  # fmt: skip
        refuse_mistakes(found, mistakes, lead="Not yet")
        for name, mine, right in (("precision", found[0], precision), ("recall", found[1], recall)):
            if not close(mine, right):
                spot = int(np.flatnonzero(~agrees(mine, right))[0])
                total = (columns if name == "precision" else rows)[spot]
                raise WrongAnswer(
                    f"The {name} of class {spot} should be {hits[spot]} of {total}, {right[spot]:.3f}, "
                    f"and yours is {mine[spot]:.3f}."
                )


precision_and_recall = Exercise(
    name="precision_and_recall",
    examine=_examine_precision_and_recall,
    hints=(
        "The right answers of every class are on the diagonal: `np.diag(matrix)`. Both fractions begin with them.",
        (
            "`matrix.sum(axis=0)` adds up each column, which is how often that answer was given; "
            "`sum(axis=1)` adds up each row."
        ),
    ),
    solution_code="""
def precision_and_recall(matrix):
    precision = np.diag(matrix) / matrix.sum(axis=0)
    recall = np.diag(matrix) / matrix.sum(axis=1)
    return precision, recall


nb03b.precision_and_recall.check(precision_and_recall)
""",
    because=(
        "Both start from the right answers: precision asks about the answers (columns), "
        "recall about the true digits (rows)."
    ),
)

# --- barely right ----------------------------------------------------------------------------------


def _examine_barely_right(function: Any) -> None:
    rng = np.random.default_rng(6)
    for size, count in ((12, 3), (40, 5), (30, 1)):
        probabilities = rng.dirichlet(np.full(10, 0.3), size=size)
        predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
        labels = np.where(rng.random(size) < 0.6, predicted, (predicted + 1) % 10)
        labels[:6] = predicted[:6]
        answer = result_of(function, probabilities, labels, count, what="barely_right")
        found = as_array(answer, what="barely_right's result").ravel()
        if found.shape != (count,):
            raise WrongAnswer(
                f"With count={count} there should be {count} positions, and you return {found.size}."
            )
        if not np.isin(found, np.arange(size)).all():
            raise WrongAnswer(f"Return positions from 0 to {size - 1}, not probabilities.")
        found = found.astype(int)
        order = np.argsort(confidence, kind="stable")
        hits, misses = order[(predicted == labels)[order]], order[(predicted != labels)[order]]
        if np.array_equal(found, hits[:count]):
            continue
        if np.array_equal(found, np.argsort(confidence[predicted == labels])[:count]):
            raise WrongAnswer("Those are positions in the list of right answers. Look them up in `right`.")
        if np.isin(found, misses).any():
            raise WrongAnswer(
                "Some of your images were predicted wrongly. Keep only those where predicted equals the label."
            )
        if np.array_equal(found, hits[::-1][:count]):
            raise WrongAnswer(
                "Those are the surest right answers. We want the least sure ones, smallest confidence first."
            )
        raise WrongAnswer(
            "All of these are right answers, but not the least sure ones, smallest confidence first."
        )


barely_right = Exercise(
    name="barely_right",
    examine=_examine_barely_right,
    hints=(
        "`np.argsort(values)` gives the positions of the values from the smallest to the largest.",
        "Sort confidence[right], look up the result in right, and keep the first `count`.",
    ),
    solution_code="""
def barely_right(probabilities, labels, count):
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    right = np.flatnonzero(predicted == labels)
    return right[np.argsort(confidence[right])][:count]


nb03b.barely_right.check(barely_right)
""",
    because=(
        "A right answer given with 35% confidence was nearly a mistake, so such images are worth a look, too."
    ),
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question=(
        "A colleague tries 40 learning rates. The best one reads 96.0% of 300 validation digits, and 96.0% goes "
        "into the report. What do you expect on new digits?"
    ),
    choices={
        "a": (
            "96.0% on average, because no network was trained on the validation digits",
            "Training isn't the only way to use a set. These 300 digits picked the winner of 40.",
        ),
        "b": (
            "Somewhat more, because the best of 40 learning rates is a good one",
            "It is a good one, but it was also lucky on these very 300 digits, and luck doesn't come along.",
        ),
        "c": (
            "Somewhat less, on average",
            (
                "The winner of 40 was partly lucky on these 300 digits. "
                "Digits that had no say in the choice will tell how good it really is."
            ),
        ),
        "d": (
            "Nothing can be said, because 300 digits are too few",
            "A fair score on 300 digits is good to about a point. Here we even know which way the report leans.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question=(
        "While a network trains on, its validation loss rises from 0.45 to 0.60, but its validation accuracy stays at "
        "87%. What is the most likely reason?"
    ),
    choices={
        "a": (
            "It becomes surer of its answers, the wrong ones included",
            "The loss punishes a confident mistake hard, even if the number of mistakes stays the same.",
        ),
        "b": (
            "It makes more and more mistakes",
            "Then the accuracy would fall, and it stays at 87%.",
        ),
        "c": (
            "It becomes less sure of everything",
            "A network that trains on becomes surer, because that lowers its training loss.",
        ),
        "d": (
            "That's impossible: one of the two numbers must be wrong",
            "Accuracy only counts right answers. The loss also asks how sure the network was of each.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question=(
        "A scanner in a post office reads digits with a well-calibrated network. One envelope gives *7, 99% sure*. "
        "When can you trust the 99%?"
    ),
    choices={
        "a": (
            "Always, because the network is calibrated",
            "It was calibrated on digits. On anything else, the percentage means nothing.",
        ),
        "b": (
            "If the scanned thing is a digit like the ones it was calibrated on",
            (
                "Of such answers, about 99 in 100 are right. Whether it is a digit at all, "
                "the network was never asked."
            ),
        ),
        "c": (
            "Never, because softmax always names one of the ten digits",
            "It has to name one, but for real digits its percentages can be measured, and then trusted.",
        ),
    },
    answer="b",
)
