"""Writes `vhdx.go`: the structures as byte slices with methods that read, and their rules, for Go."""

from __future__ import annotations

from typing import Any

from formats.compiler.declared import BYTES, ELEMENTS, FLAG, NUMBER, REST, Declared, Reader, Rule, Value, constants
from formats.compiler.literals import SUPPORT
from formats.compiler.spelling import Language, camel, comment, number

WIDTHS = (8, 16, 32, 64)
KINDS = {FLAG: "bool", NUMBER: "uint64", BYTES: "[]byte"}


class Go(Language):
    """A structure is a type, its fields and rules are methods; results come with an `ok`."""

    size_name = "streamSize"

    def name(self, one: Declared, name: str) -> str:
        reader = one.readers.get(name)
        local = camel(name, is_local=True)
        return f"uint64({local})" if reader and reader.kind == NUMBER and reader.bits <= 32 else local

    def constant(self, kind: str, name: str) -> str:
        if kind == "places":
            return f"PlaceOf{camel(name)}"
        return f"{camel(name)}Guid[:]" if kind == "guids" else camel(name)

    def raw(self, value: bytes) -> str:
        return f"make([]byte, {len(value)})" if not any(value) else f"[]byte{{{', '.join(map(str, value))}}}"

    def equal(self, left: str, right: str, is_equal: bool) -> str:
        return f"{'' if is_equal else '!'}bytes.Equal({left}, {right})"

    def choice(self, test: str, yes: str, no: str) -> str:
        return f"choose({test}, {yes}, {no})"


GO = Go()


def emit_go(data: dict[str, Any], declared: list[Declared]) -> str:
    """`vhdx.go`."""
    parts = [(SUPPORT / "vhdx.go").read_text("utf-8"), _constants(data), *map(_structure, declared)]
    tables = "".join(map(_table, declared))
    parts.append(f"// Structures is every structure, as data.\nvar Structures = []Structure{{\n{tables}}}\n")
    return "\n".join(parts)


def _constants(data: dict[str, Any]) -> str:
    lines = []
    for one in constants(data):
        name = GO.constant(one.owner, one.id).removesuffix("[:]")
        if isinstance(one.value, int):
            shown = f"const {name} uint64 = {number(one.value)}"
        elif one.owner:
            shown = f"var {name} = [16]byte{{{', '.join(f'0x{byte:02X}' for byte in one.value)}}}"
        else:
            shown = f'var {name} = []byte("{one.value.decode("ascii")}")'
        lines.append(f"{comment(f'{name}: {one.doc}', '//')}{shown}\n")
    for enum, values in data["enums"].items():
        for value, item in values.items():
            name = camel(enum) + camel(item["id"])
            lines.append(f"{comment(name + ': ' + item['doc'], '//')}const {name} uint32 = {value}\n")
    return "\n".join(lines)


def _structure(one: Declared) -> str:
    name = camel(one.name)
    parts = [f"{comment(f'{name}: {one.doc}', '//')}type {name} []byte\n"]
    parts += [_method(one, reader.id, reader.doc, *_reader(one, reader)) for reader in one.readers.values()]
    parts += [_method(one, value.id, value.doc, *_value(one, value)) for value in one.values.values()]
    parts += [_method(one, rule.name, rule.doc, "", "bool", _byte_rule(one, rule)) for rule in one.byte_rules]
    return "\n".join(parts)


def _method(one: Declared, name: str, text: str, parameters: str, kind: str, body: str) -> str:
    head = f"func (b {camel(one.name)}) {camel(name)}({parameters}) (value {kind}, ok bool)"
    return f"{comment(f'{camel(name)}: {text}', '//')}{head} {{\n{body}}}\n"


