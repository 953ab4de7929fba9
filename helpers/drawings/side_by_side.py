"""A few images beside each other, large, each under its title.

    side_by_side.show({"before": one, "after": other}, alt="…")

Notebooks 08, 08b and 08c use it.
"""

from collections.abc import Mapping

import numpy as np

from helpers.notebook import plots

TITLE, MARGIN = 0.36, 0.08  # inches: the height of a title line, and the space around an image
COLORS = 128  # of a PNG: a photograph takes much room in a stored notebook


def show(
    images: Mapping[str, np.ndarray],
    *,
    alt: str,
    width: float = 7,
    columns: int | None = None,
    title_size: float | None = None,
    colors: int | None = COLORS,
) -> None:
    """Show uint8 images, or floats from 0 to 1, in one row, or in rows of `columns`; `width` in inches.

    A title may have several lines; `title_size` is in points. `colors=None` keeps every color, for images that
    differ in their colors. Without any image, ValueError.
    """
    if not images:
        raise ValueError("there are no images to show.")
    columns = columns or len(images)
    rows = -(-len(images) // columns)
    cell = width / columns
    tallest = max(image.shape[0] / image.shape[1] for image in images.values())
    lines = max(title.count("\n") + 1 for title in images)
    height = rows * ((cell - MARGIN) * tallest + TITLE * (lines + 1) / 2 + MARGIN)
    figure, axes = plots.new_figure(rows=rows, columns=columns, width=width, height=height)
    for axis, (title, image) in zip(axes, images.items(), strict=False):
        plots.draw_image(axis, image, low=0, high=1)
        axis.set_anchor("N")  # titles at one height, even above images of different shapes
        axis.set_title(title, fontsize=title_size or (12 if cell > 2.2 else 11))
    for axis in axes[len(images) :]:
        axis.axis("off")
    plots.show(figure, alt=alt, colors=colors)
