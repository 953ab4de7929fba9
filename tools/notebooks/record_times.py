"""Keep how long the quick runs took: helpers/assets/quick_times.json, and from it README.md's table.

    make course && .venv/bin/python tools/notebooks/record_times.py

`--table` makes only the table again. Notebook 00 draws the same file, so the two cannot drift apart.
"""

import argparse
import datetime
import json
import re
import sys
from pathlib import Path

import nbformat

from helpers.notebook import course_map
from tools.notebooks.files import ROOT, all_notebooks, code_cells, read, write_json
from tools.notebooks.record_results import made_where

README = ROOT / "README.md"
_TABLE = re.compile(r"\| notebook \| the question it answers \| quick run \|\n(?:\|.*\n)+")


def measured(folder: Path, names: list[str]) -> dict[str, int]:
    """Notebook name → whole seconds from its first cell to its last, in the copies that `make course` left in `folder`.

    That is what a reader waits for after *Run All*; starting papermill and a kernel, some seconds, is not counted.
    Raises SystemExit that names what is missing or failed.
    """
    reports = {name: folder / f"{name}.json" for name in names}
    missing = [name for name, path in reports.items() if not path.exists()]
    if missing:
        raise SystemExit(f"no finished run of {', '.join(missing)} in {folder}: make course")
    runs = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in reports.items()}
    failed = [name for name, run in runs.items() if run["failure"]]
    if failed:
        raise SystemExit(f"these runs failed, so their times mean nothing: {', '.join(failed)}")
    return {name: round(_seconds_of_cells(read(folder / f"{name}.ipynb"))) for name in names}


def _seconds_of_cells(executed: nbformat.NotebookNode) -> float:
    return sum(cell.metadata.papermill.duration for cell in code_cells(executed))


def with_table(readme: str, table: str) -> str:
    """The README's text with its table of notebooks replaced. Raises SystemExit if it has none."""
    if not _TABLE.search(readme):
        raise SystemExit(
            "README.md has no table that begins with | notebook | the question it answers | quick run |"
        )
    return _TABLE.sub(lambda _: table + "\n", readme, count=1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=ROOT / "build" / "course", help="the executed copies"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many ran at a time (make course JOBS=...)")
    parser.add_argument("--table", action="store_true", help="only make the README's table again")
    options = parser.parse_args(arguments)
    if not options.table:
        names = [path.stem for path in all_notebooks()]
        seconds = measured(options.folder, names)
        began = min((options.folder / f"{name}.json").stat().st_mtime for name in names)
        how = (
            "one notebook at a time"
            if options.jobs == 1
            else f"{options.jobs} notebooks at a time, one core each"
        )
        content = {
            **made_where(),
            "date": datetime.datetime.fromtimestamp(began, datetime.UTC).date().isoformat(),
            "how": f"{how}, from the first cell to the last",
            "seconds": seconds,
        }
        write_json(course_map.TIMES, content)
    text = README.read_text(encoding="utf-8")
    README.write_text(with_table(text, course_map.table(folder="notebooks/")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
