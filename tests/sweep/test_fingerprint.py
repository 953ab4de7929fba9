"""What a sweep's fingerprint covers, and what it may leave out."""

import ast
import json
import re

import pytest

from helpers.paths import ROOT
from tools.colab import payload
from tools.notebooks.files import NotebookError
from tools.selection import all_notebooks
from tools.sweep import fingerprint as module
from tools.sweep.fingerprint import ASIDE, differences, fingerprint, normal_form, reached

CELLS = [
    "from helpers.rooms import kitchen\nfrom helpers.rooms.hall import Door as D",
    "x = kitchen.cook(3)\nD().open()",
]
KITCHEN = '''
"""A module."""
import math
from helpers.rooms import hall, pantry
SALT = 2
UNUSED = 3
@hall.decorated
def cook(n: int) -> int:
    """Cook."""
    return _stir(n) * SALT  # by hand
def _stir(n):
    from helpers.rooms.garden import herbs
    return n + herbs()
def bake():
    return pantry.open()
'''
HALL = """
class Door:
    width: int = 3
    def open(self):
        return WIDTH
WIDTH = 1
OTHER = 2
def decorated(f):
    return f
if WIDTH:
    OTHER = 5
"""
GARDEN = "def herbs():\n    return grown()\ndef grown():\n    return 1\ndef weeds():\n    return 2\n"
PANTRY = "def open():\n    return 0\n"


@pytest.fixture
def course(tmp_path):
    """A course with one notebook and a room of helpers; returns a function that changes one file and hashes again."""
    rooms = tmp_path / "helpers" / "rooms"
    (tmp_path / "helpers" / "assets").mkdir(parents=True)
    rooms.mkdir()
    for folder in (tmp_path / "helpers", rooms):
        (folder / "__init__.py").touch()
    sources = {"kitchen": KITCHEN, "hall": HALL, "garden": GARDEN, "pantry": PANTRY}

    def hashed(cells=CELLS, tags=(), **changed):
        for name, text in {**sources, **changed}.items():
            (rooms / f"{name}.py").write_text(text, encoding="utf-8")
        code = [
            {
                "cell_type": "code",
                "id": str(n),
                "source": cell,
                "metadata": {"tags": list(tags)},
                "outputs": [],
            }
            for n, cell in enumerate(cells)
        ]
        path = tmp_path / "01_a.ipynb"
        path.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": code}), encoding="utf-8")
        module._read_module.cache_clear()  # files of one length within a moment
        return fingerprint(path, root=tmp_path)

    return hashed


def test_only_what_is_reached_counts(course):
    found = course()
    rooms = {"helpers.rooms.kitchen", "helpers.rooms.hall", "helpers.rooms.garden"}
    assert set(found) == {"cells", "environment", *rooms}
    same = [
        {"kitchen": KITCHEN.replace("UNUSED = 3", "UNUSED = 4")},
        {"kitchen": KITCHEN.replace("open()", "shut()")},  # in bake, which nobody calls
        {"garden": GARDEN.replace("return 2", "return 3")},
        {"pantry": PANTRY.replace("0", "1")},
    ]
    for changed in same:
        assert course(**changed) == found, changed


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("kitchen", "* SALT", "+ SALT"),  # in a function that a cell calls
        ("kitchen", "n + herbs", "n - herbs"),  # in one that it calls
        ("kitchen", "SALT = 2", "SALT = 3"),  # a constant that it uses
        ("garden", "return 1", "return 2"),  # behind an import inside a function
        ("hall", "return WIDTH", "return -WIDTH"),  # a method of a class under another name
        ("hall", "width: int", "width: float"),  # a dataclass reads it
        ("hall", "WIDTH = 1", "WIDTH = 4"),
        ("hall", "return f", "return print(f)"),  # a decorator
        ("hall", "OTHER = 5", "OTHER = 6"),  # done at import
    ],
)
def test_what_is_reached_counts(course, file, old, new):
    found, text = course(), {"kitchen": KITCHEN, "hall": HALL, "garden": GARDEN}[file]
    assert old in text
    changed = course(**{file: text.replace(old, new)})
    assert differences(found, changed) == [f"helpers.rooms.{file}"]


