"""Exercises and quizzes of notebook 02, CNN basics."""

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


def _examine_stamp(answer: Any) -> None:
    number = as_int(answer, what="The value")
    advice = {
        1: "The size is right and the sign is wrong: use the kernel as it is, without flipping it.",
        7: "You added where the kernel has -1: the right column counts as negative.",
        3: "That's the left column alone; the kernel has -1 in its right column, so subtract that one.",
        11: "That's the sum of the patch: multiply by the kernel first.",
        0: "The kernel adds up to 0, but its products with this patch don't.",
    }
    if number != -1:
        raise WrongAnswer(advice.get(number, f"{number} isn't it: take nine products, then add them up."))


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
    because="(1 + 0 + 2) - (0 + 3 + 1) = -1: the right side of the patch is a little brighter than the left.",
)


def _examine_horizontal_edges(answer: Any) -> None:
    kernel = as_array(answer, what="The kernel", shape=(3, 3))
    flat, down, across = (
        np.ones((3, 3)),
        np.repeat([[0.0], [1.0], [2.0]], 3, axis=1),
        np.tile([0.0, 1.0, 2.0], (3, 1)),
    )
    if not kernel.any():
        raise WrongAnswer("This kernel is all zeros, so it gives 0 on every image.")
    if not np.isclose((kernel * flat).sum(), 0):
        raise WrongAnswer(
            f"On a flat patch of ones this kernel gives {kernel.sum():g}; its nine numbers must add up to 0."
        )
    response = (kernel * down).sum()
    if np.isclose(response, 0):
        raise WrongAnswer(
            "This kernel gives 0 where the patch gets brighter from top to bottom. "
            "Does it compare left with right? Then it finds vertical edges: swap rows and columns."
        )
    if not np.isclose((kernel * across).sum(), 0):
        raise WrongAnswer(
            "This kernel also reacts where the patch gets brighter from left to right: "
            "its left and right columns must add up to the same number."
        )
    if response < 0:
        raise WrongAnswer(
            "It finds the edge, but gives a negative number where the lower side is brighter: flip the signs."
        )


horizontal_edges = Exercise(
    name="horizontal_edges",
    examine=_examine_horizontal_edges,
    hints=(
        "Compare the row below with the row above: one counts as positive and the other as negative.",
        "The middle row can be zeros; the lower row is positive.",
    ),
    solution_code="""
my_kernel = [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]
nb02.horizontal_edges.check(my_kernel)
""",
    because="It subtracts the row above from the row below, and left and right cancel.",
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
        "the kernel can't take part of a step, so round down: //.": lambda n, k, s, p: (
            (n + 2 * p - k) / s + 1
        ),
        "that's one too few: count the place where it starts, too.": lambda n, k, s, p: (n + 2 * p - k) // s,
        "but there are p zeros at both ends, so p counts twice.": lambda n, k, s, p: (n + p - k) // s + 1,
    }
    likely = [text for text, formula in mistakes.items() if given == [formula(*case) for case in cases]]
    (n, k, s, p), found, size = next(
        item for item in zip(cases, given, right, strict=True) if item[1] != item[2]
    )
    advice = likely[0] if likely else f"but the kernel fits in {size} places."
    raise WrongAnswer(f"For n={n}, k={k}, s={s}, p={p} you get {found:g}; {advice}")


def _one_size(result: Any) -> float:
    size = as_array(result, what="The output size")
    if size.size != 1:
        raise WrongAnswer(f"The output size must be one number, and yours holds {size.size} of them.")
    return float(size.reshape(()))


output_size = Exercise(
    name="output_size",
    examine=_examine_output_size,
    hints=(
        "How long is the row with its zeros? How far can the kernel move on it? How many steps is that?",
        "Steps: (n + 2 * p - k) // s. Places: one more than steps.",
    ),
    solution_code="""
def output_size(n, k, s, p):
    return (n + 2 * p - k) // s + 1


nb02.output_size.check(output_size)
""",
    because="The room to move, divided by the step and rounded down, plus the place where it started.",
)


_TABLE = (  # of the exercise small_cnn: kind of layer, output shape, parameters
    ("Conv2D", (32, 32, 12), 912),
    ("MaxPooling2D", (16, 16, 12), 0),
    ("Conv2D", (7, 7, 20), 2_180),
    ("Flatten", (980,), 0),
    ("Dense", (10,), 9_810),
)
_NO_ROW_OF_THEIR_OWN = ("InputLayer", "ReLU", "Softmax", "Activation", "Rescaling", "Dropout")


