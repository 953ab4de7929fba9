"""Exercises and quizzes of notebook 06, residual connections."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_float,
    as_int,
    result_of,
    worded_shape,
)


def _examine_blocks_per_stage(answer: Any) -> None:
    number = as_int(answer, what="The number of blocks")
    advice = {
        36: "A block has two convolutions: 36 is the number of convolutions in a stage.",
        54: "54 is the number of blocks in all; there are three stages.",
        55: "Take away the first convolution and the last layer, then two layers a block, three stages.",
        108: "108 layers lie in blocks: two in each block, and three stages.",
    }
    if number != 18:
        text = f"{number} blocks in each stage would make {6 * number + 2} layers."
        raise WrongAnswer(advice.get(number, text))


blocks_per_stage = Exercise(
    name="blocks_per_stage",
    examine=_examine_blocks_per_stage,
    hints=(
        "Two layers lie outside the blocks: the first convolution and the last, dense layer.",
        "2 × 3 × n + 2 = 110. What is n?",
    ),
    solution_code="""
blocks_per_stage = (110 - 2) // 6
nb06.blocks_per_stage.check(blocks_per_stage)
""",
    because="108 layers in blocks, 6 for each block that every stage gets: 18 blocks a stage.",
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
    if outputs is inputs:  # an identity shortcut
        keras.layers.Identity()(inputs)  # Keras 3.10 to 3.13 build no model of an input that leads nowhere
    return keras.Model(inputs, outputs)


def _examine_shortcut_for(function: Any) -> None:
    import keras

    for maps, filters, stride in [(4, 8, 2), (4, 8, 1), (8, 8, 2), (6, 6, 1)]:
        case = f"For {maps} maps of 8×8, filters={filters} and stride={stride}"
        inputs = keras.Input(shape=(8, 8, maps))
        model = _as_model(function, inputs, filters, stride, what="shortcut_for")
        wanted, got = (8 // stride, 8 // stride, filters), tuple(model.output.shape[1:])
        if got != wanted:
            raise WrongAnswer(
                f"{case} your shortcut gives {worded_shape(got)}; it must be {worded_shape(wanted)}."
            )
        if maps == filters and stride == 1:
            if model.count_params() or len(model.layers) > 1:
                raise WrongAnswer(f"{case} nothing changes: the shortcut must be x itself.")
            continue
        convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
        if len(convolutions) != 1:
            raise WrongAnswer(
                f"{case} the shortcut needs one convolution, and yours has {len(convolutions)}."
            )
        if convolutions[0].kernel_size != (1, 1):
            size = worded_shape(convolutions[0].kernel_size)
            raise WrongAnswer(f"{case} the kernel is {size}; a projection is 1×1: kernel_size=1.")
        x = np.random.default_rng(0).normal(size=(2, 8, 8, maps)).astype("float32")
        kernel, *bias = convolutions[0].get_weights()
        expected = x[:, ::stride, ::stride] @ kernel[0, 0] + (bias[0] if bias else 0)
        if not np.allclose(model(x), expected, atol=1e-4):
            raise WrongAnswer(
                f"{case} the shape is right and the values are not those of a bare 1×1 convolution. "
                "A shortcut has no activation, no pooling and no BatchNorm here."
            )


shortcut_for = Exercise(
    name="shortcut_for",
    examine=_examine_shortcut_for,
    hints=(
        "Which arguments of Conv2D decide the number of maps, the size of the kernel, and how many pixels it skips?",
        "layers.Conv2D(filters=..., kernel_size=1, strides=...)(x), without activation.",
    ),
    solution_code="""
def shortcut_for(x, filters, stride):
    if stride == 1 and x.shape[-1] == filters:
        return x
    return layers.Conv2D(filters=filters, kernel_size=1, strides=stride)(x)


