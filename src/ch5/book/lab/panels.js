// The two panels of the lab and the numbers that they draw.

function lossPanel(frame, figure) {
  const line = (label, y, more = {}) => ({ kind: "line", label, x: "ends", y, colour: "input", thin: true, ...more });
  const y = { label: "", range: [1.5, 4.5], ticks: [2, 3, 4].map(v => [v, `${v}`]) };
  const made = panel(frame, {
    y,
    title: "Loss by epoch (nats per character)",
    description: "The mean loss of each epoch of this run, over the band of ten recorded seeds and the published " +
      "points; lines for n-grams and a compressor on the same text. The numbers stand below.",
    x: { label: "epoch", range: [0.5, figure.epochs + 0.5], ticks: [1, 5, 10, 15].map(e => [e, `${e}`]) },
    series: [
      ...figure.levels.map(([name]) => line(name, name)),
      { kind: "band", x: "epochs", y: "low", top: "high", colour: "state" },
      { kind: "line", x: "before x", y: "before", colour: "input", label: "previous run", dashed: true, thin: true },
      { kind: "squares", x: "published x", y: "published", colour: "other", label: "published" },
      { kind: "line", x: "blocks x", y: "blocks", colour: "state", thin: true },
      { kind: "dots", x: "means x", y: "means", colour: "state", label: "this run" },
      { kind: "line", x: "at x", y: "at", colour: "ink", thin: true },
    ],
  });
  return { ...made, y };
}

function gradientPanel(frame) {
  const ticks = [0, -5, -10, -15].map(k => [k, k ? power(k) : "1"]);
  return panel(frame, {
    title: "Gradient at lag k",
    description: "The norm of the gradient of one character's loss at the state k steps before, relative to lag 0, " +
      "on a logarithmic axis: median and quartiles along the text, beside the radius and the exponent.",
    x: { label: "lag k (steps)", range: [-1, 41], ticks: [0, 10, 20, 30, 40].map(k => [k, `${k}`]) },
    y: { label: "", range: [-18, 3], ticks },
    series: [
      { kind: "band", x: "lags", y: "lower", top: "upper", colour: "gradient" },
      { kind: "line", x: "lags", y: "start", colour: "input", label: "update 0", dashed: true },
      { kind: "line", x: "lag ends", y: "radius", colour: "other", label: "radiusᵏ", thin: true },
      { kind: "line", x: "lag ends", y: "exponent", colour: "gradient", label: "exponent", thin: true },
      { kind: "dots", x: "lags", y: "median", colour: "gradient", label: "gradient" },
    ],
  });
}

// The place of a block of updates, a tenth of an epoch, on the axis of epochs: an epoch's own is its middle.
const placeOf = (k, epoch) => ((k + 0.5) * Math.round(epoch / 10)) / epoch + 0.5;

// What the panels draw, by name: of the run so far, of the moment shown, and of the previous run.
function numbersOf(figure, seen, start, now, before, range) {
  const { blocks, epochs: means, epoch } = seen ?? { blocks: [], epochs: [], epoch: 1 };
  const { lags, low, high, published, levels } = figure, ends = [0.5, figure.epochs + 0.5];
  const line = log => (now ? [0, log * lags.at(-1)] : []);
  const [lower, median, upper] = now ? now.gradient : [[], [], []];
  return {
    ends, ...Object.fromEntries(levels.map(([name, level]) => [name, [level, level]])),
    epochs: low.map((_, e) => e + 1), low, high,
    "published x": published.map(one => one[0]), published: published.map(one => one[1]),
    "before x": before.map(one => one[0]), before: before.map(one => one[1]),
    "blocks x": blocks.map((_, k) => placeOf(k, epoch)), blocks,
    "means x": means.map((_, e) => e + 1), means,
    "at x": now && seen ? [0, 0].fill(now.update / epoch + 0.5) : [], at: now && seen ? range : [],
    lags, "lag ends": [0, lags.at(-1)], lower, median, upper, start: start ? start.gradient[1] : [],
    radius: line(now && Math.log10(now.radius)), exponent: line(now && now.exponent / Math.LN10),
  };
}

