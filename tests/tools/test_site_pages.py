"""The web site's pages, before Sphinx sees them: folds, links, figures, downloads."""

import base64
import re

import nbformat
import pytest

from tools.notebooks.files import all_notebooks, read
from tools.site import cells, pages

PAGES = {"01": "01_first.ipynb", "02": "02_second.ipynb", "05": "05_fifth.ipynb"}


def a_notebook():
    """Title, two opening cells of which the last draws, a text, an exercise, its help, a quiz."""
    new = nbformat.v4
    picture = new.new_output(
        "display_data", data={"image/png": base64.b64encode(b"pixels").decode()}, metadata={}
    )
    picture.metadata = {"image/png": {"alt": "Four words at least"}}
    waiting = new.new_output(
        "stream", name="stdout", text="seen\nNot answered yet: put it in place of ____.\n"
    )
    only = new.new_output("stream", name="stdout", text="Not answered yet: put one of a, b.\n")
    return new.new_notebook(
        cells=[
            new.new_markdown_cell("# 02 · Second\n\n*What is it?*\nMore.", id="title"),
            new.new_code_cell("import os", id="set-up"),
            new.new_code_cell("draw()", id="figure", outputs=[picture]),
            new.new_markdown_cell("As notebook 01 says.", id="text"),
            new.new_code_cell("x = ____\nnb01.cost.check(x)", id="answer", outputs=[waiting]),
            new.new_code_cell("# nb01.cost.hint()\n# nb01.cost.solution()", id="help"),
            new.new_code_cell("nb01.quiz_1.ask()\nnb01.quiz_1.check(____)", id="quiz", outputs=[only]),
        ]
    )


@pytest.fixture
def page():
    return cells.as_page(
        a_notebook(), name="02_second", pages=PAGES, downloads={"Download": "../downloads/02_second.ipynb"}
    )


def by_id(page):
    return {cell.id: cell for cell in page.cells}


def test_the_notebook_itself_is_not_changed():
    notebook = a_notebook()
    before = nbformat.writes(notebook)
    cells.as_page(notebook, name="02_second", pages=PAGES, downloads={})
    assert nbformat.writes(notebook) == before


def test_a_page_is_a_valid_notebook_with_distinct_ids(page):
    nbformat.validate(page, relax_add_props=False)
    assert len(by_id(page)) == len(page.cells)


def test_the_figure_comes_first_and_its_code_is_folded(page):
    assert [cell.id for cell in page.cells[:4]] == ["title", "site-downloads", "figure", "site-opening"]
    assert "remove-input" in page.cells[2].metadata["tags"]
    assert "import os\n\ndraw()" in page.cells[3].source and page.cells[3].source.startswith("<details")


def test_solution_hints_and_reason_stand_folded_in_place_of_the_help_cell(page):
    from helpers.exercises import nb01

    source = by_id(page)["help"].source
    assert by_id(page)["help"].cell_type == "markdown"
    assert source.count("<details") == source.count("</details>") == len(nb01.cost.hints) + 1
    assert nb01.cost.solution_code.strip() in source and "14,156,288" in source
    assert "<details open" not in source


def test_a_quiz_shows_its_question_and_folds_its_answer(page):
    from helpers.exercises import nb01

    assert "remove-input" in by_id(page)["quiz"].metadata["tags"]
    answer = by_id(page)["quiz-answer"].source
    assert "<strong>c</strong>" in answer and answer.count("<li>") == len(nb01.quiz_1.choices)


def test_links_to_notebooks_in_outputs_lead_to_pages():
    notebook = a_notebook()
    table = "| [01 First](01_first.ipynb) | a [file](data.ipynb.txt) |"
    output = nbformat.v4.new_output("display_data", data={"text/markdown": table})
    notebook.cells[2].outputs = [output]
    page = cells.as_page(notebook, name="02_second", pages=PAGES, downloads={})
    shown = by_id(page)["figure"].outputs[0].data["text/markdown"]
    assert shown == "| [01 First](01_first.html) | a [file](data.ipynb.txt) |"
    assert output.data["text/markdown"] == table