nb06.shortcut_for.check(shortcut_for)
""",
    because="The identity where it fits, and a 1×1 convolution with the block's stride where it does not.",
)


def _convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(keras.ops.conv(x, kernel, padding="same")) + bias


def _convolutions_in_order(model: Any, *, what: str) -> list[Any]:
    """The two 3×3 convolutions of a block, first one first, with fresh random weights and biases."""
    import keras

    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    if len(found) != 2:
        raise WrongAnswer(f"{what} must hold two convolutions, and yours holds {len(found)}.")
    rng = np.random.default_rng(0)
    for layer in found:
        layer.set_weights([rng.normal(scale=0.3, size=weight.shape) for weight in layer.get_weights()])
    return [(*layer.get_weights(), 0.0)[:2] for layer in found]


def _examine_mend_the_block(function: Any) -> None:
    import keras

    inputs = keras.Input(shape=(6, 6, 4))
    model = _as_model(function, inputs, what="mended_block")
    first, second = _convolutions_in_order(model, what="mended_block")
    x = np.random.default_rng(1).normal(size=(3, 6, 6, 4)).astype("float32")
    inner = np.maximum(_convolve(x, *first), 0)
    branch = _convolve(inner, *second)
    relu = lambda values: np.maximum(values, 0)  # noqa: E731
    got = keras.ops.convert_to_numpy(model(x))
    mistakes = {
        "The output is F(x) alone: the shortcut is not added.": [branch, relu(branch)],
        "The shortcut is taken too late, behind the first convolution: it must be x itself.": [
            relu(branch + inner),
            branch + inner,
            relu(branch) + inner,
            relu(relu(branch) + inner),
        ],
        "The ReLU stands before the addition, so the branch can only add, never take away.": [
            relu(branch) + x,
            relu(relu(branch) + x),
            relu(branch) + relu(x),
        ],
        "The sum is right; the ReLU after it is missing.": [branch + x],
    }
    if np.allclose(got, relu(branch + x), atol=1e-4):
        return
    for message, values in mistakes.items():
        if any(got.shape == value.shape and np.allclose(got, value, atol=1e-4) for value in values):
            raise WrongAnswer(message)
    raise WrongAnswer(
        "The values are not relu(x + F(x)): add x to the second convolution's output, then ReLU."
    )


mend_the_block = Exercise(
    name="mend_the_block",
    examine=_examine_mend_the_block,
    hints=(
        "At which line does `shortcut` still have to be what came into the block?",
        "First the sum, layers.Add()([y, shortcut]), and then the ReLU.",
    ),
    solution_code="""
def mended_block(x):
    shortcut = x
    y = layers.Conv2D(filters=4, kernel_size=3, padding="same", activation="relu")(x)
    y = layers.Conv2D(filters=4, kernel_size=3, padding="same")(y)
    y = layers.Add()([y, shortcut])
    return layers.ReLU()(y)


nb06.mend_the_block.check(mended_block)
""",
    because="The shortcut starts at the block's input, and the sum comes before the ReLU.",
)


def _examine_variance_after(bare: Any, normalised: Any) -> None:
    bare, normalised = as_float(bare, what="bare_variance"), as_float(normalised, what="normalised_variance")
    bare_advice = {
        13: "bare_variance: that would be an addition of 1 each time; here every addition doubles.",
        24: "bare_variance: doubling twelve times is not the same as 2 × 12.",
        2048: "bare_variance: twelve additions, twelve doublings; the input's 1 is not one of them.",
        8192: "bare_variance: one doubling too many; the input has variance 1.",
        1: "bare_variance: two variances are added at every block, so it does not stay 1.",
    }
    normalised_advice = {
        12: "normalised_variance: the input's own variance, 1, counts too.",
        4096: "normalised_variance: F(x) has variance 1 now, however large x is.",
        1: "normalised_variance: F(x) is normalised, the sum is not.",
    }
    if bare != 4096:
        raise WrongAnswer(
            bare_advice.get(bare, f"bare_variance: {bare:g} is not it. After one block it is 1 + 1 = 2.")
        )
    if normalised != 13:
        text = f"normalised_variance: {normalised:g} is not it. Each block adds 1."
        raise WrongAnswer(normalised_advice.get(normalised, text))


variance_after = Exercise(
    name="variance_after",
    examine=_examine_variance_after,
    hints=(
        "Var(x + F(x)) = Var(x) + Var(F(x)). Do one block for each case, then the next.",
        "bare: 1, 2, 4, 8, ...; normalised: 1, 2, 3, 4, ...",
    ),
    solution_code="""
bare_variance = 2**12
normalised_variance = 1 + 12
nb06.variance_after.check(bare_variance, normalised_variance)
""",
    because="Twelve doublings make 4,096; twelve additions of 1 make 13.",
)


def _examine_preactivation(function: Any) -> None:
    import keras

    inputs = keras.Input(shape=(6, 6, 4))
    model = _as_model(function, inputs, 4, what="preactivation_block")
    if tuple(model.output.shape[1:]) != (6, 6, 4):
        got = worded_shape(tuple(model.output.shape[1:]))
        raise WrongAnswer(
            f"The block gives {got}; it must keep 6×6×4. Is padding same, and filters as given?"
        )
    first, second = _convolutions_in_order(model, what="preactivation_block")
    if second[0].shape[:2] != (3, 3):
        raise WrongAnswer(f"The second kernel is {worded_shape(second[0].shape[:2])}; 3×3 is wanted.")
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in norms:  # values that make its place count
        layer.set_weights(
            [
                np.full(weight.shape, value)
                for weight, value in zip(layer.weights, (0.7, 0.3, 0.2, 1.5), strict=True)
            ]
        )
    x = np.random.default_rng(1).normal(size=(3, 6, 6, 4)).astype("float32")
    relu = lambda values: np.maximum(values, 0)  # noqa: E731
    bn = lambda values: np.float32(0.7 / np.sqrt(1.5 + 1e-3)) * (values - np.float32(0.2)) + np.float32(0.3)  # noqa: E731
    middle = _convolve(relu(bn(x)), *first)
    branch = _convolve(relu(bn(middle)), *second)
    got = keras.ops.convert_to_numpy(model(x, training=False))
    if len(norms) == 2 and np.allclose(got, x + branch, atol=1e-3):
        return
    mistakes = {
        "The branch is right; now add x to it, and return the sum.": [branch],
        "A ReLU stands after the sum: the point of pre-activation is that nothing does.": [relu(x + branch)],
        "The ReLU before the second convolution is missing: BatchNorm, ReLU, convolution.": [
            x + _convolve(bn(middle), *second),
            x + _convolve(middle, *second),
        ],
        "BatchNorm and ReLU of the second convolution stand behind it; they belong in front.": [
            x + relu(bn(_convolve(middle, *second))),
            x + bn(relu(_convolve(middle, *second))),
        ],
        "BatchNorm comes before the ReLU.": [x + _convolve(bn(relu(middle)), *second)],
        "What is added must be x itself, not x after BatchNorm and ReLU.": [relu(bn(x)) + branch],
    }
    if len(norms) != 2:
        raise WrongAnswer(
            f"Your block has {len(norms)} BatchNormalization layer(s); each of the two convolutions has one before it."
        )
    for message, values in mistakes.items():
        if any(np.allclose(got, value, atol=1e-3) for value in values):
            raise WrongAnswer(message)
    raise WrongAnswer("The values are not x + conv(relu(bn(conv(relu(bn(x)))))): go through it step by step.")


preactivation = Exercise(
    name="preactivation",
    examine=_examine_preactivation,
    hints=(
        "The second half of the branch repeats the first: BatchNorm, ReLU, convolution, now on y.",
        "A blank may become several lines; at the end return layers.Add()([x, y]).",
    ),
    solution_code="""
