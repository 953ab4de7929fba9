"""Whatever a learner has as an image of a digit becomes the same gray pixels, or a message."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from helpers.digits import handwriting, pictures
from helpers.errors import DigitError

PAGE = handwriting.rasterize(handwriting.examples()["upright"][7], size=140)
LARGE = np.kron(PAGE, np.ones((20, 20), np.uint8))  # 2800×2800


def gray_of(image):
    return pictures.to_gray(image).astype(float)


def as_file(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def turned(page):
    """A photograph with the camera on its side: the pixels lie, and the EXIF note says how to turn them."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° to the right to see it upright
    return as_file(Image.fromarray(np.rot90(page)), "JPEG", exif=exif, quality=95)


def clear(page, ink):
    """Ink of one brightness on transparent paper, as RGBA."""
    return np.dstack([np.full((*page.shape, 3), ink, np.uint8), 255 - page])


SOURCES = {
    "array": lambda: PAGE,
    "color": lambda: np.stack([PAGE] * 3, axis=-1),
    "one channel": lambda: PAGE[..., np.newaxis],
    "0 to 1": lambda: PAGE / 255,
    "0 to 255, floats": lambda: PAGE.astype(np.float32),
    "half precision": lambda: (PAGE / 255).astype(np.float16),
    "64 bits": lambda: PAGE.astype(np.int64),
    "16 bits": lambda: PAGE.astype(np.uint16) * 257,
    "list of lists": lambda: PAGE.tolist(),
    "read only": lambda: np.broadcast_to(PAGE, PAGE.shape),
    "every other": lambda: np.repeat(np.repeat(PAGE, 2, axis=0), 2, axis=1)[::2, ::2],
    "Pillow": lambda: Image.fromarray(PAGE),
    "P": lambda: Image.fromarray(PAGE).convert("P"),
    "few colors": lambda: Image.fromarray(PAGE).quantize(16),
    "RGB": lambda: Image.fromarray(PAGE).convert("RGB"),
    "RGBA": lambda: Image.fromarray(PAGE).convert("RGBA"),
    "LA": lambda: Image.fromarray(PAGE).convert("LA"),
    "La": lambda: Image.fromarray(PAGE).convert("LA").convert("La"),
    "PA": lambda: Image.fromarray(PAGE).convert("P").convert("PA"),
    "CMYK": lambda: Image.fromarray(PAGE).convert("RGB").convert("CMYK"),
    "YCbCr": lambda: Image.fromarray(PAGE).convert("RGB").convert("YCbCr"),
    "HSV": lambda: Image.fromarray(PAGE).convert("RGB").convert("HSV"),
    "LAB": lambda: Image.merge("LAB", [Image.fromarray(PAGE), *[Image.new("L", PAGE.shape[::-1], 128)] * 2]),
    "I": lambda: Image.fromarray(PAGE.astype(np.int32)),
    "I, 16 bits": lambda: Image.fromarray(PAGE.astype(np.int32) * 257),
    "I;16": lambda: Image.fromarray(PAGE.astype(np.uint16) * 257),
    "I;16, values to 255": lambda: Image.fromarray(PAGE.astype(np.uint16)),
    "F": lambda: Image.fromarray(PAGE.astype(np.float32)),
    "F, 0 to 1": lambda: Image.fromarray(PAGE.astype(np.float32) / 255),
    "F, -1 to 1": lambda: Image.fromarray(PAGE.astype(np.float32) / 127.5 - 1),
    "bytes of a PNG": lambda: as_file(Image.fromarray(PAGE), "PNG"),
    "bytes of a 16-bit PNG": lambda: as_file(Image.fromarray(PAGE.astype(np.uint16) * 257), "PNG"),
    "BytesIO of a JPEG": lambda: io.BytesIO(as_file(Image.fromarray(PAGE), "JPEG", quality=95)),
    "CMYK JPEG": lambda: as_file(Image.fromarray(PAGE).convert("CMYK"), "JPEG", quality=95),
    "GIF": lambda: as_file(Image.fromarray(PAGE), "GIF"),
    "animated GIF": lambda: as_file(
        Image.fromarray(PAGE), "GIF", save_all=True, append_images=[Image.fromarray(255 - PAGE)]
    ),
    "WebP": lambda: as_file(Image.fromarray(PAGE), "WEBP", lossless=True),
    "BMP": lambda: as_file(Image.fromarray(PAGE), "BMP"),
    "TIFF, LZW": lambda: as_file(Image.fromarray(PAGE), "TIFF", compression="tiff_lzw"),
    "MPO": lambda: as_file(Image.fromarray(PAGE), "MPO", save_all=True, append_images=[Image.fromarray(PAGE)]),
    "black on nothing": lambda: clear(PAGE, 0),
    "turned": lambda: turned(PAGE),
    "turned, opened by Pillow": lambda: Image.open(io.BytesIO(turned(PAGE))),
    "turned, opened and converted": lambda: Image.open(io.BytesIO(turned(PAGE))).convert("L"),
}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_form_of_an_image_gives_the_same_pixels(source):
    found = gray_of(source())
    assert found.shape == PAGE.shape
    assert np.abs(found - PAGE).mean() < 3


