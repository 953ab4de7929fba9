// Receptive field: all pixels of the image that one value of the last layer depends on, layer by layer.
//
// The arithmetic stands first and knows nothing of the page. A layer is {kind, kernel, stride, dilation}, and the same
// along both sides of the image; there is no padding, which would move the field and not change its size.
import {
  announcer, blankSheet, button, cellAt, figureRoot, followSize, followTheme, ink, leaving, liveLabels, make, outline,
  paint, unpack, walk,
} from "./shared.js";

const FIELD_MOST = 8; // layers
const FIELD_SIDE = 64; // pixels of the picture on which the square is drawn, if none is given
const FIELD_COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"]; // one a layer, then again

// Layers to choose from: kernel size, stride, and dilation.
export const FIELD_LAYERS = {
  "conv 3": { kind: "conv", kernel: 3, stride: 1, dilation: 1 },
  "conv 5": { kind: "conv", kernel: 5, stride: 1, dilation: 1 },
  "conv 3 stride 2": { kind: "conv", kernel: 3, stride: 2, dilation: 1 },
  "conv 3 dilation 2": { kind: "conv", kernel: 3, stride: 1, dilation: 2 },
  "pool 2": { kind: "pool", kernel: 2, stride: 2, dilation: 1 },
};
// The first layers of notebook 02b's network that looks at a cat's eye.
export const FIELD_DEFAULT = ["conv 3", "conv 3", "pool 2", "conv 3", "conv 3"];

// ------------------------------------------------------------------------------------------------ arithmetic

// For the image and after each layer: the size of the receptive field, and the jump, which is how far the fields of
// two neighbors are apart, both in pixels.
export function fieldSizes(layers) {
  const sizes = [{ size: 1, jump: 1 }];
  for (const { kernel, stride, dilation } of layers) {
    const { size, jump } = sizes.at(-1);
    sizes.push({ size: size + (kernel - 1) * dilation * jump, jump: jump * stride });
  }
  return sizes;
}

// The values that one value of the last layer (its number is `unit`) depends on, in order: first the pixels, then the
// values of each layer, at last itself. With dilation there may be gaps.
export function fieldInputs(layers, unit = 0) {
  const used = [[unit]];
  for (const { kernel, stride, dilation } of [...layers].reverse()) {
    const below = new Set();
    for (const index of used[0]) for (let k = 0; k < kernel; k++) below.add(index * stride + k * dilation);
    used.unshift([...below].sort((a, b) => a - b));
  }
  return used;
}

// How many values one side of the last map has, on an image of `pixels`; 0 if the layers do not fit on it.
export function fieldPlaces(layers, pixels) {
  let places = pixels;
  for (const { kernel, stride, dilation } of layers) {
    places = Math.floor((places - (kernel - 1) * dilation - 1) / stride) + 1;
  }
  return Math.max(places, 0);
}

// --------------------------------------------------------------------------------------------------- figure

// A large number with commas.
function fieldCount(value) {
  return value.toLocaleString("en");
}

// A drawn cat's eye to look at where no image is given: {shape, values}, colors from 0 to 1.
function fieldEye() {
  const values = new Float32Array(3 * FIELD_SIDE ** 2);
  for (let row = 0; row < FIELD_SIDE; row++) {
    for (let column = 0; column < FIELD_SIDE; column++) {
      const [x, y] = [(column - 31.5) / 27, (row - 31.5) / 27];
      const lid = 0.72 * (1 - x * x); // the eye is open from −lid to lid
      const radius = Math.hypot(x, y);
      const stripe = 0.04 * Math.sin(5 * Math.atan2(y, x) + 9 * radius);
      let color = [0.78 + stripe, 0.55 + stripe, 0.32 + stripe]; // fur
      if (Math.abs(y) < lid + 0.12) color = [0.16, 0.11, 0.09];
      if (Math.abs(y) < lid) color = [0.93, 0.9, 0.84];
      if (Math.abs(y) < lid && radius < 0.62) color = [0.62 - 0.3 * radius, 0.72 - 0.25 * radius, 0.2];
      if (Math.abs(y) < lid && Math.abs(x) < 0.16 * (1 - (y / 0.6) ** 2)) color = [0.03, 0.03, 0.04];
      if (Math.hypot(x - 0.2, y + 0.22) < 0.09) color = [1, 1, 1]; // a gleam
      values.set(color, 3 * (row * FIELD_SIDE + column));
    }
  }
  return { shape: [FIELD_SIDE, FIELD_SIDE, 3], values };
}

