"""Image files as people have them: which files in a folder are images, and how to open one with the right colors.

`image_folders` and `helpers.training.photo_classifier` call it. Nothing here writes or removes a file.
"""

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from helpers import paths
from helpers.errors import DataError, few
from helpers.notebook.frontend import safe_print

FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM")
# Endings of images and of what should have been an image. HEIF opens only where a plugin for Pillow is registered.
ENDINGS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".bmp", ".dib", ".webp", ".tif", ".tiff",
    ".avif", ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jxl", ".pgm", ".ppm", ".psd", ".svg", ".raw", ".dng", ".cr2",
    ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf",
}  # fmt: skip

# What systems and programs leave in folders, by name (in small letters); whatever begins with a dot is passed over too:
# .DS_Store, .picasa.ini, .ipynb_checkpoints, and a Mac's ._photo.jpg, which holds no photo.
LEFT_BEHIND = {
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r", "zbthumbnail.info",
    "__macosx", "@eadir", "#recycle", "lost+found", "$recycle.bin", "system volume information", "__pycache__",
}  # fmt: skip
# Files that go with images: notes, labels, what a camera or an editor stores beside a photo.
SIDE_FILES = {
    ".txt", ".json", ".xml", ".csv", ".tsv", ".md", ".html", ".htm", ".yaml", ".yml", ".ini", ".db", ".log", ".aae",
    ".xmp", ".thm", ".lnk", ".url", ".py", ".ipynb",
}  # fmt: skip

MOST_PIXELS = {"JPEG": 400_000_000, "MPO": 400_000_000}  # JPEGs can be opened at a fraction of their size
MOST_PIXELS_ELSE = 120_000_000
LARGE = 20_000_000  # of images above this many pixels, only one is decoded at a time
ROWS = 256  # how many rows of a large image are converted at a time
SHOWN = 5  # how many files a message names

_limit = threading.Lock()  # holds Pillow's own limit, which belongs to the whole process, for a moment
_large = threading.Lock()


class Unreadable(Exception):
    """Why a file is not an image that can be used: "empty", "damaged (…)"; `advice` says what to do, as a sentence."""

    def __init__(self, reason: str, advice: str = "Remove it, or save it again as JPEG or PNG.") -> None:
        super().__init__(reason)
        self.advice = advice


@dataclass
class Found:
    """The files below a folder: candidates for images, what was passed over, and what can't be entered."""

    candidates: list[Path] = field(default_factory=list)
    side_files: list[Path] = field(default_factory=list)
    left_behind: list[Path] = field(default_factory=list)
    linked_folders: list[Path] = field(default_factory=list)


def find(folder: Path) -> Found:
    """Sort all files below a folder, in order; links to folders are entered, each folder once.

    Candidates are all files that are neither left behind by a system or a program nor side files (notes, labels).
    Raises `DataError` for a folder that can't be read.
    """

    def refuse(error: OSError) -> None:
        raise DataError(
            f"{error.filename} cannot be read ({error.strerror}). Allow it, or leave the folder out."
        )

    found, seen = Found(), set()
    for place, folders, files in os.walk(folder, followlinks=True, onerror=refuse):
        real = os.path.realpath(place)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        found.linked_folders += [Path(place, name) for name in folders if Path(place, name).is_symlink()]
        for path in (Path(place, name) for name in sorted(files)):
            if any(is_left_behind(part) for part in path.relative_to(folder).parts):
                found.left_behind.append(path)
            elif path.suffix.lower() in SIDE_FILES:
                found.side_files.append(path)
            else:
                found.candidates.append(path)
    found.candidates.sort()
    return found


def is_left_behind(name: str) -> bool:
    """Whether a file or folder of this name was left by a system or a program (or is hidden): it is not a photo."""
    return name.startswith(".") or name.lower() in LEFT_BEHIND


def tell_passed_over(files: list[Path]) -> None:
    """Print in one line which files were not used, if there are any."""
    if files:
        safe_print(f"passed over, since they are not images: {few([path.name for path in files], SHOWN)}")


