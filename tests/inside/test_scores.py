"""Logits or probabilities: every way to write a classifier's end gives the same maps, or is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers.inside import diagnostics, explain, graph, scores

X = np.random.default_rng(0).normal(size=(3, 6, 6, 1)).astype("float32")


def net(*end, classes=3, activation=None, dtype=None, weights=()):
    """A convolution, Flatten and Dense with weights that are always the same, then `end`."""
    inputs = x = keras.Input((6, 6, 1))
    for layer in (layers.Conv2D(4, 3, name="conv", dtype=dtype), layers.Flatten(dtype=dtype)):
        x = layer(x)
    x = layers.Dense(classes, activation=activation, name="scores", dtype=dtype)(x)
    for layer in end:
        x = layer(x)
    model, rng = keras.Model(inputs, x), np.random.default_rng(1)
    for weight in [*model.get_layer("conv").weights, *model.get_layer("scores").weights]:
        weight.assign(0.5 * rng.normal(size=weight.shape))
    return model


def maps(model, **options):
    images = options.pop("images", X)
    return (
        explain.grad_cam(model, images, 1),
        explain.saliency(model, images, 1),
        explain.occlusion(model, images[0], 1, patch=3, stride=3),
        explain.grad_cam(model, images),
    )


def assert_same(found, expected, **tolerance):
    tolerance = {"rtol": 1e-3, "atol": 1e-5} | tolerance
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


def my_softmax(z):
    powers = tf.exp(z - tf.reduce_max(z, axis=-1, keepdims=True))
    return powers / tf.reduce_sum(powers, axis=-1, keepdims=True)


SOFTMAX = {
    "a word": lambda: net(activation="softmax"),
    "TensorFlow's function": lambda: net(activation=tf.nn.softmax),
    "Keras' function": lambda: net(activation=keras.activations.softmax),
    "keras.ops": lambda: net(activation=keras.ops.softmax),
    "a lambda": lambda: net(activation=lambda z: tf.nn.softmax(z)),
    "a function of one's own": lambda: net(activation=my_softmax),
    "a layer as activation": lambda: net(activation=layers.Softmax()),
    "Softmax": lambda: net(layers.Softmax()),
    "Softmax(axis=1)": lambda: net(layers.Softmax(axis=1)),
    "Activation": lambda: net(layers.Activation(tf.nn.softmax)),
    "an operation": lambda: net(keras.ops.softmax),
    "Lambda": lambda: net(layers.Lambda(my_softmax)),
    "log_softmax": lambda: net(activation="log_softmax"),
    "log_softmax as operation": lambda: net(keras.ops.log_softmax),
    "logarithm after it": lambda: net(layers.Softmax(), layers.Lambda(lambda p: tf.math.log(p + 1e-9))),
    "Dropout after it": lambda: net(layers.Dropout(0.5), activation="softmax"),
    "Reshape around it": lambda: net(layers.Reshape((1, 3)), layers.Softmax(), layers.Flatten()),
    "logits": lambda: net(),
    "logits, then nothing": lambda: net(
        layers.Dropout(0.5), layers.Reshape((3,)), layers.Activation("linear")
    ),
}


@pytest.fixture(scope="module")
def expected():
    """The maps of the scores themselves, in NumPy where it matters: see test_explain for those."""
    return maps(net())


@pytest.mark.parametrize("way", SOFTMAX)
def test_every_way_to_write_a_softmax_gives_the_same_maps(way, expected):
    assert_same(maps(SOFTMAX[way]()), expected)


def test_a_softmax_in_a_nested_model_or_behind_one(expected):
    inner = net(activation=tf.nn.softmax)
    inputs, vector = keras.Input((6, 6, 1)), keras.Input((3,))
    only_softmax = keras.Model(vector, layers.Softmax()(vector))
    for model in (
        keras.Model(inputs, layers.Dropout(0.1)(inner(inputs))),
        keras.Model(inputs, only_softmax(net()(inputs))),
    ):
        assert_same(maps(model), expected)


def test_a_temperature_divides_the_scores_wherever_it_stands():
    lambda_before = net(layers.Lambda(lambda z: z / 4), layers.Softmax())
    lambda_inside = net(activation=lambda z: tf.nn.softmax(z / 4))
    half_logits = net(layers.Rescaling(0.25))
    expected = maps(half_logits)
    assert_same(maps(lambda_before), expected)
    assert_same(maps(lambda_inside), expected)
    np.testing.assert_allclose(4 * expected[0], maps(net())[0], rtol=1e-4, atol=1e-6)


def test_a_convolution_as_classifier():
    def fully_convolutional(*end, activation=None):
        inputs = keras.Input((6, 6, 1))
        x = layers.Conv2D(4, 3, name="conv")(inputs)
        x = layers.Conv2D(3, 4, activation=activation, name="scores")(x)
        for layer in end:
            x = layer(x)
        model, rng = keras.Model(inputs, x), np.random.default_rng(1)
        model.set_weights([0.3 * rng.normal(size=weight.shape) for weight in model.weights])
        return model

    def asked(model):
        return [explain.grad_cam(model, X, 1, layer_name="conv"), explain.occlusion(model, X[0], 1, patch=3)]

    expected = asked(fully_convolutional(layers.Flatten()))
    for model in (
        fully_convolutional(layers.Flatten(), activation=tf.nn.softmax),
        fully_convolutional(layers.GlobalAveragePooling2D(), layers.Softmax()),
        fully_convolutional(layers.Softmax(), layers.Reshape((3,))),
    ):
        assert_same(asked(model), expected)


@pytest.mark.parametrize(
    "build",
    [
        lambda: net(activation="sigmoid"),
        lambda: net(activation=tf.nn.sigmoid),
        lambda: net(activation=lambda z: 1 / (1 + tf.exp(-z))),
        lambda: net(keras.ops.sigmoid),
        lambda: net(layers.Activation(keras.activations.sigmoid), layers.Dropout(0.2)),
    ],
)
def test_many_labels_each_with_a_sigmoid(build, expected):
    found = maps(build())
    assert_same(found[:2], expected[:2])
    model, hidden = net(activation="sigmoid"), X[:1].copy()
    hidden[:, :3, :3] = X[0].mean()
    drop = model(X[:1]).numpy() - model(hidden).numpy()
    assert found[2][0, 0] == pytest.approx(drop[0, 1], abs=1e-5)
    assert abs(found[2] - expected[2]).max() > 1e-3  # it is no softmax


# --------------------------------------------------------------------------------------------- one output


def pencil_net(activation=None):
    """The answer is minus the mean of the image: a bright square speaks for class 0."""
    inputs = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(1, 1, use_bias=False, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(1, activation=activation, name="out")(x))
    model.set_weights([np.ones((1, 1, 1, 1)), -np.ones((1, 1)), np.zeros(1)])
    return model


@pytest.mark.parametrize("activation", ["sigmoid", tf.nn.sigmoid, lambda z: tf.sigmoid(z), None])
def test_one_output_tells_two_classes_apart(activation):
    model, bright = pencil_net(activation), np.zeros((1, 8, 8, 1))
    bright[0, 2:4, 2:4] = 5
    for image, predicted in ((bright, 0), (-bright, 1)):
        heat = explain.grad_cam(model, image)
        np.testing.assert_allclose(
            heat, abs(image[..., 0]) / 64, rtol=1e-6
        )  # a place counts 1/64 in the mean
        np.testing.assert_array_equal(heat, explain.grad_cam(model, image, predicted))
        assert not explain.grad_cam(model, image, 1 - predicted).any()
        lost = 1 / (1 + np.exp(-20 / 64)) - 0.5
        for label, sign in ((None, 1), (predicted, 1), (1 - predicted, -1)):
            drop = explain.occlusion(model, image[0], label, patch=2, stride=2, fill=0)
            assert drop[1, 1] == pytest.approx(sign * lost, abs=1e-5)
            assert drop[3, 3] == pytest.approx(0, abs=1e-6)
    saliencies = [explain.saliency(model, bright, label) for label in (0, 1)]
    np.testing.assert_allclose(saliencies, 1 / 64, rtol=1e-6)
    with pytest.raises(ValueError, match="class_index 2 is out of range: the model has 2 classes, 0 to 1"):
        explain.grad_cam(model, bright, 2)


def test_two_outputs_are_two_classes():
    model, same = net(classes=2, activation="softmax"), net(classes=2)
    assert_same(maps(model), maps(same))
    with pytest.raises(ValueError, match="the model has 2 classes"):
        explain.grad_cam(model, X, 2)


# ---------------------------------------------------------------------------------------- what is refused


class OwnHead(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3), name="kernel")

    def call(self, x):
        return tf.nn.softmax(x @ self.kernel)


def two_branches(combine, activation="softmax"):
    inputs = keras.Input((6, 6, 1))
    x = layers.Flatten()(layers.Conv2D(4, 3, name="conv")(inputs))
    return keras.Model(inputs, combine([layers.Dense(3, activation=activation)(x) for _ in range(2)]))


def each_place(layer, end):
    inputs = keras.Input((6, 6, 1))
    return keras.Model(inputs, end(layer(layers.Reshape((4, 16))(layers.Conv2D(4, 3)(inputs)))))


LIMITED, LOOKS = "its outputs are limited", "look like probabilities"
REFUSED = {
    "softmax over the batch": (lambda: net(layers.Softmax(axis=0)), LIMITED),
    "percentages": (lambda: net(layers.Softmax(), layers.Rescaling(100.0)), LIMITED),
    "the square": (lambda: net(layers.Softmax(), layers.Lambda(lambda p: p**2)), LIMITED),
    "some of the classes": (lambda: net(layers.Softmax(), lambda p: p[:, :2]), LIMITED),
    "hard sigmoid": (lambda: net(activation="hard_sigmoid"), LIMITED),
    "tanh": (lambda: net(activation="tanh"), LIMITED),
    "mean of softmaxes": (
        lambda: each_place(layers.Dense(3, activation="softmax"), layers.GlobalAveragePooling1D()),
        LIMITED,
    ),
    "one softmax": (lambda: net(classes=1, activation="softmax"), "one output is always 1"),
    "by hand": (lambda: net(lambda z: keras.ops.exp(z) / keras.ops.sum(keras.ops.exp(z), -1, True)), LOOKS),
    "a layer of one's own": (lambda: net(OwnHead()), LOOKS),
    "and something after it": (lambda: net(OwnHead(), layers.Dropout(0.1), layers.Rescaling(100.0)), LOOKS),
    "an ensemble": (lambda: two_branches(layers.Average()), LOOKS),
    "a sum of two": (lambda: two_branches(layers.Add()), LOOKS),
    "an ensemble of sigmoids": (lambda: two_branches(layers.Average(), "sigmoid"), LOOKS),
    "a wrapper": (
        lambda: each_place(
            layers.TimeDistributed(layers.Dense(3, activation="softmax")), layers.GlobalAveragePooling1D()
        ),
        LOOKS,
    ),
}


@pytest.mark.parametrize("way", REFUSED)
def test_what_can_only_be_guessed_is_refused(way):
    build, message = REFUSED[way]
    model = build()
    for ask in (explain.grad_cam, explain.saliency):
        with pytest.raises(ValueError, match=message):
            ask(model, X[:1])
    with pytest.raises(ValueError, match=message):
        explain.occlusion(model, X[0], patch=3)


def test_scores_of_other_kinds_stay_scores():
    """Logits that are summed, wrapped or cut at zero are no probabilities."""
    for model in (
        two_branches(layers.Add(), None),
        net(activation="relu"),
        net(activation="softplus"),
        each_place(layers.TimeDistributed(layers.Dense(3)), layers.GlobalAveragePooling1D()),
    ):
        head = scores.head(model, graph.read(model))
        assert (head.function, head.scale, head.classes) == ("", 1.0, 3)
        whole = tf.nn.softmax(model(X[:1])).numpy()[0, 1]
        hidden = tf.nn.softmax(model(np.full_like(X[:1], X[0].mean()))).numpy()[0, 1]
        assert explain.occlusion(model, X[0], 1, patch=6)[0, 0] == pytest.approx(whole - hidden, abs=1e-5)


# ------------------------------------------------------------------------------ other kinds of numbers


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [("float64", 1e-5), ("mixed_float16", 0.01), ("mixed_bfloat16", 0.05), ("bfloat16", 0.08)],
)
def test_other_precisions(dtype, tolerance, expected):
    model = net(activation=tf.nn.softmax, dtype=dtype)
    found = maps(model)
    assert_same(found[:3], expected[:3], rtol=0, atol=tolerance * expected[1].max())
    assert {array.dtype for array in found} == {np.dtype("float32")}
    assert all(array.dtype in ("float32", "float64") for array in explain.feature_maps(model, X).values())
    assert np.isfinite(diagnostics.measure(model, X, [0, 1, 2]).loss)


@pytest.mark.parametrize("dtype", ["float16", tf.bfloat16.as_numpy_dtype])
def test_images_in_half_precision(dtype, expected):
    assert_same(maps(net(), images=X.astype(dtype)), expected, rtol=0, atol=0.05)


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize`")
def test_a_quantized_model(expected):
    model = net(activation=tf.nn.softmax)
    model.quantize("int8")
    assert_same(maps(model)[:3], expected[:3], rtol=0, atol=0.03 * expected[1].max())
    assert diagnostics.dead_units(model, X) == {}
    with pytest.raises(ValueError, match="'scores' is quantized, .* measure the model before"):
        diagnostics.measure(model, X, [0, 1, 2])
    model = net(activation="softmax")
    model.quantize("float8")
    with pytest.raises(ValueError, match="float8, which has no gradients"):
        explain.grad_cam(model, X)
