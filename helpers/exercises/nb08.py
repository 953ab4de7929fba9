"""Exercises and quizzes of notebook 08, augmentation."""

import functools
from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_factor,
    close,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- the layers' numbers ----------------------------------------------------------------------------


def _examine_factors(rotation: Any, shift: Any, zoom: Any) -> None:
    turned = as_factor(rotation, what="rotation_factor")
    if not close(np.asarray(turned), 15 / 360, atol=1e-3):
        mistakes = (
            (15, "15 would be fifteen full turns; divide the degrees by those of one turn"),
            (15 / 180, "a full turn has 360 degrees, not 180"),
            (
                30 / 360,
                "15 degrees each way is one factor of 15 degrees; the layer adds the other side itself",
            ),
            (0.15, "it isn't a percentage; a full turn has 360 degrees"),
            (np.deg2rad(15), "these are radians; divide the degrees by 360"),
        )
        refuse_mistakes(np.asarray(turned), mistakes, lead="rotation_factor is a share of a full turn")
        raise WrongAnswer(f"rotation_factor: what share of 360 degrees are 15? It isn't {turned:g}.")
    moved = as_factor(shift, what="shift_factor")
    if not close(np.asarray(moved), 2 / 28, atol=2e-3):
        mistakes = (
            (2, "2 would be twice the whole image; divide the pixels by the 28 of the image"),
            (4 / 28, "2 pixels each way is one factor of 2 pixels; the layer adds the other side itself"),
            (0.02, "it isn't a percentage; the image is 28 pixels wide, not 100"),
            (2 / 224, "the photographs are 224 pixels wide, but a digit is 28"),
        )
        refuse_mistakes(np.asarray(moved), mistakes, lead="shift_factor is a share of the image's side")
        raise WrongAnswer(f"shift_factor: what share of 28 pixels are 2? It isn't {moved:g}.")
    zoomed = as_array(zoom, what="zoom_factor")
    if zoomed.size != 2:
        raise WrongAnswer("zoom_factor needs two numbers, because here it reaches in one direction only.")
    low, high = sorted(zoomed.ravel())
    if not close(np.array([low, high]), (-0.5, 0.0), atol=1e-3):
        lead = "zoom_factor"
        mistakes = (
            ((0.0, 0.5), "positive numbers make things smaller; to come closer they have to be negative"),
            ((0.0, 1.0), "positive numbers make things smaller; to come closer they have to be negative"),
            ((-1.0, 0.0), "-1 would show nothing of the side; twice as large means that half of it is left"),
            ((0.5, 1.0), "the layer counts from 0 for no change, not from 1"),
            ((1.0, 2.0), "the layer counts from 0 for no change, not from 1, and negative is closer"),
            (
                (-2.0, 0.0),
                "it isn't how often things are enlarged, but what is taken away from the side shown",
            ),
            ((-0.5, 0.5), "this makes things smaller, too; one end should be no change"),
        )
        refuse_mistakes(np.array([low, high]), mistakes, lead=lead)
        raise WrongAnswer(
            f"{lead}: it goes from {low:g} to {high:g}. One end is no change; at the other, half of the side is left."
        )


factors = Exercise(
    name="factors",
    examine=_examine_factors,
    hints=(
        "The layers count in shares: a turn is a share of 360 degrees, a shift a share of the image's side.",
        "For the zoom, 0 is no change, and -0.25 shows a quarter less of the side, so things look larger.",
    ),
    solution_code="""
rotation_factor = 15 / 360
shift_factor = 2 / 28
zoom_factor = (-0.5, 0)  # from where to where
nb08.factors.check(rotation_factor, shift_factor, zoom_factor)
""",
    because="Shares suit images of any size. With half of the side left, everything looks twice as large.",
)

# --- a layer of one's own -----------------------------------------------------------------------------

COUNT, MOST = 150, 2


def _places(found: np.ndarray, padded: np.ndarray, height: int, width: int) -> tuple[int, int] | None:
    """Where `found` was cut out of `padded`, as (row, column); None if nowhere."""
    for row in range(padded.shape[0] - height + 1):
        for column in range(padded.shape[1] - width + 1):
            if np.array_equal(found, padded[row : row + height, column : column + width]):
                return row, column
    return None


