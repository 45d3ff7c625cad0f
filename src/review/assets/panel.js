// The panel: what is known of the instance and of each region, and what can be decided.

import { $, h, boxAt, kindOf, partAt, percent, ruleWords, WORDS } from "./dom.js";

const ICONS = { mask: "■", keep: "○", review: "?", removed: "×", conflict: "≠", none: "·" };
const TITLES = { mask: "masked", keep: "kept", review: "for review", removed: "no text", conflict: "reviewers differ", none: "not in this frame" };

export class Panel {
  /** @param act `whole(verdict)`, `region(verdict)`, `settle(region, who)`, `select(id)`, `same()`, `box(box)`, `texts()` */
  constructor(act, report) {
    this.act = act;
    this.report = report;
    this.scope = "all";
    this.range = null;
    this.reason = "";
  }

  draw(detail, regions, selected, frame, texts) {
    Object.assign(this, { detail, regions, selected, frame, texts });
    const focused = document.activeElement?.id;
    const list = $("regions")?.scrollTop ?? 0;
    $("panel").replaceChildren(this.instance(), ...this.wholeConflict(), this.list(), this.region());
    if ($("regions")) $("regions").scrollTop = list;
    if (focused && document.activeElement === document.body) $(focused)?.focus({ preventScroll: true });
    $(`item-${selected}`)?.scrollIntoView({ block: "nearest" });
  }

  instance() {
    const { record, state } = this.detail;
    const name = record.path.split("/").pop();
    const button = (verdict, key, words, title) => h("button", {
      class: `whole ${verdict}`, "aria-pressed": String(state.verdict === verdict), title, onclick: () => this.act.whole(verdict),
    }, words, " ", h("kbd", {}, key));
    return h("section", { class: "card instance" },
      h("h1", { title: record.path }, name),
      h("p", { class: "facts" }, h("span", { class: `tag ${record.status}` }, WORDS[record.status]),
        record.modality && h("span", {}, record.modality),
        this.detail.picture && h("span", {}, `${this.detail.picture.columns} × ${this.detail.picture.rows}`),
        record.frames.total > 1 && h("span", {}, `${record.frames.total} frames`)),
      record.reason && h("p", { class: "why" }, record.reason.message),
      ...(record.advice ?? []).map((advice) => h("p", { class: "why" }, advice.message)),
      h("div", { class: "wholes", role: "group", "aria-label": "The instance as a whole" },
        button("reviewed", "R", "Reviewed", "All frames looked at; goes on to the next (R)"),
        button("held", "H", "Hold", "It does not go out (H)"),
        button("released", "L", "Release", "It goes out although the report holds it, with the masks that stand (L)")),
      state.reviewers.length > 0 && h("p", { class: "by" }, `by ${state.reviewers.join(", ")}`));
  }

  wholeConflict() {
    const { state } = this.detail;
    if (!state.conflict) return [];
    const take = ([who, verdict]) => h("button", { onclick: () => this.act.settle(null, who) }, `${who}: ${WORDS[verdict]}`);
    return [h("section", { class: "card conflict" }, h("h2", {}, "Reviewers differ on the whole"),
      h("p", {}, "Until it is settled, nothing of it goes out. Whose word stands?"), h("div", { class: "takes" }, ...Object.entries(state.conflict).map(take)))];
  }

  list() {
    const items = this.regions.map((region) => this.item(region));
    const shown = this.regions.filter((region) => partAt(region, this.frame)).length;
    const facts = this.regions.length ? `${this.regions.length}${shown < this.regions.length ? `, ${shown} in this frame` : ""}` : "none";
    return h("section", { class: "list" },
      h("h2", {}, "Regions ", h("span", {}, facts), h("span", { class: "keys" }, h("kbd", {}, "["), h("kbd", {}, "]"))),
      items.length > 0 && h("ul", { id: "regions", role: "listbox", tabindex: "0", "aria-label": "Regions", "aria-activedescendant": this.selected ? `item-${this.selected}` : null }, ...items),
      !items.length && h("p", { class: "empty" }, "No text was found. D draws a region."));
  }

