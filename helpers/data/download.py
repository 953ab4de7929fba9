"""Downloads that a reader can trust: a lock, resuming, a checksum, and a quick answer without a network.

`locate` and `helpers.networks.keras_applications` call it. A file appears under its name only when it is whole.
"""

import errno
import http.client
import os
import shutil
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from helpers import owned
from helpers.data.specs import Remote
from helpers.errors import DataError
from helpers.notebook.frontend import is_live, safe_print

ATTEMPTS = 5  # how often one address is asked to go on after the connection broke
STALLED = 30.0  # seconds without a byte after which a connection counts as broken
CHUNK = 1 << 17


class _Interrupted(Exception):
    """The connection ended before the file did; what came is kept."""


class _Unfit(_Interrupted):
    """What we have cannot be continued: the file must be started again."""

    def __str__(self) -> str:
        return "the file had to be started again"


class _Refused(Exception):
    """The server answered, and the answer was not the file."""


def fetch(remote: Remote, target: Path, *, pause: float = 1.0) -> Path:
    """Download `remote` to `target` unless it is there, whole; return `target`.

    What has come is kept in a file of its own beside `target` and continued by the next call, also after a power
    cut. Only one process downloads at a time: others wait for its lock and then use its file. The file is moved to
    its name after its size and SHA-256 were found right. If another file has that name, it is kept under a new
    one, NAME.old. Waits `pause` seconds, then twice that and so on, before asking again. Raises `DataError` that
    says what happened and what to do.
    """
    part = part_of(target, remote)
    try:
        if is_whole(target, remote):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(part, target.name):
            if is_whole(target, remote):  # another process was faster
                return target
            _check_room(remote, part)
            reasons = []
            for url in remote.urls:
                try:
                    check_network(url)
                    _complete(url, remote, part, pause)
                    _set_aside(target)
                    part.replace(target)
                    return target
                except (_Refused, _Interrupted) as reason:
                    reasons.append(f"{_host(url)}: {reason}")
                except DataError as reason:
                    reasons.append(str(reason))
        kept = part.stat().st_size if part.exists() else 0
    except OSError as error:  # of the disk: those of the network are told apart where they arise
        raise DataError(disk_trouble(error, target)) from None
    ahead = (
        f" {kept / 1e6:.0f} of {remote.size / 1e6:.0f} MB are kept, and the next try goes on from there."
        if kept
        else ""
    )
    raise DataError(f"{published_name(remote)} could not be downloaded ({'; '.join(reasons)}).{ahead}")


def part_of(target: Path, remote: Remote) -> Path:
    """Where the part that has come is kept: under a name with the checksum in it, which no file of a reader has."""
    return target.with_name(f"{target.name}.{remote.sha256[:12]}.part")


def _set_aside(target: Path) -> None:
    """Give what has the name of the download another one: it may be a reader's own file."""
    if os.path.lexists(target):
        kept = owned.set_aside(target, "old")
        safe_print(f"{target.name} was not the published file; it is kept as {kept.name}", flush=True)


def is_whole(path: Path, remote: Remote) -> bool:
    """True if the file has the published size and SHA-256."""
    return path.is_file() and path.stat().st_size == remote.size and owned.sha256(path) == remote.sha256


def published_name(remote: Remote) -> str:
    """The file's name where it is published; in Keras' cache some have another."""
    return Path(urllib.parse.urlsplit(remote.urls[-1]).path).name


