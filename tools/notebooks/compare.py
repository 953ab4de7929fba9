"""Compare an executed copy with the outputs that are stored in the notebook, as nbval does when it runs one itself.

So a notebook that `make course` has just run need not be run again by `make test`. What counts is nbval's: cells
tagged nbval-check-output, their text but not their pictures, streams joined.
"""

import copy
import difflib
from collections import defaultdict
from collections.abc import Iterable

import nbformat
from nbval.plugin import (
    coalesce_streams,
    find_comment_markers,
    find_metadata_tags,
    transform_streams_for_comparison,
)

from tools.notebooks.files import code_cells

# As in nbval's IPyNbFile: numbers of cells, pictures, and names that are random.
PASSED_OVER = {
    "metadata", "traceback", "prompt_number", "output_type", "name", "execution_count",
    "application/vnd.jupyter.widget-view+json", "image/png", "image/jpeg",
}  # fmt: skip


def is_checked(cell: nbformat.NotebookNode) -> bool:
    """Whether nbval compares this cell's output, by its tag or by a comment in it."""
    options = {**dict(find_metadata_tags(cell.metadata)), **dict(find_comment_markers(cell.source))}
    return bool(options.get("check")) and not options.get("skip")


def shown(outputs: Iterable[nbformat.NotebookNode]) -> dict[str, list]:
    """What of a cell's outputs is compared: kind (a stream's name, a MIME type) → everything of it, in order."""
    found = defaultdict(list)
    for output in transform_streams_for_comparison(coalesce_streams(copy.deepcopy(list(outputs)))):
        for key, value in {**output, **output.get("data", {})}.items():
            if key != "data" and key not in PASSED_OVER:
                found[key].append(value)
    return dict(found)


def differences(stored: nbformat.NotebookNode, executed: nbformat.NotebookNode) -> list[str]:
    """Every checked cell whose output in `executed` is another than in `stored`: its id, and a diff of its text.

    A checked cell that is stored without having been run is one as well. Empty if all is as stored.
    """
    found = []
    pairs = {cell.get("id"): cell for cell in code_cells(executed)}
    for cell in filter(is_checked, code_cells(stored)):
        other = pairs.get(cell.get("id"))
        if other is None or other.source != cell.source:
            found.append(f"cell {cell.get('id')}: the executed copy has other code")
        elif cell.execution_count is None:
            found.append(f"cell {cell.get('id')}: it is stored without output; run make outputs")
        elif (was := shown(cell.outputs)) != (now := shown(other.outputs)):
            lines = difflib.unified_diff(_lines(was), _lines(now), "stored", "executed", n=1, lineterm="")
            found.append(f"cell {cell.get('id')}: its output differs\n" + "\n".join(lines))
    return found


def _lines(outputs: dict[str, list]) -> list[str]:
    texts = [f"[{kind}] {value}" for kind in sorted(outputs) for value in outputs[kind]]
    return [line for text in texts for line in text.splitlines()]
