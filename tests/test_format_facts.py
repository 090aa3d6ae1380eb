"""No offset, size, GUID, signature or struct format of VHDX is typed in vhdx_runtime: they come from the schemas."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.modules import MODULES, dotted, tree, where

# Facts of the format, typed here a second time on purpose: the test must not learn them from what it checks.
SIGNATURES = {b"vhdxfile", b"head", b"regi", b"loge", b"zero", b"desc", b"data", b"metadata"}
PLACES = {0x10000: "header 1", 0x20000: "header 2", 0x30000: "region table 1", 0x40000: "region table 2"}
NUMBERS = PLACES | {
    2047: "entries of a table",
    1 << 23: "sectors of a chunk",
    64 << 40: "largest disk",
    4016: "reserved bytes",
}
GUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
STRUCT_FORMAT = re.compile(r"[<>=!@](\d*[xcbB?hHiIlLqQnNefdspP])+")

# Constants that look like a fact of the format and are none: (module, name): what it is.
OTHER_MEANING = {
    ("disk.sorted_extents", "STEP"): "extents looked at together",
    ("conformance.build.digests", "_UNIT"): "unit of the sparse digest",
    ("conformance.build.model", "_DIGEST_UNIT"): "unit of the sparse digest",
    ("conformance.build.pattern", "WINDOW"): "length of the noise that payload is cut from",
    ("conformance.build.pattern", "_RUN"): "units made at a time",
    ("conformance.judge.sampling", "_BORDER"): "length of a sample",
    ("conformance.build.sparse", "_CHUNK"): "granularity of memory",
    ("disk.virtual", "_DIRECT_KEPT"): "blocks remembered",
    ("fuzz.sparse_copies", "_UNIT"): "unit of the sparse digest",
    ("disk.mapping", "_MEMO"): "blocks remembered",
    ("transfer.digest", "SPARSE_UNIT"): "unit of the sparse digest",
}


# Modules that write and read a format of their own.
OWN_FORMAT = {
    "conformance.release.packed_image": "images packed for distribution",
    "conformance.release.unpackers.unpack": "the same, for whoever unpacks them without this package",
}


def constants(path: Path) -> Iterator[tuple[int, str, object]]:
    """Every constant of a module except docstrings: line, the name that the module gives to it (or ""), value.

    Arithmetic of constants is folded: 64 * 1024 is 65536.
    """
    for statement in tree(path).body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        name = target.id if isinstance(target, ast.Name) else ""
        documentation = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Expr)}
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and id(node) not in documentation:
                yield node.lineno, name, node.value
            elif isinstance(node, ast.BinOp) and all(
                isinstance(part, ast.Constant | ast.BinOp | ast.operator) for part in ast.walk(node)
            ):
                yield node.lineno, name, eval(compile(ast.Expression(node), str(path), "eval"), {"__builtins__": {}})


def format_fact(value: object) -> str | None:
    """What fact of the format `value` is, or None."""
    if isinstance(value, bytes):
        if value in SIGNATURES:
            return f"the signature {value!r}"
        return "sixteen bytes, as of a GUID" if len(value) == 16 and any(value) else None
    if isinstance(value, str):
        if GUID_TEXT.search(value):
            return f"the GUID {value}"
        return f"the struct format {value!r}" if STRUCT_FORMAT.fullmatch(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:#x}, as {NUMBERS[value]}" if value in NUMBERS else None
    return None


def facts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, constant's name and meaning of what looks like a fact of the format."""
    return ((line, name, fact) for line, name, value in constants(path) if (fact := format_fact(value)))


@pytest.mark.parametrize("path", [path for path in MODULES if dotted(path) not in OWN_FORMAT], ids=dotted)
def test_no_fact_of_the_format_is_typed_in_the_runtime(path: Path) -> None:
    found = [
        f"{where(path, line)} {name} {fact}"
        for line, name, fact in facts(path)
        if (dotted(path), name) not in OTHER_MEANING
    ]
    assert not found, "\n".join(found)


def test_every_exception_is_still_needed() -> None:
    needed = {(dotted(path), name) for path in MODULES for _, name, _ in facts(path)}
    modules = {dotted(path) for path in MODULES}
    assert not [key for key in OTHER_MEANING if key[0] in modules and key not in needed]


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("OFFSET = 192 * 1024", True),
        ("OFFSET = 1 << 16", True),
        ("mark = b'head'", True),
        ("kind = 'data'", False),
        ("layout = '<4sIQ'", True),
        ("zone = '2DC27766-F623-4200-9D64-115E9BFD4A08'", True),
        ('"""65536 in b\'head\' is only prose."""', False),
        ("step = 1 << 20", False),
    ],
)
def test_the_search_for_facts_finds_them(tmp_path: Path, text: str, caught: bool) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    assert bool(list(facts(path))) is caught
