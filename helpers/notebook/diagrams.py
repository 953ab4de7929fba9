"""Diagrams drawn by code: a network, a neuron, gradient descent, dropout, a convolution in steps.

The lessons call the `show_…` functions. Each has a twin `draw_…` that returns the figure and its alternative text.
All of it is computed from the model or the numbers given. Nothing here draws from a shared random generator, and no
model is changed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from helpers.arguments import numbers, pair, whole_number, worded
from helpers.drawings import convolution_figure, network_figures, network_plan
from helpers.drawings.shapes import (
    FAINT,
    GRAY,
    INK,
    SIZE,
    WIDTH,
    arrow,
    canvas,
    line,
    rounded,
    text_width,
    tint,
    write,
    write_title,
    written,
)
from helpers.from_scratch import convolution
from helpers.notebook import plots

STYLES = ("volumes", "blocks")
TALLEST = 8.0  # inches; what is taller is drawn with less detail


def show_network(
    model: Any, style: str | None = None, *, detail: str | None = None, title: str | None = None
) -> None:
    """Show a Functional Keras model, or a built Sequential one: its layers, their output shapes and parameter counts.

    `style` "volumes" draws outputs as boxes in perspective and bars (sides by their square root, channels and units
    by their logarithm) with operations as arrows between them; "blocks" draws a chain of boxes with shortcuts as
    arcs, frozen layers hatched, a nested model as one box. None takes volumes for a convolutional network without
    shortcuts and nested models, and blocks for all others.
    `detail` "layers" draws every layer; "groups" a convolution with its batch norm and ReLU, and a residual block,
    as one; "stages" all layers at one image size as one. None takes the first of them that is not too large.
    `title` takes the place of the model's name. The model is only read.
    Raises ValueError for an unknown style or detail and for a model without a graph (a Sequential one before it is
    built), with several inputs or outputs or channels first; TypeError for what is not a Keras model.
    """
    figure, alt = draw_network(model, style, detail=detail, title=title)
    plots.show(figure, alt=alt)


def draw_network(
    model: Any, style: str | None = None, *, detail: str | None = None, title: str | None = None
) -> tuple[Figure, str]:
    """The figure of `show_network` and its alternative text."""
    if style is not None and style not in STYLES:
        raise ValueError(f"unknown style {style!r}: choose {' or '.join(map(repr, STYLES))}.")
    if detail is not None:
        network_plan.check_detail(detail)
    plan = network_plan.read(model)
    if title is not None:
        plan = replace(plan, name=title)
    if style is None:
        style = "volumes" if _is_plain_convnet(plan) else "blocks"
    if detail is None:
        plan = network_figures.choose(plan, _fits_volumes if style == "volumes" else _fits_blocks)
    else:
        plan = network_plan.at(plan, detail)
    figure = (network_figures.volumes if style == "volumes" else network_figures.blocks)(plan)
    return figure, network_plan.alt_text(plan)


def _fits_volumes(plan: network_plan.Plan) -> bool:
    return not plan.arcs and len(network_figures.solids(plan)) <= 12


def _fits_blocks(plan: network_plan.Plan) -> bool:
    return network_figures.blocks_height(plan) <= TALLEST


def _is_plain_convnet(plan: network_plan.Plan) -> bool:
    kinds = [part.kind for part in plan.parts]
    return "convolution" in kinds and not plan.arcs and "model" not in kinds


# One neuron


def show_neuron(
    inputs: Sequence[float], weights: Sequence[float], bias: float = 0.0, *, activation: str | None = "relu"
) -> None:
    """Show one neuron at work: each input times its weight, the sum of the products plus the bias, then the activation.

    `inputs` and `weights` are one to eight numbers each; `activation` is "relu", "sigmoid" or None for none.
    Numbers are written with two decimals at most. Raises ValueError for unequal lengths, more than eight inputs
    and an unknown activation, TypeError for what is not a number.
    """
    figure, alt = draw_neuron(inputs, weights, bias, activation=activation)
    plots.show(figure, alt=alt)


def draw_neuron(
    inputs: Sequence[float], weights: Sequence[float], bias: float = 0.0, *, activation: str | None = "relu"
) -> tuple[Figure, str]:
    """The figure of `show_neuron` and its alternative text."""
    values, factors = numbers(inputs, "inputs", "inputs"), numbers(weights, "weights", "inputs")
    bias = float(numbers([bias], "the bias", "one")[0])
    if len(values) != len(factors):
        raise ValueError(
            f"there are {len(values)} inputs and {len(factors)} weights: each input needs one weight."
        )
    if len(values) > 8:
        raise ValueError(f"{len(values)} inputs are too many for a drawing: give at most 8.")
    name, function = _activation(activation)
    products = values * factors
    total = float(products.sum() + bias)
    result = function(total)
    height = max(0.66 * len(values) + 0.75, 2.2)
    figure, axis = canvas(height)
    middle = (height - 0.5) / 2
    for x, head in ((0.55, "inputs"), (1.7, "weights"), (3.05, "products"), (4.85, "sum"), (7.75, "output")):
        write(axis, x, height - 0.25, head, color=FAINT)
    for index, (value, factor, product) in enumerate(zip(values, factors, products, strict=True)):
        shift = (len(values) - 1) / 2 - index
        y = middle + 0.66 * shift
        arrow(axis, [(0.82, y), (2.6, y)], color=GRAY)
        _ball(axis, (0.55, y), written(value), plots.BLUE)
        times = f"× ({written(factor)})" if factor < 0 else f"× {written(factor)}"
        write(axis, 1.7, y, times, bbox={"facecolor": "white", "edgecolor": "none", "pad": 2}, zorder=6)
        _chip(axis, (3.05, y), [written(product)], 0.85, 0.38)
        arrow(axis, [(3.5, y), (4.1, middle + 0.8 * shift / len(values))], color=GRAY)
    sign = "−" if bias < 0 else "+"
    lines = [written(products.sum()), f"{sign} {written(abs(bias))} (bias)", f"= {written(total)}"]
    _chip(axis, (4.85, middle), lines, 1.45, 1.0, plots.ORANGE)
    if name:
        arrow(axis, [(5.6, middle), (5.9, middle)])
        _chip(axis, (6.4, middle), [name, "", ""], 0.95, 1.0, plots.RED)
        _curve(axis, (6.4, middle - 0.16), function)
        arrow(axis, [(6.9, middle), (7.35, middle)])
    else:
        arrow(axis, [(5.6, middle), (7.35, middle)])
    _ball(axis, (7.75, middle), written(result), plots.GREEN, 0.38)
    terms = " + ".join(f"{written(v)} × {written(f)}" for v, f in zip(values, factors, strict=True))
    alt = f"One neuron: {terms}, plus the bias {written(bias)}, is {written(total)}"
    return figure, alt + (
        f"; {name} turns that into {written(result)}." if name else ", and that is its output."
    )


def _activation(name: str | None) -> tuple[str, Callable[[float], float]]:
    known = {
        "relu": ("ReLU", lambda x: max(x, 0.0)),
        "sigmoid": ("sigmoid", lambda x: (1 + math.tanh(x / 2)) / 2),
        None: ("", lambda x: x),
    }
    if name not in known:
        raise ValueError(f'unknown activation {name!r}: choose "relu", "sigmoid" or None.')
    return known[name]


def _curve(axis: Axes, center: tuple[float, float], function: Callable[[float], float]) -> None:
    """A function from −3 to 3, small, with its zero line."""
    x = np.linspace(-3, 3, 61)
    y = np.array([function(one) for one in x])
    axis.plot(center[0] + 0.11 * x, np.full(61, center[1] - 0.18), color=GRAY, linewidth=0.8, zorder=5)
    axis.plot(
        center[0] + 0.11 * x, center[1] - 0.18 + 0.36 * y / y.max(), color=plots.RED, linewidth=2.2, zorder=5
    )


def _ball(axis: Axes, center: tuple[float, float], text: str, color: str, radius: float = 0.27) -> None:
    axis.add_patch(
        Circle(center, radius, facecolor=tint(color, 0.25), edgecolor=color, linewidth=1.6, zorder=4)
    )
    if text:
        size = min(SIZE, SIZE * 1.8 * radius / text_width(text))
        write(axis, *center, text, size=size, zorder=5)


def _chip(
    axis: Axes,
    center: tuple[float, float],
    lines: Sequence[str],
    width: float,
    tall: float,
    color: str = GRAY,
) -> None:
    x, y = center
    rounded(axis, x - width / 2, y - tall / 2, width, tall, color, zorder=4)
    for index, text in enumerate(lines):
        write(axis, x, y + 0.26 * ((len(lines) - 1) / 2 - index), text, zorder=5)


# A multilayer perceptron

STEP = 0.46  # from unit to unit
UNIT = 0.16  # a unit's radius


def show_mlp(
    sizes: Any, *, names: Sequence[str] | None = None, most: int = 7, title: str | None = None
) -> None:
    """Show a multilayer perceptron as circles and lines: every unit joined to all units of the next layer.

    `sizes` are the units of two to eight layers, the inputs first, such as (4, 5, 3); or a Keras model whose only
    layers with weights are dense. Of a layer with more than `most` units the first and the last ones are drawn, with
    dots between them. `names` is one a layer. Raises ValueError for another number of layers or names and for a
    model with other layers, TypeError for sizes that are not whole numbers.
    """
    figure, alt = draw_mlp(sizes, names=names, most=most, title=title)
    plots.show(figure, alt=alt)


def draw_mlp(
    sizes: Any, *, names: Sequence[str] | None = None, most: int = 7, title: str | None = None
) -> tuple[Figure, str]:
    """The figure of `show_mlp` and its alternative text."""
    parameters, sort = None, "weights and biases"
    if hasattr(sizes, "layers"):
        plan = network_plan.read(sizes)
        sizes, title, parameters, sort = (
            network_plan.sizes_of(plan),
            title or plan.name,
            plan.parameters,
            "parameters",
        )
    sizes, most = _sizes(sizes), whole_number(most, "most", least=4)
    names = _layer_names(names, sizes)
    if parameters is None:
        parameters = sum((before + 1) * size for before, size in zip(sizes, sizes[1:], strict=False))
    tall = STEP * min(max(sizes), most)
    heading = f"{title + ': ' if title else ''}{parameters:,} {sort}"
    width = max(2.0 * len(sizes) + 1.2, text_width(heading, 12.5, bold=True) + 0.4)
    figure, axis = canvas(tall + 1.25, min(WIDTH, width))
    write_title(axis, heading)
    right = axis.get_xlim()[1] - 0.75
    columns = _draw_layers(axis, sizes, (0.75, right), 0.72 + tall / 2, most)
    for x, size, name in zip(columns, sizes, names, strict=True):
        write(axis, x, 0.46, f"{size:,}", fontweight="bold")
        write(axis, x, 0.2, name)
    layers = ", ".join(f"{size:,} ({name})" for size, name in zip(sizes, names, strict=True))
    alt = (
        f"{title or 'A multilayer perceptron'} drawn as columns of circles, from left to right: {layers}. "
        f"Every circle is joined to all of the next column, which makes {parameters:,} {sort}."
    )
    return figure, alt


def _sizes(sizes: Any) -> list[int]:
    if isinstance(sizes, str) or not hasattr(sizes, "__iter__"):
        raise TypeError(f"sizes must be numbers of units such as (4, 5, 3), or a Keras model, not {sizes!r}.")
    found = [whole_number(size, "each of sizes", least=1) for size in sizes]
    if not 2 <= len(found) <= 8:
        raise ValueError(f"sizes must hold the units of 2 to 8 layers, not of {len(found)}.")
    return found


def _layer_names(names: Sequence[str] | None, sizes: Sequence[int]) -> list[str]:
    if names is None:
        hidden = len(sizes) - 2
        return [
            "inputs",
            *("hidden" if hidden == 1 else f"hidden {n}" for n in range(1, hidden + 1)),
            "outputs",
        ]
    if isinstance(names, str) or len(names) != len(sizes):
        raise ValueError(f"names must hold one name for each of the {len(sizes)} layers.")
    return list(names)


def _draw_layers(
    axis: Axes, sizes: Sequence[int], ends: tuple[float, float], middle: float, most: int,
    off: Sequence[frozenset[int]] = (),
) -> list[float]:  # fmt: skip
    """Columns of circles around height `middle`, joined by lines; units in `off` are crossed out. The columns' x."""
    off = off or [frozenset()] * len(sizes)
    xs = [ends[0] + (ends[1] - ends[0]) * index / (len(sizes) - 1) for index in range(len(sizes))]
    places = []
    for size in sizes:
        units = list(range(size)) if size <= most else [*range(most - 3), None, size - 2, size - 1]
        places.append(
            [(unit, middle + STEP * ((len(units) - 1) / 2 - slot)) for slot, unit in enumerate(units)]
        )
    for index in range(len(sizes) - 1):
        for unit, y in places[index]:
            for other, goal in places[index + 1]:
                if None not in (unit, other) and unit not in off[index] and other not in off[index + 1]:
                    axis.plot(xs[index : index + 2], [y, goal], color="#A0A0A0", linewidth=0.9, zorder=1)
    colors = [plots.BLUE, *[plots.ORANGE] * (len(sizes) - 2), plots.GREEN]
    for x, found, color, crossed in zip(xs, places, colors, off, strict=True):
        for unit, y in found:
            if unit is None:
                for shift in (-0.1, 0, 0.1):
                    axis.add_patch(Circle((x, y + shift), 0.022, color=INK))
            elif unit in crossed:
                _crossed(axis, x, y)
            else:
                _ball(axis, (x, y), "", color, UNIT)
    return xs


