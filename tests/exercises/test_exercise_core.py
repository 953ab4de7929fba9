"""The frame of exercises and quizzes: what counts as an answer, and what a learner is told."""

import numpy as np
import pytest

from helpers.exercises import ____
from helpers.exercises.core import (
    Exercise,
    NotAnswered,
    Quiz,
    WrongAnswer,
    as_array,
    as_float,
    as_int,
    check_bug_lines,
    has_blank,
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


@pytest.mark.parametrize(
    "answer",
    [____, ____ + 1, 2 * ____, np.arange(3) * ____, ____(3), ____[0], -____, [1, ____], {"k": (____,)}],
)
def test_a_blank_survives_and_is_noticed(answer):
    assert has_blank(answer)
    assert SUM.verdict(answer).status == "unanswered"


def test_a_blank_inside_an_object_array_is_noticed():
    assert has_blank(np.array([1, ____], dtype=object)) and not has_blank(np.array([1, 2]))


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


def test_a_learner_never_sees_a_stack():
    broken = Exercise(name="f", examine=lambda f: f(1), hints=("h",), solution_code="", because="")
    verdict = broken.verdict(lambda x: 1 / 0)
    assert (
        verdict.status == "wrong"
        and verdict.message == "Your code stopped with ZeroDivisionError: division by zero"
    )


def test_result_of_notices_what_is_not_a_function_a_blank_and_a_missing_return():
    assert result_of(lambda x: x + 1, 1) == 2
    with pytest.raises(WrongAnswer, match="must be a function"):
        result_of(3, 1)
    with pytest.raises(WrongAnswer, match="returned nothing"):
        result_of(lambda x: None, 1)
    with pytest.raises(NotAnswered):
        result_of(lambda x: [____], 1)


def test_as_array_checks_the_shape_in_the_learners_words():
    assert as_array([[1, 2]], what="it").dtype == float
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
