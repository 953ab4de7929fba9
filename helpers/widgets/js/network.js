// A whole network while it reads a drawn digit: every map of every layer, down to the ten probabilities.
//
// Draw on the pad, or take a ready digit. Point at a unit (or go to it with the arrow keys) to see what it is made of:
// the patch it looks at, its kernel, the products and their sum; a unit of a Dense layer shows its strongest inputs.
import {
  announcer, button, figureRoot, followSize, followTheme, ink, inscribe, leaving, liveLabels, make, number, shade,
  unpack, walk,
} from "./shared.js";
import { PAD_SIDE, drawingPad } from "./pad.js";
import { explainUnit, readLayers, runLayers } from "./tensor.js";
import { prepareDigit, rasterizeStrokes } from "./prepare.js";

const NETWORK_FIRST = 3; // the digit that is shown at first
const NETWORK_STRONGEST = 5; // inputs of a Dense unit that are listed
const NETWORK_WRITTEN = 5; // kernels up to this size have their numbers written on them
const NETWORK_LATER = 200; // milliseconds after the last stroke, when layers out of sight are drawn
const NETWORK_DETAIL = 232; // CSS pixels, the widest a detail's mosaic of small tiles may be
const NETWORK_TALLEST = 1200; // CSS pixels that a layer's maps may take from top to bottom, if their cells can shrink

// Whether a layer can give numbers below 0, if what it gets can (`before`).
export function canBeNegative(layer, before) {
  const { kind, activation } = layer;
  if (kind === "rescale") return layer.offset < 0 || layer.scale < 0 || before;
  if (kind === "pool" || kind === "global_pool" || kind === "pass" || kind === "flatten") return before;
  if (kind === "normalize") return true;
  const { name } = activation;
  if (name === "relu") return activation.negative_slope !== 0 || activation.threshold < 0;
  if (name === "linear") return kind === "activation" ? before : true;
  return !["sigmoid", "hard_sigmoid", "softplus", "softmax"].includes(name);
}

// How `count` tiles of rows × columns cells are laid out on `room` CSS pixels: `side` of a cell, tiles `across` and
// `down`, the `gap` between tiles in cells, and the grid of cells {rows, columns} they make up together.
export function layTiles(count, [rows, columns], room, side) {
  const gap = rows === 1 && columns === 1 ? 0 : 1;
  const most = Math.min(Math.max(Math.floor((room / side + gap) / (columns + gap)), 1), count);
  const down = Math.ceil(count / most);
  const across = Math.ceil(count / down);
  return {
    count, side, gap, across, down,
    tile: [rows, columns],
    rows: down * (rows + gap) - gap,
    columns: across * (columns + gap) - gap,
  };
}

// How a layer's maps are laid out, in cells as large as there is room for. A layer of thousands of maps gets smaller
// ones: the page would have no end, and phones draw no canvas that is too long.
export function mapTiles(shape, room, narrow = false) {
  const [rows, columns] = shape.length === 3 ? shape : [1, 1];
  const maps = shape.at(-1);
  const isVector = rows * columns === 1;
  const wide = maps === 1 ? 112 : columns > 16 ? 56 : narrow ? 28 : 40; // CSS pixels of a map
  let side = isVector ? (maps > 128 ? 14 : 22) : Math.max(Math.round(wide / columns), 1);
  const lay = () => layTiles(maps, [rows, columns], Math.min(room, isVector ? 352 : 470), side);
  while (side > 1 && lay().rows * side > NETWORK_TALLEST) side--;
  return lay();
}

// The cell of the grid that shows a value: `at` is its place in an array (row, column, tile).
export function tileCell({ count, gap, across, tile: [rows, columns] }, at) {
  const tile = at % count;
  const cell = Math.floor(at / count);
  return [
    Math.floor(tile / across) * (rows + gap) + Math.floor(cell / columns),
    (tile % across) * (columns + gap) + (cell % columns),
  ];
}

