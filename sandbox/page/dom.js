// Builds elements. Text only ever becomes a text node, so nothing a bill or a person says can turn into markup.

export function h(tag, attributes = {}, ...children) {
  const space = /^(svg|g|path|rect|line|polyline|circle|text)$/.test(tag) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const node = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "read") node.read = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

// Only addresses that open a page; never javascript: or data:.
export const safeUrl = (url) => (/^(https?:|mailto:)/i.test(url) ? url : undefined);

export async function call(path, body) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return response.json();
}
