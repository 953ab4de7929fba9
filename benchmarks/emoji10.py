"""Measure how hard Emoji-10 is: four kinds of networks, trained on 3,600 scenes, tested on the same and on new art.

    TF_NUM_INTRAOP_THREADS=1 python -m benchmarks.emoji10 --seeds 0 1 2

writes results/emoji10.json and prints its table. A seed draws the training scenes and the first weights; the
two test sets of 2,000 scenes are always the same.
"""

import argparse
import json
import time

import numpy as np

from helpers.data import emoji10
from helpers.networks import pretrained
from helpers.notebook.quiet_keras import keras, layers
from helpers.paths import ROOT
from helpers.training.timing import Stopwatch
from tools.notebooks.records import made_where

TEST_SEEDS = {"same art": 90_001, "new art": 90_002}
TRAIN, VAL, TEST, TRANSFER = 3600, 400, 2000, 1000


def mlp() -> tuple[keras.Model, int]:
    """Two dense layers on the pixels."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dense(128, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x)), 20


def cnn() -> tuple[keras.Model, int]:
    """Three convolutions, each followed by pooling."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x)), 10


def vgg_batchnorm() -> tuple[keras.Model, int]:
    """Blocks of two convolutions with BatchNorm, VGG's plan at a small size."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (16, 32, 64):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x)), 6


NETWORKS = {"MLP": mlp, "small CNN": cnn, "VGG-like with BatchNorm": vgg_batchnorm}


def trained(name: str, seed: int, data: tuple, tests: dict) -> dict[str, float]:
    """Train one network; its accuracies and seconds."""
    keras.utils.set_random_seed(seed)
    model, epochs = NETWORKS[name]()
    steps = epochs * -(-TRAIN // 64)
    rate = keras.optimizers.schedules.CosineDecay(1e-3 if name == "MLP" else 2e-3, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    images, labels = data
    with Stopwatch(time.process_time) as watch:
        model.fit(images[:TRAIN], labels[:TRAIN], epochs=epochs, batch_size=64, verbose=0)
    result = {"seconds": watch.seconds, "parameters": model.count_params()}
    parts = {
        "training": (images[:TRAIN], labels[:TRAIN]),
        "validation": (images[TRAIN:], labels[TRAIN:]),
        **tests,
    }
    return result | {
        part: model.evaluate(*pair, verbose=0, batch_size=256)[1] for part, pair in parts.items()
    }


def backbone_features(images: np.ndarray, side: int) -> np.ndarray:
    """What EfficientNet-Lite0 sees in scenes enlarged from 32×32 to side×side: (n, 1280)."""
    inputs = keras.Input((32, 32, 3))
    x = layers.Resizing(side, side, interpolation="bicubic")(inputs)
    body = pretrained.load("EfficientNet-Lite0", include_top=False, input_shape=(side, side, 3)).model
    x = body(pretrained.scale(x))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    return model.predict(images, batch_size=100, verbose=0)


def transferred(seed: int, data: tuple, tests: dict, features: dict, side: int) -> dict[str, float]:
    """A dense head on the frozen backbone, trained on the first 1,000 scenes."""
    keras.utils.set_random_seed(seed)
    images, labels = data
    with Stopwatch(time.process_time) as watch:
        seen = backbone_features(images[:TRANSFER], side)
        inputs = keras.Input(seen.shape[1:])
        x = layers.Dropout(0.3)(layers.BatchNormalization()(inputs))
        model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
        optimizer = keras.optimizers.Adam(2e-3)
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(seen, labels[:TRANSFER], epochs=30, batch_size=64, verbose=0)
    result = {"seconds": watch.seconds, "parameters": model.count_params()}
    result["training"] = model.evaluate(seen, labels[:TRANSFER], verbose=0)[1]
    val = backbone_features(images[TRAIN:], side)
    result["validation"] = model.evaluate(val, labels[TRAIN:], verbose=0)[1]
    return result | {part: model.evaluate(features[part], tests[part][1], verbose=0)[1] for part in tests}


def background_only(seed: int) -> float:
    """Accuracy of the small CNN on scenes without sprites: 10 % is chance."""
    keras.utils.set_random_seed(seed)
    model, _ = cnn()
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    images, labels = emoji10.scenes(TRAIN, seed=seed, objects=False)
    model.fit(images, labels, epochs=5, batch_size=64, verbose=0)
    test = emoji10.scenes(TEST, seed=TEST_SEEDS["same art"], objects=False)
    return model.evaluate(*test, verbose=0, batch_size=256)[1]


def drawing_rate(count: int = 4000) -> float:
    """Scenes a second at 32×32, on one core."""
    emoji10.scenes(100, seed=0)  # opens the files
    with Stopwatch(time.process_time) as watch:
        emoji10.scenes(count, seed=1)
    return count / watch.seconds


def spread(values: list[float]) -> str:
    """The range of some shares, in whole percent: "50–51%"."""
    low, high = min(values), max(values)
    return f"{low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{low:.0%}–{high:.0%}".replace("%–", "–")


def short_table(results: dict) -> str:
    """What was found, as the Markdown table of docs/data.md."""
    lines = [
        "| network | parameters, backbone aside | training scenes | same art | new art | CPU seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, runs in results["networks"].items():
        columns = {key: [run[key] for run in runs] for key in runs[0]}
        scenes = 1000 if "Efficient" in name else 3600
        lines.append(
            f"| {name} | {columns['parameters'][0]:,} | {scenes:,} | {spread(columns['same art'])} "
            f"| {spread(columns['new art'])} | {min(columns['seconds']):.0f}–{max(columns['seconds']):.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", help="first letters of the networks to try; writes no file")
    parser.add_argument(
        "--sides", type=int, nargs="*", default=[96, 128], help="enlargements for the backbone"
    )
    chosen = parser.parse_args()
    arts = {"same art": "train", "new art": "new"}
    tests = {part: emoji10.scenes(TEST, seed=seed, art=arts[part]) for part, seed in TEST_SEEDS.items()}
    data = {seed: emoji10.scenes(TRAIN + VAL, seed=seed) for seed in chosen.seeds}
    results = {
        **made_where(),
        "scenes_per_second": round(drawing_rate()),
        "seeds": chosen.seeds,
        "networks": {},
    }

    def keep(name: str, result: dict[str, float]) -> None:
        result = {
            key: round(value, 4) if isinstance(value, float) else value for key, value in result.items()
        }
        results["networks"].setdefault(name, []).append(result)
        print(name, result, flush=True)

    for name in NETWORKS:
        if not chosen.only or name.startswith(tuple(chosen.only)):
            for seed in chosen.seeds:
                keep(name, trained(name, seed, data[seed], tests))
    for side in chosen.sides:
        features = {part: backbone_features(pair[0], side) for part, pair in tests.items()}
        for seed in chosen.seeds:
            keep(
                f"frozen EfficientNet-Lite0 at {side}×{side}",
                transferred(seed, data[seed], tests, features, side),
            )
    if not chosen.only:
        results["background_only"] = [round(background_only(seed), 4) for seed in chosen.seeds]
        path = ROOT / "results" / "emoji10.json"
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"background only: {results['background_only']}")
    print(f"{results['scenes_per_second']:,} scenes a second")
    print(short_table(results))


if __name__ == "__main__":
    main()
