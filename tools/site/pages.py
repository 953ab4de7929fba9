"""Build the course as a web site: gather pages, figures and downloads in one folder, and let Sphinx make HTML of it.

`make site` calls this, in an environment that has Sphinx. Nothing is executed: the notebooks are shown with the
outputs that are stored in them. Where `make colab` has been run, its files become downloads too.
"""

import argparse
import copy
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat

from helpers import owned
from helpers.errors import DataError
from tools.notebooks.files import ROOT, as_json, code_cells, read
from tools.selection import all_notebooks, number
from tools.site import colab_parts, living
from tools.site.cells import as_page, for_the_web
from tools.site.front import site_page
from tools.site.texts import gather_texts

SOURCE, SITE = ROOT / "build" / "site-source", ROOT / "build" / "site"
COURSE = "cnn-course"  # the archive of everything, and the folder in it


def gather(
    folder: Path,
    *,
    notebooks: list[Path],
    colab: Path,
    site: Path,
    results: Path,
    root: Path,
    whole: Path | None,
) -> None:
    """Write the site's sources into the empty folder `folder`.

    `root` is the course's folder, with the glossary, the credits and the pages in docs/. `whole` is the archive of all
    of it; where there is none, each page offers its notebook alone. `colab` is the folder of `make colab`, which may be
    missing. `site` has Sphinx' settings, the style, the cards, and the site's own pages, in which `front.site_page`
    puts figures and cards.
    """
    shutil.copy(site / "conf.py", folder)
    shutil.copytree(site / "static", folder / "static")
    downloads = folder / "extra" / "downloads"  # Sphinx copies what lies in extra/ as it is
    downloads.mkdir(parents=True)
    if whole:
        shutil.copy(whole, downloads)
    (folder / "notebooks").mkdir()
    read_notebooks = {path: read(path) for path in notebooks}
    pages = {number(path): path.name for path in notebooks}
    editions = colab_parts.write(colab, [path.stem for path in notebooks], downloads / "colab")
    for path, notebook in read_notebooks.items():
        offered = whole.name if whole else path.name
        if not whole:
            (downloads / path.name).write_bytes(without_outputs(notebook))
        alive, pictures = living.with_places(notebook, path.stem)
        living.write_pictures(folder / "extra", pictures)
        nbformat.write(
            as_page(alive, name=path.stem, pages=pages, colab=path.stem in editions, offered=offered),
            folder / "notebooks" / path.name,
        )
    living.write_scripts(folder / "static")
    by_name = {path.stem: notebook for path, notebook in read_notebooks.items()}
    gather_own(site, folder, by_name)
    shutil.copy(root / "helpers" / "assets" / "README.md", folder / "credits.md")
    text = for_the_web((root / "GLOSSARY.md").read_text(encoding="utf-8"), pages={})
    (folder / "glossary.md").write_text(_with_links(text, pages), encoding="utf-8")
    gather_results(results, folder / "results")
    gather_texts(root, folder, pages=pages)


def gather_own(site: Path, folder: Path, notebooks: Mapping[str, nbformat.NotebookNode]) -> None:
    """Write the pages that the site has of its own, with their cards and pictures."""
    images = json.loads((site / "images.json").read_text(encoding="utf-8"))
    for path in site.glob("*.md"):
        text, pictures = site_page(path.read_text(encoding="utf-8"), notebooks, images)
        (folder / path.name).write_text(text, encoding="utf-8")
        figures = {address: found for address, found in pictures.items() if address.startswith("figures/")}
        others = {address: found for address, found in pictures.items() if address not in figures}
        living.write_pictures(folder, figures)  # Sphinx finds these in the Markdown, and not those in HTML
        living.write_pictures(folder / "extra", others)
    (folder / "extra" / "cards").mkdir()
    for path in (site / "cards").glob("*.webp"):
        shutil.copy(path, folder / "extra" / "cards")


def without_outputs(notebook: nbformat.NotebookNode) -> bytes:
    """A notebook's file without what its cells gave: a tenth of the size, and who downloads it runs it."""
    plain = copy.deepcopy(notebook)
    for cell in code_cells(plain):
        cell.outputs, cell.execution_count = [], None
    return as_json(plain)


def _with_links(glossary: str, pages: Mapping[str, str]) -> str:
    """The glossary with the notebook in the last column of each row, "02b", as a link to its page."""
    return re.sub(
        r"\| (\d\d[a-z]?) \|$",
        lambda found: f"| [{found[1]}](notebooks/{pages[found[1]]}) |" if found[1] in pages else found[0],
        glossary,
        flags=re.MULTILINE,
    )


def gather_results(results: Path, folder: Path) -> None:
    """Copy the measured results; their README lists the pages that the front page does not."""
    folder.mkdir()
    for path in [*results.glob("*.md"), *results.glob("*.png")]:
        shutil.copy(path, folder)
    listed_before = ("README", "claims")  # by the front page
    others = sorted(path.stem for path in results.glob("*.md") if path.stem not in listed_before)
    listed = ["", "## More measurements", "", "```{toctree}", ":titlesonly:", "", *others, "```", ""]
    with (folder / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\n".join(listed))


def archive(file: Path) -> bool:
    """Write the whole course as it was last committed into a zip file; False where git does not know the folder."""
    command = ["git", "archive", "--format=zip", f"--prefix={COURSE}/", f"--output={file}", "HEAD"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return False
    if run.returncode:
        file.unlink(missing_ok=True)
    return run.returncode == 0


def make_html(source: Path, html: Path) -> None:
    """Let Sphinx make pages of the sources; raises SystemExit after a warning, which Sphinx has printed."""
    with tempfile.TemporaryDirectory() as doctrees:
        options = [
            "--fail-on-warning",
            "--keep-going",
            "--quiet",
            "--builder=html",
            "--doctree-dir",
            doctrees,
        ]
        run = subprocess.run([sys.executable, "-m", "sphinx", *options, str(source), str(html)])
    if run.returncode:
        raise SystemExit(
            "the site is not built: see the warnings above. The one built before is still there."
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", type=Path, default=SOURCE, help="where the sources go (default build/site-source)"
    )
    parser.add_argument("--out", type=Path, default=SITE, help="where the site goes (default build/site)")
    options = parser.parse_args(arguments)
    try:
        with owned.written(options.source) as source, tempfile.TemporaryDirectory() as scratch:
            whole = Path(scratch) / f"{COURSE}.zip"
            if not archive(whole):
                print("no zip file of the course: it is made from the git repository, and there is none")
            gather(
                source,
                notebooks=all_notebooks(),
                colab=ROOT / "build" / "colab",
                site=ROOT / "site",
                results=ROOT / "results",
                root=ROOT,
                whole=whole if whole.exists() else None,
            )
        with owned.written(options.out) as html:
            make_html(options.source, html)
    except DataError as error:
        raise SystemExit(str(error)) from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
