"""The builders of networks: sizes by formula, order of layers, twins, rescaling inside, and what is refused."""

import keras
import numpy as np
import pytest
from keras import layers

from helpers.networks import builders

CIFAR_TOKENS = [16, "max_pool", 32, "max_pool", 64, "max_pool"]


def cifar_cnn(input_shape=(32, 32, 3)):
    """The three-layer net of notebook 04."""
    options = {"kernel_size": 2, "dense_units": (500,), "dropout": (0.3, 0.4), "name": "cifar_cnn"}
    return builders.build_convnet(input_shape, 10, CIFAR_TOKENS, **options)


SMALL = {  # the standing networks, small enough to run
    "small_cnn": lambda: builders.small_cnn(input_shape=(8, 8, 1)),
    "cifar_cnn": lambda: cifar_cnn((8, 8, 3)),
    "vgg": lambda: builders.vgg(input_shape=(16, 16, 3), width=0.05, batch_norm="before"),
    "residual_net": lambda: builders.residual_net(input_shape=(8, 8, 3), filters=(4, 8), blocks=1),
    "plain_net": lambda: builders.residual_net(
        input_shape=(8, 8, 3), filters=(4, 8), blocks=1, residual=False, batch_norm=False
    ),
}


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, size=(3, 32, 32, 3), dtype=np.uint8)


def by_hand(side, channels, tokens, classes, *, kernel_size=3, batch_norm=False, dense_units=()):
    """Parameters from the formula alone."""
    total = 0
    for token in tokens:
        if token == "max_pool":
            side //= 2
        else:
            total += (kernel_size**2 * channels + 1) * token + (4 * token if batch_norm else 0)
            channels = token
    sizes = [side * side * channels, *dense_units, classes]
    return total + sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))


def test_small_cnn_parameters_follow_the_formula():
    assert builders.small_cnn().count_params() == 9_154
    model = builders.small_cnn(filters=(16, 32))
    assert model.count_params() == (4 * 4 + 1) * 16 + (3 * 3 * 16 + 1) * 32 + (7 * 7 * 32 + 1) * 10


