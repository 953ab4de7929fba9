"""The graph of a model: read once, walked in order, channels last only, and no other file looks behind Keras."""

import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers.inside import diagnostics, explain, graph, receptive_field, sanity_check
from helpers.networks import builders


def test_only_one_file_uses_what_keras_keeps_to_itself():
    helpers = Path(graph.__file__).parents[1]
    private = ("_keras_history", "_inbound_nodes", "_flatten_layers")
    users = {
        file.name
        for file in helpers.rglob("*.py")
        if any(word in file.read_text(encoding="utf-8") for word in private)
    }
    assert users == {"graph.py"}


def nested_net():
    """A shared layer, a branch with a sum, operations, and a model in a model in a model."""
    inner = keras.Input((6, 6, 2))
    shared = layers.Conv2D(2, 3, padding="same", name="shared")
    core = keras.Model(inner, layers.Add(name="sum")([shared(shared(inner)), inner]), name="core")
    middle = keras.Input((6, 6, 2))
    body = keras.Model(middle, layers.ReLU(name="relu")(core(middle)), name="body")
    inputs = keras.Input((6, 6, 2))
    x = layers.GlobalAveragePooling2D(name="average")(keras.ops.add(body(inputs), 1.0))
    return keras.Model(inputs, layers.Dense(3, name="out")(x))


def test_steps_come_in_order_with_full_names():
    names = [call.name for call in graph.read(nested_net()).steps()]
    inside = ["body/core/shared", "body/core/shared (2)", "body/core/sum", "body/core", "body/relu", "body"]
    assert names[:6] == inside and names[-2:] == ["average", "out"] and len(names) == 9


def test_a_walk_gives_what_the_model_gives():
    model = nested_net()
    net, x = graph.read(model), np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype("float32")
    with keras.StatelessScope():
        walked = [(call.name, value.numpy()) for call, value in graph.walk(net, tf.constant(x))]
    assert [name for name, _ in walked] == [call.name for call in net.steps()]
    np.testing.assert_allclose(walked[-1][1], model(x), rtol=1e-5)
    found = dict(walked)
    core = model.get_layer("body").get_layer("core")
    np.testing.assert_allclose(found["body/core/shared"], core.get_layer("shared")(x), rtol=1e-5)
    np.testing.assert_array_equal(found["body"], np.maximum(found["body/core"], 0))


def test_the_way_back_stops_at_weights_and_where_branches_meet():
    model = nested_net()
    assert [call.name for call in graph.read(model).last_calls()] == ["out"]
    inputs = keras.Input((6, 6, 2))
    body = keras.Model(inputs, layers.Flatten(name="flat")(model.get_layer("body")(inputs)))
    assert [call.name for call in graph.read(body).last_calls()] == ["flat", "body/relu", "body/core/sum"]


def test_what_is_needed_no_more_is_let_go():
    """All maps of a large net at once would take gigabytes; at most five are alive, some for a sum's shortcut."""
    for model in (builders.residual_net(filters=(4,), blocks=3), nested_net()):
        pixels = tf.zeros((1, *model.input_shape[1:]))
        alive, most = [], 0
        with keras.StatelessScope():
            for _, value in graph.walk(graph.read(model), pixels):
                alive.append(weakref.ref(value))
                most = max(most, len({id(ref()) for ref in alive if ref() is not None}))
                del value
        assert len(alive) >= 9 and most <= 5, most


def channels_first():
    """Every way in which a layer can put the channels first, as a model of images 3×8×8."""
    first = {"data_format": "channels_first"}
    for layer in (
        layers.Conv2D(2, 3, **first),
        layers.DepthwiseConv2D(3, **first),
        layers.MaxPooling2D(2, **first),
        layers.GlobalAveragePooling2D(**first),
        layers.ZeroPadding2D(1, **first),
        layers.Flatten(**first),
        lambda x: keras.ops.max_pool(x, 2, **first),
    ):
        inputs = keras.Input((3, 8, 8))
        yield keras.Model(inputs, layers.Dense(2)(layers.Flatten()(layer(inputs))))
    inputs = keras.Input((2, 3, 8, 8))
    wrapped = layers.TimeDistributed(layers.Conv2D(2, 3, **first))
    yield keras.Model(inputs, layers.Dense(2)(layers.Flatten()(wrapped(inputs))))


def test_channels_first_is_refused_everywhere_also_inside_a_nested_model():
    for plain in channels_first():
        inputs = keras.Input(plain.input_shape[1:])
        for model in (plain, keras.Model(inputs, layers.Activation("relu")(plain(inputs)))):
            x = np.ones((2, *plain.input_shape[1:]))
            for ask in (
                lambda m, x: explain.grad_cam(m, x),
                lambda m, x: explain.saliency(m, x),
                lambda m, x: explain.occlusion(m, x[0]),
                lambda m, x: explain.feature_maps(m, x),
                lambda m, x: sanity_check.randomized(m, 0),
                lambda m, x: diagnostics.dead_units(m, x),
                lambda m, x: diagnostics.measure(m, x, [0, 1]),
                lambda m, x: receptive_field.from_model(m),
                lambda m, x: receptive_field.measured(m),
                lambda m, x: receptive_field.seen_by(m),
            ):
                with pytest.raises(ValueError, match='"channels_first", and only channels_last'):
                    ask(model, x)
