/* The layout of VHDX for C and C++.
 *
 * Integers are little-endian, as stored. Structures have no padding. Bit fields are macros over the word that
 * holds them: (word & ..._MASK) >> ..._SHIFT. Texts are ASCII, without a terminator in the file.
 *
 * Machine-written from formats/ by `make generate`; do not edit.
 */
#ifndef VHDX_H
#define VHDX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define VHDX_STATIC_ASSERT static_assert
#else
#define VHDX_STATIC_ASSERT _Static_assert
#endif

/* Bits of an entry that hold its state. */
#define VHDX_BAT_STATE_MASK 7
/* Bits of an entry that, taken where they stand, are the block's file offset in bytes. */
#define VHDX_BAT_FILE_OFFSET_MASK UINT64_C(0xFFFFFFFFFFF00000)
/* Lowest bit of FileOffsetMB in an entry; the bits below count parts of a MiB. */
#define VHDX_BAT_FILE_OFFSET_BIT 20
/* Largest FileOffsetMB that a known implementation (openvmm) accepts, 256 TiB less 1 MiB. */
#define VHDX_FILE_OFFSET_MB_USUAL_MAX UINT32_C(0xFFFFFFF)
/* Logical sectors that one sector bitmap block describes (2^23), and thereby the size of a chunk. */
#define VHDX_SECTORS_PER_CHUNK UINT32_C(0x800000)
/* Size of a sector bitmap block, one bit a sector of the chunk. */
#define VHDX_SECTOR_BITMAP_BLOCK_SIZE UINT32_C(0x100000)
/* Virtual bytes of a chunk with sectors of 512 bytes (sectors_per_chunk × sector size). */
#define VHDX_CHUNK_SIZE_512 UINT64_C(0x100000000)
/* Virtual bytes of a chunk with sectors of 4096 bytes. */
#define VHDX_CHUNK_SIZE_4096 UINT64_C(0x800000000)
/* Fewest payload blocks in a chunk. Chunk ratio = chunk size / block size, a power of two. */
#define VHDX_CHUNK_RATIO_MIN 16
/* Most payload blocks in a chunk (sectors of 4096 bytes, blocks of 1 MiB). */
#define VHDX_CHUNK_RATIO_MAX 32768
/* Fewest logical sectors in a payload block (block size / sector size). */
#define VHDX_SECTORS_PER_BLOCK_MIN 256
/* Most logical sectors in a payload block. */
#define VHDX_SECTORS_PER_BLOCK_MAX UINT32_C(0x80000)
/* Most payload blocks of a disk. Payload blocks = disk size / block size, rounded up. */
#define VHDX_PAYLOAD_BLOCKS_MAX UINT32_C(0x4000000)
/* Most sector bitmap blocks. Bitmap blocks = payload blocks / chunk ratio, rounded up. */
#define VHDX_BITMAP_BLOCKS_MAX 16384
/* Entries of the largest table there can be (64 TiB, 1 MiB blocks, 512-byte sectors, differencing). */
#define VHDX_BAT_ENTRIES_MAX UINT32_C(0x4004000)
/* Largest BAT region that a known implementation (openvmm) accepts, 513 MiB. */
#define VHDX_BAT_REGION_USUAL_MAX UINT32_C(0x20100000)
/* QEMU creates fixed files whose blocks are all in state zero unless told otherwise. */
#define VHDX_QEMU_BLOCK_STATE_ZERO_DEFAULT 1
/* Marks a VHDX file, in reading order; as a little-endian integer 0x656C696678646876. */
#define VHDX_FILE_SIGNATURE "vhdxfile"
/* Marks a header, in reading order; as a little-endian integer 0x64616568. */
#define VHDX_HEADER_SIGNATURE "head"
/* The only version of the file format there is. */
#define VHDX_HEADER_VERSION 1
/* The only version of the log format there is. */
#define VHDX_LOG_VERSION 0
/* Largest log that a known implementation (openvmm) accepts; the field could say 4095 MiB. */
#define VHDX_LOG_LENGTH_USUAL_MAX UINT32_C(0x40000000)
/* A header that carries it cannot be followed by another one. */
#define VHDX_SEQUENCE_NUMBER_MAX UINT64_C(0xFFFFFFFFFFFFFFFF)
/* Marks a log entry, in reading order; as a little-endian integer 0x65676F6C. */
#define VHDX_LOG_ENTRY_SIGNATURE "loge"
/* Marks a zero descriptor, in reading order; as a little-endian integer 0x6F72657A. */
#define VHDX_ZERO_DESCRIPTOR_SIGNATURE "zero"
/* Marks a data descriptor, in reading order; as a little-endian integer 0x63736564. */
#define VHDX_DATA_DESCRIPTOR_SIGNATURE "desc"
/* Marks a data sector, in reading order; as a little-endian integer 0x61746164. */
#define VHDX_DATA_SECTOR_SIGNATURE "data"
/* Granularity of the log, and the size of what one data descriptor updates. */
#define VHDX_LOG_SECTOR_SIZE 4096
/* Size of a log entry header. */
#define VHDX_LOG_ENTRY_HEADER_SIZE 64
/* Size of either kind of descriptor. */
#define VHDX_LOG_DESCRIPTOR_SIZE 32
/* Descriptors that fit behind the header in the first descriptor sector of an entry. */
#define VHDX_LOG_DESCRIPTORS_FIRST_SECTOR 126
/* Descriptors that fit into each further descriptor sector. */
#define VHDX_LOG_DESCRIPTORS_PER_SECTOR 128
/* Granularity of the log area's size, and thereby the smallest log. */
#define VHDX_LOG_SIZE_MIN UINT32_C(0x100000)
/* Log that writers make when nobody asks for another (Hyper-V, QEMU). */
#define VHDX_LOG_SIZE_DEFAULT UINT32_C(0x100000)
/* A bound of this project. A scan computes checksums over at most this many times the log's length. */
#define VHDX_LOG_WORK_FACTOR 16
/* A bound of this project. No update may reach past 2^63, where file offsets of operating systems end. */
#define VHDX_LOG_TARGET_END_MAX UINT64_C(0x8000000000000000)
/* A bound of this project. A replay may make the file longer by this at most, as much as the largest disk. */
#define VHDX_LOG_GROWTH_MAX UINT64_C(0x400000000000)
/* Smallest payload block. */
#define VHDX_BLOCK_SIZE_MIN UINT32_C(0x100000)
/* Largest payload block. */
#define VHDX_BLOCK_SIZE_MAX UINT32_C(0x10000000)
/* Payload block that Hyper-V gives dynamic files. */
#define VHDX_BLOCK_SIZE_DEFAULT_DYNAMIC UINT32_C(0x2000000)
/* Payload block that Hyper-V gives fixed and differencing files. */
#define VHDX_BLOCK_SIZE_DEFAULT_OTHER UINT32_C(0x200000)
/* Payload block that QEMU gives disks of up to 1 GiB. */
#define VHDX_QEMU_BLOCK_SIZE_UP_TO_1_GIB UINT32_C(0x800000)
/* Payload block that QEMU gives larger disks, up to 100 GiB. */
#define VHDX_QEMU_BLOCK_SIZE_UP_TO_100_GIB UINT32_C(0x1000000)
/* Payload block that QEMU gives larger disks, up to 32 TiB. */
#define VHDX_QEMU_BLOCK_SIZE_UP_TO_32_TIB UINT32_C(0x2000000)
/* Payload block that QEMU gives the largest disks. */
#define VHDX_QEMU_BLOCK_SIZE_ABOVE_32_TIB UINT32_C(0x4000000)
/* File type that QEMU makes; the other it knows is fixed. */
#define VHDX_QEMU_SUBFORMAT_DEFAULT "dynamic"
/* Largest virtual disk, 64 TiB. */
#define VHDX_VIRTUAL_DISK_SIZE_MAX UINT64_C(0x400000000000)
/* One of the two sector sizes. */
#define VHDX_SECTOR_SIZE_512 512
/* The other of the two sector sizes. */
#define VHDX_SECTOR_SIZE_4096 4096
/* What Hyper-V writes, and what a reader may assume when the item is missing. */
#define VHDX_PHYSICAL_SECTOR_SIZE_DEFAULT 4096
/* What QEMU writes. */
#define VHDX_QEMU_PHYSICAL_SECTOR_SIZE_DEFAULT 512
/* Marks a metadata table, in reading order; as a little-endian integer 0x617461646174656D. */
#define VHDX_METADATA_SIGNATURE "metadata"
/* Entries that fit behind the 32-byte header in 64 KiB. */
#define VHDX_METADATA_ENTRIES_MAX 2047
/* Size of a metadata table entry. */
#define VHDX_METADATA_ENTRY_SIZE 32
/* Flag word of the file parameters and the parent locator (IsRequired). */
#define VHDX_ITEM_FLAGS_OF_FILE 4
/* Flag word of the four items that describe the virtual disk (IsRequired, IsVirtualDisk). */
#define VHDX_ITEM_FLAGS_OF_DISK 6
/* Size of the table; items start behind it. */
#define VHDX_METADATA_TABLE_SIZE UINT32_C(0x10000)
/* Largest item. */
#define VHDX_METADATA_ITEM_LENGTH_MAX UINT32_C(0x100000)
/* Most entries that may be user items. */
#define VHDX_METADATA_USER_ENTRIES_MAX 1024
/* Most system entries that a known implementation (openvmm) accepts. */
#define VHDX_METADATA_SYSTEM_ENTRIES_USUAL_MAX 1023
/* Largest metadata region that a known implementation (openvmm) accepts. */
#define VHDX_METADATA_REGION_USUAL_MAX UINT32_C(0x8000000)
/* Most bytes of user items, and of system items, that a known implementation (openvmm) accepts. */
#define VHDX_METADATA_CATEGORY_USUAL_MAX UINT32_C(0x2800000)
/* Marks a packed image, in reading order. */
#define VHDX_PACKED_MAGIC "VHDXOPS1"
/* The operation that writes the bytes that follow it. */
#define VHDX_PACKED_LITERAL "L"
/* A bound of this project. A seed that makes a longer file is refused unless the caller allows it. */
#define VHDX_PACKED_SEED_SIZE_MAX UINT32_C(0x4000000)
/* Key. DataWriteGuid that the parent must have, as text in braces. */
#define VHDX_KEY_PARENT_LINKAGE "parent_linkage"
/* Key. A second DataWriteGuid that may match while a merge is under way. Hyper-V always writes it, as nil. */
#define VHDX_KEY_PARENT_LINKAGE2 "parent_linkage2"
/* Key. Path of the parent from the child's folder. */
#define VHDX_KEY_RELATIVE_PATH "relative_path"
/* Key. Path of the parent from a volume named by its GUID. */
#define VHDX_KEY_VOLUME_PATH "volume_path"
/* Key. Absolute Windows path of the parent. */
#define VHDX_KEY_ABSOLUTE_WIN32_PATH "absolute_win32_path"
/* Size of the locator's header. */
#define VHDX_PARENT_LOCATOR_HEADER_SIZE 20
/* Size of an entry. */
#define VHDX_PARENT_LOCATOR_ENTRY_SIZE 12
/* Most pairs that a known implementation (openvmm) accepts. */
#define VHDX_LOCATOR_PAIRS_USUAL_MAX 256
/* A bound of this project (and of openvmm). Longer chains are refused. */
#define VHDX_CHAIN_DEPTH_MAX 256
/* Marks a region table, in reading order; as a little-endian integer 0x69676572. */
#define VHDX_REGION_SIGNATURE "regi"
/* Entries that fit behind the 16-byte header in 64 KiB. */
#define VHDX_REGION_ENTRIES_MAX 2047
/* Marks a VHD, in reading order. */
#define VHDX_VHD_COOKIE "conectix"
/* Features of every VHD, a bit that is always set and no other. */
#define VHDX_VHD_FEATURES 2
/* Version 1.0 of the format. */
#define VHDX_VHD_VERSION UINT32_C(0x10000)
/* DataOffset of a fixed disk, which has no other header. */
#define VHDX_VHD_NO_DATA_OFFSET UINT64_C(0xFFFFFFFFFFFFFFFF)
/* When time stamps begin, 1 January 2000 UTC, in seconds since 1970. */
#define VHDX_VHD_EPOCH UINT32_C(0x386D4380)
/* Creator of disks that Windows makes. QEMU takes the size from CurrentSize for this one and a few others only, else from the geometry. */
#define VHDX_VHD_CREATOR_APPLICATION "win "
/* Host of disks that Windows makes. */
#define VHDX_VHD_CREATOR_HOST_OS "Wi2k"
/* Type of a fixed disk. */
#define VHDX_VHD_TYPE_FIXED 2
/* Largest disk that Hyper-V takes in a VHD, 2040 GiB. */
#define VHDX_VHD_SIZE_MAX UINT64_C(0x1FE00000000)
/* Azure takes disks of a whole number of MiB only. Hyper-V makes no others. */
#define VHDX_VHD_SIZE_UNIT UINT32_C(0x100000)
/* Sector of every VHD. */
#define VHDX_VHD_SECTOR_SIZE 512
/* Most cylinders that a geometry can have. */
#define VHDX_VHD_CYLINDERS_MAX 65535
/* Most heads of a geometry. */
#define VHDX_VHD_HEADS_MAX 16
/* Fewest heads of a geometry. */
#define VHDX_VHD_HEADS_MIN 4
/* Sectors in a track of a geometry that small disks get. */
#define VHDX_VHD_SECTORS_PER_TRACK_SMALL 17
/* Sectors in a track of a geometry for disks too large for the small ones. */
#define VHDX_VHD_SECTORS_PER_TRACK_MEDIUM 31
/* Sectors in a track of a geometry for disks too large for the medium ones. */
#define VHDX_VHD_SECTORS_PER_TRACK_LARGE 63
/* Sectors in a track of a geometry for the largest disks. */
#define VHDX_VHD_SECTORS_PER_TRACK_MAX 255
/* A disk of as many cylinders, or more, gets longer tracks, but for the longest. */
#define VHDX_VHD_CYLINDERS_SMALL 1024
/* Size of each of the five slots at the start of the file. */
#define VHDX_HEADER_SLOT_SIZE UINT32_C(0x10000)
/* Bytes of a header slot that the header fills and its checksum covers. */
#define VHDX_HEADER_SIZE 4096
/* File offset of the file type identifier. */
#define VHDX_FILE_IDENTIFIER_OFFSET 0
/* File offset of header 1. */
#define VHDX_HEADER_1_OFFSET UINT32_C(0x10000)
/* File offset of header 2. */
#define VHDX_HEADER_2_OFFSET UINT32_C(0x20000)
/* File offset of the first region table; the log may write from here on, never below. */
#define VHDX_REGION_TABLE_1_OFFSET UINT32_C(0x30000)
/* File offset of the second region table. */
#define VHDX_REGION_TABLE_2_OFFSET UINT32_C(0x40000)
/* Size of a region table. */
#define VHDX_REGION_TABLE_SIZE UINT32_C(0x10000)
/* Where the second region table ends; the shortest file whose region tables can both be read. */
#define VHDX_HEADER_SECTION_USED UINT32_C(0x50000)
/* Size of the header section; everything else lies behind it. */
#define VHDX_HEADER_SECTION_SIZE UINT32_C(0x100000)
/* Everything behind the header section starts at a multiple of this. */
#define VHDX_OBJECT_ALIGNMENT UINT32_C(0x100000)
/* Where Hyper-V and openvmm put the log. Nothing demands it. */
#define VHDX_LOG_OFFSET_USUAL UINT32_C(0x100000)
/* Where Hyper-V and openvmm put the metadata region. Nothing demands it. */
#define VHDX_METADATA_OFFSET_USUAL UINT32_C(0x200000)
/* Where Hyper-V and openvmm put the BAT region; blocks follow. Nothing demands it. */
#define VHDX_BAT_OFFSET_USUAL UINT32_C(0x300000)
/* Polynomial of CRC-32C (Castagnoli), which all checksums here are, highest power first. */
#define VHDX_CRC32C_POLYNOMIAL UINT32_C(0x1EDC6F41)
/* The same polynomial, lowest power first, as programs that shift right use it. */
#define VHDX_CRC32C_POLYNOMIAL_REFLECTED UINT32_C(0x82F63B78)
/* What a CRC-32C starts from, and what its result is combined with (exclusive or) at the end. */
#define VHDX_CRC32C_INITIAL UINT32_C(0xFFFFFFFF)
/* CRC-32C of the nine characters 123456789, to test an implementation with. */
#define VHDX_CRC32C_CHECK UINT32_C(0xE3069283)

