"""helpers.data.image_folders: what is written, what is never overwritten, and what broken folders are told."""

import io
import os
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from helpers.data import image_folders
from helpers.errors import DataError

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (6, 20, 30, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 0])
NAMES = ("ant", "bee", "cow")


def picture(form="PNG", size=(30, 20), mode="RGB"):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(buffer, form)
    return buffer.getvalue()


def good(folder, *kinds):
    for kind in kinds or ("cats", "dogs"):
        (folder / kind).mkdir(parents=True)
        for number in range(3):
            (folder / kind / f"{number}.jpg").write_bytes(picture("JPEG"))
    return folder


def test_the_process_keeps_its_warning_filters(tmp_path):
    """They belong to the whole process: a check that leaves its own behind turns warnings into errors elsewhere."""
    folder, before = good(tmp_path), list(warnings.filters)
    for _ in range(5):  # the checking threads raced here once
        image_folders.check(folder)
    assert list(warnings.filters) == before


def test_write_and_check(tmp_path):
    parts = {"train": (PICTURES, LABELS), "test": (PICTURES[:3, ..., 0], LABELS[:3])}
    folder = image_folders.write(tmp_path / "made", parts, NAMES)
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*.png")) == [
        "test/ant/0001.png", "test/bee/0001.png", "test/cow/0001.png",
        "train/ant/0001.png", "train/ant/0002.png", "train/ant/0003.png",
        "train/bee/0001.png", "train/bee/0002.png", "train/cow/0001.png",
    ]  # fmt: skip
    assert (np.asarray(Image.open(folder / "train" / "ant" / "0003.png")) == PICTURES[5]).all()
    found = image_folders.check(folder / "train", source="drawn", licence="MIT")
    assert found.class_names == NAMES and found.counts == (3, 2, 1)
    assert str(found) == "train: 6 image files (ant 3, bee 2, cow 1); drawn; MIT"


def test_written_again_it_is_replaced_and_other_files_are_never_touched(tmp_path):
    folder = image_folders.write(tmp_path / "made", {"train": (PICTURES, LABELS)}, NAMES)
    image_folders.write(folder, {"train": (PICTURES[:2], LABELS[:2])}, NAMES)
    assert len(list(folder.rglob("*.png"))) == 2
    (folder / "train" / "ant" / "my cat.png").write_bytes(b"precious")
    with pytest.raises(DataError, match="holds other files, and nothing there is overwritten"):
        image_folders.write(folder, {"train": (PICTURES, LABELS)}, NAMES)
    assert (folder / "train" / "ant" / "my cat.png").read_bytes() == b"precious"
    assert len(list(folder.rglob("*.png"))) == 3


@pytest.mark.parametrize("kept", ["0001.png", "notes.txt", "a/b/c/0001.png"])
def test_a_folder_of_someone_elses(tmp_path, kept):
    path = tmp_path / "mine" / kept
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(DataError, match="Choose another folder"):
        image_folders.write(tmp_path / "mine", {"train": (PICTURES, LABELS)}, NAMES)
    with pytest.raises(DataError, match="Choose another folder"):
        image_folders.write(path, {"train": (PICTURES, LABELS)}, NAMES)
    assert path.read_text() == "mine"


def test_a_write_that_fails_leaves_the_old_folder_whole(tmp_path, monkeypatch):
    folder = image_folders.write(tmp_path / "made", {"train": (PICTURES, LABELS)}, NAMES)

    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space"):
        image_folders.write(folder, {"train": (PICTURES, LABELS)}, NAMES)
    assert len(list(folder.rglob("*.png"))) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize("images", [PICTURES / 255, PICTURES[:5], PICTURES[0, 0, 0]])
def test_unfit_arrays(tmp_path, images):
    with pytest.raises(ValueError, match="must be uint8 images"):
        image_folders.write(tmp_path / "made", {"train": (images, LABELS)}, NAMES)
    assert not (tmp_path / "made").exists()


def put(name, content):
    def break_it(folder):
        (folder / "cats" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "cats" / name).write_bytes(content)

    return break_it


def emptied(folder):
    for path in (folder / "dogs").iterdir():
        path.unlink()


def removed(folder):
    for path in folder.rglob("*.jpg"):
        path.unlink()
    for path in folder.iterdir():
        path.rmdir()


def flat(folder):
    removed(folder)
    for number in range(4):
        (folder / f"{number}.png").write_bytes(picture())


def nested(folder):
    removed(folder)
    good(folder / "train")
    good(folder / "test")


def alone(folder):
    emptied(folder)
    (folder / "dogs").rmdir()


