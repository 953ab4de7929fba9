"""helpers.training.callbacks: the progress line, alive on a screen and short in a file."""

import io

import numpy as np
import pytest

from helpers.notebook.quiet_keras import keras
from helpers.training import callbacks
from helpers.training.callbacks import Progress


def tiny_model():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(inputs))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    return model


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(32, 3)).astype("float32"), rng.integers(0, 2, 32)


def fit(model, data, *callbacks, epochs=2):
    return model.fit(*data, validation_split=0.25, epochs=epochs, verbose=0, callbacks=list(callbacks))


def test_quiet_progress_prints_one_line_without_times(data, capfd):
    fit(tiny_model(), data, Progress("tiny", live=False))
    out, err = capfd.readouterr()
    assert err == "" and out.count("\n") == 1 and out.startswith("tiny: 2 of 2 epochs, ")
    assert "accuracy" in out and "val_loss" in out and "left" not in out


def test_live_progress_shows_epoch_metrics_and_time_left(data, monkeypatch):
    screen = io.StringIO()
    real = callbacks.tqdm
    monkeypatch.setattr(
        callbacks, "tqdm", lambda **options: real(**{**options, "file": screen, "mininterval": 0})
    )
    fit(tiny_model(), data, Progress("tiny", live=True))
    shown = screen.getvalue()
    assert "tiny: epoch 1/2" in shown and "tiny: epoch 2/2" in shown and "left" in shown and "loss" in shown


def test_progress_counts_the_epochs_that_were_run(data, capsys):
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 1)
    )
    model = tiny_model()
    fit(model, data, stop, Progress("tiny", live=False), epochs=5)
    assert capsys.readouterr().out.startswith("tiny: 2 of 5 epochs")


def test_logs_are_worded():
    logs = {"accuracy": 0.9354, "loss": 0.21349, "val_loss": np.float32(0.5)}
    assert callbacks.worded_logs(logs) == "accuracy 93.5 %, loss 0.213, val_loss 0.500"
