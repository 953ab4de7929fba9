"""Exercises and quizzes of notebook 04_cifar10, on the frame in `core`."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    agrees,
    as_array,
    as_float,
    check_bug_lines,
    check_counts,
    close,
    refuse_mistakes,
    result_of,
)

# --- memory ----------------------------------------------------------------------------------------


def _examine_megabytes(function: Any) -> None:
    for images, side, channels, each in ((50_000, 32, 3, 8), (1_000, 28, 1, 1), (20, 224, 3, 4)):
        arguments = (images, side, channels, each)
        found = as_float(result_of(function, *arguments, what="megabytes"), what="megabytes' result")
        size = images * side * side * channels * each
        if close(found, size / 1e6):
            continue
        asked = f"megabytes({images}, {side}, {channels}, {each}) must be {size / 1e6:g}, yours is {found:g}"
        mistakes = (
            (size, "these are bytes: divide by 1,000,000"),
            (size / 1e9, "these are gigabytes: divide by 1,000,000"),
            (size / 2**20, "a megabyte is 1,000,000 bytes here, not 1024 × 1024"),
            (size / 1e6 / side, "a square picture has side × side pixels"),
            (size / 1e6 / channels, "each pixel has one number for each channel"),
            (size / 1e6 / each, "each number takes bytes_each bytes"),
            (size / 1e6 / images, "this is one picture; count all of them"),
        )
        refuse_mistakes(found, mistakes, lead=asked)
        raise WrongAnswer(f"{asked}. Multiply pictures, pixels, channels and bytes.")


megabytes = Exercise(
    name="megabytes",
    examine=_examine_megabytes,
    hints=(
        "How many numbers does one picture hold? side × side pixels, each with `channels` numbers.",
        "Numbers times bytes_each are bytes; divide by 1e6 at the end.",
    ),
    solution_code="""
def megabytes(images, side, channels, bytes_each):
    return images * side * side * channels * bytes_each / 1e6


nb04.megabytes.check(megabytes)
""",
    because=(
        "CIFAR-10's 50,000 training pictures are 154 MB as uint8 and 1,229 MB as float64, and the float32 "
        "copy that fit makes comes on top."
    ),
)

# --- accuracy by class -----------------------------------------------------------------------------


def _examine_per_class(function: Any) -> None:
    rng = np.random.default_rng(4)
    for count, classes in ((40, 3), (200, 10), (60, 4)):
        labels = np.concatenate([np.arange(classes), rng.integers(0, classes - 1, count)])
        answers = np.where(rng.random(len(labels)) < 0.5, labels, rng.integers(0, classes, len(labels)))
        found = as_array(
            result_of(function, labels, answers, classes, what="per_class"), what="per_class's result"
        )
        if found.shape != (classes,):
            raise WrongAnswer(
                f"For {classes} classes the result must hold {classes} numbers, and yours holds {found.size}."
            )
        hits = np.bincount(labels[labels == answers], minlength=classes)
        members = np.bincount(labels, minlength=classes)
        right = hits / members
        if close(found, right):
            continue
        given = np.bincount(answers, minlength=classes)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = hits / given
        mistakes = (
            (hits, "these are counts; divide each by the number of images with that label"),
            (
                hits / len(labels),
                "you divide by the number of all images; divide by those of the class alone",
            ),
            (
                precision,
                "you divide by how often the class was *answered*; divide by how many images *have* the label",
            ),
            (1 - right, "these are the shares of wrong answers"),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        k = int(np.flatnonzero(~agrees(found, right))[0])
        raise WrongAnswer(
            f"Class {k} has {members[k]} images and {hits[k]} right answers, so its share is {right[k]:.3f}; "
            f"yours is {found[k]:.3f}."
        )


per_class = Exercise(
    name="per_class",
    examine=_examine_per_class,
    hints=(
        "`answers[labels == k]` are the answers given to images of class k.",
        "The mean of `answers[labels == k] == k` is the share for class k; do it for every k in range(classes).",
    ),
    solution_code="""
