// Text and elements. Whatever comes from the image becomes text nodes: nothing here, or anywhere in the page, parses HTML.

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029\u00a0\u115f\u3164]/gu;
const SHOWN_MAX = 2000;

/** An element. `props`: class, text, attributes, and functions by the name of their event ("click"). */
function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name === "text") made.append(visible(value));
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

function escaped(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Text from a file as nodes: marks that are not seen, or that turn the text around, become seen. */
function visible(text) {
  const whole = String(text);
  const found = document.createDocumentFragment();
  let done = 0;
  for (const match of whole.matchAll(UNSEEN)) {
    if (match[0] === "\n") continue;
    if (match.index > done) found.append(whole.slice(done, match.index));
    const mark = document.createElement("span");
    mark.className = "unseen";
    mark.textContent = escaped(match[0]);
    found.append(mark);
    done = match.index + match[0].length;
  }
  found.append(whole.slice(done));
  return found;
}

/** The same as a string, for attributes and titles. */
const plain = (text) => String(text).replace(UNSEEN, (character) => `[${escaped(character)}]`);

/** Long text in a box of its own, cut, with a button for the rest. */
function longText(text) {
  const box = el("div", { class: "text", dir: "ltr" });
  box.append(visible(text.slice(0, SHOWN_MAX)));
  if (text.length > SHOWN_MAX) {
    const more = el("button", { type: "button", class: "link", text: `show all ${text.length.toLocaleString("en")} characters` });
    more.addEventListener("click", () => box.replaceChildren(visible(text)));
    box.append("… ", more);
  }
  return box;
}

const hex = (value) => (typeof value === "number" || typeof value === "bigint" ? `0x${value.toString(16)}` : String(value));
const byteText = (value) => value.toString(16).padStart(2, "0");
const count = (value) => value.toLocaleString("en");
const many = (value, one, several = `${one}s`) => `${count(value)} ${value === 1 ? one : several}`;

/** A number of bytes, exact where it is a whole number of a unit, rounded otherwise. */
function size(value) {
  if (typeof value !== "number") return String(value);
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  let left = value;
  while (left >= 1024 && at < units.length - 1) {
    left /= 1024;
    at += 1;
  }
  return `${Number.isInteger(left) ? left : `≈ ${left.toFixed(left < 10 ? 2 : 1)}`} ${units[at]}`;
}

/** A number of bytes as people write it, or null. */
function parseSize(text) {
  const match = /^\s*(?:(0x[0-9a-f]+)|([0-9][0-9_,]*)\s*([kmgt]?)(i?b)?)\s*$/i.exec(text);
  if (!match) return null;
  if (match[1]) return Number(match[1]);
  const shift = { "": 0, k: 1, m: 2, g: 3, t: 4 }[match[3].toLowerCase()];
  return Number(match[2].replace(/[_,]/g, "")) * 1024 ** shift;
}

function link(text, action, title) {
  return el("button", { type: "button", class: "link", text, title, click: action });
}

const byId = (id) => document.getElementById(id);
const say = (text) => { byId("live").textContent = plain(text); };
