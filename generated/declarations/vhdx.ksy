# Machine-written from formats/ by `make generate`; do not edit.
meta:
  id: vhdx
  title: Virtual Hard Disk v2
  application:
    - Hyper-V
    - QEMU
  file-extension:
    - vhdx
    - avhdx
  xref:
    wikidata: Q28206469
  license: MIT
  ks-version: '0.11'
  endian: le
doc: |
  Map of a VHDX file: the fixed places, and a view of the rest that any Kaitai tool can show. The view is a best effort
  and says so: it takes the header with the larger sequence number whether or not its checksum holds, it does not
  replay the log, and it reads the first region table only.
doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2
-orig-id:
  - VHDX
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
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3
    seq:
      - id: sectors
        size: 4096
        type: log_sector
        repeat: eos
        doc: The sectors of the log.
  log_sector:
    doc: One sector of the log.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3
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
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.2.3
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
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.5
    seq:
      - id: entries
        type: bat_entry
        repeat: eos
        doc: The entries.
  metadata_region:
    doc: The metadata table and its items.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6
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
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2
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
  file_identifier:
    meta:
      endian: le
    doc: |
      The first 64 KiB of the file. It is written once, when the file is created, and never again.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.2.1
    -orig-id:
      - File Type Identifier
      - VHDXFileIdentifier
    seq:
      - id: signature
        size: 8
        -orig-id:
          - Signature
          - signature
        doc: The characters "vhdxfile".
      - id: creator
        size: 512
        -orig-id:
          - Creator
          - creator
        doc: Name of the program that made the file, UTF-16LE, ended by a NUL or by the field's end. Diagnostic only.
      - id: reserved
        size: 65016
        -orig-id:
          - Reserved
        doc: Rest of the 64 KiB slot.
    instances:
      expected_signature:
        value: '[0x76, 0x68, 0x64, 0x78, 0x66, 0x69, 0x6c, 0x65]'
      signature_is_vhdxfile:
        value: signature == expected_signature
        doc: The file begins with the eight characters "vhdxfile".
  ms_guid:
    meta:
      endian: le
    doc: |
      A 128-bit identifier. The first three groups of its text form are stored little-endian, the last two as written, so
      2DC27766-F623-4200-9D64-115E9BFD4A08 lies on disk as 66 77 C2 2D 23 F6 00 42 9D 64 11 5E 9B FD 4A 08. Two identifiers
      are equal when all sixteen stored bytes are equal; version and variant bits carry no meaning here. (MS-DTYP 2.3.4.2)
    -orig-id:
      - GUID
      - MSGUID
    -webide-representation: '{raw:hex}'
    seq:
      - id: raw
        size: 16
        -orig-id:
          - data1
          - data2
          - data3
          - data4
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
  header:
    meta:
      endian: le
    doc: |
      One of two copies, each 4 KiB at the start of a 64 KiB slot. The valid one with the larger sequence number is current.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.2.2
    -orig-id:
      - Header
      - VHDXHeader
    -webide-representation: 'sequence_number: {sequence_number:dec}, log_version: {log_version:dec}, version: {version:dec}'
    seq:
      - id: signature
        size: 4
        -orig-id:
          - Signature
          - signature
        doc: The characters "head".
      - id: checksum
        type: u4
        -orig-id:
          - Checksum
          - checksum
        doc: CRC-32C of the 4096 bytes of the header, these four taken as zero.
      - id: sequence_number
        type: u8
        -orig-id:
          - SequenceNumber
          - sequence_number
        doc: Counts header updates; decides which of two valid headers is current.
      - id: file_write_guid
        type: ms_guid
        -orig-id:
          - FileWriteGuid
          - file_write_guid
        doc: Identity of the file as it lies on disk. A session that writes changes it before anything else.
      - id: data_write_guid
        type: ms_guid
        -orig-id:
          - DataWriteGuid
          - data_write_guid
        doc: Identity of what the guest can see; a differencing child names its parent by it.
      - id: log_guid
        type: ms_guid
        -orig-id:
          - LogGuid
          - log_guid
        doc: Nil when there is nothing to replay; otherwise only log entries that carry it count.
      - id: log_version
        type: u2
        -orig-id:
          - LogVersion
          - log_version
        doc: Version of the log format, 0.
      - id: version
        type: u2
        -orig-id:
          - Version
          - version
        doc: Version of the file format, 1.
      - id: log_length
        type: u4
        -orig-id:
          - LogLength
          - log_length
        doc: Size of the log area, a multiple of 1 MiB.
      - id: log_offset
        type: u8
        -orig-id:
          - LogOffset
          - log_offset
        doc: File offset of the log area, a multiple of 1 MiB.
      - id: reserved
        size: 4016
        -orig-id:
          - Reserved
          - reserved
        doc: Rest of the header; ignored, but covered by the checksum.
    instances:
      expected_signature:
        value: '[0x68, 0x65, 0x61, 0x64]'
      object_alignment:
        value: 1048576
      header_section_size:
        value: 1048576
      supported_version:
        value: 1
      supported_log_version:
        value: 0
      log_length_usual_max:
        value: 1073741824
      sequence_number_max:
        value: '0xffffffffffffffff'
      signature_is_head:
        value: signature == expected_signature
        doc: The slot begins with the four characters "head".
      version_is_supported:
        value: version == supported_version
        doc: The file format is version 1.
      log_version_is_supported:
        value: log_version == supported_log_version
        doc: The log format is version 0. It matters only when there is a log to replay.
      log_length_is_aligned:
        value: log_length % object_alignment == 0
        doc: The log's size is a whole number of MiB, 0 included.
      log_offset_is_aligned:
        value: log_offset % object_alignment == 0
        doc: The log starts at a whole number of MiB.
      log_is_after_header_section:
        value: log_length == 0 or log_offset >= header_section_size
        doc: A log that has a size lies behind the header section.
      log_guid_has_a_log:
        value: log_guid.is_nil or log_length > 0
        doc: A header that announces a log by its LogGuid also has room for one.
      log_length_is_usual:
        value: log_length <= log_length_usual_max
        doc: The log is no larger than 1 GiB, the most that a known implementation takes.
      guids_are_set:
        value: not file_write_guid.is_nil and not data_write_guid.is_nil
        doc: FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing.
      sequence_number_can_grow:
        value: sequence_number < sequence_number_max
        doc: The sequence number can still be raised.
  region_table:
    meta:
      endian: le
    doc: |
      Says where the BAT, the metadata and any further region lie. Stored twice, 64 KiB each, alike in a healthy file.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.2.3
    -orig-id:
      - Region Table
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
    types:
      region_table_header:
        doc: The first 16 bytes of a region table.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.2.3.1
        -orig-id:
          - Region Table Header
          - VHDXRegionTableHeader
        -webide-representation: 'entry_count: {entry_count:dec}'
        seq:
          - id: signature
            size: 4
            -orig-id:
              - Signature
              - signature
            doc: The characters "regi".
          - id: checksum
            type: u4
            -orig-id:
              - Checksum
              - checksum
            doc: CRC-32C of the whole 64 KiB, these four bytes taken as zero.
          - id: entry_count
            type: u4
            -orig-id:
              - EntryCount
              - entry_count
            doc: Number of entries that follow, at most 2047.
          - id: reserved
            type: u4
            -orig-id:
              - Reserved
              - reserved
            doc: Zero; ignored.
        instances:
          expected_signature:
            value: '[0x72, 0x65, 0x67, 0x69]'
          entries_max:
            value: 2047
          signature_is_regi:
            value: signature == expected_signature
            doc: The region table begins with the four characters "regi".
          entry_count_fits:
            value: entry_count <= entries_max
            doc: The table lists no more entries than fit into its 64 KiB, 2047.
          reserved_is_zero:
            value: reserved == 0
            doc: The reserved word of the table header is zero.
      region_table_entry:
        meta:
          bit-endian: le
        doc: Names one region and says where it lies.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.2.3.2
        -orig-id:
          - Region Table Entry
          - VHDXRegionTableEntry
        -webide-representation: 'file_offset: {file_offset:dec}, length: {length:dec}, required: {required:dec}'
        seq:
          - id: guid
            type: ms_guid
            -orig-id:
              - Guid
              - guid
            doc: What the region holds; unique in the table.
          - id: file_offset
            type: u8
            -orig-id:
              - FileOffset
              - file_offset
            doc: File offset of the region, a multiple of 1 MiB, at least 1 MiB.
          - id: length
            type: u4
            -orig-id:
              - Length
              - length
            doc: Size of the region, a multiple of 1 MiB.
          - id: required
            type: b1
            -orig-id:
              - Required
              - data_bits
              - VHDX_REGION_ENTRY_REQUIRED
            doc: Who does not know the region's GUID must refuse the file.
          - id: reserved
            type: b31
            -orig-id:
              - Reserved
            doc: Zero in every file seen; the specification shows Required as a whole word.
        instances:
          bat_guid:
            value: '[0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42, 0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08]'
          metadata_guid:
            value: '[0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e]'
          object_alignment:
            value: 1048576
          header_section_size:
            value: 1048576
          metadata_table_size:
            value: 65536
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
          file_offset_is_after_header_section:
            value: file_offset >= header_section_size
            doc: A region starts behind the header section, at 1 MiB or later.
          length_is_aligned:
            value: length % object_alignment == 0
            doc: A region's size is a whole number of MiB.
          length_is_not_zero:
            value: length > 0
            doc: A region is not empty.
          required_is_known:
            value: not required or is_known
            doc: A region marked as required is one that we know.
          known_is_required:
            value: not is_known or required
            doc: The BAT and the metadata are marked as required. QEMU leaves the mark out.
          required_is_one_bit:
            value: reserved == 0
            doc: The word that holds Required is 0 or 1.
          metadata_holds_its_table:
            value: not is_metadata or length >= metadata_table_size
            doc: The metadata region has room for its table of 64 KiB. Other regions are not asked.
  log_entry:
    meta:
      endian: le
    doc: |
      One entry of the log, as a contiguous piece: descriptor sectors, then one data sector for each data descriptor. On disk
      an entry starts at a multiple of 4 KiB of the log and may wrap past the log's end; whoever parses it joins the parts
      first.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3.1
    -orig-id:
      - Log Entry
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
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3.1.1
        -orig-id:
          - Entry Header
          - VHDXLogEntryHeader
        -webide-representation: 'entry_length: {entry_length:dec}, tail: {tail:dec}, sequence_number: {sequence_number:dec}'
        seq:
          - id: signature
            size: 4
            -orig-id:
              - Signature
              - signature
            doc: The characters "loge".
          - id: checksum
            type: u4
            -orig-id:
              - Checksum
              - checksum
            doc: CRC-32C of the entry's EntryLength bytes, across the wrap, these four taken as zero.
          - id: entry_length
            type: u4
            -orig-id:
              - EntryLength
              - entry_length
            doc: Size of the whole entry, a multiple of 4 KiB.
          - id: tail
            type: u4
            -orig-id:
              - Tail
              - tail
            doc: Offset in the log of the oldest entry that must be replayed once this entry is the head; may be its own.
          - id: sequence_number
            type: u8
            -orig-id:
              - SequenceNumber
              - sequence_number
            doc: One more than that of the entry before; never 0. Where counting starts is up to the writer.
          - id: descriptor_count
            type: u4
            -orig-id:
              - DescriptorCount
              - descriptor_count
            doc: Number of descriptors, which may be 0.
          - id: reserved
            type: u4
            -orig-id:
              - Reserved
              - reserved
            doc: Zero.
          - id: log_guid
            type: ms_guid
            -orig-id:
              - LogGuid
              - log_guid
            doc: Equal to the current header's LogGuid, or the entry is stale.
          - id: flushed_file_offset
            type: u8
            -orig-id:
              - FlushedFileOffset
              - flushed_file_offset
            doc: A file size that was stable on the host when the entry was written. A shorter file has been truncated.
          - id: last_file_offset
            type: u8
            -orig-id:
              - LastFileOffset
              - last_file_offset
            doc: A file size that holds every allocated structure; replay makes the file at least as long.
        instances:
          expected_signature:
            value: '[0x6c, 0x6f, 0x67, 0x65]'
          object_alignment:
            value: 1048576
          log_sector_size:
            value: 4096
          log_entry_header_size:
            value: 64
          log_descriptor_size:
            value: 32
          descriptor_area_size:
            value: (log_entry_header_size + log_descriptor_size * descriptor_count + log_sector_size - 1) / log_sector_size * log_sector_size
            doc: Size of the sectors that hold the header and the descriptors; the data sectors follow.
          signature_is_loge:
            value: signature == expected_signature
            doc: An entry begins with the four characters "loge".
          entry_length_is_aligned:
            value: entry_length % log_sector_size == 0
            doc: An entry's length is a multiple of 4 KiB.
          tail_is_aligned:
            value: tail % log_sector_size == 0
            doc: Tail is a multiple of 4 KiB.
          sequence_number_is_positive:
            value: sequence_number > 0
            doc: Sequence numbers of entries start above 0.
          descriptors_fit:
            value: entry_length >= log_entry_header_size and descriptor_count <= (entry_length - log_entry_header_size) / log_descriptor_size
            doc: Header and descriptors fit into the entry. An entry without descriptors is fine.
          reserved_is_zero:
            value: reserved == 0
            doc: The reserved word of an entry header is zero.
          flushed_file_offset_is_aligned:
            value: flushed_file_offset % object_alignment == 0
            doc: FlushedFileOffset is a whole number of MiB.
          last_file_offset_is_aligned:
            value: last_file_offset % object_alignment == 0
            doc: LastFileOffset is a whole number of MiB.
      log_descriptor:
        doc: A slot of 32 bytes that holds a zero descriptor or a data descriptor.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3.1
        -orig-id:
          - VHDXLogDescriptor
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
            -orig-id:
              - signature
            doc: What decides the kind.
          zero_signature:
            value: '[0x7a, 0x65, 0x72, 0x6f]'
          data_signature:
            value: '[0x64, 0x65, 0x73, 0x63]'
          is_zero:
            value: signature == zero_signature
            doc: The slot holds a zero descriptor.
          is_data:
            value: signature == data_signature
            doc: The slot holds a data descriptor.
          signature_is_known:
            value: is_zero or is_data
            doc: A descriptor begins with "zero" or "desc".
      zero_descriptor:
        doc: Sets a range of the file to zero.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3.1.2
        -orig-id:
          - Zero Descriptor
        -webide-representation: 'zero_length: {zero_length:dec}, file_offset: {file_offset:dec}, sequence_number: {sequence_number:dec}'
        seq:
          - id: signature
            size: 4
            -orig-id:
              - ZeroSignature
              - signature
            doc: The characters "zero".
          - id: reserved
            type: u4
            -orig-id:
              - Reserved
              - reserved
            doc: Zero.
          - id: zero_length
            type: u8
            -orig-id:
              - ZeroLength
              - zero_length
            doc: Length of the range, a multiple of 4 KiB.
          - id: file_offset
            type: u8
            -orig-id:
              - FileOffset
              - file_offset
            doc: Where the range starts, a multiple of 4 KiB.
          - id: sequence_number
            type: u8
            -orig-id:
              - SequenceNumber
              - sequence_number
            doc: The entry's sequence number again.
        instances:
          log_sector_size:
            value: 4096
          region_table_1_offset:
            value: 196608
          reserved_is_zero:
            value: reserved == 0
            doc: The reserved word of a zero descriptor is zero.
          zero_length_is_aligned:
            value: zero_length % log_sector_size == 0
            doc: The length of a zeroed range is a multiple of 4 KiB.
          file_offset_is_aligned:
            value: file_offset % log_sector_size == 0
            doc: What a descriptor updates starts at a multiple of 4 KiB.
          file_offset_is_past_headers:
            value: file_offset >= region_table_1_offset
            doc: 'No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.'
      data_descriptor:
        doc: Replaces 4 KiB of the file. The first 8 and last 4 of the new bytes are here, the rest is in the data sector.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3.1.3
        -orig-id:
          - Data Descriptor
        -webide-representation: 'file_offset: {file_offset:dec}, sequence_number: {sequence_number:dec}'
        seq:
          - id: signature
            size: 4
            -orig-id:
              - DataSignature
              - signature
            doc: The characters "desc".
          - id: trailing_bytes
            size: 4
            -orig-id:
              - TrailingBytes
              - trailing_bytes
            doc: Bytes 4092 to 4095 of the update.
          - id: leading_bytes
            size: 8
            -orig-id:
              - LeadingBytes
              - leading_bytes
            doc: Bytes 0 to 7 of the update.
          - id: file_offset
            type: u8
            -orig-id:
              - FileOffset
              - file_offset
            doc: Where the 4 KiB go, a multiple of 4 KiB.
          - id: sequence_number
            type: u8
            -orig-id:
              - SequenceNumber
              - sequence_number
            doc: The entry's sequence number again.
        instances:
          log_sector_size:
            value: 4096
          region_table_1_offset:
            value: 196608
          file_offset_is_aligned:
            value: file_offset % log_sector_size == 0
            doc: What a descriptor updates starts at a multiple of 4 KiB.
          file_offset_is_past_headers:
            value: file_offset >= region_table_1_offset
            doc: 'No descriptor writes below 192 KiB: the file type identifier and the headers are not for the log.'
      data_sector:
        doc: The 4084 middle bytes of an update between two halves of the sequence number, so that a torn write shows.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.3.1.4
        -orig-id:
          - Data Sector
          - VHDXLogDataSector
        -webide-representation: 'sequence_high: {sequence_high:dec}, sequence_low: {sequence_low:dec}'
        seq:
          - id: signature
            size: 4
            -orig-id:
              - DataSignature
              - data_signature
            doc: The characters "data".
          - id: sequence_high
            type: u4
            -orig-id:
              - SequenceHigh
              - sequence_high
            doc: Upper half of the entry's sequence number.
          - id: data
            size: 4084
            -orig-id:
              - Data
              - data
            doc: Bytes 8 to 4091 of the update.
          - id: sequence_low
            type: u4
            -orig-id:
              - SequenceLow
              - sequence_low
            doc: Lower half of the entry's sequence number.
        instances:
          expected_signature:
            value: '[0x64, 0x61, 0x74, 0x61]'
          sequence_number:
            value: sequence_high * 4294967296 + sequence_low
            doc: The two halves joined.
          signature_is_data:
            value: signature == expected_signature
            doc: A data sector begins with the four characters "data".
  bat_entry:
    meta:
      endian: le
      bit-endian: le
    doc: |
      One 64-bit word of the block allocation table. After each chunk's payload block entries stands one entry for the
      chunk's sector bitmap block; the word is the same, the meaning of its state is not.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.5.1
    -orig-id:
      - BAT Entry
      - VHDXBatEntry
    -webide-representation: 'state: {state:dec}, file_offset_mb_low: {file_offset_mb_low:dec}, file_offset_mb_high: {file_offset_mb_high:dec}'
    seq:
      - id: state
        type: b3
        -orig-id:
          - State
        doc: What the block holds; see the two enumerations.
      - id: reserved
        type: b17
        -orig-id:
          - Reserved
        doc: Zero.
      - id: file_offset_mb_low
        type: b12
        doc: Low 12 bits of FileOffsetMB. Split, because not every Kaitai target reads bit fields wider than 32 bits.
      - id: file_offset_mb_high
        type: b32
        doc: High 32 bits of FileOffsetMB.
    instances:
      file_offset_mb:
        value: file_offset_mb_high * 4096 + file_offset_mb_low
        -orig-id:
          - FileOffsetMB
          - file_off_mb
        doc: File offset of the block in MiB; reserved in states that hold no data.
      payload_state:
        value: state
        enum: payload_block_state
        doc: The state, where the entry belongs to a payload block.
      sector_bitmap_state:
        value: state
        enum: sector_bitmap_block_state
        doc: The state, where the entry belongs to a sector bitmap block.
      is_allocated:
        value: state == payload_block_state::fully_present.to_i or state == payload_block_state::partially_present.to_i
        doc: The entry's file offset counts. State 6 means so of both kinds of entry.
      reserved_is_zero:
        value: reserved == 0
        doc: Bits 3 to 19 of an entry are zero.
      payload_state_is_defined:
        value: state != 4 and state != payload_block_state::unmapped_v095.to_i
        doc: 'The state of a payload block is one that the specification defines: 4 and 5 are not.'
      not_partially_present:
        value: state != payload_block_state::partially_present.to_i
        doc: Only a differencing file has partially present blocks.
      allocated_offset_is_set:
        value: not is_allocated or file_offset_mb >= 1
        doc: A block that is in the file lies at 1 MiB or later; offset 0 is no place.
      sector_bitmap_state_is_defined:
        value: state == sector_bitmap_block_state::not_present.to_i or state == sector_bitmap_block_state::present.to_i
        doc: The state of a sector bitmap block is 0 or 6.
      sector_bitmap_is_absent:
        value: state == sector_bitmap_block_state::not_present.to_i
        doc: Only a differencing file has sector bitmap blocks.
      unused_offset_is_zero:
        value: file_offset_mb == 0 or (state != payload_block_state::not_present.to_i and state != payload_block_state::zero.to_i)
        doc: An entry of a block that is not present, or zero, has no file offset.
      fixed_is_present:
        value: state == payload_block_state::fully_present.to_i
        doc: In a fixed file every block is fully present. Others are tolerated; qemu-img makes them.
    enums:
      payload_block_state:
        0:
          id: not_present
          -orig-id: PAYLOAD_BLOCK_NOT_PRESENT
          doc: Never written. A differencing file asks its parent; others read zeros.
        1:
          id: undefined
          -orig-id: PAYLOAD_BLOCK_UNDEFINED
          doc: Contents arbitrary; never the parent's. Zeros here.
        2:
          id: zero
          -orig-id: PAYLOAD_BLOCK_ZERO
          doc: Zeros; never the parent's.
        3:
          id: unmapped
          -orig-id: PAYLOAD_BLOCK_UNMAPPED
          doc: Discarded by the guest; never the parent's. Zeros here.
        5:
          id: unmapped_v095
          -orig-id: PAYLOAD_BLOCK_UNMAPPED_v095
          doc: The number that draft 0.95 gave to unmapped; reserved since.
        6:
          id: fully_present
          -orig-id: PAYLOAD_BLOCK_FULLY_PRESENT
          doc: The whole block is in this file; the sector bitmap is not asked.
        7:
          id: partially_present
          -orig-id: PAYLOAD_BLOCK_PARTIALLY_PRESENT
          doc: Sector by sector in this file or the parent, as the sector bitmap says. Differencing files only.
      sector_bitmap_block_state:
        0:
          id: not_present
          -orig-id: SB_BLOCK_NOT_PRESENT
          doc: The chunk has no sector bitmap block.
        6:
          id: present
          -orig-id: SB_BLOCK_PRESENT
          doc: The chunk's sector bitmap block is in this file. Differencing files only.
  metadata_table:
    meta:
      endian: le
    doc: |
      The first 64 KiB of the metadata region: which items there are and where in the region they lie.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.1
    -orig-id:
      - Metadata Table
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
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.1.1
        -orig-id:
          - Metadata Table Header
          - VHDXMetadataTableHeader
        -webide-representation: 'entry_count: {entry_count:dec}'
        seq:
          - id: signature
            size: 8
            -orig-id:
              - Signature
              - signature
            doc: The characters "metadata".
          - id: reserved
            type: u2
            -orig-id:
              - Reserved
              - reserved
            doc: Zero.
          - id: entry_count
            type: u2
            -orig-id:
              - EntryCount
              - entry_count
            doc: Number of entries that follow, at most 2047.
          - id: reserved2
            size: 20
            -orig-id:
              - Reserved2
              - reserved2
            doc: Zero.
        instances:
          expected_signature:
            value: '[0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61]'
          entries_max:
            value: 2047
          signature_is_metadata:
            value: signature == expected_signature
            doc: The metadata region begins with the eight characters "metadata".
          reserved_is_zero:
            value: reserved == 0 and reserved2 == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            doc: The 22 reserved bytes of the table header are zero.
          entry_count_fits:
            value: entry_count <= entries_max
            doc: The table lists no more entries than fit into its 64 KiB, 2047.
      metadata_table_entry:
        meta:
          bit-endian: le
        doc: Names one item and says where in the metadata region it lies.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.1.2
        -orig-id:
          - Metadata Table Entry
          - VHDXMetadataTableEntry
        -webide-representation: 'offset: {offset:dec}, length: {length:dec}, is_user: {is_user:dec}'
        seq:
          - id: item_id
            type: ms_guid
            -orig-id:
              - ItemId
              - item_id
            doc: What the item is; unique together with IsUser.
          - id: offset
            type: u4
            -orig-id:
              - Offset
              - offset
            doc: Where the item starts, from the start of the metadata region; 0 for an empty item.
          - id: length
            type: u4
            -orig-id:
              - Length
              - length
            doc: Size of the item, at most 1 MiB; 0 for an item that is present but empty.
          - id: is_user
            type: b1
            -orig-id:
              - IsUser
              - VHDX_META_FLAGS_IS_USER
              - data_bits
            doc: The item belongs to the user, not to the format.
          - id: is_virtual_disk
            type: b1
            -orig-id:
              - IsVirtualDisk
              - VHDX_META_FLAGS_IS_VIRTUAL_DISK
            doc: The item describes the virtual disk and goes along to differencing children.
          - id: is_required
            type: b1
            -orig-id:
              - IsRequired
              - VHDX_META_FLAGS_IS_REQUIRED
            doc: Who does not know the item must refuse the file.
          - id: reserved
            type: b29
            -orig-id:
              - Reserved
            doc: Zero.
          - id: reserved2
            type: u4
            -orig-id:
              - Reserved2
              - reserved2
            doc: Zero.
        instances:
          incomplete_file_marker_id:
            value: '[0xf0, 0x85, 0xcc, 0x71, 0x69, 0x1b, 0x28, 0x4e, 0x95, 0x58, 0xc3, 0xbf, 0x83, 0xae, 0x75, 0xd3]'
          metadata_table_size:
            value: 65536
          metadata_item_length_max:
            value: 1048576
          file_parameters_id:
            value: '[0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b]'
          virtual_disk_size_id:
            value: '[0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8]'
          virtual_disk_id_id:
            value: '[0xab, 0x12, 0xca, 0xbe, 0xe6, 0xb2, 0x23, 0x45, 0x93, 0xef, 0xc3, 0x09, 0xe0, 0x00, 0xc7, 0x46]'
          logical_sector_size_id:
            value: '[0x1d, 0xbf, 0x41, 0x81, 0x6f, 0xa9, 0x09, 0x47, 0xba, 0x47, 0xf2, 0x33, 0xa8, 0xfa, 0xab, 0x5f]'
          physical_sector_size_id:
            value: '[0xc7, 0x48, 0xa3, 0xcd, 0x5d, 0x44, 0x71, 0x44, 0x9c, 0xc9, 0xe9, 0x88, 0x52, 0x51, 0xc5, 0x56]'
          parent_locator_id:
            value: '[0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45, 0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c]'
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
            value: '(is_file_parameters or is_virtual_disk_size) ? 8 : is_virtual_disk_id ? 16 : (is_logical_sector_size or is_physical_sector_size) ? 4 : length'
            doc: Length of the form that the item has, or its own where it has none.
          offset_is_past_table:
            value: length == 0 or offset >= metadata_table_size
            doc: An item that is not empty starts behind the table, at byte 65536 of the region or later. Any byte will do.
          length_is_in_bounds:
            value: length <= metadata_item_length_max
            doc: An item is at most 1 MiB long.
          empty_item_has_no_offset:
            value: length > 0 or offset == 0
            doc: An empty item has offset 0. It counts as present, with nothing in it.
          reserved_flags_are_zero:
            value: reserved == 0
            doc: No bit of the flag word is set but the lowest three.
          reserved2_is_zero:
            value: reserved2 == 0
            doc: The last word of an entry is zero.
          required_is_known:
            value: not is_required or is_known
            doc: An item marked as required is a system item that we know.
          user_is_not_required:
            value: not is_user or not is_required
            doc: A user item is not marked as required. The specification does not say so, openvmm does.
          item_id_is_set:
            value: not item_id.is_nil
            doc: The item id is not the nil GUID. The specification does not say so, openvmm does.
          is_not_incomplete_marker:
            value: is_user or item_id.raw != incomplete_file_marker_id
            doc: The entry is not the marker by which Microsoft tools tell that a file was never finished.
          known_flags_are_usual:
            value: not is_known or (is_required and is_virtual_disk == is_disk_property)
            doc: 'An item that we know has the flags of its kind: always IsRequired, and IsVirtualDisk for all but the file parameters and the parent locator.'
          known_length_is_exact:
            value: length == form_length
            doc: An item of fixed form has exactly the length of its form.
  metadata_items:
    meta:
      endian: le
    doc: |
      The items of fixed form that the metadata table points at. Each type here is named as its GUID in metadata_table.ksy.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2
    types:
      file_parameters:
        meta:
          bit-endian: le
        doc: Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is dynamic.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.1
        -orig-id:
          - File Parameters
          - VHDXFileParameters
        -webide-representation: 'block_size: {block_size:dec}, leave_block_allocated: {leave_block_allocated:dec}, has_parent: {has_parent:dec}'
        seq:
          - id: block_size
            type: u4
            -orig-id:
              - BlockSize
              - block_size
            doc: Size of a payload block, a power of two from 1 MiB to 256 MiB.
          - id: leave_block_allocated
            type: b1
            -orig-id:
              - LeaveBlockAllocated
              - VHDX_PARAMS_LEAVE_BLOCKS_ALLOCED
              - data_bits
            doc: Blocks keep their space in the file, the mark of a fixed file.
          - id: has_parent
            type: b1
            -orig-id:
              - HasParent
              - VHDX_PARAMS_HAS_PARENT
            doc: The file is differencing; overrides LeaveBlockAllocated.
          - id: reserved
            type: b30
            -orig-id:
              - Reserved
            doc: Zero.
        instances:
          block_size_min:
            value: 1048576
          block_size_max:
            value: 268435456
          block_size_is_in_range:
            value: block_size >= block_size_min and block_size <= block_size_max
            doc: A block is from 1 MiB to 256 MiB large.
          block_size_is_power_of_two:
            value: block_size > 0 and (block_size & (block_size - 1)) == 0
            doc: The block size is a power of two.
          reserved_is_zero:
            value: reserved == 0
            doc: No bit of the flag word is set but the lowest two.
          flags_do_not_conflict:
            value: not leave_block_allocated or not has_parent
            doc: 'Not both LeaveBlockAllocated and HasParent are set. Both is legal: then the first one does not count.'
      virtual_disk_size:
        doc: Size of the virtual disk.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.2
        -orig-id:
          - Virtual Disk Size
          - VHDXVirtualDiskSize
        -webide-representation: 'virtual_disk_size: {virtual_disk_size:dec}'
        seq:
          - id: virtual_disk_size
            type: u8
            -orig-id:
              - VirtualDiskSize
              - virtual_disk_size
            doc: A multiple of the logical sector size, at most 64 TiB.
        instances:
          virtual_disk_size_max:
            value: 70368744177664
          size_is_in_range:
            value: virtual_disk_size <= virtual_disk_size_max
            doc: The virtual disk is at most 64 TiB large; exactly that is allowed.
          size_is_not_zero:
            value: virtual_disk_size > 0
            doc: The virtual disk has a size.
      virtual_disk_id:
        doc: Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.3
        -orig-id:
          - Virtual Disk ID
          - VHDXPage83Data
        seq:
          - id: virtual_disk_id
            type: ms_guid
            -orig-id:
              - VirtualDiskId
              - page_83_data
            doc: The identifier.
        instances:
          id_is_set:
            value: not virtual_disk_id.is_nil
            doc: The virtual disk has an identifier other than the nil GUID.
      logical_sector_size:
        doc: Sector size that the guest addresses; it fixes the size of a chunk.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.4
        -orig-id:
          - Logical Sector Size
          - VHDXVirtualDiskLogicalSectorSize
        -webide-representation: 'logical_sector_size: {logical_sector_size:dec}'
        seq:
          - id: logical_sector_size
            type: u4
            -orig-id:
              - LogicalSectorSize
              - logical_sector_size
            doc: 512 or 4096.
        instances:
          sector_size_512:
            value: 512
          sector_size_4096:
            value: 4096
          size_is_defined:
            value: logical_sector_size == sector_size_512 or logical_sector_size == sector_size_4096
            doc: A logical sector is 512 or 4096 bytes large.
      physical_sector_size:
        doc: Sector size that the guest is told the medium has; it moves no byte.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.5
        -orig-id:
          - Physical Sector Size
          - VHDXVirtualDiskPhysicalSectorSize
        -webide-representation: 'physical_sector_size: {physical_sector_size:dec}'
        seq:
          - id: physical_sector_size
            type: u4
            -orig-id:
              - PhysicalSectorSize
              - physical_sector_size
            doc: 512 or 4096.
        instances:
          sector_size_512:
            value: 512
          sector_size_4096:
            value: 4096
          size_is_defined:
            value: physical_sector_size == sector_size_512 or physical_sector_size == sector_size_4096
            doc: A physical sector is 512 or 4096 bytes large.
      chs_parameters:
        doc: Disk geometry. Not in the specification; known from openvmm only, flags unknown. (microsoft/openvmm vm/devices/storage/vhdx/src/format.rs)
        -webide-representation: 'heads_per_cylinder: {heads_per_cylinder:dec}, sectors_per_track: {sectors_per_track:dec}'
        seq:
          - id: heads_per_cylinder
            type: u4
            doc: Heads in a cylinder.
          - id: sectors_per_track
            type: u4
            doc: Sectors in a track.
      pmem_label_storage_area:
        doc: Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only. (microsoft/openvmm vm/devices/storage/vhdx/src/format.rs)
        -webide-representation: 'version: {version:dec}, data_offset: {data_offset:dec}, data_length: {data_length:dec}'
        seq:
          - id: version
            type: u2
            doc: Version of the item, 1.
          - id: reserved
            type: u2
            doc: Not used.
          - id: guid
            type: ms_guid
            doc: Identity of the label storage area.
          - id: data_offset
            type: u4
            doc: Where the labels start.
          - id: data_length
            type: u4
            doc: Size of the labels.
  parent_locator:
    meta:
      endian: le
    doc: |
      A metadata item of key and value strings, UTF-16LE, by which a differencing file finds and recognises its parent.
      Offsets count from the start of the item. Strings have no terminator.
    doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.6
    -orig-id:
      - Parent Locator
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
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.6.1
        -orig-id:
          - Parent Locator Header
          - VHDXParentLocatorHeader
        -webide-representation: 'key_value_count: {key_value_count:dec}'
        seq:
          - id: locator_type
            type: ms_guid
            -orig-id:
              - LocatorType
              - locator_type
            doc: Says which keys to expect.
          - id: reserved
            type: u2
            -orig-id:
              - Reserved
              - reserved
            doc: Zero.
          - id: key_value_count
            type: u2
            -orig-id:
              - KeyValueCount
              - key_value_count
            doc: Number of entries that follow.
        instances:
          vhdx_locator_type:
            value: '[0xb7, 0xef, 0x4a, 0xb0, 0x9e, 0xd1, 0x81, 0x4a, 0xb7, 0x89, 0x25, 0xb8, 0xe9, 0x44, 0x59, 0x13]'
          parent_locator_header_size:
            value: 20
          parent_locator_entry_size:
            value: 12
          entries_max:
            value: (_io.size - parent_locator_header_size) / parent_locator_entry_size
            doc: Entries that the item has room for.
          entries_fit:
            value: key_value_count <= entries_max
            doc: The item has room for all the entries that it counts.
          locator_type_is_known:
            value: locator_type.raw == vhdx_locator_type
            doc: The locator is of the type that the specification defines.
          reserved_is_zero:
            value: reserved == 0
            doc: The reserved word of the locator header is zero.
          has_pairs:
            value: key_value_count > 0
            doc: The locator has pairs. A useful one has two at least, a linkage and a path; openvmm takes 256 at most.
      parent_locator_entry:
        doc: Says where the strings of one pair lie.
        doc-ref: https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/83e061f8-f6e2-4de1-91bd-5d518a43d477 MS-VHDX 2.6.2.6.2
        -orig-id:
          - Parent Locator Entry
          - VHDXParentLocatorEntry
        -webide-representation: 'key_offset: {key_offset:dec}, value_offset: {value_offset:dec}, key_length: {key_length:dec}'
        seq:
          - id: key_offset
            type: u4
            -orig-id:
              - KeyOffset
              - key_offset
            doc: Where the key starts, from the start of the item.
          - id: value_offset
            type: u4
            -orig-id:
              - ValueOffset
              - value_offset
            doc: Where the value starts, from the start of the item.
          - id: key_length
            type: u2
            -orig-id:
              - KeyLength
              - key_length
            doc: Size of the key.
          - id: value_length
            type: u2
            -orig-id:
              - ValueLength
              - value_length
            doc: Size of the value.
        instances:
          offsets_are_set:
            value: key_offset > 0 and value_offset > 0
            doc: Key and value have an offset. It counts from the item's start, so 0 is the header.
          lengths_are_set:
            value: key_length > 0 and value_length > 0
            doc: Key and value are not empty.
          strings_are_inside:
            value: key_offset + key_length <= _io.size and value_offset + value_length <= _io.size
            doc: Key and value end inside the item.
          key:
            pos: key_offset
            size: key_length
            if: key_offset + key_length <= _io.size
            doc: The key's bytes.
          value:
            pos: value_offset
            size: value_length
            if: value_offset + value_length <= _io.size
            doc: The value's bytes.
