"""Computation graphs that calculate: forward values, gradients by the chain rule, and a drawing of both.

    x, w = computation_graph.inputs(x=3, w=2)
    loss = (computation_graph.relu(x * w) - 4) ** 2
    computation_graph.show(loss, backward=True)

Notebook 05b draws one neuron and its loss with it. Each number of the calculation is a `Node`. After Andrej Karpathy,
micrograd (2020). The `show_…` functions have twins `draw_…` that return the figure and its alternative text.
"""

from collections.abc import Iterable
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.drawings.shapes import FAINT, GRAY, INK, WIDTH, arrow, canvas, rounded, write, written
from helpers.notebook import plots

COLUMN, ROW = 1.32, 1.0  # inches from box to box, at most, and from row to row
BOX, TALL = 0.78, 0.56  # a box's size
BACK = plots.RED  # the color of all that goes backward


class Node:
    """One number of a calculation: an input, or what an operation made of other nodes.

    +, -, * take nodes and plain numbers, ** only the exponent 2. `value` is a float, `slopes` holds for each of the
    `parents` how fast this value rises when that one grows: the local derivative.
    """

    def __init__(
        self, label: str, value: float, parents: tuple["Node", ...] = (), slopes: tuple[float, ...] = ()
    ) -> None:
        self.label, self.value = label, float(value)
        self.parents, self.slopes = parents, slopes

    def __add__(self, other: "Node | float") -> "Node":
        if not isinstance(other, Node):
            return Node(
                f"{'−' if other < 0 else '+'} {written(abs(other))}", self.value + other, (self,), (1.0,)
            )
        terms = [*_terms(self), *_terms(other)]
        return Node("+", sum(term.value for term in terms), tuple(terms), (1.0,) * len(terms))

    def __mul__(self, other: "Node | float") -> "Node":
        if not isinstance(other, Node):
            return Node(f"× {written(other)}", self.value * other, (self,), (float(other),))
        return Node("×", self.value * other.value, (self, other), (other.value, self.value))

    def __sub__(self, other: "Node | float") -> "Node":
        if not isinstance(other, Node):
            return self + -other
        return Node("−", self.value - other.value, (self, other), (1.0, -1.0))

    def __pow__(self, exponent: int) -> "Node":
        if exponent != 2:
            raise ValueError(f"only the square is known here, ** 2, not ** {exponent!r}.")
        return Node("square", self.value**2, (self,), (2 * self.value,))

    __radd__, __rmul__ = __add__, __mul__


def _terms(node: Node) -> tuple[Node, ...]:
    """What a sum adds up, so that a + b + c is one box."""
    return node.parents if node.label == "+" else (node,)


def inputs(**values: float) -> tuple[Node, ...]:
    """A node for each name; a digit at a name's end is drawn as an index."""
    indices = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    return tuple(Node(name.translate(indices), value) for name, value in values.items())


def relu(node: Node) -> Node:
    """max(value, 0); at 0 its slope is taken to be 0, as TensorFlow does."""
    return Node("ReLU", max(node.value, 0.0), (node,), (float(node.value > 0),))


def maximum(first: Node, second: Node) -> Node:
    """The larger of two; of two equal ones the first."""
    wins = first.value >= second.value
    value = first.value if wins else second.value
    return Node("max", value, (first, second), (float(wins), float(not wins)))


def ordered(output: Node) -> list[Node]:
    """All nodes that `output` was calculated from, each after its parents; `output` is the last."""
    found: dict[int, Node] = {}

    def visit(node: Node) -> None:
        if id(node) not in found:
            for parent in node.parents:
                visit(parent)
            found[id(node)] = node

    visit(output)
    return list(found.values())


def gradients(output: Node, arriving: float = 1.0) -> dict[Node, float]:
    """How fast `output` rises when each node grows, times `arriving`: the chain rule, from the last node back.

    Where a node is used several times, its gradients add up.
    """
    nodes = ordered(output)
    found = dict.fromkeys(nodes, 0.0)
    found[output] = float(arriving)
    for node in reversed(nodes):
        for parent, slope in zip(node.parents, node.slopes, strict=True):
            found[parent] += found[node] * slope
    return found


def show(output: Node, *, backward: bool = False) -> None:
    """Show the calculation of `output` as boxes with their values; with `backward` each one's gradient too, in color.

    Raises ValueError for more than seven columns, which don't fit the page.
    """
    figure, alt = draw(output, backward=backward)
    plots.show(figure, alt=alt)


def draw(output: Node, *, backward: bool = False) -> tuple[Figure, str]:
    """The figure of `show` and its alternative text."""
    places = _places(output)
    columns = 1 + max(place.column for place in places.values())
    if columns > 7:
        raise ValueError(f"a graph of {columns} columns doesn't fit the page: it must have at most 7.")
    rows = max(place.row for place in places.values())
    step = min(COLUMN, (WIDTH - BOX - 0.3) / max(columns - 1, 1))
    figure, axis = canvas(ROW * rows + 1.25, (columns - 1) * step + BOX + 0.3)
    _draw(
        axis,
        output,
        places,
        (0.15 + BOX / 2, ROW * rows + 0.8),
        step,
        gradients(output) if backward else None,
    )
    return figure, alt_text(output, gradients(output) if backward else None)


