// What is selected, in full: value, bytes, bits, the schema's words, rules, findings, and where it leads.

function loadDetail() {
  onSelect(() => byId("detail").replaceChildren(...details()));
}

function details() {
  if (S.entry !== null) return entryDetails(S.entry);
  if (S.node) return nodeDetails(S.node);
  return S.offset === null ? [] : placeDetails(S.offset);
}

function heading(path, kind, className) {
  return el("div", { class: "what" }, el("span", { class: `dot c-${className}`, "aria-hidden": "true" }),
    el("h3", { text: path }), el("span", { class: "dim", text: kind }));
}

function crumbs(node) {
  const way = [];
  for (let up = node.parent; up && up.parent; up = up.parent) way.unshift(up);
  if (!way.length) return null;
  return el("p", { class: "crumbs" }, way.flatMap((up) => [link(up.name, () => selectNode(up, "link")), el("span", { class: "dim" }, " › ")]));
}

const list = (rows) => el("dl", {}, rows.filter((row) => row && row[1] !== undefined && row[1] !== "" && row[1] !== null && row[1] !== false)
  .flatMap(([name, value]) => [el("dt", { text: name }), el("dd", {}, value instanceof Node ? value : visible(value))]));

function nodeDetails(node) {
  const doc = docOf(node) ?? (node.structure && !node.field ? F.docs[`${node.structure}.`] : null);
  const where = typeof node.offset === "number" ? el("span", {}, offsetLink(node.offset), ` · ${size(node.size)}`) : node.offset;
  return [
    crumbs(node),
    heading(node.parent ? node.name : "file", node.field ? node.structure : node.structure || node.kind, node.parent ? classOf(node) : "none"),
    node.value && el("p", { class: "big", text: node.value }),
    node.text && longText(node.text),
    node.note && el("p", { class: "note", text: node.note }),
    ...findingsAt(node.findings),
    list([
      ["place", where],
      ["bytes", rawText(node)],
      ["in the file", node.stored && el("span", { class: "mono differs", text: node.stored })],
      ["zero", node.zero && "every byte"],
      ["behind the end", node.missing ? size(node.missing) : ""],
      ["shared with", (node.shared ?? []).join(", ")],
      ["supplied by", node.from_log && suppliers(node)],
      ...Object.entries(node.details ?? {}).filter(([, value]) => typeof value !== "object").map(detailRow),
    ]),
    node.bits && bitTable(node.bits, node.structure),
    doc && words(doc),
    ...rulesOf(node, doc),
  ].filter(Boolean);
}

function detailRow([name, value]) {
  const text = name.replaceAll("_", " ");
  const isPlace = ["target", "file_offset"].includes(name) && typeof value === "number";
  return [text, isPlace ? offsetLink(value) : typeof value === "boolean" ? (value ? "yes" : "no") : value];
}

function rawText(node) {
  if (node.children.length || typeof node.offset !== "number" || node.zero) return null;
  const bytes = [];
  for (const [start, length] of node.extents) {
    for (let at = start; at < start + length && bytes.length < 33; at += 1) {
      const value = byteAt(at, true);
      if (value === null) return null;
      bytes.push(byteText(value));
    }
  }
  return bytes.length ? el("span", { class: "mono", text: bytes.slice(0, 32).join(" ") + (bytes.length > 32 ? " …" : "") }) : null;
}

/** The log entries whose updates a node's bytes come from. */
function suppliers(node) {
  const size = F.log.page_size;
  const found = new Set();
  for (const [start, length] of node.extents) {
    for (const [page, entry, descriptor] of F.log.pages) {
      if (page * size < start + length && (page + 1) * size > start) found.add(originPath(entry, descriptor));
    }
  }
  const paths = [...found].slice(0, 4);
  return paths.length ? el("span", {}, paths.flatMap((path) => [pathLink(path), " "])) : "a zero descriptor of the log";
}

function originPath(order, descriptor) {
  const entry = F.log.entries.find((one) => one.order === order);
  return entry ? `${entry.path}.descriptors[${descriptor}]` : "log";
}

function bitTable(bits, structure) {
  return el("table", { class: "bits" }, el("caption", { text: "bits, from the lowest on" }), el("tbody", {}, bits.map((bit) => {
    const last = bit.bit_offset + bit.bits - 1;
    const doc = F.docs[`${structure}.${bit.name}`]?.doc;
    return el("tr", { title: doc && plain(doc.replace(/\s+/g, " ")) },
      el("td", { class: "mono dim", text: bit.bits === 1 ? `${last}` : `${bit.bit_offset}–${last}` }),
      el("td", { text: bit.name }),
      el("td", { class: "mono", text: `${bit.value ?? "?"}${bit.unit ? ` × ${bit.unit}` : ""}${bit.meaning ? ` ${bit.meaning}` : ""}` }));
  })));
}

