"""The map of the course: what each notebook asks, what you can do after it, and how long it takes.

Notebook 00 draws it, and `tools.notebooks.records` writes the tables of README.md and docs/lessons.md from it, so
they agree.
"""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from helpers.notebook import map_pictures, plots
from helpers.paths import ASSETS, COLAB_EDITION

TIMES = ASSETS / "quick_times.json"
PARTS = {
    "The basics": plots.BLUE,
    "Deep networks": plots.ORANGE,
    "Putting networks to work": plots.GREEN,
}
HEADING = "| notebook | the question, and what you can do afterwards | study time |"


@dataclass(frozen=True)
class Station:
    """One notebook: its file's name without suffix, its title, the question it answers, and what it gives you.

    `can` goes on from "you can ..."; `minutes` is what the notebook itself says, to read and work through it; `needs`
    holds the numbers of earlier notebooks, as its own line *You need* says; `part` is a key of PARTS.
    """

    name: str
    title: str
    question: str
    can: str
    minutes: int
    needs: tuple[str, ...] = ()
    part: str = "The basics"

    @property
    def number(self) -> str:
        """What its name begins with: "02", or "02b" for a deeper notebook."""
        return self.name.partition("_")[0]

    @property
    def deeper(self) -> bool:
        """Whether it is an optional, deeper notebook, which its letter says."""
        return not self.number.isdigit()


