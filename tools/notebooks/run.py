"""Run the notebooks with papermill, several at a time, and report time, memory and claims.

`make course` calls this; without make it is `python -m tools.notebooks.run`. Executed copies go to build/course
(quick) or build/course-full, each with a report beside it. A notebook is run again when the conditions of its last
run have changed: its code, what it uses of the course, versions, profile, seed or settings (see conditions.py).
"""

import argparse
import datetime
import os
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from helpers.errors import few
from helpers.notebook import course
from tools.notebooks import limits
from tools.notebooks.conditions import conditions, machine
from tools.notebooks.copies import (
    Refused,
    default_out,
    is_current,
    load_report,
    load_result,
    prepared,
    reasons,
)
from tools.notebooks.files import NotebookError, as_json, put
from tools.notebooks.one import CELL_TIMEOUT, Result, Runs, environment, run, threads_for
from tools.selection import NOTEBOOKS, all_notebooks, chosen, is_core

_MOMENT = 0.2  # seconds: how often the main program looks up, so that Ctrl-C is heard on Windows too


@dataclass
class Course:
    """One call of this program: what is run how, and how that is shown."""

    profile: str
    out: Path
    jobs: int
    cell_timeout: int
    console: Console

    def copy(self, notebook: Path) -> Path:
        """Where the executed copy of a notebook goes."""
        return self.out / notebook.name

    def results(self, notebooks: list[Path]) -> list[Result]:
        """Run those that are not current; return the results of all, in order."""
        why = {notebook: self._why(notebook) for notebook in notebooks}
        stale = [notebook for notebook in notebooks if why[notebook]]
        if not stale:
            self._say(f"nothing to do: every notebook in {_short(self.out)} is up to date")
        fresh = self._run_all({notebook: why[notebook] for notebook in stale})
        return [
            fresh.get(notebook) or load_result(load_report(self.copy(notebook))) for notebook in notebooks
        ]

    def _why(self, notebook: Path) -> list[str]:
        try:
            return reasons(notebook, self.copy(notebook), self.profile)
        except NotebookError:
            return ["it cannot be read"]

    def _run_all(self, stale: dict[Path, list[str]]) -> dict[Path, Result]:
        """Run notebooks, `jobs` at a time. After Ctrl-C raises KeyboardInterrupt, with all of them ended."""
        jobs, runs = max(1, min(self.jobs, len(stale))), Runs()
        live = self.console.is_terminal
        bars = Progress(
            TextColumn("{task.description}"), BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f} cells"),
            TimeElapsedColumn(), console=self.console, disable=not live,
        )  # fmt: skip
        with bars, ThreadPoolExecutor(max_workers=jobs) as pool:
            futures: dict[Path, Future[Result]] = {}
            try:
                for notebook, why in stale.items():
                    futures[notebook] = pool.submit(self._run_one, notebook, why, jobs, runs, bars)
                while wait(futures.values(), timeout=_MOMENT).not_done:
                    pass
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                runs.stop()
                raise
        return {notebook: future.result() for notebook, future in futures.items()}

    def _run_one(self, notebook: Path, why: list[str], jobs: int, runs: Runs, bars: Progress) -> Result:
        """Run one notebook, and write its report if it came to its end."""
        bar: list[TaskID] = []

        def on_step(done: int, of: int) -> None:
            if not bar:
                bar.append(bars.add_task(notebook.stem, total=of))
            bars.update(bar[0], completed=done)

        self._say(f"{notebook.stem}: started ({few(why, 3)})")
        began = datetime.datetime.now(datetime.UTC)
        copy, env = self.copy(notebook), environment(self.profile, threads_for(jobs))
        try:
            under = conditions(notebook, self.profile)
            result = run(notebook, copy, env, on_step, cell_timeout=self.cell_timeout, runs=runs)
            if not result.failure:
                report = {
                    **asdict(result), "began": began.isoformat(timespec="seconds"), "machine": machine(),
                    "threads": threads_for(jobs), "jobs": jobs, "conditions": under,
                }  # fmt: skip
                put(copy.with_suffix(".json"), as_json(report))
        except NotebookError as error:
            result = Result(notebook.stem, 0, 0, 0, 0, str(error))
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            result = Result(
                notebook.stem, 0, 0, 0, 0, f"its copy cannot be written:{where} {error.strerror or error}"
            )
        self._say(f"{notebook.stem}: {'FAILED' if result.failure else 'done'} after {result.seconds:.0f} s")
        return result

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)


