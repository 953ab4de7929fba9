"""Convolution from scratch against Keras on random shapes, and what it says to bad arguments."""

import keras
import numpy as np
import pytest

from helpers.from_scratch.convolution import (
    conv2d,
    convolve,
    correlate,
    output_size,
    padding_amounts,
)

IMAGE, KERNEL = np.arange(30.0).reshape(5, 6), np.ones((3, 3))
IMAGES, KERNELS = np.ones((2, 5, 6, 3)), np.ones((3, 3, 3, 4))


def keras_conv(images, kernels, biases, strides, padding):
    layer = keras.layers.Conv2D(
        kernels.shape[3], kernels.shape[:2], strides=strides, padding=padding, dtype="float64"
    )
    layer.build(images.shape)
    layer.set_weights([kernels, biases])
    return keras.ops.convert_to_numpy(layer(images))


def random_case(seed):
    rng = np.random.default_rng(seed)
    kernel_size = rng.integers(1, 7, size=2)
    size = rng.integers(kernel_size.max(), 15, size=2)
    batch, channels, filters = rng.integers(1, 4, size=3)
    images = rng.normal(size=(batch, *size, channels))
    kernels, biases = rng.normal(size=(*kernel_size, channels, filters)), rng.normal(size=filters)
    strides = tuple(rng.integers(1, 4, size=2).tolist())
    return images, kernels, biases, strides, str(rng.choice(["valid", "same"]))


@pytest.mark.parametrize("seed", range(50))
def test_conv2d_equals_keras(seed):
    images, kernels, biases, strides, padding = random_case(seed)
    expected = keras_conv(images, kernels, biases, strides, padding)
    found = conv2d(images, kernels, biases, strides=strides, padding=padding)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("size", range(5, 14))
@pytest.mark.parametrize("kernel_size", [(2, 2), (3, 3), (4, 2), (5, 4)])
@pytest.mark.parametrize("stride", [2, 3])
def test_same_padding_is_tensorflows_where_it_is_lopsided(size, kernel_size, stride):
    images = np.random.default_rng(size).normal(size=(1, size, size + 1, 1))
    kernels = np.random.default_rng(stride).normal(size=(*kernel_size, 1, 1))
    expected = keras_conv(images, kernels, np.zeros(1), stride, "same")
    found = conv2d(images, kernels, strides=stride, padding="same")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("zeros", [0, 1, 3])
def test_padding_by_a_number_is_zeropadding2d(zeros):
    rng = np.random.default_rng(zeros)
    images, kernels = rng.normal(size=(2, 6, 7, 2)), rng.normal(size=(3, 2, 2, 3))
    padded = keras.layers.ZeroPadding2D(zeros, dtype="float64")(images)
    expected = keras_conv(keras.ops.convert_to_numpy(padded), kernels, np.zeros(3), (2, 1), "valid")
    found = conv2d(images, kernels, strides=(2, 1), padding=zeros)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_gray_images_in_a_loop_and_without(seed):
    images, kernels, _, strides, padding = random_case(seed)
    image, kernel = images[0, :, :, 0], kernels[:, :, 0, 0]
    expected = keras_conv(image[None, :, :, None], kernel[:, :, None, None], np.zeros(1), strides, padding)
    found = correlate(image, kernel, strides=strides, padding=padding)
    np.testing.assert_allclose(found, expected[0, :, :, 0], rtol=0, atol=1e-10)


def test_convolve_turns_the_kernel_and_correlate_does_not():
    dot = np.zeros((5, 5))
    dot[2, 2] = 1
    arrow = np.arange(1.0, 10).reshape(3, 3)
    np.testing.assert_array_equal(convolve(dot, arrow), arrow)
    np.testing.assert_array_equal(correlate(dot, arrow), arrow[::-1, ::-1])
    row, kernel = np.array([1.0, 5, 2, 7]), np.array([3.0, 1])
    np.testing.assert_allclose(convolve(row[None], kernel[None])[0], np.convolve(row, kernel, mode="valid"))


def test_the_strides_are_down_and_right():
    assert correlate(np.ones((9, 9)), np.ones((1, 1)), strides=(2, 4)).shape == (5, 3)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_output_size_is_what_keras_makes(padding):
    for size in range(3, 30, 4):
        for kernel_size in (1, 2, 3, 5):
            for stride in (1, 2, 3, 5):
                if padding == "valid" and kernel_size > size:
                    continue
                layer = keras.layers.Conv2D(1, kernel_size, strides=stride, padding=padding)
                expected = layer.compute_output_shape((None, size, size, 1))[1]
                assert output_size(size, kernel_size, stride=stride, padding=padding) == expected


def test_output_size_of_known_cases():
    assert output_size(28, 3, stride=3, padding="same") == 10
    assert output_size(32, 5) == 28
    assert output_size(5, 5) == 1
    assert output_size(4, 3) == 2
    assert output_size(28, 3, stride=2, padding=1) == 14
    assert padding_amounts(28, 3, stride=2, padding="same") == (0, 1)
    assert padding_amounts(28, 2, padding="same") == (0, 1)
    assert padding_amounts(28, 1, stride=3, padding="same") == (0, 0)


