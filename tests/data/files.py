"""Small data files of every kind, and a server that offers them: for the tests of this room."""

import functools
import io
import pickle
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from helpers import paths

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
        self.http.handle_error = lambda *_: None  # that a client hangs up is no news
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
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


LABELS = np.arange(40) % 10


@functools.cache
def sample(name):
    """The arrays of a sample that ships with the course; not to be changed."""
    with np.load(paths.ASSETS / f"{name}_sample.npz") as archive:
        return {key: archive[key] for key in archive.files}


def good_arrays(shape=(28, 28), seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (40, *shape), np.uint8),
        "y_train": LABELS,
        "x_test": rng.integers(0, 256, (20, *shape), np.uint8),
        "y_test": LABELS[:20].astype(np.uint8),
    }


def idx(array, kind=8):
    header = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


def batch(images, labels):
    flat = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return pickle.dumps(
        {b"data": flat, b"labels": list(map(int, labels)), b"batch_label": b"a batch"}, protocol=2
    )


def cifar_archive(path, *, skip=(), change=lambda name, content: content, count=20):
    rng = np.random.default_rng(0)
    kept = []
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "readme.html"]:
            images, labels = rng.integers(0, 256, (count, 32, 32, 3), np.uint8), np.arange(count) % 10
            kept.append((images, labels))
            if name in skip:
                continue
            content = change(name, batch(images, labels))
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return kept
