"""What a drawing of a network says: its layers in plain words, with shapes and parameter counts.

`helpers.drawings.network_figures` draws a plan and `helpers.notebook.diagrams` shows it. A plan has one main path,
the longest way through the model's graph; every other way is a shortcut from one part of it to a later one. Three
plans of one model exist: of single layers ("layers"), of groups that belong together ("groups": convolution, batch
norm and ReLU; a residual block), and of all that happens at one image size ("stages").
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from helpers.arguments import whole_number

DETAILS = ("layers", "groups", "stages")
Shape = tuple[int | None, ...]

_WORDS = {  # of a layer's class: its kind, and what it is called
    "Conv1D": ("convolution", "convolution"),
    "Conv2D": ("convolution", "convolution"),
    "Conv3D": ("convolution", "convolution"),
    "Conv2DTranspose": ("convolution", "transposed convolution"),
    "DepthwiseConv2D": ("convolution", "depthwise convolution"),
    "SeparableConv2D": ("convolution", "separable convolution"),
    "MaxPooling1D": ("pooling", "max pooling"),
    "MaxPooling2D": ("pooling", "max pooling"),
    "AveragePooling2D": ("pooling", "average pooling"),
    "GlobalAveragePooling2D": ("pooling", "global average pooling"),
    "GlobalMaxPooling2D": ("pooling", "global max pooling"),
    "Dense": ("dense", "dense"),
    "Flatten": ("reshape", "flatten"),
    "Reshape": ("reshape", "reshape"),
    "Dropout": ("dropout", "dropout"),
    "SpatialDropout2D": ("dropout", "spatial dropout"),
    "GaussianNoise": ("dropout", "Gaussian noise"),
    "BatchNormalization": ("norm", "batch norm"),
    "LayerNormalization": ("norm", "layer norm"),
    "GroupNormalization": ("norm", "group norm"),
    "ReLU": ("activation", "ReLU"),
    "Relu": ("activation", "ReLU"),
    "LeakyReLU": ("activation", "leaky ReLU"),
    "Softmax": ("activation", "softmax"),
    "Rescaling": ("prepare", "rescale"),
    "Normalization": ("prepare", "normalize"),
    "Resizing": ("prepare", "resize"),
    "ZeroPadding2D": ("prepare", "zero padding"),
    "Add": ("merge", "add"),
    "Concatenate": ("merge", "join"),
    "Multiply": ("merge", "multiply"),
}
_FUNCTIONS = {
    "relu": "ReLU", "relu6": "ReLU6", "gelu": "GELU", "elu": "ELU", "selu": "SELU", "silu": "SiLU", "swish": "SiLU",
    "leaky_relu": "leaky ReLU", "hard_silu": "hard swish", "linear": "",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A layer, or several drawn as one. `shape` is the output's, without the axis of the images."""

    kind: str  # "convolution", "pooling", "dense", "norm", "activation", "merge", "model", "block", "stage", ...
    title: str  # "convolution"
    detail: str  # "3×3, stride 2"
    shape: Shape
    parameters: int
    names: tuple[str, ...] = ()
    then: tuple[str, ...] = ()  # what follows inside the part: ("batch norm", "ReLU")
    held: int = 0  # so many of the parameters are in layers that are not trained
    times: int = 1  # this part, so often in a row
    shortcut: str | None = None  # what the way around a residual block does; None where there is none
    convolutions: int = 0
    layers: int = 1
    window: tuple[int, ...] = ()  # the sides of the kernel or of the pooling window

    @property
    def frozen(self) -> bool:
        """Whether it has parameters, and none of them is trained."""
        return 0 < self.held == self.parameters

    @property
    def mark(self) -> str:
        """ "frozen", "partly frozen", or "" where all is trained."""
        return "frozen" if self.frozen else "partly frozen" if self.held else ""

    @property
    def total(self) -> int:
        """The parameters of all repetitions."""
        return self.parameters * self.times

    @property
    def words(self) -> str:
        """The part in words, without its shape: "convolution 3×3, ReLU"."""
        return ", ".join(filter(None, (f"{self.title} {self.detail}".strip(), *self.then)))


@dataclass(frozen=True)
class Arc:
    """A way around parts start + 1 … end - 1; it ends in part `end`."""

    start: int
    end: int
    text: str  # what happens on the way, "" for nothing
    parameters: int = 0
    held: int = 0
    convolutions: int = 0
    layers: int = 0


