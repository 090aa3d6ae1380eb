"""Writes `builders.py`: a construct for each structure, with the same names and the same values as the Kaitai parser.

Sizes, counts and conditions are the expressions of the generated parser, with `ctx` in place of the object.
"""

from __future__ import annotations

import ast

from formats.compiler.expressions import Parsers, context, source, subscripts
from formats.compiler.literals import Positional, Source, module, quoted, render
from formats.compiler.model import GUID_STRUCTURE, INTEGER_SIZES, Field, Model, Structure, structure_of

TITLE = """Builders: a construct for each structure, with the same names and the same values as the parsers.

A mapping goes in and bytes come out, whatever the rules say of them. Every field must be given; a conditional one may
be None. A list is written at its own length and trailing bytes as they are; only parsing follows the counts."""
INTEGERS = {1: "Int8u", 2: "Int16u", 4: "Int32u", 8: "Int64u"}
ORDER = {"le": "l", "be": "b"}


def emit_builders(model: Model, parsers: Parsers) -> str:
    """`builders.py`."""
    bodies = [_structure(model, parsers, structure) for structure in _dependencies_first(model)]
    table = "".join(f"    {quoted(name)}: {name},\n" for name in model.structures)
    body = "\n\n".join(bodies) + f"\n\nBUILDERS: Final[dict[str, Construct]] = {{\n{table}}}\n"
    return module(TITLE, "builders_support.py", body)


def _dependencies_first(model: Model) -> list[Structure]:
    done: dict[str, Structure] = {}

    def visit(structure: Structure) -> None:
        for item in structure.fields:
            inner = structure_of(model, item)
            if inner is not None:
                visit(inner)
        done.setdefault(structure.name, structure)

    for structure in model.structures.values():
        visit(structure)
    return list(done.values())


def _structure(model: Model, parsers: Parsers, structure: Structure) -> str:
    lines = _positioned(parsers, structure)
    word = ""
    for item in structure.fields:
        if item.type == "bits":
            if item.bit_offset == 0:
                word = f"_word_at_{item.offset}"
                lines.append(_entry(word, _word(structure, item)))
            lines.append(_entry(item.id, _part(word, item)))
        else:
            lines.append(_entry(item.id, _field(parsers, structure, item)))
    return f"{structure.name} = Struct(\n{''.join(lines)})"


def _entry(name: str, value: Positional | Source) -> str:
    opening = f"{quoted(name)} / "
    return f"    {opening}{render(value, 1, len(opening))},\n"


def _positioned(parsers: Parsers, structure: Structure) -> list[str]:
    """The instances elsewhere in the structure that decide how it is read; only parsing looks at them."""
    generated = parsers.of(structure)
    wanted = {
        name
        for condition in generated.conditions.values()
        for name in subscripts(parsers.inline(structure, condition, context(), "if"))
    }
    lines = []
    for name in sorted(wanted & set(generated.positioned)):
        position, size = generated.positioned[name]
        lines.append(_entry(name, Positional("_peek", (Source(source(position)), Source(source(size))))))
    return lines


def _word(structure: Structure, first: Field) -> Positional:
    """The word that begins with a bit field."""
    parts = [item for item in structure.fields if item.type == "bits" and item.offset == first.offset]
    widths = ", ".join(f"{item.id}={item.bits}" for item in parts)
    return Positional("Rebuild", (_integer(structure, first.size or 0), Source(f"_join({widths})")))


def _integer(structure: Structure, size: int) -> Source:
    return Source(INTEGERS[size] + ORDER[structure.endian])


def _part(word: str, item: Field) -> Positional:
    if item.bits == 1:
        return Positional("_flag", (word, item.bit_offset))
    return Positional("_bits", (word, item.bit_offset, item.bits))


def _field(parsers: Parsers, structure: Structure, item: Field) -> Positional | Source:
    generated = parsers.of(structure)

    def parsed(helper: str, expression: ast.expr) -> Positional:
        inlined = source(parsers.inline(structure, expression, context(), item.id))
        return Positional(helper, (item.id, Source(f"lambda ctx: {inlined}")))

    code: Positional | Source
    if item.type == "bytes":
        if item.data.get("size-eos"):
            code = Source("GreedyBytes")
        elif item.size is not None:
            code = Source(f"Bytes({item.size})")
        else:
            code = Positional("Bytes", (parsed("_size", generated.sizes[item.id]),))
    elif item.type in INTEGER_SIZES:
        code = _integer(structure, INTEGER_SIZES[item.type])
    else:
        code = Source(GUID_STRUCTURE if item.type == "guid" else item.type)
        if item.id in generated.sizes:
            size = source(parsers.inline(structure, generated.sizes[item.id], context(), item.id))
            code = Positional("FixedSized", (Source(size), code))
    if item.id in generated.counts:
        code = Positional("Array", (parsed("_count", generated.counts[item.id]), code))
    if item.id in generated.conditions:
        code = Positional("If", (parsed("_present", generated.conditions[item.id]), code))
    return code
