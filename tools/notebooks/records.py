"""Keep what runs gave and how long they took. Everything is taken from the runs themselves, by their reports.

    make course PROFILE=full && python -m tools.notebooks.records results   # into results/, and its tables
    make course && python -m tools.notebooks.records times                  # into quick_times.json, and the lists
    python -m tools.notebooks.records tables                                # only the tables again

`results` takes every finished run in build/course-full (or the folder that is named), `times` those of all notebooks
in build/course. All three also copy the results that notebooks read, which travel with them, into helpers/assets.
"""

import argparse
import datetime
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import nbformat

from helpers import owned
from helpers.inside import full_width
from helpers.notebook import course_map, full_runs
from helpers.paths import ROOT
from tools.notebooks.conditions import machine, versions
from tools.notebooks.copies import default_out, load_report
from tools.notebooks.files import as_json, code_cells, fingerprint, list_claims, read
from tools.selection import all_notebooks

RESULTS = ROOT / "results"
README, LESSONS = ROOT / "README.md", ROOT / "docs" / "lessons.md"
_HEADING = "| lesson | the question | minutes | deeper, optional (minutes) |"
COPIES = {"05c-suspects.json": full_width.SUSPECTS, "05-note-30-epochs.json": full_width.THIRTY_EPOCHS}


def made_where() -> dict[str, object]:
    """Date, versions and machine of this moment, for the head of a file of results."""
    return {"date": datetime.date.today().isoformat(), "versions": versions(), "machine": machine()}


# Full runs


