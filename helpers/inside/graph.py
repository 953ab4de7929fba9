"""Running a Functional model one layer at a time, in inference mode, also inside a nested backbone.

`explain` and `excitation` stand on this: the values inside, the scores before softmax, gradients of any value
with respect to any earlier one, and the checks of what a learner hands in. A model is only read: a stateless
scope keeps every variable as it is, and no layer is called on symbolic tensors, which would alter the graph.
"""

import difflib
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from helpers.arguments import worded
from helpers.inside import probing
from helpers.notebook.quiet_keras import keras, layers, tf

TOGETHER = (
    131_072  # pixels that are run together, in at most 64 images: some hundred megabytes in a large net
)
SQUASHING = ("softmax", "sigmoid", "log_softmax")  # how a model makes its scores probabilities


def steps(model: keras.Model) -> list[probing.Call]:
    """The calls of all layers in the order in which they run; those of a nested model come before it.

    Inside a nested model the name is "outer/inner"; a layer called twice comes again as "name (2)". A built
    Sequential is as good as a Functional model. Raises TypeError for what is no Keras model, and ValueError
    for a subclassed model, a Sequential that is not built, or several inputs or outputs.
    """
    if not isinstance(model, keras.Model):
        inside = isinstance(getattr(model, "model", None), keras.Model)
        advice = ": pass its .model" if inside else ""
        raise TypeError(f"a Keras model is needed, not {type(model).__name__}{advice}.")
    found = []
    for call in probing.calls(model):
        if probing.is_nested(call.layer):
            inner = steps(call.layer)
            found += [replace(step, name=f"{call.name}/{step.name}") for step in inner]
        found.append(call)
    return found


