"""GLOSSARY.md: every word has its Korean one and a notebook, and the notebooks give the same Korean words."""

import re

import pytest

from helpers.notebook.course_map import STATIONS
from helpers.paths import ROOT
from tools.notebooks.files import read
from tools.selection import all_notebooks, number

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| word ", "| --- "))
]
KOREAN = re.compile(r"\(([가-힣][가-힣 ·-]*)\)")
LATER: set[str] = set()  # lessons whose words are not in the glossary yet


def test_every_word_has_its_korean_one_a_meaning_and_a_notebook():
    numbers = {station.number for station in STATIONS}
    assert len(ROWS) > 50
    for word, korean, meaning, where in ROWS:
        assert re.search("[가-힣]", korean), word
        assert meaning[0].isupper() and meaning.endswith((".", ")")), word
        assert where in numbers, word


def test_no_word_stands_there_twice():
    words = [row[0] for row in ROWS]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_korean_words_of_a_notebook_are_those_of_the_glossary(path):
    if number(path) in LATER:
        pytest.skip("its words are not in the glossary yet")
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    known = {korean for row in ROWS for korean in row[1].split(", ")}
    assert set(KOREAN.findall(text)) - known == set()