_DEEP, _WORK = "Deep networks", "Putting networks to work"
STATIONS = (
    Station(
        "00_start_here", "Start here",
        "Can you teach a computer to read your handwriting in five minutes?",
        "run a notebook, train a small network, and read an error message", 45,
    ),
    Station(
        "01_mlp_and_flattening", "MLP and flattening",
        "How does a network read an image, and what is it never told?",
        "train a network on digits, compute its loss by hand, and show what it never learns about images", 85, ("00",),
    ),
    Station(
        "02_cnn_basics", "CNN basics",
        "How does a layer find the same edge anywhere in an image?",
        "compute a convolution by hand, and read a whole CNN from its drawing and its filters", 90, ("01",),
    ),
    Station(
        "02b_inside_the_layer", "Inside the layer",
        "What exactly does a convolution layer compute, and how much of the image does it see?",
        "write the layer yourself in NumPy, and measure its receptive field", 100, ("02",),
    ),
    Station(
        "03_mnist", "MNIST",
        "How do you get from a pile of images to a network that reads your own handwriting?",
        "build, train, test and use an image classifier from start to finish", 90, ("02",),
    ),
    Station(
        "03b_judging_honestly", "Judging honestly",
        "How far can you trust a network, and its score?",
        "check whether 90% sure means right 90% of the time, and spot a score that is too good to be true", 105,
        ("03",),
    ),
    Station(
        "03c_fashion_mnist", "Fashion-MNIST",
        "How far does the recipe for digits carry you with clothes?",
        "take a recipe to new data, stop training at the right time, and find the hard classes", 100, ("03",),
    ),
    Station(
        "04_cifar10", "CIFAR-10",
        "Your network names most of its test images correctly. Is it looking at the right thing?",
        "build networks for color images from a list, recognize overfitting, and test whether an answer has the right "
        "reason", 90, ("02", "03"), _DEEP,
    ),
    Station(
        "04b_a_faster_recipe", "A faster recipe",
        "Two recipes train almost the same network on the same images. What makes one of them faster?",
        "tell learning more per image from cheaper images, and judge a recipe with BatchNorm fairly", 105,
        ("04", "05"), _DEEP,
    ),
    Station(
        "05_vgg_and_batchnorm", "VGG and BatchNorm",
        "Why does a network that looks right in every way learn nothing at all?",
        "find out why a deep network doesn't learn, and use batch normalization to fix it", 90, ("04",), _DEEP,
    ),
    Station(
        "05b_backpropagation", "Backpropagation",
        "How can one sweep backward tell each of millions of weights which way is downhill?",
        "write the backward pass of every layer yourself, and check it", 100, ("02", "05"), _DEEP,
    ),
    Station(
        "05c_the_autopsy", "The autopsy",
        "A deep network stops telling images apart within twenty steps. What did it, and how sure can we be?",
        "find a cause by changing one thing at a time, and say how sure you are", 105, ("05",), _DEEP,
    ),
    Station(
        "06_residual_connections", "Residual connections",
        "How can more layers make a network worse, and how does one plus sign fix it?",
        "build a residual network, and tell degradation from overfitting", 80, ("02", "04", "05"), _DEEP,
    ),
    Station(
        "06b_why_shortcuts_work", "Why shortcuts work",
        "A shortcut only adds a block's input to what its layers return. Why does so little change so much?",
        "count the paths through a residual network, and delete a block from it", 105, ("06",), _DEEP,
    ),
    Station(
        "07_transfer_learning", "Transfer learning",
        "You have a handful of photos and no graphics card. Can a network that others have trained learn your classes?",
        "classify photos of your own with a borrowed network and a handful of examples", 90,
        ("04", "05", "06"), _WORK,
    ),
    Station(
        "07b_what_spoils_it", "What spoils it",
        "Fine-tuning can ruin a good network without a single error message. Which mistakes do it?",
        "spot wrong preprocessing, find a safe learning rate, and unfreeze a network without spoiling it", 90,
        ("05", "07"), _WORK,
    ),
    Station(
        "08_augmentation", "Augmentation",
        "How do you make many training images out of a few, and when does that backfire?",
        "put random changes into a network, measure whether they help, and spot one that does harm", 85, ("04", "07"),
        _WORK,
    ),
    Station(
        "08b_image_files_and_pipelines", "Image files and pipelines",
        "Your network is only as good as what it is fed. What can go wrong between the file and the first layer?",
        "open any image file the right way, split a folder safely, and build a fast pipeline", 105,
        ("07", "08"), _WORK,
    ),
    Station(
        "08c_mixing_and_whitening", "Mixing and whitening",
        "How far can you twist an image before a network stops learning from it?",
        "whiten images, mix them with their labels, and replace an old ImageDataGenerator", 105,
        ("08",), _WORK,
    ),
    Station(
        "09_visualization", "Visualization",
        "What does a trained network look at, and when should you believe the picture?",
        "look inside a network, draw a heat map, and test whether it is true", 85, ("02", "04", "07"), _WORK,
    ),
    Station(
        "09b_how_far_to_trust_a_heat_map", "How far to trust a heat map",
        "Five methods draw five maps of one and the same answer. Which of them tell the truth?",
        "compare heat maps by a fair yardstick, and plant a reason in a network to see which map finds it", 100,
        ("09",), _WORK,
    ),
    Station(
        "09c_what_does_a_network_want_to_see", "What does a network want to see?",
        "Training follows the gradient to better weights. What happens if you keep the weights, and follow it to "
        "another image?",
        "make images that excite a filter, fool a network by a step too small to see, and read a map of photos", 105,
        ("09",), _WORK,
    ),
    Station(
        "10_scaling_out", "Scaling out",
        "Which work can be done at the same time, and which has to wait?",
        "run trainings on many cores or a cluster, share one among devices, and predict how much faster it gets", 90,
        ("05", "06"), _WORK,
    ),
    Station(
        "10b_when_workers_die", "When workers die",
        "Sooner or later, a long training run will be interrupted. What does it take to go on as if nothing had "
        "happened?",
        "resume a training run exactly, try many recipes for the price of a few, and train on data larger than memory",
        100,
        ("10",), _WORK,
    ),
)  # fmt: skip


def quick_times() -> dict[str, Any]:
    """What was measured: `seconds` of each notebook's quick run, and date, machine, versions and how."""
    return json.loads(TIMES.read_text(encoding="utf-8"))


def direct_needs(stations: Sequence[Station] = STATIONS) -> dict[str, tuple[str, ...]]:
    """For each number what must come right before it: its needs, without those that another of them has already."""
    needs = {station.number: station.needs for station in stations}

    def all_before(number: str) -> set[str]:
        return {earlier for need in needs[number] for earlier in {need, *all_before(need)}}

    return {
        number: tuple(need for need in mine if not any(need in all_before(other) for other in mine))
        for number, mine in needs.items()
    }


