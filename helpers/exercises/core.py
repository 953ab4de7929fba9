"""How exercises and quizzes answer a learner: never with a stack trace, always with the next step.

Each notebook's file builds `Exercise` and `Quiz` objects; its checks raise `WrongAnswer` to refuse.
"""

import contextlib
import functools
import inspect
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from helpers.notebook.frontend import safe_print, show_markdown

NOT_ANSWERED = "Not answered yet: put your answer in place of ____ and run the cell again."


class WrongAnswer(Exception):
    """Raised by a check; its message tells the learner what is wrong and where to look."""


class NotAnswered(Exception):
    """Raised where a blank stands and Python needs a real value. A notebook shows its message without a traceback."""

    def __init__(self, message: str = NOT_ANSWERED) -> None:
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        return [NOT_ANSWERED]  # not str(self): Keras adds to the messages of errors that pass through it


class Blank:
    """The `____` of an exercise.

    Whatever can be done with it without knowing its value (arithmetic, comparison, attributes, calls, indices)
    gives a blank again, so *Run All* goes on. Where Python needs a value (a loop, a condition, a number, an
    array), it raises `NotAnswered`, so nothing hangs.
    """

    __slots__ = ()

    def _same(self, *_args: Any, **_kwargs: Any) -> "Blank":
        return self

    def _needed(self, *_args: Any, **_kwargs: Any) -> Any:
        raise NotAnswered

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __pow__ = __rpow__ = _same
    __matmul__ = __rmatmul__ = __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _same
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _same
    __neg__ = __pos__ = __abs__ = __invert__ = __round__ = __floor__ = __ceil__ = __trunc__ = _same
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _same
    __call__ = __getitem__ = __enter__ = _same
    __array_ufunc__ = __array_function__ = _same  # `array * ____` and np.mean(____)

    __iter__ = __next__ = __reversed__ = __contains__ = __len__ = __length_hint__ = _needed
    __bool__ = __int__ = __float__ = __complex__ = __index__ = __hash__ = __bytes__ = __fspath__ = _needed
    __tf_tensor__ = __buffer__ = _needed
    __instancecheck__ = __subclasscheck__ = __mro_entries__ = _needed
    __await__ = __aiter__ = __anext__ = __aenter__ = _needed

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if np.dtype(dtype).kind != "O":
            raise NotAnswered
        held = np.empty((), dtype=object)
        held[()] = self
        return held

    def __getattr__(self, name: str) -> "Blank":
        if name.startswith("_"):  # what libraries look for to find out what an object can do
            raise AttributeError(f"____ has no {name}.")
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __delattr__(self, name: str) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __delitem__(self, key: Any) -> None:
        pass

    def __exit__(self, *_error: Any) -> None:
        pass

    def __format__(self, form: str) -> str:
        return "____"

    def __repr__(self) -> str:
        return "____"


Blank.__name__ = Blank.__qualname__ = "____"  # "expected str instance, ____ found" can be understood


def has_blank(answer: Any) -> bool:
    """Whether a blank is left anywhere in an answer (inside lists, tuples, dicts, partials and slices too)."""
    if isinstance(answer, Blank):
        return True
    if isinstance(answer, Mapping):
        return any(map(has_blank, answer.values()))
    if isinstance(answer, (list, tuple)):
        return any(map(has_blank, answer))
    if isinstance(answer, functools.partial):
        return has_blank([answer.func, *answer.args, answer.keywords])
    if isinstance(answer, slice):
        return has_blank([answer.start, answer.stop, answer.step])
    return isinstance(answer, np.ndarray) and answer.dtype == object and any(map(has_blank, answer.flat))


def is_unfinished(function: Any) -> bool:
    """Whether a function still mentions `____`, which would fail with a puzzling error if it were called."""
    if isinstance(function, functools.partial):
        return has_blank(function) or is_unfinished(function.func)
    if not callable(function):
        return False
    function = inspect.unwrap(function)
    if not hasattr(function, "__code__"):  # an object of the learner's own class
        function = type(function).__call__
    code = getattr(function, "__code__", None)
    defaults = (getattr(function, "__defaults__", None), getattr(function, "__kwdefaults__", None))
    return isinstance(code, CodeType) and (_mentions_blank(code) or has_blank(defaults))


