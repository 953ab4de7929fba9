"""Convolution from scratch in NumPy: the operation that Keras' Conv2D computes.

Notebook 02 writes it in two loops, 02b builds the whole layer; the exercises and the still figures call it.
Images are (images, height, width, channels), kernels (height, width, channels, filters), as in Keras. What deep
learning calls convolution is cross-correlation: the kernel is not flipped (Goodfellow, Bengio and Courville, Deep
Learning, 2016, equation 9.6). Everything is computed in float64. A value that is not a number (NaN) is allowed, and
spreads to every output whose window holds it, as it does in Keras.
"""

from typing import Any

import numpy as np

from helpers.arguments import check_padding, numbers, pair, whole_number, worded

Pair = int | tuple[int, int]


def output_size(size: int, kernel_size: int, *, stride: int = 1, padding: str | int = "valid") -> int:
    """How many positions a kernel has along one side: floor((size + padding - kernel_size) / stride) + 1.

    `size` and `kernel_size` in pixels, at least 1. `padding` is "valid" (none), "same" (as many zeros as
    give ceil(size / stride) positions) or a number of zeros on each of the two sides.
    Raises ValueError when the kernel does not fit, TypeError for numbers that are not whole.
    """
    before, after = padding_amounts(size, kernel_size, stride=stride, padding=padding)
    room = size + before + after
    if kernel_size > room:
        raise ValueError(
            f"a kernel of {kernel_size} pixels does not fit on {room} pixels: use a smaller kernel, "
            'a larger image, or padding="same".'
        )
    return (room - kernel_size) // stride + 1


def padding_amounts(
    size: int, kernel_size: int, *, stride: int = 1, padding: str | int = "valid"
) -> tuple[int, int]:
    """Zeros before and after one side of the image; arguments and errors as for `output_size`.

    With "same" an odd number of zeros is split as TensorFlow does: the extra one goes after.
    """
    for name, value in (("size", size), ("kernel_size", kernel_size), ("stride", stride)):
        whole_number(value, name, least=1)
    check_padding(padding)
    if padding == "valid":
        return 0, 0
    if padding == "same":
        positions = -(-size // stride)  # rounded up
        total = max((positions - 1) * stride + kernel_size - size, 0)
        return total // 2, total - total // 2
    return int(padding), int(padding)


def correlate(image: Any, kernel: Any, *, strides: Pair = 1, padding: str | int = "valid") -> np.ndarray:
    """The feature map of one gray image (height, width) under one kernel (height, width).

    At every position the kernel is laid on the image, and the sum of the products is written down.
    `strides` is a whole number or a pair (down, right); `padding` as for `output_size`.
    Raises ValueError for a wrong shape, stride or padding word and when the kernel does not fit; TypeError
    for what is not a number.
    """
    image, kernel = _gray_image(image), numbers(kernel, "kernel", "height, width")
    maps = conv2d(image[None, ..., None], kernel[..., None, None], strides=strides, padding=padding)
    return maps[0, ..., 0]


def convolve(image: Any, kernel: Any, *, strides: Pair = 1, padding: str | int = "valid") -> np.ndarray:
    """Convolution as mathematics defines it: `correlate` with the kernel turned by half a turn."""
    kernel = numbers(kernel, "kernel", "height, width")
    return correlate(image, kernel[::-1, ::-1], strides=strides, padding=padding)


def conv2d(
    images: Any, kernels: Any, biases: Any = None, *, strides: Pair = 1, padding: str | int = "valid"
) -> np.ndarray:
    """What a Conv2D layer computes, without an explicit loop.

    `images` (images, height, width, channels), `kernels` (height, width, channels, filters), `biases`
    (filters,) or None; the result is (images, rows, columns, filters). Each filter spans all channels.
    Other arguments and errors as for `correlate`; ValueError too when the channels do not match.
    """
    images, kernels, biases = _layer_arguments(images, kernels, biases)
    (down, right), kernel_size = pair(strides, "strides"), kernels.shape[:2]
    output_shape(images.shape[1:3], kernel_size, strides=strides, padding=padding)  # or it does not fit
    padded = pad(images, kernel_size, strides=strides, padding=padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel_size, axis=(1, 2))
    # windows: (images, rows, columns, channels, kernel height, kernel width), a view that copies nothing
    return np.tensordot(windows[:, ::down, ::right], kernels, axes=([4, 5, 3], [0, 1, 2])) + biases


def output_shape(
    size: tuple[int, int], kernel_size: tuple[int, int], *, strides: Pair = 1, padding: str | int = "valid"
) -> tuple[int, int]:
    """`output_size` for both sides of an image; the error names both."""
    strides = pair(strides, "strides")
    amounts = [
        sum(padding_amounts(n, k, stride=s, padding=padding))
        for n, k, s in zip(size, kernel_size, strides, strict=True)
    ]
    room = (size[0] + amounts[0], size[1] + amounts[1])
    if kernel_size[0] > room[0] or kernel_size[1] > room[1]:
        padded = " (with its padding)" if any(amounts) else ""
        raise ValueError(
            f"a {kernel_size[0]}×{kernel_size[1]} kernel does not fit on a {room[0]}×{room[1]} image{padded}"
            ': use a smaller kernel, a larger image, or padding="same".'
        )
    sides = zip(size, kernel_size, strides, strict=True)
    rows, columns = (output_size(n, k, stride=s, padding=padding) for n, k, s in sides)
    return rows, columns


def pad(
    images: np.ndarray,
    kernel_size: tuple[int, int],
    *,
    strides: Pair = 1,
    padding: str | int,
    fill: float = 0.0,
) -> np.ndarray:
    """Images (images, height, width, channels) with the ring of `fill` that `padding` asks for."""
    sides = zip(images.shape[1:3], kernel_size, pair(strides, "strides"), strict=True)
    rows, columns = (padding_amounts(n, k, stride=s, padding=padding) for n, k, s in sides)
    return np.pad(images, ((0, 0), rows, columns, (0, 0)), constant_values=fill)


def _gray_image(image: Any) -> np.ndarray:
    """`image` as a float64 array (height, width); a color image gets the advice it needs."""
    shape = getattr(image, "shape", ())
    if len(shape) == 3:
        raise ValueError(
            f"image is {worded(shape)}, and a gray one (height, width) is needed: use one channel, "
            "image[..., 0], or their mean, image.mean(axis=-1); conv2d takes all channels."
        )
    return numbers(image, "image", "height, width")


def _layer_arguments(images: Any, kernels: Any, biases: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images = numbers(images, "images", "images, height, width, channels")
    kernels = numbers(kernels, "kernels", "height, width, channels, filters")
    if images.shape[3] != kernels.shape[2]:
        raise ValueError(
            f"the images have {images.shape[3]} channel(s) and the kernels {kernels.shape[2]}: a filter "
            "needs one kernel for every channel of the image."
        )
    biases = np.zeros(kernels.shape[3]) if biases is None else numbers(biases, "biases", "filters")
    if len(biases) != kernels.shape[3]:
        raise ValueError(f"there are {len(biases)} biases for {kernels.shape[3]} filters: give one a filter.")
    return images, kernels, biases
