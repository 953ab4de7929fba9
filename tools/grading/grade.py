"""Grade a folder of notebooks that were handed in, into build/grades: grades.csv and a page for each learner.

`make grade SUBMISSIONS=folder` calls this. Answers are taken out of each file and put into the course's own cells, so
what else a learner changed does not matter. Only what an answer needs is run, with limits (see `sandbox.py`).
"""

import argparse
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from helpers import owned, paths
from helpers.errors import DataError
from helpers.exercises.core import NOT_ANSWERED, Verdict
from helpers.paths import ROOT
from tools.grading import report
from tools.grading.assignments import Assignment, assignments
from tools.grading.sandbox import Limits, SandboxError, network_is_cut_off, verdicts
from tools.grading.submissions import answers, cells, found, learner, steps, which
from tools.notebooks.files import NotebookError
from tools.notebooks.run import plain_output
from tools.selection import NOTEBOOKS, all_notebooks

OUT = ROOT / "build" / "grades"
MISSING = Verdict("unanswered", "The cell of this question is not in the notebook any more.")


def graded(
    path: Path, folder: Path, known: dict[str, Assignment], limits: Limits, stop: threading.Event
) -> report.Graded:
    """What one file is worth. Whatever is wrong with it is in the result; nothing is raised for it."""
    file = path.relative_to(folder)
    whose = learner(file, [one.name for one in known.values()])
    try:
        handed_in = cells(path)
        one = which(handed_in, path.name, known)
        picked = answers(one, handed_in)
        asked = {item.key: item for item in one.items}
        changed = {key: code for key, code in picked.items() if code.strip() != asked[key].source.strip()}
        judged = dict.fromkeys(asked, MISSING) | dict.fromkeys(picked, Verdict("unanswered", NOT_ANSWERED))
        if changed:
            judged |= verdicts(steps(one, handed_in, changed), limits, [one.path.parent], stop)
    except (NotebookError, SandboxError) as error:
        return report.Graded(file.as_posix(), whose, problem=str(error))
    except Exception as error:  # a fault of this program: the others are graded all the same
        return report.Graded(file.as_posix(), whose, problem=f"{type(error).__name__}: {error}")
    return report.Graded(file.as_posix(), whose, one, judged, picked)


def grade(
    folder: Path, known: dict[str, Assignment], limits: Limits, jobs: int, console: Console
) -> list[report.Graded]:
    """Grade every notebook in a folder, `jobs` at a time; say what comes out as it comes."""
    files, stop = found(folder), threading.Event()
    results: dict[Path, report.Graded] = {}
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, disable=not console.is_terminal,
    ) as bars, ThreadPoolExecutor(max_workers=jobs) as pool:  # fmt: skip
        bar = bars.add_task("notebooks", total=len(files))
        waiting = {pool.submit(graded, path, folder, known, limits, stop): path for path in files}
        try:
            for number, future in enumerate(as_completed(waiting), start=1):
                one = results[waiting[future]] = future.result()
                what = f"NOT GRADED: {one.problem}"
                if one.assignment:
                    what = f"{one.assignment.name}, {one.points} of {one.assignment.points} points"
                text = f"{number} of {len(files)}  {one.file}: {what}"
                console.print(text, markup=False, highlight=False, soft_wrap=True)
                bars.update(bar, completed=number)
        except KeyboardInterrupt:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [results[path] for path in files]


def about(limits: Limits) -> str:
    """How the answers were run, for whoever reads the grades."""
    network = (
        "without any network"
        if network_is_cut_off()
        else "with no network for Python code (this system does not let us cut it off for all programs)"
    )
    return (
        f"Each answer had {limits.answer:g} seconds, each notebook {limits.notebook:g} seconds and "
        f"{limits.memory_gb:g} GB of memory, {network}."
    )


def parse(arguments: list[str] | None) -> argparse.Namespace:
    limits = Limits()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("submissions", help="the folder with what was handed in")
    parser.add_argument(
        "--out", type=paths.given, default=OUT, help="where the grades go (default build/grades)"
    )
    parser.add_argument(
        "--notebooks", type=paths.given, default=NOTEBOOKS, help="the notebooks that were given out"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many files at a time (default 2)")
    parser.add_argument("--seconds", type=float, default=limits.answer, help="that an answer may take")
    parser.add_argument("--notebook-seconds", type=float, default=limits.notebook, help="for a whole file")
    parser.add_argument("--memory", type=float, default=limits.memory_gb, help="in GB (default 3)")
    options = parser.parse_args(arguments)
    if not options.submissions.strip():
        parser.error("say which folder has the notebooks: SUBMISSIONS=folder")
    options.submissions = paths.given(options.submissions)
    if not options.submissions.is_dir():
        parser.error(
            f"{options.submissions} is not a folder; name the one with the notebooks: SUBMISSIONS=folder"
        )
    if not found(options.submissions):
        parser.error(f"there is no notebook (.ipynb) in {options.submissions}; unpack what you downloaded")
    if min(options.jobs, options.seconds, options.notebook_seconds, options.memory) <= 0:
        parser.error("--jobs, --seconds, --notebook-seconds and --memory must be above 0")
    if reason := owned.refusal(options.out):
        parser.error(f"{reason} Choose another folder with --out.")
    return options


def main(arguments: list[str] | None = None) -> int:
    plain_output()
    options = parse(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
    limits = Limits(answer=options.seconds, notebook=options.notebook_seconds, memory_gb=options.memory)
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        known = assignments(tuple(all_notebooks(options.notebooks)))
        console.print(about(limits), markup=False, highlight=False, soft_wrap=True)
        results = grade(options.submissions, known, limits, options.jobs, console)
        with owned.written(options.out) as fresh:
            learners = report.write(fresh, results, about(limits))
    except (DataError, NotebookError) as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        print("\nstopped; nothing is written", file=sys.stderr)
        return 130
    failed = sum(bool(one.problem) for one in results)
    print(
        f"{len(learners)} learners, {len(results)} notebooks, {failed} not graded: open {options.out / 'index.html'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
