"""The five live figures on the built site: used as a reader does, and their numbers computed again in plain Python.

`make test-site` runs this. Each figure is used on a phone and on a desktop, from a server on this machine and from the
disk; test_live_network.py asks more of the network.
"""

import json
import math
import re
from operator import mul

import pytest
from playwright.sync_api import expect

from tests.browser import figures
from tests.browser.figures import numbers_in, value_of
from tests.browser.plain_network import probabilities, unpack
from tests.browser.site import ROOT, SITE, STICKING_OUT, WIDTHS

FIGURES = ("convolution", "color", "receptive_field", "batchnorm", "network")
FIRST_SCREEN = (
    760  # pixels in height of a laptop or a phone of today, which show the front page's figure at once
)
FIRST_VIEW = 1000  # milliseconds until something is to be seen, from this machine
IMAGES = {
    entry["name"]: entry["image"]
    for entry in json.loads((ROOT / "site" / "images.json").read_text(encoding="utf-8"))
}


@pytest.fixture(params=[("phone", "served"), ("desktop", "served"), ("desktop", "disk")], ids="-".join)
def page(request, open_page, address):
    """The page Play, which may ask nothing but the site, on a phone or a desktop, from a server or from the disk."""
    size, place = request.param
    root = SITE.as_uri() if place == "disk" else address
    page = open_page(root, viewport={"width": WIDTHS[size], "height": 900}, has_touch=size == "phone")
    page.goto(f"{root}/play.html")
    return page


def alive(page, name):
    """A figure of the page, once it lives."""
    place = page.locator(f'.live-place[data-figure="{name}"]').first
    place.scroll_into_view_if_needed()
    expect(place).to_have_class(re.compile("live-on"))
    return place.locator(f".live-{name}")


# Convolution


def sum_at(image, kernel, row, column, *, stride=1):
    """The sum of the products at one place of the map, of a packed gray image and a square kernel, row after row."""
    side, columns, pixels = math.isqrt(len(kernel)), image["shape"][1], unpack(image)
    patch = [
        pixels[(row * stride + r) * columns + column * stride + c] / 255
        for r in range(side)
        for c in range(side)
    ]
    return sum(map(mul, patch, kernel))


def test_a_kernel_that_is_edited_gives_the_sums_that_python_computes(page):
    figure = alive(page, "convolution")
    kernel = [0.5, -1, 2, 0, 1.25, -3, 0.75, 0, 1]
    for cell, value in zip(figure.locator(".live-kernel input").all(), kernel, strict=True):
        cell.fill(str(value))
    expect(figure.get_by_label("kernel", exact=True)).to_have_value("own")
    grid = figure.locator(".live-block-map canvas")
    grid.focus()
    grid.press("Control+Home")
    seen = set()
    for at in range(1, 6):
        grid.press("ArrowDown")
        grid.press("ArrowRight")
        shown = value_of(figure.locator(".live-sum").inner_text())
        assert shown == pytest.approx(sum_at(IMAGES["a cat"], kernel, at, at), abs=6e-4)
        seen.add(shown)
    assert len(seen) > 2, "the sums differ from place to place"


