"""The course's data sets: what ships with it, and the full sets wherever they are found.

Notebooks call `load(name, profile=...)`; images stay uint8 and are rescaled inside the models.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.data import emoji10, image_folders, locate, sampling
from helpers.data.image_folders import ImageFolder
from helpers.data.readers import read_npz
from helpers.data.specs import SPECS, Spec
from helpers.errors import DataError
from helpers.notebook.course import check_profile
from helpers.paths import ASSETS

__all__ = ["DataError", "Dataset", "image_folder", "load", "photo"]

QUICK_EMOJI10 = (4_000, 1_000)  # training (with validation) and test scenes; each test set has as many


@dataclass(frozen=True)
class Dataset:
    """A data set in memory: uint8 images, integer labels, and a fixed three-way split.

    `x_*` have shape (images, height, width) for grey and (images, height, width, 3) for colour, values
    0 to 255; `y_*` have shape (images,), values 0 to len(class_names) - 1. Emoji-10 brings a second test
    set, `x_new_art` and `y_new_art`, in a style of drawing that no training image has; elsewhere they are None.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    source: str
    licence: str
    x_new_art: np.ndarray | None = None
    y_new_art: np.ndarray | None = None

    def __str__(self) -> str:
        sizes = f"{len(self.x_train):,} training, {len(self.x_val):,} validation, {len(self.x_test):,} test"
        more = f" and {len(self.x_new_art):,} new-art test" if self.x_new_art is not None else ""
        return f"{self.name}: {sizes}{more} images; {self.source}; {self.licence}"


def load(name: str, *, profile: str = "quick") -> Dataset:
    """Load "mnist", "fashion_mnist", "emoji10" or "cifar10", split into training, validation and test.

    `quick` opens what ships with the course (CIFAR-10 does not). `full` looks in the folder named by
    CNN_DATA_DIR for NAME.npz (keys x_train, y_train, x_test, y_test), then in Keras' cache, then downloads
    into that cache; Emoji-10 is drawn in both profiles, in `full` more of it. A tenth of the training images,
    at most 5,000, drawn with a fixed seed and equally from each class, becomes the validation set.
    Raises ValueError for an unknown name or profile, `DataError` for a broken or missing file.
    """
    spec = _known(name)
    check_profile(profile)
    if name == "flowers":
        raise ValueError('flowers are image files of many sizes: use datasets.image_folder("flowers", ...).')
    new_art = {}
    if name == "emoji10":
        arrays, source = _draw_emoji10(*(QUICK_EMOJI10 if profile == "quick" else spec.sizes)), spec.sample
        new_art = {key: arrays.pop(key) for key in ("x_new_art", "y_new_art")}
    elif profile == "full":
        arrays, source = locate.load(name)
    elif spec.sample:
        arrays, source = read_npz(ASSETS / f"{name}_sample.npz", spec), spec.sample
    else:
        raise DataError(
            f'{name} does not ship with the course, so PROFILE = "quick" has none of it: '
            'load "emoji10", which has its shape and its classes, or set PROFILE = "full".'
        )
    rest, chosen = sampling.split(arrays["y_train"], count=min(len(arrays["y_train"]) // 10, 5000))
    return Dataset(
        name=name,
        x_train=arrays["x_train"][rest], y_train=arrays["y_train"][rest],
        x_val=arrays["x_train"][chosen], y_val=arrays["y_train"][chosen],
        x_test=arrays["x_test"], y_test=arrays["y_test"],
        class_names=spec.class_names, source=source, licence=spec.licence, **new_art,
    )  # fmt: skip


def image_folder(
    name: str,
    *,
    profile: str = "quick",
    folder: str | Path,
    size: int = 64,
    images: tuple[int, int] = (1_000, 200),
) -> ImageFolder:
    """A folder of image files, one folder a class: "emoji10" or "flowers".

    "emoji10" writes `images` = (training, test) scenes of `size`×`size` pixels as PNG into `folder`/train and
    `folder`/test, and returns the training one; its sibling is `.path.with_name("test")`. "flowers" (`full` only)
    finds or downloads TensorFlow's flower photographs and ignores `folder`, `size` and `images`.
    """
    spec = _known(name)
    if check_profile(profile) == "full" and name == "flowers":
        path, source = locate.flowers()
        return image_folders.check(path, source=source, licence=spec.licence)
    if name != "emoji10":
        raise DataError(
            f'there are no image files of {name} with PROFILE = "{profile}": take "emoji10", which ships with the '
            'course, or "flowers" with PROFILE = "full".'
        )
    parts = {
        "train": emoji10.scenes(images[0], seed=11, art="train", size=size),
        "test": emoji10.scenes(images[1], seed=12, art="train", size=size),
    }
    path = image_folders.write(Path(folder), parts, spec.class_names)
    return image_folders.check(path / "train", source=spec.sample, licence=spec.licence)


def photo(name: str) -> np.ndarray:
    """A photograph that ships with the course, as uint8 (height, width, 3), or (height, width) for "camera".

    "chelsea" (a cat), "coffee", "rocket", "astronaut" and "camera".
    """
    found = {path.stem: path for path in (ASSETS / "photos").iterdir()}
    if name not in found:
        raise ValueError(f"unknown photograph {name!r}: choose one of {', '.join(sorted(found))}.")
    from PIL import Image

    with Image.open(found[name]) as picture:
        return np.asarray(picture)


def _known(name: str) -> Spec:
    if name not in SPECS:
        raise ValueError(f"unknown data set {name!r}: choose one of {', '.join(SPECS)}.")
    return SPECS[name]


def _draw_emoji10(training: int, test: int) -> dict[str, np.ndarray]:
    """Training scenes, test scenes with the same art, and test scenes with art never trained on."""
    arrays = {}
    for part, count, seed, art in (
        ("train", training, 1, "train"), ("test", test, 2, "train"), ("new_art", test, 3, "new"),
    ):  # fmt: skip
        arrays[f"x_{part}"], arrays[f"y_{part}"] = emoji10.scenes(count, seed=seed, art=art)
    return arrays
