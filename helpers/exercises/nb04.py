"""Exercises and quizzes of notebook 04_cifar10, on the frame in `core`."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_array,
    check_counts,
    is_unfinished,
    result_of,
    worded_shape,
)

# --- a network from a list -------------------------------------------------------------------------

LISTS = (
    [4, 6, "max_pool", 5],
    [16, "max_pool", 32, "max_pool", 64, "max_pool", 128, "max_pool"],
    ["max_pool", 7, "max_pool"],
)


def _rows(model: Any) -> list[Any]:
    """The layers that a list of tokens asks for, in order."""
    from keras import layers

    aside = (layers.InputLayer, layers.Rescaling, layers.ReLU, layers.Activation, layers.Softmax)
    return [layer for layer in model.layers if not isinstance(layer, aside)]


def _check_layers(model: Any, tokens: list[Any]) -> None:
    from keras import layers

    rows = _rows(model)[:-2]  # without Flatten and Dense
    asked = f"For the list {tokens}"
    if not rows:
        raise WrongAnswer(
            f"{asked} your network has no convolution and no pooling at all: the loop must give x a new value, "
            "x = ...(x)."
        )
    if len(rows) != len(tokens):
        raise WrongAnswer(
            f"{asked} your network has {len(rows)} layers between the input and Flatten; it needs {len(tokens)}, one "
            "for each token. Does every layer start from x, and give its output back to x?"
        )
    for place, (token, layer) in enumerate(zip(tokens, rows, strict=True), start=1):
        name = f"{asked}, token {place} ({token!r})"
        if token == "max_pool":
            if not isinstance(layer, layers.MaxPooling2D):
                raise WrongAnswer(f"{name} should be a max pooling, and yours is {type(layer).__name__}.")
            if tuple(layer.pool_size) != (2, 2) or tuple(layer.strides) != (2, 2):
                raise WrongAnswer(
                    f"{name} should have pooling windows of 2×2, and yours are {worded_shape(layer.pool_size)}."
                )
            continue
        if not isinstance(layer, layers.Conv2D):
            raise WrongAnswer(f"{name} should be a convolution, and yours is {type(layer).__name__}.")
        if layer.filters != token:
            raise WrongAnswer(f"{name} should have {token} filters, and yours has {layer.filters}.")
        if tuple(layer.kernel_size) != (3, 3):
            raise WrongAnswer(
                f"{name} should have 3×3 kernels, and yours are {worded_shape(layer.kernel_size)}."
            )
        if layer.padding != "same" or tuple(layer.strides) != (1, 1):
            raise WrongAnswer(f'{name} should keep the size of the image: padding="same", and no strides.')


def _examine_build(function: Any) -> None:
    if is_unfinished(function):  # before anything is built, since Keras draws seeds for its layers
        raise NotAnswered
    import keras

    from helpers.networks import builders

    for tokens in LISTS:
        model = result_of(function, list(tokens), what="build")
        if not isinstance(model, keras.Model):
            raise WrongAnswer(f"build must return a keras.Model, and it returns {type(model).__name__}.")
        _check_layers(model, tokens)
        right = builders.build_convnet((32, 32, 3), 10, tokens)
        if model.count_params() != right.count_params():
            raise WrongAnswer(
                f"For the list {tokens} the network has {right.count_params():,} parameters, and yours has "
                f"{model.count_params():,}."
            )
        right.set_weights(model.get_weights())
        images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("float32")
        found, wanted = (keras.ops.convert_to_numpy(each(images, training=False)) for each in (model, right))
        if not np.allclose(found, wanted, atol=1e-5):
            raise WrongAnswer(
                'The layers are right, but the answers aren\'t. Does every convolution have activation="relu"?'
            )


build = Exercise(
    name="build",
    examine=_examine_build,
    hints=(
        "Both lines have the form x = layers.Something(...)(x), as in the cell above.",
        "MaxPooling2D(pool_size=2) in the first; Conv2D(filters=token, ...) in the second, and the rest as above.",
    ),
    solution_code="""
