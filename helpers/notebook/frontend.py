"""The front end that shows this notebook: whether someone is watching, and how to show them text.

All rooms call it. Nothing here loads NumPy or TensorFlow.
"""

import os
import sys
from typing import Any

_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
# For terminals that can't show the sign itself; whatever else they can't show becomes a question mark.
_PLAIN = {"✓": "OK", "✗": "NO", "⚠": "!", "→": "->", "–": "-", "—": "-", "×": "x", "…": "...", "’": "'"}


def shell() -> Any:
    """IPython's running shell, or None in a plain program."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def is_live() -> bool:
    """Whether a person sits at this notebook: JupyterLab, VS Code and Colab yes; papermill, nbval and scripts no.

    A live front end announces with every cell that it can answer `input()`; automatic runners say they
    cannot. IPython in a terminal is not live either: it shows no widgets. The environment variable CNN_LIVE
    overrides this, unless it is empty.
    """
    if os.environ.get("CNN_LIVE", "").strip():
        return flag("CNN_LIVE")
    return bool(getattr(getattr(shell(), "kernel", None), "_allow_stdin", False))


def flag(name: str) -> bool:
    """Whether the environment variable `name` says yes; ValueError for neither yes nor no."""
    given = os.environ.get(name, "")
    text = given.strip().lower()
    if text not in _YES + _NO:
        raise ValueError(f"{name}={given!r} is neither yes nor no: set it to 1 or 0.")
    return text in _YES


def safe_print(text: object = "", *, flush: bool = False) -> None:
    """Print `text`, with plain letters for what the terminal can't show: a ✓ becomes OK where it is not UTF-8.

    A message about what went wrong must never be lost to an error about printing it.
    """
    try:
        print(text, flush=flush)
    except UnicodeEncodeError:
        print(_within(str(text), getattr(sys.stdout, "encoding", None) or "ascii"), flush=flush)


def _within(text: str, encoding: str) -> str:
    """`text` with every character that the encoding lacks replaced."""
    pieces = []
    for character in text:
        try:
            character.encode(encoding)
            pieces.append(character)
        except UnicodeEncodeError:
            pieces.append(_PLAIN.get(character, "?"))
    return "".join(pieces)


def show_markdown(text: str) -> None:
    """Show Markdown in a notebook, or print it as it is anywhere else."""
    if not hasattr(shell(), "kernel"):
        safe_print(text)
        return
    from IPython.display import Markdown, display

    display(Markdown(text))
