"""Explanations: by pencil, against finite differences and loops, on nested nets, and that a net stays as it was."""

import functools
import random
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers.data import datasets
from helpers.inside import explain, heat_maps, sanity_check
from helpers.networks import builders, pretrained


def with_random_weights(model, seed=0, scale=0.5):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        size = 1 + rng.random(weight.shape) if "variance" in weight.name else rng.normal(size=weight.shape)
        weight.assign(scale * size)
    return model


def head(x, classes, kind, dtype=None):
    """A classifier's end: softmax or sigmoid, softmax in a layer of its own, or logits."""
    activation = kind if kind in ("softmax", "sigmoid") else None
    x = layers.Dense(classes, activation=activation, name="scores", dtype=dtype)(x)
    return layers.Activation("softmax", name="probabilities", dtype=dtype)(x) if kind == "activation" else x


def small_net(
    kind="softmax", *, flatten=False, shape=(6, 5, 2), classes=3, seed=0, dtype=None, inputs_dtype=None
):
    """Rescaling, a convolution, BatchNormalization with statistics of its own, ReLU, pooling, dropout, head."""
    inputs = keras.Input(shape, dtype=inputs_dtype or dtype, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-0.5, name="rescale", dtype=dtype)(inputs)
    x = layers.Conv2D(4, 3, padding="same", name="conv", dtype=dtype)(x)
    x = layers.BatchNormalization(name="bn", dtype=dtype)(x)
    x = layers.ReLU(name="relu", dtype=dtype)(x)
    if flatten:
        x = layers.Flatten(name="flatten", dtype=dtype)(layers.MaxPooling2D(2, name="pool", dtype=dtype)(x))
        x = layers.Dense(5, activation="tanh", name="hidden", dtype=dtype)(x)
    else:
        x = layers.GlobalAveragePooling2D(name="average", dtype=dtype)(x)
    x = layers.Dropout(0.5, name="drop", dtype=dtype)(x)
    return with_random_weights(keras.Model(inputs, head(x, classes, kind, dtype)), seed)


shared_net = functools.cache(small_net)  # for tests that leave it as it is


def images_for(model, count=4, seed=1):
    size = (count, *model.inputs[0].shape[1:])
    return np.random.default_rng(seed).integers(0, 256, size=size, dtype=np.uint8)


def inner(model, name):
    """The output of a layer by a sub-model, the way one writes it by hand."""
    return keras.Model(model.input, model.get_layer(name).output)


# ------------------------------------------------------------------------------------------------- Grad-CAM


def pencil_net(flatten=False):
    """Two filters, of 1 and of -1, with ReLU; then two classes from the mean of each map, or from its places."""
    inputs = keras.Input((2, 2, 1))
    x = layers.Conv2D(2, 1, activation="relu", use_bias=False, name="conv")(inputs)
    x = (layers.Flatten() if flatten else layers.GlobalAveragePooling2D())(x)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", use_bias=False, name="out")(x))
    model.get_layer("conv").kernel.assign([[[[1, -1]]]])
    return model


PENCIL = np.array([[[[1], [2]], [[-3], [4]]]], "float32")  # maps: 1 2 / 0 4 and 0 0 / 3 0; means 7/4 and 3/4


def test_grad_cam_by_pencil():
    """Class 0 is 4 * mean_1 - 8 * mean_2 = 7 - 6 = 1, class 1 is -4 * mean_1 + 12 * mean_2 = -7 + 9 = 2.

    A place counts a quarter in its mean. So for class 0 the gradients are 4 / 4 = 1 and -8 / 4 = -2 at every
    place, which are the weights of the maps, and 1 * (1 2 / 0 4) - 2 * (0 0 / 3 0) = 1 2 / -6 4, cut at 0.
    For class 1, the predicted one, they are -1 and 3: -1 * (1 2 / 0 4) + 3 * (0 0 / 3 0) = -1 -2 / 9 -4.
    """
    model = pencil_net()
    model.get_layer("out").kernel.assign([[4, -4], [-8, 12]])
    first, second = [[1, 2], [0, 4]], [[0, 0], [9, 0]]
    np.testing.assert_allclose(explain.grad_cam(model, PENCIL, 0), [first], atol=1e-6)
    np.testing.assert_allclose(explain.grad_cam(model, PENCIL), [second], atol=1e-6)
    both = explain.grad_cam(model, PENCIL.repeat(2, axis=0), np.array([1, 0]))
    np.testing.assert_allclose(both, [second, first], atol=1e-6)
    assert both.dtype == np.float32


