"""helpers.notebook.course_map and record_times: the map, the README's table and the notebooks say the same."""

import json
import re

import nbformat
import pytest

from helpers.notebook import course_map
from helpers.notebook.course_map import STATIONS, Station
from tools.notebooks import record_times
from tools.notebooks.files import ROOT, all_notebooks, read

SMALL = (
    Station("01_a", "A", "Why?"),
    Station("02_b", "B", "How?", ("01",)),
    Station("03_c", "C", "?", ("01", "02")),
)
SECONDS = {"01_a": 10.4, "02_b": 20, "03_c": 5}


def test_every_notebook_is_on_the_map_in_order():
    assert [path.stem for path in all_notebooks()] == [station.name for station in STATIONS]


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.name)
def test_what_a_notebook_needs_is_what_it_says(station):
    path = ROOT / "notebooks" / f"{station.name}.ipynb"
    (line,) = re.findall(
        r"^\*\*You need\*\* .*", "\n".join(cell.source for cell in read(path).cells), re.MULTILINE
    )
    assert tuple(re.findall(r"\b0\d\b", line)) == station.needs
    assert station.part in course_map.PARTS and station.question.endswith("?")


def test_the_readme_shows_the_times_that_notebook_00_draws():
    assert course_map.table(folder="notebooks/") + "\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_times_are_kept_with_where_they_were_measured():
    times = course_map.quick_times()
    assert set(times["seconds"]) == {station.name for station in STATIONS}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", times["date"]) and times["machine"] and times["how"]
    assert times["seconds"]["00_start_here"] <= 10, "what notebook 00 promises"


def test_only_the_nearest_needs_are_drawn():
    assert course_map.direct_needs(SMALL) == {"01": (), "02": ("01",), "03": ("02",)}


def test_the_map_is_told_in_its_alternative_text():
    figure, alt = course_map.draw(SMALL, SECONDS)
    assert "01 A, 10 seconds; 02 B, 20 seconds, after 01; 03 C, 5 seconds, after 02" in alt
    left, right = figure.axes
    assert len(left.patches) == 2 and len(right.patches) == 3
    assert [label.get_text() for label in right.get_yticklabels()] == ["01  A", "02  B", "03  C"]
    assert [bar.get_width() for bar in right.patches] == list(SECONDS.values())


def test_the_table_links_each_notebook():
    table = course_map.table(SMALL, SECONDS, folder="notebooks/")
    assert table.splitlines()[2:] == [
        "| [01 A](notebooks/01_a.ipynb) | Why? | 10 s |",
        "| [02 B](notebooks/02_b.ipynb) | How? | 20 s |",
        "| [03 C](notebooks/03_c.ipynb) | ? | 5 s |",
    ]


def test_a_colab_edition_is_alone_and_its_table_links_nothing(monkeypatch, tmp_path):
    edition = tmp_path / "colab.json"
    monkeypatch.setattr(course_map, "COLAB_EDITION", edition)
    assert "[01 A](01_a.ipynb)" in course_map.table(SMALL, SECONDS)
    edition.touch()
    assert "| 01 A | Why? | 10 s |" in course_map.table(SMALL, SECONDS).splitlines()


def write_run(folder, name, *, failure=None):
    """What `make course` leaves of a notebook whose two cells took 3.5 and 9.1 seconds, and whose run took 20."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"seconds": 20, "failure": failure}))
    cells = [
        nbformat.v4.new_code_cell(metadata={"papermill": {"duration": seconds}}) for seconds in (3.5, 9.1)
    ]
    text = nbformat.v4.new_markdown_cell("text", metadata={"papermill": {"duration": 0.5}})
    nbformat.write(nbformat.v4.new_notebook(cells=[text, *cells]), folder / f"{name}.ipynb")


def test_times_are_those_of_the_cells_of_finished_runs(tmp_path):
    write_run(tmp_path, "01_a")
    assert record_times.measured(tmp_path, ["01_a"]) == {"01_a": 13}
    with pytest.raises(SystemExit, match="no finished run of 02_b"):
        record_times.measured(tmp_path, ["01_a", "02_b"])
    write_run(tmp_path, "02_b", failure="cell 3")
    with pytest.raises(SystemExit, match="failed.*02_b"):
        record_times.measured(tmp_path, ["01_a", "02_b"])


def test_the_readmes_table_is_replaced_and_nothing_else():
    old = "before\n\n| notebook | the question it answers | quick run |\n| --- |\n| old |\n\nafter | not a table\n"
    assert record_times.with_table(old, "| new |") == "before\n\n| new |\n\nafter | not a table\n"
    with pytest.raises(SystemExit, match="no table"):
        record_times.with_table("nothing here", "| new |")


def test_recording_writes_both_places(tmp_path, monkeypatch):
    readme, times = tmp_path / "README.md", tmp_path / "quick_times.json"
    readme.write_text((ROOT / "README.md").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(record_times, "README", readme)
    monkeypatch.setattr(course_map, "TIMES", times)
    for station in STATIONS:
        write_run(tmp_path / "course", station.name)
    monkeypatch.setattr(
        record_times, "all_notebooks", lambda: [tmp_path / f"{s.name}.ipynb" for s in STATIONS]
    )
    assert record_times.main([str(tmp_path / "course"), "--jobs", "1"]) == 0
    assert json.loads(times.read_text())["how"].startswith("one notebook at a time")
    assert readme.read_text(encoding="utf-8").count("| 13 s |") == len(STATIONS)
