// The bytes: sixteen in a row, coloured by what owns them; stretches of zeros and what is not in the page are folded.

const HEX = { list: null, rows: 0, parts: [], hover: null };
const HEX_ROW = 22;
const WIDTH = 16;
const FOLDS_MAX = 50000;
const FOLD = 3; // rows of zeros from which on they are folded

function loadHex() {
  const host = byId("hex");
  host.tabIndex = 0;
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", "Bytes; arrow keys move, Enter goes to the field");
  HEX.parts = folded(pieces());
  let row = 0;
  for (const part of HEX.parts) {
    part.row = row;
    part.rows = part.kind === "bytes" ? Math.ceil((part.end - part.start) / WIDTH) : 1;
    row += part.rows;
  }
  HEX.rows = row;
  HEX.list = new RowList(host, HEX_ROW, hexRow);
  HEX.list.setCount(row);
  host.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-o]");
    if (cell) selectOffset(Number(cell.dataset.o), "hex");
  });
  host.addEventListener("mouseover", (event) => hover(event.target.closest("[data-o]")));
  host.addEventListener("mouseleave", () => hover(null));
  host.addEventListener("keydown", hexKey);
  onSelect((from) => revealInHex(from));
  layerSwitch();
}

/** Parts of which long stretches of zeros are parts of their own. */
function folded(parts) {
  const found = [];
  for (const part of parts) {
    if (part.kind !== "bytes") {
      found.push(part);
      continue;
    }
    let begin = part.start;
    for (const [start, end] of zeroStretches(part)) {
      if (start > begin) found.push({ ...part, start: begin, end: start });
      found.push({ start, end, kind: "zero" });
      begin = end;
    }
    if (begin < part.end) found.push({ ...part, start: begin });
  }
  return joined(found);
}

function joined(parts) {
  const found = [];
  for (const part of parts) {
    const before = found.at(-1);
    if (before && before.kind === "zero" && part.kind === "zero" && topAt(before.start) === topAt(part.start)) before.end = part.end;
    else found.push({ ...part });
  }
  return found;
}

function zeroStretches(part) {
  return part.isTable ? zeroRuns(part) : zeroRows(part);
}

function zeroRows(part) {
  const found = [];
  let begin = -1;
  for (let offset = Math.ceil(part.start / WIDTH) * WIDTH; offset <= part.end; offset += WIDTH) {
    const isZero = offset + WIDTH <= part.end && isZeroRow(offset);
    if (isZero && begin < 0) begin = offset;
    if (isZero || begin < 0) continue;
    if (offset - begin >= FOLD * WIDTH) found.push([begin, offset]);
    begin = -1;
  }
  if (begin >= 0 && part.end - begin >= FOLD * WIDTH) found.push([begin, part.end]);
  return found;
}

/** Stretches of zero entries; none where there are too many to keep. */
function zeroRuns(part) {
  const found = [];
  const changed = [...CHANGES.keys()];
  const add = (first, end) => {
    const start = Math.max(part.start, Math.ceil(entryOffset(first) / WIDTH) * WIDTH);
    const stop = Math.min(part.end, Math.floor(entryOffset(end) / WIDTH) * WIDTH);
    if (stop - start >= FOLD * WIDTH && !changed.some((index) => index >= first && index < end)) found.push([start, stop]);
  };
  let first = -1;
  for (let row = 0; row <= T.count && found.length < FOLDS_MAX; row += 1) {
    const isZero = row < T.count && !T.low[row] && !T.mb[row];
    if (isZero && first < 0) first = T.first[row];
    if (isZero || first < 0) continue;
    add(first, row < T.count ? T.first[row] : T.end);
    first = -1;
  }
  if (first >= 0) add(first, T.end);
  return found.length < FOLDS_MAX ? found : [];
}

function isZeroRow(offset) {
  for (let at = offset; at < offset + WIDTH; at += 1) if (byteAt(at, false) || byteAt(at, true)) return false;
  return true;
}

function partOfRow(row) {
  return HEX.parts[lastBefore(HEX.parts.length, row, (i) => HEX.parts[i].row)];
}

function rowOf(offset) {
  const part = HEX.parts[lastBefore(HEX.parts.length, offset, (i) => HEX.parts[i].start)];
  if (!part) return 0;
  return part.row + (part.kind === "bytes" ? Math.min(part.rows - 1, Math.floor((offset - part.start) / WIDTH)) : 0);
}

function hexRow(index) {
  const part = partOfRow(index);
  if (part.kind !== "bytes") return foldRow(part);
  const start = part.start + (index - part.row) * WIDTH;
  const end = Math.min(part.end, start + WIDTH);
  const ranges = selectedRanges();
  const bytes = [];
  const letters = [];
  for (let offset = start; offset < end; offset += 1) {
    const value = byteAt(offset, S.isReplayed);
    const names = byteClass(offset, value, ranges);
    bytes.push(el("span", { class: `b ${names}`, "data-o": offset }, value === null ? "··" : byteText(value)));
    letters.push(el("span", { class: `a ${names}`, "data-o": offset }, value > 32 && value < 127 ? String.fromCharCode(value) : "·"));
  }
  return el("div", { class: "hexrow" }, el("span", { class: "o" }, address(start)),
    el("span", { class: "bytes" }, bytes), el("span", { class: "letters", "aria-hidden": "true" }, letters));
}

