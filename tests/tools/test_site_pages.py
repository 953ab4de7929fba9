"""The web site's pages, before Sphinx sees them: folds, links, figures, downloads."""

import base64
import json
import re

import nbformat
import pytest

from helpers.errors import DataError
from helpers.widgets import modules
from tools.make_assets import site_cards
from tools.notebooks.files import ROOT, read
from tools.selection import all_notebooks, number
from tools.site import cells, front, pages, texts

ALL = all_notebooks(ROOT / "notebooks")
PAGES = {"01": "01_first.ipynb", "02": "02_second.ipynb", "02b": "02b_deeper.ipynb", "05": "05_fifth.ipynb"}
PIXELS = base64.b64encode(b"pixels").decode()


def a_notebook():
    """Title, two opening cells of which the last draws, a text, an exercise, its help, a quiz."""
    new = nbformat.v4
    picture = new.new_output("display_data", data={"image/png": PIXELS}, metadata={})
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
            new.new_markdown_cell("As notebook 01 says.\n\n**It takes** about 60 minutes.", id="text"),
            new.new_code_cell("x = ____\nnb00.pixels.check(x)", id="answer", outputs=[waiting]),
            new.new_code_cell("# nb00.pixels.hint()\n# nb00.pixels.solution()", id="help"),
            new.new_code_cell("nb00.quiz_1.ask()\nnb00.quiz_1.check(____)", id="quiz", outputs=[only]),
        ]
    )


@pytest.fixture
def page():
    return cells.as_page(a_notebook(), name="02_second", pages=PAGES, colab=False, offered="cnn-course.zip")


def by_id(page):
    return {cell.id: cell for cell in page.cells}


def test_the_notebook_itself_is_not_changed():
    notebook = a_notebook()
    before = nbformat.writes(notebook)
    cells.as_page(notebook, name="02_second", pages=PAGES, colab=False, offered="cnn-course.zip")
    assert nbformat.writes(notebook) == before


def test_a_page_is_a_valid_notebook_with_distinct_ids(page):
    nbformat.validate(page, relax_add_props=False)
    assert len(by_id(page)) == len(page.cells)


def test_the_code_of_the_opening_is_folded(page):
    assert [cell.id for cell in page.cells[:4]] == ["title", "site-downloads", "site-opening", "text"]
    found = by_id(page)
    assert found["site-opening"].source == "import os\n\ndraw()"
    assert found["site-opening"].metadata.tags == ["hide-input"]
    assert [output.data["image/png"] for output in found["site-opening"].outputs] == [PIXELS]
    assert "hide-input" not in found["answer"].metadata.get("tags", [])


def test_a_notebook_that_begins_with_text_is_left_as_it_is():
    notebook = a_notebook()
    notebook.cells = [notebook.cells[0], *notebook.cells[3:]]
    page = cells.as_page(notebook, name="02_second", pages=PAGES, colab=False, offered="cnn-course.zip")
    assert [cell.id for cell in page.cells[:4]] == ["title", "site-downloads", "text", "answer"]


def test_code_that_jupyter_hides_is_folded():
    notebook = a_notebook()
    for index in (4, 6):
        notebook.cells[index].metadata = {"jupyter": {"source_hidden": True}, "tags": ["mine"]}
    found = by_id(
        cells.as_page(notebook, name="02_second", pages=PAGES, colab=False, offered="cnn-course.zip")
    )
    assert found["answer"].metadata.tags == ["mine", "hide-input"]
    assert found["quiz"].metadata.tags == ["mine", "remove-input"]


def test_solution_hints_and_reason_stand_folded_in_place_of_the_help_cell(page):
    from helpers.exercises import nb00

    source = by_id(page)["help"].source
    assert by_id(page)["help"].cell_type == "markdown"
    assert source.count("<details") == source.count("</details>") == len(nb00.pixels.hints) + 1
    assert nb00.pixels.solution_code.strip() in source and "784 numbers" in source
    assert "<details open" not in source


def test_a_quiz_shows_its_question_and_folds_its_answer(page):
    from helpers.exercises import nb00

    assert "remove-input" in by_id(page)["quiz"].metadata["tags"]
    answer = by_id(page)["quiz-answer"].source
    assert "<strong>c</strong>" in answer and answer.count("<li>") == len(nb00.quiz_1.choices)


def test_a_page_has_no_links_to_itself_and_a_deeper_one_links_to_its_core():
    notebook = a_notebook()
    notebook.cells[3].source = "Notebooks 02 and 02b."
    for name, expected in (
        ("02_second", "Notebooks 02 and [02b](02b_deeper.ipynb)."),
        ("02b_deeper", "Notebooks [02](02_second.ipynb) and 02b."),
    ):
        page = cells.as_page(notebook, name=name, pages=PAGES, colab=False, offered="cnn-course.zip")
        assert by_id(page)["text"].source == expected


