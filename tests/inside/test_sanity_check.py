"""Random copies of a network: fresh weights of the same kind, layer by layer, and the original left alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers.inside import explain, graph, sanity_check, scores


def block(x):
    x = layers.BatchNormalization(name="bn_1")(layers.Conv2D(4, 3, name="conv_1")(x))
    y = layers.ReLU(name="relu_1")(x)
    x = layers.Conv2D(4, 3, padding="same", name="conv_2")(y)
    return layers.ReLU(name="relu_2")(layers.Add(name="add")([x, y]))


def top(x):
    x = layers.Dropout(0.5, name="drop")(layers.GlobalAveragePooling2D(name="average")(x))
    x = layers.Dense(5, activation="relu", name="hidden")(x)
    return layers.Dense(3, activation="softmax", name="scores")(x)


@pytest.fixture(scope="module")
def nested():
    """A backbone and a head, each a model of its own, with random weights and statistics throughout."""
    inner, middle, inputs = keras.Input((8, 6, 3)), keras.Input((6, 4, 4)), keras.Input((8, 6, 3))
    body = keras.Model(inner, block(inner), name="backbone")
    ending = keras.Model(middle, top(middle), name="ending")
    model = keras.Model(inputs, ending(body(layers.Rescaling(1 / 255, name="rescale")(inputs))))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        size = 1 + rng.random(weight.shape) if "variance" in weight.name else rng.normal(size=weight.shape)
        weight.assign(0.5 * size)
    return model


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).integers(0, 256, size=(4, 8, 6, 3), dtype=np.uint8)


def test_a_copy_has_fresh_weights_of_the_same_kind(nested, images):
    for model in (nested, nested.get_layer("backbone")):
        copy = sanity_check.randomized(model, seed=3)
        assert [w.path.split("/")[-2:] for w in copy.weights] == [
            w.path.split("/")[-2:] for w in model.weights
        ]
        for old, new in zip(model.weights, copy.weights, strict=True):
            assert old is not new and old.shape == new.shape
            assert (old.numpy() != new.numpy()).all(), old.path
        kernels = [w.numpy() for w in copy.weights if w.name == "kernel"]
        limits = [
            np.sqrt(6 / (np.prod(k.shape[:-1]) + np.prod((*k.shape[:-2], k.shape[-1])))) for k in kernels
        ]
        for kernel, limit in zip(kernels, limits, strict=True):  # Glorot's
            assert 0.6 * limit < np.abs(kernel).max() <= limit
        rest = {w.name: w.numpy() for w in copy.weights if w.name != "kernel"}
        assert all((rest[name] == 1).all() for name in ("gamma", "moving_variance"))
        assert all((rest[name] == 0).all() for name in ("beta", "moving_mean", "bias"))
        assert np.abs(copy(images, training=False) - model(images, training=False)).max() > 0.01
        same, other = sanity_check.randomized(model, seed=3), sanity_check.randomized(model, seed=4)
        for one, two, three in zip(copy.weights, same.weights, other.weights, strict=True):
            np.testing.assert_array_equal(one, two)
            assert one.name != "kernel" or (one.numpy() != three.numpy()).any()


def test_from_the_top_down(nested, images):
    model = nested
    names = sanity_check.layers_with_weights(model)
    assert names == ["backbone/conv_1", "backbone/bn_1", "backbone/conv_2", "ending/hidden", "ending/scores"]
    unchanged = explain.feature_maps(model, images)
    everything = sanity_check.randomized(model, seed=0)
    for first in range(len(names)):
        copy = sanity_check.randomized(model, 0, names[first:])
        maps = explain.feature_maps(copy, images)
        for number, name in enumerate(names):
            assert np.allclose(maps[name], unchanged[name], atol=1e-5) == (number < first), (name, first)
            part, layer = name.split("/")
            weights = [m.get_layer(part).get_layer(layer).get_weights() for m in (copy, everything, model)]
            for mine, fresh, old in zip(*weights, strict=True):
                np.testing.assert_array_equal(mine, fresh if number >= first else old)
    whole = sanity_check.randomized(model, 0, "backbone").get_layer("backbone").get_weights()
    for mine, fresh in zip(whole, everything.get_layer("backbone").get_weights(), strict=True):
        np.testing.assert_array_equal(mine, fresh)


def test_seeds_of_initializers_do_not_stop_the_drawing_and_what_adapt_saw_is_kept():
    inputs = keras.Input((4, 4, 2))
    normalize = layers.Normalization(name="normalize")
    normalize.adapt(np.random.default_rng(0).normal(3, 2, size=(50, 4, 4, 2)))
    initializer = keras.initializers.HeNormal(seed=0)
    conv = layers.Conv2D(3, 3, kernel_initializer=initializer, name="conv")
    model = keras.Model(inputs, layers.Flatten()(conv(normalize(inputs))))
    assert sanity_check.layers_with_weights(model) == ["conv"]
    copy = sanity_check.randomized(model, seed=1)
    assert (copy.get_layer("conv").kernel.numpy() != conv.kernel.numpy()).any()
    images = np.random.default_rng(1).normal(size=(2, 4, 4, 2))
    maps = [explain.feature_maps(m, images, ["normalize"])["normalize"] for m in (model, copy)]
    np.testing.assert_array_equal(*maps)
    assert abs(maps[0].mean() + 1.5) < 0.3


def test_functions_of_the_learners_own_come_along_and_seeds_are_left_alone():
    """Keras can only write down its own functions in a layer's configuration."""
    inputs = keras.Input((6, 5, 2))
    x = layers.Flatten()(layers.Conv2D(3, 3, activation=lambda z: tf.nn.relu(z), name="conv")(inputs))
    x = layers.Lambda(lambda z: z / 2, name="temperature")(layers.Dense(3, name="out")(x))
    for end in (layers.Activation(tf.nn.softmax), layers.Activation(lambda z: tf.nn.softmax(z))):
        model = keras.Model(inputs, end(x))
        copy = sanity_check.randomized(model, 1, ["conv"])
        images = np.random.default_rng(0).normal(size=(2, 6, 5, 2)).astype("float32")
        np.testing.assert_array_equal(copy.get_layer("out").kernel, model.get_layer("out").kernel)
        np.testing.assert_allclose(copy(images).numpy().sum(axis=1), 1, rtol=1e-5)
        assert scores.head(copy, graph.read(copy)).function == "softmax"
        copy.set_weights(model.get_weights())
        np.testing.assert_allclose(copy(images), model(images), rtol=1e-6)


class Subclassed(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1,), ValueError, "seed must be at least 0"),
        ((1.5,), TypeError, "seed must be a whole number"),
        ((0, ["ending/score"]), ValueError, "did you mean 'ending/scores'"),
        ((0, ["backbone/relu_1"]), ValueError, "relu_1'. have no weights to draw again"),
        ((0, []), ValueError, "no weights"),
    ],
)
def test_slips_are_named(nested, arguments, error, message):
    with pytest.raises(error, match=message):
        sanity_check.randomized(nested, *arguments)
    with pytest.raises(ValueError, match="Subclassed has no graph"):
        sanity_check.randomized(Subclassed(), 0)


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize`")
def test_a_quantized_model_is_refused():
    inputs = keras.Input((4, 4, 1))
    x = layers.Flatten()(layers.Conv2D(2, 3, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(3, name="out")(x))
    model.quantize("int8")
    with pytest.raises(ValueError, match="'out' is quantized, .* before model.quantize"):
        sanity_check.randomized(model, 0)
