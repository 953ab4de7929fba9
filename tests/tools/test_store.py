"""tools.notebooks.store: what is stored, and what is refused."""

import copy
import os
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.widgets.modules import MIME
from tools.notebooks import files, store


def executed():
    first = new_code_cell("1 + 1", id="sum", execution_count=7)
    first.metadata = nbformat.from_dict(
        {
            "tags": ["a"],
            "jupyter": {"source_hidden": True, "outputs_hidden": True},
            "papermill": {"duration": 1.5},
        }
    )
    first.outputs = [
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stdout", text="b\n"),
        new_output("execute_result", data={"text/plain": "2"}, execution_count=7),
    ]
    cells = [new_markdown_cell("# t", id="t", metadata={"papermill": {}}), first]
    return new_notebook(
        cells=cells,
        metadata={"papermill": {"duration": 3}, "language_info": {"name": "python", "version": "3.11.7"}},
    )


def test_normalizing_keeps_the_lesson_and_drops_the_run():
    notebook = store.normalize(executed())
    cell = notebook.cells[1]
    assert cell.execution_count == cell.outputs[1].execution_count == 1
    hidden = {"source_hidden": True}  # code folded away stays so; an output does not
    assert cell.metadata == {"tags": ["a"], "jupyter": hidden, "output_of": files.fingerprint("1 + 1")}
    assert [output.get("text") for output in cell.outputs] == ["a\nb\n", None]
    assert "3.11.7" not in str(notebook) and "papermill" not in str(notebook)
    nbformat.validate(notebook)
    assert store.normalize(copy.deepcopy(notebook)) == notebook


def test_the_settings_of_a_live_figure_are_stored_as_they_are():
    notebook = executed()
    packed = (
        "ab" + str(Path(tempfile.gettempdir())) + "cd"
    )  # base64 knows slashes, so this can come by chance
    settings = {"figure": "convolution", "settings": {"images": [{"shape": [2], "data": packed}], "size": 3}}
    data = {MIME: settings, "image/png": "iVBORw0K", "text/plain": "[figure: an eye and its edges]"}
    output = new_output("display_data", data=data, metadata={"image/png": {"alt": "an eye and its edges"}})
    notebook.cells[1].outputs.append(output)
    assert store.complaints(notebook) == []
    written = nbformat.writes(store.normalize(notebook))
    nbformat.validate(nbformat.reads(written, as_version=4))
    assert nbformat.reads(written, as_version=4).cells[1].outputs[-1].data == data


def test_without_a_home_folder_notebooks_can_be_stored_too(monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as it is where nothing names one
    assert store.complaints(executed()) == []


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        (new_output("stream", name="stderr", text="FutureWarning: x"), "standard error"),
        (
            new_output("stream", name="stdout", text=f"saved {store.ROOT / 'x'}"),
            "path of this machine",
        ),
        (new_output("display_data", data={"text/html": str(Path.home() / "x")}), "path of this machine"),
        (new_output("error", ename="ValueError", evalue="no", traceback=[]), "ValueError: no"),
    ],
)
def test_what_must_not_be_stored_is_noticed(output, complaint):
    notebook = executed()
    assert store.complaints(notebook) == []
    notebook.cells[1].outputs.append(output)
    (found,) = store.complaints(notebook)
    assert complaint in found and "sum" in found


def write(path, *sources):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)
    return path


def test_a_notebook_is_stored_with_its_outputs_and_nothing_else_is_touched(tmp_path):
    path = write(tmp_path / "01_x.ipynb", "print('hello')", "'a file'")
    (tmp_path / "01_x.part").write_text("mine", encoding="utf-8")
    assert store.refresh(path) == []
    first, second = files.read(path).cells
    assert first.outputs[0].text == "hello\n" and (first.execution_count, second.execution_count) == (1, 2)
    assert path.read_text(encoding="utf-8").endswith("}\n")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["01_x.ipynb", "01_x.part"]


def test_a_failing_notebook_is_left_as_it_was(tmp_path):
    path = write(tmp_path / "01_x.ipynb", "import sys\nsys.exit(0)", "1 + 1")
    before = path.read_bytes()
    assert "cell 1 (cell-0): import sys\nSystemExit: 0" in store.refresh(path)[0]
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["01_x.ipynb"]


def test_what_was_written_into_the_notebook_while_it_ran_is_kept(tmp_path):
    edit = "from pathlib import Path\np = Path('01_x.ipynb')\n_ = p.write_bytes(p.read_bytes().replace(b'A ', b'My '))"
    path = write(tmp_path / "01_x.ipynb", edit, "'A title'")
    assert "changed while it ran" in store.refresh(path)[0]
    kept = files.read(path).cells
    assert kept[1].source == "'My title'" and kept[1].outputs == []


def test_the_same_cells_means_types_ids_tags_and_texts():
    one = executed()
    assert store.same_cells(one, store.normalize(copy.deepcopy(one)))
    for change in ({"source": "1 + 2"}, {"id": "other"}, {"metadata": {"tags": ["b"]}}):
        other = copy.deepcopy(one)
        other.cells[1].update(nbformat.from_dict(change))
        assert not store.same_cells(one, other)
    assert not store.same_cells(one, new_notebook(cells=one.cells[:1]))
