"""Execute notebooks in `quick` and store them with their outputs, normalized, in notebooks/.

`make outputs` calls this (`make outputs ONLY=02` for one). TensorFlow gets one thread, so that what is stored does
not depend on how many cores the machine has. A notebook whose run fails, warns or prints a path of this machine is
left as it was; so is one that somebody changed while it ran.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

import nbformat

from helpers import owned, paths
from helpers.widgets.modules import MIME
from tools.notebooks.files import PICTURE, ROOT, code_cells, find_failure, fingerprint, read, readme_picture
from tools.notebooks.one import environment, run
from tools.notebooks.run import plain_output
from tools.selection import NOTEBOOKS, chosen

_BYTES = ("image/png", MIME)  # pictures, and the arrays of live figures: in base64 "/tmp" can come by chance
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def normalize(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep what a reader sees and drop what changes from run to run; note whose output each output is."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        kept = {"tags": cell.metadata.get("tags", [])}
        if cell.metadata.get("jupyter", {}).get("source_hidden"):  # code that is not the lesson, folded away
            kept["jupyter"] = {"source_hidden": True}
        cell.metadata = nbformat.from_dict({name: value for name, value in kept.items() if value})
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
        cell.metadata["output_of"] = fingerprint(cell.source)
    return notebook


def merge_streams(outputs: list) -> list:
    """Join neighboring pieces of the same stream: where they are cut depends on timing."""
    merged = []
    for output in outputs:
        same = merged and output.output_type == "stream" == merged[-1].output_type
        if same and merged[-1].name == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    """What must not be stored: errors, anything on standard error, paths of this machine."""
    found = [find_failure(notebook)] if find_failure(notebook) else []
    places = (ROOT, paths.home(), Path(tempfile.gettempdir()))
    here = "|".join(re.escape(str(place)) for place in places if len(place.parts) > 1)
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                found.append(f"cell {cell.id} wrote to standard error: {output.text[:200]}")
            data = output.get("data", {})
            text = str({kind: content for kind, content in data.items() if kind not in _BYTES})
            if re.search(here, text + output.get("text", "")):
                found.append(f"cell {cell.id} shows a path of this machine")
    return found


def refresh(path: Path) -> list[str]:
    """Execute one notebook and store it; return what was wrong, in which case nothing was stored."""
    before = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        result = run(path, copy, environment("quick", threads=1))
        if result.failure:
            return [result.failure]
        executed = read(copy)
    if found := complaints(executed):
        return found
    if path.read_bytes() != before or not same_cells(read(path), executed):
        return ["it was changed while it ran, and what was changed is kept; store it again"]
    owned.write_whole(path, (nbformat.writes(normalize(executed)).rstrip("\n") + "\n").encode())
    if path.parent == NOTEBOOKS and (picture := readme_picture(executed)):
        PICTURE.parent.mkdir(exist_ok=True)
        owned.write_whole(PICTURE, picture[0])
    return []


def same_cells(one: nbformat.NotebookNode, other: nbformat.NotebookNode) -> bool:
    """Whether two notebooks have the same cells in the same order: types, ids, tags and texts."""

    def cells(notebook: nbformat.NotebookNode) -> list[tuple]:
        return [
            (cell.cell_type, cell.get("id"), tuple(cell.metadata.get("tags", [])), cell.source)
            for cell in notebook.cells
        ]

    return cells(one) == cells(other)


def main(arguments: list[str] | None = None) -> int:
    plain_output()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument(
        "names", nargs="*", help='notebooks ("02", "02b"), or core, deeper, all; the core lessons without'
    )
    failed = False
    for path in chosen(parser.parse_args(arguments).names):
        print(f"{path.stem} ...", flush=True)
        try:
            found = refresh(path)
        except OSError as error:
            found = [f"it cannot be read or written: {error.strerror or error}"]
        failed |= bool(found)
        print("\n".join([f"  NOT STORED: {text}" for text in found] or ["  stored"]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
