/**
 * The layout of VHDX: readers of byte arrays, constants, and every rule that one structure can decide.
 *
 * No dependencies. What the bytes at hand do not reach is undefined. An array begins where the structure does and may
 * be longer. Integers of more than 32 bits, derived ones and constants are BigInt, others are numbers. `streamSize` is
 * the size in bytes of what the structure lies in, where a rule asks for it: of a parent locator's header and entries,
 * the whole item.
 *
 * Machine-written from formats/ by `make generate`; do not edit.
 */

export type Value = boolean | number | bigint | Uint8Array | undefined;

/** A field: its place in the structure in bytes (of the word, where it is bits of one), its reader; of elements, the first. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly read: (bytes: Uint8Array) => Value;
}

/** What follows from fields: of the structure's bytes, and `streamSize`. */
export interface Derived {
  readonly name: string;
  readonly read: (bytes: Uint8Array, streamSize: number) => Value;
}

/** A rule, by its id: does it hold, of the structure's bytes and `streamSize`? */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly holds: (bytes: Uint8Array, streamSize: number) => boolean | undefined;
}

/** A structure as data, for programs that show all of it. */
export interface Structure {
  readonly name: string;
  readonly size: number | undefined;
  readonly fields: readonly Field[];
  readonly derived: readonly Derived[];
  readonly rules: readonly Rule[];
}

function slice(bytes: Uint8Array, start: number, size: number): Uint8Array | undefined {
  return size >= 0 && start + size <= bytes.length ? bytes.subarray(start, start + size) : undefined;
}

function integer(bytes: Uint8Array, offset: number, bit: number, bits: number, bigEndian: boolean): bigint | undefined {
  const there = slice(bytes, offset, Math.ceil((bit + bits) / 8));
  if (there === undefined) return undefined;
  const part = new Uint8Array(there); // a copy, which slice() of a Buffer is not
  if (!bigEndian) part.reverse();
  const word = part.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n as bigint);
  return BigInt.asUintN(bits, word >> BigInt(bit));
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function crc32cStep(crc: number, byte: number): number {
  crc ^= byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? Number(CRC32C_POLYNOMIAL_REFLECTED) : 0);
  return crc;
}

/** CRC-32C (Castagnoli) of bytes. */
export function crc32c(bytes: Uint8Array): number {
  return ~bytes.reduce(crc32cStep, Number(CRC32C_INITIAL)) >>> 0;
}

function checksumIsRight(bytes: Uint8Array, start: number, size: bigint | undefined): boolean | undefined {
  const covered = size === undefined ? undefined : slice(bytes, 0, Number(size));
  const stored = covered && integer(covered, start, 0, 32, false);
  if (covered === undefined || stored === undefined) return undefined;
  return BigInt(crc32c(new Uint8Array(covered).fill(0, start, start + 4))) === stored;
}

