"""Exercises and quizzes of notebook 09, Visualization."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    agrees,
    as_array,
    as_float,
    close,
    is_unfinished,
    refuse_mistakes,
    result_of,
    worded_shape,
)


def _examine_watch(function: Any) -> None:
    import keras

    if is_unfinished(function):  # before anything is drawn at random
        raise NotAnswered
    inputs = keras.Input((6, 6, 3))
    rng = np.random.default_rng(9)
    x = keras.layers.Conv2D(4, 3, name="first")(inputs)
    y = keras.layers.Conv2D(5, 3, name="second")(x)
    outputs = keras.layers.Dense(2, name="scores")(keras.layers.GlobalAveragePooling2D()(y))
    network = keras.Model(inputs, outputs)
    network.set_weights([rng.normal(size=weight.shape) for weight in network.get_weights()])
    images = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    right = {
        "the network's own output": keras.ops.convert_to_numpy(network(images)),
        "the output of the layer": None,
        "the layer's input": None,
        "the image": images,
    }
    for name, layer_output, layer_input in (("first", x, inputs), ("second", y, x)):
        right["the output of the layer"] = _values(keras.Model(inputs, layer_output), images)
        right["the layer's input"] = (
            images if name == "first" else _values(keras.Model(inputs, layer_input), images)
        )
        found = result_of(function, network, name, what="watch")
        if isinstance(found, (list, tuple, keras.KerasTensor)):
            raise WrongAnswer("Those are outputs. Put keras.Model(model.input, ...) around them.")
        if not isinstance(found, keras.Model):
            raise WrongAnswer(f"watch must return a keras.Model, and it returns {type(found).__name__}.")
        values = found(images)
        if not isinstance(values, (list, tuple)) or len(values) != 2:
            count = len(values) if isinstance(values, (list, tuple)) else 1
            raise WrongAnswer(
                f"Your model has {count} output{'s' * (count != 1)}, not two. Give the outputs as a list of two."
            )
        told = [_recognized(keras.ops.convert_to_numpy(value), right) for value in values]
        if told == ["the output of the layer", "the network's own output"]:
            continue
        if told == ["the network's own output", "the output of the layer"]:
            raise WrongAnswer("Both outputs are right, but the layer's comes first.")
        raise WrongAnswer(
            f'For the layer "{name}", your first output is {told[0]}, and your second {told[1]}. '
            "They should be the output of that layer, and the network's own."
        )


def _values(model: Any, images: np.ndarray) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(model(images))


def _recognized(value: np.ndarray, known: dict[str, Any]) -> str:
    """Which of the known arrays `value` is, in words."""
    for name, array in known.items():
        if array is not None and array.shape == value.shape and np.allclose(array, value, atol=1e-4):
            return name
    return "something else"


watch = Exercise(
    name="watch",
    examine=_examine_watch,
    hints=(
        "keras.Model(inputs, outputs) takes a list of outputs, too.",
        "The first output is model.get_layer(name).output, and the second is model.output.",
    ),
    solution_code="""
def watch(model, name):
    return keras.Model(model.input, [model.get_layer(name).output, model.output])


nb09.watch.check(watch)
""",
    because="Nothing is copied or trained: the new model runs the same layers and hands out one more result.",
)


def _examine_heat_from(function: Any) -> None:
    rng = np.random.default_rng(9)
    for height, width, count in ((4, 5, 3), (2, 2, 2), (7, 7, 6)):
        maps = np.maximum(rng.normal(size=(height, width, count)), 0)
        gradients = rng.normal(size=(height, width, count)) + rng.normal(size=count)
        found = as_array(result_of(function, maps, gradients, what="heat_from"), what="heat_from's result")
        weights = gradients.mean(axis=(0, 1))
        signed = (maps * weights).sum(axis=-1)
        right = np.maximum(signed, 0)
        if found.shape != right.shape:
            raise WrongAnswer(
                f"For maps of {worded_shape(maps.shape)} the heat must be {worded_shape(right.shape)}, one number "
                f"for each place; yours is {worded_shape(found.shape)}."
            )
        if close(found, right):
            continue
        sums = gradients.sum(axis=(0, 1))
        mistakes = (
            (signed, "the sum is right, but negative heat is left in: Grad-CAM ends with a ReLU"),
            (np.abs(signed), "negative heat must become 0, and the absolute value makes it positive"),
            (
                np.maximum((maps * sums).sum(axis=-1), 0),
                "the weight is the mean of a map's gradients, and you took their sum",
            ),
            (
                np.maximum((maps * gradients).sum(axis=-1), 0),
                "each map needs one weight, the mean of its gradients; you multiplied place by place",
            ),
            (
                np.maximum((maps * gradients.mean(axis=-1, keepdims=True)).sum(axis=-1), 0),
                "you averaged over the maps; average over the places, axis=(0, 1)",
            ),
            (
                np.maximum((maps * weights).mean(axis=-1), 0),
                "the weighted maps are added up, and you took their mean",
            ),
            (
                np.maximum(maps * weights, 0).sum(axis=-1),
                "the ReLU comes after the sum, not before it: until then negative weights have to stay",
            ),
            (maps.sum(axis=-1), "the maps are added up without their weights"),
        )
        refuse_mistakes(found, mistakes, lead="Almost")
        row, column = np.argwhere(~agrees(found, right))[0]
        raise WrongAnswer(
            f"At row {row}, column {column} the heat must be {right[row, column]:.3f}, yours is "
            f"{found[row, column]:.3f}. Weight of a map: the mean of its gradients; heat: the ReLU of the weighted sum."
        )


heat_from = Exercise(
    name="heat_from",
    examine=_examine_heat_from,
    hints=(
        "gradients.mean(axis=(0, 1)) has one number for each map.",
        "maps * weights multiplies every map by its weight; add up over the last axis, then np.maximum(..., 0).",
    ),
    solution_code="""
