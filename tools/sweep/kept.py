"""What sweeps have measured: results/claims/NOTEBOOK.json, one file for each notebook and profile.

A file holds runs of one state of the code (`fingerprint.py`), each seed and number of threads once, and what was
measured for every claim, in the order of the runs. It is written anew, whole, after every run that arrives.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers import owned
from helpers.paths import ROOT
from tools.sweep.measured import Run, Sweep, Value
from tools.sweep.standard import judge

CLAIMS = ROOT / "results" / "claims"
_ABOUT_A_RUN = (
    "seed", "threads", "date", "machine", "versions", "settings", "seconds", "processor_seconds", "peak_mb",
)  # fmt: skip


def path_of(notebook: str, profile: str = "quick", folder: Path = CLAIMS) -> Path:
    """Where a notebook's sweep is kept."""
    return folder / f"{notebook}{'' if profile == 'quick' else f'-{profile}'}.json"


def load(path: Path) -> Sweep | None:
    """The sweep in a file; None if there is no such file. Raises ValueError that names a file that can't be used."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); git restore it, or move it away") from None
    try:
        sweep = Sweep(content["notebook"], content["profile"], dict(content["code"]))
        if path.name != path_of(sweep.notebook, sweep.profile).name:
            raise ValueError(f"it is one of {sweep.notebook}, profile {sweep.profile}")
        for number, about in enumerate(content["runs"]):
            claims = {
                claim["sentence"]: Value(
                    _number(claim["values"][number]),
                    _bounds(claim["bounds"], number),
                    claim["form"],
                    claim.get("timed", False),
                )
                for claim in content["claims"]
                if claim["values"][number] is not None
            }
            sweep.add(Run(**about, claims=claims))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{path} does not hold its sweep ({error!r}); git restore it, or move it away"
        ) from None
    return sweep


def _bounds(bounds: dict | list, number: int) -> dict[str, float]:
    found = bounds[number] if isinstance(bounds, list) else bounds
    return {name: _number(bound) for name, bound in found.items()}


def save(sweep: Sweep, folder: Path = CLAIMS) -> Path:
    """Write a sweep into its file, whole or not at all. Raises OSError if that is not possible."""
    folder.mkdir(parents=True, exist_ok=True)
    path = path_of(sweep.notebook, sweep.profile, folder)
    owned.write_whole(path, as_text(sweep).encode("utf-8", "backslashreplace"))  # JSON has the same escape
    return path


def as_text(sweep: Sweep) -> str:
    """The file's text: a line for each run and for each claim, so that git shows what changed."""
    runs = [_about(run) for run in sweep.runs]
    claims = []
    for sentence in sweep.sentences():
        pairs = sweep.values(sentence)
        there = [value for _, value in pairs if value is not None]
        bounds = [_bounds_as_json(value) for _, value in pairs]
        same = all(value.bounds == there[0].bounds for value in there)
        judged = judge(pairs)
        claims.append(
            {
                "sentence": sentence,
                "needs": there[0].needs() if same else "differs from run to run",
                "bounds": _bounds_as_json(there[0]) if same else bounds,
                "form": there[0].form,
                **({"timed": True} if there[0].timed else {}),
                "lowest": _plain(judged.lowest),
                "highest": _plain(judged.highest),
                "holds": f"{judged.held} of {judged.runs}",
                "fails": judged.fails,
                "values": [None if value is None else _plain(value.value) for _, value in pairs],
            }
        )
    head = {"notebook": sweep.notebook, "profile": sweep.profile}
    parts = [f" {json.dumps(key)}: {_line(value)}" for key, value in head.items()]
    parts.append(
        ' "code": {\n' + ",\n".join(f"  {_line(k)}: {_line(v)}" for k, v in sweep.code.items()) + "\n }"
    )
    for name, rows in (("runs", runs), ("claims", claims)):
        parts.append(f' "{name}": [\n' + ",\n".join(f"  {_line(row)}" for row in rows) + "\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _bounds_as_json(value: Value | None) -> dict[str, float | str] | None:
    return value and {name: _plain(bound) for name, bound in value.bounds.items()}


def _about(run: Run) -> dict[str, Any]:
    about = {name: getattr(run, name) for name in _ABOUT_A_RUN}
    if run.failure is not None:
        about["failure"] = run.failure
    if run.carried:
        about["carried"] = True
    return about


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _plain(number: float) -> float | str:
    """A number as JSON has it; "nan", "inf" and "-inf" are texts there."""
    return number if isinstance(number, int) or math.isfinite(number) else str(number)


def _number(value: float | str | None) -> float:
    return float(value) if isinstance(value, str) else value


def all_kept(folder: Path = CLAIMS, profile: str = "quick") -> Iterator[Sweep]:
    """Every sweep that is kept, in the course's order."""
    for path in sorted(folder.glob("[0-9]*.json")):
        if (found := load(path)) and found.profile == profile:
            yield found