/** Bits of an entry that hold its state. */
export const BAT_STATE_MASK = 7n;
/** Bits of an entry that, taken where they stand, are the block's file offset in bytes. */
export const BAT_FILE_OFFSET_MASK = 0xFFFFFFFFFFF00000n;
/** Lowest bit of FileOffsetMB in an entry; the bits below count parts of a MiB. */
export const BAT_FILE_OFFSET_BIT = 20n;
/** Largest FileOffsetMB that a known implementation (openvmm) accepts, 256 TiB less 1 MiB. */
export const FILE_OFFSET_MB_USUAL_MAX = 0xFFFFFFFn;
/** Logical sectors that one sector bitmap block describes (2^23), and thereby the size of a chunk. */
export const SECTORS_PER_CHUNK = 0x800000n;
/** Size of a sector bitmap block, one bit a sector of the chunk. */
export const SECTOR_BITMAP_BLOCK_SIZE = 0x100000n;
/** Virtual bytes of a chunk with sectors of 512 bytes (sectors_per_chunk × sector size). */
export const CHUNK_SIZE_512 = 0x100000000n;
/** Virtual bytes of a chunk with sectors of 4096 bytes. */
export const CHUNK_SIZE_4096 = 0x800000000n;
/** Fewest payload blocks in a chunk. Chunk ratio = chunk size / block size, a power of two. */
export const CHUNK_RATIO_MIN = 16n;
/** Most payload blocks in a chunk (sectors of 4096 bytes, blocks of 1 MiB). */
export const CHUNK_RATIO_MAX = 32768n;
/** Fewest logical sectors in a payload block (block size / sector size). */
export const SECTORS_PER_BLOCK_MIN = 256n;
/** Most logical sectors in a payload block. */
export const SECTORS_PER_BLOCK_MAX = 0x80000n;
/** Most payload blocks of a disk. Payload blocks = disk size / block size, rounded up. */
export const PAYLOAD_BLOCKS_MAX = 0x4000000n;
/** Most sector bitmap blocks. Bitmap blocks = payload blocks / chunk ratio, rounded up. */
export const BITMAP_BLOCKS_MAX = 16384n;
/** Entries of the largest table there can be (64 TiB, 1 MiB blocks, 512-byte sectors, differencing). */
export const BAT_ENTRIES_MAX = 0x4004000n;
/** Largest BAT region that a known implementation (openvmm) accepts, 513 MiB. */
export const BAT_REGION_USUAL_MAX = 0x20100000n;
/** QEMU creates fixed files whose blocks are all in state zero unless told otherwise. */
export const QEMU_BLOCK_STATE_ZERO_DEFAULT = 1n;
/** Marks a VHDX file, in reading order; as a little-endian integer 0x656C696678646876. */
export const FILE_SIGNATURE = Uint8Array.of(118, 104, 100, 120, 102, 105, 108, 101);
/** Marks a header, in reading order; as a little-endian integer 0x64616568. */
export const HEADER_SIGNATURE = Uint8Array.of(104, 101, 97, 100);
/** The only version of the file format there is. */
export const HEADER_VERSION = 1n;
/** The only version of the log format there is. */
export const LOG_VERSION = 0n;
/** Largest log that a known implementation (openvmm) accepts; the field could say 4095 MiB. */
export const LOG_LENGTH_USUAL_MAX = 0x40000000n;
/** A header that carries it cannot be followed by another one. */
export const SEQUENCE_NUMBER_MAX = 0xFFFFFFFFFFFFFFFFn;
/** Marks a log entry, in reading order; as a little-endian integer 0x65676F6C. */
export const LOG_ENTRY_SIGNATURE = Uint8Array.of(108, 111, 103, 101);
/** Marks a zero descriptor, in reading order; as a little-endian integer 0x6F72657A. */
export const ZERO_DESCRIPTOR_SIGNATURE = Uint8Array.of(122, 101, 114, 111);
/** Marks a data descriptor, in reading order; as a little-endian integer 0x63736564. */
export const DATA_DESCRIPTOR_SIGNATURE = Uint8Array.of(100, 101, 115, 99);
/** Marks a data sector, in reading order; as a little-endian integer 0x61746164. */
export const DATA_SECTOR_SIGNATURE = Uint8Array.of(100, 97, 116, 97);
/** Granularity of the log, and the size of what one data descriptor updates. */
export const LOG_SECTOR_SIZE = 4096n;
/** Size of a log entry header. */
export const LOG_ENTRY_HEADER_SIZE = 64n;
/** Size of either kind of descriptor. */
export const LOG_DESCRIPTOR_SIZE = 32n;
/** Descriptors that fit behind the header in the first descriptor sector of an entry. */
export const LOG_DESCRIPTORS_FIRST_SECTOR = 126n;
/** Descriptors that fit into each further descriptor sector. */
export const LOG_DESCRIPTORS_PER_SECTOR = 128n;
/** Granularity of the log area's size, and thereby the smallest log. */
export const LOG_SIZE_MIN = 0x100000n;
/** Log that writers make when nobody asks for another (Hyper-V, QEMU). */
export const LOG_SIZE_DEFAULT = 0x100000n;
/** A bound of this project. A scan computes checksums over at most this many times the log's length. */
export const LOG_WORK_FACTOR = 16n;
/** A bound of this project. No update may reach past 2^63, where file offsets of operating systems end. */
export const LOG_TARGET_END_MAX = 0x8000000000000000n;
/** A bound of this project. A replay may make the file longer by this at most, as much as the largest disk. */
export const LOG_GROWTH_MAX = 0x400000000000n;
/** Smallest payload block. */
export const BLOCK_SIZE_MIN = 0x100000n;
/** Largest payload block. */
export const BLOCK_SIZE_MAX = 0x10000000n;
/** Payload block that Hyper-V gives dynamic files. */
export const BLOCK_SIZE_DEFAULT_DYNAMIC = 0x2000000n;
/** Payload block that Hyper-V gives fixed and differencing files. */
export const BLOCK_SIZE_DEFAULT_OTHER = 0x200000n;
/** Payload block that QEMU gives disks of up to 1 GiB. */
export const QEMU_BLOCK_SIZE_UP_TO_1_GIB = 0x800000n;
/** Payload block that QEMU gives larger disks, up to 100 GiB. */
export const QEMU_BLOCK_SIZE_UP_TO_100_GIB = 0x1000000n;
/** Payload block that QEMU gives larger disks, up to 32 TiB. */
export const QEMU_BLOCK_SIZE_UP_TO_32_TIB = 0x2000000n;
/** Payload block that QEMU gives the largest disks. */
export const QEMU_BLOCK_SIZE_ABOVE_32_TIB = 0x4000000n;
/** File type that QEMU makes; the other it knows is fixed. */
export const QEMU_SUBFORMAT_DEFAULT = Uint8Array.of(100, 121, 110, 97, 109, 105, 99);
/** Largest virtual disk, 64 TiB. */
export const VIRTUAL_DISK_SIZE_MAX = 0x400000000000n;
/** One of the two sector sizes. */
export const SECTOR_SIZE_512 = 512n;
/** The other of the two sector sizes. */
export const SECTOR_SIZE_4096 = 4096n;
/** What Hyper-V writes, and what a reader may assume when the item is missing. */
export const PHYSICAL_SECTOR_SIZE_DEFAULT = 4096n;
/** What QEMU writes. */
export const QEMU_PHYSICAL_SECTOR_SIZE_DEFAULT = 512n;
/** Marks a metadata table, in reading order; as a little-endian integer 0x617461646174656D. */
export const METADATA_SIGNATURE = Uint8Array.of(109, 101, 116, 97, 100, 97, 116, 97);
/** Entries that fit behind the 32-byte header in 64 KiB. */
export const METADATA_ENTRIES_MAX = 2047n;
/** Size of a metadata table entry. */
export const METADATA_ENTRY_SIZE = 32n;
/** Flag word of the file parameters and the parent locator (IsRequired). */
export const ITEM_FLAGS_OF_FILE = 4n;
/** Flag word of the four items that describe the virtual disk (IsRequired, IsVirtualDisk). */
export const ITEM_FLAGS_OF_DISK = 6n;
/** Size of the table; items start behind it. */
export const METADATA_TABLE_SIZE = 0x10000n;
/** Largest item. */
export const METADATA_ITEM_LENGTH_MAX = 0x100000n;
/** Most entries that may be user items. */
export const METADATA_USER_ENTRIES_MAX = 1024n;
/** Most system entries that a known implementation (openvmm) accepts. */
export const METADATA_SYSTEM_ENTRIES_USUAL_MAX = 1023n;
/** Largest metadata region that a known implementation (openvmm) accepts. */
export const METADATA_REGION_USUAL_MAX = 0x8000000n;
/** Most bytes of user items, and of system items, that a known implementation (openvmm) accepts. */
export const METADATA_CATEGORY_USUAL_MAX = 0x2800000n;
/** Marks a packed image, in reading order. */
export const PACKED_MAGIC = Uint8Array.of(86, 72, 68, 88, 79, 80, 83, 49);
/** The operation that writes the bytes that follow it. */
export const PACKED_LITERAL = Uint8Array.of(76);
/** A bound of this project. A seed that makes a longer file is refused unless the caller allows it. */
export const PACKED_SEED_SIZE_MAX = 0x4000000n;
/** Key. DataWriteGuid that the parent must have, as text in braces. */
export const KEY_PARENT_LINKAGE = Uint8Array.of(112, 97, 114, 101, 110, 116, 95, 108, 105, 110, 107, 97, 103, 101);
/** Key. A second DataWriteGuid that may match while a merge is under way. Hyper-V always writes it, as nil. */
export const KEY_PARENT_LINKAGE2 = Uint8Array.of(112, 97, 114, 101, 110, 116, 95, 108, 105, 110, 107, 97, 103, 101, 50);
/** Key. Path of the parent from the child's folder. */
export const KEY_RELATIVE_PATH = Uint8Array.of(114, 101, 108, 97, 116, 105, 118, 101, 95, 112, 97, 116, 104);
/** Key. Path of the parent from a volume named by its GUID. */
export const KEY_VOLUME_PATH = Uint8Array.of(118, 111, 108, 117, 109, 101, 95, 112, 97, 116, 104);
/** Key. Absolute Windows path of the parent. */
export const KEY_ABSOLUTE_WIN32_PATH = Uint8Array.of(97, 98, 115, 111, 108, 117, 116, 101, 95, 119, 105, 110, 51, 50, 95, 112, 97, 116, 104);
/** Size of the locator's header. */
export const PARENT_LOCATOR_HEADER_SIZE = 20n;
/** Size of an entry. */
export const PARENT_LOCATOR_ENTRY_SIZE = 12n;
/** Most pairs that a known implementation (openvmm) accepts. */
export const LOCATOR_PAIRS_USUAL_MAX = 256n;
/** A bound of this project (and of openvmm). Longer chains are refused. */
export const CHAIN_DEPTH_MAX = 256n;
/** Marks a region table, in reading order; as a little-endian integer 0x69676572. */
export const REGION_SIGNATURE = Uint8Array.of(114, 101, 103, 105);
/** Entries that fit behind the 16-byte header in 64 KiB. */
export const REGION_ENTRIES_MAX = 2047n;
/** Marks a VHD, in reading order. */
export const VHD_COOKIE = Uint8Array.of(99, 111, 110, 101, 99, 116, 105, 120);
/** Features of every VHD, a bit that is always set and no other. */
export const VHD_FEATURES = 2n;
/** Version 1.0 of the format. */
export const VHD_VERSION = 0x10000n;
/** DataOffset of a fixed disk, which has no other header. */
export const VHD_NO_DATA_OFFSET = 0xFFFFFFFFFFFFFFFFn;
/** When time stamps begin, 1 January 2000 UTC, in seconds since 1970. */
export const VHD_EPOCH = 0x386D4380n;
/** Creator of disks that Windows makes. QEMU takes the size from CurrentSize for this one and a few others only, else from the geometry. */
export const VHD_CREATOR_APPLICATION = Uint8Array.of(119, 105, 110, 32);
/** Host of disks that Windows makes. */
export const VHD_CREATOR_HOST_OS = Uint8Array.of(87, 105, 50, 107);
/** Type of a fixed disk. */
export const VHD_TYPE_FIXED = 2n;
/** Largest disk that Hyper-V takes in a VHD, 2040 GiB. */
export const VHD_SIZE_MAX = 0x1FE00000000n;
/** Azure takes disks of a whole number of MiB only. Hyper-V makes no others. */
export const VHD_SIZE_UNIT = 0x100000n;
/** Sector of every VHD. */
export const VHD_SECTOR_SIZE = 512n;
/** Most cylinders that a geometry can have. */
export const VHD_CYLINDERS_MAX = 65535n;
/** Most heads of a geometry. */
export const VHD_HEADS_MAX = 16n;
/** Fewest heads of a geometry. */
export const VHD_HEADS_MIN = 4n;
/** Sectors in a track of a geometry that small disks get. */
export const VHD_SECTORS_PER_TRACK_SMALL = 17n;
/** Sectors in a track of a geometry for disks too large for the small ones. */
export const VHD_SECTORS_PER_TRACK_MEDIUM = 31n;
/** Sectors in a track of a geometry for disks too large for the medium ones. */
export const VHD_SECTORS_PER_TRACK_LARGE = 63n;
/** Sectors in a track of a geometry for the largest disks. */
export const VHD_SECTORS_PER_TRACK_MAX = 255n;
/** A disk of as many cylinders, or more, gets longer tracks, but for the longest. */
export const VHD_CYLINDERS_SMALL = 1024n;
/** Size of each of the five slots at the start of the file. */
export const HEADER_SLOT_SIZE = 0x10000n;
/** Bytes of a header slot that the header fills and its checksum covers. */
export const HEADER_SIZE = 4096n;
/** File offset of the file type identifier. */
export const FILE_IDENTIFIER_OFFSET = 0n;
/** File offset of header 1. */
export const HEADER_1_OFFSET = 0x10000n;
/** File offset of header 2. */
export const HEADER_2_OFFSET = 0x20000n;
/** File offset of the first region table; the log may write from here on, never below. */
export const REGION_TABLE_1_OFFSET = 0x30000n;
/** File offset of the second region table. */
export const REGION_TABLE_2_OFFSET = 0x40000n;
/** Size of a region table. */
export const REGION_TABLE_SIZE = 0x10000n;
/** Where the second region table ends; the shortest file whose region tables can both be read. */
export const HEADER_SECTION_USED = 0x50000n;
/** Size of the header section; everything else lies behind it. */
export const HEADER_SECTION_SIZE = 0x100000n;
/** Everything behind the header section starts at a multiple of this. */
export const OBJECT_ALIGNMENT = 0x100000n;
/** Where Hyper-V and openvmm put the log. Nothing demands it. */
export const LOG_OFFSET_USUAL = 0x100000n;
/** Where Hyper-V and openvmm put the metadata region. Nothing demands it. */
export const METADATA_OFFSET_USUAL = 0x200000n;
/** Where Hyper-V and openvmm put the BAT region; blocks follow. Nothing demands it. */
export const BAT_OFFSET_USUAL = 0x300000n;
/** Polynomial of CRC-32C (Castagnoli), which all checksums here are, highest power first. */
export const CRC32C_POLYNOMIAL = 0x1EDC6F41n;
/** The same polynomial, lowest power first, as programs that shift right use it. */
export const CRC32C_POLYNOMIAL_REFLECTED = 0x82F63B78n;
/** What a CRC-32C starts from, and what its result is combined with (exclusive or) at the end. */
export const CRC32C_INITIAL = 0xFFFFFFFFn;
/** CRC-32C of the nine characters 123456789, to test an implementation with. */
export const CRC32C_CHECK = 0xE3069283n;
/** CAA16737-FA36-4D43-B3B6-33F0AA44E76B: Block size and file type. */
export const FILE_PARAMETERS_GUID = Uint8Array.of(55, 103, 161, 202, 54, 250, 67, 77, 179, 182, 51, 240, 170, 68, 231, 107);
/** 2FA54224-CD1B-4876-B211-5DBED83BF4B8: Size of the virtual disk. */
export const VIRTUAL_DISK_SIZE_GUID = Uint8Array.of(36, 66, 165, 47, 27, 205, 118, 72, 178, 17, 93, 190, 216, 59, 244, 184);
/** BECA12AB-B2E6-4523-93EF-C309E000C746: Identity of the virtual disk as SCSI shows it. */
export const VIRTUAL_DISK_ID_GUID = Uint8Array.of(171, 18, 202, 190, 230, 178, 35, 69, 147, 239, 195, 9, 224, 0, 199, 70);
/** 8141BF1D-A96F-4709-BA47-F233A8FAAB5F: Sector size that the guest addresses. */
export const LOGICAL_SECTOR_SIZE_GUID = Uint8Array.of(29, 191, 65, 129, 111, 169, 9, 71, 186, 71, 242, 51, 168, 250, 171, 95);
/** CDA348C7-445D-4471-9CC9-E9885251C556: Sector size that the guest is told the medium has. */
export const PHYSICAL_SECTOR_SIZE_GUID = Uint8Array.of(199, 72, 163, 205, 93, 68, 113, 68, 156, 201, 233, 136, 82, 81, 197, 86);
/** A8D35F2D-B30B-454D-ABF7-D3D84834AB0C: How a differencing file finds its parent. */
export const PARENT_LOCATOR_GUID = Uint8Array.of(45, 95, 211, 168, 11, 179, 77, 69, 171, 247, 211, 216, 72, 52, 171, 12);
/** DA02D7BC-3D3A-423C-AC88-2A36AB21479B: Disk geometry as cylinders, heads and sectors; known from openvmm only. */
export const CHS_PARAMETERS_GUID = Uint8Array.of(188, 215, 2, 218, 58, 61, 60, 66, 172, 136, 42, 54, 171, 33, 71, 155);
/** 71CC85F0-1B69-4E28-9558-C3BF83AE75D3: Empty item, present while the file is still being created; known from openvmm only. */
export const INCOMPLETE_FILE_MARKER_GUID = Uint8Array.of(240, 133, 204, 113, 105, 27, 40, 78, 149, 88, 195, 191, 131, 174, 117, 211);
/** 10E1AE8A-4B7E-4169-A40F-CD70DE928393: Label storage of a virtual persistent memory device; known from openvmm only. */
export const PMEM_LABEL_STORAGE_AREA_GUID = Uint8Array.of(138, 174, 225, 16, 126, 75, 105, 65, 164, 15, 205, 112, 222, 146, 131, 147);
/** B04AEFB7-D19E-4A81-B789-25B8E9445913: The locator type whose keys the specification defines. */
export const VHDX_LOCATOR_TYPE_GUID = Uint8Array.of(183, 239, 74, 176, 158, 209, 129, 74, 183, 137, 37, 184, 233, 68, 89, 19);
/** 2DC27766-F623-4200-9D64-115E9BFD4A08: The region that holds the block allocation table. */
export const BAT_REGION_GUID = Uint8Array.of(102, 119, 194, 45, 35, 246, 0, 66, 157, 100, 17, 94, 155, 253, 74, 8);
/** 8B7CA206-4790-4B9A-B8FE-575F050F886E: The region that holds the metadata table and its items. */
export const METADATA_REGION_GUID = Uint8Array.of(6, 162, 124, 139, 144, 71, 154, 75, 184, 254, 87, 95, 5, 15, 136, 110);
/** File offset of this structure, a `file_identifier`. */
export const PLACE_OF_FILE_IDENTIFIER = 0n;
/** File offset of this structure, a `header`. */
export const PLACE_OF_HEADER_1 = 0x10000n;
/** File offset of this structure, a `header`. */
export const PLACE_OF_HEADER_2 = 0x20000n;
/** File offset of this structure, a `region_table`. */
export const PLACE_OF_REGION_TABLE_1 = 0x30000n;
/** File offset of this structure, a `region_table`. */
export const PLACE_OF_REGION_TABLE_2 = 0x40000n;
export const PayloadBlockState = {
  /** Never written. A differencing file asks its parent; others read zeros. */
  NOT_PRESENT: 0,
  /** Contents arbitrary; never the parent's. Zeros here. */
  UNDEFINED: 1,
  /** Zeros; never the parent's. */
  ZERO: 2,
  /** Discarded by the guest; never the parent's. Zeros here. */
  UNMAPPED: 3,
  /** The number that draft 0.95 gave to unmapped; reserved since. */
  UNMAPPED_V095: 5,
  /** The whole block is in this file; the sector bitmap is not asked. */
  FULLY_PRESENT: 6,
  /** Sector by sector in this file or the parent, as the sector bitmap says. Differencing files only. */
  PARTIALLY_PRESENT: 7,
} as const;
export const SectorBitmapBlockState = {
  /** The chunk has no sector bitmap block. */
  NOT_PRESENT: 0,
  /** The chunk's sector bitmap block is in this file. Differencing files only. */
  PRESENT: 6,
} as const;

