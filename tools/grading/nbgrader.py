"""Make an nbgrader course of the notebooks: build/nbgrader with nbgrader_config.py and source/.

`make nbgrader` calls this. Each notebook becomes an assignment of the same name, and stays the lesson that it is: an
exercise is a cell that the learner fills in, followed by a locked cell that asks the same check again, for the points.
What nbgrader does with it is in `nbgrader_config.py`, beside this file, which is copied.
"""

import argparse
import copy
import shutil
import sys
from pathlib import Path

import nbformat

from helpers import owned, paths
from helpers.errors import DataError
from helpers.exercises.needed import names_in
from helpers.paths import ROOT
from tools.grading.assignments import POINTS, Assignment, Item, assignment
from tools.notebooks.files import NotebookError
from tools.notebooks.run import plain_output
from tools.selection import NOTEBOOKS, chosen

OUT = ROOT / "build" / "nbgrader"
CONFIG = Path(__file__).with_name("nbgrader_config.py")
ABOUT = """\
**This notebook is graded: {points} points.**
An exercise counts {exercise}, a quiz question {quiz}.
Fill the gaps (`____`) in the cells you find them in, and run them: they tell you whether you are right.
The locked cell below each of them asks the same once more, for the points.
Leave these as they are, and delete no cell.
You may change the other cells and add your own.
"""
LOCKED = """\
# Locked, for the points ({points}): the check above once more.
{importing}
from helpers.exercises import core

core.require(lambda: {call})
"""


def convert(one: Assignment) -> nbformat.NotebookNode:
    """The notebook as a source for nbgrader: cells to fill in, locked cells that count, the lesson around them."""
    notebook = copy.deepcopy(one.notebook)
    items = {item.cell_id: item for item in one.items}
    modules = {item.module for item in one.items}
    cells, item = [], None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if cell.id in items:
            item = items[cell.id]
            cells += [answer_cell(item), points_cell(one, item)]
            continue
        cell.metadata.pop("output_of", None)
        # Imports stay as they are, and what is graded is graded in quick.
        if cell.cell_type == "code" and (_is_profile(cell) or modules & names_in(cell.source).defined):
            cell.metadata["nbgrader"] = _role(cell.id, locked=True)
        cells.append(cell)
        if item is not None and cell.source.startswith(f"# {item.key}.hint()"):
            cells[-2:] = [cell, cells[-2]]  # hints stay where the text says, right below the exercise
    about = ABOUT.format(points=one.points, **POINTS)
    notebook.cells = [cells[0], nbformat.v4.new_markdown_cell(about, id="graded"), *cells[1:]]
    return notebook


def answer_cell(item: Item) -> nbformat.NotebookNode:
    """The cell that the learner fills in. The answer to a quiz question gets a name, for the locked cell to use."""
    source = item.source
    if item.is_quiz:
        source = source.replace(
            f"{item.key}.check(____)", f"{item.name} = ____\n{item.key}.check({item.name})"
        )
    role = _role(f"{item.name}-answer", solution=True)
    return nbformat.v4.new_code_cell(source, id=item.cell_id, metadata={"nbgrader": role})


def points_cell(one: Assignment, item: Item) -> nbformat.NotebookNode:
    """The locked cell that counts: an error in it is no points, and the error's text is what the check says."""
    answers = (item.name,) if item.is_quiz else item.answers
    source = LOCKED.format(
        points=item.points,
        importing=one.importing(item.module),
        call=f"{item.key}.verdict({', '.join(answers)})",
    )
    role = _role(f"{item.name}-points", grade=True, locked=True, points=item.points)
    return nbformat.v4.new_code_cell(source, id=f"points-{item.cell_id}", metadata={"nbgrader": role})


def _role(grade_id: str, **more: bool | int) -> dict[str, bool | int | str]:
    """What a cell is for nbgrader, in its own terms."""
    kinds = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"grade_id": grade_id, "schema_version": 3, **kinds, **more}


def _is_profile(cell: nbformat.NotebookNode) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def write(folder: Path, paths: list[Path]) -> list[Assignment]:
    """Write the course into the empty folder `folder`; return its assignments, without notebooks that ask nothing."""
    found = [one for one in map(assignment, paths) if one.items]
    shutil.copy(CONFIG, folder)
    for one in found:
        place = folder / "source" / one.name
        place.mkdir(parents=True)
        nbformat.write(convert(one), place / one.path.name)
    return found


def main(arguments: list[str] | None = None) -> int:
    plain_output()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("names", nargs="*", help='notebooks ("02 02b"), or core, deeper, all (the default)')
    parser.add_argument("--notebooks", type=paths.given, default=NOTEBOOKS, help="the folder they are in")
    parser.add_argument("--out", type=paths.given, default=OUT, help="where it goes (default build/nbgrader)")
    options = parser.parse_args(arguments)
    try:
        with owned.written(options.out) as fresh:
            found = write(fresh, chosen(options.names, options.notebooks, default="all"))
    except (DataError, NotebookError) as error:
        raise SystemExit(str(error)) from None
    for one in found:
        quizzes = sum(item.is_quiz for item in one.items)
        print(
            f"{one.name}: {len(one.items) - quizzes} exercises, {quizzes} quiz questions, {one.points} points"
        )
    print(f"copy {options.out} to where your class will live, and go on there (docs/grading.md)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
