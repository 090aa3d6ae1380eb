//! The layout of VHDX: readers of byte slices, constants, and every rule that one structure can decide.
//!
//! No dependencies and no unsafe code. Whatever bytes are handed over, nothing panics: what they do not reach is
//! `None`. A slice begins where the structure does and may be longer. `stream_size` is the size in bytes of what the
//! structure lies in, where a rule asks for it: of a parent locator's header and entries, the whole item.
//!
//! Machine-written from formats/ by `make generate`; do not edit.

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Flag(bool),
    Number(u64),
    Bytes(&'a [u8]),
}

/// A field: its place in the structure in bytes (of the word, where it is bits of one) and its reader;
/// of several elements, those of the first one.
pub struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub size: usize,
    pub read: fn(&[u8]) -> Option<Value<'_>>,
}

/// What follows from fields: of the structure's bytes, and `stream_size`.
pub struct Derived {
    pub name: &'static str,
    pub read: fn(&[u8], u64) -> Option<Value<'_>>,
}

/// A rule, by its id: does it hold, of the structure's bytes and `stream_size`?
pub struct Rule {
    pub id: &'static str,
    pub name: &'static str,
    pub holds: fn(&[u8], u64) -> Option<bool>,
}

/// A structure as data, for programs that show all of it.
pub struct Structure {
    pub name: &'static str,
    pub size: Option<usize>,
    pub fields: &'static [Field],
    pub derived: &'static [Derived],
    pub rules: &'static [Rule],
}

fn integer(raw: &[u8], offset: usize, bit: usize, bits: usize, big_endian: bool) -> Option<u64> {
    let bytes = raw.get(offset..offset + (bit + bits + 7) / 8)?;
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let word = if big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) };
    Some(word >> bit & u64::MAX >> (64 - bits))
}

fn crc32c_step(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ CRC32C_POLYNOMIAL_REFLECTED as u32 * (crc & 1))
}

/// CRC-32C (Castagnoli) of bytes.
pub fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(CRC32C_INITIAL as u32, |crc, byte| crc32c_step(crc, *byte))
}

fn checksum_is_right(raw: &[u8], start: usize, size: usize) -> Option<bool> {
    let covered = raw.get(..size)?;
    let stored = integer(covered, start, 0, 32, false)?;
    let step = |crc, (index, byte): (usize, &u8)| {
        crc32c_step(crc, if (start..start + 4).contains(&index) { 0 } else { *byte })
    };
    let crc = covered.iter().enumerate().fold(CRC32C_INITIAL as u32, step);
    Some(u64::from(!crc) == stored)
}

