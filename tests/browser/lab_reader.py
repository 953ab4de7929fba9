"""A reader at the page for tests/browser/browser_test.py: opens notebooks, runs cells, types, and takes pictures."""

import re
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, Request, Route, TimeoutError

from tests.browser.lab_server import Lab

UNFINISHED = """
[...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]
  .filter((cell) => cell.querySelector('.cm-content')?.textContent.trim() !== '')
  .filter((cell) => !/^\\[\\d+\\]:$/.test(cell.querySelector('.jp-InputPrompt').textContent.trim())).length
"""
ERRORS = """
[...document.querySelectorAll('.jp-OutputArea-output')]
  .filter((area) => ['application/vnd.jupyter.error', 'application/vnd.jupyter.stderr'].includes(area.dataset.mimeType))
  .map((area) => area.innerText)
"""


class Failure(Exception):
    """Something in the page is not as it should be."""


class Reader:
    """Someone at the page: opens notebooks, runs cells, types, and takes pictures."""

    def __init__(self, page: Page, lab: Lab, shots: Path, patience: float) -> None:
        self.page, self.lab, self.shots, self.patience = page, lab, shots, patience
        self.abroad: list[str] = []  # requests that wanted to leave this machine
        page.route("**/*", self._guard)

    def _guard(self, route: Route, request: Request) -> None:
        if request.url.startswith((self.lab.url, "data:", "blob:")):
            route.continue_()
        else:
            self.abroad.append(request.url)
            route.abort()

    def open(self, name: str) -> None:
        """Open a notebook and wait for its kernel."""
        self.page.goto(f"{self.lab.url}/lab/tree/{name}?token={self.lab.token}&reset")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        # Before the kernel answers, Run All does nothing, and the page says so only in its status bar.
        self.wait(
            "the kernel", "() => /\\| Idle/.test(document.querySelector('#jp-main-statusbar')?.innerText)"
        )

    def run_all(self) -> float:
        """Run → Run All Cells, wait for the end, and return the seconds; no cell may show an error."""
        began = time.monotonic()
        self.page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        self.page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells$")).click()
        self.wait("every cell to finish", f"() => ({UNFINISHED}) === 0 || ({ERRORS}).length > 0")
        errors = self.page.evaluate(ERRORS)
        if errors:
            raise Failure(
                f"{len(errors)} cells show an error or write to standard error, the first:\n{errors[0][:800]}"
            )
        return time.monotonic() - began

    def wait(self, what: str, condition: str, argument: object = None) -> None:
        """Wait until a JavaScript function returns something true."""
        try:
            self.page.wait_for_function(condition, arg=argument, timeout=1000 * self.patience, polling=500)
        except TimeoutError:
            raise Failure(f"waited {self.patience:.0f} s for {what}") from None

    def cell(self, text: str) -> Locator:
        """The only code cell that holds this text."""
        found = self.page.locator(".jp-Notebook .jp-CodeCell").filter(
            has=self.page.locator(".cm-content", has_text=text)
        )
        if found.count() != 1:
            raise Failure(f"{found.count()} cells hold {text!r}, and it should be one")
        return found

    def answer(self, text: str, code: str) -> str:
        """Type `code` into the cell that holds `text`, run it, and return what it then says."""
        cell = self.cell(text)
        area = cell.locator(".jp-OutputArea").first
        before = area.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")
        told = "([area, old]) => area.innerText.trim() && area.innerText !== old"
        self.wait("the answer", told, [area.element_handle(), before])
        return area.inner_text().strip()

    def picture(self, name: str, at: Locator | None = None) -> None:
        """A screenshot of what is on the screen, scrolled to `at`."""
        if at is not None:
            at.scroll_into_view_if_needed()
            self.page.wait_for_timeout(300)
        self.page.screenshot(path=self.shots / f"{name}.png")


def expect(found: str, start: str) -> None:
    """Raise `Failure` unless the text begins so."""
    if not found.startswith(start):
        raise Failure(f"expected {start!r}, and the page says {found!r}")
