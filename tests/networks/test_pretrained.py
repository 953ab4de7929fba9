"""The networks that come trained: the one that ships, against other computations, and Keras' around it."""

import dataclasses
import hashlib
import io
import itertools
import json
import pickle
import shutil
import socket
import sys
import time
import types
import warnings
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from helpers import paths
from helpers.data import datasets
from helpers.errors import DataError
from helpers.networks import efficientnet_lite0, keras_applications, pretrained
from tools.make_assets import efficientnet_checkpoint as converter

import keras  # isort: skip  (helpers load TensorFlow quietly)

KERAS_NAMES = tuple(keras_applications.APPLICATIONS)
ANSWERS = json.loads(Path(__file__).with_name("efficientnet_lite0_float32.json").read_text())


@pytest.fixture(scope="module")
def lite():
    return pretrained.load("EfficientNet-Lite0")


@pytest.fixture(scope="module")
def scores():
    return pretrained.load("EfficientNet-Lite0", classifier_activation=None)


@pytest.fixture(scope="module")
def small():
    return pretrained.load("EfficientNet-Lite0", input_shape=(64, 64, 3))


@pytest.fixture(scope="module")
def backbone():
    return pretrained.load("EfficientNet-Lite0", include_top=False, input_shape=(64, 64, 3))


@pytest.fixture(scope="module")
def random_backbone():
    return pretrained.load("EfficientNet-Lite0", include_top=False, input_shape=(225, 32, 3), weights=None)


def lite_model(**options):
    return pretrained.load("EfficientNet-Lite0", **options).model


@pytest.fixture(scope="module")
def photos():
    return {name: pretrained.prepare_photo(datasets.photo(name)) for name in ANSWERS}


