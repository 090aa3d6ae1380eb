"""Every name and number of the specification's tables and of QEMU's block/vhdx.h is found in the schemas.

The expectations below are typed from those two documents, not derived from the schemas.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.yamls import load_yaml

FORMATS = Path(__file__).resolve().parents[2] / "formats"
SCHEMAS = {path.stem: load_yaml(path) for path in sorted(FORMATS.glob("*.ksy"))}

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40

QEMU_CONSTANTS: dict[str, set[int | str]] = {
    "DEFAULT_LOG_SIZE": {1 * MIB},
    "VHDX_HEADER_BLOCK_SIZE": {64 * KIB},
    "VHDX_FILE_ID_OFFSET": {0},
    "VHDX_HEADER1_OFFSET": {64 * KIB},
    "VHDX_HEADER2_OFFSET": {128 * KIB},
    "VHDX_REGION_TABLE_OFFSET": {192 * KIB},
    "VHDX_REGION_TABLE2_OFFSET": {256 * KIB},
    "VHDX_HEADER_SECTION_END": {1 * MIB},
    "VHDX_HEADER_SIZE": {4 * KIB},
    "VHDX_LOG_MIN_SIZE": {1 * MIB},
    "VHDX_LOG_SECTOR_SIZE": {4096},
    "VHDX_LOG_HDR_SIZE": {64},
    "VHDX_LOG_DESC_SIZE": {32},
    "VHDX_MAX_SECTORS_PER_BLOCK": {1 << 23},
    "VHDX_BAT_STATE_BIT_MASK": {0x07},
    "VHDX_BAT_FILE_OFF_MASK": {0xFFFFFFFFFFF00000},
    "VHDX_BAT_FILE_OFF_BITS": {20},
    "VHDX_METADATA_ENTRY_SIZE": {32},
    "VHDX_METADATA_MAX_ENTRIES": {2047},
    "VHDX_METADATA_TABLE_MAX_SIZE": {65536},
    "VHDX_BLOCK_SIZE_MIN": {1 * MIB},
    "VHDX_BLOCK_SIZE_MAX": {256 * MIB},
    "VHDX_MAX_IMAGE_SIZE": {64 * TIB},
    # options of qemu-img create
    "log_size": {1 * MIB},
    "block_size": {8 * MIB, 16 * MIB, 32 * MIB, 64 * MIB},
    "subformat": {"dynamic"},
    "block_state_zero": {1},
}
QEMU_SIGNATURES = {
    "VHDX_FILE_SIGNATURE": 0x656C696678646876,
    "VHDX_HEADER_SIGNATURE": 0x64616568,
    "VHDX_REGION_SIGNATURE": 0x69676572,
    "VHDX_LOG_SIGNATURE": 0x65676F6C,
    "VHDX_LOG_DESC_SIGNATURE": 0x63736564,
    "VHDX_LOG_ZERO_SIGNATURE": 0x6F72657A,
    "VHDX_LOG_DATA_SIGNATURE": 0x61746164,
    "VHDX_METADATA_SIGNATURE": 0x617461646174656D,
}
QEMU_FLAGS = {
    "VHDX_REGION_ENTRY_REQUIRED": 0x01,
    "VHDX_META_FLAGS_IS_USER": 0x01,
    "VHDX_META_FLAGS_IS_VIRTUAL_DISK": 0x02,
    "VHDX_META_FLAGS_IS_REQUIRED": 0x04,
    "VHDX_PARAMS_LEAVE_BLOCKS_ALLOCED": 0x01,
    "VHDX_PARAMS_HAS_PARENT": 0x02,
}
STATES = {
    "PAYLOAD_BLOCK_NOT_PRESENT": 0,
    "PAYLOAD_BLOCK_UNDEFINED": 1,
    "PAYLOAD_BLOCK_ZERO": 2,
    "PAYLOAD_BLOCK_UNMAPPED": 3,
    "PAYLOAD_BLOCK_UNMAPPED_v095": 5,
    "PAYLOAD_BLOCK_FULLY_PRESENT": 6,
    "PAYLOAD_BLOCK_PARTIALLY_PRESENT": 7,
    "SB_BLOCK_NOT_PRESENT": 0,
    "SB_BLOCK_PRESENT": 6,
}
QEMU_STRUCTURES = {
    "VHDXFileIdentifier": "signature creator",
    "MSGUID": "data1 data2 data3 data4",
    "VHDXHeader": "signature checksum sequence_number file_write_guid data_write_guid log_guid log_version version "
    "log_length log_offset",
    "VHDXRegionTableHeader": "signature checksum entry_count reserved",
    "VHDXRegionTableEntry": "guid file_offset length data_bits",
    "VHDXLogEntryHeader": "signature checksum entry_length tail sequence_number descriptor_count reserved log_guid "
    "flushed_file_offset last_file_offset",
    "VHDXLogDescriptor": "signature reserved trailing_bytes zero_length leading_bytes file_offset sequence_number",
    "VHDXLogDataSector": "data_signature sequence_high data sequence_low",
    "VHDXBatEntry": "",
    "VHDXMetadataTableHeader": "signature reserved entry_count reserved2",
    "VHDXMetadataTableEntry": "item_id offset length data_bits reserved2",
    "VHDXFileParameters": "block_size data_bits",
    "VHDXVirtualDiskSize": "virtual_disk_size",
    "VHDXPage83Data": "page_83_data",
    "VHDXVirtualDiskLogicalSectorSize": "logical_sector_size",
    "VHDXVirtualDiskPhysicalSectorSize": "physical_sector_size",
    "VHDXParentLocatorHeader": "locator_type reserved key_value_count",
    "VHDXParentLocatorEntry": "key_offset value_offset key_length value_length",
}
# structure of the specification: (field, byte offset, size in bytes); for bit fields (field, lowest bit, bits)
SPEC_FIELDS: dict[str, list[tuple[str, int, int]]] = {
    "File Type Identifier": [("Signature", 0, 8), ("Creator", 8, 512), ("Reserved", 520, 65016)],
    "Header": [
        ("Signature", 0, 4), ("Checksum", 4, 4), ("SequenceNumber", 8, 8), ("FileWriteGuid", 16, 16),
        ("DataWriteGuid", 32, 16), ("LogGuid", 48, 16), ("LogVersion", 64, 2), ("Version", 66, 2),
        ("LogLength", 68, 4), ("LogOffset", 72, 8), ("Reserved", 80, 4016),
    ],
    "Region Table Header": [("Signature", 0, 4), ("Checksum", 4, 4), ("EntryCount", 8, 4), ("Reserved", 12, 4)],
    "Region Table Entry": [("Guid", 0, 16), ("FileOffset", 16, 8), ("Length", 24, 4)],
    "Entry Header": [
        ("Signature", 0, 4), ("Checksum", 4, 4), ("EntryLength", 8, 4), ("Tail", 12, 4), ("SequenceNumber", 16, 8),
        ("DescriptorCount", 24, 4), ("Reserved", 28, 4), ("LogGuid", 32, 16), ("FlushedFileOffset", 48, 8),
        ("LastFileOffset", 56, 8),
    ],
    "Zero Descriptor": [
        ("ZeroSignature", 0, 4), ("Reserved", 4, 4), ("ZeroLength", 8, 8), ("FileOffset", 16, 8),
        ("SequenceNumber", 24, 8),
    ],
    "Data Descriptor": [
        ("DataSignature", 0, 4), ("TrailingBytes", 4, 4), ("LeadingBytes", 8, 8), ("FileOffset", 16, 8),
        ("SequenceNumber", 24, 8),
    ],
    "Data Sector": [("DataSignature", 0, 4), ("SequenceHigh", 4, 4), ("Data", 8, 4084), ("SequenceLow", 4092, 4)],
    "Metadata Table Header": [("Signature", 0, 8), ("Reserved", 8, 2), ("EntryCount", 10, 2), ("Reserved2", 12, 20)],
    "Metadata Table Entry": [("ItemId", 0, 16), ("Offset", 16, 4), ("Length", 20, 4), ("Reserved2", 28, 4)],
    "File Parameters": [("BlockSize", 0, 4)],
    "Virtual Disk Size": [("VirtualDiskSize", 0, 8)],
    "Virtual Disk ID": [("VirtualDiskId", 0, 16)],
    "Logical Sector Size": [("LogicalSectorSize", 0, 4)],
    "Physical Sector Size": [("PhysicalSectorSize", 0, 4)],
    "Parent Locator Header": [("LocatorType", 0, 16), ("Reserved", 16, 2), ("KeyValueCount", 18, 2)],
    "Parent Locator Entry": [("KeyOffset", 0, 4), ("ValueOffset", 4, 4), ("KeyLength", 8, 2), ("ValueLength", 10, 2)],
}  # fmt: skip
SPEC_BITS: dict[str, list[tuple[str, int, int, int]]] = {
    "Region Table Entry": [("Required", 28, 0, 1)],
    "Metadata Table Entry": [
        ("IsUser", 24, 0, 1), ("IsVirtualDisk", 24, 1, 1), ("IsRequired", 24, 2, 1), ("Reserved", 24, 3, 29),
    ],
    "File Parameters": [("LeaveBlockAllocated", 4, 0, 1), ("HasParent", 4, 1, 1), ("Reserved", 4, 2, 30)],
    "BAT Entry": [("State", 0, 0, 3), ("Reserved", 0, 3, 17)],
}  # fmt: skip
GUIDS = {
    "BAT": ("2DC27766-F623-4200-9D64-115E9BFD4A08", "6677c22d23f600429d64115e9bfd4a08"),
    "Metadata": ("8B7CA206-4790-4B9A-B8FE-575F050F886E", "06a27c8b90479a4bb8fe575f050f886e"),
    "File Parameters": ("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", "3767a1ca36fa434db3b633f0aa44e76b"),
    "Virtual Disk Size": ("2FA54224-CD1B-4876-B211-5DBED83BF4B8", "2442a52f1bcd7648b2115dbed83bf4b8"),
    "Virtual Disk ID": ("BECA12AB-B2E6-4523-93EF-C309E000C746", "ab12cabee6b2234593efc309e000c746"),
    "Page 83 Data": ("BECA12AB-B2E6-4523-93EF-C309E000C746", "ab12cabee6b2234593efc309e000c746"),
    "Logical Sector Size": ("8141BF1D-A96F-4709-BA47-F233A8FAAB5F", "1dbf41816fa90947ba47f233a8faab5f"),
    "Physical Sector Size": ("CDA348C7-445D-4471-9CC9-E9885251C556", "c748a3cd5d4471449cc9e9885251c556"),
    "Parent Locator": ("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C", "2d5fd3a80bb34d45abf7d3d84834ab0c"),
    "LocatorType": ("B04AEFB7-D19E-4A81-B789-25B8E9445913", "b7ef4ab09ed1814ab78925b8e9445913"),
    "chs_parameters": ("DA02D7BC-3D3A-423C-AC88-2A36AB21479B", "bcd702da3a3d3c42ac882a36ab21479b"),
    "incomplete_file_marker": ("71CC85F0-1B69-4E28-9558-C3BF83AE75D3", "f085cc71691b284e9558c3bf83ae75d3"),
    "pmem_label_storage_area": ("10E1AE8A-4B7E-4169-A40F-CD70DE928393", "8aaee1107e4b6941a40fcd70de928393"),
}
SCALARS = {"u1": 1, "u2": 2, "u4": 4, "u8": 8, "ms_guid": 16}
LOCATOR_KEYS = ["parent_linkage", "parent_linkage2", "relative_path", "volume_path", "absolute_win32_path"]
LIMITS = {
    "header_version": 1, "log_version": 0, "region_entries_max": 2047, "metadata_entries_max": 2047,
    "metadata_user_entries_max": 1024, "metadata_item_length_max": 1 * MIB, "region_table_size": 64 * KIB,
    "header_section_used": 320 * KIB, "object_alignment": 1 * MIB, "sequence_number_max": 2**64 - 1,
    "sector_bitmap_block_size": 1 * MIB, "sectors_per_chunk": 2**23, "sector_size_512": 512, "sector_size_4096": 4096,
    "log_descriptors_first_sector": (4096 - 64) // 32, "log_descriptors_per_sector": 4096 // 32,
    "crc32c_polynomial": 0x1EDC6F41, "crc32c_polynomial_reflected": 0x82F63B78, "crc32c_initial": 0xFFFFFFFF,
    "crc32c_check": 0xE3069283,
    # what follows from sizes
    "chunk_size_512": 2**23 * 512, "chunk_size_4096": 2**23 * 4096, "chunk_ratio_min": 2**23 * 512 // (256 * MIB),
    "chunk_ratio_max": 2**23 * 4096 // MIB, "sectors_per_block_min": MIB // 4096,
    "sectors_per_block_max": 256 * MIB // 512,
    "payload_blocks_max": 64 * TIB // MIB, "bitmap_blocks_max": 64 * TIB // MIB // 4096,
    "bat_entries_max": 2**26 + 2**14,
    # limits of openvmm
    "metadata_region_usual_max": 128 * MIB, "metadata_category_usual_max": 40 * MIB,
    "metadata_system_entries_usual_max": 1023,
    "bat_region_usual_max": 513 * MIB, "log_length_usual_max": 1 * GIB, "locator_pairs_usual_max": 256,
    "file_offset_mb_usual_max": 2**28 - 1,
    # defaults of writers
    "block_size_default_dynamic": 32 * MIB, "block_size_default_other": 2 * MIB, "physical_sector_size_default": 4096,
    "qemu_physical_sector_size_default": 512, "log_size_default": 1 * MIB, "log_offset_usual": 1 * MIB,
    "metadata_offset_usual": 2 * MIB, "bat_offset_usual": 3 * MIB, "item_flags_of_file": 4, "item_flags_of_disk": 6,
}  # fmt: skip


def names(data: dict[str, Any]) -> list[str]:
    value = data.get("-orig-id", [])
    return value if isinstance(value, list) else [value]


def types() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every type with a `seq`, the file map's views aside, and the schema it stands in."""
    for name, schema in SCHEMAS.items():
        if name != "vhdx":
            yield from ((data, schema) for data in (schema, *schema.get("types", {}).values()) if "seq" in data)


