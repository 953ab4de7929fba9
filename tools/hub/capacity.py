"""How large a machine a class needs: a table on paper, from what measure.py found for one learner.

    python -m tools.hub.capacity     # writes the tables of docs/hub.md

It is arithmetic and not a load test. Every learner who is there has one server and one kernel, which holds what the
hungriest measured lesson holds at its peak; and all of them press *Run All* at the same moment, which is the worst
that a class can do. Then memory must hold everybody, and the processors have `WAIT` seconds for what the longest
lesson takes.
"""

import json
import math
import re
import sys
from dataclasses import dataclass

from helpers import owned
from helpers.paths import ROOT

MEASURED = ROOT / "results" / "hub-learner.json"
PAGE = ROOT / "docs" / "hub.md"
LEARNERS = (10, 100, 1000)
SHARES = (1.0, 0.2)  # of the learners who are there at once: a class in one room, homework
WAIT = 300  # seconds until everybody's *Run All* has ended
SYSTEM_GB = 2.0  # of each machine, for the system, the hub and its proxy
MACHINES = ((4, 16), (8, 32), (16, 64), (32, 128), (64, 256))  # cores and GB, as they are rented
_PART = re.compile(r"(<!-- tools\.hub\.capacity: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Need:
    """What one learner takes: GB (2**30 bytes) of memory, and processor seconds for a lesson."""

    gb: float
    seconds: float


@dataclass(frozen=True)
class Plan:
    """So many machines of one size."""

    count: int
    cores: int
    gb: int


def need(measured: dict) -> Need:
    """The most that any measured lesson took."""
    lessons = measured["lessons"].values()
    return Need(
        max(lesson["peak_mb"] for lesson in lessons) / 1024,
        max(lesson["processor_seconds"] for lesson in lessons),
    )


def holds(cores: int, gb: int, need: Need, wait: float = WAIT) -> int:
    """How many learners at once a machine of this size holds."""
    return int(min((gb - SYSTEM_GB) / need.gb, cores * wait / need.seconds))


def plan(at_once: int, need: Need) -> Plan:
    """The smallest machine that holds all, or else as many of the largest as it takes."""
    for cores, gb in MACHINES:
        if holds(cores, gb, need) >= at_once:
            return Plan(1, cores, gb)
    return Plan(math.ceil(at_once / holds(cores, gb, need)), cores, gb)


def capacity_table(measured: dict) -> str:
    """For each number of learners and each share of them: what it takes."""
    one = need(measured)
    lines = [
        "| learners | there at once | memory they take | cores for *Run All* | machines | in all | per learner |",
        "| --- " * 7 + "|",
    ]
    for learners in LEARNERS:
        for share in SHARES:
            at_once = math.ceil(learners * share)
            found = plan(at_once, one)
            cores, gb = found.count * found.cores, found.count * found.gb
            cells = [
                f"{learners:,}",
                f"{at_once:,}",
                f"{at_once * one.gb:,.0f} GB",
                f"{at_once * one.seconds / WAIT:.1f}",
                f"{found.count} × {found.cores} cores, {found.gb} GB",
                f"{cores:,} cores, {gb:,} GB",
                f"{cores / learners:.2f} cores, {gb / learners:.1f} GB",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def learner_table(measured: dict) -> str:
    """What was measured for one learner."""
    lines = ["| | processor seconds | peak memory | memory afterwards |", "| --- " * 4 + "|"]
    lines.append(f"| server alone | | | {measured['server_mb']:,} MB |")
    for name, lesson in measured["lessons"].items():
        cells = [lesson["processor_seconds"], f"{lesson['peak_mb']:,} MB", f"{lesson['afterwards_mb']:,} MB"]
        lines.append(f"| with {name} | {' | '.join(map(str, cells))} |")
    versions = ", ".join(f"{name} {version}" for name, version in measured["versions"].items())
    return "\n".join([*lines, "", f"Measured on {measured['date']}: {measured['machine']}; {versions}."])


def with_tables(page: str, measured: dict) -> str:
    """The page's text with its tables made again."""
    tables = {"learner": learner_table(measured), "capacity": capacity_table(measured)}
    return _PART.sub(lambda part: f"{part[1]}{tables[part[2]]}\n{part[3]}", page)


def main() -> int:
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    owned.write_whole(PAGE, with_tables(PAGE.read_text(encoding="utf-8"), measured).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
