"""Whether a sweep made with earlier code stands for today's.

Where the fingerprint of the code has changed, two seeds are run again. If every claim's number in both is, to the
last digit, what it was before, then the change did not touch what is measured, and the other runs are carried over. A
training turns the smallest difference into other digits, so equal digits in two seeds are good evidence. A claim may
have a new sentence or other bounds: it is judged again with the numbers that were measured.
"""

from tools.sweep.measured import Run, Sweep, Value

SEEDS = 2  # how many are run again


def trial(old: Sweep, threads: int) -> list[tuple[int, int]]:
    """Which runs to make again, as (seed, threads): with this many threads, or as many as the old ones had.

    Empty if the old runs are too few for that to save anything.
    """
    for wanted in (threads, *sorted({run.threads for run in old.runs})):
        seeds = sorted(seed for seed, used in old.finished() if used == wanted)
        if len(seeds) >= SEEDS and len(old.finished()) > SEEDS:
            return [(seed, wanted) for seed in seeds[:SEEDS]]
    return []


def carried_over(old: Sweep, new: Sweep) -> Sweep | None:
    """The new runs, and the old ones where they can stand beside them; None if they cannot.

    `new` holds the runs that were made again.
    """
    before = {(run.seed, run.threads): run for run in old.runs}
    pairs = [(before.get((run.seed, run.threads)), run) for run in new.runs]
    if len(pairs) < SEEDS or any(was is None or was.failure or now.failure for was, now in pairs):
        return None
    names = _same_claims(pairs)
    if names is None:
        return None
    bounds = {now: new.runs[0].claims[now].bounds for now in names}
    if any(run.claims[now].bounds != bounds[now] for run in new.runs for now in names):
        # bounds that are computed in each run are only known if they are as they were
        if any(
            was.claims[names[now]].bounds != run.claims[now].bounds for was, run in pairs for now in names
        ):
            return None
        bounds = {}
    found = Sweep(new.notebook, new.profile, new.code)
    for run in old.runs:
        if run.failure is None and all(name in run.claims for name in names.values()):
            claims = {
                now: Value(
                    run.claims[was].value,
                    bounds.get(now, run.claims[was].bounds),
                    new.runs[0].claims[now].form,
                )
                for now, was in names.items()
            }
            found.add(Run(**{**vars(run), "claims": claims, "carried": True}))
    for run in new.runs:
        found.add(run)
    return found


def _same_claims(pairs: list[tuple[Run, Run]]) -> dict[str, str] | None:
    """Sentence now → sentence before, if every claim's number is the same in all pairs; else None."""
    sentences = list(pairs[0][1].claims)
    if any(list(now.claims) != sentences for _, now in pairs):
        return None
    free = [name for name in pairs[0][0].claims if name not in sentences]
    found = {}
    for sentence in sentences:
        candidates = [sentence] if sentence in pairs[0][0].claims else free
        same = [name for name in candidates if all(_equal(was, name, now, sentence) for was, now in pairs)]
        if len(same) != 1:  # none, or it cannot be told which
            return None
        found[sentence] = same[0]
        free = [name for name in free if name != same[0]]
    return found


def _equal(was: Run, name: str, now: Run, sentence: str) -> bool:
    if name not in was.claims:
        return False
    before, after = was.claims[name].value, now.claims[sentence].value
    return before == after or (before != before and after != after)  # nan is nan
