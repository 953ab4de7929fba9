"""The live figures of the course, one function each: `live.convolution(image)`, and so on.

In JupyterLab, in Colab and on the web site they can be played with; everywhere else they are still pictures. Each
function checks what it is given first, so a mistake is told in the notebook and not in the page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from helpers.arguments import check_padding, numbers, whole_number, worded
from helpers.drawings import (
    still_batchnorm,
    still_color,
    still_convolution,
    still_network,
    still_receptive_field,
)
from helpers.from_scratch.convolution import output_shape
from helpers.notebook.frontend import is_live
from helpers.widgets import (
    color_filters,
    display,
    field_layers,
    images,
    kernels,
    layer_plan,
    modules,
    random_batch,
)

LARGEST_KERNEL, LONGEST_STRIDE, WIDEST_DILATION = 7, 4, 3  # of the convolution
MOST_COLOR_PIXELS, LARGEST_WEIGHT = 9, 9  # of the color figure: pixels a side, and weights typed in
MOST_IMAGES, MOST_UNITS = 64, 4  # of the BatchNorm figure
FIRST_DIGIT = 3  # that the figure of a network shows at first, as in network.js


def convolution(
    image: Any,
    *,
    kernel: Any = "vertical edges",
    size: int | None = None,
    stride: int = 1,
    padding: str = "valid",
    dilation: int = 1,
    others: Mapping[str, Any] | None = None,
) -> None:
    """Slide a kernel over `image`, and look at every patch, its products and their sum.

    `image` is gray or in color (which becomes gray), uint8 or floats from 0 to 1, at most 64 pixels a side; `others`
    are more images to choose from, by name. `kernel` is one of `kernels.KERNELS`, in `size` 1 to 7 (3 unless given),
    or a square grid of numbers of your own. `stride` is 1 to 4, `padding` "valid" or "same", `dilation` 1 to 3: how
    far apart the kernel's numbers lie on the image. Raises TypeError or ValueError for anything else, also for a
    kernel that does not fit on the image.
    """
    chosen = [
        images.gray_image(image),
        *(images.gray_image(other, repr(name)) for name, other in (others or {}).items()),
    ]
    grid, name = _kernel(kernel, size)
    stride = _at_most(stride, "the stride", LONGEST_STRIDE)
    dilation = _at_most(dilation, "the dilation", WIDEST_DILATION)
    check_padding(padding, pixels=False)
    slid = kernels.dilate(grid, dilation)
    output_shape(chosen[0].shape, slid.shape, strides=stride, padding=padding)  # or it does not fit
    settings = {
        "images": [
            {"name": label, "image": modules.pack(values)}
            for label, values in zip([None, *(others or {})], chosen, strict=True)
        ],
        "kernel": kernel if isinstance(kernel, str) else grid.tolist(),
        "size": len(grid),
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
    }
    moves = {"stride": stride, "padding": padding, "dilation": dilation}
    display.show("convolution", settings, lambda: still_convolution.draw(chosen[0], grid, name=name, **moves))


def color(
    image: Any = None,
    *,
    filters: Sequence[Any] = ("red minus blue", "vertical edges"),
    stride: int = 1,
    padding: str = "valid",
) -> None:
    """Slide two filters over a color image, and see the three sums and the bias that make each value.

    `image` is (height, width, 3), uint8 or floats from 0 to 1, 3 to 9 pixels a side; without one it begins with the
    flag of notebook 02. Each of the two `filters` is a name out of `color_filters.FILTERS`, or weights
    (3, 3, 3), [row][column][channel], with a bias: (weights, bias). `stride` is 1 or 2, `padding` "valid" or "same".
    Raises TypeError or ValueError for anything else.
    """
    shown = color_filters.flag() if image is None else _color_image(image)
    chosen = _two_filters(filters)
    stride = _at_most(stride, "the stride", 2)
    check_padding(padding, pixels=False)
    settings: dict[str, Any] = {
        "filters": [
            given if isinstance(given, str) else {"weights": weights.ravel().tolist(), "bias": bias}
            for given, (_, weights, bias) in zip(filters, chosen, strict=True)
        ],
        "stride": stride,
        "padding": padding,
    }
    if image is not None:
        settings["image"] = modules.pack(shown.astype(np.float32))
    display.show("color", settings, lambda: still_color.draw(shown, chosen, stride=stride, padding=padding))


def receptive_field(layers: Any = field_layers.DEFAULT, *, image: Any = None) -> None:
    """Add and remove layers, and see which pixels one value of the last layer depends on.

    Each of the `layers` to start from, at most eight, is a name out of `field_layers.LAYERS`, or
    (kernel size, stride), or (kernel size, stride, dilation). `image`, on which the field is drawn as a square, is gray
    or in color, uint8 or floats from 0 to 1, at most 64 pixels a side; without one a drawn eye stands in.
    Raises TypeError or ValueError for anything else.
    """
    plan = field_layers.read(layers)
    seen = None if image is None else images.small_image(image)
    settings: dict[str, Any] = {"layers": plan}
    if seen is not None:
        settings["image"] = modules.pack(np.round(255 * seen).astype(np.uint8))
    display.show("receptive_field", settings, lambda: still_receptive_field.draw(plan, seen))


def batchnorm(
    values: Any = None,
    *,
    batch: int = 64,
    gamma: float = 1.0,
    beta: float = 0.0,
    training: bool = True,
    seed: int = 0,
) -> None:
    """See a batch's pre-activations before and after BatchNorm, as weights, bias, scale, shift and batch change.

    `values` are the pre-activations, (images, units), at most 64 images and 4 units; without them a random `batch` of
    1 to 64 images for four units is drawn, and another one with every training step. `gamma` (0 to 3) and `beta`
    (−4 to 4), in steps of 0.1, are the scale and the shift to start from; `training` says whether it begins with the
    batch's own statistics or with the moving averages; `seed` is 0 to a billion. Raises TypeError or ValueError for
    anything else.
    """
    seed = _at_most(seed, "seed", random_batch.LARGEST_SEED, least=0)
    batch = _at_most(batch, "the batch", MOST_IMAGES)
    if values is not None:
        values = _pre_activations(values)
    gamma, beta = _tenths(gamma, "gamma", 0, 3), _tenths(beta, "beta", -4, 4)
    if not isinstance(training, (bool, np.bool_)):
        raise TypeError(f"training must be True or False, not {training!r}.")
    moves = {"gamma": gamma, "beta": beta, "training": bool(training)}
    settings: dict[str, Any] = moves | {"batch": batch, "seed": seed}
    if values is not None:
        settings["values"] = modules.pack(values.astype(np.float32))
    shown = random_batch.batch(seed, batch) if values is None else values
    display.show("batchnorm", settings, lambda: still_batchnorm.draw(shown, **moves))


def network(model: Any = None, *, white: float | None = None) -> None:
    """Draw a digit, and watch a network read it: every map of every layer, down to the ten probabilities.

    `model` is a Keras model of your own, a chain of layers that reads (28, 28, 1) and ends in ten numbers; without it,
    the figure shows notebook 03's CNN, trained on all of MNIST. `white` is the value of a white pixel in the images it
    was trained on, 1 or 255, if it has no Rescaling layer. A chain may have at most 400,000 parameters, and its layers
    may give at most 200,000 numbers for one image. Raises TypeError or ValueError, which names the layer, for what the
    figure cannot show.
    """
    if model is None and white is not None:
        raise ValueError("white goes with a model of your own: live.network(model, white=1).")
    plan = layer_plan.shipped() if model is None else layer_plan.read(model, white=white)
    digits = layer_plan.example_digits()
    # A stored notebook would grow by half a megabyte with each network, so the web site shows the shipped one instead.
    settings = {"network": "shipped", "instead": model is not None}
    if is_live():
        settings = {"network": plan | {"digits": digits}, "instead": False}
    display.show("network", settings, lambda: still_network.draw(plan, digits[FIRST_DIGIT][0]))


def _kernel(kernel: Any, size: int | None) -> tuple[np.ndarray, str]:
    """The kernel as a grid (size, size), and what it is called."""
    if isinstance(kernel, str):
        size = _at_most(3 if size is None else size, "the kernel size", LARGEST_KERNEL)
        return kernels.make_kernel(kernel, size), kernel
    grid = numbers(kernel, "kernel", "height, width")
    if grid.shape[0] != grid.shape[1] or len(grid) > LARGEST_KERNEL:
        raise ValueError(
            f"kernel is {worded(grid.shape)}, and it must be square, at most {LARGEST_KERNEL} a side."
        )
    if not np.isfinite(grid).all():
        raise ValueError("kernel must hold finite numbers: one of these is infinite or not a number.")
    if size not in (None, len(grid)):
        raise ValueError(f"kernel is {worded(grid.shape)}, so its size is not {size}: leave `size` out.")
    return grid, "your own"


def _at_most(value: Any, name: str, most: int, *, least: int = 1) -> int:
    value = whole_number(value, name, least=least)
    if value > most:
        raise ValueError(f"{name} must be at most {most:,} in a live figure, not {value:,}.")
    return value


def _color_image(image: Any) -> np.ndarray:
    values = images.small_image(image)
    if values.ndim != 3:
        raise ValueError(
            f"image is {worded(values.shape)}, and three channels are needed: np.stack([image] * 3, axis=-1) makes "
            "a gray one into them."
        )
    if not 3 <= min(values.shape[:2]) <= max(values.shape[:2]) <= MOST_COLOR_PIXELS:
        raise ValueError(
            f"image is {worded(values.shape)}, and this figure takes 3 to {MOST_COLOR_PIXELS} pixels a side, so that "
            "each can be seen: cut out a part, image[10:17, 10:17]."
        )
    return values


def _two_filters(filters: Any) -> list[tuple[str, np.ndarray, float]]:
    """Name, weights (3, 3, 3) and bias of each."""
    if isinstance(filters, str) or not isinstance(filters, (tuple, list)) or len(filters) != 2:
        raise ValueError(
            f'filters must be two of them, such as ("red minus blue", "average"), not {filters!r}.'
        )
    chosen = []
    for given in filters:
        if isinstance(given, str):
            chosen.append((given, *color_filters.make_filter(given)))
            continue
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise TypeError(f"a filter must be a name or a pair (weights, bias), not {type(given).__name__}.")
        weights = numbers(given[0], "the weights", "height, width, channels")
        bias = float(numbers([given[1]], "the bias", "bias")[0])
        if weights.shape != (3, 3, 3):
            raise ValueError(f"the weights are {worded(weights.shape)}, and they must be 3×3×3.")
        if not (np.abs(np.append(weights, bias)) <= LARGEST_WEIGHT).all():
            raise ValueError(f"weights and bias must lie between −{LARGEST_WEIGHT} and {LARGEST_WEIGHT}.")
        chosen.append(("your own", weights, bias))
    return chosen


def _pre_activations(values: Any) -> np.ndarray:
    array = numbers(values, "values", "images, units")
    if len(array) > MOST_IMAGES or array.shape[1] > MOST_UNITS:
        raise ValueError(
            f"values are {worded(array.shape)}, and the figure has room for {MOST_IMAGES} images and {MOST_UNITS} "
            "units: values[:64, :4]."
        )
    if not np.isfinite(array).all():
        raise ValueError("values must be finite numbers: one of these is infinite or not a number.")
    return array


def _tenths(value: Any, name: str, low: int, high: int) -> float:
    given = float(numbers([value], name, "one number")[0])
    if not low <= given <= high or abs(10 * given - round(10 * given)) > 1e-6:
        raise ValueError(f"{name} must be between {low} and {high} in steps of 0.1, not {value!r}.")
    return round(given, 1)
