"""What excites a filter: images made for filters that are known, and patches against a search by hand."""

import random

import keras
import numpy as np
import pytest
from keras import layers

from helpers.inside import excitation, receptive_field
from helpers.networks import builders


def one_filter_net(kernel, *, shape=None, activation=None):
    """A "valid" convolution with one given kernel of (rows, columns, channels), on images of its own size."""
    kernel = np.asarray(kernel, "float32")
    inputs = keras.Input(shape or kernel.shape)
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    conv = layers.Conv2D(1, kernel.shape[:2], activation=activation, name="conv")
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", name="out")(layers.Flatten()(conv(x))))
    conv.set_weights([kernel[..., None], np.zeros(1)])
    return model


def small_net(shape=(20, 16, 3), wrap=False, flip=False):
    """Two convolutions and a pooling; also with these in a nested backbone, or behind a random flip."""
    keras.utils.set_random_seed(0)
    x = inputs = keras.Input(shape)
    if flip:
        x = layers.RandomFlip(seed=0, name="flip")(x)
    x = layers.Rescaling(1 / 255, name="rescale")(x)
    source = keras.Input(shape) if wrap else x
    y = layers.Conv2D(5, 3, padding="same", activation="relu", name="conv_1")(source)
    y = layers.MaxPooling2D(2, name="pool")(y)
    y = layers.Conv2D(6, 3, padding="same", name="conv_2")(y)
    if wrap:
        body, x = keras.Model(source, y, name="backbone"), layers.ZeroPadding2D(1, name="pad")(x)
        x = layers.Cropping2D(1, name="crop")(x)
        y = body(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU(name="relu")(y))
    return keras.Model(inputs, layers.Dense(4, activation="softmax", name="out")(x))


def photos(model, count=12, seed=0):
    size = (count, *model.inputs[0].shape[1:])
    return np.random.default_rng(seed).integers(0, 256, size=size, dtype=np.uint8)


def mean_answer(model, name, number, images):
    found = keras.Model(model.input, model.get_layer(name).output)(np.asarray(images, "float32")).numpy()
    return found[..., number].reshape(len(images), -1).mean(axis=1)


# -------------------------------------------------------------------------------------------- exciting_image


def test_a_linear_filter_is_excited_most_by_the_signs_of_its_kernel():
    """The score is linear, so the best image of all is white where the kernel is above 0, else black."""
    kernel = np.random.default_rng(0).uniform(0.5, 1, size=(5, 4, 3)) * np.where(
        np.indices((5, 4, 3)).sum(0) % 2, 1, -1
    )
    model = one_filter_net(kernel)
    bare = {"jitter": 0, "decay": 0, "blur_every": 0}
    image = excitation.exciting_image(model, "conv", 0, steps=30, step_size=0.05, **bare)
    np.testing.assert_array_equal(image, np.where(kernel > 0, 255, 0))
    assert image.dtype == np.float32


def test_one_step_by_pencil():
    """A kernel of (3, -4) has the root mean square sqrt(12.5): a step of 0.1 of 255 is 25.5 * (3, -4) / sqrt(12.5).

    With `decay` the distance from the middle, 127.5, shrinks by a tenth after the step.
    """
    model = one_filter_net(np.array([3, -4]).reshape(1, 2, 1))
    options = {"steps": 1, "step_size": 0.1, "jitter": 0, "blur_every": 0}
    start = 127.5 + 0.05 * 255 * np.random.default_rng(7).normal(size=(1, 2, 1))
    moved = start + 25.5 * np.array([3, -4]).reshape(1, 2, 1) / 12.5**0.5
    found = excitation.exciting_image(model, "conv", 0, seed=7, decay=0, **options)
    np.testing.assert_allclose(found, moved, rtol=1e-5)
    found = excitation.exciting_image(model, "conv", 0, seed=7, decay=0.1, **options)
    np.testing.assert_allclose(found, 127.5 + 0.9 * (moved - 127.5), rtol=1e-5)


