// Color: a filter has one kernel for each channel of the image. Their three sums and a bias make one value of its map.
//
// The arithmetic stands first and knows nothing of the page; images are rows × columns × 3 numbers from 0 to 1.
import {
  announcer, button, choice, figureRoot, followSize, followTheme, inscribe, leaving, liveLabels, make, number, outline,
  paint, shade, stepper, toggle, unpack, walk,
} from "./shared.js";

const COLOR_CHANNELS = ["red", "green", "blue"];
const COLOR_SIDE = 3; // of every kernel
const COLOR_LIMIT = 9; // a weight or bias that is typed in lies between −9 and 9
const COLOR_ZEROS = [0x56 / 255, 0x70 / 255, 0x8a / 255]; // the tint of zeros that padding adds, as in the notebooks

// ------------------------------------------------------------------------------------------------ arithmetic

// Ready filters: for each channel nine weights row by row, and the bias.
export const COLOR_FILTERS = {
  "red minus blue": { kernels: [colorNine(1), colorNine(0), colorNine(-1)], bias: 1 },
  "vertical edges": { kernels: Array(3).fill([-1, 0, 1, -2, 0, 2, -1, 0, 1]), bias: 0 },
  average: { kernels: Array(3).fill(colorNine(1 / 27)), bias: 0 },
  "green in the middle": { kernels: [colorNine(0), [0, 0, 0, 0, 1, 0, 0, 0, 0], colorNine(0)], bias: 0 },
};

function colorNine(value) {
  return Array(COLOR_SIDE ** 2).fill(value);
}

// A ready filter as {weights, bias}; weights are [row][column][channel] in one row, like Keras' for one filter.
export function colorFilter(name) {
  const { kernels, bias } = COLOR_FILTERS[name];
  const weights = new Float64Array(3 * COLOR_SIDE ** 2);
  kernels.forEach((kernel, channel) => kernel.forEach((weight, cell) => (weights[3 * cell + channel] = weight)));
  return { weights, bias };
}

// Ready images: their sides, and the color of each pixel.
export const COLOR_IMAGES = {
  flag: { rows: 4, columns: 9, pixel: (_, column) => [column < 6, column >= 3 && column < 6, column >= 3] },
  "traffic light": {
    rows: 7,
    columns: 5,
    pixel(row, column) {
      const lamps = { 1: [1, 0, 0], 3: [1, 1, 0], 5: [0, 1, 0] };
      return (column > 0 && column < 4 && lamps[row]) || [0, 0, 0];
    },
  },
  sunset: {
    rows: 7,
    columns: 7,
    pixel(row, column) {
      const sun = Math.abs(column - 3) + Math.abs(row - 4) < 2;
      return sun ? [1, 0.9, 0.3] : [0.2 + 0.1 * row, Math.round(2 + 0.5 * row) / 10, 0.8 - 0.1 * row];
    },
  },
  "gray square": {
    rows: 7,
    columns: 7,
    pixel: (row, column) => Array(3).fill(row > 1 && row < 5 && column > 1 && column < 5 ? 0.9 : 0.3),
  },
};

// A ready image as {rows, columns, values}.
export function colorImage(name) {
  const { rows, columns, pixel } = COLOR_IMAGES[name];
  const values = new Float64Array(3 * rows * columns);
  for (let cell = 0; cell < rows * columns; cell++) {
    values.set(pixel(Math.floor(cell / columns), cell % columns).map(Number), 3 * cell);
  }
  return { rows, columns, values };
}

// Along one side of `length` pixels: how many places the kernel has, and the zeros before and after, as in Keras.
export function colorPlaces(length, { stride, padding }) {
  if (padding === "valid") return { count: Math.floor((length - COLOR_SIDE) / stride) + 1, before: 0, after: 0 };
  const count = Math.ceil(length / stride);
  const zeros = Math.max((count - 1) * stride + COLOR_SIDE - length, 0);
  return { count, before: Math.floor(zeros / 2), after: zeros - Math.floor(zeros / 2) };
}