@dataclass(frozen=True)
class Plan:
    """A model as a row of parts, the first of which is its input, and the ways around them."""

    name: str
    parts: tuple[Part, ...]
    arcs: tuple[Arc, ...]
    parameters: int

    @property
    def frozen(self) -> int:
        """How many parameters are in layers that are not trained."""
        return sum(part.held * part.times for part in self.parts) + sum(arc.held for arc in self.arcs)


def read(model: Any) -> Plan:
    """The plan of single layers of a Functional model, or of a Sequential one that is built.

    Raises TypeError and ValueError as `helpers.inside.graph.read` does: for what is no Keras model, for one
    without a graph, and for several inputs or outputs. The model is only read.
    """
    from helpers.inside import graph  # it loads TensorFlow

    net = graph.read(model)
    maker = {id(symbol): number for number, call in enumerate(net.calls) for symbol in call.outputs}
    sources = [[maker.get(id(symbol), -1) for symbol in call.inputs] for call in net.calls]
    main = _longest_path(sources)
    seen: set[int] = set()
    parts = [_part(call, seen) for call in net.calls]
    source = Part("input", "input", "", _shape(net.source), 0, (net.source.name,), layers=0)
    place = {-1: 0} | {number: index for index, number in enumerate(main, start=1)}
    arcs = []
    for index, number in enumerate(main, start=1):
        before = main[index - 2] if index > 1 else -1
        others = list(sources[number])
        if before in others:
            others.remove(before)
        for other in dict.fromkeys(others):
            arcs += _arcs(other, index, sources, parts, place)
    path = (source, *(parts[number] for number in main))
    return Plan(_own_name(model, ""), path, tuple(arcs), int(model.count_params()))


def _own_name(model: Any, otherwise: str) -> str:
    """A model's name, unless Keras has made it up: that one counts up whenever a cell is run again."""
    return otherwise if re.fullmatch(r"(functional|sequential|model)(_\d+)?", model.name) else model.name


def _longest_path(sources: list[list[int]]) -> list[int]:
    """The numbers of the calls on the longest way from the input to the last call."""
    depth: list[int] = []
    for before in sources:
        depth.append(1 + max((depth[one] if one >= 0 else 0 for one in before), default=0))
    path, here = [], len(sources) - 1
    while here >= 0:
        path.append(here)
        here = max(sources[here], key=lambda one: depth[one] if one >= 0 else 0, default=-1)
    return path[::-1]


def _arcs(
    number: int, end: int, sources: list[list[int]], parts: list[Part], place: dict[int, int]
) -> list[Arc]:
    """The ways that lead from the main path over call `number` to main part `end`."""
    waiting, found, starts = [number], set(), set()
    while waiting:
        one = waiting.pop()
        if one in place:
            starts.add(place[one])
        elif one not in found:
            found.add(one)
            waiting += sources[one]
    on_the_way = [parts[one] for one in sorted(found)]
    first = min(starts)
    arc = Arc(
        first, end, _summary(on_the_way), sum(part.parameters for part in on_the_way),
        sum(part.held for part in on_the_way), sum(part.convolutions for part in on_the_way),
        sum(part.layers for part in on_the_way),
    )  # fmt: skip
    return [arc, *(Arc(start, end, "") for start in sorted(starts - {first}))]


def _summary(parts: Sequence[Part]) -> str:
    """Layers beside the main path in a few words: "convolution 1×1, batch norm"; of many, the number."""
    if len(parts) > 3:
        return f"{len(parts)} layers"
    return ", ".join(part.words for part in parts)


def _part(call: Any, seen: set[int]) -> Part:
    layer = call.layer
    shared = id(layer) in seen  # its weights were counted at its first call
    seen.add(id(layer))
    parameters = 0 if shared or not hasattr(layer, "count_params") else int(layer.count_params())
    held = parameters if getattr(layer, "trainable", True) is False else 0
    then: tuple[str, ...] = ()
    if call.inside:
        steps = [step for step in call.inside.steps() if not step.inside]
        kind, title, detail = "model", _own_name(layer, "model"), f"a model of {len(steps)} layers"
        convolutions = sum(_kind(step.layer)[0] == "convolution" for step in steps)
        inner = {
            id(step.layer): step.layer for step in steps if getattr(step.layer, "trainable", True) is False
        }
        held = held or (sum(one.count_params() for one in inner.values()) if parameters else 0)
    else:
        kind, title = _kind(layer)
        detail = (
            "the same again"
            if shared and parameters == 0 and layer_has_weights(layer)
            else _detail(layer, kind)
        )
        function = _function(getattr(layer, "activation", None))
        if kind == "activation" and type(layer).__name__ == "Activation":
            title = function or "linear"
        elif kind != "activation" and function:
            then = (function,)
        convolutions = int(kind == "convolution")
    window = tuple(getattr(layer, {"convolution": "kernel_size", "pooling": "pool_size"}.get(kind, ""), ()))
    return Part(
        kind, title, detail, _shape(call.output), parameters, (call.name,), then, held,
        convolutions=convolutions, window=window,
    )  # fmt: skip


