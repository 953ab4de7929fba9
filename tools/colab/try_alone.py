"""Run the Colab editions as Colab would: each alone in an empty folder, with Colab's versions of the packages.

`make test-colab` calls this with the environment of tools/colab/versions.lock, in which the course is not installed.
Executed copies go to build/colab-run.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tools.notebooks.files import ROOT, read
from tools.notebooks.one import threads_for
from tools.notebooks.run import Result, environment, report, run
from tools.selection import chosen

BUILT = ROOT / "build" / "colab"
OUT = ROOT / "build" / "colab-run"


def kernel(python: Path, folder: Path) -> Path:
    """A folder for JUPYTER_PATH in which the kernel "python3" is the given Python."""
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    place = folder / "kernels" / "python3"
    place.mkdir(parents=True)
    spec = {"argv": argv, "display_name": "Colab's versions", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder


def knows_helpers(python: Path, folder: Path, env: dict[str, str]) -> bool:
    """Whether `import helpers` works there without the notebook, which would make this test worthless."""
    command = [python, "-c", "import helpers"]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True).returncode == 0


def run_alone(notebook: Path, python: Path) -> Result:
    """Run a copy of the notebook in an empty folder with `python`, and look for traces of the course's folder."""
    with tempfile.TemporaryDirectory(prefix="colab-") as name:
        folder, jupyter = Path(name) / "content", kernel(python, Path(name) / "jupyter")
        folder.mkdir()
        env = {**environment("quick", threads_for(jobs=1)), "JUPYTER_PATH": str(jupyter)}
        env["CNN_LIVE"] = "1"  # widgets as for a person
        env.pop("PYTHONPATH", None)
        if knows_helpers(python, folder, env):
            raise SystemExit(f"{python} can import `helpers`: make a new environment without the course")
        copy = Path(shutil.copy(notebook, folder))
        result = run(copy, OUT / notebook.name, env)
        if not result.failure and (trace := traces(OUT / notebook.name)):
            return replace(result, failure=f"an output shows {trace}")
        if not result.failure and not list(folder.glob("course_files/*/helpers/__init__.py")):
            return replace(result, failure="the helpers were not unpacked beside the notebook")
    return result


def traces(executed: Path) -> str | None:
    """The course's folder, if an output names it."""
    text = str([cell.get("outputs", []) for cell in read(executed).cells])
    found = re.search(re.escape(str(ROOT)) + r"\b", text)
    return found and found.group()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help='notebooks, for example "02 02b"; all without')
    parser.add_argument(
        "--python",
        type=Path,
        default=ROOT / ".venv-colab" / "bin" / "python",
        help="the one with Colab's versions",
    )
    options = parser.parse_args(arguments)
    OUT.mkdir(parents=True, exist_ok=True)
    python = options.python.absolute()  # not resolve(): a link is what makes it a virtual environment
    console = Console(width=None if sys.stdout.isatty() else 100)
    results = []
    for notebook in chosen(options.names, BUILT, default="all"):
        console.print(f"{notebook.stem} ...", highlight=False)
        results.append(run_alone(notebook, python))
    report(console, results, "quick on Colab")
    return 1 if any(result.failure for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
