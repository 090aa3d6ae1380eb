"""Writes `vhdx.rs`: the structures as readers of byte slices, and their rules, for Rust."""

from __future__ import annotations

from typing import Any

from formats.compiler.declared import BYTES, ELEMENTS, FLAG, REST, Declared, Reader, Value, constants
from formats.compiler.literals import SUPPORT
from formats.compiler.spelling import Language, comment, number, upper

WIDTHS = (8, 16, 32, 64)


class Rust(Language):
    """Bytes are slices; constants stand in the root of the file."""

    def constant(self, kind: str, name: str) -> str:
        return f"super::{upper(kind, name)}"

    def raw(self, value: bytes) -> str:
        return f"[0; {len(value)}]" if not any(value) else f"[{', '.join(map(str, value))}]"

    def choice(self, test: str, yes: str, no: str) -> str:
        return f"if {test} {{ {yes} }} else {{ {no} }}"


RUST = Rust()


def emit_rust(data: dict[str, Any], declared: list[Declared]) -> str:
    """`vhdx.rs`."""
    parts = [(SUPPORT / "vhdx.rs").read_text("utf-8"), _constants(data), *map(_structure, declared)]
    names = "".join(f"    {one.name}::STRUCTURE,\n" for one in declared)
    parts.append(f"/// Every structure.\npub const STRUCTURES: &[Structure] = &[\n{names}];\n")
    return "\n".join(parts)


def _constants(data: dict[str, Any]) -> str:
    lines = []
    for one in constants(data):
        name = RUST.constant(one.owner, one.id).removeprefix("super::")
        if isinstance(one.value, int):
            kind, shown = "u64", number(one.value)
        elif one.owner:
            kind, shown = "[u8; 16]", f"[{', '.join(f'0x{byte:02X}' for byte in one.value)}]"
        else:
            kind, shown = "&[u8]", f'b"{one.value.decode("ascii")}"'
        lines.append(f"{comment(one.doc, '///')}pub const {name}: {kind} = {shown};\n")
    for enum, values in data["enums"].items():
        inner = "".join(
            f"{comment(item['doc'], '///', '    ')}    pub const {item['id'].upper()}: u32 = {value};\n"
            for value, item in values.items()
        )
        lines.append(f"/// Values of this enumeration.\npub mod {enum} {{\n{inner}}}\n")
    return "".join(lines)


def _structure(one: Declared) -> str:
    size = "None" if one.size is None else f"Some({one.size})"
    parts = [f"    /// Its size in bytes, where that is fixed.\n    pub const SIZE: Option<usize> = {size};\n"]
    parts += [_reader(one, reader) for reader in one.readers.values()]
    parts += [_value(one, value) for value in one.values.values()]
    parts += _other_rules(one)
    parts.append(_tables(one))
    return f"{comment(one.doc, '///')}pub mod {one.name} {{\n" + "\n".join(parts) + "}\n"


def _width(reader: Reader) -> int:
    return next(width for width in WIDTHS if width >= reader.bits)


def _reader(one: Declared, reader: Reader) -> str:
    head = comment(reader.doc, "///", "    ") + f"    pub fn {reader.id}"
    start, end = reader.offset, reader.offset + reader.size
    if reader.kind == BYTES:
        return f"{head}(bytes: &[u8]) -> Option<&[u8]> {{\n        bytes.get({start}..{end})\n    }}\n"
    if reader.kind == ELEMENTS:
        place = f"index.checked_mul({reader.size})?.checked_add({start})?"
        body = f"        let start = {place};\n        bytes.get(start..start.checked_add({reader.size})?)\n"
        return f"{head}(bytes: &[u8], index: usize) -> Option<&[u8]> {{\n{body}    }}\n"
    if reader.kind == REST:
        told, bits, bound = reader.count
        count = f"super::integer(bytes, {told}, 0, {bits}, {str(one.big_endian).lower()})?.min({bound}) as usize"
        rest = f"bytes.get({start} + {reader.size} * count..bytes.len().min({one.size}))"
        body = f"        let count = {count};\n        {rest}\n"
        return f"{head}(bytes: &[u8]) -> Option<&[u8]> {{\n{body}    }}\n"
    call = f"super::integer(bytes, {start}, {reader.bit}, {reader.bits}, {str(one.big_endian).lower()})"
    if reader.kind == FLAG:
        return f"{head}(bytes: &[u8]) -> Option<bool> {{\n        Some({call}? != 0)\n    }}\n"
    width = _width(reader)
    got = call if width == 64 else f"{call}.map(|value| value as u{width})"
    return f"{head}(bytes: &[u8]) -> Option<u{width}> {{\n        {got}\n    }}\n"


