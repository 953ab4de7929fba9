// How bright the paper is under a drawing, and where the drawing is darker: helpers/digits/ink.py in JavaScript.
//
// Even on clean white paper this matters, because a thick straight stroke may look like a shadow. A picture is
// {rows, columns, values}, with values row after row; here 0 is white and 255 black.

const PAPER_COARSE = 96; // pixels of the longer side, at which shadows are looked for
const PAPER_WINDOWS = [0.5, 0.4, 0.3, 0.2, 0.15, 0.1]; // shares of that side
const PAPER_NEARLY = 0.85; // of the best clearness is enough for a larger window
const PAPER_CLEAR = 3.2; // ink and paper closer than this are mere noise
const PAPER_CONTRAST = 12; // levels: ink that differs less from its paper is taken for paper

// Python's round: halves go to the even neighbor.
export function roundEven(value) {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

// Ink from 0 (paper) to 1, {rows, columns, values}, of a drawing on paper in whole levels; null where there is none.
export function inkOnPaper(bright) {
  const paper = paperLevel(bright);
  const above = abovePaper(bright, paper);
  const { dark, marks } = partedLevels(paper ? { values: above.values } : countedLevels(bright.values));
  const middle = medianOf(dark);
  const grain = middle + 4 * medianOf({ ...dark, values: dark.values.map((value) => Math.abs(value - middle)) });
  const full = medianOf(marks);
  if (!(clearness(dark, marks) >= PAPER_CLEAR && full - grain >= PAPER_CONTRAST)) return null;
  const values = new Float64Array(above.values.length);
  for (let at = 0; at < values.length; at++) {
    values[at] = Math.min(Math.max((above.values[at] - grain) / (full - grain), 0), 1);
  }
  return { ...bright, values };
}

// The paper's brightness under and around the ink, as a picture of the same size; null where it is 0 everywhere.
function paperLevel(bright) {
  const share = Math.min(PAPER_COARSE / Math.max(bright.rows, bright.columns), 1);
  const sides = [bright.rows, bright.columns].map((side) => Math.max(roundEven(share * side), 1));
  const coarse = boxResized(bright, ...sides);
  const plane = borderPlane(coarse);
  const above = { ...coarse, values: coarse.values.map((value, at) => value - plane[at]) };
  const isLevel = plane.every((value) => value === 0);
  // From the smallest window to the largest: where one leaves nothing of the ink, a larger one does not either. Then
  // the paper is 0 everywhere, which is written as null.
  const papers = PAPER_WINDOWS.map(() => null);
  for (let i = papers.length - 1; i >= 0; i--) {
    const window = Math.max(roundEven(PAPER_WINDOWS[i] * Math.max(...sides)), 3) | 1;
    const lowest = lowestAround(above, window);
    if (isLevel && lowest.values.every((value) => value === 0)) break;
    const opened = smoothed(highestAround(lowest, window));
    papers[i] = { ...coarse, values: opened.values.map((value, at) => value + plane[at]) };
  }
  const clear = new Map();
  for (const paper of new Set(papers)) {
    const { dark, marks } = partedLevels(abovePaper(coarse, paper));
    clear.set(paper, clearness(dark, marks));
  }
  const least = PAPER_NEARLY * Math.max(...clear.values());
  const chosen = papers.find((paper) => clear.get(paper) >= least);
  return chosen && enlarged(chosen, bright.rows, bright.columns);
}

// Ink as a share of what the light allows there.
function abovePaper(bright, paper) {
  if (paper === null) return bright;
  const values = new Float64Array(bright.values.length);
  for (let at = 0; at < values.length; at++) {
    const level = paper.values[at];
    values[at] = (255 * Math.max(bright.values[at] - level, 0)) / Math.max(255 - level, 60);
  }
  return { ...bright, values };
}

// ---------------------------------------------------------------------------------------------------- levels
// Levels are {values} from 0 to 255 or, where many are the same, {values, counts}: how often there is each.

function countedLevels(whole) {
  const counts = new Float64Array(256);
  for (let at = 0; at < whole.length; at++) counts[whole[at]]++;
  return { values: Float64Array.from(counts.keys()), counts };
}

// Levels up to Otsu's, and those above it.
function partedLevels({ values, counts }) {
  const level = otsuLevel({ values, counts });
  const dark = { values: new Float64Array(values.length), counts: counts && new Float64Array(values.length) };
  const marks = { values: new Float64Array(values.length), counts: counts && new Float64Array(values.length) };
  const numbers = [0, 0];
  for (let at = 0; at < values.length; at++) {
    const isMark = values[at] > level ? 1 : 0;
    const part = isMark ? marks : dark;
    const place = numbers[isMark]++;
    part.values[place] = values[at];
    if (counts) part.counts[place] = counts[at];
  }
  [dark, marks].forEach((part, i) => {
    part.values = part.values.subarray(0, numbers[i]);
    part.counts = counts && part.counts.subarray(0, numbers[i]);
  });
  return { dark, marks };
}

// How far ink and paper lie apart, in units of their own spread; 0 where there is no ink.
function clearness(dark, marks) {
  const [paper, ink] = [dark, marks].map(meanAndVariance);
  if (ink.number === 0) return 0;
  return (ink.mean - paper.mean) / Math.sqrt((paper.variance + ink.variance) / 2 + 1e-9);
}

function meanAndVariance({ values, counts }) {
  let number = 0;
  let sum = 0;
  for (let at = 0; at < values.length; at++) {
    const count = counts ? counts[at] : 1;
    number += count;
    sum += count * values[at];
  }
  const mean = sum / number;
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += (counts ? counts[at] : 1) * (values[at] - mean) ** 2;
  return { number, mean, variance: squares / number };
}

// The level that best parts levels into two groups (Otsu, 1979).
function otsuLevel({ values, counts }) {
  const often = new Float64Array(256);
  for (let at = 0; at < values.length; at++) {
    often[Math.min(Math.max(roundEven(values[at]), 0), 255)] += counts ? counts[at] : 1;
  }
  const total = often.reduce((sum, count) => sum + count, 0);
  const share = new Float64Array(256);
  const below = new Float64Array(256);
  for (let level = 0, number = 0, sum = 0; level < 256; level++) {
    share[level] = (number += often[level]) / total;
    below[level] = (sum += often[level] * level) / total;
  }
  const spread = share.map((part, level) => {
    return (below[255] * part - below[level]) ** 2 / Math.max(part * (1 - part), 1e-9);
  });
  const best = Math.max(...spread);
  const levels = Array.from(spread.keys()).filter((level) => spread[level] === best);
  return levels.reduce((sum, level) => sum + level, 0) / levels.length;
}

// NaN where there are none.
function medianOf({ values, counts }) {
  if (!counts) {
    const sorted = values.slice().sort();
    const last = sorted.length - 1;
    return (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2;
  }
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const last = counts.reduce((sum, count) => sum + count, 0) - 1;
  const at = (rank) => {
    let seen = 0;
    return values[order.find((each) => (seen += counts[each]) > rank)];
  };
  return (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2;
}

// --------------------------------------------------------------------------------------------------- shadows

// The plane of brightness through the picture's border, whatever few marks lie on it: its values, row after row.
function borderPlane({ rows, columns, values }) {
  const along = (at, count) => (count > 1 ? -1 + (2 * at) / (count - 1) : -1);
  const places = [];
  for (let at = 0; at < values.length; at++) {
    const [row, column] = [Math.floor(at / columns), at % columns];
    if (row === 0 || row === rows - 1 || column === 0 || column === columns - 1) places.push(at);
  }
  const plane = new Float64Array(values.length);
  if (places.every((at) => values[at] === 0)) return plane;
  let border = places;
  for (let round = 0; round < 4; round++) {
    // Each time without the pixels farthest from the plane before: least squares by the normal equations.
    const matrix = [0, 1, 2].map(() => [0, 0, 0, 0]);
    for (const at of border) {
      const terms = [1, along(Math.floor(at / columns), rows), along(at % columns, columns)];
      terms.forEach((term, i) => [...terms, values[at]].forEach((other, j) => (matrix[i][j] += term * other)));
    }
    const [level, down, right] = solvedThree(matrix);
    for (let at = 0; at < values.length; at++) {
      plane[at] = level + down * along(Math.floor(at / columns), rows) + right * along(at % columns, columns);
    }
    const away = (at) => Math.abs(values[at] - plane[at]);
    const limit = 2.5 * medianOf({ values: Float64Array.from(border, away) }) + 1;
    border = border.filter((at) => away(at) <= limit);
  }
  return plane;
}

// The solution of three equations, each a row [a, b, c, right side], by elimination.
function solvedThree(matrix) {
  for (let i = 0; i < 3; i++) {
    const larger = (best, j) => (Math.abs(matrix[j][i]) > Math.abs(matrix[best][i]) ? j : best);
    const pivot = [0, 1, 2].slice(i).reduce(larger, i);
    [matrix[i], matrix[pivot]] = [matrix[pivot], matrix[i]];
    if (Math.abs(matrix[i][i]) < 1e-12) continue;
    for (let j = 0; j < 3; j++) {
      if (j === i) continue;
      const factor = matrix[j][i] / matrix[i][i];
      matrix[j] = matrix[j].map((value, k) => value - factor * matrix[i][k]);
    }
  }
  return matrix.map((row, i) => (Math.abs(row[i]) < 1e-12 ? 0 : row[3] / row[i]));
}

// Calls change(start, step, length) for every column of a picture and then for every row.
function alongBoth({ rows, columns }, change) {
  for (let column = 0; column < columns; column++) change(column, columns, rows);
  for (let row = 0; row < rows; row++) change(row * columns, 1, columns);
}

// The lowest value in a window of so many pixels around each pixel. The highest of these in such a window is the
// opening of a picture: what is narrower than the window is gone.
function lowestAround(picture, window) {
  const values = picture.values.slice();
  const half = (window - 1) / 2;
  const line = new Float64Array(Math.max(picture.rows, picture.columns));
  const waiting = new Int32Array(line.length); // places whose value may still be the lowest one, lowest first
  alongBoth(picture, (start, step, length) => {
    for (let i = 0; i < length; i++) line[i] = values[start + i * step];
    let first = 0;
    let last = -1;
    for (let i = 0; i < length + half; i++) {
      if (i < length) {
        while (last >= first && line[waiting[last]] >= line[i]) last--;
        waiting[++last] = i;
      }
      if (waiting[first] < i - 2 * half) first++;
      if (i >= half) values[start + (i - half) * step] = line[waiting[first]];
    }
  });
  return { ...picture, values };
}

function highestAround(picture, window) {
  const turned = lowestAround({ ...picture, values: picture.values.map((value) => -value) }, window);
  return { ...turned, values: turned.values.map((value) => -value) };
}

// A Gaussian blur with a standard deviation of one pixel; beyond the border the picture is mirrored.
function smoothed(picture) {
  const values = picture.values.slice();
  if (values.every((value) => value === 0)) return picture;
  const reach = 4;
  const bell = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * (i - reach) ** 2));
  const total = bell.reduce((sum, weight) => sum + weight, 0);
  const weights = bell.map((weight) => weight / total);
  const line = new Float64Array(Math.max(picture.rows, picture.columns));
  alongBoth(picture, (start, step, length) => {
    const mirrored = (i) => {
      const place = ((i % (2 * length)) + 2 * length) % (2 * length);
      return place < length ? place : 2 * length - 1 - place;
    };
    for (let i = 0; i < length; i++) line[i] = values[start + i * step];
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let j = -reach; j <= reach; j++) {
        const at = i + j;
        sum += weights[j + reach] * line[at >= 0 && at < length ? at : mirrored(at)];
      }
      values[start + i * step] = sum;
    }
  });
  return { ...picture, values };
}

