"""helpers.notebook.tracebacks: what failed is shown as a notebook would show it, and nothing stops."""

import numpy as np
import pytest

from helpers.notebook import tracebacks


def inner(values):
    return values.sum() / values.count


def outer(values):
    return inner(values) + 1


def test_the_traceback_leads_from_the_call_to_the_failing_line(capsys):
    tracebacks.show(lambda: outer(np.zeros(3)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("AttributeError: 'numpy.ndarray' object has no attribute 'count'")
    text = "\n".join(lines)
    steps = ["tracebacks.show(lambda: outer(", "inner(values) + 1", "values.sum() / values.count"]
    assert sorted(steps, key=text.index) == steps
    assert "_error_of" not in text


def test_what_does_not_fail_says_so(capsys):
    tracebacks.show(lambda: 1)
    assert capsys.readouterr().out == "No error.\n"


def test_a_function_of_pythons_own_can_be_shown(capsys):
    tracebacks.show([].pop)
    assert capsys.readouterr().out.splitlines()[-1] == "IndexError: pop from empty list"


def test_an_error_in_the_lambda_itself_is_shown_too(capsys):
    tracebacks.show(lambda: 1 / 0)
    assert capsys.readouterr().out.endswith("ZeroDivisionError: division by zero\n")


def test_being_interrupted_is_not_swallowed():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracebacks.show(stop)
