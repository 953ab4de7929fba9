"""The frame of exercises and quizzes: what counts as an answer, and what a learner is told."""

import copy
import functools
import math
import os
import sys

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers.exercises import ____, core
from helpers.exercises.core import (
    NOT_ANSWERED,
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    agrees,
    as_array,
    as_float,
    as_int,
    check_bug_lines,
    close,
    has_blank,
    is_unfinished,
    refuse_mistakes,
    result_of,
)


def examine(answer):
    if as_int(answer, what="The sum") != 4:
        raise WrongAnswer("Add again.")


SUM = Exercise(
    name="sum", examine=examine, hints=("count", "on fingers"), solution_code="4", because="2 + 2."
)
QUIZ = Quiz(question="2 + 2?", choices={"a": ("4", "Yes."), "b": ("5", "One less.")}, answer="a")


@pytest.mark.parametrize("answer", [4, 4.0, np.int64(4), np.array(4), np.array([4]), [4]])
def test_a_right_answer_in_any_form_is_right(answer):
    assert SUM.verdict(answer).status == "correct"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (5, "Add again."),
        (4.5, "whole number"),
        ("4", "Leave out the quotes"),
        ([1, 2], "one number"),
        (None, "must be made of numbers"),
        (True, "must be made of numbers"),
        (print, "forget to call"),
        ([[1], [2, 3]], "rows of equal length"),
    ],
)
def test_a_wrong_answer_says_what_is_wrong(answer, message):
    verdict = SUM.verdict(answer)
    assert verdict.status == "wrong" and message in verdict.message


def decorated():
    @____
    def function():
        pass

    return function


def changed():
    total = 3
    total += ____
    ____[0] = 1
    ____.size = 2
    del ____[0], ____.size
    with ____ as opened:
        return total + opened


GOES_ON = {
    "arithmetic": lambda: -((2 * ____ + 1 - ____ / 3) ** 2) @ ____ // 4 % 5,
    "bits": lambda: ~(____ & 1 | 2 ^ ____) << 3 >> 1,
    "from the right": lambda: (1 + ____, 2 - ____, [1] * ____, "a" + ____, 2**____, divmod(7, ____)),
    "numbers": lambda: (abs(____), round(____, 2), math.floor(____), math.ceil(____), +____),
    "comparison": lambda: (
        ____ == 3,
        ____ != 3,
        ____ > 3,
        ____ >= 3,
        np.arange(3) == ____,
        np.ones(2) < ____,
    ),
    "attribute": lambda: ____.shape[0].mean(axis=1),
    "index": lambda: ____[1:, None],
    "call": lambda: ____(3)(axis=2),
    "arrays": lambda: (np.arange(3) * ____, np.ones(2) @ ____, np.sqrt(____), np.mean(____ == np.arange(3))),
    "functions": lambda: (np.argmax(____, axis=1), np.concatenate([____, [1]]), np.where(____, 1, 2)),
    "object array": lambda: np.array([1, ____], dtype=object) * 2,
    "decorator": decorated,
    "statements": changed,
    "copy": lambda: copy.deepcopy([____]),
    "inside": lambda: [1, {"k": (____,)}, slice(____)],
    "partial": lambda: functools.partial(max, ____),
    "sum": lambda: sum([1, ____]),
}

NEEDS_A_VALUE = {
    "loop": lambda: [x for x in ____],
    "list": lambda: list(____),
    "tuple": lambda: tuple(____),
    "dict": lambda: dict(____),
    "in": lambda: 3 in ____,
    "sum": lambda: sum(____),
    "max": lambda: max(____),
    "next": lambda: next(____),
    "zip": lambda: list(zip([1], ____, strict=True)),
    "map": lambda: list(map(str, ____)),
    "unpacking": lambda: (lambda a, b: a)(*____),
    "keywords": lambda: (lambda **named: named)(**____),
    "join": lambda: ",".join(____),
    "len": lambda: len(____),
    "range": lambda: range(____),
    "int": lambda: int(____),
    "float": lambda: float(____),
    "complex": lambda: complex(____),
    "root": lambda: math.sqrt(____),
    "if": lambda: 1 if ____ else 2,
    "not": lambda: not ____,
    "or": lambda: ____ or 1,
    "if compared": lambda: 1 if ____ > 3 else 2,
    "sorted": lambda: sorted([2, ____]),
    "set": lambda: {____},
    "key": lambda: {"a": 1}[____],
    "slice of a list": lambda: [1, 2][:____],
    "index of an array": lambda: np.arange(3)[____],
    "array": lambda: np.array(____),
    "array of": lambda: np.array([1, ____]),
    "zeros": lambda: np.zeros((2, ____)),
    "arange": lambda: np.arange(____),
    "isinstance": lambda: isinstance(3, ____),
    "file": lambda: os.fspath(____),
}  # fmt: skip


