"""Take the printed lines of ruled or squared paper out of a picture, so that only the handwriting is left.

`handwriting` calls it before it looks for ink. A printed line is thin, straight and much longer than any
stroke of a digit: it runs through most of the picture, level or upright, give or take `TILT`. The search is a
Hough transform for such lines (Duda and Hart, 1972), on the pixels darker than those just above and below.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SMALLEST = (
    100  # pixels: a smaller picture is a drawing or an MNIST digit, and its strokes are as thin as lines
)
THICKEST = 0.01  # of the longer side: whatever is thicker is no printed line
TILT = 0.1  # the largest slope, about 6 degrees
FILLED = 0.55  # the least share of the picture's width on which a line must be seen
SEEN = 0.4  # a line that leaves the picture at a corner must cross this share of its width
FAINT = 8  # gray levels: fainter lines disappear in the paper's grain anyway
BLOCK = 8  # columns that are looked at together


@dataclass(frozen=True)
class Line:
    """A line through `rows`, one for each column (they may lie outside the picture), `height` pixels high.

    It is darker than its paper by `contrast` gray levels.
    """

    rows: np.ndarray
    height: int
    contrast: float


def remove_lines(gray: np.ndarray, *, dark_on_light: bool) -> tuple[np.ndarray, int]:
    """`gray` without its printed lines, as floats of the same shape, and how many there were.

    A single line counts only if it is fainter than the ink and runs from edge to edge, like a margin: the
    stroke of a 1, or the bar of a 4 or a 7, may be as long and as thin.
    """
    ink = 255.0 - gray if dark_on_light else gray.astype(float)
    removed = 0
    if max(gray.shape) >= SMALLEST:
        for turned in (False, True):
            picture = ink.T if turned else ink
            cleaned = picture
            found = find_lines(picture)
            for line in found:
                cleaned = _without(cleaned, line)
            if len(found) == 1 and not _is_margin(found[0], picture, cleaned):
                continue
            removed += len(found)
            ink = cleaned.T if turned else cleaned
    return (255 - ink if dark_on_light else ink), removed


def find_lines(ink: np.ndarray) -> list[Line]:
    """All nearly level lines in a picture of light ink on black (height, width), the clearest first."""
    height, width = ink.shape
    reach = _reach(ink.shape)
    if min(height, width) < 4 * reach + BLOCK:
        return []
    ridge = _ridge(ndimage.uniform_filter1d(ink, 5, axis=1), reach)
    noise = 1.48 * np.median(np.abs(ridge - np.median(ridge)))
    limit = max(FAINT, 3 * noise)
    signs = _blocks(np.clip(ridge / limit, -1, 1)).mean(axis=2)
    score, slopes = _hough(ndimage.maximum_filter1d(signs, 3, axis=0), width)
    if score.max() < FILLED:
        return []
    common = np.argmax((np.maximum(score - FILLED, 0) ** 2).sum(axis=1))  # the slope that most lines share
    near = slice(max(common - 4, 0), common + 5)
    score, slopes = score[near], slopes[near]
    strength = np.median(_blocks(ridge), axis=2)
    lines, free = [], score.copy()
    while free.max() >= FILLED:
        slope, row = np.unravel_index(np.argmax(free), free.shape)
        free[:, max(row - 2 * reach, 0) : row + 2 * reach + 1] = 0
        lines.append(_trace(ink, ridge, strength, row, slopes[slope], reach))
    return lines


def _reach(shape: tuple[int, ...]) -> int:
    """How many pixels high a line may be, and how far above and below it the paper is looked at."""
    return max(round(THICKEST * max(shape)), 2) + 1


def _ridge(ink: np.ndarray, reach: int) -> np.ndarray:
    """How much more ink each pixel has than the pixels `reach` above and below it; edges and slopes give none."""
    above = np.pad(ink, ((reach, 0), (0, 0)), mode="edge")[: len(ink)]
    below = np.pad(ink, ((0, reach), (0, 0)), mode="edge")[reach:]
    return ink - np.maximum(above, below)


def _blocks(values: np.ndarray) -> np.ndarray:
    """Columns in groups, shape (height, blocks, BLOCK); those left over at the right are left out."""
    height, blocks = len(values), values.shape[1] // BLOCK
    return values[:, : blocks * BLOCK].reshape(height, blocks, BLOCK)


def _hough(signs: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean of `signs` along every line, shape (slopes, rows), and the slopes; a row is that in mid-picture.

    The mean is that of the line's part inside the picture.
    """
    height, blocks = signs.shape
    slopes = np.arange(-round(TILT * width), round(TILT * width) + 1) / width
    places = (np.arange(blocks) + 0.5) * BLOCK - width / 2
    shifts = np.round(slopes[:, np.newaxis] * places).astype(int)
    margin = int(np.abs(shifts).max())
    padded = np.pad(signs, ((margin, margin), (0, 0)))
    inside = np.pad(np.ones(height), margin)
    total, counted = np.zeros((2, len(slopes), height))
    for block in range(blocks):
        for number, shift in enumerate(shifts[:, block]):
            rows = slice(margin + shift, margin + shift + height)
            total[number] += padded[rows, block]
            counted[number] += inside[rows]
    return total / np.maximum(counted, SEEN * blocks), slopes


