"""The built site in a real browser: every page, on a phone and on a desktop. `make test-site` runs this.

Screenshots are written to build/site-screenshots. SITE_FOLDER names another folder than build/site, CHROMIUM
another browser than the one on the path.
"""

import functools
import html.parser
import http.server
import json
import os
import re
import threading
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import expect

from helpers import owned
from tools.selection import all_notebooks

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("SITE_FOLDER", ROOT / "build" / "site"))
SHOTS = ROOT / "build" / "site-screenshots"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
NOTEBOOKS = [path.stem for path in all_notebooks(ROOT / "notebooks")]
WIDTHS = {"phone": 375, "desktop": 1280}

# Elements of the text that stick out to the right and lie in no box that scrolls.
STICKING_OUT = """() => {
    const found = [], ends = "article, header, .content";
    const scrolls = node => ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
    for (const node of document.querySelectorAll("article *, .mobile-header *, .related-pages *")) {
        const box = node.getBoundingClientRect();
        if (!box.width || box.right <= document.documentElement.clientWidth + 1) continue;
        let parent = node;
        while (parent && !parent.matches(ends) && !scrolls(parent)) parent = parent.parentElement;
        if (!parent || parent.matches(ends)) found.push(node.outerHTML.slice(0, 120));
    }
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push("the whole page");
    return found.slice(0, 3);
}"""
PICTURES = """() => [...document.querySelectorAll("img")].map(
    image => ({source: image.getAttribute("src").slice(0, 80), alt: image.alt, width: image.naturalWidth}))"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that does not write down what it was asked."""

    def log_message(self, *_args):
        pass


@pytest.fixture(scope="session")
def address():
    """The site's address on this machine."""
    if "index.html" not in PAGES:
        pytest.exit(f"there is no site in {SITE}: make site", returncode=1)
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=SITE)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def size():
    """How wide the screen is, where a test does not say."""
    return "phone"


@pytest.fixture
def page(open_page, address, size):
    """A page of that width; no file that it asks for may be missing."""
    page, missing = open_page(address, viewport={"width": WIDTHS[size], "height": 900}), []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    yield page
    assert missing == []


def keep_picture(page, name):
    """A screenshot for people to look at."""
    page.screenshot(path=SHOTS / name)
    owned.record(SHOTS, name)


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page(page, address, name, size):
    page.goto(f"{address}/{name}")
    keep_picture(page, f"{name.removesuffix('.html').replace('/', '-')}-{size}.png")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    sticking_out, pictures = page.evaluate(STICKING_OUT), page.evaluate(PICTURES)
    assert sticking_out == [], "wider than the screen"
    assert [picture for picture in pictures if len(picture["alt"].split()) < 4] == [], "no alternative text"
    assert [picture for picture in pictures if not picture["width"]] == [], "not loaded"


@pytest.mark.parametrize("size", ["desktop"])
@pytest.mark.parametrize("words", ["flattening", "평탄화"])
def test_search_finds(page, address, words, size):
    page.goto(address)
    page.fill("input[name=q]", words)
    page.press("input[name=q]", "Enter")
    page.wait_for_selector("#search-results li a[href*='notebooks/01']")
    keep_picture(page, f"search-{words}.png")


@pytest.mark.parametrize("size", WIDTHS)
def test_dark_mode_stays_from_page_to_page(page, address, size):
    toggle = ".theme-toggle-header button" if size == "phone" else ".theme-toggle-content button"
    page.goto(f"{address}/notebooks/{NOTEBOOKS[0]}.html")
    assert brightness(page, "body") > 200
    for _ in range(3):
        if page.get_attribute("body", "data-theme") != "dark":
            page.click(toggle)
    page.goto(f"{address}/notebooks/{NOTEBOOKS[1]}.html")
    assert page.get_attribute("body", "data-theme") == "dark"
    assert brightness(page, "body") < 60
    assert brightness(page, "article img") == 255, "figures are black on white"
    keep_picture(page, f"dark-{size}.png")


