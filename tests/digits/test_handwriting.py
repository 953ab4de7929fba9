"""Real MNIST digits, disguised as drawings and photographs, must come back as they were."""

import numpy as np
import pytest
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

from helpers.data import datasets
from helpers.digits import handwriting, ink
from helpers.errors import DigitError

COUNT, PHOTOS = 60, 20  # disguised digits a test


@pytest.fixture(scope="module")
def mnist():
    return datasets.load("mnist")


@pytest.fixture(scope="module")
def reader(mnist):
    """A tiny classifier: the label of the nearest of 2,000 training digits."""
    nearest = KNeighborsClassifier(n_neighbors=1).fit(
        mnist.x_train[:2000].reshape(2000, -1), mnist.y_train[:2000]
    )
    return lambda images: nearest.predict(np.asarray(images).reshape(len(images), -1))


def on_a_large_page(image, rng):
    """The digit 4 to 12 times as large, somewhere on a page up to twice as large as itself."""
    side = int(28 * rng.uniform(4, 12))
    large = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))
    height, width = rng.integers(side, 2 * side, size=2)
    page = np.zeros((height, width), dtype=np.uint8)
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    page[top : top + side, left : left + side] = large
    return page


def photographed(page, rng, *, light="slope", noise=5.0, depth=0.75):
    """Dark ink on unevenly lit paper with grain; `page` is light ink on black."""
    rows, columns = np.mgrid[-1 : 1 : page.shape[0] * 1j, -1 : 1 : page.shape[1] * 1j]
    falls = {
        "even": 220 + 0 * rows,
        "slope": 190 - 45 * columns - 20 * rows,
        "dark corners": 225 - 60 * (rows**2 + columns**2),
        "lamp": 150 + 80 * np.exp(-3 * (rows**2 + columns**2)),
        "soft shadow": 210 - 80 / (1 + np.exp(-12 * (columns + 0.3 * rows))),
    }[light]
    return np.clip(falls * (1 - depth * page / 255) + rng.normal(0, noise, page.shape), 0, 255).astype(
        np.uint8
    )


def likeness(first, second):
    """The best pixel correlation over shifts by up to one pixel (the centre of mass is rounded to a pixel)."""
    shifts = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    return max(
        np.corrcoef(first.ravel(), np.roll(second, shift, axis=(0, 1)).ravel())[0, 1] for shift in shifts
    )


def test_mnist_itself_is_left_as_it_is(mnist):
    again = [handwriting.prepare(image) for image in mnist.x_test[:COUNT]]
    alike = [likeness(image, other) for image, other in zip(mnist.x_test, again, strict=False)]
    assert np.median(alike) > 0.999
    assert np.min(alike) > 0.9


def test_a_small_part_of_a_digit_stays_and_a_speck_goes():
    page = np.full((200, 200), 255, np.uint8)
    page[40:160, 60:76] = 0  # the upright of a 5, with its bar drawn apart: a sixth of the ink
    page[40:60, 92:110] = 0
    page[150:154, 150:154] = 0  # a speck, below a hundredth
    cropped = handwriting.steps(page)["cropped"]
    assert cropped.shape == (120, 50)
    assert cropped[:20, 32:].min() > 200


@pytest.mark.parametrize("inverted", [False, True])
def test_a_large_page_comes_back_as_the_digit(mnist, reader, inverted):
    rng = np.random.default_rng(1)
    pages = [on_a_large_page(image, rng) for image in mnist.x_test[:COUNT]]
    again = np.stack([handwriting.prepare(255 - page if inverted else page) for page in pages])
    alike = [likeness(image, other) for image, other in zip(mnist.x_test, again, strict=False)]
    assert np.median(alike) > 0.96
    assert np.percentile(alike, 5) > 0.9
    labels = mnist.y_test[:COUNT]
    before, after = (np.mean(reader(images) == labels) for images in (mnist.x_test[:COUNT], again))
    assert after > before - 0.04


