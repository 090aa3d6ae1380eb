// VHDX for YARA: VHDX knows the files, VHDX_FTI_001 those that lost their signature only, and the others what
// is wrong in structures at fixed places (headers of either copy may be stale; what counts, a reader decides).
//
// Machine-written from formats/ by `make generate`; do not edit.

rule VHDX {
  meta:
    claim = "A VHDX, by its first bytes."
  condition:
    (uint32be(0x0) == 0x76686478 and uint32be(0x4) == 0x66696C65)
}

rule VHDX_FTI_001 {
  meta:
    claim = "Only the signature of the file is lost."
    id = "FTI-001"
  condition:
    not (uint32be(0x0) == 0x76686478 and uint32be(0x4) == 0x66696C65) and ((uint32be(0x10000) == 0x68656164) or (uint32be(0x20000) == 0x68656164)) and ((uint32be(0x30000) == 0x72656769) or (uint32be(0x40000) == 0x72656769))
}

rule VHDX_log_to_replay {
  meta:
    claim = "A header, perhaps a stale one, names a log to replay."
  condition:
    VHDX and (((uint32be(0x10000) == 0x68656164) and not (uint32be(0x10030) == 0x00000000 and uint32be(0x10034) == 0x00000000 and uint32be(0x10038) == 0x00000000 and uint32be(0x1003c) == 0x00000000)) or ((uint32be(0x20000) == 0x68656164) and not (uint32be(0x20030) == 0x00000000 and uint32be(0x20034) == 0x00000000 and uint32be(0x20038) == 0x00000000 and uint32be(0x2003c) == 0x00000000)))
}

rule VHDX_FTI_005_file_identifier {
  meta:
    claim = "Behind Creator the slot of 64 KiB is zero."
    id = "FTI-005"
  condition:
    VHDX and filesize >= 0x10000 and not for all i in (0..16253) : (uint32(0x208 + 4 * i) == 0)
}

rule VHDX_HDR_015_header_1 {
  meta:
    claim = "Behind LogOffset the header is zero."
    id = "HDR-015"
  condition:
    VHDX and filesize >= 0x11000 and not for all i in (0..1003) : (uint32(0x10050 + 4 * i) == 0)
}

rule VHDX_HDR_001_header_1 {
  meta:
    claim = "The slot begins with the four characters \"head\"."
    id = "HDR-001"
  condition:
    VHDX and filesize >= 0x11000 and not (uint32be(0x10000) == 0x68656164)
}

rule VHDX_HDR_006_header_1 {
  meta:
    claim = "The file format is version 1."
    id = "HDR-006"
  condition:
    VHDX and filesize >= 0x11000 and not (uint16(0x10042) == 1)
}

rule VHDX_HDR_007_header_1 {
  meta:
    claim = "The log format is version 0. It matters only when there is a log to replay."
    id = "HDR-007"
  condition:
    VHDX and filesize >= 0x11000 and not (uint16(0x10040) == 0)
}

rule VHDX_HDR_008_header_1 {
  meta:
    claim = "The log's size is a whole number of MiB, 0 included."
    id = "HDR-008"
  condition:
    VHDX and filesize >= 0x11000 and not ((uint32(0x10044) % 0x100000) == 0)
}

rule VHDX_HDR_009_header_1 {
  meta:
    claim = "The log starts at a whole number of MiB."
    id = "HDR-009"
  condition:
    VHDX and filesize >= 0x11000 and not ((uint32(0x10048) % 0x100000) == 0)
}

rule VHDX_HDR_010_header_1 {
  meta:
    claim = "A log that has a size lies behind the header section."
    id = "HDR-010"
  condition:
    VHDX and filesize >= 0x11000 and not ((uint32(0x10044) == 0) or (uint32(0x1004c) != 0 or uint32(0x10048) >= 0x100000))
}

rule VHDX_HDR_013_header_1 {
  meta:
    claim = "A header that announces a log by its LogGuid also has room for one."
    id = "HDR-013"
  condition:
    VHDX and filesize >= 0x11000 and not ((uint32be(0x10030) == 0x00000000 and uint32be(0x10034) == 0x00000000 and uint32be(0x10038) == 0x00000000 and uint32be(0x1003c) == 0x00000000) or (uint32(0x10044) > 0))
}

rule VHDX_HDR_014_header_1 {
  meta:
    claim = "The log is no larger than 1 GiB, the most that a known implementation takes."
    id = "HDR-014"
  condition:
    VHDX and filesize >= 0x11000 and not (uint32(0x10044) <= 0x40000000)
}

rule VHDX_HDR_018_header_1 {
  meta:
    claim = "FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing."
    id = "HDR-018"
  condition:
    VHDX and filesize >= 0x11000 and not ((not (uint32be(0x10010) == 0x00000000 and uint32be(0x10014) == 0x00000000 and uint32be(0x10018) == 0x00000000 and uint32be(0x1001c) == 0x00000000)) and (not (uint32be(0x10020) == 0x00000000 and uint32be(0x10024) == 0x00000000 and uint32be(0x10028) == 0x00000000 and uint32be(0x1002c) == 0x00000000)))
}

rule VHDX_HDR_019_header_1 {
  meta:
    claim = "The sequence number can still be raised."
    id = "HDR-019"
  condition:
    VHDX and filesize >= 0x11000 and not (uint32(0x10008) != 0xffffffff or uint32(0x1000c) != 0xffffffff)
}