def size(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


# EfficientNet-Lite0 and its weights


def parameters_by_hand():
    """Trainable parameters, and BatchNorm's moving statistics, from the table in the paper."""
    table = [  # expansion, kernel, filters, blocks
        (1, 3, 16, 1), (6, 3, 24, 2), (6, 5, 40, 2), (6, 3, 80, 3), (6, 5, 112, 3), (6, 5, 192, 4), (6, 3, 320, 1),
    ]  # fmt: skip
    trainable, normalised, channels = 3 * 3 * 3 * 32, 32, 32
    for expansion, kernel, filters, blocks in table:
        for _ in range(blocks):
            wide = channels * expansion
            if expansion > 1:
                trainable, normalised = trainable + channels * wide, normalised + wide
            trainable += kernel * kernel * wide + wide * filters
            normalised += wide + filters
            channels = filters
    trainable += channels * 1280 + 1280 * 1000 + 1000
    normalised += 1280
    return trainable + 2 * normalised, 2 * normalised


def test_parameters(lite):
    trainable, moving = parameters_by_hand()
    assert trainable == 4_652_008 == size(lite.model.trainable_weights)
    assert moving == 42_016 == size(lite.model.non_trainable_weights)
    assert lite.model.count_params() == trainable + moving


def test_only_layers_that_keras_has_itself(lite):
    for layer in lite.model.layers:
        assert type(layer).__module__.startswith("keras."), layer.name
        if isinstance(layer, keras.layers.BatchNormalization):
            assert layer.epsilon == 1e-3
        if isinstance(layer, keras.layers.ReLU):
            assert layer.max_value == 6
    assert {weight.dtype for weight in lite.model.weights} == {"float32"}


def numpy_forward(weights, x):
    """EfficientNet-Lite0 without Keras, in float64: the scores before the softmax."""

    def same(x, kernel, stride):
        pads = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[1:3]]
        return np.pad(x, [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)])

    def windows(x, kernel, stride):
        padded = same(x, kernel, stride)
        rows, columns = (-(-size // stride) for size in x.shape[1:3])
        for i, j in itertools.product(range(kernel), repeat=2):
            yield (
                i,
                j,
                padded[:, i : i + stride * rows : stride, j : j + stride * columns : stride][
                    :, :rows, :columns
                ],
            )

    def normalise(x, name):
        gamma, beta, mean, variance = (
            weights[f"{name}/{kind}"] for kind in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta

    def relu6(x):
        return np.clip(x, 0, 6)

    kernel = weights["stem_conv/kernel"]
    x = relu6(normalise(sum(part @ kernel[i, j] for i, j, part in windows(x, 3, 2)), "stem_bn"))
    for number, (kernel_size, stride, blocks) in enumerate(
        [(3, 1, 1), (3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4), (3, 1, 1)], start=1
    ):
        for letter in "abcd"[:blocks]:
            name, inputs, step = f"block{number}{letter}", x, stride if letter == "a" else 1
            if number > 1:
                x = relu6(normalise(x @ weights[f"{name}_expand_conv/kernel"][0, 0], f"{name}_expand_bn"))
            kernel = weights[f"{name}_dwconv/kernel"][..., 0]
            x = sum(part * kernel[i, j] for i, j, part in windows(x, kernel_size, step))
            x = relu6(normalise(x, f"{name}_bn"))
            x = normalise(x @ weights[f"{name}_project_conv/kernel"][0, 0], f"{name}_project_bn")
            if letter != "a":
                x = x + inputs
    x = relu6(normalise(x @ weights["top_conv/kernel"][0, 0], "top_bn")).mean(axis=(1, 2))
    return x @ weights["predictions/kernel"] + weights["predictions/bias"]


def test_the_same_scores_as_in_numpy():
    with np.load(paths.ASSETS / "efficientnet_lite0.npz", allow_pickle=False) as archive:
        weights = {name: archive[name].astype(np.float64) for name in archive.files}
    images = np.random.default_rng(0).uniform(-1, 1, (2, 97, 75, 3)).astype(np.float32)
    model = lite_model(input_shape=(97, 75, 3), classifier_activation=None)
    found = np.asarray(model(images, training=False))
    np.testing.assert_allclose(found, numpy_forward(weights, images.astype(np.float64)), atol=2e-4)


def test_float16_weights_change_the_answers_little(photos, lite, scores):
    """Against the answers of the float32 weights: measured differences are 0.045 (scores) and 0.004 at most."""
    batch = lite.preprocess(np.stack([photos[name] for name in ANSWERS]))
    exact = np.array([ANSWERS[name] for name in ANSWERS])
    np.testing.assert_allclose(scores.model(batch, training=False), exact, atol=0.1)
    exact = np.exp(exact) / np.exp(exact).sum(axis=1, keepdims=True)
    found = np.asarray(lite.model(batch, training=False))
    np.testing.assert_allclose(found, exact, atol=0.01)
    assert (found.argmax(axis=1) == exact.argmax(axis=1)).all()


@pytest.mark.parametrize(
    ("photo", "right", "least"),
    [
        ("chelsea", {"tabby", "tiger cat", "Egyptian cat"}, 0.8),
        ("coffee", {"espresso", "coffee mug", "cup"}, 0.9),
        ("rocket", {"missile", "projectile", "space shuttle"}, 0.4),
    ],
)
def test_known_photographs(lite, photos, photo, right, least):
    answer = lite.top(photos[photo])
    assert len(answer) == 5 and answer[0][0] in right
    assert sum(probability for name, probability in answer if name in right) > least
    probabilities = [probability for _, probability in answer]
    assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) <= 1.000001


def test_the_wrong_preprocessing_gives_another_answer(lite, photos):
    """What notebook 07 shows: values from 0 to 255 are no error, and no cat either."""
    probabilities = np.asarray(lite.model(photos["coffee"][None].astype(np.float32), training=False))[0]
    assert pretrained.class_names()[probabilities.argmax()] != lite.top(photos["coffee"], 1)[0][0]


def test_feature_maps(random_backbone):
    model = random_backbone.model
    assert model.output_shape == (None, 8, 1, 1280)
    assert model.layers[-1].name == efficientnet_lite0.FEATURE_LAYER


def test_feature_map_and_head_make_the_whole(lite, small, backbone):
    assert backbone.feature_layer == lite.feature_layer == "top_activation" and not backbone.include_top
    inputs = backbone.preprocess(pretrained.prepare_photo(datasets.photo("chelsea"), size=64)[None])
    features = np.asarray(backbone.model(inputs, training=False))
    assert features.shape == (1, 2, 2, 1280) and features.max() <= 6
    whole = np.asarray(small.model(inputs, training=False))
    head = np.asarray(lite.model.get_layer("predictions")(features.mean(axis=(1, 2))))
    np.testing.assert_allclose(head, whole, atol=1e-5)


def test_fine_tuning_reaches_the_first_block(backbone):
    before = backbone.model.get_weights()
    x = keras.layers.GlobalAveragePooling2D()(backbone.model.output)
    model = keras.Model(inputs=backbone.model.input, outputs=keras.layers.Dense(units=3)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1), loss=loss, run_eagerly=True)
    kernel = backbone.model.get_layer("block1a_dwconv").kernel
    first = kernel.numpy()
    images = np.random.default_rng(0).uniform(-1, 1, (4, 64, 64, 3)).astype(np.float32)
    model.train_on_batch(images, np.array([0, 1, 2, 0]))
    assert np.abs(kernel.numpy() - first).max() > 1e-6
    backbone.model.set_weights(before)


# What ships


@pytest.mark.parametrize("name", list(pretrained.CHECKSUMS))
@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_damaged_file(name, damage, tmp_path, monkeypatch):
    content = (paths.ASSETS / name).read_bytes()
    middle = len(content) // 2
    if damage == "cut":
        (tmp_path / name).write_bytes(content[:middle])
    elif damage == "changed":
        (tmp_path / name).write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    monkeypatch.setattr(pretrained, "ASSETS", tmp_path)
    pretrained.class_names.cache_clear()
    with pytest.raises(DataError, match=name) as error:
        lite_model(input_shape=(32, 32, 3)) if name.endswith("npz") else pretrained.class_names()
    assert ("cannot be read" if damage == "missing" else "is damaged") in str(error.value)
    assert "helpers/assets" in str(error.value)


def test_class_list_with_windows_line_ends(tmp_path, monkeypatch):
    content = (paths.ASSETS / "imagenet_classes.txt").read_bytes()
    (tmp_path / "imagenet_classes.txt").write_bytes(content.replace(b"\n", b"\r\n"))
    expected = pretrained.class_names()
    monkeypatch.setattr(pretrained, "ASSETS", tmp_path)
    pretrained.class_names.cache_clear()
    assert pretrained.class_names() == expected


def test_class_names():
    names = pretrained.class_names()
    assert len(names) == len(set(names)) == 1000
    known = {
        0: "tench",
        281: "tabby",
        285: "Egyptian cat",
        657: "missile",
        812: "space shuttle",
        967: "espresso",
    }
    assert {label: names[label] for label in known} == known and names[999] == "toilet tissue"
    lines = (paths.ASSETS / "imagenet_classes.txt").read_text().splitlines()
    synsets = [line.split(" ")[0] for line in lines]
    assert synsets == sorted(synsets) and synsets[281] == "n02123045"


def test_weights_file_has_the_same_bytes_when_written_again(tmp_path):
    shipped = paths.ASSETS / "efficientnet_lite0.npz"
    with np.load(shipped, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
    converter.write_npz(tmp_path / "again.npz", arrays)
    assert (tmp_path / "again.npz").read_bytes() == shipped.read_bytes()


class CheckpointWriter(pickle.Pickler):
    """Writes tensors as PyTorch before 1.6 did, without PyTorch."""

    def persistent_id(self, value):
        if isinstance(value, types.SimpleNamespace):
            return "storage", value.kind, value.key, "cpu", len(value.data), None
        return None


def test_the_converter_knows_the_blocks():
    assert [stage.blocks for stage in efficientnet_lite0.STAGES] == list(converter.BLOCKS)


@pytest.fixture
def stand_in_torch(monkeypatch):
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch._utils, torch.__path__ = utils, []

    def _rebuild_tensor_v2(*description):
        raise AssertionError("the converter must not call PyTorch")

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


def checkpoint(*objects, ending=b""):
    file = io.BytesIO()
    for value in objects:
        CheckpointWriter(file, protocol=2).dump(value)
    file.write(ending)
    file.seek(0)
    return file


def test_checkpoint_is_read_without_pytorch(stand_in_torch):
    data = np.arange(7, dtype="<f4")
    storage = types.SimpleNamespace(kind=stand_in_torch.FloatStorage, key="12", data=data)

    class Tensor:
        def __reduce__(self):  # six numbers from the second one on, column by column
            return stand_in_torch._utils._rebuild_tensor_v2, (
                storage,
                1,
                (2, 3),
                (1, 2),
                False,
                OrderedDict(),
            )

    head = (converter.MAGIC, 1001, {"little_endian": True})
    ending = len(data).to_bytes(8, "little") + data.tobytes()
    tensors = converter.read_checkpoint(checkpoint(*head, OrderedDict(w=Tensor()), ["12"], ending=ending))
    np.testing.assert_array_equal(tensors["w"], [[1, 3, 5], [2, 4, 6]])
    with pytest.raises(AssertionError):
        converter.read_checkpoint(checkpoint(*head, OrderedDict(w=Tensor()), ["12"], ending=ending + b"more"))


def test_axes_and_names_are_turned_into_keras_own():
    rng = np.random.default_rng(0)
    filters, channels, rows, columns = 4, 3, 2, 5  # PyTorch's order
    tensors = {
        "_conv_stem.weight": rng.random((filters, channels, rows, columns)),
        "_blocks.0._depthwise_conv.weight": rng.random((channels, 1, rows, columns)),
        "_blocks.2._expand_conv.weight": rng.random((filters, channels, 1, 1)),
        "_blocks.15._bn2.running_var": rng.random(7),
        "_blocks.15._bn2.num_batches_tracked": np.array(9),
        "_bn1.weight": rng.random(7),
        "_fc.weight": rng.random((10, 7)),
        "_fc.bias": rng.random(10),
    }
    arrays = converter.to_keras(tensors)
    names = [
        "stem_conv/kernel",
        "block1a_dwconv/kernel",
        "block2b_expand_conv/kernel",
        "block7a_project_bn/moving_variance",
    ]
    assert list(arrays) == [*names, "top_bn/gamma", "predictions/kernel", "predictions/bias"]
    stem, depthwise = arrays["stem_conv/kernel"], arrays["block1a_dwconv/kernel"]
    assert stem.shape == (rows, columns, channels, filters) and depthwise.shape == (
        rows,
        columns,
        channels,
        1,
    )
    assert stem[1, 4, 2, 3] == tensors["_conv_stem.weight"][3, 2, 1, 4]
    assert depthwise[1, 4, 2, 0] == tensors["_blocks.0._depthwise_conv.weight"][2, 0, 1, 4]
    assert arrays["predictions/kernel"][6, 9] == tensors["_fc.weight"][9, 6]


def test_checkpoint_with_code_is_refused(tmp_path):
    class Harm:
        def __reduce__(self):
            return Path.touch, (tmp_path / "harm",)

    with pytest.raises(pickle.UnpicklingError, match="no business"):
        converter.read_checkpoint(checkpoint(converter.MAGIC, 1001, {"little_endian": True}, Harm(), []))
    assert not (tmp_path / "harm").exists()


# Preparing images, and answers


def test_prepare_photo():
    photo = datasets.photo("coffee")
    assert photo.shape[:2] == (400, 600)
    prepared = pretrained.prepare_photo(photo)
    assert prepared.shape == (224, 224, 3) and prepared.dtype == np.uint8
    step = 400 / 256  # the short side becomes 256 pixels; the middle pixel stays in the middle
    assert pretrained.prepare_photo(photo.transpose(1, 0, 2), size=75).shape == (75, 75, 3)
    ramp = np.tile(np.arange(600) * 255 // 599, (400, 1)).astype(np.uint8)
    row = pretrained.prepare_photo(ramp)[112, :, 0].astype(float)
    assert abs(row.mean() - 127.5) < 1
    assert abs((row[-1] - row[0]) - 223 * step * 255 / 599) < 2


def test_prepare_photo_smooths():
    stripes = np.zeros((896, 896, 3), np.uint8)
    stripes[:, ::2] = 255
    middle = pretrained.prepare_photo(stripes)[20:-20, 20:-20]
    assert np.abs(middle.astype(int) - 127).max() < 20


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((50, 50, 3)),
        np.zeros((50, 50, 4), np.uint8),
        np.zeros((2, 50, 50, 3), np.uint8),
        np.zeros(0, np.uint8),
    ],
)
def test_prepare_photo_refuses(image):
    with pytest.raises(ValueError, match="uint8 photograph"):
        pretrained.prepare_photo(image)


def test_preprocess_lite(lite):
    image = np.array([[[0, 51, 255]]], np.uint8)
    expected = np.array([[[-1, -0.6, 1]]])
    for given in (
        image,
        image.astype(np.float64),
        image.tolist(),
        image[None],
        keras.ops.convert_to_tensor(image),
    ):
        found = lite.preprocess(given)
        np.testing.assert_allclose(np.asarray(found).reshape(1, 1, 3), expected, atol=1e-6)
    assert lite.preprocess(image).dtype == np.float32 and image.max() == 255
    symbolic = lite.preprocess(keras.Input(shape=(8, 8, 3), dtype="uint8"))
    assert symbolic.shape == (None, 8, 8, 3)


def test_preprocess_refuses(lite):
    with pytest.raises(ValueError, match="rescaled already"):
        lite.preprocess(np.full((4, 4, 3), 0.5))
    with pytest.raises(ValueError, match="rescaled already"):
        lite.preprocess(lite.preprocess(np.full((4, 4, 3), 200, np.uint8)))
    assert lite.preprocess(np.zeros((4, 4, 3))).max() == -1  # a black image is one
    with pytest.raises(ValueError, match="not the shape 4×4"):
        lite.preprocess(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="not the shape 4×4×1"):
        lite.preprocess(np.zeros((4, 4, 1), np.uint8))


def test_top_of_a_batch(small):
    pair = {name: pretrained.prepare_photo(datasets.photo(name), size=64) for name in ("coffee", "chelsea")}
    answers = small.top(
        np.stack([pair["coffee"], pair["chelsea"]] * 17), count=2
    )  # more than a portion of 32
    assert len(answers) == 34 and all(len(answer) == 2 for answer in answers)
    singles = [small.top(pair[name], count=2) for name in ("coffee", "chelsea")]
    for number, answer in enumerate(answers):
        single = singles[number % 2]
        assert [label for label, _ in answer] == [label for label, _ in single]
        assert answer[0][1] == pytest.approx(single[0][1], abs=1e-4)
    assert len(small.top(pair["coffee"], count=5000)) == 1000


def test_top_without_softmax_gives_the_same_probabilities(lite, photos, scores):
    found, expected = scores.top(photos["rocket"]), lite.top(photos["rocket"])
    assert [name for name, _ in found] == [name for name, _ in expected]
    np.testing.assert_allclose([value for _, value in found], [value for _, value in expected], atol=1e-5)


def test_top_refuses(lite, backbone):
    with pytest.raises(ValueError, match="include_top=True"):
        backbone.top(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(ValueError, match=r"224×224×3, not 300×451×3: .*prepare_photo\(image, size=224\)"):
        lite.top(datasets.photo("chelsea"))
    with pytest.raises(ValueError, match="at least 1"):
        lite.top(np.zeros((224, 224, 3), np.uint8), count=0)


def test_what_it_says_of_itself(lite, random_backbone):
    assert str(lite) == (
        "EfficientNet-Lite0: images of 224×224×3, 1,000 classes; "
        "Google's ImageNet weights, which ship with the course; Apache-2.0"
    )
    assert repr(random_backbone) == (
        "EfficientNet-Lite0: images of 225×32×3, no classifier; random weights; no license needed"
    )


# Wrong arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_shape": (31, 224, 3)}, "at least"),
        ({"input_shape": (224, 224, 1)}, "color"),
        ({"input_shape": (224, 224)}, "height, width, 3"),
        ({"input_shape": 224}, "height, width, 3"),
        ({"weights": "imagent"}, "weights must be"),
        ({"classifier_activation": "relu"}, "classifier_activation"),
    ],
)
def test_wrong_arguments(options, message):
    for name in pretrained.NAMES:
        with pytest.raises(ValueError, match=message):
            pretrained.load(name, **{"include_top": False, "weights": None} | options)


