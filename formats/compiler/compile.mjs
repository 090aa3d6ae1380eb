// Compiles every schema of a folder with the official Kaitai Struct compiler, unpatched.
//
//   node compile.mjs FORMATS OUT [LANGUAGE [positions]]
//   node compile.mjs --languages
//
// LANGUAGE is "python" (default; with field positions, imports made relative to the package) or any other target
// of the compiler, written as the compiler gives it; "positions" asks for them there too. Prints the compiler's version,
// or the names of its targets.
import fs from "node:fs";
import path from "node:path";
import KaitaiStructCompiler from "kaitai-struct-compiler";
import YAML from "yaml";

const [formats, out, language = "python", positions] = process.argv.slice(2);
if (formats === "--languages") {
  console.log(KaitaiStructCompiler.languages.join("\n"));
  process.exit(0);
}
if (!formats || !out) {
  console.error("usage: node compile.mjs FORMATS OUT [LANGUAGE [positions]]");
  process.exit(2);
}

const names = fs.readdirSync(formats).filter((file) => file.endsWith(".ksy")).map((file) => file.slice(0, -4)).sort();
const load = (name) => exact(YAML.parse(fs.readFileSync(path.join(formats, `${name}.ksy`), "utf8"), { intAsBigInt: true }));
const importer = { importYaml: async (name) => load(name) };

// A JavaScript number holds 53 bits. A larger integer goes to the compiler as text, which it takes for an expression.
function exact(value) {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (Array.isArray(value)) {
    return value.map(exact);
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, exact(item)]));
  }
  return value;
}

// The compiler writes "import ms_guid"; inside a package that is "from . import ms_guid". Their order is not
// meaningful, so they are sorted.
function relativeImports(source) {
  const isImport = (line) => line.startsWith("import ") && names.includes(line.slice("import ".length));
  const lines = source.split("\n");
  const imports = lines.filter(isImport).sort();
  return lines.map((line) => (isImport(line) ? `from . ${imports.shift()}` : line)).join("\n");
}

const outputs = {};
for (const name of names) {
  try {
    const withPositions = language === "python" || positions === "positions";
    Object.assign(outputs, await KaitaiStructCompiler.compile(language, load(name), importer, withPositions));
  } catch (error) {
    console.error(`${name}.ksy: ${error.message ?? error}`);
    process.exit(1);
  }
}
fs.mkdirSync(out, { recursive: true });
for (const [file, source] of Object.entries(outputs)) {
  fs.mkdirSync(path.dirname(path.join(out, file)), { recursive: true });
  fs.writeFileSync(path.join(out, file), language === "python" ? relativeImports(source) : source);
}
console.log(KaitaiStructCompiler.version);