def test_words_do_not_count(course):
    found = course()
    assert (
        course(kitchen=KITCHEN.replace('"""Cook."""', '"""Bake, and say so."""').replace("  # by hand", ""))
        == found
    )
    assert course(kitchen=KITCHEN.replace("n: int) -> int", "n)")) == found
    assert course(cells=[CELLS[0], "# a remark\nx = (kitchen.cook(\n    3))\nD().open()"]) == found
    assert differences(found, course(cells=[CELLS[0], CELLS[1].replace("3", "4")])) == ["cells"]


def test_the_words_of_an_error_do_not_count(course):
    found = course(pantry="", kitchen=KITCHEN + "def _stir(n):\n    raise ValueError(f'{n} is bad')\n")
    assert (
        course(pantry="", kitchen=KITCHEN + "def _stir(n):\n    raise ValueError(f'{n} is not good')\n")
        == found
    )
    assert course(pantry="", kitchen=KITCHEN + "def _stir(n):\n    raise TypeError(f'{n} is bad')\n") != found


def test_what_a_name_is_imported_from_counts(course):
    text = "from math import floor as rounded\n" + KITCHEN.replace("* SALT", "* rounded(SALT)")
    assert course(kitchen=text) != course(kitchen=text.replace("floor", "ceil"))
    assert course(kitchen=text.replace("rounded(SALT)", "SALT")) == course()  # and only where it is used
    swapped = "from helpers.rooms.garden import herbs as a, weeds as b\n" + KITCHEN.replace(
        "* SALT", "* a() * b()"
    )
    assert course(kitchen=swapped) != course(
        kitchen=swapped.replace("as a", "as c").replace("as b", "as a").replace("as c", "as b")
    )
    tried = "try:\n    from helpers.rooms.garden import weeds\nexcept ImportError:\n    pass\n"
    tried += KITCHEN.replace("* SALT", "* weeds()")
    assert course(kitchen=tried) != course(kitchen=tried, garden=GARDEN.replace("return 2", "return 3"))


def test_an_import_in_another_function_does_not_hide_the_modules_own(course):
    text = (
        KITCHEN.replace("pantry.open()", "0")
        .replace("n + herbs()", "n + pantry.open()")
        .replace("    from helpers.rooms.garden import herbs\n", "")
    )
    text += "def unused():\n    from helpers.rooms import garden as pantry\n    return pantry.herbs()\n"
    assert course(kitchen=text) != course(kitchen=text, pantry=PANTRY.replace("0", "1"))


def test_what_a_package_does_and_an_unknown_decorator_does_counts(course, tmp_path):
    found = course()
    (tmp_path / "helpers" / "__init__.py").write_text("import os\nos.environ['A'] = '1'\n", encoding="utf-8")
    assert differences(found, course()) == ["helpers"]
    registered = HALL + "@register\ndef unused():\n    return 1\n"
    assert course(hall=registered) != course(hall=registered.replace("return 1", "return 2"))
    cached = HALL + "@functools.cache\ndef unused():\n    return 1\n"
    assert course(hall=cached) == course(hall=cached.replace("return 1", "return 2"))


def test_tags_that_change_what_runs_count(course):
    assert course(tags=["parameters", "nbval-check-output"]) == course()
    for tag in ("skip-execution", "raises-exception"):
        assert differences(course(tags=[tag]), course()) == ["cells"]
    assert course(cells=[*CELLS, "# only a remark"]) == course()


def test_a_name_that_is_imported_again_counts_both_times(course):
    cells = [
        "from helpers.rooms import pantry as x\nx.open()",
        "from helpers.rooms import garden as x\nx.herbs()",
    ]
    found = course(cells)
    assert course(cells, pantry=PANTRY.replace("0", "1")) != found
    assert course(cells, garden=GARDEN.replace("return 1", "return 9")) != found


def test_helpers_do_nothing_that_cannot_be_followed():
    for path in (ROOT / "helpers").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"import_module\(|__import__\(|globals\(\)|import \*|^\s*from \.", text, re.MULTILINE
        ), path
        assert "def __getattr__" not in re.sub(
            r"^class .*?(?=^\S|\Z)", "", text, flags=re.MULTILINE | re.DOTALL
        ), path


