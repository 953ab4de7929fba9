"""The table of what replaces ImageDataGenerator is complete, can be built, and says what is true of the old class."""

import inspect

import keras
import numpy as np
import pytest

from helpers.training import old_generator


def test_every_argument_has_a_row_and_every_layer_keeps_the_shape():
    arguments, tried = old_generator.check()
    assert arguments == len(old_generator.ROWS) and tried > 15


@pytest.mark.parametrize(
    "rows",
    [
        old_generator.ROWS[1:],
        (*old_generator.ROWS, ("turn=3", "layers.RandomRotation(3)", "")),
        (*old_generator.ROWS[1:], ("rotation_range=36", "layers.RandomCrop(4, 4)", "")),
    ],
    ids=["one is missing", "one too many", "another shape"],
)
def test_a_wrong_table_is_noticed(rows, monkeypatch):
    monkeypatch.setattr(old_generator, "ROWS", rows)
    with pytest.raises(AssertionError):
        old_generator.check()


@pytest.mark.parametrize("row", old_generator.ROWS, ids=lambda row: row[0])
def test_what_is_no_layer_exists_too(row):
    _, new, _ = row
    if new.startswith("keras."):
        place = keras
        for name in new.split(".")[1:]:
            place = getattr(place, name)
        assert callable(place)


def test_the_old_channel_shift_moved_all_channels_alike():
    old = old_generator.old_class()()
    pixel = np.array([[[100.0, 120, 140], [0, 60, 255]]])
    shifted = old.apply_transform(pixel, {"channel_shift_intensity": 30})
    assert np.ptp(shifted[0, 0] - pixel[0, 0]) == 0 and shifted[0, 0, 0] != 100


def test_the_old_brightness_multiplied():
    old = old_generator.old_class()()
    image = np.linspace(10, 200, 48).reshape(4, 4, 3).round()
    brighter = old.apply_transform(image, {"brightness": 1.2})
    lift = brighter - brighter.min()
    assert np.corrcoef(lift.ravel(), image.ravel())[0, 1] > 0.99


def test_the_two_brightnesses_add_and_multiply():
    image = np.linspace(10, 200, 48).reshape(4, 4, 3).round()
    added = np.asarray(keras.layers.RandomBrightness((0.2, 0.2))(image, training=True)) - image
    assert np.allclose(added, 0.2 * 255, atol=0.01)
    multiplied = old_generator.old_class()().apply_transform(image, {"brightness": 1.2})
    assert np.allclose(multiplied, 1.2 * image, atol=1)


@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies")
def test_the_old_epsilon_was_added_to_a_singular_value():
    images = np.random.default_rng(3).normal(size=(50, 2, 2, 1))
    old = old_generator.old_class()(zca_whitening=True, zca_epsilon=1.0)
    old.fit(images)
    flat = images.reshape(50, 4) - images.mean()
    _, values, turn = np.linalg.svd(flat)
    assert np.allclose(old.zca_whitening_matrix, turn.T * np.sqrt(50) / (values + 1.0) @ turn, atol=1e-4)


def test_centering_only_centers():
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    rows = {old.partition("=")[0]: new for old, new, _ in old_generator.ROWS}
    for name in ("featurewise_center", "samplewise_center"):
        layer = eval(rows[name], {"layers": keras.layers, "ops": keras.ops})
        assert np.isclose(np.std(layer(images)[0, ..., 0]), images[0, ..., 0].std(), rtol=1e-4)


def test_the_old_default_gave_one_hot_labels_and_the_new_one_gives_numbers():
    old = inspect.signature(old_generator.old_class().flow_from_directory).parameters["class_mode"].default
    new = inspect.signature(keras.utils.image_dataset_from_directory).parameters["label_mode"].default
    assert (old, new) == ("categorical", "int")


def test_it_is_shown_as_a_table(capsys):
    old_generator.show_table()
    shown = capsys.readouterr().out
    assert "All 23 arguments have a row" in shown
