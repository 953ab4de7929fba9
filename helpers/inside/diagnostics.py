"""What happens inside a network while it learns: gradients, dead units and spread, layer by layer.

Notebook 05 and the benchmarks call these to see *where* and *when* a network stops learning. They read a model and
never change it: weights, moving averages and dropout seeds stay as they are, and so does any training that follows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from helpers.arguments import as_numbers, worded
from helpers.inside import graph
from helpers.notebook.quiet_keras import keras, tf

LABELS_AS_NUMBERS = "sparse_categorical_crossentropy"
OF_PROBABILITIES = ("categorical_crossentropy", "binary_crossentropy", LABELS_AS_NUMBERS)
SAME_SHAPE = (*OF_PROBABILITIES[:2], "mean_squared_error", "mean_absolute_error", "kl_divergence")


class Spread(NamedTuple):
    """Of a layer's output: mean and standard deviation over everything, and the spread between images."""

    mean: float
    std: float
    between: float  # std over the images, averaged over positions and channels: 0 if the image is forgotten


@dataclass(frozen=True)
class Forward:
    """What one batch shows on its way forward; each dictionary goes from layer name to value, input first."""

    dead_units: dict[str, float]
    spreads: dict[str, Spread]
    output_spread: float


@dataclass(frozen=True)
class Snapshot(Forward):
    """What one batch shows on its way forward and back."""

    loss: float
    kernel_gradients: dict[str, float]
    output_gradients: dict[str, float]


def dead_units(model: keras.Model, x: Any, *, training: bool = False) -> dict[str, float]:
    """Share of the units of every ReLU layer, 0 to 1, that are zero for every image and position of `x`.

    A unit is a neuron, or a channel of a feature map. ReLU layers are those with activation="relu" (or
    "relu6"), `ReLU` without a negative slope, and the function itself; nested models are looked into
    ("outer/inner"). A dead unit passes no gradient on; over few images a unit may only look dead.
    `training=False` uses moving averages as `predict` does. Errors as for `measure`.
    """
    return _forward(model, x, training=training).dead_units


def output_spread(model: keras.Model, x: Any, *, training: bool = False) -> float:
    """Standard deviation of the output between the images of `x`, averaged over the outputs (their unit).

    About 1e-7 (rounding) or 0 means that the output no longer depends on the image. But a softmax that is sure
    of one class for every image hardly varies either: `measure(...).spreads[name].between` of the layer before
    tells the two apart. Raises ValueError for fewer than two images, and as `measure` does.
    """
    if np.ndim(x) and len(x) == 1:
        raise ValueError("the spread between images needs at least two of them, not 1.")
    return _forward(model, x, training=training).output_spread


def measure(model: keras.Model, x: Any, y: Any, *, loss: Any = None, training: bool = True) -> Snapshot:
    """All of the above, the loss, and the L2 norms of its gradients, from one pass forward and back.

    The gradient is that of the mean loss over the batch: `kernel_gradients` for every layer with a kernel (a layer
    called twice comes once, one in a nested model as "outer/inner"), `output_gradients` with respect to each layer's
    output, all images together, not in nested models. `spreads` has every layer's output: of several the first counts,
    a layer called twice comes again as "name (2)", those of a nested model follow it as "outer/inner".
    `loss` is what `compile` takes; None means the compiled one, or else sparse_categorical_crossentropy;
    regularizers are left out. `training=True` uses batch statistics and dropout as `fit` does. Frozen layers
    have a gradient too.
    Raises ValueError for a model without a graph, a wrong shape, an empty batch or a loss that does not fit.
    """
    net = graph.read(model)
    x = graph.batch(model, x)
    y, loss = _labels_and_loss(model, y, loss, images=len(x))
    probe, kernels = _prober(net), _kernels(net)
    now = _values_of(probe)
    groups = [[now[id(variable)] for variable in group] for group in kernels.values()]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(groups)
        outputs = _run(probe, x, training=training, values=now)
        try:
            value = tf.reduce_mean(loss(y, outputs[-1]))
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            raise ValueError(f"the loss does not fit labels of shape {y.shape}: {error}") from None
    _check_probabilities(loss, outputs[-1])
    groups += [[output] for output in outputs]
    norms = [_norm(group) for group in tape.gradient(value, groups, unconnected_gradients="zero")]
    return Snapshot(
        **vars(_statistics(net, x, outputs, training)),
        loss=float(value),
        kernel_gradients=dict(zip(kernels, norms[: len(kernels)], strict=True)),
        output_gradients=dict(zip([call.name for call in net.calls], norms[len(kernels) :], strict=True)),
    )


