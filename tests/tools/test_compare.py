"""tools.notebooks.compare: an executed copy is compared with the stored outputs as nbval compares them."""

import copy
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbval.plugin import IPyNbCell, coalesce_streams, nocolors

from tools.notebooks import compare
from tools.notebooks.files import CHECKED


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def value(count=1, **data):
    return new_output("execute_result", data=data, execution_count=count)


def rich(**data):
    return new_output(
        "display_data", data={kind.replace("_", "/"): content for kind, content in data.items()}
    )


PAIRS = [  # stored, executed, whether they count as equal
    ([stream("a\n")], [stream("a\n")], True),
    ([stream("a\nb\n")], [stream("a\n"), stream("b\n")], True),
    ([stream("a\n")], [stream("b\n")], False),
    ([stream("a\n")], [], False),
    ([], [stream("a\n")], False),
    ([stream("a\n")], [stream("a\n", name="stderr")], False),
    ([stream("a\n")], [stream("a\n"), stream("warning", name="stderr")], False),
    ([rich(text_plain="2")], [rich(text_plain="3")], False),
    ([value(1, **{"text/plain": "2"})], [value(7, **{"text/plain": "2"})], True),
    ([rich(image_png="AAAA", text_plain="x")], [rich(image_png="BBBB", text_plain="x")], True),
    ([rich(text_plain="x")], [rich(text_plain="x", text_html="x")], False),
    ([rich(text_plain="x"), rich(text_plain="y")], [rich(text_plain="y"), rich(text_plain="x")], False),
    ([rich(text_plain="x"), stream("a")], [stream("a"), rich(text_plain="x")], True),
    ([stream("10%\r100%\n")], [stream("100%\n")], True),
    ([rich(text_html="x")], [rich(text_html="x"), rich(text_html="x")], False),
]


@pytest.mark.parametrize(("stored", "executed", "equal"), PAIRS)
def test_what_counts_as_equal_is_what_nbval_says(stored, executed, equal):
    assert (compare.shown(stored) == compare.shown(executed)) == equal
    cell = IPyNbCell.__new__(IPyNbCell)  # nbval's own comparison, without a kernel around it
    cell.colors, cell.config = nocolors, None
    cell.parent = SimpleNamespace(skip_compare=tuple(compare.PASSED_OVER), sanitize_patterns={})
    cell.format_output_compare = lambda *_: None
    ours = [coalesce_streams(copy.deepcopy(outputs)) for outputs in (executed, stored)]
    assert cell.compare_outputs(*ours) == equal


def notebook(output, *, count=1, tags=(CHECKED,), source="x"):
    cell = new_code_cell(source, id="shapes", outputs=[stream(output)], execution_count=count)
    cell.metadata = nbformat.from_dict({"tags": list(tags)})
    return new_notebook(cells=[cell])


def test_a_changed_output_names_its_cell_and_shows_both():
    (found,) = compare.differences(notebook("(28, 28)\n"), notebook("(27, 27)\n"))
    assert "cell shapes: its output differs" in found
    assert "-[stdout] (28, 28)" in found and "+[stdout] (27, 27)" in found
    assert compare.differences(notebook("(28, 28)\n"), notebook("(28, 28)\n")) == []


def test_only_checked_cells_count_and_a_comment_checks_too():
    assert compare.differences(notebook("a", tags=["other"]), notebook("b", tags=["other"])) == []
    comment = {"tags": [], "source": "# NBVAL_CHECK_OUTPUT\nx"}
    assert compare.differences(notebook("a", **comment), notebook("b", **comment))


def test_other_code_and_a_cell_that_was_never_run_are_differences():
    assert "other code" in compare.differences(notebook("a"), notebook("a", source="y"))[0]
    assert "other code" in compare.differences(notebook("a"), new_notebook())[0]
    assert "make outputs" in compare.differences(notebook("a", count=None), notebook("a"))[0]
