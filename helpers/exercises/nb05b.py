"""Exercises and quizzes of notebook 05b, Backpropagation."""

from typing import Any

import numpy as np

from helpers.exercises.core import (
    Exercise,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    close,
    result_of,
    worded_shape,
)


def _examine_chain_rule(answer: Any) -> None:
    number = as_float(answer, what="The gradient")
    if np.isclose(number, 24):
        return
    advice = {
        -24: "The size is right. But is w3 * b above 1 or below?",
        1: "That's the gradient of the loss itself, where the way back begins.",
        2: "That's the difference, w3 * b - 1. A square doubles it on the way back, and then come the layers.",
        4: "That's the gradient of the difference. Go on: the product with w3, the ReLU, and two more products.",
        6: "That's w3 × w2 × x. The loss's own factor, 2 * (w3 * b - 1), is missing.",
        8: "One product is missing: what does w2 * a pass back to a?",
        12: "One product is missing: what does w1 * x pass back to w1?",
        0: "The ReLU would have to be shut, but w2 * a = 3 is positive.",
        9: "That's b². You need the gradient, not the value.",
    }
    text = advice.get(round(number)) if number == round(number) else None
    raise WrongAnswer(text or f"It isn't {number:g}: go back box by box, and multiply at each one.")


chain_rule = Exercise(
    name="chain_rule",
    examine=_examine_chain_rule,
    hints=(
        "Forward first: a = 1, w2 * a = 3, b = 3, w3 * b - 1 = 2. Then back: the square passes back 2 × 2 = 4.",
        "From 4 on: × w3 at the first product, × 1 at the open ReLU, × w2 and × x at the other two.",
    ),
    solution_code="""
gradient = 2 * (1 * 3 - 1) * 1 * 1 * 3 * 2
nb05b.chain_rule.check(gradient)
""",
    because="The square passes back 4; then × w3 = 1, × 1 through the open ReLU, × w2 = 3, and × x = 2 make 24.",
)


def _examine_dense_backward(function: Any) -> None:
    from helpers.from_scratch import backward  # imports TensorFlow, which the site is built without

    rng = np.random.default_rng(0)
    for examples, inputs, units in [(6, 4, 3), (1, 5, 2), (3, 3, 3)]:
        x, weights = rng.normal(size=(examples, inputs)), rng.normal(size=(inputs, units))
        biases, arriving = rng.normal(size=units), rng.normal(size=(examples, units))
        results = result_of(function, arriving, x, weights, biases, what="my_dense_backward")
        if not isinstance(results, (tuple, list)) or len(results) != 3:
            raise WrongAnswer("Return three gradients, in this order: to_x, to_weights, to_biases.")
        given = {"to_x": x, "to_weights": weights, "to_biases": biases}
        right = backward.dense(arriving, x, weights, biases)
        for (name, argument), found, expected in zip(given.items(), results, right, strict=True):
            _compare(name, found, expected, argument.shape, arriving=arriving, x=x, weights=weights)


def _compare(
    name: str,
    found: Any,
    expected: np.ndarray,
    shape: tuple[int, ...],
    *,
    arriving: np.ndarray,
    x: np.ndarray,
    weights: np.ndarray,
) -> None:
    array = as_array(found, what=f"`{name}`")
    if array.shape == shape and close(array, expected):
        return
    likely = [
        (arriving, f"`{name}` is only what arrives; it still has to go back through the layer."),
        (
            arriving.mean(axis=0),
            "`to_biases`: a bias is used by every example, and the gradients of all its uses add up.",
        ),
        (arriving.sum(axis=1), "`to_biases`: you added up over the units. Add up over the examples, axis 0."),
        (x.T @ arriving / len(x), "`to_weights`: add up over the examples; don't take the mean."),
        (
            arriving.T @ x,
            "`to_weights` lies on its side: it needs a row for each input and a column for each unit.",
        ),
    ]
    if arriving.shape[1] == weights.shape[0]:  # square weights fit either way around
        likely.append((arriving @ weights, "`to_x`: its shape fits by luck. Turn the weights with .T."))
    for wrong, message in likely:
        if array.shape == wrong.shape and close(array, wrong):
            raise WrongAnswer(message)
    if array.shape != shape:
        raise WrongAnswer(
            f"`{name}` has shape {worded_shape(array.shape)}, but a gradient is shaped like what it belongs to: "
            f"{worded_shape(shape)}."
        )
    raise WrongAnswer(f"`{name}` has the right shape, but not the right values.")


