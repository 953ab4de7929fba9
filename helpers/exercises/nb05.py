"""Exercises and quizzes of notebook 05: VGG and batch normalization."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_array,
    as_int,
    close,
    has_blank,
    result_of,
    worded_shape,
)

# --- VGG-16 as a list ------------------------------------------------------------------------------

VGG_16 = [
    *[64] * 2,
    "max_pool",
    *[128] * 2,
    "max_pool",
    *[256] * 3,
    "max_pool",
    *([512] * 3 + ["max_pool"]) * 2,
]


def _examine_vgg_16(tokens: Any) -> None:
    if has_blank(tokens):
        raise NotAnswered
    if isinstance(tokens, str) or not isinstance(tokens, (list, tuple)):
        raise WrongAnswer(f"`vgg_16` must be a list in square brackets, not {type(tokens).__name__}.")
    for place, token in enumerate(tokens, start=1):
        if isinstance(token, (list, tuple)):
            raise WrongAnswer(
                f"Place {place} is a list of its own; write all numbers and words in one flat list."
            )
        if isinstance(token, str) and token != "max_pool":
            raise WrongAnswer(f'Place {place} is {token!r}; the only word that `build` knows is "max_pool".')
    found = [
        token if isinstance(token, str) else as_int(token, what="A number of filters") for token in tokens
    ]
    if found == VGG_16:
        return
    convolutions, poolings = [token for token in found if token != "max_pool"], found.count("max_pool")
    if found == VGG_16[:-4]:
        raise WrongAnswer("That's the list above, with ten convolutions; VGG-16 has one more group.")
    if convolutions == [64, 128, 256, 512, 512]:
        raise WrongAnswer("Each group appears only once; the table says how many convolutions it has.")
    if poolings != 5:
        raise WrongAnswer(f"Your list has {poolings} poolings, and each of the five groups ends in one.")
    if len(convolutions) != 13:
        raise WrongAnswer(
            f"Your list has {len(convolutions)} convolutions; the table has 2 + 2 + 3 + 3 + 3 = 13."
        )
    if convolutions != [token for token in VGG_16 if token != "max_pool"]:
        raise WrongAnswer("Thirteen convolutions, but their numbers of filters don't match the table.")
    raise WrongAnswer("The convolutions are right, but a pooling isn't where it belongs: after each group.")


vgg_16 = Exercise(
    name="vgg_16",
    examine=_examine_vgg_16,
    hints=(
        'Go through the table row by row: the filters as often as the row says, then "max_pool".',
        'The first two rows give [64, 64, "max_pool", 128, 128, "max_pool"].',
    ),
    solution_code="""
vgg_16 = [64, 64, "max_pool", 128, 128, "max_pool", 256, 256, 256, "max_pool"]
vgg_16 += [512, 512, 512, "max_pool", 512, 512, 512, "max_pool"]
nb05.vgg_16.check(vgg_16)
""",
    because="These 13 convolutions and three dense layers make the 16 in its name.",
)

# --- BatchNorm in NumPy ----------------------------------------------------------------------------


def _examine_batch_norm(function: Any) -> None:
    rng = np.random.default_rng(0)
    for shape in [(8, 4, 4, 3), (5, 2, 3, 4), (2, 1, 2, 1)]:
        channels = shape[-1]
        spread = np.array([0.1, *np.full(channels - 1, 2.0)])
        maps = rng.normal(loc=3 + np.arange(channels), scale=spread, size=shape)
        gamma, beta = rng.uniform(0.5, 2, channels), rng.normal(size=channels)
        got = as_array(
            result_of(function, maps, gamma, beta, what="batch_norm"),
            what=f"For maps of shape {worded_shape(shape)} the result",
            shape=shape,
        )
        if not close(got, _batch_norm(maps, gamma, beta), atol=1e-6):
            _explain_batch_norm(got, maps, gamma, beta)


def _batch_norm(
    maps: np.ndarray, gamma: Any, beta: Any, *, axis: Any = (0, 1, 2), ddof: int = 0, epsilon: float = 1e-3
) -> np.ndarray:
    mean, variance = (
        maps.mean(axis=axis, keepdims=True),
        maps.var(axis=axis, ddof=ddof, keepdims=True),
    )
    return gamma * (maps - mean) / np.sqrt(variance + epsilon) + beta


def _explain_batch_norm(got: np.ndarray, maps: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> None:
    axes = (0, 1, 2)
    centered, variance = maps - maps.mean(axis=axes), maps.var(axis=axes)
    with np.errstate(all="ignore"):
        likely = (
            (
                gamma * centered / (variance + 1e-3) + beta,
                "You divide by the variance; take its square root.",
            ),
            (
                centered / np.sqrt(variance + 1e-3),
                "Scale and shift are missing: multiply by gamma, add beta.",
            ),
            (gamma * centered / np.sqrt(variance + 1e-3), "The shift is missing: add beta."),
            (_batch_norm(maps, gamma, beta, epsilon=0), "Epsilon is missing: add it to the variance."),
            (
                gamma * centered / (np.sqrt(variance) + 1e-3) + beta,
                "Epsilon belongs under the square root: sqrt(variance + epsilon).",
            ),
            (gamma * maps / np.sqrt(variance + 1e-3) + beta, "You didn't subtract the mean."),
            (gamma * centered + beta, "You didn't divide by the standard deviation."),
            (
                _batch_norm(maps, gamma, beta, axis=None),
                "That's one mean for everything, but each channel needs its own: axis=(0, 1, 2).",
            ),
            (
                _batch_norm(maps, gamma, beta, axis=0),
                "That's a mean for each place, but a channel's places share one: axis=(0, 1, 2).",
            ),
            (
                _batch_norm(maps, gamma, beta, axis=(1, 2)),
                "That's a mean for each image, but BatchNorm takes it over the batch too: axis=(0, 1, 2).",
            ),
            (
                _batch_norm(maps, gamma, beta, axis=-1),
                "That's a mean over the channels, and each channel needs its own: axis=(0, 1, 2).",
            ),
            (
                _batch_norm(maps, gamma, beta, ddof=1),
                "Your variance divides by n - 1; BatchNorm divides by n, as NumPy does by default.",
            ),
        )
    for value, message in likely:
        if close(got, value, atol=1e-6):
            raise WrongAnswer(message)
    raise WrongAnswer(
        "The shape is right, but the values aren't: compare with the steps for four numbers above."
    )


batch_norm = Exercise(
    name="batch_norm",
    examine=_examine_batch_norm,
    hints=(
        "maps.mean(axis=(0, 1, 2)) gives one mean for each channel; the variance, maps.var, works the same way.",
        "Return gamma * (maps - mean) / np.sqrt(variance + epsilon) + beta.",
    ),
    solution_code="""
