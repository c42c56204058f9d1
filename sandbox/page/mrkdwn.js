// Text as Slack draws it: mrkdwn, plain text with emoji, rich text, and the markdown block.
import { date } from "./dates.js";
import { h, safeUrl } from "./dom.js";

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", warning: "⚠️", rotating_light: "🚨", no_entry: "⛔",
  red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵", white_circle: "⚪",
  black_circle: "⚫", large_orange_square: "🟧", large_red_square: "🟥", large_green_square: "🟩", large_yellow_square: "🟨",
  chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊", moneybag: "💰", incoming_envelope: "📨", dollar: "💵", euro: "💶",
  money_with_wings: "💸", credit_card: "💳", receipt: "🧾", calendar: "📅", date: "📆", clock3: "🕒", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", alarm_clock: "⏰", stopwatch: "⏱️", bell: "🔔", no_bell: "🔕", zzz: "💤", eyes: "👀", mag: "🔍",
  memo: "📝", pencil: "📝", pencil2: "✏️", clipboard: "📋", pushpin: "📌", round_pushpin: "📍", paperclip: "📎", bulb: "💡",
  information_source: "ℹ️", question: "❓", exclamation: "❗", tada: "🎉", rocket: "🚀", fire: "🔥", snowflake: "❄️", seedling: "🌱",
  wave: "👋", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎", raised_hands: "🙌", raised_hand: "✋", pray: "🙏", ok_hand: "👌", handshake: "🤝",
  busts_in_silhouette: "👥", bust_in_silhouette: "👤", arrow_up: "⬆️", arrow_down: "⬇️", arrow_right: "➡️", arrow_upper_right: "↗️",
  arrow_lower_right: "↘️", small_red_triangle: "🔺", small_red_triangle_down: "🔻", arrows_counterclockwise: "🔄", leftwards_arrow_with_hook: "↩️", repeat: "🔁",
  lock: "🔒", unlock: "🔓", key: "🔑", gear: "⚙️", wrench: "🔧", hammer_and_wrench: "🛠️", package: "📦", cloud: "☁️", zap: "⚡",
  star: "⭐", sparkles: "✨", heart: "❤️", smile: "😄", thinking_face: "🤔", robot_face: "🤖", sos: "🆘", construction: "🚧",
  stop_sign: "🛑", checkered_flag: "🏁", triangular_flag_on_post: "🚩", dart: "🎯", scales: "⚖️", mega: "📣", speech_balloon: "💬", link: "🔗",
  ice_cube: "🧊", heavy_plus_sign: "➕", heavy_minus_sign: "➖", balloon: "🎈", books: "📚", house: "🏠", inbox_tray: "📥", outbox_tray: "📤", wastebasket: "🗑️", no_entry_sign: "🚫",
};
export let names = {};
export const setNames = (known) => (names = known);

// Not every machine has an emoji font; signs every font has, or else the short name, are better than empty boxes.
const SIGNS = { white_check_mark: "✓", heavy_check_mark: "✓", x: "✗", warning: "⚠", rotating_light: "‼", white_circle: "○", arrow_up: "↑", arrow_down: "↓", arrow_right: "→", eyes: "◉", star: "★", heart: "♥" };
const DOTS = { red: "#d40e3a", orange: "#e8912d", yellow: "#d9b200", green: "#2bac76", blue: "#1d9bd1" };
const drawsEmoji = (() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  pen.font = "20px sans-serif";
  pen.fillText("\u{1f6a8}", 0, 20);
  const { data } = pen.getImageData(0, 0, 28, 28);
  // An emoji has colours; an empty box is drawn in black.
  return data.some((value, i) => i % 4 !== 3 && value > 40);
})();

export function emoji(name) {
  if (drawsEmoji && EMOJI[name]) return EMOJI[name];
  const [, colour] = name.match(/^(?:large_)?(red|orange|yellow|green|blue)_(?:circle|square)$/) || [];
  if (colour) {
    const dot = h("span", { role: "img", "aria-label": `${colour} circle` }, "●");
    dot.style.color = DOTS[colour];
    return dot;
  }
  return SIGNS[name] || h("span", { class: "short" }, `:${name}:`);
}
const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const withEmoji = (text) => text.split(/:([a-z0-9_+-]+):/).map((part, i) => (i % 2 ? (part in EMOJI ? emoji(part) : `:${part}:`) : part));
const mention = (label) => h("span", { class: "mention" }, label);

export const plain = (text) => withEmoji(unescape(text || ""));
export const plainText = (text) => unescape(text || "");

