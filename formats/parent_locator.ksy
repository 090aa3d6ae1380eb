meta:
  id: parent_locator
  title: VHDX parent locator
  license: MIT
  ks-version: 0.11
  endian: le
  imports: [ms_guid]
doc: |
  A metadata item of key and value strings, UTF-16LE, by which a differencing file finds and recognises its parent.
  Offsets count from the start of the item. Strings have no terminator.
doc-ref: MS-VHDX 2.6.2.6
-orig-id: [Parent Locator]
-constants:
  - id: key_parent_linkage
    value: parent_linkage
    -orig-id: [parent_linkage]
    section: 2.6.2.6.3
    doc: Key. DataWriteGuid that the parent must have, as text in braces.
  - id: key_parent_linkage2
    value: parent_linkage2
    -orig-id: [parent_linkage2]
    section: 2.6.2.6.3
    doc: Key. A second DataWriteGuid that may match while a merge is under way. Hyper-V always writes it, as nil.
  - id: key_relative_path
    value: relative_path
    -orig-id: [relative_path]
    section: 2.6.2.6.3
    doc: Key. Path of the parent from the child's folder.
  - id: key_volume_path
    value: volume_path
    -orig-id: [volume_path]
    section: 2.6.2.6.3
    doc: Key. Path of the parent from a volume named by its GUID.
  - id: key_absolute_win32_path
    value: absolute_win32_path
    -orig-id: [absolute_win32_path]
    section: 2.6.2.6.3
    doc: Key. Absolute Windows path of the parent.
  - id: parent_locator_header_size
    value: 20
    unit: bytes
    section: 2.6.2.6.1
    doc: Size of the locator's header.
  - id: parent_locator_entry_size
    value: 12
    unit: bytes
    section: 2.6.2.6.2
    doc: Size of an entry.
  - id: locator_pairs_usual_max
    value: 256
    unit: pairs
    section: 2.6.2.6.1
    doc: Most pairs that a known implementation (openvmm) accepts.
  - id: chain_depth_max
    value: 256
    unit: files
    section: 2.6.2.6
    doc: A bound of this project (and of openvmm). Longer chains are refused.
-guids:
  - id: vhdx_locator_type
    value: B04AEFB7-D19E-4A81-B789-25B8E9445913
    -orig-id: [LocatorType]
    section: 2.6.2.6.1
    doc: The locator type whose keys the specification defines.
seq:
  - id: header
    type: parent_locator_header
    doc: Type and count.
  - id: entries
    type: parent_locator_entry
    repeat: expr
    repeat-expr: 'header.key_value_count < header.entries_max ? header.key_value_count : header.entries_max'
    doc: One entry a pair.
  - id: strings
    size-eos: true
    doc: Keys and values, each where its entry says.