def structures(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(data, schema) for data, schema in types() if name in names(data)]


def entries(key: str) -> list[dict[str, Any]]:
    return [entry for schema in SCHEMAS.values() for entry in schema.get(key, ())]


def size_of(item: dict[str, Any]) -> int:
    """Bytes of a field, for the kinds of field that stand in a structure of fixed form."""
    return int(item["size"]) if "size" in item else SCALARS[item["type"]]


def places(data: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int, int, int | None]]:
    """Each scalar field with its offset and size; bit fields with their size in bits and lowest bit in their word.

    Ends at the first field whose size varies, or that is a structure itself.
    """
    offset = bits = 0
    for item in data["seq"]:
        kind = str(item.get("type", ""))
        if kind[:1] == "b" and kind[1:].isdigit():
            yield item, offset, int(kind[1:]), bits
            bits += int(kind[1:])
            continue
        offset, bits = offset + bits // 8, 0
        if "repeat" in item or not (kind in SCALARS or isinstance(item.get("size"), int)):
            return
        yield item, offset, size_of(item), None
        offset += size_of(item)


@pytest.mark.parametrize("name", QEMU_CONSTANTS)
def test_qemu_constant_is_found_with_its_value(name: str) -> None:
    assert {entry["value"] for entry in entries("-constants") if name in names(entry)} == QEMU_CONSTANTS[name]