def _crossed(axis: Axes, x: float, y: float) -> None:
    """A unit that is switched off."""
    axis.add_patch(
        Circle((x, y), UNIT, facecolor="white", edgecolor=GRAY, linewidth=1.4, linestyle=":", zorder=4)
    )
    for slope in (-1, 1):
        axis.plot(
            [x - 0.11, x + 0.11],
            [y - 0.11 * slope, y + 0.11 * slope],
            color=plots.RED,
            linewidth=2.6,
            zorder=5,
        )


# Gradient descent


def show_descent(
    learning_rates: Sequence[float] = (0.1, 0.6, 2.1), *, steps: int = 8, start: float = -3.0,
    loss: Callable[[float], float] | None = None, slope: Callable[[float], float] | None = None,
    span: tuple[float, float] | None = None,
) -> None:  # fmt: skip
    """Show gradient descent on a loss curve of one weight, a panel for each of one to four learning rates.

    Each step is weight ← weight − learning rate × slope, really computed, from the weight `start`. The curve is
    weight² / 2, whose slope is the weight, or `loss` with its derivative `slope` (without it, a central difference).
    `span` is the lowest and the highest weight shown. Each title says what the loss is after the last step.
    Raises ValueError for other learning rates or numbers of steps and for a start outside the span.
    """
    figure, alt = draw_descent(learning_rates, steps=steps, start=start, loss=loss, slope=slope, span=span)
    plots.show(figure, alt=alt)