const INLINE = new RegExp([
  /`([^`\n]+)`/, /<([^<>|\n]+)(?:\|([^<>\n]*))?>/, /(?<![\w*])\*(\S(?:[^*\n]*[^\s*])?)\*(?![\w*])/,
  /(?<![\w_])_(\S(?:[^_\n]*[^\s_])?)_(?![\w_])/, /(?<![\w~])~(\S(?:[^~\n]*[^\s~])?)~(?![\w~])/,
].map((part) => part.source).join("|"), "g");

function reference(target, label) {
  const kind = target[0];
  if (kind === "@") return mention("@" + (names[target.slice(1)] || label || target.slice(1)));
  if (kind === "#") return mention("#" + (names[target.slice(1)] || label || target.slice(1)));
  if (target.startsWith("!subteam^")) return mention("@" + (names[target.slice(9)] || label || "group"));
  if (target.startsWith("!date^")) return date(unescape(target), unescape(label || ""));
  if (kind === "!") return mention("@" + target.slice(1));
  const url = safeUrl(unescape(target));
  return url ? h("a", { href: url, target: "_blank", rel: "noreferrer" }, plain(label || target)) : plain(label || target);
}

function inline(text) {
  const nodes = [];
  let last = 0;
  for (const m of text.matchAll(INLINE)) {
    if (m.index > last) nodes.push(plain(text.slice(last, m.index)));
    if (m[1] !== undefined) nodes.push(h("code", {}, unescape(m[1])));
    else if (m[2] !== undefined) nodes.push(reference(m[2], m[3]));
    else nodes.push(m[4] !== undefined ? h("b", {}, inline(m[4])) : m[5] !== undefined ? h("i", {}, inline(m[5])) : h("s", {}, inline(m[6])));
    last = m.index + m[0].length;
  }
  return [...nodes, plain(text.slice(last))];
}

export function mrkdwn(text) {
  const parts = (text || "").split(/```\n?([\s\S]*?)\n?```/);
  return parts.flatMap((part, i) => (i % 2 ? [h("pre", {}, unescape(part))] : quoted(part)));
}

function quoted(text) {
  const nodes = [];
  for (const chunk of text.split(/((?:^(?:&gt;|>).*(?:\n|$))+)/m)) {
    if (/^(&gt;|>)/.test(chunk)) nodes.push(h("blockquote", {}, inline(chunk.replace(/^(&gt;|>) ?/gm, "").trimEnd())));
    else if (chunk) nodes.push(...inline(chunk));
  }
  return nodes;
}

export const textObject = (object) => (!object ? "" : object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text));

// The markdown block: headings, lists, quotes, rules, and standard bold, italic, code and links.
export function markdown(source) {
  const spans = (text) => text.split(/(\*\*.+?\*\*|`[^`]+`|\[[^\]]+\]\([^)]+\)|\*[^*]+\*|_[^_]+_)/).map((part) => {
    const link = part.match(/^\[([^\]]+)\]\(([^)]+)\)$/);
    if (link) return safeUrl(link[2]) ? h("a", { href: link[2], target: "_blank", rel: "noreferrer" }, link[1]) : link[1];
    if (/^\*\*.+\*\*$/.test(part)) return h("b", {}, part.slice(2, -2));
    if (/^`.+`$/.test(part)) return h("code", {}, part.slice(1, -1));
    return /^(\*.+\*|_.+_)$/.test(part) ? h("i", {}, part.slice(1, -1)) : plain(part);
  });
  return source.split("\n").map((line) => {
    const [, marks, rest] = line.match(/^(#{1,4} |[-*] |\d+\. |> |---$)?(.*)$/);
    if (!marks) return h("div", {}, line ? spans(line) : "\u00a0");
    if (marks[0] === "#") return h("h3", {}, spans(rest));
    if (marks === "---") return h("hr");
    return marks === "> " ? h("blockquote", {}, spans(rest)) : h("div", { class: "item" }, /\d/.test(marks) ? marks : "• ", spans(rest));
  });
}

export function richText(elements) {
  return elements.map((element) => {
    const children = () => richText(element.elements || []);
    switch (element.type) {
      case "rich_text_section": return h("div", {}, children());
      case "rich_text_quote": return h("blockquote", {}, children());
      case "rich_text_preformatted": return h("pre", {}, children());
      case "rich_text_list": return h(element.style === "ordered" ? "ol" : "ul", {}, element.elements.map(listItem));
      default: return styled(element);
    }
  });
}

const listItem = (item) => h("li", {}, richText(item.elements));
const STYLES = { bold: "b", italic: "i", strike: "s", code: "code", underline: "u" };

function styled(element) {
  let node = word(element);
  for (const [style, tag] of Object.entries(STYLES)) if (element.style?.[style]) node = h(tag, {}, node);
  return node;
}

function word(element) {
  switch (element.type) {
    case "user": return mention(`@${names[element.user_id]}`);
    case "channel": return mention(`#${names[element.channel_id]}`);
    case "usergroup": return mention(`@${names[element.usergroup_id]}`);
    case "broadcast": return mention(`@${element.range}`);
    case "emoji": return emoji(element.name);
    case "link": return safeUrl(element.url) ? h("a", { href: element.url, target: "_blank", rel: "noreferrer" }, element.text || element.url) : element.text || "";
    default: return element.text || element.fallback || element.value || "";
  }
}
