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
    agrees,
    as_array,
    check_bug_lines,
    check_counts,
    close,
    copied,
    has_blank,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- one-hot ---------------------------------------------------------------------------------------


def _examine_one_hot(function: Any) -> None:
    rng = np.random.default_rng(3)
    for count, classes in ((1, 3), (4, 10), (7, 5)):
        labels = rng.integers(0, classes, size=count)
        labels[0] = classes - 1  # the highest class must have its place too
        table = result_of(function, labels, classes, what="one_hot")
        if isinstance(table, np.ndarray) and table.dtype == bool:
            table = table.astype(int)
        found = as_array(table, what="The one-hot table")
        right = (labels[:, np.newaxis] == np.arange(classes)).astype(float)
        asked = f"For the labels {labels.tolist()} and {classes} classes"
        if found.shape != right.shape:
            turned = (
                " Rows and columns are exchanged: one row for each label."
                if found.shape == right.T.shape
                else ""
            )
            raise WrongAnswer(
                f"{asked} the table must be {worded_shape(right.shape)}, and yours is "
                f"{worded_shape(found.shape)}.{turned}"
            )
        if not np.array_equal(found.sum(axis=1), np.ones(count)) or not np.isin(found, (0, 1)).all():
            raise WrongAnswer(
                f"{asked} every row must hold a single 1 and otherwise zeros. Your first row: {found[0]}."
            )
        if not np.array_equal(found, right):
            row = int(np.flatnonzero((found != right).any(axis=1))[0])
            raise WrongAnswer(
                f"{asked} the 1 of row {row} must stand at index {labels[row]}, and yours stands at index "
                f"{found[row].argmax()}. Indices count from 0."
            )


