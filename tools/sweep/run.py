"""Measure every claim of the notebooks over many seeds, and keep what came out in results/claims.

`make sweep` calls this; without make it is `python -m tools.sweep.run`. The runs are spread over two workers on this
machine, or over the Dask cluster whose scheduler CNN_DASK_SCHEDULER or Dask's configuration names. A run is kept as
soon as it arrives, and none that is kept is made again: what was stopped goes on where it was.
"""

import signal

if __name__ == "__mp_main__":  # Dask's processes import this file: Ctrl-C is for the sweep, which ends them
    signal.signal(signal.SIGINT, signal.SIG_IGN)

import argparse
import contextlib
import datetime
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from helpers import owned
from helpers.paths import ROOT
from tools.notebooks.conditions import needed
from tools.notebooks.copies import Refused
from tools.notebooks.files import NotebookError, read_json
from tools.notebooks.run import plain_output
from tools.selection import NOTEBOOKS, all_notebooks, chosen
from tools.sweep import cluster, kept
from tools.sweep.carry import carried_over, trial
from tools.sweep.fingerprint import differences, fingerprint
from tools.sweep.measured import Run, Sweep, Value
from tools.sweep.task import Outcome, Task, in_threads

# seconds a run may take: generous, so that only what hangs is ended
LIMIT = {"quick": 900, "full": 12 * 3600}
ROOM = 2**16  # bytes of free space without which a sweep does not begin
PROGRAM = ROOT / "tools" / "notebooks" / "execute.py"


