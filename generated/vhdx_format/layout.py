"""The layout of VHDX as plain data: structures, constants, GUIDs, enumerations and fixed places.

Machine-written from formats/ by `make generate`; do not edit.
"""

from typing import Final, NamedTuple


class Field(NamedTuple):
    """One field of a structure.

    `offset` is in bytes from the start of the structure, `size` in bytes (of one element, where the field repeats);
    both are None where they vary. `type` is u1, u2, u4, u8, bytes, guid, bits, or a structure's name. Integers are
    little-endian; those of a `vhd_footer`, which is of another format, are big-endian.

    Of a field of type bits, `offset` and `size` are those of the little-endian word that holds it, `bit_offset` counts
    from the word's lowest bit and `bits` is its width. Of any other field the last two are 0.

    `condition` and `repeat` are the expressions of the schema ("eos": to the end). `zero_rule` is the rule that wants
    every byte zero. `encoding` is that of bytes that hold text.
    """

    id: str
    type: str
    offset: int | None = None
    size: int | None = None
    bit_offset: int = 0
    bits: int = 0
    unit: str | None = None
    enum: str | None = None
    encoding: str | None = None
    orig_ids: tuple[str, ...] = ()
    doc: str = ""
    section: str = ""
    zero_rule: str | None = None
    condition: str | None = None
    repeat: str | None = None


class Instance(NamedTuple):
    """A value computed from the fields (kind "value"), or bytes elsewhere in the structure (kind "position").

    `rule` is the rule that wants a boolean one true; `constant` the constant or GUID whose value it has.
    """

    id: str
    kind: str
    unit: str | None = None
    enum: str | None = None
    encoding: str | None = None
    orig_ids: tuple[str, ...] = ()
    doc: str = ""
    rule: str | None = None
    constant: str | None = None


class Checksum(NamedTuple):
    """Where a CRC-32C stands (`field`, a dotted path) and how many bytes it covers: `size`, or `size_field`'s value.

    They count from the structure's first byte; the checksum's own four bytes are taken as zero.
    """

    rule: str
    field: str
    size: int | None = None
    size_field: str | None = None


class Structure(NamedTuple):
    """One structure.

    `parser` names the Kaitai class as "module:Class.Class". `size` is in bytes, None where it varies. `struct_format`
    and `struct_fields` serve the `struct` module where all fields are whole scalars (a GUID is 16s), else they are None
    and ().
    """

    name: str
    schema: str
    parser: str
    size: int | None = None
    fields: tuple[Field, ...] = ()
    section: str = ""
    doc: str = ""
    orig_ids: tuple[str, ...] = ()
    checksum: Checksum | None = None
    struct_format: str | None = None
    struct_fields: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()


class Constant(NamedTuple):
    """A constant, limit or default; ASCII bytes where the value is a text."""

    id: str
    value: int | bytes
    unit: str | None = None
    doc: str = ""
    section: str = ""
    orig_ids: tuple[str, ...] = ()


class Guid(NamedTuple):
    """A known GUID: `value` is its text form, `raw` the 16 bytes as stored.

    `required` says whether its object carries the mark of that name; None where it names no object.
    """

    id: str
    value: str
    raw: bytes
    required: bool | None = None
    doc: str = ""
    section: str = ""
    orig_ids: tuple[str, ...] = ()


class Item(NamedTuple):
    """A metadata item that the specification defines: the GUID and the structure of the same name.

    `owner` is what it describes, "file" or "disk"; the entry of the latter is marked IsVirtualDisk. `missing` is the
    rule that wants it there, None where only some files have it. `default` is what a writer may store in its first
    field ("random": a new GUID), `info` its key in what `vhdx info --json` prints.
    """

    id: str
    owner: str
    missing: str | None = None
    default: int | str | None = None
    info: str | None = None


class EnumValue(NamedTuple):
    """One value of an enumeration."""

    value: int
    id: str
    orig_id: str | None = None
    doc: str = ""


class Place(NamedTuple):
    """A structure that stands at a fixed file offset, in bytes."""

    id: str
    structure: str
    offset: int


BAT_STATE_MASK: Final = 7
BAT_FILE_OFFSET_MASK: Final = 0xFFFFFFFFFFF00000
BAT_FILE_OFFSET_BIT: Final = 20
FILE_OFFSET_MB_USUAL_MAX: Final = 0xFFFFFFF
SECTORS_PER_CHUNK: Final = 0x800000
SECTOR_BITMAP_BLOCK_SIZE: Final = 0x100000
CHUNK_SIZE_512: Final = 0x100000000
CHUNK_SIZE_4096: Final = 0x800000000
CHUNK_RATIO_MIN: Final = 16
CHUNK_RATIO_MAX: Final = 0x8000
SECTORS_PER_BLOCK_MIN: Final = 256
SECTORS_PER_BLOCK_MAX: Final = 0x80000
PAYLOAD_BLOCKS_MAX: Final = 0x4000000
BITMAP_BLOCKS_MAX: Final = 0x4000
BAT_ENTRIES_MAX: Final = 67125248
BAT_REGION_USUAL_MAX: Final = 537919488
QEMU_BLOCK_STATE_ZERO_DEFAULT: Final = 1
FILE_SIGNATURE: Final = b"vhdxfile"
HEADER_SIGNATURE: Final = b"head"
HEADER_VERSION: Final = 1
LOG_VERSION: Final = 0
LOG_LENGTH_USUAL_MAX: Final = 0x40000000
SEQUENCE_NUMBER_MAX: Final = 0xFFFFFFFFFFFFFFFF
LOG_ENTRY_SIGNATURE: Final = b"loge"
ZERO_DESCRIPTOR_SIGNATURE: Final = b"zero"
DATA_DESCRIPTOR_SIGNATURE: Final = b"desc"
DATA_SECTOR_SIGNATURE: Final = b"data"
LOG_SECTOR_SIZE: Final = 4096
LOG_ENTRY_HEADER_SIZE: Final = 64
LOG_DESCRIPTOR_SIZE: Final = 32
LOG_DESCRIPTORS_FIRST_SECTOR: Final = 126
LOG_DESCRIPTORS_PER_SECTOR: Final = 128
LOG_SIZE_MIN: Final = 0x100000
LOG_SIZE_DEFAULT: Final = 0x100000
LOG_WORK_FACTOR: Final = 16
LOG_TARGET_END_MAX: Final = 0x8000000000000000
LOG_GROWTH_MAX: Final = 0x400000000000
BLOCK_SIZE_MIN: Final = 0x100000
BLOCK_SIZE_MAX: Final = 0x10000000
BLOCK_SIZE_DEFAULT_DYNAMIC: Final = 0x2000000
BLOCK_SIZE_DEFAULT_OTHER: Final = 0x200000
QEMU_BLOCK_SIZE_UP_TO_1_GIB: Final = 0x800000
QEMU_BLOCK_SIZE_UP_TO_100_GIB: Final = 0x1000000
QEMU_BLOCK_SIZE_UP_TO_32_TIB: Final = 0x2000000
QEMU_BLOCK_SIZE_ABOVE_32_TIB: Final = 0x4000000
QEMU_SUBFORMAT_DEFAULT: Final = b"dynamic"
VIRTUAL_DISK_SIZE_MAX: Final = 0x400000000000
SECTOR_SIZE_512: Final = 512
SECTOR_SIZE_4096: Final = 4096
PHYSICAL_SECTOR_SIZE_DEFAULT: Final = 4096
QEMU_PHYSICAL_SECTOR_SIZE_DEFAULT: Final = 512
METADATA_SIGNATURE: Final = b"metadata"
METADATA_ENTRIES_MAX: Final = 2047
METADATA_ENTRY_SIZE: Final = 32
ITEM_FLAGS_OF_FILE: Final = 4
ITEM_FLAGS_OF_DISK: Final = 6
METADATA_TABLE_SIZE: Final = 0x10000
METADATA_ITEM_LENGTH_MAX: Final = 0x100000
METADATA_USER_ENTRIES_MAX: Final = 1024
METADATA_SYSTEM_ENTRIES_USUAL_MAX: Final = 1023
METADATA_REGION_USUAL_MAX: Final = 0x8000000
METADATA_CATEGORY_USUAL_MAX: Final = 41943040
PACKED_MAGIC: Final = b"VHDXOPS1"
PACKED_LITERAL: Final = b"L"
PACKED_SEED_SIZE_MAX: Final = 0x4000000
KEY_PARENT_LINKAGE: Final = b"parent_linkage"
KEY_PARENT_LINKAGE2: Final = b"parent_linkage2"
KEY_RELATIVE_PATH: Final = b"relative_path"
KEY_VOLUME_PATH: Final = b"volume_path"
KEY_ABSOLUTE_WIN32_PATH: Final = b"absolute_win32_path"
PARENT_LOCATOR_HEADER_SIZE: Final = 20
PARENT_LOCATOR_ENTRY_SIZE: Final = 12
LOCATOR_PAIRS_USUAL_MAX: Final = 256
CHAIN_DEPTH_MAX: Final = 256
REGION_SIGNATURE: Final = b"regi"
REGION_ENTRIES_MAX: Final = 2047
VHD_COOKIE: Final = b"conectix"
VHD_FEATURES: Final = 2
VHD_VERSION: Final = 0x10000
VHD_NO_DATA_OFFSET: Final = 0xFFFFFFFFFFFFFFFF
VHD_EPOCH: Final = 946684800
VHD_CREATOR_APPLICATION: Final = b"win "
VHD_CREATOR_HOST_OS: Final = b"Wi2k"
VHD_TYPE_FIXED: Final = 2
VHD_SIZE_MAX: Final = 0x1FE00000000
VHD_SIZE_UNIT: Final = 0x100000
VHD_SECTOR_SIZE: Final = 512
VHD_CYLINDERS_MAX: Final = 0xFFFF
VHD_HEADS_MAX: Final = 16
VHD_HEADS_MIN: Final = 4
VHD_SECTORS_PER_TRACK_SMALL: Final = 17
VHD_SECTORS_PER_TRACK_MEDIUM: Final = 31
VHD_SECTORS_PER_TRACK_LARGE: Final = 63
VHD_SECTORS_PER_TRACK_MAX: Final = 255
VHD_CYLINDERS_SMALL: Final = 1024
HEADER_SLOT_SIZE: Final = 0x10000
HEADER_SIZE: Final = 4096
FILE_IDENTIFIER_OFFSET: Final = 0
HEADER_1_OFFSET: Final = 0x10000
HEADER_2_OFFSET: Final = 0x20000
REGION_TABLE_1_OFFSET: Final = 0x30000
REGION_TABLE_2_OFFSET: Final = 0x40000
REGION_TABLE_SIZE: Final = 0x10000
HEADER_SECTION_USED: Final = 327680
HEADER_SECTION_SIZE: Final = 0x100000
OBJECT_ALIGNMENT: Final = 0x100000
LOG_OFFSET_USUAL: Final = 0x100000
METADATA_OFFSET_USUAL: Final = 0x200000
BAT_OFFSET_USUAL: Final = 0x300000
CRC32C_POLYNOMIAL: Final = 517762881
CRC32C_POLYNOMIAL_REFLECTED: Final = 2197175160
CRC32C_INITIAL: Final = 0xFFFFFFFF
CRC32C_CHECK: Final = 3808858755
FILE_PARAMETERS_GUID: Final = b"\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b"
VIRTUAL_DISK_SIZE_GUID: Final = b"\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8"
VIRTUAL_DISK_ID_GUID: Final = b"\xab\x12\xca\xbe\xe6\xb2\x23\x45\x93\xef\xc3\x09\xe0\x00\xc7\x46"
LOGICAL_SECTOR_SIZE_GUID: Final = b"\x1d\xbf\x41\x81\x6f\xa9\x09\x47\xba\x47\xf2\x33\xa8\xfa\xab\x5f"
PHYSICAL_SECTOR_SIZE_GUID: Final = b"\xc7\x48\xa3\xcd\x5d\x44\x71\x44\x9c\xc9\xe9\x88\x52\x51\xc5\x56"
PARENT_LOCATOR_GUID: Final = b"\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c"
CHS_PARAMETERS_GUID: Final = b"\xbc\xd7\x02\xda\x3a\x3d\x3c\x42\xac\x88\x2a\x36\xab\x21\x47\x9b"
INCOMPLETE_FILE_MARKER_GUID: Final = b"\xf0\x85\xcc\x71\x69\x1b\x28\x4e\x95\x58\xc3\xbf\x83\xae\x75\xd3"
PMEM_LABEL_STORAGE_AREA_GUID: Final = b"\x8a\xae\xe1\x10\x7e\x4b\x69\x41\xa4\x0f\xcd\x70\xde\x92\x83\x93"
VHDX_LOCATOR_TYPE_GUID: Final = b"\xb7\xef\x4a\xb0\x9e\xd1\x81\x4a\xb7\x89\x25\xb8\xe9\x44\x59\x13"
BAT_REGION_GUID: Final = b"\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08"
METADATA_REGION_GUID: Final = b"\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e"
PAYLOAD_BLOCK_STATE_NOT_PRESENT: Final = 0
PAYLOAD_BLOCK_STATE_UNDEFINED: Final = 1
PAYLOAD_BLOCK_STATE_ZERO: Final = 2
PAYLOAD_BLOCK_STATE_UNMAPPED: Final = 3
PAYLOAD_BLOCK_STATE_UNMAPPED_V095: Final = 5
PAYLOAD_BLOCK_STATE_FULLY_PRESENT: Final = 6
PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT: Final = 7
SECTOR_BITMAP_BLOCK_STATE_NOT_PRESENT: Final = 0
SECTOR_BITMAP_BLOCK_STATE_PRESENT: Final = 6

