"""Only what the course made itself may be replaced or removed, and a marker in each folder says what that is.

A folder that the course writes and may write again holds the file `.made-by-the-course`, which lists every file in it
with its SHA-256. Before such a folder is replaced or removed, everything in it is compared with the list. A folder
without a marker, a file that was added, a file that was changed, a link: each of them keeps the folder as it is, and
the reader is told why. `data.image_folders` and the tools call it. Standard library only.
"""

import contextlib
import errno
import hashlib
import itertools
import json
import os
import shutil
import stat
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from helpers import paths
from helpers.errors import DataError, few

MARKER = ".made-by-the-course"
ABOUT = (
    "The course made this folder and replaces it when it writes it again, as long as it holds these files, unchanged, "
    "and nothing else. To keep something safe, put it into another folder."
)
# What a Mac and Windows put into folders that somebody looks at: it stays when the folder is replaced.
LEFT_BY_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")
SHOWN = 3  # how many files a message names
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_TRIES = 20  # how often another process may put its own folder in the same place at the same moment
_marking = threading.Lock()


@contextlib.contextmanager
def written(folder: str | Path) -> Iterator[Path]:
    """An empty folder to write into, which then takes the place of `folder`: whole, or not at all.

        with owned.written("build/site") as fresh:
            (fresh / "index.html").write_text("…", encoding="utf-8")

    It lies beside `folder`, gets its marker and is moved to its name at the end of the block; if the block raises,
    nothing has changed. Raises `DataError`, before the block, where `refusal` has a reason; and where the disk or
    the permissions forbid it.
    """
    folder = _place(folder)
    _check(folder)
    with _in_words(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
    fresh = scratch / "new"
    try:
        with _in_words(folder):
            fresh.mkdir()
        yield fresh
        with _in_words(folder):
            mark(fresh)
            _swap_in(fresh, folder, scratch)
    finally:  # both were made above, under a name that nobody else has
        shutil.rmtree(fresh, ignore_errors=True)
        with contextlib.suppress(OSError):
            scratch.rmdir()


def remove(folder: str | Path) -> None:
    """Remove a folder that `written` or `mark` marked; does nothing where there is none.

    Raises `DataError` for a folder without a marker, and where `refusal` has a reason; nothing is removed then.
    """
    folder = _place(folder)
    _check(folder)
    if not folder.exists():
        return
    if not (folder / MARKER).is_file():
        raise DataError(f"{folder} was not made by the course, so it is not removed.")
    if left := [name for name, path in _listing(folder).items() if _is_left_by_a_system(path)]:
        raise DataError(f"{folder} holds {left[0]}, which the course did not write, so it is not removed.")
    with _in_words(folder):
        scratch = Path(tempfile.mkdtemp(prefix=".removing-", dir=folder.parent))
        try:
            _delete(_moved_aside(folder, scratch / "old"))
        except FileNotFoundError:  # another process has just removed it
            return
        finally:
            with contextlib.suppress(OSError):
                scratch.rmdir()


def refusal(folder: str | Path) -> str:
    """Why `folder` must not be replaced, as one sentence; "" if it may be.

    It may be if nothing is there, if it is an empty folder, or if it holds exactly the files that its marker lists,
    unchanged. What a Mac or Windows puts into folders (.DS_Store) is no reason: it is carried into the new one.
    """
    place = _place(folder)
    for _ in range(_TRIES):
        before = _identity(place)
        reason = _reason(place)
        if not reason or _identity(place) == before:
            break  # else another process has put a new folder there while we looked at the old one
    return reason


def mark(folder: str | Path) -> None:
    """Write the marker into a folder whose whole content the caller has just made."""
    place = _place(folder)
    (place / MARKER).unlink(missing_ok=True)
    there = {name: path for name, path in _listing(place).items() if not _is_left_by_a_system(path)}
    entries = {name: None if path.is_dir() else sha256(path) for name, path in there.items()}
    _write_marker(place, entries)


def record(folder: str | Path, *names: str) -> None:
    """Note in the marker of `folder` that the caller has just written these files; the marker is made if need be.

    For folders that are filled file by file: ask `may_overwrite` before, and call this afterwards.
    """
    place = _place(folder)
    with _marking:
        entries = _known(place) or {}
        for name in names:
            entries[_key(name)] = sha256(place / name)
        _write_marker(place, entries)


def may_overwrite(path: str | Path) -> bool:
    """Whether a file may be overwritten or removed: it is missing, or it is as `record` or `mark` noted it."""
    path = paths.given(path, "path")
    if not os.path.lexists(path):
        return True
    if _is_link(path) or not path.is_file():
        return False
    return _is_noted(_key(path.name), path, _known(path.parent) or {})


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is either the old one or the whole new one, whatever else happens meanwhile.

    It replaces what is there: ask `may_overwrite` before, unless the file is certainly ours.
    """
    descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        part.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def set_aside(path: Path, word: str) -> Path:
    """Rename a file or folder to a name that is free, NAME.word, NAME.word2 and so on; return its new path."""
    names = (f"{path.name}.{word}{number if number > 1 else ''}" for number in itertools.count(1))
    return path.rename(next(kept for kept in map(path.with_name, names) if not os.path.lexists(kept)))


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(place: Path) -> str:
    if not os.path.lexists(place):
        return ""
    if _is_link(place):
        return f"{place} is a link to another place, and what is there is not overwritten."
    if not place.is_dir():
        return f"{place} is a file, not a folder, and it is not overwritten."
    try:
        if Path.cwd().is_relative_to(place):
            return f"{place} is the folder that this program runs in, or around it, and it is not replaced."
        there = _listing(place)
        if not there:
            return ""
        known = _known(place)
        if known is None:
            return f"{place} holds files that the course did not write, and nothing there is overwritten."
        names = [
            name
            for name, path in there.items()
            if name != MARKER and not _is_noted(name, path, known) and not _is_left_by_a_system(path)
        ]
    except OSError as error:
        return f"{place} cannot be read ({error.strerror or error}), so nothing there is overwritten."
    if not names:
        return ""
    listed = few(sorted(names), SHOWN)
    return f"{place} holds something that was added or changed ({listed}), and nothing there is overwritten."


def _identity(place: Path) -> tuple[int, int] | None:
    """Tells one folder from another that has taken its name."""
    try:
        found = place.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def _place(folder: str | Path) -> Path:
    """An absolute path without ~ and ".."; a link at its very end is kept as a link."""
    place = paths.given(folder).absolute()
    return place.resolve() if place.name in ("", "..") else place.parent.resolve() / place.name


def _check(folder: Path) -> None:
    if reason := refusal(folder):
        raise DataError(f"{reason} Choose another folder.")


@contextlib.contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    """Errors of the disk in the reader's words."""
    try:
        yield
    except OSError as error:
        raise DataError(cannot_write(folder, error)) from None


def cannot_write(
    path: Path, error: OSError, advice: str = "Choose another folder, one that you may write to."
) -> str:
    """The message for a file or folder that the disk or its permissions do not let us write."""
    if error.errno in DISK_FULL:
        return f"the disk is too full for {path} ({error.strerror}). Free some space and try again."
    return f"{path} cannot be written ({error.strerror or error}). {advice}"


def _swap_in(fresh: Path, folder: Path, scratch: Path) -> None:
    """Move `fresh` to `folder`; what is there, if it is ours, goes to `scratch` first and is deleted in the end."""
    for attempt in range(_TRIES):
        old = scratch / f"old-{attempt}"
        if os.path.lexists(folder):
            try:
                _carry(_moved_aside(folder, old), fresh)
            except FileNotFoundError:  # another process has just moved it
                continue
        try:
            fresh.rename(folder)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY) or os.path.lexists(folder):
                _delete(old)  # another process was faster: its folder is there, or was a moment ago
                continue
            if old.exists():
                old.rename(folder)
            raise
        _delete(old)
        return
    raise DataError(f"other programs keep writing {folder}. Stop them, or choose another folder.")


