"""Take the printed lines of ruled or squared paper out of a picture, so that only the handwriting is left.

`handwriting` calls it before it looks for ink. A printed line is thin, straight and much longer than any
stroke of a digit: it runs through most of the picture, level or upright, give or take `TILT`. The search is a
Hough transform for such lines (Duda and Hart, 1972), on the pixels darker than those just above and below.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SMALLEST = 100  # pixels: in a smaller picture the strokes of a digit are as thin as lines
THICKEST = 0.01  # of the longer side: whatever is thicker is not a printed line
TILT = 0.1  # the largest slope, about 6 degrees
FILLED = 0.55  # the least share of the picture's width on which a line must be seen
MANY = 3  # this many parallel lines are not strokes of a digit
SEEN = 0.4  # a line that leaves the picture at a corner must cross this share of its width
HIDDEN = 0.4  # and the least share beside other lines: handwriting may cover the rest
FAINT = 8  # gray levels: fainter lines disappear in the paper's grain anyway
BLOCK = 8  # columns that are looked at together


@dataclass(frozen=True)
class Line:
    """A line through `rows`, one for each column (they may lie outside the picture), `height` pixels high.

    It is darker than its paper by `contrast` gray levels, and where it is darkest, by `darkest`: a line that was
    thinner than a pixel is darker where it lay in one row than where it lay in two.
    """

    rows: np.ndarray
    height: int
    contrast: float
    darkest: float


def remove_lines(gray: np.ndarray, *, dark_on_light: bool) -> tuple[np.ndarray, int]:
    """`gray` without its printed lines, as floats of the same shape, and how many there were.

    `MANY` parallel lines are always printed. One or two may be strokes of the digit, like the two bars of a 7 that
    fills the picture: they are taken out only if they are much fainter or thinner than the ink (see `_is_printed`).
    """
    ink = 255.0 - gray if dark_on_light else gray.astype(float)
    removed = 0
    if max(gray.shape) >= SMALLEST:
        for turned in (False, True):
            picture = ink.T if turned else ink
            found = find_lines(picture)
            cleaned = _without_all(picture, found)
            if len(found) < MANY:
                found = [line for line in found if _is_printed(line, picture, cleaned)]
                cleaned = _without_all(picture, found)
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
    some = ridge[::2, ::2]
    noise = 1.48 * np.median(np.abs(some - np.median(some)))
    limit = max(FAINT, 3 * noise)
    signs = _blocks(np.clip(ridge / limit, 0, 1)).mean(axis=2)
    score, slopes = _hough(ndimage.maximum_filter1d(signs, 3, axis=0), width)
    if score.max() < FILLED:
        return []
    strength = np.median(_blocks(ridge), axis=2)
    found = _peaks(score, least=FILLED, apart=2 * reach)
    if len(found) >= MANY:  # parallel lines, or in perspective a fan of them: the slope changes with the row
        fan = np.poly1d(np.polyfit([row for row, _ in found], [slope for _, slope in found], 1))
        off = np.abs(np.arange(len(slopes))[:, np.newaxis] - fan(np.arange(height))) > 3
        found += _peaks(np.where(off, 0, score), least=HIDDEN, apart=2 * reach, beside=found)
    return [_trace(ink, ridge, strength, row, slopes[slope], reach) for row, slope in found]


def _peaks(
    score: np.ndarray, *, least: float, apart: int, beside: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """The places (row, number of the slope) of the highest scores, at least `apart` rows from each other."""
    free, found = score.copy(), list(beside)
    for row, _ in found:
        free[:, max(row - apart, 0) : row + apart + 1] = 0
    while free.max() >= least:
        slope, row = np.unravel_index(np.argmax(free), free.shape)
        free[:, max(row - apart, 0) : row + apart + 1] = 0
        found.append((int(row), int(slope)))
    return found[len(beside) :]


def _reach(shape: tuple[int, ...]) -> int:
    """How many pixels high a line may be, and how far above and below it the paper is looked at."""
    return max(round(THICKEST * max(shape)), 2) + 1


def _ridge(ink: np.ndarray, reach: int) -> np.ndarray:
    """How much more ink each pixel has than the pixels `reach` above and below it; edges and slopes give none."""
    above, below = np.roll(ink, reach, axis=0), np.roll(ink, -reach, axis=0)
    # At the rims there is one side only, and on the other the paper is taken to go on as it comes.
    above[:reach] = 2 * ink[reach : 2 * reach] - ink[2 * reach : 3 * reach]
    below[-reach:] = 2 * ink[-2 * reach : -reach] - ink[-3 * reach : -2 * reach]
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
    end = round(TILT * width / 4)  # from slope to slope a line's ends move by one pixel each, up and down
    slopes = 2 * np.arange(-2 * end, 2 * end + 1) / width
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
    whole = counted / blocks
    return total / blocks / np.maximum(whole, SEEN) * (
        0.9 + 0.1 * whole
    ), slopes  # a whole line rather than a part


def _trace(
    ink: np.ndarray, ridge: np.ndarray, strength: np.ndarray, row: int, slope: float, reach: int
) -> Line:
    """Follow a line from block to block (paper is never quite flat), and measure its height and contrast."""
    height, width = ink.shape
    blocks = strength.shape[1]
    middles = (np.arange(blocks) + 0.5) * BLOCK
    straight = row + slope * (middles - width / 2)
    offsets = np.arange(-2, 3)
    around = np.round(straight).astype(int) + offsets[:, np.newaxis]
    seen = strength[np.clip(around, 0, height - 1), np.arange(blocks)]
    seen[(around < 0) | (around >= height)] = -255
    seen = ndimage.median_filter(seen, (1, 5), mode="nearest")
    rows = np.round(np.interp(np.arange(width), middles, straight + offsets[seen.argmax(axis=0)])).astype(int)
    columns = np.flatnonzero((rows >= 0) & (rows < height))
    center = rows[columns]
    contrast, darkest = np.percentile(ridge[center, columns], (50, 85))
    paper = ink[center, columns] - ridge[center, columns]
    half = 1
    while half < reach - 1:
        beside = [center + side * (half + 1) for side in (-1, 1)]
        levels = [
            np.where((rows < 0) | (rows >= height), 0, ink[np.clip(rows, 0, height - 1), columns] - paper)
            for rows in beside
        ]
        if max(map(np.median, levels)) < 0.15 * contrast:
            break
        half += 1
    return Line(rows=rows, height=2 * half + 1, contrast=float(contrast), darkest=float(darkest))


def _without_all(ink: np.ndarray, lines: list[Line]) -> np.ndarray:
    for line in lines:
        ink = _without(ink, line)
    return ink


def _without(ink: np.ndarray, line: Line) -> np.ndarray:
    """The picture with the line's pixels replaced by a blend of those above and below it.

    So a stroke that crosses the line goes on across it; and what is much darker than the line is ink, and stays.
    """
    half = line.height // 2 + 1
    columns = np.arange(ink.shape[1])
    above, below = line.rows - half, line.rows + half
    above, below = np.where(above < 0, below, above), np.where(below >= len(ink), above, below)
    above, below = (ink[np.clip(rows, 0, len(ink) - 1), columns] for rows in (above, below))
    cleaned = ink.copy()
    for offset in range(1 - half, half):
        rows = line.rows + offset
        inside = (rows >= 0) & (rows < len(ink))
        share = (offset + half) / (2 * half)
        blend = (1 - share) * above + share * below
        now = ink[np.clip(rows, 0, len(ink) - 1), columns]
        gone = inside & (now > blend) & (now - blend < 1.3 * line.darkest + FAINT)
        cleaned[rows[gone], columns[gone]] = blend[gone]
    return cleaned


def _is_printed(line: Line, ink: np.ndarray, cleaned: np.ndarray) -> bool:
    """Whether one of few lines runs from edge to edge, and is much fainter or thinner than the strokes."""
    height, width = ink.shape
    reach = _reach(ink.shape)
    ends = np.r_[0 : 2 * BLOCK, width - 2 * BLOCK : width]
    ridge = _ridge(ink, reach)[np.clip(line.rows[ends], 0, height - 1), ends]
    if np.mean(ridge > 0.5 * line.contrast) < 0.7:
        return False
    above = cleaned - np.median(cleaned)
    darkest = np.percentile(above, 99.5)
    strokes = above > 0.5 * darkest
    if not strokes.any():
        return False
    depth = ndimage.distance_transform_edt(strokes)[strokes].mean()
    width_of_strokes = 4 * depth - 2  # see `handwriting.thicken`
    return line.contrast < 0.6 * darkest or line.height < 0.5 * width_of_strokes
