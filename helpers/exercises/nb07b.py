"""Exercises and quizzes of notebook 07b, What spoils it."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    close,
    is_unfinished,
    refuse_mistakes,
    result_of,
    worded_shape,
)

# --- find the bug: preprocessing -------------------------------------------------------------------


def _examine_mend_inputs(lowest: Any, highest: Any, function: Any) -> None:
    low, high = as_float(lowest, what="lowest"), as_float(highest, what="highest")
    if is_unfinished(function):
        raise NotAnswered
    if not np.isclose(low, -1, atol=1e-3):
        advice = {0.0: "0 / 255 is 0, but then comes the second line", 1.0: "mind the sign"}
        raise WrongAnswer(f"lowest isn't {low:g}: {advice.get(low, 'put a pixel of 0 through both lines')}.")
    if not np.isclose(high, 1 / 127.5 - 1, atol=1e-3):
        advice = {
            1.0: "that's what it should be, so put 255 through both lines as they stand",
            -1.0: "very near, but 1 / 127.5 isn't quite nothing, so give three decimals",
        }
        raise WrongAnswer(f"highest isn't {high:g}: {advice.get(high, 'put 255 through both lines')}.")
    images = np.random.default_rng(2).integers(0, 256, (2, 4, 5, 3), np.uint8)
    images[0, 0, 0], images[0, 0, 1] = 0, 255
    values = images.astype(float)
    found = as_array(result_of(function, images, what="prepared"), what="What prepared returns")
    if found.shape != images.shape:
        raise WrongAnswer(
            f"The shape must stay {worded_shape(images.shape)}, and yours is {worded_shape(found.shape)}."
        )
    if close(found, values / 127.5 - 1, atol=2e-3):
        return
    mistakes = (
        (values / 255 / 127.5 - 1, "this is still rescaled twice"),
        (values / 255, "these values go from 0 to 1, but the backbone wants -1 to 1"),
        (values, "these are the pixels from 0 to 255 as they were"),
        (values / 127.5, "these values go from 0 to 2, so move them down by 1"),
        (values / 255 - 0.5, "these values go from -0.5 to 0.5, half the contrast that the backbone knows"),
        (1 - values / 127.5, "this turns dark into bright"),
        ((images * np.uint8(2)) / 255 - 1, "doubling a uint8 above 127 goes past 255 and starts at 0 again"),
        (
            (images - np.uint8(127)) / 128,
            "subtracting from a uint8 goes below 0 and starts at 255 again",
        ),
    )
    refuse_mistakes(found, mistakes, lead="Not from -1 to 1")
    raise WrongAnswer(
        f"For pixels from 0 to 255 yours gives {found.min():.3g} to {found.max():.3g}. It must be -1 to 1, evenly."
    )


mend_inputs = Exercise(
    name="mend_inputs",
    examine=_examine_mend_inputs,
    hints=(
        "Put one number through the two lines by hand: 0 / 255, then / 127.5 - 1. Then do the same with 255.",
        "The second line alone does the whole job.",
    ),
    solution_code="""
lowest, highest = 0 / 255 / 127.5 - 1, 255 / 255 / 127.5 - 1


def prepared(images):
    return images / 127.5 - 1.0


