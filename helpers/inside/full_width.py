"""The stored runs of the full-width VGG-like network on CIFAR-10, one thing changed at a time.

Notebooks 05 and 05c show them beside the small network that runs here. They took about a quarter of an hour on a GPU.
"""

import json
from typing import Any

from helpers.paths import ASSETS

SUSPECTS, THIRTY_EPOCHS = ASSETS / "suspects.json", ASSETS / "thirty_epochs.json"


def load() -> dict[str, Any]:
    """What was measured, as plain lists and numbers.

    "made" says how, "marks" lists the 13 steps at which the network was looked into, and "conditions" goes from a
    name such as "plain" or "BatchNorm" to its runs: "seeds"; "loss_every_20_steps" (seed, 50 means of 20 steps);
    "output_spread" and "common_layer_10" (seed, mark); and "median" over the seeds of "rms", "common" and "dead" after
    each ReLU (mark, ten layers) and of "update_ratio", a step's change of a kernel over the kernel, both as lengths
    (mark, eleven layers: the last is dense). A common share of 0 stands for a layer that is 0 everywhere.
    """
    return json.loads(SUSPECTS.read_text(encoding="utf-8"))


def thirty_epochs() -> dict[str, Any]:
    """A longer run: the same network with BatchNorm, trained for 30 epochs (one seed).

    "epochs" has a dictionary for each, with "accuracy" (training), "test_accuracy" and the losses; the rest says how
    the run was made.
    """
    return json.loads(THIRTY_EPOCHS.read_text(encoding="utf-8"))
