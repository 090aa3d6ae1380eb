// Package vhdx is the layout of VHDX: readers of byte slices, constants, and every rule that one structure can decide.
//
// It needs the standard library only. Whatever bytes are handed over, nothing panics: where they do not reach, the
// last result is false. A slice begins where the structure does and may be longer: Header(data).LogLength(). What is
// called streamSize is the size in bytes of what the structure lies in, where a rule asks for it: of a parent locator's
// header and entries, the whole item.
//
// Code generated from formats/ by `make generate`; DO NOT EDIT.
package vhdx

import (
	"bytes"
	"hash/crc32"
)

// Field is a field: its place in the structure in bytes (of the word, where it is bits of one) and its reader, which
// gives a bool, an unsigned integer, or bytes; of several elements, those of the first one.
type Field struct {
	Name         string
	Offset, Size int
	Read         func(b []byte) (value any, ok bool)
}

// Derived is what follows from fields.
type Derived struct {
	Name string
	Read func(b []byte, streamSize uint64) (value any, ok bool)
}

// Rule is a rule, by its id: does it hold, and can it be told?
type Rule struct {
	ID, Name string
	Holds    func(b []byte, streamSize uint64) (holds, ok bool)
}

// Structure is a structure as data, for programs that show all of it. A Size of 0 is not fixed.
type Structure struct {
	Name    string
	Size    int
	Fields  []Field
	Derived []Derived
	Rules   []Rule
}

func slice(b []byte, start, size int) ([]byte, bool) {
	if start < 0 || size < 0 || start > len(b) || size > len(b)-start {
		return nil, false
	}
	return b[start : start+size], true
}

func integer(b []byte, offset, bit, bits int, bigEndian bool) (uint64, bool) {
	part, ok := slice(b, offset, (bit+bits+7)/8)
	word := uint64(0)
	for index := range part {
		if !bigEndian {
			index = len(part) - 1 - index
		}
		word = word<<8 | uint64(part[index])
	}
	return word >> uint(bit) & (^uint64(0) >> uint(64-bits)), ok
}

func least(left, right int) int {
	if left < right {
		return left
	}
	return right
}

func choose(test bool, yes, no uint64) uint64 {
	if test {
		return yes
	}
	return no
}

func bytesAreZero(b []byte, ok bool) (holds, told bool) {
	return ok && len(bytes.Trim(b, "\x00")) == 0, ok
}

// CRC32C is the CRC-32C (Castagnoli) of bytes.
func CRC32C(b []byte) uint32 {
	return crc32.Checksum(b, crc32.MakeTable(uint32(Crc32cPolynomialReflected)))
}

func checksumIsRight(b []byte, start int, size uint64, told bool) (holds, ok bool) {
	stored, ok := integer(b, start, 0, 32, false)
	if !told || !ok || size > uint64(len(b)) || size < uint64(start+4) {
		return false, false
	}
	covered := append([]byte(nil), b[:size]...)
	copy(covered[start:], make([]byte, 4))
	return uint64(CRC32C(covered)) == stored, true
}

// BatStateMask: Bits of an entry that hold its state.
const BatStateMask uint64 = 7

// BatFileOffsetMask: Bits of an entry that, taken where they stand, are the block's file offset in bytes.
const BatFileOffsetMask uint64 = 0xFFFFFFFFFFF00000

// BatFileOffsetBit: Lowest bit of FileOffsetMB in an entry; the bits below count parts of a MiB.
const BatFileOffsetBit uint64 = 20

// FileOffsetMbUsualMax: Largest FileOffsetMB that a known implementation (openvmm) accepts, 256 TiB less 1 MiB.
const FileOffsetMbUsualMax uint64 = 0xFFFFFFF

// SectorsPerChunk: Logical sectors that one sector bitmap block describes (2^23), and thereby the size of a chunk.
const SectorsPerChunk uint64 = 0x800000

// SectorBitmapBlockSize: Size of a sector bitmap block, one bit a sector of the chunk.
const SectorBitmapBlockSize uint64 = 0x100000

// ChunkSize512: Virtual bytes of a chunk with sectors of 512 bytes (sectors_per_chunk × sector size).
const ChunkSize512 uint64 = 0x100000000

// ChunkSize4096: Virtual bytes of a chunk with sectors of 4096 bytes.
const ChunkSize4096 uint64 = 0x800000000

// ChunkRatioMin: Fewest payload blocks in a chunk. Chunk ratio = chunk size / block size, a power of two.
const ChunkRatioMin uint64 = 16

// ChunkRatioMax: Most payload blocks in a chunk (sectors of 4096 bytes, blocks of 1 MiB).
const ChunkRatioMax uint64 = 32768

// SectorsPerBlockMin: Fewest logical sectors in a payload block (block size / sector size).
const SectorsPerBlockMin uint64 = 256

// SectorsPerBlockMax: Most logical sectors in a payload block.
const SectorsPerBlockMax uint64 = 0x80000

// PayloadBlocksMax: Most payload blocks of a disk. Payload blocks = disk size / block size, rounded up.
const PayloadBlocksMax uint64 = 0x4000000

// BitmapBlocksMax: Most sector bitmap blocks. Bitmap blocks = payload blocks / chunk ratio, rounded up.
const BitmapBlocksMax uint64 = 16384

// BatEntriesMax: Entries of the largest table there can be (64 TiB, 1 MiB blocks, 512-byte sectors, differencing).
const BatEntriesMax uint64 = 0x4004000

// BatRegionUsualMax: Largest BAT region that a known implementation (openvmm) accepts, 513 MiB.
const BatRegionUsualMax uint64 = 0x20100000

// QemuBlockStateZeroDefault: QEMU creates fixed files whose blocks are all in state zero unless told otherwise.
const QemuBlockStateZeroDefault uint64 = 1

// FileSignature: Marks a VHDX file, in reading order; as a little-endian integer 0x656C696678646876.
var FileSignature = []byte("vhdxfile")

// HeaderSignature: Marks a header, in reading order; as a little-endian integer 0x64616568.
var HeaderSignature = []byte("head")

// HeaderVersion: The only version of the file format there is.
const HeaderVersion uint64 = 1

// LogVersion: The only version of the log format there is.
const LogVersion uint64 = 0

// LogLengthUsualMax: Largest log that a known implementation (openvmm) accepts; the field could say 4095 MiB.
const LogLengthUsualMax uint64 = 0x40000000

// SequenceNumberMax: A header that carries it cannot be followed by another one.
const SequenceNumberMax uint64 = 0xFFFFFFFFFFFFFFFF

// LogEntrySignature: Marks a log entry, in reading order; as a little-endian integer 0x65676F6C.
var LogEntrySignature = []byte("loge")

// ZeroDescriptorSignature: Marks a zero descriptor, in reading order; as a little-endian integer 0x6F72657A.
var ZeroDescriptorSignature = []byte("zero")

// DataDescriptorSignature: Marks a data descriptor, in reading order; as a little-endian integer 0x63736564.
var DataDescriptorSignature = []byte("desc")

// DataSectorSignature: Marks a data sector, in reading order; as a little-endian integer 0x61746164.
var DataSectorSignature = []byte("data")

// LogSectorSize: Granularity of the log, and the size of what one data descriptor updates.
const LogSectorSize uint64 = 4096

// LogEntryHeaderSize: Size of a log entry header.
const LogEntryHeaderSize uint64 = 64

// LogDescriptorSize: Size of either kind of descriptor.
const LogDescriptorSize uint64 = 32

// LogDescriptorsFirstSector: Descriptors that fit behind the header in the first descriptor sector of an entry.
const LogDescriptorsFirstSector uint64 = 126

// LogDescriptorsPerSector: Descriptors that fit into each further descriptor sector.
const LogDescriptorsPerSector uint64 = 128

// LogSizeMin: Granularity of the log area's size, and thereby the smallest log.
const LogSizeMin uint64 = 0x100000

// LogSizeDefault: Log that writers make when nobody asks for another (Hyper-V, QEMU).
const LogSizeDefault uint64 = 0x100000

// LogWorkFactor: A bound of this project. A scan computes checksums over at most this many times the log's length.
const LogWorkFactor uint64 = 16

// LogTargetEndMax: A bound of this project. No update may reach past 2^63, where file offsets of operating systems end.
const LogTargetEndMax uint64 = 0x8000000000000000

// LogGrowthMax: A bound of this project. A replay may make the file longer by this at most, as much as the largest disk.
const LogGrowthMax uint64 = 0x400000000000

// BlockSizeMin: Smallest payload block.
const BlockSizeMin uint64 = 0x100000

// BlockSizeMax: Largest payload block.
const BlockSizeMax uint64 = 0x10000000

// BlockSizeDefaultDynamic: Payload block that Hyper-V gives dynamic files.
const BlockSizeDefaultDynamic uint64 = 0x2000000

// BlockSizeDefaultOther: Payload block that Hyper-V gives fixed and differencing files.
const BlockSizeDefaultOther uint64 = 0x200000

// QemuBlockSizeUpTo1Gib: Payload block that QEMU gives disks of up to 1 GiB.
const QemuBlockSizeUpTo1Gib uint64 = 0x800000

// QemuBlockSizeUpTo100Gib: Payload block that QEMU gives larger disks, up to 100 GiB.
const QemuBlockSizeUpTo100Gib uint64 = 0x1000000

// QemuBlockSizeUpTo32Tib: Payload block that QEMU gives larger disks, up to 32 TiB.
const QemuBlockSizeUpTo32Tib uint64 = 0x2000000

// QemuBlockSizeAbove32Tib: Payload block that QEMU gives the largest disks.
const QemuBlockSizeAbove32Tib uint64 = 0x4000000

// QemuSubformatDefault: File type that QEMU makes; the other it knows is fixed.
var QemuSubformatDefault = []byte("dynamic")

// VirtualDiskSizeMax: Largest virtual disk, 64 TiB.
const VirtualDiskSizeMax uint64 = 0x400000000000

// SectorSize512: One of the two sector sizes.
const SectorSize512 uint64 = 512

// SectorSize4096: The other of the two sector sizes.
const SectorSize4096 uint64 = 4096

// PhysicalSectorSizeDefault: What Hyper-V writes, and what a reader may assume when the item is missing.
const PhysicalSectorSizeDefault uint64 = 4096

// QemuPhysicalSectorSizeDefault: What QEMU writes.
const QemuPhysicalSectorSizeDefault uint64 = 512

// MetadataSignature: Marks a metadata table, in reading order; as a little-endian integer 0x617461646174656D.
var MetadataSignature = []byte("metadata")

// MetadataEntriesMax: Entries that fit behind the 32-byte header in 64 KiB.
const MetadataEntriesMax uint64 = 2047

// MetadataEntrySize: Size of a metadata table entry.
const MetadataEntrySize uint64 = 32

// ItemFlagsOfFile: Flag word of the file parameters and the parent locator (IsRequired).
const ItemFlagsOfFile uint64 = 4

// ItemFlagsOfDisk: Flag word of the four items that describe the virtual disk (IsRequired, IsVirtualDisk).
const ItemFlagsOfDisk uint64 = 6

// MetadataTableSize: Size of the table; items start behind it.
const MetadataTableSize uint64 = 0x10000

// MetadataItemLengthMax: Largest item.
const MetadataItemLengthMax uint64 = 0x100000

// MetadataUserEntriesMax: Most entries that may be user items.
const MetadataUserEntriesMax uint64 = 1024

// MetadataSystemEntriesUsualMax: Most system entries that a known implementation (openvmm) accepts.
const MetadataSystemEntriesUsualMax uint64 = 1023

// MetadataRegionUsualMax: Largest metadata region that a known implementation (openvmm) accepts.
const MetadataRegionUsualMax uint64 = 0x8000000

// MetadataCategoryUsualMax: Most bytes of user items, and of system items, that a known implementation (openvmm) accepts.
const MetadataCategoryUsualMax uint64 = 0x2800000

// PackedMagic: Marks a packed image, in reading order.
var PackedMagic = []byte("VHDXOPS1")

// PackedLiteral: The operation that writes the bytes that follow it.
var PackedLiteral = []byte("L")

// PackedSeedSizeMax: A bound of this project. A seed that makes a longer file is refused unless the caller allows it.
const PackedSeedSizeMax uint64 = 0x4000000

// KeyParentLinkage: Key. DataWriteGuid that the parent must have, as text in braces.
var KeyParentLinkage = []byte("parent_linkage")

// KeyParentLinkage2: Key. A second DataWriteGuid that may match while a merge is under way. Hyper-V always writes it, as nil.
var KeyParentLinkage2 = []byte("parent_linkage2")

// KeyRelativePath: Key. Path of the parent from the child's folder.
var KeyRelativePath = []byte("relative_path")

// KeyVolumePath: Key. Path of the parent from a volume named by its GUID.
var KeyVolumePath = []byte("volume_path")

// KeyAbsoluteWin32Path: Key. Absolute Windows path of the parent.
var KeyAbsoluteWin32Path = []byte("absolute_win32_path")

// ParentLocatorHeaderSize: Size of the locator's header.
const ParentLocatorHeaderSize uint64 = 20

// ParentLocatorEntrySize: Size of an entry.
const ParentLocatorEntrySize uint64 = 12

// LocatorPairsUsualMax: Most pairs that a known implementation (openvmm) accepts.
const LocatorPairsUsualMax uint64 = 256

// ChainDepthMax: A bound of this project (and of openvmm). Longer chains are refused.
const ChainDepthMax uint64 = 256

// RegionSignature: Marks a region table, in reading order; as a little-endian integer 0x69676572.
var RegionSignature = []byte("regi")

// RegionEntriesMax: Entries that fit behind the 16-byte header in 64 KiB.
const RegionEntriesMax uint64 = 2047

// VhdCookie: Marks a VHD, in reading order.
var VhdCookie = []byte("conectix")

// VhdFeatures: Features of every VHD, a bit that is always set and no other.
const VhdFeatures uint64 = 2

// VhdVersion: Version 1.0 of the format.
const VhdVersion uint64 = 0x10000

// VhdNoDataOffset: DataOffset of a fixed disk, which has no other header.
const VhdNoDataOffset uint64 = 0xFFFFFFFFFFFFFFFF

