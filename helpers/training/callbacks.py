"""A callback for Keras' `fit`: one live progress line.

The notebooks pass it to `model.fit(..., verbose=0, callbacks=[...])`.
"""

import sys
from typing import Any

from tqdm.auto import tqdm

from helpers.notebook.frontend import is_live, safe_print
from helpers.notebook.quiet_keras import keras


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
        safe_print(f"{self.name}: {self._done} of {self._epochs} epochs, {worded_logs(self._logs)}")


def worded_logs(logs: dict[str, Any]) -> str:
    """Keras' logs in one short line: "loss 0.213, accuracy 93.5 %, val_loss 0.198"."""
    return ", ".join(
        f"{name} {100 * float(value):.1f} %" if "accuracy" in name else f"{name} {float(value):.3f}"
        for name, value in logs.items()
    )
