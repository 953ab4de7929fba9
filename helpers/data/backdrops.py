"""A backdrop for each class of Emoji-10, to paint behind its objects: planes in the sky, ships at sea.

Notebook 04 calls it, for images in which the background gives the class away, and for images in which it doesn't.
"""

import numpy as np

from helpers.data import emoji10
from helpers.data.specs import CIFAR10_CLASSES

# What each class has behind it when it is at home: a name and a color (red, green, blue).
HOMES = {
    "airplane": ("sky", (110, 175, 240)),
    "automobile": ("asphalt", (115, 115, 120)),
    "bird": ("snow", (235, 240, 245)),
    "cat": ("red carpet", (190, 90, 80)),
    "deer": ("forest", (70, 95, 50)),
    "dog": ("sand", (225, 195, 130)),
    "frog": ("pond", (50, 130, 110)),
    "horse": ("meadow", (140, 200, 90)),
    "ship": ("sea", (40, 80, 160)),
    "truck": ("dusk", (200, 160, 190)),
}
COLORS = np.array([HOMES[name][1] for name in CIFAR10_CLASSES], dtype=float)
LIGHT = 15  # gray levels by which whole backdrops differ in brightness (standard deviation)
GRAIN = 12  # and the pixels of one


def objects(count: int, *, seed: int, art: str = "train") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`count` scenes of Emoji-10 with the place of their objects: images, labels and masks.

    Images (count, 32, 32, 3) uint8 and labels (count,) as from `emoji10.scenes`; masks (count, 32, 32) are True where
    the object is seen. Errors as for `emoji10.scenes`.
    """
    images, labels = emoji10.scenes(count, seed=seed, art=art)
    without, _ = emoji10.scenes(count, seed=seed, art=art, objects=False)
    return images, labels, emoji10.object_masks(images, without)


def ship_and_horse() -> np.ndarray:
    """A ship at sea, the same on a meadow, a horse on the meadow, the same at sea: (4, 32, 32, 3) uint8."""
    images, labels, masks = objects(200, seed=5)
    chosen = [199, 199, 76, 76]  # a sailboat and a running horse, picked by eye
    ship, horse = labels[[199, 76]]
    return painted(images[chosen], masks[chosen], np.array([ship, horse, horse, ship]), seed=1)


def painted(images: np.ndarray, masks: np.ndarray, homes: np.ndarray, *, seed: int) -> np.ndarray:
    """The same objects before other backdrops: everything outside the masks is painted over.

    `images` (n, height, width, 3) uint8 and `masks` (n, height, width) as from `objects`; `homes` (n,) says whose
    backdrop each image gets, as a class from 0 to 9. `seed` is for brightness and grain. Returns new uint8 images.
    Raises ValueError where the three don't fit together or a class is unknown.
    """
    homes = np.asarray(homes)
    if images.ndim != 4 or masks.shape != images.shape[:3] or homes.shape != images.shape[:1]:
        raise ValueError(
            f"images {images.shape}, masks {masks.shape} and homes {homes.shape} don't fit together."
        )
    if not np.isin(homes, range(len(COLORS))).all():
        raise ValueError(f"homes must be classes from 0 to {len(COLORS) - 1}.")
    rng = np.random.default_rng(seed)
    count, height, width, _ = images.shape
    light = rng.normal(0, LIGHT, (count, 1, 1, 1))
    grain = rng.normal(0, GRAIN, (count, height, width, 1))
    backdrop = COLORS[homes][:, np.newaxis, np.newaxis] + light + grain
    return np.where(masks[..., np.newaxis], images, np.clip(backdrop, 0, 255)).astype(np.uint8)
