"""Generates `generated/vhdx_format` and `generated/declarations` from the schemas, and from nothing else.

    python formats/compiler/generate.py [--check]

Writes only what changed and removes what is no longer generated. With `--check` nothing is written: a fresh generation
is compared with what is there, and any difference is a failure. Needs Node.js and `npm ci` in this folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from formats.compiler import clauses, items, rulebook
from formats.compiler import model as models
from formats.compiler.clauses import emit_clauses
from formats.compiler.declared import declare
from formats.compiler.emit_builders import emit_builders
from formats.compiler.emit_bulk import emit_bulk
from formats.compiler.emit_bundle import emit_bundle
from formats.compiler.emit_c import emit_c
from formats.compiler.emit_fuzz_c import emit_fuzz_c, emit_packed_c
from formats.compiler.emit_go import emit_go
from formats.compiler.emit_magic import emit_magic
from formats.compiler.emit_packers import emit_packers
from formats.compiler.emit_rust import emit_rust
from formats.compiler.emit_typescript import emit_typescript
from formats.compiler.emit_yara import emit_yara
from formats.compiler.expressions import Parsers
from formats.compiler.foreign import FILE as FOREIGN
from formats.compiler.foreign import emit_foreign
from formats.compiler.layout_data import emit_json, emit_layout, layout_data
from formats.compiler.outputs import finish
from formats.compiler.rulebook import emit_rules
from formats.compiler.schema import SchemaError, load_schemas

COMPILER = Path(__file__).resolve().parent
FORMATS = COMPILER.parent
GENERATED = FORMATS.parent / "generated"
PACKAGE = "vhdx_format"
DECLARATIONS = "declarations"
MANIFEST = f"{PACKAGE}/MANIFEST.json"
INIT = '''"""VHDX structures: parsers, builders, layout and rules.

Machine-written from formats/ by `make generate`; do not edit.
"""
'''


def compile_schemas(formats: Path, out: Path, language: str = "python", *, positions: bool = False) -> str:
    """Runs the official compiler over a folder of schemas.

    Args:
        formats: folder of the schemas.
        out: where the compiled modules go.
        language: a target of the compiler.
        positions: have the parser record where each field stood; in Python it always does.

    Returns:
        The compiler's version.

    Raises:
        SchemaError: the compiler is not installed, or refuses a schema.
    """
    return run_compiler(str(formats), str(out), language, *(["positions"] if positions else []))


def run_compiler(*arguments: str) -> str:
    """Runs `compile.mjs`; returns what it prints.

    Raises:
        SchemaError: the compiler is not installed, or refuses a schema.
    """
    if not (COMPILER / "node_modules" / "kaitai-struct-compiler").is_dir():
        raise SchemaError(
            "the schema compiler is not installed; `make generate` installs it (npm ci in formats/compiler)"
        )
    command = ["node", str(COMPILER / "compile.mjs"), *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    except FileNotFoundError as error:
        raise SchemaError("Node.js is not installed; only generating needs it") from error
    if done.returncode:
        raise SchemaError(done.stderr.strip())
    return done.stdout.strip()


def generate(formats: Path) -> dict[str, str]:
    """Generates everything.

    Args:
        formats: folder of the schemas and `rules.yaml`.

    Returns:
        Path below `generated/` and content of every file.

    Raises:
        SchemaError: a schema or a rule is wrong; the message names file and place.
    """
    schemas = load_schemas(formats)
    model = models.build(schemas)
    if items.complete(formats, model):
        schemas = load_schemas(formats)
        model = models.build(schemas)
    with tempfile.TemporaryDirectory() as folder:
        version = compile_schemas(formats, Path(folder))
        outputs = {f"{PACKAGE}/{path.name}": path.read_text("utf-8") for path in sorted(Path(folder).iterdir())}
        parsers = Parsers(model, Path(folder))
    book = rulebook.build(model, parsers, formats)
    demands = clauses.build(book, formats)
    rulebook.check(model, book)
    data = layout_data(model)
    outputs |= {
        f"{PACKAGE}/__init__.py": INIT,
        f"{PACKAGE}/py.typed": "",
        f"{PACKAGE}/layout.py": emit_layout(data),
        f"{PACKAGE}/layout.json": emit_json(data),
        f"{PACKAGE}/rules.py": emit_rules(book),
        f"{PACKAGE}/clauses.py": emit_clauses(demands),
        f"{PACKAGE}/foreign.py": emit_foreign(formats),
        f"{PACKAGE}/builders.py": emit_builders(model, parsers),
        f"{PACKAGE}/bulk.py": emit_bulk(model, parsers, book),
        f"{PACKAGE}/packers.py": emit_packers(model),
        f"{PACKAGE}/vhdx.h": emit_c(data),
        f"{PACKAGE}/vhdx_packed.h": emit_packed_c(data),
        f"{PACKAGE}/vhdx_fuzz.h": emit_fuzz_c(data),
    }
    outputs |= _declarations(model, parsers, data)
    sources = {schema.file: schema.sha256 for schema in schemas}
    for name in ("rules.yaml", clauses.FILE, FOREIGN):
        sources[name] = hashlib.sha256((formats / name).read_bytes()).hexdigest()
    outputs[MANIFEST] = _manifest(version, sources, outputs)
    return dict(sorted(outputs.items()))


def _declarations(model: models.Model, parsers: Parsers, data: dict[str, Any]) -> dict[str, str]:
    """The format for other languages and tools."""
    declared = declare(model, parsers)
    return {
        f"{DECLARATIONS}/vhdx.ksy": emit_bundle(model),
        f"{DECLARATIONS}/vhdx.magic": emit_magic(data),
        f"{DECLARATIONS}/vhdx.yar": emit_yara(data, declared),
        f"{DECLARATIONS}/go/vhdx.go": emit_go(data, declared),
        f"{DECLARATIONS}/rust/vhdx.rs": emit_rust(data, declared),
        f"{DECLARATIONS}/typescript/vhdx.ts": emit_typescript(data, declared),
    }


def _manifest(version: str, sources: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    data = {
        "compiler": {"name": "kaitai-struct-compiler", "version": version},
        "schemas": dict(sorted(sources.items())),
        "outputs": {name: hashlib.sha256(content.encode()).hexdigest() for name, content in sorted(outputs.items())},
    }
    return json.dumps(data, indent=1) + "\n"


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Generate generated/vhdx_format from formats/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when generated/ is not up to date")
    parser.add_argument("--formats", type=Path, default=FORMATS, help="folder of the schemas")
    parser.add_argument("--out", type=Path, default=GENERATED, help="folder of all that is generated")
    options = parser.parse_args()
    try:
        outputs = generate(options.formats)
    except SchemaError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return finish(outputs, options.out, check=options.check, task="generate")


if __name__ == "__main__":
    sys.exit(main())