def huge_png():
    """A PNG whose header claims 100,000 × 100,000 pixels."""
    content = bytearray(picture())
    content[16:24] = (100_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


def overwritten(content):
    return content[: len(content) // 3] + bytes(range(256)) + content[len(content) // 3 + 256 :]


JPEG, PNG = picture("JPEG", (200, 150)), picture("PNG", (200, 150))
FAULTS = {
    "no folder": (
        lambda folder: folder.rename(folder.with_name("elsewhere")),
        "is not there. Name the folder",
    ),
    "an empty folder": (removed, "holds nothing that can be used"),
    "images without class folders": (flat, "4 images but no folders. Put the images of each class"),
    "the folder above train and test": (nested, "holds test/ and train/. Name one of these"),
    "a single class": (alone, "only one class, cats. A classifier needs at least two"),
    "a class without images": (emptied, "no images for dogs. Add some"),
    "a text named .png": (
        put("a.png", b"hello, I am no picture"),
        "cats/a.png: no image .it begins with 'hello, I am",
    ),
    "a web page named .jpg": (put("a.jpg", b"<!doctype html>"), "no image .it begins with '<!doctype html>'"),
    "an empty file": (put("a.png", b""), "cats/a.png: empty"),
    "a truncated JPEG": (put("a.jpg", JPEG[: len(JPEG) // 2]), "cats/a.jpg: damaged .*truncated"),
    "a truncated PNG": (put("a.png", PNG[: len(PNG) // 2]), "cats/a.png: damaged"),
    "a PNG with a broken middle": (put("a.png", overwritten(PNG)), "cats/a.png: damaged"),
    "only a JPEG's first bytes": (put("a.jpg", JPEG[:20]), "cats/a.jpg: (no image|damaged)"),
    "a WebP named .jpg": (put("a.jpg", picture("WEBP")), "WEBP inside, whatever its name says"),
    "a TIFF": (put("a.tif", picture("TIFF")), ".tif is no format that TensorFlow reads"),
    "a photograph from a telephone": (put("IMG_1.HEIC", b"....ftypheic"), ".HEIC is no format"),
    "a PDF": (put("a.pdf", b"%PDF-1.4"), ".pdf is no format"),
    "a file without ending": (put("README", b"see"), "README: a name without ending is no format"),
    "a bomb": (put("a.png", huge_png()), "cats/a.png: far too large"),
    "a broken file deeper down": (put("more/a.png", b"oh"), "more/a.png: no image"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_folder_gets_a_message_that_helps(tmp_path, fault):
    folder = good(tmp_path / "photos")
    break_it, message = FAULTS[fault]
    break_it(folder)
    with pytest.raises(DataError, match=message) as error:
        image_folders.check(folder)
    assert str(folder) in str(error.value)


def test_a_file_for_a_folder(tmp_path):
    (tmp_path / "photos.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="a file, not a folder"):
        image_folders.check(tmp_path / "photos.zip")


def test_many_broken_files_are_counted_and_five_named(tmp_path):
    folder = good(tmp_path / "photos")
    for number in range(12):
        put(f"bad{number:02d}.png", b"oh")(folder)
    with pytest.raises(DataError, match="12 of the 18 files") as error:
        image_folders.check(folder)
    assert str(error.value).count("no image") == 5 and "and 7 more" in str(error.value)
    assert "Remove them, or save them again as JPEG or PNG" in str(error.value)


def test_what_does_no_harm_is_passed_over(tmp_path):
    folder = good(tmp_path / "photos")
    (folder / "LICENSE.txt").write_text("CC BY")
    (folder / ".cache").mkdir()
    (folder / "cats" / ".DS_Store").write_bytes(b"\0")
    for number, (form, mode, name) in enumerate(
        [("PNG", "L", "grey.png"), ("PNG", "RGBA", "alpha.PNG"), ("PNG", "P", "palette.png"), ("GIF", "P", "a.gif"),
         ("BMP", "RGB", "a.bmp"), ("JPEG", "CMYK", "print.jpeg"), ("JPEG", "RGB", "really a jpeg.png")]
    ):  # fmt: skip
        (folder / "cats" / name).write_bytes(picture(form, mode=mode))
        assert image_folders.check(folder).counts == (4 + number, 3)


def test_keras_opens_what_the_check_lets_through(tmp_path):
    """The formats above, by TensorFlow's own decoder: our list of formats is its list."""
    import keras

    folder = good(tmp_path / "photos")
    pictures = [("PNG", "L", "g.png"), ("GIF", "P", "a.gif"), ("BMP", "RGB", "a.bmp")]
    pictures += [("JPEG", "CMYK", "p.jpeg"), ("JPEG", "RGB", "j.png"), ("PNG", "RGBA", "a.PNG")]
    for form, mode, name in pictures:
        (folder / "cats" / name).write_bytes(picture(form, mode=mode))
    counts = image_folders.check(folder).counts
    dataset = keras.utils.image_dataset_from_directory(folder, image_size=(20, 30), verbose=False)
    assert sum(len(images) for images, _ in dataset) == sum(counts) == 12


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path, monkeypatch):
    good(tmp_path / "photos")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert image_folders.check(os.path.join("~", "photos")).counts == (3, 3)  # noqa: PTH118
