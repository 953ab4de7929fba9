"""Training on a few images, again and again: it can be repeated, and random layers are part of that."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.training import few_images

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0, 1, (12, 6, 6, 1)).astype("float32"), np.arange(12) % 3


class Shown(layers.Layer):
    """Passes images on and adds up how many it saw in training."""

    def build(self, input_shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="shown")

    def call(self, images, training=False):
        if training:
            self.count.assign_add(keras.ops.cast(keras.ops.shape(images)[0], "float32"))
        return images


def network(*changes):
    inputs = keras.Input((6, 6, 1))
    x = inputs
    for change in changes:
        x = change(x)
    outputs = layers.Dense(3, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    return model


def weights_after(model, seed):
    few_images.train(model, X, Y, seed=seed, views=36, batch_size=4)
    return model.layers[-1].get_weights()[0]


def test_the_same_seed_gives_the_same_network_also_with_random_layers():
    model = network(layers.RandomFlip("horizontal"), layers.RandomTranslation(0.3, 0.3))
    first, other, again = (weights_after(model, seed) for seed in (1, 2, 1))
    assert np.array_equal(first, again) and not np.allclose(first, other)


def test_the_random_layers_take_part():
    assert not np.allclose(
        weights_after(network(layers.RandomFlip("horizontal")), 1), weights_after(network(), 1)
    )


def test_two_random_layers_draw_different_numbers():
    model = network(layers.RandomFlip("horizontal"), layers.RandomFlip("horizontal"))
    few_images.restart(model, seed=3)
    states = [np.array(layer.generator.state) for layer in model.layers[1:3]]
    assert not np.array_equal(*states)


def test_it_takes_the_steps_that_keras_takes():
    ours, theirs = network(), network()
    history = few_images.train(ours, X, Y, seed=5, views=24, batch_size=4, validation=(X, Y))
    few_images.restart(theirs, seed=5)
    order = np.random.default_rng(5)
    batches = [rows for _ in range(2) for rows in order.permutation(12).reshape(3, 4)]
    losses = [float(theirs.train_on_batch(X[rows], Y[rows])) for rows in batches]
    assert np.allclose(ours.layers[-1].get_weights()[0], theirs.layers[-1].get_weights()[0], atol=1e-5)
    assert history["loss"] == pytest.approx([np.mean(losses)], rel=1e-3)
    assert history["val_loss"] == pytest.approx([theirs.evaluate(X, Y, verbose=0)], rel=1e-4)
    right = theirs.predict(X, verbose=0).argmax(axis=1) == Y
    assert history["val_accuracy"] == pytest.approx([right.mean()])


@pytest.mark.parametrize(
    ("views", "looks", "batch_size", "seen", "epochs"),
    [
        (36, 1, 4, 36, [3]),
        (48, 2, 4, 48, [2, 4]),
        (40, 1, 4, 36, [3]),
        (5, 2, 4, 24, [1, 2]),
        (40, 1, 5, 40, [4]),
    ],
)
def test_it_sees_as_many_images_as_it_is_told(views, looks, batch_size, seen, epochs):
    model = network(Shown())
    history = few_images.train(model, X, Y, seed=0, views=views, batch_size=batch_size, looks=looks)
    assert float(model.layers[1].count) == seen
    assert history["epoch"] == epochs and len(history["accuracy"]) == looks


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(ValueError, match="compile"):
        few_images.train(keras.Sequential([keras.Input((3,))]), X, Y, seed=0, views=1, batch_size=1)
    with pytest.raises(ValueError, match="don't fill"):
        few_images.train(network(), X, Y, seed=0, views=1, batch_size=13)