def open_image(path: str | bytes | os.PathLike, *, least: int | None = None) -> Image.Image:
    """An image file as a Pillow image of mode "RGB", upright, 8 bits a channel, transparent parts white.

    All modes are read: gray and palette, with and without transparency, CMYK, YCbCr, Lab, and 16 or 32 bits a
    channel, scaled by the range of the type or the one that the file states. Of an animation the first frame is
    taken. With `least`, an image whose shorter side is at least twice that may come out smaller, at a whole
    fraction of its size, with a shorter side of at least `least` pixels: that saves memory and time.
    Raises `DataError` for a file that is not an image, damaged, or too large.
    """
    path = paths.given(path, "path")
    try:
        return decode(path, least=least)
    except Unreadable as reason:
        raise DataError(f"{path} cannot be read: {reason}. {reason.advice}") from None


def decode(path: Path, *, least: int | None = None) -> Image.Image:
    """As `open_image`, but raises `Unreadable`."""
    with opened(path) as picture:
        factor = _shrink_on_load(picture, least)
        with _one_large(picture), damage_named():
            picture.load()
            turn = _turn(picture)  # after loading: Pillow turns a TIFF itself, and then takes the note away
            small = _in_pieces(_eight_bits(picture), factor)
    return small if turn is None else small.transpose(turn)


