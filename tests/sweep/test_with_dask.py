"""Sweeps with real Dask workers: what dies, hangs, goes away or fills up loses nothing and counts nothing twice.

`make test-sweep` runs this. The notebooks here are small and train nothing.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from distributed import Client

from helpers import owned
from helpers.paths import ROOT
from tools.notebooks import records
from tools.sweep import cluster, course, kept, run
from tools.sweep.task import SET_BY_DASK

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="these tests send signals, which Windows does not have"
)

START = """
import os, time, pathlib, psutil
from helpers.notebook import course
lesson = course.Lesson(notebook="x", profile="quick", seed=course.check_seed())
"""
CLAIMS = """
lesson.claim("Twice the seed", 2 * lesson.seed, below=3)
lesson.claim("One third", 1 / 3, above=0.3, form=".1f")
lesson.claim("Letters", 3, equals=3)
"""
ALONE = 'lesson.claim("No cluster of its own", int("CNN_DASK_SCHEDULER" in os.environ), equals=0)'
# the worker is two processes above the kernel: kernel, execute.py, worker
DIES = """
lives = pathlib.Path({folder!r}, "lives")
if lesson.seed == 1 and (left := int(lives.read_text())):
    lives.write_text(str(left - 1))
    psutil.Process().parents()[1].kill()
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def write(place, name, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, place / "notebooks" / f"{name}.ipynb")


def command(place, *options):
    folders = ["--notebooks", str(place / "notebooks"), "--results", str(place / "claims")]
    return [*folders, *options]


def sweep(place, *options):
    return run.main(command(place, *options))


@contextlib.contextmanager
def started(module, *options, cwd=ROOT, **env):
    """A program that ends with the block, if it has not before."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, options)],
        cwd=cwd, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
            with contextlib.suppress(psutil.Error):
                child.kill()
        process.kill()
        process.communicate()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def scheduler(port):
    local = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    return started("distributed.cli.dask_scheduler", "--port", port, *local)


def worker(port, place, cwd=ROOT, **env):
    options = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(place))
    return started("distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", *options, cwd=cwd, **env)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def seeds(place, name="01_a"):
    found = kept.load(place / "claims" / f"{name}.json")
    return [run.seed for run in found.runs] if found else []


def test_every_claim_is_measured_and_nothing_is_run_twice(place, capfd):
    write(place, "01_a", START, CLAIMS)
    write(
        place,
        "02_b",
        START,
        "lesson.claim('Even', lesson.seed % 2, equals=0)\nif lesson.seed == 2: 1 / 0",
        CLAIMS,
    )
    assert sweep(place, "--seeds", "0-2") == 1  # one run failed, in the notebook
    out = capfd.readouterr().out
    assert "2 workers, 2 runs at a time; watch them at http://127.0.0.1:" in out
    assert "6 runs to make" in out and "6 of 6" in out and "ZeroDivisionError: division by zero" in out
    assert "✗ Twice the seed (measured 4; needs below 3)" in out
    content = json.loads((place / "claims" / "01_a.json").read_text(encoding="utf-8"))
    assert [run["seed"] for run in content["runs"]] == [0, 1, 2]
    twice, third, letters = content["claims"]
    assert (twice["values"], twice["holds"], twice["fails"]) == ([0, 2, 4], "2 of 3", ["2"])
    assert (twice["lowest"], twice["highest"], twice["bounds"]) == (0, 4, {"below": 3})
    assert third["values"] == [1 / 3] * 3 and third["needs"] == "above 0.3"  # exact, not as it is printed
    assert letters["bounds"] == {"equals": 3}
    first = content["runs"][0]
    assert (
        first["threads"] == 1
        and first["versions"]["keras"]
        and first["settings"] == {}
        and first["peak_mb"] > 20
    )
    (even, *_) = json.loads((place / "claims" / "02_b.json").read_text(encoding="utf-8"))["claims"]
    assert even["fails"] == ["1"] and even["values"] == [0, 1, 0]

    assert sweep(place, "--seeds", "0-2", "01") == 0
    assert "0 runs to make, 3 are there already" in capfd.readouterr().out
    assert json.loads((place / "claims" / "01_a.json").read_text(encoding="utf-8")) == content
    sweep(place, "--seeds", "0,2")  # the failed one is made again
    assert "1 runs to make, 3 are there already" in capfd.readouterr().out
    assert sweep(place, "--seeds", "0", "--threads", "2", "01") == 0
    assert "1 worker, 1 runs at a time" in capfd.readouterr().out  # of two cores each takes both
    assert [run.name for run in kept.load(place / "claims" / "01_a.json").runs] == [
        "0",
        "1",
        "2",
        "0 (2 threads)",
    ]


def test_odd_numbers_and_sentences_are_kept(place, capfd):
    cell = r"""
