// The disk: a box for a guest offset with the chain of reasons, and the whole table as rows made when they are in sight.

const DISK = { rows: null, list: null, state: "all" };
const DISK_ROW = 26;

function loadDisk() {
  const host = byId("view-disk");
  if (!F.geometry || !F.table) return host.append(el("p", { class: "panel note", text: "There is no table that can be read." }));
  const input = el("input", { id: "guest", type: "text", placeholder: "0x300010, 5 MiB, 4096 …", spellcheck: "false", autocomplete: "off", "aria-describedby": "guest-help" });
  const form = el("form", { class: "ask" }, el("label", { for: "guest", text: "Guest offset" }), input, el("button", { type: "submit", text: "Where is it?" }));
  form.addEventListener("submit", (event) => { event.preventDefault(); answer(input.value); });
  host.append(
    el("section", { class: "panel" }, el("h2", { text: "Where a byte of the disk lives" }), form,
      el("p", { id: "guest-help", class: "dim", text: `Below ${hex(F.geometry.virtual_disk_size)} (${size(F.geometry.virtual_disk_size)}). ${F.geometry.has_parent ? "This page knows this file only; vhdx explain --disk follows the chain." : ""}` }),
      el("ol", { id: "chain", class: "chain", "aria-live": "polite" })),
    tablePanel());
  answer("0");
}

function askGuest(offset) {
  showView("disk");
  byId("guest").value = hex(offset);
  answer(byId("guest").value);
  byId("guest").focus();
}

function answer(text) {
  const offset = parseSize(text);
  const steps = offset === null ? [["usage", `"${text}" is no offset: write 4096, 0x1000, 64K, 1 MiB or 2G`]]
    : offset >= F.geometry.virtual_disk_size ? [["usage", `the disk has ${count(F.geometry.virtual_disk_size)} bytes`]] : chain(offset);
  byId("chain").replaceChildren(...steps.map(([kind, ...content]) => el("li", { class: `step s-${kind}` }, content.map((one) => (typeof one === "string" ? visible(one) : one)))));
  const first = steps.find(([kind]) => kind === "entry");
  if (first && DISK.list) reveal(payloadIndex(Math.floor(offset / F.geometry.block_size)));
}

/** The reasons, from a guest offset down to the byte: kind and content of each step. */
function chain(offset) {
  const { block_size: block, chunk_ratio: ratio } = F.geometry;
  const number = Math.floor(offset / block);
  const index = payloadIndex(number);
  const steps = [["block", `offset ${hex(offset)} is byte ${hex(offset % block)} of block ${count(number)}: ${hex(offset)} ÷ block size ${hex(block)}`]];
  steps.push(["index", `block ${count(number)} has entry ${count(number)} + ⌊${count(number)} ÷ ${count(ratio)}⌋ = ${count(index)}: after every ${count(ratio)} payload entries, a chunk, stands one of a sector bitmap`]);
  if (index >= F.table.entries) return [...steps, ["end unreadable", "unreadable: the BAT region does not hold this entry"]];
  const entry = entryOf(index);
  if (!entry) return [...steps, ["end", "This page does not have the entry, as the table has more runs than it can hold: ", el("code", { text: `vhdx explain --disk ${hex(offset)}` })]];
  const entryText = ["entry", pathLink(`bat[${index}]`), ` at `, offsetLink(entry.offset), ` is 0x${entry.word.toString(16)}: ${entry.name}`];
  if (entry.change !== undefined) entryText.push(el("span", { class: "mark log", text: `from the log; the file holds 0x${entry.change.toString(16)}` }));
  steps.push(entryText);
  return [...steps, ...decide(offset, entry)];
}

function decide(offset, entry) {
  const kind = stateClass(entry.state);
  if (entry.present && !entry.mb) return [["end unreadable", "unreadable: the entry names no place in the file"]];
  if (!entry.told) return [["end unreadable", "unreadable: reserved bits of the entry are set, so nobody can tell what it says"]];
  if (kind === "absent" && F.geometry.has_parent) return parentStep();
  if (kind === "absent") return [["end hole", "stored nowhere, and there is no parent to ask: the guest reads zeros"]];
  if (["zero", "undefined", "unmapped"].includes(kind)) return [["end zero", `${entry.doc} The guest reads zeros.`]];
  if (kind === "unreadable") return [["end unreadable", "unreadable: the specification does not define this state"]];
  if (kind === "partial" && F.geometry.has_parent) {
    const [step, bit] = bitmapStep(offset);
    if (bit === null) return [step, ["end unreadable", "whether this file or the parent has it, this page cannot say"]];
    return bit ? [step, ...dataSteps(offset, entry)] : [step, ...parentStep()];
  }
  return dataSteps(offset, entry);
}

function bitmapStep(offset) {
  const { sector_size: sector, sectors_per_chunk: perChunk } = F.geometry;
  const whole = Math.floor(offset / sector);
  const [number, inside] = [Math.floor(whole / perChunk), whole % perChunk];
  const index = bitmapIndex(number);
  const entry = index < F.table.entries ? entryOf(index) : null;
  const bit = bitmapBit(number, inside);
  const name = `sector ${count(whole)} has bit ${count(inside)} of the sector bitmap of chunk ${number}`;
  if (bit === null) return [["bitmap", `${name}: ${entry?.mb ? "not in this page" : "there is no such block"}`], null];
  return [["bitmap", `${name}, by `, pathLink(`bat[${index}]`), " at ", offsetLink(entry.place + Math.floor(inside / 8)), `: ${bit ? "1, this file has it" : "0, the parent has it"}`], bit];
}

