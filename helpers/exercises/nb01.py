"""The exercises and quiz questions of notebook 01, MLP and flattening."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    as_int,
    close,
    result_of,
    worded_shape,
)


def _examine_place(place_of: Callable[..., Any]) -> None:
    for index, width in ((0, 28), (27, 28), (28, 28), (409, 28), (783, 28), (409, 32), (3071, 32), (7, 3)):
        what = f"place_of({index}, width={width})"
        answer = as_array(result_of(place_of, index, width=width, what="place_of"), what=what)
        row, column = divmod(index, width)
        if answer.shape != (2,):
            raise WrongAnswer(
                f"{what} should give two numbers, (row, column), and yours is {worded_shape(answer.shape)}."
            )
        if tuple(answer) == (row, column):
            continue
        found = f"{what} gives ({answer[0]:g}, {answer[1]:g}), but it should be ({row}, {column})."
        if tuple(answer) == (column, row):
            raise WrongAnswer(f"{found} You have the two swapped: the row comes first.")
        if tuple(answer) == divmod(index, 28):
            raise WrongAnswer(f"{found} The width isn't always 28, so use the argument width.")
        if answer[0] == index / width:
            raise WrongAnswer(
                f"{found} A row is a whole number, so use //, which divides and drops the remainder."
            )
        if tuple(answer - (row, column)) == (1, 1):
            raise WrongAnswer(f"{found} Python counts rows and columns from 0.")
        raise WrongAnswer(found)


place_of = Exercise(
    name="place_of",
    examine=_examine_place,
    hints=(
        "Each full row uses up `width` places of the list. How many full rows fit in before index 409?",
        "`//` tells you how many times the width fits in, and `%` what is left over.",
    ),
    solution_code="""
def place_of(index, *, width):
    return index // width, index % width


nb01.place_of.check(place_of)
""",
    because=(
        "Dividing by the width counts the full rows, and the remainder is the column. (`divmod(index, width)` "
        "gives you both at once.)"
    ),
)


def _examine_cross_entropy(cross_entropy: Callable[..., Any]) -> None:
    for logits, label in (([2.0, 1.0, -1.0], 0), ([-1.0, 2.0, 1.0], 2), ([0.0] * 10, 7), ([-3.0, 0.5], 1)):
        scores = np.array(logits)
        shown = f"[{', '.join(f'{logit:g}' for logit in logits)}]"
        what = f"cross_entropy({shown}, {label})"
        answer = as_float(result_of(cross_entropy, scores, label, what="cross_entropy"), what=what)
        powers = np.exp(scores)
        probabilities = powers / powers.sum()
        right = -np.log(probabilities[label])
        if close(answer, right, atol=1e-6):
            continue
        found = f"{what} gives {answer:.4g}, but it should be {right:.4g}."
        for wrong, why in (
            (-right, "You're one sign away: the logarithm of a number below 1 is negative, so put a minus before it."),
            (probabilities[label], "That's the probability. The loss is minus its logarithm."),
            (-scores[label], "That's minus the logit. First divide the power by the sum of all powers."),
            (-np.log10(probabilities[label]), "That's the logarithm to base 10: use np.log, the natural one."),
            (-np.log2(probabilities[label]), "That's the logarithm to base 2: use np.log, the natural one."),
            (-np.log(probabilities.max()), "That's the loss of the most probable class, not of the label."),
            (-np.log(probabilities[0]), "That's always the loss of class 0. Use the label."),
            (-np.log(probabilities).sum(), "You added up the losses of all classes. Only the label's counts."),
            (-np.log(probabilities).mean(), "You averaged over all classes. Only the label's counts."),
        ):  # fmt: skip
            if close(answer, wrong, atol=1e-6):
                raise WrongAnswer(f"{found} {why}")
        raise WrongAnswer(
            f"{found} Softmax first, then minus the logarithm of the probability at place {label}."
        )


cross_entropy = Exercise(
    name="cross_entropy",
    examine=_examine_cross_entropy,
    hints=(
        "The cell above has all three lines. What changes is that you pick out one probability, the label's.",
        "`powers / powers.sum()` are the probabilities.",
        "`-np.log(probabilities[label])` is the loss.",
    ),
    solution_code="""
def cross_entropy(logits, label):
    powers = np.exp(logits)
    probabilities = powers / powers.sum()
    return -np.log(probabilities[label])


