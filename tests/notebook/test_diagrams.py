"""helpers.notebook.diagrams: every drawing says what the model and the numbers say, and can be read."""

import random
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from matplotlib.text import Text

from helpers.drawings import network_figures, network_plan, shapes
from helpers.inside import graph
from helpers.networks import builders
from helpers.notebook import diagrams, plots


def texts(figure):
    ticks = {id(label) for axis in figure.axes for label in axis.get_xticklabels() + axis.get_yticklabels()}
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    return [text for text in found if id(text) not in ticks]


def said(figure):
    return "\n".join(text.get_text() for text in texts(figure))


def check_readable(figure, *, least=10.0):
    """At most 900 pixels wide, large letters, all text inside the figure, and no text on another one."""
    width, height = figure.get_size_inches() * 100
    assert width <= 900 and height <= 1000
    figure.set_dpi(100)
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    assert min(text.get_fontsize() for text in texts(figure)) >= least
    for name, box in boxes:
        assert box.x0 > -1 and box.y0 > -1 and box.x1 < width + 1 and box.y1 < height + 1, name
    for index, (name, one) in enumerate(boxes):
        for other, two in boxes[:index]:
            apart = one.x1 < two.x0 + 1 or two.x1 < one.x0 + 1 or one.y1 < two.y0 + 2 or two.y1 < one.y0 + 2
            assert apart, (name, other)


def transfer(frozen):
    """A small nested model, of which `frozen` layers from the start are not trained."""
    images = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="a")(images)
    base = keras.Model(images, layers.Conv2D(6, 3, name="b")(x), name="backbone")
    for layer in base.layers[: frozen + 1]:
        layer.trainable = False
    inputs = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(base(inputs))
    return keras.Model(inputs, layers.Dense(5, name="head")(x), name="transfer")


