"""Folders of image files, one folder a class: write one from arrays, and check one before training on it.

The lessons on files and on a reader's own photos call it. Nothing is overwritten that the course did not write.
"""

import itertools
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from helpers import owned, paths
from helpers.data import image_files
from helpers.data.image_files import Unreadable
from helpers.errors import DataError, few

# What keras.utils.image_dataset_from_directory looks for, and what may be inside, whatever the ending.
KERAS_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
KERAS_FORMATS = ("BMP", "GIF", "JPEG", "MPO", "PNG")
KERAS_MOST_JPEG = (1 << 29) // 3  # pixels of a JPEG that tf.io.decode_image takes
LISTED = 20  # how many files are named that are to be removed
NAME = re.compile(r'(?!\.)[^/\\:*?"<>|\0-\x1f]+(?<![. ])')  # of a folder, on Windows too
# Names of a data set's parts, which are not classes: "train", "Testing", "test_set", "seg_train", "train2017".
PART_NAMES = {
    kind: re.compile(
        rf"(?:.*[ _.-])?(?:{words})(?:[ _.-]?(?:sets?|data|images?|photos?|split|용|데이터|\d+))*"
    )
    for kind, words in {
        "training": "train(?:ing)?|학습|훈련",
        "test": "test(?:ing)?|eval(?:uation)?|테스트|시험|평가",
        "validation": "val(?:id|idation)?|dev|hold[ _-]?out|검증",
    }.items()
}


@dataclass(frozen=True)
class ImageFolder:
    """A checked folder `path` with a folder of images for each class; `counts` in the order of `class_names`.

    `passed_over` names the files that are not images and that Keras passes over too, such as notes.txt.
    """

    path: Path
    class_names: tuple[str, ...]
    counts: tuple[int, ...]
    source: str = ""
    license: str = ""
    passed_over: tuple[str, ...] = ()

    def __str__(self) -> str:
        classes = ", ".join(
            f"{name} {count:,}" for name, count in zip(self.class_names, self.counts, strict=True)
        )
        words = [f"{self.path.name}: {sum(self.counts):,} image files ({classes})", self.source, self.license]
        if self.passed_over:
            words.append(f"passed over: {few(self.passed_over, 3)}")
        return "; ".join(word for word in words if word)


def write(
    folder: str | os.PathLike, parts: dict[str, tuple[np.ndarray, np.ndarray]], class_names: tuple[str, ...]
) -> Path:
    """Write uint8 images as `folder`/PART/CLASS/0001.png …; return `folder`.

    `parts` maps "train", "test" … to (images, labels). The folder appears whole or not at all; one that the course
    wrote, and in which nothing was added or changed, is replaced. Raises `DataError` if the folder holds anything
    else or cannot be written, ValueError for unfit arrays.
    """
    parts = {part: (np.asarray(images), np.asarray(labels)) for part, (images, labels) in parts.items()}
    for part, (images, labels) in parts.items():
        if images.dtype != np.uint8 or images.ndim < 3 or images.shape[3:] not in ((), (3,)):
            raise ValueError(
                f"{part} must be uint8 images (N, height, width[, 3]); these are {images.shape} of {images.dtype}."
            )
        known = labels.dtype.kind in "iu" and labels.shape == images.shape[:1]
        if not known or not ((labels >= 0) & (labels < len(class_names))).all():
            raise ValueError(
                f"{part} must have {len(images)} labels, whole numbers from 0 to {len(class_names) - 1}; "
                f"these are {labels.shape} of {labels.dtype}."
            )

    def fill(fresh: Path, part: str) -> None:
        counts = [0] * len(class_names)
        for image, label in zip(*parts[part], strict=True):
            counts[label] += 1
            Image.fromarray(image).save(fresh / part / class_names[label] / f"{counts[label]:04d}.png")

    return _write(folder, list(parts), class_names, fill)


def copy(
    folder: str | os.PathLike, parts: dict[str, list[tuple[Path, str]]], class_names: tuple[str, ...]
) -> Path:
    """Copy image files, unchanged, to `folder`/PART/CLASS/01.jpg …; return `folder`.

    `parts` maps "train", "test" … to (file, class name) pairs. Otherwise like `write`.
    """

    for path, name in itertools.chain(*parts.values()):
        if not path.is_file():
            raise DataError(f"{path} is not there, or is not a file. Nothing is copied.")
        if name not in class_names:
            raise ValueError(f"{name!r} is not one of the classes {', '.join(class_names)}.")

    def fill(fresh: Path, part: str) -> None:
        counts = dict.fromkeys(class_names, 0)
        for path, name in parts[part]:
            counts[name] += 1
            shutil.copyfile(path, fresh / part / name / f"{counts[name]:02d}{path.suffix}")

    return _write(folder, list(parts), class_names, fill)


