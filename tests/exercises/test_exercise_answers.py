"""The answers in test_exercises_nb*.py: each wrong one gets the message that helps, and every right form passes.

WRONG has rows (exercise, answer, a part of the message), RIGHT has rows (exercise, answer). A tuple is several answers.
"""

import importlib
from pathlib import Path

import pytest

from helpers.exercises.core import Exercise
from tools import selection

TABLES = {
    path.stem.rpartition("_")[2]: importlib.import_module(path.stem)
    for path in sorted(Path(__file__).parent.glob("test_exercises_nb*.py"))
}
NOTEBOOKS = [f"nb{selection.number(path)}" for path in selection.all_notebooks()]


def rows(table):
    found = [(name, *row) for name, module in TABLES.items() for row in getattr(module, table)]
    return [pytest.param(*row, id=f"{name}-{row[0].name}") for name, *row in found]


def verdict_on(exercise, answer):
    return exercise.verdict(*answer if isinstance(answer, tuple) else (answer,))


@pytest.mark.parametrize(("exercise", "answer", "message"), rows("WRONG"))
def test_a_wrong_answer_is_refused_with_the_message_that_helps(exercise, answer, message):
    verdict = verdict_on(exercise, answer)
    assert verdict.status == "wrong" and message in verdict.message, verdict
    assert "Traceback" not in verdict.message


@pytest.mark.parametrize(("exercise", "answer"), rows("RIGHT"))
def test_every_right_form_passes(exercise, answer):
    verdict = verdict_on(exercise, answer)
    assert verdict.status == "correct", verdict


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_exercise_has_two_wrong_answers_and_each_answer_is_its_own_notebooks(name):
    exercises = vars(importlib.import_module(f"helpers.exercises.{name}")).values()
    exercises = {id(item): item for item in exercises if isinstance(item, Exercise)}
    refused = [id(exercise) for exercise, _, _ in TABLES[name].WRONG]
    assert all(refused.count(one) >= 2 for one in exercises), [item.name for item in exercises.values()]
    assert {*refused, *(id(exercise) for exercise, _ in TABLES[name].RIGHT)} <= set(exercises)
