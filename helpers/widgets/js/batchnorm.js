// Batch normalization: the pre-activations of a few units for a batch of images, before and after.
//
// The arithmetic stands first and knows nothing of the page. A batch is images × units numbers, image after image.
import {
  announcer, blankSheet, button, choice, figureRoot, followSize, followTheme, ink, leaving, liveLabels, make, number,
  slider, unpack,
} from "./shared.js";

export const BN_EPSILON = 1e-3; // Keras' default, and so is the momentum
export const BN_MOMENTUM = 0.99;
const BN_UNITS = [[1.5, 1], [-1.5, 0.7], [0.3, 1.6], [2.5, 0.6]]; // mean and deviation of each, over all images
const BN_SIZES = [1, 4, 16, 64]; // images in a batch
const BN_WEIGHTS = [0.2, 0.5, 1, 2, 3]; // what all weights can be multiplied by
const BN_COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
const BN_ROW = 56; // CSS pixels, for each unit

// ------------------------------------------------------------------------------------------------ arithmetic

// A function that gives evenly spread numbers between 0 and 1, the same ones for the same seed (a whole number of at
// least 0): Park and Miller's generator with the multiplier of 1993, whose products a number can hold exactly.
export function bnRandom(seed) {
  const prime = 2 ** 31 - 1;
  let state = 1 + ((7919 * (seed + 1)) % (prime - 1));
  const next = () => {
    state = (48271 * state) % prime;
    return state / prime;
  };
  for (let i = 0; i < 8; i++) next(); // the first numbers of neighboring seeds are alike
  return next;
}

// A random batch of `images` for the four units; a smaller batch of the same seed has the same first images.
export function bnBatch(seed, images) {
  const random = bnRandom(seed);
  const values = new Float64Array(images * BN_UNITS.length);
  for (let i = 0; i < values.length; i++) {
    const [mean, deviation] = BN_UNITS[i % BN_UNITS.length];
    const distance = Math.sqrt(-2 * Math.log(random())); // Box and Muller: two even numbers make a normal one
    values[i] = mean + deviation * distance * Math.cos(2 * Math.PI * random());
  }
  return values;
}

// Mean and variance of each unit over the batch; the variance is divided by the number of images.
export function bnStatistics(values, units) {
  const images = values.length / units;
  const mean = new Float64Array(units);
  const variance = new Float64Array(units);
  values.forEach((value, i) => (mean[i % units] += value / images));
  values.forEach((value, i) => (variance[i % units] += (value - mean[i % units]) ** 2 / images));
  return { mean, variance };
}

// γ (x − mean) / √(variance + ε) + β, with the same γ and β for all units.
export function bnNormalize(values, { mean, variance }, { gamma = 1, beta = 0 } = {}) {
  const units = mean.length;
  return values.map((value, i) => {
    const unit = i % units;
    return (gamma * (value - mean[unit])) / Math.sqrt(variance[unit] + BN_EPSILON) + beta;
  });
}

// The moving averages after one more training step: 99% old value, 1% that of the batch.
export function bnMove(moving, batch) {
  const mix = (old, now) => old.map((value, unit) => BN_MOMENTUM * value + (1 - BN_MOMENTUM) * now[unit]);
  return { mean: mix(moving.mean, batch.mean), variance: mix(moving.variance, batch.variance) };
}

// What a layer's moving averages are before it has seen a batch.
export function bnStart(units) {
  return { mean: new Float64Array(units), variance: new Float64Array(units).fill(1) };
}

// --------------------------------------------------------------------------------------------------- figure

// A setting in words: 0, −1.5.
function bnText(value) {
  return number(value, Number.isInteger(value) ? 0 : 1);
}