def _write(
    folder: str | os.PathLike,
    parts: list[str],
    class_names: tuple[str, ...],
    fill: Callable[[Path, str], None],
) -> Path:
    folder = paths.given(folder)
    for name in (*class_names, *parts):
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a folder on every system. Choose another one.")
    alike = _alike(class_names) or _alike(parts)
    if alike:
        raise ValueError(f"{alike} would be the same folder on many disks. Rename one of them.")
    with owned.written(folder) as fresh:
        try:
            for part in parts:
                for name in class_names:
                    (fresh / part / name).mkdir(parents=True)
                fill(fresh, part)
        except OSError as error:
            raise DataError(owned.cannot_write(folder, error)) from None
    return folder


def check(folder: str | os.PathLike, *, source: str = "", license: str = "") -> ImageFolder:
    """Open every image in `folder`/CLASS/ and return what is there, or raise `DataError` naming what is wrong.

    What passes, `keras.utils.image_dataset_from_directory` can train on, and sees in the right colors. Files that
    Keras does not look at and that are not images (notes, labels, what systems leave behind) are passed over. A
    folder is refused if a class is empty or alone, if it holds the parts of a data set instead of classes, if a file
    is damaged, is not an image or is in a format that TensorFlow does not read, and if Keras would take something for
    an image, or for a class, that a system or a program left there: the message names these files.
    """
    folder = paths.given(folder)
    classes = class_folders(folder)
    found = {place: image_files.find(place) for place in classes}
    strangers = [place for place in _folders(folder) if _is_stranger_to_us(place) and place.name[0] != "."]
    strangers += [
        path
        for files in found.values()
        for path in files.left_behind
        if path.name.lower().endswith(KERAS_ENDINGS)
    ]
    if strangers:
        names = [path.relative_to(folder).as_posix() for path in strangers]
        raise DataError(
            f"Keras would train on files that are not photos: {folder} holds {len(strangers):,} files or folders that "
            f"a system or a program left there:\n{image_files.listed(names, LISTED)}\nRemove exactly these, and check "
            "again."
        )
    _refuse_empty(folder, {place: files.candidates for place, files in found.items()})
    candidates = [path for files in found.values() for path in files.candidates]
    with ThreadPoolExecutor(max_workers=4) as pool:
        reasons = list(pool.map(_trouble_for_keras, candidates))
    troubles = [(path, reason) for path, reason in zip(candidates, reasons, strict=True) if reason]
    troubles += [
        (path, "a link to a folder, which Keras does not follow")
        for files in found.values()
        for path in files.linked_folders
    ]
    refuse_troubles(folder, troubles, len(candidates))
    return ImageFolder(
        path=folder,
        class_names=tuple(place.name for place in classes),
        counts=tuple(len(files.candidates) for files in found.values()),
        source=source,
        license=license,
        passed_over=tuple(path.name for files in found.values() for path in files.side_files),
    )


def class_folders(folder: str | os.PathLike) -> list[Path]:
    """The folders of the classes in a folder, sorted by name as Keras sorts them.

    Hidden ones and what systems leave behind are passed over. Raises `DataError` that says what to do if there are
    fewer than two, if they are parts ("train", "test") and not classes, or if two have the same name.
    """
    folder = paths.given(folder)
    if not folder.is_dir():
        kind = "a file, not a folder" if folder.exists() else "not there"
        raise DataError(
            f"{folder} is {kind}. Name the folder that holds one folder of images for each class."
        )
    classes = [place for place in _folders(folder) if not _is_stranger_to_us(place)]
    if not classes:
        images = [place for place in folder.iterdir() if image_files.has_picture_ending(place)]
        found = f"{len(images)} images but no folders" if images else "nothing that can be used"
        raise DataError(
            f"{folder} holds {found}. Put the images of each class into a folder with the class's name."
        )
    kinds = {place: _part_of_a_set(place.name) for place in classes}
    parts = [place for place, kind in kinds.items() if kind]
    # Two kinds of parts, or nothing but one: a class may well be called "train", and another one "steam train".
    if len(set(kinds.values()) - {""}) > 1 or len(parts) == len(classes) == 1:
        names = " and ".join(f"{place.name}/" for place in parts)
        raise DataError(
            f"{folder} holds {names}, which are parts of a data set and not classes. Name one of these, not the folder "
            f"around them: {parts[-1]}"
        )
    if len(classes) == 1:
        inner = [place for place in _folders(classes[0]) if not _is_stranger_to_us(place)]
        hint = f" Or did you mean {classes[0]}, which holds {len(inner)} folders?" if len(inner) > 1 else ""
        raise DataError(
            f"{folder} holds only one class, {classes[0].name}. A classifier needs at least two.{hint}"
        )
    if same := _same_letters([place.name for place in classes]):
        raise DataError(
            f"{folder} holds two folders of the name {same}, whose letters are composed in two ways (one of them comes "
            "from a Mac). Move the files of both into one."
        )
    return classes


