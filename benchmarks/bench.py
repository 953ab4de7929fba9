"""Measure the recipes of benchmarks/recipes.py in one run: accuracy by seconds of training, work and peak memory.

    CNN_DATA_DIR=/media/usb/cnn-data make bench           # both tasks, a quarter of an hour on two cores

Each training has a process of its own, one after the other, and all use oneDNN. The clock stands still while the
test set is evaluated (after every epoch). Before the first one, the machine's fastest matrix product is measured.
Writes results/bench-TASK.json, .md and .png, and for CIFAR-10 helpers/assets/bench.json, which notebook 04b shows;
`--only` tries some and writes nothing.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.paths import ASSETS, ROOT

if TYPE_CHECKING:
    import keras

GOAL = {"cifar10": None, "mnist": 0.990}  # None: the best that the reference reaches
LEVELS = {"cifar10": (0.65, 0.75), "mnist": (0.985, 0.99)}  # theirs and ours, in the table's last sentences
SHOWN = {"cifar10": ASSETS / "bench.json"}  # a copy for the notebook that shows it


def peak_mb() -> float:
    """The largest resident memory of this process so far, in MB (Linux)."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def matrix_gflops(*, size: int = 2048, repeats: int = 20) -> float:
    """Billions of float32 operations a second in the fastest of some matrix products: what the machine can do."""
    from helpers.notebook.quiet_keras import tf

    a = tf.random.normal((size, size))
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(a, a)))
    product()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        product().numpy()
        seconds.append(time.perf_counter() - began)
    return 2 * size**3 / min(seconds) / 1e9


def training_flops(model: "keras.Model") -> int:
    """Floating-point operations of convolutions and dense layers that one image costs in training.

    Two for a multiply-add on the way forward, two more for the filters' gradient where they are trained, and two
    more for the inputs' gradient where something before is trained. All else is left out: it is no matrix product.
    The model must be a chain from the point of view of its trained layers, as all of these are.
    """
    from helpers.notebook.quiet_keras import keras
    from helpers.training.experiments import multiply_adds

    total, before, trained_before = 0, 0, False
    for layer in model.layers:
        trained = bool(layer.trainable_weights)
        so_far = multiply_adds(keras.Model(model.inputs, layer.output))
        total += 2 * (so_far - before) * (1 + trained + trained_before)
        before, trained_before = so_far, trained_before or trained
    return total


def measure(task: str, name: str, *, seed: int = 0, limit: int | None = None) -> dict:
    """Train one recipe; return seconds and test accuracy after each epoch, parameters, work and peak memory.

    The curve holds [seconds, processor seconds, test accuracy] for each epoch. Preparing the data and building the
    model count as training time: they are part of the recipe. `limit` takes only so many training images.
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
    watch, processor = Stopwatch(), Stopwatch(time.process_time)
    with watch, processor:
        x_train, y_train = recipe.prepare(x[:kept], y[:kept])
        x_test, y_test = recipe.prepare(arrays["x_test"][:limit], arrays["y_test"][:limit])
        if recipe.validation:
            held = recipe.prepare(x[kept:], y[kept:])  # held in memory, as its authors do
            assert len(held[0]) == len(x) - kept
        if recipe.batches:  # whole ones only, and shuffled, which Keras wants to be told
            steps = kept // recipe.batch_size
            fed = {"x": recipe.batches(x_train, y_train, recipe.batch_size), "shuffle": False}
        else:
            steps = -(-kept // recipe.batch_size)
            fed = {"x": x_train, "y": y_train, "batch_size": recipe.batch_size}
        model = recipe.build(steps * recipe.epochs, x[:kept])
    curve = []
    for epoch in range(recipe.epochs):
        with watch, processor:
            model.fit(**fed, initial_epoch=epoch, epochs=epoch + 1, verbose=0)
        accuracy = float(model.evaluate(x_test, y_test, batch_size=500, verbose=0)[1])
        curve.append([round(watch.seconds, 2), round(processor.seconds, 2), round(accuracy, 4)])
        news = f"epoch {epoch + 1}/{recipe.epochs}, {watch.seconds:.0f} s, {accuracy:.1%}"
        print(f"{task}, {name}, seed {seed}: {news}", flush=True)
    return {
        "recipe": name,
        "source": recipe.source,
        "seed": seed,
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "images": kept * recipe.epochs,
        "parameters": int(np.sum([np.prod(weight.shape) for weight in model.weights])),
        "flops_per_image": training_flops(model),
        "curve": curve,
        "peak_mb": round(peak_mb()),
    }


def seconds_to(run: dict, accuracy: float, *, processor: bool = False) -> float | None:
    """Seconds (or processor seconds) after which a run first had this test accuracy, or None."""
    return next((lap[int(processor)] for lap in run["curve"] if lap[2] >= accuracy), None)


def usual_seconds(runs: list[dict], accuracy: float, *, processor: bool = False) -> float | None:
    """The median of `seconds_to` over a recipe's seeds; None unless every one of them gets there."""
    times = [seconds_to(run, accuracy, processor=processor) for run in runs]
    return None if None in times else statistics.median(times)


