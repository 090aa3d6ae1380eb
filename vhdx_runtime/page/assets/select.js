// What is selected: a node, an entry of the table, or a place in the file. Everybody who shows it listens here.

const S = { node: null, entry: null, offset: null, isReplayed: true, listeners: [] };
const onSelect = (listener) => S.listeners.push(listener);

function changed(from) {
  for (const listener of S.listeners) listener(from);
  const path = selectedPath();
  if (path) history.replaceState(null, "", `#${encodeURIComponent(path)}`);
  say(`${path || "file"}${S.offset === null ? "" : `, ${hex(S.offset)}`}`);
}

const selectedPath = () => (S.entry !== null ? `bat[${S.entry}]` : (S.node?.path ?? (S.offset === null ? "" : hex(S.offset))));

function selectNode(node, from, offset = null) {
  S.node = node;
  S.entry = null;
  S.offset = offset ?? (typeof node.offset === "number" ? node.offset : null);
  changed(from);
}

function selectEntry(index, from, offset = null) {
  S.node = nodeByPath("bat") ?? null;
  S.entry = index;
  S.offset = offset ?? entryOffset(index);
  changed(from);
}

/** Select whatever a byte of the file belongs to. */
function selectOffset(offset, from) {
  const owner = ownerAt(offset);
  if (owner.entry !== undefined) return selectEntry(owner.entry, from, offset);
  if (owner.node) return selectNode(owner.node, from, offset);
  S.node = null;
  S.entry = null;
  S.offset = offset;
  return changed(from);
}

/** Ranges of the file that are selected. */
function selectedRanges() {
  if (S.entry !== null) return [[entryOffset(S.entry), entryOffset(S.entry) + F.table.entry_size]];
  if (S.node?.parent) {
    const parts = S.node.extents.length ? S.node.extents : typeof S.node.offset === "number" ? [[S.node.offset, S.node.size]] : [];
    return parts.map(([start, length]) => [start, start + length]);
  }
  return S.offset === null || S.node ? [] : [[S.offset, S.offset + 1]];
}

/** Follow an address as people write it: a path, "bat[17]", "block[5]", "bitmap[0]", an offset. True where it leads somewhere. */
function follow(text) {
  const node = nodeByPath(text);
  if (node && text) return selectNode(node, "address"), true;
  const match = /^(bat|block|bitmap)\[(\d+)\]$/.exec(text.trim());
  if (match && F.geometry && F.table) {
    const number = Number(match[2]);
    const index = match[1] === "bat" ? number : match[1] === "block" ? payloadIndex(number) : bitmapIndex(number);
    if (index >= F.table.entries) return false;
    return selectEntry(index, "address"), true;
  }
  const offset = parseSize(text);
  if (offset === null || offset >= Math.max(Number(F.file.size), 1)) return false;
  return selectOffset(offset, "address"), true;
}

/** A button that selects a place of the file. */
function offsetLink(offset, text = hex(offset)) {
  if (typeof offset !== "number" || offset >= Number(F.file.size)) return el("span", { class: "mono", text });
  return el("button", { type: "button", class: "link mono", text, title: "show these bytes", click: () => { showView("bytes"); selectOffset(offset, "link"); } });
}

function pathLink(path, text = path) {
  return el("button", { type: "button", class: "link mono", text, title: "show this", click: () => { showView("bytes"); follow(path); } });
}
