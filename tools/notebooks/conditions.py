"""The conditions under which a notebook runs: code, helpers, versions, profile, seed, settings, data.

They are stored in the report beside an executed copy. Two runs under the same conditions give the same results, so a
copy is current as long as today's conditions are those of its run. Times of files do not matter. `copies.py` and
`run.py` call this.
"""

import functools
import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from helpers import owned
from helpers.notebook import course
from helpers.notebook.keras_settings import NEEDED, read_file
from tools.colab import payload
from tools.notebooks.files import ROOT, fingerprint, read_json

PACKAGES = ("tensorflow", "keras", "numpy")  # whose versions are written down with every result
# What a run itself sets (one.environment), so what is set outside does not count; and CNN_DASK_SCHEDULER, which says
# where something runs, and not what comes of it.
OVERRULED = (
    "CNN_DASK_SCHEDULER",
    "CNN_PROFILE", "CNN_STRICT", "CNN_LIVE", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS",
)  # fmt: skip
# What is not set is taken to be this, as in helpers/__init__.py.
DEFAULTS = {
    "KERAS_BACKEND": "tensorflow", "TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
}  # fmt: skip
_SETTING = re.compile(  # Terraform's variables begin with TF_ too
    r"(CNN|TF(?!_CLI_|_VAR_|_LOG)|KERAS|XLA|DNNL|ONEDNN)_\w+|CUDA_VISIBLE_DEVICES|PYTHONHASHSEED"
)
_TOOLS = ("execute.py", "one.py")  # of this folder: how a notebook is executed, and with which settings


def conditions(notebook: Path, profile: str, env: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Everything that decides what a run of `notebook` gives, as plain data that JSON keeps as it is.

    Raises NotebookError if the notebook cannot be read.
    """
    content = read_json(notebook)
    code = [
        (cell.get("id"), "".join(cell["source"]), sorted(cell["metadata"].get("tags", [])))
        for cell in content["cells"]
        if cell["cell_type"] == "code"
    ]
    return {
        "profile": profile,
        "seed": seed(env),
        "code": fingerprint("\n".join(source for _, source, _ in code)),  # what results/ keeps
        "cells": fingerprint(json.dumps(code)),
        "files": {path: digest(ROOT / path) for path in needed([source for _, source, _ in code])},
        "versions": versions(),
        "packages": packages(),
        "settings": settings(env),
        "keras.json": keras_settings(),
        "data": data(env.get("CNN_DATA_DIR")),
    }


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between the conditions of two runs, in a few words each; empty if nothing does."""
    names = {"code": "its code", "cells": "its code", "packages": "the installed packages"}
    found = []
    for key in now:
        old, new = before.get(key), now[key]
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict) and key != "data":
            parts = sorted(part for part in {*old, *new} if old.get(part) != new.get(part))
            found += [part if key in ("files", "settings") else f"{key} ({part})" for part in parts]
        else:
            found.append(names.get(key, key))
    return list(dict.fromkeys(found))


def seed(env: Mapping[str, str] = os.environ) -> int | str:
    """The seed that CNN_SEED sets; text that is not a seed stays text, for the notebook to refuse."""
    try:
        return course.check_seed(settings=env)
    except ValueError:
        return env["CNN_SEED"]


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that decide the numbers."""
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


@functools.cache
def packages() -> str:
    """One fingerprint of all that is installed beside the notebook: names and versions."""
    there = {f"{found.metadata['Name']} {found.version}" for found in importlib.metadata.distributions()}
    return fingerprint("\n".join(sorted(there)))


def settings(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment variables that can change a result and are not as they are by default."""
    names = sorted(name for name in env if _SETTING.fullmatch(name) and name not in (*OVERRULED, "CNN_SEED"))
    return {name: env[name] for name in names if env[name] != DEFAULTS.get(name)}


def keras_settings() -> dict[str, Any]:
    """What a keras.json in Keras' home changes; Keras writes one with its defaults, and that changes nothing."""
    content, wrong = read_file()
    if wrong:
        return {"unreadable": True}
    return {key: value for key, value in content.items() if NEEDED.get(key) != value}


def data(folder: str | None) -> dict[str, list[int]]:
    """What lies in CNN_DATA_DIR: name → [bytes, time of the last change in nanoseconds].

    Only the folder's own entries: of a folder in it, only the time at which something was added or removed.
    """
    if not folder:
        return {}
    try:
        entries = [(entry.name, entry.stat()) for entry in os.scandir(folder)]
    except OSError:
        return {}
    return {
        name: [found.st_size, found.st_mtime_ns]
        for name, found in sorted(entries, key=lambda entry: entry[0])
    }


def needed(code: list[str]) -> list[str]:
    """Paths, below the course's folder, of the helpers, their assets and the tools that a notebook with this code uses.

    Found as for Colab, by following the imports; where the code cannot be read so, all of helpers/ counts.
    """
    try:
        modules = payload.modules(code)
        # the modules of the data's room name every data set, used or not
        users = [path for name, path in modules.items() if not name.startswith(payload.DATA_ROOM)]
        texts = [path.read_text(encoding="utf-8") for path in users]
        found = [path.relative_to(ROOT).as_posix() for path in modules.values()]
        found += payload.assets([*code, *texts])
    except (SyntaxError, AssertionError, SystemExit, ValueError):
        places = (ROOT / "helpers").rglob("*")
        found = [
            path.relative_to(ROOT).as_posix()
            for path in places
            if path.is_file() and "__pycache__" not in path.parts
        ]
    tools = [(Path(__file__).parent / name).relative_to(ROOT).as_posix() for name in _TOOLS]
    return sorted({*found, *tools})


def digest(path: Path) -> str:
    """A short hash of a file's content, or what is wrong with it."""
    try:
        found = path.stat()
    except OSError:
        return "missing"
    return _digest(path, found.st_mtime_ns, found.st_size)


@functools.cache
def _digest(path: Path, _time: int, _size: int) -> str:
    return owned.sha256(path)[:16]


def machine() -> str:
    """The processor, its cores and the memory, in words."""
    cpu = platform.processor() or platform.machine()
    if platform.system() == "Linux":
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        cpu = found.group(1).strip() if found else cpu
    return f"{cpu}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB"
