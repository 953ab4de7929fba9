"""Exercises and quizzes of notebook 06b, Why shortcuts work."""

import math
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
    result_of,
    worded_shape,
)


def _examine_variance_after(bare: Any, normalized: Any) -> None:
    bare, normalized = as_float(bare, what="bare_variance"), as_float(normalized, what="normalized_variance")
    bare_advice = {
        13: "bare_variance: that would be 1 more with each block, but here each block doubles it.",
        24: "bare_variance: doubling twelve times isn't the same as 2 × 12.",
        2048: "bare_variance: there are twelve doublings, and you've made eleven.",
        8192: "bare_variance: that's one doubling too many, because the input has variance 1.",
        1: "bare_variance: each block adds two variances, so it can't stay 1.",
    }
    normalized_advice = {
        12: "normalized_variance: don't forget the input, which has variance 1 itself.",
        4096: "normalized_variance: now every F(x) has variance 1, however large x has become.",
        1: "normalized_variance: F(x) is normalized, but the sum isn't.",
    }
    if not close(np.asarray(bare), 4096):
        text = f"bare_variance: it isn't {bare:g}. After one block it's 1 + 1 = 2. And after two?"
        raise WrongAnswer(bare_advice.get(bare, text))
    if not close(np.asarray(normalized), 13):
        text = f"normalized_variance: it isn't {normalized:g}. Each block adds 1 to what's there."
        raise WrongAnswer(normalized_advice.get(normalized, text))


variance_after = Exercise(
    name="variance_after",
    examine=_examine_variance_after,
    hints=(
        "The variances of x and F(x) add up. Work out one block for each case, then the next.",
        "bare: 1, 2, 4, 8, ...; normalized: 1, 2, 3, 4, ...",
    ),
    solution_code="""
bare_variance = 2**12
normalized_variance = 1 + 12
nb06b.variance_after.check(bare_variance, normalized_variance)
""",
    because="Twelve doublings make 4,096; twelve additions of 1 make 13.",
)


def _examine_count_paths(function: Any) -> None:
    for blocks in (1, 2, 3, 5, 12):
        case = f"For {blocks} block{'s' * (blocks > 1)}"
        found = as_array(result_of(function, blocks, what="count_paths"), what="What count_paths returns")
        right = np.array([math.comb(blocks, length) for length in range(blocks + 1)])
        if found.shape != right.shape:
            raise WrongAnswer(
                f"{case} there are {blocks + 1} lengths, from 0 to {blocks}, and you return "
                f"{worded_shape(found.shape)}{' values' if found.ndim else ''}. "
                "Does each block make room for one more length?"
            )
        if close(found, right):
            continue
        if close(found, 2.0**blocks * (np.arange(blocks + 1) == 0)):
            raise WrongAnswer(
                f"{case} all your paths have length 0. A path through a block gets longer by 1, "
                "so its count has to move up one place."
            )
        if close(found, 2.0**blocks * (np.arange(blocks + 1) == blocks)):
            raise WrongAnswer(
                f"{case} all your paths have length {blocks}. A path around a block keeps its length."
            )
        if close(found.sum(), 2.0**blocks):
            text = f"The total, {2**blocks:,}, is right, but the lengths aren't. Follow a single path."
        else:
            text = f"Together there are {found.sum():,.0f} paths, and it should be {2**blocks:,}."
        raise WrongAnswer(f"{case} you count {_listed(found)}; it should be {_listed(right)}. {text}")


def _listed(values: np.ndarray) -> str:
    shown = [f"{value:g}" for value in values[:4]]
    return ", ".join(shown) + (", ..." if len(values) > 4 else "")


count_paths = Exercise(
    name="count_paths",
    examine=_examine_count_paths,
    hints=(
        "counts[k] is the number of paths of length k so far. Which of them keep their length, and which get longer?",
        "Both arrays need one more place: np.append(counts, 0) puts a 0 at the end, np.append(0, counts) at the front.",
    ),
    solution_code="""
def count_paths(blocks):
    counts = np.array([1])  # before the first block: one path, of length 0
    for _ in range(blocks):
        counts = np.append(counts, 0) + np.append(0, counts)  # around the next block + through it
    return counts


nb06b.count_paths.check(count_paths)
""",
    because="Going around keeps the length, going through adds 1. The same sums build Pascal's triangle.",
)


