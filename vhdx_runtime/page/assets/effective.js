// What counts: of all that the file holds, what a reader uses, why, and what the log changes. The raw beside the effective.

function loadEffective() {
  const host = byId("view-effective");
  host.append(
    panel("Which header rules", F.summary.headers.current ? `Header ${F.summary.headers.current}: ${F.summary.headers.reason}` : "No header can be used.", twins("header_1", "header_2", F.summary.headers.current)),
    panel("Which region table rules", F.region_table ? `Region table ${F.region_table}: the first one that is valid.` : "No region table can be used.", twins("region_table_1.header", "region_table_2.header", F.region_table), regionList()),
    panel("What the log changes", LOG_WORDS[F.log.state] ?? F.log.state, ...logPanels()),
    panel("The table, in the file and as it counts", tableWords(), changeTable()),
    panel("What the metadata says", "", metadataList()),
  );
}

const ENTRIES_SHOWN = 200;
const UPDATES_SHOWN = 1000;
const LOG_WORDS = {
  clean: "Clean: the current header names no log, so nothing is replayed. What stands in the log area is old.",
  replayed: "Dirty: the entries marked live are replayed, in this order, before anything else is read. The file itself stays as it is.",
  ignored: "Left alone, as the command was told to. What only the log holds is missing from this page.",
  unusable: "A log is called for, and cannot be used.",
};

function panel(title, text, ...children) {
  return el("section", { class: "panel" }, el("h2", { text: title }), text && el("p", { class: "lead", text }), ...children);
}

/** Two copies of a structure side by side, the one that counts marked, differing fields marked. */
function twins(first, second, current) {
  const copies = [nodeByPath(first), nodeByPath(second)];
  if (!copies[0] && !copies[1]) return null;
  const names = [...new Set(copies.flatMap((copy) => (copy?.children ?? []).map((child) => child.name)))];
  const head = el("tr", {}, el("th", { text: "field" }), copies.map((copy, number) => el("th", { scope: "col", class: current === number + 1 ? "current" : "" },
    copy ? pathLink(copy.path.replace(/\.header$/, "")) : "absent", current === number + 1 && el("span", { class: "mark good", text: "counts" }))));
  const rows = names.map((name) => {
    const cells = copies.map((copy) => copy?.children.find((child) => child.name === name));
    const texts = cells.map((cell) => cell?.value || (cell?.zero ? "all zero" : "—"));
    return el("tr", { class: texts[0] !== texts[1] ? "differ" : "" }, el("th", { scope: "row", text: name }), cells.map((cell, number) =>
      el("td", { class: `mono ${current === number + 1 ? "current" : ""}` }, cell ? el("button", { type: "button", class: "link plain", text: texts[number], click: () => { showView("bytes"); selectNode(cell, "link"); } }) : "—",
        (cell?.findings ?? []).map((one) => el("span", { class: `mark v-${F.findings[one].verdict}`, text: F.findings[one].rule })))));
  });
  const problems = copies.flatMap((copy) => (copy?.findings ?? []).map((number) => F.findings[number].message));
  return el("div", { class: "wide" }, el("table", { class: "grid" }, el("thead", {}, head), el("tbody", {}, rows)), problems.map((text) => el("p", { class: "problem", text })));
}

function regionList() {
  const table = nodeByPath(`region_table_${F.region_table}`);
  const entries = (table?.children ?? []).filter((node) => node.name.startsWith("entries["));
  if (!entries.length) return null;
  return el("ul", { class: "plainlist" }, entries.map((entry) => {
    const field = (name) => entry.children.find((child) => child.name === name);
    return el("li", {}, pathLink(entry.path, entry.value ?? entry.name), " → ", visible(field("file_offset")?.value ?? "?"), ", ", visible(field("length")?.value ?? "?"));
  }));
}

function logPanels() {
  if (!F.log.entries.length) return [el("p", { class: "dim", text: "The log area holds no entry." })];
  const live = F.log.entries.filter((entry) => entry.order !== null).sort((a, b) => a.order - b.order);
  const others = F.log.entries.filter((entry) => entry.order === null);
  return [
    el("ol", { class: "entries" }, live.slice(0, ENTRIES_SHOWN).map(logEntry)),
    live.length > ENTRIES_SHOWN && el("p", { class: "note", text: `${count(live.length - ENTRIES_SHOWN)} more are replayed; the tree has them.` }),
    others.length > 0 && later(`${many(others.length, "entry", "entries")} that ${others.length === 1 ? "is" : "are"} not replayed`, () => el("ol", { class: "entries" }, others.slice(0, ENTRIES_SHOWN).map(logEntry)), others.length < 4),
  ];
}

/** Something that is made once somebody opens it. */
function later(text, make, isOpen = false) {
  const made = el("details", {}, el("summary", { text }));
  const fill = () => made.children.length < 2 && made.append(make());
  made.addEventListener("toggle", () => made.open && fill());
  if (isOpen) fill();
  made.open = isOpen;
  return made;
}

