"""The frame of a lesson: profile, seeds, claims, and whether someone is watching.

Every notebook calls `start` once, right after its parameters cell, and keeps the `Lesson` it returns.
"""

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.errors import ClaimError
from helpers.notebook.frontend import flag, show_markdown
from helpers.paths import ROOT

PROFILES = ("quick", "full")


@dataclass(frozen=True)
class Claim:
    """One sentence of the text with the value that was measured for it."""

    sentence: str
    measured: str
    condition: str
    holds: bool

    def __str__(self) -> str:
        mark = "✓" if self.holds else "✗"
        return f"{mark} claim: {self.sentence} (measured {self.measured}; needs {self.condition})"


@dataclass(frozen=True)
class Lesson:
    """A running notebook: its profile, its seed, where it may write, and what it has claimed so far."""

    notebook: str
    profile: str
    seed: int
    claims: dict[str, Claim] = field(default_factory=dict)

    def pick(self, *, quick: Any, full: Any) -> Any:
        """The value for the profile in use: `lesson.pick(quick=5, full=20)`."""
        return {"quick": quick, "full": full}[self.profile]

    @property
    def folder(self) -> Path:
        """A folder of this notebook's own for checkpoints and the like, made on first use."""
        base = ROOT / "build" if (ROOT / "pyproject.toml").exists() else Path.cwd() / "course_files"
        path = base / "work" / f"{self.notebook}-{self.profile}"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def claim(
        self,
        sentence: str,
        value: float,
        *,
        equals: float | None = None,
        below: float | None = None,
        above: float | None = None,
        form: str = "",
    ) -> None:
        """Print one line that says whether `value` bears the sentence out, and remember it.

        Give `equals` alone, or `below` and/or `above` (both strict). `form` is a format specification
        for the numbers, for example ".1%" or ".3f"; without it integers get thousands separators and
        floats four significant digits.
        With CNN_STRICT=1 a claim that does not hold raises `ClaimError`; otherwise it only says so.
        """
        made = evaluate_claim(sentence, value, equals=equals, below=below, above=above, form=form)
        self.claims[sentence] = made  # keyed by sentence: running a cell twice must not list it twice
        print(made)
        if not made.holds and strict():
            raise ClaimError(str(made))

    def show_claims(self) -> None:
        """Show every claim made so far as a table with its measured value."""
        rows = ["| | claim | measured | needs |", "| --- | --- | --- | --- |"]
        rows += [
            f"| {'✓' if claim.holds else '✗'} | {claim.sentence} | {claim.measured} | {claim.condition} |"
            for claim in self.claims.values()
        ]
        show_markdown("\n".join(rows))


def start(*, notebook: str, profile: str, seed: int | None = None) -> Lesson:
    """Check the profile, set every random seed, and in `quick` make TensorFlow deterministic.

    Without `seed`, the environment variable CNN_SEED sets it, or it is 0: so a result can be tried with
    several seeds without changing a notebook.
    Raises ValueError for an unknown profile, naming the known ones, and for a seed that is no number.
    """
    seed = _seed_from_outside() if seed is None else seed
    lesson = Lesson(notebook=notebook, profile=check_profile(profile), seed=seed)
    from helpers.notebook.quiet_keras import keras, quiet_start, tf  # here: it takes seconds

    with quiet_start():
        gpus = tf.config.list_physical_devices("GPU")
    keras.utils.set_random_seed(seed)
    if lesson.profile == "quick":
        tf.config.experimental.enable_op_determinism()
    device = f"{len(gpus)} GPU" if gpus else "CPU only"
    print(f"profile {lesson.profile}, TensorFlow {tf.__version__}, Keras {keras.__version__}, {device}")
    return lesson


def _seed_from_outside() -> int:
    text = os.environ.get("CNN_SEED", "0")
    if not text.isdecimal():
        raise ValueError(f"CNN_SEED={text!r} is no seed: set it to a whole number from 0.")
    return int(text)


def check_profile(profile: str) -> str:
    """Return `profile` if it is a known one; raise ValueError that lists the known ones otherwise."""
    if profile not in PROFILES:
        known = ", ".join(f'"{name}"' for name in PROFILES)
        raise ValueError(
            f"unknown profile {profile!r}: choose one of {known}, in the notebook's parameters cell "
            "(PROFILE = ...) or in the environment variable CNN_PROFILE."
        )
    return profile


def evaluate_claim(
    sentence: str,
    value: float,
    *,
    equals: float | None = None,
    below: float | None = None,
    above: float | None = None,
    form: str = "",
) -> Claim:
    """Compare `value` with its bounds and word the result. Not-a-number never bears a claim out."""
    if (equals is None) == (below is None and above is None):
        raise ValueError("a claim needs either equals=..., or below=... and/or above=...")
    number = float(value)
    if equals is not None:
        holds, condition = number == float(equals), f"exactly {_worded(equals, form)}"
    else:
        lower, upper = -math.inf if above is None else above, math.inf if below is None else below
        holds = lower < number < upper
        parts = [] if above is None else [f"above {_worded(above, form)}"]
        parts += [] if below is None else [f"below {_worded(below, form)}"]
        condition = " and ".join(parts)
    return Claim(sentence=sentence, measured=_worded(value, form), condition=condition, holds=holds)


def _worded(value: float, form: str) -> str:
    if form:
        return format(float(value), form)
    number = float(value)
    return f"{int(number):,}" if number.is_integer() else f"{number:,.4g}"


def strict() -> bool:
    """Whether CNN_STRICT asks for a false claim to stop the notebook (what CI does)."""
    return flag("CNN_STRICT")