def test_links_to_notebooks_in_outputs_lead_to_pages():
    notebook = a_notebook()
    table = "| [01 First](01_first.ipynb) | a [file](data.ipynb.txt) | [02b](02b_deeper.ipynb)"
    output = nbformat.v4.new_output("display_data", data={"text/markdown": table})
    notebook.cells[2].outputs = [output]
    page = cells.as_page(notebook, name="02_second", pages=PAGES, colab=False, offered="cnn-course.zip")
    shown = by_id(page)["site-opening"].outputs[0].data["text/markdown"]
    assert shown == "| [01 First](01_first.html) | a [file](data.ipynb.txt) | [02b](02b_deeper.html)"
    assert output.data["text/markdown"] == table


def test_a_page_says_whether_its_notebook_is_optional():
    for name, optional in (("02_second", False), ("02b_deeper", True)):
        page = cells.as_page(a_notebook(), name=name, pages=PAGES, colab=False, offered="cnn-course.zip")
        assert ("Deeper, and optional" in by_id(page)["site-downloads"].source) == optional


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
        ("see notebook 02b.", "see [notebook 02b](02b_deeper.ipynb)."),
        (
            "Notebooks 02 to 05, or 02b",
            "Notebooks [02](02_second.ipynb) to [05](05_fifth.ipynb), or [02b](02b_deeper.ipynb)",
        ),
        (
            "notebook 02bis, notebook 05.5, notebook 05 %",
            "notebook 02bis, notebook 05.5, [notebook 05](05_fifth.ipynb) %",
        ),
        ("`notebook 05`", "`notebook 05`"),
        ("[notebook 05](x.md)", "[notebook 05](x.md)"),
        ("# notebook 05", "# notebook 05"),
        ("```\nnotebook 05\n```", "```\nnotebook 05\n```"),
        ("    make lab  # notebook 05", "    make lab  # notebook 05"),
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
    found = by_id(
        cells.as_page(notebook, name="02_second", pages=PAGES, colab=False, offered="cnn-course.zip")
    )
    alts = {name: found[name].metadata.mystnb.image.alt for name in ("site-opening", "answer", "answer-2")}
    assert alts == {
        "site-opening": "Four words at least",
        "answer": "Four words at least",
        "answer-2": "Another four words here",
    }
    assert "remove-input" in found["answer-2"].metadata["tags"]
    assert "remove-input" not in found["answer"].metadata.get("tags", [])


def test_signs_of_html_in_a_hint_are_text():
    class Exercise:
        hints, solution_code, because = ("is `a < b` & 3 * 4 * 5?",), "x = 1", "so"

    assert "<p>is <code>a &lt; b</code> &amp; 3 * 4 * 5?</p>" in cells.folded_help(Exercise)


def test_title_and_question():
    assert cells.title_and_question(a_notebook()) == ("02 · Second", "What is it?")


def test_a_page_of_the_site_gets_figures_and_cards():
    front_text = "![](notebooks/02_second.ipynb#figure)\n\n<!-- cards: lessons -->\n\n<!-- cards: deeper -->"
    notebooks = {"02_second": a_notebook(), "02b_deeper": a_notebook()}
    text, pictures = front.site_page(front_text, notebooks, [])
    assert "![Four words at least](figures/02_second-figure.png)" in text
    assert pictures == {"figures/02_second-figure.png": b"pixels"}
    lessons, deeper = text.split('<ul class="cards cards-deeper">')
    assert 'href="notebooks/02_second.html"' in lessons and 'href="notebooks/02b_deeper.html"' in deeper
    assert "02b_deeper" not in lessons and "02_second" not in deeper.replace("02_second-figure", "")
    assert "<strong>02 · Second</strong> <span>What is it?</span> <em>60 minutes</em>" in lessons
    assert '<img src="cards/02_second.webp" alt="" loading="lazy" width="480" height="270">' in lessons


def test_a_figure_that_is_gone_is_an_error():
    with pytest.raises(KeyError, match="no cell 'gone'"):
        front.site_page("![](notebooks/02_second.ipynb#gone)", {"02_second": a_notebook()}, [])


def test_a_notebook_that_does_not_say_how_long_it_takes_is_an_error():
    notebook = a_notebook()
    notebook.cells[3].source = "No time."
    with pytest.raises(DataError, match="02 · Second: no line says"):
        front.minutes(notebook)


