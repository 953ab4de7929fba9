"""Tables of what sweeps have measured: results/claims.md, and parts of docs/claims.md and CONTRIBUTING.md.

`make claims` calls this. The first edition's own table, results/first-edition.md, is made from its kept files again.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from helpers import owned
from helpers.paths import ROOT
from tools.selection import number
from tools.sweep import kept
from tools.sweep.measured import Run, Sweep, Value
from tools.sweep.standard import SEEDS, WITH_TWO_THREADS, Verdict, judge

RESULTS = ROOT / "results"
FIRST_EDITION = RESULTS / "first-edition"
WHY = FIRST_EDITION / "why.json"  # notebook → sentence → why the claim is not true for every seed
WEAKEST = 10
_PART = re.compile(r"(<!-- make claims: ([a-z]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

ABOUT = f"""An *exact* claim (a shape, a count, an equality) must hold in every run. An *experimental* one must hold for
{SEEDS} of {SEEDS} seeds with one thread and for {WITH_TWO_THREADS} with two; or, where it missed one seed, for nineteen
of twenty. No claim stops a run here: all are measured to the end.

*Margin* is the mean distance from the measured value to the bound, in standard deviations over the runs: the smaller,
the nearer to a miss; below zero, the mean itself misses.

Made by `make claims` from the files in `claims/`, which `make sweep` writes;
[you can measure them too](../docs/claims.md)."""

FIRST = """What the notebooks of the first edition claimed, measured with many seeds before they were rewritten. It is
kept as it was measured, and not updated. A claim that falls short here was true for seed 0 and not for everybody's:
the second edition rewords it, finds a better experiment, or drops it."""


def verdicts(sweeps: Iterable[Sweep]) -> Iterator[tuple[Sweep, str, Verdict]]:
    """Every claim of some sweeps with its verdict."""
    for sweep in sweeps:
        for sentence in sweep.sentences():
            yield sweep, sentence, judge(sweep.values(sentence))


def by_notebook(sweeps: list[Sweep]) -> str:
    """One line for each notebook: how many claims it makes, and how many hold for everybody."""
    lines = [
        "| notebook | claims | of them exact | meet the standard | fall short | runs |",
        "| --- " * 6 + "|",
    ]
    total = [0] * 4
    for sweep in sweeps:
        found = [verdict for _, _, verdict in verdicts([sweep])]
        short = sum(bool(verdict.shortfall()) for verdict in found)
        counts = [len(found), sum(verdict.exact for verdict in found), len(found) - short, short]
        total = [one + other for one, other in zip(total, counts, strict=True)]
        lines.append(_row([sweep.notebook, *counts, _runs(sweep.runs)]))
    return "\n".join([*lines, _row(["all", *total, ""])])


def weakest(sweeps: list[Sweep], count: int = WEAKEST) -> str:
    """The experimental claims that are the nearest to a miss, or beyond it, the weakest first."""
    found = [entry for entry in verdicts(sweeps) if not entry[2].exact]
    found.sort(key=lambda entry: (entry[2].share, entry[2].margin))
    lines = ["| notebook | claim | holds in | lowest to highest | needs | margin |", "| --- " * 6 + "|"]
    for sweep, sentence, verdict in found[:count]:
        cells = [number(Path(sweep.notebook)), sentence, f"{verdict.held} of {verdict.runs}"]
        lines.append(_row([*cells, *_range_and_needs(sweep, sentence), f"{verdict.margin:.1f}"]))
    return "\n".join(lines)


def overview(sweeps: list[Sweep]) -> str:
    """What a reader wants to know first: how many claims, how often measured, how many hold, which is the narrowest."""
    found = list(verdicts(sweeps))
    exact = sum(verdict.exact for _, _, verdict in found)
    short = sum(bool(verdict.shortfall()) for _, _, verdict in found)
    seeds = {run.seed for sweep in sweeps for run in sweep.runs}
    runs = sum(len(sweep.runs) for sweep in sweeps)
    fewest = min(verdict.runs for _, _, verdict in found)
    held = (
        "**All of them meet our standard.**"
        if not short
        else f"**{short} of them fall short of our standard.**"
    )
    sweep, sentence, narrowest = min(
        (entry for entry in found if not entry[2].exact), key=lambda one: (one[2].share, one[2].margin)
    )
    lines = [
        "A *claim* is a sentence that a notebook measures and marks with ✓ or ✗. A network trained with another",
        "seed gives other numbers, so one ✓ may be luck. That's why we measured every claim again and again.",
        "",
        f"- **{len(found)} claims** in {len(sweeps)} notebooks: {len(found) - exact} about experiments, {exact} exact.",
        f"- **{runs:,} runs** with {len(seeds)} different seeds. Each claim was measured at least {fewest} times.",
        f"- {held}",
        f"- The narrowest is in notebook {number(Path(sweep.notebook))}: “{sentence}.” It holds in {narrowest.held} of",
        f"  {narrowest.runs} runs, on average by {narrowest.margin:.1f} standard deviations; see",
        f"  [the {WEAKEST} weakest](#the-{WEAKEST}-weakest).",
    ]
    return "\n".join(lines)


def page(title: str, about: str, sweeps: list[Sweep], why: dict[str, dict[str, str]]) -> str:
    """Everything: both tables, what falls short and why, and every experimental claim of each notebook."""
    parts = [f"# {title}", about, "## By notebook", by_notebook(sweeps)]
    parts += [f"## The {WEAKEST} weakest", weakest(sweeps)]
    short = [(sweep, one, found) for sweep, one, found in verdicts(sweeps) if found.shortfall()]
    if short:
        lines = ["| notebook | claim | holds in | why |", "| --- " * 4 + "|"]
        lines += [
            _row(
                [
                    number(Path(sweep.notebook)),
                    sentence,
                    f"{verdict.held} of {verdict.runs}",
                    why.get(sweep.notebook, {}).get(sentence, verdict.shortfall()),
                ]
            )
            for sweep, sentence, verdict in short
        ]
        parts += ["## What falls short, and why", "\n".join(lines)]
    return "\n\n".join([*parts, *map(_section, sweeps)]) + "\n"


def _section(sweep: Sweep) -> str:
    """A notebook's experimental claims one by one, and how they were measured."""
    found = list(verdicts([sweep]))
    experimental = [(sentence, verdict) for _, sentence, verdict in found if not verdict.exact]
    exact = [verdict for _, _, verdict in found if verdict.exact]
    held = sum(not verdict.shortfall() for verdict in exact)
    seconds = sum(run.processor_seconds for run in sweep.runs) / max(1, len(sweep.runs))
    text = [f"## {sweep.notebook}", f"{_made(sweep)}, {seconds:.0f} processor seconds a run on average."]
    if exact:
        text.append(f"{held} of {len(exact)} exact claims hold in every run.")
    if experimental:
        lines = ["| | claim | holds in | lowest to highest | needs | margin | fails with seed |"]
        lines.append("| --- " * 7 + "|")
        for sentence, verdict in experimental:
            mark = "✗" if verdict.shortfall() else "✓"
            cells = [mark, sentence, f"{verdict.held} of {verdict.runs}", *_range_and_needs(sweep, sentence)]
            lines.append(_row([*cells, f"{verdict.margin:.1f}", ", ".join(verdict.fails)]))
        text.append("\n".join(lines))
    return "\n\n".join(text)