function logEntry(entry) {
  const title = el("p", {}, el("span", { class: `mark ${entry.status === "live" ? "good" : "dull"}`, text: entry.status }), " ", pathLink(entry.path), ` sequence number ${entry.sequence_number}, ${many(entry.descriptors, "descriptor")}`,
    entry.reason && entry.status === "broken" && el("span", { class: "problem", text: ` ${entry.rule}: ${entry.reason}` }));
  if (!entry.updates.length) return el("li", { class: entry.status }, title);
  const shown = entry.updates.slice(0, 8);
  return el("li", { class: entry.status }, title, el("ul", {}, shown.map((update, number) => logUpdate(entry, update, number))),
    entry.updates.length > shown.length && later(`${count(entry.updates.length - shown.length)} more`,
      () => el("ul", {}, entry.updates.slice(shown.length, UPDATES_SHOWN).map((update, number) => logUpdate(entry, update, number + shown.length)))));
}

function logUpdate(entry, [kind, target, length, counts], number) {
  const what = typeof target === "number" ? targetText(target, Number(length) || 0) : "";
  const change = counts && typeof target === "number" ? changeText(target, length) : "";
  return el("li", {}, pathLink(`${entry.path}.descriptors[${number}]`, kind === "zero" ? "zeros" : "writes"), " ",
    offsetLink(target), ` (${size(length)})`, what && `: ${what}`, entry.status !== "live" && el("span", { class: "dim", text: " — not replayed" }),
    counts === false && el("span", { class: "dim", text: " — overwritten by a later update" }), change && el("span", { class: "mark log", text: change }));
}

/** What lies at the target of an update, by name. */
function targetText(target, length) {
  if (F.geometry && isInTable(target)) {
    const first = Math.floor((target - F.table.file_offset) / F.table.entry_size);
    const last = Math.min(F.table.entries - 1, first + length / F.table.entry_size - 1);
    return `bat[${first}..${last}]`;
  }
  const owner = ownerAt(target);
  if (owner.block !== undefined) {
    const entry = entryOf(owner.block);
    return entry.kind === "payload" ? `block[${entry.number}]` : `bitmap[${entry.number}]`;
  }
  return owner.node ? (topOf(owner.node).path || "the file") : "unknown";
}

const STORED = { list: null }; // fields of which the file holds other bytes than replay gives

function changeText(target, length) {
  const before = (place) => lastBefore(F.changes.length, place - 1, (i) => entryOffset(F.changes[i][0]));
  const entries = F.table ? before(target + length) - before(target) : 0;
  if (entries) return `${many(entries, "entry", "entries")} changed`;
  STORED.list ??= N.filter((node) => node.stored && !node.children.length);
  const fields = STORED.list.filter((node) => node.extents.some(([start, long]) => start < target + length && start + long > target));
  if (fields.length) return `changes ${fields.slice(0, 3).map((node) => node.path).join(", ")}${fields.length > 3 ? " …" : ""}`;
  let bytes = 0;
  if (!segmentAt(LAYER.replayed, target)) return "";
  for (let offset = target; offset < target + length; offset += 1) if (byteAt(offset, false) !== byteAt(offset, true)) bytes += 1;
  return bytes ? many(bytes, "byte") + " changed" : "changes nothing";
}

function tableWords() {
  if (!F.table) return "There is no table that can be read.";
  if (!F.changes.length) return "What stands in the file is what counts: the log changes no entry.";
  return `The log changes ${count(F.changes.length)}${F.left_out.some((text) => text.startsWith("entries of the table")) ? " or more" : ""} of ${count(F.table.entries)} entries.`;
}

function changeTable() {
  if (!F.changes.length) return null;
  const split = (word, index) => {
    const value = BigInt(word);
    const state = Number(value & BigInt(F.table.state_mask));
    const place = value >> BigInt(F.table.offset_bit);
    return `${shortState(ownerOf(index).kind, state)}${place ? ` at 0x${(place * BigInt(F.geometry.unit)).toString(16)}` : ""}`;
  };
  const shown = F.changes.slice(0, 100);
  return el("div", { class: "wide" }, el("table", { class: "grid" }, el("thead", {}, el("tr", {}, ["entry", "describes", "in the file", "as it counts"].map((text) => el("th", { scope: "col", text })))),
    el("tbody", {}, shown.map(([index, before, after]) => {
      const owner = ownerOf(index);
      return el("tr", {}, el("th", { scope: "row" }, pathLink(`bat[${index}]`)), el("td", { text: owner.kind === "payload" ? `block ${owner.number}` : owner.kind === "unused" ? "no block" : `bitmap of chunk ${owner.number}` }),
        el("td", { class: "mono", text: `${before}  ${split(before, index)}` }), el("td", { class: "mono current", text: `${after}  ${split(after, index)}` }));
    }))), F.changes.length > shown.length && el("p", { class: "note", text: `${count(F.changes.length - shown.length)} more; each entry says so under Bytes.` }));
}

function metadataList() {
  const { summary: said } = F;
  const rows = [
    ["disk", said.disk_type], ["size of the disk", said.virtual_size !== null && `${size(said.virtual_size)} (${count(said.virtual_size ?? 0)} bytes)`],
    ["block size", said.block_size && size(said.block_size)], ["sectors", said.logical_sector_size && `${said.logical_sector_size} logical, ${said.physical_sector_size} physical`],
    ["disk id", said.virtual_disk_id], ["created by", said.creator], ["payload blocks to a chunk", F.geometry?.chunk_ratio],
    ["parent", said.parent?.state], ...(said.parent?.chain ?? []).map(({ file, state }, depth) => [`parent at depth ${depth + 1}`, longText(`${file}, ${state}`)]),
    ...(said.parent?.names ?? []).map(({ key, value }) => [`parent: ${key ?? ""}`, longText(String(value ?? ""))]),
  ];
  return list(rows);
}