def _short(path: Path) -> str:
    """A path as one would type it here, where that is possible."""
    try:
        return os.path.relpath(path)
    except ValueError:  # on Windows, another drive
        return str(path)


# What is shown in the end


def report(console: Console, results: list[Result], profile: str) -> None:
    """The table, and then each failure with its cell and error."""
    table = Table(title=f"the course, profile {profile}")
    for name in ("notebook", "seconds", "processor", "peak memory", "claims"):
        table.add_column(name, justify="left" if name == "notebook" else "right", no_wrap=True)
    for result in results:
        table.add_row(
            result.notebook + _mark(result, profile),
            f"{result.seconds:.0f}",
            f"{result.processor_seconds:.0f} s",
            f"{result.peak_mb:.0f} MB",
            f"{result.passed} of {result.claims}",
        )
    console.print(table)
    if profile == "quick" and (sentence := _above_together(results)):
        console.print(sentence, markup=False, highlight=False)
    for result in results:
        if result.failure:
            text = f"\n{result.notebook} failed: {result.failure}"
            console.print(text, markup=False, highlight=False, style="red", soft_wrap=True)


def _mark(result: Result, profile: str) -> str:
    if result.failure:
        return " FAILED"
    above = over_limit(result, profile)
    return f" over its limit ({', '.join(above)})" if above else ""


def over_limit(result: Result, profile: str) -> list[str]:
    """What of a quick run is above its limit, in a few words each."""
    if profile != "quick" or result.failure:
        return []
    return limits.excess(result.notebook, result.processor_seconds, result.peak_mb)


def _above_together(results: list[Result]) -> str:
    core = [result for result in results if is_core(Path(result.notebook))]
    total = sum(result.processor_seconds for result in core)
    if total <= limits.ALL_CORE:
        return ""
    return f"the core lessons together: {total:.0f} processor seconds, over their limit of {limits.ALL_CORE}"


def exceeds(results: list[Result], profile: str) -> bool:
    """Whether anything in a quick run is above a limit."""
    return profile == "quick" and bool(
        _above_together(results) or any(over_limit(one, profile) for one in results)
    )


def plain_output() -> None:
    """Let a terminal that cannot show a character show its code instead, so that nothing is hidden by an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument(
        "names", nargs="*", help='notebooks ("02", "02b"), or core, deeper, all; the core lessons without'
    )
    parser.add_argument("--profile", default="quick", choices=("quick", "full"))
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default 2)")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help="the folder they are in")
    parser.add_argument("--out", type=Path, help="where executed copies go (default build/course)")
    parser.add_argument(
        "--cell-timeout", type=int, help="seconds that one cell may take (quick 900, full 21600)"
    )
    parser.add_argument(
        "--list-stale", action="store_true", help="run nothing; list what has no current copy"
    )
    parser.add_argument("--strict-limits", action="store_true", help="fail if a quick run is over its limit")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    if options.cell_timeout is None:
        options.cell_timeout = CELL_TIMEOUT[options.profile]
    if options.cell_timeout < 1:
        parser.error("--cell-timeout must be at least 1 second")
    check(parser, options)
    return options


def check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """What every program that runs notebooks asks of its options: notebooks, a seed, and where copies go."""
    if not all_notebooks(options.notebooks):
        parser.error(f"there are no notebooks in {options.notebooks}")
    try:
        course.check_seed()
    except ValueError as error:
        parser.error(str(error))
    options.out = options.out or default_out(options.profile)


def main(arguments: list[str] | None = None) -> int:
    plain_output()
    options = parse(arguments)
    notebooks = chosen(options.names, options.notebooks)
    if options.list_stale:
        stale = [path for path in notebooks if not is_current(path, options.out / path.name, options.profile)]
        print("".join(f"{_short(path)}\n" for path in stale), end="")
        return 0
    # A program started in the background by a shell would not hear Ctrl-C, nor `kill -INT`.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    console = Console(width=None if sys.stdout.isatty() else 120)
    calling = Course(options.profile, options.out, options.jobs, options.cell_timeout, console)
    try:
        with prepared(options.out, options.notebooks):
            results = calling.results(notebooks)
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept", file=sys.stderr)
        return 130
    report(console, results, options.profile)
    if any(result.failure for result in results):
        return 1
    return 1 if options.strict_limits and exceeds(results, options.profile) else 0


if __name__ == "__main__":
    sys.exit(main())