def _examine_delete_block(function: Any) -> None:
    import keras

    if is_unfinished(function):  # before anything is drawn at random
        raise NotAnswered

    rng = np.random.default_rng(0)
    inputs = x = keras.Input((4,))
    blocks = []
    for number in range(1, 5):
        start = keras.Input((4,))
        block = keras.Model(start, keras.layers.Dense(4)(start), name=f"block_{number}")
        block.set_weights([rng.normal(size=weight.shape) for weight in block.get_weights()])
        blocks.append(block)
        x = block(x)
    network = keras.Model(inputs, x)
    images = rng.normal(size=(5, 4)).astype("float32")

    def through(chosen: list[Any]) -> np.ndarray:
        values = images
        for block in chosen:
            values = block(values)
        return keras.ops.convert_to_numpy(values)

    for number in (2, 4, 1):
        name = f"block_{number}"
        found = result_of(function, network, name, what="delete_block")
        case = f'For a network of four blocks and name="{name}"'
        if isinstance(found, keras.KerasTensor):
            raise WrongAnswer("Return a network, keras.Model(network.input, x), not its last tensor.")
        if not isinstance(found, keras.Model):
            raise WrongAnswer(
                f"delete_block must return a keras.Model, and it returns {type(found).__name__}."
            )
        if found is network:
            raise WrongAnswer("You return the network you were given. Build a new one without the block.")
        got = keras.ops.convert_to_numpy(found(images))
        kept = [block for place, block in enumerate(blocks, start=1) if place != number]
        if np.allclose(got, through(kept), atol=1e-5):
            continue
        mistakes = {
            f"{case}, all four blocks are still at work.": blocks,
            f"{case}, you keep only {name}: it's the one to leave out.": [blocks[number - 1]],
            f"{case}, no block is left. Does x become what each layer returns?": [],
            f"{case}, only the last block is at work: each layer must be given x, not the input.": [kept[-1]],
            f"{case}, everything from {name} on is gone.": blocks[: number - 1],
            f"{case}, everything before {name} is gone, too.": blocks[number:],
        }
        for message, chosen in mistakes.items():
            if np.allclose(got, through(chosen), atol=1e-5):
                raise WrongAnswer(message)
        raise WrongAnswer(f"{case}, the outputs differ from those of the other three blocks in a row.")


delete_block = Exercise(
    name="delete_block",
    examine=_examine_delete_block,
    hints=(
        "Go through the layers one by one and call each on x, except for the one with that name.",
        "if layer.name != name: and below it, indented, x = layer(x).",
    ),
    solution_code="""
def delete_block(network, name):
    x = network.input
    for layer in network.layers[1:]:
        if layer.name != name:
            x = layer(x)
    return keras.Model(network.input, x)


nb06b.delete_block.check(delete_block)
""",
    because="The new network uses the old one's layers, weights included, so nothing has to be trained again.",
)


def _as_model(function: Any, inputs: Any, *arguments: Any, what: str) -> Any:
    """The learner's function as a model on `inputs`; refuses what gives no Keras tensor."""
    import keras

    outputs = result_of(function, inputs, *arguments, what=what)
    if not isinstance(outputs, keras.KerasTensor):
        raise WrongAnswer(
            f"{what} must return what a layer gives, and it returns {type(outputs).__name__}. "
            "Is the layer called on x, layers.Conv2D(...)(x)?"
        )
    if outputs is inputs:
        keras.layers.Identity()(inputs)  # Keras 3.10 to 3.13 build no model of an input that leads nowhere
    return keras.Model(inputs, outputs)


def _convolve(x: np.ndarray, kernel: np.ndarray, bias: Any) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(keras.ops.conv(x, kernel, padding="same")) + bias


def _convolutions_in_order(model: Any, *, what: str) -> list[Any]:
    """The two convolutions of a block, first one first, with fresh random weights and biases."""
    import keras

    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    if len(found) != 2:
        raise WrongAnswer(f"{what} must hold two convolutions, and yours holds {len(found)}.")
    rng = np.random.default_rng(0)
    for layer in found:
        layer.set_weights([rng.normal(scale=0.3, size=weight.shape) for weight in layer.get_weights()])
    return [(*layer.get_weights(), 0.0)[:2] for layer in found]


def _examine_preactivation(function: Any) -> None:
    import keras

    inputs = keras.Input(shape=(6, 6, 4))
    model = _as_model(function, inputs, 4, what="preactivation")
    if tuple(model.output.shape[1:]) != (6, 6, 4):
        got = worded_shape(tuple(model.output.shape[1:]))
        raise WrongAnswer(f"Your block returns {got} for 6×6×4. Is the padding same, and filters as given?")
    first, second = _convolutions_in_order(model, what="preactivation")
    if second[0].shape[:2] != (3, 3):
        raise WrongAnswer(f"The second kernel is {worded_shape(second[0].shape[:2])}; it should be 3×3.")
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    values = (0.7, 0.3, 0.2, 1.5)  # with these, it matters where a layer stands
    for layer in norms:
        layer.set_weights([np.full(w.shape, v) for w, v in zip(layer.weights, values, strict=True)])
    x = np.random.default_rng(1).normal(size=(3, 6, 6, 4)).astype("float32")
    branch, mistakes = _preactivation_values(x, first, second)
    got = keras.ops.convert_to_numpy(model(x, training=False))
    if len(norms) == 2 and np.allclose(got, x + branch, atol=1e-3):
        return
    if len(norms) != 2:
        raise WrongAnswer(
            f"Your block has {len(norms)} BatchNormalization layer{'s' * (len(norms) != 1)}, but each of the two "
            "convolutions should have one in front of it."
        )
    for message, outputs in mistakes.items():
        if any(np.allclose(got, output, atol=1e-3) for output in outputs):
            raise WrongAnswer(message)
    raise WrongAnswer(
        "The values aren't those of x + F(x) with this order of layers: go through it step by step."
    )