def draw(stations: Sequence[Station] = STATIONS) -> tuple[Figure, str]:
    """The map as a gallery of cards, part by part, and its alt text; the figure is not yet shown.

    A card has a small picture, number and title, the minutes to work through it, and what comes before it. A
    deeper notebook's card is gray, and says so.
    """
    placed, height = _layout(stations)
    figure, (page,) = plots.new_figure(width=_WIDTH / 100, height=height / 100)
    page.set_position((0, 0, 1, 1))
    page.set(xlim=(0, _WIDTH), ylim=(height, 0))
    page.axis("off")
    before, said = direct_needs(stations), []
    for thing, left, top in placed:
        if isinstance(thing, str):
            page.add_patch(Rectangle((left + 1, top + 14), 8, 20, color=PARTS[thing]))
            page.text(left + 18, top + 24, thing, fontsize=14, weight="bold", va="center")
            continue
        color = "#555555" if thing.deeper else PARTS[thing.part]
        corner = FancyBboxPatch(
            (left + 4, top + 4), _CARD - 8, _CARD_HEIGHT - 8, boxstyle="round,pad=4,rounding_size=8",
            facecolor="#eeeeee" if thing.deeper else "white", edgecolor=color,
            linewidth=1.5, linestyle="--" if thing.deeper else "-",
        )  # fmt: skip
        page.add_patch(corner)
        picture = page.inset_axes((left + 6, top + 6, _CARD - 12, _PICTURE), transform=page.transData)
        shows = map_pictures.draw(picture, thing.name)
        lines = textwrap.wrap(f"{thing.number} {thing.title}", 18)
        note = _note(thing, before[thing.number])
        text_top = top + _PICTURE + 12
        page.text(
            left + 10, text_top, "\n".join(lines), fontsize=11, weight="bold", va="top", linespacing=1.15
        )
        page.text(left + 10, text_top + 42, note, fontsize=10.5, va="top", color="#333333")
        said.append(f"{thing.number} {thing.title}, {note} ({shows})")
    return figure, f"The notebooks of the course as cards, each with a small picture: {'; '.join(said)}."


_WIDTH, _CARD, _GAP, _PICTURE = 560, 180, 10, 122  # hundredths of an inch, which are pixels of the figure
_CARD_HEIGHT, _HEAD, _COLUMNS = _PICTURE + 82, 44, 3


def _layout(stations: Sequence[Station]) -> tuple[list[tuple[Station | str, float, float]], float]:
    """Every card and every part's heading with its upper left corner, and the height of the whole."""
    placed: list[tuple[Station | str, float, float]] = []
    top = 0
    for part in PARTS:
        mine = [station for station in stations if station.part == part]
        if not mine:
            continue
        placed.append((part, 0, top))
        for index, station in enumerate(mine):
            row, column = divmod(index, _COLUMNS)
            placed.append((station, column * (_CARD + _GAP), top + _HEAD + row * (_CARD_HEIGHT + _GAP)))
        top += _HEAD + -(-len(mine) // _COLUMNS) * (_CARD_HEIGHT + _GAP)
    return placed, top


def _note(station: Station, before: tuple[str, ...]) -> str:
    words = ["deeper"] if station.deeper else []
    words.append(f"{station.minutes} min")
    if before and not station.deeper:  # a deeper notebook comes after the lesson of its number
        words.append(f"after {' and '.join(before)}")
    return " · ".join(words)


def table(
    stations: Sequence[Station] = STATIONS,
    seconds: dict[str, float] | None = None,
    *,
    folder: str = "",
    linked: bool | None = None,
) -> str:
    """Markdown: each notebook (a link into `folder`), its question, what it is good for, and its study time.

    With `seconds`, by notebook name, also how long its quick run takes; one that was not measured gets a dash.
    `linked=False` leaves the links out; so does None in a Colab edition, which has no other notebook beside it.
    """
    linked = not COLAB_EDITION.exists() if linked is None else linked
    lines = [HEADING, "| --- | --- | --- |"]
    if seconds is not None:
        lines = [f"{HEADING} quick run |", f"{lines[1]} --- |"]
    for station in stations:
        title = f"{station.number} {station.title}"
        link = f"[{title}]({folder}{station.name}.ipynb)" if linked else title
        deeper = " (deeper)" if station.deeper else ""
        row = f"| {link}{deeper} | *{station.question}* You can {station.can}. | {station.minutes} min |"
        if seconds is not None:
            row += f" {seconds[station.name]:.0f} s |" if station.name in seconds else " – |"
        lines.append(row)
    return "\n".join(lines)
