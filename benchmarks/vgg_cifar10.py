"""Train the full-width VGG-like net on real CIFAR-10 in pieces that can be interrupted and taken up again.

A CPU needs hours for this. Every piece (a tenth of an epoch) ends in a checkpoint and a line of results, and the
same command goes on from there. CNN_DATA_DIR names the folder with cifar10.npz. At the end the run is added to
results/05-full-training.json, and the table beside it is made again.

    python -m benchmarks.vgg_cifar10 --batch-norm before --cosine --epochs 3 --out build/vgg/bn-seed0
"""

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from helpers.data import datasets
from helpers.inside import diagnostics
from helpers.networks import builders
from helpers.notebook.quiet_keras import keras
from helpers.paths import ROOT
from helpers.training.timing import Stopwatch
from tools.notebooks.records import made_where

RESULTS = ROOT / "results" / "05-full-training.json"
PIECES = 10  # an epoch


def new_model(settings: dict[str, Any], *, pieces: int, images: int) -> Any:
    """A fresh compiled net; with `cosine` the step size falls to 0 over all the pieces of the run."""
    keras.utils.set_random_seed(settings["seed"])
    batch_norm = False if settings["batch_norm"] == "none" else settings["batch_norm"]
    model = builders.vgg(
        batch_norm=batch_norm, kernel_initializer=settings["initializer"], width=settings["width"]
    )
    rate = settings["learning_rate"]
    if settings["cosine"]:
        steps = math.ceil(images / PIECES / settings["batch_size"]) * pieces
        rate = keras.optimizers.schedules.CosineDecay(initial_learning_rate=rate, decay_steps=steps)
    optimizer = keras.optimizers.Adam(learning_rate=rate)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(data: datasets.Dataset, settings: dict[str, Any], *, epochs: float, out: Path) -> list[dict]:
    """Train up to `epochs` in `out`, from the last piece that is there on; return what each piece measured.

    Raises SystemExit where `out` holds a run with other settings, or a model that is not of such a run.
    """
    pieces = round(epochs * PIECES)
    settings = settings | ({"epochs": epochs} if settings["cosine"] else {})  # else it may be prolonged
    out.mkdir(parents=True, exist_ok=True)
    log, kept, part = out / "pieces.jsonl", out / "model.keras", out / "part.keras"
    if not log.exists() and (kept.exists() or part.exists()):
        raise SystemExit(f"{out} holds a model that this program did not write. Choose another folder.")
    log.touch()  # from now on, the models in this folder are ours
    done = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    if done and done[0].get("settings") != settings:
        raise SystemExit(
            f"{out} holds a run with other settings: {done[0].get('settings')}. Choose another folder."
        )
    images = len(data.x_train)
    model = keras.saving.load_model(kept) if done else new_model(settings, pieces=pieces, images=images)
    for piece in range(len(done), pieces):
        epoch, place = divmod(piece, PIECES)
        order = np.random.default_rng([settings["seed"], epoch]).permutation(images)
        chosen = np.array_split(order, PIECES)[place]
        with Stopwatch(time.process_time) as watch:  # the process may be stopped for a while
            history = model.fit(
                data.x_train[chosen], data.y_train[chosen], batch_size=settings["batch_size"], verbose=0
            ).history
        line = {
            "settings": settings,
            "images": sum(entry["part"] for entry in done) + len(chosen),
            "part": len(chosen),
            "cpu_seconds": round(watch.seconds, 1),
            "loss": round(history["loss"][0], 4),
            "accuracy": round(history["accuracy"][0], 4),
            "output_spread": float(f"{diagnostics.output_spread(model, data.x_val[:200]):.2e}"),
        }
        if place == PIECES - 1 or piece == pieces - 1:
            _, accuracy = model.evaluate(data.x_test, data.y_test, batch_size=200, verbose=0)
            line["test_accuracy"] = round(accuracy, 4)
        model.save(part)
        part.replace(kept)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        done.append(line)
        shown = {key: value for key, value in line.items() if key != "settings"}
        print(f"{epoch + (place + 1) / PIECES:.1f} epochs:", shown, flush=True)
    return done


def table(runs: list[dict]) -> str:
    """One line a run: how far it was trained, and where it came to."""
    lines = [
        "# The full-width VGG-like net trained on real CIFAR-10",
        "",
        "Made by `benchmarks/vgg_cifar10.py`: Adam, 45,000 training images, the accuracy of the 10,000 test images.",
        "",
        "| BatchNorm | initialisation | step size | batch | seed | epochs | test accuracy after each epoch "
        "| last training loss | output spread | CPU minutes | date |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for run in runs:
        pieces, used = run["pieces"], run["settings"]
        accuracies = ", ".join(
            f"{piece['test_accuracy']:.1%}" for piece in pieces if "test_accuracy" in piece
        )
        rate = f"{used['learning_rate']:g}" + (", to 0 as a cosine" if used["cosine"] else "")
        minutes = sum(piece["cpu_seconds"] for piece in pieces) / 60
        lines.append(
            f"| {used['batch_norm']} | {used['initializer']} | {rate} | {used['batch_size']} | {used['seed']} "
            f"| {len(pieces) / PIECES:g} | {accuracies} | {pieces[-1]['loss']:.3f} "
            f"| {pieces[-1]['output_spread']:.1e} | {minutes:.0f} | {run['date']} |"
        )
    versions = ", ".join(f"{name} {version}" for name, version in runs[0]["versions"].items())
    return "\n".join([*lines, "", f"{runs[0]['machine']}; {versions}.", ""])


def keep(new: dict) -> None:
    """Add a run to the file of results, in the place of an earlier one with the same settings."""
    runs = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    runs = [run for run in runs if run["settings"] != new["settings"]] + [new]
    lines = ",\n".join(json.dumps(run, ensure_ascii=False) for run in runs)
    RESULTS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(runs), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-norm", choices=("none", "before", "after"), default="none")
    parser.add_argument("--initializer", default="glorot_uniform")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--cosine", action="store_true", help="let the step size fall to 0 over these epochs")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=float, default=5)
    parser.add_argument("--out", type=Path, required=True)
    settings = vars(parser.parse_args())
    epochs, out = settings.pop("epochs"), settings.pop("out")
    data = datasets.load("cifar10", profile="full")
    print(data)
    pieces = train(data, settings, epochs=epochs, out=out)
    used = pieces[0]["settings"]
    for piece in pieces:
        del piece["settings"]
    keep({**made_where(), "settings": used, "pieces": pieces})


if __name__ == "__main__":
    main()
