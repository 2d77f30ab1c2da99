// Draws panels: axes, and series of points over them. It stands before the script of every widget that draws.

const SVG = "http://www.w3.org/2000/svg";
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

// One series as the path of an SVG; X and Y turn numbers into pixels.
const DRAW = {
  line: (x, y, X, Y) => "M" + Array.from(x, (v, i) => `${X(v)},${Y(y[i])}`).join("L"),
  squares: (x, y, X, Y) => Array.from(x, (v, i) => `M${X(v) - 4},${Y(y[i]) - 4}h8v8h-8Z`).join(""),
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

// A panel: axes drawn once for its size, paths and labels for the numbers of the moment.
function panel(parent, description) {
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
    const below = add(all, "text", { x: width / 2, y: height + 32, "text-anchor": "middle" });
    for (const part of x.label.split(/\b([A-Za-z])\b/)) // a letter by itself is a symbol
      add(below, "tspan", part.length === 1 && /[A-Za-z]/.test(part) ? { "font-style": "italic" } : {}, part);
    const plot = add(all, "svg", {
      class: "ch5-plot", width, height, "data-x": x.range.join(" "), "data-y": y.range.join(" "),
    });
    paths = series.map(one => stroke(plot, one, { "data-series": one.label || one.kind }));
    labels = labelled.map(one => {
      const label = add(all, "g");
      stroke(label, one, { d: { dots: "M4,0h0M12,0h0", squares: "M4,-4h8v8h-8Z" }[one.kind] || "M0,0h16" });
      add(label, "text", { x: 21, y: 4 }, one.label);
      return label;
    });
    return true;
  }

  // Labels stand where their lines end, in the same order, and apart.
  function place(ends) {
    labels.forEach((label, i) => label.setAttribute("visibility", isNaN(ends[i]) ? "hidden" : "visible"));
    const order = ends.map((end, i) => [Math.min(Math.max(end, 4), height - 4), i, end]).filter(one => !isNaN(one[2]));
    order.sort((a, b) => a[0] - b[0] || a[2] - b[2]);
    order.forEach((one, i) => { if (i) one[0] = Math.max(one[0], order[i - 1][0] + LINE); });
    let limit = height - 4;
    for (const one of order.reverse()) { one[0] = Math.min(one[0], limit); limit = one[0] - LINE; }
    for (const [at, i] of order) labels[i].setAttribute("transform", `translate(${width + 6},${at})`);
  }

  // `at` gives the numbers of what stands as x, y or top in a series; one without points is not drawn.
  function draw(at) {
    if (!paths) return;
    const ends = [];
    series.forEach((one, i) => {
      const ys = at(one.y);
      paths[i].setAttribute("d", ys.length ? DRAW[one.kind](at(one.x), ys, X, Y, one.top && at(one.top)) : "");
      if (one.label) ends.push(Y(ys[ys.length - 1]));
    });
    place(ends);
  }

  return { svg, lay, draw };
}

