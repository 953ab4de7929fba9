"""Run the answers of one learner and say what the checks say, one line of JSON at a time, on standard output.

    python -m tools.grading.answering < JOB

`sandbox.py` starts this program, ends it where it takes too long, and writes the job: {"steps": [{"code", "key",
"check"}], "modules": folders, "memory": bytes, "programs": whether others may be started}. A step with a key is an
answer. Each line says which step begins, or what became of an answer.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

try:
    import resource
except ImportError:  # Windows
    resource = None

LARGEST_FILE = 100_000_000  # bytes
_NETWORK = {
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.gethostbyaddr",
}  # fmt: skip
_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"}


def limit(memory: int) -> None:
    """Let this process and its children take no more than so many bytes of memory each, and write no huge file."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cut_off(programs: bool) -> None:
    """Refuse the network to Python code, and other programs, which might use it, unless `programs`.

    A hook that Python itself calls; it cannot be taken away. Compiled code does not ask it.
    """

    def refuse(event: str, arguments: tuple) -> None:
        if event in _NETWORK and getattr(arguments[0], "family", None) != getattr(socket, "AF_UNIX", -1):
            raise PermissionError("There is no network where answers are graded.")
        if event in _PROGRAMS and not programs:
            raise PermissionError("No other program may be started where answers are graded.")

    sys.addaudithook(refuse)


def answer(steps: list[dict[str, str]], say: Callable[[dict[str, Any]], None]) -> None:
    """Run the steps as a notebook would, and say each answer's verdict."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from helpers.exercises import core

    heard: list[tuple[object, core.Verdict]] = []

    def check(self: core.Exercise | core.Quiz, *given: Any) -> None:
        heard.append((self, self.verdict(*given)))

    core.Exercise.check = core.Quiz.check = check
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    for number, step in enumerate(steps):
        say({"step": number})
        heard.clear()
        error = _run(shell, step["code"])
        if not step["key"]:
            continue
        if not error and not heard:  # the call of the check is gone from the cell
            error = _run(shell, step["check"])
        module, name = step["key"].split(".")
        asked = getattr(sys.modules.get(f"helpers.exercises.{module}") or sys.modules.get(module), name, None)
        said = [one for item, one in heard if item is asked]
        if said:
            verdict = said[-1]
        elif error:
            verdict = core.verdict_on(error)
        else:
            verdict = core.Verdict("wrong", "The cell does not ask the check of this exercise.")
        say({"key": step["key"], "status": verdict.status, "message": verdict.message[:2000]})


def _run(shell: Any, code: str) -> BaseException | None:
    """Run code as a cell; return what stopped it."""
    result = shell.run_cell(code, store_history=False, silent=False)
    return result.error_before_exec or result.error_in_exec


def main() -> None:
    job = json.load(sys.stdin.buffer)
    # Standard output is for the lines of JSON alone; what learners print goes nowhere.
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)

    def say(event: dict[str, Any]) -> None:
        print(json.dumps(event), file=lines, flush=True)

    limit(job["memory"])
    sys.path[1:1] = job["modules"]
    cut_off(job["programs"])
    answer(job["steps"], say)
    say({"done": True})


if __name__ == "__main__":
    main()
