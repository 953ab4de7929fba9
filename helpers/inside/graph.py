"""The graph of a Keras model: its layers in the order in which they run, and how to run them one by one.

    net = graph.read(model)                   # once; everything else takes this
    call = net.find("backbone/conv_1")        # a layer, also inside a nested model
    for call, value in graph.walk(net, x):    # what each layer gives for a batch, in inference mode
        ...

The other modules of this room build on it. Keras notes in private attributes which layer made a symbolic tensor; no
other file touches them. A model is only read: a stateless scope keeps every variable as it is, and no layer is called
on symbolic tensors, which would change the graph.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.arguments import as_numbers, worded
from helpers.notebook.quiet_keras import keras, tf

TOGETHER = 131_072  # pixels that run together, in at most 64 images: a few hundred megabytes in a large net


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer, or of an operation such as keras.ops.relu, in a model's graph."""

    name: str  # the layer's; "name (2)" for its second call, "outer/name" inside a nested model
    layer: Any
    inputs: tuple[Any, ...]  # symbolic tensors
    outputs: tuple[Any, ...]
    inside: "Graph | None" = None  # of a nested model
    arguments: Any = field(default=None, repr=False)  # Keras' record of all arguments of the call

    @property
    def output(self) -> Any:
        """The symbolic output; the first one of a layer that has several."""
        return self.outputs[0]

    @property
    def is_feature_map(self) -> bool:
        """Whether the output is (images, rows, columns, channels)."""
        return len(self.output.shape) == 4

    def run(self, known: dict[int, Any], *, layer: Any = None) -> list[Any]:
        """The outputs in inference mode; `known` goes from the id of each symbolic input to its value.

        `layer` takes the place of the call's own, with the same arguments.
        """
        layer = self.layer if layer is None else layer
        arguments, options = self.arguments.fill_in(known)
        if isinstance(layer, keras.Layer):
            options = options | {"training": False}
        return keras.tree.flatten(layer(*arguments, **options))


@dataclass(frozen=True, eq=False)
class Graph:
    """What leads from a model's one input to its one output."""

    source: Any  # the symbolic input
    calls: tuple[Call, ...]  # in the order in which they run; input layers are left out

    def steps(self) -> Iterator[Call]:
        """All calls in the order in which they run; those inside a nested model come before it."""
        for call in self.calls:
            if call.inside:
                yield from call.inside.steps()
            yield call

    def find(self, layer_name: Any) -> Call:
        """The call of this name; a ValueError for an unknown one lists near matches."""
        found = {call.name: call for call in self.steps()}
        if isinstance(layer_name, str) and layer_name in found:
            return found[layer_name]
        near = [name for name in found if name.rsplit("/", 1)[-1] == layer_name]
        near = near or difflib.get_close_matches(str(layer_name), found, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(map(repr, near))}?" if near else f"its layers are {', '.join(found)}."
        )
        raise ValueError(f"this model has no layer {layer_name!r}: {hint}")

    def last_calls(self) -> list[Call]:
        """The calls that end in the output, last first: back to the first that has weights or several inputs.

        A nested model is replaced by the calls inside it.
        """
        found: list[Call] = []
        self._collect_last(found)
        return found

    def _collect_last(self, found: list[Call]) -> bool:
        """Append to `found`; whether the way back goes on before this graph's input."""
        made_by = {id(output): call for call in self.calls for output in call.outputs}
        tensor = self.calls[-1].output
        while tensor is not self.source:
            call = made_by[id(tensor)]
            if call.inside:
                goes_on = call.inside._collect_last(found)
            else:
                found.append(call)
                goes_on = len(call.inputs) == 1 and not has_weights(call.layer)
            if not goes_on or (
                call.inputs[0] is not self.source and len(made_by[id(call.inputs[0])].outputs) > 1
            ):
                return False
            tensor = call.inputs[0]
        return True


