"""Exercises and quizzes of notebook 08c, mixing and whitening."""

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

# --- the matrix that whitens --------------------------------------------------------------------------


def _covariances() -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    mixed = [rng.normal(size=(size, size)) for size in (2, 5)]
    return [one @ one.T / len(one) + 0.1 * np.eye(len(one)) for one in mixed]


def _examine_whitening_matrix(function: Any) -> None:
    for covariance in _covariances():
        size = len(covariance)
        found = as_array(
            result_of(function, covariance, what="whitening_matrix"), what="whitening_matrix's result"
        )
        lead = f"For {size} pixels"
        if found.shape != (size, size):
            raise WrongAnswer(
                f"{lead} the matrix must be {size}×{size}; yours is {worded_shape(found.shape)}."
            )
        variances, turn = np.linalg.eigh(covariance)
        right = (turn / np.sqrt(variances)) @ turn.T
        if close(found, right, atol=1e-6):
            continue
        _refuse_known(found, variances, turn, lead)
        white = found.T @ covariance @ found
        if np.allclose(white, np.eye(size), atol=1e-3):
            raise WrongAnswer(
                f"{lead} your matrix whitens, but it turns the image, too. At the end, turn back: @ turn.T"
            )
        raise WrongAnswer(
            f"{lead} the covariance after your matrix isn't the identity: turn, divide, turn back."
        )


def _refuse_known(found: np.ndarray, variances: np.ndarray, turn: np.ndarray, lead: str) -> None:
    spread = np.sqrt(variances)
    mistakes = (
        ((turn / variances) @ turn.T, "divide by the spread, which is the square root of the variance"),
        ((turn * spread) @ turn.T, "this stretches the long directions even more: divide by the spread"),
        ((turn * variances) @ turn.T, "this gives the covariance itself: divide by the spread"),
        (turn @ turn.T, "turning there and back changes nothing: divide in between"),
        (turn / spread, "it's turned and divided; now turn back: @ turn.T"),
        ((turn.T / spread) @ turn, "turn and turn.T have changed places"),
        (turn / spread @ turn, "turning back needs the transposed matrix, turn.T"),
    )
    refuse_mistakes(found, mistakes, lead=lead)


whitening_matrix = Exercise(
    name="whitening_matrix",
    examine=_examine_whitening_matrix,
    hints=(
        "Three steps, one matrix each: turn, divide by the spread, turn back. `turn / spread` divides each column.",
        "The spread is np.sqrt(variances), and turn.T turns back.",
    ),
    solution_code="""
def whitening_matrix(covariance):
    variances, turn = np.linalg.eigh(covariance)
    return turn / np.sqrt(variances) @ turn.T


nb08c.whitening_matrix.check(whitening_matrix)
""",
    because="Turned, made equally long in all directions, and turned back.",
)

# --- MixUp --------------------------------------------------------------------------------------------


def _examine_mix_up(function: Any) -> None:
    rng = np.random.default_rng(5)
    for shape in ((4, 3, 3, 3), (6, 2, 5, 1)):
        images = rng.uniform(0, 255, shape).astype(np.float32)
        labels = np.eye(5, dtype=np.float32)[rng.integers(0, 5, shape[0])]
        partner = np.roll(np.arange(shape[0]), 1)
        weights = rng.uniform(0.1, 0.9, shape[0]).astype(np.float32)
        result = result_of(function, images, labels, partner, weights, what="mix_up")
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise WrongAnswer("mix_up must return two things: the mixed images and their labels.")
        tall = weights.reshape(-1, 1, 1, 1)
        wide = weights.reshape(-1, 1)
        for what, found, one, weight in zip(
            ("images", "labels"), result, (images, labels), (tall, wide), strict=True
        ):
            _examine_mixture(as_array(found, what=f"The mixed {what}"), one, one[partner], weight, what)