/* CAA16737-FA36-4D43-B3B6-33F0AA44E76B: Block size and file type. */
#define VHDX_FILE_PARAMETERS_GUID {{0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7, 0x6B}}
/* 2FA54224-CD1B-4876-B211-5DBED83BF4B8: Size of the virtual disk. */
#define VHDX_VIRTUAL_DISK_SIZE_GUID {{0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8}}
/* BECA12AB-B2E6-4523-93EF-C309E000C746: Identity of the virtual disk as SCSI shows it. */
#define VHDX_VIRTUAL_DISK_ID_GUID {{0xAB, 0x12, 0xCA, 0xBE, 0xE6, 0xB2, 0x23, 0x45, 0x93, 0xEF, 0xC3, 0x09, 0xE0, 0x00, 0xC7, 0x46}}
/* 8141BF1D-A96F-4709-BA47-F233A8FAAB5F: Sector size that the guest addresses. */
#define VHDX_LOGICAL_SECTOR_SIZE_GUID {{0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB, 0x5F}}
/* CDA348C7-445D-4471-9CC9-E9885251C556: Sector size that the guest is told the medium has. */
#define VHDX_PHYSICAL_SECTOR_SIZE_GUID {{0xC7, 0x48, 0xA3, 0xCD, 0x5D, 0x44, 0x71, 0x44, 0x9C, 0xC9, 0xE9, 0x88, 0x52, 0x51, 0xC5, 0x56}}
/* A8D35F2D-B30B-454D-ABF7-D3D84834AB0C: How a differencing file finds its parent. */
#define VHDX_PARENT_LOCATOR_GUID {{0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB, 0x0C}}
/* DA02D7BC-3D3A-423C-AC88-2A36AB21479B: Disk geometry as cylinders, heads and sectors; known from openvmm only. */
#define VHDX_CHS_PARAMETERS_GUID {{0xBC, 0xD7, 0x02, 0xDA, 0x3A, 0x3D, 0x3C, 0x42, 0xAC, 0x88, 0x2A, 0x36, 0xAB, 0x21, 0x47, 0x9B}}
/* 71CC85F0-1B69-4E28-9558-C3BF83AE75D3: Empty item, present while the file is still being created; known from openvmm only. */
#define VHDX_INCOMPLETE_FILE_MARKER_GUID {{0xF0, 0x85, 0xCC, 0x71, 0x69, 0x1B, 0x28, 0x4E, 0x95, 0x58, 0xC3, 0xBF, 0x83, 0xAE, 0x75, 0xD3}}
/* 10E1AE8A-4B7E-4169-A40F-CD70DE928393: Label storage of a virtual persistent memory device; known from openvmm only. */
#define VHDX_PMEM_LABEL_STORAGE_AREA_GUID {{0x8A, 0xAE, 0xE1, 0x10, 0x7E, 0x4B, 0x69, 0x41, 0xA4, 0x0F, 0xCD, 0x70, 0xDE, 0x92, 0x83, 0x93}}
/* B04AEFB7-D19E-4A81-B789-25B8E9445913: The locator type whose keys the specification defines. */
#define VHDX_VHDX_LOCATOR_TYPE_GUID {{0xB7, 0xEF, 0x4A, 0xB0, 0x9E, 0xD1, 0x81, 0x4A, 0xB7, 0x89, 0x25, 0xB8, 0xE9, 0x44, 0x59, 0x13}}
/* 2DC27766-F623-4200-9D64-115E9BFD4A08: The region that holds the block allocation table. */
#define VHDX_BAT_REGION_GUID {{0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42, 0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08}}
/* 8B7CA206-4790-4B9A-B8FE-575F050F886E: The region that holds the metadata table and its items. */
#define VHDX_METADATA_REGION_GUID {{0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E}}

