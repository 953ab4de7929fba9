"""Functions as a notebook defines them, which no worker can import."""

from collections.abc import Callable
from typing import Any


def notebook_function(code: str, name: str, **names: Any) -> Callable:
    """The function `name` that `code` defines in `__main__`, where `names` are there already."""
    made: dict[str, Any] = {"__name__": "__main__", **names}
    exec(code, made)
    return made[name]