def _preactivation_values(x: np.ndarray, first: Any, second: Any) -> tuple[np.ndarray, dict[str, list]]:
    def relu(values: np.ndarray) -> np.ndarray:
        return np.maximum(values, 0)

    def bn(values: np.ndarray) -> np.ndarray:
        return np.float32(0.7 / np.sqrt(1.5 + 1e-3)) * (values - np.float32(0.2)) + np.float32(0.3)

    middle = _convolve(relu(bn(x)), *first)
    branch = _convolve(relu(bn(middle)), *second)
    return branch, {
        "The branch is right; now add x to it, and return the sum.": [branch],
        "There's a ReLU after the sum, and the point of this block is that nothing stands there.": [
            relu(x + branch)
        ],
        "The ReLU before the second convolution is missing: BatchNorm, ReLU, convolution.": [
            x + _convolve(bn(middle), *second),
            x + _convolve(middle, *second),
        ],
        "The second BatchNorm and ReLU come after their convolution; they belong in front of it.": [
            x + relu(bn(_convolve(middle, *second))),
            x + bn(relu(_convolve(middle, *second))),
        ],
        "BatchNorm comes before the ReLU.": [x + _convolve(bn(relu(middle)), *second)],
        "Add x itself, not x after BatchNorm and ReLU.": [relu(bn(x)) + branch],
    }


preactivation = Exercise(
    name="preactivation",
    examine=_examine_preactivation,
    hints=(
        "The second half of the branch repeats the first: BatchNorm, ReLU, convolution, but on y.",
        "A blank may become several lines. At the end, return layers.Add()([x, y]).",
    ),
    solution_code="""
def preactivation(x, filters):
    y = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.Conv2D(filters=filters, kernel_size=3, padding="same")(y)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters=filters, kernel_size=3, padding="same")(y)
    return layers.Add()([x, y])


nb06b.preactivation.check(preactivation)
""",
    because="Nothing stands on the shortcut, and nothing after the sum.",
)


quiz_1 = Quiz(
    question="Four residual blocks have 2⁴ = 16 paths. You delete one block. How many paths are left?",
    choices={
        "a": ("15", "Every path through that block is gone, and there was more than one."),
        "b": ("12", "One block in four is gone, but more than one path in four went through it."),
        "c": (
            "8",
            "Half of the paths went through the block. The other half, 2³, went around it and are still there.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question="In a block y = x + F(x), the slope of F is −0.1. What does the block do to a gradient on its way back?",
    choices={
        "a": ("it multiplies it by 0.9", "The slope of x + F(x) is 1 + (−0.1) = 0.9."),
        "b": ("it multiplies it by −0.1", "That's what F alone would do. The shortcut adds 1 to the slope."),
        "c": ("it adds 1 to it", "The 1 is added to the slope, and the slope multiplies the gradient."),
    },
    answer="a",
)

quiz_3 = Quiz(
    question=(
        "A plain network has BatchNorm in every layer and hasn't been trained. "
        "How large are its gradients near the input?"
    ),
    choices={
        "a": (
            "much smaller than near the end: they vanish on the way back",
            "Many texts say so, and without BatchNorm it can happen. Run the next cell and look at the factor.",
        ),
        "b": (
            "about as large as near the end",
            "That would be a factor of 1 per layer. Run the next cell and look at the factor.",
        ),
        "c": (
            "much larger than near the end: they grow on the way back",
            "They grow by about the same factor in every layer, as the next cell shows.",
        ),
    },
    answer="c",
)

quiz_4 = Quiz(
    question=(
        "The last BatchNorm of a branch starts with γ = 0 and β = 0. What can the very first training step change "
        "in that branch?"
    ),
    choices={
        "a": (
            "nothing: it's cut off for good",
            "F(x) is 0, but a slightly different γ would change it, so γ does get a gradient.",
        ),
        "b": (
            "only this γ and this β",
            "On its way into the branch, the gradient is multiplied by γ, which is 0. For γ and β themselves it isn't.",
        ),
        "c": (
            "everything, as in any other branch",
            "To reach the convolutions, the gradient has to pass this BatchNorm, which multiplies it by γ = 0.",
        ),
    },
    answer="b",
)
