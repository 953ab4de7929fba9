"""What the tests of the live figures share."""

import pytest

from helpers.widgets import display


@pytest.fixture
def shown(monkeypatch):
    """What is handed to `display.show`: figure, settings, and what draws the still one."""
    calls = []
    monkeypatch.setattr(display, "show", lambda *arguments: calls.append(arguments))
    return calls
