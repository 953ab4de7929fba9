"""The frame of a lesson: profile, seed and claims.

Every notebook calls `start` once, right after its parameters cell, and keeps the `Lesson` it returns.
"""

import contextlib
import json
import math
import operator
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.errors import ClaimError
from helpers.notebook import work_folder
from helpers.notebook.frontend import flag, safe_print, show_markdown

PROFILES = ("quick", "full")
# NumPy and Keras take seeds below 2**32, and the notebooks make further ones of theirs, up to twice as large.
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Claim:
    """One sentence of the text with the value that was measured for it."""

    sentence: str
    measured: str
    condition: str
    holds: bool
    value: int | float
    bounds: dict[str, int | float]  # "equals", or "above" and/or "below"
    form: str = ""

    def __str__(self) -> str:
        if self.holds:
            return f"✓ {self.sentence} ({self.measured})"
        return f"✗ {self.sentence} ({self.measured}; needs {self.condition})"


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
        """A folder for checkpoints and the like that no other running kernel uses, made on first use."""
        return work_folder.take(self.notebook, self.profile)

    def claim(
        self,
        sentence: str,
        value: float,
        *,
        equals: float | None = None,
        below: float | None = None,
        above: float | None = None,
        form: str = "",
        timed: bool = False,
    ) -> None:
        """Print one line that says whether the sentence is true of `value`, and remember it.

        Give `equals` alone, or `below` and/or `above` (both strict). `form` is a format specification
        for the numbers, for example ".1%" or ".3f"; without it integers get thousands separators and
        floats four significant digits. `value` may be any single number: Python's, NumPy's, a tensor's.
        With CNN_STRICT=1 a claim that does not hold raises `ClaimError`; otherwise it only says so.
        `timed` says that the value is a measured time, or a ratio of such, so it is another one in every run.
        A sweep over seeds (`make sweep`) names a file in CNN_CLAIMS, and gets the exact number there.
        """
        made = evaluate_claim(sentence, value, equals=equals, below=below, above=above, form=form)
        self.claims[sentence] = made  # keyed by sentence: running a cell twice must not list it twice
        safe_print(made)
        if path := os.environ.get("CNN_CLAIMS"):
            _note(made, Path(path), timed)
        if not made.holds and strict():
            raise ClaimError(str(made))

    def show_claims(self) -> None:
        """Show every claim made so far as a table with its measured value."""
        rows = ["| | claim | measured | needs |", "| --- | --- | --- | --- |"]
        for claim in self.claims.values():
            cells = (claim.sentence, claim.measured, claim.condition)
            mark = "✓" if claim.holds else "✗"
            rows.append("| " + " | ".join([mark, *(cell.replace("|", r"\|") for cell in cells)]) + " |")
        show_markdown("\n".join(rows))


def start(*, notebook: str, profile: str, seed: int | None = None) -> Lesson:
    """Check profile and seed, set Keras and every random seed, and in `quick` make TensorFlow deterministic.

    Without `seed`, the environment variable CNN_SEED sets it, or it is 0: so a result can be tried with
    several seeds without changing a notebook. What keras.json or the environment set otherwise than the course needs
    is set right, with a line that says so.
    Raises ValueError for an unknown profile, naming the known ones, and for a seed that is not a whole number from 0
    to LARGEST_SEED.
    """
    lesson = Lesson(notebook=notebook, profile=check_profile(profile), seed=check_seed(seed))
    from helpers.notebook import quiet_keras  # here, since it takes seconds

    keras, tf = quiet_keras.keras, quiet_keras.tf
    with quiet_keras.quiet_start():
        gpus = tf.config.list_physical_devices("GPU")
    for sentence in quiet_keras.use_course_settings():
        safe_print(f"Note: {sentence}")
    keras.utils.set_random_seed(lesson.seed)
    if lesson.profile == "quick":
        tf.config.experimental.enable_op_determinism()
    device = f"{len(gpus)} GPU" if gpus else "CPU only"
    safe_print(f"profile {lesson.profile}, TensorFlow {tf.__version__}, Keras {keras.__version__}, {device}")
    return lesson


