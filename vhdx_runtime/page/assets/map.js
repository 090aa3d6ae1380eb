// The picture of the file (who owns each MiB) and the picture of the disk (the states of its blocks).

const STATES = {
  present: "fully present",
  partial: "partially present",
  absent: "not present",
  zero: "zero",
  undefined: "undefined",
  unmapped: "unmapped",
  unreadable: "unreadable",
  beyond: "no entry in the table",
};

/** The class of a payload state, from the schema's names. */
function stateClass(state) {
  const name = stateOf("payload", state)?.name ?? "";
  if (/FULLY/.test(name)) return "present";
  if (/PARTIALLY/.test(name)) return "partial";
  if (/NOT_PRESENT/.test(name)) return "absent";
  if (/ZERO/.test(name)) return "zero";
  if (/UNDEFINED/.test(name)) return "undefined";
  return /UNMAPPED/.test(name) ? "unmapped" : "unreadable";
}

/** Amounts by cell and class, in typed arrays: there may be a million runs to add up. */
class Shares {
  constructor(start, length, per) {
    Object.assign(this, { start, per, end: start + length, count: Math.ceil(length / per), amounts: {} });
  }

  /** Add the range from `from` to `to`, as far as it is in sight, weighed. */
  add(name, from, to, weight = 1) {
    const amounts = (this.amounts[name] ??= new Float64Array(this.count));
    const low = Math.max(from, this.start);
    const high = Math.min(to, this.end);
    if (high <= low) return;
    const { start, per } = this;
    const first = Math.floor((low - start) / per);
    const last = Math.min(this.count - 1, Math.floor((high - start) / per));
    if (first === last) {
      amounts[first] += (high - low) * weight;
      return;
    }
    for (let at = first; at <= last; at += 1) {
      const begin = start + at * per;
      const length = Math.min(high, begin + per) - Math.max(low, begin);
      if (length > 0) amounts[at] += length * weight;
    }
  }

  /** As a list of cells, each class with its amount. */
  cells() {
    const columns = Object.entries(this.amounts);
    return Array.from({ length: this.count }, (_, at) => Object.fromEntries(columns.filter(([, amounts]) => amounts[at] > 0).map(([name, amounts]) => [name, amounts[at]])));
  }
}

/** The disk by blocks: each cell's blocks by state. */
function diskCells(start, length, per) {
  const shares = new Shares(start, length, per);
  const classes = Array.from({ length: F.table.state_mask + 1 }, (_, state) => stateClass(state));
  const { payload_blocks: blocks, chunk_ratio: ratio } = F.geometry;
  const reached = T.end ? ownerReach(T.end) : 0;
  for (let row = Math.max(0, runOf(payloadIndex(start))); row < T.count; row += 1) {
    if (T.kind[row] === KINDS.unused) break;
    if (isBitmap(row)) continue;
    const number = T.first[row] - Math.floor(T.first[row] / (ratio + 1));
    if (number >= shares.end) break;
    const told = Math.min(blocks, number + toldOf(row));
    shares.add(classes[runState(row)], number, told);
    shares.add("unreadable", told, Math.min(blocks, number + runLength(row)));
  }
  if (reached < shares.end) coarse(shares, Math.max(start, reached), shares.end);
  return shares.cells();
}

/** First block that the runs of the page do not reach. */
const ownerReach = (index) => Math.min(F.geometry.payload_blocks, index - Math.floor(index / (F.geometry.chunk_ratio + 1)));

/** Blocks beyond the runs of the page: from the counts by cells, or without an entry. */
function coarse(shares, from, to) {
  if (!F.overview) return shares.add("beyond", from, to);
  const { blocks, states } = F.overview;
  const width = F.table.state_mask + 2; // the last column counts what is unreadable whatever its state
  for (let at = Math.floor(from / blocks); at * blocks < to; at += 1) {
    const counts = states.slice(at * width, (at + 1) * width);
    const whole = counts.reduce((sum, one) => sum + one, 0) || 1;
    const [low, high] = [Math.max(from, at * blocks), Math.min(to, (at + 1) * blocks)];
    counts.forEach((amount, state) => amount && shares.add(stateClass(state), low, high, amount / whole));
  }
  return undefined;
}

/** The file by MiB: each cell's MiB by owner; what nobody owns is unknown. */
function fileCells(start, length, per) {
  const shares = new Shares(start, length, per);
  const { unit } = fileUnits();
  if (F.overview) coarseFile(shares);
  else if (F.geometry) blockShares(shares, unit);
  for (const [from, to, node] of TOPS) if (classOfTop(topOf(node)) !== "unknown") shares.add(classOf(node), from / unit, to / unit);
  const fileEnd = Number(F.file.size) / unit;
  const cells = shares.cells();
  cells.forEach((cell, at) => {
    const begin = start + at * per;
    const used = Object.values(cell).reduce((sum, one) => sum + one, 0);
    const rest = Math.min(per, shares.end - begin, Math.max(0, fileEnd - begin)) - used;
    if (rest > 1e-9) cell.unknown = rest;
  });
  return cells;
}

