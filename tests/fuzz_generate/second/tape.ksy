meta:
  id: tape
  title: A small archive format, for tests
  license: MIT
  ks-version: 0.11
  endian: le
  bit-endian: le
doc: Head of an archive; says where its entries lie.
doc-ref: TAPE 1
-checksum:
  id: TAP-002
  field: checksum
  size: 64
  doc: The checksum is the CRC-32C of the head's 64 bytes, with itself as zero.
  slug: tap-checksum
  severity: must
  basis: spec
  scope: file
  section: '1'
  verdict: refuse
  stage: open
  repair: 'no'
  error: integrity
  reader: Refuse.
  provable: alone
-constants:
  - {id: tape_signature, value: TAPE, section: '1', doc: Marks the head.}
  - {id: unit, value: 512, unit: bytes, section: '1', doc: Everything starts at a multiple of it.}
  - {id: entries_max, value: 12, section: '1', doc: Most entries of an archive.}
  - {id: unit_max, value: 65536, unit: bytes, section: '1', doc: Largest unit of storage.}
  - {id: bytes_max, value: 1048576, unit: bytes, section: '2', doc: Longest content of an entry.}
seq:
  - {id: signature, size: 4, doc: The characters "TAPE".}
  - {id: checksum, type: u4, doc: CRC-32C of the head.}
  - {id: version, type: u2, doc: Version of the format.}
  - {id: is_closed, type: b1, doc: Nobody writes to it.}
  - {id: level, type: b3, doc: Effort of the writer.}
  - {id: spare, type: b12, doc: Zero.}
  - {id: storage_unit, type: u4, -unit: bytes, doc: Size of a unit of storage.}
  - {id: entry_count, type: u4, -unit: entries, doc: How many entries there are.}
  - {id: entries_offset, type: u8, -unit: bytes, doc: Where the entries lie.}
  - {id: serial, type: u8, doc: Number of the archive.}
  - id: unused
    size: 28
    doc: Zero.
    -zero: {id: TAP-008, doc: The rest of the head is zero., slug: tap-unused, severity: must, basis: spec, scope: file,
      section: '1', verdict: note, stage: sweep, repair: 'no', error: integrity, reader: Skip it., provable: alone}
instances:
  expected_signature:
    value: '[0x54, 0x41, 0x50, 0x45]'
    -is: tape_signature
  unit:
    value: 512
    -is: unit
  entries_max:
    value: 12
    -is: entries_max
  unit_max:
    value: 65536
    -is: unit_max
  signature_is_tape:
    value: signature == expected_signature
    doc: The head begins with "TAPE".
    -rule: {id: TAP-001, slug: tap-signature, severity: must, basis: spec, scope: file, section: '1', verdict: refuse,
      stage: open, repair: 'no', error: format, reader: Refuse., provable: alone}
  version_is_known:
    value: version == 3 or version == 4
    doc: The version is 3 or 4.
    -rule: {id: TAP-003, slug: tap-version, severity: must, basis: spec, scope: file, section: '1', verdict: refuse,
      stage: open, repair: 'no', error: unsupported, reader: Refuse., provable: alone}
  spare_is_zero:
    value: spare == 0
    doc: The spare bits are zero.
    -rule: {id: TAP-004, slug: tap-spare, severity: must, basis: spec, scope: file, section: '1', verdict: warn,
      stage: open, repair: 'no', error: integrity, reader: Skip them., provable: alone}
  level_suits:
    value: is_closed or level < 5
    doc: Only a closed archive has a level of 5 or more.
    -rule: {id: TAP-005, slug: tap-level, severity: must, basis: spec, scope: file, section: '1', verdict: warn,
      stage: open, repair: 'no', error: integrity, reader: Go on., provable: alone}
  storage_unit_is_sound:
    value: storage_unit >= unit and storage_unit <= unit_max and (storage_unit & (storage_unit - 1)) == 0
    doc: A unit of storage is a power of two from 512 to 65536.
    -rule: {id: TAP-006, slug: tap-unit, severity: must, basis: spec, scope: file, section: '1', verdict: refuse,
      stage: open, repair: 'no', error: integrity, reader: Refuse., provable: alone}
  entries_fit:
    value: entry_count <= entries_max
    doc: There are no more than 12 entries.
    -rule: {id: TAP-007, slug: tap-entries, severity: must, basis: spec, scope: file, section: '1', verdict: refuse,
      stage: open, repair: 'no', error: integrity, reader: Refuse., provable: alone}
  entries_are_aligned:
    value: entries_offset % unit == 0
    doc: The entries start at a multiple of 512.
    -rule: {id: TAP-009, slug: tap-aligned, severity: must, basis: spec, scope: file, section: '1', verdict: refuse,
      stage: open, repair: 'no', error: integrity, reader: Refuse., provable: alone}
