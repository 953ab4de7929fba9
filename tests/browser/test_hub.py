"""Use the hub as a class does: two learners in real browsers, with a real JupyterHub and its proxy, on loopback.

`make test-hub` calls it, and leaves screenshots and hub.log in build/hub-screenshots. Each learner's account is one of
its own only if the hub runs as root, so the tests do too.
"""

import http.client
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import SETTINGS, Lab, Reader
from tools.hub import learners, trial

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "hub-screenshots"
LESSON = "notebooks/01_mlp_and_flattening.ipynb"
LEARNERS = ("anna", "ben")
SECRET = "what Ben wrote"
# Runs code in a new kernel of the learner's and gives what it prints, or its error.
RUN = """async (code) => {
  const session = await window.jupyterapp.serviceManager.sessions.startNew(
    {path: 'test', type: 'console', name: 'test', kernel: {name: 'python3'}});
  const future = session.kernel.requestExecute({code});
  let said = '';
  future.onIOPub = ({content}) => {
    said += content.text ?? (content.ename ? `${content.ename}: ${content.evalue}` : '');
  };
  const died = new Promise((resolve) => session.kernel.statusChanged.connect((_, status) => {
    if (['dead', 'autorestarting', 'restarting'].includes(status)) resolve();
  }));
  const end = await Promise.race([future.done.then(() => '', () => 'kernel died'), died.then(() => 'kernel died')]);
  await session.shutdown();
  return said + end;
}"""

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give each learner an account"
)


@pytest.fixture(scope="module")
def hub():
    SHOTS.mkdir(parents=True, exist_ok=True)
    with trial.running_hub(list(LEARNERS), SHOTS / "hub.log", SETTINGS) as hub:
        yield hub


@pytest.fixture
def log_in(hub, open_page):
    """A function that logs learners in, all at once, and gives the readers who now see JupyterLab."""

    def log_in(*names):
        pages = [open_page(hub.url, viewport={"width": 1300, "height": 900}) for _ in names]
        for name, page in zip(names, pages, strict=True):
            fill_in(hub, page, name, hub.passwords[name])
        return [in_lab(hub, page, name) for name, page in zip(names, pages, strict=True)]

    return log_in


def in_lab(hub, page, name):
    """The reader, once the page shows a notebook; one that an earlier visit opened may lie hidden in front of it."""
    page.wait_for_selector(".jp-Notebook .jp-CodeCell:visible", timeout=1000 * trial.PATIENCE)
    return Reader(page, Lab(f"{hub.url}/user/{name}", hub.start_server(name)), SHOTS)


def fill_in(hub, page, name, password):
    page.goto(f"{hub.url}/hub/login")
    page.locator("#username_input").fill(name)
    page.locator("#password_input").fill(password)
    page.locator("#login_submit").click()


def request(hub, path, method="GET", **headers):
    """Status and text of an answer; the path goes out exactly as it stands here, and no redirect is followed."""
    connection = http.client.HTTPConnection(hub.url.removeprefix("http://"), timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    status, text = answer.status, answer.read().decode(errors="replace")
    connection.close()
    return status, text


def refusal(data):
    """What the hub says instead of starting on this folder."""
    command = [trial.JUPYTERHUB, "--config", ROOT / "deploy" / "jupyterhub_config.py"]
    env = {**os.environ, "CNN_HUB_DATA": str(data), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, env=env, cwd=data.parent, capture_output=True, text=True, timeout=120)
    assert result.returncode != 0
    return result.stdout + result.stderr


def test_a_hub_that_lets_in_nobody_or_too_many_does_not_start(tmp_path):
    data = tmp_path / "data"
    assert "No learner can log in yet" in refusal(data)
    learners.add(data / "learners.json", ["anna"])
    tmp_path.chmod(0o700)
    said = refusal(data)
    assert "Learners' accounts can't enter " in said and "make hub PYTHON=/usr/bin/python3" in said
    learners.remove(data / "learners.json", ["anna"])
    assert "No learner can log in yet" in refusal(data)
    assert not (data / "jupyterhub.sqlite").exists()


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "anna"), ("anna", ""), ("nobody", "x"), ("../ben", "x"), ("anna", "BEN'S")],
)
def test_a_wrong_password_is_refused(hub, open_page, name, password):
    page = open_page(hub.url)
    fill_in(hub, page, name, hub.passwords["ben"] if password == "BEN'S" else password)
    expect(page.locator(".login_error")).to_have_text("Invalid username or password")
    page.screenshot(path=SHOTS / "wrong-password.png")
    page.goto(f"{hub.url}/hub/home")
    expect(page).to_have_url(re.compile("/hub/login"))


