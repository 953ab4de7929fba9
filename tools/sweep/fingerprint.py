"""Which code decides what a notebook measures, and a fingerprint of exactly that.

A sweep costs minutes to hours, so not every change of a helper may make it out of date. Covered is

- the code of the notebook's cells;
- of `helpers`, each function, class and constant that this code reaches, from name to name, and whatever a module
  that is reached does while it is imported;
- the data that comes with the course and is named there.

Not covered is what cannot change a measured value: comments, docstrings, annotations, layout, Markdown, whatever is
defined in a module but not reached, and the modules in ASIDE, which only show, word, ask or fetch. Where it is not
clear what is reached, more is taken: a module that is passed on as a value counts whole.

Versions of packages, processor and threads are not covered either. They are kept with every run instead: a claim has
to hold on other machines, where the same seed gives other numbers, and several seeds stand for that.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from helpers.paths import ROOT
from tools.colab import payload
from tools.notebooks.conditions import digest
from tools.notebooks.files import NotebookError, read_json

# Modules that draw, word, ask, or bring files whose content is checked anyway. An exercise that is not answered, as in
# every sweep, measures nothing. None of them may touch the shared random state: a test looks.
ASIDE = (
    "helpers.data.download", "helpers.digits.drawing_pad", "helpers.errors", "helpers.exercises", "helpers.owned",
    "helpers.paths", "helpers.widgets",
    "helpers.notebook.course_map", "helpers.notebook.fonts", "helpers.notebook.frontend", "helpers.notebook.machine",
    "helpers.notebook.plots", "helpers.notebook.tracebacks", "helpers.notebook.work_folder",
)  # fmt: skip

_Reached = dict[str, set[str]]  # module → the names in it


def fingerprint(notebook: Path, root: Path = ROOT) -> dict[str, str]:
    """Part → a short hash of it: "cells", each module that is reached, each file of data.

    Raises NotebookError if the notebook cannot be read, or if a cell of it is not Python.
    """
    cells = ["".join(cell["source"]) for cell in read_json(notebook)["cells"] if cell["cell_type"] == "code"]
    try:
        trees = [ast.parse(cell) for cell in cells]
    except SyntaxError as error:
        raise NotebookError(f"{notebook.name} has a cell that is not Python: {error}") from None
    parts = {"cells": _hash("\n".join(normal_form(tree) for tree in trees))}
    found = reached(trees, root)
    for name, names in sorted(found.items()):
        module = _module(name, root)
        parts[name] = _hash("\n".join([*module.always, *(module.text[one] for one in sorted(names))]))
    texts = [_module(name, root).source for name in found if not name.startswith(payload.DATA_ROOM)]
    data = [path for path in payload.assets(cells, texts, root) if not path.endswith(".md")]
    return {**parts, **{path: digest(root / path) for path in data}}


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The parts that were changed, added or dropped."""
    return sorted(part for part in {*before, *now} if before.get(part) != now.get(part))


def reached(trees: Iterable[ast.Module], root: Path = ROOT) -> _Reached:
    """What of `helpers` these pieces of code reach: {"helpers.data.datasets": {"load", "_reader"}, ...}."""
    found: _Reached = {}
    waiting: list[tuple[str, str]] = []

    def reach(module: str, name: str) -> None:
        """Take a name of a module, or with "" what the module does when it is imported."""
        if _is_aside(module):
            return
        if module not in found:
            found[module] = set()
            waiting.append((module, ""))
        known = _module(module, root)
        if name in known.text and name not in found[module]:
            found[module].add(name)
            waiting.append((module, name))
        elif name in known.imports:  # a name that the module itself has from elsewhere
            follow(known.imports[name], None)

    def follow(target: str, attribute: str | None) -> None:
        """Take what an imported name stands for: "helpers.data.datasets", or a name in such a module."""
        if payload._file(target, root) is None:
            module, _, name = target.rpartition(".")
            return reach(module, name)
        names = [attribute] if attribute else [*_module(target, root).text]
        if attribute and payload._file(f"{target}.{attribute}", root):  # a module in a package
            return follow(f"{target}.{attribute}", None)
        for name in names:
            reach(target, name)
        return reach(target, "")

    scope = {}
    for tree in trees:  # the cells share their names
        scope |= dict(_imports(tree))
    for tree in trees:
        for target, attribute in _used(tree, scope):
            follow(target, attribute)
    while waiting:
        module, name = waiting.pop()
        known = _module(module, root)
        for tree in known.trees.get(name, known.always_trees if not name else []):
            local = {**known.imports, **dict(_imports(tree))}
            for target, attribute in _used(tree, local):
                follow(target, attribute)
            for other in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
                if other in known.text:
                    reach(module, other)
    return found


