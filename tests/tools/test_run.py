"""tools.notebooks.run: what it runs again, what it reports and keeps, and that a failure cannot pass for a success."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console

from helpers import owned
from tools.notebooks import conditions, copies, limits, one
from tools.notebooks import run as run_course
from tools.notebooks.files import ROOT, NotebookError, put, read_json
from tools.notebooks.one import Result

GOOD = 'print("✓ one (1)")'
FALSE = 'from helpers.errors import ClaimError\nprint("✗ x (1; needs 2)")\nraise ClaimError("dry")'


def notebook(*sources):
    cells = [new_markdown_cell("# A title", id="title")]
    cells += [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources, start=1)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=kernel)


def write(folder, name, *sources):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook(*sources), path)
    return path


def run(place, *names, options=()):
    folders = ["--notebooks", str(place / "notebooks"), "--out", str(place / "out")]
    return run_course.main([*names, *folders, *options])


def fake_run(folder, path, **changed):
    """An executed copy and its report as a finished run leaves them, without a kernel."""
    folder.mkdir(exist_ok=True)
    copy = folder / path.name
    executed = nbformat.read(path, as_version=4)
    for cell in executed.cells[1:]:
        cell.execution_count = 1
    put(copy, nbformat.writes(executed).encode())
    report = {
        "notebook": path.stem, "seconds": 9.0, "processor_seconds": 5.0, "peak_mb": 500, "passed": 1, "claims": 1,
        "failure": None, "began": "2026-01-02T03:04:05+00:00", "machine": "a machine", "threads": 1, "jobs": 2,
        "conditions": conditions.conditions(path, "quick"), **changed,
    }  # fmt: skip
    put(copy.with_suffix(".json"), json.dumps(report).encode())
    return copy


# One course with all that can go wrong, run once


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Its folder, the exit status, and what was printed."""
    place = tmp_path_factory.mktemp("a course {x}")
    folder = place / "notebooks"
    settings = 'import os\nprint(os.environ["CNN_PROFILE"], os.environ["CNN_STRICT"], os.getcwd())'
    spends = "data = bytearray(100_000_000)\nimport time\nwhile time.process_time() < 0.8:\n    pass"
    good = write(folder, "01_good", GOOD, settings, spends)
    write(folder, "02_false", GOOD, FALSE, 'print("never")')
    write(folder, "03_exit", GOOD, "import sys\nsys.exit(0)", 'print("never")')
    write(folder, "04_dies", GOOD, "# look here\nimport os\nos._exit(0)")
    write(folder, "04b_deeper", GOOD)
    (folder / "05_empty.ipynb").touch()
    text = (folder / "01_good.ipynb").read_text(encoding="utf-8")
    (folder / "06_merged.ipynb").write_text(
        text.replace(' "cells"', '<<<<<<< HEAD\n "cells"'), encoding="utf-8"
    )
    copy = fake_run(place / "out", good)  # an earlier run, into which the reader has written
    copy.write_text(copy.read_text(encoding="utf-8").replace("A title", "My notes"), encoding="utf-8")
    (place / "out" / "01_good.failed.ipynb").write_text("mine", encoding="utf-8")
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")  # a terminal that knows no ✓ and no lines
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        status = run(place)
    stream.flush()
    return place, status, stream.buffer.getvalue().decode("ascii")


def test_what_fails_fails_the_course_and_stops_nothing_else(course):
    _place, status, out = course
    assert status == 1
    assert out.count("FAILED after") == len(re.findall(r" FAILED +\|", out)) == 5
    assert "01_good: done after" in out and "1 of 1" in out and "04b_deeper" not in out


@pytest.mark.parametrize(
    "sentence",
    [
        "02_false failed: cell 3 (cell-2): from helpers.errors import ClaimError\nClaimError: dry",
        "03_exit failed: cell 3 (cell-2): import sys\nSystemExit: 0",
        "04_dies failed: cell 3 (cell-2): # look here\nDeadKernelError: the kernel died",
        "05_empty failed: 05_empty.ipynb is empty.",
        "06_merged failed: 06_merged.ipynb holds merge markers (line 2)",
    ],
)
def test_a_failure_names_the_notebook_the_cell_and_the_reason(course, sentence):
    assert sentence in course[2]