/** One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry for the chunk's sector bitmap block; the word is the same, the meaning of its state is not. MS-VHDX 2.5.1 */
export const BatEntry = {
  /** Its size in bytes, where that is fixed. */
  size: 8,

  /** What the block holds; see the two enumerations. */
  state(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 0, 3, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Zero. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 3, 17, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Low 12 bits of FileOffsetMB. Split, because not every Kaitai target reads bit fields wider than 32 bits. */
  fileOffsetMbLow(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 20, 12, false);
    return value === undefined ? undefined : Number(value);
  },

  /** High 32 bits of FileOffsetMB. */
  fileOffsetMbHigh(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 32, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** File offset of the block in MiB; reserved in states that hold no data. */
  fileOffsetMb(bytes: Uint8Array): bigint | undefined {
    const fileOffsetMbHigh = BatEntry.fileOffsetMbHigh(bytes);
    if (fileOffsetMbHigh === undefined) return undefined;
    const fileOffsetMbLow = BatEntry.fileOffsetMbLow(bytes);
    if (fileOffsetMbLow === undefined) return undefined;
    return (BigInt(fileOffsetMbHigh) * 4096n) + BigInt(fileOffsetMbLow);
  },

  /** The entry's file offset counts. State 6 means so of both kinds of entry. */
  isAllocated(bytes: Uint8Array): boolean | undefined {
    const state = BatEntry.state(bytes);
    if (state === undefined) return undefined;
    return (BigInt(state) === 6n) || (BigInt(state) === 7n);
  },

  /** Bits 3 to 19 of an entry are zero. */
  reservedIsZero(bytes: Uint8Array): boolean | undefined {
    const reserved = BatEntry.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },

  /** The state of a payload block is one that the specification defines: 4 and 5 are not. */
  payloadStateIsDefined(bytes: Uint8Array): boolean | undefined {
    const state = BatEntry.state(bytes);
    if (state === undefined) return undefined;
    return (BigInt(state) !== 4n) && (BigInt(state) !== 5n);
  },

  /** Only a differencing file has partially present blocks. */
  notPartiallyPresent(bytes: Uint8Array): boolean | undefined {
    const state = BatEntry.state(bytes);
    if (state === undefined) return undefined;
    return BigInt(state) !== 7n;
  },

  /** A block that is in the file lies at 1 MiB or later; offset 0 is no place. */
  allocatedOffsetIsSet(bytes: Uint8Array): boolean | undefined {
    const fileOffsetMb = BatEntry.fileOffsetMb(bytes);
    if (fileOffsetMb === undefined) return undefined;
    const isAllocated = BatEntry.isAllocated(bytes);
    if (isAllocated === undefined) return undefined;
    return !isAllocated || (fileOffsetMb >= 1n);
  },

  /** The state of a sector bitmap block is 0 or 6. */
  sectorBitmapStateIsDefined(bytes: Uint8Array): boolean | undefined {
    const state = BatEntry.state(bytes);
    if (state === undefined) return undefined;
    return (BigInt(state) === 0n) || (BigInt(state) === 6n);
  },

  /** Only a differencing file has sector bitmap blocks. */
  sectorBitmapIsAbsent(bytes: Uint8Array): boolean | undefined {
    const state = BatEntry.state(bytes);
    if (state === undefined) return undefined;
    return BigInt(state) === 0n;
  },

  /** An entry of a block that is not present, or zero, has no file offset. */
  unusedOffsetIsZero(bytes: Uint8Array): boolean | undefined {
    const fileOffsetMb = BatEntry.fileOffsetMb(bytes);
    if (fileOffsetMb === undefined) return undefined;
    const state = BatEntry.state(bytes);
    if (state === undefined) return undefined;
    return (fileOffsetMb === 0n) || ((BigInt(state) !== 0n) && (BigInt(state) !== 2n));
  },

  /** In a fixed file every block is fully present. Others are tolerated; qemu-img makes them. */
  fixedIsPresent(bytes: Uint8Array): boolean | undefined {
    const state = BatEntry.state(bytes);
    if (state === undefined) return undefined;
    return BigInt(state) === 6n;
  },
};

/** The first 64 KiB of the file. It is written once, when the file is created, and never again. MS-VHDX 2.2.1 */
export const FileIdentifier = {
  /** Its size in bytes, where that is fixed. */
  size: 65536,

  /** The characters "vhdxfile". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 8);
  },

  /** Name of the program that made the file, UTF-16LE, ended by a NUL or by the field's end. Diagnostic only. */
  creator(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 8, 512);
  },

  /** Rest of the 64 KiB slot. */
  reserved(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 520, 65016);
  },

  /** The file begins with the eight characters "vhdxfile". */
  signatureIsVhdxfile(bytes: Uint8Array): boolean | undefined {
    const signature = FileIdentifier.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, FILE_SIGNATURE);
  },

  /** Behind Creator the slot of 64 KiB is zero. */
  reservedBytesAreZero(bytes: Uint8Array): boolean | undefined {
    return FileIdentifier.reserved(bytes)?.every((byte) => byte === 0);
  },
};

/** One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number is current. MS-VHDX 2.2.2 */
export const Header = {
  /** Its size in bytes, where that is fixed. */
  size: 4096,

  /** The characters "head". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 4);
  },

  /** CRC-32C of the 4096 bytes of the header, these four taken as zero. */
  checksum(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Counts header updates; decides which of two valid headers is current. */
  sequenceNumber(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 8, 0, 64, false);
  },

  /** Identity of the file as it lies on disk. A session that writes changes it before anything else. */
  fileWriteGuid(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 16, 16);
  },

  /** Identity of what the guest can see; a differencing child names its parent by it. */
  dataWriteGuid(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 32, 16);
  },

  /** Nil when there is nothing to replay; otherwise only log entries that carry it count. */
  logGuid(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 48, 16);
  },

  /** Version of the log format, 0. */
  logVersion(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 64, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Version of the file format, 1. */
  version(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 66, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Size of the log area, a multiple of 1 MiB. */
  logLength(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 68, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** File offset of the log area, a multiple of 1 MiB. */
  logOffset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 72, 0, 64, false);
  },

  /** Rest of the header; ignored, but covered by the checksum. */
  reserved(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 80, 4016);
  },

  /** The slot begins with the four characters "head". */
  signatureIsHead(bytes: Uint8Array): boolean | undefined {
    const signature = Header.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, HEADER_SIGNATURE);
  },

  /** The file format is version 1. */
  versionIsSupported(bytes: Uint8Array): boolean | undefined {
    const version = Header.version(bytes);
    if (version === undefined) return undefined;
    return BigInt(version) === HEADER_VERSION;
  },

  /** The log format is version 0. It matters only when there is a log to replay. */
  logVersionIsSupported(bytes: Uint8Array): boolean | undefined {
    const logVersion = Header.logVersion(bytes);
    if (logVersion === undefined) return undefined;
    return BigInt(logVersion) === LOG_VERSION;
  },

  /** The log's size is a whole number of MiB, 0 included. */
  logLengthIsAligned(bytes: Uint8Array): boolean | undefined {
    const logLength = Header.logLength(bytes);
    if (logLength === undefined) return undefined;
    return (BigInt(logLength) % OBJECT_ALIGNMENT) === 0n;
  },

  /** The log starts at a whole number of MiB. */
  logOffsetIsAligned(bytes: Uint8Array): boolean | undefined {
    const logOffset = Header.logOffset(bytes);
    if (logOffset === undefined) return undefined;
    return (logOffset % OBJECT_ALIGNMENT) === 0n;
  },

  /** A log that has a size lies behind the header section. */
  logIsAfterHeaderSection(bytes: Uint8Array): boolean | undefined {
    const logLength = Header.logLength(bytes);
    if (logLength === undefined) return undefined;
    const logOffset = Header.logOffset(bytes);
    if (logOffset === undefined) return undefined;
    return (BigInt(logLength) === 0n) || (logOffset >= HEADER_SECTION_SIZE);
  },

  /** A header that announces a log by its LogGuid also has room for one. */
  logGuidHasALog(bytes: Uint8Array): boolean | undefined {
    const logGuid = Header.logGuid(bytes);
    if (logGuid === undefined) return undefined;
    const logLength = Header.logLength(bytes);
    if (logLength === undefined) return undefined;
    return (equal(logGuid, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))) || (BigInt(logLength) > 0n);
  },

  /** The log is no larger than 1 GiB, the most that a known implementation takes. */
  logLengthIsUsual(bytes: Uint8Array): boolean | undefined {
    const logLength = Header.logLength(bytes);
    if (logLength === undefined) return undefined;
    return BigInt(logLength) <= LOG_LENGTH_USUAL_MAX;
  },

  /** FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing. */
  guidsAreSet(bytes: Uint8Array): boolean | undefined {
    const dataWriteGuid = Header.dataWriteGuid(bytes);
    if (dataWriteGuid === undefined) return undefined;
    const fileWriteGuid = Header.fileWriteGuid(bytes);
    if (fileWriteGuid === undefined) return undefined;
    return !(equal(fileWriteGuid, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))) && !(equal(dataWriteGuid, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
  },

  /** The sequence number can still be raised. */
  sequenceNumberCanGrow(bytes: Uint8Array): boolean | undefined {
    const sequenceNumber = Header.sequenceNumber(bytes);
    if (sequenceNumber === undefined) return undefined;
    return sequenceNumber < SEQUENCE_NUMBER_MAX;
  },

  /** Behind LogOffset the header is zero. */
  reservedBytesAreZero(bytes: Uint8Array): boolean | undefined {
    return Header.reserved(bytes)?.every((byte) => byte === 0);
  },

  /** The checksum is the CRC-32C of the header's 4096 bytes, with itself as zero. */
  checksumIsRight(bytes: Uint8Array): boolean | undefined {
    return checksumIsRight(bytes, 4, 4096n);
  },
};

/** One entry of the log, as a contiguous piece: descriptor sectors, then one data sector for each data descriptor. On disk an entry starts at a multiple of 4 KiB of the log and may wrap past the log's end; whoever parses it joins the parts first. MS-VHDX 2.3.1 */
export const LogEntry = {
  /** Its size in bytes, where that is fixed. */
  size: undefined,

  /** The entry's first 64 bytes. */
  header(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 64);
  },

  /** What the entry updates, in order. */
  descriptors(bytes: Uint8Array, index: number): Uint8Array | undefined {
    return slice(bytes, 64 + 32 * index, 32);
  },

  /** The checksum is the CRC-32C of the entry's bytes, read on across the log's end, with itself as zero. */
  checksumIsRight(bytes: Uint8Array): boolean | undefined {
    return checksumIsRight(bytes, 4, integer(bytes, 8, 0, 32, false));
  },
};

/** Says how long the entry is, where in the sequence it stands and how far back the sequence reaches. MS-VHDX 2.3.1.1 */
export const LogEntryHeader = {
  /** Its size in bytes, where that is fixed. */
  size: 64,

  /** The characters "loge". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 4);
  },

  /** CRC-32C of the entry's EntryLength bytes, across the wrap, these four taken as zero. */
  checksum(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Size of the whole entry, a multiple of 4 KiB. */
  entryLength(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 8, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Offset in the log of the oldest entry that must be replayed once this entry is the head; may be its own. */
  tail(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 12, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** One more than that of the entry before; never 0. Where counting starts is up to the writer. */
  sequenceNumber(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 16, 0, 64, false);
  },

  /** Number of descriptors, which may be 0. */
  descriptorCount(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 24, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Zero. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 28, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Equal to the current header's LogGuid, or the entry is stale. */
  logGuid(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 32, 16);
  },

  /** A file size that was stable on the host when the entry was written. A shorter file has been truncated. */
  flushedFileOffset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 48, 0, 64, false);
  },

  /** A file size that holds every allocated structure; replay makes the file at least as long. */
  lastFileOffset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 56, 0, 64, false);
  },

  /** Size of the sectors that hold the header and the descriptors; the data sectors follow. */
  descriptorAreaSize(bytes: Uint8Array): bigint | undefined {
    const descriptorCount = LogEntryHeader.descriptorCount(bytes);
    if (descriptorCount === undefined) return undefined;
    return ((((LOG_ENTRY_HEADER_SIZE + (LOG_DESCRIPTOR_SIZE * BigInt(descriptorCount))) + LOG_SECTOR_SIZE) - 1n) / LOG_SECTOR_SIZE) * LOG_SECTOR_SIZE;
  },

  /** An entry begins with the four characters "loge". */
  signatureIsLoge(bytes: Uint8Array): boolean | undefined {
    const signature = LogEntryHeader.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, LOG_ENTRY_SIGNATURE);
  },

  /** An entry's length is a multiple of 4 KiB. */
  entryLengthIsAligned(bytes: Uint8Array): boolean | undefined {
    const entryLength = LogEntryHeader.entryLength(bytes);
    if (entryLength === undefined) return undefined;
    return (BigInt(entryLength) % LOG_SECTOR_SIZE) === 0n;
  },

  /** Tail is a multiple of 4 KiB. */
  tailIsAligned(bytes: Uint8Array): boolean | undefined {
    const tail = LogEntryHeader.tail(bytes);
    if (tail === undefined) return undefined;
    return (BigInt(tail) % LOG_SECTOR_SIZE) === 0n;
  },

  /** Sequence numbers of entries start above 0. */
  sequenceNumberIsPositive(bytes: Uint8Array): boolean | undefined {
    const sequenceNumber = LogEntryHeader.sequenceNumber(bytes);
    if (sequenceNumber === undefined) return undefined;
    return sequenceNumber > 0n;
  },

  /** Header and descriptors fit into the entry. An entry without descriptors is fine. */
  descriptorsFit(bytes: Uint8Array): boolean | undefined {
    const descriptorCount = LogEntryHeader.descriptorCount(bytes);
    if (descriptorCount === undefined) return undefined;
    const entryLength = LogEntryHeader.entryLength(bytes);
    if (entryLength === undefined) return undefined;
    return (BigInt(entryLength) >= LOG_ENTRY_HEADER_SIZE) && (BigInt(descriptorCount) <= ((BigInt(entryLength) - LOG_ENTRY_HEADER_SIZE) / LOG_DESCRIPTOR_SIZE));
  },

  /** The reserved word of an entry header is zero. */
  reservedIsZero(bytes: Uint8Array): boolean | undefined {
    const reserved = LogEntryHeader.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },

  /** FlushedFileOffset is a whole number of MiB. */
  flushedFileOffsetIsAligned(bytes: Uint8Array): boolean | undefined {
    const flushedFileOffset = LogEntryHeader.flushedFileOffset(bytes);
    if (flushedFileOffset === undefined) return undefined;
    return (flushedFileOffset % OBJECT_ALIGNMENT) === 0n;
  },

  /** LastFileOffset is a whole number of MiB. */
  lastFileOffsetIsAligned(bytes: Uint8Array): boolean | undefined {
    const lastFileOffset = LogEntryHeader.lastFileOffset(bytes);
    if (lastFileOffset === undefined) return undefined;
    return (lastFileOffset % OBJECT_ALIGNMENT) === 0n;
  },
};

