// The picture: zoom, pan, regions drawn over it, and drawing, moving and resizing them.

import { $, s, clamp, partAt, boxAt, kindOf } from "./dom.js";
import { Cine, Window, fetchFrame, paint } from "./frame.js";

const HANDLES = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]];
const CURSORS = ["nwse", "ns", "nesw", "ew", "nwse", "ns", "nesw", "ew"];
const LEAST = 3;

export class Viewer {
  /** @param events `select(id)`, `change(id, box)`, `draw(box)`, `frame(frame)` */
  constructor(events) {
    this.events = events;
    this.regions = [];
    this.selected = null;
    this.mode = "before";
    this.outlines = true;
    this.drawing = false;
    this.edit = null;
    this.window = new Window(() => this.repaint());
    this.cine = new Cine((frame, playing) => this.goto(frame, playing));
    this.stage = $("stage");
    this.canvas = $("canvas");
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.down(event));
    this.stage.addEventListener("pointermove", (event) => this.move(event));
    this.stage.addEventListener("pointerup", (event) => this.up(event));
    this.stage.addEventListener("pointercancel", () => { this.drag = null; });
    this.stage.addEventListener("contextmenu", (event) => event.preventDefault());
    this.stage.addEventListener("dblclick", () => this.fit());
    new ResizeObserver(() => { if (this.isFit) this.fit(); else this.place(); }).observe(this.stage);
    const on = (id, act) => $(id).addEventListener("click", act);
    on("t-before", () => this.show("before"));
    on("t-after", () => this.show("after"));
    on("t-written", () => this.show("written"));
    on("t-in", () => this.zoomBy(1.5));
    on("t-out", () => this.zoomBy(1 / 1.5));
    on("t-fit", () => this.fit());
    on("t-native", () => this.native());
    on("t-draw", () => this.draw(!this.drawing));
    on("t-outlines", () => this.toggleOutlines());
    $("t-plane").addEventListener("change", () => this.plane($("t-plane").value || null));
  }

  /** Opens an instance; resolves when its picture stands. */
  async open(detail, regions, frame) {
    this.cine.stop();
    this.cancel();
    this.detail = detail;
    this.regions = regions;
    this.planeName = null;
    this.isNew = true;
    $("t-written").hidden = !detail.written;
    if (this.mode === "written" && !detail.written) this.mode = "before";
    const planes = (detail.layers ?? []).map((layer) => layer.name);
    $("t-plane").replaceChildren(...["", ...planes].map((name) => new Option(name ? name.replaceAll("_", " ") : "Pixel Data", name)));
    $("t-plane").parentElement.hidden = !planes.length;
    if (!detail.picture && planes.length) this.planeName = planes[0];
    $("t-plane").value = this.planeName ?? "";
    this.total = this.frames();
    const problem = detail.missing ?? (this.total ? null : "Nothing in this instance can be shown.");
    this.message(problem);
    this.buttons();
    if (problem) {
      this.picture = null;
      this.canvas.hidden = true;
      $("window").hidden = true;
      this.cine.set(1, 0);
      this.overlay();
      return;
    }
    await this.goto(clamp(frame, 0, this.total - 1));
  }

  frames() {
    if (this.planeName) return (this.detail.layers ?? []).find((layer) => layer.name === this.planeName)?.frames ?? 0;
    return this.detail.picture?.frames ?? 0;
  }

  /** Shows another plane. */
  async plane(name) {
    this.planeName = name;
    this.isNew = true;
    this.total = this.frames();
    $("t-plane").value = name ?? "";
    await this.goto(0);
  }

  /** Shows a frame; resolves when it stands. */
  async goto(frame, playing = false) {
    if (!playing) this.cine.stop();
    const { index, picture } = this.detail;
    const turn = (this.turn ?? 0) + 1;
    this.turn = turn;
    const deep = picture?.deep ?? false;
    const busy = setTimeout(() => { $("busy").hidden = false; }, 150);
    try {
      const shown = await fetchFrame(index, frame, this.planeName, this.mode === "written", deep);
      if (turn !== this.turn) return;
      this.picture = shown;
      this.frame = frame;
      this.canvas.hidden = false;
      this.message(null);
      this.window.show(shown, this.isNew);
      this.repaint();
      if (this.isNew) this.fit();
      this.isNew = false;
      this.cine.set(this.total, frame);
      this.marks();
      this.overlay();
      if (!playing) this.events.frame(frame);
      if (frame + 1 < this.total) fetchFrame(index, frame + 1, this.planeName, this.mode === "written", deep).catch(() => {});
    } catch (error) {
      if (turn !== this.turn) return;
      this.canvas.hidden = true;
      this.picture = null;
      this.overlay();
      this.message(error.message);
    } finally {
      clearTimeout(busy);
      $("busy").hidden = true;
    }
  }

  /** Takes over what stands now. */
  update(regions) {
    this.regions = regions;
    this.marks();
    this.overlay();
  }

  select(id) {
    if (this.selected !== id) this.cancel();
    this.selected = id;
    this.marks();
    this.overlay();
  }

  message(text) {
    $("message").hidden = !text;
    $("message").textContent = text ?? "";
  }

  repaint() { if (this.picture) paint(this.canvas, this.picture, this.window.range); }

  show(mode) {
    const reload = (mode === "written") !== (this.mode === "written");
    this.mode = mode;
    this.buttons();
    if (reload && this.detail) this.goto(this.frame ?? 0); else this.overlay();
  }

  buttons() {
    for (const mode of ["before", "after", "written"]) $(`t-${mode}`).setAttribute("aria-pressed", mode === this.mode);
    $("t-outlines").setAttribute("aria-pressed", this.outlines);
    $("t-draw").setAttribute("aria-pressed", this.drawing);
    this.stage.classList.toggle("drawing", this.drawing);
  }

  toggle() { this.show(this.mode === "before" ? "after" : "before"); }

  toggleOutlines() { this.outlines = !this.outlines; this.buttons(); this.overlay(); }

  draw(on) { this.drawing = on; this.buttons(); this.stage.focus(); }

  // Zoom and pan.

  fit() {
    if (!this.picture) return;
    const { clientWidth, clientHeight } = this.stage;
    const { columns, rows } = this.picture;
    this.zoom = Math.min((clientWidth - 24) / columns, (clientHeight - 24) / rows, 4);
    [this.x, this.y] = [(clientWidth - columns * this.zoom) / 2, (clientHeight - rows * this.zoom) / 2];
    this.place();
    this.isFit = true;
  }

  native() { this.zoomBy(1 / (devicePixelRatio || 1) / this.zoom); }

  zoomBy(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    if (!this.picture) return;
    const zoom = clamp(this.zoom * factor, 0.05, 40);
    [this.x, this.y] = [x - (x - this.x) * zoom / this.zoom, y - (y - this.y) * zoom / this.zoom];
    this.zoom = zoom;
    this.place();
  }

  pan(dx, dy) {
    [this.x, this.y] = [this.x + dx, this.y + dy];
    this.place();
  }

  place() {
    if (!this.picture) return;
    this.isFit = false;
    this.canvas.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.zoom})`;
    this.canvas.classList.toggle("pixels", this.zoom >= 2);
    $("t-zoom").textContent = `${Math.round(this.zoom * (devicePixelRatio || 1) * 100)} %`;
    this.overlay();
  }

  wheel(event) {
    event.preventDefault();
    const { left, top } = this.stage.getBoundingClientRect();
    this.zoomBy(Math.exp(-event.deltaY / (event.deltaMode ? 30 : 400)), event.clientX - left, event.clientY - top);
  }

  // Drawing over the picture.

  overlay() {
    const shapes = $("shapes");
    shapes.replaceChildren();
    $("handles").replaceChildren();
    if (!this.picture) return;
    shapes.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.zoom})`);
    for (const region of this.regions) {
      if (region.plane !== this.planeName) continue;
      const part = partAt(region, this.frame);
      if (!part && region.id !== this.selected) continue;
      this.shape(shapes, region, part);
    }
    if (this.drag?.box) shapes.append(rect(this.drag.box, "shape mask fresh"));
    if (this.edit?.id === null) shapes.append(rect(this.edit.box, "shape mask fresh"));
    this.handles();
  }

  shape(shapes, region, part) {
    const kind = kindOf(region, part);
    const isSelected = region.id === this.selected;
    const own = isSelected && this.edit?.id === region.id ? this.edit.box : part?.bounds;
    const masks = kind === "mask" || kind === "conflict";
    if (this.mode === "after" && masks && part) shapes.append(own ? rect(own, "filled") : corners(region, "filled"));
    if (!this.outlines && !isSelected) return;
    if (this.mode !== "before" && kind !== "mask" && !isSelected) return;
    const classes = `shape ${part ? kind : "absent"}${isSelected ? " selected" : ""}${this.mode === "before" ? "" : " quiet"}`;
    const shape = own ? rect(own, classes) : corners(region, classes);
    shape.dataset.id = region.id;
    shapes.append(shape);
    if (kind === "removed") {
      const { x0, y0, x1, y1 } = own ?? region.area;
      shapes.append(s("path", { class: "cross", d: `M${x0} ${y0}L${x1} ${y1}M${x1} ${y0}L${x0} ${y1}` }));
    }
  }

  handles() {
    const box = this.selectedBox();
    if (!box) return;
    HANDLES.forEach(([fx, fy], index) => {
      const x = this.x + (box.x0 + (box.x1 - box.x0) * fx) * this.zoom;
      const y = this.y + (box.y0 + (box.y1 - box.y0) * fy) * this.zoom;
      $("handles").append(s("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, rx: 2, "data-handle": index, class: `handle ${CURSORS[index]}` }));
    });
  }

  /** Returns the box of the selected region, if it stands in this frame. */
  selectedBox() {
    if (this.edit) return this.edit.box;
    const region = this.regions.find((own) => own.id === this.selected);
    if (!region || region.plane !== this.planeName || !partAt(region, this.frame)) return null;
    return boxAt(region, this.frame);
  }

  /** Marks on the slider where regions stand, the selected one alone above. */
  marks() {
    const svg = $("c-marks");
    if (this.total < 2 || !this.detail) return;
    svg.setAttribute("viewBox", `0 0 ${this.total} 12`);
    const bars = [];
    for (const region of this.regions) {
      if (region.plane !== this.planeName) continue;
      for (const part of region.parts) {
        const [first, last] = part.frames;
        const own = region.id === this.selected;
        const kind = kindOf(region, part);
        bars.push(s("rect", { x: first, width: last - first + 1, y: own ? 0 : kind === "mask" ? 5 : 9, height: own ? 4 : 3, class: `${kind}${own ? " own" : ""}` }));
      }
    }
    svg.replaceChildren(...bars);
  }

  // Mouse and pen.

  at(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [(event.clientX - left - this.x) / this.zoom, (event.clientY - top - this.y) / this.zoom];
  }

  down(event) {
    if (!this.picture) return;
    this.stage.setPointerCapture(event.pointerId);
    const [x, y] = this.at(event);
    const start = { x, y, clientX: event.clientX, clientY: event.clientY };
    const { handle } = event.target.dataset;
    const { id } = event.target.dataset;
    if (event.button === 2) this.drag = { ...start, kind: this.picture.values ? "window" : "pan" };
    else if (event.button === 1 || event.shiftKey) this.drag = { ...start, kind: "pan" };
    else if (this.drawing) {
      this.edit = null;
      this.drag = { ...start, kind: "draw" };
    }
    else if (handle !== undefined) this.drag = { ...start, kind: "resize", handle: HANDLES[handle], from: this.selectedBox() };
    else if (id) {
      const isOwn = id === this.selected;
      if (!isOwn) this.events.select(id);
      this.drag = { ...start, kind: isOwn ? "move" : "none", from: isOwn ? this.selectedBox() : null };
    } else this.drag = { ...start, kind: "pan", clears: true };
  }

  move(event) {
    const { drag } = this;
    if (!drag) return;
    const [x, y] = this.at(event);
    const [dx, dy] = [event.clientX - drag.clientX, event.clientY - drag.clientY];
    if (Math.abs(dx) + Math.abs(dy) > 3) drag.moved = true;
    if (!drag.moved) return;
    switch (drag.kind) {
      case "pan": case "window":
        if (drag.kind === "pan") this.pan(dx, dy); else this.window.drag(dx / 800, dy / 800);
        [drag.clientX, drag.clientY] = [event.clientX, event.clientY];
        break;
      case "draw":
        drag.box = this.whole(Math.min(x, drag.x), Math.min(y, drag.y), Math.max(x, drag.x), Math.max(y, drag.y));
        break;
      case "move": this.editTo(this.shifted(drag.from, x - drag.x, y - drag.y)); break;
      case "resize": this.editTo(this.resized(drag.from, drag.handle, x - drag.x, y - drag.y)); break;
      default:
    }
    this.overlay();
  }

  up() {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.kind === "draw" && drag.box && big(drag.box)) {
      this.draw(false);
      this.events.draw(drag.box, this.planeName);
    } else if (drag.moved && (drag.kind === "move" || drag.kind === "resize")) this.commit();
    else if (drag.clears && !drag.moved) this.events.select(null);
    this.overlay();
  }

  // Places, by mouse or keyboard: changed here, told once.

  /** Begins to edit the selected region, or a new one in the middle of the view. */
  begin(isNew) {
    if (!this.picture) return false;
    const box = isNew ? null : this.selectedBox();
    if (!isNew && !box) return false;
    const [width, height] = [this.picture.columns / 6, this.picture.rows / 16];
    const [x, y] = [(this.stage.clientWidth / 2 - this.x) / this.zoom, (this.stage.clientHeight / 2 - this.y) / this.zoom];
    this.edit = { id: isNew ? null : this.selected, box: box ?? this.whole(x - width, y - height, x + width, y + height) };
    this.overlay();
    return true;
  }

  editTo(box) {
    this.edit = { id: this.edit ? this.edit.id : this.selected, box };
    this.overlay();
  }

  /** Moves or resizes what is edited. */
  nudge(dx, dy, resizes) {
    const { box } = this.edit;
    this.editTo(resizes ? this.resized(box, [1, 1], dx, dy) : this.shifted(box, dx, dy));
  }

  commit() {
    const { edit } = this;
    this.edit = null;
    if (!edit) return;
    if (edit.id === null) this.events.draw(edit.box, this.planeName); else this.events.change(edit.id, edit.box);
    this.draw(false);
  }

  cancel() {
    this.edit = null;
    this.drag = null;
    if (this.drawing) this.draw(false);
    this.overlay();
  }

  whole(x0, y0, x1, y1) {
    const { columns, rows } = this.picture;
    const box = { x0: clamp(Math.floor(x0), 0, columns - 1), y0: clamp(Math.floor(y0), 0, rows - 1), x1: clamp(Math.ceil(x1), 0, columns), y1: clamp(Math.ceil(y1), 0, rows) };
    return { ...box, x1: Math.max(box.x1, box.x0 + 1), y1: Math.max(box.y1, box.y0 + 1) };
  }

  shifted(box, dx, dy) {
    const { columns, rows } = this.picture;
    const x = clamp(Math.round(dx), -box.x0, Math.max(columns - box.x1, -box.x0));
    const y = clamp(Math.round(dy), -box.y0, Math.max(rows - box.y1, -box.y0));
    return { x0: box.x0 + x, y0: box.y0 + y, x1: box.x1 + x, y1: box.y1 + y };
  }

  resized(box, [fx, fy], dx, dy) {
    const own = { ...box };
    if (fx === 0) own.x0 = Math.min(box.x0 + dx, box.x1 - 1);
    if (fx === 1) own.x1 = Math.max(box.x1 + dx, box.x0 + 1);
    if (fy === 0) own.y0 = Math.min(box.y0 + dy, box.y1 - 1);
    if (fy === 1) own.y1 = Math.max(box.y1 + dy, box.y0 + 1);
    return this.whole(Math.round(own.x0), Math.round(own.y0), Math.round(own.x1), Math.round(own.y1));
  }
}

const big = (box) => box.x1 - box.x0 >= LEAST && box.y1 - box.y0 >= LEAST;

const rect = ({ x0, y0, x1, y1 }, classes) => s("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: classes });

/** Draws a region where the report has it: upright lines as a box, turned ones as they stand. */
function corners({ found, area }, classes) {
  const points = found?.quad;
  if (!points) return rect(area, classes);
  const isTurned = Math.abs(points[0].y - points[1].y) > 2 && Math.abs(points[0].x - points[1].x) > 2;
  return isTurned ? s("polygon", { points: points.map(({ x, y }) => `${x},${y}`).join(" "), class: classes }) : rect(area, classes);
}
