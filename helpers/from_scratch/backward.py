"""The backward pass of each layer, from scratch in NumPy, and what checks one.

Notebook 05b writes these functions itself; its exercises and tests call this module. Each takes `arriving`, the loss's
gradient with respect to the layer's output, then what the layer was given, and returns the gradients with respect to
that, in the same order. Arrays are (examples, units) or (images, height, width, channels), everything in float64.
BatchNorm's is in `batchnorm`, a whole dense network in `backprop`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.arguments import numbers
from helpers.from_scratch import backprop, convolution
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


def relu(arriving: Any, x: Any) -> np.ndarray:
    """Back through max(x, 0), for arrays of any shape: what arrives where x is positive, else 0 (at 0 too)."""
    arriving, x = np.asarray(arriving, dtype=np.float64), np.asarray(x, dtype=np.float64)
    _fits(arriving, x.shape)
    return arriving * (x > 0)


def softmax_cross_entropy(logits: Any, labels: Any) -> np.ndarray:
    """The gradient of the mean cross-entropy with respect to the logits (examples, classes): (p - y) / examples.

    `labels` are whole numbers (examples,). Nothing arrives: the loss is where the way back begins.
    """
    logits = numbers(logits, "logits", "examples, classes")
    truth = np.eye(logits.shape[1])[np.asarray(labels)]
    return (backprop.softmax(logits) - truth) / len(logits)


def conv2d(arriving: Any, images: Any, kernels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Back through `convolution.conv2d(images, kernels)`, stride 1 and no padding: gradients of images and kernels.

    `arriving` is (images, rows, columns, filters). To the kernels: the images convolved with what arrives, since a
    weight meets every place. To the images: what arrives, framed with zeros, convolved with the kernels turned by
    half a turn. Square and other kernels are allowed. Raises ValueError for shapes that do not fit.
    """
    arriving = numbers(arriving, "arriving", "images, rows, columns, filters")
    images = numbers(images, "images", IMAGES)
    kernels = numbers(kernels, "kernels", "height, width, channels, filters")
    height, width = kernels.shape[:2]
    rows, columns = convolution.output_shape(images.shape[1:3], (height, width))
    _fits(arriving, (len(images), rows, columns, kernels.shape[3]))
    as_images, as_kernels = images.transpose(3, 1, 2, 0), arriving.transpose(1, 2, 0, 3)
    to_kernels = convolution.conv2d(as_images, as_kernels).transpose(1, 2, 0, 3)
    framed = np.pad(arriving, ((0, 0), (height - 1,) * 2, (width - 1,) * 2, (0, 0)))
    to_images = convolution.conv2d(framed, kernels[::-1, ::-1].swapaxes(2, 3))
    return to_images, to_kernels


def max_pool(arriving: Any, maps: Any) -> np.ndarray:
    """Back through max pooling with windows of 2×2 side by side: all that arrives goes to each window's largest value.

    `arriving` is (images, height / 2, width / 2, channels). Of equal values the first gets it, as in TensorFlow.
    """
    windows = split_windows(maps)
    arriving = numbers(arriving, "arriving", IMAGES)
    _fits(arriving, windows.shape[:-1])
    wins = windows.argmax(axis=-1)[..., None] == np.arange(4)
    return join_windows(wins * arriving[..., None])


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

        tried.append(backprop.finite_differences(total, argument))
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
