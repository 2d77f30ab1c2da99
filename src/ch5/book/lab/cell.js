// A character network in plain JavaScript:
//   h_t = tanh(W_xh x_t + W_hh h_{t-1} + b), y_t = W_hy h_t + b_y
// A matrix lies row by row in a Float64Array. xs[t-1] is x_t, an id; h[t] is h_t and
// h[0] is h_0; dX is dL/dX and has X's shape.

// The weights by name, as views into one vector.
function network(vector, H, V) {
  let end = 0;
  const next = size => vector.subarray(end, (end += size));
  const cell = { W_xh: next(H * V), W_hh: next(H * H), b: next(H) };
  return { H, V, vector, ...cell, W_hy: next(V * H), b_y: next(V) };
}

// y += W x
function addProduct(y, W, x) {
  for (let i = 0, n = x.length; i < y.length; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += W[i * n + j] * x[j];
    y[i] += sum;
  }
  return y;
}

// x += W^T y
function addTransposed(x, W, y) {
  for (let i = 0, n = x.length; i < y.length; i++) {
    const y_i = y[i];
    for (let j = 0; j < n; j++) x[j] += W[i * n + j] * y_i;
  }
}

// W += y x^T
function addOuter(W, y, x) {
  for (let i = 0, n = x.length; i < y.length; i++) {
    const y_i = y[i];
    for (let j = 0; j < n; j++) W[i * n + j] += y_i * x[j];
  }
}

function step({ V, W_xh, W_hh, b }, x, h) {
  const a = b.map((b_i, i) => b_i + W_xh[i * V + x]);
  return addProduct(a, W_hh, h).map(Math.tanh);
}

function forward(net, xs, h_0 = new Float64Array(net.H)) {
  const h = [h_0];
  for (const x of xs) h.push(step(net, x, h.at(-1)));
  return h;
}

function logits({ W_hy, b_y }, h) {
  return addProduct(b_y.slice(), W_hy, h);
}

// The log of the sum of exp(y_k); the softmax is p_k = exp(y_k - logSum(y)).
function logSum(y) {
  const most = Math.max(...y);
  return most + Math.log(y.reduce((sum, y_k) => sum + Math.exp(y_k - most), 0));
}

// L, the mean of -log p(target) over the steps, in nats; its gradient goes into d.
function lossAndGradient(net, d, xs, targets) {
  const h = forward(net, xs), T = xs.length;
  let L = 0, dh = new Float64Array(net.H);
  d.vector.fill(0);
  for (let t = T; t > 0; t--) {
    const x = xs[t - 1], target = targets[t - 1];
    const y = logits(net, h[t]), log_sum = logSum(y);
    L += (log_sum - y[target]) / T;
    const dy = y.map((y_k, k) => (Math.exp(y_k - log_sum) - (k === target)) / T);
    addOuter(d.W_hy, dy, h[t]);
    dy.forEach((dy_k, k) => (d.b_y[k] += dy_k));
    addTransposed(dh, net.W_hy, dy); // the merge: this step's output + the future
    const da = dh.map((dh_i, i) => dh_i * (1 - h[t][i] ** 2));
    addOuter(d.W_hh, da, h[t - 1]); // shared weights: a sum over t
    da.forEach((da_i, i) => (d.W_xh[i * net.V + x] += da_i));
    da.forEach((da_i, i) => (d.b[i] += da_i));
    dh = new Float64Array(net.H);
    addTransposed(dh, net.W_hh, da);
  }
  return L;
}

// A step of gradient descent, in place, the gradient shortened to `limit` if it is
// longer; returns its norm. Where that is no finite number, nothing is changed.
function descend(net, d, rate, limit) {
  const g = d.vector, theta = net.vector;
  let square = 0;
  for (let k = 0; k < g.length; k++) square += g[k] * g[k];
  const norm = Math.sqrt(square), shorter = Math.min(1, limit / norm);
  if (!(norm < Infinity)) return norm;
  for (let k = 0; k < g.length; k++) theta[k] -= rate * shorter * g[k];
  return norm;
}
