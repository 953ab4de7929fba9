"""Sphinx' settings for the course as a web site. tools/site/pages.py puts them beside the sources that it gathers."""

import html
import os
import re
import textwrap
from pathlib import Path

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxTranslator

DOWNLOADS = Path(__file__).parent / "extra" / "downloads"

project = "Image classification with convolutional networks"
language = "en"
extensions = ["myst_nb"]
exclude_patterns = ["extra"]

nb_execution_mode = "off"  # the stored outputs are shown
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
nb_render_markdown_format = "gfm"  # tables of claims are Markdown
nb_mime_priority_overrides = [("html", "text/markdown", 5)]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

html_baseurl = os.environ.get(
    "CNN_SITE_URL", ""
)  # where the site will be, such as "https://example.org/cnn/"
html_theme = "furo"
html_title = "Image classification with CNNs"  # what stands beside every page
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/favicon.svg"
html_extra_path = ["extra"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_math_renderer = "mathml"
html_theme_options = {"top_of_page_buttons": []}
pygments_dark_style = "github-dark"

# `only` on the front page: say what is there.
if (DOWNLOADS / "colab").is_dir():
    tags.add("colab")  # noqa: F821  (Sphinx gives this file `tags`)
if (DOWNLOADS / "cnn-course.zip").is_file():
    tags.add("archive")  # noqa: F821


def write_mathml(translator: SphinxTranslator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers draw themselves: no script and no font to fetch.

    A formula that docutils cannot translate is a warning, and so stops the build.
    """
    block = isinstance(node, nodes.math_block)
    # docutils knows \bigl and \bigr, which differ from \big in their spacing only
    source = re.sub(r"\\([bB]igg?)(?![a-zA-Z])", r"\\\1l", node.astext())
    try:
        formula = latex2mathml.tex2mathml(source, as_block=block)
    except MathError as error:
        logging.getLogger(__name__).warning("formula %r: %s", node.astext(), error, location=node)
    else:
        translator.body.append(f'<div class="math">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def describe(app: Sphinx, page: str, _template: str, context: dict, doctree: nodes.document | None) -> None:
    """Say in the page's head what it is about, for search engines and for links that are shared.

    An address of pictures must be whole for most networks, so the preview works best where CNN_SITE_URL says where the
    site will be; without it, as on a disk, the addresses are relative.
    """
    if doctree is None:
        return
    paragraphs = (" ".join(found.astext().split()) for found in doctree.findall(nodes.paragraph))
    first = next((text for text in paragraphs if len(text.split()) > 3), html_title)  # no cell of a table
    about = textwrap.shorten(first, 200, placeholder=" …")
    image = (
        f"{html_baseurl}_static/preview.png" if html_baseurl else context["pathto"]("_static/preview.png", 1)
    )
    said = {
        "description": about,
        "og:title": context["title"],
        "og:description": about,
        "og:type": "website",
        "og:site_name": html_title,
        "og:image": image,
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": "A cat, its edges, a heat map and an image made for a filter; below, the course's title.",
        "twitter:card": "summary_large_image",
    }
    if html_baseurl:
        said["og:url"] = f"{html_baseurl}{page}.html"
    for name, text in said.items():
        kind = "property" if name.startswith("og:") else "name"
        text = re.sub("<[^>]+>", "", text)  # a title comes as HTML
        context["metatags"] += f'<meta {kind}="{name}" content="{html.escape(html.unescape(text))}">\n'


def add_scripts(
    app: Sphinx, _page: str, _template: str, context: dict, _doctree: nodes.document | None
) -> None:
    """Give a page with live figures, and no other, what they need; and one with a button for Colab likewise."""
    if 'data-edition="' in context.get("body", ""):
        app.add_js_file("colab-download.js", loading_method="defer")
    if '<figure class="live-place"' in context.get("body", ""):
        app.add_css_file("live.css")
        app.add_js_file("live.js", loading_method="defer")
        app.add_js_file("live-loader.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the formulas' renderer, and of what goes into the head of a page."""
    app.add_html_math_renderer("mathml", (write_mathml, None), (write_mathml, None))
    app.connect("html-page-context", describe)
    app.connect("html-page-context", add_scripts)
