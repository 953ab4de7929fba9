"""The whole way with nbgrader itself: six learners, two assignments, from the course's notebooks to the grades.

`make test-nbgrader` runs this, in an environment that has nbgrader. The commands are nbgrader's own; they run in this
process, because each start of the program takes seconds.
"""

import contextlib
import csv
import html
import importlib
import os
from pathlib import Path

import classroom
import nbformat
import nbgrader.utils
import pytest
from nbgrader.apps.nbgraderapp import NbGraderApp

from helpers.exercises.core import NOT_ANSWERED
from helpers.paths import ROOT
from tools.grading import nbgrader as course
from tools.grading.assignments import assignment
from tools.selection import chosen

NAMES = ("00_start_here", "02_cnn_basics")
ASSIGNMENTS = {name: assignment(*chosen([name])) for name in NAMES}
ENDLESS = "def {0}(*arguments):\n    while True:\n        pass\n\n\n{1}.check({0})\n"
FUNCTIONS = {"00_start_here": ("fixed", "nb00.fix_it"), "02_cnn_basics": ("output_size", "nb02.output_size")}


# --- What the six do -----------------------------------------------------------------------------------------------


def right(name):
    return {item.key: as_answer(item) for item in ASSIGNMENTS[name].items}


def as_answer(item):
    """The solution as a learner puts it into the released cell, in which a quiz's answer has a name."""
    if not item.is_quiz:
        return classroom.solution(item.key)
    letter = getattr(importlib.import_module(f"helpers.exercises.{item.module}"), item.name).answer
    return course.answer_cell(item).source.replace("____", f'"{letter}"')


def all_right(notebook, name):
    return classroom.fill(notebook, right(name))


def untouched(notebook, name):
    return notebook


def half_right(notebook, name):
    return classroom.fill(notebook, dict(list(right(name).items())[::2]))


def raises(notebook, name):
    """One cell stops, and one function would: the other answers count."""
    function, key = FUNCTIONS[name]
    failing = f"def {function}(*arguments):\n    return arguments[99]\n\n\n{key}.check({function})"
    first = next(iter(right(name)))
    return classroom.fill(
        notebook, right(name) | {first: classroom.RAISES + right(name)[first], key: failing}
    )


def endless(notebook, name):
    return classroom.fill(notebook, right(name) | {FUNCTIONS[name][1]: ENDLESS.format(*FUNCTIONS[name])})


def tampered(notebook, name):
    """In 00 with right answers, and without any locked cell; in 02 with no answer, and locked cells that say yes."""
    locked = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("locked")]
    assert len(locked) == len(ASSIGNMENTS[name].items) + 2, "the points, the imports and the profile"
    if name == "00_start_here":
        notebook = all_right(notebook, name)
        notebook.cells = [cell for cell in notebook.cells if cell not in locked]
    else:
        for cell in locked:
            cell.source = "pass"
    return notebook


LEARNERS = {act.__name__: act for act in (all_right, untouched, half_right, raises, endless, tampered)}


def expected(learner, name):
    """The points that a learner gets."""
    points = {item.key: item.points for item in ASSIGNMENTS[name].items}
    lost = {
        "all_right": [],
        "untouched": list(points),
        "half_right": list(points)[1::2],
        "raises": [next(iter(points)), FUNCTIONS[name][1]],
        "endless": [FUNCTIONS[name][1]],
        "tampered": [] if name == "00_start_here" else list(points),
    }[learner]
    return sum(points.values()) - sum(points[key] for key in lost)


# --- The way through nbgrader --------------------------------------------------------------------------------------


def call(folder, *arguments):
    """One nbgrader command, as typed in a folder; fails the test if it fails."""
    with contextlib.chdir(folder):
        try:
            NbGraderApp.launch_instance(argv=list(arguments))
        except SystemExit as end:
            assert not end.code, f"nbgrader {' '.join(arguments)} ended with {end.code}"
        finally:
            app = NbGraderApp.instance()
            if app.subapp is not None:
                type(app.subapp).clear_instance()
            NbGraderApp.clear_instance()