def draw_descent(
    learning_rates: Sequence[float] = (0.1, 0.6, 2.1), *, steps: int = 8, start: float = -3.0,
    loss: Callable[[float], float] | None = None, slope: Callable[[float], float] | None = None,
    span: tuple[float, float] | None = None,
) -> tuple[Figure, str]:  # fmt: skip
    """The figure of `show_descent` and its alternative text."""
    rates = numbers(learning_rates, "learning_rates", "rates")
    if not 1 <= len(rates) <= 4 or not (np.isfinite(rates) & (rates > 0)).all():
        raise ValueError(f"learning_rates must be one to four numbers above 0, not {learning_rates!r}.")
    steps = whole_number(steps, "steps", least=1)
    if loss is None:
        loss, slope = _parabola, float
    low, high = span or (-2.1 * max(abs(start), 0.5), 2.1 * max(abs(start), 0.5))
    if not low <= start <= high:
        raise ValueError(f"the start, {start}, is outside the span from {low} to {high}.")
    walks = [_walk(float(start), rate, steps, loss, slope or _difference(loss)) for rate in rates]
    grid = np.linspace(low, high, 241)
    curve = np.array([loss(weight) for weight in grid])
    figure, axes = plots.new_figure(columns=len(rates), width=8.8 if len(rates) > 1 else 5, height=3.1)
    said, counted = [], f"{steps} step{'s' * (steps > 1)}"
    after = f"{counted}: loss" if len(rates) > 3 else f"loss after {counted}:"
    for axis, rate, (weights, losses) in zip(axes, rates, walks, strict=True):
        axis.plot(grid, curve, color=GRAY, zorder=1)
        axis.set(xlim=(low, high), xlabel="weight")
        axis.set_ylim(curve.min() - 0.06 * np.ptp(curve), curve.max() + 0.02 * np.ptp(curve))
        _draw_walk(axis, weights, losses)
        axis.set_title(f"learning rate {rate:g}\n{after} {_loss(losses[-1])}", fontsize=11)
        said.append(
            f"with learning rate {rate:g} the loss goes from {_loss(losses[0])} to {_loss(losses[-1])}"
        )
    axes[0].set_ylabel("loss")
    alt = f"Gradient descent on a loss curve, {counted} from the weight {written(start)}: {'; '.join(said)}."
    return figure, alt