// VhdEpoch: When time stamps begin, 1 January 2000 UTC, in seconds since 1970.
const VhdEpoch uint64 = 0x386D4380

// VhdCreatorApplication: Creator of disks that Windows makes. QEMU takes the size from CurrentSize for this one and a few others only, else from the geometry.
var VhdCreatorApplication = []byte("win ")

// VhdCreatorHostOs: Host of disks that Windows makes.
var VhdCreatorHostOs = []byte("Wi2k")

// VhdTypeFixed: Type of a fixed disk.
const VhdTypeFixed uint64 = 2

// VhdSizeMax: Largest disk that Hyper-V takes in a VHD, 2040 GiB.
const VhdSizeMax uint64 = 0x1FE00000000

// VhdSizeUnit: Azure takes disks of a whole number of MiB only. Hyper-V makes no others.
const VhdSizeUnit uint64 = 0x100000

// VhdSectorSize: Sector of every VHD.
const VhdSectorSize uint64 = 512

// VhdCylindersMax: Most cylinders that a geometry can have.
const VhdCylindersMax uint64 = 65535

// VhdHeadsMax: Most heads of a geometry.
const VhdHeadsMax uint64 = 16

// VhdHeadsMin: Fewest heads of a geometry.
const VhdHeadsMin uint64 = 4

// VhdSectorsPerTrackSmall: Sectors in a track of a geometry that small disks get.
const VhdSectorsPerTrackSmall uint64 = 17

// VhdSectorsPerTrackMedium: Sectors in a track of a geometry for disks too large for the small ones.
const VhdSectorsPerTrackMedium uint64 = 31

// VhdSectorsPerTrackLarge: Sectors in a track of a geometry for disks too large for the medium ones.
const VhdSectorsPerTrackLarge uint64 = 63

// VhdSectorsPerTrackMax: Sectors in a track of a geometry for the largest disks.
const VhdSectorsPerTrackMax uint64 = 255

// VhdCylindersSmall: A disk of as many cylinders, or more, gets longer tracks, but for the longest.
const VhdCylindersSmall uint64 = 1024

// HeaderSlotSize: Size of each of the five slots at the start of the file.
const HeaderSlotSize uint64 = 0x10000

// HeaderSize: Bytes of a header slot that the header fills and its checksum covers.
const HeaderSize uint64 = 4096

// FileIdentifierOffset: File offset of the file type identifier.
const FileIdentifierOffset uint64 = 0

// Header1Offset: File offset of header 1.
const Header1Offset uint64 = 0x10000

// Header2Offset: File offset of header 2.
const Header2Offset uint64 = 0x20000

// RegionTable1Offset: File offset of the first region table; the log may write from here on, never below.
const RegionTable1Offset uint64 = 0x30000

// RegionTable2Offset: File offset of the second region table.
const RegionTable2Offset uint64 = 0x40000

// RegionTableSize: Size of a region table.
const RegionTableSize uint64 = 0x10000

// HeaderSectionUsed: Where the second region table ends; the shortest file whose region tables can both be read.
const HeaderSectionUsed uint64 = 0x50000

// HeaderSectionSize: Size of the header section; everything else lies behind it.
const HeaderSectionSize uint64 = 0x100000

// ObjectAlignment: Everything behind the header section starts at a multiple of this.
const ObjectAlignment uint64 = 0x100000

// LogOffsetUsual: Where Hyper-V and openvmm put the log. Nothing demands it.
const LogOffsetUsual uint64 = 0x100000

// MetadataOffsetUsual: Where Hyper-V and openvmm put the metadata region. Nothing demands it.
const MetadataOffsetUsual uint64 = 0x200000

// BatOffsetUsual: Where Hyper-V and openvmm put the BAT region; blocks follow. Nothing demands it.
const BatOffsetUsual uint64 = 0x300000

// Crc32cPolynomial: Polynomial of CRC-32C (Castagnoli), which all checksums here are, highest power first.
const Crc32cPolynomial uint64 = 0x1EDC6F41

// Crc32cPolynomialReflected: The same polynomial, lowest power first, as programs that shift right use it.
const Crc32cPolynomialReflected uint64 = 0x82F63B78

// Crc32cInitial: What a CRC-32C starts from, and what its result is combined with (exclusive or) at the end.
const Crc32cInitial uint64 = 0xFFFFFFFF

// Crc32cCheck: CRC-32C of the nine characters 123456789, to test an implementation with.
const Crc32cCheck uint64 = 0xE3069283

// FileParametersGuid: CAA16737-FA36-4D43-B3B6-33F0AA44E76B: Block size and file type.
var FileParametersGuid = [16]byte{0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7, 0x6B}

// VirtualDiskSizeGuid: 2FA54224-CD1B-4876-B211-5DBED83BF4B8: Size of the virtual disk.
var VirtualDiskSizeGuid = [16]byte{0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8}

// VirtualDiskIdGuid: BECA12AB-B2E6-4523-93EF-C309E000C746: Identity of the virtual disk as SCSI shows it.
var VirtualDiskIdGuid = [16]byte{0xAB, 0x12, 0xCA, 0xBE, 0xE6, 0xB2, 0x23, 0x45, 0x93, 0xEF, 0xC3, 0x09, 0xE0, 0x00, 0xC7, 0x46}

// LogicalSectorSizeGuid: 8141BF1D-A96F-4709-BA47-F233A8FAAB5F: Sector size that the guest addresses.
var LogicalSectorSizeGuid = [16]byte{0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB, 0x5F}

// PhysicalSectorSizeGuid: CDA348C7-445D-4471-9CC9-E9885251C556: Sector size that the guest is told the medium has.
var PhysicalSectorSizeGuid = [16]byte{0xC7, 0x48, 0xA3, 0xCD, 0x5D, 0x44, 0x71, 0x44, 0x9C, 0xC9, 0xE9, 0x88, 0x52, 0x51, 0xC5, 0x56}

// ParentLocatorGuid: A8D35F2D-B30B-454D-ABF7-D3D84834AB0C: How a differencing file finds its parent.
var ParentLocatorGuid = [16]byte{0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB, 0x0C}

// ChsParametersGuid: DA02D7BC-3D3A-423C-AC88-2A36AB21479B: Disk geometry as cylinders, heads and sectors; known from openvmm only.
var ChsParametersGuid = [16]byte{0xBC, 0xD7, 0x02, 0xDA, 0x3A, 0x3D, 0x3C, 0x42, 0xAC, 0x88, 0x2A, 0x36, 0xAB, 0x21, 0x47, 0x9B}

// IncompleteFileMarkerGuid: 71CC85F0-1B69-4E28-9558-C3BF83AE75D3: Empty item, present while the file is still being created; known from openvmm only.
var IncompleteFileMarkerGuid = [16]byte{0xF0, 0x85, 0xCC, 0x71, 0x69, 0x1B, 0x28, 0x4E, 0x95, 0x58, 0xC3, 0xBF, 0x83, 0xAE, 0x75, 0xD3}

// PmemLabelStorageAreaGuid: 10E1AE8A-4B7E-4169-A40F-CD70DE928393: Label storage of a virtual persistent memory device; known from openvmm only.
var PmemLabelStorageAreaGuid = [16]byte{0x8A, 0xAE, 0xE1, 0x10, 0x7E, 0x4B, 0x69, 0x41, 0xA4, 0x0F, 0xCD, 0x70, 0xDE, 0x92, 0x83, 0x93}

// VhdxLocatorTypeGuid: B04AEFB7-D19E-4A81-B789-25B8E9445913: The locator type whose keys the specification defines.
var VhdxLocatorTypeGuid = [16]byte{0xB7, 0xEF, 0x4A, 0xB0, 0x9E, 0xD1, 0x81, 0x4A, 0xB7, 0x89, 0x25, 0xB8, 0xE9, 0x44, 0x59, 0x13}

// BatRegionGuid: 2DC27766-F623-4200-9D64-115E9BFD4A08: The region that holds the block allocation table.
var BatRegionGuid = [16]byte{0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42, 0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08}

// MetadataRegionGuid: 8B7CA206-4790-4B9A-B8FE-575F050F886E: The region that holds the metadata table and its items.
var MetadataRegionGuid = [16]byte{0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E}

// PlaceOfFileIdentifier: File offset of this structure, a `file_identifier`.
const PlaceOfFileIdentifier uint64 = 0

// PlaceOfHeader1: File offset of this structure, a `header`.
const PlaceOfHeader1 uint64 = 0x10000

// PlaceOfHeader2: File offset of this structure, a `header`.
const PlaceOfHeader2 uint64 = 0x20000

// PlaceOfRegionTable1: File offset of this structure, a `region_table`.
const PlaceOfRegionTable1 uint64 = 0x30000

// PlaceOfRegionTable2: File offset of this structure, a `region_table`.
const PlaceOfRegionTable2 uint64 = 0x40000

// PayloadBlockStateNotPresent: Never written. A differencing file asks its parent; others read zeros.
const PayloadBlockStateNotPresent uint32 = 0

// PayloadBlockStateUndefined: Contents arbitrary; never the parent's. Zeros here.
const PayloadBlockStateUndefined uint32 = 1

// PayloadBlockStateZero: Zeros; never the parent's.
const PayloadBlockStateZero uint32 = 2

// PayloadBlockStateUnmapped: Discarded by the guest; never the parent's. Zeros here.
const PayloadBlockStateUnmapped uint32 = 3

// PayloadBlockStateUnmappedV095: The number that draft 0.95 gave to unmapped; reserved since.
const PayloadBlockStateUnmappedV095 uint32 = 5

// PayloadBlockStateFullyPresent: The whole block is in this file; the sector bitmap is not asked.
const PayloadBlockStateFullyPresent uint32 = 6

// PayloadBlockStatePartiallyPresent: Sector by sector in this file or the parent, as the sector bitmap says. Differencing files only.
const PayloadBlockStatePartiallyPresent uint32 = 7

// SectorBitmapBlockStateNotPresent: The chunk has no sector bitmap block.
const SectorBitmapBlockStateNotPresent uint32 = 0

// SectorBitmapBlockStatePresent: The chunk's sector bitmap block is in this file. Differencing files only.
const SectorBitmapBlockStatePresent uint32 = 6

// BatEntry: One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry for the chunk's sector bitmap block; the word is the same, the meaning of its state is not. MS-VHDX 2.5.1
type BatEntry []byte

// State: What the block holds; see the two enumerations.
func (b BatEntry) State() (value uint8, ok bool) {
	word, ok := integer(b, 0, 0, 3, false)
	return uint8(word), ok
}

// Reserved: Zero.
func (b BatEntry) Reserved() (value uint32, ok bool) {
	word, ok := integer(b, 0, 3, 17, false)
	return uint32(word), ok
}

// FileOffsetMbLow: Low 12 bits of FileOffsetMB. Split, because not every Kaitai target reads bit fields wider than 32 bits.
func (b BatEntry) FileOffsetMbLow() (value uint16, ok bool) {
	word, ok := integer(b, 0, 20, 12, false)
	return uint16(word), ok
}

// FileOffsetMbHigh: High 32 bits of FileOffsetMB.
func (b BatEntry) FileOffsetMbHigh() (value uint32, ok bool) {
	word, ok := integer(b, 0, 32, 32, false)
	return uint32(word), ok
}

// FileOffsetMb: File offset of the block in MiB; reserved in states that hold no data.
func (b BatEntry) FileOffsetMb() (value uint64, ok bool) {
	fileOffsetMbHigh, ok := b.FileOffsetMbHigh()
	if !ok {
		return value, false
	}
	fileOffsetMbLow, ok := b.FileOffsetMbLow()
	if !ok {
		return value, false
	}
	return (uint64(fileOffsetMbHigh) * 4096) + uint64(fileOffsetMbLow), true
}

// IsAllocated: The entry's file offset counts. State 6 means so of both kinds of entry.
func (b BatEntry) IsAllocated() (value bool, ok bool) {
	state, ok := b.State()
	if !ok {
		return value, false
	}
	return (uint64(state) == 6) || (uint64(state) == 7), true
}

// ReservedIsZero: Bits 3 to 19 of an entry are zero.
func (b BatEntry) ReservedIsZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// PayloadStateIsDefined: The state of a payload block is one that the specification defines: 4 and 5 are not.
func (b BatEntry) PayloadStateIsDefined() (value bool, ok bool) {
	state, ok := b.State()
	if !ok {
		return value, false
	}
	return (uint64(state) != 4) && (uint64(state) != 5), true
}

// NotPartiallyPresent: Only a differencing file has partially present blocks.
func (b BatEntry) NotPartiallyPresent() (value bool, ok bool) {
	state, ok := b.State()
	if !ok {
		return value, false
	}
	return uint64(state) != 7, true
}

// AllocatedOffsetIsSet: A block that is in the file lies at 1 MiB or later; offset 0 is no place.
func (b BatEntry) AllocatedOffsetIsSet() (value bool, ok bool) {
	fileOffsetMb, ok := b.FileOffsetMb()
	if !ok {
		return value, false
	}
	isAllocated, ok := b.IsAllocated()
	if !ok {
		return value, false
	}
	return !isAllocated || (fileOffsetMb >= 1), true
}

// SectorBitmapStateIsDefined: The state of a sector bitmap block is 0 or 6.
func (b BatEntry) SectorBitmapStateIsDefined() (value bool, ok bool) {
	state, ok := b.State()
	if !ok {
		return value, false
	}
	return (uint64(state) == 0) || (uint64(state) == 6), true
}

// SectorBitmapIsAbsent: Only a differencing file has sector bitmap blocks.
func (b BatEntry) SectorBitmapIsAbsent() (value bool, ok bool) {
	state, ok := b.State()
	if !ok {
		return value, false
	}
	return uint64(state) == 0, true
}

// UnusedOffsetIsZero: An entry of a block that is not present, or zero, has no file offset.
func (b BatEntry) UnusedOffsetIsZero() (value bool, ok bool) {
	fileOffsetMb, ok := b.FileOffsetMb()
	if !ok {
		return value, false
	}
	state, ok := b.State()
	if !ok {
		return value, false
	}
	return (fileOffsetMb == 0) || ((uint64(state) != 0) && (uint64(state) != 2)), true
}

