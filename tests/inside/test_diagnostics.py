"""The measuring instruments: by pencil, by finite differences, and that they leave a model as it was."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers.from_scratch.backward import finite_differences
from helpers.inside import diagnostics
from helpers.networks import builders


def pencil_net(activation="relu"):
    """Two inputs, two hidden units, one output. On X the second unit's sums are -2 and -3: it is dead."""
    inputs = keras.Input((2,))
    hidden = layers.Dense(2, activation=activation, name="hidden")(inputs)
    model = keras.Model(inputs, layers.Dense(1, name="out")(hidden))
    model.set_weights([np.array([[1, -1], [1, 0]]), np.array([0, -1]), np.array([[2], [5]]), np.array([1])])
    return model


def kernel_gradients(*batch, **options):
    return diagnostics.measure(*batch, **options).kernel_gradients


def output_gradients(*batch, **options):
    return diagnostics.measure(*batch, **options).output_gradients


def spreads_of(model, x, *, training=False):
    """Measured with a loss that fits any output."""
    zeros = np.zeros((len(x), *model.outputs[0].shape[1:]))
    return diagnostics.measure(model, x, zeros, loss="mse", training=training).spreads


X, Y = np.array([[1.0, 2.0], [2.0, 0.0]]), np.array([[6.0], [7.0]])  # the outputs are 7 and 5


def test_gradients_by_pencil():
    """Errors 1 and -2, so the mean square is 2.5 and its gradient at the output (1, -2).

    Out: 3 * 1 + 2 * -2 = -1 and 0 for the dead unit. Hidden: (2, -4) arrive at the live unit, so its two
    weights get 1 * 2 + 2 * -4 = -6 and 2 * 2 + 0 = 4. Hidden output: rows (2, 5) and (-4, -10).
    """
    kernels = kernel_gradients(pencil_net(), X, Y, loss="mse")
    assert kernels == {"hidden": pytest.approx(52**0.5), "out": pytest.approx(1.0)}
    outputs = output_gradients(pencil_net(), X, Y, loss="mse")
    assert outputs == {"hidden": pytest.approx(145**0.5), "out": pytest.approx(5**0.5)}
    assert diagnostics.measure(pencil_net(), X, Y, loss="mse").loss == pytest.approx(2.5)


def test_dead_units_and_spreads_by_pencil():
    assert diagnostics.dead_units(pencil_net(), X) == {"hidden": 0.5}
    assert diagnostics.dead_units(pencil_net(), np.array([[1.0, 2.0], [-2.0, 0.0]])) == {"hidden": 0.0}
    spreads = spreads_of(pencil_net(), X)  # hidden: 3, 0, 2, 0
    assert spreads["hidden"] == (1.25, pytest.approx(1.6875**0.5), 0.25)
    assert spreads["hidden"].mean == 1.25 and spreads["hidden"].std == spreads["hidden"][1]
    assert spreads["out"] == (6.0, 1.0, 1.0)
    assert diagnostics.output_spread(pencil_net(), X) == 1.0
    assert diagnostics.output_spread(pencil_net(), X[[0, 0]]) == 0.0


def test_output_spread_is_between_images_not_between_outputs():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, layers.Dense(2)(inputs))
    model.set_weights([np.array([[1.0, 3.0]]), np.array([100.0, -100.0])])
    assert diagnostics.output_spread(model, np.array([[1.0], [5.0]])) == pytest.approx((2 + 6) / 2)


def test_spread_between_images_tells_a_sure_softmax_from_a_net_that_forgot_the_image():
    inputs = keras.Input((2,))
    model = keras.Model(inputs, layers.Softmax(name="softmax")(layers.Dense(2, name="logits")(inputs)))
    model.set_weights([np.eye(2), np.array([1e3, 0.0])])
    assert diagnostics.output_spread(model, X) == 0.0
    assert spreads_of(model, X)["logits"].between == pytest.approx((0.5 + 1) / 2)