// What one filter sees and makes at one place of its map: the pixel numbers of the patch (−1 for an added zero), the
// patch's values (row, column, channel), the sum of the products of each channel, and the result.
export function colorStep(image, filter, [row, column], options) {
  const top = row * options.stride - colorPlaces(image.rows, options).before;
  const left = column * options.stride - colorPlaces(image.columns, options).before;
  const cells = [];
  for (let r = top; r < top + COLOR_SIDE; r++) {
    for (let c = left; c < left + COLOR_SIDE; c++) {
      cells.push(r >= 0 && r < image.rows && c >= 0 && c < image.columns ? r * image.columns + c : -1);
    }
  }
  const pixel = (cell) => (cell < 0 ? [0, 0, 0] : [0, 1, 2].map((channel) => image.values[3 * cell + channel]));
  const patch = cells.flatMap(pixel);
  const sums = [0, 0, 0];
  patch.forEach((value, i) => (sums[i % 3] += value * filter.weights[i]));
  return { cells, patch, sums, result: sums[0] + sums[1] + sums[2] + filter.bias };
}

// The whole feature map of one filter: {rows, columns, values}.
export function colorMap(image, filter, options) {
  const rows = colorPlaces(image.rows, options).count;
  const columns = colorPlaces(image.columns, options).count;
  const values = new Float64Array(rows * columns);
  for (let place = 0; place < values.length; place++) {
    values[place] = colorStep(image, filter, [Math.floor(place / columns), place % columns], options).result;
  }
  return { rows, columns, values };
}

// ---------------------------------------------------------------------------------------------------- words

// A number with at most so many decimals: 3, −0.5, 0.04.
function colorText(value, most = 2) {
  const short = Number(value.toFixed(most));
  return number(short, [0, 1].find((digits) => Number(short.toFixed(digits)) === short) ?? most);
}

function colorTerm(value) {
  return value < 0 && colorText(value) !== "0" ? `(${colorText(value)})` : colorText(value);
}

// Whether black stands out more than white against a color (0 to 255), by the contrast of the accessibility guidelines.
function colorBright(...parts) {
  const linear = parts.map((part) => (part / 255) ** 2.2);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.18;
}

// Which keyboard a phone shows: an iPhone's digits come without a minus sign.
const colorKeys = (low) => (low < 0 ? "text" : "decimal");

// What somebody typed, as a number between the limits; null if it is none (yet).
export function colorTyped(text, low, high) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  const value = plain === "" ? NaN : Number(plain);
  return Number.isFinite(value) ? Math.min(Math.max(value, low), high) : null;
}

// --------------------------------------------------------------------------------------------------- figure

// A 3 × 3 grid of numbers that can be typed over; one stop of the tab key, arrow keys go from cell to cell.
// `paintCell(value)` gives [red, green, blue] of a cell; onEdit(cell, value) is called for every number typed.
function colorGrid({ label, cellLabel, low, high, paintCell, onEdit }) {
  const inputs = colorNine(0).map((_, cell) =>
    make("input", { type: "text", inputmode: colorKeys(low), "aria-label": cellLabel(cell) }),
  );
  const node = make("div", { class: "color-grid", role: "group", "aria-label": label }, inputs);
  let values = colorNine(0);
  const dress = (input, cell) => {
    const [red, green, blue] = paintCell(values[cell], input.readOnly);
    input.style.background = `rgb(${red}, ${green}, ${blue})`;
    input.style.color = colorBright(red, green, blue) ? "#000" : "#fff";
  };
  const show = (input, cell) => {
    input.value = colorText(values[cell]);
    input.style.fontSize = input.value.length > 3 ? "12.5px" : "";
    input.removeAttribute("aria-invalid");
    dress(input, cell);
  };
  const stop = (chosen) => inputs.forEach((input, cell) => (input.tabIndex = cell === chosen ? 0 : -1));
  inputs.forEach((input, cell) => {
    input.addEventListener("focus", () => {
      stop(cell);
      input.select();
    });
    input.addEventListener("input", () => {
      const value = colorTyped(input.value, low, high);
      if (value === null) return input.setAttribute("aria-invalid", "true");
      input.removeAttribute("aria-invalid");
      values[cell] = value;
      dress(input, cell);
      onEdit(cell, value);
    });
    input.addEventListener("blur", () => show(input, cell));
    input.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: -3, ArrowDown: 3, ArrowLeft: -1, ArrowRight: 1, Enter: 3 };
      if (!Object.hasOwn(steps, event.key) || event.altKey || event.metaKey || event.shiftKey) return;
      const next = cell + steps[event.key];
      const sameRow = Math.floor(next / 3) === Math.floor(cell / 3);
      event.preventDefault();
      event.stopPropagation();
      if (next >= 0 && next < 9 && (Math.abs(steps[event.key]) === 3 || sameRow)) inputs[next].focus();
    });
  });
  stop(0);
  return {
    node,
    // `locked` cells show a number that cannot be changed.
    set(next, locked = []) {
      values = [...next];
      inputs.forEach((input, cell) => {
        input.readOnly = Boolean(locked[cell]);
        input.classList.toggle("color-zero", input.readOnly);
        if (input !== document.activeElement || colorTyped(input.value, low, high) !== values[cell]) show(input, cell);
        else dress(input, cell);
      });
    },
  };
}