CONSTANTS: Final[dict[str, Constant]] = {
    "bat_state_mask": Constant(
        id="bat_state_mask",
        value=7,
        doc="Bits of an entry that hold its state.",
        section="2.5.1",
        orig_ids=("VHDX_BAT_STATE_BIT_MASK",),
    ),
    "bat_file_offset_mask": Constant(
        id="bat_file_offset_mask",
        value=18446744073708503040,
        doc="Bits of an entry that, taken where they stand, are the block's file offset in bytes.",
        section="2.5.1",
        orig_ids=("VHDX_BAT_FILE_OFF_MASK",),
    ),
    "bat_file_offset_bit": Constant(
        id="bat_file_offset_bit",
        value=20,
        unit="bits",
        doc="Lowest bit of FileOffsetMB in an entry; the bits below count parts of a MiB.",
        section="2.5.1",
        orig_ids=("VHDX_BAT_FILE_OFF_BITS",),
    ),
    "file_offset_mb_usual_max": Constant(
        id="file_offset_mb_usual_max",
        value=268435455,
        unit="MiB",
        doc="Largest FileOffsetMB that a known implementation (openvmm) accepts, 256 TiB less 1 MiB.",
        section="2.5.1",
    ),
    "sectors_per_chunk": Constant(
        id="sectors_per_chunk",
        value=8388608,
        unit="sectors",
        doc="Logical sectors that one sector bitmap block describes (2^23), and thereby the size of a chunk.",
        section="2.4",
        orig_ids=("VHDX_MAX_SECTORS_PER_BLOCK",),
    ),
    "sector_bitmap_block_size": Constant(
        id="sector_bitmap_block_size",
        value=1048576,
        unit="bytes",
        doc="Size of a sector bitmap block, one bit a sector of the chunk.",
        section="2.4",
    ),
    "chunk_size_512": Constant(
        id="chunk_size_512",
        value=4294967296,
        unit="bytes",
        doc="Virtual bytes of a chunk with sectors of 512 bytes (sectors_per_chunk × sector size).",
        section="2.4",
        orig_ids=("ChunkBytes",),
    ),
    "chunk_size_4096": Constant(
        id="chunk_size_4096",
        value=34359738368,
        unit="bytes",
        doc="Virtual bytes of a chunk with sectors of 4096 bytes.",
        section="2.4",
        orig_ids=("ChunkBytes",),
    ),
    "chunk_ratio_min": Constant(
        id="chunk_ratio_min",
        value=16,
        unit="blocks",
        doc="Fewest payload blocks in a chunk. Chunk ratio = chunk size / block size, a power of two.",
        section="2.4",
        orig_ids=("ChunkRatio",),
    ),
    "chunk_ratio_max": Constant(
        id="chunk_ratio_max",
        value=32768,
        unit="blocks",
        doc="Most payload blocks in a chunk (sectors of 4096 bytes, blocks of 1 MiB).",
        section="2.4",
        orig_ids=("ChunkRatio",),
    ),
    "sectors_per_block_min": Constant(
        id="sectors_per_block_min",
        value=256,
        unit="sectors",
        doc="Fewest logical sectors in a payload block (block size / sector size).",
        section="2.4",
        orig_ids=("SectorsPerBlock",),
    ),
    "sectors_per_block_max": Constant(
        id="sectors_per_block_max",
        value=524288,
        unit="sectors",
        doc="Most logical sectors in a payload block.",
        section="2.4",
        orig_ids=("SectorsPerBlock",),
    ),
    "payload_blocks_max": Constant(
        id="payload_blocks_max",
        value=67108864,
        unit="blocks",
        doc="Most payload blocks of a disk. Payload blocks = disk size / block size, rounded up.",
        section="2.5",
        orig_ids=("PayloadBlocks",),
    ),
    "bitmap_blocks_max": Constant(
        id="bitmap_blocks_max",
        value=16384,
        unit="blocks",
        doc="Most sector bitmap blocks. Bitmap blocks = payload blocks / chunk ratio, rounded up.",
        section="2.5",
        orig_ids=("BitmapBlocks",),
    ),
    "bat_entries_max": Constant(
        id="bat_entries_max",
        value=67125248,
        unit="entries",
        doc="Entries of the largest table there can be (64 TiB, 1 MiB blocks, 512-byte sectors, differencing).",
        section="2.5",
        orig_ids=("TotalBatEntries",),
    ),
    "bat_region_usual_max": Constant(
        id="bat_region_usual_max",
        value=537919488,
        unit="bytes",
        doc="Largest BAT region that a known implementation (openvmm) accepts, 513 MiB.",
        section="2.5",
    ),
    "qemu_block_state_zero_default": Constant(
        id="qemu_block_state_zero_default",
        value=1,
        doc="QEMU creates fixed files whose blocks are all in state zero unless told otherwise.",
        section="2.5.1.1",
        orig_ids=("block_state_zero",),
    ),
    "file_signature": Constant(
        id="file_signature",
        value=b"vhdxfile",
        doc="Marks a VHDX file, in reading order; as a little-endian integer 0x656C696678646876.",
        section="2.2.1",
        orig_ids=("VHDX_FILE_SIGNATURE",),
    ),
    "header_signature": Constant(
        id="header_signature",
        value=b"head",
        doc="Marks a header, in reading order; as a little-endian integer 0x64616568.",
        section="2.2.2",
        orig_ids=("VHDX_HEADER_SIGNATURE",),
    ),
    "header_version": Constant(
        id="header_version",
        value=1,
        doc="The only version of the file format there is.",
        section="2.2.2",
        orig_ids=("Version",),
    ),
    "log_version": Constant(
        id="log_version",
        value=0,
        doc="The only version of the log format there is.",
        section="2.2.2",
        orig_ids=("LogVersion",),
    ),
    "log_length_usual_max": Constant(
        id="log_length_usual_max",
        value=1073741824,
        unit="bytes",
        doc="Largest log that a known implementation (openvmm) accepts; the field could say 4095 MiB.",
        section="2.2.2",
    ),
    "sequence_number_max": Constant(
        id="sequence_number_max",
        value=18446744073709551615,
        doc="A header that carries it cannot be followed by another one.",
        section="2.2.2.1",
    ),
    "log_entry_signature": Constant(
        id="log_entry_signature",
        value=b"loge",
        doc="Marks a log entry, in reading order; as a little-endian integer 0x65676F6C.",
        section="2.3.1.1",
        orig_ids=("VHDX_LOG_SIGNATURE",),
    ),
    "zero_descriptor_signature": Constant(
        id="zero_descriptor_signature",
        value=b"zero",
        doc="Marks a zero descriptor, in reading order; as a little-endian integer 0x6F72657A.",
        section="2.3.1.2",
        orig_ids=("VHDX_LOG_ZERO_SIGNATURE",),
    ),
    "data_descriptor_signature": Constant(
        id="data_descriptor_signature",
        value=b"desc",
        doc="Marks a data descriptor, in reading order; as a little-endian integer 0x63736564.",
        section="2.3.1.3",
        orig_ids=("VHDX_LOG_DESC_SIGNATURE",),
    ),
    "data_sector_signature": Constant(
        id="data_sector_signature",
        value=b"data",
        doc="Marks a data sector, in reading order; as a little-endian integer 0x61746164.",
        section="2.3.1.4",
        orig_ids=("VHDX_LOG_DATA_SIGNATURE",),
    ),
    "log_sector_size": Constant(
        id="log_sector_size",
        value=4096,
        unit="bytes",
        doc="Granularity of the log, and the size of what one data descriptor updates.",
        section="2.3.1",
        orig_ids=("VHDX_LOG_SECTOR_SIZE",),
    ),
    "log_entry_header_size": Constant(
        id="log_entry_header_size",
        value=64,
        unit="bytes",
        doc="Size of a log entry header.",
        section="2.3.1.1",
        orig_ids=("VHDX_LOG_HDR_SIZE",),
    ),
    "log_descriptor_size": Constant(
        id="log_descriptor_size",
        value=32,
        unit="bytes",
        doc="Size of either kind of descriptor.",
        section="2.3.1",
        orig_ids=("VHDX_LOG_DESC_SIZE",),
    ),
    "log_descriptors_first_sector": Constant(
        id="log_descriptors_first_sector",
        value=126,
        unit="descriptors",
        doc="Descriptors that fit behind the header in the first descriptor sector of an entry.",
        section="2.3.1",
    ),
    "log_descriptors_per_sector": Constant(
        id="log_descriptors_per_sector",
        value=128,
        unit="descriptors",
        doc="Descriptors that fit into each further descriptor sector.",
        section="2.3.1",
    ),
    "log_size_min": Constant(
        id="log_size_min",
        value=1048576,
        unit="bytes",
        doc="Granularity of the log area's size, and thereby the smallest log.",
        section="2.2.2",
        orig_ids=("VHDX_LOG_MIN_SIZE",),
    ),
    "log_size_default": Constant(
        id="log_size_default",
        value=1048576,
        unit="bytes",
        doc="Log that writers make when nobody asks for another (Hyper-V, QEMU).",
        section="2.2.2",
        orig_ids=("DEFAULT_LOG_SIZE", "log_size"),
    ),
    "log_work_factor": Constant(
        id="log_work_factor",
        value=16,
        unit="log lengths",
        doc="A bound of this project. A scan computes checksums over at most this many times the log's length.",
        section="2.3.3",
    ),
    "log_target_end_max": Constant(
        id="log_target_end_max",
        value=9223372036854775808,
        unit="bytes",
        doc="A bound of this project. No update may reach past 2^63, where file offsets of operating systems end.",
        section="2.3",
    ),
    "log_growth_max": Constant(
        id="log_growth_max",
        value=70368744177664,
        unit="bytes",
        doc="A bound of this project. A replay may make the file longer by this at most, as much as the largest disk.",
        section="2.3.3",
    ),
    "block_size_min": Constant(
        id="block_size_min",
        value=1048576,
        unit="bytes",
        doc="Smallest payload block.",
        section="2.6.2.1",
        orig_ids=("VHDX_BLOCK_SIZE_MIN",),
    ),
    "block_size_max": Constant(
        id="block_size_max",
        value=268435456,
        unit="bytes",
        doc="Largest payload block.",
        section="2.6.2.1",
        orig_ids=("VHDX_BLOCK_SIZE_MAX",),
    ),
    "block_size_default_dynamic": Constant(
        id="block_size_default_dynamic",
        value=33554432,
        unit="bytes",
        doc="Payload block that Hyper-V gives dynamic files.",
        section="2.6.2.1",
    ),
    "block_size_default_other": Constant(
        id="block_size_default_other",
        value=2097152,
        unit="bytes",
        doc="Payload block that Hyper-V gives fixed and differencing files.",
        section="2.6.2.1",
    ),
    "qemu_block_size_up_to_1_gib": Constant(
        id="qemu_block_size_up_to_1_gib",
        value=8388608,
        unit="bytes",
        doc="Payload block that QEMU gives disks of up to 1 GiB.",
        section="2.6.2.1",
        orig_ids=("block_size",),
    ),
    "qemu_block_size_up_to_100_gib": Constant(
        id="qemu_block_size_up_to_100_gib",
        value=16777216,
        unit="bytes",
        doc="Payload block that QEMU gives larger disks, up to 100 GiB.",
        section="2.6.2.1",
        orig_ids=("block_size",),
    ),
    "qemu_block_size_up_to_32_tib": Constant(
        id="qemu_block_size_up_to_32_tib",
        value=33554432,
        unit="bytes",
        doc="Payload block that QEMU gives larger disks, up to 32 TiB.",
        section="2.6.2.1",
        orig_ids=("block_size",),
    ),
    "qemu_block_size_above_32_tib": Constant(
        id="qemu_block_size_above_32_tib",
        value=67108864,
        unit="bytes",
        doc="Payload block that QEMU gives the largest disks.",
        section="2.6.2.1",
        orig_ids=("block_size",),
    ),
    "qemu_subformat_default": Constant(
        id="qemu_subformat_default",
        value=b"dynamic",
        doc="File type that QEMU makes; the other it knows is fixed.",
        section="2.6.2.1",
        orig_ids=("subformat",),
    ),
    "virtual_disk_size_max": Constant(
        id="virtual_disk_size_max",
        value=70368744177664,
        unit="bytes",
        doc="Largest virtual disk, 64 TiB.",
        section="2.6.2.2",
        orig_ids=("VHDX_MAX_IMAGE_SIZE",),
    ),
    "sector_size_512": Constant(
        id="sector_size_512",
        value=512,
        unit="bytes",
        doc="One of the two sector sizes.",
        section="2.6.2.4",
    ),
    "sector_size_4096": Constant(
        id="sector_size_4096",
        value=4096,
        unit="bytes",
        doc="The other of the two sector sizes.",
        section="2.6.2.4",
    ),
    "physical_sector_size_default": Constant(
        id="physical_sector_size_default",
        value=4096,
        unit="bytes",
        doc="What Hyper-V writes, and what a reader may assume when the item is missing.",
        section="2.6.2.5",
    ),
    "qemu_physical_sector_size_default": Constant(
        id="qemu_physical_sector_size_default",
        value=512,
        unit="bytes",
        doc="What QEMU writes.",
        section="2.6.2.5",
    ),
    "metadata_signature": Constant(
        id="metadata_signature",
        value=b"metadata",
        doc="Marks a metadata table, in reading order; as a little-endian integer 0x617461646174656D.",
        section="2.6.1.1",
        orig_ids=("VHDX_METADATA_SIGNATURE",),
    ),
    "metadata_entries_max": Constant(
        id="metadata_entries_max",
        value=2047,
        unit="entries",
        doc="Entries that fit behind the 32-byte header in 64 KiB.",
        section="2.6.1.1",
        orig_ids=("VHDX_METADATA_MAX_ENTRIES",),
    ),
    "metadata_entry_size": Constant(
        id="metadata_entry_size",
        value=32,
        unit="bytes",
        doc="Size of a metadata table entry.",
        section="2.6.1.2",
        orig_ids=("VHDX_METADATA_ENTRY_SIZE",),
    ),
    "item_flags_of_file": Constant(
        id="item_flags_of_file",
        value=4,
        doc="Flag word of the file parameters and the parent locator (IsRequired).",
        section="2.6.2",
    ),
    "item_flags_of_disk": Constant(
        id="item_flags_of_disk",
        value=6,
        doc="Flag word of the four items that describe the virtual disk (IsRequired, IsVirtualDisk).",
        section="2.6.2",
    ),
    "metadata_table_size": Constant(
        id="metadata_table_size",
        value=65536,
        unit="bytes",
        doc="Size of the table; items start behind it.",
        section="2.6.1",
        orig_ids=("VHDX_METADATA_TABLE_MAX_SIZE",),
    ),
    "metadata_item_length_max": Constant(
        id="metadata_item_length_max",
        value=1048576,
        unit="bytes",
        doc="Largest item.",
        section="2.6.1.2",
    ),
    "metadata_user_entries_max": Constant(
        id="metadata_user_entries_max",
        value=1024,
        unit="entries",
        doc="Most entries that may be user items.",
        section="2.6.1.2",
    ),
    "metadata_system_entries_usual_max": Constant(
        id="metadata_system_entries_usual_max",
        value=1023,
        unit="entries",
        doc="Most system entries that a known implementation (openvmm) accepts.",
        section="2.6.1.2",
    ),
    "metadata_region_usual_max": Constant(
        id="metadata_region_usual_max",
        value=134217728,
        unit="bytes",
        doc="Largest metadata region that a known implementation (openvmm) accepts.",
        section="2.6",
    ),
    "metadata_category_usual_max": Constant(
        id="metadata_category_usual_max",
        value=41943040,
        unit="bytes",
        doc="Most bytes of user items, and of system items, that a known implementation (openvmm) accepts.",
        section="2.6",
    ),
    "packed_magic": Constant(
        id="packed_magic",
        value=b"VHDXOPS1",
        doc="Marks a packed image, in reading order.",
        section="Packed image 1",
    ),
    "packed_literal": Constant(
        id="packed_literal",
        value=b"L",
        doc="The operation that writes the bytes that follow it.",
        section="Packed image 1",
    ),
    "packed_seed_size_max": Constant(
        id="packed_seed_size_max",
        value=67108864,
        unit="bytes",
        doc="A bound of this project. A seed that makes a longer file is refused unless the caller allows it.",
        section="Packed image 1",
    ),
    "key_parent_linkage": Constant(
        id="key_parent_linkage",
        value=b"parent_linkage",
        doc="Key. DataWriteGuid that the parent must have, as text in braces.",
        section="2.6.2.6.3",
        orig_ids=("parent_linkage",),
    ),
    "key_parent_linkage2": Constant(
        id="key_parent_linkage2",
        value=b"parent_linkage2",
        doc="Key. A second DataWriteGuid that may match while a merge is under way. Hyper-V always writes it, as nil.",
        section="2.6.2.6.3",
        orig_ids=("parent_linkage2",),
    ),
    "key_relative_path": Constant(
        id="key_relative_path",
        value=b"relative_path",
        doc="Key. Path of the parent from the child's folder.",
        section="2.6.2.6.3",
        orig_ids=("relative_path",),
    ),
    "key_volume_path": Constant(
        id="key_volume_path",
        value=b"volume_path",
        doc="Key. Path of the parent from a volume named by its GUID.",
        section="2.6.2.6.3",
        orig_ids=("volume_path",),
    ),
    "key_absolute_win32_path": Constant(
        id="key_absolute_win32_path",
        value=b"absolute_win32_path",
        doc="Key. Absolute Windows path of the parent.",
        section="2.6.2.6.3",
        orig_ids=("absolute_win32_path",),
    ),
    "parent_locator_header_size": Constant(
        id="parent_locator_header_size",
        value=20,
        unit="bytes",
        doc="Size of the locator's header.",
        section="2.6.2.6.1",
    ),
    "parent_locator_entry_size": Constant(
        id="parent_locator_entry_size",
        value=12,
        unit="bytes",
        doc="Size of an entry.",
        section="2.6.2.6.2",
    ),
    "locator_pairs_usual_max": Constant(
        id="locator_pairs_usual_max",
        value=256,
        unit="pairs",
        doc="Most pairs that a known implementation (openvmm) accepts.",
        section="2.6.2.6.1",
    ),
    "chain_depth_max": Constant(
        id="chain_depth_max",
        value=256,
        unit="files",
        doc="A bound of this project (and of openvmm). Longer chains are refused.",
        section="2.6.2.6",
    ),
    "region_signature": Constant(
        id="region_signature",
        value=b"regi",
        doc="Marks a region table, in reading order; as a little-endian integer 0x69676572.",
        section="2.2.3.1",
        orig_ids=("VHDX_REGION_SIGNATURE",),
    ),
    "region_entries_max": Constant(
        id="region_entries_max",
        value=2047,
        unit="entries",
        doc="Entries that fit behind the 16-byte header in 64 KiB.",
        section="2.2.3.1",
    ),
    "vhd_cookie": Constant(id="vhd_cookie", value=b"conectix", doc="Marks a VHD, in reading order.", section="VHD 1.0"),
    "vhd_features": Constant(
        id="vhd_features",
        value=2,
        doc="Features of every VHD, a bit that is always set and no other.",
        section="VHD 1.0",
    ),
    "vhd_version": Constant(id="vhd_version", value=65536, doc="Version 1.0 of the format.", section="VHD 1.0"),
    "vhd_no_data_offset": Constant(
        id="vhd_no_data_offset",
        value=18446744073709551615,
        doc="DataOffset of a fixed disk, which has no other header.",
        section="VHD 1.0",
    ),
    "vhd_epoch": Constant(
        id="vhd_epoch",
        value=946684800,
        unit="seconds",
        doc="When time stamps begin, 1 January 2000 UTC, in seconds since 1970.",
        section="VHD 1.0",
    ),
    "vhd_creator_application": Constant(
        id="vhd_creator_application",
        value=b"win ",
        doc=(
            "Creator of disks that Windows makes. QEMU takes the size from CurrentSize for this one and a few others "
            "only, else from the geometry."
        ),
        section="VHD 1.0",
    ),
    "vhd_creator_host_os": Constant(
        id="vhd_creator_host_os",
        value=b"Wi2k",
        doc="Host of disks that Windows makes.",
        section="VHD 1.0",
    ),
    "vhd_type_fixed": Constant(id="vhd_type_fixed", value=2, doc="Type of a fixed disk.", section="VHD 1.0"),
    "vhd_size_max": Constant(
        id="vhd_size_max",
        value=2190433320960,
        unit="bytes",
        doc="Largest disk that Hyper-V takes in a VHD, 2040 GiB.",
        section="VHD 1.0",
    ),
    "vhd_size_unit": Constant(
        id="vhd_size_unit",
        value=1048576,
        unit="bytes",
        doc="Azure takes disks of a whole number of MiB only. Hyper-V makes no others.",
        section="VHD 1.0",
    ),
    "vhd_sector_size": Constant(
        id="vhd_sector_size",
        value=512,
        unit="bytes",
        doc="Sector of every VHD.",
        section="VHD 1.0",
    ),
    "vhd_cylinders_max": Constant(
        id="vhd_cylinders_max",
        value=65535,
        doc="Most cylinders that a geometry can have.",
        section="VHD 1.0",
    ),
    "vhd_heads_max": Constant(id="vhd_heads_max", value=16, doc="Most heads of a geometry.", section="VHD 1.0"),
    "vhd_heads_min": Constant(id="vhd_heads_min", value=4, doc="Fewest heads of a geometry.", section="VHD 1.0"),
    "vhd_sectors_per_track_small": Constant(
        id="vhd_sectors_per_track_small",
        value=17,
        doc="Sectors in a track of a geometry that small disks get.",
        section="VHD 1.0",
    ),
    "vhd_sectors_per_track_medium": Constant(
        id="vhd_sectors_per_track_medium",
        value=31,
        doc="Sectors in a track of a geometry for disks too large for the small ones.",
        section="VHD 1.0",
    ),
    "vhd_sectors_per_track_large": Constant(
        id="vhd_sectors_per_track_large",
        value=63,
        doc="Sectors in a track of a geometry for disks too large for the medium ones.",
        section="VHD 1.0",
    ),
    "vhd_sectors_per_track_max": Constant(
        id="vhd_sectors_per_track_max",
        value=255,
        doc="Sectors in a track of a geometry for the largest disks.",
        section="VHD 1.0",
    ),
    "vhd_cylinders_small": Constant(
        id="vhd_cylinders_small",
        value=1024,
        doc="A disk of as many cylinders, or more, gets longer tracks, but for the longest.",
        section="VHD 1.0",
    ),
    "header_slot_size": Constant(
        id="header_slot_size",
        value=65536,
        unit="bytes",
        doc="Size of each of the five slots at the start of the file.",
        section="2.2",
        orig_ids=("VHDX_HEADER_BLOCK_SIZE",),
    ),
    "header_size": Constant(
        id="header_size",
        value=4096,
        unit="bytes",
        doc="Bytes of a header slot that the header fills and its checksum covers.",
        section="2.2.2",
        orig_ids=("VHDX_HEADER_SIZE",),
    ),
    "file_identifier_offset": Constant(
        id="file_identifier_offset",
        value=0,
        unit="bytes",
        doc="File offset of the file type identifier.",
        section="2.2.1",
        orig_ids=("VHDX_FILE_ID_OFFSET",),
    ),
    "header_1_offset": Constant(
        id="header_1_offset",
        value=65536,
        unit="bytes",
        doc="File offset of header 1.",
        section="2.2.2",
        orig_ids=("VHDX_HEADER1_OFFSET",),
    ),
    "header_2_offset": Constant(
        id="header_2_offset",
        value=131072,
        unit="bytes",
        doc="File offset of header 2.",
        section="2.2.2",
        orig_ids=("VHDX_HEADER2_OFFSET",),
    ),
    "region_table_1_offset": Constant(
        id="region_table_1_offset",
        value=196608,
        unit="bytes",
        doc="File offset of the first region table; the log may write from here on, never below.",
        section="2.2.3",
        orig_ids=("VHDX_REGION_TABLE_OFFSET",),
    ),
    "region_table_2_offset": Constant(
        id="region_table_2_offset",
        value=262144,
        unit="bytes",
        doc="File offset of the second region table.",
        section="2.2.3",
        orig_ids=("VHDX_REGION_TABLE2_OFFSET",),
    ),
    "region_table_size": Constant(
        id="region_table_size",
        value=65536,
        unit="bytes",
        doc="Size of a region table.",
        section="2.2.3",
    ),
    "header_section_used": Constant(
        id="header_section_used",
        value=327680,
        unit="bytes",
        doc="Where the second region table ends; the shortest file whose region tables can both be read.",
        section="2.2",
    ),
    "header_section_size": Constant(
        id="header_section_size",
        value=1048576,
        unit="bytes",
        doc="Size of the header section; everything else lies behind it.",
        section="2.2",
        orig_ids=("VHDX_HEADER_SECTION_END",),
    ),
    "object_alignment": Constant(
        id="object_alignment",
        value=1048576,
        unit="bytes",
        doc="Everything behind the header section starts at a multiple of this.",
        section="2.1",
    ),
    "log_offset_usual": Constant(
        id="log_offset_usual",
        value=1048576,
        unit="bytes",
        doc="Where Hyper-V and openvmm put the log. Nothing demands it.",
        section="2.2",
    ),
    "metadata_offset_usual": Constant(
        id="metadata_offset_usual",
        value=2097152,
        unit="bytes",
        doc="Where Hyper-V and openvmm put the metadata region. Nothing demands it.",
        section="2.2",
    ),
    "bat_offset_usual": Constant(
        id="bat_offset_usual",
        value=3145728,
        unit="bytes",
        doc="Where Hyper-V and openvmm put the BAT region; blocks follow. Nothing demands it.",
        section="2.2",
    ),
    "crc32c_polynomial": Constant(
        id="crc32c_polynomial",
        value=517762881,
        doc="Polynomial of CRC-32C (Castagnoli), which all checksums here are, highest power first.",
        section="2.2.2",
    ),
    "crc32c_polynomial_reflected": Constant(
        id="crc32c_polynomial_reflected",
        value=2197175160,
        doc="The same polynomial, lowest power first, as programs that shift right use it.",
        section="2.2.2",
    ),
    "crc32c_initial": Constant(
        id="crc32c_initial",
        value=4294967295,
        doc="What a CRC-32C starts from, and what its result is combined with (exclusive or) at the end.",
        section="2.2.2",
    ),
    "crc32c_check": Constant(
        id="crc32c_check",
        value=3808858755,
        doc="CRC-32C of the nine characters 123456789, to test an implementation with.",
        section="2.2.2",
    ),
}

