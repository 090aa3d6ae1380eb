meta:
  id: ms_guid
  title: GUID in Microsoft byte order
  license: MIT
  ks-version: 0.11
  endian: le
doc: |
  A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as written, so
  2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD 4A 08. Two identifiers
  are equal when all sixteen stored bytes are equal; version and variant bits carry no meaning here.
doc-ref: MS-DTYP 2.3.4.2
-orig-id: [GUID, MSGUID]
seq:
  - id: raw
    size: 16
    -orig-id: [data1, data2, data3, data4]
    doc: The sixteen bytes as stored; compare these. The last two groups of the text form are bytes 8 to 15.
instances:
  data1:
    value: raw[0] + raw[1] * 256 + raw[2] * 65536 + raw[3] * 16777216
    doc: First group of the text form, 32 bits.
  data2:
    value: raw[4] + raw[5] * 256
    doc: Second group, 16 bits.
  data3:
    value: raw[6] + raw[7] * 256
    doc: Third group, 16 bits.
  is_nil:
    value: raw == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    doc: True for the identifier whose bytes are all zero; it never identifies anything.