def mixed_net(dtype="float64", dropout=0.4):
    """Convolutions, BatchNormalization, a residual Add, Dropout and Dense, with random weights throughout."""
    inputs = keras.Input((6, 6, 2), dtype=dtype)
    x = layers.Conv2D(3, 3, padding="same", name="conv_a", dtype=dtype)(inputs)
    shortcut = x = layers.ReLU(name="relu_a", dtype=dtype)(x)
    x = layers.Conv2D(3, 3, padding="same", name="conv_b", dtype=dtype)(x)
    x = layers.BatchNormalization(name="bn", dtype=dtype)(x)
    x = layers.Activation("relu", name="relu_b", dtype=dtype)(
        layers.Add(name="add", dtype=dtype)([x, shortcut])
    )
    x = layers.Flatten(dtype=dtype)(layers.MaxPooling2D(2, dtype=dtype)(x))
    x = layers.Dropout(dropout, seed=5, name="drop", dtype=dtype)(x)
    x = layers.Dense(5, activation="tanh", name="dense", dtype=dtype)(x)
    outputs = layers.Dense(4, activation="softmax", name="out", dtype=dtype)(x)
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(3)
    for variable in model.trainable_variables:
        variable.assign(variable.numpy() + rng.normal(scale=0.1, size=variable.shape))
    return model


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 6, 6, 2)), rng.integers(0, 4, size=8)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_equal_finite_differences(batch, training):
    model = mixed_net(dropout=0.0)
    norms = kernel_gradients(model, *batch, training=training)
    assert list(norms) == ["conv_a", "conv_b", "dense", "out"]

    rest = [v.numpy() for v in model.non_trainable_variables]
    run = tf.function(lambda *values: model.stateless_call(values, rest, batch[0], training=training)[0])

    def loss(kernel, value):
        outputs = run(*[tf.constant(value if v is kernel else v.numpy()) for v in model.trainable_variables])
        return -np.log(outputs.numpy()[np.arange(8), batch[1]]).mean()

    for name in ("conv_b", "out"):  # one behind the BatchNormalization, one after it
        kernel = model.get_layer(name).kernel
        expected = finite_differences(lambda value, k=kernel: loss(k, value), kernel.numpy())
        assert norms[name] == pytest.approx(np.linalg.norm(expected), rel=1e-5)


def test_the_loss_is_the_one_that_evaluate_gives(batch):
    model = mixed_net(dtype="float32")
    model.compile(loss="sparse_categorical_crossentropy", run_eagerly=True)
    expected = model.evaluate(*batch, verbose=0)
    assert diagnostics.measure(model, *batch, training=False).loss == pytest.approx(expected, rel=1e-5)


def test_kernel_gradients_are_those_of_a_training_step(batch):
    """Plain gradient descent of rate 1 moves each kernel by exactly its gradient (dropout and BatchNorm too)."""
    model = mixed_net(dtype="float32")
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.optimizer.learning_rate.assign(1.0)
    norms = kernel_gradients(model, *batch)
    before = {name: model.get_layer(name).kernel.numpy() for name in norms}
    model.train_on_batch(*batch)
    moved = {name: np.linalg.norm(model.get_layer(name).kernel.numpy() - before[name]) for name in norms}
    assert moved == pytest.approx(norms, rel=1e-3)


def state(model):
    """Everything a model remembers: weights, moving averages, dropout seeds, optimizer, flags, its graph."""
    variables = [v.numpy() for v in [*model.variables, *model.optimizer.variables]]
    flags = [(x.name, x.trainable, len(x._inbound_nodes), len(x._outbound_nodes)) for x in model.layers]
    return variables, flags


def test_the_model_is_left_as_it_was(batch):
    model = mixed_net(dtype="float32")
    model.get_layer("conv_b").trainable = False
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(*batch)
    variables, flags = state(model)
    assert sum("seed" in variable.path for variable in model.variables) == 1  # the dropout's is among them
    for training in (True, False):
        kernel_gradients(model, *batch, training=training)
        output_gradients(model, *batch, training=training)
        diagnostics.dead_units(model, batch[0], training=training)
        spreads_of(model, batch[0], training=training)
        diagnostics.output_spread(model, batch[0], training=training)
        with pytest.raises(ValueError):
            diagnostics.measure(model, batch[0], np.full(8, 99), training=training)
    for before, after in zip(variables, state(model)[0], strict=True):
        np.testing.assert_array_equal(before, after)
    assert flags == state(model)[1]


