"""When runs made with earlier code stand for today's."""

import math

from tools.sweep.carry import carried_over, trial
from tools.sweep.measured import Run, Sweep, Value


def claims(**values):
    return {name: Value(value, {"above": 0.5}) for name, value in values.items()}


def sweep(runs, code="old"):
    return Sweep("01_a", "quick", {"cells": code}, [Run(seed, 1, found) for seed, found in runs.items()])


OLD = {seed: claims(A=0.1 * seed, B=0.7 + seed / 7) for seed in range(5)}


def carried(**changed):
    """Seeds 0 and 1 again, with these claims in place of theirs: {"seed0": {...}}."""
    again = {seed: changed.get(f"seed{seed}", OLD[seed]) for seed in (0, 1)}
    return carried_over(sweep(OLD), sweep(again, "new"))


def test_equal_numbers_in_two_seeds_carry_the_others():
    found = carried()
    assert [(run.seed, run.carried) for run in found.runs] == [
        (0, False),
        (1, False),
        (2, True),
        (3, True),
        (4, True),
    ]
    assert found.code == {"cells": "new"}
    assert found.runs[4].claims == OLD[4]


def test_another_number_carries_nothing():
    for seed in (0, 1):
        other = {**OLD[seed], "B": Value(math.nextafter(OLD[seed]["B"].value, 9), {"above": 0.5})}
        assert carried(**{f"seed{seed}": other}) is None


def test_a_new_sentence_or_bound_is_judged_with_the_old_numbers():
    def again(seed):
        return {"A": OLD[seed]["A"], "B, in other words": Value(OLD[seed]["B"].value, {"above": 1.2}, ".1f")}

    found = carried(seed0=again(0), seed1=again(1))
    values = [value for _, value in found.values("B, in other words")]
    assert [value.value for value in values] == [OLD[seed]["B"].value for seed in range(5)]
    assert [value.holds for value in values] == [False, False, False, False, True]
    assert found.sentences() == ["A", "B, in other words"]


def test_a_claim_that_is_gone_is_dropped_and_a_new_one_must_be_measured():
    assert carried(seed0={"A": OLD[0]["A"]}, seed1={"A": OLD[1]["A"]}).sentences() == ["A"]
    assert carried(seed0={**OLD[0], **claims(C=3.3)}, seed1={**OLD[1], **claims(C=4.4)}) is None


def test_a_new_sentence_whose_number_could_be_two_claims_is_measured():
    twins = {seed: claims(A=seed + 0.5, B=seed + 0.5) for seed in range(4)}
    new = {seed: claims(C=seed + 0.5) for seed in (0, 1)}
    assert carried_over(sweep(twins), sweep(new, "new")) is None


def test_bounds_that_are_computed_must_be_as_they_were():
    old = {seed: {"A": Value(seed / 3, {"above": seed / 7})} for seed in range(4)}
    same = carried_over(sweep(old), sweep({seed: old[seed] for seed in (0, 1)}, "new"))
    assert [value.bounds for _, value in same.values("A")] == [{"above": seed / 7} for seed in range(4)]
    other = {seed: {"A": Value(seed / 3, {"above": seed / 8})} for seed in (0, 1)}
    assert carried_over(sweep(old), sweep(other, "new")) is None


def test_not_a_number_stays_one():
    old = {seed: claims(A=float("nan")) for seed in range(3)}
    assert carried_over(sweep(old), sweep({seed: old[seed] for seed in (0, 1)}, "new")) is not None


def test_runs_that_failed_carry_nothing_and_are_not_carried():
    old = sweep(OLD)
    old.runs[3].failure = "cell 3"
    found = carried_over(old, sweep({0: OLD[0], 1: OLD[1]}, "new"))
    assert [run.seed for run in found.runs] == [0, 1, 2, 4]
    old.runs[1].failure = "cell 3"
    assert carried_over(old, sweep({0: OLD[0], 1: OLD[1]}, "new")) is None


def test_two_seeds_are_tried_only_where_that_saves_something():
    assert trial(sweep(OLD), 1) == [(0, 1), (1, 1)]
    assert trial(sweep(OLD), 2) == [(0, 1), (1, 1)]  # there are none with two threads
    assert trial(sweep({0: OLD[0], 1: OLD[1]}), 1) == []
    both = sweep(OLD)
    for seed in (5, 6):
        both.add(Run(seed, 2, OLD[0]))
    assert trial(both, 2) == [(5, 2), (6, 2)]
