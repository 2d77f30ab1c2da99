// Draws a figure with sliders from data; ch5/book/sliders/__init__.py says what the data is.
// The same module serves JupyterLab (through anywidget) and a page without a kernel. draw.js stands before it.

const QUIET = 600; // milliseconds without a change before the reading is announced

// The numbers of one array at one position; an axis of 1 stands for every stop.
function pick(numbers, { start, shape }, position) {
  const points = shape[shape.length - 1];
  let index = 0;
  position.forEach((stop, axis) => (index = index * shape[axis] + (shape[axis] === 1 ? 0 : stop)));
  return numbers.subarray(start + index * points, start + (index + 1) * points);
}

// The words at one position.
const at = (nested, position) => position.reduce((part, stop) => part[stop], nested);

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
  const panels = figure.panels.map(one => panel(frame, one));

  const row = add(root, "div", { class: "ch5-places" });
  const buttons = figure.places.map(one => {
    const button = add(row, "button", { type: "button" }, one.label);
    button.addEventListener("click", () => go(one.position));
    return button;
  });
  if (figure.places.length) {
    const reset = add(row, "button", { type: "button", class: "ch5-reset" }, "Reset");
    reset.addEventListener("click", () => go(figure.start));
  }
  const spoken = add(root, "p", { class: "ch5-spoken", "aria-live": "polite" });
  let timer;

  const numbersHere = array => pick(numbers, array, model.get("position"));

  function draw() {
    const position = model.get("position");
    const here = figure.places.findIndex(one => one.position.every((stop, i) => stop === position[i]));
    inputs.forEach(({ input, value, values }, i) => {
      input.value = position[i];
      input.setAttribute("aria-valuetext", values[position[i]]);
      value.textContent = values[position[i]];
    });
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === here));
    panels.forEach(one => one.draw(numbersHere));
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
    for (const one of panels) if (one.lay()) one.draw(numbersHere);
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
