// Search: names, values and notes of nodes, findings, rules and the schema's words; also addresses.

const FOUND_MAX = 60;
const SEARCH = { rows: [], at: -1 };

function loadSearch() {
  const input = byId("search");
  input.addEventListener("input", () => look(input.value));
  input.addEventListener("focus", () => input.value && look(input.value));
  input.addEventListener("keydown", searchKey);
  input.addEventListener("blur", () => setTimeout(closeSearch, 150));
}

const textOf = (node) => (node.words ??= `${node.path} ${node.value ?? ""} ${node.text ?? ""} ${node.note ?? ""} ${node.kind} ${docOf(node)?.orig_ids?.join(" ") ?? ""}`.toLowerCase());

/** What a text leads to: kind, label, further words, and what choosing it does. */
function matches(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const found = addresses(text.trim());
  const terms = wanted.split(/\s+/);
  const has = (words) => terms.every((term) => words.includes(term));
  for (const finding of F.findings) {
    if (has(`${finding.rule} ${finding.message} ${ruleOf(finding.rule).text}`.toLowerCase())) {
      found.push({ kind: finding.verdict, label: finding.rule, more: finding.message, action: () => goToFinding(finding) });
    }
  }
  const nodes = N.slice(1).filter((node) => has(textOf(node)));
  const rank = (node) => (node.name.toLowerCase() === wanted ? 0 : node.path.toLowerCase().endsWith(wanted) ? 1 : node.name.toLowerCase().startsWith(wanted) ? 2 : 3);
  nodes.sort((a, b) => rank(a) - rank(b));
  for (const node of nodes) found.push({ kind: classOf(node), label: node.path, more: node.value ?? node.note ?? "", action: () => { showView("bytes"); selectNode(node, "search"); } });
  return found;
}

function addresses(text) {
  const found = [];
  const offset = parseSize(text);
  const entry = /^(bat|block|bitmap)\[\d+\]$/.test(text);
  if (entry || (offset !== null && offset < Number(F.file.size))) {
    found.push({ kind: "go to", label: text, more: entry ? "entry of the table" : "this offset of the file", action: () => { showView("bytes"); follow(text); } });
  }
  if (offset !== null && F.geometry && F.table && offset < F.geometry.virtual_disk_size) {
    found.push({ kind: "go to", label: text, more: "this offset of the disk", action: () => askGuest(offset) });
  }
  return found;
}

function look(text) {
  const all = matches(text);
  SEARCH.rows = all.slice(0, FOUND_MAX);
  SEARCH.at = SEARCH.rows.length ? 0 : -1;
  const host = byId("results");
  host.hidden = !text.trim();
  byId("search").setAttribute("aria-expanded", String(!host.hidden));
  const rows = SEARCH.rows.map((row, index) => el("li", { role: "option", id: `found-${index}`, "aria-selected": String(index === SEARCH.at), mousedown: (event) => { event.preventDefault(); take(index); } },
    el("span", { class: `mark v-${row.kind} k-${row.kind}`, text: row.kind }), el("span", { class: "mono", text: row.label }), el("span", { class: "dim", text: String(row.more).slice(0, 200) })));
  const rest = all.length - rows.length;
  host.replaceChildren(...rows, el("li", { class: "dim", "aria-disabled": "true", text: rest > 0 ? `${count(rest)} more` : all.length ? `${count(all.length)} found` : "nothing in this page" }));
  mark();
}

function mark() {
  [...byId("results").querySelectorAll("[role=option]")].forEach((row, index) => row.setAttribute("aria-selected", String(index === SEARCH.at)));
  const current = byId(`found-${SEARCH.at}`);
  current?.scrollIntoView({ block: "nearest" });
  byId("search").setAttribute("aria-activedescendant", current ? current.id : "");
}

function take(index) {
  const row = SEARCH.rows[index];
  if (!row) return;
  closeSearch();
  byId("search").blur();
  row.action();
  if (document.body.dataset.view === "bytes") byId("tree").focus();
}

function closeSearch() {
  byId("results").hidden = true;
  byId("search").setAttribute("aria-expanded", "false");
}

function searchKey(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) SEARCH.at = Math.max(0, Math.min(SEARCH.rows.length - 1, SEARCH.at + step));
  else if (event.key === "Enter") take(SEARCH.at);
  else if (event.key === "Escape") { closeSearch(); byId("tree").focus(); } else return;
  event.preventDefault();
  if (step) mark();
}