def squeeze_and_excite():
    inputs = keras.Input((16, 16, 8))
    x = layers.ZeroPadding2D(1)(inputs)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, strides=2)(x))
    gate = layers.Dense(8, activation="sigmoid")(layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    x = layers.Multiply()([x, gate])
    ways = [layers.Conv2D(4, size, padding="same", activation="relu")(x) for size in (1, 3, 5)]
    x = layers.Flatten()(layers.Concatenate()(ways))
    return keras.Model(inputs, layers.Dense(2)(x), name="branches")


def stacked(name, shape, *operations):
    x = inputs = keras.Input(shape)
    for operation in (layers.Rescaling(1 / 255), *operations, layers.Dense(10, activation="softmax")):
        x = operation(x)
    return keras.Model(inputs, x, name=name)


def mlp(*hidden):
    units = [layers.Dense(count, activation="relu") for count in hidden or (512, 512)]
    return stacked("mlp", (28, 28), layers.Flatten(), *units)


def mnist_cnn():
    convolutions = [layers.Conv2D(count, 3, padding="same", activation="relu") for count in (32, 64)]
    features = [
        convolutions[0],
        layers.MaxPooling2D(2),
        convolutions[1],
        layers.MaxPooling2D(2),
        layers.Flatten(),
    ]
    hidden = [layers.Dropout(0.3), layers.Dense(64, activation="relu"), layers.Dropout(0.5)]
    return stacked("mnist_cnn", (28, 28, 1), *features, *hidden)


FOUR_LAYERS = [16, "max_pool", 32, "max_pool", 64, "max_pool", 128, "max_pool"]
NETS = {
    "mlp": mlp,
    "small_cnn": builders.small_cnn,
    "mnist_cnn": mnist_cnn,
    "four layers": lambda: builders.build_convnet((32, 32, 3), 10, FOUR_LAYERS),
    "vgg": builders.vgg,
    "vgg with batch norm": lambda: builders.vgg(batch_norm="after", width=0.25),
    "residual": builders.residual_net,
    "plain": lambda: builders.residual_net(residual=False, blocks=3),
    "one block": lambda: builders.residual_net(blocks=1, filters=(16,)),
    "transfer": lambda: transfer(1),
    "branches": squeeze_and_excite,
}


@pytest.mark.parametrize("style", [None, "volumes", "blocks"])
@pytest.mark.parametrize("name", NETS)
def test_a_network_can_be_read(name, style):
    model = NETS[name]()
    figure, alt = diagrams.draw_network(model, style)
    check_readable(figure)
    assert f"{model.count_params():,} parameters" in said(figure)
    assert f"{model.count_params():,} parameters" in alt
    output = network_plan.size_text(tuple(model.outputs[0].shape[1:]), "dense")
    assert output in said(figure) and output in alt


@pytest.mark.parametrize("detail", network_plan.DETAILS)
@pytest.mark.parametrize("name", NETS)
def test_every_plan_keeps_parameters_and_layers(name, detail):
    model = NETS[name]()
    plan = network_plan.at(network_plan.read(model), detail)
    assert (
        sum(part.total for part in plan.parts) + sum(arc.parameters for arc in plan.arcs)
        == model.count_params()
    )
    convolutions = sum(isinstance(step.layer, layers.Conv2D) for step in graph.read(model).steps())
    found = sum(part.convolutions * part.times for part in plan.parts)
    assert found + sum(arc.convolutions for arc in plan.arcs) == convolutions
    assert plan.parts[-1].shape == tuple(model.outputs[0].shape[1:])
    assert all(0 <= arc.start < arc.end < len(plan.parts) for arc in plan.arcs)


def test_layers_have_their_shapes_and_counts():
    model = mnist_cnn()
    plan = network_plan.read(model)
    assert [part.shape for part in plan.parts] == [tuple(layer.output.shape[1:]) for layer in model.layers]
    assert [part.parameters for part in plan.parts] == [layer.count_params() for layer in model.layers]
    figure, alt = diagrams.draw_network(model, "blocks", detail="layers")
    words = said(figure)
    for text in ("28 × 28 × 32", "14 × 14 × 64", "3,136 values", "200,768 param.", "64 units", "÷ 255"):
        assert text in words
    assert alt == (
        "Diagram of mnist_cnn, with 220,234 parameters. An input of 28 × 28 × 1 passes through rescale ÷ 255; "
        "convolution 3×3, ReLU (28 × 28 × 32, 320 parameters); max pooling 2×2 (14 × 14 × 32); convolution 3×3, ReLU "
        "(14 × 14 × 64, 18,496 parameters); max pooling 2×2 (7 × 7 × 64); flatten (3,136 values); dropout 0.3; dense, "
        "ReLU (64 units, 200,768 parameters); dropout 0.5; dense, softmax (10 units, 650 parameters)."
    )


def test_volumes_show_each_output_once_and_equal_convolutions_together():
    vgg = builders.vgg()
    figure, _ = diagrams.draw_network(vgg, "volumes")
    words = said(figure)
    assert words.count("4 × 4 × 512") == 1 and words.count("3 × convolution") == 2
    last_three = [
        layer.count_params() for layer in vgg.layers if layer.name in ("conv_8", "conv_9", "conv_10")
    ]
    assert f"{sum(last_three):,} param." in words


def test_a_shortcut_is_drawn_around_its_block():
    model = builders.residual_net(blocks=1, filters=(16,))
    plan = network_plan.read(model)
    (arc,) = plan.arcs
    assert plan.parts[arc.start].names == ("stem_relu",) and plan.parts[arc.end].names == ("s1b1_add",)
    figure, alt = diagrams.draw_network(model)
    assert "shortcut" in said(figure) and alt.endswith("A shortcut leads around layers to 'add'.")


def test_residual_blocks_of_a_deep_net_become_one_box_each():
    model = builders.residual_net()
    projections = [layer for layer in model.layers if "shortcut" in layer.name]
    plan = network_plan.at(network_plan.read(model), "groups")
    blocks = [part for part in plan.parts if part.kind == "block"]
    assert [part.times for part in blocks] == [2, 1, 1, 1, 1]
    assert [part.shortcut != "identity" for part in blocks] == [False, True, False, True, False]
    in_second = [layer for layer in model.layers if layer.name.startswith("s2b1_")]
    assert blocks[1].parameters == sum(layer.count_params() for layer in in_second) and len(projections) == 4
    figure, alt = diagrams.draw_network(model)
    assert "2 × residual" in said(figure) and "convolution 1×1" in said(figure)
    assert "2 times residual block" in alt


@pytest.mark.parametrize(("frozen", "mark"), [(0, ""), (1, "partly frozen"), (2, "frozen")])
def test_frozen_layers_are_named_and_hatched(frozen, mark):
    model = transfer(frozen)
    figure, alt = diagrams.draw_network(model)
    held = int(sum(np.prod(weight.shape) for weight in model.non_trainable_weights))
    assert (f"{held:,} of them frozen" in said(figure)) == (f"{held:,} of them frozen" in alt) == bool(held)
    lines = said(figure).split("\n")
    assert ([line for line in lines if line in ("frozen", "partly frozen")] or [""]) == [mark]
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert bool(hatched) == (mark == "frozen")
    assert "backbone" in lines and "a model of 2 layers" in lines


def test_the_model_stays_as_it_is():
    model = builders.small_cnn()
    weights, nodes = [w.copy() for w in model.get_weights()], len(model.layers[-1]._inbound_nodes)
    for style in diagrams.STYLES:
        diagrams.draw_network(model, style)
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))
    assert len(model.layers[-1]._inbound_nodes) == nodes