def test_names_that_keras_gives_are_not_used_up(batch):
    keras.backend.clear_session()
    model = mixed_net()
    diagnostics.measure(model, *batch)
    assert model.name == "functional" and keras.Model(model.input, model.output).name == "functional_1"


def test_frozen_layers_have_a_gradient_too(batch):
    model = mixed_net()
    expected = kernel_gradients(model, *batch, training=False)
    model.get_layer("conv_b").trainable = False
    assert kernel_gradients(model, *batch, training=False) == pytest.approx(expected)


def test_training_uses_batch_statistics_and_dropout(batch):
    x = 10 * batch[0] + 5
    spread = {t: spreads_of(mixed_net(), x, training=t) for t in (True, False)}
    assert spread[True]["bn"].std == pytest.approx(1, rel=0.2)
    assert spread[False]["bn"].std > 3
    dropped = {t: diagnostics.measure(mixed_net(), x, batch[1], training=t).loss for t in (True, False)}
    assert dropped[True] != dropped[False]


def test_every_layer_is_listed_in_order(batch):
    model = mixed_net()
    names = list(spreads_of(model, batch[0]))
    wanted = ["conv_a", "relu_a", "conv_b", "bn", "add", "relu_b"]
    assert names[:6] == wanted and names[-3:] == ["drop", "dense", "out"] and len(names) == 11
    assert list(output_gradients(model, *batch)) == names


def test_a_channel_known_to_be_dead_is_counted_and_the_layers_after_see_it(batch):
    model = mixed_net()
    for channel, bias in ((0, -100), (2, -100)):
        biases = np.array(model.get_layer("conv_a").bias)  # a copy: what numpy() gives may be shared
        biases[channel] = bias
        model.get_layer("conv_a").bias.assign(biases)
    dead = diagnostics.dead_units(model, batch[0])
    assert dead == {"relu_a": pytest.approx(2 / 3), "relu_b": 0.0}


def test_one_live_position_in_one_image_saves_a_channel():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, layers.ReLU(name="relu")(inputs))
    x = -np.ones((3, 4, 4, 1))
    assert diagnostics.dead_units(model, x) == {"relu": 1.0}
    x[2, 3, 0, 0] = 1e-6
    assert diagnostics.dead_units(model, x) == {"relu": 0.0}


def test_which_layers_count_as_relu():
    inputs = keras.Input((3,))
    x = layers.Dense(3, activation="relu", name="dense_relu")(inputs)
    x = layers.Dense(3, activation="tanh", name="dense_tanh")(x)
    x = layers.ReLU(name="relu_layer")(x)
    x = layers.ReLU(negative_slope=0.1, name="slope")(x)
    x = layers.LeakyReLU(name="leaky")(x)
    x = layers.ReLU(max_value=6, name="relu_6")(x)
    x = layers.Activation("relu6", name="activation_6")(x)
    x = layers.Activation("gelu", name="gelu")(x)
    x = layers.Add(name="linear")([keras.ops.relu(x), x])
    x = layers.Dense(2, name="end")(x)
    names = list(diagnostics.dead_units(keras.Model(inputs, x), np.ones((2, 3))))
    assert names[:4] == ["dense_relu", "relu_layer", "relu_6", "activation_6"] and len(names) == 5


def test_values_too_small_or_large_for_squares_in_float32_are_kept():
    inputs = keras.Input((1,))
    first = layers.Dense(1, use_bias=False, name="first")
    model = keras.Model(inputs, layers.Dense(1, use_bias=False, name="last")(first(inputs)))
    model.set_weights([np.array([[1e-28]]), np.array([[1e-28]])])
    norms = kernel_gradients(model, np.ones((1, 1)), np.ones((1, 1)), loss="mse")
    assert norms["first"] == pytest.approx(2e-28, rel=1e-3, abs=0)
    model.set_weights([np.array([[1e25]]), np.array([[1.0]])])
    spread = spreads_of(model, np.array([[1.0], [-1.0]]))
    assert spread["first"] == (0.0, pytest.approx(1e25, rel=1e-3), pytest.approx(1e25, rel=1e-3))


