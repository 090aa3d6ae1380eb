"""Writes `vhdx.magic`: what `file` can say of a VHDX; entries of libmagic cannot compare the two headers."""

from __future__ import annotations

from typing import Any

HEAD = """# VHDX for file(1) and libmagic: who made it, and of both headers the sequence number and whether the log has
# to be replayed. The header with the larger number is the current one.
#
# Machine-written from formats/ by `make generate`; do not edit.
"""


def emit_magic(data: dict[str, Any]) -> str:
    """`vhdx.magic`."""
    structures, constants = data["structures"], data["constants"]

    def offset(structure: str, field: str) -> int:
        return int(next(item["offset"] for item in structures[structure]["fields"] if item["id"] == field))

    signature = constants["file_signature"]["value"].decode("ascii")
    creator, guid = offset("file_identifier", "creator"), offset("header", "log_guid")
    lines = [
        f"{offset('file_identifier', 'signature')}\tstring\t{signature}\tVHDX disk image",
        "!:ext\tvhdx/avhdx",
        f">{creator}\tuleshort\t!0",
        f'>>{creator}\tlestring16\tx\t\\b, made by "%s"',
    ]
    for place in data["places"]:
        if place["structure"] == "header":
            lines.append(f">{place['offset']:#x}\tuse\tvhdx-header-{place['id'].rpartition('_')[2]}")
    for place in data["places"]:
        if place["structure"] == "header":
            number = place["id"].rpartition("_")[2]
            lines += [
                f"0\tname\tvhdx-header-{number}",
                f">0\tstring\t{constants['header_signature']['value'].decode('ascii')}\t\\b; header {number}:",
                f">>{offset('header', 'sequence_number')}\tulequad\tx\tsequence number %llu",
                f">>{guid}\tulequad\t!0\t\\b, log to replay",
                f">>{guid}\tulequad\t0",
                f">>>{guid + 8}\tulequad\t!0\t\\b, log to replay",
                f">>>{guid + 8}\tulequad\t0\t\\b, no log to replay",
                f">0\tdefault\tx\t\\b; header {number}: none",
            ]
    return HEAD + "\n".join(lines) + "\n"
