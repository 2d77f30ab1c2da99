/* Starts a page's widgets without a kernel. A classic script: from a file, a browser runs no other.

The state of the widgets stands in the page, and with it the module that draws them (see ch5.book.sliders).
A widget of another kind cannot answer without Python, and the page says so in its place. */

(function () {
  "use strict";

  const TYPE = "application/vnd.jupyter.widget-";

  function bytes(base64) {
    const text = atob(base64);
    return new DataView(Uint8Array.from(text, character => character.charCodeAt(0)).buffer);
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

  async function start(model, place) {
    const sheet = document.createElement("style");
    sheet.textContent = model.get("_css") || "";
    const address = URL.createObjectURL(new Blob([model.get("_esm")], { type: "text/javascript" }));
    const module = await import(address);
    URL.revokeObjectURL(address);
    place.append(sheet);
    module.default.render({ model, el: place });
  }

  function all() {
    const page = document.querySelector(`script[type="${TYPE}state+json"]`);
    const states = page ? JSON.parse(page.textContent).state : {};
    for (const view of document.querySelectorAll(`script[type="${TYPE}view+json"]`)) {
      const saved = states[JSON.parse(view.textContent).model_id];
      const place = document.createElement("div");
      view.after(place);
      if (saved && saved.model_module === "anywidget") start(modelOf(saved), place);
      else place.textContent = "This control needs Python behind it: open the notebook in JupyterLab.";
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
