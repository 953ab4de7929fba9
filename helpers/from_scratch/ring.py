"""All-reduce in a ring, in NumPy: every device ends up with the sum of what all devices had.

Each device talks to its neighbor on the right only. Notebook 10 builds it as an exercise, draws it, and counts what is
sent. Source: Pitch Patarasuk and Xin Yuan, Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations, 2009.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """One step of the ring: device d sends its chunk `chunks[d]`, and then `table` is what all of them hold."""

    adds: bool  # whether the neighbor adds what it gets, or keeps it in place of its own
    chunks: np.ndarray  # (devices,)
    sent: np.ndarray  # (devices, ...): the chunks themselves
    table: np.ndarray  # (devices, chunks, ...)


def steps(table: np.ndarray) -> Iterator[Step]:
    """The steps of an all-reduce, each with what the devices hold after it; `table` itself is left as it is.

    `table` has shape (n, n, ...): for each of n devices, its numbers, cut into n chunks. In n − 1 steps neighbors add,
    until device d holds the sum of chunk d + 1; in n − 1 more the sums are passed on. All devices send at once.
    Raises ValueError for a table that does not begin with two equal sides.
    """
    table = np.array(table)
    if table.ndim < 2 or table.shape[0] != table.shape[1]:
        raise ValueError(
            f"an all-reduce in a ring needs as many chunks as devices, not a table of shape {table.shape}."
        )
    devices = np.arange(len(table))
    right = (devices + 1) % len(table)
    for adds in (True, False):
        for step in range(len(table) - 1):
            chunks = (devices + (0 if adds else 1) - step) % len(table)
            sent = table[devices, chunks]
            table[right, chunks] = table[right, chunks] + sent if adds else sent
            yield Step(adds, chunks, sent, table.copy())


def all_reduce(table: np.ndarray) -> np.ndarray:
    """What every device holds in the end: the same shape, each row the sum of all rows."""
    last = np.array(table)
    for step in steps(table):
        last = step.table
    return last
