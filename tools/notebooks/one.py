"""Run one notebook: in a program of its own, so that it can be ended, timed and measured by itself.

That program is execute.py. What it leaves is put beside the other executed copies; nothing of anybody else's is lost.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.notebooks.execute import end_below
from tools.notebooks.files import (
    ROOT,
    NotebookError,
    count_claims,
    find_failure,
    put,
    read,
    read_json,
    take_away,
)

BEFORE = "before its first cell"  # where a run ended that never began
CELL_TIMEOUT = {"quick": 900, "full": 6 * 3600}  # seconds: generous, so that only what hangs is ended


class Stopped(Exception):
    """The person has pressed Ctrl-C, so this run is over."""


@dataclass(frozen=True)
class Result:
    """What running one notebook came to."""

    notebook: str
    seconds: float  # by the clock, with the start of papermill and the kernel
    peak_mb: float
    passed: int
    claims: int
    failure: str | None = None  # where and why it stopped
    processor_seconds: float = 0.0  # of the kernel, with its imports


def threads_for(jobs: int) -> int:
    """How many threads each of `jobs` notebooks may use: so shared out, TensorFlow's threads do not fight."""
    return max(1, (os.cpu_count() or 1) // jobs)


def environment(profile: str, threads: int, *, strict: bool = True) -> dict[str, str]:
    """The variables a notebook runs under; `strict`: a false claim ends it."""
    counts = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(counts, str(threads)),
        "CNN_PROFILE": profile,
        "CNN_STRICT": str(int(strict)),
        "CNN_LIVE": "0",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # the course's folder stays as it is
    }


class Runs:
    """The programs that execute notebooks at this moment, so that they can be ended together."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()
        self.stopped = False

    @contextmanager
    def started(self, command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
        """A program that belongs to these runs while the block lasts. Raises Stopped if they have been ended."""
        with self._lock:
            if self.stopped:
                raise Stopped
            process = subprocess.Popen(command, **options)
            self._running.add(process)
        try:
            with process:
                yield process
        finally:
            self._running.discard(process)
        if self.stopped:
            raise Stopped

    def stop(self) -> None:
        """End all of them: first their kernels, so that they tidy up and end by themselves."""
        with self._lock:
            self.stopped = True
            processes = list(self._running)
        for process in processes:
            end_below(process.pid)
        deadline = time.monotonic() + 5
        for process in processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                end_below(process.pid)
                process.kill()


def run(
    notebook: Path,
    copy: Path,
    env: dict[str, str],
    on_step: Callable[[int, int], None] = lambda done, of: None,
    *,
    cell_timeout: int = CELL_TIMEOUT["quick"],
    runs: Runs | None = None,
) -> Result:
    """Execute one notebook into `copy`; what a failed run leaves is kept as NAME.failed.ipynb, and `copy` is removed.

    `on_step` gets the number of the cell that starts and how many there are. A file in the way that we did not write,
    or that was changed since, is kept as NAME.kept-1.ipynb. Raises Stopped once `runs` are stopped.
    """
    failed = copy.with_suffix(".failed.ipynb")
    report = copy.with_suffix(".json")
    try:
        cells = len(read_json(notebook)["cells"])
    except NotebookError as error:
        return Result(notebook.stem, 0, 0, 0, 0, str(error))
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as folder:
        part = Path(folder) / "executed.ipynb"
        started = time.monotonic()
        command = [
            sys.executable, "-m", "tools.notebooks.execute", str(notebook.resolve()), str(part),
            "--cell-timeout", str(cell_timeout),
        ]  # fmt: skip
        end = listen(command, env, ROOT, lambda done: on_step(done, cells), runs or Runs())
        seconds = round(time.monotonic() - started, 1)
        executed = read(part) if part.exists() else None
        failure = (executed and find_failure(executed)) or end.failure
        for stale in (copy, report, failed):
            take_away(stale)
        if executed:
            put(failed if failure else copy, part.read_bytes())
    passed, claims = count_claims(executed) if executed else (0, 0)
    return Result(notebook.stem, seconds, end.peak_mb, passed, claims, failure, end.processor_seconds)


@dataclass
class End:
    """What the program that executes a notebook has said."""

    failure: str | None = None
    peak_mb: float = 0.0
    processor_seconds: float = 0.0


def listen(
    command: list[str],
    env: Mapping[str, str],
    cwd: Path,
    on_step: Callable[[int], None],
    runs: Runs,
) -> End:
    """Start execute.py by `command`, listen to it, and return what it said in the end.

    A sweep sends this function to other machines, so it uses nothing of the course's folder.
    """
    end, cell, error = End(), None, None
    with tempfile.TemporaryFile() as words:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": words}
        with runs.started(command, env=env, cwd=cwd, **pipes) as process:
            for line in process.stdout:
                event = _event(line)
                if "cell" in event:
                    cell = event
                    on_step(event["cell"])
                elif "peak_mb" in event:
                    end.peak_mb, end.processor_seconds = event["peak_mb"], event["processor_seconds"]
                error = event.get("error", error)
        if process.returncode:
            where = BEFORE
            if cell:
                where = f"cell {cell['cell']} ({cell['id'] or 'no id'}): {cell['first']}"
            end.failure = f"{where}\n{error or _last_words(words)}"
    return end


def _event(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:  # something else has written to its standard output
        return {}
    return found if isinstance(found, dict) else {}


def _last_words(words: Any) -> str:
    words.seek(0)
    told = words.read()[-6000:].decode(errors="replace").splitlines()
    lines = [line for line in told if line.strip() and "running over TCP without encryption" not in line]
    return "\n".join(lines[-6:]) or "the run ended without a word (was it killed, or out of memory?)"