def class_files(folder: str | os.PathLike) -> tuple[dict[str, list[Path]], list[Path]]:
    """For each class the files that may be images, and the files that are passed over although no system left them.

    Names of classes are composed (NFC), as most systems write them. Raises `DataError` where `class_folders` does,
    and for a class without images.
    """
    folder = paths.given(folder)
    found = {place: image_files.find(place) for place in class_folders(folder)}
    passed = [path for files in found.values() for path in files.side_files]
    _refuse_empty(folder, {place: files.candidates for place, files in found.items()})
    return {composed(place.name): files.candidates for place, files in found.items()}, passed


def refuse_troubles(folder: Path, troubles: list[tuple[Path, str]], count: int) -> None:
    """Raise `DataError` for the files of a folder that cannot be used, if there are any, with the reason for each."""
    if not troubles:
        return
    lines = [f"{path.relative_to(folder).as_posix()}: {reason}" for path, reason in troubles]
    raise DataError(
        f"{len(troubles):,} of the {count:,} files in {folder} cannot be used:\n{image_files.listed(lines)}\n"
        "Remove them, or save them again as JPEG or PNG."
    )


def _refuse_empty(folder: Path, files: dict[Path, list[Path]]) -> None:
    empty = [place.name for place, found in files.items() if not found]
    if empty:
        raise DataError(
            f"{folder} has no images for {', '.join(empty)}. Add some (JPEG or PNG), or remove the empty folder."
        )


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(place for place in folder.iterdir() if place.is_dir())
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read ({error.strerror}). Allow it, or name another folder."
        ) from None


def _is_stranger_to_us(place: Path) -> bool:
    return image_files.is_left_behind(place.name)


def _trouble_for_keras(path: Path) -> str:
    """Why Keras cannot train on a file, or nothing."""
    ending = path.suffix.lower()
    try:
        with image_files.opened(path) as picture:
            form = picture.format
            if form in ("JPEG", "MPO") and picture.width * picture.height > KERAS_MOST_JPEG:
                return (
                    f"{picture.width * picture.height / 1e6:.0f} megapixels, and TensorFlow reads up to 178"
                )
            if form == "BMP" and ending in KERAS_ENDINGS and not _is_plain_bmp(path, picture.mode):
                return "a BMP of a kind that TensorFlow gets wrong: save it as PNG or JPEG"
        if ending in KERAS_ENDINGS:
            if form not in KERAS_FORMATS:
                return f"{form} inside, whatever its name says; TensorFlow does not read it"
            image_files.verify(path)
            return ""
    except Unreadable as reason:
        if ending in KERAS_ENDINGS:
            return str(reason)
        form = ""
    named = ending or "a name without ending"
    if form in KERAS_FORMATS:
        return f"{form} inside, but Keras passes over {named}: rename it to {path.stem or path.name}.{_usual(form)}"
    return f"{named} is not a format that TensorFlow reads"


def _usual(form: str) -> str:
    return {"JPEG": "jpg", "MPO": "jpg"}.get(form, form.lower())


def _is_plain_bmp(path: Path, mode: str) -> bool:
    """Whether a BMP has no palette and 8 bits a channel: tf.io.decode_image takes a palette's numbers for grays.

    A palette of all grays in order, which Pillow calls "L", is as good as none.
    """
    with path.open("rb") as file:
        header = file.read(34)
    size, bits = int.from_bytes(header[14:18], "little"), int.from_bytes(header[28:30], "little")
    compression = int.from_bytes(header[30:34], "little")
    if size < 40 or compression not in (0, 3):
        return False
    return bits in (24, 32) or (bits == 8 and mode == "L" and compression == 0)


def _part_of_a_set(name: str) -> str:
    """ "training", "test" or "validation" for a folder that is named like a part of a data set; else ""."""
    name = composed(name).lower()
    return next((kind for kind, pattern in PART_NAMES.items() if pattern.fullmatch(name)), "")


def _alike(names: Iterable[str]) -> str:
    """Two names that a disk may not tell apart, as words; "" if there are none."""
    seen: dict[str, str] = {}
    for name in names:
        key = composed(name).casefold()
        if key in seen:
            return f"{seen[key]} and {name}"
        seen[key] = name
    return ""


def _same_letters(names: list[str]) -> str:
    """A name that comes twice, composed in two ways; "" if there is none."""
    alike = [composed(name) for name in names]
    return next((name for name in alike if alike.count(name) > 1), "")


def composed(name: str) -> str:
    """A name in the composed form (NFC): a Mac's disk may give it back decomposed."""
    return unicodedata.normalize("NFC", name)