def test_tensors_are_images():
    import tensorflow as tf

    assert np.array_equal(pictures.to_gray(tf.constant(PAGE)), PAGE)
    assert np.array_equal(pictures.to_gray(tf.Variable(PAGE[..., np.newaxis])), PAGE)


@pytest.mark.parametrize("mask", [PAGE < 128, (PAGE < 128).astype(np.uint8), Image.fromarray(PAGE < 128)])
def test_a_mask_of_the_ink_is_an_image(mask):
    assert np.array_equal(pictures.to_gray(mask), 255 * (PAGE < 128))


def test_white_ink_on_nothing_is_laid_on_black():
    assert np.array_equal(pictures.to_gray(clear(PAGE, 255)), 255 - PAGE)
    assert np.array_equal(pictures.to_gray(Image.fromarray(clear(PAGE, 255))), 255 - PAGE)


@pytest.mark.parametrize("name", ["seven.png", "내 사진 7.PNG", "7 (1) #.png"])
def test_files_by_path_and_text_and_as_open_files(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(as_file(Image.fromarray(PAGE), "PNG"))
    with path.open("rb") as file:
        for source in (path, str(path), file):
            assert np.array_equal(pictures.to_gray(source), PAGE)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_large_pictures_come_out_smaller_and_the_same(form, tmp_path):
    path = tmp_path / f"large.{form.lower()}"
    Image.fromarray(LARGE).save(path)
    assert max(handwriting.load_photo(path).shape) <= pictures.LARGEST
    small = gray_of(PAGE)
    for source in (path, Image.open(path), LARGE):
        assert np.abs(np.kron(small, np.ones((3, 3)))[:420, :420] - _at(gray_of(source), 420)).mean() < 8


def _at(values, side):
    return np.asarray(Image.fromarray(values.astype(np.uint8)).resize((side, side)), dtype=float)


def test_a_photograph_of_200_megapixels_is_read_and_others_beyond_measure_are_told(tmp_path):
    path = tmp_path / "large.jpg"
    Image.new("L", (16_000, 12_000), 200).save(path, quality=30)
    assert pictures.to_gray(path).shape == (384, 512)
    header = as_file(Image.new("1", (1, 1)), "PNG")
    chunk = header[12:16] + struct.pack(">II", 60_000, 60_000) + header[24:29]
    huge = header[:12] + chunk + struct.pack(">I", zlib.crc32(chunk)) + header[33:]
    with pytest.raises(DigitError, match=r"too many pixels, 60,000×60,000\. Save it again, smaller"):
        pictures.to_gray(huge)


def test_an_image_of_the_learner_is_not_changed():
    picture = Image.open(io.BytesIO(turned(LARGE)))
    pictures.to_gray(picture)
    assert picture.size == LARGE.shape and picture.getexif()[0x0112] == 6


@pytest.mark.parametrize(
    ("image", "fragment"),
    [
        (np.zeros((2, 28, 28, 1)), r"not \(2, 28, 28, 1\)\. Give one of them: images\[0\]"),
        (np.zeros((5, 28, 28)), r"Give one of them: images\[0\]"),
        (np.zeros(784), r"one image is needed, .* not \(784,\)\.$"),
        (np.zeros((28, 28, 2)), r"one image is needed, .* not \(28, 28, 2\)\.$"),
        (np.zeros((0, 28)), "one image is needed"),
        (None, "not NoneType"),
        (7, "not int"),
        ([[1, 2], [3]], "rows of equal length"),
        (np.full((28, 28), np.nan), "not numbers"),
        (np.full((28, 28), np.inf), "not numbers"),
        (np.full((28, 28), 300), "between 0 and 255"),
        (np.full((28, 28), -1.0), "between 0 and 255"),
        (np.full((28, 28), "ink"), "must hold numbers"),
        (np.full((28, 28), None), "must hold numbers"),
        (b"", "unknown format"),
        (b"seven", "unknown format"),
        (io.BytesIO(b"%PDF-1.4"), "unknown format"),
        ("https://example.com/5.png", "is an address. Download the picture"),
    ],
)
def test_what_is_no_image_is_refused(image, fragment):
    with pytest.raises(DigitError, match=fragment):
        pictures.to_gray(image)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DigitError, match="there is no file"):
        pictures.to_gray(tmp_path / "nowhere.jpg")
    with pytest.raises(DigitError, match="is a folder"):
        pictures.load_photo(tmp_path)
    with pytest.raises(DigitError, match="cannot be opened"):
        pictures.load_photo("a\0b.png")
    text = tmp_path / "notes.jpg"
    text.write_text("seven", encoding="utf-8")
    with pytest.raises(DigitError, match=r"notes\.jpg is not a picture that can be read \(unknown format\)"):
        pictures.load_photo(text)
    whole = as_file(Image.fromarray(LARGE), "PNG")
    half = tmp_path / "half.png"
    half.write_bytes(whole[: len(whole) // 2])
    for source in (half, half.read_bytes(), Image.open(half)):
        with pytest.raises(DigitError, match="not a picture that can be read"):
            pictures.to_gray(source)
