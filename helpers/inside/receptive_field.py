"""Receptive field: which pixels of the input one value of a feature map depends on.

Calculated from a Keras model, and measured by the gradient of the value with respect to the input. Notebook 02b
compares the two; the recurrence is in Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural
Networks (2019).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.arguments import worded
from helpers.from_scratch.convolution import padding_amounts
from helpers.inside import graph
from helpers.notebook.quiet_keras import keras, layers, tf

POINTWISE = (
    layers.InputLayer, layers.Activation, layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU,
    layers.Softmax, layers.BatchNormalization, layers.Dropout, layers.SpatialDropout2D, layers.GaussianNoise,
    layers.Rescaling, layers.Normalization, layers.Add, layers.Subtract, layers.Multiply, layers.Average,
    layers.Maximum, layers.Minimum, layers.Concatenate, layers.Identity,
)  # fmt: skip
SLIDING = (
    layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D,
    layers.MaxPooling2D, layers.AveragePooling2D,
)  # fmt: skip


@dataclass(frozen=True)
class Window:
    """Along one side, output `i` depends on the `size` inputs from `first + i * jump` on (pixels)."""

    first: int = 0
    size: int = 1
    jump: int = 1


def from_model(model: keras.Model) -> tuple[int, int]:
    """(height, width) of the receptive field of a model whose output is (images, rows, columns, channels).

    Branches are followed and joined, nested models entered; dilation, padding and cropping layers are known. Raises
    ValueError for a layer that does not slide a window (Flatten, global pooling, ...), naming it.
    """
    rows, columns = _windows(model)
    return rows.size, columns.size


def seen_by(model: keras.Model, position: tuple[int, int] | None = None) -> tuple[slice, slice]:
    """The rows and columns of the input that the output at `position` (the middle by default) depends on.

    `image[seen_by(model)]` is what this output sees. Both slices are cut at the edge of the image; there
    they may hold a few pixels too many, which the padding of a later layer has replaced by zeros.
    """
    place = _position(model, position)
    seen = []
    for window, index, side in zip(_windows(model), place, model.inputs[0].shape[1:3], strict=True):
        first = window.first + index * window.jump
        seen.append(slice(max(first, 0), min(first + window.size, side)))
    rows, columns = seen
    return rows, columns


def measured(
    model: keras.Model, position: tuple[int, int] | None = None, *, images: int = 32, seed: int = 0
) -> np.ndarray:
    """Mean size of the gradient of the output at `position` with respect to each input pixel.

    (height, width), float, zero outside the receptive field. It is averaged over random images, because
    one image does not reach every pixel: max pooling passes on the winner only and ReLU blocks.
    """
    row, column = _position(model, position)
    rng = np.random.default_rng(seed)
    pixels = tf.constant(rng.normal(size=(images, *model.inputs[0].shape[1:])).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        value = tf.reduce_sum(model(pixels, training=False)[:, row, column])
    return np.abs(tape.gradient(value, pixels).numpy()).mean(axis=(0, 3))


def _position(model: keras.Model, position: Any) -> tuple[int, int]:
    graph.read(model)  # refuses what has no graph, or puts channels first
    shape = model.outputs[0].shape
    if len(shape) != 4 or None in shape[1:3] or None in model.inputs[0].shape[1:3]:
        raise ValueError(
            f"the model's output has shape {shape}: a model of known size that ends in a feature map "
            "(images, rows, columns, channels) is needed."
        )
    row, column = (shape[1] // 2, shape[2] // 2) if position is None else position
    if not (0 <= row < shape[1] and 0 <= column < shape[2]):
        raise ValueError(f"position {position} is not on the {worded(shape[1:3])} map; rows count from 0.")
    return int(row), int(column)


def _windows(model: keras.Model) -> tuple[Window, Window]:
    net = graph.read(model)
    rows, columns = (_through(net, Window(), axis) for axis in (0, 1))
    return rows, columns


def _through(net: graph.Graph, window: Window, axis: int) -> Window:
    """The window of a model's output along one axis, where `window` is that of its input."""
    known = {id(net.source): window}
    for call in net.calls:
        joined = _join([known[id(symbol)] for symbol in call.inputs], call)
        after = _through(call.inside, joined, axis) if call.inside else _after(call, joined, axis)
        known |= {id(symbol): after for symbol in call.outputs}
    return after


def _after(call: graph.Call, window: Window, axis: int) -> Window:
    """The window after one layer."""
    layer = call.layer
    if isinstance(layer, POINTWISE):
        return window
    if isinstance(layer, (layers.ZeroPadding2D, layers.Cropping2D)):
        border = (
            -layer.padding[axis][0] if isinstance(layer, layers.ZeroPadding2D) else layer.cropping[axis][0]
        )
        return Window(window.first + border * window.jump, window.size, window.jump)
    if not isinstance(layer, SLIDING):
        raise ValueError(
            f'layer "{call.name}" ({type(layer).__name__}) does not slide a window over the image, so its '
            "receptive field has no such formula: end the model at an earlier layer, "
            "keras.Model(model.inputs, earlier_layer.output)."
        )
    sizes = layer.pool_size if hasattr(layer, "pool_size") else layer.kernel_size
    dilation = getattr(layer, "dilation_rate", (1, 1))
    reach = (sizes[axis] - 1) * (dilation[axis] if isinstance(dilation, tuple) else dilation) + 1
    stride, side = layer.strides[axis], call.inputs[0].shape[1 + axis]
    if layer.padding == "same" and side is None:
        raise ValueError(
            'with padding="same" the position depends on the image size: give Input a fixed shape.'
        )
    before, _ = padding_amounts(side or reach, reach, stride=stride, padding=layer.padding)
    return _slide(window, reach, stride, before)


def _slide(window: Window, reach: int, stride: int, before: int = 0) -> Window:
    first = window.first - before * window.jump
    return Window(first, window.size + (reach - 1) * window.jump, window.jump * stride)


def _join(windows: list[Window], call: graph.Call) -> Window:
    """The smallest window that holds those of all branches."""
    if not windows or len({window.jump for window in windows}) > 1:
        raise ValueError(f'layer "{call.name}" joins branches of different strides, or none.')
    first = min(window.first for window in windows)
    return Window(first, max(window.first + window.size for window in windows) - first, windows[0].jump)
