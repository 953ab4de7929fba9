"""Exercises and quizzes of notebook 05c: what kills a deep network in its first steps."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    close,
    refuse_mistakes,
    result_of,
)

# --- common share ----------------------------------------------------------------------------------


def _examine_share(function: Any) -> None:
    rng = np.random.default_rng(7)
    for shape in ((4, 6), (8, 3, 3, 5), (5, 2, 2, 1)):
        values = np.maximum(rng.normal(loc=0.7, size=shape), 0)
        found = as_array(result_of(function, values, what="share_in_common"), what="share_in_common's result")
        if found.size != 1:
            raise WrongAnswer(
                f"The share is one number for the whole layer, and yours holds {found.size}. After the mean over the "
                "images, take the mean over everything that is left."
            )
        found = found.reshape(())
        common = values.mean(axis=0)
        power, shared = np.mean(values**2), np.mean(common**2)
        if close(found, shared / power):
            continue
        others = tuple(range(1, values.ndim))
        mistakes = (
            (power / shared, "the fraction stands on its head: what is common goes on top"),
            (1 - shared / power, "that is what the images do *not* have in common"),
            (shared, "that is the power of the common part; divide it by the power of everything"),
            (np.sum(common**2) / np.sum(values**2), (
                "you compare sums, and the common part has fewer numbers in it than all images together. "
                "Take means"
            )),
            (common.mean() / values.mean(), "that is always 1. Square the numbers first: power is the mean of squares"),
            (np.sqrt(shared / power), "power is a mean of squares, so no root is needed"),
            (values.mean() ** 2 / power, (
                "you take one mean over everything and square it. What all images have in common is different at every "
                "place, so take the mean over the images only (axis=0), square it, and then take the mean"
            )),
            (np.mean(values.mean(axis=others) ** 2) / power, (
                "you take the mean within each image. The images are axis 0, and the mean goes over them"
            )),
            (np.mean(values.mean(axis=-1) ** 2) / power, "the images are axis 0, and yours is the last axis"),
        )  # fmt: skip
        refuse_mistakes(found, mistakes, lead="Not yet")
        raise WrongAnswer(f"For one layer the share is {shared / power:.3f}, and yours is {found:.3f}.")


share_in_common = Exercise(
    name="share_in_common",
    examine=_examine_share,
    hints=(
        "The images are axis 0, so `activations.mean(axis=0)` is what they have in common, place by place.",
        "The power of an array is `np.mean(array**2)`. Divide the power of `common` by that of `activations`.",
    ),
    solution_code="""
def share_in_common(activations):
    common = activations.mean(axis=0)
    return np.mean(common**2) / np.mean(activations**2)


nb05c.share_in_common.check(share_in_common)
""",
    because="It's 1 when all images look the same to the layer, and near 0 when they share nothing.",
)

# --- update-to-data ratio --------------------------------------------------------------------------


def _examine_update_ratio(function: Any) -> None:
    rng = np.random.default_rng(8)
    for shape in ((3, 3, 2, 4), (6, 5), (7,)):
        before = rng.normal(size=shape)
        after = before + 0.1 * rng.normal(size=shape) + 0.05
        found = as_float(
            result_of(function, before, after, what="update_ratio"), what="update_ratio's result"
        )
        change, size = np.linalg.norm(after - before), np.linalg.norm(before)
        if close(np.asarray(found), change / size):
            continue
        mistakes = (
            (size / change, "the fraction stands on its head: how far the weights moved goes on top"),
            (change, "that is how far the weights moved; divide it by how large they were"),
            (change / np.linalg.norm(after), "divide by the weights as they were *before* the step"),
            ((np.linalg.norm(after) - size) / size, (
                "you subtract the two lengths. The weights can move without getting longer, so subtract first, and "
                "then take the length"
            )),
            (np.linalg.norm(after) / size, "that compares the two lengths. How long is the *difference*"),
            ((change / size) ** 2, "a length is the root of the sum of squares: np.linalg.norm"),
            (np.mean(np.abs((after - before) / before)), (
                "you compare weight by weight, and a weight near 0 spoils such a mean. Compare the lengths of the two "
                "arrays"
            )),
            (np.mean(np.abs(after - before)) / np.mean(np.abs(before)), (
                "that is the mean size, and here we want lengths: np.linalg.norm"
            )),
            (np.sum(after - before) / np.sum(before), "plus and minus cancel in such a sum: take np.linalg.norm"),
            (np.mean(after - before) / np.mean(before), "plus and minus cancel in a mean: take np.linalg.norm"),
        )  # fmt: skip
        refuse_mistakes(np.asarray(found), mistakes, lead="Not yet")
        raise WrongAnswer(
            f"For one pair of arrays the ratio is {change / size:.4f}, and yours is {found:.4f}."
        )


update_ratio = Exercise(
    name="update_ratio",
    examine=_examine_update_ratio,
    hints=(
        "`np.linalg.norm(array)` is the length of an array: the root of the sum of its squares.",
        "How far did the weights move? The length of `after - before`. How large were they? The length of `before`.",
    ),
    solution_code="""
def update_ratio(before, after):
    return np.linalg.norm(after - before) / np.linalg.norm(before)


