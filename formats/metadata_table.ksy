meta:
  id: metadata_table
  title: VHDX metadata table
  license: MIT
  ks-version: 0.11
  endian: le
  imports: [ms_guid]
doc: |
  The first 64 KiB of the metadata region: which items there are and where in the region they lie.
doc-ref: MS-VHDX 2.6.1
-orig-id: [Metadata Table]
-size: 65536
-constants:
  - id: metadata_signature
    value: metadata
    -orig-id: [VHDX_METADATA_SIGNATURE]
    section: 2.6.1.1
    doc: Marks a metadata table, in reading order; as a little-endian integer 0x617461646174656D.
  - id: metadata_entries_max
    value: 2047
    unit: entries
    -orig-id: [VHDX_METADATA_MAX_ENTRIES]
    section: 2.6.1.1
    doc: Entries that fit behind the 32-byte header in 64 KiB.
  - id: metadata_entry_size
    value: 32
    unit: bytes
    -orig-id: [VHDX_METADATA_ENTRY_SIZE]
    section: 2.6.1.2
    doc: Size of a metadata table entry.
  - id: item_flags_of_file
    value: 4
    section: 2.6.2
    doc: Flag word of the file parameters and the parent locator (IsRequired).
  - id: item_flags_of_disk
    value: 6
    section: 2.6.2
    doc: Flag word of the four items that describe the virtual disk (IsRequired, IsVirtualDisk).
  - id: metadata_table_size
    value: 65536
    unit: bytes
    -orig-id: [VHDX_METADATA_TABLE_MAX_SIZE]
    section: 2.6.1
    doc: Size of the table; items start behind it.
  - id: metadata_item_length_max
    value: 1048576
    unit: bytes
    section: 2.6.1.2
    doc: Largest item.
  - id: metadata_user_entries_max
    value: 1024
    unit: entries
    section: 2.6.1.2
    doc: Most entries that may be user items.
  - id: metadata_system_entries_usual_max
    value: 1023
    unit: entries
    section: 2.6.1.2
    doc: Most system entries that a known implementation (openvmm) accepts.
  - id: metadata_region_usual_max
    value: 134217728
    unit: bytes
    section: '2.6'
    doc: Largest metadata region that a known implementation (openvmm) accepts.
  - id: metadata_category_usual_max
    value: 41943040
    unit: bytes
    section: '2.6'
    doc: Most bytes of user items, and of system items, that a known implementation (openvmm) accepts.
-guids:
  - id: file_parameters
    value: CAA16737-FA36-4D43-B3B6-33F0AA44E76B
    -orig-id: [File Parameters]
    required: true
    owner: file
    missing: ITM-001
    section: 2.6.2.1
    doc: Block size and file type.
  - id: virtual_disk_size
    value: 2FA54224-CD1B-4876-B211-5DBED83BF4B8
    -orig-id: [Virtual Disk Size]
    required: true
    owner: disk
    missing: ITM-006
    info: stored_virtual_size
    section: 2.6.2.2
    doc: Size of the virtual disk.
  - id: virtual_disk_id
    value: BECA12AB-B2E6-4523-93EF-C309E000C746
    -orig-id: [Virtual Disk ID, Page 83 Data]
    required: true
    owner: disk
    missing: ITM-010
    default: random
    info: virtual_disk_id
    section: 2.6.2.3
    doc: Identity of the virtual disk as SCSI shows it.
  - id: logical_sector_size
    value: 8141BF1D-A96F-4709-BA47-F233A8FAAB5F
    -orig-id: [Logical Sector Size]
    required: true
    owner: disk
    missing: ITM-012
    section: 2.6.2.4
    doc: Sector size that the guest addresses.
  - id: physical_sector_size
    value: CDA348C7-445D-4471-9CC9-E9885251C556
    -orig-id: [Physical Sector Size]
    required: true
    owner: disk
    missing: ITM-014
    default: physical_sector_size_default
    section: 2.6.2.5
    doc: Sector size that the guest is told the medium has.
  - id: parent_locator
    value: A8D35F2D-B30B-454D-ABF7-D3D84834AB0C
    -orig-id: [Parent Locator]
    required: true
    owner: file
    section: 2.6.2.6
    doc: How a differencing file finds its parent.
  - id: chs_parameters
    value: DA02D7BC-3D3A-423C-AC88-2A36AB21479B
    required: false
    doc: Disk geometry as cylinders, heads and sectors; known from openvmm only.
  - id: incomplete_file_marker
    value: 71CC85F0-1B69-4E28-9558-C3BF83AE75D3
    required: true
    doc: Empty item, present while the file is still being created; known from openvmm only.
  - id: pmem_label_storage_area
    value: 10E1AE8A-4B7E-4169-A40F-CD70DE928393
    required: false
    doc: Label storage of a virtual persistent memory device; known from openvmm only.
