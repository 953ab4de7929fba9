"""Errors to look at: run something that fails and show what Python says, without stopping the notebook.

Notebook 00 calls it for its lesson on reading a traceback.
"""

import re
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from helpers.notebook.frontend import safe_print, shell

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def show(function: Callable[[], Any]) -> None:
    """Call `function` and print the traceback that stopped it, as this notebook would show it.

    Says so if nothing went wrong.
    """
    error = _error_of(function)
    safe_print("No error." if error is None else as_text(error))


def as_text(error: BaseException) -> str:
    """The traceback of `error` from the caller's line on: IPython's, where there is one, without colors."""
    running = shell()
    if running is None:
        return "".join(traceback.format_exception(type(error), error, _trace(error))).strip()
    lines = running.InteractiveTB.structured_traceback(type(error), error, _trace(error), tb_offset=0)
    return _COLOR.sub("", "\n".join(lines)).strip()


def _trace(error: BaseException) -> TracebackType | None:
    """The traceback from the caller's line on: without the step of this module."""
    return error.__traceback__.tb_next


def _error_of(function: Callable[[], Any]) -> Exception | None:
    try:
        function()
    except Exception as error:  # any error is the lesson
        return error
    return None
