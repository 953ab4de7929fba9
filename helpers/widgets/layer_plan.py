"""A network as plain data: its layers with their settings and weights, for the live figure of a network.

    plan = layer_plan.read(model)             # a Keras model, a chain of layers on (28, 28, 1)
    outputs = layer_plan.run(plan, image)     # what each layer gives for one image, in NumPy
    plan = layer_plan.shipped()               # the network that comes with the course; needs no Keras

js/tensor.js runs the same plan in the page. A plan is JSON data: {"name", "input": [28, 28, 1], "layers": [...]}. Each
layer has its "name", the Keras class it came from ("type"), its output "shape", its number of "parameters", and "kind":

    rescale      scale, offset
    conv         kernel (height, width, channels, filters), bias or None, strides, padding, dilation, activation
    pool         how ("max" or "average"), size, strides, padding
    global_pool  how
    normalize    gamma, beta, mean, variance (one for each channel), epsilon
    dense        kernel (inputs, units), bias or None, activation
    activation   activation
    flatten, pass    nothing: the numbers stay as they are

An activation is {"name": ...} with its settings; arrays are packed as `modules.pack` does it. A layer that was not in
the model, such as a softmax after logits, has "added": True.
"""

import base64
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from helpers.arguments import worded
from helpers.paths import ASSETS
from helpers.widgets import modules

INPUT = (28, 28, 1)  # what a drawn digit becomes
CLASSES = 10
# What a page calculates fast enough while a digit is drawn.
MOST_PARAMETERS, MOST_ACTIVATIONS = 400_000, 200_000
PASSING = ("Dropout", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "AlphaDropout", "Identity")
NETWORK = ASSETS / "live_network"  # a folder, so that only Colab editions whose notebook shows it carry it
SHIPPED = NETWORK / "plan.json"

Plan = dict[str, Any]


def shipped() -> Plan:
    """The plan of the network that comes with the course: notebook 03's CNN, trained on all of MNIST."""
    return json.loads(SHIPPED.read_text(encoding="utf-8"))


def example_digits() -> list[list]:
    """Strokes of the digits 0 to 9 to try, in three handwriting styles each: [digit][style], on 280×280 pixels."""
    hands = json.loads((ASSETS / "strokes.json").read_text(encoding="utf-8"))
    return [[hand[str(digit)] for hand in hands.values()] for digit in range(CLASSES)]


def site_script() -> str:
    """A classic script that gives the web site's pages the shipped network and the digits to try, as `liveNetwork`."""
    data = json.dumps(shipped() | {"digits": example_digits()}, ensure_ascii=False, separators=(",", ":"))
    return f"globalThis.liveNetwork = {data};\n"


def read(model: Any, *, white: float | None = None, dtype: str = "float32") -> Plan:
    """The plan of a Keras model: a chain of layers that reads (28, 28, 1) and ends in ten numbers, one for each digit.

    `white` is the value of a white pixel in the images that the model was trained on, 1 or 255; a model with a
    Rescaling layer takes 255. `dtype` of the weights is "float32" or "float16". A model that ends in logits gets a
    softmax. Raises TypeError for what is not a Keras model, and ValueError, which names the layer and says what to do,
    for all that the figure cannot show.
    """
    from helpers.inside import graph

    net = graph.read(model)
    _check_input(tuple(net.source.shape[1:]))
    layers = [_layer(call, shape, dtype) for call, shape in _chain(net)]
    _check_sizes(layers)
    layers = [*_before(layers, white), *layers, *_after(layers)]
    return {"name": str(model.name), "input": list(INPUT), "layers": layers}


def run(plan: Plan, image: Any) -> list[np.ndarray]:
    """What each layer of a plan gives for one image (28, 28) with values from 0 to 255: float32, without a batch axis.

    Raises ValueError for another shape.
    """
    values = np.asarray(image, dtype=np.float64)
    if values.shape not in (INPUT, INPUT[:2]):
        raise ValueError(f"image is {worded(values.shape)}, and the network reads {worded(INPUT[:2])}.")
    values, outputs = values.reshape(INPUT), []
    for layer in plan["layers"]:
        # Stored as float32 after each layer, like in Keras and in the page, whatever precision the sums have.
        values = _RUN[layer["kind"]](layer, values).astype(np.float32).astype(np.float64)
        outputs.append(values.reshape(layer["shape"]).astype(np.float32))
    return outputs