@pytest.mark.parametrize("name", QEMU_SIGNATURES)
def test_qemu_signature_is_found_as_text(name: str) -> None:
    found = [entry["value"] for entry in entries("-constants") if name in names(entry)]
    assert [int.from_bytes(text.encode("ascii"), "little") for text in found] == [QEMU_SIGNATURES[name]]


@pytest.mark.parametrize("name", QEMU_FLAGS)
def test_qemu_flag_is_the_bit_of_a_field(name: str) -> None:
    found = [(bit, bits) for data, _ in types() for item, _, bits, bit in places(data) if name in names(item)]
    assert len(found) == 1
    bit, bits = found[0]
    assert bit is not None
    assert ((1 << bits) - 1) << bit == QEMU_FLAGS[name]


def test_block_states_are_found_with_their_numbers() -> None:
    found = {
        value["-orig-id"]: number
        for schema in SCHEMAS.values()
        for values in schema.get("enums", {}).values()
        for number, value in values.items()
    }
    assert found == STATES


@pytest.mark.parametrize("name", QEMU_STRUCTURES)
def test_qemu_structure_is_found_with_its_fields(name: str) -> None:
    (data, schema), *others = structures(name)
    assert others == []
    fields = {orig for item in (*data["seq"], *data.get("instances", {}).values()) for orig in names(item)}
    for item in data["seq"]:
        inner = schema.get("types", {}).get(item.get("type"), {})
        fields |= {orig for part in inner.get("seq", ()) for orig in names(part)}
    assert set(QEMU_STRUCTURES[name].split()) <= fields


