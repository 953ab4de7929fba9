"""How exercises and quizzes answer a learner: never with a stack trace, always with the next step.

Each notebook's file builds `Exercise` and `Quiz` objects; its checks raise `WrongAnswer` to refuse.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.notebook.frontend import show_markdown

NOT_ANSWERED = "Not answered yet: put your answer in place of ____ and run the cell again."


class WrongAnswer(Exception):
    """Raised by a check; its message tells the learner what is wrong and where to look."""


class NotAnswered(Exception):
    """Raised when a blank turns up while an answer is being examined."""


class Blank:
    """The `____` of an exercise. Any arithmetic or call on it is again a blank, so *Run All* goes on."""

    def _same(self, *_args: Any, **_kwargs: Any) -> "Blank":
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _same
    __neg__ = __call__ = __getitem__ = _same
    __array_ufunc__ = None  # NumPy then leaves `array * ____` to the methods above

    def __repr__(self) -> str:
        return "____"

    def __bool__(self) -> bool:
        return False


def has_blank(answer: Any) -> bool:
    """Whether a blank is left anywhere in an answer (inside lists, tuples, dicts and object arrays too)."""
    if isinstance(answer, Blank):
        return True
    if isinstance(answer, Mapping):
        return any(has_blank(item) for item in answer.values())
    if isinstance(answer, (list, tuple, set)):
        return any(has_blank(item) for item in answer)
    return isinstance(answer, np.ndarray) and answer.dtype == object and any(map(has_blank, answer.flat))


@dataclass(frozen=True)
class Verdict:
    """What a check found: status is "correct", "wrong" or "unanswered"."""

    status: str
    message: str

    def __str__(self) -> str:
        return {"correct": "✓ Correct. ", "wrong": "✗ Not yet. ", "unanswered": ""}[
            self.status
        ] + self.message


@dataclass(frozen=True)
class Exercise:
    """A question with a check that explains, hints that help, and a solution that is tested.

    `examine` takes the answers and raises `WrongAnswer` or returns; `solution_code` is the notebook's
    cell with its blanks filled; `because` is said after a right answer.
    """

    name: str
    examine: Callable[..., None]
    hints: tuple[str, ...]
    solution_code: str
    because: str

    def verdict(self, *answers: Any) -> Verdict:
        """Judge the answers without printing."""
        if has_blank(answers):
            return Verdict("unanswered", NOT_ANSWERED)
        try:
            self.examine(*answers)
        except NotAnswered:
            return Verdict("unanswered", NOT_ANSWERED)
        except WrongAnswer as wrong:
            return Verdict("wrong", str(wrong))
        except Exception as error:  # a learner's function may fail in any way; the stack would not help
            return Verdict("wrong", f"Your code stopped with {type(error).__name__}: {error}")
        return Verdict("correct", self.because)

    def check(self, *answers: Any) -> None:
        """Print whether the answers are right and, where not, what is wrong."""
        print(self.verdict(*answers))

    def hint(self, number: int = 1) -> None:
        """Print hint `number`, counted from 1."""
        if not isinstance(number, int) or not 1 <= number <= len(self.hints):
            print(f"There are {len(self.hints)} hints: ask for hint(1) to hint({len(self.hints)}).")
            return
        more = f" (hint({number + 1}) says more)" if number < len(self.hints) else ""
        print(f"Hint {number}{more}: {self.hints[number - 1]}")

    def solution(self) -> None:
        """Show one right answer as code."""
        show_markdown(f"```python\n{self.solution_code.strip()}\n```")


@dataclass(frozen=True)
class Quiz:
    """A multiple-choice question in which every choice, right or wrong, has its explanation.

    `choices` maps a letter to (text, explanation).
    """

    question: str
    choices: Mapping[str, tuple[str, str]]
    answer: str

    def ask(self) -> None:
        """Show the question and its choices."""
        lines = "\n".join(f"- **{letter}**: {text}" for letter, (text, _) in self.choices.items())
        show_markdown(f"**{self.question}**\n\n{lines}")

    def verdict(self, letter: Any) -> Verdict:
        """Judge one letter without printing."""
        letters = ", ".join(f'"{known}"' for known in self.choices)
        if has_blank(letter):
            return Verdict("unanswered", f"Not answered yet: put one of {letters} in place of ____.")
        key = letter.strip().strip("().").lower() if isinstance(letter, str) else letter
        if not isinstance(key, str) or key not in self.choices:
            return Verdict("wrong", f"{letter!r} is not one of the choices: {letters}.")
        return Verdict("correct" if key == self.answer else "wrong", self.choices[key][1])

    def check(self, letter: Any) -> None:
        """Print whether the letter is right, and why."""
        print(self.verdict(letter))


def as_int(answer: Any, *, what: str) -> int:
    """The answer as a whole number, from an int, a NumPy integer, a tensor or a round float."""
    number = as_float(answer, what=what)
    if not number.is_integer():
        raise WrongAnswer(f"{what} must be a whole number, and yours is {number:g}.")
    return int(number)


def as_float(answer: Any, *, what: str) -> float:
    """The answer as one number, in whatever form it came."""
    if isinstance(answer, (str, bytes)):
        raise WrongAnswer(f"{what} must be a number, and yours is text: {answer!r}. Leave out the quotes.")
    if callable(answer):
        raise WrongAnswer(f"{what} must be a number, and yours is a function. Did you forget to call it?")
    array = as_array(answer, what=what)
    if array.size != 1:
        raise WrongAnswer(f"{what} must be one number, and yours holds {array.size} of them.")
    return float(array.reshape(()))


def as_array(answer: Any, *, what: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """The answer as a float array, from a list, tuple, array or tensor; `shape` is checked if given."""
    try:
        if has_blank(answer):
            raise NotAnswered
        array = np.asarray(answer)
        if array.dtype == bool or array.dtype == object or array.dtype.kind in "US":
            raise ValueError("not numeric")
        array = array.astype(float)
    except (TypeError, ValueError):
        kind = type(answer).__name__
        raise WrongAnswer(f"{what} must be made of numbers in rows of equal length, not {kind}.") from None
    if shape is not None and array.shape != shape:
        raise WrongAnswer(f"{what} has shape {worded_shape(array.shape)}; it must be {worded_shape(shape)}.")
    return array


def refuse_mistakes(found: Any, mistakes: Iterable[tuple[Any, str]], *, lead: str) -> None:
    """Refuse an answer that equals what a known mistake gives; `mistakes` are (its result, the reason) in words.

    Where both have no number in the same place that counts as equal.
    """
    for wrong, why in mistakes:
        if np.allclose(found, wrong, equal_nan=True):
            raise WrongAnswer(f"{lead}: {why}.")


def check_counts(cases: Iterable[tuple[str, Any, int, Mapping[int, str]]], *, otherwise: str) -> None:
    """Check several whole numbers: (name, answer, right one, {wrong one: reason}); else the reason is `otherwise`."""
    for name, answer, right, mistakes in cases:
        number = as_int(answer, what=name)
        if number != right:
            raise WrongAnswer(f"{name} is not {number:,}: {mistakes.get(number, otherwise)}.")


def check_bug_lines(answer: Any, *, fine: Mapping[int, str], clues: Mapping[int, str], example: str) -> None:
    """Check which lines of a listing hold bugs: a list of line numbers, each of them and no other.

    `clues` gives for every bug's line a question that leads to it, `fine` for every other line why it is right
    ("line 4 is fine: ..."); together they number the listing's lines from 1. `example` shows the form wanted.
    """
    if isinstance(answer, (str, bytes, dict)):
        raise WrongAnswer(f"Give the line numbers as a list, for example {example}.")
    if has_blank(answer):
        raise NotAnswered
    items = list(answer) if isinstance(answer, (set, frozenset, range)) else answer
    numbers = {
        as_int(item, what="A line number") for item in np.ravel(as_array(items, what="The list of lines"))
    }
    last = max(*fine, *clues)
    for number in sorted(numbers):
        if not 1 <= number <= last:
            raise WrongAnswer(f"There is no line {number}: they go from 1 to {last}.")
        if number in fine:
            raise WrongAnswer(f"{fine[number][0].upper()}{fine[number][1:]}.")
    missing = sorted(set(clues) - numbers)
    if missing:
        raise WrongAnswer(
            f"{len(numbers)} of {len(clues)} found, and no false alarm. "
            f"Look again at the others: {clues[missing[0]]}"
        )


def worded_shape(shape: tuple[int, ...]) -> str:
    """(3, 2) as "3×2", and () as "a single number"."""
    return "×".join(map(str, shape)) if shape else "a single number"


def result_of(function: Any, *arguments: Any, what: str = "Your function", **named: Any) -> Any:
    """Call the learner's function; refuse what is not callable, and notice a blank or a missing return."""
    if not callable(function):
        raise WrongAnswer(f"{what} must be a function (def ...:), and it is {type(function).__name__}.")
    result = function(*arguments, **named)
    if has_blank(result):
        raise NotAnswered
    if result is None:
        raise WrongAnswer(f"{what} returned nothing. Does it end with a return statement?")
    return result
