"""helpers/drawings/recipe_plane: means, seeds, and an arrow for each change."""

import numpy as np
import pytest

from helpers.drawings import recipe_plane
from helpers.notebook import plots

BASE = np.array([[1.0, 40.0], [1.2, 44.0]])
RECIPES = {
    "base": BASE,
    "rate × 5": BASE + np.array([0, 10]),
    "batches of 128": BASE - np.array([0.5, 5]),
}


def arrows(axis):
    """Where each arrow begins and ends."""
    found = [text for text in axis.texts if text.arrow_patch is not None]
    return [(*text.xyann, *text.xy) for text in found]


@pytest.mark.parametrize(("chain", "begins"), [(False, (1.1, 42)), (True, (1.1, 52))])
def test_each_change_gets_its_arrow_and_all_are_named(chain, begins):
    _, (axis,) = plots.new_figure()
    recipe_plane.draw(axis, RECIPES, chain=chain)
    assert arrows(axis) == [pytest.approx((1.1, 42, 1.1, 52)), pytest.approx((*begins, 0.6, 37))]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(RECIPES)
    band = axis.patches[0].get_extents().transformed(axis.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((40, 44))
