"""How a notebook becomes a page of the site: folded hints and solutions, links between notebooks, downloads.

Pure functions on notebooks; `pages.py` calls them. A page cannot run code, so what only a running notebook
can answer (a hint, a solution, a quiz) is folded on it.
"""

import copy
import html
import importlib
import itertools
import re
from collections.abc import Callable, Collection, Mapping

import nbformat

FOLDED = "hide-input"  # a tag of MyST-NB
HELP = re.compile(r"^# (nb\d\d[a-z]?)\.(\w+)\.(?:hint|solution)\(", re.MULTILINE)
QUIZ = re.compile(r"^(nb\d\d[a-z]?)\.(\w+)\.ask\(\)", re.MULTILINE)
_UNANSWERED = re.compile(r"^Not answered yet.*\n?\Z", re.MULTILINE)  # 00 shows it among other answers: kept
_FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)
# What is left as it is: code, links, formulas, tags.
_FIXED = re.compile(r"(`[^`]*`|!?\[[^\]]*\]\([^)]*\)|\$\$.*?\$\$|\$[^$]*\$|<[^>]+>)", re.DOTALL)
_NUMBER = r"\d\d[a-z]?\b"
_MENTION = re.compile(
    rf"\b[Nn]otebooks? {_NUMBER}(?:(?:, and |, or |, | and | or | to ){_NUMBER})*(?![.,]\d|%)"
)
_BESIDE = re.compile(r"\]\((\d\d[a-z]?_\w+)\.ipynb\)")  # a link to the notebook beside, in an output
_KOREAN = re.compile(r"[가-힣]+(?:[ ·][가-힣]+)*")


def as_page(
    notebook: nbformat.NotebookNode, *, name: str, pages: Mapping[str, str], colab: bool, offered: str
) -> nbformat.NotebookNode:
    """The notebook as the site shows it; `notebook` itself stays as it is.

    `name` is its file's stem, `pages` maps each number ("02", "02b") to the file of that notebook, `colab` says
    whether there is a Colab edition to download, and `offered` names another file that can be: a notebook, or the
    archive of the course.
    """
    page = copy.deepcopy(notebook)
    others = {number: file for number, file in pages.items() if number != name.partition("_")[0]}
    title, *cells = _with_one_opening(page.cells)
    page.cells = []
    for cell in [
        title,
        _markdown("site-downloads", _download_line(name, colab=colab, offered=offered)),
        *cells,
    ]:
        if cell.cell_type == "markdown":
            cell.source = for_the_web(cell.source, pages=others)
            page.cells.append(cell)
        else:
            page.cells.extend(_code_cell(cell))
    return page


def title_and_question(notebook: nbformat.NotebookNode) -> tuple[str, str]:
    """The first heading of a notebook and the question it answers (the first sentence below), as Markdown."""
    first = notebook.cells[0].source
    heading, _, rest = first.partition("\n")
    question = next((line for line in rest.splitlines() if line.strip()), "")
    return heading.removeprefix("# ").strip(), question.strip().strip("*")


def figure_of(notebook: nbformat.NotebookNode, cell_id: str) -> tuple[str, str]:
    """The figure that a cell drew: its PNG in base64 and its alt text. KeyError if there is none."""
    for cell in notebook.cells:
        if cell.id == cell_id:
            for output in filter(_is_figure, cell.get("outputs", [])):
                return output.data["image/png"], output.metadata["image/png"]["alt"]
    raise KeyError(f"no cell {cell_id!r} with a figure")


def for_the_web(source: str, *, pages: Mapping[str, str]) -> str:
    """Markdown with "notebook 05" as a link to its page, and Korean words marked as Korean for screen readers.

    Code, also where it is indented, formulas, headings and existing links are left as they are.
    """
    parts = _FENCE.split(source)
    return "".join(part if part.startswith("```") else _prose(part, pages) for part in parts)


def folded_help(exercise: object) -> str:
    """The hints and the solution of an exercise, each in a closed <details>, as Markdown."""
    hints = list(exercise.hints)
    labels = ["Hint"] if len(hints) == 1 else [f"Hint {number}" for number in range(1, len(hints) + 1)]
    parts = [_details(label, f"<p>{_inline(hint)}</p>") for label, hint in zip(labels, hints, strict=True)]
    code = f"```python\n{exercise.solution_code.strip()}\n```"
    parts.append(_details("Solution", f"{code}\n\n<p>{_inline(exercise.because)}</p>"))
    return "\n\n".join(parts)


def folded_answer(quiz: object) -> str:
    """The answer of a quiz with what is to be said about every choice, in a closed <details>, as Markdown."""
    right = f"<p>The answer is <strong>{html.escape(quiz.answer)}</strong>.</p>"
    said = "".join(
        f"<li><strong>{html.escape(letter)}</strong>: {_inline(explanation)}</li>"
        for letter, (_, explanation) in quiz.choices.items()
    )
    return _details("Answer", f"{right}<ul>{said}</ul>")


