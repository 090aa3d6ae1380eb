"""Writes `vhdx.ksy`: the map and all that it imports as one Kaitai schema, without keys of our own."""

from __future__ import annotations

import re
from typing import Any

import yaml

from formats.compiler.model import Model
from formats.compiler.schema import Schema, section

SPECIFICATION = "https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477"
HEAD = "# Machine-written from formats/ by `make generate`; do not edit.\n"
OWN = ("id", "title", "file-extension", "application", "xref", "license", "ks-version", "imports")
KEPT = ("-orig-id",)
SHOWN_FIELDS = 3
DULL = ("checksum", "reserved", "signature")


def emit_bundle(model: Model) -> str:
    """`vhdx.ksy`."""
    by_id = {schema.id: schema for schema in model.schemas}
    top = next(schema for schema in model.schemas if schema.is_map)
    bundle = _type(top.data, "")
    bundle["meta"] = {key: value for key, value in top.data["meta"].items() if key != "imports"}
    bundle["types"] = {name: _type(data, "MS-VHDX 2") for name, data in top.data["types"].items()}
    for name in _imports(by_id, top):
        bundle["types"][name] = _type(by_id[name].data, "MS-VHDX 2")
    ordered = ("meta", "doc", "doc-ref", "-orig-id", "seq", "instances", "types", "enums")
    bundle = {key: bundle[key] for key in ordered if key in bundle}
    dumped: str = yaml.dump(bundle, Dumper=_Dumper, sort_keys=False, width=200, allow_unicode=True)
    return HEAD + dumped


class _Dumper(yaml.SafeDumper):
    """Lists stand further in than their key, and nothing is written as a reference to something earlier."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_str(self, data: str) -> Any:
        """Prose of several lines stands as it is."""
        text = "".join(f"{line.rstrip()}\n" for line in data.splitlines()) if "\n" in data else data
        return self.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in data else None)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, _Dumper.represent_str)


def _imports(by_id: dict[str, Schema], schema: Schema) -> list[str]:
    """What a schema imports, and what that imports, each once."""
    found: list[str] = []
    for name in schema.data["meta"].get("imports", ()):
        found += [one for one in (*_imports(by_id, by_id[name]), name) if one not in found]
    return list(dict.fromkeys(found))


def _type(data: dict[str, Any], outer: str) -> dict[str, Any]:
    """A schema or type as a nested type; `outer` is the section that it stands in, where it names none."""
    found = _public(data)
    meta = {key: value for key, value in data.get("meta", {}).items() if key not in OWN}
    found = ({"meta": meta} if meta else {}) | {key: value for key, value in found.items() if key != "meta"}
    reference = str(data.get("doc-ref", outer))
    if reference.startswith("MS-VHDX"):
        found["doc-ref"] = f"{SPECIFICATION} MS-VHDX {section(reference)}"
    elif not reference.startswith("http"):
        found.pop("doc-ref", None)
        found["doc"] = f"{str(data['doc']).rstrip()} ({reference})"
    if shown := _representation(data):
        found["-webide-representation"] = shown
    if "types" in data:
        found["types"] = {name: _type(inner, reference) for name, inner in data["types"].items()}
    ordered = (
        "meta",
        "doc",
        "doc-ref",
        "-orig-id",
        "-webide-representation",
        "params",
        "seq",
        "instances",
        "types",
        "enums",
    )
    return {key: found[key] for key in ordered if key in found}


def _representation(data: dict[str, Any]) -> str:
    """What the Web IDE shows of a structure in a line: its first fields that say something."""
    names = [
        item["id"]
        for item in data.get("seq", ())
        if re.fullmatch(r"[ub]\d+", str(item.get("type"))) and not item["id"].startswith(DULL)
    ]
    if not names and [item["id"] for item in data.get("seq", ())] == ["raw"]:
        return "{raw:hex}"
    return ", ".join(f"{name}: {{{name}:dec}}" for name in names[:SHOWN_FIELDS])


def _public(value: Any) -> Any:
    """The same without keys of our own."""
    if isinstance(value, dict):
        return {key: _public(item) for key, item in value.items() if not str(key).startswith("-") or key in KEPT}
    return [_public(item) for item in value] if isinstance(value, list) else value