enum vhdx_payload_block_state {
  VHDX_PAYLOAD_BLOCK_STATE_NOT_PRESENT = 0, /* Never written. A differencing file asks its parent; others read zeros. */
  VHDX_PAYLOAD_BLOCK_STATE_UNDEFINED = 1, /* Contents arbitrary; never the parent's. Zeros here. */
  VHDX_PAYLOAD_BLOCK_STATE_ZERO = 2, /* Zeros; never the parent's. */
  VHDX_PAYLOAD_BLOCK_STATE_UNMAPPED = 3, /* Discarded by the guest; never the parent's. Zeros here. */
  VHDX_PAYLOAD_BLOCK_STATE_UNMAPPED_V095 = 5, /* The number that draft 0.95 gave to unmapped; reserved since. */
  VHDX_PAYLOAD_BLOCK_STATE_FULLY_PRESENT = 6, /* The whole block is in this file; the sector bitmap is not asked. */
  VHDX_PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT = 7, /* Sector by sector in this file or the parent, as the sector bitmap says. Differencing files only. */
};

enum vhdx_sector_bitmap_block_state {
  VHDX_SECTOR_BITMAP_BLOCK_STATE_NOT_PRESENT = 0, /* The chunk has no sector bitmap block. */
  VHDX_SECTOR_BITMAP_BLOCK_STATE_PRESENT = 6, /* The chunk's sector bitmap block is in this file. Differencing files only. */
};