@dataclass
class Sweeping:
    """One call of this program."""

    seeds: list[int]
    threads: int
    profile: str
    limit: int
    workers: int
    folder: Path
    console: Console
    course: Path  # what the workers of this machine run with
    sweeps: dict[str, Sweep] = field(default_factory=dict)  # by notebook: what is kept, with what has arrived
    unwritten: set[str] = field(default_factory=set)  # notebooks whose file lacks something that has arrived
    full: bool = False  # the folder could not be written the last time
    failures: list[str] = field(default_factory=list)

    def sweep(self, notebooks: list[Path]) -> None:
        """Make every run that is not kept. What fails is in `failures` afterwards."""
        names = ", ".join(path.stem for path in notebooks)
        self._say(f"sweep of {names}: {in_threads(self.threads)} a run")
        plans, changed = {}, {}
        for path in notebooks:
            try:
                content = read_json(path)  # once, so that the fingerprint is that of what runs
                code = fingerprint(path, content)
                # seed and threads are filled in for each run
                plan = planned(path.stem, content, self.profile, seed=-1, threads=0, limit=self.limit)
            except NotebookError as error:
                self.failures.append(str(error))
                continue
            old = kept.load(kept.path_of(path.stem, self.profile, self.folder))
            if old and old.code != code:
                changed[path.stem] = old
                old = None
            plans[path.stem] = plan
            self.sweeps[path.stem] = old or Sweep(path.stem, self.profile, code)
        self._try_to_carry(changed, plans)
        tasks = [
            replace(plans[name], seed=seed, threads=self.threads)
            for seed in self.seeds
            for name, sweep in self.sweeps.items()
            if (seed, self.threads) not in sweep.finished()
        ]
        there = len(self.seeds) * len(self.sweeps) - len(tasks)
        self._say(f"{len(tasks)} runs to make, {there} are there already")
        for task, outcome in self._outcomes(tasks):
            if self._take(task, outcome):
                self.unwritten.add(task.notebook)
            self.write()
        self.write()

    def _try_to_carry(self, changed: dict[str, Sweep], plans: dict[str, Task]) -> None:
        """Make some runs again of the notebooks whose code has changed; if they give the same, the others stand.

        Until that is known, the file of the earlier sweep is left as it is.
        """
        tasks = []
        for name, old in changed.items():
            again = [replace(plans[name], seed=seed, threads=threads) for seed, threads in trial(old)]
            parts = differences(old.code, self.sweeps[name].code)
            self._say(
                f"{name}: changed since its sweep ({', '.join(parts[:4])}{' …' if len(parts) > 4 else ''})"
                + (f"; {len(again)} runs will tell whether the others stand" if again else "")
            )
            tasks += again
        asked = Counter(task.notebook for task in tasks)
        missing = Counter(asked)
        for task, outcome in self._outcomes(tasks):
            name = task.notebook
            missing[name] -= 1
            self._take(task, outcome)
            if not missing[name]:
                self._decide(name, changed[name], asked[name])
                self.write()

    def _decide(self, name: str, old: Sweep, asked: int) -> None:
        """Take over the earlier runs of a notebook, or begin anew, now that the runs of the trial are there."""
        new = self.sweeps[name]
        if len(new.finished()) < asked:
            self.failures.append(f"{name}: its earlier sweep is left as it is, because the trial failed")
            del self.sweeps[name]
            return
        if found := carried_over(old, new):
            self.sweeps[name] = found
            self._say(f"{name}: the same numbers, so {len(found.runs) - asked} runs stand")
        else:
            self._say(f"{name}: other numbers, so all of it is swept anew")
        self.unwritten.add(name)

    def _outcomes(self, tasks: list[Task]) -> Iterator[tuple[Task, Outcome]]:
        """What came of the tasks, as they finish, with a bar that shows how far it is."""
        if not tasks:
            return
        began, busy = time.monotonic(), 0.0
        with Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self.console, disable=not self.console.is_terminal,
        ) as bars:  # fmt: skip
            bar = bars.add_task("runs", total=len(tasks))
            for number, (task, outcome) in enumerate(
                cluster.outcomes(tasks, self.workers, self.course, self._say), start=1
            ):
                yield task, outcome  # first it is kept, and then it is shown
                busy += outcome.seconds
                self._say(f"{number} of {len(tasks)}  {_summary(task, outcome)}")
                bars.update(bar, completed=number)
        took = time.monotonic() - began
        self._say(f"{len(tasks)} runs in {took:.0f} s; one after the other they would take {busy:.0f} s")

    def _take(self, task: Task, outcome: Outcome) -> bool:
        """Add a run to its sweep if it is a result; return whether it is."""
        if outcome.failure:
            self.failures.append(f"{task}: {outcome.failure}")
        if outcome.failure is None or outcome.by_notebook:
            self.sweeps[task.notebook].add(_as_run(task, outcome))
            return True
        return False

    def write(self) -> None:
        """Write what has arrived; what cannot be written is tried again with the next run, and in the end."""
        for name in sorted(self.unwritten):
            try:
                kept.save(self.sweeps[name], self.folder)
            except OSError as error:
                if not self.full:
                    self._say(
                        f"{self.folder} cannot be written ({error.strerror or error}): results wait in memory"
                    )
                self.full = True
            else:
                self.unwritten.discard(name)
        self.full = self.full and bool(self.unwritten)

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def planned(
    name: str, content: dict, profile: str, *, seed: int, threads: int, limit: int, strict: bool = False
) -> Task:
    """A run of the notebook with this content, whose outputs are taken out of it; `strict`: see `Task`."""
    code = []
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            code.append("".join(cell["source"]))
    used = [path for path in needed(code) if path.startswith("helpers/")]
    return Task(
        notebook=name, profile=profile, seed=seed, threads=threads, limit=limit, strict=strict,
        content=json.dumps(content), program=PROGRAM.read_text(encoding="utf-8"),
        helpers={path: owned.sha256(ROOT / path) for path in used},
    )  # fmt: skip


def start_listening() -> None:
    """Let Ctrl-C, `kill` and a closed terminal end the program in order, with nothing left behind."""
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.default_int_handler)


def _as_run(task: Task, outcome: Outcome) -> Run:
    claims = {
        claim["sentence"]: Value(claim["value"], claim["bounds"], claim["form"], claim["timed"])
        for claim in outcome.claims
    }
    return Run(
        seed=task.seed, threads=task.threads, claims=claims,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=outcome.machine, versions=outcome.versions, settings=outcome.settings, seconds=outcome.seconds,
        processor_seconds=outcome.processor_seconds, peak_mb=outcome.peak_mb, failure=outcome.failure,
    )  # fmt: skip


