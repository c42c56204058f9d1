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
  return builder(element.type)(element, block, context, field, first, use);
}

function builder(type) {
  if (type.startsWith("multi_") || type === "checkboxes") return many;
  if (type === "radio_buttons") return radio;
  if (type === "external_select") return external;
  return type.endsWith("select") ? select : typed;
}

function confirmed(confirm, then) {
  if (!confirm) return then();
  const dialog = byId("confirm"), close = () => dialog.close();
  const agree = () => { close(); then(); };
  const style = confirm.style === "danger" ? "danger" : "primary";
  dialog.replaceChildren(
    h("h2", { id: "confirm-title" }, plain(confirm.title?.text || "Are you sure?")),
    h("p", {}, textObject(confirm.text)),
    h("footer", {},
      h("button", { class: "button", onclick: close }, plain(confirm.deny?.text || "Cancel")),
      h("button", { class: `button ${style}`, onclick: agree }, plain(confirm.confirm?.text || "Yes"))));
  dialog.showModal();
}

function button(element, block, context, hooks) {
  const go = (event) => confirmed(element.confirm, () => {
    if (safeUrl(element.url || "")) window.open(element.url, "_blank", "noreferrer");
    context.used(element, block, element.value, event.target);
  });
  const marks = { type: "button", class: `button ${element.style || ""}`, "aria-label": element.accessibility_label };
  return h("button", { ...marks, onclick: go, ...hooks }, plain(element.text.text));
}

function overflow(element, block, context, hooks) {
  const choose = (option) => {
    menu.open = false;
    confirmed(element.confirm, () => context.used(element, block, option.value, menu));
  };
  const entries = element.options.map((option) => h("button", { type: "button", onclick: () => choose(option) }, plain(option.text.text)));
  const menu = h("details", { class: "overflow", ...hooks }, h("summary", { class: "button", "aria-label": "More" }, "⋯"), h("div", { class: "menu" }, entries));
  return menu;
}

const HTML_TYPE = { number_input: "number", datepicker: "date", timepicker: "time", email_text_input: "email", url_text_input: "url" };

// A text tells the app of itself on Enter, or while it is typed where its app asks for that; a date once it is chosen.
function typed(element, block, context, field, first, use) {
  const tag = element.multiline ? "textarea" : "input";
  const text = element.type.endsWith("input");
  const on = element.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"];
  let wait;
  const tell = () => { clearTimeout(wait); use(node); };
  const tells = !text ? { onchange: tell } : {
    oninput: () => { if (on.includes("on_character_entered")) { clearTimeout(wait); wait = setTimeout(() => node.isConnected && tell(), 300); } },
    onkeydown: (event) => { if (on.includes("on_enter_pressed") && event.key === "Enter" && !element.multiline && block.dispatch_action) { event.preventDefault(); tell(); } },
  };
  const node = h(tag, {
    ...field, type: tag === "input" ? HTML_TYPE[element.type] || "text" : undefined, rows: element.multiline && 4,
    placeholder: element.placeholder && plainText(element.placeholder.text), step: element.is_decimal_allowed && "any",
    autofocus: element.focus_on_load, maxlength: element.max_length, read: () => node.value || null, ...tells,
  });
  node.value = first ?? "";
  return node;
}

function choices(element, context) {
  if (element.type.includes("users")) return context.people.map((p) => ({ value: p.id, text: { text: p.real_name } }));
  const channels = Object.entries(context.channels).map(([value, name]) => ({ value, text: { text: `#${name}` } }));
  if (/channels|conversations/.test(element.type)) return channels;
  return element.options || [];
}

function select(element, block, context, field, first, use) {
  const entry = (option) => h("option", { value: option.value, selected: option.value === first }, plainText(option.text.text));
  const node = h("select", { ...field, read: () => node.value || null, onchange: () => use(node) },
    h("option", { value: "" }, plainText(element.placeholder?.text || "Select an item")),
    choices(element, context).map(entry),
    (element.option_groups || []).map((group) => h("optgroup", { label: plainText(group.label.text) }, group.options.map(entry))));
  return node;
}

function external(element, block, context, field, first, use) {
  const list = h("div", { class: "menu", role: "listbox", hidden: true });
  let chosen = first || null;
  const placeholder = plainText(element.placeholder?.text || "Search");
  const marks = { role: "combobox", "aria-expanded": "false", "aria-label": field["aria-label"], autocomplete: "off" };
  const input = h("input", { type: "text", placeholder, ...marks });
  const node = h("div", { ...field, class: "external", read: () => chosen }, input, list);
  const show = (open) => { list.hidden = !open; input.setAttribute("aria-expanded", open); };
  const look = async () => {
    if (input.value.length < (element.min_query_length ?? 3)) return;
    const options = await context.suggest(element, block, input.value);
    const choose = (option) => {
      input.value = chosen = option.text.text;
      show(false);
      use(node);
    };
    const entries = options.map((option) => h("button", { type: "button", role: "option", onclick: () => choose(option) }, plain(option.text.text)));
    list.replaceChildren(...(entries.length ? entries : [h("p", {}, "No result")]));
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

// A labelled box or dot of a checkbox group, a radio group or a multi-select.
function choice(type, name, option, checked, onchange) {
  const label = h("span", {}, textObject(option.text), option.description && h("small", {}, textObject(option.description)));
  return h("label", { class: "choice" }, h("input", { type, name, value: option.value, checked, onchange }), label);
}

function many(element, block, context, field, first, use) {
  const grouped = (element.option_groups || []).flatMap((group) => group.options);
  // A multi external select offers what it began with; searching in one is left to the single select.
  const options = element.type === "multi_external_select" ? element.initial_options || [] : [...choices(element, context), ...grouped];
  const name = `${block.block_id}-${element.action_id}`;
  const boxes = options.map((option) => choice("checkbox", name, option, (first || []).includes(option.value), () => changed()));
  const read = () => boxes.map((box) => box.querySelector("input")).filter((box) => box.checked).map((box) => box.value);
  const title = () => read().length ? `${read().length} selected` : plainText(element.placeholder?.text || "Select items");
  const summary = h("summary", {}, title());
  const changed = () => { summary.textContent = title(); use(node); };
  const node = element.type === "checkboxes"
    ? h("div", { ...field, role: "group", read }, boxes)
    : h("details", { ...field, class: "multi", read }, summary, h("div", { class: "menu" }, boxes));
  return node;
}

function radio(element, block, context, field, first, use) {
  const name = `${block.block_id}-${element.action_id}`;
  const dots = element.options.map((option) => choice("radio", name, option, option.value === first, () => use(node)));
  const node = h("div", { ...field, role: "radiogroup", read: () => node.querySelector("input:checked")?.value ?? null }, dots);
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