def per_class(labels, answers, classes):
    return [np.mean(answers[labels == k] == k) for k in range(classes)]


nb04.per_class.check(per_class)
""",
    because=(
        "This share is called the recall of a class. If all classes are equally frequent, the average of the "
        "shares is the accuracy."
    ),
)

# --- parameters ------------------------------------------------------------------------------------


def _examine_parameters(conv_1: Any, conv_2: Any, conv_3: Any, dense: Any) -> None:
    cases = (
        ("conv_1", conv_1, 672, {
            648: "the weights are right; each of the 24 filters has a bias too",
            240: "each filter spans all 3 colour channels: 3×3×3 weights",
            216: "each filter spans all 3 colour channels, and has a bias",
        }),
        ("conv_2", conv_2, 5_208, {
            5_184: "the weights are right; each of the 24 filters has a bias too",
            672: "24 channels come in now, not 3",
            240: "each filter spans all 24 channels that come in",
        }),
        ("conv_3", conv_3, 10_416, {
            10_368: "the weights are right; each of the 48 filters has a bias too",
            5_208: "it has 48 filters, not 24",
            480: "each filter spans all 24 channels that come in",
            48 * (9 * 48 + 1): "24 channels come in; 48 go out",
        }),
        ("dense", dense, 7_690, {
            7_680: "the weights are right; add one bias for each of the 10 classes",
            490: "Flatten gives 4×4×48 values, not 48: three poolings leave 4×4 places",
            10 * (8 * 8 * 48 + 1): "there are three poolings: 32 → 16 → 8 → 4",
            10 * (32 * 32 * 48 + 1): "there are three poolings: 32 → 16 → 8 → 4",
        }),
    )  # fmt: skip
    check_counts(cases[:-1], otherwise="count 3 × 3 × channels in + 1 bias, times the filters")
    check_counts(cases[-1:], otherwise="count the values that Flatten gives + 1 bias, times the 10 classes")


parameters = Exercise(
    name="parameters",
    examine=_examine_parameters,
    hints=(
        "filters × (3 × 3 × channels in + 1): the picture brings 3 channels, later layers the filters before.",
        "Three poolings: 32 → 16 → 8 → 4. Flatten gives 4 × 4 × 48 values, each with a weight to every class.",
    ),
    solution_code="""
conv_1 = 24 * (3 * 3 * 3 + 1)
conv_2 = 24 * (3 * 3 * 24 + 1)
conv_3 = 48 * (3 * 3 * 24 + 1)
dense = 10 * (4 * 4 * 48 + 1)
nb04.parameters.check(conv_1, conv_2, conv_3, dense)
""",
    because="Together 23,986. The pictures' size enters only at the end, through Flatten.",
)

# --- early stopping --------------------------------------------------------------------------------


def _examine_early_stopping(function: Any) -> None:
    cases = [
        (epoch, best, patience)
        for best in (1, 2, 7)
        for patience in (1, 3, 5)
        for epoch in range(best, best + 8)
    ]
    found = []
    for case in cases:
        result = result_of(function, *case, what="must_stop")
        if np.size(result) != 1 or np.asarray(result).dtype.kind not in "biuf":
            raise WrongAnswer(f"must_stop must return True or False, and yours returns {result!r}.")
        found.append(bool(result))
    mistakes = (
        (lambda epoch, best, patience: epoch - best > patience, "yours waits one epoch too long"),
        (lambda epoch, best, patience: epoch - best >= patience - 1, "yours stops one epoch too early"),
        (
            lambda epoch, best, patience: epoch >= patience,
            "count the epochs since the best one, not since the start",
        ),
        (
            lambda epoch, best, patience: epoch > patience,
            "count the epochs since the best one, not since the start",
        ),
        (lambda epoch, best, patience: epoch - best < patience, "yours stops when it should go on"),
        (lambda epoch, best, patience: epoch - best <= patience, "yours stops when it should go on"),
    )
    # `==` is right too: a training that stops is not asked again afterwards.
    wrong = [
        (case, said)
        for case, said in zip(cases, found, strict=True)
        if said != (case[0] - case[1] >= case[2]) and not case[0] - case[1] > case[2]
    ]
    if not wrong:
        return
    why = next(
        (why for rule, why in mistakes if found == [rule(*case) for case in cases]),
        "how many epochs have passed since the best one?",
    )
    (epoch, best, patience), said = wrong[0]
    raise WrongAnswer(
        f"After epoch {epoch}, with epoch {best} the best and patience={patience}, must_stop gives {said}: {why}."
    )


early_stopping = Exercise(
    name="early_stopping",
    examine=_examine_early_stopping,
    hints=(
        "The loss has failed to improve as many times as epochs have passed since the best one.",
        "Epochs since the best one: epoch - best_epoch. Compare that with patience.",
    ),
    solution_code="""
