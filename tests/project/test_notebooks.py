"""The notebooks as files: what every one of them must have, and must not have. Nothing is executed here."""

import ast
import base64
import functools
import re
import statistics
import subprocess
import sys

import nbformat
import pytest

from tools.colab.build import GUARD
from tools.notebooks import files
from tools.notebooks.files import CHECKED, code_cells, count_claims, fingerprint, length, printed
from tools.selection import all_notebooks, is_core, number

ALL = all_notebooks()
read = functools.cache(files.read)
each_notebook = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
PATHS = re.compile(r"(?<![\w.])/(home|root|work|tmp|Users|usr|opt|var|mnt|content)/\w|[A-Z]:\\\\")
WARNING = re.compile(r"\b\w*Warning\b|\bWARNING\b|\bdeprecated\b|/site-packages/")


def text_of(output):
    """Everything of an output that a reader can read."""
    data = output.get("data", {})
    rich = [str(value) for kind, value in data.items() if not kind.startswith("image/")]
    return "\n".join([output.get("text", ""), *rich, *output.get("traceback", [])])


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_there_are_notebooks():
    assert len(ALL) >= 3


@each_notebook
def test_it_is_valid_and_of_the_current_format(path):
    notebook = read(path)
    nbformat.validate(notebook, relax_add_props=False)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert path.read_text(encoding="utf-8").endswith("}\n")


@each_notebook
def test_ids_are_stable_names(path):
    ids = [cell.id for cell in read(path).cells]
    assert len(set(ids)) == len(ids)
    random = [
        name
        for name in ids
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or re.fullmatch("[0-9a-f]{8}", name)
    ]
    assert random == [], "give these cells readable ids such as 'output-size'"


@each_notebook
def test_outputs_belong_to_the_code_beside_them(path):
    cells = code_cells(read(path))
    changed = [cell.id for cell in cells if cell.metadata.get("output_of") != fingerprint(cell.source)]
    assert changed == [], "these cells changed after they were run: make outputs"
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@each_notebook
def test_outputs_hold_no_error_warning_or_path(path):
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", cell.id
            text = text_of(output)
            assert not PATHS.search(text), (cell.id, PATHS.search(text))
            assert not WARNING.search(text), (cell.id, WARNING.search(text))
            assert "0x7f" not in text and " at 0x" not in text, (cell.id, "shows a memory address")


@each_notebook
def test_sources_hold_no_path_and_no_picture_by_address(path):
    for cell in read(path).cells:
        assert not PATHS.search(cell.source), cell.id
        assert not re.search(r"!\[|<img", cell.source), (cell.id, "figures are drawn by code")
        assert "attachments" not in cell, cell.id


