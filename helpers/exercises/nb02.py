"""Exercises and quizzes of notebook 02, CNN basics."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_int,
    close,
    result_of,
    worded_shape,
)
from helpers.from_scratch.convolution import correlate
from helpers.from_scratch.pooling import pool2d


def _examine_stamp(answer: Any) -> None:
    number = as_int(answer, what="The value")
    advice = {
        1: "The size is right and the sign is wrong: take the kernel as it stands, without turning it round.",
        7: "You added where the kernel has -1: the right column counts negative.",
        3: "You have the left column; the right column of the kernel is -1, so it is taken away.",
        11: "That is the sum of the patch: multiply by the kernel first.",
        0: "The kernel adds up to 0, but the products with the patch do not.",
    }
    if number != -1:
        raise WrongAnswer(advice.get(number, f"{number} is not it: nine products, then their sum."))


stamp = Exercise(
    name="stamp",
    examine=_examine_stamp,
    hints=(
        "Multiply each number of the patch by the number at the same place in the kernel.",
        "The left column counts +1, the middle one 0 and the right one -1.",
    ),
    solution_code="""
patch = np.array([[1, 2, 0], [0, 1, 3], [2, 1, 1]])
kernel = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])
value = (patch * kernel).sum()
nb02.stamp.check(value)
""",
    because="(1 + 0 + 2) - (0 + 3 + 1) = -1: the right side of the patch is the brighter one.",
)


def _examine_horizontal_edges(answer: Any) -> None:
    kernel = as_array(answer, what="The kernel", shape=(3, 3))
    flat, down, across = (
        np.ones((3, 3)),
        np.repeat([[0.0], [1.0], [2.0]], 3, axis=1),
        np.tile([0.0, 1.0, 2.0], (3, 1)),
    )
    if not kernel.any():
        raise WrongAnswer("This kernel is all zeros, so it answers 0 to every picture.")
    if not np.isclose((kernel * flat).sum(), 0):
        raise WrongAnswer(
            f"On a flat grey patch this kernel answers {kernel.sum():g}; its nine numbers must add up to 0."
        )
    response = (kernel * down).sum()
    if np.isclose(response, 0):
        raise WrongAnswer(
            "This kernel does not react where it gets brighter from top to bottom. "
            "Does it compare left with right? Then it finds vertical edges: swap rows and columns."
        )
    if not np.isclose((kernel * across).sum(), 0):
        raise WrongAnswer(
            "This kernel also reacts where it gets brighter from left to right: "
            "its left and right columns must add up to the same number."
        )
    if response < 0:
        raise WrongAnswer(
            "The edge is found, but the answer is negative where the lower side is brighter: turn the signs."
        )


horizontal_edges = Exercise(
    name="horizontal_edges",
    examine=_examine_horizontal_edges,
    hints=(
        "Compare the row below with the row above: one counts positive and the other negative.",
        "The middle row can be zeros; the lower row is positive.",
    ),
    solution_code="""
my_kernel = [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]
nb02.horizontal_edges.check(my_kernel)
""",
    because="It takes the row above away from the row below, and left and right play no part.",
)


def _examine_mend_the_loop(function: Any) -> None:
    rng = np.random.default_rng(0)
    for stride in (1, 2, 3):
        for _ in range(5):
            image = rng.normal(size=rng.integers(5, 12, size=2))
            kernel = rng.normal(size=rng.integers(1, 5, size=2))
            expected = correlate(image, kernel, strides=stride)
            got = as_array(result_of(function, image, kernel, stride, what="mended"), what="The feature map")
            case = f"a {worded_shape(image.shape)} image, a {worded_shape(kernel.shape)} kernel and stride {stride}"
            if got.shape != expected.shape:
                raise WrongAnswer(
                    f"For {case} your map is {worded_shape(got.shape)}; it must be {worded_shape(expected.shape)}. "
                    "How many positions fit, the first one included?"
                )
            if not close(got, expected):
                where = (
                    "the windows do not stand where they should: with this stride, where does window 1 begin?"
                    if stride > 1
                    else "the values are wrong although the stride is 1: look at the window again."
                )
                raise WrongAnswer(f"For {case} the size is right, but {where}")


mend_the_loop = Exercise(
    name="mend_the_loop",
    examine=_examine_mend_the_loop,
    hints=(
        "An image of 5 and a kernel of 5: one position fits. What does the broken formula say?",
        "Window number `row` begins at pixel row * stride.",
    ),
    solution_code="""
