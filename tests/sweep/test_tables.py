"""The tables of what sweeps have measured."""

import pytest

from tools.sweep import tables
from tools.sweep.measured import Run, Sweep, Value

MADE = {"date": "2026-01-02", "machine": "a machine", "versions": {"keras": "3"}, "processor_seconds": 7.0}


def sweep(name, **claims):
    """Ten seeds with one thread and three with two, of claims given as {sentence: (bounds, values of the seeds)}."""
    runs = []
    for seed, threads in [*((seed, 1) for seed in range(10)), *((seed, 2) for seed in range(3))]:
        found = {
            sentence: Value(values[seed], bounds, ".1f") for sentence, (bounds, values) in claims.items()
        }
        runs.append(Run(seed, threads, found, **MADE))
    return Sweep(name, "quick", {}, runs)


STRONG = ({"above": 0}, [5 + seed / 10 for seed in range(10)])
WEAK = ({"above": 0}, [1 + seed for seed in range(10)])
FALSE = ({"above": 0}, [1] * 7 + [-1, -2, 3])
EXACT = ({"equals": 3}, [3] * 10)
SWEEPS = [sweep("01_a", A=STRONG, **{"B | b": FALSE}, E=EXACT), sweep("02b_c", C=WEAK)]


def test_the_overview_counts_claims_runs_and_seeds_and_names_the_narrowest():
    text = tables.overview(SWEEPS)
    total = tables.by_notebook(SWEEPS).splitlines()[-1].split("|")
    claims, exact, _, short = map(int, total[2:6])
    assert (
        f"**{claims} claims** in {len(SWEEPS)} notebooks: {claims - exact} about experiments, {exact} exact."
        in text
    )
    assert f"**{sum(len(sweep.runs) for sweep in SWEEPS)} runs** with" in text
    assert f"**{short} of them fall short of our standard.**" in text
    weakest = tables.weakest(SWEEPS, count=1).splitlines()[2].split(" | ")
    assert weakest[1].replace("\\|", "|") in text and f"It holds in {weakest[2]} runs" in " ".join(
        text.split()
    )


def test_by_notebook():
    assert tables.by_notebook(SWEEPS).splitlines()[2:] == [
        "| 01_a | 3 | 1 | 2 | 1 | seeds 0 to 9, and 0 to 2 with 2 threads |",
        "| 02b_c | 1 | 0 | 1 | 0 | seeds 0 to 9, and 0 to 2 with 2 threads |",
        "| all | 4 | 1 | 3 | 1 |  |",
    ]


def test_the_weakest_come_first_and_what_is_exact_not_at_all():
    rows = tables.weakest(SWEEPS).splitlines()[2:]
    assert [row.split(" | ")[1] for row in rows] == [r"B \| b", "C", "A"]
    assert rows[0].startswith(r"| 01 | B \| b | 11 of 13 | -2.0 to 3.0 | above 0.0 | 0.")
    assert len(tables.weakest(SWEEPS, count=1).splitlines()) == 3


def test_the_page_names_what_falls_short_and_why():
    text = tables.page("Title", "About.", SWEEPS, {"01_a": {"B | b": "because"}})
    assert r"| 01 | B \| b | 11 of 13 | because |" in text
    assert r"| ✗ | B \| b | 11 of 13 | -2.0 to 3.0 | above 0.0 |" in text and "| 7, 8 |" in text
    assert "1 of 1 exact claims hold in every run." in text
    assert "2026-01-02, a machine; keras 3, 7 processor seconds a run on average." in text
    assert "fails in 2 of 10 seeds" in tables.page("Title", "About.", SWEEPS, {})
    assert "falls short" not in tables.page("Title", "About.", SWEEPS[1:], {})


def test_bounds_that_differ_from_run_to_run():
    found = sweep("01_a", A=STRONG)
    found.runs[0].claims["A"] = Value(5, {"above": 1})
    assert "| differs by run |" in tables.weakest([found])


def test_spans():
    assert tables._spans([0, 1, 2, 5, 7, 8]) == "0 to 2, 5, 7 to 8"


def test_only_what_is_between_the_marks_is_replaced():
    text = "a\n<!-- make claims: notebooks -->\nold\n<!-- end -->\nb\n<!-- end -->\n"
    once = tables.with_parts(text, {"notebooks": r"new \1"})
    assert once == text.replace("old", r"new \1")
    assert tables.with_parts(once, {"notebooks": r"new \1"}) == once
    with pytest.raises(SystemExit, match="no part called notebooks"):
        tables.with_parts(text, {"weakest": ""})
