"""What the tests in a browser share: which browser it is, and that its pages ask this machine only.

`make test-browser` and `make test-site` run them in an environment of their own, which has pytest-playwright and none
of the course's packages. A test that fails leaves a picture of its page in build/browser-failures.
"""

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from helpers import owned
from helpers.errors import DataError
from tests.browser import bare, site

FAILURES = Path(__file__).resolve().parents[2] / "build" / "browser-failures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (  # no calls home of the browser's own, and no first-run pages
    "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


def pytest_configure(config):
    """Settings of pytest-playwright."""
    config.option.output = str(FAILURES)
    config.option.screenshot = "only-on-failure"


def pytest_unconfigure(config):
    """Note that the pictures are ours, for `make clean`."""
    if FAILURES.is_dir() and not (FAILURES / owned.MARKER).exists():
        owned.mark(FAILURES)


@pytest.fixture(scope="session", autouse=True)
def delete_output_dir():
    """Remove the pictures of an earlier run, and nothing else: pytest-playwright would empty the folder."""
    with contextlib.suppress(DataError):
        owned.remove(FAILURES)


def find_browser():
    """The browser that CHROMIUM names, or the system's; ends the run with what to install where there is none."""
    named = os.environ.get("CHROMIUM")
    names = (named,) if named else BROWSERS
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.exit(
            f"no browser found ({', '.join(names)}): on Debian and Ubuntu, apt-get install chromium; elsewhere name a "
            "Chromium or Chrome in the environment variable CHROMIUM",
            returncode=1,
        )
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """How Chromium is started: root, whom its sandbox refuses, gets none."""
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": find_browser(), "args": [*sandbox, *QUIET]}


@pytest.fixture(scope="session")
def address():
    """The built site's address on this machine."""
    if not (site.SITE / "index.html").is_file():
        pytest.exit(f"there is no site in {site.SITE}: make site", returncode=1)
    with site.served() as found:
        yield found


@pytest.fixture(scope="session")
def bare_address():
    """The address of the bare page with the live figures (`bare`)."""
    with bare.served() as found:
        yield found


@pytest.fixture
def patient():
    """What is expected of a page may take half a minute: a busy machine lets it wait."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def open_page(new_context):
    """A function that gives a new page which may ask one address only; in the end, none may have asked another."""
    troubles = []

    def open_page(address, **options):
        def let_through(route):
            if route.request.url.startswith((address + "/", "data:", "blob:")):
                route.continue_()
            else:
                troubles.append(f"asks for {route.request.url}")
                route.abort()

        context = new_context(**options)
        context.set_default_timeout(120_000)
        context.route("**/*", let_through)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
        return page

    yield open_page
    assert troubles == []
