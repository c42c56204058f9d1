// Block Kit: every block type the sandbox accepts.
import { h, safeUrl } from "./dom.js";
import { chart } from "./chart.js";
import { control } from "./controls.js";
import { markdown, plain, richText, textObject } from "./mrkdwn.js";

export function blocks(list, context) {
  const draw = (block) => DRAW[block.type]?.(block, context) ?? `(${block.type})`;
  return list.map((block) => h("div", { class: `block ${block.type}`, "data-block-id": block.block_id }, draw(block)));
}

const source = (image) => image.image_url ? safeUrl(image.image_url) : image.slack_file.url || `/files/${image.slack_file.id}/image`;
const picture = (image, large) => h("img", { src: source(image), alt: image.alt_text, class: large ? "large" : "small", loading: "lazy" });
const element = (item, block, context) => (item.type === "image" ? picture(item) : control(item, block, context));

const words = (object) => h("div", { class: "text" }, textObject(object));

function cell(item) {
  return item.type === "rich_text" ? richText(item.elements) : item.text;
}

function table(block) {
  const align = (i) => `cell ${block.column_settings?.[i]?.align || (block.rows[1]?.[i]?.type === "raw_number" ? "right" : "left")}`;
  const row = (cells, tag) => h("tr", {}, cells.map((item, i) => h(tag, { class: align(i) }, cell(item))));
  const [head, ...rest] = block.rows;
  const caption = block.caption && h("caption", {}, block.caption);
  const body = rest.map((cells) => row(cells, "td"));
  return h("div", { class: "scroll", tabindex: 0 }, h("table", {}, caption, h("thead", {}, row(head, "th")), h("tbody", {}, body)));
}

const DRAW = {
  header: (block) => h(`h${Math.min((block.level || 1) + 2, 6)}`, {}, plain(block.text.text)),
  divider: () => h("hr"),
  section: (block, context) => [
    h("div", { class: "body" }, block.text && words(block.text), block.fields && h("div", { class: "fields" }, block.fields.map(words))),
    block.accessory && h("div", { class: "accessory" }, element(block.accessory, block, context)),
  ],
  context: (block) => block.elements.map((item) => (item.type === "image" ? picture(item) : h("span", {}, textObject(item)))),
  actions: (block, context) => block.elements.map((item) => element(item, block, context)),
  image: (block) => [block.title && h("div", { class: "caption" }, plain(block.title.text)), picture(block, true)],
  markdown: (block) => markdown(block.text),
  rich_text: (block) => richText(block.elements),
  table, data_table: table,
  data_visualization: chart,
  alert: (block) => h("div", { role: "alert", class: block.level || "default" }, textObject(block.text)),
  input: (block, context) => {
    const group = /checkboxes|radio/.test(block.element.type);
    const field = control(block.element, block, context);
    const label = h("span", { class: "label" }, plain(block.label.text), block.optional && h("small", {}, " (optional)"));
    const hint = block.hint && h("small", { class: "hint" }, plain(block.hint.text));
    return h(group ? "div" : "label", { class: "field" }, label, field, hint, h("span", { class: "error", role: "alert", "data-error": block.block_id }));
  },
};
