"""Workers: processes, on this machine or on others, that run a notebook's own functions at the same time.

    pool = workers.start(2)
    tasks = [pool.submit(train, seed) for seed in range(10)]
    losses = [task.result() for task in tasks]

Notebooks 10 and 10b call these. What runs the tasks is Dask (distributed), where it is installed or where
CNN_DASK_SCHEDULER names a cluster, and Python's own process pool otherwise; `submit` and `result` are the same for
both.
"""

import contextlib
import functools
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from helpers.arguments import whole_number

ADDRESS = "CNN_DASK_SCHEDULER"  # names the scheduler of a cluster, such as tcp://HOST:8786
PATIENCE = 600  # seconds that one worker waits for the others to be ready, and a task for any worker at all
CONNECT = "10s"  # to wait for the answer of a cluster
LOOKS = 5  # seconds between two looks at whether there is a worker at all
# A worker is one core's worth of work: more threads would only fight for it. GPUs stay with the notebook.
SETTINGS = {
    "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1",
}  # fmt: skip
_QUIET = {
    "logging": {"distributed": "critical", "tornado": "critical", "bokeh": "critical"},
    "distributed.worker.preload": ["from helpers.training import workers; workers.prepare()"],
}
# Dask asks for this one when a worker has died. Its 15 seconds can be too few to load Keras again beside other work,
# and then it would give up the worker that it is starting.
_WHEN_ONE_DIES = {"distributed.deploy.lost-worker-timeout": f"{PATIENCE} s"}


@dataclass(frozen=True)
class Record:
    """What a worker did: the result, who made it, from when to when (seconds since 1970), and processor seconds."""

    result: Any
    worker: str
    began: float
    ended: float
    processor_seconds: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


def at_a_time(records: Sequence[Record]) -> float:
    """How many tasks were under way at a time, on average, between the first start and the last end."""
    whole = max(record.ended for record in records) - min(record.began for record in records)
    return sum(record.seconds for record in records) / whole


class WorkerDied(RuntimeError):
    """The worker that had a task is gone, and so is the task."""


class Task:
    """A function that is handed out: `result()` waits for what it returns, `record()` tells when and where it ran."""

    def __init__(self, future: "Future[Record]", pool: "Pool") -> None:
        self._future, self._pool = future, pool

    def result(self) -> Any:
        """What the function returned. Raises what it raised, or `WorkerDied` if its worker is gone."""
        return self.record().result

    def record(self) -> Record:
        """The same with the times. Raises as `result` does."""
        while not wait([self._future], timeout=LOOKS).done:
            if self._pool.lost():
                raise WorkerDied("All workers are gone. Restart the kernel, then run the cells again.")
        try:
            return self._future.result()
        except self._pool.broken:
            raise WorkerDied(
                "A worker has died (was the memory full?). Run the cell with workers.start again."
            ) from None

    def cancel(self) -> None:
        """Drop it if no worker has begun it yet."""
        self._future.cancel()


@dataclass
class Pool:
    """Some workers. `count` is how many, `engine` says in words what they are, `dashboard` is Dask's page or ""."""

    count: int
    engine: str
    executor: Any  # has the `submit` of Python's `Executor`
    meet: Callable[[Callable, tuple], list[Any]]
    alive: Callable[[], bool]  # whether it still takes tasks
    end: Callable[[], None]
    dashboard: str = ""
    lost: Callable[[], bool] = lambda: False  # whether there was no worker for so long that none will come
    broken: tuple[type[Exception], ...] = (BrokenExecutor,)  # what a task raises whose worker has died
    _tasks: list[Task] = field(default_factory=list)

    def submit(self, function: Callable, *arguments: Any) -> Task:
        """Hand out `function(*arguments)`; the next free worker takes it. Functions of a notebook may be sent, too."""
        task = Task(self.executor.submit(_recorded, _by_value(function), *arguments), self)
        self._tasks.append(task)
        return task

    def everywhere(self, function: Callable, *arguments: Any) -> list[Any]:
        """Run it once on each worker, all at the same time, and return what each gave."""
        return self.meet(_by_value(function), arguments)

    def forget(self) -> None:
        """Drop the tasks that no worker has begun: those of a cell that was interrupted."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def close(self) -> None:
        """End the workers. A cluster's stay, because others may use them."""
        self.forget()
        self.end()


_OPEN: dict[tuple[int, str | None], Pool] = {}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start(count: int) -> Pool:
    """Workers: those of the cluster that CNN_DASK_SCHEDULER names, however many there are, or `count` processes here.

    A second call returns the same workers, without what they had not begun. Raises OSError if the cluster does not
    answer, and RuntimeError if Dask is needed for it and not installed.
    """
    count, address = whole_number(count, "count", least=1), os.environ.get(ADDRESS) or None
    pool = _OPEN.get((count, address))
    if pool and pool.alive():
        pool.forget()
        return pool
    pool = _cluster(address) if address else _dask(count) if _has_dask() else _processes(count)
    _OPEN[count, address] = pool
    return pool


