"""Exercises and quizzes of notebook 06: residual connections."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_int,
    result_of,
    worded_shape,
)

# --- weights that do nothing -----------------------------------------------------------------------


def _examine_do_nothing(middle: Any) -> None:
    middle = as_array(middle, shape=(3, 3), what="`middle`")
    if np.array_equal(middle, np.eye(3)):
        return
    if not middle.any():
        raise WrongAnswer("All weights are 0, so every output is 0: the image is gone.")
    if np.array_equal(middle, np.ones((3, 3))):
        raise WrongAnswer(
            "Each filter has a 1 for all three channels, so it adds red, green, and blue up. "
            "It must copy only one of them."
        )
    if np.array_equal(middle, [[0, 0, 0], [0, 1, 0], [0, 0, 0]]):
        raise WrongAnswer(
            "The rows and columns aren't places any more: this table is already the middle place. "
            "Its rows are the channels in, its columns the filters."
        )
    if np.array_equal(np.sort(middle.ravel()), [0] * 6 + [1] * 3) and (middle.sum(axis=0) == 1).all():
        raise WrongAnswer("Each filter copies one channel, but the colors change places: red must stay red.")
    raise WrongAnswer(
        "Filter 0 must take only channel 0, filter 1 only channel 1, and filter 2 only channel 2."
    )


do_nothing = Exercise(
    name="do_nothing",
    examine=_examine_do_nothing,
    hints=(
        "The first column is the first filter: which of the three channels should it copy?",
        "Ones from the top left to the bottom right, and zeros everywhere else: np.eye(3).",
    ),
    solution_code="""
middle = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
nb06.do_nothing.check(middle)
""",
    because="Each filter copies its own channel. With 64 channels that's 64 ones and 36,800 zeros to get right.",
)

# --- a residual block ------------------------------------------------------------------------------

_BN = (0.7, 0.3, 0.2, 1.5)  # scale, shift, moving mean, moving variance: values that make its place count


def _bn(values: np.ndarray) -> np.ndarray:
    gamma, beta, mean, variance = _BN
    return np.float32(gamma / np.sqrt(variance + 1e-3)) * (values - np.float32(mean)) + np.float32(beta)


def _relu(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0)


def _model(function: Any, inputs: Any, *arguments: Any) -> Any:
    """The learner's block as a model on `inputs`; refuses what gives no Keras tensor."""
    import keras

    outputs = result_of(function, inputs, *arguments, what="residual_block")
    if not isinstance(outputs, keras.KerasTensor):
        raise WrongAnswer(
            f"residual_block must return what a layer gives, and it returns {type(outputs).__name__}. "
            "Is the layer called on its input, as in layers.ReLU()(x)?"
        )
    return keras.Model(inputs, outputs)


