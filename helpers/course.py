"""The frame of a lesson: profile, seeds, claims, and whether someone is watching.

Every notebook calls `start` once, right after its parameters cell, and keeps the `Lesson` it returns.
"""

import contextlib
import gc
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROFILES = ("quick", "full")
_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


class ClaimError(AssertionError):
    """A claim of the text was not borne out by the measurement (raised only when CNN_STRICT=1)."""


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
        root = Path(__file__).resolve().parent.parent
        base = root / "build" if (root / "pyproject.toml").exists() else Path.cwd() / "course_files"
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
    with quiet_start():
        import keras
        import tensorflow as tf

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
    return _flag("CNN_STRICT")


def is_live() -> bool:
    """Whether a person sits at this notebook: JupyterLab and Colab yes; papermill, nbval and scripts no.

    A live front end announces with every cell that it can answer `input()`; automatic runners say they
    cannot. The environment variable CNN_LIVE overrides this.
    """
    if "CNN_LIVE" in os.environ:
        return _flag("CNN_LIVE")
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


def _flag(name: str) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text not in _YES + _NO:
        raise ValueError(f"{name}={text!r} is neither yes nor no: set it to 1 or 0.")
    return text in _YES


def show_markdown(text: str) -> None:
    """Show Markdown in a notebook, or print it as it is anywhere else."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel"):
        print(text)
        return
    from IPython.display import Markdown, display

    display(Markdown(text))


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back what native code writes to standard error, unless the block fails.

    TensorFlow reports the absence of a GPU while it loads, before any setting can silence it. Python's
    own warnings are not touched. Garbage is not collected meanwhile: what a library makes while it loads
    stays, and looking through it again and again takes a sixth of the time that TensorFlow needs to load.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        with _standard_error_held():
            yield
    finally:
        if collects:
            gc.enable()


@contextlib.contextmanager
def _standard_error_held() -> Iterator[None]:
    try:
        saved = os.dup(2)
    except OSError:  # no standard error at all (a windowed program): there is nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
