"""Gather what the site is made of into one folder for Sphinx: pages, figures of the front page, downloads.

`make site` calls this. Nothing is executed: the notebooks are shown with the outputs that are stored in them. Where
`make colab` has been run, its files become downloads too.
"""

import argparse
import base64
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat

from tools.notebooks.files import ROOT, all_notebooks, read
from tools.site.cells import as_page, figure_of, title_and_question

COURSE = "cnn-course"  # the archive of everything, and the folder in it
_FIGURE = re.compile(r"!\[\]\(notebooks/(\w+)\.ipynb#([\w-]+)\)")


def build(
    folder: Path, *, notebooks: list[Path], colab: Path, front: str, results: Path, credits_file: Path
) -> None:
    """Write the site's sources into `folder`, which is emptied first.

    `colab` is the folder of `make colab`, which may be missing; `front` is the front page, with an empty image
    `![](notebooks/NAME.ipynb#CELL)` where a notebook's figure belongs and `<!-- notebooks -->` for the list of them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    downloads = folder / "extra" / "downloads"  # Sphinx copies what lies in extra/ as it is
    downloads.mkdir(parents=True)
    (folder / "notebooks").mkdir()
    read_notebooks = {path: read(path) for path in notebooks}
    pages = {path.stem[:2]: path.name for path in notebooks}
    for path, notebook in read_notebooks.items():
        offered = offer(path, colab, downloads)
        nbformat.write(
            as_page(notebook, name=path.stem, pages=pages, downloads=offered),
            folder / "notebooks" / path.name,
        )
    by_name = {path.stem: notebook for path, notebook in read_notebooks.items()}
    (folder / "index.md").write_text(front_page(front, by_name, folder / "figures"), encoding="utf-8")
    shutil.copy(credits_file, folder / "credits.md")
    gather_results(results, folder / "results")


def offer(path: Path, colab: Path, downloads: Path) -> dict[str, str]:
    """Copy what can be downloaded of a notebook; return each link's text and its address seen from the page."""
    offered = {}
    if (colab / path.name).is_file():
        (downloads / "colab").mkdir(exist_ok=True)
        shutil.copy(colab / path.name, downloads / "colab")
        offered["Download for Colab (has all it needs)"] = f"../downloads/colab/{path.name}"
    shutil.copy(path, downloads)
    offered["Download for the course's folder"] = f"../downloads/{path.name}"
    return offered


def front_page(front: str, notebooks: Mapping[str, nbformat.NotebookNode], figures: Path) -> str:
    """The front page with the list of notebooks and with figures of theirs, which are written into `figures`."""

    def figure(found: re.Match) -> str:
        name, cell = found.groups()
        png, alt = figure_of(notebooks[name], cell)
        figures.mkdir(exist_ok=True)
        (figures / f"{name}-{cell}.png").write_bytes(base64.b64decode(png))
        return f"![{alt}](figures/{name}-{cell}.png)"

    return _FIGURE.sub(figure, front).replace("<!-- notebooks -->", contents(notebooks))


def contents(notebooks: Mapping[str, nbformat.NotebookNode]) -> str:
    """The notebooks as a Markdown list: each title a link to its page, below it the question it answers."""
    entries = []
    for name, notebook in notebooks.items():
        title, question = title_and_question(notebook)
        entries.append(f"- [{title}](notebooks/{name}.ipynb)\\\n  {question}")
    return "\n".join(entries)


def gather_results(results: Path, folder: Path) -> None:
    """Copy the measured results; their README lists the other pages."""
    folder.mkdir()
    for path in [*results.glob("*.md"), *results.glob("*.png")]:
        shutil.copy(path, folder)
    others = sorted(path.stem for path in results.glob("*.md") if path.stem != "README")
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the sources go, for example build/site-source")
    folder = parser.parse_args().folder.resolve()
    sys.path.insert(0, str(ROOT))  # for helpers.exercises
    build(
        folder,
        notebooks=all_notebooks(),
        colab=ROOT / "build" / "colab",
        front=(ROOT / "site" / "index.md").read_text(encoding="utf-8"),
        results=ROOT / "results",
        credits_file=ROOT / "helpers" / "assets" / "README.md",
    )
    if not archive(folder / "extra" / "downloads" / f"{COURSE}.zip"):
        print("the course as a zip file is left out: it is made from the git repository, and there is none")
    return 0


if __name__ == "__main__":
    sys.exit(main())
