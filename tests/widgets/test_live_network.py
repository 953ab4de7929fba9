"""The live network: what it is given, its still figure, how its tiles are laid out, and the network that ships."""

import hashlib
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.data import datasets
from helpers.digits import handwriting
from helpers.drawings import still_network
from helpers.notebook.quiet_keras import keras, layers
from helpers.widgets import layer_plan, live
from tests.widgets.javascript import needs_node, run

# Of live_network/plan.json; tools/make_assets/live_network.py prints it.
CHECKSUM = "9fac0d3b7a7fba75e82ff6f8f5488605e2d39686f1f64b982b29983edb59b4e1"
READS = 0.97  # of the sample's test digits, at least


def small_model(*head):
    inner = [layers.Rescaling(1 / 255), layers.Conv2D(3, 3, activation="tanh", name="conv"), layers.Flatten()]
    return keras.Sequential(
        [keras.Input((28, 28, 1)), *inner, *(head or [layers.Dense(10, activation="softmax")])]
    )


def test_a_still_figure_leaves_the_weights_to_the_site(shown, monkeypatch):
    monkeypatch.setenv("CNN_LIVE", "0")
    live.network()
    live.network(small_model())
    assert [settings for _, settings, _ in shown] == [
        {"network": "shipped", "instead": False},
        {"network": "shipped", "instead": True},
    ]


def test_a_live_figure_carries_weights_and_digits(shown, monkeypatch):
    monkeypatch.setenv("CNN_LIVE", "1")
    model = small_model()
    live.network(model)
    live.network()
    (name, own, _), (_, shipped, _) = shown
    assert name == "network" and own["instead"] is False
    assert own["network"]["layers"][1]["name"] == "conv"
    np.testing.assert_array_equal(
        layer_plan.unpack(own["network"]["layers"][1]["kernel"]), np.asarray(model.get_layer("conv").kernel)
    )
    assert shipped["network"]["layers"] == layer_plan.shipped()["layers"]
    assert len(own["network"]["digits"]) == 10
    assert own["network"]["digits"][7] == [hand[7] for hand in handwriting.examples().values()]
    json.dumps([own, shipped])  # plain data


@pytest.mark.parametrize("is_live", ["0", "1"])
def test_what_cannot_be_shown_is_refused_before_anything_is_shown(is_live, shown, monkeypatch):
    monkeypatch.setenv("CNN_LIVE", is_live)
    with pytest.raises(ValueError, match="'two'|gives 2"):
        live.network(small_model(layers.Dense(2, name="two")))
    with pytest.raises(TypeError, match="a Keras model is needed"):
        live.network("mnist_cnn.keras")
    with pytest.raises(ValueError, match="white goes with a model of your own"):
        live.network(white=1)
    assert shown == []


def test_the_still_figure_says_what_it_shows(shown, monkeypatch):
    monkeypatch.setenv("CNN_LIVE", "0")
    before = plt.get_fignums()
    live.network()
    figure, alt = shown[0][2]()
    assert alt.startswith("A network reads a drawn digit") and "conv_2 (14×14×64)" in alt
    prepared = handwriting.prepare(handwriting.rasterize(layer_plan.example_digits()[live.FIRST_DIGIT][0]))
    shares = layer_plan.run(layer_plan.shipped(), prepared)[-1]
    assert f"it reads {shares.argmax()} with a probability of {shares.max():.0%}" in alt
    bars = [patch.get_width() for axis in figure.axes for patch in axis.patches]
    np.testing.assert_allclose(bars, shares, atol=1e-6)
    titles = [axis.get_title("left") for axis in figure.axes]
    assert [title for title in titles if title] == [
        "conv_1, 28×28×32: 8 of 32 maps",
        "pool_1, 14×14×32: 8 of 32 maps",
        "conv_2, 14×14×64: 8 of 64 maps",
        "pool_2, 7×7×64: 8 of 64 maps",
    ]
    assert plt.get_fignums() == before


def test_maps_of_both_signs_are_colored_around_zero():
    plan = layer_plan.read(small_model())
    figure, _ = still_network.draw(plan, layer_plan.example_digits()[1][0])
    maps = [image for axis in figure.axes[3:] for image in axis.images]
    assert len(maps) == 3
    for image in maps:
        low, high = image.get_clim()
        assert low == -high and image.get_cmap().name == "PuOr"


def test_a_network_without_maps_has_a_still_figure_too():
    dense = [keras.Input((28, 28, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)]
    figure, alt = still_network.draw(
        layer_plan.read(keras.Sequential(dense)), layer_plan.example_digits()[1][0]
    )
    assert len(figure.axes) == 3 and "maps of the layers" not in alt


def test_of_many_layers_some_are_drawn():
    stack = [layers.Conv2D(2, 3, padding="same", name=f"conv_{number}") for number in range(9)]
    head = [layers.Flatten(), layers.Dense(10)]
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Rescaling(1 / 255), *stack, *head])
    chosen = still_network._chosen(layer_plan.read(model)["layers"])
    assert len(chosen) == still_network.ROWS and chosen[0] == 1 and chosen[-1] == 9


# ---- the figure's own arithmetic


