"""Build the sprites of Emoji-10 (helpers/assets/emoji10/) from four npm packages of openly licensed emoji art.

Run by developers, once; the result is committed. In a new folder:

    npm pack @iconify-json/twemoji@1.2.5 @iconify-json/fluent-emoji@1.2.7 \\
             @iconify-json/fluent-emoji-flat@1.2.6 @iconify-json/openmoji@1.2.29
    pip install resvg-py==0.5.0

and then, in the course's folder,

    python -m tools.make_assets.emoji_sprites --packages FOLDER

Each SVG is drawn with resvg (which knows the filters and gradients of fluent-emoji), cropped to its ink and
scaled to a 64×64 RGBA image. OpenMoji is share-alike, so it has a file of its own. `--sheet` draws
docs/emoji10.png from the committed sprites and needs no packages.
"""

import argparse
import csv
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from helpers.data import emoji10
from helpers.data.emoji10 import ART_FOLDER
from helpers.data.specs import CIFAR10_CLASSES
from helpers.paths import ROOT

SIZE, MARGIN, OVERSAMPLED = 64, 2, 512
ALIKE = 2.0  # gray levels of mean difference: fluent-emoji has cats that differ in their eyebrows only

FIELDS = (
    "art", "row", "class", "style", "package", "version", "icon", "author", "licence", "licence_file", "source",
)  # fmt: skip

# package, version, sha256 of the tgz, which art, author, license, license file, home of the originals
PACKAGES = (
    ("twemoji", "1.2.5", "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7", "train",
     "Twitter and the contributors to Twemoji", "CC BY 4.0", "CC-BY-4.0.txt",
     "https://github.com/jdecked/twemoji"),
    ("fluent-emoji", "1.2.7", "8044210dbf11e016d4de85f15d01a243423bd832457e7e2491df1b751c0e272b", "train",
     "Microsoft Corporation", "MIT", "fluent-emoji-MIT.txt", "https://github.com/microsoft/fluentui-emoji"),
    ("fluent-emoji-flat", "1.2.6", "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175", "train",
     "Microsoft Corporation", "MIT", "fluent-emoji-MIT.txt", "https://github.com/microsoft/fluentui-emoji"),
    ("openmoji", "1.2.29", "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5", "new",
     "OpenMoji, the open-source emoji and icon project", "CC BY-SA 4.0", "CC-BY-SA-4.0.txt",
     "https://github.com/hfg-gmuend/openmoji"),
)  # fmt: skip

# The rule: a person asked "is this a cat?" says yes. So no tiger (cat), wolf (dog), unicorn, zebra or donkey
# (horse), rubber duck (bird), ambulance, minibus or tractor (truck). A moose is the largest of the deer.
ICONS = {
    "airplane": "airplane airplane-arrival airplane-departure small-airplane up-pointing-airplane"
    " up-pointing-military-airplane up-pointing-small-airplane northeast-pointing-airplane",
    "automobile": "automobile oncoming-automobile taxi oncoming-taxi police-car oncoming-police-car racing-car"
    " sport-utility-vehicle autonomous-car exhaust-gases-car",
    "bird": "bird black-bird blackbird eagle dove duck swan goose owl parrot peacock flamingo penguin rooster"
    " chicken turkey dodo baby-chick front-facing-baby-chick hatching-chick phoenix phoenix-bird pigeon",
    "cat": "cat black-cat cat-face grinning-cat grinning-cat-with-smiling-eyes cat-with-tears-of-joy"
    " smiling-cat-with-heart-eyes cat-with-wry-smile kissing-cat weary-cat crying-cat pouting-cat",
    "deer": "deer moose",
    "dog": "dog dog-face poodle guide-dog service-dog",
    "frog": "frog",
    "horse": "horse horse-face horse-racing carousel-horse horse-riding",
    "ship": "ship passenger-ship ferry sailboat speedboat motor-boat canoe",
    "truck": "delivery-truck articulated-lorry pickup-truck fire-engine oncoming-fire-engine",
}


