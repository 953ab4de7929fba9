"""The exercises and quiz questions of notebook 01, MLP and flattening."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    as_int,
    close,
    result_of,
    worded_shape,
)


def _examine_place(place_of: Callable[..., Any]) -> None:
    for index, width in ((0, 28), (27, 28), (28, 28), (409, 28), (783, 28), (409, 32), (3071, 32), (7, 3)):
        what = f"place_of({index}, width={width})"
        answer = as_array(result_of(place_of, index, width=width, what="place_of"), what=what)
        row, column = divmod(index, width)
        if answer.shape != (2,):
            raise WrongAnswer(
                f"{what} must give two numbers, (row, column), and yours is {worded_shape(answer.shape)}."
            )
        if tuple(answer) == (row, column):
            continue
        found = f"{what} gives ({answer[0]:g}, {answer[1]:g}); it must be ({row}, {column})."
        if tuple(answer) == (column, row):
            raise WrongAnswer(f"{found} The two are swapped: the row comes first.")
        if tuple(answer) == divmod(index, 28):
            raise WrongAnswer(f"{found} The width is not always 28: use the argument width.")
        if answer[0] == index / width:
            raise WrongAnswer(f"{found} A row is a whole number: // divides and drops the remainder.")
        if tuple(answer - (row, column)) == (1, 1):
            raise WrongAnswer(f"{found} Python counts rows and columns from 0.")
        raise WrongAnswer(found)


place_of = Exercise(
    name="place_of",
    examine=_examine_place,
    hints=(
        "Each full row uses up `width` places of the vector. How many full rows fit before place 409?",
        "`//` gives how many times the width fits, `%` gives what is left over.",
    ),
    solution_code="""
def place_of(index, *, width):
    return index // width, index % width


nb01.place_of.check(place_of)
""",
    because=(
        "Whole division counts the full rows, and the remainder is the column. `divmod(index, width)` "
        "does both."
    ),
)


def _examine_parameters(mlp_parameters: Callable[..., Any]) -> None:
    for sizes in ([2, 3], [784, 512, 512, 10], [3072, 256, 10], [5, 4, 3, 2, 2]):
        what = f"mlp_parameters({sizes})"
        answer = as_int(result_of(mlp_parameters, sizes, what="mlp_parameters"), what=what)
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        weights, biases = sum(a * b for a, b in pairs), sum(sizes[1:])
        if answer == weights + biases:
            continue
        found = f"{what} gives {answer:,}; it must be {weights + biases:,}."
        if answer == weights:
            raise WrongAnswer(f"{found} Those are the weights alone: every unit also has one bias.")
        if answer == weights + sum(sizes):
            raise WrongAnswer(f"{found} The inputs are numbers that come in: they have no bias.")
        if answer == weights + sum(sizes[:-1]):
            raise WrongAnswer(f"{found} A bias belongs to each unit of a layer, not to each of its inputs.")
        if answer == weights + len(pairs):
            raise WrongAnswer(f"{found} That is one bias for each layer; it must be one for each unit.")
        if answer == sizes[0] * sizes[1] + sizes[1]:
            raise WrongAnswer(f"{found} That is the first layer alone: add up all {len(pairs)} layers.")
        raise WrongAnswer(found)


mlp_parameters = Exercise(
    name="mlp_parameters",
    examine=_examine_parameters,
    hints=(
        "A layer with `inputs` numbers coming in and `units` units has (inputs + 1) * units parameters.",
        "`zip(sizes[:-1], sizes[1:])` gives the pairs (inputs, units) of the layers, one after another.",
        "Put it inside `sum(... for inputs, units in ...)`.",
    ),
    solution_code="""
def mlp_parameters(sizes):
    return sum((inputs + 1) * units for inputs, units in zip(sizes[:-1], sizes[1:]))


