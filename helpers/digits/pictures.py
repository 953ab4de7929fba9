"""Any image of a digit as gray pixels: a file, its bytes, a Pillow image, an array, a list, a tensor.

`handwriting` calls it. Everything that is not an image is refused with a `DigitError` that says what to do.
"""

import io
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from helpers.data.image_files import without_pillows_limit
from helpers.errors import DigitError

WORK = 512  # pixels: larger pictures are reduced to this longer side first, which also averages their grain
LARGEST = 4 * WORK  # pixels: pictures with a longer side above this are reduced as soon as they are opened
MOST_PIXELS = 100_000_000  # in memory: a JPEG may have more, because it is opened at a fraction of its size
FORMS = "(height, width), (height, width, 3) or (height, width, 4)"


def to_gray(image: Any) -> np.ndarray:
    """Any image `handwriting.prepare` takes as gray uint8 of at most `WORK` pixels a side. Raises `DigitError`."""
    if isinstance(image, (str, bytes, bytearray, PathLike)) or hasattr(image, "read"):
        image = load_photo(image)
    elif isinstance(image, Image.Image):
        image = _opened(image, "This image")
    array = _checked(image)
    if array.ndim == 3 and array.shape[2] == 4:
        array = _without_alpha(array)
    if array.ndim == 3:
        array = array @ np.array([0.299, 0.587, 0.114])  # brightness as the eye weighs it (ITU-R BT.601)
    picture = Image.fromarray(np.round(array).astype(np.uint8))
    picture.thumbnail((WORK, WORK), Image.Resampling.BOX)
    return np.asarray(picture)


def load_photo(source: Any) -> np.ndarray:
    """A picture file as uint8, shape (height, width), (height, width, 3) or, if transparent, (height, width, 4).

    `source` is a path, the bytes of a file, or an open file. The picture is turned as the camera was held, of an
    animation the first frame is taken, and more than `LARGEST` pixels a side are reduced. Raises `DigitError`.
    """
    if isinstance(source, (bytes, bytearray)):
        return _read(io.BytesIO(source), "This picture")
    if hasattr(source, "read"):
        return _read(source, "This file")
    if isinstance(source, str) and "://" in source:
        raise DigitError(f"{source} is an address. Download the picture, and give the name of its file.")
    path = Path(source)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise DigitError(
            f"there is no file {path}. Is the name right, with its ending (.jpg, .png)?"
        ) from None
    except (OSError, ValueError) as error:
        if path.is_dir():  # Windows calls it "permission denied"
            raise DigitError(f"{path} is a folder. Give the name of a picture in it.") from None
        reason = getattr(error, "strerror", None) or error
        raise DigitError(f"{path} cannot be opened ({reason}).") from None
    with file:
        return _read(file, path.name)


def _read(file: Any, name: str) -> np.ndarray:
    """The picture in an open file. `name` is what a message calls it."""
    try:
        with without_pillows_limit():
            picture = Image.open(file)
    except Exception as error:  # for a damaged header Pillow raises nearly everything
        reason = "unknown format" if isinstance(error, UnidentifiedImageError) else error
        raise DigitError(
            f"{name} is not a picture that can be read ({reason}). Save it as JPEG or PNG."
        ) from None
    with picture:
        picture.draft(None, (LARGEST // 2, LARGEST // 2))  # a large JPEG is decoded at a fraction of its size
        if picture.width * picture.height > MOST_PIXELS:
            size = f"{picture.width:,}×{picture.height:,}"
            raise DigitError(
                f"{name} has too many pixels, {size}. Save it again, smaller: 1,000×1,000 are plenty."
            )
        return _opened(picture, name)


def _opened(picture: Image.Image, name: str) -> np.ndarray:
    """A Pillow image as uint8: upright, not larger than `LARGEST`, gray, in color, or with its transparency."""
    try:
        picture = ImageOps.exif_transpose(picture)
        if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
            picture = Image.fromarray(_eight_bits(np.asarray(picture)))
        if picture.mode == "LAB":
            picture = picture.getchannel(0)  # lightness, which is all that counts here
        if picture.mode in ("La", "RGBa"):  # colors that are multiplied by their opacity
            picture = picture.convert({"La": "LA", "RGBa": "RGBA"}[picture.mode])
        clear = picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info
        picture = picture.convert("RGBA" if clear else "L" if picture.mode in ("1", "L") else "RGB")
        return np.asarray(_smaller(picture))
    except Exception as error:  # for a damaged picture Pillow raises nearly everything
        raise DigitError(
            f"{name} is not a picture that can be read ({error}). Save it as JPEG or PNG."
        ) from None


def _smaller(picture: Image.Image) -> Image.Image:
    longer = max(picture.size)
    return picture.reduce(longer // (LARGEST // 2)) if longer > LARGEST else picture


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Pixels of 16 or 32 bits as uint8. White is 1, 255, 65,535 or the largest."""
    values = np.nan_to_num(values.astype(float), posinf=0, neginf=0)
    low, high = min(values.min(), 0), values.max()
    high = next((limit for limit in (1, 255, 65_535) if high <= limit), high) if low == 0 else high
    return np.round(255 * (values - low) / max(high - low, 1e-9)).astype(np.uint8)


def _without_alpha(array: np.ndarray) -> np.ndarray:
    """Lay an RGBA image on white paper, or on black where what is drawn is light."""
    color, alpha = array[..., :3].astype(float), array[..., 3:] / 255
    drawn = np.sum(color * alpha) / max(3 * alpha.sum(), 1)
    return color * alpha + (255 if drawn < 128 else 0) * (1 - alpha)


def _checked(image: Any) -> np.ndarray:
    """One image as floats from 0 to 255, of a shape in `FORMS` (the channels may be 1 too, and are dropped)."""
    try:
        array = np.asarray(image)
    except (TypeError, ValueError):
        raise DigitError("the image must hold numbers, in rows of equal length.") from None
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        if array.ndim == 0:
            raise DigitError(f"one image is needed, of shape {FORMS}, not {type(image).__name__}.")
        several = array.ndim == 4 or (array.ndim == 3 and array.shape[1] == array.shape[2])
        advice = " Give one of them: images[0]." if several else ""
        raise DigitError(f"one image is needed, of shape {FORMS}, not {array.shape}.{advice}")
    if array.dtype.kind not in "buif":
        raise DigitError(f"the image must hold numbers, not {array.dtype}.")
    if array.dtype == np.uint8 and max(array.shape[:2]) > LARGEST:
        array = np.asarray(_smaller(Image.fromarray(array)))
    if array.dtype == np.uint16 and array.max() > 255:
        array = array / 257
    array = array.astype(float)
    if not np.isfinite(array).all():
        raise DigitError("the image holds values that are not numbers (NaN or infinity).")
    if array.min() >= 0 and array.max() <= 1:
        array = array * 255
    if array.min() < 0 or array.max() > 255:
        low, high = array.min(), array.max()
        raise DigitError(
            f"values must lie between 0 and 255 (or 0 and 1), and these go from {low:g} to {high:g}."
        )
    return array