def by_recipe(runs: list[dict]) -> dict[str, list[dict]]:
    """The runs of each recipe, in the order in which the recipes were run."""
    found: dict[str, list[dict]] = {}
    for run in runs:
        found.setdefault(run["recipe"], []).append(run)
    return found


def quickest(recipes: dict[str, list[dict]], accuracy: float) -> str | None:
    """Which of our recipes reaches this test accuracy first, with every seed; None if none does."""
    times = {name: usual_seconds(runs, accuracy) for name, runs in recipes.items() if name.startswith("ours")}
    reached = {name: seconds for name, seconds in times.items() if seconds is not None}
    return min(reached, key=reached.__getitem__, default=None)


def summary(task: str, runs: list[dict]) -> dict:
    """What the reference reached, and how ours compares: seconds, processor seconds, memory.

    `levels`: seconds to a lower accuracy for the reference, and to a higher one for ours.
    """
    from benchmarks.recipes import REFERENCE

    recipes = by_recipe(runs)
    reference = recipes[REFERENCE[task]]
    goal = GOAL[task] or max(lap[2] for lap in reference[0]["curve"])
    best, theirs = quickest(recipes, goal), usual_seconds(reference, goal)
    compared = {"goal": goal, "reference_seconds": theirs, "our_recipe": best}
    if best:
        compared["our_seconds"] = usual_seconds(recipes[best], goal)
        compared["times_less_memory"] = round(
            reference[0]["peak_mb"] / max(run["peak_mb"] for run in recipes[best]), 1
        )
        for kind, processor in (("times_faster", False), ("times_less_processor", True)):
            needed = usual_seconds(reference, goal, processor=processor)
            mine = usual_seconds(recipes[best], goal, processor=processor)
            compared[kind] = round(needed / mine, 1) if needed else None
    low, high = LEVELS[task]
    leader = quickest(recipes, high)
    compared["levels"] = {
        "reference": low,
        "reference_seconds": usual_seconds(reference, low),
        "ours": high,
        "our_recipe": leader,
        "our_seconds": leader and usual_seconds(recipes[leader], high),
    }
    return compared


def told(compared: dict) -> str:
    """The comparison in sentences."""
    if compared["our_recipe"] and compared["reference_seconds"]:
        text = (
            f"To {compared['goal']:.1%}, the reference needs {compared['reference_seconds']:.0f} s and "
            f"'{compared['our_recipe']}' {compared['our_seconds']:.1f} s: {compared['times_faster']} times sooner, "
            f"with {compared['times_less_processor']} times fewer processor seconds and "
            f"{compared['times_less_memory']} times less memory."
        )
    else:
        text = f"Not every recipe reaches {compared['goal']:.1%}, so the times can't be compared."
    levels = compared["levels"]
    for name in ("reference", "our"):
        seconds = levels[f"{name}_seconds"]
        goal = levels["reference" if name == "reference" else "ours"]
        who = "The reference" if name == "reference" else f"'{levels['our_recipe']}'" if seconds else "Ours"
        text += (
            f" {who} reaches {goal:.1%} after {seconds:.0f} s."
            if seconds
            else f" {who} never reaches {goal:.1%}."
        )
    return text