// One number line for each unit, with a dot for each image. `used` holds the statistics whose mean ± deviation is
// drawn as a bracket, `marks` the means that get a small triangle; `texts` is a line for each unit.
function bnDraw(canvas, values, units, { used, marks, texts, limit, width, colors }) {
  const height = BN_ROW * units + 24;
  const pen = blankSheet(canvas, width, height, colors.paper);
  const edge = 9;
  const x = (value) => width / 2 + (value / limit) * (width / 2 - edge);
  const font = (size) => `${size}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  for (let unit = 0; unit < units; unit++) {
    const top = BN_ROW * unit;
    const middle = top + 37;
    pen.fillStyle = colors.raised;
    pen.fillRect(x(0), top + 20, width - x(0), 34);
    pen.fillStyle = colors.text;
    pen.font = font(14);
    pen.textAlign = "left";
    pen.fillText(texts[unit], 0, top + 10, width);
    pen.strokeStyle = colors.faint;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, middle);
    pen.lineTo(width, middle);
    pen.moveTo(x(0), top + 20);
    pen.lineTo(x(0), top + 54);
    pen.stroke();
    for (let i = unit; i < values.length; i += units) {
      const image = (i - unit) / units;
      const spread = values.length / units > 4 ? 22 * (((image * 0.618034) % 1) - 0.5) : 0;
      bnDot(pen, x(values[i]), middle + spread, unit, values[i] > 0, [edge, width - edge], colors);
    }
    if (used) {
      const mean = used.mean[unit];
      const deviation = Math.sqrt(used.variance[unit]);
      pen.beginPath();
      for (const place of [mean - deviation, mean + deviation]) {
        pen.moveTo(x(place), middle - 14);
        pen.lineTo(x(place), middle + 15);
      }
      pen.moveTo(x(mean - deviation), middle + 15); // at the edge, where it hides no dot
      pen.lineTo(x(mean + deviation), middle + 15);
      for (const [color, line] of [[colors.paper, 6], [colors.text, 2.5]]) {
        pen.strokeStyle = color;
        pen.lineWidth = line;
        pen.stroke();
      }
    }
    if (marks) {
      const place = x(marks[unit]);
      pen.fillStyle = colors.text;
      pen.beginPath();
      pen.moveTo(place, middle + 8);
      pen.lineTo(place - 6, middle + 18);
      pen.lineTo(place + 6, middle + 18);
      pen.fill();
    }
  }
  pen.fillStyle = colors.faint;
  pen.font = font(14);
  pen.textAlign = "center";
  for (const share of [-1, -0.5, 0, 0.5, 1]) {
    const text = bnText(share * limit);
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(Math.max(x(share * limit), half), width - half), height - 11);
  }
}

// A dot in the unit's color and shape, hollow where a ReLU would stop it; one beyond the line's end is an arrow there.
function bnDot(pen, x, y, unit, passes, [low, high], colors) {
  const beyond = x < low - 1 ? -1 : x > high + 1 ? 1 : 0;
  const place = Math.min(Math.max(x, low), high);
  const r = 4.5;
  const shapes = [
    () => pen.arc(place, y, r, 0, 2 * Math.PI),
    () => pen.rect(place - r + 0.5, y - r + 0.5, 2 * r - 1, 2 * r - 1),
    () => bnPath(pen, [[place, y - r - 1], [place + r + 1, y], [place, y + r + 1], [place - r - 1, y]]),
    () => bnPath(pen, [[place, y - r - 1], [place + r + 0.5, y + r], [place - r - 0.5, y + r]]),
  ];
  pen.beginPath();
  if (beyond) bnPath(pen, [[place + 8 * beyond, y], [place - 3 * beyond, y - 5], [place - 3 * beyond, y + 5]]);
  else shapes[unit % shapes.length]();
  pen.fillStyle = passes ? BN_COLORS[unit % BN_COLORS.length] : colors.paper;
  pen.strokeStyle = passes ? colors.text : BN_COLORS[unit % BN_COLORS.length];
  pen.lineWidth = passes ? 0.7 : 1.8;
  pen.globalAlpha = 0.85;
  pen.fill();
  pen.stroke();
  pen.globalAlpha = 1;
}

function bnPath(pen, points) {
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}

function renderBatchnorm({ model, el }) {
  const t = liveLabels(model);
  const settings = model.get("settings");
  const root = figureRoot(el, "batchnorm", t("title"));
  const say = announcer(root);
  const given = settings.values && unpack(settings.values);
  const units = given ? given.shape[1] : BN_UNITS.length;
  const seed = settings.seed ?? 0;
  const limit = Math.max(8, given ? 4 * Math.ceil(Math.max(...given.values.map(Math.abs)) / 4 + 0.1) : 0);
  const begin = () => ({
    images: given ? given.shape[0] : (settings.batch ?? 64),
    weights: 1,
    bias: 0,
    gamma: settings.gamma ?? 1,
    beta: settings.beta ?? 0,
    training: settings.training ?? true,
    steps: 0, // training steps that the moving averages have seen
    moving: bnStart(units),
    news: "",
  });
  const state = begin();
  const plain = () => (given ? Float64Array.from(given.values) : bnBatch(seed + state.steps, state.images));
  const before = () => plain().map((value) => state.weights * value + state.bias);

  const set = (key, news) => (value) => {
    state[key] = value;
    state.news = news;
    redraw();
    speak();
  };
  const mode = choice(t, "mode", {
    options: [
      ["training", t("training")],
      ["prediction", t("prediction")],
    ],
    value: state.training ? "training" : "prediction",
    onChange: (value) => set("training", "")(value === "training"),
  });
  const sizes = [...new Set([...BN_SIZES, state.images])].sort((a, b) => a - b);
  const size = choice(t, "images", {
    options: sizes.map((count) => [count, count]),
    value: state.images,
    onChange: set("images", ""),
  });
  const tenths = { step: 0.1, format: bnText };
  const sliders = {
    weights: slider(t, "weights", {
      min: 0,
      max: BN_WEIGHTS.length - 1,
      value: BN_WEIGHTS.indexOf(1),
      format: (index) => t("times", { factor: BN_WEIGHTS[index] }),
      onInput: (index) => set("weights", "moved")(BN_WEIGHTS[index]),
    }),
    bias: slider(t, "bias", { min: -4, max: 4, step: 0.5, value: 0, format: bnText, onInput: set("bias", "moved") }),
    gamma: slider(t, "gamma", { min: 0, max: 3, ...tenths, value: state.gamma, onInput: set("gamma", "") }),
    beta: slider(t, "beta", { min: -4, max: 4, ...tenths, value: state.beta, onInput: set("beta", "") }),
  };
  const train = (count) => () => {
    for (let step = 0; step < count; step++) {
      state.moving = bnMove(state.moving, bnStatistics(before(), units));
      state.steps++;
    }
    state.news = "stepped";
    redraw();
    speak();
  };
  const reset = button(t("reset"), () => {
    Object.assign(state, begin());
    mode.set(state.training ? "training" : "prediction");
    size.set(state.images);
    sliders.weights.set(BN_WEIGHTS.indexOf(1));
    for (const key of ["bias", "gamma", "beta"]) sliders[key].set(state[key]);
    redraw();
    speak();
  });
  const steps = make("span", { class: "live-caption live-numbers" });
  const caption = (key) => make("p", { class: "live-caption", text: t(key) });
  const panels = ["before", "after"].map((key) => {
    const canvas = make("canvas", { role: "img" });
    const node = make("div", { class: "live-block bn-panel" }, caption(key), canvas);
    return { key, canvas, node };
  });
  const sentence = make("p", { class: "live-sentence" });
  const group = (key, ...nodes) =>
    make(
      "div",
      { class: "bn-group", role: "group", "aria-label": t(key) },
      caption(key),
      make("div", { class: "bn-controls" }, nodes),
    );
  root.prepend(
    make(
      "div",
      { class: "live-row" },
      group("layer before", sliders.weights.node, sliders.bias.node),
      group("batch normalization", sliders.gamma.node, sliders.beta.node),
    ),
    make("div", { class: "live-row" }, panels.map(({ node }) => node)),
    sentence,
    make(
      "div",
      { class: "live-row bn-bottom" },
      mode.node,
      given ? null : size.node,
      button(t("one step"), train(1)).node,
      button(t("many steps"), train(100)).node,
      reset.node,
      steps,
    ),
    caption("legend"),
  );
  const speak = () => say(sentence.textContent);

  function redraw() {
    const values = before();
    const batch = bnStatistics(values, units);
    const used = state.training ? batch : state.moving;
    const after = bnNormalize(values, used, state);
    const result = bnStatistics(after, units);
    const colors = ink(root);
    const ofUnit = (numbers, statistics, name) =>
      Array.from({ length: units }, (_, unit) => {
        const positive = numbers.filter((value, i) => i % units === unit && value > 0).length;
        return t(name, {
          mean: number(statistics.mean[unit], 2),
          deviation: number(Math.sqrt(statistics.variance[unit]), 2),
          positive: Math.round((100 * positive * units) / numbers.length),
        });
      });
    for (const { key, canvas, node } of panels) {
      const first = key === "before";
      const texts = ofUnit(first ? values : after, first ? batch : result, "line");
      const width = Math.max(node.clientWidth || 300, 200);
      const brackets = first ? { used, marks: state.moving.mean } : {};
      bnDraw(canvas, first ? values : after, units, { ...brackets, texts, limit, width, colors });
      canvas.setAttribute("aria-label", [t(key), ...texts].join(". "));
    }
    steps.textContent = t("steps taken", { steps: state.steps });
    sentence.textContent = words(values, after, batch);
  }

  // What happened, in one or two sentences.
  function words(values, after, batch) {
    const gap = (other) => Math.max(...after.map((value, i) => Math.abs(value - other[i])));
    const far = (other) => number(Math.max(Math.ceil(100 * gap(other)) / 100, 0.01), 2); // never less than it is
    const [gamma, beta] = [bnText(state.gamma), bnText(state.beta)];
    const unmoved = plain();
    const own = state.training ? bnStatistics(unmoved, units) : state.moving;
    const changed = {
      weights: t("times", { factor: state.weights }),
      bias: bnText(state.bias),
      far: far(bnNormalize(unmoved, own, state)),
    };
    if (state.training && state.images === 1) return t("one image", { beta });
    if (state.training) {
      return state.news === "moved" ? t("moved in training", changed) : t("in training", { gamma, beta });
    }
    if (state.news === "moved") return t("moved in prediction", changed);
    return t("in prediction", { steps: state.steps, far: far(bnNormalize(values, batch, state)) });
  }

  redraw();
  return leaving(root, [followTheme(root, redraw), followSize(root, redraw), say.stop]);
}

export default { render: renderBatchnorm };
