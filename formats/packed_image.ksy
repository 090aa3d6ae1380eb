meta:
  id: packed_image
  title: Packed image
  license: MIT
  ks-version: 0.11
  endian: le
doc: |
  The start of a packed image: a file as what is written into zeros, small without a compressor. Operations follow to
  the end, each with its bytes. No part of VHDX: seeds of fuzzers and the conformance suite are stored so. Seeds have
  literals only; the suite has more operations. Later ones write over earlier ones, and what none writes is zero.
doc-ref: Packed image 1
-constants:
  - id: packed_magic
    value: VHDXOPS1
    section: Packed image 1
    doc: Marks a packed image, in reading order.
  - id: packed_literal
    value: L
    section: Packed image 1
    doc: The operation that writes the bytes that follow it.
  - id: packed_seed_size_max
    value: 67108864
    unit: bytes
    section: Packed image 1
    doc: A bound of this project. A seed that makes a longer file is refused unless the caller allows it.
seq:
  - id: magic
    size: 8
    -orig-id: [magic]
    doc: The characters "VHDXOPS1".
  - id: file_length
    type: u8
    -orig-id: [file length]
    -unit: bytes
    doc: Length of the file.
types:
  packed_run:
    doc: What an operation does, and where. Its bytes follow.
    doc-ref: Packed image 1
    seq:
      - id: kind
        size: 1
        -orig-id: [kind]
        doc: The letter of the operation, "L" for a literal.
      - id: offset
        type: u8
        -orig-id: [offset]
        -unit: bytes
        doc: File offset of the first byte that it writes.
      - id: length
        type: u8
        -orig-id: [length]
        -unit: bytes
        doc: How many bytes it writes.