one_hot = Exercise(
    name="one_hot",
    examine=_examine_one_hot,
    hints=(
        "The row for label 2 of 4 classes is [0, 0, 1, 0]: it is row 2 of the 4×4 identity matrix.",
        (
            "np.eye(classes) makes the identity matrix, and an array of labels may stand between "
            "square brackets."
        ),
    ),
    solution_code="""
def one_hot(labels, classes):
    return np.eye(classes)[labels]


nb03.one_hot.check(one_hot)
""",
    because=(
        "Row k of the identity matrix is the one-hot code of class k, and indexing picks a row "
        "for each label."
    ),
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
        cases, otherwise="count kernel height × width × channels in + 1 bias, times the filters or units"
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
        grow = "the kept ones must grow, so that the next layer's sum stays the same on average"
        turned = "keep is True where a value stays, and yours drops those"
        by_rate = f"you divide by the rate; with rate {rate} a share of {1 - rate:g} is kept: divide by that"
        mistakes = (
            (np.where(keep, values, 0), f"the dropped values are 0, but {grow}"),
            (np.where(keep, values * (1 - rate), 0), "the kept values must grow, and yours shrink"),
            (np.where(keep, values / rate, 0), by_rate),
            (np.where(keep, 0, values / (1 - rate)), turned),
            (np.where(keep, 0, values), turned),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        spot = int(np.flatnonzero(~agrees(found, right))[0])
        state = "kept" if keep[spot] else "dropped"
        raise WrongAnswer(
            f"With rate {rate} the {state} value {values[spot]:.3f} must become {right[spot]:.3f}, "
            f"and yours becomes {found[spot]:.3f}."
        )


dropout = Exercise(
    name="dropout",
    examine=_examine_dropout,
    hints=(
        "True counts as 1 and False as 0 in a product, so values * keep drops what must go.",
        "Of 100 values with rate 0.8 only 20 stay: each must stand for 5, which is 1 / (1 - 0.8).",
    ),
    solution_code="""
def dropout(values, keep, rate):
    return values * keep / (1 - rate)


nb03.dropout.check(dropout)
""",
    because=(
        "This is what keras.layers.Dropout does while it trains; keep is drawn anew for every image "
        "of every batch."
    ),
)

# --- find the bugs ---------------------------------------------------------------------------------

_FINE = {
    2: (
        "line 2 is fine: patience=2 stops after two epochs without progress, and the best "
        "weights are put back"
    ),
    4: "line 4 is fine: fit returns the history, and it is kept",
    6: "line 6 is fine: any batch size and number of epochs will run",
    9: "line 9 is fine: it closes the call",
    10: "line 10 is fine as it stands: evaluating once on the test set, at the very end, is what it is for",
}
_CLUES = {
    1: "which epoch will the file hold at the end, if nothing is said about the best?",
    3: "does Keras take a metric as a bare word, or in a list?",
    5: "compare every name with the ones defined above, letter by letter",
    7: "there are two mistakes in one line, of spelling and of principle",
    8: "compare every name with the ones defined above, letter by letter",
}


def _examine_bug_lines(answer: Any) -> None:
    check_bug_lines(answer, fine=_FINE, clues=_CLUES, example="[2, 9]")


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "Two are spelling mistakes in names, two concern how Keras is called, and one chooses what to keep.",
        (
            "Ask of each line: does Python know every name in it? Does `name(...)` call "
            "something, where `name=` was meant?"
        ),
    ),
    solution_code="""
bug_lines = [1, 3, 5, 7, 8]
nb03.bug_lines.check(bug_lines)
""",
    because=(
        "Line 1 lacks save_best_only=True (so every epoch overwrites the file) and uses the old .h5 format; "
        'line 3 needs metrics=["accuracy"]; line 5 says X_train for x_train; line 7 lacks its = and lets '
        "the test set choose; line 8 misspells checkpoint."
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
            raise WrongAnswer(f"This call of fit cannot work: {error}.") from None
        return "history"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise WrongAnswer(f"The model is ready to learn: call its fit, and leave out model.{name}.")


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
        raise WrongAnswer("train must call model.fit, and yours does not.")

    def named(found: Any) -> str:
        return next((name for name, right in arrays.items() if _same(found, right)), "something else")

    for key, right in (("x", "x_train"), ("y", "y_train")):
        if key not in given:
            raise WrongAnswer("fit needs the training images and their labels first: x_train, y_train.")
        if named(given[key]) != right:
            raise WrongAnswer(
                f"fit must learn from {right}, and yours gets {named(given[key])} in its place."
            )
    if given.get("validation_split"):
        raise WrongAnswer("validation_split would cut a part off x_train; hand over x_val and y_val instead.")
    if given.get("validation_data") is None:
        raise WrongAnswer(
            "Without validation_data there is no val_loss, and the checkpoint could not tell the best epoch."
        )
    validation = given["validation_data"]
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):  # the third: weights
        raise WrongAnswer("validation_data must be a pair: (images, labels).")
    pair = tuple(named(part) for part in validation[:2])
    if "x_test" in pair or "y_test" in pair:
        raise WrongAnswer(
            "The test set would choose the epoch to keep. Then it is no fresh set any more: use x_val, y_val."
        )
    if pair != ("x_val", "y_val"):
        raise WrongAnswer(f"validation_data must be (x_val, y_val), and yours is ({', '.join(pair)}).")
    callbacks = given.get("callbacks")
    if not any(
        item is checkpoint for item in (callbacks if isinstance(callbacks, (list, tuple)) else [callbacks])
    ):
        raise WrongAnswer(
            "The checkpoint takes no part in the training: pass it in a list, callbacks=[checkpoint]."
        )


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
    because=(
        "x_test and y_test take no part in training: nothing was chosen by them, so they can still judge."
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
            raise WrongAnswer(f"{count} positions were asked for, and yours has {found.size}.")
        if not np.isin(found, np.arange(size)).all():
            raise WrongAnswer(f"The result must hold positions from 0 to {size - 1}, not probabilities.")
        found = found.astype(int)
        order = np.argsort(confidence, kind="stable")
        hits, misses = order[(predicted == labels)[order]], order[(predicted != labels)[order]]
        if np.array_equal(found, hits[:count]):
            continue
        if np.isin(found, misses).any():
            raise WrongAnswer(
                "Some of these were predicted wrongly. Keep only those where predicted equals the label."
            )
        if np.array_equal(found, hits[::-1][:count]):
            raise WrongAnswer(
                "These are the surest right answers; the least sure ones are wanted, smallest first."
            )
        if np.array_equal(found, np.argsort(confidence[predicted == labels])[:count]):
            raise WrongAnswer("These are positions among the right answers only: look them up in `right`.")
        raise WrongAnswer(
            "All are right answers, but not the least sure ones in order, smallest confidence first."
        )


barely_right = Exercise(
    name="barely_right",
    examine=_examine_barely_right,
    hints=(
        "np.argsort(values) gives the positions of the values from the smallest to the largest.",
        "Sort confidence[right], look the result up in right, and keep the first count of them.",
    ),
    solution_code="""
def barely_right(probabilities, labels, count):
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    right = np.flatnonzero(predicted == labels)
    return right[np.argsort(confidence[right])][:count]


nb03.barely_right.check(barely_right)
""",
    because=(
        "A right answer with a confidence of 35 % is nearly a mistake: such images are worth "
        "looking at as well."
    ),
)

# --- centre of mass --------------------------------------------------------------------------------


def _examine_centre_of_mass(function: Any) -> None:
    rng = np.random.default_rng(7)
    for shape in ((5, 8), (28, 28), (9, 4)):
        image = rng.integers(1, 256, size=shape) * (rng.random(shape) < 0.5)
        image[: shape[0] // 3], image[:, : shape[1] // 3] = 0, 0
        image[1, -1] = 9  # one faint speck, so that the box around the ink has another middle
        result = result_of(function, image.astype(float), what="centre_of_mass")
        found = as_array(result, what="The centre of mass").ravel()
        if found.shape != (2,):
            raise WrongAnswer(
                f"The centre of mass is a pair (row, column), and yours has {found.size} numbers."
            )
        rows, columns = np.indices(shape)
        right = np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()
        if close(found, right):
            continue
        ink = np.argwhere(image > 0)
        mistakes = (
            (right[::-1], "row and column are exchanged: the row comes first"),
            (ink.mean(axis=0), "every pixel with ink counts the same; brighter pixels must weigh more"),
            ((ink.min(axis=0) + ink.max(axis=0)) / 2, (
                "this is the middle of the box around the ink, not its "
                "centre of mass"
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


centre_of_mass = Exercise(
    name="centre_of_mass",
    examine=_examine_centre_of_mass,
    hints=(
        (
            "It is a weighted mean: each pixel's row number, weighted by the pixel's brightness; "
            "the same for columns."
        ),
        "(rows * image).sum() adds up brightness times row; divide it by the total brightness.",
    ),
    solution_code="""
def centre_of_mass(image):
    rows, columns = np.indices(image.shape)
    return (rows * image).sum() / image.sum(), (columns * image).sum() / image.sum()


nb03.centre_of_mass.check(centre_of_mass)
""",
    because="MNIST moves every digit until this point lies at the middle of the 28×28 pixels.",
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question=(
        "Your labels are the integers 0 to 9. Which loss goes with a softmax over ten classes, "
        "without changing them?"
    ),
    choices={
        "a": (
            '"categorical_crossentropy"',
            "This one expects one-hot rows of length 10; with integers it raises an error about shapes.",
        ),
        "b": (
            '"sparse_categorical_crossentropy"',
            "Sparse means: the label is the index of the class, and no table of zeros and ones is needed.",
        ),
        "c": (
            '"binary_crossentropy"',
            "That is for a single yes-or-no output (or several independent ones) behind a sigmoid.",
        ),
        "d": (
            '"mean_squared_error"',
            (
                "It would treat class 9 as farther from class 0 than class 1 is; digits' names "
                "have no such distance."
            ),
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question=(
        "`model.evaluate(x_val, y_val)` says 96 %. You stopped early and kept the best epoch by "
        "that same set. What is the 96 %?"
    ),
    choices={
        "a": (
            "What to expect on new digits, without any bias",
            "The epoch was chosen because it did well on this very set, so its score leans upwards a little.",
        ),
        "b": (
            "A slightly flattered estimate; only the test set, used once, gives a fair one",
            (
                "The set took part in a decision. The fewer its images and the more decisions, "
                "the larger the flattery."
            ),
        ),
        "c": (
            "The training accuracy",
            "The weights were never fitted to these images; only the choice of the epoch used them.",
        ),
        "d": (
            "Meaningless, since validation data must not be evaluated",
            "Evaluating them is what they are for: to compare epochs, layer sizes and learning rates.",
        ),
    },
    answer="b",
)

quiz_3 = Quiz(
    question="What does `Dropout(0.5)` do to its input when you call `model.predict`?",
    choices={
        "a": (
            "It sets a random half to zero",
            (
                "Only in training. If it did so in prediction, the same image would get another "
                "answer each time."
            ),
        ),
        "b": (
            "It halves every value",
            (
                "The early form of dropout did; Keras doubles the kept values in training "
                "instead, so nothing is left to do."
            ),
        ),
        "c": (
            "Nothing: the values pass unchanged",
            "The kept values were scaled up in training, so that the layer can step aside in prediction.",
        ),
        "d": (
            "It removes the weakest half of the units",
            "Dropout never looks at the values: it draws lots, and only in training.",
        ),
    },
    answer="c",
)

quiz_4 = Quiz(
    question=(
        "With dropout, the training accuracy that `fit` reports is often *below* the validation "
        "accuracy. Why?"
    ),
    choices={
        "a": (
            "The validation images are easier",
            (
                "They were drawn by lot from the same digits. Measure the training images with "
                "`evaluate` and compare."
            ),
        ),
        "b": (
            "The model learned the validation images by heart",
            "It never fits them; `fit` only looks at them at the end of each epoch.",
        ),
        "c": (
            (
                "In training it is measured with units dropped, and while the weights still "
                "improve during the epoch"
            ),
            (
                "Validation is measured at the end of the epoch with all units at work. "
                "`evaluate` on both sets is fair."
            ),
        ),
    },
    answer="c",
)

quiz_5 = Quiz(
    question="`model.predict(images)` returned shape (1000, 10). How do you get the 1,000 predicted digits?",
    choices={
        "a": (
            "`predictions.argmax(axis=1)`",
            (
                "Along axis 1 lie the ten classes; argmax gives the index of the largest, and "
                "that index is the digit."
            ),
        ),
        "b": (
            "`predictions.argmax(axis=0)`",
            "That runs along the images: it finds, for each digit, which image looks most like it.",
        ),
        "c": (
            "`predictions.max(axis=1)`",
            "That is how sure the model is, a probability, not which digit it means.",
        ),
        "d": (
            "`predictions.round()`",
            "Rounding leaves a table of zeros and ones, and all zeros where no class reaches a half.",
        ),
    },
    answer="a",
)

quiz_6 = Quiz(
    question=(
        "A sigmoid gives 0.7 for `cat or not`. You want 1 for cat, 0 for not. What is the trap "
        "in `(p).astype(int)`?"
    ),
    choices={
        "a": (
            "There is none: 0.7 becomes 1",
            "astype(int) cuts the decimals off, so 0.7 becomes 0.",
        ),
        "b": (
            (
                "It cuts the decimals off, so everything below 1.0 becomes 0; round it, or "
                "compare with a threshold"
            ),
            "`(p > 0.5).astype(int)` says what is meant, and the threshold is there to be changed.",
        ),
        "c": (
            "It rounds upwards, so 0.1 becomes 1",
            "It does the opposite: decimals are dropped, and 0.99 becomes 0.",
        ),
    },
    answer="b",
)
