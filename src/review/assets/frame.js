// Frames: fetched, kept for a moment, windowed, played.

import { $, api, clamp } from "./dom.js";

/** So many frames stay in memory: those around the current one, and the next instance's. */
const MOST = 24;
const FRAME_MS = 66;

const kept = new Map();

function name(index, frame, plane, written, deep) { return [index, frame, plane ?? "", written, deep].join(" "); }

async function load(index, frame, plane, written, deep) {
  const query = new URLSearchParams();
  if (plane) query.set("plane", plane);
  if (written) query.set("written", "true");
  if (deep && !plane) {
    const response = await api(`values/${index}/${frame}?${query}`);
    if (response.status === 200) {
      const told = JSON.parse(response.headers.get("x-values"));
      return { ...told, values: new Uint16Array(await response.arrayBuffer()) };
    }
  }
  const response = await api(`picture/${index}/${frame}?${query}`);
  const bitmap = await createImageBitmap(await response.blob());
  return { bitmap, columns: bitmap.width, rows: bitmap.height };
}

/** Returns a frame; the same promise while it is kept. */
export function fetchFrame(index, frame, plane, written, deep) {
  const key = name(index, frame, plane, written, deep);
  let promise = kept.get(key);
  kept.delete(key);
  promise ??= load(index, frame, plane, written, deep);
  promise.catch(() => kept.delete(key));
  kept.set(key, promise);
  for (const old of kept.keys()) {
    if (kept.size <= MOST) break;
    kept.delete(old);
  }
  return promise;
}

/** Draws a frame into the canvas. */
export function paint(canvas, picture, window) {
  const { columns, rows } = picture;
  if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d", { alpha: false });
  if (picture.bitmap) {
    context.drawImage(picture.bitmap, 0, 0);
    return;
  }
  const shades = table(picture, window);
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let index = 0; index < pixels.length; index += 1) pixels[index] = shades[picture.values[index]];
  context.putImageData(image, 0, 0);
}

/** Makes the color of each value, as PS3.3 C.11.2 has it for a line between two values. */
function table({ low, step, inverted }, [dark, light]) {
  const shades = new Uint32Array(65536);
  const scale = 255 / Math.max(light - dark, 1e-9);
  for (let value = 0; value < shades.length; value += 1) {
    let shade = Math.round(clamp((low + value * step - dark) * scale, 0, 255));
    if (inverted) shade = 255 - shade;
    shades[value] = 0xff000000 | (shade << 16) | (shade << 8) | shade;
  }
  return shades;
}

/** Level and width of deep pictures. */
export class Window {
  constructor(changed) {
    this.changed = changed;
    for (const id of ["w-level", "w-width"]) $(id).addEventListener("input", () => this.fromSliders());
    $("w-header").addEventListener("click", () => this.set(this.header));
    $("w-full").addEventListener("click", () => this.set(this.full));
  }

  /** Takes over a picture; the window stays within one instance. */
  show(picture, isNew) {
    $("window").hidden = !picture.values;
    if (!picture.values) return;
    if (isNew || !this.range) {
      let most = 0;
      for (const value of picture.values) if (value > most) most = value;
      this.full = [picture.low, Math.max(picture.low + most * picture.step, picture.low + 1)];
      this.header = picture.window;
      this.range = picture.window;
      const span = this.full[1] - this.full[0];
      Object.assign($("w-level"), { min: this.full[0] - span / 4, max: this.full[1] + span / 4, step: span / 1000 });
      Object.assign($("w-width"), { min: Math.max(1, span / 1000), max: span * 1.5, step: span / 1000 });
    }
    this.sliders();
  }

  set(range) {
    this.range = range;
    this.sliders();
    this.changed();
  }

  /** Moves the window by shares of its range. */
  drag(dx, dy) {
    const [low, high] = this.range;
    const span = this.full[1] - this.full[0];
    const width = Math.max((high - low) + dx * span, span / 1000, 1);
    const level = (low + high) / 2 + dy * span;
    this.set([level - width / 2, level + width / 2]);
  }

  fromSliders() {
    const [level, width] = [Number($("w-level").value), Number($("w-width").value)];
    this.range = [level - width / 2, level + width / 2];
    this.text();
    this.changed();
  }

  sliders() {
    const [low, high] = this.range;
    $("w-level").value = (low + high) / 2;
    $("w-width").value = high - low;
    this.text();
  }

  text() {
    const [low, high] = this.range;
    $("w-text").textContent = `L ${Math.round((low + high) / 2)}  W ${Math.round(high - low)}`;
  }
}

/** The slider of clips, with marks where regions stand. */
export class Cine {
  constructor(show) {
    this.show = show;
    this.total = 1;
    this.frame = 0;
    $("c-frame").addEventListener("input", () => show(Number($("c-frame").value)));
    $("c-prev").addEventListener("click", () => this.step(-1));
    $("c-next").addEventListener("click", () => this.step(1));
    $("c-play").addEventListener("click", () => this.play());
  }

  set(total, frame) {
    this.total = total;
    this.frame = frame;
    $("cine").hidden = total < 2;
    $("c-frame").max = total - 1;
    $("c-frame").value = frame;
    $("c-frame").setAttribute("aria-valuetext", `frame ${frame + 1} of ${total}`);
    $("c-text").textContent = `${frame + 1} / ${total}`;
  }

  step(by) {
    if (this.total > 1) this.show((this.frame + by + this.total) % this.total);
  }

  play() {
    const playing = Boolean(this.timer);
    this.stop();
    if (playing || this.total < 2) return;
    $("c-play").textContent = "❚❚";
    $("c-play").setAttribute("aria-pressed", "true");
    const turn = async () => {
      const begun = performance.now();
      await this.show((this.frame + 1) % this.total, true);
      if (this.timer) this.timer = setTimeout(turn, Math.max(0, FRAME_MS - (performance.now() - begun)));
    };
    this.timer = setTimeout(turn, 0);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    $("c-play").textContent = "▶";
    $("c-play").setAttribute("aria-pressed", "false");
  }
}
