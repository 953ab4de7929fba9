"""Exercises and quizzes of notebook 04b, A faster recipe."""

import math
from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_float,
    check_bug_lines,
    close,
    is_unfinished,
    refuse_mistakes,
    result_of,
)

# --- a schedule ------------------------------------------------------------------------------------


def _right_share(progress: float) -> float:
    if progress < 0.1:
        return progress / 0.1
    return (1 + math.cos(math.pi * (progress - 0.1) / 0.9)) / 2


def _examine_schedule(function: Any) -> None:
    for progress in (0.0, 0.05, 0.1, 0.325, 0.55, 0.775, 1.0):
        found = as_float(result_of(function, progress, what="schedule"), what="schedule's result")
        right = _right_share(progress)
        if close(found, right):
            continue
        lead = f"schedule({progress}) must be {right:.3g}, and yours is {found:.3g}"
        rest = (progress - 0.1) / 0.9
        mistakes: tuple = (
            (progress, "at 0.1 the full rate must be reached, so the rise is ten times as steep"),
            (0.1 * progress, "at 0.1 the full rate must be reached: divide by 0.1"),
        )
        if progress >= 0.1:
            mistakes = (
                (
                    (1 + math.cos(math.pi * progress)) / 2,
                    "the fall begins at 0.1, so stretch what is left, from 0.1 to 1, to go from 0 to 1",
                ),
                ((1 + math.cos(math.pi * (progress - 0.1))) / 2, "divide by 0.9, or it never gets down to 0"),
                (math.cos(math.pi * rest), "a cosine goes from 1 to -1: add 1, then halve"),
                (1 + math.cos(math.pi * rest), "that goes from 2 to 0: halve it"),
                (math.cos(math.pi / 2 * rest), "that's a quarter of a wave: it needs half a wave, with π"),
                (1 - rest, "that's a straight line down: take half a cosine wave"),
                ((1 + math.cos(rest)) / 2, "half a wave is π long"),
            )
        refuse_mistakes(found, mistakes, lead=lead)
        raise WrongAnswer(f"{lead}.")


schedule = Exercise(
    name="schedule",
    examine=_examine_schedule,
    hints=(
        "The rise: it's 0 at progress 0 and 1 at progress 0.1, in a straight line. "
        "The fall: how far along is it, from 0 to 1, when progress goes from 0.1 to 1?",
        "The rise is progress / 0.1. For the fall, t = (progress - 0.1) / 0.9, and cos(π t) goes from 1 to -1.",
    ),
    solution_code="""
def my_schedule(progress):
    if progress < 0.1:
        return progress / 0.1
    return (1 + np.cos(np.pi * (progress - 0.1) / 0.9)) / 2


nb04b.schedule.check(my_schedule)
""",
    because="It rises to the full rate in the first tenth of the steps, and glides back to 0 in the rest.",
)

# --- averages measured anew ------------------------------------------------------------------------