def batch_norm(maps, gamma, beta, epsilon=0.001):
    mean, variance = maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
    return gamma * (maps - mean) / np.sqrt(variance + epsilon) + beta


nb05.batch_norm.check(batch_norm)
""",
    because="One mean and one standard deviation for each channel, over all images and places; then scale and shift.",
)

# --- what BatchNorm adds ---------------------------------------------------------------------------


def _examine_bn_parameters(added: Any, trained: Any) -> None:
    added, trained = as_int(added, what="`added`"), as_int(trained, what="`trained`")
    advice = {
        2_688: "2,688 is the number of channels, and each of them gets four numbers",
        5_376: "that's two numbers for each channel, but the two moving averages count as parameters too",
        4
        * 960: "you took each group's number of channels once, but the groups have two or three convolutions",
        40: "it's four numbers for each *channel*, not for each layer",
        4 * (2_688 + 10): "the dense layer has no BatchNorm",
    }
    if added != 10_752:
        why = advice.get(added, "add up the channels of all ten convolutions first")
        raise WrongAnswer(f"`added` is not {added:,}: {why}.")
    if trained != 5_376:
        text = {
            10_752: "the moving averages are updated, but training doesn't learn them",
            2_688: "each channel learns a scale *and* a shift",
        }
        why = text.get(trained, "two of each channel's four numbers are learned")
        raise WrongAnswer(f"`added` is right, but `trained` is not {trained:,}: {why}.")


bn_parameters = Exercise(
    name="bn_parameters",
    examine=_examine_bn_parameters,
    hints=(
        "How many channels do the ten convolutions have in all?",
        "2 × 64 + 2 × 128 + 3 × 256 + 3 × 512 channels, four numbers each; two of the four are learned.",
    ),
    solution_code="""
added = 4 * (2 * 64 + 2 * 128 + 3 * 256 + 3 * 512)
trained = added // 2
nb05.bn_parameters.check(added, trained)
""",
    because="2,688 channels with four numbers each, and half of those are learned.",
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="Stack *three* 3×3 convolutions. How much of the image does one value of the third layer see?",
    choices={
        "a": (
            "3×3 pixels",
            "That's what a value of the first layer sees; the others look at its neighbors, too.",
        ),
        "b": (
            "7×7 pixels",
            "Each layer reaches one pixel farther on every side: 3, then 5, then 7. And 3 × 9 = 27 weights do the "
            "work of 49.",
        ),
        "c": ("9×9 pixels", "Only if the patches didn't overlap. Each layer adds one pixel on every side."),
        "d": (
            "27×27 pixels",
            "27 is the number of weights, 3 × 9. What a value sees grows by two pixels a layer.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="With *100* classes and no idea, a network gives each of them a probability of 1/100. What's its loss?",
    choices={
        "a": ("0.01", "That's the probability of the right class; the loss is minus its logarithm."),
        "b": ("2.303", "That's ln 10, for ten classes. Here the right class gets only 1/100."),
        "c": ("4.605", "−ln(1/100) = ln 100 = 4.605, twice ln 10, because 100 is 10 squared."),
        "d": (
            "23.03",
            "The loss grows with the logarithm of the number of classes, not with the number itself.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question="A trained network with BatchNorm predicts an image twice: once alone, once together with 99 others. "
    "Do its two answers for this image differ?",
    choices={
        "a": (
            "Yes: the batch has another mean",
            "They would in training. `predict` uses the moving averages instead.",
        ),
        "b": (
            "Only if the 99 belong to other classes",
            "Whatever they are, they don't matter: in `predict` the moving averages stay fixed.",
        ),
        "c": (
            "No (except for rounding)",
            "In `predict`, mean and standard deviation are the stored moving averages, whoever else is in the batch.",
        ),
    },
    answer="c",
)

quiz_4 = Quiz(
    question="Multiply all weights and biases of one convolution by 10. In training, what happens to the output of "
    "the BatchNorm right after it?",
    choices={
        "a": (
            "It stays practically the same",
            "Mean and standard deviation grow tenfold as well, so subtracting and dividing cancel the 10.",
        ),
        "b": (
            "It becomes ten times as large",
            "The pre-activations do, but so does their standard deviation, and BatchNorm divides by it.",
        ),
        "c": (
            "It becomes 0",
            "BatchNorm makes the *mean* 0, not the values; a factor changes neither their order nor their spread "
            "in standard deviations.",
        ),
    },
    answer="a",
)
