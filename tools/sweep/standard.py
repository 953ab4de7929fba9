"""Whether a claim holds for anyone's seed.

The course's standard: an experimental claim holds for the seeds 0 to 9 with one thread, and for 0 to 2 with two; or,
where one seed missed, for all others of 0 to 19. Further seeds count too: at most one in twenty may miss. Which seeds
are asked is fixed, so that nobody can choose those that suit. What is exact (`equals=`) may never fail.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.sweep.measured import Run, Value

SEEDS, WITH_TWO_THREADS, AFTER_A_MISS = 10, 3, 20


@dataclass(frozen=True)
class Verdict:
    """What the runs say about one claim."""

    exact: bool
    runs: int  # how many there are
    held: int  # in how many of them it holds
    lowest: float = math.nan
    highest: float = math.nan
    fails: list[str] = field(default_factory=list)  # the runs in which it doesn't, by their names
    bad_seeds: frozenset[int] = frozenset()  # seeds for which some run fails
    seeds: frozenset[int] = frozenset()  # with one thread, of runs that came to their end
    with_two: frozenset[int] = frozenset()  # with two
    margin: float = math.inf  # mean distance to the nearer bound, in standard deviations of the runs

    @property
    def share(self) -> float:
        return self.held / self.runs if self.runs else 0.0

    def shortfall(self) -> str:
        """Why it does not meet the standard, in a few words; "" if it does."""
        if self.exact:
            return f"exact, and false in {', '.join(self.fails)}" if self.fails else ""
        if missing := set(range(SEEDS)) - self.seeds:
            return f"no finished run with one thread of seed {_listed(missing)}"
        if missing := set(range(WITH_TWO_THREADS)) - self.with_two:
            return f"no finished run with two threads of seed {_listed(missing)}"
        if not self.bad_seeds:
            return ""
        bad, of = len(self.bad_seeds), max(len(self.seeds), AFTER_A_MISS)
        failing = f"fails in {bad} of {len(self.seeds)} seeds ({', '.join(self.fails)})"
        if bad * AFTER_A_MISS > of or len(self.bad_seeds & set(range(AFTER_A_MISS))) > 1:
            return failing
        if set(range(AFTER_A_MISS)) - self.seeds:
            return f"{failing}; sweep {AFTER_A_MISS} seeds to see whether that is the only one"
        return ""


def judge(pairs: Iterable[tuple[Run, Value | None]]) -> Verdict:
    """Judge what runs gave for one claim. A run that has no value for it counts as one in which it fails."""
    pairs = list(pairs)
    there = [value for _, value in pairs if value is not None]
    fails = [run for run, value in pairs if value is None or not value.holds]
    numbers = [value.value for value in there if value.value == value.value]  # without nan
    finished = [run for run, _ in pairs if run.failure is None]
    return Verdict(
        exact=bool(there) and all("equals" in value.bounds for value in there),
        runs=len(pairs),
        held=len(pairs) - len(fails),
        lowest=min(numbers, default=math.nan),
        highest=max(numbers, default=math.nan),
        fails=[run.name for run in fails],
        bad_seeds=frozenset(run.seed for run in fails),
        seeds=frozenset(run.seed for run in finished if run.threads == 1),
        with_two=frozenset(run.seed for run in finished if run.threads == 2),
        margin=_margin([distance(value) for value in there if "equals" not in value.bounds]),
    )


def distance(value: Value) -> float:
    """How far a value is from the nearer bound; negative beyond it. Infinite for what is exact, -inf for nan."""
    number = _float(value.value)
    found = min(
        number - _float(value.bounds.get("above", -math.inf)),
        _float(value.bounds.get("below", math.inf)) - number,
    )
    return -math.inf if math.isnan(found) else found


def _float(number: float) -> float:
    """A number as a float; infinite where a whole number is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _margin(distances: list[float]) -> float:
    """Their mean in standard deviations; infinite where they are all the same."""
    if len(distances) < 2 or all(one == math.inf for one in distances):
        return math.inf
    if not all(map(math.isfinite, distances)):
        return -math.inf
    mean, spread = statistics.fmean(distances), statistics.stdev(distances)
    return mean / spread if spread else math.copysign(math.inf, mean)


def _listed(numbers: Iterable[int]) -> str:
    """{3, 4, 7} as "3, 4, 7"."""
    return ", ".join(map(str, sorted(numbers)))
