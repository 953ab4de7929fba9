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
import textwrap
from pathlib import Path
from typing import Any

if sys.version_info < (3, 11):  # noqa: UP036 - this one runs outside .venv
    raise SystemExit("make colab needs Python 3.11 or later: say make colab PYTHON=python3.12")

from tools.colab.payload import ROOT, archive, files

OUT = ROOT / "build" / "colab"
LIMIT = 10_000_000  # bytes of one notebook
LINE = 1000  # characters: editors slow down where a line is very long, and where there are very many
GUARD = "# No module named 'helpers'?"  # how the line starts that plain notebooks have above `from helpers import`
NOTE = """\
**This is the Colab edition of the notebook: one file that runs alone.**
The cell below brings the course's helpers and data along.
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
    import base64, io, shutil, sys, zipfile
    from pathlib import Path

    home = Path("course_files").resolve() / name
    if not home.is_dir():  # the second time it is there
        part = home.with_name(name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        zipfile.ZipFile(io.BytesIO(base64.b64decode(_files))).extractall(part)
        part.rename(home)
    sys.path[:] = [str(home), *(place for place in sys.path if place != str(home))]
    from tools.colab import colab_start

    colab_start.start(home)


_start("{name}")
'''
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])+)\]\((?!https?://)[\w./-]+\.\w+(?:#[^)]*)?\)")


def convert(notebook: dict[str, Any], name: str, root: Path = ROOT) -> dict[str, Any]:
    """The Colab edition of `notebook`, a .ipynb file as parsed JSON, called `name` without its ending."""
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    packed = archive(files(code, root))
    label = f"{name}-{hashlib.sha256(packed).hexdigest()[:8]}"  # another version gets a folder of its own
    text = "\n".join(textwrap.wrap(base64.b64encode(packed).decode("ascii"), LINE))
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
    """The cell without outputs, without links to other files, and without a warning that does not apply here."""
    source = "".join(cell["source"])
    tags = cell["metadata"].get("tags", [])
    kept = {"cell_type": cell["cell_type"], "id": cell["id"], "metadata": {"tags": tags} if tags else {}}
    if cell["cell_type"] != "code":
        return {**kept, "source": lines(_LINK.sub(r"\1", source))}
    guard = re.compile(rf"^{re.escape(GUARD)}.*$", re.MULTILINE)
    source = guard.sub(f"{GUARD} Run the cell at the top first.", source)
    return {**kept, "execution_count": None, "outputs": [], "source": lines(source)}


def text_cell(name: str, text: str) -> dict[str, Any]:
    """A cell of Markdown."""
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": lines(text.strip())}


def start_cell(name: str, code: str) -> dict[str, Any]:
    """A cell of code that Colab shows as its title, and JupyterLab as three dots."""
    metadata = {"cellView": "form", "jupyter": {"source_hidden": True}}
    return {
        "cell_type": "code", "execution_count": None, "id": name, "metadata": metadata, "outputs": [],
        "source": lines(code.strip()),
    }  # fmt: skip


def lines(text: str) -> list[str]:
    """A text as notebooks store it: a list of lines, each with its end."""
    return text.splitlines(keepends=True)


def worded(size: int) -> str:
    """A number of bytes for people: 1.3 MB."""
    return f"{size / 1e6:.1f} MB"


def write(path: Path, out: Path) -> int:
    """Write the Colab edition of the notebook at `path` into `out`; return its size in bytes."""
    notebook = convert(json.loads(path.read_text(encoding="utf-8")), path.stem)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    size = len(text.encode())
    if size >= LIMIT:
        raise SystemExit(f"{path.stem}: its Colab edition has {worded(size)}; the limit is {worded(LIMIT)}")
    part = out / f"{path.name}.part"
    part.write_text(text, encoding="utf-8")
    part.replace(out / path.name)
    return size


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help='notebooks, for example "02"; all without')
    parser.add_argument("--notebooks", type=Path, default=ROOT / "notebooks", help="the folder they are in")
    parser.add_argument("--out", type=Path, default=OUT, help="where the files go (default build/colab)")
    options = parser.parse_args(arguments)
    known = sorted(options.notebooks.glob("[0-9][0-9]_*.ipynb"))
    chosen = [path for path in known if not options.names or path.stem.startswith(tuple(options.names))]
    if not chosen:
        parser.error(f"no such notebook; there are: {', '.join(path.stem for path in known)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in options.out.glob("*.ipynb")} - {path.name for path in known}:
        (options.out / stale).unlink()  # its notebook has another name now
    for path in chosen:
        print(f"{path.stem}: {worded(write(path, options.out))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
