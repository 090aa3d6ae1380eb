meta:
  id: header
  title: VHDX header
  license: MIT
  ks-version: 0.11
  endian: le
  imports: [ms_guid]
doc: |
  One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number is current.
doc-ref: MS-VHDX 2.2.2
-orig-id: [Header, VHDXHeader]
-checksum:
  id: HDR-002
  field: checksum
  size: 4096
  doc: The checksum is the CRC-32C of the header's 4096 bytes, with itself as zero.
  slug: hdr-checksum
  severity: must
  basis: spec
  scope: file
  section: 2.2.2
  verdict: ignore-object
  stage: open
  repair: auto
  repair-when:
    section_cut: 'no'
    no_header: offered
    log_left: offered
  repair-how: Like HDR-001.
  error: integrity
  reader: The slot holds no valid header, and not one of its fields is to be believed.
  provable: {with: [HDR-005]}
-constants:
  - id: header_signature
    value: head
    -orig-id: [VHDX_HEADER_SIGNATURE]
    section: 2.2.2
    doc: Marks a header, in reading order; as a little-endian integer 0x64616568.
  - id: header_version
    value: 1
    -orig-id: [Version]
    section: 2.2.2
    doc: The only version of the file format there is.
  - id: log_version
    value: 0
    -orig-id: [LogVersion]
    section: 2.2.2
    doc: The only version of the log format there is.
  - id: log_length_usual_max
    value: 1073741824
    unit: bytes
    section: 2.2.2
    doc: Largest log that a known implementation (openvmm) accepts; the field could say 4095 MiB.
  - id: sequence_number_max
    value: 18446744073709551615
    section: 2.2.2.1
    doc: A header that carries it cannot be followed by another one.
seq:
  - id: signature
    size: 4
    -orig-id: [Signature, signature]
    doc: The characters "head".
  - id: checksum
    type: u4
    -orig-id: [Checksum, checksum]
    doc: CRC-32C of the 4096 bytes of the header, these four taken as zero.
  - id: sequence_number
    type: u8
    -orig-id: [SequenceNumber, sequence_number]
    doc: Counts header updates; decides which of two valid headers is current.
  - id: file_write_guid
    type: ms_guid
    -orig-id: [FileWriteGuid, file_write_guid]
    doc: Identity of the file as it lies on disk. A session that writes changes it before anything else.
  - id: data_write_guid
    type: ms_guid
    -orig-id: [DataWriteGuid, data_write_guid]
    doc: Identity of what the guest can see; a differencing child names its parent by it.
  - id: log_guid
    type: ms_guid
    -orig-id: [LogGuid, log_guid]
    doc: Nil when there is nothing to replay; otherwise only log entries that carry it count.
  - id: log_version
    type: u2
    -orig-id: [LogVersion, log_version]
    doc: Version of the log format, 0.
  - id: version
    type: u2
    -orig-id: [Version, version]
    doc: Version of the file format, 1.
  - id: log_length
    type: u4
    -orig-id: [LogLength, log_length]
    -unit: bytes
    doc: Size of the log area, a multiple of 1 MiB.
  - id: log_offset
    type: u8
    -orig-id: [LogOffset, log_offset]
    -unit: bytes
    doc: File offset of the log area, a multiple of 1 MiB.
  - id: reserved
    size: 4016
    -orig-id: [Reserved, reserved]
    doc: Rest of the header; ignored, but covered by the checksum.
    -zero:
      id: HDR-015
      doc: Behind LogOffset the header is zero.
      slug: hdr-reserved-zero
      severity: must
      basis: spec
      scope: file
      section: 2.2.2
      verdict: note
      stage: sweep
      repair: auto
      repair-how: They become zero with the next header update.
      error: integrity
      reader: Skip the bytes; mention them.
      provable: alone