// FixedIsPresent: In a fixed file every block is fully present. Others are tolerated; qemu-img makes them.
func (b BatEntry) FixedIsPresent() (value bool, ok bool) {
	state, ok := b.State()
	if !ok {
		return value, false
	}
	return uint64(state) == 6, true
}

// FileIdentifier: The first 64 KiB of the file. It is written once, when the file is created, and never again. MS-VHDX 2.2.1
type FileIdentifier []byte

// Signature: The characters "vhdxfile".
func (b FileIdentifier) Signature() (value []byte, ok bool) {
	return slice(b, 0, 8)
}

// Creator: Name of the program that made the file, UTF-16LE, ended by a NUL or by the field's end. Diagnostic only.
func (b FileIdentifier) Creator() (value []byte, ok bool) {
	return slice(b, 8, 512)
}

// Reserved: Rest of the 64 KiB slot.
func (b FileIdentifier) Reserved() (value []byte, ok bool) {
	return slice(b, 520, 65016)
}

// SignatureIsVhdxfile: The file begins with the eight characters "vhdxfile".
func (b FileIdentifier) SignatureIsVhdxfile() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, FileSignature), true
}

// ReservedBytesAreZero: Behind Creator the slot of 64 KiB is zero.
func (b FileIdentifier) ReservedBytesAreZero() (value bool, ok bool) {
	return bytesAreZero(b.Reserved())
}

// Header: One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number is current. MS-VHDX 2.2.2
type Header []byte

// Signature: The characters "head".
func (b Header) Signature() (value []byte, ok bool) {
	return slice(b, 0, 4)
}

// Checksum: CRC-32C of the 4096 bytes of the header, these four taken as zero.
func (b Header) Checksum() (value uint32, ok bool) {
	word, ok := integer(b, 4, 0, 32, false)
	return uint32(word), ok
}

// SequenceNumber: Counts header updates; decides which of two valid headers is current.
func (b Header) SequenceNumber() (value uint64, ok bool) {
	return integer(b, 8, 0, 64, false)
}

// FileWriteGuid: Identity of the file as it lies on disk. A session that writes changes it before anything else.
func (b Header) FileWriteGuid() (value []byte, ok bool) {
	return slice(b, 16, 16)
}

// DataWriteGuid: Identity of what the guest can see; a differencing child names its parent by it.
func (b Header) DataWriteGuid() (value []byte, ok bool) {
	return slice(b, 32, 16)
}

// LogGuid: Nil when there is nothing to replay; otherwise only log entries that carry it count.
func (b Header) LogGuid() (value []byte, ok bool) {
	return slice(b, 48, 16)
}

// LogVersion: Version of the log format, 0.
func (b Header) LogVersion() (value uint16, ok bool) {
	word, ok := integer(b, 64, 0, 16, false)
	return uint16(word), ok
}

// Version: Version of the file format, 1.
func (b Header) Version() (value uint16, ok bool) {
	word, ok := integer(b, 66, 0, 16, false)
	return uint16(word), ok
}

// LogLength: Size of the log area, a multiple of 1 MiB.
func (b Header) LogLength() (value uint32, ok bool) {
	word, ok := integer(b, 68, 0, 32, false)
	return uint32(word), ok
}

// LogOffset: File offset of the log area, a multiple of 1 MiB.
func (b Header) LogOffset() (value uint64, ok bool) {
	return integer(b, 72, 0, 64, false)
}

// Reserved: Rest of the header; ignored, but covered by the checksum.
func (b Header) Reserved() (value []byte, ok bool) {
	return slice(b, 80, 4016)
}

// SignatureIsHead: The slot begins with the four characters "head".
func (b Header) SignatureIsHead() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, HeaderSignature), true
}

// VersionIsSupported: The file format is version 1.
func (b Header) VersionIsSupported() (value bool, ok bool) {
	version, ok := b.Version()
	if !ok {
		return value, false
	}
	return uint64(version) == HeaderVersion, true
}

// LogVersionIsSupported: The log format is version 0. It matters only when there is a log to replay.
func (b Header) LogVersionIsSupported() (value bool, ok bool) {
	logVersion, ok := b.LogVersion()
	if !ok {
		return value, false
	}
	return uint64(logVersion) == LogVersion, true
}

// LogLengthIsAligned: The log's size is a whole number of MiB, 0 included.
func (b Header) LogLengthIsAligned() (value bool, ok bool) {
	logLength, ok := b.LogLength()
	if !ok {
		return value, false
	}
	return (uint64(logLength) % ObjectAlignment) == 0, true
}

// LogOffsetIsAligned: The log starts at a whole number of MiB.
func (b Header) LogOffsetIsAligned() (value bool, ok bool) {
	logOffset, ok := b.LogOffset()
	if !ok {
		return value, false
	}
	return (logOffset % ObjectAlignment) == 0, true
}

// LogIsAfterHeaderSection: A log that has a size lies behind the header section.
func (b Header) LogIsAfterHeaderSection() (value bool, ok bool) {
	logLength, ok := b.LogLength()
	if !ok {
		return value, false
	}
	logOffset, ok := b.LogOffset()
	if !ok {
		return value, false
	}
	return (uint64(logLength) == 0) || (logOffset >= HeaderSectionSize), true
}

// LogGuidHasALog: A header that announces a log by its LogGuid also has room for one.
func (b Header) LogGuidHasALog() (value bool, ok bool) {
	logGuid, ok := b.LogGuid()
	if !ok {
		return value, false
	}
	logLength, ok := b.LogLength()
	if !ok {
		return value, false
	}
	return (bytes.Equal(logGuid, make([]byte, 16))) || (uint64(logLength) > 0), true
}

// LogLengthIsUsual: The log is no larger than 1 GiB, the most that a known implementation takes.
func (b Header) LogLengthIsUsual() (value bool, ok bool) {
	logLength, ok := b.LogLength()
	if !ok {
		return value, false
	}
	return uint64(logLength) <= LogLengthUsualMax, true
}

// GuidsAreSet: FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing.
func (b Header) GuidsAreSet() (value bool, ok bool) {
	dataWriteGuid, ok := b.DataWriteGuid()
	if !ok {
		return value, false
	}
	fileWriteGuid, ok := b.FileWriteGuid()
	if !ok {
		return value, false
	}
	return !(bytes.Equal(fileWriteGuid, make([]byte, 16))) && !(bytes.Equal(dataWriteGuid, make([]byte, 16))), true
}

// SequenceNumberCanGrow: The sequence number can still be raised.
func (b Header) SequenceNumberCanGrow() (value bool, ok bool) {
	sequenceNumber, ok := b.SequenceNumber()
	if !ok {
		return value, false
	}
	return sequenceNumber < SequenceNumberMax, true
}

// ReservedBytesAreZero: Behind LogOffset the header is zero.
func (b Header) ReservedBytesAreZero() (value bool, ok bool) {
	return bytesAreZero(b.Reserved())
}

// ChecksumIsRight: The checksum is the CRC-32C of the header's 4096 bytes, with itself as zero.
func (b Header) ChecksumIsRight() (value bool, ok bool) {
	return checksumIsRight(b, 4, 4096, true)
}

// LogEntry: One entry of the log, as a contiguous piece: descriptor sectors, then one data sector for each data descriptor. On disk an entry starts at a multiple of 4 KiB of the log and may wrap past the log's end; whoever parses it joins the parts first. MS-VHDX 2.3.1
type LogEntry []byte

// Header: The entry's first 64 bytes.
func (b LogEntry) Header() (value []byte, ok bool) {
	return slice(b, 0, 64)
}

// Descriptors: What the entry updates, in order.
func (b LogEntry) Descriptors(index int) (value []byte, ok bool) {
	if index < 0 || index > len(b)/32 {
		return nil, false
	}
	return slice(b, 64+32*index, 32)
}

// ChecksumIsRight: The checksum is the CRC-32C of the entry's bytes, read on across the log's end, with itself as zero.
func (b LogEntry) ChecksumIsRight() (value bool, ok bool) {
	size, ok := integer(b, 8, 0, 32, false)
	return checksumIsRight(b, 4, size, ok)
}

// LogEntryHeader: Says how long the entry is, where in the sequence it stands and how far back the sequence reaches. MS-VHDX 2.3.1.1
type LogEntryHeader []byte

// Signature: The characters "loge".
func (b LogEntryHeader) Signature() (value []byte, ok bool) {
	return slice(b, 0, 4)
}

// Checksum: CRC-32C of the entry's EntryLength bytes, across the wrap, these four taken as zero.
func (b LogEntryHeader) Checksum() (value uint32, ok bool) {
	word, ok := integer(b, 4, 0, 32, false)
	return uint32(word), ok
}

// EntryLength: Size of the whole entry, a multiple of 4 KiB.
func (b LogEntryHeader) EntryLength() (value uint32, ok bool) {
	word, ok := integer(b, 8, 0, 32, false)
	return uint32(word), ok
}

// Tail: Offset in the log of the oldest entry that must be replayed once this entry is the head; may be its own.
func (b LogEntryHeader) Tail() (value uint32, ok bool) {
	word, ok := integer(b, 12, 0, 32, false)
	return uint32(word), ok
}

// SequenceNumber: One more than that of the entry before; never 0. Where counting starts is up to the writer.
func (b LogEntryHeader) SequenceNumber() (value uint64, ok bool) {
	return integer(b, 16, 0, 64, false)
}

// DescriptorCount: Number of descriptors, which may be 0.
func (b LogEntryHeader) DescriptorCount() (value uint32, ok bool) {
	word, ok := integer(b, 24, 0, 32, false)
	return uint32(word), ok
}

// Reserved: Zero.
func (b LogEntryHeader) Reserved() (value uint32, ok bool) {
	word, ok := integer(b, 28, 0, 32, false)
	return uint32(word), ok
}

// LogGuid: Equal to the current header's LogGuid, or the entry is stale.
func (b LogEntryHeader) LogGuid() (value []byte, ok bool) {
	return slice(b, 32, 16)
}

// FlushedFileOffset: A file size that was stable on the host when the entry was written. A shorter file has been truncated.
func (b LogEntryHeader) FlushedFileOffset() (value uint64, ok bool) {
	return integer(b, 48, 0, 64, false)
}

// LastFileOffset: A file size that holds every allocated structure; replay makes the file at least as long.
func (b LogEntryHeader) LastFileOffset() (value uint64, ok bool) {
	return integer(b, 56, 0, 64, false)
}

// DescriptorAreaSize: Size of the sectors that hold the header and the descriptors; the data sectors follow.
func (b LogEntryHeader) DescriptorAreaSize() (value uint64, ok bool) {
	descriptorCount, ok := b.DescriptorCount()
	if !ok {
		return value, false
	}
	return ((((LogEntryHeaderSize + (LogDescriptorSize * uint64(descriptorCount))) + LogSectorSize) - 1) / LogSectorSize) * LogSectorSize, true
}

// SignatureIsLoge: An entry begins with the four characters "loge".
func (b LogEntryHeader) SignatureIsLoge() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, LogEntrySignature), true
}

// EntryLengthIsAligned: An entry's length is a multiple of 4 KiB.
func (b LogEntryHeader) EntryLengthIsAligned() (value bool, ok bool) {
	entryLength, ok := b.EntryLength()
	if !ok {
		return value, false
	}
	return (uint64(entryLength) % LogSectorSize) == 0, true
}

// TailIsAligned: Tail is a multiple of 4 KiB.
func (b LogEntryHeader) TailIsAligned() (value bool, ok bool) {
	tail, ok := b.Tail()
	if !ok {
		return value, false
	}
	return (uint64(tail) % LogSectorSize) == 0, true
}

// SequenceNumberIsPositive: Sequence numbers of entries start above 0.
func (b LogEntryHeader) SequenceNumberIsPositive() (value bool, ok bool) {
	sequenceNumber, ok := b.SequenceNumber()
	if !ok {
		return value, false
	}
	return sequenceNumber > 0, true
}

// DescriptorsFit: Header and descriptors fit into the entry. An entry without descriptors is fine.
func (b LogEntryHeader) DescriptorsFit() (value bool, ok bool) {
	descriptorCount, ok := b.DescriptorCount()
	if !ok {
		return value, false
	}
	entryLength, ok := b.EntryLength()
	if !ok {
		return value, false
	}
	return (uint64(entryLength) >= LogEntryHeaderSize) && (uint64(descriptorCount) <= ((uint64(entryLength) - LogEntryHeaderSize) / LogDescriptorSize)), true
}

// ReservedIsZero: The reserved word of an entry header is zero.
func (b LogEntryHeader) ReservedIsZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// FlushedFileOffsetIsAligned: FlushedFileOffset is a whole number of MiB.
func (b LogEntryHeader) FlushedFileOffsetIsAligned() (value bool, ok bool) {
	flushedFileOffset, ok := b.FlushedFileOffset()
	if !ok {
		return value, false
	}
	return (flushedFileOffset % ObjectAlignment) == 0, true
}

// LastFileOffsetIsAligned: LastFileOffset is a whole number of MiB.
func (b LogEntryHeader) LastFileOffsetIsAligned() (value bool, ok bool) {
	lastFileOffset, ok := b.LastFileOffset()
	if !ok {
		return value, false
	}
	return (lastFileOffset % ObjectAlignment) == 0, true
}

// LogDescriptor: A slot of 32 bytes that holds a zero descriptor or a data descriptor. MS-VHDX 2.3.1
type LogDescriptor []byte

// Zero: The slot as a zero descriptor.
func (b LogDescriptor) Zero() (value []byte, ok bool) {
	return slice(b, 0, 32)
}

// Data: The slot as a data descriptor.
func (b LogDescriptor) Data() (value []byte, ok bool) {
	return slice(b, 0, 32)
}

// Signature: What decides the kind.
func (b LogDescriptor) Signature() (value []byte, ok bool) {
	return slice(b, 0, 4)
}

// IsZero: The slot holds a zero descriptor.
func (b LogDescriptor) IsZero() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, ZeroDescriptorSignature), true
}

// IsData: The slot holds a data descriptor.
func (b LogDescriptor) IsData() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, DataDescriptorSignature), true
}

// SignatureIsKnown: A descriptor begins with "zero" or "desc".
func (b LogDescriptor) SignatureIsKnown() (value bool, ok bool) {
	isData, ok := b.IsData()
	if !ok {
		return value, false
	}
	isZero, ok := b.IsZero()
	if !ok {
		return value, false
	}
	return isZero || isData, true
}