def check_network(url: str, *, timeout: float = 5.0) -> None:
    """Return if the host of `url` can be reached; else raise `DataError` within about `timeout` seconds."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        parts = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
    address = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    outcome: list[str] = []

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=timeout).close()
            outcome.append("")
        except (OSError, UnicodeError) as error:
            outcome.append(str(error))

    # A resolver without a network can take half a minute to say so: the thread lets us stop waiting.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(timeout)
    trouble = outcome[0] if outcome else f"no answer within {timeout:.0f} seconds"
    if trouble:
        raise DataError(f"there is no way to {_host(url)} ({trouble})")


def _complete(url: str, remote: Remote, part: Path, pause: float) -> None:
    """Bring `part` to the whole file, going on where it stops; a wrong file is thrown away and redone once."""
    for _ in range(2):
        _continue(url, remote, part, pause)
        if owned.sha256(part) == remote.sha256:
            return
        part.unlink()
    raise _Refused("sent a file of the right size with other content")


def _continue(url: str, remote: Remote, part: Path, pause: float) -> None:
    attempts = 0
    while (have := part.stat().st_size if part.exists() else 0) != remote.size:
        if have > remote.size:
            part.unlink()
            continue
        if attempts:
            time.sleep(pause * 2 ** (attempts - 1))
        attempts += 1
        try:
            _receive(url, remote, part, have)
        except _Interrupted as reason:
            if isinstance(reason, _Unfit):
                part.unlink(missing_ok=True)
            got = part.stat().st_size if part.exists() else 0
            attempts = 1 if got > have + CHUNK else attempts  # a slow line is still a line
            if attempts >= ATTEMPTS:
                raise


def _receive(url: str, remote: Remote, part: Path, have: int) -> None:
    """Ask for the bytes from `have` on and append them to `part`.

    Whatever goes wrong with the network arises in `_ask` or `_next_piece` and becomes `_Interrupted` there, so an
    OSError that comes out of here is the disk's.
    """
    with _ask(url, have) as answer:
        resumed = have and answer.status == 206 and _content_range(answer).startswith(f"bytes {have}-")
        start = have if resumed else 0
        announced = _announced(answer, remote.size - start)
        if start + announced != remote.size:
            raise _Refused(
                f"sent {start + announced:,} bytes instead of {remote.size:,}; is it the login page of a network?"
            )
        with part.open("ab" if resumed else "wb") as file, _bar(remote, start) as bar:
            while piece := _next_piece(answer):
                file.write(piece)
                bar.update(len(piece))
    if part.stat().st_size < remote.size:
        raise _Interrupted("the connection ended early")


def _ask(url: str, have: int) -> http.client.HTTPResponse:
    """The server's answer, to be read; all that can go wrong with it raises `_Interrupted` or `_Refused`."""
    request = urllib.request.Request(url, headers={"User-Agent": "cnn-course", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        return urllib.request.urlopen(request, timeout=STALLED)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # "range not satisfiable": what we have cannot be continued
            raise _Unfit from None
        if error.code in (408, 429, 500, 502, 503, 504):
            raise _Interrupted(f"answers {error.code} {error.reason}") from None
        raise _Refused(f"answers {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):  # trying again does not help
            hint = "on a Mac with Python from python.org, run its 'Install Certificates.command'"
            raise _Refused(f"{reason} ({hint})") from None
        raise _Interrupted(f"the connection broke: {reason}") from None


def _next_piece(answer: http.client.HTTPResponse) -> bytes:
    """The bytes that have come, however few; none at the end."""
    try:
        return answer.read1(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(f"the connection broke: {error}") from None


def _content_range(answer: http.client.HTTPResponse) -> str:
    return answer.headers.get("Content-Range", "")


def _announced(answer: http.client.HTTPResponse, expected: int) -> int:
    """How many bytes the server says will come."""
    length = answer.headers.get("Content-Length") or ""
    return int(length) if length.isdecimal() else expected


def _bar(remote: Remote, start: int) -> tqdm:
    shown = is_live() or sys.stderr.isatty()
    return tqdm(
        total=remote.size, initial=start, desc=published_name(remote),
        unit="B", unit_scale=True, leave=False, disable=not shown,
    )  # fmt: skip


def _lock(part: Path, name: str) -> FileLock:
    lock = FileLock(part.with_name(f".{part.name}.lock"))
    try:
        lock.acquire(timeout=1.0)
    except Timeout:
        safe_print(f"another program is downloading {name}; waiting for it", flush=True)
        lock.acquire()
    return lock


def _check_room(remote: Remote, part: Path) -> None:
    needed = remote.size - (part.stat().st_size if part.exists() else 0)
    if shutil.disk_usage(part.parent).free < needed:
        raise OSError(errno.ENOSPC, f"{needed / 1e6:.0f} MB are needed")


def disk_trouble(error: OSError, target: Path) -> str:
    """The message for a file that the disk does not let us write."""
    advice = "Name a folder of your own in the environment variable KERAS_HOME and try again."
    return owned.cannot_write(target, error, advice)


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url
