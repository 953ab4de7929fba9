"""helpers.data.download against a server on loopback that breaks in every way we know of."""

import errno
import hashlib
import http.client
import multiprocessing
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from helpers.data import download
from helpers.data.specs import Remote
from helpers.errors import DataError
from tests.data.files import CONTENT, Server


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def remote(server, **changes):
    known = {"size": len(CONTENT), "sha256": SHA256, "urls": (server.url,)}
    return Remote(path="data.bin", **{**known, **changes})


SHA256 = hashlib.sha256(CONTENT).hexdigest()
PART = f"data.bin.{SHA256[:12]}.part"


def fetch(server, folder, **changes):
    return download.fetch(remote(server, **changes), folder / "data.bin", pause=0.01)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_arrives_whole_and_is_not_asked_for_again(server, tmp_path):
    path = fetch(server, tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT and left_in(path.parent) == ["data.bin"]
    fetch(server, path.parent)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["cut", 500, 503, 429, "stall"])
def test_a_broken_connection_is_taken_up_where_it_broke(server, tmp_path, monkeypatch, fault):
    monkeypatch.setattr(download, "STALLED", 0.5)
    server.faults = [fault]
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    kept = isinstance(fault, str)
    assert server.requests == [None, "bytes=300000-" if kept else None]


def test_many_cuts_that_each_bring_something_are_no_reason_to_give_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "CHUNK", 1000)
    server.faults = ["cut"] * 8  # the rest halves each time
    assert fetch(server, tmp_path).read_bytes() == CONTENT


def test_a_connection_that_never_holds_says_what_is_kept_and_the_next_call_goes_on(server, tmp_path):
    server.faults = ["cut", *[503] * 10]
    with pytest.raises(DataError, match=r"503 .*0 of 1 MB are kept, and the next try goes on") as error:
        fetch(server, tmp_path)
    assert "127.0.0.1" in str(error.value) and left_in(tmp_path) == [PART]
    server.faults, server.requests = [], []
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == ["bytes=300000-"]


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    server.ranges, server.faults = False, ["cut"]
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 2  # the second answer replaced what had come


def test_a_part_of_something_else_is_redone(server, tmp_path):
    (tmp_path / PART).write_bytes(b"x" * 1000)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == ["bytes=1000-", None]


@pytest.mark.parametrize("extra", [0, 7])
def test_a_part_as_long_as_the_file_or_longer_is_judged_by_its_checksum(server, tmp_path, extra):
    (tmp_path / PART).write_bytes(CONTENT + b"x" * extra)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == (1 if extra else 0)


def test_another_file_under_the_final_name_is_kept_under_a_new_one(server, tmp_path, capsys):
    """It may be a damaged download, and it may be a reader's own work."""
    as_long = CONTENT[:-1] + b"?"  # of the right size, so that only the checksum tells
    for number, content in enumerate((b"mine", as_long)):
        (tmp_path / "data.bin").write_bytes(content)
        (tmp_path / "data.bin.part").write_bytes(b"a part of mine")
        assert fetch(server, tmp_path).read_bytes() == CONTENT
        assert (tmp_path / f"data.bin.old{'2' * number}").read_bytes() == content
        assert (tmp_path / "data.bin.part").read_bytes() == b"a part of mine"
    assert "it is kept as data.bin.old2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ([404], "answers 404"),
        ([403], "answers 403"),
        (["login page"], "sent 19 bytes instead of 600,000; is it the login page"),
    ],
)
def test_an_answer_that_is_not_the_file(server, tmp_path, faults, message):
    server.faults = faults
    with pytest.raises(DataError, match=message):
        fetch(server, tmp_path)
    assert len(server.requests) == 1 and "data.bin" not in left_in(tmp_path)


def test_other_content_of_the_same_size_is_refused(server, tmp_path):
    server.content = bytes(len(CONTENT))
    with pytest.raises(DataError, match="right size with other content"):
        fetch(server, tmp_path)
    assert left_in(tmp_path) == []


def test_the_second_address_is_used_when_the_first_lacks_the_file(server, tmp_path):
    server.faults = [404]
    assert fetch(server, tmp_path, urls=(server.url, server.url)).read_bytes() == CONTENT


def closed_port():
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def test_no_network_is_said_at_once(tmp_path, monkeypatch, server):
    started = time.monotonic()
    with pytest.raises(DataError, match="there is no way to 127.0.0.1"):
        fetch(server, tmp_path, urls=(f"http://127.0.0.1:{closed_port()}/x",))
    assert time.monotonic() - started < 2


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")

    def hang(*_, **__):
        time.sleep(3)
        raise OSError("nobody waits for this")

    monkeypatch.setattr(socket, "create_connection", hang)
    started = time.monotonic()
    with pytest.raises(DataError, match="no answer within 0 seconds"):
        download.check_network("https://example.org/file", timeout=0.3)
    assert time.monotonic() - started < 2


