// An equation or a piece of code wider than the column scrolls inside itself: let the keyboard reach it, and
// let a printed table say so.
(() => {
  const reach = () => {
    for (const wide of document.querySelectorAll(".katex-display, .bd-article pre")) {
      const scrolls = wide.scrollWidth > wide.clientWidth;
      if (scrolls) wide.tabIndex = 0;
      else wide.removeAttribute("tabindex");
      const table = wide.closest(".output.columns");
      if (!table) continue;
      table.classList.toggle("scrolls", scrolls);
      if (scrolls) for (const [name, value] of SAYS) wide.setAttribute(name, value);
      else for (const [name] of SAYS) wide.removeAttribute(name);
    }
  };
  const SAYS = [["role", "region"], ["aria-label", "A table that scrolls sideways"]];
  addEventListener("load", reach);
  addEventListener("resize", reach);
})();

// On paper, what is folded could not be opened.
(() => {
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("details.solution:not([open])"));
    for (const solution of folded) solution.open = true;
  });
  addEventListener("afterprint", () => {
    for (const solution of folded) solution.open = false;
  });
})();