// The side view, from the image at the bottom to one value at the top. Every layer's values stand above the middle of
// what they see; those that matter to the value at the top are filled, and linked to what they are computed from.
function fieldDraw(canvas, layers, { width, colors, caption }) {
  const sizes = fieldSizes(layers);
  const used = fieldInputs(layers);
  const pixels = sizes.at(-1).size;
  const margin = Math.max(2, 0.06 * pixels); // some pixels on each side that it does not see
  const cell = Math.min(26, width / (pixels + 2 * margin));
  const step = layers.length > 5 ? 44 : 54; // from layer to layer
  const height = step * layers.length + 52;
  const pen = blankSheet(canvas, width, height, colors.paper);
  const left = width / 2 - (cell * pixels) / 2;
  const x = (level, index) => left + cell * (index * sizes[level].jump + sizes[level].size / 2);
  const y = (level) => height - 38 - step * level;
  const square = Math.min(cell - 1, 16);

  for (let level = layers.length; level > 0; level--) {
    const { kernel, stride, dilation } = layers[level - 1];
    pen.strokeStyle = FIELD_COLORS[(level - 1) % FIELD_COLORS.length];
    pen.lineWidth = cell > 8 ? 1.5 : 0.8;
    pen.globalAlpha = cell > 8 ? 0.9 : 0.5;
    pen.beginPath();
    for (const index of used[level]) {
      for (let k = 0; k < kernel; k++) {
        pen.moveTo(x(level, index), y(level));
        pen.lineTo(x(level - 1, index * stride + k * dilation), y(level - 1));
      }
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }
  sizes.forEach(({ size, jump }, level) => {
    const fill = level ? FIELD_COLORS[(level - 1) % FIELD_COLORS.length] : colors.text;
    const seen = new Set(used[level]);
    const side = Math.max(Math.min(square * Math.min(jump, 1.6), 18), 1);
    const first = Math.ceil((-left - (cell * size) / 2) / (cell * jump));
    const last = Math.floor((width - left - (cell * size) / 2) / (cell * jump));
    for (let index = first; index <= last; index++) {
      const corner = [x(level, index) - side / 2, y(level) - side / 2];
      pen.fillStyle = seen.has(index) ? fill : colors.paper;
      pen.fillRect(...corner, side, side);
      if (side < 4 && !seen.has(index)) continue;
      pen.strokeStyle = seen.has(index) ? colors.text : colors.faint;
      pen.lineWidth = 1;
      if (side >= 4) pen.strokeRect(...corner, side, side);
    }
  });
  // How wide the field is: a bracket below the pixels.
  const [start, end, line] = [left, left + cell * pixels, height - 24];
  pen.strokeStyle = pen.fillStyle = colors.text;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(start, line - 4);
  pen.lineTo(start, line);
  pen.lineTo(end, line);
  pen.lineTo(end, line - 4);
  pen.stroke();
  pen.font = "14px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.fillText(caption, width / 2, height - 6);
}

function renderReceptiveField({ model, el }) {
  const t = liveLabels(model);
  const settings = model.get("settings");
  const root = figureRoot(el, "receptive_field", t("title"));
  const say = announcer(root);
  const image = settings.image ? unpack(settings.image) : fieldEye();
  const starting = settings.layers ?? FIELD_DEFAULT.map((name) => FIELD_LAYERS[name]);
  const state = { layers: [...starting], at: null, news: "" };

  const nameOf = ({ kind, kernel, stride, dilation }) => {
    const steps = kind === "pool" ? stride !== kernel : stride > 1; // pooling has its window's stride unless it says so
    const key = [kind, steps && "stride", dilation > 1 && "dilation"].filter(Boolean).join(" ");
    return t(key, { kernel, stride, dilation });
  };

  const list = make("ol", { class: "field-list", tabindex: -1, "aria-label": t("formula") });
  const canvas = make("canvas", { role: "img" });
  const sideCaption = make("p", { class: "live-caption", text: t("side view") });
  const side = make("div", { class: "live-block field-side" }, canvas, sideCaption);
  const picture = make("canvas", { class: "live-framed" });
  const pictureCaption = make("p", { class: "live-caption" });
  const path = walk(picture, 1, 1, { label: t("picture"), onMove: move, cellOf: placeUnder });
  const adds = Object.values(FIELD_LAYERS).map((layer) =>
    button(
      nameOf(layer),
      () => {
        state.layers.push({ ...layer });
        changed("added", layer);
        if (state.layers.length === FIELD_MOST) undo.node.focus(); // the button pressed is now disabled
      },
      { "aria-label": t("add", { layer: nameOf(layer) }) },
    ),
  );
  const undo = button(t("remove last"), () => {
    changed("removed", state.layers.pop());
    if (undo.node.disabled) list.focus();
  });
  const reset = button(t("reset"), () => {
    state.layers = [...starting];
    changed("restarted");
  });
  const sentence = make("p", { class: "live-sentence" });
  root.prepend(
    make("p", { class: "live-caption", text: t("add a layer") }),
    make("div", { class: "field-buttons" }, adds.map(({ node }) => node)),
    make(
      "div",
      { class: "live-row" },
      side,
      make("div", { class: "live-block field-picture" }, picture, pictureCaption),
    ),
    sentence,
    make("div", { class: "field-layers" }, make("p", { class: "live-caption", text: t("formula") }), list),
    make("div", { class: "field-buttons" }, undo.node, reset.node),
  );

  function remove(index) {
    const [layer] = state.layers.splice(index, 1);
    changed("removed", layer);
    const rows = list.querySelectorAll("button");
    (rows[Math.min(index, rows.length - 1)] ?? list).focus(); // its button is gone
  }
  function changed(what, layer) {
    state.at = null;
    state.news = layer ? t(what, { layer: nameOf(layer) }) : t(what);
    redraw();
    say(sentence.textContent);
  }
  // The value in whose field a pointer lies nearest to the middle.
  function placeUnder(event) {
    const { rows, columns, places, jump, size } = geometry();
    const pixel = cellAt(picture, event, rows, columns);
    return pixel && places.map((count, axis) => {
      return Math.min(Math.max(Math.round((pixel[axis] - (size - 1) / 2) / jump), 0), count - 1);
    });
  }
  function move(row, column, event) {
    if (!geometry().places.every(Boolean)) return;
    state.at = [row, column];
    redrawPicture();
    if (event.type === "keydown") say(where());
  }
  function geometry() {
    const [rows, columns] = image.shape;
    const places = [fieldPlaces(state.layers, rows), fieldPlaces(state.layers, columns)];
    return { rows, columns, places, ...fieldSizes(state.layers).at(-1) };
  }
  function where() {
    const [row, column] = state.at;
    const { places } = geometry();
    return t("where", { row: row + 1, column: column + 1, rows: places[0], columns: places[1] });
  }

  function redraw() {
    const sizes = fieldSizes(state.layers);
    const { size, jump } = sizes.at(-1);
    const seen = fieldInputs(state.layers)[0].length;
    list.replaceChildren(
      ...state.layers.map((layer, index) => {
        const before = sizes[index];
        const { kernel, dilation, stride } = layer;
        const values = { before: before.size, kernel, dilation, jump: before.jump, size: sizes[index + 1].size };
        const name = nameOf(layer);
        return make(
          "li",
          { style: { borderLeftColor: FIELD_COLORS[index % FIELD_COLORS.length] } },
          make("span", { class: "field-name", text: name }),
          make("span", { class: "live-numbers", text: t(dilation > 1 ? "size dilated" : "size", values) }),
          make("span", {
            class: "live-numbers",
            text: t(stride > 1 ? "jump strided" : "jump", { before: before.jump, stride, jump: sizes[index + 1].jump }),
          }),
          button("×", () => remove(index), {
            class: "field-remove",
            "aria-label": t("remove", { number: index + 1, layer: name }),
          }).node,
        );
      }),
    );
    adds.forEach(({ node }) => (node.disabled = state.layers.length >= FIELD_MOST));
    undo.node.disabled = state.layers.length === 0;
    const width = Math.max(side.clientWidth || 300, 120);
    fieldDraw(canvas, state.layers, {
      width,
      colors: ink(root),
      caption: t("pixels", { size }),
    });
    canvas.setAttribute("aria-label", t("drawing", { layers: state.layers.length, size }));
    redrawPicture();
    const facts = t(size === 1 ? "one" : "facts", { size, area: fieldCount(size * size), jump });
    const gaps = seen < size ? ` ${t("gaps", { seen, size })}` : "";
    const full = state.layers.length >= FIELD_MOST ? ` ${t("full", { most: FIELD_MOST })}` : "";
    sentence.textContent = `${state.news} ${facts}${gaps}${full}`.trim();
  }
  function redrawPicture() {
    const { rows, columns, places, size, jump } = geometry();
    const fits = places[0] > 0 && places[1] > 0;
    const high = settings.image?.dtype === "uint8" ? 255 : 1;
    paint(picture, image.values, rows, columns, { color: image.shape.length === 3, high, size: 260 });
    if (fits) {
      state.at ??= places.map((count) => Math.floor((count - 1) / 2));
      const [row, column] = state.at;
      const box = (r, c) => [r * jump, c * jump, size, size];
      if (column + 1 < places[1]) outline(picture, rows, columns, box(row, column + 1), "second", { dashed: true });
      outline(picture, rows, columns, box(row, column));
      path.resize(places[0], places[1]);
      path.place(row, column);
    } else outline(picture, rows, columns, [0, 0, rows, columns]);
    pictureCaption.textContent = fits ? t("on picture", { rows, columns }) : t("too large", { rows, columns, size });
  }

  redraw();
  return leaving(root, [followTheme(root, redraw), followSize(root, redraw), say.stop, path.stop]);
}

export default { render: renderReceptiveField };