def test_a_nested_model_is_looked_into(batch):
    inner_input = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, name="conv", bias_initializer=keras.initializers.Constant(-1e3))(inner_input)
    inner = keras.Model(inner_input, layers.ReLU(name="relu")(x), name="inner")
    inputs = keras.Input((6, 6, 2))
    x = layers.Flatten(name="flatten")(inner(layers.Rescaling(2.0, name="rescale")(inputs)))
    model = keras.Model(inputs, layers.Dense(4, activation="softmax", name="out")(x))
    assert list(kernel_gradients(model, *batch)) == ["inner/conv", "out"]
    outputs = output_gradients(model, *batch)
    assert list(outputs) == ["rescale", "inner", "flatten", "out"]
    assert diagnostics.dead_units(model, batch[0]) == {"inner/relu": 1.0}
    spreads = spreads_of(model, batch[0])
    assert list(spreads) == ["rescale", "inner", "inner/conv", "inner/relu", "flatten", "out"]
    assert spreads["inner/relu"] == spreads["inner"] == (0.0, 0.0, 0.0)
    alone = spreads_of(inner, 2 * batch[0])
    assert spreads["inner/conv"] == pytest.approx(alone["conv"], rel=1e-5)


def test_a_layer_called_twice_comes_twice_and_its_gradient_once():
    dense = layers.Dense(3, activation="relu", name="shared")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(2, name="out")(dense(dense(inputs))))
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert list(spreads_of(model, x)) == ["shared", "shared (2)", "out"]
    assert list(kernel_gradients(model, x, x[:, :2], loss="mse")) == ["shared", "out"]


def test_two_kernels_of_one_layer_count_together():
    inputs = keras.Input((5, 5, 2))
    x = layers.SeparableConv2D(3, 3, name="separable")(inputs)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax", name="out")(layers.Flatten()(x)))
    x, y = np.random.default_rng(0).normal(size=(4, 5, 5, 2)), np.array([0, 1, 0, 1])
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy", run_eagerly=True)
    before = [kernel.numpy() for kernel in model.layers[1].weights[:2]]
    norms = kernel_gradients(model, x, y)
    assert list(norms) == ["separable", "out"]
    model.train_on_batch(x, y)
    moved = [np.sum((k.numpy() - old) ** 2) for k, old in zip(model.layers[1].weights, before, strict=False)]
    assert norms["separable"] == pytest.approx(sum(moved) ** 0.5, rel=1e-3)


def test_built_sequential_models_gray_images_and_bytes_are_taken():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(2, 3, name="conv"),
            layers.Flatten(),
            layers.Dense(3, name="out"),
        ]
    )
    x = np.random.default_rng(0).integers(0, 256, size=(5, 8, 8), dtype=np.uint8)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    norms = kernel_gradients(model, x, np.arange(5) % 3, loss=logits)
    assert list(norms) == ["conv", "out"]
    floats = kernel_gradients(model, x[..., None].astype("float32"), np.arange(5) % 3, loss=logits)
    assert norms == floats


def test_one_hot_labels_column_labels_and_loss_objects_agree(batch):
    x, y = batch
    model = mixed_net(dtype="float32")
    first = kernel_gradients(model, x, y)
    for labels, loss in [
        (y[:, None], None),
        (np.eye(4)[y], "categorical_crossentropy"),
        (np.eye(4, dtype=int)[y], keras.losses.CategoricalCrossentropy()),
        (y, lambda true, predicted: keras.losses.sparse_categorical_crossentropy(true, predicted)),
    ]:
        assert kernel_gradients(model, x, labels, loss=loss) == pytest.approx(first, rel=1e-4)
    model.compile("sgd", "mse", run_eagerly=True)
    compiled = diagnostics.measure(model, x, np.eye(4)[y], training=False).loss
    assert compiled == pytest.approx(model.evaluate(x, np.eye(4)[y], verbose=0), rel=1e-5)


def test_a_net_that_broke_is_measured_and_not_refused(batch):
    model = mixed_net()
    model.get_layer("dense").bias.assign(np.full(5, np.nan))
    snapshot = diagnostics.measure(model, *batch)
    assert np.isnan([snapshot.loss, snapshot.output_spread, snapshot.kernel_gradients["conv_a"]]).all()


# ----------------------------------------------------------------------------------------------- refusals


class Subclassed(keras.Model):
    def call(self, x):
        return x


def two_inputs():
    one, two = keras.Input((2,)), keras.Input((2,))
    return keras.Model([one, two], layers.Add()([one, two]))


