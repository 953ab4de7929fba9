"""A layer that passes its input on or holds it back, so that one network can be plain or residual.

Notebook 06 puts one into every shortcut: two trainings then differ in the shortcuts and in nothing else.
"""

from typing import Any

from helpers.notebook.quiet_keras import keras, layers


class Switch(layers.Layer):
    """Passes its input on while it is on, else gives zeros. A new one is on, and training leaves it alone."""

    def build(self, input_shape: Any) -> None:
        self.on = self.add_weight(shape=(), initializer="ones", trainable=False, name="on")

    def call(self, x: Any) -> Any:
        return self.on * x


def set_all(network: keras.Model, *, on: bool) -> None:
    """Turn all switches of a network on or off. Raises ValueError for a network without any."""
    switches = [layer for layer in network.layers if isinstance(layer, Switch)]
    if not switches:
        raise ValueError("this network has no Switch.")
    for layer in switches:
        layer.on.assign(float(on))
