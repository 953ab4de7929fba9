"""What comes out of grading: grades.csv for the grade book, a page for each learner, and one for the teacher.

grades.csv has the columns that Canvas asks for (Student, ID, Section, then one for each notebook), which Moodle's
import takes too, since there one chooses what a column means. It is UTF-8 with a byte order mark, so that spreadsheets
show Korean names; both platforms take it. A notebook that nobody could grade is an empty field, not a zero.
"""

import csv
import html
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from helpers.exercises.core import Verdict
from tools.grading.assignments import Assignment
from tools.grading.submissions import Learner

STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
table { border-collapse: collapse } th, td { padding: .3rem .8rem; text-align: left; border-bottom: 1px solid #ccc }
section { border-left: .4rem solid #b00020; padding-left: 1rem; margin: 1.5rem 0 }
section.correct { border-color: #1b7837 }
pre { background: #f4f4f4; padding: .6rem; overflow-x: auto } .points { font-weight: bold }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #eee } pre { background: #262626 } }
"""
MARKS = {"correct": "✓ Right", "wrong": "✗ Not yet", "unanswered": "○ Not answered"}


@dataclass(frozen=True)
class Graded:
    """A file that was handed in, and what it is worth."""

    file: str
    learner: Learner
    assignment: Assignment | None = None  # None where the file could not be graded
    verdicts: dict[str, Verdict] | None = None  # by the item's key
    answers: dict[str, str] | None = None  # the cells, by the item's key
    problem: str = ""  # why it could not be graded

    @property
    def points(self) -> int:
        """What the right answers count together."""
        items = self.assignment.items if self.assignment else ()
        return sum(item.points for item in items if self.verdicts[item.key].status == "correct")


@dataclass(frozen=True)
class Row:
    """A learner with the file that counts for each notebook, and all that was handed in."""

    learner: Learner
    counted: dict[str, Graded]  # by the name of the notebook
    files: tuple[Graded, ...]


def rows(graded: Iterable[Graded]) -> list[Row]:
    """One row a learner, by name. Of several files for one notebook, the one with the most points counts."""
    by_learner: dict[Learner, list[Graded]] = {}
    for one in graded:
        by_learner.setdefault(one.learner, []).append(one)
    found = []
    for learner, files in sorted(by_learner.items()):
        counted: dict[str, Graded] = {}
        for one in files:
            if one.assignment and one.points >= getattr(counted.get(one.assignment.name), "points", 0):
                counted[one.assignment.name] = one
        found.append(Row(learner, counted, tuple(files)))
    return found


def grades(learners: list[Row], names: list[str]) -> bytes:
    """grades.csv."""
    lines = [["Student", "ID", "Section", *names]]
    for row in learners:
        points = [row.counted[name].points if name in row.counted else "" for name in names]
        lines.append([row.learner.name, row.learner.number, "", *points])
    return _csv(lines)


def worksheet(learners: list[Row]) -> bytes:
    """What Moodle's assignment takes as an offline grading worksheet: those whose files were downloaded from it."""
    lines = [["Identifier", "Full name", "Grade", "Last modified (grade)"]]
    for row in learners:
        if row.learner.platform == "Moodle" and row.counted:
            points = sum(one.points for one in row.counted.values())
            lines.append([f"Participant {row.learner.number}", row.learner.name, points, "-"])
    return _csv(lines)


def _csv(lines: list[list[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode("utf-8-sig")


def pages(learners: list[Row]) -> dict[Learner, str]:
    """The name of each learner's page: readable, safe on every system, and nobody else's."""
    found: dict[Learner, str] = {}
    for row in learners:
        name = re.sub(r"[^\w-]+", "-", row.learner.name).strip("-")[:60] or "learner"
        name = f"{name}-{row.learner.number}" if row.learner.number else name
        taken = {page.casefold() for page in found.values()}
        number, page = 2, f"{name}.html"
        while page.casefold() in taken:
            page, number = f"{name}-{number}.html", number + 1
        found[row.learner] = page
    return found


def feedback(row: Row) -> str:
    """The page for one learner."""
    parts = [f"<h1>{_text(row.learner.name)}</h1>"]
    for name, one in sorted(row.counted.items()):
        items = one.assignment.items
        parts.append(f"<h2>{_text(name)}: {one.points} of {one.assignment.points} points</h2>")
        parts.append(f"<p>From the file {_text(one.file)}.</p>")
        for item in items:
            verdict = one.verdicts[item.key]
            points = item.points if verdict.status == "correct" else 0
            title = item.name.replace("_", " ") if item.is_quiz else f"exercise {item.name.replace('_', ' ')}"
            parts.append(
                f'<section class="{verdict.status}"><h3>{title.capitalize()}: {MARKS[verdict.status]}</h3>'
                f'<p class="points">{points} of {item.points}</p><p>{_text(verdict.message)}</p>'
                f"<pre>{_text(one.answers.get(item.key, ''))}</pre></section>"
            )
    for one in row.files:
        if one.problem:
            parts.append(f"<p>{_text(one.file)} was not graded: {_text(one.problem)}.</p>")
        elif one is not row.counted[one.assignment.name]:
            parts.append(
                f"<p>{_text(one.file)} has {one.points} points; another file has as many or more.</p>"
            )
    return _page(row.learner.name, parts)


def overview(learners: list[Row], names: list[str], files: dict[Learner, str], about: str) -> str:
    """The page for the teacher: everybody's points, with links, and what could not be graded."""
    head = "".join(f"<th>{_text(title)}</th>" for title in ("Learner", *names, "Remarks"))
    lines = []
    for row in learners:
        link = f'<a href="feedback/{_text(files[row.learner])}">{_text(row.learner.name)}</a>'
        points = [
            f"{row.counted[name].points} of {row.counted[name].assignment.points}"
            if name in row.counted
            else ""
            for name in names
        ]
        remarks = "; ".join(f"{one.file}: {one.problem}" for one in row.files if one.problem)
        lines.append(
            f"<tr><td>{link}</td>"
            + "".join(f"<td>{_text(text)}</td>" for text in (*points, remarks))
            + "</tr>"
        )
    table = f"<table><tr>{head}</tr>{''.join(lines)}</table>"
    return _page("Grades", ["<h1>Grades</h1>", f"<p>{_text(about)}</p>", table])


def write(folder: Path, graded: list[Graded], about: str) -> list[Row]:
    """Write everything into the empty folder `folder`; return the rows."""
    learners = rows(graded)
    names = sorted({name for row in learners for name in row.counted})
    files = pages(learners)
    (folder / "grades.csv").write_bytes(grades(learners, names))
    if any(row.learner.platform == "Moodle" for row in learners):
        (folder / "moodle-worksheet.csv").write_bytes(worksheet(learners))
    (folder / "index.html").write_text(overview(learners, names, files, about), encoding="utf-8")
    (folder / "feedback").mkdir()
    for row in learners:
        (folder / "feedback" / files[row.learner]).write_text(feedback(row), encoding="utf-8")
    return learners


def _text(text: str) -> str:
    return html.escape(text)


def _page(title: str, parts: list[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>\n{STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )
