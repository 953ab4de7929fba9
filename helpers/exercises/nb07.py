"""Exercises and quizzes of notebook 07, transfer learning."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    check_bug_lines,
    check_counts,
    close,
    is_unfinished,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- count the head --------------------------------------------------------------------------------

_BACKBONE, _HIDDEN, _LAST = 3_413_024, 256 * (1280 + 1), 5 * (256 + 1)


def _examine_count_the_head(to_train: Any, altogether: Any) -> None:
    cases = (
        ("to_train", to_train, _HIDDEN + _LAST, {
            256 * 1280 + 5 * 256: "the weights are right; each unit has a bias too",
            _HIDDEN: "this is the first dense layer; the last one learns too",
            _LAST: "this is the last dense layer; the one before it learns too",
            256 * (3 * 3 * 1280 + 1) + _LAST: "pooling leaves one number for each of the 1,280 maps, not 3×3",
            _BACKBONE: "this is the backbone, the part that does *not* learn",
            _BACKBONE + _HIDDEN + _LAST: "this is all of them; the backbone is frozen",
        }),
        ("altogether", altogether, _BACKBONE + _HIDDEN + _LAST, {
            _BACKBONE: "add the two dense layers",
            _HIDDEN + _LAST: "the backbone's parameters are still there, even if they do not learn",
            4_694_024 + _HIDDEN + _LAST: "the old classifier's 1,281,000 are gone: start from the backbone alone",
        }),
    )  # fmt: skip
    check_counts(cases, otherwise="a dense layer has (inputs + 1) × units parameters, pooling has none")


count_the_head = Exercise(
    name="count_the_head",
    examine=_examine_count_the_head,
    hints=(
        "Global average pooling leaves 1,280 numbers. A dense layer has (inputs + 1) × units parameters.",
        "256 × 1,281 and 5 × 257 learn; the backbone's 3,413,024 come on top for the sum.",
    ),
    solution_code="""
to_train = (1280 + 1) * 256 + (256 + 1) * 5
altogether = 3_413_024 + to_train
nb07.count_the_head.check(to_train, altogether)
""",
    because="329,221 of 3,742,245: less than a tenth of the network learns.",
)

# --- build on a backbone ---------------------------------------------------------------------------


def _tiny_backbone() -> Any:
    """A convolution and a BatchNorm whose stored averages differ from every batch's."""
    import keras

    inputs = keras.Input(shape=(6, 6, 3))
    x = keras.layers.Conv2D(filters=8, kernel_size=3)(inputs)
    outputs = keras.layers.BatchNormalization()(x)
    backbone = keras.Model(inputs, outputs)
    # its own, so that an answer does not change what the lesson draws afterwards
    rng = np.random.default_rng(3)
    for weight in backbone.weights:
        weight.assign(rng.uniform(0.2, 1.0, size=weight.shape))
    return backbone


def _examine_build_on(function: Any) -> None:
    import keras

    if is_unfinished(function):  # before anything is built, since Keras draws seeds for its layers
        raise NotAnswered
    backbone = _tiny_backbone()
    model = result_of(function, backbone, 3, what="build_on")
    if not isinstance(model, keras.Model):
        raise WrongAnswer(f"build_on must return a keras.Model, and it returns {type(model).__name__}.")
    if tuple(model.output.shape) != (None, 3):
        got = worded_shape(tuple(size or "images" for size in model.output.shape))
        raise WrongAnswer(f"For three classes the output must be images×3, and yours is {got}.")
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if len(dense) != 1:
        raise WrongAnswer(f"The head is one dense layer with softmax; yours has {len(dense)} dense layers.")
    if dense[0].kernel.shape[0] != 8:
        raise WrongAnswer(
            f"The dense layer has {dense[0].kernel.shape[0]} inputs; global average pooling of 8 maps gives 8."
        )
    if backbone.trainable:
        raise WrongAnswer("The backbone is not frozen: backbone.trainable must be False.")
    learning = [tuple(weight.shape) for weight in model.trainable_weights]
    if learning != [(8, 3), (3,)]:
        raise WrongAnswer("Only the dense layer's weights and biases may learn; more than these can.")
    images = np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype("float32")
    got = keras.ops.convert_to_numpy(model(images))
    features = keras.ops.convert_to_numpy(backbone(images, training=False))
    kernel, bias = dense[0].get_weights()
    scores = features.mean(axis=(1, 2)) @ kernel + bias
    if np.allclose(got, scores, atol=1e-4):
        raise WrongAnswer('These are scores, not probabilities: the dense layer needs activation="softmax".')
    if np.allclose(got, 1 / (1 + np.exp(-scores)), atol=1e-4):
        raise WrongAnswer("The classes exclude each other: softmax, not sigmoid.")
    exponentials = np.exp(features.max(axis=(1, 2)) @ kernel + bias)
    if np.allclose(got, exponentials / exponentials.sum(axis=1, keepdims=True), atol=1e-4):
        raise WrongAnswer("Your pooling takes the maximum of each map; the average was asked for.")
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    if not np.allclose(got, exponentials / exponentials.sum(axis=1, keepdims=True), atol=1e-4):
        raise WrongAnswer("The values are not those of backbone, global average pooling, dense with softmax.")