function words(doc) {
  const spellings = (doc.orig_ids ?? []).join(", ");
  const source = [sectionText(doc.section), spellings].filter(Boolean).join(" · ");
  return el("div", { class: "doc" }, el("p", { text: (doc.doc ?? "").replace(/\s+/g, " ").trim() }), source && el("p", { class: "dim", text: source }));
}

function findingsAt(numbers) {
  return numbers.map((number) => F.findings[number]).map((finding) => el("div", { class: `finding v-${finding.verdict}` },
    el("p", {}, el("strong", { text: finding.rule }), " ", el("span", { class: `mark v-${finding.verdict}`, text: finding.verdict }), " ",
      el("span", { class: "dim", text: sectionText(finding.section) })),
    el("p", { text: ruleOf(finding.rule).text }),
    list([["found", finding.found], ["expected", finding.expected]])));
}

function rulesOf(node, doc) {
  const broken = new Set(node.findings.map((number) => F.findings[number].rule));
  const rules = (doc?.rules ?? []).filter((id) => !broken.has(id));
  if (!rules.length) return [];
  return [el("details", { class: "rules", open: rules.length < 6 }, el("summary", { text: many(rules.length, "rule") }), el("ul", {},
    rules.map((id) => el("li", {}, el("strong", { text: id }), ` `, visible(ruleOf(id).text), " ", el("span", { class: "dim", text: sectionText(ruleOf(id).section) })))))];
}

/** One entry of the table: what counts, what is in the file, and what it describes. */
function entryDetails(index) {
  const entry = entryOf(index);
  if (!entry) return [heading(`bat[${index}]`, "entry", "bat"), el("p", { class: "note", text: "Not in this page: the table has more runs than it can hold." })];
  const width = F.table.entry_size * 8;
  const bits = F.docs["bat_entry.fields"].bits.map(([name, at, count, unit]) => {
    const value = Number((entry.word >> BigInt(at)) & (2n ** BigInt(count) - 1n));
    return { name, bit_offset: at, bits: count, value, unit, meaning: name === "state" ? entry.name : "" };
  });
  const what = { payload: `payload block ${entry.number}`, sector_bitmap: `sector bitmap of chunk ${entry.number}`, unused: "no block of the disk" }[entry.kind];
  const guest = entry.kind === "payload" && entry.number * F.geometry.block_size;
  const fields = F.docs["bat_entry."] ?? {};
  return [
    el("p", { class: "crumbs" }, link("bat", () => follow("bat")), el("span", { class: "dim" }, ` › ${runName(entry.row)}`)),
    heading(`bat[${index}]`, "BAT entry", "bat"),
    el("p", { class: "big", text: entry.name }),
    el("p", { class: "note", text: entry.doc }),
    ...findingsAt(findingsOfEntry(index)),
    list([
      ["describes", what],
      ["guest offset", guest !== false && el("button", { type: "button", class: "link mono", text: hex(guest), click: () => askGuest(guest) })],
      ["its block", entry.mb ? offsetLink(entry.place) : "no place in the file"],
      ["word", el("span", { class: "mono", text: `0x${entry.word.toString(16).padStart(width / 4, "0")}` })],
      ["in the file", entry.change !== undefined && el("span", { class: "mono differs", text: `0x${entry.change.toString(16).padStart(width / 4, "0")}` })],
      ["supplied by", entry.change !== undefined && suppliers({ extents: [[entry.offset, F.table.entry_size]] })],
      ["place", offsetLink(entry.offset)],
    ]),
    bitTable(bits, "bat_entry"),
    words({ ...fields, rules: [] }),
    ...rulesOf({ findings: [] }, fields),
  ].filter(Boolean);
}

function findingsOfEntry(index) {
  const offset = entryOffset(index);
  return F.findings.map((finding, number) => [finding, number])
    .filter(([finding]) => finding.file_offset === offset && finding.structure.startsWith("bat")).map(([, number]) => number);
}

/** A place that no node of the page covers: a block, or nothing. */
function placeDetails(offset) {
  const owner = ownerAt(offset);
  if (owner.block !== undefined) {
    const entry = entryOf(owner.block);
    const isPayload = entry.kind === "payload";
    const guest = isPayload ? entry.number * F.geometry.block_size + offset - entry.place : null;
    return [
      heading(isPayload ? `block[${entry.number}]` : `bitmap[${entry.number}]`, CLASSES[owner.class], owner.class),
      el("p", { class: "big", text: entry.name }),
      el("p", { class: "note", text: "The bytes of blocks are not in this page." }),
      list([
        ["place", offsetLink(entry.place)],
        ["this byte", el("span", { class: "mono", text: hex(offset) })],
        ["guest offset", guest !== null && guest < F.geometry.virtual_disk_size && el("button", { type: "button", class: "link mono", text: hex(guest), click: () => askGuest(guest) })],
        ["entry", pathLink(`bat[${entry.index}]`)],
      ]),
    ];
  }
  return [heading(hex(offset), "", "unknown"), el("p", { class: "note", text: "Nothing that counts points here." })];
}
