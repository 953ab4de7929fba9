"""The small pictures on the map of the course: one for each notebook, drawn from data that is at hand.

`course_map.draw` calls `draw` for each of its cards. Digits and strokes come from the course's own files, photographs
from a strip of tiles that `tools/make_assets/map_pictures.py` makes; everything else is computed here, with NumPy.
"""

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from PIL import Image, ImageEnhance
from scipy import ndimage

from helpers.data import backdrops, datasets
from helpers.digits import handwriting
from helpers.inside import shattering
from helpers.notebook import plots
from helpers.paths import ASSETS

STRIP = ASSETS / "map_pictures.jpg"
TILE = (176, 120)  # pixels, width and height: of a tile, and the shape of every picture
TILES = ("cat", "parrot", "panda", "four photographs", "heat map", "clothes")


def draw(axis: Axes, name: str) -> str:
    """Draw the picture of the notebook `name` on `axis`; return what it shows, in a few words.

    A notebook without a picture of its own gets its number, in large letters.
    """
    axis.set(xlim=(0, TILE[0]), ylim=(TILE[1], 0), xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if name not in _PICTURES:
        axis.text(TILE[0] / 2, TILE[1] / 2, name.partition("_")[0], fontsize=40, ha="center", va="center")
        return "its number"
    picture, shows = _PICTURES[name]
    picture(axis)
    return shows


@cache
def tile(name: str) -> np.ndarray:
    """One photograph of the strip: uint8, shape (120, 176, 3)."""
    left = TILE[0] * TILES.index(name)
    with Image.open(STRIP) as strip:
        return np.asarray(strip.convert("RGB").crop((left, 0, left + TILE[0], TILE[1])))


@cache
def _digits() -> datasets.Dataset:
    return datasets.load("mnist", profile="quick")


def _show(axis: Axes, image: np.ndarray, left: float = 0, top: float = 0, width: float = TILE[0]) -> None:
    """Draw an image, gray or in color, `width` units wide, with its upper left corner at (left, top)."""
    height = width * image.shape[0] / image.shape[1]
    axis.imshow(
        image, extent=(left, left + width, top + height, top), cmap="gray", vmin=0, vmax=255,
        interpolation="nearest", aspect="auto",
    )  # fmt: skip
    axis.set(xlim=(0, TILE[0]), ylim=(TILE[1], 0))


def _first_of(label: int, number: int = 0) -> np.ndarray:
    """A test digit with this label."""
    digits = _digits()
    return digits.x_test[np.flatnonzero(digits.y_test == label)[number]]


def _drawn_digit(axis: Axes) -> None:
    for stroke in handwriting.examples()["slanted"][5]:
        x, y = np.transpose(stroke)
        axis.plot(8 + 0.36 * x, 10 + 0.36 * y, color="black", linewidth=7, solid_capstyle="round")
    axis.text(142, 60, "5!", fontsize=30, color=plots.BLUE, weight="bold", ha="center", va="center")


def _shuffled_digit(axis: Axes) -> None:
    digit = _first_of(2)
    places = np.random.default_rng(0).permutation(digit.size)
    _show(axis, digit, left=6, top=20, width=79)
    _show(axis, digit.ravel()[places].reshape(digit.shape), left=91, top=20, width=79)


def _edges(axis: Axes) -> None:
    """On the left the photograph, on the right what two Sobel kernels find in it."""
    gray = tile("cat") @ np.array([0.299, 0.587, 0.114])
    edges = np.hypot(ndimage.sobel(gray, axis=0), ndimage.sobel(gray, axis=1))
    both = tile("cat").copy()
    both[:, TILE[0] // 2 :] = np.clip(1.2 * edges, 0, 255)[:, TILE[0] // 2 :, np.newaxis]
    _show(axis, both)


def _receptive_field(axis: Axes) -> None:
    digit = _first_of(8)
    _show(axis, digit, left=30, top=2, width=116)
    pixel = 116 / 28
    for pixels, color in ((3, plots.ORANGE), (7, plots.ORANGE), (13, plots.ORANGE), (21, plots.ORANGE)):
        corner = (88 - pixels * pixel / 2, 60 - pixels * pixel / 2)
        axis.add_patch(
            Rectangle(corner, pixels * pixel, pixels * pixel, fill=False, edgecolor=color, linewidth=2)
        )


def _read_digits(axis: Axes) -> None:
    for number in range(6):
        row, column = divmod(number, 3)
        _show(axis, _first_of(number + 2), left=8 + 54 * column, top=6 + 56 * row, width=52)


def _confusions(axis: Axes) -> None:
    """Which digits the average training images of the ten digits are confused with: a 10×10 table."""
    digits = _digits()
    means = np.stack([digits.x_train[digits.y_train == label].mean(axis=0).ravel() for label in range(10)])
    images = digits.x_test.reshape(len(digits.x_test), -1).astype(float)
    distances = (means**2).sum(axis=1) - 2 * images @ means.T  # up to a term that is the same for all ten
    table = np.zeros((10, 10))
    np.add.at(table, (digits.y_test, distances.argmin(axis=1)), 1)
    shades = np.sqrt(table / table.max())
    _show(axis, (255 * (1 - shades)).astype(np.uint8), left=30, top=2, width=116)


def _away_from_home(axis: Axes) -> None:
    """A ship at sea, and the same ship on a meadow."""
    for left, image in zip((1, 89), backdrops.ship_and_horse(), strict=False):
        _show(axis, image, left=left, top=17, width=86)


def _two_doors(axis: Axes) -> None:
    """A dot with two arrows: up, where an image teaches more, and to the left, where it costs less."""
    arrow = {"arrowstyle": "-|>", "mutation_scale": 22, "linewidth": 5, "shrinkA": 0, "shrinkB": 0}
    axis.add_patch(FancyArrowPatch((112, 76), (112, 10), color=plots.BLUE, **arrow))
    axis.add_patch(FancyArrowPatch((104, 84), (22, 84), color=plots.ORANGE, **arrow))
    axis.add_patch(Circle((112, 84), 9, facecolor="#444444", edgecolor="none"))


def _signal_with_depth(axis: Axes) -> None:
    """How far ten random layers keep 64 random inputs apart: as they are, and normalized after each layer."""
    spreads = {False: [], True: []}
    for normalized, spread in spreads.items():
        rng = np.random.default_rng(0)
        values = np.abs(rng.normal(size=(64, 100)))
        for _ in range(10):
            values = values @ rng.uniform(-1, 1, size=(100, 100)) * np.sqrt(3 / 100)
            if normalized:
                values = (values - values.mean(axis=0)) / values.std(axis=0)
            values = np.maximum(values, 0)
            spread.append(values.std(axis=0).mean())
    for normalized, color in ((False, plots.ORANGE), (True, plots.BLUE)):
        heights = 104 - 80 * np.array(spreads[normalized]) / max(spreads[True])
        axis.plot(np.linspace(14, 162, 10), heights, "o-", color=color, markersize=5, linewidth=2.5)
    axis.axhline(106, color="#777777", linewidth=1)


def _forward_and_back(axis: Axes) -> None:
    """Three units in a row: gray arrows forward above, a red one back below each."""
    centers = (28, 88, 148)
    for center in centers:
        axis.add_patch(Circle((center, 60), 17, facecolor=plots.SKY, edgecolor="none"))
    ways = {1: (48, "#444444", 2.0), -1: (74, plots.RED, 3.0)}  # direction: height, color, width
    for left, right in pairwise(centers):
        for direction, (height, color, width) in ways.items():
            ends = [(left + 20, height), (right - 20, height)][::direction]
            axis.add_patch(
                FancyArrowPatch(
                    *ends,
                    arrowstyle="-|>",
                    mutation_scale=12,
                    color=color,
                    linewidth=width,
                    shrinkA=0,
                    shrinkB=0,
                )
            )


def _nearly_alike(axis: Axes) -> None:
    """Six bars: a large part that all share, and small tips that differ."""
    for number, tip in enumerate((6, 2, 9, 4, 7, 3)):
        left = 14 + 26 * number
        axis.add_patch(Rectangle((left, 26), 18, 84, facecolor="#999999"))
        axis.add_patch(Rectangle((left, 26 - tip), 18, tip, facecolor=plots.BLUE))


def _shortcut(axis: Axes) -> None:
    for left in (38, 92):
        axis.add_patch(
            FancyBboxPatch((left, 62), 34, 34, boxstyle="round,pad=2", facecolor=plots.SKY, edgecolor="none")
        )
    arrow = {"arrowstyle": "-|>", "mutation_scale": 12, "color": "#444444", "linewidth": 2, "shrinkA": 0}
    for start, end in (
        ((6, 79), (36, 79)),
        ((74, 79), (90, 79)),
        ((128, 79), (142, 79)),
        ((160, 79), (174, 79)),
    ):
        axis.add_patch(FancyArrowPatch(start, end, shrinkB=0, **arrow))
    over = {**arrow, "color": plots.RED, "linewidth": 3}
    axis.add_patch(FancyArrowPatch((18, 76), (151, 68), connectionstyle="arc3,rad=-0.55", shrinkB=0, **over))
    axis.text(151, 79, "+", fontsize=20, weight="bold", ha="center", va="center", color="#444444")


def _noise_and_line(axis: Axes) -> None:
    """The slope of two deep networks as their input moves: noise without shortcuts, a rough line with them."""
    angles = np.linspace(40, 60, 120)
    for shortcuts, middle, color in ((False, 32, plots.RED), (True, 88, plots.BLUE)):
        slope = shattering.slopes(angles, depth=24, shortcuts=shortcuts, seed=0)[1]
        axis.plot(np.linspace(10, 166, 120), middle - 26 * slope / abs(slope).max(), color=color, linewidth=2)


def _other_pixels(axis: Axes) -> None:
    """One photograph as a network receives it: in equal parts as it should be, too pale, nearly white, and black."""
    received = tile("parrot").astype(float)
    quarter = TILE[0] // 4
    for place, change in enumerate(
        (lambda x: x, lambda x: 127.5 + x / 2, lambda x: 40 * x, lambda x: x / 255)
    ):
        part = slice(quarter * place, quarter * (place + 1))
        received[:, part] = change(received[:, part])
    _show(axis, np.clip(received, 0, 255).astype("uint8"))


def _variants(axis: Axes) -> None:
    """One photograph four times: as it is, mirrored, turned and brighter, and cut closer."""
    image = Image.fromarray(tile("panda"))
    width, height = TILE
    close = image.crop((30, 5, 130, 5 + 100 * height // width))
    bright = ImageEnhance.Brightness(image.rotate(-15, Image.Resampling.BICUBIC, fillcolor="white")).enhance(
        1.4
    )
    variants = (image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), bright, close)
    for number, variant in enumerate(variants):
        row, column = divmod(number, 2)
        small = variant.resize((width, height), Image.Resampling.BICUBIC)
        _show(axis, np.asarray(small), left=1 + 88 * column, top=1 + 60 * row, width=86)


def _blue_first(axis: Axes) -> None:
    """One photograph, its right half with red and blue exchanged."""
    image = tile("cat").copy()
    image[:, TILE[0] // 2 :] = image[:, TILE[0] // 2 :, ::-1]
    _show(axis, image)


def _bars_with_errors(axis: Axes) -> None:
    """Five bars, three of them blue and two orange, each with its error."""
    for row, (length, error) in enumerate(((118, 12), (92, 13), (78, 10), (74, 9), (84, 6))):
        middle = 18 + 21 * row
        axis.add_patch(Rectangle((18, middle - 7), length, 14, color=plots.BLUE if row < 3 else plots.ORANGE))
        axis.plot((18 + length - error, 18 + length + error), (middle, middle), color="black", linewidth=2)


def _rows_of_eyes(axis: Axes) -> None:
    """Colored rings in rows, as a filter might like them."""
    down, across = np.mgrid[: TILE[1], : TILE[0]]
    shift = 22 * (down // 40 % 2)
    ring = np.hypot((across + shift) % 44 - 22, down % 40 - 20)
    rings = [0.5 + 0.5 * np.cos(ring / width + 0.02 * across) for width in (2.4, 3.1, 4.2)]
    _show(axis, (255 * np.stack(rings, axis=-1)).astype("uint8"))


def _mixed(axis: Axes) -> None:
    """Two photographs in one: a piece of one is pasted into the other, or shines through it."""
    panda, cat = tile("panda").astype(float), tile("cat").astype(float)
    mixed = panda.copy()
    mixed[:, TILE[0] // 2 :] = 0.35 * panda[:, : TILE[0] // 2] + 0.65 * cat[:, TILE[0] // 2 :]
    mixed[52:112, 8:68] = cat[18:78, 20:80]
    _show(axis, mixed.astype("uint8"))


def _tasks_on_workers(axis: Axes) -> None:
    """Four rows of bars, as tasks follow one another on four workers."""
    colors = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.SKY)
    for row, widths in enumerate(((62, 30, 50), (26, 70, 40), (44, 24, 30, 44), (80, 52))):
        left = 12
        for place, width in enumerate(widths):
            color = colors[(place + row) % 4]
            axis.add_patch(Rectangle((left, 14 + 25 * row), width - 3, 18, facecolor=color))
            left += width


def _lost_task(axis: Axes) -> None:
    """Two rows of bars, of which one breaks off and comes again."""
    for row, bars in enumerate((((12, 50), (66, 44), (114, 54)), ((12, 34), (100, 60)))):
        for left, width in bars:
            axis.add_patch(Rectangle((left, 26 + 40 * row), width, 28, facecolor=plots.BLUE))
    axis.add_patch(Rectangle((50, 66), 24, 28, facecolor=plots.RED))
    for sign in (-1, 1):
        axis.plot((76, 92), (80 - 8 * sign, 80 + 8 * sign), color=plots.RED, linewidth=3)


def _tile_of(name: str) -> Callable[[Axes], None]:
    return lambda axis: _show(axis, tile(name))


_PICTURES: dict[str, tuple[Callable[[Axes], None], str]] = {
    "00_start_here": (_drawn_digit, "a hand-drawn 5 and the answer 5"),
    "01_mlp_and_flattening": (_shuffled_digit, "a digit, and the same pixels shuffled"),
    "02_cnn_basics": (_edges, "a cat, half of it as edges"),
    "02b_inside_the_layer": (_receptive_field, "a digit under growing squares"),
    "03_mnist": (_read_digits, "six handwritten digits"),
    "03b_judging_honestly": (_confusions, "a table of confused digits"),
    "03c_fashion_mnist": (_tile_of("clothes"), "small images of clothes"),
    "04_cifar10": (_away_from_home, "a ship at sea, and the same ship on a meadow"),
    "04b_a_faster_recipe": (_two_doors, "a dot with an arrow up and one to the left"),
    "05_vgg_and_batchnorm": (_signal_with_depth, "a falling curve and a level one"),
    "05b_backpropagation": (_forward_and_back, "three units with arrows there and back"),
    "05c_the_autopsy": (_nearly_alike, "six bars that are nearly alike"),
    "06_residual_connections": (_shortcut, "two boxes with an arrow around them"),
    "06b_why_shortcuts_work": (_noise_and_line, "a line of noise over a calmer one"),
    "07_transfer_learning": (_tile_of("four photographs"), "a fish, a monument, a windmill and a cat"),
    "07b_what_spoils_it": (_other_pixels, "a parrot that turns pale, white, and black"),
    "08_augmentation": (_variants, "one panda in four variants"),
    "08b_image_files_and_pipelines": (_blue_first, "a cat whose right half is blue"),
    "08c_mixing_and_whitening": (_mixed, "a panda and a cat, mixed in two ways"),
    "09_visualization": (_tile_of("heat map"), "a dog under a heat map"),
    "09b_how_far_to_trust_a_heat_map": (_bars_with_errors, "five bars with their errors"),
    "09c_what_does_a_network_want_to_see": (_rows_of_eyes, "rows of colored rings, like eyes"),
    "10_scaling_out": (_tasks_on_workers, "four rows of colored bars"),
    "10b_when_workers_die": (_lost_task, "two rows of bars, one of which breaks off and comes again"),
}
