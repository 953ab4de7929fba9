"""A digit drawn on the live network's pad becomes the same 28×28 pixels in the page as in helpers.digits."""

import numpy as np
import pytest

from helpers.digits import handwriting
from helpers.errors import DigitError
from tests.widgets.javascript import needs_node, run

DRAWINGS = 500
SIDE = 280
IN_THE_PAGE = """
    return given.drawings.map((strokes) => {
        const drawing = js.rasterizeStrokes(strokes);
        const drawn = drawing && given.whole ? drawing.values : null;
        return { drawn, prepared: drawing && (js.prepareDigit(drawing)?.values ?? null) };
    });
"""


def drawing(rng):
    """A digit of strokes.json in a size, slant and place of its own, drawn by an unsteady hand; some leave the pad."""
    hands = list(handwriting.examples().values())
    strokes = hands[rng.integers(len(hands))][int(rng.integers(10))]
    scale, angle = rng.uniform(0.12, 1.3), rng.uniform(-0.5, 0.5)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch, place = rng.uniform(0.6, 1.4, size=2), rng.uniform(-110, 110, size=2)
    moved = []
    for stroke in strokes:
        points = np.asarray(stroke, dtype=float)
        steps = np.linspace(0, len(points) - 1, int(rng.integers(len(points), 5 * len(points))))
        fine = np.stack([np.interp(steps, np.arange(len(points)), axis) for axis in points.T], axis=1)
        fine = (fine - SIDE / 2) * stretch @ turn * scale + SIDE / 2 + place * max(1.2 - scale, 0.1)
        fine += rng.normal(0, 2 * scale, size=fine.shape)
        moved.append(np.clip(fine, 0, SIDE).round(1).tolist())
    return moved


def by_hand(*strokes):
    return [list(map(list, stroke)) for stroke in strokes]


ODD = {
    "a dot": by_hand([(140, 140)]),
    "a dot in the corner": by_hand([(0, 0)]),
    "a dot twice": by_hand([(140, 140), (140, 140)]),
    "a level line along the rim": by_hand([(0, 0), (280, 0)]),
    "an upright line": by_hand([(140, 10), (140, 270)]),
    "a short line and a speck far away": by_hand([(60, 40), (60, 240), (200, 240)], [(270, 10)]),
    "two equal dots": by_hand([(100, 100)], [(200, 200)]),
    "an empty stroke too": by_hand([], [(60, 40), (60, 240)]),
    "halves": by_hand([(99.5, 20.5), (99.5, 120.5)]),
    "a triangle": by_hand([(20, 250), (140, 30), (260, 250), (20, 250)]),
}


def in_python(strokes):
    drawn = handwriting.rasterize(strokes)
    return drawn, handwriting.prepare(drawn, dark_on_light=True)


@needs_node
def test_500_drawings_are_prepared_alike():
    rng = np.random.default_rng(3)
    drawings = [drawing(rng) for _ in range(DRAWINGS)]
    answers = run("prepare", IN_THE_PAGE, drawings=drawings, whole=False)
    off = []
    for strokes, answer in zip(drawings, answers, strict=True):
        prepared = in_python(strokes)[1]
        found = np.reshape(answer["prepared"], (28, 28))
        off.append(np.abs(found - prepared.astype(int)).max())
    assert max(off) <= 1, np.flatnonzero(np.array(off) > 1)
    assert np.mean(off) < 0.2  # most are the same to the last gray level


@needs_node
def test_the_pen_leaves_the_same_pixels():
    rng = np.random.default_rng(4)
    drawings = [*ODD.values(), *(drawing(rng) for _ in range(12))]
    answers = run("prepare", IN_THE_PAGE, drawings=drawings, whole=True)
    for strokes, answer in zip(drawings, answers, strict=True):
        drawn, prepared = in_python(strokes)
        np.testing.assert_array_equal(np.reshape(answer["drawn"], (SIDE, SIDE)), drawn)
        assert np.abs(np.reshape(answer["prepared"], (28, 28)) - prepared.astype(int)).max() <= 1


@needs_node
@pytest.mark.parametrize("strokes", [[], [[]]])
def test_nothing_drawn_is_nothing_prepared(strokes):
    assert run("prepare", IN_THE_PAGE, drawings=[strokes], whole=True) == [{"drawn": None, "prepared": None}]
    with pytest.raises(DigitError, match="empty"):
        handwriting.rasterize(strokes)


@needs_node
def test_white_paper_is_nothing_too():
    body = "return js.prepareDigit({ shape: [280, 280], values: new Uint8Array(280 * 280).fill(255) });"
    assert run("prepare", body) is None
