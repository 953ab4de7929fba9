"""The files for containers and for Kubernetes, read as files: no engine has built or started them here."""

import json
import os
import re
import shlex
import tomllib

import pytest
import yaml

from helpers.paths import ROOT
from tools.hub import start

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LAST_PYTHON = int(re.search(r"<3\.(\d+)", PROJECT["requires-python"])[1]) - 1
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
HUB_LOCK = (ROOT / "requirements-hub.lock").read_text(encoding="utf-8")
VALUES = yaml.safe_load((ROOT / "deploy" / "zero-to-jupyterhub.yaml").read_text(encoding="utf-8"))


def instructions():
    """The Dockerfile's instructions in order: a word, and the rest as one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def pins(lock):
    return set(re.findall(r"^([a-z0-9._-]+==[^ ;\\]+)", lock, re.MULTILINE))


def test_the_image_has_one_python_that_the_course_allows():
    base = [rest for word, rest in instructions() if word == "FROM"]
    assert base == [f"python:3.{LAST_PYTHON}-slim-trixie"]
    assert (ROOT / ".binder" / "runtime.txt").read_text().strip() == f"python-3.{LAST_PYTHON}"


def test_the_images_packages_are_those_of_the_lock_with_their_hashes():
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    (command,) = installs
    assert "--require-hashes --requirement /srv/requirements-hub.lock" in command
    assert pins(LOCK) < pins(HUB_LOCK), "what the course has, and JupyterHub"
    named = re.findall(r"pip uninstall --yes (\S+)", command)
    assert len(named) == 1 and any(pin.startswith(f"{named[0]}==") for pin in pins(HUB_LOCK))


def test_the_hubs_lock_is_the_courses_with_jupyterhub_on_top():
    """`.venv-hub` takes what `.venv` has, so the two must have the same versions."""
    more = {pin.partition("==")[0] for pin in pins(HUB_LOCK) - pins(LOCK)}
    wanted = {re.split("[<>=;]", entry)[0] for entry in PROJECT["optional-dependencies"]["hub"]}
    assert wanted <= more and not more & {pin.partition("==")[0] for pin in pins(LOCK)}
    assert "jupyterhub==" not in LOCK, "a learner at home needs none of it"


def test_the_proxys_packages_are_locked_with_hashes_and_without_addresses():
    folder = ROOT / "deploy" / "proxy"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages.pop("")["dependencies"] == wanted
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-") and "resolved" not in package, name
        assert "hasInstallScript" not in package, "npm runs none of them"


def test_the_image_runs_as_a_user_who_is_not_root_from_before_its_first_command():
    words = [word for word, _ in instructions()]
    users = [rest for word, rest in instructions() if word == "USER"]
    assert users == ["1000"], "a number: Kubernetes can't tell whose name is root's"
    assert "useradd --create-home --uid 1000 --gid users learner" in " ".join(
        rest for _, rest in instructions()
    )
    after = words[words.index("USER") :]
    assert "RUN" not in after and "COPY" not in after, "so /srv/course is root's"


def test_what_the_image_copies_is_there_is_let_through_and_is_enough():
    copied = [shlex.split(rest) for word, rest in instructions() if word == "COPY"]
    sources = [source for *names, _ in copied for source in names]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source.split('/')[0]}" in ignored, source
    assert {*start.COPIED, "requirements-hub.lock", "tools/hub/start.py"} == set(sources)
    targets = {source: target for *names, target in copied for source in names}
    assert targets["notebooks"] == "/srv/course/notebooks" and targets["helpers"] == "/srv/course/helpers"
    assert targets["tools/hub/start.py"] == "/srv/course/tools/hub/"


def test_the_image_starts_the_course_with_a_token():
    (entry,) = [json.loads(rest) for word, rest in instructions() if word == "ENTRYPOINT"]
    (command,) = [json.loads(rest) for word, rest in instructions() if word == "CMD"]
    assert entry[-2:] == ["-m", "tools.hub.start"] and command[:2] == ["jupyter", "lab"]
    assert not any(
        word in " ".join(command).lower() for word in ("token", "password", "allow-root", "allow_origin")
    )
    (opened,) = [word.partition("/lab/tree/")[2] for word in command if "/lab/tree/" in word]
    assert (ROOT / opened).is_file()


def test_binder_installs_the_lock_and_then_the_helpers():
    folder = ROOT / ".binder"
    lines = (folder / "requirements.txt").read_text().splitlines()
    (line,) = [line for line in lines if line and not line.startswith("#")]
    option, _, path = line.partition(" ")
    assert option == "-r" and (folder / path).resolve() == ROOT / "requirements.lock"
    script = (folder / "postBuild").read_text()
    assert script.startswith("#!/bin/bash\n") and "set -euo pipefail" in script
    assert "--no-deps --no-build-isolation --no-index --editable ." in script
    assert os.name == "nt" or os.access(folder / "postBuild", os.X_OK)


def test_the_development_container_is_the_same_image_and_not_root():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / container["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (ROOT / ".devcontainer" / container["build"]["context"]).resolve() == ROOT
    assert container["remoteUser"] == "learner"
    assert container["containerEnv"] == {"PYTHONPATH": "${containerWorkspaceFolder}"}
    for opened in container["customizations"]["codespaces"]["openFiles"]:
        assert (ROOT / opened).is_file()


# Kubernetes. What the chart's own schema demands was checked by hand (docs/hub.md); these hold what it can't know.


def test_the_charts_own_authenticator_which_takes_any_password_is_not_used():
    config = VALUES["hub"]["config"]
    module, _, name = config["JupyterHub"]["authenticator_class"].rpartition(".")
    source = (ROOT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
    assert f"class {name}(Authenticator)" in source
    assert config["JupyterHub"]["admin_access"] is False
    mounted = {entry["mountPath"] for entry in VALUES["hub"]["extraFiles"].values()}
    base = VALUES["hub"]["extraEnv"]["PYTHONPATH"]
    needed = {f"{base}/tools/hub/authenticator.py", f"{base}/tools/hub/learners.py", config[name]["file"]}
    assert mounted == needed, "the class, what it imports, and the teacher's file"
    own = re.findall(r"^from (?:tools|helpers)\S* import .*", source, re.MULTILINE)
    assert own == ["from tools.hub import learners"]
    code = (ROOT / "tools" / "hub" / "learners.py").read_text(encoding="utf-8")
    assert not re.search(r"^(?:from|import) (?:tools|helpers)", code, re.MULTILINE)


def test_the_command_of_the_page_gives_each_of_the_hubs_files():
    page = (ROOT / "docs" / "hub.md").read_text(encoding="utf-8")
    given = dict(re.findall(r"--set-file hub\.extraFiles\.(\w+)\.stringData=(\S+)", page))
    assert set(given) == set(VALUES["hub"]["extraFiles"])
    for name, file in given.items():
        assert VALUES["hub"]["extraFiles"][name]["mountPath"].endswith(file.removeprefix("hub-data/"))
        assert file.startswith("hub-data/") or (ROOT / file).is_file()


def test_a_learner_on_kubernetes_is_who_the_image_says_and_has_limits():
    user = VALUES["singleuser"]
    assert user["uid"] == 1000 and user["allowPrivilegeEscalation"] is False
    assert user["storage"]["homeMountPath"] == "/home/learner"
    assert user["cmd"][-3:] == ["-m", "tools.hub.start", "jupyterhub-singleuser"]
    assert user["networkPolicy"]["enabled"] is True and VALUES["proxy"]["https"]["enabled"] is True
    assert VALUES["cull"]["enabled"] is True
    assert user["cpu"]["guarantee"] < user["cpu"]["limit"] == 1
    assert (ROOT / user["defaultUrl"].removeprefix("/lab/tree/")).is_file()


@pytest.mark.parametrize("figure", ["limit", "guarantee"])
def test_the_memory_on_kubernetes_is_what_the_measurement_needs(figure):
    measured = json.loads((ROOT / "results" / "hub-learner.json").read_text(encoding="utf-8"))
    megabytes = 1000 * float(VALUES["singleuser"]["memory"][figure].removesuffix("G"))
    lessons = measured["lessons"].values()
    most = max(lesson["peak_mb" if figure == "limit" else "afterwards_mb"] for lesson in lessons)
    assert megabytes > 1.048576 * most
