"""The oldest and the newest versions: the floor's lock, and what make installs where."""

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tools.notebooks.files import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENTRIES = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["course"]]
DIRECT = [Requirement(entry) for entry in ENTRIES]
FLOOR_LOCK = (ROOT / "requirements-floor.lock").read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", FLOOR_LOCK, re.MULTILINE))
COURSE_LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def least(requirement):
    """The version that a requirement's only bound, `>=`, names."""
    (bound,) = requirement.specifier
    assert bound.operator == ">=", f"{requirement}: the floor is what >= says"
    return Version(bound.version)


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_the_floors_lock_holds_exactly_the_oldest_version_allowed(requirement):
    locked = Version(LOCKED[requirement.name])
    # OpenCV counts its builds in a fourth place: 4.10.0.82 is its first 4.10.
    assert (locked.major, locked.minor, locked.micro) == (*least(requirement).release, 0, 0)[:3], (
        "raise the floor to it, or run make lock"
    )


def test_the_page_on_installing_says_what_the_floor_is():
    page = " ".join((ROOT / "docs" / "install.md").read_text(encoding="utf-8").split())
    oldest = {r.name: ".".join(LOCKED[r.name].split(".")[:2]) for r in DIRECT}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    first, second = re.search(r"--out build/course-floor (\d\d) (\d\d)$", makefile, re.MULTILINE).groups()
    assert (
        f"`make test-floor` runs all tests and notebooks {first} and {second} with TensorFlow "
        f"{oldest['tensorflow']}, Keras {oldest['keras']} and NumPy {oldest['numpy']}"
    ) in page


def test_the_floor_is_older_than_what_readers_install():
    newest = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", COURSE_LOCK, re.MULTILINE))
    older = {r.name for r in DIRECT if Version(LOCKED[r.name]) < Version(newest[r.name])}
    assert {"keras", "numpy", "tensorflow", "matplotlib"} <= older


@pytest.mark.parametrize(
    ("folder", "lock", "last"),
    [(".venv", "requirements.lock", 13), (".venv-floor", "requirements-floor.lock", 12)],
)
def test_make_installs_each_lock_into_its_own_folder(folder, lock, last):
    command = ["make", "--dry-run", "--always-make", f"{folder}/.ready"]
    recipe = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"{folder}/bin/python -m pip install --quiet --require-hashes --requirement {lock}\n" in recipe
    assert f"<= (3, {last}))" in recipe
    assert set(re.findall(r"\.venv[a-z-]*", recipe)) == {folder}


def test_a_python_that_is_too_new_is_refused_with_advice(tmp_path):
    fake = tmp_path / "python3.99"
    fake.write_text('#!/bin/sh\nif [ "$1" = --version ]; then echo Python 3.99.0; else exit 1; fi\n')
    fake.chmod(0o755)
    command = ["make", "--always-make", ".venv-floor/.ready", f"PYTHON={fake}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode != 0
    assert f".venv-floor needs Python 3.11 to 3.12, and {fake} is Python 3.99.0" in result.stdout
    assert "make PYTHON=python3.12" in result.stdout
