// The box a person types into: Enter sends, Shift+Enter breaks the line, "/" offers the app's commands.
import { h } from "./dom.js";

export function composer(form, label, commands, send) {
  const offer = h("div", { class: "offer", role: "listbox", "aria-label": "Commands", "data-testid": "commands", hidden: true });
  const box = h("textarea", { rows: 1, placeholder: label, "aria-label": label });
  const button = h("button", { class: "send", "aria-label": "Send", title: "Send" }, "➤");
  const fit = () => { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight, 160)}px`; };
  const fill = (command) => { box.value = `${command.command} `; box.focus(); suggest(); };
  const suggest = () => {
    const [word] = box.value.split(" "), typedOn = box.value.includes(" ");
    const found = box.value.startsWith("/") ? commands.filter((c) => (typedOn ? c.command === word : c.command.startsWith(word))) : [];
    offer.hidden = !found.length;
    offer.dataset.open = typedOn ? "" : "list";
    offer.replaceChildren(...found.map((c, i) => {
      const marks = { type: "button", role: "option", "aria-selected": String(!i), "data-command": c.command };
      return h("button", { ...marks, onclick: () => fill(c) }, h("b", {}, c.command), " ", h("code", {}, c.usage_hint), h("small", {}, c.description));
    }));
    fit();
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text || form.hasAttribute("aria-busy")) return;
    box.value = "";
    suggest();
    form.setAttribute("aria-busy", "true");
    try { await send(text); } finally { form.removeAttribute("aria-busy"); }
  };
  box.addEventListener("input", suggest);
  box.addEventListener("keydown", (event) => {
    const options = [...offer.querySelectorAll("button")], at = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const choosing = !offer.hidden && offer.dataset.open === "list";
    if (choosing && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      const next = (at + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length;
      options.forEach((o, i) => o.setAttribute("aria-selected", String(i === next)));
      event.preventDefault();
    } else if (choosing && (event.key === "Tab" || (event.key === "Enter" && options[at].dataset.command !== box.value))) {
      options[at].click();
      event.preventDefault();
    } else if (event.key === "Escape" && !offer.hidden) {
      offer.hidden = true;
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.replaceChildren(offer, h("div", { class: "box" }, box, button));
}
