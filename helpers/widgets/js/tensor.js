// The arithmetic of a network's layers, one image at a time, as Keras computes it.
//
// Images and feature maps are Float32Arrays in the order (row, column, channel); a layer is one of those that
// helpers/widgets/layer_plan.py writes. Sums are kept in double precision and then stored as float32.
// tests/widgets/test_layer_plan.py compares all of this with Keras.

// The layers of a plan, ready to run: packed arrays become Float32Arrays, and each layer knows the shape it gets. Throws
// for weights that do not fit their layer or are not finite, as in a plan that was damaged on its way to the page.
export function readLayers(network, unpack) {
  let inputShape = network.input;
  return network.layers.map((layer) => {
    const ready = { ...layer, inputShape };
    for (const [key, value] of Object.entries(layer)) if (value?.dtype) ready[key] = unpack(value).values;
    if (layer.kernel) ready.kernelShape = layer.kernel.shape;
    checkWeights(ready);
    if (layer.kind === "normalize") {
      ready.factor = ready.gamma.map((gamma, i) => gamma / Math.sqrt(ready.variance[i] + layer.epsilon));
    }
    inputShape = layer.shape;
    return ready;
  });
}

function checkWeights(layer) {
  const [inputs, outputs] = [layer.inputShape.at(-1), layer.shape.at(-1)];
  for (const name of ["kernel", "bias", "gamma", "beta", "mean", "variance"]) {
    const values = layer[name];
    if (!values) continue;
    const isKernel = name === "kernel";
    const fits = isKernel ? layer.kernelShape.slice(-2).join() === `${inputs},${outputs}` : values.length === outputs;
    if (!fits || !values.every(Number.isFinite)) throw new Error(`the ${name} of layer "${layer.name}" is damaged`);
  }
}

// What each layer gives for an image, in order.
export function runLayers(layers, image) {
  let values = image;
  return layers.map((layer) => (values = applyLayer(layer, values)));
}

export function applyLayer(layer, values) {
  const act = (result) => (layer.activation ? activate(result, layer.activation, layer.shape.at(-1)) : result);
  switch (layer.kind) {
    case "rescale":
      return values.map((value) => value * layer.scale + layer.offset);
    case "conv":
      return act(tensorConv(layer, values));
    case "pool":
      return tensorPool(layer, values);
    case "global_pool":
      return tensorGlobalPool(layer, values);
    case "normalize":
      return tensorNormalize(layer, values);
    case "dense":
      return act(tensorDense(layer, values));
    case "activation":
      return act(values.slice());
    case "pass": // Dropout, when a network answers
    case "flatten": // the order of the numbers is already that of Keras' Flatten
      return values;
    default:
      throw new Error(`unknown kind of layer: ${layer.kind}`);
  }
}

// Along one side of `length` values, how many places a window has, and how many zeros "same" puts before the first.
export function windowPlaces(length, size, stride, padding, dilation = 1) {
  const reach = (size - 1) * dilation + 1;
  if (padding === "valid") return { places: Math.max(Math.floor((length - reach) / stride) + 1, 0), before: 0 };
  const places = Math.ceil(length / stride);
  return { places, before: Math.floor(Math.max((places - 1) * stride + reach - length, 0) / 2) };
}

function tensorConv({ inputShape, kernel, kernelShape, bias, strides, padding, dilation }, values) {
  const [rows, columns, channels] = inputShape;
  const [high, wide, , filters] = kernelShape;
  const down = windowPlaces(rows, high, strides[0], padding, dilation[0]);
  const right = windowPlaces(columns, wide, strides[1], padding, dilation[1]);
  const result = new Float32Array(down.places * right.places * filters);
  // The numbers under the kernel that are not 0 (after a ReLU, most are), and where in the kernel their weights begin.
  const patch = new Float64Array(high * wide * channels);
  const weights = new Int32Array(patch.length);
  for (let row = 0, place = 0; row < down.places; row++) {
    for (let column = 0; column < right.places; column++, place += filters) {
      let count = 0;
      for (let i = 0; i < high; i++) {
        const r = row * strides[0] - down.before + i * dilation[0];
        if (r < 0 || r >= rows) continue;
        for (let j = 0; j < wide; j++) {
          const c = column * strides[1] - right.before + j * dilation[1];
          if (c < 0 || c >= columns) continue;
          const from = (r * columns + c) * channels;
          for (let channel = 0; channel < channels; channel++) {
            const value = values[from + channel];
            if (value === 0) continue;
            patch[count] = value;
            weights[count] = ((i * wide + j) * channels + channel) * filters;
            count++;
          }
        }
      }
      tensorSums(patch, weights, count, kernel, bias, filters, result, place);
    }
  }
  return result;
}