/// Bits of an entry that hold its state.
pub const BAT_STATE_MASK: u64 = 7;
/// Bits of an entry that, taken where they stand, are the block's file offset in bytes.
pub const BAT_FILE_OFFSET_MASK: u64 = 0xFFFFFFFFFFF00000;
/// Lowest bit of FileOffsetMB in an entry; the bits below count parts of a MiB.
pub const BAT_FILE_OFFSET_BIT: u64 = 20;
/// Largest FileOffsetMB that a known implementation (openvmm) accepts, 256 TiB less 1 MiB.
pub const FILE_OFFSET_MB_USUAL_MAX: u64 = 0xFFFFFFF;
/// Logical sectors that one sector bitmap block describes (2^23), and thereby the size of a chunk.
pub const SECTORS_PER_CHUNK: u64 = 0x800000;
/// Size of a sector bitmap block, one bit a sector of the chunk.
pub const SECTOR_BITMAP_BLOCK_SIZE: u64 = 0x100000;
/// Virtual bytes of a chunk with sectors of 512 bytes (sectors_per_chunk × sector size).
pub const CHUNK_SIZE_512: u64 = 0x100000000;
/// Virtual bytes of a chunk with sectors of 4096 bytes.
pub const CHUNK_SIZE_4096: u64 = 0x800000000;
/// Fewest payload blocks in a chunk. Chunk ratio = chunk size / block size, a power of two.
pub const CHUNK_RATIO_MIN: u64 = 16;
/// Most payload blocks in a chunk (sectors of 4096 bytes, blocks of 1 MiB).
pub const CHUNK_RATIO_MAX: u64 = 32768;
/// Fewest logical sectors in a payload block (block size / sector size).
pub const SECTORS_PER_BLOCK_MIN: u64 = 256;
/// Most logical sectors in a payload block.
pub const SECTORS_PER_BLOCK_MAX: u64 = 0x80000;
/// Most payload blocks of a disk. Payload blocks = disk size / block size, rounded up.
pub const PAYLOAD_BLOCKS_MAX: u64 = 0x4000000;
/// Most sector bitmap blocks. Bitmap blocks = payload blocks / chunk ratio, rounded up.
pub const BITMAP_BLOCKS_MAX: u64 = 16384;
/// Entries of the largest table there can be (64 TiB, 1 MiB blocks, 512-byte sectors, differencing).
pub const BAT_ENTRIES_MAX: u64 = 0x4004000;
/// Largest BAT region that a known implementation (openvmm) accepts, 513 MiB.
pub const BAT_REGION_USUAL_MAX: u64 = 0x20100000;
/// QEMU creates fixed files whose blocks are all in state zero unless told otherwise.
pub const QEMU_BLOCK_STATE_ZERO_DEFAULT: u64 = 1;
/// Marks a VHDX file, in reading order; as a little-endian integer 0x656C696678646876.
pub const FILE_SIGNATURE: &[u8] = b"vhdxfile";
/// Marks a header, in reading order; as a little-endian integer 0x64616568.
pub const HEADER_SIGNATURE: &[u8] = b"head";
/// The only version of the file format there is.
pub const HEADER_VERSION: u64 = 1;
/// The only version of the log format there is.
pub const LOG_VERSION: u64 = 0;
/// Largest log that a known implementation (openvmm) accepts; the field could say 4095 MiB.
pub const LOG_LENGTH_USUAL_MAX: u64 = 0x40000000;
/// A header that carries it cannot be followed by another one.
pub const SEQUENCE_NUMBER_MAX: u64 = 0xFFFFFFFFFFFFFFFF;
/// Marks a log entry, in reading order; as a little-endian integer 0x65676F6C.
pub const LOG_ENTRY_SIGNATURE: &[u8] = b"loge";
/// Marks a zero descriptor, in reading order; as a little-endian integer 0x6F72657A.
pub const ZERO_DESCRIPTOR_SIGNATURE: &[u8] = b"zero";
/// Marks a data descriptor, in reading order; as a little-endian integer 0x63736564.
pub const DATA_DESCRIPTOR_SIGNATURE: &[u8] = b"desc";
/// Marks a data sector, in reading order; as a little-endian integer 0x61746164.
pub const DATA_SECTOR_SIGNATURE: &[u8] = b"data";
/// Granularity of the log, and the size of what one data descriptor updates.
pub const LOG_SECTOR_SIZE: u64 = 4096;
/// Size of a log entry header.
pub const LOG_ENTRY_HEADER_SIZE: u64 = 64;
/// Size of either kind of descriptor.
pub const LOG_DESCRIPTOR_SIZE: u64 = 32;
/// Descriptors that fit behind the header in the first descriptor sector of an entry.
pub const LOG_DESCRIPTORS_FIRST_SECTOR: u64 = 126;
/// Descriptors that fit into each further descriptor sector.
pub const LOG_DESCRIPTORS_PER_SECTOR: u64 = 128;
/// Granularity of the log area's size, and thereby the smallest log.
pub const LOG_SIZE_MIN: u64 = 0x100000;
/// Log that writers make when nobody asks for another (Hyper-V, QEMU).
pub const LOG_SIZE_DEFAULT: u64 = 0x100000;
/// A bound of this project. A scan computes checksums over at most this many times the log's length.
pub const LOG_WORK_FACTOR: u64 = 16;
/// A bound of this project. No update may reach past 2^63, where file offsets of operating systems end.
pub const LOG_TARGET_END_MAX: u64 = 0x8000000000000000;
/// A bound of this project. A replay may make the file longer by this at most, as much as the largest disk.
pub const LOG_GROWTH_MAX: u64 = 0x400000000000;
/// Smallest payload block.
pub const BLOCK_SIZE_MIN: u64 = 0x100000;
/// Largest payload block.
pub const BLOCK_SIZE_MAX: u64 = 0x10000000;
/// Payload block that Hyper-V gives dynamic files.
pub const BLOCK_SIZE_DEFAULT_DYNAMIC: u64 = 0x2000000;
/// Payload block that Hyper-V gives fixed and differencing files.
pub const BLOCK_SIZE_DEFAULT_OTHER: u64 = 0x200000;
/// Payload block that QEMU gives disks of up to 1 GiB.
pub const QEMU_BLOCK_SIZE_UP_TO_1_GIB: u64 = 0x800000;
/// Payload block that QEMU gives larger disks, up to 100 GiB.
pub const QEMU_BLOCK_SIZE_UP_TO_100_GIB: u64 = 0x1000000;
/// Payload block that QEMU gives larger disks, up to 32 TiB.
pub const QEMU_BLOCK_SIZE_UP_TO_32_TIB: u64 = 0x2000000;
/// Payload block that QEMU gives the largest disks.
pub const QEMU_BLOCK_SIZE_ABOVE_32_TIB: u64 = 0x4000000;
/// File type that QEMU makes; the other it knows is fixed.
pub const QEMU_SUBFORMAT_DEFAULT: &[u8] = b"dynamic";
/// Largest virtual disk, 64 TiB.
pub const VIRTUAL_DISK_SIZE_MAX: u64 = 0x400000000000;
/// One of the two sector sizes.
pub const SECTOR_SIZE_512: u64 = 512;
/// The other of the two sector sizes.
pub const SECTOR_SIZE_4096: u64 = 4096;
/// What Hyper-V writes, and what a reader may assume when the item is missing.
pub const PHYSICAL_SECTOR_SIZE_DEFAULT: u64 = 4096;
/// What QEMU writes.
pub const QEMU_PHYSICAL_SECTOR_SIZE_DEFAULT: u64 = 512;
/// Marks a metadata table, in reading order; as a little-endian integer 0x617461646174656D.
pub const METADATA_SIGNATURE: &[u8] = b"metadata";
/// Entries that fit behind the 32-byte header in 64 KiB.
pub const METADATA_ENTRIES_MAX: u64 = 2047;
/// Size of a metadata table entry.
pub const METADATA_ENTRY_SIZE: u64 = 32;
/// Flag word of the file parameters and the parent locator (IsRequired).
pub const ITEM_FLAGS_OF_FILE: u64 = 4;
/// Flag word of the four items that describe the virtual disk (IsRequired, IsVirtualDisk).
pub const ITEM_FLAGS_OF_DISK: u64 = 6;
/// Size of the table; items start behind it.
pub const METADATA_TABLE_SIZE: u64 = 0x10000;
/// Largest item.
pub const METADATA_ITEM_LENGTH_MAX: u64 = 0x100000;
/// Most entries that may be user items.
pub const METADATA_USER_ENTRIES_MAX: u64 = 1024;
/// Most system entries that a known implementation (openvmm) accepts.
pub const METADATA_SYSTEM_ENTRIES_USUAL_MAX: u64 = 1023;
/// Largest metadata region that a known implementation (openvmm) accepts.
pub const METADATA_REGION_USUAL_MAX: u64 = 0x8000000;
/// Most bytes of user items, and of system items, that a known implementation (openvmm) accepts.
pub const METADATA_CATEGORY_USUAL_MAX: u64 = 0x2800000;
/// Marks a packed image, in reading order.
pub const PACKED_MAGIC: &[u8] = b"VHDXOPS1";
/// The operation that writes the bytes that follow it.
pub const PACKED_LITERAL: &[u8] = b"L";
/// A bound of this project. A seed that makes a longer file is refused unless the caller allows it.
pub const PACKED_SEED_SIZE_MAX: u64 = 0x4000000;
/// Key. DataWriteGuid that the parent must have, as text in braces.
pub const KEY_PARENT_LINKAGE: &[u8] = b"parent_linkage";
/// Key. A second DataWriteGuid that may match while a merge is under way. Hyper-V always writes it, as nil.
pub const KEY_PARENT_LINKAGE2: &[u8] = b"parent_linkage2";
/// Key. Path of the parent from the child's folder.
pub const KEY_RELATIVE_PATH: &[u8] = b"relative_path";
/// Key. Path of the parent from a volume named by its GUID.
pub const KEY_VOLUME_PATH: &[u8] = b"volume_path";
/// Key. Absolute Windows path of the parent.
pub const KEY_ABSOLUTE_WIN32_PATH: &[u8] = b"absolute_win32_path";
/// Size of the locator's header.
pub const PARENT_LOCATOR_HEADER_SIZE: u64 = 20;
/// Size of an entry.
pub const PARENT_LOCATOR_ENTRY_SIZE: u64 = 12;
/// Most pairs that a known implementation (openvmm) accepts.
pub const LOCATOR_PAIRS_USUAL_MAX: u64 = 256;
/// A bound of this project (and of openvmm). Longer chains are refused.
pub const CHAIN_DEPTH_MAX: u64 = 256;
/// Marks a region table, in reading order; as a little-endian integer 0x69676572.
pub const REGION_SIGNATURE: &[u8] = b"regi";
/// Entries that fit behind the 16-byte header in 64 KiB.
pub const REGION_ENTRIES_MAX: u64 = 2047;
/// Marks a VHD, in reading order.
pub const VHD_COOKIE: &[u8] = b"conectix";
/// Features of every VHD, a bit that is always set and no other.
pub const VHD_FEATURES: u64 = 2;
/// Version 1.0 of the format.
pub const VHD_VERSION: u64 = 0x10000;
/// DataOffset of a fixed disk, which has no other header.
pub const VHD_NO_DATA_OFFSET: u64 = 0xFFFFFFFFFFFFFFFF;
/// When time stamps begin, 1 January 2000 UTC, in seconds since 1970.
pub const VHD_EPOCH: u64 = 0x386D4380;
/// Creator of disks that Windows makes. QEMU takes the size from CurrentSize for this one and a few others only, else from the geometry.
pub const VHD_CREATOR_APPLICATION: &[u8] = b"win ";
/// Host of disks that Windows makes.
pub const VHD_CREATOR_HOST_OS: &[u8] = b"Wi2k";
/// Type of a fixed disk.
pub const VHD_TYPE_FIXED: u64 = 2;
/// Largest disk that Hyper-V takes in a VHD, 2040 GiB.
pub const VHD_SIZE_MAX: u64 = 0x1FE00000000;
/// Azure takes disks of a whole number of MiB only. Hyper-V makes no others.
pub const VHD_SIZE_UNIT: u64 = 0x100000;
/// Sector of every VHD.
pub const VHD_SECTOR_SIZE: u64 = 512;
/// Most cylinders that a geometry can have.
pub const VHD_CYLINDERS_MAX: u64 = 65535;
/// Most heads of a geometry.
pub const VHD_HEADS_MAX: u64 = 16;
/// Fewest heads of a geometry.
pub const VHD_HEADS_MIN: u64 = 4;
/// Sectors in a track of a geometry that small disks get.
pub const VHD_SECTORS_PER_TRACK_SMALL: u64 = 17;
/// Sectors in a track of a geometry for disks too large for the small ones.
pub const VHD_SECTORS_PER_TRACK_MEDIUM: u64 = 31;
/// Sectors in a track of a geometry for disks too large for the medium ones.
pub const VHD_SECTORS_PER_TRACK_LARGE: u64 = 63;
/// Sectors in a track of a geometry for the largest disks.
pub const VHD_SECTORS_PER_TRACK_MAX: u64 = 255;
/// A disk of as many cylinders, or more, gets longer tracks, but for the longest.
pub const VHD_CYLINDERS_SMALL: u64 = 1024;
/// Size of each of the five slots at the start of the file.
pub const HEADER_SLOT_SIZE: u64 = 0x10000;
/// Bytes of a header slot that the header fills and its checksum covers.
pub const HEADER_SIZE: u64 = 4096;
/// File offset of the file type identifier.
pub const FILE_IDENTIFIER_OFFSET: u64 = 0;
/// File offset of header 1.
pub const HEADER_1_OFFSET: u64 = 0x10000;
/// File offset of header 2.
pub const HEADER_2_OFFSET: u64 = 0x20000;
/// File offset of the first region table; the log may write from here on, never below.
pub const REGION_TABLE_1_OFFSET: u64 = 0x30000;
/// File offset of the second region table.
pub const REGION_TABLE_2_OFFSET: u64 = 0x40000;
/// Size of a region table.
pub const REGION_TABLE_SIZE: u64 = 0x10000;
/// Where the second region table ends; the shortest file whose region tables can both be read.
pub const HEADER_SECTION_USED: u64 = 0x50000;
/// Size of the header section; everything else lies behind it.
pub const HEADER_SECTION_SIZE: u64 = 0x100000;
/// Everything behind the header section starts at a multiple of this.
pub const OBJECT_ALIGNMENT: u64 = 0x100000;
/// Where Hyper-V and openvmm put the log. Nothing demands it.
pub const LOG_OFFSET_USUAL: u64 = 0x100000;
/// Where Hyper-V and openvmm put the metadata region. Nothing demands it.
pub const METADATA_OFFSET_USUAL: u64 = 0x200000;
/// Where Hyper-V and openvmm put the BAT region; blocks follow. Nothing demands it.
pub const BAT_OFFSET_USUAL: u64 = 0x300000;
/// Polynomial of CRC-32C (Castagnoli), which all checksums here are, highest power first.
pub const CRC32C_POLYNOMIAL: u64 = 0x1EDC6F41;
/// The same polynomial, lowest power first, as programs that shift right use it.
pub const CRC32C_POLYNOMIAL_REFLECTED: u64 = 0x82F63B78;
/// What a CRC-32C starts from, and what its result is combined with (exclusive or) at the end.
pub const CRC32C_INITIAL: u64 = 0xFFFFFFFF;
/// CRC-32C of the nine characters 123456789, to test an implementation with.
pub const CRC32C_CHECK: u64 = 0xE3069283;
/// CAA16737-FA36-4D43-B3B6-33F0AA44E76B: Block size and file type.
pub const FILE_PARAMETERS_GUID: [u8; 16] = [0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7, 0x6B];
/// 2FA54224-CD1B-4876-B211-5DBED83BF4B8: Size of the virtual disk.
pub const VIRTUAL_DISK_SIZE_GUID: [u8; 16] = [0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8];
/// BECA12AB-B2E6-4523-93EF-C309E000C746: Identity of the virtual disk as SCSI shows it.
pub const VIRTUAL_DISK_ID_GUID: [u8; 16] = [0xAB, 0x12, 0xCA, 0xBE, 0xE6, 0xB2, 0x23, 0x45, 0x93, 0xEF, 0xC3, 0x09, 0xE0, 0x00, 0xC7, 0x46];
/// 8141BF1D-A96F-4709-BA47-F233A8FAAB5F: Sector size that the guest addresses.
pub const LOGICAL_SECTOR_SIZE_GUID: [u8; 16] = [0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB, 0x5F];
/// CDA348C7-445D-4471-9CC9-E9885251C556: Sector size that the guest is told the medium has.
pub const PHYSICAL_SECTOR_SIZE_GUID: [u8; 16] = [0xC7, 0x48, 0xA3, 0xCD, 0x5D, 0x44, 0x71, 0x44, 0x9C, 0xC9, 0xE9, 0x88, 0x52, 0x51, 0xC5, 0x56];
/// A8D35F2D-B30B-454D-ABF7-D3D84834AB0C: How a differencing file finds its parent.
pub const PARENT_LOCATOR_GUID: [u8; 16] = [0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB, 0x0C];
/// DA02D7BC-3D3A-423C-AC88-2A36AB21479B: Disk geometry as cylinders, heads and sectors; known from openvmm only.
pub const CHS_PARAMETERS_GUID: [u8; 16] = [0xBC, 0xD7, 0x02, 0xDA, 0x3A, 0x3D, 0x3C, 0x42, 0xAC, 0x88, 0x2A, 0x36, 0xAB, 0x21, 0x47, 0x9B];
/// 71CC85F0-1B69-4E28-9558-C3BF83AE75D3: Empty item, present while the file is still being created; known from openvmm only.
pub const INCOMPLETE_FILE_MARKER_GUID: [u8; 16] = [0xF0, 0x85, 0xCC, 0x71, 0x69, 0x1B, 0x28, 0x4E, 0x95, 0x58, 0xC3, 0xBF, 0x83, 0xAE, 0x75, 0xD3];
/// 10E1AE8A-4B7E-4169-A40F-CD70DE928393: Label storage of a virtual persistent memory device; known from openvmm only.
pub const PMEM_LABEL_STORAGE_AREA_GUID: [u8; 16] = [0x8A, 0xAE, 0xE1, 0x10, 0x7E, 0x4B, 0x69, 0x41, 0xA4, 0x0F, 0xCD, 0x70, 0xDE, 0x92, 0x83, 0x93];
/// B04AEFB7-D19E-4A81-B789-25B8E9445913: The locator type whose keys the specification defines.
pub const VHDX_LOCATOR_TYPE_GUID: [u8; 16] = [0xB7, 0xEF, 0x4A, 0xB0, 0x9E, 0xD1, 0x81, 0x4A, 0xB7, 0x89, 0x25, 0xB8, 0xE9, 0x44, 0x59, 0x13];
/// 2DC27766-F623-4200-9D64-115E9BFD4A08: The region that holds the block allocation table.
pub const BAT_REGION_GUID: [u8; 16] = [0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42, 0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08];
/// 8B7CA206-4790-4B9A-B8FE-575F050F886E: The region that holds the metadata table and its items.
pub const METADATA_REGION_GUID: [u8; 16] = [0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E];
/// File offset of this structure, a `file_identifier`.
pub const PLACE_OF_FILE_IDENTIFIER: u64 = 0;
/// File offset of this structure, a `header`.
pub const PLACE_OF_HEADER_1: u64 = 0x10000;
/// File offset of this structure, a `header`.
pub const PLACE_OF_HEADER_2: u64 = 0x20000;
/// File offset of this structure, a `region_table`.
pub const PLACE_OF_REGION_TABLE_1: u64 = 0x30000;
/// File offset of this structure, a `region_table`.
pub const PLACE_OF_REGION_TABLE_2: u64 = 0x40000;
/// Values of this enumeration.
pub mod payload_block_state {
    /// Never written. A differencing file asks its parent; others read zeros.
    pub const NOT_PRESENT: u32 = 0;
    /// Contents arbitrary; never the parent's. Zeros here.
    pub const UNDEFINED: u32 = 1;
    /// Zeros; never the parent's.
    pub const ZERO: u32 = 2;
    /// Discarded by the guest; never the parent's. Zeros here.
    pub const UNMAPPED: u32 = 3;
    /// The number that draft 0.95 gave to unmapped; reserved since.
    pub const UNMAPPED_V095: u32 = 5;
    /// The whole block is in this file; the sector bitmap is not asked.
    pub const FULLY_PRESENT: u32 = 6;
    /// Sector by sector in this file or the parent, as the sector bitmap says. Differencing files only.
    pub const PARTIALLY_PRESENT: u32 = 7;
}
/// Values of this enumeration.
pub mod sector_bitmap_block_state {
    /// The chunk has no sector bitmap block.
    pub const NOT_PRESENT: u32 = 0;
    /// The chunk's sector bitmap block is in this file. Differencing files only.
    pub const PRESENT: u32 = 6;
}

/// One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry for the chunk's sector bitmap block; the word is the same, the meaning of its state is not. MS-VHDX 2.5.1
pub mod bat_entry {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(8);