/** A slot of 32 bytes that holds a zero descriptor or a data descriptor. MS-VHDX 2.3.1 */
export const LogDescriptor = {
  /** Its size in bytes, where that is fixed. */
  size: 32,

  /** The slot as a zero descriptor. */
  zero(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 32);
  },

  /** The slot as a data descriptor. */
  data(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 32);
  },

  /** What decides the kind. */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 4);
  },

  /** The slot holds a zero descriptor. */
  isZero(bytes: Uint8Array): boolean | undefined {
    const signature = LogDescriptor.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, ZERO_DESCRIPTOR_SIGNATURE);
  },

  /** The slot holds a data descriptor. */
  isData(bytes: Uint8Array): boolean | undefined {
    const signature = LogDescriptor.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, DATA_DESCRIPTOR_SIGNATURE);
  },

  /** A descriptor begins with "zero" or "desc". */
  signatureIsKnown(bytes: Uint8Array): boolean | undefined {
    const isData = LogDescriptor.isData(bytes);
    if (isData === undefined) return undefined;
    const isZero = LogDescriptor.isZero(bytes);
    if (isZero === undefined) return undefined;
    return isZero || isData;
  },
};

/** Sets a range of the file to zero. MS-VHDX 2.3.1.2 */
export const ZeroDescriptor = {
  /** Its size in bytes, where that is fixed. */
  size: 32,

  /** The characters "zero". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 4);
  },

  /** Zero. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Length of the range, a multiple of 4 KiB. */
  zeroLength(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 8, 0, 64, false);
  },

  /** Where the range starts, a multiple of 4 KiB. */
  fileOffset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 16, 0, 64, false);
  },

  /** The entry's sequence number again. */
  sequenceNumber(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 24, 0, 64, false);
  },

  /** The reserved word of a zero descriptor is zero. */
  reservedIsZero(bytes: Uint8Array): boolean | undefined {
    const reserved = ZeroDescriptor.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },

  /** The length of a zeroed range is a multiple of 4 KiB. */
  zeroLengthIsAligned(bytes: Uint8Array): boolean | undefined {
    const zeroLength = ZeroDescriptor.zeroLength(bytes);
    if (zeroLength === undefined) return undefined;
    return (zeroLength % LOG_SECTOR_SIZE) === 0n;
  },

  /** What a descriptor updates starts at a multiple of 4 KiB. */
  fileOffsetIsAligned(bytes: Uint8Array): boolean | undefined {
    const fileOffset = ZeroDescriptor.fileOffset(bytes);
    if (fileOffset === undefined) return undefined;
    return (fileOffset % LOG_SECTOR_SIZE) === 0n;
  },

  /** No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log. */
  fileOffsetIsPastHeaders(bytes: Uint8Array): boolean | undefined {
    const fileOffset = ZeroDescriptor.fileOffset(bytes);
    if (fileOffset === undefined) return undefined;
    return fileOffset >= REGION_TABLE_1_OFFSET;
  },
};

/** Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data sector. MS-VHDX 2.3.1.3 */
export const DataDescriptor = {
  /** Its size in bytes, where that is fixed. */
  size: 32,

  /** The characters "desc". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 4);
  },

  /** Bytes 4092 to 4095 of the update. */
  trailingBytes(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 4, 4);
  },

  /** Bytes 0 to 7 of the update. */
  leadingBytes(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 8, 8);
  },

  /** Where the 4 KiB go, a multiple of 4 KiB. */
  fileOffset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 16, 0, 64, false);
  },

  /** The entry's sequence number again. */
  sequenceNumber(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 24, 0, 64, false);
  },

  /** What a descriptor updates starts at a multiple of 4 KiB. */
  fileOffsetIsAligned(bytes: Uint8Array): boolean | undefined {
    const fileOffset = DataDescriptor.fileOffset(bytes);
    if (fileOffset === undefined) return undefined;
    return (fileOffset % LOG_SECTOR_SIZE) === 0n;
  },

  /** No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log. */
  fileOffsetIsPastHeaders(bytes: Uint8Array): boolean | undefined {
    const fileOffset = DataDescriptor.fileOffset(bytes);
    if (fileOffset === undefined) return undefined;
    return fileOffset >= REGION_TABLE_1_OFFSET;
  },
};

/** The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows. MS-VHDX 2.3.1.4 */
export const DataSector = {
  /** Its size in bytes, where that is fixed. */
  size: 4096,

  /** The characters "data". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 4);
  },

  /** Upper half of the entry's sequence number. */
  sequenceHigh(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Bytes 8 to 4091 of the update. */
  data(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 8, 4084);
  },

  /** Lower half of the entry's sequence number. */
  sequenceLow(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4092, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** The two halves joined. */
  sequenceNumber(bytes: Uint8Array): bigint | undefined {
    const sequenceHigh = DataSector.sequenceHigh(bytes);
    if (sequenceHigh === undefined) return undefined;
    const sequenceLow = DataSector.sequenceLow(bytes);
    if (sequenceLow === undefined) return undefined;
    return (BigInt(sequenceHigh) * 0x100000000n) + BigInt(sequenceLow);
  },

  /** A data sector begins with the four characters "data". */
  signatureIsData(bytes: Uint8Array): boolean | undefined {
    const signature = DataSector.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, DATA_SECTOR_SIGNATURE);
  },
};

/** Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is dynamic. MS-VHDX 2.6.2.1 */
export const FileParameters = {
  /** Its size in bytes, where that is fixed. */
  size: 8,

  /** Size of a payload block, a power of two from 1 MiB to 256 MiB. */
  blockSize(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Blocks keep their space in the file, the mark of a fixed file. */
  leaveBlockAllocated(bytes: Uint8Array): boolean | undefined {
    const value = integer(bytes, 4, 0, 1, false);
    return value === undefined ? undefined : value !== 0n;
  },

  /** The file is differencing; overrides LeaveBlockAllocated. */
  hasParent(bytes: Uint8Array): boolean | undefined {
    const value = integer(bytes, 4, 1, 1, false);
    return value === undefined ? undefined : value !== 0n;
  },

  /** Zero. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 2, 30, false);
    return value === undefined ? undefined : Number(value);
  },

  /** A block is from 1 MiB to 256 MiB large. */
  blockSizeIsInRange(bytes: Uint8Array): boolean | undefined {
    const blockSize = FileParameters.blockSize(bytes);
    if (blockSize === undefined) return undefined;
    return (BigInt(blockSize) >= BLOCK_SIZE_MIN) && (BigInt(blockSize) <= BLOCK_SIZE_MAX);
  },

  /** The block size is a power of two. */
  blockSizeIsPowerOfTwo(bytes: Uint8Array): boolean | undefined {
    const blockSize = FileParameters.blockSize(bytes);
    if (blockSize === undefined) return undefined;
    return (BigInt(blockSize) > 0n) && ((BigInt(blockSize) & (BigInt(blockSize) - 1n)) === 0n);
  },

  /** No bit of the flag word is set but the lowest two. */
  reservedIsZero(bytes: Uint8Array): boolean | undefined {
    const reserved = FileParameters.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },

  /** Not both LeaveBlockAllocated and HasParent are set. Both is legal: then the first one does not count. */
  flagsDoNotConflict(bytes: Uint8Array): boolean | undefined {
    const hasParent = FileParameters.hasParent(bytes);
    if (hasParent === undefined) return undefined;
    const leaveBlockAllocated = FileParameters.leaveBlockAllocated(bytes);
    if (leaveBlockAllocated === undefined) return undefined;
    return !leaveBlockAllocated || !hasParent;
  },
};

/** Size of the virtual disk. MS-VHDX 2.6.2.2 */
export const VirtualDiskSize = {
  /** Its size in bytes, where that is fixed. */
  size: 8,

  /** A multiple of the logical sector size, at most 64 TiB. */
  virtualDiskSize(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 0, 0, 64, false);
  },

  /** The virtual disk is at most 64 TiB large; exactly that is allowed. */
  sizeIsInRange(bytes: Uint8Array): boolean | undefined {
    const virtualDiskSize = VirtualDiskSize.virtualDiskSize(bytes);
    if (virtualDiskSize === undefined) return undefined;
    return virtualDiskSize <= VIRTUAL_DISK_SIZE_MAX;
  },

  /** The virtual disk has a size. */
  sizeIsNotZero(bytes: Uint8Array): boolean | undefined {
    const virtualDiskSize = VirtualDiskSize.virtualDiskSize(bytes);
    if (virtualDiskSize === undefined) return undefined;
    return virtualDiskSize > 0n;
  },
};

/** Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's. MS-VHDX 2.6.2.3 */
export const VirtualDiskId = {
  /** Its size in bytes, where that is fixed. */
  size: 16,

  /** The identifier. */
  virtualDiskId(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 16);
  },

  /** The virtual disk has an identifier other than the nil GUID. */
  idIsSet(bytes: Uint8Array): boolean | undefined {
    const virtualDiskId = VirtualDiskId.virtualDiskId(bytes);
    if (virtualDiskId === undefined) return undefined;
    return !(equal(virtualDiskId, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
  },
};

/** Sector size that the guest addresses; it fixes the size of a chunk. MS-VHDX 2.6.2.4 */
export const LogicalSectorSize = {
  /** Its size in bytes, where that is fixed. */
  size: 4,

  /** 512 or 4096. */
  logicalSectorSize(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** A logical sector is 512 or 4096 bytes large. */
  sizeIsDefined(bytes: Uint8Array): boolean | undefined {
    const logicalSectorSize = LogicalSectorSize.logicalSectorSize(bytes);
    if (logicalSectorSize === undefined) return undefined;
    return (BigInt(logicalSectorSize) === SECTOR_SIZE_512) || (BigInt(logicalSectorSize) === SECTOR_SIZE_4096);
  },
};

/** Sector size that the guest is told the medium has; it moves no byte. MS-VHDX 2.6.2.5 */
export const PhysicalSectorSize = {
  /** Its size in bytes, where that is fixed. */
  size: 4,

  /** 512 or 4096. */
  physicalSectorSize(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** A physical sector is 512 or 4096 bytes large. */
  sizeIsDefined(bytes: Uint8Array): boolean | undefined {
    const physicalSectorSize = PhysicalSectorSize.physicalSectorSize(bytes);
    if (physicalSectorSize === undefined) return undefined;
    return (BigInt(physicalSectorSize) === SECTOR_SIZE_512) || (BigInt(physicalSectorSize) === SECTOR_SIZE_4096);
  },
};

/** Disk geometry. Not in the specification; known from openvmm only, flags unknown. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs */
export const ChsParameters = {
  /** Its size in bytes, where that is fixed. */
  size: 8,

  /** Heads in a cylinder. */
  headsPerCylinder(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Sectors in a track. */
  sectorsPerTrack(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },
};

/** Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs */
export const PmemLabelStorageArea = {
  /** Its size in bytes, where that is fixed. */
  size: 28,

  /** Version of the item, 1. */
  version(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Not used. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 2, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Identity of the label storage area. */
  guid(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 4, 16);
  },

  /** Where the labels start. */
  dataOffset(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 20, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Size of the labels. */
  dataLength(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 24, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },
};

/** The first 64 KiB of the metadata region: which items there are and where in the region they lie. MS-VHDX 2.6.1 */
export const MetadataTable = {
  /** Its size in bytes, where that is fixed. */
  size: 65536,

  /** Signature and count. */
  header(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 32);
  },

  /** One entry an item, in any order. */
  entries(bytes: Uint8Array, index: number): Uint8Array | undefined {
    return slice(bytes, 32 + 32 * index, 32);
  },

  /** Room for further entries. */
  unused(bytes: Uint8Array): Uint8Array | undefined {
    const count = integer(bytes, 10, 0, 16, false);
    if (count === undefined) return undefined;
    const start = 32 + 32 * Math.min(Number(count), 2047);
    return slice(bytes, start, Math.min(bytes.length, 65536) - start);
  },
};

/** The first 32 bytes of the metadata table. MS-VHDX 2.6.1.1 */
export const MetadataTableHeader = {
  /** Its size in bytes, where that is fixed. */
  size: 32,

  /** The characters "metadata". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 8);
  },

  /** Zero. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 8, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Number of entries that follow, at most 2047. */
  entryCount(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 10, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Zero. */
  reserved2(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 12, 20);
  },

  /** The metadata region begins with the eight characters "metadata". */
  signatureIsMetadata(bytes: Uint8Array): boolean | undefined {
    const signature = MetadataTableHeader.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, METADATA_SIGNATURE);
  },

  /** The 22 reserved bytes of the table header are zero. */
  reservedIsZero(bytes: Uint8Array): boolean | undefined {
    const reserved = MetadataTableHeader.reserved(bytes);
    if (reserved === undefined) return undefined;
    const reserved2 = MetadataTableHeader.reserved2(bytes);
    if (reserved2 === undefined) return undefined;
    return (BigInt(reserved) === 0n) && (equal(reserved2, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
  },

  /** The table lists no more entries than fit into its 64 KiB, 2047. */
  entryCountFits(bytes: Uint8Array): boolean | undefined {
    const entryCount = MetadataTableHeader.entryCount(bytes);
    if (entryCount === undefined) return undefined;
    return BigInt(entryCount) <= METADATA_ENTRIES_MAX;
  },
};

/** Names one item and says where in the metadata region it lies. MS-VHDX 2.6.1.2 */
export const MetadataTableEntry = {
  /** Its size in bytes, where that is fixed. */
  size: 32,

  /** What the item is; unique together with IsUser. */
  itemId(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 16);
  },

  /** Where the item starts, from the start of the metadata region; 0 for an empty item. */
  offset(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 16, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Size of the item, at most 1 MiB; 0 for an item that is present but empty. */
  length(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 20, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** The item belongs to the user, not to the format. */
  isUser(bytes: Uint8Array): boolean | undefined {
    const value = integer(bytes, 24, 0, 1, false);
    return value === undefined ? undefined : value !== 0n;
  },

  /** The item describes the virtual disk and goes along to differencing children. */
  isVirtualDisk(bytes: Uint8Array): boolean | undefined {
    const value = integer(bytes, 24, 1, 1, false);
    return value === undefined ? undefined : value !== 0n;
  },

  /** Who does not know the item must refuse the file. */
  isRequired(bytes: Uint8Array): boolean | undefined {
    const value = integer(bytes, 24, 2, 1, false);
    return value === undefined ? undefined : value !== 0n;
  },

  /** Zero. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 24, 3, 29, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Zero. */
  reserved2(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 28, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** The entry names the file parameters. */
  isFileParameters(bytes: Uint8Array): boolean | undefined {
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return !isUser && (equal(itemId, FILE_PARAMETERS_GUID));
  },

  /** The entry names the virtual disk size. */
  isVirtualDiskSize(bytes: Uint8Array): boolean | undefined {
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return !isUser && (equal(itemId, VIRTUAL_DISK_SIZE_GUID));
  },

  /** The entry names the virtual disk id. */
  isVirtualDiskId(bytes: Uint8Array): boolean | undefined {
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return !isUser && (equal(itemId, VIRTUAL_DISK_ID_GUID));
  },

  /** The entry names the logical sector size. */
  isLogicalSectorSize(bytes: Uint8Array): boolean | undefined {
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return !isUser && (equal(itemId, LOGICAL_SECTOR_SIZE_GUID));
  },

  /** The entry names the physical sector size. */
  isPhysicalSectorSize(bytes: Uint8Array): boolean | undefined {
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return !isUser && (equal(itemId, PHYSICAL_SECTOR_SIZE_GUID));
  },

  /** The entry names the parent locator. */
  isParentLocator(bytes: Uint8Array): boolean | undefined {
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return !isUser && (equal(itemId, PARENT_LOCATOR_GUID));
  },

  /** The entry names an item that describes the virtual disk. */
  isDiskProperty(bytes: Uint8Array): boolean | undefined {
    const isLogicalSectorSize = MetadataTableEntry.isLogicalSectorSize(bytes);
    if (isLogicalSectorSize === undefined) return undefined;
    const isPhysicalSectorSize = MetadataTableEntry.isPhysicalSectorSize(bytes);
    if (isPhysicalSectorSize === undefined) return undefined;
    const isVirtualDiskId = MetadataTableEntry.isVirtualDiskId(bytes);
    if (isVirtualDiskId === undefined) return undefined;
    const isVirtualDiskSize = MetadataTableEntry.isVirtualDiskSize(bytes);
    if (isVirtualDiskSize === undefined) return undefined;
    return isVirtualDiskSize || isVirtualDiskId || isLogicalSectorSize || isPhysicalSectorSize;
  },

  /** The entry names an item that the specification defines. */
  isKnown(bytes: Uint8Array): boolean | undefined {
    const isDiskProperty = MetadataTableEntry.isDiskProperty(bytes);
    if (isDiskProperty === undefined) return undefined;
    const isFileParameters = MetadataTableEntry.isFileParameters(bytes);
    if (isFileParameters === undefined) return undefined;
    const isParentLocator = MetadataTableEntry.isParentLocator(bytes);
    if (isParentLocator === undefined) return undefined;
    return isFileParameters || isParentLocator || isDiskProperty;
  },

  /** Length of the form that the item has, or its own where it has none. */
  formLength(bytes: Uint8Array): bigint | undefined {
    const isFileParameters = MetadataTableEntry.isFileParameters(bytes);
    if (isFileParameters === undefined) return undefined;
    const isLogicalSectorSize = MetadataTableEntry.isLogicalSectorSize(bytes);
    if (isLogicalSectorSize === undefined) return undefined;
    const isPhysicalSectorSize = MetadataTableEntry.isPhysicalSectorSize(bytes);
    if (isPhysicalSectorSize === undefined) return undefined;
    const isVirtualDiskId = MetadataTableEntry.isVirtualDiskId(bytes);
    if (isVirtualDiskId === undefined) return undefined;
    const isVirtualDiskSize = MetadataTableEntry.isVirtualDiskSize(bytes);
    if (isVirtualDiskSize === undefined) return undefined;
    const length = MetadataTableEntry.length(bytes);
    if (length === undefined) return undefined;
    return isFileParameters || isVirtualDiskSize ? 8n : isVirtualDiskId ? 16n : isLogicalSectorSize || isPhysicalSectorSize ? 4n : BigInt(length);
  },

  /** An item that is not empty starts behind the table, at byte 65536 of the region or later. Any byte will do. */
  offsetIsPastTable(bytes: Uint8Array): boolean | undefined {
    const length = MetadataTableEntry.length(bytes);
    if (length === undefined) return undefined;
    const offset = MetadataTableEntry.offset(bytes);
    if (offset === undefined) return undefined;
    return (BigInt(length) === 0n) || (BigInt(offset) >= METADATA_TABLE_SIZE);
  },

  /** An item is at most 1 MiB long. */
  lengthIsInBounds(bytes: Uint8Array): boolean | undefined {
    const length = MetadataTableEntry.length(bytes);
    if (length === undefined) return undefined;
    return BigInt(length) <= METADATA_ITEM_LENGTH_MAX;
  },

  /** An empty item has offset 0. It counts as present, with nothing in it. */
  emptyItemHasNoOffset(bytes: Uint8Array): boolean | undefined {
    const length = MetadataTableEntry.length(bytes);
    if (length === undefined) return undefined;
    const offset = MetadataTableEntry.offset(bytes);
    if (offset === undefined) return undefined;
    return (BigInt(length) > 0n) || (BigInt(offset) === 0n);
  },

  /** No bit of the flag word is set but the lowest three. */
  reservedFlagsAreZero(bytes: Uint8Array): boolean | undefined {
    const reserved = MetadataTableEntry.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },

  /** The last word of an entry is zero. */
  reserved2IsZero(bytes: Uint8Array): boolean | undefined {
    const reserved2 = MetadataTableEntry.reserved2(bytes);
    if (reserved2 === undefined) return undefined;
    return BigInt(reserved2) === 0n;
  },

  /** An item marked as required is a system item that we know. */
  requiredIsKnown(bytes: Uint8Array): boolean | undefined {
    const isKnown = MetadataTableEntry.isKnown(bytes);
    if (isKnown === undefined) return undefined;
    const isRequired = MetadataTableEntry.isRequired(bytes);
    if (isRequired === undefined) return undefined;
    return !isRequired || isKnown;
  },

  /** A user item is not marked as required. The specification does not say so, openvmm does. */
  userIsNotRequired(bytes: Uint8Array): boolean | undefined {
    const isRequired = MetadataTableEntry.isRequired(bytes);
    if (isRequired === undefined) return undefined;
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    return !isUser || !isRequired;
  },

  /** The item id is not the nil GUID. The specification does not say so, openvmm does. */
  itemIdIsSet(bytes: Uint8Array): boolean | undefined {
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return !(equal(itemId, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
  },

  /** The entry is not the marker by which Microsoft tools tell that a file was never finished. */
  isNotIncompleteMarker(bytes: Uint8Array): boolean | undefined {
    const isUser = MetadataTableEntry.isUser(bytes);
    if (isUser === undefined) return undefined;
    const itemId = MetadataTableEntry.itemId(bytes);
    if (itemId === undefined) return undefined;
    return isUser || (!equal(itemId, INCOMPLETE_FILE_MARKER_GUID));
  },

  /** An item that we know has the flags of its kind: always IsRequired, and IsVirtualDisk for all but the file parameters and the parent locator. */
  knownFlagsAreUsual(bytes: Uint8Array): boolean | undefined {
    const isDiskProperty = MetadataTableEntry.isDiskProperty(bytes);
    if (isDiskProperty === undefined) return undefined;
    const isKnown = MetadataTableEntry.isKnown(bytes);
    if (isKnown === undefined) return undefined;
    const isRequired = MetadataTableEntry.isRequired(bytes);
    if (isRequired === undefined) return undefined;
    const isVirtualDisk = MetadataTableEntry.isVirtualDisk(bytes);
    if (isVirtualDisk === undefined) return undefined;
    return !isKnown || (isRequired && (isVirtualDisk === isDiskProperty));
  },

  /** An item of fixed form has exactly the length of its form. */
  knownLengthIsExact(bytes: Uint8Array): boolean | undefined {
    const formLength = MetadataTableEntry.formLength(bytes);
    if (formLength === undefined) return undefined;
    const length = MetadataTableEntry.length(bytes);
    if (length === undefined) return undefined;
    return BigInt(length) === formLength;
  },
};

/** A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as written, so 2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD 4A 08. Two identifiers are equal when all sixteen stored bytes are equal; version and variant bits carry no meaning here. MS-DTYP 2.3.4.2 */
export const MsGuid = {
  /** Its size in bytes, where that is fixed. */
  size: 16,

  /** The sixteen bytes as stored; compare these. The last two groups of the text form are bytes 8 to 15. */
  raw(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 16);
  },

  /** True for the identifier whose bytes are all zero; it never identifies anything. */
  isNil(bytes: Uint8Array): boolean | undefined {
    const raw = MsGuid.raw(bytes);
    if (raw === undefined) return undefined;
    return equal(raw, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  },
};

/** The start of a packed image: a file as what is written into zeros, small without a compressor. Operations follow to the end, each with its bytes. No part of VHDX: seeds of fuzzers and the conformance suite are stored so. Seeds have literals only; the suite has more operations. Later ones write over earlier ones, and what none writes is zero. Packed image 1 */
export const PackedImage = {
  /** Its size in bytes, where that is fixed. */
  size: 16,

  /** The characters "VHDXOPS1". */
  magic(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 8);
  },

  /** Length of the file. */
  fileLength(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 8, 0, 64, false);
  },
};

/** What an operation does, and where. Its bytes follow. Packed image 1 */
export const PackedRun = {
  /** Its size in bytes, where that is fixed. */
  size: 17,

  /** The letter of the operation, "L" for a literal. */
  kind(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 1);
  },

  /** File offset of the first byte that it writes. */
  offset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 1, 0, 64, false);
  },

  /** How many bytes it writes. */
  length(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 9, 0, 64, false);
  },
};

/** A metadata item of key and value strings, UTF-16LE, by which a differencing file finds and recognises its parent. Offsets count from the start of the item. Strings have no terminator. MS-VHDX 2.6.2.6 */
export const ParentLocator = {
  /** Its size in bytes, where that is fixed. */
  size: undefined,

  /** Type and count. */
  header(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 20);
  },

  /** One entry a pair. */
  entries(bytes: Uint8Array, index: number): Uint8Array | undefined {
    return slice(bytes, 20 + 12 * index, 12);
  },
};

/** The first 20 bytes of the item. MS-VHDX 2.6.2.6.1 */
export const ParentLocatorHeader = {
  /** Its size in bytes, where that is fixed. */
  size: 20,

  /** Says which keys to expect. */
  locatorType(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 16);
  },

  /** Zero. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 16, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Number of entries that follow. */
  keyValueCount(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 18, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Entries that the item has room for. */
  entriesMax(bytes: Uint8Array, streamSize: number): bigint | undefined {
    return (BigInt(streamSize) - PARENT_LOCATOR_HEADER_SIZE) / PARENT_LOCATOR_ENTRY_SIZE;
  },

  /** The item has room for all the entries that it counts. */
  entriesFit(bytes: Uint8Array, streamSize: number): boolean | undefined {
    const entriesMax = ParentLocatorHeader.entriesMax(bytes, streamSize);
    if (entriesMax === undefined) return undefined;
    const keyValueCount = ParentLocatorHeader.keyValueCount(bytes);
    if (keyValueCount === undefined) return undefined;
    return BigInt(keyValueCount) <= entriesMax;
  },

  /** The locator is of the type that the specification defines. */
  locatorTypeIsKnown(bytes: Uint8Array): boolean | undefined {
    const locatorType = ParentLocatorHeader.locatorType(bytes);
    if (locatorType === undefined) return undefined;
    return equal(locatorType, VHDX_LOCATOR_TYPE_GUID);
  },

  /** The reserved word of the locator header is zero. */
  reservedIsZero(bytes: Uint8Array): boolean | undefined {
    const reserved = ParentLocatorHeader.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },

  /** The locator has pairs. A useful one has two at least, a linkage and a path; openvmm takes 256 at most. */
  hasPairs(bytes: Uint8Array): boolean | undefined {
    const keyValueCount = ParentLocatorHeader.keyValueCount(bytes);
    if (keyValueCount === undefined) return undefined;
    return BigInt(keyValueCount) > 0n;
  },
};

/** Says where the strings of one pair lie. MS-VHDX 2.6.2.6.2 */
export const ParentLocatorEntry = {
  /** Its size in bytes, where that is fixed. */
  size: 12,

  /** Where the key starts, from the start of the item. */
  keyOffset(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 0, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Where the value starts, from the start of the item. */
  valueOffset(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Size of the key. */
  keyLength(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 8, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Size of the value. */
  valueLength(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 10, 0, 16, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Key and value have an offset. It counts from the item's start, so 0 is the header. */
  offsetsAreSet(bytes: Uint8Array): boolean | undefined {
    const keyOffset = ParentLocatorEntry.keyOffset(bytes);
    if (keyOffset === undefined) return undefined;
    const valueOffset = ParentLocatorEntry.valueOffset(bytes);
    if (valueOffset === undefined) return undefined;
    return (BigInt(keyOffset) > 0n) && (BigInt(valueOffset) > 0n);
  },

  /** Key and value are not empty. */
  lengthsAreSet(bytes: Uint8Array): boolean | undefined {
    const keyLength = ParentLocatorEntry.keyLength(bytes);
    if (keyLength === undefined) return undefined;
    const valueLength = ParentLocatorEntry.valueLength(bytes);
    if (valueLength === undefined) return undefined;
    return (BigInt(keyLength) > 0n) && (BigInt(valueLength) > 0n);
  },

  /** Key and value end inside the item. */
  stringsAreInside(bytes: Uint8Array, streamSize: number): boolean | undefined {
    const keyLength = ParentLocatorEntry.keyLength(bytes);
    if (keyLength === undefined) return undefined;
    const keyOffset = ParentLocatorEntry.keyOffset(bytes);
    if (keyOffset === undefined) return undefined;
    const valueLength = ParentLocatorEntry.valueLength(bytes);
    if (valueLength === undefined) return undefined;
    const valueOffset = ParentLocatorEntry.valueOffset(bytes);
    if (valueOffset === undefined) return undefined;
    return ((BigInt(keyOffset) + BigInt(keyLength)) <= BigInt(streamSize)) && ((BigInt(valueOffset) + BigInt(valueLength)) <= BigInt(streamSize));
  },
};

/** Says where the BAT, the metadata and any further region lie. Stored twice, 64 KiB each, alike in a healthy file. MS-VHDX 2.2.3 */
export const RegionTable = {
  /** Its size in bytes, where that is fixed. */
  size: 65536,

  /** Signature, checksum and count. */
  header(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 16);
  },

  /** One entry a region, in any order. */
  entries(bytes: Uint8Array, index: number): Uint8Array | undefined {
    return slice(bytes, 16 + 32 * index, 32);
  },

  /** Room for further entries. */
  unused(bytes: Uint8Array): Uint8Array | undefined {
    const count = integer(bytes, 8, 0, 32, false);
    if (count === undefined) return undefined;
    const start = 16 + 32 * Math.min(Number(count), 2047);
    return slice(bytes, start, Math.min(bytes.length, 65536) - start);
  },

  /** Behind the last entry the table is zero. */
  unusedBytesAreZero(bytes: Uint8Array): boolean | undefined {
    return RegionTable.unused(bytes)?.every((byte) => byte === 0);
  },

  /** The checksum is the CRC-32C of the table's 65536 bytes, with itself as zero. */
  checksumIsRight(bytes: Uint8Array): boolean | undefined {
    return checksumIsRight(bytes, 4, 65536n);
  },
};

/** The first 16 bytes of a region table. MS-VHDX 2.2.3.1 */
export const RegionTableHeader = {
  /** Its size in bytes, where that is fixed. */
  size: 16,

  /** The characters "regi". */
  signature(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 4);
  },

  /** CRC-32C of the whole 64 KiB, these four bytes taken as zero. */
  checksum(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 4, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Number of entries that follow, at most 2047. */
  entryCount(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 8, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Zero; ignored. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 12, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** The region table begins with the four characters "regi". */
  signatureIsRegi(bytes: Uint8Array): boolean | undefined {
    const signature = RegionTableHeader.signature(bytes);
    if (signature === undefined) return undefined;
    return equal(signature, REGION_SIGNATURE);
  },

  /** The table lists no more entries than fit into its 64 KiB, 2047. */
  entryCountFits(bytes: Uint8Array): boolean | undefined {
    const entryCount = RegionTableHeader.entryCount(bytes);
    if (entryCount === undefined) return undefined;
    return BigInt(entryCount) <= REGION_ENTRIES_MAX;
  },

  /** The reserved word of the table header is zero. */
  reservedIsZero(bytes: Uint8Array): boolean | undefined {
    const reserved = RegionTableHeader.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },
};

/** Names one region and says where it lies. MS-VHDX 2.2.3.2 */
export const RegionTableEntry = {
  /** Its size in bytes, where that is fixed. */
  size: 32,

  /** What the region holds; unique in the table. */
  guid(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 16);
  },

  /** File offset of the region, a multiple of 1 MiB, at least 1 MiB. */
  fileOffset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 16, 0, 64, false);
  },

  /** Size of the region, a multiple of 1 MiB. */
  length(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 24, 0, 32, false);
    return value === undefined ? undefined : Number(value);
  },

  /** Who does not know the region's GUID must refuse the file. */
  required(bytes: Uint8Array): boolean | undefined {
    const value = integer(bytes, 28, 0, 1, false);
    return value === undefined ? undefined : value !== 0n;
  },

  /** Zero in every file seen; the specification shows Required as a whole word. */
  reserved(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 28, 1, 31, false);
    return value === undefined ? undefined : Number(value);
  },

  /** The entry names the BAT region. */
  isBat(bytes: Uint8Array): boolean | undefined {
    const guid = RegionTableEntry.guid(bytes);
    if (guid === undefined) return undefined;
    return equal(guid, BAT_REGION_GUID);
  },

  /** The entry names the metadata region. */
  isMetadata(bytes: Uint8Array): boolean | undefined {
    const guid = RegionTableEntry.guid(bytes);
    if (guid === undefined) return undefined;
    return equal(guid, METADATA_REGION_GUID);
  },

  /** The entry names a region that the specification defines. */
  isKnown(bytes: Uint8Array): boolean | undefined {
    const isBat = RegionTableEntry.isBat(bytes);
    if (isBat === undefined) return undefined;
    const isMetadata = RegionTableEntry.isMetadata(bytes);
    if (isMetadata === undefined) return undefined;
    return isBat || isMetadata;
  },

  /** A region starts at a whole number of MiB. */
  fileOffsetIsAligned(bytes: Uint8Array): boolean | undefined {
    const fileOffset = RegionTableEntry.fileOffset(bytes);
    if (fileOffset === undefined) return undefined;
    return (fileOffset % OBJECT_ALIGNMENT) === 0n;
  },

  /** A region starts behind the header section, at 1 MiB or later. */
  fileOffsetIsAfterHeaderSection(bytes: Uint8Array): boolean | undefined {
    const fileOffset = RegionTableEntry.fileOffset(bytes);
    if (fileOffset === undefined) return undefined;
    return fileOffset >= HEADER_SECTION_SIZE;
  },

  /** A region's size is a whole number of MiB. */
  lengthIsAligned(bytes: Uint8Array): boolean | undefined {
    const length = RegionTableEntry.length(bytes);
    if (length === undefined) return undefined;
    return (BigInt(length) % OBJECT_ALIGNMENT) === 0n;
  },

  /** A region is not empty. */
  lengthIsNotZero(bytes: Uint8Array): boolean | undefined {
    const length = RegionTableEntry.length(bytes);
    if (length === undefined) return undefined;
    return BigInt(length) > 0n;
  },

  /** A region marked as required is one that we know. */
  requiredIsKnown(bytes: Uint8Array): boolean | undefined {
    const isKnown = RegionTableEntry.isKnown(bytes);
    if (isKnown === undefined) return undefined;
    const required = RegionTableEntry.required(bytes);
    if (required === undefined) return undefined;
    return !required || isKnown;
  },

  /** The BAT and the metadata are marked as required. QEMU leaves the mark out. */
  knownIsRequired(bytes: Uint8Array): boolean | undefined {
    const isKnown = RegionTableEntry.isKnown(bytes);
    if (isKnown === undefined) return undefined;
    const required = RegionTableEntry.required(bytes);
    if (required === undefined) return undefined;
    return !isKnown || required;
  },

  /** The word that holds Required is 0 or 1. */
  requiredIsOneBit(bytes: Uint8Array): boolean | undefined {
    const reserved = RegionTableEntry.reserved(bytes);
    if (reserved === undefined) return undefined;
    return BigInt(reserved) === 0n;
  },

  /** The metadata region has room for its table of 64 KiB. Other regions are not asked. */
  metadataHoldsItsTable(bytes: Uint8Array): boolean | undefined {
    const isMetadata = RegionTableEntry.isMetadata(bytes);
    if (isMetadata === undefined) return undefined;
    const length = RegionTableEntry.length(bytes);
    if (length === undefined) return undefined;
    return !isMetadata || (BigInt(length) >= METADATA_TABLE_SIZE);
  },
};

/** The last 512 bytes of a fixed VHD, the older format: before them stands the disk, byte for byte. No part of a VHDX; it is here because disks are converted to it. Unlike everything in VHDX its integers are big-endian. VHD 1.0 */
export const VhdFooter = {
  /** Its size in bytes, where that is fixed. */
  size: 512,

  /** The characters "conectix". */
  cookie(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 0, 8);
  },

  /** Bit 1 is always set; bit 0 says that the disk is temporary. */
  features(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 8, 0, 32, true);
    return value === undefined ? undefined : Number(value);
  },

  /** Major version in the upper, minor version in the lower 16 bits. */
  formatVersion(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 12, 0, 32, true);
    return value === undefined ? undefined : Number(value);
  },

  /** File offset of the next structure; all bits set where there is none, as in a fixed disk. */
  dataOffset(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 16, 0, 64, true);
  },

  /** When the disk was made, since the beginning of 2000 in UTC. */
  timeStamp(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 24, 0, 32, true);
    return value === undefined ? undefined : Number(value);
  },

  /** Which program made the disk. */
  creatorApplication(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 28, 4);
  },

  /** Version of that program. */
  creatorVersion(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 32, 0, 32, true);
    return value === undefined ? undefined : Number(value);
  },

  /** On which system it was made. */
  creatorHostOs(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 36, 4);
  },

  /** Size of the disk when it was made. */
  originalSize(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 40, 0, 64, true);
  },

  /** Size of the disk. */
  currentSize(bytes: Uint8Array): bigint | undefined {
    return integer(bytes, 48, 0, 64, true);
  },

  /** Cylinders of the geometry that an old BIOS is shown. */
  cylinders(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 56, 0, 16, true);
    return value === undefined ? undefined : Number(value);
  },

  /** Heads of that geometry. */
  heads(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 58, 0, 8, true);
    return value === undefined ? undefined : Number(value);
  },

  /** Sectors per track of that geometry. */
  sectorsPerTrack(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 59, 0, 8, true);
    return value === undefined ? undefined : Number(value);
  },

  /** 2 for a fixed disk. */
  diskType(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 60, 0, 32, true);
    return value === undefined ? undefined : Number(value);
  },

  /** Complement of the sum of all 512 bytes, this field taken as zero. */
  checksum(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 64, 0, 32, true);
    return value === undefined ? undefined : Number(value);
  },

  /** Identity of the disk. */
  uniqueId(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 68, 16);
  },

  /** 1 where a machine was saved in the middle of its work. */
  savedState(bytes: Uint8Array): number | undefined {
    const value = integer(bytes, 84, 0, 8, true);
    return value === undefined ? undefined : Number(value);
  },

  /** Zero. */
  reserved(bytes: Uint8Array): Uint8Array | undefined {
    return slice(bytes, 85, 427);
  },
};