def test_what_a_run_leaves(course):
    place, _, _ = course
    names = sorted(path.name for path in (place / "out").glob("[0-9]*") if ".kept-" not in path.name)
    assert names == ["01_good.ipynb", "01_good.json", "02_false.failed.ipynb", "03_exit.failed.ipynb"]
    executed = nbformat.read(place / "out" / "01_good.ipynb", as_version=4)
    assert executed.cells[2].outputs[0].text == f"quick 1 {place / 'notebooks'}\n"
    report = json.loads((place / "out" / "01_good.json").read_text(encoding="utf-8"))
    assert report["seconds"] > report["processor_seconds"] > 0.8 and 130 < report["peak_mb"] < 1000
    assert (
        report["claims"] == report["passed"] == 1 and report["machine"] and report["began"].startswith("20")
    )
    under = report["conditions"]
    assert (under["profile"], under["seed"]) == ("quick", 0) and under["versions"]["tensorflow"]


def test_a_second_call_runs_only_what_is_not_current(course, capfd, monkeypatch):
    place, _, _ = course
    monkeypatch.setattr(one, "listen", lambda *_: pytest.fail("it was run again"))
    os.utime(place / "notebooks" / "01_good.ipynb")  # a new time is no new code
    assert run(place, "01") == 0
    out = capfd.readouterr().out
    assert "nothing to do" in out and "1 of 1" in out
    assert run(place, "all", options=["--list-stale"]) == 0
    listed = [Path(line).name for line in capfd.readouterr().out.splitlines()]
    assert listed == [
        f"{n}.ipynb" for n in ("02_false", "03_exit", "04_dies", "04b_deeper", "05_empty", "06_merged")
    ]


# What makes a copy out of date


@pytest.fixture
def place(tmp_path):
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def reasons(place, path):
    return copies.reasons(path, place / "out" / path.name, "quick")


def test_conditions_decide_what_is_run_again(place, monkeypatch):
    path = write(place / "notebooks", "01_a", "from helpers.errors import DataError")
    fake_run(place / "out", path)
    assert reasons(place, path) == []
    monkeypatch.setenv("CNN_SEED", " 00 ")  # as it is without it
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("CNN_STRICT", "0")  # the run sets it
    assert reasons(place, path) == []
    assert copies.reasons(path, place / "out" / path.name, "full") == ["profile"]
    for name, value, why in [
        ("CNN_SEED", "1", "seed"),
        ("CNN_SEED", "one", "seed"),
        ("CNN_DATA_DIR", "/nowhere", "CNN_DATA_DIR"),
        ("TF_ENABLE_ONEDNN_OPTS", "0", "TF_ENABLE_ONEDNN_OPTS"),
        ("KERAS_BACKEND", "jax", "KERAS_BACKEND"),
    ]:
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert reasons(place, path) == [why]


def test_code_and_ids_decide_and_text_does_not(place):
    path = write(place / "notebooks", "01_a", "1 + 1")
    fake_run(place / "out", path)
    stored = json.loads(path.read_text(encoding="utf-8"))
    for change, expected in [
        (lambda cells: cells[0].update(source="# Another title"), []),
        (lambda cells: cells[1].update(outputs=[], execution_count=7), []),
        (lambda cells: cells[1].update(source="1 + 2"), ["its code"]),
        (lambda cells: cells[1].update(id="another"), ["its code"]),
        (lambda cells: cells[1]["metadata"].update(tags=["raises-exception"]), ["its code"]),
    ]:
        other = json.loads(json.dumps(stored))
        change(other["cells"])
        path.write_text(json.dumps(other), encoding="utf-8")
        assert reasons(place, path) == expected


def test_the_data_in_the_folder_decide(place, monkeypatch):
    (place / "data").mkdir()
    monkeypatch.setenv("CNN_DATA_DIR", str(place / "data"))
    path = write(place / "notebooks", "01_a", "1")
    fake_run(place / "out", path)
    assert reasons(place, path) == []
    (place / "data" / "mnist.npz").write_bytes(b"1")
    assert reasons(place, path) == ["data"]


def test_versions_and_keras_settings_decide(place, monkeypatch):
    path = write(place / "notebooks", "01_a", "1")
    fake_run(place / "out", path)
    versions = conditions.versions()
    monkeypatch.setattr(conditions, "versions", lambda: {**versions, "keras": "9.9"})
    assert reasons(place, path) == ["versions (keras)"]
    monkeypatch.undo()
    monkeypatch.setenv("KERAS_HOME", str(place))
    (place / "keras.json").write_text(json.dumps(conditions.NEEDED), encoding="utf-8")
    assert "keras.json" not in " ".join(reasons(place, path))
    (place / "keras.json").write_text('{"image_data_format": "channels_first"}', encoding="utf-8")
    assert "keras.json (image_data_format)" in reasons(place, path)