@pytest.mark.parametrize("light", ["even", "slope", "dark corners", "lamp", "soft shadow"])
def test_a_photograph_comes_back_as_the_digit(mnist, light):
    rng = np.random.default_rng(2)
    photos = [photographed(on_a_large_page(image, rng), rng, light=light) for image in mnist.x_test[:PHOTOS]]
    alike = [
        likeness(image, handwriting.prepare(photo))
        for image, photo in zip(mnist.x_test, photos, strict=False)
    ]
    assert np.median(alike) > 0.95
    assert np.percentile(alike, 10) > 0.84


def test_without_preparation_the_same_digits_cannot_be_read(mnist, reader):
    rng = np.random.default_rng(3)
    pages = [on_a_large_page(image, rng) for image in mnist.x_test[:COUNT]]
    shrunk = np.stack([np.asarray(Image.fromarray(page).resize((28, 28))) for page in pages])
    assert np.mean(reader(shrunk) == mnist.y_test[:COUNT]) < 0.6


def test_tightly_cropped_digits_keep_their_polarity(mnist):
    wrong = 0
    for image in mnist.x_test[:COUNT]:
        tight = image[np.ix_(image.any(axis=1), image.any(axis=0))]
        wrong += ink.is_dark_on_light(tight) + (not ink.is_dark_on_light(255 - tight))
    assert wrong <= 0.03 * 2 * COUNT


def test_the_result_has_mnists_form():
    prepared = handwriting.prepare(handwriting.rasterize(handwriting.examples()["wide"][2]))
    assert (prepared.shape, prepared.dtype) == ((28, 28), np.uint8)
    rows, columns = np.nonzero(prepared)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    total = prepared.sum(dtype=float)
    places = np.indices((28, 28))
    assert np.abs((places * prepared).sum(axis=(1, 2)) / total - 14).max() <= 0.51
    assert prepared.max() == 255
    assert prepared[0, 0] == 0


def test_drawn_strokes_are_as_thick_and_bright_as_mnists(mnist):
    drawn = [
        handwriting.prepare(handwriting.rasterize(strokes))
        for hand in handwriting.examples().values()
        for strokes in hand.values()
    ]
    assert np.mean(drawn) == pytest.approx(np.mean(mnist.x_test), rel=0.15)
    assert np.mean(np.array(drawn) > 127) == pytest.approx(np.mean(mnist.x_test > 127), rel=0.15)


@pytest.mark.parametrize("width", [2, 5, 12, 30])
def test_the_pen_may_be_thin_or_broad(width):
    drawing = handwriting.rasterize(handwriting.examples()["upright"][8], width=width)
    prepared = handwriting.prepare(drawing)
    assert 0.07 < np.mean(prepared > 127) < 0.25
    assert prepared.max() == 255


def test_small_and_large_drawings_give_the_same_image():
    strokes = handwriting.examples()["slanted"][5]
    small = [[(20 + x / 4, 180 + y / 4) for x, y in stroke] for stroke in strokes]
    large, little = (handwriting.prepare(handwriting.rasterize(each)) for each in (strokes, small))
    assert likeness(large, little) > 0.95


def test_aspect_ratio_is_kept():
    bar = np.zeros((100, 100), dtype=np.uint8)
    bar[10:90, 48:56] = 255
    rows, columns = np.nonzero(handwriting.prepare(bar))
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 2


def test_stages_are_named_in_order():
    stages = handwriting.steps(handwriting.rasterize(handwriting.examples()["upright"][7]))
    assert list(stages) == ["grey", "ink", "cropped", "scaled", "centred"]
    assert {stage.dtype for stage in stages.values()} == {np.dtype(np.uint8)}
    assert max(stages["scaled"].shape) == 20
    assert stages["ink"][0, 0] == 0


def test_the_digit_is_the_same_from_a_file_and_as_told(tmp_path):
    page = handwriting.rasterize(handwriting.examples()["upright"][3])
    path = tmp_path / "three.png"
    Image.fromarray(page).save(path)
    expected = handwriting.prepare(page)
    assert np.array_equal(handwriting.prepare(path), expected)
    assert np.array_equal(handwriting.prepare(page, dark_on_light=True), expected)
    assert np.array_equal(handwriting.load_photo(path), page)


