meta:
  id: vhdx
  title: Virtual Hard Disk v2
  application: [Hyper-V, QEMU]
  file-extension: [vhdx, avhdx]
  xref:
    wikidata: Q28206469
  license: MIT
  ks-version: 0.11
  endian: le
  imports: [file_identifier, header, region_table, log_entry, bat_entry, metadata_table, metadata_items, parent_locator]
doc: |
  Map of a VHDX file: the fixed places, and a view of the rest that any Kaitai tool can show. The view is a best effort
  and says so: it takes the header with the larger sequence number whether or not its checksum holds, it does not
  replay the log, and it reads the first region table only.
doc-ref: MS-VHDX 2
-orig-id: [VHDX]
-constants:
  - id: header_slot_size
    value: 65536
    unit: bytes
    -orig-id: [VHDX_HEADER_BLOCK_SIZE]
    section: '2.2'
    doc: Size of each of the five slots at the start of the file.
  - id: header_size
    value: 4096
    unit: bytes
    -orig-id: [VHDX_HEADER_SIZE]
    section: 2.2.2
    doc: Bytes of a header slot that the header fills and its checksum covers.
  - id: file_identifier_offset
    value: 0
    unit: bytes
    -orig-id: [VHDX_FILE_ID_OFFSET]
    section: 2.2.1
    doc: File offset of the file type identifier.
  - id: header_1_offset
    value: 65536
    unit: bytes
    -orig-id: [VHDX_HEADER1_OFFSET]
    section: 2.2.2
    doc: File offset of header 1.
  - id: header_2_offset
    value: 131072
    unit: bytes
    -orig-id: [VHDX_HEADER2_OFFSET]
    section: 2.2.2
    doc: File offset of header 2.
  - id: region_table_1_offset
    value: 196608
    unit: bytes
    -orig-id: [VHDX_REGION_TABLE_OFFSET]
    section: 2.2.3
    doc: File offset of the first region table; the log may write from here on, never below.
  - id: region_table_2_offset
    value: 262144
    unit: bytes
    -orig-id: [VHDX_REGION_TABLE2_OFFSET]
    section: 2.2.3
    doc: File offset of the second region table.
  - id: region_table_size
    value: 65536
    unit: bytes
    section: 2.2.3
    doc: Size of a region table.
  - id: header_section_used
    value: 327680
    unit: bytes
    section: '2.2'
    doc: Where the second region table ends; the shortest file whose region tables can both be read.
  - id: header_section_size
    value: 1048576
    unit: bytes
    -orig-id: [VHDX_HEADER_SECTION_END]
    section: '2.2'
    doc: Size of the header section; everything else lies behind it.
  - id: object_alignment
    value: 1048576
    unit: bytes
    section: '2.1'
    doc: Everything behind the header section starts at a multiple of this.
  - id: log_offset_usual
    value: 1048576
    unit: bytes
    section: '2.2'
    doc: Where Hyper-V and openvmm put the log. Nothing demands it.
  - id: metadata_offset_usual
    value: 2097152
    unit: bytes
    section: '2.2'
    doc: Where Hyper-V and openvmm put the metadata region. Nothing demands it.
  - id: bat_offset_usual
    value: 3145728
    unit: bytes
    section: '2.2'
    doc: Where Hyper-V and openvmm put the BAT region; blocks follow. Nothing demands it.
  - id: crc32c_polynomial
    value: 0x1EDC6F41
    section: 2.2.2
    doc: Polynomial of CRC-32C (Castagnoli), which all checksums here are, highest power first.
  - id: crc32c_polynomial_reflected
    value: 0x82F63B78
    section: 2.2.2
    doc: The same polynomial, lowest power first, as programs that shift right use it.
  - id: crc32c_initial
    value: 0xFFFFFFFF
    section: 2.2.2
    doc: What a CRC-32C starts from, and what its result is combined with (exclusive or) at the end.
  - id: crc32c_check
    value: 0xE3069283
    section: 2.2.2
    doc: CRC-32C of the nine characters 123456789, to test an implementation with.
-places:
  - {id: file_identifier, type: file_identifier, offset: file_identifier_offset}
  - {id: header_1, type: header, offset: header_1_offset}
  - {id: header_2, type: header, offset: header_2_offset}
  - {id: region_table_1, type: region_table, offset: region_table_1_offset}
  - {id: region_table_2, type: region_table, offset: region_table_2_offset}