def _trace(
    ink: np.ndarray, ridge: np.ndarray, strength: np.ndarray, row: int, slope: float, reach: int
) -> Line:
    """Follow a line from block to block (paper is never quite flat), and measure its height and contrast."""
    height, width = ink.shape
    blocks = strength.shape[1]
    middles = (np.arange(blocks) + 0.5) * BLOCK
    straight = row + slope * (middles - width / 2)
    offsets = np.arange(-2, 3)
    around = np.clip(np.round(straight).astype(int) + offsets[:, np.newaxis], 0, height - 1)
    seen = ndimage.median_filter(strength[around, np.arange(blocks)], (1, 5), mode="nearest")
    rows = np.round(np.interp(np.arange(width), middles, straight + offsets[seen.argmax(axis=0)])).astype(int)
    columns = np.flatnonzero((rows >= 0) & (rows < height))
    center = rows[columns]
    contrast = float(np.median(ridge[center, columns]))
    paper = ink[center, columns] - ridge[center, columns]
    half = 1
    while half < reach - 1:
        beside = [np.clip(center + side * (half + 1), 0, height - 1) for side in (-1, 1)]
        if max(np.median(ink[where, columns] - paper) for where in beside) < 0.15 * contrast:
            break
        half += 1
    return Line(rows=rows, height=2 * half + 1, contrast=contrast)


def _without(ink: np.ndarray, line: Line) -> np.ndarray:
    """The picture with the line's pixels replaced by a blend of those above and below it.

    So a stroke that crosses the line goes on across it; and what is much darker than the line is ink, and stays.
    """
    half = line.height // 2 + 1
    columns = np.arange(ink.shape[1])
    above, below = (np.clip(line.rows + side * half, 0, len(ink) - 1) for side in (-1, 1))
    above, below = ink[above, columns], ink[below, columns]
    cleaned = ink.copy()
    for offset in range(1 - half, half):
        rows = line.rows + offset
        inside = (rows >= 0) & (rows < len(ink))
        share = (offset + half) / (2 * half)
        blend = (1 - share) * above + share * below
        now = ink[np.clip(rows, 0, len(ink) - 1), columns]
        gone = inside & (now > blend) & (now - blend < 1.6 * line.contrast + FAINT)
        cleaned[rows[gone], columns[gone]] = blend[gone]
    return cleaned


def _is_margin(line: Line, ink: np.ndarray, cleaned: np.ndarray) -> bool:
    """Whether a line that is alone is fainter than the ink beside it, and runs from edge to edge."""
    width = ink.shape[1]
    if line.rows.min() < 0 or line.rows.max() >= len(ink):
        return False
    ridge = _ridge(ink, _reach(ink.shape))[line.rows, np.arange(width)]
    ends = np.r_[0 : 2 * BLOCK, width - 2 * BLOCK : width]
    darkest = np.percentile(cleaned - np.median(cleaned), 99.5)
    return bool(np.mean(ridge[ends] > 0.5 * line.contrast) > 0.7 and line.contrast < 0.6 * darkest)