def _examine_mixture(found: np.ndarray, one: np.ndarray, other: np.ndarray, weight: Any, what: str) -> None:
    if found.shape != one.shape:
        raise WrongAnswer(
            f"The mixed {what} have the shape {worded_shape(found.shape)}; it must stay {worded_shape(one.shape)}."
        )
    if close(found, weight * one + (1 - weight) * other, atol=1e-3):
        return
    mistakes = (
        (one, f"the {what} haven't changed"),
        (other, f"these are the partners' {what} alone"),
        ((one + other) / 2, "half of each; use the weights"),
        (
            (1 - weight) * one + weight * other,
            "the weights belong to the images themselves, not to their partners",
        ),
        (weight * one + other, "the two shares must add up to 1: the partner gets 1 minus the weight"),
        (one + (1 - weight) * other, "the two shares must add up to 1: the image itself gets the weight"),
        (weight * one, "the partners are missing"),
    )
    refuse_mistakes(found, mistakes, lead=f"The mixed {what}")
    raise WrongAnswer(f"The mixed {what} should be weight · own + (1 − weight) · partner's.")


mix_up = Exercise(
    name="mix_up",
    examine=_examine_mix_up,
    hints=(
        "images[partner] are the partners' images, in the same order; weights need the shape (n, 1, 1, 1) beside them.",
        "w * images + (1 - w) * images[partner], and the same with labels and weights[:, None].",
    ),
    solution_code="""
def mix_up(images, labels, partner, weights):
    w = weights[:, None, None, None]
    mixed_images = w * images + (1 - w) * images[partner]
    mixed_labels = weights[:, None] * labels + (1 - weights[:, None]) * labels[partner]
    return mixed_images, mixed_labels


nb08c.mix_up.check(mix_up)
""",
    because="Images and labels are mixed in the same proportion, so the label says what's in the image.",
)

# --- a label for CutMix -------------------------------------------------------------------------------


def _examine_cutmix_label(function: Any) -> None:
    own, other = np.eye(4)[1], np.eye(4)[3]
    for height, width, side in ((20, 12, 32), (4, 5, 10), (3, 8, 24)):
        found = as_array(
            result_of(function, own, other, height, width, side, what="cutmix_label"),
            what="cutmix_label's result",
            shape=(4,),
        )
        patch = height * width / side**2
        if close(found, (1 - patch) * own + patch * other, atol=1e-6):
            continue
        asked = f"A rectangle of {height}×{width} covers {patch:.1%} of {side}×{side} pixels"
        mistakes = (
            (patch * own + (1 - patch) * other, "the two are swapped: the rectangle comes from the other image"),
            (own, "this is the image's own label; what about the rectangle?"),
            (other, "this is the rectangle's label alone"),
            ((own + other) / 2, "half and half would be right only if it covered half of the image"),
            (own + patch * other, "the shares must add up to 1: the image lost what the rectangle covers"),
            ((1 - height / side) * own + height / side * other, "you counted the height only, and not the width"),
            ((1 - width / side) * own + width / side * other, "you counted the width only, and not the height"),
            ((side**2 - height * width) * own + height * width * other, "these are pixels; divide by side × side"),
        )  # fmt: skip
        refuse_mistakes(found, mistakes, lead=asked)
        raise WrongAnswer(f"{asked}, so that's the other label's share, and the own label keeps the rest.")


cutmix_label = Exercise(
    name="cutmix_label",
    examine=_examine_cutmix_label,
    hints=(
        "What share of all pixels comes from the rectangle?",
        "With pasted_share = height * width / side**2 the label is (1 - pasted_share) * own + pasted_share * other.",
    ),
    solution_code="""
def cutmix_label(own, other, height, width, side):
    pasted_share = height * width / side**2
    return (1 - pasted_share) * own + pasted_share * other


nb08c.cutmix_label.check(cutmix_label)
""",
    because="The label says how much of each class is in the image, so its numbers add up to 1.",
)

# --- old arguments, new factors -----------------------------------------------------------------------


