"""The stored runs of notebook 04b: one recipe changed in one way at a time on CIFAR-10, and the course's benchmark.

benchmarks/recipe_ladder.py and benchmarks/bench.py made them, in a quarter of an hour each, on a machine with two
cores.
"""

import json
from typing import Any

from helpers.paths import ASSETS

RECIPES, BENCH = ASSETS / "recipes.json", ASSETS / "bench.json"


def load() -> dict[str, Any]:
    """What was measured, as plain lists and numbers.

    "made" says how, and "conditions" goes from a name such as "base" or "early stride" to its runs: "settings",
    "seeds", "multiply_adds" for an image; "images" seen at each of five marks; and, for each seed, at these marks
    "processor_seconds" and "seconds" of training, "accuracy" on test images, and "accuracy_anew", with BatchNorm's
    averages measured anew (the same where there is no BatchNorm); and its "last_loss". "seconds_per_1000" are the
    processor seconds for 1,000 images in each of five rounds, in which the conditions took turns.
    """
    return json.loads(RECIPES.read_text(encoding="utf-8"))


def bench() -> dict[str, Any]:
    """The recipes that `make bench` compares on CIFAR-10.

    "matrix_gflops" is the machine's peak in matrix products, and "runs" lists them: "recipe", "curve" (seconds,
    processor seconds and test accuracy after each epoch), "flops_per_image", "share_of_peak", "peak_mb", "parameters".
    """
    return json.loads(BENCH.read_text(encoding="utf-8"))