def test_two_learners_run_a_lesson_at_once(hub, log_in):
    readers = dict(zip(LEARNERS, log_in(*LEARNERS), strict=True))
    for reader in readers.values():
        reader.begin_all(LESSON)
    assert sorted(hub.servers()) == sorted(LEARNERS)
    for name, reader in readers.items():
        reader.end_all()
        claims = reader.cell("lesson.show_claims()").locator(".jp-OutputArea-output").first
        expect(claims).to_contain_text("✓")
        expect(claims).not_to_contain_text("✗")
        reader.picture(f"{name}-01", reader.cell("lesson.show_claims()"))
    accounts = {hub.home(name).stat().st_uid for name in LEARNERS}
    assert len(accounts) == 2 and 0 not in accounts
    assert {account for account, line in processes() if "ipykernel" in line} >= accounts


def processes():
    """Account and command line of every process."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield folder.stat().st_uid, (folder / "cmdline").read_text()
        except OSError:  # it has just ended
            continue


def test_neither_sees_the_others_files(hub, log_in):
    anna, ben = log_in("anna", "ben")
    written = ben.page.evaluate(RUN, f"open('mine.txt', 'w').write({SECRET!r}); print('written')")
    assert written == "written\n"
    (theirs,) = hub.home("ben").rglob("mine.txt")
    assert SECRET in ben.page.evaluate(RUN, f"print(open({str(theirs)!r}).read())"), "Ben himself can read it"
    for place in (
        theirs,
        hub.data / "learners.json",
        hub.data / "jupyterhub.sqlite",
        hub.data / "cookie_secret",
    ):
        said = anna.page.evaluate(RUN, f"print(open({str(place)!r}, 'rb').read())")
        assert said.startswith("PermissionError"), (place, said)
    for place in (hub.home("ben"), hub.home("ben").parent, hub.data):
        assert anna.page.evaluate(RUN, f"import os; os.listdir({str(place)!r})").startswith("PermissionError")
    found = "import glob; [open(place).read() for place in glob.glob('/proc/*/environ')]"
    assert anna.page.evaluate(RUN, found).startswith("PermissionError"), "where the others' tokens are"
    anna.page.goto(f"{hub.url}/user/ben/lab")
    expect(anna.page.locator("body")).to_contain_text("403")
    anna.page.screenshot(path=SHOTS / "another-learners-server.png")


def test_a_request_without_a_token_is_refused(hub):
    _, bens = hub.start_server("anna"), {"Authorization": f"token {hub.start_server('ben')}"}
    assert request(hub, "/hub/api/users")[0] == 403
    for path in ("api/contents", "api/kernels", f"api/contents/{LESSON}"):
        assert request(hub, f"/user/ben/{path}", **bens)[0] == 200
        assert request(hub, f"/user/anna/{path}")[0] == 403
        assert request(hub, f"/user/anna/{path}", Authorization="token 0123456789abcdef")[0] == 403
        assert request(hub, f"/user/anna/{path}", **bens)[0] == 403
    assert request(hub, "/user/anna/api/kernels", "POST")[0] == 403
    status, text = request(hub, f"/user/anna/files/{LESSON}")
    assert status == 302 and "cells" not in text, "to the login"
    assert request(hub, "/hub/api/users/anna", **bens)[0] in (403, 404)


def test_a_path_that_climbs_out_is_refused(hub):
    anna = {"Authorization": f"token {hub.start_server('anna')}"}
    hub.start_server("ben")
    for way in ("api/contents", "files"):
        status, text = request(hub, f"/user/anna/{way}/{LESSON}", **anna)
        assert status == 200 and "cells" in text, "her own notebook"
    for up in ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//"):
        for place in (
            3 * up + "learners.json",
            9 * up + "etc/passwd",
            2 * up + "ben/course/LICENSE",
            2 * up + "ben",
        ):
            for way in ("api/contents", "files", "static"):
                # The proxy itself takes "../" away, and what is left is no learner's: the hub sends that elsewhere.
                status, text = request(hub, f"/user/anna/{way}/{place}", **anna)
                assert status in (301, 302, 400, 403, 404, 405), (way, place, status)
                assert not re.search(
                    "scrypt|root:|MIT License|learners", text.replace("learners.json", "")
                ), place


def test_a_learner_who_takes_too_much_is_stopped_and_the_other_is_not(hub, log_in):
    anna, ben = log_in("anna", "ben")
    said = anna.page.evaluate(RUN, "block = bytearray(4 * 2**30); print('got it')")
    assert said.startswith("MemoryError"), said
    several = """
