// Where a run is made, in a Worker or in the page, and where a seed's bytes come from.

const SLICES = { worker: 100, page: 10 }; // milliseconds

const blob = code => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));

// Where the run is made: a function that takes its messages.
function engine(code, receive) {
  const here = async () => (await import(blob(`${code}\nexport { connect };`))).connect(receive, SLICES.page);
  const there = `${code}
    const take = connect(message => postMessage(message), ${SLICES.worker});
    onmessage = event => event.data.end ? close() : take(event.data);
    postMessage("ready");`;
  return new Promise(resolve => {
    try {
      const worker = new Worker(blob(there));
      worker.onerror = () => resolve(here());
      worker.onmessage = ({ data }) =>
        data === "ready" ? resolve(message => worker.postMessage(message)) : receive(data);
    } catch {
      resolve(here());
    }
  });
}

const bufferOf = view => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
const headOf = given => new Float64Array(given, 0, 2); // seed, spectral radius of W_hh

// The bytes of a seed: from Python where there is one, else from the site, by a script (fetch fails on file://).
function ask(model, seed) {
  return new Promise((resolve, reject) => {
    const arrived = () => {
      const given = bufferOf(model.get("given"));
      if (!given.byteLength || headOf(given)[0] !== seed) return;
      model.off("change:given", arrived);
      resolve(given);
    };
    const site = document.documentElement.dataset.content_root;
    if (site === undefined) {
      model.on("change:given", arrived);
      model.set("seed", seed);
      model.save_changes();
      arrived(); // it may be there already
      return;
    }
    const script = document.createElement("script");
    script.src = `${site}_static/seeds/${seed}.js`;
    script.onload = () => resolve(Uint8Array.from(atob(window.ch5Seeds[seed]), c => c.charCodeAt(0)).buffer);
    script.onerror = reject;
    document.head.append(script);
  });
}