def _parabola(weight: float) -> float:
    return weight * weight / 2


def _difference(loss: Callable[[float], float]) -> Callable[[float], float]:
    return lambda weight: (loss(weight + 1e-5) - loss(weight - 1e-5)) / 2e-5


def _walk(
    weight: float, rate: float, steps: int, loss: Callable[[float], float], slope: Callable[[float], float]
) -> tuple[np.ndarray, np.ndarray]:
    """The weights and losses before the first step and after each."""
    weights = [np.float64(weight)]
    with np.errstate(over="ignore", invalid="ignore"):  # too large a rate leaves all numbers behind
        for _ in range(steps):
            weights.append(weights[-1] - rate * slope(weights[-1]))
        return np.array(weights), np.array([loss(one) for one in weights], float)


def _draw_walk(axis: Axes, weights: np.ndarray, losses: np.ndarray) -> None:
    """The ball where it was after each step, with an arrow for every step that is long enough to see."""
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    for index in range(len(weights) - 1):
        start, goal = (weights[index], losses[index]), (weights[index + 1], losses[index + 1])
        if not np.isfinite(goal).all() or not low <= start[1] <= high or not left <= start[0] <= right:
            break
        far = abs(goal[0] - start[0]) / (right - left) > 0.05 or abs(goal[1] - start[1]) / (high - low) > 0.08
        look = {
            "arrowstyle": "-|>" if far else "-",
            "color": plots.BLUE,
            "linewidth": 1.4,
            "shrinkA": 3,
            "shrinkB": 3,
        }
        axis.annotate("", goal, start, arrowprops=look, annotation_clip=False, clip_on=True)
        axis.texts[-1].arrow_patch.set_clip_box(axis.bbox)
    axis.plot(weights, losses, "o", color=plots.BLUE, markersize=6.5, zorder=4)
    axis.plot(weights[0], losses[0], "o", color=plots.ORANGE, markeredgecolor=INK, markersize=10, zorder=5)
    side = -1 if (weights[0] - left) / (right - left) > 0.22 else 1  # of the ball, where its name has room
    axis.annotate(
        "start", (weights[0], losses[0]), (side * 10, 0), textcoords="offset points", va="center",
        ha="left" if side > 0 else "right", fontsize=11,
    )  # fmt: skip