instances:
  expected_signature:
    value: '[0x68, 0x65, 0x61, 0x64]'
    -is: header_signature
  object_alignment:
    value: 1048576
    -is: object_alignment
  header_section_size:
    value: 1048576
    -is: header_section_size
  supported_version:
    value: 1
    -is: header_version
  supported_log_version:
    value: 0
    -is: log_version
  log_length_usual_max:
    value: 1073741824
    -is: log_length_usual_max
  sequence_number_max:
    value: '0xffffffffffffffff'
    -is: sequence_number_max
  signature_is_head:
    value: signature == expected_signature
    doc: The slot begins with the four characters "head".
    -rule:
      id: HDR-001
      slug: hdr-signature
      severity: must
      basis: spec
      scope: file
      section: 2.2.2
      verdict: ignore-object
      stage: open
      repair: auto
      repair-when:
        section_cut: 'no'
        no_header: offered
        log_left: offered
      repair-how: >-
        Write this slot anew by a header update (HDR-021) that starts from the other header; with consent, where neither
        is valid and their remains prove what they said, or where this one may have named another log.
      error: format
      reader: The slot holds no valid header; the other slot may.
      provable: {with: [HDR-005]}
  version_is_supported:
    value: version == supported_version
    doc: The file format is version 1.
    -rule:
      id: HDR-006
      slug: hdr-version
      severity: must
      basis: spec
      scope: file
      section: 2.2.2
      verdict: refuse
      stage: open
      repair: 'no'
      error: unsupported
      reader: Refuse the file. The other header is no way out, it may be older than the data.
      next: [newer]
      provable: alone
  log_version_is_supported:
    value: log_version == supported_log_version
    doc: The log format is version 0. It matters only when there is a log to replay.
    -rule:
      id: HDR-007
      slug: hdr-log-version
      severity: must
      basis: spec
      scope: file
      section: 2.2.2
      verdict: refuse
      when:
        log_guid_set: refuse
        log_guid_nil: warn
      stage: open
      repair: auto
      repair-when:
        log_guid_set: 'no'
      repair-how: With LogGuid nil, store 0 by a header update.
      error: unsupported
      reader: With LogGuid set refuse, because the entries cannot be understood; otherwise warn and leave the log alone.
      next: [log-ignore, restore]
      provable: alone
  log_length_is_aligned:
    value: log_length % object_alignment == 0
    doc: The log's size is a whole number of MiB, 0 included.
    -rule:
      id: HDR-008
      slug: hdr-log-length-aligned
      severity: must
      basis: spec
      scope: file
      section: 2.2.2
      verdict: degrade
      when:
        log_guid_set: refuse
        log_guid_nil: warn
      stage: open
      repair: manual
      repair-how: Someone who knows where the log lay must set the field.
      error: integrity
      reader: With LogGuid set refuse; otherwise warn and do not look at the log.
      next: [log-ignore, restore]
      provable: alone
  log_offset_is_aligned:
    value: log_offset % object_alignment == 0
    doc: The log starts at a whole number of MiB.
    -rule:
      id: HDR-009
      slug: hdr-log-offset-aligned
      severity: must
      basis: spec
      scope: file
      section: 2.2.2
      verdict: degrade
      when:
        log_guid_set: refuse
        log_guid_nil: warn
      stage: open
      repair: manual
      repair-how: Someone who knows where the log lay must set the field.
      error: integrity
      reader: With LogGuid set refuse; otherwise warn and do not look at the log.
      next: [log-ignore, restore]
      provable: alone
  log_is_after_header_section:
    value: log_length == 0 or log_offset >= header_section_size
    doc: A log that has a size lies behind the header section.
    -rule:
      id: HDR-010
      slug: hdr-log-after-header-section
      severity: must
      basis: derived
      scope: file
      section: 2.2.2
      verdict: degrade
      when:
        log_guid_set: refuse
        log_guid_nil: warn
      stage: open
      repair: manual
      repair-how: Someone who knows where the log lay must set the field.
      error: integrity
      reader: With LogGuid set refuse, since headers would be read as log entries; otherwise warn.
      next: [log-ignore, restore]
      provable: {with: [HDR-012]}
  log_guid_has_a_log:
    value: log_guid.is_nil or log_length > 0
    doc: A header that announces a log by its LogGuid also has room for one.
    -rule:
      id: HDR-013
      slug: hdr-logguid-needs-log
      severity: must
      basis: derived
      scope: file
      section: 2.2.2
      verdict: refuse
      stage: open
      repair: offered
      repair-how: Set LogGuid to nil by a header update, if the owner accepts that metadata may be stale.
      error: integrity
      reader: 'Refuse the file: the log that it speaks of is nowhere. On request it can be read without one.'
      next: [log-ignore, offer]
      provable: alone
  log_length_is_usual:
    value: log_length <= log_length_usual_max
    doc: The log is no larger than 1 GiB, the most that a known implementation takes.
    -rule:
      id: HDR-014
      slug: hdr-log-length-bounded
      severity: info
      basis: impl
      scope: file
      section: 2.2.2
      verdict: warn
      stage: open
      repair: 'no'
      error: integrity
      reader: Scan it within the work bound of LOG-031; warn that others may refuse.
      provable: alone
  guids_are_set:
    value: not file_write_guid.is_nil and not data_write_guid.is_nil
    doc: FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing.
    -rule:
      id: HDR-018
      slug: hdr-guids-nonzero
      severity: info
      basis: derived
      scope: file
      section: 2.2.2
      verdict: warn
      stage: open
      repair: offered
      repair-how: A new FileWriteGuid is harmless; a new DataWriteGuid cuts off the children, so ask.
      error: integrity
      reader: Go on and warn. A nil GUID never matches a child's linkage.
      provable: alone
  sequence_number_can_grow:
    value: sequence_number < sequence_number_max
    doc: The sequence number can still be raised.
    -rule:
      id: HDR-019
      slug: hdr-seq-not-max
      severity: must
      basis: derived
      scope: file
      section: 2.2.2.1
      verdict: degrade
      stage: open
      repair: offered
      repair-how: Write both headers with small numbers, as a step of its own and with consent.
      error: integrity
      reader: Read only. Counting on from zero would make the old header current.
      next: [copy]
      provable: alone
