// Draws a figure with sliders from data; ch5/book/sliders/__init__.py says what the data is.
// The same module serves JupyterLab (through anywidget) and a page without a kernel.

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 600; // milliseconds without a change before the reading is announced
const LINE = 16; // pixels between two labels, at least

function add(parent, name, attributes = {}, text = "") {
  const inSvg = name === "svg" || (parent && parent.namespaceURI === SVG);
  const element = inSvg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.textContent = text;
  parent.append(element);
  return element;
}

const colour = name => (name === "ink" ? "currentColor" : `var(--ch5-${name})`);

// The numbers of one array at one position; an axis of 1 stands for every stop.
function pick(numbers, { start, shape }, position) {
  const points = shape[shape.length - 1];
  let index = 0;
  position.forEach((stop, axis) => (index = index * shape[axis] + (shape[axis] === 1 ? 0 : stop)));
  return numbers.subarray(start + index * points, start + (index + 1) * points);
}

// The words at one position.
const at = (nested, position) => position.reduce((part, stop) => part[stop], nested);

// One series as the path of an SVG; X and Y turn numbers into pixels.
const DRAW = {
  line: (x, y, X, Y) => "M" + Array.from(x, (v, i) => `${X(v)},${Y(y[i])}`).join("L"),
  dots: (x, y, X, Y) => Array.from(x, (v, i) => `M${X(v)},${Y(y[i])}h0`).join(""),
  bars: (x, y, X, Y) =>
    Array.from(y, (v, i) => `M${X(x[i])},${Y(0)}V${Y(v)}H${X(x[i + 1])}V${Y(0)}Z`).join(""),
  band: (x, y, X, Y, top) =>
    DRAW.line(x, y, X, Y) + "L" + Array.from(x, (v, i) => `${X(v)},${Y(top[i])}`).reverse().join("L") + "Z",
};

function stroke(parent, { kind, colour: name, dashed, thin }, more = {}) {
  const look = `ch5-${kind}${dashed ? " ch5-dashed" : ""}${thin ? " ch5-thin" : ""}`;
  return add(parent, "path", { class: look, style: `color: ${colour(name)}`, ...more });
}

// A panel: axes drawn once for its size, paths and labels at every position.
function panel(parent, description, numbers) {
  const { title, x, y, series, square } = description;
  const box = add(parent, "div", { class: "ch5-panel" });
  add(box, "div", { class: "ch5-title", "aria-hidden": "true" }, title);
  const svg = add(box, "svg", { role: "img", "aria-label": `${title}. ${description.description}` });
  const labelled = series.filter(one => one.label);
  let width, height, paths, labels, X, Y;

  function lay() {
    const size = svg.getBoundingClientRect();
    const left = 44, top = 8;
    width = size.width - left - (labelled.length ? 92 : 10);
    height = size.height - top - 36;
    if (width <= 0 || height <= 0) return false;
    if (square) width = height = Math.min(width, height);
    X = v => +(((v - x.range[0]) / (x.range[1] - x.range[0])) * width).toFixed(2);
    Y = v => +(((y.range[1] - v) / (y.range[1] - y.range[0])) * height).toFixed(2);
    svg.replaceChildren();
    const all = add(svg, "g", { transform: `translate(${left},${top})` });
    for (const [value, text] of x.ticks) {
      add(all, "path", { class: "ch5-grid", d: `M${X(value)},0V${height}` });
      add(all, "text", { x: X(value), y: height + 15, "text-anchor": "middle" }, text);
    }
    for (const [value, text] of y.ticks) {
      add(all, "path", { class: "ch5-grid", d: `M0,${Y(value)}H${width}` });
      add(all, "text", { x: -6, y: Y(value) + 4, "text-anchor": "end" }, text);
    }
    add(all, "text", { x: width / 2, y: height + 32, "text-anchor": "middle" }, x.label);
    const plot = add(all, "svg", {
      class: "ch5-plot", width, height, "data-x": x.range.join(" "), "data-y": y.range.join(" "),
    });
    paths = series.map(one => stroke(plot, one, { "data-series": one.label || one.kind }));
    labels = labelled.map(one => {
      const label = add(all, "g");
      stroke(label, one, { d: one.kind === "dots" ? "M4,0h0M12,0h0" : "M0,0h16" });
      add(label, "text", { x: 21, y: 4 }, one.label);
      return label;
    });
    return true;
  }

  // Labels stand where their lines end, in the same order, and apart.
  function place(ends) {
    const order = ends.map((end, i) => [Math.min(Math.max(end, 4), height - 4), i, end]);
    order.sort((a, b) => a[0] - b[0] || a[2] - b[2]);
    order.forEach((one, i) => { if (i) one[0] = Math.max(one[0], order[i - 1][0] + LINE); });
    let limit = height - 4;
    for (const one of order.reverse()) { one[0] = Math.min(one[0], limit); limit = one[0] - LINE; }
    for (const [at, i] of order) labels[i].setAttribute("transform", `translate(${width + 6},${at})`);
  }

  function draw(position) {
    if (!paths) return;
    const ends = [];
    series.forEach((one, i) => {
      const here = array => pick(numbers, array, position);
      const ys = here(one.y);
      paths[i].setAttribute("d", DRAW[one.kind](here(one.x), ys, X, Y, one.top && here(one.top)));
      if (one.label) ends.push(Y(ys[ys.length - 1]));
    });
    place(ends);
  }

  return { svg, lay, draw };
}