def _examine_random_shift(function: Any) -> None:
    rng = np.random.default_rng(8)
    images = rng.integers(1, 256, (COUNT, 7, 9), dtype=np.uint8)
    result = result_of(function, images, MOST, np.random.default_rng(5), what="random_shift")
    shifted = as_array(result, what="What random_shift returns")
    if shifted.shape != images.shape:
        raise WrongAnswer(
            f"{COUNT} images of 7×9 come in, so {worded_shape(images.shape)} should come out, and yours is "
            f"{worded_shape(shifted.shape)}. How many rows and columns do you cut out?"
        )
    padded = np.pad(images, ((0, 0), (MOST, MOST), (MOST, MOST)))
    places = [_places(one, whole, 7, 9) for one, whole in zip(shifted, padded, strict=True)]
    if None in places:
        number = places.index(None)
        others = [k for k in range(COUNT) if k != number and _places(shifted[number], padded[k], 7, 9)]
        if others:
            raise WrongAnswer(f"Image {number} came out as a piece of image {others[0]}. Use padded[number].")
        raise WrongAnswer(
            f"Image {number} isn't a piece of 7×9 pixels of its padded image. It goes from row to row + 7, and from "
            "column to column + 9."
        )
    rows, columns = np.array(places).T
    if (rows == rows[0]).all() and (columns == columns[0]).all():
        what = "No image has moved" if (rows[0], columns[0]) == (MOST, MOST) else "All images moved alike"
        raise WrongAnswer(f"{what}. Draw a new row and column for each image, inside the loop.")
    if (rows == columns).all():
        raise WrongAnswer(
            "Row and column are always equal, so images move along one diagonal. Draw two numbers."
        )
    for name, drawn in (("row", rows), ("column", columns)):
        if len(set(drawn)) == 1:
            raise WrongAnswer(f"The {name} is always {drawn[0]}. It should be random, too.")
        if drawn.max() < 2 * MOST or drawn.min() > 0:
            raise WrongAnswer(
                f"With most = {MOST} the {name} should go from 0 to {2 * MOST}, and yours goes from {drawn.min()} to "
                f"{drawn.max()}. (rng.integers leaves its upper end out.)"
            )


random_shift = Exercise(
    name="random_shift",
    examine=_examine_random_shift,
    hints=(
        "rng.integers(0, n, size=2) draws two whole numbers from 0 to n - 1.",
        "Cut a piece as large as the image out of padded[number]: rows from row to row + height, columns likewise.",
    ),
    solution_code="""
def random_shift(images, most, rng):
    height, width = images.shape[1:]
    padded = np.pad(images, ((0, 0), (most, most), (most, most)))  # a black frame around each image
    shifted = np.empty_like(images)
    for number in range(len(images)):
        row, column = rng.integers(0, 2 * most + 1, size=2)
        shifted[number] = padded[number, row : row + height, column : column + width]
    return shifted


nb08.random_shift.check(random_shift)
""",
    because="Many networks for CIFAR-10 are trained with just this kind of framing and cutting.",
)

# --- ask several times --------------------------------------------------------------------------------


def _examine_ask_often(function: Any) -> None:
    for times in (4, 7):
        rng = np.random.default_rng(times)
        answers = rng.dirichlet(np.ones(3), size=(times, 5))  # times × 5 images × 3 classes
        images = rng.uniform(1, 255, (5, 4, 4, 1))
        asked, used = [], []

        def change(given: Any, number: int, used: list = used) -> np.ndarray:
            used.append(number)
            return np.array(given) * 0 - number - 1

        def predict(given: Any, asked: list = asked, answers: np.ndarray = answers) -> np.ndarray:
            asked.append(np.array(given))
            return answers[(len(asked) - 1) % len(answers)].copy()

        changes = [functools.partial(change, number=number) for number in range(times)]
        result = result_of(function, predict, images, changes, what="ask_often")
        found = as_array(result, what="What ask_often returns")
        case = f"For 5 images, 3 classes and {times} changes"
        if not used:
            raise WrongAnswer(f"{case} none of the changes was used. Each of them is a function: call it.")
        if len(set(used)) < times:
            raise WrongAnswer(
                f"{case} only {len(set(used))} of the changes were used. Go through all of them."
            )
        if len(asked) == 1:
            raise WrongAnswer(
                f"{case} predict was called only once. Don't average the images, which would blur them: ask about each "
                "version, and average the answers."
            )
        if any(one.shape == images.shape and np.allclose(one, images) for one in asked):
            raise WrongAnswer(f"{case} predict was asked about the unchanged images. Give it change(images).")
        if len(asked) != times:
            raise WrongAnswer(
                f"{case} predict should be called {times} times, and yours calls it {len(asked)}."
            )
        right = answers.mean(axis=0)
        if found.shape == right.shape and close(found, right, atol=1e-4):
            continue
        mistakes = (
            (answers, "these are the answers one by one; take their mean over the versions, axis=0"),
            (answers.sum(axis=0), "these are sums, and probabilities should add up to 1: take the mean"),
            (
                answers.mean(axis=(0, 1)),
                "this is the mean over the images, too; each image needs its own answer",
            ),
            (answers.mean(axis=1), "this is the mean over the images; take it over the versions, axis=0"),
            (answers.mean(axis=2), "this is the mean over the classes; take it over the versions, axis=0"),
            (right.argmax(axis=1), "return the mean probabilities; argmax can come later"),
            (answers.max(axis=0), "this is the largest of the answers; take their mean"),
            (np.median(answers, axis=0), "this is the median; take the mean"),
            (answers[-1], "this is the last answer only; collect them, and take their mean"),
            (answers[0], "this is the first answer only; collect them, and take their mean"),
        )
        for wrong, why in mistakes:
            if found.shape == wrong.shape and close(found, wrong, atol=1e-4):
                raise WrongAnswer(f"{case}: {why}.")
        if found.shape != right.shape:
            raise WrongAnswer(
                f"{case} the result should have the shape 5×3, and yours has {worded_shape(found.shape)}."
            )
        if np.isnan(found).any():
            raise WrongAnswer(f"{case} the result holds NaN. Is there a mean of nothing?")
        raise WrongAnswer(f"{case} the result should be the mean of the {times} answers, and it isn't.")