function blockShares(shares, unit) {
  const { rows, kept, overlaps } = blocksByPlace();
  let reached = shares.start * unit;
  const end = shares.end * unit;
  for (let at = Math.max(0, lastBefore(rows.length, reached, (i) => runPlace(rows[i])) - 64); at < rows.length; at += 1) {
    const from = runPlace(rows[at]);
    if (from >= end) break;
    const to = from + runBytes(rows[at]);
    if (to > reached) shares.add(isBitmap(rows[at]) ? "bitmap" : "payload", Math.max(from, reached) / unit, to / unit);
    reached = Math.max(reached, to);
  }
  for (const [from, to] of kept) shares.add("kept", from / unit, to / unit);
  for (const [from, to] of overlaps) shares.add("overlap", from / unit, to / unit);
}

function coarseFile(shares) {
  const { cell_mb: width, payload_mb: payload, bitmap_mb: bitmap } = F.overview;
  for (const [name, amounts] of [["payload", payload], ["bitmap", bitmap]]) {
    amounts.forEach((amount, at) => amount && shares.add(name, at * width, (at + 1) * width, Math.min(1, amount / width)));
  }
}

const sumOf = (cells) => cells.reduce((sum, cell) => {
  for (const [name, amount] of Object.entries(cell)) sum[name] = (sum[name] ?? 0) + amount;
  return sum;
}, {});

const rangeText = (start, end) => `${hex(start)} … ${hex(end)}`;
const shareText = (cell, names) => Object.entries(cell).filter(([, amount]) => amount > 0).map(([name]) => names[name]).join(", ") || "nothing";

/** Made when first looked at. */
function loadMap() {
  const host = byId("view-map");
  if (host.firstChild) return;
  const { unit, total } = fileUnits();
  const fileHost = el("section", { class: "panel picture" });
  host.append(fileHost);
  const file = new Picture(fileHost, {
    label: "The file", total, cells: fileCells,
    unitText: (start, length) => rangeText(start * unit, Math.min(Number(F.file.size), (start + length) * unit)),
    cellText: (per) => size(per * unit),
    describe: (start, length) => shareText(fileCells(start, length, length)[0] ?? {}, CLASSES),
    choose: (position) => { showView("bytes"); selectOffset(Math.min(Number(F.file.size) - 1, position * unit), "picture"); },
  });
  fileHost.append(legend(sumOf(fileCells(0, total, Math.ceil(total / 4096))), CLASSES, (amount) => size(Math.round(amount * unit))));
  PICTURES.push(file);
  if (!F.geometry || !F.table) return host.append(el("p", { class: "panel note", text: "The disk cannot be drawn: its sizes, or its table, are not known." }));
  const diskHost = el("section", { class: "panel picture" });
  host.append(diskHost);
  const { block_size: block, payload_blocks: blocks } = F.geometry;
  PICTURES.push(new Picture(diskHost, {
    label: "The disk", total: blocks, cells: diskCells,
    unitText: (start, length) => `block${length > 1 ? `s ${count(start)}–${count(start + length - 1)}` : ` ${count(start)}`}, ${rangeText(start * block, Math.min(F.geometry.virtual_disk_size, (start + length) * block))}`,
    cellText: (per) => `${many(per, "block")} (${size(per * block)})`,
    describe: (start, length) => shareText(diskCells(start, length, length)[0] ?? {}, STATES),
    choose: (position) => askGuest(position * block),
  }));
  diskHost.append(legend(sumOf(diskCells(0, blocks, Math.ceil(blocks / 4096))), STATES, (amount) => many(Math.round(amount), "block")));
}

const PICTURES = [];

function fileUnits() {
  const unit = F.geometry?.unit ?? 2 ** 20;
  return { unit, total: Math.max(1, Math.ceil(Number(F.file.size) / unit)) };
}

/** The thin bar above the bytes: the same picture of the file in one row. */
function loadStrip() {
  const { unit, total } = fileUnits();
  const host = byId("strip");
  const canvas = el("canvas", { role: "img", "aria-label": "Where the selected bytes are in the file", title: "the whole file; click to go there" });
  const marker = el("span", { class: "marker", "aria-hidden": "true" });
  host.append(canvas, marker);
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    selectOffset(Math.min(Number(F.file.size) - 1, Math.floor(((event.clientX - box.left) / box.width) * total * unit)), "strip");
  });
  const draw = () => {
    const width = Math.max(1, host.clientWidth);
    canvas.width = width;
    canvas.height = 14;
    const pen = canvas.getContext("2d");
    const per = total / width;
    const shades = {};
    fileCells(0, total, per).forEach((cell, x) => {
      const best = Object.entries(cell).sort((a, b) => b[1] - a[1])[0]?.[0] ?? "unknown";
      pen.fillStyle = shades[best] ??= resolved(best);
      pen.fillRect(x, 0, 1, 14);
    });
    mark();
  };
  const mark = () => {
    marker.hidden = S.offset === null;
    marker.style.left = `${((S.offset ?? 0) / (total * unit)) * 100}%`;
  };
  new ResizeObserver(draw).observe(host);
  onSelect(mark);
  PICTURES.push({ draw });
}