def _made(sweep: Sweep) -> str:
    dates = sorted({run.date for run in sweep.runs})
    machines = sorted({run.machine for run in sweep.runs})
    versions = sorted(
        {", ".join(f"{name} {version}" for name, version in run.versions.items()) for run in sweep.runs}
    )
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    carried = sum(run.carried for run in sweep.runs)
    stands = f"; {carried} of them with earlier code that gives the same numbers" if carried else ""
    runs = _runs(sweep.runs)
    where = f"{when}, {' and '.join(machines)}; {' and '.join(versions)}"
    return f"{runs[:1].upper()}{runs[1:]}{stands}; {where}"


def _runs(runs: list[Run]) -> str:
    """ "seeds 0 to 9, and 0 to 2 with two threads"."""
    parts = []
    for threads in sorted({run.threads for run in runs}):
        seeds = sorted(run.seed for run in runs if run.threads == threads)
        parts.append(_spans(seeds) + ("" if threads == 1 else f" with {threads} threads"))
    return "seeds " + ", and ".join(parts) if parts else "no run"


def _spans(numbers: list[int]) -> str:
    """[0, 1, 2, 5] in words: "0 to 2, 5"."""
    spans: list[list[int]] = []
    for one in numbers:
        if spans and one == spans[-1][-1] + 1:
            spans[-1].append(one)
        else:
            spans.append([one])
    return ", ".join(f"{span[0]}" if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans)


def _range_and_needs(sweep: Sweep, sentence: str) -> tuple[str, str]:
    values: list[Value] = [value for _, value in sweep.values(sentence) if value is not None]
    values = [value for value in values if value.value == value.value] or values  # without nan
    low, high = (pick(values, key=lambda one: one.value).worded() for pick in (min, max))
    needs = {value.needs() for value in values}
    return (low if low == high else f"{low} to {high}"), needs.pop() if len(needs) == 1 else "differs by run"


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", r"\|") for cell in cells) + " |"


def with_parts(text: str, parts: dict[str, str]) -> str:
    """A text with what stands between its marks replaced. Raises SystemExit for a mark that is not known."""

    def replaced(match: re.Match[str]) -> str:
        if match[2] not in parts:
            raise SystemExit(f"there is no part called {match[2]}; there are: {', '.join(parts)}")
        return f"{match[1]}{parts[match[2]]}\n{match[4]}"

    return _PART.sub(replaced, text)


def texts() -> dict[Path, str]:
    """Every file that has something of this, with what it must say now."""
    sweeps = list(kept.all_kept())
    first = list(kept.all_kept(FIRST_EDITION))
    why = json.loads(WHY.read_text(encoding="utf-8"))
    parts = {"notebooks": by_notebook(sweeps), "weakest": weakest(sweeps)}
    found = {
        RESULTS / "claims.md": page(
            "How sure are we?", f"{overview(sweeps)}\n\n## The standard\n\n{ABOUT}", sweeps, why
        ),
        RESULTS / "first-edition.md": page("What the first edition claimed", FIRST, first, why),
    }
    for path in (ROOT / "docs" / "claims.md", ROOT / "CONTRIBUTING.md"):
        found[path] = with_parts(path.read_text(encoding="utf-8"), parts)
    return found


def main(arguments: list[str] | None = None) -> int:
    argparse.ArgumentParser(description=__doc__.partition("\n\n")[0]).parse_args(arguments)
    for path, text in texts().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            owned.write_whole(path, text.encode())
            print(f"{path.relative_to(ROOT)}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
