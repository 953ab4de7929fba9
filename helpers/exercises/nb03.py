"""Exercises and quizzes of notebook 03_mnist, on the frame in `core`."""

import difflib
import inspect
from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_array,
    check_counts,
    close,
    copied,
    has_blank,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- parameters by hand ----------------------------------------------------------------------------


def _examine_parameters(conv_1: Any, conv_2: Any, dense_1: Any, digit: Any) -> None:
    cases = (
        ("conv_1", conv_1, 832, {
            800: "you have the 5×5 kernels of 32 filters; each filter has a bias too",
            320: "this is the count for 3×3 kernels; the kernels are 5×5 now",
        }),
        ("conv_2", conv_2, 51_264, {
            51_200: "the kernels are right; add one bias for each of the 64 filters",
            1_664: "each filter spans all 32 channels that come in, so its kernel is 5×5×32",
            18_496: "this is the count for 3×3 kernels; the kernels are 5×5 now",
        }),
        ("dense_1", dense_1, 401_536, {
            401_408: "the weights are right; add one bias for each of the 128 units",
            200_768: "this is the count for 64 units; there are 128 now",
            128 * 14 * 14 * 64 + 128: (
                "two poolings come before it: 28 → 14 → 7, so Flatten gives "
                "7×7×64 values"
            ),
            128 * 28 * 28 * 64 + 128: (
                "two poolings come before it: 28 → 14 → 7, so Flatten gives "
                "7×7×64 values"
            ),
        }),
        ("digit", digit, 1_290, {
            1_280: "the weights are right; add one bias for each of the 10 classes",
            650: "it now receives 128 values, not 64",
        }),
    )  # fmt: skip
    check_counts(
        cases,
        otherwise="count kernel height × width × channels in, add 1 for the bias, and multiply by the filters or units",
    )


parameters = Exercise(
    name="parameters",
    examine=_examine_parameters,
    hints=(
        "A convolution has filters × (height × width × channels in + 1) parameters; the 1 is the bias.",
        (
            "A dense layer has units × (values in + 1). Pooling changes nothing here, except "
            "that Flatten gives 7×7×64."
        ),
    ),
    solution_code="""
conv_1 = 32 * (5 * 5 * 1 + 1)
conv_2 = 64 * (5 * 5 * 32 + 1)
dense_1 = 128 * (7 * 7 * 64 + 1)
digit = 10 * (128 + 1)
nb03.parameters.check(conv_1, conv_2, dense_1, digit)
""",
    because=(
        "Together 454,922; padding='same' keeps 28×28 whatever the kernel, so Flatten still "
        "gives 7×7×64 values."
    ),
)

# --- the call of fit -------------------------------------------------------------------------------


class _Recorder:
    """Stands in for a model: `fit` writes down what it is called with, by the names of Keras' own `fit`."""

    given: dict[str, Any] | None = None

    def fit(self, *arguments: Any, **named: Any) -> str:
        import keras

        if has_blank(arguments) or has_blank(named):
            raise NotAnswered
        signature = inspect.signature(keras.Model.fit)
        names = [name for name in signature.parameters if name != "self"]
        for name in named:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                advice = f"Did you mean {near[0]}?" if near else "Check its spelling."
                raise WrongAnswer(f"fit has no argument named {name!r}. {advice}")
        try:
            self.given = copied(signature.bind(self, *arguments, **named).arguments)
        except TypeError as error:  # one argument twice, or too many
            raise WrongAnswer(f"This call of fit can't work: {error}.") from None
        return "history"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise WrongAnswer(
            f"The model is compiled and ready to learn, so just call model.fit and leave out model.{name}."
        )


def _same(found: Any, right: np.ndarray) -> bool:
    """Whether `found` holds the same values, with or without a channel axis."""
    try:
        return np.array_equal(np.ravel(np.asarray(found)), right.ravel())
    except (TypeError, ValueError):
        return False