    /// What the block holds; see the two enumerations.
    pub fn state(bytes: &[u8]) -> Option<u8> {
        super::integer(bytes, 0, 0, 3, false).map(|value| value as u8)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 0, 3, 17, false).map(|value| value as u32)
    }

    /// Low 12 bits of FileOffsetMB. Split, because not every Kaitai target reads bit fields wider than 32 bits.
    pub fn file_offset_mb_low(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 0, 20, 12, false).map(|value| value as u16)
    }

    /// High 32 bits of FileOffsetMB.
    pub fn file_offset_mb_high(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 0, 32, 32, false).map(|value| value as u32)
    }

    /// File offset of the block in MiB; reserved in states that hold no data.
    pub fn file_offset_mb(bytes: &[u8]) -> Option<u64> {
        let file_offset_mb_high = u64::from(file_offset_mb_high(bytes)?);
        let file_offset_mb_low = u64::from(file_offset_mb_low(bytes)?);
        Some((file_offset_mb_high * 4096) + file_offset_mb_low)
    }

    /// The entry's file offset counts. State 6 means so of both kinds of entry.
    pub fn is_allocated(bytes: &[u8]) -> Option<bool> {
        let state = u64::from(state(bytes)?);
        Some((state == 6) || (state == 7))
    }

    /// Bits 3 to 19 of an entry are zero.
    pub fn reserved_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// The state of a payload block is one that the specification defines: 4 and 5 are not.
    pub fn payload_state_is_defined(bytes: &[u8]) -> Option<bool> {
        let state = u64::from(state(bytes)?);
        Some((state != 4) && (state != 5))
    }

    /// Only a differencing file has partially present blocks.
    pub fn not_partially_present(bytes: &[u8]) -> Option<bool> {
        let state = u64::from(state(bytes)?);
        Some(state != 7)
    }

    /// A block that is in the file lies at 1 MiB or later; offset 0 is no place.
    pub fn allocated_offset_is_set(bytes: &[u8]) -> Option<bool> {
        let file_offset_mb = file_offset_mb(bytes)?;
        let is_allocated = is_allocated(bytes)?;
        Some(!is_allocated || (file_offset_mb >= 1))
    }

    /// The state of a sector bitmap block is 0 or 6.
    pub fn sector_bitmap_state_is_defined(bytes: &[u8]) -> Option<bool> {
        let state = u64::from(state(bytes)?);
        Some((state == 0) || (state == 6))
    }

    /// Only a differencing file has sector bitmap blocks.
    pub fn sector_bitmap_is_absent(bytes: &[u8]) -> Option<bool> {
        let state = u64::from(state(bytes)?);
        Some(state == 0)
    }

    /// An entry of a block that is not present, or zero, has no file offset.
    pub fn unused_offset_is_zero(bytes: &[u8]) -> Option<bool> {
        let file_offset_mb = file_offset_mb(bytes)?;
        let state = u64::from(state(bytes)?);
        Some((file_offset_mb == 0) || ((state != 0) && (state != 2)))
    }

    /// In a fixed file every block is fully present. Others are tolerated; qemu-img makes them.
    pub fn fixed_is_present(bytes: &[u8]) -> Option<bool> {
        let state = u64::from(state(bytes)?);
        Some(state == 6)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "bat_entry",
        size: SIZE,
        fields: &[
            super::Field { name: "state", offset: 0, size: 8, read: |bytes| state(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved", offset: 0, size: 8, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "file_offset_mb_low", offset: 0, size: 8, read: |bytes| file_offset_mb_low(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "file_offset_mb_high", offset: 0, size: 8, read: |bytes| file_offset_mb_high(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[
            super::Derived { name: "file_offset_mb", read: |bytes, _| file_offset_mb(bytes).map(super::Value::Number) },
            super::Derived { name: "is_allocated", read: |bytes, _| is_allocated(bytes).map(super::Value::Flag) },
        ],
        rules: &[
            super::Rule { id: "BAT-002", name: "reserved_is_zero", holds: |bytes, _| reserved_is_zero(bytes) },
            super::Rule { id: "BAT-003", name: "payload_state_is_defined", holds: |bytes, _| payload_state_is_defined(bytes) },
            super::Rule { id: "BAT-004", name: "not_partially_present", holds: |bytes, _| not_partially_present(bytes) },
            super::Rule { id: "BAT-005", name: "allocated_offset_is_set", holds: |bytes, _| allocated_offset_is_set(bytes) },
            super::Rule { id: "BAT-010", name: "sector_bitmap_state_is_defined", holds: |bytes, _| sector_bitmap_state_is_defined(bytes) },
            super::Rule { id: "BAT-011", name: "sector_bitmap_is_absent", holds: |bytes, _| sector_bitmap_is_absent(bytes) },
            super::Rule { id: "BAT-014", name: "unused_offset_is_zero", holds: |bytes, _| unused_offset_is_zero(bytes) },
            super::Rule { id: "BAT-016", name: "fixed_is_present", holds: |bytes, _| fixed_is_present(bytes) },
        ],
    };
}

/// The first 64 KiB of the file. It is written once, when the file is created, and never again. MS-VHDX 2.2.1
pub mod file_identifier {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(65536);

    /// The characters "vhdxfile".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..8)
    }

    /// Name of the program that made the file, UTF-16LE, ended by a NUL or by the field's end. Diagnostic only.
    pub fn creator(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(8..520)
    }

    /// Rest of the 64 KiB slot.
    pub fn reserved(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(520..65536)
    }

    /// The file begins with the eight characters "vhdxfile".
    pub fn signature_is_vhdxfile(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::FILE_SIGNATURE)
    }

    /// Behind Creator the slot of 64 KiB is zero.
    pub fn reserved_bytes_are_zero(bytes: &[u8]) -> Option<bool> {
        Some(reserved(bytes)?.iter().all(|byte| *byte == 0))
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "file_identifier",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 8, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "creator", offset: 8, size: 512, read: |bytes| creator(bytes).map(super::Value::Bytes) },
            super::Field { name: "reserved", offset: 520, size: 65016, read: |bytes| reserved(bytes).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "FTI-005", name: "reserved_bytes_are_zero", holds: |bytes, _| reserved_bytes_are_zero(bytes) },
            super::Rule { id: "FTI-001", name: "signature_is_vhdxfile", holds: |bytes, _| signature_is_vhdxfile(bytes) },
        ],
    };
}

/// One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number is current. MS-VHDX 2.2.2
pub mod header {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(4096);

