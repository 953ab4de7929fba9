"""Live figures on the site, without a kernel and without a network, also where a page is opened from a disk.

A notebook stores a live figure as a still picture and, beside it, the settings of its live twin. On a page both stand
in a *place*: the picture, which anyone sees, and the settings, from which static/live-loader.js brings the figure
alive. Texts ask for a place by a line `<!-- live: convolution -->`.
"""

import base64
import copy
import html
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat

from helpers.errors import DataError
from helpers.widgets import layer_plan, modules
from tools.colab.payload import constant

NOTE = constant("NOTE", "helpers.widgets.display")  # what a notebook prints below a still figure
STILLS = "stills"  # the folder of their pictures, below the site's root
SCRIPT, STYLE, NETWORK = (
    "live.js",
    "live.css",
    "live-network.js",
)  # in static/; live-loader.js knows the last by name
# What a place in a text begins with; {} is what a figure begins with by itself.
DEFAULTS: dict[str, dict[str, Any]] = {
    "convolution": {"kernel": "vertical edges", "size": 3, "stride": 1, "padding": "valid", "dilation": 1},
    "color": {},
    "receptive_field": {},
    "batchnorm": {},
    "network": {"network": "shipped"},
}
_ASKED = re.compile(r"^<!-- live: (\w+)( simple)? -->$", re.MULTILINE)
Still = tuple[bytes, str]  # a PNG and its alternative text


def with_places(notebook: nbformat.NotebookNode, name: str) -> tuple[nbformat.NotebookNode, dict[str, bytes]]:
    """The notebook, `name` without its ending, with places for its live figures, and the pictures they need.

    The pictures are by their address from the root of the site; the notebook's page lies in a folder below it. The
    notebook that is given stays as it is.
    """
    page, pictures = copy.deepcopy(notebook), {}
    for cell in page.cells:
        outputs = cell.get("outputs", [])
        if not any(_is_live(output) for output in outputs):
            continue
        for index, output in enumerate(outputs):
            if _is_live(output):
                address = f"{STILLS}/{name}-{cell.id}-{index}.png"
                pictures[address], alt = _still(output)
                twin = output.data[modules.MIME]
                markup = place(twin["figure"], twin["settings"], picture=f"../{address}", alt=alt)
                outputs[index] = nbformat.v4.new_output("display_data", {"text/html": markup})
        cell.outputs = [output for output in map(_without_note, outputs) if output is not None]
    return page, pictures


def in_text(
    text: str, notebooks: Iterable[nbformat.NotebookNode], images: list[dict[str, Any]]
) -> tuple[str, dict[str, bytes]]:
    """A text of the site's root with a place for each figure that it asks for, and the pictures they need.

    The still picture is that of the first notebook which shows the figure; where none does, the place has none.
    `<!-- live: convolution simple -->` asks for the simple form, with the first of `images`, on which the convolution
    can be tried. Raises DataError for a figure or a form that there is not.
    """
    stills, pictures = _first_stills(notebooks), {}

    def asked(found: re.Match[str]) -> str:
        figure = found[1]
        if figure not in DEFAULTS:
            raise DataError(f"there is no live figure {figure!r}: choose one of {', '.join(DEFAULTS)}")
        settings = dict(DEFAULTS[figure])
        if simple := found[2] is not None:
            if figure != "convolution":
                raise DataError(
                    f"the live figure {figure!r} has no simple form: only the convolution has one"
                )
            settings["simple"] = True
        if figure == "convolution":
            settings["images"] = images[:1] if simple else images
        if figure not in stills:
            return place(figure, settings)
        address = f"{STILLS}/{figure}.png"
        pictures[address], alt = stills[figure]
        return place(figure, settings, picture=address, alt=alt)

    return _ASKED.sub(asked, text), pictures


def place(figure: str, settings: Mapping[str, Any], *, picture: str | None = None, alt: str = "") -> str:
    """The HTML of a place, in one line: the settings, and the picture's address with its alternative text."""
    data = json.dumps(settings, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    still = f'<img src="{html.escape(picture)}" alt="{html.escape(alt)}">' if picture else ""
    without = "" if picture else "<noscript>This figure is live, and needs JavaScript.</noscript>"
    script = f'<script type="application/json">{data}</script>'
    return f'<figure class="live-place" data-figure="{html.escape(figure)}">{script}{still}{without}</figure>'


def write_scripts(static: Path) -> None:
    """Write what the live figures need into the site's folder of static files."""
    words = json.dumps(
        {figure: modules.labels_of(figure) for figure in modules.FIGURES},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    script = f"{modules.script()}globalThis.liveLabels = {words};\n"
    for name, text in ((SCRIPT, script), (STYLE, modules.style()), (NETWORK, layer_plan.site_script())):
        (static / name).write_text(text, encoding="utf-8")


def write_pictures(folder: Path, pictures: Mapping[str, bytes]) -> None:
    """Write pictures by their addresses from the root of the site, into the folder that Sphinx copies there."""
    for address, content in pictures.items():
        (folder / address).parent.mkdir(parents=True, exist_ok=True)
        (folder / address).write_bytes(content)


def _is_live(output: nbformat.NotebookNode) -> bool:
    return modules.MIME in output.get("data", {})


def _still(output: nbformat.NotebookNode) -> Still:
    return base64.b64decode(output.data["image/png"]), output.metadata["image/png"]["alt"]


def _first_stills(notebooks: Iterable[nbformat.NotebookNode]) -> dict[str, Still]:
    found: dict[str, Still] = {}
    for notebook in notebooks:
        for cell in notebook.cells:
            for output in filter(_is_live, cell.get("outputs", [])):
                found.setdefault(output.data[modules.MIME]["figure"], _still(output))
    return found


def _without_note(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The output without the line that says where the figure is live: here it is. None if nothing is left."""
    if output.get("name") != "stdout":
        return output
    output.text = "".join(line for line in output.text.splitlines(keepends=True) if line.strip() != NOTE)
    return output if output.text else None
