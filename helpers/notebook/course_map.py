"""The map of the course: what each notebook answers, what it builds on, and how long its quick run took.

Notebook 00 draws it, and `tools.notebooks.records` writes README.md's table from it, so the two agree.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from helpers.notebook import plots
from helpers.paths import ASSETS, COLAB_EDITION

TIMES = ASSETS / "quick_times.json"
PARTS = {
    "the basics": plots.BLUE,
    "deeper networks": plots.ORANGE,
    "using and understanding them": plots.GREEN,
}


@dataclass(frozen=True)
class Station:
    """One notebook: its file's name without suffix, its title, the question it answers, and what it needs.

    `needs` holds the numbers of earlier notebooks, as its own line *You need* says; `part` is a key of PARTS.
    """

    name: str
    title: str
    question: str
    needs: tuple[str, ...] = ()
    part: str = "the basics"

    @property
    def number(self) -> str:
        """What its name begins with: "02", or "02b" for a deeper notebook."""
        return self.name.partition("_")[0]


_DEEPER, _USING = "deeper networks", "using and understanding them"
STATIONS = (
    Station("00_start_here", "Start here", "What do you have, and how does the course work?"),
    Station(
        "01_mlp_and_flattening", "MLP and flattening",
        "What does a network see when an image is laid out as a row of numbers?",
    ),
    Station(
        "02_cnn_basics", "CNN basics",
        "What does a convolution compute, and what does it give you for free?", ("01",),
    ),
    Station(
        "03_mnist", "MNIST",
        "How do you build, train, judge and use an image classifier from end to end?", ("02",),
    ),
    Station(
        "04_cifar10", "CIFAR-10",
        "What makes a network for colour pictures good, and what makes it fast?", ("02", "03"), _DEEPER,
    ),
    Station(
        "05_vgg_and_batchnorm", "VGG and BatchNorm",
        "Why does a deep network learn nothing, and what does BatchNorm do about it?", ("04",), _DEEPER,
    ),
    Station(
        "06_residual_connections", "Residual connections",
        "Why do deeper networks train worse, and what does a shortcut change?", ("02", "04", "05"), _DEEPER,
    ),
    Station(
        "07_transfer_learning", "Transfer learning",
        "What can a network that others trained do for you, and how do you spoil it?", ("04", "05", "06"), _USING,
    ),
    Station(
        "08_augmentation", "Augmentation",
        "What can you change in a picture, how does it reach the network, and when does it harm?",
        ("03", "04"), _USING,
    ),
    Station(
        "09_visualization", "Visualization",
        "What does a trained network look at, and when may you believe the picture?", ("02", "04", "07"), _USING,
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


def draw(
    stations: Sequence[Station] = STATIONS, seconds: dict[str, float] | None = None
) -> tuple[Figure, str]:
    """The map and its alt text: a row for each notebook, arcs from what it builds on, bars for its quick run.

    `seconds` is by notebook name, and by default what was measured. Returns the figure, not yet shown.
    """
    seconds = quick_times()["seconds"] if seconds is None else seconds
    figure, (left, right) = plots.new_figure(columns=2, width=8, height=0.6 + 0.4 * len(stations))
    left.get_gridspec().set_width_ratios([1, 7])
    _draw_arcs(left, stations)
    rows = range(len(stations))
    for part, color in PARTS.items():
        mine = [row for row in rows if stations[row].part == part]
        lengths = [seconds[stations[row].name] for row in mine]
        bars = right.barh(mine, lengths, color=color, height=0.62, label=part)
        right.bar_label(bars, labels=[f"{length:.0f} s" for length in lengths], padding=4)
    right.set_yticks(rows, [f"{station.number}  {station.title}" for station in stations])
    # In points: room for the longest name, so that all names can begin at one line.
    right.tick_params(axis="y", length=0, pad=152)
    for name in right.get_yticklabels():
        name.set_horizontalalignment("left")
    right.set(xlabel="seconds of a quick run", ylim=(len(stations) - 0.5, -0.5))
    right.set_xlim(0, 1.15 * max(seconds[station.name] for station in stations))
    figure.legend(
        *right.get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=10, frameon=False
    )
    before = direct_needs(stations)
    in_words = "; ".join(
        f"{station.number} {station.title}, {seconds[station.name]:.0f} seconds"
        + (f", after {' and '.join(before[station.number])}" if before[station.number] else "")
        for station in stations
    )
    alt = f"The course as a list of notebooks with arcs from those that each builds on: {in_words}."
    return figure, alt


def table(
    stations: Sequence[Station] = STATIONS,
    seconds: dict[str, float] | None = None,
    *,
    folder: str = "",
    linked: bool | None = None,
) -> str:
    """Markdown: each notebook (a link into `folder`), the question it answers, seconds of its quick run.

    `linked=False` leaves the links out; so does None in a Colab edition, which has no other notebook beside it.
    """
    seconds = quick_times()["seconds"] if seconds is None else seconds
    linked = not COLAB_EDITION.exists() if linked is None else linked
    lines = ["| notebook | the question it answers | quick run |", "| --- | --- | --- |"]
    for station in stations:
        title = f"{station.number} {station.title}"
        link = f"[{title}]({folder}{station.name}.ipynb)" if linked else title
        lines.append(f"| {link} | {station.question} | {seconds[station.name]:.0f} s |")
    return "\n".join(lines)


def _draw_arcs(axis: Axes, stations: Sequence[Station]) -> None:
    """On the left, an arrow from each notebook to those that come right after it: the longer it is, the wider."""
    row = {station.number: index for index, station in enumerate(stations)}
    axis.set(xlim=(-1, 0), ylim=(len(stations) - 0.5, -0.5))
    axis.axis("off")
    arrow = {"arrowstyle": "-|>", "mutation_scale": 11, "color": "#555555", "linewidth": 1.5}
    arrow |= {"shrinkA": 0, "shrinkB": 0}
    for number, needs in direct_needs(stations).items():
        for need in needs:
            style = f"arc3,rad={0.55 if row[number] - row[need] == 1 else 0.35}"
            axis.add_patch(
                FancyArrowPatch(
                    (-0.05, row[need] + 0.12), (-0.05, row[number] - 0.12), connectionstyle=style, **arrow
                )
            )