// The place of the value that a cell of the grid shows; null in a gap and where there is no tile.
export function valueAtCell({ count, gap, across, tile: [rows, columns] }, row, column) {
  const [r, c] = [row % (rows + gap), column % (columns + gap)];
  const tile = Math.floor(row / (rows + gap)) * across + Math.floor(column / (columns + gap));
  return r < rows && c < columns && tile < count ? (r * columns + c) * count + tile : null;
}

// Drawings that are no digit, on 280×280 pixels.
export function nonsenseStrokes() {
  const curve = (count, point) => Array.from({ length: count }, (_, i) => point(i / (count - 1)));
  const spiral = (s) => [140 + (15 + 95 * s) * Math.cos(15 * s), 140 + (15 + 95 * s) * Math.sin(15 * s)];
  const star = (s) => [140 + 105 * Math.sin(4 * Math.PI * s), 140 - 105 * Math.cos(4 * Math.PI * s)];
  const walls = [[60, 240], [60, 130], [140, 50], [220, 130], [220, 240], [60, 240]];
  const door = [[115, 240], [115, 175], [165, 175], [165, 240]];
  return [
    ["spiral", [curve(90, spiral)]],
    ["star", [curve(6, star)]],
    ["house", [walls, door]],
    ["letter", [[[70, 230], [70, 50], [190, 230], [190, 50]]]],
    ["zigzag", [curve(10, (s) => [40 + 200 * s, Math.round(9 * s) % 2 ? 90 : 190])]],
  ];
}

