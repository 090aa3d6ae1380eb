meta:
  id: log_entry
  title: VHDX log entry
  license: MIT
  ks-version: 0.11
  endian: le
  imports: [ms_guid]
doc: |
  One entry of the log, as a contiguous piece: descriptor sectors, then one data sector for each data descriptor. On disk
  an entry starts at a multiple of 4 KiB of the log and may wrap past the log's end; whoever parses it joins the parts
  first.
doc-ref: MS-VHDX 2.3.1
-orig-id: [Log Entry]
-checksum:
  id: LOG-003
  field: header.checksum
  size-field: header.entry_length
  doc: The checksum is the CRC-32C of the entry's bytes, read on across the log's end, with itself as zero.
  slug: log-entry-crc
  severity: must
  basis: spec
  scope: log
  section: 2.3.1.1
  verdict: ignore-object
  stage: open
  repair: 'no'
  error: integrity
  reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
  provable: alone
-constants:
  - id: log_entry_signature
    value: loge
    -orig-id: [VHDX_LOG_SIGNATURE]
    section: 2.3.1.1
    doc: Marks a log entry, in reading order; as a little-endian integer 0x65676F6C.
  - id: zero_descriptor_signature
    value: zero
    -orig-id: [VHDX_LOG_ZERO_SIGNATURE]
    section: 2.3.1.2
    doc: Marks a zero descriptor, in reading order; as a little-endian integer 0x6F72657A.
  - id: data_descriptor_signature
    value: desc
    -orig-id: [VHDX_LOG_DESC_SIGNATURE]
    section: 2.3.1.3
    doc: Marks a data descriptor, in reading order; as a little-endian integer 0x63736564.
  - id: data_sector_signature
    value: data
    -orig-id: [VHDX_LOG_DATA_SIGNATURE]
    section: 2.3.1.4
    doc: Marks a data sector, in reading order; as a little-endian integer 0x61746164.
  - id: log_sector_size
    value: 4096
    unit: bytes
    -orig-id: [VHDX_LOG_SECTOR_SIZE]
    section: 2.3.1
    doc: Granularity of the log, and the size of what one data descriptor updates.
  - id: log_entry_header_size
    value: 64
    unit: bytes
    -orig-id: [VHDX_LOG_HDR_SIZE]
    section: 2.3.1.1
    doc: Size of a log entry header.
  - id: log_descriptor_size
    value: 32
    unit: bytes
    -orig-id: [VHDX_LOG_DESC_SIZE]
    section: 2.3.1
    doc: Size of either kind of descriptor.
  - id: log_descriptors_first_sector
    value: 126
    unit: descriptors
    section: 2.3.1
    doc: Descriptors that fit behind the header in the first descriptor sector of an entry.
  - id: log_descriptors_per_sector
    value: 128
    unit: descriptors
    section: 2.3.1
    doc: Descriptors that fit into each further descriptor sector.
  - id: log_size_min
    value: 1048576
    unit: bytes
    -orig-id: [VHDX_LOG_MIN_SIZE]
    section: 2.2.2
    doc: Granularity of the log area's size, and thereby the smallest log.
  - id: log_size_default
    value: 1048576
    unit: bytes
    -orig-id: [DEFAULT_LOG_SIZE, log_size]
    section: 2.2.2
    doc: Log that writers make when nobody asks for another (Hyper-V, QEMU).
  - id: log_work_factor
    value: 16
    unit: log lengths
    section: 2.3.3
    doc: A bound of this project. A scan computes checksums over at most this many times the log's length.
  - id: log_target_end_max
    value: 9223372036854775808
    unit: bytes
    section: '2.3'
    doc: A bound of this project. No update may reach past 2^63, where file offsets of operating systems end.
  - id: log_growth_max
    value: 70368744177664
    unit: bytes
    section: 2.3.3
    doc: A bound of this project. A replay may make the file longer by this at most, as much as the largest disk.
