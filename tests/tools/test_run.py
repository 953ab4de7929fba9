"""tools/notebooks/run_course.py: what it runs again, what it reports, and that a failure cannot pass for a success."""

import json
import os
import resource

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.notebooks import run as run_course

GOOD = 'print("✓ claim: one (measured 1; needs exactly 1)")'


def write(folder, name, *sources):
    cells = [new_markdown_cell("# A title", id="title")]
    cells += [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources, start=1)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)
    return path


@pytest.fixture
def place(tmp_path):
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def run(place, *names, jobs=2):
    folders = ["--notebooks", str(place / "notebooks"), "--out", str(place / "out")]
    return run_course.main([*names, "--jobs", str(jobs), *folders])


def test_a_course_runs_reports_and_is_not_run_twice(place, capfd):
    for name in ("01_first", "02_second"):
        write(
            place / "notebooks",
            name,
            GOOD,
            'import os; print(os.environ["CNN_PROFILE"], os.environ["CNN_STRICT"])',
        )
    assert run(place) == 0
    first = capfd.readouterr().out
    assert "01_first: started" in first and "02_second: done after" in first and first.count("1 of 1") == 2
    report = json.loads((place / "out" / "01_first.json").read_text(encoding="utf-8"))
    # Linux counts a child's peak from its parent's size on, and this process may have grown large by now.
    own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert report["seconds"] > 0 and 20 < report["peak_mb"] < 1000 + own_mb and report["claims"] == 1
    executed = nbformat.read(place / "out" / "01_first.ipynb", as_version=4)
    assert executed.cells[2].outputs[0].text == "quick 1\n"

    assert run(place) == 0
    second = capfd.readouterr().out
    assert "nothing to do" in second and "started" not in second and second.count("1 of 1") == 2

    os.utime(place / "notebooks" / "02_second.ipynb")
    assert run(place) == 0
    third = capfd.readouterr().out
    assert "02_second: started" in third and "01_first: started" not in third


def test_everything_a_notebook_needs_makes_it_stale(place, monkeypatch):
    copy = place / "01.ipynb"
    copy.touch()
    copy.with_suffix(".json").touch()
    needed = [place / "a", place / "b"]
    for path in needed:
        path.touch()
        os.utime(path, (1, 1))
    monkeypatch.setattr(run, "needed_by", lambda notebook: needed)
    assert run_course.is_current(place / "01.ipynb", copy)
    os.utime(needed[1])
    os.utime(copy.with_suffix(".json"), (1000, 1000))
    assert not run_course.is_current(place / "01.ipynb", copy)


def test_helpers_and_lock_are_needed_by_every_notebook(place):
    needed = {
        path.relative_to(run_course.ROOT).as_posix() for path in run_course.needed_by(run_course.ROOT / "x")
    }
    assert {"helpers", "helpers/course.py", "helpers/assets/mnist_sample.npz", "requirements.lock"} <= needed


def test_a_failure_is_named_kept_apart_and_stops_nothing_else(place, capfd):
    write(place / "notebooks", "01_broken", GOOD, "# look here\n1 / 0", 'print("never")')
    write(place / "notebooks", "02_sound", GOOD)
    assert run(place) == 1
    out = capfd.readouterr().out
    assert "01_broken FAILED" in out and "02_sound: done" in out
    assert "cell 3 (cell-2): # look here" in out and "ZeroDivisionError: division by zero" in out
    kept = sorted(path.name for path in (place / "out").iterdir())
    assert kept == ["01_broken.failed.ipynb", "02_sound.ipynb", "02_sound.json"]

    assert run(place) == 1  # a failed notebook is not taken for done
    assert "01_broken: started" in capfd.readouterr().out
    write(place / "notebooks", "01_broken", GOOD)
    assert run(place) == 0
    assert not (place / "out" / "01_broken.failed.ipynb").exists()


def test_a_false_claim_fails_the_course(place, capfd):
    code = 'from helpers.notebook.course import Lesson; Lesson("01", "quick", 0).claim("water is dry", 1, equals=2)'
    write(place / "notebooks", "01_false", GOOD, code)
    assert run(place) == 1
    out = capfd.readouterr().out
    assert "ClaimError" in out and "water is dry" in out and "1 of 2" in out


def test_a_kernel_that_dies_is_a_failure(place, capfd):
    write(place / "notebooks", "01_dies", "import os; os._exit(9)")
    assert run(place) == 1
    out = capfd.readouterr().out
    assert "01_dies FAILED" in out and "failed in or after cell" in out and "DeadKernelError" in out


def test_names_choose_notebooks_and_a_wrong_one_is_told(place):
    write(place / "notebooks", "01_first", GOOD)
    write(place / "notebooks", "02_second", GOOD)
    assert run(place, "02") == 0
    assert not (place / "out" / "01_first.ipynb").exists()
    with pytest.raises(SystemExit, match="no notebook called 07; there are: 01_first, 02_second"):
        run(place, "07")


def test_an_empty_folder_is_an_error(place, capfd):
    with pytest.raises(SystemExit):
        run(place)
    assert "there are no notebooks" in capfd.readouterr().err


def test_threads_are_shared_out(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert run_course.environment("quick", jobs=2)["TF_NUM_INTRAOP_THREADS"] == "4"
    assert run_course.environment("quick", jobs=99)["OMP_NUM_THREADS"] == "1"