def heat_from(maps, gradients):
    weights = gradients.mean(axis=(0, 1))
    return np.maximum((maps * weights).sum(axis=-1), 0)


nb09.heat_from.check(heat_from)
""",
    because="That is all of Grad-CAM; the framework only supplies the maps and the gradients.",
)


def _examine_iou(function: Any) -> None:
    rng = np.random.default_rng(5)
    blocks = np.zeros((2, 8, 9), dtype=bool)
    blocks[0, 1:5, 2:6] = blocks[1, 3:8, 4:9] = True
    apart = np.zeros((2, 4, 4), dtype=bool)
    apart[0, :2] = apart[1, 2:] = True
    for first, second in (blocks, rng.random((2, 6, 5)) < 0.5, apart, np.ones((2, 3, 3), dtype=bool)):
        result = result_of(function, first, second, what="iou")
        if np.asarray(result).dtype == bool:
            raise WrongAnswer("You return a mask. How many of its values are True? .sum() counts them.")
        found = as_float(result, what="What iou returns")
        both, either = (first & second).sum(), (first | second).sum()
        if close(np.asarray(found), both / either):
            continue
        sizes = f"One area has {first.sum()} pixels, the other {second.sum()}, and they share {both}"
        mistakes = (
            (
                both / first.sum(),
                "you divided by the first area alone; divide by all pixels in at least one of them",
            ),
            (
                both / second.sum(),
                "you divided by the second area alone; divide by all pixels in at least one of them",
            ),
            (
                both / (first.sum() + second.sum()),
                "the sum of the two areas counts the shared pixels twice; count each pixel once",
            ),
            (
                2 * both / (first.sum() + second.sum()),
                "that's the Dice score, a cousin; divide the shared pixels by those in at least one area",
            ),
            (both, "those are the shared pixels; divide them by the pixels in at least one area"),
            (
                (first & second).mean(),
                "you divided by all pixels of the image; leave out those in neither area",
            ),
            (either / both if both else np.inf, "that's upside down: the shared pixels belong on top"),
            ((first == second).mean(), "you also count the pixels that are in neither area"),
        )
        refuse_mistakes(np.asarray(found), mistakes, lead=sizes)
        raise WrongAnswer(f"{sizes}. So the result is {both} / {either}, and yours is {found:.3f}.")


iou = Exercise(
    name="iou",
    examine=_examine_iou,
    hints=(
        "first & second is True where both are, first | second where at least one is.",
        ".sum() counts the True values of a mask.",
    ),
    solution_code="""
def iou(first, second):
    return (first & second).sum() / (first | second).sum()


nb09.iou.check(iou)
""",
    because="It is 1 only if the two areas are the same, so a box can't win by being huge.",
)


quiz_1 = Quiz(
    question=(
        "A heat map of 7 × 7 numbers is stretched to 224 × 224 pixels, and its glow ends exactly at an animal's ear. "
        "What does that tell you?"
    ),
    choices={
        "a": (
            "Roughly where evidence was added up, and nothing finer than the 7 × 7",
            "One number is drawn over 32 × 32 pixels and sees even more, so the stretching made that border.",
        ),
        "b": (
            "That the network has found the outline of the ear",
            "An outline that fine can't be in 49 numbers. The stretching made it.",
        ),
        "c": (
            "Nothing, because 49 numbers are too few to tell where anything is",
            "They're enough to tell left from right, and you've seen that they do.",
        ),
    },
    answer="a",
)

quiz_2 = Quiz(
    question="A new kind of heat map follows the outlines of things beautifully. What would you check first?",
    choices={
        "a": (
            "Whether most people find it convincing",
            "People find the edge detector convincing, too.",
        ),
        "b": (
            "Whether it changes when the weights become random",
            "If it doesn't, it shows the photograph, and not what the network has learned.",
        ),
        "c": (
            "Whether the network's answer is right",
            "That's about the network. It says nothing about how the map was made.",
        ),
    },
    answer="b",
)

quiz_3 = Quiz(
    question=(
        "A network calls a frog a cat, and nearly all of the heat lies on the frog. What does the heat tell you about "
        "the mistake?"
    ),
    choices={
        "a": (
            "That the background didn't mislead it",
            "Each of the 49 places sees the background, too. To rule it out, change the background and ask again.",
        ),
        "b": (
            "That the frog's color misled it",
            "It may have. But shape, color, and texture lie in the same place, so the map can't tell them apart.",
        ),
        "c": (
            "Roughly where the evidence was added up, but not what it was",
            "To find out what it was, change one thing about the frog, and ask again.",
        ),
    },
    answer="c",
)
