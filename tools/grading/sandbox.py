"""Run a learner's code in a program of its own, with limits: time, memory, no network, and an empty folder to be in.

This holds mistakes, endless loops and idle curiosity. It is no prison: the code has the rights of whoever grades. For
learners whom you do not trust, grade in a container (docs/grading.md).
"""

import contextlib
import functools
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from helpers.exercises.core import Verdict
from helpers.paths import ROOT
from tools.grading.submissions import Step
from tools.notebooks.execute import end_below

_KEPT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "LANG",
    "TZ",
    "SYSTEMROOT",
)  # of the environment; nothing secret reaches an answer
_KEPT_KINDS = ("LC_", "OPENBLAS_", "TF_", "KERAS_")
_LOOK = 0.1  # seconds between looks at the memory
_NO_NETWORK = ("unshare", "--map-root-user", "--net", "--")  # a network of its own, with nothing in it


@dataclass(frozen=True)
class Limits:
    """What the answers of one notebook may take."""

    answer: float = 30  # seconds for each answer
    start: float = 120  # seconds for anything else, such as importing TensorFlow on a busy machine
    notebook: float = 300  # seconds for all
    memory_gb: float = 3.0


class SandboxError(RuntimeError):
    """The program that runs answers did not start, or was stopped; the message says why."""


def verdicts(
    steps: list[Step], limits: Limits, modules: Iterable[Path], stop: threading.Event
) -> dict[str, Verdict]:
    """What the checks say of every answer among the steps, by its key.

    A step that takes too long, or ends the program, is left out, and the others are run again without it. `modules`
    are folders with exercises of the teacher's own. Raises SandboxError if nothing can be run at all, or once `stop` is
    set.
    """
    found: dict[str, Verdict] = {}
    end = time.monotonic() + limits.notebook
    left = list(steps)
    while any(step.key and step.key not in found for step in left) and time.monotonic() < end:
        stopped = _run(left, limits, end, modules, found, stop)
        if stopped is None:
            break
        number, why = stopped
        step = left.pop(number)
        if step.key:
            found[step.key] = Verdict("wrong", why)
    late = Verdict(
        "wrong", f"It was not reached: the notebook's answers took more than {limits.notebook:g} s."
    )
    return {step.key: found.get(step.key, late) for step in steps if step.key}


def _run(
    steps: list[Step],
    limits: Limits,
    end: float,
    modules: Iterable[Path],
    found: dict[str, Verdict],
    stop: threading.Event,
) -> tuple[int, str] | None:
    """Run steps, and put what becomes of the answers into `found`; return which step stopped the run, and why."""
    job = {
        "steps": [asdict(step) for step in steps],
        "modules": [str(folder) for folder in modules],
        "memory": int(limits.memory_gb * 2**30),
        "programs": network_is_cut_off(),
    }
    command = [sys.executable, "-m", "tools.grading.answering"]
    if network_is_cut_off():
        command = [*_NO_NETWORK, *command]
    with (
        tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, cwd=folder, env=_environment(folder), start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        ) as process,
    ):  # fmt: skip
        try:
            return _follow(process, job, limits, end, found, errors, stop)
        finally:
            _end(process)


def _follow(
    process: subprocess.Popen,
    job: dict[str, Any],
    limits: Limits,
    end: float,
    found: dict[str, Verdict],
    errors: IO[bytes],
    stop: threading.Event,
) -> tuple[int, str] | None:
    events: queue.Queue[dict | None] = queue.Queue()
    threading.Thread(target=_listen, args=(process, json.dumps(job).encode(), events), daemon=True).start()
    number, why = None, ""
    until = min(end, time.monotonic() + limits.start)
    while not why:
        if stop.is_set():
            raise SandboxError("grading was stopped")
        try:
            event = events.get(timeout=_LOOK)
        except queue.Empty:
            event = {}
        if event is None:  # its output has ended
            why = "Your code ended the program that ran it (it crashed, or called os._exit)."
        elif "done" in event:
            return None
        elif "key" in event:
            found.setdefault(event["key"], Verdict(event["status"], event["message"]))
        elif "step" in event:
            number = event["step"]
            seconds = limits.answer if job["steps"][number]["key"] else limits.start
            until = min(end, time.monotonic() + seconds)
        if time.monotonic() > until:
            why = "Your code took too long and was ended. Is there a loop that never ends?"
        if _memory(process) > limits.memory_gb * 2**30:
            why = f"Your code took more than {limits.memory_gb:g} GB of memory and was ended."
    if number is None:
        errors.seek(0)
        raise SandboxError(errors.read()[-2000:].decode(errors="replace").strip() or why)
    return number, why


def _listen(process: subprocess.Popen, job: bytes, events: queue.Queue) -> None:
    """Give the program its job, and pass on what it says; None at the end."""
    try:
        process.stdin.write(job)
        process.stdin.close()
        for line in process.stdout:
            event = json.loads(line)
            events.put(event if isinstance(event, dict) else {})
    except (OSError, ValueError):  # it has ended, or learners' code has written into its output
        pass
    events.put(None)


def _memory(process: subprocess.Popen) -> int:
    """Bytes that the program and what it started hold at this moment."""
    held = 0
    try:
        top = psutil.Process(process.pid)
        for one in [top, *top.children(recursive=True)]:
            held += one.memory_info().rss
    except psutil.Error:  # one of them has just ended
        pass
    return held


def _end(process: subprocess.Popen) -> None:
    """End the program and everything that it started."""
    end_below(process.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


@functools.cache
def network_is_cut_off() -> bool:
    """Whether this system lets us run a program without any network. Else only Python code is refused the network."""
    try:
        return subprocess.run([*_NO_NETWORK, "true"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _environment(folder: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_KINDS)
    }
    one = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    return {
        **kept, **one,
        "HOME": folder, "TMPDIR": folder, "IPYTHONDIR": folder, "MPLCONFIGDIR": folder, "MPLBACKEND": "agg",
        "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
        "CNN_PROFILE": "quick", "CNN_STRICT": "0", "CNN_LIVE": "0", "CUDA_VISIBLE_DEVICES": "-1",
    }  # fmt: skip
