"""`make grade`: a folder of files in, grades and pages out, whatever the files do."""

import csv
import io
import os
import re
import sys
import threading
import time

import classroom
import nbformat
import pytest

from helpers.paths import ROOT
from tools.grading import grade, plan, sandbox
from tools.grading.assignments import POINTS
from tools.grading.sandbox import Limits, verdicts
from tools.grading.submissions import Step
from tools.selection import NOTEBOOKS, all_notebooks

pytestmark = pytest.mark.skipif(os.name == "nt", reason="learners' code is run and ended as only POSIX can")
START = NOTEBOOKS / "00_start_here.ipynb"
IMPORT = Step("from helpers.exercises import ____, nb00")
CHECK = "nb00.pixels.check(number)"
TIGHT = Limits(answer=10, memory_gb=1)


def hand_in(folder, name, answers, change=lambda notebook: None, source=START):
    """Write a notebook with these answers as a learner's file; `change` does what else the learner has done to it."""
    notebook = classroom.fill(classroom.read(source), answers)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    change(notebook)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / name)


def from_colab(notebook):
    """Colab's format: other ids, in the metadata, and forms."""
    notebook.nbformat_minor = 0
    for number, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        cell.metadata = nbformat.from_dict({"id": f"x{number}", "cellView": "form"})


def vandalized(notebook):
    """The lesson is gone or broken, and checks are missing; the answers are there."""
    kept = [cell for cell in notebook.cells if classroom.CHECK.search(cell.source)]
    kept[1].source = "number = 784"
    notebook.cells = [
        nbformat.v4.new_code_cell("import nothing_of_that_name\nPROFILE = 'full'\n1 / 0"),
        *kept,
    ]


RIGHT = {key: classroom.solution(key) for key in ("nb00.pixels", "nb00.fix_it", "nb00.quiz_1")}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """What came out for a class with every kind of file: its folder, and what was printed."""
    place = tmp_path_factory.mktemp("class")
    folder = place / "handed in"
    hand_in(folder, "김민지/00_start_here.ipynb", RIGHT)
    hand_in(folder, "untouched.ipynb", {})
    hand_in(folder, "Lee, Ann_17_assignsubmission_file_/무제 (1).ipynb", RIGHT, from_colab)
    hand_in(folder, "vandal_23_99_00.ipynb", RIGHT, vandalized)
    hand_in(
        folder, "half/1.ipynb", {"nb00.quiz_1": 'nb00.quiz_1.check("b")', "nb00.fix_it": RIGHT["nb00.fix_it"]}
    )
    hand_in(folder, "half/2.ipynb", {"nb00.quiz_1": RIGHT["nb00.quiz_1"]})
    stops = RIGHT | {"nb00.quiz_1": "raise SystemExit", "nb00.pixels": "number = <script>\n" + CHECK}
    hand_in(folder, "stops.ipynb", stops)
    loops = RIGHT | {"nb00.pixels": "while True: pass\n" + CHECK}
    hand_in(folder, "loops.ipynb", loops)
    (folder / "broken.ipynb").write_text("{")
    (folder / "other.ipynb").write_text('{"cells": []}')
    out = place / "grades"
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", said)
        assert grade.main([str(folder), "--out", str(out), "--seconds", "10"]) == 0
    return out, said.getvalue()


def points(out):
    text = (out / "grades.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf"), "with a mark, so that spreadsheets know it as UTF-8"
    header, *lines = csv.reader(io.StringIO(text.decode("utf-8-sig")))
    assert header == ["Student", "ID", "Section", "00_start_here"]
    return {name: (number, value) for name, number, _, value in lines}


def test_everybody_is_in_the_table_once_with_what_is_right(graded):
    assert points(graded[0]) == {
        "김민지": ("", "11"),
        "untouched": ("", "0"),
        "Lee, Ann": ("17", "11"),
        "vandal": ("23", "11"),
        "half": ("", "5"),
        "stops": ("", "5"),
        "loops": ("", "6"),
        "broken": ("", ""),
        "other": ("", ""),
    }


