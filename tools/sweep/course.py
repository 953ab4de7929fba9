"""`make course` on the machines of a Dask cluster: notebooks run there, and their executed copies are kept here.

    CNN_DASK_SCHEDULER=tcp://HOST:8786 make course PROFILE=full

A copy and the report beside it are what `tools.notebooks.run` would have left, so `tools.notebooks.records` takes them,
and a second call runs only what is missing or has changed. Each machine needs the same course and, in `full`, the data.
Without CNN_DASK_SCHEDULER the workers are processes of this machine.
"""

import argparse
import datetime
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console

from helpers.notebook import course
from tools.notebooks.conditions import conditions
from tools.notebooks.copies import Refused, load_report, load_result, prepared, reasons
from tools.notebooks.files import NotebookError, as_json, count_claims, put, read, read_json, take_away
from tools.notebooks.one import Result
from tools.notebooks.run import check, plain_output, report
from tools.selection import NOTEBOOKS, chosen
from tools.sweep import cluster
from tools.sweep.run import LIMIT, planned, start_listening
from tools.sweep.task import Outcome, Task


@dataclass
class Cluster:
    """One call of this program."""

    profile: str
    out: Path
    workers: int
    threads: int
    limit: int
    console: Console
    under: dict[str, dict] = field(default_factory=dict)  # by notebook: the conditions of its run

    def results(self, notebooks: list[Path], folder: Path) -> list[Result]:
        """Run those that are not current, and keep each as it arrives; return the results of all, in order."""
        found: dict[str, Result] = {}
        tasks = []
        for path in notebooks:
            try:
                if reasons(path, self.out / path.name, self.profile):
                    tasks.append(self._task(path))
                else:
                    found[path.stem] = load_result(load_report(self.out / path.name))
            except NotebookError as error:
                found[path.stem] = Result(path.stem, 0, 0, 0, 0, str(error))
        self._say(f"{len(tasks)} notebooks to run, {len(found)} are up to date or can't be read")
        for task, outcome in cluster.outcomes(tasks, self.workers, folder, self._say):
            found[task.notebook] = self._keep(task, outcome)
            ended = "FAILED" if outcome.failure else "done"
            self._say(
                f"{task.notebook}: {ended} after {outcome.seconds:.0f} s on {outcome.machine or 'no machine'}"
            )
        return [found[path.stem] for path in notebooks]

    def _task(self, path: Path) -> Task:
        self.under[path.stem] = conditions(path, self.profile)
        return planned(
            path.stem, read_json(path), self.profile, seed=course.check_seed(), threads=self.threads,
            limit=self.limit, strict=True,
        )  # fmt: skip

    def _keep(self, task: Task, outcome: Outcome) -> Result:
        """Put the executed copy and its report into the folder; what a failed run left is NAME.failed.ipynb."""
        copy = self.out / f"{task.notebook}.ipynb"
        failed, about = copy.with_suffix(".failed.ipynb"), copy.with_suffix(".json")
        for stale in (copy, about, failed):
            take_away(stale)
        target, passed, claims = failed if outcome.failure else copy, 0, 0
        if outcome.executed:
            put(target, outcome.executed.encode())
            passed, claims = count_claims(read(target))
        result = Result(
            task.notebook, outcome.seconds, outcome.peak_mb, passed, claims, outcome.failure,
            outcome.processor_seconds,
        )  # fmt: skip
        if not outcome.failure:
            began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=outcome.seconds)
            there = {"versions": outcome.versions, "settings": outcome.settings}
            content = {
                **asdict(result), "began": began.isoformat(timespec="seconds"), "machine": outcome.machine,
                "threads": task.threads, "jobs": 1, "conditions": {**self.under[task.notebook], **there},
            }  # fmt: skip
            put(about, as_json(content))
        return result

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument(
        "names", nargs="*", help='notebooks ("02", "02b"), or core, deeper, all; the core lessons without'
    )
    parser.add_argument("--profile", default="quick", choices=("quick", "full"))
    parser.add_argument(
        "--jobs", type=int, default=2, help="how many at a time, without a cluster (default 2)"
    )
    parser.add_argument("--threads", type=int, default=1, help="of each run (default 1)")
    parser.add_argument("--limit", type=int, help="seconds a run may take (quick 900, full 43200)")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help="the folder they are in")
    parser.add_argument("--out", type=Path, help="where executed copies go (default build/course)")
    options = parser.parse_args(arguments)
    options.limit = options.limit or LIMIT[options.profile]
    for name in ("jobs", "threads", "limit"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    check(parser, options)
    return options


def main(arguments: list[str] | None = None) -> int:
    plain_output()
    options = parse(arguments)
    notebooks = chosen(options.names, options.notebooks)
    start_listening()
    console = Console(width=None if sys.stdout.isatty() else 120)
    calling = Cluster(options.profile, options.out, options.jobs, options.threads, options.limit, console)
    try:
        with prepared(options.out, options.notebooks), cluster.snapshot() as folder:
            results = calling.results(notebooks, folder)
    except (Refused, OSError, cluster.Lost) as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept", file=sys.stderr)
        return 130
    report(console, results, options.profile)
    return 1 if any(result.failure for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
