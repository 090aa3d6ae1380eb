// Prints what the declarations make of structures: a line "name stream_size hex" in, a line of values and rules out.
import { readFileSync } from "node:fs";
import * as vhdx from "./vhdx.js";

function shown(value) {
  if (value === undefined) return "-";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return typeof value === "boolean" ? String(Number(value)) : String(value);
}

const out = [];
if (process.argv.length > 2) {
  for (const one of vhdx.STRUCTURES) {
    const fields = one.fields.map((field) => ` ${field.name}:${field.offset}:${field.size}`);
    out.push(`${one.name} ${one.size ?? 0}${fields.join("")}`);
  }
  const fact = (value) => out.push(shown(value));
  // CONSTANTS
} else {
  for (const line of readFileSync(0, "utf8").split("\n").slice(0, -1)) {
    const [name, size, hex] = line.split(" ");
    const bytes = Buffer.from(hex, "hex");
    const one = vhdx.STRUCTURES.find((structure) => structure.name === name);
    const tokens = one.fields.map((field) => `${field.name}=${shown(field.read(bytes))}`);
    for (const value of one.derived) tokens.push(`${value.name}=${shown(value.read(bytes, Number(size)))}`);
    for (const rule of one.rules) tokens.push(`${rule.id}/${rule.name}=${shown(rule.holds(bytes, Number(size)))}`);
    out.push(tokens.join(" "));
  }
}
console.log(out.join("\n"));