def layer_has_weights(layer: Any) -> bool:
    """Whether a layer has weights; an operation has none."""
    return bool(getattr(layer, "weights", ()))


def _shape(symbol: Any) -> Shape:
    return tuple(symbol.shape[1:])


def _kind(layer: Any) -> tuple[str, str]:
    name = type(layer).__name__
    if name == "Activation":
        return "activation", "activation"
    if name in _WORDS:
        return _WORDS[name]
    words = re.sub(r"[1-3]D$", "", name)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", words)
    return ("prepare" if name.startswith("Random") else "other"), words.lower()


def _detail(layer: Any, kind: str) -> str:
    """The numbers that a reader needs to know of a layer: "3×3, stride 2", "0.3", "÷ 255"."""
    if kind == "convolution":
        return ", ".join(filter(None, (_sides(layer.kernel_size), _stride(layer.strides, 1))))
    if kind == "pooling" and hasattr(layer, "pool_size"):
        size = tuple(layer.pool_size)
        return ", ".join(filter(None, (_sides(size), _stride(layer.strides, size[0]))))
    if kind == "dropout" and hasattr(layer, "rate"):
        return f"{layer.rate:g}"
    scale, offset = getattr(layer, "scale", None), getattr(layer, "offset", 0)
    if kind == "prepare" and isinstance(scale, (int, float)) and scale:
        divided = f"÷ {1 / scale:g}" if scale < 1 else f"× {scale:g}"
        return divided + (_plus(offset) if isinstance(offset, (int, float)) and offset else "")
    return ""


def _plus(offset: float) -> str:
    return f" {'−' if offset < 0 else '+'} {abs(offset):g}"


def _sides(sides: Sequence[int]) -> str:
    return "×".join(map(str, sides))


def _stride(strides: Any, usual: int) -> str:
    sides = set(strides)
    if sides == {usual}:
        return ""
    return f"stride {strides[0]}" if len(sides) == 1 else f"stride {_sides(strides)}"


def _function(activation: Any) -> str:
    name = getattr(activation, "__name__", "") or ""
    return _FUNCTIONS.get(name, name.replace("_", " "))


def at(plan: Plan, detail: str) -> Plan:
    """The plan, which is one of single layers, at one of `DETAILS`."""
    return {"layers": lambda one: one, "groups": grouped, "stages": staged}[detail](plan)


def grouped(plan: Plan) -> Plan:
    """Convolution, batch norm and ReLU as one part; what a shortcut goes around as one; equal neighbors as one."""
    plan = folded(_blocks(folded(_padded(plan))))
    return replace(plan, parts=tuple(_repeated(plan.parts)))


def _padded(plan: Plan) -> Plan:
    """Zero padding becomes part of the layer after it."""
    goes = [
        part.title == "zero padding" and index + 1 < len(plan.parts) and not any(
            arc.start == index or arc.end in (index, index + 1) for arc in plan.arcs
        )
        for index, part in enumerate(plan.parts)
    ]  # fmt: skip
    parts = [part for part, gone in zip(plan.parts, goes, strict=True) if not gone]
    place = [index - sum(goes[:index]) for index in range(len(goes))]
    arcs = tuple(replace(arc, start=place[arc.start], end=place[arc.end]) for arc in plan.arcs)
    return replace(plan, parts=tuple(parts), arcs=arcs)


def folded(plan: Plan) -> Plan:
    """Norms and activations become part of the layer before them, unless another way starts between the two."""
    busy = {arc.start for arc in plan.arcs}
    targets = {arc.end for arc in plan.arcs}
    parts: list[Part] = []
    place: list[int] = []
    for index, part in enumerate(plan.parts):
        takes = part.kind in ("norm", "activation") and index - 1 not in busy and index not in targets
        if takes and parts and parts[-1].kind in ("convolution", "dense", "block", "merge", "norm", "other"):
            last = parts[-1]
            parts[-1] = replace(
                last, shape=part.shape, parameters=last.parameters + part.parameters, names=last.names + part.names,
                then=(*last.then, part.title), layers=last.layers + part.layers,
                held=last.held + part.held,
            )  # fmt: skip
        else:
            parts.append(part)
        place.append(len(parts) - 1)
    arcs = tuple(replace(arc, start=place[arc.start], end=place[arc.end]) for arc in plan.arcs)
    return replace(plan, parts=tuple(parts), arcs=arcs)