function renderNetwork({ model, el }) {
  const t = liveLabels(model);
  const settings = model.get("settings");
  const network = settings.network === "shipped" ? globalThis.liveNetwork : settings.network;
  if (!network) throw new Error("the script live-network.js has not been loaded");
  const layers = readLayers(network, unpack);
  if (layers.at(-1)?.shape.join() !== "10") throw new Error("the network does not end in ten numbers");
  const nonsense = nonsenseStrokes();
  const digits = network.digits;
  const state = {
    hands: digits.map((_, digit) => (digit === NETWORK_FIRST ? 1 : 0)), // which handwriting comes next
    nonsense: 0,
    active: null, // the layer whose unit the reader looks at
    prepared: null,
    inputs: null, // of each layer, as its outputs are
    outputs: null,
  };

  const root = figureRoot(el, "network", t("title"));
  const say = announcer(root);
  const pad = drawingPad({ label: t("pad"), onDraw: (ended) => readSoon(ended) });
  pad.set(digits[NETWORK_FIRST][0]);
  const seen = make("canvas", { class: "live-framed", role: "img" });
  const verdict = make("p", { class: "network-verdict" });
  const bars = digits.map((_, digit) => networkBar(t, digit));
  const sections = layers.map((layer, k) => networkSection(k));
  let colors = {};
  const input = { canvas: seen, tiles: layTiles(1, [28, 28], Infinity, 6) };
  const narrow = () => root.classList.contains("live-narrow");
  const { where, sourceOf, explain } = networkExplainer({ t, layers, sections, state, input, narrow });

  root.append(
    make("p", { class: "live-caption", text: settings.instead ? `${t("lead")} ${t("instead")}` : t("lead") }),
    make(
      "div",
      { class: "live-row" },
      make(
        "div",
        { class: "live-block" },
        make("h4", { text: t("draw") }),
        pad.canvas,
        make(
          "div",
          { class: "network-buttons" },
          button(t("clear"), () => show([], t("cleared"))).node,
          button(t("nonsense"), showNonsense).node,
        ),
      ),
      make(
        "div",
        { class: "live-block network-prepared" },
        make("h4", { text: t("prepared") }),
        seen,
        make("p", { class: "live-caption", text: t("prepared how") }),
      ),
      make(
        "div",
        { class: "live-block network-answer" },
        make("h4", { text: t("answer") }),
        make("ul", { class: "network-bars" }, bars.map((bar) => bar.node)),
        verdict,
      ),
    ),
    make(
      "div",
      { class: "network-ready", role: "group", "aria-label": t("ready") },
      make("span", { class: "live-caption", text: t("ready") }),
      digits.map((_, digit) => {
        return button(String(digit), () => showDigit(digit), { "aria-label": t("ready digit", { digit }) }).node;
      }),
    ),
    make("p", { class: "live-caption", text: t("layers lead") }),
    make("ol", { class: "network-layers" }, sections.map((section) => section.node)),
  );

  // -------------------------------------------------------------------------------------- what is on the pad

  function show(strokes, said = "") {
    pad.set(strokes);
    read();
    say([said, verdict.textContent].filter(Boolean).join(" "));
  }
  function showDigit(digit) {
    const hands = digits[digit];
    show(hands[state.hands[digit] % hands.length]);
    state.hands[digit]++;
  }
  function showNonsense() {
    const [name, strokes] = nonsense[state.nonsense++ % nonsense.length];
    show(strokes, t("nonsense drawn", { what: t(`nonsense ${name}`) }));
  }

  // ------------------------------------------------------------------------------------------------ reading

  // While someone draws, at most once for each picture that the screen shows.
  let frame = 0;
  let speak = false;
  function readSoon(aloud) {
    speak ||= aloud;
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      read();
      if (speak) say(verdict.textContent);
      speak = false;
    });
  }

  function read() {
    const start = performance.now();
    pad.redraw();
    const drawing = rasterizeStrokes(pad.strokes, PAD_SIDE);
    state.prepared = drawing && prepareDigit(drawing);
    const image = state.prepared ? Float32Array.from(state.prepared.values) : new Float32Array(28 * 28);
    state.outputs = state.prepared && runLayers(layers, image);
    state.inputs = state.outputs && [image, ...state.outputs];
    if (state.outputs) {
      // Until the reader chooses a unit, it is the strongest one; but it stays where it is while a stroke is drawn.
      sections.forEach((section, k) => {
        if (section.at === null || (!section.chosen && !pad.isDrawing)) section.at = networkStrongest(state.outputs[k]);
      });
    }
    showAnswer();
    showAll(pad.isDrawing);
    performance.clearMeasures("live network");
    performance.measure("live network", { start, end: performance.now() });
  }

  function showAnswer() {
    const given = state.outputs?.at(-1) ?? null;
    const best = given && networkStrongest(given);
    bars.forEach((bar, digit) => bar.set(given ? given[digit] : null, digit === best));
    verdict.textContent = given ? t("verdict", { digit: best, share: networkPercent(given[best]) }) : t("draw first");
  }

  // While someone draws, layers that are out of sight wait until there is time.
  let later = 0;
  function showAll(wait = false) {
    clearTimeout(later);
    const waiting = wait ? sections.filter((section) => section.canvas && !section.inSight) : [];
    paintInput();
    sections.forEach((section, k) => {
      if (!section.canvas || waiting.includes(section)) return;
      paintSection(k);
      section.explain();
    });
    showFrames((section) => !waiting.includes(section));
    if (waiting.length) later = setTimeout(showAll, NETWORK_LATER);
  }
  function paintInput() {
    const values = state.prepared?.values ?? new Uint8Array(28 * 28);
    networkPaint(seen, input.tiles, values, { low: 0, high: 255 });
    seen.setAttribute("aria-label", state.prepared ? t("prepared alt") : t("draw first"));
  }
  function paintSection(k) {
    const { canvas, tiles } = sections[k];
    const values = state.outputs ? state.outputs[k] : new Float32Array(tiles.count * tiles.tile[0] * tiles.tile[1]);
    networkPaint(canvas, tiles, values, rangeOf(k));
  }
  function rangeOf(k) {
    const most = networkLargest(state.outputs ? state.outputs[k] : []);
    return sections[k].signed ? { low: -most, high: most, signed: true } : { low: 0, high: most };
  }

  // ------------------------------------------------------------------------------------------------ one unit

  // A frame around each layer's unit, and, above the layer the reader is at, around what this unit is made of.
  function showFrames(isShown = () => true) {
    if (!state.outputs) return;
    sections.forEach((section, k) => {
      if (!section.canvas || !isShown(section)) return;
      const [row, column] = tileCell(section.tiles, section.at);
      const color = k === state.active ? colors.accent : colors.second;
      networkFrames(section.canvas, section.tiles, [[row, column, 1, 1]], color);
    });
    const active = state.active === null ? null : sections[state.active];
    const source = active && sourceOf(state.active);
    if (!active?.window || !isShown(active) || !isShown(source)) return;
    const { top, left, high, wide, channel } = active.window;
    const [rows, columns] = source.tiles.tile;
    const [from, to] = [Math.max(top, 0), Math.min(top + high, rows)];
    const [start, end] = [Math.max(left, 0), Math.min(left + wide, columns)];
    const maps = channel === null ? Array.from({ length: source.tiles.count }, (_, map) => map) : [channel];
    const boxes = maps.map((map) => {
      const [row, column] = tileCell(source.tiles, map);
      return [row + from, column + start, to - from, end - start];
    });
    networkFrames(source.canvas, source.tiles, boxes, colors.accent);
  }

  function choose(k, at, event) {
    const section = sections[k];
    if (at === section.at && k === state.active) return;
    const before = state.active;
    Object.assign(section, { at, chosen: true });
    state.active = k;
    if (!state.outputs) return;
    for (const each of new Set([before, k])) {
      if (each === null) continue;
      paintSection(each);
      const source = sourceOf(each);
      if (source === input) paintInput();
      else paintSection(sections.indexOf(source));
    }
    section.explain();
    showFrames();
    if (event.type === "keydown") say(section.spoken());
  }

  // --------------------------------------------------------------------------------------------- the layers

  // A layer as the page shows it: name, shape and parameters; a canvas with its maps; and one unit explained.
  function networkSection(k) {
    const layer = layers[k];
    const shape = layer.shape.map((side) => side.toLocaleString("en-US")).join(" × ");
    const parameters = layer.parameters.toLocaleString("en-US");
    const kind = make("span", { class: "network-kind", text: t("layer", { type: layer.type, shape, parameters }) });
    const text = t(`kind ${layer.kind}${layer.added ? " added" : ""}`, { count: shape });
    const what = make("p", { class: "live-caption", text });
    const node = make("li", { class: "network-layer" }, make("h4", {}, layer.name, kind), what);
    if (layer.kind === "pass" || layer.kind === "flatten") return { node, canvas: null };
    const canvas = make("canvas", { class: "network-maps" });
    const detail = make("div", { class: "live-block network-detail" });
    const signed = canBeNegative(layer, networkGetsNegative(layers, k));
    const section = { node, canvas, detail, signed, at: null, chosen: false, window: null };
    node.append(make("div", { class: "live-row" }, make("div", { class: "live-block" }, canvas), detail));
    section.walk = walk(canvas, 1, 1, {
      label: t(layer.shape.length === 3 ? "maps label" : "units label", { name: layer.name }),
      onMove: (row, column, event) => move(k, row, column, event),
    });
    canvas.addEventListener("keydown", (event) => turnPage(k, event));
    canvas.addEventListener("focus", () => {
      if (section.at === null) return;
      section.walk.place(...tileCell(section.tiles, section.at));
      const { at } = section;
      if (state.active !== k && canvas.matches(":focus-visible")) choose(k, at, { type: "focus" });
    });
    section.explain = () => explain(k);
    section.spoken = () => [where(k, section.at), detail.querySelector(".network-sum")?.textContent].join(". ");
    return section;
  }

  function layOut() {
    const room = root.clientWidth - 2 * parseFloat(getComputedStyle(root).paddingLeft) - 4;
    colors = ink(root);
    layers.forEach((layer, k) => {
      const section = sections[k];
      if (!section.canvas) return;
      section.tiles = mapTiles(layer.shape, room, narrow());
      section.walk.resize(section.tiles.rows, section.tiles.columns);
    });
    if (state.outputs) {
      pad.redraw();
      showAll();
    } else read();
  }

  function move(k, row, column, event) {
    const { tiles } = sections[k];
    let at = valueAtCell(tiles, row, column);
    if (event.type === "keydown" && at === null) {
      // Over the gap to the next map; where there is none, back to the unit.
      const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      const step = steps[event.key] ?? [0, 0];
      at = valueAtCell(tiles, row + step[0], column + step[1]) ?? sections[k].at;
    }
    if (at === null) return;
    if (event.type === "keydown") sections[k].walk.place(...tileCell(tiles, at));
    choose(k, at, event);
  }
  function turnPage(k, event) {
    const by = { PageUp: -1, PageDown: 1 }[event.key];
    const { tiles, at, walk: path } = sections[k];
    if (by === undefined || at === null || tiles.tile[0] * tiles.tile[1] === 1) return;
    event.preventDefault();
    event.stopPropagation();
    const map = (at % tiles.count) + by;
    if (map < 0 || map >= tiles.count) return;
    path.place(...tileCell(tiles, at + by));
    choose(k, at + by, event);
  }

  state.active = layers.findIndex((layer) => layer.kind === "conv");
  if (state.active < 0) state.active = null;
  const sectionOf = new Map(sections.filter(({ canvas }) => canvas).map((section) => [section.node, section]));
  const watcher = new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => (sectionOf.get(target).inSight = isIntersecting)),
    { rootMargin: "100px" },
  );
  for (const node of sectionOf.keys()) watcher.observe(node);
  const cancel = () => {
    cancelAnimationFrame(frame);
    clearTimeout(later);
    watcher.disconnect();
  };
  const walks = sections.filter((section) => section.walk).map((section) => section.walk.stop);
  return leaving(root, [followSize(root, layOut), followTheme(root, layOut), cancel, ...walks, say.stop]);
}