def test_a_module_that_is_passed_on_counts_whole(course):
    cells = [CELLS[0], "print(kitchen)"]
    whole = course(cells=cells)
    assert "helpers.rooms.pantry" in whole
    assert course(cells=cells, kitchen=KITCHEN.replace("UNUSED = 3", "UNUSED = 4")) != whole


def test_every_way_to_import_is_followed(course):
    ways = ["from helpers.rooms.garden import herbs\nherbs()", "from helpers.rooms import garden\ngarden.herbs()",
            "import helpers.rooms.garden\nhelpers.rooms.garden.herbs()", "import helpers.rooms.garden as g\ng.herbs()",
            "from helpers.rooms.garden import herbs as h\nprint(map(h, []))"]  # fmt: skip
    changed = GARDEN.replace("return 1", "return 9")
    for way in ways:
        assert course([way]) != course([way], garden=changed), way
        assert (
            course([way]) == course([way], garden=GARDEN.replace("return 2", "return 9"))
            or "import helpers" in way
        )


def test_a_name_that_a_module_has_from_elsewhere_is_followed(course):
    cells = ["from helpers.rooms.pantry import herbs\nherbs()"]
    through = "from helpers.rooms.garden import herbs\n"
    assert course(cells, pantry=through) != course(
        cells, pantry=through, garden=GARDEN.replace("return 1", "return 9")
    )


def test_what_is_not_python_is_named(course):
    with pytest.raises(NotebookError, match=r"01_a.ipynb has a cell that is not Python"):
        course(["x ="])


def test_the_normal_form_is_the_same_on_every_python():
    """Written out for one piece of code, so that another version of Python that parses otherwise is seen."""
    assert normal_form(
        ast.parse("def f(a: int, *, b=1) -> str:\n    'Text.'\n    return f'{a!r:>5}' + b")
    ) == (
        "Module(body=[FunctionDef(name='f' args=arguments(args=[arg(arg='a')] kwonlyargs=[arg(arg='b')] "
        "kw_defaults=[Constant(value=1)]) body=[Return(value=BinOp(left=JoinedStr(values=[FormattedValue("
        "value=Name(id='a') conversion=114 format_spec=JoinedStr(values=[Constant(value='>5')]))]) op=Add() "
        "right=Name(id='b')))])])"
    )


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_of_the_real_course_it_covers_what_trains_and_not_what_shows(path):
    found = set(fingerprint(path))
    assert "helpers.notebook.course" in found
    modules = {name for name in found if name.startswith("helpers.")}
    assert not [name for name in modules if name.startswith(ASIDE)]
    cells = [
        "".join(cell["source"])
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    imported = {name for cell in cells for name in payload.imported(cell)}
    used = {name for name in imported if (ROOT / (name.replace(".", "/") + ".py")).is_file()}
    assert {name for name in used if not name.startswith(ASIDE)} <= modules


def test_an_experiment_reaches_the_training_behind_it():
    trees = [ast.parse("from helpers.data import datasets\ndata = datasets.load('emoji10')")]
    found = reached(trees)
    assert "load" in found["helpers.data.datasets"] and "scenes" in found["helpers.data.emoji10"]


def test_what_is_left_aside_leaves_the_shared_random_state_alone():
    """Modules that the fingerprint leaves out may not draw from, or seed, what experiments draw from."""
    shared = re.compile(
        r"(np|numpy)\.random\.(?!default_rng|Generator|SeedSequence)|\b(tf|keras)\.random\.|(?<!\.)\brandom\.\w"
        r"|import random|set_random_seed"
    )
    assert all(
        map(
            shared.search, ("np.random.rand(3)", "random.choice(x)", "keras.random.normal()", "import random")
        )
    )
    looked_at = 0
    for name in ASIDE:
        base = ROOT.joinpath(*name.split("."))
        for path in [*base.rglob("*.py"), base.with_suffix(".py")]:
            if path.exists():
                looked_at += 1
                found = shared.search(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))))
                assert not found, f"{path}: {found[0]}"
    assert looked_at > 15
