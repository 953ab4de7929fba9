"""helpers.notebook.course: profiles, claims, and a start that is fast and silent."""

import contextlib
import gc
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from helpers import errors
from helpers.notebook import course, frontend, quiet_keras

LESSON = {"notebook": "99_test", "seed": 0}


def run_python(code: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, **env}
    )


def test_importing_helpers_is_fast_and_loads_nothing_heavy():
    code = (
        "import sys, time; t = time.perf_counter(); import helpers; s = time.perf_counter() - t;"
        "print(s, any(m in sys.modules for m in ('tensorflow', 'keras', 'numpy', 'matplotlib')))"
    )
    runs = [run_python(code).stdout.split() for _ in range(3)]
    assert min(float(seconds) for seconds, _ in runs) < 0.3
    assert {heavy for _, heavy in runs} == {"False"}


def test_data_and_claims_need_no_tensorflow():
    code = (
        "import sys; from helpers.data import datasets; from helpers.notebook import course, plots\n"
        "datasets.load('mnist'); print('keras' in sys.modules)"
    )
    assert run_python(code).stdout.strip() == "False"


def test_training_loads_tensorflow_in_silence():
    result = run_python("from helpers.training import callbacks; import tensorflow; print('ok')")
    assert (result.stdout.strip(), result.stderr) == ("ok", "")


@pytest.mark.parametrize(("chosen", "expected"), [(None, "1"), ("0", "0")])
def test_onednn_is_switched_on_unless_someone_chose_otherwise(chosen, expected):
    code = (
        "import os; chosen = {!r}; os.environ.pop('TF_ENABLE_ONEDNN_OPTS', None)\n"
        "if chosen: os.environ['TF_ENABLE_ONEDNN_OPTS'] = chosen\n"
        "import helpers; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    )
    assert run_python(code.format(chosen)).stdout.strip() == expected


def test_quiet_start_passes_on_what_was_said_when_the_block_fails():
    code = (
        "import os\nfrom helpers.notebook.quiet_keras import quiet_start\n"
        "with quiet_start():\n    os.write(2, b'held back')\n"
        "with quiet_start():\n    os.write(2, b'told'); raise RuntimeError('broken')\n"
    )
    result = run_python(code)
    assert "told" in result.stderr and "broken" in result.stderr and "held back" not in result.stderr


@pytest.mark.parametrize("collects", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_quiet_start_collects_no_garbage_and_leaves_the_setting_as_it_was(collects, fails):
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        with contextlib.suppress(KeyError), quiet_keras.quiet_start():
            assert not gc.isenabled()
            if fails:
                raise KeyError
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("profile", ["Quick", "fast", "", None, 3])
def test_unknown_profile_lists_the_known_ones(profile):
    with pytest.raises(ValueError, match='"quick", "full"') as error:
        course.check_profile(profile)
    assert repr(profile) in str(error.value) and "CNN_PROFILE" in str(error.value)


def test_start_sets_seeds_and_determinism():
    code = (
        "from helpers.notebook import course\nimport random\n"
        "course.start(notebook='99_test', profile='{profile}', seed=3)\n"
        "import numpy as np, keras, tensorflow as tf\n"
        "from tensorflow.python.framework import config\n"
        "print(random.random(), np.random.rand(), float(keras.random.normal(())), config.is_op_determinism_enabled())"
    )
    first, second = (run_python(code.format(profile="quick")).stdout.splitlines()[-1] for _ in range(2))
    assert first == second and first.endswith("True")
    assert run_python(code.format(profile="full")).stdout.splitlines()[-1] == first.replace("True", "False")


def test_the_seed_can_come_from_outside(monkeypatch):
    monkeypatch.setenv("CNN_SEED", "7")
    assert course._seed_from_outside() == 7
    for wrong in ("", "-1", "1.5", "x"):
        monkeypatch.setenv("CNN_SEED", wrong)
        with pytest.raises(ValueError, match="CNN_SEED"):
            course._seed_from_outside()


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
        (np.float32(0.5), {"below": 1}, True),
        (np.int64(7), {"equals": 7}, True),
    ],
)
def test_a_claim_holds_only_within_its_bounds(value, bounds, holds):
    assert course.evaluate_claim("it is so", value, **bounds).holds is holds


@pytest.mark.parametrize("bounds", [{}, {"equals": 1, "below": 2}, {"equals": 1, "above": 0}])
def test_a_claim_without_a_clear_condition_is_refused(bounds):
    with pytest.raises(ValueError, match="equals"):
        course.evaluate_claim("it is so", 1, **bounds)


def test_claims_are_worded_for_readers():
    claim = course.evaluate_claim("The MLP is large", 669706, equals=669706)
    assert str(claim) == "✓ claim: The MLP is large (measured 669,706; needs exactly 669,706)"
    claim = course.evaluate_claim("It learned", 0.9312, above=0.95, form=".1%")
    assert str(claim) == "✗ claim: It learned (measured 93.1%; needs above 95.0%)"
    assert course.evaluate_claim("c", 0.5, above=0, below=1).condition == "above 0 and below 1"


@pytest.mark.parametrize(
    ("setting", "raises"), [("1", True), ("true", True), ("0", False), ("", False), (None, False)]
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
    assert capsys.readouterr().out.startswith("✗ claim: water is dry")
    assert [claim.holds for claim in lesson.claims.values()] == [False]


def test_a_setting_that_is_neither_yes_nor_no_is_refused(monkeypatch):
    monkeypatch.setenv("CNN_STRICT", "maybe")
    with pytest.raises(ValueError, match="CNN_STRICT='maybe'"):
        course.strict()


def test_running_a_cell_again_lists_its_claim_once(capsys):
    lesson = course.Lesson(profile="quick", **LESSON)
    lesson.claim("one", 1, equals=1)
    lesson.claim("two", 5, below=3)
    lesson.claim("two", 2, below=3)
    capsys.readouterr()
    lesson.show_claims()
    rows = capsys.readouterr().out.splitlines()
    assert rows[2:] == ["| ✓ | one | 1 | exactly 1 |", "| ✓ | two | 2 | below 3 |"]


def test_nobody_watches_a_test(monkeypatch):
    monkeypatch.delenv("CNN_LIVE", raising=False)
    assert frontend.is_live() is False
    monkeypatch.setenv("CNN_LIVE", "1")
    assert frontend.is_live() is True