#pragma pack(push, 1)

/* One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry for the chunk's sector bitmap block; the word is the same, the meaning of its state is not. MS-VHDX 2.5.1 */
struct vhdx_bat_entry {
  uint64_t word;
};
/* What the block holds; see the two enumerations. */
#define VHDX_BAT_ENTRY_STATE_SHIFT 0
#define VHDX_BAT_ENTRY_STATE_MASK UINT64_C(0x0000000000000007)
/* Zero. */
#define VHDX_BAT_ENTRY_RESERVED_SHIFT 3
#define VHDX_BAT_ENTRY_RESERVED_MASK UINT64_C(0x00000000000FFFF8)
/* Low 12 bits of FileOffsetMB. Split, because not every Kaitai target reads bit fields wider than 32 bits. */
#define VHDX_BAT_ENTRY_FILE_OFFSET_MB_LOW_SHIFT 20
#define VHDX_BAT_ENTRY_FILE_OFFSET_MB_LOW_MASK UINT64_C(0x00000000FFF00000)
/* High 32 bits of FileOffsetMB. */
#define VHDX_BAT_ENTRY_FILE_OFFSET_MB_HIGH_SHIFT 32
#define VHDX_BAT_ENTRY_FILE_OFFSET_MB_HIGH_MASK UINT64_C(0xFFFFFFFF00000000)

