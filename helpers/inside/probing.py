"""Running a Functional model while looking at every layer's output, without touching the model.

`diagnostics` stands on this: the calls in a model's graph, their values on a batch, and the checks of batch and
loss. Variables are read once and handed in (`stateless_call`), so nothing is ever written to the model.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.arguments import worded
from helpers.notebook.quiet_keras import keras, tf

LABELS_AS_NUMBERS = "sparse_categorical_crossentropy"
OF_PROBABILITIES = ("categorical_crossentropy", "binary_crossentropy", LABELS_AS_NUMBERS)
SAME_SHAPE = (*OF_PROBABILITIES[:2], "mean_squared_error", "mean_absolute_error", "kl_divergence")


@dataclass(frozen=True)
class Call:
    """One call of a layer in a model's graph: its name there, the layer, the symbolic input and output."""

    name: str
    layer: Any
    inputs: list[Any]
    output: Any


def calls(model: keras.Model) -> list[Call]:
    """The calls of layers that lead from the input to the output, in order; input layers are left out.

    A layer called twice gets "name" and "name (2)". Raises ValueError for a model without a graph
    (subclassed, or Sequential before it is built) or with several inputs or outputs.
    """
    if not _has_graph(model):
        advice = (
            "put a keras.Input first"
            if isinstance(model, keras.Sequential)
            else "build it with the Functional API, keras.Model(inputs=..., outputs=...)"
        )
        name = type(model).__name__
        raise ValueError(f"this {name} has no graph of layers to look into: {advice}.")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError("a model with one input and one output is needed.")
    found, times = [], {}
    for operation, node in _nodes(model):
        if isinstance(operation, keras.layers.InputLayer):
            continue
        times[operation.name] = number = times.get(operation.name, 0) + 1
        name = operation.name if number == 1 else f"{operation.name} ({number})"
        found.append(Call(name, operation, list(node.input_tensors), node.output_tensors[0]))
    if not found or found[-1].output is not model.outputs[0]:
        raise ValueError(
            "the model's output must be what a layer gives, and its first output if it has several."
        )
    return found


def is_nested(layer: Any) -> bool:
    """Whether a layer is itself a model that can be looked into."""
    return (
        isinstance(layer, keras.Model) and _has_graph(layer) and len(layer.inputs) == len(layer.outputs) == 1
    )


def kernels(found: list[Call], prefix: str = "") -> dict[str, list[Any]]:
    """The kernel variables of every layer that has some, by layer name; inside nested models "outer/inner".

    A SeparableConv2D has two kernels, a wrapper those of what it wraps; a layer called twice comes once.
    """
    groups = {}
    for call in found:
        name = prefix + call.layer.name
        if is_nested(call.layer):
            groups |= kernels(calls(call.layer), f"{name}/")
        elif group := [v for v in getattr(call.layer, "weights", ()) if v.name.endswith("kernel")]:
            groups[name] = group
    return groups


def prober(model: keras.Model, found: list[Call]) -> keras.Model:
    """A model with the same layers that gives the output of every call; the name keeps Keras' count as it is."""
    return keras.Model(model.inputs[0], [call.output for call in found], name="probe")


def snapshot_of(variables: list[Any]) -> dict[int, tf.Tensor]:
    """The present values of Keras variables, by id."""
    return {id(variable): tf.convert_to_tensor(variable.value) for variable in variables}


def run(probe: keras.Model, x: Any, *, training: bool, values: dict[int, tf.Tensor]) -> list[tf.Tensor]:
    """The outputs of a `prober` on a batch, with its variables as they are in `values`."""
    outputs, _ = probe.stateless_call(
        [values[id(v)] for v in probe.trainable_variables],
        [values[id(v)] for v in probe.non_trainable_variables],
        x,
        training=training,
    )
    return outputs if isinstance(outputs, (list, tuple)) else [outputs]


