"""What the tools and the tests know about the notebooks as files: whether they can be read, what is in their cells."""

import base64
import hashlib
import json
import math
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import owned
from helpers.paths import ROOT

# jsonschema, which looks a notebook through, would load a grammar of web addresses, for more than a second; it can do
# without, and a notebook's format has no addresses to check.
sys.modules.setdefault("rfc3987_syntax", None)
import nbformat  # noqa: E402

PICTURE = ROOT / "docs" / "picture.png"  # what docs/lessons.md shows
CHECKED = "nbval-check-output"
_ADDED = {"papermill-error-cell-tag", "injected-parameters"}  # cells that papermill puts in
_NOT_RUN = {"skip-execution"}  # cells that papermill passes over
# A claim's line, and what `Exercise.check` prints, which begins like one.
_CLAIM = re.compile(r"^([✓✗]) (?!Correct\. |Not yet\. )(.*) \((.*?)(?:; needs (.*))?\)$", re.MULTILINE)
_ROW = re.compile(r"^\| [✓✗] \| (.*) \| (?:.*) \| (.*) \|$", re.MULTILINE)
_CLAIMS_TABLE = "| | claim | measured | needs |\n"
_MERGE = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)


class NotebookError(ValueError):
    """A file is not a notebook that can be used; the message says in the reader's words what is wrong with it."""


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook at `path`, as stored. Raises NotebookError, which names the file, if it is none."""
    return nbformat.reads(json.dumps(read_json(path)), as_version=4)


def read_json(path: Path) -> dict[str, Any]:
    """The notebook at `path` as plain data, looked through so far that every cell has a type and a source.

    Raises NotebookError that names the file and says what is wrong and what to do.
    """
    again = f"To have it as it was last committed: git restore {path.name}, in its folder."
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise NotebookError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise NotebookError(f"{path.name} is not a notebook: its text is not UTF-8. {again}") from None
    if not text.strip():
        raise NotebookError(f"{path.name} is empty. {again}")
    try:
        content = json.loads(text)
    except ValueError as error:
        if mark := _MERGE.search(text):
            line = text.count("\n", 0, mark.start()) + 1
            raise NotebookError(
                f"{path.name} holds merge markers (line {line}): git could not join two versions of it. Choose one: "
                f"git checkout --ours {path.name}, or --theirs, in its folder."
            ) from None
        raise NotebookError(
            f"{path.name} is not a notebook, because it is not JSON ({error}). {again}"
        ) from None
    except RecursionError:
        raise NotebookError(f"{path.name} is not a notebook. {again}") from None
    if problem := _structure(content):
        raise NotebookError(f"{path.name} {problem} {again}")
    return content


def _structure(content: object) -> str:
    """What is wrong with a notebook as plain data, as the end of a sentence that begins with its name; or ""."""
    if not isinstance(content, dict) or "nbformat" not in content:
        return "is JSON, but not a notebook."
    if content["nbformat"] != 4:
        return f"has notebook format {content['nbformat']}, and the course uses 4: open it in JupyterLab and save it."
    cells = content.get("cells")
    if not isinstance(cells, list) or not isinstance(content.get("metadata"), dict):
        return "is a notebook without cells or metadata."
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            return f"has a cell of no known type, number {number}."
        source = cell.get("source")
        if not isinstance(source, str) and not (
            isinstance(source, list) and all(isinstance(line, str) for line in source)
        ):
            return f"has a cell without text, number {number}."
        if not isinstance(cell.get("metadata"), dict):
            return f"has a cell without metadata, number {number}."
        if cell["cell_type"] == "code" and not isinstance(cell.get("outputs"), list):
            return f"has a code cell without a list of outputs, number {number}."
    return ""


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Its code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def fingerprint(source: str) -> str:
    """A short hash of a cell's code, kept beside its output so that the two cannot drift apart."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def printed(cell: nbformat.NotebookNode) -> str:
    """All text that a cell wrote to standard output."""
    return "".join(out.text for out in cell.get("outputs", []) if out.get("name") == "stdout")


def count_claims(notebook: nbformat.NotebookNode) -> tuple[int, int]:
    """How many claims an executed notebook printed: (passed, all)."""
    marks = [claim["mark"] for claim in list_claims(notebook)]
    return marks.count("✓"), len(marks)