def mended(image, kernel, stride):
    height, width = kernel.shape
    rows = (image.shape[0] - height) // stride + 1
    columns = (image.shape[1] - width) // stride + 1
    output = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            output[row, column] = (image[top : top + height, left : left + width] * kernel).sum()
    return output


nb02.mend_the_loop.check(mended)
""",
    because="One more position than steps, and every step is `stride` pixels long.",
)


def _examine_output_size(function: Any) -> None:
    rng = np.random.default_rng(0)
    cases = [(28, 3, 1, 0), (28, 5, 2, 2), (7, 2, 2, 0)]
    cases += [
        (int(n), int(rng.integers(1, 8)), int(rng.integers(1, 5)), int(rng.integers(0, 4)))
        for n in rng.integers(8, 60, size=60)
    ]
    given = [_one_size(result_of(function, *case, what="output_size")) for case in cases]
    right = [(n + 2 * p - k) // s + 1 for n, k, s, p in cases]
    if given == right:
        return
    mistakes = {
        "a part of a step is no position, so round down: //.": lambda n, k, s, p: (n + 2 * p - k) / s + 1,
        "one too few: count the first position too.": lambda n, k, s, p: (n + 2 * p - k) // s,
        "but the zeros stand at both ends, so p counts twice.": lambda n, k, s, p: (n + p - k) // s + 1,
    }
    likely = [text for text, formula in mistakes.items() if given == [formula(*case) for case in cases]]
    (n, k, s, p), found, size = next(
        item for item in zip(cases, given, right, strict=True) if item[1] != item[2]
    )
    advice = likely[0] if likely else f"and the kernel has {size} positions."
    raise WrongAnswer(f"For n={n}, k={k}, s={s}, p={p} you give {found:g}; {advice}")


def _one_size(result: Any) -> float:
    size = as_array(result, what="The output size")
    if size.size != 1:
        raise WrongAnswer(f"The output size must be one number, and yours holds {size.size} of them.")
    return float(size.reshape(()))


output_size = Exercise(
    name="output_size",
    examine=_examine_output_size,
    hints=(
        "How long is the padded axis? How far can the kernel move on it? How many steps is that?",
        "Steps: (n + 2 * p - k) // s. Positions: one more than steps.",
    ),
    solution_code="""
def output_size(n, k, s, p):
    return (n + 2 * p - k) // s + 1


nb02.output_size.check(output_size)
""",
    because="Room to move, divided by the step and rounded down, plus the first position.",
)


def _examine_mend_the_layer(layer: Any) -> None:
    import keras

    if isinstance(layer, str):
        raise WrongAnswer("That is text: write the line as code, without quotes around it.")
    if isinstance(layer, type) or not isinstance(layer, keras.layers.Conv2D):
        raise WrongAnswer(f"A Conv2D layer is wanted, keras.layers.Conv2D(...), not {type(layer).__name__}.")
    (down, right), size = layer.strides, worded_shape(layer.kernel_size)
    if layer.filters == 3 and layer.kernel_size == (32, 32):
        raise WrongAnswer(
            "This layer still has 3 filters of 32×32: the first argument is the number of filters, "
            "the second the kernel size."
        )
    if layer.filters != 32:
        raise WrongAnswer(f"This layer makes {layer.filters} maps, one per filter; 32 are wanted.")
    if layer.kernel_size != (3, 3):
        raise WrongAnswer(f"The kernels of this layer are {size}; 3×3 is wanted.")
    if (down, right) != (1, 1):
        maps = worded_shape((-(-28 // down), -(-28 // right)))
        raise WrongAnswer(
            f"With strides=({down}, {right}) the maps are at most {maps}: "
            "padding same keeps the size for stride 1 only."
        )
    if layer.padding != "same":
        raise WrongAnswer(f'padding="{layer.padding}" makes the maps 26×26; they must stay 28×28.')
    activation = getattr(layer.activation, "__name__", str(layer.activation))
    if activation != "relu":
        raise WrongAnswer(f'The layer has activation "{activation}"; ReLU is wanted, activation="relu".')


mend_the_layer = Exercise(
    name="mend_the_layer",
    examine=_examine_mend_the_layer,
    hints=(
        "The output has 3 maps in place of 32: which argument says how many filters there are?",
        'Conv2D(filters, kernel_size); and padding "same" gives the size divided by the stride, rounded up.',
    ),
    solution_code="""
