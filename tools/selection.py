"""Which notebooks there are, in the course's order, and which of them "01 05b" chooses.

All tools that take notebooks by name call it. Standard library only: `make colab` needs no packages.

A core lesson is called NN_name.ipynb, a deeper notebook has a letter: 02b_name.ipynb. What others make of them
(03_mnist-Copy1, 03_mnist.failed) is left out.
"""

import re
from pathlib import Path

from helpers.paths import ROOT

NOTEBOOKS = ROOT / "notebooks"
KINDS = ("core", "deeper", "all")  # what can be chosen beside single notebooks
_NAME = re.compile(r"(\d\d[a-z]?)_\w+")


def all_notebooks(folder: Path = NOTEBOOKS) -> list[Path]:
    """The course's notebooks in `folder`, in order: 02, 02b, 03."""
    return sorted((path for path in folder.glob("*.ipynb") if _NAME.fullmatch(path.stem)), key=number)


def number(path: Path) -> str:
    """What a notebook is called for short: "02" for 02_cnn_basics.ipynb, "02b" for 02b_name.ipynb."""
    return _NAME.fullmatch(path.stem).group(1)


def is_core(path: Path) -> bool:
    """Whether a notebook is a core lesson (02_...) and not a deeper notebook (02b_...)."""
    return number(path).isdigit()


def chosen(names: list[str], folder: Path = NOTEBOOKS, *, default: str = "core") -> list[Path]:
    """The notebooks that `names` choose, in the course's order; those of the kind `default` without names.

    A name is a number ("02" or "02b": that one alone), the beginning of a file's name ("02_cnn"), a path to a
    notebook, or one of KINDS; commas and spaces separate several. Raises SystemExit for a name that chooses nothing.
    """
    known = all_notebooks(folder)
    wanted = [word for name in names for word in re.split(r"[\s,]+", name) if word] or [default]
    found = {word: [path for path in known if _is_meant(path, word)] for word in wanted}
    if unknown := [word for word, paths in found.items() if not paths]:
        there = ", ".join(path.stem for path in known) or "none"
        raise SystemExit(f"no notebook called {', '.join(unknown)}; there are: {there}")
    return [path for path in known if any(path in paths for paths in found.values())]


def _is_meant(path: Path, word: str) -> bool:
    word = re.split(r"[/\\]", word)[-1].removesuffix(".ipynb").lower()
    if word in KINDS:
        return word == "all" or is_core(path) == (word == "core")
    return word == number(path) or ("_" in word and path.stem.lower().startswith(word))