def test_only_helpers_that_a_notebook_uses_count():
    plain = conditions.needed(["import math"])
    assert plain == ["tools/notebooks/execute.py", "tools/notebooks/one.py"]
    digits = conditions.needed(['from helpers.data import datasets\ndatasets.load("mnist")'])
    assert {"helpers/data/datasets.py", "helpers/data/specs.py", "helpers/assets/mnist_sample.npz"} <= set(
        digits
    )
    assert not any("heat_maps" in path or "efficientnet" in path for path in digits)
    everything = set(conditions.needed(["%timeit is no Python"]))
    assert set(digits) < everything and "helpers/inside/heat_maps.py" in everything


def test_a_changed_helper_is_named(place, monkeypatch):
    path = write(place / "notebooks", "01_a", "from helpers import arguments, errors")
    fake_run(place / "out", path)
    digest = conditions.digest
    monkeypatch.setattr(conditions, "digest", lambda p: "new" if p.name == "errors.py" else digest(p))
    assert reasons(place, path) == ["helpers/errors.py"]


@pytest.mark.parametrize(
    "report",
    ["", "no JSON", "[]", "{}", '{"notebook": "01_a"}', '{"seconds": null, "conditions": {}}', "[" * 100_000],
)
def test_a_broken_report_means_that_it_is_run_again(place, report):
    path = write(place / "notebooks", "01_a", "1")
    copy = fake_run(place / "out", path)
    put(copy.with_suffix(".json"), report.encode())
    assert reasons(place, path) == ["it has no finished run"]


# What must never be lost


def test_what_a_reader_changed_or_put_there_is_kept(course):
    place, _, out = course
    assert "01_good: started (its executed copy was changed)" in out
    kept = nbformat.read(place / "out" / "01_good.kept-1.ipynb", as_version=4)
    assert kept.cells[0].source == "# My notes"
    assert (place / "out" / "01_good.failed.kept-1.ipynb").read_text(encoding="utf-8") == "mine"
    assert len(list((place / "out").glob("*.kept-*"))) == 2
    assert reasons(place, place / "notebooks" / "01_good.ipynb") == []


