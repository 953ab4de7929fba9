"""helpers.data.image_folders: what is written, what is never overwritten, and what broken folders are told."""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data import image_files, image_folders
from helpers.errors import DataError

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (6, 20, 30, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 0])
NAMES = ("ant", "bee", "cow")


def picture(form="PNG", size=(30, 20), mode="RGB"):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    else:
        image = Image.fromarray(pixels).convert(mode)
    more = {"save_all": True, "append_images": [image.rotate(180)]} if form == "MPO" else {}
    image.save(buffer, form, **more)
    return buffer.getvalue()


def good(folder, *kinds):
    for kind in kinds or ("cats", "dogs"):
        (folder / kind).mkdir(parents=True)
        for number in range(3):
            (folder / kind / f"{number}.jpg").write_bytes(picture("JPEG"))
    return folder


def test_the_process_keeps_its_settings(tmp_path):
    """Pillow's limit and the filters of warnings belong to the whole process."""
    folder, before = good(tmp_path), (list(warnings.filters), Image.MAX_IMAGE_PIXELS)
    for _ in range(5):  # the checking threads raced here once
        image_folders.check(folder)
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS) == before


def test_write_and_check(tmp_path):
    parts = {"train": (PICTURES, LABELS), "test": (PICTURES[:3, ..., 0], LABELS[:3])}
    folder = image_folders.write(tmp_path / "made", parts, NAMES)
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*.png")) == [
        "test/ant/0001.png", "test/bee/0001.png", "test/cow/0001.png",
        "train/ant/0001.png", "train/ant/0002.png", "train/ant/0003.png",
        "train/bee/0001.png", "train/bee/0002.png", "train/cow/0001.png",
    ]  # fmt: skip
    assert (np.asarray(Image.open(folder / "train" / "ant" / "0003.png")) == PICTURES[5]).all()
    found = image_folders.check(folder / "train", source="drawn", license="MIT")
    assert found.class_names == NAMES and found.counts == (3, 2, 1)
    assert str(found) == "train: 6 image files (ant 3, bee 2, cow 1); drawn; MIT"


def test_written_again_it_is_replaced_and_other_files_are_never_touched(tmp_path):
    folder = image_folders.write(tmp_path / "made", {"train": (PICTURES, LABELS)}, NAMES)
    image_folders.write(folder, {"train": (PICTURES[:2], LABELS[:2])}, NAMES)
    assert len(list(folder.rglob("*.png"))) == 2
    (folder / "train" / "ant" / "my cat.png").write_bytes(b"precious")
    with pytest.raises(
        DataError, match=r"added or changed \(train/ant/my cat.png\), and nothing there is overwritten"
    ):
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
    with pytest.raises(DataError, match="made cannot be written .No space left"):
        image_folders.write(folder, {"train": (PICTURES, LABELS)}, NAMES)
    assert len(list(folder.rglob("*.png"))) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize("names", [("Cat", "cat"), ("caf\u00e9", "cafe\u0301")])
def test_classes_that_some_disks_do_not_tell_apart(tmp_path, names):
    with pytest.raises(ValueError, match="would be the same folder on many disks"):
        image_folders.write(tmp_path / "made", {"train": (PICTURES, LABELS // 2)}, names)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "images", [PICTURES / 255, PICTURES[0, 0, 0], PICTURES[..., :1], PICTURES[..., [0, 1, 2, 0]]]
)
def test_unfit_arrays(tmp_path, images):
    with pytest.raises(ValueError, match="must be uint8 images"):
        image_folders.write(tmp_path / "made", {"train": (images, LABELS)}, NAMES)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("labels", [LABELS[:5], LABELS - 1, LABELS + 1, LABELS / 2, LABELS[:, None], "cat"])
def test_unfit_labels(tmp_path, labels):
    """A label of -1 would be the last class without a word."""
    with pytest.raises(ValueError, match="must have 6 labels, whole numbers from 0 to 2"):
        image_folders.write(tmp_path / "made", {"train": (PICTURES, labels)}, NAMES)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name", ["..", "../out", ".", "", "/tmp/out", "T-shirt/top", "a\\b", "C:", "a ", "a.", "a\nb", ".a"]
)
def test_names_that_would_be_another_place(tmp_path, name):
    """With "..", images would be written beside the folder."""
    for part, names in (("train", (name, "b", "c")), (name, NAMES)):
        with pytest.raises(ValueError, match="cannot be the name of a folder on every system"):
            image_folders.write(tmp_path / "a" / "made", {part: (PICTURES, LABELS)}, names)
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_copied(tmp_path):
    for path, name, error, message in (
        (tmp_path / "gone.jpg", "cat", DataError, "gone.jpg is not there"),
        (tmp_path, "cat", DataError, "is not a file"),
        (Path(__file__), "zebra", ValueError, "'zebra' is not one of the classes cat, dog"),
    ):
        with pytest.raises(error, match=message):
            image_folders.copy(tmp_path / "made", {"train": [(path, name)]}, ("cat", "dog"))
    assert list(tmp_path.iterdir()) == []


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


def links_in_a_class(folder):
    if os.name == "nt":
        pytest.skip("making links needs special rights on Windows")
    (folder.parent / "elsewhere").mkdir()
    (folder / "cats" / "more").symlink_to(folder.parent / "elsewhere")


def parts(*names):
    def break_it(folder):
        removed(folder)
        for name in names:
            good(folder / name)

    return break_it


def wrapped(folder):
    removed(folder)
    good(folder / "my photos")


def twice_composed(folder):
    removed(folder)
    good(folder, "caf\u00e9", "cafe\u0301")


def bmp(bits, compression=0):
    """A BMP of a kind that Pillow reads and TensorFlow does not."""
    header = b"BM" + struct.pack("<IHHI", 54 + 8, 0, 0, 54)
    return header + struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, bits, compression, 8, 0, 0, 0, 0) + bytes(8)