@pytest.mark.parametrize("name", SPEC_FIELDS)
def test_specified_structure_has_its_fields_in_place(name: str) -> None:
    (data, _), *others = structures(name)
    assert others == []
    found = {(names(item)[0], offset, size) for item, offset, size, bit in places(data) if bit is None}
    assert found == set(SPEC_FIELDS[name])


@pytest.mark.parametrize("name", SPEC_BITS)
def test_specified_bit_fields_are_in_place(name: str) -> None:
    (data, _), *_ = structures(name)
    fields = [(names(item), offset, bit, size) for item, offset, size, bit in places(data) if bit is not None]
    found = {(orig[0], offset, bit, size) for orig, offset, bit, size in fields if orig}
    assert set(SPEC_BITS[name]) <= found


def test_file_offset_of_a_bat_entry_is_bits_20_to_63() -> None:
    (data, _), *_ = structures("BAT Entry")
    low, high = ((bit, bits) for item, _, bits, bit in places(data) if item["id"].startswith("file_offset_mb_"))
    assert (low, high) == ((20, 12), (32, 32))
    assert "FileOffsetMB" in names(data["instances"]["file_offset_mb"])
    assert data["instances"]["file_offset_mb"]["value"] == "file_offset_mb_high * 4096 + file_offset_mb_low"


