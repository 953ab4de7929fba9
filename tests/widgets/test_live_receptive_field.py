"""The live receptive field: its arithmetic in the page and in Python, its still figure, and the checks."""

import numpy as np
import pytest

from helpers.drawings import still_receptive_field
from helpers.inside import receptive_field
from helpers.notebook.quiet_keras import keras, layers
from helpers.widgets import field_layers, live, modules
from tests.widgets.javascript import needs_node, run


def plans(count):
    """Random stacks of one to five layers; Keras takes a stride or a dilation, not both."""
    rng = np.random.default_rng(7)
    for _ in range(count):
        plan = []
        for _ in range(rng.integers(1, 6)):
            kernel, stride, dilation = (int(value) for value in rng.integers(1, 4, size=3))
            if rng.random() < 0.3:
                plan.append({"kind": "pool", "kernel": kernel, "stride": stride, "dilation": 1})
            else:
                dilation = dilation if stride == 1 else 1
                plan.append({"kind": "conv", "kernel": kernel, "stride": stride, "dilation": dilation})
        yield plan


def in_keras(plan, side=None):
    x = inputs = keras.Input((side, side, 1))
    for layer in plan:
        if layer["kind"] == "pool":
            x = layers.AveragePooling2D(layer["kernel"], strides=layer["stride"])(x)
        else:
            moves = {"strides": layer["stride"], "dilation_rate": layer["dilation"]}
            x = layers.Conv2D(1, layer["kernel"], kernel_initializer="ones", **moves)(x)
    return keras.Model(inputs, x)


@needs_node
def test_page_and_python_find_the_fields_of_keras_models():
    given = list(plans(25))
    found = run("receptive_field", "return given.plans.map((plan) => js.fieldSizes(plan));", plans=given)
    for plan, sizes in zip(given, found, strict=True):
        pairs = [(step["size"], step["jump"]) for step in sizes]
        assert pairs == field_layers.sizes(plan)
        assert (pairs[-1][0],) * 2 == receptive_field.from_model(in_keras(plan)), plan
        assert pairs[-1][1] == np.prod([layer["stride"] for layer in plan])


@needs_node
def test_the_pixels_that_a_value_uses_are_those_with_a_gradient():
    given = list(plans(60))
    found = run("receptive_field", "return given.plans.map((plan) => js.fieldInputs(plan));", plans=given)
    for plan, used in zip(given, found, strict=True):
        assert used == field_layers.inputs(plan)
        assert len(used) == len(plan) + 1 and used[-1] == [0]
    with_gaps = [
        plan for plan in given if len(field_layers.inputs(plan)[0]) < field_layers.sizes(plan)[-1][0]
    ]
    assert len(with_gaps) > 5
    for plan in with_gaps[:4]:
        gradient = receptive_field.measured(
            in_keras(plan, side=field_layers.sizes(plan)[-1][0]), (0, 0), images=1
        )
        np.testing.assert_array_equal(np.flatnonzero(gradient.any(axis=0)), field_layers.inputs(plan)[0])


@needs_node
def test_the_page_counts_the_places_on_an_image():
    body = "return given.plans.map((plan) => js.fieldPlaces(plan, 24));"
    given = list(plans(25))
    counts = run("receptive_field", body, plans=given)
    assert 0 in counts and max(counts) > 5
    for plan, count in zip(given, counts, strict=True):
        if count:
            assert in_keras(plan, side=24).output.shape[1] == count, plan
        else:
            assert field_layers.sizes(plan)[-1][0] > 24


@needs_node
def test_the_layers_to_choose_from_are_the_same_in_the_page():
    assert run("receptive_field", "return js.FIELD_LAYERS;") == field_layers.LAYERS
    assert run("receptive_field", "return js.FIELD_DEFAULT;") == list(field_layers.DEFAULT)


def test_the_sizes_of_notebook_02b():
    sizes = field_layers.sizes(field_layers.read(field_layers.DEFAULT))
    assert [size for size, _ in sizes] == [1, 3, 5, 6, 10, 14]
    exercise = field_layers.read([(3, 2), (3, 1), (2, 2), (3, 1)])
    assert field_layers.sizes(exercise)[-1] == (17, 4)