build_on = Exercise(
    name="build_on",
    examine=_examine_build_on,
    hints=(
        "Three things: freeze (trainable), pool, classify.",
        "layers.GlobalAveragePooling2D()(x), then layers.Dense(units=classes, activation=...)(x).",
    ),
    solution_code="""
def build_on(backbone, classes):
    backbone.trainable = False
    inputs = keras.Input(shape=backbone.input_shape[1:])
    x = backbone(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(units=classes, activation="softmax")(x)
    return keras.Model(inputs, outputs)


nb07.build_on.check(build_on)
""",
    because="Only the dense layer learns, and the frozen BatchNorm layers keep using their stored averages.",
)

# --- so many of every class ------------------------------------------------------------------------


def _examine_choose(function: Any) -> None:
    rng = np.random.default_rng(7)
    for classes, members, count in ((3, 20, 4), (10, 30, 5), (2, 6, 6)):
        labels = rng.permutation(np.repeat(np.arange(classes), members))
        found = as_array(result_of(function, labels, count, 1, what="choose"), what="choose's result").ravel()
        case = f"For {classes} classes and count={count}"
        if len(found) == count and classes > 1:
            raise WrongAnswer(
                f"{case} you give {count} places; {count} of *every* class are {count * classes}."
            )
        if len(found) != count * classes:
            raise WrongAnswer(f"{case} there must be {count * classes} places, and yours are {len(found)}.")
        if found.min() < 0 or found.max() >= len(labels) or (found % 1).any():
            raise WrongAnswer(f"{case} the places must be whole numbers from 0 to {len(labels) - 1}.")
        if np.array_equal(np.sort(found), np.sort(np.repeat(np.arange(classes), count))):
            raise WrongAnswer(f"{case} you give labels back; wanted are places in the array of labels.")
        if len(np.unique(found)) < len(found):
            raise WrongAnswer(f"{case} some place comes twice: draw with replace=False.")
        counts = np.bincount(labels[found.astype(int)], minlength=classes)
        if (counts != count).any():
            k = int(np.flatnonzero(counts != count)[0])
            raise WrongAnswer(
                f"{case} class {k} comes {counts[k]} times. Draw from each class by itself, not from all."
            )
    labels = np.repeat(np.arange(4), 25)
    one, again, other = (np.sort(np.ravel(result_of(function, labels, 5, seed))) for seed in (1, 1, 2))
    if not np.array_equal(one, again):
        raise WrongAnswer("Two calls with the same seed must choose the same places: draw with rng.")
    if np.array_equal(one, other):
        raise WrongAnswer("Another seed must choose other places: take them at random, not the first ones.")


choose = Exercise(
    name="choose",
    examine=_examine_choose,
    hints=(
        "np.flatnonzero(labels == k) are the places of class k; rng.choice(places, size=count, replace=False) draws.",
        "Do it for every k in np.unique(labels), and join the parts with np.concatenate([...]).",
    ),
    solution_code="""
def choose(labels, count, seed):
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.choice(np.flatnonzero(labels == k), size=count, replace=False) for k in np.unique(labels)]
    )


nb07.choose.check(choose)
""",
    because="With few images it matters that no class gets fewer by bad luck.",
)

# --- find the bug: preprocessing -------------------------------------------------------------------