/* The first 64 KiB of the file. It is written once, when the file is created, and never again. MS-VHDX 2.2.1 */
struct vhdx_file_identifier {
  uint8_t signature[8]; /* The characters "vhdxfile". */
  uint8_t creator[512]; /* Name of the program that made the file, UTF-16LE, ended by a NUL or by the field's end. Diagnostic only. */
  uint8_t reserved[65016]; /* Rest of the 64 KiB slot. */
};

/* A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as written, so 2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD 4A 08. Two identifiers are equal when all sixteen stored bytes are equal; version and variant bits carry no meaning here. MS-DTYP 2.3.4.2 */
struct vhdx_ms_guid {
  uint8_t raw[16]; /* The sixteen bytes as stored; compare these. The last two groups of the text form are bytes 8 to 15. */
};

/* One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number is current. MS-VHDX 2.2.2 */
struct vhdx_header {
  uint8_t signature[4]; /* The characters "head". */
  uint32_t checksum; /* CRC-32C of the 4096 bytes of the header, these four taken as zero. */
  uint64_t sequence_number; /* Counts header updates; decides which of two valid headers is current. */
  struct vhdx_ms_guid file_write_guid; /* Identity of the file as it lies on disk. A session that writes changes it before anything else. */
  struct vhdx_ms_guid data_write_guid; /* Identity of what the guest can see; a differencing child names its parent by it. */
  struct vhdx_ms_guid log_guid; /* Nil when there is nothing to replay; otherwise only log entries that carry it count. */
  uint16_t log_version; /* Version of the log format, 0. */
  uint16_t version; /* Version of the file format, 1. */
  uint32_t log_length; /* Size of the log area, a multiple of 1 MiB. In bytes. */
  uint64_t log_offset; /* File offset of the log area, a multiple of 1 MiB. In bytes. */
  uint8_t reserved[4016]; /* Rest of the header; ignored, but covered by the checksum. */
};

/* Says how long the entry is, where in the sequence it stands and how far back the sequence reaches. MS-VHDX 2.3.1.1 */
struct vhdx_log_entry_header {
  uint8_t signature[4]; /* The characters "loge". */
  uint32_t checksum; /* CRC-32C of the entry's EntryLength bytes, across the wrap, these four taken as zero. */
  uint32_t entry_length; /* Size of the whole entry, a multiple of 4 KiB. In bytes. */
  uint32_t tail; /* Offset in the log of the oldest entry that must be replayed once this entry is the head; may be its own. In bytes. */
  uint64_t sequence_number; /* One more than that of the entry before; never 0. Where counting starts is up to the writer. */
  uint32_t descriptor_count; /* Number of descriptors, which may be 0. In descriptors. */
  uint32_t reserved; /* Zero. */
  struct vhdx_ms_guid log_guid; /* Equal to the current header's LogGuid, or the entry is stale. */
  uint64_t flushed_file_offset; /* A file size that was stable on the host when the entry was written. A shorter file has been truncated. In bytes. */
  uint64_t last_file_offset; /* A file size that holds every allocated structure; replay makes the file at least as long. In bytes. */
};

/* Sets a range of the file to zero. MS-VHDX 2.3.1.2 */
struct vhdx_zero_descriptor {
  uint8_t signature[4]; /* The characters "zero". */
  uint32_t reserved; /* Zero. */
  uint64_t zero_length; /* Length of the range, a multiple of 4 KiB. In bytes. */
  uint64_t file_offset; /* Where the range starts, a multiple of 4 KiB. In bytes. */
  uint64_t sequence_number; /* The entry's sequence number again. */
};

/* Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data sector. MS-VHDX 2.3.1.3 */
struct vhdx_data_descriptor {
  uint8_t signature[4]; /* The characters "desc". */
  uint8_t trailing_bytes[4]; /* Bytes 4092 to 4095 of the update. */
  uint8_t leading_bytes[8]; /* Bytes 0 to 7 of the update. */
  uint64_t file_offset; /* Where the 4 KiB go, a multiple of 4 KiB. In bytes. */
  uint64_t sequence_number; /* The entry's sequence number again. */
};

/* A slot of 32 bytes that holds a zero descriptor or a data descriptor. MS-VHDX 2.3.1 */
union vhdx_log_descriptor {
  struct vhdx_zero_descriptor zero; /* The slot as a zero descriptor. */
  struct vhdx_data_descriptor data; /* The slot as a data descriptor. */
  uint8_t raw[32];
};

/* The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows. MS-VHDX 2.3.1.4 */
struct vhdx_data_sector {
  uint8_t signature[4]; /* The characters "data". */
  uint32_t sequence_high; /* Upper half of the entry's sequence number. */
  uint8_t data[4084]; /* Bytes 8 to 4091 of the update. */
  uint32_t sequence_low; /* Lower half of the entry's sequence number. */
};

/* Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is dynamic. MS-VHDX 2.6.2.1 */
struct vhdx_file_parameters {
  uint32_t block_size; /* Size of a payload block, a power of two from 1 MiB to 256 MiB. In bytes. */
  uint32_t word;
};
/* Blocks keep their space in the file, the mark of a fixed file. */
#define VHDX_FILE_PARAMETERS_LEAVE_BLOCK_ALLOCATED_SHIFT 0
#define VHDX_FILE_PARAMETERS_LEAVE_BLOCK_ALLOCATED_MASK UINT32_C(0x00000001)
/* The file is differencing; overrides LeaveBlockAllocated. */
#define VHDX_FILE_PARAMETERS_HAS_PARENT_SHIFT 1
#define VHDX_FILE_PARAMETERS_HAS_PARENT_MASK UINT32_C(0x00000002)
/* Zero. */
#define VHDX_FILE_PARAMETERS_RESERVED_SHIFT 2
#define VHDX_FILE_PARAMETERS_RESERVED_MASK UINT32_C(0xFFFFFFFC)

