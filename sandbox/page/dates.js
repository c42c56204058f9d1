// `<!date^UNIX^format^link|fallback>`: a moment as the reader's own clock shows it.
import { h } from "./dom.js";

let reader = { tz: "UTC", now: 0 };
export const setReader = (tz, now) => (reader = { tz, now });

const TOKEN = /\{(date_num|date|date_short|date_long|date_pretty|date_short_pretty|date_long_pretty|time|time_secs)\}/g;
const written = (seconds, options) => new Intl.DateTimeFormat("en", { timeZone: reader.tz, ...options }).format(new Date(seconds * 1000));
const dayOf = (seconds) => written(seconds, { year: "numeric", month: "2-digit", day: "2-digit" });

// Days from today to a moment's day, both on the reader's calendar.
const daysAway = (seconds) => Math.round((Date.parse(dayOf(seconds)) - Date.parse(dayOf(reader.now))) / 86400000);

function shown(token, seconds) {
  const [style, pretty] = [token.replace("_pretty", ""), token.endsWith("_pretty")];
  const near = pretty && { "-1": "yesterday", 0: "today", 1: "tomorrow" }[daysAway(seconds)];
  if (near) return near;
  switch (style) {
    case "date_num": {
      const [month, day, year] = dayOf(seconds).split("/");
      return `${year}-${month}-${day}`;
    }
    case "date": return written(seconds, { day: "numeric", month: "long", year: "numeric" });
    case "date_short": return written(seconds, { day: "numeric", month: "short", year: "numeric" });
    case "date_long": return written(seconds, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
    case "time": return written(seconds, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    default: return written(seconds, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  }
}

// The element for what stands between `<` and `>`; the fallback where the moment or its format is none Slack knows.
export function date(target, fallback) {
  const [, seconds, format] = target.split("^");
  const text = /^\d+$/.test(seconds || "") && format ? format.replace(TOKEN, (_, token) => shown(token, Number(seconds))) : null;
  if (text === null || /\{\w+\}/.test(text)) return h("span", {}, fallback || target);
  return h("time", { class: "moment", title: fallback, datetime: new Date(seconds * 1000).toISOString() }, text);
}
