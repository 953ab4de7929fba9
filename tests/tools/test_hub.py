"""The hub's parts that need no JupyterHub: learners and passwords, copies of the course, limits, capacity."""

import json
import os
import stat
import subprocess
import sys

import pytest

from helpers.paths import ROOT
from tools.hub import capacity, learners, start

posix = pytest.mark.skipif(os.name == "nt", reason="a hub needs Linux")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "learners.json"


def test_a_learner_gets_in_with_the_password_and_with_no_other(file):
    passwords = learners.add(file, ["anna", "ben"])
    kept = learners.load(file)
    assert learners.matches(kept, "anna", passwords["anna"])
    for name, password in [
        ("anna", passwords["ben"]), ("anna", ""), ("anna", passwords["anna"] + " "), ("nobody", ""), ("nobody", "x"),
        ("anna", kept["anna"]["password"]), ("Anna", passwords["anna"]),
    ]:  # fmt: skip
        assert not learners.matches(kept, name, password), (name, password)


def test_passwords_are_long_random_and_not_in_the_file(file):
    passwords = learners.add(file, [f"learner-{number}" for number in range(5)])
    assert len(set(passwords.values())) == 5
    assert all(len(password.replace("-", "")) == 16 for password in passwords.values())
    assert not any(password in file.read_text() for password in passwords.values())
    again = learners.hashed("the same"), learners.hashed("the same")
    assert again[0] != again[1], "each has its own salt"


@posix
def test_only_the_teacher_can_read_the_file(file):
    learners.add(file, ["anna"])
    learners.add(file, ["ben"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_an_account_is_never_given_twice(file, tmp_path):
    learners.add(file, ["anna", "ben"])
    learners.remove(file, ["ben"])
    learners.add(file, ["kim"])
    old = learners.load(file)
    first = old["anna"]["account"]
    assert [old[name]["account"] - first for name in ("anna", "ben", "kim")] == [0, 1, 2]
    assert not learners.matches(old, "ben", "")
    again = learners.add(file, ["ben"])
    kept = learners.load(file)
    assert kept["ben"]["account"] == old["ben"]["account"], "the folder is still Ben's"
    assert learners.matches(kept, "ben", again["ben"])


def test_two_hubs_on_a_machine_have_different_accounts(tmp_path):
    for number in range(5):
        learners.add(tmp_path / f"{number}.json", ["anna"])
    files = [learners.load(file) for file in tmp_path.glob("*.json")]
    assert len({kept["anna"]["account"] // learners.APART for kept in files}) == 5


@pytest.mark.parametrize(
    "name", ["", "..", "../anna", "a/b", "Anna", "a b", "안나", "1anna", "-anna", "a" * 32, "a\n"]
)
def test_a_name_that_could_be_a_path_is_refused_and_nothing_is_written(file, name):
    with pytest.raises(ValueError, match="can't be a learner's name"):
        learners.add(file, ["ben", name])
    assert not file.exists()


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '{"anna": 3}', '{"../x": {"account": 1900000001, "password": null}}',
        '{"anna": {"account": 0, "password": null}}', '{"anna": {"account": 1900000001, "password": "plain"}}',
    ],
)  # fmt: skip
def test_a_broken_file_lets_nobody_in_and_says_what_to_do(file, text):
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ValueError, match="is not a list of learners. Take it from a backup"):
        learners.load(file)


def test_the_command_adds_lists_and_removes(tmp_path):
    def run(*words):
        command = [sys.executable, "-m", "tools.hub.learners", *words]
        env = {**os.environ, "CNN_HUB_DATA": str(tmp_path)}
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)

    added = run("add", "anna", "ben")
    name, password = added.stdout.split()[:2]
    assert name == "anna" and learners.matches(learners.load(tmp_path / "learners.json"), name, password)
    assert "note the passwords now" in added.stderr
    assert run("remove", "ben").returncode == 0
    assert run("list").stdout.splitlines() == ["anna", "ben (removed)"]
    assert run("remove", "kim").stderr == "there is no learner called 'kim'; `list` shows them.\n"
    assert run("add").returncode == 2


# The course in a learner's folder


@pytest.fixture
def course(tmp_path):
    """A small course: what a copy takes, and what it must not."""
    root = tmp_path / "course"
    names = (
        "notebooks/00.ipynb", "notebooks/01.ipynb", "helpers/data/a.py", "LICENSE", "pyproject.toml", "GLOSSARY.md",
        "helpers/__pycache__/a.pyc", "notebooks/.ipynb_checkpoints/00.ipynb", "tests/secret.py",
    )  # fmt: skip
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"first {name}")
    return root


def test_a_learner_gets_the_course_and_nothing_else(course, tmp_path):
    home = tmp_path / "home"
    assert start.copy_course(course, home) == []
    copied = {file.relative_to(home).as_posix() for file in home.rglob("*") if file.is_file()}
    wanted = {
        "notebooks/00.ipynb",
        "notebooks/01.ipynb",
        "helpers/data/a.py",
        "LICENSE",
        "pyproject.toml",
        "GLOSSARY.md",
    }
    assert {name for name in copied if not name.endswith(".made-by-the-course")} == wanted