def unpack(packed: dict[str, Any]) -> np.ndarray:
    """The array that `modules.pack` packed, as float64 or uint8."""
    stored = np.frombuffer(base64.b64decode(packed["data"]), np.dtype(packed["dtype"]).newbyteorder("<"))
    return stored.reshape(packed["shape"]).astype(np.uint8 if packed["dtype"] == "uint8" else np.float64)


# ---- reading a Keras model


def _check_input(shape: tuple[int | None, ...]) -> None:
    if shape != INPUT:
        sides = ", ".join("any" if side is None else str(side) for side in shape)
        raise ValueError(
            f"the network reads images of shape ({sides}), and a drawn digit has the shape {INPUT}: build it with "
            f"keras.Input(shape={INPUT})."
        )


def _chain(net: Any) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The layers of a model one after the other, those of a nested model too, each with its input's shape."""
    before = net.source
    for call in net.calls:
        if len(call.inputs) != 1 or call.inputs[0] is not before or len(call.outputs) != 1:
            raise ValueError(
                f"layer {call.name!r} does not simply take what the layer before it gives. The figure shows a chain of "
                "layers, without branches or shortcuts."
            )
        if call.inside:
            yield from _chain(call.inside)
        else:
            yield call, tuple(before.shape[1:])
        before = call.output


