// The page: asks the sandbox what the person sees, draws it, and sends what she does.
import { h, byId, call } from "./dom.js";
import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { collect, rawValue } from "./controls.js";
import { setReader } from "./dates.js";
import { drawModal } from "./modal.js";
import { avatar, drawMessages } from "./messages.js";
import { setNames } from "./mrkdwn.js";

const here = { user: localStorage.getItem("user"), channel: null, thread: null, notices: [] };
let seen = {};

export async function act(action, args = {}) {
  const answer = await call("/sandbox/act", { user: here.user, action, arguments: args });
  if (answer.error) throw new Error(answer.error);
  return answer.result;
}

export function toast(text, error = false) {
  const node = byId("toast");
  node.textContent = text;
  node.className = error ? "error" : "";
  node.hidden = false;
  clearTimeout(node.timer);
  node.timer = setTimeout(() => (node.hidden = true), error ? 12000 : 6000);
}

// Marks what was pressed as busy until the app has answered.
export async function busy(node, work) {
  node?.setAttribute?.("aria-busy", "true");
  try { return await work(); } catch (error) { toast(error.message, true); } finally { node?.removeAttribute?.("aria-busy"); }
}

// What blocks need to know of the place they are in; `where` is {channel, ts}, empty in a view.
export function context(where, state, root) {
  return {
    people: seen.people, channels: seen.all_channels,
    initial: (block, element) => rawValue(state?.[block.block_id]?.[element.action_id] ?? initialOf(element)),
    suggest: async (element, block, query) => {
      const wanted = { action_id: element.action_id, block_id: block.block_id, query, ...where };
      return (await busy(null, () => act("suggest", wanted))) || [];
    },
    used: (element, block, value, node) => {
      if (block.type === "input" && !block.dispatch_action) return;
      busy(node, () => act("act", { action_id: element.action_id, block_id: block.block_id, value, state: collect(root()), ...where }));
    },
  };
}

function initialOf(element) {
  const [key, value] = Object.entries(element).find(([name]) => name.startsWith("initial_")) || [];
  return key && { type: element.type, value };
}

function unreachable() {
  byId("status").textContent = "The sandbox does not answer";
  drawn.top = null;
}

let asking = false, again = false;
export async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const { user, channel, thread } = here;
    const answer = await call("/sandbox/state", { user, channel, thread, visible: !document.hidden });
    // The person may have gone elsewhere while the answer was under way.
    if (user === here.user && channel === here.channel && thread === here.thread) draw(answer);
  } catch { unreachable(); }
  asking = false;
  if (again) { again = false; refresh(); }
}

export function go(change) {
  Object.assign(here, change.channel && change.channel !== here.channel ? { thread: null } : {}, change);
  document.body.classList.remove("menu-open");
  byId("menu").setAttribute("aria-expanded", "false");
  if (change.channel === "home") busy(null, () => act("open_home"));
  refresh();
}

// Draws a part again only when what it shows has changed, so that focus and half-typed words stay.
const drawn = {};
function once(part, data, how) {
  const text = JSON.stringify(data);
  if (drawn[part] === text) return;
  drawn[part] = text;
  how();
}

function draw(state) {
  const moved = seen.channel !== state.channel || seen.user !== state.user;
  seen = state;
  Object.assign(here, { user: state.user, channel: state.channel });
  localStorage.setItem("user", state.user);
  byId("sidebar").inert = false;
  setNames({ ...state.names, ...state.all_channels });
  setReader(state.people.find((p) => p.id === state.user).tz, state.now);
  once("top", [state.status, state.connected, state.controls, state.busy, state.people, state.user], drawTop);
  once("side", [state.channels, state.channel, state.app, state.team], drawSidebar);
  once("title", [state.channel, state.user, state.channels.map((c) => c.members), state.commands], drawPlace);
  const home = state.channel === "home";
  byId("messages").hidden = byId("composer").hidden = home;
  byId("home").hidden = !home;
  if (home) once("home", [state.home, state.user], drawHome);
  const notices = here.notices.filter((n) => n.user === state.user && n.channel === state.channel);
  if (!home) drawMessages(byId("messages"), [...state.messages, ...notices.filter((n) => !n.thread_ts)], seen, { moved });
  byId("thread").hidden = !state.thread.length;
  document.body.classList.toggle("thread-open", state.thread.length > 0);
  if (state.thread.length) drawThread(notices.filter((n) => n.thread_ts === here.thread), moved);
  drawModal(state.modal, state.depth);
}

