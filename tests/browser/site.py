"""The built site as the tests in a browser see it: where it is, its address, and what must not stick out.

SITE_FOLDER names another folder than build/site.
"""

import contextlib
import functools
import http.server
import os
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("SITE_FOLDER", ROOT / "build" / "site"))
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


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that does not write down what it was asked."""

    def log_message(self, *_args):
        pass


@contextlib.contextmanager
def served(folder=SITE, handler=Quiet):
    """The address on this machine of a folder, the site if nothing else is said, while it is served."""
    handler = functools.partial(handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