// ZeroDescriptor: Sets a range of the file to zero. MS-VHDX 2.3.1.2
type ZeroDescriptor []byte

// Signature: The characters "zero".
func (b ZeroDescriptor) Signature() (value []byte, ok bool) {
	return slice(b, 0, 4)
}

// Reserved: Zero.
func (b ZeroDescriptor) Reserved() (value uint32, ok bool) {
	word, ok := integer(b, 4, 0, 32, false)
	return uint32(word), ok
}

// ZeroLength: Length of the range, a multiple of 4 KiB.
func (b ZeroDescriptor) ZeroLength() (value uint64, ok bool) {
	return integer(b, 8, 0, 64, false)
}

// FileOffset: Where the range starts, a multiple of 4 KiB.
func (b ZeroDescriptor) FileOffset() (value uint64, ok bool) {
	return integer(b, 16, 0, 64, false)
}

// SequenceNumber: The entry's sequence number again.
func (b ZeroDescriptor) SequenceNumber() (value uint64, ok bool) {
	return integer(b, 24, 0, 64, false)
}

// ReservedIsZero: The reserved word of a zero descriptor is zero.
func (b ZeroDescriptor) ReservedIsZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// ZeroLengthIsAligned: The length of a zeroed range is a multiple of 4 KiB.
func (b ZeroDescriptor) ZeroLengthIsAligned() (value bool, ok bool) {
	zeroLength, ok := b.ZeroLength()
	if !ok {
		return value, false
	}
	return (zeroLength % LogSectorSize) == 0, true
}

// FileOffsetIsAligned: What a descriptor updates starts at a multiple of 4 KiB.
func (b ZeroDescriptor) FileOffsetIsAligned() (value bool, ok bool) {
	fileOffset, ok := b.FileOffset()
	if !ok {
		return value, false
	}
	return (fileOffset % LogSectorSize) == 0, true
}

// FileOffsetIsPastHeaders: No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.
func (b ZeroDescriptor) FileOffsetIsPastHeaders() (value bool, ok bool) {
	fileOffset, ok := b.FileOffset()
	if !ok {
		return value, false
	}
	return fileOffset >= RegionTable1Offset, true
}

// DataDescriptor: Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data sector. MS-VHDX 2.3.1.3
type DataDescriptor []byte

// Signature: The characters "desc".
func (b DataDescriptor) Signature() (value []byte, ok bool) {
	return slice(b, 0, 4)
}

// TrailingBytes: Bytes 4092 to 4095 of the update.
func (b DataDescriptor) TrailingBytes() (value []byte, ok bool) {
	return slice(b, 4, 4)
}

// LeadingBytes: Bytes 0 to 7 of the update.
func (b DataDescriptor) LeadingBytes() (value []byte, ok bool) {
	return slice(b, 8, 8)
}

// FileOffset: Where the 4 KiB go, a multiple of 4 KiB.
func (b DataDescriptor) FileOffset() (value uint64, ok bool) {
	return integer(b, 16, 0, 64, false)
}

// SequenceNumber: The entry's sequence number again.
func (b DataDescriptor) SequenceNumber() (value uint64, ok bool) {
	return integer(b, 24, 0, 64, false)
}

// FileOffsetIsAligned: What a descriptor updates starts at a multiple of 4 KiB.
func (b DataDescriptor) FileOffsetIsAligned() (value bool, ok bool) {
	fileOffset, ok := b.FileOffset()
	if !ok {
		return value, false
	}
	return (fileOffset % LogSectorSize) == 0, true
}

// FileOffsetIsPastHeaders: No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.
func (b DataDescriptor) FileOffsetIsPastHeaders() (value bool, ok bool) {
	fileOffset, ok := b.FileOffset()
	if !ok {
		return value, false
	}
	return fileOffset >= RegionTable1Offset, true
}

// DataSector: The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows. MS-VHDX 2.3.1.4
type DataSector []byte

// Signature: The characters "data".
func (b DataSector) Signature() (value []byte, ok bool) {
	return slice(b, 0, 4)
}

// SequenceHigh: Upper half of the entry's sequence number.
func (b DataSector) SequenceHigh() (value uint32, ok bool) {
	word, ok := integer(b, 4, 0, 32, false)
	return uint32(word), ok
}

// Data: Bytes 8 to 4091 of the update.
func (b DataSector) Data() (value []byte, ok bool) {
	return slice(b, 8, 4084)
}

// SequenceLow: Lower half of the entry's sequence number.
func (b DataSector) SequenceLow() (value uint32, ok bool) {
	word, ok := integer(b, 4092, 0, 32, false)
	return uint32(word), ok
}

// SequenceNumber: The two halves joined.
func (b DataSector) SequenceNumber() (value uint64, ok bool) {
	sequenceHigh, ok := b.SequenceHigh()
	if !ok {
		return value, false
	}
	sequenceLow, ok := b.SequenceLow()
	if !ok {
		return value, false
	}
	return (uint64(sequenceHigh) * 0x100000000) + uint64(sequenceLow), true
}

// SignatureIsData: A data sector begins with the four characters "data".
func (b DataSector) SignatureIsData() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, DataSectorSignature), true
}

// FileParameters: Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is dynamic. MS-VHDX 2.6.2.1
type FileParameters []byte

// BlockSize: Size of a payload block, a power of two from 1 MiB to 256 MiB.
func (b FileParameters) BlockSize() (value uint32, ok bool) {
	word, ok := integer(b, 0, 0, 32, false)
	return uint32(word), ok
}

// LeaveBlockAllocated: Blocks keep their space in the file, the mark of a fixed file.
func (b FileParameters) LeaveBlockAllocated() (value bool, ok bool) {
	word, ok := integer(b, 4, 0, 1, false)
	return word != 0, ok
}

// HasParent: The file is differencing; overrides LeaveBlockAllocated.
func (b FileParameters) HasParent() (value bool, ok bool) {
	word, ok := integer(b, 4, 1, 1, false)
	return word != 0, ok
}

// Reserved: Zero.
func (b FileParameters) Reserved() (value uint32, ok bool) {
	word, ok := integer(b, 4, 2, 30, false)
	return uint32(word), ok
}

// BlockSizeIsInRange: A block is from 1 MiB to 256 MiB large.
func (b FileParameters) BlockSizeIsInRange() (value bool, ok bool) {
	blockSize, ok := b.BlockSize()
	if !ok {
		return value, false
	}
	return (uint64(blockSize) >= BlockSizeMin) && (uint64(blockSize) <= BlockSizeMax), true
}

// BlockSizeIsPowerOfTwo: The block size is a power of two.
func (b FileParameters) BlockSizeIsPowerOfTwo() (value bool, ok bool) {
	blockSize, ok := b.BlockSize()
	if !ok {
		return value, false
	}
	return (uint64(blockSize) > 0) && ((uint64(blockSize) & (uint64(blockSize) - 1)) == 0), true
}

// ReservedIsZero: No bit of the flag word is set but the lowest two.
func (b FileParameters) ReservedIsZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// FlagsDoNotConflict: Not both LeaveBlockAllocated and HasParent are set. Both is legal: then the first one does not count.
func (b FileParameters) FlagsDoNotConflict() (value bool, ok bool) {
	hasParent, ok := b.HasParent()
	if !ok {
		return value, false
	}
	leaveBlockAllocated, ok := b.LeaveBlockAllocated()
	if !ok {
		return value, false
	}
	return !leaveBlockAllocated || !hasParent, true
}

// VirtualDiskSize: Size of the virtual disk. MS-VHDX 2.6.2.2
type VirtualDiskSize []byte

// VirtualDiskSize: A multiple of the logical sector size, at most 64 TiB.
func (b VirtualDiskSize) VirtualDiskSize() (value uint64, ok bool) {
	return integer(b, 0, 0, 64, false)
}

// SizeIsInRange: The virtual disk is at most 64 TiB large; exactly that is allowed.
func (b VirtualDiskSize) SizeIsInRange() (value bool, ok bool) {
	virtualDiskSize, ok := b.VirtualDiskSize()
	if !ok {
		return value, false
	}
	return virtualDiskSize <= VirtualDiskSizeMax, true
}

// SizeIsNotZero: The virtual disk has a size.
func (b VirtualDiskSize) SizeIsNotZero() (value bool, ok bool) {
	virtualDiskSize, ok := b.VirtualDiskSize()
	if !ok {
		return value, false
	}
	return virtualDiskSize > 0, true
}

// VirtualDiskId: Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's. MS-VHDX 2.6.2.3
type VirtualDiskId []byte

// VirtualDiskId: The identifier.
func (b VirtualDiskId) VirtualDiskId() (value []byte, ok bool) {
	return slice(b, 0, 16)
}

// IdIsSet: The virtual disk has an identifier other than the nil GUID.
func (b VirtualDiskId) IdIsSet() (value bool, ok bool) {
	virtualDiskId, ok := b.VirtualDiskId()
	if !ok {
		return value, false
	}
	return !(bytes.Equal(virtualDiskId, make([]byte, 16))), true
}

// LogicalSectorSize: Sector size that the guest addresses; it fixes the size of a chunk. MS-VHDX 2.6.2.4
type LogicalSectorSize []byte

// LogicalSectorSize: 512 or 4096.
func (b LogicalSectorSize) LogicalSectorSize() (value uint32, ok bool) {
	word, ok := integer(b, 0, 0, 32, false)
	return uint32(word), ok
}

// SizeIsDefined: A logical sector is 512 or 4096 bytes large.
func (b LogicalSectorSize) SizeIsDefined() (value bool, ok bool) {
	logicalSectorSize, ok := b.LogicalSectorSize()
	if !ok {
		return value, false
	}
	return (uint64(logicalSectorSize) == SectorSize512) || (uint64(logicalSectorSize) == SectorSize4096), true
}

// PhysicalSectorSize: Sector size that the guest is told the medium has; it moves no byte. MS-VHDX 2.6.2.5
type PhysicalSectorSize []byte

// PhysicalSectorSize: 512 or 4096.
func (b PhysicalSectorSize) PhysicalSectorSize() (value uint32, ok bool) {
	word, ok := integer(b, 0, 0, 32, false)
	return uint32(word), ok
}

// SizeIsDefined: A physical sector is 512 or 4096 bytes large.
func (b PhysicalSectorSize) SizeIsDefined() (value bool, ok bool) {
	physicalSectorSize, ok := b.PhysicalSectorSize()
	if !ok {
		return value, false
	}
	return (uint64(physicalSectorSize) == SectorSize512) || (uint64(physicalSectorSize) == SectorSize4096), true
}

// ChsParameters: Disk geometry. Not in the specification; known from openvmm only, flags unknown. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
type ChsParameters []byte

// HeadsPerCylinder: Heads in a cylinder.
func (b ChsParameters) HeadsPerCylinder() (value uint32, ok bool) {
	word, ok := integer(b, 0, 0, 32, false)
	return uint32(word), ok
}

// SectorsPerTrack: Sectors in a track.
func (b ChsParameters) SectorsPerTrack() (value uint32, ok bool) {
	word, ok := integer(b, 4, 0, 32, false)
	return uint32(word), ok
}

// PmemLabelStorageArea: Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only. microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
type PmemLabelStorageArea []byte

// Version: Version of the item, 1.
func (b PmemLabelStorageArea) Version() (value uint16, ok bool) {
	word, ok := integer(b, 0, 0, 16, false)
	return uint16(word), ok
}

// Reserved: Not used.
func (b PmemLabelStorageArea) Reserved() (value uint16, ok bool) {
	word, ok := integer(b, 2, 0, 16, false)
	return uint16(word), ok
}

// Guid: Identity of the label storage area.
func (b PmemLabelStorageArea) Guid() (value []byte, ok bool) {
	return slice(b, 4, 16)
}

// DataOffset: Where the labels start.
func (b PmemLabelStorageArea) DataOffset() (value uint32, ok bool) {
	word, ok := integer(b, 20, 0, 32, false)
	return uint32(word), ok
}

// DataLength: Size of the labels.
func (b PmemLabelStorageArea) DataLength() (value uint32, ok bool) {
	word, ok := integer(b, 24, 0, 32, false)
	return uint32(word), ok
}

// MetadataTable: The first 64 KiB of the metadata region: which items there are and where in the region they lie. MS-VHDX 2.6.1
type MetadataTable []byte

// Header: Signature and count.
func (b MetadataTable) Header() (value []byte, ok bool) {
	return slice(b, 0, 32)
}

// Entries: One entry an item, in any order.
func (b MetadataTable) Entries(index int) (value []byte, ok bool) {
	if index < 0 || index > len(b)/32 {
		return nil, false
	}
	return slice(b, 32+32*index, 32)
}

// Unused: Room for further entries.
func (b MetadataTable) Unused() (value []byte, ok bool) {
	count, ok := integer(b, 10, 0, 16, false)
	if !ok {
		return nil, false
	}
	start := 32 + 32*least(int(count), 2047)
	return slice(b, start, least(len(b), 65536)-start)
}

// MetadataTableHeader: The first 32 bytes of the metadata table. MS-VHDX 2.6.1.1
type MetadataTableHeader []byte

// Signature: The characters "metadata".
func (b MetadataTableHeader) Signature() (value []byte, ok bool) {
	return slice(b, 0, 8)
}

// Reserved: Zero.
func (b MetadataTableHeader) Reserved() (value uint16, ok bool) {
	word, ok := integer(b, 8, 0, 16, false)
	return uint16(word), ok
}

// EntryCount: Number of entries that follow, at most 2047.
func (b MetadataTableHeader) EntryCount() (value uint16, ok bool) {
	word, ok := integer(b, 10, 0, 16, false)
	return uint16(word), ok
}

// Reserved2: Zero.
func (b MetadataTableHeader) Reserved2() (value []byte, ok bool) {
	return slice(b, 12, 20)
}

// SignatureIsMetadata: The metadata region begins with the eight characters "metadata".
func (b MetadataTableHeader) SignatureIsMetadata() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, MetadataSignature), true
}

// ReservedIsZero: The 22 reserved bytes of the table header are zero.
func (b MetadataTableHeader) ReservedIsZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	reserved2, ok := b.Reserved2()
	if !ok {
		return value, false
	}
	return (uint64(reserved) == 0) && (bytes.Equal(reserved2, make([]byte, 20))), true
}