nb07b.mend_inputs.check(lowest, highest, prepared)
""",
    because="Rescaled twice, every image became almost the same black: from -1 to -0.992.",
)

# --- unfreeze the top, but not its BatchNorm ---------------------------------------------------------


def _tiny_backbone() -> Any:
    """Three convolutions, each with a BatchNorm of its own, as a Functional model."""
    import keras

    inputs = x = keras.Input(shape=(4, 4, 2))
    for number in (1, 2, 3):
        x = keras.layers.Conv2D(filters=2, kernel_size=1, name=f"conv_{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm_{number}")(x)
    return keras.Model(inputs, x)


def _examine_unfreeze(function: Any) -> None:
    if is_unfinished(function):  # before anything is built, since Keras draws seeds for its layers
        raise NotAnswered
    for first in ("conv_2", "norm_2", "conv_1", "conv_3"):
        for frozen_before in (True, False):
            backbone = _tiny_backbone()
            backbone.trainable = not frozen_before
            _call_without_return(function, backbone, first)
            layers = {layer.name: layer for layer in backbone.layers if layer.weights}
            learning = {name for name, layer in layers.items() if layer.trainable_weights}
            names = list(layers)
            top = names[names.index(first) :]
            wanted = {name for name in top if name.startswith("conv")}
            case = f'For layers {", ".join(names)} and first="{first}"'
            if learning == wanted and backbone.trainable:
                continue
            if not backbone.trainable:
                raise WrongAnswer(
                    f"{case}, the backbone as a whole is still frozen, and then no layer in it learns. "
                    "Set backbone.trainable = True first, and then each layer."
                )
            if norms := sorted(name for name in learning if name.startswith("norm")):
                raise WrongAnswer(f"{case}, {norms[0]} can learn, but BatchNorm must stay frozen.")
            if early := sorted(learning - set(top)):
                raise WrongAnswer(
                    f"{case}, {early[0]} can learn, but it comes before {first}. "
                    f"(This backbone was {'frozen' if frozen_before else 'not frozen'} when you got it.)"
                )
            if missing := sorted(wanted - learning):
                raise WrongAnswer(f"{case}, {missing[0]} is still frozen.")


def _call_without_return(function: Any, *arguments: Any) -> None:
    """Call a function that changes its argument and needn't return anything."""

    def called(*given: Any) -> bool:
        function(*given)
        return True

    if not callable(function):
        result_of(function, *arguments, what="unfreeze")
    result_of(called, *arguments, what="unfreeze")


unfreeze = Exercise(
    name="unfreeze",
    examine=_examine_unfreeze,
    hints=(
        "Two questions for each layer: have you reached `first` yet, and is it a BatchNormalization?",
        "reached = reached or layer.name == first, and then layer.trainable = reached and not isinstance(...).",
    ),
    solution_code="""
def unfreeze(backbone, first):
    backbone.trainable = True
    reached = False
    for layer in backbone.layers:
        reached = reached or layer.name == first
        layer.trainable = reached and not isinstance(layer, layers.BatchNormalization)


nb07b.unfreeze.check(unfreeze)
""",
    because="Compile afterward, with a small learning rate, or nothing of this takes effect.",
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question=(
        "You train a head and use it, each time with pixels from 0 to 255 instead of −1 to 1. What will you notice?"
    ),
    choices={
        "a": (
            "an error message, because the values don't fit",
            "Any numbers fit, and nothing checks them for you.",
        ),
        "b": (
            "a loss that isn't a number",
            "The features are ordinary numbers, and the head learns what it can from them.",
        ),
        "c": (
            "nothing, unless you know how good it should be",
            "It learns, and it tests well enough to look like a hard task. So compare it with something you know.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question=(
        "You set backbone.trainable = False and train the head with fit. What do the backbone's BatchNorm layers "
        "normalize with?"
    ),
    choices={
        "a": (
            "the averages stored from ImageNet",
            "In Keras, a frozen BatchNorm layer is in inference mode, even while fit trains the layers after it.",
        ),
        "b": (
            "the mean and variance of the batch",
            "They would, if they could learn. A frozen BatchNorm layer uses its stored averages.",
        ),
        "c": ("nothing: they pass the numbers on", "They still normalize; the question is by what."),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="Before fine-tuning, the loss is 0.9; after the first epoch, it's 14. What's the likeliest cause?",
    choices={
        "a": (
            "the head was trained for too long before",
            "A well-trained head starts with a low loss, and small steps change it little.",
        ),
        "b": (
            "the learning rate is too large",
            "The steps moved the weights so far that the features no longer fit the head. Try a tenth of the rate.",
        ),
        "c": (
            "there are too few training images",
            "Too few images show up later, and in the validation loss: the training loss goes on falling.",
        ),
    },
    answer="b",
)
