"""Watch the full-width VGG-like net on real CIFAR-10 live or die in its first steps: what notebook 05 does in small.

Trains with Adam on batches of 32 and measures 32 test images at chosen steps: loss, output spread, and by layer the
dead units, the gradient of the kernel and the spread between images. CNN_DATA_DIR names the folder with
cifar10.npz. Minutes a run on two cores; every run is added to results/05-full-width.json, and the table
results/05-full-width.md is made again.

    python -m benchmarks.vgg_autopsy --seed 1 --steps 160
"""

import argparse
import json

import numpy as np

from helpers.data import locate
from helpers.inside import diagnostics
from helpers.networks import builders
from helpers.notebook.quiet_keras import keras
from helpers.paths import ROOT
from tools.notebooks.records import made_where

RESULTS = ROOT / "results" / "05-full-width.json"
MARKS = (0, 1, 2, 3, 5, 10, 20, 40, 60, 80, 100, 120, 160, 240, 320)
BATCH = PROBE = 32


def rounded(values: dict[str, float]) -> dict[str, float]:
    """Three significant digits are what a comparison needs."""
    return {name: float(f"{value:.3g}") for name, value in values.items()}


def run(*, width: float, rate: float, initializer: str, batch_norm: str, steps: int, seed: int) -> dict:
    """Train `steps` steps; return the settings, the training losses and what was measured at each of MARKS."""
    arrays, _ = locate.load("cifar10")
    x, y = arrays["x_train"], arrays["y_train"]
    probe = arrays["x_test"][:PROBE], arrays["y_test"][:PROBE]
    keras.utils.set_random_seed(seed)
    chosen = False if batch_norm == "none" else batch_norm
    model = builders.vgg(width=width, kernel_initializer=initializer, batch_norm=chosen)
    model.compile(
        optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", jit_compile=False
    )
    order = np.random.default_rng(seed).permutation(len(x))
    losses, measured = [], []
    for step in range(steps + 1):
        if step:
            batch = order[(step - 1) * BATCH : step * BATCH]
            losses.append(float(f"{float(model.train_on_batch(x[batch], y[batch])):.4g}"))
        if step in MARKS or step == steps:
            snapshot = diagnostics.measure(model, *probe)
            measured.append(
                {
                    "step": step,
                    "loss": float(f"{snapshot.loss:.4g}"),
                    "output_spread": float(f"{snapshot.output_spread:.3g}"),
                    "dead_units": rounded(snapshot.dead_units),
                    "kernel_gradients": rounded(snapshot.kernel_gradients),
                    "between": rounded({name: spread.between for name, spread in snapshot.spreads.items()}),
                }
            )
            print(
                f"step {step}: loss {snapshot.loss:.3f}, output spread {snapshot.output_spread:.1e}",
                flush=True,
            )
    settings = {"width": width, "rate": rate, "initializer": initializer, "batch_norm": batch_norm}
    return {**settings, "steps": steps, "seed": seed, "measured": measured, "losses": losses}


def table(runs: list[dict]) -> str:
    """One line a run: how deep the output spread fell, and how the run ended."""
    lines = [
        "# The VGG-like net on real CIFAR-10: who lives",
        "",
        "Made by `benchmarks/vgg_autopsy.py`: Adam, batches of 32, 32 test images measured; each line is one run "
        "that took place. A spread of 1e-7 and a loss of 2.303 mean that the answer no longer depends on the image.",
        "",
        "| width | step size | initialisation | BatchNorm | seed | steps | date | lowest output spread (step) "
        "| at the end: spread | loss | most dead units in a layer |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    key = ("batch_norm", "initializer", "rate", "width", "seed")
    for entry in sorted(runs, key=lambda entry: tuple(str(entry[name]) for name in key)):
        lowest = min(entry["measured"][1:], key=lambda point: point["output_spread"])
        end = entry["measured"][-1]
        worst, low = max(end["dead_units"].values()), lowest["output_spread"]
        lines.append(
            f"| {entry['width']:g} | {entry['rate']:g} | {entry['initializer']} | {entry['batch_norm']} "
            f"| {entry['seed']} | {entry['steps']} | {entry['date']} | {low:.1e} ({lowest['step']}) "
            f"| {end['output_spread']:.1e} | {end['loss']:.3f} | {worst:.0%} |"
        )
    machine, versions = runs[0]["machine"], runs[0]["versions"]
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return "\n".join([*lines, "", f"{machine}; {packages}.", ""])


def keep(new: list[dict]) -> None:
    """Add runs to the file of results, each in the place of an earlier one with the same settings."""
    runs = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    known = ("width", "rate", "initializer", "batch_norm", "steps", "seed")
    fresh = {tuple(entry[name] for name in known) for entry in new}
    runs = [entry for entry in runs if tuple(entry[name] for name in known) not in fresh] + new
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in runs)
    RESULTS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(runs), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--initializer", default="glorot_uniform")
    parser.add_argument("--batch-norm", choices=("none", "before", "after"), default="none")
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    result = run(**vars(args))
    keep([{**made_where(), **result}])


if __name__ == "__main__":
    main()
