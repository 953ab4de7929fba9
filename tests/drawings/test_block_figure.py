"""The three blocks of notebook 06: the shapes that are written there, and what is refused."""

import pytest

from helpers.drawings import block_figure


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_the_third_block_halves_the_side_and_doubles_the_filters():
    figure, alt = block_figure.draw(side=8, filters=5)
    said = texts(figure)
    assert said.count("x: 8×8×5") == 3 and said.count("8×8×5") == 2 and said.count("4×4×10") == 1
    assert said.count("+") == 2 and said.count("x + F(x)") == 1
    assert "4×4×10" in alt


@pytest.mark.parametrize("side", [7, 1])
def test_a_side_that_cannot_be_halved_is_refused(side):
    with pytest.raises(ValueError, match="side"):
        block_figure.draw(side=side)