lesson.claim("huge", 10**400 + lesson.seed, above=3)
lesson.claim("one | and | a\nnew line \x1b[31m", float("inf"), above=3)
lesson.claim("nan", float("nan"), below=10**400)
"""
    write(place, "01_a", START, cell)
    assert sweep(place, "--seeds", "0-1") == 0
    found = kept.load(place / "claims" / "01_a.json")
    assert [value.value for _, value in found.values("huge")] == [10**400, 10**400 + 1]
    assert [value.holds for run in found.runs for value in run.claims.values()] == [True, True, False] * 2
    assert "\x1b[31m" not in capfd.readouterr().out


def test_the_threads_reach_the_notebook(place):
    cell = """lesson.claim("Threads", int(os.environ["OMP_NUM_THREADS"]), equals=2)
lesson.claim("Set by Dask", sum(name in os.environ for name in ("PYTHONHASHSEED", "MKL_NUM_THREADS")), equals=0)"""
    write(place, "01_a", START, cell)
    assert sweep(place, "--seeds", "0", "--threads", "2") == 0
    (one,) = kept.load(place / "claims" / "01_a.json").runs
    assert all(value.holds for value in one.claims.values())


def test_the_course_may_be_edited_while_it_is_swept(place):
    """The workers here have a copy of the helpers, made at the beginning."""
    write(
        place, "01_a", START, CLAIMS, 'lesson.claim("Copied", "sweep-course-" in course.__file__, equals=1)'
    )
    assert sweep(place, "--seeds", "0") == 0
    (one,) = kept.load(place / "claims" / "01_a.json").runs
    assert one.claims["Copied"].holds


def test_a_killed_sweep_goes_on_where_it_stopped(place):
    write(place, "01_a", START, CLAIMS, "time.sleep(1)")
    with started("tools.sweep.run", *command(place, "--seeds", "0-5")) as process:
        wait_for(lambda: len(seeds(place)) >= 2)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    # Dask's workers and the kernels notice that nobody is there any more, and end by themselves
    wait_for(lambda: not any(one.is_running() and one.status() != "zombie" for one in below))
    before = kept.load(place / "claims" / "01_a.json")
    assert sweep(place, "--seeds", "0-5") == 0
    after = kept.load(place / "claims" / "01_a.json")
    assert [run.seed for run in after.runs] == [0, 1, 2, 3, 4, 5]
    assert all(run in after.runs for run in before.runs)


def test_a_worker_that_dies_is_replaced_and_its_run_made_once_more(place, capfd):
    write(place, "01_a", START, DIES.format(folder=str(place)), CLAIMS)
    (place / "lives").write_text("1")
    assert sweep(place, "--seeds", "0-3") == 0
    assert seeds(place) == [0, 1, 2, 3]
    assert capfd.readouterr().out.count("seed 1, one thread") == 1


def test_a_run_whose_workers_die_is_reported_and_the_others_are_made(place, capfd):
    write(place, "01_a", START, DIES.format(folder=str(place)), CLAIMS)
    (place / "lives").write_text("99")
    assert sweep(place, "--seeds", "0-3") == 1
    assert seeds(place) == [0, 2, 3]  # no result, so it is not kept as one
    out, errors = capfd.readouterr()
    assert "01_a, seed 1, one thread: 2 workers died while they had it (out of memory? try JOBS=1)" in out
    assert (place / "lives").read_text() == "97", "once more, and not again"
    assert "Traceback" not in errors


def test_a_worker_that_hangs_is_given_up(place, monkeypatch):
    write(place, "01_a", START, DIES.format(folder=str(place)).replace(".kill()", ".suspend()"), CLAIMS)
    (place / "lives").write_text("1")
    monkeypatch.setitem(cluster.LOCAL, "distributed.scheduler.worker-ttl", "8s")  # five minutes otherwise
    assert sweep(place, "--seeds", "0-2") == 0
    assert seeds(place) == [0, 1, 2]


LEAVES = """
import subprocess, sys
if lesson.seed == 2: subprocess.Popen([sys.executable, "-c", "import time; time.sleep(40)"], start_new_session=True)
"""


def test_a_run_that_hangs_is_ended_and_one_that_leaves_something_running_is_not(place, capfd):
    write(place, "01_a", START, CLAIMS, LEAVES, "if lesson.seed == 1: time.sleep(600)")
    assert sweep(place, "--seeds", "0-2", "--limit", "12") == 1
    assert seeds(place) == [0, 2]
    assert "seed 1, one thread: it took longer than 12 seconds; --limit" in capfd.readouterr().out
    assert not [
        one for one in psutil.Process().children(recursive=True) if "ipykernel" in " ".join(one.cmdline())
    ]


def test_a_scheduler_that_is_stopped_and_started_loses_nothing(place, monkeypatch):
    write(place, "01_a", START, CLAIMS, "time.sleep(1)")
    port = free_port()
    monkeypatch.setenv(cluster.ADDRESS, f"tcp://127.0.0.1:{port}")
    with started("tools.sweep.run", *command(place, "--seeds", "0-5")) as process:
        with scheduler(port), worker(port, place), worker(port, place):
            wait_for(lambda: len(seeds(place)) >= 2)
        with scheduler(port), worker(port, place):
            out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    assert seeds(place) == [0, 1, 2, 3, 4, 5]
    assert "no connection to the scheduler" in out
    done = [line for line in out.splitlines() if "claims hold" in line]
    assert len(done) == len(set(done)) == 6


def test_a_scheduler_that_stays_away_is_reported(place, monkeypatch, capfd):
    write(place, "01_a", START, CLAIMS)
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    monkeypatch.setattr(cluster, "CONNECT", "1s")
    with socket.socket() as held:  # nobody listens there, and no Dask worker of another test can move in
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv(cluster.ADDRESS, f"tcp://127.0.0.1:{held.getsockname()[1]}")
        assert sweep(place, "--seeds", "0") == 2
    assert "cannot be reached" in capfd.readouterr().err
    for wrong in ("foo://there", "host:port", "tls://127.0.0.1:1"):
        monkeypatch.setenv(cluster.ADDRESS, wrong)
        assert sweep(place, "--seeds", "0") == 2
        assert wrong in capfd.readouterr().err


def test_a_full_disk_loses_nothing_that_has_arrived(place, monkeypatch, capfd):
    write(place, "01_a", START, CLAIMS)
    write_whole, full = owned.write_whole, [True] * 2

    def on_a_full_disk(path, content):
        if full and path.suffix == ".json":
            full.pop()
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_whole(path, content)

    monkeypatch.setattr(owned, "write_whole", on_a_full_disk)
    assert sweep(place, "--seeds", "0-2") == 0
    assert capfd.readouterr().out.count("(No space left on device): results wait in memory") == 1
    assert seeds(place) == [0, 1, 2]
    full += [True] * 9
    assert sweep(place, "--seeds", "0-3") == 1
    assert "NOT kept: the last results of 01_a" in capfd.readouterr().err
    assert seeds(place) == [0, 1, 2]  # the file is as it was


def test_a_disk_that_is_full_from_the_start_is_told_before_anything_runs(place, monkeypatch, capfd):
    write(place, "01_a", START, CLAIMS)

    def on_a_full_disk(path, content):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(owned, "write_whole", on_a_full_disk)
    assert sweep(place, "--seeds", "0") == 2
    out, errors = capfd.readouterr()
    assert "claims cannot be written (No space left on device); choose another --results" in errors
    assert "runs to make" not in out


def elsewhere(place):
    """A folder as on another machine: with helpers and without tools."""
    folder = place / "elsewhere"
    shutil.copytree(ROOT / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_worker_elsewhere_needs_nothing_but_the_same_helpers(place, monkeypatch, capfd):
    write(place, "01_a", START, CLAIMS, 'lesson.claim("Here", "elsewhere" in course.__file__, equals=1)')
    port, folder = free_port(), elsewhere(place)
    monkeypatch.setenv(cluster.ADDRESS, f"tcp://127.0.0.1:{port}")
    with scheduler(port):
        with worker(port, place, cwd=folder, HOME=str(folder)):
            assert sweep(place, "--seeds", "0") == 0
        (one,) = kept.load(place / "claims" / "01_a.json").runs
        assert one.claims["Here"].holds
        with (folder / "helpers" / "notebook" / "course.py").open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        with worker(port, place, cwd=folder):
            assert sweep(place, "--seeds", "1") == 2
            out, errors = capfd.readouterr()
            assert (
                "has other helpers (helpers/notebook/course.py" in out and "no worker can make runs" in errors
            )
            with worker(port, place):
                wait_for(lambda: workers(port) == 2)
                assert sweep(place, "--seeds", "1-3") == 0, "the other one makes them all"
    assert "not used: the worker on" in capfd.readouterr().out
    assert seeds(place) == [0, 1, 2, 3]


def test_a_worker_that_becomes_unfit_hands_its_runs_on(place, monkeypatch, capfd):
    """It was fit when it was asked, and then its helpers were changed."""
    port, folder = free_port(), elsewhere(place)
    change = f"pathlib.Path({str(folder)!r}, 'helpers/notebook/course.py').write_text('changed')"
    write(place, "01_a", START, CLAIMS, change, "time.sleep(1)")
    monkeypatch.setenv(cluster.ADDRESS, f"tcp://127.0.0.1:{port}")
    with scheduler(port), worker(port, place, cwd=folder), worker(port, place):
        wait_for(lambda: workers(port) == 2)
        assert sweep(place, "--seeds", "0-5") == 1
    out = capfd.readouterr().out
    assert out.count("was changed while it ran") == 2  # said when it happened, and in the end
    assert out.count("not used: the worker on") == 1
    assert len(seeds(place)) == 5, "the run of that moment is lost, and no other"


def test_a_worker_without_a_package_says_so():
    assert "has no nothing: install the course's packages there" in cluster._call(
        b"cnothing.there\nat_all\n."
    )
    assert cluster._call(cluster.cloudpickle.dumps((run.parse_seeds, "0"))) == [0]


def workers(port):
    with contextlib.suppress(OSError), Client(f"tcp://127.0.0.1:{port}", set_as_default=False) as found:
        return len(found.nthreads())
    return 0


@pytest.mark.parametrize("sign", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_sweep_that_is_stopped_tidies_up_and_says_what_is_kept(place, sign):
    write(place, "01_a", START, CLAIMS, "time.sleep(1)")
    with started("tools.sweep.run", *command(place, "--seeds", "0-9"), TMPDIR=str(place)) as process:
        wait_for(lambda: seeds(place))
        below = psutil.Process(process.pid).children(recursive=True)
        for one in [process.pid, *(child.pid for child in below)]:  # as a terminal does
            if sign == "SIGINT" or one == process.pid:
                with contextlib.suppress(OSError):
                    os.kill(one, getattr(signal, sign))
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "stopped; what is written is kept" in out
    assert "Traceback" not in out and "WARNING" not in out
    wait_for(lambda: not any(one.is_running() and one.status() != "zombie" for one in below))
    assert [path.name for path in place.glob("sweep-*")] == []


def test_two_sweeps_do_not_write_into_one_folder(place, capfd):
    write(place, "01_a", START, CLAIMS, "time.sleep(5)")
    with started("tools.sweep.run", *command(place, "--seeds", "0")):
        wait_for(lambda: (place / "claims" / ".sweeping").exists())
        time.sleep(0.5)
        assert sweep(place, "--seeds", "0") == 2
    assert "another sweep is writing" in capfd.readouterr().err


def test_where_code_changed_but_no_number_the_other_runs_stand(place, capfd):
    write(place, "01_a", START, CLAIMS + "lesson.claim('Half', lesson.seed / 2 + 0.1, below=9)")
    assert sweep(place, "--seeds", "0-4") == 0
    before = kept.load(place / "claims" / "01_a.json")
    reworded = (
        CLAIMS.replace("below=3", "below=7") + "lesson.claim('Half of it', 0.1 + lesson.seed / 2, below=9)"
    )
    write(place, "01_a", START, reworded)
    capfd.readouterr()
    assert sweep(place, "--seeds", "0-4") == 0
    out = capfd.readouterr().out
    assert "changed since its sweep (cells); 2 runs will tell" in out
    assert "the same numbers, so 3 runs stand" in out and "0 runs to make, 5 are there already" in out
    after = kept.load(place / "claims" / "01_a.json")
    assert [run.carried for run in after.runs] == [False, True, True, True, False]
    assert after.code != before.code
    assert after.sentences()[-1] == "Half of it"
    assert [value.holds for _, value in after.values("Twice the seed")] == [True, True, True, True, False]
    assert [value.value for _, value in after.values("Half of it")] == [0.1, 0.6, 1.1, 1.6, 2.1]

    write(place, "01_a", START, CLAIMS.replace("2 * lesson.seed", "2 * lesson.seed + 1e-12"))
    assert sweep(place, "--seeds", "0-2") == 0
    assert "other numbers, so all of it is swept anew" in capfd.readouterr().out
    assert seeds(place) == [0, 1, 2, 4]  # 0 and 4 were made again, and 1 and 2 were asked for


def test_a_trial_that_fails_leaves_the_earlier_sweep_as_it_is(place, capfd):
    write(place, "01_a", START, CLAIMS)
    assert sweep(place, "--seeds", "0-4") == 0
    before = (place / "claims" / "01_a.json").read_bytes()
    write(place, "01_a", START, "if lesson.seed: 1 / 0", CLAIMS)
    assert sweep(place, "--seeds", "0-4") == 1
    assert (place / "claims" / "01_a.json").read_bytes() == before
    assert "its earlier sweep is left as it is" in capfd.readouterr().out


def test_a_notebook_that_cannot_be_read_is_named_and_the_others_are_swept(place, capfd):
    write(place, "01_a", START, CLAIMS)
    (place / "notebooks" / "02_b.ipynb").write_text("{", encoding="utf-8")
    write(place, "03_c", "if this is not Python")
    assert sweep(place, "--seeds", "0") == 1
    out = capfd.readouterr().out
    assert "02_b.ipynb is not a notebook" in out and "03_c.ipynb has a cell that is not Python" in out
    assert seeds(place) == [0]


def test_a_file_of_results_that_is_broken_stops_it_before_anything_runs(place, capfd):
    write(place, "01_a", START, CLAIMS)
    (place / "claims").mkdir()
    (place / "claims" / "01_a.json").write_text("{", encoding="utf-8")
    assert sweep(place, "--seeds", "0") == 2
    assert "01_a.json is not JSON" in capfd.readouterr().err
    assert (place / "claims" / "01_a.json").read_text(encoding="utf-8") == "{"


@pytest.mark.parametrize(
    ("text", "found"),
    [("0-3", [0, 1, 2, 3]), ("7", [7]), ("0, 3,11-13", [0, 3, 11, 12, 13]), ("2,2 1-2", [2, 1])],
)
def test_seeds_are_read(text, found):
    assert run.parse_seeds(text) == found


@pytest.mark.parametrize("text", ["", "x", "3-1", "-1", "0-", "2147483648", "1.5", "0-99999"])
def test_what_is_not_a_seed_is_refused(text, place, capfd):
    write(place, "01_a", START)
    with pytest.raises(SystemExit):
        sweep(place, f"--seeds={text}")
    assert "is not a seed" in capfd.readouterr().err


def test_the_address_comes_from_the_environment_or_from_dask(monkeypatch):
    import dask

    monkeypatch.delenv(cluster.ADDRESS, raising=False)
    assert cluster.address() is None
    with dask.config.set({"scheduler-address": "tcp://one:1"}):
        assert cluster.address() == "tcp://one:1"
        monkeypatch.setenv(cluster.ADDRESS, "tcp://two:2")
        assert cluster.address() == "tcp://two:2"


# The course itself on a cluster


def on_cluster(place, *options):
    for name in SET_BY_DASK:  # in this process, for the workers of an earlier call
        os.environ.pop(name, None)
    return course.main(["--notebooks", str(place / "notebooks"), "--out", str(place / "copies"), *options])


def test_executed_copies_are_kept_as_make_course_would_keep_them(place, capfd):
    write(place, "01_a", START, CLAIMS, ALONE)
    assert on_cluster(place) == 0
    ((copy, report),) = records.runs(place / "copies")
    found = records.result(copy, report)
    assert [claim["mark"] for claim in found["claims"]] == ["✓"] * 4
    assert found["seconds"] > 0 and found["machine"] and found["versions"]["keras"]
    assert "4 of 4" in capfd.readouterr().out
    before = copy.read_bytes()
    assert on_cluster(place) == 0
    assert "0 notebooks to run, 1 are up to date" in capfd.readouterr().out and copy.read_bytes() == before
    write(place, "01_a", START, CLAIMS, "again = 1")
    assert on_cluster(place) == 0
    assert "1 notebooks to run" in capfd.readouterr().out and copy.read_bytes() != before


def test_a_false_claim_ends_a_run_of_the_course_and_what_it_left_is_kept(place, capfd):
    write(place, "01_a", START, CLAIMS, 'lesson.claim("Odd", 2, equals=1)', "print('not reached')")
    write(place, "02_b", START, CLAIMS)
    assert on_cluster(place) == 1
    out = capfd.readouterr().out
    assert "01_a: FAILED" in out and "02_b: done" in out and "Odd" in out
    names = {path.name for path in (place / "copies").glob("*.ipynb")}
    assert names == {"01_a.failed.ipynb", "02_b.ipynb"}
    assert not (place / "copies" / "01_a.json").exists()


def test_a_copy_that_was_changed_is_not_overwritten(place):
    write(place, "01_a", START, CLAIMS)
    assert on_cluster(place) == 0
    copy = place / "copies" / "01_a.ipynb"
    copy.write_bytes(copy.read_bytes() + b" ")
    assert on_cluster(place) == 0
    assert copy.with_name("01_a.kept-1.ipynb").read_bytes().endswith(b" ")


def test_the_course_runs_on_a_cluster_by_its_address(place, monkeypatch):
    write(place, "01_a", START, CLAIMS, ALONE)
    port = free_port()
    with scheduler(port), worker(port, place, CNN_DASK_SCHEDULER=f"tcp://127.0.0.1:{port}"):
        monkeypatch.setattr(cluster, "CONNECT", "60s")
        monkeypatch.setenv(cluster.ADDRESS, f"tcp://127.0.0.1:{port}")
        assert on_cluster(place) == 0
    assert len(records.runs(place / "copies")) == 1
