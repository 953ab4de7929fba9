"""Notebook 08: its checks answer wrong and right answers, its augmentation changes training batches only, and
its table of what replaces ImageDataGenerator is complete and can be built."""

import inspect
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers.exercises import ____, nb08
from tools.notebooks.files import code_cells, read
from tools.selection import NOTEBOOKS

CHANNEL = (0, 1, 2)


def pixelwise(train, test):
    return (test - train.mean(axis=0)) / train.std(axis=0)


def pooled(train, test):
    both = np.concatenate([train, test])
    return (test - both.mean(axis=CHANNEL)) / both.std(axis=CHANNEL)


WRONG = [
    (nb08.from_opencv, lambda image: image, "blue is still first"),
    (nb08.from_opencv, lambda image: image[::-1], "upside down"),
    (nb08.from_opencv, lambda image: image[:, ::-1], "mirrors the picture"),
    (nb08.from_opencv, lambda image: image[::-1, ::-1, ::-1], "all three axes"),
    (nb08.from_opencv, lambda image: image[..., [1, 2, 0]], "moved round by one"),
    (nb08.from_opencv, lambda image: image[..., [2, 0, 1]], "moved round by one"),
    (nb08.from_opencv, lambda image: image[..., ::-1] / 255, "divided by 255"),
    (nb08.from_opencv, lambda image: image.T, "height, width and channels must stay"),
    (nb08.from_opencv, lambda image: image[..., :1], "must stay"),
    (nb08.from_opencv, lambda image: 255 - image, "channels 2, 1, 0"),
    (nb08.from_opencv, lambda image: None, "returned nothing"),
    (nb08.from_opencv, "BGR", "must be a function"),
    (nb08.pipeline, "read", "as a list"),
    (nb08.pipeline, 7, "as a list"),
    (nb08.pipeline, ["read", "cache", "shuffle", "augment", "batch", "fetch"], 'no step "fetch"'),
    (nb08.pipeline, ["read", "cache", "shuffle", "augment", "batch"], '"prefetch" is missing'),
    (
        nb08.pipeline,
        ["read", "cache", "cache", "shuffle", "augment", "batch", "prefetch"],
        '"cache" stands',
    ),
    (nb08.pipeline, ["cache", "read", "shuffle", "augment", "batch", "prefetch"], "read comes first"),
    (nb08.pipeline, ["shuffle", "read", "cache", "augment", "batch", "prefetch"], "read comes first"),
    (nb08.pipeline, ["augment", "read", "cache", "shuffle", "batch", "prefetch"], "read comes first"),
    (nb08.pipeline, ["batch", "read", "cache", "shuffle", "augment", "prefetch"], "read comes first"),
    (
        nb08.pipeline,
        ["read", "augment", "cache", "shuffle", "batch", "prefetch"],
        "freezes the random changes",
    ),
    (nb08.pipeline, ["read", "shuffle", "cache", "augment", "batch", "prefetch"], "freezes the order"),
    (nb08.pipeline, ["read", "cache", "batch", "shuffle", "augment", "prefetch"], "mixes whole batches"),
    (
        nb08.pipeline,
        ["read", "cache", "shuffle", "batch", "prefetch", "augment"],
        "must not come after it",
    ),
    (nb08.factors, (18, (-0.3, 0.2), 0.125), "eighteen full turns"),
    (nb08.factors, (0.1, (-0.3, 0.2), 0.125), "360 degrees, not 180"),
    (nb08.factors, (0.18, (-0.3, 0.2), 0.125), "no percentage"),
    (nb08.factors, (np.pi / 10, (-0.3, 0.2), 0.125), "radians"),
    (nb08.factors, (0.5, (-0.3, 0.2), 0.125), "how much of 360 degrees"),
    (nb08.factors, ((0, 0.05), (-0.3, 0.2), 0.125), "equally far"),
    (nb08.factors, (0.05, 0.3, 0.125), "needs two numbers"),
    (nb08.factors, (0.05, (0.7, 1.2), 0.125), "counts from 0"),
    (nb08.factors, (0.05, (-0.2, 0.3), 0.125), "swapped"),
    (nb08.factors, (0.05, (-30, 20), 0.125), "percents"),
    (nb08.factors, (0.05, (-0.5, 0.5), 0.125), "take 1 away"),
    (nb08.factors, (0.05, (-0.3, 0.2), 8), "eight times the width"),
    (nb08.factors, (0.05, (-0.3, 0.2), 0.08), "64 pixels wide, not 100"),
    (nb08.factors, (0.05, (-0.3, 0.2), 0.25), "not two halves"),
    (nb08.factors, (0.05, (-0.3, 0.2), 0.5), "what share of 64"),
    (nb08.factors, ("18/360", (-0.3, 0.2), 0.125), "not str"),
    (
        nb08.standardise,
        lambda train, test: (test - test.mean(axis=CHANNEL)) / test.std(axis=CHANNEL),
        "test images' own mean and spread",
    ),
    (nb08.standardise, pooled, "both sets together"),
    (
        nb08.standardise,
        lambda train, test: (test - train.mean(axis=CHANNEL)) / test.std(axis=CHANNEL),
        "the spread is the test images' own",
    ),
    (
        nb08.standardise,
        lambda train, test: (test - test.mean(axis=CHANNEL)) / train.std(axis=CHANNEL),
        "the mean is the test images' own",
    ),
    (nb08.standardise, lambda train, test: test - train.mean(axis=CHANNEL), "now divide"),
    (nb08.standardise, lambda train, test: test / train.std(axis=CHANNEL), "take the mean away first"),
    (
        nb08.standardise,
        lambda train, test: test / train.std(axis=CHANNEL) - train.mean(axis=CHANNEL),
        "first, then divide",
    ),
    (
        nb08.standardise,
        lambda train, test: (test - train.mean(axis=CHANNEL)) / train.var(axis=CHANNEL),
        "not by the variance",
    ),
    (
        nb08.standardise,
        lambda train, test: (test - train.mean()) / train.std(),
        "each channel needs its own",
    ),
    (nb08.standardise, pixelwise, "for every pixel place"),
    (nb08.standardise, lambda train, test: train, "Return the test images only"),
    (nb08.standardise, lambda train, test: test / 255, "both of the training images"),
    (nb08.cutmix_label, lambda a, b, h, w, s: h * w / s**2 * a + (1 - h * w / s**2) * b, "swapped"),
    (nb08.cutmix_label, lambda a, b, h, w, s: a, "picture alone"),
    (nb08.cutmix_label, lambda a, b, h, w, s: b, "patch alone"),
    (nb08.cutmix_label, lambda a, b, h, w, s: (a + b) / 2, "half and half"),
    (nb08.cutmix_label, lambda a, b, h, w, s: a + h * w / s**2 * b, "add up to 1"),
    (nb08.cutmix_label, lambda a, b, h, w, s: (1 - h / s) * a + h / s * b, "height only"),
    (nb08.cutmix_label, lambda a, b, h, w, s: (1 - w / s) * a + w / s * b, "width only"),
    (nb08.cutmix_label, lambda a, b, h, w, s: (s * s - h * w) * a + h * w * b, "these are pixels"),
    (nb08.cutmix_label, lambda a, b, h, w, s: 0.9 * a + 0.1 * b, "and a what is left"),
    (nb08.cutmix_label, lambda a, b, h, w, s: h * w / s**2, "it must be 4"),
    (nb08.bug_lines, [3, 4, 5, 6], "4 of 5 found"),
    (nb08.bug_lines, [4, 5, 6, 14], "which pictures may decide"),
    (nb08.bug_lines, [1, 3, 4, 5, 6, 14], "Line 1 is fine"),
    (nb08.bug_lines, [3, 4, 5, 6, 14, 15], "Line 15 is fine"),
    (nb08.bug_lines, [3, 4, 5, 6, 13, 14], "Line 13 is fine"),
    (nb08.bug_lines, [0], "no line 0"),
    (nb08.bug_lines, [16], "no line 16"),
    (nb08.bug_lines, "3, 4", "as a list"),
    (nb08.bug_lines, [3.5], "whole number"),
]