def _reader(one: Declared, reader: Reader) -> tuple[str, str, str]:
    """Parameters, type and body."""
    end = str(one.big_endian).lower()
    call = f"integer(b, {reader.offset}, {reader.bit}, {reader.bits}, {end})"
    if reader.kind == BYTES:
        return "", "[]byte", f"\treturn slice(b, {reader.offset}, {reader.size})\n"
    if reader.kind == ELEMENTS:
        checked = f"\tif index < 0 || index > len(b)/{reader.size} {{\n\t\treturn nil, false\n\t}}\n"
        return (
            "index int",
            "[]byte",
            f"{checked}\treturn slice(b, {reader.offset}+{reader.size}*index, {reader.size})\n",
        )
    if reader.kind == REST:
        told, bits, bound = reader.count
        body = f"\tcount, ok := integer(b, {told}, 0, {bits}, {end})\n{_unless('ok', 'nil')}"
        body += f"\tstart := {reader.offset} + {reader.size}*least(int(count), {bound})\n"
        return "", "[]byte", f"{body}\treturn slice(b, start, least(len(b), {one.size})-start)\n"
    width = next(width for width in WIDTHS if width >= reader.bits)
    if reader.kind == NUMBER and width == 64:
        return "", "uint64", f"\treturn {call}\n"
    kind, made = (f"uint{width}", f"uint{width}(word)") if reader.kind == NUMBER else ("bool", "word != 0")
    return "", kind, f"\tword, ok := {call}\n\treturn {made}, ok\n"


def _unless(test: str, value: str) -> str:
    return f"\tif !{test} {{\n\t\treturn {value}, false\n\t}}\n"


def _value(one: Declared, value: Value) -> tuple[str, str, str]:
    body = ""
    for name in value.reads:
        argument = GO.size_name if one.is_sized(name) else ""
        body += f"\t{camel(name, is_local=True)}, ok := b.{camel(name)}({argument})\n{_unless('ok', 'value')}"
    parameters = f"{GO.size_name} uint64" if value.sized else ""
    return parameters, KINDS[value.kind], f"{body}\treturn {GO.spell(one, value.expression)}, true\n"


def _byte_rule(one: Declared, rule: Rule) -> str:
    if rule.kind == "zero":
        return f"\treturn bytesAreZero(b.{camel(rule.name.removesuffix('_bytes_are_zero'))}())\n"
    assert one.checksum is not None
    start, size, told = one.checksum
    if told is None:
        return f"\treturn checksumIsRight(b, {start}, {size}, true)\n"
    return f"\tsize, ok := integer(b, {told}, 0, 32, false)\n\treturn checksumIsRight(b, {start}, size, ok)\n"


def _table(one: Declared) -> str:
    owner, claims = camel(one.name), {rule.name for rule in one.rules}

    def wrapped(name: str) -> str:
        is_first = name in one.readers and one.readers[name].kind == ELEMENTS
        argument = GO.size_name if one.is_sized(name) else "0" if is_first else ""
        return f"\n\t\t\t\treturn {owner}(b).{camel(name)}({argument})\n\t\t\t"

    fields = "".join(
        f'\t\t\t{{"{reader.id}", {reader.offset}, {reader.size},'
        f" func(b []byte) (any, bool) {{{wrapped(reader.id)}}}}},\n"
        for reader in one.readers.values()
        if reader.kind != REST
    )
    derived = "".join(
        f'\t\t\t{{"{name}", func(b []byte, streamSize uint64) (any, bool) {{{wrapped(name)}}}}},\n'
        for name in one.values
        if name not in claims
    )
    rules = "".join(
        f'\t\t\t{{"{rule.id}", "{rule.name}", func(b []byte, streamSize uint64) (bool, bool)'
        f" {{{wrapped(rule.name)}}}}},\n"
        for rule in one.rules
    )
    lists = (("Field", fields), ("Derived", derived), ("Rule", rules))
    inner = "".join(f"\t\t[]{name}{{\n{rows}\t\t}},\n" if rows else "\t\tnil,\n" for name, rows in lists)
    return f'\t{{\n\t\t"{one.name}", {one.size or 0},\n{inner}\t}},\n'
