"""The machines of a sweep, through Dask: two workers here, or a cluster that somebody has started.

`outcomes` hands tasks out and yields what comes back, each once. What a cluster can do to it: a worker dies (its run
is made once more, and after a second death reported), a worker hangs (Dask gives it up after five minutes without a
sign), the scheduler goes away (the sweep waits for it and hands out what is still missing).
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError

import cloudpickle
import dask
from distributed import Client, KilledWorker, LocalCluster, as_completed

import tools
from tools.sweep.task import Outcome, Task, measure

ADDRESS = "CNN_DASK_SCHEDULER"
LOCAL = {  # for the workers that a sweep starts itself
    "distributed.scheduler.allowed-failures": 1,  # deaths that a run survives
    "distributed.scheduler.worker-saturation": 1.0,  # hand a worker no run that it cannot begin
    "distributed.worker.daemon": False,
    "logging": {"distributed": "critical", "tornado": "critical", "bokeh": "critical"},
}
PATIENCE = 120  # seconds to wait for a scheduler that went away

# Workers need not have this folder: what `measure` uses of it is sent along.
cloudpickle.register_pickle_by_value(tools)


class Lost(Exception):
    """The scheduler went away."""


def address() -> str | None:
    """The scheduler that CNN_DASK_SCHEDULER or Dask's own configuration names; None: start workers here."""
    return os.environ.get(ADDRESS) or dask.config.get("scheduler-address", None)


@contextlib.contextmanager
def client(workers: int, say: Callable[[str], None]) -> Iterator[Client]:
    """A connection to the cluster, which is started here if none is named. Raises OSError if it can't be reached."""
    if there := address():
        with contextlib.closing(Client(there, timeout="10s", set_as_default=False)) as found:
            yield found
        return
    with (
        dask.config.set(LOCAL),
        tempfile.TemporaryDirectory(prefix="sweep-workers-", ignore_cleanup_errors=True) as scratch,
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", memory_limit=0,
            dashboard_address="127.0.0.1:0", local_directory=scratch,
        ) as cluster,
        contextlib.closing(Client(cluster, set_as_default=False)) as found,
    ):  # fmt: skip
        yield found


def outcomes(
    tasks: Iterable[Task],
    workers: int,
    say: Callable[[str], None],
) -> Iterator[tuple[Task, Outcome]]:
    """Every task with what came of it, as they finish. Raises Lost if the scheduler stays away for PATIENCE seconds.

    A task is handed out again if the scheduler went away before its outcome was here, and only then: so each is
    yielded once.
    """
    waiting = {task.key: task for task in tasks}
    began_waiting = None
    while waiting:
        try:
            with client(workers, say) as connection:
                say(_about(connection))
                began_waiting = None
                for task, outcome in _finished(connection, list(waiting.values())):
                    del waiting[task.key]
                    yield task, outcome
        except (OSError, CancelledError) as error:  # TimeoutError and CommClosedError are OSErrors
            began_waiting = began_waiting or time.monotonic()
            if time.monotonic() - began_waiting > PATIENCE:
                raise Lost(f"the scheduler {address() or 'here'} cannot be reached: {error}") from None
            say(f"no connection to the scheduler; {len(waiting)} runs are left and will be handed out again")
            time.sleep(min(5, PATIENCE / 10))


def _about(connection: Client) -> str:
    """Where the sweep runs, and where to watch it."""
    threads = connection.nthreads().values()
    if not threads:
        scheduler = connection.scheduler.address
        return (
            f"the scheduler {scheduler} has no workers yet; to start one, in the course's folder on any machine: "
            f"dask worker {scheduler}"
        )
    return f"{len(threads)} workers, {sum(threads)} runs at a time; watch them at {connection.dashboard_link}"


def _finished(connection: Client, tasks: list[Task]) -> Iterator[tuple[Task, Outcome]]:
    """Hand the tasks out in their order, and yield each with its outcome. Raises CancelledError if they are lost."""
    session = os.urandom(4).hex()  # two sweeps on one scheduler must not share a key
    futures = {
        connection.submit(
            measure, task, key=f"{task} {session}", pure=False, priority=-number, retries=0
        ): task
        for number, task in enumerate(tasks)
    }
    for future in as_completed(futures, loop=connection.loop):
        task = futures.pop(future)
        if future.status == "error":
            yield task, Outcome(failure=_in_words(future.exception()))
        elif future.status == "finished":
            yield task, future.result()
        else:
            raise CancelledError(future.status)
        future.release()


def _in_words(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        return "its worker died, and the next one too (out of memory? try --workers 1)"
    return f"{type(error).__name__}: {error}"
