"""Writes `vhdx.ts`: the structures as readers of byte arrays, and their rules, for TypeScript and JavaScript."""

from __future__ import annotations

import ast
from typing import Any

from formats.compiler.declared import BYTES, ELEMENTS, FLAG, NUMBER, REST, Declared, Reader, Rule, Value, constants
from formats.compiler.literals import SUPPORT
from formats.compiler.spelling import Language, camel, comment, number, upper

EXACT_BITS = 32
KINDS = {FLAG: "boolean", NUMBER: "bigint", BYTES: "Uint8Array"}


class TypeScript(Language):
    """All arithmetic is that of BigInt."""

    size_name = "BigInt(streamSize)"

    def name(self, one: Declared, name: str) -> str:
        reader = one.readers.get(name)
        local = camel(name, is_local=True)
        return f"BigInt({local})" if reader and reader.kind == NUMBER and reader.bits <= EXACT_BITS else local

    def constant(self, kind: str, name: str) -> str:
        return upper(kind, name)

    def number(self, value: int) -> str:
        return f"{number(value)}n"

    def raw(self, value: bytes) -> str:
        return f"Uint8Array.of({', '.join(map(str, value))})"

    def equal(self, left: str, right: str, is_equal: bool) -> str:
        return f"{'' if is_equal else '!'}equal({left}, {right})"

    def operator(self, kind: type) -> str:
        return super().operator(kind) + ("=" if kind in (ast.Eq, ast.NotEq) else "")


TYPESCRIPT = TypeScript()


def emit_typescript(data: dict[str, Any], declared: list[Declared]) -> str:
    """`vhdx.ts`."""
    parts = [(SUPPORT / "vhdx.ts").read_text("utf-8"), _constants(data), *map(_structure, declared)]
    tables = "".join(map(_table, declared))
    parts.append(f"/** Every structure, as data. */\nexport const STRUCTURES: readonly Structure[] = [\n{tables}];\n")
    return "\n".join(parts)


def _doc(text: str, indent: str = "") -> str:
    lines = comment(text, "", indent + " *").replace(" * ", " * ")
    flat = " ".join(text.split())
    return f"{indent}/** {flat} */\n" if len(text.splitlines()) < 2 else f"{indent}/**\n{lines}{indent} */\n"


def _constants(data: dict[str, Any]) -> str:
    lines = []
    for one in constants(data):
        name = TYPESCRIPT.constant(one.owner, one.id)
        shown = f"{number(one.value)}n" if isinstance(one.value, int) else TYPESCRIPT.raw(one.value)
        lines.append(f"{_doc(one.doc)}export const {name} = {shown};\n")
    for enum, values in data["enums"].items():
        inner = "".join(
            f"{_doc(item['doc'], '  ')}  {item['id'].upper()}: {value},\n" for value, item in values.items()
        )
        lines.append(f"export const {camel(enum)} = {{\n{inner}}} as const;\n")
    return "".join(lines)


def _structure(one: Declared) -> str:
    size = "undefined" if one.size is None else str(one.size)
    parts = [f"  /** Its size in bytes, where that is fixed. */\n  size: {size},\n"]
    parts += [_function(reader.id, reader.doc, *_reader(one, reader)) for reader in one.readers.values()]
    parts += [_function(value.id, value.doc, *_value(one, value)) for value in one.values.values()]
    parts += [_function(rule.name, rule.doc, "", "boolean", _byte_rule(one, rule)) for rule in one.byte_rules]
    return f"{_doc(one.doc)}export const {camel(one.name)} = {{\n" + "\n".join(parts) + "};\n"


def _function(name: str, text: str, more: str, kind: str, body: str) -> str:
    head = f"  {camel(name, is_local=True)}(bytes: Uint8Array{more}): {kind} | undefined"
    return f"{_doc(text, '  ')}{head} {{\n{body}  }},\n"


def _reader(one: Declared, reader: Reader) -> tuple[str, str, str]:
    """Further parameters, type and body."""
    end = str(one.big_endian).lower()
    call = f"integer(bytes, {reader.offset}, {reader.bit}, {reader.bits}, {end})"
    if reader.kind == BYTES:
        return "", "Uint8Array", f"    return slice(bytes, {reader.offset}, {reader.size});\n"
    if reader.kind == ELEMENTS:
        body = f"    return slice(bytes, {reader.offset} + {reader.size} * index, {reader.size});\n"
        return ", index: number", "Uint8Array", body
    if reader.kind == REST:
        told, bits, bound = reader.count
        body = f"    const count = integer(bytes, {told}, 0, {bits}, {end});\n"
        body += "    if (count === undefined) return undefined;\n"
        body += f"    const start = {reader.offset} + {reader.size} * Math.min(Number(count), {bound});\n"
        return "", "Uint8Array", body + f"    return slice(bytes, start, Math.min(bytes.length, {one.size}) - start);\n"
    if reader.kind == NUMBER and reader.bits > EXACT_BITS:
        return "", "bigint", f"    return {call};\n"
    kind, made = ("number", "Number(value)") if reader.kind == NUMBER else ("boolean", "value !== 0n")
    return "", kind, f"    const value = {call};\n    return value === undefined ? undefined : {made};\n"


def _value(one: Declared, value: Value) -> tuple[str, str, str]:
    body = ""
    for name in value.reads:
        local = camel(name, is_local=True)
        sized = one.is_sized(name)
        body += f"    const {local} = {camel(one.name)}.{local}(bytes{', streamSize' if sized else ''});\n"
        body += f"    if ({local} === undefined) return undefined;\n"
    more = ", streamSize: number" if value.sized else ""
    return more, KINDS[value.kind], f"{body}    return {TYPESCRIPT.spell(one, value.expression)};\n"


def _byte_rule(one: Declared, rule: Rule) -> str:
    if rule.kind == "zero":
        field = camel(rule.name.removesuffix("_bytes_are_zero"), is_local=True)
        return f"    return {camel(one.name)}.{field}(bytes)?.every((byte) => byte === 0);\n"
    assert one.checksum is not None
    start, size, told = one.checksum
    covered = f"{size}n" if told is None else f"integer(bytes, {told}, 0, 32, false)"
    return f"    return checksumIsRight(bytes, {start}, {covered});\n"


def _first(owner: str, reader: Reader) -> str:
    called = f"{owner}.{camel(reader.id, is_local=True)}"
    return f"(bytes) => {called}(bytes, 0)" if reader.kind == ELEMENTS else called


def _table(one: Declared) -> str:
    owner, claims = camel(one.name), {rule.name for rule in one.rules}
    fields = "".join(
        f'      {{ name: "{reader.id}", offset: {reader.offset}, size: {reader.size},'
        f" read: {_first(owner, reader)} }},\n"
        for reader in one.readers.values()
        if reader.kind != REST
    )
    derived = "".join(
        f'      {{ name: "{name}", read: {owner}.{camel(name, is_local=True)} }},\n'
        for name in one.values
        if name not in claims
    )
    rules = "".join(
        f'      {{ id: "{rule.id}", name: "{rule.name}", holds: {owner}.{camel(rule.name, is_local=True)} }},\n'
        for rule in one.rules
    )
    lists = (("fields", fields), ("derived", derived), ("rules", rules))
    inner = "".join(f"    {name}: [\n{rows}    ],\n" if rows else f"    {name}: [],\n" for name, rows in lists)
    return f'  {{\n    name: "{one.name}",\n    size: {owner}.size,\n{inner}  }},\n'
