"""What a quick run may cost. This is the one place that says it; the table of `make course` marks what is above.

Processor seconds are those of the kernel, imports included, on one thread: they hardly depend on what else runs.
"""

from pathlib import Path

from tools.selection import is_core

MEMORY_MB = 2048
CORE, DEEPER = 45, 60  # processor seconds of one notebook
OTHERS = {"07": 60}  # core lessons that may take longer: 07 runs a network with real ImageNet weights
ALL_CORE = 360  # processor seconds of all core lessons together


def seconds(notebook: str) -> int:
    """Processor seconds that the quick run of a notebook, named without its ending, may take."""
    return OTHERS.get(notebook[:2], CORE) if is_core(Path(notebook)) else DEEPER


def excess(notebook: str, processor_seconds: float, peak_mb: float) -> list[str]:
    """What is above its limit, in a few words each: ["52 of 45 s"]; empty if nothing is."""
    found = []
    if processor_seconds > (limit := seconds(notebook)):
        found.append(f"{processor_seconds:.0f} of {limit} s")
    if peak_mb > MEMORY_MB:
        found.append(f"{peak_mb:.0f} of {MEMORY_MB} MB")
    return found
