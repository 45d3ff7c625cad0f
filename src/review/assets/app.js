// The review: one state, changed by the keys, the list, the picture and the panel; every change is sent at once.

import { $, h, json, say, standing, partAt, boxAt, WORDS } from "./dom.js";
import { List } from "./list.js";
import { Viewer } from "./viewer.js";
import { Panel } from "./panel.js";
import { fetchFrame } from "./frame.js";

const FOLLOW_MS = 4000;
const SHORTCUTS = [
  ["Instances", [["N  P", "next, previous"], ["R", "reviewed, and on to the next"], ["H", "hold"], ["L", "release"], ["/", "find a file"], ["G", "to the list"]]],
  ["Regions", [["[  ]", "previous, next"], ["A", "accept"], ["M", "mask"], ["K", "keep"], ["Del", "no text there"], ["D", "draw: drag, or arrows and Enter"], ["E", "edit the place: arrows move, Shift faster, Alt resizes, Enter saves"], ["S", "same place in series or device"], ["F", "frames: all, this one, whole clip, range"], ["T", "read the texts (--show-text)"]]],
  ["Picture", [["B", "before, after"], ["O", "outlines"], [",  .", "frame before, after"], ["Space", "play"], ["+  −  0  1", "zoom, fit, one to one"], ["Arrows", "pan"], ["W", "full range of values"]]],
  ["Anywhere", [["U  Ctrl+Z", "undo"], ["Esc", "cancel, or no selection"], ["?", "this page"]]],
];

const state = { detail: null, regions: [], selected: null, texts: null, texted: -1 };
let [report, list, viewer, panel] = [];
const details = new Map();

async function start() {
  report = await json("report");
  $("reviewer").textContent = report.reviewer;
  state.entries = report.entries;
  viewer = new Viewer({ select: (id) => select(id), change: (id, box) => place(id, box), draw: drawn, frame: () => refresh() });
  panel = new Panel({ whole, region: decide, settle, select: (id, goes) => select(id, goes), same, box: (box) => place(state.selected, box), texts: read, hover }, report);
  list = new List(report, open);
  progress();
  dialogs();
  document.addEventListener("keydown", key);
  $("undo").addEventListener("click", undo);
  setInterval(follow, FOLLOW_MS);
  const first = list.order.find((row) => !row.verdict) ?? list.order[0];
  if (first) await open(first.index);
  else $("panel").append(h("p", { class: "empty" }, "The report has no instances."));
}

// Instances.

function fetchDetail(index) {
  if (!details.has(index)) {
    const promise = json(`instance/${index}`);
    promise.catch(() => details.delete(index));
    details.set(index, promise);
    if (details.size > 12) details.delete(details.keys().next().value);
  }
  return details.get(index);
}

async function open(index) {
  const turn = (state.turn ?? 0) + 1;
  state.turn = turn;
  const begun = performance.now();
  list.select(index);
  try {
    const detail = await fetchDetail(index);
    if (turn !== state.turn) return;
    Object.assign(state, { detail, regions: standing(detail), selected: null, texts: state.texted === index ? state.texts : null });
    panel.scope = "all";
    panel.range = null;
    viewer.selected = null;
    refresh();
    await viewer.open(detail, state.regions, report.rows[index].first);
    if (turn !== state.turn) return;
    refresh();
    const row = report.rows[index];
    say(`${row.path.split("/").pop()}, ${WORDS[row.status]}, ${state.regions.length} regions`);
    performance.measure("deburn-open", { start: begun });
    ahead();
  } catch (error) {
    failed(error);
  }
}

/** Fetches the next instance while this one is looked at. */
async function ahead() {
  for (const by of [1, -1]) {
    const index = list.next(by);
    if (index === undefined) continue;
    try {
      const detail = await fetchDetail(index);
      if (detail.picture) await fetchFrame(index, Math.min(report.rows[index].first, detail.picture.frames - 1), null, false, detail.picture.deep);
    } catch { /* it is told when it is opened */ }
  }
}

