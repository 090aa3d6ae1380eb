// Parses structures with the compiled JavaScript parsers and prints what they read, a structure a line.
//
//   node javascript.js INPUT     (parsers and the Kaitai runtime on NODE_PATH)
//
// INPUT: lines of JSON, {"module": "LogEntry", "path": ["LogEntryHeader"], "hex": "..."}.
// A value is {"start", "end", "value"} by name: numbers as they are, bytes as hexadecimal, structures as objects.
const fs = require("fs");
const KaitaiStream = require("kaitai-struct/KaitaiStream");

function plain(value) {
  if (value instanceof Uint8Array) {
    return { hex: Buffer.from(value).toString("hex") };
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  return value !== null && typeof value === "object" ? fields(value) : value;
}

function fields(object) {
  const found = {};
  for (const [name, place] of Object.entries(object._debug)) {
    if (!name.startsWith("_") && object[name] !== undefined) {
      found[name] = { start: place.start, end: place.end, value: plain(object[name]) };
    }
  }
  return found;
}

for (const line of fs.readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  const { module, path, hex } = JSON.parse(line);
  let parser = require(`./${module}`)[module];
  for (const name of path) {
    parser = parser[name];
  }
  const parsed = new parser(new KaitaiStream(Buffer.from(hex, "hex")), null, null);
  try {
    parsed._read();
  } catch (error) {
    if (!(error instanceof RangeError) && error.name !== "EOFError") {
      throw error;
    }
  }
  console.log(JSON.stringify(fields(parsed)));
}