def _forward(model: keras.Model, x: Any, *, training: bool) -> Forward:
    return _passed_through(graph.read(model), graph.batch(model, x), training)


def _passed_through(net: graph.Graph, x: Any, training: bool) -> Forward:
    return _statistics(net, x, outputs_of(net, x, training=training), training)


def _statistics(net: graph.Graph, x: Any, outputs: list[tf.Tensor], training: bool) -> Forward:
    """What the outputs of `net.calls` for `x` show; nested models run once more by themselves."""
    known = {id(net.source): x}
    known |= {id(call.output): output for call, output in zip(net.calls, outputs, strict=True)}
    dead, spreads = {}, {}
    for call, output in zip(net.calls, outputs, strict=True):
        spreads[call.name] = _spread(output)
        if is_relu(call.layer):
            dead[call.name] = _share_of_dead(output)
        if call.inside:
            within = _passed_through(call.inside, known[id(call.inputs[0])], training)
            dead |= within.dead_units
            spreads |= within.spreads
    return Forward(dead_units=dead, spreads=spreads, output_spread=spreads[net.calls[-1].name].between)


def _spread(output: tf.Tensor) -> Spread:
    exact = tf.cast(output, tf.float64)  # squares of 1e-25 or 1e25 do not fit in float32
    between = tf.reduce_mean(tf.math.reduce_std(exact, axis=0))
    return Spread(*map(float, (tf.reduce_mean(exact), tf.math.reduce_std(exact), between)))


def _share_of_dead(output: tf.Tensor) -> float:
    """Share of the units, those along the last axis, that are zero everywhere else."""
    others = list(range(len(output.shape) - 1))
    return float(tf.reduce_mean(tf.cast(tf.reduce_all(tf.equal(output, 0), axis=others), tf.float64)))


def is_relu(layer: Any) -> bool:
    """Whether a layer cuts off at zero: ReLU as a layer, as `activation=` or as a function in the graph."""
    if isinstance(layer, keras.layers.ReLU):
        return not np.any(layer.negative_slope)
    if isinstance(layer, keras.Operation) and type(layer).__name__ in ("Relu", "Relu6"):
        return True
    return getattr(layer, "activation", None) in (keras.activations.relu, keras.activations.relu6)


def _norm(tensors: list[tf.Tensor]) -> float:
    return float(tf.sqrt(sum(tf.reduce_sum(tf.square(tf.cast(tensor, tf.float64))) for tensor in tensors)))


def outputs_of(net: graph.Graph, x: Any, *, training: bool) -> list[tf.Tensor]:
    """The output of each of `net.calls` for a batch; moving averages and dropout seeds stay as they are."""
    probe = _prober(net)
    return _run(probe, x, training=training, values=_values_of(probe))


def _prober(net: graph.Graph) -> keras.Model:
    """A model with the same layers that gives the output of every call; the name keeps Keras' count as it is."""
    return keras.Model(net.source, [call.output for call in net.calls], name="probe")


def _values_of(probe: keras.Model) -> dict[int, tf.Tensor]:
    """The present values of its variables, by id: they are read once and handed in, so nothing is written to them."""
    return {id(variable): tf.convert_to_tensor(variable.value) for variable in probe.variables}