def brightness(page, selector):
    """The mean of red, green and blue of an element's background, 0 to 255."""
    color = page.eval_on_selector(selector, "node => getComputedStyle(node).backgroundColor")
    values = [float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    return sum(values) / 3


def test_a_click_on_next_leads_to_the_first_notebook(page, address):
    page.goto(f"{address}/index.html")
    page.click(".related-pages .next-page")
    page.wait_for_url(f"**/notebooks/{NOTEBOOKS[0]}.html")


def test_a_solution_is_closed_and_opens_with_a_click(page, address):
    page.goto(f"{address}/notebooks/{NOTEBOOKS[-1]}.html")
    expect(page.locator("details[open]")).to_have_count(0)
    solution = page.locator("details.folded", has=page.locator("summary", has_text="Solution")).first
    expect(solution.locator("pre")).to_be_hidden()
    solution.locator("summary").click()
    expect(solution.locator("pre")).to_be_visible()


def test_the_code_of_the_opening_is_folded_and_its_figure_is_not(page, address):
    page.goto(f"{address}/notebooks/{NOTEBOOKS[1]}.html")
    setup = page.locator("div.cell", has_text="import os").first
    expect(setup.locator("pre").first).to_be_hidden()
    setup.locator("summary", has_text="Show the code").click()
    expect(setup.locator("pre").first).to_be_visible()
    expect(page.locator("article img").first).to_be_visible()


def test_formulas_are_drawn_without_a_script(page, address):
    page.goto(f"{address}/notebooks/{NOTEBOOKS[2]}.html")
    box = page.locator("math").first.bounding_box()
    assert box["width"] > 100 and box["height"] > 10


class Links(html.parser.HTMLParser):
    """The targets of a page's links and its anchors."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.downloads = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given["id"]} if given.get("id") else set()
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
            self.downloads += [given["href"]] if "download" in given else []


@functools.cache
def links_of(name):
    return Links((SITE / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    for link in links_of(name).links:
        if "://" in link:
            continue
        target, anchor = urldefrag(unquote(link))
        path = (SITE / name).parent / target if target else SITE / name
        assert path.is_file(), link
        assert not target.endswith(".ipynb") or "downloads/" in target, f"{link} is not a page"
        if anchor and path.suffix == ".html":
            other = path.resolve().relative_to(SITE.resolve()).as_posix()
            assert anchor in links_of(other).anchors, link


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_downloads_are_the_notebooks(name):
    page = f"notebooks/{name}.html"
    offered = [(SITE / page).parent / link for link in links_of(page).downloads]
    assert offered[-1].read_bytes() == (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
    colab = ROOT / "build" / "colab" / f"{name}.ipynb"
    assert [path.read_bytes() for path in offered[:-1]] == ([colab.read_bytes()] if colab.is_file() else [])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_exercise_has_its_solution_and_every_quiz_its_answer(name):
    source = (ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    code = ["".join(cell["source"]) for cell in json.loads(source)["cells"] if cell["cell_type"] == "code"]
    page = (SITE / f"notebooks/{name}.html").read_text(encoding="utf-8")
    solutions = sum(bool(re.match(r"# nb\w+\.", text)) and ".solution()" in text for text in code)
    assert page.count("<summary>Solution</summary>") == solutions > 0
    assert page.count("<summary>Answer</summary>") == sum(".ask()" in text for text in code) > 0
    assert "<details open" not in page
    assert "Not answered yet: put" not in page


def test_next_leads_through_all_notebooks_and_previous_back():
    chain = ["index.html", *(f"notebooks/{name}.html" for name in NOTEBOOKS)]
    for name, following in zip(chain, chain[1:], strict=False):
        assert neighbour(name, "next-page") == following
        assert neighbour(following, "prev-page") == name


def neighbour(name, kind):
    """The page that the link of class "next-page" or "prev-page" leads to, from the root of the site."""
    page = (SITE / name).read_text(encoding="utf-8")
    target = re.search(rf'<a class="{kind}" href="([^"]+)"', page)[1]
    return ((SITE / name).parent / target).resolve().relative_to(SITE.resolve()).as_posix()