RIGHT = [
    (nb08.from_opencv, lambda image: image[:, :, ::-1]),
    (nb08.from_opencv, lambda image: np.flip(image, axis=-1)),
    (nb08.from_opencv, lambda image: image[..., [2, 1, 0]].tolist()),
    (nb08.from_opencv, lambda image: keras.ops.flip(image, axis=-1)),
    (nb08.pipeline, ["read", "cache", "shuffle", "augment", "batch", "prefetch"]),
    (nb08.pipeline, (("read", "cache", "shuffle", "batch", "augment", "prefetch"),)),
    (nb08.pipeline, np.array([" Read", "cache", "Shuffle", "batch", "augment", "prefetch"])),
    (nb08.factors, (0.05, (-0.3, 0.2), 0.125)),
    (nb08.factors, ((-0.05, 0.05), [0.2, -0.3], (-0.125, 0.125))),
    (nb08.factors, (np.float32(0.05), np.array([-0.3, 0.2]), [0.125])),
    (
        nb08.standardise,
        lambda train, test: (test - train.mean((0, 1, 2), keepdims=True)) / train.std((0, 1, 2), ddof=1),
    ),
    (
        nb08.standardise,
        lambda train, test: layers.Normalization(
            mean=train.mean(axis=CHANNEL), variance=train.var(axis=CHANNEL)
        )(test),
    ),
    (nb08.cutmix_label, lambda a, b, h, w, s: a + h * w / s**2 * (b - a)),
    (nb08.cutmix_label, lambda a, b, h, w, s: list((1 - h * w / s**2) * a + h * w / s**2 * b)),
    (nb08.bug_lines, {3, 4, 5, 6, 14}),
    (nb08.bug_lines, np.array([14, 6, 5, 4, 3])),
]


