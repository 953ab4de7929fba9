"""Measure the recipes of benchmarks/recipes.py in one run: accuracy by seconds of training, and peak memory.

    CNN_DATA_DIR=/media/usb/cnn-data make bench           # both tasks, more than half an hour on two cores

Each recipe trains in a process of its own, one after the other. The clock stands still while the test set is
evaluated (after every epoch). Writes results/bench-TASK.json, .md and .png; `--only` tries some and writes nothing.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from helpers.paths import ROOT

GOAL = {"cifar10": None, "mnist": 0.990}  # None: the best that the reference reaches


def peak_mb() -> float:
    """The largest resident memory of this process so far, in MB (Linux)."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def measure(task: str, name: str, *, seed: int = 0, limit: int | None = None) -> dict:
    """Train one recipe; return seconds and test accuracy after each epoch, parameters and peak memory.

    Preparing the data and building the model count as training time: they are part of the recipe.
    `limit` takes only so many training images.
    """
    import numpy as np

    from benchmarks import recipes
    from helpers.data import locate
    from helpers.notebook.quiet_keras import keras
    from helpers.training.timing import Stopwatch

    keras.utils.set_random_seed(seed)
    recipe = recipes.TASKS[task][name]
    arrays, _ = locate.load(task)
    x, y = arrays["x_train"][:limit], arrays["y_train"][:limit]
    kept = round(len(x) * (1 - recipe.validation))
    watch = Stopwatch()
    with watch:
        x_train, y_train = recipe.prepare(x[:kept], y[:kept])
        x_test, y_test = recipe.prepare(arrays["x_test"][:limit], arrays["y_test"][:limit])
        if recipe.validation:
            held = recipe.prepare(x[kept:], y[kept:])  # held in memory, as its authors do
            assert len(held[0]) == len(x) - kept
        steps = -(-kept // recipe.batch_size) * recipe.epochs
        model = recipe.build(steps, x[:kept])
    curve = []
    for epoch in range(recipe.epochs):
        options = {"batch_size": recipe.batch_size, "initial_epoch": epoch, "epochs": epoch + 1, "verbose": 0}
        with watch:
            model.fit(x_train, y_train, **options)
        accuracy = float(model.evaluate(x_test, y_test, batch_size=500, verbose=0)[1])
        curve.append([round(watch.seconds, 2), round(accuracy, 4)])
        news = f"epoch {epoch + 1}/{recipe.epochs}, {watch.seconds:.0f} s, {accuracy:.1%}"
        print(f"{task}, {name}: {news}", flush=True)
    return {
        "recipe": name,
        "source": recipe.source,
        "seed": seed,
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "parameters": int(np.sum([np.prod(weight.shape) for weight in model.weights])),
        "curve": curve,
        "peak_mb": round(peak_mb()),
    }


def seconds_to(run: dict, accuracy: float) -> float | None:
    """Seconds after which a run first had this test accuracy, or None."""
    return next((seconds for seconds, reached in run["curve"] if reached >= accuracy), None)


def summary(task: str, runs: list[dict]) -> dict:
    """What the reference reached, and how our runs compare."""
    from benchmarks.recipes import REFERENCE

    reference = next(run for run in runs if run["recipe"] == REFERENCE[task])
    goal = GOAL[task] or max(accuracy for _, accuracy in reference["curve"])
    needed = seconds_to(reference, goal)
    mine = [run for run in runs if run["recipe"].startswith("ours")]
    times = [seconds for run in mine if (seconds := seconds_to(run, goal)) is not None]
    budget = needed or reference["curve"][-1][0]
    within = [accuracy for run in mine for seconds, accuracy in run["curve"] if seconds <= budget]
    return {
        "goal": goal,
        "reference_seconds": needed,
        "our_seconds": min(times, default=None),
        "times_faster": round(needed / min(times), 1) if needed and times else None,
        "our_best_in_its_time": max(within, default=None),
        "times_less_memory": round(reference["peak_mb"] / max(run["peak_mb"] for run in mine), 1),
    }


def table(task: str, results: dict) -> str:
    """results/bench-TASK.md: the runs, and the comparison in a sentence."""
    runs, compared = results["runs"], results["summary"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    lines = [
        f"# {task}: accuracy, seconds, memory",
        "",
        f"{results['date']}, {results['machine']}, {versions}; one seed. Made by `make bench`.",
        "Seconds are those of training, preparing the data included, evaluation left out.",
        "",
        f"| recipe | best test accuracy | seconds in all | seconds to {compared['goal']:.1%} | peak memory "
        "| parameters | source |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for run in runs:
        needed = seconds_to(run, compared["goal"])
        best = max(accuracy for _, accuracy in run["curve"])
        lines.append(
            f"| {run['recipe']} | {best:.1%} | {run['curve'][-1][0]:.0f} | {f'{needed:.0f}' if needed else 'never'} "
            f"| {run['peak_mb']:,} MB | {run['parameters']:,} | {run['source']} |"
        )
    faster = (
        f"{compared['times_faster']} times faster" if compared["times_faster"] else "not comparable in time"
    )
    best = f"{compared['our_best_in_its_time']:.1%}" if compared["our_best_in_its_time"] else "nothing"
    lines += [
        "",
        f"To {compared['goal']:.1%}: ours is {faster}; in the reference's time ours reaches {best}; "
        f"the reference needs {compared['times_less_memory']} times our memory.",
        "",
        f"![Test accuracy against seconds, one line a recipe.](bench-{task}.png)",
    ]
    return "\n".join(lines) + "\n"


def readme_table(results: dict[str, dict]) -> str:
    """The comparison in a line for each task, as it is in README.md; `results` from task to its file."""
    lines = [
        "| data | recipe | test accuracy | seconds of training | peak memory |",
        "| --- | --- | --- | --- | --- |",
    ]
    for task, found in results.items():
        compared, runs = found["summary"], found["runs"]
        mine = [run for run in runs if run["recipe"].startswith("ours")]
        quickest = min(mine, key=lambda run: seconds_to(run, compared["goal"]) or float("inf"))
        for run, name in (
            (runs[0], f"{runs[0]['recipe']}, until {compared['goal']:.1%}"),
            (quickest, quickest["recipe"]),
        ):
            seconds = seconds_to(run, compared["goal"])
            reached = next(accuracy for at, accuracy in run["curve"] if at == seconds)
            lines.append(f"| {task} | {name} | {reached:.1%} | {seconds:.0f} | {run['peak_mb']:,} MB |")
    return "\n".join(lines)


def draw(task: str, runs: list[dict], path: Path) -> None:
    """Test accuracy against seconds, one line a recipe."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from helpers.notebook import plots

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    others = iter((plots.ORANGE, plots.GREEN, plots.PURPLE))
    for run in runs:
        mine = run["recipe"].startswith("ours")
        seconds, accuracy = zip(*run["curve"], strict=True)
        axes.plot(
            seconds, accuracy, marker="o" if mine else "s", markersize=4, label=run["recipe"],
            color=plots.BLUE if mine else next(others), alpha=0.9,
        )  # fmt: skip
        axes.annotate(
            run["recipe"], (seconds[-1], accuracy[-1]), textcoords="offset points", xytext=(4, -3), fontsize=8
        )
    axes.set(xscale="log", xlabel="seconds of training (log scale)", ylabel="test accuracy", title=task)
    first, last = min(run["curve"][0][0] for run in runs), max(run["curve"][-1][0] for run in runs)
    axes.set_xlim(first / 1.5, last * 3)  # room for the names
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=["cifar10", "mnist"], metavar="TASK")
    parser.add_argument("--only", nargs="+", help="first letters of the recipes to try; writes no file")
    parser.add_argument("--limit", type=int, help="so many training images only; writes no file")
    parser.add_argument("--one", nargs=2, metavar=("TASK", "RECIPE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        result = measure(*args.one, limit=args.limit)
        print("RESULT " + json.dumps(result, ensure_ascii=False))
        return
    from benchmarks import recipes
    from tools.notebooks.records import made_where

    for task in args.tasks:
        if task not in recipes.TASKS:
            raise SystemExit(f"unknown task {task!r}: choose from {', '.join(recipes.TASKS)}.")
        runs = []
        for name in recipes.TASKS[task]:
            if args.only and not name.startswith(tuple(args.only)):
                continue
            command = [sys.executable, "-m", "benchmarks.bench", "--one", task, name]
            command += ["--limit", str(args.limit)] if args.limit else []
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
                for line in process.stdout:
                    if line.startswith("RESULT "):
                        runs.append(json.loads(line[7:]))
                    else:
                        print(line, end="", flush=True)
            if process.returncode:
                raise SystemExit(f"{task}, {name} failed: see above.")
        if args.only or args.limit:
            continue
        results = {**made_where(), "runs": runs, "summary": summary(task, runs)}
        path = ROOT / "results" / f"bench-{task}.json"
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        path.with_suffix(".md").write_text(table(task, results), encoding="utf-8")
        draw(task, runs, path.with_suffix(".png"))
        print(table(task, results))


if __name__ == "__main__":
    main()