nb05c.update_ratio.check(update_ratio)
""",
    because="A ratio has no unit, so you can compare layers, and networks, whatever the size of their weights.",
)

# --- He's standard deviation -----------------------------------------------------------------------


def _examine_he_std(function: Any) -> None:
    for shape in ((3, 3, 256, 384), (3, 3, 3, 64), (5, 5, 16, 16)):
        found = as_float(result_of(function, shape, what="he_std"), what="he_std's result")
        height, width, channels, filters = shape
        inputs, outputs = height * width * channels, height * width * filters
        if close(np.asarray(found), np.sqrt(2 / inputs), atol=1e-6):
            continue
        mistakes = (
            (2 / inputs, "that is the variance, and the standard deviation is its root"),
            (np.sqrt(1 / inputs), "without ReLU that would be enough. ReLU cuts away half of the power, so double it"),
            (np.sqrt(2 / outputs), "count the numbers that go *into* a sum: height · width · channels"),
            (np.sqrt(2 / (inputs + outputs)), "that is Glorot's. He's doesn't ask how many filters there are"),
            (np.sqrt(2 / channels), "a sum reads a whole patch, so every channel counts height · width times"),
            (np.sqrt(2 / (height * width)), "a sum reads all channels of the patch, so multiply by them, too"),
            (np.sqrt(6 / inputs), (
                "that is the limit of the uniform distribution, and its standard deviation is √3 times smaller"
            )),
            (np.sqrt(2 / np.prod(shape)), "you count all weights; one sum uses those of a single filter"),
            (np.sqrt(2) / inputs, "the root goes over the whole fraction"),
            (np.sqrt(inputs / 2), "the more inputs, the smaller the weights: the fraction stands on its head"),
        )  # fmt: skip
        refuse_mistakes(np.asarray(found), mistakes, lead="Not yet")
        raise WrongAnswer(
            f"For a kernel of shape {shape}, each sum has {inputs:,} inputs, and the answer is "
            f"{np.sqrt(2 / inputs):.4f}, not {found:.4f}."
        )


he_std = Exercise(
    name="he_std",
    examine=_examine_he_std,
    hints=(
        "How many numbers does a filter add up at one place? All those of the patch, in all channels.",
        "With n inputs the standard deviation is the root of 2 / n; here n = height * width * channels.",
    ),
    solution_code="""
def he_std(kernel_shape):
    height, width, channels, filters = kernel_shape
    return np.sqrt(2 / (height * width * channels))


nb05c.he_std.check(he_std)
""",
    because="A sum of n products has n times the power of one, and the 2 makes up for what ReLU cuts away.",
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="You multiply the loss by 1,000 and train with Adam. What happens to its steps?",
    choices={
        "a": (
            "Next to nothing",
            "Gradient and recent size both grow by 1,000, so the factor cancels. The learning rate sets the step. "
            "(Only gradients so tiny that Adam's ε had outweighed them now make larger steps.)",
        ),
        "b": (
            "They get 1,000 times as large",
            "With plain gradient descent they would. Adam divides each gradient by its own recent size.",
        ),
        "c": (
            "They get smaller, because Adam slows down on steep ground",
            "It divides by the recent size of the gradient, but that gradient has grown just as much.",
        ),
    },
    answer="a",
)

quiz_2 = Quiz(
    question="All channels of layer 9 are 0 for every image. Which weights can still learn?",
    choices={
        "a": (
            "Those of layers 1 to 8",
            "Their gradient would have to come back through layer 9, and every ReLU there is shut.",
        ),
        "b": (
            "All of them, only more slowly",
            "A gradient of exactly 0 isn't a slow one. Nothing moves.",
        ),
        "c": (
            "At best some above layer 9, and no image can be told from another",
            "Layer 9 sends the same zeros for every image, so the layers above can only learn one answer for all.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question=(
        "A colleague subtracts the mean image, trains the full-width network with three seeds, and all three learn. "
        "*Problem solved*, says the report. What do our runs say?"
    ),
    choices={
        "a": (
            "The report is right: three of three can't be luck",
            "With this change 4 of our 8 seeds learned. Three in a row then happens about once in eight.",
        ),
        "b": (
            "It may well be luck, so try more seeds, with and without the change",
            "4 of our 8 seeds learned. If every second seed learns, three in a row happens once in eight.",
        ),
        "c": (
            "The report is wrong: the mean image makes no difference at all",
            "4 of 8 against 1 of 10 is some evidence that it helps. It just doesn't help reliably.",
        ),
    },
    answer="b",
)

quiz_4 = Quiz(
    question=(
        "Suppose that the inputs of every layer change little from step to step in a network with BatchNorm, and it "
        "learns. Does it learn *because* they change little?"
    ),
    choices={
        "a": (
            "Yes, we see both at once",
            "BatchNorm may cause both, without one causing the other.",
        ),
        "b": (
            "No, that idea has been refuted",
            "It hasn't been tested here at all. A dead network changes little, too, but for other reasons.",
        ),
        "c": (
            "You can't tell without changing one and leaving the other alone",
            "That's what Santurkar and others did in 2018: they made the inputs jump about *with* BatchNorm.",
        ),
    },
    answer="c",
)