def test_moodles_own_table_has_those_who_came_from_there(graded):
    text = (graded[0] / "moodle-worksheet.csv").read_text(encoding="utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1:] == [["Participant 17", "Lee, Ann", "11", "-"]]


def page(out, name):
    return (out / "feedback" / f"{name}.html").read_text(encoding="utf-8")


def test_a_page_says_what_the_checks_say_and_shows_the_answers(graded):
    out, _ = graded
    assert "28 rows of 28 pixels are 784 numbers" in page(out, "김민지") and "11 of 11" in page(out, "김민지")
    assert page(out, "untouched").count("Not answered yet") == 3
    assert "Is there a loop that never ends?" in page(out, "loops")
    stops = page(out, "stops")
    assert "SyntaxError" in stops and "<script>" not in stops and "&lt;script&gt;" in stops
    assert "exit()" in stops
    half = page(out, "half")
    assert (
        "half/2.ipynb has 1 points; another file has as many or more" in half and "The cell is fine" in half
    )
    for file in (out / "feedback").iterdir():
        assert "Traceback" not in file.read_text(encoding="utf-8")


def test_the_teacher_sees_everything_at_once(graded):
    out, said = graded
    index = (out / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="feedback/([^"]+)"', index)
    assert sorted(links) == sorted(path.name for path in (out / "feedback").iterdir())
    assert "broken.ipynb: it is not a notebook, or it is damaged" in index
    lines = said.splitlines()
    assert [line.partition("  ")[0] for line in lines[1:11]] == [f"{number} of 10" for number in range(1, 11)]
    assert "9 learners, 10 notebooks, 2 not graded" in lines[-1]
    assert "network" in lines[0] and lines[0] in index


def test_what_is_not_ours_is_not_overwritten_and_said_before_the_work(graded, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    folder = graded[0].parent / "handed in"
    for arguments, message in [
        ([str(folder), "--out", str(tmp_path / "out")], "Choose another folder"),
        ([str(tmp_path)], "there is no notebook"),
        ([""], "say which folder"),  # and not the one that the program happens to be in
        ([str(tmp_path / "nothing")], "SUBMISSIONS=folder"),
        ([str(folder), "--seconds", "0"], "above 0"),
    ]:
        with pytest.raises(SystemExit):
            grade.main(arguments)
        assert re.search(message, capsys.readouterr().err)


# --- The program that runs the answers --------------------------------------------------------------------------------


def run(*codes, limits=TIGHT, stop=None):
    """What the checks say to answers of `nb00.pixels`, one after the other."""
    steps = [IMPORT, *(Step(code, "nb00.pixels", CHECK) for code in codes)]
    return verdicts(steps, limits, [], stop or threading.Event())["nb00.pixels"]


NETWORK = """
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2)
    number = 1
except OSError:
    number = 784
"""


@pytest.mark.parametrize("cut_off", [True, False])
def test_there_is_no_network_with_the_systems_help_or_without(cut_off, monkeypatch):
    import socketserver

    if cut_off and not sandbox.network_is_cut_off():
        pytest.skip("this system does not let us cut a program off")
    monkeypatch.setattr(sandbox, "network_is_cut_off", lambda: cut_off)
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        code = NETWORK.format(port=server.server_address[1])
        assert run(code).status == "correct", "it reached a server"
    if not cut_off:
        program = "import subprocess\nsubprocess.run(['true'])\nnumber = 784"
        assert "No other program may be started" in run(program).message


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import numpy as np\nnumber = len(np.ones(2**29))", "MemoryError"),
        ("import os\nos._exit(0)", "ended the program that ran it"),
        ("import ctypes\nctypes.string_at(0)", "ended the program that ran it"),
        ("number = int(input())", "asks for input"),
        ("import os\nnumber = os.environ['SECRET_OF_THE_TEACHER']", "KeyError"),
        ("open('big', 'wb').write(bytes(2 * 10**8))", "OSError"),
        ("def f(): return f()\nnumber = f()", "calls itself again and again"),
        ("nb00.quiz_1.check('c')", "does not ask the check"),
        ("print('x' * 10**6)\nimport sys\nsys.stdout.flush()\nnumber = 3", "28 rows of 28 pixels"),
    ],
)
def test_whatever_code_does_becomes_a_sentence(code, message, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_TEACHER", "784")
    verdict = run(code)
    assert verdict.status == "wrong" and message in verdict.message


def test_what_code_starts_ends_with_it(tmp_path):
    if not sandbox.network_is_cut_off():
        pytest.skip("no program may be started here")
    late = f"import time; time.sleep(8); open({str(tmp_path / 'late')!r}, 'w')"
    code = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {late!r}], start_new_session=True)