def _examine_fit_call(function: Any) -> None:
    parts = {"x_train": 0, "y_train": 1, "x_val": 2, "y_val": 3, "x_test": 4, "y_test": 5}
    arrays = {name: np.arange(6) + 10 * number for name, number in parts.items()}
    model, checkpoint = _Recorder(), object()
    result_of(function, model, **arrays, checkpoint=checkpoint, what="train")
    given = model.given
    if given is None:
        raise WrongAnswer("train should call model.fit, and yours doesn't.")

    def named(found: Any) -> str:
        return next((name for name, right in arrays.items() if _same(found, right)), "something else")

    for key, right in (("x", "x_train"), ("y", "y_train")):
        if key not in given:
            raise WrongAnswer("fit needs the training images and their labels first: x_train, y_train.")
        if named(given[key]) != right:
            raise WrongAnswer(f"fit should learn from {right}, but yours gets {named(given[key])} instead.")
    if given.get("validation_split"):
        raise WrongAnswer(
            "validation_split would cut a part off x_train. You already have x_val and y_val, so pass those as "
            "validation_data."
        )
    if given.get("validation_data") is None:
        raise WrongAnswer(
            "Without validation_data there is no val_loss, so the checkpoint can't tell which epoch is the best."
        )
    validation = given["validation_data"]
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):  # the third: weights
        raise WrongAnswer("validation_data should be a pair: (images, labels).")
    pair = tuple(named(part) for part in validation[:2])
    if "x_test" in pair or "y_test" in pair:
        raise WrongAnswer(
            "Now the test set would choose which epoch to keep, so it couldn't give a fair score later. "
            "Use x_val, y_val."
        )
    if pair != ("x_val", "y_val"):
        raise WrongAnswer(f"validation_data should be (x_val, y_val), and yours is ({', '.join(pair)}).")
    callbacks = given.get("callbacks")
    if not any(
        item is checkpoint for item in (callbacks if isinstance(callbacks, (list, tuple)) else [callbacks])
    ):
        raise WrongAnswer("The checkpoint isn't used yet: pass it in a list, callbacks=[checkpoint].")


fit_call = Exercise(
    name="fit_call",
    examine=_examine_fit_call,
    hints=(
        (
            "Images and labels to learn from come first; then validation_data= and callbacks=, "
            "each with its equals sign."
        ),
        "validation_data is a pair in round brackets, callbacks a list in square ones.",
    ),
    solution_code="""
def train(model, x_train, y_train, x_val, y_val, x_test, y_test, checkpoint):
    return model.fit(x_train, y_train, validation_data=(x_val, y_val), callbacks=[checkpoint])


nb03.fit_call.check(train)
""",
    because=("x_test and y_test aren't used here: they chose nothing, so they can still give a fair score."),
)

# --- center of mass --------------------------------------------------------------------------------