def _examine_translated(rotation: Any, zoom: Any, shift: Any) -> None:
    turned = as_factor(rotation, what="rotation")
    if not np.isclose(turned, 18 / 360):
        lead = "rotation is a share of a full turn"
        mistakes = (
            (18, "18 would be eighteen full turns; divide by the degrees of one"),
            (18 / 180, "a full turn has 360 degrees, not 180"),
            (18 / 100, "it's no percentage; a full turn has 360 degrees"),
            (np.deg2rad(18), "these are radians; divide the degrees by 360"),
        )
        refuse_mistakes(turned, mistakes, lead=lead)
        raise WrongAnswer(f"{lead}: what share of 360 degrees are 18? Yours is {turned:g}.")
    zoomed = as_array(zoom, what="zoom")
    if zoomed.shape == (2, 2) and np.allclose(zoomed[0], zoomed[1]):
        zoomed = zoomed[0]  # the same pair for height and width is right, too
    if zoomed.size != 2:
        raise WrongAnswer("zoom needs one pair of numbers here, since it reaches further in than out.")
    ends = np.array(sorted(zoomed.ravel()))
    if not np.allclose(ends, (-0.3, 0.2), atol=1e-6):
        mistakes = (
            ((0.7, 1.2), "RandomZoom counts from 0, where ImageDataGenerator counted from 1"),
            ((-0.2, 0.3), "the ends are swapped: with both, the smaller number comes closer"),
            ((-30, 20), "these are percents; 30 percent are 0.3"),
        )
        refuse_mistakes(ends, mistakes, lead="zoom")
        raise WrongAnswer("zoom: subtract 1 from each end of zoom_range.")
    moved = as_factor(shift, what="shift")
    if not np.isclose(moved, 8 / 64):
        lead = "shift is a share of the width"
        mistakes = (
            (8, "8 would be eight times the width; divide the pixels by the image's 64"),
            (8 / 100, "the image is 64 pixels wide, not 100"),
            (8 / 32, "the image is 64 pixels wide, and 8 pixels to each side are one factor"),
        )
        refuse_mistakes(moved, mistakes, lead=lead)
        raise WrongAnswer(f"{lead}: what share of 64 pixels are 8? Yours is {moved:g}.")


translated = Exercise(
    name="translated",
    examine=_examine_translated,
    hints=(
        "Today's layers know neither degrees nor pixels: a turn is a share of 360 degrees, a shift one of the width.",
        "RandomZoom's 0 is ImageDataGenerator's 1, so 0.7 becomes 0.7 - 1.",
    ),
    solution_code="""
rotation = 18 / 360
zoom = (0.7 - 1, 1.2 - 1)
shift = 8 / 64
nb08c.translated.check(rotation, zoom, shift)
""",
    because="A share fits images of every size; degrees and pixels don't.",
)


quiz_1 = Quiz(
    question="You whiten your training images. What do you do with the test images?",
    choices={
        "a": (
            "Leave them as they are: test images must not be changed",
            "Then the network gets images of a kind that it has never seen.",
        ),
        "b": (
            "Apply the mean and the matrix from the training images",
            "They go through exactly the same as the training images, and decide nothing themselves.",
        ),
        "c": (
            "Whiten them with a matrix computed from the test images",
            "A single new image has no covariance, and the network would see images made in another way.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="Our formula mixes the plain numbers 3 (cat) and 7 (horse), with a weight of 0.5. What comes out?",
    choices={
        "a": (
            "the single number 5",
            "(3 + 7) / 2 is 5, and 5 is another class: in CIFAR-10, a dog. That's why the labels have to be one-hot.",
        ),
        "b": (
            "both, with half of each",
            "That's what a one-hot label would give; here two plain numbers are averaged.",
        ),
        "c": ("one of the two, 3 or 7", "Nothing chooses between them: the two numbers are averaged."),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="You want to train a network on handwritten digits. Which of these is the riskiest for their labels?",
    choices={
        "a": ("shifts by a pixel or two", "A digit stays the same digit if it moves a little."),
        "b": ("MixUp with soft labels", "Two digits over each other are strange, but their label is true."),
        "c": (
            "RandAugment as it comes",
            "Whenever it draws a turn, that may be half a turn, and a 6 on its head is a 9 with a wrong label.",
        ),
    },
    answer="c",
)