// EntryCountFits: The table lists no more entries than fit into its 64 KiB, 2047.
func (b MetadataTableHeader) EntryCountFits() (value bool, ok bool) {
	entryCount, ok := b.EntryCount()
	if !ok {
		return value, false
	}
	return uint64(entryCount) <= MetadataEntriesMax, true
}

// MetadataTableEntry: Names one item and says where in the metadata region it lies. MS-VHDX 2.6.1.2
type MetadataTableEntry []byte

// ItemId: What the item is; unique together with IsUser.
func (b MetadataTableEntry) ItemId() (value []byte, ok bool) {
	return slice(b, 0, 16)
}

// Offset: Where the item starts, from the start of the metadata region; 0 for an empty item.
func (b MetadataTableEntry) Offset() (value uint32, ok bool) {
	word, ok := integer(b, 16, 0, 32, false)
	return uint32(word), ok
}

// Length: Size of the item, at most 1 MiB; 0 for an item that is present but empty.
func (b MetadataTableEntry) Length() (value uint32, ok bool) {
	word, ok := integer(b, 20, 0, 32, false)
	return uint32(word), ok
}

// IsUser: The item belongs to the user, not to the format.
func (b MetadataTableEntry) IsUser() (value bool, ok bool) {
	word, ok := integer(b, 24, 0, 1, false)
	return word != 0, ok
}

// IsVirtualDisk: The item describes the virtual disk and goes along to differencing children.
func (b MetadataTableEntry) IsVirtualDisk() (value bool, ok bool) {
	word, ok := integer(b, 24, 1, 1, false)
	return word != 0, ok
}

// IsRequired: Who does not know the item must refuse the file.
func (b MetadataTableEntry) IsRequired() (value bool, ok bool) {
	word, ok := integer(b, 24, 2, 1, false)
	return word != 0, ok
}

// Reserved: Zero.
func (b MetadataTableEntry) Reserved() (value uint32, ok bool) {
	word, ok := integer(b, 24, 3, 29, false)
	return uint32(word), ok
}

// Reserved2: Zero.
func (b MetadataTableEntry) Reserved2() (value uint32, ok bool) {
	word, ok := integer(b, 28, 0, 32, false)
	return uint32(word), ok
}

// IsFileParameters: The entry names the file parameters.
func (b MetadataTableEntry) IsFileParameters() (value bool, ok bool) {
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return !isUser && (bytes.Equal(itemId, FileParametersGuid[:])), true
}

// IsVirtualDiskSize: The entry names the virtual disk size.
func (b MetadataTableEntry) IsVirtualDiskSize() (value bool, ok bool) {
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return !isUser && (bytes.Equal(itemId, VirtualDiskSizeGuid[:])), true
}

// IsVirtualDiskId: The entry names the virtual disk id.
func (b MetadataTableEntry) IsVirtualDiskId() (value bool, ok bool) {
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return !isUser && (bytes.Equal(itemId, VirtualDiskIdGuid[:])), true
}

// IsLogicalSectorSize: The entry names the logical sector size.
func (b MetadataTableEntry) IsLogicalSectorSize() (value bool, ok bool) {
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return !isUser && (bytes.Equal(itemId, LogicalSectorSizeGuid[:])), true
}

// IsPhysicalSectorSize: The entry names the physical sector size.
func (b MetadataTableEntry) IsPhysicalSectorSize() (value bool, ok bool) {
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return !isUser && (bytes.Equal(itemId, PhysicalSectorSizeGuid[:])), true
}

// IsParentLocator: The entry names the parent locator.
func (b MetadataTableEntry) IsParentLocator() (value bool, ok bool) {
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return !isUser && (bytes.Equal(itemId, ParentLocatorGuid[:])), true
}

// IsDiskProperty: The entry names an item that describes the virtual disk.
func (b MetadataTableEntry) IsDiskProperty() (value bool, ok bool) {
	isLogicalSectorSize, ok := b.IsLogicalSectorSize()
	if !ok {
		return value, false
	}
	isPhysicalSectorSize, ok := b.IsPhysicalSectorSize()
	if !ok {
		return value, false
	}
	isVirtualDiskId, ok := b.IsVirtualDiskId()
	if !ok {
		return value, false
	}
	isVirtualDiskSize, ok := b.IsVirtualDiskSize()
	if !ok {
		return value, false
	}
	return isVirtualDiskSize || isVirtualDiskId || isLogicalSectorSize || isPhysicalSectorSize, true
}

// IsKnown: The entry names an item that the specification defines.
func (b MetadataTableEntry) IsKnown() (value bool, ok bool) {
	isDiskProperty, ok := b.IsDiskProperty()
	if !ok {
		return value, false
	}
	isFileParameters, ok := b.IsFileParameters()
	if !ok {
		return value, false
	}
	isParentLocator, ok := b.IsParentLocator()
	if !ok {
		return value, false
	}
	return isFileParameters || isParentLocator || isDiskProperty, true
}

// FormLength: Length of the form that the item has, or its own where it has none.
func (b MetadataTableEntry) FormLength() (value uint64, ok bool) {
	isFileParameters, ok := b.IsFileParameters()
	if !ok {
		return value, false
	}
	isLogicalSectorSize, ok := b.IsLogicalSectorSize()
	if !ok {
		return value, false
	}
	isPhysicalSectorSize, ok := b.IsPhysicalSectorSize()
	if !ok {
		return value, false
	}
	isVirtualDiskId, ok := b.IsVirtualDiskId()
	if !ok {
		return value, false
	}
	isVirtualDiskSize, ok := b.IsVirtualDiskSize()
	if !ok {
		return value, false
	}
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	return choose(isFileParameters || isVirtualDiskSize, 8, choose(isVirtualDiskId, 16, choose(isLogicalSectorSize || isPhysicalSectorSize, 4, uint64(length)))), true
}

// OffsetIsPastTable: An item that is not empty starts behind the table, at byte 65536 of the region or later. Any byte will do.
func (b MetadataTableEntry) OffsetIsPastTable() (value bool, ok bool) {
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	offset, ok := b.Offset()
	if !ok {
		return value, false
	}
	return (uint64(length) == 0) || (uint64(offset) >= MetadataTableSize), true
}

// LengthIsInBounds: An item is at most 1 MiB long.
func (b MetadataTableEntry) LengthIsInBounds() (value bool, ok bool) {
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	return uint64(length) <= MetadataItemLengthMax, true
}

// EmptyItemHasNoOffset: An empty item has offset 0. It counts as present, with nothing in it.
func (b MetadataTableEntry) EmptyItemHasNoOffset() (value bool, ok bool) {
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	offset, ok := b.Offset()
	if !ok {
		return value, false
	}
	return (uint64(length) > 0) || (uint64(offset) == 0), true
}

// ReservedFlagsAreZero: No bit of the flag word is set but the lowest three.
func (b MetadataTableEntry) ReservedFlagsAreZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// Reserved2IsZero: The last word of an entry is zero.
func (b MetadataTableEntry) Reserved2IsZero() (value bool, ok bool) {
	reserved2, ok := b.Reserved2()
	if !ok {
		return value, false
	}
	return uint64(reserved2) == 0, true
}

// RequiredIsKnown: An item marked as required is a system item that we know.
func (b MetadataTableEntry) RequiredIsKnown() (value bool, ok bool) {
	isKnown, ok := b.IsKnown()
	if !ok {
		return value, false
	}
	isRequired, ok := b.IsRequired()
	if !ok {
		return value, false
	}
	return !isRequired || isKnown, true
}

// UserIsNotRequired: A user item is not marked as required. The specification does not say so, openvmm does.
func (b MetadataTableEntry) UserIsNotRequired() (value bool, ok bool) {
	isRequired, ok := b.IsRequired()
	if !ok {
		return value, false
	}
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	return !isUser || !isRequired, true
}

// ItemIdIsSet: The item id is not the nil GUID. The specification does not say so, openvmm does.
func (b MetadataTableEntry) ItemIdIsSet() (value bool, ok bool) {
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return !(bytes.Equal(itemId, make([]byte, 16))), true
}

// IsNotIncompleteMarker: The entry is not the marker by which Microsoft tools tell that a file was never finished.
func (b MetadataTableEntry) IsNotIncompleteMarker() (value bool, ok bool) {
	isUser, ok := b.IsUser()
	if !ok {
		return value, false
	}
	itemId, ok := b.ItemId()
	if !ok {
		return value, false
	}
	return isUser || (!bytes.Equal(itemId, IncompleteFileMarkerGuid[:])), true
}

// KnownFlagsAreUsual: An item that we know has the flags of its kind: always IsRequired, and IsVirtualDisk for all but the file parameters and the parent locator.
func (b MetadataTableEntry) KnownFlagsAreUsual() (value bool, ok bool) {
	isDiskProperty, ok := b.IsDiskProperty()
	if !ok {
		return value, false
	}
	isKnown, ok := b.IsKnown()
	if !ok {
		return value, false
	}
	isRequired, ok := b.IsRequired()
	if !ok {
		return value, false
	}
	isVirtualDisk, ok := b.IsVirtualDisk()
	if !ok {
		return value, false
	}
	return !isKnown || (isRequired && (isVirtualDisk == isDiskProperty)), true
}

// KnownLengthIsExact: An item of fixed form has exactly the length of its form.
func (b MetadataTableEntry) KnownLengthIsExact() (value bool, ok bool) {
	formLength, ok := b.FormLength()
	if !ok {
		return value, false
	}
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	return uint64(length) == formLength, true
}

// MsGuid: A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as written, so 2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD 4A 08. Two identifiers are equal when all sixteen stored bytes are equal; version and variant bits carry no meaning here. MS-DTYP 2.3.4.2
type MsGuid []byte

// Raw: The sixteen bytes as stored; compare these. The last two groups of the text form are bytes 8 to 15.
func (b MsGuid) Raw() (value []byte, ok bool) {
	return slice(b, 0, 16)
}

// IsNil: True for the identifier whose bytes are all zero; it never identifies anything.
func (b MsGuid) IsNil() (value bool, ok bool) {
	raw, ok := b.Raw()
	if !ok {
		return value, false
	}
	return bytes.Equal(raw, make([]byte, 16)), true
}

// PackedImage: The start of a packed image: a file as what is written into zeros, small without a compressor. Operations follow to the end, each with its bytes. No part of VHDX: seeds of fuzzers and the conformance suite are stored so. Seeds have literals only; the suite has more operations. Later ones write over earlier ones, and what none writes is zero. Packed image 1
type PackedImage []byte

// Magic: The characters "VHDXOPS1".
func (b PackedImage) Magic() (value []byte, ok bool) {
	return slice(b, 0, 8)
}

// FileLength: Length of the file.
func (b PackedImage) FileLength() (value uint64, ok bool) {
	return integer(b, 8, 0, 64, false)
}

// PackedRun: What an operation does, and where. Its bytes follow. Packed image 1
type PackedRun []byte

// Kind: The letter of the operation, "L" for a literal.
func (b PackedRun) Kind() (value []byte, ok bool) {
	return slice(b, 0, 1)
}

// Offset: File offset of the first byte that it writes.
func (b PackedRun) Offset() (value uint64, ok bool) {
	return integer(b, 1, 0, 64, false)
}

// Length: How many bytes it writes.
func (b PackedRun) Length() (value uint64, ok bool) {
	return integer(b, 9, 0, 64, false)
}

// ParentLocator: A metadata item of key and value strings, UTF-16LE, by which a differencing file finds and recognises its parent. Offsets count from the start of the item. Strings have no terminator. MS-VHDX 2.6.2.6
type ParentLocator []byte

// Header: Type and count.
func (b ParentLocator) Header() (value []byte, ok bool) {
	return slice(b, 0, 20)
}

// Entries: One entry a pair.
func (b ParentLocator) Entries(index int) (value []byte, ok bool) {
	if index < 0 || index > len(b)/12 {
		return nil, false
	}
	return slice(b, 20+12*index, 12)
}

// ParentLocatorHeader: The first 20 bytes of the item. MS-VHDX 2.6.2.6.1
type ParentLocatorHeader []byte

// LocatorType: Says which keys to expect.
func (b ParentLocatorHeader) LocatorType() (value []byte, ok bool) {
	return slice(b, 0, 16)
}

// Reserved: Zero.
func (b ParentLocatorHeader) Reserved() (value uint16, ok bool) {
	word, ok := integer(b, 16, 0, 16, false)
	return uint16(word), ok
}

// KeyValueCount: Number of entries that follow.
func (b ParentLocatorHeader) KeyValueCount() (value uint16, ok bool) {
	word, ok := integer(b, 18, 0, 16, false)
	return uint16(word), ok
}

// EntriesMax: Entries that the item has room for.
func (b ParentLocatorHeader) EntriesMax(streamSize uint64) (value uint64, ok bool) {
	return (streamSize - ParentLocatorHeaderSize) / ParentLocatorEntrySize, true
}

// EntriesFit: The item has room for all the entries that it counts.
func (b ParentLocatorHeader) EntriesFit(streamSize uint64) (value bool, ok bool) {
	entriesMax, ok := b.EntriesMax(streamSize)
	if !ok {
		return value, false
	}
	keyValueCount, ok := b.KeyValueCount()
	if !ok {
		return value, false
	}
	return uint64(keyValueCount) <= entriesMax, true
}

// LocatorTypeIsKnown: The locator is of the type that the specification defines.
func (b ParentLocatorHeader) LocatorTypeIsKnown() (value bool, ok bool) {
	locatorType, ok := b.LocatorType()
	if !ok {
		return value, false
	}
	return bytes.Equal(locatorType, VhdxLocatorTypeGuid[:]), true
}

// ReservedIsZero: The reserved word of the locator header is zero.
func (b ParentLocatorHeader) ReservedIsZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// HasPairs: The locator has pairs. A useful one has two at least, a linkage and a path; openvmm takes 256 at most.
func (b ParentLocatorHeader) HasPairs() (value bool, ok bool) {
	keyValueCount, ok := b.KeyValueCount()
	if !ok {
		return value, false
	}
	return uint64(keyValueCount) > 0, true
}

