"""helpers.notebook.course_map: the map, the README's table and the notebooks say the same."""

import re

import pytest

from helpers.notebook import course_map
from helpers.notebook.course_map import STATIONS, Station
from tools.notebooks.files import ROOT, read
from tools.selection import all_notebooks

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
    assert tuple(re.findall(r"\b\d\d[a-z]?\b", line)) == station.needs
    assert station.part in course_map.PARTS and station.question.endswith("?")


def test_the_readme_shows_the_times_that_notebook_00_draws():
    assert course_map.table(folder="notebooks/") + "\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_times_are_kept_with_where_they_were_measured():
    times = course_map.quick_times()
    assert set(times["seconds"]) == {station.name for station in STATIONS}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", times["date"]) and times["machine"] and times["how"]
    assert times["seconds"]["00_start_here"] <= 10, "what notebook 00 promises"


def test_a_deeper_notebook_is_known_by_its_letter():
    deeper = Station("02b_inside_the_layer", "Inside the layer", "How?", ("02",))
    assert deeper.number == "02b" and Station("10_scaling_out", "Scaling out", "?").number == "10"
    assert course_map.direct_needs((*SMALL, deeper))["02b"] == ("02",)
    figure, alt = course_map.draw((*SMALL, deeper), {**SECONDS, "02b_inside_the_layer": 30})
    assert "02b Inside the layer, 30 seconds, after 02" in alt
    assert figure.axes[1].get_yticklabels()[-1].get_text() == "02b  Inside the layer"


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
