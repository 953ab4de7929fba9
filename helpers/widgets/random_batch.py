"""The random batches of the live figure of BatchNorm, number for number as batchnorm.js makes them.

The generator is Park and Miller's, with the multiplier of 1993; Box and Muller (1958) turn its numbers into normal
ones. NumPy's own generators don't exist in the page.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np

UNITS = ((1.5, 1.0), (-1.5, 0.7), (0.3, 1.6), (2.5, 0.6))  # mean and deviation of each, over all images
LARGEST_SEED = 10**9  # beyond some 10¹², the page's numbers would no longer be whole
_PRIME, _MULTIPLIER = 2**31 - 1, 48_271


def batch(seed: int, images: int) -> np.ndarray:
    """(images, 4) pre-activations of four units; a smaller batch of the same seed has the same first images.

    `seed` is 0 to `LARGEST_SEED`.
    """
    even = _even(seed)
    values = [
        mean + deviation * math.sqrt(-2 * math.log(next(even))) * math.cos(2 * math.pi * next(even))
        for _ in range(images)
        for mean, deviation in UNITS
    ]
    return np.reshape(values, (images, len(UNITS)))


def _even(seed: int) -> Iterator[float]:
    """Evenly spread numbers between 0 and 1, the same ones for the same seed."""
    state = 1 + 7919 * (seed + 1) % (_PRIME - 1)
    for count in itertools.count():
        state = _MULTIPLIER * state % _PRIME
        if count >= 8:  # the first numbers of neighboring seeds are alike
            yield state / _PRIME
