// A digit drawn as strokes of a pen becomes the 28×28 image that a network reads.
//
// The same as helpers.digits.handwriting: `rasterizeStrokes` is `rasterize`, `prepareDigit` is
// `prepare(drawing, dark_on_light=True)`, for drawings: the paper of a drawing has no printed lines, so the search for
// them is left out. tests/widgets/test_prepare_js.py compares the two on hundreds of drawings.
import { boxResized, inkOnPaper, roundEven } from "./paper.js";

const DIGIT_SIDE = 28; // pixels of MNIST's images
const DIGIT_BOX = 20; // pixels of the square that a digit fits into
const DIGIT_PEN = 0.14; // width of the pen as a share of the drawing's longer side
const DIGIT_THINNEST = 1.7; // thinner strokes (in pixels of the box) are thickened
const DIGIT_SPECK = 0.04; // parts of the drawing with less ink than this share of the largest part are left out

const roundOut = (value) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5); // halves away from zero
const roundIn = (value) => Math.sign(value) * Math.ceil(Math.abs(value) - 0.5); // halves toward zero

// Strokes, [[[x, y], ...], ...] in pixels, drawn with a round black pen on white: {shape: [size, size], values} with
// values from 0 to 255, or null where nothing is drawn. The pen is as wide as handwriting.rasterize makes it.
export function rasterizeStrokes(strokes, size = 280) {
  const lines = strokes.filter((stroke) => stroke.length > 0);
  if (lines.length === 0) return null;
  const [left, top, right, bottom] = digitFrame(lines);
  const width = DIGIT_PEN * Math.max(right - left, bottom - top, 0.2 * size);
  const side = 2 * size; // drawn twice as large, then halved: soft edges
  const large = new Uint8Array(side * side).fill(255);
  const thick = Math.max(roundEven(2 * width), 1);
  for (const line of lines) {
    const points = line.map(([x, y]) => [2 * x, 2 * y]);
    for (let i = 1; i < points.length; i++) fillBar(large, side, points[i - 1], points[i], thick);
    for (const [x, y] of points) fillDisc(large, side, x, y, width);
  }
  const values = new Uint8Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = 2 * row * side + 2 * column;
      values[row * size + column] = (large[at] + large[at + 1] + large[at + side] + large[at + side + 1] + 2) >> 2;
    }
  }
  return { shape: [size, size], values };
}

function digitFrame(lines) {
  const frame = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of lines) {
    for (const [x, y] of line) {
      frame[0] = Math.min(frame[0], x);
      frame[1] = Math.min(frame[1], y);
      frame[2] = Math.max(frame[2], x);
      frame[3] = Math.max(frame[3], y);
    }
  }
  return frame;
}

function fillRow(large, side, row, from, to) {
  if (row < 0 || row >= side || to < 0 || from >= side || from > to) return;
  large.fill(0, row * side + Math.max(from, 0), row * side + Math.min(to, side - 1) + 1);
}

// The straight part of a stroke: a bar with whole-numbered corners around the line between two points, the pixels
// that Pillow's ImageDraw.line fills.
function fillBar(large, side, start, end, thick) {
  const [x0, y0, x1, y1] = [...start, ...end].map(Math.trunc);
  const [dx, dy] = [x1 - x0, y1 - y0];
  if (dx === 0 && dy === 0) return; // the disc at the point is all there is
  const length = Math.hypot(dx, dy);
  const half = (thick - 1) / 2;
  const [wide, narrow] = [roundOut(half) / length, roundIn(half) / length];
  const [less, more] = [[roundIn(narrow * dy), roundIn(narrow * dx)], [roundIn(wide * dy), roundIn(wide * dx)]];
  const corners = [
    [x0 - less[0], y0 + more[1]],
    [x1 - less[0], y1 + more[1]],
    [x1 + more[0], y1 - less[1]],
    [x0 + more[0], y0 - less[1]],
  ];
  const rows = corners.map(([, y]) => y);
  const lowest = Math.max(Math.min(...rows), 0);
  const highest = Math.min(Math.max(...rows), side - 1);
  if (highest < lowest) return;
  const from = new Float64Array(highest - lowest + 1).fill(Infinity); // of each row, where the bar begins and ends
  const to = new Float64Array(highest - lowest + 1).fill(-Infinity);
  for (let i = 0; i < 4; i++) {
    const [ax, ay] = corners[i];
    const [bx, by] = corners[(i + 1) % 4];
    if (ay === by) fillRow(large, side, ay, Math.min(ax, bx), Math.max(ax, bx));
    if (ay === by) continue;
    const slope = Math.fround((bx - ax) / (by - ay));
    for (let row = Math.max(Math.min(ay, by), lowest); row <= Math.min(Math.max(ay, by), highest); row++) {
      const x = Math.fround((row - ay) * slope + ax);
      from[row - lowest] = Math.min(from[row - lowest], x);
      to[row - lowest] = Math.max(to[row - lowest], x);
    }
  }
  for (let i = 0; i < from.length; i++) fillRow(large, side, lowest + i, roundOut(from[i]), roundIn(to[i]));
}