def test_the_image_is_shifted_for_the_gradient_only_and_blurred_but_for_the_last_time():
    """The gradient of a shifted image is the kernel where it is; shifted back, it is the kernel moved back."""
    kernel = np.random.default_rng(1).normal(size=(6, 5, 1))
    model = one_filter_net(kernel)
    options = {"step_size": 0.02, "decay": 0, "seed": 0}
    rng = np.random.default_rng(0)
    image = 127.5 + 0.05 * 255 * rng.normal(size=(6, 5, 1))
    step = 0.02 * 255 * kernel / np.sqrt(np.mean(kernel**2))
    first, second = rng.integers(-2, 3, size=2), rng.integers(-2, 3, size=2)
    assert first.all() and (first != second).any()
    moved = image + np.roll(step, -first, axis=(0, 1))
    found = excitation.exciting_image(model, "conv", 0, steps=1, **options)
    np.testing.assert_allclose(found, moved, rtol=1e-5)
    blurred = excitation._blur(excitation._blur(moved, axis=0), axis=1)
    found = excitation.exciting_image(model, "conv", 0, steps=2, blur_every=1, **options)
    np.testing.assert_allclose(found, blurred + np.roll(step, -second, axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize("name", ["conv_1", "conv_2", "out"])
def test_it_beats_every_random_image_and_stays_in_range(name):
    model = small_net()
    for number in (0, 3):
        image = excitation.exciting_image(model, name, number, steps=24)
        assert image.shape == (20, 16, 3) and image.min() >= 0 and image.max() <= 255
        best = mean_answer(model, name, number, photos(model, 100)).max()
        flat = mean_answer(model, name, number, np.full((1, 20, 16, 3), 127.5))
        assert mean_answer(model, name, number, image[None])[0] > max(best, flat[0]), (name, number)


def test_the_range_is_that_of_the_models_input():
    """The filter is linear: the image is the same in other units."""
    kernel = np.random.default_rng(0).normal(size=(4, 4, 1))
    images = [
        excitation.exciting_image(one_filter_net(kernel), "conv", 0, steps=5),
        excitation.exciting_image(one_filter_net(kernel), "conv", 0, steps=5, value_range=(-1, 1)),
    ]
    np.testing.assert_allclose(images[0], (images[1] + 1) * 127.5, atol=0.01)
    assert images[1].min() < -0.1


def test_the_seed_decides_and_nobodys_chance_is_used():
    model = small_net()
    random.seed(0), keras.utils.set_random_seed(0)
    expected = random.random()
    random.seed(0), keras.utils.set_random_seed(0)
    weights = [v.numpy().tobytes() for v in model.variables]
    one, same = (excitation.exciting_image(model, "conv_2", 1, steps=4, seed=5) for _ in range(2))
    other = excitation.exciting_image(model, "conv_2", 1, steps=4, seed=6)
    np.testing.assert_array_equal(one, same)
    assert (one != other).any() and random.random() == expected
    assert [v.numpy().tobytes() for v in model.variables] == weights


def test_jitter_and_blur_make_it_smoother():
    model = small_net()

    def roughness(**options):
        image = excitation.exciting_image(model, "conv_2", 2, steps=24, **options)
        return np.abs(np.diff(image, axis=0)).mean() + np.abs(np.diff(image, axis=1)).mean()

    bare = roughness(jitter=0, blur_every=0, decay=0)
    assert roughness() < 0.9 * bare
    assert roughness(jitter=0, blur_every=0, decay=0.2) < 0.9 * bare


def test_the_blur_keeps_the_mean_and_a_flat_image():
    image = np.random.default_rng(0).random((5, 6, 2))
    blurred = excitation._blur(image, axis=0)
    np.testing.assert_allclose(blurred[2], image[1] / 4 + image[2] / 2 + image[3] / 4)
    np.testing.assert_allclose(blurred[0], 0.75 * image[0] + 0.25 * image[1])
    np.testing.assert_allclose(excitation._blur(image, axis=1)[:, 3], image[:, [2, 3, 3, 4]].mean(axis=1))
    np.testing.assert_allclose(excitation._blur(np.ones((3, 3, 1)), axis=1), 1)


def test_a_dead_filter_gives_grey_noise_and_no_division_by_zero():
    model = one_filter_net(-np.ones((3, 3, 1)), activation="relu")
    with np.errstate(all="raise"):
        image = excitation.exciting_image(model, "conv", 0, steps=3)
    assert np.isfinite(image).all() and abs(image.mean() - 127.5) < 30


# ------------------------------------------------------------------------------------- most_exciting_patches


def test_a_bright_spot_is_found():
    """A filter that takes the middle of its 3×3 window: it answers where the image is bright, with that value."""
    kernel = np.zeros((3, 3, 1))
    kernel[1, 1] = 255
    model = one_filter_net(kernel, shape=(9, 11, 1))
    images = np.zeros((4, 9, 11, 1), np.uint8)
    images[1, 4, 6], images[3, 1, 2], images[3, 2, 2], images[2, 7, 9] = 200, 90, 80, 150
    patches = excitation.most_exciting_patches(model, images, "conv", 0, count=3)
    assert [patch.image for patch in patches] == [1, 2, 3]
    assert [patch.place for patch in patches] == [
        (3, 5),
        (6, 8),
        (0, 1),
    ]  # "valid": the map begins at pixel 1
    assert [patch.value for patch in patches] == pytest.approx([200, 150, 90])
    assert (patches[0].rows, patches[0].columns) == (slice(3, 6), slice(5, 8))
    for patch in patches:
        assert patch.pixels.shape == (3, 3, 1) and patch.pixels.dtype == np.uint8
        assert patch.pixels[1, 1, 0] == round(patch.value)
    grey = excitation.most_exciting_patches(model, images[..., 0], "conv", 0, count=3)
    assert grey[0].pixels.shape == (3, 3) and grey[0].pixels[1, 1] == 200


@pytest.mark.parametrize("name", ["conv_1", "conv_2", "relu"])
def test_patches_equal_a_search_by_hand(name):
    model = small_net()
    images = photos(model, 70)  # more than run together
    maps = keras.Model(model.input, model.get_layer(name).output)
    found = maps(images).numpy()[..., 4]
    patches = excitation.most_exciting_patches(model, images, name, 4, count=7)
    assert len(patches) == 7
    order = sorted(range(70), key=lambda number: -found[number].max())
    assert [patch.image for patch in patches] == order[:7]
    for patch in patches:
        assert patch.value == pytest.approx(found[patch.image].max(), rel=1e-5)
        assert found[patch.image][patch.place] == found[patch.image].max()
        assert (patch.rows, patch.columns) == receptive_field.seen_by(maps, patch.place)
        np.testing.assert_array_equal(patch.pixels, images[patch.image][patch.rows, patch.columns])


def test_inside_a_nested_backbone_it_is_the_same():
    flat, nested = small_net(), small_net(wrap=True)
    nested.set_weights(flat.get_weights())
    images = photos(flat, 20)
    for name in ("conv_1", "conv_2"):
        expected = excitation.most_exciting_patches(flat, images, name, 2)
        found = excitation.most_exciting_patches(nested, images, f"backbone/{name}", 2)
        for one, other in zip(expected, found, strict=True):
            assert one[1:5] == other[1:5] and one.value == pytest.approx(other.value, rel=1e-4)
            np.testing.assert_array_equal(one.pixels, other.pixels)


def test_without_a_formula_the_field_is_measured():
    """A random flip is no sliding layer, but does nothing here: the patches are those of the net without it."""
    plain, flipping = small_net(), small_net(flip=True)
    flipping.set_weights(plain.get_weights())
    images = photos(plain, 20)
    with pytest.raises(ValueError, match="flip"):
        receptive_field.from_model(keras.Model(flipping.input, flipping.get_layer("conv_1").output))
    for name in ("conv_1", "conv_2"):
        expected = excitation.most_exciting_patches(plain, images, name, 2)
        found = excitation.most_exciting_patches(flipping, images, name, 2)
        for one, other in zip(expected, found, strict=True):
            assert one[1:5] == other[1:5]


def test_fewer_images_than_asked_for_and_a_model_for_any_size():
    inputs = keras.Input((None, None, 1))
    conv = layers.Conv2D(2, 3, padding="same", name="conv")
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(conv(inputs))))
    patches = excitation.most_exciting_patches(model, np.random.default_rng(0).random((2, 7, 7)), "conv", 1)
    assert len(patches) == 2 and {patch.image for patch in patches} == {0, 1}
    for patch in patches:
        (row, column), shape = patch.place, (7, 7)
        sides = [slice(max(p - 1, 0), min(p + 2, s)) for p, s in zip((row, column), shape, strict=True)]
        assert [patch.rows, patch.columns] == sides


