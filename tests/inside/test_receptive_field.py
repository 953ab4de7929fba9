"""Receptive fields: the formula on known networks, and the gradient on random ones."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.inside.receptive_field import from_model, measured, seen_by


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(3, 1)], 3),
        ([(3, 1)] * 3, 7),
        ([(5, 1)], 5),
        ([(3, 2), (3, 1), (2, 2), (3, 1)], 17),
        ([[3, 1], [2, 2], [3, 1], [2, 2]], 10),
        ([(11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2)], 195),  # AlexNet
        ([(3, 1), (3, 1), (2, 2)] * 2 + [(3, 1), (3, 1), (3, 1), (2, 2)] * 3, 212),  # VGG-16
    ],
)
def test_the_formula_on_known_networks(sizes, expected):
    model = chain(*(layers.Conv2D(1, side, strides=stride) for side, stride in sizes), shape=(230, 240, 1))
    assert from_model(model) == (expected, expected)


def chain(*operations, shape=(30, 34, 2)):
    x = inputs = keras.Input(shape=shape)
    for operation in operations:
        x = operation(x)
    return keras.Model(inputs, x)


def random_model(seed):
    """One to four sliding layers with random kernels, strides, paddings, branches and pointwise layers."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    x = inputs = keras.Input(shape=(*rng.integers(32, 44, size=2).tolist(), 2))
    for _ in range(rng.integers(1, 5)):
        kernel_size = tuple(rng.integers(1, 5, size=2).tolist())
        padding, kind = str(rng.choice(["same", "valid"])), rng.integers(0, 5)
        if kind == 0:
            x = layers.Conv2D(6, kernel_size, strides=int(rng.integers(1, 3)), padding=padding)(x)
        elif kind == 1:
            x = layers.LeakyReLU()(layers.DepthwiseConv2D(kernel_size, padding=padding)(x))
        elif kind == 2:
            x = layers.ZeroPadding2D(((1, 2), (2, 1)))(x)
            x = layers.BatchNormalization()(layers.Conv2D(6, 3, strides=2)(x))
        elif kind == 3:
            pool = layers.MaxPooling2D if rng.random() < 0.5 else layers.AveragePooling2D
            x = layers.Activation("tanh")(pool(2, padding=padding)(x))
        else:
            one = layers.Conv2D(4, 3, strides=2, padding="same")(x)
            other = layers.Conv2D(4, 5, strides=2, padding="same")(x)
            x = layers.Concatenate()([one, layers.Cropping2D(0)(other)])
    return keras.Model(inputs, x)


@pytest.mark.parametrize("seed", range(12))
def test_the_gradient_is_where_the_formula_says(seed):
    model = random_model(seed)
    gradient = measured(model, images=48, seed=seed)
    rows, columns = window = seen_by(model)
    inside = np.zeros_like(gradient)
    inside[window] = gradient[window]
    np.testing.assert_array_equal(inside, gradient)  # nothing outside
    size = (rows.stop - rows.start, columns.stop - columns.start)
    if from_model(model) == size:  # not cut at the border
        touched = np.argwhere(gradient != 0)
        assert tuple(np.ptp(touched, axis=0) + 1) == size


def test_pooling_counts_like_a_convolution_and_relu_not_at_all():
    model = chain(layers.Conv2D(4, 3, strides=2), layers.ReLU(), layers.Conv2D(4, 5), layers.MaxPooling2D(2))
    assert from_model(model) == (3 + 4 * 2 + 1 * 2,) * 2
    assert from_model(chain(layers.ReLU())) == (1, 1)


def test_dilation_widens_the_kernel():
    assert from_model(chain(layers.Conv2D(1, 3, dilation_rate=2))) == (5, 5)
    assert from_model(chain(layers.Conv2D(1, (1, 4), dilation_rate=3))) == (1, 10)


def test_sequential_models_are_taken():
    model = keras.Sequential([keras.Input((12, 12, 1)), layers.Conv2D(2, 3), layers.Conv2D(2, 3)])
    assert from_model(model) == (5, 5)


def test_a_shortcut_has_the_field_of_its_wider_branch():
    inputs = keras.Input(shape=(20, 20, 4))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    x = layers.Add()([layers.Conv2D(4, 3, padding="same")(x), inputs])
    assert from_model(keras.Model(inputs, x)) == (5, 5)


def test_a_nested_model_is_entered():
    inner = chain(layers.Conv2D(4, 3, strides=2), layers.ReLU(), shape=(28, 32, 4))
    model = chain(layers.Conv2D(4, 3), inner, layers.Conv2D(2, 5))
    assert from_model(model) == (3 + 2 * 1 + 4 * 2,) * 2
    np.testing.assert_array_equal(measured(model, images=2)[seen_by(model)] > 0, True)


def test_seen_by_stops_at_the_edge():
    model = chain(layers.Conv2D(1, 5, padding="same"))
    assert seen_by(model, (0, 0)) == (slice(0, 3), slice(0, 3))
    assert seen_by(model, (29, 33)) == (slice(27, 30), slice(31, 34))
    assert seen_by(model, (10, 20)) == (slice(8, 13), slice(18, 23))


CONV = layers.Conv2D(1, 3)
BAD = [
    (
        lambda: from_model(chain(CONV, layers.Flatten(name="flat"))),
        ValueError,
        r'"flat" \(Flatten\) does not',
    ),
    (lambda: from_model(chain(layers.GlobalAveragePooling2D())), ValueError, "end the model at an earlier"),
    (lambda: from_model(chain(layers.Conv2DTranspose(1, 3))), ValueError, "does not slide a window"),
    (lambda: measured(chain(layers.Flatten())), ValueError, "ends in a feature map"),
    (lambda: measured(chain(CONV, shape=(None, None, 2))), ValueError, "a model of known size"),
    (lambda: seen_by(chain(CONV), (28, 0)), ValueError, r"position \(28, 0\) is not on the 28×32 map"),
    (lambda: seen_by(chain(CONV), (-1, 0)), ValueError, "rows count from 0"),
    (
        lambda: from_model(chain(layers.Conv2D(1, 3, padding="same"), shape=(None, None, 2))),
        ValueError,
        "give Input a fixed shape",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_what_has_no_formula_is_refused_by_name(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_two_inputs_or_branches_of_different_strides_are_refused():
    one, two = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    with pytest.raises(ValueError, match="one input and one output"):
        from_model(keras.Model([one, two], layers.Add()([one, two])))
    fast, slow = layers.Conv2D(1, 1, strides=2)(one), layers.Conv2D(1, 5)(one)
    with pytest.raises(ValueError, match="joins branches of different strides"):
        from_model(keras.Model(one, layers.Add()([fast, slow])))