def check_seed(seed: int | None = None, settings: Mapping[str, str] = os.environ) -> int:
    """Return `seed`, or without one what CNN_SEED says, or 0; ValueError for anything but 0 to LARGEST_SEED.

    `settings` are the environment variables.
    """
    number = -1
    if seed is None:
        text = settings.get("CNN_SEED", "").strip() or "0"
        source = f"CNN_SEED={text[:30]!r}"
        if re.fullmatch("0*[0-9]{1,20}", text):
            number = int(text)
    else:
        source = f"seed={seed!r}"
        with contextlib.suppress(TypeError):  # not an integer of Python's, NumPy's or TensorFlow's
            number = -1 if isinstance(seed, bool) else operator.index(seed)
    if not 0 <= number <= LARGEST_SEED:
        raise ValueError(f"{source} is not a seed: set it to a whole number from 0 to {LARGEST_SEED}.")
    return number


def check_profile(profile: str) -> str:
    """Return `profile` if it is a known one, in any case; an empty one is "quick", as if it had not been set.

    Raises ValueError that lists the known ones otherwise.
    """
    name = profile.strip().lower() or "quick" if isinstance(profile, str) else None
    if name not in PROFILES:
        known = ", ".join(f'"{name}"' for name in PROFILES)
        raise ValueError(
            f"unknown profile {profile!r}: choose one of {known}, in the notebook's parameters cell "
            "(PROFILE = ...) or in the environment variable CNN_PROFILE."
        )
    return name


def evaluate_claim(
    sentence: str,
    value: float,
    *,
    equals: float | None = None,
    below: float | None = None,
    above: float | None = None,
    form: str = "",
) -> Claim:
    """Compare `value` with its bounds and word the result. Not-a-number is never within bounds.

    Raises TypeError for what is not one real number, and ValueError for bounds that say nothing, or that no number
    is within, and for a `form` that is not one for numbers.
    """
    if (equals is None) == (below is None and above is None):
        raise ValueError("a claim needs either equals=..., or below=... and/or above=...")
    number = _number(value, "what a claim is about")
    bounds = {"equals": equals, "above": above, "below": below}
    limits = {name: _number(bound, name) for name, bound in bounds.items() if bound is not None}
    if len(limits) == 2 and limits["above"] >= limits["below"]:
        raise ValueError(f"no number is above {above} and below {below}, so this claim could never hold.")
    compare = {"equals": operator.eq, "above": operator.gt, "below": operator.lt}
    holds = all(compare[name](number, limit) for name, limit in limits.items())
    words = {"equals": "exactly", "above": "above", "below": "below"}
    condition = " and ".join(f"{words[name]} {_worded(limit, form)}" for name, limit in limits.items())
    return Claim(sentence, _worded(number, form), condition, holds, number, limits, form)


def _number(value: Any, what: str) -> int | float:
    """`value` as Python's own number: an int stays exact. Arrays and tensors with a single element count too."""
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    shape = getattr(value, "shape", ()) if not isinstance(value, type) else ()
    try:
        if math.prod(shape) == 1 and hasattr(value, "__array__"):
            import numpy as np

            value = np.asarray(value).item()
        if isinstance(value, (str, bytes)):  # float() would read it
            raise TypeError
        return operator.index(value) if hasattr(value, "__index__") else float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"{what} must be one real number, and this is {_described(value, shape)}.")


def _described(value: Any, shape: tuple) -> str:
    if value is None:
        return "None"
    if len(shape):
        return f"an array of shape {tuple(shape)}: take its mean or its largest value, say, or compare one element"
    if isinstance(value, complex):
        return f"complex, {value}: take its real part or abs() of it"
    return f"{type(value).__name__} {value!r}"


def _worded(number: int | float, form: str) -> str:
    if form:
        try:
            return format(number, form)
        except (ValueError, OverflowError):
            raise ValueError(
                f"form={form!r} is not a format for the number {number}: try '.3f' or '.1%'."
            ) from None
    if isinstance(number, int) or (number.is_integer() and abs(number) < 1e15):
        return f"{int(number):,}"
    return f"{number:,.4g}"


def _note(claim: Claim, path: Path, timed: bool) -> None:
    """Add the claim, as one line of JSON, to a file."""
    exact = {key: getattr(claim, key) for key in ("sentence", "value", "bounds", "form")}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**exact, "timed": timed}) + "\n")


def strict() -> bool:
    """Whether CNN_STRICT asks for a false claim to stop the notebook (what CI does)."""
    return flag("CNN_STRICT")
