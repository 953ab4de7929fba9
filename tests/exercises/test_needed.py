"""Which cells an answer needs."""

import pytest

from helpers.exercises.needed import needed, statements
from tools.notebooks.files import code_cells, read
from tools.selection import all_notebooks

LESSON = [
    "import numpy as np\nfrom helpers.exercises import ____, nb00",  # 0
    "def double(x):\n    return factor * x",  # 1
    "factor = 2",  # 2
    "images = np.zeros((3, 4))",  # 3
    "images[0] = 1",  # 4
    "network = build(images)",  # 5
    "def build(images):\n    return Network()",  # 6
    "network.fit(np.ones(3))",  # 7
    "plots.show(images.shape, np.mean(images[0]))",  # 8
    "train(network)",  # 9
]


@pytest.mark.parametrize(
    ("answer", "which"),
    [
        ("nb00.check(28 * 28)", {0}),
        ("def f(images):\n    x = images + 1\n    return np.sum(x)\nnb00.check(f)", {0}),  # a name of its own
        ("images = 3\nnb00.check(images)", {0}),
        ("nb00.check(double(2))", {0, 1, 2}),
        ("nb00.check(images.shape)", {0, 3, 4, 5, 6}),  # build(images) might change them
        ("nb00.check(factor)", {0, 2}),
        ("factor += 1\nnb00.check(factor)", {0, 2}),
        ("if ____:\n    factor = 1\nnb00.check(factor)", {0, 2}),
        ("%time nb00.check(factor)", {0, 2}),
        ("this is no Python", set()),
        ("nonlocal x", set()),
        ("x" + "(" * 500 + ")" * 500, set()),
        ("nothing_of_the_lesson + print(len([]))", set()),
    ],
)
def test_names_are_followed_to_where_they_are_made(answer, which):
    assert needed([*LESSON, answer], [len(LESSON)]) == which | {len(LESSON)}


def test_what_comes_after_the_answer_is_not_run():
    assert needed(["x = 1", "print(x)", "x = 2"], [1]) == {0, 1}
    assert needed(["x = 1"], []) == set()


def test_everything_that_a_star_may_bring_is_there():
    assert needed(["from math import *", "y = 1", "print(sqrt(2))"], [2]) == {0, 2}


def test_a_cell_is_cut_into_statements():
    assert statements("import math  # why\n\n@cache\ndef f(x):\n    return x\n") == [
        "import math",
        "@cache\ndef f(x):\n    return x",
    ]
    assert statements("!pip list\n%matplotlib inline") and statements("no Python here") == []


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_no_exercise_of_the_course_needs_more_of_its_lesson_than_imports(path):
    """So that grading takes seconds: a training that all answers would wait for is a mistake."""
    cells = code_cells(read(path))
    asked = [number for number, cell in enumerate(cells) if ".check(" in cell.source]
    more = needed([cell.source for cell in cells], asked) - set(asked)
    # 03c has a function `build`, and an exercise that makes another one of the same name
    assert {cells[number].id for number in more} <= {"set-up", "build"}
