"""The layout says what the specification says: compared with literals typed here, from the tables of MS-VHDX."""

from __future__ import annotations

from tests.support.patience import assert_quick

import json
import re
import struct
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from vhdx_format import layout
from vhdx_format.layout import CONSTANTS, ENUMS, GUIDS, PLACES, STRUCTURES

# structure: size, then offset, size and spelling of each field
FIELDS: dict[str, tuple[int, list[tuple[int, int, str]]]] = {
    "file_identifier": (65536, [(0, 8, "Signature"), (8, 512, "Creator"), (520, 65016, "Reserved")]),
    "header": (
        4096,
        [
            (0, 4, "Signature"),
            (4, 4, "Checksum"),
            (8, 8, "SequenceNumber"),
            (16, 16, "FileWriteGuid"),
            (32, 16, "DataWriteGuid"),
            (48, 16, "LogGuid"),
            (64, 2, "LogVersion"),
            (66, 2, "Version"),
            (68, 4, "LogLength"),
            (72, 8, "LogOffset"),
            (80, 4016, "Reserved"),
        ],
    ),
    "region_table_header": (16, [(0, 4, "Signature"), (4, 4, "Checksum"), (8, 4, "EntryCount"), (12, 4, "Reserved")]),
    "region_table_entry": (32, [(0, 16, "Guid"), (16, 8, "FileOffset"), (24, 4, "Length"), (28, 4, "Required")]),
    "log_entry_header": (
        64,
        [
            (0, 4, "Signature"),
            (4, 4, "Checksum"),
            (8, 4, "EntryLength"),
            (12, 4, "Tail"),
            (16, 8, "SequenceNumber"),
            (24, 4, "DescriptorCount"),
            (28, 4, "Reserved"),
            (32, 16, "LogGuid"),
            (48, 8, "FlushedFileOffset"),
            (56, 8, "LastFileOffset"),
        ],
    ),
    "zero_descriptor": (
        32,
        [
            (0, 4, "ZeroSignature"),
            (4, 4, "Reserved"),
            (8, 8, "ZeroLength"),
            (16, 8, "FileOffset"),
            (24, 8, "SequenceNumber"),
        ],
    ),
    "data_descriptor": (
        32,
        [
            (0, 4, "DataSignature"),
            (4, 4, "TrailingBytes"),
            (8, 8, "LeadingBytes"),
            (16, 8, "FileOffset"),
            (24, 8, "SequenceNumber"),
        ],
    ),
    "data_sector": (
        4096,
        [(0, 4, "DataSignature"), (4, 4, "SequenceHigh"), (8, 4084, "Data"), (4092, 4, "SequenceLow")],
    ),
    "metadata_table_header": (
        32,
        [(0, 8, "Signature"), (8, 2, "Reserved"), (10, 2, "EntryCount"), (12, 20, "Reserved2")],
    ),
    "metadata_table_entry": (
        32,
        [
            (0, 16, "ItemId"),
            (16, 4, "Offset"),
            (20, 4, "Length"),
            (24, 4, "IsUser"),
            (24, 4, "IsVirtualDisk"),
            (24, 4, "IsRequired"),
            (28, 4, "Reserved2"),
        ],
    ),
    "file_parameters": (8, [(0, 4, "BlockSize"), (4, 4, "LeaveBlockAllocated"), (4, 4, "HasParent")]),
    "virtual_disk_size": (8, [(0, 8, "VirtualDiskSize")]),
    "logical_sector_size": (4, [(0, 4, "LogicalSectorSize")]),
    "physical_sector_size": (4, [(0, 4, "PhysicalSectorSize")]),
    "parent_locator_header": (20, [(0, 16, "LocatorType"), (16, 2, "Reserved"), (18, 2, "KeyValueCount")]),
    "parent_locator_entry": (
        12,
        [(0, 4, "KeyOffset"), (4, 4, "ValueOffset"), (8, 2, "KeyLength"), (10, 2, "ValueLength")],
    ),
}

BITS = {
    ("bat_entry", "state"): (0, 3),
    ("bat_entry", "reserved"): (3, 17),
    ("bat_entry", "file_offset_mb_low"): (20, 12),
    ("bat_entry", "file_offset_mb_high"): (32, 32),
    ("region_table_entry", "required"): (0, 1),
    ("metadata_table_entry", "is_user"): (0, 1),
    ("metadata_table_entry", "is_virtual_disk"): (1, 1),
    ("metadata_table_entry", "is_required"): (2, 1),
    ("metadata_table_entry", "reserved"): (3, 29),
    ("file_parameters", "leave_block_allocated"): (0, 1),
    ("file_parameters", "has_parent"): (1, 1),
    ("file_parameters", "reserved"): (2, 30),
}

