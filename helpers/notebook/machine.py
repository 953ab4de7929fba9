"""What is on this machine: versions, known problems, processor and GPU, and data sets, without downloading any.

Notebook 00 calls `warn`, and `python -m helpers.notebook.machine` prints all of it. Nothing here loads TensorFlow
before `show_devices`: a broken installation can still be read.
"""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from helpers.data import locate
from helpers.data.specs import SPECS
from helpers.errors import DataError
from helpers.notebook import keras_settings
from helpers.notebook.frontend import safe_print, show_markdown
from helpers.paths import COLAB_EDITION, keras_cache

# The oldest versions the course allows; a test keeps them in step with pyproject.toml.
NEEDED = {
    "Python": "3.11", "tensorflow": "2.18", "keras": "3.11", "numpy": "1.26", "matplotlib": "3.9", "pillow": "10.3",
    "opencv-python-headless": "4.10", "scipy": "1.13", "scikit-learn": "1.5", "ipykernel": "6.29",
    "ipywidgets": "8.1", "anywidget": "0.9.13",
}  # fmt: skip
# Read where they are installed, since known problems depend on them.
ALSO = ("jupyterlab", "protobuf", "tensorflow-metal")
SAME = {  # package → others that install the same module: any of them will do (Colab has several of OpenCV's)
    "opencv-python-headless": ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"),
}
SETTINGS = (  # environment variables that change results
    "CNN_PROFILE", "CNN_STRICT", "CNN_SEED", "KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "TF_ENABLE_ONEDNN_OPTS",
)  # fmt: skip
STRICT_ABOUT_OTHERS = ("tensorflow",)  # packages whose own requirements are compared with what is installed
# On Colab these belong to its own front end, not JupyterLab's: older ones do there, as `make test-colab` tries.
FRONT_END = ("ipykernel", "ipywidgets")
GPU_INSTALL = "pip install 'tensorflow[and-cuda]'"


def needed() -> dict[str, str]:
    """Package → oldest version that works here: NEEDED, less the front end's packages in a Colab edition."""
    return {
        name: least for name, least in NEEDED.items() if name not in FRONT_END or not COLAB_EDITION.exists()
    }


def versions() -> dict[str, str]:
    """Package → installed version, of NEEDED and ALSO; what is not installed is left out.

    Where only a package in SAME is there, its version is given for the one that NEEDED names.
    """
    found = {"Python": platform.python_version()}
    for name in (*NEEDED, *ALSO):
        for package in (name, *SAME.get(name, ())):
            if version := _version(package):
                found.setdefault(name, version)
    return found


def problems(
    found: Mapping[str, str],
    declared: Mapping[str, list[str]],
    least_versions: Mapping[str, str] = NEEDED,
) -> list[str]:
    """Every known problem of these versions, one sentence with its remedy each; empty if there is none.

    `found` is what `versions` returns, `declared` what `declared_needs` returns, `least_versions` what `needed`
    returns. A version that can't be read as one ("unknown") counts as new enough.
    """
    sentences = []
    for name, least in least_versions.items():
        if name not in found:
            sentences.append(f"{name} is not installed: pip install '{name}>={least}'.")
        elif _older(found[name], least):
            remedy = "install a newer Python" if name == "Python" else f"pip install --upgrade {name}"
            sentences.append(
                f"{name} {found[name]} is older than {least}, the oldest that works here: {remedy}."
            )
    for name, requirements in declared.items():
        for requirement in map(Requirement, requirements):
            here = found.get(requirement.name)
            if here and not _within(here, requirement):
                sentences.append(
                    f"{name} {found.get(name, '')} asks for {requirement.name}{requirement.specifier}, and {here} is "
                    f"installed: pip install '{requirement.name}{requirement.specifier}', then restart the kernel."
                )
    if "tensorflow-metal" in found and _older(found["tensorflow-metal"], "1.2") and "tensorflow" in found:
        sentences.append(  # reported for TensorFlow 2.18 with tensorflow-metal 1.1 (tensorflow issues 81987 and 84167)
            f"tensorflow-metal {found['tensorflow-metal']} stops TensorFlow 2.18 and later from loading ('Symbol not "
            "found'): pip uninstall tensorflow-metal, and compute on the CPU."
        )
    return sentences


