"""Measure how hard the course's photographs are: a frozen EfficientNet-Lite0 with a new head, and a small CNN.

    TF_NUM_INTRAOP_THREADS=1 python -m benchmarks.photographs

writes results/photos.json. A seed draws the photographs that are trained on, where not all are, and the first
weights; the test part is always whole. "per class" is the mean of the classes' accuracies: the test part has fewer
windmills than others.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.data import photos
from helpers.networks import pretrained
from helpers.notebook.quiet_keras import keras, layers
from helpers.paths import ROOT
from helpers.training.timing import Stopwatch
from tools.notebooks.records import made_where

COUNTS = (1, 2, 5, 8)  # training photographs of each class; 8 are all
HEAD_SEEDS, CNN_SEEDS = range(10), range(3)
HEAD_EPOCHS, CNN_EPOCHS, CNN_SIZE = 100, 60, 64


def features(images: np.ndarray) -> np.ndarray:
    """EfficientNet-Lite0's last feature maps (n, 7, 7, 1280), averaged to (n, 1280)."""
    network = pretrained.load("EfficientNet-Lite0", include_top=False)
    maps = network.model.predict(network.preprocess(images), batch_size=16, verbose=0)
    return maps.mean((1, 2)) if maps.ndim == 4 else maps


def scores(model: keras.Model, test: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """The model's accuracy on the test part, plain and as the mean over the classes."""
    right = model.predict(test[0], verbose=0).argmax(axis=1) == test[1]
    per_class = [right[test[1] == label].mean() for label in range(len(photos.CLASS_NAMES))]
    return {"test": round(float(right.mean()), 4), "per class": round(float(np.mean(per_class)), 4)}


def head_run(count: int, seed: int, train: tuple, test: tuple) -> dict[str, float]:
    """A softmax head on the features of `count` photographs of each class."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    chosen = np.concatenate(
        [rng.permutation(np.flatnonzero(train[1] == c))[:count] for c in range(len(photos.CLASS_NAMES))]
    )
    inputs = keras.Input(train[0].shape[1:])
    model = keras.Model(inputs, layers.Dense(len(photos.CLASS_NAMES), activation="softmax")(inputs))
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy")
    model.fit(train[0][chosen], train[1][chosen], batch_size=40, epochs=HEAD_EPOCHS, verbose=0)
    return scores(model, test)


def cnn_run(seed: int, train: tuple, test: tuple) -> dict[str, float]:
    """Three convolutions from scratch on the photographs at CNN_SIZE pixels."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((CNN_SIZE, CNN_SIZE, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(len(photos.CLASS_NAMES), activation="softmax")(x))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    with Stopwatch() as watch:
        history = model.fit(*train, batch_size=8, epochs=CNN_EPOCHS, verbose=0).history
    accuracy = {"training": round(history["accuracy"][-1], 4), **scores(model, test)}
    return accuracy | {"seconds": round(watch.seconds, 1)}


def shrunk(images: np.ndarray) -> np.ndarray:
    """Images (n, 224, 224, 3) at CNN_SIZE pixels."""
    size = (CNN_SIZE, CNN_SIZE)
    return np.stack(
        [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)) for image in images]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "photos.json")
    out = parser.parse_args().out
    parts = {part: photos.load_part(part) for part in photos.PARTS}
    with Stopwatch() as watch:
        on_features = [(features(images), labels) for images, labels in parts.values()]
    results = made_where() | {
        "photographs": {part: np.bincount(labels).tolist() for part, (_, labels) in parts.items()},
        "seconds for all features": round(watch.seconds, 1),
        "EfficientNet-Lite0, frozen": {
            f"{count} of each class": [head_run(count, seed, *on_features) for seed in HEAD_SEEDS]
            for count in COUNTS
        },
    }
    small = [(shrunk(images), labels) for images, labels in parts.values()]
    results[f"small CNN, {CNN_SIZE} pixels"] = [cnn_run(seed, *small) for seed in CNN_SEEDS]
    out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
