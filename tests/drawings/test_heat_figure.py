"""Heat over images: what is drawn where, the color bar, boxes, and soft colors in a small file."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from helpers.drawings import heat_figure
from helpers.notebook import plots

PHOTO = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
HOT = np.array([[1.0, 0], [0, -3]])


def test_an_image_without_a_map_is_in_color_and_one_with_a_map_is_gray_under_it():
    figure = heat_figure.draw([PHOTO] * 2, [None, HOT], titles=["one", "two"], columns=2)
    plain, heated, bar = figure.axes
    assert [len(axis.images) for axis in (plain, heated)] == [1, 2]
    np.testing.assert_array_equal(plain.images[0].get_array(), PHOTO)
    np.testing.assert_allclose(heated.images[0].get_array(), PHOTO.mean(axis=-1))
    heat = heated.images[1].get_array()
    assert heat.shape == (6, 8) and heat[0, 0] == 1 and heat[-1, -1] == 0
    assert [axis.get_title() for axis in (plain, heated)] == ["one", "two"]
    assert [label.get_text() for label in bar.get_yticklabels()] == ["0", "half", "most"]


def test_the_hottest_place_is_yellow_on_black_as_on_white():
    figure = heat_figure.draw([PHOTO], [HOT], titles=["one"], columns=1)
    below, above = figure.axes[0].images
    *yellow, opacity = above.cmap(above.norm(1.0))
    for gray in below.norm([0.0, 255.0]):
        red, green, blue = (opacity * part + (1 - opacity) * gray for part in yellow)
        assert min(red, green) > 0.75 and blue < red - 0.15


def test_without_a_map_there_is_no_color_bar():
    assert len(heat_figure.draw([PHOTO], [None], titles=["one"], columns=1).axes) == 1


@pytest.mark.parametrize(("maps", "titles"), [([None], ["a", "b"]), ([None, None], ["a"])])
def test_each_image_needs_a_map_and_a_title(maps, titles):
    with pytest.raises(ValueError, match="2 images"):
        heat_figure.draw([PHOTO] * 2, maps, titles=titles)


def test_each_row_may_have_a_label():
    figure = heat_figure.draw([PHOTO] * 4, [None] * 4, titles=[""] * 4, columns=2, row_labels=["one", "two"])
    assert [axis.get_ylabel() for axis in figure.axes] == ["one", "", "two", ""]
    with pytest.raises(ValueError, match="2 rows and 1 row labels"):
        heat_figure.draw([PHOTO] * 4, [None] * 4, titles=[""] * 4, columns=2, row_labels=["one"])


def test_a_box_frames_all_pixels_that_are_true():
    _, (axis,) = plots.new_figure()
    mask = np.zeros((9, 9), dtype=bool)
    mask[2, 3] = mask[5, 7] = True
    heat_figure.add_box(axis, mask, "white")
    (frame,) = axis.patches
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((2.5, 1.5), 5, 4)


def test_an_empty_mask_has_no_box():
    with pytest.raises(ValueError, match="empty"):
        heat_figure.add_box(plots.new_figure()[1][0], np.zeros((3, 3), dtype=bool), "white")


def test_soft_colors_stay_soft_on_average():
    figure, (axis,) = plots.new_figure(width=4, height=4)
    ramp = np.linspace(0, 1, 300)[np.newaxis].repeat(300, axis=0)
    axis.imshow(np.stack([ramp, ramp[:, ::-1], ramp.T], axis=-1))
    axis.axis("off")
    buffer = io.BytesIO()
    with plots.matplotlib.rc_context(plots.STYLE):
        figure.savefig(buffer, format="png", dpi=100)
    true = np.asarray(Image.open(buffer).convert("RGB"), float)
    small = Image.open(io.BytesIO(heat_figure.dithered_png(figure, 32)))
    assert small.mode == "P" and len(small.getcolors()) <= 32
    drawn = np.asarray(small.convert("RGB"), float)
    blocks = [
        one[: 380 // 20 * 20, : 380 // 20 * 20].reshape(19, 20, 19, 20, 3).mean(axis=(1, 3))
        for one in (true, drawn)
    ]
    assert np.abs(blocks[0] - blocks[1]).mean() < 2


def test_it_is_shown_with_its_alternative_text(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **more: shown.append((data, more)))
    heat_figure.show([PHOTO], [HOT], titles=["one"], alt="a photo under heat", columns=1)
    ((data, more),) = shown
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert more["metadata"]["image/png"]["alt"] == "a photo under heat"
    with pytest.raises(ValueError, match="alt text"):
        heat_figure.show([PHOTO], [HOT], titles=["one"], alt="photo", columns=1)
