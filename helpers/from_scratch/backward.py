"""Backward passes from scratch in NumPy, the softmax, and what checks a backward pass.

Notebook 05b writes most of them itself, with these pieces; its exercises compare with `dense` and `average_pool`, which
take `arriving`, the loss's gradient with respect to the layer's output, and return the gradients with respect to what
the layer was given. Arrays are (examples, units) or (images, height, width, channels), everything in float64.
BatchNorm's is in `batchnorm`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.arguments import numbers
from helpers.notebook.quiet_keras import tf

IMAGES = "images, height, width, channels"


def dense(arriving: Any, x: Any, weights: Any, biases: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Back through x @ weights + biases: gradients like x (examples, inputs), weights (inputs, units), biases (units,).

    `arriving` is (examples, units). The biases' values don't matter. Raises ValueError for shapes that do not fit.
    """
    arriving = numbers(arriving, "arriving", "examples, units")
    x, weights = numbers(x, "x", "examples, inputs"), numbers(weights, "weights", "inputs, units")
    _fits(arriving, (len(x), weights.shape[1]))
    return arriving @ weights.T, x.T @ arriving, arriving.sum(axis=0)


def softmax(logits: Any) -> np.ndarray:
    """Each row of logits (examples, classes) as a distribution; the row's maximum is taken off first."""
    logits = numbers(logits, "logits", "examples, classes")
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def average_pool(arriving: Any) -> np.ndarray:
    """Back through average pooling with windows of 2×2 side by side: each of the four gets a quarter."""
    arriving = numbers(arriving, "arriving", IMAGES)
    return join_windows(np.repeat(arriving[..., None] / 4, 4, axis=-1))


def split_windows(maps: Any) -> np.ndarray:
    """The values of each 2×2 window on an axis of their own: (images, height / 2, width / 2, channels, 4).

    Row by row, `maps` being (images, height, width, channels). Raises ValueError for an odd height or width.
    """
    maps = numbers(maps, "maps", IMAGES)
    images, height, width, channels = maps.shape
    if height % 2 or width % 2:
        raise ValueError(f"maps of {height}×{width} don't split into windows of 2×2: both must be even.")
    split = maps.reshape(images, height // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 5, 2, 4)
    return split.reshape(images, height // 2, width // 2, channels, 4)


def join_windows(windows: Any) -> np.ndarray:
    """The maps (images, height, width, channels) that `split_windows` splits into `windows`."""
    windows = numbers(windows, "windows", "images, rows, columns, channels, four values")
    images, rows, columns, channels, _ = windows.shape
    split = windows.reshape(images, rows, columns, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    return split.reshape(images, 2 * rows, 2 * columns, channels)


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


def gaps(
    forward: Callable, backward: Callable, arguments: Sequence[Any], *, tensorflow: Callable, seed: int = 0
) -> tuple[float, float]:
    """How far `backward` is from finite differences, and from TensorFlow: the largest difference of each.

    `forward(*arguments)` gives an array or a number, `backward(arriving, *arguments)` the gradients of the arguments
    in their order, as an array or a tuple of them. `arriving` is random. `tensorflow` is the same as `forward` in
    TensorFlow's functions. Raises ValueError for a gradient whose shape is not its argument's.
    """
    arguments = [np.asarray(argument, dtype=np.float64) for argument in arguments]
    arriving = np.random.default_rng(seed).normal(size=np.shape(forward(*arguments)))
    found = backward(arriving, *arguments)
    found = found if isinstance(found, tuple) else (found,)
    for gradient, argument in zip(found, arguments, strict=True):
        if np.shape(gradient) != argument.shape:
            raise ValueError(f"a gradient has the shape {np.shape(gradient)}, its argument {argument.shape}.")
    tried = []
    for place, argument in enumerate(arguments):

        def total(moved: np.ndarray, place: int = place) -> float:
            return float((arriving * forward(*arguments[:place], moved, *arguments[place + 1 :])).sum())

        tried.append(finite_differences(total, argument))
    theirs = tape_gradients(tensorflow, arguments, arriving)
    return _largest(found, tried), _largest(found, theirs)


def tape_gradients(function: Callable, arguments: Sequence[Any], arriving: Any) -> list[np.ndarray]:
    """What tf.GradientTape finds for each argument of a function of TensorFlow's, in float64."""
    tensors = [tf.constant(argument, dtype=tf.float64) for argument in arguments]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*tensors)
    return [gradient.numpy() for gradient in tape.gradient(result, tensors, output_gradients=arriving)]


def _largest(ours: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    return max(float(np.abs(one - other).max()) for one, other in zip(ours, others, strict=True))


def _fits(arriving: np.ndarray, shape: tuple[int, ...]) -> None:
    if arriving.shape != tuple(shape):
        raise ValueError(
            f"arriving has the shape {arriving.shape}, and the layer's output {tuple(shape)}: they must be equal."
        )
