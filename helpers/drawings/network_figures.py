"""Drawings of a network's plan (`helpers.drawings.network_plan`): volumes in perspective, or a chain of blocks.

`helpers.notebook.diagrams` calls them. All lengths are in inches, from the lower left corner of the figure.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon

from helpers.drawings import network_plan
from helpers.drawings.network_plan import Arc, Part, Plan
from helpers.drawings.shapes import (
    GRAY,
    INK,
    SIZE,
    WIDTH,
    Point,
    arrow,
    canvas,
    line,
    rounded,
    text_width,
    tint,
    write,
    write_title,
)
from helpers.notebook import plots

LINE = SIZE * 1.28 / 72
HEAD = 0.45  # the room for the title
EDGE = 0.32  # from the figure's left and right border to what is drawn
COLORS = {
    "input": GRAY, "convolution": plots.BLUE, "pooling": plots.ORANGE, "dense": plots.GREEN, "norm": plots.PURPLE,
    "activation": plots.RED, "model": plots.SKY, "block": plots.BLUE, "stage": plots.BLUE,
}  # fmt: skip


def heading(plan: Plan) -> str:
    """The title above a network: its name and its parameters."""
    frozen = f", {plan.frozen:,} of them frozen" if plan.frozen else ""
    return f"{plan.name}{': ' * bool(plan.name)}{plan.parameters:,} parameters{frozen}"


def _width_for(plan: Plan, drawn: float) -> float:
    """A figure's width: as narrow as its title and what is drawn allow, since letters then stay larger on a phone."""
    return min(max(drawn + EDGE, text_width(heading(plan), 12.5, bold=True) + 0.4, 5.0), WIDTH)


def in_rows(
    pieces: Sequence[Sequence[int]], length: Callable[[list[int]], float], room: float
) -> list[list[int]]:
    """Numbers row by row: no row longer than `room`, as few rows as can be, of like lengths."""
    best, limit = _filled(pieces, length, room), room
    while limit > room / 3:
        limit -= 0.1
        rows = _filled(pieces, length, limit)
        if len(rows) > len(best) or any(length(row) > room for row in rows):
            break
        best = rows
    return best


def _filled(
    pieces: Sequence[Sequence[int]], length: Callable[[list[int]], float], room: float
) -> list[list[int]]:
    rows: list[list[int]] = []
    for piece in pieces:
        if rows and length([*rows[-1], *piece]) <= room:
            rows[-1] += piece
        else:
            rows.append(list(piece))
    return rows


# Blocks

GAP = 0.27  # between two boxes
ARC = 0.4  # one above the other
BETWEEN = 0.34  # two rows


@dataclass
class Box:
    """A part, what is written on it, and its place."""

    part: Part
    lines: list[str]
    bold: int  # so many lines of the name
    width: float
    thin: bool = False
    x: float = 0.0
    row: int = 0

    @property
    def is_node(self) -> bool:
        """Whether it is a circle: where two ways meet."""
        return self.part.kind == "merge" and not self.part.then and not self.part.parameters

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def leaves(self) -> float:
        """Where the way to the next box begins; behind the copies of a repeated part."""
        return self.right + (0.1 if self.part.times > 1 else 0)


