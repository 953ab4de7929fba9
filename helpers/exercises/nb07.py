"""Exercises and quizzes of notebook 07, Transfer learning."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    check_bug_lines,
    check_counts,
    has_blank,
    is_unfinished,
    result_of,
    worded_shape,
)

# --- count the head --------------------------------------------------------------------------------

_BACKBONE, _HIDDEN, _LAST = 3_413_024, 256 * (1280 + 1), 5 * (256 + 1)


def _examine_count_the_head(to_train: Any, altogether: Any) -> None:
    cases = (
        ("to_train", to_train, _HIDDEN + _LAST, {
            256 * 1280 + 5 * 256: "the weights are right, but each unit has a bias, too",
            _HIDDEN: "that's the first dense layer, and the last one learns, too",
            _LAST: "that's the last dense layer, and the one before it learns, too",
            256 * (7 * 7 * 1280 + 1) + _LAST: "pooling leaves one number of each of the 1,280 maps, not 7×7",
            _BACKBONE: "that's the backbone, the part that does *not* learn",
            _BACKBONE + _HIDDEN + _LAST: "those are all of them, but the backbone is frozen",
        }),
        ("altogether", altogether, _BACKBONE + _HIDDEN + _LAST, {
            _BACKBONE: "add the two dense layers",
            _HIDDEN + _LAST: "the backbone's parameters are still there, even if they don't learn",
            4_694_024 + _HIDDEN + _LAST: "the old head's 1,281,000 are gone, so start from the backbone alone",
        }),
    )  # fmt: skip
    check_counts(cases, otherwise="a dense layer has (inputs + 1) × units parameters, and pooling has none")


count_the_head = Exercise(
    name="count_the_head",
    examine=_examine_count_the_head,
    hints=(
        "Global average pooling leaves 1,280 numbers. A dense layer has (inputs + 1) × units parameters.",
        "256 × 1,281 and 5 × 257 learn. For the sum, add the backbone's 3,413,024.",
    ),
    solution_code="""
to_train = (1280 + 1) * 256 + (256 + 1) * 5
altogether = 3_413_024 + to_train
nb07.count_the_head.check(to_train, altogether)
""",
    because="That's 329,221 of 3,742,245: less than a tenth of the network learns.",
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
        raise WrongAnswer(f"The head is one dense layer with softmax, and yours has {len(dense)}.")
    if dense[0].kernel.shape[0] != 8:
        raise WrongAnswer(
            f"The dense layer has {dense[0].kernel.shape[0]} inputs, but global average pooling of 8 maps gives 8."
        )
    if backbone.trainable:
        raise WrongAnswer("The backbone isn't frozen: backbone.trainable must be False.")
    learning = [tuple(weight.shape) for weight in model.trainable_weights]
    if learning != [(8, 3), (3,)]:
        raise WrongAnswer("Only the dense layer's weights and biases may learn, but in yours more can.")
    images = np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype("float32")
    got = keras.ops.convert_to_numpy(model(images))
    features = keras.ops.convert_to_numpy(backbone(images, training=False))
    kernel, bias = dense[0].get_weights()
    scores = features.mean(axis=(1, 2)) @ kernel + bias
    if np.allclose(got, scores, atol=1e-4):
        raise WrongAnswer('These are logits, not probabilities: the dense layer needs activation="softmax".')
    if np.allclose(got, 1 / (1 + np.exp(-scores)), atol=1e-4):
        raise WrongAnswer("A photo belongs to one class only, so it's softmax, not sigmoid.")
    exponentials = np.exp(features.max(axis=(1, 2)) @ kernel + bias)
    if np.allclose(got, exponentials / exponentials.sum(axis=1, keepdims=True), atol=1e-4):
        raise WrongAnswer("Your pooling takes the maximum of each map, and we want the average.")
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    if not np.allclose(got, exponentials / exponentials.sum(axis=1, keepdims=True), atol=1e-4):
        raise WrongAnswer("The values aren't those of backbone, global average pooling, dense with softmax.")


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
    because="Only the dense layer learns, whatever backbone you put it on.",
)

# --- find the bugs: a script -----------------------------------------------------------------------

_FINE = {
    2: "line 2 is fine: the backbone is frozen before compile",
    3: "line 3 is fine: 160×160 color images, and convolutions don't mind the size",
    5: "line 5 is fine",  # or line 4 is: see below
    6: "line 6 is fine: with training=False, BatchNorm would use stored averages, but its γ and β would still learn",
    7: "line 7 is fine: it turns each feature map into one number",
    8: "line 8 is fine: one probability for each of the five classes",
    9: "line 9 is fine: a Functional model needs its inputs and outputs",
    10: "line 10 is fine: a usual rate for a new head, and a loss for integer labels",
    11: "line 11 is fine: first the head alone",
}
_CLUES = {
    1: "what does this network end with, and what does line 7 need?",
    4: "what values does line 5 expect, and what values does line 4 give it?",
    12: "it unfreezes *every* layer, but which kind should stay frozen?",
    13: "when does a changed `trainable` take effect, and with which learning rate does line 13 train?",
}


def _examine_bug_lines(answer: Any) -> None:
    """The double scaling can be cured in line 4, by leaving it out, or in line 5, by scaling 0…1 to −1…1."""
    fine, clues = dict(_FINE), dict(_CLUES)
    if _names(answer, 5):
        if _names(answer, 4):
            raise WrongAnswer(
                "Lines 4 and 5 don't go together, but changing one of them is enough: name only one."
            )
        clues[5], fine[4] = clues.pop(4), fine.pop(5)
    check_bug_lines(answer, fine=fine, clues=clues, example="[2, 9]")


def _names(answer: Any, line: int) -> bool:
    """Whether a list of lines holds this one; what isn't such a list is judged later."""
    if isinstance(answer, (str, bytes, dict)) or has_blank(answer):
        return False
    items = list(answer) if isinstance(answer, (set, frozenset, range)) else answer
    return line in np.ravel(np.asarray(items, dtype=object)).tolist()


