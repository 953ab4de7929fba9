"""The quiet loading of Keras, its one home, and what a machine's own settings of Keras do to it."""

import ast
import contextlib
import gc
import json
import logging
import os
import re
import subprocess
import sys

import pytest

from helpers import paths
from helpers.notebook import keras_settings, quiet_keras


def imports_at_the_top(path):
    """The packages that a file loads when it is imported: those within functions are left out."""
    waiting = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]


def test_keras_and_tensorflow_are_loaded_in_one_place():
    loading = {
        path.relative_to(paths.PACKAGE).as_posix()
        for path in paths.PACKAGE.rglob("*.py")
        if {"keras", "tensorflow"} & set(imports_at_the_top(path))
    }
    assert loading == {"notebook/quiet_keras.py"}


def test_quiet_start_passes_on_what_was_said_when_the_block_fails(capfd):
    with quiet_keras.quiet_start():
        os.write(2, b"held back")
    with contextlib.suppress(RuntimeError), quiet_keras.quiet_start():
        os.write(2, b"told")
        raise RuntimeError("broken")
    os.write(2, b" and open again")
    assert capfd.readouterr().err == "told and open again"


def test_tensorflow_gives_no_advice_against_retracing(caplog, monkeypatch):
    """It takes the first runs of five small models for one model that is traced five times."""
    logger = logging.getLogger("tensorflow")
    monkeypatch.setattr(logger, "propagate", True)
    logger.warning("5 out of the last 5 calls to <function one_step> triggered tf.function retracing.")
    logger.warning("something else")
    assert caplog.messages == ["something else"]


def test_without_a_place_to_hold_it_nothing_is_lost(capfd, monkeypatch):
    def full():
        raise OSError("No space left on device")

    monkeypatch.setattr(quiet_keras.tempfile, "TemporaryFile", full)
    with quiet_keras.quiet_start():
        os.write(2, b"loud")
    assert capfd.readouterr().err == "loud"


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


BROKEN = {  # with these Keras cannot be imported
    "no object": "[1]",
    "channels": '{"image_data_format": "th"}',
    "float": '{"floatx": "bfloat16"}',
    "floats": '{"floatx": ["float32"]}',
    "epsilon": '{"epsilon": 1}',
    "folder": None,
}

LOAD = """
import json, os, sys
from pathlib import Path
path = Path(os.environ["KERAS_HOME"], "keras.json")
said = {}
for name, text in json.loads(sys.argv[1]).items():
    path.unlink(missing_ok=True)
    path.mkdir() if text is None else path.write_text(text, encoding="utf-8")
    try:
        import helpers.notebook.quiet_keras
    except ImportError as error:
        said[name] = str(error)
sys.modules["keras"] = type(sys)("keras")
sys.modules["keras"].config = type(sys)("config")
sys.modules["keras"].config.backend = lambda: "jax"
try:
    import helpers.notebook.quiet_keras
except ImportError as error:
    said["backend"] = str(error)
print(json.dumps([said, "tensorflow" in sys.modules]))
"""


