"""Real photographs that ship with the course: five classes for transfer learning, and a gallery of CIFAR-10's classes.

    images, labels = photos.load_part("train")  # (40, 224, 224, 3), eight photographs of each class
    photos.gallery()[0].image  # an object cut out of a photograph, on a photographed background

The train part has equally many of each class. So has the test part, except that there are only six windmills in it:
to count each class the same, take the mean over the classes. assets/photographs/credits.csv and
assets/gallery/credits.csv say who made each picture; `tools/make_assets/photographs.py` wrote both.
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.data.specs import PHOTO_CLASSES as CLASS_NAMES
from helpers.paths import ASSETS

PARTS = ("train", "test")
PHOTOGRAPHS = ASSETS / "photographs"
GALLERY = ASSETS / "gallery"
SIZE = 224

# cut-out: background, its middle (from the left), its lower edge (from the top), its longest side
PLACES = {
    "airplane_01": ("background_01", 118, 118, 150),
    "airplane_02": ("background_01", 110, 78, 180),
    "automobile_01": ("background_06", 92, 196, 118),
    "bird_01": ("background_03", 96, 206, 130),
    "bird_02": ("background_05", 150, 212, 120),
    "bird_03": ("background_04", 112, 140, 176),
    "deer_01": ("background_02", 116, 214, 176),
    "deer_02": ("background_09", 112, 214, 170),
    "dog_01": ("background_10", 96, 206, 103),
    "frog_01": ("background_08", 114, 190, 140),
    "horse_01": ("background_10", 118, 212, 180),
    "truck_01": ("background_07", 114, 218, 180),
    "truck_02": ("background_06", 116, 204, 190),
}


@dataclass(frozen=True, eq=False)
class GalleryImage:
    """A cut-out object on a photographed background.

    `image` (224, 224, 3) uint8, `label` one of CIFAR-10's classes, `mask` (224, 224) bool: True on the object,
    `credit` who made both, and under which licenses.
    """

    image: np.ndarray
    label: str
    mask: np.ndarray
    credit: str


def load_part(part: str) -> tuple[np.ndarray, np.ndarray]:
    """The photographs of the "train" or the "test" part: images (n, 224, 224, 3) uint8 RGB, labels (n,) int64.

    A label counts in CLASS_NAMES; the order is always that of credits.csv. Raises ValueError for another part.
    """
    chosen = files(part)
    images = np.stack([np.asarray(Image.open(path).convert("RGB")) for path, _ in chosen])
    labels = np.array([CLASS_NAMES.index(name) for _, name in chosen], np.int64)
    return images, labels


def files(part: str) -> list[tuple[Path, str]]:
    """Path and class name of each photograph of a part, for example to write a folder for each class."""
    if part not in PARTS:
        raise ValueError(f"unknown part {part!r}: choose one of {', '.join(PARTS)}.")
    return [(PHOTOGRAPHS / row["file"], row["class"]) for row in credits() if row["part"] == part]


def credits() -> tuple[dict[str, str], ...]:
    """Author, license, source, class and part of each photograph: the rows of its credits.csv."""
    return _read_rows(PHOTOGRAPHS / "credits.csv")


def gallery_credits() -> tuple[dict[str, str], ...]:
    """The same for the gallery's cut-outs and backgrounds."""
    return _read_rows(GALLERY / "credits.csv")


def gallery() -> list[GalleryImage]:
    """The gallery, put together at each call and always the same: objects of eight of CIFAR-10's ten classes.

    Too few to measure an accuracy; they are to be looked at one by one. There is no cat and no ship.
    """
    rows = {Path(row["file"]).stem: row for row in gallery_credits()}
    return [_composed(rows[name], rows[place[0]], *place[1:]) for name, place in PLACES.items()]


def _composed(cutout: dict, background: dict, middle: int, bottom: int, longest: int) -> GalleryImage:
    """One cut-out on its background; the alpha channel makes its edge soft."""
    # Premultiplied by alpha, so that scaling mixes no color of a transparent pixel in.
    sprite = Image.open(GALLERY / cutout["file"]).convert("RGBa")
    scale = longest / max(sprite.size)
    sprite = sprite.resize([round(side * scale) for side in sprite.size], Image.Resampling.LANCZOS)
    layer = Image.new("RGBa", (SIZE, SIZE))
    layer.paste(sprite, (middle - sprite.width // 2, bottom - sprite.height))
    pixels = np.asarray(layer).astype(np.uint32)
    alpha = pixels[..., 3:]
    behind = np.asarray(Image.open(GALLERY / background["file"]).convert("RGB"))
    mixed = pixels[..., :3] + (behind * (255 - alpha) + 127) // 255
    return GalleryImage(
        image=np.minimum(mixed, 255).astype(np.uint8),
        label=cutout["class"],
        mask=alpha[..., 0] >= 128,
        credit=f"{_credit(cutout)}; background: {_credit(background)}",
    )


def _credit(row: dict) -> str:
    """One picture's credit in words."""
    return f"{row['title_or_subject']} by {row['author']}, {row['licence']}"


@functools.cache
def _read_rows(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))