    /// The characters "head".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..4)
    }

    /// CRC-32C of the 4096 bytes of the header, these four taken as zero.
    pub fn checksum(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 0, 32, false).map(|value| value as u32)
    }

    /// Counts header updates; decides which of two valid headers is current.
    pub fn sequence_number(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 8, 0, 64, false)
    }

    /// Identity of the file as it lies on disk. A session that writes changes it before anything else.
    pub fn file_write_guid(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(16..32)
    }

    /// Identity of what the guest can see; a differencing child names its parent by it.
    pub fn data_write_guid(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(32..48)
    }

    /// Nil when there is nothing to replay; otherwise only log entries that carry it count.
    pub fn log_guid(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(48..64)
    }

    /// Version of the log format, 0.
    pub fn log_version(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 64, 0, 16, false).map(|value| value as u16)
    }

    /// Version of the file format, 1.
    pub fn version(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 66, 0, 16, false).map(|value| value as u16)
    }

    /// Size of the log area, a multiple of 1 MiB.
    pub fn log_length(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 68, 0, 32, false).map(|value| value as u32)
    }

    /// File offset of the log area, a multiple of 1 MiB.
    pub fn log_offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 72, 0, 64, false)
    }

    /// Rest of the header; ignored, but covered by the checksum.
    pub fn reserved(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(80..4096)
    }

    /// The slot begins with the four characters "head".
    pub fn signature_is_head(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::HEADER_SIGNATURE)
    }

    /// The file format is version 1.
    pub fn version_is_supported(bytes: &[u8]) -> Option<bool> {
        let version = u64::from(version(bytes)?);
        Some(version == super::HEADER_VERSION)
    }

    /// The log format is version 0. It matters only when there is a log to replay.
    pub fn log_version_is_supported(bytes: &[u8]) -> Option<bool> {
        let log_version = u64::from(log_version(bytes)?);
        Some(log_version == super::LOG_VERSION)
    }

    /// The log's size is a whole number of MiB, 0 included.
    pub fn log_length_is_aligned(bytes: &[u8]) -> Option<bool> {
        let log_length = u64::from(log_length(bytes)?);
        Some((log_length % super::OBJECT_ALIGNMENT) == 0)
    }

    /// The log starts at a whole number of MiB.
    pub fn log_offset_is_aligned(bytes: &[u8]) -> Option<bool> {
        let log_offset = log_offset(bytes)?;
        Some((log_offset % super::OBJECT_ALIGNMENT) == 0)
    }

    /// A log that has a size lies behind the header section.
    pub fn log_is_after_header_section(bytes: &[u8]) -> Option<bool> {
        let log_length = u64::from(log_length(bytes)?);
        let log_offset = log_offset(bytes)?;
        Some((log_length == 0) || (log_offset >= super::HEADER_SECTION_SIZE))
    }

    /// A header that announces a log by its LogGuid also has room for one.
    pub fn log_guid_has_a_log(bytes: &[u8]) -> Option<bool> {
        let log_guid = log_guid(bytes)?;
        let log_length = u64::from(log_length(bytes)?);
        Some((log_guid == [0; 16]) || (log_length > 0))
    }

    /// The log is no larger than 1 GiB, the most that a known implementation takes.
    pub fn log_length_is_usual(bytes: &[u8]) -> Option<bool> {
        let log_length = u64::from(log_length(bytes)?);
        Some(log_length <= super::LOG_LENGTH_USUAL_MAX)
    }

    /// FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing.
    pub fn guids_are_set(bytes: &[u8]) -> Option<bool> {
        let data_write_guid = data_write_guid(bytes)?;
        let file_write_guid = file_write_guid(bytes)?;
        Some(!(file_write_guid == [0; 16]) && !(data_write_guid == [0; 16]))
    }

    /// The sequence number can still be raised.
    pub fn sequence_number_can_grow(bytes: &[u8]) -> Option<bool> {
        let sequence_number = sequence_number(bytes)?;
        Some(sequence_number < super::SEQUENCE_NUMBER_MAX)
    }

    /// Behind LogOffset the header is zero.
    pub fn reserved_bytes_are_zero(bytes: &[u8]) -> Option<bool> {
        Some(reserved(bytes)?.iter().all(|byte| *byte == 0))
    }

    /// The checksum is the CRC-32C of the header's 4096 bytes, with itself as zero.
    pub fn checksum_is_right(bytes: &[u8]) -> Option<bool> {
        super::checksum_is_right(bytes, 4, 4096)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "header",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 4, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "checksum", offset: 4, size: 4, read: |bytes| checksum(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "sequence_number", offset: 8, size: 8, read: |bytes| sequence_number(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "file_write_guid", offset: 16, size: 16, read: |bytes| file_write_guid(bytes).map(super::Value::Bytes) },
            super::Field { name: "data_write_guid", offset: 32, size: 16, read: |bytes| data_write_guid(bytes).map(super::Value::Bytes) },
            super::Field { name: "log_guid", offset: 48, size: 16, read: |bytes| log_guid(bytes).map(super::Value::Bytes) },
            super::Field { name: "log_version", offset: 64, size: 2, read: |bytes| log_version(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "version", offset: 66, size: 2, read: |bytes| version(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "log_length", offset: 68, size: 4, read: |bytes| log_length(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "log_offset", offset: 72, size: 8, read: |bytes| log_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved", offset: 80, size: 4016, read: |bytes| reserved(bytes).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "HDR-015", name: "reserved_bytes_are_zero", holds: |bytes, _| reserved_bytes_are_zero(bytes) },
            super::Rule { id: "HDR-001", name: "signature_is_head", holds: |bytes, _| signature_is_head(bytes) },
            super::Rule { id: "HDR-006", name: "version_is_supported", holds: |bytes, _| version_is_supported(bytes) },
            super::Rule { id: "HDR-007", name: "log_version_is_supported", holds: |bytes, _| log_version_is_supported(bytes) },
            super::Rule { id: "HDR-008", name: "log_length_is_aligned", holds: |bytes, _| log_length_is_aligned(bytes) },
            super::Rule { id: "HDR-009", name: "log_offset_is_aligned", holds: |bytes, _| log_offset_is_aligned(bytes) },
            super::Rule { id: "HDR-010", name: "log_is_after_header_section", holds: |bytes, _| log_is_after_header_section(bytes) },
            super::Rule { id: "HDR-013", name: "log_guid_has_a_log", holds: |bytes, _| log_guid_has_a_log(bytes) },
            super::Rule { id: "HDR-014", name: "log_length_is_usual", holds: |bytes, _| log_length_is_usual(bytes) },
            super::Rule { id: "HDR-018", name: "guids_are_set", holds: |bytes, _| guids_are_set(bytes) },
            super::Rule { id: "HDR-019", name: "sequence_number_can_grow", holds: |bytes, _| sequence_number_can_grow(bytes) },
            super::Rule { id: "HDR-002", name: "checksum_is_right", holds: |bytes, _| checksum_is_right(bytes) },
        ],
    };
}

/// One entry of the log, as a contiguous piece: descriptor sectors, then one data sector for each data descriptor. On disk an entry starts at a multiple of 4 KiB of the log and may wrap past the log's end; whoever parses it joins the parts first. MS-VHDX 2.3.1
pub mod log_entry {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = None;

    /// The entry's first 64 bytes.
    pub fn header(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..64)
    }

    /// What the entry updates, in order.
    pub fn descriptors(bytes: &[u8], index: usize) -> Option<&[u8]> {
        let start = index.checked_mul(32)?.checked_add(64)?;
        bytes.get(start..start.checked_add(32)?)
    }

    /// The checksum is the CRC-32C of the entry's bytes, read on across the log's end, with itself as zero.
    pub fn checksum_is_right(bytes: &[u8]) -> Option<bool> {
        super::checksum_is_right(bytes, 4, super::integer(bytes, 8, 0, 32, false)? as usize)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "log_entry",
        size: SIZE,
        fields: &[
            super::Field { name: "header", offset: 0, size: 64, read: |bytes| header(bytes).map(super::Value::Bytes) },
            super::Field { name: "descriptors", offset: 64, size: 32, read: |bytes| descriptors(bytes, 0).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "LOG-003", name: "checksum_is_right", holds: |bytes, _| checksum_is_right(bytes) },
        ],
    };
}

/// Says how long the entry is, where in the sequence it stands and how far back the sequence reaches. MS-VHDX 2.3.1.1
pub mod log_entry_header {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(64);

    /// The characters "loge".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..4)
    }

    /// CRC-32C of the entry's EntryLength bytes, across the wrap, these four taken as zero.
    pub fn checksum(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 0, 32, false).map(|value| value as u32)
    }

    /// Size of the whole entry, a multiple of 4 KiB.
    pub fn entry_length(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 8, 0, 32, false).map(|value| value as u32)
    }

    /// Offset in the log of the oldest entry that must be replayed once this entry is the head; may be its own.
    pub fn tail(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 12, 0, 32, false).map(|value| value as u32)
    }

    /// One more than that of the entry before; never 0. Where counting starts is up to the writer.
    pub fn sequence_number(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 16, 0, 64, false)
    }

    /// Number of descriptors, which may be 0.
    pub fn descriptor_count(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 24, 0, 32, false).map(|value| value as u32)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 28, 0, 32, false).map(|value| value as u32)
    }

    /// Equal to the current header's LogGuid, or the entry is stale.
    pub fn log_guid(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(32..48)
    }

    /// A file size that was stable on the host when the entry was written. A shorter file has been truncated.
    pub fn flushed_file_offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 48, 0, 64, false)
    }

    /// A file size that holds every allocated structure; replay makes the file at least as long.
    pub fn last_file_offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 56, 0, 64, false)
    }

    /// Size of the sectors that hold the header and the descriptors; the data sectors follow.
    pub fn descriptor_area_size(bytes: &[u8]) -> Option<u64> {
        let descriptor_count = u64::from(descriptor_count(bytes)?);
        Some(((((super::LOG_ENTRY_HEADER_SIZE + (super::LOG_DESCRIPTOR_SIZE * descriptor_count)) + super::LOG_SECTOR_SIZE) - 1) / super::LOG_SECTOR_SIZE) * super::LOG_SECTOR_SIZE)
    }

    /// An entry begins with the four characters "loge".
    pub fn signature_is_loge(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::LOG_ENTRY_SIGNATURE)
    }

    /// An entry's length is a multiple of 4 KiB.
    pub fn entry_length_is_aligned(bytes: &[u8]) -> Option<bool> {
        let entry_length = u64::from(entry_length(bytes)?);
        Some((entry_length % super::LOG_SECTOR_SIZE) == 0)
    }

    /// Tail is a multiple of 4 KiB.
    pub fn tail_is_aligned(bytes: &[u8]) -> Option<bool> {
        let tail = u64::from(tail(bytes)?);
        Some((tail % super::LOG_SECTOR_SIZE) == 0)
    }

    /// Sequence numbers of entries start above 0.
    pub fn sequence_number_is_positive(bytes: &[u8]) -> Option<bool> {
        let sequence_number = sequence_number(bytes)?;
        Some(sequence_number > 0)
    }

    /// Header and descriptors fit into the entry. An entry without descriptors is fine.
    pub fn descriptors_fit(bytes: &[u8]) -> Option<bool> {
        let descriptor_count = u64::from(descriptor_count(bytes)?);
        let entry_length = u64::from(entry_length(bytes)?);
        Some((entry_length >= super::LOG_ENTRY_HEADER_SIZE) && (descriptor_count <= ((entry_length - super::LOG_ENTRY_HEADER_SIZE) / super::LOG_DESCRIPTOR_SIZE)))
    }

    /// The reserved word of an entry header is zero.
    pub fn reserved_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// FlushedFileOffset is a whole number of MiB.
    pub fn flushed_file_offset_is_aligned(bytes: &[u8]) -> Option<bool> {
        let flushed_file_offset = flushed_file_offset(bytes)?;
        Some((flushed_file_offset % super::OBJECT_ALIGNMENT) == 0)
    }

    /// LastFileOffset is a whole number of MiB.
    pub fn last_file_offset_is_aligned(bytes: &[u8]) -> Option<bool> {
        let last_file_offset = last_file_offset(bytes)?;
        Some((last_file_offset % super::OBJECT_ALIGNMENT) == 0)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "log_entry_header",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 4, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "checksum", offset: 4, size: 4, read: |bytes| checksum(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "entry_length", offset: 8, size: 4, read: |bytes| entry_length(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "tail", offset: 12, size: 4, read: |bytes| tail(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "sequence_number", offset: 16, size: 8, read: |bytes| sequence_number(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "descriptor_count", offset: 24, size: 4, read: |bytes| descriptor_count(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved", offset: 28, size: 4, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "log_guid", offset: 32, size: 16, read: |bytes| log_guid(bytes).map(super::Value::Bytes) },
            super::Field { name: "flushed_file_offset", offset: 48, size: 8, read: |bytes| flushed_file_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "last_file_offset", offset: 56, size: 8, read: |bytes| last_file_offset(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[
            super::Derived { name: "descriptor_area_size", read: |bytes, _| descriptor_area_size(bytes).map(super::Value::Number) },
        ],
        rules: &[
            super::Rule { id: "LOG-002", name: "signature_is_loge", holds: |bytes, _| signature_is_loge(bytes) },
            super::Rule { id: "LOG-004", name: "entry_length_is_aligned", holds: |bytes, _| entry_length_is_aligned(bytes) },
            super::Rule { id: "LOG-007", name: "tail_is_aligned", holds: |bytes, _| tail_is_aligned(bytes) },
            super::Rule { id: "LOG-009", name: "sequence_number_is_positive", holds: |bytes, _| sequence_number_is_positive(bytes) },
            super::Rule { id: "LOG-010", name: "descriptors_fit", holds: |bytes, _| descriptors_fit(bytes) },
            super::Rule { id: "LOG-011", name: "reserved_is_zero", holds: |bytes, _| reserved_is_zero(bytes) },
            super::Rule { id: "LOG-013", name: "flushed_file_offset_is_aligned", holds: |bytes, _| flushed_file_offset_is_aligned(bytes) },
            super::Rule { id: "LOG-014", name: "last_file_offset_is_aligned", holds: |bytes, _| last_file_offset_is_aligned(bytes) },
        ],
    };
}

/// A slot of 32 bytes that holds a zero descriptor or a data descriptor. MS-VHDX 2.3.1
pub mod log_descriptor {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(32);

    /// The slot as a zero descriptor.
    pub fn zero(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..32)
    }

    /// The slot as a data descriptor.
    pub fn data(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..32)
    }

    /// What decides the kind.
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..4)
    }

    /// The slot holds a zero descriptor.
    pub fn is_zero(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::ZERO_DESCRIPTOR_SIGNATURE)
    }

    /// The slot holds a data descriptor.
    pub fn is_data(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::DATA_DESCRIPTOR_SIGNATURE)
    }

    /// A descriptor begins with "zero" or "desc".
    pub fn signature_is_known(bytes: &[u8]) -> Option<bool> {
        let is_data = is_data(bytes)?;
        let is_zero = is_zero(bytes)?;
        Some(is_zero || is_data)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "log_descriptor",
        size: SIZE,
        fields: &[
            super::Field { name: "zero", offset: 0, size: 32, read: |bytes| zero(bytes).map(super::Value::Bytes) },
            super::Field { name: "data", offset: 0, size: 32, read: |bytes| data(bytes).map(super::Value::Bytes) },
            super::Field { name: "signature", offset: 0, size: 4, read: |bytes| signature(bytes).map(super::Value::Bytes) },
        ],
        derived: &[
            super::Derived { name: "is_zero", read: |bytes, _| is_zero(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_data", read: |bytes, _| is_data(bytes).map(super::Value::Flag) },
        ],
        rules: &[
            super::Rule { id: "LOG-015", name: "signature_is_known", holds: |bytes, _| signature_is_known(bytes) },
        ],
    };
}

/// Sets a range of the file to zero. MS-VHDX 2.3.1.2
pub mod zero_descriptor {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(32);

    /// The characters "zero".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..4)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 0, 32, false).map(|value| value as u32)
    }

    /// Length of the range, a multiple of 4 KiB.
    pub fn zero_length(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 8, 0, 64, false)
    }

    /// Where the range starts, a multiple of 4 KiB.
    pub fn file_offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 16, 0, 64, false)
    }

    /// The entry's sequence number again.
    pub fn sequence_number(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 24, 0, 64, false)
    }

    /// The reserved word of a zero descriptor is zero.
    pub fn reserved_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// The length of a zeroed range is a multiple of 4 KiB.
    pub fn zero_length_is_aligned(bytes: &[u8]) -> Option<bool> {
        let zero_length = zero_length(bytes)?;
        Some((zero_length % super::LOG_SECTOR_SIZE) == 0)
    }

    /// What a descriptor updates starts at a multiple of 4 KiB.
    pub fn file_offset_is_aligned(bytes: &[u8]) -> Option<bool> {
        let file_offset = file_offset(bytes)?;
        Some((file_offset % super::LOG_SECTOR_SIZE) == 0)
    }

    /// No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.
    pub fn file_offset_is_past_headers(bytes: &[u8]) -> Option<bool> {
        let file_offset = file_offset(bytes)?;
        Some(file_offset >= super::REGION_TABLE_1_OFFSET)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "zero_descriptor",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 4, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "reserved", offset: 4, size: 4, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "zero_length", offset: 8, size: 8, read: |bytes| zero_length(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "file_offset", offset: 16, size: 8, read: |bytes| file_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "sequence_number", offset: 24, size: 8, read: |bytes| sequence_number(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "LOG-016", name: "reserved_is_zero", holds: |bytes, _| reserved_is_zero(bytes) },
            super::Rule { id: "LOG-017", name: "zero_length_is_aligned", holds: |bytes, _| zero_length_is_aligned(bytes) },
            super::Rule { id: "LOG-018", name: "file_offset_is_aligned", holds: |bytes, _| file_offset_is_aligned(bytes) },
            super::Rule { id: "LOG-026", name: "file_offset_is_past_headers", holds: |bytes, _| file_offset_is_past_headers(bytes) },
        ],
    };
}

/// Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data sector. MS-VHDX 2.3.1.3
pub mod data_descriptor {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(32);