def _mentions_blank(code: CodeType) -> bool:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return "____" in (*code.co_names, *code.co_freevars) or any(map(_mentions_blank, inner))


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
        wanted = list(inspect.signature(self.examine).parameters)
        if len(answers) != len(wanted):
            what = f"{len(wanted)} answers ({', '.join(wanted)})" if len(wanted) > 1 else "one answer"
            return Verdict("wrong", f"check takes {what}, and you gave {len(answers)}.")
        try:
            self.examine(*answers)
        except WrongAnswer as wrong:
            return Verdict("wrong", str(wrong))
        except (
            Exception,
            SystemExit,
        ) as error:  # a learner's function may fail in any way; a stack wouldn't help
            return verdict_on(error)
        return Verdict("correct", self.because)

    def check(self, *answers: Any) -> None:
        """Print whether the answers are right and, where not, what is wrong."""
        safe_print(self.verdict(*answers))

    def hint(self, number: int = 1) -> None:
        """Print hint `number`, counted from 1."""
        if not isinstance(number, int) or not 1 <= number <= len(self.hints):
            safe_print(f"There are {len(self.hints)} hints: ask for hint(1) to hint({len(self.hints)}).")
            return
        more = f" (hint({number + 1}) says more)" if number < len(self.hints) else ""
        safe_print(f"Hint {number}{more}: {self.hints[number - 1]}")

    def solution(self) -> None:
        """Show one right answer as code."""
        show_markdown(f"```python\n{self.solution_code.strip()}\n```")


def verdict_on(error: BaseException) -> Verdict:
    """What to tell a learner whose code stopped with `error`."""
    if isinstance(error, SystemExit):
        return Verdict("wrong", "Your code calls exit(), which ends everything. Use return instead.")
    if isinstance(error, KeyboardInterrupt):
        return Verdict(
            "wrong", "Your code took too long and was interrupted. Is there a loop that never ends?"
        )
    cause: BaseException | None = error
    while cause is not None:  # NumPy and Keras put their own errors in front of a blank's
        if isinstance(cause, NotAnswered):
            return Verdict("unanswered", NOT_ANSWERED)
        cause = cause.__cause__ or cause.__context__
    if re.search(r"(?<!_)____(?!_)", str(error)):
        return Verdict("unanswered", NOT_ANSWERED)
    if isinstance(error, RecursionError):
        return Verdict("wrong", "Your function calls itself again and again, without an end.")
    if isinstance(error, EOFError) or "Stdin" in type(error).__name__:
        text = (
            "Your code asks for input(), and nobody is there to answer. Use the function's arguments instead."
        )
        return Verdict("wrong", text)
    return Verdict("wrong", f"Your code stopped with {type(error).__name__}: {error}")


