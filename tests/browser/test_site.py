"""The built site in a real browser: every page, on a phone and on a desktop. `make test-site` runs this.

Screenshots are written to build/site-screenshots. SITE_FOLDER names another folder than build/site, CHROMIUM
another browser than the one on the path.
"""

import functools
import html.parser
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import expect

from helpers import owned
from tests.browser.site import SITE, STICKING_OUT, WIDTHS
from tools.selection import all_notebooks

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "site-screenshots"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
NOTEBOOKS = [path.stem for path in all_notebooks(ROOT / "notebooks")]

# Those that are not drawn, such as the still of a figure that is alive, load nothing and say nothing. A picture in a
# link that has words may have an empty alternative text, as a card's: screen readers pass over it.
PICTURES = """async () => {
    const seen = [...document.querySelectorAll("img")].filter(image => image.getClientRects().length);
    await Promise.all(seen.map(image => {
        image.loading = "eager";
        return image.complete || new Promise(done => (image.onload = image.onerror = done));
    }));
    return seen.map(image => ({
        source: image.getAttribute("src").slice(0, 80), alt: image.getAttribute("alt"), width: image.naturalWidth,
        beside: image.closest("a")?.innerText.trim() ?? ""}));
}"""


def has_words(picture):
    """Whether a picture is described in a sentence, or is empty on purpose beside the words of its link."""
    if picture["alt"] == "":
        return len(picture["beside"].split()) >= 4
    return picture["alt"] is not None and len(picture["alt"].split()) >= 4


# A site is copied to sticks and sent to phones: every megabyte must be there for a reason.
MOST_BYTES = 60_000_000


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
    assert [picture for picture in pictures if not has_words(picture)] == [], "no alternative text"
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


def test_clicks_on_next_lead_to_play_and_then_to_the_first_notebook(page, address):
    page.goto(f"{address}/index.html")
    page.click(".related-pages .next-page")
    page.wait_for_url("**/play.html")
    page.click(".related-pages .next-page")
    page.wait_for_url(f"**/notebooks/{NOTEBOOKS[0]}.html")


def test_a_card_leads_to_its_notebook(page, address):
    page.goto(f"{address}/index.html")
    page.get_by_role("link", name="02 · CNN basics").last.click()
    page.wait_for_url("**/notebooks/02_cnn_basics.html")


def test_the_front_page_counts_its_lessons_and_leads_to_the_first():
    page = (SITE / "index.html").read_text(encoding="utf-8")
    lessons = re.search(r'<ul class="cards">(.*?)</ul>', page, re.DOTALL)[1]
    assert "eleven lessons" in page and lessons.count("<li>") == 11
    ways = re.search(r'<ul class="ways">(.*?)</ul>', page, re.DOTALL)[1]
    assert re.search(r'href="([^"]+)"', ways)[1] == f"notebooks/{NOTEBOOKS[0]}.html"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_in_its_head_what_it_is_about(name):
    head = (SITE / name).read_text(encoding="utf-8").partition("</head>")[0]
    if name in ("search.html", "genindex.html"):
        return
    (about,) = re.findall(r'<meta name="description" content="([^"]+)">', head)
    assert len(about.split()) >= 4 and len(about) <= 250 and "<" not in about
    (image,) = re.findall(r'<meta property="og:image" content="([^"]+)">', head)
    assert "://" in image or (SITE / name).parent.joinpath(image).resolve().is_file()
    assert len(re.findall(r'<meta property="og:(?:title|description|type)" content="[^"]+">', head)) == 3


def test_the_site_is_small():
    sizes = {path: path.stat().st_size for path in SITE.rglob("*") if path.is_file()}
    largest = sorted(sizes, key=sizes.get, reverse=True)[:5]
    assert sum(sizes.values()) < MOST_BYTES, [(path.name, sizes[path]) for path in largest]


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
def test_a_page_offers_the_course_or_its_notebook(name):
    page = f"notebooks/{name}.html"
    (offered,) = [(SITE / page).parent / link for link in links_of(page).downloads]
    if offered.suffix == ".zip":
        assert f"cnn-course/notebooks/{name}.ipynb" in zipfile.ZipFile(offered).namelist()
    else:
        stored, alone = (
            [(cell["id"], cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
            for path in (ROOT / "notebooks" / f"{name}.ipynb", offered)
        )
        assert stored == alone


@pytest.mark.parametrize("from_disk", [False, True], ids=["served", "from the disk"])
@pytest.mark.parametrize("name", [NOTEBOOKS[0], NOTEBOOKS[-1]])
def test_the_button_for_colab_gives_the_very_file_that_make_colab_wrote(open_page, address, name, from_disk):
    made = ROOT / "build" / "colab" / f"{name}.ipynb"
    if not (SITE / "downloads" / "colab").is_dir():
        pytest.skip("this site was built without make colab")
    root = SITE.as_uri() if from_disk else address
    page = open_page(root, viewport={"width": 375, "height": 900})
    page.goto(f"{root}/notebooks/{name}.html")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download for Colab").click()
    assert download.value.suggested_filename == f"{name}.ipynb"
    assert Path(download.value.path()).read_bytes() == made.read_bytes()


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
    chain = ["index.html", "play.html", *(f"notebooks/{name}.html" for name in NOTEBOOKS)]
    for name, following in zip(chain, chain[1:], strict=False):
        assert neighbour(name, "next-page") == following
        assert neighbour(following, "prev-page") == name


def neighbour(name, kind):
    """The page that the link of class "next-page" or "prev-page" leads to, from the root of the site."""
    page = (SITE / name).read_text(encoding="utf-8")
    target = re.search(rf'<a class="{kind}" href="([^"]+)"', page)[1]
    return ((SITE / name).parent / target).resolve().relative_to(SITE.resolve()).as_posix()