def _loss(value: float) -> str:
    if not np.isfinite(value):
        return "∞"
    return (f"{value:.2f}" if abs(value) < 1e4 else f"{value:.1e}").replace("-", "−")


# Dropout


def show_dropout(sizes: Sequence[int] = (4, 6, 6, 2), *, rate: float = 0.5, seed: int = 0) -> None:
    """Show one small network twice during training, with other hidden units switched off for each image.

    `sizes` are the units of three to eight layers, inputs first, at most 8 a layer. Each hidden unit is switched
    off with probability `rate`, drawn from a generator of its own with `seed`; draws that leave a layer whole or
    empty, where it has several units, are drawn again. Raises ValueError for other sizes or rates.
    """
    figure, alt = draw_dropout(sizes, rate=rate, seed=seed)
    plots.show(figure, alt=alt)


def draw_dropout(
    sizes: Sequence[int] = (4, 6, 6, 2), *, rate: float = 0.5, seed: int = 0
) -> tuple[Figure, str]:
    """The figure of `show_dropout` and its alternative text."""
    sizes = _sizes(sizes)
    if len(sizes) < 3 or max(sizes) > 8:
        raise ValueError(f"sizes must hold at least 3 layers of at most 8 units each, not {sizes}.")
    if isinstance(rate, bool) or not 0 < rate < 1:
        raise ValueError(f"rate must be above 0 and below 1, not {rate!r}.")
    if max(sizes[1:-1]) < 2:
        raise ValueError("a hidden layer of one unit can't lose one: give at least one hidden layer 2 units.")
    masks = _two_masks(sizes[1:-1], rate, seed)
    tall = STEP * max(sizes)
    figure, axis = canvas(tall + 0.95)
    half, total, counts = WIDTH / 2, sum(sizes[1:-1]), []
    for index, hidden in enumerate(masks):
        left = 0.45 + index * half
        center = left + half / 2 - 0.45
        _draw_layers(
            axis, sizes, (left, left + half - 0.9), 0.45 + tall / 2, 8, [frozenset(), *hidden, frozenset()]
        )
        counts.append(sum(map(len, hidden)))
        write(axis, center, tall + 0.7, ("one image", "the next image")[index], size=12, fontweight="bold")
        write(axis, center, 0.2, f"{counts[-1]} of {total} hidden units switched off")
    line(axis, [(half, 0.3), (half, tall + 0.6)], color="#CCCCCC", width=1)
    alt = (
        f"One network of {', '.join(map(str, sizes))} units, twice during training. Dropout crosses out "
        f"{counts[0]} of its {total} hidden units for one image and {counts[1]} for the next, not the same "
        "ones, together with their lines."
    )
    return figure, alt