def test_reminders_that_need_a_kernel_are_left_out(page):
    assert [output.text for output in by_id(page)["answer"].outputs] == ["seen\n"]
    assert by_id(page)["quiz"].outputs == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In notebook 05 we", "In [notebook 05](05_fifth.ipynb) we"),
        (
            "Notebooks 01, 02 and 05.",
            "Notebooks [01](01_first.ipynb), [02](02_second.ipynb) and [05](05_fifth.ipynb).",
        ),
        ("notebook 07's", "notebook 07's"),
        ("`notebook 05`", "`notebook 05`"),
        ("[notebook 05](x.md)", "[notebook 05](x.md)"),
        ("# notebook 05", "# notebook 05"),
        ("```\nnotebook 05\n```", "```\nnotebook 05\n```"),
        ("a kernel (커널 크기)", 'a kernel (<span lang="ko">커널 크기</span>)'),
        ("`커널`", "`커널`"),
    ],
)
def test_prose_for_the_web(text, expected):
    assert cells.for_the_web(text, pages=PAGES) == expected


def test_each_figure_keeps_its_own_alternative_text():
    notebook = a_notebook()
    (first,) = notebook.cells[2].outputs
    second = nbformat.from_dict({**first, "metadata": {"image/png": {"alt": "Another four words here"}}})
    notebook.cells[4].outputs = [first, second]
    found = by_id(cells.as_page(notebook, name="02_second", pages=PAGES, downloads={}))
    alts = {name: found[name].metadata.mystnb.image.alt for name in ("figure", "answer", "answer-2")}
    assert alts == {
        "figure": "Four words at least",
        "answer": "Four words at least",
        "answer-2": "Another four words here",
    }
    assert "remove-input" in cells["answer-2"].metadata["tags"]
    assert "remove-input" not in cells["answer"].metadata.get("tags", [])


def test_signs_of_html_in_a_hint_are_text():
    class Exercise:
        hints, solution_code, because = ("is `a < b` & 3 * 4 * 5?",), "x = 1", "so"

    assert "<p>is <code>a &lt; b</code> &amp; 3 * 4 * 5?</p>" in cells.folded_help(Exercise)


def test_title_and_question():
    assert cells.title_and_question(a_notebook()) == ("02 · Second", "What is it?")


def test_the_front_page_gets_figures_and_contents(tmp_path):
    front = "![](notebooks/02_second.ipynb#figure)\n\n<!-- notebooks -->"
    text = pages.front_page(front, {"02_second": a_notebook()}, tmp_path / "figures")
    assert "![Four words at least](figures/02_second-figure.png)" in text
    assert "- [02 · Second](notebooks/02_second.ipynb)\\\n  What is it?" in text
    assert (tmp_path / "figures" / "02_second-figure.png").read_bytes() == b"pixels"


def test_a_figure_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(KeyError, match="no cell 'gone'"):
        pages.front_page("![](notebooks/02_second.ipynb#gone)", {"02_second": a_notebook()}, tmp_path)


def test_build_writes_pages_downloads_and_results(tmp_path):
    source, colab, results = tmp_path / "notebooks", tmp_path / "colab", tmp_path / "results"
    for place in (source, colab, results):
        place.mkdir()
    nbformat.write(a_notebook(), source / "02_second.ipynb")
    (colab / "02_second.ipynb").write_text("for Colab")
    (results / "README.md").write_text("# Results\n")
    (results / "more.md").write_text("# More\n")
    (tmp_path / "credits.md").write_text("# Credits\n")
    out = tmp_path / "out"
    pages.build(
        out,
        notebooks=[source / "02_second.ipynb"],
        colab=colab,
        front="# Course",
        results=results,
        credits_file=tmp_path / "credits.md",
    )
    page = (out / "notebooks" / "02_second.ipynb").read_text(encoding="utf-8")
    assert "../downloads/02_second.ipynb" in page and "../downloads/colab/02_second.ipynb" in page
    downloads = out / "extra" / "downloads"
    assert (downloads / "02_second.ipynb").read_bytes() == (source / "02_second.ipynb").read_bytes()
    assert (downloads / "colab" / "02_second.ipynb").read_text() == "for Colab"
    assert (out / "results" / "README.md").read_text().endswith("\nmore\n```\n")


def test_without_colab_files_only_the_notebook_is_offered(tmp_path):
    notebook = all_notebooks()[0]
    assert pages.offer(notebook, tmp_path / "none", tmp_path) == {
        "Download for the course's folder": f"../downloads/{notebook.name}"
    }


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_every_notebook_becomes_a_page(path):
    page = cells.as_page(read(path), name=path.stem, pages={}, downloads={"Download": "x"})
    nbformat.validate(page, relax_add_props=False)
    text = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    assert text.count("<summary>Solution</summary>") == code.count(".solution()") > 0
    assert (
        text.count("<summary>Answer</summary>") == len(re.findall(r"^nb\d\d\.quiz_\d+\.ask", code, re.M)) > 0
    )
    title, question = cells.title_and_question(page)
    assert title.startswith(path.stem[:2]) and question.endswith("?")
