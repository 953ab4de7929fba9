"""What a notebook needs to run without the course's folder: its modules, its assets, and its packages.

Modules are followed from `import` to `import` with `ast`, so nothing has to be installed, and nothing is carried
that the notebook does not use. An asset is carried where its name stands in the code: `datasets.photo("coffee")`.
"""

import ast
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Every notebook has these, and they know all data by name: a name that stands in them does not mean that it is used.
KNOW_ALL = ("helpers.data.specs", "helpers.data.datasets", "helpers.data.emoji10", "helpers.data.locate")
TOGETHER = ("emoji10",)  # a folder of assets that belong together
FETCHED = "efficientnet_lite0.npz"  # 9.5 MB, hardly to be compressed: pip fetches it
LICENCES = ("LICENSE", "helpers/assets/README.md", "helpers/assets/licences")
IMPORTED_AS = {"pillow": "PIL", "scikit-learn": "sklearn"}


def modules(code: Iterable[str], root: Path = ROOT) -> dict[str, Path]:
    """The course's modules that `code` imports, and those they import, by name: {"helpers.notebook.course": path, ...}.

    Imports inside functions count too. Raises SystemExit for a module of `helpers` that does not exist.
    """
    found: dict[str, Path] = {}
    waiting = [name for source in code for name in imported(ast.parse(source))]
    while waiting:
        name = waiting.pop()
        for part in _with_parents(name):
            path = _file(part, root)
            if path is None and not _is_attribute(part, root):
                raise SystemExit(f"there is no module {part} in the course, and a notebook needs it")
            if path is not None and part not in found:
                found[part] = path
                waiting += imported(ast.parse(path.read_text(encoding="utf-8")))
    return dict(sorted(found.items()))


def imported(tree: ast.AST) -> list[str]:
    """The names below `helpers` that a piece of code imports, dotted: `from helpers import x` is "helpers.x"."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "the course imports by full names"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.split(".")[0] == "helpers"]


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _file(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def _is_attribute(name: str, root: Path) -> bool:
    """Whether the name is defined in the module before its last dot, as ____ is in helpers.exercises."""
    parent, _, last = name.rpartition(".")
    path = _file(parent, root)
    return (
        path is not None
        and re.search(rf"\b{re.escape(last)}\b", path.read_text(encoding="utf-8")) is not None
    )


def packages(code: Iterable[str], project: dict) -> dict[str, dict[str, str]]:
    """What `code` imports of pyproject.toml's packages: {"pillow": {"module": "PIL", "least": "10.3"}, ...}.

    Only imports at the top of a file or cell count: what is imported deeper down can be done without.
    """
    tops: set[str] = set()
    for source in code:
        for node in ast.walk(ast.parse(source)):
            for child in getattr(node, "body", []) if isinstance(node, (ast.Module, ast.With)) else []:
                tops |= {alias.name for alias in child.names} if isinstance(child, ast.Import) else set()
                tops |= {child.module} if isinstance(child, ast.ImportFrom) else set()
    names = {top.split(".")[0] for top in tops}
    from_the_front_end = constant("FRONT_END", ROOT / "helpers" / "notebook" / "machine.py")
    needs = {}
    for entry in project["dependencies"]:
        name, least = re.fullmatch(r"([\w-]+)>=([\d.]+)", entry).groups()
        module = IMPORTED_AS.get(name, name)
        if module in names and name not in from_the_front_end:
            needs[name] = {"module": module, "least": least}
    return needs


def assets(code: Iterable[str], root: Path = ROOT) -> list[str]:
    """Paths below `root` of the assets that `code` names: by file, by name, or by folder (for Emoji-10)."""
    named: set[str] = set()
    for source in code:
        for node in ast.walk(ast.parse(source)):
            named |= {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()
            if isinstance(node, ast.ImportFrom):
                named |= {alias.name for alias in node.names}
    folder = root / "helpers" / "assets"
    chosen = []
    for path in sorted(folder.rglob("*")):
        names = {path.name, path.stem, path.stem.removesuffix("_sample")} | {path.parent.name} & set(TOGETHER)
        if path.is_file() and path.parent.name != "licences" and names & named:
            chosen.append(path.relative_to(root).as_posix())
    return chosen


def files(code: list[str], root: Path = ROOT) -> dict[str, bytes]:
    """Everything a notebook with these code cells must bring along, by its path in the folder it is unpacked to.

    Beside modules and assets: their licences, `colab_start.py`, and colab.json, which tells it what to check.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = modules(code, root)
    texts = {name: path.read_text(encoding="utf-8") for name, path in own.items()}
    named = assets([*code, *(text for name, text in texts.items() if name not in KNOW_ALL)], root)
    plan = {
        "python": re.match(r">=([\d.]+)", project["requires-python"]).group(1),
        "packages": packages([*code, *texts.values()], project),
        "weights": None,
    }
    content = {"colab_start.py": (root / "tools" / "colab" / "colab_start.py").read_bytes()}
    for path in [*(path.relative_to(root).as_posix() for path in own.values()), *named, *_licences(root)]:
        content[path] = (root / path).read_bytes()
    weights = f"helpers/assets/{FETCHED}"
    if weights in content:
        plan["weights"] = {
            "path": weights,
            "sha256": constant("CHECKSUMS", own["helpers.networks.pretrained"])[FETCHED],
        }
        checkpoint = root / "tools" / "make_assets" / "efficientnet_checkpoint.py"
        content[checkpoint.name] = checkpoint.read_bytes()
        del content[weights]
    content["colab.json"] = json.dumps(plan, indent=1).encode()
    return dict(sorted(content.items()))


def _licences(root: Path) -> list[str]:
    places = [root / name for name in LICENCES]
    paths = [path for place in places for path in (sorted(place.iterdir()) if place.is_dir() else [place])]
    return [path.relative_to(root).as_posix() for path in paths]


def constant(name: str, module: Path) -> Any:
    """The value of a constant of a module, which is read and not imported: nothing need be installed."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise SystemExit(f"helpers/{module.name} has no {name} any more: mend tools/colab/payload.py")


def archive(content: dict[str, bytes]) -> bytes:
    """The files as a zip archive; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name in sorted(content):
            entry = zipfile.ZipInfo(str(PurePosixPath(name)), date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, content[name])
    return buffer.getvalue()
