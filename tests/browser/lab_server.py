"""A JupyterLab on copies of the notebooks, on loopback and with a token, for tests/browser/browser_test.py.

It is started as `make lab` starts it, keeps its settings in a folder of its own, and is gone after the block.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SETTINGS = {  # every cell in the page, so that a test can read it; no question about news
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}


@dataclass(frozen=True)
class Lab:
    """A running server: its address, its token, and the address it opens at."""

    url: str
    token: str
    opens: str

    def ask(self, path: str, method: str = "GET") -> object:
        """What the server's REST interface answers, decoded; None for an empty answer."""
        request = urllib.request.Request(
            f"{self.url}{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def stop_kernels(self) -> None:
        """End every kernel, so that the next notebook has the memory."""
        for kernel in self.ask("/api/kernels"):
            self.ask(f"/api/kernels/{kernel['id']}", method="DELETE")


def copy_notebook(source: Path, target: Path, only: tuple[str, ...] = ()) -> None:
    """Copy a notebook without its outputs, and with `only` these cells if any are named (by id).

    Raises SystemExit if one of them is not there.
    """
    content = json.loads(source.read_text(encoding="utf-8"))
    if only:
        cells = {cell["id"]: cell for cell in content["cells"]}
        missing = [name for name in only if name not in cells]
        if missing:
            raise SystemExit(
                f"{source.name} has no cell called {', '.join(missing)}: mend the list in browser_test.py"
            )
        content["cells"] = [cells[name] for name in only]
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    target.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


@contextlib.contextmanager
def running_lab(jupyter: Path, folder: Path, first: str, *, patience: float = 90) -> Iterator[Lab]:
    """JupyterLab on `folder`/notebooks, opened at `first`, until the block ends; its log is `folder`/lab.log.

    Raises SystemExit with the log's end if it does not answer within `patience` seconds.
    """
    settings = folder / "settings"
    for name, content in SETTINGS.items():
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(json.dumps(content))
    port, token = _free_port(), secrets.token_hex(16)
    places = {
        name: str(folder / "jupyter" / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    env = {
        **os.environ, **places, "JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTER_TOKEN": token,
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"), "JUPYTER_PREFER_ENV_PATH": "1",
    }  # fmt: skip
    notebooks = folder / "notebooks"
    command = [
        str(jupyter), "lab", "--notebook-dir", str(notebooks), f"--LabApp.default_url=/lab/tree/{first}",
        "--no-browser", "--ip", "127.0.0.1", "--port", str(port), "--ServerApp.port_retries=0",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    log = folder / "lab.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=env, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        lab = Lab(url=f"http://127.0.0.1:{port}", token=token, opens="")
        deadline = time.monotonic() + patience
        while not _answers(lab):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.3)
        opened = [
            word for word in log.read_text(errors="replace").split() if word.startswith(f"{lab.url}/lab")
        ]
        yield Lab(url=lab.url, token=token, opens=opened[0].partition("?")[0] if opened else "")
    finally:
        _stop(process, port)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(lab: Lab) -> bool:
    try:
        lab.ask("/api/status")
    except OSError:
        return False
    return True


def _stop(process: subprocess.Popen, port: int) -> None:
    """End the server and its kernels, by force if they linger, and make sure that nothing listens any more."""
    process.terminate()  # the server then ends its kernels
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whatever is left of its session
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit(f"something still listens on port {port}: JupyterLab was not stopped")
