"""The standing networks: their sizes, what they accept, what they refuse, and `restart`."""

import keras
import numpy as np
import pytest

from helpers.networks import builders
from helpers.training import experiments

BUILDERS = (builders.mlp, builders.small_cnn, builders.mnist_cnn, builders.fashion_cnn)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, size=(5, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (builders.mlp, 669_706),
        (builders.small_cnn, 9_154),
        (builders.mnist_cnn, 220_234),
        (builders.fashion_cnn, 333_526),
    ],
)
def test_default_models_have_the_published_parameter_counts(build, parameters):
    assert build().count_params() == parameters


@pytest.mark.parametrize("sizes", [(784, 512, 512, 10), (48, 7, 3), (12, 5, 4, 3, 2)])
def test_mlp_parameters_follow_the_formula(sizes):
    model = builders.mlp(input_shape=sizes[:1], hidden_units=sizes[1:-1], num_classes=sizes[-1])
    assert model.count_params() == sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def test_small_cnn_parameters_follow_the_formula():
    model = builders.small_cnn(filters=(16, 32))
    assert model.count_params() == (4 * 4 + 1) * 16 + (3 * 3 * 16 + 1) * 32 + (7 * 7 * 32 + 1) * 10


def test_mlp_without_hidden_layers_is_softmax_regression():
    assert builders.mlp(hidden_units=()).count_params() == 785 * 10


@pytest.mark.parametrize("build", BUILDERS)
def test_models_give_distributions_for_uint8_images(build, images):
    probabilities = build().predict(images, verbose=0)
    assert probabilities.shape == (5, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("build", BUILDERS)
def test_models_rescale_inside(build, images):
    model = build()
    bytes_in = model.predict(images, verbose=0)
    np.testing.assert_array_equal(bytes_in, model.predict(images.astype("float32"), verbose=0))
    rescaled = keras.Model(model.input, model.get_layer("rescale").output).predict(images, verbose=0)
    np.testing.assert_allclose(rescaled.reshape(images.shape), images / 255, rtol=1e-6)


@pytest.mark.parametrize("build", BUILDERS[1:])
def test_convolutional_models_take_colour_and_other_sides(build):
    model = build(input_shape=(32, 20, 3), num_classes=7)
    assert model.output_shape == (None, 7)
    assert model.predict(np.zeros((2, 32, 20, 3), dtype=np.uint8), verbose=0).shape == (2, 7)


@pytest.mark.parametrize("build", BUILDERS)
def test_layer_names_are_the_same_in_every_model(build):
    first, second = build(), build()
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert first.layers[0].name == "pixels" and first.layers[-1].name == "probabilities"


def test_layers_stand_where_the_text_says():
    kinds = [type(layer).__name__ for layer in builders.mnist_cnn().layers]
    assert kinds == [
        "InputLayer", "Rescaling", "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D",
        "Flatten", "Dropout", "Dense", "Dropout", "Dense",
    ]  # fmt: skip
    assert builders.mnist_cnn().get_layer("dropout_1").rate == 0.3
    assert builders.mnist_cnn().get_layer("dropout_2").rate == 0.5
    assert builders.fashion_cnn().get_layer("dropout").rate == 0.4


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (builders.mlp, {"input_shape": 784}, "shape of one image"),
        (builders.mlp, {"input_shape": "28x28"}, "shape of one image"),
        (builders.mlp, {"input_shape": ()}, "shape of one image"),
        (builders.mlp, {"input_shape": (28, -1)}, "whole number of at least 1, not -1"),
        (builders.mlp, {"input_shape": (28.0, 28.0)}, "not 28.0"),
        (builders.mlp, {"input_shape": (None, 28)}, "not None"),
        (builders.mlp, {"hidden_units": 512}, r"such as \(512, 512\), not 512"),
        (builders.mlp, {"hidden_units": (512, 0)}, "hidden_units must be a whole number"),
        (builders.mlp, {"num_classes": 1}, "num_classes must be a whole number of at least 2"),
        (builders.mlp, {"num_classes": "ten"}, "num_classes"),
        (builders.mnist_cnn, {"input_shape": (28, 28)}, r"\(height, width, channels\)"),
        (builders.fashion_cnn, {"input_shape": (2, 28, 1)}, "too small"),
        (builders.small_cnn, {"num_classes": True}, "num_classes"),
        (builders.small_cnn, {"filters": 8}, "two numbers"),
        (builders.small_cnn, {"filters": (8, 16, 32)}, "two numbers"),
        (builders.small_cnn, {"filters": (8, 0)}, "each of filters"),
    ],
)
def test_bad_arguments_are_named(build, options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def _compiled():
    model = builders.mlp(input_shape=(4, 4), hidden_units=(6,), num_classes=3)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.03), loss="sparse_categorical_crossentropy")
    return model


def test_restart_equals_building_anew():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, size=(40, 4, 4), dtype=np.uint8), rng.integers(0, 3, size=40)
    keras.utils.set_random_seed(3)
    fresh = _compiled()
    fresh.fit(x, y, batch_size=8, epochs=2, verbose=0)
    used = _compiled()
    used.fit(x, 2 - y, batch_size=8, epochs=1, verbose=0)
    experiments.restart(used, seed=3)
    assert float(used.optimizer.learning_rate) == pytest.approx(0.03)
    used.fit(x, y, batch_size=8, epochs=2, verbose=0)
    for expected, found in zip(fresh.get_weights(), used.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_restart_with_another_seed_gives_other_weights():
    model = _compiled()
    experiments.restart(model, seed=1)
    first = model.get_weights()[0]
    experiments.restart(model, seed=2)
    assert not np.allclose(first, model.get_weights()[0])


def test_restart_refuses_a_model_that_is_not_compiled():
    with pytest.raises(ValueError, match="compile"):
        experiments.restart(builders.mlp(), seed=0)
