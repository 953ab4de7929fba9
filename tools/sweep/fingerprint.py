"""Which code decides what a notebook measures, and a fingerprint of exactly that.

A sweep costs minutes to hours, so not every change of a helper may make it out of date. Covered is

- the code of the notebook's cells, and tags that let papermill pass over one, or over its error;
- of `helpers`, each function, class and constant that this code reaches, from name to name; whatever a module that is
  reached does while it is imported; and what is behind the names that it imports from other packages;
- the data that comes with the course and is named there, and the environment variables of a run.

Not covered is what cannot change a measured value: comments, docstrings, annotations, the words of an error that is
raised, layout, Markdown, whatever is defined in a module but not reached, and the modules in ASIDE, which only show,
word, ask or fetch. Where it is not clear what is reached, more is taken: a module that is passed on as a value counts
whole.

Versions of packages, processor and threads are not covered either. They are kept with every run instead: a claim has
to hold on other machines, where the same seed gives other numbers, and several seeds stand for that.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers.paths import ROOT
from tools.colab import payload
from tools.notebooks.conditions import digest
from tools.notebooks.files import NotebookError, read_json

# Modules that draw, word, ask, or bring files whose content is checked anyway. An exercise that is not answered, as in
# every sweep, measures nothing. None of them may touch the shared random state: tests look.
ASIDE = (
    "helpers.data.download", "helpers.digits.drawing_pad", "helpers.drawings", "helpers.errors", "helpers.exercises",
    "helpers.owned", "helpers.widgets", "helpers.notebook.course_map", "helpers.notebook.diagrams",
    "helpers.notebook.fonts", "helpers.notebook.frontend", "helpers.notebook.full_runs",
    "helpers.notebook.map_pictures", "helpers.notebook.plots", "helpers.notebook.tracebacks",
    "helpers.notebook.work_folder",
)  # fmt: skip
TAGS = {"skip-execution", "raises-exception"}  # what papermill does otherwise with such a cell
NOT_READ = (".md", "emoji10/credits.csv", "full_runs.json")  # beside the data, for people
HARMLESS = {"dataclass", "cache", "lru_cache", "contextmanager", "property", "staticmethod", "classmethod"}
_ENVIRONMENT = ROOT / "tools" / "notebooks" / "one.py", "environment"

_Scope = dict[str, set[str]]  # a name → what of the course's it may stand for


def fingerprint(
    notebook: Path, content: Mapping[str, Any] | None = None, root: Path = ROOT
) -> dict[str, str]:
    """Part → a short hash of it: "cells", "environment", each module that is reached, each file of data.

    `content` is what the notebook holds, if it has been read already. Raises NotebookError if it cannot be read, or
    if a cell of it is not Python.
    """
    cells = [cell for cell in (content or read_json(notebook))["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    try:
        trees = [ast.parse(source) for source in sources]
    except SyntaxError as error:
        raise NotebookError(f"{notebook.name} has a cell that is not Python: {error}") from None
    written = [
        f"{sorted(TAGS & set(cell['metadata'].get('tags', [])))} {normal_form(tree)}"
        for cell, tree in zip(cells, trees, strict=True)
        if tree.body
    ]
    path, name = _ENVIRONMENT
    parts = {"cells": _hash("\n".join(written)), "environment": _hash(_read(path).text([name]))}
    found = reached(trees, root)
    for module, names in sorted(found.items()):
        if text := _module(module, root).text(names):  # most of the rooms' __init__ are empty
            parts[module] = _hash(text)
    texts = [_module(module, root).source for module in found if not module.startswith(payload.DATA_ROOM)]
    data = [path for path in payload.assets(sources, texts, root) if not path.endswith(NOT_READ)]
    return {**parts, **{path: digest(root / path) for path in data}}


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The parts that were changed, added or dropped."""
    return sorted(part for part in {*before, *now} if before.get(part) != now.get(part))