def must_stop(epoch, best_epoch, patience):
    return epoch - best_epoch >= patience


nb04.early_stopping.check(must_stop)
""",
    because=(
        "So the last epoch is `patience` epochs after the best one, and restore_best_weights=True goes back to "
        "the best."
    ),
)

# --- moving average --------------------------------------------------------------------------------


def _examine_left_over(function: Any) -> None:
    for momentum, updates in ((0.99, 48), (0.9, 48), (0.5, 3), (0.9, 0)):
        found = as_float(result_of(function, momentum, updates, what="left_over"), what="left_over's result")
        right = momentum**updates
        if close(found, right, atol=1e-12):
            continue
        asked = f"left_over({momentum}, {updates}) must be {right:.4g}, yours is {found:.4g}"
        mistakes = (
            (1 - right, "this is the share that the batches have; asked is what is left of the start"),
            ((1 - momentum) ** updates, "each update keeps `momentum` of the old average, not 1 - momentum"),
            (
                momentum * updates,
                "each update multiplies by momentum again: that is a power, not a product with updates",
            ),
            (
                1 - updates * (1 - momentum),
                "the second update takes its share of what is left, not of the whole",
            ),
            (momentum, "this is after one update only"),
        )
        refuse_mistakes(found, mistakes, lead=asked)
        raise WrongAnswer(f"{asked}. After one update momentum is left; and after two?")


left_over = Exercise(
    name="left_over",
    examine=_examine_left_over,
    hints=(
        "After one update the share is momentum, after two momentum × momentum.",
        "Python writes a power as base**exponent.",
    ),
    solution_code="""
def left_over(momentum, updates):
    return momentum**updates


nb04.left_over.check(left_over)
""",
    because="With 0.99 it takes 459 updates until less than 1 % is left, with 0.9 only 44.",
)

# --- find the bugs ---------------------------------------------------------------------------------

_FINE = {
    1: "line 1 is fine: load_data returns two pairs, and the labels are integers",
    4: "line 4 is fine: what line 3 took for validation is cut off the training set",
    6: "line 6 is fine: filters, kernel size, padding and activation are all known to Keras",
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
    12: "which pictures choose the epoch that is kept?",
}


def _examine_bug_lines(answer: Any) -> None:
    check_bug_lines(answer, fine=_FINE, clues=_CLUES, example="[4, 9]")


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "Two are spelling mistakes, one wastes memory, two do not fit the labels and the loss, one is of principle.",
        "Ask of each line: does every name exist? What type and form has each array? Who chooses the epoch?",
    ),
    solution_code="""