VALUES: dict[str, int | bytes] = {
    "FILE_SIGNATURE": b"vhdxfile",
    "HEADER_SIGNATURE": b"head",
    "REGION_SIGNATURE": b"regi",
    "LOG_ENTRY_SIGNATURE": b"loge",
    "ZERO_DESCRIPTOR_SIGNATURE": b"zero",
    "DATA_DESCRIPTOR_SIGNATURE": b"desc",
    "DATA_SECTOR_SIGNATURE": b"data",
    "METADATA_SIGNATURE": b"metadata",
    "HEADER_VERSION": 1,
    "LOG_VERSION": 0,
    "HEADER_SIZE": 4 * 1024,
    "REGION_TABLE_SIZE": 64 * 1024,
    "METADATA_TABLE_SIZE": 64 * 1024,
    "OBJECT_ALIGNMENT": 1024**2,
    "HEADER_SECTION_SIZE": 1024**2,
    "LOG_SECTOR_SIZE": 4096,
    "REGION_ENTRIES_MAX": 2047,
    "METADATA_ENTRIES_MAX": 2047,
    "METADATA_USER_ENTRIES_MAX": 1024,
    "METADATA_ITEM_LENGTH_MAX": 1024**2,
    "SECTORS_PER_CHUNK": 2**23,
    "SECTOR_BITMAP_BLOCK_SIZE": 2**20,
    "BLOCK_SIZE_MIN": 2**20,
    "BLOCK_SIZE_MAX": 2**28,
    "VIRTUAL_DISK_SIZE_MAX": 64 * 1024**4,
    "BAT_STATE_MASK": 0b111,
    "BAT_FILE_OFFSET_MASK": 2**64 - 2**20,
    "SEQUENCE_NUMBER_MAX": 2**64 - 1,
    "PAYLOAD_BLOCK_STATE_NOT_PRESENT": 0,
    "PAYLOAD_BLOCK_STATE_UNDEFINED": 1,
    "PAYLOAD_BLOCK_STATE_ZERO": 2,
    "PAYLOAD_BLOCK_STATE_UNMAPPED": 3,
    "PAYLOAD_BLOCK_STATE_FULLY_PRESENT": 6,
    "PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT": 7,
    "SECTOR_BITMAP_BLOCK_STATE_NOT_PRESENT": 0,
    "SECTOR_BITMAP_BLOCK_STATE_PRESENT": 6,
}

# as the specification writes them, and as a hex dump of a file shows them
RAW_GUIDS = {
    "BAT_REGION_GUID": ("2DC27766-F623-4200-9D64-115E9BFD4A08", "6677c22d23f600429d64115e9bfd4a08"),
    "METADATA_REGION_GUID": ("8B7CA206-4790-4B9A-B8FE-575F050F886E", "06a27c8b90479a4bb8fe575f050f886e"),
    "FILE_PARAMETERS_GUID": ("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", "3767a1ca36fa434db3b633f0aa44e76b"),
    "VIRTUAL_DISK_SIZE_GUID": ("2FA54224-CD1B-4876-B211-5DBED83BF4B8", "2442a52f1bcd7648b2115dbed83bf4b8"),
    "VIRTUAL_DISK_ID_GUID": ("BECA12AB-B2E6-4523-93EF-C309E000C746", "ab12cabee6b2234593efc309e000c746"),
    "LOGICAL_SECTOR_SIZE_GUID": ("8141BF1D-A96F-4709-BA47-F233A8FAAB5F", "1dbf41816fa90947ba47f233a8faab5f"),
    "PHYSICAL_SECTOR_SIZE_GUID": ("CDA348C7-445D-4471-9CC9-E9885251C556", "c748a3cd5d4471449cc9e9885251c556"),
    "PARENT_LOCATOR_GUID": ("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C", "2d5fd3a80bb34d45abf7d3d84834ab0c"),
    "VHDX_LOCATOR_TYPE_GUID": ("B04AEFB7-D19E-4A81-B789-25B8E9445913", "b7ef4ab09ed1814ab78925b8e9445913"),
}


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_fields_lie_where_the_specification_has_them(name: str) -> None:
    size, expected = FIELDS[name]
    assert STRUCTURES[name].size == size
    found = {spelling: field for field in STRUCTURES[name].fields for spelling in field.orig_ids}
    for offset, length, spelling in expected:
        field = (
            found[spelling]
            if spelling in found
            else next(item for item in STRUCTURES[name].fields if item.offset == offset)
        )
        assert (field.offset, field.size) == (offset, length), spelling
    covered = sum({item.offset: item.size or 0 for item in STRUCTURES[name].fields}.values())
    assert covered == size


@pytest.mark.parametrize(("structure", "name"), sorted(BITS))
def test_bit_fields_lie_where_the_specification_has_them(structure: str, name: str) -> None:
    field = next(item for item in STRUCTURES[structure].fields if item.id == name)
    assert (field.type, field.bit_offset, field.bits) == ("bits", *BITS[structure, name])


def test_no_bit_field_is_wider_than_32_bits() -> None:
    assert max(field.bits for structure in STRUCTURES.values() for field in structure.fields) == 32


