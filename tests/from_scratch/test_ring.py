"""helpers/from_scratch/ring: everybody gets the sum, from neighbors only, and sends 2(n − 1)/n of its numbers."""

import numpy as np
import pytest

from helpers.from_scratch import ring


@pytest.mark.parametrize("devices", [1, 2, 3, 4, 7])
def test_every_device_ends_with_the_sum(devices):
    table = np.random.default_rng(devices).normal(size=(devices, devices, 5))
    before = table.copy()
    np.testing.assert_allclose(
        ring.all_reduce(table), np.broadcast_to(table.sum(axis=0), table.shape), atol=1e-12
    )
    assert (table == before).all()


def test_each_step_changes_one_chunk_of_each_neighbor_by_what_was_sent():
    table = np.random.default_rng(0).normal(size=(4, 4, 3))
    for step in ring.steps(table):
        for device in range(4):
            right, chunk = (device + 1) % 4, step.chunks[device]
            change = table[right, chunk] + step.sent[device] if step.adds else step.sent[device]
            np.testing.assert_allclose(step.table[right, chunk], change)
            np.testing.assert_array_equal(step.sent[device], table[device, chunk])
            others = np.delete(np.arange(4), chunk)
            np.testing.assert_array_equal(step.table[right, others], table[right, others])
        table = step.table


@pytest.mark.parametrize("devices", [2, 5, 8])
def test_a_device_sends_less_than_twice_the_gradient(devices):
    steps = list(ring.steps(np.zeros((devices, devices, 10))))
    assert len(steps) == 2 * (devices - 1)
    assert sum(step.sent[0].size for step in steps) == 2 * (devices - 1) / devices * 10 * devices
    assert [step.adds for step in steps] == [True] * (devices - 1) + [False] * (devices - 1)


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 3)])
def test_other_tables_are_refused(shape):
    with pytest.raises(ValueError, match="as many chunks as devices"):
        next(ring.steps(np.zeros(shape)))
