"""helpers.data.sampling: the split, a few of each class, and a share held back."""

import numpy as np
import pytest

from helpers.data import sampling


def test_per_class_takes_as_many_of_each_and_none_twice():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 5], [9, 20, 7]))
    chosen = sampling.per_class(labels, 6, seed=1)
    assert len(np.unique(chosen)) == 18 and (np.sort(chosen) == chosen).all()
    assert [(labels[chosen] == k).sum() for k in (0, 1, 5)] == [6, 6, 6]
    assert (sampling.per_class(labels, 6, seed=1) == chosen).all()
    assert (sampling.per_class(labels, 6, seed=2) != chosen).any()
    with pytest.raises(ValueError, match="class 5 has 7 examples, and 8 are wanted"):
        sampling.per_class(labels, 8, seed=1)
