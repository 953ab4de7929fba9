"""Copies of a network with fresh random weights, for the sanity check of maps that explain it.

A map that stays the same when the weights are gone does not explain the network (Adebayo et al., 2018);
`explain` passes these functions on to the notebooks.
"""

import random
from collections.abc import Sequence
from typing import Any

from helpers.arguments import whole_number
from helpers.inside import graph, probing
from helpers.notebook.quiet_keras import keras, layers


def layers_with_weights(model: keras.Model) -> list[str]:
    """The names of the layers that have learned weights, input first; nested ones as "backbone/conv_1"."""
    return [
        call.name
        for call in graph.steps(model)
        if not probing.is_nested(call.layer)
        and getattr(call.layer, "weights", ())
        and not isinstance(call.layer, layers.Normalization)  # it holds what `adapt` saw in the data
    ]


def randomised(model: keras.Model, seed: int, layer_names: Sequence[str] | None = None) -> keras.Model:
    """A copy of the model in which layers are back at fresh random weights; the model stays as it is.

    For the sanity check of Adebayo et al. (2018): a map that explains a network must change with its weights.
    `layer_names` None is all of `layers_with_weights`; its last ones, `[-3:]`, are the check from the top down.
    A nested model's name stands for all its layers. Fresh weights are drawn as the layer's initializers say,
    BatchNormalization forgets its statistics, and a layer gets the same ones whichever others are named. In a
    deep network the signal then fades, and its maps may be tiny numbers: compare them scaled. The copy is a
    Functional model, not compiled. Raises ValueError for unknown layers or layers without weights.
    """
    seed = whole_number(seed, "seed", least=0)
    names = layers_with_weights(model) if layer_names is None else layer_names
    names = [names] if isinstance(names, str) else list(names)
    fresh = {id(w) for name in names for w in getattr(graph.find(model, name).layer, "weights", ())}
    if not fresh:
        raise ValueError(
            f"no weights to draw anew in {names}: layers_with_weights(model) lists who has some."
        )
    original = keras.Model(
        model.inputs[0], model.outputs[0], name=model.name
    )  # the same layers, not compiled
    state = random.getstate()  # where initializers without a seed take theirs
    random.seed(seed)
    try:
        copy = keras.models.clone_model(original, clone_function=_clone, recursive=True)
    finally:
        random.setstate(state)
    for old, new in zip(original.weights, copy.weights, strict=True):
        if id(old) not in fresh:
            new.assign(old.numpy())
    for call in graph.steps(copy):
        if isinstance(call.layer, layers.Normalization):
            call.layer.finalize_state()
    return copy


def _clone(layer: Any) -> Any:
    return type(layer).from_config(_without_seeds(layer.get_config()))


def _without_seeds(config: Any) -> Any:
    """A layer's configuration with the seeds of its initializers left out."""
    if not isinstance(config, dict):
        return config
    clean = {key: _without_seeds(value) for key, value in config.items()}
    for key, value in clean.items():
        if key.endswith("initializer") and isinstance(value, dict) and "seed" in (value.get("config") or {}):
            clean[key] = value | {"config": value["config"] | {"seed": None}}
    return clean