while True: pass
"""
    assert "never ends" in run(code, limits=Limits(answer=2)).message
    time.sleep(9)
    assert list(tmp_path.iterdir()) == []


def test_time_for_a_whole_notebook_is_limited_too():
    codes = [f"while True: pass  # {number}" for number in range(3)]
    steps = [IMPORT, *(Step(code, f"nb00.{number}", CHECK) for number, code in enumerate(codes))]
    began = time.monotonic()
    found = verdicts(steps, Limits(answer=60, notebook=4), [], threading.Event())
    assert time.monotonic() - began < 20 and len(found) == 3
    assert "took more than 4 s" in found["nb00.2"].message


def test_a_stop_ends_what_runs():
    stop = threading.Event()
    threading.Timer(2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(sandbox.SandboxError, match="stopped"):
        run("while True: pass", stop=stop, limits=Limits(answer=60))
    assert time.monotonic() - began < 30


# --- docs/grading.md --------------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")


def test_the_example_of_an_exercise_of_ones_own_works_as_it_is_printed(tmp_path):
    module, imports, cell = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    mine, folder = tmp_path / "mine", tmp_path / "handed in"
    mine.mkdir()
    (mine / "nb20.py").write_text(module, encoding="utf-8")
    code = [nbformat.v4.new_code_cell(source.strip()) for source in (imports, cell)]
    nbformat.write(nbformat.v4.new_notebook(cells=code), mine / "20_week_six.ipynb")
    for name, answer in [("right", "1792"), ("weights", "1728"), ("lost", "[]"), ("empty", "____")]:
        filled = {"nb20.weights": cell.replace("____", answer)}
        hand_in(folder, f"{name}_20.ipynb", filled, source=mine / "20_week_six.ipynb")
    command = [str(folder), "--out", str(tmp_path / "out"), "--notebooks", str(mine)]
    assert grade.main(command) == 0
    text = (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8-sig")
    rows = {row["Student"]: row["20_week_six"] for row in csv.DictReader(io.StringIO(text))}
    assert rows == {"right": "5", "weights": "0", "lost": "0", "empty": "0"}
    assert "What else does each filter have?" in page(tmp_path / "out", "weights")


def test_the_plans_are_those_of_the_notebooks_as_they_are_now():
    assert plan.text() == PAGE, "run .venv/bin/python -m tools.grading.plan"
    rows = re.findall(r"^\| \d+ \| ([\w, ]+) \|", PAGE, re.MULTILINE)
    assert len(rows) == sum(plan.WEEKS)
    every = [name for row in rows[-14:] for name in row.split(", ")]
    assert every == [path.stem.partition("_")[0] for path in all_notebooks()]


@pytest.mark.parametrize(
    ("minutes", "count", "best"),
    [
        ([45, 85, 90], 2, [[0, 1], [2]]),
        ([60, 60, 60, 60], 2, [[0, 1], [2, 3]]),
        ([100, 10, 10, 10], 3, [[0], [1], [2, 3]]),
        ([1, 2], 2, [[0], [1]]),
    ],
)
def test_the_longest_week_is_as_short_as_can_be(minutes, count, best):
    assert plan.weeks(minutes, count) == best


def test_a_plan_has_no_empty_week():
    with pytest.raises(ValueError, match="don't fill"):
        plan.weeks([1, 2], 3)


def test_the_page_says_what_a_point_is_and_the_limits_as_they_are():
    page, limits = " ".join(PAGE.split()), Limits()
    assert "An exercise counts {exercise} points, a quiz question {quiz}.".format(**POINTS) in page
    assert (
        f"{limits.answer:g} seconds, a file {limits.notebook:g} seconds and {limits.memory_gb:g} GB" in page
    )