def no_layers():
    inputs = keras.Input((2,))
    layers.Identity()(inputs)  # Keras 3.10 to 3.13 build no model of an input that leads nowhere
    return keras.Model(inputs, inputs)


IMAGES, LABELS = np.zeros((8, 6, 6, 2)), np.arange(8) % 4
BAD = [
    (lambda: ("net", X, Y), {}, "a Keras model is needed, not str"),
    (lambda: (keras.Sequential([layers.Dense(2)]), X, Y), {}, "Sequential has no graph .* keras.Input first"),
    (lambda: (Subclassed(), X, Y), {}, "Subclassed has no graph .* Functional API"),
    (lambda: (two_inputs(), X, Y), {}, "one input and one output"),
    (lambda: (no_layers(), X, Y), {}, "must be what a layer gives"),
    (lambda: (mixed_net(), IMAGES[:, :5], LABELS), {}, "x is 8×5×6×2 of float64; .* images×6×6×2"),
    (lambda: (mixed_net(), IMAGES[0], LABELS), {}, "x is 6×6×2"),
    (lambda: (mixed_net(), IMAGES.astype(str), LABELS), {}, "takes numbers"),
    (lambda: (mixed_net(), IMAGES[:0], LABELS[:0]), {}, "x is empty"),
    (lambda: (mixed_net(), IMAGES, LABELS[:5]), {}, "8 images and 5 labels"),
    (lambda: (mixed_net(), IMAGES, 3), {}, "8 images and no labels"),
    (lambda: (mixed_net(), IMAGES, np.eye(4)[LABELS]), {}, "y is 8×4: for one-hot .* categorical_cross"),
    (lambda: (mixed_net(), IMAGES, LABELS + 1), {}, "from 0 to 3 for 4 outputs"),
    (lambda: (mixed_net(), IMAGES, LABELS - 1), {}, "from 0 to 3 for 4 outputs"),
    (lambda: (mixed_net(), IMAGES, LABELS + 0.5), {}, "must be whole numbers"),
    (
        lambda: (mixed_net(), IMAGES, LABELS),
        {"loss": "categorical_crossentropy"},
        "shaped like the output, 8×4",
    ),
    (
        lambda: (mixed_net(), IMAGES, LABELS),
        {"loss": keras.losses.MeanSquaredError()},
        "shaped like the output",
    ),
    (lambda: (mixed_net(), IMAGES, LABELS), {"loss": "hinge_of_fate"}, "hinge_of_fate"),
    (lambda: (mixed_net(), IMAGES, LABELS), {"loss": lambda y, p: p[:, :3] - p}, "loss does not fit labels"),
    (lambda: (pencil_net(), X, Y), {"loss": "binary_crossentropy"}, "takes probabilities"),
    (lambda: (pencil_net(), X, ["cat"] * len(X)), {}, "labels must be numbers"),
]


@pytest.mark.parametrize(("case", "options", "message"), BAD)
def test_what_cannot_be_measured_is_refused(case, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        diagnostics.measure(*case(), **options)


def test_one_image_has_no_spread_between_images():
    with pytest.raises(ValueError, match="at least two"):
        diagnostics.output_spread(pencil_net(), X[:1])


def test_a_vgg_and_a_residual_net_are_measured_without_a_warning():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, size=(4, 32, 32, 3), dtype=np.uint8), np.arange(4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = diagnostics.measure(builders.vgg(width=0.05), x, y)
        deep = diagnostics.measure(builders.residual_net(filters=(4, 6), blocks=1), x, y)
    assert list(plain.kernel_gradients) == [*(f"conv_{n}" for n in range(1, 11)), "probabilities"]
    assert list(plain.dead_units) == [f"relu_{n}" for n in range(1, 11)]
    assert list(deep.dead_units) == ["stem_relu", "s1b1_relu1", "s1b1_relu2", "s2b1_relu1", "s2b1_relu2"]
    second_stage = ["s2b1_conv1", "s2b1_conv2", "s2b1_conv_shortcut", "probabilities"]  # main path first
    assert list(deep.kernel_gradients) == ["stem_conv", "s1b1_conv1", "s1b1_conv2", *second_stage]
    assert all(0 < norm < np.inf for norm in deep.kernel_gradients.values())
