"""Tell ink from paper: which of the two is darker, how the light falls, and where the ink is.

`handwriting` calls it for every drawing and photograph. It works on gray pictures whose marks are narrower than
the paper around them.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image
from scipy import ndimage

from helpers.errors import DigitError

CONTRAST = 12  # gray levels (of 256): ink that differs less from its paper is taken for paper
CLEAR = 3.2  # ink and paper closer than this (see `_clearness`) are mere noise


def is_dark_on_light(gray: np.ndarray) -> bool:
    """Whether the ink is darker than the paper around it, however the light falls."""
    coarse = _shrunk(gray, side=48)
    margin = max(round(0.2 * max(coarse.shape)), 1)
    framed = np.pad(border_plane(coarse), margin, mode="edge")  # paper all round, even in a tight crop
    framed[margin:-margin, margin:-margin] = coarse
    difference = framed - ndimage.median_filter(framed, size=round(0.3 * max(coarse.shape)) | 1)
    return float(np.sum(np.sign(difference) * difference**2)) < 0


def border_plane(gray: np.ndarray) -> np.ndarray:
    """The plane of brightness through the picture's border, shape as `gray`, whatever few marks lie on it."""
    rows, columns = np.mgrid[-1 : 1 : gray.shape[0] * 1j, -1 : 1 : gray.shape[1] * 1j]
    surface = np.stack([np.ones(gray.shape), rows, columns], axis=-1)
    border = np.ones(gray.shape, dtype=bool)
    border[1:-1, 1:-1] = False
    for _ in range(4):  # each time without the pixels farthest from the plane before
        plane = surface @ np.linalg.lstsq(surface[border], gray[border].astype(float), rcond=None)[0]
        distance = np.abs(gray - plane)
        border &= distance <= 2.5 * np.median(distance[border]) + 1
    return plane


def isolate_ink(gray: np.ndarray, *, dark_on_light: bool) -> np.ndarray:
    """Ink from 0 (paper) to 1, shape as `gray`: the paper's shading, its grain and small specks removed."""
    bright = 255.0 - gray if dark_on_light else gray.astype(float)
    ink = _above(bright, paper_level(bright))
    dark, marks = _parted(ink)
    grain = np.median(dark)
    grain += 4 * np.median(np.abs(dark - grain))
    if _clearness(ink) < CLEAR or np.median(marks) - grain < CONTRAST:
        raise DigitError("no ink was found: the picture is blank, or the ink hardly differs from its paper.")
    ink = np.clip((ink - grain) / (np.median(marks) - grain), 0, 1)
    labels, count = ndimage.label(ink > 0.1, structure=np.ones((3, 3)))
    mass = ndimage.sum_labels(ink > 0.5, labels, np.arange(count + 1))
    return np.where((mass >= max(0.04 * mass[1:].max(), 1))[labels] & (labels > 0), ink, 0)


def paper_level(bright: np.ndarray) -> np.ndarray:
    """The paper's brightness under and around light ink, shape as `bright`.

    A gray opening removes what is narrower than its window. A small window follows a shadow, a large one
    spares thick strokes; so take the largest whose ink stands out nearly as clearly as with the best.
    """
    coarse = _shrunk(bright, side=96)
    plane = border_plane(coarse)
    papers, clearness = [], []
    for share in (0.5, 0.4, 0.3, 0.2, 0.15, 0.1):
        window = max(round(share * max(coarse.shape)), 3) | 1
        opened = ndimage.gaussian_filter(ndimage.grey_opening(coarse - plane, size=window), 1)
        papers.append(opened + plane)
        clearness.append(_clearness(_above(coarse, papers[-1])))
    chosen = np.flatnonzero(np.array(clearness) >= 0.85 * max(clearness))[0]
    return resized(papers[chosen], bright.shape, Image.Resampling.BILINEAR)


def otsu(values: np.ndarray) -> float:
    """The level that best parts values 0 to 255 into two groups (Otsu, 1979)."""
    counts = np.bincount(np.clip(np.round(values), 0, 255).astype(int).ravel(), minlength=256).astype(float)
    share = np.cumsum(counts) / counts.sum()
    mean = np.cumsum(counts * np.arange(256)) / counts.sum()
    spread = (mean[-1] * share - mean) ** 2 / np.maximum(share * (1 - share), 1e-9)
    return float(np.mean(np.flatnonzero(spread == spread.max())))


def _above(bright: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Ink from 0 to 255 as a share of what the light allows there: shade dims ink and paper alike."""
    return 255 * np.maximum(bright - paper, 0) / np.maximum(255 - paper, 60)


def _parted(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    level = otsu(ink)
    return ink[ink <= level], ink[ink > level]


def _clearness(ink: np.ndarray) -> float:
    """How far ink and paper lie apart, in units of their own spread: 6 is usual, 2 is mere noise."""
    dark, marks = _parted(ink)
    if marks.size == 0:
        return 0
    return float((marks.mean() - dark.mean()) / np.sqrt((marks.var() + dark.var()) / 2 + 1e-9))


def _shrunk(values: np.ndarray, *, side: int) -> np.ndarray:
    share = min(side / max(values.shape), 1)
    return resized(values, [max(round(share * length), 1) for length in values.shape], Image.Resampling.BOX)


def resized(values: np.ndarray, shape: Sequence[int], method: Image.Resampling) -> np.ndarray:
    """`values` as floats of another shape (height, width), by one of Pillow's methods."""
    return np.asarray(
        Image.fromarray(values.astype(np.float32)).resize(tuple(shape)[::-1], method), dtype=float
    )
