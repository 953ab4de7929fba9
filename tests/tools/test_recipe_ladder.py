"""benchmarks/recipe_ladder.py: one thing is changed at a time, and only a whole ladder is kept."""

import json
import types

import numpy as np
import pytest

from benchmarks import recipe_ladder
from helpers.training import recipe_runs

FOUND = {
    "images": [32, 64],
    "processor_seconds": [0.1, 0.2],
    "seconds": [0.1, 0.2],
    "accuracy": [0.1, 0.2],
    "accuracy_anew": [0.3, 0.4],
    "last_loss": 2.0,
}


def write_all(folder):
    for name, change in recipe_ladder.CONDITIONS.items():
        for seed in recipe_ladder.SEEDS:
            run = {"settings": recipe_ladder.BASE | change, "seed": seed, "multiply_adds": 7, "found": FOUND}
            recipe_ladder.file_of(name, seed, folder).write_text(json.dumps(run), encoding="utf-8")


def test_six_changes_are_made_alone():
    alone = [name for name, change in recipe_ladder.CONDITIONS.items() if len(change) == 1]
    assert alone == ["rate × 5", "schedule", "AdamW", "BatchNorm", "batches of 128", "early stride"]
    changed = [key for change in recipe_ladder.CONDITIONS.values() for key in change]
    assert set(changed) == set(recipe_ladder.BASE)
    files = {recipe_ladder.file_of(name, 0, recipe_ladder.RESULTS) for name in recipe_ladder.CONDITIONS}
    assert len(files) == len(recipe_ladder.CONDITIONS)


def test_the_schedule_rises_to_the_whole_rate_and_falls_to_nothing():
    shares = [recipe_ladder.warm_up_and_cosine(progress) for progress in (0, 0.05, 0.1, 0.55, 1)]
    assert shares == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_an_early_stride_and_batchnorm_change_the_network():
    from helpers.networks.builders import keras
    from helpers.training.experiments import multiply_adds

    base = recipe_ladder.build(recipe_ladder.BASE)
    assert base.count_params() == 102_570  # notebook 04's
    strided = recipe_ladder.build(recipe_ladder.BASE | {"stride": True, "batch_norm": True, "decay": 0.01})
    assert strided.output_shape == base.output_shape
    assert multiply_adds(strided) < multiply_adds(base)
    kinds = [type(layer) for layer in strided.layers]
    assert kinds.count(keras.layers.BatchNormalization) == 4 and kinds.count(keras.layers.MaxPooling2D) == 3
    assert isinstance(strided.optimizer, keras.optimizers.AdamW)


def test_the_clock_goes_round_and_round():
    """Each model in each round, with its own batches, and every round the same number of images."""
    seen = []

    class Model:
        def __init__(self, name):
            self.name, self.optimizer = name, types.SimpleNamespace(learning_rate=None)

        def train_on_batch(self, x, y):
            seen.append((self.name, len(x), self.optimizer.learning_rate))

        def reset_metrics(self):
            pass

    names = ("rate × 5", "all, batches of 128")
    arrays = {"x_train": np.zeros((256, 1)), "y_train": np.zeros(256)}
    costs = recipe_ladder.clock({name: Model(name) for name in names}, arrays, rounds=2, images=256)
    assert {name: len(rounds) for name, rounds in costs.items()} == dict.fromkeys(names, 2)
    steps = [
        (name, size)
        for name, size in (("rate × 5", 32), ("all, batches of 128", 128))
        for _ in range(256 // size + 1)
    ]
    assert [step[:2] for step in seen] == steps * 2, "a first step, then 256 images, in turns"
    assert seen[1][2] == 5e-3 and seen[10][2] == 0, "a schedule begins at 0"


def test_a_ladder_with_a_missing_run_is_not_kept(tmp_path, capsys):
    write_all(tmp_path)
    recipe_ladder.file_of("AdamW", 1, tmp_path).unlink()
    assert recipe_ladder.gathered(tmp_path) is None
    assert "adamw-1.json" in capsys.readouterr().out


def test_a_run_with_other_settings_is_refused(tmp_path):
    write_all(tmp_path)
    path = recipe_ladder.file_of("AdamW", 1, tmp_path)
    path.write_bytes(recipe_ladder.file_of("base", 1, tmp_path).read_bytes())
    with pytest.raises(SystemExit, match="other settings"):
        recipe_ladder.gathered(tmp_path)


def test_results_and_copy_are_written_together(tmp_path, monkeypatch):
    write_all(tmp_path)
    for name in ("RESULTS", "COPY"):
        monkeypatch.setattr(recipe_ladder, name, tmp_path / f"{name}.json")
    recipe_ladder.keep(recipe_ladder.gathered(tmp_path), {"date": "today"})
    assert recipe_ladder.RESULTS.read_bytes() == recipe_ladder.COPY.read_bytes()
    kept = json.loads(recipe_ladder.RESULTS.read_text(encoding="utf-8"))
    assert list(kept["conditions"]) == list(recipe_ladder.CONDITIONS)
    assert kept["conditions"]["base"]["accuracy_anew"] == [[0.3, 0.4]] * 3


def test_the_kept_runs_are_of_these_conditions():
    kept = recipe_runs.load()
    assert recipe_ladder.RESULTS.read_bytes() == recipe_ladder.COPY.read_bytes()
    assert {name: found["settings"] for name, found in kept["conditions"].items()} == {
        name: recipe_ladder.BASE | change for name, change in recipe_ladder.CONDITIONS.items()
    }