def _examine_small_cnn(build: Any) -> None:
    import keras

    model = build if isinstance(build, keras.Model) else result_of(build, what="build")
    if not isinstance(model, keras.Model):
        raise WrongAnswer(f"build must return a keras.Model, and yours returned a {type(model).__name__}.")
    if tuple(model.input_shape[1:]) != (32, 32, 3):
        raise WrongAnswer("The input must have the shape (32, 32, 3), as in the first line of the cell.")
    rows = [layer for layer in model.layers if type(layer).__name__ not in _NO_ROW_OF_THEIR_OWN]
    kinds = [type(layer).__name__ for layer in rows]
    if kinds != [kind for kind, *_ in _TABLE]:
        raise WrongAnswer(
            f"The layers should be {', '.join(kind for kind, *_ in _TABLE)}; yours are {', '.join(kinds) or 'none'}."
        )
    for number, (layer, (kind, shape, parameters)) in enumerate(zip(rows, _TABLE, strict=True), start=1):
        name = f"Layer {number}, {kind},"
        if kind == "Conv2D":
            _check_convolution(layer, name, shape[-1], parameters)
        found = tuple(layer.output.shape[1:])
        if found != shape:
            raise WrongAnswer(
                f"{name} gives {worded_shape(found)}; the table says {worded_shape(shape)}. {_SHAPE_ADVICE[number]}"
            )
        if layer.count_params() != parameters:
            raise WrongAnswer(
                f"{name} has {layer.count_params():,} parameters; the table says {parameters:,}."
            )
        wanted = {"Conv2D": "relu", "Dense": "softmax"}.get(kind)
        if wanted and _activation_after(model, layer) != wanted:
            raise WrongAnswer(f'{name} needs activation="{wanted}".')


_SHAPE_ADVICE = {
    1: "The size doesn't change: which padding does that, with which stride?",
    2: "Rows and columns are halved, so its pooling windows are 2×2.",
    3: "Put n = 16 and k = 3 into the formula: which padding and which stride give 7?",
    4: "Flatten only lines up what it gets.",
    5: "There are ten classes, so it needs ten units.",
}


def _check_convolution(layer: Any, name: str, filters: int, parameters: int) -> None:
    if layer.filters != filters:
        raise WrongAnswer(
            f"{name} makes {layer.filters} feature maps, one per filter; the table has {filters}. "
            "In Conv2D the number of filters comes first, then the kernel size; naming both avoids mix-ups."
        )
    if not layer.use_bias:
        raise WrongAnswer(f"{name} has no biases: in the table every filter has one.")
    if layer.count_params() != parameters:
        raise WrongAnswer(
            f"{name} has {layer.count_params():,} parameters; the table says {parameters:,}. Subtract the {filters} "
            "biases, divide by the filters and then by the channels that come in: that's one kernel."
        )


def _activation_after(model: Any, layer: Any) -> str:
    """The activation of a layer, or of the activation layer that follows it."""
    following = model.layers[model.layers.index(layer) + 1 :][:1]
    names = [getattr(layer.activation, "__name__", "")]
    for other in following:
        kind = type(other).__name__
        if kind in ("ReLU", "Softmax"):
            names.append(kind.lower())
        elif kind == "Activation":
            names.append(getattr(other.activation, "__name__", ""))
    return next((name for name in names if name not in ("", "linear")), "linear")


small_cnn = Exercise(
    name="small_cnn",
    examine=_examine_small_cnn,
    hints=(
        "Start with the parameters: 912 is 12 biases and 900 weights, so 75 for each filter, with 3 channels.",
        "The second Conv2D: 2180 - 20 = 2160 weights, 108 for each filter, 9 for each of its 12 kernels. "
        "From 16 pixels to 7 places: (16 - 3) // 2 + 1.",
    ),
    solution_code="""
def build():
    inputs = keras.Input(shape=(32, 32, 3))
    x = layers.Conv2D(filters=12, kernel_size=5, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(pool_size=2)(x)
    x = layers.Conv2D(filters=20, kernel_size=3, strides=2, activation="relu")(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(units=10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


nb02.small_cnn.check(build)
""",
    because="The parameters gave you the kernel sizes, and the shapes gave you padding and stride.",
)


quiz_1 = Quiz(
    question="A layer with ten filters reads a color image. How many kernels does it hold, "
    "and how many feature maps does it make?",
    choices={
        "a": (
            "30 kernels, 10 feature maps",
            "Each filter has three kernels, and their results add up to one map.",
        ),
        "b": (
            "10 kernels, 10 feature maps",
            "Ten maps is right, but each filter needs a kernel of its own for red, green, and blue.",
        ),
        "c": (
            "30 kernels, 30 feature maps",
            "Thirty kernels is right, but the three results of a filter are added up into one map.",
        ),
    },
    answer="a",
)

quiz_2 = Quiz(
    question="Feature maps of shape 28×28×32 go through MaxPooling2D(2). What comes out, with how many weights?",
    choices={
        "a": (
            "14×14×16, no weights",
            "Rows and columns are halved, but every map stays: there are still 32.",
        ),
        "b": (
            "14×14×32, 128 weights",
            "Four weights per map would make a learned average; taking a maximum needs none.",
        ),
        "c": ("14×14×32, no weights", "Each map is pooled on its own, and a maximum has nothing to learn."),
    },
    answer="c",
)

quiz_3 = Quiz(
    question="The kernels of conv_2 are only 3×3. How can its filters react to a whole arc, ten pixels wide?",
    choices={
        "a": ("training makes the kernels larger", "The size of a kernel is fixed when you build the layer."),
        "b": (
            "each value they read already sums up a patch of the digit",
            "They read pooled maps: one value there stands for a 6×6 patch, and 3×3 of them span ten pixels.",
        ),
        "c": (
            "they are looking for the whole digit",
            "A digit is 28 pixels wide, and one value of conv_2 has seen only ten of them.",
        ),
    },
    answer="b",
)
