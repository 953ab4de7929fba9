"""helpers.widgets.kernels: kernels do what their names say, in Python and in the page."""

import numpy as np
import pytest

from helpers.widgets import kernels
from tests.widgets.javascript import needs_node, run


@pytest.mark.parametrize("size", range(2, 10))
def test_kernels_do_what_their_names_say(size):
    made = {name: kernels.make_kernel(name, size) for name in kernels.KERNELS}
    assert all(kernel.shape == (size, size) for kernel in made.values())
    sums = {name: round(kernel.sum(), 9) for name, kernel in made.items()}
    assert sums == {name: 0 if "edges" in name or name == "outline" else 1 for name in kernels.KERNELS}
    rightwards = np.tile(np.arange(size), (size, 1))
    np.testing.assert_array_equal(made["vertical edges"], made["horizontal edges"].T)
    assert (made["vertical edges"] * rightwards).sum() > 0
    assert (made["horizontal edges"] * rightwards).sum() == 0
    middle = (size - 1) // 2
    np.testing.assert_array_equal(np.argwhere(made["identity"]), [[middle, middle]])


def test_edge_kernels_of_size_three_are_sobels():
    np.testing.assert_array_equal(
        kernels.make_kernel("vertical edges", 3), [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    )
    np.testing.assert_array_equal(
        kernels.make_kernel("outline", 3), [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
    )


@needs_node
def test_the_page_makes_the_same_kernels():
    body = "return given.names.map((name) => given.sizes.map((size) => js.convolutionKernel(name, size)));"
    sizes = list(range(1, 8))
    made = run("convolution", body, names=kernels.KERNELS, sizes=sizes)
    assert run("convolution", "return js.CONVOLUTION_KERNELS;") == list(kernels.KERNELS)
    for name, of_all_sizes in zip(kernels.KERNELS, made, strict=True):
        for size, values in zip(sizes, of_all_sizes, strict=True):
            if size == 1 and "edges" in name:
                assert values is None
                continue
            expected = kernels.make_kernel(name, size)
            np.testing.assert_allclose(np.reshape(values, (size, size)), expected, atol=1e-12, err_msg=name)


def test_dilating_puts_zeros_between():
    np.testing.assert_array_equal(
        kernels.dilate(np.array([[1, 2], [3, 4]]), 2), [[1, 0, 2], [0, 0, 0], [3, 0, 4]]
    )
    kernel = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(kernels.dilate(kernel, 1), kernel)
    assert kernels.dilate(kernel, 3).shape == (7, 7)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: kernels.make_kernel("gabor", 3),
            ValueError,
            "unknown kernel 'gabor': choose one of identity, blur",
        ),
        (lambda: kernels.make_kernel("blur", 0), ValueError, "the kernel size must be at least 1"),
        (lambda: kernels.make_kernel("blur", 2.5), TypeError, "whole number"),
        (lambda: kernels.make_kernel("vertical edges", 1), ValueError, "at least 2"),
        (lambda: kernels.dilate(np.ones((2, 2)), 0), ValueError, "the dilation must be at least 1"),
    ],
)
def test_bad_arguments_are_refused_in_the_readers_words(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