seq:
  - id: header
    type: log_entry_header
    doc: The entry's first 64 bytes.
  - id: descriptors
    size: header.log_descriptor_size
    type: log_descriptor
    repeat: expr
    repeat-expr: header.descriptor_count
    doc: What the entry updates, in order.
  - id: padding
    size: header.descriptor_area_size - header.log_entry_header_size - header.log_descriptor_size * header.descriptor_count
    doc: Rest of the last descriptor sector.
  - id: data_sectors
    size: header.log_sector_size
    type: data_sector
    repeat: expr
    repeat-expr: (header.entry_length - header.descriptor_area_size) / header.log_sector_size
    doc: One for each data descriptor, in the same order.
types:
  log_entry_header:
    doc: Says how long the entry is, where in the sequence it stands and how far back the sequence reaches.
    doc-ref: MS-VHDX 2.3.1.1
    -orig-id: [Entry Header, VHDXLogEntryHeader]
    seq:
      - id: signature
        size: 4
        -orig-id: [Signature, signature]
        doc: The characters "loge".
      - id: checksum
        type: u4
        -orig-id: [Checksum, checksum]
        doc: CRC-32C of the entry's EntryLength bytes, across the wrap, these four taken as zero.
      - id: entry_length
        type: u4
        -orig-id: [EntryLength, entry_length]
        -unit: bytes
        doc: Size of the whole entry, a multiple of 4 KiB.
      - id: tail
        type: u4
        -orig-id: [Tail, tail]
        -unit: bytes
        doc: Offset in the log of the oldest entry that must be replayed once this entry is the head; may be its own.
      - id: sequence_number
        type: u8
        -orig-id: [SequenceNumber, sequence_number]
        doc: One more than that of the entry before; never 0. Where counting starts is up to the writer.
      - id: descriptor_count
        type: u4
        -orig-id: [DescriptorCount, descriptor_count]
        -unit: descriptors
        doc: Number of descriptors, which may be 0.
      - id: reserved
        type: u4
        -orig-id: [Reserved, reserved]
        doc: Zero.
      - id: log_guid
        type: ms_guid
        -orig-id: [LogGuid, log_guid]
        doc: Equal to the current header's LogGuid, or the entry is stale.
      - id: flushed_file_offset
        type: u8
        -orig-id: [FlushedFileOffset, flushed_file_offset]
        -unit: bytes
        doc: A file size that was stable on the host when the entry was written. A shorter file has been truncated.
      - id: last_file_offset
        type: u8
        -orig-id: [LastFileOffset, last_file_offset]
        -unit: bytes
        doc: A file size that holds every allocated structure; replay makes the file at least as long.
    instances:
      expected_signature:
        value: '[0x6c, 0x6f, 0x67, 0x65]'
        -is: log_entry_signature
      object_alignment:
        value: 1048576
        -is: object_alignment
      log_sector_size:
        value: 4096
        -is: log_sector_size
      log_entry_header_size:
        value: 64
        -is: log_entry_header_size
      log_descriptor_size:
        value: 32
        -is: log_descriptor_size
      descriptor_area_size:
        value: >-
          (log_entry_header_size + log_descriptor_size * descriptor_count + log_sector_size - 1)
          / log_sector_size * log_sector_size
        -unit: bytes
        doc: Size of the sectors that hold the header and the descriptors; the data sectors follow.
      signature_is_loge:
        value: signature == expected_signature
        doc: An entry begins with the four characters "loge".
        -rule:
          id: LOG-002
          slug: log-entry-signature
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.1
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: format
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable:
            'no': Where no signature is, nothing shows that an entry was meant to be; every log has such places.
      entry_length_is_aligned:
        value: entry_length % log_sector_size == 0
        doc: An entry's length is a multiple of 4 KiB.
        -rule:
          id: LOG-004
          slug: log-entry-length-aligned
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.1
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable: alone
      tail_is_aligned:
        value: tail % log_sector_size == 0
        doc: Tail is a multiple of 4 KiB.
        -rule:
          id: LOG-007
          slug: log-tail-aligned
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.1
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable: alone
      sequence_number_is_positive:
        value: sequence_number > 0
        doc: Sequence numbers of entries start above 0.
        -rule:
          id: LOG-009
          slug: log-seq-positive
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.1
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable: alone
      descriptors_fit:
        value: >-
          entry_length >= log_entry_header_size and
          descriptor_count <= (entry_length - log_entry_header_size) / log_descriptor_size
        doc: Header and descriptors fit into the entry. An entry without descriptors is fine.
        -rule:
          id: LOG-010
          slug: log-desc-count-fits
          severity: must
          basis: derived
          scope: log
          section: 2.3.1
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: >-
            The place holds no valid entry; a sequence ends before it. That alone never refuses the file. Decide this
            before room for the descriptors is made.
          provable: alone
      reserved_is_zero:
        value: reserved == 0
        doc: The reserved word of an entry header is zero.
        -rule:
          id: LOG-011
          slug: log-entry-reserved
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.1
          verdict: note
          stage: open
          repair: 'no'
          error: integrity
          reader: Take the entry and mention it; no reader is known to mind.
          provable: alone
      flushed_file_offset_is_aligned:
        value: flushed_file_offset % object_alignment == 0
        doc: FlushedFileOffset is a whole number of MiB.
        -rule:
          id: LOG-013
          slug: log-flushed-aligned
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.1
          verdict: warn
          stage: open
          repair: 'no'
          error: integrity
          reader: Use the value; warn. 0, and values below the previous entry's, occur in sound logs.
          provable: alone
      last_file_offset_is_aligned:
        value: last_file_offset % object_alignment == 0
        doc: LastFileOffset is a whole number of MiB.
        -rule:
          id: LOG-014
          slug: log-last-aligned
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.1
          verdict: warn
          stage: open
          repair: 'no'
          error: integrity
          reader: Round up to the next MiB when the file is lengthened; warn.
          provable: alone
  log_descriptor:
    doc: A slot of 32 bytes that holds a zero descriptor or a data descriptor.
    doc-ref: MS-VHDX 2.3.1
    -orig-id: [VHDXLogDescriptor]
    -size: 32
    seq:
      - id: zero
        type: zero_descriptor
        if: is_zero
        doc: The slot as a zero descriptor.
      - id: data
        type: data_descriptor
        if: is_data
        doc: The slot as a data descriptor.
    instances:
      signature:
        pos: 0
        size: 4
        -orig-id: [signature]
        doc: What decides the kind.
      zero_signature:
        value: '[0x7a, 0x65, 0x72, 0x6f]'
        -is: zero_descriptor_signature
      data_signature:
        value: '[0x64, 0x65, 0x73, 0x63]'
        -is: data_descriptor_signature
      is_zero:
        value: signature == zero_signature
        doc: The slot holds a zero descriptor.
      is_data:
        value: signature == data_signature
        doc: The slot holds a data descriptor.
      signature_is_known:
        value: is_zero or is_data
        doc: A descriptor begins with "zero" or "desc".
        -rule:
          id: LOG-015
          slug: log-desc-signature
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.2/2.3.1.3
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: format
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable: alone
  zero_descriptor:
    doc: Sets a range of the file to zero.
    doc-ref: MS-VHDX 2.3.1.2
    -orig-id: [Zero Descriptor]
    seq:
      - id: signature
        size: 4
        -orig-id: [ZeroSignature, signature]
        doc: The characters "zero".
      - id: reserved
        type: u4
        -orig-id: [Reserved, reserved]
        doc: Zero.
      - id: zero_length
        type: u8
        -orig-id: [ZeroLength, zero_length]
        -unit: bytes
        doc: Length of the range, a multiple of 4 KiB.
      - id: file_offset
        type: u8
        -orig-id: [FileOffset, file_offset]
        -unit: bytes
        doc: Where the range starts, a multiple of 4 KiB.
      - id: sequence_number
        type: u8
        -orig-id: [SequenceNumber, sequence_number]
        doc: The entry's sequence number again.
    instances:
      log_sector_size:
        value: 4096
        -is: log_sector_size
      region_table_1_offset:
        value: 196608
        -is: region_table_1_offset
      reserved_is_zero:
        value: reserved == 0
        doc: The reserved word of a zero descriptor is zero.
        -rule:
          id: LOG-016
          slug: log-zero-reserved
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.2
          verdict: note
          stage: open
          repair: 'no'
          error: integrity
          reader: Take the entry and mention it.
          provable: alone
      zero_length_is_aligned:
        value: zero_length % log_sector_size == 0
        doc: The length of a zeroed range is a multiple of 4 KiB.
        -rule:
          id: LOG-017
          slug: log-zero-length-aligned
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.2
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable: alone
      file_offset_is_aligned:
        value: file_offset % log_sector_size == 0
        doc: What a descriptor updates starts at a multiple of 4 KiB.
        -rule:
          id: LOG-018
          slug: log-desc-offset-aligned
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.2/2.3.1.3
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: >-
            The place holds no valid entry; a sequence ends before it. That alone never refuses the file. (QEMU refuses
            the file.)
          provable: alone
      file_offset_is_past_headers:
        value: file_offset >= region_table_1_offset
        doc: 'No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.'
        -rule:
          id: LOG-026
          slug: log-target-not-header
          severity: must
          basis: derived
          scope: log
          section: 2.2.1/2.2.2/2.3
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable: alone
  data_descriptor:
    doc: Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data sector.
    doc-ref: MS-VHDX 2.3.1.3
    -orig-id: [Data Descriptor]
    seq:
      - id: signature
        size: 4
        -orig-id: [DataSignature, signature]
        doc: The characters "desc".
      - id: trailing_bytes
        size: 4
        -orig-id: [TrailingBytes, trailing_bytes]
        doc: Bytes 4092 to 4095 of the update.
      - id: leading_bytes
        size: 8
        -orig-id: [LeadingBytes, leading_bytes]
        doc: Bytes 0 to 7 of the update.
      - id: file_offset
        type: u8
        -orig-id: [FileOffset, file_offset]
        -unit: bytes
        doc: Where the 4 KiB go, a multiple of 4 KiB.
      - id: sequence_number
        type: u8
        -orig-id: [SequenceNumber, sequence_number]
        doc: The entry's sequence number again.
    instances:
      log_sector_size:
        value: 4096
        -is: log_sector_size
      region_table_1_offset:
        value: 196608
        -is: region_table_1_offset
      file_offset_is_aligned:
        value: file_offset % log_sector_size == 0
        doc: What a descriptor updates starts at a multiple of 4 KiB.
        -rule: LOG-018
      file_offset_is_past_headers:
        value: file_offset >= region_table_1_offset
        doc: 'No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.'
        -rule: LOG-026
  data_sector:
    doc: The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows.
    doc-ref: MS-VHDX 2.3.1.4
    -orig-id: [Data Sector, VHDXLogDataSector]
    seq:
      - id: signature
        size: 4
        -orig-id: [DataSignature, data_signature]
        doc: The characters "data".
      - id: sequence_high
        type: u4
        -orig-id: [SequenceHigh, sequence_high]
        doc: Upper half of the entry's sequence number.
      - id: data
        size: 4084
        -orig-id: [Data, data]
        doc: Bytes 8 to 4091 of the update.
      - id: sequence_low
        type: u4
        -orig-id: [SequenceLow, sequence_low]
        doc: Lower half of the entry's sequence number.
    instances:
      expected_signature:
        value: '[0x64, 0x61, 0x74, 0x61]'
        -is: data_sector_signature
      sequence_number:
        value: sequence_high * 4294967296 + sequence_low
        doc: The two halves joined.
      signature_is_data:
        value: signature == expected_signature
        doc: A data sector begins with the four characters "data".
        -rule:
          id: LOG-020
          slug: log-data-signature
          severity: must
          basis: spec
          scope: log
          section: 2.3.1.4
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: format
          reader: The place holds no valid entry; a sequence ends before it. That alone never refuses the file.
          provable: alone
