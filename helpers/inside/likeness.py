"""How alike two sets of heat maps are: the mean of their correlations.

Notebooks 09 and 09b ask it whether a map still looks as before, once the network has other weights.
"""

from typing import Any

import numpy as np

from helpers.arguments import as_numbers


def of(maps: Any, others: Any) -> float:
    """The mean correlation of maps (images, rows, columns) and others of the same shape, pair by pair: −1 to 1.

    A map whose numbers are all the same has nothing in common with any other: its correlation counts as 0.
    Raises ValueError where the shapes differ or are not (images, rows, columns).
    """
    return float(each(maps, others).mean())


def each(maps: Any, others: Any) -> np.ndarray:
    """The correlation of every map with its counterpart, shape (images,); arguments and errors as for `of`."""
    first, second = (as_numbers(some).astype("float64") for some in (maps, others))
    if first.ndim != 3 or first.shape != second.shape:
        raise ValueError(
            f"two arrays (images, rows, columns) of the same shape are needed, not {first.shape} and {second.shape}."
        )
    first, second = (some - some.mean(axis=(1, 2), keepdims=True) for some in (first, second))
    together = (first * second).sum(axis=(1, 2))
    sizes = np.sqrt((first**2).sum(axis=(1, 2)) * (second**2).sum(axis=(1, 2)))
    return np.divide(together, sizes, out=np.zeros(len(first)), where=sizes > 0)
