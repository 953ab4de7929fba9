"""Downloads that a reader can trust: a lock, resuming, a checksum, and a quick answer without a network.

`helpers.data.locate` and `helpers.networks.pretrained` call it. A file appears under its name only when it is whole.
"""

import errno
import hashlib
import http.client
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

from helpers.data.specs import Remote
from helpers.errors import DataError
from helpers.notebook.frontend import is_live

ATTEMPTS = 5  # how often one address is asked to go on after the connection broke
STALLED = 30.0  # seconds without a byte after which a connection counts as broken
CHUNK = 1 << 17


class _Interrupted(Exception):
    """The connection ended before the file did; what came is kept."""


class _Refused(Exception):
    """The server answered, and the answer was not the file."""


def fetch(remote: Remote, target: Path, *, pause: float = 1.0) -> Path:
    """Download `remote` to `target` unless it is there, whole; return `target`.

    What has come is kept in `target`.part and continued by the next call, also after a power cut. Only one
    process downloads at a time: others wait for its lock and then use its file. The file is moved to its
    name after its size and SHA-256 were found right. Waits `pause` seconds, then twice that and so on,
    before asking again. Raises `DataError` that says what happened and what to do.
    """
    if is_whole(target, remote):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(target):
            if is_whole(target, remote):  # another process was faster
                return target
            _check_room(remote, target)
            part = target.with_name(f"{target.name}.part")
            reasons = []
            for url in remote.urls:
                try:
                    check_network(url)
                    _complete(url, remote, part, pause)
                    part.replace(target)
                    return target
                except (_Refused, _Interrupted) as reason:
                    reasons.append(f"{_host(url)}: {reason}")
                except DataError as reason:
                    reasons.append(str(reason))
    except OSError as error:
        raise DataError(_disk_trouble(error, target)) from None
    kept = part.stat().st_size if part.exists() else 0
    ahead = (
        f" {kept / 1e6:.0f} of {remote.size / 1e6:.0f} MB are kept, and the next try goes on from there."
        if kept
        else ""
    )
    raise DataError(f"{published_name(remote)} could not be downloaded ({'; '.join(reasons)}).{ahead}")


def is_whole(path: Path, remote: Remote) -> bool:
    """True if the file has the published size and SHA-256."""
    return path.is_file() and path.stat().st_size == remote.size and _sha256(path) == remote.sha256


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
        except OSError as error:
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
        if _sha256(part) == remote.sha256:
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
        except _Interrupted:
            got = part.stat().st_size if part.exists() else 0
            attempts = 1 if got > have + CHUNK else attempts  # a slow line that moves is no reason to give up
            if attempts >= ATTEMPTS:
                raise


def _receive(url: str, remote: Remote, part: Path, have: int) -> None:
    """Ask for the bytes from `have` on and append them to `part`."""
    request = urllib.request.Request(url, headers={"User-Agent": "cnn-course", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=STALLED) as answer:
            resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(
                f"bytes {have}-"
            )
            announced = int(answer.headers.get("Content-Length") or remote.size - have * resumed)
            start = have if resumed else 0
            if start + announced != remote.size:
                raise _Refused(
                    f"sent {start + announced:,} bytes instead of {remote.size:,}; is it the login page of a network?"
                )
            with part.open("ab" if resumed else "wb") as file, _bar(remote, start) as bar:
                while chunk := answer.read1(CHUNK):  # what has come, though it be less
                    file.write(chunk)
                    bar.update(len(chunk))
    except urllib.error.HTTPError as error:
        if error.code == 416:  # "range not satisfiable": what we have cannot be continued
            part.unlink(missing_ok=True)
            raise _Interrupted("the file had to be started anew") from None
        if error.code in (408, 429, 500, 502, 503, 504):
            raise _Interrupted(f"answers {error.code} {error.reason}") from None
        raise _Refused(f"answers {error.code} {error.reason}") from None
    except urllib.error.URLError as error:
        hint = ""
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            hint = " (on a Mac with Python from python.org, run its 'Install Certificates.command')"
        raise _Interrupted(f"{error.reason}{hint}") from None
    except (ConnectionError, TimeoutError, ssl.SSLError, http.client.HTTPException) as error:
        raise _Interrupted(f"the connection broke: {error}") from None
    if part.stat().st_size < remote.size:
        raise _Interrupted("the connection ended early")


def _bar(remote: Remote, start: int) -> tqdm:
    shown = is_live() or sys.stderr.isatty()
    return tqdm(
        total=remote.size, initial=start, desc=published_name(remote),
        unit="B", unit_scale=True, leave=False, disable=not shown,
    )  # fmt: skip


def _lock(target: Path) -> FileLock:
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=1.0)
    except Timeout:
        print(f"another program is downloading {target.name}; waiting for it", flush=True)
        lock.acquire()
    return lock


def _check_room(remote: Remote, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    needed = remote.size - (part.stat().st_size if part.exists() else 0)
    if shutil.disk_usage(target.parent).free < needed:
        raise OSError(errno.ENOSPC, f"{needed / 1e6:.0f} MB are needed")


def _disk_trouble(error: OSError, target: Path) -> str:
    if error.errno == errno.ENOSPC:
        what = f"{target.name} in {target.parent} ({error.strerror})"
        return f"the disk is too full for {what}. Free some space and try again."
    return (
        f"{target.name} cannot be written in {target.parent} ({error.strerror or error}). "
        "Name a folder of your own in the environment variable KERAS_HOME and try again."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url
