// The tree of fields: only the rows in sight are elements; arrow keys walk it.

const TREE = { rows: [], open: new Set(), at: 0, list: null, runs: 400 };
const TREE_ROW = 24;

function loadTree() {
  const host = byId("tree");
  host.setAttribute("role", "tree");
  host.setAttribute("aria-label", "Structures and fields");
  host.tabIndex = 0;
  TREE.open.add(0);
  TREE.list = new RowList(host, TREE_ROW, treeRow);
  host.addEventListener("keydown", treeKey);
  host.addEventListener("click", treeClick);
  flatten();
  onSelect((from) => revealInTree(from));
}

/** The rows below all open nodes. The table's runs come from the table, the first few of them. */
function flatten() {
  TREE.rows = [];
  const walk = (node, level) => {
    const children = node.kind === "list" || node.children.length ? node.children : [];
    TREE.rows.push({ node, level, branch: children.length > 0 || isTable(node) });
    if (!TREE.open.has(node.number)) return;
    for (const child of children) walk(child, level + 1);
    if (isTable(node)) {
      const shown = Math.min(T.count, TREE.runs);
      for (let run = 0; run < shown; run += 1) TREE.rows.push({ run, level: level + 1 });
      if (T.count > shown) TREE.rows.push({ more: `${many(T.count - shown, "more run")}: see Disk`, view: "disk", level: level + 1 });
    }
    if (node.more) TREE.rows.push({ more: "more: not in this page", level: level + 1 });
  };
  if (N.length) walk(N[0], 0);
  TREE.list.setCount(TREE.rows.length);
}

const isTable = (node) => node.path === "bat" && T.count > 0;

function treeRow(index) {
  const row = TREE.rows[index];
  const isOn = index === TREE.at;
  const props = {
    id: `tree-${index}`, role: "treeitem", "data-row": index, "aria-level": row.level + 1, "aria-selected": String(isOn),
    "aria-posinset": index + 1, "aria-setsize": TREE.rows.length, class: isOn ? "on" : "",
  };
  if (row.branch) props["aria-expanded"] = String(TREE.open.has(row.node.number));
  const parts = row.node ? nodeParts(row) : row.more ? [el("span", { class: "dim", text: row.more })] : runParts(row.run);
  const made = el("div", props, el("span", { class: `twist${row.branch ? "" : " none"}`, "aria-hidden": "true" }), ...parts);
  made.style.paddingLeft = `${6 + row.level * 14}px`;
  return made;
}

function nodeParts({ node, level }) {
  const value = level === 0 ? "" : (node.value ?? (node.zero ? "all zero" : ""));
  const worst = worstBelow(node);
  return [
    el("span", { class: `dot c-${level ? classOf(node) : "none"}`, "aria-hidden": "true" }),
    el("span", { class: "name", text: level ? node.name : "file" }),
    el("span", { class: "value", text: value || node.note || "" }),
    isCurrent(node) && el("span", { class: "mark good", text: "counts" }),
    node.from_log && el("span", { class: "mark log", text: "log" }),
    worst && level > 0 && el("span", { class: `mark v-${worst}`, text: worst, title: "a rule is broken here or below" }),
  ];
}

function runParts(run) {
  const entry = entryOf(T.first[run]);
  const isChanged = CHANGES.has(T.first[run]);
  return [
    el("span", { class: `dot c-${!entry.told && entry.kind !== "unused" ? "unreadable" : entry.kind === "sector_bitmap" ? "bitmap" : entry.present ? "payload" : "bat"}`, "aria-hidden": "true" }),
    el("span", { class: "name", text: runName(run) }),
    el("span", { class: "value", text: `${saidOf(entry)}${entry.mb ? ` ${hex(entry.place)}` : ""}` }),
    isChanged && el("span", { class: "mark log", text: "log" }),
  ];
}

const isCurrent = (node) => /^header_/.test(node.path) && node.details?.is_current === true
  || F.region_table !== null && node.path === `region_table_${F.region_table}`;

/** The worst verdict of the findings at a node or below it. */
function worstBelow(node) {
  if (node.worst !== undefined) return node.worst;
  const own = node.findings.map((number) => F.findings[number].verdict);
  const all = [...own, ...node.children.map(worstBelow)].filter(Boolean);
  return (node.worst = F.verdicts.find((verdict) => all.includes(verdict)) ?? "");
}

function treeClick(event) {
  const target = event.target.closest("[data-row]");
  if (!target) return;
  const index = Number(target.dataset.row);
  if (event.target.classList.contains("twist")) toggle(index);
  else pick(index);
}

function pick(index) {
  const row = TREE.rows[index];
  if (!row) return;
  TREE.at = index;
  byId("tree").setAttribute("aria-activedescendant", `tree-${index}`);
  if (row.node) selectNode(row.node, "tree");
  else if (row.run !== undefined) selectEntry(T.first[row.run], "tree");
  else if (row.view) showView(row.view);
  TREE.list.reveal(TREE.at);
}

function toggle(index, isOpen) {
  const row = TREE.rows[index];
  if (!row?.branch) return;
  const wanted = isOpen ?? !TREE.open.has(row.node.number);
  if (wanted) TREE.open.add(row.node.number);
  else TREE.open.delete(row.node.number);
  flatten();
  TREE.at = Math.min(TREE.at, TREE.rows.length - 1);
  TREE.list.draw();
}

function treeKey(event) {
  const row = TREE.rows[TREE.at];
  const page = Math.max(1, Math.floor(TREE.list.sight) - 1);
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in moves) pick(Math.min(TREE.rows.length - 1, Math.max(0, TREE.at + moves[event.key])));
  else if (event.key === "ArrowRight" && row.branch && !TREE.open.has(row.node.number)) toggle(TREE.at, true);
  else if (event.key === "ArrowRight" && row.branch) pick(TREE.at + 1);
  else if (event.key === "ArrowLeft" && row.branch && TREE.open.has(row.node.number)) toggle(TREE.at, false);
  else if (event.key === "ArrowLeft") pick(above(TREE.at));
  else if (event.key === "Enter" || event.key === " ") row.branch ? toggle(TREE.at) : pick(TREE.at);
  else return;
  event.preventDefault();
}

function above(index) {
  const level = TREE.rows[index].level;
  let at = index;
  while (at > 0 && TREE.rows[at].level >= level) at -= 1;
  return at;
}

/** Open the branches above what was selected elsewhere, and go there. */
function revealInTree(from) {
  if (from === "tree") return;
  let index = -1;
  if (S.node) {
    for (let up = S.entry !== null ? S.node : S.node.parent; up; up = up.parent) TREE.open.add(up.number);
    flatten();
    const run = S.entry === null ? -1 : runOf(S.entry);
    index = TREE.rows.findIndex((row) => (run >= 0 && row.run === run) || (run < 0 && row.node === S.node));
    if (index < 0) index = TREE.rows.findIndex((row) => row.node === S.node);
  }
  TREE.at = index < 0 ? 0 : index;
  byId("tree").setAttribute("aria-activedescendant", `tree-${TREE.at}`);
  TREE.list.reveal(TREE.at);
}
