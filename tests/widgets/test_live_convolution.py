"""The live convolution: its arithmetic in the page, its still figure, and the checks of what it is given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.drawings import still_convolution
from helpers.from_scratch.convolution import correlate
from helpers.notebook.quiet_keras import keras, layers
from helpers.widgets import kernels, live, modules
from tests.widgets.javascript import needs_node, run

DIGIT = np.random.default_rng(0).integers(0, 256, size=(28, 28)).astype(np.uint8)
SMALL = np.arange(30.0).reshape(5, 6) / 30


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    before = plt.get_fignums()
    yield
    assert plt.get_fignums() == before


def cases(count):
    """Random images, kernels and moves; those that do not fit are among them."""
    rng = np.random.default_rng(19)
    for _ in range(count):
        rows, columns, size = rng.integers(1, 15), rng.integers(1, 15), rng.integers(1, 8)
        yield {
            "image": {
                "values": rng.random(rows * columns).tolist(),
                "rows": int(rows),
                "columns": int(columns),
            },
            "kernel": rng.normal(size=size * size).tolist(),
            "moves": {
                "size": int(size),
                "stride": int(rng.integers(1, 5)),
                "padding": str(rng.choice(["valid", "same"])),
                "dilation": int(rng.integers(1, 4)),
            },
        }


def by_page(given):
    body = """
        return given.cases.map(({ image, kernel, moves }) =>
            js.convolutionMap({ ...image, values: Float64Array.from(image.values) }, kernel, moves));
    """
    return run("convolution", body, cases=given)


def as_arrays(case):
    image = np.reshape(case["image"]["values"], (case["image"]["rows"], case["image"]["columns"]))
    size = case["moves"]["size"]
    return image, np.reshape(case["kernel"], (size, size))


@needs_node
def test_the_page_computes_what_our_loops_compute():
    given, fitting = list(cases(200)), 0
    for case, found in zip(given, by_page(given), strict=True):
        (image, kernel), moves = as_arrays(case), case["moves"]
        slid = kernels.dilate(kernel, moves["dilation"])
        try:
            expected = correlate(image, slid, strides=moves["stride"], padding=moves["padding"])
        except ValueError:
            assert found["rows"] == 0 and found["values"] == []
            continue
        fitting += 1
        assert (found["rows"], found["columns"]) == expected.shape, moves
        np.testing.assert_allclose(np.reshape(found["values"], expected.shape), expected, atol=1e-5)
    assert 100 < fitting < 200


@needs_node
def test_the_page_computes_what_keras_computes():
    all_cases = list(cases(120))
    given = [
        case
        for case, found in zip(all_cases, by_page(all_cases), strict=True)
        if found["rows"]
        and 1 in (case["moves"]["stride"], case["moves"]["dilation"])  # Keras takes one of them
    ]
    assert len(given) > 30 and any(case["moves"]["dilation"] > 1 for case in given)
    for case, found in zip(given, by_page(given), strict=True):
        (image, kernel), moves = as_arrays(case), case["moves"]
        layer = layers.Conv2D(
            1,
            moves["size"],
            strides=moves["stride"],
            padding=moves["padding"],
            dilation_rate=moves["dilation"],
            use_bias=False,
        )
        layer.build((1, *image.shape, 1))
        layer.set_weights([kernel[:, :, None, None]])
        expected = keras.ops.convert_to_numpy(layer(image[None, :, :, None].astype(np.float32)))[0, :, :, 0]
        assert (found["rows"], found["columns"]) == expected.shape, moves
        np.testing.assert_allclose(np.reshape(found["values"], expected.shape), expected, atol=1e-5)


@needs_node
def test_the_patch_that_is_shown_lies_where_the_kernel_lies():
    image = np.random.default_rng(1).random((7, 6))
    body = """
        const image = { ...given.image, values: Float64Array.from(given.image.values) };
        const moves = { size: 3, stride: 2, padding: "same", dilation: 2 };
        const padded = js.convolutionPad(image, moves);
        return [padded, js.convolutionPatch(padded, 1, 2, moves)];
    """
    padded, patch = run(
        "convolution", body, image={"values": image.ravel().tolist(), "rows": 7, "columns": 6}
    )
    zeros = np.pad(image, [(2, 2), (1, 2)])  # 5 pixels of reach: 4 places down, 3 across, at stride 2
    assert (padded["top"], padded["left"]) == (2, 1)
    np.testing.assert_array_equal(np.reshape(padded["values"], (padded["rows"], padded["columns"])), zeros)
    np.testing.assert_array_equal(np.reshape(patch, (3, 3)), zeros[2:7:2, 4:9:2])


@needs_node
def test_the_place_that_the_simple_form_begins_at_is_the_strongest():
    values = np.random.default_rng(2).normal(size=(6, 9))
    body = """
        const map = { values: Float64Array.from(given.values), rows: 6, columns: 9 };
        return js.convolutionStrongest(map);
    """
    for sign in (1, -1):
        values[4, 2] = sign * 9
        found = run("convolution", body, values=values.ravel().tolist())
        assert found == [4, 2] == list(np.unravel_index(np.abs(values).argmax(), values.shape))


@needs_node
@pytest.mark.parametrize(
    "values", [np.linspace(0, 3, 9), np.linspace(0, 0.5, 9), np.linspace(-2, 1, 500), np.zeros(4)]
)
def test_page_and_still_figure_have_the_same_range_of_colors(values):
    found = run(
        "convolution", "return js.convolutionRange(Float64Array.from(given.values));", values=values.tolist()
    )
    assert [found[key] for key in ("low", "high", "signed")] == pytest.approx(
        still_convolution.color_range(values)
    )


def test_the_settings_are_what_was_asked_for(shown):
    live.convolution(
        DIGIT, kernel="blur", size=5, stride=2, padding="same", dilation=3, others={"small": SMALL}
    )
    ((figure, settings, still),) = shown
    assert figure == "convolution"
    packed = settings.pop("images")
    assert [image["name"] for image in packed] == [None, "small"]
    assert packed[0]["image"] == modules.pack((DIGIT / 255).astype(np.float32))
    assert settings == {"kernel": "blur", "size": 5, "stride": 2, "padding": "same", "dilation": 3}
    drawing, alt = still()
    assert '5 by 5 kernel "blur"' in alt and "14 by 14 values at stride 2, padding same, dilation 3" in alt
    assert len(drawing.axes) == 3


def test_a_kernel_of_ones_own_and_a_color_image(shown):
    live.convolution(np.stack([SMALL] * 3, axis=-1), kernel=[[0, 1], [-1, 0.5]])
    ((_, settings, _),) = shown
    assert settings["kernel"] == [[0, 1], [-1, 0.5]] and settings["size"] == 2
    assert settings["images"][0]["image"] == modules.pack(SMALL)


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_the_map_that_is_drawn_is_the_convolution(stride, dilation):
    kernel = kernels.make_kernel("vertical edges", 3)
    moves = {"stride": stride, "padding": "same", "dilation": dilation}
    figure, _ = still_convolution.draw(DIGIT / 255, kernel, name="vertical edges", **moves)
    expected = correlate(DIGIT / 255, kernels.dilate(kernel, dilation), strides=stride, padding="same")
    np.testing.assert_allclose(figure.axes[2].images[0].get_array(), expected)
    assert "white is 0" in figure.axes[2].get_title()


@pytest.mark.parametrize(
    ("size", "stride", "title", "ring"),
    [
        (3, 3, "28 × 28, 30 × 30 with a ring of zeros", 30**2 - 28**2),
        (3, 2, "28 × 28, 29 × 29 with added zeros", 29**2 - 28**2),
        (1, 1, "\n28 × 28", 0),
    ],
)
def test_added_zeros_are_tinted_and_counted(size, stride, title, ring):
    moves = {"stride": stride, "padding": "same", "dilation": 1}
    figure, _ = still_convolution.draw(DIGIT / 255, kernels.make_kernel("blur", size), name="blur", **moves)
    axis = figure.axes[0]
    assert axis.get_title().endswith(title)
    assert axis.images[1].get_array().count() == ring


BAD = [
    ({"kernel": "gabor"}, ValueError, "unknown kernel 'gabor': choose one of identity, blur"),
    ({"size": 0}, ValueError, "the kernel size must be at least 1"),
    ({"size": 9}, ValueError, "the kernel size must be at most 7"),
    ({"size": 2.5}, TypeError, "whole number"),
    ({"size": 1}, ValueError, "needs a size of at least 2"),
    ({"size": 6}, ValueError, "does not fit on a 5×6 image"),
    ({"dilation": 3}, ValueError, "a 7×7 kernel does not fit on a 5×6 image"),
    ({"dilation": 4}, ValueError, "the dilation must be at most 3"),
    ({"stride": 0}, ValueError, "the stride must be at least 1"),
    ({"stride": 5}, ValueError, "the stride must be at most 4"),
    ({"padding": "full"}, ValueError, "unknown padding"),
    ({"kernel": np.ones((2, 3))}, ValueError, "kernel is 2×3, and it must be square"),
    ({"kernel": np.ones((3, 3)), "size": 5}, ValueError, "leave `size` out"),
    ({"kernel": [[np.nan]]}, ValueError, "finite numbers"),
    ({"image": np.ones(9)}, ValueError, "image must have the axes"),
    ({"image": "cat.png"}, TypeError, "not text"),
    ({"image": np.ones((2, 5, 5, 1))}, ValueError, "image must have the axes"),
    ({"image": np.ones((5, 5, 2))}, ValueError, "1 or 3 channels"),
    ({"image": np.full((5, 5), np.nan)}, ValueError, "not numbers"),
    ({"image": np.full((5, 5), 1.5)}, ValueError, "goes from 1.5 to 1.5"),
    ({"image": np.full((5, 5), 7)}, TypeError, "holds int64"),
    ({"image": np.ones((65, 5))}, ValueError, "at most 64 pixels a side"),
    ({"others": {"a wrong one": np.ones(3)}}, ValueError, "'a wrong one' must have the axes"),
]


@pytest.mark.parametrize("live_front_end", ["0", "1"])
@pytest.mark.parametrize(("change", "kind", "message"), BAD)
def test_bad_arguments_are_refused_before_anything_is_shown(
    change, kind, message, live_front_end, shown, monkeypatch
):
    monkeypatch.setenv("CNN_LIVE", live_front_end)
    arguments = {"image": SMALL, **change}
    with pytest.raises(kind, match=message):
        live.convolution(arguments.pop("image"), **arguments)
    assert not shown