// The round end of a stroke: the pixels that Pillow's ImageDraw.ellipse fills. Its rim goes from the right end up to
// the top in steps of one pixel, each to that neighbor (up, left, or both) that lies nearest to the true ellipse.
function fillDisc(large, side, x, y, radius) {
  const [left, top] = [Math.trunc(x - radius), Math.trunc(y - radius)];
  const [a, b] = [Math.trunc(x + radius) - left, Math.trunc(y + radius) - top];
  const offCurve = (column, row) => Math.abs(a * a * row * row + b * b * column * column - a * a * b * b);
  let [column, row, filled] = [a, b % 2, -1]; // twice the distance from the middle, which may lie between two pixels
  for (;;) {
    if (row > filled) {
      const [from, to] = [left + (a - column) / 2, left + (a + column) / 2];
      for (const each of [-row, row]) fillRow(large, side, top + (each + b) / 2, from, to);
      filled = row;
    }
    if (column === a % 2 && row === b) return;
    const choices = [[column, row + 2]];
    if (column > 1) choices.push([column - 2, row + 2], [column - 2, row]);
    let best = choices[0];
    for (const choice of choices) if (offCurve(...choice) < offCurve(...best)) best = choice;
    [column, row] = best;
  }
}

// What handwriting.prepare makes of a drawing {shape, values 0 to 255, dark on white}: {shape: [28, 28], values}, light
// ink on black; null where there is no ink.
export function prepareDigit({ shape: [rows, columns], values }) {
  const bright = new Float64Array(values.length);
  for (let at = 0; at < bright.length; at++) bright[at] = 255 - values[at];
  const ink = inkOnPaper({ rows, columns, values: bright });
  const digit = ink && withoutSpecks(ink);
  return digit && centerDigit(scaleToBox(thickenInk(cropInk(digit))));
}

// A picture is {rows, columns, values}, ink from 0 (paper) to 1.

// Small separate parts of the drawing go: a pen that touched the pad by mistake.
function withoutSpecks({ rows, columns, values }) {
  const part = new Int32Array(values.length); // the number of the part that a pixel belongs to, from 1 on
  const mass = [0]; // of each part, how many pixels are strong
  const waiting = new Int32Array(values.length);
  for (let start = 0; start < values.length; start++) {
    if (part[start] || !(values[start] > 0.1)) continue;
    const number = mass.length;
    let strong = 0;
    let count = 1;
    waiting[0] = start;
    part[start] = number;
    while (count) {
      const at = waiting[--count];
      if (values[at] > 0.5) strong++;
      const row = Math.floor(at / columns);
      const column = at - row * columns;
      for (let r = Math.max(row - 1, 0); r <= Math.min(row + 1, rows - 1); r++) {
        for (let c = Math.max(column - 1, 0); c <= Math.min(column + 1, columns - 1); c++) {
          const next = r * columns + c;
          if (part[next] || !(values[next] > 0.1)) continue;
          part[next] = number;
          waiting[count++] = next;
        }
      }
    }
    mass.push(strong);
  }
  if (mass.length === 1) return null;
  const least = Math.max(DIGIT_SPECK * Math.max(...mass), 1);
  const kept = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) if (part[at] && mass[part[at]] >= least) kept[at] = values[at];
  return { rows, columns, values: kept };
}

// The smallest rectangle that holds all ink above a tenth.
function cropInk({ rows, columns, values }) {
  let top = rows;
  let left = columns;
  let bottom = -1;
  let right = -1;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!(values[row * columns + column] > 0.1)) continue;
      if (row < top) top = row;
      if (row > bottom) bottom = row;
      if (column < left) left = column;
      if (column > right) right = column;
    }
  }
  const cropped = { rows: bottom - top + 1, columns: right - left + 1 };
  cropped.values = new Float64Array(cropped.rows * cropped.columns);
  for (let row = 0; row < cropped.rows; row++) {
    const from = (top + row) * columns + left;
    cropped.values.set(values.subarray(from, from + cropped.columns), row * cropped.columns);
  }
  return cropped;
}