def _examine_mend_inputs(lowest: Any, highest: Any, function: Any) -> None:
    low, high = as_float(lowest, what="lowest"), as_float(highest, what="highest")
    if is_unfinished(function):
        raise NotAnswered
    if not np.isclose(low, -1, atol=1e-3):
        advice = {0.0: "0 / 255 is 0, and then comes the second line", 1.0: "mind the sign"}
        raise WrongAnswer(f"lowest is not {low:g}: {advice.get(low, 'put a pixel of 0 through both lines')}.")
    if not np.isclose(high, 1 / 127.5 - 1, atol=1e-3):
        advice = {
            1.0: "that is what it should be; put 255 through both lines as they stand",
            -1.0: "very near; 255 / 255 is 1, and 1 / 127.5 is not quite nothing: give three decimals",
        }
        raise WrongAnswer(f"highest is not {high:g}: {advice.get(high, 'put 255 through both lines')}.")
    images = np.random.default_rng(2).integers(0, 256, (2, 4, 5, 3), np.uint8)
    images[0, 0, 0], images[0, 0, 1] = 0, 255
    values = images.astype(float)
    found = as_array(
        result_of(function, images, what="inputs_for_backbone"), what="inputs_for_backbone's result"
    )
    if found.shape != images.shape:
        raise WrongAnswer(
            f"The shape must stay {worded_shape(images.shape)}; yours is {worded_shape(found.shape)}."
        )
    if close(found, values / 127.5 - 1, atol=2e-3):
        return
    mistakes = (
        (values / 255 / 127.5 - 1, "this is still rescaled twice"),
        (values / 255, "these values go from 0 to 1; the backbone wants -1 to 1"),
        (values, "these are the pixels from 0 to 255 as they were"),
        (values / 127.5, "these values go from 0 to 2; move them down by 1"),
        (values / 255 - 0.5, "these values go from -0.5 to 0.5: half the contrast that the backbone knows"),
        (1 - values / 127.5, "this turns dark into bright"),
        ((images * np.uint8(2)) / 255 - 1, "doubling a uint8 above 127 goes past 255 and begins at 0 again"),
        ((images - np.uint8(127)) / 128, "subtracting from a uint8 goes below 0 and begins at 255 again"),
    )
    refuse_mistakes(found, mistakes, lead="Not from -1 to 1")
    raise WrongAnswer(
        f"For pixels from 0 to 255 yours gives {found.min():.3g} to {found.max():.3g}; it must be -1 to 1, evenly."
    )


mend_inputs = Exercise(
    name="mend_inputs",
    examine=_examine_mend_inputs,
    hints=(
        "Put one number through the two lines by hand: 0 / 255, then / 127.5 - 1. Then 255.",
        "The second line alone does the whole work.",
    ),
    solution_code="""
lowest = 0 / 255 / 127.5 - 1
highest = 255 / 255 / 127.5 - 1


def inputs_for_backbone(images):
    return images / 127.5 - 1.0


nb07.mend_inputs.check(lowest, highest, inputs_for_backbone)
""",
    because="Rescaled twice, every image became almost the same black: -1 to -0.992.",
)

# --- find the bugs: a script -----------------------------------------------------------------------

_FINE = {
    2: "line 2 is fine: the backbone is frozen before compile",
    3: "line 3 is fine: 160×160 RGB images, and convolutions do not mind the size",
    5: "line 5 is fine: it is the right preprocessing, if it gets pixels from 0 to 255",
    6: "line 6 is fine: the backbone is frozen here, and so in inference mode",
    7: "line 7 is fine: it makes one number of each feature map",
    8: "line 8 is fine: one probability for each of the five classes",
    9: "line 9 is fine: a Functional model needs its inputs and outputs",
    10: "line 10 is fine: a usual rate for a fresh head, and a loss for integer labels",
    11: "line 11 is fine: first the head alone",
}
_CLUES = {
    1: "what does this network end with, and what does line 7 need?",
    4: "what values does line 5 expect, and what values does it get?",
    12: "it unfreezes *every* layer: which kind should stay frozen, as its averages come from ImageNet?",
    13: "when does a changed `trainable` take effect, and with which learning rate does line 13 train?",
}