function renderColor({ model, el }) {
  const t = liveLabels(model);
  const settings = model.get("settings");
  const root = figureRoot(el, "color", t("title"));
  const say = announcer(root);

  const given = settings.image && unpack(settings.image);
  const own = given && {
    rows: given.shape[0],
    columns: given.shape[1],
    values: Float64Array.from(given.values, (value) => (settings.image.dtype === "uint8" ? value / 255 : value)),
  };
  const imageNames = [...(own ? ["own"] : []), ...Object.keys(COLOR_IMAGES)];
  const newImage = (name) => (name === "own" ? { ...own, values: own.values.slice() } : colorImage(name));
  // A filter is given by its name, or by its weights and bias.
  const starting = settings.filters ?? ["red minus blue", "vertical edges"];
  const isReady = (filter) => typeof filter === "string";
  const newFilter = (filter) =>
    isReady(filter) ? colorFilter(filter) : { weights: Float64Array.from(filter.weights), bias: filter.bias };
  const startingOptions = () => ({ stride: settings.stride ?? 1, padding: settings.padding ?? "valid" });
  const state = {
    image: newImage(imageNames[0]),
    filters: starting.map(newFilter),
    options: startingOptions(),
    at: [0, 0, 0], // filter, row and column of the value that is explained
  };

  // The controls above.
  const picture = make("canvas", { class: "live-framed", role: "img", "aria-label": t("picture") });
  const imageChoice = choice(t, "image", {
    options: imageNames.map((name) => [name, t(`image ${name}`)]),
    value: imageNames[0],
    onChange(name) {
      state.image = newImage(name);
      restart();
    },
  });
  const strideChoice = choice(t, "stride", {
    options: [1, 2].map((stride) => [stride, stride]),
    value: state.options.stride,
    onChange(stride) {
      state.options.stride = stride;
      restart();
    },
  });
  const zeros = toggle(t, "zeros", {
    value: state.options.padding === "same",
    onChange(on) {
      state.options.padding = on ? "same" : "valid";
      restart();
    },
  });
  const reset = button(t("reset"), () => {
    imageChoice.set(imageNames[0]);
    state.image = newImage(imageNames[0]);
    starting.forEach((filter, f) => useFilter(f, filter));
    state.options = startingOptions();
    strideChoice.set(state.options.stride);
    zeros.set(state.options.padding === "same");
    state.at[0] = 0;
    restart();
  });

  // One row for each channel: its plane, the patch, the kernel, and the sum of their products.
  const rows = COLOR_CHANNELS.map((channel, index) => {
    const name = t(channel);
    const place = (cell) => ({ channel: name, row: Math.floor(cell / 3) + 1, column: (cell % 3) + 1 });
    const plane = make("canvas", { class: "live-framed", role: "img", "aria-label": t("plane", { channel: name }) });
    const patch = colorGrid({
      label: t("patch", { channel: name }),
      cellLabel: (cell) => t("patch cell", place(cell)),
      low: 0,
      high: 1,
      paintCell: (value, outside) => {
        const tint = (part, c) => Math.round(255 * (outside ? part : c === index ? value : 0));
        return COLOR_ZEROS.map(tint);
      },
      onEdit(cell, value) {
        const pixel = step().cells[cell];
        state.image.values[3 * pixel + index] = value;
        redraw();
        speak();
      },
    });
    const kernel = colorGrid({
      label: t("kernel", { channel: name }),
      cellLabel: (cell) => t("kernel cell", place(cell)),
      low: -COLOR_LIMIT,
      high: COLOR_LIMIT,
      paintCell: (value) => {
        const limit = Math.max(...filter().weights.map(Math.abs)) || 1;
        return shade(value, { low: -1.3 * limit, high: 1.3 * limit, signed: true });
      },
      onEdit(cell, value) {
        filter().weights[3 * cell + index] = value;
        edited();
      },
    });
    const sum = make("span", { class: "color-sum live-numbers" });
    return { plane, patch, kernel, sum, name };
  });
  const head = (text = "") => make("p", { class: "live-caption", text });
  const kernelHead = head();
  const table = make(
    "div",
    { class: "color-table" },
    head(t("channels")),
    head(t("image patch")),
    make("span"),
    kernelHead,
    make("span"),
    head(t("products")),
    rows.flatMap(({ plane, patch, kernel, sum, name }) => [
      make("div", { class: "color-plane" }, plane, make("span", { class: "live-caption", text: name })),
      patch.node,
      make("span", { class: "color-sign", text: "×" }),
      kernel.node,
      make("span", { class: "color-sign", text: "=" }),
      sum,
    ]),
  );
  const bias = make("input", { type: "text", inputmode: colorKeys(-COLOR_LIMIT), "aria-label": t("bias") });
  bias.addEventListener("input", () => {
    const value = typedBias();
    if (value === null) return bias.setAttribute("aria-invalid", "true");
    bias.removeAttribute("aria-invalid");
    filter().bias = value;
    edited();
  });
  bias.addEventListener("blur", () => showBias());
  const terms = COLOR_CHANNELS.map(() => make("span", { class: "color-number" }));
  const result = make("span", { class: "color-number color-result" });
  const term = (key, node) =>
    make("span", { class: "color-term" }, make("span", { class: "live-caption", text: t(key) }), node);
  const sign = (text) => make("span", { class: "color-sign", text });
  const total = make(
    "div",
    { class: "color-total live-numbers" },
    COLOR_CHANNELS.flatMap((channel, index) => [term(channel, terms[index]), sign("+")]),
    term("bias", bias),
    sign("="),
    term("result", result),
  );

  // For each filter its choice, its three kernels in small, and its map.
  const maps = state.filters.map((_, f) => {
    const select = choice(t, `filter ${f + 1}`, {
      options: [...Object.keys(COLOR_FILTERS), "own"].map((name) => [name, t(`filter ${name}`)]),
      value: isReady(starting[f]) ? starting[f] : "own",
      onChange(name) {
        if (name !== "own") useFilter(f, name);
        state.at[0] = f;
        redraw();
        speak();
      },
    });
    const kernels = COLOR_CHANNELS.map((channel) =>
      make("canvas", { class: "live-framed", role: "img", "aria-label": t("kernel", { channel: t(channel) }) }),
    );
    const canvas = make("canvas", { class: "live-framed" });
    const size = make("span", { class: "live-caption" });
    const path = walk(canvas, 1, 1, {
      label: t("map", { filter: f + 1 }),
      onMove(row, column, event) {
        steps.pause();
        state.at = [f, row, column];
        redraw();
        if (event.type !== "pointermove") speak();
      },
    });
    canvas.addEventListener("focus", () => {
      if (state.at[0] === f) return;
      steps.pause();
      state.at = [f, ...path.at];
      redraw();
      speak();
    });
    const arrow = make("span", { class: "color-sign", text: "→" });
    const small = make("div", { class: "color-kernels" }, kernels, arrow, size);
    const node = make("div", { class: "live-block" }, select.node, small, canvas);
    return { select, kernels, canvas, size, path, node };
  });
  const steps = stepper(t, {
    steps: 1,
    seconds: 0.9,
    onStep(step, byHand) {
      const { rows: down, columns } = mapOf(0);
      const place = step % (down * columns);
      state.at = [Math.floor(step / (down * columns)), Math.floor(place / columns), place % columns];
      redraw();
      if (byHand) speak();
    },
  });
  const sentence = make("p", { class: "live-sentence" });
  root.prepend(
    make("div", { class: "live-row" }, picture, imageChoice.node, strideChoice.node, zeros.node, reset.node),
    make(
      "div",
      { class: "live-row" },
      make("div", { class: "live-block" }, table, total),
      make("div", { class: "live-block color-maps" }, maps.map(({ node }) => node)),
    ),
    make("div", { class: "live-row" }, steps.node),
    sentence,
    make("p", { class: "live-caption", text: t("hint") }),
  );

  const filter = () => state.filters[state.at[0]];
  const mapOf = (f) => colorMap(state.image, state.filters[f], state.options);
  const step = () => colorStep(state.image, filter(), state.at.slice(1), state.options);
  const typedBias = () => colorTyped(bias.value, -COLOR_LIMIT, COLOR_LIMIT);
  const showBias = () => {
    bias.value = colorText(filter().bias);
    bias.removeAttribute("aria-invalid");
  };
  const speak = () => say(sentence.textContent);

  function useFilter(f, filter) {
    state.filters[f] = newFilter(filter);
    maps[f].select.set(isReady(filter) ? filter : "own");
  }
  function edited() {
    maps[state.at[0]].select.set("own");
    redraw();
    speak();
  }
  function restart() {
    steps.pause();
    state.at = [state.at[0], 0, 0];
    redraw();
    speak();
  }

  function redraw() {
    const narrow = root.classList.contains("live-narrow");
    const { image, options, at } = state;
    const now = step();
    const down = colorPlaces(image.rows, options);
    const across = colorPlaces(image.columns, options);
    const shape = [down.before + image.rows + down.after, across.before + image.columns + across.after];
    paint(picture, image.values, image.rows, image.columns, { color: true, size: 72 });
    rows.forEach(({ plane, patch, kernel, sum }, channel) => {
      const padded = new Float64Array(3 * shape[0] * shape[1]);
      for (let cell = 0; cell < shape[0] * shape[1]; cell++) {
        const [row, column] = [Math.floor(cell / shape[1]) - down.before, (cell % shape[1]) - across.before];
        if (row < 0 || column < 0 || row >= image.rows || column >= image.columns) padded.set(COLOR_ZEROS, 3 * cell);
        else padded[3 * cell + channel] = image.values[3 * (row * image.columns + column) + channel];
      }
      const wide = Math.min(150, 108 * Math.max(1, shape[1] / shape[0]));
      paint(plane, padded, ...shape, { color: true, size: narrow ? 80 : wide });
      const corner = [at[1] * options.stride, at[2] * options.stride];
      outline(plane, ...shape, [...corner, COLOR_SIDE, COLOR_SIDE]);
      const ofChannel = (values) => colorNine(0).map((_, cell) => values[3 * cell + channel]);
      patch.set(ofChannel(now.patch), now.cells.map((cell) => cell < 0));
      kernel.set(ofChannel(filter().weights));
      sum.textContent = colorText(now.sums[channel]);
      terms[channel].textContent = colorTerm(now.sums[channel]);
    });
    kernelHead.textContent = t("filter kernels", { filter: at[0] + 1 });
    if (bias !== document.activeElement || typedBias() !== filter().bias) showBias(); // a pointer may change the filter
    result.textContent = colorText(now.result);
    const every = state.filters.map((_, f) => mapOf(f));
    maps.forEach(({ kernels, canvas, size, path, node }, f) => {
      const { weights } = state.filters[f];
      const heaviest = Math.max(...weights.map(Math.abs)) || 1;
      kernels.forEach((small, channel) => {
        const nine = colorNine(0).map((_, cell) => weights[3 * cell + channel]);
        paint(small, nine, 3, 3, { low: -1.3 * heaviest, high: 1.3 * heaviest, signed: true, size: 30 });
      });
      const { rows: mapRows, columns: mapColumns, values } = every[f];
      const limit = 1.3 * Math.max(...values.map(Math.abs)) || 1;
      const colors = { low: -limit, high: limit, signed: true };
      paint(canvas, values, mapRows, mapColumns, { ...colors, size: 34 * Math.max(mapRows, mapColumns) });
      inscribe(canvas, values, mapRows, mapColumns, { ...colors, text: (value) => colorText(value, 1) });
      size.textContent = t("map size", { rows: mapRows, columns: mapColumns });
      path.resize(mapRows, mapColumns);
      if (f === at[0]) {
        path.place(at[1], at[2]);
        outline(canvas, mapRows, mapColumns, [at[1], at[2], 1, 1]);
      }
      node.classList.toggle("color-chosen", f === at[0]);
    });
    const { rows: mapRows, columns: mapColumns } = every[0];
    steps.resize(every.length * mapRows * mapColumns);
    steps.set(at[0] * mapRows * mapColumns + at[1] * mapColumns + at[2]);
    const [red, green, blue] = now.sums.map(colorText);
    sentence.textContent = t("sentence", {
      filter: at[0] + 1,
      row: at[1] + 1,
      column: at[2] + 1,
      red,
      green,
      blue,
      bias: colorText(filter().bias),
      result: colorText(now.result),
    });
  }

  redraw();
  const walks = maps.map(({ path }) => path.stop);
  return leaving(root, [followTheme(root, redraw), followSize(root, redraw), say.stop, steps.pause, ...walks]);
}

export default { render: renderColor };