def blocks(plan: Plan) -> Figure:
    """A chain of rounded boxes in rows, with the ways around them as arcs above."""
    boxes, rows = _boxes_in_rows(plan)
    tall = max(len(box.lines) for box in boxes if not box.thin) * LINE + 0.2
    tall = max([tall, *(text_width(text) + 0.2 for box in boxes if box.thin for text in box.lines)])
    levels = _levels(plan.arcs)
    above = [_room_above(boxes, plan.arcs, levels, row) for row in range(len(rows))]
    height = HEAD + sum(above) + len(rows) * tall + (len(rows) - 1) * BETWEEN + 0.15
    figure, axis = canvas(height, _width_for(plan, max(box.leaves for box in boxes)))
    write_title(axis, heading(plan))
    bottoms, top = [], height - HEAD
    for space in above:
        bottoms.append(top - space - tall)
        top = bottoms[-1] - BETWEEN
    for box in boxes:
        _draw_box(axis, box, bottoms[box.row], tall)
    for left, right in zip(boxes, boxes[1:], strict=False):
        _join(axis, left, right, bottoms, tall)
    for box in boxes:
        if box.part.shortcut:
            _draw_shortcut(axis, box, bottoms[box.row], tall)
    letters = (chr(ord("A") + index % 26) for index in range(len(plan.arcs)))
    for arc, level in zip(plan.arcs, levels, strict=True):
        if _row_of(boxes, arc) is None:
            _draw_far_arc(axis, boxes, arc, bottoms, tall, next(letters))
        else:
            _draw_arc(axis, boxes, arc, bottoms, tall, level)
    return figure


def blocks_height(plan: Plan) -> float:
    """How tall the drawing of a plan would be, about."""
    boxes, rows = _boxes_in_rows(plan)
    tall = max(len(box.lines) for box in boxes) * LINE + 0.2
    arcs = ARC if plan.arcs or any(box.part.shortcut for box in boxes) else 0
    return HEAD + len(rows) * (tall + BETWEEN + arcs)


def _boxes_in_rows(plan: Plan) -> tuple[list[Box], list[list[int]]]:
    boxes = [_box(part) for part in plan.parts]
    room = WIDTH - 2 * EDGE

    def length(row: list[int]) -> float:
        return sum(boxes[index].width for index in row) + GAP * (len(row) - 1)

    fitting = [arc for arc in plan.arcs if length(list(range(arc.start + 1, arc.end + 1))) <= room]
    covered = {index for arc in fitting for index in range(arc.start + 1, arc.end)}
    pieces: list[list[int]] = []  # a row doesn't end under an arc, if that can be
    for index in range(len(boxes)):
        if pieces and index - 1 in covered and length([*pieces[-1], index]) <= room:
            pieces[-1].append(index)
        else:
            pieces.append([index])
    rows = in_rows(pieces, length, room)
    for number, row in enumerate(rows):
        x = EDGE
        for index in row:
            boxes[index].x, boxes[index].row = x, number
            x += boxes[index].width + GAP
    return boxes, rows


def _box(part: Part) -> Box:
    parameters = [f"{part.parameters:,} param.{' each' * (part.times > 1)}"] if part.parameters else []
    if part.kind in ("norm", "activation") and part.times == 1 and not part.then:
        lines = [", ".join(filter(None, (part.title, part.mark))), *parameters]
        return Box(part, lines, 0, 0.14 + 0.2 * len(lines), thin=True)
    name = wrapped(f"{part.times} × {part.title}" if part.times > 1 else part.title, 16)
    lines = list(name)
    for text in filter(None, part.detail.split("\n")):
        lines += wrapped(text, 22)
    if part.then:
        lines += wrapped("+ " + ", ".join(part.then), 21)
    lines += [part.mark] * bool(part.mark) + [network_plan.size_text(part.shape, part.kind), *parameters]
    widths = [text_width(text, bold=_is_bold(text, index, len(name))) for index, text in enumerate(lines)]
    box = Box(part, lines, len(name), max(0.8, *widths) + 0.2)
    if box.is_node:
        sign = {"add": "+", "multiply": "×"}.get(part.title, part.title)
        box.lines, box.width = [sign], max(0.4, text_width(sign) + 0.16)
    return box


def _is_bold(text: str, index: int, name: int) -> bool:
    return index < name or text in ("frozen", "partly frozen")


