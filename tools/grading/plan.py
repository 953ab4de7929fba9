"""How a course of 8 or of 14 weeks goes through the notebooks: the tables in docs/grading.md, from counted minutes.

    python -m tools.grading.plan

writes them again. The minutes of a notebook are those that its beginning promises (`tools.notebooks.files.length`).
"""

import argparse
import itertools
import re
import sys
from pathlib import Path

from helpers import owned
from helpers.paths import ROOT
from tools.grading.assignments import assignment
from tools.notebooks.files import length, read
from tools.selection import all_notebooks, is_core, number

PAGE = ROOT / "docs" / "grading.md"
WEEKS = {8: "core", 14: "all"}  # what is read in so many weeks
_PART = re.compile(r"(<!-- plan: (\d+) weeks -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def weeks(minutes: list[int], count: int) -> list[list[int]]:
    """The numbers of the notebooks of each week, in order, so that the longest week is as short as it can be.

    Of several such plans, the one whose weeks differ least (by the sum of their squares). Raises ValueError where there
    are fewer notebooks than weeks.
    """
    if not 1 <= count <= len(minutes):
        raise ValueError(f"{len(minutes)} notebooks don't fill {count} weeks.")
    ends = [0, *itertools.accumulate(minutes)]
    # best[i]: (longest week, squares, where the weeks begin) for the first i notebooks, in so many weeks
    best = {0: (0, 0, ())}
    for _ in range(count):
        best = {
            stop: min(
                (
                    max(longest, ends[stop] - ends[start]),
                    squares + (ends[stop] - ends[start]) ** 2,
                    (*begins, start),
                )
                for start, (longest, squares, begins) in best.items()
                if start < stop
            )
            for stop in range(1, len(minutes) + 1)
            if any(start < stop for start in best)
        }
    begins = best[len(minutes)][2]
    return [list(range(*pair)) for pair in itertools.pairwise([*begins, len(minutes)])]


def table(count: int, paths: list[Path]) -> str:
    """The plan for `count` weeks as a Markdown table: each week's notebooks, minutes and points."""
    minutes = [length(read(path)).minutes for path in paths]
    points = [assignment(path).points for path in paths]
    lines = ["| week | notebooks | minutes | points |", "| --- | --- | --- | --- |"]
    for week, numbers in enumerate(weeks(minutes, count), start=1):
        names = ", ".join(number(paths[one]) for one in numbers)
        lines.append(
            f"| {week} | {names} | {sum(minutes[one] for one in numbers)} | {sum(points[one] for one in numbers)} |"
        )
    lines.append(f"| all | {len(paths)} notebooks | {sum(minutes):,} | {sum(points)} |")
    return "\n".join(lines)


def text() -> str:
    """What docs/grading.md must say now."""

    def replaced(found: re.Match[str]) -> str:
        count = int(found[2])
        paths = [path for path in all_notebooks() if WEEKS[count] == "all" or is_core(path)]
        return f"{found[1]}{table(count, paths)}\n{found[4]}"

    return _PART.sub(replaced, PAGE.read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    argparse.ArgumentParser(description=__doc__.partition("\n\n")[0]).parse_args(arguments)
    owned.write_whole(PAGE, text().encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
