"""Copies of a network with fresh random weights, for the sanity check of maps that explain it.

Notebook 09b calls it. A map that stays the same when the weights are gone does not explain the network (Adebayo et
al., 2018).
"""

import inspect
import random
import warnings
from collections.abc import Sequence
from typing import Any

from helpers.arguments import whole_number
from helpers.inside import graph
from helpers.notebook.quiet_keras import keras, layers


def layers_with_weights(model: keras.Model) -> list[str]:
    """The names of the layers that have learned weights, input first; nested ones as "backbone/conv_1"."""
    return _with_weights(graph.read(model))


def randomized(model: keras.Model, seed: int, layer_names: Sequence[str] | None = None) -> keras.Model:
    """A copy of the model in which layers are back at fresh random weights; the model stays as it is.

    For the sanity check of Adebayo et al. (2018): a map that explains a network must change with its weights.
    `layer_names` None is all of `layers_with_weights`; its last ones, `[-3:]`, are the check from the top down.
    A nested model's name means all its layers. Fresh weights are drawn as the layer's initializers say,
    BatchNormalization forgets its statistics, and a layer gets the same ones whichever others are named. In a
    deep network the signal then fades, and its maps may be tiny numbers: compare them scaled. The copy is a
    Functional model, not compiled. Raises ValueError for unknown layers, layers without weights or a quantized model.
    """
    seed = whole_number(seed, "seed", least=0)
    net = graph.read(model)
    names = _with_weights(net) if layer_names is None else layer_names
    names = [names] if isinstance(names, str) else list(names)
    fresh = {id(weight) for name in names for weight in getattr(net.find(name).layer, "weights", ())}
    if not fresh:
        raise ValueError(
            f"the layers {names} have no weights to draw again: layers_with_weights(model) lists those that do."
        )
    if quantized := [call.name for call in net.steps() if graph.is_quantized(call.layer)]:
        raise ValueError(
            f"layer {quantized[0]!r} is quantized, and such weights cannot be drawn at random: randomize the model "
            "before model.quantize(...)."
        )
    # The same layers, not compiled.
    original = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    state = random.getstate()  # where initializers without a seed take theirs
    random.seed(seed)
    try:
        copy = keras.models.clone_model(original, clone_function=_clone, recursive=True)
    finally:
        random.setstate(state)
    for old, new in zip(original.weights, copy.weights, strict=True):
        if id(old) not in fresh:
            new.assign(old.numpy())
    for call in graph.read(copy).steps():
        if isinstance(call.layer, layers.Normalization):
            call.layer.finalize_state()
    return copy


def _with_weights(net: graph.Graph) -> list[str]:
    return [
        call.name
        for call in net.steps()
        if not call.inside
        and graph.has_weights(call.layer)
        and not isinstance(call.layer, layers.Normalization)  # it holds what `adapt` saw in the data
    ]


def _clone(layer: Any) -> Any:
    """A new layer like this one. A function in it is handed over, because only Keras' own can be named in a config."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*lambda")  # it is not saved to a file here
        config = _without_seeds(layer.get_config())
    if isinstance(layer, layers.Lambda):
        return layers.Lambda(
            layer.function, arguments=layer.arguments, name=layer.name, dtype=layer.dtype_policy
        )
    activation = getattr(layer, "activation", None)
    own_function = "activation" in config and inspect.isfunction(activation)
    copy = type(layer).from_config(config | ({"activation": "linear"} if own_function else {}))
    if own_function:
        copy.activation = activation
    return copy


def _without_seeds(config: Any) -> Any:
    """A layer's configuration with the seeds of its initializers left out."""
    if not isinstance(config, dict):
        return config
    clean = {key: _without_seeds(value) for key, value in config.items()}
    for key, value in clean.items():
        if key.endswith("initializer") and isinstance(value, dict) and "seed" in (value.get("config") or {}):
            clean[key] = value | {"config": value["config"] | {"seed": None}}
    return clean
