"""A JupyterLab on copies of the notebooks, on loopback and with a token, and a reader in front of it."""

import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from helpers import owned

PATIENCE = 240  # seconds to wait for any one thing
SETTINGS = {  # every cell in the page, so that a test can read it; no question about news
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}
# The page's own model of the notebook: a cell whose code is collapsed has no editor and no prompt in the page.
CELLS = """
[...window.jupyterapp.shell.currentWidget.content.model.cells]
  .filter((cell) => cell.type === 'code')
"""
UNFINISHED = f"{CELLS}.filter((cell) => cell.sharedModel.source.trim() && !cell.executionCount).length"
ERRORS = """
[...document.querySelectorAll('.jp-OutputArea-output')]
  .filter((area) => ['application/vnd.jupyter.error', 'application/vnd.jupyter.stderr'].includes(area.dataset.mimeType))
  .map((area) => area.innerText)
"""


@dataclass(frozen=True)
class Lab:
    """A running server: its address, its token, and the address that it opens a browser at."""

    url: str
    token: str
    opens: str = ""

    def ask(self, path: str, method: str = "GET") -> object:
        """What the server's REST interface answers, decoded; None for an empty answer."""
        request = urllib.request.Request(
            f"{self.url}{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def answers(self) -> bool:
        """Whether it is there yet."""
        try:
            self.ask("/api/status")
        except OSError:
            return False
        return True

    def stop_kernels(self) -> None:
        """End every kernel, so that the next notebook has the memory."""
        for kernel in self.ask("/api/kernels"):
            self.ask(f"/api/kernels/{kernel['id']}", method="DELETE")


@contextlib.contextmanager
def running_lab(jupyter: Path, folder: Path, log: Path, first: str) -> Iterator[Lab]:
    """JupyterLab on `folder`/notebooks, opened at `first` as `make lab` opens it, until the block ends.

    Its settings are in `folder` too, and what it says goes to the file `log`.
    """
    for name, content in SETTINGS.items():
        place = folder / "settings" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(content), encoding="utf-8")
    port, token = free_port(), secrets.token_hex(16)
    places = {
        name: str(folder / "jupyter" / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    env = {
        **os.environ, **places, "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTER_TOKEN": token,
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"), "JUPYTER_PREFER_ENV_PATH": "1",
    }  # fmt: skip
    command = [
        str(jupyter), "lab", "--notebook-dir", str(folder / "notebooks"), f"--LabApp.default_url=/lab/tree/{first}",
        "--no-browser", "--ip", "127.0.0.1", "--port", str(port), "--ServerApp.port_retries=0", "--allow-root",
        "--expose-app-in-browser",
    ]  # fmt: skip
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=env, stdout=file, stderr=subprocess.STDOUT)
    try:
        lab, deadline = Lab(f"http://127.0.0.1:{port}", token), time.monotonic() + PATIENCE
        while not lab.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"JupyterLab did not start:\n{read(log)[-2000:]}")
            time.sleep(0.3)
        opened = [word for word in read(log).split() if word.startswith(f"{lab.url}/lab")]
        yield Lab(lab.url, token, opened[0].partition("?")[0] if opened else "")
    finally:
        process.terminate()  # the server then ends its kernels
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        owned.record(log.parent, log.name)


def read(log: Path) -> str:
    """What the server has said so far."""
    return log.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def copy_notebook(source: Path, folder: Path, only: tuple[str, ...] = ()) -> None:
    """Copy a notebook without its outputs into a folder, and with `only` these cells if any are named (by id)."""
    content = json.loads(source.read_text(encoding="utf-8"))
    if only:
        cells = {cell["id"]: cell for cell in content["cells"]}
        missing = [name for name in only if name not in cells]
        assert not missing, (
            f"{source.name} has no cell called {', '.join(missing)}: change the list in test_lab.py"
        )
        content["cells"] = [cells[name] for name in only]
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    (folder / source.name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_notebook(place: Path, sources: list[str]) -> None:
    """Write a notebook of these code cells."""
    empty = {"metadata": {}, "outputs": [], "execution_count": None}
    cells = [
        {"cell_type": "code", "id": f"cell-{at}", "source": source, **empty}
        for at, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    place.write_text(json.dumps(content), encoding="utf-8")


class Reader:
    """Someone at the page: opens notebooks, runs cells, types, and takes pictures."""

    def __init__(self, page: Page, lab: Lab, shots: Path) -> None:
        self.page, self.lab, self.shots = page, lab, shots

    def run_all(self, name: str) -> None:
        """Open a notebook, Run → Run All Cells, and wait for the end; no cell may show an error."""
        self.begin_all(name)
        self.end_all()

    def begin_all(self, name: str) -> None:
        """Open a notebook and choose Run → Run All Cells."""
        self.page.goto(f"{self.lab.url}/lab/tree/{name}?token={self.lab.token}&reset")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        # Before the kernel answers, Run All does nothing, and the page says so only in its status bar.
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=1000 * PATIENCE)
        self.page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        self.page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells$")).click()

    def end_all(self) -> None:
        """Wait for the last cell; none may show an error."""
        finished = f"() => ({UNFINISHED}) === 0 || ({ERRORS}).length > 0"
        self.page.wait_for_function(finished, timeout=1000 * PATIENCE, polling=500)
        errors = self.page.evaluate(ERRORS)
        assert not errors, (
            f"{len(errors)} cells show an error or write to standard error, first:\n{errors[0][-1500:]}"
        )

    def cell(self, text: str) -> Locator:
        """The only code cell that holds this text, whether its code is collapsed or not."""
        sources = self.page.evaluate(f"{CELLS}.map((cell) => cell.sharedModel.source)")
        found = [place for place, source in enumerate(sources) if text in source]
        assert len(found) == 1, f"{len(found)} code cells hold {text!r}"
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(found[0])

    def answer(self, text: str, code: str, says: str) -> None:
        """Type `code` into the cell that holds `text` and run it; its output must begin with `says`."""
        cell = self.cell(text)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")
        begins = re.compile(rf"^\s*{re.escape(says)}")
        expect(cell.locator(".jp-OutputArea").first).to_have_text(begins, use_inner_text=True, timeout=60_000)

    def picture(self, name: str, at: Locator) -> None:
        """A screenshot of what is on the screen, scrolled to `at`."""
        at.scroll_into_view_if_needed()
        self.page.wait_for_timeout(300)
        self.page.screenshot(path=self.shots / f"{name}.png")
        owned.record(self.shots, f"{name}.png")