// ParentLocatorEntry: Says where the strings of one pair lie. MS-VHDX 2.6.2.6.2
type ParentLocatorEntry []byte

// KeyOffset: Where the key starts, from the start of the item.
func (b ParentLocatorEntry) KeyOffset() (value uint32, ok bool) {
	word, ok := integer(b, 0, 0, 32, false)
	return uint32(word), ok
}

// ValueOffset: Where the value starts, from the start of the item.
func (b ParentLocatorEntry) ValueOffset() (value uint32, ok bool) {
	word, ok := integer(b, 4, 0, 32, false)
	return uint32(word), ok
}

// KeyLength: Size of the key.
func (b ParentLocatorEntry) KeyLength() (value uint16, ok bool) {
	word, ok := integer(b, 8, 0, 16, false)
	return uint16(word), ok
}

// ValueLength: Size of the value.
func (b ParentLocatorEntry) ValueLength() (value uint16, ok bool) {
	word, ok := integer(b, 10, 0, 16, false)
	return uint16(word), ok
}

// OffsetsAreSet: Key and value have an offset. It counts from the item's start, so 0 is the header.
func (b ParentLocatorEntry) OffsetsAreSet() (value bool, ok bool) {
	keyOffset, ok := b.KeyOffset()
	if !ok {
		return value, false
	}
	valueOffset, ok := b.ValueOffset()
	if !ok {
		return value, false
	}
	return (uint64(keyOffset) > 0) && (uint64(valueOffset) > 0), true
}

// LengthsAreSet: Key and value are not empty.
func (b ParentLocatorEntry) LengthsAreSet() (value bool, ok bool) {
	keyLength, ok := b.KeyLength()
	if !ok {
		return value, false
	}
	valueLength, ok := b.ValueLength()
	if !ok {
		return value, false
	}
	return (uint64(keyLength) > 0) && (uint64(valueLength) > 0), true
}

// StringsAreInside: Key and value end inside the item.
func (b ParentLocatorEntry) StringsAreInside(streamSize uint64) (value bool, ok bool) {
	keyLength, ok := b.KeyLength()
	if !ok {
		return value, false
	}
	keyOffset, ok := b.KeyOffset()
	if !ok {
		return value, false
	}
	valueLength, ok := b.ValueLength()
	if !ok {
		return value, false
	}
	valueOffset, ok := b.ValueOffset()
	if !ok {
		return value, false
	}
	return ((uint64(keyOffset) + uint64(keyLength)) <= streamSize) && ((uint64(valueOffset) + uint64(valueLength)) <= streamSize), true
}

// RegionTable: Says where the BAT, the metadata and any further region lie. Stored twice, 64 KiB each, alike in a healthy file. MS-VHDX 2.2.3
type RegionTable []byte

// Header: Signature, checksum and count.
func (b RegionTable) Header() (value []byte, ok bool) {
	return slice(b, 0, 16)
}

// Entries: One entry a region, in any order.
func (b RegionTable) Entries(index int) (value []byte, ok bool) {
	if index < 0 || index > len(b)/32 {
		return nil, false
	}
	return slice(b, 16+32*index, 32)
}

// Unused: Room for further entries.
func (b RegionTable) Unused() (value []byte, ok bool) {
	count, ok := integer(b, 8, 0, 32, false)
	if !ok {
		return nil, false
	}
	start := 16 + 32*least(int(count), 2047)
	return slice(b, start, least(len(b), 65536)-start)
}

// UnusedBytesAreZero: Behind the last entry the table is zero.
func (b RegionTable) UnusedBytesAreZero() (value bool, ok bool) {
	return bytesAreZero(b.Unused())
}

// ChecksumIsRight: The checksum is the CRC-32C of the table's 65536 bytes, with itself as zero.
func (b RegionTable) ChecksumIsRight() (value bool, ok bool) {
	return checksumIsRight(b, 4, 65536, true)
}

// RegionTableHeader: The first 16 bytes of a region table. MS-VHDX 2.2.3.1
type RegionTableHeader []byte

// Signature: The characters "regi".
func (b RegionTableHeader) Signature() (value []byte, ok bool) {
	return slice(b, 0, 4)
}

// Checksum: CRC-32C of the whole 64 KiB, these four bytes taken as zero.
func (b RegionTableHeader) Checksum() (value uint32, ok bool) {
	word, ok := integer(b, 4, 0, 32, false)
	return uint32(word), ok
}

// EntryCount: Number of entries that follow, at most 2047.
func (b RegionTableHeader) EntryCount() (value uint32, ok bool) {
	word, ok := integer(b, 8, 0, 32, false)
	return uint32(word), ok
}

// Reserved: Zero; ignored.
func (b RegionTableHeader) Reserved() (value uint32, ok bool) {
	word, ok := integer(b, 12, 0, 32, false)
	return uint32(word), ok
}

// SignatureIsRegi: The region table begins with the four characters "regi".
func (b RegionTableHeader) SignatureIsRegi() (value bool, ok bool) {
	signature, ok := b.Signature()
	if !ok {
		return value, false
	}
	return bytes.Equal(signature, RegionSignature), true
}

// EntryCountFits: The table lists no more entries than fit into its 64 KiB, 2047.
func (b RegionTableHeader) EntryCountFits() (value bool, ok bool) {
	entryCount, ok := b.EntryCount()
	if !ok {
		return value, false
	}
	return uint64(entryCount) <= RegionEntriesMax, true
}

// ReservedIsZero: The reserved word of the table header is zero.
func (b RegionTableHeader) ReservedIsZero() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// RegionTableEntry: Names one region and says where it lies. MS-VHDX 2.2.3.2
type RegionTableEntry []byte

// Guid: What the region holds; unique in the table.
func (b RegionTableEntry) Guid() (value []byte, ok bool) {
	return slice(b, 0, 16)
}

// FileOffset: File offset of the region, a multiple of 1 MiB, at least 1 MiB.
func (b RegionTableEntry) FileOffset() (value uint64, ok bool) {
	return integer(b, 16, 0, 64, false)
}

// Length: Size of the region, a multiple of 1 MiB.
func (b RegionTableEntry) Length() (value uint32, ok bool) {
	word, ok := integer(b, 24, 0, 32, false)
	return uint32(word), ok
}

// Required: Who does not know the region's GUID must refuse the file.
func (b RegionTableEntry) Required() (value bool, ok bool) {
	word, ok := integer(b, 28, 0, 1, false)
	return word != 0, ok
}

// Reserved: Zero in every file seen; the specification shows Required as a whole word.
func (b RegionTableEntry) Reserved() (value uint32, ok bool) {
	word, ok := integer(b, 28, 1, 31, false)
	return uint32(word), ok
}

// IsBat: The entry names the BAT region.
func (b RegionTableEntry) IsBat() (value bool, ok bool) {
	guid, ok := b.Guid()
	if !ok {
		return value, false
	}
	return bytes.Equal(guid, BatRegionGuid[:]), true
}

// IsMetadata: The entry names the metadata region.
func (b RegionTableEntry) IsMetadata() (value bool, ok bool) {
	guid, ok := b.Guid()
	if !ok {
		return value, false
	}
	return bytes.Equal(guid, MetadataRegionGuid[:]), true
}

// IsKnown: The entry names a region that the specification defines.
func (b RegionTableEntry) IsKnown() (value bool, ok bool) {
	isBat, ok := b.IsBat()
	if !ok {
		return value, false
	}
	isMetadata, ok := b.IsMetadata()
	if !ok {
		return value, false
	}
	return isBat || isMetadata, true
}

// FileOffsetIsAligned: A region starts at a whole number of MiB.
func (b RegionTableEntry) FileOffsetIsAligned() (value bool, ok bool) {
	fileOffset, ok := b.FileOffset()
	if !ok {
		return value, false
	}
	return (fileOffset % ObjectAlignment) == 0, true
}

// FileOffsetIsAfterHeaderSection: A region starts behind the header section, at 1 MiB or later.
func (b RegionTableEntry) FileOffsetIsAfterHeaderSection() (value bool, ok bool) {
	fileOffset, ok := b.FileOffset()
	if !ok {
		return value, false
	}
	return fileOffset >= HeaderSectionSize, true
}

// LengthIsAligned: A region's size is a whole number of MiB.
func (b RegionTableEntry) LengthIsAligned() (value bool, ok bool) {
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	return (uint64(length) % ObjectAlignment) == 0, true
}

// LengthIsNotZero: A region is not empty.
func (b RegionTableEntry) LengthIsNotZero() (value bool, ok bool) {
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	return uint64(length) > 0, true
}

// RequiredIsKnown: A region marked as required is one that we know.
func (b RegionTableEntry) RequiredIsKnown() (value bool, ok bool) {
	isKnown, ok := b.IsKnown()
	if !ok {
		return value, false
	}
	required, ok := b.Required()
	if !ok {
		return value, false
	}
	return !required || isKnown, true
}

// KnownIsRequired: The BAT and the metadata are marked as required. QEMU leaves the mark out.
func (b RegionTableEntry) KnownIsRequired() (value bool, ok bool) {
	isKnown, ok := b.IsKnown()
	if !ok {
		return value, false
	}
	required, ok := b.Required()
	if !ok {
		return value, false
	}
	return !isKnown || required, true
}

// RequiredIsOneBit: The word that holds Required is 0 or 1.
func (b RegionTableEntry) RequiredIsOneBit() (value bool, ok bool) {
	reserved, ok := b.Reserved()
	if !ok {
		return value, false
	}
	return uint64(reserved) == 0, true
}

// MetadataHoldsItsTable: The metadata region has room for its table of 64 KiB. Other regions are not asked.
func (b RegionTableEntry) MetadataHoldsItsTable() (value bool, ok bool) {
	isMetadata, ok := b.IsMetadata()
	if !ok {
		return value, false
	}
	length, ok := b.Length()
	if !ok {
		return value, false
	}
	return !isMetadata || (uint64(length) >= MetadataTableSize), true
}

// VhdFooter: The last 512 bytes of a fixed VHD, the older format: before them stands the disk, byte for byte. No part of a VHDX; it is here because disks are converted to it. Unlike everything in VHDX its integers are big-endian. VHD 1.0
type VhdFooter []byte

// Cookie: The characters "conectix".
func (b VhdFooter) Cookie() (value []byte, ok bool) {
	return slice(b, 0, 8)
}

// Features: Bit 1 is always set; bit 0 says that the disk is temporary.
func (b VhdFooter) Features() (value uint32, ok bool) {
	word, ok := integer(b, 8, 0, 32, true)
	return uint32(word), ok
}

// FormatVersion: Major version in the upper, minor version in the lower 16 bits.
func (b VhdFooter) FormatVersion() (value uint32, ok bool) {
	word, ok := integer(b, 12, 0, 32, true)
	return uint32(word), ok
}

// DataOffset: File offset of the next structure; all bits set where there is none, as in a fixed disk.
func (b VhdFooter) DataOffset() (value uint64, ok bool) {
	return integer(b, 16, 0, 64, true)
}

// TimeStamp: When the disk was made, since the beginning of 2000 in UTC.
func (b VhdFooter) TimeStamp() (value uint32, ok bool) {
	word, ok := integer(b, 24, 0, 32, true)
	return uint32(word), ok
}

// CreatorApplication: Which program made the disk.
func (b VhdFooter) CreatorApplication() (value []byte, ok bool) {
	return slice(b, 28, 4)
}

// CreatorVersion: Version of that program.
func (b VhdFooter) CreatorVersion() (value uint32, ok bool) {
	word, ok := integer(b, 32, 0, 32, true)
	return uint32(word), ok
}

// CreatorHostOs: On which system it was made.
func (b VhdFooter) CreatorHostOs() (value []byte, ok bool) {
	return slice(b, 36, 4)
}

// OriginalSize: Size of the disk when it was made.
func (b VhdFooter) OriginalSize() (value uint64, ok bool) {
	return integer(b, 40, 0, 64, true)
}

// CurrentSize: Size of the disk.
func (b VhdFooter) CurrentSize() (value uint64, ok bool) {
	return integer(b, 48, 0, 64, true)
}

// Cylinders: Cylinders of the geometry that an old BIOS is shown.
func (b VhdFooter) Cylinders() (value uint16, ok bool) {
	word, ok := integer(b, 56, 0, 16, true)
	return uint16(word), ok
}

// Heads: Heads of that geometry.
func (b VhdFooter) Heads() (value uint8, ok bool) {
	word, ok := integer(b, 58, 0, 8, true)
	return uint8(word), ok
}

// SectorsPerTrack: Sectors per track of that geometry.
func (b VhdFooter) SectorsPerTrack() (value uint8, ok bool) {
	word, ok := integer(b, 59, 0, 8, true)
	return uint8(word), ok
}

// DiskType: 2 for a fixed disk.
func (b VhdFooter) DiskType() (value uint32, ok bool) {
	word, ok := integer(b, 60, 0, 32, true)
	return uint32(word), ok
}

// Checksum: Complement of the sum of all 512 bytes, this field taken as zero.
func (b VhdFooter) Checksum() (value uint32, ok bool) {
	word, ok := integer(b, 64, 0, 32, true)
	return uint32(word), ok
}

// UniqueId: Identity of the disk.
func (b VhdFooter) UniqueId() (value []byte, ok bool) {
	return slice(b, 68, 16)
}

// SavedState: 1 where a machine was saved in the middle of its work.
func (b VhdFooter) SavedState() (value uint8, ok bool) {
	word, ok := integer(b, 84, 0, 8, true)
	return uint8(word), ok
}

// Reserved: Zero.
func (b VhdFooter) Reserved() (value []byte, ok bool) {
	return slice(b, 85, 427)
}