def _layer(call: Any, shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
    """One layer of the plan; `shape` is that of its input."""
    from helpers.inside import graph
    from helpers.notebook.quiet_keras import keras

    layer = call.layer
    kind = type(layer).__name__
    readers = _READERS | dict.fromkeys(PASSING, lambda *_: {"kind": "pass"})
    if kind not in readers or type(layer) is not getattr(keras.layers, kind, None):
        raise ValueError(
            f"layer {call.name!r} is a {kind}, which this figure cannot show. It knows {', '.join(sorted(readers))}."
        )
    if graph.is_quantized(layer):
        raise ValueError(f"layer {call.name!r} is quantized: show the model before model.quantize(...).")
    for weight in layer.weights:
        if not np.isfinite(np.asarray(weight, dtype=np.float64)).all():
            raise ValueError(
                f"layer {call.name!r} has weights that are infinite or not a number: its training has failed."
            )
    try:
        settings = {
            key: _packed(value, dtype) if isinstance(value, np.ndarray) else value
            for key, value in readers[kind](layer, shape).items()
        }
    except ValueError as error:
        raise ValueError(f"layer {call.name!r}: {error}") from None
    return {
        "name": call.name,
        "type": kind,
        "shape": [int(side) for side in call.output.shape[1:]],
        "parameters": int(layer.count_params()),
        **settings,
    }


def _packed(array: np.ndarray, dtype: str) -> dict[str, Any]:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        packed = array.astype(dtype)
    if not np.isfinite(packed).all():
        raise ValueError(f"a weight is too large for {dtype}.")
    return modules.pack(packed)


def _rescaling(layer: Any, _shape: tuple[int, ...]) -> dict[str, Any]:
    if np.ndim(layer.scale) or np.ndim(layer.offset):
        raise ValueError("its scale and offset must be single numbers.")
    return {"kind": "rescale", "scale": float(layer.scale), "offset": float(layer.offset)}


def _conv(layer: Any, _shape: tuple[int, ...]) -> dict[str, Any]:
    if layer.groups != 1:
        raise ValueError(f"groups={layer.groups}, and only convolutions with groups=1 can be shown.")
    return {
        "kind": "conv",
        "strides": _pair(layer.strides),
        "padding": layer.padding,
        "dilation": _pair(layer.dilation_rate),
        **_weighted(layer),
    }


def _dense(layer: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    if len(shape) != 1:
        raise ValueError(
            f"a Dense layer on maps of shape {worded(shape)} acts on each pixel alone: put a Flatten or "
            "GlobalAveragePooling2D layer before it, or use Conv2D with kernel_size=1."
        )
    return {"kind": "dense", **_weighted(layer)}


def _weighted(layer: Any) -> dict[str, Any]:
    return {
        "kernel": np.asarray(layer.kernel),
        "bias": None if layer.bias is None else np.asarray(layer.bias),
        "activation": _activation(layer.activation),
    }


def _pool(how: str) -> Callable[[Any, tuple[int, ...]], dict[str, Any]]:
    def reader(layer: Any, _shape: tuple[int, ...]) -> dict[str, Any]:
        sides = {"size": _pair(layer.pool_size), "strides": _pair(layer.strides)}
        return {"kind": "pool", "how": how, **sides, "padding": layer.padding}

    return reader


def _batch_norm(layer: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    axis = layer.axis[0] if isinstance(layer.axis, (list, tuple)) else layer.axis
    if axis not in (-1, len(shape)):
        raise ValueError(f"it normalizes axis {axis}, and it must be the last one, axis=-1.")
    return {
        "kind": "normalize",
        "gamma": np.asarray(layer.gamma) if layer.scale else np.ones(shape[-1]),
        "beta": np.asarray(layer.beta) if layer.center else np.zeros(shape[-1]),
        "mean": np.asarray(layer.moving_mean),
        "variance": np.asarray(layer.moving_variance),
        "epsilon": float(layer.epsilon),
    }


def _flatten(_layer: Any, _shape: tuple[int, ...]) -> dict[str, Any]:
    return {"kind": "flatten"}


def _activating(layer: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """The layers Activation, ReLU, LeakyReLU, ELU and Softmax."""
    kind = type(layer).__name__
    if kind == "Activation":
        activation = _activation(layer.activation)
    elif kind == "ReLU":
        most = None if layer.max_value is None else float(layer.max_value)
        activation = _relu(float(layer.negative_slope), most, float(layer.threshold))
    elif kind == "LeakyReLU":
        activation = _relu(float(layer.negative_slope))
    elif kind == "ELU":
        activation = {"name": "elu", "alpha": float(layer.alpha)}
    else:
        axis = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
        if [each % (len(shape) + 1) for each in axis] != [len(shape)]:
            raise ValueError(
                f"its softmax goes over axis {layer.axis}, and it must go over the last one, axis=-1."
            )
        activation = {"name": "softmax"}
    return {"kind": "activation", "activation": activation}


def _relu(slope: float = 0.0, most: float | None = None, threshold: float = 0.0) -> dict[str, Any]:
    return {"name": "relu", "negative_slope": slope, "max_value": most, "threshold": threshold}


def _activation(function: Any) -> dict[str, Any]:
    """The activation that a layer was built with, a function of Keras or a layer such as LeakyReLU."""
    from helpers.notebook.quiet_keras import keras

    if isinstance(function, keras.Layer):
        if type(function).__name__ in ("ReLU", "LeakyReLU", "ELU"):
            return _activating(function, ())["activation"]
        raise ValueError(f"its activation is a layer {type(function).__name__}: make it a layer of its own.")
    for name, settings in _ACTIVATIONS.items():
        if function is getattr(keras.activations, name, None):
            return settings
    called = getattr(function, "__name__", type(function).__name__)
    raise ValueError(
        f"its activation {called} is unknown to this figure, which knows {', '.join(_ACTIVATIONS)}."
    )


_ACTIVATIONS = {
    "linear": {"name": "linear"},
    "relu": _relu(),
    "relu6": _relu(most=6.0),
    "leaky_relu": _relu(slope=0.2),
    "elu": {"name": "elu", "alpha": 1.0},
    **{name: {"name": name} for name in ("selu", "gelu", "silu", "softplus", "softsign", "tanh")},
    **{name: {"name": name} for name in ("sigmoid", "hard_sigmoid", "softmax")},
}

_READERS: dict[str, Callable[[Any, tuple[int, ...]], dict[str, Any]]] = {
    "Rescaling": _rescaling,
    "Conv2D": _conv,
    "MaxPooling2D": _pool("max"),
    "AveragePooling2D": _pool("average"),
    "GlobalMaxPooling2D": lambda *_: {"kind": "global_pool", "how": "max"},
    "GlobalAveragePooling2D": lambda *_: {"kind": "global_pool", "how": "average"},
    "BatchNormalization": _batch_norm,
    "Flatten": _flatten,
    "Dense": _dense,
    **dict.fromkeys(("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"), _activating),
}


def _pair(value: Any) -> list[int]:
    return [int(side) for side in (value if isinstance(value, (tuple, list)) else (value, value))]


def _check_sizes(layers: list[dict[str, Any]]) -> None:
    parameters = sum(layer["parameters"] for layer in layers)
    if parameters > MOST_PARAMETERS:
        largest = max(layers, key=lambda layer: layer["parameters"])
        raise ValueError(
            f"the network has {parameters:,} parameters, {largest['parameters']:,} of them in layer "
            f"{largest['name']!r}; a page can take {MOST_PARAMETERS:,}. Use fewer units or filters there, or pool more "
            "before it."
        )
    activations = sum(math.prod(layer["shape"]) for layer in layers)
    if activations > MOST_ACTIVATIONS:
        largest = max(layers, key=lambda layer: math.prod(layer["shape"]))
        raise ValueError(
            f"the layers give {activations:,} numbers for one image, {math.prod(largest['shape']):,} of them layer "
            f"{largest['name']!r}; a page can take {MOST_ACTIVATIONS:,}. Use fewer filters there, or strides or "
            "pooling before it."
        )


def _before(layers: list[dict[str, Any]], white: float | None) -> list[dict[str, Any]]:
    """What brings the pixels of a drawn digit, 0 to 255, to those that the model was trained on."""
    rescales = any(layer["kind"] == "rescale" for layer in layers)
    if white is None and not rescales:
        raise ValueError(
            "the network has no Rescaling layer, so say how it was trained: white=1 if its images had values from 0 to "
            "1, white=255 if they had values from 0 to 255."
        )
    if white not in (None, 1, 255):
        raise ValueError(f"white is the value of a white pixel, 1 or 255, not {white!r}.")
    if white != 1:
        return []
    scaled = {"kind": "rescale", "scale": 1 / 255, "offset": 0.0}
    return [
        {"name": "÷ 255", "type": "Rescaling", "shape": list(INPUT), "parameters": 0, "added": True, **scaled}
    ]


def _after(layers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The softmax that turns logits into probabilities, where the model has none."""
    if not layers or layers[-1]["shape"] != [CLASSES]:
        given = worded(tuple(layers[-1]["shape"])) if layers else "its input"
        raise ValueError(
            f"the network gives {given}, and the figure shows ten probabilities, one for each digit: let it end in "
            'Dense(10, activation="softmax").'
        )
    changing = [layer for layer in layers if layer["kind"] not in ("pass", "flatten")]
    last = changing[-1].get("activation", {"name": "linear"})["name"] if changing else "linear"
    if last == "softmax":
        return []
    if last != "linear":
        raise ValueError(
            f"layer {changing[-1]['name']!r} ends the network in {last}, whose ten numbers are no probabilities of one "
            "digit: use softmax, or no activation."
        )
    softmax = {"kind": "activation", "activation": {"name": "softmax"}}
    return [
        {"name": "softmax", "type": "Softmax", "shape": [CLASSES], "parameters": 0, "added": True, **softmax}
    ]


# ---- running a plan


def _run_conv(layer: dict[str, Any], values: np.ndarray) -> np.ndarray:
    kernel = unpack(layer["kernel"])
    reach = [(size - 1) * step + 1 for size, step in zip(kernel.shape[:2], layer["dilation"], strict=True)]
    windows = _windows(values, reach, layer["strides"], layer["padding"], fill=0.0)
    down, right = layer["dilation"]
    sums = np.tensordot(windows[..., ::down, ::right], kernel, axes=([3, 4, 2], [0, 1, 2]))
    return _activated(sums + _bias(layer), layer["activation"])


def _windows(
    values: np.ndarray, size: list[int], strides: list[int], padding: str, *, fill: float
) -> np.ndarray:
    """All windows of a map (rows, columns, channels): (rows, columns, channels, height, width)."""
    if padding == "same":
        totals = [
            max((-(-side // step) - 1) * step + high - side, 0)
            for side, high, step in zip(values.shape, size, strides, strict=False)
        ]
        amounts = [(total // 2, total - total // 2) for total in totals]
        values = np.pad(values, (*amounts, (0, 0)), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(values, size, axis=(0, 1))
    return windows[:: strides[0], :: strides[1]]


def _run_pool(layer: dict[str, Any], values: np.ndarray) -> np.ndarray:
    windows = _windows(values, layer["size"], layer["strides"], layer["padding"], fill=np.nan)
    return (np.nanmax if layer["how"] == "max" else np.nanmean)(windows, axis=(3, 4))


def _run_global_pool(layer: dict[str, Any], values: np.ndarray) -> np.ndarray:
    return (np.max if layer["how"] == "max" else np.mean)(values, axis=(0, 1))


def _run_normalize(layer: dict[str, Any], values: np.ndarray) -> np.ndarray:
    gamma, beta, mean, variance = (unpack(layer[key]) for key in ("gamma", "beta", "mean", "variance"))
    return (values - mean) * gamma / np.sqrt(variance + layer["epsilon"]) + beta


def _run_dense(layer: dict[str, Any], values: np.ndarray) -> np.ndarray:
    return _activated(values @ unpack(layer["kernel"]) + _bias(layer), layer["activation"])


def _bias(layer: dict[str, Any]) -> np.ndarray | float:
    return 0.0 if layer["bias"] is None else unpack(layer["bias"])


def _activated(x: np.ndarray, activation: dict[str, Any]) -> np.ndarray:
    return _FUNCTIONS[activation["name"]](x, activation)


def _relu_of(x: np.ndarray, settings: dict[str, Any]) -> np.ndarray:
    threshold = settings["threshold"]
    kept = x if settings["max_value"] is None else np.minimum(x, settings["max_value"])
    return np.where(x < threshold, settings["negative_slope"] * (x - threshold), kept)


def _sigmoid_of(x: np.ndarray, _settings: dict[str, Any] | None = None) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def _softmax_of(x: np.ndarray, _settings: dict[str, Any]) -> np.ndarray:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _gelu_of(x: np.ndarray, _settings: dict[str, Any]) -> np.ndarray:
    return x / 2 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))


_FUNCTIONS: dict[str, Callable[[np.ndarray, dict[str, Any]], np.ndarray]] = {
    "linear": lambda x, _: x,
    "relu": _relu_of,
    "elu": lambda x, settings: np.where(x > 0, x, settings["alpha"] * np.expm1(np.minimum(x, 0))),
    "selu": lambda x, _: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "sigmoid": _sigmoid_of,
    "hard_sigmoid": lambda x, _: np.clip(x / 6 + 0.5, 0, 1),
    "tanh": lambda x, _: np.tanh(x),
    "softplus": lambda x, _: np.logaddexp(x, 0),
    "softsign": lambda x, _: x / (1 + np.abs(x)),
    "silu": lambda x, _: x * _sigmoid_of(x),
    "gelu": _gelu_of,
    "softmax": _softmax_of,
}

_RUN: dict[str, Callable[[dict[str, Any], np.ndarray], np.ndarray]] = {
    "rescale": lambda layer, values: values * layer["scale"] + layer["offset"],
    "conv": _run_conv,
    "pool": _run_pool,
    "global_pool": _run_global_pool,
    "normalize": _run_normalize,
    "dense": _run_dense,
    "activation": lambda layer, values: _activated(values, layer["activation"]),
    "flatten": lambda _, values: values.reshape(-1),
    "pass": lambda _, values: values,
}