/* Size of the virtual disk. MS-VHDX 2.6.2.2 */
struct vhdx_virtual_disk_size {
  uint64_t virtual_disk_size; /* A multiple of the logical sector size, at most 64 TiB. In bytes. */
};

/* Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's. MS-VHDX 2.6.2.3 */
struct vhdx_virtual_disk_id {
  struct vhdx_ms_guid virtual_disk_id; /* The identifier. */
};

/* Sector size that the guest addresses; it fixes the size of a chunk. MS-VHDX 2.6.2.4 */
struct vhdx_logical_sector_size {
  uint32_t logical_sector_size; /* 512 or 4096. In bytes. */
};

/* Sector size that the guest is told the medium has; it moves no byte. MS-VHDX 2.6.2.5 */
struct vhdx_physical_sector_size {
  uint32_t physical_sector_size; /* 512 or 4096. In bytes. */
};

/* Disk geometry. Not in the specification; known from openvmm only, flags unknown. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs */
struct vhdx_chs_parameters {
  uint32_t heads_per_cylinder; /* Heads in a cylinder. In heads. */
  uint32_t sectors_per_track; /* Sectors in a track. In sectors. */
};

/* Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs */
struct vhdx_pmem_label_storage_area {
  uint16_t version; /* Version of the item, 1. */
  uint16_t reserved; /* Not used. */
  struct vhdx_ms_guid guid; /* Identity of the label storage area. */
  uint32_t data_offset; /* Where the labels start. In bytes. */
  uint32_t data_length; /* Size of the labels. In bytes. */
};

/* The first 32 bytes of the metadata table. MS-VHDX 2.6.1.1 */
struct vhdx_metadata_table_header {
  uint8_t signature[8]; /* The characters "metadata". */
  uint16_t reserved; /* Zero. */
  uint16_t entry_count; /* Number of entries that follow, at most 2047. In entries. */
  uint8_t reserved2[20]; /* Zero. */
};

/* Names one item and says where in the metadata region it lies. MS-VHDX 2.6.1.2 */
struct vhdx_metadata_table_entry {
  struct vhdx_ms_guid item_id; /* What the item is; unique together with IsUser. */
  uint32_t offset; /* Where the item starts, from the start of the metadata region; 0 for an empty item. In bytes. */
  uint32_t length; /* Size of the item, at most 1 MiB; 0 for an item that is present but empty. In bytes. */
  uint32_t word;
  uint32_t reserved2; /* Zero. */
};
/* The item belongs to the user, not to the format. */
#define VHDX_METADATA_TABLE_ENTRY_IS_USER_SHIFT 0
#define VHDX_METADATA_TABLE_ENTRY_IS_USER_MASK UINT32_C(0x00000001)
/* The item describes the virtual disk and goes along to differencing children. */
#define VHDX_METADATA_TABLE_ENTRY_IS_VIRTUAL_DISK_SHIFT 1
#define VHDX_METADATA_TABLE_ENTRY_IS_VIRTUAL_DISK_MASK UINT32_C(0x00000002)
/* Who does not know the item must refuse the file. */
#define VHDX_METADATA_TABLE_ENTRY_IS_REQUIRED_SHIFT 2
#define VHDX_METADATA_TABLE_ENTRY_IS_REQUIRED_MASK UINT32_C(0x00000004)
/* Zero. */
#define VHDX_METADATA_TABLE_ENTRY_RESERVED_SHIFT 3
#define VHDX_METADATA_TABLE_ENTRY_RESERVED_MASK UINT32_C(0xFFFFFFF8)

/* The start of a packed image: a file as what is written into zeros, small without a compressor. Operations follow to the end, each with its bytes. No part of VHDX: seeds of fuzzers and the conformance suite are stored so. Seeds have literals only; the suite has more operations. Later ones write over earlier ones, and what none writes is zero. Packed image 1 */
struct vhdx_packed_image {
  uint8_t magic[8]; /* The characters "VHDXOPS1". */
  uint64_t file_length; /* Length of the file. In bytes. */
};

/* What an operation does, and where. Its bytes follow. Packed image 1 */
struct vhdx_packed_run {
  uint8_t kind[1]; /* The letter of the operation, "L" for a literal. */
  uint64_t offset; /* File offset of the first byte that it writes. In bytes. */
  uint64_t length; /* How many bytes it writes. In bytes. */
};

/* The first 20 bytes of the item. MS-VHDX 2.6.2.6.1 */
struct vhdx_parent_locator_header {
  struct vhdx_ms_guid locator_type; /* Says which keys to expect. */
  uint16_t reserved; /* Zero. */
  uint16_t key_value_count; /* Number of entries that follow. In pairs. */
};

/* Says where the strings of one pair lie. MS-VHDX 2.6.2.6.2 */
struct vhdx_parent_locator_entry {
  uint32_t key_offset; /* Where the key starts, from the start of the item. In bytes. */
  uint32_t value_offset; /* Where the value starts, from the start of the item. In bytes. */
  uint16_t key_length; /* Size of the key. In bytes. */
  uint16_t value_length; /* Size of the value. In bytes. */
};

/* The first 16 bytes of a region table. MS-VHDX 2.2.3.1 */
struct vhdx_region_table_header {
  uint8_t signature[4]; /* The characters "regi". */
  uint32_t checksum; /* CRC-32C of the whole 64 KiB, these four bytes taken as zero. */
  uint32_t entry_count; /* Number of entries that follow, at most 2047. In entries. */
  uint32_t reserved; /* Zero; ignored. */
};