def _examine_residual_block(function: Any) -> None:
    import keras

    for side, channels, filters, stride in [(6, 4, 4, 1), (6, 4, 8, 2), (6, 4, 8, 1)]:
        case = f"For an input of {side}×{side}×{channels} with filters={filters} and stride={stride}"
        model = _model(function, keras.Input(shape=(side, side, channels)), filters, stride)
        wanted, got = (side // stride, side // stride, filters), tuple(model.output.shape[1:])
        if got != wanted:
            raise WrongAnswer(
                f"{case} your block gives {worded_shape(got)}; it must be {worded_shape(wanted)}."
            )
        _compare(model, case, projected=(channels, 1) != (filters, stride), stride=stride)


def _compare(model: Any, case: str, *, projected: bool, stride: int) -> None:
    import keras

    rng = np.random.default_rng(0)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in convolutions:
        layer.set_weights([rng.normal(scale=0.3, size=weight.shape) for weight in layer.get_weights()])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights(
                [np.full(weight.shape, value) for weight, value in zip(layer.weights, _BN, strict=True)]
            )
    small = [layer for layer in convolutions if layer.kernel_size == (1, 1)]
    branch = [layer for layer in convolutions if layer.kernel_size == (3, 3)]
    if len(branch) != 2 or len(small) + 2 != len(convolutions):
        sizes = ", ".join(worded_shape(layer.kernel_size) for layer in convolutions)
        raise WrongAnswer(
            f"{case} your convolutions are {sizes}; two of 3×3 are needed, and 1×1 for the projection."
        )
    if len(small) != projected:
        raise WrongAnswer(
            f"{case} the shortcut needs one 1×1 convolution, and yours has {len(small)}."
            if projected
            else f"{case} x fits as it is: the shortcut must be x itself."
        )
    x = rng.normal(size=(3, *model.input.shape[1:])).astype("float32")
    path = _bn(_convolve(_relu(_bn(_convolve(x, branch[0]))), branch[1]))
    got = keras.ops.convert_to_numpy(model(x, training=False))
    ways = [_convolve(x, small[0])] if projected else [x]
    if projected:
        ways = [_bn(ways[0]), ways[0]]  # as drawn; without BatchNorm it's a projection, too
    if any(np.allclose(got, _relu(path + way), atol=1e-3) for way in ways):
        return
    mistakes = {
        "The output is F(x) alone: the shortcut isn't added.": [path, _relu(path)],
        "The sum is right, but the ReLU after it is missing.": [path + way for way in ways],
        "The ReLU comes before the addition, so F could only add and never take away: add first.": [
            way for shortcut in ways for way in (_relu(path) + shortcut, _relu(_relu(path) + shortcut))
        ],
        "The projection has a ReLU of its own; let the sum come first.": [
            _relu(path + _relu(way)) for way in ways
        ],
    }
    for message, values in mistakes.items():
        if any(np.allclose(got, value, atol=1e-3) for value in values):
            raise WrongAnswer(f"{case}: {message}")
    raise WrongAnswer(
        f"{case} the values aren't ReLU(shortcut + F(x)): add the two paths, then apply the ReLU."
    )


def _convolve(x: np.ndarray, layer: Any) -> np.ndarray:
    """What the convolution gives; with its own strides and padding."""
    import keras

    return keras.ops.convert_to_numpy(layer(x))


residual_block = Exercise(
    name="residual_block",
    examine=_examine_residual_block,
    hints=(
        "conv_bn makes the projection from x, with kernel_size=1 and the block's own filters and stride.",
        "At the end, layers.Add()([shortcut, f]) adds the two paths, and layers.ReLU() follows.",
    ),
    solution_code="""
def conv_bn(x, filters, kernel_size=3, stride=1):
    options = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    x = layers.Conv2D(filters=filters, kernel_size=kernel_size, strides=stride, **options)(x)
    return layers.BatchNormalization(momentum=0.9)(x)  # a batch counts 10%, not 1%: our runs are short


def F(x, filters, stride=1):
    x = layers.ReLU()(conv_bn(x, filters, stride=stride))
    return conv_bn(x, filters)


def residual_block(x, filters, stride=1):
    f = F(x, filters, stride)
    shortcut = x
    if x.shape != f.shape:
        shortcut = conv_bn(x, filters, kernel_size=1, stride=stride)
    return layers.ReLU()(layers.Add()([shortcut, f]))


nb06.residual_block.check(residual_block)
""",
    because="x itself where it fits and a projection where it doesn't, then the sum, then the ReLU.",
)

# --- counting layers -------------------------------------------------------------------------------


def _examine_blocks_per_stage(answer: Any) -> None:
    number = as_int(answer, what="The number of blocks")
    advice = {
        36: "A block has two convolutions: 36 is the number of convolutions in a stage.",
        54: "54 is the number of blocks in all; there are three stages.",
        55: "Take away the first convolution and the last layer; the rest is two per block, in three stages.",
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
    because="108 layers in blocks, 6 for each block that every stage gets: 18 blocks per stage.",
)

quiz_1 = Quiz(
    question=(
        "A network of 20 layers ends with a loss of 0.5 on its training images and 1.0 on validation images. "
        "Which of these networks of 56 layers shows degradation?"
    ),
    choices={
        "a": (
            "training loss 0.1, validation loss 1.4",
            "That's overfitting: better on its own images, worse on new ones.",
        ),
        "b": (
            "training loss 0.9, validation loss 1.3",
            "It's worse on the images it learned from, though 36 layers that change nothing would do better.",
        ),
        "c": ("training loss 0.3, validation loss 0.8", "It's better on both: here the depth helped."),
    },
    answer="b",
)

quiz_2 = Quiz(
    question=(
        "In a block's second convolution, and in the BatchNorm after it, all learned numbers are 0, so F(x) is 0. "
        "x comes out of a ReLU, and the shortcut, if there is one, is x itself. What does the block give?"
    ),
    choices={
        "a": ("plain: 0, residual: x", "Only the shortcut still carries x, and the last ReLU lets it pass."),
        "b": ("plain: x, residual: x", "Nothing brings x to the end of a plain block."),
        "c": ("plain: 0, residual: 0", "The shortcut goes around the zeros."),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="What would change if a residual block moved its final ReLU from the sum to F(x)?",
    choices={
        "a": (
            "nothing, because BatchNorm has already done it",
            "BatchNorm shifts and scales, but it lets negative numbers through.",
        ),
        "b": (
            "nothing, because x isn't negative anyway",
            "Take x = 2 and F(x) = −1: ReLU(2 − 1) is 1, but 2 + ReLU(−1) is 2.",
        ),
        "c": (
            "the block could only add to x, and never take anything away",
            "After a ReLU nothing is negative, so x could only grow from block to block.",
        ),
    },
    answer="c",
)

quiz_4 = Quiz(
    question=(
        "You double the depth of a residual network. Its training loss falls, and its validation loss rises. "
        "What should you do?"
    ),
    choices={
        "a": ("add more shortcuts", "It learns its training images well, so training isn't the trouble."),
        "b": (
            "treat it as overfitting: more images, augmentation, or fewer layers",
            "A lower training loss says that depth did help the learning; what's missing is images.",
        ),
        "c": ("add BatchNorm", "The blocks have it already, and the training loss is fine."),
    },
    answer="b",
)
