"""Use the course as a reader does: in a real JupyterLab, with a real browser, mouse and keyboard.

`make test-browser` calls it. It runs notebooks 00, 01 and 02 from top to bottom, answers exercises, uses every live
figure, draws a digit in 00 and in 03, and leaves screenshots and lab.log in build/screenshots. The environment
variable JUPYTER names another `jupyter` than the one in .venv.
"""

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import figures
from tests.browser.lab import Reader, copy_notebook, running_lab, write_notebook

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
NOTEBOOKS = ("00_start_here", "01_mlp_and_flattening", "02_cnn_basics", "03_mnist")
PARTS = {  # of 03 the cells that its live network needs: to train all that 03 trains takes a minute
    "03_mnist": (
        "set-up", "parameters", "derived", "look", "build", "train", "judge", "pad",
    ),
}  # fmt: skip
DRAWN = 2  # the digit that is drawn
LIVE = {
    "color": figures.use_color,
    "receptive_field": figures.use_receptive_field,
    "batchnorm": figures.use_batchnorm,
}


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
    cells = ["from helpers.widgets import live", *(f"live.{name}()" for name in LIVE)]
    write_notebook(folder / "notebooks" / "live_figures.ipynb", cells)
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


def test_02_runs_and_the_live_convolution_follows_its_controls(reader):
    reader.run_all("02_cnn_basics.ipynb")
    mark = "nb02.stamp.check(value)"
    reader.answer(mark, f"value = 1\n{mark}", "✗ Not yet.")
    reader.answer(mark, f"value = -1\n{mark}", "✓ Correct.")
    cell = reader.cell("live.convolution(")
    figure = cell.locator(".live-convolution")
    reader.picture("02-live-before", figure)
    figure.get_by_label("kernel, row 1, column 3", exact=True).fill("4.5")
    expect(figure.get_by_role("combobox", name="kernel", exact=True)).to_have_value("own")
    figure.get_by_role("slider", name="stride", exact=True).press("ArrowRight")
    figure.get_by_role("combobox", name="padding", exact=True).select_option("same")
    found = sums_at(figure, [(0, 0), (3, 5), (13, 13)])
    reader.picture("02-live-after", figure)
    code = (
        "edited = [[-1, 0, 4.5], [-2, 0, 2], [-1, 0, 1]]\n"
        'made = convolution.correlate(eye.mean(axis=2) / 255, edited, strides=2, padding="same")\n'
        'print("NumPy:", *(made[place].round(3) for place in [(0, 0), (3, 5), (13, 13)]))'
    )
    reader.answer(mark, code, "NumPy:")
    printed = reader.cell("edited = ").locator(".jp-OutputArea-output").inner_text()
    assert found == pytest.approx([float(word) for word in printed.split()[1:]], abs=0.0011)


def sums_at(figure, places):
    """Walk over the feature map with the arrow keys, and read the sum at these places, (row, column) from 0."""
    feature_map = figure.locator("canvas[role=application]")
    feature_map.focus()
    feature_map.press("Control+Home")
    here, found = (0, 0), []
    for place in places:
        for way, steps in zip(
            ("ArrowDown", "ArrowRight"), (b - a for a, b in zip(here, place, strict=True)), strict=True
        ):
            for _ in range(steps):
                feature_map.press(way)
        here = place
        expect(figure.locator(".live-block-patch .live-caption")).to_have_text(
            f"patch at row {place[0] + 1}, column {place[1] + 1}"
        )
        found.append(float(figure.locator(".live-sum").inner_text().replace("−", "-")))
    return found


def test_03_a_drawn_digit_goes_through_the_readers_network(reader):
    reader.run_all("03_mnist.ipynb")
    figure = reader.cell("live.network(best)").locator(".live-network")
    figure.get_by_role("button", name="Clear").click()
    verdict = figure.locator(".network-verdict")
    expect(verdict).to_have_text("Draw a digit first.")
    pad = figure.locator(".live-pad")
    pad.scroll_into_view_if_needed()
    draw(reader.page.mouse, pad.bounding_box())
    expect(verdict).to_have_text(re.compile(f"^The network reads {DRAWN}: "))
    reader.picture("03-drawn", pad)


def test_the_other_live_figures_follow_their_controls(reader):
    reader.run_all("live_figures.ipynb")
    for name, use in LIVE.items():
        figure = reader.cell(f"live.{name}()").locator(f".live-{name}")
        use(figure)
        reader.picture(f"live-{name}", figure)


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
