// A small grid of numbers slides over an image: edit the grid, choose how it moves, and watch each sum come out.
// With `simple` in its settings, for a first look, kernels are chosen with buttons, and nothing else can be set.
import {
  announcer, button, cellAt, choice, figureRoot, followSize, followTheme, ink, inscribe, leaving, liveLabels, make,
  number, outline, paint, shade, slider, stepper, unpack, walk,
} from "./shared.js";

// ------------------------------------------------------------------------------------------------ arithmetic

export const CONVOLUTION_KERNELS = ["identity", "blur", "sharpen", "vertical edges", "horizontal edges", "outline"];

// The kernel of that name, size × size numbers row after row, as `kernels.make_kernel` makes it in Python; null for an
// edge kernel of one pixel, which has no neighbors to compare.
export function convolutionKernel(name, size) {
  if (!CONVOLUTION_KERNELS.includes(name)) throw new Error(`unknown kernel "${name}"`);
  const grid = (value) => Float64Array.from({ length: size * size }, (_, i) => value(Math.floor(i / size), i % size));
  if (name.endsWith("edges")) {
    if (size === 1) return null;
    const times = (row, [a, b]) => [...row, 0].map((value, i) => b * value + a * (row[i - 1] ?? 0));
    let smooth = [1];
    for (let i = 2; i < size; i++) smooth = times(smooth, [1, 1]); // a row of Pascal's triangle
    const [along, across] = [times(smooth, [1, 1]), times(smooth, [1, -1])];
    return grid((row, column) => (name === "vertical edges" ? along[row] * across[column] : across[row] * along[column]));
  }
  const middle = Math.floor((size - 1) / 2);
  const dot = (row, column) => (row === middle && column === middle ? 1 : 0);
  const mean = 1 / size ** 2;
  return grid({
    identity: dot,
    blur: () => mean,
    sharpen: (row, column) => 2 * dot(row, column) - mean,
    outline: (row, column) => size ** 2 * dot(row, column) - 1,
  }[name]);
}

// Along one side of `length` pixels: how many pixels the kernel reaches over, the zeros before and after, the room with
// them, and the number of places, 0 where it does not fit. An odd number of zeros is split as TensorFlow does.
export function convolutionPlaces(length, { size, stride, padding, dilation }) {
  const reach = (size - 1) * dilation + 1;
  const wanted = Math.ceil(length / stride);
  const zeros = padding === "same" ? Math.max((wanted - 1) * stride + reach - length, 0) : 0;
  const before = Math.floor(zeros / 2);
  const room = length + zeros;
  return { reach, zeros, before, room, places: room < reach ? 0 : Math.floor((room - reach) / stride) + 1 };
}

// The image {values, rows, columns} with the zeros that `padding` asks for; `top` and `left` are those before it.
export function convolutionPad({ values, rows, columns }, moves) {
  const [down, right] = [convolutionPlaces(rows, moves), convolutionPlaces(columns, moves)];
  const padded = new Float64Array(down.room * right.room);
  for (let row = 0; row < rows; row++) {
    padded.set(values.subarray(row * columns, (row + 1) * columns), (row + down.before) * right.room + right.before);
  }
  return { values: padded, rows: down.room, columns: right.room, top: down.before, left: right.before };
}

// The pixels of a padded image that lie under the kernel at one place, size × size.
export function convolutionPatch(padded, row, column, { size, stride, dilation }) {
  return Float64Array.from({ length: size * size }, (_, i) => {
    const r = row * stride + Math.floor(i / size) * dilation;
    return padded.values[r * padded.columns + column * stride + (i % size) * dilation];
  });
}

// The feature map {values, rows, columns} of an image under a kernel; without rows where the kernel does not fit.
export function convolutionMap(image, kernel, moves) {
  const [rows, columns] = [image.rows, image.columns].map((side) => convolutionPlaces(side, moves).places);
  if (!rows || !columns) return { values: new Float64Array(0), rows: 0, columns: 0 };
  const padded = convolutionPad(image, moves);
  const values = new Float64Array(rows * columns);
  for (let place = 0; place < values.length; place++) {
    const patch = convolutionPatch(padded, Math.floor(place / columns), place % columns, moves);
    values[place] = patch.reduce((sum, pixel, i) => sum + pixel * kernel[i], 0);
  }
  return { values, rows, columns };
}

