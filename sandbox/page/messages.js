// The list of messages of a channel or a thread.
import { h } from "./dom.js";
import { blocks } from "./blocks.js";
import { emoji, mrkdwn } from "./mrkdwn.js";
import { act, busy, context, go } from "./page.js";

const COLOURS = ["#c2395b", "#2b7a9e", "#3d8b5f", "#b3701c", "#6a4fa3", "#94643f", "#2f6fb5"];
const QUICK = ["white_check_mark", "eyes", "heart"];
const GROUPED = 300;

export function avatar(name, app = false) {
  const letters = name.split(/\s+/).map((word) => word[0]).join("").slice(0, 2).toUpperCase();
  const node = h("span", { class: `avatar${app ? " app" : ""}`, "aria-hidden": true }, letters);
  node.style.background = app ? "" : COLOURS[[...name].reduce((sum, c) => sum + c.codePointAt(0), 0) % COLOURS.length];
  return node;
}

export function drawMessages(list, messages, state, { thread = false, moved = false }) {
  const atEnd = moved || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const me = state.people.find((p) => p.id === state.user);
  const format = (options, ts) => new Intl.DateTimeFormat("en", { timeZone: me.tz, ...options }).format(new Date(ts * 1000));
  const nodes = [], now = format({ dateStyle: "short" }, state.now);
  let day = "", before = null;
  for (const message of messages) {
    const today = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, message.ts);
    const time = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, message.ts);
    const follows = today === day && continues(before, message);
    if (today !== day) nodes.push(kept(list, `day ${today}`, () => h("div", { class: "day", role: "separator" }, h("span", {}, today))));
    nodes.push(kept(list, JSON.stringify([message, follows, state.user, now]), () => draw(message, state, { follows, thread, time })));
    if (thread && nodes.length === 2 && messages.length > 1) {
      nodes.push(kept(list, `replies ${messages.length}`, () => h("div", { class: "count" }, counted(messages.length - 1))));
    }
    [day, before] = [today, message];
  }
  if (!messages.length) nodes.push(h("p", { class: "empty" }, "Nothing here yet. Write a message, or type / to see the commands."));
  reconcile(list, nodes);
  if (atEnd) list.scrollTop = list.scrollHeight;
  // A picture that arrives late must not push the newest message out of sight.
  if (atEnd) for (const image of list.querySelectorAll("img")) image.onload = () => (list.scrollTop = list.scrollHeight);
}

// A message that has not changed keeps its element, and with it focus and open menus.
function kept(list, key, make) {
  const old = [...list.children].find((child) => child.key === key);
  const node = old || make();
  node.key = key;
  return node;
}

function reconcile(list, nodes) {
  for (const child of [...list.children]) if (!nodes.includes(child)) child.remove();
  nodes.forEach((node, i) => list.children[i] === node || list.insertBefore(node, list.children[i] || null));
}

const counted = (n) => `${n} ${n === 1 ? "reply" : "replies"}`;

// Whether a message stands below the one before it without a name and a picture of its own.
function continues(before, message) {
  const alike = before.user === message.user && !before.is_ephemeral === !message.is_ephemeral && !before.notice && !message.notice;
  return alike && !before.reply_count && message.ts - before.ts < GROUPED;
}

function draw(message, state, { follows, thread, time }) {
  const app = message.user === state.bot && !message.notice;
  const known = state.people.find((person) => person.id === message.user)?.real_name || message.user;
  const name = message.notice ? "Slackbot" : app ? state.app : known;
  const badge = (app || message.notice) && h("span", { class: "badge" }, "APP");
  const marks = `message${follows ? " follows" : ""}${message.is_ephemeral ? " ephemeral" : ""}`;
  const row = h("article", { class: marks, "data-ts": message.ts, "aria-label": `${name}, ${time}` });
  row.append(
    message.is_ephemeral ? h("div", { class: "only" }, "👁 Only visible to you") : "",
    follows ? h("time", { class: "aside" }, time) : avatar(name, app || message.notice),
    h("div", { class: "content" },
      !follows && h("div", { class: "by" }, h("b", {}, name), badge, h("time", {}, time)),
      message.subtype === "thread_broadcast" && broadcast(message, thread),
      body(message, state, row),
      (message.files || []).map(attached),
      reactions(message, state),
      !thread && message.reply_count && h("button", { class: "replies", "data-testid": "replies", onclick: () => go({ thread: message.ts }) }, counted(message.reply_count))),
    message.is_ephemeral ? "" : tools(message, state, thread));
  return row;
}

// A reply that is shown in the channel too says in either place that it stands in the other.
function broadcast(message, thread) {
  if (thread) return h("div", { class: "broadcast" }, "Also sent to the channel");
  const open = () => go({ thread: message.thread_ts });
  return h("div", { class: "broadcast" }, "replied to a thread ", h("button", { "data-testid": "open-thread", onclick: open }, "View thread"));
}

function body(message, state, row) {
  const place = context({ channel: state.channel, ts: message.ts }, null, () => row);
  const content = message.blocks?.length ? blocks(message.blocks, place) : h("div", { class: "text" }, mrkdwn(message.text));
  return h("div", { class: "blocks" }, content, message.edited && h("span", { class: "edited" }, "(edited)"));
}

function attached(file) {
  const picture = file.mimetype.startsWith("image/") && h("img", { class: "large", src: file.url_private, alt: file.title });
  return h("a", { class: "file", href: file.url_private, target: "_blank" }, picture || `📎 ${file.title}`);
}

const isMine = (message, state, name) => (message.reactions || []).some((r) => r.name === name && r.users.includes(state.user));

function reactions(message, state) {
  return message.reactions?.length && h("div", { class: "reactions" }, message.reactions.map((r) => reaction(message, state, r.name, r.count)));
}

function tools(message, state, thread) {
  const label = "Reply in thread";
  return h("div", { class: "tools" },
    QUICK.map((name) => reaction(message, state, name)),
    !thread && h("button", { "aria-label": label, title: label, "data-testid": "reply-in-thread", onclick: () => go({ thread: message.thread_ts || message.ts }) }, "↩"));
}

function reaction(message, state, name, count) {
  const mine = isMine(message, state, name);
  const toggle = (event) => busy(event.currentTarget, () => act("react", { channel: state.channel, ts: message.ts, name, add: !mine }));
  const marks = { class: `reaction${mine ? " mine" : ""}`, "aria-pressed": String(mine), "aria-label": name.replaceAll("_", " ") };
  return h("button", { ...marks, "data-reaction": name, onclick: toggle }, emoji(name), count ? ` ${count}` : "");
}