def wrapped(text: str, longest: int) -> list[str]:
    """A text in lines of at most so many letters, broken between words."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > longest:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _draw_box(axis: Axes, box: Box, bottom: float, tall: float) -> None:
    part, middle, center = box.part, bottom + tall / 2, box.x + box.width / 2
    if box.is_node:
        _draw_node(axis, box, middle)
        return
    color = COLORS.get(part.kind, GRAY)
    for shift in (0.1, 0.05, 0) if part.times > 1 else (0,):
        rounded(axis, box.x + shift, bottom + shift, box.width, tall, color)
    if part.frozen:
        hatched = {"facecolor": "none", "edgecolor": tint(color, 0.4), "linewidth": 0, "hatch": "//"}
        rounded(axis, box.x, bottom, box.width, tall, color, **hatched)
    for index, text in enumerate(box.lines):
        shift = index - (len(box.lines) - 1) / 2
        if box.thin:
            write(axis, center + 0.2 * shift, middle, text, rotation=90, zorder=5)
        else:
            weight = "bold" if _is_bold(text, index, box.bold) else "normal"
            write(axis, center, middle - LINE * shift, text, fontweight=weight, zorder=5)


def _draw_node(axis: Axes, box: Box, middle: float) -> None:
    sign = box.lines[0]
    if len(sign) == 1:
        center = (box.x + box.width / 2, middle)
        axis.add_patch(Circle(center, 0.2, facecolor="white", edgecolor=INK, linewidth=1.6, zorder=4))
    else:
        rounded(axis, box.x, middle - 0.2, box.width, 0.4, INK, facecolor="white", zorder=4)
    write(axis, box.x + box.width / 2, middle, sign, size=16 if len(sign) == 1 else SIZE, zorder=5)


def _join(axis: Axes, left: Box, right: Box, bottoms: Sequence[float], tall: float) -> None:
    """The arrow from one box to the next; it goes around where that stands in the next row."""
    start, goal = bottoms[left.row] + tall / 2, bottoms[right.row] + tall / 2
    if left.row == right.row:
        arrow(axis, [(left.leaves, start), (right.x, goal)])
        return
    around(axis, left.leaves, start, bottoms[left.row] - 0.15, right.x, goal)


def around(
    axis: Axes,
    x: float,
    y: float,
    below: float,
    goal_x: float,
    goal_y: float,
    *,
    out: float = 0.0,
    **options: Any,
) -> None:
    """An arrow from the end of a row to the start of the next: out, down, back along `below`, and in."""
    out = max(out, x + 0.16)
    points = [(x, y), (out, y), (out, below), (0.12, below), (0.12, goal_y), (goal_x, goal_y)]
    arrow(axis, points, **options)


def _row_of(boxes: Sequence[Box], arc: Arc) -> int | None:
    """The row in which an arc can be drawn from end to end; None where it leads into another one."""
    row = boxes[arc.end].row
    return row if boxes[arc.start + 1].row == row else None


def _room_above(boxes: Sequence[Box], arcs: Sequence[Arc], levels: Sequence[int], row: int) -> float:
    """What the arcs above a row need."""
    needs = [level for arc, level in zip(arcs, levels, strict=True) if _row_of(boxes, arc) == row]
    needs += [1 for box in boxes if box.row == row and box.part.shortcut]
    for arc in arcs:
        if _row_of(boxes, arc) is None and row in (boxes[arc.start].row, boxes[arc.end].row):
            needs.append(1)
    copies = any(box.row == row and box.part.times > 1 for box in boxes)
    return ARC * max(needs, default=0) + 0.1 * copies


def _levels(arcs: Sequence[Arc]) -> list[int]:
    """How high each arc lies: above those over the same parts that are shorter."""
    levels = [1] * len(arcs)
    order = sorted(range(len(arcs)), key=lambda index: arcs[index].end - arcs[index].start)
    for place, index in enumerate(order):
        arc = arcs[index]
        below = [
            levels[other]
            for other in order[:place]
            if arcs[other].start < arc.end and arc.start < arcs[other].end
        ]
        levels[index] = 1 + max(below, default=0)
    return levels


def _draw_arc(
    axis: Axes, boxes: Sequence[Box], arc: Arc, bottoms: Sequence[float], tall: float, level: int
) -> None:
    first, last = boxes[arc.start + 1], boxes[arc.end]
    bottom, start, goal = bottoms[last.row], first.x - GAP * 0.6, last.x + last.width / 2
    top = bottom + tall + ARC * level - 0.14
    end = bottom + tall / 2 + 0.2 if last.is_node else bottom + tall
    arrow(
        axis, [(start, bottom + tall / 2), (start, top), (goal, top), (goal, end)], color=plots.RED, width=2
    )
    _label(axis, (start + goal) / 2, top, _arc_text(arc), goal - start)


def _arc_text(arc: Arc) -> str:
    weighty = f", {arc.parameters:,} param." if arc.parameters else ""
    return f"shortcut: {arc.text}{weighty}" if arc.text else "shortcut"


def _draw_far_arc(
    axis: Axes, boxes: Sequence[Box], arc: Arc, bottoms: Sequence[float], tall: float, letter: str
) -> None:
    """An arc into another row: the same letter where it begins and where it ends."""
    first, last = boxes[arc.start], boxes[arc.end]
    start, goal = first.leaves + GAP * 0.4, last.x + last.width / 2
    low, high = bottoms[first.row] + tall / 2, bottoms[first.row] + tall + 0.2
    line(axis, [(start, low), (start, high)], color=plots.RED, width=2)
    end = bottoms[last.row] + tall / 2 + 0.2 if last.is_node else bottoms[last.row] + tall
    above = bottoms[last.row] + tall + 0.2
    arrow(axis, [(goal, above), (goal, end)], color=plots.RED, width=2)
    for x, y in ((start, high), (goal, above)):
        axis.add_patch(Circle((x, y), 0.13, facecolor="white", edgecolor=plots.RED, linewidth=1.8, zorder=6))
        write(axis, x, y, letter, size=10, color=plots.RED, zorder=7)


def _draw_shortcut(axis: Axes, box: Box, bottom: float, tall: float) -> None:
    """The way around what a residual block computes; it ends in the block, where it is added."""
    lift = 0.1 if box.part.times > 1 else 0
    start, goal, top = box.x - GAP * 0.6, box.right - 0.16, bottom + tall + lift + ARC - 0.14
    points = [(start, bottom + tall / 2), (start, top), (goal, top), (goal, bottom + tall + lift)]
    arrow(axis, points, color=plots.RED, width=2)
    text = "shortcut" if box.part.shortcut == "identity" else f"shortcut: {box.part.shortcut}"
    _label(axis, (start + goal) / 2, top, text, goal - start)


def _label(axis: Axes, x: float, y: float, text: str, room: float) -> None:
    """What is written on an arc; where there is no room for all, "shortcut" goes, then the end."""
    name, _, way = text.partition(": ")
    tries = [text, way]
    while ", " in way:
        way = way.rpartition(", ")[0]
        tries.append(way)
    fitting = [one for one in tries if one and text_width(one) <= room - 0.3]
    background = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    write(axis, x, y, fitting[0] if fitting else name, color=plots.RED, bbox=background, zorder=6)


# Volumes


@dataclass
class Solid:
    """One output, drawn as a box or a bar, and what is written on the arrow that leads to it."""

    part: Part
    times: int = 1
    parameters: int = 0
    more: list[str] = field(default_factory=list)  # dropout and the like, behind it

    @property
    def name(self) -> list[str]:
        """The arrow's name, in lines."""
        name = f"{self.times} × {self.part.title}" if self.times > 1 else self.part.title
        return wrapped(name, 15)

    @property
    def lines(self) -> list[str]:
        """All of the arrow's label."""
        part = self.part
        details = [*filter(None, part.detail.split("\n"))]
        if len(details) == 1 and len(f"{details[0]}, {', '.join(part.then)}") <= 15:
            details = [", ".join((*details, *part.then))]
        elif part.then:
            details += wrapped(", ".join(part.then), 17)
        lines = [*self.name, *details, *[part.mark] * bool(part.mark)]
        return lines + ([f"{self.parameters:,} param."] if self.parameters else []) + self.more

    @property
    def label_width(self) -> float:
        bold = len(self.name)
        return max(
            text_width(text, bold=_is_bold(text, index, bold)) for index, text in enumerate(self.lines)
        )

    @property
    def below(self) -> list[str]:
        """What stands below the input: what is done to it before the first drawn step."""
        return ["input", *self.more] if self.part.kind == "input" else []

    @property
    def size(self) -> str:
        return network_plan.size_text(self.part.shape, self.part.kind)


