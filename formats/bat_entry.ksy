meta:
  id: bat_entry
  title: VHDX block allocation table entry
  license: MIT
  ks-version: 0.11
  endian: le
  bit-endian: le
doc: |
  One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry for the
  chunk's sector bitmap block; the word is the same, the meaning of its state is not.
doc-ref: MS-VHDX 2.5.1
-orig-id: [BAT Entry, VHDXBatEntry]
-size: 8
-constants:
  - id: bat_state_mask
    value: 0x7
    -orig-id: [VHDX_BAT_STATE_BIT_MASK]
    section: 2.5.1
    doc: Bits of an entry that hold its state.
  - id: bat_file_offset_mask
    value: 0xFFFFFFFFFFF00000
    -orig-id: [VHDX_BAT_FILE_OFF_MASK]
    section: 2.5.1
    doc: Bits of an entry that, taken where they stand, are the block's file offset in bytes.
  - id: bat_file_offset_bit
    value: 20
    unit: bits
    -orig-id: [VHDX_BAT_FILE_OFF_BITS]
    section: 2.5.1
    doc: Lowest bit of FileOffsetMB in an entry; the bits below count parts of a MiB.
  - id: file_offset_mb_usual_max
    value: 268435455
    unit: MiB
    section: 2.5.1
    doc: Largest FileOffsetMB that a known implementation (openvmm) accepts, 256 TiB less 1 MiB.
  - id: sectors_per_chunk
    value: 8388608
    unit: sectors
    -orig-id: [VHDX_MAX_SECTORS_PER_BLOCK]
    section: '2.4'
    doc: Logical sectors that one sector bitmap block describes (2^23), and thereby the size of a chunk.
  - id: sector_bitmap_block_size
    value: 1048576
    unit: bytes
    section: '2.4'
    doc: Size of a sector bitmap block, one bit a sector of the chunk.
  - id: chunk_size_512
    value: 4294967296
    unit: bytes
    -orig-id: [ChunkBytes]
    section: '2.4'
    doc: Virtual bytes of a chunk with sectors of 512 bytes (sectors_per_chunk × sector size).
  - id: chunk_size_4096
    value: 34359738368
    unit: bytes
    -orig-id: [ChunkBytes]
    section: '2.4'
    doc: Virtual bytes of a chunk with sectors of 4096 bytes.
  - id: chunk_ratio_min
    value: 16
    unit: blocks
    -orig-id: [ChunkRatio]
    section: '2.4'
    doc: Fewest payload blocks in a chunk. Chunk ratio = chunk size / block size, a power of two.
  - id: chunk_ratio_max
    value: 32768
    unit: blocks
    -orig-id: [ChunkRatio]
    section: '2.4'
    doc: Most payload blocks in a chunk (sectors of 4096 bytes, blocks of 1 MiB).
  - id: sectors_per_block_min
    value: 256
    unit: sectors
    -orig-id: [SectorsPerBlock]
    section: '2.4'
    doc: Fewest logical sectors in a payload block (block size / sector size).
  - id: sectors_per_block_max
    value: 524288
    unit: sectors
    -orig-id: [SectorsPerBlock]
    section: '2.4'
    doc: Most logical sectors in a payload block.
  - id: payload_blocks_max
    value: 67108864
    unit: blocks
    -orig-id: [PayloadBlocks]
    section: '2.5'
    doc: Most payload blocks of a disk. Payload blocks = disk size / block size, rounded up.
  - id: bitmap_blocks_max
    value: 16384
    unit: blocks
    -orig-id: [BitmapBlocks]
    section: '2.5'
    doc: Most sector bitmap blocks. Bitmap blocks = payload blocks / chunk ratio, rounded up.
  - id: bat_entries_max
    value: 67125248
    unit: entries
    -orig-id: [TotalBatEntries]
    section: '2.5'
    doc: Entries of the largest table there can be (64 TiB, 1 MiB blocks, 512-byte sectors, differencing).
  - id: bat_region_usual_max
    value: 537919488
    unit: bytes
    section: '2.5'
    doc: Largest BAT region that a known implementation (openvmm) accepts, 513 MiB.
  - id: qemu_block_state_zero_default
    value: 1
    -orig-id: [block_state_zero]
    section: 2.5.1.1
    doc: QEMU creates fixed files whose blocks are all in state zero unless told otherwise.
