"""helpers.data.download against a server on loopback that breaks in every way we know of."""

import errno
import hashlib
import multiprocessing
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from helpers.data import download
from helpers.data.specs import Remote
from helpers.errors import DataError

CONTENT = np.random.default_rng(0).integers(0, 256, 600_000, np.uint8).tobytes()


class Server:
    """Serves CONTENT; `faults` are taken one a request, and then it works. `requests` are the Range headers seen."""

    def __init__(self):
        outer = self
        self.faults, self.requests, self.content, self.ranges = [], [], CONTENT, True

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                return

            def do_GET(self):
                outer.answer(self)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/data.bin"

    def answer(self, handler):
        asked = handler.headers.get("Range")
        self.requests.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        if isinstance(fault, int):
            return handler.send_error(fault)
        start = int(asked[6:-1]) if asked and self.ranges else 0
        body = b"<html>log in</html>" if fault == "login page" else self.content[start:]
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(body)))
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.end_headers()
        if fault == "cut":
            body = body[: len(body) // 2]
        if fault == "stall":
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            time.sleep(1.5)
            return None
        for first in range(0, len(body), 50_000):
            handler.wfile.write(body[first : first + 50_000])
            if fault == "slow":
                time.sleep(0.05)
        return None


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def remote(server, **changes):
    known = {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest(), "urls": (server.url,)}
    return Remote(path="data.bin", **{**known, **changes})


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
    assert "127.0.0.1" in str(error.value) and left_in(tmp_path) == ["data.bin.part"]
    server.faults, server.requests = [], []
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == ["bytes=300000-"]


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    server.ranges, server.faults = False, ["cut"]
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 2  # the second answer replaced what had come


def test_a_part_of_something_else_is_redone(server, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"x" * 1000)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests == ["bytes=1000-", None]


@pytest.mark.parametrize("extra", [0, 7])
def test_a_part_as_long_as_the_file_or_longer_is_judged_by_its_checksum(server, tmp_path, extra):
    (tmp_path / "data.bin.part").write_bytes(CONTENT + b"x" * extra)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == (1 if extra else 0)


def test_a_damaged_file_under_the_final_name_is_replaced(server, tmp_path):
    (tmp_path / "data.bin").write_bytes(CONTENT[:-1] + b"?")
    assert fetch(server, tmp_path).read_bytes() == CONTENT


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
    with pytest.raises(DataError, match=r"too full for data.bin .*1 MB are needed.*Free some space"):
        fetch(server, tmp_path)
    assert server.requests == []


class FullDisk:
    free = 1000


def test_a_disk_that_fills_up_on_the_way(server, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_receive", full)
    with pytest.raises(DataError, match="Free some space"):
        fetch(server, tmp_path)


def test_a_place_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="KERAS_HOME"):
        fetch(server, tmp_path / "file" / "below")


def download_in_process(url, folder, results):
    known = Remote(path="x", urls=(url,), size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    results.put(download.fetch(known, Path(folder) / "data.bin", pause=0.01).read_bytes() == CONTENT)


def test_four_processes_at_once_download_once(server, tmp_path):
    server.faults = ["slow"]
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(target=download_in_process, args=(server.url, str(tmp_path), results))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    assert [results.get(timeout=60) for _ in workers] == [True] * 4
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
        known = Remote(path="x", urls=({server.url!r},), size={len(CONTENT)}, sha256="")
        download.fetch(known, Path({str(tmp_path)!r}) / "data.bin")
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=Path(__file__).parents[2])
    part = tmp_path / "data.bin.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    assert 0 < part.stat().st_size < len(CONTENT) and left_in(tmp_path) == ["data.bin.part"]
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.requests[1].startswith("bytes=")
