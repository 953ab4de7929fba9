"""helpers.notebook.course_map: the map, the tables of notebooks and the notebooks say the same."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers.notebook import course_map, map_pictures, plots
from helpers.notebook.course_map import STATIONS, Station
from tools.notebooks import records
from tools.notebooks.files import ROOT, read
from tools.selection import all_notebooks

SMALL = (
    Station("01_a", "A", "Why?", "add", 30),
    Station("02_b", "B", "How?", "multiply", 60, ("01",)),
    Station("02b_more", "More of B", "How far?", "divide", 45, ("02",)),
    Station("03_c", "C", "What?", "stop", 90, ("01", "02"), "Deep networks"),
)
SECONDS = {"01_a": 10.4, "02_b": 20, "03_c": 5}


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_every_notebook_is_on_the_map_in_order():
    assert [path.stem for path in all_notebooks()] == [station.name for station in STATIONS]


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.name)
def test_what_a_notebook_needs_is_what_it_says(station):
    path = ROOT / "notebooks" / f"{station.name}.ipynb"
    (line,) = re.findall(
        r"^\*\*You need\*\* .*", "\n".join(cell.source for cell in read(path).cells), re.MULTILINE
    )
    assert tuple(re.findall(r"\b\d\d[a-z]?\b", line)) == station.needs


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.name)
def test_a_station_can_be_read_in_a_sentence(station):
    assert station.part in course_map.PARTS and station.question.endswith("?")
    assert station.can[0].islower() and station.can[-1].isalnum(), "it goes on from 'You can'"
    assert station.minutes % 5 == 0


def test_the_readme_and_the_page_on_lessons_show_the_tables():
    assert records.readme_table() + "\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert records.lessons_table() + "\n" in (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")


def test_times_are_kept_with_where_they_were_measured():
    times = course_map.quick_times()
    assert set(times["seconds"]) == {station.name for station in STATIONS}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", times["date"]) and times["machine"] and times["how"]


def test_a_deeper_notebook_is_known_by_its_letter():
    first, _, more, _ = SMALL
    assert (first.number, first.deeper) == ("01", False)
    assert (more.number, more.deeper) == ("02b", True)
    assert not Station("10_scaling_out", "Scaling out", "?", "scale", 60).deeper


def test_only_the_nearest_needs_are_named():
    assert course_map.direct_needs(SMALL) == {"01": (), "02": ("01",), "02b": ("02",), "03": ("02",)}


def test_a_card_says_what_it_is_and_so_does_the_alternative_text():
    figure, alt = course_map.draw(SMALL)
    assert texts(figure)[:3] == ["The basics", "01 A", "30 min"]
    assert "60 min · after 01" in texts(figure) and "deeper · 45 min" in texts(figure)
    assert "Deep networks" in texts(figure) and "Putting networks to work" not in texts(figure)
    assert (
        "01 A, 30 min (its number); 02 B, 60 min · after 01 (its number); 02b More of B, deeper · 45 min"
        in alt
    )


def test_cards_lie_inside_the_figure_and_apart():
    placed, height = course_map._layout(STATIONS)
    size = np.array([course_map._CARD, course_map._CARD_HEIGHT])
    corners = [np.array(corner) for thing, *corner in placed if isinstance(thing, Station)]
    assert len(corners) == len(STATIONS)
    for index, corner in enumerate(corners):
        assert (corner >= 0).all() and (corner + size <= [course_map._WIDTH, height]).all()
        assert all((abs(corner - other) >= size).any() for other in corners[:index])


def test_no_text_of_the_real_map_runs_out_of_its_card():
    figure, alt = course_map.draw()
    plots.small_png(figure)
    page = figure.axes[0]
    right_edges = [course_map._CARD + column * (course_map._CARD + course_map._GAP) for column in range(3)]
    for text in page.texts:
        box = text.get_window_extent().transformed(page.transData.inverted())
        edge = next(edge for edge in right_edges if text.get_position()[0] < edge)
        assert max(box.x0, box.x1) <= edge - 4 or text.get_text() in course_map.PARTS, text.get_text()
    assert all(station.title in alt for station in STATIONS)


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.name)
def test_every_notebook_has_a_picture_that_draws_from_no_shared_random_state(station):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - the one that all share
    axis = Figure().subplots()
    assert len(map_pictures.draw(axis, station.name).split()) >= 3
    assert axis.images or axis.lines or axis.patches
    assert before == np.random.get_state()[1].tolist()  # noqa: NPY002


def test_a_notebook_without_a_picture_shows_its_number():
    axis = Figure().subplots()
    assert map_pictures.draw(axis, "11_not_there") == "its number"
    assert [text.get_text() for text in axis.texts] == ["11"]


def test_the_photographs_are_small_and_complete():
    assert map_pictures.STRIP.stat().st_size < 60_000
    for name in map_pictures.TILES:
        assert map_pictures.tile(name).shape == (120, 176, 3)
        assert map_pictures.tile(name).std() > 20, "not one gray field"


def test_the_table_links_each_notebook():
    table = course_map.table(SMALL, folder="notebooks/")
    assert table.splitlines()[0] == course_map.HEADING
    assert table.splitlines()[2:] == [
        "| [01 A](notebooks/01_a.ipynb) | *Why?* You can add. | 30 min |",
        "| [02 B](notebooks/02_b.ipynb) | *How?* You can multiply. | 60 min |",
        "| [02b More of B](notebooks/02b_more.ipynb) (deeper) | *How far?* You can divide. | 45 min |",
        "| [03 C](notebooks/03_c.ipynb) | *What?* You can stop. | 90 min |",
    ]


def test_with_seconds_the_table_has_another_column():
    rows = course_map.table(SMALL, SECONDS).splitlines()
    assert [row.rpartition(" min |")[2].strip(" |") for row in rows[2:]] == ["10 s", "20 s", "–", "5 s"]
    assert len({row.count("|") for row in rows}) == 1


def test_a_colab_edition_is_alone_and_its_table_links_nothing(monkeypatch, tmp_path):
    edition = tmp_path / "colab.json"
    monkeypatch.setattr(course_map, "COLAB_EDITION", edition)
    assert "[01 A](01_a.ipynb)" in course_map.table(SMALL)
    edition.touch()
    assert "| 01 A | *Why?* You can add. | 30 min |" in course_map.table(SMALL).splitlines()
