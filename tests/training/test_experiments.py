"""The comparison of recipes: work counted, trainings repeatable, speed measured."""

import numpy as np
import pytest

from helpers.networks.builders import build_convnet, cifar_cnn
from helpers.notebook.quiet_keras import keras, layers
from helpers.training import evaluate, experiments, timing


def tiny(*, metrics=None):
    inputs = keras.Input(shape=(6, 8, 3))
    x = layers.Conv2D(filters=4, kernel_size=(3, 2), strides=2, padding="same")(inputs)
    outputs = layers.Dense(units=5, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=metrics)
    return model


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, size=(30, 6, 8, 3)).astype("float32") / 255, rng.integers(0, 5, size=30)


def test_multiply_adds_by_hand():
    assert experiments.multiply_adds(tiny()) == 3 * 4 * (3 * 2 * 3) * 4 + (3 * 4 * 4) * 5
    three = 32 * 32 * 16 * 12 + 16 * 16 * 32 * 64 + 8 * 8 * 64 * 128 + 1024 * 500 + 500 * 10
    assert experiments.multiply_adds(cifar_cnn()) == three


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


def test_speed_is_all_images_over_all_seconds_without_the_first_batch_of_a_turn(images, monkeypatch):
    x, y = images
    waits = [900, 4, 8, 700, 2, 3, 800, 6, 2, 600, 7, 10]  # two rounds of two models with three batches each
    moments = iter(np.cumsum([step for wait in waits for step in (0, wait)]))
    monkeypatch.setattr(experiments.time, "perf_counter", lambda: float(next(moments)))
    models = {"small batches": (tiny(), 4), "large batches": (tiny(), 9)}
    measured = timing.speeds(models, x, y, rounds=2, most_rounds=2, batches=2)
    assert measured == {"small batches": 4 * 4 / 20, "large batches": 4 * 9 / 22}
    assert next(moments, "all used") == "all used"


@pytest.mark.parametrize(
    ("second", "rounds"),
    [
        ([3, 3, 3, 3], 2),  # steady
        ([30, 3, 30, 3], 4),  # never steady: stops at the most
        ([3.4, 3, 3.2, 3.2], 3),  # the error of the small one's share: 4.8 percent, then 2.8
    ],
)
def test_on_a_busy_machine_the_measuring_goes_on(images, monkeypatch, second, rounds):
    x, y = images
    took = [wait for large in second for wait in (0, 1, 0, large)]
    moments = np.cumsum([step for wait in took for step in (0, wait)])
    left = iter(moments.astype(float).tolist())
    monkeypatch.setattr(experiments.time, "perf_counter", lambda: next(left))
    timing.speeds({"small": (tiny(), 4), "large": (tiny(), 9)}, x, y, rounds=2, most_rounds=4, batches=1)
    assert len(list(left)) == (4 - rounds) * 8


def test_measuring_the_speed_teaches_nothing(images):
    x, y = images
    model, fresh = tiny(), tiny()
    experiments.train(model, x, y, seed=0, epochs=1, batch_size=8)
    before = [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]
    measured = timing.speeds(
        {"trained": (model, 8), "fresh": (fresh, 4)}, x, y, rounds=1, most_rounds=1, batches=2
    )
    after = [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    assert all(0 < speed < 1e7 for speed in measured.values())


def test_a_slower_model_has_a_lower_speed(images):
    x, y = np.zeros((24, 32, 32, 3), "uint8"), np.arange(24) % 5
    large, small = (build_convnet((32, 32, 3), 5, [filters]) for filters in (64, 1))
    for model in (large, small):
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    measured = timing.speeds({"large": (large, 8), "small": (small, 8)}, x, y, batches=2)
    assert measured["large"] < measured["small"]


def test_speeds_need_compiled_models_and_enough_images(images):
    x, y = images
    with pytest.raises(ValueError, match="'big' needs 3 batches of 16"):
        timing.speeds({"big": (tiny(), 16)}, x, y)
    with pytest.raises(ValueError, match="compile"):
        timing.speeds({"raw": (build_convnet((6, 8, 3), 5, [4]), 4)}, x, y, batches=1)


def test_an_uncompiled_model_is_refused(images):
    x, y = images
    with pytest.raises(ValueError, match="compile"):
        experiments.train(build_convnet((6, 8, 3), 5, [4]), x, y, seed=0, epochs=1, batch_size=8)


def test_answers_and_accuracy_agree_with_predict(images):
    x, y = images
    model = tiny()
    expected = model.predict(x, verbose=0).argmax(axis=1)
    assert np.array_equal(evaluate.answers(model, x, batch_size=7), expected)
    assert evaluate.accuracy(model, x, y) == np.mean(expected == y)
    assert evaluate.accuracy(model, x, expected) == 1
    with pytest.raises(ValueError):
        evaluate.answers(model, x, batch_size=0)


def test_accuracy_by_class():
    labels, answered = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 1, 2, 2])
    assert evaluate.per_class(labels, answered, classes=3) == pytest.approx([1 / 2, 1, 2 / 3])
    assert evaluate.per_class([1, 0], [0, 1], classes=2).tolist() == [0, 0]
    for wrong in ((labels, answered[:5], 3), (labels, answered, 2), (labels, answered, 4)):
        with pytest.raises(ValueError):
            evaluate.per_class(wrong[0], wrong[1], classes=wrong[2])


def test_the_weight_of_a_moving_averages_start():
    layer = layers.BatchNormalization(momentum=0.8, center=False, scale=False)
    for _ in range(5):  # the moving variance begins at 1, and these batches have variance 0
        layer(np.zeros((4, 1), "float32"), training=True)
    assert experiments.weight_of_start(0.8, 5) == pytest.approx(float(layer.moving_variance[0]), rel=1e-5)
    assert experiments.weight_of_start(0.8, 0) == 1
    with pytest.raises(ValueError):
        experiments.weight_of_start(0.8, -1)
