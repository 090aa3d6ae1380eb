meta:
  id: metadata_items
  title: VHDX metadata items
  license: MIT
  ks-version: 0.11
  endian: le
  imports: [ms_guid]
doc: |
  The items of fixed form that the metadata table points at. Each type here is named as its GUID in metadata_table.ksy.
doc-ref: MS-VHDX 2.6.2
-constants:
  - id: block_size_min
    value: 1048576
    unit: bytes
    -orig-id: [VHDX_BLOCK_SIZE_MIN]
    section: 2.6.2.1
    doc: Smallest payload block.
  - id: block_size_max
    value: 268435456
    unit: bytes
    -orig-id: [VHDX_BLOCK_SIZE_MAX]
    section: 2.6.2.1
    doc: Largest payload block.
  - id: block_size_default_dynamic
    value: 33554432
    unit: bytes
    section: 2.6.2.1
    doc: Payload block that Hyper-V gives dynamic files.
  - id: block_size_default_other
    value: 2097152
    unit: bytes
    section: 2.6.2.1
    doc: Payload block that Hyper-V gives fixed and differencing files.
  - id: qemu_block_size_up_to_1_gib
    value: 8388608
    unit: bytes
    -orig-id: [block_size]
    section: 2.6.2.1
    doc: Payload block that QEMU gives disks of up to 1 GiB.
  - id: qemu_block_size_up_to_100_gib
    value: 16777216
    unit: bytes
    -orig-id: [block_size]
    section: 2.6.2.1
    doc: Payload block that QEMU gives larger disks, up to 100 GiB.
  - id: qemu_block_size_up_to_32_tib
    value: 33554432
    unit: bytes
    -orig-id: [block_size]
    section: 2.6.2.1
    doc: Payload block that QEMU gives larger disks, up to 32 TiB.
  - id: qemu_block_size_above_32_tib
    value: 67108864
    unit: bytes
    -orig-id: [block_size]
    section: 2.6.2.1
    doc: Payload block that QEMU gives the largest disks.
  - id: qemu_subformat_default
    value: dynamic
    -orig-id: [subformat]
    section: 2.6.2.1
    doc: File type that QEMU makes; the other it knows is fixed.
  - id: virtual_disk_size_max
    value: 70368744177664
    unit: bytes
    -orig-id: [VHDX_MAX_IMAGE_SIZE]
    section: 2.6.2.2
    doc: Largest virtual disk, 64 TiB.
  - id: sector_size_512
    value: 512
    unit: bytes
    section: 2.6.2.4
    doc: One of the two sector sizes.
  - id: sector_size_4096
    value: 4096
    unit: bytes
    section: 2.6.2.4
    doc: The other of the two sector sizes.
  - id: physical_sector_size_default
    value: 4096
    unit: bytes
    section: 2.6.2.5
    doc: What Hyper-V writes, and what a reader may assume when the item is missing.
  - id: qemu_physical_sector_size_default
    value: 512
    unit: bytes
    section: 2.6.2.5
    doc: What QEMU writes.
