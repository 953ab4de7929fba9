"""Every exercise and quiz against its notebook: solutions pass their own checks, and cells match solutions."""

import functools
import importlib
import random
import re
import subprocess
import sys

import numpy as np
import pytest

from helpers.exercises import ____
from helpers.exercises.core import Exercise, Quiz
from helpers.paths import ROOT
from tools import selection
from tools.notebooks import files
from tools.notebooks.files import code_cells

NAMES = {selection.number(path): path for path in selection.all_notebooks()}
read = functools.cache(files.read)


def test_the_sites_tools_can_read_every_exercise():
    """They have NumPy, and none of the course's other packages."""
    missing = ("tensorflow", "keras", "PIL", "matplotlib", "scipy", "sklearn", "cv2")
    code = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in missing)
    code += "".join(f"import helpers.exercises.nb{number}\n" for number in NAMES)
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def items(kind):
    found = []
    for number in NAMES:
        module = importlib.import_module(f"helpers.exercises.nb{number}")
        found += [(number, name, item) for name, item in vars(module).items() if isinstance(item, kind)]
    return found


def cell_with(number, call):
    cells = [cell for cell in code_cells(read(NAMES[number])) if call in cell.source]
    assert len(cells) == 1, f"{call} must stand in exactly one code cell"
    return cells[0]


def execute(number, code):
    import keras

    module = importlib.import_module(f"helpers.exercises.nb{number}")
    namespace = {"np": np, "keras": keras, "layers": keras.layers, "____": ____, f"nb{number}": module}
    exec(compile(code, "<exercise>", "exec"), namespace)


named = pytest.mark.parametrize(
    ("number", "name", "exercise"), items(Exercise), ids=lambda value: str(value)[:40]
)


@named
def test_the_solution_is_right(number, name, exercise, capsys):
    execute(number, exercise.solution_code)
    assert capsys.readouterr().out.splitlines()[-1].startswith("✓ Correct."), name


@named
def test_the_cell_as_it_stands_is_not_answered_and_draws_nothing(number, name, exercise, capsys):
    """A lesson's numbers must not depend on whether such a cell was run (Keras' layers draw from Python's `random`)."""
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002 - the one that all share
    execute(number, cell_with(number, f"nb{number}.{name}.check(").source)
    assert capsys.readouterr().out.startswith("Not answered yet")
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002


@named
def test_the_solution_is_the_cell_with_its_blanks_filled(number, name, exercise):
    cell = cell_with(number, f"nb{number}.{name}.check(")
    pattern = "(.+?)".join(re.escape(part) for part in cell.source.strip().split("____"))
    assert "____" in cell.source and "____" not in exercise.solution_code
    assert re.fullmatch(pattern, exercise.solution_code.strip(), re.DOTALL), exercise.solution_code


@named
def test_it_has_a_prompt_hints_and_a_solution_to_ask_for(number, name, exercise):
    notebook = read(NAMES[number])
    ids = [cell.id for cell in notebook.cells]
    place = ids.index(cell_with(number, f"nb{number}.{name}.check(").id)
    assert notebook.cells[place - 1].cell_type == "markdown"
    assert notebook.cells[place + 1].source == f"# nb{number}.{name}.hint()\n# nb{number}.{name}.solution()"
    assert exercise.hints and all(hint.endswith((".", "?", "!", ")", "`")) for hint in exercise.hints)
    assert exercise.because and exercise.name


@pytest.mark.parametrize(("number", "name", "quiz"), items(Quiz), ids=lambda value: str(value)[:40])
def test_a_quiz_explains_every_choice_and_has_one_answer(number, name, quiz):
    verdicts = {letter: quiz.verdict(letter) for letter in quiz.choices}
    assert [letter for letter, verdict in verdicts.items() if verdict.status == "correct"] == [quiz.answer]
    assert all(len(verdict.message.split()) >= 4 for verdict in verdicts.values())
    assert list(quiz.choices) == list("abcde"[: len(quiz.choices)]) and len(quiz.choices) >= 2
    source = cell_with(number, f"nb{number}.{name}.check(").source
    assert source == f"nb{number}.{name}.ask()\nnb{number}.{name}.check(____)"


def test_right_answers_are_not_all_the_same_letter():
    for number in NAMES:
        answers = [quiz.answer for owner, _, quiz in items(Quiz) if owner == number]
        enough = min(3, len(answers))
        assert len(set(answers)) >= enough, f"notebook {number}: the right letters are {answers}"