@pytest.mark.parametrize("use", GOES_ON.values(), ids=GOES_ON)
def test_a_blank_goes_on_as_a_blank_and_is_noticed(use):
    answer = use()
    assert has_blank(answer) and SUM.verdict(answer).status == "unanswered"


@pytest.mark.parametrize("use", NEEDS_A_VALUE.values(), ids=NEEDS_A_VALUE)
def test_where_a_value_is_needed_a_blank_says_so_and_nothing_hangs(use):
    with pytest.raises(NotAnswered, match="put your answer in place of ____"):
        use()


def test_a_blank_is_written_as_it_stands_in_the_cell():
    assert f"{____:.2f} {____} {____!r}" == "____ ____ ____"
    with pytest.raises(TypeError, match="expected str instance, ____ found"):
        ",".join([____])


def test_keras_and_tensorflow_ask_a_blank_for_its_value():
    import keras
    import tensorflow as tf

    for use in (
        lambda: tf.constant(____),
        lambda: tf.zeros((2, ____)),
        lambda: keras.ops.sum(____),
        lambda: keras.layers.Conv2D(filters=____, kernel_size=3),
        lambda: keras.layers.Conv2D(8, 3, padding=____),
        lambda: keras.layers.Dropout(____),
        lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])(____),
    ):
        with pytest.raises(NotAnswered):
            use()


@pytest.mark.parametrize(
    "code", ["for x in ____: pass", "while not ____: pass", "a, b = ____", "a = [*____]"]
)
def test_a_cell_that_needs_the_value_ends_with_one_line_and_no_traceback(code, capsys):
    shell = InteractiveShell.instance()
    result = shell.run_cell(f"from helpers.exercises import ____\n{code}")
    assert isinstance(result.error_in_exec, NotAnswered)
    told = capsys.readouterr()
    assert (told.out + told.err).strip() == (
        "Not answered yet: put your answer in place of ____ and run the cell again."
    )
    InteractiveShell.clear_instance()


def half_done(values):
    return [2 * value for value in ____]


@functools.lru_cache
def cached(values):
    return ____


class Callable:
    def __call__(self, values):
        return values.____


@pytest.mark.parametrize(
    "function",
    [
        half_done, cached, Callable(), Callable().__call__, lambda values: values.____, lambda v, by=____: v,
        lambda values: [1 for _ in range(2) if values == ____], functools.partial(half_done, 1),
        functools.partial(lambda a, b: a, ____),
    ],
)  # fmt: skip
def test_a_function_with_its_blank_left_is_not_called(function):
    assert is_unfinished(function)
    with pytest.raises(NotAnswered):
        result_of(function, 1)


@pytest.mark.parametrize("function", [len, np.mean, max, functools.partial(max, 1), lambda x: x, 3, Exercise])
def test_a_finished_function_is_finished(function):
    assert not is_unfinished(function)


FUNCTION = Exercise(
    name="f", examine=lambda f: result_of(f, np.arange(3.0)), hints=("h",), solution_code="", because=""
)


def with_a_helper(values):
    return sum(value * factor for value, factor in zip(values, filled_later(), strict=True))


def filled_later():
    return ____


def hidden_by_another_error(values):
    try:
        return with_a_helper(values)
    except NotAnswered as error:
        raise ValueError("cannot go on") from error


@pytest.mark.parametrize(
    "function",
    [with_a_helper, hidden_by_another_error, lambda values: 1 / 0 if filled_later() else 1,
     lambda values: ",".join([filled_later()]), lambda values: {"k": [filled_later()]}],
)  # fmt: skip
def test_a_blank_deeper_down_is_noticed_and_pythons_own_words_are_not_shown(function):
    assert str(FUNCTION.verdict(function)) == (
        "Not answered yet: put your answer in place of ____ and run the cell again."
    )