def solids(plan: Plan) -> list[Solid]:
    """The outputs to draw: batch norm and ReLU belong to the convolution before them, dropout to the arrow before."""
    found: list[Solid] = []
    for part in network_plan.folded(plan).parts:
        beside = part.kind in ("dropout", "prepare", "merge", "norm", "activation")
        if found and beside and part.shape == found[-1].part.shape:
            found[-1].more.append(part.words)
            found[-1].parameters += part.total
        else:
            found.append(Solid(part, part.times, part.total))
    return _together(found) if len(found) > 8 else found


def _together(found: Sequence[Solid]) -> list[Solid]:
    """Equal convolutions that follow each other, with the same output shape, as one step."""
    joined: list[Solid] = []
    for solid in found:
        last = joined[-1] if joined else None
        same = last and not last.more and solid.part.kind in ("convolution", "block")
        if same and (last.part.words, last.part.shape, last.part.mark, last.part.shortcut) == (
            solid.part.words, solid.part.shape, solid.part.mark, solid.part.shortcut,
        ):  # fmt: skip
            last.times += solid.times
            last.parameters += solid.parameters
            last.more = solid.more
        else:
            joined.append(solid)
    return joined


@dataclass
class Row:
    """Outputs that stand side by side, and how much room they need."""

    members: list[int]
    solids: list[Solid]  # all of the network's
    scale: "_Scale"
    middle: float = 0.0  # the height of the arrows
    xs: list[float] = field(default_factory=list)

    @property
    def start(self) -> float:
        """The room for the arrow that comes from the row above."""
        first = self.members[0]
        return self.solids[first].label_width + 0.1 if first else 0.0

    @property
    def length(self) -> float:
        row = [self.solids[index] for index in self.members]
        pitches = sum(_pitch(left, right, self.scale) for left, right in zip(row, row[1:], strict=False))
        return self.start + _half(row[0], self.scale) + pitches + _half(row[-1], self.scale)

    @property
    def tall(self) -> float:
        """The height of the tallest output."""
        return max(self.scale.height(self.solids[index]) for index in self.members)

    @property
    def above(self) -> float:
        """The height of the labels of the arrows."""
        return (
            LINE * max((len(self.solids[index].lines) for index in self.members if index), default=0) + 0.12
        )

    @property
    def below(self) -> float:
        """The height of what is written below the outputs."""
        return LINE * max(len(self.words(index)) for index in self.members) + 0.12

    @property
    def bottom(self) -> float:
        return self.middle - self.tall / 2 - self.below

    def words(self, index: int) -> list[str]:
        """What is written below an output."""
        solid = self.solids[index]
        return [solid.size, *solid.below, *["output"] * (index == len(self.solids) - 1)]

    def place(self, top: float) -> None:
        """Find the places of the outputs, and of the row below `top`."""
        self.middle = top - self.above - self.tall / 2
        row = [self.solids[index] for index in self.members]
        self.xs = [EDGE + self.start + _half(row[0], self.scale)]
        for left, right in zip(row, row[1:], strict=False):
            self.xs.append(self.xs[-1] + _pitch(left, right, self.scale))