def _blocks(plan: Plan, merges: Sequence[str] = ()) -> Plan:
    """Every stretch that ways lead around becomes one part; with `merges`, only those that end in such a part."""
    arcs = [arc for arc in plan.arcs if not merges or plan.parts[arc.end].title in merges]
    spans: list[list[int]] = []
    for arc in sorted(arcs, key=lambda arc: (arc.start, -arc.end)):
        if spans and arc.start < spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], arc.end)
        else:
            spans.append([arc.start, arc.end])
    parts, place, index = [], [], 0
    for start, end in [*spans, [len(plan.parts) - 1, -1]]:
        parts += plan.parts[index : start + 1]
        place += range(len(parts) - len(plan.parts[index : start + 1]), len(parts))
        if end >= 0:
            within = [arc for arc in plan.arcs if start <= arc.start and arc.end <= end]
            parts.append(_block(plan.parts[start + 1 : end + 1], within))
            place += [len(parts) - 1] * (end - start)
            index = end + 1
    inside = [any(start <= arc.start and arc.end <= end for start, end in spans) for arc in plan.arcs]
    left = [
        replace(arc, start=place[arc.start], end=place[arc.end])
        for arc, gone in zip(plan.arcs, inside, strict=True) if not gone
    ]  # fmt: skip
    return replace(plan, parts=tuple(parts), arcs=tuple(left))


def _block(inside: Sequence[Part], arcs: Sequence[Arc]) -> Part:
    last = max(arcs, key=lambda arc: (arc.end, -arc.start))
    merge = inside[-1].title
    kinds = {"add": "residual block", "multiply": "gated block", "join": "parallel ways"}
    shortcut = None
    if merge == "add":
        shortcut = last.text or "identity"
    convolutions = Counter(
        f"{part.title} {part.detail.split(',')[0]}" for part in inside if part.convolutions
    )
    detail = "\n".join(
        f"{number} × {words}" if number > 1 else words for words, number in convolutions.items()
    )
    if merge != "add" or len(convolutions) > 3:
        number = sum(part.convolutions for part in (*inside, *arcs))
        detail = f"{number} convolutions"
    return Part(
        "block", kinds.get(merge, "block with shortcuts"), detail, inside[-1].shape,
        sum(part.parameters for part in (*inside, *arcs)),
        tuple(name for part in inside for name in part.names), inside[-1].then,
        sum(part.held for part in (*inside, *arcs)), shortcut=shortcut,
        convolutions=sum(part.convolutions for part in (*inside, *arcs)),
        layers=sum(part.layers for part in (*inside, *arcs)),
    )  # fmt: skip


def _repeated(parts: Sequence[Part]) -> list[Part]:
    """Equal neighbors become one part with `times`."""
    found: list[Part] = []
    for part in parts:
        if found and replace(found[-1], names=(), times=1) == replace(part, names=()):
            last = found[-1]
            found[-1] = replace(last, names=last.names + part.names, times=last.times + 1)
        else:
            found.append(part)
    return found


def staged(plan: Plan) -> Plan:
    """All that happens at one image size as one part: "14 convolutions"; ways around are only counted."""
    plan = _blocks(_padded(plan), ("multiply",))
    found: list[list[Part]] = []
    extra: list[list[Arc]] = []
    for index, part in enumerate(plan.parts):
        if index < 2 or not _stays(found[-1], part):
            found.append([])
            extra.append([])
        found[-1].append(part)
        extra[-1] += [arc for arc in plan.arcs if arc.end == index]
    return replace(plan, parts=tuple(map(_stage, found, extra)), arcs=())


def _stays(stage: Sequence[Part], part: Part) -> bool:
    """Whether a part belongs to the stage before it: the image size is the same, or only its values change."""
    last = stage[-1]
    if "model" in (last.kind, part.kind) or last.kind == "prepare" != part.kind:
        return False
    if len(part.shape) == 3 and part.shape[0] not in (1, None):
        return part.shape[:2] == last.shape[:2]
    return part.kind in ("norm", "activation") and part.shape == last.shape


def _few(parts: Sequence[Part]) -> str:
    return ", ".join(part.title for part in parts) if len(parts) < 4 else f"{len(parts)} layers"