types:
  file_parameters:
    meta:
      bit-endian: le
    doc: Block size and file type. HasParent makes it differencing; else LeaveBlockAllocated, fixed; else it is dynamic.
    doc-ref: MS-VHDX 2.6.2.1
    -orig-id: [File Parameters, VHDXFileParameters]
    seq:
      - id: block_size
        type: u4
        -orig-id: [BlockSize, block_size]
        -unit: bytes
        doc: Size of a payload block, a power of two from 1 MiB to 256 MiB.
      - id: leave_block_allocated
        type: b1
        -orig-id: [LeaveBlockAllocated, VHDX_PARAMS_LEAVE_BLOCKS_ALLOCED, data_bits]
        doc: Blocks keep their space in the file, the mark of a fixed file.
      - id: has_parent
        type: b1
        -orig-id: [HasParent, VHDX_PARAMS_HAS_PARENT]
        doc: The file is differencing; overrides LeaveBlockAllocated.
      - id: reserved
        type: b30
        -orig-id: [Reserved]
        doc: Zero.
    instances:
      block_size_min:
        value: 1048576
        -is: block_size_min
      block_size_max:
        value: 268435456
        -is: block_size_max
      block_size_is_in_range:
        value: block_size >= block_size_min and block_size <= block_size_max
        doc: A block is from 1 MiB to 256 MiB large.
        -rule:
          id: ITM-002
          slug: itm-blocksize-range
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.1
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file, before anything is computed from the size.
          next: [restore]
          provable: alone
      block_size_is_power_of_two:
        value: block_size > 0 and (block_size & (block_size - 1)) == 0
        doc: The block size is a power of two.
        -rule:
          id: ITM-003
          slug: itm-blocksize-pow2
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.1
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file, before anything is computed from the size.
          next: [restore]
          provable: {with: [ITM-019]}
      reserved_is_zero:
        value: reserved == 0
        doc: No bit of the flag word is set but the lowest two.
        -rule:
          id: ITM-004
          slug: itm-fileparams-reserved
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.1
          verdict: warn
          stage: open
          repair: offered
          repair-how: Clear them, with consent.
          error: integrity
          reader: Look at the two known bits only; warn; do not write, the bits may stand for a feature.
          provable: alone
      flags_do_not_conflict:
        value: not leave_block_allocated or not has_parent
        doc: 'Not both LeaveBlockAllocated and HasParent are set. Both is legal: then the first one does not count.'
        -rule:
          id: ITM-005
          slug: itm-lba-with-parent
          severity: info
          basis: spec
          scope: file
          section: 2.6.2.1
          verdict: note
          stage: open
          repair: 'no'
          error: integrity
          reader: The file is differencing. (libvhdi refuses it.)
          provable: alone
  virtual_disk_size:
    doc: Size of the virtual disk.
    doc-ref: MS-VHDX 2.6.2.2
    -orig-id: [Virtual Disk Size, VHDXVirtualDiskSize]
    seq:
      - id: virtual_disk_size
        type: u8
        -orig-id: [VirtualDiskSize, virtual_disk_size]
        -unit: bytes
        doc: A multiple of the logical sector size, at most 64 TiB.
    instances:
      virtual_disk_size_max:
        value: 70368744177664
        -is: virtual_disk_size_max
      size_is_in_range:
        value: virtual_disk_size <= virtual_disk_size_max
        doc: The virtual disk is at most 64 TiB large; exactly that is allowed.
        -rule:
          id: ITM-008
          slug: itm-disksize-max
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.2
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file.
          next: [restore]
          provable: alone
      size_is_not_zero:
        value: virtual_disk_size > 0
        doc: The virtual disk has a size.
        -rule:
          id: ITM-009
          slug: itm-disksize-nonzero
          severity: must
          basis: derived
          scope: file
          section: 2.6.2.2
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file; the BAT formulas have no meaning for 0.
          next: [restore]
          provable: alone
  virtual_disk_id:
    doc: Identity of the virtual disk, shown to the guest as SCSI page 0x83; a child has its parent's.
    doc-ref: MS-VHDX 2.6.2.3
    -orig-id: [Virtual Disk ID, VHDXPage83Data]
    seq:
      - id: virtual_disk_id
        type: ms_guid
        -orig-id: [VirtualDiskId, page_83_data]
        doc: The identifier.
    instances:
      id_is_set:
        value: not virtual_disk_id.is_nil
        doc: The virtual disk has an identifier other than the nil GUID.
        -rule:
          id: ITM-011
          slug: itm-diskid-nonzero
          severity: should
          basis: derived
          scope: file
          section: 2.6.2.3
          verdict: warn
          stage: open
          repair: offered
          repair-how: >-
            Store a random GUID, with consent: to a guest that goes by SCSI page 0x83 it is then another disk.
          error: integrity
          reader: Take it; warn.
          provable: alone
  logical_sector_size:
    doc: Sector size that the guest addresses; it fixes the size of a chunk.
    doc-ref: MS-VHDX 2.6.2.4
    -orig-id: [Logical Sector Size, VHDXVirtualDiskLogicalSectorSize]
    seq:
      - id: logical_sector_size
        type: u4
        -orig-id: [LogicalSectorSize, logical_sector_size]
        -unit: bytes
        doc: 512 or 4096.
    instances:
      sector_size_512:
        value: 512
        -is: sector_size_512
      sector_size_4096:
        value: 4096
        -is: sector_size_4096
      size_is_defined:
        value: logical_sector_size == sector_size_512 or logical_sector_size == sector_size_4096
        doc: A logical sector is 512 or 4096 bytes large.
        -rule:
          id: ITM-013
          slug: itm-lss-value
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.4
          verdict: refuse
          stage: open
          repair: 'no'
          error: integrity
          reader: Refuse the file.
          next: [restore]
          provable: alone
  physical_sector_size:
    doc: Sector size that the guest is told the medium has; it moves no byte.
    doc-ref: MS-VHDX 2.6.2.5
    -orig-id: [Physical Sector Size, VHDXVirtualDiskPhysicalSectorSize]
    seq:
      - id: physical_sector_size
        type: u4
        -orig-id: [PhysicalSectorSize, physical_sector_size]
        -unit: bytes
        doc: 512 or 4096.
    instances:
      sector_size_512:
        value: 512
        -is: sector_size_512
      sector_size_4096:
        value: 4096
        -is: sector_size_4096
      size_is_defined:
        value: physical_sector_size == sector_size_512 or physical_sector_size == sector_size_4096
        doc: A physical sector is 512 or 4096 bytes large.
        -rule:
          id: ITM-015
          slug: itm-pss-value
          severity: must
          basis: spec
          scope: file
          section: 2.6.2.5
          verdict: warn
          stage: open
          repair: auto
          repair-how: Store one of the two values.
          error: integrity
          reader: Take 4096 and warn; nothing is addressed by it.
          provable: alone
  chs_parameters:
    doc: Disk geometry. Not in the specification; known from openvmm only, flags unknown.
    doc-ref: microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
    seq:
      - id: heads_per_cylinder
        type: u4
        -unit: heads
        doc: Heads in a cylinder.
      - id: sectors_per_track
        type: u4
        -unit: sectors
        doc: Sectors in a track.
  pmem_label_storage_area:
    doc: Label storage of a virtual persistent memory device. Not in the specification; known from openvmm only.
    doc-ref: microsoft/openvmm vm/devices/storage/vhdx/src/format.rs
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
        -unit: bytes
        doc: Where the labels start.
      - id: data_length
        type: u4
        -unit: bytes
        doc: Size of the labels.