def test_a_learners_work_stays_and_a_new_edition_arrives(course, tmp_path):
    home = tmp_path / "home"
    start.copy_course(course, home)
    (home / "notebooks/00.ipynb").write_text("my answers")
    (home / "notebooks/mine.ipynb").write_text("my own")
    (home / "LICENSE").unlink()
    for name in ("notebooks/00.ipynb", "notebooks/01.ipynb"):
        (course / name).write_text("second")
    assert [name.as_posix() for name in start.copy_course(course, home)] == ["notebooks/00.ipynb"]
    assert (home / "notebooks/00.ipynb").read_text() == "my answers"
    assert (home / "notebooks/01.ipynb").read_text() == "second"
    assert (home / "notebooks/mine.ipynb").read_text() == "my own"
    assert (home / "LICENSE").read_text() == "first LICENSE", "what was deleted comes back as new"


def test_the_real_course_is_copied_whole():
    names = {name.as_posix() for name in start.course_files(ROOT)}
    assert {
        "notebooks/00_start_here.ipynb",
        "helpers/notebook/course.py",
        "helpers/assets/mnist_sample.npz",
    } <= names
    assert not any(name.startswith(("tests/", "tools/")) or "/." in name for name in names)


@posix
def test_the_program_starts_in_the_copy_and_imports_from_it(tmp_path):
    say = "import helpers, os; print(os.getcwd(), helpers.__file__)"
    command = [sys.executable, "-m", "tools.hub.start", sys.executable, "-c", say]
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == f"{tmp_path}/course {tmp_path}/course/helpers/__init__.py"


# Limits


@posix
@pytest.mark.parametrize(("version", "files"), [
    (2, {"memory.max": "3221225472", "memory.swap.max": "0", "cpu.max": "150000 100000", "pids.max": "100"}),
    (1, {"memory.limit_in_bytes": "3221225472", "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "150000",
         "pids.max": "100"}),
])  # fmt: skip
def test_what_is_written_into_the_control_groups(version, files):
    from tools.hub import limits

    found = limits.settings(limits.Limits(3 * 2**30, 1.5, 100), version)
    assert set(found) == set(limits.CONTROLLERS)
    assert {name: value for group in found.values() for name, value in group.items()} == files


@posix
def test_version_2_is_used_where_its_folder_was_given_to_the_hub(tmp_path):
    """A folder stands in for the kernel's: that Linux then enforces the limits is not shown here."""
    from tools.hub import limits

    (tmp_path / "cgroup.controllers").touch()
    (tmp_path / "system.slice/cnn-hub.service/hub").mkdir(parents=True)
    (tmp_path / "own").write_text("0::/system.slice/cnn-hub.service/hub\n")
    groups = limits.find_groups(tmp_path, tmp_path / "own")
    parent = tmp_path / "system.slice/cnn-hub.service"
    assert (parent / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"
    (folder,) = groups.make("anna", limits.Limits(2**30, 1, 100))
    assert folder == parent / "cnn-hub-anna"
    assert (folder / "memory.max").read_text() == str(2**30)
    (folder / "memory.swap.max").touch()
    groups.make("anna", limits.Limits(2**30, 1, 100))
    assert (folder / "memory.swap.max").read_text() == "0"
    limits.enter([folder])
    assert (folder / "cgroup.procs").read_text() == str(os.getpid())


@posix
def test_without_control_groups_there_are_none(tmp_path):
    from tools.hub import limits

    assert limits.find_groups(tmp_path, tmp_path / "missing") is None
    (tmp_path / "own").write_text("4:memory:/a\n1:cpu:/\n0::/\n")
    assert limits.find_groups(tmp_path, tmp_path / "own") is None, "pids is missing"


# Capacity


def test_the_capacity_is_the_smaller_of_memory_and_processors():
    one = capacity.Need(gb=1.5, seconds=60)
    assert capacity.holds(4, 17, one, wait=300) == 10  # 15 GB
    assert capacity.holds(1, 64, one, wait=300) == 5  # 300 seconds
    assert capacity.plan(9, one) == capacity.Plan(1, 4, 16)
    assert capacity.plan(10, one) == capacity.Plan(1, 8, 32)
    assert capacity.plan(170, one) == capacity.Plan(2, 64, 256), "169 fit into one"


@pytest.mark.parametrize("at_once", [1, 7, 20, 100, 333, 1000])
def test_a_plan_holds_whom_it_is_for_and_one_machine_less_does_not(at_once):
    one = capacity.need(json.loads(capacity.MEASURED.read_text(encoding="utf-8")))
    found = capacity.plan(at_once, one)
    assert found.count * capacity.holds(found.cores, found.gb, one) >= at_once
    assert (found.count - 1) * capacity.holds(found.cores, found.gb, one) < at_once


def test_the_tables_of_the_page_are_those_of_the_measurement():
    page = capacity.PAGE.read_text(encoding="utf-8")
    measured = json.loads(capacity.MEASURED.read_text(encoding="utf-8"))
    assert capacity.with_tables(page, measured) == page, "python -m tools.hub.capacity"
    assert capacity.capacity_table(measured) in page and capacity.learner_table(measured) in page