def _run(probe: keras.Model, x: Any, *, training: bool, values: dict[int, tf.Tensor]) -> list[tf.Tensor]:
    """The outputs of a prober on a batch, with its variables as they are in `values`."""
    outputs, _ = probe.stateless_call(
        [values[id(variable)] for variable in probe.trainable_variables],
        [values[id(variable)] for variable in probe.non_trainable_variables],
        x,
        training=training,
    )
    return outputs if isinstance(outputs, (list, tuple)) else [outputs]


def _kernels(net: graph.Graph) -> dict[str, list[Any]]:
    """The kernel variables of every layer that has some, by name; a layer called twice comes once.

    Raises ValueError for a quantized layer: whole numbers have no gradient.
    """
    groups: dict[str, list[Any]] = {}
    known: set[int] = set()
    for call in net.steps():
        kernels = graph.kernels_of(call.layer)
        if call.inside or not kernels or id(call.layer) in known:
            continue
        if graph.is_quantized(call.layer):
            raise ValueError(
                f"layer {call.name!r} is quantized, and such weights have no gradients: measure the model before "
                "model.quantize(...)."
            )
        known.add(id(call.layer))
        groups[call.name] = kernels
    return groups


def _labels_and_loss(model: keras.Model, y: Any, loss: Any, *, images: int) -> tuple[np.ndarray, Callable]:
    """The labels as an array and the loss as a function, checked against each other and the output.

    None means the loss the model is compiled with, or else sparse_categorical_crossentropy.
    """
    y = as_numbers(y, "y")
    if y.ndim and y.dtype.kind not in "buif":
        raise ValueError(f"the labels must be numbers, and these are {y.dtype}.")
    function = keras.losses.get(
        loss if loss is not None else getattr(model, "loss", None) or LABELS_AS_NUMBERS
    )
    if not callable(function):
        raise ValueError(f"the loss must be one function or name, not {loss!r}.")
    if y.ndim == 0 or len(y) != images:
        raise ValueError(f"there are {images} images and {len(y) if y.ndim else 'no'} labels.")
    outputs, name = tuple(model.outputs[0].shape[1:]), _name_of(function)
    if None in outputs:  # not known before the model runs
        return y, function
    if name == LABELS_AS_NUMBERS:
        if y.shape not in ((images, *outputs[:-1]), (images, *outputs[:-1], 1)):
            raise ValueError(
                f"{name} takes one whole number for each image, and y is {worded(y.shape)}: for one-hot "
                "labels choose categorical_crossentropy."
            )
        if (y != np.floor(y)).any() or y.min() < 0 or y.max() >= outputs[-1]:
            raise ValueError(
                f"labels must be whole numbers from 0 to {outputs[-1] - 1} for {outputs[-1]} outputs."
            )
    elif name in SAME_SHAPE and y.shape != (images, *outputs) and (*y.shape, 1) != (images, *outputs):
        raise ValueError(
            f"{name} takes labels shaped like the output, {worded((images, *outputs))}, and y is "
            f"{worded(y.shape)}: for whole-number labels choose {LABELS_AS_NUMBERS}."
        )
    return y, function


def _check_probabilities(loss: Callable, output: tf.Tensor) -> None:
    """Refuse logits where the loss takes probabilities; not-a-number, of a net that broke, may pass."""
    if _name_of(loss) not in OF_PROBABILITIES or getattr(loss, "from_logits", False):
        return
    if bool(tf.reduce_any((output < 0) | (output > 1.001))):
        raise ValueError(
            "this loss takes probabilities, and the model gives numbers outside 0 to 1 (logits?): pass, for "
            "example, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)."
        )


def _name_of(loss: Callable) -> str:
    """The name of a Keras loss, given as function or as object; any other callable has none."""
    if isinstance(loss, keras.losses.Loss):
        loss = getattr(loss, "fn", loss)
    name = getattr(loss, "__name__", "")
    return name if getattr(keras.losses, name, None) is loss else ""
