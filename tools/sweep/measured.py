"""What a sweep measures, as data: the value that one run gave for one claim, a run, and all runs of a notebook."""

from dataclasses import dataclass, field

from helpers.notebook import course


@dataclass(frozen=True)
class Value:
    """What one run gave for one claim."""

    value: float
    bounds: dict[str, float]
    form: str = ""
    timed: bool = False  # a measured time, which is another one in every run

    @property
    def holds(self) -> bool:
        return self._claim().holds

    def worded(self) -> str:
        """The number as the notebook prints it."""
        return self._claim(form=self.form).measured

    def needs(self) -> str:
        """The condition as the notebook prints it."""
        return self._claim(form=self.form).condition

    def _claim(self, form: str = "") -> course.Claim:
        return course.evaluate_claim("", self.value, **self.bounds, form=form)


@dataclass
class Run:
    """One run: how it was made, and its claims by their sentences."""

    seed: int
    threads: int
    claims: dict[str, Value] = field(repr=False)
    date: str = ""
    machine: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    # what was set otherwise than the course has it, such as KERAS_BACKEND
    settings: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_mb: float = 0.0
    failure: str | None = None  # a run that did not come to its end is kept, and made again by the next sweep
    carried: bool = False  # made with earlier code, and a trial (carry.py) gave the same numbers

    @property
    def name(self) -> str:
        """ "3" for seed 3 with one thread, "3 (2 threads)" for two."""
        return f"{self.seed}" if self.threads == 1 else f"{self.seed} ({self.threads} threads)"


@dataclass
class Sweep:
    """All runs of one notebook with one state of the code."""

    notebook: str
    profile: str
    code: dict[str, str]
    runs: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Keep a run; an earlier one of the same seed and threads goes."""
        self.runs = [one for one in self.runs if (one.seed, one.threads) != (run.seed, run.threads)]
        self.runs.append(run)
        self.runs.sort(key=lambda one: (one.threads, one.seed))

    def finished(self) -> set[tuple[int, int]]:
        """(seed, threads) of every run that came to its end."""
        return {(run.seed, run.threads) for run in self.runs if run.failure is None}

    def sentences(self) -> list[str]:
        """Every claim, in the notebook's order."""
        longest = sorted(self.runs, key=lambda run: -len(run.claims))
        return list(dict.fromkeys(sentence for run in longest for sentence in run.claims))

    def values(self, sentence: str) -> list[tuple[Run, Value | None]]:
        """What each run gave for a claim; None where it did not get that far."""
        return [(run, run.claims.get(sentence)) for run in self.runs]