def _stage(inside: list[Part], arcs: list[Arc]) -> Part:
    together = Plan("", tuple(inside), (), 0)
    if not arcs and len(one := folded(together).parts) == 1:
        return one[0]
    convolutions = sum(part.convolutions for part in (*inside, *arcs))
    layers = sum(part.layers for part in (*inside, *arcs))
    title = f"{convolutions} convolution{'s' * (convolutions != 1)}" if convolutions else _few(inside)
    detail = f"after {inside[0].title}" if inside[0].kind == "pooling" else ""
    merges = Counter(part.title for part in inside if part.kind == "merge")
    words = {"add": "shortcut", "join": "join"}
    then = [f"{n} {words.get(title, title)}{'s' * (n != 1)}" for title, n in merges.items()]
    return Part(
        "stage" if convolutions else inside[0].kind, title, detail, inside[-1].shape,
        sum(part.parameters for part in (*inside, *arcs)), tuple(name for part in inside for name in part.names),
        tuple(then),
        sum(part.held for part in (*inside, *arcs)), convolutions=convolutions, layers=layers,
    )  # fmt: skip


def check_detail(detail: str) -> str:
    """`detail`, if it is one of `DETAILS`."""
    if detail not in DETAILS:
        raise ValueError(f"unknown detail {detail!r}: choose {', '.join(map(repr, DETAILS))}.")
    return detail


def sizes_of(plan: Plan) -> list[int]:
    """The numbers of units of a plan of dense layers: what goes in, then each dense layer's.

    Raises ValueError for a network with other layers that have weights, or with shortcuts.
    """
    if plan.arcs:
        raise ValueError(
            "show_mlp draws layers one after the other, and this model has shortcuts: use show_network(model)."
        )
    sizes = [_numbers_in(plan.parts[0].shape)]
    for part in plan.parts:
        if part.kind == "dense":
            sizes.append(whole_number(part.shape[-1], "units", least=1))
        elif part.parameters and part.kind not in ("norm", "prepare"):
            raise ValueError(
                f"show_mlp draws dense layers, and {part.names[0]!r} is a {part.title}: use show_network(model)."
            )
    if len(sizes) == 1:
        raise ValueError("the model has no dense layer: use show_network(model).")
    return sizes


def _numbers_in(shape: Shape) -> int:
    product = 1
    for side in shape:
        if side is None:
            raise ValueError(
                f"the input's size isn't known ({shape}): give keras.Input a shape without None."
            )
        product *= side
    return product


def size_text(shape: Shape, kind: str = "") -> str:
    """(28, 28, 32) as "28 × 28 × 32", (64,) as "64 units" of a dense layer or "64 values"; None is "any"."""
    sides = ["any" if side is None else f"{side:,}" if len(shape) == 1 else str(side) for side in shape]
    if len(shape) == 1:
        one = "unit" if kind == "dense" else "value"
        return f"{sides[0]} {one}{'s' * (shape[0] != 1)}"
    return " × ".join(sides) or "1 value"


def alt_text(plan: Plan) -> str:
    """The plan in two or three sentences, for those who can't see its drawing."""
    plan = folded(plan) if len(plan.parts) > 8 else plan
    first, *others = plan.parts
    frozen = f", {plan.frozen:,} of them frozen" if plan.frozen else ""
    steps = [_step(part, before) for before, part in zip(plan.parts, others, strict=False)]
    text = (
        f"Diagram of {plan.name or 'a network'}, with {plan.parameters:,} parameters{frozen}. "
        f"An input of {size_text(first.shape)} passes through {'; '.join(steps)}."
    )
    if plan.arcs:
        ways = f"{len(plan.arcs)} shortcuts lead" if len(plan.arcs) > 1 else "A shortcut leads"
        goals = dict.fromkeys(plan.parts[arc.end].title for arc in plan.arcs)
        text += f" {ways} around layers to {' and '.join(map(repr, goals))}."
    return text


def _step(part: Part, before: Part) -> str:
    times = f"{part.times} times " if part.times > 1 else ""
    shortcut = f" with a shortcut ({part.shortcut})" if part.shortcut else ""
    facts = [size_text(part.shape, part.kind)] * (part.shape != before.shape)
    facts += [f"{part.parameters:,} parameters{' each' * (part.times > 1)}"] * (part.parameters > 0)
    facts += [part.mark] * bool(part.mark)
    words = part.words.replace("\n", " and ")
    return f"{times}{words}{shortcut}{' (' * bool(facts)}{', '.join(facts)}{')' * bool(facts)}"
