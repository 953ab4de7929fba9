"""Fine-tuning from the same start again and again, so that trainings differ in one thing only.

Notebooks 07 and 07b call it; what they fine-tune, and how, is there in plain Keras.
"""

from collections.abc import Sequence

import numpy as np

from helpers.notebook.quiet_keras import keras
from helpers.training.experiments import require_compiled


def start_over(network: keras.Model, weights: Sequence[np.ndarray], *, seed: int, rate: float) -> None:
    """Put a compiled network back to `weights`, in the order of `get_weights`, with an optimizer at rest.

    `rate` becomes the learning rate, a positive number. Keras' global seed is set to `seed`, so the order of the
    batches and dropout repeat. The compiled training step is kept, which saves a few seconds for every training; so
    what may learn is still what could learn when the network was compiled.
    The optimizer must be one whose variables all start at 0 (SGD, RMSprop, Adam).
    Raises ValueError for a network that isn't compiled, for a rate that isn't positive, and for other weights.
    """
    require_compiled(network, what="start_over")
    if not rate > 0:
        raise ValueError(f"the learning rate must be positive, not {rate!r}.")
    network.set_weights(weights)
    network.optimizer.build(network.trainable_variables)  # or Keras traces the first step twice
    for variable in network.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
    network.optimizer.learning_rate = rate
    keras.utils.set_random_seed(seed)
