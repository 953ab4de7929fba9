"""The live figure of BatchNorm: its arithmetic in the page, its random batches, its still figure, and the checks."""

import numpy as np
import pytest

from helpers.drawings import still_batchnorm
from helpers.from_scratch import batchnorm
from helpers.notebook.quiet_keras import keras, layers
from helpers.widgets import live, modules, random_batch
from tests.widgets.javascript import needs_node, run

STEPS = """
    let moving = js.bnStart(given.units);
    const results = given.batches.map((flat) => {
        const values = Float64Array.from(flat);
        const batch = js.bnStatistics(values, given.units);
        const inTraining = js.bnNormalize(values, batch, given.moves);
        moving = js.bnMove(moving, batch);
        return { batch, inTraining, inPrediction: js.bnNormalize(values, moving, given.moves), moving };
    });
    return results;
"""


@needs_node
@pytest.mark.parametrize("case", range(6))
def test_the_page_computes_what_our_code_and_keras_compute(case):
    rng = np.random.default_rng(case)
    units, steps = int(rng.integers(1, 5)), int(rng.integers(2, 12))
    moves = {"gamma": float(rng.uniform(0.2, 3)), "beta": float(rng.normal())}
    batches = [
        rng.normal(
            rng.normal(size=units), rng.uniform(0.1, 3, size=units), size=(int(rng.integers(1, 65)), units)
        )
        for _ in range(steps)
    ]
    flat = [batch.ravel().tolist() for batch in batches]
    found = run("batchnorm", STEPS, batches=flat, units=units, moves=moves)
    constants = {"gamma_initializer": moves["gamma"], "beta_initializer": moves["beta"]}
    # Keras' float32 would lose digits where a batch's mean is much larger than its deviation.
    layer = layers.BatchNormalization(
        dtype="float64", **{key: keras.initializers.Constant(value) for key, value in constants.items()}
    )
    gamma, beta = np.full(units, moves["gamma"]), np.full(units, moves["beta"])
    for batch, page in zip(batches, found, strict=True):
        ours, _ = batchnorm.forward(batch, gamma, beta)
        np.testing.assert_allclose(np.reshape(page["inTraining"], batch.shape), ours, atol=1e-9)
        for name, statistic in zip(("mean", "variance"), batchnorm.statistics(batch), strict=True):
            np.testing.assert_allclose(page["batch"][name], statistic, atol=1e-9)
        in_training = keras.ops.convert_to_numpy(layer(batch, training=True))
        in_prediction = keras.ops.convert_to_numpy(layer(batch, training=False))
        np.testing.assert_allclose(np.reshape(page["inTraining"], batch.shape), in_training, atol=1e-5)
        np.testing.assert_allclose(np.reshape(page["inPrediction"], batch.shape), in_prediction, atol=1e-5)
        for name in ("mean", "variance"):
            in_keras = keras.ops.convert_to_numpy(getattr(layer, f"moving_{name}"))
            np.testing.assert_allclose(page["moving"][name], in_keras, atol=1e-5)


@needs_node
def test_the_page_has_keras_defaults():
    layer = layers.BatchNormalization()
    assert run("batchnorm", "return [js.BN_EPSILON, js.BN_MOMENTUM];") == [layer.epsilon, layer.momentum]


@needs_node
def test_larger_weights_and_another_bias_change_nothing_after_it():
    body = """
        const values = js.bnBatch(3, 64);
        const after = (numbers) => js.bnNormalize(numbers, js.bnStatistics(numbers, 4));
        const [plain, moved] = [after(values), after(values.map((value) => 3 * value - 4))];
        return Math.max(...plain.map((value, i) => Math.abs(value - moved[i])));
    """
    assert 0 < run("batchnorm", body) < 0.01


@needs_node
@pytest.mark.parametrize("seed", [0, 1, 7, random_batch.LARGEST_SEED])
def test_random_batches_are_the_same_in_the_page(seed):
    found = run("batchnorm", "return js.bnBatch(given.seed, 64);", seed=seed)
    np.testing.assert_allclose(np.reshape(found, (64, 4)), random_batch.batch(seed, 64), rtol=0, atol=1e-9)