def _with_one_opening(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The cells, those of code between title and first text as one folded cell: a reader comes for the figure."""
    title, *rest = cells
    opening = list(itertools.takewhile(lambda cell: cell.cell_type == "code", rest))
    if not opening:
        return cells
    code = "\n\n".join(cell.source for cell in opening)
    outputs = [output for cell in opening for output in cell.outputs]
    whole = nbformat.v4.new_code_cell(code, id="site-opening", outputs=outputs)
    _fold_code(whole)
    return [title, whole, *rest[len(opening) :]]


def _code_cell(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """A code cell as the page shows it, with what is folded beneath it."""
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        _fold_code(cell)
    if found := HELP.search(cell.source):
        return [_markdown(cell.id, folded_help(_exercise(*found.groups())))]
    cell.outputs = [_led_to_pages(output) for output in _without_reminders(cell.outputs)]
    if found := QUIZ.search(cell.source):
        _hide_code(cell)
        return [cell, _markdown(f"{cell.id}-answer", folded_answer(_exercise(*found.groups())))]
    return _one_figure_each(cell)


def _one_figure_each(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cell, cut after each figure but the last: MyST-NB knows one alternative text a cell, in its metadata."""
    pieces = [[]]
    for output in cell.outputs:
        if _is_figure(output) and any(map(_is_figure, pieces[-1])):
            pieces.append([])
        pieces[-1].append(output)
    cells = []
    for number, outputs in enumerate(pieces, start=1):
        piece = copy.deepcopy(cell)
        piece.outputs = outputs
        for figure in filter(_is_figure, outputs):
            piece.metadata["mystnb"] = {"image": {"alt": figure.metadata["image/png"]["alt"]}}
        if number > 1:
            piece.id = f"{cell.id}-{number}"
            _hide_code(piece)
        cells.append(piece)
    return cells


def _is_figure(output: nbformat.NotebookNode) -> bool:
    return "image/png" in output.get("data", {})


def _hide_code(cell: nbformat.NotebookNode) -> None:
    """The code is not on the page."""
    cell.metadata["tags"] = [*(tag for tag in cell.metadata.get("tags", []) if tag != FOLDED), "remove-input"]


def _fold_code(cell: nbformat.NotebookNode) -> None:
    """The code is on the page, in a fold."""
    if FOLDED not in cell.metadata.get("tags", []):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), FOLDED]


def _without_reminders(outputs: Collection[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs without "Not answered yet": it asks for something that cannot be done on a page."""
    kept = []
    for output in outputs:
        if output.get("name") == "stdout":
            output = nbformat.from_dict({**output, "text": _UNANSWERED.sub("", output.text)})
        if output.get("text", "nothing was removed"):
            kept.append(output)
    return kept


def _led_to_pages(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An output whose links to notebooks lead to their pages. Sphinx does so in texts, not in outputs."""
    if "text/markdown" in output.get("data", {}):
        output = copy.deepcopy(output)
        output.data["text/markdown"] = _BESIDE.sub(r"](\1.html)", output.data["text/markdown"])
    return output


def _exercise(module: str, name: str) -> object:
    return getattr(importlib.import_module(f"helpers.exercises.{module}"), name)


def _prose(text: str, pages: Mapping[str, str]) -> str:
    lines = [
        line if line.startswith(("#", "    ")) else _between(line, lambda piece: _marked(piece, pages))
        for line in text.split("\n")
    ]
    return "\n".join(lines)


def _between(line: str, change: Callable[[str], str]) -> str:
    """Apply `change` to the parts of a line that are plain prose."""
    return "".join(piece if number % 2 else change(piece) for number, piece in enumerate(_FIXED.split(line)))


def _marked(text: str, pages: Mapping[str, str]) -> str:
    text = _KOREAN.sub(lambda found: f'<span lang="ko">{found[0]}</span>', text)
    return _MENTION.sub(lambda found: _linked(found[0], pages), text)


def _linked(mention: str, pages: Mapping[str, str]) -> str:
    """ "notebook 05" as one link, "notebooks 02, 04 and 05" as three."""
    word, _, numbers = mention.partition(" ")
    if word.endswith("s"):
        return f"{word} " + re.sub(_NUMBER, lambda n: _link(n[0], n[0], pages), numbers)
    return _link(mention, numbers, pages)


def _link(text: str, number: str, pages: Mapping[str, str]) -> str:
    return f"[{text}]({pages[number]})" if number in pages else text


def _markdown(cell_id: str, source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(id=cell_id, source=source)


def _details(summary: str, body: str) -> str:
    return f'<details class="folded"><summary>{summary}</summary>\n\n{body}\n\n</details>'


def _inline(text: str) -> str:
    """Plain text with `code` in it as HTML."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _download_line(name: str, *, colab: bool, offered: str) -> str:
    parts = ["<span>This page shows stored results.</span>"]
    if not name.partition("_")[0].isdigit():
        parts.insert(0, '<strong class="optional">Deeper, and optional</strong>')
    if colab:  # hidden until static/colab-download.js can answer it
        label = "Download for Colab (has all it needs)"
        parts.append(f'<button type="button" data-edition="{name}" hidden>{label}</button>')
    alone = offered.endswith(".ipynb")
    words = "Download for the course's folder (without outputs)" if alone else "Download the whole course"
    parts.append(f'<a href="../downloads/{offered}" download>{words}</a>')
    return f'<p class="downloads">{" ".join(parts)}</p>'
