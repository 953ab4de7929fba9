"""A hub for a trial: real, on loopback, in a temporary folder, with new passwords, gone afterwards.

The tests in a browser and measure.py use it. It differs from a teacher's hub only in what `EXTRA` adds.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import owned
from helpers.paths import ROOT
from tools.hub import learners

JUPYTERHUB = ROOT / ".venv-hub" / "bin" / "jupyterhub"
PATIENCE = 300  # seconds
EXTRA = """
import os
load_subconfig({config!r})
c.JupyterHub.services.append({{"name": "trial", "api_token": os.environ["CNN_HUB_TRIAL"]}})
c.JupyterHub.load_roles.append(
    {{"name": "trial", "services": ["trial"], "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"]}}
)
c.LearnerSpawner.args.append("--LabApp.expose_app_in_browser=True")
c.LearnerSpawner.environment["JUPYTERLAB_SETTINGS_DIR"] = {settings!r}
"""


@dataclass(frozen=True)
class Hub:
    """A running hub: its address, its folder, everyone's password, and a token that may do everything."""

    url: str
    data: Path
    passwords: dict[str, str]
    token: str

    def ask(self, path: str, method: str = "GET", content: object = None) -> object:
        """What the hub answers to a request with the token, decoded; None for an empty answer.

        `path` begins with /hub/api or with a learner's server, /user/NAME. Raises OSError if it is refused.
        """
        body = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}{path}", data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def servers(self) -> list[str]:
        """Whose servers run."""
        return [user["name"] for user in self.ask("/hub/api/users") if user["server"]]

    def start_server(self, name: str) -> str:
        """Start a learner's server as a program would, wait until it answers, and return the learner's token."""
        with contextlib.suppress(urllib.error.HTTPError):  # 409: the hub knows the learner
            self.ask(f"/hub/api/users/{name}", "POST")
        if name not in self.servers():
            self.ask(f"/hub/api/users/{name}/server", "POST", {})
        deadline = time.monotonic() + PATIENCE
        while name not in self.servers():
            if time.monotonic() > deadline:
                raise AssertionError(f"{name}'s server did not start within {PATIENCE} seconds")
            time.sleep(0.5)
        return self.ask(f"/hub/api/users/{name}/tokens", "POST", {"note": "trial"})["token"]

    def home(self, name: str) -> Path:
        """The folder of a learner."""
        return self.data / "learners" / name


@contextlib.contextmanager
def running_hub(
    names: list[str], log: Path, settings: dict[str, object] | None = None, **env: str
) -> Iterator[Hub]:
    """A hub with these learners until the block ends; what it says goes to the file `log`.

    `settings` are JupyterLab's, by the name of their file; `env` is what the hub is told (CNN_HUB_IDLE="20").
    Raises AssertionError with the hub's last words if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="cnn-hub-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o711)  # learners' accounts must get to theirs
        for name, content in (settings or {}).items():
            file = place / "settings" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content), encoding="utf-8")
        port, token, data = free_ports(), secrets.token_hex(16), place / "data"
        passwords = learners.add(data / "learners.json", names)
        config = place / "config.py"
        config.write_text(
            EXTRA.format(config=str(ROOT / "deploy/jupyterhub_config.py"), settings=str(place / "settings"))
        )
        told = {"CNN_HUB_DATA": str(data), "CNN_HUB_PORT": str(port), "CNN_HUB_TRIAL": token, **env}
        with log.open("wb") as words:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", str(JUPYTERHUB), "-f", str(config)],  # never outlives the trial
                env={**os.environ, **told, "PYTHONPATH": str(ROOT)}, cwd=place, stdout=words, stderr=words,
            )  # fmt: skip
        try:
            hub = Hub(f"http://127.0.0.1:{port}", data, passwords, token)
            _wait_for(hub, process, log)
            yield hub
        finally:
            process.terminate()  # the hub then ends the servers
            try:
                process.wait(timeout=90)
            finally:
                process.kill()
                process.wait()
                owned.record(log.parent, log.name)


def _wait_for(hub: Hub, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError):
            hub.ask("/hub/api/")
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the hub did not start:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.3)


def free_ports(count: int = 3) -> int:
    """The first of `count` ports in a row that nobody listens on."""
    while True:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            first = 0
            for place in range(count):
                probe = stack.enter_context(socket.socket())
                probe.bind(("127.0.0.1", first + place if first else 0))
                first = first or probe.getsockname()[1]
            return first
