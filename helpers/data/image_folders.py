"""Folders of image files, one folder a class: write one from arrays, and check one before training on it.

The lessons on files and on a reader's own photographs call it. Nothing is overwritten that it did not write.
"""

import re
import shutil
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from helpers.errors import DataError

FORMATS = {".bmp": "BMP", ".gif": "GIF", ".jpeg": "JPEG", ".jpg": "JPEG", ".png": "PNG"}  # what Keras opens
PICTURE_NAME = re.compile(r"\d{4,}\.png")
PARTS = {"train", "training", "val", "valid", "validation", "test"}  # no names of classes
SHOWN = 5  # how many broken files a message names


@dataclass(frozen=True)
class ImageFolder:
    """A checked folder `path` with a folder of images for each class; `counts` in the order of `class_names`."""

    path: Path
    class_names: tuple[str, ...]
    counts: tuple[int, ...]
    source: str = ""
    licence: str = ""

    def __str__(self) -> str:
        classes = ", ".join(
            f"{name} {count:,}" for name, count in zip(self.class_names, self.counts, strict=True)
        )
        words = [f"{self.path.name}: {sum(self.counts):,} image files ({classes})", self.source, self.licence]
        return "; ".join(word for word in words if word)


def write(
    folder: str | Path, parts: dict[str, tuple[np.ndarray, np.ndarray]], class_names: tuple[str, ...]
) -> Path:
    """Write uint8 images as `folder`/PART/CLASS/0001.png …; return `folder`.

    `parts` maps "train", "test" … to (images, labels). The folder appears whole or not at all; one that was
    written here before is replaced. Raises `DataError` if it holds anything else, ValueError for unfit arrays.
    """
    folder = Path(folder)
    for part, (images, labels) in parts.items():
        if images.dtype != np.uint8 or images.ndim not in (3, 4) or len(images) != len(labels):
            raise ValueError(
                f"{part} must be uint8 images (N, height, width[, 3]) with N labels; "
                f"these are {images.shape} of {images.dtype} with {len(labels)} labels."
            )
    if folder.exists() and not _written_here(folder):
        raise DataError(
            f"{folder} holds other files, and nothing there is overwritten. Choose another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as scratch:
        fresh = Path(scratch) / folder.name
        for part, (images, labels) in parts.items():
            counts = [0] * len(class_names)
            for name in class_names:
                (fresh / part / name).mkdir(parents=True)
            for image, label in zip(images, labels, strict=True):
                counts[label] += 1
                Image.fromarray(image).save(fresh / part / class_names[label] / f"{counts[label]:04d}.png")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.replace(folder)
    return folder


def check(folder: str | Path, *, source: str = "", licence: str = "") -> ImageFolder:
    """Open every image in `folder`/CLASS/ and return what is there, or raise `DataError` naming what is wrong.

    Hidden files and files beside the class folders are passed over. A folder is refused if a class is empty or
    alone, if a file is damaged, is no image, or is in a format that TensorFlow does not read.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        kind = "a file, not a folder" if folder.exists() else "not there"
        raise DataError(
            f"{folder} is {kind}. Name the folder that holds one folder of images for each class."
        )
    classes = sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))
    if not classes:
        pictures = [place.name for place in folder.iterdir() if place.suffix.lower() in FORMATS]
        found = f"{len(pictures)} images but no folders" if pictures else "nothing that can be used"
        raise DataError(
            f"{folder} holds {found}. Put the images of each class into a folder with the class's name."
        )
    if {place.name.lower() for place in classes} <= PARTS:
        names = " and ".join(f"{place.name}/" for place in classes)
        raise DataError(f"{folder} holds {names}. Name one of these, not the folder around them.")
    if len(classes) == 1:
        raise DataError(f"{folder} holds only one class, {classes[0].name}. A classifier needs at least two.")
    files = {place: _files(place) for place in classes}
    empty = [place.name for place, found in files.items() if not found]
    if empty:
        raise DataError(
            f"{folder} has no images for {', '.join(empty)}. Add some (JPEG or PNG), or remove the empty folder."
        )
    everything = [path for found in files.values() for path in found]
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=4) as pool:
        # set here and not in the threads: the filters belong to the whole process
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        troubles = [trouble for trouble in pool.map(_trouble, everything) if trouble]
    if troubles:
        listed = "\n".join(f"  {trouble}" for trouble in troubles[:SHOWN])
        more = f"\n  and {len(troubles) - SHOWN:,} more" if len(troubles) > SHOWN else ""
        raise DataError(
            f"{len(troubles):,} of the {len(everything):,} files in {folder} cannot be used:\n{listed}{more}\n"
            "Remove them, or save them again as JPEG or PNG."
        )
    return ImageFolder(
        path=folder,
        class_names=tuple(place.name for place in classes),
        counts=tuple(len(found) for found in files.values()),
        source=source,
        licence=licence,
    )


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file() and not path.name.startswith("."))


def _trouble(path: Path) -> str:
    """What is wrong with an image file, or nothing. Decodes it whole: half a JPEG opens without complaint."""
    name = f"{path.parent.name}/{path.name}"
    if path.suffix.lower() not in FORMATS:
        return f"{name}: {path.suffix or 'a name without ending'} is no format that TensorFlow reads"
    if path.stat().st_size == 0:
        return f"{name}: empty"
    try:
        with Image.open(path) as picture:
            if picture.format not in FORMATS.values():
                return f"{name}: {picture.format} inside, whatever its name says; TensorFlow does not read it"
            picture.load()
    except UnidentifiedImageError:
        return f"{name}: no image ({_beginning(path)})"
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return f"{name}: far too large"
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # Pillow raises each of these for damage
        return f"{name}: damaged ({error})"
    return ""


def _beginning(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(24)
    return "it begins with " + repr(start.decode("ascii", errors="replace"))


def _written_here(folder: Path) -> bool:
    """True if the folder holds nothing but PART/CLASS/0001.png … (an empty folder counts)."""
    if not folder.is_dir():
        return False
    return all(
        PICTURE_NAME.fullmatch(path.name) and len(path.relative_to(folder).parts) == 3
        for path in folder.rglob("*")
        if not path.is_dir()
    )
