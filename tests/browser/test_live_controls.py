"""What hands, keys and screen readers meet in the live figures, on a bare page: focus, typing, speech, leaving.

`make test-site` runs it. What the figures compute is asked in tests/widgets and in test_live_figures.py.
"""

import re

import pytest
from playwright.sync_api import expect

FIGURES = ("convolution", "color", "receptive_field", "batchnorm", "network")
# Counts what a page holds on to: observers, timers, and listeners of the window and of the color scheme.
COUNTING = """
window.held = new Set();
for (const name of ["ResizeObserver", "MutationObserver", "IntersectionObserver"]) {
  window[name] = class extends window[name] {
    observe(...given) { held.add(this); super.observe(...given); }
    disconnect() { held.delete(this); super.disconnect(); }
  };
}
for (const target of [window, MediaQueryList.prototype]) {
  const { addEventListener, removeEventListener } = target;
  target.addEventListener = function (name, call) {
    held.add(call);
    addEventListener.call(this ?? window, name, call);
  };
  target.removeEventListener = function (name, call) {
    held.delete(call);
    removeEventListener.call(this ?? window, name, call);
  };
}
const { setInterval: set, clearInterval: clear } = window;
window.setInterval = (...given) => { const timer = set(...given); held.add(timer); return timer; };
window.clearInterval = (timer) => { held.delete(timer); clear(timer); };
"""


@pytest.fixture
def figure(open_page, bare_address, patient):
    """A function that shows one figure on a page of its own."""

    def figure(name, *, script="", width=1280, settings=None, **options):
        page = open_page(bare_address, viewport={"width": width, "height": 900}, **options)
        page.add_init_script(script)
        page.goto(bare_address)
        page.wait_for_function("window.ready")
        page.evaluate("window.held?.clear()")
        page.evaluate(
            "async ([name, settings]) => { window.leave = await show(name, { ...plain[name], ...settings }); }",
            [name, settings],
        )
        return page.locator(f".live-{name}")

    return figure


def spoken(shown):
    return shown.locator(".live-hidden")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_that_leaves_holds_on_to_nothing(figure, name):
    shown = figure(name, script=COUNTING)
    if (play := shown.get_by_role("button", name="Play")).count():
        play.click()
    assert shown.page.evaluate("held.size") > 3
    shown.page.evaluate("leave()")
    assert shown.page.evaluate("[held.size, document.querySelectorAll('.live').length]") == [0, 0]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_speaks_with_one_voice(figure, name):
    shown = figure(name)
    assert shown.locator("output, [aria-live], [role=status], [role=alert]").count() == 1
    expect(spoken(shown)).to_have_attribute("aria-live", "polite")


@pytest.mark.parametrize(("name", "told"), [("convolution", "Row 1, column 2"), ("color", "row 1, column 2")])
def test_next_is_heard_and_playing_is_not(figure, name, told):
    shown = figure(name)
    shown.get_by_role("button", name="Next").click()
    expect(spoken(shown)).to_contain_text(told)
    before = spoken(shown).inner_text()
    shown.get_by_role("button", name="Play").click()
    expect(shown.locator(".live-value").last).to_contain_text(re.compile("^[4-9] of"))
    assert spoken(shown).inner_text() == before


def test_a_list_that_keeps_the_end_of_a_press_is_heard(figure):
    shown = figure("convolution")
    kernel = shown.get_by_label("kernel", exact=True)
    kernel.dispatch_event("pointerdown")  # as Chromium's lists do it: no pointerup comes
    kernel.select_option("blur")
    expect(spoken(shown)).to_contain_text("The feature map has 46 rows")


def test_a_mistyped_weight_is_marked_until_it_is_put_back(figure):
    shown = figure("convolution")
    cell = shown.get_by_label("kernel, row 1, column 1")
    cell.focus()
    cell.press("Delete")
    expect(cell).to_have_attribute("aria-invalid", "true")
    cell.press("Tab")
    expect(cell).to_have_value("-1")
    assert cell.get_attribute("aria-invalid") is None


def test_a_bias_is_marked_only_while_it_is_no_number(figure):
    shown = figure("color")
    bias = shown.get_by_label("bias", exact=True)
    bias.fill("-")
    expect(bias).to_have_attribute("aria-invalid", "true")
    bias.fill("-2")
    assert bias.get_attribute("aria-invalid") is None
    expect(shown.locator(".color-result")).to_have_text("7")


def test_the_bias_is_that_of_the_filter_it_changes(figure):
    shown = figure("color")
    bias = shown.get_by_label("bias", exact=True)
    bias.fill("5")
    shown.locator(".color-maps canvas.live-framed[tabindex]").nth(1).hover()
    expect(bias).to_have_value("0")
    expect(bias).to_be_focused()
    bias.press_sequentially("3")
    shown.get_by_label("filter 1", exact=True).hover()
    expect(shown.locator(".live-sentence")).to_contain_text("Filter 2")
    expect(shown.locator(".live-sentence")).to_contain_text("the bias of 3")


def test_a_phone_offers_a_minus_where_a_number_may_be_negative(figure):
    shown = figure("color", width=375)
    modes = {
        "weight for the red channel, row 1, column 1": "text",
        "bias": "text",
        "pixel of the red channel, row 1, column 1 of the patch": "decimal",
    }
    for label, mode in modes.items():
        expect(shown.get_by_label(label, exact=True)).to_have_attribute("inputmode", mode)


def test_no_button_takes_the_focus_with_it(figure):
    shown = figure("receptive_field")
    undo = shown.get_by_role("button", name="Remove the last")
    for _ in range(5):
        expect(undo).to_be_enabled()
        undo.press("Enter")
        if undo.is_enabled():
            expect(undo).to_be_focused()
    expect(shown.get_by_role("list")).to_be_focused()
    add = shown.get_by_role("button", name="add pool 2×2")
    for _ in range(8):
        add.press("Enter")
    expect(add).to_be_disabled()
    expect(undo).to_be_focused()


def test_the_square_follows_the_pointer_at_once(figure):
    shown = figure("receptive_field")  # 14 pixels, the next square 2 farther on: 26 places along 64 pixels
    picture = shown.locator(".field-picture canvas")
    picture.scroll_into_view_if_needed()
    box, mouse = picture.bounding_box(), shown.page.mouse
    for pixel in (25, 23):
        mouse.move(box["x"] + (pixel + 0.5) * box["width"] / 64, box["y"] + 2)
    picture.press("ArrowRight")
    expect(spoken(shown)).to_contain_text(f"column {round((23 - 6.5) / 2) + 2} of 26")


@pytest.mark.parametrize(
    ("name", "settings", "alike"),
    [
        ("convolution", None, ".live-kernel input"),
        ("color", None, ".color-grid input"),
        ("convolution", {"simple": True}, ".live-buttons button"),
        ("network", None, ".network-track, .network-fill"),
    ],
)
def test_where_a_color_tells_something_forced_colors_leave_it(figure, name, settings, alike):
    shown = figure(name, settings=settings, forced_colors="active")
    if name == "network":
        expect(shown.locator(".network-verdict")).to_contain_text("reads 3")
    assert shown.page.evaluate("matchMedia('(forced-colors: active)').matches")
    colors = "nodes => [...new Set(nodes.map((node) => getComputedStyle(node).backgroundColor))]"
    assert len(shown.locator(alike).evaluate_all(colors)) > 1