@pytest.mark.parametrize("name", sorted(VALUES))
def test_constants_have_the_values_of_the_specification(name: str) -> None:
    assert getattr(layout, name) == VALUES[name]


@pytest.mark.parametrize("name", sorted(RAW_GUIDS))
def test_guids_are_stored_as_dumps_show_them(name: str) -> None:
    text, stored = RAW_GUIDS[name]
    guid = GUIDS[name.removesuffix("_GUID").lower()]
    assert getattr(layout, name) == guid.raw == bytes.fromhex(stored) == uuid.UUID(text).bytes_le
    assert guid.value == text


def test_the_fixed_places_are_the_five_slots() -> None:
    found = {place.id: (place.structure, place.offset) for place in PLACES}
    assert found == {
        "file_identifier": ("file_identifier", 0),
        "header_1": ("header", 0x10000),
        "header_2": ("header", 0x20000),
        "region_table_1": ("region_table", 0x30000),
        "region_table_2": ("region_table", 0x40000),
    }


def test_checksums_stand_and_reach_where_the_specification_says() -> None:
    found = {name: item.checksum for name, item in STRUCTURES.items() if item.checksum}
    assert set(found) == {"header", "region_table", "log_entry"}
    assert (found["header"].field, found["header"].size) == ("checksum", 4096)
    assert (found["region_table"].field, found["region_table"].size) == ("header.checksum", 65536)
    assert (found["log_entry"].field, found["log_entry"].size_field) == ("header.checksum", "header.entry_length")


def test_struct_formats_have_the_size_and_the_values_of_their_structure() -> None:
    formats = {name: item for name, item in STRUCTURES.items() if item.struct_format}
    assert {"header", "log_entry_header", "data_descriptor", "parent_locator_entry"} <= set(formats)
    for name, structure in formats.items():
        assert structure.struct_format is not None
        assert struct.calcsize(structure.struct_format) == structure.size, name
        assert structure.struct_fields == tuple(field.id for field in structure.fields)
    assert formats["header"].struct_format == "<4sIQ16s16s16sHHIQ4016s"
    assert STRUCTURES["bat_entry"].struct_format is None


def test_every_declaration_explains_itself() -> None:
    for name, structure in STRUCTURES.items():
        assert structure.doc, name
        assert structure.section, name
        for field in structure.fields:
            assert field.doc, (name, field.id)
            assert field.section, (name, field.id)
    for constant in CONSTANTS.values():
        assert constant.doc, constant.id
        assert constant.section, constant.id
        assert constant.value == getattr(layout, constant.id.upper())
    for enum, values in ENUMS.items():
        for value, item in values.items():
            assert item.doc, (enum, value)
            assert getattr(layout, f"{enum}_{item.id}".upper()) == value


def test_layout_json_says_what_layout_py_says(checkout: Path) -> None:
    data = json.loads((checkout / "generated" / "vhdx_format" / "layout.json").read_text("utf-8"))
    for name, structure in STRUCTURES.items():
        other = data["structures"][name]
        fields = other.pop("fields")
        for key in ("schema", "parser", "size", "section", "doc", "struct_format"):
            assert other[key] == getattr(structure, key)
        assert [item["id"] for item in fields] == [field.id for field in structure.fields]
        for item, field in zip(fields, structure.fields, strict=True):
            assert item | {"orig_ids": tuple(item["orig_ids"])} == field._asdict()
    for name, guid in GUIDS.items():
        assert bytes.fromhex(data["guids"][name]["raw"]) == guid.raw
    for name, constant in CONSTANTS.items():
        value = constant.value
        assert data["constants"][name]["value"] == (value.decode() if isinstance(value, bytes) else value)


def imported() -> tuple[float, set[str]]:
    """The seconds that importing layout and rules takes in a fresh process, and the modules that are loaded then."""
    code = (
        "import time, typing, sys; start = time.process_time();"
        "import vhdx_format.layout, vhdx_format.rules, vhdx_format.bulk;"
        "print(time.process_time() - start, *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    seconds, *modules = done.stdout.split()
    return float(seconds), set(modules)


def test_layout_and_rules_import_nothing_heavy() -> None:
    assert not {"numpy", "construct", "kaitaistruct", "dataclasses", "yaml"} & imported()[1]


@pytest.mark.slow
@pytest.mark.skipif(sys.dont_write_bytecode, reason="speed of importing: PYTHONDONTWRITEBYTECODE is set")
def test_layout_and_rules_import_fast() -> None:
    assert_quick(min(imported()[0] for _ in range(5)), 0.02)


def test_names_are_words_of_the_specification_in_snake_case() -> None:
    names = [
        *STRUCTURES,
        *CONSTANTS,
        *GUIDS,
        *ENUMS,
        *(field.id for item in STRUCTURES.values() for field in item.fields),
    ]
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in names)