function drawThread(notices, moved) {
  const opened = drawn.opened !== here.thread;
  drawn.opened = here.thread;
  drawMessages(byId("replies"), [...seen.thread, ...notices], seen, { thread: true, moved: moved || opened });
  const reply = () => composer(byId("reply"), "Reply…", seen.commands, (text) => send(text, here.thread));
  once("reply", [here.thread, seen.channel, seen.user, seen.commands], reply);
}

function drawTop() {
  const offline = h("span", { class: "offline", title: "No app is connected" }, "app offline");
  byId("status").replaceChildren(seen.status, seen.connected ? "" : offline);
  byId("controls").replaceChildren(...seen.controls.map((label) => {
    const marks = { class: "control", disabled: Boolean(seen.busy), "aria-busy": String(seen.busy === label), "data-control": label };
    return h("button", { ...marks, onclick: () => press(label) }, label);
  }));
  byId("who").replaceChildren(...seen.people.map((p) => h("option", { value: p.id, selected: p.id === seen.user }, p.real_name)));
}

async function press(label) {
  const answer = await call("/sandbox/control", { label });
  if (answer.error || answer.result) toast(answer.error || answer.result, Boolean(answer.error));
}

function drawSidebar() {
  const hook = (id, name) => (id === "home" ? "home" : id[0] === "D" ? "app" : name);
  const entry = (id, name, mark, unread = 0) => {
    const badge = h("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread));
    const marks = { class: `entry${unread ? " unread" : ""}`, "aria-current": id === seen.channel && "page", "data-channel": hook(id, name) };
    const parts = [h("span", { class: "mark" }, mark), h("span", { class: "name" }, name), unread ? badge : ""];
    return h("li", {}, h("button", { ...marks, onclick: () => go({ channel: id }) }, parts));
  };
  const [channels, direct] = [seen.channels.filter((c) => c.id[0] === "C"), seen.channels.filter((c) => c.id[0] === "D")];
  byId("sidebar").replaceChildren(h("div", { class: "team" }, seen.team),
    h("h2", {}, "Channels"), h("ul", {}, channels.map((c) => entry(c.id, c.name, "#", c.unread))),
    h("h2", {}, "Direct messages"), h("ul", {}, direct.map((c) => entry(c.id, seen.app, avatar(seen.app, true), c.unread))),
    h("h2", {}, "Apps"), h("ul", {}, entry("home", `${seen.app} Home`, "⌂")));
}

function drawPlace() {
  const channel = seen.channels.find((c) => c.id === seen.channel), app = !channel || channel.id[0] === "D";
  const name = app ? seen.app : channel.name;
  document.title = `${app ? "" : "#"}${name} – ${seen.team}`;
  byId("title").replaceChildren(app ? avatar(seen.app, true) : h("span", { class: "mark" }, "#"), name);
  byId("members").textContent = app ? "" : `${channel.members} members`;
  const tab = (id, label) => h("button", { role: "tab", "aria-selected": String(id === seen.channel), onclick: () => go({ channel: id }) }, label);
  byId("tabs").replaceChildren(...(app ? [tab("home", "Home"), tab(seen.channels.find((c) => c.id[0] === "D").id, "Messages")] : []));
  if (channel) composer(byId("composer"), `Message ${app ? name : "#" + name}`, seen.commands, (text) => send(text));
}

function drawHome() {
  const home = byId("home");
  const empty = [h("p", { class: "empty" }, `${seen.app} has not published its Home tab yet.`)];
  home.replaceChildren(...(seen.home ? blocks(seen.home.blocks, context({}, seen.home.state.values, () => home)) : empty));
}

async function send(text, thread) {
  const place = { channel: here.channel, thread_ts: thread ?? null };
  try {
    if (text.startsWith("/")) await act("command", { ...place, line: text, timeout: 0 });
    else await act("say", { ...place, text });
  } catch (error) {
    const ts = String(Math.max(Number(seen.messages.at(-1)?.ts || 0) + 1e-3, seen.now).toFixed(6));
    here.notices.push({ ...place, thread_ts: thread, user: here.user, text: error.message, ts, notice: true, is_ephemeral: true });
    refresh();
  }
}

byId("menu").addEventListener("click", () => byId("menu").setAttribute("aria-expanded", String(document.body.classList.toggle("menu-open"))));
byId("who").addEventListener("change", (event) => {
  // Direct messages are each person's own.
  Object.assign(here, { user: event.target.value, thread: null, channel: here.channel?.[0] === "D" ? null : here.channel });
  byId("sidebar").inert = true;  // It still leads to the direct messages of whoever looked before.
  refresh();
});
byId("close-thread").addEventListener("click", () => go({ thread: null }));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) go({ thread: null });
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("visibilitychange", refresh);
const events = new EventSource("/sandbox/events");
events.onmessage = refresh;
events.onerror = unreachable;