def test_random_batches_have_the_means_and_deviations_they_should():
    many = np.concatenate([random_batch.batch(seed, 64) for seed in range(200)])
    means, deviations = np.transpose(random_batch.UNITS)
    np.testing.assert_allclose(many.mean(axis=0), means, atol=0.05)
    np.testing.assert_allclose(many.std(axis=0), deviations, atol=0.05)
    np.testing.assert_allclose(np.corrcoef(many.T), np.eye(4), atol=0.05)
    np.testing.assert_array_equal(random_batch.batch(5, 4), random_batch.batch(5, 64)[:4])
    assert (random_batch.batch(5, 4) != random_batch.batch(6, 4)).all()


def test_the_settings_are_what_was_asked_for(shown):
    live.batchnorm(batch=16, gamma=2, beta=-0.3, training=False, seed=4)
    ((figure, settings, still),) = shown
    assert figure == "batchnorm"
    assert settings == {"batch": 16, "gamma": 2.0, "beta": -0.3, "training": False, "seed": 4}
    drawing, alt = still()
    assert "(4 in all)" in alt and "(16 in all)" in alt and "a new layer's moving statistics" in alt
    before = np.concatenate([line.get_xdata() for line in drawing.axes[0].lines[1:]])
    np.testing.assert_allclose(np.sort(before), np.sort(random_batch.batch(4, 16), axis=None))


def test_the_four_numbers_of_notebook_05(shown):
    live.batchnorm([[3], [9], [11], [17]], gamma=2, beta=1)
    ((_, settings, still),) = shown
    assert settings["values"] == modules.pack(np.float32([[3], [9], [11], [17]]))
    drawing, alt = still()
    assert "Before, mean: 10; standard deviation: 5." in alt
    assert "After, mean: 1; standard deviation: 2." in alt
    after = np.concatenate([line.get_xdata() for line in drawing.axes[1].lines[1:]])
    np.testing.assert_allclose(np.sort(after), [-1.8, 0.6, 1.4, 3.8], atol=1e-3)


def test_a_new_layer_hardly_changes_a_batch_in_prediction():
    values = random_batch.batch(0, 8)
    layer = layers.BatchNormalization()
    expected = keras.ops.convert_to_numpy(layer(values.astype(np.float32), training=False))
    found = still_batchnorm.normalize(values, gamma=1, beta=0, training=False)
    np.testing.assert_allclose(found, expected, atol=1e-5)


BAD = [
    ({"values": [1, 2, 3]}, ValueError, "values must have the axes"),
    ({"values": np.ones((65, 2))}, ValueError, "values are 65×2, and the figure has room for 64 images"),
    ({"values": np.ones((4, 5))}, ValueError, "and 4 units"),
    ({"values": [[1.0], [np.inf]]}, ValueError, "values must be finite numbers"),
    ({"values": "digits"}, TypeError, "not text"),
    ({"batch": 0}, ValueError, "the batch must be at least 1"),
    ({"batch": 65}, ValueError, "the batch must be at most 64"),
    ({"batch": 8.0}, TypeError, "whole number"),
    ({"gamma": 3.5}, ValueError, "gamma must be between 0 and 3"),
    ({"gamma": "1"}, TypeError, "not text"),
    ({"beta": 0.25}, ValueError, "in steps of 0.1"),
    ({"beta": np.nan}, ValueError, "beta must be between -4 and 4"),
    ({"training": "yes"}, TypeError, "training must be True or False"),
    ({"seed": -1}, ValueError, "seed must be at least 0"),
    ({"seed": 10**15}, ValueError, "seed must be at most 1,000,000,000"),
]


@pytest.mark.parametrize("live_front_end", ["0", "1"])
@pytest.mark.parametrize(("change", "kind", "message"), BAD)
def test_bad_arguments_are_refused_before_anything_is_shown(
    change, kind, message, live_front_end, shown, monkeypatch
):
    monkeypatch.setenv("CNN_LIVE", live_front_end)
    with pytest.raises(kind, match=message):
        live.batchnorm(**change)
    assert not shown
