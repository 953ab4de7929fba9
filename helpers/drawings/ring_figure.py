"""The ring all-reduce in pictures: what each device holds at first, on the way, and in the end.

Notebook 10 calls `show`; the numbers are those of `helpers.from_scratch.ring`, which does what is drawn.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.arguments import whole_number
from helpers.drawings.shapes import FAINT, GRAY, INK, Point, arrow, canvas, tint, write
from helpers.from_scratch import ring
from helpers.notebook import plots

HEIGHT = 3.7  # of the figure, in inches
PANEL, SIDE = 2.1, 0.25  # width of a panel; side of a chunk's square
PLACES = ((0.45, 2.42), (1.65, 2.42), (1.65, 0.76), (0.45, 0.76))  # middles of the devices, around the ring


def show() -> None:
    """Show four devices that add up their gradients in a ring."""
    figure, alt = draw()
    plots.show(figure, alt=alt)


def draw(devices: int = 4) -> tuple[Figure, str]:
    """The figure of `show` and its alternative text. Raises ValueError for more devices than there are places."""
    devices = whole_number(devices, "devices", least=2)
    if devices > len(PLACES):
        raise ValueError(f"there is room for {len(PLACES)} devices, not {devices}.")
    tables = [np.ones((devices, devices), dtype=int)]  # how many gradients are in each chunk
    sent = []
    for step in ring.steps(tables[0]):
        tables.append(step.table)
        sent.append(step.chunks)
    half = devices - 1
    figure, axis = canvas(HEIGHT)
    panels = ((0, "at first"), (1, "after 1 step"), (half, f"after {half} steps:\neach sum is complete"),
              (2 * half, f"after {2 * half} steps:\nall have every sum"))  # fmt: skip
    for number, (place, title) in enumerate(panels):
        left = number * PANEL
        write(axis, left + PANEL / 2, HEIGHT - 0.24, title, size=11.5, fontweight="bold", linespacing=1.05)
        _panel(axis, left, tables[place], sent[place] if place < len(sent) else None)
    alt = (
        f"{devices} devices in a ring, four times. Each holds {devices} squares, one for each chunk of the gradient, "
        f"numbered 0 to {half} from top to bottom, with the number of devices whose gradients are in it. At first all "
        f"numbers are 1. After one step each device has a 2; after {half} steps each has one {devices}, which is "
        f"complete; after {2 * half} steps all squares hold {devices}."
    )
    return figure, alt


def _panel(axis: Axes, left: float, table: np.ndarray, sent: np.ndarray | None) -> None:
    devices = len(table)
    centers = [(left + x, y) for x, y in PLACES[:devices]]
    for device, (x, y) in enumerate(centers):
        for chunk, count in enumerate(table[device]):
            top = y + (devices / 2 - chunk) * SIDE
            _square(axis, (x, top), int(count), devices, leaves=sent is not None and sent[device] == chunk)
            if device == 0:  # the others have theirs in the same order
                write(axis, x - SIDE / 2 - 0.1, top - SIDE / 2 - 0.01, f"{chunk}:", size=9, color=FAINT)
        write(axis, x, y - devices / 2 * SIDE - 0.12, f"device {device}", size=10, color=FAINT)
    if sent is None:
        return
    for device, start in enumerate(centers):
        end = centers[(device + 1) % devices]
        arrow(axis, [_aside(start, end), _aside(end, start)], color=GRAY)


def _square(axis: Axes, top: Point, count: int, devices: int, *, leaves: bool) -> None:
    color = plots.GREEN if count == devices else plots.BLUE
    share = 0.15 + 0.55 * (count - 1) / max(1, devices - 1)
    axis.add_patch(
        Rectangle(
            (top[0] - SIDE / 2, top[1] - SIDE), SIDE, SIDE, facecolor=tint(color, share),
            edgecolor=plots.RED if leaves else "white", linewidth=2.4 if leaves else 1, zorder=6 if leaves else 5,
        )
    )  # fmt: skip
    write(axis, top[0], top[1] - SIDE / 2 - 0.01, str(count), size=10, color=INK, zorder=7)


def _aside(start: Point, end: Point) -> Point:
    """A point on the way from the middle of one device to that of another, just outside the first."""
    across, up = end[0] - start[0], end[1] - start[1]
    if abs(across) > abs(up):
        return start[0] + np.sign(across) * (SIDE / 2 + 0.1), start[1]
    low = 0.24 if up < 0 else 0.06  # below a device stands its name
    return start[0], start[1] + np.sign(up) * (2 * SIDE + low)
