"""helpers.data.image_files: every kind of file and mode opened with the right colors, and which files aren't images."""

import io
import os
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from helpers.data import image_files
from helpers.data.image_files import Unreadable, open_image
from helpers.errors import DataError

needs_links = pytest.mark.skipif(os.name == "nt", reason="making links needs special rights on Windows")
HEIGHT, WIDTH = 30, 41
ACROSS = np.broadcast_to(np.linspace(10, 245, WIDTH)[None, :], (HEIGHT, WIDTH))
DOWN = np.broadcast_to(np.linspace(10, 245, HEIGHT)[:, None], (HEIGHT, WIDTH))
COLORS = np.stack([ACROSS, DOWN, np.full((HEIGHT, WIDTH), 60.0)], axis=-1).round().astype(np.uint8)
GRAY = COLORS[..., 0]
IN_GRAY = np.repeat(GRAY[..., None], 3, axis=-1)


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def color(mode="RGB"):
    return Image.fromarray(COLORS).convert(mode)


def gray(dtype, factor):
    return Image.fromarray((GRAY.astype(np.float64) * factor).astype(dtype))


def lab():
    to_lab = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
    return ImageCms.profileToProfile(color(), *to_lab, outputMode="LAB")


def with_alpha(mode):
    """The left half is opaque, the right half transparent."""
    image = color("RGBA")
    image.putalpha(
        Image.fromarray(np.where(np.arange(WIDTH)[None, :] < 20, 255, 0).astype(np.uint8).repeat(HEIGHT, 0))
    )
    return image.convert(mode) if mode != "PA" else image


