"""What was handed in, under whatever name and in whatever state."""

import json
import unicodedata
from pathlib import Path

import classroom
import pytest

from tools.grading.assignments import assignment, assignments
from tools.grading.submissions import Cell, Learner, answers, cells, found, learner, steps, which
from tools.notebooks.files import NotebookError
from tools.selection import all_notebooks, chosen

KNOWN = assignments(tuple(all_notebooks()))
NAMES = [one.name for one in KNOWN.values()]
START = assignment(*chosen(["00"]))


def handed_in(*sources):
    return [Cell(frozenset(), source) for source in sources]


@pytest.mark.parametrize(
    ("path", "who"),
    [
        (
            "Kim Min-ji_4711_assignsubmission_file_/02_cnn_basics.ipynb",
            Learner("Kim Min-ji", "4711", "Moodle"),
        ),
        ("Kim_Min_4711_assignsubmission_file_02.ipynb", Learner("Kim_Min", "4711", "Moodle")),
        ("kimminji_12345_678901_02_cnn_basics.ipynb", Learner("kimminji", "12345", "Canvas")),
        ("kimminji_LATE_12345_678901_02_cnn_basics-1.ipynb", Learner("kimminji", "12345", "Canvas")),
        ("kim_minji_12345_678901_02_cnn_basics.ipynb", Learner("kim_minji", "12345", "Canvas")),
        ("김민지_12345_678901_my notebook.ipynb", Learner("김민지", "12345", "Canvas")),
        ("anon_x7Q2b_678901_02_cnn_basics.ipynb", Learner("anon_x7Q2b", platform="Canvas")),
        ("LATE_anon_12345_678901_02_cnn_basics.ipynb", Learner("anon_12345", platform="Canvas")),
        ("김민지/02_cnn_basics.ipynb", Learner("김민지")),
        ("02/김민지/notebook.ipynb", Learner("김민지")),
        ("김민지_02_cnn_basics (1).ipynb", Learner("김민지")),
        ("02_cnn_basics의 사본 - 이서준.ipynb", Learner("이서준")),
        ("Copy of 02_cnn_basics-Copy1 ann.IPYNB", Learner("ann")),
        ("kim_02.ipynb", Learner("kim")),
        ("02_cnn_basics_2026_11_kim.ipynb", Learner("2026_11_kim")),
        ("07b 박지우 88.ipynb", Learner("박지우 88")),
        ("02_cnn_basics (3).ipynb", Learner("02_cnn_basics (3)")),
        ("=HYPERLINK(1).ipynb", Learner("HYPERLINK")),
    ],
)
def test_whose_a_file_is(path, who):
    assert learner(Path(path), NAMES) == who
    assert learner(Path(unicodedata.normalize("NFD", path)), NAMES) == who  # as a Mac writes it


def test_files_are_found_below_and_what_systems_hide_is_not(tmp_path):
    for name in ("a.ipynb", "deep/er/나.IPYNB", ".ipynb_checkpoints/a.ipynb", "__MACOSX/._a.ipynb", "a.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.ipynb").mkdir()
    assert [path.name for path in found(tmp_path)] == ["a.ipynb", "나.IPYNB"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"{", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"[]", "not a notebook"),
        (b'{"cells": 3}', "not a notebook"),
        (b'{"worksheets": []}', "old notebook format"),
    ],
)
def test_a_file_that_is_no_notebook_says_so(tmp_path, content, message):
    (tmp_path / "a.ipynb").write_bytes(content)
    with pytest.raises(NotebookError, match=message):
        cells(tmp_path / "a.ipynb")


def test_cells_are_read_whatever_wrote_them(tmp_path):
    colab = {"cell_type": "code", "source": ["x = 1\r\n", "y"], "metadata": {"id": "abc"}, "outputs": []}
    bare = {"cell_type": "code", "id": "d", "source": "z", "metadata": None}
    odd = [None, 3, {"cell_type": "code", "source": 5}, {"cell_type": "markdown", "source": "text"}]
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"cells": [colab, bare, *odd]}).encode())
    assert cells(path) == [Cell(frozenset({"abc"}), "x = 1\ny"), Cell(frozenset({"d"}), "z")]


def test_which_notebook_it_is_stands_in_the_cells_and_then_in_the_name():
    assert which(handed_in("nb02b.min_pool.check(f)", "print(nb00)"), "05_x.ipynb", KNOWN).name.startswith(
        "02b_"
    )
    assert which(handed_in("print(1)"), "김_02b_x.ipynb", KNOWN).name.startswith("02b_")
    for name in ("homework.ipynb", "99_x.ipynb", "x2026_1.ipynb"):
        with pytest.raises(NotebookError, match="no exercise of the course"):
            which(handed_in("print(1)"), name, KNOWN)


def test_an_answer_is_known_by_its_check_then_its_id_then_by_what_it_makes():
    old, new = "number = 1\nnb00.pixels.check(number)", "number = 784\nnb00.pixels.check(number)"
    untouched = "number = ____\nnb00.pixels.check(number)"
    assert answers(START, handed_in(old, new, untouched)) == {"nb00.pixels": new}
    assert answers(START, handed_in(untouched)) == {"nb00.pixels": untouched}
    assert answers(START, handed_in("# nb00.pixels.check(number)")) == {}
    lost = Cell(frozenset({"exercise-pixels"}), "28 * 28")
    assert answers(START, [lost, *handed_in("number = 3")]) == {"nb00.pixels": "28 * 28"}
    assert answers(START, handed_in("number = 3")) == {"nb00.pixels": "number = 3"}


def test_what_is_run_is_the_courses_code_and_what_the_learner_adds_to_it():
    answer = "number = math.prod([side, side])\nnb00.pixels.check(number)"
    more = handed_in(
        'PROFILE = "full"',  # the lesson makes it
        "import math\nimport os",
        "side = 28\nnetwork = None",
        "while True: pass",
        answer,
    )
    run = steps(START, more, {"nb00.pixels": answer})
    codes = [step.code for step in run]
    assert codes == ["from helpers.exercises import ____, nb00", "import math", "side = 28", answer]
    assert [step.key for step in run] == ["", "", "", "nb00.pixels"]
    assert run[-1].check == "nb00.pixels.check(number)"


def test_what_an_answer_takes_from_the_lesson_is_run_before_it():
    answer = "number = digits.x_train[0].size\nnb00.pixels.check(number)"
    codes = [step.code for step in steps(START, handed_in(answer), {"nb00.pixels": answer})]
    assert codes[-1] == answer and "digits = datasets.load('mnist', profile='quick')" in codes
    assert not any("network" in code for code in codes)


@pytest.mark.parametrize("one", KNOWN.values(), ids=lambda one: one.name)
def test_everything_in_a_notebook_counts_once(one):
    assert [item.key for item in one.items] == classroom.keys(one.notebook)
    assert sum(item.is_quiz for item in one.items) == sum("quiz" in item.name for item in one.items)
    assert one.points == sum(1 if item.is_quiz else 5 for item in one.items)
    assert one.importing(one.items[0].module) == f"from helpers.exercises import {one.items[0].module}"
