meta:
  id: file_identifier
  title: VHDX file type identifier
  license: MIT
  ks-version: 0.11
  endian: le
doc: |
  The first 64 KiB of the file. It is written once, when the file is created, and never again.
doc-ref: MS-VHDX 2.2.1
-orig-id: [File Type Identifier, VHDXFileIdentifier]
-constants:
  - id: file_signature
    value: vhdxfile
    -orig-id: [VHDX_FILE_SIGNATURE]
    doc: Marks a VHDX file, in reading order; as a little-endian integer 0x656C696678646876.
    section: 2.2.1
seq:
  - id: signature
    size: 8
    -orig-id: [Signature, signature]
    doc: The characters "vhdxfile".
  - id: creator
    size: 512
    -orig-id: [Creator, creator]
    -encoding: UTF-16LE
    doc: Name of the program that made the file, UTF-16LE, ended by a NUL or by the field's end. Diagnostic only.
  - id: reserved
    size: 65016
    -orig-id: [Reserved]
    doc: Rest of the 64 KiB slot.
    -zero:
      id: FTI-005
      doc: Behind Creator the slot of 64 KiB is zero.
      slug: fti-reserved-zero
      severity: info
      basis: derived
      scope: file
      section: 2.2.1
      verdict: note
      stage: sweep
      repair: 'no'
      error: format
      reader: Skip the bytes; mention them, since something may be hidden there.
      provable: alone
instances:
  expected_signature:
    value: '[0x76, 0x68, 0x64, 0x78, 0x66, 0x69, 0x6c, 0x65]'
    -is: file_signature
  signature_is_vhdxfile:
    value: signature == expected_signature
    doc: The file begins with the eight characters "vhdxfile".
    -rule:
      id: FTI-001
      slug: fti-signature
      severity: must
      basis: spec
      scope: file
      section: 2.2.1
      verdict: refuse
      stage: open
      repair: offered
      repair-when:
        unrecognised: 'no'
      repair-how: >-
        Put the eight bytes back, if a header and a region table are sound and the owner agrees: nobody is meant to
        write there twice.
      error: format
      reader: Refuse the file. A carving tool may go on when a header behind it has a good checksum.
      next: [offer, restore]
      provable: alone
