"""Executed copies and the reports beside them: whether a copy is current, and the folder that they are in.

`run.py` and `records.py` call this, and so do the tests that compare copies with what is stored.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from helpers import owned
from tools.notebooks.conditions import changes, conditions
from tools.notebooks.files import ROOT, NotebookError
from tools.notebooks.one import Result

_LOCK = ".running"  # in the folder of executed copies: held while notebooks run


class Refused(Exception):
    """It cannot begin; the message says why, and what to do."""


def load_report(copy: Path) -> dict[str, Any] | None:
    """The report beside an executed copy; None where there is none, or none that can be used."""
    try:
        found = json.loads(copy.with_suffix(".json").read_text(encoding="utf-8"))
        load_result(found)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if isinstance(found.get("conditions"), dict) else None


def load_result(report: dict[str, Any]) -> Result:
    """The `Result` in a report. Raises TypeError or KeyError if it holds none."""
    result = Result(**{field.name: report[field.name] for field in fields(Result)})
    if not all(
        isinstance(value, int | float) for value in (result.seconds, result.processor_seconds, result.peak_mb)
    ):
        raise TypeError("times and memory are numbers")
    return result


def reasons(notebook: Path, copy: Path, profile: str) -> list[str]:
    """Why `notebook` must be run again, in a few words each; empty if `copy` is current.

    Raises NotebookError if the notebook cannot be read.
    """
    report = load_report(copy)
    if report is None or not copy.exists():
        return ["it has no finished run"]
    if not (owned.may_overwrite(copy) and owned.may_overwrite(copy.with_suffix(".json"))):
        return ["its executed copy was changed"]
    return changes(report["conditions"], conditions(notebook, profile))


def is_current(notebook: Path, copy: Path, profile: str = "quick") -> bool:
    """Whether `copy` is what a run of `notebook` would give now: the conditions are those of its run."""
    try:
        return not reasons(notebook, copy, profile)
    except NotebookError:
        return False


def default_out(profile: str) -> Path:
    """Where executed copies go."""
    return ROOT / "build" / ("course" if profile == "quick" else "course-full")


@contextmanager
def prepared(out: Path, notebooks: Path) -> Iterator[None]:
    """The folder of executed copies, made if need be, and ours alone while the block lasts.

    Raises Refused if it holds files and no marker of ours, if it is the folder of the notebooks, if it cannot be
    written, or if another run is using it.
    """
    if out.resolve() == notebooks.resolve():
        raise Refused(f"{out} holds the notebooks themselves; choose another folder with --out.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not (out / owned.MARKER).is_file() and any(out.iterdir()):
            raise Refused(
                f"{out} holds files that this program did not write, and it would replace some of them. Choose another "
                "folder with --out; if they are an earlier run's and you need none of them, delete that folder."
            )
        if not (out / _LOCK).exists():
            (out / _LOCK).touch()
            owned.record(out, _LOCK)
        lock = FileLock(out / _LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise Refused(f"another run is writing into {out}; wait for it, or choose another --out.") from None
    except (FileExistsError, NotADirectoryError):
        raise Refused(f"{_file_in_the_way(out)} is a file, not a folder; rename it, or use --out.") from None
    except OSError as error:
        raise Refused(f"{out} cannot be written ({error.strerror or error}); choose another --out.") from None
    try:
        yield
    finally:
        lock.release()


def _file_in_the_way(out: Path) -> Path:
    return next((place for place in (out, *out.parents) if place.exists() and not place.is_dir()), out)