def _value(one: Declared, value: Value) -> str:
    sized = f", {RUST.size_name}: u64" if value.sized else ""
    lines = [f"        let {name} = {_bound(one, name)};\n" for name in value.reads]
    kind = "bool" if value.kind == FLAG else "u64"
    body = "".join(lines) + f"        Some({RUST.spell(one, value.expression)})\n"
    unread = "" if value.reads or not value.sized else "        let _ = bytes;\n"
    head = f"    pub fn {value.id}(bytes: &[u8]{sized}) -> Option<{kind}>"
    return f"{comment(value.doc, '///', '    ')}{head} {{\n{unread}{body}    }}\n"


def _bound(one: Declared, name: str) -> str:
    if name in one.values:
        return f"{name}(bytes{', ' + RUST.size_name if one.values[name].sized else ''})?"
    reader = one.readers[name]
    return f"{name}(bytes)?" if reader.kind in (FLAG, BYTES) or _width(reader) == 64 else f"u64::from({name}(bytes)?)"


def _other_rules(one: Declared) -> list[str]:
    parts = []
    for rule in one.rules:
        if rule.kind == "zero":
            field = rule.name.removesuffix("_bytes_are_zero")
            body = f"        Some({field}(bytes)?.iter().all(|byte| *byte == 0))\n"
        elif rule.kind == "checksum":
            assert one.checksum is not None
            start, size, told = one.checksum
            covered = f"{size}" if told is None else f"super::integer(bytes, {told}, 0, 32, false)? as usize"
            body = f"        super::checksum_is_right(bytes, {start}, {covered})\n"
        else:
            continue
        head = f"{comment(rule.doc, '///', '    ')}    pub fn {rule.name}(bytes: &[u8]) -> Option<bool>"
        parts.append(f"{head} {{\n{body}    }}\n")
    return parts


def _tables(one: Declared) -> str:
    fields, values, rules = "", "", ""
    claims = {rule.name for rule in one.rules}
    kinds = {FLAG: "Flag", BYTES: "Bytes", ELEMENTS: "Bytes"}
    for reader in one.readers.values():
        if reader.kind != REST:
            kind, first = kinds.get(reader.kind), ", 0" if reader.kind == ELEMENTS else ""
            made = f".map(super::Value::{kind})" if kind else ".map(|value| super::Value::Number(value.into()))"
            place = f'name: "{reader.id}", offset: {reader.offset}, size: {reader.size}'
            fields += f"            super::Field {{ {place}, read: |bytes| {reader.id}(bytes{first}){made} }},\n"
    for value in one.values.values():
        if value.id not in claims:
            size, argument = (RUST.size_name, f", {RUST.size_name}") if value.sized else ("_", "")
            made = f"{value.id}(bytes{argument}).map(super::Value::{kinds.get(value.kind, 'Number')})"
            values += f'            super::Derived {{ name: "{value.id}", read: |bytes, {size}| {made} }},\n'
    for rule in one.rules:
        sized = rule.name in one.values and one.values[rule.name].sized
        size, argument = (RUST.size_name, f", {RUST.size_name}") if sized else ("_", "")
        called = f"holds: |bytes, {size}| {rule.name}(bytes{argument})"
        rules += f'            super::Rule {{ id: "{rule.id}", name: "{rule.name}", {called} }},\n'
    lines = f'        name: "{one.name}",\n        size: SIZE,\n'
    for name, inner in (("fields", fields), ("derived", values), ("rules", rules)):
        lines += f"        {name}: &[\n{inner}        ],\n" if inner else f"        {name}: &[],\n"
    opening = "    pub const STRUCTURE: super::Structure = super::Structure {"
    return f"    /// The same as data.\n{opening}\n{lines}    }};\n"