layer = keras.layers.Conv2D(filters=32, kernel_size=3, padding="same", activation="relu")
nb02.mend_the_layer.check(layer)
""",
    because="Named arguments cannot be swapped by accident, and without strides=2 the maps keep their size.",
)


def _examine_count_parameters(answer: Any) -> None:
    number = as_int(answer, what="The number of parameters")
    advice = {
        1764: "The weights are right; every filter also has one bias.",
        600: "You counted one channel; the picture has three, and a filter has a slice for each.",
        588: "A filter has a slice for each of the three channels, and one bias.",
        148: "That is one filter; there are 12.",
        147: "Those are the weights of one filter; there are 12 filters, each with a bias.",
        1767: "One bias for every filter, not for every channel.",
        1800: "One bias for every filter, not for every slice.",
    }
    if number != 1776:
        text = advice.get(number, f"{number:,} is not it.")
        if number > 10_000:
            text = f"{number:,} is far too many: the size of the picture plays no part."
        raise WrongAnswer(text)


count_parameters = Exercise(
    name="count_parameters",
    examine=_examine_count_parameters,
    hints=(
        "Begin with one filter: how many numbers does it have, over all channels? Do not forget its bias.",
        "One filter: 7 * 7 * 3 weights and 1 bias.",
    ),
    solution_code="""
number = 12 * (7 * 7 * 3 + 1)
nb02.count_parameters.check(number)
""",
    because="12 × (7 × 7 × 3 + 1) = 1,776; the 64 × 64 pixels do not matter.",
)


def _examine_add_axes(answer: Any) -> None:
    batch = as_array(answer, what="The batch")
    advice = {
        (28, 28): "This is the bare image still: the axes of images and of channels are both missing.",
        (28, 28, 1): "The channel axis is there; the axis of images, at the front, is missing.",
        (1, 28, 28): "The axis of images is there; the channel axis, at the end, is missing.",
        (28, 28, 1, 1): "Both new axes stand at the end; the axis of images belongs at the front.",
        (1, 1, 28, 28): "The channels stand before the rows; Keras wants them last.",
    }
    if batch.shape != (1, 28, 28, 1):
        text = advice.get(batch.shape, f"The shape is {worded_shape(batch.shape)}.")
        raise WrongAnswer(f"{text} The shape must be 1×28×28×1.")
    if not np.array_equal(batch.ravel(), np.arange(28 * 28)):
        raise WrongAnswer("The shape is right, but these are not the image's pixels in their order.")


add_axes = Exercise(
    name="add_axes",
    examine=_examine_add_axes,
    hints=(
        "Conv2D takes (images, height, width, channels): one image, one channel.",
        "Put None into the index where an axis is missing, as in dot[None, :, :, None], or use reshape.",
    ),
    solution_code="""
image = np.arange(28 * 28).reshape(28, 28)
batch = image[None, :, :, None]
nb02.add_axes.check(batch)
""",
    because="One image of 28 by 28 with one channel: (1, 28, 28, 1).",
)


def _examine_receptive_field(answer: Any) -> None:
    number = as_int(answer, what="The receptive field")
    advice = {
        3: "That is the last kernel, measured in pixels of the map before it. Count pixels of the image.",
        11: "That is the sum of the kernel sizes: neighbouring windows overlap, and strides spread them.",
        8: "That would be right if all strides were 1.",
        21: "A stride spreads the layers that come after it, not its own layer.",
        289: "That is the number of pixels in the square; its side is asked for.",
    }
    if number != 17:
        text = "count from the first layer on, 1 + (k - 1) × the strides before it."
        raise WrongAnswer(advice.get(number, f"{number} is not it: {text}"))


receptive_field = Exercise(
    name="receptive_field",
    examine=_examine_receptive_field,
    hints=(
        "Start at 1. A layer adds (k - 1) times the product of the strides of the layers before it.",
        "1, then + 2 × 1, + 2 × 2, + 1 × 2, and the last layer adds 2 × 4.",
    ),
    solution_code="""
