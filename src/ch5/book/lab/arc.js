// The scrubber; ch5/book/lab/arc.py says what it is given. draw.js and parts.js stand before it.

const QUIET = 600; // milliseconds without a change before the text is announced

// A track from random characters to the book, with marks for Markov texts and a dot where the network is.
function track(parent, { label, low, high, marks }) {
  const line = add(parent, "div", { class: "ch5-track" });
  add(line, "span", {}, label);
  const rail = add(line, "div", { class: "ch5-rail", "aria-hidden": "true" });
  const at = value => Math.min(103, Math.max(-1, (100 * (value - low)) / (high - low)));
  let last = -9;
  for (const [order, value] of [...marks].sort((a, b) => at(a[1]) - at(b[1]))) {
    const mark = add(rail, "i", { style: `left: ${at(value)}%` });
    if (at(value) - last >= 5) mark.textContent = order;
    if (mark.textContent) last = at(value);
  }
  const band = add(rail, "b", { class: "ch5-spread" }), dot = add(rail, "b", { class: "ch5-dot" });
  const value = add(line, "span", { class: "ch5-value" });
  return found => {
    band.hidden = dot.hidden = found === null;
    value.textContent = `${found ? number(found[1], 2) : "none"} (book ${number(high, 2)})`;
    if (!found) return;
    const [from, to] = [at(found[0]), at(found[2])].sort((a, b) => a - b);
    band.style.cssText = `left: ${from}%; width: ${to - from}%`;
    dot.style.left = `${at(found[1])}%`;
  };
}

function render({ model, el }) {
  const { updates, epochs, temperatures, texts, words, rows, readings } = model.get("figure");
  const known = new Set(words), name = "What the network writes while it learns";
  const root = add(el, "div", { class: "ch5-slider ch5-lab ch5-arc", role: "group", "aria-label": name });
  let temperature = temperatures.at(-2), timer;

  const moment = range(root, "After", "state", updates.length, stop =>
    `${count(updates[stop])} updates (epoch ${number((epochs * updates[stop]) / updates.at(-1), 1)})`);
  const choices = add(root, "div", { class: "ch5-choices" });
  const inputs = choice(choices, "Temperature", temperatures, wanted => { temperature = wanted; changed(); },
    wanted => `${Number(wanted)}`);
  const text = add(root, "p", { class: "ch5-text" });
  const head = add(root, "div", { class: "ch5-track ch5-ends", "aria-hidden": "true" });
  add(head, "span", {}, "");
  const ends = add(head, "div");
  for (const end of ["random characters", "the book"]) add(ends, "span", {}, end);
  add(head, "span", {}, "");
  const tracks = rows.map(row => track(root, row));
  const sentence = add(root, "p", { class: "ch5-sentence" });
  const spoken = add(root, "p", { class: "ch5-spoken", "aria-live": "polite" });

  function draw() {
    const stop = moment.input.valueAsNumber;
    for (const { option, input } of inputs) input.checked = option === temperature;
    write(text, texts[temperature][stop], known);
    rows.forEach(({ values }, i) => tracks[i](values[temperature][stop]));
    sentence.textContent = readings[temperature][stop];
  }

  function changed() {
    moment.show();
    draw();
    clearTimeout(timer);
    const words = `${text.textContent.slice(0, 80)} … ${sentence.textContent}`;
    timer = setTimeout(() => (spoken.textContent = words), QUIET);
  }

  moment.input.addEventListener("input", changed);
  moment.set(0);
  draw();
  return () => clearTimeout(timer);
}

export default { render };