  item(region) {
    const part = partAt(region, this.frame);
    const any = part ?? region.parts[0];
    const kind = kindOf(region, any);
    const { found } = region;
    const text = this.texts?.[region.id] ?? found?.reading?.text;
    const title = found ? ruleWords(found.reason) : "drawn by a person";
    const who = any?.reviewer;
    const facts = [found?.attribute, found?.code && found.code.replaceAll("_", " "), region.plane?.replaceAll("_", " ")].filter(Boolean).join(" · ");
    return h("li", {
      id: `item-${region.id}`, role: "option", class: `${kind}${part ? "" : " absent"}`, "aria-selected": String(region.id === this.selected),
      "aria-label": `${TITLES[kind]}: ${title}${facts ? `, ${facts}` : ""}${who ? `, by ${who}` : ""}`,
      onclick: () => this.act.select(region.id, true), onpointerenter: () => this.act.hover(region.id), onpointerleave: () => this.act.hover(null),
    },
    h("span", { class: `mark ${kind}`, "aria-hidden": "true" }, ICONS[kind]),
    h("span", { class: "what" }, h("span", { class: "rule" }, title), text ? h("span", { class: "said" }, text) : null, facts && h("span", { class: "more" }, facts)),
    h("span", { class: "side" }, found && h("span", { title: "detection" }, percent(found.detection_score)),
      found?.reading && h("span", { class: "dim", title: "reading" }, percent(found.reading.score)), who && h("span", { class: "person", title: `decided by ${who}` }, "✎")));
  }

  region() {
    const region = this.regions.find((own) => own.id === this.selected);
    if (!region) {
      return h("section", { class: "card detail hint" }, h("p", {}, "Select a region in the picture or with ", h("kbd", {}, "["), " ", h("kbd", {}, "]"),
        ", or draw one with ", h("kbd", {}, "D"), ". ", h("kbd", {}, "B"), " shows before and after, ", h("kbd", {}, "R"), " marks the instance as reviewed."),
      this.report.show_text && !this.texts && h("button", { id: "p-texts", onclick: () => this.act.texts() }, "Read the texts ", h("kbd", {}, "T")));
    }
    const part = partAt(region, this.frame);
    const kind = kindOf(region, part);
    const verdict = (name, key, words) => h("button", {
      id: `p-${name}`, class: `verdict ${name}`, onclick: () => this.act.region(name), disabled: name === "accept" && !region.found,
      "aria-pressed": String(kind === { mask: "mask", keep: "keep", remove: "removed" }[name]),
    }, words, " ", h("kbd", {}, key));
    return h("section", { class: "card detail" },
      h("h2", {}, h("span", { class: `mark ${kind}` }, ICONS[kind]), ` ${TITLES[kind]}`, part?.reviewer && h("span", { class: "by" }, ` by ${part.reviewer}`)),
      this.conflict(region), this.facts(region, part),
      h("div", { class: "verdicts", role: "group", "aria-label": "Decide" },
        verdict("accept", "A", "Accept"), verdict("mask", "M", "Mask"), verdict("keep", "K", "Keep"), verdict("remove", "Del", "No text")),
      this.scopes(region), this.place(region),
      h("label", { class: "reason" }, "Reason", h("input", { id: "p-reason", type: "text", maxlength: "500", value: this.reason, placeholder: "optional, stands in the new report", autocomplete: "off", oninput: (event) => { this.reason = event.target.value; } })),
      !region.plane && h("button", { id: "p-same", class: "wide", onclick: () => this.act.same() }, "Same place in this series or device… ", h("kbd", {}, "S")));
  }

  conflict(region) {
    if (!region.conflict) return null;
    const words = (parts) => parts.map((part) => `${part.is_removed ? "no text" : WORDS[part.decision] ?? part.decision}${part.bounds ? " at another place" : ""}`).join(", ");
    const take = ([who, parts]) => h("button", { onclick: () => this.act.settle(region.id, who) }, `${who}: ${words(parts) || "nothing"}`);
    return h("div", { class: "conflict" }, h("p", {}, "Reviewers differ. Whose word stands?"), h("div", { class: "takes" }, ...Object.entries(region.conflict).map(take)));
  }

