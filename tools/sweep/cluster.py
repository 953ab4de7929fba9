"""The machines of a sweep, through Dask: two workers here, or a cluster that somebody has started.

`outcomes` hands tasks out and yields what comes back, each once. What can happen: a worker dies (its run is made once
more, and after a second death reported), a worker hangs (Dask gives it up after five minutes without a sign), a worker
cannot make runs (it gets none, and is named), the scheduler goes away (the sweep waits for it and hands out what is
still missing).
"""

import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import cloudpickle
import dask
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed

import tools
from helpers import paths
from helpers.training.workers import ADDRESS
from tools.sweep.task import Outcome, Task, measure, unfit

LOCAL = {  # for the workers that a sweep starts itself
    "distributed.scheduler.allowed-failures": 1,  # deaths that a run survives
    "distributed.scheduler.worker-saturation": 1.0,  # hand a worker no run that it cannot begin
    "distributed.deploy.lost-worker-timeout": "120 s",  # a worker may take that long to come back
    # Ctrl-C in a terminal reaches the workers too, and it is the sweep that ends them
    "distributed.worker.preload": ["import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"],
    "logging": {"distributed": "critical", "tornado": "critical", "bokeh": "critical"},
}
PATIENCE = 120  # seconds to wait for a scheduler that went away
CONNECT = "10s"  # to wait for its answer, each time
LOOKS = 30  # seconds between two looks at whether there is a worker at all

# Workers need not have this folder: what `measure` uses of it is sent along. (Dask asks for this very module by name.)
cloudpickle.register_pickle_by_value(tools)
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Lost(Exception):
    """The scheduler cannot be reached."""


def address() -> str | None:
    """The scheduler that CNN_DASK_SCHEDULER or Dask's own configuration names; None: start workers here."""
    return os.environ.get(ADDRESS) or dask.config.get("scheduler-address", None)


@contextlib.contextmanager
def _temporary(prefix: str) -> Iterator[Path]:
    """A temporary folder. Its end waits for what still writes into it: a kernel ends a second after its worker."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield folder
    finally:
        for _ in range(40):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.25)


@contextlib.contextmanager
def snapshot() -> Iterator[Path]:
    """A folder with a copy of the course's helpers, for the workers of this machine: edit the course meanwhile."""
    with _temporary("sweep-course-") as folder:
        if not address():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(paths.PACKAGE, folder / "helpers", ignore=leave)
        yield folder


@contextlib.contextmanager
def client(workers: int, folder: Path) -> Iterator[Client]:
    """A connection to the cluster, which is started here, with its workers in `folder`, if none is named.

    Raises OSError if it can't be reached, and Lost if its address is none.
    """
    with contextlib.ExitStack() as stack:
        if there := address():
            try:
                found = Client(there, timeout=CONNECT, set_as_default=False)
            except (ValueError, TypeError, ImportError) as error:
                raise Lost(
                    f"{there!r} is not the address of a scheduler, such as tcp://HOST:8786: {error}"
                ) from None
            yield stack.enter_context(contextlib.closing(found))
            return
        stack.enter_context(dask.config.set(LOCAL))
        preload = [*LOCAL["distributed.worker.preload"], f"import os; os.chdir({str(folder)!r})"]
        stack.enter_context(dask.config.set({"distributed.worker.preload": preload}))
        scratch = stack.enter_context(_temporary("sweep-workers-"))
        with _uninterrupted():
            local = LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", memory_limit=0,
                dashboard_address="127.0.0.1:0", local_directory=str(scratch), silence_logs=logging.CRITICAL,
            )  # fmt: skip
            stack.enter_context(local)
            found = stack.enter_context(contextlib.closing(Client(local, set_as_default=False)))
        yield found


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the block is over: workers that are half started cannot be ended properly."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def outcomes(
    tasks: Iterable[Task], workers: int, folder: Path, say: Callable[[str], None]
) -> Iterator[tuple[Task, Outcome]]:
    """Every task with what came of it, as they finish. Raises Lost if the scheduler stays away for PATIENCE seconds.

    `workers` are started here, in `folder` (see `snapshot`), unless a cluster is named.
    A task is handed out again if the scheduler went away before its outcome was here, and only then: so each is
    yielded once.
    """
    waiting = {task.key: task for task in tasks}
    began_waiting = None
    while waiting:
        try:
            with client(workers, folder) as connection:
                began_waiting = None
                for task, outcome in _Session(connection, say).outcomes(list(waiting.values())):
                    del waiting[task.key]
                    yield task, outcome
        except (OSError, CancelledError) as error:  # TimeoutError and CommClosedError are OSErrors
            began_waiting = began_waiting or time.monotonic()
            if time.monotonic() - began_waiting > PATIENCE:
                where = f"the scheduler {address()}" if address() else "the sweep's own scheduler"
                raise Lost(f"{where} cannot be reached: {error}") from None
            say(f"no connection to the scheduler; {len(waiting)} runs are left and will be handed out again")
            time.sleep(min(5, PATIENCE / 10))


