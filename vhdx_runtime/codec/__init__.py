"""Bytes in, bytes out: sources, parsing, building, checksums; one structure at a time, no relation between them."""
