"""Make helpers/assets/map_pictures.jpg: the small photographs on the map of the course.

    python -m tools.make_assets.map_pictures

One strip of tiles, from left to right as in `helpers.notebook.map_pictures.TILES`. All of them come from files that
the course ships: chelsea the cat, photographs (with a Grad-CAM of EfficientNet-Lite0 on the dog), and Fashion-MNIST.
"""

import io
import sys

import numpy as np
from PIL import Image, ImageOps

from helpers import owned
from helpers.data import datasets, photos
from helpers.inside import explain, heat_maps
from helpers.networks import pretrained
from helpers.notebook.map_pictures import STRIP, TILE, TILES

FOUR = ("fish_03", "monument_04", "windmill_09", "animal_02")


def photograph(name: str) -> Image.Image:
    """One of the shipped photographs."""
    return Image.open(photos.PHOTOGRAPHS / f"{name}.jpg").convert("RGB")


def fitted(image: Image.Image | np.ndarray, size: tuple[int, int] = TILE) -> Image.Image:
    """The middle of an image, at exactly this size (width, height)."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def grid(images: list[Image.Image | np.ndarray], columns: int) -> Image.Image:
    """Images side by side in rows, as one tile."""
    tile = Image.new("RGB", TILE, "white")
    rows = -(-len(images) // columns)
    width, height = TILE[0] // columns, TILE[1] // rows
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        tile.paste(fitted(image, (width - 2, height - 2)), (column * width + 1, row * height + 1))
    return tile


def explained(image: Image.Image) -> np.ndarray:
    """The photograph with what EfficientNet-Lite0 looked at for its first answer laid over it."""
    network = pretrained.load("EfficientNet-Lite0", include_top=True)
    pixels = np.asarray(image.resize((224, 224)))[np.newaxis]
    heat = explain.grad_cam(network.model, network.preprocess(pixels))
    return heat_maps.overlay(pixels[0], heat_maps.as_heat_map(heat[0], size=(224, 224)), strength=0.4)


def main() -> int:
    clothes = datasets.load("fashion_mnist", profile="quick").x_train[:12]
    tiles = {
        "cat": fitted(datasets.photo("chelsea")),
        "parrot": fitted(photograph("animal_07")),
        "panda": fitted(photograph("animal_19")),
        "four photographs": grid([photograph(name) for name in FOUR], columns=2),
        "heat map": fitted(explained(photograph("animal_12"))),
        "clothes": grid([255 - image for image in clothes], columns=4),
    }
    strip = Image.new("RGB", (TILE[0] * len(TILES), TILE[1]))
    for index, name in enumerate(TILES):
        strip.paste(tiles[name], (index * TILE[0], 0))
    buffer = io.BytesIO()
    strip.save(buffer, format="JPEG", quality=78, optimize=True)
    owned.write_whole(STRIP, buffer.getvalue())
    print(f"{STRIP.name}: {len(buffer.getvalue()) / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