def build(tokens):
    inputs = keras.Input(shape=(32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for token in tokens:
        if token == "max_pool":
            x = layers.MaxPooling2D(pool_size=2)(x)
        else:
            x = layers.Conv2D(filters=token, kernel_size=3, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(units=10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


nb04.build.check(build)
""",
    because="Your function makes the network above, with its 102,570 parameters, and any other chain like it.",
)

# --- two heads -------------------------------------------------------------------------------------


def _examine_heads(after_flatten: Any, after_average: Any) -> None:
    cases = (
        ("after_flatten", after_flatten, 61_450, {
            61_440: "the weights are right; add one bias for each of the 10 classes",
            6_144: "that's how many numbers come in; each of the 10 units has a weight for each of them, and a bias",
            6_145: "that's one unit, and there are ten",
            970: "Flatten keeps every place: 8×8×96 numbers come in, not 96",
        }),
        ("after_average", after_average, 970, {
            960: "the weights are right; add one bias for each of the 10 classes",
            96: "that's how many numbers come in; each of the 10 units has a weight for each of them, and a bias",
            97: "that's one unit, and there are ten",
            61_450: "averaging leaves one number for each of the 96 feature maps, not 8×8×96",
            650: "that would be 8×8 numbers; averaging leaves one number for each of the 96 maps",
        }),
    )  # fmt: skip
    check_counts(cases, otherwise="count the numbers that come in, add 1 for the bias, times the 10 units")


heads = Exercise(
    name="heads",
    examine=_examine_heads,
    hints=(
        "A dense layer has units × (numbers that come in + 1) parameters.",
        "Flatten passes on 8 × 8 × 96 numbers. Global average pooling passes on one for each of the 96 maps.",
    ),
    solution_code="""
after_flatten = 10 * (8 * 8 * 96 + 1)
after_average = 10 * (96 + 1)
nb04.heads.check(after_flatten, after_average)
""",
    because="61,450 against 970: forgetting the place makes the last layer about 63 times smaller.",
)

# --- cover -----------------------------------------------------------------------------------------


def _examine_cover(function: Any) -> None:
    rng = np.random.default_rng(4)
    for row, column in ((3, 17), (0, 24), (20, 0)):
        image = rng.integers(0, 100, (32, 32, 3)).astype(np.uint8)
        before = image.copy()
        result = result_of(function, image, row, column, what="cover", copies=False)
        found = as_array(result, what="The covered image")
        if np.array_equal(image, found) and not np.array_equal(
            image, before
        ):  # the square is on the image, too
            raise WrongAnswer(
                "Your function paints on the image itself: covered = image gives it only a second name. Make a copy."
            )
        if found.shape != image.shape:
            raise WrongAnswer(
                f"The covered image should still be {worded_shape(image.shape)}, and yours is "
                f"{worded_shape(found.shape)}."
            )
        changed = (found != before).any(axis=-1)
        right = np.zeros((32, 32), dtype=bool)
        right[row : row + 8, column : column + 8] = True
        if np.array_equal(changed, right) and (found[right] == 128).all():
            continue
        asked = f"For row {row} and column {column}"
        if not changed.any():
            raise WrongAnswer(f"{asked} nothing is covered. Set a part of the copy to 128.")
        rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
        top, left, tall, wide = rows[0], columns[0], np.ptp(rows) + 1, np.ptp(columns) + 1
        if (top, left) == (column, row):
            raise WrongAnswer(f"{asked} row and column are swapped: the row comes first.")
        if (tall, wide) != (8, 8):
            raise WrongAnswer(
                f"{asked} the covered part should be 8×8 pixels, and yours is {tall}×{wide}. A slice from row goes up "
                "to row + 8."
            )
        if (top, left) != (row, column):
            raise WrongAnswer(f"{asked} the square's upper left corner is at row {top} and column {left}.")
        raise WrongAnswer(f"{asked} the square is in the right place; all its channels should be 128.")


cover = Exercise(
    name="cover",
    examine=_examine_cover,
    hints=(
        "image.copy() makes a new image that you may change.",
        "covered[first_row:last_row, first_column:last_column] = 128, where last means first + 8.",
    ),
    solution_code="""
def cover(image, row, column):
    covered = image.copy()
    covered[row : row + 8, column : column + 8] = 128
    return covered


nb04.cover.check(cover)
""",
    because="Without the copy you'd have painted over your test set, and every later score would suffer.",
)

# --- quizzes ---------------------------------------------------------------------------------------

quiz_1 = Quiz(
    question=(
        "What if the images were 64×64 instead of 32×32? Which layers of the three-layer network would have more "
        "parameters?"
    ),
    choices={
        "a": (
            "All of them: four times as many",
            "A convolution's parameters depend on its kernels, its filters, and the channels that come in, not on "
            "the size of the image.",
        ),
        "b": (
            "None: it's the same network",
            "The convolutions stay as they are, but each pooling would leave a map with four times as many places, "
            "and Flatten passes them all on.",
        ),
        "c": (
            "Only the dense layer of 500 units: about four times as many",
            "8×8×64 numbers would come in instead of 4×4×64, and each unit needs a weight for every one. The kernels "
            "stay what they are.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question="The training loss falls and falls, and the validation loss has been rising for five epochs. What now?",
    choices={
        "a": (
            "Go back to the weights from before the rise, and try more images or dropout",
            "Since then it has been getting surer of its mistakes on new images, even if a few more answers come out "
            "right. More images and dropout make learning by heart harder.",
        ),
        "b": (
            "Train longer: the training loss shows that it's still learning",
            "It is, but it's learning these images by heart, and you want it to be good on others.",
        ),
        "c": (
            "Make the network larger",
            "It already has room enough to learn its images by heart; more room makes that easier.",
        ),
        "d": (
            "Add the validation images to the training images",
            "Then the validation loss would fall, but it couldn't tell you anything anymore.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question=(
        "A network tells wolves from dogs, with 98% on its test images. You suspect that it only looks for snow. What "
        "would settle it?"
    ),
    choices={
        "a": (
            "A larger test set, made like the first",
            "The wolves there would stand in snow, too, so the score would stay high, whatever the network looks at.",
        ),
        "b": (
            "Dogs in snow, and wolves on grass",
            "The animal and the background pull apart, so you see which of them the answer follows.",
        ),
        "c": (
            "How sure it is of its answers",
            "It can be just as sure because of the snow as because of the wolf.",
        ),
        "d": (
            "The training accuracy",
            "The training images have the same snow. That score can't tell the two reasons apart, either.",
        ),
    },
    answer="b",
)
