"""tools.notebooks.records: what is kept of a run is what its report says; what was written by hand is not lost."""

import json

import nbformat
import pytest

from helpers.notebook import course_map, full_runs
from helpers.notebook.course_map import STATIONS
from tools.notebooks import records
from tools.notebooks.files import ROOT, fingerprint, put

CLAIM = "✓ one is one (1)\n✓ Correct. (As we said.)\n"
CLAIMS = "| | claim | measured | needs |\n| --- | --- | --- | --- |\n| ✓ | one is one | 1 | exactly 1 |"
VERSIONS = {
    "python": "3.11.1",
    "tensorflow": "2.18.0",
    "keras": "3.11.0",
    "numpy": "1.26.4",
}  # not those of today


def finished_run(folder, name, *, profile="full", seed=3, **changed):
    """What `make course` leaves of a notebook whose two cells took 3.5 and 9.1 seconds, and whose run took 20."""
    folder.mkdir(exist_ok=True)
    cells = [
        nbformat.v4.new_code_cell(
            f"{number}", execution_count=number, metadata={"papermill": {"duration": seconds}}
        )
        for number, seconds in enumerate((3.5, 9.1), start=1)
    ]
    cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text=CLAIM)]
    cells[1].outputs = [nbformat.v4.new_output("display_data", {"text/markdown": CLAIMS})]
    text = nbformat.v4.new_markdown_cell("text", metadata={"papermill": {"duration": 0.5}})
    put(folder / f"{name}.ipynb", nbformat.writes(nbformat.v4.new_notebook(cells=[text, *cells])).encode())
    under = {"profile": profile, "seed": seed, "versions": VERSIONS, "code": fingerprint("1\n2")}
    report = {
        "notebook": name, "seconds": 20, "processor_seconds": 15.5, "peak_mb": 700, "passed": 1, "claims": 1,
        "failure": None, "began": "2026-01-02T23:59:00+00:00", "machine": "a machine", "threads": 1, "jobs": 2,
        "conditions": under, **changed,
    }  # fmt: skip
    put(folder / f"{name}.json", json.dumps(report).encode())
    return folder / f"{name}.ipynb"


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results, and the two lists of notebooks, that the tools write to."""
    for name, path in {"README": ROOT / "README.md", "LESSONS": ROOT / "docs" / "lessons.md"}.items():
        (tmp_path / path.name).write_bytes(path.read_bytes())
        monkeypatch.setattr(records, name, tmp_path / path.name)
    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(full_runs, "FULL_RUNS", tmp_path / "full_runs.json")
    monkeypatch.setattr(course_map, "TIMES", tmp_path / "quick_times.json")
    (tmp_path / "quick_times.json").write_bytes(
        (ROOT / "helpers" / "assets" / "quick_times.json").read_bytes()
    )
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def test_a_result_is_taken_from_the_report_of_its_run(tmp_path, results):
    finished_run(tmp_path / "full", "01_a")
    (tmp_path / "full" / "02_b.failed.ipynb").write_text("{}", encoding="utf-8")
    assert records.main(["results", str(tmp_path / "full")]) == 0
    (path,) = results.glob("*.json")
    assert path.name == "01_a-full-seed3.json"
    claim = {"mark": "✓", "sentence": "one is one", "measured": "1", "needs": "exactly 1"}
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "notebook": "01_a", "profile": "full", "seed": 3, "date": "2026-01-02", "versions": VERSIONS,
        "machine": "a machine", "seconds": 20, "processor_seconds": 15.5, "peak_mb": 700,
        "code": fingerprint("1\n2"), "claims": [claim],
    }  # fmt: skip
    table = (results / "README.md").read_text(encoding="utf-8")
    assert "| 3 | 2026-01-02 | 0.3 | 700 MB | a machine | python 3.11.1, tensorflow 2.18.0" in table
    assert "| ✓ | one is one | 1 | exactly 1 |" in table
    assert json.loads(full_runs.FULL_RUNS.read_text(encoding="utf-8")) == {
        "01_a": {
            "date": "2026-01-02", "machine": "a machine", "seed": 3, "seconds": 20, "claims": {"one is one": "1"},
        }
    }  # fmt: skip


def test_runs_that_are_no_results_are_refused(tmp_path, results):
    with pytest.raises(SystemExit, match="no finished run"):
        records.main(["results", str(tmp_path / "nothing")])
    finished_run(tmp_path / "quick", "01_a", profile="quick")
    with pytest.raises(SystemExit, match="runs in quick"):
        records.main(["results", str(tmp_path / "quick")])
    finished_run(tmp_path / "full", "01_a", conditions={"profile": "full", "code": "another"})
    with pytest.raises(SystemExit, match="other code than its report says"):
        records.main(["results", str(tmp_path / "full")])
    for ending in (".ipynb", ".json"):
        copy = finished_run(tmp_path / "edited", "01_a").with_suffix(ending)
        copy.write_text(copy.read_text(encoding="utf-8").replace("2", "9"), encoding="utf-8")
        with pytest.raises(SystemExit, match="changed after the run"):
            records.main(["results", str(tmp_path / "edited")])
    assert list(results.glob("*.json")) == []


def test_a_remark_that_somebody_wrote_is_not_overwritten(tmp_path, results):
    finished_run(tmp_path / "full", "01_a")
    records.main(["results", str(tmp_path / "full")])
    (path,) = results.glob("*.json")
    remarked = {**json.loads(path.read_text(encoding="utf-8")), "remark": "on a busy machine"}
    path.write_text(json.dumps(remarked), encoding="utf-8")
    assert records.main(["results", str(tmp_path / "full")]) == 0  # this very run
    assert "Seed 3: on a busy machine" in (results / "README.md").read_text(encoding="utf-8")
    finished_run(tmp_path / "full", "01_a", seconds=30)
    with pytest.raises(SystemExit, match="has a remark.*on a busy machine"):
        records.main(["results", str(tmp_path / "full")])
    assert json.loads(path.read_text(encoding="utf-8")) == remarked


def test_several_seeds_stand_in_one_row():
    def kept(seed, measured, mark="✓"):
        claim = {"mark": mark, "sentence": "S", "measured": measured, "needs": "above 1"}
        head = {"notebook": "01_a", "seed": seed, "date": "d", "versions": {}, "machine": "m", "seconds": 60}
        return {**head, "peak_mb": 1, "claims": [claim]}

    assert "| ✓ | S | 2; 3 | above 1 |" in records.tables([kept(1, "3"), kept(0, "2")])
    assert "| ✗ | S | 2; 1 | above 1 |" in records.tables([kept(0, "2"), kept(1, "1", "✗")])


def test_times_are_those_of_the_cells_of_finished_quick_runs(tmp_path):
    folder = tmp_path / "course"
    finished_run(folder, "01_a", profile="quick")
    found = records.measured(folder, ["01_a"])
    assert (
        found["seconds"] == {"01_a": 13} and found["versions"] == VERSIONS and found["date"] == "2026-01-02"
    )
    assert found["how"] == "2 notebooks at a time, one core each, from the first cell to the last"
    with pytest.raises(SystemExit, match="no finished run of 02_b"):
        records.measured(folder, ["01_a", "02_b"])
    finished_run(folder, "02_b", profile="quick", machine="another")
    with pytest.raises(SystemExit, match="not all quick ones under the same conditions"):
        records.measured(folder, ["01_a", "02_b"])


def test_recording_times_writes_both_places(tmp_path, results, monkeypatch):
    for station in STATIONS:
        finished_run(tmp_path / "course", station.name, profile="quick", jobs=1)
    monkeypatch.setattr(
        records, "all_notebooks", lambda folder=None: sorted((tmp_path / "course").glob("*.ipynb"))
    )
    assert records.main(["times", str(tmp_path / "course")]) == 0
    times = json.loads((tmp_path / "quick_times.json").read_text(encoding="utf-8"))
    assert times["how"].startswith("one notebook at a time")
    assert (tmp_path / "lessons.md").read_text(encoding="utf-8").count("| 13 s |") == len(STATIONS)


def test_results_that_notebooks_read_are_copied_to_them(tmp_path, results, monkeypatch):
    copies = {name: tmp_path / path.name for name, path in records.COPIES.items()}
    assert [path.name for path in copies.values()] == ["suspects.json", "thirty_epochs.json"]
    monkeypatch.setattr(records, "COPIES", copies)
    for name in copies:
        (results / name).write_text(f'"of {name}"', encoding="utf-8")
    assert records.main(["tables"]) == 0
    for name, copy in copies.items():
        assert copy.read_text(encoding="utf-8") == f'"of {name}"'


def test_a_table_is_replaced_and_nothing_else():
    old = "before\n\n| other |\n| --- |\n\n| head |\n| --- |\n| old |\n\nafter | not a table\n"
    new = "before\n\n| other |\n| --- |\n\n| head |\n| new |\n\nafter | not a table\n"
    assert records.with_table(old, "| head |\n| new |") == new
    with pytest.raises(SystemExit, match=r"no table that begins with \| head \|"):
        records.with_table("nothing here", "| head |\n| new |")


def test_a_lesson_stands_in_one_row_with_its_deeper_notebooks():
    stations = [
        course_map.Station("01_a", "A", "Why?", "add", 30),
        course_map.Station("02_b", "B", "How?", "multiply", 60),
        course_map.Station("02b_more", "More", "How far?", "divide", 45),
        course_map.Station("02c_most", "Most", "Where?", "stop", 50),
    ]
    assert records.readme_table(stations).splitlines()[2:] == [
        "| [01 A](notebooks/01_a.ipynb) | Why? | 30 |  |",
        "| [02 B](notebooks/02_b.ipynb) | How? | 60 | [02b More](notebooks/02b_more.ipynb) 45, "
        "[02c Most](notebooks/02c_most.ipynb) 50 |",
    ]