JPEG, PNG = picture("JPEG", (200, 150)), picture("PNG", (200, 150))
GOT_WRONG = "a BMP of a kind that TensorFlow gets wrong: save it as PNG or JPEG"
FAULTS = {
    "no folder": (
        lambda folder: folder.rename(folder.with_name("elsewhere")),
        "is not there. Name the folder",
    ),
    "an empty folder": (removed, "holds nothing that can be used"),
    "images without class folders": (flat, "4 images but no folders. Put the images of each class"),
    "the folder above train and test": (
        parts("train", "test"),
        "holds test/ and train/, .*Name one of these",
    ),
    "in capitals, and a third": (
        parts("Train", "Test", "models"),
        "holds Test/ and Train/, .*Name one of these",
    ),
    "other names of parts": (
        parts("seg_train", "seg_test"),
        "holds seg_test/ and seg_train/, .*Name one of these",
    ),
    "names of parts with years": (parts("train2017", "val2017"), "train2017/ and val2017/"),
    "parts called sets": (parts("training_set", "Testing set"), "Testing set/ and training_set/"),
    "parts in Korean": (parts("학습", "테스트"), "which are parts of a data set and not classes"),
    "one part alone": (parts("train"), "holds train/, .*Name one of these.*photos/train"),
    "one folder around all": (
        wrapped,
        "only one class, my photos.*did you mean .*my photos, which holds 2 folders",
    ),
    "a name composed twice": (twice_composed, "two folders of the name caf\u00e9"),
    "a single class": (alone, "only one class, cats. A classifier needs at least two"),
    "a class without images": (emptied, "no images for dogs. Add some"),
    "a text named .png": (
        put("a.png", b"hello, I am no picture"),
        "cats/a.png: not an image .*begins with 'hello, I am",
    ),
    "a web page named .jpg": (
        put("a.jpg", b"<!doctype html>"),
        "not an image .*begins with '<!doctype html>'",
    ),
    "an empty file": (put("a.png", b""), "cats/a.png: empty"),
    "a truncated JPEG": (put("a.jpg", JPEG[: len(JPEG) // 2]), "cats/a.jpg: damaged .*truncated"),
    "a truncated PNG": (put("a.png", PNG[: len(PNG) // 2]), "cats/a.png: damaged"),
    "a PNG with a broken middle": (put("a.png", overwritten(PNG)), "cats/a.png: damaged"),
    "only a JPEG's first bytes": (put("a.jpg", JPEG[:20]), "cats/a.jpg: (not an image|damaged)"),
    "a WebP named .jpg": (put("a.jpg", picture("WEBP")), "WEBP inside, whatever its name says"),
    "a TIFF": (put("a.tif", picture("TIFF")), ".tif is not a format that TensorFlow reads"),
    "a photograph from a telephone": (put("IMG_1.HEIC", b"....ftypheic"), ".heic is not a format"),
    "a PDF": (put("a.pdf", b"%PDF-1.4"), ".pdf is not a format"),
    "a file without ending": (put("README", b"see"), "README: a name without ending is not a format"),
    "an image without ending": (
        put("IMG_1", JPEG),
        "JPEG inside, but Keras passes over .*rename it to IMG_1.jpg",
    ),
    "a .jfif": (put("a.jfif", JPEG), "JPEG inside, but Keras passes over .jfif: rename it to a.jpg"),
    "a bomb": (put("a.png", huge_png()), "cats/a.png: far too large"),
    "a broken file deeper down": (put("more/a.png", b"oh"), "more/a.png: not an image"),
    "a BMP with a palette": (put("a.bmp", picture("BMP", mode="P")), f"cats/a.bmp: {GOT_WRONG}"),
    "a BMP in black and white": (put("a.bmp", picture("BMP", mode="1")), f"cats/a.bmp: {GOT_WRONG}"),
    "a BMP of 16 bits": (put("a.bmp", bmp(16)), f"cats/a.bmp: {GOT_WRONG}"),
    "a BMP that is called .jpg": (put("a.jpg", picture("BMP", mode="P")), f"cats/a.jpg: {GOT_WRONG}"),
    "a link to a folder": (links_in_a_class, "cats/more: a link to a folder, which Keras does not follow"),
    "a Mac's ._ file": (
        put("._0.jpg", b"\0\5\x16\7"),
        r"that are not photos.*\n  cats/._0.jpg\nRemove exactly these",
    ),
    "a hidden image": (put(".a.png", PNG), r"\n  cats/.a.png\nRemove exactly these"),
    "a notebook's copies": (
        put(".ipynb_checkpoints/0-checkpoint.jpg", JPEG),
        r"\n  cats/.ipynb_checkpoints/0-checkpoint.jpg\nRemove exactly these",
    ),
    "a Mac's archive": (put("../__MACOSX/cats/._0.jpg", b"\0"), r"\n  __MACOSX\nRemove exactly these"),
    "a network drive": (put("../@eaDir/a.jpg", b"\0"), r"\n  @eaDir\nRemove exactly these"),
    "a disk's own folder": (lambda folder: (folder / "lost+found").mkdir(), r"\n  lost\+found\nRemove"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_folder_gets_a_message_that_helps(tmp_path, fault):
    folder = good(tmp_path / "photos")
    break_it, message = FAULTS[fault]
    break_it(folder)
    with pytest.raises(DataError, match=f"(?s){message}") as error:
        image_folders.check(folder)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize(
    "names", [("train", "bus", "car"), ("steam train", "electric train"), ("devil", "contest")]
)
def test_classes_that_sound_like_parts_are_classes(tmp_path, names):
    assert image_folders.check(good(tmp_path, *names)).class_names == tuple(sorted(names))


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
    assert str(error.value).count("not an image") == 5 and "and 7 more" in str(error.value)
    assert "Remove them, or save them again as JPEG or PNG" in str(error.value)


HARMLESS = {
    "cats": (
        "notes.txt",
        "labels.json",
        "a.xml",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "Icon\r",
        ".picasa.ini",
    ),
    ".": ("LICENSE.txt", ".DS_Store", ".cache/a.jpg", "beside.jpg"),
}


def test_what_keras_does_not_look_at_is_passed_over_and_notes_are_named(tmp_path):
    folder = good(tmp_path / "photos")
    for place, names in HARMLESS.items():
        for name in names:
            (folder / place / name).parent.mkdir(exist_ok=True)
            (folder / place / name).write_bytes(b"\0")
    found = image_folders.check(folder)
    assert found.counts == (3, 3) and str(found).endswith("; passed over: a.xml, labels.json, notes.txt")
    assert all((folder / place / name).exists() for place, names in HARMLESS.items() for name in names)


def test_keras_trains_on_what_the_check_lets_through_and_sees_the_same_colors(tmp_path):
    """Every format and mode, by TensorFlow's own decoder."""
    import keras

    folder = good(tmp_path / "photos")
    pictures = [("PNG", mode, f"{mode}.png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    pictures += [("JPEG", mode, f"{mode}.jpg") for mode in ("L", "RGB", "CMYK", "YCbCr")]
    pictures += [("GIF", mode, f"{mode}.GIF") for mode in ("1", "L", "P")]
    pictures += [("BMP", mode, f"{mode}.bmp") for mode in ("L", "RGB", "RGBA")]
    pictures += [
        ("MPO", "RGB", "phone.jpeg"),
        ("JPEG", "RGB", "really a jpeg.png"),
        ("BMP", "RGB", "a bmp.jpg"),
    ]
    for form, mode, name in pictures:
        (folder / "cats" / name).write_bytes(picture(form, mode=mode))
    if os.name == "nt":  # where making links needs special rights
        good(folder, "birds")
    else:
        (folder / "birds").symlink_to(good(tmp_path / "elsewhere") / "dogs")
    found = image_folders.check(folder)
    assert found.class_names == ("birds", "cats", "dogs") and found.counts == (3, 3 + len(pictures), 3)
    read = keras.utils.image_dataset_from_directory(
        folder, image_size=(20, 30), shuffle=False, verbose=False, batch_size=100
    )
    ((images, labels),) = [(images.numpy(), labels.numpy()) for images, labels in read]
    assert tuple(np.bincount(labels)) == found.counts and tuple(read.class_names) == found.class_names
    for path, image in zip(read.file_paths, images, strict=True):
        seen = np.asarray(image_files.open_image(path)).astype(int)
        transparent = {"LA.png", "RGBA.png"} & {image_folders.Path(path).name}
        assert transparent or np.abs(seen - image).mean() < 1.5, path


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path, monkeypatch):
    good(tmp_path / "photos")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert image_folders.check(os.path.join("~", "photos")).counts == (3, 3)  # noqa: PTH118
