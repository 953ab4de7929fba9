"""What kills the plain full-width VGG-like net on CIFAR-10? One thing changed at a time, every seed measured.

This needs a GPU and an environment of its own: `pip install "jax[cuda13]" keras`. A run takes about 20 seconds, with
six at a time on one H200.
CNN_DATA_DIR names the folder with cifar10.npz (x_train, y_train). Each condition makes 1,000 steps with every seed
and leaves a file in --out; one whose file is there is skipped, so a broken run goes on with the same command. Once
the files of all conditions are there, results/05c-suspects.json and the table beside it are made again from them;
`python -m tools.notebooks.records tables` copies the results to where the notebooks read them.

    CNN_DATA_DIR=~/data python -m benchmarks.vgg_suspects --seeds 10 --only plain BatchNorm
"""

import argparse
import json
import os
import re
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from helpers import owned

RESULTS = Path(__file__).resolve().parents[1] / "results" / "05c-suspects.json"
MARKS = (0, 1, 2, 3, 5, 10, 20, 39, 80, 160, 320, 640, 999)  # the steps at which the net is looked into
STEPS, BATCH, CHUNK = 1000, 32, 20
LEARNS = 2.25  # a mean loss below this has left ln 10 = 2.303, which is guessing
FILTERS = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool")  # of builders.vgg
PLAIN = {
    "images": "0..1", "bias": True, "norm": "none", "init": "glorot_uniform", "rate": 1e-3, "opt": "adam",
    "width": 1.0, "warm": 0, "batch": BATCH,
}  # fmt: skip
CONDITIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "images from -1 to 1": {"images": "-1..1"},
    "mean image subtracted": {"images": "mean"},
    "mean image subtracted, divided by one standard deviation": {"images": "std"},
    "no biases in the convolutions": {"bias": False},
    "images from -1 to 1, no biases": {"bias": False, "images": "-1..1"},
    "batch mean subtracted": {"norm": "mean"},
    "divided by batch standard deviation": {"norm": "std"},
    "both (no learned scale and shift)": {"norm": "both"},
    "BatchNorm": {"norm": "keras"},
    "He uniform": {"init": "he_uniform"},
    "He normal": {"init": "he_normal"},
    "He uniform, no biases": {"init": "he_uniform", "bias": False},
    "learning rate 0.0001": {"rate": 1e-4},
    "learning rate 0.0003": {"rate": 3e-4},
    "learning rate warmed up over 300 steps": {"warm": 300},
    "a quarter as wide": {"width": 0.25},
    "an eighth as wide, learning rate 0.002": {"width": 0.125, "rate": 2e-3},
    "SGD with momentum, learning rate 0.05": {"opt": "sgd", "rate": 0.05},
    "BatchNorm, learning rate 0.003": {"norm": "keras", "rate": 3e-3},
}


def build(settings: dict[str, Any], seed: int) -> Any:
    """The net with fresh weights; its outputs are the logits and what comes out of each ReLU."""
    import keras
    from keras import layers, ops

    class Half(layers.Layer):
        """BatchNorm without learned numbers, or one half of it, always with the batch's own mean and spread."""

        def call(self, x: Any) -> Any:
            mean = ops.mean(x, axis=(0, 1, 2), keepdims=True)
            variance = ops.mean((x - mean) ** 2, axis=(0, 1, 2), keepdims=True)
            if settings["norm"] in ("mean", "both"):
                x = x - mean
            return x / ops.sqrt(variance + 1e-3) if settings["norm"] in ("std", "both") else x

    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input((32, 32, 3))
    inside = []
    for filters in FILTERS:
        if filters == "pool":
            x = layers.MaxPooling2D(2)(x)
            continue
        options = {"use_bias": settings["bias"], "kernel_initializer": settings["init"], "padding": "same"}
        x = layers.Conv2D(max(1, round(filters * settings["width"])), 3, **options)(x)
        if settings["norm"] != "none":
            x = layers.BatchNormalization()(x) if settings["norm"] == "keras" else Half()(x)
        x = layers.ReLU()(x)
        inside.append(x)
    return keras.Model(inputs, [layers.Dense(10)(layers.Flatten()(x)), *inside])


