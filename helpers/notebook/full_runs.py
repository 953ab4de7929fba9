"""The box at the end of a lesson: what its full run measured, beside what this run did.

The kept full runs are `results/*.json`; `tools.notebooks.records` copies what a box needs into `full_runs.json`, so
that a notebook alone, as on Colab, has it too.
"""

import json
from typing import Any

from helpers.notebook.course import Lesson
from helpers.notebook.frontend import show_markdown
from helpers.paths import ASSETS

FULL_RUNS = ASSETS / "full_runs.json"


def show(lesson: Lesson, what: str) -> None:
    """Show a table of the lesson's claims: what this run measured, and what the kept full run did.

    `what` says in a few words what the full run computed, for example "55,000 digits, 5 epochs".
    A claim that the full run did not make has a dash. Without a kept run a line says how to make one.
    """
    show_markdown(
        worded(lesson, what, json.loads(FULL_RUNS.read_text(encoding="utf-8")).get(lesson.notebook))
    )


def minutes() -> list[float]:
    """How long each kept full run took, one for each notebook that has any."""
    return [run["seconds"] / 60 for run in json.loads(FULL_RUNS.read_text(encoding="utf-8")).values()]


def worded(lesson: Lesson, what: str, run: dict[str, Any] | None) -> str:
    """The same as Markdown; `run` has date, machine, seed, seconds, and claims: sentence → measured."""
    if run is None:
        number = lesson.notebook.partition("_")[0]
        return f"**The full run** ({what}) has not been kept: `make course PROFILE=full ONLY={number}`."
    minutes = max(1, round(run["seconds"] / 60))
    lines = [
        f"**The full run**: {what}. It took {minutes} minutes ({run['machine']}; {run['date']}, seed {run['seed']}).",
        "",
        f"| | this run ({lesson.profile}) | full run |",
        "| --- | --- | --- |",
    ]
    for claim in lesson.claims.values():
        full = run["claims"].get(claim.sentence, "–")
        lines.append(
            "| "
            + " | ".join(text.replace("|", r"\|") for text in (claim.sentence, claim.measured, full))
            + " |"
        )
    return "\n".join(lines)