class _Known:
    """One module: what it defines, what it imports, and what it does when it is imported."""

    def __init__(self, source: str) -> None:
        self.source = source
        tree = ast.parse(source)
        self.imports = dict(_imports(tree))
        self.trees: dict[str, list[ast.stmt]] = {}
        self.always_trees: list[ast.stmt] = []
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom) or _is_text(statement):
                continue
            if names := list(_defined(statement)):
                for name in names:
                    self.trees.setdefault(name, []).append(statement)
            else:
                self.always_trees.append(statement)
        self.text = {name: "\n".join(map(normal_form, statements)) for name, statements in self.trees.items()}
        self.always = [normal_form(statement) for statement in self.always_trees]


def _module(name: str, root: Path) -> _Known:
    path = payload._file(name, root)
    if path is None:
        raise NotebookError(f"there is no module {name} in the course")
    found = path.stat()
    return _read_module(path, found.st_mtime_ns, found.st_size)


@functools.cache
def _read_module(path: Path, _time: int, _size: int) -> _Known:
    return _Known(path.read_text(encoding="utf-8"))


def _defined(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement defines; none where it does more, or something else."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Every name of the course's that is imported anywhere in it: ("datasets", "helpers.data.datasets")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "helpers":
                    yield alias.asname or "helpers", alias.name if alias.asname else "helpers"


def _used(tree: ast.AST, scope: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """Every use of an imported name: what it stands for, and which attribute of it is taken, if one is."""
    roots = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        chain, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            chain.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in scope:
            roots.add(id(inner))
            target = scope[inner.id]
            if target == "helpers":  # import helpers.data.datasets: the whole path is written out
                for count in range(len(chain)):
                    yield ".".join(["helpers", *chain[:count]]), chain[count]
            else:
                yield target, chain[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in scope and id(node) not in roots:
            yield scope[node.id], None


def normal_form(node: ast.AST) -> str:
    """Code as text without what cannot matter; the same on every version of Python.

    Docstrings, comments, layout and the annotations of functions and variables are left out; those in the body of a
    class stay, since a dataclass reads them.
    """
    return _written(node, in_class=False)


def _written(value: object, *, in_class: bool) -> str:
    if isinstance(value, list):
        return "[" + " ".join(_written(one, in_class=in_class) for one in value if not _is_text(one)) + "]"
    if not isinstance(value, ast.AST):
        return repr(value)
    left_out = {"type_comment", "type_params", "kind", "ctx", "returns"}
    if isinstance(value, ast.arg) or (isinstance(value, ast.AnnAssign) and not in_class):
        left_out.add("annotation")
    inside = isinstance(value, ast.ClassDef)
    fields = [
        f"{name}={_written(getattr(value, name), in_class=inside)}"
        for name in value._fields
        if name not in left_out and getattr(value, name, None) not in (None, [])
    ]
    return f"{type(value).__name__}({' '.join(fields)})"


def _is_text(node: object) -> bool:
    """Whether a statement is nothing but a text, as a docstring is."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_aside(module: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in ASIDE)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