def test_sizes_that_are_not_whole():
    with pytest.raises(TypeError, match="height must be a whole number"):
        pretrained.load("VGG16", include_top=False, input_shape=(None, None, 3), weights=None)


def test_smallest_sizes():
    with pytest.raises(ValueError, match="InceptionV3 needs images of at least 75×75 pixels, not 96×74"):
        pretrained.load("InceptionV3", include_top=False, input_shape=(96, 74, 3))


def test_unknown_name():
    with pytest.raises(ValueError, match="unknown network 'Inception'") as error:
        pretrained.load("Inception")
    assert all(name in str(error.value) for name in pretrained.NAMES)


def test_a_trained_classifier_has_one_size():
    with pytest.raises(ValueError, match="299×299×3 only, not 128×128×3"):
        pretrained.load("InceptionV3", input_shape=(128, 128, 3))


# keras.applications, without a network


def small_shape(name):
    size = keras_applications.APPLICATIONS[name].least
    return size, size, 3


@pytest.fixture
def asked(monkeypatch):
    """Keras' download replaced: what it was asked for, (name, address, folder, MD5); the weights stay random."""
    from keras.src.utils import file_utils

    calls = []
    monkeypatch.setattr(
        file_utils,
        "get_file",
        lambda fname, origin, cache_subdir, file_hash=None: calls.append(
            (fname, origin, cache_subdir, file_hash)
        ),
    )
    monkeypatch.setattr(keras.Model, "load_weights", lambda model, path: None)
    monkeypatch.setattr(keras_applications, "check_network", lambda url: None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield calls


def expected_file(name, *, include_top, input_shape):
    url = keras_applications.weights_url(name, include_top=include_top, input_shape=input_shape)
    md5 = keras_applications.APPLICATIONS[name].md5
    return keras_applications.cached(url).name, url, "models", md5 and md5[0 if include_top else 1]


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_keras_network(name, asked):
    """The feature layer is the last map, images are prepared as Keras says, weights are where Keras looks."""
    shape = small_shape(name)
    network = pretrained.load(name, include_top=False, input_shape=shape)
    assert asked == [expected_file(name, include_top=False, input_shape=shape)]

    features = network.model.get_layer(network.feature_layer).output
    assert len(features.shape) == 4 and network.input_shape == shape
    if name == "VGG16":
        assert network.model.output.shape[1] == features.shape[1] // 2  # the pooling after it
    else:
        assert network.model.output is features

    images = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    module = getattr(keras.applications, keras_applications.APPLICATIONS[name].module)
    expected = module.preprocess_input(images.astype(np.float32))
    as_float = images.astype(np.float32)
    np.testing.assert_allclose(network.preprocess(images), expected, atol=1e-4)
    np.testing.assert_allclose(network.preprocess(as_float), expected, atol=1e-4)
    np.testing.assert_array_equal(as_float, images)  # Keras by itself would have changed them
    tensor = network.preprocess(keras.ops.convert_to_tensor(images))
    np.testing.assert_allclose(tensor, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "options"),
    [("MobileNetV2", {"include_top": False, "input_shape": (96, 96, 3)}), ("EfficientNetB0", {})],
)
def test_weights_are_where_keras_looks(name, options, asked):
    network = pretrained.load(name, **options)
    assert asked == [expected_file(name, include_top=network.include_top, input_shape=network.input_shape)]