def _summary(task: Task, outcome: Outcome) -> str:
    """One run in one line: "04_cifar10, seed 3, one thread: 31 of 31 claims hold, 34 s"."""
    run = _as_run(task, outcome)
    held = sum(value.holds for value in run.claims.values())
    text = f"{task}: {held} of {len(run.claims)} claims hold, {outcome.seconds:.0f} s"
    if outcome.failure:
        text += f", FAILED: {outcome.failure.splitlines()[0]}"
    for sentence, value in run.claims.items():
        if not value.holds:
            text += f"\n    ✗ {' '.join(sentence.split())} (measured {value.worded()}; needs {value.needs()})"
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")


def parse_seeds(text: str) -> list[int]:
    """ "0-9" or "0,3,11-13" as a list without repeats. Raises ValueError for anything else."""
    found: list[int] = []
    for part in re.split(r"[\s,]+", text.strip()):
        match = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first or last > 2**31 - 1 or last - first >= 10_000:
            raise ValueError(f"{part!r} is not a seed, or a range of seeds: write 0-9, or 0,3,11-13")
        found += range(first, last + 1)
    return list(dict.fromkeys(found))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument(
        "names", nargs="*", help='notebooks ("02", "02b"), or core, deeper, all (the default)'
    )
    parser.add_argument("--seeds", default="0-9", help="0-9, or 0,3,11-13 (default 0-9)")
    parser.add_argument("--threads", type=int, default=1, help="of each run (default 1)")
    parser.add_argument("--profile", default="quick", choices=("quick", "full"))
    parser.add_argument("--workers", type=int, default=2, help="runs at a time on this machine (default 2)")
    parser.add_argument("--limit", type=int, help="seconds a run may take (quick 900, full 43200)")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help="the folder they are in")
    parser.add_argument("--results", type=Path, default=kept.CLAIMS, help="where it is kept")
    options = parser.parse_args(arguments)
    try:
        options.seeds = parse_seeds(options.seeds)
    except ValueError as error:
        parser.error(str(error))
    if options.limit is None:
        options.limit = LIMIT[options.profile]
    for name in ("threads", "workers", "limit"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if not all_notebooks(options.notebooks):
        parser.error(f"there are no notebooks in {options.notebooks}")
    return options


def main(arguments: list[str] | None = None) -> int:
    plain_output()
    options = parse(arguments)
    notebooks = chosen(options.names, options.notebooks, default="all")
    start_listening()
    console = Console(width=None if sys.stdout.isatty() else 120)
    sweeping = Sweeping(
        options.seeds, options.threads, options.profile, options.limit,
        max(1, options.workers // options.threads), options.results, console, course=Path(),
    )  # fmt: skip
    stop, code = "", 0
    try:
        with _held(options.results), cluster.snapshot() as sweeping.course:
            try:
                sweeping.sweep(notebooks)
            finally:
                sweeping.write()
    except Refused as error:
        print(error, file=sys.stderr)
        return 2
    except (OSError, ValueError, cluster.Lost) as error:
        stop, code = str(error), 2
    except KeyboardInterrupt:
        stop, code = "stopped", 130
    for failure in sweeping.failures:
        console.print(f"\n{failure}", markup=False, highlight=False, style="red", soft_wrap=True)
    if stop:
        print(f"\n{stop}; what is written is kept, and the next call goes on from there", file=sys.stderr)
    if sweeping.unwritten:
        lost = ", ".join(sorted(sweeping.unwritten))
        print(
            f"NOT kept: the last results of {lost}, since {options.results} cannot be written. Make room there; the "
            "next call makes these runs again.",
            file=sys.stderr,
        )
    return code or (1 if sweeping.failures or sweeping.unwritten else 0)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder of results, ours alone while the block lasts. Raises Refused if it cannot be written or is in use."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".sweeping", timeout=0)
        lock.acquire()
        # a disk that is full is told before anything runs
        owned.write_whole(folder / ".sweeping-too", b"x" * ROOM)
        (folder / ".sweeping-too").unlink()
    except Timeout:
        raise Refused(
            f"another sweep is writing into {folder}; wait for it, or choose another --results"
        ) from None
    except OSError as error:
        raise Refused(
            f"{folder} cannot be written ({error.strerror or error}); choose another --results"
        ) from None
    try:
        yield
    finally:
        lock.release()


if __name__ == "__main__":
    sys.exit(main())