def png(depth, kind, rows, *chunks):
    """A PNG that Pillow cannot write: `rows` (height, bytes) uint8, `kind` 0 gray, 2 RGB, 4 gray and alpha, 6 RGBA."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, 0)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [chunk(b"IHDR", header), *(chunk(*each) for each in chunks), chunk(b"IDAT", zlib.compress(data))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


DEEP = (COLORS.astype(">u2") * 257).view(np.uint8).reshape(HEIGHT, -1)
DEEP_GRAY = (GRAY.astype(">u2") * 257).view(np.uint8).reshape(HEIGHT, -1)
OPAQUE = np.full((HEIGHT, WIDTH, 1), 65535, ">u2")
DEEP_RGBA = (
    np.concatenate([COLORS.astype(">u2") * 257, OPAQUE], -1).astype(">u2").view(np.uint8).reshape(HEIGHT, -1)
)

RIGHT = {  # file → what it shows, and how far off the pixels may be on average
    "PNG RGB": (saved(color(), "PNG"), COLORS, 0),
    "PNG palette": (saved(color("P"), "PNG"), COLORS, 20),
    "PNG gray": (saved(gray(np.uint8, 1), "PNG"), IN_GRAY, 0),
    "PNG gray and alpha": (saved(gray(np.uint8, 1).convert("LA"), "PNG"), IN_GRAY, 0),
    "PNG black and white": (saved(Image.fromarray(GRAY > 127), "PNG"), IN_GRAY // 128 * 255, 0),
    "PNG 16 bits gray": (saved(gray(np.uint16, 257), "PNG"), IN_GRAY, 0.6),
    "PNG 16 bits RGB": (png(16, 2, DEEP), COLORS, 0.6),
    "PNG 16 bits RGBA": (png(16, 6, DEEP_RGBA), COLORS, 0.6),
    "JPEG RGB": (saved(color(), "JPEG", quality=95), COLORS, 3),
    "JPEG progressive": (saved(color(), "JPEG", quality=95, progressive=True), COLORS, 3),
    "JPEG gray": (saved(gray(np.uint8, 1), "JPEG", quality=95), IN_GRAY, 2),
    "JPEG CMYK": (saved(color("CMYK"), "JPEG", quality=95), COLORS, 3),
    "JPEG YCbCr": (saved(color("YCbCr"), "JPEG", quality=95), COLORS, 3),
    "MPO": (saved(color(), "MPO", quality=95, save_all=True, append_images=[color().rotate(180)]), COLORS, 3),
    "GIF": (saved(color(), "GIF"), COLORS, 12),
    "GIF animated": (saved(color(), "GIF", save_all=True, append_images=[color().rotate(180)]), COLORS, 12),
    "PNG animated": (saved(color(), "PNG", save_all=True, append_images=[color().rotate(180)]), COLORS, 0),
    "WebP animated": (
        saved(color(), "WEBP", save_all=True, append_images=[color().rotate(180)], lossless=True), COLORS, 1,
    ),
    "WebP": (saved(color(), "WEBP", lossless=True), COLORS, 0),
    "BMP RGB": (saved(color(), "BMP"), COLORS, 0),
    "BMP palette": (saved(color().quantize(256), "BMP"), COLORS, 12),
    "BMP black and white": (saved(Image.fromarray(GRAY > 127), "BMP"), IN_GRAY // 128 * 255, 0),
    "TIFF RGB": (saved(color(), "TIFF"), COLORS, 0),
    "TIFF of two pages": (saved(color(), "TIFF", save_all=True, append_images=[color().rotate(180)]), COLORS, 0),
    "TIFF CMYK": (saved(color("CMYK"), "TIFF"), COLORS, 2),
    "TIFF YCbCr": (saved(color("YCbCr"), "TIFF"), COLORS, 3),
    "TIFF Lab": (saved(lab(), "TIFF"), COLORS, 4),
    "TIFF 16 bits": (saved(gray(np.uint16, 257), "TIFF"), IN_GRAY, 0.6),
    "TIFF 16 bits big-endian": (saved(gray(">u2", 257), "TIFF"), IN_GRAY, 0.6),
    "TIFF 12 of 16 bits, stated": (saved(gray(np.uint16, 4095 / 255), "TIFF", tiffinfo={281: 4095}), IN_GRAY, 1),
    "TIFF white is zero": (saved(gray(np.uint16, 257), "TIFF", tiffinfo={262: 0}), 255 - IN_GRAY, 0.6),
    "TIFF whole numbers to 255": (saved(gray(np.int32, 1), "TIFF"), IN_GRAY, 0.6),
    "TIFF whole numbers to 65535": (saved(gray(np.int32, 257), "TIFF"), IN_GRAY, 0.6),
    "TIFF fractions": (saved(gray(np.float32, 1 / 255), "TIFF"), IN_GRAY, 0.6),
    "TIFF floats to 255": (saved(gray(np.float32, 1), "TIFF"), IN_GRAY, 0.6),
    "PGM 16 bits": (b"P5 41 30 65535\n" + DEEP_GRAY.tobytes(), IN_GRAY, 0.6),
}  # fmt: skip
if (
    features.version("pil") < "11"
):  # Pillow 10 cannot read the uncompressed TIFFs in YCbCr that it writes itself
    del RIGHT["TIFF YCbCr"]


@pytest.mark.parametrize("name", RIGHT)
def test_every_kind_of_file_has_the_right_colors(tmp_path, name):
    content, expected, tolerance = RIGHT[name]
    (tmp_path / "a").write_bytes(content)  # the name says nothing: what counts is inside
    image = open_image(tmp_path / "a")
    assert image.mode == "RGB" and image.size == (WIDTH, HEIGHT)
    assert np.abs(np.asarray(image).astype(int) - expected).mean() <= tolerance


def test_numbers_of_any_range_are_neither_clipped_nor_lost(tmp_path):
    values = np.linspace(-3, 11, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.float32)
    values[0, 0], values[-1, -1], values[0, 1] = np.nan, np.inf, -np.inf
    Image.fromarray(values).save(tmp_path / "a.tif")
    shown = np.asarray(open_image(tmp_path / "a.tif"))[..., 0]
    assert shown[0, 0] == shown[0, 1] == 0 and shown[-1, -1] == 255
    assert (np.diff(shown.ravel()[2:].astype(int)) >= 0).all() and len(np.unique(shown)) > 200
    Image.fromarray(np.full((4, 4), 7_000_000, np.int32)).save(tmp_path / "b.tif")
    assert np.asarray(open_image(tmp_path / "b.tif")).std() == 0


@pytest.mark.parametrize(("largest", "white"), [(65535, 65535), (4095, 4095), (4096, 65535), (255, 255)])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_twelve_bits_in_sixteen_are_not_black(tmp_path, form, largest, white):
    values = np.linspace(0, largest, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).round().astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a", form)
    shown = np.asarray(open_image(tmp_path / "a"))[..., 0]
    assert np.abs(shown - values * (255 / white)).max() <= 0.5


TRANSPARENT = {
    "RGBA": saved(with_alpha("RGBA"), "PNG"),
    "gray and alpha": saved(with_alpha("LA"), "PNG"),
    "palette": saved(with_alpha("RGBA").quantize(200), "PNG"),
    "WebP": saved(with_alpha("RGBA"), "WEBP", lossless=True),
    "TIFF": saved(with_alpha("RGBA"), "TIFF"),
    "GIF": saved(with_alpha("RGBA"), "GIF"),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_transparent_parts_are_white_and_the_others_as_they_were(tmp_path, name):
    (tmp_path / "a").write_bytes(TRANSPARENT[name])
    shown = np.asarray(open_image(tmp_path / "a")).astype(int)
    assert (shown[:, 20:] == 255).all()
    expected = COLORS if "gray" not in name else np.asarray(color("L").convert("RGB"))
    assert np.abs(shown[:, :20] - expected[:, :20]).mean() < 12


def test_a_transparent_color_in_sixteen_bits(tmp_path):
    rgb = COLORS.copy()
    rgb[5, 5] = 255, 0, 255
    deep = (rgb.astype(">u2") * 257).view(np.uint8).reshape(HEIGHT, -1)
    (tmp_path / "a.png").write_bytes(png(16, 2, deep, (b"tRNS", struct.pack(">HHH", 65535, 0, 65535))))
    shown = np.asarray(open_image(tmp_path / "a.png"))
    assert (shown[5, 5] == 255).all() and np.abs(shown[6:].astype(int) - COLORS[6:]).max() <= 1
    (tmp_path / "b.png").write_bytes(
        png(16, 0, DEEP_GRAY, (b"tRNS", struct.pack(">H", int(GRAY[0, 3]) * 257)))
    )
    assert (np.asarray(open_image(tmp_path / "b.png"))[:, 3] == 255).all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_cameras_turn_is_undone_at_every_scale(tmp_path, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    T = Image.Transpose
    stored = {2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE, 6: T.ROTATE_90,
              7: T.TRANSVERSE, 8: T.ROTATE_270}.get(turn)  # fmt: skip
    upright = color().resize((WIDTH * 8, HEIGHT * 8))
    (upright.transpose(stored) if stored is not None else upright).save(
        tmp_path / "a.jpg", exif=exif, quality=95
    )
    for least, size in ((None, (328, 240)), (30, (41, 30))):
        image = open_image(tmp_path / "a.jpg", least=least)
        assert image.size == size
        assert np.abs(np.asarray(image.resize((41, 30))).astype(int) - COLORS).mean() < 4


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_tiff_is_turned_once(tmp_path, turn):
    """Pillow turns it while it loads it."""
    color().save(tmp_path / "a.tif", tiffinfo={274: turn})
    color().save(tmp_path / "a.png", exif=_turned(turn))
    assert (np.asarray(open_image(tmp_path / "a.tif")) == np.asarray(open_image(tmp_path / "a.png"))).all()


def _turned(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    return exif


def test_broken_notes_of_the_camera_do_not_matter(tmp_path):
    content = saved(color(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\xff\xff")
    (tmp_path / "a.jpg").write_bytes(content)
    assert open_image(tmp_path / "a.jpg").size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1", "I;16"])
def test_a_large_image_is_opened_smaller_with_the_same_colors(tmp_path, mode):
    large = color().resize((WIDTH * 10, HEIGHT * 10), Image.Resampling.BICUBIC)
    if mode == "I;16":
        large = Image.fromarray(np.asarray(large.convert("L")).astype(np.uint16) * 257)
    large.convert(mode).save(tmp_path / "a.png")
    full, small = open_image(tmp_path / "a.png"), open_image(tmp_path / "a.png", least=60)
    assert small.size == (82, 60)
    shrunk = full.resize((82, 60), Image.Resampling.BOX)
    assert np.abs(np.asarray(small).astype(int) - np.asarray(shrunk)).mean() < 1
    assert open_image(tmp_path / "a.png", least=200).size == full.size  # no whole fraction is large enough


# --- Large and broken files --------------------------------------------------------------------------------


def claiming(width, height, form):
    """A small file whose header claims so many pixels."""
    content = bytearray(saved(color(), form))
    if form == "PNG":
        content[16:24] = struct.pack(">II", width, height)
        content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    else:
        at = content.index(b"\xff\xc0")
        content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def test_a_photo_of_108_megapixels_is_opened_in_little_memory(tmp_path):
    """As JPEG at an eighth of its size: the whole image would take 324 MB."""
    picture = Image.new("L", (12_000, 9_000), 90)
    picture.save(tmp_path / "a.jpg", quality=50)
    del picture
    threads, sizes = [], []
    for _ in range(2):
        threads.append(
            threading.Thread(target=lambda: sizes.append(open_image(tmp_path / "a.jpg", least=640).size))
        )
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert sizes == [(1500, 1125)] * 2
    assert Image.MAX_IMAGE_PIXELS is not None, "Pillow's own limit is back"


@pytest.mark.parametrize(
    ("form", "size", "megapixels", "most"),
    [("PNG", (16_320, 12_240), "200", "120"), ("PNG", (100_000, 100_000), "10,000", "120"),
     ("JPEG", (65_000, 65_000), "4,225", "400")],
)  # fmt: skip
def test_what_is_too_large_gets_one_message(tmp_path, form, size, megapixels, most):
    (tmp_path / "a").write_bytes(claiming(*size, form))
    with pytest.raises(
        DataError, match=f"far too large, {megapixels} megapixels; {form} files may have {most}.*Save it"
    ):
        open_image(tmp_path / "a", least=100)


def test_200_megapixels_of_a_jpeg_are_not_too_large(tmp_path):
    (tmp_path / "a").write_bytes(claiming(16_320, 12_240, "JPEG"))
    with image_files.opened(tmp_path / "a") as picture:
        assert picture.size == (16_320, 12_240)


JPEG = saved(color().resize((200, 150)), "JPEG")
BROKEN = {
    "empty": (b"", "empty. Remove it, or copy it again"),
    "a text": (b"hello, world", "not an image that can be read .it begins with 'hello, world'"),
    "half": (JPEG[: len(JPEG) // 2], "damaged .*truncated"),
    "a photo of an iPhone": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC inside.*Most Compatible"),
    "a PNG's first bytes": (saved(color(), "PNG")[:40], "damaged|not an image"),
    "a TIFF's first bytes": (saved(color(), "TIFF")[:40], "damaged|not an image"),
    "a GIF's first bytes": (saved(color(), "GIF")[:12], "damaged|not an image"),
    "a WebP's first bytes": (saved(color(), "WEBP")[:60], "damaged|not an image"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_what_it_is(tmp_path, name):
    content, message = BROKEN[name]
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataError, match=f"a.jpg cannot be read: {message}"):
        open_image(tmp_path / "a.jpg")
    with pytest.raises(Unreadable):
        image_files.verify(tmp_path / "a.jpg")


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own notes
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_a_file_cut_off_anywhere_is_refused_or_opened_but_never_a_bare_error(tmp_path, form):
    content = saved(color(), form)
    for length in range(10, len(content), max(1, len(content) // 20)):
        (tmp_path / "a").write_bytes(content[:length])
        try:
            assert open_image(tmp_path / "a").size == (WIDTH, HEIGHT)
        except DataError as error:
            assert "cannot be read" in str(error)


def test_places_that_are_no_files(tmp_path):
    with pytest.raises(DataError, match=r"a\.jpg cannot be read: not there. Check the name"):
        open_image(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="a folder, not a file"):
        open_image(tmp_path)
    with pytest.raises(ValueError, match="path is not a path"):
        open_image("a\0b")
    if hasattr(os, "mkfifo"):  # reading one would wait for ever
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(DataError, match="not an ordinary file"):
            open_image(tmp_path / "pipe.jpg")
    with pytest.raises(TypeError, match="path must be a path"):
        open_image(3)
    with pytest.raises(ValueError, match="path is empty"):
        open_image("")


@needs_links
def test_a_link_to_nothing(tmp_path):
    (tmp_path / "b.jpg").symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(DataError, match="a link to nothing"):
        open_image(tmp_path / "b.jpg")


@pytest.mark.parametrize("as_given", [str, os.fsencode, lambda path: path, lambda path: f"{path}"])
def test_paths_of_every_kind(tmp_path, as_given):
    place = tmp_path / "새 폴더 (1)" / "내 사진.jpg"
    place.parent.mkdir()
    color().save(place)
    assert open_image(as_given(place)).size == (WIDTH, HEIGHT)


# --- Which files are images --------------------------------------------------------------------------------


def test_files_are_sorted_into_candidates_side_files_and_what_systems_leave(tmp_path):
    candidates = ["a.jpg", "b.JFIF", "no ending", "more/c.png", "x.mov", "링크.png"]
    side_files = ["LICENSE.txt", "labels.json", "more/a.xml", "IMG_1.AAE"]
    left = ["._a.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", ".picasa.ini", "Picasa.ini", "Icon\r", ".hidden/d.jpg",
            ".ipynb_checkpoints/a-checkpoint.jpg", "__MACOSX/._a.jpg", "@eaDir/a.jpg", "lost+found/e.jpg",
            "more/.a.jpg.swp"]  # fmt: skip
    if os.name == "nt":
        left.remove("Icon\r")  # Windows has no such names
    for name in [*candidates, *side_files, *left]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"?")
    found = image_files.find(tmp_path)
    for names, paths in (
        (candidates, found.candidates),
        (side_files, found.side_files),
        (left, found.left_behind),
    ):
        assert sorted(path.relative_to(tmp_path).as_posix() for path in paths) == sorted(names)


@needs_links
def test_linked_folders_are_entered_once_and_circles_end(tmp_path):
    (tmp_path / "photos" / "cats").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jpg").write_bytes(b"?")
    (tmp_path / "photos" / "cats" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "cats" / "back").symlink_to(tmp_path / "photos")
    found = image_files.find(tmp_path / "photos")
    assert [path.name for path in found.candidates] == ["a.jpg"]
    assert len(found.linked_folders) == 2
