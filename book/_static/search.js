/* Lists the sections that have all the words asked for, the best first, each with a piece of its text.

sections.js brings SECTIONS, rows of page, its title, anchor, title, text; language_data.js brings Sphinx's Stemmer. */

(() => {
  "use strict";

  const AROUND = 110; // characters of a snippet before the first word found, and twice that after it
  const place = document.getElementById("search-results");
  const asked = (new URLSearchParams(location.search).get("q") || "").trim();

  function add(parent, name, text = "", attributes = {}) {
    const made = document.createElement(name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    made.append(text);
    parent.append(made);
    return made;
  }

  /* A word as asked, or with another ending. */
  function pattern(word) {
    const plain = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const stem = /^[a-z]+$/i.test(word) ? new Stemmer().stemWord(word.toLowerCase()).replace(/i$/, "") : plain;
    return new RegExp(`(?<![\\p{L}\\p{N}_])(?:${plain}|${stem})[\\p{L}\\p{N}]*`, "giu");
  }

  function score([, page, , title, text], patterns) {
    let sum = 0;
    for (const word of patterns) {
      const [inTitle, inPage, inText] = [title, page, text].map(part => (part.match(word) || []).length);
      if (!inTitle && !inText) return 0;
      sum += 20 * Math.min(inTitle, 1) + 5 * Math.min(inPage, 1) + Math.min(inText, 5);
    }
    return sum + 30 * (title.toLowerCase() === asked.toLowerCase());
  }

  /* A piece of text around the first word found, the words marked. */
  function snippet(parent, text, patterns) {
    const any = new RegExp(patterns.map(word => word.source).join("|"), "giu");
    let from = Math.max(0, text.search(any) - AROUND);
    if (from) from = text.indexOf(" ", from) + 1;
    let to = from + 3 * AROUND;
    to = to < text.length ? text.lastIndexOf(" ", to) : text.length;
    const line = add(parent, "p", from ? "… " : "", { class: "context" });
    const piece = text.slice(from, to);
    let at = 0;
    for (const found of piece.matchAll(any)) {
      line.append(piece.slice(at, found.index));
      add(line, "mark", found[0]);
      at = found.index + found[0].length;
    }
    line.append(piece.slice(at) + (to < text.length ? " …" : ""));
  }

  for (const field of document.querySelectorAll("input[name=q]")) field.value = asked;
  if (!asked) return;
  const patterns = asked.split(/[^\p{L}\p{N}_-]+/u).filter(word => word).map(pattern);
  const found = SECTIONS.map(section => [score(section, patterns), section]).filter(([sum]) => sum);
  found.sort(([a], [b]) => b - a); // which leaves equals in reading order
  const sections = found.length === 1 ? "1 section has" : `${found.length} sections have`;
  const all = patterns.length > 1 ? "all of these words" : "this word";
  add(place, "p", found.length ? `${sections} ${all}.` : `No section has ${all}.`, { role: "status" });
  const list = add(place, "ul", "", { class: "search" });
  for (const [, [page, title, anchor, heading, text]] of found) {
    const item = add(list, "li");
    add(item, "a", heading, { href: page + (anchor && `#${anchor}`) });
    if (anchor) add(item, "span", title, { class: "page" });
    snippet(item, text, patterns);
  }
})();