@each_notebook
def test_every_figure_has_alt_text(path):
    figures = [
        (cell.id, output)
        for cell in code_cells(read(path))
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert figures
    for name, output in figures:
        alt = output.metadata.get("image/png", {}).get("alt", "")
        assert len(alt.split()) >= 4, (name, "draw it with plots.show(figure, alt=...)")
        width = int.from_bytes(base64.b64decode(output.data["image/png"])[16:20], "big")
        assert width <= 900, (name, f"{width} pixels wide")


@each_notebook
def test_no_widget_is_stored_without_its_state(path):
    kinds = {
        kind for cell in code_cells(read(path)) for output in cell.outputs for kind in output.get("data", {})
    }
    assert not any("widget" in kind for kind in kinds)


@each_notebook
def test_cells_are_short(path):
    lengths = {cell.id: len(cell.source.splitlines()) for cell in code_cells(read(path))}
    assert max(lengths.values()) <= 40, max(lengths, key=lengths.get)
    assert statistics.median(lengths.values()) <= 8


@each_notebook
def test_code_parses(path):
    for cell in code_cells(read(path)):
        ast.parse(cell.source)
        assert cell.source.strip(), cell.id


@each_notebook
def test_it_has_its_parts(path):
    notebook = read(path)
    text = "\n".join(markdown(notebook))
    code = [cell.source for cell in code_cells(notebook)]
    assert notebook.cells[0].source.startswith("# ")
    for part in ("You will learn", "You need", "It takes", "What this notebook showed", "Where to go next"):
        assert part in text, part
    checked = [cell for cell in code_cells(notebook) if CHECKED in cell.metadata.get("tags", [])]
    assert len(checked) >= 5 and all(cell.outputs for cell in checked)
    passed, claims = count_claims(notebook)
    assert claims >= 3 and passed == claims
    assert any(".show_claims()" in source for source in code)


# Lessons that are still to be rewritten: as long as they were.
LONG: set[str] = set()
MOST_LINES_SHOWN = 12  # of a cell that draws


@pytest.mark.parametrize(
    "path", [path for path in ALL if number(path) not in LONG], ids=lambda path: path.stem
)
def test_a_lesson_is_one_sitting(path):
    """00 shows how exercises and quizzes work; a lesson has enough of them to practice. See CONTRIBUTING.md."""
    notebook = read(path)
    found, (_, claims) = length(notebook), count_claims(notebook)
    most = (
        {"words": 2400, "cells": 75, "minutes": 90}
        if is_core(path)
        else {"words": 3000, "cells": 95, "minutes": 120}
    )
    assert {name: getattr(found, name) for name in most if getattr(found, name) > most[name]} == {}
    least_exercises, least_quizzes = (1, 1) if number(path) == "00" else (3, 3) if is_core(path) else (2, 2)
    assert least_exercises <= found.exercises <= 4 and least_quizzes <= found.quizzes <= 5
    assert claims <= (8 if is_core(path) else 10)
    text = "\n".join(markdown(notebook))
    assert re.search(r"\*\*It takes\*\* about (\d+) minutes", text)[1] == str(found.minutes)


@pytest.mark.parametrize(
    "path", [path for path in ALL if number(path) not in LONG], ids=lambda path: path.stem
)
def test_long_code_that_draws_is_folded_away(path):
    shown = [
        cell.id
        for cell in code_cells(read(path))
        if re.search(r"\bplots\.(new_figure|image_grid)\(", cell.source)
        and len(cell.source.splitlines()) > MOST_LINES_SHOWN
        and not cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    assert shown == [], 'fold these away: metadata {"jupyter": {"source_hidden": true}}'


def test_a_missing_helpers_is_explained_where_it_fails():
    """Notebooks that were uploaded without their folder: the line with the remedy must be in each stack trace."""
    firsts = [
        next(cell.source for cell in code_cells(read(path)) if "from helpers" in cell.source) for path in ALL
    ]
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell\n"
        "sys.modules['helpers'] = None; shell = InteractiveShell.instance(colors='NoColor')\n"
        f"for first in {firsts!r}:\n    print('NEXT'); shell.run_cell(first)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8").stdout
    _, *traces = shown.split("NEXT\n")
    for path, trace in zip(ALL, traces, strict=True):
        assert "ModuleNotFoundError" in trace, path.stem
        (line,) = (line for line in trace.splitlines() if GUARD in line)
        assert "`make lab`" in line and "`make colab`" in line, path.stem


@each_notebook
def test_the_profile_comes_from_its_parameters_cell(path):
    cells = [cell for cell in code_cells(read(path)) if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.source for cell in cells] == [
        'PROFILE = os.environ.get("CNN_PROFILE", "quick")  # "quick" or "full"'
    ]


@each_notebook
def test_checked_outputs_hold_no_measured_times(path):
    for cell in code_cells(read(path)):
        if CHECKED in cell.metadata.get("tags", []):
            assert not re.search(r"\d(\.\d+)? (s|seconds|ms)\b", printed(cell)), cell.id


@each_notebook
def test_prose_is_one_sentence_a_line(path):
    for source in markdown(read(path)):
        for line in re.sub(r"```.*?```", "", source, flags=re.DOTALL).splitlines():
            if line.startswith(("|", "#", "    ")):
                continue
            plain = re.sub(r"`[^`]*`|\$[^$]*\$|\([^)]*\)|\*\*[^*]*\*\*|\d\. ", "", line)
            ends = re.findall(r"[a-z)]{2,}[.?!] [A-Z]", plain)
            assert len(ends) <= 1, line


@each_notebook
def test_files_are_small(path):
    assert path.stat().st_size < 1_000_000
