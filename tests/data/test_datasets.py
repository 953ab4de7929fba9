"""helpers.data.datasets: the shipped samples, Emoji-10, the photographs, and the image folders."""

import ast
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data import datasets, emoji10, photos, sampling
from helpers.data.specs import CIFAR10_CLASSES, SPECS
from helpers.errors import DataError

ROOT = Path(__file__).parents[2]


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
    assert len(data.class_names) == 10 and data.license and "sample" in data.source


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
    import keras

    folder = datasets.image_folder("emoji10", folder=tmp_path / "scenes", size=32, images=(20, 10))
    read = keras.utils.image_dataset_from_directory(
        folder.path, image_size=(32, 32), shuffle=False, verbose=False
    )
    assert tuple(read.class_names) == CIFAR10_CLASSES == folder.class_names
    drawn, labels = emoji10.part("folder_train", 20, size=32)
    (images, found), *_ = [(images.numpy(), labels.numpy()) for images, labels in read]
    assert (found == np.sort(labels)).all()
    by_class = np.argsort(labels, kind="stable")  # within a class the files are numbered as they were drawn
    assert (images == drawn[by_class]).all()


def test_the_photos_are_the_same_in_both_profiles_and_split_by_class(tmp_path):
    data, full = datasets.load("photos"), datasets.load("photos", profile="full")
    assert (data.x_train == full.x_train).all() and (data.y_test == full.y_test).all()
    assert data.x_train.shape == (30, 224, 224, 3) and data.x_val.shape == (10, 224, 224, 3)
    assert data.x_test.shape == (54, 224, 224, 3) and data.x_train.dtype == np.uint8
    assert list(np.bincount(data.y_val)) == [2] * 5 and list(np.bincount(data.y_train)) == [6] * 5
    assert data.class_names == photos.CLASS_NAMES == SPECS["photos"].class_names
    assert SPECS["photos"].sizes == (40, len(data.x_test)) and "CC0" in str(data)
    assert "photographs" in data.source


def test_the_image_folder_of_the_photos_has_the_files_themselves(tmp_path):
    train = datasets.image_folder("photos", folder=tmp_path / "photos", profile="full")
    assert train.path == tmp_path / "photos" / "train" and train.counts == (8,) * 5
    for part in photos.PARTS:
        written = sorted(path.read_bytes() for path in (train.path.with_name(part)).rglob("*.jpg"))
        assert written == sorted(path.read_bytes() for path, _ in photos.files(part))
    assert (train.path / "fish" / "01.jpg").is_file()


@pytest.mark.parametrize("name", ["emoji10", "photos"])
def test_a_readers_own_images_are_never_replaced(tmp_path, name):
    """CIFAR-10 as many have it: PART/CLASS/0001.png."""
    mine = tmp_path / "cifar10" / "train" / "airplane" / "0001.png"
    mine.parent.mkdir(parents=True)
    Image.new("RGB", (32, 32), "red").save(mine)
    before = mine.read_bytes()
    with pytest.raises(DataError, match="nothing there is overwritten. Choose another folder"):
        datasets.image_folder(name, folder=tmp_path / "cifar10", images=(20, 10))
    assert mine.read_bytes() == before and list(tmp_path.rglob("*.*")) == [mine]


def test_nothing_but_the_table_knows_data_sets_by_name():
    """Everything that depends on a data set's name is in `specs`: a new data set is one new entry there."""
    for path in (ROOT / "helpers" / "data").glob("*.py"):
        if path.stem in ("specs", "emoji10", "photos"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            keys = node.keys if isinstance(node, ast.Dict) else []
            names = {item.value for item in [*compared, *keys] if isinstance(item, ast.Constant)}
            assert not names & set(SPECS), f"{path.name}:{node.lineno}"
