"""A folder for what a notebook writes, checkpoints and the like, that no other running kernel uses.

The same notebook may be open twice, or run in the background while someone reads it. So each process locks the folder
it takes, and a second one takes the next: `03_mnist-quick`, `03_mnist-quick-2`, … The system lets go of the lock when
the process ends, however it ends, and the folder is used again. So folders don't pile up, and none is ever deleted,
whatever a reader has put into it. `Lesson.folder` takes it.
"""

import getpass
import os
import re
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from helpers.notebook.frontend import safe_print
from helpers.paths import ROOT, short

MOST = 100  # folders of one notebook: more than anyone runs at once
_held: dict[tuple[str, str], tuple[Path, FileLock]] = {}  # keeps the locks for as long as this process runs


def take(notebook: str, profile: str) -> Path:
    """This process's folder for a notebook and a profile, which exists; the same one at each call.

    It is in `build/work` of the course's folder, or in `course_files/work` of the current folder on Colab. Where
    neither can be written to, it is in the system's temporary folder, and one printed line says so. Raises OSError
    where that fails too.
    """
    if (notebook, profile) not in _held:
        _held[notebook, profile] = _new(_file_name(f"{notebook}-{profile}"))
    folder, _ = _held[notebook, profile]
    folder.mkdir(parents=True, exist_ok=True)  # someone may have tidied up meanwhile
    return folder


def _new(name: str) -> tuple[Path, FileLock]:
    failed = []
    for place in (_of_the_course, _temporary, _of_this_process):
        base = None
        try:
            base = place()
            taken = _free_one(base, name)
        except (OSError, NotImplementedError) as error:  # the latter: file systems that have no locks
            unnamed = "the current folder" if place is _of_the_course else "the temporary folder"
            where = short(base) if base else unnamed
            failed.append(f"{where} can't be used ({getattr(error, 'strerror', None) or error})")
            continue
        if failed:
            safe_print(f"{failed[0]}, so this notebook keeps its files in {taken[0]}.")
        return taken
    raise OSError(
        f"There is no place for this notebook's files: {'; '.join(failed)}. Free or unlock one of them."
    )


def _of_the_course() -> Path:
    in_its_folder = (ROOT / "pyproject.toml").exists()
    return ROOT / "build" / "work" if in_its_folder else Path.cwd() / "course_files" / "work"


def _temporary() -> Path:
    return Path(tempfile.gettempdir(), _file_name(f"cnn-course-{_user()}"))


def _of_this_process() -> Path:
    return Path(tempfile.mkdtemp(prefix="cnn-course-"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return str(os.getuid()) if hasattr(os, "getuid") else "user"


def _free_one(base: Path, name: str) -> tuple[Path, FileLock]:
    """The first folder of this name that no other process holds, with its lock."""
    base.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST + 1):
        folder = base / (name if number == 1 else f"{name}-{number}")
        lock = FileLock(base / f"{folder.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            folder.mkdir(exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()  # a folder of someone else's may be there, but locked
        except (FileExistsError, NotADirectoryError, PermissionError):
            lock.release()
            continue
        except OSError:  # a full disk, say, is full for the next folder too
            lock.release()
            raise
        return folder, lock
    raise OSError(f"{MOST} folders named {name} are in use")


def _file_name(text: str) -> str:
    """`text` as a name that every system allows and that leaves room for a number: at most 120 bytes."""
    plain = re.sub(r"[^\w.-]+", "_", text).strip(".")
    return plain.encode()[:120].decode(errors="ignore") or "notebook"