def verify(path: Path) -> None:
    """Decode a file whole, as cheaply as possible: half an image opens without complaint. Raises `Unreadable`."""
    with opened(path) as picture:
        _shrink_on_load(picture, 1)
        with _one_large(picture), damage_named():
            picture.load()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The image with its header read and its size judged, and nothing decoded. Raises `Unreadable`."""
    if os.path.isdir(path):  # noqa: PTH112 - Path's raises for odd names
        raise Unreadable("a folder, not a file", "Name a file in it.")
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - a pipe would be waited for
        raise Unreadable("not an ordinary file", "Leave it out.")
    try:
        file = path.open("rb")
    except FileNotFoundError:
        broken = os.path.lexists(path)
        raise Unreadable("a link to nothing" if broken else "not there", "Check the name.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unreadable(f"it cannot be opened ({reason})", "Allow it, or leave it out.") from None
    with file:
        beginning = file.read(32)
        if not beginning:
            raise Unreadable("empty", "Remove it, or copy it again.")
        file.seek(0)
        with damage_named(beginning), without_pillows_limit():
            picture = Image.open(file, formats=_formats())
        pixels, most = picture.width * picture.height, MOST_PIXELS.get(picture.format, MOST_PIXELS_ELSE)
        if pixels > most:
            raise Unreadable(
                f"far too large, {pixels / 1e6:,.0f} megapixels; {picture.format} files may have {most / 1e6:.0f}",
                "Save it again, smaller.",
            )
        if not pixels:
            raise Unreadable("an image without pixels")
        yield picture


@contextlib.contextmanager
def damage_named(beginning: bytes = b"") -> Iterator[None]:
    """What Pillow raises for a file that is damaged or not an image, as `Unreadable`."""
    try:
        yield
    except UnidentifiedImageError:
        raise Unreadable(*_stranger(beginning)) from None
    except MemoryError:
        raise Unreadable("more than fits into memory", "Save it again, smaller.") from None
    except Exception as error:  # for damage Pillow raises nearly everything: OSError, SyntaxError …
        raise Unreadable(f"damaged ({error})") from None


def _stranger(beginning: bytes) -> tuple[str, str]:
    """What a file is that Pillow does not know, and what to do."""
    if beginning[4:8] == b"ftyp" and beginning[8:11] in (b"hei", b"hev", b"mif", b"msf"):
        return (
            "HEIC inside, the format of an iPhone, which is not read here",
            "Save it as JPEG (on the iPhone: Settings, Camera, Formats, Most Compatible).",
        )
    shown = beginning[:24].decode("ascii", errors="replace")
    return (
        f"not an image that can be read (it begins with {shown!r})",
        "Remove it, or save it again as JPEG or PNG.",
    )


def _formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


@contextlib.contextmanager
def without_pillows_limit() -> Iterator[None]:
    """Pillow warns of images above 89 megapixels and refuses those above 179: phones have 200. We have our limits."""
    with _limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _one_large(picture: Image.Image) -> contextlib.AbstractContextManager:
    return _large if picture.width * picture.height > LARGE else contextlib.nullcontext()


def _shrink_on_load(picture: Image.Image, least: int | None) -> int:
    """Let a JPEG be decoded at 1/2, 1/4 or 1/8 of its size; return by what factor the rest is to be reduced."""
    if least is None:
        return 1
    if picture.format in ("JPEG", "MPO"):
        picture.draft(None, (min(least, picture.width), min(least, picture.height)))
    return max(1, min(picture.size) // least)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """How to turn the image upright, as the camera noted in its EXIF data."""
    turns = Image.Transpose
    try:
        noted = picture.getexif().get(0x0112)
    except Exception:  # a photo with broken EXIF data is still a photo
        return None
    return {
        2: turns.FLIP_LEFT_RIGHT, 3: turns.ROTATE_180, 4: turns.FLIP_TOP_BOTTOM, 5: turns.TRANSPOSE,
        6: turns.ROTATE_270, 7: turns.TRANSVERSE, 8: turns.ROTATE_90,
    }.get(noted)  # fmt: skip


def _in_pieces(picture: Image.Image, factor: int) -> Image.Image:
    """The image in RGB on white, reduced by a whole factor; rows after rows, so that little memory is needed."""
    if factor == 1:
        return _on_white(picture)
    width, height = picture.size
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    step = max(1, ROWS // factor) * factor
    for top in range(0, height, step):
        piece = picture.crop((0, top, width, min(top + step, height)))
        small.paste(_on_white(piece).reduce(factor), (0, top // factor))
    return small


def _on_white(picture: Image.Image) -> Image.Image:
    """The image in RGB; what is transparent becomes white."""
    if picture.mode == "La":
        picture = picture.convert("LA")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """An image with 16 or 32 bits a pixel scaled to 8; every other one as it is.

    Pillow's own `convert` clips such values at 255, which leaves a white image.
    """
    _narrow_transparency(picture)
    if picture.mode not in ("I", "F") and not picture.mode.startswith("I;16"):
        return picture
    values = np.asarray(picture)
    low, high = _value_range(picture, values)
    small = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), ROWS):
        piece = np.nan_to_num(values[top : top + ROWS].astype(np.float64), nan=low, posinf=high, neginf=low)
        small[top : top + ROWS] = (255 * (np.clip(piece, low, high) - low) / (high - low)).round()
    if _tags(picture).get(262) == 0:  # a TIFF in which 0 is white
        small = 255 - small
    transparent = picture.info.get("transparency")
    if isinstance(transparent, (int, float)):
        small[values == transparent] = 255
    return Image.fromarray(small)


def _value_range(picture: Image.Image, values: np.ndarray) -> tuple[float, float]:
    """Which values are black and white: as the file states, else as its type has them, else as they occur."""
    finite = values[np.isfinite(values)] if picture.mode == "F" else values
    smallest, largest = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    tags = _tags(picture)
    stated = tags.get(281, tags.get(341))  # a TIFF's largest value
    if stated and stated >= largest and smallest >= 0:
        return 0.0, float(stated)
    if picture.mode.startswith("I;16") and 1 < (bits := tags.get(258, 16)) < 16 and largest < 2**bits:
        return 0.0, float(2**bits - 1)
    # Detectors and X-ray machines store 12 bits in 16: as a share of 65,535 the image would be black.
    for usual in (1.0,) * (picture.mode == "F") + (255.0, 4095.0, 65535.0):
        if smallest >= 0 and largest <= usual:
            return 0.0, usual
    return (smallest, largest) if largest > smallest else (smallest, smallest + 1)


def _tags(picture: Image.Image) -> dict[int, Any]:
    """A TIFF's tags as plain numbers; empty for other formats."""
    tags = getattr(picture, "tag_v2", {})
    first = {number: tags[number] for number in (258, 262, 281, 341) if number in tags}
    return {number: value[0] if isinstance(value, tuple) else value for number, value in first.items()}


def _narrow_transparency(picture: Image.Image) -> None:
    """A PNG of 16 bits a channel names its transparent color in 16 bits, and Pillow decodes the pixels to 8."""
    color = picture.info.get("transparency")
    if picture.mode == "RGB" and isinstance(color, tuple) and max(color) > 255:
        picture.info["transparency"] = tuple(value >> 8 for value in color)


def listed(troubles: list[str], most: int = SHOWN) -> str:
    """The first few troubles, one a line, and how many more there are."""
    more = [f"and {len(troubles) - most:,} more"] if len(troubles) > most else []
    return "\n".join(f"  {line}" for line in troubles[:most] + more)


def has_picture_ending(path: Path) -> bool:
    """Whether the name says that this should be an image."""
    return path.suffix.lower() in ENDINGS or re.fullmatch(r"\.\d+", path.suffix) is not None
