// What all live figures share: the label table, controls, canvases of cells, colors, keyboard, and speech.
//
// A figure is rendered by anywidget in a notebook and by live-loader.js on the web site. In both it may be rendered
// before its element is in the page: then sizes and colors are not known yet, and `followSize` redraws as soon as they
// are. Nothing here touches the page while it is loaded, so that tests can import it without one.

// ---------------------------------------------------------------------------------------------------- words

// A function `t(key, values)` that gives the text of a label, with each {name} in it replaced by its value.
// A label or a value that is missing is a mistake in a figure, and throws.
export function liveLabels(model) {
  const labels = model.get("labels");
  return (key, values = {}) => {
    if (!Object.hasOwn(labels, key)) throw new Error(`labels.json has no text for "${key}"`);
    return labels[key].replace(/\{(\w+)\}/g, (_, name) => {
      if (!Object.hasOwn(values, name)) throw new Error(`the label "${key}" needs a value for {${name}}`);
      return String(values[name]);
    });
  };
}

// A number as text with so many decimals, a real minus sign, and no "−0.00".
export function number(value, digits = 2) {
  const text = Number(value).toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

// ------------------------------------------------------------------------------------------------- elements

// An element with attributes and children. `class`, `text`, `style` (an object or text) and `on` (event → function)
// have a meaning of their own; an attribute that is false, null or undefined is left out, and so is such a child.
export function make(tag, attributes = {}, ...children) {
  return sharedFill(document.createElement(tag), attributes, children);
}

// The same for the elements of an SVG drawing.
export function makeSvg(tag, attributes = {}, ...children) {
  return sharedFill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function sharedFill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") element.textContent = value;
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "style" && typeof value === "object") Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// The root of a figure, with its title for screen readers, put into `el`. Keys pressed in it are the figure's alone:
// JupyterLab would take them for shortcuts, and the arrow keys away from a slider.
export function figureRoot(el, name, title) {
  const root = make("div", {
    class: `live live-${name}`,
    role: "group",
    "aria-label": title,
    "data-lm-suppress-shortcuts": "true",
    on: { keydown: (event) => event.stopPropagation() },
  });
  el.append(root);
  return root;
}

// What `render` returns: a function that takes a figure out of the page, after all of `stops` have been called.
export function leaving(root, stops) {
  return () => {
    for (const stop of stops) stop();
    root.remove();
  };
}

// ------------------------------------------------------------------------------------------------- controls
// Each is an object {node, set}: `set` changes what is shown and does not call back. A slider also has {input, value}.

export function slider(t, key, { min, max, step = 1, value, onInput, format = String }) {
  const shown = make("span", { class: "live-value" }); // an <output> would be read aloud, and so is aria-valuetext
  const input = make("input", { type: "range", min, max, step, "aria-label": t(key) }); // the value is read anyway
  const control = {
    node: make("label", { class: "live-control" }, make("span", {}, t(key), " ", shown), input),
    input,
    get value() {
      return Number(input.value);
    },
    set(next) {
      input.value = next;
      shown.textContent = format(control.value);
      input.setAttribute("aria-valuetext", format(control.value));
    },
  };
  input.addEventListener("input", () => {
    control.set(input.value);
    onInput(control.value);
  });
  control.set(value);
  return control;
}

export function choice(t, key, { options, value, onChange }) {
  const shown = options.map(([name, label]) => make("option", { value: name, text: label }));
  const input = make("select", { "aria-label": t(key) }, shown);
  const names = new Map(options.map(([name]) => [String(name), name]));
  input.value = value;
  input.addEventListener("change", () => onChange(names.get(input.value)));
  return {
    node: make("label", { class: "live-control" }, make("span", { text: t(key) }), input),
    set(next) {
      input.value = next;
    },
  };
}

export function toggle(t, key, { value, onChange }) {
  const input = make("input", { type: "checkbox" });
  input.checked = value;
  input.addEventListener("change", () => onChange(input.checked));
  return {
    node: make("label", { class: "live-control live-toggle" }, input, make("span", { text: t(key) })),
    set(next) {
      input.checked = next;
    },
  };
}

// `set` changes the words on the button.
export function button(label, onClick, attributes = {}) {
  const node = make("button", { type: "button", text: label, ...attributes, on: { click: onClick } });
  return {
    node,
    set(next) {
      node.textContent = next;
    },
  };
}

// Buttons and a slider that go through `steps` steps, numbered from 0. onStep(step, byHand) is called whenever the step
// changes through them or, not by hand, through playing; after the last step, playing begins again. Nothing plays
// unless the reader asks for it, as one who wants little motion expects. `set(step)` and `resize(steps)` do not call
// back. A figure with little room shows only `play` instead of `node`; `words` are the keys of that button's two labels.
export function stepper(t, { steps, onStep, seconds, words = ["play", "pause"] }) {
  let timer = null;
  const position = slider(t, "step", {
    min: 0,
    max: Math.max(steps - 1, 0),
    value: 0,
    format: (step) => t("step of", { step: step + 1, steps }),
    onInput: (step) => {
      pause();
      onStep(step, true);
    },
  });
  const play = button(t(words[0]), () => (timer === null ? start() : pause()));
  const turn = (by, byHand) => {
    const step = (position.value + by + steps) % steps;
    position.set(step);
    onStep(step, byHand);
  };
  const go = (by) => {
    pause();
    turn(by, true);
  };
  function start() {
    play.set(t(words[1]));
    timer = setInterval(() => turn(1, false), 1000 * seconds);
  }
  function pause() {
    if (timer !== null) clearInterval(timer);
    timer = null;
    play.set(t(words[0]));
  }
  const node = make(
    "div",
    { class: "live-stepper", role: "group", "aria-label": t("steps") },
    button(t("previous"), () => go(-1)).node,
    play.node,
    button(t("next"), () => go(1)).node,
    position.node,
  );
  return {
    node,
    play: play.node,
    set: position.set,
    resize(count) {
      steps = count;
      position.input.max = Math.max(steps - 1, 0);
      position.set(Math.min(position.value, steps - 1));
    },
    pause,
  };
}

// ---------------------------------------------------------------------------------------------------- arrays

// {shape, dtype, data} as `modules.pack` writes it → {shape, values}; float16 becomes float32.
export function unpack({ shape, dtype, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const count = shape.reduce((product, side) => product * side, 1);
  const readers = {
    uint8: [1, () => bytes],
    float16: [2, () => Float32Array.from({ length: count }, (_, i) => sharedHalf(view.getUint16(2 * i, true)))],
    float32: [4, () => Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true))],
  };
  if (!Object.hasOwn(readers, dtype)) throw new Error(`an array of ${dtype} cannot be unpacked`);
  const [size, read] = readers[dtype];
  if (bytes.length !== size * count) throw new Error(`${bytes.length} bytes are not ${count} values of ${dtype}`);
  return { shape, values: read() };
}

function sharedHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// ---------------------------------------------------------------------------------------------------- colors

const SHARED_INK = {
  text: "#1f2328",
  faint: "#59636e",
  paper: "#ffffff",
  raised: "#f3f4f6",
  accent: "#e69f00",
  second: "#56b4e9",
};

// Matplotlib's PuOr, in eleven colors from negative to positive.
const SHARED_DIVERGING = [
  0x7f3b08, 0xb35806, 0xe08214, 0xfdb863, 0xfee0b6, 0xf7f7f7, 0xd8daeb, 0xb2abd2, 0x8073ac, 0x542788, 0x2d004b,
];

// The colors of the theme around `el`: {text, faint, paper, raised, accent, second}.
export function ink(el) {
  const style = getComputedStyle(el);
  return Object.fromEntries(
    Object.entries(SHARED_INK).map(([name, usual]) => [name, style.getPropertyValue(`--live-${name}`).trim() || usual]),
  );
}

// [red, green, blue], 0 to 255, of a value between low and high: gray, or for `signed` PuOr, whose middle is white.
export function shade(value, { low = 0, high = 1, signed = false } = {}) {
  const share = Math.min(Math.max((value - low) / (high - low || 1), 0), 1) || 0;
  if (!signed) return [share, share, share].map((part) => Math.round(255 * part));
  const place = share * (SHARED_DIVERGING.length - 1);
  const before = Math.min(Math.floor(place), SHARED_DIVERGING.length - 2);
  return [16, 8, 0].map((shift) => {
    const [from, to] = [0, 1].map((step) => (SHARED_DIVERGING[before + step] >> shift) & 255);
    return Math.round(from + (to - from) * (place - before));
  });
}

// Calls redraw() whenever the page turns dark or light; returns what stops it.
export function followTheme(el, redraw) {
  const dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(redraw);
  const attributes = true;
  const attributeFilter = ["class", "theme", "data-theme", "data-jp-theme-light", "data-vscode-theme-kind"];
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes, attributeFilter });
  dark.addEventListener("change", redraw);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", redraw);
  };
}

// Calls redraw() once `el` is in the page, and after each change of its width; returns what stops it. Up to 560 pixels
// `el` has the class live-narrow: its own width decides, not the window's, since notebooks have margins and side bars.
export function followSize(el, redraw) {
  let drawn = "";
  let frame = 0;
  const later = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      const now = `${el.clientWidth} ${globalThis.devicePixelRatio}`;
      if (!el.clientWidth || now === drawn) return;
      drawn = now;
      el.classList.toggle("live-narrow", el.clientWidth <= 560);
      redraw();
    });
  };
  const observer = new ResizeObserver(later);
  observer.observe(el);
  globalThis.addEventListener("resize", later);
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
    globalThis.removeEventListener("resize", later);
  };
}