def table(task: str, results: dict) -> str:
    """results/bench-TASK.md: a line for each recipe, and the comparison in sentences."""
    runs, compared = results["runs"], results["summary"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    lines = [
        f"# {task}: accuracy, seconds, memory",
        "",
        f"{results['date']}, {results['machine']}, {versions}, oneDNN for all. Made by `make bench`.",
        "Seconds are those of training, preparing the data included, evaluation left out; medians over the seeds.",
        f"The fastest float32 matrix product, the peak: {results['matrix_gflops']:.0f} billion operations a second.",
        "The share of it counts convolutions and dense layers only, over the whole time.",
        "",
        f"| recipe | seeds | test accuracy at its best | seconds | processor seconds | seconds "
        f"to {compared['goal']:.1%} | share of the peak | memory | parameters | source |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, same in by_recipe(runs).items():
        needed = usual_seconds(same, compared["goal"])
        best = " ".join(f"{max(lap[2] for lap in run['curve']):.1%}" for run in same)
        ends = [statistics.median(run["curve"][-1][kind] for run in same) for kind in (0, 1)]
        share = statistics.median(run["share_of_peak"] for run in same)
        memory = max(run["peak_mb"] for run in same)
        lines.append(
            f"| {name} | {len(same)} | {best} | {ends[0]:.1f} | {ends[1]:.1f} | {f'{needed:.1f}' if needed else '–'} "
            f"| {share:.0%} | {memory:,} MB | {same[0]['parameters']:,} | {same[0]['source']} |"
        )
    lines += ["", told(compared), "", f"![Test accuracy against seconds, one line a run.](bench-{task}.png)"]
    return "\n".join(lines) + "\n"


def short_table(results: dict[str, dict]) -> str:
    """The comparison in a line for each task, as it is in docs/recipes.md; `results` from task to its file."""
    lines = [
        "| data | recipe | test accuracy | seconds of training | peak memory |",
        "| --- | --- | --- | --- | --- |",
    ]
    for task, found in results.items():
        recipes, compared = by_recipe(found["runs"]), found["summary"]
        for name in (found["runs"][0]["recipe"], compared["our_recipe"]):
            same = recipes[name]
            needed = usual_seconds(same, compared["goal"])
            reached = " ".join(
                f"{next(lap[2] for lap in run['curve'] if lap[2] >= compared['goal']):.1%}" for run in same
            )
            memory = max(run["peak_mb"] for run in same)
            lines.append(f"| {task} | {name} | {reached} | {needed:.1f} | {memory:,} MB |")
    return "\n".join(lines)


def draw(task: str, runs: list[dict], path: Path) -> None:
    """Test accuracy against seconds, one line a recipe."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from helpers.notebook import plots

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    others = iter((plots.ORANGE, plots.GREEN, plots.PURPLE))
    for name, same in by_recipe(runs).items():
        mine = name.startswith("ours")
        color = plots.BLUE if mine else next(others)
        for run in same:
            seconds, accuracy = [lap[0] for lap in run["curve"]], [lap[2] for lap in run["curve"]]
            axes.plot(seconds, accuracy, marker="o" if mine else "s", markersize=4, color=color, alpha=0.9)
        axes.annotate(
            name, (seconds[-1], accuracy[-1]), textcoords="offset points", xytext=(4, -3), fontsize=8
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
    parser.add_argument("--one", nargs=3, metavar=("TASK", "RECIPE", "SEED"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        task, name, seed = args.one
        result = measure(task, name, seed=int(seed), limit=args.limit)
        print("RESULT " + json.dumps(result, ensure_ascii=False))
        return
    from benchmarks import recipes
    from tools.notebooks.records import made_where

    if unknown := [task for task in args.tasks if task not in recipes.TASKS]:
        raise SystemExit(f"unknown task {unknown[0]!r}: choose from {', '.join(recipes.TASKS)}.")
    peak = matrix_gflops()
    print(f"the fastest matrix product: {peak:.0f} GFLOPS", flush=True)
    for task in args.tasks:
        runs = []
        for name, recipe in recipes.TASKS[task].items():
            if args.only and not name.startswith(tuple(args.only)):
                continue
            for seed in range(recipe.seeds):
                run = one(task, name, seed, args.limit)
                done = run["flops_per_image"] * run["images"] / run["curve"][-1][0] / 1e9
                runs.append(run | {"share_of_peak": round(done / peak, 3)})
        if args.only or args.limit:
            continue
        results = {
            **made_where(),
            "matrix_gflops": round(peak, 1),
            "runs": runs,
            "summary": summary(task, runs),
        }
        text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
        path = ROOT / "results" / f"bench-{task}.json"
        for copy in [path, *([SHOWN[task]] if task in SHOWN else [])]:
            copy.write_text(text, encoding="utf-8")
        path.with_suffix(".md").write_text(table(task, results), encoding="utf-8")
        draw(task, runs, path.with_suffix(".png"))
        print(table(task, results))


def one(task: str, name: str, seed: int, limit: int | None) -> dict:
    """`measure` in a process of its own, whose news are passed on."""
    command = [sys.executable, "-m", "benchmarks.bench", "--one", task, name, str(seed)]
    command += ["--limit", str(limit)] if limit else []
    result = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        for line in process.stdout:
            if line.startswith("RESULT "):
                result = json.loads(line[7:])
            else:
                print(line, end="", flush=True)
    if process.returncode or result is None:
        raise SystemExit(f"{task}, {name} failed: see above.")
    return result


if __name__ == "__main__":
    main()
