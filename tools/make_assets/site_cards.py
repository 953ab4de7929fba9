"""Small pictures for the site: a card for each notebook, the preview that a shared link shows, and README's banner.

    python -m tools.make_assets.site_cards        # after make outputs, when figures look different

Each picture is cut out of figures that are stored in the notebooks, so nothing is drawn that the course does not show.
The site's own environment cannot scale pictures; that is why they are stored, in site/cards/. cards.json beside them
says which cell each one is from, and a test asks whether that cell still draws a figure. The images that the site's
live convolution begins with are written too, as packed arrays.
"""

import base64
import io
import json
from typing import TYPE_CHECKING, Any

from helpers import owned
from helpers.paths import ROOT
from tools.notebooks.files import as_json, read
from tools.site.cells import figure_of

if TYPE_CHECKING:
    from PIL import Image

CARDS = ROOT / "site" / "cards"
SIZE = (480, 270)  # twice what a card shows, for sharp screens
BANNER = ROOT / "docs" / "course.jpg"
PREVIEW = ROOT / "site" / "static" / "preview.png"
PREVIEW_SIZE = (1200, 630)  # what social networks ask for
IMAGES = ROOT / "site" / "images.json"  # what the live convolution of the site can be tried on
MOST_BYTES = 40_000
Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of a figure
WHOLE = (0.0, 0.0, 1.0, 1.0)
# Notebook → the cell whose figure its card shows, and what of it: one part, or several side by side.
CUTS: dict[str, tuple[str, tuple[Box, ...]]] = {
    "00_start_here": ("pad", ((0, 0.08, 0.61, 0.86),)),
    "01_mlp_and_flattening": ("templates", ((0, 0, 0.79, 1),)),
    "02_cnn_basics": ("cat-again", ((0.012, 0.105, 0.485, 0.48), (0.512, 0.59, 0.985, 0.98))),
    "02b_inside_the_layer": ("effective-figure", ((0.004, 0.21, 0.33, 0.96), (0.335, 0.21, 0.66, 0.96))),
    "03_mnist": ("ten-again", (WHOLE,)),
    "03b_judging_honestly": ("strangers-figure", ((0.06, 0.335, 1, 1),)),
    "03c_fashion_mnist": ("twelve-answered", ((0, 0, 1, 0.66),)),
    "04_cifar10": ("occlusion", (WHOLE,)),
    "04b_a_faster_recipe": ("together-figure", (WHOLE,)),
    "05_vgg_and_batchnorm": ("star", ((0, 0.5, 1, 1),)),
    "05b_backpropagation": ("opening-figure", (WHOLE,)),
    "05c_the_autopsy": ("barcodes", (WHOLE,)),
    "06_residual_connections": ("opening-figure", (WHOLE,)),
    "06b_why_shortcuts_work": ("opening-figure", (WHOLE,)),
    "07_transfer_learning": ("neighbors-figure", ((0, 0.05, 1, 0.52),)),
    "07b_what_spoils_it": ("opening-figure", ((0, 0, 1, 0.48),)),
    "08_augmentation": ("opening-figure", (WHOLE,)),
    "08b_image_files_and_pipelines": ("bgr-figure", (WHOLE,)),
    "08c_mixing_and_whitening": ("chance-figure", (WHOLE,)),
    "09_visualization": ("boxes-figure", ((0, 0, 0.91, 1),)),
    "09b_how_far_to_trust_a_heat_map": ("opening-figure", ((0, 0, 0.92, 1),)),
    "09c_what_does_a_network_want_to_see": ("depths", ((0, 0, 1, 0.665),)),
    "10_scaling_out": ("shared-step", (WHOLE,)),
    "10b_when_workers_die": ("timeline", (WHOLE,)),
}
# README's banner and the preview: a photo, what a trained layer makes of it, where another network looks, and what a
# filter wants to see.
SEEN: tuple[tuple[str, str, Box], ...] = (
    ("02_cnn_basics", "cat-again", (0.012, 0.105, 0.485, 0.48)),
    ("02_cnn_basics", "cat-again", (0.512, 0.59, 0.985, 0.98)),
    ("09_visualization", "mistakes-figure", (0.337, 0.085, 0.6, 0.465)),
    ("09c_what_does_a_network_want_to_see", "depths", (0.51, 0.385, 0.745, 0.65)),
)


def figure(name: str, cell: str) -> "Image.Image":
    """The first figure that a cell of a notebook drew. KeyError if it has none."""
    from PIL import Image

    png, _ = figure_of(read(ROOT / "notebooks" / f"{name}.ipynb"), cell)
    return Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")


