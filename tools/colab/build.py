"""Write build/colab/*.ipynb: each notebook as one file that runs alone on Colab, helpers and data inside.

`make colab` calls this. It takes seconds and needs nothing but Python's standard library. What is added to a
notebook is one cell of text and one of code, right below the title; outputs are left out, because they belong to
another machine.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

if sys.version_info < (3, 11):  # noqa: UP036 - this one runs outside .venv
    raise SystemExit("make colab needs Python 3.11 or later: make colab PYTHON=python3.12")

from helpers import owned
from tools.colab.payload import ROOT, archive, entries, files
from tools.selection import NOTEBOOKS, all_notebooks, chosen

OUT = ROOT / "build" / "colab"
LIMIT = 10_000_000  # bytes of one notebook
LINE = 1000  # characters: editors slow down where a line is very long, and where there are very many
GUARD = "# No module named 'helpers'?"  # how the line starts that plain notebooks have above `from helpers import`
NOTE = """\
**This is the Colab edition of the notebook: one file that runs alone.**
The cell below holds the course's helpers and data.
Run it first, or choose *Runtime → Run all*.

- *Real data, full size*: write `"full"` instead of `"quick"` in the cell that says `PROFILE`.
- *GPU*: `quick` needs none. For `full`, choose *Runtime → Change runtime type → T4 GPU* before you begin.
- *Your changes*: Colab keeps them only in a copy, *File → Save a copy in Drive*.
"""
START = '''\
# @title Run this cell first: it unpacks the course's helpers and data ({size}, inside this cell)
_files = """
{text}
"""


def _start(name):
    import base64, io, types, zipfile

    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(_files)))
    colab_start = types.ModuleType("colab_start")
    exec(archive.read("colab_start.py"), vars(colab_start))
    colab_start.start(archive, name)


_start("{name}")
'''
HIDDEN = {"cellView": "form", "jupyter": {"source_hidden": True}}  # Colab's way and JupyterLab's
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])+)\]\((?!https?://)[\w./-]+\.\w+(?:#[^)]*)?\)")


def convert(notebook: dict[str, Any], name: str, root: Path = ROOT) -> dict[str, Any]:
    """The Colab edition of `notebook`, a .ipynb file as parsed JSON, called `name` without its ending."""
    code, texts = (
        ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]
        for kind in ("code", "markdown")
    )
    packed = archive(files(code, texts, root))
    label = f"{name}-{hashlib.sha256(packed).hexdigest()[:8]}"  # another version gets a folder of its own
    text = "\n".join(encoded(packed))
    start = START.format(size=worded(len(text)), text=text, name=label)
    title, *rest = [stripped(cell) for cell in notebook["cells"]]
    return {
        "cells": [title, text_cell("colab-note", NOTE), start_cell("colab-start", start), *rest],
        "metadata": {
            "colab": {"name": f"{name}.ipynb", "provenance": [], "toc_visible": True},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def stripped(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell without outputs, without links to other files, and without a warning that does not apply here.

    Code that JupyterLab hides is hidden on Colab too.
    """
    source = "".join(cell["source"])
    metadata = {"tags": cell["metadata"]["tags"]} if cell["metadata"].get("tags") else {}
    kept = {"cell_type": cell["cell_type"], "id": cell["id"], "metadata": metadata}
    if cell["cell_type"] != "code":
        return {**kept, "source": lines(_LINK.sub(r"\1", source))}
    if cell["metadata"].get("jupyter", {}).get("source_hidden"):
        metadata |= HIDDEN
    source = re.sub(
        rf"^{re.escape(GUARD)}.*$", f"{GUARD} Run the cell at the top first.", source, flags=re.MULTILINE
    )
    return {**kept, "execution_count": None, "outputs": [], "source": lines(source)}


def text_cell(name: str, text: str) -> dict[str, Any]:
    """A cell of Markdown."""
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": lines(text.strip())}


def start_cell(name: str, code: str) -> dict[str, Any]:
    """A cell of code that Colab shows as its title, and JupyterLab as three dots."""
    return {
        "cell_type": "code", "execution_count": None, "id": name, "metadata": HIDDEN, "outputs": [],
        "source": lines(code.strip()),
    }  # fmt: skip


def encoded(packed: bytes) -> Iterator[str]:
    """The archive in base64, line by line; each file of it begins a new line."""
    for entry in entries(packed):
        text = base64.b64encode(entry).decode("ascii")
        yield from (text[start : start + LINE] for start in range(0, len(text), LINE))


def lines(text: str) -> list[str]:
    """A text as notebooks store it: a list of lines, each with its end."""
    return text.splitlines(keepends=True)


def worded(size: int) -> str:
    """A number of bytes for people: 1.3 MB."""
    return f"{size / 1e6:.1f} MB"


def write(path: Path, out: Path) -> int:
    """Write the Colab edition of the notebook at `path` into `out`; return its size in bytes."""
    notebook = convert(json.loads(path.read_text(encoding="utf-8")), path.stem)
    content = (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()
    if len(content) >= LIMIT:
        raise SystemExit(
            f"{path.stem}: its Colab edition has {worded(len(content))}; the limit is {worded(LIMIT)}"
        )
    owned.write_whole(out / path.name, content)
    owned.record(out, path.name)
    return len(content)


def check_place(out: Path, names: Iterable[str]) -> None:
    """Make the folder `out`; raises SystemExit where it cannot be, or where a file there is not ours or was changed."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(
            f"{out} cannot be a folder ({error.strerror}): choose another one with --out"
        ) from None
    kept = [name for name in names if not owned.may_overwrite(out / name)]
    if kept:
        raise SystemExit(
            f"nothing is written: {', '.join(kept)} in {out} was changed since it was made, or was not made by "
            "`make colab`. Move it to another folder, or choose another one with --out."
        )


def remove_stale(out: Path, known: Iterable[str]) -> None:
    """Remove the editions that we wrote, if nobody has changed them, of notebooks that have another name now."""
    for path in set(out.glob("*.ipynb")) - {out / name for name in known}:
        if owned.may_overwrite(path):
            path.unlink()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help='notebooks, for example "02 02b"; all without')
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help="the folder they are in")
    parser.add_argument("--out", type=Path, default=OUT, help="where the files go (default build/colab)")
    options = parser.parse_args(arguments)
    paths = chosen(options.names, options.notebooks, default="all")
    check_place(options.out, [path.name for path in paths])
    try:
        remove_stale(options.out, [path.name for path in all_notebooks(options.notebooks)])
        for path in paths:
            print(f"{path.stem}: {worded(write(path, options.out))}")
    except OSError as error:
        raise SystemExit(owned.cannot_write(options.out, error)) from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