function render({ model, el }) {
  const figure = model.get("figure");
  const bytes = model.get("data");
  const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const root = add(el, "div", { class: "ch5-slider", role: "group", "aria-label": figure.title });
  const go = position => {
    model.set("position", position);
    model.save_changes();
  };

  const controls = add(root, "div", { class: "ch5-controls" });
  const inputs = figure.controls.map((control, axis) => {
    const label = add(controls, "label");
    const words = add(label, "span", {}, `${control.label} `);
    const value = add(words, "output", { "aria-hidden": "true" });
    const input = add(label, "input", {
      type: "range", min: 0, max: control.values.length - 1, step: 1, "aria-label": control.label,
      style: `accent-color: ${colour(control.colour)}`, "data-lm-suppress-shortcuts": "true",
    });
    input.addEventListener("input", () =>
      go(model.get("position").map((stop, i) => (i === axis ? input.valueAsNumber : stop))));
    const marks = add(label, "span", { class: "ch5-marks", "aria-hidden": "true" });
    for (const stop of control.marks)
      add(marks, "span", { style: `--at: ${stop / (control.values.length - 1)}` }, control.values[stop]);
    return { input, value, values: control.values };
  });

  const words = add(root, "div", { class: "ch5-words" });
  const sentence = add(words, "p", { class: "ch5-sentence" });
  const reading = add(words, "p", { class: "ch5-reading" });

  const frame = add(root, "div", { class: "ch5-panels" });
  const panels = figure.panels.map(one => panel(frame, one, numbers));

  const row = add(root, "div", { class: "ch5-places" });
  const buttons = figure.places.map(one => {
    const button = add(row, "button", { type: "button" }, one.label);
    button.addEventListener("click", () => go(one.position));
    return button;
  });
  const reset = add(row, "button", { type: "button", class: "ch5-reset" }, "Reset");
  reset.addEventListener("click", () => go(figure.start));
  const spoken = add(root, "p", { class: "ch5-spoken", "aria-live": "polite" });
  let timer;

  function draw() {
    const position = model.get("position");
    const here = figure.places.findIndex(one => one.position.every((stop, i) => stop === position[i]));
    inputs.forEach(({ input, value, values }, i) => {
      input.value = position[i];
      input.setAttribute("aria-valuetext", values[position[i]]);
      value.textContent = values[position[i]];
    });
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === here));
    panels.forEach(one => one.draw(position));
    reading.textContent = at(figure.readings, position);
    sentence.textContent = here < 0 ? at(figure.meanings, position) : figure.places[here].sentence;
  }

  // A screen reader hears the reading once the hand rests, not at every stop on the way.
  function changed() {
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => (spoken.textContent = `${sentence.textContent} ${reading.textContent}`), QUIET);
  }

  const sizes = new ResizeObserver(() => {
    for (const one of panels) if (one.lay()) one.draw(model.get("position"));
  });
  for (const one of panels) sizes.observe(one.svg);
  draw();
  model.on("change:position", changed);
  return () => {
    sizes.disconnect();
    clearTimeout(timer);
    model.off("change:position", changed);
  };
}

export default { render };