def _examine_measure_anew(function: Any) -> None:
    if callable(function) and is_unfinished(function):
        raise NotAnswered  # before TensorFlow is loaded
    from helpers.notebook.quiet_keras import keras, layers

    inputs = keras.Input((4,))
    norm = layers.BatchNormalization()
    network = keras.Model(inputs, layers.Dense(2)(norm(layers.Dense(3, use_bias=False)(inputs))))
    network.compile(keras.optimizers.SGD(0.1), "mse")
    images = np.random.default_rng(0).normal(5, 2, size=(800, 4)).astype("float32")
    images[:200] += 20  # a first batch unlike the others, so that its weight can be told
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in network.trainable_weights]
    parts = keras.ops.convert_to_numpy(network.layers[1](images)).reshape(4, 200, 3)
    means, variances = parts.mean(axis=1), parts.var(axis=1)
    norm.moving_mean.assign(np.full(3, 100.0))
    result_of(_returning(function), network, images, what="measure_anew", copies=False)
    for old, new in zip(before, network.trainable_weights, strict=True):
        if not np.array_equal(old, keras.ops.convert_to_numpy(new)):
            raise WrongAnswer(
                "The weights have changed: let the batch pass with training=True, but don't fit."
            )
    found = keras.ops.convert_to_numpy(norm.moving_mean)
    if np.allclose(found, means.mean(axis=0), rtol=1e-3):
        if not np.allclose(
            keras.ops.convert_to_numpy(norm.moving_variance), variances.mean(axis=0), rtol=1e-3
        ):
            raise WrongAnswer("The mean is right, but the variance isn't the plain mean of the batches' own.")
        return
    mistakes = (
        (
            np.full(3, 100.0),
            "The averages haven't moved: they only do in training mode, network(batch, training=True)",
        ),
        (
            _moved(means, lambda k: 0.99),
            "With a momentum of 0.99, nearly all of the old average is still there",
        ),
        (
            _moved(means, lambda k: 0.9),
            "With a momentum of 0.9, a good part of the old average is still there",
        ),
        (
            _moved(means, lambda k: 1 / k),
            "That's the wrong way around: momentum is what the *old* average keeps, and the first batch must "
            "replace it altogether",
        ),
        (means[-1], "Only the last batch counts: with a momentum of 0, each batch wipes out the ones before"),
        (_moved(means, lambda k: 0 if k == 1 else 0.5), "After three batches, each must count a third"),
        (
            _moved(means, lambda k: 1 - 1 / (k + 1)),
            "The old average counts as if it were a batch. The first batch must replace it: which momentum does that?",
        ),
    )
    for wrong, why in mistakes:
        if np.allclose(found, wrong, rtol=1e-3):
            raise WrongAnswer(f"{why}.")
    raise WrongAnswer(
        "The moving mean isn't the plain mean of the batches' means. With batch number k, what share must the "
        "old average keep?"
    )


def _returning(function: Any) -> Any:
    """The same function; what it gives back doesn't matter, and it may give back nothing."""
    if not callable(function):
        return function
    return lambda *given: function(*given) is None or True


def _moved(means: np.ndarray, momentum: Any) -> np.ndarray:
    """A moving average that starts at 100, after all batches."""
    average = np.full(3, 100.0)
    for number, mean in enumerate(means, start=1):
        average = momentum(number) * average + (1 - momentum(number)) * mean
    return average


measure_anew = Exercise(
    name="measure_anew",
    examine=_examine_measure_anew,
    hints=(
        "The first batch must wipe out what was there, so momentum 0. After the second, each of the two counts half, "
        "so the old average keeps 1/2. After the third it keeps 2/3. And with batch number k?",
        "norm.momentum = 1 - 1 / number, and then network(batch, training=True), which trains nothing: it only lets "
        "the batch pass as it does in training.",
    ),
    solution_code="""
def my_measure_anew(network, images):
    norms = [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    for number in range(1, len(images) // 200 + 1):
        batch = images[200 * (number - 1) : 200 * number]
        for norm in norms:
            norm.momentum = 1 - 1 / number
        network(batch, training=True)


nb04b.measure_anew.check(my_measure_anew)
""",
    because="Now each batch counts the same, and what the averages were before counts nothing.",
)

# --- memory ----------------------------------------------------------------------------------------


def _examine_megabytes(function: Any) -> None:
    for images, side, channels, each in ((50_000, 32, 3, 8), (1_000, 28, 1, 1), (20, 224, 3, 4)):
        arguments = (images, side, channels, each)
        found = as_float(result_of(function, *arguments, what="megabytes"), what="megabytes' result")
        size = images * side * side * channels * each
        if close(found, size / 1e6):
            continue
        asked = (
            f"megabytes({images}, {side}, {channels}, {each}) must be {size / 1e6:g}, and yours is {found:g}"
        )
        mistakes = (
            (size, "these are bytes: divide by 1,000,000"),
            (size / 1e9, "these are gigabytes: divide by 1,000,000"),
            (size / 2**20, "a megabyte is 1,000,000 bytes here, not 1024 × 1024"),
            (size / 1e6 / side, "a square image has side × side pixels"),
            (size / 1e6 / channels, "each pixel has one number for each channel"),
            (size / 1e6 / each, "each number takes bytes_each bytes"),
            (size / 1e6 / images, "that's one image; count all of them"),
        )
        refuse_mistakes(found, mistakes, lead=asked)
        raise WrongAnswer(f"{asked}. Multiply images, pixels, channels, and bytes.")