def test_the_settings_are_what_was_asked_for(shown):
    image = np.random.default_rng(0).integers(0, 256, size=(40, 30, 3)).astype(np.uint8)
    live.receptive_field(["conv 3 stride 2", (5, 1), (3, 1, 2)], image=image)
    ((figure, settings, still),) = shown
    assert figure == "receptive_field"
    assert settings["layers"] == [
        {"kind": "conv", "kernel": 3, "stride": 2, "dilation": 1},
        {"kind": "conv", "kernel": 5, "stride": 1, "dilation": 1},
        {"kind": "conv", "kernel": 3, "stride": 1, "dilation": 2},
    ]
    assert settings["image"] == modules.pack(image)
    drawing, alt = still()
    assert "3 layers" in alt and "19 pixels in a row, so 19 by 19" in alt
    (square,) = drawing.axes[1].patches
    assert (square.get_width(), square.get_height()) == (19, 19)
    # Two pixels apart, and so never at the exact middle.
    assert (square.get_x(), square.get_y()) == (3.5, 9.5)


def test_without_an_image_only_the_side_view_is_drawn(shown):
    live.receptive_field()
    ((_, settings, still),) = shown
    assert set(settings) == {"layers"} and len(settings["layers"]) == len(field_layers.DEFAULT)
    drawing, alt = still()
    assert len(drawing.axes) == 1 and "14 by 14 in the image" in alt
    lines = sum(len(collection.get_segments()) for collection in drawing.axes[0].collections)
    assert lines == 3 * 1 + 3 * 3 + 2 * 5 + 3 * 10 + 3 * 12


def test_no_layer_and_an_image_that_is_too_small(shown):
    live.receptive_field([])
    live.receptive_field(["conv 5", "conv 5"], image=np.zeros((8, 20)))
    assert "1 by 1 in the image" in shown[0][2]()[1]
    drawing, alt = shown[1][2]()
    assert "The image beside it is smaller." in alt and not drawing.axes[1].patches


@pytest.mark.parametrize(
    ("layer", "name"),
    [("pool 2", "pool 2×2"), ("conv 3 stride 2", "conv 3×3, stride 2"), ((3, 1, 4), "conv 3×3, dilation 4")],
)
def test_layers_are_named_in_the_still_figure(layer, name):
    drawing, _ = still_receptive_field.draw(field_layers.read([layer]), None)
    assert name in [text.get_text() for text in drawing.axes[0].texts]


BAD = [
    ({"layers": "conv 3"}, TypeError, "layers must be a list such as"),
    ({"layers": 3}, TypeError, "layers must be a list such as"),
    ({"layers": ["conv 3", "conv 4"]}, ValueError, "layer 2 is 'conv 4': choose one of conv 3, conv 5"),
    ({"layers": [3]}, TypeError, "layer 1 is 3: give a name"),
    ({"layers": [(3,)]}, TypeError, "give a name such as"),
    ({"layers": [(3, 1, 1, 1)]}, TypeError, "give a name such as"),
    ({"layers": [(0, 1)]}, ValueError, "the kernel size of layer 1 must be at least 1"),
    ({"layers": [(9, 1)]}, ValueError, "the kernel size of layer 1 must be at most 7"),
    ({"layers": [(3, 1.5)]}, TypeError, "the stride of layer 1 must be a whole number"),
    ({"layers": [(3, 5)]}, ValueError, "the stride of layer 1 must be at most 4"),
    ({"layers": [(3, 1, 5)]}, ValueError, "the dilation of layer 1 must be at most 4"),
    ({"layers": ["conv 3"] * 9}, ValueError, "there are 9 layers, and the figure has room for 8"),
    ({"image": np.zeros((65, 9))}, ValueError, "at most 64 pixels a side"),
    ({"image": np.full((9, 9), np.nan)}, ValueError, "not numbers"),
]


@pytest.mark.parametrize("live_front_end", ["0", "1"])
@pytest.mark.parametrize(("change", "kind", "message"), BAD)
def test_bad_arguments_are_refused_before_anything_is_shown(
    change, kind, message, live_front_end, shown, monkeypatch
):
    monkeypatch.setenv("CNN_LIVE", live_front_end)
    with pytest.raises(kind, match=message):
        live.receptive_field(**change)
    assert not shown