def test_every_notebook_has_a_card_from_a_figure_that_it_still_draws():
    made = json.loads((ROOT / "site" / "cards" / "cards.json").read_text(encoding="utf-8"))
    assert list(made) == [path.stem for path in ALL]
    assert {path.stem for path in (ROOT / "site" / "cards").glob("*.webp")} == set(made)
    assert made == {name: cell for name, (cell, _) in site_cards.CUTS.items()}, (
        "run python -m tools.make_assets.site_cards"
    )
    for path in ALL:
        png, alt = cells.figure_of(read(path), made[path.stem])
        card = (ROOT / "site" / "cards" / f"{path.stem}.webp").read_bytes()
        assert png and len(alt.split()) > 3 and card[:4] == b"RIFF" and len(card) <= site_cards.MOST_BYTES
    for name, cell, _ in site_cards.SEEN:
        assert cells.figure_of(read(ROOT / "notebooks" / f"{name}.ipynb"), cell)


def test_the_pictures_of_the_cards_have_their_size():
    image = pytest.importorskip("PIL.Image")
    for path in (ROOT / "site" / "cards").glob("*.webp"):
        assert image.open(path).size == site_cards.SIZE
    assert image.open(ROOT / "site" / "static" / "preview.png").size == site_cards.PREVIEW_SIZE


@pytest.fixture
def course(tmp_path):
    """A made-up course with one notebook, as `gather` takes it."""
    places = {name: tmp_path / name for name in ("notebooks", "colab", "results", "site")}
    more = (tmp_path / name for name in ("site/static", "site/cards", "docs", "helpers/assets"))
    for place in [*places.values(), *more]:
        place.mkdir(parents=True)
    for name, text in {
        "colab/02b_deeper.ipynb": "for Colab", "results/README.md": "# Results\n", "results/more.md": "# More\n",
        "helpers/assets/README.md": "# Credits\n", "LICENSE": "MIT", "CONTRIBUTING.md": "# Change it\n",
        **{f"docs/{name}.md": f"# {name}\n" for name in texts.ORDER},
        "GLOSSARY.md": "| word | 말 | means | 02b |\n| other | 셀 | means | 99 |\n",
        "site/index.md": "# 과정", "site/images.json": "[]", "site/conf.py": "", "site/static/site.css": "",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    nbformat.write(a_notebook(), places["notebooks"] / "02b_deeper.ipynb")
    notebooks = all_notebooks(places.pop("notebooks"))
    return {**places, "notebooks": notebooks, "root": tmp_path, "whole": None}


def test_pages_downloads_results_and_settings_are_gathered(course, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    pages.gather(out, **course)
    page = (out / "notebooks" / "02b_deeper.ipynb").read_text(encoding="utf-8")
    assert "../downloads/02b_deeper.ipynb" in page and 'data-edition=\\"02b_deeper\\"' in page
    downloads = out / "extra" / "downloads"
    assert (downloads / "02b_deeper.ipynb").read_bytes() == pages.without_outputs(
        read(course["notebooks"][0])
    )
    assert "for Colab" in (downloads / "colab" / "02b_deeper.js").read_text()
    assert (out / "results" / "README.md").read_text().endswith("\nmore\n```\n")
    assert (out / "index.md").read_text(encoding="utf-8") == "# 과정"
    first, other = (out / "glossary.md").read_text(encoding="utf-8").splitlines()
    assert first == '| word | <span lang="ko">말</span> | means | [02b](notebooks/02b_deeper.ipynb) |'
    assert other.endswith("| means | 99 |"), "no page of that number"
    assert (out / "docs" / "install.md").read_text() == "# install\n"
    assert (out / "contributing.md").is_file() and "MIT" in (out / "license.md").read_text()
    assert (out / "conf.py").is_file() and (out / "static" / "site.css").is_file()


def test_where_there_is_an_archive_it_is_offered_in_place_of_single_notebooks(course, tmp_path):
    (tmp_path / "cnn-course.zip").write_bytes(b"everything")
    out = tmp_path / "out"
    out.mkdir()
    pages.gather(out, **course | {"whole": tmp_path / "cnn-course.zip"})
    downloads = out / "extra" / "downloads"
    assert (downloads / "cnn-course.zip").read_bytes() == b"everything"
    assert not list(downloads.glob("*.ipynb"))
    assert "../downloads/cnn-course.zip" in (out / "notebooks" / "02b_deeper.ipynb").read_text(
        encoding="utf-8"
    )


def test_a_page_of_docs_that_is_not_listed_is_an_error(course, tmp_path):
    (tmp_path / "docs" / "extra.md").write_text("# Extra\n")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(DataError, match=r"docs/ and ORDER in tools/site/texts.py differ: extra"):
        pages.gather(out, **course)


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        ("docs/data.md", "[a](../helpers/assets/README.md)", "[a](../credits.md)"),
        (
            "docs/data.md",
            "[a](../results/claims.md#x) and [b](colab.md)",
            "[a](../results/claims.md#x) and [b](colab.md)",
        ),
        ("docs/data.md", "![two words](emoji10.png)", "![two words](emoji10.png)"),
        ("docs/data.md", "[a](#here) [b](https://a.org/b.md)", "[a](#here) [b](https://a.org/b.md)"),
        ("docs/data.md", "`[a](../none.md)`", "`[a](../none.md)`"),
        ("docs/data.md", "[`a` [b]](../README.md#start)", "[`a` [b]](../index.md#start)"),
        ("CONTRIBUTING.md", "[a](LICENSE) [b](docs/data.md)", "[a](license.md) [b](docs/data.md)"),
    ],
)
def test_links_of_texts_lead_to_pages_of_the_site(place, text, expected):
    assert texts.with_links(text, place, exists=lambda file: (ROOT / file).exists()) == expected


