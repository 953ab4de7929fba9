"""The course's pages of text on the site: docs/, CONTRIBUTING.md and the license, with links that work there.

Every text is written for a reader of the repository, where "../results/claims.md" is a file. On the site the same link
leads to the page that was made of that file.
"""

import posixpath
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from helpers.errors import DataError
from tools.site.cells import for_the_web

# Where a file of the repository is on the site, if it has another name there.
MOVED = {
    "README.md": "index.md",
    "GLOSSARY.md": "glossary.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "license.md",
    "helpers/assets/README.md": "credits.md",
}
# docs/ in the order in which the site lists it
ORDER = (
    "lessons",
    "install",
    "colab",
    "data",
    "teaching",
    "grading",
    "hub",
    "recipes",
    "claims",
    "commands",
    "troubleshooting",
)
ROOMS = {"docs": (".md", ".png"), "results": (".md", ".png"), "notebooks": (".ipynb",)}  # what has pages
# A block of code, a link, or code in a line, whichever begins first: only links are changed.
_PART = re.compile(
    r"(?P<block>^```.*?^```)|(?P<before>!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)"
    r"|(?P<code>`[^`\n]*`)",
    re.MULTILINE | re.DOTALL,
)


def gather_texts(root: Path, folder: Path, *, pages: Mapping[str, str]) -> None:
    """Write docs/ and CONTRIBUTING.md of `root` into `folder`, with the pictures in docs/ and the license.

    `pages` maps numbers of notebooks to files. Raises DataError for a link to a file that the site does not have, and
    for a page of docs/ that `ORDER` does not list.
    """
    docs = sorted((root / "docs").glob("*.md"))
    if {path.stem for path in docs} != set(ORDER):
        odd = sorted({path.stem for path in docs} ^ set(ORDER))
        raise DataError(f"docs/ and ORDER in tools/site/texts.py differ: {', '.join(odd)}")
    (folder / "docs").mkdir()
    for path in (root / "docs").glob("*.png"):
        shutil.copy(path, folder / "docs")
    for path in [*docs, root / "CONTRIBUTING.md"]:
        place = path.relative_to(root).as_posix()
        text = with_links(path.read_text(encoding="utf-8"), place, exists=lambda file: (root / file).exists())
        target = folder / MOVED.get(place, place)
        beside = {
            number: posixpath.relpath(f"notebooks/{file}", posixpath.dirname(place))
            for number, file in pages.items()
        }
        target.write_text(for_the_web(text, pages=beside), encoding="utf-8")
    license_text = (root / "LICENSE").read_text(encoding="utf-8")
    (folder / "license.md").write_text(f"# License\n\n```text\n{license_text}\n```\n", encoding="utf-8")


def with_links(text: str, place: str, *, exists: Callable[[str], bool]) -> str:
    """A Markdown text of the repository's file `place` with its links as they are on the site.

    Links to other sites, within the page, and in code stay as they are. Raises DataError for a link that leads to no
    file, or to one that the site has no page of.
    """

    def led(found: re.Match[str]) -> str:
        target = found["target"]
        if target is None or "://" in target:
            return found[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(place), target))
        if not exists(file):
            raise DataError(f"{place} has a link to {target}, and there is no such file")
        on_site = MOVED.get(file, file)
        if not _has_page(on_site):
            raise DataError(
                f"{place} has a link to {target}, which the site has no page of: name its folder in words"
            )
        here = posixpath.dirname(MOVED.get(place, place))
        return f"{found['before']}{posixpath.relpath(on_site, here or '.')}{found['anchor'] or ''})"

    return _PART.sub(led, text)


def _has_page(place: str) -> bool:
    room, _, name = place.rpartition("/")
    return name.endswith(ROOMS[room]) if room in ROOMS else place in MOVED.values()
