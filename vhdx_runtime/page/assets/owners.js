// Who owns which bytes of the file: structures first, then blocks by the table, then nobody.

const LEAVES = { start: [], end: [], node: [] };
let TOPS = []; // [start, end, node] of structures at the top of the tree
const BLOCKS = { rows: new Uint32Array(), ready: false, kept: [], overlaps: [] };

/** Position of the last element that is not greater than the value, or -1. */
function lastBefore(length, value, at) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function loadOwners() {
  const leaves = [];
  for (const node of N) {
    if (node.children.length) continue;
    for (const [start, length] of node.extents) leaves.push([start, start + length, node]);
  }
  leaves.sort((a, b) => a[0] - b[0]);
  LEAVES.start = leaves.map((leaf) => leaf[0]);
  LEAVES.end = leaves.map((leaf) => leaf[1]);
  LEAVES.node = leaves.map((leaf) => leaf[2]);
  TOPS = [];
  for (const node of N[0]?.children ?? []) {
    const parts = node.kind === "list" ? node.children : [node];
    for (const part of parts) for (const [start, length] of part.extents) TOPS.push([start, start + length, part]);
  }
  TOPS.sort((a, b) => a[0] - b[0]);
}

function leafAt(offset) {
  const at = lastBefore(LEAVES.start.length, offset, (i) => LEAVES.start[i]);
  return at >= 0 && offset < LEAVES.end[at] ? LEAVES.node[at] : null;
}

function topAt(offset) {
  const at = lastBefore(TOPS.length, offset, (i) => TOPS[i][0]);
  return at >= 0 && offset < TOPS[at][1] ? TOPS[at][2] : null;
}

const isBitmap = (row) => T.kind[row] === KINDS.sector_bitmap;
const runBytes = (row) => (isBitmap(row) ? F.geometry.bitmap_size : F.geometry.block_size * (isPresent(row) ? runLength(row) : 1));
const runPlace = (row) => T.mb[row] * F.geometry.unit;

/** Order the runs by where their blocks lie; done when first asked for, as there may be a million. */
function blocksByPlace() {
  if (BLOCKS.ready || !F.geometry) return BLOCKS;
  const present = [];
  for (let row = 0; row < T.count; row += 1) {
    if (!T.mb[row] || !toldOf(row) || T.kind[row] === KINDS.unused) continue;
    if (isPresent(row)) present.push(row);
    else BLOCKS.kept.push([runPlace(row), runPlace(row) + runBytes(row), row]);
  }
  BLOCKS.rows = byPlace(present);
  let reached = 0;
  for (const row of BLOCKS.rows) {
    const start = runPlace(row);
    const end = start + runBytes(row);
    if (start < reached) BLOCKS.overlaps.push([start, Math.min(end, reached), row]);
    reached = Math.max(reached, end);
  }
  BLOCKS.ready = true;
  return BLOCKS;
}

/** Rows in the order of their places. Place and row go into one number where they fit, as plain numbers sort faster. */
function byPlace(rows) {
  const unit = 2 ** 22;
  let highest = 0;
  for (const row of rows) highest = Math.max(highest, T.mb[row]);
  if (highest >= 2 ** 31) return Uint32Array.from(rows).sort((a, b) => T.mb[a] - T.mb[b]);
  const keys = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at += 1) keys[at] = T.mb[rows[at]] * unit + rows[at];
  keys.sort();
  const ordered = new Uint32Array(rows.length);
  for (let at = 0; at < rows.length; at += 1) ordered[at] = keys[at] % unit;
  return ordered;
}

/** The entry whose block lies over a byte of the file, or null. */
function blockAt(offset) {
  const { rows, kept } = blocksByPlace();
  let at = lastBefore(rows.length, offset, (i) => runPlace(rows[i]));
  for (let tries = 0; at >= 0 && tries < 64; at -= 1, tries += 1) {
    const row = rows[at];
    const inside = offset - runPlace(row);
    if (inside < runBytes(row)) {
      return T.first[row] + (isBitmap(row) ? 0 : Math.floor(inside / F.geometry.block_size));
    }
  }
  const held = kept.find(([start, end]) => start <= offset && offset < end);
  return held ? T.first[held[2]] : null;
}

const isInTable = (offset) => F.table && offset >= F.table.file_offset && offset < F.table.file_offset + F.table.entries * F.table.entry_size;

/** What a byte of the file belongs to: a node, an entry of the table, a block, or nobody. */
function ownerAt(offset) {
  const leaf = leafAt(offset);
  if (leaf?.name === "bat" && isInTable(offset)) {
    return { entry: Math.floor((offset - F.table.file_offset) / F.table.entry_size), class: "bat" };
  }
  if (leaf && classOfTop(topOf(leaf)) !== "unknown") return { node: leaf, class: classOf(leaf) };
  const top = topAt(offset);
  if (top && top !== leaf && !leaf) return { node: top, class: classOf(top) };
  const entry = F.geometry ? blockAt(offset) : null;
  if (entry !== null) {
    const { kind, present } = entryOf(entry);
    return { block: entry, class: !present ? "kept" : kind === "sector_bitmap" ? "bitmap" : "payload" };
  }
  return leaf ? { node: leaf, class: classOf(leaf) } : { class: "unknown" };
}

function topOf(node) {
  let top = node;
  while (top.parent && top.parent.parent) top = top.parent;
  return top;
}
