"""Live figures on the site: what becomes of a stored one, what a text asks for, and the scripts that run them."""

import base64
import json
import re
import shutil
import subprocess

import nbformat
import pytest

from helpers.errors import DataError
from helpers.widgets import display, modules
from tools.notebooks.files import ROOT
from tools.site import cells, living

PNG = base64.b64encode(b"pixels").decode()
SETTINGS = {"kernel": [[1, 2], [3, 4]], "note": "</script><b>& 3 < 4"}
LOADER = (ROOT / "site" / "static" / "live-loader.js").read_text(encoding="utf-8")
node = pytest.mark.skipif(not shutil.which("node"), reason="there is no node here")


def a_notebook():
    """A title, a cell with a live figure as `display.show` stores it between two printed lines, and a plain figure."""
    new = nbformat.v4
    live = new.new_output(
        "display_data",
        data={
            "image/png": PNG,
            "text/plain": "[figure]",
            modules.MIME: {"figure": "color", "settings": SETTINGS},
        },
    )
    live.metadata = {"image/png": {"alt": "Three channels & two filters"}}
    plain = nbformat.from_dict({**live, "data": {"image/png": PNG}})
    said = new.new_output("stream", name="stdout", text=f"before\n{living.NOTE}\n")
    return new.new_notebook(
        cells=[
            new.new_markdown_cell("# 02 · Second\n\n*What is it?*", id="title"),
            new.new_markdown_cell("Text.", id="text"),
            new.new_code_cell("live.color()", id="color", outputs=[live, said]),
            new.new_code_cell("plots.show(figure)", id="plain", outputs=[plain]),
        ]
    )


def data_of(markup):
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', markup)
    return json.loads(data)


def test_a_stored_live_figure_becomes_a_place_with_its_settings_and_its_still_picture():
    page, pictures = living.with_places(a_notebook(), "02_second")
    assert pictures == {"stills/02_second-color-0.png": b"pixels"}
    place, said = page.cells[2].outputs
    markup = place.data["text/html"]
    assert markup.startswith('<figure class="live-place" data-figure="color">') and "\n" not in markup
    assert data_of(markup) == SETTINGS
    assert '<img src="../stills/02_second-color-0.png" alt="Three channels &amp; two filters">' in markup
    assert said.text == "before\n", "the note that the figure is live elsewhere is gone"
    assert "image/png" in page.cells[3].outputs[0].data, "other figures stay as they are"


def test_settings_cannot_end_the_script_that_holds_them():
    markup = living.place("color", SETTINGS)
    assert markup.count("</script>") == 1 and "<b>" not in markup


def test_the_notebook_is_left_as_it_is_and_the_page_is_valid():
    notebook = a_notebook()
    before = nbformat.writes(notebook)
    page, _ = living.with_places(notebook, "02_second")
    assert nbformat.writes(notebook) == before
    shown = cells.as_page(page, name="02_second", pages={}, colab=False, offered="cnn-course.zip")
    nbformat.validate(shown, relax_add_props=False)
    (cell,) = [cell for cell in shown.cells if cell.id == "color"]
    assert "mystnb" not in cell.metadata and "live-place" in cell.outputs[0].data["text/html"]


def test_a_cell_that_prints_nothing_but_the_note_keeps_only_the_figure():
    notebook = a_notebook()
    notebook.cells[2].outputs[1].text = living.NOTE + "\n"
    page, _ = living.with_places(notebook, "02_second")
    assert [output.output_type for output in page.cells[2].outputs] == ["display_data"]


def test_the_note_is_the_one_that_notebooks_print():
    assert living.NOTE == display.NOTE


def test_a_text_gets_the_place_it_asks_for_with_the_still_of_a_notebook():
    images = [{"name": "a cat", "image": {"shape": [1, 1], "dtype": "uint8", "data": "AA=="}}]
    text = "# Play\n\n<!-- live: color -->\n\nand\n\n<!-- live: convolution -->\n"
    made, pictures = living.in_text(text, [a_notebook()], images)
    color, convolution = re.findall(r"<figure.*</figure>", made)
    assert pictures == {"stills/color.png": b"pixels"} and 'src="stills/color.png"' in color
    assert (
        data_of(convolution)["images"] == images and "<noscript>" in convolution and "<img" not in convolution
    )
    assert made.startswith("# Play\n\n<figure") and "\n\nand\n\n<figure" in made


def test_a_text_that_asks_for_an_unknown_figure_is_an_error():
    with pytest.raises(DataError, match="no live figure 'colour': choose one of convolution, color"):
        living.in_text("<!-- live: colour -->", [], [])


def test_the_simple_form_is_asked_for_by_name_and_shows_one_image():
    images = [
        {"name": name, "image": {"shape": [1, 1], "dtype": "uint8", "data": "AA=="}}
        for name in ("cat", "cup")
    ]
    simple, full = (
        data_of(living.in_text(f"<!-- live: convolution{form} -->", [], images)[0])
        for form in (" simple", "")
    )
    assert simple["simple"] is True and simple["images"] == images[:1]
    assert "simple" not in full and full["images"] == images
    assert {**full, "simple": True, "images": images[:1]} == simple
    with pytest.raises(DataError, match="'color' has no simple form"):
        living.in_text("<!-- live: color simple -->", [], images)