def test_a_blank_anywhere_is_not_answered():
    assert nb08.factors.verdict(0.05, (____, 0.2), 0.125).status == "unanswered"
    assert nb08.pipeline.verdict(["read", ____]).status == "unanswered"
    assert nb08.bug_lines.verdict([3, ____]).status == "unanswered"


def test_the_scripts_crashing_line_crashes_and_its_remedy_does_not():
    with pytest.raises(ValueError, match="factor"):
        layers.RandomRotation(15)
    layers.RandomRotation(15 / 360)


# --- the lesson's own augmentation, from the notebook's cells ------------------------------------------


@pytest.fixture(scope="module")
def lesson():
    """What the notebook's cells on augmentation define, without running the rest of it."""
    names = ("augmentation", "counter", "flowers-model-code")
    sources = {cell.id: cell.source for cell in code_cells(read(NOTEBOOKS / "08_augmentation.ipynb"))}
    namespace = {"keras": keras, "layers": layers, "np": np}
    for name in names:
        exec(compile(sources[name], name, "exec"), namespace)
    return namespace


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (48, 16, 16, 3), dtype=np.uint8), rng.integers(0, 3, 48)


def counts_of(model):
    return {name: float(value) for name, value in model.get_layer("counter").counts.items()}


def test_training_batches_are_changed_and_validation_and_test_batches_never(lesson, pictures):
    x, y = pictures
    keras.utils.set_random_seed(0)
    model = lesson["flowers_model"](16, 3, lesson["make_augmentation"](), width=1 / 4)
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=16, epochs=2, validation_data=(x[:16], y[:16]), verbose=0)
    counts = counts_of(model)
    assert counts["trained"] == 96 and counts["trained_changed"] >= 92
    assert counts["asked"] == 2 * 16 and counts["asked_changed"] == 0
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    model(x, training=False)
    counts = counts_of(model)
    assert counts["asked"] == 2 * 16 + 3 * 48 and counts["asked_changed"] == 0
    assert counts["trained"] == 96, "asking is not training"


def test_the_counter_notices_an_augmentation_that_does_nothing(lesson, pictures):
    model = lesson["flowers_model"](16, 3, [layers.RandomRotation(0.0)], width=1 / 4)
    model(pictures[0], training=True)
    counts = counts_of(model)
    assert counts["trained"] == 48 and counts["trained_changed"] == 0


def test_every_training_batch_is_changed_anew(lesson, pictures):
    x = pictures[0].astype("float32")
    augment = keras.Sequential(lesson["make_augmentation"]())
    first, second = (np.asarray(augment(x, training=True)) for _ in range(2))
    assert np.mean(np.abs(first - second).max(axis=(1, 2, 3)) > 0.5) > 0.95
    assert np.array_equal(np.asarray(augment(x, training=False)), x)


def test_the_notes_model_has_as_many_parameters_as_published(lesson):
    assert lesson["flowers_model"](180, 5).count_params() == 3_989_285


# --- the table of what replaces ImageDataGenerator -------------------------------------------------------

GENERATOR = tf.keras.preprocessing.image.ImageDataGenerator


def rows():
    """The table's rows: (old argument with a value, today's code)."""
    cells = {cell.id: cell.source for cell in read(NOTEBOOKS / "08_augmentation.ipynb").cells}
    return re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", cells["leavers"], re.MULTILINE)


def arguments(function):
    return set(inspect.signature(function).parameters)


def test_the_table_names_every_argument_of_the_old_class():
    named = {old.partition("=")[0] for old, _ in rows()}
    assert arguments(GENERATOR) <= named
    assert named <= arguments(GENERATOR) | arguments(GENERATOR.flow_from_directory) | {"flow_from_directory"}


@pytest.mark.parametrize(("old", "new"), rows(), ids=lambda text: text[:40])
def test_what_stands_in_the_table_exists_and_keeps_a_pictures_shape(old, new):
    if new == "fit_zca":  # the notebook's own
        return
    if "=" in new and "(" not in new.partition("=")[0]:
        assert new.partition("=")[0] in arguments(keras.utils.image_dataset_from_directory), new
        return
    built = eval(new, {"layers": layers, "keras": keras, "tf": tf, "image_dataset_from_directory": None})
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    if isinstance(built, layers.Normalization):
        built.adapt(images)
    if isinstance(built, layers.Layer):
        assert built(images).shape == images.shape
    elif built is not None:
        assert callable(built)


def test_the_old_channel_shift_moved_all_channels_alike():
    pixel = np.array([[[100.0, 120, 140], [0, 60, 255]]])
    shifted = tf.keras.preprocessing.image.apply_channel_shift(pixel, 30, 2)
    assert np.ptp(shifted[0, 0] - pixel[0, 0]) == 0 and shifted[0, 0, 0] != 100


def test_the_old_default_gave_one_hot_labels_and_the_new_one_gives_numbers():
    old = inspect.signature(GENERATOR.flow_from_directory).parameters["class_mode"].default
    new = inspect.signature(keras.utils.image_dataset_from_directory).parameters["label_mode"].default
    assert (old, new) == ("categorical", "int")
