"""What a learner may use of the machine, enforced by Linux.

Control groups count all of a learner's processes together: memory, processor, number of processes. They need a hub
that runs as root and a kernel's folder of groups that it may write to. Resource limits, which count one process at a
time, are always set. `LearnerSpawner` calls this.
"""

import contextlib
import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds: how often the kernel shares out processor time
CONTROLLERS = ("memory", "cpu", "pids")


@dataclass(frozen=True)
class Limits:
    """Bytes of memory, processor cores, and processes with their threads, for one learner."""

    memory: int
    cores: float
    processes: int


def settings(limits: Limits, version: int) -> dict[str, dict[str, str]]:
    """Controller → file → what is written into it, for version 1 or 2 of control groups."""
    share = str(round(limits.cores * PERIOD))
    if version == 2:
        return {
            "memory": {"memory.max": str(limits.memory), "memory.swap.max": "0"},
            "cpu": {"cpu.max": f"{share} {PERIOD}"},
            "pids": {"pids.max": str(limits.processes)},
        }
    return {
        "memory": {"memory.limit_in_bytes": str(limits.memory)},
        "cpu": {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": share},
        "pids": {"pids.max": str(limits.processes)},
    }


@dataclass(frozen=True)
class Groups:
    """Where the kernel keeps control groups: its version, and for each controller the folder for ours."""

    version: int
    parents: Mapping[str, Path]

    def folders(self, name: str) -> list[Path]:
        """The folders of the groups with this name, one for each controller; in version 2 it's one for all."""
        return list(dict.fromkeys(self.parents[controller] / f"cnn-hub-{name}" for controller in CONTROLLERS))

    def make(self, name: str, limits: Limits) -> list[Path]:
        """Make the groups of one learner and return their folders. Raises OSError where the kernel refuses."""
        for folder in self.folders(name):
            folder.mkdir(exist_ok=True)
        for controller, files in settings(limits, self.version).items():
            for file, value in files.items():
                place = self.parents[controller] / f"cnn-hub-{name}" / file
                if file != "memory.swap.max" or place.exists():  # it is missing from a kernel without swap
                    place.write_text(value)
        return self.folders(name)

    def remove(self, name: str) -> bool:
        """Remove groups, and say whether all are gone. One in which a process is still ending stays."""
        for folder in self.folders(name):
            with contextlib.suppress(OSError):
                folder.rmdir()
        return not any(folder.exists() for folder in self.folders(name))


def find_groups(root: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> Groups | None:
    """The control groups that this process may divide further; None where there are none.

    Version 2 allows that only below a group without processes. So the hub must be in a group of its own named `hub`
    whose parent was given to it, as systemd does with Delegate=yes and DelegateSubgroup=hub.
    """
    lines = own.read_text().splitlines() if own.exists() else []
    groups = {
        name: path for line in lines for _, names, path in [line.split(":", 2)] for name in names.split(",")
    }
    try:
        if (root / "cgroup.controllers").exists():
            mine = root / groups[""].lstrip("/")
            parent = mine.parent if mine.name == "hub" else mine
            (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS))
            return Groups(2, dict.fromkeys(CONTROLLERS, parent))
        parents = {name: root / name / groups[name].lstrip("/") for name in CONTROLLERS}
    except (KeyError, OSError):
        return None
    return Groups(1, parents) if all(os.access(parent, os.W_OK) for parent in parents.values()) else None


def enter(folders: list[Path]) -> None:
    """Put the process that calls this into its groups, where its children will be too."""
    for folder in folders:
        (folder / "cgroup.procs").write_text(str(os.getpid()))


def set_resource_limits(limits: Limits, alone: bool) -> None:
    """Limit the calling process and its children, one by one: no core dumps, memory that it writes to.

    `alone`: the account belongs to this learner, so that its processes can be counted.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    if alone:
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes, limits.processes))
