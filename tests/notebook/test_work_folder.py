"""helpers.notebook.work_folder: each running kernel has a folder of its own, and nothing is ever deleted."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from helpers.notebook import course, work_folder


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A course's folder in an awkward place, which this process has taken nothing in yet."""
    root = tmp_path / "내 수업 – ältere Kopie (2)"
    root.mkdir()
    (root / "pyproject.toml").touch()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(work_folder, "ROOT", root)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    held = {}
    monkeypatch.setattr(work_folder, "_held", held)
    yield root
    for _, lock in held.values():
        lock.release()


OTHER = """
import sys; from pathlib import Path
from helpers.notebook import work_folder
work_folder.ROOT = Path(sys.argv[1])
print(work_folder.take("03_mnist", "quick").name, flush=True)
input()
"""


def another_process(root):
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", OTHER, str(root)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=env)


def test_kernels_that_run_together_share_no_folder_and_later_ones_use_them_again(house):
    mine = course.Lesson("03_mnist", "quick", 0)
    (mine.folder / "of a learner.png").write_text("kept")
    assert mine.folder == house / "build" / "work" / "03_mnist-quick"
    assert course.Lesson("03_mnist", "full", 0).folder.name == "03_mnist-full"
    others = []
    for expected in ("03_mnist-quick-2", "03_mnist-quick-3"):
        others.append(another_process(house))
        assert others[-1].stdout.readline().strip() == expected
    others[0].kill()  # as a kernel's restart does
    others[0].wait()
    others.append(another_process(house))
    assert others[-1].stdout.readline().strip() == "03_mnist-quick-2", "no leftovers pile up"
    for other in others[1:]:
        other.communicate("\n")
    assert course.Lesson("03_mnist", "quick", 7).folder == mine.folder, "the cell was run again"
    assert (mine.folder / "of a learner.png").read_text() == "kept"


def test_a_folder_that_was_tidied_away_is_made_again(house):
    folder = work_folder.take("01", "quick")
    folder.rmdir()
    assert work_folder.take("01", "quick") == folder and folder.is_dir()


def test_on_colab_the_folder_is_in_the_current_one(house, tmp_path, monkeypatch):
    (house / "pyproject.toml").unlink()
    monkeypatch.chdir(tmp_path)
    assert work_folder.take("01", "quick") == tmp_path / "course_files" / "work" / "01-quick"


@pytest.mark.parametrize("blocked", ["build", "build/work"])
def test_where_a_file_is_in_the_way_the_temporary_folder_serves(house, capsys, blocked):
    place = house / blocked
    place.parent.mkdir(exist_ok=True)
    place.write_text("mine")
    folder = work_folder.take("01", "quick")
    assert folder.is_relative_to(tempfile.gettempdir()) and folder.is_dir()
    work_folder.take("01", "quick")
    (line,) = capsys.readouterr().out.splitlines()
    assert "can't be used" in line and str(house / "build" / "work") in line and str(folder) in line
    assert place.read_text() == "mine"


def test_a_file_with_the_folders_name_is_left_alone(house):
    (house / "build" / "work").mkdir(parents=True)
    (house / "build" / "work" / "01-quick").write_text("mine")
    assert work_folder.take("01", "quick").name == "01-quick-2"
    assert (house / "build" / "work" / "01-quick").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has no such permissions")
@pytest.mark.parametrize("locked", [".", "build", "build/work", "build/work/01-quick"])
def test_a_read_only_course_is_no_obstacle(monkeypatch, locked):
    with tempfile.TemporaryDirectory() as place:  # not pytest's, which others may not enter
        root, temporary = Path(place, "course"), Path(place, "temporary")
        for folder in (root, temporary, root.parent):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o777)
        (root / "pyproject.toml").touch()
        (root / locked).mkdir(parents=True, exist_ok=True)
        for folder in (root / "build", root / "build" / "work"):
            if folder.exists():
                folder.chmod(0o777)
        (root / locked).chmod(0o555)
        monkeypatch.setattr(work_folder, "ROOT", root)
        monkeypatch.setattr(work_folder, "_held", {})
        monkeypatch.setattr(tempfile, "tempdir", str(temporary))
        root_runs_this = os.geteuid() == 0
        if root_runs_this:
            os.seteuid(65534)
        try:
            folder = work_folder.take("01", "quick")
            (folder / "model.keras").touch()
        finally:
            for _, lock in work_folder._held.values():
                lock.release()
            if root_runs_this:
                os.seteuid(0)
            (root / locked).chmod(0o777)
        if locked == "build/work/01-quick":
            assert folder == root / "build" / "work" / "01-quick-2"
        else:
            assert folder.is_relative_to(temporary)


def test_where_nothing_can_be_written_the_error_names_every_place(house, tmp_path, monkeypatch):
    (house / "build").write_text("mine")
    blocked = tmp_path / "no folder"
    blocked.touch()
    monkeypatch.setattr(tempfile, "tempdir", str(blocked))
    with pytest.raises(OSError, match="no place for this notebook's files: .*build.*no folder"):
        work_folder.take("01", "quick")


@pytest.mark.parametrize(
    ("notebook", "name"),
    [
        ("03_mnist", "03_mnist-quick"),
        ("../../elsewhere", "_.._elsewhere-quick"),
        ("Übung: 3/4?", "Übung_3_4_-quick"),
        ("..", "-quick"),
    ],
)
def test_any_name_of_a_notebook_gives_one_folder_inside(house, notebook, name):
    assert work_folder.take(notebook, "quick") == house / "build" / "work" / name


def test_a_very_long_name_is_cut(house):
    folder = work_folder.take("고양이" * 100, "quick")
    assert folder.is_dir() and len(folder.name.encode()) <= 120