seq:
  - id: header
    type: metadata_table_header
    doc: Signature and count.
  - id: entries
    type: metadata_table_entry
    repeat: expr
    repeat-expr: 'header.entry_count < header.entries_max ? header.entry_count : header.entries_max'
    doc: One entry an item, in any order.
  - id: unused
    size-eos: true
    doc: Room for further entries.
types:
  metadata_table_header:
    doc: The first 32 bytes of the metadata table.
    doc-ref: MS-VHDX 2.6.1.1
    -orig-id: [Metadata Table Header, VHDXMetadataTableHeader]
    seq:
      - id: signature
        size: 8
        -orig-id: [Signature, signature]
        doc: The characters "metadata".
      - id: reserved
        type: u2
        -orig-id: [Reserved, reserved]
        doc: Zero.
      - id: entry_count
        type: u2
        -orig-id: [EntryCount, entry_count]
        -unit: entries
        doc: Number of entries that follow, at most 2047.
      - id: reserved2
        size: 20
        -orig-id: [Reserved2, reserved2]
        doc: Zero.
    instances:
      expected_signature:
        value: '[0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61]'
        -is: metadata_signature
      entries_max:
        value: 2047
        -is: metadata_entries_max
      signature_is_metadata:
        value: signature == expected_signature
        doc: The metadata region begins with the eight characters "metadata".
        -rule:
          id: MDT-001
          slug: mdt-signature
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.1
          verdict: refuse
          stage: open
          repair: 'no'
          repair-when:
            table_lost: offered
          repair-how: >-
            Where no item is named, find the items by what they hold and make a table for them, if they and
            the block allocation table leave no other choice; else a person says what the disk was. With
            consent.
          error: format
          reader: Refuse the file.
          next: [offer, restore]
          provable: alone
      reserved_is_zero:
        value: reserved == 0 and reserved2 == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        doc: The 22 reserved bytes of the table header are zero.
        -rule:
          id: MDT-002
          slug: mdt-reserved
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.1
          verdict: note
          stage: open
          repair: auto
          repair-how: Set them to zero by a log entry.
          error: integrity
          reader: Skip them; mention them. (openvmm and 7-Zip refuse such files.)
          provable: alone
      entry_count_fits:
        value: entry_count <= entries_max
        doc: The table lists no more entries than fit into its 64 KiB, 2047.
        -rule:
          id: MDT-003
          slug: mdt-entry-count
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.1
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file.
          next: [restore]
          provable: alone
  metadata_table_entry:
    meta:
      bit-endian: le
    doc: Names one item and says where in the metadata region it lies.
    doc-ref: MS-VHDX 2.6.1.2
    -orig-id: [Metadata Table Entry, VHDXMetadataTableEntry]
    seq:
      - id: item_id
        type: ms_guid
        -orig-id: [ItemId, item_id]
        doc: What the item is; unique together with IsUser.
      - id: offset
        type: u4
        -orig-id: [Offset, offset]
        -unit: bytes
        doc: Where the item starts, from the start of the metadata region; 0 for an empty item.
      - id: length
        type: u4
        -orig-id: [Length, length]
        -unit: bytes
        doc: Size of the item, at most 1 MiB; 0 for an item that is present but empty.
      - id: is_user
        type: b1
        -orig-id: [IsUser, VHDX_META_FLAGS_IS_USER, data_bits]
        doc: The item belongs to the user, not to the format.
      - id: is_virtual_disk
        type: b1
        -orig-id: [IsVirtualDisk, VHDX_META_FLAGS_IS_VIRTUAL_DISK]
        doc: The item describes the virtual disk and goes along to differencing children.
      - id: is_required
        type: b1
        -orig-id: [IsRequired, VHDX_META_FLAGS_IS_REQUIRED]
        doc: Who does not know the item must refuse the file.
      - id: reserved
        type: b29
        -orig-id: [Reserved]
        doc: Zero.
      - id: reserved2
        type: u4
        -orig-id: [Reserved2, reserved2]
        doc: Zero.
    instances:
      incomplete_file_marker_id:
        value: '[0xf0, 0x85, 0xcc, 0x71, 0x69, 0x1b, 0x28, 0x4e, 0x95, 0x58, 0xc3, 0xbf, 0x83, 0xae, 0x75, 0xd3]'
        -is: incomplete_file_marker
      metadata_table_size:
        value: 65536
        -is: metadata_table_size
      metadata_item_length_max:
        value: 1048576
        -is: metadata_item_length_max
      # The items of -guids that have an owner; `make generate` writes from here
      file_parameters_id:
        value: '[0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b]'
        -is: file_parameters
      virtual_disk_size_id:
        value: '[0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8]'
        -is: virtual_disk_size
      virtual_disk_id_id:
        value: '[0xab, 0x12, 0xca, 0xbe, 0xe6, 0xb2, 0x23, 0x45, 0x93, 0xef, 0xc3, 0x09, 0xe0, 0x00, 0xc7, 0x46]'
        -is: virtual_disk_id
      logical_sector_size_id:
        value: '[0x1d, 0xbf, 0x41, 0x81, 0x6f, 0xa9, 0x09, 0x47, 0xba, 0x47, 0xf2, 0x33, 0xa8, 0xfa, 0xab, 0x5f]'
        -is: logical_sector_size
      physical_sector_size_id:
        value: '[0xc7, 0x48, 0xa3, 0xcd, 0x5d, 0x44, 0x71, 0x44, 0x9c, 0xc9, 0xe9, 0x88, 0x52, 0x51, 0xc5, 0x56]'
        -is: physical_sector_size
      parent_locator_id:
        value: '[0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45, 0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c]'
        -is: parent_locator
      is_file_parameters:
        value: not is_user and item_id.raw == file_parameters_id
        doc: The entry names the file parameters.
      is_virtual_disk_size:
        value: not is_user and item_id.raw == virtual_disk_size_id
        doc: The entry names the virtual disk size.
      is_virtual_disk_id:
        value: not is_user and item_id.raw == virtual_disk_id_id
        doc: The entry names the virtual disk id.
      is_logical_sector_size:
        value: not is_user and item_id.raw == logical_sector_size_id
        doc: The entry names the logical sector size.
      is_physical_sector_size:
        value: not is_user and item_id.raw == physical_sector_size_id
        doc: The entry names the physical sector size.
      is_parent_locator:
        value: not is_user and item_id.raw == parent_locator_id
        doc: The entry names the parent locator.
      is_disk_property:
        value: is_virtual_disk_size or is_virtual_disk_id or is_logical_sector_size or is_physical_sector_size
        doc: The entry names an item that describes the virtual disk.
      is_known:
        value: is_file_parameters or is_parent_locator or is_disk_property
        doc: The entry names an item that the specification defines.
      form_length:
        value: >-
          (is_file_parameters or is_virtual_disk_size) ? 8 :
          is_virtual_disk_id ? 16 :
          (is_logical_sector_size or is_physical_sector_size) ? 4 :
          length
        -unit: bytes
        doc: Length of the form that the item has, or its own where it has none.
      # to here.
      offset_is_past_table:
        value: length == 0 or offset >= metadata_table_size
        doc: An item that is not empty starts behind the table, at byte 65536 of the region or later. Any byte will do.
        -rule:
          id: MDT-006
          slug: mdt-offset-min
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.2
          verdict: refuse
          when:
            known: refuse
            unknown: warn
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse when the item is one that we know; otherwise leave the item out and warn.
          next: [restore]
          provable: alone
      length_is_in_bounds:
        value: length <= metadata_item_length_max
        doc: An item is at most 1 MiB long.
        -rule:
          id: MDT-009
          slug: mdt-length-max
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.2
          verdict: refuse
          when:
            known: warn
            required: refuse
            unknown: warn
          stage: open
          repair: 'no'
          error: integrity
          reader: >-
            For an item that we know, ITM-018 decides. Refuse another one if it is required; otherwise leave it out
            and warn.
          next: [restore]
          provable: alone
      empty_item_has_no_offset:
        value: length > 0 or offset == 0
        doc: An empty item has offset 0. It counts as present, with nothing in it.
        -rule:
          id: MDT-010
          slug: mdt-empty-item
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.2
          verdict: warn
          stage: open
          repair: auto
          repair-how: Set the offset to 0 by a log entry.
          error: integrity
          reader: Take the item as present and empty, wherever it points; warn.
          provable: alone
      reserved_flags_are_zero:
        value: reserved == 0
        doc: No bit of the flag word is set but the lowest three.
        -rule:
          id: MDT-013
          slug: mdt-flag-reserved
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.2
          verdict: warn
          stage: open
          repair: auto
          repair-how: Clear them by a log entry.
          error: integrity
          reader: Look at the three known bits only; warn. (openvmm and 7-Zip refuse such files.)
          provable: alone
      reserved2_is_zero:
        value: reserved2 == 0
        doc: The last word of an entry is zero.
        -rule:
          id: MDT-014
          slug: mdt-reserved2
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.2
          verdict: warn
          stage: open
          repair: auto
          repair-how: Set it to zero by a log entry.
          error: integrity
          reader: Skip it; warn.
          provable: alone
      required_is_known:
        value: not is_required or is_known
        doc: An item marked as required is a system item that we know.
        -rule:
          id: MDT-015
          slug: mdt-unknown-required
          severity: must
          basis: spec
          scope: file
          section: 2.6.1.2
          verdict: refuse
          stage: open
          repair: 'no'
          error: unsupported
          reader: Refuse the file and name the item. On request, for forensic work, read it all the same.
          next: [newer]
          provable: alone
      user_is_not_required:
        value: not is_user or not is_required
        doc: A user item is not marked as required. The specification does not say so, openvmm does.
        -rule:
          id: MDT-016
          slug: mdt-user-not-required
          severity: should
          basis: impl
          scope: file
          section: 2.6.1.2
          verdict: warn
          stage: open
          repair: offered
          repair-how: Clear the bit, with consent.
          error: unsupported
          reader: It is a required item that we do not know, so MDT-015 decides; do not write.
          provable: {with: [MDT-015]}
      item_id_is_set:
        value: not item_id.is_nil
        doc: The item id is not the nil GUID. The specification does not say so, openvmm does.
        -rule:
          id: MDT-017
          slug: mdt-itemid-nonzero
          severity: should
          basis: impl
          scope: file
          section: 2.6.1.2
          verdict: warn
          stage: open
          repair: 'no'
          error: integrity
          reader: Leave the item out; warn.
          provable: alone
      is_not_incomplete_marker:
        value: is_user or item_id.raw != incomplete_file_marker_id
        doc: The entry is not the marker by which Microsoft tools tell that a file was never finished.
        -rule:
          id: MDT-018
          slug: mdt-incomplete-marker
          severity: should
          basis: impl
          scope: file
          section: '-'
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file and say why. On request, for forensic work, read it all the same.
          next: [unfinished]
          provable: alone
      known_flags_are_usual:
        value: not is_known or (is_required and is_virtual_disk == is_disk_property)
        doc: >-
          An item that we know has the flags of its kind: always IsRequired, and IsVirtualDisk for all but the file
          parameters and the parent locator.
        -rule:
          id: ITM-017
          slug: itm-flags
          severity: must
          basis: spec
          scope: file
          section: 2.6.2
          verdict: warn
          stage: open
          repair: auto
          repair-how: Set the flags by a log entry.
          error: integrity
          reader: Go by item id and IsUser alone; warn. Early files lack IsRequired on the physical sector size.
          provable: alone
      known_length_is_exact:
        value: length == form_length
        doc: An item of fixed form has exactly the length of its form.
        -rule:
          id: ITM-018
          slug: itm-exact-length
          severity: must
          basis: derived
          scope: file
          section: 2.6.2
          verdict: refuse
          when:
            longer: warn
            shorter: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: 'Longer: use its beginning and warn. Shorter: refuse the file.'
          next: [restore]
          provable: alone
