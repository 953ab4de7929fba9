"""How far the slope of an untrained network's output holds when its input moves: the toy of notebook 06b.

The input is a point on the unit circle, so it moves by an angle. The networks are dense, with BatchNormalization in
front of every ReLU and random weights of variance 2 / width (He and others, 2015). All is computed in float64.
"""

from collections.abc import Sequence

import numpy as np

from helpers.arguments import as_numbers, whole_number

BATCH = np.linspace(
    0, 360, 256, endpoint=False
)  # degrees; BatchNormalization takes its statistics from these


def slopes(
    angles: Sequence[float], *, depth: int, shortcuts: bool, seed: int, width: int = 64, loud: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The derivative of one output by the angle (a radian as unit), at BATCH and at `angles`, in degrees.

    A network has `depth` hidden layers of BatchNormalization, ReLU and random weights, between a first layer, from
    the two coordinates to `width` values, and a last one. With `shortcuts` every two hidden layers are a branch that
    is added to its input, so `depth` must be even; with `loud`, too, a branch is first scaled to the standard deviation
    of its input. The means and standard deviations are those of BATCH, held fixed. Raises ValueError for an odd depth
    with shortcuts, and for loud branches without shortcuts.
    """
    depth = whole_number(depth, "depth", least=1)
    if shortcuts and depth % 2:
        raise ValueError(f"with shortcuts two layers make a block, so depth must be even, not {depth}.")
    if loud and not shortcuts:
        raise ValueError("loud branches need shortcuts: without one there's nothing to compare them with.")
    rng, wanted = np.random.default_rng(seed), as_numbers(angles).astype("float64")
    radians = np.radians(np.concatenate([BATCH, wanted]))

    def layer(value: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, std = value[: len(BATCH)].mean(axis=0), value[: len(BATCH)].std(axis=0)
        weights = rng.normal(size=(width, width)) * np.sqrt(2 / width)
        on = value > mean  # the ReLU lets value and slope pass
        return ((value - mean) / std * on) @ weights, (slope / std * on) @ weights

    first = rng.normal(size=(2, width))
    value = np.stack([np.cos(radians), np.sin(radians)], axis=1) @ first
    slope = np.stack([-np.sin(radians), np.cos(radians)], axis=1) @ first
    for _ in range(depth // 2 if shortcuts else depth):
        if shortcuts:
            branch, branch_slope = layer(*layer(value, slope))
            scale = value[: len(BATCH)].std() / branch[: len(BATCH)].std() if loud else 1.0
            value, slope = value + scale * branch, slope + scale * branch_slope
        else:
            value, slope = layer(value, slope)
    found = layer(value, slope)[1][:, 0]
    return found[: len(BATCH)], found[len(BATCH) :]


def typical_slope(depth: int, *, shortcuts: bool, seed: int, networks: int = 10) -> float:
    """The slope's standard deviation over the circle: the geometric mean over seeds `seed`, seed + 1, ..."""
    sizes = [
        slopes([], depth=depth, shortcuts=shortcuts, seed=seed + one)[0].std() for one in range(networks)
    ]
    return float(np.exp(np.mean(np.log(sizes))))


def half_forgotten(depth: int, *, shortcuts: bool, seed: int, networks: int = 3, loud: bool = False) -> float:
    """By how many degrees the input moves until old and new slopes correlate by one half.

    The correlation is taken over BATCH and averaged over networks of seeds `seed`, seed + 1 ...; the degrees are
    90, 45, 22.5 ... down to 90 / 2**18, and between two of them a straight line over their logarithms. Raises
    ValueError where the correlation is on the same side of one half for all of them.
    """
    steps = 90 / 2.0 ** np.arange(18, -1, -1)
    moved = np.concatenate([BATCH + step for step in steps])
    correlations = []
    for one in range(networks):
        here, there = slopes(moved, depth=depth, shortcuts=shortcuts, seed=seed + one, loud=loud)
        correlations.append([np.corrcoef(here, other)[0, 1] for other in there.reshape(-1, len(BATCH))])
    mean = np.mean(correlations, axis=0)
    too_far = int(np.argmax(mean < 0.5))
    if too_far == 0:
        raise ValueError(f"the correlation doesn't pass one half between {steps[0]:.2g} and 90 degrees.")
    pair = slice(too_far - 1, too_far + 1)
    return float(2 ** np.interp(-0.5, -mean[pair], np.log2(steps[pair])))
