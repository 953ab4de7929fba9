"""Notebook 10b's figures: how often something fails, what was lost, and how far a resumed run is from another one.

    interruptions.time_between(cards=16_384, days=54, failures=419)

Every function draws one figure and shows it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from helpers.drawings import task_timeline
from helpers.notebook import plots
from helpers.training.attempts import Attempt

WORSE_THAN_GUESSING = 3.0  # losses above are drawn there
_STYLES = ((plots.RED, "o-"), (plots.GREEN, "s-"), (plots.BLUE, "^-"))


def time_between(*, cards: int, days: float, failures: int) -> None:
    """The time between two failures against the number of cards, if twice the cards fail twice as often."""
    one = cards * days / failures
    figure, axes = plots.new_figure(width=7.4, height=3.6)
    axes[0].plot([1, 2 * cards], [one, one / cards / 2], "--", color="gray", linewidth=1.5)
    axes[0].plot([1, 100], [one, one / 100], "o", color="gray", markersize=7)
    axes[0].plot(cards, one / cards, "o", color=plots.BLUE, markersize=12)
    words = {
        1: f"one: {one / 365:.1f} years", 100: f"100: {one / 700:.0f} weeks",
        cards: f"{cards:,}: {24 * one / cards:.0f} hours",
    }  # fmt: skip
    for number, text in words.items():
        measured = number == cards
        axes[0].annotate(
            text, (number, one / number), (-12, -18) if measured else (12, 0), textcoords="offset points",
            fontsize=13, ha="right" if measured else "left", color=plots.BLUE if measured else "#555555",
        )  # fmt: skip
    axes[0].set(xscale="log", yscale="log", xlabel="graphics cards (GPUs) in one training run")
    axes[0].set_ylabel("time between failures")
    axes[0].set_xticks([1, 100, 10_000], ["1", "100", "10,000"])
    axes[0].set_yticks([1 / 24, 1, 30, 365, 3650], ["an hour", "a day", "a month", "a year", "ten years"])
    axes[0].minorticks_off()
    plots.show(
        figure,
        alt="The time between two failures against the number of graphics cards, both on logarithmic scales: a "
        f"falling line. {'; '.join(words.values())}.",
    )


def timeline(tries: Sequence[Attempt]) -> None:
    """A row for each process, a bar for each attempt with the number of its run; what was lost is marked."""
    tries = sorted(tries, key=lambda attempt: not attempt.finished)  # the legend begins with what finished
    rows = len({attempt.worker for attempt in tries})
    figure, axes = plots.new_figure(width=8.4, height=1.5 + 0.5 * rows)
    task_timeline.draw(axes[0], tries, ["finished" if attempt.finished else "lost" for attempt in tries])
    first = min(attempt.began for attempt in tries)
    for attempt in tries:
        row, middle = int(attempt.worker) - 1, (attempt.began + attempt.ended) / 2 - first
        axes[0].text(middle, row, str(attempt.run), ha="center", va="center", color="white", fontsize=12)
        if not attempt.finished:
            axes[0].text(attempt.ended - first, row, "✗", va="center", color=plots.RED, fontsize=16)
    stopped, went_on = _longest_pause(tries)
    if went_on - stopped > 0.2 * (max(attempt.ended for attempt in tries) - first):
        middle = (stopped + went_on) / 2 - first
        arrow = {"arrowstyle": "<->", "color": "gray", "shrinkA": 6, "shrinkB": 2}
        axes[0].annotate(
            "", (stopped - first, (rows - 1) / 2), (went_on - first, (rows - 1) / 2), arrowprops=arrow
        )
        axes[0].text(middle, rows / 2 - 0.55, "new workers start", ha="center", va="bottom", fontsize=13)
    lost = sorted({attempt.run for attempt in tries if not attempt.finished})
    plots.show(
        figure,
        alt=f"A row for each of {rows} processes, with a bar for each attempt at a run. Lost and done again later: "
        f"{', '.join(f'run {run}' for run in lost) or 'none'}.",
    )


def _longest_pause(tries: Sequence[Attempt]) -> tuple[float, float]:
    """From when to when nobody worked for the longest time."""
    tries = sorted(tries, key=lambda attempt: attempt.began)
    pauses = [
        (max(earlier.ended for earlier in tries[:place]), attempt.began)
        for place, attempt in enumerate(tries)
        if place
    ]
    return max(pauses, key=lambda pause: pause[1] - pause[0], default=(0, 0))


def differences(shown: Mapping[str, np.ndarray], *, after: int) -> None:
    """How far the losses of some runs are from those of the undisturbed run, epoch by epoch; stopped after `after`."""
    figure, axes = plots.new_figure(width=8, height=3.4)
    for (name, values), (color, style) in zip(shown.items(), _STYLES, strict=False):
        axes[0].plot(np.arange(1, len(values) + 1), values, style, color=color, label=name)
    axes[0].axvline(after + 0.5, color="black", linestyle=":", linewidth=1.2)
    axes[0].text(after + 0.45, axes[0].get_ylim()[1], "interrupted", ha="right", va="top", fontsize=12)
    axes[0].set(xlabel="epoch", ylabel="loss minus that of\nthe undisturbed run")
    axes[0].legend(frameon=False, fontsize=10, loc="lower center", bbox_to_anchor=(0.45, 1.02), ncols=3)
    ends = "; ".join(f"{name}: {np.abs(values[after:]).max():.3f} at most" for name, values in shown.items())
    plots.show(
        figure,
        alt="How far the training loss of resumed runs is from that of the undisturbed run, epoch by epoch. All are at "
        f"zero up to the interruption. After it: {ends}.",
    )


def halving(losses: np.ndarray, budgets: Sequence[int], rounds: Sequence[Sequence[np.ndarray]]) -> None:
    """Losses (searches, recipes, budgets) as lines that end where a recipe was dropped, and pale ones to the end.

    `rounds` has for each search, and in it for each budget, the recipes that were trained so far; the winner comes
    last, alone.
    """
    figure, axes = plots.new_figure(columns=len(losses), width=9, height=3.6)
    for search, (axis, of_one, alive) in enumerate(zip(axes, losses, rounds, strict=True), start=1):
        winner = alive[-1][0]
        axis.plot(
            budgets, np.clip(of_one.T, None, WORSE_THAN_GUESSING), color="#d0d0d0", linewidth=1, zorder=1
        )
        axis.set_title(f"search {search}", fontsize=12)
        for column, recipes in enumerate(alive[:-1], start=1):
            for number in recipes:
                axis.plot(
                    budgets[:column], np.clip(of_one[number, :column], None, WORSE_THAN_GUESSING), "o-",
                    color=plots.BLUE if number == winner else "#666666", linewidth=1.5, markersize=4,
                    zorder=2 + (number == winner),
                )  # fmt: skip
        axis.plot(1.09 * budgets[-1], of_one[:, -1].min(), "<", color=plots.RED, markersize=9, clip_on=False)
        axis.set(xscale="log", xlabel="portions", ylim=(0.2, 3.3), xlim=(0.9, 1.1 * budgets[-1]))
        axis.set_yscale("log")
        axis.set_yticks([0.25, 0.5, 1, 2], ["0.25", "0.5", "1", "2"])
        axis.set_xticks(budgets, map(str, budgets))
        axis.minorticks_off()
    axes[0].set_ylabel("loss on new digits\n(logarithmic)")
    plots.show(
        figure,
        alt=f"{len(losses)} searches. In each, {losses.shape[1]} recipes start, and most are dropped after the first "
        "or the second budget: their gray lines end there, and go on as pale ones. The winner's line is blue, and a "
        "red arrowhead on the right shows the lowest of all losses.",
    )


def memory(used: np.ndarray, read: np.ndarray) -> None:
    """What a process uses more than at first, and what it has read so far, both in MB, shard by shard."""
    figure, axes = plots.new_figure(width=7.4, height=3)
    count = np.arange(1, len(used) + 1)
    for values, color, style, words in (
        (read, plots.RED, "--", "read so far"),
        (used - used[0], plots.BLUE, "-", "extra memory"),
    ):
        axes[0].plot(count, values, style, color=color)
        axes[0].text(1.02 * count[-1], values[-1], words, color=color, fontsize=12, va="bottom")
    axes[0].set(
        xlabel="shards read", ylabel="MB", xlim=(0, 1.3 * count[-1]), xticks=np.linspace(0, count[-1], 5)
    )
    plots.show(
        figure,
        alt=f"What has been read against the number of shards: a straight line up to {read[-1]:.0f} MB. The memory "
        f"that the process uses in addition ends at {used[-1] - used[0]:.0f} MB.",
    )


def orders(streams: Mapping[str, np.ndarray]) -> None:
    """Which class comes when: one panel for each stream's labels, under its name."""
    rows = -(-len(streams) // 2)
    figure, axes = plots.new_figure(rows=rows, columns=2, width=8.6, height=2.5 * rows)
    for axis, (name, labels) in zip(axes, streams.items(), strict=False):
        axis.plot(labels, ".", color=plots.BLUE, markersize=1.5, alpha=0.5)
        axis.set_title(name, fontsize=11)
        axis.set(yticks=range(0, 10, 3), xlabel="position in the epoch", ylabel="digit")
    plots.show(
        figure,
        alt="Which digit comes when, in one panel for each stream: "
        + "; ".join(name.replace("\n", " ") for name in streams)
        + ". From sorted shards with a small buffer, the digits climb a staircase from 0 to 9; a large buffer smears "
        "it; in the others, all digits come all the time.",
    )