@contextlib.contextmanager
def logged_in(learner, place):
    """Somebody else at this computer, with an account of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nbgrader.utils, "get_osusername", lambda: learner)
        patch.setenv("JUPYTER_DATA_DIR", str(place / learner / "data"))
        yield


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """The teacher's folder after everything was handed in, graded, given back and exported."""
    place = tmp_path_factory.mktemp("school")
    teacher, exchange = place / "teacher", place / "exchange"
    exchange.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("CONFIG", "DATA", "RUNTIME"):
            patch.setenv(f"JUPYTER_{kind}_DIR", str(place / kind.lower()))
        patch.setenv("PYTHONPATH", str(ROOT))
        bins = [str(Path(course.__file__).parents[2] / env / "bin") for env in (".venv-nbgrader", ".venv")]
        patch.setenv(
            "PATH", os.pathsep.join([*bins, os.environ["PATH"]])
        )  # as in an active environment: alembic
        course.main(["--out", str(teacher), *NAMES])
        config = teacher / "nbgrader_config.py"
        short = config.read_text(encoding="utf-8").replace("SECONDS = 30", "SECONDS = 6")
        config.write_text(short, encoding="utf-8")
        where = (f"--Exchange.root={exchange}", "--course=cnn")
        for name in NAMES:
            call(teacher, "generate_assignment", name)
            call(teacher, "release_assignment", name, *where)
        for learner, act in LEARNERS.items():
            (place / learner).mkdir()
            with logged_in(learner, place):
                for name in NAMES:
                    call(place / learner, "fetch_assignment", name, *where)
                    path = place / learner / name / f"{name}.ipynb"
                    nbformat.write(act(classroom.read(path), name), path)
                    call(place / learner, "submit", name, *where)
        for name in NAMES:
            call(teacher, "collect", name, *where)
            call(teacher, "autograde", name)
            call(teacher, "generate_feedback", name)
            call(teacher, "release_feedback", name, *where)
        call(teacher, "export")
        with logged_in("raises", place):
            call(place / "raises", "fetch_feedback", NAMES[0], *where)
    return place


def graded_cells(school, learner, name):
    """The locked cells of a graded notebook that give points, with their outputs."""
    notebook = classroom.read(school / "teacher" / "autograded" / learner / name / f"{name}.ipynb")
    return {
        cell.metadata.nbgrader["grade_id"]: cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("learner", LEARNERS)
def test_everybody_gets_the_points_of_what_is_right(school, learner, name):
    with (school / "teacher" / "grades.csv").open(encoding="utf-8") as file:
        rows = {(row["student_id"], row["assignment"]): row for row in csv.DictReader(file)}
    assert len(rows) == len(LEARNERS) * len(NAMES)
    row = rows[learner, name]
    assert float(row["max_score"]) == ASSIGNMENTS[name].points
    assert float(row["score"]) == expected(learner, name)
    share = float(row["score"]) / float(row["max_score"])
    assert {"all_right": share == 1, "untouched": share == 0}.get(learner, True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("learner", LEARNERS)
def test_what_a_learner_reads_is_the_checks_message_and_never_a_stack(school, learner, name):
    cells = graded_cells(school, learner, name)
    assert len(cells) == len(ASSIGNMENTS[name].items)
    for cell in cells.values():
        for output in cell.outputs:
            assert output.output_type == "error" and len(output.traceback) == 1
            assert output.ename in ("NotCorrect", "CellTimeoutError"), output
    page = (school / "teacher" / "feedback" / learner / name / f"{name}.html").read_text(encoding="utf-8")
    assert all(
        html.escape(output.traceback[0], quote=False)[:30] in page
        for cell in cells.values()
        for output in cell.outputs
        if output.ename == "NotCorrect"
    )


def said(school, learner, grade_id, name="00_start_here"):
    return " ".join(output.traceback[0] for output in graded_cells(school, learner, name)[grade_id].outputs)


def test_the_messages_say_what_happened(school):
    assert said(school, "untouched", "pixels-points") == NOT_ANSWERED
    assert "IndexError" in said(school, "raises", "fix_it-points")
    assert "name 'quiz_1' is not defined" in said(school, "raises", "quiz_1-points")
    assert "Is there a loop that never ends?" in said(school, "endless", "fix_it-points")
    assert said(school, "all_right", "pixels-points") == ""


def test_feedback_reaches_the_learner(school):
    (page,) = (school / "raises" / NAMES[0]).rglob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "I gave up" in text and "Your code stopped with IndexError" in text


def test_hints_stay_right_below_their_exercise():
    for one in ASSIGNMENTS.values():
        cells = course.convert(one).cells
        for number, cell in enumerate(cells):
            if cell.source.startswith("# nb") and ".hint()" in cell.source:
                roles = [other.metadata["nbgrader"] for other in (cells[number - 1], cells[number + 1])]
                assert roles[0]["solution"] and roles[1]["grade"]
                assert [role["grade_id"].partition("-")[0] for role in roles] == [
                    cell.source.split(".")[1]
                ] * 2


def test_the_lesson_is_released_whole_and_not_run_when_it_is_graded(school):
    released = classroom.read(school / "teacher" / "release" / NAMES[1] / f"{NAMES[1]}.ipynb")
    lesson = ASSIGNMENTS[NAMES[1]].notebook
    assert {cell.source for cell in lesson.cells if cell.cell_type == "markdown"} <= {
        cell.source for cell in released.cells
    }
    gaps = [
        sum(cell.source.count("____") for cell in one.cells if "check(" in cell.source)
        for one in (released, lesson)
    ]
    assert gaps[0] == gaps[1] > 0
    graded = classroom.read(school / "teacher" / "autograded" / "all_right" / NAMES[1] / f"{NAMES[1]}.ipynb")
    run = {cell.id for cell in graded.cells if cell.get("execution_count")}
    assert "set-up" in run and "train" not in run and "derived" not in run