GUIDS: Final[dict[str, Guid]] = {
    "file_parameters": Guid(
        id="file_parameters",
        value="CAA16737-FA36-4D43-B3B6-33F0AA44E76B",
        raw=b"\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b",
        required=True,
        doc="Block size and file type.",
        section="2.6.2.1",
        orig_ids=("File Parameters",),
    ),
    "virtual_disk_size": Guid(
        id="virtual_disk_size",
        value="2FA54224-CD1B-4876-B211-5DBED83BF4B8",
        raw=b"\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8",
        required=True,
        doc="Size of the virtual disk.",
        section="2.6.2.2",
        orig_ids=("Virtual Disk Size",),
    ),
    "virtual_disk_id": Guid(
        id="virtual_disk_id",
        value="BECA12AB-B2E6-4523-93EF-C309E000C746",
        raw=b"\xab\x12\xca\xbe\xe6\xb2\x23\x45\x93\xef\xc3\x09\xe0\x00\xc7\x46",
        required=True,
        doc="Identity of the virtual disk as SCSI shows it.",
        section="2.6.2.3",
        orig_ids=("Virtual Disk ID", "Page 83 Data"),
    ),
    "logical_sector_size": Guid(
        id="logical_sector_size",
        value="8141BF1D-A96F-4709-BA47-F233A8FAAB5F",
        raw=b"\x1d\xbf\x41\x81\x6f\xa9\x09\x47\xba\x47\xf2\x33\xa8\xfa\xab\x5f",
        required=True,
        doc="Sector size that the guest addresses.",
        section="2.6.2.4",
        orig_ids=("Logical Sector Size",),
    ),
    "physical_sector_size": Guid(
        id="physical_sector_size",
        value="CDA348C7-445D-4471-9CC9-E9885251C556",
        raw=b"\xc7\x48\xa3\xcd\x5d\x44\x71\x44\x9c\xc9\xe9\x88\x52\x51\xc5\x56",
        required=True,
        doc="Sector size that the guest is told the medium has.",
        section="2.6.2.5",
        orig_ids=("Physical Sector Size",),
    ),
    "parent_locator": Guid(
        id="parent_locator",
        value="A8D35F2D-B30B-454D-ABF7-D3D84834AB0C",
        raw=b"\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c",
        required=True,
        doc="How a differencing file finds its parent.",
        section="2.6.2.6",
        orig_ids=("Parent Locator",),
    ),
    "chs_parameters": Guid(
        id="chs_parameters",
        value="DA02D7BC-3D3A-423C-AC88-2A36AB21479B",
        raw=b"\xbc\xd7\x02\xda\x3a\x3d\x3c\x42\xac\x88\x2a\x36\xab\x21\x47\x9b",
        required=False,
        doc="Disk geometry as cylinders, heads and sectors; known from openvmm only.",
    ),
    "incomplete_file_marker": Guid(
        id="incomplete_file_marker",
        value="71CC85F0-1B69-4E28-9558-C3BF83AE75D3",
        raw=b"\xf0\x85\xcc\x71\x69\x1b\x28\x4e\x95\x58\xc3\xbf\x83\xae\x75\xd3",
        required=True,
        doc="Empty item, present while the file is still being created; known from openvmm only.",
    ),
    "pmem_label_storage_area": Guid(
        id="pmem_label_storage_area",
        value="10E1AE8A-4B7E-4169-A40F-CD70DE928393",
        raw=b"\x8a\xae\xe1\x10\x7e\x4b\x69\x41\xa4\x0f\xcd\x70\xde\x92\x83\x93",
        required=False,
        doc="Label storage of a virtual persistent memory device; known from openvmm only.",
    ),
    "vhdx_locator_type": Guid(
        id="vhdx_locator_type",
        value="B04AEFB7-D19E-4A81-B789-25B8E9445913",
        raw=b"\xb7\xef\x4a\xb0\x9e\xd1\x81\x4a\xb7\x89\x25\xb8\xe9\x44\x59\x13",
        doc="The locator type whose keys the specification defines.",
        section="2.6.2.6.1",
        orig_ids=("LocatorType",),
    ),
    "bat_region": Guid(
        id="bat_region",
        value="2DC27766-F623-4200-9D64-115E9BFD4A08",
        raw=b"\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08",
        required=True,
        doc="The region that holds the block allocation table.",
        section="2.2.3.2",
        orig_ids=("BAT",),
    ),
    "metadata_region": Guid(
        id="metadata_region",
        value="8B7CA206-4790-4B9A-B8FE-575F050F886E",
        raw=b"\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e",
        required=True,
        doc="The region that holds the metadata table and its items.",
        section="2.2.3.2",
        orig_ids=("Metadata region", "Metadata"),
    ),
}