instances:
  file_identifier:
    pos: 0
    size: 65536
    type: file_identifier
    doc: The file type identifier.
  header_1:
    pos: 65536
    size: 4096
    type: header
    doc: First header.
  header_2:
    pos: 131072
    size: 4096
    type: header
    doc: Second header.
  region_table_1:
    pos: 196608
    size: 65536
    type: region_table
    doc: First copy of the region table.
  region_table_2:
    pos: 262144
    size: 65536
    type: region_table
    doc: Second copy of the region table.
  current_header:
    value: 'header_2.sequence_number > header_1.sequence_number ? header_2 : header_1'
    doc: The header with the larger sequence number. Checksums are not looked at here.
  log:
    pos: current_header.log_offset
    size: current_header.log_length
    type: log_area
    if: current_header.log_length > 0
    doc: The log, sector by sector.
  regions:
    pos: 0
    type: region(_index)
    repeat: expr
    repeat-expr: region_table_1.entries.size
    doc: The regions of the first region table, in its order.
types:
  log_area:
    doc: The log as sectors of 4 KiB; an entry starts in each sector that carries the signature, live or stale.
    doc-ref: MS-VHDX 2.3
    seq:
      - id: sectors
        size: 4096
        type: log_sector
        repeat: eos
        doc: The sectors of the log.
  log_sector:
    doc: One sector of the log.
    doc-ref: MS-VHDX 2.3
    instances:
      signature:
        pos: 0
        size: 4
        doc: First four bytes, which tell what the sector is.
      entry_header:
        pos: 0
        type: log_entry::log_entry_header
        if: signature == [0x6c, 0x6f, 0x67, 0x65]
        doc: The header of an entry that starts here.
  region:
    doc: One region of the file.
    doc-ref: MS-VHDX 2.2.3
    params:
      - id: index
        type: s4
        doc: Which entry of the region table.
    instances:
      entry:
        value: _root.region_table_1.entries[index]
        doc: The region's entry in the table.
      bat:
        io: _root._io
        pos: entry.file_offset
        size: entry.length
        type: bat
        if: entry.is_bat
        doc: The block allocation table.
      metadata:
        io: _root._io
        pos: entry.file_offset
        size: entry.length
        type: metadata_region
        if: entry.is_metadata
        doc: The metadata.
  bat:
    doc: All entries of the region; which of them are sector bitmap entries follows from the chunk ratio.
    doc-ref: MS-VHDX 2.5
    seq:
      - id: entries
        type: bat_entry
        repeat: eos
        doc: The entries.
  metadata_region:
    doc: The metadata table and its items.
    doc-ref: MS-VHDX 2.6
    seq:
      - id: table
        size: 65536
        type: metadata_table
        doc: The table.
    instances:
      items:
        pos: 0
        type: metadata_item(_index)
        repeat: expr
        repeat-expr: table.entries.size
        doc: The items, in the table's order.
  metadata_item:
    doc: One item of the metadata.
    doc-ref: MS-VHDX 2.6.2
    params:
      - id: index
        type: s4
        doc: Which entry of the metadata table.
    instances:
      entry:
        value: _parent.as<metadata_region>.table.entries[index]
        doc: The item's entry in the table.
      file_parameters:
        pos: entry.offset
        size: entry.length
        type: metadata_items::file_parameters
        if: entry.is_file_parameters
        doc: The item, where it is the file parameters.
      virtual_disk_size:
        pos: entry.offset
        size: entry.length
        type: metadata_items::virtual_disk_size
        if: entry.is_virtual_disk_size
        doc: The item, where it is the virtual disk size.
      virtual_disk_id:
        pos: entry.offset
        size: entry.length
        type: metadata_items::virtual_disk_id
        if: entry.is_virtual_disk_id
        doc: The item, where it is the virtual disk identifier.
      logical_sector_size:
        pos: entry.offset
        size: entry.length
        type: metadata_items::logical_sector_size
        if: entry.is_logical_sector_size
        doc: The item, where it is the logical sector size.
      physical_sector_size:
        pos: entry.offset
        size: entry.length
        type: metadata_items::physical_sector_size
        if: entry.is_physical_sector_size
        doc: The item, where it is the physical sector size.
      parent_locator:
        pos: entry.offset
        size: entry.length
        type: parent_locator
        if: entry.is_parent_locator
        doc: The item, where it is the parent locator.
      raw:
        pos: entry.offset
        size: entry.length
        if: not entry.is_known
        doc: The bytes of an item that the specification does not define.