function refresh() { if (state.detail) panel.draw(state.detail, state.regions, state.selected, viewer.frame ?? 0, state.texts); }

function select(id, goes = false) {
  state.selected = id;
  const region = state.regions.find((own) => own.id === id);
  panel.range = null;
  viewer.select(id);
  if (region && region.plane !== viewer.planeName && (goes || region.plane)) viewer.plane(region.plane).then(() => jump(region));
  else if (region && goes) jump(region);
  refresh();
}

function jump(region) {
  if (!partAt(region, viewer.frame) && region.parts.length) viewer.goto(region.parts[0].frames[0]);
}

function hover(id) {
  for (const shape of $("shapes").children) shape.classList?.toggle("hover", Boolean(id) && shape.dataset.id === id);
}

function stepRegion(by) {
  const { regions, selected } = state;
  if (!regions.length) return;
  const place = regions.findIndex((region) => region.id === selected);
  const next = place < 0 ? (by > 0 ? 0 : regions.length - 1) : (place + by + regions.length) % regions.length;
  select(regions[next].id, true);
  const region = regions[next];
  say(`${region.found ? region.found.reason : "drawn"}, ${partAt(region, viewer.frame)?.decision ?? ""}`);
}

// Decisions.

async function send(decisions, words) {
  try {
    $("saved").textContent = "Saving…";
    took(await json("decide", { reason: panel.reason || null, decisions }));
    if (words) say(words);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

/** Takes over what the server says has changed. */
function took({ entries, changes }) {
  state.entries = entries;
  list.update(changes);
  for (const { index } of changes) details.delete(index);
  progress();
  $("saved").textContent = "Saved";
  if (state.detail && changes.some(({ index }) => index === state.detail.index)) return reload();
  return null;
}

async function reload() {
  const detail = await fetchDetail(state.detail.index);
  if (detail.index !== state.detail.index) return;
  Object.assign(state, { detail, regions: standing(detail) });
  if (!state.regions.some((region) => region.id === state.selected)) state.selected = null;
  viewer.detail = detail;
  viewer.selected = state.selected;
  viewer.update(state.regions);
  refresh();
}

function whole(verdict) {
  if (!state.detail) return;
  const { index } = state.detail;
  const isOn = state.detail.state.verdict === verdict;
  send([{ index, instance: isOn ? "open" : verdict }], isOn ? "open again" : WORDS[verdict]);
  if (!isOn && verdict === "reviewed") list.step(1);
}

function decide(verdict) {
  const region = state.regions.find((own) => own.id === state.selected);
  if (!region || (verdict === "accept" && !region.found)) return;
  const own = { region: region.id, verdict, frames: panel.wanted(region) };
  if (!region.found && verdict !== "remove") Object.assign(own, { box: boxAt(region, viewer.frame), plane: region.plane });
  send([{ index: state.detail.index, region: own }], `${verdict}`);
}

/** Gives a region another place; it keeps its decision, and one that was no mask becomes one. */
function place(id, box) {
  const region = state.regions.find((own) => own.id === id);
  if (!region) return;
  const part = partAt(region, viewer.frame);
  const verdict = part?.decision === "keep" && !part.is_removed ? "keep" : "mask";
  send([{ index: state.detail.index, region: { region: id, verdict, box, frames: panel.wanted(region), plane: region.found ? null : region.plane } }], "moved");
}

async function drawn(box, plane) {
  const id = `n${[...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const total = viewer.total;
  const frames = panel.scope === "range" && panel.range ? panel.range : panel.scope === "one" ? [viewer.frame, viewer.frame] : [0, total - 1];
  if (await send([{ index: state.detail.index, region: { region: id, verdict: "mask", box, plane, frames } }], "region drawn, masked")) {
    await reload();
    select(id);
  }
}

function settle(region, stands) { send([{ index: state.detail.index, settle: { region, stands } }], `the word of ${stands} stands`); }

async function undo() {
  try {
    const answer = await json("undo", {});
    await took(answer);
    say(answer.changes.length ? "undone" : "nothing to undo");
    if (!answer.changes.length) $("saved").textContent = "Nothing to undo";
    const [only] = answer.changes;
    if (only && answer.changes.length === 1 && only.index !== state.detail?.index) await open(only.index);
  } catch (error) {
    failed(error);
  }
}

async function read() {
  if (!report.show_text) return;
  const { index } = state.detail;
  try {
    $("saved").textContent = "Reading…";
    const texts = await json(`texts/${index}`);
    Object.assign(state, { texts, texted: index });
    $("saved").textContent = "";
    if (state.detail.index === index) refresh();
  } catch (error) {
    failed(error);
  }
}

/** Takes over what other reviewers have decided meanwhile. */
async function follow() {
  if (document.hidden) return;
  try {
    const answer = await json(`changes?since=${state.entries}`);
    if (answer.entries !== state.entries) await took(answer);
  } catch (error) {
    failed(error);
  }
}

function progress() {
  const done = report.rows.filter((row) => row.verdict).length;
  const total = report.rows.length;
  const conflicts = report.rows.filter((row) => row.conflict).length;
  $("progress").setAttribute("aria-valuemax", total);
  $("progress").setAttribute("aria-valuenow", done);
  $("progress-bar").style.width = `${total ? done * 100 / total : 0}%`;
  $("progress-text").textContent = `${done.toLocaleString("en")} of ${total.toLocaleString("en")} decided${conflicts ? ` · ${conflicts} in conflict` : ""}`;
}

function failed(error) {
  $("saved").textContent = error.message;
  $("saved").classList.add("bad");
  setTimeout(() => $("saved").classList.remove("bad"), 6000);
}

// The same place elsewhere.

async function same() {
  const region = state.regions.find((own) => own.id === state.selected);
  if (!region || region.plane) return;
  const part = partAt(region, viewer.frame) ?? region.parts[0];
  const start = part.is_removed ? "remove" : part.decision === "keep" ? "keep" : "mask";
  const dialog = $("same");
  const choice = { scope: "series", verdict: start };
  const result = h("p", { role: "status", class: "preview" });
  const go = h("button", { class: "primary", disabled: true }, "Decide");
  const ask = (apply) => json("same", { index: state.detail.index, box: boxAt(region, viewer.frame), ...choice, apply, reason: panel.reason || null });
  const preview = async () => {
    go.disabled = true;
    result.textContent = "Counting…";
    try {
      const { preview: { instances, found, drawn: fresh } } = await ask(false);
      const count = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
      const words = [`${count(instances, "instance")} of this layout`, `${count(found, "region")} at this place`];
      if (choice.verdict === "mask") words.push(`${fresh.toLocaleString("en")} to be drawn`);
      result.textContent = `${words.join(" · ")}.`;
      go.disabled = found + fresh === 0;
    } catch (error) {
      result.textContent = error.message;
    }
  };
  const choices = (name, values) => h("fieldset", {}, h("legend", {}, name === "scope" ? "Where" : "What"), ...values.map(([value, words]) => h("label", {},
    h("input", { type: "radio", name: `same-${name}`, value, checked: choice[name] === value, onchange: () => { choice[name] = value; preview(); } }), ` ${words}`)));
  go.addEventListener("click", async () => {
    dialog.close();
    try { await took(await ask(true)); say("decided"); } catch (error) { failed(error); }
  });
  dialog.replaceChildren(h("h2", { id: "same-title" }, "The same place elsewhere"),
    h("p", {}, "Pictures of the same device, modality and size. One undo takes all of it back."),
    choices("scope", [["series", "this series"], ["device", "this device, all series"]]),
    choices("verdict", [["mask", "mask; draw where there is no region"], ["keep", "keep"], ["remove", "no text"]]),
    result, h("div", { class: "ends" }, h("button", { onclick: () => dialog.close() }, "Cancel"), go));
  dialog.showModal();
  await preview();
}

function dialogs() {
  const dialog = $("shortcuts");
  dialog.append(h("h2", { id: "shortcuts-title" }, "Shortcuts"), h("div", { class: "columns" }, ...SHORTCUTS.map(([name, keys]) => h("section", {},
    h("h3", {}, name), h("dl", {}, ...keys.flatMap(([which, words]) => [h("dt", {}, ...which.split("  ").map((own) => h("kbd", {}, own))), h("dd", {}, words)]))))),
  h("div", { class: "ends" }, h("button", { class: "primary", onclick: () => dialog.close() }, "Close")));
  $("help").addEventListener("click", () => dialog.showModal());
}

// Keys.

const PAN = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function key(event) {
  const inField = event.target.matches("input:not([type=range]):not([type=radio]), select, textarea");
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") { escape(event); return; }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !inField) { event.preventDefault(); undo(); return; }
  if (inField || event.ctrlKey || event.metaKey) return;
  if (viewer.edit && editKey(event)) return;
  if (event.key === "Enter" && event.target === $("regions")) stepRegion(1);
  if (event.key in PAN) { arrow(event); return; }
  const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act || event.altKey) return;
  if (event.key === " " && event.target.matches("button")) return;
  event.preventDefault();
  act();
}

function escape(event) {
  // The browser would empty a search field.
  event.preventDefault();
  if (viewer.edit || viewer.drawing) viewer.cancel();
  else if (event.target.matches("input, select")) $("stage").focus();
  else select(null);
}

function arrow(event) {
  if (event.target === $("regions")) { event.preventDefault(); stepRegion(event.key === "ArrowDown" || event.key === "ArrowRight" ? 1 : -1); return; }
  if (event.target !== $("stage")) return;
  event.preventDefault();
  const [dx, dy] = PAN[event.key];
  viewer.pan(dx * 40, dy * 40);
}

/** Keys while a place is edited: arrows move or resize it, Enter tells it. */
function editKey(event) {
  if (event.key === "Enter") { event.preventDefault(); viewer.commit(); return true; }
  if (!(event.key in PAN)) return false;
  event.preventDefault();
  const by = event.shiftKey ? 10 : 1;
  const [dx, dy] = PAN[event.key];
  viewer.nudge(-dx * by, -dy * by, event.altKey);
  return true;
}

function edit(isNew) {
  if (isNew) viewer.draw(true);
  if (viewer.begin(isNew)) { $("stage").focus(); say("arrows move, Shift faster, Alt resizes, Enter saves, Escape cancels"); }
}

function nextScope() {
  const scopes = ["all", "one", "clip", "range"];
  panel.scope = scopes[(scopes.indexOf(panel.scope) + 1) % scopes.length];
  refresh();
  if (panel.scope === "range") $("p-first")?.focus();
  say(`frames: ${panel.scope}`);
}

const KEYS = {
  n: () => list.step(1), p: () => list.step(-1), r: () => whole("reviewed"), h: () => whole("held"), l: () => whole("released"),
  "[": () => stepRegion(-1), "]": () => stepRegion(1), a: () => decide("accept"), m: () => decide("mask"), k: () => decide("keep"),
  Delete: () => decide("remove"), Backspace: () => decide("remove"), d: () => edit(true), e: () => edit(false), s: same, f: nextScope, t: read,
  b: () => viewer.toggle(), o: () => viewer.toggleOutlines(), ",": () => viewer.cine.step(-1), ".": () => viewer.cine.step(1), " ": () => viewer.cine.play(),
  "+": () => viewer.zoomBy(1.5), "=": () => viewer.zoomBy(1.5), "-": () => viewer.zoomBy(1 / 1.5), 0: () => viewer.fit(), 1: () => viewer.native(),
  w: () => viewer.picture?.values && viewer.window.set(viewer.window.full), u: undo, "?": () => $("shortcuts").showModal(),
  "/": () => $("f-text").focus(), g: () => $("list").focus(),
};

start().catch((error) => {
  $("message").hidden = false;
  $("message").textContent = error.message;
});
