"""The project as files: package lists in step, a lock without addresses, and README and Makefile that agree."""

import re
import subprocess
import tomllib

import pytest
import yaml

from tools.notebooks.files import PICTURE, ROOT, all_notebooks, read, readme_picture

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
LOCKS = (
    "requirements.lock", "requirements-floor.lock", "requirements-browser.lock", "site/site.lock",
    "tools/colab/versions.lock",
)  # fmt: skip
README = (ROOT / "README.md").read_text(encoding="utf-8")


def direct_packages():
    project = PYPROJECT["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["course"]]


def tracked_text_files():
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    paths = [ROOT / name for name in names.stdout.splitlines()]
    return [path for path in paths if path.is_file() and path.suffix not in {".npz", ".png", ".jpg"}]


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
    assert "conda env create --file environment.yml" in README and "conda activate cnn-course" in README


def test_the_lock_holds_every_direct_package():
    locked = set(re.findall(r"^([a-z0-9._-]+)==", LOCK, re.MULTILINE))
    assert {re.split("[<>=~]", entry)[0] for entry in direct_packages()} <= locked


@pytest.mark.parametrize(
    ("group", "path"), [("browser", "requirements-browser.lock"), ("site", "site/site.lock")]
)
def test_the_lock_of_a_group_holds_it_and_no_tensorflow(group, path):
    locked = re.findall(r"^([a-z0-9._-]+)==", (ROOT / path).read_text(), re.MULTILINE)
    assert {re.split("[<>=~]", entry)[0] for entry in PYPROJECT["dependency-groups"][group]} <= set(locked)
    assert "tensorflow" not in locked
    assert len(locked) == len(set(locked)) or group == "site"  # some packages have a version for each Python


@pytest.mark.parametrize("path", LOCKS)
def test_a_lock_has_hashes_and_no_address(path):
    lock = (ROOT / path).read_text(encoding="utf-8")
    assert "://" not in lock and "-url" not in lock and "--find-links" not in lock
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", lock, flags=re.MULTILINE)[1:]
    assert blocks and all("--hash=sha256:" in block for block in blocks)


def test_make_lab_opens_at_notebook_00():
    makefile = (ROOT / "Makefile").read_text()
    (first,) = re.findall(r"jupyter lab .*--LabApp.default_url=/lab/tree/(\S+)", makefile)
    assert (ROOT / "notebooks" / first).exists() and first.startswith("00_")


def test_locked_versions_satisfy_the_ranges():
    from packaging.requirements import Requirement

    versions = dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", LOCK, re.MULTILINE))
    for entry in direct_packages():
        requirement = Requirement(entry)
        assert requirement.specifier.contains(versions[requirement.name]), entry


def test_tensorflow_floor():
    assert "tensorflow>=2.18" in direct_packages()


def test_every_package_that_is_imported_is_declared():
    import ast
    import sys

    aliases = {
        "PIL": "pillow",
        "sklearn": "scikit-learn",
        "yaml": "pyyaml",
        "IPython": "ipykernel",
        "traitlets": "ipywidgets",
        "packaging": "tensorflow",  # needs it, as Keras does
    }
    ours = {"helpers", "strokes", "benchmarks"} | {
        path.stem for place in ("tools", "tests") for path in (ROOT / place).glob("*.py")
    }
    grouped = [entry for group in PYPROJECT["dependency-groups"].values() for entry in group]
    declared = {re.split("[<>=~]", entry)[0] for entry in [*direct_packages(), *grouped]}
    build_only = {"build_emoji_sprites.py": {"resvg_py"}}  # its docstring says how to install it
    for path in [
        *ROOT.glob("helpers/**/*.py"),
        *ROOT.glob("tools/*.py"),
        *ROOT.glob("tests/*.py"),
        *ROOT.glob("benchmarks/*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            known = set(sys.stdlib_module_names) | ours | build_only.get(path.name, set())
            for name in {name.split(".")[0] for name in names} - known:
                assert aliases.get(name, name) in declared, f"{path.name} imports {name}"


def test_readme_and_makefile_give_the_same_commands():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    used = set(re.findall(r"(?:^ {4}|`|=full )make ([a-z-]+)", README, re.MULTILINE))
    assert used <= targets, used - targets
    listed = re.findall(r"^ {4}make ([a-z-]+) +# ", README, re.MULTILINE)
    assert targets <= set(listed), f"README's list of commands lacks {targets - set(listed)}"
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    assert set(phony) == targets, set(phony) ^ targets
    ci = (ROOT / ".ci" / "run").read_text()
    assert set(re.findall(r"^make ([a-z-]+)", ci, re.MULTILINE)) == {"course", "test", "test-browser"}


def test_readme_lists_every_notebook():
    for path in all_notebooks():
        assert f"notebooks/{path.name}" in README


def test_readme_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_picture_in_the_readme_is_a_notebooks_figure():
    (picture,) = [found for path in all_notebooks() if (found := readme_picture(read(path)))]
    assert PICTURE.read_bytes() == picture[0], "make outputs writes it anew"
    assert f"![{picture[1]}](docs/picture.png)" in README


def test_no_file_names_this_machine_or_a_registry():
    forbidden = re.compile(
        "|".join(
            ["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "/ro" + "ot/", "/wo" + "rk/"]
        )
    )
    for path in tracked_text_files():
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, (path.name, found)


def test_modules_are_small():
    for path in ROOT.glob("helpers/**/*.py"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        limit = 700 if path.parent.name == "exercises" else 250
        assert lines <= limit, f"{path.name} has {lines} lines"


def test_every_asset_has_its_licence():
    credits = (ROOT / "helpers" / "assets" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "helpers" / "assets").rglob("*"):
        if path.is_file() and path.name != "README.md":
            assert path.name in credits, path.name


def test_make_help_lists_the_commands():
    result = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0 and "make course" in result.stdout and "make test" in result.stdout


def test_result_tables_are_made_from_the_result_files():
    import json

    from tools.notebooks import record_results

    runs = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(ROOT.glob("results/*-full-seed*.json"))
    ]
    assert runs and (ROOT / "results" / "README.md").read_text(encoding="utf-8") == record_results.tables(
        runs
    )
    assert all(claim["mark"] == "✓" for run in runs for claim in run["claims"])


def test_the_readme_shows_what_was_measured_on_emoji10():
    import json

    from tools.notebooks import record_results

    results = json.loads((ROOT / "results" / "emoji10.json").read_text(encoding="utf-8"))
    assert record_results.emoji10_table(results) in README
    networks = [[run["same art"] for run in runs] for runs in results["networks"].values()][:4]
    for easier, harder in zip(networks[1:], networks, strict=False):
        assert min(easier) > max(harder) + 0.05, "MLP < CNN < BatchNorm net < transfer, clearly apart"
    assert max(max(scores) for scores in networks) < 0.93, "no ceiling"
    assert max(results["background_only"]) < 0.12, "the background gives nothing away"