seq:
  - id: state
    type: b3
    -orig-id: [State]
    doc: What the block holds; see the two enumerations.
  - id: reserved
    type: b17
    -orig-id: [Reserved]
    doc: Zero.
  - id: file_offset_mb_low
    type: b12
    -unit: MiB
    doc: Low 12 bits of FileOffsetMB. Split, because not every Kaitai target reads bit fields wider than 32 bits.
  - id: file_offset_mb_high
    type: b32
    -unit: 4 GiB
    doc: High 32 bits of FileOffsetMB.
instances:
  file_offset_mb:
    value: file_offset_mb_high * 4096 + file_offset_mb_low
    -orig-id: [FileOffsetMB, file_off_mb]
    -unit: MiB
    doc: File offset of the block in MiB; reserved in states that hold no data.
  payload_state:
    value: state
    enum: payload_block_state
    doc: The state, where the entry belongs to a payload block.
  sector_bitmap_state:
    value: state
    enum: sector_bitmap_block_state
    doc: The state, where the entry belongs to a sector bitmap block.
  is_allocated:
    value: state == payload_block_state::fully_present.to_i or state == payload_block_state::partially_present.to_i
    doc: The entry's file offset counts. State 6 means so of both kinds of entry.
  reserved_is_zero:
    value: reserved == 0
    doc: Bits 3 to 19 of an entry are zero.
    -rule:
      id: BAT-002
      slug: bat-reserved-bits
      severity: must
      basis: spec
      scope: file
      section: 2.5.1
      verdict: warn
      when:
        block_unknown: degrade
      stage: access
      repair: auto
      repair-when:
        block_unknown: lossy
      repair-how: >-
        Clear them where the block has a place in the file. Any other entry says nothing: with consent its block is
        given up, so that it reads as zeros.
      error: integrity
      reader: >-
        Skip them and warn where the state is 6 or 7 and the place is inside the file. Any other entry with such bits is
        damaged: reading its block fails. (openvmm and 7-Zip do not open such files.)
      next: [salvage, lossy]
      provable: alone
  payload_state_is_defined:
    value: state != 4 and state != payload_block_state::unmapped_v095.to_i
    doc: 'The state of a payload block is one that the specification defines: 4 and 5 are not.'
    -rule:
      id: BAT-003
      slug: bat-payload-state
      severity: must
      basis: spec
      scope: file
      section: 2.5.1.1
      verdict: degrade
      stage: access
      repair: lossy
      repair-when:
        block_unknown: lossy
        unmapped_v095: auto
      repair-how: >-
        A 5 whose reserved bits are clear becomes a 3, which loses nothing and needs no consent. Any other block is given
        up, so that it reads as zeros.
      error: integrity
      applies: [payload]
      reader: >-
        5 is what draft 0.95 called unmapped: zeros, as long as the reserved bits are clear. Any other 5, and 4: reading
        this block fails, others do not.
      next: [salvage, mend, lossy]
      provable: alone
  not_partially_present:
    value: state != payload_block_state::partially_present.to_i
    doc: Only a differencing file has partially present blocks.
    -rule:
      id: BAT-004
      slug: bat-partial-only-diff
      severity: must
      basis: spec
      scope: file
      section: 2.5.1.1
      verdict: degrade
      stage: access
      repair: auto
      repair-when:
        block_unknown: lossy
      repair-how: Make the 7 a 6.
      error: integrity
      applies: [payload, no_parent]
      reader: Read the block as fully present, and report it.
      next: [mend, salvage]
      provable: alone
  allocated_offset_is_set:
    value: not is_allocated or file_offset_mb >= 1
    doc: A block that is in the file lies at 1 MiB or later; offset 0 is no place.
    -rule:
      id: BAT-005
      slug: bat-present-offset-min
      severity: must
      basis: spec
      scope: file
      section: 2.5.1
      verdict: degrade
      stage: access
      repair: lossy
      repair-when:
        not_needed: auto
      repair-how: Mark the block as zero; what it held is given up. A sector bitmap that no block needs is cleared.
      error: integrity
      reader: Reading this block fails; in salvage it gives zeros. Do not write.
      next: [salvage, lossy]
      provable: alone
  sector_bitmap_state_is_defined:
    value: state == sector_bitmap_block_state::not_present.to_i or state == sector_bitmap_block_state::present.to_i
    doc: The state of a sector bitmap block is 0 or 6.
    -rule:
      id: BAT-010
      slug: bat-sb-state
      severity: must
      basis: spec
      scope: file
      section: 2.5.1.2
      verdict: degrade
      stage: access
      repair: auto
      repair-when:
        block_unknown: lossy
        place_taken: 'no'
        needed: offered
      repair-how: Make a 7 a 6, and others 0; with consent 6, where blocks need it and its place is free.
      error: integrity
      applies: [sector_bitmap, has_parent]
      reader: Take 7 as 6 and any other as not present; reads that need the bitmap then fail.
      next: [salvage]
      provable: alone
  sector_bitmap_is_absent:
    value: state == sector_bitmap_block_state::not_present.to_i
    doc: Only a differencing file has sector bitmap blocks.
    -rule:
      id: BAT-011
      slug: bat-sb-only-diff
      severity: must
      basis: spec
      scope: file
      section: 2.5.1.2
      verdict: warn
      stage: sweep
      repair: auto
      repair-how: Set the entry to zero.
      error: integrity
      applies: [sector_bitmap, no_parent]
      reader: Do not look at the entry; warn. Such files are known.
      provable: alone
  unused_offset_is_zero:
    value: >-
      file_offset_mb == 0 or
      (state != payload_block_state::not_present.to_i and state != payload_block_state::zero.to_i)
    doc: An entry of a block that is not present, or zero, has no file offset.
    -rule:
      id: BAT-014
      slug: bat-reserved-offset
      severity: info
      basis: derived
      scope: file
      section: 2.5.1.1
      verdict: warn
      stage: sweep
      repair: auto
      repair-when:
        block_unknown: lossy
      repair-how: Set the offset to zero by a log entry.
      error: integrity
      reader: Do not use the offset; warn. Hyper-V is said to refuse such files.
      provable: alone
  fixed_is_present:
    value: state == payload_block_state::fully_present.to_i
    doc: In a fixed file every block is fully present. Others are tolerated; qemu-img makes them.
    -rule:
      id: BAT-016
      slug: bat-fixed-present
      severity: info
      basis: spec
      scope: file
      section: 2.5.1.1/2.6.2.1
      verdict: note
      stage: sweep
      repair: 'no'
      error: integrity
      applies: [payload, fixed]
      reader: Read it as a dynamic file is read; mention it.
      provable: alone