import multiprocessing, time
def take(i):
    block = bytearray(1_300 * 2**20); time.sleep(3)
with multiprocessing.get_context('fork').Pool(4) as pool:
    outcome = pool.map_async(take, range(4), 1)
    outcome.wait(25)
print('got it' if outcome.ready() else 'stopped')
"""
    assert "got it" not in anna.page.evaluate(RUN, several), "5.2 GB in four processes"
    cores = """
import os, threading, time
began, used = time.monotonic(), sum(os.times()[:4])
code = 'import time\\nend = time.monotonic() + 4\\nwhile time.monotonic() < end: pass'
import subprocess, sys
for process in [subprocess.Popen([sys.executable, '-c', code]) for _ in range(3)]: process.wait()
print((sum(os.times()[:4]) - used) / (time.monotonic() - began))
"""
    assert float(anna.page.evaluate(RUN, cores)) < 1.15, "one core"
    assert ben.page.evaluate(RUN, "print(1 + 1)") == "2\n"


def test_what_nobody_uses_is_ended(open_page):
    with trial.running_hub(["anna"], SHOTS / "idle.log", SETTINGS, CNN_HUB_IDLE="30") as hub:
        page = open_page(hub.url)
        fill_in(hub, page, "anna", hub.passwords["anna"])
        in_lab(hub, page, "anna")
        page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel")
        assert len(hub.ask("/user/anna/api/kernels")) == 1
        until(lambda: hub.ask("/user/anna/api/kernels") == [], "the kernel ends though its page is open")
        page.close()
        until(lambda: hub.servers() == [], "the server ends when the page is closed")
        account = hub.home("anna").stat().st_uid
        until(
            lambda: not [entry for entry in processes() if entry[0] == account],
            "and with it all that was hers",
        )


def test_what_a_learner_leaves_behind_is_ended_with_the_server(hub):
    """A learner starts a program that outlives the server, and shuts the server down."""
    anna = {"Authorization": f"token {hub.start_server('anna')}"}
    account = hub.home("anna").stat().st_uid
    left = subprocess.Popen(
        ["sleep", "600"], user=account, group=account, extra_groups=[], start_new_session=True
    )
    assert request(hub, "/user/anna/api/shutdown", "POST", **anna)[0] == 200
    until(lambda: "anna" not in hub.servers(), "the server ends")
    assert left.wait(30) == -signal.SIGKILL
    assert not [entry for entry in processes() if entry[0] == account]
    until(lambda: not list(Path("/sys/fs/cgroup").rglob(f"cnn-hub-{account}")), "its control groups are gone")


def until(happens, what, seconds=150):
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, what
        time.sleep(1)


def test_a_learner_who_is_removed_is_let_in_no_longer(open_page):
    with trial.running_hub(["anna", "ben"], SHOTS / "removed.log", SETTINGS) as hub:
        page = open_page(hub.url)
        fill_in(hub, page, "anna", hub.passwords["anna"])
        in_lab(hub, page, "anna")
        learners.remove(hub.data / "learners.json", ["anna"])
        again = open_page(hub.url)
        fill_in(hub, again, "anna", hub.passwords["anna"])
        expect(again.locator(".login_error")).to_have_text("Invalid username or password")
        until(lambda: "/hub/login" in (page.goto(f"{hub.url}/hub/home"), page.url)[1], "her old page, too")