def alt_text(output: Node, back: dict[Node, float] | None = None) -> str:
    """The graph in words: what each box makes of which values, and every gradient if they are given."""
    names: dict[Node, str] = {}
    steps = []
    for node in ordered(output):
        names[node] = f"{node.label} = {written(node.value)}"
        if node.parents:
            steps.append(f"{' and '.join(names[parent] for parent in node.parents)} go into {names[node]}")
    text = f"A computation graph, from left to right: {'; '.join(steps)}."
    if back is not None:
        told = ", ".join(f"{names[node]}: {written(back[node])}" for node in reversed(ordered(output)))
        text += f" In color, from right to left, the gradient of each: {told}."
    return text


class _Place(NamedTuple):
    column: int
    row: float  # from the top


def _places(output: Node) -> dict[Node, _Place]:
    """A column and a row for each node: just before what uses it, and in the middle of what it is made of."""
    nodes = ordered(output)
    ahead = dict.fromkeys(nodes, 0)  # columns up to the output
    for node in reversed(nodes):
        for parent in node.parents:
            ahead[parent] = max(ahead[parent], ahead[node] + 1)
    last = max(ahead.values())
    rows: dict[Node, float] = {}
    leaves = 0
    for node in nodes:
        if node.parents:
            rows[node] = sum(rows[parent] for parent in node.parents) / len(node.parents)
        else:
            rows[node], leaves = float(leaves), leaves + 1
    _spread(nodes, ahead, rows)
    return {node: _Place(last - ahead[node], rows[node]) for node in nodes}


def _spread(nodes: list[Node], ahead: dict[Node, int], rows: dict[Node, float]) -> None:
    """Move boxes that would lie on one another, such as two uses of one input, a row apart around their middle."""
    at: dict[tuple[int, float], list[Node]] = {}
    for node in nodes:
        at.setdefault((ahead[node], rows[node]), []).append(node)
    for same in at.values():
        for index, node in enumerate(same):
            rows[node] += index - (len(same) - 1) / 2
    lowest = min(rows.values())
    for node in nodes:
        rows[node] -= lowest


def _draw(
    axis: Axes,
    output: Node,
    places: dict[Node, _Place],
    origin: tuple[float, float],
    step: float,
    back: dict[Node, float] | None,
) -> None:
    """The graph with the middle of its upper left box at `origin`."""
    centers = {
        node: (origin[0] + step * place.column, origin[1] - ROW * place.row) for node, place in places.items()
    }
    for node, (x, y) in centers.items():
        for index, parent in enumerate(node.parents):
            apart = 0.19 * ((len(node.parents) - 1) / 2 - index)  # so that they arrive side by side
            from_x, from_y = centers[parent]
            start, end = (from_x + BOX / 2, from_y + 0.06), (x - BOX / 2, y + 0.06 + apart)
            arrow(axis, [start, end], color=GRAY)
            if back is not None:
                arrow(axis, [(end[0], end[1] - 0.12), (start[0], start[1] - 0.12)], color=BACK, width=1.2)
        color = GRAY if node.parents else plots.BLUE
        rounded(axis, x - BOX / 2, y - TALL / 2, BOX, TALL, color, zorder=5)
        write(axis, x, y + 0.14, node.label, size=11, color=FAINT, zorder=6)
        write(axis, x, y - 0.11, written(node.value), size=14, color=INK, zorder=6)
        if back is not None:
            write(axis, x, y - TALL / 2 - 0.15, written(back[node]), size=13, color=BACK, fontweight="bold")


# The rules


class Rule(NamedTuple):
    """A small graph with the gradient that arrives at its output, and what it shows, in two words or three."""

    title: str
    output: Node
    arriving: float


def rules() -> list[Rule]:
    """What each operation does to a gradient of 2 that arrives; and where one number is used twice."""
    first, second, off, twice = inputs(a=3, b=5, c=-3, d=3)
    return [
        Rule("a sum passes it on", first + second, 2),
        Rule("a product swaps", first * second, 2),
        Rule("a maximum routes it", maximum(first, second), 2),
        Rule("a ReLU is a gate: open …", relu(first), 2),
        Rule("… or shut", relu(off), 2),
        Rule("used twice: they add up", twice * 2 + twice * 4, 2),
    ]


def show_rules() -> None:
    """Show what a sum, a product, a maximum, a ReLU and a fork do to the gradient that arrives."""
    figure, alt = draw_rules()
    plots.show(figure, alt=alt)


def draw_rules() -> tuple[Figure, str]:
    """The figure of `show_rules` and its alternative text."""
    figure, axis = canvas(5.15)
    told = []
    for index, rule in enumerate(rules()):
        row, column = divmod(index, 3)
        left, top = (0.1, 2.6, 5.05)[column], 5.15 - 2.6 * row
        write(axis, left + 0.12, top - 0.22, rule.title, size=12.5, fontweight="bold", ha="left")
        places = _places(rule.output)
        step = 1.5 if max(place.column for place in places.values()) == 1 else 1.12
        low = max(place.row for place in places.values())
        origin = (left + 0.12 + BOX / 2, top - 0.75 - (0.5 * ROW if low == 0 else 0))
        back = gradients(rule.output, rule.arriving)
        _draw(axis, rule.output, places, origin, step, back)
        told.append(f"{rule.title}: {_in_words(rule.output, back)}")
    return figure, f"What becomes of a gradient that arrives from the right. {'; '.join(told)}."


def _in_words(output: Node, back: dict[Node, float]) -> str:
    leaves: Iterable[Node] = (node for node in ordered(output) if not node.parents)
    given = " and ".join(f"{written(back[leaf])} to {leaf.label} = {written(leaf.value)}" for leaf in leaves)
    return f"{output.label} gets {written(back[output])}, and passes back {given}"