// The place [row, column] of a feature map whose value is the farthest from 0.
export function convolutionStrongest({ values, columns }) {
  const index = values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]) ? i : best), 0);
  return [Math.floor(index / columns), index % columns];
}

// The range of colors for a feature map: around 0 where it has both signs; a few extremes may go beyond it.
export function convolutionRange(values) {
  if (values.every((value) => value >= -1e-9)) return { low: 0, high: Math.max(...values, 1), signed: false };
  const sizes = Array.from(values, Math.abs).sort((a, b) => a - b);
  const limit = sizes[Math.floor(0.995 * (sizes.length - 1))] || 1;
  return { low: -limit, high: limit, signed: true };
}

// ---------------------------------------------------------------------------------------------------- figure

const CONVOLUTION_RING = "#56708a"; // the tint of the zeros that padding adds, as in the course's pictures
const CONVOLUTION_OWN = "own";
const convolutionCell = (size) => (size > 4 ? [38, 1] : [48, 2]); // CSS pixels and decimals of a cell with a number

// Buttons that name kernels, one of them pressed, in the place of `choice`; none for a kernel of the reader's own.
function convolutionButtons(t, { value, onPress }) {
  const names = CONVOLUTION_KERNELS.filter((name) => name !== "identity");
  const buttons = names.map((name) => button(t(`kernel ${name}`), () => [control.set(name), onPress(name)]).node);
  const control = {
    node: make("div", { class: "live-buttons", role: "group", "aria-label": t("kernel") }, buttons),
    set: (chosen) => buttons.forEach((node, i) => node.setAttribute("aria-pressed", names[i] === chosen)),
  };
  control.set(value);
  return control;
}