    /// The characters "desc".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..4)
    }

    /// Bytes 4092 to 4095 of the update.
    pub fn trailing_bytes(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(4..8)
    }

    /// Bytes 0 to 7 of the update.
    pub fn leading_bytes(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(8..16)
    }

    /// Where the 4 KiB go, a multiple of 4 KiB.
    pub fn file_offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 16, 0, 64, false)
    }

    /// The entry's sequence number again.
    pub fn sequence_number(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 24, 0, 64, false)
    }

    /// What a descriptor updates starts at a multiple of 4 KiB.
    pub fn file_offset_is_aligned(bytes: &[u8]) -> Option<bool> {
        let file_offset = file_offset(bytes)?;
        Some((file_offset % super::LOG_SECTOR_SIZE) == 0)
    }

    /// No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.
    pub fn file_offset_is_past_headers(bytes: &[u8]) -> Option<bool> {
        let file_offset = file_offset(bytes)?;
        Some(file_offset >= super::REGION_TABLE_1_OFFSET)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "data_descriptor",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 4, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "trailing_bytes", offset: 4, size: 4, read: |bytes| trailing_bytes(bytes).map(super::Value::Bytes) },
            super::Field { name: "leading_bytes", offset: 8, size: 8, read: |bytes| leading_bytes(bytes).map(super::Value::Bytes) },
            super::Field { name: "file_offset", offset: 16, size: 8, read: |bytes| file_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "sequence_number", offset: 24, size: 8, read: |bytes| sequence_number(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "LOG-018", name: "file_offset_is_aligned", holds: |bytes, _| file_offset_is_aligned(bytes) },
            super::Rule { id: "LOG-026", name: "file_offset_is_past_headers", holds: |bytes, _| file_offset_is_past_headers(bytes) },
        ],
    };
}

/// The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows. MS-VHDX 2.3.1.4
pub mod data_sector {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(4096);

    /// The characters "data".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..4)
    }

    /// Upper half of the entry's sequence number.
    pub fn sequence_high(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 0, 32, false).map(|value| value as u32)
    }

    /// Bytes 8 to 4091 of the update.
    pub fn data(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(8..4092)
    }

    /// Lower half of the entry's sequence number.
    pub fn sequence_low(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4092, 0, 32, false).map(|value| value as u32)
    }

    /// The two halves joined.
    pub fn sequence_number(bytes: &[u8]) -> Option<u64> {
        let sequence_high = u64::from(sequence_high(bytes)?);
        let sequence_low = u64::from(sequence_low(bytes)?);
        Some((sequence_high * 0x100000000) + sequence_low)
    }

    /// A data sector begins with the four characters "data".
    pub fn signature_is_data(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::DATA_SECTOR_SIGNATURE)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "data_sector",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 4, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "sequence_high", offset: 4, size: 4, read: |bytes| sequence_high(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "data", offset: 8, size: 4084, read: |bytes| data(bytes).map(super::Value::Bytes) },
            super::Field { name: "sequence_low", offset: 4092, size: 4, read: |bytes| sequence_low(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[
            super::Derived { name: "sequence_number", read: |bytes, _| sequence_number(bytes).map(super::Value::Number) },
        ],
        rules: &[
            super::Rule { id: "LOG-020", name: "signature_is_data", holds: |bytes, _| signature_is_data(bytes) },
        ],
    };
}

/// Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is dynamic. MS-VHDX 2.6.2.1
pub mod file_parameters {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(8);

    /// Size of a payload block, a power of two from 1 MiB to 256 MiB.
    pub fn block_size(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 0, 0, 32, false).map(|value| value as u32)
    }

    /// Blocks keep their space in the file, the mark of a fixed file.
    pub fn leave_block_allocated(bytes: &[u8]) -> Option<bool> {
        Some(super::integer(bytes, 4, 0, 1, false)? != 0)
    }

    /// The file is differencing; overrides LeaveBlockAllocated.
    pub fn has_parent(bytes: &[u8]) -> Option<bool> {
        Some(super::integer(bytes, 4, 1, 1, false)? != 0)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 2, 30, false).map(|value| value as u32)
    }

    /// A block is from 1 MiB to 256 MiB large.
    pub fn block_size_is_in_range(bytes: &[u8]) -> Option<bool> {
        let block_size = u64::from(block_size(bytes)?);
        Some((block_size >= super::BLOCK_SIZE_MIN) && (block_size <= super::BLOCK_SIZE_MAX))
    }

    /// The block size is a power of two.
    pub fn block_size_is_power_of_two(bytes: &[u8]) -> Option<bool> {
        let block_size = u64::from(block_size(bytes)?);
        Some((block_size > 0) && ((block_size & (block_size - 1)) == 0))
    }

    /// No bit of the flag word is set but the lowest two.
    pub fn reserved_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// Not both LeaveBlockAllocated and HasParent are set. Both is legal: then the first one does not count.
    pub fn flags_do_not_conflict(bytes: &[u8]) -> Option<bool> {
        let has_parent = has_parent(bytes)?;
        let leave_block_allocated = leave_block_allocated(bytes)?;
        Some(!leave_block_allocated || !has_parent)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "file_parameters",
        size: SIZE,
        fields: &[
            super::Field { name: "block_size", offset: 0, size: 4, read: |bytes| block_size(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "leave_block_allocated", offset: 4, size: 4, read: |bytes| leave_block_allocated(bytes).map(super::Value::Flag) },
            super::Field { name: "has_parent", offset: 4, size: 4, read: |bytes| has_parent(bytes).map(super::Value::Flag) },
            super::Field { name: "reserved", offset: 4, size: 4, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "ITM-002", name: "block_size_is_in_range", holds: |bytes, _| block_size_is_in_range(bytes) },
            super::Rule { id: "ITM-003", name: "block_size_is_power_of_two", holds: |bytes, _| block_size_is_power_of_two(bytes) },
            super::Rule { id: "ITM-004", name: "reserved_is_zero", holds: |bytes, _| reserved_is_zero(bytes) },
            super::Rule { id: "ITM-005", name: "flags_do_not_conflict", holds: |bytes, _| flags_do_not_conflict(bytes) },
        ],
    };
}

/// Size of the virtual disk. MS-VHDX 2.6.2.2
pub mod virtual_disk_size {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(8);

    /// A multiple of the logical sector size, at most 64 TiB.
    pub fn virtual_disk_size(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 0, 0, 64, false)
    }

    /// The virtual disk is at most 64 TiB large; exactly that is allowed.
    pub fn size_is_in_range(bytes: &[u8]) -> Option<bool> {
        let virtual_disk_size = virtual_disk_size(bytes)?;
        Some(virtual_disk_size <= super::VIRTUAL_DISK_SIZE_MAX)
    }

    /// The virtual disk has a size.
    pub fn size_is_not_zero(bytes: &[u8]) -> Option<bool> {
        let virtual_disk_size = virtual_disk_size(bytes)?;
        Some(virtual_disk_size > 0)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "virtual_disk_size",
        size: SIZE,
        fields: &[
            super::Field { name: "virtual_disk_size", offset: 0, size: 8, read: |bytes| virtual_disk_size(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "ITM-008", name: "size_is_in_range", holds: |bytes, _| size_is_in_range(bytes) },
            super::Rule { id: "ITM-009", name: "size_is_not_zero", holds: |bytes, _| size_is_not_zero(bytes) },
        ],
    };
}

/// Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's. MS-VHDX 2.6.2.3
pub mod virtual_disk_id {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(16);

    /// The identifier.
    pub fn virtual_disk_id(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..16)
    }

    /// The virtual disk has an identifier other than the nil GUID.
    pub fn id_is_set(bytes: &[u8]) -> Option<bool> {
        let virtual_disk_id = virtual_disk_id(bytes)?;
        Some(!(virtual_disk_id == [0; 16]))
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "virtual_disk_id",
        size: SIZE,
        fields: &[
            super::Field { name: "virtual_disk_id", offset: 0, size: 16, read: |bytes| virtual_disk_id(bytes).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "ITM-011", name: "id_is_set", holds: |bytes, _| id_is_set(bytes) },
        ],
    };
}

/// Sector size that the guest addresses; it fixes the size of a chunk. MS-VHDX 2.6.2.4
pub mod logical_sector_size {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(4);

    /// 512 or 4096.
    pub fn logical_sector_size(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 0, 0, 32, false).map(|value| value as u32)
    }

    /// A logical sector is 512 or 4096 bytes large.
    pub fn size_is_defined(bytes: &[u8]) -> Option<bool> {
        let logical_sector_size = u64::from(logical_sector_size(bytes)?);
        Some((logical_sector_size == super::SECTOR_SIZE_512) || (logical_sector_size == super::SECTOR_SIZE_4096))
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "logical_sector_size",
        size: SIZE,
        fields: &[
            super::Field { name: "logical_sector_size", offset: 0, size: 4, read: |bytes| logical_sector_size(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "ITM-013", name: "size_is_defined", holds: |bytes, _| size_is_defined(bytes) },
        ],
    };
}

/// Sector size that the guest is told the medium has; it moves no byte. MS-VHDX 2.6.2.5
pub mod physical_sector_size {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(4);

    /// 512 or 4096.
    pub fn physical_sector_size(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 0, 0, 32, false).map(|value| value as u32)
    }

    /// A physical sector is 512 or 4096 bytes large.
    pub fn size_is_defined(bytes: &[u8]) -> Option<bool> {
        let physical_sector_size = u64::from(physical_sector_size(bytes)?);
        Some((physical_sector_size == super::SECTOR_SIZE_512) || (physical_sector_size == super::SECTOR_SIZE_4096))
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "physical_sector_size",
        size: SIZE,
        fields: &[
            super::Field { name: "physical_sector_size", offset: 0, size: 4, read: |bytes| physical_sector_size(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "ITM-015", name: "size_is_defined", holds: |bytes, _| size_is_defined(bytes) },
        ],
    };
}

/// Disk geometry. Not in the specification; known from openvmm only, flags unknown. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
pub mod chs_parameters {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(8);

    /// Heads in a cylinder.
    pub fn heads_per_cylinder(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 0, 0, 32, false).map(|value| value as u32)
    }

    /// Sectors in a track.
    pub fn sectors_per_track(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 0, 32, false).map(|value| value as u32)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "chs_parameters",
        size: SIZE,
        fields: &[
            super::Field { name: "heads_per_cylinder", offset: 0, size: 4, read: |bytes| heads_per_cylinder(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "sectors_per_track", offset: 4, size: 4, read: |bytes| sectors_per_track(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[],
    };
}

/// Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
pub mod pmem_label_storage_area {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(28);

    /// Version of the item, 1.
    pub fn version(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 0, 0, 16, false).map(|value| value as u16)
    }

    /// Not used.
    pub fn reserved(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 2, 0, 16, false).map(|value| value as u16)
    }

    /// Identity of the label storage area.
    pub fn guid(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(4..20)
    }

    /// Where the labels start.
    pub fn data_offset(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 20, 0, 32, false).map(|value| value as u32)
    }

    /// Size of the labels.
    pub fn data_length(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 24, 0, 32, false).map(|value| value as u32)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "pmem_label_storage_area",
        size: SIZE,
        fields: &[
            super::Field { name: "version", offset: 0, size: 2, read: |bytes| version(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved", offset: 2, size: 2, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "guid", offset: 4, size: 16, read: |bytes| guid(bytes).map(super::Value::Bytes) },
            super::Field { name: "data_offset", offset: 20, size: 4, read: |bytes| data_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "data_length", offset: 24, size: 4, read: |bytes| data_length(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[],
    };
}

/// The first 64 KiB of the metadata region: which items there are and where in the region they lie. MS-VHDX 2.6.1
pub mod metadata_table {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(65536);

    /// Signature and count.
    pub fn header(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..32)
    }

    /// One entry an item, in any order.
    pub fn entries(bytes: &[u8], index: usize) -> Option<&[u8]> {
        let start = index.checked_mul(32)?.checked_add(32)?;
        bytes.get(start..start.checked_add(32)?)
    }

    /// Room for further entries.
    pub fn unused(bytes: &[u8]) -> Option<&[u8]> {
        let count = super::integer(bytes, 10, 0, 16, false)?.min(2047) as usize;
        bytes.get(32 + 32 * count..bytes.len().min(65536))
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "metadata_table",
        size: SIZE,
        fields: &[
            super::Field { name: "header", offset: 0, size: 32, read: |bytes| header(bytes).map(super::Value::Bytes) },
            super::Field { name: "entries", offset: 32, size: 32, read: |bytes| entries(bytes, 0).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[],
    };
}

/// The first 32 bytes of the metadata table. MS-VHDX 2.6.1.1
pub mod metadata_table_header {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(32);

    /// The characters "metadata".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..8)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 8, 0, 16, false).map(|value| value as u16)
    }

    /// Number of entries that follow, at most 2047.
    pub fn entry_count(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 10, 0, 16, false).map(|value| value as u16)
    }

    /// Zero.
    pub fn reserved2(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(12..32)
    }

    /// The metadata region begins with the eight characters "metadata".
    pub fn signature_is_metadata(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::METADATA_SIGNATURE)
    }

    /// The 22 reserved bytes of the table header are zero.
    pub fn reserved_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        let reserved2 = reserved2(bytes)?;
        Some((reserved == 0) && (reserved2 == [0; 20]))
    }

    /// The table lists no more entries than fit into its 64 KiB, 2047.
    pub fn entry_count_fits(bytes: &[u8]) -> Option<bool> {
        let entry_count = u64::from(entry_count(bytes)?);
        Some(entry_count <= super::METADATA_ENTRIES_MAX)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "metadata_table_header",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 8, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "reserved", offset: 8, size: 2, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "entry_count", offset: 10, size: 2, read: |bytes| entry_count(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved2", offset: 12, size: 20, read: |bytes| reserved2(bytes).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "MDT-001", name: "signature_is_metadata", holds: |bytes, _| signature_is_metadata(bytes) },
            super::Rule { id: "MDT-002", name: "reserved_is_zero", holds: |bytes, _| reserved_is_zero(bytes) },
            super::Rule { id: "MDT-003", name: "entry_count_fits", holds: |bytes, _| entry_count_fits(bytes) },
        ],
    };
}