def draws_from_all_generators():
    old = np.random.random()  # noqa: NPY002 - the shared state is the point
    return random.random(), old, float(tf.random.uniform(())), float(keras.random.uniform(()))


def test_the_shared_random_state_stays_as_it_is():
    models = [builders.residual_net(), mnist_cnn()]
    keras.utils.set_random_seed(7)
    expected = draws_from_all_generators()
    keras.utils.set_random_seed(7)
    for model in models:
        diagrams.draw_network(model)
    diagrams.draw_mlp((784, 10))
    diagrams.draw_neuron([1], [2])
    diagrams.draw_descent()
    diagrams.draw_dropout()
    diagrams.draw_convolution(np.eye(4), np.eye(2))
    assert draws_from_all_generators() == expected


def test_names_that_keras_makes_up_are_left_out():
    # They count up when a cell is run again, and a figure must say the same then.
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Activation("tanh"), layers.Dense(2)])
    figure, alt = diagrams.draw_network(model)
    assert "sequential" not in said(figure) + alt and alt.startswith(
        "Diagram of a network, with 23 parameters."
    )
    assert "tanh" in said(figure)
    assert "mine: 23 parameters" in said(diagrams.draw_network(model, title="mine")[0])


def test_a_shared_layer_is_counted_once():
    inputs = keras.Input((4,))
    twice = layers.Dense(4, name="twice")
    model = keras.Model(inputs, twice(twice(inputs)))
    plan = network_plan.read(model)
    assert [part.parameters for part in plan.parts] == [0, 20, 0] and plan.parts[2].detail == "the same again"


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="unknown style 'boxes': choose 'volumes' or 'blocks'"):
        diagrams.draw_network(mlp(), "boxes")
    with pytest.raises(ValueError, match="unknown detail 'all'"):
        diagrams.draw_network(mlp(), detail="all")
    with pytest.raises(TypeError, match="a Keras model is needed"):
        diagrams.draw_network("mlp")
    with pytest.raises(ValueError, match="put a keras.Input first"):
        diagrams.draw_network(keras.Sequential([layers.Dense(3)]))


def test_show_hands_on_figure_and_alt_text(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "show", lambda figure, *, alt: shown.append((figure, alt)))
    diagrams.show_network(builders.small_cnn())
    diagrams.show_neuron([1, 2], [3, 4])
    diagrams.show_mlp((2, 3))
    diagrams.show_descent()
    diagrams.show_dropout()
    diagrams.show_convolution(np.eye(4), np.eye(2))
    assert len(shown) == 6 and all(len(alt.split()) > 10 and alt.endswith(".") for _, alt in shown)


# One neuron, perceptrons


def test_a_neuron_shows_its_numbers():
    figure, alt = diagrams.draw_neuron([0.5, 2, 1], [2, -1, 0.25], 0.5)
    check_readable(figure)
    for text in ("× (−1)", "1", "−2", "0.25", "−0.75", "+ 0.5 (bias)", "= −0.25", "ReLU", "0"):
        assert text in said(figure).split("\n")
    assert (
        alt == "One neuron: 0.5 × 2 + 2 × −1 + 1 × 0.25, plus the bias 0.5, is −0.25; ReLU turns that into 0."
    )
    _, alt = diagrams.draw_neuron([1], [2], -5, activation=None)
    assert alt.endswith("is −3, and that is its output.")
    _, alt = diagrams.draw_neuron([1], [0], activation="sigmoid")
    assert alt.endswith("sigmoid turns that into 0.5.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1]), "2 inputs and 1 weights"),
        ((np.ones(9), np.ones(9)), "9 inputs are too many"),
        (([], []), "inputs is empty"),
    ],
)
def test_neurons_that_cannot_be_drawn(arguments, message):
    with pytest.raises(ValueError, match=message):
        diagrams.draw_neuron(*arguments)
    with pytest.raises(ValueError, match="unknown activation 'tanh'"):
        diagrams.draw_neuron([1], [1], activation="tanh")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.001, "0"), (-1.5, "−1.5"), (1 / 3, "0.33"), (100.0, "100"), (2e6, "2.0e+06")],
)
def test_numbers_are_written_short(value, text):
    assert shapes.written(value) == text


