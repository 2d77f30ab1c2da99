// An equation, a table or a piece of code wider than the column scrolls inside itself: let the keyboard reach it,
// and let a table say so. Asked when its size is known: a fold has none, and to ask would lay it out unseen.
(() => {
  const WIDE = ".katex-display, .bd-article pre, .pst-scrollable-table-container";
  const SAYS = [["role", "region"], ["aria-label", "A table that scrolls sideways"]];
  const sizes = new ResizeObserver(found => {
    for (const { target: wide } of found) {
      const scrolls = wide.scrollWidth > wide.clientWidth;
      if (scrolls) wide.tabIndex = 0;
      else wide.removeAttribute("tabindex");
      const table = wide.closest(".output.columns, .pst-scrollable-table-container");
      if (!table) continue;
      table.classList.toggle("scrolls", scrolls);
      if (scrolls) for (const [name, value] of SAYS) wide.setAttribute(name, value);
      else for (const [name] of SAYS) wide.removeAttribute(name);
    }
  });
  const all = document.querySelectorAll(WIDE);
  const ask = () => {
    sizes.disconnect();
    all.forEach(wide => sizes.observe(wide));
  };
  document.fonts.ready.then(ask);
  document.fonts.addEventListener("loadingdone", ask); // a font that came later is wider
})();

// The menu closes on Escape, which gives the focus back, and on a click elsewhere.
(() => {
  const menu = document.querySelector("details.ways");
  if (!menu) return;
  addEventListener("keydown", event => {
    if (event.key !== "Escape" || !menu.open) return;
    if (menu.contains(document.activeElement)) menu.firstElementChild.focus();
    menu.open = false;
  });
  addEventListener("click", event => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("focusout", event => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
})();

// On paper, what is folded could not be opened: hints, solutions and outputs are printed, code that is folded is not.
(() => {
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("details.admonition:not([open], .above-input)"));
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });
})();