const address = (offset) => offset.toString(16).padStart(8, "0");
let lastLeaf = null;

/** The field that a byte belongs to, quickly for bytes in a row: what it is, its class and whether to shade it. */
function fieldAt(offset) {
  if (isInTable(offset)) {
    const index = Math.floor((offset - F.table.file_offset) / F.table.entry_size);
    return { key: `bat[${index}]`, class: "bat", shade: index % 2 };
  }
  if (!lastLeaf || offset < lastLeaf.start || offset >= lastLeaf.end) {
    const at = lastBefore(LEAVES.start.length, offset, (i) => LEAVES.start[i]);
    const isIn = at >= 0 && offset < LEAVES.end[at];
    lastLeaf = isIn ? { start: LEAVES.start[at], end: LEAVES.end[at], shade: at % 2, node: LEAVES.node[at] } : null;
  }
  if (!lastLeaf) return { key: "", class: topAt(offset) ? classOf(topAt(offset)) : "unknown", shade: 0 };
  return { key: lastLeaf.node.path, class: classOf(lastLeaf.node), shade: lastLeaf.shade, node: lastLeaf.node };
}

function byteClass(offset, value, ranges) {
  const field = fieldAt(offset);
  const names = [`c-${field.class}`];
  if (field.shade) names.push("odd");
  if (value === 0) names.push("nul");
  if (ranges.some(([start, end]) => start <= offset && offset < end)) names.push("on");
  if (offset === S.offset) names.push("at");
  if (HEX.hover && field.key === HEX.hover) names.push("near");
  if (LAYER.replayed.length && byteAt(offset, false) !== byteAt(offset, true)) names.push("differs");
  if (field.node?.findings.length) names.push("broken");
  return names.join(" ");
}

function foldRow(part) {
  const length = part.end - part.start;
  const owner = topAt(part.start) ? ownerAt(part.start) : { class: "payload" };
  const what = part.kind === "zero" ? "zeros" : topAt(part.start) ? "not in this page" : "blocks of the disk: not in this page";
  const isOn = selectedRanges().some(([start, end]) => start < part.end && end > part.start);
  return el("div", { class: `hexrow fold c-${owner.class ?? "unknown"}${isOn ? " on" : ""}` },
    el("span", { class: "o" }, address(part.start)),
    el("span", { class: "gap", "data-o": isOn && S.offset >= part.start && S.offset < part.end ? S.offset : part.start, text: `${size(length)} of ${what}` }),
    owner.node && el("span", { class: "of", text: (leafAt(part.end - 1) === owner.node ? owner.node : topOf(owner.node)).path }));
}

function hover(cell) {
  const key = cell ? fieldAt(Number(cell.dataset.o)).key : null;
  if (key === HEX.hover) return;
  HEX.hover = key;
  for (const one of HEX.list.layer.querySelectorAll("[data-o]")) {
    one.classList.toggle("near", Boolean(key) && fieldAt(Number(one.dataset.o)).key === key);
  }
}

function hexKey(event) {
  const rows = Math.max(1, Math.floor(HEX.list.sight) - 1) * WIDTH;
  const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: WIDTH, ArrowUp: -WIDTH, PageDown: rows, PageUp: -rows };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in moves) selectOffset(stepped(S.offset ?? 0, moves[event.key]), "hexkey");
  else if (event.key === "Home") selectOffset(0, "hexkey");
  else if (event.key === "End") selectOffset(Math.max(0, HEX.parts.at(-1).end - 1), "hexkey");
  else if (event.key === "Enter") byId("tree").focus();
  else return;
  event.preventDefault();
}

/** The next byte in a direction; a fold counts as one. */
function stepped(offset, by) {
  const at = lastBefore(HEX.parts.length, offset, (i) => HEX.parts[i].start);
  const part = HEX.parts[at];
  const end = Math.max(0, HEX.parts.at(-1).end - 1);
  let target = Math.min(end, Math.max(0, offset + by));
  if (part.kind !== "bytes") target = by > 0 ? Math.min(end, part.end) : Math.max(0, part.start - 1);
  return target;
}

function revealInHex(from) {
  if (!HEX.list) return;
  if (S.offset === null || from === "hex") HEX.list.draw();
  else HEX.list.reveal(rowOf(S.offset));
}

/** File or after replay, where they differ. */
function layerSwitch() {
  const host = byId("layers");
  if (!LAYER.replayed.length && !LAYER.cleared.length) return host.remove();
  const buttons = [["in the file", false], ["after replay", true]].map(([text, isReplayed]) => {
    const made = el("button", { type: "button", role: "radio", "aria-checked": String(S.isReplayed === isReplayed), text, title: "r" });
    made.addEventListener("click", () => setLayer(isReplayed));
    return made;
  });
  host.replaceChildren(...buttons);
}

function setLayer(isReplayed) {
  S.isReplayed = isReplayed;
  layerSwitch();
  changed("layer");
}
