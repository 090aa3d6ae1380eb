"""Parsing whole, cut and damaged structures: what is answered, what cannot be, and where a finding points."""

from __future__ import annotations

import struct
from uuid import UUID

import pytest
from crc32c import crc32c

from vhdx_runtime.codec import checksum, decode, encode
from vhdx_runtime.findings import make


def header(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "signature": b"head",
        "sequence_number": 7,
        "file_write_guid": b"\1" * 16,
        "data_write_guid": b"\2" * 16,
        "version": 1,
        "log_length": 1 << 20,
        "log_offset": 1 << 20,
    }
    return encode.seal("header", encode.build("header", fields | changes))


def rules(raw: bytes, offset: int = 65536) -> list[str]:
    return [finding.rule for finding in decode.findings(decode.structure("header", raw, offset))]


def test_a_sound_header_breaks_nothing() -> None:
    raw = header()
    assert len(raw) == 4096
    assert rules(raw) == []
    assert decode.checksum_finding(decode.structure("header", raw)) is None


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"signature": b"Head"}, ["HDR-001"]),
        ({"version": 2}, ["HDR-006"]),
        ({"log_length": 4096}, ["HDR-008"]),
        ({"log_offset": 4096}, ["HDR-009", "HDR-010"]),
        ({"log_guid": b"\3" * 16, "log_length": 0}, ["HDR-013"]),
        ({"sequence_number": 2**64 - 1}, ["HDR-019"]),
        ({"data_write_guid": bytes(16)}, ["HDR-018"]),
    ],
)
def test_a_damaged_field_breaks_its_rule_only(changes: dict[str, object], broken: list[str]) -> None:
    assert sorted(rules(header(**changes))) == broken


def test_checksum_covers_4096_bytes_with_its_own_as_zero() -> None:
    raw = header()
    stored = struct.unpack_from("<I", raw, 4)[0]
    assert stored == crc32c(raw[:4] + bytes(4) + raw[8:]) == checksum.compute("header", raw)


@pytest.mark.parametrize("size", [0, 3, 4, 7, 8, 16, 31, 47, 63, 66, 79, 80, 100, 4095])
def test_what_was_not_read_is_neither_right_nor_wrong(size: int) -> None:
    cut = decode.structure("header", header(version=9, signature=b"????")[:size])
    assert not cut.complete
    broken = {finding.rule for finding in decode.findings(cut)}
    assert ("HDR-001" in broken) == (size >= 4)
    assert ("HDR-006" in broken) == (size >= 68)
    finding = decode.checksum_finding(cut)
    assert finding is not None
    assert finding.rule == "HDR-002"


def test_a_finding_names_field_offset_found_rule_and_section() -> None:
    placed = decode.structure("header", header(version=9), 131072, "header 2")
    (finding,) = decode.findings(placed)
    assert finding.place == ("header 2", "version", 131072 + 66)
    assert "header 2 version at 0x20042: version 9, expected" in finding.message
    assert finding.message.endswith("(HDR-006, MS-VHDX 2.2.2)")
    error = finding.error()
    assert (error.rule, error.spec) == ("HDR-006", "2.2.2")


def test_the_verdict_follows_the_declared_condition() -> None:
    place = decode.structure("header", header()).place("log_length")
    assert make("HDR-008", place, "", "", ["log_guid_set"]).verdict == "refuse"
    assert make("HDR-008", place, "", "", ["log_guid_nil"]).verdict == "warn"
    assert make("HDR-008", place, "", "").verdict == "degrade"


def test_building_refuses_unknown_fields_and_values_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="no field nonsense"):
        encode.build("header", {"nonsense": 1})
    with pytest.raises(ValueError, match="header"):
        encode.build("header", {"version": 1 << 16})


def test_guid_text_swaps_the_first_three_groups() -> None:
    text = "2dc27766-f623-4200-9d64-115e9bfd4a08"
    assert decode.guid_text(bytes.fromhex("6677c22d23f600429d64115e9bfd4a08")) == text
    assert UUID(text).bytes_le.hex() == "6677c22d23f600429d64115e9bfd4a08"
