"""Measure what a learner on a hub needs: memory and processor seconds of the server and a lesson's kernel together.

    sudo .venv-hub/bin/python -m tools.hub.measure 01 03 07     # some minutes; writes results/hub-learner.json

What it measured before on the same machine with the same versions stays in the file.

It starts a real hub with one learner, whose account is the learner's alone, so every process in it counts: the server,
and the kernel that runs the lessons in `quick`, one after another. Memory is the proportional set size, in which a page
that several processes share counts once. A hub with many learners shares TensorFlow's code among them, too, so for
those this is a little too much.
"""

import argparse
import datetime
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from jupyter_client import BlockingKernelClient

from helpers import owned
from helpers.paths import ROOT
from tools.hub import trial
from tools.notebooks.conditions import machine, versions
from tools.notebooks.files import as_json, code_cells, read
from tools.selection import chosen

RESULT = ROOT / "results" / "hub-learner.json"
LEARNER = "learner"
EVERY = 0.5  # seconds between two looks
REST = 10  # seconds in which the server settles


class Account:
    """Everything that runs under one account number: its memory now, and its processor seconds since the start."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._seconds: dict[tuple[int, float], float] = {}  # process → seconds when it was last seen

    def processes(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                if process.uids().real == self.number:
                    yield process
            except psutil.NoSuchProcess:
                continue

    def memory_mb(self) -> float:
        """Megabytes (2**20 bytes) of all its processes, and as a side effect what `seconds` knows."""
        total = 0
        for process in self.processes():
            try:
                used = process.cpu_times()
                self._seconds[process.pid, process.create_time()] = used.user + used.system
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return total / 2**20

    def seconds(self) -> float:
        """Processor seconds of all processes that were seen."""
        return sum(self._seconds.values())


class Peak:
    """The largest memory of an account while a block runs."""

    def __init__(self, account: Account) -> None:
        self._account, self._end, self.mb = account, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.mb = max(self.mb, self._account.memory_mb())
            if self._end.wait(EVERY):
                return


def measure(hub: trial.Hub, notebooks: list[Path]) -> dict[str, object]:
    """What the server needs by itself, and with each of these notebooks."""
    hub.start_server(LEARNER)
    time.sleep(REST)
    account = Account(hub.home(LEARNER).stat().st_uid)
    server = account.memory_mb()
    lessons = {path.stem: lesson(hub, account, path) for path in notebooks}
    return {"server_mb": round(server), "lessons": lessons}


def lesson(hub: trial.Hub, account: Account, notebook: Path) -> dict[str, float]:
    """Run a notebook from top to bottom on the learner's server, and end its kernel."""
    name = f"notebooks/{notebook.name}"
    wanted = {"path": name, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    account.memory_mb()
    began, before = time.monotonic(), account.seconds()
    with Peak(account) as peak:
        session = hub.ask(f"/user/{LEARNER}/api/sessions", "POST", wanted)
        kernel = session["kernel"]["id"]
        run_cells(hub.home(LEARNER) / f".local/share/jupyter/runtime/kernel-{kernel}.json", notebook)
    took = time.monotonic() - began
    time.sleep(REST)
    afterwards = account.memory_mb()
    used = account.seconds() - before
    hub.ask(f"/user/{LEARNER}/api/sessions/{session['id']}", "DELETE")
    figures = {"seconds": took, "processor_seconds": used, "peak_mb": peak.mb, "afterwards_mb": afterwards}
    return {name: round(value) for name, value in figures.items()}


def run_cells(connection: Path, notebook: Path) -> None:
    """Run a notebook's code in the kernel of this connection file. Raises SystemExit if a cell fails."""
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels(
        hb=False
    )  # on a busy machine a kernel may be too late with its heartbeat, and be well
    try:
        client.wait_for_ready(timeout=trial.PATIENCE)
        for cell in code_cells(read(notebook)):
            reply = client.execute_interactive(cell.source, timeout=900, output_hook=lambda message: None)
            if reply["content"]["status"] != "ok":
                raise SystemExit(f"{notebook.name}, cell {cell.id}: {reply['content']['evalue']}")
    finally:
        client.stop_channels()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.hub.measure",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", help="such as 01")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        parser.error("only root can give the learner an account; begin the command with sudo")
    with (
        tempfile.TemporaryDirectory() as folder,
        trial.running_hub([LEARNER], Path(folder) / "hub.log") as hub,
    ):
        found = measure(hub, chosen(options.notebooks))
    where = {"date": datetime.date.today().isoformat(), "versions": versions(), "machine": machine()}
    owned.write_whole(RESULT, as_json(with_earlier(where | found)))
    print(json.dumps(found, indent=1))
    return 0


def with_earlier(found: dict) -> dict:
    """A measurement, and the lessons that were measured before on the same machine with the same versions."""
    earlier = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    if any(earlier.get(name) != found[name] for name in ("versions", "machine")):
        return found
    return found | {"lessons": dict(sorted((earlier["lessons"] | found["lessons"]).items()))}


if __name__ == "__main__":
    sys.exit(main())
