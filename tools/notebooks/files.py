"""What the tools and the tests know about the notebooks as files: where they are, and what their cells hold."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
PICTURE = ROOT / "docs" / "picture.png"  # what README.md shows
CHECKED = "nbval-check-output"
_ADDED = {"papermill-error-cell-tag", "injected-parameters"}  # cells that papermill puts in
_CLAIM = re.compile(r"^([✓✗]) claim: (.*) \(measured (.*?); needs (.*)\)$", re.MULTILINE)


def all_notebooks(folder: Path = NOTEBOOKS) -> list[Path]:
    """The course's notebooks in order."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def chosen(names: list[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks whose names begin with one of `names` ("02" or "02_cnn_basics"); all without names."""
    known = all_notebooks(folder)
    if not names:
        return known
    wanted = [Path(name).stem for name in names]
    unknown = [name for name in wanted if not any(path.stem.startswith(name) for path in known)]
    if unknown:
        raise SystemExit(
            f"no notebook called {', '.join(unknown)}; there are: {', '.join(p.stem for p in known)}"
        )
    return [path for path in known if any(path.stem.startswith(name) for name in wanted)]


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook at `path`, as stored."""
    return nbformat.read(path, as_version=4)


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
    """Every claim an executed notebook printed: its mark, sentence, measured value and condition."""
    found = [match for cell in code_cells(notebook) for match in _CLAIM.findall(printed(cell))]
    return [dict(zip(("mark", "sentence", "measured", "needs"), match, strict=True)) for match in found]


def find_failure(notebook: nbformat.NotebookNode) -> str | None:
    """Where an executed notebook stopped: cell number, id, first line and error; None if it did not."""
    ours = [cell for cell in notebook.cells if not _ADDED & set(cell.metadata.get("tags", []))]
    for number, cell in enumerate(ours, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                first = cell.source.strip().partition("\n")[0]
                return f"cell {number} ({cell.get('id', 'no id')}): {first}\n{output.ename}: {output.evalue}"
    return None


def readme_picture(notebook: nbformat.NotebookNode) -> tuple[bytes, str] | None:
    """The PNG and the alt text of the figure in the cell tagged `readme-picture`, if there is one."""
    for cell in code_cells(notebook):
        if "readme-picture" in cell.metadata.get("tags", []):
            figure = next(output for output in cell.outputs if "image/png" in output.get("data", {}))
            return base64.b64decode(figure.data["image/png"]), figure.metadata["image/png"]["alt"]
    return None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file so that it is either the old one or the whole new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