def _examine_center_of_mass(function: Any) -> None:
    rng = np.random.default_rng(7)
    for shape in ((5, 8), (28, 28), (9, 4)):
        image = rng.integers(1, 256, size=shape) * (rng.random(shape) < 0.5)
        image[: shape[0] // 3], image[:, : shape[1] // 3] = 0, 0
        image[1, -1] = 9  # one faint speck, so that the box around the ink has another middle
        result = result_of(function, image.astype(float), what="center_of_mass")
        found = as_array(result, what="The center of mass").ravel()
        if found.shape != (2,):
            raise WrongAnswer(
                f"The center of mass is a pair (row, column), and yours has {found.size} numbers."
            )
        rows, columns = np.indices(shape)
        right = np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()
        if close(found, right):
            continue
        ink = np.argwhere(image > 0)
        mistakes = (
            (right[::-1], "row and column are swapped: the row comes first"),
            (ink.mean(axis=0), "every pixel with ink counts the same here, but brighter pixels should count more"),
            ((ink.min(axis=0) + ink.max(axis=0)) / 2, (
                "this is the middle of the box around the ink, not its "
                "center of mass"
            )),
            (right * image.sum(), "divide by the total brightness, image.sum()"),
            (right * image.sum() / image.size, (
                "divide by the total brightness, image.sum(), not by the "
                "number of pixels"
            )),
            ((np.array(shape) - 1) / 2, "this is the middle of the image, wherever its ink is"),
        )  # fmt: skip
        refuse_mistakes(found, mistakes, lead="Almost")
        raise WrongAnswer(
            f"For a {worded_shape(shape)} test image the answer is ({right[0]:.2f}, {right[1]:.2f}), "
            f"and yours is ({found[0]:.2f}, {found[1]:.2f})."
        )


center_of_mass = Exercise(
    name="center_of_mass",
    examine=_examine_center_of_mass,
    hints=(
        (
            "It is a weighted mean: each pixel's row number, weighted by the pixel's brightness; "
            "the same for columns."
        ),
        "(rows * image).sum() adds up brightness times row; divide it by the total brightness.",
    ),
    solution_code="""
def center_of_mass(image):
    rows, columns = np.indices(image.shape)  # each pixel's row number, and its column number
    # brightness 1 in row 2 and brightness 3 in row 6 give row (1 * 2 + 3 * 6) / (1 + 3) = 5
    return (rows * image).sum() / image.sum(), (columns * image).sum() / image.sum()


nb03.center_of_mass.check(center_of_mass)
""",
    because="The makers of MNIST shifted every digit until this point was in the middle of the 28×28 pixels.",
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question=(
        "You tried five networks and kept the one with the best validation accuracy, 96%. What accuracy do you "
        "report?"
    ),
    choices={
        "a": (
            "The 96%: the network never learned from the validation images",
            "Its weights didn't, but *you* picked it because it did well on just these images, so its score there "
            "tends to be a little too high.",
        ),
        "b": (
            "Its accuracy on the training set",
            "That says how well it does its homework. It may have memorized much of it, so it tells you little about "
            "new images.",
        ),
        "c": (
            "Its accuracy on the test set, measured once, now that the choice is made",
            "The test images had no say in which network you kept, so the score has no luck of the winner built in.",
        ),
        "d": (
            "The best test accuracy among the five networks",
            "Then the test set would choose, and its score would be as flattering as the 96%. Measure only the "
            "network you kept.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question="What does `Dropout(0.5)` do to its input when you call `model.predict`?",
    choices={
        "a": (
            "It sets a random half to zero",
            "It does that only in training. Otherwise the same image could get a different answer each time you ask.",
        ),
        "b": (
            "Nothing: the values pass through unchanged",
            "The values it kept were doubled in training, so the sums already fit, and the layer can step aside.",
        ),
        "c": (
            "It halves every value",
            "The first version of dropout did. Keras doubles the kept values in training instead, so nothing is left "
            "to do here.",
        ),
        "d": (
            "It removes the weakest half of the units",
            "Dropout never looks at the values. It picks at random, and only in training.",
        ),
    },
    answer="b",
)

quiz_3 = Quiz(
    question="The training accuracy that `fit` reports is *below* the validation accuracy. Why?",
    choices={
        "a": (
            "`fit` measures it during the epoch, with units dropped and weights that aren't finished yet",
            "Validation accuracy is measured after the epoch with all units at work. Measured that way too, with "
            "`evaluate`, the training digits come out much better.",
        ),
        "b": (
            "The validation images are easier",
            "Both sets are random parts of the same collection. Compare the last two printed lines below the "
            "curves: both use training digits.",
        ),
        "c": (
            "The network has memorized the validation images",
            "It can't have: its weights are never fitted to them. `fit` only tests it on them after each epoch.",
        ),
    },
    answer="a",
)

quiz_4 = Quiz(
    question="One sigmoid output says 0.87 for *this is a digit*. Which line turns such numbers into yes and no?",
    choices={
        "a": (
            "`probability.argmax()`",
            "A single number is always the largest of its kind, so this gives 0 for every image. argmax is for a "
            "softmax with one output per class.",
        ),
        "b": (
            "`probability.astype(int)`",
            "That cuts off the decimals, so 0.87 becomes 0, and even 0.99 would be a no.",
        ),
        "c": (
            "`probability > 0`",
            "A sigmoid's output is never below 0, so practically every image would be called a digit.",
        ),
        "d": (
            "`probability >= 0.5`",
            "It says where the line is drawn, and you can move it if a missed digit is worse than a false alarm.",
        ),
    },
    answer="d",
)