def cut(picture: "Image.Image", box: Box) -> "Image.Image":
    """A part of a picture, given in shares of its sides."""
    width, height = picture.size
    left, top, right, bottom = box
    return picture.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    )


def card(name: str) -> "Image.Image":
    """A notebook's card: one part whole on white paper, or several parts that fill it side by side."""
    from PIL import Image, ImageOps

    cell, boxes = CUTS[name]
    parts = [cut(figure(name, cell), box) for box in boxes]
    if len(parts) == 1:
        inner = ImageOps.contain(parts[0], (SIZE[0] - 16, SIZE[1] - 16), Image.Resampling.LANCZOS)
        paper = Image.new("RGB", SIZE, "white")
        paper.paste(inner, ((SIZE[0] - inner.width) // 2, (SIZE[1] - inner.height) // 2))
        return paper
    return beside(parts, SIZE)


def beside(parts: "list[Image.Image]", size: tuple[int, int], gap: int = 6) -> "Image.Image":
    """Pictures side by side, each cut at its sides so that together they fill `size`."""
    from PIL import Image, ImageOps

    paper = Image.new("RGB", size, "white")
    width = (size[0] - gap * (len(parts) - 1)) / len(parts)
    for index, part in enumerate(parts):
        left, right = round(index * (width + gap)), round(index * (width + gap) + width)
        paper.paste(ImageOps.fit(part, (right - left, size[1]), Image.Resampling.LANCZOS), (left, 0))
    return paper


def preview() -> "Image.Image":
    """What a shared link shows: the title below four pictures."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    paper = Image.new("RGB", PREVIEW_SIZE, "white")
    paper.paste(beside(seen(), (PREVIEW_SIZE[0], 370)), (0, 0))
    pen = ImageDraw.Draw(paper)
    for text, top, size, weight in (
        ("Image classification with CNNs", 405, 62, "bold"),
        ("A course in notebooks that checks its own claims:", 505, 36, "normal"),
        ("draw, train, look inside, and measure.", 555, 36, "normal"),
    ):
        file = font_manager.findfont(font_manager.FontProperties(family="DejaVu Sans", weight=weight))
        pen.text((48, top), text, fill="#1f2328", font=ImageFont.truetype(file, size))
    return paper


def seen() -> "list[Image.Image]":
    """The four pictures of the banner."""
    return [cut(figure(name, cell), box) for name, cell, box in SEEN]


def encoded(picture: "Image.Image") -> bytes:
    """A card as WebP, in the best quality that stays below MOST_BYTES."""
    for quality in range(90, 30, -10):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


def images() -> list[dict[str, Any]]:
    """What the site's live convolution can be tried on, as its settings have it: a cat, a cup, and a digit, gray."""
    import numpy as np
    from PIL import Image

    from helpers.data import datasets
    from helpers.widgets import modules

    found = []
    for label, photo, (left, top, side) in (
        ("a cat", "chelsea", (75, 10, 250)),
        ("a cup", "coffee", (150, 20, 360)),
    ):
        square = Image.fromarray(datasets.photo(photo)).crop((left, top, left + side, top + side))
        small = square.convert("L").resize((48, 48), Image.Resampling.LANCZOS)
        found.append({"name": label, "image": modules.pack(np.asarray(small))})
    digit = datasets.load("mnist").x_train[0]
    return [*found, {"name": "a digit", "image": modules.pack(digit.reshape(28, 28))}]


def main() -> None:
    CARDS.mkdir(parents=True, exist_ok=True)
    for name in CUTS:
        content = encoded(card(name))
        owned.write_whole(CARDS / f"{name}.webp", content)
        print(f"{name}: {len(content):,} bytes")
    owned.write_whole(CARDS / "cards.json", as_json({name: cell for name, (cell, _) in CUTS.items()}))
    banner, shared = io.BytesIO(), io.BytesIO()
    beside(seen(), (1200, 300)).save(banner, "JPEG", quality=88, optimize=True)
    preview().quantize(256).save(shared, "PNG", optimize=True)
    for path, buffer in ((BANNER, banner), (PREVIEW, shared)):
        owned.write_whole(path, buffer.getvalue())
        print(f"{path.relative_to(ROOT)}: {buffer.tell():,} bytes")
    owned.write_whole(IMAGES, (json.dumps(images()) + "\n").encode())


if __name__ == "__main__":
    main()