// --------------------------------------------------------------------------------------------------- canvases

// Draws `values` (rows × columns, row after row; for `color` three of them a cell, 0 to 1) as cells on the canvas,
// which becomes at most `size` CSS pixels wide (and tall), and never wider than its figure. All cells have the same whole
// number of the screen's pixels, so they are crisp. Returns the side of a cell in CSS pixels.
export function paint(
  canvas,
  values,
  rows,
  columns,
  { low = 0, high = 1, signed = false, color = false, size = 240 } = {},
) {
  const side = sharedFit(canvas, rows, columns, size);
  const scratch = (paint.scratch ??= document.createElement("canvas"));
  scratch.width = columns;
  scratch.height = rows;
  const small = scratch.getContext("2d");
  const pixels = small.createImageData(columns, rows);
  const level = (value) => 255 * ((value - low) / (high - low || 1));
  for (let cell = 0; cell < rows * columns; cell++) {
    if (color) for (let c = 0; c < 3; c++) pixels.data[4 * cell + c] = level(values[3 * cell + c]);
    else if (signed) pixels.data.set(shade(values[cell], { low, high, signed }), 4 * cell);
    else pixels.data.fill(level(values[cell]), 4 * cell, 4 * cell + 3);
    pixels.data[4 * cell + 3] = 255;
  }
  small.putImageData(pixels, 0, 0);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(scratch, 0, 0, canvas.width, canvas.height);
  return side;
}

// Makes a canvas this many CSS pixels large and fills it with one color; returns its pen, which counts in CSS pixels.
export function blankSheet(canvas, width, height, color) {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = color;
  pen.fillRect(0, 0, width, height);
  return pen;
}

// Gives the canvas its size on the page and in the screen's pixels, where these have changed.
function sharedFit(canvas, rows, columns, size) {
  const ratio = globalThis.devicePixelRatio || 1;
  const root = canvas.closest(".live");
  const room = root?.clientWidth ? root.clientWidth - 2 * parseFloat(getComputedStyle(root).paddingLeft) - 2 : size;
  const most = Math.min((Math.min(size, room) * ratio) / columns, (size * ratio) / rows);
  const cell = Math.max(1, Math.floor(most));
  const [width, height] = [cell * columns, cell * rows];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const shown = [`${width / ratio}px`, `${height / ratio}px`];
  if (canvas.style.width !== shown[0]) canvas.style.width = shown[0];
  if (canvas.style.height !== shown[1]) canvas.style.height = shown[1];
  return cell / ratio;
}

// Writes the values on the cells that `paint` drew with the same options, dark on bright cells and bright on dark ones.
// Where `text` (value → text) is not given, numbers have at most `digits` decimals, and large ones fewer.
export function inscribe(canvas, values, rows, columns, { low = 0, high = 1, signed = false, digits = 1, text } = {}) {
  const words = text ?? ((value) => sharedShort(value, digits));
  const pen = canvas.getContext("2d");
  const [width, height] = [canvas.width / columns, canvas.height / rows];
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (let cell = 0; cell < rows * columns; cell++) {
    const [red, green, blue] = shade(values[cell], { low, high, signed });
    const written = words(values[cell]);
    pen.font = `${Math.min(0.42 * height, (1.5 * width) / Math.max(written.length, 2))}px system-ui, sans-serif`;
    pen.fillStyle = 0.3 * red + 0.59 * green + 0.11 * blue > 130 ? "#000" : "#fff";
    pen.fillText(written, width * ((cell % columns) + 0.5), height * (Math.floor(cell / columns) + 0.5));
  }
}

function sharedShort(value, digits) {
  const kept = Math.max(digits - Math.floor(Math.log10(Math.max(Math.abs(value), 1))), 0);
  return number(value, Number.isInteger(Number(value.toFixed(kept))) ? 0 : kept);
}