def _has_dask() -> bool:
    from importlib.util import find_spec

    return find_spec("distributed") is not None


def _processes(count: int) -> Pool:
    context = multiprocessing.get_context("spawn")  # a fork would copy TensorFlow in the middle of its work
    executor = ProcessPoolExecutor(
        max_workers=count, mp_context=context, initializer=_begin, initargs=(context.Barrier(count),)
    )

    def meet(function: Callable, arguments: tuple) -> list[Any]:
        futures = [executor.submit(_together, function, arguments) for _ in range(count)]
        return [future.result() for future in futures]

    def alive() -> bool:
        try:
            executor.submit(os.getpid)
        except (BrokenExecutor, RuntimeError):  # a worker died, or it was closed
            return False
        return True

    engine = f"{count} processes of this machine (Python's ProcessPoolExecutor)"
    return Pool(count, engine, executor, meet, alive, executor.shutdown)


def _dask(count: int) -> Pool:
    import dask
    from distributed import Client, LocalCluster

    dask.config.set(_WHEN_ONE_DIES)
    with dask.config.set(_QUIET):
        local = LocalCluster(
            n_workers=count, threads_per_worker=1, processes=True, host="127.0.0.1", memory_limit=0,
            dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL, env=SETTINGS,
        )  # fmt: skip
        client = Client(local, set_as_default=False)
    return _of_client(client, f"{count} processes of this machine (Dask)", local.close)


def _cluster(address: str) -> Pool:
    if not _has_dask():
        raise RuntimeError(f"{ADDRESS} names a cluster, and Dask isn't installed here: use `make lab-dask`.")
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise OSError(
            f"{ADDRESS}={address!r}: no scheduler answers there ({error}). Start one with `dask scheduler`, or unset "
            f"{ADDRESS}."
        ) from None
    if not client.nthreads():
        client.close()
        raise OSError(f"The scheduler {address} has no workers; on each machine, run: dask worker {address}")
    return _of_client(client, f"the workers of {address} (Dask)")


def _of_client(client: Any, engine: str, and_then: Callable[[], None] = lambda: None) -> Pool:
    from distributed import KilledWorker  # of a task that has cost the lives of several workers

    def meet(function: Callable, arguments: tuple) -> list[Any]:
        options = {"pure": False, "retries": 0}
        futures = [
            client.submit(_plain, function, arguments, workers=[worker], **options)
            for worker in client.nthreads()
        ]
        return client.gather(futures)

    gone_since: float | None = None  # the first question that found no worker

    def lost() -> bool:
        nonlocal gone_since
        if client.status == "running" and client.scheduler_info()["workers"]:
            gone_since = None
            return False
        if gone_since is None:
            gone_since = time.monotonic()
        return time.monotonic() - gone_since > PATIENCE

    def end() -> None:
        client.close()
        and_then()

    return Pool(
        count=sum(client.nthreads().values()), engine=engine, executor=client.get_executor(pure=False), meet=meet,
        alive=lambda: client.status == "running" and not lost(), end=end, dashboard=client.dashboard_link, lost=lost,
        broken=(KilledWorker,),
    )  # fmt: skip


def _by_value(function: Callable) -> Callable:
    """`function` so that a process that can't import it, because it stands in a notebook, gets it all the same."""
    from joblib import wrap_non_picklable_objects

    return wrap_non_picklable_objects(functools.partial(function), keep_wrapper=False)


# On a worker


_BARRIER: Any = None
_KEPT = threading.local()  # what each thread of a worker has made


def prepare() -> None:
    """What a worker of this machine does first."""
    os.environ.update(SETTINGS)  # before TensorFlow, which reads them once
    with contextlib.suppress(ValueError):  # not in the main thread
        # the button that interrupts a notebook reaches its processes too
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # TensorFlow's start-up notes would appear in the notebook if a task were the first to load it
    from helpers.notebook import quiet_keras  # noqa: F401


def _begin(barrier: Any) -> None:
    global _BARRIER
    _BARRIER = barrier
    prepare()


def _plain(function: Callable, arguments: tuple) -> Any:
    return function(*arguments)


def _together(function: Callable, arguments: tuple) -> Any:
    """Run it, and take no other task before every worker has run it."""
    try:
        return function(*arguments)
    finally:
        with contextlib.suppress(threading.BrokenBarrierError):
            _BARRIER.wait(PATIENCE)


def _recorded(function: Callable, *arguments: Any) -> Record:
    began, used = time.time(), time.process_time()
    result = function(*arguments)
    return Record(
        result, f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}", began, time.time(),
        time.process_time() - used,
    )  # fmt: skip


def once(make: Callable, *arguments: Any, **named: Any) -> Any:
    """What `make(*arguments, **named)` returns: called for a worker's first task only, and kept for its others.

    Another function is one with other code; what `make` itself calls may not change meanwhile.
    """
    key = (getattr(make, "__code__", make), arguments, tuple(sorted(named.items())))
    kept = _KEPT.__dict__.setdefault("made", {})
    if key not in kept:
        kept[key] = make(*arguments, **named)
    return kept[key]
