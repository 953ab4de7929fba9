"""Use the course as a reader does: in a real JupyterLab, with a real browser, mouse and keyboard.

`make test-browser` calls it. It runs notebooks 00, 01 and 02 from top to bottom, answers exercises, moves the
explorer's sliders, draws a digit in 03, and leaves screenshots in build/screenshots. Whatever is not as it should be
ends it with exit status 1 and a picture of the page.
"""

import argparse
import contextlib
import json
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

from tests.browser import chromium
from tests.browser.lab_reader import Failure, Reader, expect
from tests.browser.lab_server import Lab, copy_notebook, running_lab

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
PARTS = {  # of 03 the cells that its drawing pad needs: to train all that 03 trains takes a minute
    "03_mnist": (
        "set-up", "parameters", "derived", "add-channel", "build", "compile-cell", "train", "reload-cell",
        "predict-cell", "worst-mistakes", "make-photo", "photo-stages", "pad",
    ),
}  # fmt: skip
DRAWN = 2  # the digit that is drawn


def start_here(reader: Reader) -> None:
    """00: Run All, then one exercise wrong and right."""
    print(f"00: {reader.run_all():.0f} s", flush=True)
    reader.picture("00-top", reader.page.locator(".jp-Notebook .jp-Cell").first)
    mark = "nb00.pixels.check(number)"
    expect(reader.cell(mark).locator(".jp-OutputArea-output").inner_text(), "Not answered yet")
    expect(reader.answer(mark, f"number = 28 + 28\n{mark}"), "✗ Not yet. 56 is 28 + 28.")
    reader.picture("00-wrong", reader.cell(mark))
    expect(reader.answer(mark, f"number = 28 * 28\n{mark}"), "✓ Correct. 28 rows of 28 pixels")
    reader.picture("00-right", reader.cell(mark))
    reader.picture("00-traceback", reader.cell("tracebacks.show("))
    reader.picture("00-versions", reader.cell("start.show_versions()"))
    reader.picture("00-data", reader.cell("start.show_data()"))


def flattening(reader: Reader) -> None:
    """01: Run All."""
    print(f"01: {reader.run_all():.0f} s", flush=True)
    reader.picture("01-end", reader.cell("lesson.show_claims()"))


def basics(reader: Reader) -> None:
    """02: Run All, an exercise wrong and right, and the explorer's sliders."""
    print(f"02: {reader.run_all():.0f} s", flush=True)
    mark = "nb02.stamp.check(value)"
    expect(reader.answer(mark, f"value = 1\n{mark}"), "✗ Not yet.")
    expect(reader.answer(mark, f"value = -1\n{mark}"), "✓ Correct.")
    explorer(reader)


def explorer(reader: Reader) -> None:
    """Move both sliders of the explorer; the picture and the formula must follow."""
    cell = reader.cell("explorer.show(")
    picture = cell.locator(".widget-html img")
    reader.picture("02-explorer-before", cell)
    for label, formula in (("kernel size", r"− {}\)"), ("stride", r"/ {}\)")):
        slider = cell.locator(".widget-slider").filter(has_text=label)
        slider.scroll_into_view_if_needed()
        knob, track = (
            slider.locator(".noUi-handle").bounding_box(),
            slider.locator(".noUi-target").bounding_box(),
        )
        before, old = picture.get_attribute("src"), slider.locator(".widget-readout").inner_text()
        middle = knob["y"] + knob["height"] / 2
        reader.page.mouse.move(knob["x"] + knob["width"] / 2, middle)
        reader.page.mouse.down()
        reader.page.mouse.move(track["x"] + 0.6 * track["width"], middle, steps=8)
        reader.page.mouse.up()
        changed = "([place, old]) => (place.querySelector('img')?.src ?? old) !== old"
        reader.wait("a new picture", changed, [cell.locator(".widget-html").element_handle(), before])
        value = slider.locator(".widget-readout").inner_text()
        text = cell.locator(".widget-html p").inner_text()
        if value == old or not re.search(formula.format(value), text):
            raise Failure(f"{label} went from {old} to {value}, and the formula says {text!r}")
        print(f"02: {label} {old} → {value}: {picture.get_attribute('alt')}", flush=True)
    reader.picture("02-explorer-after", cell)