def train(
    settings: dict[str, Any], images: np.ndarray, labels: np.ndarray, *, seeds: range, steps: int = STEPS
) -> dict[str, np.ndarray]:
    """Train with each seed. Arrays by seed: "loss" (seed, step), and at the marks below `steps`: "spread" of the
    probabilities between images (seed, mark), "inner" (seed, mark, layer; rms, common share, dead channels) and
    "ratio" (seed, mark, kernel), a step's change of a kernel over the kernel.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
    import jax
    import jax.numpy as jnp
    import keras

    mean = images.mean(axis=0, dtype="float64").astype("float32") / 255
    spread_of_all, everything, answers = float(images.std() / 255), jnp.asarray(images), jnp.asarray(labels)

    def scaled(batch: Any) -> Any:
        batch = batch.astype("float32") / 255
        ways = {"0..1": batch, "-1..1": 2 * batch - 1, "mean": batch - mean}
        return ways.get(settings["images"], (batch - mean) / spread_of_all)

    def optimizer() -> Any:
        if settings["opt"] == "sgd":
            return keras.optimizers.SGD(settings["rate"], momentum=0.9)
        return keras.optimizers.Adam(settings["rate"])

    model, updates = build(settings, 0), optimizer()
    updates.build(model.trainable_variables)
    kernels = [place for place, one in enumerate(model.trainable_variables) if one.path.endswith("kernel")]

    def look(values: Any) -> Any:
        power, common = jnp.mean(values**2), jnp.mean(jnp.mean(values, axis=0) ** 2)
        dead = jnp.mean(jnp.all(values <= 0, axis=(0, 1, 2)))
        return jnp.stack([jnp.sqrt(power), common / (power + 1e-30), dead])

    def forward(weights: Any, others: Any, batch: Any, truth: Any) -> Any:
        (logits, *inside), others = model.stateless_call(weights, others, batch, training=True)
        logs = jax.nn.log_softmax(logits)
        loss = -jnp.mean(jnp.take_along_axis(logs, truth[:, None], 1))
        return loss, (others, jnp.mean(jnp.std(jnp.exp(logs), axis=0)), jnp.stack([look(v) for v in inside]))

    def step(carry: Any, chosen: Any) -> Any:
        weights, others, memory, number = carry
        (loss, (others, spread, inside)), gradients = jax.value_and_grad(forward, has_aux=True)(
            weights, others, scaled(everything[chosen]), answers[chosen]
        )
        moved, memory = updates.stateless_apply(memory, gradients, weights)
        if settings["warm"]:
            part = jnp.minimum(1.0, (number + 1) / settings["warm"])
            moved = [old + part * (new - old) for old, new in zip(weights, moved, strict=True)]
        sizes = [(jnp.linalg.norm(moved[k] - weights[k]), jnp.linalg.norm(weights[k])) for k in kernels]
        ratio = jnp.stack([change / size for change, size in sizes])
        return (moved, others, memory, number + 1), (loss, spread, inside, ratio)

    run = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order))
    marks = [mark for mark in MARKS if mark < steps]
    found: dict[str, list[np.ndarray]] = {"loss": [], "spread": [], "inner": [], "ratio": []}
    for seed in seeds:
        fresh, memory = build(settings, seed), optimizer()
        memory.build(fresh.trainable_variables)
        groups = fresh.trainable_variables, fresh.non_trainable_variables, memory.variables
        carry = (*([one.value for one in group] for group in groups), jnp.int32(0))
        rng, need, pieces = np.random.default_rng(seed), steps * BATCH, []
        order = np.concatenate([rng.permutation(len(images)) for _ in range(-(-need // len(images)))])[:need]
        for chosen in np.split(order.reshape(steps, BATCH).astype("int32"), range(CHUNK, steps, CHUNK)):
            carry, measured = run(carry, jnp.asarray(chosen))
            pieces.append(jax.tree.map(np.asarray, measured))
        loss, *inside = (np.concatenate([piece[k] for piece in pieces]) for k in range(4))
        found["loss"].append(loss)
        for name, values in zip(("spread", "inner", "ratio"), inside, strict=True):
            found[name].append(values[marks])
        print(f"seed {seed}: loss of the last 60 steps {loss[-60:].mean():.3f}", flush=True)
    return {name: np.stack(values).astype("float32") for name, values in found.items()}


def condition(settings: dict[str, Any], seeds: list[int], found: dict[str, np.ndarray]) -> dict[str, Any]:
    """What is kept of a condition's runs: see `helpers.inside.full_width.load`."""
    middle = {
        name: np.median(found["inner"][..., k], axis=0) for k, name in enumerate(("rms", "common", "dead"))
    }
    middle["update_ratio"] = np.median(found["ratio"], axis=0)
    every_20 = found["loss"].reshape(len(seeds), -1, CHUNK).mean(axis=2)
    return {
        "settings": settings,
        "seeds": seeds,
        "loss_every_20_steps": _short(every_20, 4),
        "output_spread": _short(found["spread"], 2),
        "common_layer_10": _short(found["inner"][:, :, -1, 1]),
        "median": {name: _short(values) for name, values in middle.items()},
    }


