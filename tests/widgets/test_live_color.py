"""The live figure of color: its arithmetic in the page, its still figure, and the checks of what it is given."""

import numpy as np
import pytest

from helpers.drawings import still_color
from helpers.from_scratch.convolution import conv2d
from helpers.notebook.quiet_keras import keras, layers
from helpers.widgets import color_filters, live, modules
from tests.widgets.javascript import needs_node, run

MAPS = """
    return given.cases.map(({ image, filter, options }) =>
        js.colorMap({ ...image, values: Float64Array.from(image.values) }, filter, options));
"""


def cases(count):
    """Random images, filters and moves, as the page takes them, each with its arrays."""
    rng = np.random.default_rng(4)
    for _ in range(count):
        rows, columns = (int(side) for side in rng.integers(3, 10, size=2))
        image, weights, bias = rng.random((rows, columns, 3)), rng.normal(size=(3, 3, 3)), float(rng.normal())
        options = {"stride": int(rng.integers(1, 3)), "padding": str(rng.choice(["valid", "same"]))}
        filled = {"rows": rows, "columns": columns, "values": image.ravel().tolist()}
        for_page = {"weights": weights.ravel().tolist(), "bias": bias}
        yield {"image": filled, "filter": for_page, "options": options}, (image, weights, bias)


@needs_node
def test_the_page_computes_what_numpy_and_keras_compute():
    given = list(cases(80))
    for (case, (image, weights, bias)), found in zip(
        given, run("color", MAPS, cases=[case for case, _ in given]), strict=True
    ):
        moves = {"strides": case["options"]["stride"], "padding": case["options"]["padding"]}
        expected = conv2d(image[None], weights[..., None], [bias], **moves)[0, ..., 0]
        assert (found["rows"], found["columns"]) == expected.shape, moves
        np.testing.assert_allclose(np.reshape(found["values"], expected.shape), expected, atol=1e-9)
        layer = layers.Conv2D(1, 3, **moves)
        layer.build((1, *image.shape))
        layer.set_weights([weights[..., None], np.array([bias])])
        in_keras = keras.ops.convert_to_numpy(layer(image[None].astype(np.float32)))[0, ..., 0]
        np.testing.assert_allclose(np.reshape(found["values"], in_keras.shape), in_keras, atol=1e-5)


@needs_node
def test_three_sums_and_the_bias_make_the_result():
    (case, (image, weights, bias)) = next(cases(1))
    body = """
        const image = { ...given.image, values: Float64Array.from(given.image.values) };
        return js.colorStep(image, given.filter, [0, 1], { stride: 2, padding: "valid" });
    """
    found = run("color", body, image=case["image"], filter=case["filter"])
    patch = image[0:3, 2:5]
    np.testing.assert_allclose(np.reshape(found["patch"], (3, 3, 3)), patch)
    np.testing.assert_allclose(found["sums"], (patch * weights).sum(axis=(0, 1)))
    assert found["result"] == pytest.approx((patch * weights).sum() + bias)
    columns = image.shape[1]
    assert found["cells"] == [row * columns + column for row in range(3) for column in range(2, 5)]


@needs_node
def test_added_zeros_are_no_pixels():
    body = "return js.colorStep(js.colorImage('flag'), js.colorFilter('average'), [0, 0], given.options);"
    found = run("color", body, options={"stride": 1, "padding": "same"})
    assert found["cells"] == [-1, -1, -1, -1, 0, 1, -1, 9, 10]
    assert found["sums"] == pytest.approx([4 / 27, 0, 0])


@needs_node
def test_filters_and_flag_are_the_same_in_the_page():
    assert run("color", "return Object.keys(js.COLOR_FILTERS);") == list(color_filters.FILTERS)
    for name in color_filters.FILTERS:
        weights, bias = color_filters.make_filter(name)
        found = run("color", "return js.colorFilter(given.name);", name=name)
        np.testing.assert_array_equal(np.reshape(found["weights"], (3, 3, 3)), weights)
        assert found["bias"] == bias
    found = run("color", "return js.colorImage('flag');")
    np.testing.assert_array_equal(
        np.reshape(found["values"], (found["rows"], found["columns"], 3)), color_filters.flag()
    )


@needs_node
def test_ready_images_are_small_and_have_words():
    names = run("color", "return Object.keys(js.COLOR_IMAGES);")
    words = modules.labels()["color"]
    assert {f"image {name}" for name in (*names, "own")} <= set(words)
    assert {f"filter {name}" for name in (*color_filters.FILTERS, "own")} <= set(words)
    for name in names:
        image = run("color", "return js.colorImage(given.name);", name=name)
        assert 3 <= min(image["rows"], image["columns"]) <= max(image["rows"], image["columns"]) <= 9
        assert len(image["values"]) == 3 * image["rows"] * image["columns"]
        assert 0 <= min(image["values"]) < max(image["values"]) <= 1


