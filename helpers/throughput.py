"""How many images a tf.data pipeline delivers in a second: the fastest of several passes.

Notebook 08 calls it; what stands in the pipelines that it measures stands there.
"""

import time
from collections.abc import Callable
from typing import Any

from helpers.arguments import whole_number


def images_per_second(
    dataset: Any, *, repeats: int = 3, work: Callable[[Any], Any] | None = None, warm_up: bool = True
) -> float:
    """Images that one pass over a finite, batched `dataset` delivers per second of elapsed time.

    One pass goes before and is not counted: it fills caches and starts threads (`warm_up=False` leaves it out).
    Then the fastest of `repeats` passes counts: whatever else the machine does can only slow a pass down.
    `work` is called with every batch and stands for the training step. A batch is an array or tensor of images,
    or a tuple or a dict whose first entry is one. Raises ValueError for a dataset that gives no image at all.
    """
    repeats = whole_number(repeats, "repeats", least=1)
    if warm_up:
        _one_pass(dataset, work)
    return max(_one_pass(dataset, work) for _ in range(repeats))


def _one_pass(dataset: Any, work: Callable[[Any], Any] | None) -> float:
    images, start = 0, time.perf_counter()
    for batch in dataset:
        images += len(_first(batch))
        if work is not None:
            work(batch)
    if images == 0:
        raise ValueError("the dataset gave no image, so there is nothing to measure.")
    return images / max(time.perf_counter() - start, 1e-9)


def _first(batch: Any) -> Any:
    while isinstance(batch, (tuple, list, dict)):
        batch = next(iter(batch.values() if isinstance(batch, dict) else batch))
    return batch


def rounded(rate: float) -> str:
    """A rate with two significant digits and thousands separators: more of them would be noise."""
    digits = 0 if rate <= 0 else max(len(str(int(rate))) - 2, 0)
    return f"{round(rate, -digits):,.0f}"
