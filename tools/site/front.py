"""The site's pages of its own, site/*.md: figures of notebooks, a card for each notebook, and live figures in them."""

import base64
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from helpers.errors import DataError
from tools.selection import number
from tools.site import living
from tools.site.cells import figure_of, title_and_question

CARD_SIZE = 'width="480" height="270"'  # of the pictures in site/cards
_FIGURE = re.compile(r"!\[\]\(notebooks/(\w+)\.ipynb#([\w-]+)\)")
_CARDS = re.compile(r"^<!-- cards: (lessons|deeper) -->$", re.MULTILINE)
_MINUTES = re.compile(r"^\*\*It takes\*\* about (\d+) minutes", re.MULTILINE)


def site_page(
    text: str, notebooks: Mapping[str, nbformat.NotebookNode], images: list[dict[str, Any]]
) -> tuple[str, dict[str, bytes]]:
    """A page of the site's own, and the pictures it needs, by their address from the root of the site.

    In `text` stand an empty image `![](notebooks/NAME.ipynb#CELL)` where a notebook's figure belongs, `<!-- cards:
    lessons -->` and `<!-- cards: deeper -->` for the lists of notebooks, and `<!-- live: NAME -->` for live figures.
    KeyError for a figure that is not there; `images` are what the live convolution can be tried on.
    """
    figures: dict[str, bytes] = {}

    def figure(found: re.Match[str]) -> str:
        name, cell = found.groups()
        png, alt = figure_of(notebooks[name], cell)
        figures[f"figures/{name}-{cell}.png"] = base64.b64decode(png)
        return f"![{alt}](figures/{name}-{cell}.png)"

    text = _FIGURE.sub(figure, text)
    text = _CARDS.sub(lambda found: cards(notebooks, deeper=found[1] == "deeper"), text)
    text, stills = living.in_text(text, notebooks.values(), images)
    return text, figures | stills


def cards(notebooks: Mapping[str, nbformat.NotebookNode], *, deeper: bool) -> str:
    """The lessons, or the deeper notebooks, as cards in HTML: picture, title, question, minutes, all one link each.

    The picture says nothing that the words beside it don't, so it has no alternative text.
    """
    entries = []
    for name, notebook in notebooks.items():
        if number(Path(name)).isdigit() == deeper:
            continue
        title, question = (html.escape(part) for part in title_and_question(notebook))
        entries.append(
            f'<li><a class="card" href="notebooks/{name}.html">'
            f'<img src="cards/{name}.webp" alt="" loading="lazy" {CARD_SIZE}>'
            f"<strong>{title}</strong> <span>{question}</span> <em>{minutes(notebook)} minutes</em></a></li>"
        )
    kind = "cards cards-deeper" if deeper else "cards"
    return "\n".join([f'<ul class="{kind}">', *entries, "</ul>"])


def minutes(notebook: nbformat.NotebookNode) -> int:
    """How long a notebook says that it takes. Raises DataError if it does not say so."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    if not (found := _MINUTES.search(text)):
        raise DataError(f"{title_and_question(notebook)[0]}: no line says **It takes** about so many minutes")
    return int(found[1])
