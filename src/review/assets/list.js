// The worklist: filters, order, and a list that draws only the lines in sight.

import { $, h, clamp, percent, WORDS } from "./dom.js";

const ROW = 66;
const GROUP = 30;
const MARGIN = 6;
const SETTLE = 60;

export class List {
  /** @param open called with the index of an instance */
  constructor(report, open) {
    this.report = report;
    this.rows = report.rows;
    this.open = open;
    this.items = [];
    this.shown = new Map();
    this.current = -1;
    this.status = new Set();
    this.box = $("list");
    this.inner = $("list-inner");
    this.box.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.box);
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.filters();
    this.apply();
  }

  filters() {
    const counts = {};
    for (const row of this.rows) counts[row.status] = (counts[row.status] ?? 0) + 1;
    for (const status of ["review", "held", "masked", "clean", "no_pixels"]) {
      if (!counts[status]) continue;
      const press = (event) => {
        const on = !this.status.has(status);
        if (on) this.status.add(status); else this.status.delete(status);
        event.currentTarget.setAttribute("aria-pressed", on);
        this.apply();
      };
      $("f-status").append(h("button", { type: "button", class: `chip ${status}`, "aria-pressed": "false", onclick: press },
        h("i"), `${WORDS[status]} `, h("b", {}, counts[status].toLocaleString("en"))));
    }
    const options = (id, values) => $(id).replaceChildren(h("option", { value: "" }, "all"), ...values);
    const modalities = [...new Set(this.rows.map((row) => row.modality ?? "none"))].sort();
    options("f-modality", modalities.map((name) => h("option", { value: name }, name)));
    const held = [...new Set(this.rows.map((row) => row.held).filter(Boolean))].sort();
    const group = (label, values) => values.length && h("optgroup", { label }, ...values);
    options("f-rule", [
      group("Rules", this.report.rules.map((name, index) => h("option", { value: `r${index}` }, name.replaceAll("-", " ")))),
      group("Held for", held.map((code) => h("option", { value: `h${code}` }, code.replaceAll("_", " ")))),
    ].filter(Boolean));
    for (const kind of ["input", "search"]) $("filters").addEventListener(kind, () => this.apply());
    $("filters").addEventListener("submit", (event) => event.preventDefault());
    $("f-reset").addEventListener("click", () => {
      $("filters").reset();
      this.status.clear();
      for (const chip of $("f-status").children) chip.setAttribute("aria-pressed", "false");
      this.apply();
    });
  }

  matches(row) {
    const text = $("f-text").value.trim().toLowerCase();
    const [modality, rule, state] = [$("f-modality").value, $("f-rule").value, $("f-state").value];
    if (this.status.size && !this.status.has(row.status)) return false;
    if (text && !row.path.toLowerCase().includes(text)) return false;
    if (modality && (row.modality ?? "none") !== modality) return false;
    if (rule.startsWith("r") && !row.rules.includes(Number(rule.slice(1)))) return false;
    if (rule.startsWith("h") && row.held !== rule.slice(1)) return false;
    if (row.certainty > Number($("f-score").value)) return false;
    switch (state) {
      case "open": return !row.verdict;
      case "done": return Boolean(row.verdict);
      case "edited": return row.edited > 0;
      case "conflict": return row.conflict;
      default: return true;
    }
  }

  /** Filters, sorts and groups. */
  apply() {
    $("f-score-text").textContent = Number($("f-score").value).toFixed(2);
    const rows = this.rows.filter((row) => this.matches(row));
    const groups = new Map();
    for (const row of rows) {
      const key = row.group[1];
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(row);
    }
    const order = { certainty: (a, b) => a.certainty - b.certainty || a.index - b.index, path: (a, b) => (a.path < b.path ? -1 : 1) }[$("f-sort").value];
    let lists = [...groups.values()];
    if (order) {
      lists.forEach((list) => list.sort(order));
      lists.sort((a, b) => order(a[0], b[0]));
    }
    this.items = [];
    this.order = [];
    let top = 0;
    for (const list of lists) {
      this.items.push({ top, height: GROUP, list });
      top += GROUP;
      for (const row of list) {
        this.items.push({ top, height: ROW, row, place: this.order.length });
        this.order.push(row);
        top += ROW;
      }
    }
    this.inner.style.height = `${top}px`;
    const total = this.rows.length;
    const all = rows.length === total;
    $("count").textContent = all ? `${total.toLocaleString("en")} instances` : `${rows.length.toLocaleString("en")} of ${total.toLocaleString("en")} instances`;
    $("f-reset").hidden = all && !this.status.size;
    for (const element of this.shown.values()) element.remove();
    this.shown.clear();
    this.box.scrollTop = 0;
    this.draw();
    this.reveal();
  }

  /** Draws the lines in sight. */
  draw() {
    const [first, last] = [this.box.scrollTop, this.box.scrollTop + this.box.clientHeight];
    let start = this.find(first) - MARGIN;
    start = Math.max(0, start);
    const wanted = new Set();
    for (let index = start; index < this.items.length; index += 1) {
      const item = this.items[index];
      if (item.top > last + ROW * MARGIN) break;
      wanted.add(index);
      if (!this.shown.has(index)) {
        const element = item.row ? this.line(item) : this.heading(item);
        element.style.transform = `translateY(${item.top}px)`;
        this.shown.set(index, element);
        this.inner.append(element);
      }
    }
    for (const [index, element] of this.shown) {
      if (!wanted.has(index)) {
        // What is out of sight need not be made any more.
        element.querySelector("img:not([data-index])")?.removeAttribute("src");
        element.remove();
        this.shown.delete(index);
      }
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pictures(), SETTLE);
  }

  /** Asks for the thumbnails of lines that stayed in sight. */
  pictures() {
    for (const image of this.inner.querySelectorAll("img[data-index]")) {
      image.src = `/api/thumbnail/${image.dataset.index}`;
      image.removeAttribute("data-index");
    }
  }

  find(top) {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle].top + this.items[middle].height <= top) low = middle + 1; else high = middle;
    }
    return low;
  }

  heading({ list }) {
    const [study, series] = list[0].group;
    const done = list.filter((row) => row.verdict).length;
    return h("div", { class: "group", role: "presentation" },
      h("span", {}, `Study ${study + 1} · Series ${series + 1}`), h("span", {}, `${done} / ${list.length}`));
  }

  line({ row, place }) {
    const [mask, keep, review] = row.counts;
    const picture = row.status === "no_pixels"
      ? h("span", { class: "nothing", "aria-hidden": "true" }, "—")
      : h("img", { alt: "", "data-index": row.index, draggable: "false", fetchpriority: "low", onerror: (event) => event.target.classList.add("broken") });
    const name = row.path.split("/").pop();
    const folder = row.path.slice(0, row.path.length - name.length);
    const verdict = row.conflict ? ["conflict", "reviewers differ"] : row.verdict ? [row.verdict, WORDS[row.verdict]] : null;
    return h("div", {
      id: `row-${row.index}`, class: "line", role: "option", "aria-selected": String(row.index === this.current),
      "aria-setsize": this.order.length, "aria-posinset": place + 1, onclick: () => this.open(row.index), title: row.path,
      "aria-label": `${name}, ${WORDS[row.status]}, ${mask} masked, ${keep} kept${review ? `, ${review} for review` : ""}${verdict ? `, ${verdict[1]}` : ""}`,
    },
    h("div", { class: "thumb" }, picture, row.frames > 1 && h("span", { class: "frames" }, row.frames)),
    h("div", { class: "text" },
      h("div", { class: "name" }, name), h("div", { class: "folder" }, folder || " "),
      h("div", { class: "facts" },
        h("span", { class: `tag ${row.status}` }, WORDS[row.status]),
        row.modality && h("span", {}, row.modality),
        mask > 0 && h("span", { class: "n mask" }, mask), keep > 0 && h("span", { class: "n keep" }, keep),
        review > 0 && h("span", { class: "n review" }, review),
        row.counts.some(Boolean) && h("span", { class: "certainty", title: "certainty of the least certain region" }, percent(row.certainty)))),
    verdict && h("span", { class: `verdict ${verdict[0]}`, title: verdict[1] }, { reviewed: "✓", held: "✕", released: "↗", conflict: "≠" }[verdict[0]]),
    !verdict && row.edited > 0 && h("span", { class: "verdict edited", title: "corrected" }, "✎"));
  }

  key(event) {
    const place = this.order.findIndex((row) => row.index === this.current);
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW) - 1);
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: this.order.length - 1 }[event.key];
    if (to === undefined) {
      if (event.key === "Enter") { event.preventDefault(); $("stage").focus(); }
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.go(to);
  }

  /** Opens the instance at a place of the list. */
  go(place) {
    const row = this.order[clamp(place, 0, this.order.length - 1)];
    if (row) this.open(row.index);
  }

  step(by) { this.go(this.order.findIndex((row) => row.index === this.current) + by); }

  /** Returns the index of the instance after the current one, if there is one. */
  next(by = 1) { return this.order[this.order.findIndex((row) => row.index === this.current) + by]?.index; }

  select(index) {
    const before = this.current;
    this.current = index;
    for (const place of [before, index]) this.redraw(place);
    this.box.setAttribute("aria-activedescendant", `row-${index}`);
    this.reveal();
  }

  reveal() {
    const item = this.items.find((own) => own.row?.index === this.current);
    if (!item) return;
    const { scrollTop, clientHeight } = this.box;
    if (item.top - GROUP < scrollTop) this.box.scrollTop = item.top - GROUP;
    else if (item.top + ROW > scrollTop + clientHeight) this.box.scrollTop = item.top + ROW - clientHeight;
    this.draw();
  }

  redraw(index) {
    for (const [place, element] of this.shown) {
      const item = this.items[place];
      if (item.row?.index !== index) continue;
      const fresh = this.line(item);
      const image = element.querySelector("img:not([data-index])");
      if (image) fresh.querySelector("img")?.replaceWith(image);
      fresh.style.transform = element.style.transform;
      element.replaceWith(fresh);
      this.shown.set(place, fresh);
    }
  }

  /** Takes over what has changed. */
  update(changes) {
    for (const change of changes) {
      const row = this.rows[change.index];
      Object.assign(row, { verdict: undefined }, change);
      this.redraw(change.index);
    }
    for (const [place, element] of this.shown) {
      if (this.items[place].row) continue;
      const fresh = this.heading(this.items[place]);
      fresh.style.transform = element.style.transform;
      element.replaceWith(fresh);
      this.shown.set(place, fresh);
    }
  }
}