def test_a_proxy_is_what_must_be_reachable(monkeypatch):
    asked = []
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")

    def connect(address, timeout):
        asked.append(address)
        raise OSError("refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(DataError, match="refused"):
        download.check_network("https://example.org/file")
    assert asked == [("proxy.example", 3128)]


def test_a_full_disk_is_found_before_the_download(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: FullDisk)
    with pytest.raises(DataError, match=r"too full for .*data.bin .*1 MB are needed.*Free some space"):
        fetch(server, tmp_path)
    assert server.requests == []


class FullDisk:
    free = 1000


class Breaking:
    """A file or an answer that breaks at its third piece."""

    def __init__(self, real, error):
        self.real, self.error, self.pieces = real, error, 0

    def __enter__(self):
        self.real.__enter__()
        return self

    def __exit__(self, *about):
        return self.real.__exit__(*about)

    def __getattr__(self, name):
        return getattr(self.real, name)

    def _piece(self, name, value):
        self.pieces += 1
        if self.pieces == 3:
            raise self.error
        return getattr(self.real, name)(value)

    def read1(self, size):
        return self._piece("read1", min(size, 50_000))

    def write(self, data):
        return self._piece("write", data)


NETWORK = [
    *(OSError(code, "broken") for code in (errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.EIO)),
    ConnectionAbortedError(errno.ECONNABORTED, "broken"),
    TimeoutError("timed out"),
    ssl.SSLError("bad record mac"),
    ssl.SSLEOFError("EOF occurred"),
    http.client.IncompleteRead(b""),
    socket.gaierror(-3, "Temporary failure in name resolution"),
]
if hasattr(errno, "EHOSTDOWN"):
    NETWORK.append(OSError(errno.EHOSTDOWN, "Host is down"))


@pytest.mark.parametrize("error", NETWORK, ids=repr)
@pytest.mark.parametrize("when", ["asked", "read"])
def test_every_error_of_the_network_is_retried(server, tmp_path, monkeypatch, error, when):
    real, asked = urllib.request.urlopen, []

    def urlopen(request, **options):
        asked.append(request)
        if len(asked) == 1 and when == "asked":
            raise urllib.error.URLError(error) if isinstance(error, OSError) else error
        answer = real(request, **options)
        return Breaking(answer, error) if len(asked) == 1 else answer

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert len(asked) == 2 and (when == "asked" or server.requests[1].startswith("bytes="))


def test_a_network_that_stays_away_is_not_called_a_disk(server, tmp_path, monkeypatch):
    def urlopen(*_, **__):
        raise urllib.error.URLError(OSError(errno.EHOSTUNREACH, "No route to host"))

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match="could not be downloaded .*the connection broke.*No route to host"):
        fetch(server, tmp_path)


def test_a_certificate_that_is_not_trusted_is_not_tried_again(server, tmp_path, monkeypatch):
    asked = []

    def urlopen(*_, **__):
        asked.append(1)
        raise urllib.error.URLError(ssl.SSLCertVerificationError("self-signed certificate"))

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(DataError, match="self-signed certificate.*Install Certificates.command"):
        fetch(server, tmp_path)
    assert len(asked) == 1


DISK = (
    [(errno.ENOSPC, "Free some space"), (errno.EDQUOT, "Free some space")] if hasattr(errno, "EDQUOT") else []
)
DISK += [
    (code, "cannot be written.*KERAS_HOME") for code in (errno.EROFS, errno.EACCES, errno.EIO, errno.EPIPE)
]


@pytest.mark.parametrize(("code", "message"), DISK)
def test_errors_of_the_disk_on_the_way_are_told_at_once(server, tmp_path, monkeypatch, code, message):
    real = Path.open

    def opened(path, mode="r", **options):
        file = real(path, mode, **options)
        return Breaking(file, OSError(code, "trouble")) if mode in ("ab", "wb") else file

    monkeypatch.setattr(Path, "open", opened)
    monkeypatch.setattr(download, "CHUNK", 50_000)
    with pytest.raises(DataError, match=message):
        fetch(server, tmp_path)
    assert server.requests == [None]


def test_a_place_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="KERAS_HOME"):
        fetch(server, tmp_path / "file" / "below")


def download_in_process(url, folder, results):
    known = Remote(path="x", urls=(url,), size=len(CONTENT), sha256=SHA256)
    results.put(download.fetch(known, Path(folder) / "data.bin", pause=0.01).read_bytes() == CONTENT)


def test_three_processes_at_once_download_once(server, tmp_path):
    server.faults = ["slow"]
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(target=download_in_process, args=(server.url, str(tmp_path), results))
        for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=60) for _ in workers] == [True] * 3
    for worker in workers:
        worker.join(timeout=20)
    assert server.requests == [None] and left_in(tmp_path) == ["data.bin"]


def test_a_killed_process_leaves_no_lock_and_no_half_file(server, tmp_path):
    server.faults = ["slow"]
    code = f"""
        import sys
        from pathlib import Path
        from helpers.data import download
        from helpers.data.specs import Remote
        download.CHUNK = 50_000
        known = Remote(path="x", urls=({server.url!r},), size={len(CONTENT)}, sha256={SHA256!r})
        download.fetch(known, Path({str(tmp_path)!r}) / "data.bin")
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=Path(__file__).parents[2])
    part = tmp_path / PART
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    assert 0 < part.stat().st_size < len(CONTENT) and left_in(tmp_path) == [PART]
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests[1].startswith("bytes=")