@pytest.mark.parametrize("convert", [list, tuple, np.asarray, keras.ops.convert_to_tensor])
def test_any_form_of_numbers_is_taken(convert):
    rows = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    np.testing.assert_allclose(correlate(convert(rows), [[1, 0], [0, -1]]), [[-4, -4], [-4, -4]])


def test_bytes_do_not_overflow_and_inputs_stay_as_they_were():
    image = np.full((3, 3), 255, dtype=np.uint8)
    assert correlate(image, np.ones((3, 3), dtype=np.uint8))[0, 0] == 9 * 255
    before = IMAGES.copy()
    conv2d(IMAGES, KERNELS, padding="same")
    np.testing.assert_array_equal(IMAGES, before)


def test_a_nan_marks_every_output_that_sees_it_as_in_keras():
    image = np.ones((7, 7))
    image[3, 3] = np.nan
    found = correlate(image, np.ones((3, 3)), padding="same")
    assert np.argwhere(np.isnan(found)).min() == 2 and np.isnan(found).sum() == 9


BAD = [
    (lambda: correlate("photo.png", KERNEL), TypeError, "must hold real numbers, not text"),
    (lambda: correlate(np.array([[1, None]]), KERNEL), TypeError, "not objects"),
    (lambda: correlate(IMAGE * 1j, KERNEL), TypeError, "not complex numbers"),
    (lambda: correlate([[1, 2], [3]], KERNEL), ValueError, "rows of equal length"),
    (lambda: correlate(np.ones(5), KERNEL), ValueError, r"axes \(height, width\), so 2 of them, not 1 \(5\)"),
    (lambda: correlate(np.float64(3), KERNEL), ValueError, "not none"),
    (lambda: correlate(np.ones((5, 5, 3)), KERNEL), ValueError, r"image is 5×5×3, and a gray one"),
    (lambda: correlate(np.ones((0, 5)), KERNEL), ValueError, "image is empty: its shape is 0×5"),
    (lambda: correlate(IMAGE, np.ones((0, 3))), ValueError, "kernel is empty"),
    (lambda: correlate(IMAGE, np.ones(3)), ValueError, "kernel must have the axes"),
    (lambda: correlate(IMAGE, np.ones((6, 3))), ValueError, "a 6×3 kernel does not fit on a 5×6 image: use"),
    (
        lambda: correlate(IMAGE, np.ones((9, 9)), padding=1),
        ValueError,
        r"on a 7×8 image \(with its padding\)",
    ),
    (lambda: correlate(IMAGE, KERNEL, strides=0), ValueError, "strides must be at least 1, not 0"),
    (lambda: correlate(IMAGE, KERNEL, strides=-2), ValueError, "strides must be at least 1, not -2"),
    (lambda: correlate(IMAGE, KERNEL, strides=1.5), TypeError, "strides must be a whole number"),
    (lambda: correlate(IMAGE, KERNEL, strides=True), TypeError, "strides must be a whole number"),
    (lambda: correlate(IMAGE, KERNEL, strides="2"), TypeError, "strides must be a whole number"),
    (lambda: correlate(IMAGE, KERNEL, strides=(1, 2, 3)), ValueError, r"or a pair \(down, right\)"),
    (lambda: correlate(IMAGE, KERNEL, strides=(2, 0)), ValueError, "strides must be at least 1"),
    (lambda: correlate(IMAGE, KERNEL, padding="full"), ValueError, 'unknown padding .full.: choose "valid"'),
    (lambda: correlate(IMAGE, KERNEL, padding="SAME"), ValueError, "unknown padding"),
    (lambda: correlate(IMAGE, KERNEL, padding=-1), ValueError, "padding must be at least 0"),
    (lambda: correlate(IMAGE, KERNEL, padding=0.5), TypeError, "padding must be a whole number"),
    (lambda: correlate(IMAGE, KERNEL, padding=None), TypeError, "padding must be a whole number"),
    (lambda: convolve(IMAGE, np.ones(3)), ValueError, "kernel must have the axes"),
    (
        lambda: conv2d(IMAGES[0], KERNELS),
        ValueError,
        r"\(images, height, width, channels\), so 4 of them, not 3",
    ),
    (lambda: conv2d(IMAGES, KERNELS[..., 0]), ValueError, "kernels must have the axes"),
    (lambda: conv2d(IMAGES, KERNELS[:, :, :1]), ValueError, r"3 channel\(s\) and the kernels 1"),
    (lambda: conv2d(IMAGES, KERNELS, np.ones(3)), ValueError, "3 biases for 4 filters"),
    (lambda: conv2d(IMAGES, KERNELS, np.ones((4, 1))), ValueError, r"biases must have the axes \(filters\)"),
    (lambda: conv2d(IMAGES, KERNELS, "none"), TypeError, "biases must hold real numbers"),
    (lambda: conv2d(IMAGES, KERNELS[:, :, :2]), ValueError, "one kernel for every channel"),
    (lambda: output_size(4, 5), ValueError, "a kernel of 5 pixels does not fit on 4 pixels"),
    (lambda: output_size(0, 1), ValueError, "size must be at least 1"),
    (lambda: output_size(28.0, 3), TypeError, "size must be a whole number of at least 1, not 28.0"),
    (lambda: output_size(28, 3, stride=0), ValueError, "stride must be at least 1"),
    (lambda: output_size(28, 3, padding="none"), ValueError, "unknown padding"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_arguments_are_refused_in_the_readers_words(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