// Structures is every structure, as data.
var Structures = []Structure{
	{
		"bat_entry", 8,
		[]Field{
			{"state", 0, 8, func(b []byte) (any, bool) {
				return BatEntry(b).State()
			}},
			{"reserved", 0, 8, func(b []byte) (any, bool) {
				return BatEntry(b).Reserved()
			}},
			{"file_offset_mb_low", 0, 8, func(b []byte) (any, bool) {
				return BatEntry(b).FileOffsetMbLow()
			}},
			{"file_offset_mb_high", 0, 8, func(b []byte) (any, bool) {
				return BatEntry(b).FileOffsetMbHigh()
			}},
		},
		[]Derived{
			{"file_offset_mb", func(b []byte, streamSize uint64) (any, bool) {
				return BatEntry(b).FileOffsetMb()
			}},
			{"is_allocated", func(b []byte, streamSize uint64) (any, bool) {
				return BatEntry(b).IsAllocated()
			}},
		},
		[]Rule{
			{"BAT-002", "reserved_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).ReservedIsZero()
			}},
			{"BAT-003", "payload_state_is_defined", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).PayloadStateIsDefined()
			}},
			{"BAT-004", "not_partially_present", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).NotPartiallyPresent()
			}},
			{"BAT-005", "allocated_offset_is_set", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).AllocatedOffsetIsSet()
			}},
			{"BAT-010", "sector_bitmap_state_is_defined", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).SectorBitmapStateIsDefined()
			}},
			{"BAT-011", "sector_bitmap_is_absent", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).SectorBitmapIsAbsent()
			}},
			{"BAT-014", "unused_offset_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).UnusedOffsetIsZero()
			}},
			{"BAT-016", "fixed_is_present", func(b []byte, streamSize uint64) (bool, bool) {
				return BatEntry(b).FixedIsPresent()
			}},
		},
	},
	{
		"file_identifier", 65536,
		[]Field{
			{"signature", 0, 8, func(b []byte) (any, bool) {
				return FileIdentifier(b).Signature()
			}},
			{"creator", 8, 512, func(b []byte) (any, bool) {
				return FileIdentifier(b).Creator()
			}},
			{"reserved", 520, 65016, func(b []byte) (any, bool) {
				return FileIdentifier(b).Reserved()
			}},
		},
		nil,
		[]Rule{
			{"FTI-005", "reserved_bytes_are_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return FileIdentifier(b).ReservedBytesAreZero()
			}},
			{"FTI-001", "signature_is_vhdxfile", func(b []byte, streamSize uint64) (bool, bool) {
				return FileIdentifier(b).SignatureIsVhdxfile()
			}},
		},
	},
	{
		"header", 4096,
		[]Field{
			{"signature", 0, 4, func(b []byte) (any, bool) {
				return Header(b).Signature()
			}},
			{"checksum", 4, 4, func(b []byte) (any, bool) {
				return Header(b).Checksum()
			}},
			{"sequence_number", 8, 8, func(b []byte) (any, bool) {
				return Header(b).SequenceNumber()
			}},
			{"file_write_guid", 16, 16, func(b []byte) (any, bool) {
				return Header(b).FileWriteGuid()
			}},
			{"data_write_guid", 32, 16, func(b []byte) (any, bool) {
				return Header(b).DataWriteGuid()
			}},
			{"log_guid", 48, 16, func(b []byte) (any, bool) {
				return Header(b).LogGuid()
			}},
			{"log_version", 64, 2, func(b []byte) (any, bool) {
				return Header(b).LogVersion()
			}},
			{"version", 66, 2, func(b []byte) (any, bool) {
				return Header(b).Version()
			}},
			{"log_length", 68, 4, func(b []byte) (any, bool) {
				return Header(b).LogLength()
			}},
			{"log_offset", 72, 8, func(b []byte) (any, bool) {
				return Header(b).LogOffset()
			}},
			{"reserved", 80, 4016, func(b []byte) (any, bool) {
				return Header(b).Reserved()
			}},
		},
		nil,
		[]Rule{
			{"HDR-015", "reserved_bytes_are_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).ReservedBytesAreZero()
			}},
			{"HDR-001", "signature_is_head", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).SignatureIsHead()
			}},
			{"HDR-006", "version_is_supported", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).VersionIsSupported()
			}},
			{"HDR-007", "log_version_is_supported", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).LogVersionIsSupported()
			}},
			{"HDR-008", "log_length_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).LogLengthIsAligned()
			}},
			{"HDR-009", "log_offset_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).LogOffsetIsAligned()
			}},
			{"HDR-010", "log_is_after_header_section", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).LogIsAfterHeaderSection()
			}},
			{"HDR-013", "log_guid_has_a_log", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).LogGuidHasALog()
			}},
			{"HDR-014", "log_length_is_usual", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).LogLengthIsUsual()
			}},
			{"HDR-018", "guids_are_set", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).GuidsAreSet()
			}},
			{"HDR-019", "sequence_number_can_grow", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).SequenceNumberCanGrow()
			}},
			{"HDR-002", "checksum_is_right", func(b []byte, streamSize uint64) (bool, bool) {
				return Header(b).ChecksumIsRight()
			}},
		},
	},
	{
		"log_entry", 0,
		[]Field{
			{"header", 0, 64, func(b []byte) (any, bool) {
				return LogEntry(b).Header()
			}},
			{"descriptors", 64, 32, func(b []byte) (any, bool) {
				return LogEntry(b).Descriptors(0)
			}},
		},
		nil,
		[]Rule{
			{"LOG-003", "checksum_is_right", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntry(b).ChecksumIsRight()
			}},
		},
	},
	{
		"log_entry_header", 64,
		[]Field{
			{"signature", 0, 4, func(b []byte) (any, bool) {
				return LogEntryHeader(b).Signature()
			}},
			{"checksum", 4, 4, func(b []byte) (any, bool) {
				return LogEntryHeader(b).Checksum()
			}},
			{"entry_length", 8, 4, func(b []byte) (any, bool) {
				return LogEntryHeader(b).EntryLength()
			}},
			{"tail", 12, 4, func(b []byte) (any, bool) {
				return LogEntryHeader(b).Tail()
			}},
			{"sequence_number", 16, 8, func(b []byte) (any, bool) {
				return LogEntryHeader(b).SequenceNumber()
			}},
			{"descriptor_count", 24, 4, func(b []byte) (any, bool) {
				return LogEntryHeader(b).DescriptorCount()
			}},
			{"reserved", 28, 4, func(b []byte) (any, bool) {
				return LogEntryHeader(b).Reserved()
			}},
			{"log_guid", 32, 16, func(b []byte) (any, bool) {
				return LogEntryHeader(b).LogGuid()
			}},
			{"flushed_file_offset", 48, 8, func(b []byte) (any, bool) {
				return LogEntryHeader(b).FlushedFileOffset()
			}},
			{"last_file_offset", 56, 8, func(b []byte) (any, bool) {
				return LogEntryHeader(b).LastFileOffset()
			}},
		},
		[]Derived{
			{"descriptor_area_size", func(b []byte, streamSize uint64) (any, bool) {
				return LogEntryHeader(b).DescriptorAreaSize()
			}},
		},
		[]Rule{
			{"LOG-002", "signature_is_loge", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).SignatureIsLoge()
			}},
			{"LOG-004", "entry_length_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).EntryLengthIsAligned()
			}},
			{"LOG-007", "tail_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).TailIsAligned()
			}},
			{"LOG-009", "sequence_number_is_positive", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).SequenceNumberIsPositive()
			}},
			{"LOG-010", "descriptors_fit", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).DescriptorsFit()
			}},
			{"LOG-011", "reserved_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).ReservedIsZero()
			}},
			{"LOG-013", "flushed_file_offset_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).FlushedFileOffsetIsAligned()
			}},
			{"LOG-014", "last_file_offset_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return LogEntryHeader(b).LastFileOffsetIsAligned()
			}},
		},
	},
	{
		"log_descriptor", 32,
		[]Field{
			{"zero", 0, 32, func(b []byte) (any, bool) {
				return LogDescriptor(b).Zero()
			}},
			{"data", 0, 32, func(b []byte) (any, bool) {
				return LogDescriptor(b).Data()
			}},
			{"signature", 0, 4, func(b []byte) (any, bool) {
				return LogDescriptor(b).Signature()
			}},
		},
		[]Derived{
			{"is_zero", func(b []byte, streamSize uint64) (any, bool) {
				return LogDescriptor(b).IsZero()
			}},
			{"is_data", func(b []byte, streamSize uint64) (any, bool) {
				return LogDescriptor(b).IsData()
			}},
		},
		[]Rule{
			{"LOG-015", "signature_is_known", func(b []byte, streamSize uint64) (bool, bool) {
				return LogDescriptor(b).SignatureIsKnown()
			}},
		},
	},
	{
		"zero_descriptor", 32,
		[]Field{
			{"signature", 0, 4, func(b []byte) (any, bool) {
				return ZeroDescriptor(b).Signature()
			}},
			{"reserved", 4, 4, func(b []byte) (any, bool) {
				return ZeroDescriptor(b).Reserved()
			}},
			{"zero_length", 8, 8, func(b []byte) (any, bool) {
				return ZeroDescriptor(b).ZeroLength()
			}},
			{"file_offset", 16, 8, func(b []byte) (any, bool) {
				return ZeroDescriptor(b).FileOffset()
			}},
			{"sequence_number", 24, 8, func(b []byte) (any, bool) {
				return ZeroDescriptor(b).SequenceNumber()
			}},
		},
		nil,
		[]Rule{
			{"LOG-016", "reserved_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return ZeroDescriptor(b).ReservedIsZero()
			}},
			{"LOG-017", "zero_length_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return ZeroDescriptor(b).ZeroLengthIsAligned()
			}},
			{"LOG-018", "file_offset_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return ZeroDescriptor(b).FileOffsetIsAligned()
			}},
			{"LOG-026", "file_offset_is_past_headers", func(b []byte, streamSize uint64) (bool, bool) {
				return ZeroDescriptor(b).FileOffsetIsPastHeaders()
			}},
		},
	},
	{
		"data_descriptor", 32,
		[]Field{
			{"signature", 0, 4, func(b []byte) (any, bool) {
				return DataDescriptor(b).Signature()
			}},
			{"trailing_bytes", 4, 4, func(b []byte) (any, bool) {
				return DataDescriptor(b).TrailingBytes()
			}},
			{"leading_bytes", 8, 8, func(b []byte) (any, bool) {
				return DataDescriptor(b).LeadingBytes()
			}},
			{"file_offset", 16, 8, func(b []byte) (any, bool) {
				return DataDescriptor(b).FileOffset()
			}},
			{"sequence_number", 24, 8, func(b []byte) (any, bool) {
				return DataDescriptor(b).SequenceNumber()
			}},
		},
		nil,
		[]Rule{
			{"LOG-018", "file_offset_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return DataDescriptor(b).FileOffsetIsAligned()
			}},
			{"LOG-026", "file_offset_is_past_headers", func(b []byte, streamSize uint64) (bool, bool) {
				return DataDescriptor(b).FileOffsetIsPastHeaders()
			}},
		},
	},
	{
		"data_sector", 4096,
		[]Field{
			{"signature", 0, 4, func(b []byte) (any, bool) {
				return DataSector(b).Signature()
			}},
			{"sequence_high", 4, 4, func(b []byte) (any, bool) {
				return DataSector(b).SequenceHigh()
			}},
			{"data", 8, 4084, func(b []byte) (any, bool) {
				return DataSector(b).Data()
			}},
			{"sequence_low", 4092, 4, func(b []byte) (any, bool) {
				return DataSector(b).SequenceLow()
			}},
		},
		[]Derived{
			{"sequence_number", func(b []byte, streamSize uint64) (any, bool) {
				return DataSector(b).SequenceNumber()
			}},
		},
		[]Rule{
			{"LOG-020", "signature_is_data", func(b []byte, streamSize uint64) (bool, bool) {
				return DataSector(b).SignatureIsData()
			}},
		},
	},
	{
		"file_parameters", 8,
		[]Field{
			{"block_size", 0, 4, func(b []byte) (any, bool) {
				return FileParameters(b).BlockSize()
			}},
			{"leave_block_allocated", 4, 4, func(b []byte) (any, bool) {
				return FileParameters(b).LeaveBlockAllocated()
			}},
			{"has_parent", 4, 4, func(b []byte) (any, bool) {
				return FileParameters(b).HasParent()
			}},
			{"reserved", 4, 4, func(b []byte) (any, bool) {
				return FileParameters(b).Reserved()
			}},
		},
		nil,
		[]Rule{
			{"ITM-002", "block_size_is_in_range", func(b []byte, streamSize uint64) (bool, bool) {
				return FileParameters(b).BlockSizeIsInRange()
			}},
			{"ITM-003", "block_size_is_power_of_two", func(b []byte, streamSize uint64) (bool, bool) {
				return FileParameters(b).BlockSizeIsPowerOfTwo()
			}},
			{"ITM-004", "reserved_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return FileParameters(b).ReservedIsZero()
			}},
			{"ITM-005", "flags_do_not_conflict", func(b []byte, streamSize uint64) (bool, bool) {
				return FileParameters(b).FlagsDoNotConflict()
			}},
		},
	},
	{
		"virtual_disk_size", 8,
		[]Field{
			{"virtual_disk_size", 0, 8, func(b []byte) (any, bool) {
				return VirtualDiskSize(b).VirtualDiskSize()
			}},
		},
		nil,
		[]Rule{
			{"ITM-008", "size_is_in_range", func(b []byte, streamSize uint64) (bool, bool) {
				return VirtualDiskSize(b).SizeIsInRange()
			}},
			{"ITM-009", "size_is_not_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return VirtualDiskSize(b).SizeIsNotZero()
			}},
		},
	},
	{
		"virtual_disk_id", 16,
		[]Field{
			{"virtual_disk_id", 0, 16, func(b []byte) (any, bool) {
				return VirtualDiskId(b).VirtualDiskId()
			}},
		},
		nil,
		[]Rule{
			{"ITM-011", "id_is_set", func(b []byte, streamSize uint64) (bool, bool) {
				return VirtualDiskId(b).IdIsSet()
			}},
		},
	},
	{
		"logical_sector_size", 4,
		[]Field{
			{"logical_sector_size", 0, 4, func(b []byte) (any, bool) {
				return LogicalSectorSize(b).LogicalSectorSize()
			}},
		},
		nil,
		[]Rule{
			{"ITM-013", "size_is_defined", func(b []byte, streamSize uint64) (bool, bool) {
				return LogicalSectorSize(b).SizeIsDefined()
			}},
		},
	},
	{
		"physical_sector_size", 4,
		[]Field{
			{"physical_sector_size", 0, 4, func(b []byte) (any, bool) {
				return PhysicalSectorSize(b).PhysicalSectorSize()
			}},
		},
		nil,
		[]Rule{
			{"ITM-015", "size_is_defined", func(b []byte, streamSize uint64) (bool, bool) {
				return PhysicalSectorSize(b).SizeIsDefined()
			}},
		},
	},
	{
		"chs_parameters", 8,
		[]Field{
			{"heads_per_cylinder", 0, 4, func(b []byte) (any, bool) {
				return ChsParameters(b).HeadsPerCylinder()
			}},
			{"sectors_per_track", 4, 4, func(b []byte) (any, bool) {
				return ChsParameters(b).SectorsPerTrack()
			}},
		},
		nil,
		nil,
	},
	{
		"pmem_label_storage_area", 28,
		[]Field{
			{"version", 0, 2, func(b []byte) (any, bool) {
				return PmemLabelStorageArea(b).Version()
			}},
			{"reserved", 2, 2, func(b []byte) (any, bool) {
				return PmemLabelStorageArea(b).Reserved()
			}},
			{"guid", 4, 16, func(b []byte) (any, bool) {
				return PmemLabelStorageArea(b).Guid()
			}},
			{"data_offset", 20, 4, func(b []byte) (any, bool) {
				return PmemLabelStorageArea(b).DataOffset()
			}},
			{"data_length", 24, 4, func(b []byte) (any, bool) {
				return PmemLabelStorageArea(b).DataLength()
			}},
		},
		nil,
		nil,
	},
	{
		"metadata_table", 65536,
		[]Field{
			{"header", 0, 32, func(b []byte) (any, bool) {
				return MetadataTable(b).Header()
			}},
			{"entries", 32, 32, func(b []byte) (any, bool) {
				return MetadataTable(b).Entries(0)
			}},
		},
		nil,
		nil,
	},
	{
		"metadata_table_header", 32,
		[]Field{
			{"signature", 0, 8, func(b []byte) (any, bool) {
				return MetadataTableHeader(b).Signature()
			}},
			{"reserved", 8, 2, func(b []byte) (any, bool) {
				return MetadataTableHeader(b).Reserved()
			}},
			{"entry_count", 10, 2, func(b []byte) (any, bool) {
				return MetadataTableHeader(b).EntryCount()
			}},
			{"reserved2", 12, 20, func(b []byte) (any, bool) {
				return MetadataTableHeader(b).Reserved2()
			}},
		},
		nil,
		[]Rule{
			{"MDT-001", "signature_is_metadata", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableHeader(b).SignatureIsMetadata()
			}},
			{"MDT-002", "reserved_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableHeader(b).ReservedIsZero()
			}},
			{"MDT-003", "entry_count_fits", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableHeader(b).EntryCountFits()
			}},
		},
	},
	{
		"metadata_table_entry", 32,
		[]Field{
			{"item_id", 0, 16, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).ItemId()
			}},
			{"offset", 16, 4, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).Offset()
			}},
			{"length", 20, 4, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).Length()
			}},
			{"is_user", 24, 4, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).IsUser()
			}},
			{"is_virtual_disk", 24, 4, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).IsVirtualDisk()
			}},
			{"is_required", 24, 4, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).IsRequired()
			}},
			{"reserved", 24, 4, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).Reserved()
			}},
			{"reserved2", 28, 4, func(b []byte) (any, bool) {
				return MetadataTableEntry(b).Reserved2()
			}},
		},
		[]Derived{
			{"is_file_parameters", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsFileParameters()
			}},
			{"is_virtual_disk_size", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsVirtualDiskSize()
			}},
			{"is_virtual_disk_id", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsVirtualDiskId()
			}},
			{"is_logical_sector_size", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsLogicalSectorSize()
			}},
			{"is_physical_sector_size", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsPhysicalSectorSize()
			}},
			{"is_parent_locator", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsParentLocator()
			}},
			{"is_disk_property", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsDiskProperty()
			}},
			{"is_known", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).IsKnown()
			}},
			{"form_length", func(b []byte, streamSize uint64) (any, bool) {
				return MetadataTableEntry(b).FormLength()
			}},
		},
		[]Rule{
			{"MDT-006", "offset_is_past_table", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).OffsetIsPastTable()
			}},
			{"MDT-009", "length_is_in_bounds", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).LengthIsInBounds()
			}},
			{"MDT-010", "empty_item_has_no_offset", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).EmptyItemHasNoOffset()
			}},
			{"MDT-013", "reserved_flags_are_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).ReservedFlagsAreZero()
			}},
			{"MDT-014", "reserved2_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).Reserved2IsZero()
			}},
			{"MDT-015", "required_is_known", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).RequiredIsKnown()
			}},
			{"MDT-016", "user_is_not_required", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).UserIsNotRequired()
			}},
			{"MDT-017", "item_id_is_set", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).ItemIdIsSet()
			}},
			{"MDT-018", "is_not_incomplete_marker", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).IsNotIncompleteMarker()
			}},
			{"ITM-017", "known_flags_are_usual", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).KnownFlagsAreUsual()
			}},
			{"ITM-018", "known_length_is_exact", func(b []byte, streamSize uint64) (bool, bool) {
				return MetadataTableEntry(b).KnownLengthIsExact()
			}},
		},
	},
	{
		"ms_guid", 16,
		[]Field{
			{"raw", 0, 16, func(b []byte) (any, bool) {
				return MsGuid(b).Raw()
			}},
		},
		[]Derived{
			{"is_nil", func(b []byte, streamSize uint64) (any, bool) {
				return MsGuid(b).IsNil()
			}},
		},
		nil,
	},
	{
		"packed_image", 16,
		[]Field{
			{"magic", 0, 8, func(b []byte) (any, bool) {
				return PackedImage(b).Magic()
			}},
			{"file_length", 8, 8, func(b []byte) (any, bool) {
				return PackedImage(b).FileLength()
			}},
		},
		nil,
		nil,
	},
	{
		"packed_run", 17,
		[]Field{
			{"kind", 0, 1, func(b []byte) (any, bool) {
				return PackedRun(b).Kind()
			}},
			{"offset", 1, 8, func(b []byte) (any, bool) {
				return PackedRun(b).Offset()
			}},
			{"length", 9, 8, func(b []byte) (any, bool) {
				return PackedRun(b).Length()
			}},
		},
		nil,
		nil,
	},
	{
		"parent_locator", 0,
		[]Field{
			{"header", 0, 20, func(b []byte) (any, bool) {
				return ParentLocator(b).Header()
			}},
			{"entries", 20, 12, func(b []byte) (any, bool) {
				return ParentLocator(b).Entries(0)
			}},
		},
		nil,
		nil,
	},
	{
		"parent_locator_header", 20,
		[]Field{
			{"locator_type", 0, 16, func(b []byte) (any, bool) {
				return ParentLocatorHeader(b).LocatorType()
			}},
			{"reserved", 16, 2, func(b []byte) (any, bool) {
				return ParentLocatorHeader(b).Reserved()
			}},
			{"key_value_count", 18, 2, func(b []byte) (any, bool) {
				return ParentLocatorHeader(b).KeyValueCount()
			}},
		},
		[]Derived{
			{"entries_max", func(b []byte, streamSize uint64) (any, bool) {
				return ParentLocatorHeader(b).EntriesMax(streamSize)
			}},
		},
		[]Rule{
			{"PLC-003", "entries_fit", func(b []byte, streamSize uint64) (bool, bool) {
				return ParentLocatorHeader(b).EntriesFit(streamSize)
			}},
			{"PLC-004", "locator_type_is_known", func(b []byte, streamSize uint64) (bool, bool) {
				return ParentLocatorHeader(b).LocatorTypeIsKnown()
			}},
			{"PLC-005", "reserved_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return ParentLocatorHeader(b).ReservedIsZero()
			}},
			{"PLC-006", "has_pairs", func(b []byte, streamSize uint64) (bool, bool) {
				return ParentLocatorHeader(b).HasPairs()
			}},
		},
	},
	{
		"parent_locator_entry", 12,
		[]Field{
			{"key_offset", 0, 4, func(b []byte) (any, bool) {
				return ParentLocatorEntry(b).KeyOffset()
			}},
			{"value_offset", 4, 4, func(b []byte) (any, bool) {
				return ParentLocatorEntry(b).ValueOffset()
			}},
			{"key_length", 8, 2, func(b []byte) (any, bool) {
				return ParentLocatorEntry(b).KeyLength()
			}},
			{"value_length", 10, 2, func(b []byte) (any, bool) {
				return ParentLocatorEntry(b).ValueLength()
			}},
		},
		nil,
		[]Rule{
			{"PLC-007", "offsets_are_set", func(b []byte, streamSize uint64) (bool, bool) {
				return ParentLocatorEntry(b).OffsetsAreSet()
			}},
			{"PLC-008", "lengths_are_set", func(b []byte, streamSize uint64) (bool, bool) {
				return ParentLocatorEntry(b).LengthsAreSet()
			}},
			{"PLC-009", "strings_are_inside", func(b []byte, streamSize uint64) (bool, bool) {
				return ParentLocatorEntry(b).StringsAreInside(streamSize)
			}},
		},
	},
	{
		"region_table", 65536,
		[]Field{
			{"header", 0, 16, func(b []byte) (any, bool) {
				return RegionTable(b).Header()
			}},
			{"entries", 16, 32, func(b []byte) (any, bool) {
				return RegionTable(b).Entries(0)
			}},
		},
		nil,
		[]Rule{
			{"RGN-019", "unused_bytes_are_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTable(b).UnusedBytesAreZero()
			}},
			{"RGN-002", "checksum_is_right", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTable(b).ChecksumIsRight()
			}},
		},
	},
	{
		"region_table_header", 16,
		[]Field{
			{"signature", 0, 4, func(b []byte) (any, bool) {
				return RegionTableHeader(b).Signature()
			}},
			{"checksum", 4, 4, func(b []byte) (any, bool) {
				return RegionTableHeader(b).Checksum()
			}},
			{"entry_count", 8, 4, func(b []byte) (any, bool) {
				return RegionTableHeader(b).EntryCount()
			}},
			{"reserved", 12, 4, func(b []byte) (any, bool) {
				return RegionTableHeader(b).Reserved()
			}},
		},
		nil,
		[]Rule{
			{"RGN-001", "signature_is_regi", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableHeader(b).SignatureIsRegi()
			}},
			{"RGN-005", "entry_count_fits", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableHeader(b).EntryCountFits()
			}},
			{"RGN-006", "reserved_is_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableHeader(b).ReservedIsZero()
			}},
		},
	},
	{
		"region_table_entry", 32,
		[]Field{
			{"guid", 0, 16, func(b []byte) (any, bool) {
				return RegionTableEntry(b).Guid()
			}},
			{"file_offset", 16, 8, func(b []byte) (any, bool) {
				return RegionTableEntry(b).FileOffset()
			}},
			{"length", 24, 4, func(b []byte) (any, bool) {
				return RegionTableEntry(b).Length()
			}},
			{"required", 28, 4, func(b []byte) (any, bool) {
				return RegionTableEntry(b).Required()
			}},
			{"reserved", 28, 4, func(b []byte) (any, bool) {
				return RegionTableEntry(b).Reserved()
			}},
		},
		[]Derived{
			{"is_bat", func(b []byte, streamSize uint64) (any, bool) {
				return RegionTableEntry(b).IsBat()
			}},
			{"is_metadata", func(b []byte, streamSize uint64) (any, bool) {
				return RegionTableEntry(b).IsMetadata()
			}},
			{"is_known", func(b []byte, streamSize uint64) (any, bool) {
				return RegionTableEntry(b).IsKnown()
			}},
		},
		[]Rule{
			{"RGN-008", "file_offset_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).FileOffsetIsAligned()
			}},
			{"RGN-009", "file_offset_is_after_header_section", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).FileOffsetIsAfterHeaderSection()
			}},
			{"RGN-010", "length_is_aligned", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).LengthIsAligned()
			}},
			{"RGN-011", "length_is_not_zero", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).LengthIsNotZero()
			}},
			{"RGN-014", "required_is_known", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).RequiredIsKnown()
			}},
			{"RGN-017", "known_is_required", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).KnownIsRequired()
			}},
			{"RGN-018", "required_is_one_bit", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).RequiredIsOneBit()
			}},
			{"MDT-004", "metadata_holds_its_table", func(b []byte, streamSize uint64) (bool, bool) {
				return RegionTableEntry(b).MetadataHoldsItsTable()
			}},
		},
	},
	{
		"vhd_footer", 512,
		[]Field{
			{"cookie", 0, 8, func(b []byte) (any, bool) {
				return VhdFooter(b).Cookie()
			}},
			{"features", 8, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).Features()
			}},
			{"format_version", 12, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).FormatVersion()
			}},
			{"data_offset", 16, 8, func(b []byte) (any, bool) {
				return VhdFooter(b).DataOffset()
			}},
			{"time_stamp", 24, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).TimeStamp()
			}},
			{"creator_application", 28, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).CreatorApplication()
			}},
			{"creator_version", 32, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).CreatorVersion()
			}},
			{"creator_host_os", 36, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).CreatorHostOs()
			}},
			{"original_size", 40, 8, func(b []byte) (any, bool) {
				return VhdFooter(b).OriginalSize()
			}},
			{"current_size", 48, 8, func(b []byte) (any, bool) {
				return VhdFooter(b).CurrentSize()
			}},
			{"cylinders", 56, 2, func(b []byte) (any, bool) {
				return VhdFooter(b).Cylinders()
			}},
			{"heads", 58, 1, func(b []byte) (any, bool) {
				return VhdFooter(b).Heads()
			}},
			{"sectors_per_track", 59, 1, func(b []byte) (any, bool) {
				return VhdFooter(b).SectorsPerTrack()
			}},
			{"disk_type", 60, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).DiskType()
			}},
			{"checksum", 64, 4, func(b []byte) (any, bool) {
				return VhdFooter(b).Checksum()
			}},
			{"unique_id", 68, 16, func(b []byte) (any, bool) {
				return VhdFooter(b).UniqueId()
			}},
			{"saved_state", 84, 1, func(b []byte) (any, bool) {
				return VhdFooter(b).SavedState()
			}},
			{"reserved", 85, 427, func(b []byte) (any, bool) {
				return VhdFooter(b).Reserved()
			}},
		},
		nil,
		nil,
	},
}
