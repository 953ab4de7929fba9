"""Execute notebooks in `quick` and store them with their outputs, normalised, in notebooks/.

`make outputs` calls this (`make outputs ONLY=02` for one). TensorFlow gets one thread, so that what is stored does
not depend on how many cores the machine has. A notebook whose run fails, warns or prints a
path of this machine is left as it was.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from tools.notebooks.files import (
    NOTEBOOKS,
    PICTURE,
    ROOT,
    chosen,
    code_cells,
    find_failure,
    fingerprint,
    read,
    readme_picture,
)
from tools.notebooks.run import environment

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep what a reader sees and drop what changes from run to run; note whose output each output is."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
        cell.metadata["output_of"] = fingerprint(cell.source)
    return notebook


def merge_streams(outputs: list) -> list:
    """Join neighbouring pieces of the same stream: where they are cut depends on timing."""
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
    places = [
        re.escape(str(place))
        for place in (ROOT, Path.home(), Path(tempfile.gettempdir()))
        if len(place.parts) > 1
    ]
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                found.append(f"cell {cell.id} wrote to standard error: {output.text[:200]}")
            text = str({kind: data for kind, data in output.get("data", {}).items() if kind != "image/png"})
            if re.search("|".join(places), text + output.get("text", "")):
                found.append(f"cell {cell.id} shows a path of this machine")
    return found


def refresh(path: Path) -> list[str]:
    """Execute one notebook and store it; return what was wrong, in which case nothing was stored."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        command = [
            sys.executable,
            "-m",
            "papermill",
            "--kernel",
            "python3",
            "--cwd",
            str(path.parent),
            str(path),
            str(copy),
        ]
        run = subprocess.run(
            command, env=environment("quick", jobs=os.cpu_count() or 1), capture_output=True, text=True
        )
        if not copy.exists():
            return [run.stderr[-1000:]]
        notebook = read(copy)
    # A failed run is prefixed by papermill with cells of its own; it is not stored, so they do not matter.
    if found := complaints(notebook) or ([run.stderr[-1000:]] if run.returncode else []):
        return found
    part = path.with_suffix(".part")
    nbformat.write(normalise(notebook), part)
    part.replace(path)
    if path.parent == NOTEBOOKS and (picture := readme_picture(notebook)):
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(picture[0])
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help='notebooks to refresh, for example "02"; all without')
    failed = False
    for path in chosen(parser.parse_args().names):
        print(f"{path.stem} ...", flush=True)
        found = refresh(path)
        failed |= bool(found)
        print("\n".join([f"  NOT STORED: {text}" for text in found] or ["  stored"]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
