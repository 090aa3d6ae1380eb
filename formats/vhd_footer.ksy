meta:
  id: vhd_footer
  title: Footer of a fixed VHD
  license: MIT
  ks-version: 0.11
  endian: be
doc: |
  The last 512 bytes of a fixed VHD, the older format: before them stands the disk, byte for byte. No part of a VHDX;
  it is here because disks are converted to it. Unlike everything in VHDX its integers are big-endian.
doc-ref: VHD 1.0
-constants:
  - id: vhd_cookie
    value: conectix
    section: VHD 1.0
    doc: Marks a VHD, in reading order.
  - id: vhd_features
    value: 2
    section: VHD 1.0
    doc: Features of every VHD, a bit that is always set and no other.
  - id: vhd_version
    value: 65536
    section: VHD 1.0
    doc: Version 1.0 of the format.
  - id: vhd_no_data_offset
    value: 18446744073709551615
    section: VHD 1.0
    doc: DataOffset of a fixed disk, which has no other header.
  - id: vhd_epoch
    value: 946684800
    unit: seconds
    section: VHD 1.0
    doc: When time stamps begin, 1 January 2000 UTC, in seconds since 1970.
  - id: vhd_creator_application
    value: 'win '
    section: VHD 1.0
    doc: Creator of disks that Windows makes. QEMU takes the size from CurrentSize for this one and a few others only, else from the geometry.
  - id: vhd_creator_host_os
    value: Wi2k
    section: VHD 1.0
    doc: Host of disks that Windows makes.
  - id: vhd_type_fixed
    value: 2
    section: VHD 1.0
    doc: Type of a fixed disk.
  - id: vhd_size_max
    value: 2190433320960
    unit: bytes
    section: VHD 1.0
    doc: Largest disk that Hyper-V takes in a VHD, 2040 GiB.
  - id: vhd_size_unit
    value: 1048576
    unit: bytes
    section: VHD 1.0
    doc: Azure takes disks of a whole number of MiB only. Hyper-V makes no others.
  - id: vhd_sector_size
    value: 512
    unit: bytes
    section: VHD 1.0
    doc: Sector of every VHD.
  - id: vhd_cylinders_max
    value: 65535
    section: VHD 1.0
    doc: Most cylinders that a geometry can have.
  - id: vhd_heads_max
    value: 16
    section: VHD 1.0
    doc: Most heads of a geometry.
  - id: vhd_heads_min
    value: 4
    section: VHD 1.0
    doc: Fewest heads of a geometry.
  - id: vhd_sectors_per_track_small
    value: 17
    section: VHD 1.0
    doc: Sectors in a track of a geometry that small disks get.
  - id: vhd_sectors_per_track_medium
    value: 31
    section: VHD 1.0
    doc: Sectors in a track of a geometry for disks too large for the small ones.
  - id: vhd_sectors_per_track_large
    value: 63
    section: VHD 1.0
    doc: Sectors in a track of a geometry for disks too large for the medium ones.
  - id: vhd_sectors_per_track_max
    value: 255
    section: VHD 1.0
    doc: Sectors in a track of a geometry for the largest disks.
  - id: vhd_cylinders_small
    value: 1024
    section: VHD 1.0
    doc: A disk of as many cylinders, or more, gets longer tracks, but for the longest.
seq:
  - id: cookie
    size: 8
    -orig-id: [Cookie]
    doc: The characters "conectix".
  - id: features
    type: u4
    -orig-id: [Features]
    doc: Bit 1 is always set; bit 0 says that the disk is temporary.
  - id: format_version
    type: u4
    -orig-id: [File Format Version]
    doc: Major version in the upper, minor version in the lower 16 bits.
  - id: data_offset
    type: u8
    -orig-id: [Data Offset]
    -unit: bytes
    doc: File offset of the next structure; all bits set where there is none, as in a fixed disk.
  - id: time_stamp
    type: u4
    -orig-id: [Time Stamp]
    -unit: seconds
    doc: When the disk was made, since the beginning of 2000 in UTC.
  - id: creator_application
    size: 4
    -orig-id: [Creator Application]
    doc: Which program made the disk.
  - id: creator_version
    type: u4
    -orig-id: [Creator Version]
    doc: Version of that program.
  - id: creator_host_os
    size: 4
    -orig-id: [Creator Host OS]
    doc: On which system it was made.
  - id: original_size
    type: u8
    -orig-id: [Original Size]
    -unit: bytes
    doc: Size of the disk when it was made.
  - id: current_size
    type: u8
    -orig-id: [Current Size]
    -unit: bytes
    doc: Size of the disk.
  - id: cylinders
    type: u2
    -orig-id: [Disk Geometry (Cylinder)]
    doc: Cylinders of the geometry that an old BIOS is shown.
  - id: heads
    type: u1
    -orig-id: [Disk Geometry (Heads)]
    doc: Heads of that geometry.
  - id: sectors_per_track
    type: u1
    -orig-id: [Disk Geometry (Sectors per track/cylinder)]
    doc: Sectors per track of that geometry.
  - id: disk_type
    type: u4
    -orig-id: [Disk Type]
    doc: 2 for a fixed disk.
  - id: checksum
    type: u4
    -orig-id: [Checksum]
    doc: Complement of the sum of all 512 bytes, this field taken as zero.
  - id: unique_id
    size: 16
    -orig-id: [Unique Id]
    doc: Identity of the disk.
  - id: saved_state
    type: u1
    -orig-id: [Saved State]
    doc: 1 where a machine was saved in the middle of its work.
  - id: reserved
    size: 427
    -orig-id: [Reserved]
    doc: Zero.
