"""helpers.data.datasets: the shipped samples, Emoji-10, the photographs, and the image folders."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data import datasets, emoji10, sampling
from helpers.data.specs import CIFAR10_CLASSES
from helpers.errors import DataError


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
    rest, chosen = sampling.split(labels, count=10)
    assert sorted([*rest, *chosen]) == list(range(100))
    assert list(np.bincount(labels[chosen])) == [5, 3, 2]


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="choose one of mnist, fashion_mnist, emoji10, cifar10, flowers"):
        datasets.load("minst")
    with pytest.raises(ValueError, match='"quick", "full"'):
        datasets.load("mnist", profile="fast")
    with pytest.raises(ValueError, match="choose one of astronaut, camera, chelsea, coffee, rocket"):
        datasets.photo("dog")


def test_photographs():
    assert datasets.photo("chelsea").shape == (300, 451, 3) and datasets.photo("camera").shape == (512, 512)
    assert datasets.photo("chelsea").dtype == np.uint8
    assert datasets.photo("coffee").shape == (400, 600, 3) and datasets.photo("rocket").shape == (427, 640, 3)
    assert datasets.photo("astronaut").shape == (512, 512, 3)


def test_emoji10_has_cifar10s_shape_and_classes_and_two_test_sets():
    data = datasets.load("emoji10")
    assert data.class_names == CIFAR10_CLASSES
    assert data.x_train.shape == (3600, 32, 32, 3) and data.x_val.shape == (400, 32, 32, 3)
    assert data.x_test.shape == data.x_new_art.shape == (1000, 32, 32, 3)
    assert data.x_train.dtype == data.x_new_art.dtype == np.uint8 and data.y_new_art.dtype == np.int64
    for labels in (data.y_train, data.y_val, data.y_test, data.y_new_art):
        assert set(np.bincount(labels, minlength=10)) == {len(labels) // 10}
    assert "not CIFAR-10" in str(data) and "new-art" in str(data)
    parts = [
        {image.tobytes() for image in part}
        for part in (data.x_train, data.x_val, data.x_test, data.x_new_art)
    ]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 6000


def test_emoji10_is_the_same_every_time():
    assert (datasets.load("emoji10").x_test == datasets.load("emoji10").x_test).all()


def test_what_quick_does_not_have_says_where_it_is():
    with pytest.raises(DataError, match='load "emoji10", .* or set PROFILE = "full"'):
        datasets.load("cifar10")
    with pytest.raises(ValueError, match="datasets.image_folder"):
        datasets.load("flowers", profile="full")
    with pytest.raises(DataError, match='take "emoji10"'):
        datasets.image_folder("flowers", folder="anywhere")
    with pytest.raises(DataError, match='"flowers" with PROFILE = "full"'):
        datasets.image_folder("mnist", profile="full", folder="anywhere")
    with pytest.raises(ValueError, match="choose one of"):
        datasets.image_folder("flower", folder="anywhere")


def test_the_image_folder_of_emoji10(tmp_path):
    train = datasets.image_folder("emoji10", folder=tmp_path / "scenes", size=48, images=(40, 20))
    assert train.path == tmp_path / "scenes" / "train" and train.counts == (4,) * 10
    assert train.class_names == CIFAR10_CLASSES
    with Image.open(tmp_path / "scenes" / "train" / "airplane" / "0001.png") as picture:
        assert picture.size == (48, 48) and picture.mode == "RGB"
    assert len(list((tmp_path / "scenes" / "test").rglob("*.png"))) == 20
    first = (train.path / "truck" / "0004.png").read_bytes()
    datasets.image_folder("emoji10", folder=tmp_path / "scenes", size=48, images=(40, 20))
    assert (train.path / "truck" / "0004.png").read_bytes() == first


def test_keras_reads_the_image_folder_as_we_wrote_it(tmp_path):
    folder = datasets.image_folder("emoji10", folder=tmp_path / "scenes", size=32, images=(20, 10))
    code = """
import json, sys
import helpers
import keras
ds = keras.utils.image_dataset_from_directory(sys.argv[1], image_size=(32, 32), shuffle=False, verbose=False)
images = [[int(image.sum()), int(label)] for images, labels in ds for image, label in zip(images.numpy(), labels)]
print(json.dumps([ds.class_names, images]))
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder.path)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    class_names, images = json.loads(run.stdout.splitlines()[-1])
    assert tuple(class_names) == CIFAR10_CLASSES
    drawn, labels = emoji10.scenes(20, seed=11, art="train", size=32)
    assert sorted(images) == sorted(
        [int(image.sum()), int(label)] for image, label in zip(drawn, labels, strict=True)
    )
