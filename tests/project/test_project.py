"""The project as files: package lists in step, and a lock without addresses."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from helpers.notebook import full_runs
from helpers.paths import ASSETS
from tools.notebooks import records
from tools.notebooks.files import ROOT, code_cells, list_claims, read
from tools.selection import all_notebooks

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SWEEP, NBGRADER, HUB = (
    PYPROJECT["project"]["optional-dependencies"][extra] for extra in ("sweep", "nbgrader", "hub")
)
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
LOCKS = (
    "requirements.lock", "requirements-floor.lock", "requirements-sweep.lock", "requirements-nbgrader.lock",
    "requirements-browser.lock", "requirements-hub.lock", "site/site.lock", "tools/colab/versions.lock",
)  # fmt: skip
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="there is no make here, as on most Windows")


def direct_packages():
    project = PYPROJECT["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["course"]]


def tracked_text_files():
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    paths = [ROOT / name for name in names.stdout.splitlines()]
    return [path for path in paths if path.is_file() and path.suffix not in {".npz", ".png", ".jpg", ".webp"}]


def test_environment_yml_is_in_step_with_pyproject():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    python = "python" + PYPROJECT["project"]["requires-python"]
    assert yaml.safe_load(text) == {
        "name": "cnn-course",
        "channels": ["conda-forge"],
        "dependencies": [python, "graphviz", "pip", {"pip": [*direct_packages(), "--editable ."]}],
    }
    keys = re.findall(r"^(?: *- )?([a-z]+):", text, re.MULTILINE)  # YAML takes the last of two equal keys
    assert keys == ["name", "channels", "dependencies", "pip"]
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    assert "conda env create --file environment.yml" in page and "conda activate cnn-course" in page


def test_the_citation_says_what_pyproject_and_license_say():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["version"] == PYPROJECT["project"]["version"]
    assert citation["license"] in PYPROJECT["project"]["license"].split(" AND ")
    assert f"# {citation['title']}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    (authors,) = citation["authors"]
    assert f'"{authors["name"]}"' in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_lock_holds_every_direct_package():
    locked = set(re.findall(r"^([a-z0-9._-]+)==", LOCK, re.MULTILINE))
    assert {re.split("[<>=~]", entry)[0] for entry in direct_packages()} <= locked


@pytest.mark.parametrize(
    ("group", "path"), [("browser", "requirements-browser.lock"), ("site", "site/site.lock")]
)
def test_the_lock_of_a_group_holds_it_and_no_tensorflow(group, path):
    locked = re.findall(r"^([a-z0-9._-]+)==", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert {re.split("[<>=~]", entry)[0] for entry in PYPROJECT["dependency-groups"][group]} <= set(locked)
    assert "tensorflow" not in locked
    assert len(locked) == len(set(locked)) or group == "site"  # some packages have a version for each Python


@pytest.mark.parametrize(("extra", "lock"), [(SWEEP, "sweep"), (NBGRADER, "nbgrader")])
def test_the_lock_of_an_extra_is_the_courses_with_more_on_top(extra, lock):
    """`.venv-sweep` takes what `.venv` has, and so does `.venv-nbgrader`: they must have the same versions."""

    def pins(text):
        return set(re.findall(r"^([a-z0-9._-]+==[^ ;\\]+)", text, re.MULTILINE))

    more = pins((ROOT / f"requirements-{lock}.lock").read_text(encoding="utf-8"))
    assert pins(LOCK) < more
    names = {pin.partition("==")[0] for pin in more - pins(LOCK)}
    assert {re.split("[<>=~]", entry)[0] for entry in extra} <= names
    assert not names & {pin.partition("==")[0] for pin in pins(LOCK)}
    assert not any(f"{name}==" in LOCK for name in ("dask", "distributed", "bokeh", "nbgrader")), (
        "a learner needs none of them"
    )


@pytest.mark.parametrize("path", LOCKS)
def test_a_lock_has_hashes_and_no_address(path):
    lock = (ROOT / path).read_text(encoding="utf-8")
    assert "://" not in lock and "-url" not in lock and "--find-links" not in lock
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", lock, flags=re.MULTILINE)[1:]
    assert blocks and all("--hash=sha256:" in block for block in blocks)


def test_the_lock_is_for_windows_and_mac_too():
    """Packages that only one system needs are in it; that each has a wheel there was checked with `uv pip install`."""
    only = dict(re.findall(r"^([a-z0-9._-]+)==\S+ ; (.*?) *\\?$", LOCK, re.MULTILINE))
    for name, marker in [
        ("colorama", "sys_platform == 'win32'"),
        ("pywinpty", "os_name == 'nt'"),
        ("appnope", "sys_platform == 'darwin'"),
    ]:
        assert marker in only[name]
    for system in ("win32", "darwin"):
        assert f"sys_platform != '{system}'" not in only.get("tensorflow", "")


def test_make_lab_opens_at_notebook_00():
    opened = re.findall(r"jupyter lab .*--LabApp.default_url=/lab/tree/(\S+)", MAKEFILE)
    assert all((ROOT / "notebooks" / name).exists() for name in opened)
    assert [name[:3] for name in opened] == ["00_", "10_"], "make lab, and make lab-dask"


def test_locked_versions_satisfy_the_ranges():
    from packaging.requirements import Requirement

    versions = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", LOCK, re.MULTILINE))
    for entry in direct_packages():
        requirement = Requirement(entry)
        assert requirement.specifier.contains(versions[requirement.name]), entry


def test_tensorflow_floor():
    assert "tensorflow>=2.18" in direct_packages()


def imports(path):
    """The packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_every_package_that_is_imported_is_declared():
    brought_by = {
        "PIL": "pillow",
        "cv2": "opencv-python-headless",
        "sklearn": "scikit-learn",
        "yaml": "pyyaml",
        "IPython": "ipykernel",
        "psutil": "ipykernel",
        "fontTools": "matplotlib",
        "traitlets": "ipywidgets",
        "packaging": "tensorflow",  # needs it, as Keras does
        "playwright": "pytest-playwright",
        "dask": "distributed",
        "cloudpickle": "distributed",
        "jupyter_client": "ipykernel",
        "joblib": "scikit-learn",
    }
    places = ("helpers", "tools", "benchmarks", "tests")
    files = [path for place in places for path in (ROOT / place).rglob("*.py")]
    assert len(files) > 100
    grouped = [entry for group in PYPROJECT["dependency-groups"].values() for entry in group]
    declared = {
        re.split("[<>=~]", entry)[0] for entry in [*direct_packages(), *SWEEP, *NBGRADER, *HUB, *grouped]
    }
    by_hand = {"resvg_py", "jax"}  # emoji_sprites.py and vgg_suspects.py say how to install them
    for path in files:
        beside = {other.stem for other in path.parent.glob("*.py")}
        known = {
            *sys.stdlib_module_names,
            *places,
            *beside,
            *by_hand,
            "colab_start",
            "efficientnet_checkpoint",
        }
        missing = {
            name for name in imports(path) if name not in known and brought_by.get(name, name) not in declared
        }
        assert not missing, f"{path.relative_to(ROOT)} imports {missing}"