def runs(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Every finished run in a folder of executed copies: the copy and its report.

    Raises SystemExit for a copy that was changed after its run: its claims are no longer a result.
    """
    found = [(copy, report) for copy in all_notebooks(folder) if (report := load_report(copy))]
    for copy, _ in found:
        if not (owned.may_overwrite(copy) and owned.may_overwrite(copy.with_suffix(".json"))):
            raise SystemExit(f"{copy} or its report was changed after the run: run the notebook again")
    return found


def result(copy: Path, report: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a run: its conditions, its claims, its time and memory."""
    notebook, under = read(copy), report["conditions"]
    code = fingerprint("\n".join(cell.source for cell in code_cells(notebook)))
    if code != under["code"]:
        raise SystemExit(f"{copy} holds other code than its report says: run the notebook again")
    return {
        "notebook": copy.stem,
        "profile": under["profile"],
        "seed": under["seed"],
        "date": report["began"][:10],
        "versions": under["versions"],
        "machine": report["machine"],
        "seconds": report["seconds"],
        "processor_seconds": report["processor_seconds"],
        "peak_mb": report["peak_mb"],
        "code": code,
        "claims": list_claims(notebook),
    }


def record_results(folder: Path) -> list[Path]:
    """Store each finished full run in `folder` as results/NAME-full-seedN.json; return the files written."""
    written, found = [], runs(folder)
    if not found:
        raise SystemExit(f"there is no finished run in {folder}: make course PROFILE=full")
    for copy, report in found:
        content = result(copy, report)
        if content["profile"] != "full":
            raise SystemExit(f"{folder} holds runs in {content['profile']}; results/ keeps full ones")
        path = RESULTS / f"{copy.stem}-full-seed{content['seed']}.json"
        old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if remark := old.get("remark"):
            if {**content, "remark": remark} == old:  # this very run
                continue
            raise SystemExit(
                f"{path.name} has a remark, which somebody wrote by hand ({remark}); move it first"
            )
        owned.write_whole(path, as_json(content))
        written.append(path)
    return written


def kept_results() -> list[dict]:
    """The full runs that are kept in results/."""
    paths = sorted(RESULTS.glob("*-full-seed*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def boxes(runs: list[dict]) -> dict[str, dict]:
    """What the boxes of the notebooks show: for each notebook the kept run with the smallest seed."""
    first = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        shown = {name: run[name] for name in ("date", "machine", "seed", "seconds")}
        claims = {claim["sentence"]: claim["measured"] for claim in run["claims"]}
        first.setdefault(run["notebook"], {**shown, "claims": claims})
    return dict(sorted(first.items()))


def tables(runs: list[dict]) -> str:
    """results/README.md: for each notebook its runs, and each claim with what every seed gave."""
    lines = [
        "# What full runs gave",
        "",
        "Made by `python -m tools.notebooks.records` from the JSON files beside it; each is one run that took place.",
        "Where there are several seeds, their values stand in the order of the seeds.",
        "",
        "The runs of notebook 05c, in which one thing is changed at a time, are in [05c-suspects.md](05c-suspects.md),",
        "those of 04b in 04b-recipes.json.",
    ]
    for name in sorted({run["notebook"] for run in runs}):
        mine = sorted((run for run in runs if run["notebook"] == name), key=lambda run: run["seed"])
        lines += ["", f"## {name}", "", "| seed | date | minutes | peak memory | machine | versions |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        for run in mine:
            versions = ", ".join(f"{package} {version}" for package, version in run["versions"].items())
            cells = [run["seed"], run["date"], f"{run['seconds'] / 60:.1f}", f"{run['peak_mb']:,} MB"]
            lines.append("| " + " | ".join(map(str, [*cells, run["machine"], versions])) + " |")
        # a remark is added to a run's file by hand
        lines += [f"\nSeed {run['seed']}: {run['remark']}" for run in mine if "remark" in run]
        lines += ["", "| | claim | measured | needs |", "| --- | --- | --- | --- |"]
        lines += [_claim_row(sentence, mine) for sentence in _sentences(mine)]
    return "\n".join(lines) + "\n"


def _sentences(runs: list[dict]) -> Iterable[str]:
    return dict.fromkeys(claim["sentence"] for run in runs for claim in run["claims"])


def _claim_row(sentence: str, runs: list[dict]) -> str:
    same = [claim for run in runs for claim in run["claims"] if claim["sentence"] == sentence]
    values = list(dict.fromkeys(claim["measured"] for claim in same))
    mark = "✓" if all(claim["mark"] == "✓" for claim in same) else "✗"
    shown = values[0] if len(values) == 1 else "; ".join(claim["measured"] for claim in same)
    return f"| {mark} | {sentence} | {shown} | {same[0]['needs']} |"


# The times of quick runs


def measured(folder: Path, names: list[str]) -> dict[str, Any]:
    """What quick_times.json says of the quick runs in `folder`: when, where, how, and seconds by notebook.

    The seconds are those from the first cell to the last, which is what a reader waits for after *Run All*; starting
    papermill and a kernel, some seconds, is not counted. Raises SystemExit that names what is missing, and if the
    runs were made under different versions, or on different machines, or several at a time and one at a time.
    """
    found = {copy.stem: (copy, report) for copy, report in runs(folder)}
    if missing := [name for name in names if name not in found]:
        raise SystemExit(f"no finished run of {', '.join(missing)} in {folder}: make course ONLY=all")
    reports = [found[name][1] for name in names]
    first = reports[0]
    if first["conditions"]["profile"] != "quick" or any(_where(other) != _where(first) for other in reports):
        raise SystemExit(
            f"the runs in {folder} are not all quick ones under the same conditions: make clean course"
        )
    jobs = first["jobs"]
    how = "one notebook at a time" if jobs == 1 else f"{jobs} notebooks at a time, one core each"
    return {
        "date": min(report["began"] for report in reports)[:10],
        "versions": first["conditions"]["versions"],
        "machine": first["machine"],
        "how": f"{how}, from the first cell to the last",
        "seconds": {name: round(_seconds_of_cells(read(found[name][0]))) for name in names},
    }


def _where(report: dict[str, Any]) -> tuple:
    under = report["conditions"]
    return under["profile"], under["seed"], under["versions"], report["machine"], report["jobs"]


def _seconds_of_cells(executed: nbformat.NotebookNode) -> float:
    return sum(cell.metadata.papermill.duration for cell in code_cells(executed))


def with_table(text: str, table: str) -> str:
    """The text with the table replaced that has the same heading. Raises SystemExit if it has none."""
    heading = table.partition("\n")[0]
    old = re.compile(re.escape(heading) + r"\n(?:\|.*\n)+")
    if not old.search(text):
        raise SystemExit(f"README.md or docs/lessons.md has no table that begins with {heading}")
    return old.sub(lambda _: table + "\n", text, count=1)


def readme_table(stations: Sequence[course_map.Station] = course_map.STATIONS) -> str:
    """README.md's list: each lesson with its question, its minutes, and the deeper notebooks of its number."""
    lines = [_HEADING, "| --- | --- | --- | --- |"]
    for lesson in (station for station in stations if not station.deeper):
        more = [one for one in stations if one.deeper and one.number.startswith(lesson.number)]
        deeper = ", ".join(f"{_link(one)} {one.minutes}" for one in more)
        lines.append(f"| {_link(lesson)} | {lesson.question} | {lesson.minutes} | {deeper} |")
    return "\n".join(lines)


def _link(station: course_map.Station) -> str:
    return f"[{station.number} {station.title}](notebooks/{station.name}.ipynb)"


def lessons_table() -> str:
    """The list in docs/lessons.md, of every notebook."""
    return course_map.table(seconds=course_map.quick_times()["seconds"], folder="../notebooks/")


def write_tables() -> None:
    """Make again what shows the results: results/README.md, the lists of notebooks, and what notebooks read."""
    owned.write_whole(full_runs.FULL_RUNS, as_json(boxes(kept_results())))
    owned.write_whole(RESULTS / "README.md", tables(kept_results()).encode())
    for name, copy in COPIES.items():
        if (RESULTS / name).is_file():
            owned.write_whole(copy, (RESULTS / name).read_bytes())
    for path, table in ((README, readme_table()), (LESSONS, lessons_table())):
        owned.write_whole(path, with_table(path.read_text(encoding="utf-8"), table).encode())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("results", "times", "tables"))
    parser.add_argument("folder", nargs="?", type=Path, help="where the executed copies are")
    options = parser.parse_args(arguments)
    if options.what == "results":
        record_results(options.folder or default_out("full"))
    elif options.what == "times":
        names = [path.stem for path in all_notebooks()]
        found = measured(options.folder or default_out("quick"), names)
        owned.write_whole(course_map.TIMES, as_json(found))
    write_tables()
    return 0


if __name__ == "__main__":
    sys.exit(main())