def test_there_is_a_default_for_every_figure():
    assert tuple(living.DEFAULTS) == ("convolution", "color", "receptive_field", "batchnorm", "network")
    assert set(living.DEFAULTS) == set(modules.FIGURES)


def test_the_images_to_try_are_small_and_can_be_unpacked():
    for entry in json.loads((ROOT / "site" / "images.json").read_text(encoding="utf-8")):
        rows, columns = entry["image"]["shape"]
        assert len(base64.b64decode(entry["image"]["data"])) == rows * columns <= 64 * 64
        assert entry["image"]["dtype"] == "uint8" and entry["name"]


def test_the_scripts_are_written_with_words_style_and_network(tmp_path):
    living.write_scripts(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live-network.js", "live.css", "live.js"]
    assert (tmp_path / "live.css").read_text(encoding="utf-8") == modules.style()
    for name in re.findall(r'load\("([\w.-]+)"\)', LOADER):
        assert (tmp_path / name).is_file(), name


def run(script):
    """What a piece of JavaScript prints, in node."""
    done = subprocess.run(["node", "-"], input=script, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@node
def test_the_scripts_define_every_figure_its_words_and_the_network(tmp_path):
    living.write_scripts(tmp_path)
    text = "\n".join((tmp_path / name).read_text(encoding="utf-8") for name in ("live.js", "live-network.js"))
    asked = (
        "console.log(JSON.stringify({"
        "renders: Object.entries(liveFigures).filter(([, one]) => typeof one.render === 'function').map(([n]) => n),"
        "labels: Object.keys(liveLabels), layers: liveNetwork.layers.length, digits: liveNetwork.digits.length}));"
    )
    found = json.loads(run(f"{text}\n{asked}"))
    assert found["renders"] == found["labels"] == list(modules.FIGURES)
    assert found["layers"] > 5 and found["digits"] == 10


# A page as far as the loader needs one: places in a list, and an observer that sees them all at once.
PAGE = """
const log = [];
const element = (tag) => ({ tag, children: [], classes: [], dataset: {}, removed: false,
  append(...more) { this.children.push(...more); }, remove() { this.removed = true; },
  classList: { list: [], add(name) { this.list.push(name); } } });
const places = PLACES.map(({ figure, settings }) => ({ ...element("figure"), dataset: { figure },
  querySelector: () => ({ textContent: JSON.stringify(settings) }) }));
globalThis.document = {
  currentScript: { src: "file:///site/_static/live-loader.js?v=1" },
  createElement: element,
  head: { append(script) { log.push(String(script.src)); setTimeout(() => {
    if (WORKS) { globalThis.liveNetwork = {}; script.onload(); } else script.onerror();
  }); } },
  querySelectorAll: () => places,
};
globalThis.IntersectionObserver = class {
  constructor(see) { this.see = see; }
  observe(target) { setTimeout(() => this.see([{ isIntersecting: true, target }])); }
  unobserve() {}
};
console.error = (...words) => log.push(words.join(" "));
globalThis.liveLabels = { color: { title: "Color" }, network: {} };
const render = ({ model, el }) => {
  if (model.get("settings").broken) throw new Error("broken");
  log.push(`${el.tag} ${JSON.stringify(model.get("settings"))} ${JSON.stringify(model.get("labels"))}`);
};
globalThis.liveFigures = { color: { render }, network: { render } };
"""


def loaded(places, *, works=True):
    """What the loader does on a page with these places: its log, and each place's classes."""
    page = PAGE.replace("PLACES", json.dumps(places)).replace("WORKS", json.dumps(works))
    end = "setTimeout(() => process.stdout.write(JSON.stringify([log, places.map((one) => one.classList.list)])), 200);"
    return json.loads(run(f"{page}\n{LOADER}\n{end}"))


@node
def test_the_loader_renders_each_place_with_its_settings_and_labels():
    log, classes = loaded([{"figure": "color", "settings": {"stride": 2}}])
    assert log == ['div {"stride":2} {"title":"Color"}'] and classes == [["live-on"]]


@node
def test_the_loader_fetches_the_network_once_and_from_its_own_folder():
    place = {"figure": "network", "settings": {"network": "shipped"}}
    log, classes = loaded([place, place])
    assert log[0] == "file:///site/_static/live-network.js" and len(log) == 3
    assert classes == [["live-on"], ["live-on"]]


@node
@pytest.mark.parametrize(
    ("place", "works", "why"),
    [
        ({"figure": "color", "settings": {"broken": True}}, True, "Error: broken"),
        (
            {"figure": "network", "settings": {"network": "shipped"}},
            False,
            "live-network.js cannot be loaded",
        ),
        ({"figure": "none", "settings": {}}, True, "TypeError"),
    ],
)
def test_where_a_figure_fails_its_still_stays_and_the_console_says_why(place, works, why):
    log, classes = loaded([place], works=works)
    assert classes == [["live-failed"]]
    assert "its still picture stays" in log[-1] and why in log[-1]