def test_dust_does_not_move_the_crop():
    page = handwriting.rasterize(handwriting.examples()["upright"][6]).copy()
    expected = handwriting.prepare(page)
    page[3:6, 3:6] = 0
    page[270:273, 100:104] = 0
    assert likeness(expected, handwriting.prepare(page)) > 0.99


def test_a_digit_in_two_parts_keeps_both():
    page = np.full((200, 200), 255, dtype=np.uint8)
    page[40:160, 60:75] = 0
    page[40:160, 110:125] = 0
    assert (handwriting.prepare(page)[14] > 127).sum() >= 4


BLANK = {
    "white": np.full((100, 100), 255, dtype=np.uint8),
    "black": np.zeros((28, 28), dtype=np.uint8),
    "one pixel": np.full((1, 1), 7, dtype=np.uint8),
    "slope": np.tile(np.linspace(120, 240, 200), (150, 1)).astype(np.uint8),
    "grain": np.random.default_rng(0).normal(200, 4, (300, 400)).astype(np.uint8),
}


@pytest.mark.parametrize("name", BLANK)
@pytest.mark.parametrize("dark_on_light", [None, True, False])
def test_a_page_without_ink_is_said_to_be_one(name, dark_on_light):
    with pytest.raises(DigitError, match="no ink was found"):
        handwriting.prepare(BLANK[name], dark_on_light=dark_on_light)


@pytest.mark.parametrize("strokes", [[], [[]], [[], []]])
def test_an_empty_drawing_is_said_to_be_empty(strokes):
    with pytest.raises(DigitError, match="the drawing is empty"):
        handwriting.rasterize(strokes)


@pytest.mark.parametrize(
    "strokes", [[[1, 2, 3]], [[(1, 2, 3)]], [[(1, float("nan"))]], [["ab"]], [[(1, 2), (3,)]]]
)
def test_strokes_must_be_pairs(strokes):
    with pytest.raises(DigitError, match="pairs"):
        handwriting.rasterize(strokes)


def test_a_drawing_is_black_on_white_and_as_wide_as_the_pen():
    drawing = handwriting.rasterize([[(20, 50), (80, 50)]], size=100, width=10)
    assert (drawing.shape, drawing.dtype) == ((100, 100), np.uint8)
    assert (drawing[0, 0], drawing[50, 50]) == (255, 0)
    assert (255 - drawing[:, 50].astype(float)).sum() / 255 == pytest.approx(10, abs=1)
    assert drawing[50, 11] == 255  # a round end reaches 5 pixels, not more
    assert drawing[50, 17] == 0


def test_a_dot_is_drawn_too():
    assert handwriting.rasterize([[(50, 50)]], size=100, width=10).min() == 0


def test_the_examples_hold_ten_digits_in_three_hands():
    hands = handwriting.examples()
    assert len(hands) == 3
    for hand in hands.values():
        assert sorted(hand) == list(range(10))
        points = np.concatenate([np.array(stroke) for strokes in hand.values() for stroke in strokes])
        assert points.min() > 20
        assert points.max() < 260


def test_otsu_parts_two_groups():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(40, 5, 900), rng.normal(180, 10, 100)])
    assert 60 < ink.otsu(values) < 150
    assert ink.otsu(np.full((5, 5), 9.0)) >= 0


def test_whatever_the_pixels_there_is_a_digit_or_a_message():
    rng = np.random.default_rng(0)
    for number in range(200):
        shape = tuple(rng.integers(1, 50, size=2))
        image = [
            rng.integers(0, rng.integers(2, 257), size=shape),
            255 * (rng.random(shape) < 0.1),
            np.clip(rng.normal(128, 20, size=shape), 0, 255).astype(int),
            np.clip(np.cumsum(rng.normal(0, 9, size=shape), axis=1), 0, 255).astype(int),
        ][number % 4]
        try:
            prepared = handwriting.prepare(image)
        except DigitError:
            continue
        assert prepared.shape == (28, 28)
        assert prepared.max() == 255