ask_often = Exercise(
    name="ask_often",
    examine=_examine_ask_often,
    hints=(
        "predict(change(images)) gives a row of probabilities for each image. Collect one such table for each change.",
        "np.mean(answers, axis=0) averages over a list of equally large tables.",
    ),
    solution_code="""
def ask_often(predict, images, changes):
    answers = [predict(change(images)) for change in changes]
    return np.mean(answers, axis=0)


nb08.ask_often.check(ask_often)
""",
    because="The mean of probabilities is a set of probabilities again, so argmax can pick the class as usual.",
)

# --- quizzes ------------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="A network should tell signs for a left turn from signs for a right turn. Which of these changes would "
    "spoil its training images?",
    choices={
        "a": (
            "Turning them by up to 5 degrees",
            "Real signs hang a little crooked, too, and still mean the same.",
        ),
        "b": (
            "Making them brighter or darker",
            "That's what the sun and the night do, and the label stays true.",
        ),
        "c": (
            "Mirroring half of them",
            "A mirrored left turn is a right turn, so half of the labels would be false.",
        ),
        "d": (
            "Zooming in and out a little",
            "Signs are seen from near and far, so that's variety the network needs.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question="A network has random layers in front. Somebody tests it with a loop of their own, and calls "
    "`network(images)`. What happens?",
    choices={
        "a": (
            "Nothing special: the layers are off, as they are in `predict`",
            "`predict` and `evaluate` say training=False. A bare call says nothing, and then these layers are on.",
        ),
        "b": (
            "The test images are changed at random, without any error message",
            "If nobody says anything, these layers are on. (Dropout is off in that case.) So write training=False.",
        ),
        "c": (
            "Keras stops with an error, because `training` is missing",
            "Keras has a default for it, so nothing stops. That's what makes this mistake so hard to notice.",
        ),
    },
    answer="b",
)

quiz_3 = Quiz(
    question="With 50,000 images, a network's training loss and validation loss are close together, and both are still "
    "falling. What would augmentation do for it now?",
    choices={
        "a": (
            "Little: it isn't learning by heart, so train it longer first",
            "Augmentation makes learning by heart harder, and as long as the losses stay together, nobody does that.",
        ),
        "b": (
            "A lot: it turns 50,000 images into millions",
            "The versions of an image say little that's new to a network that already does as well on unseen images.",
        ),
        "c": (
            "It would shrink the data set, since some versions get lost",
            "No image gets lost: each is changed on its way into the network, and the array stays as it is.",
        ),
    },
    answer="a",
)

quiz_4 = Quiz(
    question="Mirroring the training digits at random makes a network mix up 3 and 5. Why does it hardly harm 0?",
    choices={
        "a": (
            "There are more 0s than 3s or 5s to learn from",
            "There were forty of each digit, so that can't be the reason.",
        ),
        "b": (
            "The layer mirrors only digits that aren't symmetric",
            "The layer knows nothing about what's in an image. It tosses a coin for each, a 0 like any other.",
        ),
        "c": (
            "The test's 0s are mirrored, too, so they fit",
            "No test digit was mirrored: random layers are off when you ask a network.",
        ),
        "d": (
            "A mirrored 0 looks like a 0 and like no other digit",
            "Which side is open helps to tell a 3 from a 5, and mirroring blurs that. A 0 is open on neither side.",
        ),
    },
    answer="d",
)
