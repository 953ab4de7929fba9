"""helpers.notebook.frontend: who is watching, and printing that never fails."""

import io
import sys
from types import SimpleNamespace

import pytest

from helpers.notebook import frontend


@pytest.fixture
def shell(monkeypatch):
    """Put a front end in place of this test's: a kernel that can or can't ask, a terminal (None), or no IPython."""
    monkeypatch.delenv("CNN_LIVE", raising=False)

    def put(running):
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: running))

    return put


@pytest.mark.parametrize(
    ("running", "live"),
    [
        (None, False),  # a script that has imported IPython
        (SimpleNamespace(), False),  # IPython in a terminal
        (SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=True)), True),  # JupyterLab, VS Code, Colab
        (SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=False)), False),  # papermill, nbval
        (SimpleNamespace(kernel=None), False),
    ],
)
def test_someone_watches_where_a_kernel_may_ask(shell, running, live):
    shell(running)
    assert frontend.is_live() is live


@pytest.mark.parametrize(
    ("text", "live"), [("1", True), ("Yes", True), ("0", False), ("", None), (" ", None)]
)
def test_a_variable_overrides_it_unless_it_is_empty(shell, monkeypatch, text, live):
    for watched in (True, False):
        shell(SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=watched)))
        monkeypatch.setenv("CNN_LIVE", text)
        assert frontend.is_live() is (watched if live is None else live)


def test_outside_a_notebook_markdown_is_printed(shell, capsys):
    for running in (None, SimpleNamespace()):
        shell(running)
        frontend.show_markdown("| a ✓ |")
    assert capsys.readouterr().out == "| a ✓ |\n" * 2


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "✓ 고양이 → é"),
        ("ascii", "OK ??? -> ?"),
        ("latin-1", "OK ??? -> é"),
        ("cp949", "OK 고양이 → ?"),  # Windows in Korean
    ],
)
def test_printing_does_what_the_terminal_can(monkeypatch, encoding, shown):
    bytes_written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_written, encoding=encoding, newline="\n"))
    frontend.safe_print("✓ 고양이 → é")
    sys.stdout.flush()
    assert bytes_written.getvalue().decode(encoding) == shown + "\n"


def test_a_file_name_that_is_not_text_can_be_printed(monkeypatch):
    bytes_written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_written, encoding="utf-8", newline="\n"))
    frontend.safe_print("b\udcffd ✗")
    sys.stdout.flush()
    assert bytes_written.getvalue().decode("utf-8") == "b?d ✗\n"


def test_without_a_terminal_nothing_is_printed_and_nothing_fails(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    frontend.safe_print("✓")
