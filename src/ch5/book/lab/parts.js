// The parts of which the lab and the scrubber are made: sliders, choices, and a text with its real words marked.

const number = (x, digits) => x.toFixed(digits).replace("-", "−");
const count = x => x.toLocaleString("en");
const power = k => "10" + [...String(k)].map(c => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");

// Groups of controls. JupyterLab leaves the keys to what says data-lm-suppress-shortcuts.
const KEYS = { "data-lm-suppress-shortcuts": "true" };

function range(parent, name, colourName, stops, says) {
  const label = add(parent, "label"), words = add(label, "span", {}, `${name} `);
  const value = add(words, "output", { "aria-hidden": "true" });
  const style = `accent-color: ${colour(colourName)}`;
  const input = add(label, "input", { type: "range", min: 0, max: stops - 1, "aria-label": name, style, ...KEYS });
  const show = () => input.setAttribute("aria-valuetext", (value.textContent = says(input.valueAsNumber)));
  const set = stop => { input.value = stop; show(); };
  return { input, show, set };
}

function choice(parent, name, options, changed, says = String) {
  const set = add(parent, "fieldset", { class: "ch5-choice" }), group = `ch5-choice-${Math.random()}`;
  add(set, "legend", {}, name);
  return options.map(option => {
    const label = add(set, "label");
    const input = add(label, "input", { type: "radio", name: group, ...KEYS });
    add(label, "span", {}, says(option));
    input.addEventListener("change", () => changed(option));
    return { option, input };
  });
}

const put = (element, words) => element.textContent === words || (element.textContent = words);
const WORD = /\p{L}+(?:'\p{L}+)*/gu;

// What a network wrote, its real words of three letters or more marked (short ones come by luck, and one that the end
// cuts off is not known). A line end is a character too, and is shown as one.
function write(place, text, words) {
  place.replaceChildren();
  let end = 0;
  const plain = to => place.append(text.slice(end, to).replaceAll("\n", "↵ "));
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (word.length < 3 || !words.has(word.toLowerCase()) || index + word.length === text.length) continue;
    plain(index);
    add(place, "mark", {}, word);
    end = index + word.length;
  }
  plain(text.length);
}

