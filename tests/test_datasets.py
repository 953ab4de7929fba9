"""helpers.datasets: the shipped samples, the full sets from a folder, and what broken files are told."""

import io
import pickle
import sys
import types

import numpy as np
import pytest

from helpers import datasets
from helpers.datasets import DataError


def good_arrays(rng):
    labels = np.arange(40) % 10
    return {
        "x_train": rng.integers(0, 256, (40, 28, 28), np.uint8),
        "y_train": labels,
        "x_test": rng.integers(0, 256, (20, 28, 28), np.uint8),
        "y_test": labels[:20].astype(np.uint8),
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "sizes"), [("mnist", (3600, 400, 1000)), ("fashion_mnist", (5400, 600, 1000))]
)
def test_the_samples_are_balanced_uint8_and_split_without_overlap(name, sizes):
    data = datasets.load(name)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == sizes
    for images, labels in (
        (data.x_train, data.y_train),
        (data.x_val, data.y_val),
        (data.x_test, data.y_test),
    ):
        assert images.dtype == np.uint8 and images.shape[1:] == (28, 28) and labels.dtype == np.int64
        assert set(np.bincount(labels, minlength=10)) == {len(labels) // 10}
    parts = [{image.tobytes() for image in part} for part in (data.x_train, data.x_val, data.x_test)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert len(data.class_names) == 10 and data.licence and "sample" in data.source


def test_the_split_is_fixed_and_shuffled():
    first, second = datasets.load("mnist"), datasets.load("mnist")
    assert (first.x_train == second.x_train).all() and (first.y_val == second.y_val).all()
    assert (np.diff(first.y_train) < 0).any() and first.y_train[:50].std() > 1


def test_split_is_stratified_and_complete():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    rest, chosen = datasets.split(labels, count=10)
    assert sorted([*rest, *chosen]) == list(range(100))
    assert list(np.bincount(labels[chosen])) == [5, 3, 2]


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="choose one of mnist, fashion_mnist"):
        datasets.load("minst")
    with pytest.raises(ValueError, match='"quick", "full"'):
        datasets.load("mnist", profile="fast")
    with pytest.raises(ValueError, match="choose one of camera, chelsea"):
        datasets.photo("dog")


def test_photographs():
    assert datasets.photo("chelsea").shape == (300, 451, 3) and datasets.photo("camera").shape == (512, 512)
    assert datasets.photo("chelsea").dtype == np.uint8


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_full_from_a_folder(folder, name):
    arrays = good_arrays(np.random.default_rng(0))
    arrays["y_train"] = arrays["y_train"].reshape(-1, 1).astype(np.int32)  # CIFAR-10's way of storing labels
    arrays["x_train"] = arrays["x_train"][..., None]
    np.savez(folder / f"{name}.npz", **arrays)
    data = datasets.load(name, profile="full")
    assert data.x_train.shape == (36, 28, 28)
    assert data.y_train.ndim == 1 and "CNN_DATA_DIR" in data.source


def npz(**changes):
    def write(path, arrays):
        merged = {key: value for key, value in {**arrays, **changes}.items() if value is not None}
        np.savez(path, **merged)

    return write


def damaged(arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    content = buffer.getvalue()
    return content[:9000] + bytes(500) + content[9500:]


def raw(content):
    return lambda path, arrays: path.write_bytes(content(arrays))


def saved(arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


LABELS = np.arange(40) % 10
BROKEN = {
    "no file": (lambda path, arrays: None, "there is no file"),
    "a folder in its place": (lambda path, arrays: path.mkdir(), "no archive"),
    "empty": (raw(lambda arrays: b""), "no archive"),
    "truncated": (raw(lambda arrays: saved(arrays)[:-2000]), "half of one"),
    "its middle overwritten": (
        raw(lambda arrays: saved(arrays)[:9000] + bytes(500) + saved(arrays)[9500:]),
        "damaged data",
    ),
    "damaged and compressed": (raw(damaged), "damaged data"),
    "a web page": (raw(lambda arrays: b"<!doctype html><title>404</title>"), "no archive"),
    "a pickle": (raw(lambda arrays: pickle.dumps({"x": 1})), "no archive"),
    "a single .npy": (lambda path, arrays: np.save(path.open("wb"), arrays["x_train"]), "no archive"),
    "object arrays": (npz(x_train=np.array([{}, 1], dtype=object)), "plain arrays"),
    "a missing key": (npz(y_test=None), "the keys x_train, y_train, x_test"),
    "other keys": (lambda path, arrays: np.savez(path, images=arrays["x_train"]), "the keys images"),
    "float images": (npz(x_train=np.zeros((40, 28, 28))), "of type float64, but type uint8"),
    "colour for grey": (npz(x_train=np.zeros((40, 28, 28, 3), np.uint8)), r"shape \(40, 28, 28, 3\)"),
    "another size": (npz(x_test=np.zeros((20, 32, 32), np.uint8)), r"\(images, 28, 28\) was expected"),
    "flattened": (npz(x_test=np.zeros((20, 784), np.uint8)), r"shape \(20, 784\)"),
    "no images": (npz(x_test=np.zeros((0, 28, 28), np.uint8), y_test=LABELS[:0]), r"shape \(0, 28, 28\)"),
    "float labels": (npz(y_train=LABELS.astype(float)), "whole numbers was expected"),
    "one-hot labels": (npz(y_train=np.eye(10, dtype=int)[LABELS]), r"shape \(40, 10\)"),
    "too few labels": (npz(y_train=LABELS[:30]), "one label for each of the 40 images"),
    "labels from 1": (npz(y_train=LABELS + 1), "labels from 1 to 10"),
    "negative labels": (npz(y_train=LABELS - 1), "labels from -1 to 8"),
    "one class only": (npz(y_train=LABELS * 0), "only 1 different labels"),
    "swapped splits": (npz(x_train=np.zeros((20, 28, 28), np.uint8)), "one label for each of the 20 images"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_gets_a_message_that_helps(folder, fault):
    write, message = BROKEN[fault]
    path = folder / "mnist.npz"
    write(path, good_arrays(np.random.default_rng(0)))
    with pytest.raises(DataError, match=message) as error:
        datasets.load("mnist", profile="full")
    assert str(path) in str(error.value) and "CNN_DATA_DIR" in str(error.value)


def test_a_failed_download_names_the_ways_out(monkeypatch):
    def load_data():
        raise Exception("URL fetch failure on ...: None -- Connection refused")

    fake = types.SimpleNamespace(
        datasets=types.SimpleNamespace(mnist=types.SimpleNamespace(load_data=load_data))
    )
    monkeypatch.setitem(sys.modules, "keras", fake)
    monkeypatch.delenv("CNN_DATA_DIR", raising=False)
    with pytest.raises(DataError, match="Connection refused") as error:
        datasets.load("mnist", profile="full")
    for way_out in ("Connect to the network", "CNN_DATA_DIR", 'PROFILE = "quick"'):
        assert way_out in str(error.value)


def test_keras_own_loader_is_used_without_a_folder(monkeypatch):
    arrays = good_arrays(np.random.default_rng(1))
    pairs = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    module = types.SimpleNamespace(load_data=lambda: pairs)
    monkeypatch.setitem(
        sys.modules, "keras", types.SimpleNamespace(datasets=types.SimpleNamespace(mnist=module))
    )
    monkeypatch.delenv("CNN_DATA_DIR", raising=False)
    data = datasets.load("mnist", profile="full")
    assert (data.x_test == arrays["x_test"]).all() and "keras.datasets" in data.source
