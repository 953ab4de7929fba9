"""Where the course's files are: what ships with it, what it may write, and where Keras keeps downloads.

Nothing here opens a file or loads a package.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent  # the course's folder, or the folder into which a Colab edition was unpacked
ASSETS = PACKAGE / "assets"
COLAB_EDITION = ROOT / "colab.json"  # is there where these helpers came out of a Colab edition


def home() -> Path:
    """The home folder; plain "~" where there is none (`Path.home` would raise)."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111


def keras_home() -> Path:
    """The folder that Keras calls home, found as Keras does but without asking it: KERAS_HOME, or ~/.keras.

    Where there is no home folder, or it can't be written to, Keras takes /tmp/.keras, and so does this.
    """
    if named := os.environ.get("KERAS_HOME"):
        return Path(os.path.expanduser(named))  # noqa: PTH111 - Path.expanduser raises where there is no home
    return (home() if os.access(home(), os.W_OK) else Path("/tmp")) / ".keras"


def keras_cache() -> Path:
    """The folder in which Keras keeps data sets."""
    return keras_home() / "datasets"


def short(path: Path | str) -> str:
    """The path with ~ for the home folder: outputs are stored, and need not tell whose machine it was."""
    path, base = Path(path), home()
    return (
        str("~" / path.relative_to(base)) if base.is_absolute() and path.is_relative_to(base) else str(path)
    )


def given(place: str | bytes | os.PathLike, name: str = "folder") -> Path:
    """A path as a reader gives it (text, bytes or a `Path`; `~` is the home folder); `name` is the argument's.

    Raises TypeError for anything else, ValueError for an empty text, which would mean the current folder.
    """
    if not isinstance(place, (str, bytes, os.PathLike)):
        raise TypeError(f'{name} must be a path, for example "photos/train", not {place!r}.')
    text = os.fsdecode(place)
    if not text.strip():
        raise ValueError(
            f'{name} is empty. Name a place, for example "photos/train", or "." for the current one.'
        )
    if "\0" in text:
        raise ValueError(f"{name} is not a path: it holds a character with the code 0.")
    return Path(os.path.expanduser(text))  # noqa: PTH111 - ~somebody, if there is no such user, is a plain name