@pytest.mark.parametrize("out", ["notebooks", "mine", "."])
def test_a_folder_with_other_files_is_refused(place, capfd, out):
    write(place / "notebooks", "01_a", GOOD)
    write(place / "mine", "01_a", "my own")
    before = {path: path.read_bytes() for path in place.rglob("*.ipynb")}
    assert run(place, options=["--out", str(place / out)]) == 2
    assert "hoose another folder with --out" in capfd.readouterr().err
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_a_file_in_the_way_and_a_folder_that_cannot_be_written_are_named(place, capfd, monkeypatch):
    write(place / "notebooks", "01_a", GOOD)
    (place / "build").write_text("mine", encoding="utf-8")
    assert run(place, options=["--out", str(place / "build" / "course")]) == 2
    assert f"{place / 'build'} is a file, not a folder" in capfd.readouterr().err

    def read_only(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(owned, "record", read_only)
    assert run(place) == 2
    assert "out cannot be written (Permission denied)" in capfd.readouterr().err


def test_two_runs_in_one_folder_do_not_meet(place, capfd):
    path = write(place / "notebooks", "01_a", GOOD)
    fake_run(place / "out", path)
    with copies.prepared(place / "out", place / "notebooks"):
        assert run(place) == 2
    assert "another run is writing" in capfd.readouterr().err
    assert run(place) == 0


# Ends that are not the notebook's own


def test_a_cell_that_hangs_is_ended_and_named(place):
    path = write(place / "notebooks", "01_hangs", GOOD, "import time\ntime.sleep(600)")
    began = time.monotonic()
    result = one.run(path, place / "out" / path.name, one.environment("quick", threads=2), cell_timeout=1)
    assert time.monotonic() - began < 60
    assert result.failure.startswith("cell 3 (cell-2): import time\nit took longer than 1 seconds")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a console, not to a process")
def test_ctrl_c_ends_the_kernels_and_the_program(place):
    write(
        place / "notebooks",
        "01_sleeps",
        "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)",
    )
    folders = ["--notebooks", str(place / "notebooks"), "--out", str(place / "out")]
    command = [sys.executable, "-m", "tools.notebooks.run", *folders]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (place / "notebooks" / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2, "the program that executes, and its kernel"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    assert process.stderr.read().decode().strip() == "stopped; what was finished is kept"
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert sorted(path.name for path in (place / "out").iterdir()) == [owned.MARKER, ".running"]


def test_after_a_stop_nothing_starts_any_more():
    runs = one.Runs()
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    ended = []

    def wait():
        with pytest.raises(one.Stopped), runs.started(sleeper) as process:
            ended.append(process)
            process.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    while not ended:
        time.sleep(0.01)
    psutil.Process(ended[0].pid).kill()  # as it ends by itself once its kernel has gone
    runs.stop()
    thread.join()
    with pytest.raises(one.Stopped), runs.started(sleeper):
        pass


# What is shown


def table(results, profile="quick"):
    console = Console(file=io.StringIO(), width=140)
    run_course.report(console, results, profile)
    return console.file.getvalue()


def result(name, processor_seconds, peak_mb=900, failure=None):
    return Result(name, 80.0, peak_mb, 1, 1, failure, processor_seconds)


@pytest.mark.parametrize(
    ("name", "seconds", "peak", "mark"),
    [
        ("01_a", 45, 2048, ""),
        ("01_a", 45.6, 900, "over its limit (46 of 45 s)"),
        ("07_a", 59, 900, ""),
        ("07_a", 61, 900, "over its limit (61 of 60 s)"),
        ("07b_a", 60, 900, ""),
        ("01b_a", 61, 900, "over its limit (61 of 60 s)"),
        ("01_a", 5, 2049, "over its limit (2049 of 2048 MB)"),
    ],
)
def test_what_is_over_its_limit_is_marked(name, seconds, peak, mark):
    results = [result(name, seconds, peak)]
    assert mark in table(results) and ("over" in table(results)) == bool(mark)
    assert run_course.exceeds(results, "quick") == bool(mark)
    assert "over" not in table(results, "full") and not run_course.exceeds(results, "full")


def test_all_core_lessons_together_have_a_limit():
    core = [result(f"{number:02}_a", limits.ALL_CORE / 10) for number in range(10)]
    deeper = result("01b_a", 50)
    assert "together" not in table([*core, deeper])
    assert "together: 400 processor seconds, over their limit of 360" in table([*core, result("10_a", 40)])


def test_limits_fail_only_when_asked(place, capfd):
    fake_run(place / "out", write(place / "notebooks", "01_a", GOOD), processor_seconds=99.0)
    assert run(place) == 0
    assert "over its limit (99 of 45 s)" in capfd.readouterr().out
    assert run(place, options=["--strict-limits"]) == 1


def test_a_wrong_call_is_told(place, capfd, monkeypatch):
    with pytest.raises(SystemExit):
        run(place)
    assert "there are no notebooks" in capfd.readouterr().err
    write(place / "notebooks", "01_first", GOOD)
    with pytest.raises(SystemExit, match="no notebook called 07; there are: 01_first"):
        run(place, "07")
    for options in (["--jobs", "0"], ["--cell-timeout", "0"]):
        with pytest.raises(SystemExit):
            run(place, options=options)
    monkeypatch.setenv("CNN_SEED", "one")
    with pytest.raises(SystemExit):
        run(place)
    assert "CNN_SEED='one' is not a seed" in capfd.readouterr().err


def test_threads_are_shared_out(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert one.environment("quick", one.threads_for(jobs=2))["TF_NUM_INTRAOP_THREADS"] == "4"
    assert one.environment("quick", one.threads_for(jobs=99))["OMP_NUM_THREADS"] == "1"


# Files that are no notebooks


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"# A title", "not JSON"),
        (b'{"cells": [\n=======\n]}', r"merge markers \(line 2\)"),
        (b"[]", "is JSON, but not a notebook"),
        (b"{}", "is JSON, but not a notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "has notebook format 3"),
        (b'{"nbformat": 4, "metadata": {}}', "without cells"),
        (b'{"nbformat": 4, "metadata": {}, "cells": ["code"]}', "no known type, number 1"),
        (b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code"}]}', "without text, number 1"),
        (
            b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "", "metadata": {}}]}',
            "without a list of outputs",
        ),
        (b"[" * 100_000, "not a notebook"),
    ],
)
def test_a_file_that_is_no_notebook_is_named(tmp_path, content, message):
    path = tmp_path / "01_a.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=f"01_a.ipynb.*{message}"):
        read_json(path)


def test_a_folder_and_a_missing_file_are_no_notebooks_either(tmp_path):
    for path in (tmp_path, tmp_path / "01_a.ipynb"):
        with pytest.raises(NotebookError, match="cannot be read"):
            read_json(path)
