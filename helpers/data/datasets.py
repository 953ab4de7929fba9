"""The course's data sets: what ships with it, and the full sets wherever they are found.

Notebooks call `load(name, profile=...)`; images stay uint8 and are rescaled inside the models.
"""

import os
from dataclasses import dataclass

import numpy as np

from helpers import paths
from helpers.data import image_folders, locate, sampling
from helpers.data.image_folders import ImageFolder
from helpers.data.readers import read_npz
from helpers.data.specs import SPECS, Spec
from helpers.errors import DataError
from helpers.notebook.course import check_profile
from helpers.paths import ASSETS

MOST_VALIDATION = 5_000  # images


@dataclass(frozen=True)
class Dataset:
    """A data set in memory: uint8 images, integer labels, and a fixed three-way split.

    `x_*` have shape (images, height, width) for gray and (images, height, width, 3) for color, values
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
    license: str
    x_new_art: np.ndarray | None = None
    y_new_art: np.ndarray | None = None

    def __str__(self) -> str:
        sizes = f"{len(self.x_train):,} training, {len(self.x_val):,} validation, {len(self.x_test):,} test"
        more = f" and {len(self.x_new_art):,} new-art test" if self.x_new_art is not None else ""
        return f"{self.name}: {sizes}{more} images; {self.source}; {self.license}"


def load(name: str, *, profile: str = "quick") -> Dataset:
    """Load "mnist", "fashion_mnist", "emoji10", "cifar10" or "photos", split into training, validation and test.

    `quick` opens what ships with the course (CIFAR-10 does not). `full` looks in the folder named by CNN_DATA_DIR
    for the files that `specs` names (NAME.npz with the keys x_train, y_train, x_test, y_test; MNIST's four files;
    CIFAR-10's archive), then in Keras' cache, then downloads into that cache; Emoji-10 is drawn in both profiles,
    in `full` more of it, and "photos" is the same in both. A tenth of the training images (of the 40 photos a
    quarter), at most 5,000, drawn with a fixed seed and equally from each class, becomes the validation set.
    Raises ValueError for an unknown name or profile, `DataError` for a broken or missing file.
    """
    spec = _known(name)
    check_profile(profile)
    if spec.folder:
        raise ValueError(f'{name} are image files of many sizes: use datasets.image_folder("{name}", ...).')
    if spec.draw:
        drawn = spec.draw(profile)
        arrays = {f"{kind}_{part}": pair[at] for part, pair in drawn.items() for at, kind in enumerate("xy")}
        source = spec.sample
    elif profile == "full":
        arrays, source = locate.load(name)
    elif spec.sample:
        arrays, source = read_npz(ASSETS / f"{name}_sample.npz", spec), spec.sample
    else:
        raise DataError(
            f'{name} does not ship with the course, so PROFILE = "quick" has none of it: '
            'load "emoji10", which has its shape and its classes, or set PROFILE = "full".'
        )
    x, y = arrays.pop("x_train"), arrays.pop("y_train")
    rest, chosen = sampling.split(y, count=min(int(spec.share * len(y)), MOST_VALIDATION))
    return Dataset(
        name=name, x_train=x[rest], y_train=y[rest], x_val=x[chosen], y_val=y[chosen],
        class_names=spec.class_names, source=source, license=spec.license, **arrays,
    )  # fmt: skip


def image_folder(
    name: str,
    *,
    profile: str = "quick",
    folder: str | os.PathLike,
    size: int = 64,
    images: tuple[int, int] = (1_000, 200),
) -> ImageFolder:
    """A folder of image files, one folder a class: "emoji10", "photos" or "flowers".

    "emoji10" writes `images` = (training, test) scenes of `size`×`size` pixels as PNG into `folder`/train and
    `folder`/test, and returns the training one; its sibling is `.path.with_name("test")`. "photos" copies the 94
    photographs there in the same way, at 224×224 pixels; `size` and `images` do not matter. "flowers" (`full` only)
    finds or downloads TensorFlow's flower photographs and ignores `folder`, `size` and `images`.
    A `folder` that holds anything but what the course wrote there is refused with a `DataError`: nothing of a
    reader's is overwritten or removed.
    """
    spec = _known(name)
    if check_profile(profile) == "full" and spec.folder:
        path, source = locate.folder(name)
        return image_folders.check(path, source=source, license=spec.license)
    if not spec.write:
        shipped = " or ".join(f'"{known}"' for known, other in SPECS.items() if other.write)
        found = " or ".join(f'"{known}"' for known, other in SPECS.items() if other.folder)
        raise DataError(
            f'there are no image files of {name} with PROFILE = "{profile}": take {shipped}, which ship with the '
            f'course, or {found} with PROFILE = "full".'
        )
    path = spec.write(paths.given(folder), size, images)
    return image_folders.check(path / "train", source=spec.sample, license=spec.license)


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
    if not isinstance(name, str) or name not in SPECS:
        raise ValueError(f"unknown data set {name!r}: choose one of {', '.join(SPECS)}.")
    return SPECS[name]
