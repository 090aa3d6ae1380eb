// Everything that is wrong, the worst first: the rule in words, what was found, and the way to the bytes.

function loadFindings() {
  const host = byId("view-findings");
  const { state, text, totals, lost, doubtful, cut, possible_loss: loss } = F.conclusion;
  host.append(el("section", { class: `panel verdict ${state}` }, el("h2", {}, visible(text)),
    cut ? el("p", { text: `Cut off: ${cut}.` }) : null,
    loss ? el("p", { text: `Possible loss: ${loss}.` }) : null,
    lost ? el("p", { text: `${size(lost)} of the disk cannot be read.` }) : null,
    doubtful ? el("p", { text: `${size(doubtful)} of the disk is in doubt: something else in the file claims its bytes too.` }) : null,
    el("p", { class: "dim", text: "No checksum covers the guest's own data: whether it is what the guest wrote, no check can tell." })));
  const order = F.findings.map((finding, number) => ({ ...finding, number })).sort((a, b) => F.verdicts.indexOf(a.verdict) - F.verdicts.indexOf(b.verdict));
  const byRule = Map.groupBy ? Map.groupBy(order, (finding) => finding.rule) : grouped(order);
  for (const [rule, found] of byRule) host.append(rulePanel(rule, found, totals[rule]));
}

function grouped(order) {
  const found = new Map();
  for (const finding of order) found.set(finding.rule, [...(found.get(finding.rule) ?? []), finding]);
  return found;
}

function rulePanel(rule, found, total) {
  const declared = ruleOf(rule);
  return el("section", { class: `panel finding v-${found[0].verdict}`, id: `rule-${rule}` },
    el("h3", {}, rule, " ", el("span", { class: `mark v-${found[0].verdict}`, text: found[0].verdict }), " ", el("span", { class: "dim", text: sectionText(declared.section) })),
    el("p", { text: declared.text }),
    declared.reader && el("p", { class: "dim", text: `A reader: ${String(declared.reader).replace(/\s+/g, " ")}` }),
    el("ul", { class: "plainlist" }, found.map((finding) => el("li", {}, placeOf(finding), " ", visible(finding.found), el("span", { class: "dim" }, visible(`, expected ${finding.expected}`))))),
    total > found.length && el("p", { class: "note", text: `${count(total - found.length)} more places, ${count(total)} in all; vhdx check --json lists them.` }));
}

function placeOf(finding) {
  const text = [finding.structure, finding.field].filter(Boolean).join(" ");
  if (finding.file_offset === null) return el("strong", { text });
  return el("button", { type: "button", class: "link", text: `${text} at ${hex(finding.file_offset)}`, click: () => goToFinding(finding) });
}

/** Show a finding at its bytes: the field that has it, or whatever owns the place. */
function goToFinding(finding) {
  showView("bytes");
  const number = finding.number ?? F.findings.indexOf(finding);
  const holders = N.filter((node) => node.findings.includes(number));
  const node = holders.find((one) => !one.children.length) ?? holders[0];
  if (node) selectNode(node, "finding");
  else if (finding.file_offset < Number(F.file.size)) selectOffset(finding.file_offset, "finding");
}

let lastFinding = -1;
function stepFinding(by) {
  const placed = F.findings.filter((finding) => finding.file_offset !== null);
  if (!placed.length) return;
  lastFinding = (lastFinding + by + placed.length) % placed.length;
  goToFinding(placed[lastFinding]);
}
