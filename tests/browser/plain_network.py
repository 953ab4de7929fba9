"""What a plan of layers answers, in plain Python: this environment has no NumPy, and the page must not check itself.

Only what the shipped network is made of: rescaling, convolutions with zeros around, max pooling, dense layers.
"""

import base64
import math
import struct
from operator import mul


def unpack(packed):
    """The numbers of a packed array, row after row."""
    data = base64.b64decode(packed["data"])
    kind = {"float16": "e", "float32": "f", "uint8": "B"}[packed["dtype"]]
    return struct.unpack(f"<{math.prod(packed['shape'])}{kind}", data)


def probabilities(plan, pixels):
    """The ten probabilities for 28 × 28 pixels, row after row."""
    shape, values = [28, 28, 1], list(map(float, pixels))
    for layer in plan["layers"]:
        values = STEPS[layer["kind"]](layer, shape, values)
        shape = layer["shape"]
        name = layer.get("activation", {}).get("name")
        if name == "relu":
            values = [max(value, 0.0) for value in values]
        elif name == "softmax":
            powers = [math.exp(value - max(values)) for value in values]
            values = [power / sum(powers) for power in powers]
    return values


def _rescale(layer, _, values):
    return [layer["scale"] * value + layer["offset"] for value in values]


def _conv(layer, shape, values):
    """Stride 1 and zeros around, so the output has the input's height and width."""
    (rows, columns, channels), filters = shape, layer["shape"][2]
    assert layer["strides"] == [1, 1] and layer["padding"] == "same"
    kernel, bias = unpack(layer["kernel"]), unpack(layer["bias"])
    side = layer["kernel"]["shape"][0]
    weights = [kernel[one::filters] for one in range(filters)]
    zeros, reach, made = [0.0] * channels, side // 2, []
    for row in range(rows):
        for column in range(columns):
            patch = []
            for r in range(row - reach, row - reach + side):
                for c in range(column - reach, column - reach + side):
                    start = (r * columns + c) * channels
                    inside = 0 <= r < rows and 0 <= c < columns
                    patch += values[start : start + channels] if inside else zeros
            made += [sum(map(mul, patch, own)) + add for own, add in zip(weights, bias, strict=True)]
    return made


def _pool(layer, shape, values):
    (_, columns, channels), (down, across, _) = shape, layer["shape"]
    assert layer["how"] == "max" and layer["size"] == layer["strides"] == [2, 2]
    return [
        max(
            values[((2 * row + r) * columns + 2 * column + c) * channels + channel]
            for r in (0, 1)
            for c in (0, 1)
        )
        for row in range(down)
        for column in range(across)
        for channel in range(channels)
    ]


def _dense(layer, _, values):
    kernel, bias = unpack(layer["kernel"]), unpack(layer["bias"])
    units = len(bias)
    return [sum(map(mul, values, kernel[unit::units])) + bias[unit] for unit in range(units)]


STEPS = {
    "rescale": _rescale,
    "conv": _conv,
    "pool": _pool,
    "dense": _dense,
    "flatten": lambda _, __, values: values,
    "pass": lambda _, __, values: values,
}
