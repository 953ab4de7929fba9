"""Whether a sweep made with earlier code stands for today's.

Where the fingerprint of the code has changed, some runs are made again: two, and one more for each other number of
threads. If every claim's number is, to the last digit, what it was before, then the change did not touch what is
measured, and the other runs are carried over. A training turns the smallest difference into other digits, so equal
digits in several seeds are good evidence, though no proof: a change that matters only in some seeds can pass. So one
of the seeds is the one that comes nearest to a miss, and one that was carried over before is taken first.

A claim may have a new sentence or other bounds: it is judged again, with the numbers that were measured. A time that
was measured (`timed`) is not compared.
"""

from tools.sweep.measured import Run, Sweep, Value
from tools.sweep.standard import distance

SEEDS = 2  # how many are run again with the number of threads that most runs have
_Pairs = list[tuple[Run, Run]]  # what was, and what is now


def trial(old: Sweep) -> list[tuple[int, int]]:
    """Which runs to make again, as (seed, threads); empty if the old runs are too few for that to save anything."""
    runs = [run for run in old.runs if run.failure is None]
    by_threads = {run.threads: [other for other in runs if other.threads == run.threads] for run in runs}
    found: list[tuple[int, int]] = []
    for threads, mine in sorted(by_threads.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        mine = sorted(mine, key=lambda run: (not run.carried, run.seed))
        if not found:  # the first, with the most runs
            nearest = min(mine, key=lambda run: _nearest(old, run))
            mine = [nearest, *(run for run in mine if run is not nearest)]
        found += [(run.seed, threads) for run in mine[: 1 if found else SEEDS]]
    return found if len(runs) > len(found) >= SEEDS else []


def _nearest(sweep: Sweep, run: Run) -> float:
    """How near a run comes to missing one of its claims, as a share of the range of that claim's distances."""
    found = [float("inf")]
    for sentence in run.claims:
        values = [value for _, value in sweep.values(sentence) if value is not None]
        distances = [distance(value) for value in values]
        spread = max(distances) - min(distances)
        if 0 < spread < float("inf") and not run.claims[sentence].timed:
            found.append(distance(run.claims[sentence]) / spread)
    return min(found)


def carried_over(old: Sweep, new: Sweep) -> Sweep | None:
    """The new runs, and the old ones where they can stand beside them; None if they cannot.

    `new` holds the runs that were made again. Only runs with a number of threads that was tried are carried.
    """
    before = {(run.seed, run.threads): run for run in old.runs}
    pairs = [(before.get((run.seed, run.threads)), run) for run in new.runs]
    if len(pairs) < SEEDS or any(was is None or was.failure or now.failure for was, now in pairs):
        return None
    names = _same_claims(pairs)
    if names is None:
        return None
    bounds = {}
    for now, was in names.items():
        earlier = [run.claims[was].bounds for run in old.runs if was in run.claims]
        today = [run.claims[now].bounds for run in new.runs]
        if all(one == earlier[0] for one in earlier) and all(one == today[0] for one in today):
            bounds[now] = today[0]
        elif any(one.claims[was].bounds != other.claims[now].bounds for one, other in pairs):
            return None  # bounds that each run computes: only a run tells them
    tried = {run.threads for run in new.runs}
    found = Sweep(new.notebook, new.profile, new.code)
    for run in old.runs:
        if run.failure is None and run.threads in tried and all(was in run.claims for was in names.values()):
            claims = {
                now: _as_today(run.claims[was], new.runs[0].claims[now], bounds.get(now))
                for now, was in names.items()
            }
            found.add(Run(**{**vars(run), "claims": claims, "carried": True}))
    for run in new.runs:
        found.add(run)
    return found


def _as_today(was: Value, now: Value, bounds: dict[str, float] | None) -> Value:
    return Value(was.value, was.bounds if bounds is None else bounds, now.form, now.timed)


def _same_claims(pairs: _Pairs) -> dict[str, str] | None:
    """Sentence now → sentence before, if every claim's number is the same in all pairs; else None."""
    first_was, first = pairs[0]
    if any(list(now.claims) != list(first.claims) for _, now in pairs):
        return None
    free = [name for name in first_was.claims if name not in first.claims]
    found = {}
    for sentence, value in first.claims.items():
        if sentence in first_was.claims:
            same = [sentence] if value.timed or _equal(pairs, sentence, sentence) else []
        else:
            same = [name for name in free if _equal(pairs, name, sentence) and _is_telling(pairs, sentence)]
        if len(same) != 1:  # none, or it cannot be told which
            return None
        found[sentence] = same[0]
        free = [name for name in free if name != same[0]]
    return found if any(not value.timed for value in first.claims.values()) else None


def _equal(pairs: _Pairs, name: str, sentence: str) -> bool:
    """Whether the claim `name` gave before what `sentence` gives now, in all pairs."""
    for was, now in pairs:
        if name not in was.claims:
            return False
        before, after = was.claims[name].value, now.claims[sentence].value
        if not (before == after or (before != before and after != after)):  # nan is nan
            return False
    return True


def _is_telling(pairs: _Pairs, sentence: str) -> bool:
    """Whether equal numbers show that it is the same claim: 1,203,594 does, and 0 or 100 % does not."""
    values = [now.claims[sentence] for _, now in pairs]
    if all("equals" in value.bounds for value in values):
        return all(abs(value.value) >= 10 for value in values)
    numbers = [value.value for value in values]
    return len(set(numbers)) > 1 and not any(float(number).is_integer() for number in numbers)
