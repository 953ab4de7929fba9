"""How the hub starts a learner's server: a process in an account of its own, with limits, in a folder of its own."""

import asyncio
import os
import subprocess
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import maybe_future
from traitlets import Integer, Unicode

from tools.hub import learners, limits

GROUPS = limits.find_groups() if os.geteuid() == 0 else None


def what_is_enforced() -> str:
    """One sentence for whoever starts the hub."""
    if GROUPS:
        return f"Memory, cores and processes of each learner are limited by control groups (version {GROUPS.version})."
    if os.geteuid() == 0:
        return "There are no control groups here: memory is limited for each process, cores are not (docs/hub.md)."
    return "All learners share one account: nothing keeps them apart but their logins (docs/hub.md)."


class LearnerSpawner(LocalProcessSpawner):
    """Starts each learner's server in an account of its own, if the hub runs as root.

    The account is a number only: nothing is added to the system's list of users. Without root, all servers run in the
    hub's account, and deploy/jupyterhub_config.py asks for consent to that.
    """

    learners_file = Unicode(help="The file that tools.hub.learners writes.").tag(config=True)
    folders = Unicode(help="Where each learner has a folder.").tag(config=True)
    processes = Integer(1000, help="How many processes and threads a learner may have.").tag(config=True)

    @property
    def home(self) -> Path:
        return Path(self.folders) / self.user.name

    @property
    def account(self) -> int | None:
        """The learner's account number; None where the hub isn't root and all have its own."""
        if os.geteuid() != 0:
            return None
        return learners.load(Path(self.learners_file))[self.user.name]["account"]

    async def start(self):
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (account := self.account) is not None:
            os.chown(self.home, account, account, follow_symlinks=False)
        return await super().start()

    async def run_post_stop_hook(self):
        """When the server has ended, by whomever, end whatever else the learner has started."""
        if (account := self.account) is not None:
            # This account's kill can reach only what belongs to the account.
            kill = ["kill", "-KILL", "--", "-1"]
            subprocess.run(kill, user=account, group=account, extra_groups=[], check=False)
            for _ in range(50):
                if not GROUPS or GROUPS.remove(str(account)):
                    break
                await asyncio.sleep(0.1)  # the last process is still ending
        await maybe_future(super().run_post_stop_hook())

    def make_preexec_fn(self, name):
        """What the new process does before it becomes the server. If any of it fails, no server starts."""
        account, home = self.account, self.home
        allowed = limits.Limits(self.mem_limit, self.cpu_limit, self.processes)
        folders = GROUPS.make(str(account), allowed) if GROUPS else []

        def prepare():
            limits.enter(folders)
            if account is not None:
                os.setgroups([])
                os.setgid(account)
                os.setuid(account)
            limits.set_resource_limits(allowed, alone=account is not None)
            os.umask(0o077)
            os.chdir(home)

        return prepare

    def user_env(self, env):
        return {**env, "USER": self.user.name, "HOME": str(self.home), "SHELL": "/bin/bash"}
