// A picture of a long range as a grid of cells; each cell shows what shares it. The wheel, the buttons and keys zoom.

const CELL = 14;
const LEAST = 4; // units on a row at the deepest zoom

/** The colour of a class, as the style has it now. */
function resolved(name) {
  const probe = el("span", { class: `swatch c-${name}` });
  document.body.append(probe);
  const found = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return found;
}

class Picture {
  /**
   * `of`: label; total (length in units), unitText(start, length), shares(start, length) → {class: amount},
   * describe(position) → text, choose(position).
   */
  constructor(host, of) {
    this.of = of;
    this.start = 0;
    this.length = of.total;
    this.cursor = 0;
    this.canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": `${of.label}; arrow keys move, plus and minus zoom, Enter chooses` });
    this.status = el("p", { class: "status mono", "aria-live": "polite" });
    const button = (text, title, action) => el("button", { type: "button", text, title, "aria-label": title, click: action });
    this.range = el("span", { class: "range dim" });
    host.append(el("div", { class: "bar" }, el("h2", { text: of.label }), this.range,
      button("−", "zoom out (-)", () => this.zoom(2)), button("+", "zoom in (+)", () => this.zoom(0.5)), button("all", "show all (0)", () => this.show(0, of.total))),
      el("div", { class: "frame" }, this.canvas), this.status);
    this.canvas.addEventListener("mousemove", (event) => this.point(this.at(event)));
    this.canvas.addEventListener("click", (event) => { this.point(this.at(event)); of.choose(this.cursor); });
    this.canvas.addEventListener("dblclick", (event) => this.zoom(0.25, this.at(event)));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, this.at(event));
  }

  show(start, length) {
    this.length = Math.min(this.of.total, Math.max(Math.min(LEAST, this.of.total), Math.round(length)));
    this.start = Math.max(0, Math.min(this.of.total - this.length, Math.round(start)));
    this.draw();
  }

  zoom(factor, around = this.cursor) {
    const share = (around - this.start) / this.length;
    const length = this.length * factor;
    this.show(around - share * length, length);
  }

  key(event) {
    const unit = this.perCell;
    const moves = { ArrowRight: unit, ArrowLeft: -unit, ArrowDown: unit * this.columns, ArrowUp: -unit * this.columns };
    if (event.key in moves) this.point(this.cursor + moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.zoom(0.5);
    else if (event.key === "-") this.zoom(2);
    else if (event.key === "0") this.show(0, this.of.total);
    else if (event.key === "Enter") this.of.choose(this.cursor);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.min(this.columns - 1, Math.max(0, Math.floor((event.clientX - box.left) / this.cell)));
    const row = Math.max(0, Math.floor((event.clientY - box.top) / this.cell));
    return this.start + (row * this.columns + column) * this.perCell;
  }

  point(position) {
    this.cursor = Math.min(this.start + this.length - 1, Math.max(this.start, Math.round(position)));
    const begin = this.start + Math.floor((this.cursor - this.start) / this.perCell) * this.perCell;
    const length = Math.min(this.perCell, this.of.total - begin);
    this.status.replaceChildren(visible(`${this.of.unitText(begin, length)} — ${this.of.describe(begin, length)}`));
    this.draw();
  }

  /** Cells that fit: big ones where there are few units. */
  lay() {
    const width = Math.max(160, this.canvas.parentElement.clientWidth);
    this.cell = CELL;
    while (this.cell < 44 && Math.ceil(this.length / Math.floor(width / (this.cell + 2))) * (this.cell + 2) < 170) this.cell += 2;
    this.columns = Math.floor(width / this.cell);
    const cells = this.columns * Math.max(1, Math.floor(300 / this.cell));
    this.perCell = Math.max(1, Math.ceil(this.length / cells));
    this.rows = Math.ceil(Math.ceil(this.length / this.perCell) / this.columns);
  }

  draw() {
    if (!this.canvas.parentElement?.clientWidth) return;
    this.lay();
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.columns * this.cell, Math.max(1, this.rows) * this.cell];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const colours = new Map();
    const fill = (name) => colours.get(name) ?? (colours.set(name, resolved(name)), colours.get(name));
    const chosen = Math.floor((this.cursor - this.start) / this.perCell);
    const cells = this.of.cells(this.start, this.length, this.perCell);
    cells.forEach((shares, number) => this.drawCell(pen, shares, number, fill, number === chosen));
    this.range.replaceChildren(visible(`${this.of.unitText(this.start, this.length)}; ${this.of.cellText(this.perCell)} a cell`));
  }

  drawCell(pen, shares, number, fill, isChosen) {
    const inner = this.cell - 2;
    const x = (number % this.columns) * this.cell + 1;
    const y = Math.floor(number / this.columns) * this.cell + 1;
    const whole = Object.values(shares).reduce((sum, amount) => sum + amount, 0) || 1;
    let done = 0;
    for (const [name, amount] of Object.entries(shares)) {
      if (!amount) continue;
      const part = Math.max(1, (amount / whole) * inner);
      pen.fillStyle = fill(name);
      pen.fillRect(x, y + done, inner, Math.min(part, inner - done));
      done = Math.min(inner, done + part);
    }
    if (!isChosen) return;
    pen.strokeStyle = fill("ink");
    pen.lineWidth = 2;
    pen.strokeRect(x, y, inner, inner);
  }
}

/** What the colours mean, with amounts. */
function legend(amounts, names, text) {
  return el("ul", { class: "legend" }, Object.entries(names).filter(([name]) => amounts[name]).map(([name, label]) =>
    el("li", {}, el("span", { class: `swatch c-${name}`, "aria-hidden": "true" }), `${label} `, el("span", { class: "dim", text: text(amounts[name]) }))));
}