def _examine_bug_lines(answer: Any) -> None:
    check_bug_lines(answer, fine=_FINE, clues=_CLUES, example="[2, 9]")


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "One crashes, one spoils the inputs, one unfreezes too much, one trains something else than was meant.",
        "Follow the shape through lines 1 to 8, then the pixel values, then what lines 12 and 13 really change.",
    ),
    solution_code="""
bug_lines = [1, 4, 12, 13]
nb07.bug_lines.check(bug_lines)
""",
    because=(
        "Line 1 needs include_top=False; line 4 rescales what line 5 rescales again; line 12 unfreezes BatchNorm too; "
        "before line 13 model.compile is missing, with a small rate: without it fit goes on training the head alone."
    ),
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="Why does the network not say that the astronaut is none of its classes?",
    choices={
        "a": (
            'because its 1,000 probabilities add up to 1, and none of them stands for "none"',
            "Softmax shares out 100 % among the classes that there are; a class it does not have gets nothing.",
        ),
        "b": (
            "because 16 % is still high enough; below 10 % it would say none",
            "No threshold is built in: argmax answers even at 1 %. You may set one, but see the rocket.",
        ),
        "c": (
            "because the photograph is too small",
            "A larger photograph adds pixels, but no class.",
        ),
    },
    answer="a",
)

quiz_2 = Quiz(
    question="Our backbone was trained on images of 224×224. Why can it take 96×96 here?",
    choices={
        "a": (
            "Keras shrinks the kernels accordingly",
            "A 3×3 kernel stays a 3×3 kernel; there are merely fewer places to put it.",
        ),
        "b": (
            "Keras enlarges the images to 224×224 first",
            "Nothing enlarges them: the feature maps become smaller, as you saw.",
        ),
        "c": (
            "a convolution has the same weights at every place, so it does not care how many places there are",
            "Only a dense layer after Flatten ties a network to one image size.",
        ),
    },
    answer="c",
)

quiz_3 = Quiz(
    question=(
        "You set backbone.trainable = False and train the head with fit. "
        "What do the backbone's BatchNorm layers normalise with?"
    ),
    choices={
        "a": (
            "the mean and variance of the batch",
            "They would if they could learn; in Keras a frozen BatchNorm layer uses its stored averages.",
        ),
        "b": (
            "nothing: they pass the numbers on unchanged",
            "They still normalise; the question is by what.",
        ),
        "c": (
            "the averages stored from ImageNet",
            "Frozen means inference mode for BatchNorm, even while fit trains the layers after it.",
        ),
    },
    answer="c",
)

quiz_4 = Quiz(
    question="In which case can the features NOT be computed once and kept?",
    choices={
        "a": (
            "the head has dropout",
            "Dropout comes after the features: they are the same in every epoch.",
        ),
        "b": (
            "the training images are turned and shifted at random, anew in every epoch",
            "Another image has other features: each epoch needs its own pass through the backbone.",
        ),
        "c": (
            "three heads for three tasks are trained on the same images",
            "That is where it pays most: one pass serves all three.",
        ),
    },
    answer="b",
)

quiz_5 = Quiz(
    question=(
        "A classifier for mushrooms was trained and tested on photographs from one forest: 95 % right on those held "
        "back. What do you expect in another country?"
    ),
    choices={
        "a": (
            "95 %, since the test photographs were not trained on",
            "They were held back, but they are more of the same: the same forest, light and camera.",
        ),
        "b": (
            "something lower, and only photographs from there can tell how much",
            "As with new art: a test on more of the same says little about what is different.",
        ),
        "c": (
            "half of 95 %, as with the new art here",
            "What was lost here belongs to these drawings; there it may be less or more.",
        ),
    },
    answer="b",
)

quiz_6 = Quiz(
    question="Why is the head trained before anything is unfrozen?",
    choices={
        "a": (
            "a trained head is a better start, and on kept features it costs almost nothing",
            "The usual further reason, that a fresh head's first gradients pull good features apart, is a good "
            "question to your own data: here the unfrozen fresh head did better than the frozen one.",
        ),
        "b": (
            "Keras cannot train a head and a backbone at the same time",
            "It can, and it does so with the fresh head that you have just seen.",
        ),
        "c": (
            "it saves the memory for the features",
            "It has nothing to do with memory.",
        ),
    },
    answer="a",
)

quiz_7 = Quiz(
    question="Pixels from 0 to 255 where -1 to 1 were wanted, in training and in use. What will you notice?",
    choices={
        "a": ("an error message: the values do not fit", "Any numbers fit; nothing checks them for you."),
        "b": (
            "a loss that is not a number",
            "The numbers are ordinary ones, and the head learns what it can from them.",
        ),
        "c": (
            "nothing, unless you know how good it should be",
            "It learns, and it tests well enough to look like a hard task. So compare with a known result.",
        ),
    },
    answer="c",
)