def volumes(plan: Plan) -> Figure:
    """Outputs as boxes in perspective or bars, operations as arrows between them, in rows."""
    found = solids(plan)
    scale = _Scale(found)
    pieces = [[index] for index in range(len(found))]
    numbers = in_rows(pieces, lambda row: Row(row, found, scale).length, WIDTH - 2 * EDGE)
    rows = [Row(row, found, scale) for row in numbers]
    height = HEAD + sum(row.above + row.tall + row.below for row in rows) + 0.3 * (len(rows) - 1) + 0.1
    figure, axis = canvas(height, _width_for(plan, EDGE + max(row.length for row in rows)))
    write_title(axis, heading(plan))
    top = height - HEAD
    for row in rows:
        row.place(top)
        _draw_row(axis, row)
        top = row.bottom - 0.3
    for upper, lower in zip(rows, rows[1:], strict=False):
        _draw_turn(axis, upper, lower)
    return figure


def _draw_row(axis: Axes, row: Row) -> None:
    low, middle, before = row.middle + row.tall / 2 + 0.08, row.middle, 0.0
    for index, x in zip(row.members, row.xs, strict=True):
        solid = row.solids[index]
        half = row.scale.width(solid) / 2
        _draw_solid(axis, x, middle, solid, row.scale)
        if index and index == row.members[0]:
            _write_step(axis, solid, (0.12 + x - half) / 2, low)
        elif index:
            start = before + row.scale.width(row.solids[index - 1]) / 2
            color = COLORS.get(solid.part.kind, INK)
            arrow(axis, [(start + 0.04, middle), (x - half - 0.04, middle)], color=color, width=2)
            _write_step(axis, solid, (before + x) / 2, low)
        if index + 1 < len(row.solids):
            _draw_window(axis, solid, row.solids[index + 1], x + half, middle, row.scale)
        write(axis, x, middle - row.tall / 2 - 0.06, "\n".join(row.words(index)), va="top", linespacing=1.2)
        before = x