def reached(trees: Iterable[ast.Module], root: Path = ROOT) -> dict[str, set[str]]:
    """What of `helpers` these pieces of code reach: {"helpers.data.datasets": {"load", "_reader"}, ...}."""
    found: dict[str, set[str]] = {}
    waiting: list[tuple[str, ast.AST]] = []
    followed: set[tuple[str, str | None]] = set()

    def reach(module: str, name: str | None) -> None:
        """Take a module, which does something when it is imported, and a name in it."""
        if _is_aside(module):
            return
        known = _module(module, root)
        if module not in found:
            found[module] = set()
            waiting.extend((module, known.statements[at]) for at in known.always)
            if package := module.rpartition(".")[0]:
                reach(package, None)
        if name in known.names and name not in found[module]:
            found[module].add(name)
            waiting.extend((module, known.statements[at]) for at in known.names[name])
        if name in known.imports:  # that the module itself has from elsewhere
            for target in known.imports[name]:
                follow(target, None)

    def follow(target: str, attribute: str | None) -> None:
        """Take what an imported name stands for: "helpers.data.datasets", or a name in such a module."""
        if (target, attribute) in followed:
            return
        followed.add((target, attribute))
        if not _is_module(target, root):
            module, _, name = target.rpartition(".")
            reach(module, name)
        elif attribute and _is_module(f"{target}.{attribute}", root):  # a module in a package
            follow(f"{target}.{attribute}", None)
        else:
            known = _module(target, root) if not _is_aside(target) else None
            names = [attribute] if attribute or known is None else [*known.names, *known.imports]
            reach(target, None)
            for name in names:
                reach(target, name)

    scope: _Scope = {}
    for tree in trees:  # the cells share their names
        _add(scope, _imports(tree))
    for tree in trees:
        for target, attribute in _used(tree, scope):
            follow(target, attribute)
    while waiting:
        module, tree = waiting.pop()
        known = _module(module, root)
        inside = {name: set(targets) for name, targets in known.imports.items()}
        _add(inside, _imports(tree))
        for target, attribute in _used(tree, inside):
            follow(target, attribute)
        for other in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
            if other in known.names:
                reach(module, other)
    return found


class _Known:
    """One module: its statements, which names they define, what it imports, and what it does when it is imported."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.statements: list[ast.stmt] = []
        self.names: dict[str, list[int]] = {}  # → where in `statements`
        self.always: list[int] = []
        self.imports: _Scope = {}
        self.brought: dict[str, str] = {}  # a name at the module's level → where it is from
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                _add(self.imports, _imports(statement))
                self.brought |= _all_imports(statement)
            elif not _is_text(statement):
                self._take(statement)

    def _take(self, statement: ast.stmt) -> None:
        at = len(self.statements)
        self.statements.append(statement)
        names = list(_defined(statement))
        for name in names:
            self.names.setdefault(name, []).append(at)
        if not names:  # imports in a `try` or an `if` are for the whole module
            _add(self.imports, _imports(statement))
        if not names or any(
            _decorator(one) not in HARMLESS for one in getattr(statement, "decorator_list", [])
        ):
            self.always.append(at)

    def text(self, names: Iterable[str]) -> str:
        """What a fingerprint takes of it if these names are reached, in the order of the file."""
        places = sorted({*self.always, *(at for name in names for at in self.names[name])})
        taken = [self.statements[at] for at in places]
        used = {node.id for one in taken for node in ast.walk(one) if isinstance(node, ast.Name)}
        brought = [f"{name} is {self.brought[name]}" for name in sorted(used & set(self.brought))]
        return "\n".join([*brought, *map(normal_form, taken)])


def _module(name: str, root: Path) -> _Known:
    path = payload.module_file(name, root)
    if path is None:
        raise NotebookError(f"there is no module {name} in the course")
    return _read(path)


def _is_module(name: str, root: Path) -> bool:
    return payload.module_file(name, root) is not None


def _read(path: Path) -> _Known:
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


def _decorator(node: ast.expr) -> str:
    """The last part of a decorator's name: "cache" for `functools.cache`."""
    inner = node.func if isinstance(node, ast.Call) else node
    return getattr(inner, "attr", getattr(inner, "id", ""))


def _add(scope: _Scope, pairs: Iterable[tuple[str, str]]) -> None:
    for name, target in pairs:
        scope.setdefault(name, set()).add(target)


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


def _all_imports(statement: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Every name that a statement imports, and where it is from: {"np": "numpy", "layers": "keras:layers"}."""
    if isinstance(statement, ast.ImportFrom):
        return {alias.asname or alias.name: f"{statement.module}:{alias.name}" for alias in statement.names}
    return {
        alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
        for alias in statement.names
    }


def _used(tree: ast.AST, scope: _Scope) -> Iterator[tuple[str, str | None]]:
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
            for target in scope[inner.id]:
                if target == "helpers":  # import helpers.data.datasets: the whole path is written out
                    for count in range(len(chain)):
                        yield ".".join(["helpers", *chain[:count]]), chain[count]
                else:
                    yield target, chain[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in scope and id(node) not in roots:
            for target in scope[node.id]:
                yield target, None


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
        left_out |= {"annotation", "simple"}
    if isinstance(value, ast.Raise) and isinstance(value.exc, ast.Call):
        return f"Raise({_written(value.exc.func, in_class=False)})"
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