def read_package(folder: Path, name: str, version: str, sha256: str) -> dict:
    """The package's icons.json; refuses a file that is not exactly the one named."""
    path = folder / f"iconify-json-{name}-{version}.tgz"
    if not path.is_file():
        raise SystemExit(
            f"there is no {path.name} in the folder: run the `npm pack` line at the top of this tool."
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{path.name} has the sha256 {found}; expected {sha256}.")
    with tarfile.open(path) as archive:
        about = json.load(archive.extractfile("package/package.json"))
        if (about["name"], about["version"]) != (f"@iconify-json/{name}", version):
            raise SystemExit(f"{path.name} holds {about['name']} {about['version']}.")
        return json.load(archive.extractfile("package/icons.json"))


def svg_of(icons: dict, name: str) -> str:
    """The icon as a complete SVG document."""
    icon = icons["icons"][name]
    left, top, width, height = (
        icon.get(key, icons.get(key, fallback))
        for key, fallback in (("left", 0), ("top", 0), ("width", 16), ("height", 16))
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'
    )


def render(svg: str) -> np.ndarray:
    """The SVG cropped to its ink, as a (64, 64, 4) uint8 picture with a transparent border of 2 pixels."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_string=svg, width=OVERSAMPLED, height=OVERSAMPLED, skip_system_fonts=True)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    box = picture.getchannel("A").point(lambda alpha: 255 * (alpha > 12)).getbbox()
    if box is None:
        raise SystemExit("an icon came out blank.")
    ink = picture.crop(box).convert("RGBa")  # premultiplied, so that scaling mixes no hidden colors in
    room = SIZE - 2 * MARGIN
    scale = room / max(ink.size)
    fitted = ink.resize([max(1, round(side * scale)) for side in ink.size], Image.Resampling.BOX)
    canvas = Image.new("RGBa", (SIZE, SIZE))
    canvas.paste(fitted, [(SIZE - side) // 2 for side in fitted.size])
    pixels = np.array(canvas.convert("RGBA"))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def closest(sprite: np.ndarray, others: list[np.ndarray]) -> float:
    """Mean difference, in gray levels over all channels, to the most similar of the others."""
    return min((np.abs(sprite.astype(int) - other).mean() for other in others), default=255.0)


def build(folder: Path) -> None:
    """Write train_art.npz, new_art.npz and credits.csv."""
    drawn = {art: [] for art in emoji10.ARTS}
    for package, version, sha256, art, *rights in PACKAGES:
        icons = read_package(folder, package, version, sha256)
        for label, (class_name, names) in enumerate(ICONS.items()):
            earlier: list[np.ndarray] = []  # of this package and class
            for name in filter(icons["icons"].__contains__, names.split()):
                sprite = render(svg_of(icons, name))
                if closest(sprite, earlier) < ALIKE:
                    print(f"left out {package} {name}: nearly the same picture as an earlier {class_name}")
                    continue
                earlier.append(sprite)
                drawn[art].append((label, sprite, package, name, f"@iconify-json/{package}", version, rights))
    ART_FOLDER.mkdir(exist_ok=True)
    with (ART_FOLDER / "credits.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        for art, entries in drawn.items():
            entries.sort(key=lambda entry: entry[0])  # stable: by class, then in the order of PACKAGES
            labels, sprites, styles, names, packages, versions, rights = zip(*entries, strict=True)
            classes = [CIFAR10_CLASSES[label] for label in labels]
            for row, entry in enumerate(zip(classes, styles, packages, versions, names, rights, strict=True)):
                writer.writerow([art, row, *entry[:-1], *entry[-1]])
            np.savez_compressed(
                ART_FOLDER / f"{art}_art.npz",
                sprites=np.stack(sprites), labels=np.array(labels, np.int64), styles=np.array(styles),
                names=np.array(names),
            )  # fmt: skip
            counts = ", ".join(f"{c} {n}" for c, n in zip(ICONS, np.bincount(labels), strict=True))
            size = (ART_FOLDER / f"{art}_art.npz").stat().st_size
            print(f"{art}: {len(labels)} sprites ({counts}), {size:,} bytes")


def sheet(path: Path, across: tuple[int, int] = (12, 6), cell: int = 32) -> None:
    """Draw the contact sheet: a row for each class; training art on the left, new art on the right."""
    left, gap, head = 78, 14, 20
    width = left + sum(across) * (cell + 2) + gap
    picture = Image.new("RGB", (width, head + 10 * (cell + 2)), "white")
    pen = ImageDraw.Draw(picture)
    start = left
    for art, columns, title in zip(("train", "new"), across, ("training art", "new art"), strict=True):
        images, labels = emoji10.scenes(30 * columns, seed=7, art=art, size=cell)
        pen.text((start, 4), title, fill="black")
        for label in range(10):
            for column, image in enumerate(images[labels == label][:columns]):
                at = (start + column * (cell + 2), head + label * (cell + 2))
                picture.paste(Image.fromarray(image), at)
        start += columns * (cell + 2) + gap
    for label, name in enumerate(CIFAR10_CLASSES):
        pen.text((4, head + label * (cell + 2) + cell // 2 - 6), name, fill="black")
    palette = picture.quantize(256)  # 256 colors and dithering keep the file under 200 kB
    picture.quantize(palette=palette).save(path, optimize=True)
    print(f"{path.name}: {picture.size}, {path.stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path, help="the folder with the four .tgz files")
    parser.add_argument("--sheet", action="store_true", help="draw docs/emoji10.png")
    chosen = parser.parse_args()
    if not (chosen.packages or chosen.sheet):
        parser.error("give --packages FOLDER, or --sheet, or both.")
    if chosen.packages:
        build(chosen.packages)
    if chosen.sheet:
        sheet(ROOT / "docs" / "emoji10.png")


if __name__ == "__main__":
    main()