def declared_needs() -> dict[str, list[str]]:
    """What the packages in STRICT_ABOUT_OTHERS say they need of NEEDED and ALSO, as requirement strings."""
    declared = {}
    for name in STRICT_ABOUT_OTHERS:
        try:
            requirements = [Requirement(line) for line in importlib.metadata.requires(name) or []]
        except importlib.metadata.PackageNotFoundError:
            continue
        # What an extra requires counts only for those who asked for the extra, and no marker holds for extra "".
        applying = [one for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
        declared[name] = [f"{one.name}{one.specifier}" for one in applying if one.name in {*NEEDED, *ALSO}]
    return declared


def known_problems() -> list[str]:
    """Every known problem of this machine: of its packages, of Keras' settings file, of its environment variables."""
    return problems(versions(), declared_needs(), needed()) + keras_settings.problems(os.environ)


def warn() -> None:
    """Print each known problem of this machine on a line of its own, and nothing where there is none."""
    for problem in known_problems():
        safe_print(f"⚠ {problem}")


def show_versions() -> None:
    """A table of the packages that matter: what is installed and what is needed."""
    rows = ["| package | here | the course needs |", "| --- | --- | --- |"]
    found, least_versions = versions(), needed()
    others = [name for name in (*NEEDED, *ALSO) if name in found and name not in least_versions]
    for name in (*least_versions, *others):
        least = f"{least_versions[name]} or later" if name in least_versions else "–"
        rows.append(f"| {name} | {found.get(name, 'not installed')} | {least} |")
    show_markdown("\n".join(rows))


def show_devices() -> None:
    """Print cores, memory and GPUs, and whether TensorFlow uses a GPU or what to do so that it does."""
    from helpers.notebook.quiet_keras import tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    memory = _memory_gb()
    cores = f"{_cores()} CPU core" + "s" * (_cores() != 1)
    print(cores + (f", {memory:.0f} GB of memory" if memory else ""))
    print(
        gpu_advice(
            names,
            system=platform.system(),
            driver=bool(shutil.which("nvidia-smi")) or Path("/proc/driver/nvidia/version").exists(),
            hidden=os.environ.get("CUDA_VISIBLE_DEVICES"),
            wheels=bool(_version("nvidia-cudnn-cu12") or _version("nvidia-cudnn-cu13")),
        )
    )


def gpu_advice(names: list[str], *, system: str, driver: bool, hidden: str | None, wheels: bool) -> str:
    """Whether a GPU is used, and if not, why and what to do.

    `names` are the GPUs that TensorFlow uses, `system` is as `platform.system` says, `driver` whether NVIDIA's
    driver was found, `hidden` the value of CUDA_VISIBLE_DEVICES, `wheels` whether CUDA came with TensorFlow.
    """
    if names:
        return f"TensorFlow uses {len(names)} GPU: {', '.join(names)}."
    on_cpu = "TensorFlow computes on the CPU, which is all that the course's quick runs need."
    if not driver:
        return on_cpu + (
            " Its packages for macOS use no GPU." if system == "Darwin" else " No NVIDIA GPU was found."
        )
    found = "An NVIDIA driver is here, but TensorFlow does not use the GPU."
    if system == "Windows":
        return f"{found} On Windows it cannot since version 2.11: run the course in WSL 2."
    # CUDA counts the list up to the first entry that names no GPU; "0" names the first, which is always there.
    if hidden is not None and not re.match(r"0+\s*(,|$)|(GPU|MIG)-", hidden.strip()):
        return (
            f"{found} CUDA_VISIBLE_DEVICES={hidden!r} hides it, or names one that isn't there: unset that, and restart "
            "the kernel."
        )
    if wheels:
        return (
            f"{found} Its CUDA packages are installed: the driver may be too old for them (nvidia-smi shows it), or a "
            "CUDA of another version comes first in LD_LIBRARY_PATH. Run `TF_CPP_MIN_LOG_LEVEL=0 python -c 'import "
            "tensorflow; tensorflow.config.list_physical_devices()'`: it names the library that does not load."
        )
    return f"{found} Run {GPU_INSTALL} in the course's environment, then restart the kernel."


def show_data() -> None:
    """A table of the data sets: what is included, what `full` would take from where, size and license.

    Nothing is downloaded or opened.
    """
    rows = [
        "| data set | in `quick` | images in `full`, training + test | `full` takes it from | license |",
        "| --- " * 5 + "|",
    ]
    for name, spec in SPECS.items():
        try:
            source, size = locate.whereabouts(name)
        except DataError as error:
            safe_print(error)
            return
        take = f"{source}, {size / 1e6:.0f} MB to download" if size else source
        images = " + ".join(f"{count:,}" for count in spec.sizes if count)
        rows.append(
            f"| {name} | {'comes with the course' if spec.sample else 'not used'} | {images} | {take} "
            f"| {spec.license} |"
        )
    show_markdown("\n".join(rows))


def free_gigabytes() -> float:
    """Free space, in GB, where downloads go: on the disk of Keras' cache."""
    place = keras_cache()
    while not os.path.exists(place):  # noqa: PTH110 - Path's raises in a locked folder
        place = place.parent
    return shutil.disk_usage(place).free / 1e9


def report() -> str:
    """One paragraph to put into a question: system, versions and settings, without names or paths."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    settings = ", ".join(f"{name}={os.environ[name]}" for name in SETTINGS if name in os.environ)
    where = "Colab" if "google.colab" in sys.modules else "not Colab"
    return f"{platform.system()} {platform.machine()}, cores: {_cores()}, {where}; {packages}; {settings}"


def _older(version: str, least: str) -> bool:
    try:
        return Version(version) < Version(least)
    except InvalidVersion:
        return False


def _within(version: str, requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def _version(package: str) -> str | None:
    """The package's installed version; None where it is not installed, "unknown" where it doesn't say."""
    try:
        return importlib.metadata.version(package) or "unknown"
    except importlib.metadata.PackageNotFoundError:
        return None


def _cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gb() -> float | None:
    """The machine's memory, from the system, or from psutil, which comes with ipykernel; None if neither says."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        pass
    try:
        import psutil
    except ImportError:
        return None
    return psutil.virtual_memory().total / 2**30


def main() -> None:
    """Print all that this module knows; what others need for an answer comes last."""
    show_versions()
    safe_print("\n" + ("\n".join(known_problems()) or "None of the known problems is here.") + "\n")
    show_devices()
    safe_print()
    show_data()
    safe_print(f"\nFree disk space for downloads: {free_gigabytes():.0f} GB\n\n{report()}")


if __name__ == "__main__":
    main()
