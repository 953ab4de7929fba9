"""What a notebook needs to run without the course's folder: its modules, its assets, and its packages.

Modules are followed from `import` to `import` with `ast`, so nothing has to be installed, and nothing is carried
that the notebook does not use. What a text recommends (`explain.occlusion`) is carried too. An asset is
carried where the code names it: `datasets.photo("coffee")`. `build.py` and `tools.notebooks.conditions` call this.
"""

import ast
import functools
import io
import itertools
import json
import re
import struct
import tomllib
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.paths import ROOT

# The modules of this room know all data by name: a name in them does not mean that it is used.
DATA_ROOM = "helpers.data."
FOLDERS = {  # assets that are carried together: their folder, and the names in the code that mean it
    "emoji10": {"emoji10"},
    "photographs": {"photos"},
    "gallery": {"photos.gallery", "photos.gallery_credits"},
    "live_network": {"live.network"},
}
BESIDE = {  # modules that read files beside themselves, and those files
    "helpers.widgets.modules": ("helpers/widgets/js/*", "helpers/widgets/labels.json"),
}
WEIGHTS = "helpers/assets/efficientnet_lite0.npz"  # 9.5 MB, and compression hardly helps: pip fetches it
LICENSES = ("LICENSE", "helpers/assets/README.md", "helpers/assets/licences")
IMPORTED_AS = {"opencv-python-headless": "cv2", "pillow": "PIL", "scikit-learn": "sklearn"}
LEVEL = 9  # of compression
FILLING = 0x6363  # the number of our extra field in a zip file, which no registered one has
_REQUIREMENT = re.compile(r"([\w.-]+)\s*>=\s*([\d.]+)")
_DOTTED = re.compile(r"(?<![\w./])([a-z_]\w*)\.(\w+)")


def files(code: list[str], texts: list[str] = (), root: Path = ROOT) -> dict[str, bytes]:
    """Everything a notebook with these cells must bring along, by its path in the folder it is unpacked to.

    `code` and `texts` are the sources of its code and Markdown cells. Beside modules and assets: their licenses,
    `colab_start.py`, and colab.json, which tells that file what to check.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    imports = [*code, *(f"import {name}" for name in recommended([*code, *texts], root))]
    own = modules(imports, root)
    helpers = {name: path.read_text(encoding="utf-8") for name, path in own.items()}
    named = assets(code, [text for name, text in helpers.items() if not name.startswith(DATA_ROOM)], root)
    plan = {
        "python": re.match(r">=([\d.]+)", project["requires-python"]).group(1),
        "packages": packages([*code, *helpers.values()], project, root),
        "weights": None,
    }
    ours = [*own.values(), *beside(own, root)]
    carried = [*(path.relative_to(root).as_posix() for path in ours), *named, *_licenses(root)]
    content = {path: (root / path).read_bytes() for path in carried if path != WEIGHTS}
    content["colab_start.py"] = (root / "tools" / "colab" / "colab_start.py").read_bytes()
    if WEIGHTS in carried:
        checksums = constant("CHECKSUMS", "helpers.networks.pretrained", root)
        plan["weights"] = {"path": WEIGHTS, "sha256": checksums[Path(WEIGHTS).name]}
        checkpoint = root / "tools" / "make_assets" / "efficientnet_checkpoint.py"
        content[checkpoint.name] = checkpoint.read_bytes()
    content["colab.json"] = json.dumps(plan, indent=1).encode()
    return dict(sorted(content.items()))


def modules(code: Iterable[str], root: Path = ROOT) -> dict[str, Path]:
    """The course's modules that `code` imports, and those they import, by name: {"helpers.notebook.course": path, ...}.

    Imports inside functions count too. Raises SystemExit for a module of `helpers` that does not exist.
    """
    found: dict[str, Path] = {}
    waiting = [name for source in code for name in imported(source)]
    while waiting:
        for name in _with_parents(waiting.pop()):
            path = module_file(name, root)
            if path is None and not _is_attribute(name, root):
                raise SystemExit(f"there is no module {name} in the course, and a notebook needs it")
            if path is not None and name not in found:
                found[name] = path
                waiting += imported(path.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def beside(own: Iterable[str], root: Path = ROOT) -> list[Path]:
    """The files that these modules read beside themselves: the live figures' JavaScript, style, and words."""
    patterns = [pattern for module in own for pattern in BESIDE.get(module, ())]
    return sorted(path for pattern in patterns for path in root.glob(pattern))


@functools.cache
def imported(source: str) -> tuple[str, ...]:
    """The names below `helpers` that a piece of code imports, dotted: `from helpers import x` is "helpers.x"."""
    names = []
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise SystemExit("a relative import: the course imports by full names")
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(name for name in names if name.split(".")[0] == "helpers")


def recommended(sources: Iterable[str], root: Path = ROOT) -> list[str]:
    """The course's modules of which the cells name something, in a text or in a comment: "explain.occlusion".

    Only what the module really defines counts, so "config.json" does not.
    """
    found = set()
    for module, name in {pair for source in sources for pair in _DOTTED.findall(source)}:
        for path in _by_stem(root).get(module, []):
            if re.search(
                rf"^(?:def|class) {name}\b|^{name}\b.*=", path.read_text(encoding="utf-8"), re.MULTILINE
            ):
                found.add(".".join(path.relative_to(root).with_suffix("").parts))
    return sorted(found)


