"""helpers.training.workers on Python's process pool; tests/sweep/test_workers_with_dask.py does the same with Dask."""

import os
import signal
import time

import pytest

from helpers.training import workers
from tests.training.notebook_functions import notebook_function

TWICE = "def twice(number):\n    return 2 * number\n"  # as in a notebook: no worker can import it


@pytest.fixture(scope="module")
def pool():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(workers.ADDRESS, raising=False)
        patch.setattr(workers, "_has_dask", lambda: False)
        started = workers.start(2)
        yield started
        started.close()


def test_functions_of_a_notebook_run_on_workers_and_their_results_come_back_in_order(pool):
    twice = notebook_function(TWICE, "twice")
    tasks = [pool.submit(twice, number) for number in range(5)]
    assert [task.result() for task in tasks] == [0, 2, 4, 6, 8]
    records = [task.record() for task in tasks]
    assert all(record.worker != str(os.getpid()) and record.began <= record.ended for record in records)
    assert all(record.seconds >= 0 and record.processor_seconds >= 0 for record in records)


def test_everywhere_means_once_on_each(pool):
    assert len(set(pool.everywhere(os.getpid))) == pool.count == 2
    assert os.getpid() not in pool.everywhere(os.getpid)


def test_a_worker_has_one_thread_and_no_gpu(pool):
    assert pool.submit(os.getenv, "TF_NUM_INTRAOP_THREADS").result() == "1"
    assert pool.submit(os.getenv, "CUDA_VISIBLE_DEVICES").result() == "-1"


def test_tasks_run_at_the_same_time(pool):
    pool.everywhere(os.getpid)
    records = [task.record() for task in [pool.submit(time.sleep, 0.5) for _ in range(2)]]
    assert max(record.began for record in records) < min(record.ended for record in records)
    assert len({record.worker for record in records}) == 2


def test_what_a_worker_has_made_it_keeps(pool):
    code = "def ask(limit):\n    return id(workers.once(make, limit)), len(workers.once(make, limit=limit + 1))\n"
    make = notebook_function("def make(limit):\n    return list(range(limit))\n", "make")
    ask = notebook_function(code, "ask", make=make, workers=workers)
    answers = {pool.submit(ask, 3).result() for _ in range(6)}
    assert len(answers) <= 2 and {length for _, length in answers} == {4}


def test_other_code_is_made_anew():
    first = notebook_function("def make():\n    return ['one']\n", "make")
    again = notebook_function("def make():\n    return ['one']\n", "make")
    other = notebook_function("def make():\n    return ['two']\n", "make")
    assert workers.once(first) is workers.once(again)
    assert workers.once(other) == ["two"]


def test_an_error_of_a_task_is_that_of_the_function(pool):
    task = pool.submit(int, "seven")
    with pytest.raises(ValueError, match="seven"):
        task.result()
    assert pool.submit(int, "7").result() == 7


def test_a_second_start_gives_the_same_workers_and_drops_what_waits(pool, monkeypatch):
    monkeypatch.delenv(workers.ADDRESS, raising=False)
    waiting = [pool.submit(time.sleep, 0.3) for _ in range(30)]
    began = time.monotonic()
    assert workers.start(2) is pool
    assert pool.submit(len, "abc").result() == 3
    assert time.monotonic() - began < 8, "it did not wait for thirty tasks"
    assert any(task._future.cancelled() for task in waiting)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_worker_that_dies_is_told_and_a_new_start_helps(pool, monkeypatch):
    monkeypatch.delenv(workers.ADDRESS, raising=False)
    monkeypatch.setattr(workers, "_has_dask", lambda: False)
    monkeypatch.setattr(workers, "prepare", lambda: None)
    one = workers.start(1)
    dies = notebook_function(
        "def dies():\n    os.kill(os.getpid(), signal.SIGKILL)\n", "dies", os=os, signal=signal
    )
    with pytest.raises(workers.WorkerDied, match="workers.start again"):
        one.submit(dies).result()
    new = workers.start(1)
    assert new is not one and new.submit(len, "ab").result() == 2
    new.close()


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="count must be at least 1"):
        workers.start(0)


def test_a_cluster_without_dask_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv(workers.ADDRESS, "tcp://127.0.0.1:1")
    monkeypatch.setattr(workers, "_has_dask", lambda: False)
    with pytest.raises(RuntimeError, match="make lab-dask"):
        workers.start(2)


def test_cores_are_at_least_one():
    assert workers.cores() >= 1


def test_how_many_tasks_are_under_way_at_a_time():
    def record(began, ended):
        return workers.Record(None, "a", began, ended, 0.0)

    assert workers.at_a_time([record(100, 102), record(100, 103), record(102, 104)]) == pytest.approx(7 / 4)
    assert workers.at_a_time([record(5, 6)]) == 1
