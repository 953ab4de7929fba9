"""helpers.notebook.machine: what it finds on a machine, and that each known problem is told with its remedy."""

import importlib.metadata
import os
import re
import shutil
import tomllib

import pytest

from helpers import paths
from helpers.data import locate
from helpers.data.specs import SPECS
from helpers.notebook import machine
from tools.notebooks.files import ROOT

GOOD = {name: least + ".1" for name, least in machine.NEEDED.items()}
DECLARED = {"tensorflow": ["numpy<2.1.0,>=1.26.0", "protobuf<6.0.0dev,>=3.20.3", "keras>=3.5.0"]}  # of 2.18.0


def test_the_oldest_versions_are_those_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [f"Python{project['requires-python']}", *project["dependencies"]]
    least = {re.match(r"[\w-]+", line)[0]: re.search(r">=([\d.]+)", line)[1] for line in declared}
    assert least.items() >= machine.NEEDED.items()
    assert len(machine.NEEDED) >= 10


def test_good_versions_have_no_problem():
    assert machine.problems(GOOD, {}) == []
    assert machine.problems({**GOOD, "protobuf": "5.29.6", "numpy": "2.0.2"}, DECLARED) == []


def test_a_version_that_cannot_be_read_counts_as_new_enough():
    assert machine.problems({**GOOD, "tensorflow": "unknown", "numpy": "of today"}, DECLARED) == []


@pytest.mark.parametrize(
    ("found", "message", "remedy"),
    [
        ({"tensorflow": "2.15.1"}, "tensorflow 2.15.1 is older than 2.18", "pip install"),
        ({"Python": "3.10.2"}, "Python 3.10.2 is older than 3.11", "newer Python"),
        (
            {"protobuf": "6.33.5"},
            "asks for protobuf<6.0.0dev,>=3.20.3, and 6.33.5 is installed",
            "pip install",
        ),
        ({"numpy": "2.4.6"}, "asks for numpy<2.1.0,>=1.26.0, and 2.4.6 is installed", "restart the kernel"),
        ({"tensorflow-metal": "1.1.0"}, "stops TensorFlow 2.18", "pip uninstall tensorflow-metal"),
    ],
)
def test_a_known_problem_is_told_once_with_its_remedy(found, message, remedy):
    (told,) = machine.problems({**GOOD, **found}, DECLARED)
    assert message in told and remedy in told


def test_the_settings_of_keras_are_among_the_known_problems(monkeypatch, tmp_path, capsys):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}', encoding="utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    machine.warn()
    of_file, of_backend = capsys.readouterr().out.splitlines()
    assert of_file.startswith("⚠ ") and "keras.json sets image_data_format 'channels_first'" in of_file
    assert of_backend.startswith("⚠ KERAS_BACKEND is 'jax', and the course needs 'tensorflow'")


@pytest.mark.parametrize(
    "package",
    ["opencv-python-headless", "opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"],
)
def test_any_of_opencvs_packages_will_do(monkeypatch, package):
    real, versions = importlib.metadata.version, {package: "4.13.0"}

    def version(name):
        if name.startswith("opencv"):
            if name not in versions:
                raise importlib.metadata.PackageNotFoundError(name)
            return versions[name]
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert machine.versions()["opencv-python-headless"] == "4.13.0"
    assert not [problem for problem in machine.known_problems() if "opencv" in problem]
    versions[package] = "4.5.1"
    (problem,) = [problem for problem in machine.known_problems() if "opencv" in problem]
    assert "4.5.1 is older than 4.10" in problem


def test_on_colab_the_front_ends_packages_may_be_its_own_older_ones(monkeypatch, tmp_path):
    edition = tmp_path / "colab.json"
    monkeypatch.setattr(machine, "COLAB_EDITION", edition)
    assert machine.needed() == machine.NEEDED
    edition.write_text("{}")
    colab = {**GOOD, "ipykernel": "6.17.1", "ipywidgets": "7.7.1"}
    assert set(machine.NEEDED) - set(machine.needed()) == {"ipykernel", "ipywidgets"}
    assert machine.problems(colab, {}, machine.needed()) == []
    assert len(machine.problems(colab, {})) == 2
    assert len(machine.problems({**colab, "keras": "2.15"}, {}, machine.needed())) == 1


def test_a_missing_package_is_told():
    found = {name: version for name, version in GOOD.items() if name != "scipy"}
    (told,) = machine.problems(found, {})
    assert told == "scipy is not installed: pip install 'scipy>=1.13'."


def test_what_tensorflow_declares_is_read_without_its_extras():
    (needs,) = machine.declared_needs().values()
    assert {re.split("[<>=!]", need)[0] for need in needs} >= {"numpy", "protobuf", "keras"}
    assert not any("nvidia" in need for need in needs)


def test_a_machine_without_tensorflow_can_still_be_read(monkeypatch):
    def nothing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", nothing)
    monkeypatch.setattr(importlib.metadata, "requires", nothing)
    assert set(machine.versions()) == {"Python"}
    assert len(machine.known_problems()) == len(machine.NEEDED) - 1


