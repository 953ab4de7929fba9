"""helpers.data.readers: what every kind of broken file is told, and that nothing in a file is run."""

import gzip
import io
import os
import pickle
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from helpers.data import datasets, readers
from helpers.data.specs import SPECS
from helpers.errors import DataError
from tests.data.files import LABELS, cifar_archive, good_arrays, idx, sample


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path


def npz(**changes):
    def write(path, arrays):
        merged = {key: value for key, value in {**arrays, **changes}.items() if value is not None}
        np.savez(path, **merged)

    return write


def saved(arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def damaged_and_compressed(arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    content = buffer.getvalue()
    return content[:9000] + bytes(500) + content[9500:]


def raw(content):
    return lambda path, arrays: path.write_bytes(content(arrays))


def zipped_text(path, arrays):
    with zipfile.ZipFile(path, "w") as archive:
        for key in arrays:
            archive.writestr(f"{key}.npy", "not an array")


def zipped_pictures(path, arrays):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train/airplane/0001.png", b"\x89PNG")


def lying_header(path, arrays):
    """An array that claims to be larger than any memory."""
    with zipfile.ZipFile(path, "w") as archive:
        for key in arrays:
            header = {"descr": "|u1", "fortran_order": False, "shape": (10**15, 28, 28)}
            buffer = io.BytesIO()
            np.lib.format.write_array_header_1_0(buffer, header)
            archive.writestr(f"{key}.npy", buffer.getvalue())


FAULTS = {
    "a folder in its place": (lambda path, arrays: path.mkdir(), "no archive"),
    "empty": (raw(lambda arrays: b""), "no archive"),
    "truncated": (raw(lambda arrays: saved(arrays)[:-2000]), "half of one"),
    "its middle overwritten": (
        raw(lambda arrays: saved(arrays)[:9000] + bytes(500) + saved(arrays)[9500:]),
        "damaged data",
    ),
    "damaged and compressed": (raw(damaged_and_compressed), "damaged data"),
    "a web page": (raw(lambda arrays: b"<!doctype html><title>404</title>"), "no archive"),
    "a pickle": (raw(lambda arrays: pickle.dumps({"x": 1})), "no archive"),
    "a single .npy": (lambda path, arrays: np.save(path.open("wb"), arrays["x_train"]), "no archive"),
    "texts in the archive": (zipped_text, "something other than plain arrays"),
    "pictures in the archive": (zipped_pictures, "the keys train/airplane/0001.png, but"),
    "a size that cannot be": (lying_header, "more than fits|damaged data|something other"),
    "object arrays": (npz(x_train=np.array([{}, 1], dtype=object)), "plain arrays"),
    "a missing key": (npz(y_test=None), "the keys x_train, y_train, x_test"),
    "other keys": (lambda path, arrays: np.savez(path, images=arrays["x_train"]), "the keys images"),
    "float images": (npz(x_train=np.zeros((40, 28, 28))), "of type float64, but type uint8"),
    "NaN": (npz(x_train=np.full((40, 28, 28), np.nan, np.float32)), "of type float32 with NaN in it, but"),
    "int images": (npz(x_test=np.zeros((20, 28, 28), int)), "x_test of type int64, but type uint8"),
    "text": (npz(x_train=np.array(["a"] * 40)), "x_train of type <U1"),
    "color for gray": (npz(x_train=np.zeros((40, 28, 28, 3), np.uint8)), r"shape \(40, 28, 28, 3\)"),
    "another size": (npz(x_test=np.zeros((20, 32, 32), np.uint8)), r"\(images, 28, 28\) was expected"),
    "flattened": (npz(x_test=np.zeros((20, 784), np.uint8)), r"shape \(20, 784\)"),
    "a single image": (npz(x_train=np.zeros((28, 28), np.uint8)), r"shape \(28, 28\)"),
    "no dimension": (npz(x_train=np.uint8(3)), r"x_train of shape \(\)"),
    "no images": (npz(x_test=np.zeros((0, 28, 28), np.uint8), y_test=LABELS[:0]), r"shape \(0, 28, 28\)"),
    "float labels": (npz(y_train=LABELS.astype(float)), "whole numbers was expected"),
    "names for labels": (npz(y_train=np.array(["cat"] * 40)), "y_train of type <U3, but whole numbers"),
    "one-hot labels": (npz(y_train=np.eye(10, dtype=int)[LABELS]), r"shape \(40, 10\)"),
    "too few labels": (npz(y_train=LABELS[:30]), "one label for each of the 40 images"),
    "labels from 1": (npz(y_train=LABELS + 1), "labels from 1 to 10"),
    "negative labels": (npz(y_train=LABELS - 1), "labels from -1 to 8"),
    "one class only": (npz(y_train=LABELS * 0), "only 1 different labels"),
    "images of the other part": (npz(x_train=np.zeros((20, 28, 28), np.uint8)), "each of the 20 images"),
    "images and labels swapped": (
        npz(x_train=LABELS, y_train=np.zeros((40, 28, 28), np.uint8)),
        "x_train of type int64, but type uint8",
    ),
    "the same image again and again": (
        npz(x_train=np.zeros((100, 28, 28), np.uint8), y_train=np.arange(100) % 10),
        "the same image 100 times in x_train",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_npz_gets_a_message_that_helps(folder, fault):
    write, message = FAULTS[fault]
    path = folder / "mnist.npz"
    write(path, good_arrays())
    with pytest.raises(DataError, match=message) as error:
        datasets.load("mnist", profile="full")
    assert str(path) in str(error.value) and "Replace the file" in str(error.value)


COLOR_FAULTS = {
    "gray for color": (
        npz(x_train=np.zeros((40, 32, 32), np.uint8)),
        r"\(40, 32, 32\) \(gray images\), but",
    ),
    "channels first": (npz(x_train=np.zeros((40, 3, 32, 32), np.uint8)), r"\(channels first\), but shape"),
    "an alpha channel": (
        npz(x_test=np.zeros((20, 32, 32, 4), np.uint8)),
        r"\(images, 32, 32, 3\) was expected",
    ),
    "digits": (npz(x_test=np.zeros((20, 28, 28), np.uint8)), r"\(20, 28, 28\)"),
}


@pytest.mark.parametrize("fault", COLOR_FAULTS)
def test_a_broken_color_npz(folder, fault):
    write, message = COLOR_FAULTS[fault]
    write(folder / "cifar10.npz", good_arrays(shape=(32, 32, 3)))
    with pytest.raises(DataError, match=message):
        datasets.load("cifar10", profile="full")


def blobs(count, seed=0, shape=(28, 28)):
    """Images whose class shows in their mean: class c is bright in row 2c."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    images = rng.integers(0, 100, (count, *shape), np.uint8)
    images[np.arange(count), labels * 2] += 100
    return images, labels


PAIRING = {
    "training labels shuffled": lambda a: a | {"y_train": np.random.default_rng(1).permutation(a["y_train"])},
    "test labels shuffled": lambda a: a | {"y_test": np.random.default_rng(1).permutation(a["y_test"])},
    "classes in another order in one part": lambda a: a | {"y_test": (a["y_test"] + 1) % 10},
}


@pytest.mark.parametrize("fault", PAIRING)
def test_labels_that_do_not_belong_to_their_images(folder, fault):
    arrays = dict(zip(readers.KEYS, (*blobs(2000), *blobs(1000, seed=1)), strict=True))
    color = {
        key: np.repeat(value[..., None], 3, axis=-1) if key[0] == "x" else value
        for key, value in arrays.items()
    }
    color = {k: np.pad(v, [(0, 0), (2, 2), (2, 2), (0, 0)]) if k[0] == "x" else v for k, v in color.items()}
    np.savez(folder / "cifar10.npz", **color)
    datasets.load("cifar10", profile="full")
    np.savez(folder / "cifar10.npz", **PAIRING[fault](color))
    with pytest.raises(DataError, match=r"labels that fit the test images no better than chance"):
        datasets.load("cifar10", profile="full")


@pytest.mark.parametrize("fault", ["another data set", "classes in another order"])
def test_the_shipped_sample_recognizes_a_stranger(folder, fault):
    name = "fashion_mnist" if fault == "another data set" else "mnist"
    arrays = dict(sample(name))
    if fault == "classes in another order":
        arrays |= {"y_train": (arrays["y_train"] + 3) % 10, "y_test": (arrays["y_test"] + 3) % 10}
    np.savez(folder / "mnist.npz", **arrays)
    with pytest.raises(DataError, match="labels that fit the images of mnist no better than chance"):
        datasets.load("mnist", profile="full")


TURNED = {
    "EMNIST's files": (lambda x: x.swapaxes(1, 2), r"transposed.*EMNIST.*Save images.transpose\(0, 2, 1\)"),
    "dark on bright": (lambda x: 255 - x, "inverted, dark on bright.*Save 255 - images"),
    "both": (lambda x: 255 - x.swapaxes(1, 2), "transposed and inverted"),
    "mirrored": (lambda x: x[:, :, ::-1], "mirrored"),
    "upside down": (lambda x: x[:, ::-1], "upside down"),
    "lying": (lambda x: np.rot90(x, 1, axes=(1, 2)), "turned by 90 degrees.*, -1, "),
    "0 and 1": (lambda x: (x > 127).astype(np.uint8), "pixels from 0 to 1 in x_t.*Multiply them by 255"),
    "0 to 16": (lambda x: x // 16, "pixels from 0 to 15 in x_t.*Multiply them by 17"),
}


@pytest.mark.parametrize("fault", TURNED)
def test_images_that_are_turned_or_inverted_are_not_blamed_on_the_labels(folder, fault):
    """Digits and clothes, in both parts or in one; only clothes look nearly the same in a mirror."""
    change, message = TURNED[fault]
    for name in ("mnist", "fashion_mnist") if fault != "mirrored" else ("mnist",):
        arrays, spec = sample(name), SPECS[name]
        for part in ("train", "test"):
            turned = arrays | {f"x_{part}": change(arrays[f"x_{part}"])}
            with pytest.raises(DataError, match=message) as error:
                readers.check_arrays(turned, spec, folder)
                known = arrays["x_train"], arrays["y_train"]
                readers.check_pairing(known, turned[f"x_{part}"], turned[f"y_{part}"], folder, part, "them")
            assert "label" not in str(error.value) and f"x_{part}" in str(error.value)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_turned_part_is_found_when_the_set_is_loaded(folder, part):
    arrays = sample("mnist")
    np.savez(folder / "mnist.npz", **arrays | {f"x_{part}": arrays[f"x_{part}"].swapaxes(1, 2)})
    with pytest.raises(DataError, match=f"images in x_{part} that are transposed"):
        datasets.load("mnist", profile="full")


# IDX files


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_idx_is_read_gzipped_or_not_whatever_the_name(tmp_path, pack):
    array = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    (tmp_path / "a.gz").write_bytes(pack(idx(array)))
    assert (readers.read_idx(tmp_path / "a.gz") == array).all()


GOOD_IDX = idx(np.arange(60, dtype=np.uint8).reshape(3, 4, 5))
IDX_FAULTS = {
    "cut off": (gzip.compress(GOOD_IDX)[:-12], "damaged data"),
    "overwritten": (gzip.compress(GOOD_IDX)[:30] + bytes(20) + gzip.compress(GOOD_IDX)[50:], "damaged data"),
    "empty": (b"", "0 bytes of something else"),
    "a text": (gzip.compress(b"hello, world"), "12 bytes of something else"),
    "32-bit numbers": (gzip.compress(b"\0\0\x0d" + GOOD_IDX[3:]), "something else"),
    "one row short": (gzip.compress(GOOD_IDX[:-5]), "71 bytes of something else"),
    "dimensions missing": (gzip.compress(GOOD_IDX[:6]), "6 bytes of something else"),
}


@pytest.mark.parametrize("fault", IDX_FAULTS)
def test_a_broken_idx_file(tmp_path, fault):
    content, message = IDX_FAULTS[fault]
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(DataError, match=message):
        readers.read_idx(tmp_path / "a.gz")


# CIFAR-10's batches


def test_cifar10_is_read_from_the_archive_and_from_its_folder(tmp_path):
    kept = cifar_archive(tmp_path / "archive")
    with tarfile.open(tmp_path / "archive") as archive:
        archive.extractall(tmp_path, filter="data")
    for place in ("archive", "cifar-10-batches-py"):
        arrays = readers.read_cifar10(tmp_path / place)
        assert (arrays["x_train"] == np.concatenate([images for images, _ in kept[:5]])).all()
        assert (arrays["x_test"] == kept[5][0]).all() and (arrays["y_test"] == kept[5][1]).all()
        readers.check_arrays(arrays, SPECS["cifar10"], tmp_path)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("was-run",)


CIFAR_FAULTS = {
    "a batch missing": ({"skip": ("data_batch_3",)}, "no data_batch_3"),
    "a length that cannot be": (
        {"change": lambda *_: b"\x80\x04\x8d" + b"\xff" * 8},
        "a batch of another kind",
    ),
    "a class that would be run": ({"change": lambda *_: pickle.dumps(Evil())}, "asks for (posix|nt).mkdir"),
    "a batch without labels": ({"change": lambda *_: pickle.dumps({b"data": 1})}, "a batch of another kind"),
    "no dictionary": ({"change": lambda *_: pickle.dumps([1, 2])}, "a batch of another kind"),
    "gray images": (
        {
            "change": lambda *_: pickle.dumps(
                {b"data": np.zeros((20, 1024), np.uint8), b"labels": [0] * 20}, 2
            )
        },
        "a batch of another kind|different labels|one label",
    ),
    "half a batch": (
        {"change": lambda _, content: content[: len(content) // 2]},
        "a batch of another kind|damaged",
    ),
    "texts": ({"change": lambda *_: b"hello"}, "a batch of another kind|damaged"),
}


@pytest.mark.parametrize("fault", CIFAR_FAULTS)
def test_broken_batches(tmp_path, monkeypatch, fault):
    monkeypatch.chdir(tmp_path)
    options, message = CIFAR_FAULTS[fault]
    cifar_archive(tmp_path / "archive", **options)
    with pytest.raises(DataError, match=message):
        arrays = readers.read_cifar10(tmp_path / "archive")
        readers.check_arrays(arrays, replace(SPECS["cifar10"]), tmp_path / "archive")
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("content", [b"", b"<html>", "half"])
def test_a_broken_archive(tmp_path, content):
    path = tmp_path / "archive"
    cifar_archive(path)
    path.write_bytes(path.read_bytes()[:-5000] if content == "half" else content)
    with pytest.raises(DataError, match="damaged data|no data_batch_1"):
        readers.read_cifar10(path)
