"""Batch normalization from scratch: the forward pass of training, and the backward pass.

Notebook 05b checks both. After Ioffe and Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing
Internal Covariate Shift (2015), Algorithm 1.
Arrays are (images, features) or (images, height, width, channels); statistics are per feature or channel, over
all other axes. Everything is computed in float64.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from helpers.arguments import numbers

EPSILON = 1e-3  # Keras' default


@dataclass(frozen=True)
class Cache:
    """What the backward pass needs of the forward pass."""

    normalized: np.ndarray
    inverse_std: np.ndarray
    gamma: np.ndarray


class Gradients(NamedTuple):
    """Derivatives of the loss with respect to the input, the scale and the shift."""

    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray


def statistics(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel over the batch, both (channels,).

    The variance is the biased one: divided by the number of values, not by one less.
    """
    x = _batch(x)
    return x.mean(axis=_others(x)), x.var(axis=_others(x))


def forward(x: Any, gamma: Any, beta: Any, *, epsilon: float = EPSILON) -> tuple[np.ndarray, Cache]:
    """The output during training, shaped like `x`, and what `backward` needs.

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta with the statistics of this batch (Algorithm 1).
    A channel that is constant over the batch, as all are in a batch of one vector, comes out as `beta`.
    Raises ValueError for a wrong shape or a negative `epsilon`, TypeError for what is not a number.
    """
    x = _batch(x)
    gamma, beta = _vector(gamma, "gamma", x), _vector(beta, "beta", x)
    mean, variance = statistics(x)
    inverse_std = 1 / np.sqrt(variance + _positive(epsilon))
    normalized = (x - mean) * inverse_std
    return gamma * normalized + beta, Cache(normalized, inverse_std, gamma)


def backward(gradient: Any, cache: Cache) -> Gradients:
    """From the loss's gradient with respect to the output, shaped like `x`, those of x, gamma and beta.

    `x` acts in three ways: by itself, through the mean and through the variance. The paper's six equations
    (section 3) contract to dx = gamma / std * (dy - mean(dy) - normalized * mean(dy * normalized)).
    So in each channel dx sums to zero and is at right angles to the normalized values.
    """
    dy = _batch(gradient, name="gradient")
    if dy.shape != cache.normalized.shape:
        raise ValueError(f"gradient has shape {dy.shape} and the output {cache.normalized.shape}.")
    axes = _others(dy)
    through_mean = dy.mean(axis=axes)
    through_variance = cache.normalized * (dy * cache.normalized).mean(axis=axes)
    dx = cache.gamma * cache.inverse_std * (dy - through_mean - through_variance)
    return Gradients(x=dx, gamma=(dy * cache.normalized).sum(axis=axes), beta=dy.sum(axis=axes))


def _batch(x: Any, name: str = "x") -> np.ndarray:
    try:
        axes = np.ndim(x)
    except ValueError:  # rows of unequal length: `numbers` says so
        axes = 2
    if axes not in (2, 4):
        raise ValueError(
            f"{name} must be (images, features) or (images, height, width, channels), so have 2 or 4 axes, "
            f"not {axes}."
        )
    return numbers(x, name, "images, features" if axes == 2 else "images, height, width, channels")


def _others(x: np.ndarray) -> tuple[int, ...]:
    """All axes but the last."""
    return tuple(range(x.ndim - 1))


def _vector(value: Any, name: str, x: np.ndarray) -> np.ndarray:
    vector = numbers(value, name, "channels")
    if len(vector) != x.shape[-1]:
        raise ValueError(f"{name} has {len(vector)} value(s) and x has {x.shape[-1]} channel(s).")
    return vector


def _positive(epsilon: float) -> float:
    if not epsilon > 0:
        raise ValueError(
            f"epsilon must be positive, or a constant channel divides by zero; it is {epsilon!r}."
        )
    return float(epsilon)