nb01.cross_entropy.check(cross_entropy)
""",
    because=(
        "That's the number every network in this course tries to make small, averaged over a batch of images. "
        "(For a logit of 1,000, `exp` overflows. So in practice you first subtract the largest logit from all of them, "
        "which doesn't change the probabilities.)"
    ),
)


def _examine_parameters(mlp_parameters: Callable[..., Any]) -> None:
    for sizes in ([2, 3], [784, 512, 512, 10], [3072, 256, 10], [5, 4, 3, 2, 2]):
        what = f"mlp_parameters({sizes})"
        answer = as_int(result_of(mlp_parameters, sizes, what="mlp_parameters"), what=what)
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        weights, biases = sum(a * b for a, b in pairs), sum(sizes[1:])
        if answer == weights + biases:
            continue
        found = f"{what} gives {answer:,}, but it should be {weights + biases:,}."
        if answer == weights:
            raise WrongAnswer(f"{found} Those are the weights alone, and every unit has a bias too.")
        if answer == weights + sum(sizes):
            raise WrongAnswer(f"{found} The inputs are just numbers coming in, so they have no bias.")
        if answer == weights + sum(sizes[:-1]):
            raise WrongAnswer(f"{found} A bias belongs to each unit of a layer, not to each of its inputs.")
        if answer == weights + len(pairs):
            raise WrongAnswer(f"{found} That's one bias for each layer, but every unit has its own.")
        if answer == sizes[0] * sizes[1] + sizes[1]:
            raise WrongAnswer(f"{found} That's the first layer alone: add up all {len(pairs)} layers.")
        raise WrongAnswer(found)


mlp_parameters = Exercise(
    name="mlp_parameters",
    examine=_examine_parameters,
    hints=(
        "A layer with `inputs` numbers coming in and `units` units has (inputs + 1) * units parameters.",
        "`zip(sizes[:-1], sizes[1:])` gives the pairs (inputs, units) of the layers, one after another.",
        "Put it inside `sum(... for inputs, units in ...)`.",
    ),
    solution_code="""
def mlp_parameters(sizes):
    return sum((inputs + 1) * units for inputs, units in zip(sizes[:-1], sizes[1:]))


nb01.mlp_parameters.check(mlp_parameters)
""",
    because=(
        "Each unit has one weight for every input and one bias, so a layer has (inputs + 1) × units "
        "parameters."
    ),
)


quiz_1 = Quiz(
    question=(
        "For one image the largest of the ten probabilities is 0.35, and it belongs to the digit 4. What follows?"
    ),
    choices={
        "a": (
            "There's no answer, since no probability reaches 0.5.",
            "The answer is the largest of the ten, however small it is. With ten digits, it can be little more "
            "than 0.1.",
        ),
        "b": (
            "The network answers 4 for 35% of all images.",
            "These ten probabilities belong to one image. Every other image gets its own ten.",
        ),
        "c": (
            "The answer is 4, and the other nine digits share a probability of 0.65.",
            "Yes. The answer alone doesn't show how unsure the network was, but the ten probabilities do.",
        ),
        "d": (
            "The answer is 4, and the accuracy is 0.35.",
            "A single answer is right or wrong. The accuracy is the share of right answers over many images.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question="An MLP does as well on shuffled pixels as on tidy ones. What follows?",
    choices={
        "a": (
            "The MLP ignores where a pixel is.",
            "It has separate weights for every pixel, so it knows exactly which is which. The next section "
            "moves the digits by two pixels, and you'll see how much it minds.",
        ),
        "b": (
            "You could shuffle every image in its own way.",
            "Then entry 300 of the list would mean something else in every image, and the network couldn't "
            "learn much more from it than how much ink there is.",
        ),
        "c": (
            "Neighboring pixels have nothing to do with telling digits apart.",
            "The CNN looks at neighbors together, and on tidy digits it makes fewer mistakes than the MLP.",
        ),
        "d": (
            "With a different shuffle, the same for all images, a new MLP would do about as well.",
            "Yes: a fixed shuffle only renames the inputs, and one set of names is as good as another.",
        ),
    },
    answer="d",
)

quiz_3 = Quiz(
    question=(
        "You feed a convolution (8 filters of 3×3, zeros around the edge) images that are twice as wide and twice "
        "as high. What happens to it?"
    ),
    choices={
        "a": (
            "The parameters stay the same, and the multiplications grow fourfold.",
            "Right: there are four times as many patches, and the same 80 numbers serve them all.",
        ),
        "b": (
            "Both grow fourfold.",
            "A fully connected layer needs a new weight for every new pixel. A filter doesn't, because it keeps its "
            "3×3 weights wherever it is.",
        ),
        "c": (
            "Both stay the same.",
            "The filters stay the same, but they have to visit four times as many patches.",
        ),
        "d": (
            "The parameters grow fourfold, and the multiplications stay the same.",
            "It's the other way round. What does a filter of 3×3 need to know about the image's size?",
        ),
    },
    answer="a",
)
