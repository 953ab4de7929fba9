"""Give a learner the course, and then become the learner's server. The hub and the container call this.

    python -m tools.hub.start jupyter lab      # the program that is to run, with its arguments

The course is copied into the folder `course` of the learner's home. A file that is there already is replaced only if
the learner has not changed it since it was copied; one that the learner has deleted comes back as new.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from helpers import owned
from helpers.paths import ROOT

COPIED = ("notebooks", "helpers", "GLOSSARY.md", "LICENSE", "pyproject.toml")


def course_files(root: Path) -> list[Path]:
    """What a learner gets, relative to the course's folder: no caches, nothing hidden."""
    places = [root / name for name in COPIED]
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place])]
    names = sorted(file.relative_to(root) for file in files if file.is_file())
    return [name for name in names if not any(part.startswith((".", "__pycache__")) for part in name.parts)]


def copy_course(root: Path, to: Path) -> list[Path]:
    """Copy the course, or what has changed in it, and return the files that were left as the learner has them."""
    kept, written = [], {}
    for name in course_files(root):
        source, target = root / name, to / name
        if not owned.may_overwrite(target):
            if target.read_bytes() != source.read_bytes():
                kept.append(name)
            continue
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            written.setdefault(target.parent, []).append(target.name)
    for folder, names in written.items():
        owned.record(folder, *names)
    return kept


def main(command: list[str]) -> NoReturn:
    if not command:
        raise SystemExit("name the program to start, for example: python -m tools.hub.start jupyter lab")
    course = Path.home() / "course"
    kept = copy_course(ROOT, course)
    print(f"the course is in {course}; {len(kept)} files of the learner's own stay as they are", flush=True)
    os.chdir(course)
    os.environ["PYTHONPATH"] = str(course)  # a notebook imports the learner's copy of `helpers`
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
