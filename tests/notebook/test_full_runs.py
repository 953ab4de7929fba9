"""helpers.notebook.full_runs: the box shows each claim of this run beside what the kept full run measured."""

import json

from helpers.notebook import full_runs
from helpers.notebook.course import Lesson

RUN = {
    "date": "2026-01-02",
    "machine": "a machine",
    "seed": 3,
    "seconds": 580,
    "claims": {"One | two": "97.3%"},
}


def lesson():
    made = Lesson(notebook="01b_a", profile="quick", seed=0)
    made.claim("One | two", 0.9, above=0.8, form=".1%")
    made.claim("New", 3, equals=3)
    return made


def test_the_box_sets_both_runs_side_by_side(monkeypatch, tmp_path, capsys):
    path = tmp_path / "full_runs.json"
    path.write_text(json.dumps({"01b_a": RUN}), encoding="utf-8")
    monkeypatch.setattr(full_runs, "FULL_RUNS", path)
    shown = lesson()
    capsys.readouterr()
    full_runs.show(shown, "60,000 digits")
    assert capsys.readouterr().out.splitlines() == [
        "**The full run**: 60,000 digits. It took 10 minutes (a machine; 2026-01-02, seed 3).",
        "",
        "| | this run (quick) | full run |",
        "| --- | --- | --- |",
        r"| One \| two | 90.0% | 97.3% |",
        "| New | 3 | – |",
    ]


def test_without_a_kept_run_it_says_how_to_make_one():
    assert "`make course PROFILE=full ONLY=01b`" in full_runs.worded(lesson(), "60,000 digits", None)