types:
  tape_entry:
    meta:
      bit-endian: le
    doc: Names a content and says where it lies.
    doc-ref: TAPE 2
    seq:
      - {id: name, size: 8, doc: Unique in the archive.}
      - {id: content_offset, type: u8, -unit: bytes, doc: Where the content lies.}
      - {id: content_length, type: u4, -unit: bytes, doc: How long it is.}
      - {id: kind, type: b2, doc: 0 to 2.}
      - {id: flags, type: b30, doc: Zero.}
    instances:
      bytes_max:
        value: 1048576
        -is: bytes_max
      kind_is_known:
        value: kind != 3
        doc: The kind is not 3.
        -rule: {id: TAP-010, slug: tap-kind, severity: must, basis: spec, scope: file, section: '2', verdict: degrade,
          stage: open, repair: 'no', error: integrity, reader: Skip the entry., provable: alone}
      flags_are_zero:
        value: flags == 0
        doc: The flags are zero.
        -rule: {id: TAP-011, slug: tap-flags, severity: must, basis: spec, scope: file, section: '2', verdict: warn,
          stage: open, repair: 'no', error: integrity, reader: Skip them., provable: alone}
      empty_has_no_place:
        value: content_length != 0 or content_offset == 0
        doc: An empty content has no place.
        -rule: {id: TAP-012, slug: tap-empty, severity: must, basis: spec, scope: file, section: '2', verdict: warn,
          stage: open, repair: 'no', error: integrity, reader: Go on., provable: alone}
      content_is_short:
        value: content_length <= bytes_max
        doc: A content is no longer than 1 MiB.
        -rule: {id: TAP-013, slug: tap-length, severity: must, basis: spec, scope: file, section: '2', verdict: degrade,
          stage: open, repair: 'no', error: integrity, reader: Skip the entry., provable: {with: [TAP-017]}}
  tape_index:
    doc: All entries, one behind the other.
    doc-ref: TAPE 2
    seq:
      - {id: entries, type: tape_entry, repeat: expr, repeat-expr: 3, doc: The entries.}
  tape_end:
    doc: The last 16 bytes.
    doc-ref: TAPE 3
    seq:
      - {id: mark, size: 4, doc: The characters "ENDS".}
      - {id: copies, type: u2, -unit: copies, doc: How often the archive was copied.}
      - {id: wanted, type: u2, -unit: copies, doc: How often it is to be copied.}
      - {id: size_of_all, type: u8, -unit: bytes, doc: Length of the file.}
    instances:
      mark_is_right:
        value: mark == [0x45, 0x4e, 0x44, 0x53]
        doc: The end is marked.
        -rule: {id: TAP-014, slug: tap-mark, severity: must, basis: spec, scope: file, section: '3', verdict: warn,
          stage: open, repair: 'no', error: integrity, reader: Go on., provable: alone}
      copies_are_bounded:
        value: copies <= wanted
        doc: It was not copied too often.
        -rule: {id: TAP-015, slug: tap-copies, severity: must, basis: spec, scope: file, section: '3', verdict: warn,
          stage: open, repair: 'no', error: integrity, reader: Go on., provable: alone}
