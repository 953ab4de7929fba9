// A pad on which a mouse, a finger or a pen draws strokes, [[[x, y], ...], ...].
import { make } from "./shared.js";

export const PAD_SIDE = 280; // the strokes' own pixels, whatever size the pad has on the screen
const PAD_LINE = 0.075; // width of the line, as a share of the pad's side

// onDraw(ended) is called for each piece of a stroke, and with true at its end. Returns {canvas, strokes, isDrawing,
// set, redraw}: `strokes` has the one that is being drawn too, `set(strokes)` puts others in their place and does not
// call back, and `redraw()` paints them, in the size that the pad has now.
export function drawingPad({ label, onDraw }) {
  const canvas = make("canvas", { class: "live-pad", role: "img", "aria-label": label });
  const pen = canvas.getContext("2d");
  let strokes = [];
  let stroke = null; // the points of the stroke that is being drawn
  let pointer = null; // the finger or mouse that draws it; others are ignored

  const all = () => (stroke ? [...strokes, stroke] : strokes);
  const set = (next) => {
    strokes = next;
    stroke = pointer = null;
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = (value) => Math.round(10 * Math.min(Math.max(value, 0), PAD_SIDE)) / 10;
    return [
      inside(((event.clientX - box.left) * PAD_SIDE) / box.width),
      inside(((event.clientY - box.top) * PAD_SIDE) / box.height),
    ];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (stroke || event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId); // the stroke goes on when the pointer leaves the pad
    pointer = event.pointerId;
    stroke = [place(event)];
    onDraw(false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || event.pointerId !== pointer) return;
    const between = event.getCoalescedEvents?.() ?? [];
    stroke.push(...(between.length ? between : [event]).map(place));
    onDraw(false);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(name, (event) => {
      if (!stroke || event.pointerId !== pointer) return;
      set(all());
      onDraw(true);
    });
  }

  function redraw() {
    const ratio = globalThis.devicePixelRatio || 1;
    const side = Math.round((canvas.clientWidth || PAD_SIDE) * ratio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    pen.setTransform(side / PAD_SIDE, 0, 0, side / PAD_SIDE, 0, 0);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, PAD_SIDE, PAD_SIDE);
    pen.strokeStyle = "#000";
    pen.lineWidth = PAD_LINE * PAD_SIDE;
    pen.lineCap = pen.lineJoin = "round";
    for (const points of all()) {
      pen.beginPath();
      points.forEach(([x, y]) => pen.lineTo(x, y));
      if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]);
      pen.stroke();
    }
  }

  return {
    canvas,
    set,
    redraw,
    get strokes() {
      return all();
    },
    get isDrawing() {
      return stroke !== null;
    },
  };
}