// For each filter the sum of the products of a patch, written into `result` from `place` on. Four filters at a time,
// whose sums then stay out of memory: twice as fast, and most of the time that a network takes is spent here.
function tensorSums(patch, weights, count, kernel, bias, filters, result, place) {
  let filter = 0;
  for (; filter + 4 <= filters; filter += 4) {
    let a = bias ? bias[filter] : 0;
    let b = bias ? bias[filter + 1] : 0;
    let c = bias ? bias[filter + 2] : 0;
    let d = bias ? bias[filter + 3] : 0;
    for (let i = 0; i < count; i++) {
      const value = patch[i];
      const weight = weights[i] + filter;
      a += value * kernel[weight];
      b += value * kernel[weight + 1];
      c += value * kernel[weight + 2];
      d += value * kernel[weight + 3];
    }
    result[place + filter] = a;
    result[place + filter + 1] = b;
    result[place + filter + 2] = c;
    result[place + filter + 3] = d;
  }
  for (; filter < filters; filter++) {
    let sum = bias ? bias[filter] : 0;
    for (let i = 0; i < count; i++) sum += patch[i] * kernel[weights[i] + filter];
    result[place + filter] = sum;
  }
}

function tensorPool(layer, values) {
  const [rows, columns, channels] = layer.shape;
  const result = new Float32Array(rows * columns * channels);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cells = poolCells(layer, row, column);
      for (let channel = 0; channel < channels; channel++, at++) {
        result[at] = tensorPooled(layer.how, cells, (cell) => values[cell * channels + channel]);
      }
    }
  }
  return result;
}

// The cells of the input (row · columns + column) under one window of a pooling layer; there are none in the padding.
export function poolCells({ inputShape, size, strides, padding }, row, column) {
  const [rows, columns] = inputShape;
  const top = row * strides[0] - windowPlaces(rows, size[0], strides[0], padding).before;
  const left = column * strides[1] - windowPlaces(columns, size[1], strides[1], padding).before;
  const cells = [];
  for (let r = Math.max(top, 0); r < Math.min(top + size[0], rows); r++) {
    for (let c = Math.max(left, 0); c < Math.min(left + size[1], columns); c++) cells.push(r * columns + c);
  }
  return cells;
}

function tensorPooled(how, cells, valueOf) {
  let result = how === "max" ? -Infinity : 0;
  for (const cell of cells) {
    const value = valueOf(cell);
    if (how === "average") result += value / cells.length;
    else if (value > result) result = value;
  }
  return result;
}

function tensorGlobalPool({ inputShape, how }, values) {
  const channels = inputShape.at(-1);
  const cells = Array.from({ length: values.length / channels }, (_, cell) => cell);
  return Float32Array.from({ length: channels }, (_, channel) =>
    tensorPooled(how, cells, (cell) => values[cell * channels + channel]),
  );
}

function tensorNormalize({ mean, factor, beta }, values) {
  const channels = mean.length;
  return values.map((value, at) => (value - mean[at % channels]) * factor[at % channels] + beta[at % channels]);
}

function tensorDense({ kernel, bias, shape }, values) {
  const units = shape.at(-1);
  const sums = new Float64Array(units);
  if (bias) sums.set(bias);
  for (let input = 0, weight = 0; input < values.length; input++, weight += units) {
    const value = values[input];
    if (value === 0) continue;
    for (let unit = 0; unit < units; unit++) sums[unit] += value * kernel[weight + unit];
  }
  return Float32Array.from(sums);
}

// ------------------------------------------------------------------------------------------------- activations