@pytest.mark.parametrize("name", GUIDS)
def test_guid_is_found_and_used_with_its_bytes(name: str) -> None:
    value, stored = GUIDS[name]
    found = [entry for entry in entries("-guids") if name in (*names(entry), entry["id"])]
    assert [entry["value"] for entry in found] == [value]
    assert uuid.UUID(value).bytes_le == bytes.fromhex(stored)
    lists = [
        item["value"]
        for data, _ in types()
        for item in data.get("instances", {}).values()
        if item.get("-is") == found[0]["id"] and str(item["value"]).startswith("[")
    ]
    assert all(bytes(int(byte, 16) for byte in text.strip("[]").split(",")) == bytes.fromhex(stored) for text in lists)
    assert lists or "openvmm" in found[0]["doc"]


def test_locator_keys_are_constants() -> None:
    found = [entry["value"] for entry in SCHEMAS["parent_locator"]["-constants"] if entry["id"].startswith("key_")]
    assert found == LOCATOR_KEYS


@pytest.mark.parametrize("name", LIMITS)
def test_limit_or_default_has_its_value(name: str) -> None:
    assert [entry["value"] for entry in entries("-constants") if entry["id"] == name] == [LIMITS[name]]


def test_items_of_openvmm_have_their_fields_in_place() -> None:
    chs, pmem = (SCHEMAS["metadata_items"]["types"][name] for name in ("chs_parameters", "pmem_label_storage_area"))
    assert [(item["id"], offset, size) for item, offset, size, _ in places(chs)] == [
        ("heads_per_cylinder", 0, 4),
        ("sectors_per_track", 4, 4),
    ]
    assert [(item["id"], offset, size) for item, offset, size, _ in places(pmem)] == [
        ("version", 0, 2),
        ("reserved", 2, 2),
        ("guid", 4, 16),
        ("data_offset", 20, 4),
        ("data_length", 24, 4),
    ]


def test_run_time_names_of_qemu_are_explained_in_the_readme() -> None:
    readme = (FORMATS / "README.md").read_text("utf-8")
    run_time = (
        "BDRVVHDXState VHDXMetadataEntries VHDXLogEntries VHDXRegionEntry curr_header headers rt bat_rt "
        "metadata_rt metadata_hdr metadata_entries params bat first_visible_write session_guid log parent_header "
        "parent_entries log_replayed_on_open regions present offset length write read hdr desc_buffer sequence "
        "tail vhdx_guid_generate vhdx_update_headers vhdx_update_checksum vhdx_checksum_calc "
        "vhdx_checksum_is_valid vhdx_parse_log vhdx_log_write_and_flush vhdx_user_visible_write guid_eq "
        "leguid_to_cpus cpu_to_leguids"
    )
    assert [name for name in run_time.split() if f"`{name}`" not in readme] == []
