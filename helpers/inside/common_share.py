"""How much of a layer's power is the same for all images of a batch.

Notebooks 05 and 05c call this to see whether a deep network can still tell one image from another. A model is only
read: moving averages and dropout seeds stay as they are.
"""

from typing import Any

import numpy as np

from helpers.arguments import as_numbers
from helpers.inside import graph
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

    A ReLU layer is `ReLU`, or one with activation="relu". `training=True` lets BatchNormalization use the batch's
    own means, as `fit` does; `False` its moving averages, as `predict` does. Nested models are not looked into.
    Raises ValueError for a model without a graph or without a ReLU layer, a wrong shape or fewer than two images.
    """
    net = graph.read(model)
    calls = [call for call in net.calls if _is_relu(call.layer)]
    if not calls:
        raise ValueError("this model has no ReLU layer.")
    probe = keras.Model(net.source, [call.output for call in calls], name="probe")
    outputs, _ = probe.stateless_call(
        [variable.value for variable in probe.trainable_variables],
        [variable.value for variable in probe.non_trainable_variables],
        graph.batch(model, x),
        training=training,
    )
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return {call.name: of(output) for call, output in zip(calls, outputs, strict=True)}


def _is_relu(layer: Any) -> bool:
    is_layer = isinstance(layer, keras.layers.ReLU)
    return is_layer or getattr(layer, "activation", None) is keras.activations.relu