@needs_node
@pytest.mark.parametrize("room", [40, 343, 470])
@pytest.mark.parametrize(
    ("count", "tile", "side"), [(32, [28, 28], 2), (64, [7, 7], 6), (10, [1, 1], 22), (1, [28, 28], 4)]
)
def test_every_value_has_a_cell_of_its_own(count, tile, side, room):
    body = """
        const tiles = js.layTiles(given.count, given.tile, given.room, given.side);
        const places = Array.from({ length: given.count * given.tile[0] * given.tile[1] }, (_, at) => at);
        const cells = places.map((at) => js.tileCell(tiles, at));
        const back = cells.map(([row, column]) => js.valueAtCell(tiles, row, column));
        let filled = 0;
        for (let cell = 0; cell < tiles.rows * tiles.columns; cell++) {
            filled += js.valueAtCell(tiles, Math.floor(cell / tiles.columns), cell % tiles.columns) !== null;
        }
        return { tiles, cells, back, filled };
    """
    found = run("network", body, count=count, tile=tile, room=room, side=side)
    tiles, cells = found["tiles"], found["cells"]
    assert (
        found["back"] == list(range(len(cells)))
        and len(set(map(tuple, cells))) == len(cells) == found["filled"]
    )
    rows, columns = np.max(cells, axis=0) + 1
    assert rows == tiles["rows"] and columns <= tiles["columns"]
    assert tiles["columns"] * side <= room or tiles["across"] == 1
    assert tiles["across"] * tiles["down"] >= count > tiles["across"] * (tiles["down"] - 1)


@needs_node
@pytest.mark.parametrize("room", [250, 317, 470])
def test_even_the_largest_layers_make_canvases_that_a_phone_can_draw(room):
    most = layer_plan.MOST_ACTIVATIONS
    sides = [1, 2, 4, 7, 14, 28]
    shapes = [[side, side, most // side**2] for side in sides] + [[most], [10], [28, 28, 32], [7, 7, 64]]
    tiles = run(
        "network", "return given.shapes.map((s) => js.mapTiles(s, given.room));", shapes=shapes, room=room
    )
    for shape, each in zip(shapes, tiles, strict=True):
        assert each["count"] == shape[-1] and each["columns"] * each["side"] <= room
        assert each["rows"] * each["side"] <= 2400, (
            shape
        )  # 16,384 of a phone's own pixels is too much for most
    assert [each["side"] for each in tiles[-3:]] == [22, 2, 6], "layers of a usual size keep theirs"


@needs_node
def test_only_layers_that_can_be_negative_are_colored_around_zero():
    body = "return given.layers.map(([layer, before]) => js.canBeNegative(layer, before));"
    relu = {"name": "relu", "negative_slope": 0, "max_value": None, "threshold": 0}
    cases = [
        ({"kind": "rescale", "scale": 1 / 255, "offset": 0}, False, False),
        ({"kind": "rescale", "scale": 1 / 127.5, "offset": -1}, False, True),
        ({"kind": "conv", "activation": relu}, True, False),
        ({"kind": "conv", "activation": {**relu, "negative_slope": 0.2}}, False, True),
        ({"kind": "conv", "activation": {"name": "linear"}}, False, True),
        ({"kind": "dense", "activation": {"name": "softmax"}}, True, False),
        ({"kind": "activation", "activation": {"name": "linear"}}, False, False),
        ({"kind": "normalize"}, False, True),
        ({"kind": "pool"}, True, True),
        ({"kind": "pool"}, False, False),
    ]
    found = run("network", body, layers=[(layer, before) for layer, before, _ in cases])
    assert found == [wanted for *_, wanted in cases]


@needs_node
def test_nonsense_lies_on_the_pad_and_is_drawn_as_python_draws_it():
    body = """
        const { prepareDigit, rasterizeStrokes } = await import(new URL("prepare.js", place));
        return js.nonsenseStrokes().map(([name, strokes]) =>
            ({ name, strokes, prepared: prepareDigit(rasterizeStrokes(strokes)).values }));
    """
    found = run("network", body)
    assert len(found) == len({each["name"] for each in found}) >= 4
    for each in found:
        points = np.concatenate(each["strokes"])
        assert points.min() >= 20 and points.max() <= 260
        prepared = handwriting.prepare(handwriting.rasterize(each["strokes"]), dark_on_light=True)
        assert np.abs(np.reshape(each["prepared"], (28, 28)) - prepared.astype(int)).max() <= 1


# ---- the network that ships


def test_the_shipped_network_is_the_one_that_was_measured():
    data = layer_plan.SHIPPED.read_bytes()
    assert hashlib.sha256(data).hexdigest() == CHECKSUM
    assert len(data) < 1_000_000


def test_the_sites_script_is_one_statement_with_network_and_digits():
    script = layer_plan.site_script()
    start, end = "globalThis.liveNetwork = ", ";\n"
    assert script.startswith(start) and script.endswith(end) and len(script) < 1_000_000
    data = json.loads(script[len(start) : -len(end)])
    assert data == {**layer_plan.shipped(), "digits": layer_plan.example_digits()}


def test_the_shipped_network_reads_the_samples_test_digits():
    data, plan = datasets.load("mnist"), layer_plan.shipped()
    answers = [layer_plan.run(plan, image)[-1].argmax() for image in data.x_test[:300]]
    assert np.mean(answers == data.y_test[:300]) > READS


def test_the_shipped_network_reads_the_ready_digits():
    plan = layer_plan.shipped()
    answers = [
        [
            layer_plan.run(plan, handwriting.prepare(handwriting.rasterize(strokes)))[-1].argmax()
            for strokes in hands
        ]
        for hands in layer_plan.example_digits()
    ]
    right = np.sum(np.array(answers) == np.arange(10)[:, None])
    assert right >= 28, answers
