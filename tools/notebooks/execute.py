"""Execute one notebook with papermill and say how it goes, one line of JSON at a time, on standard output.

    python -m tools.notebooks.execute NOTEBOOK COPY

one.py starts this program once for each notebook, so that every kernel's memory and processor time are known. If the
program that started it ends, it ends its kernel and itself: nothing is left over, on Windows either, which has no
signals for that.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

try:
    import resource
except ImportError:  # Windows
    resource = None

START_TIMEOUT = 120  # seconds until a kernel must answer; a busy machine needs some
OUTPUT_TIMEOUT = 60  # seconds for a cell's last output to arrive once it has ended


class Usage:
    """What the kernel uses: its processor seconds, its imports included, and its peak memory.

    The system counts both, but only once the kernel has ended (and not on Windows, which has no such count). So they
    are also looked up after every cell, from the processes below this one.
    """

    def __init__(self) -> None:
        self.seconds, self.peak = 0.0, 0

    def look(self) -> None:
        """Look at the processes below this one; on Windows a virtual environment's Python is two."""
        seconds, peak = 0.0, 0
        for process in psutil.Process().children(recursive=True):
            try:
                times, memory = process.cpu_times(), process.memory_info()
            except psutil.Error:  # it has just ended
                continue
            seconds += times.user + times.system
            peak = max(peak, getattr(memory, "peak_wset", memory.rss))
        self.seconds, self.peak = max(self.seconds, seconds), max(self.peak, peak)

    def summary(self) -> dict[str, float]:
        """{"processor_seconds": ..., "peak_mb": ...}, once the kernel has ended."""
        seconds, peak = self.seconds, self.peak
        if resource is not None:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = max(seconds, used.ru_utime + used.ru_stime)
            peak = max(peak, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
        return {"processor_seconds": round(seconds, 1), "peak_mb": round(peak / 2**20)}


def execute(notebook: Path, copy: Path, *, cwd: Path, cell_timeout: int, say) -> bool:
    """Run `notebook` into `copy`; `say` gets a dict as each cell starts, if papermill gives up, and at the end.

    Returns whether papermill came to the end. A cell that takes longer than `cell_timeout` seconds ends the run.
    """
    # jsonschema, which looks a notebook through, would load a grammar of web addresses, for a whole second; it can do
    # without, and a notebook's format has no addresses to check.
    sys.modules.setdefault("rfc3987_syntax", None)
    import papermill  # not at the top of the file, because of that
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    usage, began = Usage(), time.monotonic()

    def on_cell_start(cell: Any, cell_index: int) -> None:
        nonlocal began
        began = time.monotonic()
        say({"cell": cell_index + 1, "id": cell.get("id"), "first": cell.source.strip().partition("\n")[0]})

    def on_cell_executed(cell: Any, cell_index: int, execute_reply: Any) -> None:
        usage.look()

    error = ""
    try:
        papermill.execute_notebook(
            _plain(notebook), _plain(copy), kernel_name="python3", cwd=cwd, progress_bar=False,
            start_timeout=START_TIMEOUT, execution_timeout=cell_timeout, iopub_timeout=OUTPUT_TIMEOUT,
            request_save_on_cell_execute=False,  # saving at every cell, the default, costs seconds
            on_cell_start=on_cell_start, on_cell_executed=on_cell_executed,
        )  # fmt: skip
    except PapermillExecutionError:  # the copy holds the error
        return False
    except CellTimeoutError:  # for two reasons
        error = f"it took longer than {cell_timeout} seconds; --cell-timeout sets how long a cell may take"
        if time.monotonic() - began < cell_timeout:
            error = f"it ended, but not all of its output arrived within {OUTPUT_TIMEOUT} seconds: does it print much?"
    except DeadKernelError:
        error = "DeadKernelError: the kernel died (a crash, the cell ended it, or the memory ran out: try --jobs 1)"
    except Exception as other:
        error = f"{type(other).__name__}: {other}"
    finally:
        say(usage.summary())
    if error:
        say({"error": error})
    return not error


def _plain(path: Path) -> str:
    """A path as papermill takes it: braces in it are not for its own parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def end_below(pid: int | None = None) -> None:
    """End every process below this one, or below another: its kernel, and what that started."""
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return
    for process in below:
        try:
            process.kill()
        except psutil.Error:  # it has just ended
            continue


def follow(parent: psutil.Process) -> None:
    """Wait until `parent` has ended; then end the kernel and this program."""
    while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
        time.sleep(1)
    end_below()
    os._exit(1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("copy", type=Path, help="where the executed copy goes")
    parser.add_argument("--cwd", type=Path, help="the folder it runs in (default: its own)")
    parser.add_argument("--cell-timeout", type=int, default=3600, help="seconds that one cell may take")
    options = parser.parse_args(arguments)
    # Standard output is for the lines of JSON alone. The kernel must not have it, or what a notebook leaves running
    # would keep whoever listens waiting.
    lines, sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.stderr
    os.dup2(2, 1)

    def say(event: dict[str, Any]) -> None:
        print(json.dumps(event), file=lines, flush=True)

    # Ctrl-C in a terminal reaches this program too; the one that started it decides what to do.
    signal.signal(signal.SIGINT, lambda *_: None)
    if parent := psutil.Process().parent():
        threading.Thread(target=follow, args=(parent,), daemon=True).start()
    cwd = options.cwd or options.notebook.resolve().parent
    done = execute(options.notebook, options.copy, cwd=cwd, cell_timeout=options.cell_timeout, say=say)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
