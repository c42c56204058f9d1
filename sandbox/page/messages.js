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
  const nodes = [];
  let day = "", before = null;
  for (const message of messages) {
    const today = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, message.ts);
    if (today !== day) nodes.push(kept(list, `day ${today}`, () => h("div", { class: "day", role: "separator" }, h("span", {}, today))));
    const follows = today === day && before?.user === message.user && !before.is_ephemeral === !message.is_ephemeral && message.ts - before.ts < GROUPED && !before.reply_count && !message.notice && !before.notice;
    nodes.push(kept(list, JSON.stringify([message, follows, state.user]), () => draw(message, state, { follows, thread, time: format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, message.ts) })));
    if (thread && nodes.length === 2 && messages.length > 1) nodes.push(kept(list, `replies ${messages.length}`, () => h("div", { class: "count" }, counted(messages.length - 1))));
    [day, before] = [today, message];
  }
  if (!messages.length) nodes.push(h("p", { class: "empty" }, "Nothing here yet. Write a message, or type / to see the commands."));
  reconcile(list, nodes);
  if (atEnd) list.scrollTop = list.scrollHeight;
  // A picture that arrives late must not push the newest message out of sight.
  if (atEnd) for (const image of list.querySelectorAll("img")) if (!image.complete) image.onload = () => (list.scrollTop = list.scrollHeight);
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

function draw(message, state, { follows, thread, time }) {
  const bot = message.user === state.bot && !message.notice, where = { channel: state.channel, ts: message.ts };
  const name = message.notice ? "Slackbot" : bot ? state.app : state.people.find((p) => p.id === message.user)?.real_name || message.user;
  const row = h("article", { class: `message${follows ? " follows" : ""}${message.is_ephemeral ? " ephemeral" : ""}`, "data-ts": message.ts, "aria-label": `${name}, ${time}` },
    message.is_ephemeral && h("div", { class: "only" }, "👁 Only visible to you"),
    follows ? h("time", { class: "aside" }, time) : avatar(name, bot || message.notice),
    h("div", { class: "content" },
      !follows && h("div", { class: "by" }, h("b", {}, name), (bot || message.notice) && h("span", { class: "badge" }, "APP"), h("time", {}, time)),
      h("div", { class: "blocks" }, message.blocks?.length ? blocks(message.blocks, context(where, null, () => row)) : h("div", { class: "text" }, mrkdwn(message.text)), message.edited && h("span", { class: "edited" }, "(edited)")),
      (message.files || []).map((file) => file.mimetype.startsWith("image/") ? h("a", { href: file.url_private, target: "_blank" }, h("img", { class: "large", src: file.url_private, alt: file.title })) : h("a", { class: "file", href: file.url_private }, `📎 ${file.title}`)),
      message.reactions?.length && h("div", { class: "reactions" }, message.reactions.map((r) => reaction(r.name, r.users.includes(state.user), where, r.count))),
      !thread && message.reply_count && h("button", { class: "replies", "data-testid": "replies", onclick: () => go({ thread: message.ts }) }, counted(message.reply_count))),
    !message.is_ephemeral && h("div", { class: "tools" }, QUICK.map((name) => reaction(name, (message.reactions || []).some((r) => r.name === name && r.users.includes(state.user)), where)),
      !thread && h("button", { "aria-label": "Reply in thread", title: "Reply in thread", "data-testid": "reply-in-thread", onclick: () => go({ thread: message.ts }) }, "↩")));
  return row;
}

function reaction(name, mine, where, count) {
  return h("button", { class: `reaction${mine ? " mine" : ""}`, "aria-pressed": String(mine), "aria-label": name.replaceAll("_", " "), "data-reaction": name, onclick: (event) => busy(event.currentTarget, () => act("react", { ...where, name, add: !mine })) }, emoji(name), count ? ` ${count}` : "");
}
