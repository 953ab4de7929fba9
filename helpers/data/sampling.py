"""Choose examples at random, class by class: a stratified split, a few of each class, a share held back.

`datasets`, `photo_classifier` and the notebooks call it.
"""

import numpy as np

from helpers.arguments import whole_number


def split(labels: np.ndarray, *, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Shuffled indices of a stratified split: (the rest, `count` examples in class proportion)."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    place = np.empty(len(labels))  # of each example in its class, from 0 to 1
    for label in np.unique(labels):
        members = order[labels[order] == label]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    by_place = order[np.argsort(place[order], kind="stable")]  # taking from the front takes from every class
    return rng.permutation(by_place[count:]), rng.permutation(by_place[:count])


def per_class(labels: np.ndarray, count: int, *, seed: int) -> np.ndarray:
    """The places of `count` examples of every class, drawn at random without repetition, sorted.

    Raises ValueError where a class has fewer.
    """
    count = whole_number(count, "count", least=1)
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < count:
            raise ValueError(f"class {label} has {len(members)} examples, and {count} are wanted.")
        chosen.append(rng.choice(members, size=count, replace=False))
    return np.sort(np.concatenate(chosen))


def held_back(labels: np.ndarray, share: float, *, seed: int) -> np.ndarray:
    """The places of a random `share` of each class, at least one and never all."""
    rng, chosen = np.random.default_rng(seed), []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(max(1, round(share * len(members))), len(members) - 1)
        chosen.append(rng.choice(members, size=count, replace=False))
    return np.sort(np.concatenate(chosen))
