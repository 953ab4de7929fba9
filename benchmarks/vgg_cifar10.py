"""Train the full-width VGG-like net on real CIFAR-10 in pieces that can be interrupted and taken up again.

A CPU needs hours for this. Every piece (a tenth of an epoch) ends in a checkpoint and a line of results, and the
same command goes on from there. CNN_DATA_DIR names the folder with cifar10.npz.

    python benchmarks/vgg_cifar10.py --batch-norm before --epochs 5 --out build/vgg/bn-seed0
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path

import numpy as np

from helpers import convnets, datasets, diagnostics

PIECES = 10  # an epoch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-norm", choices=("none", "before", "after"), default="none")
    parser.add_argument("--initializer", default="glorot_uniform")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--epochs", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    import keras

    data = datasets.load("cifar10", profile="full")
    print(data)
    args.out.mkdir(parents=True, exist_ok=True)
    log, kept = args.out / "pieces.jsonl", args.out / "model.keras"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    settings = {key: str(value) for key, value in vars(args).items() if key not in ("out", "epochs")}
    if done and done[0]["settings"] != settings:
        raise SystemExit(
            f"{args.out} holds a run with other settings: {done[0]['settings']}. Choose another folder."
        )
    if done:
        model = keras.saving.load_model(kept)
    else:
        keras.utils.set_random_seed(args.seed)
        batch_norm = False if args.batch_norm == "none" else args.batch_norm
        model = convnets.vgg(batch_norm=batch_norm, kernel_initializer=args.initializer, width=args.width)
        optimizer = keras.optimizers.Adam(learning_rate=args.learning_rate)
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    for piece in range(len(done), round(args.epochs * PIECES)):
        epoch, part = divmod(piece, PIECES)
        order = np.random.default_rng([args.seed, epoch]).permutation(len(data.x_train))
        chosen = np.array_split(order, PIECES)[part]
        started = time.monotonic()
        history = model.fit(
            data.x_train[chosen], data.y_train[chosen], batch_size=args.batch_size, epochs=1, verbose=0
        ).history
        seconds = time.monotonic() - started
        _, accuracy = model.evaluate(data.x_val[:1000], data.y_val[:1000], batch_size=200, verbose=0)
        line = {
            "settings": settings,
            "images": sum(entry["part"] for entry in done) + len(chosen),
            "part": len(chosen),
            "seconds": round(seconds, 1),
            "loss": history["loss"][0],
            "accuracy": history["accuracy"][0],
            "val_accuracy_1000": accuracy,
            "output_spread": float(diagnostics.output_spread(model, data.x_val[:200])),
        }
        if part == PIECES - 1:
            _, line["test_accuracy"] = model.evaluate(data.x_test, data.y_test, batch_size=200, verbose=0)
        if piece == 0:
            line["machine"] = f"{os.cpu_count()} CPUs, {platform.machine()}, Keras {keras.version()}"
        model.save(kept.with_name("part.keras"))
        kept.with_name("part.keras").replace(kept)
        with log.open("a") as file:
            file.write(json.dumps(line) + "\n")
        done.append(line)
        shown = {key: value for key, value in line.items() if key != "settings"}
        print(f"{epoch + (part + 1) / PIECES:.1f} epochs:", shown, flush=True)


if __name__ == "__main__":
    main()