// Whether a layer may get numbers below 0.
function networkGetsNegative(layers, k) {
  return layers.slice(0, k).reduce((negative, layer) => canBeNegative(layer, negative), false);
}

// One unit of a layer in words, numbers and small pictures, in the layer's section: {where, sourceOf, explain}. `state`
// holds what each layer gets and gives (`inputs`, `outputs`), `input` the canvas and tiles of the image they read.
function networkExplainer({ t, layers, sections, state, input, narrow }) {
  const keeping = ["dense", "pass", "activation"];
  const answering = layers.map(({ kind, shape }) => shape.join() === "10" && keeping.includes(kind));
  const firstAnswer = answering.lastIndexOf(false) + 1; // from this layer on, each unit stands for a digit

  // The layer whose maps the reader sees above this one: Flatten and Dropout hand on what they get.
  function sourceOf(k) {
    let from = k - 1;
    while (from >= 0 && !sections[from].canvas) from--;
    return from < 0 ? input : sections[from];
  }

  // Where a unit is, in words: "map 3, row 5, column 7", or "unit 12", counted from 1; "digit 0" if it stands for it.
  function where(k, at) {
    const shape = k < 0 ? [28, 28, 1] : layers[k].shape;
    if (shape.length === 1) return k >= firstAnswer ? t("digit", { digit: at }) : t("unit", { unit: at + 1 });
    const maps = shape.at(-1);
    const cell = Math.floor(at / maps);
    const [row, column] = [Math.floor(cell / shape[1]) + 1, (cell % shape[1]) + 1];
    return maps === 1 ? t("pixel", { row, column }) : t("place", { map: (at % maps) + 1, row, column });
  }

  function explain(k) {
    const section = sections[k];
    const layer = layers[k];
    section.detail.hidden = !state.outputs;
    if (!state.outputs) return;
    const unit = explainUnit(layer, state.inputs[k], state.outputs[k], section.at);
    section.window = null;
    const shown = {
      conv: explainConv, dense: explainDense, pool: explainPool, global_pool: explainPool,
    }[layer.kind] ?? explainNumber;
    if (section.parts === undefined) {
      section.parts = {
        title: make("p", { class: "network-unit" }),
        sum: make("p", { class: "network-sum live-numbers" }),
      };
      section.detail.append(section.parts.title);
    }
    section.parts.title.textContent = where(k, section.at);
    section.parts.sum.textContent = shown(k, unit);
    if (!section.parts.sum.isConnected) section.detail.append(section.parts.sum);
  }

  // A small picture in the details of a layer, made when it is first needed.
  function picture(section, name, caption) {
    section.parts[name] ??= networkPicture(section.detail, caption);
    return section.parts[name];
  }

  const then = (layer, unit) => {
    const { name } = layer.activation;
    if (name === "linear") return "";
    if (name === "softmax") return t("then softmax", { value: networkShare(unit.value) });
    const called = name === "relu" && !layer.activation.negative_slope ? "ReLU" : name;
    return t("then", { name: called, value: number(unit.value) });
  };

  function explainConv(k, unit) {
    const section = sections[k];
    const layer = layers[k];
    const [high, wide, channels] = layer.kernelShape;
    section.window = { top: unit.top, left: unit.left, high: unit.high, wide: unit.wide, channel: null };
    const products = unit.patch.map((value, i) => value * unit.weights[i]);
    const row = (section.parts.row ??= section.detail.appendChild(make("div", { class: "network-pictures" })));
    const numbers = channels === 1 && Math.max(high, wide) <= NETWORK_WRITTEN;
    const side = channels === 1 ? (numbers ? (narrow() ? 33 : 36) : 16) : Math.max(high, wide) > 3 ? 3 : 4;
    for (const [name, values] of [["patch", unit.patch], ["weights", unit.weights], ["products", products]]) {
      section.parts[name] ??= networkPicture(row, t(name));
      const most = networkLargest(values);
      const gray = name === "patch" && !networkGetsNegative(layers, k);
      const range = gray ? { low: 0, high: networkLargest(state.inputs[k]) } : { low: -most, high: most, signed: true };
      const tiles = layTiles(channels, [high, wide], NETWORK_DETAIL / (channels > 16 ? 1 : 2), side);
      networkPaint(section.parts[name].canvas, tiles, values, range);
      if (numbers) inscribe(section.parts[name].canvas, values, high, wide, { ...range, digits: 2 });
    }
    return t("conv sum", {
      count: unit.patch.length,
      sum: number(unit.sum),
      bias: networkSigned(unit.bias),
      before: number(unit.before),
      then: then(layer, unit),
    });
  }

  function explainDense(k, unit) {
    const section = sections[k];
    const layer = layers[k];
    const source = sourceOf(k);
    const shown = picture(section, "products", t("contributions"));
    const most = networkLargest(unit.products);
    const tiles = source.tiles;
    const side = Math.max(Math.floor(NETWORK_DETAIL / Math.max(tiles.columns, 1)), 1);
    const room = tiles.tile[1] === 1 ? Math.min(16 * 14, NETWORK_DETAIL) : NETWORK_DETAIL;
    const cell = tiles.tile[1] === 1 ? Math.min(14, tiles.side) : Math.max(side, 3);
    const small = layTiles(tiles.count, tiles.tile, room, cell);
    networkPaint(shown.canvas, small, unit.products, { low: -most, high: most, signed: true });
    const from = source === input ? -1 : sections.indexOf(source);
    section.parts.list ??= section.detail.appendChild(make("ol", { class: "network-strongest live-numbers" }));
    section.parts.list.replaceChildren(
      ...networkTop(unit.products, NETWORK_STRONGEST).map((i) =>
        make("li", {
          text: t("input", {
            where: where(from, i),
            value: number(state.inputs[k][i]),
            weight: networkBraced(unit.weights[i]),
            product: number(unit.products[i]),
          }),
        }),
      ),
    );
    return t("dense sum", {
      count: unit.products.length.toLocaleString("en-US"),
      sum: number(unit.sum),
      bias: networkSigned(unit.bias),
      before: number(unit.before),
      then: then(layer, unit),
    });
  }

  function explainPool(k, unit) {
    const section = sections[k];
    const layer = layers[k];
    const { count } = section.tiles;
    const columns = layer.inputShape[1];
    const rows = unit.cells.map((cell) => Math.floor(cell / columns));
    const across = unit.cells.map((cell) => cell % columns);
    const [top, left] = [Math.min(...rows), Math.min(...across)];
    const [high, wide] = [Math.max(...rows) - top + 1, Math.max(...across) - left + 1];
    section.window = { top, left, high, wide, channel: section.at % count };
    const written = Math.max(high, wide) <= NETWORK_WRITTEN; // at the rim, "same" leaves smaller windows
    if (section.parts.patch) section.parts.patch.node.hidden = !written;
    if (written) {
      const shown = picture(section, "patch", t("window"));
      const most = networkLargest(state.inputs[k]);
      const signed = section.signed;
      const range = { low: signed ? -most : 0, high: most, signed };
      const values = Float64Array.from(unit.values);
      networkPaint(shown.canvas, layTiles(1, [high, wide], Infinity, 40), values, range);
      inscribe(shown.canvas, values, high, wide, { ...range, digits: 2 });
    }
    return t(`${layer.how} of`, { count: unit.cells.length, value: number(unit.value) });
  }

  function explainNumber(k, unit) {
    const section = sections[k];
    const layer = layers[k];
    if (layer.shape.length === 3) {
      const { count, tile } = section.tiles;
      const cell = Math.floor(section.at / count);
      const [top, left] = [Math.floor(cell / tile[1]), cell % tile[1]];
      section.window = { top, left, high: 1, wide: 1, channel: section.at % count };
    }
    if (layer.kind === "rescale") {
      return t("rescaled", {
        before: number(unit.before, 0),
        scale: networkFactor(layer.scale),
        offset: layer.offset ? networkSigned(layer.offset) : "",
        value: number(unit.value),
      });
    }
    if (layer.kind === "normalize") {
      const c = section.at % layer.mean.length;
      return t("normalized", {
        before: number(unit.before),
        mean: networkBraced(layer.mean[c]),
        spread: number(Math.sqrt(layer.variance[c] + layer.epsilon)),
        gamma: networkBraced(layer.gamma[c]),
        beta: networkSigned(layer.beta[c]),
        value: number(unit.value),
      });
    }
    const { name } = layer.activation;
    const before = number(unit.before);
    if (name === "softmax") return t("softmaxed", { before, value: networkShare(unit.value) });
    return t("activated", { name, before, value: number(unit.value) });
  }

  return { where, sourceOf, explain };
}

