"""Stacks of layers for the live figure of the receptive field, and how far one value of the last sees.

`helpers.inside.receptive_field` does it for a Keras model; here a layer is only its kernel size, stride and dilation.
"""

from collections.abc import Iterable
from typing import Any

from helpers.arguments import whole_number

MOST = 8  # layers
LARGEST = {"the kernel size": 7, "the stride": 4, "the dilation": 4}
LAYERS = {
    "conv 3": {"kind": "conv", "kernel": 3, "stride": 1, "dilation": 1},
    "conv 5": {"kind": "conv", "kernel": 5, "stride": 1, "dilation": 1},
    "conv 3 stride 2": {"kind": "conv", "kernel": 3, "stride": 2, "dilation": 1},
    "conv 3 dilation 2": {"kind": "conv", "kernel": 3, "stride": 1, "dilation": 2},
    "pool 2": {"kind": "pool", "kernel": 2, "stride": 2, "dilation": 1},
}
DEFAULT = ("conv 3", "conv 3", "pool 2", "conv 3", "conv 3")  # as in notebook 02b's network for the cat's eye

Layer = dict[str, Any]


def read(layers: Any) -> list[Layer]:
    """The layers as {"kind", "kernel", "stride", "dilation"}, first to last.

    Each is one of the names in `LAYERS`, or (kernel size, stride) or (kernel size, stride, dilation) in whole numbers.
    Raises TypeError or ValueError for anything else, and for more than eight layers.
    """
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list such as {list(DEFAULT[:3])}, not {layers!r}.")
    plan = [_layer(layer, number) for number, layer in enumerate(layers, start=1)]
    if len(plan) > MOST:
        raise ValueError(f"there are {len(plan)} layers, and the figure has room for {MOST}.")
    return plan


def sizes(plan: list[Layer]) -> list[tuple[int, int]]:
    """For the image and after each layer: (receptive field, how far its neighbor's begins), in pixels."""
    found = [(1, 1)]
    for layer in plan:
        size, jump = found[-1]
        reach = (layer["kernel"] - 1) * layer["dilation"]
        found.append((size + reach * jump, jump * layer["stride"]))
    return found


def inputs(plan: list[Layer]) -> list[list[int]]:
    """The values that the first value of the last layer depends on: pixels, then values of each layer, then itself."""
    used = [[0]]
    for layer in reversed(plan):
        offsets = range(0, layer["kernel"] * layer["dilation"], layer["dilation"])
        used.append(sorted({index * layer["stride"] + offset for index in used[-1] for offset in offsets}))
    return used[::-1]


def _layer(layer: Any, number: int) -> Layer:
    if isinstance(layer, str):
        if layer not in LAYERS:
            raise ValueError(
                f"layer {number} is {layer!r}: choose one of {', '.join(LAYERS)}, or (kernel size, stride)."
            )
        return dict(LAYERS[layer])
    if not isinstance(layer, (tuple, list)) or len(layer) not in (2, 3):
        raise TypeError(
            f"layer {number} is {layer!r}: give a name such as 'conv 3', or (kernel size, stride), or (kernel size, "
            "stride, dilation)."
        )
    checked = [
        _at_most(value, f"{name} of layer {number}", most)
        for value, (name, most) in zip((*layer, 1), LARGEST.items(), strict=False)
    ]
    return {"kind": "conv"} | dict(zip(("kernel", "stride", "dilation"), checked, strict=True))


def _at_most(value: Any, name: str, most: int) -> int:
    value = whole_number(value, name, least=1)
    if value > most:
        raise ValueError(f"{name} must be at most {most} in the live figure, not {value}.")
    return value
