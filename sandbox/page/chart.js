// data_visualization as SVG: bar, line, area and pie, with axis, legend and a table's worth of titles for screen readers.
import { h } from "./dom.js";

const COLOURS = ["#1d9bd1", "#e8912d", "#2bac76", "#cd2553", "#7c3085", "#8d8d8d"];
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [560, 240, 54, 42, 26];
const short = (n) => Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(n);

export function chart(block) {
  const { chart: data, title } = block;
  const pie = data.type === "pie";
  const svg = h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, pie ? slices(data.segments) : plot(data));
  const entries = pie ? data.segments.map((s) => `${s.label} · ${short(s.value)}`) : data.series.map((s) => s.name);
  return h("figure", { class: "chart" }, h("figcaption", {}, title), svg, h("div", { class: "legend" }, entries.map((name, i) => {
    const key = h("i"); key.style.background = COLOURS[i];
    return h("span", {}, key, name);
  })));
}

function step(range) {
  const rough = range / 4, power = 10 ** Math.floor(Math.log10(rough || 1));
  return [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough);
}

function plot({ type, series, axis_config: axis }) {
  const values = series.flatMap((s) => s.data.map((p) => p.value));
  const unit = step(Math.max(...values, 0) - Math.min(...values, 0) || 1);
  const low = Math.floor(Math.min(...values, 0) / unit) * unit, high = Math.ceil(Math.max(...values, 0) / unit) * unit || unit;
  const slot = (WIDTH - LEFT - 10) / axis.categories.length;
  const x = (i) => LEFT + slot * (i + 0.5), y = (v) => HEIGHT - BOTTOM - ((v - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const nodes = [];
  for (let tick = low; tick <= high + unit / 2; tick += unit) {
    nodes.push(h("line", { x1: LEFT, x2: WIDTH - 10, y1: y(tick), y2: y(tick), class: "grid" }));
    nodes.push(h("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick)));
  }
  const every = Math.ceil(axis.categories.length / 10);
  axis.categories.forEach((label, i) => i % every || nodes.push(h("text", { x: x(i), y: HEIGHT - BOTTOM + 17, "text-anchor": "middle" }, label)));
  series.forEach((one, s) => {
    const points = one.data.map((p, i) => `${x(i)},${y(p.value)}`);
    if (type === "bar") {
      const width = (slot * 0.7) / series.length;
      one.data.forEach(({ value }, i) => {
        const [top, height] = [Math.min(y(value), y(0)), Math.abs(y(value) - y(0))];
        nodes.push(h("rect", { x: x(i) - slot * 0.35 + s * width, y: top, width: Math.max(width - 2, 1), height, rx: 2, fill: COLOURS[s] }));
      });
    } else {
      const area = `M${x(0)},${y(0)}L${points.join("L")}L${x(one.data.length - 1)},${y(0)}Z`;
      if (type === "area") nodes.push(h("path", { d: area, fill: COLOURS[s], opacity: 0.18 }));
      nodes.push(h("polyline", { points: points.join(" "), fill: "none", stroke: COLOURS[s], "stroke-width": 2.5, "stroke-linejoin": "round" }));
      if (one.data.length < 16) one.data.forEach((p, i) => nodes.push(h("circle", { cx: x(i), cy: y(p.value), r: 3, fill: COLOURS[s] })));
    }
  });
  if (axis.x_label) nodes.push(h("text", { x: (WIDTH + LEFT) / 2, y: HEIGHT - 3, "text-anchor": "middle", class: "axis" }, axis.x_label));
  if (axis.y_label) nodes.push(h("text", { x: 4, y: TOP - 12, class: "axis" }, axis.y_label));
  return nodes;
}

function slices(segments) {
  const total = segments.reduce((sum, s) => sum + s.value, 0), [cx, cy, r] = [WIDTH / 2, HEIGHT / 2, HEIGHT / 2 - 8];
  const at = (share) => `${cx + r * Math.sin(share * 2 * Math.PI)},${cy - r * Math.cos(share * 2 * Math.PI)}`;
  let from = 0;
  return segments.map((segment, i) => {
    const to = from + segment.value / total;
    const large = to - from > 0.5 ? 1 : 0, whole = to - from > 0.9999;
    const d = whole ? `M${cx},${cy - r}a${r},${r} 0 1 1 -0.1,0Z` : `M${cx},${cy}L${at(from)}A${r},${r} 0 ${large} 1 ${at(to)}Z`;
    from = to;
    return h("path", { d, fill: COLOURS[i], class: "slice" });
  });
}
