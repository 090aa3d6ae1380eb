"""Bytes in, bytes out: sources, parsing, building, checksums. Knows structures one at a time and no relation between them."""
