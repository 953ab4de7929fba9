"""The course's data sets: small real samples that ship with it, and the full sets wherever they are found.

Notebooks call `load(name, profile=...)`; images stay uint8 and are rescaled inside the models.
"""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.course import check_profile

ASSETS = Path(__file__).resolve().parent / "assets"
KEYS = ("x_train", "y_train", "x_test", "y_test")


class DataError(ValueError):
    """A data file is missing, broken or not what it should be; the message says what to do."""


@dataclass(frozen=True)
class Spec:
    """What is known of a data set before it is opened."""

    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    sizes: tuple[int, int]  # training and test images of the full set
    licence: str
    sample_source: str


@dataclass(frozen=True)
class Dataset:
    """A data set in memory: uint8 images, integer labels, and a fixed three-way split.

    `x_*` have shape (images, height, width) for grey and (images, height, width, 3) for colour, values
    0 to 255; `y_*` have shape (images,), values 0 to len(class_names) - 1.
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

    def __str__(self) -> str:
        sizes = f"{len(self.x_train):,} training, {len(self.x_val):,} validation, {len(self.x_test):,} test"
        return f"{self.name}: {sizes} images; {self.source}; {self.licence}"


SPECS = {
    "mnist": Spec(
        image_shape=(28, 28),
        class_names=tuple("0123456789"),
        sizes=(60_000, 10_000),
        licence="CC BY-SA 3.0, Yann LeCun, Corinna Cortes and Christopher Burges",
        sample_source="a real sample that ships with the course",
    ),
    "fashion_mnist": Spec(
        image_shape=(28, 28),
        class_names=(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        ),
        sizes=(60_000, 10_000),
        licence="MIT, Zalando SE",
        sample_source="a real sample that ships with the course",
    ),
}  # fmt: skip


def load(name: str, *, profile: str = "quick") -> Dataset:
    """Load `name` ("mnist", "fashion_mnist") and split it into training, validation and test.

    `quick` opens the sample that ships with the course. `full` looks in the folder named by
    CNN_DATA_DIR for NAME.npz (keys x_train, y_train, x_test, y_test), then asks `keras.datasets`,
    which uses its own cache or downloads. A tenth of the training images, at most 5,000, drawn with a
    fixed seed and equally from each class, becomes the validation set.
    Raises ValueError for an unknown name or profile, `DataError` for a broken or missing file.
    """
    if name not in SPECS:
        raise ValueError(f"unknown data set {name!r}: choose one of {', '.join(SPECS)}.")
    spec = SPECS[name]
    if check_profile(profile) == "quick":
        arrays, source = read_npz(ASSETS / f"{name}_sample.npz", spec), spec.sample_source
    else:
        arrays, source = _load_full(name, spec)
    rest, chosen = split(arrays["y_train"], count=min(len(arrays["y_train"]) // 10, 5000))
    return Dataset(
        name=name,
        x_train=arrays["x_train"][rest], y_train=arrays["y_train"][rest],
        x_val=arrays["x_train"][chosen], y_val=arrays["y_train"][chosen],
        x_test=arrays["x_test"], y_test=arrays["y_test"],
        class_names=spec.class_names, source=source, licence=spec.licence,
    )  # fmt: skip


def photo(name: str) -> np.ndarray:
    """A photograph that ships with the course, as uint8: "chelsea" (300, 451, 3), a cat; "camera" (512, 512)."""
    path = ASSETS / "photos" / f"{name}.png"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.png")))
        raise ValueError(f"unknown photograph {name!r}: choose one of {known}.")
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture)


def split(labels: np.ndarray, *, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Shuffled indices of a stratified split: (the rest, `count` examples in class proportion)."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    place = np.empty(len(labels))  # where an example stands in its class, from 0 to 1
    for label in np.unique(labels):
        members = order[labels[order] == label]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    by_place = order[np.argsort(place[order], kind="stable")]  # taking from the front takes from every class
    return rng.permutation(by_place[count:]), rng.permutation(by_place[:count])


def read_npz(path: Path, spec: Spec) -> dict[str, np.ndarray]:
    """Read and check an .npz file; labels come back as a flat int64 array.

    Raises `DataError` naming the file, what was found, what was expected and what to do.
    """
    if not path.exists():
        raise DataError(f"there is no file {path}. Put it there, or unset CNN_DATA_DIR to download the data.")
    if not zipfile.is_zipfile(path):
        raise DataError(_wrong(path, "no archive, or half of one", "a complete .npz archive"))
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive.files]
            if missing:
                found = ", ".join(archive.files) or "nothing"
                raise DataError(_wrong(path, f"the keys {found}", f"the keys {', '.join(KEYS)}"))
            arrays = {key: archive[key] for key in KEYS}
    except DataError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(_wrong(path, f"damaged data ({error})", "a complete .npz archive")) from None
    except ValueError as error:  # np.load says so when it meets pickled objects
        found = f"something other than plain arrays ({error})"
        raise DataError(_wrong(path, found, "plain uint8 arrays")) from None
    return check_arrays(arrays, spec, path)


def check_arrays(arrays: dict[str, np.ndarray], spec: Spec, path: Path) -> dict[str, np.ndarray]:
    """Refuse arrays whose dtype, shape, number or labels are not the data set's."""
    checked = {}
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.dtype != np.uint8:
            raise DataError(_wrong(path, f"x_{part} of type {images.dtype}", "type uint8, values 0 to 255"))
        if images.ndim == len(spec.image_shape) + 2 and images.shape[-1] == 1 and len(spec.image_shape) == 2:
            images = images[..., 0]
        if images.shape[1:] != spec.image_shape or len(images) == 0:
            expected = f"shape (images, {', '.join(map(str, spec.image_shape))})"
            raise DataError(_wrong(path, f"x_{part} of shape {images.shape}", expected))
        if not np.issubdtype(labels.dtype, np.integer):
            raise DataError(_wrong(path, f"y_{part} of type {labels.dtype}", "whole numbers"))
        if labels.shape not in ((len(images),), (len(images), 1)):
            expected = f"one label for each of the {len(images):,} images"
            raise DataError(_wrong(path, f"y_{part} of shape {labels.shape}", expected))
        labels = labels.reshape(-1).astype(np.int64)
        classes = len(spec.class_names)
        if labels.min() < 0 or labels.max() >= classes:
            found = f"labels from {labels.min()} to {labels.max()} in y_{part}"
            raise DataError(_wrong(path, found, f"labels from 0 to {classes - 1}"))
        if len(np.unique(labels)) < classes:
            found = f"only {len(np.unique(labels))} different labels in y_{part}"
            raise DataError(_wrong(path, found, f"all {classes} classes"))
        checked |= {f"x_{part}": images, f"y_{part}": labels}
    return checked


def _wrong(path: Path, found: str, expected: str) -> str:
    return (
        f"{path} is not usable: it holds {found}, but {expected} was expected. "
        "Replace the file by a complete copy, or unset CNN_DATA_DIR to download the data."
    )


def _load_full(name: str, spec: Spec) -> tuple[dict[str, np.ndarray], str]:
    folder = os.environ.get("CNN_DATA_DIR", "")
    if folder:
        return read_npz(Path(folder).expanduser() / f"{name}.npz", spec), "the full set, from CNN_DATA_DIR"
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # a download fails in many ways, and all have the same three ways out
        raise DataError(
            f"the full {name} could not be downloaded ({error}). Connect to the network and run the cell again; "
            f"or put {name}.npz into a folder and name that folder in CNN_DATA_DIR; "
            'or go on with PROFILE = "quick", which needs neither.'
        ) from None
    arrays = dict(zip(KEYS, (x_train, y_train, x_test, y_test), strict=True))
    return check_arrays(arrays, spec, Path(f"keras.datasets.{name}")), "the full set, from keras.datasets"