# ------------------------------------------------------------------------------------------------ refusals


NET = small_net()
X = photos(NET)


def any_size():
    inputs = keras.Input((None, None, 3))
    return keras.Model(
        inputs, layers.Flatten()(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, name="conv")(inputs)))
    )


BAD = [
    (lambda: excitation.exciting_image(NET, "conv2", 0), ValueError, "did you mean 'conv_2'"),
    (lambda: excitation.exciting_image(NET, "conv_1", 5), ValueError, "'conv_1' has 5 filters, 0 to 4"),
    (lambda: excitation.exciting_image(NET, "conv_1", -1), ValueError, "filter_index must be at least 0"),
    (lambda: excitation.exciting_image(NET, "conv_1", 1.0), TypeError, "filter_index must be a whole number"),
    (lambda: excitation.exciting_image(NET, "conv_1", 0, steps=0), ValueError, "steps must be at least 1"),
    (lambda: excitation.exciting_image(NET, "conv_1", 0, seed=-1), ValueError, "seed must be at least 0"),
    (
        lambda: excitation.exciting_image(NET, "conv_1", 0, value_range=(1, 0)),
        ValueError,
        "value_range must be",
    ),
    (lambda: excitation.exciting_image(NET, "conv_1", 0, step_size=0), ValueError, "step_size above 0"),
    (lambda: excitation.exciting_image(NET, "conv_1", 0, decay=1), ValueError, "decay from 0 to below 1"),
    (lambda: excitation.exciting_image(any_size(), "conv", 0), ValueError, "any×any×3, and a fixed"),
    (lambda: excitation.exciting_image("net", "conv", 0), TypeError, "a Keras model is needed"),
    (lambda: excitation.most_exciting_patches(NET, X, "conv_3", 0), ValueError, "no layer 'conv_3'"),
    (lambda: excitation.most_exciting_patches(NET, X, "conv_2", 6), ValueError, "0 to 5"),
    (
        lambda: excitation.most_exciting_patches(NET, X, "out", 0),
        ValueError,
        "'out' gives images×4, which is no",
    ),
    (lambda: excitation.most_exciting_patches(NET, X, "conv_1", 0, count=0), ValueError, "count must be at"),
    (lambda: excitation.most_exciting_patches(NET, X[0], "conv_1", 0), ValueError, "this is one image"),
    (lambda: excitation.most_exciting_patches(NET, X[:, 1:], "conv_1", 0), ValueError, "images×20×16×3"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_what_cannot_be_excited_is_refused_before_anything_runs(call, error, message, monkeypatch):
    monkeypatch.setattr("helpers.inside.graph.walk", lambda *_, **__: pytest.fail("it ran"))
    with pytest.raises(error, match=message):
        call()


def test_a_net_of_the_course():
    model = builders.residual_net(filters=(4, 6), blocks=1)
    images = photos(model, 5)
    patches = excitation.most_exciting_patches(model, images, "s2b1_relu2", 1, count=2)
    assert len(patches) == 2 and patches[0].value >= patches[1].value
    assert excitation.exciting_image(model, "s2b1_relu2", 1, steps=2).shape == (32, 32, 3)