function renderConvolution({ model, el }) {
  const t = liveLabels(model);
  const settings = model.get("settings");
  const simple = Boolean(settings.simple);
  const images = settings.images.map(({ name, image }) => {
    const { shape, values } = unpack(image);
    const scale = image.dtype === "uint8" ? 255 : 1;
    const pixels = Float64Array.from(values, (value) => value / scale);
    return { name: name ?? t("your image"), values: pixels, rows: shape[0], columns: shape[1] };
  });
  const moves = { size: settings.size, stride: settings.stride, padding: settings.padding, dilation: settings.dilation };
  const named = typeof settings.kernel === "string";
  const state = {
    image: images[0],
    name: named ? settings.kernel : CONVOLUTION_OWN,
    kernel: named ? convolutionKernel(settings.kernel, moves.size) : Float64Array.from(settings.kernel.flat()),
    at: [0, 0],
  };

  const root = figureRoot(el, "convolution", t("title"));
  root.classList.toggle("live-simple", simple);
  const say = announcer(root);
  const controls = {
    image: choice(t, "image", {
      options: images.map(({ name }, index) => [index, name]),
      value: 0,
      onChange: (index) => change(() => (state.image = images[index])),
    }),
    kernel: simple
      ? convolutionButtons(t, { value: state.name, onPress: (name) => change(() => chooseKernel(name)) })
      : choice(t, "kernel", {
          options: [...CONVOLUTION_KERNELS, CONVOLUTION_OWN].map((name) => [name, t(`kernel ${name}`)]),
          value: state.name,
          onChange: (name) => change(() => chooseKernel(name)),
        }),
    size: slider(t, "size", {
      min: 1,
      max: 7,
      value: moves.size,
      format: (size) => t("by", { rows: size, columns: size }),
      onInput: (size) => change(() => resizeKernel(size)),
    }),
    stride: slider(t, "stride", {
      min: 1,
      max: 4,
      value: moves.stride,
      onInput: (stride) => change(() => (moves.stride = stride)),
    }),
    dilation: slider(t, "dilation", {
      min: 1,
      max: 3,
      value: moves.dilation,
      onInput: (dilation) => change(() => (moves.dilation = dilation)),
    }),
    padding: choice(t, "padding", {
      options: ["valid", "same"].map((word) => [word, t(`padding ${word}`)]),
      value: moves.padding,
      onChange: (word) => change(() => (moves.padding = word)),
    }),
  };
  const canvases = {};
  for (const name of ["input", "map", "patch", "products"]) {
    canvases[name] = make("canvas", { class: "live-framed", role: "img" });
  }
  const captions = {};
  for (const name of ["input", "kernel", "map", "patch", "products", "sum"]) {
    captions[name] = make("p", { class: "live-caption" });
  }
  const cells = make("div", { class: "live-kernel", role: "group", "aria-label": t("kernel cells") });
  const sum = make("span", { class: "live-sum live-numbers" });
  const formula = make("p", { class: "live-numbers live-formula" });
  const note = make("p", { class: "live-note" });
  const legend = make("p", { class: "live-caption live-legend" });
  const steps = stepper(t, {
    steps: 1,
    seconds: simple ? 0.12 : 0.25,
    words: simple ? ["slide", "stop"] : undefined,
    onStep: (step, byHand) => goTo(Math.floor(step / state.map.columns), step % state.map.columns, byHand),
  });
  const block = (name, ...children) =>
    make("div", { class: `live-block live-block-${name}` }, captions[name], ...children);
  captions.sum.textContent = t(simple ? "simple sum" : "sum");
  const blocks = {
    input: block("input", canvases.input),
    map: block("map", canvases.map, !simple && legend),
    legend,
    patch: block("patch", canvases.patch),
    kernel: block("kernel", cells),
    products: block("products", canvases.products),
    sum: block("sum", sum, simple && steps.play),
  };
  const row = (name, ...shown) => make("div", { class: `live-row ${name}` }, shown.map((key) => blocks[key]));
  if (simple) {
    root.append(controls.kernel.node, row("live-picture", "input", "kernel", "sum", "map", "legend"));
  } else {
    root.append(
      make(
        "div",
        { class: "live-row live-settings" },
        images.length > 1 && controls.image.node,
        ...["kernel", "size", "stride", "padding", "dilation"].map((name) => controls[name].node),
      ),
      row("live-images", "input", "map"),
      note,
      steps.node,
      row("live-here", "patch", "kernel", "products", "sum"),
      formula,
    );
  }

  const overMap = walk(canvases.map, 1, 1, {
    label: t("map label"),
    onMove: (row, column, event) => {
      steps.pause();
      goTo(row, column, event.type !== "pointermove");
    },
  });
  const overInput = (event) => {
    const cell = cellAt(canvases.input, event, state.padded.rows, state.padded.columns);
    if (!cell || !state.map.rows) return;
    const half = (convolutionPlaces(1, { ...moves, padding: "valid" }).reach - 1) / 2;
    const place = (pixel, places) => Math.min(Math.max(Math.round((pixel - half) / moves.stride), 0), places - 1);
    const next = [place(cell[0], state.map.rows), place(cell[1], state.map.columns)];
    if (event.type === "pointermove" && next.join() === state.at.join()) return;
    steps.pause();
    goTo(...next, event.type !== "pointermove");
  };
  canvases.input.addEventListener("pointermove", overInput);
  canvases.input.addEventListener("pointerdown", overInput);

  function chooseKernel(name) {
    state.name = name;
    if (name === CONVOLUTION_OWN) return;
    if (moves.size === 1 && name.endsWith("edges")) {
      moves.size = 2; // the smallest that can compare neighbors
      controls.size.set(2);
    }
    state.kernel = convolutionKernel(name, moves.size);
  }

  // A named kernel is made anew in the new size; one's own grows or shrinks around its middle.
  function resizeKernel(size) {
    const [before, old] = [moves.size, state.kernel];
    moves.size = size;
    if (size === 1 && state.name.endsWith("edges")) {
      state.name = "identity"; // one pixel has no neighbors to compare
      controls.kernel.set(state.name);
    }
    if (state.name !== CONVOLUTION_OWN) {
      state.kernel = convolutionKernel(state.name, size);
      return;
    }
    const shift = Math.floor((before - 1) / 2) - Math.floor((size - 1) / 2);
    state.kernel = Float64Array.from({ length: size * size }, (_, i) => {
      const [row, column] = [Math.floor(i / size) + shift, (i % size) + shift];
      return row >= 0 && row < before && column >= 0 && column < before ? old[row * before + column] : 0;
    });
  }

  function change(act) {
    act();
    steps.pause();
    fillCells();
    update();
    say(`${state.map.rows ? t("says map", sizes()) : ""} ${note.textContent}`.trim());
  }

  function sizes() {
    return { rows: state.map.rows, columns: state.map.columns };
  }

  // The kernel's cells, which can be edited; they stay the same elements while the size does not change.
  function fillCells() {
    const { size } = moves;
    if (cells.childElementCount !== size * size) {
      cells.style.gridTemplateColumns = `repeat(${size}, ${convolutionCell(size)[0]}px)`;
      cells.replaceChildren(
        ...Array.from({ length: size * size }, (_, i) =>
          make("input", {
            type: "number",
            step: "any",
            "aria-label": t("cell", { row: Math.floor(i / size) + 1, column: (i % size) + 1 }),
            on: {
              input: (event) => edit(i, event.target),
              change: (event) => !Number.isFinite(event.target.valueAsNumber) && fillCells(),
              focus: (event) => event.target.select(),
            },
          }),
        ),
      );
    }
    [...cells.children].forEach((cell, i) => {
      cell.value = String(Number(state.kernel[i].toFixed(2)));
      cell.removeAttribute("aria-invalid");
      tint(cell, i);
    });
  }

  function tint(cell, i) {
    const limit = Math.max(...state.kernel.map(Math.abs)) || 1;
    const [red, green, blue] = shade(state.kernel[i], { low: -limit, high: limit, signed: true });
    cell.style.background = `rgb(${red}, ${green}, ${blue})`;
    cell.style.color = 0.3 * red + 0.59 * green + 0.11 * blue > 130 ? "#000" : "#fff";
  }

  function edit(i, cell) {
    const value = cell.valueAsNumber;
    if (!Number.isFinite(value)) return cell.setAttribute("aria-invalid", "true"); // a minus sign alone: more will come
    cell.removeAttribute("aria-invalid");
    state.kernel[i] = value;
    state.name = CONVOLUTION_OWN;
    controls.kernel.set(state.name);
    [...cells.children].forEach(tint);
    update();
    say(t("says sum", { row: state.at[0] + 1, column: state.at[1] + 1, sum: sum.textContent }));
  }

  // Everything that follows from image, kernel and moves.
  function update() {
    const { image, kernel } = state;
    state.map = convolutionMap(image, kernel, moves);
    state.padded = convolutionPad(image, moves);
    state.range = convolutionRange(state.map.values);
    const fits = state.map.rows > 0;
    note.textContent = fits
      ? moves.stride > 1 && moves.dilation > 1
        ? t("stride and dilation")
        : ""
      : t("does not fit", { size: moves.size, reach: convolutionPlaces(1, { ...moves, padding: "valid" }).reach });
    for (const name of ["map", "patch", "products"]) canvases[name].parentElement.hidden = !fits;
    sum.parentElement.hidden = steps.node.hidden = !fits;
    formula.replaceChildren(...formulas().flatMap((line) => [line, make("br")]));
    const ringed = state.padded.values.length > image.values.length;
    captions.input.textContent = t(simple ? "simple input" : ringed ? "input padded" : "input", {
      rows: image.rows,
      columns: image.columns,
      all: t("by", { rows: state.padded.rows, columns: state.padded.columns }),
    });
    captions.kernel.textContent = t("kernel caption");
    captions.map.textContent = t("map", sizes());
    captions.products.textContent = t("products");
    legend.textContent = t(state.range.signed ? "legend signed" : "legend gray", { high: number(state.range.high, 1) });
    steps.resize(Math.max(state.map.rows * state.map.columns, 1));
    overMap.resize(Math.max(state.map.rows, 1), Math.max(state.map.columns, 1));
    state.at = overMap.at;
    redraw();
  }

  function formulas() {
    const { image } = state;
    const both = [["height", image.rows], ["width", image.columns]];
    const lines = (image.rows === image.columns ? [["side", image.rows]] : both).map(([side, length]) => {
      const { reach, zeros, places } = convolutionPlaces(length, moves);
      return t("formula", { side: t(side), length, zeros, reach, stride: moves.stride, places: places || t("none") });
    });
    const { reach } = convolutionPlaces(1, { ...moves, padding: "valid" });
    const stretched = { size: moves.size, dilation: moves.dilation, reach };
    return moves.dilation > 1 && moves.size > 1 ? [t("reach", stretched), ...lines] : lines;
  }

  function goTo(row, column, aloud = false) {
    state.at = [row, column];
    redraw();
    if (aloud) say(t("says sum", { row: row + 1, column: column + 1, sum: sum.textContent }));
  }

  function redraw() {
    const { padded, map, at } = state;
    const halved = (taken) => Math.floor((root.clientWidth - taken) / 2);
    const wide = simple ? Math.min(halved(24 + 146 + 64), 288) : 270; // simple: the kernel and two gaps between them
    const large = root.classList.contains("live-narrow") ? halved(40) : wide;
    paint(canvases.input, padded.values, padded.rows, padded.columns, { size: large });
    tintZeros();
    canvases.input.setAttribute("aria-label", captions.input.textContent);
    if (!map.rows) return;
    const { size, stride, dilation } = moves;
    const { reach } = convolutionPlaces(1, { ...moves, padding: "valid" });
    const corner = [at[0] * stride, at[1] * stride];
    outline(canvases.input, padded.rows, padded.columns, [...corner, reach, reach]);
    if (dilation > 1) markPixels(corner);
    const mapSide = paint(canvases.map, map.values, map.rows, map.columns, { ...state.range, size: large });
    if (mapSide >= 30) inscribe(canvases.map, map.values, map.rows, map.columns, state.range);
    outline(canvases.map, map.rows, map.columns, [...at, 1, 1]);
    if (!simple) drawHere(convolutionPatch(padded, ...at, moves));
    const index = at[0] * map.columns + at[1];
    sum.textContent = number(map.values[index], 3);
    steps.set(index);
    overMap.place(...at);
    captions.patch.textContent = t("patch", { row: at[0] + 1, column: at[1] + 1 });
    canvases.map.setAttribute("aria-label", `${t("map label")} ${t("map", sizes())}`);
  }

  function drawHere(patch) {
    const { size } = moves;
    const [side, digits] = convolutionCell(size);
    const products = patch.map((pixel, i) => pixel * state.kernel[i]);
    const limit = Math.max(...products.map(Math.abs)) || 1;
    const ranges = { patch: { low: 0, high: 1 }, products: { low: -limit, high: limit, signed: true } };
    for (const [name, values] of [["patch", patch], ["products", products]]) {
      paint(canvases[name], values, size, size, { ...ranges[name], size: side * size });
      const small = name === "products" && limit < 0.1; // or all would read 0
      inscribe(canvases[name], values, size, size, { ...ranges[name], digits: small ? 2 : digits });
      const listed = Array.from(values, (value) => number(value, 2)).join(", ");
      canvases[name].setAttribute("aria-label", `${captions[name].textContent} ${listed}`);
    }
  }

  // The zeros around the image get a color of their own.
  function tintZeros() {
    const { padded, image } = state;
    const pen = canvases.input.getContext("2d");
    const cell = canvases.input.width / padded.columns;
    const bottom = padded.rows - image.rows - padded.top;
    const right = padded.columns - image.columns - padded.left;
    pen.fillStyle = CONVOLUTION_RING;
    for (const [row, column, rows, columns] of [
      [0, 0, padded.top, padded.columns],
      [padded.rows - bottom, 0, bottom, padded.columns],
      [0, 0, padded.rows, padded.left],
      [0, padded.columns - right, padded.rows, right],
    ]) {
      pen.fillRect(column * cell, row * cell, columns * cell, rows * cell);
    }
  }

  // With gaps in the kernel, a dot on each pixel that it does read.
  function markPixels([top, left]) {
    const { size, dilation } = moves;
    const pen = canvases.input.getContext("2d");
    const cell = canvases.input.width / state.padded.columns;
    const { accent } = ink(root);
    for (let i = 0; i < size * size; i++) {
      const row = top + Math.floor(i / size) * dilation;
      const column = left + (i % size) * dilation;
      for (const [color, share] of [["#000", 0.62], [accent, 0.36]]) {
        pen.fillStyle = color;
        pen.fillRect((column + (1 - share) / 2) * cell, (row + (1 - share) / 2) * cell, share * cell, share * cell);
      }
    }
  }

  fillCells();
  update();
  if (simple) goTo(...convolutionStrongest(state.map)); // a corner says little
  return leaving(root, [followSize(root, redraw), followTheme(root, redraw), overMap.stop, steps.pause, say.stop]);
}

export default { render: renderConvolution };
