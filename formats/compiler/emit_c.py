"""Writes `vhdx.h`: the structures of fixed form, constants, GUIDs and enumerations for C and C++."""

from __future__ import annotations

from typing import Any

from formats.compiler.layout_data import names

INTEGERS = {"u1": "uint8_t", "u2": "uint16_t", "u4": "uint32_t", "u8": "uint64_t"}
WORDS = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t", 8: "uint64_t"}

HEAD = """/* The layout of VHDX for C and C++.
 *
 * Integers are little-endian, as stored. Structures have no padding. Bit fields are macros over the word that
 * holds them: (word & ..._MASK) >> ..._SHIFT. Texts are ASCII, without a terminator in the file.
 *
 * Machine-written from formats/ by `make generate`; do not edit.
 */
#ifndef VHDX_H
#define VHDX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define VHDX_STATIC_ASSERT static_assert
#else
#define VHDX_STATIC_ASSERT _Static_assert
#endif
"""


def emit_c(data: dict[str, Any]) -> str:
    """`vhdx.h`."""
    parts = [HEAD, _constants(data), _guids(data), _enums(data), "#pragma pack(push, 1)\n"]
    structures = data["structures"]
    done: list[str] = []

    def add(name: str) -> None:
        if name in done or not _is_fixed(structures, name):
            return
        for item in structures[name]["fields"]:
            inner = _inner(item)
            if inner:
                add(inner)
        done.append(name)
        parts.append(_structure(structures[name]))

    for name in structures:
        add(name)
    parts.append("#pragma pack(pop)\n")
    parts += [_asserts(structures[name]) for name in done]
    parts.append("#endif\n")
    return "\n".join(parts)


def _inner(item: dict[str, Any]) -> str | None:
    if item["type"] == "guid":
        return "ms_guid"
    return None if item["type"] in (*INTEGERS, "bytes", "bits") else item["type"]


def _is_fixed(structures: dict[str, Any], name: str) -> bool:
    """True where every field has its place and size, and none repeats."""
    return all(
        item["offset"] is not None
        and item["size"] is not None
        and not item["repeat"]
        and (_inner(item) is None or _is_fixed(structures, _inner(item) or ""))
        for item in structures[name]["fields"]
    )


def _comment(text: str) -> str:
    return "/* " + text.replace("*/", "* /") + " */"


def _define(name: str, value: str, text: str) -> str:
    line = f"#define {name} {value}"
    return f"{_comment(text)}\n{line}\n" if text else f"{line}\n"


def _number(value: int) -> str:
    if value < 1 << 16:
        return str(value)
    return f"UINT32_C(0x{value:X})" if value < 1 << 32 else f"UINT64_C(0x{value:X})"


def _constants(data: dict[str, Any]) -> str:
    lines = []
    for name, item in data["constants"].items():
        value = item["value"]
        shown = _number(value) if isinstance(value, int) else '"' + value.decode("ascii") + '"'
        lines.append(_define(f"VHDX_{name.upper()}", shown, item["doc"]))
    return "".join(lines)


def _guids(data: dict[str, Any]) -> str:
    """Initialisers of `struct vhdx_ms_guid`."""
    lines = []
    for name, item in data["guids"].items():
        raw = ", ".join(f"0x{byte:02X}" for byte in item["raw"])
        lines.append(_define(f"VHDX_{name.upper()}_GUID", f"{{{{{raw}}}}}", f"{item['value']}: {item['doc']}"))
    return "".join(lines)


def _enums(data: dict[str, Any]) -> str:
    known = names(data)
    parts: list[str] = []
    for enum, values in data["enums"].items():
        lines = []
        for item in values.values():
            name = f"{enum.upper()}_{item['id'].upper()}"
            lines.append(f"  VHDX_{name} = {int(known[name])}, {_comment(item['doc'])}\n")
        parts.append(f"enum vhdx_{enum} {{\n{''.join(lines)}}};\n")
    return "\n".join(parts)


def word_name(structure: dict[str, Any], item: dict[str, Any]) -> str:
    """The member that holds a bit field: "word", or "word_at_28" where a structure has several."""
    words = {field["offset"] for field in structure["fields"] if field["type"] == "bits"}
    return "word" if len(words) == 1 else f"word_at_{item['offset']}"


def _structure(structure: dict[str, Any]) -> str:
    name = structure["name"]
    fields = structure["fields"]
    alternatives = all(item["condition"] for item in fields)
    members, macros = [], []
    for item in fields:
        if item["type"] == "bits":
            macros.append(_bit_macros(name, item))
            if item["bit_offset"] == 0:
                members.append(f"  {WORDS[item['size']]} {word_name(structure, item)};\n")
        else:
            members.append(f"  {_declaration(item)}; {_comment(_unit(item))}\n")
    if alternatives:
        members.append(f"  uint8_t raw[{structure['size']}];\n")
    keyword = "union" if alternatives else "struct"
    source = f"MS-VHDX {structure['section']}" if structure["section"][:1].isdigit() else structure["section"]
    title = f"{structure['doc']} {source}".rstrip()
    return f"{_comment(title)}\n{keyword} vhdx_{name} {{\n{''.join(members)}}};\n{''.join(macros)}"


def _unit(item: dict[str, Any]) -> str:
    return f"{item['doc']} In {item['unit']}." if item["unit"] else str(item["doc"])


def _declaration(item: dict[str, Any]) -> str:
    if item["type"] == "bytes":
        return f"uint8_t {item['id']}[{item['size']}]"
    if item["type"] in INTEGERS:
        return f"{INTEGERS[item['type']]} {item['id']}"
    return f"struct vhdx_{_inner(item)} {item['id']}"


def _bit_macros(structure: str, item: dict[str, Any]) -> str:
    prefix = f"VHDX_{structure.upper()}_{item['id'].upper()}"
    mask = ((1 << item["bits"]) - 1) << item["bit_offset"]
    width = item["size"] * 8
    suffix = f"UINT{width}_C(0x{mask:0{item['size'] * 2}X})"
    return f"{_comment(item['doc'])}\n#define {prefix}_SHIFT {item['bit_offset']}\n#define {prefix}_MASK {suffix}\n"


def _asserts(structure: dict[str, Any]) -> str:
    name = structure["name"]
    keyword = "union" if all(item["condition"] for item in structure["fields"]) else "struct"
    lines = [f'VHDX_STATIC_ASSERT(sizeof({keyword} vhdx_{name}) == {structure["size"]}, "size of {name}");\n']
    for item in structure["fields"]:
        if item["type"] != "bits" or item["bit_offset"] == 0:
            member = word_name(structure, item) if item["type"] == "bits" else item["id"]
            lines.append(
                f"VHDX_STATIC_ASSERT(offsetof({keyword} vhdx_{name}, {member}) == {item['offset']},"
                f' "offset of {name}.{member}");\n'
            )
    return "".join(lines)