nb01.mlp_parameters.check(mlp_parameters)
""",
    because=(
        "Every unit has one weight for each input and one bias, so a layer has (inputs + 1) × units "
        "parameters."
    ),
)


def _examine_repaired(repaired_mlp: Callable[..., Any]) -> None:
    model = result_of(repaired_mlp, what="repaired_mlp")
    if not hasattr(model, "layers") or not hasattr(model, "count_params"):
        raise WrongAnswer(f"repaired_mlp must return a Keras model, and it returned {type(model).__name__}.")
    if not model.built:
        raise WrongAnswer(
            "This model does not know how large a picture is: start with keras.Input(shape=(28, 28))."
        )
    if tuple(model.input_shape[1:]) != (28, 28):
        raise WrongAnswer(
            f"This model takes inputs of {worded_shape(tuple(model.input_shape[1:]))}; digits have 28×28 "
            "pixels."
        )
    dense = [layer for layer in model.layers if hasattr(layer, "units")]
    if [layer.units for layer in dense] != [512, 512, 10]:
        raise WrongAnswer(
            f"The dense layers must have 512, 512 and 10 units, and yours have {_units(dense)}."
        )
    for number, layer in enumerate(dense[:-1], start=1):
        if layer.activation.__name__ == "linear":
            raise WrongAnswer(
                f"Dense layer {number} has no activation. Keras does not complain, but two layers without "
                "anything between them can do no more than one."
            )
        if layer.activation.__name__ != "relu":
            raise WrongAnswer(
                f'Dense layer {number} has the activation "{layer.activation.__name__}", not "relu".'
            )
    if dense[-1].activation.__name__ != "softmax":
        raise WrongAnswer(
            f'The last layer has the activation "{dense[-1].activation.__name__}", not "softmax".'
        )
    if model.count_params() != 669_706:
        raise WrongAnswer(
            f"This model has {model.count_params():,} parameters; the MLP of this notebook has 669,706."
        )


def _units(dense: list[Any]) -> str:
    return ", ".join(str(layer.units) for layer in dense) or "none"


find_the_typos = Exercise(
    name="find_the_typos",
    examine=_examine_repaired,
    hints=(
        "Run the broken lines: Keras names one unknown keyword at a time. Read each one letter by letter.",
        "In Keras 3 the shape is no longer an argument of the first layer: it is an entry of its own, "
        "`keras.Input`.",
        "The third mistake is something that is missing. Compare the two layers of 512 units.",
    ),
    solution_code="""
def repaired_mlp():
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(units=512, activation="relu"),
            keras.layers.Dense(units=512, activation="relu"),
            keras.layers.Dense(units=10, activation="softmax"),
        ]
    )


nb01.find_the_typos.check(repaired_mlp)
""",
    because=(
        "Two misspelt keywords were loud. The missing activation was silent: only reading the code finds it."
    ),
)


class _FakeModel:
    """Gives each image (its index in a table) a fixed row of probabilities, as `predict` or when called."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities

    def predict(self, images: np.ndarray, **_options: Any) -> np.ndarray:
        return self.probabilities[np.asarray(images).reshape(len(images), -1)[:, 0].astype(int)]

    __call__ = predict