bug_lines = Exercise(
    name="bug_lines",
    examine=_examine_bug_lines,
    hints=(
        "One crashes, one spoils the inputs, one unfreezes too much, one trains something other than was meant.",
        "Follow the shape through lines 1 to 8, then the pixel values, then what lines 12 and 13 really change.",
    ),
    solution_code="""
bug_lines = [1, 4, 12, 13]
nb07.bug_lines.check(bug_lines)
""",
    because=(
        "Line 1 needs include_top=False. Lines 4 and 5 both rescale: drop line 4, or replace line 5. Line 12 "
        "unfreezes BatchNorm, too. Before line 13, model.compile with a small rate is missing; without it, fit goes on "
        "training the head alone."
    ),
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question="Why doesn't the network say that the astronaut belongs to none of its classes?",
    choices={
        "a": (
            "because 16% is still high enough, and below 10% it would say so",
            "No threshold is built in: the largest probability wins, even if it's only 1%.",
        ),
        "b": (
            "because its 1,000 probabilities add up to 1, and none of them means *none*",
            "Softmax shares out 100% among the classes there are, so a class that isn't there gets nothing.",
        ),
        "c": (
            "because the photo is too small to recognize a space suit",
            "A larger photo adds pixels, but it doesn't add a class.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="In which case can you NOT compute the features once and keep them?",
    choices={
        "a": (
            "each training photo is turned and recolored at random in every epoch",
            "Every time it's another photo with other features, so it has to go through the backbone again.",
        ),
        "b": (
            "the new head has a dropout layer in front of its dense layer",
            "Dropout comes after the features, and they're the same in every epoch.",
        ),
        "c": (
            "three heads, for three different tasks, learn from the same photos",
            "That's where it pays off most, because one pass through the backbone serves all three.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question=(
        "A mushroom classifier learned from photos taken in one forest, and gets 95% of *other* photos from that "
        "forest right. What do you expect in another country?"
    ),
    choices={
        "a": (
            "95%, because it was tested on photos that it hadn't learned from",
            "True, but they're more of the same: the same forest, the same light, the same camera.",
        ),
        "b": (
            "about 20%, because a network knows only its own forest",
            "Much of what it learned may hold there, too, and nothing in the 95% tells you how much.",
        ),
        "c": (
            "probably less, but only photos taken there can tell how much",
            "As with the drawings by other artists in notebook 04: a test on more of the same can't tell.",
        ),
    },
    answer="c",
)

quiz_4 = Quiz(
    question=(
        "On your 50 validation photos, the head gets 46 right, and the fine-tuned network 47. Which do you keep?"
    ),
    choices={
        "a": (
            "the fine-tuned network, because 94% is better than 92%",
            "It's one photo of 50, and the standard error of such a score is almost 4 points.",
        ),
        "b": (
            "the head, because one photo may well be luck, and the head is simpler",
            "One photo of 50 proves nothing. More photos might, but until then the simpler network will do.",
        ),
        "c": (
            "the one that also does better on the test photos",
            "Then the test photos have chosen, and you've nothing left for a fair score.",
        ),
    },
    answer="b",
)