def test_a_perceptron_counts_like_keras():
    model = mlp(20, 5)
    figure, alt = diagrams.draw_mlp(model)
    check_readable(figure)
    total = f"{model.count_params():,}"
    assert f"mlp: {total} parameters" in said(figure) and f"{total} parameters" in alt
    _, alt = diagrams.draw_mlp((784, 20, 5, 10))
    assert f"{total} weights and biases" in alt
    assert "784 (inputs), 20 (hidden 1), 5 (hidden 2), 10 (outputs)" in alt


def test_large_layers_are_elided():
    figure, _ = diagrams.draw_mlp((3, 9, 2), most=5, names=["pixels", "units", "classes"])
    circles = [patch.radius for patch in figure.axes[0].patches]
    assert circles.count(diagrams.UNIT) == 3 + 4 + 2 and len(circles) == 3 + 4 + 2 + 3
    assert len(figure.axes[0].lines) == 3 * 4 + 4 * 2
    assert "pixels" in said(figure)


def test_perceptrons_that_cannot_be_drawn():
    with pytest.raises(ValueError, match="'conv_1' is a convolution: use show_network"):
        diagrams.draw_mlp(builders.small_cnn())
    with pytest.raises(ValueError, match="2 to 8 layers, not of 1"):
        diagrams.draw_mlp((3,))
    with pytest.raises(ValueError, match="one name for each of the 2 layers"):
        diagrams.draw_mlp((3, 2), names=["a"])
    with pytest.raises(TypeError, match="numbers of units such as"):
        diagrams.draw_mlp(3)
    with pytest.raises(TypeError, match="whole number"):
        diagrams.draw_mlp((3, 2.5))


# Gradient descent, dropout


def test_descent_takes_real_steps():
    figure, alt = diagrams.draw_descent((0.1, 0.6, 2.1), steps=8, start=-3)
    check_readable(figure)
    for axis, rate in zip(figure.axes, (0.1, 0.6, 2.1), strict=True):
        weights, losses = axis.lines[1].get_data()
        assert np.allclose(weights, -3 * (1 - rate) ** np.arange(9)) and np.allclose(losses, weights**2 / 2)
        assert f"{losses[-1]:.2f}" in axis.get_title()
    ends = re.findall(r"from 4\.50 to ([\d.]+)(?=[;.])", alt)
    assert [float(end.rstrip(".")) for end in ends] == [0.83, 0.0, 20.68]


def test_descent_on_a_curve_of_ones_own():
    figure, _ = diagrams.draw_descent((0.1,), steps=3, start=2, loss=lambda w: w**3, span=(-1, 3))
    exact = diagrams.draw_descent(
        (0.1,), steps=3, start=2, loss=lambda w: w**3, slope=lambda w: 3 * w * w, span=(-1, 3)
    )
    assert np.allclose(figure.axes[0].lines[1].get_data(), exact[0].axes[0].lines[1].get_data(), atol=1e-6)
    check_readable(
        diagrams.draw_descent((0.01, 0.1, 0.2, 1e9), steps=60)[0]
    )  # the last one leaves all numbers


@pytest.mark.parametrize("rates", [(), (0.1,) * 5, (0,), (-1, 0.1), (np.nan,)])
def test_learning_rates_that_are_none(rates):
    with pytest.raises(ValueError, match="learning_rates"):
        diagrams.draw_descent(rates)


def test_descent_starts_inside():
    with pytest.raises(ValueError, match="outside the span"):
        diagrams.draw_descent(start=5, span=(-1, 1))


@pytest.mark.parametrize("seed", range(5))
def test_dropout_switches_other_units_off_for_each_image(seed):
    figure, alt = diagrams.draw_dropout((3, 6, 4, 2), rate=0.3, seed=seed)
    check_readable(figure)
    one, two = diagrams._two_masks((6, 4), 0.3, seed)
    assert one != two and all(
        0 < len(off) < size for mask in (one, two) for off, size in zip(mask, (6, 4), strict=True)
    )
    counts = [sum(map(len, mask)) for mask in (one, two)]
    assert f"crosses out {counts[0]} of its 10 hidden units for one image and {counts[1]} for the next" in alt
    crosses = [line for line in figure.axes[0].lines if line.get_color() == plots.RED]
    assert len(crosses) == 2 * sum(counts)


