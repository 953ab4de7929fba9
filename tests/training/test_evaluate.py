"""What a network answers, and how often it is right."""

import numpy as np
import pytest

from helpers.notebook.quiet_keras import keras, layers
from helpers.training import evaluate


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 6, 8, 3)).astype("float32"), rng.integers(0, 5, size=30)


def tiny():
    inputs = keras.Input(shape=(6, 8, 3))
    x = layers.Dropout(0.5)(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(units=5, activation="softmax")(x))


def test_answers_and_accuracy_agree_with_predict(images):
    x, y = images
    model = tiny()
    expected = model.predict(x, verbose=0).argmax(axis=1)
    assert np.array_equal(evaluate.answers(model, x, batch_size=7), expected)
    assert evaluate.accuracy(model, x, y) == np.mean(expected == y)
    assert evaluate.accuracy(model, x, expected) == 1
    with pytest.raises(ValueError):
        evaluate.answers(model, x, batch_size=0)


@pytest.mark.parametrize("values", [1, 400, 10**9])
def test_batches_stay_small_where_images_are_large(images, values, monkeypatch):
    monkeypatch.setattr(evaluate, "VALUES", values)
    sizes = []

    def model(batch, training):
        assert not training
        sizes.append(len(batch))
        return batch.mean(axis=(1, 2))

    found = evaluate.in_batches(model, images[0], batch_size=7)
    np.testing.assert_array_equal(found, images[0].mean(axis=(1, 2)))
    assert max(sizes) == min(7, max(1, values // 144))
