"""helpers.drawings.value_grid: numbers on colored cells, short and readable."""

import numpy as np

from helpers.drawings import value_grid
from helpers.notebook import plots


def test_values_are_written_short():
    _, (axis,) = plots.new_figure()
    value_grid.draw(axis, np.array([[-0.094, -0.04, 3.0], [12.96, 1e3, -2.26]]), low=-1, high=1)
    assert [text.get_text() for text in axis.texts] == ["−0.1", "0", "3", "13", "1000", "−2.3"]
    value_grid.draw(axis, np.array([[0.125]]), low=-1, high=1, decimals=2)
    assert axis.texts[-1].get_text() == "0.12"
    written = len(axis.texts)
    value_grid.draw(axis, np.ones((2, 2)), low=0, high=1, written=False)
    assert len(axis.texts) == written


def test_writing_is_dark_on_bright_cells_and_bright_on_dark_ones():
    _, (axis,) = plots.new_figure()
    value_grid.draw(axis, np.array([[0.0, 1.0]]), low=0, high=1)
    value_grid.draw(axis, np.array([[-1.0, 0.0, 1.0]]), low=-1, high=1, colors="PuOr")
    assert [text.get_color() for text in axis.texts] == ["white", "black", "white", "black", "white"]