def test_this_machine_has_no_known_problem_and_its_table_says_what_it_has(capsys, empty_machine):
    machine.warn()
    assert capsys.readouterr().out == ""
    machine.show_versions()
    table = capsys.readouterr().out
    assert f"| tensorflow | {importlib.metadata.version('tensorflow')} | 2.18 or later |" in table


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"names": ["A100"]}, "TensorFlow uses 1 GPU: A100."),
        ({"driver": False}, "No NVIDIA GPU was found"),
        ({"driver": False, "system": "Darwin"}, "macOS"),
        ({"hidden": "-1"}, "CUDA_VISIBLE_DEVICES='-1' hides it"),
        ({"hidden": ""}, "CUDA_VISIBLE_DEVICES='' hides it"),
        (
            {"hidden": "NoDevFiles"},
            "CUDA_VISIBLE_DEVICES='NoDevFiles' hides it, or names one that isn't there",
        ),
        ({"hidden": "7"}, "CUDA_VISIBLE_DEVICES='7' hides it"),
        ({"hidden": "-1,0"}, "CUDA_VISIBLE_DEVICES='-1,0' hides it"),
        ({"hidden": " 0, 1"}, "tensorflow[and-cuda]"),
        ({"hidden": "GPU-8932f937"}, "tensorflow[and-cuda]"),
        ({"system": "Windows"}, "WSL 2"),
        ({"system": "Windows", "hidden": "-1"}, "WSL 2"),
        ({"wheels": True}, "the driver may be too old"),
        ({}, "pip install 'tensorflow[and-cuda]'"),
    ],
)
def test_an_idle_gpu_gets_the_advice_that_fits(case, expected):
    usual = {"names": [], "system": "Linux", "driver": True, "hidden": None, "wheels": False}
    assert expected in machine.gpu_advice(**{**usual, **case})


@pytest.mark.parametrize("system", ["this one", "without sysconf"])
def test_devices_are_printed_without_a_path(capsys, monkeypatch, system):
    if system == "without sysconf":  # as on Windows
        monkeypatch.delattr(os, "sysconf", raising=False)
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    machine.show_devices()
    out = capsys.readouterr().out
    assert re.match(r"\d+ CPU cores?, [1-9]\d* GB of memory\n", out) and "TensorFlow" in out
    assert "/" not in out


@pytest.fixture
def empty_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("CNN_DATA_DIR", "TF_USE_LEGACY_KERAS", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_an_empty_machine_would_download_everything_that_the_course_does_not_bring(empty_machine):
    for name, spec in SPECS.items():
        source, size = locate.whereabouts(name)
        assert size == sum(remote.size for remote in spec.remotes)
        assert source == ("the network" if spec.remotes else spec.made)
    assert not (empty_machine / "keras").exists(), "looking must not create anything"


def test_a_part_of_a_data_set_in_the_cache_is_counted(empty_machine):
    first, *rest = SPECS["fashion_mnist"].remotes
    place = paths.keras_cache() / first.path
    place.parent.mkdir(parents=True)
    with place.open("wb") as file:
        file.truncate(first.size)
    assert locate.whereabouts("fashion_mnist") == ("the network", sum(remote.size for remote in rest))
    with place.open("wb") as file:
        file.truncate(first.size - 1)  # half a file is none
    assert locate.whereabouts("fashion_mnist")[1] == sum(r.size for r in SPECS["fashion_mnist"].remotes)


BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("cifar10", [f"cifar-10-batches-py-target/cifar-10-batches-py/{batch}" for batch in BATCHES]),
        ("flowers", ["flower_photos/daisy/one.jpg"]),
    ],
)
def test_what_keras_unpacked_is_found(empty_machine, name, places):
    for place in places:
        path = paths.keras_cache() / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert locate.whereabouts(name) == ("Keras' cache", 0)


def test_the_data_folder_comes_first(empty_machine, monkeypatch, capsys):
    monkeypatch.setenv("CNN_DATA_DIR", str(empty_machine))
    (empty_machine / "mnist.npz").touch()
    (empty_machine / "flower_photos").mkdir()
    assert locate.whereabouts("mnist") == locate.whereabouts("flowers") == ("CNN_DATA_DIR", 0)
    machine.show_data()
    table = capsys.readouterr().out
    assert "| mnist | comes with the course | 60,000 + 10,000 | CNN_DATA_DIR | CC BY-SA 3.0" in table
    assert "| cifar10 | not used | 50,000 + 10,000 | the network, 170 MB to download |" in table
    assert table.count("\n| ") == len(SPECS) + 1, "a row for each, below the line under the heads"


def test_a_data_folder_that_is_not_there_is_told(empty_machine, monkeypatch, capsys):
    monkeypatch.setenv("CNN_DATA_DIR", str(empty_machine / "nowhere"))
    machine.show_data()
    assert "there is no such folder" in capsys.readouterr().out


@pytest.mark.parametrize("home", ["keras", "not/yet/there", "a file"])
def test_free_space_is_that_of_the_disk(empty_machine, monkeypatch, home):
    (empty_machine / "a file").touch()
    monkeypatch.setenv("KERAS_HOME", str(empty_machine / home))
    disk = shutil.disk_usage(empty_machine)
    assert machine.free_gigabytes() == pytest.approx(disk.free / 1e9, abs=1)


def test_a_report_names_versions_and_no_person(monkeypatch):
    monkeypatch.setenv("CNN_PROFILE", "full")
    report = machine.report()
    assert "tensorflow 2." in report and "CNN_PROFILE=full" in report
    assert "/" not in report and "\n" not in report


def test_all_of_it_is_printed_and_the_line_for_others_comes_last(capsys, empty_machine):
    machine.main()
    text = capsys.readouterr().out
    assert "| tensorflow |" in text and "None of the known problems is here." in text and "| mnist |" in text
    assert text.splitlines()[-1] == machine.report()
