"""helpers.data.locate: CNN_DATA_DIR, then Keras' cache, then the network; and how much memory CIFAR-10 takes."""

import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data import datasets, download, locate, specs
from helpers.errors import DataError
from tests.data.files import Server, batch, cifar_archive, good_arrays, idx

ROOT = Path(__file__).parents[2]


@pytest.fixture
def places(tmp_path, monkeypatch):
    """(a folder for CNN_DATA_DIR, Keras' cache), both empty, and no way to the network."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("CNN_DATA_DIR", raising=False)

    def refuse(*_, **__):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    (tmp_path / "stick").mkdir()
    cache = tmp_path / "keras" / "datasets"
    cache.mkdir(parents=True)
    return tmp_path / "stick", cache


def publish(monkeypatch, name, contents, server=None):
    """Let the files of `name` be `contents`, which a test server may offer."""
    remotes = tuple(
        replace(
            remote,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            urls=(server.url,) if server else remote.urls,
        )
        for remote, content in zip(specs.SPECS[name].remotes, contents, strict=True)
    )
    monkeypatch.setitem(specs.SPECS, name, replace(specs.SPECS[name], remotes=remotes))
    return remotes


def npz_bytes(tmp_path, arrays):
    np.savez(tmp_path / "made.npz", **arrays)
    return (tmp_path / "made.npz").read_bytes()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_full_from_a_folder(places, monkeypatch, name):
    stick, _ = places
    shape = specs.SPECS[name].image_shape
    arrays = good_arrays(shape=shape)
    arrays["y_train"] = arrays["y_train"].reshape(-1, 1).astype(np.int32)  # CIFAR-10's way of storing labels
    if len(shape) == 2:
        arrays["x_train"] = arrays["x_train"][..., None]
    np.savez(stick / f"{name}.npz", **arrays)
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))
    data = datasets.load(name, profile="full")
    assert data.x_train.shape == (36, *shape) and data.y_train.ndim == 1
    assert "CNN_DATA_DIR" in data.source and "another size" in data.source
    assert data.license in str(data) and "\n" not in str(data)


def four_idx(folder, arrays, *, dot="-", gz=".gz", upper=False):
    folder.mkdir(parents=True, exist_ok=True)
    for part, name in (("train", "train"), ("test", "t10k")):
        for kind, word in (("x", "images"), ("y", "labels")):
            array = arrays[f"{kind}_{part}"].astype(np.uint8)
            path = f"{name}-{word}{dot}idx{1 + 2 * (kind == 'x')}-ubyte{gz}"
            (folder / (path.upper() if upper else path)).write_bytes(
                gzip.compress(idx(array)) if gz else idx(array)
            )


def from_kaggle(folder, name):
    """Beside each file a folder of nearly the same name, with the file in it once more."""
    four_idx(folder / name, good_arrays(), gz="", dot=".")
    for path in list((folder / name).iterdir()):
        twin = path.with_name(path.name.replace(".", "-"))
        twin.mkdir()
        shutil.copy(path, twin / twin.name)


def archive_form(folder, name):
    cifar_archive(folder / name)


def unpacked_form(folder, place):
    cifar_archive(folder / "made.tgz")
    with tarfile.open(folder / "made.tgz") as file:
        file.extractall(folder / "made", filter="data")
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / "made" / "cifar-10-batches-py").replace(folder / place)
    shutil.rmtree(folder / "made")
    (folder / "made.tgz").unlink()


def plain_tar(folder, name):
    cifar_archive(folder / name)
    (folder / name).write_bytes(gzip.decompress((folder / name).read_bytes()))


def npz_named(folder, name, shape=(28, 28)):
    np.savez(folder / "made", **good_arrays(shape=shape))
    (folder / "made.npz").replace(folder / name)


FORMS = {
    "mnist": [
        *((npz_named, name) for name in ("mnist.npz", "MNIST.npz", "Mnist (1).NPZ", "mnist(2).npz")),
        *((npz_named, name) for name in ("mnist - Copy.npz", "mnist copy.npz", "mnist copy 2.npz")),
        (lambda folder, name: four_idx(folder / name, good_arrays()), "."),
        (lambda folder, name: four_idx(folder / name, good_arrays(), gz=""), "MNIST/raw"),
        (lambda folder, name: four_idx(folder / name, good_arrays(), gz=""), "raw"),
        (from_kaggle, "."),
        (lambda folder, name: four_idx(folder / name, good_arrays(), gz="", dot="."), "Mnist"),
        (lambda folder, name: four_idx(folder / name, good_arrays(), upper=True), "."),
    ],
    "fashion_mnist": [
        *((npz_named, name) for name in ("fashion-mnist.npz", "FashionMNIST.npz")),
        (lambda folder, name: four_idx(folder / name, good_arrays()), "fashion-mnist"),
        (lambda folder, name: four_idx(folder / name, good_arrays(), gz=""), "FashionMNIST/raw"),
    ],
    "cifar10": [
        (lambda folder, name: npz_named(folder, name, (32, 32, 3)), "CIFAR-10.npz"),
        *((archive_form, name) for name in ("cifar-10-python.tar.gz", "cifar-10-python.tar (1).gz")),
        *((archive_form, name) for name in ("cifar-10-python.tgz", "cifar-10-batches-py-target_archive")),
        (plain_tar, "cifar-10-python.tar"),
        (unpacked_form, "cifar-10-batches-py"),
        (unpacked_form, "cifar-10-python/cifar-10-batches-py"),
        (unpacked_form, "CIFAR-10-batches-py"),
        (unpacked_form, "cifar10/cifar-10-batches-py"),
    ],
}


@pytest.mark.parametrize(
    ("name", "write", "place"), [(name, *form) for name, forms in FORMS.items() for form in forms]
)
def test_the_files_that_people_have_are_found_in_the_folder(places, monkeypatch, name, write, place):
    stick, _ = places
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))
    assert locate.whereabouts(name)[0] == "the network"
    write(stick, place)
    assert locate.whereabouts(name) == ("CNN_DATA_DIR", 0)
    data = datasets.load(name, profile="full")
    assert "CNN_DATA_DIR" in data.source and len(data.y_train) in (36, 90)


def test_the_folder_may_be_the_unpacked_folder_itself(places, monkeypatch):
    stick, _ = places
    unpacked_form(stick, "cifar-10-batches-py")
    monkeypatch.setenv("CNN_DATA_DIR", str(stick / "cifar-10-batches-py"))
    assert "CNN_DATA_DIR" in datasets.load("cifar10", profile="full").source


def test_the_plain_name_comes_before_a_copy(places, monkeypatch):
    stick, _ = places
    for name, seed in (("mnist (1).npz", 1), ("mnist.npz", 2), ("MNIST copy.npz", 3)):
        np.savez(stick / "made", **good_arrays(seed=seed))
        (stick / "made.npz").replace(stick / name)
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))
    assert (datasets.load("mnist", profile="full").x_test == good_arrays(seed=2)["x_test"]).all()


@pytest.mark.parametrize(
    ("name", "found", "not_named"),
    [
        ("mnist", ["mnist.csv", "mnist.pkl.gz", "mnist_train.csv", "MNIST.zip"], "fashion-mnist_train.csv"),
        ("fashion_mnist", ["fashion-mnist_train.csv"], "mnist.csv"),
        ("cifar10", ["cifar-10-matlab.tar.gz"], "mnist.csv"),
        ("mnist", ["train-images-idx3-ubyte.gz"], "other.txt"),  # one of four
        ("flowers", ["flowers.zip"], "mnist.csv"),
    ],
)
def test_what_has_the_name_but_no_form_that_can_be_read_is_said(
    places, monkeypatch, capsys, name, found, not_named
):
    stick, _ = places
    for file in (*found, not_named):
        (stick / file).write_bytes(b"?")
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))
    with pytest.raises(DataError, match="which cannot be read here; what can: ") as error:
        locate.folder(name) if name == "flowers" else locate.load(name)
    message, printed = str(error.value), capsys.readouterr().out
    for text in (message, printed):
        assert all(file in text for file in found) and not_named not in text
        assert all(form.words in text for form in specs.SPECS[name].local)


def test_the_folder_comes_before_the_cache_and_the_cache_before_the_network(places, monkeypatch, tmp_path):
    stick, cache = places
    mine, cached = good_arrays(seed=1), good_arrays(seed=2)
    publish(monkeypatch, "mnist", [npz_bytes(tmp_path, cached)])
    shutil.copy(tmp_path / "made.npz", cache / "mnist.npz")
    data = datasets.load("mnist", profile="full")
    assert (data.x_test == cached["x_test"]).all() and "Keras' cache" in data.source
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))  # set, but without the file
    assert "Keras' cache" in datasets.load("mnist", profile="full").source
    np.savez(stick / "mnist.npz", **mine)
    assert (datasets.load("mnist", profile="full").x_test == mine["x_test"]).all()


def test_a_wrong_folder_is_said_at_once(places, monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_DATA_DIR", str(tmp_path / "stik"))
    with pytest.raises(DataError, match="CNN_DATA_DIR names .*stik, and there is no such folder"):
        datasets.load("mnist", profile="full")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "flowers"])
def test_no_network_names_three_ways_out_within_seconds(places, monkeypatch, capsys, name):
    stick, _ = places
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))
    started = time.monotonic()
    with pytest.raises(DataError, match="Network is unreachable") as error:
        if name == "flowers":
            datasets.image_folder(name, profile="full", folder=stick)
        else:
            datasets.load(name, profile="full")
    assert time.monotonic() - started < 5
    for way_out in ("(1) connect", "(2) put ", "CNN_DATA_DIR (now ", '(3) go on with PROFILE = "quick"'):
        assert way_out in str(error.value)
    printed = capsys.readouterr().out
    assert f"downloading {name}" in printed and "license: " in printed
    assert ("30 to 60 minutes" in printed) == (name == "cifar10")


@pytest.fixture
def server(places, monkeypatch):
    monkeypatch.undo()  # the network is back
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("KERAS_HOME", str(places[1].parent))
    monkeypatch.delenv("CNN_DATA_DIR", raising=False)
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_a_download_goes_into_keras_cache_and_keras_finds_it(server, places, monkeypatch, tmp_path, capsys):
    arrays = good_arrays(seed=3)
    server.content = npz_bytes(tmp_path, arrays)
    (remote,) = publish(monkeypatch, "mnist", [server.content], server)
    (places[1] / "mnist.npz").write_bytes(server.content[:5000])
    data = datasets.load("mnist", profile="full")
    assert (data.x_test == arrays["x_test"]).all() and "downloaded" in data.source
    printed = capsys.readouterr().out
    assert (
        "mnist.npz is damaged, half a file or another one" in printed
        and "downloading mnist, 0 MB, into " in printed
    )
    again = datasets.load("mnist", profile="full")
    assert "cache" in again.source and len(server.requests) == 1
    import keras

    assert keras.utils.get_file(
        "mnist.npz", origin=server.url, file_hash=remote.sha256, cache_dir=places[1].parent
    )
    assert len(server.requests) == 1


def test_fashion_mnist_from_its_four_files(places, monkeypatch):
    arrays = good_arrays(seed=4)
    keys = ("x_train", "y_train", "x_test", "y_test")
    contents = [gzip.compress(idx(arrays[key].astype(np.uint8))) for key in keys]
    for remote, content in zip(publish(monkeypatch, "fashion_mnist", contents), contents, strict=True):
        path = places[1] / remote.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    data = datasets.load("fashion_mnist", profile="full")
    assert (data.x_test == arrays["x_test"]).all() and (data.y_test == arrays["y_test"]).all()


def test_fashion_mnist_is_where_kerass_own_loader_looks(places, monkeypatch):
    """Both loaders on the same cache give the same arrays."""
    import keras

    arrays = good_arrays(seed=4)
    keys = ("x_train", "y_train", "x_test", "y_test")
    for remote, key in zip(specs.SPECS["fashion_mnist"].remotes, keys, strict=True):
        path = places[1] / remote.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(idx(arrays[key].astype(np.uint8))))
    real = keras.utils.get_file
    monkeypatch.setattr(
        keras.src.datasets.fashion_mnist,
        "get_file",
        lambda *a, **k: real(*a, **k, cache_dir=places[1].parent),
    )
    (x_train, y_train), (x_test, _) = keras.datasets.fashion_mnist.load_data()
    assert (x_train == arrays["x_train"]).all() and (y_train == arrays["y_train"]).all()
    assert (x_test == arrays["x_test"]).all()


@pytest.mark.parametrize("unpacked", [False, True])
def test_cifar10_from_keras_cache(places, monkeypatch, unpacked):
    (remote,) = specs.SPECS["cifar10"].remotes
    archive = places[1] / remote.path
    kept = cifar_archive(archive)
    publish(monkeypatch, "cifar10", [archive.read_bytes()])
    if unpacked:
        with tarfile.open(archive) as file:
            file.extractall(places[1] / "cifar-10-batches-py-target", filter="data")
        archive.unlink()
    data = datasets.load("cifar10", profile="full")
    assert data.x_train.shape == (90, 32, 32, 3) and (data.x_test == kept[5][0]).all()


def flower_archive(path, *, folder="flower_photos", evil=""):
    with tarfile.open(path, "w:gz") as archive:
        for kind in specs.SPECS["flowers"].class_names:
            picture = path.with_name(f"{kind}.jpg")
            Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)).save(picture)
            archive.add(picture, f"{folder}/{kind}/1.jpg")
        if evil:
            archive.add(picture, evil)


def test_flowers_are_unpacked_once(places, monkeypatch, tmp_path):
    flower_archive(tmp_path / "flowers.tgz")
    content = (tmp_path / "flowers.tgz").read_bytes()
    (remote,) = publish(monkeypatch, "flowers", [content])
    (places[1] / remote.path).write_bytes(content)
    flowers = datasets.image_folder("flowers", profile="full", folder=tmp_path)
    assert flowers.counts == (1,) * 5 and "roses 1" in str(flowers) and "CC BY" in str(flowers)
    (places[1] / remote.path).unlink()
    assert datasets.image_folder("flowers", profile="full", folder=tmp_path).path == flowers.path
    assert sorted(path.name for path in places[1].iterdir()) == ["flower_photos_extracted"]


def test_the_flowers_own_archive_in_the_folder(places, monkeypatch, tmp_path):
    stick, cache = places
    flower_archive(stick / "flower_photos.tgz")
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))
    flowers = datasets.image_folder("flowers", profile="full", folder=tmp_path)
    assert flowers.counts == (1,) * 5 and flowers.path == cache / "flower_photos_extracted" / "flower_photos"
    assert "CNN_DATA_DIR" in str(flowers)


def test_flowers_from_a_folder(places, monkeypatch, tmp_path):
    stick, _ = places
    for kind in ("daisy", "roses"):
        (stick / "flower_photos" / kind).mkdir(parents=True)
        Image.new("RGB", (9, 9)).save(stick / "flower_photos" / kind / "a.jpg")
    monkeypatch.setenv("CNN_DATA_DIR", str(stick))
    assert datasets.image_folder("flowers", profile="full", folder=tmp_path).path == stick / "flower_photos"


@pytest.mark.parametrize(
    ("options", "message"),
    [({"folder": "pictures"}, "no folder flower_photos"), ({"evil": "../outside.jpg"}, "damaged data")],
)
def test_an_archive_that_is_not_what_it_should_be_leaves_nothing(tmp_path, options, message):
    flower_archive(tmp_path / "flowers.tgz", **options)
    target = tmp_path / "cache" / "flower_photos"
    with pytest.raises(DataError, match=message):
        locate.unpack(tmp_path / "flowers.tgz", target)
    assert list(target.parent.iterdir()) == [] and not (tmp_path / "outside.jpg").exists()


def test_what_is_in_the_way_of_an_archive(tmp_path):
    flower_archive(tmp_path / "flowers.tgz")
    target = tmp_path / "cache" / "flower_photos"
    target.mkdir(parents=True)  # empty: an earlier try was stopped
    assert (locate.unpack(tmp_path / "flowers.tgz", target) / "daisy" / "1.jpg").exists() or os.name == "nt"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="file is in the way"):
        locate.unpack(flower_archive_named(tmp_path, "file"), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    if os.name != "nt":
        (tmp_path / "link").symlink_to(tmp_path / "gone")
        with pytest.raises(DataError, match="link is in the way"):
            locate.unpack(flower_archive_named(tmp_path, "link"), tmp_path / "link")


def flower_archive_named(tmp_path, folder):
    flower_archive(tmp_path / "other.tgz", folder=folder)
    return tmp_path / "other.tgz"


def test_half_an_archive_leaves_nothing(tmp_path):
    flower_archive(tmp_path / "flowers.tgz")
    (tmp_path / "half.tgz").write_bytes((tmp_path / "flowers.tgz").read_bytes()[:-400])
    with pytest.raises(DataError, match="damaged data"):
        locate.unpack(tmp_path / "half.tgz", tmp_path / "cache" / "flower_photos")
    assert list((tmp_path / "cache").iterdir()) == []


MEASURE = """
import json, re, sys
from pathlib import Path
import numpy