def drawing(reader: Reader) -> None:
    """03: train the network, draw a digit with the mouse, read the prediction, and clear the pad."""
    print(f"03, the cells that the pad needs: {reader.run_all():.0f} s", flush=True)
    cell = reader.cell("drawing.live_pad(")
    pad, picture = cell.locator(".digit-pad canvas"), cell.locator(".widget-html img")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    strokes = json.loads((ROOT / "helpers" / "assets" / "strokes.json").read_text())["upright"][str(DRAWN)]
    for stroke in strokes:  # coordinates from 0 to 280, as on the pad
        points = [(box["x"] + x * box["width"] / 280, box["y"] + y * box["height"] / 280) for x, y in stroke]
        reader.page.mouse.move(*points[0])
        reader.page.mouse.down()
        for point in points[1:]:
            reader.page.mouse.move(*point)
        reader.page.mouse.up()
    picture.wait_for()
    said = picture.get_attribute("alt")
    print(f"03: {said}", flush=True)
    reader.picture("03-drawn", pad)
    expect(said, f"The model reads {DRAWN}, ")
    cell.locator(".digit-pad button").click()
    picture.wait_for(state="detached")


VISITS = {
    "00_start_here": start_here,
    "01_mlp_and_flattening": flattening,
    "02_cnn_basics": basics,
    "03_mnist": drawing,
}


def visit_all(lab: Lab, executable: str, chosen: list[str], patience: float) -> None:
    """Visit each notebook in a browser; raises `Failure`, after a picture of the page."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, executable)
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.set_default_timeout(1000 * patience)
        reader = Reader(page, lab, SHOTS, patience)
        try:
            for name in chosen:
                reader.open(f"{name}.ipynb")
                VISITS[name](reader)
                lab.stop_kernels()
            if reader.abroad:
                raise Failure(f"the page asked other machines for {', '.join(sorted(set(reader.abroad)))}")
        except (Failure, Error) as failure:
            with contextlib.suppress(Error):  # a page that hangs must not hide why
                reader.picture("failure")
            raise Failure(f"{page.url.partition('?')[0]}: {failure}") from None
        finally:
            browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help='notebooks to visit, for example "02"; all four without')
    parser.add_argument(
        "--jupyter", type=Path, default=ROOT / ".venv" / "bin" / "jupyter", help="whose lab to start"
    )
    parser.add_argument("--patience", type=float, default=240, help="seconds to wait for any one thing")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped then too
    executable, began = chromium.find(), time.monotonic()
    chosen = [name for name in VISITS if not options.names or name.startswith(tuple(options.names))]
    if not chosen:
        parser.error(f"no visit to {' '.join(options.names)}; there are: {', '.join(VISITS)}")
    shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="lab-") as name:
        folder = Path(name)
        (folder / "notebooks").mkdir()
        for stem in VISITS:
            source, target = (place / "notebooks" / f"{stem}.ipynb" for place in (ROOT, folder))
            copy_notebook(source, target, PARTS.get(stem, ()))
        try:
            with running_lab(
                options.jupyter, folder, "00_start_here.ipynb", patience=options.patience
            ) as lab:
                if not lab.opens.endswith("/lab/tree/00_start_here.ipynb"):
                    raise Failure(f"JupyterLab opens at {lab.opens!r} and not at notebook 00")
                visit_all(lab, executable, chosen, options.patience)
        except Failure as failure:
            shutil.copy(folder / "lab.log", SHOTS / "lab.log")
            print(
                f"FAILED: {failure}\nsee failure.png and lab.log in {SHOTS.relative_to(ROOT)}",
                file=sys.stderr,
            )
            return 1
    print(f"all well after {time.monotonic() - began:.0f} s; screenshots in {SHOTS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
