"""The live figures of the course, one function each: `live.convolution(image)`, and so on.

In JupyterLab, in Colab and on the web site they can be played with; everywhere else they are still pictures. Each
function checks what it is given first, so a mistake is told in the notebook and not in the page.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.arguments import check_padding, numbers, whole_number, worded
from helpers.drawings import still_convolution
from helpers.from_scratch.convolution import output_shape
from helpers.widgets import display, images, kernels, modules

LARGEST_KERNEL, LONGEST_STRIDE, WIDEST_DILATION = 7, 4, 3


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


def _at_most(value: Any, name: str, most: int) -> int:
    value = whole_number(value, name, least=1)
    if value > most:
        raise ValueError(f"{name} must be at most {most} in a live figure, not {value}.")
    return value
