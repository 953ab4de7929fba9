"""Who tried which run, from when to when: empty files whose names and dates tell it, so they outlive the workers.

    attempt = attempts.begin(folder, run=3)
    attempt.seen()  # in every step
    attempt.finish()

    attempts.read(folder)

Notebook 10b calls `begin` on its workers, and draws what `read` returns.
"""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from helpers.arguments import whole_number

UNDER_WAY, FINISHED = ".under-way", ".finished"


@dataclass(frozen=True)
class Attempt:
    """One try at a run. `worker` is "01" for the first process that began one; times are seconds since 1970.

    `ended` is when it finished, or when it was last seen.
    """

    run: int
    worker: str
    began: float
    ended: float
    finished: bool


class Ongoing:
    """An attempt that this process has begun."""

    def __init__(self, path: Path, number: int) -> None:
        self._path = path
        self.number = number  # 1 for the first attempt at this run

    def seen(self) -> None:
        """Note that it is still alive."""
        os.utime(self._path)

    def finish(self) -> None:
        """Note that it is done."""
        self.seen()
        self._path = self._path.rename(self._path.with_suffix(FINISHED))


class Scratch:
    """Gives new, empty folders below `parent`; they are removed with all that's in them when Python ends."""

    def __init__(self, parent: Path) -> None:
        self._place = tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True)

    def new_folder(self) -> Path:
        """A folder that was not there before."""
        return Path(tempfile.mkdtemp(dir=self._place.name))


def begin(folder: Path, run: int) -> Ongoing:
    """Note in `folder`, which is made if need be, that this process begins the run with this number, 0 or higher."""
    run = whole_number(run, "run", least=0)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = sum(int(path.stem.split("-")[1]) == run for path in _notes(folder))
    path = folder / f"{time.time_ns()}-{run}-{os.getpid()}{UNDER_WAY}"
    path.touch()
    return Ongoing(path, earlier + 1)


def read(folder: Path) -> list[Attempt]:
    """All attempts in a folder, in the order in which they began. One that isn't finished may still be under way."""
    found, workers = [], {}
    for path in sorted(_notes(folder), key=lambda path: int(path.stem.split("-")[0])):
        nanoseconds, run, process = path.stem.split("-")
        worker = workers.setdefault(process, f"{len(workers) + 1:02}")
        began = int(nanoseconds) / 1e9
        # a file's date may be a few milliseconds behind the clock
        ended = max(began, path.stat().st_mtime)
        found.append(Attempt(int(run), worker, began, ended, path.suffix == FINISHED))
    return found


def _notes(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*-*-*") if path.suffix in (UNDER_WAY, FINISHED)]
