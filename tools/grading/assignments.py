"""What of a notebook is graded: its exercises and its quiz questions, what they are worth, and how they are asked.

`nbgrader.py` makes cells with points of them, `grade.py` finds them in what learners hand in.
"""

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from helpers.exercises.needed import names_in, statements
from tools.notebooks.files import NotebookError, code_cells, read
from tools.selection import number

POINTS = {"exercise": 5, "quiz": 1}
# A call of a check at the beginning of a line. The course's modules are called nb02 or nb02b.
CHECK = re.compile(r"^[ \t]*(nb\d\d[a-z]?)\.(\w+)\.check\(", re.MULTILINE)


@dataclass(frozen=True)
class Item:
    """One thing that is graded, as it stands in the course's notebook."""

    module: str  # "nb02"
    name: str  # "stamp"
    cell_id: str
    source: str  # the cell, with its blanks and its check
    answers: tuple[str, ...]  # what is given to the check: ("value",); for a quiz the blank, ("____",)

    @property
    def key(self) -> str:
        """ "nb02.stamp", by which it is called in the code too."""
        return f"{self.module}.{self.name}"

    @property
    def is_quiz(self) -> bool:
        """Whether it is a quiz question."""
        return self.answers == ("____",)

    @property
    def points(self) -> int:
        """What a right answer counts."""
        return POINTS["quiz" if self.is_quiz else "exercise"]


@dataclass(frozen=True)
class Assignment:
    """A notebook of the course, and what of it is graded."""

    path: Path
    notebook: nbformat.NotebookNode
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """ "02_cnn_basics"."""
        return self.path.stem

    @property
    def points(self) -> int:
        """What all right answers count together."""
        return sum(item.points for item in self.items)

    def importing(self, module: str) -> str:
        """The statement that imports a module of exercises, as in the notebook, and that module alone."""
        for cell in code_cells(self.notebook):
            for statement in statements(cell.source):
                if module in names_in(statement).defined:
                    if (parent := re.match(r"from ([\w.]+) import ", statement)) is not None:
                        return f"from {parent[1]} import {module}"
                    return f"import {module}"
        raise NotebookError(f"{self.path.name} has cells of {module}, and imports no {module}.")


def assignment(path: Path) -> Assignment:
    """The notebook at `path` with what is graded in it.

    Raises NotebookError if it cannot be read, or if the same exercise is checked in two cells.
    """
    notebook = read(path)
    found: dict[str, Item] = {}
    for cell in code_cells(notebook):
        for module, name in CHECK.findall(cell.source):
            if "id" not in cell:
                raise NotebookError(f"{path.name} has cells without ids: save it with JupyterLab 4.")
            item = Item(module, name, cell.id, cell.source, _given(cell.source, f"{module}.{name}.check"))
            if item.key in found:
                raise NotebookError(f"{path.name} checks {item.key} in two cells; it can count only once.")
            found[item.key] = item
    return Assignment(path, notebook, tuple(found.values()))


@functools.cache
def assignments(paths: tuple[Path, ...]) -> dict[str, Assignment]:
    """Several notebooks by the name of their module of exercises ("nb02"); those without exercises are left out."""
    every = [assignment(path) for path in paths]
    return {f"nb{number(one.path)}": one for one in every if one.items}


def _given(source: str, call: str) -> tuple[str, ...]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == call:
            return tuple(map(ast.unparse, node.args))
    raise NotebookError(f"{call} is in a cell, but not as a call.")
