"""The live network in a real browser, on a bare page: drawing, keys, touch, speed.

`make test-site` runs it.
"""

import array
import base64
import itertools
import json
import math
import re
import statistics
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.site import ROOT

LIMIT = 250  # milliseconds a stroke's picture may take; on an idle machine it takes about 30


@pytest.fixture
def figure(open_page, bare_address, patient):
    """A function that opens the figure in a window of this width, and gives it once it has read its first digit."""

    def figure(width=1280, **options):
        page = open_page(bare_address, viewport={"width": width, "height": 900}, **options)
        page.goto(bare_address)
        page.wait_for_function("window.ready")
        page.evaluate("async () => { window.leave = await show('network'); }")
        found = page.locator(".live-network")
        expect(verdict(found)).to_contain_text("reads 3")
        return found

    return figure


def verdict(figure):
    return figure.locator(".network-verdict")


def shares(figure):
    return figure.locator(".network-share").all_inner_texts()


def strokes_on(figure, digit, hand="upright"):
    """The strokes of a ready digit as places in the window, after the pad has been scrolled to."""
    pad = figure.locator(".live-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    stored = json.loads((ROOT / "helpers" / "assets" / "strokes.json").read_text(encoding="utf-8"))
    return [
        [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in stroke]
        for stroke in stored[hand][str(digit)]
    ]


def draw(figure, digit):
    """Draw it with the mouse; how long each picture took, in milliseconds."""
    mouse, took = figure.page.mouse, []
    for points in strokes_on(figure, digit):
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point, steps=3)
            figure.page.evaluate(
                "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )
            took.append(figure.page.evaluate("performance.getEntriesByName('live network').at(-1).duration"))
        mouse.up()
    return took


@pytest.mark.parametrize("digit", [0, 2, 5])
def test_a_drawn_digit_is_read_and_fast(figure, digit):
    shown = figure()
    shown.get_by_role("button", name="Clear").click()
    took = draw(shown, digit)
    expect(verdict(shown)).to_contain_text(f"reads {digit}")
    best = shown.locator(".network-best")
    expect(best.locator(".network-digit")).to_have_text(str(digit))
    print(f"a stroke's pictures took {statistics.median(took):.0f} ms, at most {max(took):.0f} ms")
    assert statistics.median(took) < LIMIT


def test_a_finger_draws_too_and_the_page_stays_where_it_is(figure):
    shown = figure(width=375, has_touch=True)
    shown.get_by_role("button", name="Clear").click()
    strokes = strokes_on(shown, 7)
    session, before = shown.page.context.new_cdp_session(shown.page), shown.page.evaluate("scrollY")
    for points in strokes:
        for kind, places in (("touchStart", points[:1]), *(("touchMove", [point]) for point in points[1:])):
            touches = [{"x": x, "y": y} for x, y in places]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(verdict(shown)).to_contain_text("reads 7")
    assert shown.page.evaluate("scrollY") == before


def test_ready_digits_and_nonsense_need_no_pointer(figure):
    shown = figure()
    keyboard = shown.page.keyboard
    for digit in (8, 1):
        shown.get_by_role("button", name=f"Draw a {digit}").focus()
        keyboard.press("Enter")
        expect(verdict(shown)).to_contain_text(f"reads {digit}")
        expect(shown.locator("[role=status]")).to_contain_text(f"The network reads {digit}")
    before = shares(shown)
    shown.get_by_role("button", name="Nonsense").focus()
    keyboard.press("Space")
    expect(shown.locator("[role=status]")).to_contain_text(
        "Drawn: a spiral, which is no digit. The network reads"
    )
    assert shares(shown) != before


def test_an_empty_pad_is_not_read(figure):
    shown = figure()
    shown.get_by_role("button", name="Clear").click()
    expect(verdict(shown)).to_have_text("Draw a digit first.")
    assert set(shares(shown)) == {"–"}
    assert not shown.locator(".network-sum").first.is_visible()
    shown.get_by_role("button", name="Draw a 4").click()
    expect(shown.locator(".network-sum").first).to_be_visible()


def maps_of(figure, layer):
    """A layer's canvas, and the paragraphs that explain its unit: where it is, and its sum."""
    item = figure.locator(
        ".network-layer", has=figure.page.get_by_role("heading", name=re.compile(f"^{layer}"))
    )
    return item.locator("canvas.network-maps"), item.locator(".network-unit"), item.locator(".network-sum")


def numbers(text):
    """The numbers of a line such as "1.20 (sum of 9 products) − 0.10 (bias) = 1.10; ReLU makes it 1.10"."""
    plain = text.replace("− ", "-").replace("−", "-").replace("+ ", "").replace(",", "")
    plain = re.sub(r"\(sum of [^)]*\)", "", plain)
    return [float(number) for number in re.findall(r"-?\d+\.\d+", plain)]


@pytest.mark.parametrize("layer", ["conv_1", "conv_2", "dense_1"])
def test_the_arrow_keys_go_from_unit_to_unit_and_the_sums_add_up(figure, layer):
    shown = figure()
    canvas, where, line = maps_of(shown, layer)
    canvas.focus()
    canvas.press("Control+Home")
    seen = set()
    for key in ("ArrowRight",) * 3 + ("ArrowDown",) * 2 + ("PageDown",) * 2 + ("ArrowLeft",):
        canvas.press(key)
        seen.add(where.inner_text())
        total, bias, before, value = numbers(line.inner_text())
        assert total + bias == pytest.approx(before, abs=0.011)
        assert value == max(before, 0)
    assert len(seen) >= 6
    if layer != "dense_1":
        assert where.inner_text() == "map 3, row 3, column 3"
    expect(shown.locator("[role=status]")).to_contain_text(where.inner_text())


def test_pointing_at_a_map_shows_its_unit(figure):
    shown = figure()
    canvas, where, _ = maps_of(shown, "pool_1")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    shown.page.mouse.move(box["x"] + 3 * 2.5, box["y"] + 3 * 4.5)
    expect(where).to_have_text("map 1, row 5, column 3")
    shown.page.mouse.move(box["x"] + 3 * 15 + 4, box["y"] + 4)
    expect(where).to_have_text("map 2, row 2, column 2")


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_sticks_out_even_after_a_resize(figure, width):
    shown = figure(width=1655 - width)
    shown.page.set_viewport_size({"width": width, "height": 900})
    inside = "document.documentElement.scrollWidth <= innerWidth"
    shown.page.wait_for_function(inside)
    box = shown.bounding_box()
    for canvas in shown.locator("canvas").all():
        place = canvas.bounding_box()
        assert place["x"] >= box["x"] and place["x"] + place["width"] <= box["x"] + box["width"] + 0.5


def test_two_figures_live_on_one_page_and_one_can_leave(figure):
    shown = figure()
    shown.page.evaluate("async () => { await show('network'); }")
    first, second = shown.page.locator(".live-network").all()
    expect(verdict(second)).to_contain_text("reads 3")
    second.get_by_role("button", name="Draw a 6").click()
    expect(verdict(second)).to_contain_text("reads 6")
    expect(verdict(first)).to_contain_text("reads 3")
    shown.page.evaluate("leave()")
    only = shown.page.locator(".live-network")
    expect(verdict(only)).to_contain_text("reads 6")
    only.get_by_role("button", name="Draw a 0").click()
    expect(verdict(only)).to_contain_text("reads 0")


def packed(shape, values):
    """Numbers as helpers.widgets.modules.pack packs an array; this environment has no NumPy."""
    data = array.array("f", values)
    if sys.byteorder == "big":
        data.byteswap()
    return {"shape": list(shape), "dtype": "float32", "data": base64.b64encode(data.tobytes()).decode()}


def instead_of(shown, plan):
    """The figure of another network, in the place of the one that is shown."""
    shown.page.evaluate("async (plan) => { leave(); await show('network', network(plan)); }", plan)
    return shown.page.locator(".live-network")


def layer(name, shape, kind, **settings):
    """A layer of a plan, without parameters to speak of."""
    return {"name": name, "type": name.title(), "shape": shape, "parameters": 1, "kind": kind, **settings}


def own_network():
    """A plan with the kinds of layers that the shipped network lacks; its weights are small and of both signs."""
    waves = (0.3 * math.sin(number) for number in itertools.count(1))

    def weights(*shape):
        return packed(shape, itertools.islice(waves, math.prod(shape)))

    linear, elu = {"name": "linear"}, {"name": "elu", "alpha": 1.0}
    conv = {"strides": [1, 1], "padding": "valid", "dilation": [2, 2], "activation": linear}
    spread = {"mean": weights(3), "variance": packed([3], [1.5] * 3), "epsilon": 0.001}
    dense = {"bias": None, "activation": linear}
    return {
        "name": "own",
        "input": [28, 28, 1],
        "layers": [
            layer("scaled", [28, 28, 1], "rescale", scale=1 / 127.5, offset=-1.0),
            layer("conv", [24, 24, 3], "conv", kernel=weights(3, 3, 1, 3), bias=weights(3), **conv),
            layer("norm", [24, 24, 3], "normalize", gamma=packed([3], [1.5] * 3), beta=weights(3), **spread),
            layer("elu", [24, 24, 3], "activation", activation=elu),
            layer("pool", [8, 8, 3], "pool", how="average", size=[3, 3], strides=[3, 3], padding="same"),
            layer("mean", [3], "global_pool", how="average"),
            layer("logits", [10], "dense", kernel=weights(3, 10), **dense),
            layer("softmax", [10], "activation", activation={"name": "softmax"}, added=True),
        ],
    }


def test_every_kind_of_layer_is_explained(figure):
    shown = instead_of(figure(), own_network())
    expect(verdict(shown)).to_contain_text("The network reads")
    lines = {
        "scaled": r"^\d+ × 1/127.5 − 1.00 = −?\d\.\d\d$",
        "conv": r"\(sum of 9 products\)",
        "norm": r"^\(.* − .*\) ÷ 1.23 × 1.50 [+−] .* = ",
        "elu": r"^elu of .* is ",
        "pool": r"^the mean of 9: ",
        "mean": r"^the mean of 64: ",
        "logits": r"\(sum of all 3 products\) \+ 0.00 \(bias\)",
        "softmax": r"^from .*, softmax over all units makes ",
    }
    for layer, line in lines.items():
        canvas, where, told = maps_of(shown, layer)
        canvas.focus()
        canvas.press("Control+Home")
        canvas.press("ArrowRight")
        expect(told).to_have_text(re.compile(line))
        place = {"scaled": "row 1, column 2", "mean": "unit 2", "logits": "digit 1", "softmax": "digit 1"}
        expect(where).to_have_text(place.get(layer, "map 1, row 1, column 2"))
    expect(shown.get_by_text("Added for this figure: your network ends in logits")).to_be_visible()


def test_a_window_too_large_to_be_written_out_leaves_no_picture_of_another(figure):
    linear = {"name": "linear"}
    layers = [
        layer("wide", [28, 28, 1], "pool", how="max", size=[7, 7], strides=[1, 1], padding="same"),
        layer("mean", [1], "global_pool", how="average"),
        layer("logits", [10], "dense", kernel=packed([1, 10], range(10)), bias=None, activation=linear),
    ]
    shown = instead_of(figure(), {"name": "own", "input": [28, 28, 1], "layers": layers})
    canvas, _, told = maps_of(shown, "wide")
    window = shown.get_by_label("window", exact=True).first
    canvas.focus()
    canvas.press("Control+Home")
    expect(told).to_contain_text("the largest of 16")
    expect(window).to_be_visible()
    for key in ("ArrowDown", "ArrowRight") * 3:
        canvas.press(key)
    expect(told).to_contain_text("the largest of 49")
    expect(window).to_be_hidden()


def test_thousands_of_maps_make_no_endless_page(figure):
    linear = {"name": "linear"}
    conv = {"strides": [7, 7], "padding": "valid", "dilation": [1, 1], "bias": None, "activation": linear}
    many, zeros = 2000, packed([2000, 10], [0.0] * 20_000)
    layers = [
        layer("many", [4, 4, many], "conv", kernel=packed([7, 7, 1, many], [0.01] * 49 * many), **conv),
        layer("mean", [many], "global_pool", how="average"),
        layer("logits", [10], "dense", kernel=zeros, bias=None, activation=linear),
    ]
    shown = instead_of(figure(width=375), {"name": "own", "input": [28, 28, 1], "layers": layers})
    expect(verdict(shown)).to_contain_text("reads")
    for name in ("many", "mean"):
        assert maps_of(shown, name)[0].bounding_box()["height"] < 1300
