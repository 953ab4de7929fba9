"""Keep what full runs gave: one JSON file a run in results/, and the tables in results/README.md.

    make course PROFILE=full && .venv/bin/python tools/notebooks/record_results.py build/course-full

`--tables` makes only the tables again, from the files that are there.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import re
import sys
from pathlib import Path

from tools.notebooks.files import ROOT, code_cells, fingerprint, list_claims, read, write_json

RESULTS = ROOT / "results"
PACKAGES = ("tensorflow", "keras", "numpy")


def machine() -> str:
    """The processor, its cores and the memory, in words."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"model name\s*: (.*)", info.read_text())):
        cpu = found.group(1).strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GB"


def made_where() -> dict[str, object]:
    """Date, versions and machine, for the head of a file of results."""
    return {
        "date": datetime.date.today().isoformat(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "machine": machine(),
    }


def spread(values: list[float]) -> str:
    """The range of some shares, in whole percent: "50–51%"."""
    low, high = min(values), max(values)
    return f"{low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%}–{high:.0%}".replace("%–", "–")


def emoji10_table(results: dict) -> str:
    """What benchmarks/emoji10.py found, as the Markdown table of README.md."""
    lines = [
        "| network | parameters, backbone aside | training scenes | same art | new art | CPU seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, runs in results["networks"].items():
        columns = {key: [run[key] for run in runs] for key in runs[0]}
        scenes = 1000 if "Efficient" in name else 3600
        lines.append(
            f"| {name} | {columns['parameters'][0]:,} | {scenes:,} | {spread(columns['same art'])} "
            f"| {spread(columns['new art'])} | {min(columns['seconds']):.0f}–{max(columns['seconds']):.0f} |"
        )
    return "\n".join(lines)


def record(folder: Path, seed: int) -> list[Path]:
    """Store the claims of every executed notebook in `folder`; return the files written."""
    written = []
    for copy in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        report = copy.with_suffix(".json")
        if not report.exists():  # a failed or half-done run is no result
            continue
        notebook = read(copy)
        run = json.loads(report.read_text(encoding="utf-8"))
        began = datetime.datetime.fromtimestamp(report.stat().st_mtime, datetime.UTC)
        content = {
            "notebook": copy.stem,
            "profile": "full",
            "seed": seed,
            **made_where(),
            "date": began.date().isoformat(),
            "seconds": run["seconds"],
            "peak_mb": run["peak_mb"],
            "code": fingerprint("\n".join(cell.source for cell in code_cells(notebook))),
            "claims": list_claims(notebook),
        }
        path = RESULTS / f"{copy.stem}-full-seed{seed}.json"
        write_json(path, content)
        written.append(path)
    return written


def tables(runs: list[dict]) -> str:
    """results/README.md: for each notebook its runs, and each claim with what every seed gave."""
    lines = [
        "# What full runs gave",
        "",
        "Made by `tools/notebooks/record_results.py` from the JSON files beside it; each is one run that took place.",
        "Where there are several seeds, their values stand in the order of the seeds.",
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
        for claim in mine[0]["claims"]:
            same = [
                other for run in mine for other in run["claims"] if other["sentence"] == claim["sentence"]
            ]
            values = list(dict.fromkeys(other["measured"] for other in same))
            mark = "✓" if all(other["mark"] == "✓" for other in same) else "✗"
            shown = values[0] if len(values) == 1 else "; ".join(other["measured"] for other in same)
            lines.append(f"| {mark} | {claim['sentence']} | {shown} | {claim['needs']} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="where the executed copies are")
    parser.add_argument("--seed", type=int, default=0, help="the CNN_SEED they were run with")
    parser.add_argument("--tables", action="store_true", help="only make the tables again")
    options = parser.parse_args(arguments)
    if not options.tables:
        if options.folder is None:
            parser.error("name the folder with the executed notebooks, for example build/course-full")
        if not record(options.folder, options.seed):
            parser.error(f"there is no finished run in {options.folder}")
    runs = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*-full-seed*.json"))
    ]
    (RESULTS / "README.md").write_text(tables(runs), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