def _two_masks(hidden: Sequence[int], rate: float, seed: int) -> list[list[frozenset[int]]]:
    """Two different sets of units to switch off, for each hidden layer."""
    own = np.random.default_rng(seed)
    masks: list[list[frozenset[int]]] = []
    while len(masks) < 2:
        mask = []
        for size in hidden:
            off: frozenset[int] = frozenset()
            while size > 1 and not 0 < len(off) < size:
                off = frozenset(np.flatnonzero(own.random(size) < rate).tolist())
            mask.append(off)
        if mask not in masks:
            masks.append(mask)
    return masks


# A convolution in steps


def show_convolution(
    image: Any, kernel: Any, positions: Sequence[tuple[int, int]] | None = None, *,
    stride: int | tuple[int, int] = 1, padding: str | int = "valid",
) -> None:  # fmt: skip
    """Show a convolution in steps: the patch under the kernel, the products, their sum, the output that fills up.

    `image` (height, width) and `kernel` (height, width) are numbers; `positions` are one to four (row, column) of
    the output, counted from 0: each makes a row of the figure in which all output values up to there, in reading
    order, are filled in. Without them the first two and the last are shown. `stride` and `padding` as for
    `helpers.from_scratch.convolution.correlate`, which computes the output. Up to 8×8 (padding included) every pixel's
    value is written on it; of a larger image only the patch is shown in numbers. Kernels have at most 5×5 values.
    Raises ValueError for impossible shapes and positions, TypeError for what is not a number.
    """
    figure, alt = draw_convolution(image, kernel, positions, stride=stride, padding=padding)
    plots.show(figure, alt=alt)


def draw_convolution(
    image: Any, kernel: Any, positions: Sequence[tuple[int, int]] | None = None, *,
    stride: int | tuple[int, int] = 1, padding: str | int = "valid",
) -> tuple[Figure, str]:  # fmt: skip
    """The figure of `show_convolution` and its alternative text."""
    output = convolution.correlate(image, kernel, strides=stride, padding=padding)
    image, kernel = numbers(image, "image", "height, width"), numbers(kernel, "kernel", "height, width")
    if max(kernel.shape) > 5:
        raise ValueError(f"a {worded(kernel.shape)} kernel is too large for this drawing: take at most 5×5.")
    places, strides = _positions(positions, output.shape), pair(stride, "stride")
    figure = convolution_figure.draw(image, kernel, output, places, strides, padding)
    said = "; ".join(f"row {row}, column {column}: {written(output[row, column])}" for row, column in places)
    walks = f"stride {strides[0] if strides[0] == strides[1] else worded(strides)} and padding {padding}"
    alt = (
        f"A {worded(kernel.shape)} kernel walks over a {worded(image.shape)} image with {walks}; the sums of the "
        f"products fill a {worded(output.shape)} output. Shown at {said}."
    )
    return figure, alt


def _positions(positions: Any, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Places of the output; without any, the first two and the last."""
    if positions is None:
        last = (shape[0] - 1, shape[1] - 1)
        return list(dict.fromkeys([(0, 0), divmod(min(1, shape[0] * shape[1] - 1), shape[1]), last]))
    found = []
    for position in positions:
        if not hasattr(position, "__len__") or isinstance(position, str) or len(position) != 2:
            raise ValueError(f"each position must be a (row, column) of the output, not {position!r}.")
        row, column = (whole_number(one, "each number of a position", least=0) for one in position)
        if row >= shape[0] or column >= shape[1]:
            raise ValueError(
                f"position ({row}, {column}) is outside the output, {worded(shape)}: count from 0."
            )
        found.append((row, column))
    if not 1 <= len(found) <= 4:
        raise ValueError(f"positions must hold one to four places (row, column), not {len(found)}.")
    return found
