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


def test_accuracy_by_class():
    labels, answered = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 1, 2, 2])
    assert evaluate.accuracy_per_class(labels, answered, classes=3) == pytest.approx([1 / 2, 1, 2 / 3])
    assert evaluate.accuracy_per_class([1, 0], [0, 1], classes=2).tolist() == [0, 0]
    for wrong in ((labels, answered[:5], 3), (labels, answered, 2), (labels, answered, 4)):
        with pytest.raises(ValueError):
            evaluate.accuracy_per_class(wrong[0], wrong[1], classes=wrong[2])