side = 1 + 2 * 1 + 2 * 2 + 1 * 2 + 2 * 4
nb02.receptive_field.check(side)
""",
    because="3, 7, 9, 17 pixels after the four layers.",
)


def _examine_min_pool(function: Any) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        images = rng.normal(size=(2, 2 * rng.integers(2, 5), 2 * rng.integers(2, 5), 3)).astype("float32")
        right = pool2d(images, 2, kind="min")
        got = as_array(result_of(function, images, what="min_pool"), what="The pooled maps")
        if got.shape != right.shape:
            raise WrongAnswer(
                f"For {worded_shape(images.shape)} maps you give {worded_shape(got.shape)}; "
                f"it must be {worded_shape(right.shape)}."
            )
        if close(got, right, atol=1e-5):
            continue
        likely = {
            "That is max pooling.": pool2d(images, 2),
            "The right pixels, but with the sign turned: turn it back after the pooling.": -right,
            "You turned the sign after the pooling only: turn it before, too, to find the largest of -x.": (
                -pool2d(images, 2)
            ),
            "That is average pooling.": pool2d(images, 2, kind="average"),
        }
        for message, value in likely.items():
            if close(got, value, atol=1e-5):
                raise WrongAnswer(message)
        raise WrongAnswer("These are not the smallest values of the 2×2 windows.")


min_pool = Exercise(
    name="min_pool",
    examine=_examine_min_pool,
    hints=(
        "Which of 3, 8, 5 is the smallest? Which of -3, -8, -5 is the largest?",
        "Turn the sign, take the maximum, turn the sign back.",
    ),
    solution_code="""
def min_pool(images):
    return -keras.layers.MaxPooling2D(pool_size=2)(-images)


nb02.min_pool.check(min_pool)
""",
    because="min(x) = -max(-x).",
)


quiz_1 = Quiz(
    question="A convolution layer has just produced ten maps, and ReLU has not been applied yet. What are they?",
    choices={
        "a": (
            "ten activation maps",
            "Activation maps are what comes out of the activation function, after ReLU.",
        ),
        "b": (
            "ten feature maps",
            "One feature map for each filter; after ReLU they are ten activation maps.",
        ),
        "c": ("ten kernels", "Kernels are the weights; the maps are what the kernels answer to one image."),
    },
    answer="b",
)

quiz_2 = Quiz(
    question='A layer has strides=2 and padding="same"; the image is 28×28. How large is the feature map?',
    choices={
        "a": (
            "28×28, since it is the same",
            "Same size is true for stride 1 only; in general it is the image size divided by the stride, rounded up.",
        ),
        "b": ("14×14", "28 / 2 = 14, rounded up if it were not whole; the kernel size plays no part."),
        "c": ("it depends on the kernel size", "With padding same the zeros make up for the kernel size."),
    },
    answer="b",
)

quiz_3 = Quiz(
    question="The pictures grow from 32×32 to 64×64 pixels. What happens to the parameters of a Conv2D layer?",
    choices={
        "a": ("four times as many", "That would be a Dense layer: a weight for every pixel."),
        "b": ("twice as many", "Neither the kernel nor the number of filters has changed."),
        "c": ("as many as before", "The same kernels visit more places; no weight is added."),
    },
    answer="c",
)

quiz_4 = Quiz(
    question="One filter of size 5×5 slides over a colour picture with three channels. How many maps come out?",
    choices={
        "a": ("one", "The filter has three slices, and their three answers are added into one map."),
        "b": ("three", "The filter has three slices, one per channel, but their answers are added up."),
        "c": ("twenty-five", "25 is the number of weights in one slice."),
    },
    answer="a",
)

quiz_5 = Quiz(
    question="Black letters on white paper are shrunk by max pooling. What happens to thin strokes?",
    choices={
        "a": ("they get thicker", "That is what happens to white strokes on black."),
        "b": ("nothing", "Max pooling takes the largest value, and white is larger than black."),
        "c": (
            "they fade or vanish",
            "A single white pixel in the window is enough to win; min pooling would keep the strokes.",
        ),
    },
    answer="c",
)

quiz_6 = Quiz(
    question="Maps of shape 28×28×32 go through MaxPooling2D(2). What comes out, with how many weights?",
    choices={
        "a": ("14×14×32, no weights", "Each map is pooled on its own, and taking a maximum needs no weight."),
        "b": ("14×14×16, no weights", "Rows and columns are halved; the number of maps stays."),
        "c": (
            "14×14×32, 128 weights",
            "Four weights per map would be a learned average; a maximum needs none.",
        ),
    },
    answer="a",
)

quiz_7 = Quiz(
    question="Three 3×3 convolutions with stride 1 follow one another. Which part of the image does one output see?",
    choices={
        "a": ("3×3 pixels", "3×3 values of the map before it, but each of those has seen 5×5 pixels itself."),
        "b": ("7×7 pixels", "Each layer adds 2 pixels: 3, 5, 7."),
        "c": ("9×9 pixels", "Neighbouring windows overlap, so each layer adds 2 pixels, not 3."),
    },
    answer="b",
)
