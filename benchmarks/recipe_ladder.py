"""One recipe, changed in one way at a time: what does an image teach, and what does it cost? CIFAR-10, three seeds.

The network is the four-layer one of notebook 04. Every run trains on 50,000 images, each seen once (some on a part of
them), and its test accuracy is measured on the way, as it is and with BatchNorm's averages measured anew. What an image
costs is clocked at the end, with all changes in turns: the machine should do nothing else then. A run leaves a file in
--out, and one whose file is there is skipped, so a broken ladder goes on with the same command. Once all files are
there, results/04b-recipes.json and its copy for the notebook are written from them. A quarter of an hour and more on
two cores; CNN_DATA_DIR names the folder with cifar10.npz.

    CNN_DATA_DIR=~/data TF_NUM_INTRAOP_THREADS=2 python -m benchmarks.recipe_ladder
"""

import argparse
import json
import math
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import owned
from helpers.paths import ASSETS, ROOT

if TYPE_CHECKING:
    import keras

RESULTS, COPY = ROOT / "results" / "04b-recipes.json", ASSETS / "recipes.json"
SEEDS = (0, 1, 2)
FILTERS = (16, 32, 64, 128)  # of notebook 04
MARKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)  # shares of a run after which the network is judged
JUDGED, REMEASURED = 5_000, 2_000  # test images that judge, training images for the averages
BASE = {
    "rate": 1e-3, "schedule": False, "decay": 0.0, "batch_norm": False, "batch_size": 32, "stride": False, "part": 1.0,
}  # fmt: skip
_ALL = {"rate": 5e-3, "schedule": True, "decay": 0.01, "batch_norm": True, "stride": True}
CONDITIONS: dict[str, dict[str, Any]] = {
    "base": {},
    "rate × 5": {"rate": 5e-3},
    "schedule": {"schedule": True},
    "AdamW": {"decay": 0.01},
    "BatchNorm": {"batch_norm": True},
    "batches of 128": {"batch_size": 128},
    "early stride": {"stride": True},
    "BatchNorm, rate × 5": {"batch_norm": True, "rate": 5e-3},
    "BatchNorm, schedule": {"batch_norm": True, "schedule": True},
    "BatchNorm, rate × 5, schedule": {"batch_norm": True, "rate": 5e-3, "schedule": True},
    "BatchNorm, rate × 5, early stride": {"batch_norm": True, "rate": 5e-3, "stride": True},
    "all but AdamW, batches of 32": _ALL | {"decay": 0.0},
    "all, batches of 32": _ALL,
    "all, batches of 128": _ALL | {"batch_size": 128},
    **{
        f"all, batches of {size}, {name} of the images": _ALL | {"batch_size": size, "part": part}
        for size in (32, 128)
        for name, part in (("an eighth", 1 / 8), ("a quarter", 1 / 4), ("half", 1 / 2))
    },
}


def warm_up_and_cosine(progress: float, warm_up: float = 0.1) -> float:
    """The share of the peak rate when the share `progress` of the steps is done."""
    if progress < warm_up:
        return progress / warm_up
    return (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up))) / 2


def rate_at(settings: dict[str, Any], progress: float) -> float:
    """The learning rate when the share `progress` of the steps is done."""
    return settings["rate"] * (warm_up_and_cosine(progress) if settings["schedule"] else 1.0)


def build(settings: dict[str, Any]) -> "keras.Model":
    """The network of notebook 04, compiled; an early stride makes its first layer 4×4 with two pixels a step."""
    from helpers.notebook.quiet_keras import keras, layers

    x = inputs = keras.Input(shape=(32, 32, 3))
    x = layers.Rescaling(1 / 255)(x)
    for number, filters in enumerate(FILTERS):
        strided = settings["stride"] and number == 0
        size, strides = (4, 2) if strided else (3, 1)
        # BatchNorm subtracts the mean, so a bias before it would do nothing
        x = layers.Conv2D(
            filters, size, strides=strides, padding="same", use_bias=not settings["batch_norm"]
        )(x)
        if settings["batch_norm"]:
            x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        if not strided:
            x = layers.MaxPooling2D(2)(x)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))
    decay = settings["decay"]
    optimizer = keras.optimizers.AdamW(weight_decay=decay) if decay else keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)  # or the first step is traced twice
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    return model