def list_claims(notebook: nbformat.NotebookNode) -> list[dict[str, str]]:
    """Every claim an executed notebook printed: its mark, sentence, measured value and condition.

    What a claim that holds had to be stands in the table of `Lesson.show_claims` alone; without it, it is "".
    """
    cells = code_cells(notebook)
    tables = [
        text
        for cell in cells
        for output in cell.outputs
        if (text := output.get("data", {}).get("text/markdown", "")).startswith(_CLAIMS_TABLE)
    ]
    conditions = {
        sentence.replace(r"\|", "|"): needs for table in tables for sentence, needs in _ROW.findall(table)
    }
    found = [match for cell in cells for match in _CLAIM.findall(printed(cell))]
    return [
        {
            "mark": mark,
            "sentence": sentence,
            "measured": measured,
            "needs": needs or conditions.get(sentence, ""),
        }
        for mark, sentence, measured, needs in found
    ]


EXERCISE = re.compile(r"\b(nb\d\d[a-z]?\.(?!quiz)\w+)\.check\(")
QUIZ = re.compile(r"\b(nb\d\d[a-z]?\.quiz_\w+)\.check\(____\)")


@dataclass(frozen=True)
class Length:
    """What a lesson asks of its reader."""

    words: int
    cells: int
    code_cells: int
    exercises: int
    quizzes: int

    @property
    def minutes(self) -> int:
        """An honest time to read and work through it, rounded up to five.

        A minute for 75 words and for each cell of code, 5 for an exercise, 1.5 for a quiz question: what close readings
        of ten lessons took.
        """
        exact = self.words / 75 + self.code_cells + 5 * self.exercises + 1.5 * self.quizzes
        return 5 * math.ceil(exact / 5)


def length(notebook: nbformat.NotebookNode) -> Length:
    """The lesson's words (formulas and code in the text left out), cells, exercises and quiz questions."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    plain = re.sub(r"\$\$.*?\$\$|`[^`]*`", "", text, flags=re.DOTALL)
    sources = [cell.source for cell in code_cells(notebook)]
    exercises = {name for source in sources for name in EXERCISE.findall(source)}
    quizzes = {name for source in sources for name in QUIZ.findall(source)}
    return Length(
        words=len(re.findall(r"[A-Za-z']+", plain)),
        cells=len(notebook.cells),
        code_cells=len(sources),
        exercises=len(exercises),
        quizzes=len(quizzes),
    )


def find_failure(notebook: nbformat.NotebookNode) -> str | None:
    """Where an executed notebook stopped: cell number, id, first line and error; None if it ran to its end.

    A cell that ended the run without an error, by `sys.exit(0)` or `exit()`, is a failure too: the rest was not run.
    """
    ours = [cell for cell in notebook.cells if not _ADDED & set(cell.metadata.get("tags", []))]
    for number, cell in enumerate(ours, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return f"{place(number, cell)}\n{output.ename}: {output.evalue}"
        runs = (
            cell.cell_type == "code"
            and cell.source.strip()
            and not _NOT_RUN & set(cell.metadata.get("tags", []))
        )
        if runs and cell.execution_count is None:
            return f"{place(number, cell)}\nit was not run: the run ended before it"
    return None


def place(number: int, cell: nbformat.NotebookNode) -> str:
    """A cell in words: "cell 3 (its-id): the first line of its code"."""
    return f"cell {number} ({cell.get('id', 'no id')}): {cell.source.strip().partition(chr(10))[0]}"


def readme_picture(notebook: nbformat.NotebookNode) -> tuple[bytes, str] | None:
    """The PNG and the alt text of the figure in the cell tagged `readme-picture`, if there is one."""
    for cell in code_cells(notebook):
        if "readme-picture" in cell.metadata.get("tags", []):
            figure = next(output for output in cell.outputs if "image/png" in output.get("data", {}))
            return base64.b64decode(figure.data["image/png"]), figure.metadata["image/png"]["alt"]
    return None


def as_json(content: dict[str, Any]) -> bytes:
    """Data as the tools store it: JSON that a person can read and git can compare."""
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def put(path: Path, content: bytes) -> Path | None:
    """Write a file into a folder of executed copies, and note in the folder's marker that it is ours.

    A file of that name which we did not write, or which was changed since, is kept under another name; that is
    returned.
    """
    kept = take_away(path)
    owned.write_whole(path, content)
    owned.record(path.parent, path.name)
    return kept


def take_away(path: Path) -> Path | None:
    """Remove a file if it is as we wrote it; else keep it under another name, which is returned."""
    if owned.may_overwrite(path):
        path.unlink(missing_ok=True)
        return None
    number = 1
    while os.path.lexists(kept := path.with_name(f"{path.stem}.kept-{number}{path.suffix}")):
        number += 1
    return path.rename(kept)