def packages(code: Iterable[str], project: dict[str, Any], root: Path = ROOT) -> dict[str, dict[str, str]]:
    """What `code` imports of pyproject.toml's packages: {"pillow": {"module": "PIL", "least": "10.3"}, ...}.

    Only imports that run as soon as the file or cell runs count: what a function imports can be done without. The
    packages of Colab's own front end are left to it.
    """
    used = {name for source in code for name in _imported_at_once(_parsed(source).body)}
    left_out = constant("FRONT_END", "helpers.notebook.machine", root)
    needs = {}
    for entry in project["dependencies"]:
        requirement = _REQUIREMENT.match(entry)
        if requirement is None:
            raise SystemExit(f"pyproject.toml: {entry!r} should begin like numpy>=1.26")
        name, least = requirement.groups()
        module = IMPORTED_AS.get(name, name)
        if module in used and name not in left_out:
            needs[name] = {"module": module, "least": least}
    return needs


def _imported_at_once(statements: list[ast.stmt]) -> Iterator[str]:
    """The packages that these statements import, also inside `with`: "matplotlib" for `import matplotlib.pyplot`."""
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]
        elif isinstance(node, ast.With):
            yield from _imported_at_once(node.body)


def assets(code: Iterable[str], helpers: Iterable[str] = (), root: Path = ROOT) -> list[str]:
    """Paths below `root` of the assets that the cells `code` or the modules `helpers` name.

    A cell names a file ("chelsea", "mnist"), or a folder of FOLDERS by what means it; a module names whole file names.
    """
    in_cells = {name for source in code for name in _names(source)}
    in_modules = {name for source in helpers for name in _names(source)}
    folder = root / "helpers" / "assets"
    chosen = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        room = path.relative_to(folder).parts[0]
        means = FOLDERS.get(room) or {path.name, path.stem, path.stem.removesuffix("_sample")}
        if room != "licences" and (means & in_cells or path.name in in_modules):
            chosen.append(path.relative_to(root).as_posix())
    return chosen


@functools.cache
def _names(source: str) -> frozenset[str]:
    """What may name an asset: strings, imported names, and dotted names such as "photos.gallery".

    A part of a path is a name in that folder, not of an asset, unless the path begins with ASSETS.
    """
    nodes = list(ast.walk(_parsed(source)))
    in_other_folders = {
        id(node.right)
        for node in nodes
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _begins_with_assets(node)
    }
    names = set()
    for node in nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in in_other_folders
        ):
            names.add(node.value)
        elif isinstance(node, ast.ImportFrom):
            module = node.module.rpartition(".")[2]
            names |= {module, *(alias.name for alias in node.names)}
            names |= {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names.add(f"{node.value.id}.{node.attr}")
    return frozenset(names)


def _begins_with_assets(path: ast.expr) -> bool:
    while isinstance(path, ast.BinOp):
        path = path.left
    return "ASSETS" in (getattr(path, "id", ""), getattr(path, "attr", ""))


def constant(name: str, module: str, root: Path = ROOT) -> Any:
    """The value of a constant of a module of the course, which is read and not imported: nothing need be installed."""
    path = module_file(module, root)
    for node in _parsed(path.read_text(encoding="utf-8")).body if path else []:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise SystemExit(f"there is no {name} in {module} any more: change tools/colab/payload.py")


def archive(content: dict[str, bytes]) -> bytes:
    """The files as a zip archive; the same files always give the same bytes.

    A file's bytes in it do not depend on the other files, and come in threes, so they are the same text in base64 in
    every archive: the web site stores that text once for all editions.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.extra = _filling(30 + len(name.encode()) + _compressed_size(content[name]))
            file.writestr(entry, content[name], compresslevel=LEVEL)
    return buffer.getvalue()


def entries(packed: bytes) -> list[bytes]:
    """The bytes of each file in an archive of `archive`, in order, and at last those of its table of contents."""
    with zipfile.ZipFile(io.BytesIO(packed)) as file:
        starts = [*sorted(entry.header_offset for entry in file.infolist()), file.start_dir]
    return [packed[start:end] for start, end in itertools.pairwise([*starts, len(packed)])]


def _filling(size: int) -> bytes:
    """An extra field, which readers of zip files pass over, that makes `size` a multiple of three."""
    length = {0: 0, 1: 5, 2: 4}[size % 3]
    return struct.pack("<HH", FILLING, length - 4) + bytes(length - 4) if length else b""


@functools.cache
def _compressed_size(content: bytes) -> int:
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)  # as zipfile does it
    return len(compressor.compress(content)) + len(compressor.flush())


@functools.cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@functools.cache
def _by_stem(root: Path) -> dict[str, list[Path]]:
    """The modules of `helpers` by their last name; there may be two of the same name in two rooms."""
    found: dict[str, list[Path]] = {}
    for path in sorted((root / "helpers").rglob("*.py")):
        found.setdefault(path.stem, []).append(path)
    return found


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def module_file(module: str, root: Path = ROOT) -> Path | None:
    """The file of a module, given by its dotted name; None if there is no such module."""
    base = root.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _is_attribute(name: str, root: Path) -> bool:
    """Whether the name is defined in the module before its last dot, as ____ is in helpers.exercises."""
    parent, _, last = name.rpartition(".")
    path = module_file(parent, root)
    return path is not None and bool(re.search(rf"\b{re.escape(last)}\b", path.read_text(encoding="utf-8")))


def _licenses(root: Path) -> list[str]:
    places = [root / name for name in LICENSES]
    paths = [path for place in places for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
    return [path.relative_to(root).as_posix() for path in paths]