def read(model: Any, prefix: str = "") -> Graph:
    """The graph of a Functional model or a built Sequential one; names inside it begin with `prefix`.

    Raises TypeError for anything but a Keras model, and ValueError for a model without a graph (subclassed, or
    Sequential before it is built), with several inputs or outputs, or with a layer that puts channels first.
    """
    _check_model(model)
    found, times = [], Counter()
    for operation, node in _nodes(model.outputs[0]):
        _refuse_channels_first(operation)
        if isinstance(operation, keras.layers.InputLayer):
            continue
        times[operation.name] += 1
        again = f" ({times[operation.name]})" if times[operation.name] > 1 else ""
        name = f"{prefix}{operation.name}{again}"
        inside = read(operation, f"{name}/") if _is_nested(operation) else None
        symbols = tuple(node.input_tensors), tuple(node.output_tensors)
        found.append(Call(name, operation, *symbols, inside, node.arguments))
    if not found or found[-1].output is not model.outputs[0]:
        raise ValueError(
            "the model's output must be what a layer gives, and its first output if it has several."
        )
    return Graph(model.inputs[0], tuple(found))


def has_weights(layer: Any) -> bool:
    """Whether a layer has weights; an operation has none."""
    return bool(getattr(layer, "weights", ()))


def kernels_of(layer: Any) -> list[Any]:
    """The kernel variables of a layer: two of a SeparableConv2D, those inside a wrapper such as TimeDistributed."""
    return [weight for weight in getattr(layer, "weights", ()) if weight.name.endswith("kernel")]


def is_quantized(layer: Any) -> bool:
    """Whether `model.quantize` has made a layer's weights whole numbers (int8, int4) or float8."""
    return getattr(layer, "quantization_mode", None) is not None


def without_activation(layer: Any) -> Any:
    """The same layer with the same weights, which leaves out the activation at its end; `layer` stays as it is."""
    twin = object.__new__(type(layer))
    twin.__dict__.update(layer.__dict__, activation=keras.activations.linear)
    return twin


def batch(model: keras.Model, x: Any) -> np.ndarray:
    """`x` as an array that fits the model's input; gray images may come without their channel axis."""
    x, wanted = as_numbers(x), tuple(model.inputs[0].shape[1:])
    if x.ndim == len(wanted) and wanted[-1] == 1:
        x = x[..., None]
    if not _fits(x.shape[1:], wanted) or x.dtype.kind not in "buif":
        shape = worded(("images", *("any" if side is None else side for side in wanted)))
        raise ValueError(f"x is {worded(x.shape)} of {x.dtype}; this model takes numbers, {shape}.")
    if len(x) == 0:
        raise ValueError("x is empty: the batch needs at least one image.")
    return x


def float_batch(model: keras.Model, images: Any) -> np.ndarray:
    """`batch` as float32 (float64 for such a model), finite: bytes become floats of the same value.

    This holds for a model with integer input too, because only floats have gradients.
    """
    images, wanted = as_numbers(images), tuple(model.inputs[0].shape[1:])
    shapes = [wanted, wanted[:-1]] if wanted[-1:] == (1,) else [wanted]
    if any(_fits(images.shape, shape) for shape in shapes):
        raise ValueError(
            f"this is one image, {worded(images.shape)}, and a batch is needed: add an axis, image[None]."
        )
    images = batch(model, images)
    if not np.isfinite(images).all():
        raise ValueError("the images hold values that are not numbers (NaN) or infinite.")
    return images.astype("float64" if model.inputs[0].dtype == "float64" else "float32")