def test_ci_and_makefile_know_the_same_commands():
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split()
    assert set(phony) == targets, set(phony) ^ targets
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^make (.*)", ci, re.MULTILINE) == [
        "course ONLY=all",
        "test",
        "test-sweep",
        "--jobs=2 --output-sync=target test-nbgrader test-browser",
    ]


@needs_make
def test_an_environment_that_make_did_not_make_is_left_alone(tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "mine.txt").write_text("mine", encoding="utf-8")
    command = ["make", f"PYTHON={sys.executable}", "lint"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert result.returncode and "make did not make it" in result.stdout
    assert [path.name for path in (tmp_path / ".venv").iterdir()] == ["mine.txt"]


def test_make_removes_nothing_by_itself():
    assert not re.search(r"\brm\b|\bmv\b", MAKEFILE), "tools.clean and helpers.owned know what is ours"
    for before, line in zip(MAKEFILE.splitlines(), MAKEFILE.splitlines()[1:], strict=False):
        if "--clear" in line:
            assert "exit 1; fi" in before, "only after a look at whose it is"


def test_no_file_names_this_machine_or_a_registry():
    hosts = ["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs"]
    places = [r"(?<![\w.])/" + name for name in ("ro" + "ot/", "wo" + "rk/")]  # not build/work
    forbidden = re.compile("|".join(hosts + places))
    for path in tracked_text_files():
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, (path.name, found)


def test_every_asset_has_its_license():
    credits = (ASSETS / "README.md").read_text(encoding="utf-8")
    for path in ASSETS.rglob("*"):
        if path.is_file() and path.name != "README.md":
            table = path.parent / "credits.csv"  # a folder of many pictures names them there, one a line
            listed = table.read_text(encoding="utf-8") if table.is_file() and path != table else ""
            assert path.name in credits or f"\n{path.name}," in listed, path.name
    for name in re.findall(r"`([\w-]+\.txt)`", credits):
        assert name == "imagenet_classes.txt" or (ASSETS / "licences" / name).is_file(), name


@needs_make
def test_make_help_lists_the_commands():
    result = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert result.returncode == 0 and "make course" in result.stdout and "make test" in result.stdout


def test_result_tables_are_made_from_the_result_files():
    runs = records.kept_results()
    assert runs and (ROOT / "results" / "README.md").read_text(encoding="utf-8") == records.tables(runs)
    assert all(claim["mark"] == "✓" for run in runs for claim in run["claims"])
    assert json.loads(full_runs.FULL_RUNS.read_text(encoding="utf-8")) == records.boxes(runs)


def test_a_box_of_a_full_run_has_a_value_for_every_claim():
    """Only notebooks that show one are asked; `make course PROFILE=full ONLY=NN` and `records results` make it."""
    runs = records.boxes(records.kept_results())
    for path in all_notebooks():
        notebook = read(path)
        shown = any("full_runs.show(" in cell.source for cell in code_cells(notebook))
        if shown:
            missing = {claim["sentence"] for claim in list_claims(notebook)} - set(runs[path.stem]["claims"])
            assert missing == set(), path.stem
