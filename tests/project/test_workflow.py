"""The workflow of the code host: when it runs, what it calls, what it keeps, and what it may do."""

import os
import re
import shlex
import tomllib

import pytest
import yaml

from tools.notebooks.files import ROOT

FILE = ROOT / ".github" / "workflows" / "course.yml"
TEXT = FILE.read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
JOBS = WORKFLOW["jobs"]
ALL_STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
INSTALL = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
TOOLS = ("pip", "pytest")  # what Python can run with -m beside our own modules
WEEKLY = "github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'"


def commands(job):
    """Every command of a job, in order, as words."""
    lines = [line for step in JOBS[job]["steps"] if "run" in step for line in step["run"].splitlines()]
    return [shlex.split(line) for line in lines]


def targets(job):
    """What a job asks `make` for, in order."""
    return [target for command in commands(job) if command[0] == "make" for target in command[1:]]


def kept(job):
    """The folders and files that a job uploads, with what it does when there are none."""
    steps = [step for step in JOBS[job]["steps"] if "upload-artifact@" in step.get("uses", "")]
    return {
        path: step["with"].get("if-no-files-found") for step in steps for path in step["with"]["path"].split()
    }


def test_it_runs_on_push_on_pull_requests_every_week_and_on_demand():
    events = WORKFLOW[True]  # YAML 1.1 reads the word `on` as true
    assert set(events) == {"push", "pull_request", "schedule", "workflow_dispatch"}
    assert events["push"] == {"branches": ["main"]}
    (weekly,) = events["schedule"]
    minute, hour, day, month, weekday = weekly["cron"].split()
    assert int(minute) in range(60) and int(hour) in range(24) and int(weekday) in range(7)
    assert (day, month) == ("*", "*")


@pytest.mark.parametrize("job", JOBS)
def test_every_command_exists(job):
    known = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert commands(job)
    for program, *words in commands(job):
        if program == "make":
            assert words and set(words) <= known, f"make has no {set(words) - known}"
        elif program == "python":
            assert (words[0] == "-m" and (ROOT / (words[1].replace(".", "/") + ".py")).is_file()) or words[
                1
            ] in TOOLS
        else:
            assert os.access(ROOT / program, os.X_OK), f"{program} is no script of the project"


def test_the_course_runs_on_every_event_and_takes_the_newest_versions_first_when_weekly():
    job = JOBS["course"]
    assert "if" not in job
    order = [step.get("run") for step in job["steps"] if "run" in step]
    assert order.index("make lock") < order.index(".ci/run") < order.index("make site colab")
    conditions = {step["run"]: step.get("if") for step in job["steps"] if "run" in step}
    assert conditions == {"make lock": WEEKLY, ".ci/run": None, "make site colab": None}


def test_the_site_and_the_colab_files_are_built_and_kept():
    assert {"site", "colab"} <= set(targets("course"))
    assert kept("course")["build/site"] == kept("course")["build/colab"] == "error"


def test_the_oldest_versions_run_weekly():
    assert JOBS["oldest"]["if"] == WEEKLY
    assert targets("oldest") == ["test-floor"]


def test_windows_and_mac_run_what_the_page_on_installing_says_on_every_event():
    job = JOBS["elsewhere"]
    assert "if" not in job and job["strategy"]["fail-fast"] is False
    assert sorted(system.split("-")[0] for system in job["strategy"]["matrix"]["system"]) == [
        "macos",
        "windows",
    ]
    assert all(command[0] == "python" for command in commands("elsewhere")), "neither has make for sure"
    section = INSTALL.split("## On Windows")[1].split("\n## ")[0]
    modules = [command[:3] for command in commands("elsewhere")]
    for line in (" ".join(module) for module in modules):
        assert line in section, f"docs/install.md does not say {line}"
    assert {"--require-hashes", "requirements.lock"} <= set(commands("elsewhere")[0])
    assert commands("elsewhere")[2][2:] == ["tools.notebooks.run", "00", "02"]


def test_the_jobs_run_on_the_first_and_the_last_python_that_is_allowed_and_one_between():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    first, above = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    setups = [(job, step["with"]) for job, step in ALL_STEPS if "setup-python@" in step.get("uses", "")]
    pythons = {job: options["python-version"] for job, options in setups}
    between = pythons.pop("elsewhere")
    assert int(first) < int(between.removeprefix("3.")) < int(above)
    assert pythons == {"course": f"3.{int(above) - 1}", "oldest": f"3.{first}"}
    assert re.search(r"^LAST := (\d+)$", MAKEFILE, re.MULTILINE)[1] == str(int(above) - 1)


def test_it_may_read_the_files_and_nothing_else():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in JOBS.values())
    assert "secrets." not in TEXT and "pull_request_target" not in TEXT
    for _, step in ALL_STEPS:
        if "checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", ""), "what a stranger writes must not become a command"


def test_actions_are_pinned_to_a_commit_with_the_version_beside_it():
    used = re.findall(r"uses: (.*)", TEXT)
    assert len(used) == sum("uses" in step for _, step in ALL_STEPS) > 0
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


@pytest.mark.parametrize("job", JOBS)
def test_every_job_has_a_time_limit_and_a_fixed_system(job):
    assert 0 < JOBS[job]["timeout-minutes"] <= 90
    matrix = JOBS[job].get("strategy", {}).get("matrix", {})
    systems = matrix["system"] if JOBS[job]["runs-on"] == "${{ matrix.system }}" else [JOBS[job]["runs-on"]]
    for system in systems:
        assert re.fullmatch(r"ubuntu-\d\d\.\d\d|windows-\d{4}|macos-\d\d", system)
