"""Writes `vhdx.yar`: a rule that knows a VHDX, and one for each rule of a structure at a fixed place.

YARA has no unsigned integers of 64 bits: such a field is two words, and the few comparisons that the rules make of them
are spelled by halves. What cannot be spelled so is left out.
"""

from __future__ import annotations

import ast
from typing import Any

from formats.compiler.declared import BYTES, FLAG, NUMBER, Declared, Reader, Rule
from formats.compiler.spelling import Language

HEAD = """// VHDX for YARA: VHDX knows the files, VHDX_FTI_001 those that lost their signature only, and the others what
// is wrong in structures at fixed places (headers of either copy may be stale; what counts, a reader decides).
//
// Machine-written from formats/ by `make generate`; do not edit.
"""
WORD = (1 << 32) - 1


class UnsayableError(Exception):
    """YARA cannot say it."""


class Yara(Language):
    """Fields are read from the file where the structure lies, at `place`."""

    def __init__(self, data: dict[str, Any], place: int) -> None:
        self.data, self.place = data, place

    def name(self, one: Declared, name: str) -> str:
        if name in one.values:
            return f"({self.spell(one, one.values[name].expression)})"
        reader = one.readers[name]
        if reader.kind == BYTES or reader.bits > 32:
            raise UnsayableError(name)
        return self.word(reader)

    def word(self, reader: Reader, more: int = 0) -> str:
        """A field of at most 32 bits, or the word of a larger one that is `more` bytes in."""
        text = f"uint{min(reader.size, 4) * 8}({self.place + reader.offset + more:#x})"
        if reader.bits not in (8, 16, 32, 64):
            text = f"(({text} >> {reader.bit}) & {(1 << reader.bits) - 1:#x})"
        return f"({text} != 0)" if reader.kind == FLAG else text

    def constant(self, kind: str, name: str) -> str:
        return self.number(self.data[kind][name]["value"])

    def number(self, value: int) -> str:
        if value >= 1 << 63:
            raise UnsayableError(value)
        return super().number(value)

    def spell(self, one: Declared, node: ast.expr, depth: int = 0) -> str:
        if isinstance(node, ast.BoolOp):
            word = " and " if isinstance(node.op, ast.And) else " or "
            return f"({word.join(self.spell(one, part, 1) for part in node.values)})"
        if isinstance(node, ast.UnaryOp):
            return f"(not {self.spell(one, node.operand, 1)})"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and (low := self._wide(one, node.left)):
            return f"({self.word(low)} % {self.spell(one, node.right, 1)})"
        if isinstance(node, ast.Compare) and (reader := self._wide(one, node.left)):
            return self._wide_compared(one, node, reader)
        if isinstance(node, ast.Compare) and self._is_bytes(one, node.left):
            return self._bytes_compared(one, node)
        return super().spell(one, node, depth)

    def operator(self, kind: type) -> str:
        return "\\" if kind is ast.FloorDiv else super().operator(kind)

    def _wide(self, one: Declared, node: ast.expr) -> Reader | None:
        if not isinstance(node, ast.Subscript):
            return None
        reader = one.readers.get(str(ast.literal_eval(node.slice)))
        return reader if reader and reader.kind == NUMBER and reader.bits > 32 else None

    def _wide_compared(self, one: Declared, node: ast.Compare, reader: Reader) -> str:
        name = (
            str(ast.literal_eval(node.comparators[0].slice)) if isinstance(node.comparators[0], ast.Subscript) else ""
        )
        bound = self.data["constants"][one.constants[name][1]]["value"] if name in one.constants else None
        low, high = self.word(reader), self.word(reader, 4)
        if isinstance(node.ops[0], ast.Lt) and bound == (WORD << 32 | WORD):
            return f"({low} != {WORD:#x} or {high} != {WORD:#x})"
        if isinstance(node.ops[0], ast.GtE) and bound is not None and bound <= WORD:
            return f"({high} != 0 or {low} >= {bound:#x})"
        raise UnsayableError(ast.unparse(node))

    def _bytes_compared(self, one: Declared, node: ast.Compare) -> str:
        inner = node.left.value if isinstance(node.left, ast.Subscript) else node.left
        path = inner if isinstance(inner, ast.Subscript) else node.left
        assert isinstance(path, ast.Subscript)
        reader, right = one.readers[str(ast.literal_eval(path.slice))], node.comparators[0]
        if isinstance(right, ast.Subscript):
            kind, name = one.constants[str(ast.literal_eval(right.slice))]
            value = self.data[kind][name]["raw" if kind == "guids" else "value"]
        else:
            value = ast.literal_eval(right)
        text = self.same(self.place + reader.offset, value)
        return text if isinstance(node.ops[0], ast.Eq) else f"(not {text})"

    def same(self, offset: int, value: bytes) -> str:
        """The file has these bytes there."""
        words = [(at, value[at : at + 4]) for at in range(0, len(value), 4)]
        tests = [f"uint32be({offset + at:#x}) == 0x{word.hex().upper()}" for at, word in words]
        return f"({' and '.join(tests)})"