megabytes = Exercise(
    name="megabytes",
    examine=_examine_megabytes,
    hints=(
        "How many numbers does one image hold? side × side pixels, each with `channels` numbers.",
        "Numbers times bytes_each are bytes; divide by 1e6 at the end.",
    ),
    solution_code="""
def megabytes(images, side, channels, bytes_each):
    return images * side * side * channels * bytes_each / 1e6


nb04b.megabytes.check(megabytes)
""",
    because=(
        "CIFAR-10's 50,000 training images take 154 MB as uint8 and 1,229 MB as float64: eight times as much, and not "
        "one bit more in them."
    ),
)

# --- find the bugs ---------------------------------------------------------------------------------

_FINE = {
    1: "line 1 is fine: load_data returns two pairs, and the labels are integers",
    4: "line 4 is fine: what line 3 took for validation is cut off the training set",
    6: "line 6 is fine: filters, kernel size, padding, and activation are all known to Keras",
    7: "line 7 is fine: it halves height and width",
    9: "line 9 is fine: a Functional model needs its inputs and outputs",
    11: "line 11 is fine: save_best_only=True keeps the best epoch; ask who decides what is best",
}
_CLUES = {
    2: "of what type are the numbers after a plain division, and how many bytes do they take?",
    3: "compare every name with the ones defined above, letter by letter",
    5: "what is the argument of keras.Input called?",
    8: "the loss expects probabilities: which activation makes them?",
    10: "what form do the labels have, and which loss goes with it?",
    12: "which images choose the epoch that is kept?",
}


def _examine_bug_lines(answer: Any) -> None:
    check_bug_lines(answer, fine=_FINE, clues=_CLUES, example="[4, 9]")


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "Two are spelling mistakes, one wastes memory, two don't fit the labels and the loss, and one breaks a rule "
        "of fair judging.",
        "Ask of each line: does every name exist? What type and form has each array? Who chooses the epoch?",
    ),
    solution_code="""
bug_lines = [2, 3, 5, 8, 10, 12]
nb04b.bug_lines.check(bug_lines)
""",
    because=(
        "Line 2 makes float64, eight times the memory (use Rescaling); line 3 says X_train for x_train; line 5 "
        'needs shape=; line 8 lacks activation="softmax"; line 10 needs the sparse loss for integer labels; and in '
        "line 12 the test set chooses what is kept. (A list runs there, too; a tuple is usual.)"
    ),
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="1,200 images, 4 epochs, batches of 100. How many steps is that?",
    choices={
        "a": ("12", "That's one epoch: 1,200 / 100. There are four."),
        "b": ("48", "12 batches in an epoch, one step each, and four epochs."),
        "c": ("400", "That's 4 × 100. How many batches do 1,200 images make?"),
        "d": ("4,800", "That's how many images pass by. The weights change once for each *batch*."),
    },
    answer="b",
)

quiz_2 = Quiz(
    question=(
        "A friend adds BatchNorm, and trains for 50 steps. The training loss is lower than ever, but the validation "
        "accuracy is close to guessing. What would you check first?"
    ),
    choices={
        "a": (
            "Whether it overfits: more dropout might help",
            "Possible, but 50 steps are hardly enough to learn anything by heart, and there's a quicker test.",
        ),
        "b": (
            "Whether the learning rate is too large",
            "The training loss says that the steps are fine: it's low.",
        ),
        "c": (
            "Whether the averages are to blame: ask it about its training images the same way, and measure them again",
            "If it fails on the very images it has just learned from, its weights can't be the reason.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question=(
        'The same 3×3 convolution, with `padding="same"`, runs on a 32×32 map, then on a 16×16 map. '
        "What is different?"
    ),
    choices={
        "a": (
            "It computes a quarter as many values, with the same weights",
            "256 places instead of 1,024, so a quarter of the multiply-adds. The seconds may tell another story.",
        ),
        "b": (
            "It has a quarter of the weights on the small map",
            "A filter's weights depend on its size and its channels, not on the map.",
        ),
        "c": (
            "Nothing: the layer is the same",
            "Its weights are, but each filter is applied at every place, and there are fewer places.",
        ),
    },
    answer="a",
)