@pytest.mark.parametrize(
    ("sizes", "rate", "message"),
    [
        ((3, 2), 0.5, "at least 3 layers"),
        ((3, 9, 2), 0.5, "at most 8 units"),
        ((3, 4, 2), 1, "rate must be"),
        ((3, 4, 2), 0, "rate must be"),
        ((3, 1, 2), 0.5, "can't lose one"),
    ],
)
def test_dropout_that_cannot_be_drawn(sizes, rate, message):
    with pytest.raises(ValueError, match=message):
        diagrams.draw_dropout(sizes, rate=rate)


# A convolution in steps

IMAGE = np.arange(30.0).reshape(5, 6) ** 1.5 / 10


@pytest.mark.parametrize(("stride", "padding"), [(1, "valid"), (2, "same"), ((1, 2), "same"), (1, 1)])
def test_a_convolution_computes_what_keras_does(stride, padding):
    kernel = np.array([[1, 0, -1], [2, 0.5, -2], [1, 0, -1]])
    figure, alt = diagrams.draw_convolution(IMAGE, kernel, [(1, 1)], stride=stride, padding=padding)
    check_readable(figure, least=7.5)
    image = np.pad(IMAGE, padding) if padding == 1 else IMAGE
    expected = keras.ops.convert_to_numpy(
        keras.ops.conv(
            image[None, ..., None].astype("float32"), kernel[..., None, None].astype("float32"),
            strides=stride, padding="valid" if padding == 1 else padding,
        )
    )[0, ..., 0]  # fmt: skip
    shape, value = (
        "×".join(map(str, expected.shape)),
        float(re.search(r"1, column 1: (\S+)\.$", alt)[1].replace("−", "-")),
    )
    assert f"fill a {shape} output" in alt and value == pytest.approx(expected[1, 1], abs=0.01)
    assert f"sum: {shapes.written(value)}" in said(figure)


def test_the_output_fills_up_in_reading_order():
    figure, _ = diagrams.draw_convolution(np.full((4, 4), 7), [[0, 0], [0, 1]], [(0, 1), (1, 2)])
    assert said(figure).split("\n").count("7") == 2 * (16 + 1) + 2 + 6  # images and products, then outputs


def test_a_large_image_is_a_picture_beside_its_patch():
    image = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    figure, _ = diagrams.draw_convolution(image, [[-1, 0, 1]] * 3, [(0, 0), (12, 9), (25, 25)])
    check_readable(figure, least=7.5)
    assert "patch" in said(figure) and len(figure.axes[0].images) == 6
    for value in image[12:15, 9:12].ravel():
        assert str(value) in said(figure).split("\n")


def test_an_image_with_too_small_cells_becomes_a_picture():
    figure, _ = diagrams.draw_convolution(np.eye(8), np.ones((3, 3)), [(0, 0)])
    assert "patch" not in said(figure)
    figure, _ = diagrams.draw_convolution(np.eye(8), np.ones((5, 5)), [(0, 0)])
    assert "patch" in said(figure)
    check_readable(figure)


def test_the_usual_places_are_the_first_two_and_the_last():
    assert diagrams._positions(None, (3, 3)) == [(0, 0), (0, 1), (2, 2)]
    assert diagrams._positions(None, (3, 1)) == [(0, 0), (1, 0), (2, 0)]
    assert diagrams._positions(None, (1, 1)) == [(0, 0)]
    assert diagrams._positions(np.array([[1, 2]]), (3, 3)) == [(1, 2)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"positions": [(4, 0)]}, r"position \(4, 0\) is outside the output, 4×5"),
        ({"positions": [3]}, "must be a \\(row, column\\)"),
        ({"positions": []}, "one to four places"),
        ({"kernel": np.ones((7, 7)), "padding": "same"}, "too large for this drawing"),
        ({"kernel": np.ones((7, 7))}, "does not fit"),
        ({"image": np.ones((5, 5, 3))}, "a gray one"),
        ({"padding": "full"}, "unknown padding"),
    ],
)
def test_convolutions_that_cannot_be_drawn(options, message):
    with pytest.raises(ValueError, match=message):
        diagrams.draw_convolution(**({"image": IMAGE, "kernel": np.ones((2, 2))} | options))


def test_text_is_as_wide_as_it_is_drawn():
    figure, axis = shapes.canvas(1)
    shapes.write(axis, 4, 0.5, "convolution 3×3 $", fontweight="bold")
    figure.set_dpi(100)
    figure.draw_without_rendering()
    drawn = texts(figure)[-1].get_window_extent().width / 100
    assert shapes.text_width("convolution 3×3 $", bold=True) == pytest.approx(drawn, rel=0.05)
    assert network_figures.wrapped("global average pooling", 15) == ["global average", "pooling"]
