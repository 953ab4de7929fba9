"""Whether a claim holds for anyone's seed.

The course's standard: an experimental claim holds in ten of ten seeds with one thread, and in three with two; or,
where it missed one, in nineteen of twenty. What is exact (`equals=`) needs one seed.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.sweep.measured import Run, Value

SEEDS, WITH_TWO_THREADS = 10, 3
AFTER_A_MISS = 20


@dataclass(frozen=True)
class Verdict:
    """What the runs say about one claim."""

    exact: bool
    runs: int  # how many there are
    held: int  # in how many of them it holds
    lowest: float = float("nan")
    highest: float = float("nan")
    fails: list[str] = field(default_factory=list)  # the runs in which it doesn't, by their names
    seeds: int = 0  # different seeds with one thread
    with_two: int = 0  # different seeds with two threads
    bad_seeds: int = 0  # seeds for which some run fails
    all_seeds: int = 0
    margin: float = float(
        "inf"
    )  # distance of the mean to the nearer bound, in standard deviations of the runs

    @property
    def share(self) -> float:
        return self.held / self.runs if self.runs else 0.0

    def shortfall(self) -> str:
        """Why it does not meet the standard, in a few words; "" if it does."""
        if self.exact:
            return (
                "" if self.runs and self.held == self.runs else f"exact, and false in {', '.join(self.fails)}"
            )
        if self.seeds < SEEDS or self.with_two < WITH_TWO_THREADS:
            return (
                f"{self.seeds} of {SEEDS} seeds with one thread, {self.with_two} of {WITH_TWO_THREADS} with two: "
                "sweep the others"
            )
        if not self.bad_seeds:
            return ""
        if self.all_seeds < AFTER_A_MISS and self.bad_seeds == 1:
            return f"fails in seed {self.fails[0]}; sweep {AFTER_A_MISS} seeds to see whether that is the only one"
        if self.bad_seeds * AFTER_A_MISS <= self.all_seeds:
            return ""
        return f"fails in {self.bad_seeds} of {self.all_seeds} seeds ({', '.join(self.fails)})"


def judge(pairs: Iterable[tuple[Run, Value | None]]) -> Verdict:
    """Judge what runs gave for one claim. A run that has no value for it counts as one in which it fails."""
    pairs = list(pairs)
    there = [value for _, value in pairs if value is not None]
    fails = [run for run, value in pairs if value is None or not value.holds]
    numbers = [float(value.value) for value in there]
    return Verdict(
        exact=bool(there) and all("equals" in value.bounds for value in there),
        runs=len(pairs),
        held=len(pairs) - len(fails),
        lowest=min((value.value for value in there), default=float("nan")),
        highest=max((value.value for value in there), default=float("nan")),
        fails=[run.name for run in fails],
        seeds=len({run.seed for run, _ in pairs if run.threads == 1}),
        with_two=len({run.seed for run, _ in pairs if run.threads == 2}),
        bad_seeds=len({run.seed for run in fails}),
        all_seeds=len({run.seed for run, _ in pairs}),
        margin=_margin(there, numbers),
    )


def _margin(values: list[Value], numbers: list[float]) -> float:
    """The mean distance to the nearer bound over the standard deviation of that distance; infinite without spread."""
    if len(numbers) < 2 or any("equals" in value.bounds for value in values):
        return float("inf")
    distances = [
        min(
            number - value.bounds.get("above", float("-inf")),
            value.bounds.get("below", float("inf")) - number,
        )
        for number, value in zip(numbers, values, strict=True)
    ]
    if not all(map(math.isfinite, distances)):
        return float("-inf")
    mean, spread = statistics.fmean(distances), statistics.stdev(distances)
    return mean / spread if spread else math.copysign(float("inf"), mean)