ITEMS: Final[dict[str, Item]] = {
    "file_parameters": Item(id="file_parameters", owner="file", missing="ITM-001"),
    "virtual_disk_size": Item(id="virtual_disk_size", owner="disk", missing="ITM-006", info="stored_virtual_size"),
    "virtual_disk_id": Item(
        id="virtual_disk_id",
        owner="disk",
        missing="ITM-010",
        default="random",
        info="virtual_disk_id",
    ),
    "logical_sector_size": Item(id="logical_sector_size", owner="disk", missing="ITM-012"),
    "physical_sector_size": Item(id="physical_sector_size", owner="disk", missing="ITM-014", default=4096),
    "parent_locator": Item(id="parent_locator", owner="file"),
}

ENUMS: Final[dict[str, dict[int, EnumValue]]] = {
    "payload_block_state": {
        0: EnumValue(
            value=0,
            id="not_present",
            orig_id="PAYLOAD_BLOCK_NOT_PRESENT",
            doc="Never written. A differencing file asks its parent; others read zeros.",
        ),
        1: EnumValue(
            value=1,
            id="undefined",
            orig_id="PAYLOAD_BLOCK_UNDEFINED",
            doc="Contents arbitrary; never the parent's. Zeros here.",
        ),
        2: EnumValue(value=2, id="zero", orig_id="PAYLOAD_BLOCK_ZERO", doc="Zeros; never the parent's."),
        3: EnumValue(
            value=3,
            id="unmapped",
            orig_id="PAYLOAD_BLOCK_UNMAPPED",
            doc="Discarded by the guest; never the parent's. Zeros here.",
        ),
        5: EnumValue(
            value=5,
            id="unmapped_v095",
            orig_id="PAYLOAD_BLOCK_UNMAPPED_v095",
            doc="The number that draft 0.95 gave to unmapped; reserved since.",
        ),
        6: EnumValue(
            value=6,
            id="fully_present",
            orig_id="PAYLOAD_BLOCK_FULLY_PRESENT",
            doc="The whole block is in this file; the sector bitmap is not asked.",
        ),
        7: EnumValue(
            value=7,
            id="partially_present",
            orig_id="PAYLOAD_BLOCK_PARTIALLY_PRESENT",
            doc="Sector by sector in this file or the parent, as the sector bitmap says. Differencing files only.",
        ),
    },
    "sector_bitmap_block_state": {
        0: EnumValue(
            value=0,
            id="not_present",
            orig_id="SB_BLOCK_NOT_PRESENT",
            doc="The chunk has no sector bitmap block.",
        ),
        6: EnumValue(
            value=6,
            id="present",
            orig_id="SB_BLOCK_PRESENT",
            doc="The chunk's sector bitmap block is in this file. Differencing files only.",
        ),
    },
}

PLACES: Final[tuple[Place, ...]] = (
    Place(id="file_identifier", structure="file_identifier", offset=0),
    Place(id="header_1", structure="header", offset=65536),
    Place(id="header_2", structure="header", offset=131072),
    Place(id="region_table_1", structure="region_table", offset=196608),
    Place(id="region_table_2", structure="region_table", offset=262144),
)