bug_lines = [2, 3, 5, 8, 10, 12]
nb04.bug_lines.check(bug_lines)
""",
    because=(
        "Line 2 makes float64, eight times the memory (use Rescaling); line 3 says X_train for x_train; line 5 "
        'needs shape=; line 8 lacks activation="softmax"; line 10 needs the sparse loss for integer labels; '
        "line 12 lets the test set choose what the checkpoint keeps. (As a list the pair runs; a tuple is usual.)"
    ),
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="A 5×5 filter works on a colour picture. How many weights does it have, without the bias?",
    choices={
        "a": ("25", "That would be a filter for a grey picture; it spans every channel that comes in."),
        "b": ("75", "5 × 5 × 3: one weight for each number under it, all added up into one result."),
        "c": (
            "25, used three times",
            "The three channels have weights of their own, so that red can count and blue not.",
        ),
        "d": ("76", "The 76th would be the bias, which the question leaves out."),
    },
    answer="b",
)

quiz_2 = Quiz(
    question=(
        "Your pictures take 6.4 GB as float64. You keep them as uint8 and put Rescaling(1 / 255) first in the "
        "model. What changes?"
    ),
    choices={
        "a": (
            "They take 0.8 GB, and the network sees coarser colours",
            "The files have 256 levels a channel; more digits after the point do not bring back what was never there.",
        ),
        "b": (
            "They take 0.8 GB until training begins; then Rescaling makes all of them float32",
            "The layer works on the batch that passes through the model, never on the whole array.",
        ),
        "c": (
            "They take 0.8 GB, and the network computes with the same values",
            "One byte instead of eight; each batch becomes the same float32 numbers inside the model.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question="Your network scores 90 % on its test set. A user's pictures get 50 %. What is the likeliest reason?",
    choices={
        "a": (
            "The user's pictures were made in another way than training and test pictures",
            "The test set shares its making with the training set, so it cannot warn of this; collect the user's kind.",
        ),
        "b": (
            "The test set was too small",
            "That makes the 90 % uncertain by a few points, not by forty.",
        ),
        "c": (
            "The network overfitted to the training set",
            "Then the test accuracy would be low too, for the test pictures are new to it.",
        ),
        "d": (
            "Softmax does not work on other pictures",
            "Softmax always gives ten probabilities; the features before it are what does not fit.",
        ),
    },
    answer="a",
)

quiz_4 = Quiz(
    question="Training loss falls, validation loss has risen for five epochs. What now?",
    choices={
        "a": (
            "Train on: the training loss shows that it still learns",
            "It learns these pictures by heart; what you want is to be good on others.",
        ),
        "b": (
            "Make the network larger",
            "It has room enough to learn the pictures by heart; more room makes that easier.",
        ),
        "c": (
            "Lower the validation loss by adding the validation pictures to the training set",
            "It would fall, and say nothing any more: nobody would be left to judge.",
        ),
        "d": (
            "Decide which counts, loss or accuracy, go back to its best epoch on the validation set, and look for "
            "more or more varied pictures",
            "A rising loss can go with an accuracy that still creeps up, so `monitor` what you want; more pictures, "
            "augmentation and dropout attack the cause.",
        ),
    },
    answer="d",
)

quiz_5 = Quiz(
    question="1,200 pictures, 4 epochs, batches of 100. How many updates of the weights are that?",
    choices={
        "a": ("12", "That is one epoch: 1,200 / 100. There are four."),
        "b": ("48", "12 batches in an epoch, one update each, four epochs."),
        "c": ("400", "That is 4 × 100; how many batches do 1,200 pictures make?"),
        "d": ("4,800", "So many pictures are looked at; the weights change once for each *batch*."),
    },
    answer="b",
)

quiz_6 = Quiz(
    question="Why does *one convolution with the same kernel* do less work at 16×16 places than at 32×32?",
    choices={
        "a": (
            "It has a quarter of the weights",
            "A filter's weights depend on its size and its channels, not on the picture's size.",
        ),
        "b": (
            "Small pictures need fewer epochs",
            "That is about training time as a whole; the question is about the work for one picture.",
        ),
        "c": (
            "Each filter is computed at a quarter of the places",
            "Work is places × weights: 256 instead of 1,024 places, while the parameters stay as they are.",
        ),
    },
    answer="c",
)
