"""The browser of `make test-browser` and `make test-site`: a Chromium or Chrome that the system has."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (  # no calls home of the browser's own, and no first-run pages
    "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


def find() -> str:
    """The browser named by CHROMIUM, or the system's; raises SystemExit that says what to install."""
    named = os.environ.get("CHROMIUM")
    names = (named,) if named else NAMES
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit(
            f"no browser found ({', '.join(names)}): on Debian and Ubuntu, apt-get install chromium; elsewhere name a "
            "Chromium or Chrome in the environment variable CHROMIUM"
        )
    return found


def launch(playwright: Playwright, executable: str) -> Browser:
    """Start the browser; root, which Chromium refuses to run in its sandbox, gets none."""
    options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=executable, args=[*options, *QUIET])