def peak():  # the largest resident memory of this process since it began, in MiB
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

before = peak()
from helpers.data import datasets
data = datasets.load("cifar10", profile="full")
print(json.dumps([peak() - before, data.x_train.nbytes, str(data.x_train.dtype), "tensorflow" in sys.modules]))
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads the peak of memory as Linux tells it"
)
@pytest.mark.parametrize("source", ["CNN_DATA_DIR", "KERAS_HOME"])
def test_cifar10_takes_little_more_memory_than_its_images(tmp_path, source):
    """Two fifths of as many images as the real set has; once as .npz, once as the pickled batches."""
    images, labels = colored(4_000)
    if source == "CNN_DATA_DIR":
        train = np.tile(images, (5, 1, 1, 1)), np.tile(labels, 5)
        np.savez(tmp_path / "cifar10.npz", x_train=train[0], y_train=train[1], x_test=images, y_test=labels)
    else:
        folder = tmp_path / "datasets" / "cifar-10-batches-py-target" / "cifar-10-batches-py"
        folder.mkdir(parents=True)
        for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
            (folder / name).write_bytes(batch(images, labels))
    run = subprocess.run(
        [sys.executable, "-c", MEASURE],
        capture_output=True, text=True, check=True, cwd=ROOT,
        env={"PATH": "", "HOME": str(tmp_path), source: str(tmp_path)},
    )  # fmt: skip
    megabytes, size, dtype, tensorflow = json.loads(run.stdout)
    assert size == 18_000 * 32 * 32 * 3 and dtype == "uint8" and not tensorflow
    assert 60 < megabytes < 260, f"{megabytes:.0f} MB"


def colored(count):
    """Noise in which the class shows: its row is bright."""
    images, labels = (
        np.random.default_rng(0).integers(0, 128, (count, 32, 32, 3), np.uint8),
        np.arange(count) % 10,
    )
    images[np.arange(count), labels] |= 128
    return images, labels


def test_the_published_fashion_mnist_checksum_is_that_of_the_data_we_know():
    """The label file as published is the Debian package's stream behind the header that gzip wrote in 2017."""
    remote = specs.SPECS["fashion_mnist"].remotes[3]
    stream = Path("/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz")
    if not stream.exists():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    header = b"\x1f\x8b\x08\x08" + (1504176627).to_bytes(4, "little") + b"\x00\x03t10k-labels-idx1-ubyte\x00"
    content = header + stream.read_bytes()[10:]
    assert len(content) == remote.size and hashlib.sha256(content).hexdigest() == remote.sha256


def test_every_remote_has_a_checksum_and_an_address():
    for spec in specs.SPECS.values():
        for remote in spec.remotes:
            assert len(remote.sha256) == 64 and remote.size > 5000
            assert all(url.startswith("https://") for url in remote.urls)
            assert not download.is_whole(Path("nowhere"), remote)