  facts(region, part) {
    const { found } = region;
    const text = this.texts?.[region.id] ?? found?.reading?.text;
    const rows = [
      found && ["Rule", ruleWords(found.reason)], found?.attribute && ["Matches", found.attribute], found?.code && ["Code", found.code.replaceAll("_", " ")],
      text && ["Text", text], found && ["Detection", percent(found.detection_score)],
      found?.reading && ["Reading", `${percent(found.reading.score)}, least ${percent(found.reading.least_character_score)}`],
      found && found.action !== part?.decision && part && ["Was", found.action], part?.reason && ["Reason", part.reason],
    ].filter(Boolean);
    return h("dl", {}, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: name === "Text" ? "said" : null }, value)]));
  }

  /** In which frames a decision holds. */
  scopes(region) {
    const total = this.frames(region);
    if (total < 2) return null;
    const [first, last] = this.framesOf(region);
    const radio = (value, words) => h("label", {}, h("input", { type: "radio", name: "scope", id: `p-scope-${value}`, value, checked: this.scope === value, onchange: () => { this.scope = value; this.redraw(); } }), words);
    const number = (id, value, place) => h("input", { id, type: "number", min: 1, max: total, value: value + 1, "aria-label": place ? "last frame" : "first frame", onchange: (event) => {
      this.scope = "range";
      this.range = this.range ?? [first, last];
      this.range[place] = Math.min(Math.max(Number(event.target.value) - 1, 0), total - 1);
      if (this.range[0] > this.range[1]) this.range[1 - place] = this.range[place];
      this.redraw();
    } });
    const [from, to] = this.scope === "range" && this.range ? this.range : [first, last];
    return h("fieldset", { class: "scope" }, h("legend", {}, "Frames"),
      radio("all", ` all of it (${first + 1}–${last + 1})`), radio("one", ` this one (${this.frame + 1})`), radio("clip", ` whole clip (1–${total})`),
      h("span", { class: "range" }, radio("range", " "), number("p-first", from, 0), "–", number("p-last", to, 1)));
  }

  frames(region) {
    if (region.plane) return (this.detail.layers ?? []).find((layer) => layer.name === region.plane)?.frames ?? 1;
    return this.detail.record.frames.total;
  }

  framesOf(region) {
    if (!region.parts.length) return [0, this.frames(region) - 1];
    return [region.parts[0].frames[0], region.parts.at(-1).frames[1]];
  }

  /** Returns the frames that a decision is to hold for; `null` for all of the region's. */
  wanted(region) {
    const total = this.frames(region);
    if (total < 2) return null;
    switch (this.scope) {
      case "one": return [this.frame, this.frame];
      case "clip": return [0, total - 1];
      case "range": return this.range ?? this.framesOf(region);
      default: return null;
    }
  }

  /** The box in numbers, for the keyboard. */
  place(region) {
    const { x0, y0, x1, y1 } = boxAt(region, this.frame);
    const values = [x0, y0, x1 - x0, y1 - y0];
    const read = () => {
      const [x, y, width, height] = ["p-x", "p-y", "p-w", "p-h"].map((id) => Math.max(0, Math.round(Number($(id).value))));
      if (width > 0 && height > 0) this.act.box({ x0: x, y0: y, x1: x + width, y1: y + height });
    };
    const field = (id, name, index) => h("label", {}, name, h("input", { id, type: "number", min: 0, value: values[index], onchange: read }));
    return h("fieldset", { class: "place" }, h("legend", {}, "Place ", h("kbd", {}, "E")), field("p-x", "x", 0), field("p-y", "y", 1), field("p-w", "width", 2), field("p-h", "height", 3));
  }

  redraw() { this.draw(this.detail, this.regions, this.selected, this.frame, this.texts); }
}
