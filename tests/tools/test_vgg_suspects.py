"""benchmarks/vgg_suspects.py: the kept table is made from the kept runs, and both agree with what the program does."""

import json

import numpy as np
import pytest

from benchmarks import vgg_suspects
from helpers.inside import full_width
from helpers.networks import builders

KEPT = json.loads(vgg_suspects.RESULTS.read_text(encoding="utf-8"))


def test_the_kept_table_is_made_from_the_kept_runs():
    page = vgg_suspects.RESULTS.with_suffix(".md").read_text(encoding="utf-8")
    assert page == vgg_suspects.table(KEPT)
    assert page.count("\n| ") == 2 + len(KEPT["conditions"])
    assert full_width.load() == KEPT


def test_the_kept_runs_are_of_these_conditions():
    assert list(KEPT["conditions"]) == list(vgg_suspects.CONDITIONS)
    assert KEPT["marks"] == list(vgg_suspects.MARKS)
    for name, runs in KEPT["conditions"].items():
        settings = {key: value for key, value in runs["settings"].items() if key != "freeze_bias"}
        assert settings == vgg_suspects.PLAIN | vgg_suspects.CONDITIONS[name], name
    same = ["pool" if filters == "max_pool" else filters for filters in builders.VGG_FILTERS]
    assert list(vgg_suspects.FILTERS) == same


def test_a_line_of_the_table_by_hand():
    (line,) = (line for line in vgg_suspects.table(KEPT).splitlines() if line.startswith("| plain |"))
    assert line.startswith("| plain | 10 | 1 | 2.30 (1.61 to 2.30) | 0.924 | 0.989 | 1.000 | – |")


def test_what_is_kept_of_a_condition():
    """Two seeds, 40 steps, three marks, ten layers: means of 20 steps, and medians over the seeds."""
    rng = np.random.default_rng(0)
    found = {"loss": rng.random((2, 40)), "spread": rng.random((2, 3)), "ratio": rng.random((2, 3, 11))}
    found["inner"] = rng.random((2, 3, 10, 3))
    kept = vgg_suspects.condition({"rate": 1e-3}, [0, 1], found)
    assert kept["loss_every_20_steps"][1][1] == pytest.approx(found["loss"][1, 20:].mean(), rel=1e-3)
    assert kept["common_layer_10"][0][2] == pytest.approx(found["inner"][0, 2, 9, 1], rel=1e-2)
    assert np.shape(kept["median"]["update_ratio"]) == (3, 11)
    assert kept["median"]["dead"][1][4] == pytest.approx(found["inner"][:, 1, 4, 2].mean(), rel=1e-2)


def test_results_are_written_only_when_the_files_of_all_conditions_are_there(tmp_path, monkeypatch, capsys):
    results = tmp_path / "results.json"
    monkeypatch.setattr(vgg_suspects, "RESULTS", results)
    monkeypatch.setattr(vgg_suspects, "made_here", lambda: KEPT["made"])
    for name, runs in KEPT["conditions"].items():
        vgg_suspects.file_of(name, tmp_path).write_text(json.dumps(runs), encoding="utf-8")
    left_out = vgg_suspects.file_of("He normal", tmp_path)
    there = left_out.read_bytes()
    left_out.unlink()
    results.write_text("old", encoding="utf-8")
    vgg_suspects.keep_if_complete(tmp_path)
    assert capsys.readouterr().out.endswith(": He normal.\n")
    assert results.read_text(encoding="utf-8") == "old" and not results.with_suffix(".md").exists()
    left_out.write_bytes(there)
    vgg_suspects.keep_if_complete(tmp_path)
    assert json.loads(results.read_text(encoding="utf-8")) == KEPT
    assert results.with_suffix(".md").read_text(encoding="utf-8") == vgg_suspects.table(KEPT)
    files = {vgg_suspects.file_of(name, tmp_path) for name in vgg_suspects.CONDITIONS}
    assert len(files) == len(vgg_suspects.CONDITIONS), "two conditions share a file"
