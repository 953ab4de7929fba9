"""Callbacks around Keras' `fit`: one live progress line, and a checkpoint that is never half written.

The notebooks pass these to `model.fit(..., verbose=0, callbacks=[...])`.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from helpers.notebook.frontend import is_live
from helpers.notebook.quiet_keras import keras


class CheckpointError(OSError):
    """A model could not be saved; the message says what to do, and the last good file is untouched."""


class Progress(keras.callbacks.Callback):
    """One line that moves while the model trains, and one that stays when it is done.

    The moving line (epochs, loss, accuracy, time left) appears in a terminal and in a live notebook.
    Under papermill, nbval or a pipe only the last line is printed; it holds no times, so that a stored
    notebook does not change from run to run.
    """

    def __init__(self, name: str = "model", *, live: bool | None = None) -> None:
        super().__init__()
        self.name = name
        self._live = live
        self._bar: tqdm | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        live = (is_live() or sys.stderr.isatty()) if self._live is None else self._live
        self._done, self._epochs = 0, self.params["epochs"]
        steps = self.params["steps"] or 1
        self._bar = tqdm(
            total=self._epochs * steps, desc=f"{self.name}: epoch 1/{self._epochs}", unit="step",
            leave=False, disable=not live, mininterval=0.2,
            bar_format="{desc} |{bar}| {percentage:3.0f} %, {remaining} left{postfix}",
        )  # fmt: skip

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._bar.set_description(f"{self.name}: epoch {epoch + 1}/{self._epochs}", refresh=False)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._bar.set_postfix_str(worded_logs(logs or {}), refresh=False)
        self._bar.update(1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._done, self._logs = epoch + 1, dict(logs or {})
        self._bar.set_postfix_str(worded_logs(self._logs))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._bar.close()
        print(f"{self.name}: {self._done} of {self._epochs} epochs, {worded_logs(self._logs)}")


class Checkpoint(keras.callbacks.ModelCheckpoint):
    """Keras' `ModelCheckpoint` for whole models (`.keras`), made safe.

    The model is written beside its final place and then moved there, so a full disk or a killed run
    never leaves half a file, and the best model so far survives. A folder without room or permission
    is found before training starts. Takes the same options; raises `CheckpointError`.
    """

    def __init__(self, filepath: str | os.PathLike, **options: Any) -> None:
        self.final = Path(filepath)
        if self.final.suffix != ".keras" or "{" in self.final.name:
            raise ValueError(
                f'a checkpoint needs one file name that ends in ".keras", not {self.final.name!r}.'
            )
        if options.get("save_weights_only"):
            raise ValueError("Checkpoint saves whole models: leave save_weights_only out.")
        self.part = self.final.with_name(f"{self.final.stem}.part.keras")
        super().__init__(str(self.part), **options)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        with self._safely():
            if self.final.is_dir():
                raise IsADirectoryError(f"there is a folder named {self.final.name}")
            self.final.parent.mkdir(parents=True, exist_ok=True)
            self.part.write_bytes(bytes(4 * self.model.count_params()))  # as large as its float32 weights
        self.part.unlink()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        with self._safely():
            super().on_epoch_end(epoch, logs)
            if self.part.exists():
                self.part.replace(self.final)

    @contextlib.contextmanager
    def _safely(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError):  # the folder itself may be what cannot be written
                self.part.unlink(missing_ok=True)
            raise CheckpointError(_advice(self.final, error)) from None


def worded_logs(logs: dict[str, Any]) -> str:
    """Keras' logs in one short line: "loss 0.213, accuracy 93.5 %, val_loss 0.198"."""
    return ", ".join(
        f"{name} {100 * float(value):.1f} %" if "accuracy" in name else f"{name} {float(value):.3f}"
        for name, value in logs.items()
    )


def _advice(path: Path, error: OSError) -> str:
    folder = next(place for place in [path.parent, *path.parents, Path(path.anchor)] if place.is_dir())
    free = shutil.disk_usage(folder).free / 1e6
    return (
        f"cannot save the model as {path.name} in the folder {path.parent}: {error.strerror or error}. "
        f"{free:,.0f} MB are free there. Free some space, or give Checkpoint a folder you may write to. "
        "A model saved there earlier is unchanged."
    )
