"""How much of a layer's power is the same for all images of a batch.

Notebooks 05 and 05c call this to see whether a deep network can still tell one image from another. A model is only
read: moving averages and dropout seeds stay as they are.
"""

from typing import Any

import numpy as np

from helpers.arguments import as_numbers
from helpers.inside import diagnostics, graph
from helpers.notebook.quiet_keras import keras


def of(values: Any) -> float:
    """Share of the power of `values`, (images, ...), that all images have in common, 0 to 1.

    The mean over the images is taken place by place; the share is the mean of its squares over the mean of all
    squares. 1 says that all images give the same numbers, 1/n for n images that they have nothing in common, and
    NaN that all numbers are 0, so that there is no power to share. Raises ValueError for fewer than two images.
    """
    values = as_numbers(values).astype("float64")  # squares of 1e-25 do not fit in float32
    if values.ndim < 2 or len(values) < 2:
        raise ValueError(
            f"values must be (images, ...) with at least two images; their shape is {values.shape}."
        )
    power = np.square(values).mean()
    return float(np.square(values.mean(axis=0)).mean() / power) if power else float("nan")


def by_layer(model: keras.Model, x: Any, *, training: bool = True) -> dict[str, float]:
    """`of` the output of every ReLU layer for the batch `x`, from layer name to share, input first.

    ReLU layers are those of `diagnostics.dead_units`. `training=True` lets BatchNormalization use the batch's own
    means, as `fit` does; `False` its moving averages, as `predict` does. Nested models are not looked into.
    Raises ValueError for a model without a graph or without a ReLU layer, a wrong shape or fewer than two images.
    """
    net = graph.read(model)
    outputs = diagnostics.outputs_of(net, graph.batch(model, x), training=training)
    pairs = zip(net.calls, outputs, strict=True)
    shares = {call.name: of(output) for call, output in pairs if diagnostics.is_relu(call.layer)}
    if not shares:
        raise ValueError("this model has no ReLU layer.")
    return shares