def _draw_turn(axis: Axes, upper: Row, lower: Row) -> None:
    """The arrow from the last output of a row to the first of the next."""
    last, first = upper.solids[upper.members[-1]], lower.solids[lower.members[0]]
    start = upper.xs[-1] + upper.scale.width(last) / 2 + 0.04
    goal = lower.xs[0] - lower.scale.width(first) / 2 - 0.04
    out = upper.xs[-1] + text_width(last.size) / 2 + 0.1
    look = {"color": COLORS.get(first.part.kind, INK), "width": 2}
    around(axis, start, upper.middle, upper.bottom - 0.08, goal, lower.middle, out=out, **look)


def _write_step(axis: Axes, solid: Solid, x: float, low: float) -> None:
    """What is written above an arrow, around x."""
    lines = solid.lines
    for index, text in enumerate(lines):
        weight = "bold" if _is_bold(text, index, len(solid.name)) else "normal"
        write(axis, x, low + LINE * (len(lines) - index - 0.5), text, fontweight=weight)


def _draw_window(axis: Axes, solid: Solid, step: Solid, right: float, y: float, scale: "_Scale") -> None:
    """The patch that the next kernel or pooling window covers, on the face of the image that it walks over."""
    shape, window = solid.part.shape, step.part.window
    if len(shape) != 3 or len(window) != 2 or None in shape:
        return
    tall, deep, _ = scale.sides(shape)
    high, wide = (min(max(k / side, 0.1), 1) for k, side in zip(window, shape[:2], strict=True))
    high, wide, middle = high * tall, wide * deep, right - deep / 2
    corners = [
        (middle + a * wide / 2, y + a * wide / 2 + b * high / 2)
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    axis.add_patch(Polygon(corners, facecolor="white", edgecolor=INK, linewidth=1.2, zorder=3))
    color = COLORS.get(step.part.kind, INK)
    line(axis, [(middle + wide / 4, y), (right + 0.06, y)], color=color, width=2)


class _Scale:
    """How large outputs are drawn: sides by their square root, channels and units by their logarithm."""

    def __init__(self, found: Sequence[Solid]) -> None:
        sides = [side or 1 for solid in found if len(solid.part.shape) > 1 for side in solid.part.shape[:2]]
        self.largest = max(sides, default=1)

    def sides(self, shape: network_plan.Shape) -> tuple[float, float, float]:
        """Height, width (as it is seen from the side) and thickness of a box."""
        tall, wide = (0.22 + 1.05 * math.sqrt((side or 1) / self.largest) for side in shape[:2])
        channels = shape[2] if len(shape) > 2 else 1
        return tall, 0.36 * wide, 0.05 + 0.05 * math.log2(channels or 1)

    def bar(self, shape: network_plan.Shape) -> float:
        """The height of a bar of so many numbers."""
        return min(0.25 + 0.12 * math.log2(max((shape[0] if shape else 1) or 1, 1)), 1.9)

    def height(self, solid: Solid) -> float:
        shape = solid.part.shape
        if len(shape) < 2:
            return self.bar(shape)
        tall, deep, _ = self.sides(shape)
        return tall + deep

    def width(self, solid: Solid) -> float:
        shape = solid.part.shape
        if len(shape) < 2:
            return 0.16
        _, deep, thick = self.sides(shape)
        return deep + thick


def _half(solid: Solid, scale: _Scale) -> float:
    return max(scale.width(solid), _text_below(solid)) / 2


def _text_below(solid: Solid) -> float:
    return max(map(text_width, (solid.size, *solid.below)))


def _pitch(left: Solid, right: Solid, scale: _Scale) -> float:
    """From the middle of one output to that of the next, so that arrow, label and sizes have room."""
    drawn = (scale.width(left) + scale.width(right)) / 2
    sizes = (_text_below(left) + _text_below(right)) / 2 + 0.15
    return max(drawn + 0.5, sizes, right.label_width + 0.16)


def _draw_solid(axis: Axes, x: float, y: float, solid: Solid, scale: _Scale) -> None:
    """Draw an output around x, y."""
    part, color = solid.part, COLORS.get(solid.part.kind, GRAY)
    if len(part.shape) < 2:
        tall = scale.bar(part.shape)
        _face(axis, [(x - 0.08, y - tall / 2), (x + 0.08, y - tall / 2)], (0, tall), color, 0.45, part.frozen)
        return
    tall, deep, thick = scale.sides(part.shape)
    left, low = x - (thick + deep) / 2, y - (tall + deep) / 2
    right = left + thick
    _face(axis, [(left, low), (right, low)], (0, tall), color, 0.3, part.frozen)
    _face(axis, [(left, low + tall), (right, low + tall)], (deep, deep), color, 0.15, False)
    _face(axis, [(right, low), (right + deep, low + deep)], (0, tall), color, 0.5, part.frozen)


def _face(axis: Axes, edge: list[Point], to: Point, color: str, share: float, frozen: bool) -> None:
    """A parallelogram: an edge, moved by `to`."""
    corners = [*edge, *((x + to[0], y + to[1]) for x, y in reversed(edge))]
    options = {"linewidth": 1.3, "joinstyle": "round", "zorder": 2}
    axis.add_patch(Polygon(corners, facecolor=tint(color, share), edgecolor=color, **options))
    if frozen:
        axis.add_patch(
            Polygon(corners, facecolor="none", edgecolor="white", linewidth=0, hatch="//", zorder=2)
        )


def choose(plan: Plan, fits: Callable[[Plan], bool]) -> Plan:
    """The finest plan that fits, or the coarsest."""
    for detail in network_plan.DETAILS:
        found = network_plan.at(plan, detail)
        if fits(found):
            break
    return found