/* Names one region and says where it lies. MS-VHDX 2.2.3.2 */
struct vhdx_region_table_entry {
  struct vhdx_ms_guid guid; /* What the region holds; unique in the table. */
  uint64_t file_offset; /* File offset of the region, a multiple of 1 MiB, at least 1 MiB. In bytes. */
  uint32_t length; /* Size of the region, a multiple of 1 MiB. In bytes. */
  uint32_t word;
};
/* Who does not know the region's GUID must refuse the file. */
#define VHDX_REGION_TABLE_ENTRY_REQUIRED_SHIFT 0
#define VHDX_REGION_TABLE_ENTRY_REQUIRED_MASK UINT32_C(0x00000001)
/* Zero in every file seen; the specification shows Required as a whole word. */
#define VHDX_REGION_TABLE_ENTRY_RESERVED_SHIFT 1
#define VHDX_REGION_TABLE_ENTRY_RESERVED_MASK UINT32_C(0xFFFFFFFE)

/* The last 512 bytes of a fixed VHD, the older format: before them stands the disk, byte for byte. No part of a VHDX; it is here because disks are converted to it. Unlike everything in VHDX its integers are big-endian. VHD 1.0 */
struct vhdx_vhd_footer {
  uint8_t cookie[8]; /* The characters "conectix". */
  uint32_t features; /* Bit 1 is always set; bit 0 says that the disk is temporary. */
  uint32_t format_version; /* Major version in the upper, minor version in the lower 16 bits. */
  uint64_t data_offset; /* File offset of the next structure; all bits set where there is none, as in a fixed disk. In bytes. */
  uint32_t time_stamp; /* When the disk was made, since the beginning of 2000 in UTC. In seconds. */
  uint8_t creator_application[4]; /* Which program made the disk. */
  uint32_t creator_version; /* Version of that program. */
  uint8_t creator_host_os[4]; /* On which system it was made. */
  uint64_t original_size; /* Size of the disk when it was made. In bytes. */
  uint64_t current_size; /* Size of the disk. In bytes. */
  uint16_t cylinders; /* Cylinders of the geometry that an old BIOS is shown. */
  uint8_t heads; /* Heads of that geometry. */
  uint8_t sectors_per_track; /* Sectors per track of that geometry. */
  uint32_t disk_type; /* 2 for a fixed disk. */
  uint32_t checksum; /* Complement of the sum of all 512 bytes, this field taken as zero. */
  uint8_t unique_id[16]; /* Identity of the disk. */
  uint8_t saved_state; /* 1 where a machine was saved in the middle of its work. */
  uint8_t reserved[427]; /* Zero. */
};

#pragma pack(pop)

VHDX_STATIC_ASSERT(sizeof(struct vhdx_bat_entry) == 8, "size of bat_entry");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_bat_entry, word) == 0, "offset of bat_entry.word");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_file_identifier) == 65536, "size of file_identifier");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_file_identifier, signature) == 0, "offset of file_identifier.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_file_identifier, creator) == 8, "offset of file_identifier.creator");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_file_identifier, reserved) == 520, "offset of file_identifier.reserved");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_ms_guid) == 16, "size of ms_guid");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_ms_guid, raw) == 0, "offset of ms_guid.raw");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_header) == 4096, "size of header");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, signature) == 0, "offset of header.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, checksum) == 4, "offset of header.checksum");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, sequence_number) == 8, "offset of header.sequence_number");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, file_write_guid) == 16, "offset of header.file_write_guid");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, data_write_guid) == 32, "offset of header.data_write_guid");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, log_guid) == 48, "offset of header.log_guid");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, log_version) == 64, "offset of header.log_version");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, version) == 66, "offset of header.version");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, log_length) == 68, "offset of header.log_length");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, log_offset) == 72, "offset of header.log_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_header, reserved) == 80, "offset of header.reserved");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_log_entry_header) == 64, "size of log_entry_header");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, signature) == 0, "offset of log_entry_header.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, checksum) == 4, "offset of log_entry_header.checksum");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, entry_length) == 8, "offset of log_entry_header.entry_length");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, tail) == 12, "offset of log_entry_header.tail");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, sequence_number) == 16, "offset of log_entry_header.sequence_number");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, descriptor_count) == 24, "offset of log_entry_header.descriptor_count");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, reserved) == 28, "offset of log_entry_header.reserved");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, log_guid) == 32, "offset of log_entry_header.log_guid");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, flushed_file_offset) == 48, "offset of log_entry_header.flushed_file_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_log_entry_header, last_file_offset) == 56, "offset of log_entry_header.last_file_offset");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_zero_descriptor) == 32, "size of zero_descriptor");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_zero_descriptor, signature) == 0, "offset of zero_descriptor.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_zero_descriptor, reserved) == 4, "offset of zero_descriptor.reserved");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_zero_descriptor, zero_length) == 8, "offset of zero_descriptor.zero_length");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_zero_descriptor, file_offset) == 16, "offset of zero_descriptor.file_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_zero_descriptor, sequence_number) == 24, "offset of zero_descriptor.sequence_number");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_data_descriptor) == 32, "size of data_descriptor");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_descriptor, signature) == 0, "offset of data_descriptor.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_descriptor, trailing_bytes) == 4, "offset of data_descriptor.trailing_bytes");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_descriptor, leading_bytes) == 8, "offset of data_descriptor.leading_bytes");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_descriptor, file_offset) == 16, "offset of data_descriptor.file_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_descriptor, sequence_number) == 24, "offset of data_descriptor.sequence_number");

