"""helpers/training/attempts: notes about runs that outlive the process that made them."""

import gc
import subprocess
import sys
import time

import pytest

from helpers.training import attempts


def test_an_attempt_is_under_way_until_it_is_finished(tmp_path):
    one = attempts.begin(tmp_path / "notes", run=3)
    assert [(attempt.run, attempt.finished) for attempt in attempts.read(tmp_path / "notes")] == [(3, False)]
    time.sleep(0.05)
    one.finish()
    (attempt,) = attempts.read(tmp_path / "notes")
    assert attempt.finished and attempt.ended - attempt.began > 0.03


def test_attempts_at_the_same_run_are_counted(tmp_path):
    assert [attempts.begin(tmp_path, run=run).number for run in (1, 11, 1, 1)] == [1, 1, 2, 3]


def test_what_a_killed_process_noted_stays_and_says_when_it_was_last_seen(tmp_path):
    code = (
        "import sys, time, pathlib, psutil\nfrom helpers.training import attempts\n"
        "attempt = attempts.begin(pathlib.Path(sys.argv[1]), run=0)\n"
        "time.sleep(0.2)\nattempt.seen()\npsutil.Process().kill()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)])
    assert ended.returncode != 0
    attempts.begin(tmp_path, run=0).finish()
    lost, done = attempts.read(tmp_path)
    assert (lost.finished, lost.worker, done.finished, done.worker) == (False, "01", True, "02")
    assert lost.ended - lost.began > 0.15 and lost.ended <= done.began + 0.05


def test_other_files_are_left_out(tmp_path):
    (tmp_path / "a-b-c.json").touch()
    assert attempts.read(tmp_path) == []


def test_a_run_has_a_whole_number(tmp_path):
    with pytest.raises(ValueError, match="run must be"):
        attempts.begin(tmp_path, run=-1)


def test_scratch_gives_new_folders_and_removes_them_at_the_end(tmp_path):
    scratch = attempts.Scratch(tmp_path)
    one, other = scratch.new_folder(), scratch.new_folder()
    assert one != other and one.is_dir() and not list(one.iterdir())
    (one / "file").touch()
    del scratch
    gc.collect()
    assert list(tmp_path.iterdir()) == []
