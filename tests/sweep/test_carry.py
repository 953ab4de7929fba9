"""When runs made with earlier code stand for today's."""

import math

from tools.sweep.carry import carried_over, trial
from tools.sweep.measured import Run, Sweep, Value


def claims(**values):
    return {name: Value(value, {"above": 0.5}) for name, value in values.items()}


def sweep(runs, code="old"):
    """Runs given as {seed: claims}, or {(seed, threads): claims}."""
    keys = {key: key if isinstance(key, tuple) else (key, 1) for key in runs}
    return Sweep("01_a", "quick", {"cells": code}, [Run(*keys[key], found) for key, found in runs.items()])


OLD = {seed: claims(A=0.1 * seed + 0.05, B=0.7 + seed / 7) for seed in range(5)}


def carried(**changed):
    """Seeds 0 and 1 again, with these claims in place of theirs: {"seed0": {...}}."""
    again = {seed: changed.get(f"seed{seed}", OLD[seed]) for seed in (0, 1)}
    return carried_over(sweep(OLD), sweep(again, "new"))


def test_equal_numbers_in_two_seeds_carry_the_others():
    found = carried()
    carried_runs = [(run.seed, run.carried) for run in found.runs]
    assert carried_runs == [(0, False), (1, False), (2, True), (3, True), (4, True)]
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


def test_a_new_sentence_with_a_number_that_says_nothing_is_measured():
    for numbers in ([0, 0, 0, 3], [1.0, 1.0, 1.0, 0.2], [0.1, 0.1, 0.1, 0.9]):
        old = {seed: claims(A=seed + 0.5, B=number) for seed, number in enumerate(numbers)}
        new = {seed: claims(A=seed + 0.5, C=numbers[seed]) for seed in (0, 1)}
        assert carried_over(sweep(old), sweep(new, "new")) is None
    counts = {seed: {"A": Value(528_054, {"equals": 528_054})} for seed in range(4)}
    reworded = {seed: {"B": Value(528_054, {"equals": 528_054})} for seed in (0, 1)}
    assert carried_over(sweep(counts), sweep(reworded, "new")).sentences() == ["B"]


def test_bounds_that_are_computed_must_be_as_they_were():
    old = {seed: {"A": Value(seed / 3, {"above": seed / 7}), **claims(B=seed + 0.6)} for seed in range(4)}
    same = carried_over(sweep(old), sweep({seed: old[seed] for seed in (0, 1)}, "new"))
    assert [value.bounds for _, value in same.values("A")] == [{"above": seed / 7} for seed in range(4)]
    other = {seed: {**old[seed], "A": Value(seed / 3, {"above": seed / 8})} for seed in (0, 1)}
    assert carried_over(sweep(old), sweep(other, "new")) is None
    wider = {seed: {**old[seed], "B": Value(seed + 0.6, {"above": 3})} for seed in (0, 1)}
    found = carried_over(sweep(old), sweep(wider, "new"))
    assert [value.holds for _, value in found.values("B")] == [False, False, False, True]


def test_computed_bounds_that_are_equal_in_the_trial_stay_those_of_each_run():
    old = {seed: {"A": Value(2.5, {"above": seed // 2})} for seed in range(8)}
    found = carried_over(sweep(old), sweep({seed: old[seed] for seed in (0, 1)}, "new"))
    assert [value.holds for _, value in found.values("A")] == [True] * 6 + [False] * 2


def test_times_are_not_compared():
    old = {seed: {**OLD[seed], "T": Value(1 + seed / 9, {"above": 1.1}, timed=True)} for seed in range(5)}
    again = {seed: {**OLD[seed], "T": Value(9 + seed, {"above": 0.9}, timed=True)} for seed in (0, 1)}
    found = carried_over(sweep(old), sweep(again, "new"))
    assert [value.value for _, value in found.values("T")][:3] == [9, 10, 1 + 2 / 9]
    assert all(value.holds for _, value in found.values("T"))
    only = {seed: {"T": again[seed]["T"]} for seed in (0, 1)}
    assert carried_over(sweep(old), sweep(only, "new")) is None, "times alone tell nothing"


def test_threads_that_were_not_tried_are_not_carried():
    old = sweep({**OLD, (0, 2): OLD[0], (1, 2): OLD[1]})
    again = {0: OLD[0], 1: OLD[1]}
    assert {run.threads for run in carried_over(old, sweep(again, "new")).runs} == {1}
    found = carried_over(old, sweep({**again, (0, 2): OLD[0]}, "new"))
    assert [(run.seed, run.threads) for run in found.runs if run.threads == 2] == [(0, 2), (1, 2)]
    assert carried_over(old, sweep({**again, (0, 2): OLD[3]}, "new")) is None


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


def test_what_is_tried():
    # seed 4 comes nearest to a miss (A is 0.05 below its bound there, and 0.45 in seed 0), and seed 0 is the lowest
    assert trial(sweep({seed: claims(A=0.55 + 0.1 * (4 - seed)) for seed in range(5)})) == [(4, 1), (0, 1)]
    assert trial(sweep({0: OLD[0], 1: OLD[1]})) == [], "that would save nothing"
    both = sweep({**OLD, (0, 2): OLD[0], (1, 2): OLD[1]})
    both.runs[3].carried = True
    assert trial(both) == [(0, 1), (3, 1), (0, 2)], "what was carried before is tried first"
    both.runs[0].failure = "cell 3"
    assert (0, 1) not in trial(both)
