meta:
  id: region_table
  title: VHDX region table
  license: MIT
  ks-version: 0.11
  endian: le
  imports: [ms_guid]
doc: |
  Says where the BAT, the metadata and any further region lie. Stored twice, 64 KiB each, alike in a healthy file.
doc-ref: MS-VHDX 2.2.3
-orig-id: [Region Table]
-size: 65536
-checksum:
  id: RGN-002
  field: header.checksum
  size: 65536
  doc: The checksum is the CRC-32C of the table's 65536 bytes, with itself as zero.
  slug: rgn-checksum
  severity: must
  basis: spec
  scope: file
  section: 2.2.3.1
  verdict: ignore-object
  stage: open
  repair: auto
  repair-when:
    section_cut: 'no'
    no_table: offered
  repair-how: >-
    Copy the sound table over this one by a log entry; with consent, where neither is sound and the regions are found by
    what they hold.
  error: integrity
  reader: This copy does not count; use the other.
  provable: {with: [RGN-004]}
-constants:
  - id: region_signature
    value: regi
    -orig-id: [VHDX_REGION_SIGNATURE]
    section: 2.2.3.1
    doc: Marks a region table, in reading order; as a little-endian integer 0x69676572.
  - id: region_entries_max
    value: 2047
    unit: entries
    section: 2.2.3.1
    doc: Entries that fit behind the 16-byte header in 64 KiB.
-guids:
  - id: bat_region
    value: 2DC27766-F623-4200-9D64-115E9BFD4A08
    -orig-id: [BAT]
    required: true
    section: 2.2.3.2
    doc: The region that holds the block allocation table.
  - id: metadata_region
    value: 8B7CA206-4790-4B9A-B8FE-575F050F886E
    -orig-id: [Metadata region, Metadata]
    required: true
    section: 2.2.3.2
    doc: The region that holds the metadata table and its items.
seq:
  - id: header
    type: region_table_header
    doc: Signature, checksum and count.
  - id: entries
    type: region_table_entry
    repeat: expr
    repeat-expr: 'header.entry_count < header.entries_max ? header.entry_count : header.entries_max'
    doc: One entry a region, in any order.
  - id: unused
    size-eos: true
    doc: Room for further entries.
    -zero:
      id: RGN-019
      doc: Behind the last entry the table is zero.
      slug: rgn-tail-zero
      severity: info
      basis: spec
      scope: file
      section: 2.2.3.2
      verdict: note
      stage: sweep
      repair: 'no'
      error: integrity
      reader: Skip the bytes; mention them. Writers need not clear them, and the checksum covers them.
      provable: alone