def batch(model: keras.Model, x: Any) -> np.ndarray:
    """`x` as an array that fits the model's input; grey images may come without their channel axis."""
    x, wanted = np.asarray(x), tuple(model.inputs[0].shape[1:])
    if x.ndim == len(wanted) and wanted[-1] == 1:
        x = x[..., None]
    fits = x.ndim == len(wanted) + 1 and all(
        side in (None, n) for n, side in zip(x.shape[1:], wanted, strict=True)
    )
    if not fits or x.dtype.kind not in "buif":
        shape = worded(("images", *("any" if side is None else side for side in wanted)))
        raise ValueError(f"x is {worded(x.shape)} of {x.dtype}; this model takes numbers, {shape}.")
    if len(x) == 0:
        raise ValueError("x is empty: the batch needs at least one image.")
    return x


def labels_and_loss(model: keras.Model, y: Any, loss: Any, *, images: int) -> tuple[np.ndarray, Callable]:
    """The labels as an array and the loss as a function, checked against each other and the output.

    None means the loss the model is compiled with, or else sparse_categorical_crossentropy.
    """
    y = np.asarray(y)
    function = keras.losses.get(
        loss if loss is not None else getattr(model, "loss", None) or LABELS_AS_NUMBERS
    )
    if not callable(function):
        raise ValueError(f"the loss must be one function or name, not {loss!r}.")
    if y.ndim == 0 or len(y) != images:
        raise ValueError(f"there are {images} images and {len(y) if y.ndim else 'no'} labels.")
    outputs, name = tuple(model.outputs[0].shape[1:]), _name(function)
    if None in outputs:  # not known before the model runs
        return y, function
    if name == LABELS_AS_NUMBERS:
        if y.shape not in ((images, *outputs[:-1]), (images, *outputs[:-1], 1)):
            raise ValueError(
                f"{name} takes one whole number for each image, and y is {worded(y.shape)}: for one-hot "
                "labels take categorical_crossentropy."
            )
        if (y != np.floor(y)).any() or y.min() < 0 or y.max() >= outputs[-1]:
            raise ValueError(
                f"labels must be whole numbers from 0 to {outputs[-1] - 1} for {outputs[-1]} outputs."
            )
    elif name in SAME_SHAPE and y.shape != (images, *outputs) and (*y.shape, 1) != (images, *outputs):
        raise ValueError(
            f"{name} takes labels shaped like the output, {worded((images, *outputs))}, and y is "
            f"{worded(y.shape)}: for whole-number labels take {LABELS_AS_NUMBERS}."
        )
    return y, function


def check_probabilities(loss: Callable, output: tf.Tensor) -> None:
    """Refuse logits where the loss takes probabilities; not-a-number, of a net that broke, may pass."""
    if _name(loss) not in OF_PROBABILITIES or getattr(loss, "from_logits", False):
        return
    if bool(tf.reduce_any((output < 0) | (output > 1.001))):
        raise ValueError(
            "this loss takes probabilities, and the model gives numbers outside 0 to 1 (logits?): pass, for "
            "example, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)."
        )


def _name(loss: Callable) -> str:
    """The name of a Keras loss, given as function or as object; any other callable has none."""
    if isinstance(loss, keras.losses.Loss):
        loss = getattr(loss, "fn", loss)
    name = getattr(loss, "__name__", "")
    return name if getattr(keras.losses, name, None) is loss else ""


def _has_graph(model: Any) -> bool:
    return bool(getattr(model, "inputs", None)) and bool(getattr(model, "outputs", None))


def _nodes(model: keras.Model) -> Iterator[tuple[Any, Any]]:
    """Every layer's call with its record in the graph, each after those whose outputs it takes."""
    done, waiting = set(), list(model.outputs)
    while waiting:
        history = waiting[-1]._keras_history  # the only record of which layer made a symbolic tensor
        node = history.operation._inbound_nodes[history.node_index]
        before = [tensor for tensor in node.input_tensors if id(tensor) not in done]
        if before and id(waiting[-1]) not in done:
            waiting.extend(reversed(before))
            continue
        if id(waiting.pop()) not in done:
            done.update(id(tensor) for tensor in node.output_tensors)
            yield history.operation, node