def test_stride_and_another_image_change_the_map(page):
    figure = alive(page, "convolution")
    figure.get_by_label("image").select_option(label="a digit")
    stride = figure.get_by_role("slider", name=re.compile("^stride"))
    stride.focus()
    stride.press("ArrowRight")
    rows, columns = IMAGES["a digit"]["shape"]
    places = [(side - 3) // 2 + 1 for side in (rows, columns)]
    expect(figure.locator(".live-block-map")).to_contain_text(f"feature map, {places[0]} × {places[1]}")
    grid = figure.locator(".live-block-map canvas")
    grid.focus()
    grid.press("Control+Home")
    for key in ["ArrowDown"] * 5 + ["ArrowRight"] * 6:
        grid.press(key)
    edges = [-1, 0, 1, -2, 0, 2, -1, 0, 1]
    shown = value_of(figure.locator(".live-sum").inner_text())
    assert shown == pytest.approx(sum_at(IMAGES["a digit"], edges, 5, 6, stride=2), abs=6e-4)


@pytest.fixture(params=[("phone", "light"), ("desktop", "dark")], ids="-".join)
def front(request, open_page, address):
    """The front page's convolution, which has the simple form, alive on a phone and on a dark desktop."""
    size, scheme = request.param
    page = open_page(
        address,
        viewport={"width": WIDTHS[size], "height": FIRST_SCREEN},
        has_touch=size == "phone",
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page.goto(f"{address}/index.html")
    return alive(page, "convolution")


def pressed(figure):
    return figure.locator('button[aria-pressed="true"]').all_inner_texts()


def test_the_front_page_has_kernels_to_press_and_no_other_controls(front):
    named = ["blur", "sharpen", "vertical edges", "horizontal edges", "outline"]
    assert front.get_by_role("button").all_inner_texts() == [*named, "Slide it"]
    assert front.locator("select, input[type=range], input[type=checkbox]").count() == 0
    assert front.locator("canvas").count() == 2 and front.locator("input").count() == 9
    assert front.locator("input[type=number]").count() == 9
    assert pressed(front) == ["vertical edges"]
    box = front.locator(".live-block-map canvas").bounding_box()
    end = front.page.evaluate("scrollY") + box["y"] + box["height"]
    assert end < FIRST_SCREEN, "the feature map is on the first screen"
    assert front.page.evaluate(STICKING_OUT) == []


def test_the_sums_on_the_front_page_are_those_that_python_computes(front):
    image, sums = IMAGES["a cat"], []
    rows, columns = (side - 2 for side in image["shape"])
    places = [(row, column) for row in range(rows) for column in range(columns)]
    grid = front.locator(".live-block-map canvas")

    def check(kernel, row, column):
        sums.append(value_of(front.locator(".live-sum").inner_text()))
        assert sums[-1] == pytest.approx(sum_at(image, kernel, row, column), abs=6e-4)

    kernel = [-1, 0, 1, -2, 0, 2, -1, 0, 1]
    begin = max(places, key=lambda place: abs(sum_at(image, kernel, *place)))
    check(kernel, *begin)
    front.get_by_role("button", name="horizontal edges").press("Enter")
    assert pressed(front) == ["horizontal edges"]
    kernel = [-1, -2, -1, 0, 0, 0, 1, 2, 1]
    check(kernel, *begin)
    grid.press("Control+Home")
    for key in ["ArrowDown"] * 9 + ["ArrowRight"] * 5:
        grid.press(key)
    check(kernel, 9, 5)
    expect(front.locator(".live-hidden")).to_contain_text("Row 10, column 6")
    front.get_by_label("kernel, row 1, column 2").fill("-3.5")
    assert pressed(front) == [], "it is the reader's own kernel now"
    kernel[1] = -3.5
    check(kernel, 9, 5)
    box = grid.bounding_box()
    point = {"x": box["width"] * 20.5 / columns, "y": box["height"] * 30.5 / rows}
    (grid.tap if front.page.evaluate("navigator.maxTouchPoints") else grid.click)(position=point)
    check(kernel, 30, 20)
    assert len(set(sums)) == len(sums), "the sums differ"


def test_the_frame_on_the_front_page_slides_only_when_asked_and_until_stopped(front):
    total = front.locator(".live-sum")
    before = total.inner_text()
    front.page.wait_for_timeout(400)
    assert total.inner_text() == before
    front.get_by_role("button", name="Slide it").click()
    expect(total).not_to_have_text(before)
    front.get_by_role("button", name="Stop").click()
    expect(front.get_by_role("button", name="Slide it")).to_be_visible()
    stopped = total.inner_text()
    front.page.wait_for_timeout(400)
    assert total.inner_text() == stopped


# Color, receptive field, batch normalization: the same use of each in JupyterLab is in test_lab.py


def test_three_channels_and_a_bias_add_up_also_after_an_edit_and_a_step(page):
    figures.use_color(alive(page, "color"))


def test_the_field_grows_by_the_formula(page):
    figures.use_receptive_field(alive(page, "receptive_field"))


def test_batchnorm_gives_the_mean_and_deviation_that_scale_and_shift_ask_for(page):
    figures.use_batchnorm(alive(page, "batchnorm"))


# Network


def draw(figure, digit):
    """Draw a digit on the pad with the mouse, in the strokes that come with the course."""
    pad = figure.locator(".live-pad")
    pad.scroll_into_view_if_needed()
    box, mouse = pad.bounding_box(), figure.page.mouse
    hands = json.loads((ROOT / "helpers" / "assets" / "strokes.json").read_text(encoding="utf-8"))
    for stroke in next(iter(hands.values()))[str(digit)]:
        points = [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in stroke]
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point, steps=3)
        mouse.up()


# The 28 × 28 pixels that the network is shown, from the middles of the cells that are drawn.
SHOWN = """canvas => {
    const side = canvas.width / 28, pen = canvas.getContext("2d");
    const middle = (cell) => Math.floor((cell + 0.5) * side);
    return Array.from({length: 784}, (_, i) =>
        pen.getImageData(middle(i % 28), middle(Math.floor(i / 28)), 1, 1).data[0]);
}"""


@pytest.fixture(scope="session")
def plan():
    return json.loads(
        (ROOT / "helpers" / "assets" / "live_network" / "plan.json").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("digit", [2, 7])
def test_the_probabilities_of_a_drawn_digit_are_those_that_python_computes(page, plan, digit):
    figure = alive(page, "network")
    figure.get_by_role("button", name="Clear").click()
    draw(figure, digit)
    expect(figure.locator(".network-verdict")).to_contain_text(f"reads {digit}")
    # drawn in the next frame
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    pixels = figure.locator("canvas").nth(1).evaluate(SHOWN)
    assert max(pixels) > 200 and sum(map(bool, pixels)) > 40
    bars = figure.locator(".network-fill").evaluate_all(
        "bars => bars.map(bar => parseFloat(bar.style.width) / 100)"
    )
    assert bars == pytest.approx(probabilities(plan, pixels), abs=1e-4)


# All of them


def test_all_live_and_nothing_sticks_out_also_right_after_a_resize(page):
    for name in FIGURES:
        alive(page, name)
    assert page.evaluate(STICKING_OUT) == [], "wider than the screen"
    before = page.viewport_size["width"]
    other = next(width for width in WIDTHS.values() if width != before)
    for width in (other, before):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert page.evaluate(STICKING_OUT) == [], f"after a resize to {width}"


def test_a_figure_is_dark_on_a_dark_page(open_page, address):
    page = open_page(address, viewport={"width": 375, "height": 900}, color_scheme="dark")
    page.goto(f"{address}/play.html")
    for name in FIGURES:
        color = alive(page, name).evaluate("node => getComputedStyle(node).color")
        assert min(numbers_in(color)[:3]) > 150, f"{name}: bright text"


def test_without_a_script_the_page_says_so(open_page, address):
    page = open_page(address, viewport={"width": 375, "height": 900}, java_script_enabled=False)
    page.goto(f"{address}/play.html")
    for place in page.locator(".live-place").all():
        assert place.locator("img").count() or "needs JavaScript" in place.inner_text()


def test_the_network_is_fetched_only_where_it_is_shown(open_page, address):
    page, asked = open_page(address, viewport={"width": 1280, "height": 900}), []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2].partition("?")[0]))
    page.goto(f"{address}/index.html")
    alive(page, "convolution")
    assert "live.js" in asked and "live-network.js" not in asked
    asked.clear()
    page.goto(f"{address}/glossary.html")
    assert not [name for name in asked if name.startswith("live")], "a page without figures needs none of it"


