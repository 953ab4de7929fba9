"""A network as a plan of layers: read from Keras, run in NumPy and in the page; and what the figure cannot show."""

import json
import math

import numpy as np
import pytest

from helpers.notebook.quiet_keras import keras, layers
from helpers.widgets import layer_plan, modules
from tests.widgets.javascript import needs_node, run

CHAINS = 80
IMAGES = np.random.default_rng(5).integers(0, 256, size=(CHAINS, 28, 28)).astype(np.uint8)
ACTIVATIONS = [None, "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign"]
ACTIVATIONS += ["tanh", "sigmoid", "hard_sigmoid", "softmax"]
IN_THE_PAGE = """
    const { unpack } = await import(new URL("shared.js", place));
    return given.plans.map((plan, i) => {
        const ready = js.readLayers(plan, unpack);
        const outputs = js.runLayers(ready, Float32Array.from(given.images[i]));
        const inputs = [given.images[i], ...outputs];
        const units = given.units?.[i].map((at, k) => js.explainUnit(ready[k], inputs[k], outputs[k], at));
        return { outputs, units };
    });
"""


def chain(*inner, shape=(28, 28, 1)):
    return keras.Sequential([keras.Input(shape=shape), *inner], name="chain")


def ending(*inner):
    """A chain that the figure can show, with these layers inside it."""
    head = [layers.Flatten(), layers.Dense(10, activation="softmax")]
    return chain(layers.Rescaling(1 / 255), *inner, *head)


def random_layer(rng, rank):
    """A layer for maps (rank 3) or for a vector (rank 1), with settings of its own."""
    activation = ACTIVATIONS[rng.integers(len(ACTIVATIONS))]
    if rank == 1:
        return [
            lambda: layers.Dense(
                int(rng.integers(1, 20)), activation=activation, use_bias=rng.random() < 0.7
            ),
            lambda: layers.BatchNormalization(),
            lambda: layers.Dropout(0.5),
            lambda: layers.Softmax(),
        ][rng.integers(4)]()
    padding, sides = (
        str(rng.choice(["valid", "same"])),
        lambda most: tuple(map(int, rng.integers(1, most, 2))),
    )
    moves = {"strides": sides(4)} if rng.random() < 0.5 else {"dilation_rate": sides(4)}
    options = {"padding": padding, "activation": activation, "use_bias": rng.random() < 0.7, **moves}
    return [
        lambda: layers.Conv2D(int(rng.integers(1, 6)), sides(5), **options),
        lambda: layers.MaxPooling2D(sides(4), strides=sides(4), padding=padding),
        lambda: layers.AveragePooling2D(sides(4), strides=sides(4), padding=padding),
        lambda: layers.BatchNormalization(scale=rng.random() < 0.5, center=rng.random() < 0.5),
        lambda: layers.Activation(activation or "linear"),
        lambda: layers.ReLU(
            max_value=[None, 0.4][rng.integers(2)], negative_slope=float(rng.random()), threshold=0.1
        ),
        lambda: layers.LeakyReLU(0.3),
        lambda: layers.ELU(0.7),
        lambda: layers.SpatialDropout2D(0.3),
    ][rng.integers(9)]()