def emit_yara(data: dict[str, Any], declared: list[Declared]) -> str:
    """`vhdx.yar`."""
    known = {one.name: one for one in declared}
    places = [(place["id"], place["offset"], known[place["structure"]]) for place in data["places"]]
    parts = [HEAD, *_whole(data, places)]
    for label, at, one in places:
        inner = known.get(f"{one.name}_header")
        for part in (one, *([inner] if inner else [])):
            for rule in part.rules:
                if rule.id != "FTI-001" and (text := _broken(data, at, part, rule)):
                    name = f"VHDX_{rule.id.replace('-', '_')}_{label}"
                    condition = f"VHDX and filesize >= {at + (part.size or 0):#x} and {text}"
                    parts.append(_rule(name, rule.doc, condition, rule.id))
    return "\n".join(parts)


def _whole(data: dict[str, Any], places: list[tuple[str, int, Declared]]) -> list[str]:
    """What can be said of the file as a whole."""
    spell = Yara(data, 0)
    value = {name: item["value"] for name, item in data["constants"].items()}
    first = spell.same(0, value["file_signature"])
    headers = [(at, one) for _, at, one in places if one.name == "header"]
    heads = [spell.same(at, value["header_signature"]) for at, _ in headers]
    tables = [spell.same(at, value["region_signature"]) for _, at, one in places if one.name == "region_table"]
    lost = f"not {first} and ({' or '.join(heads)}) and ({' or '.join(tables)})"
    set_guids = [f"not {spell.same(at + one.readers['log_guid'].offset, bytes(16))}" for at, one in headers]
    dirty = " or ".join(f"({head} and {guid})" for head, guid in zip(heads, set_guids, strict=True))
    return [
        _rule("VHDX", "A VHDX, by its first bytes.", first),
        _rule("VHDX_FTI_001", "Only the signature of the file is lost.", lost, "FTI-001"),
        _rule("VHDX_log_to_replay", "A header, perhaps a stale one, names a log to replay.", f"VHDX and ({dirty})"),
    ]


def _broken(data: dict[str, Any], at: int, one: Declared, rule: Rule) -> str:
    """The condition that a rule is broken, or an empty text where YARA cannot say it."""
    language = Yara(data, at)
    if rule.kind == "zero":
        reader = one.readers[rule.name.removesuffix("_bytes_are_zero")]
        if reader.kind != BYTES or reader.size % 4:
            return ""
        last, start = reader.size // 4 - 1, at + reader.offset
        return f"not for all i in (0..{last}) : (uint32({start:#x} + 4 * i) == 0)"
    if rule.kind != "value":
        return ""
    try:
        return f"not {language.spell(one, one.values[rule.name].expression, 1)}"
    except UnsayableError:
        return ""


def _rule(name: str, claim: str, condition: str, rule: str = "") -> str:
    quoted = " ".join(claim.split()).replace("\\", "\\\\").replace('"', '\\"')
    meta = f'    claim = "{quoted}"\n' + (f'    id = "{rule}"\n' if rule else "")
    return f"rule {name} {{\n  meta:\n{meta}  condition:\n    {condition}\n}}\n"