class _Session:
    """The time from connecting to a scheduler until all is done, or it is gone."""

    def __init__(self, connection: Client, say: Callable[[str], None]) -> None:
        self.connection, self.say = connection, say
        self.fit: list[str] | None = None  # the workers that may be used; None: all
        self.name = os.urandom(4).hex()  # two sweeps on one scheduler must not share a key
        self.futures: dict[Future, Task] = {}
        self.named: set[str] = set()  # reasons for leaving workers out that have been said

    def outcomes(self, tasks: list[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Hand the tasks out in order, and yield each with its outcome. Raises CancelledError if they are lost."""
        self._look_for_fit_workers(tasks)
        threads = self.connection.nthreads()
        if threads:
            used = self.fit or list(threads)
            runs, many = sum(threads[worker] for worker in used), "s" * (len(used) != 1)
            link = self.connection.dashboard_link
            self.say(f"{len(used)} worker{many}, {runs} runs at a time; watch them at {link}")
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done,), daemon=True)
        try:
            order = [self._submit(task, -number) for number, task in enumerate(tasks)]
            watch.start()
            finished = as_completed(order, loop=self.connection.loop)
            for future in finished:
                task = self.futures.pop(future)
                outcome = self._outcome(future)
                future.release()
                if outcome.unfit:  # since it was asked: another worker makes the run
                    self._look_for_fit_workers(tasks)
                    finished.add(self._submit(task, 0))
                else:
                    yield task, outcome
        finally:
            done.set()

    def _submit(self, task: Task, priority: int) -> Future:
        """Hand a task out. `measure` goes as bytes, so that a worker that lacks a package can say so."""
        future = self.connection.submit(
            _call, cloudpickle.dumps((measure, task)), key=f"{task} {self.name} {os.urandom(2).hex()}",
            pure=False, priority=priority, retries=0, workers=self.fit,
        )  # fmt: skip
        self.futures[future] = task
        return future

    def _outcome(self, future: Future) -> Outcome:
        if future.status == "finished":
            found = future.result()
            return Outcome(failure=found, unfit=True) if isinstance(found, str) else found
        if future.status == "error":
            return Outcome(failure=_in_words(future.exception()))
        raise CancelledError(future.status)

    def _look_for_fit_workers(self, tasks: list[Task]) -> None:
        """Ask every worker whether it can make these runs, name those that cannot, and leave them out."""
        helpers = {path: digest for task in tasks for path, digest in task.helpers.items()}
        blob = cloudpickle.dumps((unfit, helpers))
        answers = self.connection.run(_call, blob, on_error="return")
        reasons = {worker: str(answer) for worker, answer in answers.items() if answer}
        for reason in sorted(set(reasons.values()) - self.named):
            self.say(f"not used: {reason}")
        self.named |= set(reasons.values())
        if reasons and len(reasons) == len(answers):
            raise Lost("no worker can make runs")
        self.fit = [worker for worker in answers if worker not in reasons] if reasons else None

    def _watch(self, done: threading.Event) -> None:
        """Say so when there is no worker; hand all out anew when none is left of those that may be used."""
        said = False
        while True:
            with contextlib.suppress(OSError, CancelledError):  # whoever waits for outcomes hears of it
                there = set(self.connection.nthreads())
                if self.fit and not there & set(self.fit):
                    self.connection.cancel(list(self.futures))
                if not there and not said:
                    scheduler = self.connection.scheduler.address
                    self.say(
                        f"the scheduler {scheduler} has no workers; to start one, on any machine, in a folder with the "
                        f"course: dask worker {scheduler}"
                    )
                said = not there
            if done.wait(LOOKS):
                return


def _call(blob: bytes) -> Any:
    """On a worker: call the function in `blob` with its argument. This uses nothing of the course.

    Returns a sentence if that needs a package which is not there.
    """
    import socket

    import cloudpickle

    try:
        function, argument = cloudpickle.loads(blob)
    except ImportError as error:
        return (
            f"the worker on {socket.gethostname()} has no {error.name}: install the course's packages there"
        )
    return function(argument)


def _in_words(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        deaths = getattr(error, "allowed_failures", 1) + 1
        advice = "" if address() else " (out of memory? try JOBS=1)"
        return f"{deaths} workers died while they had it{advice}"
    return f"{type(error).__name__}: {error}"