class NotCorrect(Exception):
    """Raised by `require`; a notebook shows its message, which is the check's, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def require(verdict: Callable[[], Verdict]) -> None:
    """Raise `NotCorrect` unless the verdict is "correct": the last line of a cell that nbgrader counts.

    The verdict comes as a function, so that an answer that is missing, fails or never ends is a message too. What a
    learner's code writes to standard error is swallowed, because nbgrader would take it for a failure.
    """
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            found = verdict()
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            found = verdict_on(error)
    if found.status != "correct":
        raise NotCorrect(str(found))


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
        safe_print(self.verdict(letter))


def as_int(answer: Any, *, what: str) -> int:
    """The answer as a whole number, from an int, a NumPy integer, a tensor or a round float."""
    number = as_float(answer, what=what)
    if not number.is_integer():
        raise WrongAnswer(f"{what} must be a whole number, and yours is {number:g}.")
    return int(number)


def as_float(answer: Any, *, what: str) -> float:
    """The answer as one number, in whatever form it came; single and half precision stay what they are."""
    if isinstance(answer, (str, bytes)):
        raise WrongAnswer(f"{what} must be a number, and yours is text: {answer!r}. Leave out the quotes.")
    if callable(answer) and not isinstance(answer, Blank):
        raise WrongAnswer(f"{what} must be a number, and yours is a function. Did you forget to call it?")
    array = as_array(answer, what=what)
    if array.size != 1:
        raise WrongAnswer(f"{what} must be one number, and yours holds {array.size} of them.")
    number = array.reshape(())[()]
    if np.isnan(number):
        raise WrongAnswer(f"{what} is {_NAN}")
    return number if number.dtype.itemsize < 8 else float(number)


def as_factor(answer: Any, *, what: str) -> float:
    """How far a random layer may go to either side, from a factor such as 0.05 or a pair such as (-0.05, 0.05)."""
    array = as_array(answer, what=what)
    if array.size == 2:
        low, high = sorted(array.ravel())
        if not np.isclose(low, -high):
            raise WrongAnswer(
                f"{what} must reach equally far to both sides; yours goes from {low:g} to {high:g}."
            )
        return float(high)
    return as_float(answer, what=what)


_NAN = 'NaN ("not a number"). Is there a division by zero, or a mean of nothing?'


def as_array(answer: Any, *, what: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """The answer as an array of floats, from a list, tuple, array or tensor; `shape` is checked if given.

    Floats keep their precision (`close` allows for it), whole numbers become float64.
    """
    if has_blank(answer):
        raise NotAnswered
    kind = type(answer).__name__
    if isinstance(answer, Iterator):  # a generator, map(...), zip(...)
        raise WrongAnswer(f"{what} is still to be computed: it is a {kind}. Put list(...) around it.")
    try:
        array = np.asarray(answer)
        if array.dtype.name == "bfloat16":
            array = array.astype(np.float16)
        if array.dtype.kind not in "iuf":
            raise ValueError("not numeric")
    except (TypeError, ValueError):
        raise WrongAnswer(f"{what} must be made of numbers in rows of equal length, not {kind}.") from None
    if shape is not None and array.shape != shape:
        raise WrongAnswer(f"{what} has shape {worded_shape(array.shape)}; it must be {worded_shape(shape)}.")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def close(found: np.ndarray, right: Any, *, atol: float = 1e-8) -> bool:
    """Whether an answer from `as_array` equals `right`, as nearly as its precision allows.

    NaN equals NaN. `atol` is the least absolute tolerance; half and single precision get more.
    """
    return bool(np.all(agrees(found, right, atol=atol)))


def agrees(found: np.ndarray, right: Any, *, atol: float = 1e-8) -> np.ndarray:
    """The same place by place: a boolean array."""
    rtol, least = {2: (5e-3, 5e-3), 4: (1e-5, 1e-5)}.get(np.asarray(found).dtype.itemsize, (1e-5, 0))
    return np.isclose(
        np.asarray(found, dtype=np.float64), right, rtol=rtol, atol=max(atol, least), equal_nan=True
    )


def refuse_mistakes(found: Any, mistakes: Iterable[tuple[Any, str]], *, lead: str) -> None:
    """Refuse an answer that equals what a known mistake gives; `mistakes` are (its result, the reason) in words.

    Where both have NaN in the same place that counts as equal; an answer with NaN in it is refused as such.
    """
    for wrong, why in mistakes:
        if close(found, wrong):
            raise WrongAnswer(f"{lead}: {why}.")
    if np.isnan(found).any():
        raise WrongAnswer(f"{lead}: your result holds {_NAN}")


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


def result_of(
    function: Any, *arguments: Any, what: str = "Your function", copies: bool = True, **named: Any
) -> Any:
    """Call the learner's function; refuse what is not callable, and notice a blank or a missing return.

    The function gets copies of all arrays, so it may work in place; with `copies=False` it gets these very ones.
    """
    if not callable(function):
        raise WrongAnswer(f"{what} must be a function (def ...:), and it is {type(function).__name__}.")
    if is_unfinished(function):
        raise NotAnswered
    if copies:
        arguments, named = copied(arguments), copied(named)
    result = function(*arguments, **named)
    if has_blank(result):
        raise NotAnswered
    if result is None:
        raise WrongAnswer(f"{what} returned nothing. Does it end with a return statement?")
    if inspect.isgenerator(result):
        raise WrongAnswer(
            f"{what} returned a generator. Return a list: square brackets, and return, not yield."
        )
    return result


def copied(value: Any) -> Any:
    """`value` with every array in it copied, inside lists, tuples and dicts too; anything else as it is."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    return value
