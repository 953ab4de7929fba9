"""Photographs as phones and programs write them: on their side with a note, gray, with a palette, transparent.

    paths, labels = phone_photos.write(folder)  # the course's test photographs, as a phone's files
    image = phone_photos.read(paths[0], side=96)  # upright, RGB

Notebook 08b opens these files in the right and in the wrong ways.
"""

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from helpers import owned, paths
from helpers.data import photos

ORIENTATION = 0x0112  # the note's number in EXIF
QUARTER_TURN = 6  # "turn me clockwise by a quarter to see me upright"
QUALITY = 95  # of the JPEG files


def write(folder: str | os.PathLike) -> tuple[list[Path], np.ndarray]:
    """Write the 54 test photographs as JPEG files that lie on their side; return their paths, and labels (54,).

    They are `folder`/01.jpg and so on, in the order of `photos.files("test")`. A folder that the course wrote is
    replaced; anything else is refused with a `DataError`.
    """
    folder = paths.given(folder)
    chosen = photos.files("test")
    names = [f"{number:02d}.jpg" for number in range(1, len(chosen) + 1)]
    with owned.written(folder) as fresh:
        for name, (source, _) in zip(names, chosen, strict=True):
            with Image.open(source) as photo:
                _on_its_side(photo.convert("RGB"), fresh / name)
    labels = np.array([photos.CLASS_NAMES.index(label) for _, label in chosen])
    return [folder / name for name in names], labels


def write_forms(folder: str | os.PathLike, image: np.ndarray, mask: np.ndarray) -> dict[str, Path]:
    """Write a photograph (height, width, 3), uint8, in five forms of file; return their paths by form.

    "color" and "gray" are JPEG files, "palette" is a GIF whose 256 colors stand in no order of brightness,
    "transparent" a PNG that is transparent where `mask` (height, width) is False (but still has its colors there), and
    "phone" a JPEG on its side. Folders are treated as by `write`.
    """
    folder = paths.given(folder)
    photo = Image.fromarray(image)
    alpha = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8))
    files = {"color": "color.jpg", "gray": "gray.jpg", "palette": "palette.gif", "transparent": "transparent.png",
             "phone": "phone.jpg"}  # fmt: skip
    with owned.written(folder) as fresh:
        photo.save(fresh / files["color"], quality=QUALITY)
        photo.convert("L").save(fresh / files["gray"], quality=QUALITY)
        photo.quantize(256, method=Image.Quantize.MAXCOVERAGE).save(fresh / files["palette"])
        photo.putalpha(alpha)
        photo.save(fresh / files["transparent"])
        _on_its_side(photo.convert("RGB"), fresh / files["phone"])
    return {form: folder / name for form, name in files.items()}


def read(path: str | os.PathLike, side: int) -> np.ndarray:
    """Open an image file as a person sees it: upright, red first, (side, side, 3) uint8.

    Pillow shrinks it with its usual filter, which looks at every pixel; what isn't square is squeezed.
    """
    with Image.open(paths.given(path, "path")) as photo:
        upright = ImageOps.exif_transpose(photo).convert("RGB")
    return np.asarray(upright.resize((side, side)))


def _on_its_side(photo: Image.Image, path: Path) -> None:
    """Save an upright photograph as a phone does that was held upright: turned, with the note that turns it back."""
    note = Image.Exif()
    note[ORIENTATION] = QUARTER_TURN
    photo.transpose(Image.Transpose.ROTATE_90).save(path, quality=QUALITY, exif=note)