def find(model: keras.Model, layer_name: str) -> probing.Call:
    """The call of this name; a ValueError for an unknown one lists near matches."""
    found = {call.name: call for call in steps(model)}
    if isinstance(layer_name, str) and layer_name in found:
        return found[layer_name]
    near = [name for name in found if name.rsplit("/", 1)[-1] == layer_name]
    near = near or difflib.get_close_matches(str(layer_name), found, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"its layers are {', '.join(found)}."
    raise ValueError(f"this model has no layer {layer_name!r}: {hint}")


def is_feature_map(call: probing.Call) -> bool:
    """Whether a layer's output is (images, rows, columns, channels)."""
    return len(call.output.shape) == 4


def batch(model: keras.Model, images: Any) -> np.ndarray:
    """`images` as float32 (float64 for such a model) that fit the model's input, as `probing.batch`.

    Integers become floats of the same value, for a model with integer input too: only so is there a gradient.
    """
    steps(model)
    images, wanted = np.asarray(images), tuple(model.inputs[0].shape[1:])
    shapes = [wanted, wanted[:-1]] if wanted[-1:] == (1,) else [wanted]
    if any(_fits(images.shape, shape) for shape in shapes):
        raise ValueError(
            f"this is one image, {worded(images.shape)}, and a batch is needed: add an axis, image[None]."
        )
    images = probing.batch(model, images)
    if not np.isfinite(images).all():
        raise ValueError("the images hold values that are no numbers (NaN) or infinite.")
    return images.astype(float_type(model))


def float_type(model: keras.Model) -> str:
    """The type in which a model's images have gradients."""
    return "float64" if model.inputs[0].dtype == "float64" else "float32"


def parts(pixels: np.ndarray, *arrays: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """A batch, and arrays of the same length, in pieces small enough to be run together."""
    size = min(max(TOGETHER // int(np.prod(pixels.shape[1:3])), 1), 64)
    starts = range(0, len(pixels), size)
    return [tuple(array[start : start + size] for array in (pixels, *arrays)) for start in starts]


def classes(model: keras.Model) -> int:
    """The number of classes; ValueError where the output is not one score or probability for each."""
    steps(model)
    last, shape = _last_layer(model), model.outputs[0].shape
    if len(shape) != 2 or shape[1] is None:
        raise ValueError(
            f"the model's output is {worded(('images', *shape[1:]))}, and one number for each class is needed, "
            "images×classes: take a model with its classifier."
        )
    known = not isinstance(last, keras.Layer) or isinstance(
        last, (layers.Dense, layers.Activation, layers.Softmax)
    )
    if _squashing(last) and not known:
        raise ValueError(
            f"the scores before the {_squashing(last)} of {last.name!r} ({type(last).__name__}) cannot be read: "
            "end the model in a Dense layer, or in an Activation layer of its own."
        )
    return int(shape[1])


def chosen_classes(model: keras.Model, class_index: Any, images: int) -> np.ndarray | None:
    """`class_index` as one whole number for each image; None, for the predicted classes, stays None."""
    count = classes(model)
    if class_index is None:
        return None
    indices = np.asarray(class_index)
    if indices.dtype.kind not in "iu" or indices.ndim > 1:
        raise TypeError(
            f"class_index must be None, a whole number or one for each image, not {class_index!r}."
        )
    if indices.ndim and len(indices) != images:
        raise ValueError(f"there are {images} images and {len(indices)} class indices.")
    if outside := [int(index) for index in np.atleast_1d(indices) if not 0 <= index < count]:
        raise ValueError(
            f"class_index {outside[0]} is out of range: the model has {count} classes, 0 to {count - 1}."
        )
    return np.broadcast_to(indices, images)


def walk(
    model: keras.Model, pixels: Any, *, prefix: str = "", scores: bool = True
) -> Iterator[tuple[str, tf.Tensor]]:
    """Run the model on a float tensor; after each layer give its name, as in `steps`, and its output.

    With `scores` the last output is what comes before the softmax or sigmoid in which the model ends. To be
    used inside `keras.StatelessScope()`, and stopped where nothing more is needed.
    """
    known, found = {id(model.inputs[0]): pixels}, probing.calls(model)
    last_use = {id(symbol): call for call in found for symbol in call.inputs}
    for call in found:
        first = known[id(call.inputs[0])] if call.inputs else None
        is_end = scores and call.output is model.outputs[0]
        history = call.output._keras_history  # the only record of the arguments of a call
        node = history.operation._inbound_nodes[history.node_index]
        if probing.is_nested(call.layer):
            for name, value in walk(call.layer, first, prefix=f"{prefix}{call.name}/", scores=is_end):
                yield name, value
            outputs = [value]
        elif is_end and _squashing(call.layer):
            outputs = [_before_squashing(call.layer, first)]
        else:
            arguments, options = node.arguments.fill_in(known)
            if isinstance(call.layer, keras.Layer):
                options = options | {"training": False}
            outputs = keras.tree.flatten(call.layer(*arguments, **options))
        known |= {id(symbol): value for symbol, value in zip(node.output_tensors, outputs, strict=True)}
        for symbol in call.inputs:
            if last_use[id(symbol)] is call:
                known.pop(id(symbol), None)  # or the maps of all layers would be in memory at once
        yield prefix + call.name, outputs[0]


def values(
    model: keras.Model, pixels: Any, layer_names: Collection[str], *, scores: bool = False
) -> dict[str, np.ndarray]:
    """The outputs of the named layers on a batch, in the order in which they run; no further layer is run."""
    found = {}
    with keras.StatelessScope():
        for name, value in walk(model, tf.convert_to_tensor(pixels), scores=scores):
            if name in layer_names:
                found[name] = value.numpy()
            if len(found) == len(layer_names):
                break
    return found


def scores(model: keras.Model, pixels: Any) -> np.ndarray:
    """(images, classes): what the model has for a batch before its softmax or sigmoid."""
    last = steps(model)[-1].name
    return values(model, pixels, [last], scores=True)[last]


def probabilities(model: keras.Model, pixels: Any) -> np.ndarray:
    """(images, classes), 0 to 1: softmax of the scores, or sigmoid where the model has that or one output."""
    found = scores(model, pixels)
    one_by_one = _squashing(_last_layer(model)) == "sigmoid" or found.shape[1] == 1
    return (tf.sigmoid(found) if one_by_one else tf.nn.softmax(found)).numpy()


def gradient(
    model: keras.Model,
    pixels: Any,
    objective: Callable[[tf.Tensor], tf.Tensor],
    *,
    of: str | None = None,
    at: str | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The output of layer `at` (or the pixels), and the gradient of a number with respect to it.

    The number is `objective` of the output of layer `of` (or of the scores). Where nothing depends on `at`
    the gradient is zero.
    """
    here = tf.convert_to_tensor(pixels)
    with keras.StatelessScope(), tf.GradientTape(watch_accessed_variables=False) as tape:
        if at is None:
            tape.watch(here)
        for name, value in walk(model, here):
            if name == at:
                tape.watch(value)
                here = value
            if name == of:
                break
        result = objective(value)
    return here, tape.gradient(result, here, unconnected_gradients="zero")


def _last_layer(model: keras.Model) -> Any:
    """The layer that makes the output, inside a nested model if need be."""
    while probing.is_nested(model):
        model = probing.calls(model)[-1].layer
    return model


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w in (None, n) for n, w in zip(shape, wanted, strict=True))


def _squashing(layer: Any) -> str:
    """Which of SQUASHING a layer or an operation ends in; "" if none."""
    if isinstance(layer, layers.Softmax):
        return "softmax"
    if not isinstance(layer, keras.Layer):  # keras.ops.softmax(x) in a model
        name = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log_softmax"}
        return name.get(type(layer).__name__, "")
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return name if name in SQUASHING else ""


def _before_squashing(layer: Any, x: tf.Tensor) -> tf.Tensor:
    """What the softmax or sigmoid of a layer is taken of."""
    if not isinstance(layer, layers.Dense):
        return x
    kernel = keras.ops.convert_to_tensor(layer.kernel)
    scores = keras.ops.matmul(keras.ops.cast(x, kernel.dtype), kernel)
    return scores if layer.bias is None else scores + keras.ops.convert_to_tensor(layer.bias)