def test_check_prints_and_returns_nothing(capsys):
    assert SUM.check(4) is None and SUM.check(5) is None and SUM.check(____) is None
    assert capsys.readouterr().out.splitlines() == [
        "✓ Correct. 2 + 2.",
        "✗ Not yet. Add again.",
        "Not answered yet: put your answer in place of ____ and run the cell again.",
    ]


def test_hints_are_numbered_and_a_wrong_number_is_told(capsys):
    SUM.hint()
    SUM.hint(2)
    SUM.hint(3)
    SUM.hint("1")
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 (hint(2) says more): count",
        "Hint 2: on fingers",
        "There are 2 hints: ask for hint(1) to hint(2).",
        "There are 2 hints: ask for hint(1) to hint(2).",
    ]


def test_the_solution_is_shown_as_code(capsys):
    SUM.solution()
    assert capsys.readouterr().out == "```python\n4\n```\n"


def endless(values):
    return endless(values)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda values: 1 / 0, "Your code stopped with ZeroDivisionError: division by zero"),
        (endless, "Your function calls itself again and again, without an end."),
        (lambda values: exit(), "Your code calls exit()"),
        (lambda values: input(), "Your code asks for input()"),
        (lambda: 1, "Your code stopped with TypeError"),
        (lambda values: None, "Your function returned nothing"),
        (lambda values: (value for value in values), "returned a generator"),
        (3, "must be a function (def ...:), and it is int"),
    ],
)
def test_a_function_that_fails_in_any_way_gives_a_message_and_no_stack(function, said, monkeypatch):
    import builtins
    import io
    import sys

    monkeypatch.setattr(builtins, "exit", sys.exit, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    verdict = FUNCTION.verdict(function)
    assert verdict.status == "wrong" and said in verdict.message


def test_an_interrupt_is_not_swallowed():
    def interrupted(values):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FUNCTION.verdict(interrupted)


@pytest.mark.parametrize(("answers", "said"), [((), "one answer, and you gave 0"), ((1, 2), "you gave 2")])
def test_too_many_or_too_few_answers_are_counted(answers, said):
    assert said in SUM.verdict(*answers).message


def test_what_a_function_does_to_its_arrays_stays_with_it():
    table, rows = np.ones((2, 3)), [np.arange(3), {"k": np.zeros(2)}]

    def in_place(first, second, *, third):
        first *= 2
        second[0][:] = 7
        second[1]["k"] += 1
        second.clear()
        np.negative(third, out=third)
        return first + third

    assert result_of(in_place, table, rows, third=table).tolist() == [[1, 1, 1]] * 2
    assert table.tolist() == [[1, 1, 1]] * 2
    assert rows[0].tolist() == [0, 1, 2] and rows[1]["k"].tolist() == [0, 0]
    given = np.ones(2)
    assert result_of(lambda values: values, given, copies=False) is given


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "bfloat16"])
def test_a_right_answer_is_close_in_every_precision(kind):
    import tensorflow as tf

    right = np.array([0.1, 1 / 3, -7.77])
    found = as_array(tf.cast(tf.constant(right), kind), what="it")
    assert close(found, right) and not close(found, right + 0.1)
    assert agrees(found, right + np.array([0, 0, 0.1])).tolist() == [True, True, False]


def test_whole_numbers_and_double_precision_are_compared_closely():
    assert not close(as_array([1, 2], what="it"), [1, 2.001])
    assert not close(as_array([1.0, 2.0], what="it"), [1, 2.0001])


def test_nan_is_named():
    with pytest.raises(WrongAnswer, match=r'^It is NaN \("not a number"\)'):
        as_float(float("nan"), what="It")
    found = np.array([1, np.nan])
    with pytest.raises(WrongAnswer, match="^Almost: your result holds NaN"):
        refuse_mistakes(found, [([1, 2], "no")], lead="Almost")
    with pytest.raises(WrongAnswer, match="^Almost: a mean of nothing"):
        refuse_mistakes(found, [([1, np.nan], "a mean of nothing")], lead="Almost")


