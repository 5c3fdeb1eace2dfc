"use strict";
/* The case table: sorted, filtered and paged here, since thousands of rows would be slow as HTML. Texts go in
   as text nodes only, so that no name can become markup. */
(() => {
  const { cases } = report;
  const { columns, values } = cases;
  const nRows = values.case.length;
  const pictured = new Set(cases.pictured);
  const texts = columns.filter((column) => column.kind === "text");
  const haystack = Array.from({ length: nRows }, (_, row) => texts.map((c) => values[c.key][row] || "").join("\n").toLowerCase());
  const collator = new Intl.Collator(undefined, { numeric: true });
  const ON_PAPER = new Set(["case", "model", "verdict", "mark", "gap", "dice", "hd95_mm", "lesion_recall", "lesion_precision",
    "n_reference_lesions", "fn", "n_predicted_lesions", "fp"]);
  const MAX_ON_PAPER = 2000; // about 40 pages
  const $ = (id) => document.getElementById(id);
  const table = $("table");
  const state = { key: null, descending: true, text: "", which: "all", selected: null, page: 0, size: 50, target: null };
  let order = [];

  const marks = [...new Set(values.mark || [])].filter((mark) => mark).sort();
  const CHOICES = new Map([
    ["all", ["all cases", () => true]],
    ...[...new Set(values.verdict)].sort().map((verdict) => [verdict, [`only: ${verdict}`, (row) => values.verdict[row] === verdict]]),
    ["fn", ["with missed lesions", (row) => values.fn[row] > 0]],
    ["fp", ["with false lesions", (row) => values.fp[row] > 0]],
    ...marks.length ? [["marked", ["marked by a reader", (row) => values.mark[row] !== ""]]] : [],
    ...marks.map((mark) => [`mark:${mark}`, [`marked: ${mark}`, (row) => values.mark[row] === mark]]),
    ["picture", ["with a picture", (row) => pictured.has(row)]],
  ]);

  function comparable(value) {
    if (value === "inf") return Infinity;
    return value === "-inf" ? -Infinity : value;
  }

  function compare(a, b, isText, direction) {
    const [noA, noB] = [a === null || a === "", b === null || b === ""];
    if (noA || noB) return noA - noB; // undefined ones last, whatever the direction
    return direction * (isText ? collator.compare(a, b) : comparable(a) - comparable(b));
  }

  function update() {
    const keeps = CHOICES.get(state.which)[1];
    const wanted = state.text.toLowerCase();
    order = [];
    for (let row = 0; row < nRows; row += 1) {
      if (keeps(row) && (!state.selected || state.selected.has(row)) && haystack[row].includes(wanted)) order.push(row);
    }
    if (state.key === null) {
      const size = (row) => (values.gap[row] === null ? null : Math.abs(values.gap[row]));
      order.sort((a, b) => compare(size(a), size(b), false, -1) || a - b);
    } else {
      const column = columns.find((c) => c.key === state.key);
      const list = values[state.key];
      const direction = state.descending ? -1 : 1;
      order.sort((a, b) => compare(list[a], list[b], column.kind === "text", direction) || a - b);
    }
  }

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function shown(column, value) {
    if (value === null || value === "") return column.kind === "text" ? "" : "–";
    if (column.kind === "text") return value;
    if (typeof value === "string") return value === "inf" ? "∞" : "−∞";
    return value.toFixed(column.decimals).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
  }

  function cell(column, row) {
    const value = values[column.key][row];
    const text = shown(column, value);
    if (column.key === "case") {
      const name = pictured.has(row) ? element("a", { href: `#picture-${row}`, title: "To its picture" }, text) : text;
      const head = element("th", { scope: "row", tabIndex: -1 }, name);
      return head;
    }
    const made = element("td", { className: column.kind === "text" ? "text" : "" }, text);
    if (column.key === "message" || column.key === "mark_note") made.classList.add("long");
    if ((column.key === "fn" || column.key === "fp") && value > 0) made.classList.add("wrong");
    return made;
  }

  function line(row) {
    const made = element("tr", { id: `case-${row}` }, ...columns.map((column) => cell(column, row)));
    if (row === state.target) made.classList.add("target");
    return made;
  }

  function render() {
    const nPages = Math.max(1, Math.ceil(order.length / state.size));
    state.page = Math.min(state.page, nPages - 1);
    const first = state.page * state.size;
    const rows = order.slice(first, first + state.size);
    table.tBodies[0].replaceChildren(...rows.map(line));
    $("shown").textContent = `${order.length.toLocaleString("en")} of ${nRows.toLocaleString("en")} rows`;
    $("page").textContent = `Page ${state.page + 1} of ${nPages}`;
    $("previous").disabled = state.page === 0;
    $("next").disabled = state.page >= nPages - 1;
    $("clear").hidden = state.selected === null;
    $("clear").textContent = state.selected ? `Show all again (${state.selected.size} selected in a plot)` : "";
    for (const head of table.tHead.rows[0].cells) {
      head.removeAttribute("aria-sort");
      if (head.dataset.key === state.key) head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
    }
    if (state.key === null) table.tHead.querySelector("[data-key=gap]").setAttribute("aria-sort", "other");
  }

  function sortedBy() {
    if (state.key === null) return "the largest disagreement first";
    const { title } = columns.find((column) => column.key === state.key);
    return `sorted by ${title}, ${state.descending ? "falling" : "rising"}`;
  }

  /* On paper there are no pages of rows: all that the filter leaves are printed, in a table of their own, whose
     heads are plain text, since Chromium repeats no head that holds buttons. */
  function fillPaper() {
    const chosen = columns.filter((column) => ON_PAPER.has(column.key));
    const rows = order.slice(0, MAX_ON_PAPER);
    const heads = chosen.map((c) => element("th", { scope: "col", className: c.kind === "text" ? "text" : "" }, c.title));
    $("paper").tHead.replaceChildren(element("tr", {}, ...heads));
    $("paper").tBodies[0].replaceChildren(...rows.map((row) => element("tr", {}, ...chosen.map((c) => cell(c, row)))));
    const number = (n) => n.toLocaleString("en");
    const all = order.length === nRows ? `all ${number(nRows)} rows` : `${number(order.length)} of ${number(nRows)} rows, as filtered`;
    const cut = order.length > rows.length ? ` Only the first ${number(rows.length)} are printed; narrow the filter to print others.` : "";
    $("print-note").textContent = `The table holds ${all}, ${sortedBy()}.${cut} All columns are in the HTML page and in cases.csv.`;
  }

  function emptyPaper() {
    $("paper").tHead.replaceChildren();
    $("paper").tBodies[0].replaceChildren();
  }

  function refresh() {
    state.page = 0;
    update();
    render();
  }

  function sortBy(column) {
    const isText = column.kind === "text";
    state.descending = state.key === column.key ? !state.descending : !isText;
    state.key = column.key;
    refresh();
  }

  function makeHead() {
    const heads = columns.map((column) => {
      const button = element("button", { type: "button", title: column.tip }, column.title);
      button.addEventListener("click", () => sortBy(column));
      const head = element("th", { scope: "col", className: column.kind === "text" ? "text" : "" }, button);
      head.dataset.key = column.key;
      return head;
    });
    table.tHead.append(element("tr", {}, ...heads));
  }

  /* Show a row, whatever filter hides it, and put the keyboard there. */
  function showRow(row) {
    if (!order.includes(row)) {
      Object.assign(state, { text: "", which: "all", selected: null });
      $("find").value = "";
      $("which").value = "all";
      update();
    }
    state.page = Math.floor(order.indexOf(row) / state.size);
    state.target = row;
    render();
    const line = $(`case-${row}`);
    line.scrollIntoView({ block: "center" });
    line.cells[0].focus({ preventScroll: true });
  }

  function follow(hash) {
    const [, kind, number] = hash.match(/^#(case|picture)-(\d+)$/) || [];
    if (kind === "case" && Number(number) < nRows) showRow(Number(number));
    if (kind === "picture" && $(`picture-${number}`)) {
      $(`picture-${number}`).scrollIntoView({ block: "center" });
      $(`picture-${number}`).focus({ preventScroll: true });
    }
  }

  report.go = (hash) => {
    if (location.hash === hash) follow(hash);
    else location.hash = hash;
  };
  report.select = (rows) => {
    Object.assign(state, { selected: new Set(rows), target: null });
    refresh();
    $("cases").scrollIntoView();
  };

  makeHead();
  for (const [key, [title]] of CHOICES) $("which").add(new Option(title, key));
  $("which").addEventListener("change", (event) => { state.which = event.target.value; refresh(); });
  $("find").addEventListener("input", (event) => { state.text = event.target.value; refresh(); });
  $("page-size").addEventListener("change", (event) => { state.size = Number(event.target.value); refresh(); });
  $("clear").addEventListener("click", () => { state.selected = null; refresh(); });
  $("previous").addEventListener("click", () => { state.page -= 1; render(); });
  $("next").addEventListener("click", () => { state.page += 1; render(); });
  addEventListener("beforeprint", fillPaper);
  addEventListener("afterprint", emptyPaper);
  addEventListener("hashchange", () => follow(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#case-'], a[href^='#picture-']");
    if (link && link.getAttribute("href") === location.hash) follow(location.hash);
  });
  refresh();
  if (location.hash) follow(location.hash);
})();
