// The page as a whole: views, heading, shortcuts, light and dark.

const VIEWS = { bytes: "Bytes", effective: "What counts", map: "Map", disk: "Disk", findings: "Findings" };
const KEYS = [
  ["/", "search"], ["1 … 5", "go to a view"], ["arrow keys", "walk the tree, move in the bytes and in pictures"],
  ["Enter", "open or close a branch; from the bytes, go to the tree"], ["h", "go to the bytes"], ["s", "go to the structure"],
  ["g", "ask for a guest offset"], ["n  p", "next and previous finding"], ["r", "in the file, or after replay"], ["t", "light or dark"], ["?", "these keys"],
];

function showView(name) {
  for (const view of Object.keys(VIEWS)) {
    byId(`view-${view}`).hidden = view !== name;
    const tab = byId(`tab-${view}`);
    tab.setAttribute("aria-selected", String(view === name));
    tab.tabIndex = view === name ? 0 : -1;
  }
  if (name === "map") loadMap();
  document.body.dataset.view = name;
}

function loadTabs() {
  const names = Object.keys(VIEWS);
  byId("tabs").append(...names.map((name) => {
    const more = name === "findings" && F.findings.length ? el("span", { class: `mark v-${F.verdicts.find((verdict) => F.findings.some((one) => one.verdict === verdict))}`, text: count(Object.values(F.conclusion.totals).reduce((sum, one) => sum + one, 0) || F.findings.length) }) : null;
    byId(`view-${name}`).setAttribute("aria-labelledby", `tab-${name}`);
    return el("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, click: () => showView(name) }, VIEWS[name], more);
  }));
  byId("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = names.indexOf(document.body.dataset.view);
    const next = names[(at + step + names.length) % names.length];
    showView(next);
    byId(`tab-${next}`).focus();
  });
}

function loadHeading() {
  const { summary: said, conclusion } = F;
  const name = String(F.file.name).split(/[\\/]/).pop();
  byId("name").append(visible(name));
  byId("name").title = plain(F.file.name);
  document.title = `${plain(name)} – vhdx inspect`;
  const chip = (text, className = "") => el("span", { class: `chip ${className}`, text });
  byId("chips").append(...[
    chip(conclusion.state, conclusion.state), said.disk_type && chip(said.disk_type), said.virtual_size && chip(`disk ${size(said.virtual_size)}`),
    chip(`file ${size(F.file.size)}`), said.block_size && chip(`blocks ${size(said.block_size)}`), chip(`log ${F.log.state}`, F.log.state === "replayed" ? "log" : ""),
  ].filter(Boolean));
  const missing = [...F.left_out, ...F.nodes_left_out.map((path) => `all children of ${path}`)];
  if (F.overview) missing.push("runs of the table behind the first " + count(T.count));
  byId("foot").append(el("p", {}, `vhdx-runtime ${F.version}. Not in this page: the bytes of payload and sector bitmap blocks`,
    missing.length ? el("span", { text: `; ${missing.join("; ")}` }) : "", ". It asks nothing of the network."));
}

function loadTheme() {
  const root = document.documentElement;
  byId("theme").addEventListener("click", () => {
    const isDark = getComputedStyle(root).colorScheme === "dark" || (root.style.colorScheme === "" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.style.colorScheme = isDark ? "light" : "dark";
    PICTURES.forEach((picture) => picture.draw());
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => PICTURES.forEach((picture) => picture.draw()));
}

function loadKeys() {
  const dialog = el("dialog", { id: "help", "aria-label": "Keyboard shortcuts" }, el("h2", { text: "Keyboard" }),
    el("dl", {}, KEYS.flatMap(([key, text]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text })])),
    el("form", { method: "dialog" }, el("button", { text: "Close" })));
  document.body.append(dialog);
  byId("keys").addEventListener("click", () => dialog.showModal());
  const views = Object.keys(VIEWS);
  const actions = {
    "/": () => byId("search").focus(), "?": () => dialog.showModal(), t: () => byId("theme").click(), r: () => setLayer(!S.isReplayed),
    g: () => { showView("disk"); byId("guest")?.focus(); }, n: () => stepFinding(1), p: () => stepFinding(-1),
    h: () => { showView("bytes"); byId("hex").focus(); }, s: () => { showView("bytes"); byId("tree").focus(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || dialog.open) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const action = actions[event.key] ?? (views[Number(event.key) - 1] && (() => showView(views[Number(event.key) - 1])));
    if (!action) return;
    event.preventDefault();
    action();
  });
}

async function start() {
  const runs = await loadFacts();
  loadRuns(runs);
  loadChanges();
  loadOwners();
  loadBytes();
  loadHeading();
  loadTabs();
  loadTheme();
  loadKeys();
  loadDetail();
  loadTree();
  loadHex();
  loadStrip();
  loadEffective();
  loadDisk();
  loadFindings();
  loadSearch();
  showView("bytes");
  byId("wait").remove();
  const path = decodeURIComponent(location.hash.slice(1));
  if (!(path && follow(path)) && N.length) selectNode(N[0], "start");
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  byId("wait").textContent = `This page cannot be shown here: ${error.message}`;
  throw error;
});