// A digit, its bar and its probability: {node, set(probability or null, whether it is the highest)}.
function networkBar(t, digit) {
  const fill = make("span", { class: "network-fill" });
  const share = make("span", { class: "network-share live-numbers" });
  const name = make("span", { class: "network-digit", text: digit });
  const node = make("li", {}, name, make("span", { class: "network-track" }, fill), share);
  return {
    node,
    set(probability, best) {
      fill.style.width = `${100 * (probability ?? 0)}%`;
      share.textContent = probability === null ? t("no share") : networkPercent(probability);
      node.classList.toggle("network-best", Boolean(best));
    },
  };
}

function networkPicture(parent, caption) {
  const canvas = make("canvas", { class: "live-framed", role: "img", "aria-label": caption });
  const node = make("div", {}, make("p", { class: "live-caption", text: caption }), canvas);
  parent.append(node);
  return { node, canvas };
}

// Draws tiles of values (row, column, tile) on the canvas, with the page showing through the gaps.
function networkPaint(canvas, tiles, values, { low, high, signed = false }) {
  const ratio = globalThis.devicePixelRatio || 1;
  const { count, rows, columns, side } = tiles;
  const scratch = (networkPaint.scratch ??= document.createElement("canvas"));
  const cell = Math.max(Math.round(side * ratio), 1);
  if (canvas.width !== columns * cell || canvas.height !== rows * cell) {
    [canvas.width, canvas.height] = [columns * cell, rows * cell];
  }
  if (canvas.networkSize !== `${canvas.width} ${canvas.height} ${ratio}`) {
    canvas.networkSize = `${canvas.width} ${canvas.height} ${ratio}`;
    Object.assign(canvas.style, { width: `${canvas.width / ratio}px`, height: `${canvas.height / ratio}px` });
  }
  if (scratch.width < columns) scratch.width = columns;
  if (scratch.height < rows) scratch.height = rows;
  const small = scratch.getContext("2d", { willReadFrequently: true });
  const pixels = small.createImageData(columns, rows);
  const colors = (networkPaint[signed ? "signed" : "gray"] ??= networkColors(signed));
  const data = new Uint32Array(pixels.data.buffer);
  const scale = 255 / (high - low || 1);
  for (let tile = 0; tile < count; tile++) {
    const [top, left] = tileCell(tiles, tile);
    for (let row = 0, at = tile; row < tiles.tile[0]; row++) {
      const from = (top + row) * columns + left;
      for (let column = 0; column < tiles.tile[1]; column++, at += count) {
        data[from + column] = colors[Math.min(Math.max(Math.round((values[at] - low) * scale), 0), 255)];
      }
    }
  }
  small.clearRect(0, 0, columns, rows);
  small.putImageData(pixels, 0, 0);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(scratch, 0, 0, columns, rows, 0, 0, canvas.width, canvas.height);
}