def test_the_checksums_with_the_classifier_are_keras_own():
    """Those without it are seen in test_keras_network."""
    from keras.src.applications import densenet, efficientnet, inception_v3, resnet, vgg16, xception

    modules = {
        "InceptionV3": inception_v3,
        "ResNet50": resnet,
        "VGG16": vgg16,
        "EfficientNetB0": efficientnet,
    }
    for name, module in (modules | {"Xception": xception, "DenseNet121": densenet}).items():
        source = Path(module.__file__).read_text(encoding="utf-8")
        assert all(f'"{md5}"' in source for md5 in keras_applications.APPLICATIONS[name].md5)


def test_a_failed_download_names_the_ways_out(monkeypatch, asked):
    from keras.src.utils import file_utils

    def get_file(*_, **__):
        raise Exception("URL fetch failure")  # what Keras raises

    monkeypatch.setattr(file_utils, "get_file", get_file)
    with pytest.raises(DataError, match=r"MobileNetV2 could not be loaded \(URL fetch failure\)"):
        pretrained.load("MobileNetV2", include_top=False, input_shape=(32, 32, 3))


def test_cache_folder_is_keras_own():
    from keras.src.backend.config import keras_home

    assert keras_applications.cached("https://host/file.h5") == Path(keras_home()) / "models" / "file.h5"


