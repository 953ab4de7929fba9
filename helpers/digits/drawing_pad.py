"""A pad to draw a digit on with mouse, finger or pen, and the picture of what a network reads in it.

The notebook 03_mnist shows `live_pad` where someone can draw, and `show_reading` everywhere else.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from matplotlib.figure import Figure

from helpers import errors
from helpers.digits import handwriting
from helpers.notebook import plots
from helpers.notebook.frontend import safe_print

Predict = Callable[[np.ndarray], Any]  # uint8 images (n, 28, 28) -> probabilities (n, 10)

ESM = """
function render({ model, el }) {
  const size = model.get("size");
  const pad = document.createElement("div");
  pad.className = "digit-pad";
  const canvas = document.createElement("canvas");
  const scale = window.devicePixelRatio || 1;  // canvas pixels for each CSS pixel: sharp on any screen
  canvas.width = canvas.height = Math.round(size * scale);
  canvas.style.width = canvas.style.height = `${size}px`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Pad: draw one digit from 0 to 9 here");
  const clear = document.createElement("button");
  clear.type = "button";
  clear.textContent = "Clear";
  pad.append(canvas, clear);
  el.append(pad);

  const pen = canvas.getContext("2d");
  let stroke = null;  // the points of the stroke being drawn
  let pointer = null;  // the finger or mouse that draws it; others are ignored

  function draw(points) {
    pen.beginPath();
    points.forEach(([x, y]) => pen.lineTo(x, y));
    if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]);
    pen.stroke();
  }
  function redraw() {
    pen.setTransform(canvas.width / size, 0, 0, canvas.height / size, 0, 0);
    pen.fillStyle = "white";
    pen.fillRect(0, 0, size, size);
    pen.strokeStyle = "black";
    pen.lineWidth = 0.075 * size;
    pen.lineCap = pen.lineJoin = "round";
    model.get("strokes").forEach(draw);
    if (stroke) draw(stroke);
  }
  function place(event) {  // where on the pad, whatever zoom the page is shown at
    const box = canvas.getBoundingClientRect();
    const inside = (value) => Math.round(10 * Math.min(Math.max(value, 0), size)) / 10;
    const x = inside((event.clientX - box.left) * size / box.width);
    const y = inside((event.clientY - box.top) * size / box.height);
    return [x, y];
  }
  function finish(event) {
    if (!stroke || event.pointerId !== pointer) return;
    const strokes = [...model.get("strokes"), stroke];
    stroke = pointer = null;
    model.set("strokes", strokes);
    model.save_changes();
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (stroke || event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);  // the stroke goes on when the pointer leaves the pad
    pointer = event.pointerId;
    stroke = [place(event)];
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || event.pointerId !== pointer) return;
    const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    stroke.push(...(all.length ? all : [event]).map(place));
    redraw();
  });
  canvas.addEventListener("pointerup", finish);
  canvas.addEventListener("pointercancel", finish);
  canvas.addEventListener("lostpointercapture", finish);
  clear.addEventListener("click", () => {
    stroke = pointer = null;
    model.set("strokes", []);
    model.save_changes();
    redraw();
  });
  model.on("change:strokes", redraw);
  redraw();
  return () => model.off("change:strokes", redraw);
}
export default { render };
"""

CSS = """
.digit-pad { display: inline-flex; flex-direction: column; gap: 8px; padding: 4px; }
.digit-pad canvas { touch-action: none; cursor: crosshair; background: white; outline: 2px solid #888; }
.digit-pad button { align-self: flex-start; padding: 4px 16px; }
"""


class DigitPad(anywidget.AnyWidget):
    """A white square to draw on; `strokes` is a list of strokes, each a list of [x, y] from 0 to `size`.

    `on_change(strokes)` is called whenever a stroke has ended or the pad was cleared.
    """

    _esm = ESM
    _css = CSS
    size = traitlets.Int(280).tag(sync=True)
    strokes = traitlets.List().tag(sync=True)

    def __init__(self, on_change: Callable[[list], None] | None = None, **options: Any) -> None:
        super().__init__(**options)
        if on_change is not None:
            self.observe(lambda change: on_change(change["new"]), names="strokes")


@dataclass(frozen=True)
class Reading:
    """A drawing (size, size), the image the network was shown (28, 28), and its ten probabilities."""

    drawing: np.ndarray
    prepared: np.ndarray
    probabilities: np.ndarray

    def __str__(self) -> str:
        digit = int(self.probabilities.argmax())
        return f"the network reads {digit}, {self.probabilities[digit]:.0%} sure"


def read(strokes: handwriting.Strokes, predict: Predict, *, size: int = 280) -> Reading:
    """Draw the strokes, prepare them like MNIST, and ask `predict`. Raises `DigitError` for an empty pad."""
    drawing = handwriting.rasterize(strokes, size=size)
    prepared = handwriting.prepare(drawing, dark_on_light=True)
    probabilities = np.asarray(predict(prepared[np.newaxis]), dtype=float)
    if probabilities.shape != (1, 10):
        raise ValueError(f"predict must return shape (1, 10) for one image, not {probabilities.shape}.")
    return Reading(drawing=drawing, prepared=prepared, probabilities=probabilities[0])


def reading_figure(reading: Reading, *, with_drawing: bool = True) -> Figure:
    """The drawing (unless it is on screen already), the prepared image, and a bar for each digit."""
    panels = 3 if with_drawing else 2
    figure, axes = plots.new_figure(columns=panels, width=2.6 * panels, height=2.6)
    if with_drawing:
        plots.draw_image(axes[0], reading.drawing)
        axes[0].set_title("as drawn", fontsize=11)
    plots.draw_image(axes[-2], reading.prepared)
    axes[-2].set_title("as the network sees it", fontsize=11)
    best = reading.probabilities.argmax()
    colors = [plots.ORANGE if digit == best else plots.BLUE for digit in range(10)]
    axes[-1].barh(np.arange(10), reading.probabilities, color=colors)
    axes[-1].set(xlabel="probability", ylabel="digit", xlim=(0, 1), yticks=range(10))
    axes[-1].invert_yaxis()
    axes[-1].set_title(f"reads {best}", fontsize=11)
    return figure


def show_reading(strokes: handwriting.Strokes, predict: Predict) -> None:
    """Show drawing, prepared image and probabilities as one figure, or say why there is none."""
    try:
        reading = read(strokes, predict)
    except errors.DigitError as error:
        safe_print(error)
        return
    alt = f"A drawn digit, the same digit prepared as 28 by 28 pixels, and ten bars; {reading}."
    plots.show(reading_figure(reading), alt=alt)


def live_pad(predict: Predict, *, size: int = 280) -> ipywidgets.HBox:
    """The pad, and beside it what the network reads, renewed after every stroke."""
    answer = ipywidgets.HTML(value=reading_html([], predict, size=size))

    def renew(strokes: list) -> None:
        answer.value = reading_html(strokes, predict, size=size)

    return ipywidgets.HBox([DigitPad(on_change=renew, size=size), answer])


def reading_html(strokes: handwriting.Strokes, predict: Predict, *, size: int = 280) -> str:
    """What `live_pad` shows beside the pad: a picture with its alternative text, or a plain message."""
    try:
        reading = read(strokes, predict, size=size)
    except errors.DigitError as error:
        return f"<p>{html.escape(_sentence(error))}</p>"
    except Exception as error:  # a stack trace beside the pad would help nobody
        return f"<p>The network could not read this: {html.escape(f'{type(error).__name__}: {error}')}</p>"
    return plots.as_html(reading_figure(reading, with_drawing=False), alt=f"{_sentence(reading)}.")


def _sentence(thing: object) -> str:
    text = str(thing)
    return text[:1].upper() + text[1:]