// Each takes the settings that the plan gives for it, and returns a function of one number.
export const ACTIVATIONS = {
  linear: () => (x) => x,
  relu: ({ negative_slope: slope, max_value: most, threshold }) => (x) =>
    x < threshold ? slope * (x - threshold) : most === null ? x : Math.min(x, most),
  elu: ({ alpha }) => (x) => (x > 0 ? x : alpha * Math.expm1(x)),
  selu: () => (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  sigmoid: () => tensorSigmoid,
  hard_sigmoid: () => (x) => Math.min(Math.max(x / 6 + 0.5, 0), 1),
  tanh: () => Math.tanh,
  softplus: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  softsign: () => (x) => x / (1 + Math.abs(x)),
  silu: () => (x) => x * tensorSigmoid(x),
  gelu: () => (x) => (x / 2) * (1 + tensorErf(x / Math.SQRT2)),
};

function tensorSigmoid(x) {
  return x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
}

// The error function: its series near 0, and the continued fraction of its complement farther out.
function tensorErf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let [term, sum] = [x, x];
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 40; n > 0; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
}

// Values with an activation applied, in place; softmax goes over the last axis, whose length is `last`.
export function activate(values, activation, last) {
  if (activation.name === "softmax") {
    for (let from = 0; from < values.length; from += last) {
      values.set(softmaxOf(values.subarray(from, from + last)), from);
    }
    return values;
  }
  if (activation.name === "linear") return values;
  const activated = ACTIVATIONS[activation.name](activation);
  for (let at = 0; at < values.length; at++) values[at] = activated(values[at]);
  return values;
}

export function softmaxOf(values) {
  const highest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const raised = Float64Array.from(values, (value) => Math.exp(value - highest));
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

// --------------------------------------------------------------------------------------------- one unit explained

// How one output of a layer comes about: `at` is its place among the layer's outputs, `input` what the layer gets, and
// `output` what it gives. What is returned depends on the kind of layer:
//   conv    {patch, weights} of (high, wide, channels), {sum, bias, before, value}, and {top, left, high, wide}, the
//           window on the input (it may reach beyond it) with its dilation
//   dense   {weights, products, sum, bias, before, value}
//   pool    {cells, values, value}: the cells of the input, and what they hold in this channel
//   others  {from, before, value}: the one number it is made from, where there is one
export function explainUnit(layer, input, output, at) {
  const value = output[at];
  if (layer.kind === "conv") return { ...tensorExplainConv(layer, input, at), value };
  if (layer.kind === "dense") {
    const units = layer.shape.at(-1);
    const weights = Float32Array.from(input, (_, i) => layer.kernel[i * units + at]);
    const products = Float64Array.from(input, (each, i) => each * weights[i]);
    const sum = products.reduce((total, product) => total + product, 0);
    const bias = layer.bias ? layer.bias[at] : 0;
    return { weights, products, sum, bias, before: sum + bias, value };
  }
  if (layer.kind === "pool" || layer.kind === "global_pool") {
    const channels = layer.inputShape.at(-1);
    const place = Math.floor(at / channels);
    const columns = layer.shape[1];
    const cells =
      layer.kind === "global_pool"
        ? Array.from({ length: input.length / channels }, (_, cell) => cell)
        : poolCells(layer, Math.floor(place / columns), place % columns);
    return { cells, values: cells.map((cell) => input[cell * channels + (at % channels)]), value };
  }
  return { before: input[at], value };
}

function tensorExplainConv({ inputShape, kernel, kernelShape, bias, strides, padding, dilation, shape }, input, at) {
  const [rows, columns, channels] = inputShape;
  const [high, wide, , filters] = kernelShape;
  const filter = at % filters;
  const place = Math.floor(at / filters);
  const down = windowPlaces(rows, high, strides[0], padding, dilation[0]);
  const right = windowPlaces(columns, wide, strides[1], padding, dilation[1]);
  const top = Math.floor(place / shape[1]) * strides[0] - down.before;
  const left = (place % shape[1]) * strides[1] - right.before;
  const patch = new Float32Array(high * wide * channels);
  const weights = new Float32Array(patch.length);
  let sum = 0;
  for (let i = 0; i < patch.length; i++) {
    const cell = Math.floor(i / channels);
    const row = top + Math.floor(cell / wide) * dilation[0];
    const column = left + (cell % wide) * dilation[1];
    const inside = row >= 0 && row < rows && column >= 0 && column < columns;
    patch[i] = inside ? input[(row * columns + column) * channels + (i % channels)] : 0;
    weights[i] = kernel[i * filters + filter];
    sum += patch[i] * weights[i];
  }
  const added = bias ? bias[filter] : 0;
  const reach = [(high - 1) * dilation[0] + 1, (wide - 1) * dilation[1] + 1];
  return { patch, weights, sum, bias: added, before: sum + added, top, left, high: reach[0], wide: reach[1] };
}
