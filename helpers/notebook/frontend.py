"""The front end that shows this notebook: whether someone is watching, and how to show them text.

Nothing here loads NumPy or TensorFlow.
"""

import os
import sys
from typing import Any

_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def shell() -> Any:
    """IPython's running shell, or None in a plain program."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def is_live() -> bool:
    """Whether a person sits at this notebook: JupyterLab and Colab yes; papermill, nbval and scripts no.

    A live front end announces with every cell that it can answer `input()`; automatic runners say they
    cannot. The environment variable CNN_LIVE overrides this.
    """
    if "CNN_LIVE" in os.environ:
        return flag("CNN_LIVE")
    return bool(getattr(getattr(shell(), "kernel", None), "_allow_stdin", False))


def flag(name: str) -> bool:
    """Whether the environment variable `name` says yes; ValueError for neither yes nor no."""
    text = os.environ.get(name, "").strip().lower()
    if text not in _YES + _NO:
        raise ValueError(f"{name}={text!r} is neither yes nor no: set it to 1 or 0.")
    return text in _YES


def show_markdown(text: str) -> None:
    """Show Markdown in a notebook, or print it as it is anywhere else."""
    if not hasattr(shell(), "kernel"):
        print(text)
        return
    from IPython.display import Markdown, display

    display(Markdown(text))
