"""The live figures as program text: ES modules for anywidget, and one classic script for the web site.

The sources are in `js/`, one module a figure and a few that several figures share; their words are in labels.json.
Notebooks show them through `display`, and the web site's tools, which have neither Keras nor anywidget, call this.
"""

import base64
import functools
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

FIGURES = ("convolution", "color", "receptive_field", "batchnorm", "network")
MIME = "application/vnd.cnn-course.live+json"  # of an output that the web site can bring alive
DTYPES = ("uint8", "float16", "float32")  # of packed arrays
JS = Path(__file__).resolve().parent / "js"
LABELS = JS.parent / "labels.json"

_IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./(\w+)\.js";\n', re.MULTILINE)
_DEFAULT = re.compile(r"^export default (\{.*?\});$", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|var|class) (\w+)", re.MULTILINE)


def source(name: str) -> str:
    """One self-contained ES module with the figure `name` and everything it imports.

    Raises ValueError for an unknown figure and for modules that cannot be put into one file.
    """
    return "\n".join(_bodies([name], last="export default {render};"))


def script(names: Iterable[str] = FIGURES) -> str:
    """A classic script that defines `liveFigures`, {"convolution": {"render": ...}, ...}, with these figures.

    A page opened from a disk (file://) may not load modules, but it may load scripts.
    """
    bodies = _bodies(list(names), last="liveFigures.{name} = {render};")
    lines = [
        "(() => {",
        '"use strict";',
        "const liveFigures = {};",
        *bodies,
        "globalThis.liveFigures = liveFigures;",
    ]
    return "\n".join([*lines, "})();", ""])


def style() -> str:
    """The figures' style sheet."""
    return (JS / "live.css").read_text(encoding="utf-8")


@functools.cache
def _table() -> dict[str, dict[str, str]]:
    return json.loads(LABELS.read_text(encoding="utf-8"))


def labels() -> dict[str, dict[str, str]]:
    """The table of all words in the figures: section → key → text, in which {name} is filled by the figure."""
    return {section: dict(texts) for section, texts in _table().items()}


def labels_of(figure: str) -> dict[str, str]:
    """The words that one figure gets: those of the section "shared" and its own."""
    table = labels()
    return table["shared"] | table[_known(figure)]


def pack(array: Any) -> dict[str, Any]:
    """An array as plain JSON data, {"shape", "dtype", "data"}, which `unpack` in shared.js reads.

    `array` must be uint8, float16 or float32; other numbers become float32. The bytes are little endian, in base64.
    """
    values = np.asarray(array)
    name = values.dtype.name if values.dtype.name in DTYPES else "float32"
    ordered = np.ascontiguousarray(values, dtype=np.dtype(name).newbyteorder("<"))
    data = base64.b64encode(ordered.tobytes()).decode("ascii")
    return {"shape": list(values.shape), "dtype": name, "data": data}


def _known(name: str) -> str:
    if name not in FIGURES:
        raise ValueError(f"unknown live figure {name!r}: choose one of {', '.join(FIGURES)}.")
    return name


def _text(module: str) -> str:
    path = JS / f"{module}.js"
    if not path.is_file():
        raise ValueError(f"there is no {path.name} in {JS.parent.name}/{JS.name}.")
    return path.read_text(encoding="utf-8")


def _order(names: Iterable[str]) -> list[str]:
    """These modules and all that they import, each after what it imports."""
    ordered: list[str] = []

    def visit(module: str, above: tuple[str, ...]) -> None:
        if module in above:
            raise ValueError(f"{' → '.join((*above, module))}: these modules import each other.")
        if module not in ordered:
            for needed in _IMPORT.findall(_text(module)):
                visit(needed, (*above, module))
            ordered.append(module)

    for name in names:
        visit(name, ())
    return ordered


def _bodies(figures: list[str], *, last: str) -> list[str]:
    """The modules' texts without imports and exports; `last` says what becomes of a figure's `export default`."""
    owners: dict[str, str] = {}
    bodies = []
    for name in figures:
        _known(name)
    for module in _order(figures):
        text = _IMPORT.sub("", _text(module))
        if re.search(r"^import\b", text, re.MULTILINE):
            raise ValueError(f'{module}.js may only import like this: import {{ make }} from "./shared.js";')
        for name in _TOP_LEVEL.findall(text):
            if name in owners:
                raise ValueError(
                    f"{name} is defined in {owners[name]}.js and in {module}.js: rename one of them."
                )
            owners[name] = module
        exported = _DEFAULT.search(text)
        if (module in figures) != bool(exported):
            raise ValueError(
                f"{module}.js must {'' if module in figures else 'not '}have an `export default {{…}};`."
            )
        if exported:
            ending = last.format(name=module, render=exported.group(1))
            text = text[: exported.start()] + ending + text[exported.end() :]
        bodies.append(f"// {module}.js\n{_EXPORT.sub('', text)}")
    return bodies