@needs_node
@pytest.mark.parametrize(
    ("typed", "value"),
    [("2", 2), ("−1", -1), (" 0,5 ", 0.5), ("-.25", -0.25), ("99", 9), ("-99", -9)]
    + [(text, None) for text in ("", "-", "−", "two", "1 2", "Infinity", "NaN")],
)
def test_a_typed_number_is_read_or_waited_for(typed, value):
    assert run("color", "return js.colorTyped(given.typed, -9, 9);", typed=typed) == value


def test_the_filter_of_notebook_02_makes_its_map(shown):
    live.color()
    ((figure, settings, still),) = shown
    assert figure == "color"
    assert settings == {"filters": ["red minus blue", "vertical edges"], "stride": 1, "padding": "valid"}
    drawing, alt = still()
    maps = [axis.images[0].get_array() for axis in (drawing.axes[3], drawing.axes[7])]
    np.testing.assert_allclose(maps[0], [[10, 7, 4, 1, -2, -5, -8]] * 2)
    np.testing.assert_allclose(maps[1], [[0, 8, 8, 0, -8, -8, 0]] * 2)
    assert "4 by 9 pixels" in alt and '"red minus blue" and "vertical edges"' in alt
    assert "the first value is 10 in one and 0 in the other" in alt


def test_an_image_and_a_filter_of_ones_own(shown):
    image = np.random.default_rng(0).integers(0, 256, size=(7, 6, 3)).astype(np.uint8)
    weights = np.arange(27).reshape(3, 3, 3) / 9
    live.color(image, filters=[(weights, -2), "average"], stride=2, padding="same")
    ((_, settings, still),) = shown
    assert settings["image"] == modules.pack((image / 255).astype(np.float32))
    assert settings["filters"] == [{"weights": weights.ravel().tolist(), "bias": -2.0}, "average"]
    drawing, alt = still()
    expected = conv2d(image[None] / 255, weights[..., None], [-2.0], strides=2, padding="same")[0, ..., 0]
    np.testing.assert_allclose(drawing.axes[3].images[0].get_array(), expected)
    assert "7 by 6 pixels" in alt and '"your own"' in alt and "4 by 3 values" in alt
    plane = drawing.axes[4].images[0].get_array()  # green, with a ring of zeros at some sides
    np.testing.assert_allclose(plane[1:8, :6, 1], image[..., 1] / 255)
    np.testing.assert_allclose(plane[0, 0], still_color.ZEROS)


BAD = [
    ({"image": np.ones((5, 5))}, ValueError, "three channels are needed"),
    ({"image": np.ones((10, 5, 3))}, ValueError, "image is 10×5×3, and this figure takes 3 to 9 pixels"),
    ({"image": np.ones((2, 5, 3))}, ValueError, "3 to 9 pixels a side"),
    ({"image": np.full((5, 5, 3), np.nan)}, ValueError, "not numbers"),
    ({"image": np.full((5, 5, 3), 2.0)}, ValueError, "goes from 2 to 2"),
    ({"image": "flag"}, TypeError, "not text"),
    ({"filters": "average"}, ValueError, "filters must be two of them"),
    ({"filters": ["average"]}, ValueError, "filters must be two of them"),
    ({"filters": ["average", "blue"]}, ValueError, "unknown filter 'blue': choose one of red minus blue"),
    ({"filters": ["average", np.ones((3, 3, 3))]}, TypeError, r"a name or a pair \(weights, bias\)"),
    ({"filters": ["average", (np.ones((3, 3)), 0)]}, ValueError, "the weights must have the axes"),
    ({"filters": ["average", (np.ones((3, 3, 1)), 0)]}, ValueError, "must be 3×3×3"),
    ({"filters": ["average", (np.ones((3, 3, 3)), np.inf)]}, ValueError, "between −9 and 9"),
    ({"filters": ["average", (np.full((3, 3, 3), np.nan), 0)]}, ValueError, "between −9 and 9"),
    ({"stride": 3}, ValueError, "the stride must be at most 2"),
    ({"stride": 0}, ValueError, "the stride must be at least 1"),
    ({"padding": 1}, ValueError, "unknown padding"),
]


@pytest.mark.parametrize("live_front_end", ["0", "1"])
@pytest.mark.parametrize(("change", "kind", "message"), BAD)
def test_bad_arguments_are_refused_before_anything_is_shown(
    change, kind, message, live_front_end, shown, monkeypatch
):
    monkeypatch.setenv("CNN_LIVE", live_front_end)
    with pytest.raises(kind, match=message):
        live.color(**change)
    assert not shown