// 256 colors as the bytes of a canvas.
function networkColors(signed) {
  const bytes = new Uint8Array(4 * 256);
  for (let level = 0; level < 256; level++) bytes.set([...shade(level / 255, { signed }), 255], 4 * level);
  return new Uint32Array(bytes.buffer);
}

// Frames around boxes [row, column, height, width] of cells, with a dark rim that shows on bright cells too.
function networkFrames(canvas, { rows, columns }, boxes, color) {
  const pen = canvas.getContext("2d");
  const ratio = globalThis.devicePixelRatio || 1;
  const cell = canvas.width / columns;
  const edge = 1.5 * ratio; // outside of the box, so as not to cover it, but never beyond the canvas
  const clamp = (cells, most, by) => Math.min(Math.max(cells * cell + by, edge), most * cell - edge);
  pen.beginPath();
  for (const [row, column, height, width] of boxes) {
    const [left, right] = [clamp(column, columns, -edge), clamp(column + width, columns, edge)];
    const [top, bottom] = [clamp(row, rows, -edge), clamp(row + height, rows, edge)];
    pen.rect(left, top, right - left, bottom - top);
  }
  for (const [style, line] of [["#000", 4], [color, 2]]) {
    pen.strokeStyle = style;
    pen.lineWidth = line * ratio;
    pen.stroke();
  }
}

