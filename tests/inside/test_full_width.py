"""The stored runs that ship with the course are those in results/, and have the shape that the lessons rely on."""

import json

import numpy as np
import pytest

from helpers.inside import full_width
from helpers.paths import ROOT

CONDITIONS = full_width.load()["conditions"]


@pytest.mark.parametrize(
    ("name", "read"),
    [("05c-suspects.json", full_width.load), ("05-note-30-epochs.json", full_width.thirty_epochs)],
)
def test_the_copy_is_the_result(name, read):
    kept = ROOT / "results" / name
    if not kept.is_file():
        pytest.skip("no results folder here")
    assert json.loads(kept.read_text(encoding="utf-8")) == read()


def test_the_longer_run_learns_by_heart():
    epochs = full_width.thirty_epochs()["epochs"]
    assert [row["epoch"] for row in epochs] == list(range(1, 31))
    assert epochs[-1]["accuracy"] > 0.98 and 0.8 < epochs[-1]["test_accuracy"] < 0.85


@pytest.mark.parametrize("name", CONDITIONS)
def test_shapes(name):
    condition, marks = CONDITIONS[name], len(full_width.load()["marks"])
    runs = len(condition["seeds"])
    assert np.shape(condition["loss_every_20_steps"]) == (runs, 50)
    assert np.shape(condition["output_spread"]) == np.shape(condition["common_layer_10"]) == (runs, marks)
    for what in ("rms", "common", "dead"):
        assert np.shape(condition["median"][what]) == (marks, 10)
    assert np.shape(condition["median"]["update_ratio"]) == (marks, 11)  # the last is the dense layer's


def test_plain_networks_stay_at_guessing_and_normalized_ones_learn():
    last = {name: np.array(CONDITIONS[name]["loss_every_20_steps"])[:, -3:].mean(1) for name in CONDITIONS}
    assert (last["plain"] > 2.25).sum() == 9
    assert (last["BatchNorm"] < 2.0).all() and (last["batch mean subtracted"] < 2.0).all()