@pytest.mark.parametrize(
    "answer", [map(float, "12"), iter([1]), (n for n in (1, 2)), zip([1], [2], strict=True)]
)
def test_what_is_still_to_be_computed_is_told(answer):
    with pytest.raises(WrongAnswer, match=r"still to be computed.* Put list\(...\) around it"):
        as_array(answer, what="The result")


def test_as_array_checks_the_shape_in_the_learners_words():
    assert as_array([[1, 2]], what="it").dtype == float
    assert as_array(np.array(3, np.uint8)[()], what="it") == 3
    with pytest.raises(WrongAnswer, match="This kernel has shape 3×2; it must be 3×3"):
        as_array(np.zeros((3, 2)), what="This kernel", shape=(3, 3))
    with pytest.raises(WrongAnswer, match="it has shape a single number; it must be 2"):
        as_array(1, what="it", shape=(2,))
    assert as_float(np.float32(0.5), what="it") == 0.5


FOUND = {"fine": {1: "line 1 is fine: a name", 4: "line 4 is fine: an end"}, "clues": {2: "what?", 3: "why?"}}


@pytest.mark.parametrize("answer", [[2, 3], (3, 2), {2, 3}, range(2, 4), np.array([2.0, 3.0]), [2, 2, 3]])
def test_bug_lines_are_taken_in_any_order_and_form(answer):
    check_bug_lines(answer, **FOUND, example="[1, 2]")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("2, 3", r"as a list, for example \[1, 2\]\."),
        ([2, 5], "There is no line 5: they go from 1 to 4."),
        ([0], "There is no line 0"),
        ([2, 4], "^Line 4 is fine: an end.$"),
        ([3], r"1 of 2 found, and no false alarm. Look again at the others: what\?"),
        ([], "0 of 2 found"),
    ],
)
def test_bug_lines_say_what_to_look_at(answer, said):
    with pytest.raises(WrongAnswer, match=said):
        check_bug_lines(answer, **FOUND, example="[1, 2]")


@pytest.mark.parametrize("answer", [____, [____], [2, ____]])
def test_blank_bug_lines_are_not_answered(answer):
    with pytest.raises(NotAnswered):
        check_bug_lines(answer, **FOUND, example="[1, 2]")


@pytest.mark.parametrize("letter", ["a", "A", " a ", "a)", "(a)", "a."])
def test_a_quiz_takes_its_letter_in_any_dress(letter):
    assert str(QUIZ.verdict(letter)) == "✓ Correct. Yes."


@pytest.mark.parametrize(
    ("letter", "said"),
    [
        ("b", "✗ Not yet. One less."),
        ("c", '✗ Not yet. \'c\' is not one of the choices: "a", "b".'),
        (1, '✗ Not yet. 1 is not one of the choices: "a", "b".'),
        ([], '✗ Not yet. [] is not one of the choices: "a", "b".'),
        (____, 'Not answered yet: put one of "a", "b" in place of ____.'),
    ],
)
def test_a_quiz_explains(letter, said):
    assert str(QUIZ.verdict(letter)) == said


def test_a_quiz_asks_with_its_choices(capsys):
    QUIZ.ask()
    assert capsys.readouterr().out == "**2 + 2?**\n\n- **a**: 4\n- **b**: 5\n"


def test_require_lets_a_right_answer_pass_and_says_what_the_check_says_of_any_other(capsys):
    def noisy():
        print("a warning", file=sys.stderr)  # nbgrader would take it for a failure
        return core.Verdict("correct", "")

    def loops():
        raise KeyboardInterrupt

    assert core.require(noisy) is None and capsys.readouterr().err == ""
    for verdict, message in [
        (lambda: core.Verdict("wrong", "Count once more."), "✗ Not yet. Count once more."),
        (lambda: core.Verdict("unanswered", NOT_ANSWERED), NOT_ANSWERED),
        (lambda: nothing_of_that_name, "NameError: name 'nothing_of_that_name' is not defined"),  # noqa: F821
        (loops, "Is there a loop that never ends?"),
        (sys.exit, "Your code calls exit()"),
    ]:
        with pytest.raises(core.NotCorrect) as raised:
            core.require(verdict)
        (line,) = raised.value._render_traceback_()  # what a notebook shows in place of a stack
        assert line == str(raised.value) and message in line