def test_without_a_network_the_answer_comes_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def refuse(*_, **__):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(keras.applications, "ResNet50", lambda **_: pytest.fail("Keras must not be asked"))
    start = time.perf_counter()
    with pytest.raises(DataError) as error:
        pretrained.load("ResNet50")
    assert time.perf_counter() - start < 5
    message = str(error.value)
    assert "resnet50_weights_tf_dim_ordering_tf_kernels.h5" in message and str(tmp_path / "models") in message
    assert "Connect" in message and "EfficientNet-Lite0" in message and "unreachable" in message


@pytest.fixture
def small_networks(tmp_path, monkeypatch):
    """An empty Keras home, and VGG16 and MobileNetV2 as nets of one layer, whose weights the cache or a net gives."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras_applications, "check_network", lambda url: None)
    good = tmp_path / "good.weights.h5"
    state = types.SimpleNamespace(downloads=0, limits=[], serve=good)

    def network():
        inputs = keras.Input((224, 224, 3))
        return keras.Model(
            inputs, keras.layers.Dense(2, name="out")(keras.layers.Flatten()(inputs[:, :2, :2]))
        )

    network().save_weights(good)

    def make(file_name, **options):
        """As `keras.applications` does: build, get the file unless it is there, load."""
        file = tmp_path / "models" / file_name
        state.limits.append(socket.getdefaulttimeout())
        model = network()
        if not file.exists():
            state.downloads += 1
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(state.serve.read_bytes())
        model.load_weights(
            shutil.copy(file, tmp_path / "copy.weights.h5")
        )  # the ending that Keras wants here
        return model

    state.files = {}
    for name in ("VGG16", "MobileNetV2"):
        url = keras_applications.weights_url(name, include_top=True, input_shape=(224, 224, 3))
        state.files[name] = keras_applications.cached(url)
        monkeypatch.setattr(keras.applications, name, lambda f=state.files[name].name, **o: make(f, **o))
    md5 = hashlib.md5(good.read_bytes()).hexdigest()
    vgg16 = dataclasses.replace(keras_applications.APPLICATIONS["VGG16"], md5=(md5, md5))
    monkeypatch.setitem(keras_applications.APPLICATIONS, "VGG16", vgg16)
    return state


def test_weights_in_the_cache_need_no_network(small_networks, monkeypatch):
    monkeypatch.setattr(keras_applications, "check_network", lambda url: pytest.fail("no network is needed"))
    file = small_networks.files["VGG16"]
    file.parent.mkdir()
    file.write_bytes(small_networks.serve.read_bytes())
    network = pretrained.load("VGG16")
    assert (
        network.source == "ImageNet weights from keras.applications.VGG16" and network.license == "CC BY 4.0"
    )
    assert small_networks.downloads == 0
    assert small_networks.limits == [keras_applications.STALLED] and socket.getdefaulttimeout() is None


def bad_weights(good, kind, path):
    if kind == "another network":
        inputs = keras.Input((4,))
        keras.Model(inputs, keras.layers.Dense(3, name="out")(inputs)).save_weights(
            path.parent / "x.weights.h5"
        )
        return (path.parent / "x.weights.h5").read_bytes()
    return {"empty": b"", "cut": good[: len(good) // 2], "a web page": b"<html>log in</html>"}[kind]


@pytest.mark.parametrize("name", ["VGG16", "MobileNetV2"])
@pytest.mark.parametrize("kind", ["empty", "cut", "a web page", "another network"])
def test_weights_that_cannot_be_used_are_put_aside_and_fetched_again(
    small_networks, name, kind, tmp_path, capsys
):
    """MobileNetV2 is the one whose checksum Keras does not know: it tried the same broken file for ever."""
    file, good = small_networks.files[name], small_networks.serve.read_bytes()
    file.parent.mkdir()
    bad = bad_weights(good, kind, tmp_path / "bad")
    file.write_bytes(bad)
    earlier = file.with_name(f"{file.name}.unusable")
    earlier.write_bytes(b"an earlier one")
    pretrained.load(name)
    assert small_networks.downloads == 1 and file.read_bytes() == good
    aside = file.with_name(f"{file.name}.unusable2")
    assert aside.read_bytes() == bad and earlier.read_bytes() == b"an earlier one"
    told = capsys.readouterr().out
    assert str(file) in told and f"It is called {aside.name} now" in told
    pretrained.load(name)
    assert small_networks.downloads == 1


@pytest.mark.parametrize("name", ["VGG16", "MobileNetV2"])
def test_without_a_network_a_broken_file_stays_and_is_named(small_networks, name, monkeypatch):
    def unreachable(url):
        raise DataError("there is no way to the network")

    monkeypatch.setattr(keras_applications, "check_network", unreachable)
    file = small_networks.files[name]
    file.parent.mkdir()
    file.write_bytes(b"cut")
    with pytest.raises(DataError, match="Delete that file, connect .* no way to the network") as error:
        pretrained.load(name)
    assert str(file) in str(error.value) and "EfficientNet-Lite0" in str(error.value)
    assert [path.name for path in file.parent.iterdir()] == [file.name] and file.read_bytes() == b"cut"


def test_a_download_that_is_broken_is_not_tried_for_ever(small_networks, tmp_path):
    small_networks.serve = tmp_path / "portal"
    small_networks.serve.write_bytes(b"<html>log in</html>")
    for downloads in (1, 2):  # the second time the broken file is there: it is put aside, and tried once more
        with pytest.raises(DataError, match="MobileNetV2 could not be loaded"):
            pretrained.load("MobileNetV2")
        assert small_networks.downloads == downloads


def test_a_home_that_cannot_be_used_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_applications, "check_network", lambda url: pytest.fail("asked too early"))
    monkeypatch.setattr(keras.applications, "ResNet50", lambda **_: pytest.fail("Keras must not be asked"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="file is not a folder that can be written to. Set the .* KERAS_HOME"):
        pretrained.load("ResNet50")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "locked" / "keras"))
    monkeypatch.setattr(keras_applications.os, "access", lambda place, mode: False)  # root may write anywhere
    with pytest.raises(DataError, match="KERAS_HOME to a folder of your own"):
        pretrained.load("ResNet50")