STRUCTURES: Final[dict[str, Structure]] = {
    "bat_entry": Structure(
        name="bat_entry",
        schema="bat_entry",
        parser="bat_entry:BatEntry",
        size=8,
        section="2.5.1",
        doc=(
            "One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry "
            "for the chunk's sector bitmap block; the word is the same, the meaning of its state is not."
        ),
        orig_ids=("BAT Entry", "VHDXBatEntry"),
        fields=(
            Field(
                id="state",
                type="bits",
                offset=0,
                size=8,
                bits=3,
                orig_ids=("State",),
                doc="What the block holds; see the two enumerations.",
                section="2.5.1",
            ),
            Field(
                id="reserved",
                type="bits",
                offset=0,
                size=8,
                bit_offset=3,
                bits=17,
                orig_ids=("Reserved",),
                doc="Zero.",
                section="2.5.1",
            ),
            Field(
                id="file_offset_mb_low",
                type="bits",
                offset=0,
                size=8,
                bit_offset=20,
                bits=12,
                unit="MiB",
                doc=(
                    "Low 12 bits of FileOffsetMB. Split, because not every Kaitai target reads bit fields wider than 32"
                    " bits."
                ),
                section="2.5.1",
            ),
            Field(
                id="file_offset_mb_high",
                type="bits",
                offset=0,
                size=8,
                bit_offset=32,
                bits=32,
                unit="4 GiB",
                doc="High 32 bits of FileOffsetMB.",
                section="2.5.1",
            ),
        ),
        instances=(
            Instance(
                id="file_offset_mb",
                kind="value",
                unit="MiB",
                orig_ids=("FileOffsetMB", "file_off_mb"),
                doc="File offset of the block in MiB; reserved in states that hold no data.",
            ),
            Instance(
                id="payload_state",
                kind="value",
                enum="payload_block_state",
                doc="The state, where the entry belongs to a payload block.",
            ),
            Instance(
                id="sector_bitmap_state",
                kind="value",
                enum="sector_bitmap_block_state",
                doc="The state, where the entry belongs to a sector bitmap block.",
            ),
            Instance(
                id="is_allocated",
                kind="value",
                doc="The entry's file offset counts. State 6 means so of both kinds of entry.",
            ),
            Instance(id="reserved_is_zero", kind="value", doc="Bits 3 to 19 of an entry are zero.", rule="BAT-002"),
            Instance(
                id="payload_state_is_defined",
                kind="value",
                doc="The state of a payload block is one that the specification defines: 4 and 5 are not.",
                rule="BAT-003",
            ),
            Instance(
                id="not_partially_present",
                kind="value",
                doc="Only a differencing file has partially present blocks.",
                rule="BAT-004",
            ),
            Instance(
                id="allocated_offset_is_set",
                kind="value",
                doc="A block that is in the file lies at 1 MiB or later; offset 0 is no place.",
                rule="BAT-005",
            ),
            Instance(
                id="sector_bitmap_state_is_defined",
                kind="value",
                doc="The state of a sector bitmap block is 0 or 6.",
                rule="BAT-010",
            ),
            Instance(
                id="sector_bitmap_is_absent",
                kind="value",
                doc="Only a differencing file has sector bitmap blocks.",
                rule="BAT-011",
            ),
            Instance(
                id="unused_offset_is_zero",
                kind="value",
                doc="An entry of a block that is not present, or zero, has no file offset.",
                rule="BAT-014",
            ),
            Instance(
                id="fixed_is_present",
                kind="value",
                doc="In a fixed file every block is fully present. Others are tolerated; qemu-img makes them.",
                rule="BAT-016",
            ),
        ),
    ),
    "file_identifier": Structure(
        name="file_identifier",
        schema="file_identifier",
        parser="file_identifier:FileIdentifier",
        size=65536,
        section="2.2.1",
        doc="The first 64 KiB of the file. It is written once, when the file is created, and never again.",
        orig_ids=("File Type Identifier", "VHDXFileIdentifier"),
        struct_format="<8s512s65016s",
        struct_fields=("signature", "creator", "reserved"),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=8,
                orig_ids=("Signature", "signature"),
                doc="The characters \"vhdxfile\".",
                section="2.2.1",
            ),
            Field(
                id="creator",
                type="bytes",
                offset=8,
                size=512,
                encoding="UTF-16LE",
                orig_ids=("Creator", "creator"),
                doc=(
                    "Name of the program that made the file, UTF-16LE, ended by a NUL or by the field's end. Diagnostic"
                    " only."
                ),
                section="2.2.1",
            ),
            Field(
                id="reserved",
                type="bytes",
                offset=520,
                size=65016,
                orig_ids=("Reserved",),
                doc="Rest of the 64 KiB slot.",
                section="2.2.1",
                zero_rule="FTI-005",
            ),
        ),
        instances=(
            Instance(id="expected_signature", kind="value", constant="file_signature"),
            Instance(
                id="signature_is_vhdxfile",
                kind="value",
                doc="The file begins with the eight characters \"vhdxfile\".",
                rule="FTI-001",
            ),
        ),
    ),
    "header": Structure(
        name="header",
        schema="header",
        parser="header:Header",
        size=4096,
        section="2.2.2",
        doc=(
            "One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number"
            " is current."
        ),
        orig_ids=("Header", "VHDXHeader"),
        checksum=Checksum(rule="HDR-002", field="checksum", size=4096),
        struct_format="<4sIQ16s16s16sHHIQ4016s",
        struct_fields=(
            "signature",
            "checksum",
            "sequence_number",
            "file_write_guid",
            "data_write_guid",
            "log_guid",
            "log_version",
            "version",
            "log_length",
            "log_offset",
            "reserved",
        ),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=4,
                orig_ids=("Signature", "signature"),
                doc="The characters \"head\".",
                section="2.2.2",
            ),
            Field(
                id="checksum",
                type="u4",
                offset=4,
                size=4,
                orig_ids=("Checksum", "checksum"),
                doc="CRC-32C of the 4096 bytes of the header, these four taken as zero.",
                section="2.2.2",
            ),
            Field(
                id="sequence_number",
                type="u8",
                offset=8,
                size=8,
                orig_ids=("SequenceNumber", "sequence_number"),
                doc="Counts header updates; decides which of two valid headers is current.",
                section="2.2.2",
            ),
            Field(
                id="file_write_guid",
                type="guid",
                offset=16,
                size=16,
                orig_ids=("FileWriteGuid", "file_write_guid"),
                doc="Identity of the file as it lies on disk. A session that writes changes it before anything else.",
                section="2.2.2",
            ),
            Field(
                id="data_write_guid",
                type="guid",
                offset=32,
                size=16,
                orig_ids=("DataWriteGuid", "data_write_guid"),
                doc="Identity of what the guest can see; a differencing child names its parent by it.",
                section="2.2.2",
            ),
            Field(
                id="log_guid",
                type="guid",
                offset=48,
                size=16,
                orig_ids=("LogGuid", "log_guid"),
                doc="Nil when there is nothing to replay; otherwise only log entries that carry it count.",
                section="2.2.2",
            ),
            Field(
                id="log_version",
                type="u2",
                offset=64,
                size=2,
                orig_ids=("LogVersion", "log_version"),
                doc="Version of the log format, 0.",
                section="2.2.2",
            ),
            Field(
                id="version",
                type="u2",
                offset=66,
                size=2,
                orig_ids=("Version", "version"),
                doc="Version of the file format, 1.",
                section="2.2.2",
            ),
            Field(
                id="log_length",
                type="u4",
                offset=68,
                size=4,
                unit="bytes",
                orig_ids=("LogLength", "log_length"),
                doc="Size of the log area, a multiple of 1 MiB.",
                section="2.2.2",
            ),
            Field(
                id="log_offset",
                type="u8",
                offset=72,
                size=8,
                unit="bytes",
                orig_ids=("LogOffset", "log_offset"),
                doc="File offset of the log area, a multiple of 1 MiB.",
                section="2.2.2",
            ),
            Field(
                id="reserved",
                type="bytes",
                offset=80,
                size=4016,
                orig_ids=("Reserved", "reserved"),
                doc="Rest of the header; ignored, but covered by the checksum.",
                section="2.2.2",
                zero_rule="HDR-015",
            ),
        ),
        instances=(
            Instance(id="expected_signature", kind="value", constant="header_signature"),
            Instance(id="object_alignment", kind="value", constant="object_alignment"),
            Instance(id="header_section_size", kind="value", constant="header_section_size"),
            Instance(id="supported_version", kind="value", constant="header_version"),
            Instance(id="supported_log_version", kind="value", constant="log_version"),
            Instance(id="log_length_usual_max", kind="value", constant="log_length_usual_max"),
            Instance(id="sequence_number_max", kind="value", constant="sequence_number_max"),
            Instance(
                id="signature_is_head",
                kind="value",
                doc="The slot begins with the four characters \"head\".",
                rule="HDR-001",
            ),
            Instance(id="version_is_supported", kind="value", doc="The file format is version 1.", rule="HDR-006"),
            Instance(
                id="log_version_is_supported",
                kind="value",
                doc="The log format is version 0. It matters only when there is a log to replay.",
                rule="HDR-007",
            ),
            Instance(
                id="log_length_is_aligned",
                kind="value",
                doc="The log's size is a whole number of MiB, 0 included.",
                rule="HDR-008",
            ),
            Instance(
                id="log_offset_is_aligned",
                kind="value",
                doc="The log starts at a whole number of MiB.",
                rule="HDR-009",
            ),
            Instance(
                id="log_is_after_header_section",
                kind="value",
                doc="A log that has a size lies behind the header section.",
                rule="HDR-010",
            ),
            Instance(
                id="log_guid_has_a_log",
                kind="value",
                doc="A header that announces a log by its LogGuid also has room for one.",
                rule="HDR-013",
            ),
            Instance(
                id="log_length_is_usual",
                kind="value",
                doc="The log is no larger than 1 GiB, the most that a known implementation takes.",
                rule="HDR-014",
            ),
            Instance(
                id="guids_are_set",
                kind="value",
                doc="FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing.",
                rule="HDR-018",
            ),
            Instance(
                id="sequence_number_can_grow",
                kind="value",
                doc="The sequence number can still be raised.",
                rule="HDR-019",
            ),
        ),
    ),
    "log_entry": Structure(
        name="log_entry",
        schema="log_entry",
        parser="log_entry:LogEntry",
        section="2.3.1",
        doc=(
            "One entry of the log, as a contiguous piece: descriptor sectors, then one data sector for each data "
            "descriptor. On disk an entry starts at a multiple of 4 KiB of the log and may wrap past the log's end; "
            "whoever parses it joins the parts first."
        ),
        orig_ids=("Log Entry",),
        checksum=Checksum(rule="LOG-003", field="header.checksum", size_field="header.entry_length"),
        fields=(
            Field(
                id="header",
                type="log_entry_header",
                offset=0,
                size=64,
                doc="The entry's first 64 bytes.",
                section="2.3.1",
            ),
            Field(
                id="descriptors",
                type="log_descriptor",
                offset=64,
                doc="What the entry updates, in order.",
                section="2.3.1",
                repeat="header.descriptor_count",
            ),
            Field(id="padding", type="bytes", offset=None, doc="Rest of the last descriptor sector.", section="2.3.1"),
            Field(
                id="data_sectors",
                type="data_sector",
                offset=None,
                doc="One for each data descriptor, in the same order.",
                section="2.3.1",
                repeat="(header.entry_length - header.descriptor_area_size) / header.log_sector_size",
            ),
        ),
    ),
    "log_entry_header": Structure(
        name="log_entry_header",
        schema="log_entry",
        parser="log_entry:LogEntry.LogEntryHeader",
        size=64,
        section="2.3.1.1",
        doc="Says how long the entry is, where in the sequence it stands and how far back the sequence reaches.",
        orig_ids=("Entry Header", "VHDXLogEntryHeader"),
        struct_format="<4sIIIQII16sQQ",
        struct_fields=(
            "signature",
            "checksum",
            "entry_length",
            "tail",
            "sequence_number",
            "descriptor_count",
            "reserved",
            "log_guid",
            "flushed_file_offset",
            "last_file_offset",
        ),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=4,
                orig_ids=("Signature", "signature"),
                doc="The characters \"loge\".",
                section="2.3.1.1",
            ),
            Field(
                id="checksum",
                type="u4",
                offset=4,
                size=4,
                orig_ids=("Checksum", "checksum"),
                doc="CRC-32C of the entry's EntryLength bytes, across the wrap, these four taken as zero.",
                section="2.3.1.1",
            ),
            Field(
                id="entry_length",
                type="u4",
                offset=8,
                size=4,
                unit="bytes",
                orig_ids=("EntryLength", "entry_length"),
                doc="Size of the whole entry, a multiple of 4 KiB.",
                section="2.3.1.1",
            ),
            Field(
                id="tail",
                type="u4",
                offset=12,
                size=4,
                unit="bytes",
                orig_ids=("Tail", "tail"),
                doc=(
                    "Offset in the log of the oldest entry that must be replayed once this entry is the head; may be "
                    "its own."
                ),
                section="2.3.1.1",
            ),
            Field(
                id="sequence_number",
                type="u8",
                offset=16,
                size=8,
                orig_ids=("SequenceNumber", "sequence_number"),
                doc="One more than that of the entry before; never 0. Where counting starts is up to the writer.",
                section="2.3.1.1",
            ),
            Field(
                id="descriptor_count",
                type="u4",
                offset=24,
                size=4,
                unit="descriptors",
                orig_ids=("DescriptorCount", "descriptor_count"),
                doc="Number of descriptors, which may be 0.",
                section="2.3.1.1",
            ),
            Field(
                id="reserved",
                type="u4",
                offset=28,
                size=4,
                orig_ids=("Reserved", "reserved"),
                doc="Zero.",
                section="2.3.1.1",
            ),
            Field(
                id="log_guid",
                type="guid",
                offset=32,
                size=16,
                orig_ids=("LogGuid", "log_guid"),
                doc="Equal to the current header's LogGuid, or the entry is stale.",
                section="2.3.1.1",
            ),
            Field(
                id="flushed_file_offset",
                type="u8",
                offset=48,
                size=8,
                unit="bytes",
                orig_ids=("FlushedFileOffset", "flushed_file_offset"),
                doc=(
                    "A file size that was stable on the host when the entry was written. A shorter file has been "
                    "truncated."
                ),
                section="2.3.1.1",
            ),
            Field(
                id="last_file_offset",
                type="u8",
                offset=56,
                size=8,
                unit="bytes",
                orig_ids=("LastFileOffset", "last_file_offset"),
                doc="A file size that holds every allocated structure; replay makes the file at least as long.",
                section="2.3.1.1",
            ),
        ),
        instances=(
            Instance(id="expected_signature", kind="value", constant="log_entry_signature"),
            Instance(id="object_alignment", kind="value", constant="object_alignment"),
            Instance(id="log_sector_size", kind="value", constant="log_sector_size"),
            Instance(id="log_entry_header_size", kind="value", constant="log_entry_header_size"),
            Instance(id="log_descriptor_size", kind="value", constant="log_descriptor_size"),
            Instance(
                id="descriptor_area_size",
                kind="value",
                unit="bytes",
                doc="Size of the sectors that hold the header and the descriptors; the data sectors follow.",
            ),
            Instance(
                id="signature_is_loge",
                kind="value",
                doc="An entry begins with the four characters \"loge\".",
                rule="LOG-002",
            ),
            Instance(
                id="entry_length_is_aligned",
                kind="value",
                doc="An entry's length is a multiple of 4 KiB.",
                rule="LOG-004",
            ),
            Instance(id="tail_is_aligned", kind="value", doc="Tail is a multiple of 4 KiB.", rule="LOG-007"),
            Instance(
                id="sequence_number_is_positive",
                kind="value",
                doc="Sequence numbers of entries start above 0.",
                rule="LOG-009",
            ),
            Instance(
                id="descriptors_fit",
                kind="value",
                doc="Header and descriptors fit into the entry. An entry without descriptors is fine.",
                rule="LOG-010",
            ),
            Instance(
                id="reserved_is_zero",
                kind="value",
                doc="The reserved word of an entry header is zero.",
                rule="LOG-011",
            ),
            Instance(
                id="flushed_file_offset_is_aligned",
                kind="value",
                doc="FlushedFileOffset is a whole number of MiB.",
                rule="LOG-013",
            ),
            Instance(
                id="last_file_offset_is_aligned",
                kind="value",
                doc="LastFileOffset is a whole number of MiB.",
                rule="LOG-014",
            ),
        ),
    ),
    "log_descriptor": Structure(
        name="log_descriptor",
        schema="log_entry",
        parser="log_entry:LogEntry.LogDescriptor",
        size=32,
        section="2.3.1",
        doc="A slot of 32 bytes that holds a zero descriptor or a data descriptor.",
        orig_ids=("VHDXLogDescriptor",),
        fields=(
            Field(
                id="zero",
                type="zero_descriptor",
                offset=0,
                size=32,
                doc="The slot as a zero descriptor.",
                section="2.3.1",
                condition="is_zero",
            ),
            Field(
                id="data",
                type="data_descriptor",
                offset=0,
                size=32,
                doc="The slot as a data descriptor.",
                section="2.3.1",
                condition="is_data",
            ),
        ),
        instances=(
            Instance(id="signature", kind="position", orig_ids=("signature",), doc="What decides the kind."),
            Instance(id="zero_signature", kind="value", constant="zero_descriptor_signature"),
            Instance(id="data_signature", kind="value", constant="data_descriptor_signature"),
            Instance(id="is_zero", kind="value", doc="The slot holds a zero descriptor."),
            Instance(id="is_data", kind="value", doc="The slot holds a data descriptor."),
            Instance(
                id="signature_is_known",
                kind="value",
                doc="A descriptor begins with \"zero\" or \"desc\".",
                rule="LOG-015",
            ),
        ),
    ),
    "zero_descriptor": Structure(
        name="zero_descriptor",
        schema="log_entry",
        parser="log_entry:LogEntry.ZeroDescriptor",
        size=32,
        section="2.3.1.2",
        doc="Sets a range of the file to zero.",
        orig_ids=("Zero Descriptor",),
        struct_format="<4sIQQQ",
        struct_fields=("signature", "reserved", "zero_length", "file_offset", "sequence_number"),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=4,
                orig_ids=("ZeroSignature", "signature"),
                doc="The characters \"zero\".",
                section="2.3.1.2",
            ),
            Field(
                id="reserved",
                type="u4",
                offset=4,
                size=4,
                orig_ids=("Reserved", "reserved"),
                doc="Zero.",
                section="2.3.1.2",
            ),
            Field(
                id="zero_length",
                type="u8",
                offset=8,
                size=8,
                unit="bytes",
                orig_ids=("ZeroLength", "zero_length"),
                doc="Length of the range, a multiple of 4 KiB.",
                section="2.3.1.2",
            ),
            Field(
                id="file_offset",
                type="u8",
                offset=16,
                size=8,
                unit="bytes",
                orig_ids=("FileOffset", "file_offset"),
                doc="Where the range starts, a multiple of 4 KiB.",
                section="2.3.1.2",
            ),
            Field(
                id="sequence_number",
                type="u8",
                offset=24,
                size=8,
                orig_ids=("SequenceNumber", "sequence_number"),
                doc="The entry's sequence number again.",
                section="2.3.1.2",
            ),
        ),
        instances=(
            Instance(id="log_sector_size", kind="value", constant="log_sector_size"),
            Instance(id="region_table_1_offset", kind="value", constant="region_table_1_offset"),
            Instance(
                id="reserved_is_zero",
                kind="value",
                doc="The reserved word of a zero descriptor is zero.",
                rule="LOG-016",
            ),
            Instance(
                id="zero_length_is_aligned",
                kind="value",
                doc="The length of a zeroed range is a multiple of 4 KiB.",
                rule="LOG-017",
            ),
            Instance(
                id="file_offset_is_aligned",
                kind="value",
                doc="What a descriptor updates starts at a multiple of 4 KiB.",
                rule="LOG-018",
            ),
            Instance(
                id="file_offset_is_past_headers",
                kind="value",
                doc="No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.",
                rule="LOG-026",
            ),
        ),
    ),
    "data_descriptor": Structure(
        name="data_descriptor",
        schema="log_entry",
        parser="log_entry:LogEntry.DataDescriptor",
        size=32,
        section="2.3.1.3",
        doc=(
            "Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data "
            "sector."
        ),
        orig_ids=("Data Descriptor",),
        struct_format="<4s4s8sQQ",
        struct_fields=("signature", "trailing_bytes", "leading_bytes", "file_offset", "sequence_number"),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=4,
                orig_ids=("DataSignature", "signature"),
                doc="The characters \"desc\".",
                section="2.3.1.3",
            ),
            Field(
                id="trailing_bytes",
                type="bytes",
                offset=4,
                size=4,
                orig_ids=("TrailingBytes", "trailing_bytes"),
                doc="Bytes 4092 to 4095 of the update.",
                section="2.3.1.3",
            ),
            Field(
                id="leading_bytes",
                type="bytes",
                offset=8,
                size=8,
                orig_ids=("LeadingBytes", "leading_bytes"),
                doc="Bytes 0 to 7 of the update.",
                section="2.3.1.3",
            ),
            Field(
                id="file_offset",
                type="u8",
                offset=16,
                size=8,
                unit="bytes",
                orig_ids=("FileOffset", "file_offset"),
                doc="Where the 4 KiB go, a multiple of 4 KiB.",
                section="2.3.1.3",
            ),
            Field(
                id="sequence_number",
                type="u8",
                offset=24,
                size=8,
                orig_ids=("SequenceNumber", "sequence_number"),
                doc="The entry's sequence number again.",
                section="2.3.1.3",
            ),
        ),
        instances=(
            Instance(id="log_sector_size", kind="value", constant="log_sector_size"),
            Instance(id="region_table_1_offset", kind="value", constant="region_table_1_offset"),
            Instance(
                id="file_offset_is_aligned",
                kind="value",
                doc="What a descriptor updates starts at a multiple of 4 KiB.",
                rule="LOG-018",
            ),
            Instance(
                id="file_offset_is_past_headers",
                kind="value",
                doc="No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.",
                rule="LOG-026",
            ),
        ),
    ),
    "data_sector": Structure(
        name="data_sector",
        schema="log_entry",
        parser="log_entry:LogEntry.DataSector",
        size=4096,
        section="2.3.1.4",
        doc="The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows.",
        orig_ids=("Data Sector", "VHDXLogDataSector"),
        struct_format="<4sI4084sI",
        struct_fields=("signature", "sequence_high", "data", "sequence_low"),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=4,
                orig_ids=("DataSignature", "data_signature"),
                doc="The characters \"data\".",
                section="2.3.1.4",
            ),
            Field(
                id="sequence_high",
                type="u4",
                offset=4,
                size=4,
                orig_ids=("SequenceHigh", "sequence_high"),
                doc="Upper half of the entry's sequence number.",
                section="2.3.1.4",
            ),
            Field(
                id="data",
                type="bytes",
                offset=8,
                size=4084,
                orig_ids=("Data", "data"),
                doc="Bytes 8 to 4091 of the update.",
                section="2.3.1.4",
            ),
            Field(
                id="sequence_low",
                type="u4",
                offset=4092,
                size=4,
                orig_ids=("SequenceLow", "sequence_low"),
                doc="Lower half of the entry's sequence number.",
                section="2.3.1.4",
            ),
        ),
        instances=(
            Instance(id="expected_signature", kind="value", constant="data_sector_signature"),
            Instance(id="sequence_number", kind="value", doc="The two halves joined."),
            Instance(
                id="signature_is_data",
                kind="value",
                doc="A data sector begins with the four characters \"data\".",
                rule="LOG-020",
            ),
        ),
    ),
    "file_parameters": Structure(
        name="file_parameters",
        schema="metadata_items",
        parser="metadata_items:MetadataItems.FileParameters",
        size=8,
        section="2.6.2.1",
        doc=(
            "Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is "
            "dynamic."
        ),
        orig_ids=("File Parameters", "VHDXFileParameters"),
        fields=(
            Field(
                id="block_size",
                type="u4",
                offset=0,
                size=4,
                unit="bytes",
                orig_ids=("BlockSize", "block_size"),
                doc="Size of a payload block, a power of two from 1 MiB to 256 MiB.",
                section="2.6.2.1",
            ),
            Field(
                id="leave_block_allocated",
                type="bits",
                offset=4,
                size=4,
                bits=1,
                orig_ids=("LeaveBlockAllocated", "VHDX_PARAMS_LEAVE_BLOCKS_ALLOCED", "data_bits"),
                doc="Blocks keep their space in the file, the mark of a fixed file.",
                section="2.6.2.1",
            ),
            Field(
                id="has_parent",
                type="bits",
                offset=4,
                size=4,
                bit_offset=1,
                bits=1,
                orig_ids=("HasParent", "VHDX_PARAMS_HAS_PARENT"),
                doc="The file is differencing; overrides LeaveBlockAllocated.",
                section="2.6.2.1",
            ),
            Field(
                id="reserved",
                type="bits",
                offset=4,
                size=4,
                bit_offset=2,
                bits=30,
                orig_ids=("Reserved",),
                doc="Zero.",
                section="2.6.2.1",
            ),
        ),
        instances=(
            Instance(id="block_size_min", kind="value", constant="block_size_min"),
            Instance(id="block_size_max", kind="value", constant="block_size_max"),
            Instance(
                id="block_size_is_in_range",
                kind="value",
                doc="A block is from 1 MiB to 256 MiB large.",
                rule="ITM-002",
            ),
            Instance(
                id="block_size_is_power_of_two",
                kind="value",
                doc="The block size is a power of two.",
                rule="ITM-003",
            ),
            Instance(
                id="reserved_is_zero",
                kind="value",
                doc="No bit of the flag word is set but the lowest two.",
                rule="ITM-004",
            ),
            Instance(
                id="flags_do_not_conflict",
                kind="value",
                doc=(
                    "Not both LeaveBlockAllocated and HasParent are set. Both is legal: then the first one does not "
                    "count."
                ),
                rule="ITM-005",
            ),
        ),
    ),
    "virtual_disk_size": Structure(
        name="virtual_disk_size",
        schema="metadata_items",
        parser="metadata_items:MetadataItems.VirtualDiskSize",
        size=8,
        section="2.6.2.2",
        doc="Size of the virtual disk.",
        orig_ids=("Virtual Disk Size", "VHDXVirtualDiskSize"),
        struct_format="<Q",
        struct_fields=("virtual_disk_size",),
        fields=(
            Field(
                id="virtual_disk_size",
                type="u8",
                offset=0,
                size=8,
                unit="bytes",
                orig_ids=("VirtualDiskSize", "virtual_disk_size"),
                doc="A multiple of the logical sector size, at most 64 TiB.",
                section="2.6.2.2",
            ),
        ),
        instances=(
            Instance(id="virtual_disk_size_max", kind="value", constant="virtual_disk_size_max"),
            Instance(
                id="size_is_in_range",
                kind="value",
                doc="The virtual disk is at most 64 TiB large; exactly that is allowed.",
                rule="ITM-008",
            ),
            Instance(id="size_is_not_zero", kind="value", doc="The virtual disk has a size.", rule="ITM-009"),
        ),
    ),
    "virtual_disk_id": Structure(
        name="virtual_disk_id",
        schema="metadata_items",
        parser="metadata_items:MetadataItems.VirtualDiskId",
        size=16,
        section="2.6.2.3",
        doc="Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's.",
        orig_ids=("Virtual Disk ID", "VHDXPage83Data"),
        struct_format="<16s",
        struct_fields=("virtual_disk_id",),
        fields=(
            Field(
                id="virtual_disk_id",
                type="guid",
                offset=0,
                size=16,
                orig_ids=("VirtualDiskId", "page_83_data"),
                doc="The identifier.",
                section="2.6.2.3",
            ),
        ),
        instances=(
            Instance(
                id="id_is_set",
                kind="value",
                doc="The virtual disk has an identifier other than the nil GUID.",
                rule="ITM-011",
            ),
        ),
    ),
    "logical_sector_size": Structure(
        name="logical_sector_size",
        schema="metadata_items",
        parser="metadata_items:MetadataItems.LogicalSectorSize",
        size=4,
        section="2.6.2.4",
        doc="Sector size that the guest addresses; it fixes the size of a chunk.",
        orig_ids=("Logical Sector Size", "VHDXVirtualDiskLogicalSectorSize"),
        struct_format="<I",
        struct_fields=("logical_sector_size",),
        fields=(
            Field(
                id="logical_sector_size",
                type="u4",
                offset=0,
                size=4,
                unit="bytes",
                orig_ids=("LogicalSectorSize", "logical_sector_size"),
                doc="512 or 4096.",
                section="2.6.2.4",
            ),
        ),
        instances=(
            Instance(id="sector_size_512", kind="value", constant="sector_size_512"),
            Instance(id="sector_size_4096", kind="value", constant="sector_size_4096"),
            Instance(
                id="size_is_defined",
                kind="value",
                doc="A logical sector is 512 or 4096 bytes large.",
                rule="ITM-013",
            ),
        ),
    ),
    "physical_sector_size": Structure(
        name="physical_sector_size",
        schema="metadata_items",
        parser="metadata_items:MetadataItems.PhysicalSectorSize",
        size=4,
        section="2.6.2.5",
        doc="Sector size that the guest is told the medium has; it moves no byte.",
        orig_ids=("Physical Sector Size", "VHDXVirtualDiskPhysicalSectorSize"),
        struct_format="<I",
        struct_fields=("physical_sector_size",),
        fields=(
            Field(
                id="physical_sector_size",
                type="u4",
                offset=0,
                size=4,
                unit="bytes",
                orig_ids=("PhysicalSectorSize", "physical_sector_size"),
                doc="512 or 4096.",
                section="2.6.2.5",
            ),
        ),
        instances=(
            Instance(id="sector_size_512", kind="value", constant="sector_size_512"),
            Instance(id="sector_size_4096", kind="value", constant="sector_size_4096"),
            Instance(
                id="size_is_defined",
                kind="value",
                doc="A physical sector is 512 or 4096 bytes large.",
                rule="ITM-015",
            ),
        ),
    ),
    "chs_parameters": Structure(
        name="chs_parameters",
        schema="metadata_items",
        parser="metadata_items:MetadataItems.ChsParameters",
        size=8,
        section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
        doc="Disk geometry. Not in the specification; known from openvmm only, flags unknown.",
        struct_format="<II",
        struct_fields=("heads_per_cylinder", "sectors_per_track"),
        fields=(
            Field(
                id="heads_per_cylinder",
                type="u4",
                offset=0,
                size=4,
                unit="heads",
                doc="Heads in a cylinder.",
                section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
            ),
            Field(
                id="sectors_per_track",
                type="u4",
                offset=4,
                size=4,
                unit="sectors",
                doc="Sectors in a track.",
                section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
            ),
        ),
    ),
    "pmem_label_storage_area": Structure(
        name="pmem_label_storage_area",
        schema="metadata_items",
        parser="metadata_items:MetadataItems.PmemLabelStorageArea",
        size=28,
        section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
        doc="Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only.",
        struct_format="<HH16sII",
        struct_fields=("version", "reserved", "guid", "data_offset", "data_length"),
        fields=(
            Field(
                id="version",
                type="u2",
                offset=0,
                size=2,
                doc="Version of the item, 1.",
                section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
            ),
            Field(
                id="reserved",
                type="u2",
                offset=2,
                size=2,
                doc="Not used.",
                section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
            ),
            Field(
                id="guid",
                type="guid",
                offset=4,
                size=16,
                doc="Identity of the label storage area.",
                section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
            ),
            Field(
                id="data_offset",
                type="u4",
                offset=20,
                size=4,
                unit="bytes",
                doc="Where the labels start.",
                section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
            ),
            Field(
                id="data_length",
                type="u4",
                offset=24,
                size=4,
                unit="bytes",
                doc="Size of the labels.",
                section="microsoft/openvmm vm/devices/storage/vhdx/src/format.rs",
            ),
        ),
    ),
    "metadata_table": Structure(
        name="metadata_table",
        schema="metadata_table",
        parser="metadata_table:MetadataTable",
        size=65536,
        section="2.6.1",
        doc="The first 64 KiB of the metadata region: which items there are and where in the region they lie.",
        orig_ids=("Metadata Table",),
        fields=(
            Field(
                id="header",
                type="metadata_table_header",
                offset=0,
                size=32,
                doc="Signature and count.",
                section="2.6.1",
            ),
            Field(
                id="entries",
                type="metadata_table_entry",
                offset=32,
                size=32,
                doc="One entry an item, in any order.",
                section="2.6.1",
                repeat="header.entry_count < header.entries_max ? header.entry_count : header.entries_max",
            ),
            Field(id="unused", type="bytes", offset=None, doc="Room for further entries.", section="2.6.1"),
        ),
    ),
    "metadata_table_header": Structure(
        name="metadata_table_header",
        schema="metadata_table",
        parser="metadata_table:MetadataTable.MetadataTableHeader",
        size=32,
        section="2.6.1.1",
        doc="The first 32 bytes of the metadata table.",
        orig_ids=("Metadata Table Header", "VHDXMetadataTableHeader"),
        struct_format="<8sHH20s",
        struct_fields=("signature", "reserved", "entry_count", "reserved2"),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=8,
                orig_ids=("Signature", "signature"),
                doc="The characters \"metadata\".",
                section="2.6.1.1",
            ),
            Field(
                id="reserved",
                type="u2",
                offset=8,
                size=2,
                orig_ids=("Reserved", "reserved"),
                doc="Zero.",
                section="2.6.1.1",
            ),
            Field(
                id="entry_count",
                type="u2",
                offset=10,
                size=2,
                unit="entries",
                orig_ids=("EntryCount", "entry_count"),
                doc="Number of entries that follow, at most 2047.",
                section="2.6.1.1",
            ),
            Field(
                id="reserved2",
                type="bytes",
                offset=12,
                size=20,
                orig_ids=("Reserved2", "reserved2"),
                doc="Zero.",
                section="2.6.1.1",
            ),
        ),
        instances=(
            Instance(id="expected_signature", kind="value", constant="metadata_signature"),
            Instance(id="entries_max", kind="value", constant="metadata_entries_max"),
            Instance(
                id="signature_is_metadata",
                kind="value",
                doc="The metadata region begins with the eight characters \"metadata\".",
                rule="MDT-001",
            ),
            Instance(
                id="reserved_is_zero",
                kind="value",
                doc="The 22 reserved bytes of the table header are zero.",
                rule="MDT-002",
            ),
            Instance(
                id="entry_count_fits",
                kind="value",
                doc="The table lists no more entries than fit into its 64 KiB, 2047.",
                rule="MDT-003",
            ),
        ),
    ),
    "metadata_table_entry": Structure(
        name="metadata_table_entry",
        schema="metadata_table",
        parser="metadata_table:MetadataTable.MetadataTableEntry",
        size=32,
        section="2.6.1.2",
        doc="Names one item and says where in the metadata region it lies.",
        orig_ids=("Metadata Table Entry", "VHDXMetadataTableEntry"),
        fields=(
            Field(
                id="item_id",
                type="guid",
                offset=0,
                size=16,
                orig_ids=("ItemId", "item_id"),
                doc="What the item is; unique together with IsUser.",
                section="2.6.1.2",
            ),
            Field(
                id="offset",
                type="u4",
                offset=16,
                size=4,
                unit="bytes",
                orig_ids=("Offset", "offset"),
                doc="Where the item starts, from the start of the metadata region; 0 for an empty item.",
                section="2.6.1.2",
            ),
            Field(
                id="length",
                type="u4",
                offset=20,
                size=4,
                unit="bytes",
                orig_ids=("Length", "length"),
                doc="Size of the item, at most 1 MiB; 0 for an item that is present but empty.",
                section="2.6.1.2",
            ),
            Field(
                id="is_user",
                type="bits",
                offset=24,
                size=4,
                bits=1,
                orig_ids=("IsUser", "VHDX_META_FLAGS_IS_USER", "data_bits"),
                doc="The item belongs to the user, not to the format.",
                section="2.6.1.2",
            ),
            Field(
                id="is_virtual_disk",
                type="bits",
                offset=24,
                size=4,
                bit_offset=1,
                bits=1,
                orig_ids=("IsVirtualDisk", "VHDX_META_FLAGS_IS_VIRTUAL_DISK"),
                doc="The item describes the virtual disk and goes along to differencing children.",
                section="2.6.1.2",
            ),
            Field(
                id="is_required",
                type="bits",
                offset=24,
                size=4,
                bit_offset=2,
                bits=1,
                orig_ids=("IsRequired", "VHDX_META_FLAGS_IS_REQUIRED"),
                doc="Who does not know the item must refuse the file.",
                section="2.6.1.2",
            ),
            Field(
                id="reserved",
                type="bits",
                offset=24,
                size=4,
                bit_offset=3,
                bits=29,
                orig_ids=("Reserved",),
                doc="Zero.",
                section="2.6.1.2",
            ),
            Field(
                id="reserved2",
                type="u4",
                offset=28,
                size=4,
                orig_ids=("Reserved2", "reserved2"),
                doc="Zero.",
                section="2.6.1.2",
            ),
        ),
        instances=(
            Instance(id="incomplete_file_marker_id", kind="value", constant="incomplete_file_marker"),
            Instance(id="metadata_table_size", kind="value", constant="metadata_table_size"),
            Instance(id="metadata_item_length_max", kind="value", constant="metadata_item_length_max"),
            Instance(id="file_parameters_id", kind="value", constant="file_parameters"),
            Instance(id="virtual_disk_size_id", kind="value", constant="virtual_disk_size"),
            Instance(id="virtual_disk_id_id", kind="value", constant="virtual_disk_id"),
            Instance(id="logical_sector_size_id", kind="value", constant="logical_sector_size"),
            Instance(id="physical_sector_size_id", kind="value", constant="physical_sector_size"),
            Instance(id="parent_locator_id", kind="value", constant="parent_locator"),
            Instance(id="is_file_parameters", kind="value", doc="The entry names the file parameters."),
            Instance(id="is_virtual_disk_size", kind="value", doc="The entry names the virtual disk size."),
            Instance(id="is_virtual_disk_id", kind="value", doc="The entry names the virtual disk id."),
            Instance(id="is_logical_sector_size", kind="value", doc="The entry names the logical sector size."),
            Instance(id="is_physical_sector_size", kind="value", doc="The entry names the physical sector size."),
            Instance(id="is_parent_locator", kind="value", doc="The entry names the parent locator."),
            Instance(
                id="is_disk_property",
                kind="value",
                doc="The entry names an item that describes the virtual disk.",
            ),
            Instance(id="is_known", kind="value", doc="The entry names an item that the specification defines."),
            Instance(
                id="form_length",
                kind="value",
                unit="bytes",
                doc="Length of the form that the item has, or its own where it has none.",
            ),
            Instance(
                id="offset_is_past_table",
                kind="value",
                doc=(
                    "An item that is not empty starts behind the table, at byte 65536 of the region or later. Any byte "
                    "will do."
                ),
                rule="MDT-006",
            ),
            Instance(id="length_is_in_bounds", kind="value", doc="An item is at most 1 MiB long.", rule="MDT-009"),
            Instance(
                id="empty_item_has_no_offset",
                kind="value",
                doc="An empty item has offset 0. It counts as present, with nothing in it.",
                rule="MDT-010",
            ),
            Instance(
                id="reserved_flags_are_zero",
                kind="value",
                doc="No bit of the flag word is set but the lowest three.",
                rule="MDT-013",
            ),
            Instance(id="reserved2_is_zero", kind="value", doc="The last word of an entry is zero.", rule="MDT-014"),
            Instance(
                id="required_is_known",
                kind="value",
                doc="An item marked as required is a system item that we know.",
                rule="MDT-015",
            ),
            Instance(
                id="user_is_not_required",
                kind="value",
                doc="A user item is not marked as required. The specification does not say so, openvmm does.",
                rule="MDT-016",
            ),
            Instance(
                id="item_id_is_set",
                kind="value",
                doc="The item id is not the nil GUID. The specification does not say so, openvmm does.",
                rule="MDT-017",
            ),
            Instance(
                id="is_not_incomplete_marker",
                kind="value",
                doc="The entry is not the marker by which Microsoft tools tell that a file was never finished.",
                rule="MDT-018",
            ),
            Instance(
                id="known_flags_are_usual",
                kind="value",
                doc=(
                    "An item that we know has the flags of its kind: always IsRequired, and IsVirtualDisk for all but "
                    "the file parameters and the parent locator."
                ),
                rule="ITM-017",
            ),
            Instance(
                id="known_length_is_exact",
                kind="value",
                doc="An item of fixed form has exactly the length of its form.",
                rule="ITM-018",
            ),
        ),
    ),
    "ms_guid": Structure(
        name="ms_guid",
        schema="ms_guid",
        parser="ms_guid:MsGuid",
        size=16,
        section="MS-DTYP 2.3.4.2",
        doc=(
            "A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as "
            "written, so 2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD"
            " 4A 08. Two identifiers are equal when all sixteen stored bytes are equal; version and variant bits carry "
            "no meaning here."
        ),
        orig_ids=("GUID", "MSGUID"),
        struct_format="<16s",
        struct_fields=("raw",),
        fields=(
            Field(
                id="raw",
                type="bytes",
                offset=0,
                size=16,
                orig_ids=("data1", "data2", "data3", "data4"),
                doc=(
                    "The sixteen bytes as stored; compare these. The last two groups of the text form are bytes 8 to "
                    "15."
                ),
                section="MS-DTYP 2.3.4.2",
            ),
        ),
        instances=(
            Instance(id="data1", kind="value", doc="First group of the text form, 32 bits."),
            Instance(id="data2", kind="value", doc="Second group, 16 bits."),
            Instance(id="data3", kind="value", doc="Third group, 16 bits."),
            Instance(
                id="is_nil",
                kind="value",
                doc="True for the identifier whose bytes are all zero; it never identifies anything.",
            ),
        ),
    ),
    "packed_image": Structure(
        name="packed_image",
        schema="packed_image",
        parser="packed_image:PackedImage",
        size=16,
        section="Packed image 1",
        doc=(
            "The start of a packed image: a file as what is written into zeros, small without a compressor. Operations "
            "follow to the end, each with its bytes. No part of VHDX: seeds of fuzzers and the conformance suite are "
            "stored so. Seeds have literals only; the suite has more operations. Later ones write over earlier ones, "
            "and what none writes is zero."
        ),
        struct_format="<8sQ",
        struct_fields=("magic", "file_length"),
        fields=(
            Field(
                id="magic",
                type="bytes",
                offset=0,
                size=8,
                orig_ids=("magic",),
                doc="The characters \"VHDXOPS1\".",
                section="Packed image 1",
            ),
            Field(
                id="file_length",
                type="u8",
                offset=8,
                size=8,
                unit="bytes",
                orig_ids=("file length",),
                doc="Length of the file.",
                section="Packed image 1",
            ),
        ),
    ),
    "packed_run": Structure(
        name="packed_run",
        schema="packed_image",
        parser="packed_image:PackedImage.PackedRun",
        size=17,
        section="Packed image 1",
        doc="What an operation does, and where. Its bytes follow.",
        struct_format="<1sQQ",
        struct_fields=("kind", "offset", "length"),
        fields=(
            Field(
                id="kind",
                type="bytes",
                offset=0,
                size=1,
                orig_ids=("kind",),
                doc="The letter of the operation, \"L\" for a literal.",
                section="Packed image 1",
            ),
            Field(
                id="offset",
                type="u8",
                offset=1,
                size=8,
                unit="bytes",
                orig_ids=("offset",),
                doc="File offset of the first byte that it writes.",
                section="Packed image 1",
            ),
            Field(
                id="length",
                type="u8",
                offset=9,
                size=8,
                unit="bytes",
                orig_ids=("length",),
                doc="How many bytes it writes.",
                section="Packed image 1",
            ),
        ),
    ),
    "parent_locator": Structure(
        name="parent_locator",
        schema="parent_locator",
        parser="parent_locator:ParentLocator",
        section="2.6.2.6",
        doc=(
            "A metadata item of key and value strings, UTF-16LE, by which a differencing file finds and recognises its "
            "parent. Offsets count from the start of the item. Strings have no terminator."
        ),
        orig_ids=("Parent Locator",),
        fields=(
            Field(
                id="header",
                type="parent_locator_header",
                offset=0,
                size=20,
                doc="Type and count.",
                section="2.6.2.6",
            ),
            Field(
                id="entries",
                type="parent_locator_entry",
                offset=20,
                size=12,
                doc="One entry a pair.",
                section="2.6.2.6",
                repeat="header.key_value_count < header.entries_max ? header.key_value_count : header.entries_max",
            ),
            Field(
                id="strings",
                type="bytes",
                offset=None,
                doc="Keys and values, each where its entry says.",
                section="2.6.2.6",
            ),
        ),
    ),
    "parent_locator_header": Structure(
        name="parent_locator_header",
        schema="parent_locator",
        parser="parent_locator:ParentLocator.ParentLocatorHeader",
        size=20,
        section="2.6.2.6.1",
        doc="The first 20 bytes of the item.",
        orig_ids=("Parent Locator Header", "VHDXParentLocatorHeader"),
        struct_format="<16sHH",
        struct_fields=("locator_type", "reserved", "key_value_count"),
        fields=(
            Field(
                id="locator_type",
                type="guid",
                offset=0,
                size=16,
                orig_ids=("LocatorType", "locator_type"),
                doc="Says which keys to expect.",
                section="2.6.2.6.1",
            ),
            Field(
                id="reserved",
                type="u2",
                offset=16,
                size=2,
                orig_ids=("Reserved", "reserved"),
                doc="Zero.",
                section="2.6.2.6.1",
            ),
            Field(
                id="key_value_count",
                type="u2",
                offset=18,
                size=2,
                unit="pairs",
                orig_ids=("KeyValueCount", "key_value_count"),
                doc="Number of entries that follow.",
                section="2.6.2.6.1",
            ),
        ),
        instances=(
            Instance(id="vhdx_locator_type", kind="value", constant="vhdx_locator_type"),
            Instance(id="parent_locator_header_size", kind="value", constant="parent_locator_header_size"),
            Instance(id="parent_locator_entry_size", kind="value", constant="parent_locator_entry_size"),
            Instance(id="entries_max", kind="value", unit="entries", doc="Entries that the item has room for."),
            Instance(
                id="entries_fit",
                kind="value",
                doc="The item has room for all the entries that it counts.",
                rule="PLC-003",
            ),
            Instance(
                id="locator_type_is_known",
                kind="value",
                doc="The locator is of the type that the specification defines.",
                rule="PLC-004",
            ),
            Instance(
                id="reserved_is_zero",
                kind="value",
                doc="The reserved word of the locator header is zero.",
                rule="PLC-005",
            ),
            Instance(
                id="has_pairs",
                kind="value",
                doc=(
                    "The locator has pairs. A useful one has two at least, a linkage and a path; openvmm takes 256 at "
                    "most."
                ),
                rule="PLC-006",
            ),
        ),
    ),
    "parent_locator_entry": Structure(
        name="parent_locator_entry",
        schema="parent_locator",
        parser="parent_locator:ParentLocator.ParentLocatorEntry",
        size=12,
        section="2.6.2.6.2",
        doc="Says where the strings of one pair lie.",
        orig_ids=("Parent Locator Entry", "VHDXParentLocatorEntry"),
        struct_format="<IIHH",
        struct_fields=("key_offset", "value_offset", "key_length", "value_length"),
        fields=(
            Field(
                id="key_offset",
                type="u4",
                offset=0,
                size=4,
                unit="bytes",
                orig_ids=("KeyOffset", "key_offset"),
                doc="Where the key starts, from the start of the item.",
                section="2.6.2.6.2",
            ),
            Field(
                id="value_offset",
                type="u4",
                offset=4,
                size=4,
                unit="bytes",
                orig_ids=("ValueOffset", "value_offset"),
                doc="Where the value starts, from the start of the item.",
                section="2.6.2.6.2",
            ),
            Field(
                id="key_length",
                type="u2",
                offset=8,
                size=2,
                unit="bytes",
                orig_ids=("KeyLength", "key_length"),
                doc="Size of the key.",
                section="2.6.2.6.2",
            ),
            Field(
                id="value_length",
                type="u2",
                offset=10,
                size=2,
                unit="bytes",
                orig_ids=("ValueLength", "value_length"),
                doc="Size of the value.",
                section="2.6.2.6.2",
            ),
        ),
        instances=(
            Instance(
                id="offsets_are_set",
                kind="value",
                doc="Key and value have an offset. It counts from the item's start, so 0 is the header.",
                rule="PLC-007",
            ),
            Instance(id="lengths_are_set", kind="value", doc="Key and value are not empty.", rule="PLC-008"),
            Instance(id="strings_are_inside", kind="value", doc="Key and value end inside the item.", rule="PLC-009"),
            Instance(id="key", kind="position", encoding="UTF-16LE", doc="The key's bytes."),
            Instance(id="value", kind="position", encoding="UTF-16LE", doc="The value's bytes."),
        ),
    ),
    "region_table": Structure(
        name="region_table",
        schema="region_table",
        parser="region_table:RegionTable",
        size=65536,
        section="2.2.3",
        doc=(
            "Says where the BAT, the metadata and any further region lie. Stored twice, 64 KiB each, alike in a healthy"
            " file."
        ),
        orig_ids=("Region Table",),
        checksum=Checksum(rule="RGN-002", field="header.checksum", size=65536),
        fields=(
            Field(
                id="header",
                type="region_table_header",
                offset=0,
                size=16,
                doc="Signature, checksum and count.",
                section="2.2.3",
            ),
            Field(
                id="entries",
                type="region_table_entry",
                offset=16,
                size=32,
                doc="One entry a region, in any order.",
                section="2.2.3",
                repeat="header.entry_count < header.entries_max ? header.entry_count : header.entries_max",
            ),
            Field(
                id="unused",
                type="bytes",
                offset=None,
                doc="Room for further entries.",
                section="2.2.3",
                zero_rule="RGN-019",
            ),
        ),
    ),
    "region_table_header": Structure(
        name="region_table_header",
        schema="region_table",
        parser="region_table:RegionTable.RegionTableHeader",
        size=16,
        section="2.2.3.1",
        doc="The first 16 bytes of a region table.",
        orig_ids=("Region Table Header", "VHDXRegionTableHeader"),
        struct_format="<4sIII",
        struct_fields=("signature", "checksum", "entry_count", "reserved"),
        fields=(
            Field(
                id="signature",
                type="bytes",
                offset=0,
                size=4,
                orig_ids=("Signature", "signature"),
                doc="The characters \"regi\".",
                section="2.2.3.1",
            ),
            Field(
                id="checksum",
                type="u4",
                offset=4,
                size=4,
                orig_ids=("Checksum", "checksum"),
                doc="CRC-32C of the whole 64 KiB, these four bytes taken as zero.",
                section="2.2.3.1",
            ),
            Field(
                id="entry_count",
                type="u4",
                offset=8,
                size=4,
                unit="entries",
                orig_ids=("EntryCount", "entry_count"),
                doc="Number of entries that follow, at most 2047.",
                section="2.2.3.1",
            ),
            Field(
                id="reserved",
                type="u4",
                offset=12,
                size=4,
                orig_ids=("Reserved", "reserved"),
                doc="Zero; ignored.",
                section="2.2.3.1",
            ),
        ),
        instances=(
            Instance(id="expected_signature", kind="value", constant="region_signature"),
            Instance(id="entries_max", kind="value", constant="region_entries_max"),
            Instance(
                id="signature_is_regi",
                kind="value",
                doc="The region table begins with the four characters \"regi\".",
                rule="RGN-001",
            ),
            Instance(
                id="entry_count_fits",
                kind="value",
                doc="The table lists no more entries than fit into its 64 KiB, 2047.",
                rule="RGN-005",
            ),
            Instance(
                id="reserved_is_zero",
                kind="value",
                doc="The reserved word of the table header is zero.",
                rule="RGN-006",
            ),
        ),
    ),
    "region_table_entry": Structure(
        name="region_table_entry",
        schema="region_table",
        parser="region_table:RegionTable.RegionTableEntry",
        size=32,
        section="2.2.3.2",
        doc="Names one region and says where it lies.",
        orig_ids=("Region Table Entry", "VHDXRegionTableEntry"),
        fields=(
            Field(
                id="guid",
                type="guid",
                offset=0,
                size=16,
                orig_ids=("Guid", "guid"),
                doc="What the region holds; unique in the table.",
                section="2.2.3.2",
            ),
            Field(
                id="file_offset",
                type="u8",
                offset=16,
                size=8,
                unit="bytes",
                orig_ids=("FileOffset", "file_offset"),
                doc="File offset of the region, a multiple of 1 MiB, at least 1 MiB.",
                section="2.2.3.2",
            ),
            Field(
                id="length",
                type="u4",
                offset=24,
                size=4,
                unit="bytes",
                orig_ids=("Length", "length"),
                doc="Size of the region, a multiple of 1 MiB.",
                section="2.2.3.2",
            ),
            Field(
                id="required",
                type="bits",
                offset=28,
                size=4,
                bits=1,
                orig_ids=("Required", "data_bits", "VHDX_REGION_ENTRY_REQUIRED"),
                doc="Who does not know the region's GUID must refuse the file.",
                section="2.2.3.2",
            ),
            Field(
                id="reserved",
                type="bits",
                offset=28,
                size=4,
                bit_offset=1,
                bits=31,
                orig_ids=("Reserved",),
                doc="Zero in every file seen; the specification shows Required as a whole word.",
                section="2.2.3.2",
            ),
        ),
        instances=(
            Instance(id="bat_guid", kind="value", constant="bat_region"),
            Instance(id="metadata_guid", kind="value", constant="metadata_region"),
            Instance(id="object_alignment", kind="value", constant="object_alignment"),
            Instance(id="header_section_size", kind="value", constant="header_section_size"),
            Instance(id="metadata_table_size", kind="value", constant="metadata_table_size"),
            Instance(id="is_bat", kind="value", doc="The entry names the BAT region."),
            Instance(id="is_metadata", kind="value", doc="The entry names the metadata region."),
            Instance(id="is_known", kind="value", doc="The entry names a region that the specification defines."),
            Instance(
                id="file_offset_is_aligned",
                kind="value",
                doc="A region starts at a whole number of MiB.",
                rule="RGN-008",
            ),
            Instance(
                id="file_offset_is_after_header_section",
                kind="value",
                doc="A region starts behind the header section, at 1 MiB or later.",
                rule="RGN-009",
            ),
            Instance(
                id="length_is_aligned",
                kind="value",
                doc="A region's size is a whole number of MiB.",
                rule="RGN-010",
            ),
            Instance(id="length_is_not_zero", kind="value", doc="A region is not empty.", rule="RGN-011"),
            Instance(
                id="required_is_known",
                kind="value",
                doc="A region marked as required is one that we know.",
                rule="RGN-014",
            ),
            Instance(
                id="known_is_required",
                kind="value",
                doc="The BAT and the metadata are marked as required. QEMU leaves the mark out.",
                rule="RGN-017",
            ),
            Instance(
                id="required_is_one_bit",
                kind="value",
                doc="The word that holds Required is 0 or 1.",
                rule="RGN-018",
            ),
            Instance(
                id="metadata_holds_its_table",
                kind="value",
                doc="The metadata region has room for its table of 64 KiB. Other regions are not asked.",
                rule="MDT-004",
            ),
        ),
    ),
    "vhd_footer": Structure(
        name="vhd_footer",
        schema="vhd_footer",
        parser="vhd_footer:VhdFooter",
        size=512,
        section="VHD 1.0",
        doc=(
            "The last 512 bytes of a fixed VHD, the older format: before them stands the disk, byte for byte. No part "
            "of a VHDX; it is here because disks are converted to it. Unlike everything in VHDX its integers are "
            "big-endian."
        ),
        struct_format=">8sIIQI4sI4sQQHBBII16sB427s",
        struct_fields=(
            "cookie",
            "features",
            "format_version",
            "data_offset",
            "time_stamp",
            "creator_application",
            "creator_version",
            "creator_host_os",
            "original_size",
            "current_size",
            "cylinders",
            "heads",
            "sectors_per_track",
            "disk_type",
            "checksum",
            "unique_id",
            "saved_state",
            "reserved",
        ),
        fields=(
            Field(
                id="cookie",
                type="bytes",
                offset=0,
                size=8,
                orig_ids=("Cookie",),
                doc="The characters \"conectix\".",
                section="VHD 1.0",
            ),
            Field(
                id="features",
                type="u4",
                offset=8,
                size=4,
                orig_ids=("Features",),
                doc="Bit 1 is always set; bit 0 says that the disk is temporary.",
                section="VHD 1.0",
            ),
            Field(
                id="format_version",
                type="u4",
                offset=12,
                size=4,
                orig_ids=("File Format Version",),
                doc="Major version in the upper, minor version in the lower 16 bits.",
                section="VHD 1.0",
            ),
            Field(
                id="data_offset",
                type="u8",
                offset=16,
                size=8,
                unit="bytes",
                orig_ids=("Data Offset",),
                doc="File offset of the next structure; all bits set where there is none, as in a fixed disk.",
                section="VHD 1.0",
            ),
            Field(
                id="time_stamp",
                type="u4",
                offset=24,
                size=4,
                unit="seconds",
                orig_ids=("Time Stamp",),
                doc="When the disk was made, since the beginning of 2000 in UTC.",
                section="VHD 1.0",
            ),
            Field(
                id="creator_application",
                type="bytes",
                offset=28,
                size=4,
                orig_ids=("Creator Application",),
                doc="Which program made the disk.",
                section="VHD 1.0",
            ),
            Field(
                id="creator_version",
                type="u4",
                offset=32,
                size=4,
                orig_ids=("Creator Version",),
                doc="Version of that program.",
                section="VHD 1.0",
            ),
            Field(
                id="creator_host_os",
                type="bytes",
                offset=36,
                size=4,
                orig_ids=("Creator Host OS",),
                doc="On which system it was made.",
                section="VHD 1.0",
            ),
            Field(
                id="original_size",
                type="u8",
                offset=40,
                size=8,
                unit="bytes",
                orig_ids=("Original Size",),
                doc="Size of the disk when it was made.",
                section="VHD 1.0",
            ),
            Field(
                id="current_size",
                type="u8",
                offset=48,
                size=8,
                unit="bytes",
                orig_ids=("Current Size",),
                doc="Size of the disk.",
                section="VHD 1.0",
            ),
            Field(
                id="cylinders",
                type="u2",
                offset=56,
                size=2,
                orig_ids=("Disk Geometry (Cylinder)",),
                doc="Cylinders of the geometry that an old BIOS is shown.",
                section="VHD 1.0",
            ),
            Field(
                id="heads",
                type="u1",
                offset=58,
                size=1,
                orig_ids=("Disk Geometry (Heads)",),
                doc="Heads of that geometry.",
                section="VHD 1.0",
            ),
            Field(
                id="sectors_per_track",
                type="u1",
                offset=59,
                size=1,
                orig_ids=("Disk Geometry (Sectors per track/cylinder)",),
                doc="Sectors per track of that geometry.",
                section="VHD 1.0",
            ),
            Field(
                id="disk_type",
                type="u4",
                offset=60,
                size=4,
                orig_ids=("Disk Type",),
                doc="2 for a fixed disk.",
                section="VHD 1.0",
            ),
            Field(
                id="checksum",
                type="u4",
                offset=64,
                size=4,
                orig_ids=("Checksum",),
                doc="Complement of the sum of all 512 bytes, this field taken as zero.",
                section="VHD 1.0",
            ),
            Field(
                id="unique_id",
                type="bytes",
                offset=68,
                size=16,
                orig_ids=("Unique Id",),
                doc="Identity of the disk.",
                section="VHD 1.0",
            ),
            Field(
                id="saved_state",
                type="u1",
                offset=84,
                size=1,
                orig_ids=("Saved State",),
                doc="1 where a machine was saved in the middle of its work.",
                section="VHD 1.0",
            ),
            Field(
                id="reserved",
                type="bytes",
                offset=85,
                size=427,
                orig_ids=("Reserved",),
                doc="Zero.",
                section="VHD 1.0",
            ),
        ),
    ),
}