def test_vgg_has_the_known_number_of_parameters_by_building_and_by_hand():
    assert builders.vgg().count_params() == 7_655_754 == by_hand(32, 3, builders.VGG_FILTERS, 10)
    narrow = [token if token == "max_pool" else token // 16 for token in builders.VGG_FILTERS]
    for place in ("before", "after"):
        model = builders.vgg(batch_norm=place, width=1 / 16)
        assert model.count_params() == by_hand(32, 3, narrow, 10, batch_norm=True)
    assert by_hand(32, 3, builders.VGG_FILTERS, 10, batch_norm=True) == 7_666_506


def test_a_net_from_tokens_has_the_known_number_of_parameters():
    assert cifar_cnn().count_params() == 528_054
    assert by_hand(32, 3, CIFAR_TOKENS, 10, kernel_size=2, dense_units=[500]) == 528_054
    tokens = [16, "max_pool", 32, "max_pool", 64, "max_pool", 128, "max_pool"]
    assert builders.build_convnet((32, 32, 3), 10, tokens).count_params() == 102_570
    assert by_hand(32, 3, tokens, 10) == 102_570


@pytest.mark.parametrize("seed", range(6))
def test_random_lists_follow_the_formula(seed):
    rng = np.random.default_rng(seed)
    tokens = [*rng.integers(1, 9, size=4).tolist(), "max_pool", "max_pool"]
    tokens = [tokens[i] for i in rng.permutation(6)]
    side, norm = int(rng.integers(8, 20)), [False, "before", "after"][seed % 3]
    options = {"kernel_size": int(rng.integers(1, 5)), "dense_units": [5, 3][: seed % 3]}
    model = builders.build_convnet((side, side, 2), 4, tokens, batch_norm=norm, **options)
    assert model.count_params() == by_hand(side, 2, tokens, 4, batch_norm=bool(norm), **options)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize(
    ("batch_norm", "expected"),
    [
        (False, ["Conv2D", "ReLU"]),
        ("before", ["Conv2D", "BatchNormalization", "ReLU"]),
        ("after", ["Conv2D", "ReLU", "BatchNormalization"]),
    ],
)
def test_layers_come_in_the_order_asked_for(batch_norm, expected):
    model = builders.build_convnet((8, 8, 3), 10, [4, "max_pool", 6], batch_norm=batch_norm)
    assert kinds(model) == [
        "InputLayer", "Rescaling", *expected, "MaxPooling2D", *expected, "Flatten", "Dense"
    ]  # fmt: skip
    assert [layer.name for layer in model.layers if "conv" in layer.name] == ["conv_1", "conv_2"]
    assert model.get_layer("pool_1").output.shape == (None, 4, 4, 4)
    assert model.get_layer("conv_1").activation is keras.activations.linear


def test_dense_layers_and_dropout_come_in_order():
    model = cifar_cnn()
    assert kinds(model)[-5:] == ["Flatten", "Dropout", "Dense", "Dropout", "Dense"]
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0.3, 0.4]
    assert model.get_layer("conv_1").kernel_size == (2, 2)
    model = builders.build_convnet((4, 4, 1), 3, [2], dense_units=(5, 4), dropout=(0, 0.5, 0.1))
    assert kinds(model)[-6:] == ["Flatten", "Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0.5, 0.1]


def test_width_multiplies_the_filters():
    model = builders.vgg(width=0.25)
    filters = [layer.filters for layer in model.layers if isinstance(layer, layers.Conv2D)]
    assert filters == [16, 16, 32, 32, 64, 64, 64, 128, 128, 128]
    assert builders.build_convnet((4, 4, 1), 2, [3], width=0.01).get_layer("conv_1").filters == 1


def test_the_initializer_reaches_every_relu_layer_and_layers_do_not_share_values():
    model = builders.build_convnet(
        (8, 8, 3), 10, [8, 8, 8], kernel_initializer=keras.initializers.HeNormal(), dense_units=[5]
    )
    for name in ("conv_1", "conv_2", "hidden_1"):
        assert isinstance(model.get_layer(name).kernel_initializer, keras.initializers.HeNormal)
    second, third = (model.get_layer(name).kernel.numpy() for name in ("conv_2", "conv_3"))
    assert (second != third).all()
    default = builders.vgg(width=0.05).get_layer("conv_3").kernel_initializer
    assert isinstance(default, keras.initializers.GlorotUniform)


@pytest.mark.parametrize("name", SMALL)
def test_bytes_go_in_and_distributions_come_out(name):
    model = SMALL[name]()
    shape = model.input_shape[1:]
    images = np.random.default_rng(0).integers(0, 256, size=(3, *shape), dtype=np.uint8)
    probabilities = model(images).numpy()
    assert probabilities.shape == (3, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probabilities, model(images.astype("float32")))
    rescaled = keras.Model(model.input, model.get_layer("rescale").output)(images)
    np.testing.assert_allclose(rescaled, images / 255, rtol=1e-6)
    if shape[-1] == 1:  # gray images may come without their channel
        np.testing.assert_array_equal(probabilities, model.predict(images[..., 0], verbose=0))
    assert keras.Model.from_config(model.get_config()).count_params() == model.count_params()  # can be saved
    again = SMALL[name]()
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert (model.name, model.layers[0].name, model.layers[-1].name) == (name, "pixels", "probabilities")


def test_small_cnn_takes_color_and_other_sides():
    model = builders.small_cnn(input_shape=(16, 12, 3), num_classes=7)
    assert model(np.zeros((2, 16, 12, 3), dtype=np.uint8)).shape == (2, 7)


def test_the_first_weights_of_a_seed_are_those_of_layers_made_in_this_order():
    """Keras draws a layer's seed when the layer is made."""
    order = ["stem_conv", "s1b1_conv1", "s1b1_conv2", "s2b1_conv1", "s2b1_conv2", "s2b1_conv_shortcut"]
    keras.utils.set_random_seed(3)
    model = builders.residual_net(filters=(4, 6), blocks=1)
    keras.utils.set_random_seed(3)
    for name in order:
        found = model.get_layer(name)
        same = layers.Conv2D(found.filters, found.kernel_size, kernel_initializer="he_normal")
        same.build(found.input.shape)
        np.testing.assert_array_equal(found.kernel, same.kernel, err_msg=name)


def residual_by_hand(blocks, filters, *, residual, batch_norm):
    more = 4 if batch_norm else 1  # a BatchNormalization's four numbers for each filter, or a bias
    total, before = (27 + more) * filters[0], filters[0]
    for width in filters:
        total += (9 * before + more) * width + (9 * width + more) * width * (2 * blocks - 1)
        if residual and width != before:
            total += (before + more) * width
        before = width
    return total + (before + 1) * 10


@pytest.mark.parametrize(
    ("blocks", "filters", "residual", "batch_norm"),
    [
        *((2, (4, 6), residual, batch_norm) for residual in (True, False) for batch_norm in (True, False)),
        (1, (4,), True, False),
        (3, (4, 6, 8), True, True),
    ],
)
def test_residual_nets_follow_the_formula(blocks, filters, residual, batch_norm):
    options = {"residual": residual, "batch_norm": batch_norm}
    model = builders.residual_net(blocks=blocks, filters=filters, **options)
    assert model.count_params() == residual_by_hand(blocks, filters, **options)
    main = [x for x in model.layers if isinstance(x, layers.Conv2D) and not x.name.endswith("_shortcut")]
    assert len(main) + 1 == 2 * blocks * len(filters) + 2  # the 1 is the Dense at the end
    assert sum(isinstance(layer, layers.Add) for layer in model.layers) == residual * blocks * len(filters)
    assert any(isinstance(x, layers.BatchNormalization) for x in model.layers) == batch_norm


def test_the_twin_has_the_same_layers_without_the_shortcuts():
    with_shortcuts = builders.residual_net(blocks=2, filters=(4, 6))
    plain = builders.residual_net(blocks=2, filters=(4, 6), residual=False)
    rest = [x.name for x in with_shortcuts.layers if "shortcut" not in x.name and not x.name.endswith("_add")]
    assert rest == [x.name for x in plain.layers]
    for name in rest:
        assert with_shortcuts.get_layer(name).output.shape == plain.get_layer(name).output.shape
    assert (with_shortcuts.name, plain.name) == ("residual_net", "plain_net")


def test_a_block_whose_convolutions_are_zero_passes_its_input_on(images):
    model = builders.residual_net(blocks=1, filters=(4,), batch_norm=True)
    model.get_layer("s1b1_conv2").kernel.assign(np.zeros((3, 3, 4, 4)))
    ends = [model.get_layer(name).output for name in ("stem_relu", "s1b1_relu2")]
    before, after = keras.Model(model.input, ends)(images)
    np.testing.assert_allclose(before, after, rtol=1e-6)


def test_the_block_adds_before_the_last_relu_and_normalizes_before_it_adds():
    model = builders.residual_net(blocks=1, filters=(4, 6))
    add = model.get_layer("s2b1_add")
    ends = [model.get_layer(name).output for name in ("s2b1_bn2", "s2b1_bn_shortcut")]
    assert [id(tensor) for tensor in add.input] == [id(tensor) for tensor in ends]
    assert model.get_layer("s2b1_relu2").input is add.output
    assert model.get_layer("s2b1_conv_shortcut").kernel_size == (1, 1)
    assert model.get_layer("s2b1_conv_shortcut").strides == model.get_layer("s2b1_conv1").strides == (2, 2)
    assert model.get_layer("s1b1_conv1").strides == (1, 1)


TINY = (8, 8, 3)


def dense(units):
    return builders.build_convnet(TINY, 10, [4], dense_units=units)


BAD = [
    (lambda: builders.small_cnn(input_shape=784), ValueError, "shape of one image"),
    (lambda: builders.small_cnn(input_shape="28x28"), ValueError, "shape of one image"),
    (lambda: builders.small_cnn(input_shape=()), ValueError, "shape of one image"),
    (lambda: builders.small_cnn(input_shape=(28, -1, 1)), ValueError, "at least 1, not -1"),
    (lambda: builders.small_cnn(input_shape=(28.0, 28.0, 1)), TypeError, "not 28.0"),
    (lambda: builders.small_cnn(input_shape=(None, 28, 1)), TypeError, "not None"),
    (lambda: dense(512), ValueError, r"such as \(500,\), not 512"),
    (lambda: dense((512, 0)), ValueError, "each of dense_units must be at least 1"),
    (lambda: dense(("many",)), TypeError, "each of dense_units must be a whole number"),
    (lambda: builders.small_cnn(num_classes=1), ValueError, "the number of classes must be at least 2"),
    (lambda: builders.small_cnn(num_classes="ten"), TypeError, "the number of classes"),
    (lambda: builders.small_cnn(input_shape=(28, 28)), ValueError, r"\(height, width, channels\)"),
    (lambda: builders.small_cnn(input_shape=(2, 28, 1)), ValueError, "too small"),
    (lambda: builders.small_cnn(num_classes=True), TypeError, "the number of classes"),
    (lambda: builders.small_cnn(filters=8), ValueError, r"filters must be a sequence such as \(8, 16\)"),
    (lambda: builders.small_cnn(filters=(8, 16, 32)), ValueError, "two numbers"),
    (lambda: builders.small_cnn(filters=(8, 0)), ValueError, "each of filters"),
    (lambda: builders.build_convnet(TINY, 10, []), ValueError, "must be a list such as"),
    (lambda: builders.build_convnet(TINY, 10, "max_pool"), ValueError, "must be a list such as"),
    (lambda: builders.build_convnet(TINY, 10, 16), ValueError, "must be a list such as"),
    (
        lambda: builders.build_convnet(TINY, 10, [4, "maxpool"]),
        ValueError,
        "unknown word 'maxpool' at place 2 .*only \"max_pool\"",
    ),
    (lambda: builders.build_convnet(TINY, 10, [4, 0]), ValueError, "place 2 .* at least 1, not 0"),
    (lambda: builders.build_convnet(TINY, 10, [4.5]), TypeError, "place 1 .* whole number"),
    (lambda: builders.build_convnet(TINY, 10, [True]), TypeError, "place 1 .* whole number"),
    (
        lambda: builders.build_convnet(TINY, 10, [4, *["max_pool"] * 4]),
        ValueError,
        "place 5 cannot halve a 1×1",
    ),
    (lambda: builders.build_convnet((1, 8, 3), 10, ["max_pool"]), ValueError, "cannot halve a 1×8"),
    (lambda: builders.build_convnet((8, 8), 10, [4]), ValueError, r"one image, \(height, width, channels\)"),
    (lambda: builders.build_convnet(TINY, 1, [4]), ValueError, "number of classes must be at least 2"),
    (lambda: builders.build_convnet(TINY, 10, [4], batch_norm=True), ValueError, '"before" or "after"'),
    (lambda: builders.build_convnet(TINY, 10, [4], batch_norm="yes"), ValueError, '"before" or "after"'),
    (lambda: builders.build_convnet(TINY, 10, [4], width=0), ValueError, "width must be a number above 0"),
    (lambda: builders.build_convnet(TINY, 10, [4], dropout=(0.1, 0.2)), ValueError, r"hold 1 rate\(s\)"),
    (lambda: builders.build_convnet(TINY, 10, [4], dropout=(1.0,)), ValueError, "from 0 to below 1"),
    (lambda: builders.build_convnet(TINY, 10, [4], dense_units=(0,)), ValueError, "each of dense_units"),
    (lambda: builders.build_convnet(TINY, 10, [4], kernel_size=0), ValueError, "kernel_size must be"),
    (lambda: builders.residual_net(filters=()), ValueError, "filters is empty"),
    (lambda: builders.residual_net(blocks=0), ValueError, "blocks must be at least 1"),
    (lambda: builders.residual_net(input_shape=(3, 3, 1)), ValueError, "3 stages need images of side 4"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_what_cannot_be_built_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
