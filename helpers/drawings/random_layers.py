"""One image on its way through a network's random layers: in training, where they work, and in prediction.

Notebook 08 calls `show`. `draw`, its twin, returns the figure and its alternative text.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.drawings.shapes import FAINT, GRAY, INK, SIZE, WIDTH, arrow, canvas, rounded, write
from helpers.notebook import plots

MOST = 3  # random layers in a row
SIDE, GAP, LAST = 1.08, 0.82, 0.95  # inches: an image, the arrow after it, the box at the end
ROW, TOP = 1.46, 0.32


def show(changes: Sequence[Any], image: np.ndarray, *, times: int = 2, seed: int = 0) -> None:
    """Show what each of the layers `changes` hands to the next: `times` times in training, and once in prediction.

    `image` is (height, width, 3) or (height, width, 1), with values from 0 to 255. The layers are copied, with seeds
    that follow from `seed`, so they and Keras' random generator stay as they are, and the figure is the same each time.
    Raises ValueError for no layers or more than 3, and for another shape.
    """
    figure, alt = draw(changes, image, times=times, seed=seed)
    plots.show(figure, alt=alt)


def draw(changes: Sequence[Any], image: np.ndarray, *, times: int = 2, seed: int = 0) -> tuple[Figure, str]:
    """The figure of `show` and its alternative text."""
    if not 1 <= len(changes) <= MOST:
        raise ValueError(f"give 1 to {MOST} layers, not {len(changes)}.")
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] not in (1, 3):
        raise ValueError(f"the image must be (height, width, 1 or 3), not {image.shape}.")
    copies = [
        type(layer).from_config({**layer.get_config(), "seed": 100 * seed + number})
        for number, layer in enumerate(changes)
    ]
    words = [type(layer).__name__.removeprefix("Random").lower() for layer in changes]
    rows = [True] * times + [False]
    figure, axis = canvas(ROW * len(rows) + 0.1)
    width = len(copies) * (SIDE + GAP) + SIDE + 0.55 + LAST
    left = (WIDTH - width) / 2
    for row, on in enumerate(rows):
        top = ROW * (len(rows) - row) - TOP + 0.1
        heading = f"in training, pass {row + 1}" if on else "in prediction"
        write(axis, left, top + 0.15, heading, size=12.5, ha="left", fontweight="bold")
        _row(axis, stages(copies, image, training=on), words, left, top - SIDE, on=on)
    alt = (
        f"An image on its way through the layers {', '.join(words)}. In training each of them may change it, "
        f"and in another way when the image comes again; in prediction it passes all of them unchanged."
    )
    return figure, alt


def stages(changes: Sequence[Any], image: np.ndarray, *, training: bool) -> list[np.ndarray]:
    """The image before the first layer and after each: arrays of its shape, uint8."""
    found = [np.asarray(image, dtype="float32")]
    for layer in changes:
        found.append(np.asarray(layer(found[-1][np.newaxis], training=training))[0])
    return [np.clip(np.round(one), 0, 255).astype("uint8") for one in found]


def _row(
    axis: Axes, images: Sequence[np.ndarray], words: Sequence[str], left: float, bottom: float, *, on: bool
) -> None:
    """The images with an arrow for each layer between them, and a box for the rest of the network."""
    middle = bottom + SIDE / 2
    for place, image in enumerate(images):
        x = left + place * (SIDE + GAP)
        inset = axis.inset_axes((x, bottom, SIDE, SIDE), transform=axis.transData)
        plots.draw_image(inset, image.squeeze())
        if place == len(words):
            break
        color = plots.ORANGE if on else GRAY
        arrow(axis, [(x + SIDE + 0.06, middle), (x + SIDE + GAP - 0.06, middle)], color=color, width=2.2)
        write(axis, x + SIDE + GAP / 2, middle + 0.17, words[place], size=10, color=INK if on else FAINT)
        write(
            axis,
            x + SIDE + GAP / 2,
            middle - 0.18,
            "on" if on else "off",
            size=10,
            color=INK if on else FAINT,
        )
    x = left + len(words) * (SIDE + GAP) + SIDE
    arrow(axis, [(x + 0.06, middle), (x + 0.5, middle)])
    rounded(axis, x + 0.55, middle - 0.4, LAST, 0.8, plots.BLUE)
    write(axis, x + 0.55 + LAST / 2, middle, "the rest\nof the\nnetwork", size=SIZE - 1)
