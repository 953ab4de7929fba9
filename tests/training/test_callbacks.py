"""helpers.training.callbacks: the progress line and the checkpoint that is never half written."""

import io
import resource
import signal

import numpy as np
import pytest

from helpers.training import callbacks
from helpers.training.callbacks import Checkpoint, CheckpointError, Progress, keras


def tiny_model(units=4):
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.Dense(units)(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
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


def test_checkpoint_keeps_the_best_and_leaves_nothing_else(data, tmp_path):
    path = tmp_path / "new folder" / "best.keras"
    model = tiny_model()
    history = fit(model, data, Checkpoint(path, save_best_only=True, monitor="val_loss"), epochs=4).history
    assert [file.name for file in path.parent.iterdir()] == ["best.keras"]
    saved = keras.models.load_model(path)
    x, y = (part[24:] for part in data)
    assert saved.evaluate(x, y, verbose=0)[0] == pytest.approx(min(history["val_loss"]), rel=1e-4)


def test_checkpoint_saves_only_improvements(data, tmp_path):
    path = tmp_path / "best.keras"
    checkpoint = Checkpoint(path, save_best_only=True, monitor="loss", initial_value_threshold=-1.0)
    fit(tiny_model(), data, checkpoint)
    assert not path.exists() and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["best.h5", "best", "best.weights.h5", "{epoch}.keras"])
def test_checkpoint_refuses_other_names(name):
    with pytest.raises(ValueError, match=r'one file name that ends in "\.keras"'):
        Checkpoint(name)


def test_checkpoint_refuses_weights_only():
    with pytest.raises(ValueError, match="whole models"):
        Checkpoint("best.keras", save_weights_only=True)


def test_a_place_that_cannot_be_written_is_found_before_training(data, tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    epochs = []
    count = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(epoch))
    with pytest.raises(CheckpointError, match="best.keras") as error:
        fit(tiny_model(), data, Checkpoint(tmp_path / "taken" / "best.keras"), count)
    assert "a folder you may write to" in str(error.value) and epochs == []


def test_a_read_only_folder_is_told(data, tmp_path, monkeypatch):
    # Permissions do not bind root, who runs many CI machines, so the refusal itself is simulated.
    def refuse(self, content):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    with pytest.raises(CheckpointError, match="Permission denied"):
        fit(tiny_model(), data, Checkpoint(tmp_path / "best.keras"))


def test_a_folder_of_that_name_is_told(data, tmp_path):
    (tmp_path / "best.keras").mkdir()
    with pytest.raises(CheckpointError, match="there is a folder named best.keras"):
        fit(tiny_model(), data, Checkpoint(tmp_path / "best.keras"))


class LimitFileSize(keras.callbacks.Callback):
    """From the second epoch on, no file may grow past `size` bytes: what a full disk looks like."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, resource.RLIM_INFINITY))


def test_a_disk_that_fills_up_leaves_the_earlier_model_whole(data, tmp_path):
    path, model = tmp_path / "best.keras", tiny_model(units=20_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(CheckpointError, match="earlier is unchanged"):
            fit(model, data, LimitFileSize(50_000), Checkpoint(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [file.name for file in tmp_path.iterdir()] == ["best.keras"]
    assert keras.models.load_model(path).count_params() == model.count_params()