function parentStep() {
  const names = (F.summary.parent?.names ?? []).filter(({ key }) => /path/.test(key ?? ""));
  return [["end parent", "left to the parent", names.length ? `: ${names.map(({ value }) => value).join(" or ")}` : "", " — ", el("code", { text: "vhdx explain --disk" }), " follows it there"]];
}

function dataSteps(offset, entry) {
  const place = entry.place + (offset % F.geometry.block_size);
  const size = F.log.page_size;
  const page = F.log.pages.find(([number]) => number === Math.floor(place / size));
  const step = ["place", `the block starts at `, offsetLink(entry.place), `, so the byte is at `, offsetLink(place)];
  if (place >= Number(F.file.size_after_replay)) return [step, ["end unreadable", "unreadable: that is behind the end of the file"]];
  if (page) return [step, ["end log", "supplied by the log: ", pathLink(originPath(page[1], page[2]))]];
  if (segmentAt(LAYER.cleared, place)) return [step, ["end zero", "set to zero by the log"]];
  if (F.log.missing.some(([start, length]) => place >= Number(start) && place < Number(start) + Number(length))) return [step, ["end unreadable", "unreadable: the file was that long when its log was written, and has been cut off since"]];
  if (place >= Number(F.file.size)) return [step, ["end zero", "zeros: the log lets the file grow"]];
  return [step, ["end data", "in this file, at ", offsetLink(place)]];
}

function tablePanel() {
  const filters = { all: "all runs", payload: "with a place in the file", changed: "changed by the log", broken: "with a finding" };
  const select = el("select", { "aria-label": "Which runs" }, Object.entries(filters).map(([value, text]) => el("option", { value, text })),
    Object.keys(F.states.payload).map((state) => el("option", { value: `state ${state}`, text: stateName("payload", Number(state)) })));
  select.addEventListener("change", () => choose(select.value));
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "rowgroup", id: "table" });
  const head = el("div", { class: "runrow head", role: "row" }, ["entries", "blocks", "state", "file offset", "length", ""].map((text) => el("span", { role: "columnheader", text })));
  const made = el("section", { class: "panel grow" }, el("div", { class: "bar" }, el("h2", { text: "The table as it counts" }), el("span", { id: "shown", class: "dim" }), select),
    el("div", { class: "parts", role: "table", "aria-label": "Runs of the table" }, el("div", { role: "rowgroup" }, head), scroll));
  DISK.list = new RowList(scroll, DISK_ROW, diskRow);
  scroll.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: DISK.list.sight - 1, PageUp: 1 - DISK.list.sight, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    event.preventDefault();
    DISK.list.moveTo(Math.max(0, Math.min(DISK.list.last, DISK.list.top + moves[event.key])));
  });
  choose("all");
  return made;
}

function choose(which) {
  const broken = which === "broken" ? new Set(F.findings.filter((one) => one.structure.startsWith("bat[")).map((one) => runOf((one.file_offset - F.table.file_offset) / F.table.entry_size))) : null;
  const changed = which === "changed" ? new Set([...CHANGES.keys()].map(runOf)) : null;
  const tests = { payload: (row) => T.mb[row] > 0, changed: (row) => changed.has(row), broken: (row) => broken.has(row) };
  const state = which.startsWith("state ") ? Number(which.slice(6)) : null;
  const test = state === null ? tests[which] : (row) => runState(row) === state && ownerOf(T.first[row]).kind === "payload";
  if (!test) DISK.rows = null;
  else {
    const found = [];
    for (let row = 0; row < T.count; row += 1) if (test(row)) found.push(row);
    DISK.rows = Uint32Array.from(found);
  }
  queueMicrotask(() => byId("shown")?.replaceChildren(`${many(DISK.rows ? DISK.rows.length : T.count, "run")} of ${count(T.end)} entries${F.overview ? `; the table has ${count(F.table.entries)}, the rest is not in this page` : ""}`));
  DISK.list.top = 0;
  DISK.list.setCount(DISK.rows ? DISK.rows.length : T.count);
}

function diskRow(position) {
  const row = DISK.rows ? DISK.rows[position] : position;
  const entry = entryOf(T.first[row]);
  const length = runLength(row);
  const blocks = entry.kind === "sector_bitmap" ? `bitmap of chunk ${count(entry.number)}` : entry.kind === "unused" ? "no block" : length > 1 ? `${count(entry.number)}–${count(entry.number + length - 1)}` : count(entry.number);
  const className = !entry.told && entry.kind !== "unused" ? "unreadable" : entry.kind === "sector_bitmap" ? "bitmap" : stateClass(entry.state);
  const isOn = DISK.at >= T.first[row] && DISK.at < T.first[row] + length;
  return el("div", { class: `runrow${isOn ? " on" : ""}`, role: "row" },
    el("span", { role: "cell" }, el("button", { type: "button", class: "link mono", text: runName(row), click: () => { showView("bytes"); selectEntry(T.first[row], "table"); } })),
    el("span", { role: "cell", text: blocks }),
    el("span", { role: "cell" }, el("span", { class: `swatch c-${className}`, "aria-hidden": "true" }), saidOf(entry)),
    el("span", { role: "cell", class: "mono", text: entry.mb ? hex(entry.place) : "—" }),
    el("span", { role: "cell", text: entry.mb ? size(runBytes(row)) : "" }),
    el("span", { role: "cell" }, CHANGES.has(T.first[row]) && el("span", { class: "mark log", text: "log" })));
}

function reveal(index) {
  DISK.at = index;
  const row = runOf(index);
  const position = DISK.rows ? lastBefore(DISK.rows.length, row, (i) => DISK.rows[i]) : row;
  if (position >= 0) DISK.list.reveal(position);
}
