"""Images that excite a filter or a class: made of waves, by gradient ascent, with the weights left alone.

    colors = wave_images.shared_colors(photographs)
    upto = keras.Model(model.input, model.get_layer("block4a_project_bn").output)
    pictures = wave_images.paint(upto, [2, 3, 4], colors=colors, steps=80, seed=0)  # uint8, one for each filter

The tricks are those of Olah, Mordvintsev and Schubert (Feature Visualization, 2017): a picture is a sum of waves, of
which the long ones move first; its colors vary together as those of photographs do; and it's turned, zoomed and
shifted a little before each step. Networks take images with values from -1 to 1.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.arguments import as_numbers, whole_number, worded
from helpers.notebook.quiet_keras import keras, tf

RATE = 0.05
TURN, ZOOM, SHIFT = 8.0, 0.1, 8.0  # at most: degrees; as a factor exp(±0.1); pixels


def shared_colors(images: Any) -> np.ndarray:
    """How the colors of photographs vary together: (3 directions, 3 channels) float32, the longest row of length 1.

    `images` are (images, height, width, 3). The rows are the principal axes of their pixels' colors, each as long as
    the colors spread along it: the last one, from dark to light, is by far the longest. Raises ValueError for
    another shape.
    """
    pixels = as_numbers(images)
    if pixels.ndim != 4 or pixels.shape[-1] != 3:
        raise ValueError(f"photographs (images, height, width, 3) are needed, not {worded(pixels.shape)}.")
    values, axes = np.linalg.eigh(np.cov(pixels.reshape(-1, 3).astype("float64"), rowvar=False))
    rows = (axes * np.sqrt(np.maximum(values, 0))).T
    return (rows / np.linalg.norm(rows, axis=1).max()).astype("float32")


def start(count: int, size: int, seed: int) -> np.ndarray:
    """The amplitudes of `count` pictures of `size`×`size` pixels: small random numbers, float32.

    The shape is (count, 2, 3, size, size // 2 + 1): real and imaginary parts, color directions, frequencies.
    """
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.01, (count, 2, 3, size, size // 2 + 1)).astype("float32")


def drawn(waves: Any, colors: Any, *, fade: float = 1.2, finest: float = 0.35) -> tf.Tensor:
    """The pictures that waves like those of `start` add up to: (count, size, size, 3), values between 0 and 1.

    `colors` comes from `shared_colors`. A wave half as long counts 2 ** fade times less; `finest`, in waves per pixel,
    is where what's left falls to 1/e.
    """
    size = waves.shape[-2]
    weight = tf.constant(_weights(size, fade, finest))
    spectrum = tf.complex(waves[:, 0] * weight, waves[:, 1] * weight)
    fields = tf.transpose(tf.signal.irfft2d(spectrum, [size, size]), [0, 2, 3, 1])
    return tf.sigmoid(tf.tensordot(fields, tf.constant(colors), 1))


def moved(images: Any, rng: np.random.Generator, motion: float = 1) -> tf.Tensor:
    """The images turned, zoomed and shifted at random, all in the same way; the edges are mirrored.

    By at most 8 degrees, 10% and 8 pixels, times `motion`. Images are (images, size, size, channels), float32.
    """
    return _warp(tf.convert_to_tensor(images), tf.constant(_transform(images.shape[1], rng, motion)))


def paint(
    network: keras.Model,
    wanted: Sequence[int],
    *,
    colors: Any,
    steps: int,
    seed: int,
    waves: bool = True,
    motion: float = 1,
    fade: float = 1.2,
    finest: float = 0.35,
) -> np.ndarray:
    """One picture for each of the filters or classes `wanted`: uint8 (pictures, size, size, 3), as large as the input.

    Gradient ascent (Adam) on the mean of filter `wanted[k]` over its map, or on logit `wanted[k]`, for picture k;
    `network` ends in feature maps (images, rows, columns, filters) or in logits (images, classes). `waves=False` moves
    each pixel by itself; `motion=0` leaves out `moved`; `fade` and `finest` are those of `drawn`. Raises ValueError
    for a number that the network does not have.
    """
    steps = whole_number(steps, "steps", least=1)
    size, last = network.input_shape[1], network.output_shape[-1]
    if not len(wanted) or not all(0 <= number < last for number in wanted):
        raise ValueError(f"wanted must hold numbers from 0 to {last - 1}, not {list(wanted)!r}.")
    rng = np.random.default_rng(seed)
    if waves:
        numbers = tf.Variable(start(len(wanted), size, seed))
    else:
        numbers = tf.Variable(rng.normal(0, 0.01, (len(wanted), size, size, 3)).astype("float32"))
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build([numbers])

    def picture() -> tf.Tensor:
        return drawn(numbers, colors, fade=fade, finest=finest) if waves else tf.sigmoid(numbers)

    @tf.function
    def climb(transform: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            images = 2 * picture() - 1
            found = network(_warp(images, transform) if motion else images, training=False)
            if len(found.shape) == 4:
                found = tf.reduce_mean(found, axis=(1, 2))
            total = tf.linalg.trace(tf.gather(found, list(wanted), axis=1))
        optimizer.apply([-tape.gradient(total, numbers)], [numbers])

    for _ in range(steps):
        climb(tf.constant(_transform(size, rng, motion)))
    return np.round(255 * picture().numpy()).astype("uint8")


def _weights(size: int, fade: float, finest: float) -> np.ndarray:
    """How much each frequency counts: long waves most, and waves of two or three pixels hardly."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    fading = (np.maximum(frequency, 1 / size) * size) ** -fade
    return (size**2 * fading * np.exp(-((frequency / finest) ** 2))).astype("float32")


def _transform(size: int, rng: np.random.Generator, motion: float) -> np.ndarray:
    """A random turn, zoom and shift about the middle, as `_warp` takes it."""
    angle = np.deg2rad(motion * rng.uniform(-TURN, TURN))
    zoom = np.exp(motion * rng.uniform(-ZOOM, ZOOM))
    across, down = motion * rng.uniform(-SHIFT, SHIFT, 2)
    cosine, sine, middle = zoom * np.cos(angle), zoom * np.sin(angle), (size - 1) / 2
    right = middle * (1 - cosine + sine) + across
    below = middle * (1 - sine - cosine) + down
    return np.array([[cosine, -sine, right, sine, cosine, below, 0, 0]], "float32")


def _warp(images: tf.Tensor, transform: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transform,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
