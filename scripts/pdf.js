/* Turns the open title page into one document of all built pages, in reading order, for paper.

Every id gets its page's name in front, so that links between pages stay inside the document.
What answers only on a screen is left out: sliders, links to headings, the code that draws figures.
Solutions move to the end. An empty span.page waits for the number of the page that its link leads to. */

async ({ series, author, note }) => {
  const pages = new Map();
  for (let at = location.href; at; ) {
    const page = new DOMParser().parseFromString(await (await fetch(at)).text(), "text/html");
    const name = at.split("/").pop().replace(".html", "");
    pages.set(at, { name, article: page.querySelector("article") });
    const next = page.querySelector("link[rel=next]");
    at = next && new URL(next.getAttribute("href"), at).href;
  }

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const name in attributes) made.setAttribute(name, attributes[name]);
    made.append(...children);
    return made;
  }

  const words = heading => heading.cloneNode(true).childNodes;
  const leading = (to, text) => [element("a", { href: "#" + to }, ...text), element("span", { class: "page" })];

  /* A link's address on paper: in the document, or elsewhere; none for what only the site has. */
  function onPaper(link, at) {
    const url = new URL(link, at);
    const page = pages.get(url.href.split("#")[0]);
    if (page) return "#" + page.name + (url.hash && "-" + decodeURIComponent(url.hash.slice(1)));
    return url.host === location.host ? null : link;
  }

  for (const [at, { name, article }] of pages) {
    for (const e of article.querySelectorAll(".headerlink, .source-of, details.above-input, script")) e.remove();
    for (const e of article.querySelectorAll("details.hide")) e.replaceWith(e.lastElementChild);
    for (const e of article.querySelectorAll("noscript")) e.replaceWith(...e.childNodes);
    for (const e of article.querySelectorAll("details.admonition")) {
      const { dataset, childNodes } = e.firstElementChild;
      const title = dataset.exercise
        ? element("a", { href: dataset.exercise }, ...childNodes)
        : element("span", {}, ...childNodes);
      e.firstElementChild.replaceWith(element("p", { class: "admonition-title" }, title));
      e.replaceWith(element("div", { class: e.className, id: e.id }, ...e.childNodes));
    }
    for (const e of article.querySelectorAll("[id]:not(svg *)")) e.id = name + "-" + e.id;
    for (const e of article.querySelectorAll("img")) {
      e.src = new URL(e.getAttribute("src"), at);
      e.loading = "eager";
    }
    for (const e of article.querySelectorAll("a[href]")) {
      const href = onPaper(e.getAttribute("href"), at);
      if (href) e.setAttribute("href", href);
      else e.replaceWith(...e.childNodes);
    }
    for (const e of article.querySelectorAll(".highlight .n, .highlight .p, .highlight .w"))
      e.replaceWith(...e.childNodes); // no colour of their own, and 10,000 of them
    for (const e of article.querySelectorAll(".katex")) {
      e.setAttribute("role", "img"); // which scripts/pdf.py makes a formula
      e.setAttribute("aria-label", "TeX: " + e.querySelector("annotation").textContent);
      e.querySelector(".katex-mathml").remove();
      e.querySelector(".katex-html").removeAttribute("aria-hidden");
      for (const filler of e.querySelectorAll(".vlist-s")) filler.textContent = ""; // a space in copied text
    }
    article.id = name;
  }

  const solutions = element("article", { id: "solutions" }, element("h1", {}, "Solutions"));
  for (const { article } of pages.values()) {
    const found = article.querySelectorAll(".solution");
    if (found.length) solutions.append(element("h2", {}, ...words(article.querySelector("h1"))));
    for (const solution of found) {
      const exercise = solution.querySelector(".admonition-title a").hash.slice(1);
      article.querySelector(`[id="${exercise}"]`).append(
        element("p", { class: "solved" }, ...leading(solution.id, ["Its solution"])),
      );
      solutions.append(solution);
    }
  }

  const [title, ...chapters] = [...Array.from(pages.values(), page => page.article), solutions];
  const contents = element("ol", { class: "contents" });
  for (const chapter of chapters) {
    for (const heading of chapter.querySelectorAll("h1, h2")) {
      heading.id ||= chapter.id + "-heading-" + contents.childElementCount;
      contents.append(element("li", { class: heading.tagName }, ...leading(heading.id, words(heading))));
    }
  }
  const [list, ...others] = title.querySelectorAll(".toctree-wrapper");
  for (const other of others) other.remove();
  title.append(list.closest("section"));
  list.replaceWith(contents);
  const date = document.querySelector("meta[name='docbuild:last-update']").content;
  title.querySelector("h1").after(
    element("p", { class: "series" }, series),
    element("p", { class: "author" }, `${author}, ${date}`),
    element("p", { class: "note" }, note),
  );

  const sheets = ["pygments.css", "katex/katex.css"].map(name =>
    element("link", { rel: "stylesheet", href: new URL(`../_static/${name}`, location) }),
  );
  const read = sheets.map(sheet => new Promise(done => (sheet.onload = done)));
  document.head.replaceChildren(element("title", {}, title.querySelector("h1").textContent), ...sheets);
  document.body.replaceChildren(title, ...chapters);
  document.documentElement.dataset.theme = "light";
  await Promise.all(read);
}