types:
  region_table_header:
    doc: The first 16 bytes of a region table.
    doc-ref: MS-VHDX 2.2.3.1
    -orig-id: [Region Table Header, VHDXRegionTableHeader]
    seq:
      - id: signature
        size: 4
        -orig-id: [Signature, signature]
        doc: The characters "regi".
      - id: checksum
        type: u4
        -orig-id: [Checksum, checksum]
        doc: CRC-32C of the whole 64 KiB, these four bytes taken as zero.
      - id: entry_count
        type: u4
        -orig-id: [EntryCount, entry_count]
        -unit: entries
        doc: Number of entries that follow, at most 2047.
      - id: reserved
        type: u4
        -orig-id: [Reserved, reserved]
        doc: Zero; ignored.
    instances:
      expected_signature:
        value: '[0x72, 0x65, 0x67, 0x69]'
        -is: region_signature
      entries_max:
        value: 2047
        -is: region_entries_max
      signature_is_regi:
        value: signature == expected_signature
        doc: The region table begins with the four characters "regi".
        -rule:
          id: RGN-001
          slug: rgn-signature
          severity: must
          basis: spec
          scope: file
          section: 2.2.3.1
          verdict: ignore-object
          stage: open
          repair: auto
          repair-when:
            section_cut: 'no'
            no_table: offered
          repair-how: >-
            Copy the sound table over this one by a log entry; with consent, where neither is sound and the regions are
            found by what they hold.
          error: format
          reader: This copy does not count; use the other.
          provable: {with: [RGN-004]}
      entry_count_fits:
        value: entry_count <= entries_max
        doc: The table lists no more entries than fit into its 64 KiB, 2047.
        -rule:
          id: RGN-005
          slug: rgn-entry-count
          severity: must
          basis: spec
          scope: file
          section: 2.2.3.1
          verdict: refuse
          when:
            other_copy: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: Do not use this copy, and read nothing behind its end.
          next: [restore]
          provable: alone
      reserved_is_zero:
        value: reserved == 0
        doc: The reserved word of the table header is zero.
        -rule:
          id: RGN-006
          slug: rgn-reserved
          severity: must
          basis: spec
          scope: file
          section: 2.2.3.1
          verdict: note
          stage: open
          repair: auto
          repair-how: Set it to zero and renew the checksum, by a log entry.
          error: integrity
          reader: Skip it; mention it. (7-Zip and cloud-hypervisor refuse such files.)
          provable: alone
  region_table_entry:
    meta:
      bit-endian: le
    doc: Names one region and says where it lies.
    doc-ref: MS-VHDX 2.2.3.2
    -orig-id: [Region Table Entry, VHDXRegionTableEntry]
    seq:
      - id: guid
        type: ms_guid
        -orig-id: [Guid, guid]
        doc: What the region holds; unique in the table.
      - id: file_offset
        type: u8
        -orig-id: [FileOffset, file_offset]
        -unit: bytes
        doc: File offset of the region, a multiple of 1 MiB, at least 1 MiB.
      - id: length
        type: u4
        -orig-id: [Length, length]
        -unit: bytes
        doc: Size of the region, a multiple of 1 MiB.
      - id: required
        type: b1
        -orig-id: [Required, data_bits, VHDX_REGION_ENTRY_REQUIRED]
        doc: Who does not know the region's GUID must refuse the file.
      - id: reserved
        type: b31
        -orig-id: [Reserved]
        doc: Zero in every file seen; the specification shows Required as a whole word.
    instances:
      bat_guid:
        value: '[0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42, 0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08]'
        -is: bat_region
      metadata_guid:
        value: '[0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e]'
        -is: metadata_region
      object_alignment:
        value: 1048576
        -is: object_alignment
      header_section_size:
        value: 1048576
        -is: header_section_size
      metadata_table_size:
        value: 65536
        -is: metadata_table_size
      is_bat:
        value: guid.raw == bat_guid
        doc: The entry names the BAT region.
      is_metadata:
        value: guid.raw == metadata_guid
        doc: The entry names the metadata region.
      is_known:
        value: is_bat or is_metadata
        doc: The entry names a region that the specification defines.
      file_offset_is_aligned:
        value: file_offset % object_alignment == 0
        doc: A region starts at a whole number of MiB.
        -rule:
          id: RGN-008
          slug: rgn-offset-aligned
          severity: must
          basis: spec
          scope: file
          section: 2.2.3.2
          verdict: refuse
          when:
            known: refuse
            unknown: warn
          stage: open
          repair: manual
          repair-how: Someone who knows where the region lies must set the field.
          error: integrity
          reader: Refuse for the BAT and the metadata. For another optional region warn, and leave its space alone.
          next: [restore]
          provable: alone
      file_offset_is_after_header_section:
        value: file_offset >= header_section_size
        doc: A region starts behind the header section, at 1 MiB or later.
        -rule:
          id: RGN-009
          slug: rgn-offset-min
          severity: must
          basis: spec
          scope: file
          section: 2.2.3.2
          verdict: refuse
          when:
            known: refuse
            unknown: warn
          stage: open
          repair: manual
          repair-how: Someone who knows where the region lies must set the field.
          error: integrity
          reader: Refuse for the BAT and the metadata. For another optional region warn, and leave its space alone.
          next: [restore]
          provable: {with: [RGN-013]}
      length_is_aligned:
        value: length % object_alignment == 0
        doc: A region's size is a whole number of MiB.
        -rule:
          id: RGN-010
          slug: rgn-length-aligned
          severity: must
          basis: spec
          scope: file
          section: 2.2.3.2
          verdict: degrade
          stage: open
          repair: auto
          repair-when:
            not_free: 'no'
          repair-how: Round up, where nothing else lies there.
          error: integrity
          reader: Read with the size that is given; do not write to such a file.
          next: [mend, copy]
          provable: {with: [LAY-004]}
      length_is_not_zero:
        value: length > 0
        doc: A region is not empty.
        -rule:
          id: RGN-011
          slug: rgn-length-nonzero
          severity: must
          basis: derived
          scope: file
          section: 2.2.3.2
          verdict: refuse
          when:
            known: refuse
            unknown: warn
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse for the BAT and the metadata; warn for another region. (openvmm refuses for all.)
          next: [restore]
          provable: alone
      required_is_known:
        value: not required or is_known
        doc: A region marked as required is one that we know.
        -rule:
          id: RGN-014
          slug: rgn-unknown-required
          severity: must
          basis: spec
          scope: file
          section: 2.2.3.2
          verdict: refuse
          stage: open
          repair: 'no'
          error: unsupported
          reader: Refuse the file. On request, for forensic work, read it all the same.
          next: [newer]
          provable: alone
      known_is_required:
        value: not is_known or required
        doc: The BAT and the metadata are marked as required. QEMU leaves the mark out.
        -rule:
          id: RGN-017
          slug: rgn-known-required-set
          severity: should
          basis: spec
          scope: file
          section: 2.2.3.2
          broken: this region is not marked as required (QEMU does this; harmless)
          verdict: note
          stage: open
          repair: auto
          repair-how: Set the bit and renew the checksum, by a log entry.
          error: integrity
          reader: Take the entry as it is; mention it.
          provable: alone
      required_is_one_bit:
        value: reserved == 0
        doc: The word that holds Required is 0 or 1.
        -rule:
          id: RGN-018
          slug: rgn-required-bits
          severity: should
          basis: derived
          scope: file
          section: 2.2.3.2
          verdict: warn
          stage: open
          repair: auto
          repair-how: Clear the other 31 bits, by a log entry.
          error: integrity
          reader: Look at its lowest bit only; warn.
          provable: alone
      metadata_holds_its_table:
        value: not is_metadata or length >= metadata_table_size
        doc: The metadata region has room for its table of 64 KiB. Other regions are not asked.
        -rule:
          id: MDT-004
          slug: mdt-region-min
          severity: must
          basis: derived
          scope: file
          section: '2.6'
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file.
          next: [restore]
          provable: {with: [MDT-007, RGN-010]}
