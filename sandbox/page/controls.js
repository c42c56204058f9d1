// Interactive elements. Each field has read(), its value as the sandbox's Actions take it; change is told through `used`.
import { h, byId, safeUrl } from "./dom.js";
import { plain, plainText, textObject } from "./mrkdwn.js";

// context: {used(element, block, value, node), suggest(element, block, query), people, channels, initial(block, element)}
export function control(element, block, context) {
  const hooks = { "data-action-id": element.action_id, "data-block-id": block.block_id };
  if (element.type === "button") return button(element, block, context, hooks);
  if (element.type === "overflow") return overflow(element, block, context, hooks);
  const first = context.initial(block, element);
  const field = { ...hooks, "data-field": "", "aria-label": plainText(block.label?.text || element.placeholder?.text || element.action_id) };
  const use = (node) => confirmed(element.confirm, () => context.used(element, block, node.read(), node));
  const build = element.type.startsWith("multi_") || element.type === "checkboxes" ? many : element.type === "radio_buttons" ? radio : element.type === "external_select" ? external : element.type.endsWith("select") ? select : typed;
  return build(element, block, context, field, first, use);
}

export function confirmed(confirm, then) {
  if (!confirm) return then();
  const dialog = byId("confirm"), close = () => dialog.close();
  dialog.replaceChildren(h("h2", { id: "confirm-title" }, plain(confirm.title?.text || "Are you sure?")), h("p", {}, textObject(confirm.text)), h("footer", {},
    h("button", { class: "button", onclick: close }, plain(confirm.deny?.text || "Cancel")),
    h("button", { class: `button ${confirm.style === "danger" ? "danger" : "primary"}`, onclick: () => { close(); then(); } }, plain(confirm.confirm?.text || "Yes"))));
  dialog.showModal();
}

function button(element, block, context, hooks) {
  const go = (event) => confirmed(element.confirm, () => {
    if (safeUrl(element.url || "")) window.open(element.url, "_blank", "noreferrer");
    context.used(element, block, element.value, event.target);
  });
  return h("button", { type: "button", class: `button ${element.style || ""}`, "aria-label": element.accessibility_label, onclick: go, ...hooks }, plain(element.text.text));
}

function overflow(element, block, context, hooks) {
  const menu = h("details", { class: "overflow", ...hooks }, h("summary", { class: "button", "aria-label": "More" }, "⋯"), h("div", { class: "menu" }, element.options.map((option) => h("button", { type: "button", onclick: () => {
    menu.open = false;
    confirmed(element.confirm, () => context.used(element, block, option.value, menu));
  } }, plain(option.text.text)))));
  return menu;
}

const HTML_TYPE = { number_input: "number", datepicker: "date", timepicker: "time", email_text_input: "email", url_text_input: "url" };

function typed(element, block, context, field, first, use) {
  const tag = element.multiline ? "textarea" : "input";
  const node = h(tag, { ...field, type: tag === "input" ? HTML_TYPE[element.type] || "text" : undefined, rows: 4, placeholder: element.placeholder && plainText(element.placeholder.text), step: element.is_decimal_allowed ? "any" : undefined, autofocus: element.focus_on_load, maxlength: element.max_length, read: () => node.value || null, onchange: () => use(node) });
  node.value = first ?? "";
  return node;
}

function choices(element, context) {
  if (element.type.includes("users")) return context.people.map((p) => ({ value: p.id, text: { text: p.real_name } }));
  if (/channels|conversations/.test(element.type)) return Object.entries(context.channels).map(([value, name]) => ({ value, text: { text: `#${name}` } }));
  return element.options || [];
}

function select(element, block, context, field, first, use) {
  const entry = (option) => h("option", { value: option.value, selected: option.value === first }, plainText(option.text.text));
  const node = h("select", { ...field, read: () => node.value || null, onchange: () => use(node) }, h("option", { value: "" }, plainText(element.placeholder?.text || "Select an item")), choices(element, context).map(entry),
    (element.option_groups || []).map((group) => h("optgroup", { label: plainText(group.label.text) }, group.options.map(entry))));
  return node;
}

function external(element, block, context, field, first, use) {
  const list = h("div", { class: "menu", role: "listbox", hidden: true });
  let chosen = first || null;
  const input = h("input", { type: "text", role: "combobox", "aria-expanded": "false", "aria-label": field["aria-label"], placeholder: plainText(element.placeholder?.text || "Search"), autocomplete: "off" });
  const node = h("div", { ...field, class: "external", read: () => chosen }, input, list);
  const show = (open) => { list.hidden = !open; input.setAttribute("aria-expanded", open); };
  const look = async () => {
    if (input.value.length < (element.min_query_length ?? 3)) return;
    const options = await context.suggest(element, block, input.value);
    list.replaceChildren(...options.map((option) => h("button", { type: "button", role: "option", onclick: () => {
      input.value = chosen = option.text.text;
      show(false);
      use(node);
    } }, plain(option.text.text))), ...(options.length ? [] : [h("p", {}, "No result")]));
    show(true);
  };
  input.value = chosen || "";
  let wait;
  input.addEventListener("input", () => { chosen = null; clearTimeout(wait); wait = setTimeout(look, 150); });
  input.addEventListener("focus", look);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { list.querySelector("button")?.focus(); event.preventDefault(); }
    if (event.key === "Escape" && !list.hidden) { show(false); event.preventDefault(); event.stopPropagation(); }
  });
  return node;
}

function many(element, block, context, field, first, use) {
  const name = `${block.block_id}-${element.action_id}`;
  const options = element.type === "multi_external_select" ? element.initial_options || [] : [...choices(element, context), ...(element.option_groups || []).flatMap((g) => g.options)];
  const boxes = options.map((option) => h("label", { class: "choice" }, h("input", { type: "checkbox", name, value: option.value, checked: (first || []).includes(option.value), onchange: () => changed() }), h("span", {}, textObject(option.text), option.description && h("small", {}, textObject(option.description)))));
  const read = () => boxes.map((box) => box.querySelector("input")).filter((box) => box.checked).map((box) => box.value);
  const plainBoxes = element.type === "checkboxes";
  const title = () => read().length ? `${read().length} selected` : plainText(element.placeholder?.text || "Select items");
  const summary = h("summary", {}, title());
  const node = plainBoxes ? h("div", { ...field, role: "group", read }, boxes) : h("details", { ...field, class: "multi", read }, summary, h("div", { class: "menu" }, boxes));
  const changed = () => { summary.textContent = title(); use(node); };
  return node;
}

function radio(element, block, context, field, first, use) {
  const name = `${block.block_id}-${element.action_id}`;
  const node = h("div", { ...field, role: "radiogroup", read: () => node.querySelector("input:checked")?.value ?? null }, element.options.map((option) => h("label", { class: "choice" }, h("input", { type: "radio", name, value: option.value, checked: option.value === first, onchange: () => use(node) }), h("span", {}, textObject(option.text), option.description && h("small", {}, textObject(option.description))))));
  return node;
}

// What all fields below a node hold, by block and action.
export function collect(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-field]")) (values[node.dataset.blockId] ??= {})[node.dataset.actionId] = node.read();
  return values;
}

// A value of Slack's `state` as a field takes it; an external select shows its option's text.
export function rawValue(value) {
  const [, held] = Object.entries(value || {}).find(([key]) => key !== "type") || [];
  const one = (item) => (item && typeof item === "object" ? (value.type === "external_select" ? item.text.text : item.value) : item);
  return Array.isArray(held) ? held.map(one) : one(held);
}
