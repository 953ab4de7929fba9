"""Remove what the course's tools made: the marked folders in build/, and the caches. `make clean` calls this.

What somebody else put there, or changed, is kept and named. It needs nothing but Python's standard library.
"""

import shutil
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this one runs outside .venv
    raise SystemExit("make clean needs Python 3.11 or later: run `make clean PYTHON=python3.12`")

from helpers import owned
from helpers.errors import DataError
from helpers.paths import ROOT

# Caches and package notes: each has a file that says what it is.
CACHES = {".pytest_cache": "CACHEDIR.TAG", ".ruff_cache": "CACHEDIR.TAG", "cnn_course.egg-info": "PKG-INFO"}
WORK = "work"  # helpers/notebook/work_folder.py


def clean(root: Path = ROOT) -> list[str]:
    """Remove what is ours below `root`; return a sentence for each thing in build/ that is kept."""
    build, kept = root / "build", []
    if build.is_dir():
        kept = [reason for place in sorted(build.iterdir()) if (reason := _removed_or_why_not(place))]
        if not kept and not build.is_symlink():
            build.rmdir()
    for name, sign in CACHES.items():
        if (root / name / sign).is_file() and not (root / name).is_symlink():
            shutil.rmtree(root / name)
    return kept


def _removed_or_why_not(place: Path) -> str:
    """Remove a folder of build/ if it is ours, or empty; else say why it is kept."""
    if place.name == WORK:
        return f"{place} is where notebooks keep what they write, and what you may have put beside it."
    if reason := owned.refusal(place):
        return reason
    try:
        if any(place.iterdir()):
            owned.remove(place)
        else:
            place.rmdir()
    except (DataError, OSError) as error:
        return str(error)
    return ""


def main() -> int:
    for sentence in clean():
        print(f"kept: {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
