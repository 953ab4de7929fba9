"""Run the notebooks with papermill, several at a time, and report time, memory and claims.

`make course` calls this. Executed copies go to build/course (quick) or build/course-full; a notebook is
run again when it, helpers/, this file or the lock is newer than its copy.
"""

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tools.notebooks.files import ROOT, all_notebooks, chosen, count_claims, find_failure, read, write_json

LIMIT_SECONDS, LIMIT_MB = 60, 2048  # what `quick` promises
_STEP = re.compile(r"(\d+)/(\d+) \[")


@dataclass(frozen=True)
class Result:
    """What running one notebook came to."""

    notebook: str
    seconds: float
    peak_mb: float
    passed: int
    claims: int
    failure: str | None = None


def needed_by(notebook: Path) -> list[Path]:
    """Every file and folder whose change makes an executed copy of `notebook` out of date."""
    helpers = [path for path in (ROOT / "helpers").rglob("*") if "__pycache__" not in path.parts]
    tools = [Path(__file__), Path(__file__).with_name("notebook_files.py")]
    return [notebook, ROOT / "helpers", *helpers, ROOT / "requirements.lock", *tools]


def is_current(notebook: Path, copy: Path) -> bool:
    """Whether `copy` was made by a run that began after the last change to anything it depends on."""
    report = copy.with_suffix(".json")  # its time is set to the beginning of the run
    if not (copy.exists() and report.exists()):
        return False
    return all(path.stat().st_mtime < report.stat().st_mtime for path in needed_by(notebook))


def environment(profile: str, jobs: int) -> dict[str, str]:
    """The variables a notebook runs under; the cores are shared out so that TensorFlow's threads do not fight."""
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    counts = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), threads)
    return {
        **os.environ,
        **counts,
        "CNN_PROFILE": profile,
        "CNN_STRICT": "1",
        "CNN_LIVE": "0",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # new files in helpers/ would look like a change
    }


def run(notebook: Path, copy: Path, env: dict[str, str], on_step) -> Result:
    """Execute one notebook into `copy`; a failed run is kept as NAME.failed.ipynb and `copy` is removed."""
    part, failed = copy.with_suffix(".part.ipynb"), copy.with_suffix(".failed.ipynb")
    for stale in (part, failed, copy, copy.with_suffix(".json")):
        stale.unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "papermill", "--kernel", "python3", "--cwd", str(notebook.parent), "--progress-bar",
        # Saving at every cell, the default, costs seconds; so it is saved at the end and at an error.
        "--no-request-save-on-cell-execute",
        str(notebook), str(part),
    ]  # fmt: skip
    started = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _running.add(process)
    tail, done = b"", 0
    for chunk in iter(lambda: process.stderr.read1(4096), b""):
        tail = (tail + chunk)[-6000:]
        if steps := _STEP.findall(chunk.decode(errors="replace")):
            done = int(steps[-1][0])
            on_step(done, int(steps[-1][1]))
    _, status, usage = os.wait4(process.pid, 0)  # unlike Popen.wait, this tells the kernel's peak memory
    process.returncode = os.waitstatus_to_exitcode(status)
    _running.discard(process)
    seconds = time.monotonic() - started
    peak_mb = usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    executed = read(part) if part.exists() else None
    passed, claims = count_claims(executed) if executed else (0, 0)
    failure = None
    if process.returncode:
        # Without a copy the kernel died: papermill counted the cells up to there.
        failure = (executed and find_failure(executed)) or f"or after cell {done + 1}\n{_last_words(tail)}"
        if executed:
            part.replace(failed)
    else:
        part.replace(copy)
    return Result(notebook.stem, round(seconds, 1), round(peak_mb), passed, claims, failure)


_running: set[subprocess.Popen] = set()


def _last_words(tail: bytes) -> str:
    lines = [
        line
        for line in tail.decode(errors="replace").splitlines()
        if line.strip() and "Executing:" not in line
    ]
    return "\n".join(lines[-6:]) or "the run ended without a word (was it killed, or out of memory?)"


def stop_all(*_: object) -> None:
    """End the runs that are still going, and this program."""
    for process in list(_running):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
    sys.stderr.write("\nstopped; what was finished is kept\n")
    os._exit(130)


def report(console: Console, results: list[Result], profile: str) -> None:
    """The table, and then each failure with its cell and error."""
    table = Table(title=f"the course, profile {profile}")
    for name in ("notebook", "seconds", "peak memory", "claims"):
        table.add_column(name, justify="left" if name == "notebook" else "right", no_wrap=True)
    for result in results:
        late = profile == "quick" and (result.seconds > LIMIT_SECONDS or result.peak_mb > LIMIT_MB)
        mark = " FAILED" if result.failure else (" over its limit" if late else "")
        claims = f"{result.passed} of {result.claims}"
        table.add_row(result.notebook + mark, f"{result.seconds:.0f}", f"{result.peak_mb:.0f} MB", claims)
    console.print(table)
    for result in results:
        if result.failure:
            console.print(
                f"\n{result.notebook} failed in {result.failure}", markup=False, highlight=False, style="red"
            )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help='notebooks to run, for example "02"; all without')
    parser.add_argument("--profile", default="quick", choices=("quick", "full"))
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument("--notebooks", type=Path, default=ROOT / "notebooks", help="the folder they are in")
    parser.add_argument("--out", type=Path, help="where executed copies go (default build/course)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    out = options.out or ROOT / "build" / ("course" if options.profile == "quick" else "course-full")
    if not all_notebooks(options.notebooks):
        parser.error(f"there are no notebooks in {options.notebooks}")
    out.mkdir(parents=True, exist_ok=True)
    pairs = [(notebook, out / notebook.name) for notebook in chosen(options.names, options.notebooks)]
    stale = [pair for pair in pairs if not is_current(*pair)]
    console = Console(width=None if sys.stdout.isatty() else 100)
    env = environment(options.profile, max(1, min(options.jobs, len(stale))))
    signal.signal(signal.SIGINT, stop_all)
    signal.signal(signal.SIGTERM, stop_all)

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} cells"),
        TimeElapsedColumn(), console=console, disable=not sys.stdout.isatty(),
    )  # fmt: skip
    say = threading.Lock()

    def one(pair: tuple[Path, Path]) -> Result:
        notebook, copy = pair
        began = time.time()
        total = len(read(notebook).cells)
        bar = bars.add_task(notebook.stem, total=total)
        with say:
            if not sys.stdout.isatty():
                console.print(f"{notebook.stem}: started", highlight=False)
        result = run(notebook, copy, env, lambda done, of: bars.update(bar, completed=done, total=of))
        with say:
            word = "FAILED" if result.failure else "done"
            console.print(f"{notebook.stem}: {word} after {result.seconds:.0f} s", highlight=False)
        if not result.failure:
            write_json(copy.with_suffix(".json"), asdict(result))
            os.utime(copy.with_suffix(".json"), (began, began))
        return result

    with bars, ThreadPoolExecutor(max_workers=options.jobs) as pool:
        fresh = {result.notebook: result for result in pool.map(one, stale)}
    if not stale:
        console.print(
            f"nothing to do: every notebook in {os.path.relpath(out)} is up to date", highlight=False
        )
    kept = {
        notebook.stem: copy.with_suffix(".json") for notebook, copy in pairs if notebook.stem not in fresh
    }
    results = [fresh.get(notebook.stem) or load_result(kept[notebook.stem]) for notebook, _ in pairs]
    report(console, results, options.profile)
    return 1 if any(result.failure for result in results) else 0


def load_result(path: Path) -> Result:
    """A `Result` as it was stored by an earlier run."""
    import json

    return Result(**json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
