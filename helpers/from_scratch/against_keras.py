"""A convolution of your own beside Keras' Conv2D, on random images: notebook 02b climbs its ladder with it.

Everything is computed in float64, whose rounding errors are near 1e-15: what does the same differs by no more.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.arguments import whole_number, worded
from helpers.from_scratch.convolution import Pair
from helpers.notebook.frontend import safe_print
from helpers.notebook.quiet_keras import keras, layers

TAKES = ("image", "channels", "batch")


def keras_conv2d(
    images: Any,
    kernels: np.ndarray,
    biases: np.ndarray | None = None,
    *,
    strides: Pair = 1,
    padding: str = "valid",
    activation: str | None = None,
) -> np.ndarray:
    """What Keras' Conv2D makes of `images` with these kernels (and biases) as its weights, in float64.

    `images` (images, height, width, channels), `kernels` (height, width, channels, filters), `biases` (filters,).
    """
    layer = layers.Conv2D(
        filters=kernels.shape[3],
        kernel_size=kernels.shape[:2],
        strides=strides,
        padding=padding,
        activation=activation,
        use_bias=biases is not None,
        kernel_initializer="zeros",  # which draws nothing at random
        dtype="float64",
    )
    layer.build(images.shape)
    layer.set_weights([kernels] if biases is None else [kernels, biases])
    return keras.ops.convert_to_numpy(layer(images))


def compare_with_keras(
    function: Callable[..., Any],
    *,
    takes: str = "image",
    kernel_sizes: Sequence[int] = (1, 2, 3, 4, 5),
    paddings: Sequence[str] = (),
    strides: Sequence[int] = (),
    cases: int = 20,
    seed: int = 0,
) -> float:
    """Run `function` and Keras on random cases; print the largest difference of a value, and return it.

    `takes` says what the function is given: "image" for (image, kernel), both (height, width); "channels" for an
    image (height, width, channels) and kernels (height, width, channels, filters); "batch" for images, kernels and
    biases as a Conv2D layer has them, and then Keras applies ReLU too. Where `paddings` or `strides` name what may
    occur, the function also gets padding=... or stride=...; otherwise the cases are "valid" with stride 1.
    Raises ValueError for another `takes`, and where the function gives a result of another shape than Keras.
    """
    if takes not in TAKES:
        raise ValueError(f'unknown takes={takes!r}: choose "image", "channels" or "batch".')
    rng = np.random.default_rng(seed)
    largest = 0.0
    for _ in range(whole_number(cases, "cases", least=1)):
        images, kernels, biases = _random_case(rng, takes, kernel_sizes)
        settings: dict[str, Any] = {}
        if paddings:
            settings["padding"] = str(rng.choice(paddings))
        if strides:
            settings["stride"] = int(rng.choice(strides))
        expected = keras_conv2d(
            images,
            kernels,
            biases if takes == "batch" else None,
            strides=settings.get("stride", 1),
            padding=settings.get("padding", "valid"),
            activation="relu" if takes == "batch" else None,
        )
        if takes == "image":
            expected, given = expected[0, :, :, 0], (images[0, :, :, 0], kernels[:, :, 0, 0])
        elif takes == "channels":
            expected, given = expected[0], (images[0], kernels)
        else:
            given = (images, kernels, biases)
        found = np.asarray(function(*given, **settings))
        if found.shape != expected.shape:
            case = ", ".join(f"{name} {value}" for name, value in settings.items())
            raise ValueError(
                f"on {worded(given[0].shape)} with kernels {worded(given[1].shape)}{case and ', ' + case} the function "
                f"gives {worded(found.shape)}, and Keras {worded(expected.shape)}."
            )
        largest = max(largest, float(np.abs(found - expected).max()))
    safe_print(f"{cases} random cases, largest difference from Keras: {largest:.0e}")
    return largest


def _random_case(
    rng: np.random.Generator, takes: str, kernel_sizes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, kernels and biases: a single image unless it is a batch, and one channel and filter for "image"."""
    count, channels, filters = rng.integers(1, 5, size=3)
    if takes != "batch":
        count = 1
    if takes == "image":
        channels = filters = 1
    images = rng.normal(size=(count, *rng.integers(6, 14, size=2), channels))
    kernels = rng.normal(size=(*rng.choice(kernel_sizes, size=2), channels, filters))
    return images, kernels, rng.normal(size=filters)
