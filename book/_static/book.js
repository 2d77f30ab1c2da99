// An equation or a piece of code wider than the column scrolls inside itself: let the keyboard reach it.
(() => {
  const reach = () => {
    for (const equation of document.querySelectorAll(".katex-display, .bd-article pre")) {
      const scrolls = equation.scrollWidth > equation.clientWidth;
      if (scrolls) equation.tabIndex = 0;
      else equation.removeAttribute("tabindex");
    }
  };
  addEventListener("load", reach);
  addEventListener("resize", reach);
})();
