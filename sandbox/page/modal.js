// The modal on top of a person's stack.
import { h, byId } from "./dom.js";
import { blocks } from "./blocks.js";
import { collect, rawValue } from "./controls.js";
import { plain } from "./mrkdwn.js";
import { act, busy, context } from "./page.js";

const dialog = byId("modal");
let shown = null;

export function drawModal(view, depth) {
  if (!view) {
    shown = null;
    dialog.close();
    return;
  }
  if (shown?.id === view.id && shown.hash === view.hash) return;
  // What is typed and not yet sent stays when the app replaces the view, as it does in Slack.
  const typed = shown?.id === view.id ? collect(dialog) : {};
  shown = view;
  const form = h("form", { novalidate: true, onsubmit: submit });
  const place = context({}, view.state.values, () => form);
  place.initial = (block, element) => typed[block.block_id]?.[element.action_id] ?? initial(view, block, element);
  const [cancel, send] = [view.close?.text || (depth > 1 ? "Back" : "Cancel"), view.submit?.text];
  form.append(
    h("header", {},
      h("h2", { id: "modal-title" }, plain(view.title.text)),
      h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: close }, "✕")),
    h("div", { class: "scroll blocks" }, blocks(view.blocks, place)),
    h("p", { class: "error", role: "alert", "data-testid": "modal-error" }),
    h("footer", {},
      h("button", { type: "button", class: "button", "data-testid": "modal-close", onclick: close }, plain(cancel)),
      send && h("button", { class: "button primary", "data-testid": "modal-submit" }, plain(send))));
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
  (form.querySelector("[autofocus]") || form.querySelector("[data-field]"))?.focus();
}

const initial = (view, block, element) => rawValue(view.state.values[block.block_id]?.[element.action_id]);
const close = () => busy(dialog, () => act("close"));

async function submit(event) {
  event.preventDefault();
  const form = event.target, say = (text) => (form.querySelector("[data-testid=modal-error]").textContent = text);
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  say("");
  for (const node of form.querySelectorAll("[data-error]")) node.textContent = "";
  try {
    const errors = (await act("submit", { values: collect(form) })) || {};
    for (const [block, text] of Object.entries(errors)) form.querySelector(`[data-error="${CSS.escape(block)}"]`).textContent = text;
    form.querySelector(`[data-block-id="${CSS.escape(Object.keys(errors)[0] || "")}"] [data-field]`)?.focus();
  } catch (error) { say(error.message); }
  form.removeAttribute("aria-busy");
}

dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
