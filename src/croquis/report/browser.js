// The rows of the error browser: filtered by class and confidence, PER_PAGE at a time.
// Names reach the page as text alone. What is chosen stands in the address behind #, so that a link can choose it.
(function () {
  "use strict";
  const PER_PAGE = 50;
  const EXAMPLES = 3;
  const data = window.croquis;
  const status = document.getElementById("found");
  if (!data) {
    status.textContent =
      "The table errors/errors.js is not beside this page: open it in the report's own folder.";
    return;
  }
  const form = document.querySelector(".filters");
  const list = document.querySelector(".errors");
  const FIELDS = ["label", "guess", "from", "to"];
  let page = 1;

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function share(number) {
    return number.toFixed(2).replace(/^0/, "");
  }

  // An image of a sheet: only the sheets that a page shows are loaded.
  function image(sheets, place, name) {
    const shown = element("span", "sprite");
    const inside = place % data.perSheet;
    const left = (inside % data.columns) / (data.columns - 1);
    const rows = Math.ceil(Math.min(data.perSheet, sheets.total - (place - inside)) / data.columns);
    const top = rows > 1 ? Math.floor(inside / data.columns) / (rows - 1) : 0;
    shown.style.backgroundImage = `url("errors/${sheets.name}-${Math.floor(place / data.perSheet)}.webp")`;
    shown.style.backgroundSize = `${data.columns * 100}% ${rows * 100}%`;
    shown.style.backgroundPosition = `${left * 100}% ${top * 100}%`;
    shown.setAttribute("role", "img");
    shown.setAttribute("aria-label", name);
    return shown;
  }

  const wrong = { name: "wrong", total: data.ids.length };
  const typical = { name: "class", total: data.examples.reduce((sum, places) => sum + places.length, 0) };

  function examples(label, error, words) {
    const group = element("figure", "examples");
    group.append(element("figcaption", "", `${words} ${data.classes[label]}`));
    const strip = element("div", "strip");
    data.examples[label]
      .filter(([, same]) => same !== error)
      .slice(0, EXAMPLES)
      .forEach(([place]) => strip.append(image(typical, place, data.classes[label])));
    group.append(strip);
    return group;
  }

  function row(error) {
    const item = element("li");
    const shown = image(wrong, error, data.classes[data.labels[error]]);
    shown.title = data.ids[error];
    const words = element("div", "words");
    const said = element("p", "", "");
    said.append(element("span", "said", data.classes[data.guesses[error]]), " ", element("b", "", share(data.confidence[error])));
    const truth = element("p", "true", `is ${data.classes[data.labels[error]]} `);
    truth.append(element("small", "", share(data.labelProbs[error])));
    words.append(said, truth);
    if (data.members > 1) {
      const knew = element("p");
      knew.append(element("small", "", `${data.rightMembers[error]} of ${data.members} members right`));
      words.append(knew);
    }
    words.append(element("p", "ids", data.ids[error]));
    const head = element("div", "wrong");
    head.append(shown, words);
    item.append(head, examples(data.labels[error], error, "labelled"), examples(data.guesses[error], error, "guessed"));
    return item;
  }

  function fill(select, column) {
    const counts = new Map();
    column.forEach((label) => counts.set(label, (counts.get(label) || 0) + 1));
    select.append(new Option("any class", ""));
    [...counts.keys()]
      .sort((a, b) => data.classes[a].localeCompare(data.classes[b]))
      .forEach((label) => select.append(new Option(`${data.classes[label]} (${counts.get(label)})`, label)));
  }

  function chosen() {
    const { label, guess, from, to } = form.elements;
    const found = [];
    for (let error = 0; error < data.ids.length; error += 1) {
      const sure = data.confidence[error];
      const fits =
        (label.value === "" || data.labels[error] === Number(label.value)) &&
        (guess.value === "" || data.guesses[error] === Number(guess.value)) &&
        sure >= Number(from.value) &&
        sure <= (to.value === "" ? 1 : Number(to.value));
      if (fits) found.push(error);
    }
    return found;
  }

  // What is chosen, as it stands behind #.
  function address(number) {
    const said = new URLSearchParams();
    for (const name of FIELDS) {
      const field = form.elements[name];
      if (field.value !== (field.defaultValue || "")) said.set(name, field.value);
    }
    if (number > 1) said.set("page", number);
    return `#${said}`;
  }

  function link(number, text, rel) {
    const made = element("a", "", text);
    made.href = address(number);
    if (rel) made.rel = rel;
    return made;
  }

  function current(number) {
    const made = element("b", "", String(number));
    made.setAttribute("aria-current", "page");
    return made;
  }

  function pager(nav, count) {
    nav.replaceChildren(page > 1 ? link(page - 1, "previous", "prev") : element("span", "", "previous"));
    nav.hidden = count < 2;
    let before = 0;
    for (let number = 1; number <= count; number += 1) {
      if (number !== 1 && number !== count && Math.abs(number - page) > 1) continue;
      if (number > before + 1) nav.append(element("span", "", "…"));
      nav.append(number === page ? current(number) : link(number, String(number)));
      before = number;
    }
    nav.append(page < count ? link(page + 1, "next", "next") : element("span", "", "next"));
  }

  function errors(count) {
    return `${count.toLocaleString("en")} ${count === 1 ? "error" : "errors"}`;
  }

  // Said instead of a number, with the way back.
  function nothing() {
    const one = /^#(label|guess)=[^&]*$/.test(address(1));
    const all = element("a", "", `show all ${errors(data.ids.length)}`);
    all.href = "#";
    return [`no errors of this ${one ? "class" : "choice"}: `, all];
  }

  function show() {
    const found = chosen();
    const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
    page = Math.min(Math.max(page, 1), pages);
    const start = (page - 1) * PER_PAGE;
    const shown = found.slice(start, start + PER_PAGE);
    list.replaceChildren(...shown.map(row));
    status.textContent =
      pages > 1 ? `${errors(found.length)}, ${start + 1} to ${start + shown.length} shown` : errors(found.length);
    if (!found.length && data.ids.length) status.replaceChildren(...nothing());
    document.querySelectorAll(".pager").forEach((nav) => pager(nav, pages));
    history.replaceState(null, "", address(page));
  }

  // A class that has no errors is no option, and what is no option a select drops silently.
  function offer(select, label) {
    if ([...select.options].some((option) => option.value === label)) return;
    select.append(new Option(`${data.classes[label] || `class ${label}`} (0)`, label));
  }

  function choose() {
    const said = new URLSearchParams(location.hash.slice(1));
    for (const name of FIELDS) {
      const field = form.elements[name];
      if (field.options && said.has(name)) offer(field, said.get(name));
      field.value = said.has(name) ? said.get(name) : field.defaultValue || "";
    }
    page = Number(said.get("page")) || 1;
    show();
  }

  fill(form.elements.label, data.labels);
  fill(form.elements.guess, data.guesses);
  choose();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    page = 1;
    show();
  });
  form.addEventListener("reset", () => {
    page = 1;
    setTimeout(show); // after the fields have been emptied
  });
  // A page that was chosen, the browser's "back", or another address typed in.
  window.addEventListener("hashchange", () => {
    choose();
    status.focus({ preventScroll: true }); // the link is gone: without it the keyboard were nowhere
    status.scrollIntoView();
  });
})();