/** Every structure, as data. */
export const STRUCTURES: readonly Structure[] = [
  {
    name: "bat_entry",
    size: BatEntry.size,
    fields: [
      { name: "state", offset: 0, size: 8, read: BatEntry.state },
      { name: "reserved", offset: 0, size: 8, read: BatEntry.reserved },
      { name: "file_offset_mb_low", offset: 0, size: 8, read: BatEntry.fileOffsetMbLow },
      { name: "file_offset_mb_high", offset: 0, size: 8, read: BatEntry.fileOffsetMbHigh },
    ],
    derived: [
      { name: "file_offset_mb", read: BatEntry.fileOffsetMb },
      { name: "is_allocated", read: BatEntry.isAllocated },
    ],
    rules: [
      { id: "BAT-002", name: "reserved_is_zero", holds: BatEntry.reservedIsZero },
      { id: "BAT-003", name: "payload_state_is_defined", holds: BatEntry.payloadStateIsDefined },
      { id: "BAT-004", name: "not_partially_present", holds: BatEntry.notPartiallyPresent },
      { id: "BAT-005", name: "allocated_offset_is_set", holds: BatEntry.allocatedOffsetIsSet },
      { id: "BAT-010", name: "sector_bitmap_state_is_defined", holds: BatEntry.sectorBitmapStateIsDefined },
      { id: "BAT-011", name: "sector_bitmap_is_absent", holds: BatEntry.sectorBitmapIsAbsent },
      { id: "BAT-014", name: "unused_offset_is_zero", holds: BatEntry.unusedOffsetIsZero },
      { id: "BAT-016", name: "fixed_is_present", holds: BatEntry.fixedIsPresent },
    ],
  },
  {
    name: "file_identifier",
    size: FileIdentifier.size,
    fields: [
      { name: "signature", offset: 0, size: 8, read: FileIdentifier.signature },
      { name: "creator", offset: 8, size: 512, read: FileIdentifier.creator },
      { name: "reserved", offset: 520, size: 65016, read: FileIdentifier.reserved },
    ],
    derived: [],
    rules: [
      { id: "FTI-005", name: "reserved_bytes_are_zero", holds: FileIdentifier.reservedBytesAreZero },
      { id: "FTI-001", name: "signature_is_vhdxfile", holds: FileIdentifier.signatureIsVhdxfile },
    ],
  },
  {
    name: "header",
    size: Header.size,
    fields: [
      { name: "signature", offset: 0, size: 4, read: Header.signature },
      { name: "checksum", offset: 4, size: 4, read: Header.checksum },
      { name: "sequence_number", offset: 8, size: 8, read: Header.sequenceNumber },
      { name: "file_write_guid", offset: 16, size: 16, read: Header.fileWriteGuid },
      { name: "data_write_guid", offset: 32, size: 16, read: Header.dataWriteGuid },
      { name: "log_guid", offset: 48, size: 16, read: Header.logGuid },
      { name: "log_version", offset: 64, size: 2, read: Header.logVersion },
      { name: "version", offset: 66, size: 2, read: Header.version },
      { name: "log_length", offset: 68, size: 4, read: Header.logLength },
      { name: "log_offset", offset: 72, size: 8, read: Header.logOffset },
      { name: "reserved", offset: 80, size: 4016, read: Header.reserved },
    ],
    derived: [],
    rules: [
      { id: "HDR-015", name: "reserved_bytes_are_zero", holds: Header.reservedBytesAreZero },
      { id: "HDR-001", name: "signature_is_head", holds: Header.signatureIsHead },
      { id: "HDR-006", name: "version_is_supported", holds: Header.versionIsSupported },
      { id: "HDR-007", name: "log_version_is_supported", holds: Header.logVersionIsSupported },
      { id: "HDR-008", name: "log_length_is_aligned", holds: Header.logLengthIsAligned },
      { id: "HDR-009", name: "log_offset_is_aligned", holds: Header.logOffsetIsAligned },
      { id: "HDR-010", name: "log_is_after_header_section", holds: Header.logIsAfterHeaderSection },
      { id: "HDR-013", name: "log_guid_has_a_log", holds: Header.logGuidHasALog },
      { id: "HDR-014", name: "log_length_is_usual", holds: Header.logLengthIsUsual },
      { id: "HDR-018", name: "guids_are_set", holds: Header.guidsAreSet },
      { id: "HDR-019", name: "sequence_number_can_grow", holds: Header.sequenceNumberCanGrow },
      { id: "HDR-002", name: "checksum_is_right", holds: Header.checksumIsRight },
    ],
  },
  {
    name: "log_entry",
    size: LogEntry.size,
    fields: [
      { name: "header", offset: 0, size: 64, read: LogEntry.header },
      { name: "descriptors", offset: 64, size: 32, read: (bytes) => LogEntry.descriptors(bytes, 0) },
    ],
    derived: [],
    rules: [
      { id: "LOG-003", name: "checksum_is_right", holds: LogEntry.checksumIsRight },
    ],
  },
  {
    name: "log_entry_header",
    size: LogEntryHeader.size,
    fields: [
      { name: "signature", offset: 0, size: 4, read: LogEntryHeader.signature },
      { name: "checksum", offset: 4, size: 4, read: LogEntryHeader.checksum },
      { name: "entry_length", offset: 8, size: 4, read: LogEntryHeader.entryLength },
      { name: "tail", offset: 12, size: 4, read: LogEntryHeader.tail },
      { name: "sequence_number", offset: 16, size: 8, read: LogEntryHeader.sequenceNumber },
      { name: "descriptor_count", offset: 24, size: 4, read: LogEntryHeader.descriptorCount },
      { name: "reserved", offset: 28, size: 4, read: LogEntryHeader.reserved },
      { name: "log_guid", offset: 32, size: 16, read: LogEntryHeader.logGuid },
      { name: "flushed_file_offset", offset: 48, size: 8, read: LogEntryHeader.flushedFileOffset },
      { name: "last_file_offset", offset: 56, size: 8, read: LogEntryHeader.lastFileOffset },
    ],
    derived: [
      { name: "descriptor_area_size", read: LogEntryHeader.descriptorAreaSize },
    ],
    rules: [
      { id: "LOG-002", name: "signature_is_loge", holds: LogEntryHeader.signatureIsLoge },
      { id: "LOG-004", name: "entry_length_is_aligned", holds: LogEntryHeader.entryLengthIsAligned },
      { id: "LOG-007", name: "tail_is_aligned", holds: LogEntryHeader.tailIsAligned },
      { id: "LOG-009", name: "sequence_number_is_positive", holds: LogEntryHeader.sequenceNumberIsPositive },
      { id: "LOG-010", name: "descriptors_fit", holds: LogEntryHeader.descriptorsFit },
      { id: "LOG-011", name: "reserved_is_zero", holds: LogEntryHeader.reservedIsZero },
      { id: "LOG-013", name: "flushed_file_offset_is_aligned", holds: LogEntryHeader.flushedFileOffsetIsAligned },
      { id: "LOG-014", name: "last_file_offset_is_aligned", holds: LogEntryHeader.lastFileOffsetIsAligned },
    ],
  },
  {
    name: "log_descriptor",
    size: LogDescriptor.size,
    fields: [
      { name: "zero", offset: 0, size: 32, read: LogDescriptor.zero },
      { name: "data", offset: 0, size: 32, read: LogDescriptor.data },
      { name: "signature", offset: 0, size: 4, read: LogDescriptor.signature },
    ],
    derived: [
      { name: "is_zero", read: LogDescriptor.isZero },
      { name: "is_data", read: LogDescriptor.isData },
    ],
    rules: [
      { id: "LOG-015", name: "signature_is_known", holds: LogDescriptor.signatureIsKnown },
    ],
  },
  {
    name: "zero_descriptor",
    size: ZeroDescriptor.size,
    fields: [
      { name: "signature", offset: 0, size: 4, read: ZeroDescriptor.signature },
      { name: "reserved", offset: 4, size: 4, read: ZeroDescriptor.reserved },
      { name: "zero_length", offset: 8, size: 8, read: ZeroDescriptor.zeroLength },
      { name: "file_offset", offset: 16, size: 8, read: ZeroDescriptor.fileOffset },
      { name: "sequence_number", offset: 24, size: 8, read: ZeroDescriptor.sequenceNumber },
    ],
    derived: [],
    rules: [
      { id: "LOG-016", name: "reserved_is_zero", holds: ZeroDescriptor.reservedIsZero },
      { id: "LOG-017", name: "zero_length_is_aligned", holds: ZeroDescriptor.zeroLengthIsAligned },
      { id: "LOG-018", name: "file_offset_is_aligned", holds: ZeroDescriptor.fileOffsetIsAligned },
      { id: "LOG-026", name: "file_offset_is_past_headers", holds: ZeroDescriptor.fileOffsetIsPastHeaders },
    ],
  },
  {
    name: "data_descriptor",
    size: DataDescriptor.size,
    fields: [
      { name: "signature", offset: 0, size: 4, read: DataDescriptor.signature },
      { name: "trailing_bytes", offset: 4, size: 4, read: DataDescriptor.trailingBytes },
      { name: "leading_bytes", offset: 8, size: 8, read: DataDescriptor.leadingBytes },
      { name: "file_offset", offset: 16, size: 8, read: DataDescriptor.fileOffset },
      { name: "sequence_number", offset: 24, size: 8, read: DataDescriptor.sequenceNumber },
    ],
    derived: [],
    rules: [
      { id: "LOG-018", name: "file_offset_is_aligned", holds: DataDescriptor.fileOffsetIsAligned },
      { id: "LOG-026", name: "file_offset_is_past_headers", holds: DataDescriptor.fileOffsetIsPastHeaders },
    ],
  },
  {
    name: "data_sector",
    size: DataSector.size,
    fields: [
      { name: "signature", offset: 0, size: 4, read: DataSector.signature },
      { name: "sequence_high", offset: 4, size: 4, read: DataSector.sequenceHigh },
      { name: "data", offset: 8, size: 4084, read: DataSector.data },
      { name: "sequence_low", offset: 4092, size: 4, read: DataSector.sequenceLow },
    ],
    derived: [
      { name: "sequence_number", read: DataSector.sequenceNumber },
    ],
    rules: [
      { id: "LOG-020", name: "signature_is_data", holds: DataSector.signatureIsData },
    ],
  },
  {
    name: "file_parameters",
    size: FileParameters.size,
    fields: [
      { name: "block_size", offset: 0, size: 4, read: FileParameters.blockSize },
      { name: "leave_block_allocated", offset: 4, size: 4, read: FileParameters.leaveBlockAllocated },
      { name: "has_parent", offset: 4, size: 4, read: FileParameters.hasParent },
      { name: "reserved", offset: 4, size: 4, read: FileParameters.reserved },
    ],
    derived: [],
    rules: [
      { id: "ITM-002", name: "block_size_is_in_range", holds: FileParameters.blockSizeIsInRange },
      { id: "ITM-003", name: "block_size_is_power_of_two", holds: FileParameters.blockSizeIsPowerOfTwo },
      { id: "ITM-004", name: "reserved_is_zero", holds: FileParameters.reservedIsZero },
      { id: "ITM-005", name: "flags_do_not_conflict", holds: FileParameters.flagsDoNotConflict },
    ],
  },
  {
    name: "virtual_disk_size",
    size: VirtualDiskSize.size,
    fields: [
      { name: "virtual_disk_size", offset: 0, size: 8, read: VirtualDiskSize.virtualDiskSize },
    ],
    derived: [],
    rules: [
      { id: "ITM-008", name: "size_is_in_range", holds: VirtualDiskSize.sizeIsInRange },
      { id: "ITM-009", name: "size_is_not_zero", holds: VirtualDiskSize.sizeIsNotZero },
    ],
  },
  {
    name: "virtual_disk_id",
    size: VirtualDiskId.size,
    fields: [
      { name: "virtual_disk_id", offset: 0, size: 16, read: VirtualDiskId.virtualDiskId },
    ],
    derived: [],
    rules: [
      { id: "ITM-011", name: "id_is_set", holds: VirtualDiskId.idIsSet },
    ],
  },
  {
    name: "logical_sector_size",
    size: LogicalSectorSize.size,
    fields: [
      { name: "logical_sector_size", offset: 0, size: 4, read: LogicalSectorSize.logicalSectorSize },
    ],
    derived: [],
    rules: [
      { id: "ITM-013", name: "size_is_defined", holds: LogicalSectorSize.sizeIsDefined },
    ],
  },
  {
    name: "physical_sector_size",
    size: PhysicalSectorSize.size,
    fields: [
      { name: "physical_sector_size", offset: 0, size: 4, read: PhysicalSectorSize.physicalSectorSize },
    ],
    derived: [],
    rules: [
      { id: "ITM-015", name: "size_is_defined", holds: PhysicalSectorSize.sizeIsDefined },
    ],
  },
  {
    name: "chs_parameters",
    size: ChsParameters.size,
    fields: [
      { name: "heads_per_cylinder", offset: 0, size: 4, read: ChsParameters.headsPerCylinder },
      { name: "sectors_per_track", offset: 4, size: 4, read: ChsParameters.sectorsPerTrack },
    ],
    derived: [],
    rules: [],
  },
  {
    name: "pmem_label_storage_area",
    size: PmemLabelStorageArea.size,
    fields: [
      { name: "version", offset: 0, size: 2, read: PmemLabelStorageArea.version },
      { name: "reserved", offset: 2, size: 2, read: PmemLabelStorageArea.reserved },
      { name: "guid", offset: 4, size: 16, read: PmemLabelStorageArea.guid },
      { name: "data_offset", offset: 20, size: 4, read: PmemLabelStorageArea.dataOffset },
      { name: "data_length", offset: 24, size: 4, read: PmemLabelStorageArea.dataLength },
    ],
    derived: [],
    rules: [],
  },
  {
    name: "metadata_table",
    size: MetadataTable.size,
    fields: [
      { name: "header", offset: 0, size: 32, read: MetadataTable.header },
      { name: "entries", offset: 32, size: 32, read: (bytes) => MetadataTable.entries(bytes, 0) },
    ],
    derived: [],
    rules: [],
  },
  {
    name: "metadata_table_header",
    size: MetadataTableHeader.size,
    fields: [
      { name: "signature", offset: 0, size: 8, read: MetadataTableHeader.signature },
      { name: "reserved", offset: 8, size: 2, read: MetadataTableHeader.reserved },
      { name: "entry_count", offset: 10, size: 2, read: MetadataTableHeader.entryCount },
      { name: "reserved2", offset: 12, size: 20, read: MetadataTableHeader.reserved2 },
    ],
    derived: [],
    rules: [
      { id: "MDT-001", name: "signature_is_metadata", holds: MetadataTableHeader.signatureIsMetadata },
      { id: "MDT-002", name: "reserved_is_zero", holds: MetadataTableHeader.reservedIsZero },
      { id: "MDT-003", name: "entry_count_fits", holds: MetadataTableHeader.entryCountFits },
    ],
  },
  {
    name: "metadata_table_entry",
    size: MetadataTableEntry.size,
    fields: [
      { name: "item_id", offset: 0, size: 16, read: MetadataTableEntry.itemId },
      { name: "offset", offset: 16, size: 4, read: MetadataTableEntry.offset },
      { name: "length", offset: 20, size: 4, read: MetadataTableEntry.length },
      { name: "is_user", offset: 24, size: 4, read: MetadataTableEntry.isUser },
      { name: "is_virtual_disk", offset: 24, size: 4, read: MetadataTableEntry.isVirtualDisk },
      { name: "is_required", offset: 24, size: 4, read: MetadataTableEntry.isRequired },
      { name: "reserved", offset: 24, size: 4, read: MetadataTableEntry.reserved },
      { name: "reserved2", offset: 28, size: 4, read: MetadataTableEntry.reserved2 },
    ],
    derived: [
      { name: "is_file_parameters", read: MetadataTableEntry.isFileParameters },
      { name: "is_virtual_disk_size", read: MetadataTableEntry.isVirtualDiskSize },
      { name: "is_virtual_disk_id", read: MetadataTableEntry.isVirtualDiskId },
      { name: "is_logical_sector_size", read: MetadataTableEntry.isLogicalSectorSize },
      { name: "is_physical_sector_size", read: MetadataTableEntry.isPhysicalSectorSize },
      { name: "is_parent_locator", read: MetadataTableEntry.isParentLocator },
      { name: "is_disk_property", read: MetadataTableEntry.isDiskProperty },
      { name: "is_known", read: MetadataTableEntry.isKnown },
      { name: "form_length", read: MetadataTableEntry.formLength },
    ],
    rules: [
      { id: "MDT-006", name: "offset_is_past_table", holds: MetadataTableEntry.offsetIsPastTable },
      { id: "MDT-009", name: "length_is_in_bounds", holds: MetadataTableEntry.lengthIsInBounds },
      { id: "MDT-010", name: "empty_item_has_no_offset", holds: MetadataTableEntry.emptyItemHasNoOffset },
      { id: "MDT-013", name: "reserved_flags_are_zero", holds: MetadataTableEntry.reservedFlagsAreZero },
      { id: "MDT-014", name: "reserved2_is_zero", holds: MetadataTableEntry.reserved2IsZero },
      { id: "MDT-015", name: "required_is_known", holds: MetadataTableEntry.requiredIsKnown },
      { id: "MDT-016", name: "user_is_not_required", holds: MetadataTableEntry.userIsNotRequired },
      { id: "MDT-017", name: "item_id_is_set", holds: MetadataTableEntry.itemIdIsSet },
      { id: "MDT-018", name: "is_not_incomplete_marker", holds: MetadataTableEntry.isNotIncompleteMarker },
      { id: "ITM-017", name: "known_flags_are_usual", holds: MetadataTableEntry.knownFlagsAreUsual },
      { id: "ITM-018", name: "known_length_is_exact", holds: MetadataTableEntry.knownLengthIsExact },
    ],
  },
  {
    name: "ms_guid",
    size: MsGuid.size,
    fields: [
      { name: "raw", offset: 0, size: 16, read: MsGuid.raw },
    ],
    derived: [
      { name: "is_nil", read: MsGuid.isNil },
    ],
    rules: [],
  },
  {
    name: "packed_image",
    size: PackedImage.size,
    fields: [
      { name: "magic", offset: 0, size: 8, read: PackedImage.magic },
      { name: "file_length", offset: 8, size: 8, read: PackedImage.fileLength },
    ],
    derived: [],
    rules: [],
  },
  {
    name: "packed_run",
    size: PackedRun.size,
    fields: [
      { name: "kind", offset: 0, size: 1, read: PackedRun.kind },
      { name: "offset", offset: 1, size: 8, read: PackedRun.offset },
      { name: "length", offset: 9, size: 8, read: PackedRun.length },
    ],
    derived: [],
    rules: [],
  },
  {
    name: "parent_locator",
    size: ParentLocator.size,
    fields: [
      { name: "header", offset: 0, size: 20, read: ParentLocator.header },
      { name: "entries", offset: 20, size: 12, read: (bytes) => ParentLocator.entries(bytes, 0) },
    ],
    derived: [],
    rules: [],
  },
  {
    name: "parent_locator_header",
    size: ParentLocatorHeader.size,
    fields: [
      { name: "locator_type", offset: 0, size: 16, read: ParentLocatorHeader.locatorType },
      { name: "reserved", offset: 16, size: 2, read: ParentLocatorHeader.reserved },
      { name: "key_value_count", offset: 18, size: 2, read: ParentLocatorHeader.keyValueCount },
    ],
    derived: [
      { name: "entries_max", read: ParentLocatorHeader.entriesMax },
    ],
    rules: [
      { id: "PLC-003", name: "entries_fit", holds: ParentLocatorHeader.entriesFit },
      { id: "PLC-004", name: "locator_type_is_known", holds: ParentLocatorHeader.locatorTypeIsKnown },
      { id: "PLC-005", name: "reserved_is_zero", holds: ParentLocatorHeader.reservedIsZero },
      { id: "PLC-006", name: "has_pairs", holds: ParentLocatorHeader.hasPairs },
    ],
  },
  {
    name: "parent_locator_entry",
    size: ParentLocatorEntry.size,
    fields: [
      { name: "key_offset", offset: 0, size: 4, read: ParentLocatorEntry.keyOffset },
      { name: "value_offset", offset: 4, size: 4, read: ParentLocatorEntry.valueOffset },
      { name: "key_length", offset: 8, size: 2, read: ParentLocatorEntry.keyLength },
      { name: "value_length", offset: 10, size: 2, read: ParentLocatorEntry.valueLength },
    ],
    derived: [],
    rules: [
      { id: "PLC-007", name: "offsets_are_set", holds: ParentLocatorEntry.offsetsAreSet },
      { id: "PLC-008", name: "lengths_are_set", holds: ParentLocatorEntry.lengthsAreSet },
      { id: "PLC-009", name: "strings_are_inside", holds: ParentLocatorEntry.stringsAreInside },
    ],
  },
  {
    name: "region_table",
    size: RegionTable.size,
    fields: [
      { name: "header", offset: 0, size: 16, read: RegionTable.header },
      { name: "entries", offset: 16, size: 32, read: (bytes) => RegionTable.entries(bytes, 0) },
    ],
    derived: [],
    rules: [
      { id: "RGN-019", name: "unused_bytes_are_zero", holds: RegionTable.unusedBytesAreZero },
      { id: "RGN-002", name: "checksum_is_right", holds: RegionTable.checksumIsRight },
    ],
  },
  {
    name: "region_table_header",
    size: RegionTableHeader.size,
    fields: [
      { name: "signature", offset: 0, size: 4, read: RegionTableHeader.signature },
      { name: "checksum", offset: 4, size: 4, read: RegionTableHeader.checksum },
      { name: "entry_count", offset: 8, size: 4, read: RegionTableHeader.entryCount },
      { name: "reserved", offset: 12, size: 4, read: RegionTableHeader.reserved },
    ],
    derived: [],
    rules: [
      { id: "RGN-001", name: "signature_is_regi", holds: RegionTableHeader.signatureIsRegi },
      { id: "RGN-005", name: "entry_count_fits", holds: RegionTableHeader.entryCountFits },
      { id: "RGN-006", name: "reserved_is_zero", holds: RegionTableHeader.reservedIsZero },
    ],
  },
  {
    name: "region_table_entry",
    size: RegionTableEntry.size,
    fields: [
      { name: "guid", offset: 0, size: 16, read: RegionTableEntry.guid },
      { name: "file_offset", offset: 16, size: 8, read: RegionTableEntry.fileOffset },
      { name: "length", offset: 24, size: 4, read: RegionTableEntry.length },
      { name: "required", offset: 28, size: 4, read: RegionTableEntry.required },
      { name: "reserved", offset: 28, size: 4, read: RegionTableEntry.reserved },
    ],
    derived: [
      { name: "is_bat", read: RegionTableEntry.isBat },
      { name: "is_metadata", read: RegionTableEntry.isMetadata },
      { name: "is_known", read: RegionTableEntry.isKnown },
    ],
    rules: [
      { id: "RGN-008", name: "file_offset_is_aligned", holds: RegionTableEntry.fileOffsetIsAligned },
      { id: "RGN-009", name: "file_offset_is_after_header_section", holds: RegionTableEntry.fileOffsetIsAfterHeaderSection },
      { id: "RGN-010", name: "length_is_aligned", holds: RegionTableEntry.lengthIsAligned },
      { id: "RGN-011", name: "length_is_not_zero", holds: RegionTableEntry.lengthIsNotZero },
      { id: "RGN-014", name: "required_is_known", holds: RegionTableEntry.requiredIsKnown },
      { id: "RGN-017", name: "known_is_required", holds: RegionTableEntry.knownIsRequired },
      { id: "RGN-018", name: "required_is_one_bit", holds: RegionTableEntry.requiredIsOneBit },
      { id: "MDT-004", name: "metadata_holds_its_table", holds: RegionTableEntry.metadataHoldsItsTable },
    ],
  },
  {
    name: "vhd_footer",
    size: VhdFooter.size,
    fields: [
      { name: "cookie", offset: 0, size: 8, read: VhdFooter.cookie },
      { name: "features", offset: 8, size: 4, read: VhdFooter.features },
      { name: "format_version", offset: 12, size: 4, read: VhdFooter.formatVersion },
      { name: "data_offset", offset: 16, size: 8, read: VhdFooter.dataOffset },
      { name: "time_stamp", offset: 24, size: 4, read: VhdFooter.timeStamp },
      { name: "creator_application", offset: 28, size: 4, read: VhdFooter.creatorApplication },
      { name: "creator_version", offset: 32, size: 4, read: VhdFooter.creatorVersion },
      { name: "creator_host_os", offset: 36, size: 4, read: VhdFooter.creatorHostOs },
      { name: "original_size", offset: 40, size: 8, read: VhdFooter.originalSize },
      { name: "current_size", offset: 48, size: 8, read: VhdFooter.currentSize },
      { name: "cylinders", offset: 56, size: 2, read: VhdFooter.cylinders },
      { name: "heads", offset: 58, size: 1, read: VhdFooter.heads },
      { name: "sectors_per_track", offset: 59, size: 1, read: VhdFooter.sectorsPerTrack },
      { name: "disk_type", offset: 60, size: 4, read: VhdFooter.diskType },
      { name: "checksum", offset: 64, size: 4, read: VhdFooter.checksum },
      { name: "unique_id", offset: 68, size: 16, read: VhdFooter.uniqueId },
      { name: "saved_state", offset: 84, size: 1, read: VhdFooter.savedState },
      { name: "reserved", offset: 85, size: 427, read: VhdFooter.reserved },
    ],
    derived: [],
    rules: [],
  },
];