// A frame around the cells [row, column, height, width], in a color of `ink` or any CSS color, with a dark rim that
// shows on bright cells too.
export function outline(canvas, rows, columns, [row, column, height, width], colorName = "accent", { dashed } = {}) {
  const pen = canvas.getContext("2d");
  const ratio = globalThis.devicePixelRatio || 1;
  const [across, down] = [canvas.width / columns, canvas.height / rows];
  const box = [column * across, row * down, width * across, height * down];
  // Around a small box, so as not to cover it, and within a large one; never beyond the border, which would cut it off.
  const edge = 1.5 * ratio;
  const inside = Math.min(box[2], box[3]) < 16 * ratio ? -edge : edge;
  const clamp = (value, most) => Math.min(Math.max(value, edge), most - edge);
  const [left, right] = [box[0] + inside, box[0] + box[2] - inside].map((x) => clamp(x, canvas.width));
  const [top, bottom] = [box[1] + inside, box[1] + box[3] - inside].map((y) => clamp(y, canvas.height));
  pen.save();
  pen.lineJoin = "round";
  for (const [color, line] of [
    ["#000", 4],
    [ink(canvas)[colorName] ?? colorName, 2],
  ]) {
    pen.strokeStyle = color;
    pen.lineWidth = line * ratio;
    if (dashed) pen.setLineDash([5 * ratio, 3 * ratio]);
    pen.strokeRect(left, top, right - left, bottom - top);
  }
  pen.restore();
}

// The cell under a pointer as [row, column], or null outside of the canvas.
export function cellAt(canvas, event, rows, columns) {
  const box = canvas.getBoundingClientRect();
  const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
  const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
  return row >= 0 && row < rows && column >= 0 && column < columns ? [row, column] : null;
}

// Lets a reader go over the cells of a canvas with arrow keys, Home and End (of the row; with Ctrl: first and last
// cell), mouse and finger; calls onMove(row, column, event). Where what is walked over is not the canvas' own grid,
// `cellOf(event)` says which cell a pointer means, or null. Returns {place, resize, stop, at}: `place(row, column)`
// says where the walk is and does not call back, `resize(rows, columns)` how large the grid is now.
export function walk(canvas, rows, columns, { onMove, label, cellOf }) {
  let [row, column] = [0, 0];
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application"); // or a screen reader would keep the arrow keys for itself
  canvas.setAttribute("aria-label", label);
  const go = (nextRow, nextColumn, event) => {
    const next = [Math.min(Math.max(nextRow, 0), rows - 1), Math.min(Math.max(nextColumn, 0), columns - 1)];
    if (next[0] === row && next[1] === column && event.type === "pointermove") return;
    [row, column] = next;
    onMove(row, column, event);
  };
  const onKey = (event) => {
    if (event.altKey || event.metaKey) return;
    const moves = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [event.ctrlKey ? 0 : row, 0],
      End: [event.ctrlKey ? rows - 1 : row, columns - 1],
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    go(...moves[event.key], event);
  };
  const onPointer = (event) => {
    const cell = cellOf ? cellOf(event) : cellAt(canvas, event, rows, columns);
    if (cell) go(...cell, event);
  };
  canvas.addEventListener("keydown", onKey);
  canvas.addEventListener("pointermove", onPointer);
  canvas.addEventListener("pointerdown", onPointer);
  return {
    place(nextRow, nextColumn) {
      [row, column] = [nextRow, nextColumn];
    },
    resize(nextRows, nextColumns) {
      [rows, columns] = [nextRows, nextColumns];
      [row, column] = [Math.min(row, rows - 1), Math.min(column, columns - 1)];
    },
    stop() {
      canvas.removeEventListener("keydown", onKey);
      canvas.removeEventListener("pointermove", onPointer);
      canvas.removeEventListener("pointerdown", onPointer);
    },
    get at() {
      return [row, column];
    },
  };
}

// ----------------------------------------------------------------------------------------------------- speech

// A function say(text) that lets a screen reader speak what the reader's last action led to: once, 400 ms after the
// last call, and not while a pointer is held down, as it is while drawing. `say.stop()` ends it.
export function announcer(root) {
  const region = make("div", { class: "live-hidden", role: "status", "aria-live": "polite" });
  let timer = 0;
  let held = false;
  let waiting = null;
  const speak = () => {
    if (held || waiting === null) return;
    if (region.textContent !== waiting) region.textContent = waiting;
    waiting = null;
  };
  const press = () => {
    held = true;
  };
  const release = () => {
    if (!held) return;
    held = false;
    clearTimeout(timer);
    timer = setTimeout(speak, 400);
  };
  root.append(region);
  root.addEventListener("pointerdown", press);
  root.addEventListener("change", release, true); // a list that is open keeps the end of the press to itself
  globalThis.addEventListener("pointerup", release);
  globalThis.addEventListener("pointercancel", release);
  const say = (text) => {
    waiting = text;
    clearTimeout(timer);
    timer = setTimeout(speak, 400);
  };
  say.stop = () => {
    clearTimeout(timer);
    root.removeEventListener("pointerdown", press);
    root.removeEventListener("change", release, true);
    globalThis.removeEventListener("pointerup", release);
    globalThis.removeEventListener("pointercancel", release);
  };
  return say;
}