function networkStrongest(values) {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at;
  return best;
}

// The places of the `count` values farthest from 0, the farthest first.
function networkTop(values, count) {
  const top = [];
  for (let at = 0; at < values.length; at++) {
    const size = Math.abs(values[at]);
    if (top.length === count && size <= Math.abs(values[top[count - 1]])) continue;
    const before = top.findIndex((other) => Math.abs(values[other]) < size);
    top.splice(before < 0 ? top.length : before, 0, at);
    if (top.length > count) top.pop();
  }
  return top;
}

function networkLargest(values) {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most || 1;
}

// Probabilities: "97%", and "100%" only for what is nearly certain.
function networkPercent(share) {
  if (share < 0.005) return "<1%";
  return share < 1 && share >= 0.995 ? ">99%" : `${Math.round(100 * share)}%`;
}

const networkShare = (value) => number(value, value < 0.1 ? 4 : 2);
// With its sign before it, to be added to something: "+ 0.50" or "− 0.50".
function networkSigned(value) {
  const text = number(value);
  return text.startsWith("−") ? `− ${text.slice(1)}` : `+ ${text}`;
}

// In brackets if it is negative, to be multiplied with something.
function networkBraced(value) {
  const text = number(value);
  return text.startsWith("−") ? `(${text})` : text;
}

// A factor such as 1/255 is written like this.
function networkFactor(scale) {
  const inverse = Math.round(10 / scale) / 10;
  return scale > 0 && scale < 1 && Math.abs(1 / scale - inverse) < 1e-6 ? `1/${inverse}` : number(scale);
}

export default { render: renderNetwork };