def _examine_accuracy(measured_accuracy: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    for count in (40, 10, 7):
        probabilities = rng.dirichlet(np.ones(10), size=count)
        labels = probabilities.argmax(axis=1)
        labels[: count // 4] = (labels[: count // 4] + 1) % 10
        right = 1 - (count // 4) / count
        images = np.arange(count).reshape(count, 1, 1) * np.ones((1, 2, 2), dtype=int)
        try:
            result = result_of(
                measured_accuracy, _FakeModel(probabilities), images, labels, what="measured_accuracy"
            )
        except NameError as error:
            if getattr(error, "name", None) not in ("Y_test", "X_test"):
                raise
            raise WrongAnswer(
                f"There is no {error.name} here: Python tells capital letters from small ones, and the "
                f"function's argument is {error.name.lower()}."
            ) from None
        except ValueError as error:
            if "broadcast" not in str(error) and "shape" not in str(error).lower():
                raise
            raise WrongAnswer(
                f"With {count} images your two arrays do not match ({error}). There must be one answer "
                "per image: take the largest along axis 1, the classes, not along axis 0, the images."
            ) from None
        answer = as_float(result, what="The accuracy")
        if close(answer, right, atol=1e-6):
            continue
        found = f"For {count} images of which {right:.1%} are answered right, your function says {answer:g}."
        if close(answer, 100 * right, atol=1e-4):
            raise WrongAnswer(f"{found} Give a share between 0 and 1, not per cent.")
        if close(answer, round(right * count), atol=1e-6):
            raise WrongAnswer(f"{found} That is their number: the accuracy is their share, so take the mean.")
        if answer == 0:
            raise WrongAnswer(
                f"{found} `predicted` must hold one class for every image. np.argmax without an axis looks "
                "through the whole table and gives one single place; np.max gives probabilities, not places."
            )
        if close(answer, 1 - right, atol=1e-6):
            raise WrongAnswer(f"{found} That is the share of wrong answers.")
        raise WrongAnswer(
            f"{found} Compare, image by image, the place of the largest probability with y_test."
        )


find_the_bug = Exercise(
    name="find_the_bug",
    examine=_examine_accuracy,
    hints=(
        "`probabilities` has one row per image and one column per class. What shape should `predicted` have?",
        "`np.argmax(probabilities, axis=1)` gives one place for every row.",
        "A function should use its own arguments. Look at the last line, letter by letter.",
    ),
    solution_code="""
def measured_accuracy(model, x_test, y_test):
    probabilities = model.predict(x_test, verbose=0)
    predicted = np.argmax(probabilities, axis=1)  # it was: np.argmax(probabilities)
    return np.mean(predicted == y_test)  # it was: np.mean(predicted == Y_test)


nb01.find_the_bug.check(measured_accuracy)
""",
    because=(
        "One answer per image (axis=1), compared with the labels that were passed in, not with a leftover "
        "variable."
    ),
)


def _examine_put_back(put_back: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    for pixels, units in ((6, 4), (12, 12), (784, 3)):
        kernel, order = rng.normal(size=(pixels, units)), rng.permutation(pixels)
        try:
            result = result_of(put_back, kernel, order, what="put_back")
        except IndexError:
            raise WrongAnswer(
                f"The order has {pixels} entries, one for each pixel. A kernel of shape {pixels}×{units} "
                "has its pixels along the rows, so pick rows: kernel[...], not kernel[:, ...]."
            ) from None
        answer = as_array(result, what="The kernel that put_back returns", shape=(pixels, units))
        right = np.empty_like(kernel)
        right[order] = kernel
        if close(answer, right):
            continue
        if close(answer, kernel[order]):
            raise WrongAnswer(
                "That is the direction of the text: it makes a network for tidy pictures read shuffled "
                "ones. Here it must go the other way round."
            )
        if close(answer, kernel):
            raise WrongAnswer(
                "The kernel came back unchanged, so the network still expects shuffled pictures."
            )
        raise WrongAnswer(
            "With this kernel the answers for the tidy pictures differ from those for the shuffled ones. "
            "Row i of the given kernel belongs to pixel order[i]."
        )


put_back = Exercise(
    name="put_back",
    examine=_examine_put_back,
    hints=(
        "Row i of the kernel was trained on the pixel that shuffling brought to place i, which is pixel "
        "order[i]. So row i must go to place order[i].",
        "`np.argsort(order)` is the inverse shuffle: it says where each pixel went.",
    ),
    solution_code="""
def put_back(kernel, order):
    return kernel[np.argsort(order)]


nb01.put_back.check(put_back)
""",
    because="The inverse shuffle of the rows undoes the shuffle of the pixels: no training is needed.",
)


def _examine_shift(shift_right: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    for (rows, width), columns in (((4, 6), 2), ((28, 28), 6), ((5, 3), 1), ((3, 3), 0)):
        image = rng.integers(1, 256, size=(rows, width), dtype=np.uint8)
        right = np.zeros_like(image)
        right[:, columns:] = image[:, : width - columns]
        given = image.copy()
        answer = as_array(
            result_of(shift_right, given, columns=columns, what="shift_right", copies=False),
            what=f"The image, moved by {columns} columns,",
            shape=(rows, width),
        )
        if not np.array_equal(answer, right):
            raise WrongAnswer(_shift_mistake(answer, image, columns))
        if not np.array_equal(given, image):
            raise WrongAnswer(
                "Your function changed the image that it was given. Work on a copy, or build a new one."
            )


def _shift_mistake(answer: np.ndarray, image: np.ndarray, columns: int) -> str:
    if np.array_equal(answer, np.roll(image, columns, axis=1)):
        return "np.roll lets what leaves on the right come in again on the left; zeros must come in."
    if np.array_equal(answer, image):
        return "The image did not move."
    left, down = np.zeros_like(image), np.zeros_like(image)
    left[:, : image.shape[1] - columns] = image[:, columns:]
    down[columns:] = image[: len(image) - columns]
    if np.array_equal(answer, left):
        return "The image moved to the left."
    if np.array_equal(answer, down):
        return "The image moved down: columns are the second axis."
    return f"Column {columns} of the result must hold what column 0 held, with zeros left of it."


shift_right = Exercise(
    name="shift_right",
    examine=_examine_shift,
    hints=(
        "Put `columns` columns of zeros on the left, then keep as many columns as there were.",
        "`np.pad(image, ((0, 0), (columns, 0)))` adds zeros on the left of every row.",
        "`[:, : image.shape[1]]` keeps the old width.",
    ),
    solution_code="""
def shift_right(image, *, columns):
    return np.pad(image, ((0, 0), (columns, 0)))[:, : image.shape[1]]


nb01.shift_right.check(shift_right)
""",
    because="Zeros came in on the left, what passed the right edge is gone, and the size stayed.",
)


def _examine_cost(dense: Any, convolution: Any) -> None:
    counts = {"dense": as_int(dense, what="dense"), "convolution": as_int(convolution, what="convolution")}
    if counts == {"dense": 14_156_288, "convolution": 2_432}:
        return
    mistakes = {
        ("dense", 14_155_776): "Those are the weights alone: add one bias for each of the 512 units.",
        ("dense", 4_719_104): "A colour picture has three numbers per pixel.",
        ("dense", 4_718_592): "A colour picture has three numbers per pixel, and each unit has a bias.",
        ("dense", 14_183_424): "One bias for each of the 512 units, not for each of the inputs.",
        ("convolution", 2_400): "Those are the weights alone: add one bias for each of the 32 windows.",
        ("convolution", 832): "A window covers all three colours: 5 × 5 × 3 weights.",
        ("convolution", 800): "A window covers all three colours, 5 × 5 × 3 weights, and has a bias.",
        ("convolution", 896): "That is a window of 3 × 3; here it is 5 × 5.",
        ("convolution", 320): "That is a grey picture and a window of 3 × 3; here it is 5 × 5 and colour.",
    }
    for (name, value), message in mistakes.items():
        if counts[name] == value:
            raise WrongAnswer(f"{name} is {value:,}. {message}")
    if counts["convolution"] > 100_000:
        raise WrongAnswer(
            "convolution does not depend on the side of the picture: only the window's own numbers count."
        )
    name, shape = ("dense", "(96 × 96 × 3 inputs, 512 units)")
    if counts["dense"] == 14_156_288:
        name, shape = "convolution", "(5 × 5 × 3 weights and a bias, 32 times)"
    raise WrongAnswer(f"{name} is {counts[name]:,}, which is not the right count {shape}.")


cost = Exercise(
    name="cost",
    examine=_examine_cost,
    hints=(
        "The dense layer has 96 * 96 * 3 inputs, and (inputs + 1) * units parameters.",
        "A window of the convolution has 5 * 5 * 3 weights and one bias, and there are 32 windows.",
    ),
    solution_code="""
dense = (96 * 96 * 3 + 1) * 512
convolution = (5 * 5 * 3 + 1) * 32

nb01.cost.check(dense, convolution)
""",
    because=(
        "14,156,288 against 2,432: the dense layer has a weight for every pixel, the window is used "
        "everywhere."
    ),
)


quiz_1 = Quiz(
    question=(
        "For one picture the largest of the ten probabilities is 0.35, and it belongs to the digit 4. What "
        "follows?"
    ),
    choices={
        "a": (
            "There is no answer, since no probability reaches 0.5.",
            "`argmax` takes the largest, however small it is. With ten digits it can be little more than "
            "a tenth.",
        ),
        "b": (
            "35 % of all pictures are answered with 4.",
            "The row belongs to one picture. Other pictures have rows of their own.",
        ),
        "c": (
            "The answer is 4, and the other nine digits share a probability of 0.65.",
            "Yes: `argmax` gives 4. The answer alone does not show how unsure the network was; the row does.",
        ),
        "d": (
            "The answer is 4, and the accuracy is 0.35.",
            "One answer is right or wrong. The accuracy is the share of right answers over many pictures.",
        ),
    },
    answer="c",
)

quiz_2 = Quiz(
    question=(
        "A photograph may show a cat, a dog, both, or neither. Which "
        "activation belongs on a last layer of two units?"
    ),
    choices={
        "a": (
            "sigmoid",
            "A sigmoid on each unit answers two separate yes-or-no questions. Softmax is for exactly one "
            "class of many.",
        ),
        "b": (
            "softmax",
            "Softmax makes the outputs add up to 1, so the two compete: it cannot say both, and it "
            "cannot say neither.",
        ),
        "c": (
            "ReLU",
            "ReLU has no upper end, so its output is not a probability. It belongs inside the network.",
        ),
        "d": (
            "softmax or sigmoid, it makes no difference",
            "It does: softmax outputs add up to 1, sigmoid outputs need not. One sigmoid unit and a "
            "softmax over two units can say the same only where exactly one of two things is true.",
        ),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="One sigmoid unit says 0.87 for “this is a cat”. Which line turns such numbers into yes and no?",
    choices={
        "a": (
            "`probability.astype(int)`",
            "That cuts off the decimals, so everything below 1 becomes 0: the answer would be no for "
            "0.87 and 0.99 too.",
        ),
        "b": (
            "`probability >= 0.5`",
            "It says where the line is drawn, and you can draw it elsewhere when a missed cat costs more "
            "than a false one.",
        ),
        "c": (
            "`np.argmax(probability)`",
            "Over a single number argmax is always 0, whatever the number is. It needs one column per class.",
        ),
        "d": (
            "`probability > 0`",
            "Sigmoid never gives a number below 0, so practically every photograph would be called a cat.",
        ),
    },
    answer="b",
)

quiz_4 = Quiz(
    question="An MLP does as well on shuffled pixels as on tidy ones. What follows?",
    choices={
        "a": (
            "The MLP ignores where a pixel is.",
            "It has separate weights for every place, so it does know which input is which. Moving a "
            "digit by two pixels, in the next section, shows how much it minds.",
        ),
        "b": (
            "Each picture could have been shuffled in its own way.",
            "Then place 300 would mean something else in every picture. All that is left to learn from is "
            "how much ink there is.",
        ),
        "c": (
            "Neighbouring pixels do not matter for telling digits apart.",
            "The CNN, which looks at neighbours together, makes fewer mistakes on tidy digits. They do "
            "matter.",
        ),
        "d": (
            "With a second, different `order`, used for all pictures alike, a new MLP would do about as well.",
            "Yes: a fixed order only renames the inputs, and one renaming is as good as another.",
        ),
    },
    answer="d",
)

quiz_5 = Quiz(
    question=(
        "Why is a plain network of dense layers poor at pictures? Pick the sentence that this notebook "
        "supports."
    ),
    choices={
        "a": (
            "Flattening destroys information about the picture.",
            "A reshape brings every pixel back, so nothing is destroyed. The network is only not told "
            "who was next to whom.",
        ),
        "b": (
            "It cannot learn from pictures at all.",
            "It got more than nine of ten digits right. It is wasteful and sensitive to shifts, not useless.",
        ),
        "c": (
            "It is not told which pixels are neighbours, must learn a stroke anew at every place, and "
            "grows with the picture.",
            "These are the three costs that were measured: the shuffle, the shift, and the parameter count.",
        ),
        "d": (
            "It *always* needs more multiplications than a convolutional network.",
            "More than some and fewer than others: the CNN of notebook 03 has a third of the MLP's "
            "parameters and does six times its work.",
        ),
    },
    answer="c",
)

quiz_6 = Quiz(
    question=(
        "You double the side of a grey picture. What happens to the parameters of a layer that reads it?"
    ),
    choices={
        "a": (
            "Dense: four times as many weights. Convolution: as many as before.",
            "Four times the pixels means four times the weights; the window is used more often, but "
            "stays the same.",
        ),
        "b": (
            "Dense: twice as many. Convolution: twice as many.",
            "Twice the side is four times the pixels, and the window of a convolution keeps its size.",
        ),
        "c": (
            "Dense: four times as many weights. Convolution: four times as many.",
            "The convolution does four times the work, but always with the same weights.",
        ),
    },
    answer="a",
)
