"""helpers.notebook.course: profiles, seeds, claims, and what `start` does to a fresh process."""

import json
import math
import os
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from helpers import errors
from helpers.notebook import course
from helpers.notebook.quiet_keras import tf

LESSON = {"notebook": "99_test", "seed": 0}


def run_python(code: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        env={**os.environ, **env},
    )


# One process for all that happens when TensorFlow is loaded, which takes seconds. Its surroundings are hostile: an old
# keras.json, environment variables of other work, and a terminal that is not UTF-8.
START = """
import os, random
from helpers.training import callbacks  # loads Keras
from helpers.notebook import course
import keras, numpy as np, tensorflow as tf
from tensorflow.python.framework import config

def draws():
    return [random.random(), np.random.rand(), float(keras.initializers.RandomNormal()((1,))[0])]

keras.mixed_precision.set_dtype_policy("mixed_float16")
seen = []
for profile, seed in [("full", 3), ("full", 4), ("full", 3), ("quick", 3)]:
    lesson = course.start(notebook="99_test", profile=profile, seed=seed)
    seen.append((draws(), config.is_op_determinism_enabled()))
lesson.claim("water is dry", 1, equals=2)
lesson.show_claims()
shape = keras.layers.Conv2D(3, 3)(np.ones((1, 9, 8, 2))).shape
settings = [keras.config.backend(), keras.config.image_data_format(), keras.config.floatx(), keras.config.epsilon()]
print(__import__("json").dumps([seen, [*settings, keras.config.dtype_policy().name, *shape]]))
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    home = tmp_path_factory.mktemp("keras home")
    old = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 1e-3, "backend": "jax"}
    text = json.dumps({**old, "nnx_enabled": True})
    (home / "keras.json").write_text(text, encoding="utf-8")
    foreign = {
        "KERAS_BACKEND": "torch",
        "TF_USE_LEGACY_KERAS": "1",
        "KERAS_MAX_EPOCHS": "1",
        "TF_XLA_FLAGS": "--no-flag",
    }
    result = run_python(START, KERAS_HOME=str(home), PYTHONIOENCODING="ascii", CNN_STRICT="0", **foreign)
    assert result.returncode == 0, result.stderr
    assert (home / "keras.json").read_text(encoding="utf-8") == text, "the file is the learner's"
    return result


def test_starting_writes_nothing_on_standard_error(started):
    assert started.stderr == ""


def test_the_seed_repeats_every_draw_and_quick_is_deterministic(started):
    (first, one), (other, two), (again, three), (quick, four) = json.loads(started.stdout.splitlines()[-1])[0]
    assert first == again == quick and all(a != b for a, b in zip(first, other, strict=True))
    assert [one, two, three, four] == [False, False, False, True]


def test_old_settings_of_keras_are_set_right(started):
    wanted = ["tensorflow", "channels_last", "float32", 1e-7, "float32", 1, 7, 6, 3]
    assert json.loads(started.stdout.splitlines()[-1])[1] == wanted


def test_what_was_set_right_is_said_once_in_a_line_that_names_it(started):
    notes = [line for line in started.stdout.splitlines() if line.startswith("Note: ")]
    (of_file,) = [note for note in notes if "keras.json" in note]
    assert "sets image_data_format 'channels_first', floatx 'float16', epsilon 0.001; " in of_file
    for name in ("KERAS_BACKEND", "TF_USE_LEGACY_KERAS", "KERAS_MAX_EPOCHS", "TF_XLA_FLAGS", "mixed_float16"):
        assert len([note for note in notes if name in note]) == 1, name


def test_a_claim_can_be_printed_where_the_terminal_is_not_utf_8(started):
    lines = started.stdout.splitlines()
    assert "NO water is dry (1; needs exactly 2)" in lines
    assert "| NO | water is dry | 1 | exactly 2 |" in lines


def test_importing_helpers_is_fast_and_loads_nothing_heavy():
    code = (
        "import sys, time; t = time.perf_counter(); import helpers; s = time.perf_counter() - t;"
        "print(s, any(m in sys.modules for m in ('tensorflow', 'keras', 'numpy', 'matplotlib')))"
    )
    runs = [run_python(code).stdout.split() for _ in range(3)]
    assert min(float(seconds) for seconds, _ in runs) < 0.3
    assert {heavy for _, heavy in runs} == {"False"}


def test_data_claims_and_the_look_at_the_machine_need_no_tensorflow():
    code = (
        "import sys; from helpers.data import datasets; from helpers.notebook import course, machine, plots\n"
        "datasets.load('mnist'); machine.known_problems()\n"
        "course.Lesson('99_test', 'quick', 0).claim('one', 1, equals=1); print('keras' in sys.modules)"
    )
    assert run_python(code).stdout.splitlines() == ["✓ one (1)", "False"]


@pytest.mark.parametrize(("chosen", "expected"), [(None, "1"), ("0", "0")])
def test_onednn_is_switched_on_unless_someone_chose_otherwise(chosen, expected):
    code = (
        "import os; chosen = {!r}; os.environ.pop('TF_ENABLE_ONEDNN_OPTS', None)\n"
        "if chosen: os.environ['TF_ENABLE_ONEDNN_OPTS'] = chosen\n"
        "import helpers; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    )
    assert run_python(code.format(chosen)).stdout.strip() == expected


@pytest.mark.parametrize("profile", ["fast", "quick full", None, 3])
def test_unknown_profile_lists_the_known_ones(profile):
    with pytest.raises(ValueError, match='"quick", "full"') as error:
        course.check_profile(profile)
    assert repr(profile) in str(error.value) and "CNN_PROFILE" in str(error.value)


@pytest.mark.parametrize(
    ("given", "profile"),
    [
        ("quick", "quick"),
        ("full", "full"),
        (" Full\n", "full"),
        ("QUICK", "quick"),
        ("", "quick"),
        (" ", "quick"),
    ],
)
def test_a_profile_counts_in_any_case_and_an_empty_one_as_not_set(given, profile):
    assert course.check_profile(given) == profile


@pytest.mark.parametrize(
    ("text", "seed"), [(None, 0), ("", 0), ("7", 7), (" 3 ", 3), ("007", 7), ("2147483647", 2**31 - 1)]
)
def test_the_seed_can_come_from_outside(monkeypatch, text, seed):
    monkeypatch.delenv("CNN_SEED", raising=False)
    if text is not None:
        monkeypatch.setenv("CNN_SEED", text)
    assert course.check_seed() == seed


@pytest.mark.parametrize(
    "text",
    ["-1", "1.5", "x", "½", "٣", "1_000", "+3", "1e3", "0x10", "2147483648", "4294967296", "9" * 6000],
)
def test_a_seed_from_outside_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("CNN_SEED", text)
    with pytest.raises(ValueError, match="CNN_SEED='.* a whole number from 0 to 2147483647") as error:
        course.check_seed()
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(("seed", "number"), [(5, 5), (np.int64(5), 5), (np.array(5), 5), (np.uint8(0), 0)])
def test_a_seed_may_be_numpys_and_comes_before_the_one_from_outside(monkeypatch, seed, number):
    monkeypatch.setenv("CNN_SEED", "9")
    assert course.check_seed(seed) == number and type(course.check_seed(seed)) is int


@pytest.mark.parametrize(
    "seed", [True, False, "3", 3.0, -1, 2**31, 2**32, np.array([1, 2]), [1], np.float64(1)]
)
def test_a_seed_that_is_none_is_refused_before_anything_is_loaded(seed):
    with pytest.raises(ValueError, match="is not a seed: set it to a whole number from 0 to 2147483647"):
        course.start(notebook="99_test", profile="quick", seed=seed)


def test_pick_follows_the_profile():
    assert course.Lesson(profile="quick", **LESSON).pick(quick=1, full=2) == 1
    assert course.Lesson(profile="full", **LESSON).pick(quick=1, full=2) == 2


@pytest.mark.parametrize(
    ("value", "bounds", "holds"),
    [
        (3, {"equals": 3}, True),
        (3.0001, {"equals": 3}, False),
        (0.1, {"below": 0.15}, True),
        (0.15, {"below": 0.15}, False),
        (0.9, {"above": 0.8}, True),
        (0.8, {"above": 0.8}, False),
        (0.5, {"above": 0.4, "below": 0.6}, True),
        (0.7, {"above": 0.4, "below": 0.6}, False),
        (math.nan, {"below": 1}, False),
        (math.nan, {"above": 1}, False),
        (math.nan, {"equals": math.nan}, False),
        (math.inf, {"above": 1}, True),
        (math.inf, {"equals": math.inf}, True),
        (-math.inf, {"above": 1}, False),
        (True, {"equals": 1}, True),
        (np.bool_(False), {"equals": True}, False),
        (np.float32(0.5), {"below": 1}, True),
        (np.int64(7), {"equals": 7}, True),
        (np.array([[0.25]]), {"equals": 0.25}, True),
        (0.5, {"below": np.array([1.0])}, True),
        (tf.constant(2.0), {"equals": 2}, True),
        (tf.constant([2]), {"above": 2}, False),
        (tf.Variable(0.5), {"below": tf.constant(0.6)}, True),
        (Decimal("0.1"), {"above": 0}, True),
        (2**53 + 1, {"equals": 2**53}, False),  # the same as floats
        (10**400, {"above": 1e300}, True),
    ],
)
def test_a_claim_holds_only_within_its_bounds(value, bounds, holds):
    assert course.evaluate_claim("it is so", value, **bounds).holds is holds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "this is None"),
        ("0.5", "this is str '0.5'"),
        (b"1", "this is bytes"),
        (1 + 0j, "complex.*abs"),
        (np.complex64(1), "complex.*abs"),
        ([0.5], "list"),
        (np.array([1, 2]), r"an array of shape \(2,\): take its mean"),
        (np.zeros((0, 3)), r"an array of shape \(0, 3\)"),
        (tf.constant([1.0, 2.0]), r"an array of shape \(2,\)"),
        (np.array("x"), "str 'x'"),
        (np.float32, "type"),
        (len, "builtin"),
    ],
)
def test_what_is_not_one_number_is_refused_as_value_and_as_bound(value, message):
    with pytest.raises(TypeError, match=f"what a claim is about must be one real number.*{message}"):
        course.evaluate_claim("it is so", value, above=0)
    if value is not None:
        with pytest.raises(TypeError, match=f"below must be one real number.*{message}"):
            course.evaluate_claim("it is so", 1, below=value)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({}, "equals"),
        ({"equals": 1, "below": 2}, "equals"),
        ({"equals": 1, "above": 0}, "equals"),
        ({"above": 2, "below": 1}, "no number"),
        ({"above": 1, "below": 1}, "no number"),
        ({"above": 0, "form": "d"}, "form='d'.*0.5.*'.1%'"),
        ({"above": 0, "form": "percent"}, "form='percent'"),
    ],
)
def test_a_claim_without_a_clear_condition_is_refused(bounds, message):
    with pytest.raises(ValueError, match=message):
        course.evaluate_claim("it is so", 0.5, **bounds)


@pytest.mark.parametrize(
    ("value", "bounds", "measured", "condition"),
    [
        (669706, {"equals": 669706}, "669,706", "exactly 669,706"),
        (0.9312, {"above": 0.95, "form": ".1%"}, "93.1%", "above 95.0%"),
        (0.5, {"above": 0, "below": 1}, "0.5", "above 0 and below 1"),
        (1234.5678, {"below": 2e3}, "1,235", "below 2,000"),
        (1e300, {"above": 0}, "1e+300", "above 0"),
        (math.inf, {"below": 1}, "inf", "below 1"),
        (7, {"equals": 7, "form": ".2f"}, "7.00", "exactly 7.00"),
        (7, {"equals": 7, "form": "d"}, "7", "exactly 7"),
    ],
)
def test_claims_are_worded_for_readers(value, bounds, measured, condition):
    claim = course.evaluate_claim("c", value, **bounds)
    assert (claim.measured, claim.condition) == (measured, condition)
    assert str(claim) == (f"✓ c ({measured})" if claim.holds else f"✗ c ({measured}; needs {condition})")


@pytest.mark.parametrize(
    ("setting", "raises"), [("1", True), (" TRUE ", True), ("0", False), ("", False), (None, False)]
)
def test_a_false_claim_stops_the_notebook_only_when_strict(monkeypatch, capsys, setting, raises):
    monkeypatch.delenv("CNN_STRICT", raising=False)
    if setting is not None:
        monkeypatch.setenv("CNN_STRICT", setting)
    lesson = course.Lesson(profile="quick", **LESSON)
    if raises:
        with pytest.raises(errors.ClaimError, match="water is dry"):
            lesson.claim("water is dry", 1, equals=2)
    else:
        lesson.claim("water is dry", 1, equals=2)
    assert capsys.readouterr().out.startswith("✗ water is dry (1; needs exactly 2)")
    assert [claim.holds for claim in lesson.claims.values()] == [False]


@pytest.mark.parametrize("setting", ["Maybe", "2", "yes!"])
def test_a_setting_that_is_neither_yes_nor_no_is_refused(monkeypatch, setting):
    monkeypatch.setenv("CNN_STRICT", setting)
    with pytest.raises(ValueError, match=f"CNN_STRICT='{setting}' is neither yes nor no"):
        course.strict()


def test_running_a_cell_again_lists_its_claim_once(capsys):
    lesson = course.Lesson(profile="quick", **LESSON)
    lesson.claim("one | of two", 1, equals=1)
    lesson.claim("two", 5, below=3)
    lesson.claim("two", 2, below=3)
    capsys.readouterr()
    lesson.show_claims()
    rows = capsys.readouterr().out.splitlines()
    assert rows[2:] == [r"| ✓ | one \| of two | 1 | exactly 1 |", "| ✓ | two | 2 | below 3 |"]


def test_a_sweep_gets_every_claim_with_all_its_digits(monkeypatch, tmp_path, capsys):
    path = tmp_path / "claims.jsonl"
    monkeypatch.setenv("CNN_CLAIMS", str(path))
    monkeypatch.setenv("CNN_STRICT", "1")
    lesson = course.Lesson(notebook="x", profile="quick", seed=0)
    lesson.claim("One third", np.float64(1 / 3), above=0.1, below=tf.constant(0.5), form=".1f")
    lesson.claim("Many", 10**20, equals=10**20, timed=True)
    with pytest.raises(errors.ClaimError):  # noted before it stops the notebook
        lesson.claim("Not a number", float("nan"), above=0)
    third, many, nothing = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert third == {
        "sentence": "One third", "value": 1 / 3, "bounds": {"above": 0.1, "below": 0.5}, "form": ".1f", "timed": False,
    }  # fmt: skip
    assert many["value"] == 10**20 == many["bounds"]["equals"] and many["timed"]
    assert math.isnan(nothing["value"]) and nothing["form"] == ""
    assert "✓ One third (0.3)\n" in capsys.readouterr().out