def train(
    model: "keras.Model", settings: dict[str, Any], arrays: dict[str, np.ndarray], *, seed: int
) -> dict[str, Any]:
    """One run from fresh weights: images, seconds and test accuracy at the marks, and the loss at the end."""
    from helpers.training.evaluate import accuracy
    from helpers.training.fresh_averages import measure_anew
    from helpers.training.restart import restart
    from helpers.training.timing import Stopwatch

    x, y, size = arrays["x_train"], arrays["y_train"], settings["batch_size"]
    judge = arrays["x_test"][:JUDGED], arrays["y_test"][:JUDGED]
    model.train_on_batch(x[:size], y[:size])  # traced before the clock runs
    restart(model, seed)
    order = np.random.default_rng(seed).permutation(len(x))[: round(settings["part"] * len(x))]
    steps = len(order) // size
    marks = {max(1, round(steps * mark)) for mark in (MARKS if settings["part"] == 1 else (1,))}
    processor, wall = Stopwatch(time.process_time), Stopwatch()
    found: dict[str, Any] = {name: [] for name in ("images", "processor_seconds", "seconds", "accuracy")}
    losses, anew = [], []
    for step in range(1, steps + 1):
        batch = order[(step - 1) * size : step * size]
        model.optimizer.learning_rate = rate_at(settings, (step - 1) / steps)
        if step == 1:
            # A seed has been set, so TensorFlow loads its kernels again, which takes longer than ten steps.
            losses.append(float(model.train_on_batch(x[batch], y[batch])))
        else:
            with processor, wall:
                losses.append(float(model.train_on_batch(x[batch], y[batch])))
        model.reset_metrics()
        if step in marks:
            found["images"].append(step * size)
            found["processor_seconds"].append(round(processor.seconds * step / max(1, step - 1), 3))
            found["seconds"].append(round(wall.seconds * step / max(1, step - 1), 3))
            found["accuracy"].append(round(accuracy(model, *judge), 4))
            if settings["batch_norm"]:
                kept = model.get_weights()
                measure_anew(model, x[order[:REMEASURED]])
                anew.append(round(accuracy(model, *judge), 4))
                model.set_weights(kept)
    found["accuracy_anew"] = anew or found["accuracy"]
    found["last_loss"] = round(float(np.mean(losses[-max(1, steps // 16) :])), 4)
    return found


def clock(
    models: "dict[str, keras.Model]", arrays: dict[str, np.ndarray], *, rounds: int = 5, images: int = 6_400
) -> dict[str, list[float]]:
    """Processor seconds for 1,000 images in training, for each condition's model, once in each round.

    The conditions take turns, so a slow moment of the machine hits them all; long runs that follow one another can't
    be compared as well. How many of the images are seen in all changes nothing, so a share costs what the whole does.
    """
    from helpers.training.timing import Stopwatch

    x, y = arrays["x_train"], arrays["y_train"]
    found: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            settings, watch = BASE | CONDITIONS[name], Stopwatch(time.process_time)
            size = settings["batch_size"]
            model.train_on_batch(x[:size], y[:size])
            steps = images // size
            with watch:
                for step in range(steps):
                    batch = slice(step * size, (step + 1) * size)
                    model.optimizer.learning_rate = rate_at(settings, step / steps)
                    model.train_on_batch(x[batch], y[batch])
                    model.reset_metrics()
            found[name].append(round(1000 * watch.seconds / (steps * size), 4))
    return found


def file_of(name: str, seed: int, folder: Path) -> Path:
    """Where a run is kept: "AdamW", seed 1, is adamw-1.json."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower().replace("×", "x")).strip("-")
    return folder / f"{words}-{seed}.json"


def gathered(folder: Path) -> dict[str, Any] | None:
    """The conditions with the runs of all seeds, from the files in `folder`; None (and a word) if some are missing.

    Raises SystemExit for a file that holds a run with other settings.
    """
    conditions, missing = {}, []
    for name, change in CONDITIONS.items():
        runs = []
        for seed in SEEDS:
            path = file_of(name, seed, folder)
            if not path.exists():
                missing.append(path.name)
                continue
            run = json.loads(path.read_text(encoding="utf-8"))
            if (run["settings"], run["seed"]) != (BASE | change, seed):
                raise SystemExit(f"{path} holds a run with other settings. Choose another folder.")
            runs.append(run)
        if len(runs) == len(SEEDS):
            conditions[name] = {
                "settings": runs[0]["settings"],
                "seeds": list(SEEDS),
                "multiply_adds": runs[0]["multiply_adds"],
                "images": runs[0]["found"]["images"],
            } | {key: [run["found"][key] for run in runs] for key in runs[0]["found"] if key != "images"}
    if missing:
        print(f"{RESULTS.name} stays as it is. Still missing in {folder}: {', '.join(missing)}.")
        return None
    return conditions


def keep(conditions: dict[str, Any], made: dict[str, Any]) -> None:
    """Write the results, a line for each condition, and their copy for the notebook."""
    lines = [
        f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(found)}" for name, found in conditions.items()
    ]
    head = json.dumps(made, ensure_ascii=False)
    text = f'{{"made": {head},\n"conditions": {{\n' + ",\n".join(lines) + "\n}}\n"
    for path in (RESULTS, COPY):
        owned.write_whole(path, text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("build/recipe-ladder"))
    parser.add_argument("--only", nargs="+", choices=CONDITIONS, default=list(CONDITIONS), metavar="NAME")
    args = parser.parse_args()
    from helpers.data import locate
    from helpers.training.experiments import multiply_adds
    from tools.notebooks.records import made_where

    arrays, _ = locate.load("cifar10")
    args.out.mkdir(parents=True, exist_ok=True)
    models: dict[tuple, Any] = {}  # compiled once

    def model_of(settings: dict[str, Any]) -> "keras.Model":
        kind = tuple(settings[key] for key in ("batch_norm", "stride", "decay", "batch_size"))
        if kind not in models:
            models[kind] = build(settings)
        return models[kind]

    for seed in SEEDS:
        for name in args.only:
            settings, path = BASE | CONDITIONS[name], file_of(name, seed, args.out)
            if path.exists():
                continue
            model = model_of(settings)
            found = train(model, settings, arrays, seed=seed)
            run = {
                "settings": settings,
                "seed": seed,
                "multiply_adds": multiply_adds(model),
                "found": found,
            }
            owned.write_whole(path, json.dumps(run).encode())
            print(
                f"{name}, seed {seed}: {found['processor_seconds'][-1]:.0f} processor seconds, "
                f"{found['accuracy'][-1]:.1%}, anew {found['accuracy_anew'][-1]:.1%}",
                flush=True,
            )
    if conditions := gathered(args.out):
        made = {
            **made_where(),
            "threads": os.environ.get("TF_NUM_INTRAOP_THREADS", "all"),
            "network": "the four-layer network of notebook 04",
            "images": f"CIFAR-10, 50,000 training images, each seen once; the first {JUDGED:,} test images judge",
            "seconds_per_1000": "processor seconds for 1,000 images; the conditions took turns, once in each round",
            "averages": f"measured anew with {REMEASURED:,} training images",
        }
        whole = {name: model_of(BASE | change) for name, change in CONDITIONS.items() if "part" not in change}
        costs = clock(whole, arrays)
        for name, found in conditions.items():
            found["seconds_per_1000"] = costs[name if name in costs else name.rpartition(", ")[0]]
        keep(conditions, made)


if __name__ == "__main__":
    main()