def random_chain(seed):
    """A model of random layers; all its weights are random too, those of BatchNormalization included."""
    rng = np.random.default_rng(seed)
    inputs = x = keras.Input(shape=(28, 28, 1))
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    for _ in range(rng.integers(1, 6)):
        layer = random_layer(rng, 3)
        size = layer.compute_output_shape(x.shape)[1:3] if x.shape[1] > 3 and x.shape[2] > 3 else (0, 0)
        x = layer(x) if min(size) > 0 else layers.Dropout(0.1)(x)
    bridges = (layers.Flatten, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
    x = bridges[rng.integers(3)]()(x)
    for _ in range(rng.integers(0, 3)):
        x = random_layer(rng, 1)(x)
    model = keras.Model(inputs, layers.Dense(10, activation=[None, "softmax"][rng.integers(2)])(x))
    for weight in model.weights:
        usual = rng.normal(size=weight.shape) / math.sqrt(max(math.prod(weight.shape[:-1]), 1))
        weight.assign(np.abs(usual) + 0.5 if "variance" in weight.name else usual)
    return model


@pytest.fixture(scope="module")
def chains():
    """[(model, plan, what each layer gives in Keras), ...], one for each of IMAGES."""
    found = []
    for seed, image in enumerate(IMAGES):
        model, outputs = random_chain(seed), []
        values = image[None, ..., None].astype("float32")
        for layer in model.layers[1:]:
            values = layer(values, training=False)
            outputs.append(np.asarray(values)[0])
        plan = layer_plan.read(model)
        if plan["layers"][-1].get("added"):
            outputs.append(np.asarray(keras.activations.softmax(values))[0])
        found.append((model, plan, outputs))
    return found


def assert_near(found, wanted, what):
    """Within 1e-5 of Keras; values far from 0 within 1e-5 of their own size."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert found.shape == wanted.shape, what
    off = np.abs(found - wanted) / np.maximum(np.abs(wanted), 1)
    assert off.max(initial=0) < 1e-5, (what, off.max())


def test_numpy_gives_what_keras_gives(chains):
    for (model, plan, outputs), image in zip(chains, IMAGES, strict=True):
        for layer, found, wanted in zip(plan["layers"], layer_plan.run(plan, image), outputs, strict=True):
            assert found.dtype == np.float32
            assert_near(found, wanted, (model.name, layer))


@needs_node
def test_the_page_gives_what_keras_gives(chains):
    plans = [plan for _, plan, _ in chains]
    answers = run("tensor", IN_THE_PAGE, plans=plans, images=IMAGES.reshape(CHAINS, -1).tolist())
    for (_, plan, outputs), answer in zip(chains, answers, strict=True):
        for layer, found, wanted in zip(plan["layers"], answer["outputs"], outputs, strict=True):
            assert_near(np.reshape(found, layer["shape"]), wanted, layer)


@needs_node
@pytest.mark.parametrize(
    ("layer", "name", "damaged"),
    [
        (1, "kernel", np.ones((3, 3, 1, 3))),
        (1, "bias", np.ones(1)),
        (2, "variance", [1, np.nan]),
        (4, "kernel", np.ones((7, 10))),
        (4, "bias", [np.inf] * 10),
    ],
)
def test_damaged_weights_are_refused_in_the_page(layer, name, damaged):
    inner = [layers.Conv2D(2, 3), layers.BatchNormalization(), layers.GlobalMaxPooling2D()]
    plan = layer_plan.read(chain(layers.Rescaling(1 / 255), *inner, layers.Dense(10)))
    body = """
        const { unpack } = await import(new URL("shared.js", place));
        try { js.readLayers(given.plan, unpack); } catch (error) { return error.message; }
        return "taken";
    """
    assert run("tensor", body, plan=plan) == "taken"
    plan["layers"][layer][name] = modules.pack(damaged)
    called = plan["layers"][layer]["name"]
    assert run("tensor", body, plan=plan) == f'the {name} of layer "{called}" is damaged'


@needs_node
def test_a_unit_is_explained_by_the_numbers_it_is_made_of(chains):
    rng = np.random.default_rng(8)
    plans = [plan for _, plan, _ in chains]
    units = [[int(rng.integers(math.prod(layer["shape"]))) for layer in plan["layers"]] for plan in plans]
    answers = run("tensor", IN_THE_PAGE, plans=plans, images=IMAGES.reshape(CHAINS, -1).tolist(), units=units)
    kinds = set()
    for (_, plan, outputs), answer, places in zip(chains, answers, units, strict=True):
        inputs = [IMAGES[0], *outputs]
        for k, (layer, unit, at) in enumerate(zip(plan["layers"], answer["units"], places, strict=True)):
            kinds.add(layer["kind"])
            value = outputs[k].reshape(-1)[at]
            assert_near(unit["value"], value, layer)
            if layer["kind"] in ("conv", "dense"):
                name = layer["activation"]["name"]
                kernel = layer_plan.unpack(layer["kernel"])
                weights = kernel.reshape(-1, kernel.shape[-1])[:, at % kernel.shape[-1]]
                assert_near(unit["weights"], weights, layer)
                given = unit["patch"] if layer["kind"] == "conv" else inputs[k].reshape(-1)
                assert_near(unit["sum"], np.dot(given, weights), layer)
                bias = 0 if layer["bias"] is None else layer_plan.unpack(layer["bias"])[at % kernel.shape[-1]]
                assert_near(unit["before"], unit["sum"] + bias, layer)
                if name != "softmax":
                    assert_near(
                        layer_plan._FUNCTIONS[name](np.array(unit["before"]), layer["activation"]),
                        value,
                        layer,
                    )
            if layer["kind"] in ("pool", "global_pool"):
                assert_near((max if layer["how"] == "max" else np.mean)(unit["values"]), value, layer)
    assert kinds >= {"conv", "dense", "pool", "global_pool", "normalize", "activation", "flatten", "rescale"}


def test_the_plan_is_plain_data_with_names_shapes_and_counts():
    model = ending(layers.Conv2D(4, 3, name="conv"), layers.MaxPooling2D(2, name="pool"))
    plan = json.loads(json.dumps(layer_plan.read(model)))
    assert plan["name"] == "chain" and plan["input"] == [28, 28, 1]
    conv, pool = plan["layers"][1:3]
    assert (conv["name"], conv["type"], conv["shape"], conv["parameters"]) == (
        "conv",
        "Conv2D",
        [26, 26, 4],
        40,
    )
    assert (pool["kind"], pool["how"], pool["shape"], pool["parameters"]) == ("pool", "max", [13, 13, 4], 0)
    assert sum(layer["parameters"] for layer in plan["layers"]) == model.count_params()


def test_a_plan_in_float16_is_half_as_large_and_nearly_the_same():
    model = ending(layers.Conv2D(4, 3))
    large, small = (layer_plan.read(model, dtype=dtype) for dtype in ("float32", "float16"))
    assert len(json.dumps(small)) < 0.6 * len(json.dumps(large))
    given, kept = (layer_plan.run(plan, IMAGES[0])[-1] for plan in (large, small))
    assert 0 < np.abs(given - kept).max() < 0.01


def test_a_model_inside_a_model_is_read_as_one_chain():
    inner = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(2, 3, name="conv")], name="inner")
    plan = layer_plan.read(ending(inner))
    assert [layer["name"] for layer in plan["layers"]][1] == "inner/conv"


def test_logits_get_a_softmax_which_is_marked():
    plan = layer_plan.read(chain(layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)))
    last = plan["layers"][-1]
    assert last["added"] and last["activation"] == {"name": "softmax"}
    assert layer_plan.run(plan, IMAGES[0])[-1].sum() == pytest.approx(1)
    assert not any(layer.get("added") for layer in layer_plan.read(ending())["layers"])


def test_a_model_without_rescaling_must_be_told_what_white_is():
    model = chain(layers.Flatten(), layers.Dense(10, activation="softmax"))
    with pytest.raises(ValueError, match="no Rescaling layer, so say .* white=1 .* white=255"):
        layer_plan.read(model)
    with pytest.raises(ValueError, match="1 or 255, not 2"):
        layer_plan.read(model, white=2)
    for white, pixels in ((1, IMAGES[0] / 255), (255, IMAGES[0])):
        found = layer_plan.run(layer_plan.read(model, white=white), IMAGES[0])[-1]
        assert_near(found, np.asarray(model(pixels[None, ..., None].astype("float32")))[0], white)


class Odd(layers.Layer):
    def call(self, x):
        return x


def branched():
    inputs = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Add(name="shortcut")([x, layers.Conv2D(1, 3, padding="same")(x)])
    return keras.Model(inputs, layers.Dense(10)(layers.Flatten()(x)))


def skipped():
    """A shortcut of which only one end is left: `late` takes what an earlier layer gave."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, layers.Concatenate(name="both")([layers.Dense(5)(x), layers.Dense(5)(x)]))


def broken():
    model = ending(layers.Conv2D(2, 3, name="conv"))
    model.get_layer("conv").kernel.assign(np.full((3, 3, 1, 2), np.nan))
    return model


REFUSED = {
    "no model": (lambda: "model.keras", TypeError, "a Keras model is needed, not str"),
    "another input": (lambda: chain(layers.Flatten(), shape=(32, 32, 3)), ValueError, r"\(32, 32, 3\)"),
    "any size": (lambda: chain(layers.Conv2D(1, 3), shape=(None, None, 1)), ValueError, r"\(any, any, 1\)"),
    "an unknown layer": (
        lambda: ending(Odd(name="odd")),
        ValueError,
        "'odd' is a Odd, which .* cannot show. It knows Activation, .*Conv2D",
    ),
    "another Keras layer": (
        lambda: ending(layers.ZeroPadding2D(name="ring")),
        ValueError,
        "'ring' is a ZeroPadding2D",
    ),
    "a branch": (branched, ValueError, "'shortcut' does not simply take"),
    "two branches": (skipped, ValueError, "without branches"),
    "Dense on maps": (
        lambda: ending(layers.Dense(3, name="mix")),
        ValueError,
        "'mix': a Dense layer on maps of shape 28×28×1 .* Flatten or GlobalAveragePooling2D",
    ),
    "another axis": (
        lambda: ending(layers.Conv2D(2, 3), layers.Softmax(axis=1, name="odd")),
        ValueError,
        "'odd': its softmax goes over axis 1",
    ),
    "another axis of BN": (
        lambda: ending(layers.BatchNormalization(axis=1, name="bn")),
        ValueError,
        "'bn': it normalizes axis 1",
    ),
    "groups": (
        lambda: ending(layers.Conv2D(2, 3), layers.Conv2D(4, 3, groups=2, name="apart")),
        ValueError,
        "'apart': groups=2",
    ),
    "an unknown activation": (
        lambda: ending(layers.Conv2D(2, 3, activation="mish", name="conv")),
        ValueError,
        "'conv': its activation mish is unknown .* linear, relu",
    ),
    "an own activation": (
        lambda: ending(layers.Conv2D(2, 3, activation=lambda x: x, name="conv")),
        ValueError,
        "'conv': its activation <lambda> is unknown",
    ),
    "channels first": (
        lambda: ending(layers.MaxPooling2D(1, data_format="channels_first", name="pool")),
        ValueError,
        "'pool' has data_format=\"channels_first\"",
    ),
    "scale for each channel": (
        lambda: chain(layers.Rescaling([0.5], name="scale"), layers.Flatten(), layers.Dense(10)),
        ValueError,
        "'scale': its scale and offset must be single numbers",
    ),
    "not a number": (broken, ValueError, "'conv' has weights that are infinite or not a number"),
    "too many parameters": (
        lambda: ending(layers.Flatten(), layers.Dense(600, name="wide")),
        ValueError,
        "parameters, 471,000 of them in layer 'wide'; a page can take 400,000",
    ),
    "too many activations": (
        lambda: ending(layers.Conv2D(300, 1, name="many"), layers.GlobalMaxPooling2D()),
        ValueError,
        "235,200 of them layer 'many'; a page can take 200,000",
    ),
    "two classes": (
        lambda: chain(layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2)),
        ValueError,
        "gives 2, and the figure shows ten probabilities",
    ),
    "maps at the end": (
        lambda: chain(layers.Rescaling(1 / 255), layers.Conv2D(10, 3)),
        ValueError,
        "gives 26×26×10",
    ),
    "sigmoid at the end": (
        lambda: chain(
            layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10, "sigmoid", name="yes_no")
        ),
        ValueError,
        "'yes_no' ends the network in sigmoid",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_is_refused_with_advice(name):
    build, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        layer_plan.read(build())


def test_float16_refuses_weights_beyond_its_range():
    model = ending(layers.Conv2D(1, 1, name="huge"))
    model.get_layer("huge").kernel.assign(np.full((1, 1, 1, 1), 1e6))
    assert layer_plan.read(model)
    with pytest.raises(ValueError, match="'huge': a weight is too large for float16"):
        layer_plan.read(model, dtype="float16")


def test_an_image_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="image is 28×29, and the network reads 28×28"):
        layer_plan.run(layer_plan.read(ending()), np.zeros((28, 29)))


def test_the_shipped_network_is_that_of_notebook_03():
    plan = layer_plan.shipped()
    assert sum(layer["parameters"] for layer in plan["layers"]) == 220_234
    notebook = json.loads(
        (layer_plan.ASSETS.parents[1] / "notebooks" / "03_mnist.ipynb").read_text(encoding="utf-8")
    )
    text = "".join("".join(cell["source"]) for cell in notebook["cells"])
    for layer in plan["layers"]:
        assert f'name="{layer["name"]}"' in text
