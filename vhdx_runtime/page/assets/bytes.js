// The bytes that are in the page: two layers (in the file, after replay), the table from its runs, and known zeros.

const LAYER = { file: [], replayed: [], zeros: [], cleared: [] };

function loadBytes() {
  let at = 0;
  for (const name of ["file", "replayed"]) {
    LAYER[name] = F.bytes[name].map(([start, length]) => {
      const segment = { start, end: start + length, data: DATA.subarray(at, at + length) };
      at += length;
      return segment;
    });
  }
  const ranges = (pairs) => pairs.filter((pair) => pair.every(Number.isFinite)).map(([start, length]) => ({ start, end: start + length }));
  LAYER.zeros = ranges(F.bytes.zeros);
  LAYER.cleared = ranges(F.log.zeros);
}

function segmentAt(segments, offset) {
  const at = lastBefore(segments.length, offset, (i) => segments[i].start);
  return at >= 0 && offset < segments[at].end ? segments[at] : null;
}

function tableByte(offset, isReplayed) {
  const inside = offset - F.table.file_offset;
  const index = Math.floor(inside / F.table.entry_size);
  const entry = entryOf(index);
  if (!entry) return null;
  const word = isReplayed ? entry.word : (entry.change ?? entry.word);
  return Number((word >> BigInt((inside % F.table.entry_size) * 8)) & 0xffn);
}

/** A byte, or null where the page does not have it. */
function byteAt(offset, isReplayed) {
  if (isReplayed) {
    const replayed = segmentAt(LAYER.replayed, offset);
    if (replayed) return replayed.data[offset - replayed.start];
    if (segmentAt(LAYER.cleared, offset)) return 0;
  }
  const found = segmentAt(LAYER.file, offset);
  if (found) return found.data[offset - found.start];
  if (isInTable(offset)) return tableByte(offset, isReplayed);
  return segmentAt(LAYER.zeros, offset) ? 0 : null;
}

/** Ranges of the file, in order: "bytes" to be shown, "zero" and "absent" to be folded. */
function pieces() {
  const end = Math.max(Number(F.file.size), Number(F.file.size_after_replay)) || 0;
  const known = [...LAYER.file, ...LAYER.replayed].map(({ start, end: stop }) => [start, stop, false]);
  if (F.table && T.count) known.push([F.table.file_offset, F.table.file_offset + T.end * F.table.entry_size, true]);
  known.sort((a, b) => a[0] - b[0]);
  const found = [];
  let position = 0;
  for (const [start, stop, isTable] of known) {
    if (stop <= position) continue;
    if (start > position) found.push(...gapPieces(position, start));
    found.push({ start: Math.max(start, position), end: stop, kind: "bytes", isTable });
    position = stop;
  }
  if (position < end) found.push(...gapPieces(position, end));
  return found;
}

/** What lies between the bytes that are here: parted where its owner changes, blocks of the disk as one. */
function gapPieces(start, end) {
  const found = [];
  let position = start;
  while (position < end) {
    const zero = segmentAt(LAYER.zeros, position);
    const top = topAt(position);
    const zeroEnd = zero ? zero.end : nextAfter(LAYER.zeros.length, position, (i) => LAYER.zeros[i].start, end);
    const tops = top ? TOPS.find(([from, to]) => from <= position && position < to)[1] : nextAfter(TOPS.length, position, (i) => TOPS[i][0], end);
    const stop = Math.min(end, zeroEnd, tops);
    found.push({ start: position, end: stop, kind: zero ? "zero" : "absent" });
    position = stop;
  }
  return found;
}

function nextAfter(length, value, at, otherwise) {
  const next = lastBefore(length, value, at) + 1;
  return next < length ? at(next) : otherwise;
}