VHDX_STATIC_ASSERT(sizeof(union vhdx_log_descriptor) == 32, "size of log_descriptor");
VHDX_STATIC_ASSERT(offsetof(union vhdx_log_descriptor, zero) == 0, "offset of log_descriptor.zero");
VHDX_STATIC_ASSERT(offsetof(union vhdx_log_descriptor, data) == 0, "offset of log_descriptor.data");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_data_sector) == 4096, "size of data_sector");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_sector, signature) == 0, "offset of data_sector.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_sector, sequence_high) == 4, "offset of data_sector.sequence_high");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_sector, data) == 8, "offset of data_sector.data");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_data_sector, sequence_low) == 4092, "offset of data_sector.sequence_low");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_file_parameters) == 8, "size of file_parameters");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_file_parameters, block_size) == 0, "offset of file_parameters.block_size");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_file_parameters, word) == 4, "offset of file_parameters.word");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_virtual_disk_size) == 8, "size of virtual_disk_size");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_virtual_disk_size, virtual_disk_size) == 0, "offset of virtual_disk_size.virtual_disk_size");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_virtual_disk_id) == 16, "size of virtual_disk_id");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_virtual_disk_id, virtual_disk_id) == 0, "offset of virtual_disk_id.virtual_disk_id");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_logical_sector_size) == 4, "size of logical_sector_size");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_logical_sector_size, logical_sector_size) == 0, "offset of logical_sector_size.logical_sector_size");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_physical_sector_size) == 4, "size of physical_sector_size");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_physical_sector_size, physical_sector_size) == 0, "offset of physical_sector_size.physical_sector_size");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_chs_parameters) == 8, "size of chs_parameters");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_chs_parameters, heads_per_cylinder) == 0, "offset of chs_parameters.heads_per_cylinder");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_chs_parameters, sectors_per_track) == 4, "offset of chs_parameters.sectors_per_track");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_pmem_label_storage_area) == 28, "size of pmem_label_storage_area");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_pmem_label_storage_area, version) == 0, "offset of pmem_label_storage_area.version");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_pmem_label_storage_area, reserved) == 2, "offset of pmem_label_storage_area.reserved");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_pmem_label_storage_area, guid) == 4, "offset of pmem_label_storage_area.guid");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_pmem_label_storage_area, data_offset) == 20, "offset of pmem_label_storage_area.data_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_pmem_label_storage_area, data_length) == 24, "offset of pmem_label_storage_area.data_length");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_metadata_table_header) == 32, "size of metadata_table_header");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_header, signature) == 0, "offset of metadata_table_header.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_header, reserved) == 8, "offset of metadata_table_header.reserved");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_header, entry_count) == 10, "offset of metadata_table_header.entry_count");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_header, reserved2) == 12, "offset of metadata_table_header.reserved2");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_metadata_table_entry) == 32, "size of metadata_table_entry");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_entry, item_id) == 0, "offset of metadata_table_entry.item_id");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_entry, offset) == 16, "offset of metadata_table_entry.offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_entry, length) == 20, "offset of metadata_table_entry.length");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_entry, word) == 24, "offset of metadata_table_entry.word");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_metadata_table_entry, reserved2) == 28, "offset of metadata_table_entry.reserved2");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_packed_image) == 16, "size of packed_image");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_packed_image, magic) == 0, "offset of packed_image.magic");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_packed_image, file_length) == 8, "offset of packed_image.file_length");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_packed_run) == 17, "size of packed_run");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_packed_run, kind) == 0, "offset of packed_run.kind");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_packed_run, offset) == 1, "offset of packed_run.offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_packed_run, length) == 9, "offset of packed_run.length");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_parent_locator_header) == 20, "size of parent_locator_header");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_parent_locator_header, locator_type) == 0, "offset of parent_locator_header.locator_type");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_parent_locator_header, reserved) == 16, "offset of parent_locator_header.reserved");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_parent_locator_header, key_value_count) == 18, "offset of parent_locator_header.key_value_count");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_parent_locator_entry) == 12, "size of parent_locator_entry");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_parent_locator_entry, key_offset) == 0, "offset of parent_locator_entry.key_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_parent_locator_entry, value_offset) == 4, "offset of parent_locator_entry.value_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_parent_locator_entry, key_length) == 8, "offset of parent_locator_entry.key_length");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_parent_locator_entry, value_length) == 10, "offset of parent_locator_entry.value_length");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_region_table_header) == 16, "size of region_table_header");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_header, signature) == 0, "offset of region_table_header.signature");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_header, checksum) == 4, "offset of region_table_header.checksum");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_header, entry_count) == 8, "offset of region_table_header.entry_count");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_header, reserved) == 12, "offset of region_table_header.reserved");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_region_table_entry) == 32, "size of region_table_entry");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_entry, guid) == 0, "offset of region_table_entry.guid");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_entry, file_offset) == 16, "offset of region_table_entry.file_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_entry, length) == 24, "offset of region_table_entry.length");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_region_table_entry, word) == 28, "offset of region_table_entry.word");

VHDX_STATIC_ASSERT(sizeof(struct vhdx_vhd_footer) == 512, "size of vhd_footer");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, cookie) == 0, "offset of vhd_footer.cookie");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, features) == 8, "offset of vhd_footer.features");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, format_version) == 12, "offset of vhd_footer.format_version");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, data_offset) == 16, "offset of vhd_footer.data_offset");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, time_stamp) == 24, "offset of vhd_footer.time_stamp");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, creator_application) == 28, "offset of vhd_footer.creator_application");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, creator_version) == 32, "offset of vhd_footer.creator_version");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, creator_host_os) == 36, "offset of vhd_footer.creator_host_os");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, original_size) == 40, "offset of vhd_footer.original_size");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, current_size) == 48, "offset of vhd_footer.current_size");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, cylinders) == 56, "offset of vhd_footer.cylinders");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, heads) == 58, "offset of vhd_footer.heads");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, sectors_per_track) == 59, "offset of vhd_footer.sectors_per_track");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, disk_type) == 60, "offset of vhd_footer.disk_type");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, checksum) == 64, "offset of vhd_footer.checksum");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, unique_id) == 68, "offset of vhd_footer.unique_id");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, saved_state) == 84, "offset of vhd_footer.saved_state");
VHDX_STATIC_ASSERT(offsetof(struct vhdx_vhd_footer, reserved) == 85, "offset of vhd_footer.reserved");

#endif
