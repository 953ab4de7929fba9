"""Kernels with names, for pictures and for the live figure of convolution: blur, edges, and others, in any size."""

from typing import Any

import numpy as np

from helpers.arguments import whole_number

KERNELS = ("identity", "blur", "sharpen", "vertical edges", "horizontal edges", "outline")


def make_kernel(name: str, size: int) -> np.ndarray:
    """The kernel (size, size) of that name, one of `KERNELS`; at size 3 the edge kernels are Sobel's.

    Blur is the mean; sharpen is twice the pixel minus the blur; outline is the pixel minus its
    neighborhood, times size². Raises ValueError for an unknown name and for an edge kernel of size 1.
    """
    size = whole_number(size, "the kernel size", least=1)
    check_name(name)
    if "edges" in name:
        if size == 1:
            raise ValueError("an edge kernel compares neighbors, so it needs a size of at least 2.")
        smooth = np.ones(1)
        for _ in range(size - 2):
            smooth = np.convolve(smooth, [1.0, 1.0])  # a row of Pascal's triangle
        across, along = np.convolve(smooth, [-1.0, 1.0]), np.convolve(smooth, [1.0, 1.0])
        return np.outer(along, across) if name == "vertical edges" else np.outer(across, along)
    dot, ones = np.zeros((size, size)), np.ones((size, size))
    dot[(size - 1) // 2, (size - 1) // 2] = 1.0
    made = {"identity": dot, "blur": ones / size**2, "sharpen": 2 * dot - ones / size**2}
    return made.get(name, size**2 * dot - ones)


def check_name(name: Any) -> None:
    """Raise ValueError for what is not one of `KERNELS`."""
    if name not in KERNELS:
        raise ValueError(f"unknown kernel {name!r}: choose one of {', '.join(KERNELS)}.")


def dilate(kernel: np.ndarray, dilation: int) -> np.ndarray:
    """A kernel (size, size) with `dilation` − 1 zeros between its numbers: what a dilated convolution slides.

    Its side is (size − 1) · dilation + 1. Raises TypeError or ValueError for a dilation that is no whole number
    of at least 1.
    """
    dilation = whole_number(dilation, "the dilation", least=1)
    reach = (np.array(kernel.shape) - 1) * dilation + 1
    spread = np.zeros(reach)
    spread[::dilation, ::dilation] = kernel
    return spread
