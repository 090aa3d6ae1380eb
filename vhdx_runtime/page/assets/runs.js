// The block allocation table: runs of entries in typed arrays, and the arithmetic between blocks, entries and places.

const T = { count: 0, end: 0, first: new Uint32Array(), low: new Uint32Array(), mb: new Float64Array(), kind: new Uint8Array() };
const KINDS = { payload: 0, sector_bitmap: 1, unused: 2 };

function column(data, at, rows, width, make) {
  for (let row = 0; row < rows; row += 1) {
    let value = 0;
    for (let plane = width - 1; plane >= 0; plane -= 1) value = value * 256 + data[at + plane * rows + row];
    make(row, value);
  }
  return at + width * rows;
}

/** Undo what the page's writer did: lengths, low bits with a mark for a place, distances of places. */
function loadRuns(data) {
  if (!F.runs || !F.geometry || !F.table) return;
  const rows = F.runs.count;
  const step = F.geometry.block_size / F.geometry.unit;
  const made = { first: new Uint32Array(rows), low: new Uint32Array(rows), mb: new Float64Array(rows), kind: new Uint8Array(rows) };
  Object.assign(T, { count: rows, end: F.runs.end, ...made });
  let index = 0;
  let at = column(data, 0, rows, F.runs.widths[0], (row, value) => { T.first[row] = index; index += value; });
  at = column(data, at, rows, F.runs.widths[1], (row, value) => { T.low[row] = value; });
  let end = 0;
  const mark = 2 ** F.table.offset_bit;
  const places = [];
  for (let row = 0; row < rows; row += 1) if (T.low[row] >= mark) places.push(row);
  column(data, at, places.length, F.runs.widths[2], (number, value) => {
    const row = places[number];
    const mb = end + (value % 2 ? -(value + 1) / 2 : value / 2);
    T.mb[row] = mb;
    T.low[row] -= mark;
    end = mb + (isPresent(row) ? runLength(row) : 1) * step;
  });
  for (let row = 0; row < rows; row += 1) T.kind[row] = KINDS[ownerOf(T.first[row]).kind];
}

const runLength = (row) => (row + 1 < T.count ? T.first[row + 1] : T.end) - T.first[row];
const runState = (row) => T.low[row] & F.table.state_mask;
const isPresent = (row) => runState(row) >= F.table.present_from;

/** How many entries of a run, from its first on, say what their block is: reserved bits leave nothing to read of the others. */
function toldOf(row) {
  const isBitmap = T.kind[row] === KINDS.sector_bitmap;
  const isReserved = T.low[row] !== runState(row);
  const length = runLength(row);
  if (isBitmap && !(isReserved && F.geometry.has_parent)) return length;
  if (!isPresent(row)) return isReserved ? 0 : length;
  if (!T.mb[row] || !isReserved) return T.mb[row] ? length : 0;
  const block = isBitmap ? F.geometry.bitmap_size : F.geometry.block_size;
  return Math.min(length, Math.max(0, Math.floor((Number(F.file.size_after_replay) - T.mb[row] * F.geometry.unit) / block)));
}

/** The run that an entry belongs to, or -1 where the page has none. */
function runOf(index) {
  if (index < 0 || index >= T.end) return -1;
  let low = 0;
  let high = T.count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (T.first[middle] <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What an entry describes. */
function ownerOf(index) {
  const { chunk_ratio: ratio, payload_blocks: blocks } = F.geometry;
  const chunk = Math.floor(index / (ratio + 1));
  const inside = index % (ratio + 1);
  if (inside === ratio) return { kind: "sector_bitmap", number: chunk };
  const number = chunk * ratio + inside;
  return { kind: number < blocks ? "payload" : "unused", number };
}

const payloadIndex = (block) => block + Math.floor(block / F.geometry.chunk_ratio);
const bitmapIndex = (chunk) => chunk * (F.geometry.chunk_ratio + 1) + F.geometry.chunk_ratio;
const entryOffset = (index) => F.table.file_offset + index * F.table.entry_size;

/** Everything about one entry, as it counts; null where the page does not have it. */
function entryOf(index) {
  const row = runOf(index);
  if (row < 0) return null;
  const owner = ownerOf(index);
  const step = isPresent(row) ? F.geometry.block_size / F.geometry.unit : 0;
  const mb = T.mb[row] ? T.mb[row] + (index - T.first[row]) * step : 0;
  const state = runState(row);
  return {
    index, row, state, mb, ...owner,
    word: BigInt(mb) * BigInt(2 ** F.table.offset_bit) + BigInt(T.low[row]),
    place: mb * F.geometry.unit,
    present: isPresent(row),
    told: index - T.first[row] < toldOf(row),
    name: stateName(owner.kind, state),
    doc: stateOf(owner.kind, state)?.doc ?? "",
    offset: entryOffset(index),
    change: CHANGES.get(index),
  };
}

const stateOf = (kind, state) => F.states[kind === "sector_bitmap" ? kind : "payload"][state];
const stateName = (kind, state) => stateOf(kind, state)?.name ?? `state ${state}, not defined`;
const shortState = (kind, state) => stateName(kind, state).replace(/^(PAYLOAD|SB)_BLOCK_/, "").replaceAll("_", " ").toLowerCase();

/** What an entry says, in words. */
const saidOf = (entry) => (entry.told || entry.kind === "unused" ? shortState(entry.kind, entry.state) : "unreadable");

/** Entries that replay changes: index to the word in the file. */
const CHANGES = new Map();
function loadChanges() {
  for (const [index, before] of F.changes) CHANGES.set(index, BigInt(before));
}

/** Path and numbers of a run, as `vhdx inspect` writes them. */
function runName(row) {
  const first = T.first[row];
  const length = runLength(row);
  return length === 1 ? `bat[${first}]` : `bat[${first}..${first + length - 1}]`;
}

/** The bit of a sector bitmap: true, false, or null where the page does not have it. */
function bitmapBit(chunk, bit) {
  const lengths = F.bitmaps[chunk];
  if (!lengths) return null;
  let value = false;
  let end = 0;
  for (const length of lengths) {
    end += length;
    if (bit < end) return value;
    value = !value;
  }
  return null;
}
