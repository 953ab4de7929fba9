"""The ring and the shared step of notebook 10: the numbers that are written there, and what is refused."""

import pytest

from helpers.drawings import ring_figure, shared_step


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


@pytest.mark.parametrize("devices", [2, 3, 4])
def test_the_ring_begins_with_ones_and_ends_complete(devices):
    figure, alt = ring_figure.draw(devices)
    squares = [int(text) for text in texts(figure) if text.isdigit()]
    panel = devices * devices
    assert squares[:panel] == [1] * panel
    assert squares[-panel:] == [devices] * panel
    halfway = squares[2 * panel : 3 * panel]
    assert halfway.count(devices) == devices, "each device has completed one chunk"
    assert f"{devices} devices" in alt and f"after {2 * devices - 2} steps" in alt


def test_the_chunks_are_numbered_beside_the_first_device_of_each_panel():
    figure, alt = ring_figure.draw(4)
    labels = [text for text in figure.axes[0].texts if text.get_text().endswith(":")]
    assert [label.get_text() for label in labels] == ["0:", "1:", "2:", "3:"] * 4
    heights = [label.get_position()[1] for label in labels[:4]]
    assert heights == sorted(heights, reverse=True), "from top to bottom, as the alternative text says"
    assert "0 to 3 from top to bottom" in alt


def test_the_frames_are_what_is_sent_next():
    figure, _ = ring_figure.draw(4)
    framed = [patch for patch in figure.axes[0].patches if getattr(patch, "get_linewidth", float)() == 2.4]
    assert len(framed) == 3 * 4, "a chunk of each device, in all panels but the last"


@pytest.mark.parametrize("devices", [1, 5])
def test_a_ring_without_room_is_refused(devices):
    with pytest.raises(ValueError, match="devices"):
        ring_figure.draw(devices)


def test_a_shared_step_halves_the_batch_and_ends_with_equal_weights():
    figure, alt = shared_step.draw(batch=10)
    said = texts(figure)
    assert said.count("batch:\n10 images") == 1 and said.count("5 images") == 2
    assert said.count("average") == 1 and said.count("weights\nw − rate × average") == 2
    assert "halves of 5" in alt


@pytest.mark.parametrize("batch", [7, 0])
def test_a_batch_that_cannot_be_halved_is_refused(batch):
    with pytest.raises(ValueError, match="batch"):
        shared_step.draw(batch=batch)
