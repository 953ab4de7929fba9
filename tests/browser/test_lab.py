"""Use the course as a reader does: in a real JupyterLab, with a real browser, mouse and keyboard.

`make test-browser` calls it. It runs notebooks 00, 01 and 02 from top to bottom, answers exercises, moves the
explorer's sliders, draws a digit in 00 and in 03, and leaves screenshots and lab.log in build/screenshots. The
environment variable JUPYTER names another `jupyter` than the one in .venv.
"""

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Reader, copy_notebook, running_lab

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
NOTEBOOKS = ("00_start_here", "01_mlp_and_flattening", "02_cnn_basics", "03_mnist")
PARTS = {  # of 03 the cells that its drawing pad needs: to train all that 03 trains takes a minute
    "03_mnist": (
        "set-up", "parameters", "derived", "look", "build", "train", "judge", "drawings-read", "pad",
    ),
}  # fmt: skip
DRAWN = 2  # the digit that is drawn


def jupyter():
    """The program `jupyter` of the course's environment."""
    places = (
        os.environ.get("JUPYTER"),
        ROOT / ".venv" / "bin" / "jupyter",
        ROOT / ".venv" / "Scripts" / "jupyter.exe",
    )
    found = next((Path(place) for place in places if place and Path(place).exists()), None)
    if found is None:
        pytest.exit("the course is not installed: make test-browser installs it into .venv", returncode=1)
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server for all tests."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    for name in NOTEBOOKS:
        copy_notebook(ROOT / "notebooks" / f"{name}.ipynb", folder / "notebooks", PARTS.get(name, ()))
    with running_lab(jupyter(), folder, SHOTS / "lab.log", "00_start_here.ipynb") as lab:
        yield lab


@pytest.fixture
def reader(lab, open_page):
    yield Reader(open_page(lab.url, viewport={"width": 1300, "height": 900}), lab, SHOTS)
    lab.stop_kernels()


def test_00_the_lab_opens_there(lab):
    assert lab.opens.endswith("/lab/tree/00_start_here.ipynb")


def test_00_runs_and_an_exercise_answers(reader):
    reader.run_all("00_start_here.ipynb")
    reader.picture("00-top", reader.page.locator(".jp-Notebook .jp-Cell").first)
    mark = "nb00.pixels.check(number)"
    expect(reader.cell(mark).locator(".jp-OutputArea-output")).to_contain_text("Not answered yet")
    reader.answer(mark, f"number = 28 + 28\n{mark}", "✗ Not yet. 56 is 28 + 28.")
    reader.picture("00-wrong", reader.cell(mark))
    reader.answer(mark, f"number = 28 * 28\n{mark}", "✓ Correct. 28 rows of 28 pixels")
    reader.picture("00-right", reader.cell(mark))
    reader.picture("00-traceback", reader.cell("tracebacks.show("))
    reader.picture("00-map", reader.cell("course_map.draw()"))
    cell = reader.cell("drawing_pad.live_pad(")
    draw(reader.page.mouse, pad_in(cell).bounding_box())
    expect(cell.locator(".widget-html img")).to_have_attribute(
        "alt", re.compile(f"^The network reads {DRAWN}, "), timeout=60_000
    )
    reader.picture("00-drawn", pad_in(cell))


def test_01_runs(reader):
    reader.run_all("01_mlp_and_flattening.ipynb")
    reader.picture("01-end", reader.cell("lesson.show_claims()"))


def test_02_runs_and_the_explorer_follows_its_sliders(reader):
    reader.run_all("02_cnn_basics.ipynb")
    mark = "nb02.stamp.check(value)"
    reader.answer(mark, f"value = 1\n{mark}", "✗ Not yet.")
    reader.answer(mark, f"value = -1\n{mark}", "✓ Correct.")
    cell = reader.cell("explorer.show(")
    reader.picture("02-explorer-before", cell)
    move_slider(reader, cell, "kernel size", r"− {}\)")
    move_slider(reader, cell, "stride", r"/ {}\)")
    reader.picture("02-explorer-after", cell)


def move_slider(reader, cell, label, formula):
    """Drag a slider to the right; picture and formula must follow."""
    image, text = cell.locator(".widget-html img"), cell.locator(".widget-html p")
    slider = cell.locator(".widget-slider").filter(has_text=label)
    readout = slider.locator(".widget-readout")
    slider.scroll_into_view_if_needed()
    before, old = image.get_attribute("src"), readout.inner_text()
    knob, track = (slider.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-target"))
    middle = knob["y"] + knob["height"] / 2
    mouse = reader.page.mouse
    mouse.move(knob["x"] + knob["width"] / 2, middle)
    mouse.down()
    mouse.move(track["x"] + 0.6 * track["width"], middle, steps=8)
    mouse.up()
    expect(image).not_to_have_attribute("src", before, timeout=60_000)
    assert readout.inner_text() != old
    expect(text).to_have_text(re.compile(formula.format(readout.inner_text())))


def test_03_a_drawn_digit_is_read(reader):
    reader.run_all("03_mnist.ipynb")
    cell = reader.cell("drawing_pad.live_pad(")
    pad, image = pad_in(cell), cell.locator(".widget-html img")
    draw(reader.page.mouse, pad.bounding_box())
    expect(image).to_have_attribute("alt", re.compile(f"^The network reads {DRAWN}, "), timeout=60_000)
    reader.picture("03-drawn", pad)
    cell.locator(".digit-pad button").click()
    expect(image).to_have_count(0, timeout=60_000)


def pad_in(cell):
    """The drawing pad that a cell shows, in view."""
    pad = cell.locator(".digit-pad canvas")
    pad.scroll_into_view_if_needed()
    return pad


def draw(mouse, box):
    """Draw the digit with the mouse, as its strokes are stored: coordinates from 0 to 280, as on the pad."""
    stored = json.loads((ROOT / "helpers" / "assets" / "strokes.json").read_text(encoding="utf-8"))
    for stroke in stored["upright"][str(DRAWN)]:
        points = [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in stroke]
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point)
        mouse.up()
