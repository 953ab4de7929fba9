"""Experiments: work counted, and trainings that can be repeated."""

import numpy as np
import pytest

from helpers.networks.builders import build_convnet
from helpers.notebook.quiet_keras import keras, layers
from helpers.training import experiments


def tiny(*, metrics=None):
    """A compiled net; a few steps run faster than the tracing of one."""
    inputs = keras.Input(shape=(6, 8, 3))
    x = layers.Conv2D(filters=4, kernel_size=(3, 2), strides=2, padding="same")(inputs)
    outputs = layers.Dense(units=5, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics, run_eagerly=True)
    return model


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, size=(30, 6, 8, 3)).astype("float32") / 255, rng.integers(0, 5, size=30)


def test_multiply_adds_by_hand():
    assert experiments.multiply_adds(tiny()) == 3 * 4 * (3 * 2 * 3) * 4 + (3 * 4 * 4) * 5
    tokens = [16, "max_pool", 32, "max_pool", 64, "max_pool"]
    three = build_convnet((32, 32, 3), 10, tokens, kernel_size=2, dense_units=(500,))
    by_hand = 32 * 32 * 16 * 12 + 16 * 16 * 32 * 64 + 8 * 8 * 64 * 128 + 1024 * 500 + 500 * 10
    assert experiments.multiply_adds(three) == by_hand


def test_a_dense_layer_on_a_map_works_at_every_place():
    inputs = keras.Input(shape=(4, 5, 3))
    model = keras.Model(inputs, layers.Dense(units=2)(inputs))
    assert experiments.multiply_adds(model) == 4 * 5 * 3 * 2


def test_what_cannot_be_counted_is_refused():
    inputs = keras.Input(shape=(None, None, 3))
    unknown = keras.Model(inputs, layers.Conv2D(filters=2, kernel_size=3)(inputs))
    with pytest.raises(ValueError, match="unknown"):
        experiments.multiply_adds(unknown)
    inputs = keras.Input(shape=(8, 8, 3))
    other = keras.Model(inputs, layers.DepthwiseConv2D(kernel_size=3, name="apart")(inputs))
    with pytest.raises(ValueError, match="apart"):
        experiments.multiply_adds(other)
    nested = keras.Model(inputs, build_convnet((8, 8, 3), 2, [4], name="inner")(inputs))
    with pytest.raises(ValueError, match="inner"):
        experiments.multiply_adds(nested)


def test_the_same_seed_gives_the_same_training_twice(images):
    x, y = images
    model = tiny()
    first, again, other = (
        experiments.train(model, x, y, seed=seed, epochs=2, batch_size=8).history["loss"]
        for seed in (3, 3, 4)
    )
    assert np.allclose(first, again, atol=1e-5)
    assert abs(first[0] - other[0]) > 1e-4


def test_a_training_counts_updates_and_passes_options_on(images):
    x, y = images
    seen = []
    spy = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    run = experiments.train(
        tiny(metrics=["accuracy"]),
        x,
        y,
        seed=0,
        epochs=3,
        batch_size=8,
        validation_data=(x, y),
        callbacks=[spy],
    )
    assert run.updates == 3 * 4  # three batches of 8 and one of 6
    assert seen == [0, 1, 2]
    assert set(run.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_an_uncompiled_model_is_refused(images):
    x, y = images
    with pytest.raises(ValueError, match="compile"):
        experiments.train(build_convnet((6, 8, 3), 5, [4]), x, y, seed=0, epochs=1, batch_size=8)


def small_net():
    model = build_convnet((4, 4, 1), 3, [2], dense_units=(6,))
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def test_restart_equals_building_again():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, size=(16, 4, 4), dtype=np.uint8), rng.integers(0, 3, size=16)
    keras.utils.set_random_seed(3)
    fresh = small_net()
    fresh.fit(x, y, batch_size=8, epochs=2, verbose=0)
    used = small_net()
    used.fit(x, 2 - y, batch_size=8, epochs=1, verbose=0)
    experiments.restart(used, seed=3)
    assert float(used.optimizer.learning_rate) == pytest.approx(0.03)
    used.fit(x, y, batch_size=8, epochs=2, verbose=0)
    for expected, found in zip(fresh.get_weights(), used.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_restart_with_another_seed_gives_other_weights():
    model = small_net()
    experiments.restart(model, seed=1)
    first = model.get_weights()[0]
    experiments.restart(model, seed=2)
    assert not np.allclose(first, model.get_weights()[0])


def test_restart_refuses_a_model_that_is_not_compiled():
    with pytest.raises(ValueError, match="compile"):
        experiments.restart(build_convnet((4, 4, 1), 3, [2]), seed=0)