def preactivation_block(x, filters):
    y = layers.BatchNormalization()(x)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters=filters, kernel_size=3, padding="same")(y)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters=filters, kernel_size=3, padding="same")(y)
    return layers.Add()([x, y])


nb06.preactivation.check(preactivation_block)
""",
    because="Nothing stands on the shortcut and nothing after the sum.",
)


quiz_1 = Quiz(
    question=(
        "A network of 20 layers ends with a loss of 0.5 on its training images and 1.0 on test images. "
        "Which of these networks of 56 layers shows degradation?"
    ),
    choices={
        "a": (
            "training loss 0.1, test loss 1.4",
            "That is overfitting: better on its own images, worse on new ones.",
        ),
        "b": (
            "training loss 0.9, test loss 1.3",
            "Worse on its own training images: the 20 layers and 36 that change nothing would do better.",
        ),
        "c": ("training loss 0.3, test loss 0.8", "Better on both: here the depth helped."),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="What would a ReLU at the end of the branch, just before the sum, do?",
    choices={
        "a": (
            "the branch could only add to x, and never take anything away",
            "After a ReLU nothing is negative, so x could only grow from block to block.",
        ),
        "b": (
            "nothing new: BatchNorm does the same already",
            "BatchNorm shifts and scales; it does not cut off negative values.",
        ),
        "c": (
            "it would replace the ReLU after the sum, with the same result",
            "Take x = 2 and F(x) = -1: 2 + relu(-1) is 2, and relu(2 - 1) is 1.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="All weights and biases of a block's second layer are 0, and no ReLU follows. What does the block give?",
    choices={
        "a": ("plain: 0; residual: x", "F(x) is 0 in both; the residual block still passes on x."),
        "b": ("plain: x; residual: x", "Nothing in a plain block brings x to its end."),
        "c": ("0 in both", "The shortcut goes around the zero weights."),
    },
    answer="a",
)

quiz_4 = Quiz(
    question="In a block y = x + F(x) the slope F'(x) is -0.1. What does the block do to a gradient on its way back?",
    choices={
        "a": ("it multiplies it by -0.1", "That is the plain block; the shortcut adds 1."),
        "b": ("it multiplies it by 0.9", "1 + F' = 1 - 0.1 = 0.9."),
        "c": ("it adds 1 to it", "The 1 is added to the factor, not to the gradient."),
    },
    answer="b",
)

quiz_5 = Quiz(
    question="The plain network with BatchNorm, before training: how large are its gradients near the image?",
    choices={
        "a": (
            "far smaller than near the end: they vanish on the way back",
            "So many texts say; see the dashed line in the figure that follows: which of its ends is high?",
        ),
        "b": (
            "about as large as near the end",
            "The residual network comes nearer to that; see the two lines with BatchNorm in the figure that follows.",
        ),
        "c": (
            "far larger than near the end: they grow on the way back",
            "By a roughly constant factor a layer, as the figure that follows shows.",
        ),
    },
    answer="c",
)

quiz_6 = Quiz(
    question="Four residual blocks have 2⁴ = 16 paths. One block is deleted. How many paths are left?",
    choices={
        "a": ("15", "Every path that goes through that block is gone, not just one."),
        "b": (
            "12",
            "Deleting one of four blocks takes away more than one path in four: count those that avoid it.",
        ),
        "c": ("8", "Half of the paths went through the block and are gone; 2³ went around it."),
    },
    answer="c",
)
