"""One run of a sweep: one notebook with one seed, on whichever machine a Dask worker is.

`measure` and all that it uses of `tools` is sent to the worker (`cluster.py` tells cloudpickle so), together with the
notebook and execute.py as text. So a worker needs the packages, the course's `helpers`, installed or in the folder
that it was started in, and, in `full`, the data. Nothing here may therefore use a file of this folder.
"""

import hashlib
import importlib.util
import json
import os
import re
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.notebooks.conditions import machine, settings, versions
from tools.notebooks.files import find_failure, read
from tools.notebooks.one import BEFORE, Runs, Stopped, environment, listen

# Dask sets these for its workers; the notebook is to run as it does anywhere else.
SET_BY_DASK = ("PYTHONHASHSEED", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")
# Without these a notebook starts workers of its own. With them it would hand its tasks to the workers of the sweep,
# which may all be waiting for notebooks.
OF_THE_CLUSTER = ("CNN_DASK_SCHEDULER", "DASK_SCHEDULER_ADDRESS")

NEEDED = ("papermill", "nbclient", "ipykernel", "tensorflow")
LONGEST = 2000  # characters of an error
_FULL_DISK = re.compile(r"Errno 28|No space left|Disk quota")


@dataclass(frozen=True)
class Task:
    """What to run, and how."""

    notebook: str
    profile: str
    seed: int
    threads: int
    limit: int  # seconds, after which the run is ended
    content: str  # the notebook, without outputs
    program: str  # execute.py
    # path below the course's folder → SHA-256 of the file
    helpers: dict[str, str] = field(default_factory=dict)
    strict: bool = False  # a false claim ends the run, as in `make course`, and the executed copy is wanted

    @property
    def key(self) -> tuple[str, int, int]:
        """Notebook, seed and threads: what makes a run one of its kind."""
        return self.notebook, self.seed, self.threads

    def __str__(self) -> str:
        return f"{self.notebook}, seed {self.seed}, {in_threads(self.threads)}"


@dataclass(frozen=True)
class Outcome:
    """What came of a run; `failure` says why there are no claims, or not all of them.

    If the notebook itself raised an error (`by_notebook`), that is a result too; else the run says nothing about it.
    """

    claims: list[dict[str, Any]] = field(default_factory=list)  # sentence, value, bounds, form
    failure: str | None = None
    by_notebook: bool = False
    unfit: bool = False  # the machine is the reason: another one may do it
    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_mb: float = 0.0
    machine: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    executed: str = ""  # the notebook with its outputs, from a strict task


def in_threads(threads: int) -> str:
    """ "one thread", "two threads"."""
    return {1: "one thread", 2: "two threads"}.get(threads, f"{threads} threads")


def measure(task: Task) -> Outcome:
    """Run the notebook and return what it claimed, with the exact numbers. Raises nothing that can be foreseen."""
    began, host = time.monotonic(), socket.gethostname()
    if reason := unfit(task.helpers):
        return Outcome(failure=reason, unfit=True)
    try:
        folder = course_folder()
        with tempfile.TemporaryDirectory(
            prefix="sweep-", dir=_scratch(), ignore_cleanup_errors=True
        ) as place:
            found = _run(task, folder, Path(place))
        if other := _differing(task.helpers, folder):
            found |= {"failure": f"{other[0]} was changed while it ran", "by_notebook": False}
    except (OSError, ValueError, KeyError, TypeError) as error:
        # a full disk, or a file that it has cut off
        where = f" {error.filename}" if getattr(error, "filename", None) else ""
        found = {"failure": f"{host}:{where} {getattr(error, 'strerror', None) or error!r}"}
    if found.get("failure"):
        found["failure"] = _plain(found["failure"])
    return Outcome(
        **found, seconds=round(time.monotonic() - began, 1), machine=machine(),
        versions=versions(), settings=_settings(),
    )  # fmt: skip


def _scratch() -> str | None:
    """The folder of this Dask worker, which is removed with it; None outside of one."""
    from distributed import get_worker

    try:
        return get_worker().local_directory
    except ValueError:
        return None


def course_folder() -> Path | None:
    """The folder that holds `helpers`: the one this worker was started in, or where it is installed."""
    if (Path.cwd() / "helpers" / "__init__.py").is_file():
        return Path.cwd()
    found = importlib.util.find_spec("helpers")
    return Path(found.origin).parent.parent if found and found.origin else None


def unfit(helpers: dict[str, str]) -> str:
    """Why this machine cannot make runs with these helpers (path → SHA-256); "" if it can."""
    host, folder = socket.gethostname(), course_folder()
    if folder is None:
        return f"the worker on {host} has no `helpers`: start it in the course's folder, or install the course there"
    if other := _differing(helpers, folder):
        more = f" and {len(other) - 3} more" if len(other) > 3 else ""
        named = ", ".join(other[:3]) + more
        return f"the worker on {host} has other helpers ({named}, in {folder}): give it the same course"
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        return f"the worker on {host} has no {', '.join(missing)}: install the course's packages there"
    return ""


def _differing(helpers: dict[str, str], folder: Path) -> list[str]:
    """The files that are not as they should be."""
    return [path for path, digest in helpers.items() if _sha256(folder / path) != digest]


def _settings() -> dict[str, str]:
    """What is set here otherwise than the course has it; not the course's own variables, which name places."""
    found = settings().items()
    return {name: value for name, value in found if not name.startswith("CNN_") and name not in SET_BY_DASK}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _run(task: Task, folder: Path, place: Path) -> dict[str, Any]:
    """Execute the notebook in an empty folder; return fields of `Outcome`."""
    notebook, program, copy, claims = (
        place / name for name in ("notebook.ipynb", "execute.py", "executed.ipynb", "claims.jsonl")
    )
    notebook.write_text(task.content, encoding="utf-8")
    program.write_text(task.program, encoding="utf-8")
    env = {
        **environment(task.profile, task.threads, strict=task.strict),
        "CNN_SEED": str(task.seed),
        "CNN_CLAIMS": str(claims),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])),
    }
    for name in (*SET_BY_DASK, *OF_THE_CLUSTER):
        env.pop(name, None)
    command = [sys.executable, str(program), str(notebook), str(copy), "--cell-timeout", str(task.limit)]
    runs, found, error = Runs(), {}, None
    alarm = threading.Timer(task.limit, runs.stop)
    alarm.daemon = True
    alarm.start()
    try:
        end = listen(command, env, place, lambda cell: None, runs)
        if (end.failure or "").startswith(BEFORE):  # a kernel may lose a race for its ports: once more
            end = listen(command, env, place, lambda cell: None, runs)
        found = {"processor_seconds": end.processor_seconds, "peak_mb": end.peak_mb}
        error = find_failure(read(copy)) if copy.exists() else None
        failure = error or end.failure
    except Stopped:
        failure = f"it took longer than {task.limit} seconds; --limit sets how long a run may take"
    finally:
        alarm.cancel()
    if task.strict and copy.exists():
        found["executed"] = copy.read_text(encoding="utf-8")
    lines = claims.read_text(encoding="utf-8").splitlines(keepends=True) if claims.exists() else []
    # a kernel may have died while it wrote a line
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    made = {claim["sentence"]: claim for claim in whole}
    return {
        **found, "failure": failure, "claims": list(made.values()),
        "by_notebook": bool(error) and not _FULL_DISK.search(error),
    }  # fmt: skip


def _plain(text: str) -> str:
    """An error's text without the colors that IPython puts into it, and not the whole of a book."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)[:LONGEST]