types:
  parent_locator_header:
    doc: The first 20 bytes of the item.
    doc-ref: MS-VHDX 2.6.2.6.1
    -orig-id: [Parent Locator Header, VHDXParentLocatorHeader]
    seq:
      - id: locator_type
        type: ms_guid
        -orig-id: [LocatorType, locator_type]
        doc: Says which keys to expect.
      - id: reserved
        type: u2
        -orig-id: [Reserved, reserved]
        doc: Zero.
      - id: key_value_count
        type: u2
        -orig-id: [KeyValueCount, key_value_count]
        -unit: pairs
        doc: Number of entries that follow.
    instances:
      vhdx_locator_type:
        value: '[0xb7, 0xef, 0x4a, 0xb0, 0x9e, 0xd1, 0x81, 0x4a, 0xb7, 0x89, 0x25, 0xb8, 0xe9, 0x44, 0x59, 0x13]'
        -is: vhdx_locator_type
      parent_locator_header_size:
        value: 20
        -is: parent_locator_header_size
      parent_locator_entry_size:
        value: 12
        -is: parent_locator_entry_size
      entries_max:
        value: (_io.size - parent_locator_header_size) / parent_locator_entry_size
        -unit: entries
        doc: Entries that the item has room for.
      entries_fit:
        value: key_value_count <= entries_max
        doc: The item has room for all the entries that it counts.
        -rule:
          id: PLC-003
          slug: plc-min-size
          severity: must
          basis: derived
          scope: file
          section: 2.6.2.6
          verdict: degrade
          when:
            no_explicit_parent: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: The locator cannot be used; go on as if it were missing (PLC-001).
          next: [name-parent]
          provable: alone
      locator_type_is_known:
        value: locator_type.raw == vhdx_locator_type
        doc: The locator is of the type that the specification defines.
        -rule:
          id: PLC-004
          slug: plc-type-known
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.6.1
          verdict: degrade
          when:
            no_explicit_parent: refuse
          stage: open
          repair: 'no'
          error: unsupported
          reader: The locator cannot be used; go on as if it were missing (PLC-001).
          next: [name-parent]
          provable: alone
      reserved_is_zero:
        value: reserved == 0
        doc: The reserved word of the locator header is zero.
        -rule:
          id: PLC-005
          slug: plc-reserved
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.6.1
          verdict: note
          stage: open
          repair: auto
          repair-how: Set it to zero by a log entry.
          error: integrity
          reader: Skip it; mention it.
          provable: alone
      has_pairs:
        value: key_value_count > 0
        doc: The locator has pairs. A useful one has two at least, a linkage and a path; openvmm takes 256 at most.
        -rule:
          id: PLC-006
          slug: plc-count
          severity: must
          basis: derived
          scope: file
          section: 2.6.2.6.1
          verdict: degrade
          counts-as: PLC-001
          stage: open
          repair: 'no'
          error: integrity
          reader: Without pairs the locator cannot be used; go on as if it were missing (PLC-001).
          next: [name-parent]
          provable: alone
  parent_locator_entry:
    doc: Says where the strings of one pair lie.
    doc-ref: MS-VHDX 2.6.2.6.2
    -orig-id: [Parent Locator Entry, VHDXParentLocatorEntry]
    seq:
      - id: key_offset
        type: u4
        -orig-id: [KeyOffset, key_offset]
        -unit: bytes
        doc: Where the key starts, from the start of the item.
      - id: value_offset
        type: u4
        -orig-id: [ValueOffset, value_offset]
        -unit: bytes
        doc: Where the value starts, from the start of the item.
      - id: key_length
        type: u2
        -orig-id: [KeyLength, key_length]
        -unit: bytes
        doc: Size of the key.
      - id: value_length
        type: u2
        -orig-id: [ValueLength, value_length]
        -unit: bytes
        doc: Size of the value.
    instances:
      offsets_are_set:
        value: key_offset > 0 and value_offset > 0
        doc: Key and value have an offset. It counts from the item's start, so 0 is the header.
        -rule:
          id: PLC-007
          slug: plc-offsets-positive
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.6.2
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: Leave the pair out.
          provable: alone
      lengths_are_set:
        value: key_length > 0 and value_length > 0
        doc: Key and value are not empty.
        -rule:
          id: PLC-008
          slug: plc-lengths-positive
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.6.2
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: Leave the pair out.
          provable: alone
      strings_are_inside:
        value: key_offset + key_length <= _io.size and value_offset + value_length <= _io.size
        doc: Key and value end inside the item.
        -rule:
          id: PLC-009
          slug: plc-in-item
          severity: must
          basis: derived
          scope: file
          section: 2.6.2.6.2
          verdict: ignore-object
          stage: open
          repair: 'no'
          error: integrity
          reader: Leave the pair out.
          provable: alone
      key:
        pos: key_offset
        size: key_length
        if: key_offset + key_length <= _io.size
        -encoding: UTF-16LE
        doc: The key's bytes.
      value:
        pos: value_offset
        size: value_length
        if: value_offset + value_length <= _io.size
        -encoding: UTF-16LE
        doc: The value's bytes.
