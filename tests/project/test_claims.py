"""Every committed notebook's claims hold for anyone's seed, by the sweep of its present code (results/claims)."""

import json

import pytest

from tools.notebooks.files import list_claims, read
from tools.selection import all_notebooks, number
from tools.sweep import kept, tables
from tools.sweep.fingerprint import differences, fingerprint
from tools.sweep.standard import judge


def problems(path, sweep):
    """What is wrong with a notebook's claims, given its sweep."""
    which = number(path)
    again = f"make sweep ONLY={which} && make sweep ONLY={which} SEEDS=0-2 THREADS=2 && make claims"
    made = list_claims(read(path))
    shown = {claim["sentence"]: claim["needs"] for claim in made}
    if sweep is None:
        return [f"{path.stem} has no sweep: {again}"]
    if (sweep.notebook, sweep.profile) != (path.stem, "quick"):
        return [f"the sweep of {path.stem} is one of {sweep.notebook}, profile {sweep.profile}"]
    if changed := differences(sweep.code, fingerprint(path)):
        return [f"{path.stem} was changed since its sweep ({', '.join(changed)}): {again}"]
    found = [f"{path.stem}: seed {run.name} failed: {run.failure}" for run in sweep.runs if run.failure]
    found += [
        f"{path.stem}: seed {run.name} was run with {run.settings}" for run in sweep.runs if run.settings
    ]
    if len(made) > len(shown):
        found.append(f"{path.stem} makes two claims with the same sentence: only one of them is judged")
    found += [
        f"{path.stem}: {sentence!r} is in the notebook or in its sweep, but not in both: {again}"
        for sentence in shown.keys() ^ set(sweep.sentences())
    ]
    moving, experimental = 0, 0
    for sentence in sweep.sentences():
        pairs = sweep.values(sentence)
        needs = {value.needs() for _, value in pairs if value is not None}
        if len(needs) == 1 and shown.get(sentence, *needs) not in needs:
            found.append(f"{path.stem}: {sentence!r} needs {shown[sentence]}, and in its sweep {needs.pop()}")
        verdict = judge(pairs)
        experimental += not verdict.exact
        moving += not verdict.exact and verdict.lowest != verdict.highest
        if reason := verdict.shortfall():
            found.append(f"{path.stem}: {sentence!r} {reason}")
    if experimental and not moving:
        found.append(f"{path.stem}: no number of it moves with the seed, so ten seeds are one")
    return found


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_every_claim_holds_for_anyones_seed(path):
    found = problems(path, kept.load(kept.path_of(path.stem)))
    assert not found, "\n".join(found)


def test_the_first_edition_says_why_of_everything_that_fell_short():
    why = json.loads(tables.WHY.read_text(encoding="utf-8"))
    short = {}
    for sweep, sentence, verdict in tables.verdicts(kept.all_kept(tables.FIRST_EDITION)):
        if verdict.shortfall():
            short.setdefault(sweep.notebook, set()).add(sentence)
    assert {notebook: set(reasons) for notebook, reasons in why.items()} == short
    assert all(len(text) > 30 for reasons in why.values() for text in reasons.values())


def test_the_files_are_as_a_sweep_writes_them():
    for folder in (kept.CLAIMS, tables.FIRST_EDITION):
        for path in folder.glob("[0-9]*.json"):
            assert path.read_text(encoding="utf-8") == kept.as_text(kept.load(path)), f"{path} was edited"


def test_the_tables_are_those_of_the_files():
    for path, text in tables.texts().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run make claims"


# The gate itself: each way to fall short is seen.


@pytest.fixture
def sound():
    """A notebook with its sweep, which is in order with the seeds 0 to 9."""
    path = next(path for path in all_notebooks() if path.stem == "02_cnn_basics")
    sweep = kept.load(kept.path_of(path.stem))
    sweep.runs = [run for run in sweep.runs if run.seed < 10]
    assert problems(path, sweep) == []
    return path, sweep


def experimental(sweep):
    return next(sentence for sentence in sweep.sentences() if not judge(sweep.values(sentence)).exact)


def miss(sweep, sentence, *seeds):
    for run in sweep.runs:
        if run.seed in seeds and run.threads == 1:
            value = run.claims[sentence]
            far = {"above": value.bounds.get("above", 0) - 1} if "above" in value.bounds else None
            number = far["above"] if far else value.bounds["below"] + 1
            run.claims[sentence] = type(value)(number, value.bounds, value.form)


def test_a_sweep_of_other_code_is_seen(sound):
    path, sweep = sound
    assert "has no sweep: make sweep ONLY=02" in problems(path, None)[0]
    sweep.code = {**sweep.code, "cells": "other"}
    assert "changed since its sweep (cells)" in problems(path, sweep)[0]


def test_a_claim_that_falls_short_is_seen(sound):
    path, sweep = sound
    sentence = experimental(sweep)
    miss(sweep, sentence, 3)
    assert "sweep 20 seeds" in problems(path, sweep)[0]
    miss(sweep, sentence, 3, 4)
    (found,) = problems(path, sweep)
    assert sentence in found and "fails in 2 of 10 seeds (3, 4)" in found


def test_too_few_seeds_are_seen(sound):
    path, sweep = sound
    sweep.runs = [run for run in sweep.runs if run.seed != 9]
    assert any("no finished run with one thread of seed 9" in text for text in problems(path, sweep))


def test_a_run_that_failed_or_was_made_otherwise_is_seen(sound):
    path, sweep = sound
    sweep.runs[4].failure = "cell 9"
    assert "02_cnn_basics: seed 4 failed: cell 9" in problems(path, sweep)
    sweep.runs[4].failure, sweep.runs[4].settings = None, {"TF_ENABLE_ONEDNN_OPTS": "0"}
    assert "seed 4 was run with" in problems(path, sweep)[0]


def test_a_sweep_of_another_notebook_is_seen(sound):
    path, sweep = sound
    sweep.notebook = "03_mnist"
    assert "is one of 03_mnist" in problems(path, sweep)[0]


def test_seeds_that_change_nothing_are_seen(sound):
    path, sweep = sound
    for run in sweep.runs:
        run.claims = sweep.runs[0].claims
    assert any("ten seeds are one" in text for text in problems(path, sweep))


def test_a_claim_that_is_in_only_one_of_the_two_is_seen(sound):
    path, sweep = sound
    for run in sweep.runs:
        run.claims["New"] = next(iter(run.claims.values()))
    assert any("'New' is in the notebook or in its sweep" in text for text in problems(path, sweep))


def test_other_bounds_are_seen(sound):
    path, sweep = sound
    sentence = experimental(sweep)
    for run in sweep.runs:
        value = run.claims[sentence]
        wider = {name: bound + (1 if name == "below" else -1) for name, bound in value.bounds.items()}
        run.claims[sentence] = type(value)(value.value, wider, value.form)
    assert any("and in its sweep" in text for text in problems(path, sweep))
