// A run of the network of cell.js, which stands before this: in a Worker, or in slices on the main thread.

const LAGS = 40; // steps that a gradient is followed back
const STRETCH = 400, SKIP = 100, PLACES = 16; // characters that are read for that, and where it begins
const SQUARINGS = 12; // of W_hh, for its spectral radius

// A run at its start. A task says: id, given (seed, radius, weights, order), ids, H, V, epochs, window, rate, limit,
// radius or null for the given one, and what the network writes: prompt, temperature, u (a number for each character).
function begin(task) {
  const { given, ids, H, V, window, radius } = task;
  const P = H * V + H * H + H + V * H + V, own = new Float64Array(given, 0, 2)[1];
  const net = network(Float64Array.from(new Float32Array(given, 16, P)), H, V);
  if (radius !== null) net.W_hh.forEach((w, k) => (net.W_hh[k] = w * (radius / own)));
  const order = new Uint16Array(given, 16 + 4 * P), parts = 32 / window; // windows of 8 are quarters of those of 32
  const d = network(new Float64Array(P), H, V), total = order.length * parts;
  const stops = new Set([0, total]);
  for (let k = 10; k < total; k *= Math.SQRT2) stops.add(Math.round(k));
  const epoch = total / task.epochs;
  const seen = { done: 0, total, epoch, losses: [], first: [], epochs: [], blocks: [], clipped: 0, broken: false };
  return { ...task, ids, net, d, order, parts, stops, until: 0, measured: -1, seen, block: Math.round(epoch / 10) };
}

function windowOf({ ids, order, parts, window }, k) {
  const start = order[Math.floor(k / parts)] * 32 + (k % parts) * window;
  return [ids.subarray(start, start + window), ids.subarray(start + 1, start + window + 1)];
}

const mean = numbers => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

function updateOnce(run) {
  const { net, d, seen, rate, limit, block } = run;
  const loss = lossAndGradient(net, d, ...windowOf(run, seen.done)), norm = descend(net, d, rate, limit);
  seen.broken = !(Number.isFinite(loss) && norm < Infinity);
  if (seen.broken) return;
  seen.done += 1;
  seen.clipped += norm > limit;
  seen.losses.push(loss);
  if (seen.done <= 50) seen.first.push(loss);
  if (seen.done % block === 0) seen.blocks.push(mean(seen.losses.slice(-block)));
  if (seen.losses.length === seen.epoch) seen.epochs.push(mean(seen.losses.splice(0)));
}

// The text that the network writes: at each step the id at which the cumulative probability passes u.
function* sample({ net, prompt, temperature, u }) {
  const ids = [];
  let h = forward(net, prompt).at(-1);
  for (const u_k of u) {
    const y = logits(net, h).map(y_j => y_j / temperature), log_sum = logSum(y);
    let rest = u_k, id = 0;
    while (id < y.length - 1 && (rest -= Math.exp(y[id] - log_sum)) >= 0) id += 1;
    h = step(net, id, h);
    if (ids.push(id) % 40 === 0) yield;
  }
  return ids;
}

// log10 |d loss_t / d h_{t-k}| / |d loss_t / d h_t| for k = 0 ... LAGS, from the state and the target at t.
function gradientByLag(net, h, slopes, t, target) {
  const y = logits(net, h[t]), log_sum = logSum(y), norms = [];
  let dh = new Float64Array(net.H);
  addTransposed(dh, net.W_hy, y.map((y_k, k) => Math.exp(y_k - log_sum) - (k === target)));
  for (let k = 0; k <= LAGS; k++) {
    norms.push(Math.sqrt(dh.reduce((sum, x) => sum + x * x, 0)));
    const da = dh.map((x, i) => x * slopes[t - k - 1][i]);
    dh = new Float64Array(net.H);
    addTransposed(dh, net.W_hh, da);
  }
  return norms.map(norm => Math.log10(norm / norms[0]));
}

// The exponent: the mean log growth, per step, of a small change of the state that is carried along.
function exponent(net, slopes) {
  let v = new Float64Array(net.H).fill(1), sum = 0;
  slopes.forEach((slope, t) => {
    v = addProduct(new Float64Array(net.H), net.W_hh, v).map((x, i) => x * slope[i]);
    const norm = Math.sqrt(v.reduce((s, x) => s + x * x, 0));
    if (t >= SKIP) sum += Math.log(norm);
    v = v.map(x => x / norm);
  });
  return sum / (slopes.length - SKIP);
}

// The spectral radius without eigenvalues: |W^n|^(1/n), by squaring W again and again. A generator, as it takes long.
function* spectralRadius(W, H) {
  let log = 0;
  for (let n = 1, k = 0; k <= SQUARINGS; k++, n *= 2) {
    const norm = Math.sqrt(W.reduce((sum, w) => sum + w * w, 0));
    log += Math.log(norm) / n;
    const A = W.map(w => w / norm);
    W = new Float64Array(H * H);
    for (let i = 0; i < H * H; i += H) addTransposed(W.subarray(i, i + H), A, A.subarray(i, i + H)); // W = A A
    yield;
  }
  return Math.exp(log);
}

// What is shown of the network as it is now; it yields often, so that no piece of it is long.
function* measure(run) {
  const { net, ids, seen } = run;
  const text = yield* sample(run);
  const h = forward(net, ids.subarray(0, STRETCH));
  const slopes = h.slice(1).map(h_t => h_t.map(x => 1 - x * x));
  yield;
  const rows = [];
  for (let p = 1; p <= PLACES; p++) {
    const t = SKIP + Math.floor((p * (STRETCH - SKIP)) / PLACES);
    rows.push(gradientByLag(net, h, slopes, t, ids[t]));
    yield;
  }
  const quartiles = [0.25, 0.5, 0.75].map(q =>
    rows[0].map((_, k) => rows.map(row => row[k]).sort((a, b) => a - b)[Math.floor(q * (PLACES - 1))]));
  const rate = exponent(net, slopes);
  yield;
  const radius = yield* spectralRadius(net.W_hh, net.H);
  return { update: seen.done, text, gradient: quartiles, radius, slope: mean(slopes.map(mean)), exponent: rate };
}

// Trains as far as `until` says, measures at the stops and where it rests; yields what is new, or "rest".
function* work(run) {
  for (;;) {
    const rests = run.seen.broken || run.seen.done >= Math.min(run.until, run.seen.total);
    if (run.measured !== run.seen.done && (rests || run.stops.has(run.seen.done))) {
      const measured = yield* measure(run);
      run.measured = run.seen.done;
      yield measured;
    } else if (rests) yield "rest";
    else yield updateOnce(run);
  }
}

// Takes { task } and { until }; posts, with the task's id, { seen } after each slice (milliseconds) and { measured }.
function connect(post, slice) {
  let run, steps, timer;
  function go() {
    const end = performance.now() + slice;
    let found;
    do {
      found = steps.next().value;
      if (found && found !== "rest") post({ id: run.id, measured: found });
    } while (found !== "rest" && performance.now() < end);
    const { losses, ...seen } = run.seen;
    post({ id: run.id, seen: { ...seen, running: losses.length ? mean(losses) : null, resting: found === "rest" } });
    timer = found === "rest" ? undefined : setTimeout(go);
  }
  return message => {
    if (message.task) steps = work((run = begin(message.task)));
    run.until = message.until;
    timer ??= setTimeout(go);
  };
}