def test_a_settings_file_that_stops_keras_is_named_with_what_to_do(tmp_path):
    env = {**os.environ, "KERAS_HOME": str(tmp_path)}
    command = [sys.executable, "-c", LOAD, json.dumps(BROKEN)]
    run = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", timeout=120)
    assert run.returncode == 0, run.stderr
    said, _ = json.loads(run.stdout)
    on_jax = said.pop("backend")
    assert said.keys() == BROKEN.keys()
    for name, message in said.items():
        assert message.startswith("Keras can't be loaded. ") and str(tmp_path / "keras.json") in message, name
        assert "Rename or delete it" in message and "restart the kernel" in message, name
    assert "'th'" in said["channels"] and "bfloat16" in said["float"] and "epsilon 1" in said["epsilon"]
    assert "already runs on 'jax'" in on_jax and "import helpers before keras" in on_jax


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Writes a keras.json, text or bytes, into an empty home of Keras."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def write(content):
        (tmp_path / "keras.json").write_bytes(content.encode() if isinstance(content, str) else content)

    return write


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"image_data_format": "channels_first"}',
            "sets image_data_format 'channels_first'; .* 'channels_last'",
        ),
        ('{"floatx": "float16", "epsilon": 0.1}', "sets floatx 'float16', epsilon 0.1; .* 'float32', 1e-07"),
        ('{"backend": "jax"}', "sets backend 'jax'; .* 'tensorflow'"),
        ("{", "keras.json is not valid JSON. Rename or delete it"),
        ("", "not valid JSON"),
        (b"\xff\xfe{\x00}\x00", "not valid JSON"),
        ('{"floatx": "double"}', "doesn't know: floatx 'double'"),
        ('"float32"', "holds no settings"),
    ],
)
def test_settings_that_do_not_suit_the_course_are_found_before_keras_is_loaded(settings, content, message):
    settings(content)
    (found,) = keras_settings.problems({})
    assert re.search(message, found) and "keras.json" in found


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{}",
        '{"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow", "image_data_format": "channels_last"}',
        '{"image_dim_ordering": "tf", "epsilon": 1e-07}',  # of Keras 1: today's looks at none of it
    ],
)
def test_settings_that_suit_the_course_are_no_problem(settings, content):
    if content is not None:
        settings(content)
    assert keras_settings.problems({"KERAS_BACKEND": "tensorflow", "TF_USE_LEGACY_KERAS": "0"}) == []


FOREIGN = {
    "KERAS_BACKEND": ["jax", "torch", "TensorFlow", ""],
    "TF_USE_LEGACY_KERAS": ["1", "True"],
    "KERAS_MAX_EPOCHS": ["1", "", "many"],
    "KERAS_MAX_STEPS_PER_EPOCH": ["5"],
    "KERAS_NNX_ENABLED": ["true"],
    "TF_XLA_FLAGS": ["--tf_xla_auto_jit=2"],
    "KERAS_HOME": [""],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in FOREIGN for value in FOREIGN[name]])
def test_environment_variables_that_change_keras_are_told_and_overruled(settings, name, value):
    (found,) = keras_settings.problems({name: value})
    assert name in found and found.endswith("unset it.")
    environment = {name: value}
    assert len(keras_settings.overrule(environment)) == 1
    assert environment == {"KERAS_BACKEND": "tensorflow", "KERAS_NNX_ENABLED": "0"}
    assert keras_settings.overrule(environment) == []


def test_a_home_of_keras_that_is_a_file_is_told(tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("mine")
    for home in (tmp_path / "notes.txt", tmp_path / "notes.txt" / "keras"):
        monkeypatch.setenv("KERAS_HOME", str(home))
        (found,) = keras_settings.problems({})
        assert "notes.txt is a file: set KERAS_HOME to a folder of yours" in found


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has no such permissions")
def test_a_home_of_keras_that_is_locked_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    tmp_path.chmod(0o500)
    root_runs_this = os.geteuid() == 0
    if root_runs_this:
        os.seteuid(65534)  # who may not enter pytest's folders either
    try:
        (found,) = keras_settings.problems({})
    finally:
        if root_runs_this:
            os.seteuid(0)
        tmp_path.chmod(0o700)
    assert "can't be written to: set KERAS_HOME to a folder of yours" in found


def test_keras_home_is_where_keras_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
    assert paths.keras_home() == tmp_path / "elsewhere"
    monkeypatch.delenv("KERAS_HOME")
    assert paths.keras_home() == tmp_path / ".keras"
    assert paths.short(tmp_path / ".keras" / "a") == str(paths.Path("~", ".keras", "a"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where nobody has a home
    assert paths.keras_home() == paths.Path("/tmp/.keras")
    assert paths.short(tmp_path) == str(tmp_path)