/// Names one item and says where in the metadata region it lies. MS-VHDX 2.6.1.2
pub mod metadata_table_entry {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(32);

    /// What the item is; unique together with IsUser.
    pub fn item_id(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..16)
    }

    /// Where the item starts, from the start of the metadata region; 0 for an empty item.
    pub fn offset(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 16, 0, 32, false).map(|value| value as u32)
    }

    /// Size of the item, at most 1 MiB; 0 for an item that is present but empty.
    pub fn length(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 20, 0, 32, false).map(|value| value as u32)
    }

    /// The item belongs to the user, not to the format.
    pub fn is_user(bytes: &[u8]) -> Option<bool> {
        Some(super::integer(bytes, 24, 0, 1, false)? != 0)
    }

    /// The item describes the virtual disk and goes along to differencing children.
    pub fn is_virtual_disk(bytes: &[u8]) -> Option<bool> {
        Some(super::integer(bytes, 24, 1, 1, false)? != 0)
    }

    /// Who does not know the item must refuse the file.
    pub fn is_required(bytes: &[u8]) -> Option<bool> {
        Some(super::integer(bytes, 24, 2, 1, false)? != 0)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 24, 3, 29, false).map(|value| value as u32)
    }

    /// Zero.
    pub fn reserved2(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 28, 0, 32, false).map(|value| value as u32)
    }

    /// The entry names the file parameters.
    pub fn is_file_parameters(bytes: &[u8]) -> Option<bool> {
        let is_user = is_user(bytes)?;
        let item_id = item_id(bytes)?;
        Some(!is_user && (item_id == super::FILE_PARAMETERS_GUID))
    }

    /// The entry names the virtual disk size.
    pub fn is_virtual_disk_size(bytes: &[u8]) -> Option<bool> {
        let is_user = is_user(bytes)?;
        let item_id = item_id(bytes)?;
        Some(!is_user && (item_id == super::VIRTUAL_DISK_SIZE_GUID))
    }

    /// The entry names the virtual disk id.
    pub fn is_virtual_disk_id(bytes: &[u8]) -> Option<bool> {
        let is_user = is_user(bytes)?;
        let item_id = item_id(bytes)?;
        Some(!is_user && (item_id == super::VIRTUAL_DISK_ID_GUID))
    }

    /// The entry names the logical sector size.
    pub fn is_logical_sector_size(bytes: &[u8]) -> Option<bool> {
        let is_user = is_user(bytes)?;
        let item_id = item_id(bytes)?;
        Some(!is_user && (item_id == super::LOGICAL_SECTOR_SIZE_GUID))
    }

    /// The entry names the physical sector size.
    pub fn is_physical_sector_size(bytes: &[u8]) -> Option<bool> {
        let is_user = is_user(bytes)?;
        let item_id = item_id(bytes)?;
        Some(!is_user && (item_id == super::PHYSICAL_SECTOR_SIZE_GUID))
    }

    /// The entry names the parent locator.
    pub fn is_parent_locator(bytes: &[u8]) -> Option<bool> {
        let is_user = is_user(bytes)?;
        let item_id = item_id(bytes)?;
        Some(!is_user && (item_id == super::PARENT_LOCATOR_GUID))
    }

    /// The entry names an item that describes the virtual disk.
    pub fn is_disk_property(bytes: &[u8]) -> Option<bool> {
        let is_logical_sector_size = is_logical_sector_size(bytes)?;
        let is_physical_sector_size = is_physical_sector_size(bytes)?;
        let is_virtual_disk_id = is_virtual_disk_id(bytes)?;
        let is_virtual_disk_size = is_virtual_disk_size(bytes)?;
        Some(is_virtual_disk_size || is_virtual_disk_id || is_logical_sector_size || is_physical_sector_size)
    }

    /// The entry names an item that the specification defines.
    pub fn is_known(bytes: &[u8]) -> Option<bool> {
        let is_disk_property = is_disk_property(bytes)?;
        let is_file_parameters = is_file_parameters(bytes)?;
        let is_parent_locator = is_parent_locator(bytes)?;
        Some(is_file_parameters || is_parent_locator || is_disk_property)
    }

    /// Length of the form that the item has, or its own where it has none.
    pub fn form_length(bytes: &[u8]) -> Option<u64> {
        let is_file_parameters = is_file_parameters(bytes)?;
        let is_logical_sector_size = is_logical_sector_size(bytes)?;
        let is_physical_sector_size = is_physical_sector_size(bytes)?;
        let is_virtual_disk_id = is_virtual_disk_id(bytes)?;
        let is_virtual_disk_size = is_virtual_disk_size(bytes)?;
        let length = u64::from(length(bytes)?);
        Some(if is_file_parameters || is_virtual_disk_size { 8 } else { if is_virtual_disk_id { 16 } else { if is_logical_sector_size || is_physical_sector_size { 4 } else { length } } })
    }

    /// An item that is not empty starts behind the table, at byte 65536 of the region or later. Any byte will do.
    pub fn offset_is_past_table(bytes: &[u8]) -> Option<bool> {
        let length = u64::from(length(bytes)?);
        let offset = u64::from(offset(bytes)?);
        Some((length == 0) || (offset >= super::METADATA_TABLE_SIZE))
    }

    /// An item is at most 1 MiB long.
    pub fn length_is_in_bounds(bytes: &[u8]) -> Option<bool> {
        let length = u64::from(length(bytes)?);
        Some(length <= super::METADATA_ITEM_LENGTH_MAX)
    }

    /// An empty item has offset 0. It counts as present, with nothing in it.
    pub fn empty_item_has_no_offset(bytes: &[u8]) -> Option<bool> {
        let length = u64::from(length(bytes)?);
        let offset = u64::from(offset(bytes)?);
        Some((length > 0) || (offset == 0))
    }

    /// No bit of the flag word is set but the lowest three.
    pub fn reserved_flags_are_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// The last word of an entry is zero.
    pub fn reserved2_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved2 = u64::from(reserved2(bytes)?);
        Some(reserved2 == 0)
    }

    /// An item marked as required is a system item that we know.
    pub fn required_is_known(bytes: &[u8]) -> Option<bool> {
        let is_known = is_known(bytes)?;
        let is_required = is_required(bytes)?;
        Some(!is_required || is_known)
    }

    /// A user item is not marked as required. The specification does not say so, openvmm does.
    pub fn user_is_not_required(bytes: &[u8]) -> Option<bool> {
        let is_required = is_required(bytes)?;
        let is_user = is_user(bytes)?;
        Some(!is_user || !is_required)
    }

    /// The item id is not the nil GUID. The specification does not say so, openvmm does.
    pub fn item_id_is_set(bytes: &[u8]) -> Option<bool> {
        let item_id = item_id(bytes)?;
        Some(!(item_id == [0; 16]))
    }

    /// The entry is not the marker by which Microsoft tools tell that a file was never finished.
    pub fn is_not_incomplete_marker(bytes: &[u8]) -> Option<bool> {
        let is_user = is_user(bytes)?;
        let item_id = item_id(bytes)?;
        Some(is_user || (item_id != super::INCOMPLETE_FILE_MARKER_GUID))
    }

    /// An item that we know has the flags of its kind: always IsRequired, and IsVirtualDisk for all but the file parameters and the parent locator.
    pub fn known_flags_are_usual(bytes: &[u8]) -> Option<bool> {
        let is_disk_property = is_disk_property(bytes)?;
        let is_known = is_known(bytes)?;
        let is_required = is_required(bytes)?;
        let is_virtual_disk = is_virtual_disk(bytes)?;
        Some(!is_known || (is_required && (is_virtual_disk == is_disk_property)))
    }

    /// An item of fixed form has exactly the length of its form.
    pub fn known_length_is_exact(bytes: &[u8]) -> Option<bool> {
        let form_length = form_length(bytes)?;
        let length = u64::from(length(bytes)?);
        Some(length == form_length)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "metadata_table_entry",
        size: SIZE,
        fields: &[
            super::Field { name: "item_id", offset: 0, size: 16, read: |bytes| item_id(bytes).map(super::Value::Bytes) },
            super::Field { name: "offset", offset: 16, size: 4, read: |bytes| offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "length", offset: 20, size: 4, read: |bytes| length(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "is_user", offset: 24, size: 4, read: |bytes| is_user(bytes).map(super::Value::Flag) },
            super::Field { name: "is_virtual_disk", offset: 24, size: 4, read: |bytes| is_virtual_disk(bytes).map(super::Value::Flag) },
            super::Field { name: "is_required", offset: 24, size: 4, read: |bytes| is_required(bytes).map(super::Value::Flag) },
            super::Field { name: "reserved", offset: 24, size: 4, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved2", offset: 28, size: 4, read: |bytes| reserved2(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[
            super::Derived { name: "is_file_parameters", read: |bytes, _| is_file_parameters(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_virtual_disk_size", read: |bytes, _| is_virtual_disk_size(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_virtual_disk_id", read: |bytes, _| is_virtual_disk_id(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_logical_sector_size", read: |bytes, _| is_logical_sector_size(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_physical_sector_size", read: |bytes, _| is_physical_sector_size(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_parent_locator", read: |bytes, _| is_parent_locator(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_disk_property", read: |bytes, _| is_disk_property(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_known", read: |bytes, _| is_known(bytes).map(super::Value::Flag) },
            super::Derived { name: "form_length", read: |bytes, _| form_length(bytes).map(super::Value::Number) },
        ],
        rules: &[
            super::Rule { id: "MDT-006", name: "offset_is_past_table", holds: |bytes, _| offset_is_past_table(bytes) },
            super::Rule { id: "MDT-009", name: "length_is_in_bounds", holds: |bytes, _| length_is_in_bounds(bytes) },
            super::Rule { id: "MDT-010", name: "empty_item_has_no_offset", holds: |bytes, _| empty_item_has_no_offset(bytes) },
            super::Rule { id: "MDT-013", name: "reserved_flags_are_zero", holds: |bytes, _| reserved_flags_are_zero(bytes) },
            super::Rule { id: "MDT-014", name: "reserved2_is_zero", holds: |bytes, _| reserved2_is_zero(bytes) },
            super::Rule { id: "MDT-015", name: "required_is_known", holds: |bytes, _| required_is_known(bytes) },
            super::Rule { id: "MDT-016", name: "user_is_not_required", holds: |bytes, _| user_is_not_required(bytes) },
            super::Rule { id: "MDT-017", name: "item_id_is_set", holds: |bytes, _| item_id_is_set(bytes) },
            super::Rule { id: "MDT-018", name: "is_not_incomplete_marker", holds: |bytes, _| is_not_incomplete_marker(bytes) },
            super::Rule { id: "ITM-017", name: "known_flags_are_usual", holds: |bytes, _| known_flags_are_usual(bytes) },
            super::Rule { id: "ITM-018", name: "known_length_is_exact", holds: |bytes, _| known_length_is_exact(bytes) },
        ],
    };
}

/// A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as written, so 2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD 4A 08. Two identifiers are equal when all sixteen stored bytes are equal; version and variant bits carry no meaning here. MS-DTYP 2.3.4.2
pub mod ms_guid {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(16);

    /// The sixteen bytes as stored; compare these. The last two groups of the text form are bytes 8 to 15.
    pub fn raw(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..16)
    }

    /// True for the identifier whose bytes are all zero; it never identifies anything.
    pub fn is_nil(bytes: &[u8]) -> Option<bool> {
        let raw = raw(bytes)?;
        Some(raw == [0; 16])
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "ms_guid",
        size: SIZE,
        fields: &[
            super::Field { name: "raw", offset: 0, size: 16, read: |bytes| raw(bytes).map(super::Value::Bytes) },
        ],
        derived: &[
            super::Derived { name: "is_nil", read: |bytes, _| is_nil(bytes).map(super::Value::Flag) },
        ],
        rules: &[],
    };
}

/// The start of a packed image: a file as what is written into zeros, small without a compressor. Operations follow to the end, each with its bytes. No part of VHDX: seeds of fuzzers and the conformance suite are stored so. Seeds have literals only; the suite has more operations. Later ones write over earlier ones, and what none writes is zero. Packed image 1
pub mod packed_image {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(16);

    /// The characters "VHDXOPS1".
    pub fn magic(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..8)
    }

    /// Length of the file.
    pub fn file_length(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 8, 0, 64, false)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "packed_image",
        size: SIZE,
        fields: &[
            super::Field { name: "magic", offset: 0, size: 8, read: |bytes| magic(bytes).map(super::Value::Bytes) },
            super::Field { name: "file_length", offset: 8, size: 8, read: |bytes| file_length(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[],
    };
}

/// What an operation does, and where. Its bytes follow. Packed image 1
pub mod packed_run {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(17);

    /// The letter of the operation, "L" for a literal.
    pub fn kind(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..1)
    }

    /// File offset of the first byte that it writes.
    pub fn offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 1, 0, 64, false)
    }

    /// How many bytes it writes.
    pub fn length(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 9, 0, 64, false)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "packed_run",
        size: SIZE,
        fields: &[
            super::Field { name: "kind", offset: 0, size: 1, read: |bytes| kind(bytes).map(super::Value::Bytes) },
            super::Field { name: "offset", offset: 1, size: 8, read: |bytes| offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "length", offset: 9, size: 8, read: |bytes| length(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[],
    };
}

/// A metadata item of key and value strings, UTF-16LE, by which a differencing file finds and recognises its parent. Offsets count from the start of the item. Strings have no terminator. MS-VHDX 2.6.2.6
pub mod parent_locator {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = None;

    /// Type and count.
    pub fn header(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..20)
    }

    /// One entry a pair.
    pub fn entries(bytes: &[u8], index: usize) -> Option<&[u8]> {
        let start = index.checked_mul(12)?.checked_add(20)?;
        bytes.get(start..start.checked_add(12)?)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "parent_locator",
        size: SIZE,
        fields: &[
            super::Field { name: "header", offset: 0, size: 20, read: |bytes| header(bytes).map(super::Value::Bytes) },
            super::Field { name: "entries", offset: 20, size: 12, read: |bytes| entries(bytes, 0).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[],
    };
}

/// The first 20 bytes of the item. MS-VHDX 2.6.2.6.1
pub mod parent_locator_header {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(20);

    /// Says which keys to expect.
    pub fn locator_type(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..16)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 16, 0, 16, false).map(|value| value as u16)
    }

    /// Number of entries that follow.
    pub fn key_value_count(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 18, 0, 16, false).map(|value| value as u16)
    }

    /// Entries that the item has room for.
    pub fn entries_max(bytes: &[u8], stream_size: u64) -> Option<u64> {
        let _ = bytes;
        Some((stream_size - super::PARENT_LOCATOR_HEADER_SIZE) / super::PARENT_LOCATOR_ENTRY_SIZE)
    }

    /// The item has room for all the entries that it counts.
    pub fn entries_fit(bytes: &[u8], stream_size: u64) -> Option<bool> {
        let entries_max = entries_max(bytes, stream_size)?;
        let key_value_count = u64::from(key_value_count(bytes)?);
        Some(key_value_count <= entries_max)
    }

    /// The locator is of the type that the specification defines.
    pub fn locator_type_is_known(bytes: &[u8]) -> Option<bool> {
        let locator_type = locator_type(bytes)?;
        Some(locator_type == super::VHDX_LOCATOR_TYPE_GUID)
    }

    /// The reserved word of the locator header is zero.
    pub fn reserved_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// The locator has pairs. A useful one has two at least, a linkage and a path; openvmm takes 256 at most.
    pub fn has_pairs(bytes: &[u8]) -> Option<bool> {
        let key_value_count = u64::from(key_value_count(bytes)?);
        Some(key_value_count > 0)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "parent_locator_header",
        size: SIZE,
        fields: &[
            super::Field { name: "locator_type", offset: 0, size: 16, read: |bytes| locator_type(bytes).map(super::Value::Bytes) },
            super::Field { name: "reserved", offset: 16, size: 2, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "key_value_count", offset: 18, size: 2, read: |bytes| key_value_count(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[
            super::Derived { name: "entries_max", read: |bytes, stream_size| entries_max(bytes, stream_size).map(super::Value::Number) },
        ],
        rules: &[
            super::Rule { id: "PLC-003", name: "entries_fit", holds: |bytes, stream_size| entries_fit(bytes, stream_size) },
            super::Rule { id: "PLC-004", name: "locator_type_is_known", holds: |bytes, _| locator_type_is_known(bytes) },
            super::Rule { id: "PLC-005", name: "reserved_is_zero", holds: |bytes, _| reserved_is_zero(bytes) },
            super::Rule { id: "PLC-006", name: "has_pairs", holds: |bytes, _| has_pairs(bytes) },
        ],
    };
}

/// Says where the strings of one pair lie. MS-VHDX 2.6.2.6.2
pub mod parent_locator_entry {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(12);

    /// Where the key starts, from the start of the item.
    pub fn key_offset(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 0, 0, 32, false).map(|value| value as u32)
    }

    /// Where the value starts, from the start of the item.
    pub fn value_offset(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 0, 32, false).map(|value| value as u32)
    }

    /// Size of the key.
    pub fn key_length(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 8, 0, 16, false).map(|value| value as u16)
    }

    /// Size of the value.
    pub fn value_length(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 10, 0, 16, false).map(|value| value as u16)
    }

    /// Key and value have an offset. It counts from the item's start, so 0 is the header.
    pub fn offsets_are_set(bytes: &[u8]) -> Option<bool> {
        let key_offset = u64::from(key_offset(bytes)?);
        let value_offset = u64::from(value_offset(bytes)?);
        Some((key_offset > 0) && (value_offset > 0))
    }

    /// Key and value are not empty.
    pub fn lengths_are_set(bytes: &[u8]) -> Option<bool> {
        let key_length = u64::from(key_length(bytes)?);
        let value_length = u64::from(value_length(bytes)?);
        Some((key_length > 0) && (value_length > 0))
    }

    /// Key and value end inside the item.
    pub fn strings_are_inside(bytes: &[u8], stream_size: u64) -> Option<bool> {
        let key_length = u64::from(key_length(bytes)?);
        let key_offset = u64::from(key_offset(bytes)?);
        let value_length = u64::from(value_length(bytes)?);
        let value_offset = u64::from(value_offset(bytes)?);
        Some(((key_offset + key_length) <= stream_size) && ((value_offset + value_length) <= stream_size))
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "parent_locator_entry",
        size: SIZE,
        fields: &[
            super::Field { name: "key_offset", offset: 0, size: 4, read: |bytes| key_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "value_offset", offset: 4, size: 4, read: |bytes| value_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "key_length", offset: 8, size: 2, read: |bytes| key_length(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "value_length", offset: 10, size: 2, read: |bytes| value_length(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "PLC-007", name: "offsets_are_set", holds: |bytes, _| offsets_are_set(bytes) },
            super::Rule { id: "PLC-008", name: "lengths_are_set", holds: |bytes, _| lengths_are_set(bytes) },
            super::Rule { id: "PLC-009", name: "strings_are_inside", holds: |bytes, stream_size| strings_are_inside(bytes, stream_size) },
        ],
    };
}

/// Says where the BAT, the metadata and any further region lie. Stored twice, 64 KiB each, alike in a healthy file. MS-VHDX 2.2.3
pub mod region_table {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(65536);

    /// Signature, checksum and count.
    pub fn header(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..16)
    }

    /// One entry a region, in any order.
    pub fn entries(bytes: &[u8], index: usize) -> Option<&[u8]> {
        let start = index.checked_mul(32)?.checked_add(16)?;
        bytes.get(start..start.checked_add(32)?)
    }

    /// Room for further entries.
    pub fn unused(bytes: &[u8]) -> Option<&[u8]> {
        let count = super::integer(bytes, 8, 0, 32, false)?.min(2047) as usize;
        bytes.get(16 + 32 * count..bytes.len().min(65536))
    }

    /// Behind the last entry the table is zero.
    pub fn unused_bytes_are_zero(bytes: &[u8]) -> Option<bool> {
        Some(unused(bytes)?.iter().all(|byte| *byte == 0))
    }

    /// The checksum is the CRC-32C of the table's 65536 bytes, with itself as zero.
    pub fn checksum_is_right(bytes: &[u8]) -> Option<bool> {
        super::checksum_is_right(bytes, 4, 65536)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "region_table",
        size: SIZE,
        fields: &[
            super::Field { name: "header", offset: 0, size: 16, read: |bytes| header(bytes).map(super::Value::Bytes) },
            super::Field { name: "entries", offset: 16, size: 32, read: |bytes| entries(bytes, 0).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "RGN-019", name: "unused_bytes_are_zero", holds: |bytes, _| unused_bytes_are_zero(bytes) },
            super::Rule { id: "RGN-002", name: "checksum_is_right", holds: |bytes, _| checksum_is_right(bytes) },
        ],
    };
}

/// The first 16 bytes of a region table. MS-VHDX 2.2.3.1
pub mod region_table_header {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(16);

    /// The characters "regi".
    pub fn signature(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..4)
    }

    /// CRC-32C of the whole 64 KiB, these four bytes taken as zero.
    pub fn checksum(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 4, 0, 32, false).map(|value| value as u32)
    }

    /// Number of entries that follow, at most 2047.
    pub fn entry_count(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 8, 0, 32, false).map(|value| value as u32)
    }

    /// Zero; ignored.
    pub fn reserved(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 12, 0, 32, false).map(|value| value as u32)
    }

    /// The region table begins with the four characters "regi".
    pub fn signature_is_regi(bytes: &[u8]) -> Option<bool> {
        let signature = signature(bytes)?;
        Some(signature == super::REGION_SIGNATURE)
    }

    /// The table lists no more entries than fit into its 64 KiB, 2047.
    pub fn entry_count_fits(bytes: &[u8]) -> Option<bool> {
        let entry_count = u64::from(entry_count(bytes)?);
        Some(entry_count <= super::REGION_ENTRIES_MAX)
    }

    /// The reserved word of the table header is zero.
    pub fn reserved_is_zero(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "region_table_header",
        size: SIZE,
        fields: &[
            super::Field { name: "signature", offset: 0, size: 4, read: |bytes| signature(bytes).map(super::Value::Bytes) },
            super::Field { name: "checksum", offset: 4, size: 4, read: |bytes| checksum(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "entry_count", offset: 8, size: 4, read: |bytes| entry_count(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved", offset: 12, size: 4, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[],
        rules: &[
            super::Rule { id: "RGN-001", name: "signature_is_regi", holds: |bytes, _| signature_is_regi(bytes) },
            super::Rule { id: "RGN-005", name: "entry_count_fits", holds: |bytes, _| entry_count_fits(bytes) },
            super::Rule { id: "RGN-006", name: "reserved_is_zero", holds: |bytes, _| reserved_is_zero(bytes) },
        ],
    };
}

/// Names one region and says where it lies. MS-VHDX 2.2.3.2
pub mod region_table_entry {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(32);

    /// What the region holds; unique in the table.
    pub fn guid(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..16)
    }

    /// File offset of the region, a multiple of 1 MiB, at least 1 MiB.
    pub fn file_offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 16, 0, 64, false)
    }

    /// Size of the region, a multiple of 1 MiB.
    pub fn length(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 24, 0, 32, false).map(|value| value as u32)
    }

    /// Who does not know the region's GUID must refuse the file.
    pub fn required(bytes: &[u8]) -> Option<bool> {
        Some(super::integer(bytes, 28, 0, 1, false)? != 0)
    }

    /// Zero in every file seen; the specification shows Required as a whole word.
    pub fn reserved(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 28, 1, 31, false).map(|value| value as u32)
    }

    /// The entry names the BAT region.
    pub fn is_bat(bytes: &[u8]) -> Option<bool> {
        let guid = guid(bytes)?;
        Some(guid == super::BAT_REGION_GUID)
    }

    /// The entry names the metadata region.
    pub fn is_metadata(bytes: &[u8]) -> Option<bool> {
        let guid = guid(bytes)?;
        Some(guid == super::METADATA_REGION_GUID)
    }

    /// The entry names a region that the specification defines.
    pub fn is_known(bytes: &[u8]) -> Option<bool> {
        let is_bat = is_bat(bytes)?;
        let is_metadata = is_metadata(bytes)?;
        Some(is_bat || is_metadata)
    }

    /// A region starts at a whole number of MiB.
    pub fn file_offset_is_aligned(bytes: &[u8]) -> Option<bool> {
        let file_offset = file_offset(bytes)?;
        Some((file_offset % super::OBJECT_ALIGNMENT) == 0)
    }

    /// A region starts behind the header section, at 1 MiB or later.
    pub fn file_offset_is_after_header_section(bytes: &[u8]) -> Option<bool> {
        let file_offset = file_offset(bytes)?;
        Some(file_offset >= super::HEADER_SECTION_SIZE)
    }

    /// A region's size is a whole number of MiB.
    pub fn length_is_aligned(bytes: &[u8]) -> Option<bool> {
        let length = u64::from(length(bytes)?);
        Some((length % super::OBJECT_ALIGNMENT) == 0)
    }

    /// A region is not empty.
    pub fn length_is_not_zero(bytes: &[u8]) -> Option<bool> {
        let length = u64::from(length(bytes)?);
        Some(length > 0)
    }

    /// A region marked as required is one that we know.
    pub fn required_is_known(bytes: &[u8]) -> Option<bool> {
        let is_known = is_known(bytes)?;
        let required = required(bytes)?;
        Some(!required || is_known)
    }

    /// The BAT and the metadata are marked as required. QEMU leaves the mark out.
    pub fn known_is_required(bytes: &[u8]) -> Option<bool> {
        let is_known = is_known(bytes)?;
        let required = required(bytes)?;
        Some(!is_known || required)
    }

    /// The word that holds Required is 0 or 1.
    pub fn required_is_one_bit(bytes: &[u8]) -> Option<bool> {
        let reserved = u64::from(reserved(bytes)?);
        Some(reserved == 0)
    }

    /// The metadata region has room for its table of 64 KiB. Other regions are not asked.
    pub fn metadata_holds_its_table(bytes: &[u8]) -> Option<bool> {
        let is_metadata = is_metadata(bytes)?;
        let length = u64::from(length(bytes)?);
        Some(!is_metadata || (length >= super::METADATA_TABLE_SIZE))
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "region_table_entry",
        size: SIZE,
        fields: &[
            super::Field { name: "guid", offset: 0, size: 16, read: |bytes| guid(bytes).map(super::Value::Bytes) },
            super::Field { name: "file_offset", offset: 16, size: 8, read: |bytes| file_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "length", offset: 24, size: 4, read: |bytes| length(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "required", offset: 28, size: 4, read: |bytes| required(bytes).map(super::Value::Flag) },
            super::Field { name: "reserved", offset: 28, size: 4, read: |bytes| reserved(bytes).map(|value| super::Value::Number(value.into())) },
        ],
        derived: &[
            super::Derived { name: "is_bat", read: |bytes, _| is_bat(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_metadata", read: |bytes, _| is_metadata(bytes).map(super::Value::Flag) },
            super::Derived { name: "is_known", read: |bytes, _| is_known(bytes).map(super::Value::Flag) },
        ],
        rules: &[
            super::Rule { id: "RGN-008", name: "file_offset_is_aligned", holds: |bytes, _| file_offset_is_aligned(bytes) },
            super::Rule { id: "RGN-009", name: "file_offset_is_after_header_section", holds: |bytes, _| file_offset_is_after_header_section(bytes) },
            super::Rule { id: "RGN-010", name: "length_is_aligned", holds: |bytes, _| length_is_aligned(bytes) },
            super::Rule { id: "RGN-011", name: "length_is_not_zero", holds: |bytes, _| length_is_not_zero(bytes) },
            super::Rule { id: "RGN-014", name: "required_is_known", holds: |bytes, _| required_is_known(bytes) },
            super::Rule { id: "RGN-017", name: "known_is_required", holds: |bytes, _| known_is_required(bytes) },
            super::Rule { id: "RGN-018", name: "required_is_one_bit", holds: |bytes, _| required_is_one_bit(bytes) },
            super::Rule { id: "MDT-004", name: "metadata_holds_its_table", holds: |bytes, _| metadata_holds_its_table(bytes) },
        ],
    };
}

/// The last 512 bytes of a fixed VHD, the older format: before them stands the disk, byte for byte. No part of a VHDX; it is here because disks are converted to it. Unlike everything in VHDX its integers are big-endian. VHD 1.0
pub mod vhd_footer {
    /// Its size in bytes, where that is fixed.
    pub const SIZE: Option<usize> = Some(512);

    /// The characters "conectix".
    pub fn cookie(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(0..8)
    }

    /// Bit 1 is always set; bit 0 says that the disk is temporary.
    pub fn features(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 8, 0, 32, true).map(|value| value as u32)
    }

    /// Major version in the upper, minor version in the lower 16 bits.
    pub fn format_version(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 12, 0, 32, true).map(|value| value as u32)
    }

    /// File offset of the next structure; all bits set where there is none, as in a fixed disk.
    pub fn data_offset(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 16, 0, 64, true)
    }

    /// When the disk was made, since the beginning of 2000 in UTC.
    pub fn time_stamp(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 24, 0, 32, true).map(|value| value as u32)
    }

    /// Which program made the disk.
    pub fn creator_application(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(28..32)
    }

    /// Version of that program.
    pub fn creator_version(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 32, 0, 32, true).map(|value| value as u32)
    }

    /// On which system it was made.
    pub fn creator_host_os(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(36..40)
    }

    /// Size of the disk when it was made.
    pub fn original_size(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 40, 0, 64, true)
    }

    /// Size of the disk.
    pub fn current_size(bytes: &[u8]) -> Option<u64> {
        super::integer(bytes, 48, 0, 64, true)
    }

    /// Cylinders of the geometry that an old BIOS is shown.
    pub fn cylinders(bytes: &[u8]) -> Option<u16> {
        super::integer(bytes, 56, 0, 16, true).map(|value| value as u16)
    }

    /// Heads of that geometry.
    pub fn heads(bytes: &[u8]) -> Option<u8> {
        super::integer(bytes, 58, 0, 8, true).map(|value| value as u8)
    }

    /// Sectors per track of that geometry.
    pub fn sectors_per_track(bytes: &[u8]) -> Option<u8> {
        super::integer(bytes, 59, 0, 8, true).map(|value| value as u8)
    }

    /// 2 for a fixed disk.
    pub fn disk_type(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 60, 0, 32, true).map(|value| value as u32)
    }

    /// Complement of the sum of all 512 bytes, this field taken as zero.
    pub fn checksum(bytes: &[u8]) -> Option<u32> {
        super::integer(bytes, 64, 0, 32, true).map(|value| value as u32)
    }

    /// Identity of the disk.
    pub fn unique_id(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(68..84)
    }

    /// 1 where a machine was saved in the middle of its work.
    pub fn saved_state(bytes: &[u8]) -> Option<u8> {
        super::integer(bytes, 84, 0, 8, true).map(|value| value as u8)
    }

    /// Zero.
    pub fn reserved(bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(85..512)
    }

    /// The same as data.
    pub const STRUCTURE: super::Structure = super::Structure {
        name: "vhd_footer",
        size: SIZE,
        fields: &[
            super::Field { name: "cookie", offset: 0, size: 8, read: |bytes| cookie(bytes).map(super::Value::Bytes) },
            super::Field { name: "features", offset: 8, size: 4, read: |bytes| features(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "format_version", offset: 12, size: 4, read: |bytes| format_version(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "data_offset", offset: 16, size: 8, read: |bytes| data_offset(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "time_stamp", offset: 24, size: 4, read: |bytes| time_stamp(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "creator_application", offset: 28, size: 4, read: |bytes| creator_application(bytes).map(super::Value::Bytes) },
            super::Field { name: "creator_version", offset: 32, size: 4, read: |bytes| creator_version(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "creator_host_os", offset: 36, size: 4, read: |bytes| creator_host_os(bytes).map(super::Value::Bytes) },
            super::Field { name: "original_size", offset: 40, size: 8, read: |bytes| original_size(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "current_size", offset: 48, size: 8, read: |bytes| current_size(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "cylinders", offset: 56, size: 2, read: |bytes| cylinders(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "heads", offset: 58, size: 1, read: |bytes| heads(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "sectors_per_track", offset: 59, size: 1, read: |bytes| sectors_per_track(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "disk_type", offset: 60, size: 4, read: |bytes| disk_type(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "checksum", offset: 64, size: 4, read: |bytes| checksum(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "unique_id", offset: 68, size: 16, read: |bytes| unique_id(bytes).map(super::Value::Bytes) },
            super::Field { name: "saved_state", offset: 84, size: 1, read: |bytes| saved_state(bytes).map(|value| super::Value::Number(value.into())) },
            super::Field { name: "reserved", offset: 85, size: 427, read: |bytes| reserved(bytes).map(super::Value::Bytes) },
        ],
        derived: &[],
        rules: &[],
    };
}

/// Every structure.
pub const STRUCTURES: &[Structure] = &[
    bat_entry::STRUCTURE,
    file_identifier::STRUCTURE,
    header::STRUCTURE,
    log_entry::STRUCTURE,
    log_entry_header::STRUCTURE,
    log_descriptor::STRUCTURE,
    zero_descriptor::STRUCTURE,
    data_descriptor::STRUCTURE,
    data_sector::STRUCTURE,
    file_parameters::STRUCTURE,
    virtual_disk_size::STRUCTURE,
    virtual_disk_id::STRUCTURE,
    logical_sector_size::STRUCTURE,
    physical_sector_size::STRUCTURE,
    chs_parameters::STRUCTURE,
    pmem_label_storage_area::STRUCTURE,
    metadata_table::STRUCTURE,
    metadata_table_header::STRUCTURE,
    metadata_table_entry::STRUCTURE,
    ms_guid::STRUCTURE,
    packed_image::STRUCTURE,
    packed_run::STRUCTURE,
    parent_locator::STRUCTURE,
    parent_locator_header::STRUCTURE,
    parent_locator_entry::STRUCTURE,
    region_table::STRUCTURE,
    region_table_header::STRUCTURE,
    region_table_entry::STRUCTURE,
    vhd_footer::STRUCTURE,
];
