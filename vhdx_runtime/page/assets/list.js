// A list of any length of which only the rows in sight are elements.

const TALLEST = 6e6; // pixels; browsers give up somewhat above that

class RowList {
  /** `make(index)` gives the element of a row. */
  constructor(host, rowHeight, make) {
    this.host = host;
    this.rowHeight = rowHeight;
    this.make = make;
    this.count = 0;
    this.top = 0;
    this.layer = el("div", { class: "rows", role: "presentation" });
    this.spacer = el("div", { class: "spacer", role: "presentation" });
    host.append(this.layer, this.spacer);
    host.addEventListener("scroll", () => this.scrolled());
    host.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    new ResizeObserver(() => this.resize()).observe(host);
  }

  get sight() { return Math.max(1, this.host.clientHeight / this.rowHeight); }
  get isScaled() { return this.count * this.rowHeight > TALLEST; }
  get last() { return Math.max(0, this.count - this.sight); }

  setCount(count) {
    this.count = count;
    this.resize();
  }

  resize() {
    const height = this.host.clientHeight;
    const whole = Math.min(TALLEST, this.count * this.rowHeight);
    this.layer.style.height = `${height}px`;
    this.spacer.style.height = `${Math.max(0, whole - height)}px`;
    this.top = Math.min(this.top, this.last);
    this.draw();
  }

  scrolled() {
    if (this.isScaled) {
      if (Math.abs(this.host.scrollTop - this.expected) < 1) return;
      const room = Math.max(1, this.host.scrollHeight - this.host.clientHeight);
      this.top = (this.host.scrollTop / room) * this.last;
    } else this.top = this.host.scrollTop / this.rowHeight;
    this.draw();
  }

  wheeled(event) {
    if (!this.isScaled || event.ctrlKey) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 1 : 1 / this.rowHeight;
    this.moveTo(this.top + event.deltaY * unit);
  }

  moveTo(top) {
    this.top = Math.min(Math.max(0, top), this.last);
    if (this.isScaled) {
      const room = Math.max(1, this.host.scrollHeight - this.host.clientHeight);
      this.host.scrollTop = (this.top / Math.max(1, this.last)) * room;
      this.expected = this.host.scrollTop;
    } else this.host.scrollTop = this.top * this.rowHeight;
    this.draw();
  }

  /** Bring a row into sight; to the middle where it was far off. */
  reveal(index) {
    const first = Math.ceil(this.top);
    const last = Math.floor(this.top + this.sight) - 1;
    if (index >= first && index <= last) this.draw();
    else if (index === first - 1) this.moveTo(index);
    else if (index === last + 1) this.moveTo(index + 1 - this.sight);
    else this.moveTo(index - Math.floor(this.sight / 3));
  }

  draw() {
    const first = Math.floor(this.top);
    const rows = [];
    for (let index = first; index < Math.min(this.count, first + this.sight + 1); index += 1) {
      const row = this.make(index);
      row.style.top = `${(index - this.top) * this.rowHeight}px`;
      row.classList.add("row");
      rows.push(row);
    }
    this.layer.replaceChildren(...rows);
  }
}
