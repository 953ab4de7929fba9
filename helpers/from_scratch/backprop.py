"""Backpropagation by hand on a small fully connected network, and the numbers that check it.

Notebook 05 uses it to show the chain rule at work, to compare with finite differences, and to see why the
product of many derivatives vanishes. After Rumelhart, Hinton and Williams, Learning representations by
back-propagating errors (1986). Everything is computed in float64; vectors are rows, one for each example.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from helpers.arguments import numbers


class Layer(NamedTuple):
    """Weights (inputs, units) and biases (units,) of a dense layer, or the loss's gradients for them."""

    weights: np.ndarray
    biases: np.ndarray


@dataclass(frozen=True)
class Trace:
    """What the forward pass leaves: `values[k]` enters layer k, `sums[k]` leaves it before the activation."""

    values: list[np.ndarray]
    sums: list[np.ndarray]
    layers: list[Layer]
    activation: str

    @property
    def logits(self) -> np.ndarray:
        """The output of the last layer, (examples, classes), which has no activation."""
        return self.sums[-1]


class Gradients(NamedTuple):
    """Derivatives of the mean loss: for each layer's weights and biases, each layer's sums, and the input."""

    layers: list[Layer]
    sums: list[np.ndarray]
    x: np.ndarray


def sigmoid(z: Any) -> np.ndarray:
    """1 / (1 + exp(-z)), without overflow for large negative z."""
    return np.exp(-np.logaddexp(0.0, -np.asarray(z, dtype=np.float64)))


# Each activation with its derivative. At 0 the ReLU has no derivative; 0 is taken, as TensorFlow does.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: (np.asarray(z) > 0).astype(np.float64)),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1.0 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "linear": (lambda z: np.asarray(z, dtype=np.float64), lambda z: np.ones(np.shape(z))),
}


def forward(x: Any, layers: Sequence[Layer], *, activation: str = "relu") -> Trace:
    """The network's values for `x` (examples, inputs); hidden layers use `activation`, the last one none.

    Raises ValueError for shapes that do not fit together (it names the layer) or an unknown activation.
    """
    function, _ = _known(activation)
    value, values, sums = numbers(x, "x", "examples, inputs"), [], []
    if not layers:
        raise ValueError("layers is empty: the network needs at least one.")
    for number, (weights, biases) in enumerate(layers, start=1):
        if weights.shape != (value.shape[1], len(biases)):
            raise ValueError(
                f"layer {number} has weights {weights.shape} and {len(biases)} biases, and gets "
                f"{value.shape[1]} inputs: weights must be (inputs, units) with a bias for each unit."
            )
        values.append(value)
        sums.append(value @ weights + biases)
        value = function(sums[-1])
    return Trace(values, sums, list(layers), activation)


def softmax(logits: Any) -> np.ndarray:
    """Each row of logits (examples, classes) as a distribution; the row's maximum is taken off first."""
    logits = numbers(logits, "logits", "examples, classes")
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def cross_entropy(logits: Any, labels: Any) -> float:
    """Mean of -log(probability of the right class), in nats; log(classes) for a net that knows nothing.

    `labels` are whole numbers (examples,). Raises ValueError for labels out of range or of the wrong number.
    """
    logits = numbers(logits, "logits", "examples, classes")
    labels = _labels(labels, logits.shape)
    shifted = logits - logits.max(axis=1, keepdims=True)
    right = shifted[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - right))


def backward(trace: Trace, labels: Any) -> Gradients:
    """Gradients of `cross_entropy(trace.logits, labels)`, from the last layer to the first by the chain rule.

    At the logits it is (softmax - one-hot) / examples. Through a layer it is multiplied by the weights, through
    an activation by its derivative. Errors as for `cross_entropy`.
    """
    labels = _labels(labels, trace.logits.shape)
    _, derivative = _known(trace.activation)
    delta = softmax(trace.logits)
    delta[np.arange(len(labels)), labels] -= 1
    delta /= len(labels)
    gradients, deltas = [], []
    for number in reversed(range(len(trace.layers))):
        gradients.insert(0, Layer(trace.values[number].T @ delta, delta.sum(axis=0)))
        deltas.insert(0, delta)
        arriving = delta @ trace.layers[number].weights.T
        if number > 0:
            delta = arriving * derivative(trace.sums[number - 1])
    return Gradients(gradients, deltas, arriving)


def finite_differences(function: Callable, x: Any, *, step: float = 1e-5) -> np.ndarray:
    """The gradient of `function(x)`, a single number, by trying: shaped like `x`, of any number of axes.

    Each entry in turn is moved by `step` up and down: (f(x + step) - f(x - step)) / (2 step). The error is
    about step² from the curvature and 1e-16 / step from rounding, and a kink within the step spoils it.
    `x` itself is not changed. Raises ValueError for a step that is not positive.
    """
    if not step > 0:
        raise ValueError(f"step must be positive, not {step!r}.")
    point = np.array(x, dtype=np.float64)
    gradient = np.empty_like(point)
    for place in np.ndindex(point.shape):
        middle = point[place]
        ends = []
        for moved in (middle + step, middle - step):
            point[place] = moved
            ends.append(float(function(point.copy())))
        point[place] = middle
        gradient[place] = (ends[0] - ends[1]) / (2 * step)
    return gradient


def derivative_product(x: float, weights: Sequence[float], *, activation: str) -> np.ndarray:
    """d value / d x after 0, 1, ..., len(weights) layers of one neuron each, value = activation(weight * value).

    By the chain rule every layer multiplies by weight * activation'(sum). The sigmoid's derivative is at most
    1/4, so with weights up to 1 ten layers leave less than 1e-6; that of an active ReLU is 1, that of a dead
    one 0. The result has len(weights) + 1 entries and begins with 1.
    """
    function, derivative = _known(activation)
    value, products = float(x), [1.0]
    for weight in numbers(weights, "weights", "layers"):
        total = weight * value
        products.append(products[-1] * float(weight * derivative(total)))
        value = float(function(total))
    return np.array(products)


def _known(activation: str) -> tuple[Callable, Callable]:
    if activation not in ACTIVATIONS:
        words = ", ".join(f'"{name}"' for name in ACTIVATIONS)
        raise ValueError(f"unknown activation {activation!r}: choose one of {words}.")
    return ACTIVATIONS[activation]


def _labels(labels: Any, shape: tuple[int, int]) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != shape[:1]:
        raise ValueError(
            f"labels must be one whole number for each of {shape[0]} examples, not {labels.shape}."
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= shape[1]:
        raise ValueError(f"labels must be whole numbers from 0 to {shape[1] - 1}, one for each class.")
    return labels