@pytest.mark.parametrize(("target", "match"), [("none.md", "no such file"), ("../Makefile", "no page of")])
def test_a_link_of_a_text_that_leads_nowhere_is_an_error(target, match):
    with pytest.raises(DataError, match=match):
        texts.with_links(f"[a]({target})", "docs/data.md", exists=lambda file: (ROOT / file).exists())


def test_the_front_page_lists_every_text():
    index = (ROOT / "site" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^docs/(\w+)$", index, re.MULTILINE)
    assert tuple(listed) == texts.ORDER


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "gather", lambda folder, **_: (folder / "index.md").write_text("# Course"))
    monkeypatch.setattr(pages, "make_html", lambda source, html: (html / "index.html").write_text("new"))
    monkeypatch.setattr(pages, "archive", lambda file: True)
    source, out = tmp_path / "source", tmp_path / "out"
    command = ["--source", str(source), "--out", str(out)]
    for _ in range(2):
        pages.main(command)
    assert (out / "index.html").read_text() == "new"
    for place in (out, source):
        (place / "mine.txt").write_text("a reader's own")
        with pytest.raises(SystemExit, match=r"something that was added or changed \(mine.txt\)"):
            pages.main(command)
        assert (place / "mine.txt").read_text() == "a reader's own"


def test_a_site_that_cannot_be_built_leaves_the_one_before(tmp_path, monkeypatch):
    monkeypatch.setattr(pages.subprocess, "run", lambda *_: pages.subprocess.CompletedProcess([], 1))
    with pytest.raises(SystemExit, match="the site is not built: see the warnings above"):
        pages.make_html(tmp_path, tmp_path)


def test_a_page_offers_its_notebook_and_the_colab_edition_if_there_is_one():
    for colab in (True, False):
        page = cells.as_page(
            a_notebook(), name="02_second", pages=PAGES, colab=colab, offered="cnn-course.zip"
        )
        line = by_id(page)["site-downloads"].source
        assert ('data-edition="02_second" hidden>' in line) == colab
        assert '<a href="../downloads/cnn-course.zip" download>Download the whole course</a>' in line
    page = cells.as_page(a_notebook(), name="02_second", pages=PAGES, colab=False, offered="02_second.ipynb")
    assert "Download for the course's folder" in by_id(page)["site-downloads"].source


def test_a_notebook_is_offered_without_its_outputs():
    notebook = a_notebook()
    before = nbformat.writes(notebook)
    plain = nbformat.reads(pages.without_outputs(notebook).decode(), as_version=4)
    assert nbformat.writes(notebook) == before
    assert [cell.source for cell in plain.cells] == [cell.source for cell in notebook.cells]
    assert all(
        cell.outputs == [] and cell.execution_count is None
        for cell in plain.cells
        if cell.cell_type == "code"
    )


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_notebook_becomes_a_page(path):
    page = cells.as_page(read(path), name=path.stem, pages={}, colab=False, offered="cnn-course.zip")
    nbformat.validate(page, relax_add_props=False)
    text = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    assert text.count("<summary>Solution</summary>") == code.count(".solution()") > 0
    assert (
        text.count("<summary>Answer</summary>") == len(re.findall(r"^nb\w+\.quiz_\d+\.ask", code, re.M)) > 0
    )
    title, question = cells.title_and_question(page)
    assert title.startswith(number(path)) and question.endswith("?")


def test_the_sites_own_pages_are_made_of_what_there_is():
    notebooks = {path.stem: read(path) for path in ALL}
    index, play = (
        front.site_page((ROOT / "site" / name).read_text(encoding="utf-8"), notebooks, [])[0]
        for name in ("index.md", "play.md")
    )
    assert all(f'href="notebooks/{name}.html"' in index for name in notebooks)
    assert set(re.findall(r'data-figure="(\w+)"', play)) == set(modules.FIGURES)
    assert index.count('data-figure="convolution"') == 1
    assert "<!-- cards" not in index and "<!-- live" not in index + play
