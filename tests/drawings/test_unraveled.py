"""The paths through residual blocks, drawn: one line for each, with as many boxes as its length."""

import pytest
from matplotlib.patches import FancyBboxPatch

from helpers.drawings import unraveled


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_every_path_is_drawn_once(blocks):
    figure, alt = unraveled.draw(blocks)
    left, right = figure.axes
    boxes = [patch for patch in right.patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == blocks * 2 ** (blocks - 1) and len(left.patches) == blocks
    lengths = [text.get_text() for text in right.texts if text.get_text().isdigit()]
    assert len(lengths) == 2**blocks and lengths == sorted(lengths)
    assert f"the {2**blocks} ways" in alt and f"1 through {unraveled.COUNTED[blocks]}" in alt


def test_a_path_shows_which_branches_it_takes():
    figure, _ = unraveled.draw(2)
    names = [text.get_text() for text in figure.axes[1].texts]
    assert names == ["0", "F₁", "1", "F₂", "1", "F₁", "F₂", "2", "length"]


def test_too_many_blocks_are_refused():
    with pytest.raises(ValueError, match="32 paths"):
        unraveled.draw(5)
    with pytest.raises(ValueError, match="blocks"):
        unraveled.draw(0)
