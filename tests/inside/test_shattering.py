"""The toy of notebook 06b: slopes are derivatives, and they are forgotten sooner in deeper plain networks."""

import numpy as np
import pytest

from helpers.inside import shattering


def output(angles, depth, shortcuts, seed, width=8, loud=False):
    """The output itself, written again without slopes."""
    rng, count = np.random.default_rng(seed), len(shattering.BATCH)
    radians = np.radians(np.concatenate([shattering.BATCH, angles]))

    def layer(value):
        batch = value[:count]
        weights = rng.normal(size=(width, width)) * np.sqrt(2 / width)
        return np.maximum((value - batch.mean(axis=0)) / batch.std(axis=0), 0) @ weights

    value = np.stack([np.cos(radians), np.sin(radians)], axis=1) @ rng.normal(size=(2, width))
    for _ in range(depth // 2 if shortcuts else depth):
        branch = layer(layer(value)) if shortcuts else layer(value)
        if loud:
            branch = branch * value[:count].std() / branch[:count].std()
        value = value + branch if shortcuts else branch
    return layer(value)[count:, 0]


@pytest.mark.parametrize(("shortcuts", "loud"), [(False, False), (True, False), (True, True)])
def test_slopes_are_derivatives(shortcuts, loud):
    angles, step = np.linspace(0.5, 359.5, 50), 1e-6
    (_, found) = shattering.slopes(angles, depth=4, shortcuts=shortcuts, seed=1, width=8, loud=loud)
    up, down = (output(angles + sign * step, 4, shortcuts, seed=1, loud=loud) for sign in (1, -1))
    measured = (up - down) / (2 * np.radians(step))
    agree = np.isclose(found, measured, rtol=1e-4, atol=1e-4)
    assert agree.mean() > 0.95  # a ReLU may switch within a step


def test_the_batch_comes_first_and_does_not_depend_on_the_angles():
    batch, none = shattering.slopes([], depth=2, shortcuts=False, seed=0)
    again, one = shattering.slopes([90.0], depth=2, shortcuts=False, seed=0)
    assert batch.shape == (256,) and none.shape == (0,) and one.shape == (1,)
    np.testing.assert_allclose(batch, again)
    assert one[0] == pytest.approx(batch[64])


def test_plain_slopes_grow_by_the_factor_of_theory():
    small, large = (shattering.typical_slope(depth, shortcuts=False, seed=3) for depth in (8, 16))
    assert (large / small) ** (1 / 8) == pytest.approx(np.sqrt(np.pi / (np.pi - 1)), abs=0.04)


def test_depth_shortens_the_memory_and_shortcuts_lengthen_it():
    plain = [shattering.half_forgotten(depth, shortcuts=False, seed=0, networks=2) for depth in (4, 16)]
    residual = shattering.half_forgotten(16, shortcuts=True, seed=0, networks=2)
    assert plain[0] > 5 * plain[1] and residual > 3 * plain[1]
    loud = shattering.half_forgotten(16, shortcuts=True, seed=0, networks=2, loud=True)
    assert plain[1] < loud < residual


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="must be even, not 3"):
        shattering.slopes([], depth=3, shortcuts=True, seed=0)
    with pytest.raises(ValueError, match="depth"):
        shattering.slopes([], depth=0, shortcuts=False, seed=0)
    with pytest.raises(ValueError, match="need shortcuts"):
        shattering.slopes([], depth=2, shortcuts=False, seed=0, loud=True)