def _moved_aside(folder: Path, old: Path) -> Path:
    """Move a folder away and look at it once more: something may have been put into it a moment ago."""
    _check(folder)
    folder.rename(old)
    if reason := refusal(old):
        old.rename(folder)
        raise DataError(f"{reason.replace(str(old), str(folder))} Choose another folder.")
    return old


def _carry(old: Path, fresh: Path) -> None:
    """Copy what a system left in the old folder into the new one."""
    left = {name: path for name, path in _listing(old).items() if _is_left_by_a_system(path)}
    for name, path in left.items():
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(fresh / name):
            shutil.copyfile(path, fresh / name)
    if left:
        mark(fresh)  # once more: folders may have been made for them


def _is_left_by_a_system(path: Path) -> bool:
    return path.name in LEFT_BY_SYSTEMS and path.is_file() and not _is_link(path)


def _delete(folder: Path) -> None:
    """Delete what the marker lists, file by file, and then the empty folders: nothing else can go with them.

    What systems left there goes too; `_carry` has copied it.
    """
    if not folder.exists():
        return
    known = _known(folder) or {}
    there = _listing(folder)
    for name, path in there.items():
        if known.get(name) or _is_left_by_a_system(path):
            path.unlink()
    (folder / MARKER).unlink(missing_ok=True)
    for path in sorted(
        (path for name, path in there.items() if name in known and path.is_dir()), reverse=True
    ):
        path.rmdir()
    folder.rmdir()


def _listing(folder: Path) -> dict[str, Path]:
    """Everything below a folder by its name there ("train/cat/1.png"); links are listed, never followed."""
    found: dict[str, Path] = {}
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            paths = sorted(Path(entry.path) for entry in entries)
        for path in paths:
            name = _key(path.relative_to(folder).as_posix())
            if name in found:  # the same letters composed in two ways: only one of them can be ours
                name = f"{name} (twice)"
            found[name] = path
            if not _is_link(path) and path.is_dir():
                waiting.append(path)
    return found


def _known(folder: Path) -> dict[str, str | None] | None:
    """What the marker lists: file → SHA-256, folder → None. Without a marker that can be read, None."""
    marker = folder / MARKER
    try:
        if _is_link(marker):
            return None
        files = json.loads(marker.read_text(encoding="utf-8"))["files"]
        return {_key(name): None if digest is None else str(digest) for name, digest in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _write_marker(folder: Path, entries: dict[str, str | None]) -> None:
    text = json.dumps({"about": ABOUT, "files": dict(sorted(entries.items()))}, indent=0, ensure_ascii=False)
    write_whole(folder / MARKER, (text + "\n").encode())


def _is_noted(name: str, path: Path, known: dict[str, str | None]) -> bool:
    """Whether the marker lists what is there: this folder, or a file with this content."""
    if name not in known or _is_link(path):
        return False
    if known[name] is None:
        return path.is_dir()
    return path.is_file() and sha256(path) == known[name]


def _key(name: str) -> str:
    """A name in the composed form: a Mac's disk may give it back decomposed."""
    return unicodedata.normalize("NFC", name)


def _is_link(path: Path) -> bool:
    """Whether a path is a symbolic link or, on Windows, a junction."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISLNK(found.st_mode) or bool(getattr(found, "st_file_attributes", 0) & 0x400)
