"""Files of results: what is written is what is read, and the standard is applied to it."""

import json
import math

import pytest

from tools.sweep import kept
from tools.sweep.measured import Run, Sweep, Value
from tools.sweep.standard import judge


def sweep_of(*values, threads=1, bounds=None, first_seed=0):
    runs = [
        Run(seed, threads, {"S": Value(value, bounds or {"above": 0.5}, ".1f")} if value is not None else {})
        for seed, value in enumerate(values, start=first_seed)
    ]
    return Sweep("01_a", "quick", {"cells": "abc"}, runs)


def verdict(one_thread, two_threads=(1, 1, 1), **how):
    sweep = sweep_of(*one_thread, **how)
    for run in sweep_of(*two_threads, threads=2, **how).runs:
        sweep.add(run)
    return judge(sweep.values("S"))


def test_what_is_written_is_read_again(tmp_path):
    sweep = sweep_of(0.1 + 0.2, 3, -1, float("nan"), float("inf"), None)
    sweep.runs[1].claims["T"] = Value(5, {"equals": 5})
    sweep.runs[2].claims["U"] = Value(0.4, {"above": 0.1, "below": 0.5}, timed=True)
    sweep.runs[3].claims["U"] = Value(0.4, {"above": 0.2, "below": float("inf")}, timed=True)
    sweep.runs[2].claims["half a letter \ud83d"] = Value(10**400, {"above": 0})
    sweep.runs[5].failure = "cell 7"
    sweep.runs[4].carried = True
    sweep.runs[0].versions = {"keras": "3"}
    path = kept.save(sweep, tmp_path)
    again = kept.load(path)
    assert repr(again) == repr(sweep) and kept.as_text(again) == kept.as_text(sweep)
    assert [list(run.claims.items())[1:] for run in again.runs] == [
        list(run.claims.items())[1:] for run in sweep.runs
    ]
    content = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert content["claims"][0]["values"] == [0.1 + 0.2, 3, -1, "nan", "inf", None]
    assert content["claims"][0]["holds"] == "2 of 6" and content["claims"][0]["fails"] == ["0", "2", "3", "5"]
    assert math.isnan(again.runs[3].claims["S"].value)


def test_a_run_is_counted_once():
    sweep = sweep_of(1, 1)
    sweep.add(Run(1, 1, {"S": Value(9, {"above": 0.5})}))
    sweep.add(Run(1, 2, {}))
    assert [(run.seed, run.threads) for run in sweep.runs] == [(0, 1), (1, 1), (1, 2)]
    assert sweep.runs[1].claims["S"].value == 9


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"notebook": "a", "profile": "quick", "code": {}, "runs": [{}]}']
)
def test_a_file_that_is_broken_is_named(tmp_path, text):
    (tmp_path / "01_a.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"01_a\.json .*git restore"):
        kept.load(tmp_path / "01_a.json")
    assert kept.load(tmp_path / "none.json") is None


def test_a_full_sweep_has_its_own_file(tmp_path):
    assert kept.path_of("01_a", "full", tmp_path).name == "01_a-full.json"
    kept.save(sweep_of(1), tmp_path)
    kept.save(Sweep("01_a", "full", {}, []), tmp_path)
    assert [sweep.profile for sweep in kept.all_kept(tmp_path)] == ["quick"]


def test_the_standard():
    assert verdict([1] * 10).shortfall() == ""
    assert "no finished run with one thread of seed 9" in verdict([1] * 9).shortfall()
    assert "no finished run with two threads of seed 2" in verdict([1] * 10, [1, 1]).shortfall()
    assert "sweep 20 seeds" in verdict([1] * 9 + [0]).shortfall()
    assert verdict([1] * 19 + [0]).shortfall() == ""
    assert "2 of 20 seeds (0, 19)" in verdict([0] + [1] * 18 + [0]).shortfall()
    assert "2 of 10 seeds" in verdict([0, 0] + [1] * 8).shortfall()
    # a seed that fails on two threads is a seed that fails
    assert "sweep 20 seeds" in verdict([1] * 10, [1, 0, 1]).shortfall()
    assert verdict([1] * 20, [1, 0, 1]).shortfall() == ""
    assert "2 of 20" in verdict([0] + [1] * 19, [1, 0, 1]).shortfall()
    assert "3 of 60" in verdict([1] * 60, [0, 0, 0]).shortfall(), "all of two threads"
    # the same seed on both is one
    assert verdict([0] + [1] * 19, [0, 1, 1]).shortfall() == ""
    # a run that did not get that far counts as one in which it fails
    assert "2 of 10 seeds" in verdict([None, None] + [1] * 8).shortfall()
    assert verdict([float("nan")] * 10).held == 3


def test_nobody_can_choose_the_seeds():
    assert "of seed 0, 1, 2" in verdict([1] * 10, first_seed=100).shortfall()
    # going on until one in twenty is reached does not help
    assert "2 of 40" in verdict([0, 0] + [1] * 38).shortfall()
    assert verdict([1] * 20 + [0] + [1] * 19).shortfall() == ""
    assert "3 of 40" in verdict([1] * 37 + [0] * 3).shortfall()


def test_runs_that_failed_are_none():
    sweep = sweep_of(*[1] * 10)
    for run in sweep_of(1, 1, 1, threads=2).runs:
        sweep.add(run)
    sweep.runs[4].failure = "cell 9"  # after the claim
    assert judge(sweep.values("S")).shortfall() == "no finished run with one thread of seed 4"


def test_what_is_exact_may_never_fail():
    exact = {"equals": 1}
    assert verdict([1], [], bounds=exact).shortfall() == ""
    assert verdict([1] * 19 + [2], bounds=exact).shortfall() == "exact, and false in 19"


def test_the_margin_is_in_standard_deviations():
    values = [0.6, 0.7, 0.8]
    assert verdict(values, []).margin == pytest.approx(0.2 / 0.1)
    assert verdict(values, [], bounds={"above": 0.5, "below": 0.75}).margin == pytest.approx(
        (0.1 + 0.05 - 0.05) / 3 / (sum((x - 0.1 / 3) ** 2 for x in (0.1, 0.05, -0.05)) / 2) ** 0.5
    )
    assert verdict([1, 1], []).margin == math.inf
    assert verdict([0, 0], []).margin == -math.inf
    assert verdict([1, float("nan")], []).margin == -math.inf