def parts(pixels: np.ndarray, *arrays: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """A batch, and arrays of the same length, in pieces small enough to run together."""
    size = min(max(TOGETHER // int(np.prod(pixels.shape[1:3])), 1), 64)
    starts = range(0, len(pixels), size)
    return [tuple(array[start : start + size] for array in (pixels, *arrays)) for start in starts]


def walk(net: Graph, pixels: Any, *, linear: str = "") -> Iterator[tuple[Call, tf.Tensor]]:
    """Run the model on a float tensor; after each of `net.steps()` give its call and its first output.

    The layer named `linear` leaves its activation out. Use this inside `keras.StatelessScope()`, and stop where
    nothing more is needed.
    """
    known = {id(net.source): pixels}
    last_use = {id(symbol): call for call in net.calls for symbol in call.inputs}
    for call in net.calls:
        if call.inside:
            values = yield from _walk_inside(call.inside, known[id(call.inputs[0])], linear)
        elif call.name == linear:
            values = call.run(known, layer=without_activation(call.layer))
        else:
            values = call.run(known)
        known.update(zip(map(id, call.outputs), values, strict=True))
        for symbol in call.inputs:  # or the maps of all layers would be in memory at once
            if last_use[id(symbol)] is call:
                known.pop(id(symbol), None)
        yield call, values[0]


def _walk_inside(
    net: Graph, pixels: Any, linear: str
) -> Generator[tuple[Call, tf.Tensor], None, list[tf.Tensor]]:
    """`walk` through a nested model; what it returns is the model's own output."""
    for call, value in walk(net, pixels, linear=linear):
        yield call, value
    return [value]


def values(
    net: Graph, pixels: Any, layer_names: Collection[str], *, linear: str = ""
) -> dict[str, np.ndarray]:
    """The outputs of the named layers on a batch, in the order in which they run; no later layer is run.

    Half-precision values become float32, which NumPy and Matplotlib can work with.
    """
    found: dict[str, np.ndarray] = {}
    with keras.StatelessScope():
        for call, value in walk(net, tf.convert_to_tensor(pixels), linear=linear):
            if call.name in layer_names:
                found[call.name] = as_numbers(value)
            if len(found) == len(layer_names):
                break
    return found


def gradient(
    net: Graph,
    pixels: Any,
    objective: Callable[[tf.Tensor], tf.Tensor],
    *,
    of: str,
    at: str | None = None,
    linear: str = "",
) -> tuple[tf.Tensor, tf.Tensor]:
    """The output of layer `at` (or the pixels), and the gradient of a number with respect to it.

    The number is `objective` of the output of layer `of`; `linear` is as for `walk`. Where nothing depends on `at`
    the gradient is zero. Raises ValueError if `at` comes after `of`, or a layer has no gradient.
    """
    for call in net.steps():
        if getattr(call.layer, "quantization_mode", None) == "float8":
            raise ValueError(
                f"layer {call.name!r} is quantized to float8, which has no gradients here: explain the model before "
                "model.quantize(...), or use occlusion."
            )
    here = tf.convert_to_tensor(pixels)
    waiting = at is not None
    with keras.StatelessScope(), tf.GradientTape(watch_accessed_variables=False) as tape:
        if not waiting:
            tape.watch(here)
        for call, value in walk(net, here, linear=linear):
            if call.name == at:
                tape.watch(value)
                here, waiting = value, False
            if call.name == of:
                break
        if waiting:
            raise ValueError(f"layer {at!r} comes after the scores ({of!r}): choose an earlier one.")
        result = objective(value)
    return here, tape.gradient(result, here, unconnected_gradients="zero")


def _nodes(output: Any) -> Iterator[tuple[Any, Any]]:
    """Every layer's call with Keras' record of it, each after those whose outputs it takes."""
    done, waiting = set(), [output]
    while waiting:
        tensor = waiting[-1]
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        before = [source for source in node.input_tensors if id(source) not in done]
        if before and id(tensor) not in done:
            waiting.extend(reversed(before))
            continue
        waiting.pop()
        if id(tensor) not in done:
            done.update(id(one) for one in node.output_tensors)
            yield history.operation, node


def _check_model(model: Any) -> None:
    kind = type(model).__name__
    if not isinstance(model, keras.Model):
        inside = isinstance(getattr(model, "model", None), keras.Model)
        raise TypeError(f"a Keras model is needed, not {kind}{': pass its .model' if inside else ''}.")
    if not _has_graph(model):
        advice = (
            "put a keras.Input first"
            if isinstance(model, keras.Sequential)
            else "build it with the Functional API, keras.Model(inputs=..., outputs=...)"
        )
        raise ValueError(f"this {kind} has no graph of layers to look into: {advice}.")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError("a model with one input and one output is needed.")


def _has_graph(model: Any) -> bool:
    return bool(getattr(model, "inputs", None)) and bool(getattr(model, "outputs", None))


def _is_nested(layer: Any) -> bool:
    """Whether a layer is itself a model that can be looked into."""
    return (
        isinstance(layer, keras.Model) and _has_graph(layer) and len(layer.inputs) == len(layer.outputs) == 1
    )


def _refuse_channels_first(layer: Any) -> None:
    """Raise ValueError if a layer, or one inside it, takes images as (channels, rows, columns)."""
    everything = layer._flatten_layers() if isinstance(layer, keras.Layer) else [layer]
    for one in everything:
        if getattr(one, "data_format", None) == "channels_first":
            raise ValueError(
                f'layer {one.name!r} has data_format="channels_first", and only channels_last can be read here: '
                'build the model with data_format="channels_last", for images (height, width, channels).'
            )


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w in (None, n) for n, w in zip(shape, wanted, strict=True))
