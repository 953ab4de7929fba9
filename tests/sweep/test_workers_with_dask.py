"""helpers.training.workers with real Dask workers, started here or reached by an address (`make test-sweep`)."""

import os
import signal
import time

import dask
import pytest
from distributed import LocalCluster

from helpers.training import workers
from tests.training.notebook_functions import notebook_function


@pytest.fixture(scope="module")
def pool():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(workers.ADDRESS, raising=False)
        started = workers.start(2)
        yield started
        started.close()


def test_without_an_address_dask_starts_workers_here(pool):
    assert pool.count == 2 and "Dask" in pool.engine and pool.dashboard.startswith("http://127.0.0.1:")
    assert len(set(pool.everywhere(os.getpid))) == 2
    assert pool.submit(os.getenv, "TF_NUM_INTRAOP_THREADS").result() == "1"


def test_functions_of_a_notebook_run_on_workers_and_every_call_is_a_new_run(pool):
    code = "def twice(number):\n    return 2 * number, time.time()\n"
    twice = notebook_function(code, "twice", time=time)
    first, again = (pool.submit(twice, 4).result() for _ in range(2))
    assert first[0] == again[0] == 8
    assert first[1] < again[1], (
        "Dask would keep the result of the same call if it took the function for a pure one"
    )


def test_what_a_worker_makes_while_it_warms_up_is_there_for_its_tasks(pool):
    make = notebook_function("def make():\n    return object()\n", "make")
    ask = notebook_function(
        "def ask():\n    return id(workers.once(make))\n", "ask", make=make, workers=workers
    )
    warm = set(pool.everywhere(ask))
    assert {pool.submit(ask).result() for _ in range(8)} <= warm


def test_an_error_of_a_task_is_that_of_the_function(pool):
    with pytest.raises(ValueError, match="seven"):
        pool.submit(int, "seven").result()


def test_a_worker_that_died_comes_back_though_it_takes_longer_than_dask_would_wait(tmp_path, monkeypatch):
    code = """def die_once(note):
    if not note.exists():
        note.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(6)  # longer than Dask would let a worker live that it has given up
    return "done"
"""
    monkeypatch.setattr(workers, "PATIENCE", 90)
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "0.1 s"}):
        pool = workers.start(1)
        die_once = notebook_function(code, "die_once", os=os, signal=signal, time=time)
        assert pool.submit(die_once, tmp_path / "note").result() == "done"
        pool.close()


@pytest.fixture
def abandoned(monkeypatch):
    """A cluster and a pool of its only worker, which is gone; a pool without one is given up after two seconds."""
    monkeypatch.setattr(workers, "LOOKS", 0.2)
    monkeypatch.setattr(workers, "PATIENCE", 2)
    with LocalCluster(n_workers=1, host="127.0.0.1", dashboard_address=None) as there:
        monkeypatch.setenv(workers.ADDRESS, there.scheduler_address)
        pool = workers.start(1)
        there.scale(0)
        while there.scheduler_info["workers"]:
            time.sleep(0.1)
        yield there, pool
        pool.close()


def test_a_task_does_not_wait_forever_where_no_worker_is_left(abandoned):
    _, pool = abandoned
    with pytest.raises(workers.WorkerDied, match="All workers are gone"):
        pool.submit(len, "abc").result()
    assert not pool.alive()


def test_workers_are_not_given_up_because_nobody_asked_for_a_while(abandoned, monkeypatch):
    """The only worker may be starting again just then; the patience begins with the first question."""
    there, pool = abandoned
    time.sleep(workers.PATIENCE + 1)
    assert pool.alive()
    monkeypatch.setattr(workers, "PATIENCE", 90)
    there.scale(1)
    assert pool.submit(len, "abc").result() == 3


def test_a_cluster_is_used_by_its_address(monkeypatch):
    with LocalCluster(n_workers=1, threads_per_worker=2, host="127.0.0.1", dashboard_address=None) as there:
        monkeypatch.setenv(workers.ADDRESS, there.scheduler_address)
        pool = workers.start(5)
        assert pool.count == 2 and there.scheduler_address in pool.engine, "as many as the cluster has"
        assert pool.submit(len, "abc").result() == 3
        assert workers.start(5) is pool
        pool.close()


def test_an_address_where_nobody_answers_says_what_to_do(monkeypatch):
    monkeypatch.setattr(workers, "CONNECT", "1s")
    monkeypatch.setenv(workers.ADDRESS, "tcp://127.0.0.1:1")
    with pytest.raises(OSError, match="no scheduler answers there"):
        workers.start(2)
