// What the page knows: unpacked once, then only read.

let F = null;
let N = []; // nodes: the file itself is the first
let DATA = new Uint8Array();

async function unpacked(id) {
  const host = byId(id);
  const letters = atob(host.textContent.trim());
  host.remove();
  if (!letters) return new Uint8Array();
  const raw = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function loadFacts() {
  const [facts, bytes, runs] = await Promise.all([unpacked("facts"), unpacked("bytes"), unpacked("runs")]);
  F = JSON.parse(new TextDecoder().decode(facts));
  DATA = bytes;
  N = F.nodes;
  N.forEach((node, number) => {
    node.number = number;
    node.children = [];
    node.findings ??= [];
    if (node.parent !== null) N[node.parent].children.push(node);
  });
  for (const node of N) node.parent = node.parent === null ? null : N[node.parent];
  return runs;
}

const nodeByPath = (path) => N.find((node) => node.path === path);
const docOf = (node) => F.docs[`${node.structure ?? ""}.${node.field ?? ""}`];
const ruleOf = (id) => F.rules[id] ?? { text: "", section: "", verdict: "note" };
const sectionText = (section) => (/^[0-9]/.test(section ?? "") ? `MS-VHDX ${section}` : section || "");

/** Kinds of things in a file, in the order of legends: name, words, what it is. */
const CLASSES = {
  identifier: "file identifier",
  header: "header",
  regions: "region table",
  log: "log",
  metadata: "metadata",
  bat: "BAT",
  payload: "payload block",
  bitmap: "sector bitmap",
  kept: "kept place",
  overlap: "claimed twice",
  other: "other region",
  free: "reserved or free",
  unknown: "unknown",
};

function classOfTop(node) {
  const name = node.name;
  if (name === "file_identifier") return "identifier";
  if (/^header_[12]$/.test(name)) return "header";
  if (name.startsWith("region_table")) return "regions";
  if (name === "log" || name === "metadata" || name === "bat") return name;
  if (name.startsWith("regions[")) return "other";
  if (name === "unclaimed") return "unknown";
  return node.kind === "reserved" ? "free" : "other";
}

/** The class of a node: that of its branch, or free for what is between things. */
function classOf(node) {
  if (node.class) return node.class;
  let top = node;
  while (top.parent && top.parent.parent) top = top.parent;
  const free = ["free", "reserved", "slack"].includes(node.kind) || (node.zero && node.field?.startsWith("reserved"));
  return (node.class = free || (node.zero && node.kind === "field" && node.size > 32) ? "free" : classOfTop(top));
}
