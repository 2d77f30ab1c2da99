/* Starts a page's widgets without a kernel. A classic script: from a file, a browser runs no other.

The state of the widgets stands in the page, and with it the module that draws them (see ch5.book.sliders).
The first, with which a page opens, starts at once; any other when it is near: the page is read before.
A widget of another kind cannot answer without Python, and the page says so in its place. */

(function () {
  "use strict";

  const TYPE = "application/vnd.jupyter.widget-";
  const NEAR = "400px"; // from the window's edge
  const sheets = new Set();
  const waiting = new Map(); // what starts the widget of a place

  function bytes(base64) {
    const text = atob(base64), found = new Uint8Array(text.length);
    for (let k = 0; k < text.length; k++) found[k] = text.charCodeAt(k);
    return new DataView(found.buffer);
  }

  /* What an anywidget module asks of its model. */
  function modelOf(saved) {
    const state = { ...saved.state };
    for (const buffer of saved.buffers || []) state[buffer.path[0]] = bytes(buffer.data);
    const listeners = {};
    return {
      get: name => state[name],
      set(name, value) {
        state[name] = value;
        for (const listen of listeners["change:" + name] || []) listen();
      },
      save_changes() {},
      on: (event, listen) => (listeners[event] ||= []).push(listen),
      off: (event, listen) => (listeners[event] = (listeners[event] || []).filter(one => one !== listen)),
    };
  }

  /* Once each: every sheet makes the browser look at the whole page again. */
  function style(text) {
    if (!text || sheets.has(text)) return;
    sheets.add(text);
    document.head.append(Object.assign(document.createElement("style"), { textContent: text }));
  }

  async function start(saved, place) {
    const model = modelOf(saved);
    const address = URL.createObjectURL(new Blob([model.get("_esm")], { type: "text/javascript" }));
    const module = await import(address);
    URL.revokeObjectURL(address);
    style(model.get("_css"));
    module.default.render({ model, el: place });
  }

  function come(seen) {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      waiting.get(target)();
    }
  }
  const near = new IntersectionObserver(come, { rootMargin: NEAR });

  function all() {
    const page = document.querySelector(`script[type="${TYPE}state+json"]`);
    const states = page ? JSON.parse(page.textContent).state : {};
    document.querySelectorAll(`script[type="${TYPE}view+json"]`).forEach((view, k) => {
      const saved = states[JSON.parse(view.textContent).model_id];
      const place = document.createElement("div");
      view.after(place);
      if (!saved || saved.model_module !== "anywidget") {
        place.textContent = "This control needs Python behind it: open the notebook in JupyterLab.";
      } else if (k === 0) {
        start(saved, place);
      } else {
        waiting.set(place, () => start(saved, place));
        near.observe(place);
      }
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