def _short(values: np.ndarray, digits: int = 3) -> list:
    """As nested lists, with so many significant digits."""
    return [_short(row, digits) if np.ndim(row) else float(f"{row:.{digits}g}") for row in np.asarray(values)]


def last_losses(runs: dict[str, Any]) -> list[float]:
    """For each seed the mean loss of the last 60 steps."""
    return [sum(losses[-3:]) / 3 for losses in runs["loss_every_20_steps"]]


def table(results: dict[str, Any]) -> str:
    """One line a condition: how many seeds learn, and how layer 10 fares."""
    made, marks = results["made"], results["marks"]
    lines = [
        "# Who kills the deep net?",
        "",
        f"Made by `benchmarks/vgg_suspects.py`: {made['network']}; {made['images']}; {made['optimizer']}; "
        f"{made['steps']:,} steps with batches of {made['batch']}. *Learns* means a mean loss below {LEARNS} in the "
        "last 60 steps (guessing gives 2.303). The common share is what all 32 images of a batch have in common in "
        "layer 10, as a part of the layer's power; dead channels are 0 for all of them. Both are medians over the "
        "seeds; a layer that is dead altogether has no share.",
        "",
        "| one thing changed | seeds | learn | loss of the last 60 steps: median (lowest to highest) "
        "| common share in layer 10 at step 0 | 2 | 10 | 999 | dead channels in layer 10 at step 10 | 999 |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, runs in results["conditions"].items():
        losses = last_losses(runs)
        shares = []
        for mark in (0, 2, 10, 999):
            place = marks.index(mark)
            gone = runs["median"]["dead"][place][9] == 1
            shares.append("–" if gone else f"{runs['median']['common'][place][9]:.3f}")
        dead = [f"{runs['median']['dead'][marks.index(mark)][9]:.0%}" for mark in (10, 999)]
        cells = [
            name, str(len(losses)), str(sum(loss < LEARNS for loss in losses)),
            f"{median(losses):.2f} ({min(losses):.2f} to {max(losses):.2f})", *shares, *dead,
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"{made['date']}, {made['device']}, Keras {made['keras']}.", ""])


def keep(results: dict[str, Any]) -> None:
    """Write the results and their table."""
    text = json.dumps(results, separators=(",", ":"), ensure_ascii=False)
    owned.write_whole(RESULTS, text.encode())
    owned.write_whole(RESULTS.with_suffix(".md"), table(results).encode())


def file_of(name: str, folder: Path) -> Path:
    """Where a condition's runs are kept until all are there."""
    return folder / f"{re.sub('[^a-z0-9]+', '_', name.lower())}.json"


def keep_if_complete(folder: Path) -> None:
    """Make the results of the files of all conditions; if some are missing, say which, and leave the results."""
    paths = {name: file_of(name, folder) for name in CONDITIONS}
    if missing := [name for name, path in paths.items() if not path.exists()]:
        print(f"{RESULTS.name} stays as it is. Still missing in {folder}: {'; '.join(missing)}.")
        return
    kept = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    keep({"made": made_here(), "marks": list(MARKS), "conditions": kept})


def made_here() -> dict[str, Any]:
    """With what, and on what, these runs were made."""
    import jax
    import keras

    return {
        "date": date.today().isoformat(),
        "device": jax.devices()[0].device_kind,
        "keras": f"{keras.__version__} on JAX {jax.__version__}",
        "precision": "float32",
        "steps": STEPS,
        "batch": BATCH,
        "optimizer": "Adam, learning rate 0.001, unless said otherwise",
        "images": "CIFAR-10, 50,000 training images, 32 x 32 x 3",
        "network": "builders.vgg, width 1 (64 to 512 filters)",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=CONDITIONS, default=list(CONDITIONS), metavar="NAME")
    parser.add_argument("--out", type=Path, default=Path("build/suspects"))
    args = parser.parse_args()
    with np.load(Path(os.environ["CNN_DATA_DIR"]) / "cifar10.npz") as file:
        images, labels = file["x_train"], file["y_train"].ravel().astype("int32")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only:
        settings, path = PLAIN | CONDITIONS[name], file_of(name, args.out)
        if not path.exists():
            print(name, flush=True)
            found = train(settings, images, labels, seeds=range(args.seeds))
            runs = condition(settings, list(range(args.seeds)), found)
            owned.write_whole(path, json.dumps(runs).encode())
    keep_if_complete(args.out)


if __name__ == "__main__":
    main()
