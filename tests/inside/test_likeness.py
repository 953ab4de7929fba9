"""The likeness of maps against NumPy's own correlation, and its edges."""

import numpy as np
import pytest

from helpers.inside import likeness

RNG = np.random.default_rng(0)
MAPS, OTHERS = RNG.normal(size=(2, 5, 4, 3))


def test_it_is_the_mean_of_numpys_correlations():
    pairs = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(MAPS, OTHERS, strict=True)]
    assert likeness.each(MAPS, OTHERS) == pytest.approx(pairs)
    assert likeness.of(MAPS, OTHERS) == pytest.approx(np.mean(pairs))


def test_scale_and_level_do_not_count_but_the_sign_does():
    assert likeness.of(MAPS, 3 * MAPS + 7) == pytest.approx(1)
    assert likeness.of(MAPS, -MAPS) == pytest.approx(-1)


def test_a_flat_map_has_nothing_in_common():
    flat = np.concatenate([MAPS[:4], np.ones((1, 4, 3))])
    with np.errstate(all="raise"):
        assert likeness.of(flat, flat) == pytest.approx(0.8)


@pytest.mark.parametrize(("maps", "others"), [(MAPS, OTHERS[:4]), (MAPS[0], OTHERS[0])])
def test_other_shapes_are_refused(maps, others):
    with pytest.raises(ValueError, match="same shape"):
        likeness.of(maps, others)