rule VHDX_HDR_015_header_2 {
  meta:
    claim = "Behind LogOffset the header is zero."
    id = "HDR-015"
  condition:
    VHDX and filesize >= 0x21000 and not for all i in (0..1003) : (uint32(0x20050 + 4 * i) == 0)
}

rule VHDX_HDR_001_header_2 {
  meta:
    claim = "The slot begins with the four characters \"head\"."
    id = "HDR-001"
  condition:
    VHDX and filesize >= 0x21000 and not (uint32be(0x20000) == 0x68656164)
}

rule VHDX_HDR_006_header_2 {
  meta:
    claim = "The file format is version 1."
    id = "HDR-006"
  condition:
    VHDX and filesize >= 0x21000 and not (uint16(0x20042) == 1)
}

rule VHDX_HDR_007_header_2 {
  meta:
    claim = "The log format is version 0. It matters only when there is a log to replay."
    id = "HDR-007"
  condition:
    VHDX and filesize >= 0x21000 and not (uint16(0x20040) == 0)
}

rule VHDX_HDR_008_header_2 {
  meta:
    claim = "The log's size is a whole number of MiB, 0 included."
    id = "HDR-008"
  condition:
    VHDX and filesize >= 0x21000 and not ((uint32(0x20044) % 0x100000) == 0)
}

rule VHDX_HDR_009_header_2 {
  meta:
    claim = "The log starts at a whole number of MiB."
    id = "HDR-009"
  condition:
    VHDX and filesize >= 0x21000 and not ((uint32(0x20048) % 0x100000) == 0)
}

rule VHDX_HDR_010_header_2 {
  meta:
    claim = "A log that has a size lies behind the header section."
    id = "HDR-010"
  condition:
    VHDX and filesize >= 0x21000 and not ((uint32(0x20044) == 0) or (uint32(0x2004c) != 0 or uint32(0x20048) >= 0x100000))
}

rule VHDX_HDR_013_header_2 {
  meta:
    claim = "A header that announces a log by its LogGuid also has room for one."
    id = "HDR-013"
  condition:
    VHDX and filesize >= 0x21000 and not ((uint32be(0x20030) == 0x00000000 and uint32be(0x20034) == 0x00000000 and uint32be(0x20038) == 0x00000000 and uint32be(0x2003c) == 0x00000000) or (uint32(0x20044) > 0))
}

rule VHDX_HDR_014_header_2 {
  meta:
    claim = "The log is no larger than 1 GiB, the most that a known implementation takes."
    id = "HDR-014"
  condition:
    VHDX and filesize >= 0x21000 and not (uint32(0x20044) <= 0x40000000)
}

rule VHDX_HDR_018_header_2 {
  meta:
    claim = "FileWriteGuid and DataWriteGuid are set; the nil GUID identifies nothing."
    id = "HDR-018"
  condition:
    VHDX and filesize >= 0x21000 and not ((not (uint32be(0x20010) == 0x00000000 and uint32be(0x20014) == 0x00000000 and uint32be(0x20018) == 0x00000000 and uint32be(0x2001c) == 0x00000000)) and (not (uint32be(0x20020) == 0x00000000 and uint32be(0x20024) == 0x00000000 and uint32be(0x20028) == 0x00000000 and uint32be(0x2002c) == 0x00000000)))
}

rule VHDX_HDR_019_header_2 {
  meta:
    claim = "The sequence number can still be raised."
    id = "HDR-019"
  condition:
    VHDX and filesize >= 0x21000 and not (uint32(0x20008) != 0xffffffff or uint32(0x2000c) != 0xffffffff)
}

rule VHDX_RGN_001_region_table_1 {
  meta:
    claim = "The region table begins with the four characters \"regi\"."
    id = "RGN-001"
  condition:
    VHDX and filesize >= 0x30010 and not (uint32be(0x30000) == 0x72656769)
}

rule VHDX_RGN_005_region_table_1 {
  meta:
    claim = "The table lists no more entries than fit into its 64 KiB, 2047."
    id = "RGN-005"
  condition:
    VHDX and filesize >= 0x30010 and not (uint32(0x30008) <= 2047)
}

rule VHDX_RGN_006_region_table_1 {
  meta:
    claim = "The reserved word of the table header is zero."
    id = "RGN-006"
  condition:
    VHDX and filesize >= 0x30010 and not (uint32(0x3000c) == 0)
}

rule VHDX_RGN_001_region_table_2 {
  meta:
    claim = "The region table begins with the four characters \"regi\"."
    id = "RGN-001"
  condition:
    VHDX and filesize >= 0x40010 and not (uint32be(0x40000) == 0x72656769)
}

rule VHDX_RGN_005_region_table_2 {
  meta:
    claim = "The table lists no more entries than fit into its 64 KiB, 2047."
    id = "RGN-005"
  condition:
    VHDX and filesize >= 0x40010 and not (uint32(0x40008) <= 2047)
}

rule VHDX_RGN_006_region_table_2 {
  meta:
    claim = "The reserved word of the table header is zero."
    id = "RGN-006"
  condition:
    VHDX and filesize >= 0x40010 and not (uint32(0x4000c) == 0)
}
