// Small helpers: elements, requests, and what stands of a region in a frame.

export const $ = (id) => document.getElementById(id);

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element. Attributes that begin with `on` are listeners; `null` and `false` are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes an SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Asks the server; throws an Error with its one line. */
export async function api(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(`/api/${path}`, options);
  } catch {
    throw new Error("The review has ended. Start `deburn review` again; all decisions are saved.");
  }
  if (!response.ok) throw new Error((await response.text()).trim() || `The server says ${response.status}.`);
  return response;
}

export const json = async (path, body) => (await api(path, body)).json();

/** Tells a screen reader. */
export function say(text) {
  $("live").textContent = "";
  requestAnimationFrame(() => { $("live").textContent = text; });
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export const percent = (score) => (score === undefined || score === null ? "–" : score.toFixed(2));

export const WORDS = {
  clean: "clean", masked: "masked", no_pixels: "no pixels", review: "review", held: "held",
  mask: "Mask", keep: "Keep", removed: "No text",
  reviewed: "reviewed", released: "released",
};

/** Lists the regions of an instance as they stand, those of the report first. */
export function standing(detail) {
  const regions = detail.regions.map((found) => {
    const own = detail.state.regions[found.id];
    const parts = own ? own.parts : [{ frames: found.frames, decision: found.action, bounds: null, is_removed: false }];
    return { id: found.id, found, area: found.area, plane: found.plane ?? null, parts, conflict: own?.conflict };
  });
  for (const [id, own] of Object.entries(detail.state.regions)) {
    if (!id.startsWith("n")) continue;
    const parts = own.parts.filter((part) => !part.is_removed && part.bounds);
    if (!parts.length && !own.conflict) continue;
    const bounds = parts[0]?.bounds ?? Object.values(own.conflict ?? {}).flat().find((part) => part.bounds)?.bounds;
    if (bounds) regions.push({ id, found: null, area: bounds, plane: own.plane ?? null, parts, conflict: own.conflict });
  }
  return regions;
}

/** Returns what stands of a region in a frame. */
export const partAt = (region, frame) => region.parts.find(({ frames: [first, last] }) => first <= frame && frame <= last);

/** Returns the box of a region in a frame. */
export const boxAt = (region, frame) => (partAt(region, frame) ?? region.parts[0])?.bounds ?? region.area;

/** Returns `mask`, `keep`, `review`, `removed` or `conflict`. */
export function kindOf(region, part) {
  if (region.conflict && Object.keys(region.conflict).length) return "conflict";
  if (!part) return "none";
  return part.is_removed ? "removed" : part.decision;
}

/** Names the rule in words: `technical:setting` is “technical: setting”. */
export const ruleWords = (rule) => rule.replace(":", ": ").replaceAll("-", " ");