def test_grad_cam_with_flatten_by_pencil():
    """Flattened by places, then maps: the kernel's rows are place 1 map 1, place 1 map 2, place 2 map 1, ...

    For class 0 map 1 has the gradients 1 2 / 3 6 with mean 3 and map 2 has 0 0 / 0 -4 with mean -1. So the map
    is 3 * (1 2 / 0 4) - 1 * (0 0 / 3 0) = 3 6 / -3 12, cut at 0.
    """
    model = pencil_net(flatten=True)
    model.get_layer("out").kernel.assign([[1, 0], [0, 0], [2, 0], [0, 0], [3, 0], [0, 0], [6, 0], [-4, 0]])
    np.testing.assert_allclose(explain.grad_cam(model, PENCIL, 0), [[[3, 6], [0, 12]]], atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_grad_cam_equals_finite_differences_of_a_tail_in_numpy(seed):
    """The net after its feature map once more in NumPy; each place of each map is moved by itself."""
    model = small_net(flatten=True, seed=seed, dtype="float64")
    images = images_for(model, seed=seed)
    hidden, scores = (model.get_layer(name) for name in ("hidden", "scores"))
    hidden.kernel.assign(0.1 * hidden.kernel)  # so that tanh is not flat
    (kernel, bias), (end_kernel, end_bias) = hidden.get_weights(), scores.get_weights()

    def tail(features, label):
        rows, columns, channels = features.shape
        cut = np.maximum(features, 0)[: rows // 2 * 2, : columns // 2 * 2]
        pooled = cut.reshape(rows // 2, 2, columns // 2, 2, channels).max(axis=(1, 3))
        return (np.tanh(pooled.reshape(-1) @ kernel + bias) @ end_kernel + end_bias)[label]

    labels = [2, 0, 1, 2]
    for features, label, found in zip(
        inner(model, "bn")(images.astype(float)).numpy(),  # before ReLU: no two places tie at 0
        labels,
        explain.grad_cam(model, images, labels, layer_name="bn"),
        strict=True,
    ):
        gradient = np.zeros_like(features)
        for place in np.ndindex(features.shape):
            step = np.zeros_like(features)
            step[place] = 1e-6
            gradient[place] = (tail(features + step, label) - tail(features - step, label)) / 2e-6
        expected = np.maximum((gradient.mean(axis=(0, 1)) * features).sum(axis=-1), 0)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
        assert found.max() > 1e-3


def test_with_global_average_pooling_it_is_the_class_activation_map():
    """CAM (Zhou et al., 2016) weights the maps by the classifier's kernel: Grad-CAM times the number of places."""
    model = shared_net("logits")
    images = images_for(model)
    maps = inner(model, "relu")(images).numpy()
    for label in range(3):
        cam = maps @ model.get_layer("scores").kernel.numpy()[:, label]
        found = explain.grad_cam(model, images, label, layer_name="relu")
        np.testing.assert_allclose(6 * 5 * found, np.maximum(cam, 0), rtol=1e-4, atol=1e-4)
        assert cam.min() < 0 < cam.max()


def test_a_softmax_that_is_sure_does_not_wipe_the_map_out():
    model = small_net("softmax")
    model.get_layer("scores").bias.assign([500, 0, -500])
    images = images_for(model)
    assert (model(images).numpy()[:, 0] == 1).all()  # so the gradient of the probability is 0
    for label in range(3):
        expected = explain.grad_cam(
            shared_net("logits"), images, label
        )  # a bias does not change the gradient
        np.testing.assert_allclose(explain.grad_cam(model, images, label), expected, rtol=1e-4, atol=1e-7)
        assert explain.saliency(model, images, label).max() > 1e-4


def test_more_images_than_run_together_and_one_by_one_agree():
    model = shared_net(flatten=True)
    images, labels = images_for(model, 70), np.arange(70) % 3
    together = explain.grad_cam(model, images, labels)
    assert together.shape == (70, 6, 5)
    for number in (0, 63, 64, 69):
        alone = explain.grad_cam(model, images[[number]], int(labels[number]))
        np.testing.assert_allclose(together[[number]], alone, rtol=1e-3, atol=1e-6)
    predicted = model(images).numpy().argmax(axis=1)
    assert len(set(predicted)) > 1
    np.testing.assert_array_equal(explain.grad_cam(model, images), explain.grad_cam(model, images, predicted))
    np.testing.assert_array_equal(explain.saliency(model, images), explain.saliency(model, images, predicted))


def test_a_net_that_gives_the_same_for_every_image_has_maps_of_zeros():
    model = small_net("logits")
    model.get_layer("scores").kernel.assign(np.zeros((4, 3)))
    images = images_for(model)
    with np.errstate(all="raise"):
        maps = explain.grad_cam(model, images)
        assert not maps.any() and not heat_maps.as_heat_map(maps, (6, 5)).any()
        assert not explain.saliency(model, images).any()
        assert not explain.occlusion(model, images[0], patch=2).any()


# -------------------------------------------------------------------------------- nets in nets, feature maps


def nested_pair(kind="softmax"):
    """The same net twice with the same weights: at one level, and as backbone, head and a net around them."""
    shape = (8, 6, 3)

    def backbone(x):
        x = layers.Conv2D(4, 3, name="conv_1")(x)
        x = layers.BatchNormalization(name="bn_1")(x)
        y = layers.ReLU(name="relu_1")(x)
        x = layers.Conv2D(4, 3, padding="same", name="conv_2")(y)
        return layers.ReLU(name="relu_2")(layers.Add(name="add")([x, y]))

    def top(x):
        x = layers.Dropout(0.5, name="drop")(layers.GlobalAveragePooling2D(name="average")(x))
        return head(layers.Dense(5, activation="relu", name="hidden")(x), 3, kind)

    inputs = keras.Input(shape)
    flat = keras.Model(inputs, top(backbone(layers.Rescaling(1 / 255, name="rescale")(inputs))))
    body_inputs, top_inputs, inputs = keras.Input(shape), keras.Input((6, 4, 4)), keras.Input(shape)
    body = keras.Model(body_inputs, backbone(body_inputs), name="backbone")
    ending = keras.Model(top_inputs, top(top_inputs), name="ending")
    x = layers.RandomFlip(name="flip")(layers.Rescaling(1 / 255, name="rescale")(inputs))
    nested = keras.Model(inputs, ending(body(x)))
    with_random_weights(flat)
    for layer in flat.layers:
        if layer.weights:
            part = body if layer.name in {one.name for one in body.layers} else ending
            part.get_layer(layer.name).set_weights(layer.get_weights())
    return flat, nested


@pytest.mark.parametrize("kind", ["softmax", "activation", "logits"])
def test_a_nested_backbone_and_head_explain_as_the_same_net_at_one_level(kind):
    flat, nested = nested_pair(kind)
    images = images_for(flat)
    np.testing.assert_allclose(flat(images), nested(images, training=False), rtol=1e-4, atol=1e-6)
    assert (explain.last_convolution(flat), explain.last_convolution(nested)) == ("relu_2", "backbone/relu_2")
    for label in (None, 2):
        expected = explain.grad_cam(flat, images, label)
        for name in (None, "backbone/relu_2", "backbone"):
            found = explain.grad_cam(nested, images, label, layer_name=name)
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    earlier = explain.grad_cam(
        flat, images, 2, layer_name="relu_1"
    )  # the sum takes it past the convolution too
    found = explain.grad_cam(nested, images, 2, layer_name="backbone/relu_1")
    np.testing.assert_allclose(found, earlier, rtol=1e-3, atol=1e-6)
    assert earlier.max() > 1e-3
    saliencies = [explain.saliency(model, images, 0) for model in (flat, nested)]
    np.testing.assert_allclose(*saliencies, rtol=1e-3, atol=1e-7)


def test_feature_maps_equal_sub_models_also_inside():
    flat, nested = nested_pair()
    images = images_for(flat, count=70)  # more than run together
    maps = explain.feature_maps(flat, images)
    names = ["rescale", "conv_1", "bn_1", "relu_1", "conv_2", "add", "relu_2"]
    ends = ["average", "drop", "hidden", "scores"]
    assert list(maps) == names + ends
    for name, found in maps.items():
        np.testing.assert_allclose(found, inner(flat, name)(images, training=False), rtol=1e-4, atol=1e-5)
    inside = explain.feature_maps(nested, images)
    assert list(inside) == [
        "rescale", "flip", *(f"backbone/{name}" for name in names[1:]), "backbone",
        *(f"ending/{name}" for name in ends), "ending",
    ]  # fmt: skip
    for name, found in inside.items():
        expected = {"flip": "rescale", "backbone": "relu_2", "ending": "scores"}.get(
            name, name.split("/")[-1]
        )
        np.testing.assert_allclose(found, maps[expected], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(inside["ending"].sum(axis=1), 1, rtol=1e-5)  # probabilities, not scores


def test_feature_maps_of_named_layers_only():
    _, nested = nested_pair()
    images = images_for(nested)
    everything = explain.feature_maps(nested, images)
    named = explain.feature_maps(nested, images, ["ending", "backbone/bn_1", "rescale"])
    assert list(named) == ["rescale", "backbone/bn_1", "ending"]
    for name, found in named.items():
        np.testing.assert_array_equal(found, everything[name])
    assert list(explain.feature_maps(nested, images, "backbone")) == ["backbone"]


def test_a_layer_that_is_called_twice_and_operations_are_followed():
    inputs = keras.Input((4, 4, 2))
    shared = layers.Conv2D(2, 3, padding="same", activation="relu", name="shared")
    x = shared(keras.ops.add(shared(inputs), 1.0))
    x = keras.ops.mean(keras.ops.multiply(x, x), axis=(1, 2))
    model = with_random_weights(keras.Model(inputs, head(x, 2, "softmax")))
    images = images_for(model) / 255
    assert explain.last_convolution(model).startswith("multiply")
    maps = explain.feature_maps(model, images, ["shared", "shared (2)"])
    kernel, bias = model.get_layer("shared").weights
    once = tf.nn.relu(tf.nn.conv2d(images.astype("float32"), kernel.value, 1, "SAME") + bias.value)
    twice = tf.nn.relu(tf.nn.conv2d(once + 1, kernel.value, 1, "SAME") + bias.value)
    np.testing.assert_allclose(maps["shared"], once, atol=1e-5)
    np.testing.assert_allclose(maps["shared (2)"], twice, atol=1e-5)
    weights = model.get_layer("scores").kernel.numpy()[:, 1]
    slope = (2 * twice.numpy() / 16 * weights).mean(axis=(1, 2), keepdims=True)  # of mean(x²)
    expected = np.maximum((slope * twice).numpy().sum(axis=-1), 0)
    found = explain.grad_cam(model, images, 1, layer_name="shared (2)")
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def chain(*operations, shape=(8, 8, 3)):
    x = inputs = keras.Input(shape)
    for operation in operations:
        x = operation(x)
    return keras.Model(inputs, x)


def dense_net(shape):
    scores = layers.Dense(10, activation="softmax")
    return chain(
        layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(6, activation="relu"), scores, shape=shape
    )


def squeezed():
    """A 1×1 convolution does the classifying after a pooling that keeps its axes, as in MobileNetV1."""
    return chain(
        layers.Conv2D(4, 3, name="conv"), layers.ReLU(name="relu"), layers.Dropout(0.1, name="drop"),
        layers.GlobalAveragePooling2D(keepdims=True), layers.Conv2D(3, 1, name="classifier"), layers.Flatten(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (builders.small_cnn, "conv_2"),
        (lambda: builders.build_convnet((8, 8, 3), 10, [4, "max_pool", 4, "max_pool"]), "relu_2"),
        (lambda: builders.vgg(width=0.05, batch_norm="after"), "bn_10"),
        (lambda: builders.residual_net(filters=(4, 4), blocks=1), "s2b1_relu2"),
        (squeezed, "relu"),
        (lambda: chain(layers.Conv2D(2, 3, name="a"), layers.Conv2D(2, 3, name="b"), layers.Flatten()), "b"),
        (lambda: chain(layers.Dense(2, name="on_channels"), layers.Flatten()), "on_channels"),
    ],
)
def test_the_last_convolution_is_before_pooling_and_dropout(build, expected):
    assert explain.last_convolution(build()) == expected


@pytest.mark.parametrize(
    "model",
    [
        lambda: dense_net((28, 28, 1)),  # Rescaling gives four axes, but has learned nothing
        lambda: dense_net((28, 28)),
        lambda: chain(layers.Normalization(), layers.Flatten(), layers.Dense(2)),
    ],
)
def test_a_net_without_convolution_has_none(model):
    with pytest.raises(ValueError, match="no convolutional feature map .* saliency and occlusion work"):
        explain.last_convolution(model())


# -------------------------------------------------------------------------------- saliency, occlusion, inputs


def test_saliency_equals_finite_differences():
    model = small_net("logits", flatten=True, dtype="float64")
    images, labels = images_for(model, 3), [1, 2, 0]
    found = explain.saliency(model, images, labels)
    assert found.shape == (3, 6, 5) and found.dtype == np.float32
    scores = tf.function(model)
    for number, label in enumerate(labels):
        slopes = np.zeros(images.shape[1:])
        for place in np.ndindex(slopes.shape):
            step = np.zeros((1, *slopes.shape))
            step[(0, *place)] = 1e-4
            up, down = (scores(tf.constant(images[[number]] + s)).numpy()[0, label] for s in (step, -step))
            slopes[place] = (up - down) / 2e-4
        np.testing.assert_allclose(found[number], np.abs(slopes).max(axis=-1), rtol=1e-3, atol=1e-7)
        assert (slopes.min(axis=-1) < -slopes.max(axis=-1)).any()  # where the sign matters
        assert (slopes[..., 0] != slopes[..., 1]).any()


@pytest.mark.parametrize("inputs_dtype", ["uint8", "int32", "float32"])
def test_models_that_take_bytes_have_gradients_too(inputs_dtype):
    expected, model = shared_net("softmax"), small_net("softmax", inputs_dtype=inputs_dtype)
    images = images_for(model)
    for given in (images, images.astype("float32"), images.astype(int)):
        for function in (explain.saliency, explain.grad_cam):
            np.testing.assert_array_equal(function(model, given), function(expected, images))
    assert explain.saliency(model, images).max() > 1e-4


def test_gray_images_may_come_without_their_channel_and_a_net_may_have_none():
    model = small_net("softmax", shape=(7, 9, 1))
    images = images_for(model)
    maps = explain.grad_cam(model, images[..., 0])
    assert maps.shape == (4, 7, 9)
    np.testing.assert_array_equal(maps, explain.grad_cam(model, images))
    drops = [explain.occlusion(model, image, patch=3, stride=2) for image in (images[0], images[0, ..., 0])]
    np.testing.assert_array_equal(*drops)
    flat = dense_net((7, 9))
    assert explain.saliency(flat, images[..., 0]).shape == (4, 7, 9)
    assert explain.occlusion(flat, images[0, ..., 0], patch=3, stride=2).shape == (3, 4)


def test_images_of_any_size():
    model = chain(
        layers.Conv2D(3, 3, padding="same", name="conv"), layers.GlobalAveragePooling2D(), layers.Dense(2),
        shape=(None, None, 3),
    )  # fmt: skip
    images = np.random.default_rng(0).random((2, 9, 12, 3))
    assert explain.grad_cam(model, images).shape == (2, 9, 12)
    assert explain.saliency(model, images[:, :5]).shape == (2, 5, 12)


def test_a_built_sequential_model_works():
    net = keras.Sequential([keras.Input((6, 5, 2)), layers.Conv2D(3, 3, name="conv"), layers.Flatten()])
    net.add(layers.Dense(3, activation="softmax", name="out"))
    late = keras.Sequential([layers.Conv2D(3, 3, name="conv"), layers.Flatten(), layers.Dense(3, name="out")])
    images = images_for(net)
    late(images)  # built by its first batch
    for model in (net, late):
        with_random_weights(model)
        assert explain.last_convolution(model) == "conv"
        assert list(explain.feature_maps(model, images)) == [layer.name for layer in model.layers]
        weights = model.get_layer("out").kernel.numpy()[:, 1].reshape(4, 3, 3).mean(axis=(0, 1))
        expected = np.maximum(explain.feature_maps(model, images, ["conv"])["conv"] @ weights, 0)
        np.testing.assert_allclose(explain.grad_cam(model, images, 1), expected, rtol=1e-3, atol=1e-4)
        copy = sanity_check.randomized(model, seed=1, layer_names=["out"])
        np.testing.assert_array_equal(copy.get_layer("conv").kernel, model.get_layer("conv").kernel)


@pytest.mark.parametrize(("fill", "size"), [(None, (10, 9)), (40, (10, 9)), ((1, 2, 200), (8, 12))])
def test_occlusion_equals_a_loop(fill, size):
    model = small_net("softmax", shape=(*size, 3), flatten=True)
    image = images_for(model)[0]
    drop = explain.occlusion(model, image, class_index=2, patch=4, stride=3, fill=fill)
    color = image.mean(axis=(0, 1)) if fill is None else np.array(fill)
    expected = np.zeros(((size[0] - 4) // 3 + 1, (size[1] - 4) // 3 + 1))
    for i, j in np.ndindex(expected.shape):
        hidden = image.astype("float32")
        hidden[3 * i : 3 * i + 4, 3 * j : 3 * j + 4] = color
        both = model(np.stack([image, hidden])).numpy()[:, 2]
        expected[i, j] = both[0] - both[1]
    np.testing.assert_allclose(drop, expected, atol=1e-5)
    assert drop.dtype == np.float32 and np.abs(drop).max() > 1e-3
    per_pixel = heat_maps.per_pixel(drop, size, patch=4, stride=3)
    assert per_pixel[0, 0] == drop[0, 0]


def test_occlusion_takes_the_predicted_class_and_more_places_than_run_together():
    model = small_net("logits", shape=(20, 20, 1))
    image = images_for(model)[0]
    label = int(model(image[None]).numpy().argmax())
    drop = explain.occlusion(model, image, patch=2, stride=2)
    assert drop.shape == (10, 10)
    np.testing.assert_array_equal(drop, explain.occlusion(model, image, label, patch=2, stride=2))
    assert explain.occlusion(model, image, patch=20).shape == (1, 1)
    before = tf.nn.softmax(model(image[None])).numpy()[0, label]
    after = tf.nn.softmax(model(np.full((1, 20, 20, 1), image.mean()))).numpy()[0, label]
    assert explain.occlusion(model, image, patch=20)[0, 0] == pytest.approx(before - after, abs=1e-5)


# ------------------------------------------------------------------------------------- nothing is changed


def fingerprint(model):
    """All that could be seen to change: weights, statistics, seeds, flags, names, and the layers' own graph."""
    parts = [(v.path, v.trainable, v.numpy().tobytes()) for v in model.variables]
    stack = [model]
    while stack:
        layer = stack.pop()
        stack += getattr(layer, "layers", [])
        parts.append((layer.name, layer.trainable, layer.built, len(layer._inbound_nodes)))
        parts += [v.numpy().tobytes() for v in layer.variables]
        parts.append(repr(layer.get_config()))
    return parts


def test_a_model_is_the_same_afterwards_and_so_is_everyones_chance():
    _, model = nested_pair()
    model.get_layer("backbone").get_layer("conv_1").trainable = False
    model.compile("adam", "sparse_categorical_crossentropy")
    images = images_for(model)
    before, answer = fingerprint(model), model.predict(images, verbose=0)
    random.seed(5), np.random.seed(5)  # noqa: NPY002  what others may rely on
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(5), np.random.seed(5)  # noqa: NPY002
    explain.feature_maps(model, images)
    explain.last_convolution(model)
    explain.grad_cam(model, images)
    explain.saliency(model, images)
    explain.occlusion(model, images[0], patch=3)
    sanity_check.randomized(model, seed=3)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002
    assert fingerprint(model) == before
    assert images.tobytes() == images_for(model).tobytes()
    np.testing.assert_array_equal(model.predict(images, verbose=0), answer)
    assert model.get_layer("rescale").output is not None  # refused once a layer is called anew on symbols


class Counter(layers.Layer):
    """A layer that counts its calls, in inference too."""

    def build(self, _):
        self.calls = self.add_weight(name="calls", initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x


def test_even_a_layer_that_writes_at_every_call_stays_as_it_was():
    model = chain(Counter(name="count"), layers.Conv2D(2, 3, name="conv"), layers.Flatten(), layers.Dense(2))
    images, counter = images_for(model), model.get_layer("count").calls
    model(images)
    before = float(counter)
    assert before > 0
    explain.grad_cam(model, images)
    explain.saliency(model, images)
    explain.occlusion(model, images[0], patch=4)
    explain.feature_maps(model, images)
    assert float(counter) == before


# ------------------------------------------------------------------------------------------------ refusals


class Subclassed(keras.Model):
    def call(self, x):
        return x


def two_inputs():
    one, two = keras.Input((6, 5, 2)), keras.Input((6, 5, 2))
    return keras.Model([one, two], layers.Flatten()(layers.Add()([one, two])))


NET = shared_net()
X = images_for(NET)
BAD = [
    ((keras.Sequential([layers.Dense(2)]), X), ValueError, "Sequential has no graph .* keras.Input first"),
    ((Subclassed(), X), ValueError, "Subclassed has no graph .* Functional API"),
    ((types.SimpleNamespace(model=NET), X), TypeError, r"not SimpleNamespace: pass its \.model"),
    (("conv", X), TypeError, r"a Keras model is needed, not str\."),
    ((two_inputs(), X), ValueError, "one input and one output"),
    (
        (keras.Model(NET.input, NET.get_layer("relu").output), X),
        ValueError,
        "images×6×5×4, and .* classifier",
    ),
    ((NET, X[0]), ValueError, r"this is one image, 6×5×2, .* image\[None\]"),
    ((NET, X[:, :4]), ValueError, "x is 4×4×5×2 of uint8; this model takes numbers, images×6×5×2"),
    ((NET, X[..., :1]), ValueError, "images×6×5×2"),
    ((NET, X[:0]), ValueError, "x is empty"),
    ((NET, X.astype(str)), ValueError, "takes numbers"),
    ((NET, np.full(X.shape, np.nan)), ValueError, "NaN"),
    ((NET, X, 3), ValueError, "class_index 3 is out of range: the model has 3 classes, 0 to 2"),
    ((NET, X, -1), ValueError, "class_index -1 is out of range"),
    ((NET, X, [0, 1, 2, 7]), ValueError, "class_index 7 is out of range"),
    ((NET, X, [0, 1]), ValueError, "4 images and 2 class indices"),
    ((NET, X, 1.0), TypeError, "whole number or one for each image, not 1.0"),
    ((NET, X, True), TypeError, "not True"),
    ((NET, X, "cat"), TypeError, "not 'cat'"),
    ((NET, X, np.eye(3)[[0, 1, 2, 0]].astype(int)), TypeError, "one for each image"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_what_cannot_be_explained_is_refused(arguments, error, message):
    for function in (explain.grad_cam, explain.saliency):
        with pytest.raises(error, match=message):
            function(*arguments)


MORE = [
    (
        lambda: explain.grad_cam(NET, X, layer_name="rellu"),
        ValueError,
        "no layer 'rellu': did you mean 'relu'",
    ),
    (
        lambda: explain.grad_cam(NET, X, layer_name="zzzz"),
        ValueError,
        "its layers are rescale, conv, bn, relu, av",
    ),
    (lambda: explain.grad_cam(NET, X, layer_name=3), ValueError, "no layer 3"),
    (lambda: explain.grad_cam(NET, X, layer_name="pixels"), ValueError, "no layer 'pixels'"),
    (lambda: explain.grad_cam(NET, X, layer_name="average"), ValueError, "images×4, .* for example 'relu'"),
    (
        lambda: explain.grad_cam(dense_net((28, 28)), np.zeros((1, 28, 28))),
        ValueError,
        "no convolutional feature map",
    ),
    (
        lambda: explain.feature_maps(NET, X, ["conv", "convv"]),
        ValueError,
        "no layer 'convv': did you mean 'conv'",
    ),
    (lambda: explain.feature_maps(NET, X, []), ValueError, "layer_names is empty"),
    (lambda: explain.feature_maps(NET, X[0]), ValueError, "this is one image"),
    (lambda: explain.feature_maps(nested_pair()[1], X, ["conv_1"]), ValueError, "mean 'backbone/conv_1'"),
    (lambda: explain.occlusion(NET, X[:1]), ValueError, r"without a batch axis: pass images\[0\]"),
    (lambda: explain.occlusion(NET, X), ValueError, "x is 1×4×6×5×2"),
    (lambda: explain.occlusion(NET, X[0], patch=6), ValueError, "patch of 6×6 does not fit .* 6×5×2"),
    (lambda: explain.occlusion(NET, X[0], patch=0), ValueError, "patch must be at least 1"),
    (lambda: explain.occlusion(NET, X[0], patch=2, stride=0), ValueError, "stride must be at least 1"),
    (
        lambda: explain.occlusion(NET, X[0], patch=2, fill=(1, 2, 3)),
        ValueError,
        "fill must be None, a number",
    ),
    (lambda: explain.occlusion(NET, X[0], patch=2, fill="gray"), ValueError, "not 'gray'"),
    (lambda: explain.occlusion(NET, X[0], patch=2, fill=np.nan), ValueError, "not nan"),
    (lambda: explain.occlusion(NET, X[0], 5, patch=2), ValueError, "class_index 5"),
]


@pytest.mark.parametrize(("call", "error", "message"), MORE)
def test_other_slips_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ------------------------------------------------------------------------------------------- a real network


def test_the_pretrained_network():
    network = pretrained.load("EfficientNet-Lite0", input_shape=(96, 96, 3))
    photo = network.preprocess(pretrained.prepare_photo(datasets.photo("chelsea"), size=96))[None]
    assert explain.last_convolution(network.model) == network.feature_layer
    found = explain.grad_cam(network.model, photo)
    features = explain.feature_maps(network.model, photo, [network.feature_layer])[network.feature_layer]
    label = int(network.model(photo).numpy().argmax())
    cam = features @ network.model.get_layer("predictions").kernel.numpy()[:, label] / 9
    np.testing.assert_allclose(found, np.maximum(cam, 0), rtol=1e-3, atol=1e-4)
    assert found.shape == (1, 3, 3) and found.max() > 0.1
    names = sanity_check.layers_with_weights(network.model)
    copy = sanity_check.randomized(network.model, 0, names[-1:])
    assert np.corrcoef(explain.grad_cam(copy, photo, label).ravel(), found.ravel())[0, 1] < 0.9
    np.testing.assert_array_equal(
        copy.get_layer("stem_conv").kernel, network.model.get_layer("stem_conv").kernel
    )
