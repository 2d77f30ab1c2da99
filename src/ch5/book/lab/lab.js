// The control panel of the lab; ch5/book/lab/__init__.py says what it is given. Before it stand draw.js, parts.js,
// engine.js and panels.js. What trains is cell.js and run.js, elsewhere.

const QUIET = 800; // milliseconds before a change of settings is announced
const NAMES = { radius: "Spectral radius", slope: "Mean slope", exponent: "Exponent (per step)" };

function render({ model, el }) {
  const figure = model.get("figure"), { epochs, vocabulary } = figure;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const ids = Uint8Array.from(figure.text, c => vocabulary.indexOf(c));
  const words = new Set(figure.text.toLowerCase().match(WORD));
  const radii = [], bytes = {};
  const first = { radius: null, rate: figure.rate, window: 32, clip: "on", seed: figure.seeds[0] };
  let settings = { ...first }, wanted = settings, asked = 0, problem = ""; // what the reader chose
  let id, seen, measured = [], shown, before = [], running = false, pace = []; // the run, and the one before
  let send, frame, drawn, timer;

  // Of the radii one is the given weights' own, null among the settings.
  const own = () => figure.own[figure.seeds.indexOf(settings.seed)];
  function sortRadii() {
    radii.splice(0, radii.length, ...figure.radii, null);
    radii.sort((a, b) => (a ?? own()) - (b ?? own()));
  }
  sortRadii();

  const look = "ch5-slider ch5-lab ch5-trainer";
  const root = add(el, "div", { class: look, role: "group", "aria-label": "Train it here" });

  const row = add(root, "div", { class: "ch5-run" });
  const button = (name, act, more = {}) => {
    const made = add(row, "button", { type: "button", ...KEYS, ...more }, name);
    made.addEventListener("click", act);
    return made;
  };
  const main = button("Train", event => event.detail > 1 || train(), { class: "ch5-main" });
  const one = button("Step", () => go(running ? 0 : (seen ? seen.done : 0) + 1));
  button("Reset", () => change(first, false));
  const bar = add(row, "progress", { max: 1, value: 0, "aria-label": "Progress of the run" });
  const status = add(root, "p", { class: "ch5-status" });

  const panels = add(root, "div", { class: "ch5-panels ch5-two" });
  const losses = lossPanel(panels, figure), gradients = gradientPanel(panels);

  const block = add(root, "div", { class: "ch5-writes" });
  const title = add(block, "div", { class: "ch5-title" });
  const text = add(block, "p", { class: "ch5-text", lang: "" });
  const strip = range(block, "Moment", "state", 1, stop => moment(measured[stop]));
  const facts = add(root, "dl", { class: "ch5-facts" });
  const fact = Object.fromEntries(Object.entries(NAMES).map(([key, name]) => {
    const pair = add(facts, "div");
    add(pair, "dt", {}, name);
    return [key, add(pair, "dd")];
  }));

  const controls = add(root, "div", { class: "ch5-controls" });
  const radius = range(controls, "Initial spectral radius", "gradient", radii.length, stop =>
    radii[stop] === null ? `${number(own(), 2)}, as drawn` : number(radii[stop], 2));
  const rate = range(controls, "Learning rate", "gradient", figure.rates.length, stop => `${figure.rates[stop]}`);
  const choices = add(root, "div", { class: "ch5-choices" });
  const steps = choice(choices, "Window (steps)", figure.windows, window => change({ window }));
  const clip = choice(choices, "Clip at 5/32", ["on", "off"], clip => change({ clip }));
  const seed = choice(choices, "Seed", figure.seeds, seed => change({ seed }));
  const places = add(root, "div", { class: "ch5-places" });
  const presets = figure.places.map(place => {
    const made = add(places, "button", { type: "button", ...KEYS }, place.label);
    made.addEventListener("click", () => change({ ...first, seed: wanted.seed, ...place.settings }));
    return { ...place, made };
  });
  const sentence = add(root, "p", { class: "ch5-sentence" });

  const details = add(root, "details", { class: "ch5-numbers" });
  add(details, "summary", KEYS, "The losses as numbers");
  const table = add(details, "table"), head = add(add(table, "thead"), "tr");
  for (const name of ["epoch", "this run", "ten recorded seeds"]) add(head, "th", { scope: "col" }, name);
  const body = add(table, "tbody"), cells = figure.low.map((low, e) => {
    const line = add(body, "tr");
    add(line, "th", { scope: "row" }, `${e + 1}`);
    const cell = add(line, "td");
    add(line, "td", {}, `${number(low, 3)} to ${number(figure.high[e], 3)}`);
    return cell;
  });
  const spoken = add(root, "p", { class: "ch5-spoken", "aria-live": "polite" });
  const say = words => (spoken.textContent = words);

  const over = () => !!seen && (seen.broken || seen.done === seen.total);
  const epochOf = at => number(at.update / seen.epoch, 1);
  const moment = at => (at?.update ? `update ${count(at.update)}, epoch ${epochOf(at)}` : "update 0");

  // A change of the settings begins a new run; the one before stays as a line, but for a reset.
  async function change(changes, goOn) {
    const mine = (asked += 1);
    wanted = { ...wanted, ...changes };
    problem = "";
    let given;
    try {
      given = await (bytes[wanted.seed] ??= ask(model, wanted.seed));
      if (mine !== asked) return; // another change came while the seed was on its way
    } catch {
      delete bytes[wanted.seed];
      problem = `Seed ${wanted.seed} could not be loaded.`;
      wanted = settings;
      say(problem);
      reflect();
      return;
    }
    if (changes === first) before = [];
    else if (seen && seen.blocks.length > 1) before = seen.blocks.map((y, k) => [placeOf(k, seen.epoch), y]);
    [settings, id, seen, measured, shown, pace] = [wanted, mine, undefined, [], undefined, []];
    sortRadii();
    running = goOn ?? running;
    const prompt = [...figure.prompt].map(c => vocabulary.indexOf(c));
    const limit = settings.clip === "on" ? figure.clip : Infinity;
    const { hidden: H, temperature, u } = figure, V = vocabulary.length;
    const task = { id, given, ids, H, V, epochs, prompt, temperature, u, ...settings, limit };
    send ??= engine(model.get("code"), receive);
    reflect();
    show();
    (await send)({ task, until: running ? Infinity : 0 });
    clearTimeout(timer);
    if (!running) timer = setTimeout(() => say(sentence.textContent), QUIET);
  }

  async function go(until) {
    running = until === Infinity;
    pace = [];
    if (!send) return change({});
    show();
    (await send)({ until });
  }

  function train() {
    say(running ? "Paused." : "Training.");
    if (over()) change({}, true);
    else go(running ? 0 : Infinity);
  }

  function receive(message) {
    if (message.id !== id) return; // of a run that is no more
    if (message.measured) measured.push(message.measured);
    const was = seen;
    if (message.seen) {
      seen = message.seen;
      pace = [...pace, [performance.now(), seen.done]].slice(-40);
    }
    root.run = seen && { ...seen, settings }; // for a test, or a reader at the console
    const epoch = seen ? seen.epochs.length : 0, fresh = was && epoch > was.epochs.length;
    if (running && over() && seen.resting) {
      running = false;
      say(ending());
    } else if (fresh && (epoch === 1 || epoch % 5 === 0)) say(`Epoch ${epoch}: loss ${number(seen.epochs.at(-1), 2)}.`);
    if (!still.matches || !running || fresh || message.measured) frame ??= requestAnimationFrame(show);
  }

  function ending() {
    if (seen.broken) return `Update ${count(seen.done + 1)}: the gradient is not finite any more. Training stopped.`;
    return `Finished: loss ${number(seen.epochs.at(-1), 2)} in epoch ${epochs}.`;
  }

  function report() {
    if (!seen) return "Getting ready.";
    const { done, total, epoch, blocks } = seen;
    if (over()) return ending();
    if (!done) return `${count(total)} updates, ${epochs} epochs.`;
    const [[t_0, k_0], [t_1, k_1]] = [pace[0] ?? [0, 0], pace.at(-1) ?? [0, 0]];
    const left = ((total - done) * (t_1 - t_0)) / (k_1 - k_0) / 1000;
    const time = left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`;
    const says = [`Update ${count(done)} of ${count(total)}, epoch ${Math.floor(done / epoch) + 1}.`];
    if (blocks.length) says.push(`Loss ${number(blocks.at(-1), 2)}.`);
    if (running && k_1 > k_0 && done > 200) says.push(`About ${time} left.`);
    return says.join(" ");
  }

  // The axis grows with what does not fit.
  function fit() {
    const most = Math.max(0, ...before.map(one => one[1]), ...(seen ? seen.blocks : []));
    const [top, ticks] = figure.tops.find(([top]) => most <= top) ?? figure.tops.at(-1);
    if (top === losses.y.range[1]) return;
    losses.y.range[1] = top;
    losses.y.ticks = ticks.map(v => [v, `${v}`]);
    losses.lay();
  }

  // Only what has changed is drawn anew: it trains meanwhile, and the page is long.
  function show() {
    frame = undefined;
    put(main, running ? "Pause" : over() ? "Train again" : "Train");
    one.disabled = over();
    bar.value = seen ? seen.done / seen.total : 0;
    put(status, report());
    const now = measured[shown ?? measured.length - 1];
    const line = [id, now?.update, seen?.blocks.length, seen?.epochs.length].join();
    if (drawn === (drawn = line)) return;
    fit();
    const data = numbersOf(figure, seen, measured[0], now, before, losses.y.range), at = name => data[name];
    losses.draw(at);
    cells.forEach((cell, e) => put(cell, seen?.epochs[e] === undefined ? "" : number(seen.epochs[e], 3)));
    strip.input.max = Math.max(0, measured.length - 1);
    strip.set(shown ?? measured.length - 1);
    if (text.now === now && now) return;
    text.now = now;
    gradients.draw(at);
    put(title, `What it writes, after ${now ? moment(now) : "update 0"}`);
    write(text, now ? now.text.map(k => vocabulary[k]).join("") : "", words);
    for (const key in fact) put(fact[key], now ? number(now[key], 2) : "");
  }

  // The controls show the settings. Only when these change: a hand may be on a slider while it trains.
  function reflect() {
    radius.set(radii.indexOf(settings.radius));
    rate.set(figure.rates.indexOf(settings.rate));
    const chosen = [[steps, settings.window], [clip, settings.clip], [seed, settings.seed]];
    for (const [inputs, value] of chosen) for (const { option, input } of inputs) input.checked = option === value;
    const all = place => Object.entries({ ...first, seed: settings.seed, ...place.settings });
    const here = presets.find(place => all(place).every(([name, value]) => settings[name] === value));
    for (const place of presets) place.made.setAttribute("aria-pressed", place === here);
    sentence.textContent = problem || (here ? here.sentence : figure.hint);
  }

  radius.input.addEventListener("input", radius.show);
  radius.input.addEventListener("change", () => change({ radius: radii[radius.input.valueAsNumber] }));
  rate.input.addEventListener("input", rate.show);
  rate.input.addEventListener("change", () => change({ rate: figure.rates[rate.input.valueAsNumber] }));
  strip.input.addEventListener("input", () => {
    shown = strip.input.valueAsNumber === measured.length - 1 ? undefined : strip.input.valueAsNumber;
    show();
  });

  reflect();
  const sizes = new ResizeObserver(() => {
    for (const one of [losses, gradients]) one.lay();
    drawn = text.now = undefined;
    show();
  });
  for (const one of [losses, gradients]) sizes.observe(one.svg);
  const near = new IntersectionObserver(found => {
    if (!found.some(entry => entry.isIntersecting)) return;
    near.disconnect();
    change({}, false);
  }, { rootMargin: "300px" });
  near.observe(root);
  return async () => {
    sizes.disconnect();
    near.disconnect();
    id = -1;
    if (send) (await send)({ end: true });
  };
}

export default { render };