// ------------------------------------------------------------------------------------------------ other sizes

// A smaller picture, each pixel the mean of those it covers; also a larger one, of repeated pixels.
export function boxResized(picture, rows, columns) {
  return resampled(picture, rows, columns, coveredPixels);
}

// A larger picture, with values between those of the nearest pixels.
function enlarged(picture, rows, columns) {
  return resampled(picture, rows, columns, nearestPixels);
}

// First along the rows, then along the columns, stored as float32 each time, as Pillow does it.
function resampled(picture, rows, columns, parts) {
  const given = new Float32Array(picture.values);
  const across = new Float32Array(picture.rows * columns);
  const columnParts = parts(picture.columns, columns);
  for (let row = 0, at = 0; row < picture.rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const { from, weights } = columnParts[column];
      const start = row * picture.columns + from;
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * given[start + i];
      across[at] = sum;
    }
  }
  const values = new Float64Array(rows * columns);
  parts(picture.rows, rows).forEach(({ from, weights }, row) => {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * across[(from + i) * columns + column];
      values[row * columns + column] = Math.fround(sum);
    }
  });
  return { rows, columns, values };
}

// Which of `length` pixels each of `count` larger ones covers: those with their middle in it. Where a middle lies on
// the border of two, rounding decides, so the sums are written as Pillow's BOX writes them.
function coveredPixels(length, count) {
  const scale = length / count;
  const support = 0.5 * Math.max(scale, 1);
  return Array.from({ length: count }, (_, i) => {
    const middle = (i + 0.5) * scale;
    const place = (at) => (at - middle + 0.5) * (1 / (2 * support)); // −0.5 to 0.5 inside
    let from = Math.max(Math.trunc(middle - support + 0.5), 0);
    let to = Math.min(Math.trunc(middle + support + 0.5), length);
    if (place(from) <= -0.5) from++;
    if (place(to - 1) > 0.5) to--;
    return { from, weights: new Float64Array(to - from).fill(1 / (to - from)) };
  });
}

// For each of `count` smaller pixels the one or two of `length` it lies between, with weights by their nearness.
function nearestPixels(length, count) {
  const scale = length / count;
  return Array.from({ length: count }, (_, i) => {
    const middle = (i + 0.5) * scale;
    const from = Math.max(Math.trunc(middle - 0.5), 0);
    const to = Math.min(Math.trunc(middle + 1.5), length);
    const near = Float64Array.from({ length: to - from }, (_, j) => Math.max(1 - Math.abs(from + j - middle + 0.5), 0));
    const total = near.reduce((sum, weight) => sum + weight, 0);
    return { from, weights: near.map((weight) => weight / total) };
  });
}