// Strokes that would fade when the longer side shrinks to 20 pixels become wider; others stay.
function thickenInk(ink) {
  const unit = Math.max(ink.rows, ink.columns) / DIGIT_BOX;
  const framed = framedInk(ink, 1);
  const depth = distances(framed, false);
  let sum = 0;
  let count = 0;
  for (let at = 0; at < depth.length; at++) {
    if (depth[at] === 0) continue;
    sum += depth[at];
    count++;
  }
  const width = (4 * sum) / count - 2; // a bar of even width w has the mean depth (w + 2) / 4
  if (width >= DIGIT_THINNEST * unit) return ink;
  const grow = (DIGIT_PEN * DIGIT_BOX * unit - width) / 2;
  const larger = framedInk(ink, Math.trunc(grow) + 1);
  const away = distances(larger, true);
  const values = larger.values.map((value, at) => Math.max(value, Math.min(Math.max(grow + 0.5 - away[at], 0), 1)));
  return { ...larger, values };
}

function framedInk(ink, margin) {
  const [rows, columns] = [ink.rows + 2 * margin, ink.columns + 2 * margin];
  const values = new Float64Array(rows * columns);
  for (let row = 0; row < ink.rows; row++) {
    values.set(ink.values.subarray(row * ink.columns, (row + 1) * ink.columns), (row + margin) * columns + margin);
  }
  return { rows, columns, values };
}

// How far each pixel of a picture is, in pixels, from the nearest strong one, or from the nearest that is not strong
// (there must be one): along the columns first, then along the rows, each by the lower envelope of parabolas
// (Felzenszwalb and Huttenlocher, 2012).
function distances({ rows, columns, values }, toStrong) {
  const far = (rows + columns) ** 2;
  const squared = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) squared[at] = values[at] > 0.5 === toStrong ? 0 : far;
  const given = new Float64Array(Math.max(rows, columns));
  const lowest = new Int32Array(given.length); // the places whose parabolas make up the envelope, from left to right
  const from = new Float64Array(given.length); // and where each of them begins to be the lowest
  const along = (start, step, length) => {
    for (let i = 0; i < length; i++) given[i] = squared[start + i * step];
    let last = 0;
    lowest[0] = 0;
    from[0] = -Infinity;
    for (let i = 1; i < length; i++) {
      let meet;
      for (;;) {
        const j = lowest[last];
        meet = (given[i] + i * i - given[j] - j * j) / (2 * (i - j));
        if (meet > from[last]) break;
        last--;
      }
      last++;
      lowest[last] = i;
      from[last] = meet;
    }
    for (let i = 0, k = 0; i < length; i++) {
      while (k < last && from[k + 1] < i) k++;
      squared[start + i * step] = given[lowest[k]] + (i - lowest[k]) ** 2;
    }
  };
  for (let column = 0; column < columns; column++) along(column, columns, rows);
  for (let row = 0; row < rows; row++) along(row * columns, 1, columns);
  for (let at = 0; at < squared.length; at++) squared[at] = Math.sqrt(squared[at]);
  return squared;
}

// The longer side becomes 20 pixels, and the proportions stay; values 0 to 255.
function scaleToBox(ink) {
  const longer = Math.max(ink.rows, ink.columns);
  const [rows, columns] = [ink.rows, ink.columns].map((side) => Math.max(roundEven((DIGIT_BOX * side) / longer), 1));
  const scaled = boxResized(ink, rows, columns);
  const brightest = scaled.values.reduce((most, value) => Math.max(most, value), 0);
  return { rows, columns, values: scaled.values.map((value) => (255 * value) / brightest) };
}

// The digit on 28×28 pixels, its center of mass on pixel (14, 14), to the nearest pixel.
function centerDigit({ rows, columns, values }) {
  let [mass, down, right] = [0, 0, 0];
  values.forEach((value, at) => {
    mass += value;
    down += value * Math.floor(at / columns);
    right += value * (at % columns);
  });
  const place = (middle, length) => {
    return Math.min(Math.max(roundEven(DIGIT_SIDE / 2 - middle), 0), DIGIT_SIDE - length);
  };
  const [top, left] = [place(down / mass, rows), place(right / mass, columns)];
  const image = new Uint8Array(DIGIT_SIDE * DIGIT_SIDE);
  values.forEach((value, at) => {
    const [row, column] = [top + Math.floor(at / columns), left + (at % columns)];
    image[row * DIGIT_SIDE + column] = roundEven(value);
  });
  return { shape: [DIGIT_SIDE, DIGIT_SIDE], values: image };
}