dense_backward = Exercise(
    name="dense_backward",
    examine=_examine_dense_backward,
    hints=(
        "A product swaps: x gets what arrives times the weights, the weights get it times x. Which of the two has to "
        "be turned with .T, and on which side does it stand, so that the shapes fit?",
        "arriving @ weights.T is (examples, inputs), x.T @ arriving is (inputs, units). A bias is used by every "
        "example, so its gradients add up over axis 0.",
    ),
    solution_code="""
def my_dense_backward(arriving, x, weights, biases):
    to_x = arriving @ weights.T
    to_weights = x.T @ arriving
    to_biases = arriving.sum(axis=0)
    return to_x, to_weights, to_biases


nb05b.dense_backward.check(my_dense_backward)
""",
    because="Two matrix products and a sum send the gradient back through any dense layer.",
)


def _examine_average_pool_backward(function: Any) -> None:
    from helpers.from_scratch import backward  # imports TensorFlow, which the site is built without

    rng = np.random.default_rng(0)
    for shape in [(1, 2, 3, 1), (2, 4, 2, 3)]:
        arriving = rng.normal(size=shape)
        right = backward.average_pool(arriving)
        got = as_array(
            result_of(function, arriving, what="average_pool_backward"), what="The gradient of the maps"
        )
        if got.shape != right.shape:
            raise WrongAnswer(
                f"For arriving gradients of {worded_shape(shape)}, yours are {worded_shape(got.shape)}; the maps are "
                f"twice as high and twice as wide, {worded_shape(right.shape)}."
            )
        if close(got, right):
            continue
        corner = np.zeros_like(right)
        corner[:, ::2, ::2] = arriving
        for wrong, message in [
            (4 * right, "Each value counts for a quarter of the mean, so it gets a quarter of the gradient."),
            (2 * right, "Half is too much: four values share what arrives."),
            (right / 4, "You divided by 4 twice."),
            (corner, "You send it all to one value, as if it had won. In a mean, nobody wins."),
            (corner / 4, "Each of the four values gets a quarter, not only one of them."),
        ]:
            if close(got, wrong):
                raise WrongAnswer(message)
        raise WrongAnswer(
            "The shape is right, but not the values: all four of a pooling window get the same."
        )


average_pool_backward = Exercise(
    name="average_pool_backward",
    examine=_examine_average_pool_backward,
    hints=(
        "In (a + b + c + d) / 4, how fast does the result rise when a grows?",
        "np.repeat(array, 2, axis=1) doubles the rows, and with axis=2 the columns.",
    ),
    solution_code="""
def average_pool_backward(arriving):
    return np.repeat(np.repeat(arriving, 2, axis=1), 2, axis=2) / 4


nb05b.average_pool_backward.check(average_pool_backward)
""",
    because="Each of the four gets a quarter of what arrives, whatever its value.",
)


quiz_1 = Quiz(
    question="Look at the opening figure again: around the digit, the image is black, so its pixels are 0. "
    "Why are the weights there white, in every unit?",
    choices={
        "a": (
            "the network knows that the background doesn't matter",
            "This one knows nothing yet: its weights are random. Which number does each of them multiply?",
        ),
        "b": (
            "a product swaps, so each of these weights gets 0 × what arrives",
            "A weight's gradient is its own input times what arrives, and here the input is 0.",
        ),
        "c": (
            "their ReLU gates are shut",
            "A gate belongs to a whole unit. If it were shut, the digit would be missing as well.",
        ),
    },
    answer="b",
)

quiz_2 = Quiz(
    question="All units of layer 9 are zero for every image, in a network of ten layers. What can still "
    "learn?",
    choices={
        "a": (
            "at most the weights and biases above layer 9, and to them all images look the same",
            "Nothing passes back through shut gates, and forward, layer 9 sends zeros whatever the image.",
        ),
        "b": (
            "the weights of layers 1 to 8",
            "Their gradient would have to come through layer 9, where every gate is shut.",
        ),
        "c": ("all of them, only more slowly", "A gradient of exactly 0 isn't slow: it's a standstill."),
    },
    answer="a",
)

quiz_3 = Quiz(
    question="You freeze the first nine layers of a network, and train only the tenth. How far back must the sweep go?",
    choices={
        "a": (
            "to the image: the chain rule needs every layer",
            "Only if something back there wants its gradient. Frozen weights don't.",
        ),
        "b": (
            "through layer 9, because its activations are what layer 10 multiplies",
            "Layer 10 needs their *values*, which the forward pass has kept. Nobody needs their gradients.",
        ),
        "c": (
            "only to the weights of layer 10",
            "Nothing before it will move, so its gradient isn't needed. That makes training a last layer cheap.",
        ),
    },
    answer="c",
)
