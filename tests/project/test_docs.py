"""README.md and the pages in docs/: short where a reader begins, links that lead somewhere, and commands that exist."""

import re

import pytest

from helpers.data.specs import SPECS
from tools.notebooks.files import PICTURE, ROOT, code_cells, read, readme_picture
from tools.selection import all_notebooks

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
PAGES = {
    ROOT / "README.md": README,
    ROOT / "CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
    **DOCS,
}
COMMANDS = DOCS[ROOT / "docs" / "commands.md"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")


def anchors(text):
    """The names that headings have in links, as code hosts and the site make them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_readme_fits_on_three_screens():
    assert README.count("\n") <= 90


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target, anchor in LINK.findall(PAGES[path]):
        if "://" in target:
            continue
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{target}#{anchor}"


def test_every_page_of_docs_is_linked_from_readme_or_another_page():
    linked = {
        (path.parent / target).resolve()
        for path, text in PAGES.items()
        for target, _ in LINK.findall(text)
        if target
    }
    assert set(DOCS) <= linked


def test_readme_and_the_page_of_lessons_list_every_notebook():
    for path in all_notebooks():
        assert f"(notebooks/{path.name})" in README
        assert f"(../notebooks/{path.name})" in DOCS[ROOT / "docs" / "lessons.md"]


def test_the_picture_on_the_page_of_lessons_is_a_notebooks_figure():
    (picture,) = [found for path in all_notebooks() if (found := readme_picture(read(path)))]
    assert PICTURE.read_bytes() == picture[0], "run make outputs, which writes it"
    assert f"![{picture[1]}](picture.png)" in DOCS[ROOT / "docs" / "lessons.md"]


def test_what_errors_and_notebooks_say_of_the_readme_is_there():
    said = {spec.note for spec in SPECS.values() if "README" in (spec.note or "")}
    assert said and all("CNN_DATA_DIR in README.md" in note for note in said)
    assert "`CNN_DATA_DIR`" in README
    texts = [cell.source for path in all_notebooks() for cell in read(path).cells]
    named = {name for text in texts for name in re.findall(r"the README has a list called \*(.*?)\*", text)}
    for name in named:
        assert f"\n## {name}\n" in README, name
    code = "\n".join(cell.source for path in all_notebooks() for cell in code_cells(read(path)))
    assert "README" not in code


def test_pages_and_makefile_give_the_same_commands():
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    for path, text in PAGES.items():
        used = set(re.findall(r"(?:^ {4,}|`|=full )make ([a-z-]+)", text, re.MULTILINE))
        assert used <= targets, (path.name, used - targets)
    listed = re.findall(r"^ {4}make ([a-z-]+) +# ", COMMANDS, re.MULTILINE)
    assert set(listed) == targets, f"docs/commands.md lacks {targets - set(listed)}"


def test_python_commands_exist():
    modules = {
        name
        for text in (MAKEFILE, *PAGES.values())
        for name in re.findall(r"python -m ((?:tools|benchmarks|tests|helpers)\.[\w.]+\w)", text)
    }
    assert len(modules) > 5
    for name in modules:
        assert (ROOT / (name.replace(".", "/") + ".py")).is_file(), f"python -m {name}"
