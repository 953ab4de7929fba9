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
    tracebacks.summary(lambda: 1)
    assert capsys.readouterr().out == "No error.\nNo error.\n"


def test_of_a_long_one_the_callers_lowest_line_and_the_end_are_told(capsys):
    tracebacks.summary(lambda: outer(None))
    first, yours, last = capsys.readouterr().out.splitlines()
    assert first.startswith("[") and "lines of traceback" in first
    assert yours == "your line: return values.sum() / values.count"
    assert last == "the end:   AttributeError: 'NoneType' object has no attribute 'sum'"
    tracebacks.summary(lambda: np.linalg.inv(np.zeros((2, 3))))  # fails inside NumPy
    assert "your line: tracebacks.summary(lambda: np.linalg.inv" in capsys.readouterr().out


def test_a_function_of_pythons_own_has_no_line_to_show(capsys):
    tracebacks.summary([].pop)
    tracebacks.show([].pop)
    first, last, *_, shown = capsys.readouterr().out.splitlines()
    assert "lines of traceback" in first and last == "the end:   IndexError: pop from empty list"
    assert shown == "IndexError: pop from empty list"


def test_an_error_in_the_lambda_itself_is_shown_too(capsys):
    tracebacks.show(lambda: 1 / 0)
    assert capsys.readouterr().out.endswith("ZeroDivisionError: division by zero\n")


def test_being_interrupted_is_not_swallowed():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracebacks.show(stop)