@pytest.mark.parametrize(
    "name", ["index.html", "play.html", "notebooks/02_cnn_basics.html", "docs/install.html"]
)
def test_something_is_seen_within_a_second(open_page, address, name):
    page, took = open_page(address, viewport={"width": 375, "height": 900}), []
    for _ in range(3):  # the machine may be busy with something else
        page.goto(f"{address}/{name}")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        took.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        if took[-1] < FIRST_VIEW:
            break
    print(f"{name}: first view after {min(took):.0f} ms")
    assert min(took) < FIRST_VIEW, took


def test_a_lesson_with_a_live_figure_brings_it_alive_in_the_place_of_its_still(open_page, address):
    lessons = [
        path
        for path in sorted((SITE / "notebooks").glob("*.html"))
        if "live-place" in path.read_text("utf-8")
    ]
    assert lessons, "no notebook is stored with a live figure"
    for path in lessons:
        page = open_page(address, viewport={"width": 375, "height": 900})
        page.goto(f"{address}/notebooks/{path.name}")
        for place in page.locator(".live-place").all():
            assert len(place.locator("img").get_attribute("alt").split()) >= 4
            alive(page, place.get_attribute("data-figure"))
            expect(place.locator("img")).to_be_hidden()
        assert page.evaluate(STICKING_OUT) == []
        assert "A still picture:" not in page.locator("article").inner_text()


def test_there_are_all_figures_on_the_page(open_page, address):
    page = open_page(address, viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/play.html")
    named = page.locator(".live-place").evaluate_all("places => places.map(place => place.dataset.figure)")
    assert sorted(named) == sorted(FIGURES)