enums:
  payload_block_state:
    0:
      id: not_present
      -orig-id: PAYLOAD_BLOCK_NOT_PRESENT
      doc: Never written. A differencing file asks its parent; others read zeros.
    1:
      id: undefined
      -orig-id: PAYLOAD_BLOCK_UNDEFINED
      doc: Contents arbitrary; never the parent's. Zeros here.
    2:
      id: zero
      -orig-id: PAYLOAD_BLOCK_ZERO
      doc: Zeros; never the parent's.
    3:
      id: unmapped
      -orig-id: PAYLOAD_BLOCK_UNMAPPED
      doc: Discarded by the guest; never the parent's. Zeros here.
    5:
      id: unmapped_v095
      -orig-id: PAYLOAD_BLOCK_UNMAPPED_v095
      doc: The number that draft 0.95 gave to unmapped; reserved since.
    6:
      id: fully_present
      -orig-id: PAYLOAD_BLOCK_FULLY_PRESENT
      doc: The whole block is in this file; the sector bitmap is not asked.
    7:
      id: partially_present
      -orig-id: PAYLOAD_BLOCK_PARTIALLY_PRESENT
      doc: Sector by sector in this file or the parent, as the sector bitmap says. Differencing files only.
  sector_bitmap_block_state:
    0:
      id: not_present
      -orig-id: SB_BLOCK_NOT_PRESENT
      doc: The chunk has no sector bitmap block.
    6:
      id: present
      -orig-id: SB_BLOCK_PRESENT
      doc: The chunk's sector bitmap block is in this file. Differencing files only.
